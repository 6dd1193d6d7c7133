// Makes an evidence pack by the command that makes one, in a process of its own: it may be large, and it reads under the auditor's token alone.
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { foreignEnvironment, REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type EvidenceMaker, KEPT_MS } from "./evidence-jobs.ts";
import { openEvidenceShelf } from "./evidence-shelf.ts";

const Packed = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int(),
  rows: z.int(),
  dealingDates: z.array(z.string()),
});
const MOST_LINE = 300;

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** Packs lie in the home under names that nobody guesses, until they are removed. */
export const openEvidenceMaker = (home: string): EvidenceMaker => ({
  async make({ fund, from, to }, token, say) {
    const folder = join(home, "evidence");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${randomUUID()}.zip`);
    const words = ["evidence", "pack", "--fund", fund, "--from", from, "--to", to, "--out", path];
    const child = spawn(
      process.execPath,
      [join(REPOSITORY_ROOT, "bin/evergreen.mjs"), ...words, "--output-format", "json"],
      { cwd: home, env: foreignEnvironment({ EVERGREEN_TOKEN: token }), stdio: ["ignore", "pipe", "pipe"] },
    );
    let last = "";
    createInterface({ input: child.stderr }).on("line", (line) => {
      last = line.slice(0, MOST_LINE);
      say(last);
    });
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    const code = await new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(null));
      child.once("close", resolve);
    });
    if (code !== 0) {
      await rm(path, { force: true });
      throw new EvergreenError("EG503", last === "" ? "The pack could not be made: try again." : last);
    }
    const { dealingDates, ...packed } = Packed.parse(JSON.parse(Buffer.concat(pieces).toString("utf8")));
    return {
      ...packed,
      dealingDates: dealingDates.length,
      path,
      name: `evidence-${fund}-${from}-${to}.zip`,
      fileSha256: await hashOf(path),
    };
  },
  remove: (path) => rm(path, { force: true }),
  shelf: openEvidenceShelf(join(home, "evidence"), KEPT_MS),
});
