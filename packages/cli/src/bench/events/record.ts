// Single records of `bench events`: pgbench calls fn_record_event as shipped, and the same function with its notify cut out, which is the
// limit. Where there is no pgbench, the same sessions in this process do it, on both sides.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchCluster } from "../frame/cluster.ts";
import { connectTo, type Session, withSession } from "../frame/connection.ts";

const run = promisify(execFile);
type Statement = (name: string) => string;

const SHIPPED = [
  "evergreen.emit(text,uuid,jsonb,text,jsonb,uuid[],text)",
  "public.fn_record_event(text,jsonb,text,text,text,uuid,uuid[])",
];

/** Copies fn_record_event and what it calls into the schema bench, word by word but for the notify. @throws when there is none to cut. */
export async function makeSilentTwin(cluster: BenchCluster, statement: Statement): Promise<void> {
  await withSession(cluster.adminUrl, async (session) => {
    for (const signature of SHIPPED) {
      const { rows } = await session.query<{ definition: string }>(statement("definition"), [signature]);
      await session.query(silent(rows[0]?.definition ?? ""));
    }
    await session.query(statement("silent-grants"));
  });
}

function silent(definition: string): string {
  const copy = definition
    .replace(/FUNCTION (evergreen|public)\./, "FUNCTION bench.")
    .replaceAll("evergreen.emit(", "bench.emit(")
    .replace(/if pg_try_advisory_xact_lock\([^;]*;\s*end if;/, "");
  if (copy.includes("pg_notify") || !copy.includes("FUNCTION bench."))
    throw new Error("fn_record_event has changed: the bench cannot make its twin without the notify.");
  return copy;
}

export interface Recorder {
  /** Calls per second over `seconds`, by 8 sessions. */
  rate(name: "record" | "record-silent", seconds: number): Promise<number>;
  stop(): Promise<void>;
}

/** Somebody listens meanwhile, as the dispatcher does. */
export async function openRecorder(
  cluster: BenchCluster,
  statement: Statement,
  pgbench: string | undefined,
  writers: number,
): Promise<Recorder> {
  const url = cluster.urlFor("evergreen_app");
  const listener = await connectTo(url);
  await listener.query(statement("listen"));
  const folder = await mkdtemp(join(tmpdir(), "evergreen-pgbench-"));
  return {
    async rate(name, seconds) {
      if (pgbench === undefined) return bySessions(url, statement(name), seconds, writers);
      const file = join(folder, `${name}.sql`);
      await writeFile(file, statement(name));
      const address = new URL(url);
      const { stdout } = await run(
        pgbench,
        [
          ...["-n", "-M", "prepared", "-c", String(writers), "-j", "2", "-T", String(Math.max(1, Math.round(seconds)))],
          ...["-h", address.hostname, "-p", address.port, "-U", address.username, "-f", file],
          address.pathname.slice(1),
        ],
        {
          env: {
            PATH: "/usr/bin:/bin",
            PGPASSWORD: decodeURIComponent(address.password),
            PGOPTIONS: "-c role=service_role",
          },
          timeout: (seconds + 60) * 1_000,
        },
      );
      const rate = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
      if (!(rate > 0)) throw new Error(`pgbench reported no rate: ${stdout.slice(0, 200)}`);
      return rate;
    },
    async stop() {
      await listener.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function bySessions(url: string, text: string, seconds: number, writers: number): Promise<number> {
  const sessions: Session[] = await Promise.all(
    Array.from({ length: writers }, () => connectTo(url, "-c TimeZone=UTC -c role=service_role")),
  );
  const start = performance.now();
  let calls = 0;
  await Promise.all(
    sessions.map(async (session) => {
      while (performance.now() - start < seconds * 1_000) {
        await session.query({ name: "record", text });
        calls += 1;
      }
    }),
  );
  const rate = calls / ((performance.now() - start) / 1_000);
  await Promise.all(sessions.map((session) => session.end()));
  return rate;
}
