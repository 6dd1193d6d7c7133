// The same two reads through pgbench, which costs next to nothing itself: what the server alone pays for row-level security. Simple protocol
// as a client without prepared statements speaks it, and prepared in one pipeline, as supabase-client sends it.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BECOME } from "@evergreen-fund/supabase-client/actor-context.ts";
import { quoted } from "../frame/connection.ts";
import { contextFor, type Person, type SideName } from "./readers.ts";

const run = promisify(execFile);
type Statement = (name: string) => string;
export type Protocol = "simple" | "prepared";

export interface Pgbench {
  /** Reads per second by `clients` sessions. */
  rate(who: SideName, protocol: Protocol, clients: number, seconds: number): Promise<number>;
  stop(): Promise<void>;
}

export async function openPgbench(
  program: string,
  urls: Readonly<Record<SideName, string>>,
  statement: Statement,
  people: readonly Person[],
): Promise<Pgbench> {
  const folder = await mkdtemp(join(tmpdir(), "evergreen-pgbench-"));
  // sixteen people, one script each: pgbench picks one per transaction
  const some = people.slice(0, 16);
  const files = async (who: SideName, protocol: Protocol): Promise<string[]> => {
    const made: string[] = [];
    for (const [at, person] of some.entries()) {
      const file = join(folder, `${who}-${protocol}-${at}.sql`);
      await writeFile(file, script(statement, who, protocol, person));
      made.push("-f", file);
    }
    return made;
  };
  return {
    async rate(who, protocol, clients, seconds) {
      const address = new URL(urls[who]);
      const args = [
        ...["-n", "-M", protocol, "-c", String(clients), "-j", "1", "-T", String(Math.max(1, Math.round(seconds)))],
        ...["-h", address.hostname, "-p", address.port, "-U", address.username],
        ...(await files(who, protocol)),
        address.pathname.slice(1),
      ];
      const env = { PATH: "/usr/bin:/bin", PGPASSWORD: decodeURIComponent(address.password) };
      const { stdout } = await run(program, args, { env, timeout: (seconds + 60) * 1_000 });
      const rate = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
      if (!(rate > 0)) throw new Error(`pgbench reported no rate: ${stdout.slice(0, 200)}`);
      return rate;
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

function script(statement: Statement, who: SideName, protocol: Protocol, person: Person): string {
  const line = (text: string): string => text.replaceAll(/\s+/g, " ").replace(/;$/, "");
  const query =
    who === "policy"
      ? line(statement("own-flows"))
      : line(statement("filtered-flows")).replace("$INVESTOR", quoted(person.investor_id));
  const context = contextFor(who, person);
  if (context === null) return `${query};\n`;
  const become = BECOME.replace("$1", quoted(context[0])).replace("$2", quoted(context[1]));
  return protocol === "simple" ? `${become}\\; ${query};\n` : `\\startpipeline\n${become};\n${query};\n\\endpipeline\n`;
}
