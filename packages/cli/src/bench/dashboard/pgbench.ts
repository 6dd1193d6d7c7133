// The page's transaction through pgbench, which costs next to nothing itself: the limit of what any server in front of this database could answer.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BECOME, contextOf } from "@evergreen-fund/supabase-client/actor-context.ts";
import { quoted } from "../frame/connection.ts";
import { type House, statement } from "./house.ts";

const run = promisify(execFile);
const SCRIPTS = 16;

export interface Pgbench {
  /** Pages per second, prepared, context and page in one pipeline. */
  rate(clients: number, seconds: number): Promise<number>;
  stop(): Promise<void>;
}

export async function openPgbench(program: string, { people, apiUrl }: House): Promise<Pgbench> {
  const folder = await mkdtemp(join(tmpdir(), "evergreen-pgbench-"));
  const files: string[] = [];
  for (const [at, { user_id }] of people.slice(0, SCRIPTS).entries()) {
    const [role, claims] = contextOf({ role: "lp_role", userId: user_id });
    const become = BECOME.replace("$1", quoted(role)).replace("$2", quoted(claims));
    const file = join(folder, `${at}.sql`);
    await writeFile(file, `\\startpipeline\n${become};\n${statement("page")};\n\\endpipeline\n`);
    files.push("-f", file);
  }
  const address = new URL(apiUrl);
  return {
    async rate(clients, seconds) {
      const args = [
        ...["-n", "-M", "prepared", "-c", String(clients), "-j", "1", "-T", String(Math.max(1, Math.round(seconds)))],
        ...["-h", address.hostname, "-p", address.port, "-U", address.username, ...files, address.pathname.slice(1)],
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
