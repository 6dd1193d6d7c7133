// Canaries of personal data go through a whole stack: put, read, looked up, documents, bank accounts, texts of who paid, an export, screening of the party's
// application, failures, a rebalancing, a snapshot, a backup, an erasure. Afterwards none of them is anywhere: no file of the home or the backup (Postgres's data and log, Temporal's store, DuckDB, workers' logs,
// documents), no row of any table, no decoded history, no output and no error. A canary that is planted in each of these sinks is found.
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AesGcmCodec, dataConverter } from "@evergreen-fund/agent-kit";
import { openNewest } from "@evergreen-fund/analytics";
import { readConfig } from "@evergreen-fund/config/config.ts";
import { codecKey } from "@evergreen-fund/config/keys.ts";
import { syntheticXml } from "@evergreen-fund/nport";
import { adminUrl, down, upDetached } from "@evergreen-fund/stack";
import { ensureDemoLogins } from "@evergreen-fund/stack/demo-logins.ts";
import { canariesIn, canary } from "@evergreen-fund/testing/canaries.ts";
import { Client, Connection } from "@temporalio/client";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ran } from "./test-run.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-canary-"));
const home = join(folder, "home");
const keysFile = join(folder, "safe", "keys.json");
const LIMIT_MS = 400_000;

/** A word without a digit, as names are. */
const word = (name: string): string => canary(name).replace(/\d/g, (digit) => "ghijklmnop"[Number(digit)] ?? "");
/** An account number with right check digits. */
function iban(): string {
  const bban = `001${String(Math.floor(Math.random() * 1e13)).padStart(13, "0")}`;
  const rest = BigInt(`${bban}213000`) % 97n; // LU00 behind it
  return `LU${String(98n - rest).padStart(2, "0")}${bban}`;
}

const CANARIES = {
  bankAccount: iban(),
  bankHolder: word("Birdholder "),
  payerText: word("rent from Tweetyson "),
  payerReference: word("TWEETY"),
  payerAccount: iban(),
  name: canary("Kanarienvogel Ümit "),
  alias: canary("Canarino "),
  nameElsewhere: canary("Кенар "),
  identifier: canary("PASS-"),
  address: canary("7 Birdcage Walk "),
  email: `${canary("tweety.")}@example.com`,
  phone: canary("+352 "),
  account: canary("LU28 0019 4006 "),
  document: canary("scan of a passport "),
  fileName: canary("passport-of-"),
  badField: canary("shoe size "),
  badName: canary("\u001b[31mred "),
};
/** A day that is found nowhere by chance needs a form of its own; the bytes of the plain day stand in synthetic filings, too. */
const BORN = "1913-02-29".replace("29", "27");
const searched = { ...CANARIES, born: BORN };

async function freeBase(): Promise<number> {
  const free = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
  for (let base = 37_000 + (process.pid % 200) * 20; base < 60_000; base += 20) {
    const ports = await Promise.all(Array.from({ length: 10 }, (_, offset) => free(base + offset)));
    if (ports.every(Boolean)) return base;
  }
  throw new Error("No ten free ports in a row.");
}

let environment: Record<string, string> = {};
const config = () => readConfig({ ...process.env, ...environment, EVERGREEN_DEMO: "off" });
const said: string[] = [];
async function cli(argv: string[], options: { input?: string; as?: string; exit?: number; quiet?: true } = {}) {
  const as = options.as === undefined ? [] : ["--as", `${options.as}@demo.evergreen.example`];
  const { exit, out, err } = await ran(
    [...argv, ...as, "--output-format", "json"],
    { ...(process.env as Record<string, string>), ...environment },
    options.input ?? "",
  );
  // what is asked for in clear is the only place where it may stand
  if (options.quiet === undefined) said.push(out, err);
  expect({ argv: argv.slice(0, 2), exit, said: exit === (options.exit ?? 0) ? "" : err + out }).toEqual({
    argv: argv.slice(0, 2),
    exit: options.exit ?? 0,
    said: "",
  });
  return exit === 0 ? JSON.parse(out) : {};
}
async function look<T>(sql: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: adminUrl(config()) });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as T[];
  } finally {
    await client.end();
  }
}

/** Per sink the canaries in it. */
type Hits = Record<string, string[]>;
const some = (hits: Hits): Hits => Object.fromEntries(Object.entries(hits).filter(([, names]) => names.length > 0));

function filesBelow(root: string): Hits {
  const hits: Hits = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    try {
      hits[path.slice(folder.length)] = canariesIn(readFileSync(path), searched);
    } catch (error) {
      // Postgres takes files of its own away meanwhile
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return hits;
}
async function tables(): Promise<Hits> {
  const hits: Hits = {};
  const names = await look<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
  );
  expect(names.length).toBeGreaterThan(80);
  // bytes that are text are looked at as text, too
  for (const { name } of names)
    hits[`table ${name}`] = canariesIn(
      JSON.stringify(await look(`select x::text as row from public."${name}" x`)) +
        (name === "audit_trail"
          ? JSON.stringify(await look("select convert_from(canonical, 'UTF8') as row from audit_trail"))
          : ""),
      searched,
    );
  return hits;
}
async function histories(): Promise<Hits> {
  const connection = await Connection.connect({ address: `127.0.0.1:${config().ports.temporal}` });
  const codec = new AesGcmCodec(codecKey(config()));
  const client = new Client({ connection, dataConverter: dataConverter(codecKey(config())) });
  const hits: Hits = {};
  for await (const run of client.workflow.list()) {
    const texts: string[] = [run.workflowId, JSON.stringify([run.memo, run.searchAttributes])];
    const open = async (value: unknown): Promise<void> => {
      if (value === null || typeof value !== "object") {
        if (typeof value === "string") texts.push(value);
        return;
      }
      const payload = value as { metadata?: Record<string, Uint8Array>; data?: Uint8Array };
      if (payload.metadata?.encoding !== undefined && payload.data !== undefined) {
        const [clear] = await codec.decode([payload as never]);
        texts.push(Buffer.from(clear?.data ?? []).toString("utf8"));
        return;
      }
      if (value instanceof Uint8Array) texts.push(Buffer.from(value).toString("latin1"));
      else for (const inner of Object.values(value)) await open(inner);
    };
    await open(await client.workflow.getHandle(run.workflowId).fetchHistory());
    hits[`history ${run.workflowId}`] = canariesIn(texts.join("\n"), searched);
  }
  await connection.close();
  return hits;
}
async function duck(): Promise<Hits> {
  const { file } = await openNewest(home);
  try {
    const names = await file.rows("select table_schema as s, table_name as t from information_schema.tables");
    const hits: Hits = {};
    for (const { s, t } of names as { s: string; t: string }[])
      hits[`snapshot ${t}`] = canariesIn(
        JSON.stringify(await file.rows(`select cast(x as varchar) as row from "${s}"."${t}" x`)),
        searched,
      );
    return hits;
  } finally {
    await file.close();
  }
}

beforeAll(async () => {
  chmodSync(folder, 0o755);
  environment = { EVERGREEN_HOME: home, EVERGREEN_PORT_BASE: String(await freeBase()) };
  await upDetached(config(), () => undefined);
  await ensureDemoLogins(adminUrl(config()), home);
}, LIMIT_MS);
afterAll(async () => {
  if (existsSync(home)) await down(config());
  rmSync(folder, { recursive: true, force: true });
}, LIMIT_MS);

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);

describe("a stack that is given canaries", () => {
  let backup = "";

  it(
    "works with them, fails with them, and keeps them in no sink",
    async () => {
      // a fund that works: runs, spans, memories
      const filing = join(folder, "synthetic.xml");
      writeFileSync(filing, syntheticXml({ holdings: 8, mix: { bond: 4, corporate: 2 } }));
      await cli(["import", "nport", filing, "--fund", "BIRD"]);
      const { proposalId, proposalHash } = await cli(["rebalance", "--fund", "BIRD", "--wait"]);
      await cli(["proposals", "reject", proposalId, "--hash", proposalHash, "--reason", "not now"], { as: "pm2" });

      // a party with everything
      const opsId = (await look<{ id: string }>("select id from auth.users where email like 'ops1@%'"))[0]?.id ?? "";
      const registered = await asOps<string>(opsId, "select public.fn_register_party('natural_person') as answer");
      const person = {
        name: CANARIES.name,
        alias: [CANARIES.alias, CANARIES.nameElsewhere],
        born: BORN,
        identifier: [CANARIES.identifier],
        address: CANARIES.address,
        email: CANARIES.email,
        phone: CANARIES.phone,
        account: CANARIES.account,
      };
      await cli(["subject", "put", registered], { input: JSON.stringify(person) });
      await cli(["subject", "find", "--by", "name"], { input: CANARIES.name });
      await cli(["subject", "find", "--by", "email"], { input: CANARIES.email });
      const shown = await cli(["subject", "show", registered], { quiet: true });
      expect(shown.fields).toEqual(person);
      const scan = join(folder, `${CANARIES.fileName}.png`);
      writeFileSync(scan, Buffer.concat([PNG, Buffer.from(CANARIES.document)]));
      await cli(["subject", "document", registered, "--kind", "identity_document", "--file", scan]);
      rmSync(scan);

      // an application of theirs, whose run reads and screens them
      const pending = await asOps<string>(
        opsId,
        "select public.fn_submit_investor('professional', '{\"identity_document\": \"2026-01-02\"}'::jsonb, party_id => $1) as answer",
        [registered],
      );
      expect(pending).toMatch(/^[0-9a-f-]{36}$/);
      await until(async () => {
        const [{ n } = { n: 0 }] = await look<{ n: number }>(
          "select count(*)::int as n from workflow_runs where status <> 'running' and event_id in (select event_id from fund_events where type = 'INVESTOR_SUBMITTED')",
        );
        return n > 0;
      });

      // an account of theirs, a line of a bank in which they are named, and everything given out in one file
      await look(
        "insert into investors (code, classification, kyc_status, party_id) values ('LP-BIRD', 'professional', 'approved', $1)",
        [registered],
      );
      const csv = join(folder, "lines.csv");
      writeFileSync(
        csv,
        `investor,account,holder,currency\nLP-BIRD,${CANARIES.bankAccount},${CANARIES.bankHolder},USD\n`,
      );
      await cli(["import", "accounts", csv, "--fund", "BIRD"]);
      const listed = await cli(["accounts", "list", "--fund", "BIRD"], { quiet: true });
      expect(JSON.stringify(listed)).toContain(CANARIES.bankHolder);
      writeFileSync(
        csv,
        `date,amount,currency,remittance,end_to_end,counterparty_account\n2026-02-03,12.00,USD,${CANARIES.payerText} S-12,${CANARIES.payerReference},${CANARIES.payerAccount}\n`,
      );
      expect(await cli(["import", "bank", csv, "--fund", "BIRD"])).toMatchObject({ unmatched: 1 });
      const answer = join(folder, "answer.zip");
      await cli(["subject", "export", "LP-BIRD", "--to", answer]);
      expect(canariesIn(readFileSync(answer), searched)).toEqual(
        expect.arrayContaining(["name", "bankAccount", "document"]),
      );
      await cli(["subject", "new-key", registered]);
      for (const file of [csv, answer]) rmSync(file);

      // refusals
      await cli(["subject", "put", registered], { input: JSON.stringify({ shoe: CANARIES.badField }), exit: 2 });
      await cli(["subject", "put", registered], { input: JSON.stringify({ name: CANARIES.badName }), exit: 2 });
      await cli(["subject", "put", registered], { input: `{"name": "${CANARIES.name}"`, exit: 2 });
      await cli(["subject", "put", "99999999-9999-4999-8999-999999999999"], { input: JSON.stringify(person), exit: 2 });
      await cli(["subject", "put", registered], { input: JSON.stringify(person), as: "pm1", exit: 4 });
      await cli(["subject", "rotate-keys"]);

      await cli(["snapshot", "create"]);
      await until(
        async () => ((await look<{ n: number }>("select count(*)::int as n from trace_spans"))[0]?.n ?? 0) > 20,
      );
      // the run that is refused is remembered; on a busy machine after several tries
      await until(
        async () => ((await look<{ n: number }>("select count(*)::int as n from agent_memories"))[0]?.n ?? 0) > 0,
      );
      await look("checkpoint");
      backup = (await cli(["backup", "create", "--to", join(folder, "backups"), "--keys", keysFile])).folder;

      expect(some({ output: canariesIn(said.join("\n"), searched) })).toEqual({});
      expect(some(await tables())).toEqual({});
      expect(some(await histories())).toEqual({});
      expect(some(await duck())).toEqual({});
      const files = filesBelow(folder);
      expect(some(files)).toEqual({});
      // every sink was really there
      for (const part of [
        "/home/pg/",
        "/home/temporal/",
        "/home/logs/",
        "/home/analytics/",
        "/home/documents/",
        "/backups/",
      ])
        expect(Object.keys(files).filter((path) => path.startsWith(part)).length, part).toBeGreaterThan(0);
      expect(Object.keys(files).some((path) => path.startsWith("/home/logs/") && /postgres/.test(path))).toBe(true);
      expect(backup).not.toBe("");
    },
    LIMIT_MS,
  );

  it(
    "would be seen: a canary that is planted in a sink is found there",
    async () => {
      await look(
        "update trace_spans set attributes = jsonb_build_object('note', $1::text) where ctid = (select min(ctid) from trace_spans)",
        [CANARIES.name],
      );
      await look("insert into agent_memories (text, embedding, trust) values ($1, '{1}', 'person')", [
        Buffer.from(CANARIES.email).toString("base64"),
      ]);
      await look("insert into platform_settings (key, value) values ('planted', to_jsonb($1::text))", [CANARIES.alias]);
      expect(Object.keys(some(await tables())).sort()).toEqual([
        "table agent_memories",
        "table platform_settings",
        "table trace_spans",
      ]);
      await look("checkpoint");
      const logs = join(home, "logs");
      const [log = ""] = readdirSync(logs);
      appendFileSync(join(logs, log), `${encodeURIComponent(CANARIES.address)}\n`);
      const connection = await Connection.connect({ address: `127.0.0.1:${config().ports.temporal}` });
      const client = new Client({ connection, dataConverter: dataConverter(codecKey(config())) });
      await client.workflow.start("nobody", {
        taskQueue: "nobody",
        workflowId: "planted",
        args: [{ name: CANARIES.name }],
      });
      await connection.close();
      expect(some(await histories())).toEqual({ "history planted": ["name"] });
      const found = Object.keys(some(filesBelow(folder)));
      expect(found.some((path) => path.startsWith("/home/pg/"))).toBe(true);
      expect(found).toContain(`/home/logs/${log}`);
    },
    LIMIT_MS,
  );
});

async function asOps<T>(userId: string, sql: string, values: unknown[] = []): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl(config()) });
  await client.connect();
  try {
    await client.query("begin");
    await client.query("select set_config('role', 'ops_role', true), set_config('request.jwt.claims', $1, true)", [
      JSON.stringify({ role: "ops_role", sub: userId }),
    ]);
    const { rows } = await client.query(sql, values);
    await client.query("commit");
    return rows[0]?.answer as T;
  } finally {
    await client.end();
  }
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("It did not come to pass.");
}
