// What is known of evidence packs beside them, so that a gateway that starts anew finds those that are ready and says of the others that they were lost.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { EvidenceJob } from "./evidence-jobs.ts";

const about = { id: z.uuid(), askedAt: z.iso.datetime(), fund: z.string(), from: z.iso.date(), to: z.iso.date() };
const Kept = z.discriminatedUnion("state", [
  z.object({ ...about, state: z.literal("making"), said: z.string() }),
  z.object({ ...about, state: z.literal("failed"), problem: z.string() }),
  z.object({
    ...about,
    state: z.literal("ready"),
    path: z.string(),
    name: z.string(),
    sha256: z.string(),
    fileSha256: z.string(),
    bytes: z.int(),
    rows: z.int(),
    dealingDates: z.int(),
  }),
]);

const LOST = "The server was started anew while it was being made, and what was made of it is lost: make it again.";

export interface EvidenceShelf {
  /** Those of before, as they are now: one that was being made has failed. */
  found(): EvidenceJob[];
  keep(job: EvidenceJob): void;
  forget(id: string): void;
}

/** @param keptMs a pack that no job names and that is older than this is removed: whoever made it has died */
export function openEvidenceShelf(folder: string, keptMs: number): EvidenceShelf {
  const file = (id: string): string => join(folder, `${id}.json`);
  const read = (name: string): EvidenceJob | undefined => {
    try {
      const job = Kept.parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
      if (job.state !== "making") return job;
      const { said: _said, ...rest } = job;
      return { ...rest, state: "failed", problem: LOST };
    } catch {
      // half written by a process that died: nobody has its id
      return undefined;
    }
  };
  return {
    found() {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const names = readdirSync(folder);
      const jobs = names.filter((name) => name.endsWith(".json")).flatMap((name) => read(name) ?? []);
      const named = new Set(jobs.map(({ path }) => path));
      for (const name of names) {
        const path = join(folder, name);
        if (name.endsWith(".zip") && !named.has(path) && statSync(path).mtimeMs < Date.now() - keptMs)
          rmSync(path, { force: true });
      }
      return jobs;
    },
    keep(job) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const draft = `${file(job.id)}.new`;
      writeFileSync(draft, JSON.stringify(job), { mode: 0o600 });
      renameSync(draft, file(job.id));
    },
    forget: (id) => rmSync(file(id), { force: true }),
  };
}
