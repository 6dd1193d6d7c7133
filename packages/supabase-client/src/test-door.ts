// For the tests of the door: a fresh database for one file, the door to it with one connection of each kind, and ways to look at what travels.
// Touches only that database.

import type { Actor } from "@evergreen-fund/domain";
import { EvergreenError } from "@evergreen-fund/domain";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { type FreshDatabase, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, afterEach, beforeAll, vi } from "vitest";
import { type Database, openDatabase } from "./database.ts";

export const PM: Actor = { role: "pm_role", userId: "00000000-0000-4000-8000-000000000001" };
export const OPS: Actor = { role: "ops_role", userId: "00000000-0000-4000-8000-000000000005" };
export const LP: Actor = { role: "lp_role", userId: "00000000-0000-4000-8000-000000000003" };
export const KYC: Actor = { role: "agent_kyc" };
export const SERVICE: Actor = { role: "service_role" };
export const COMMANDER: Actor = { role: "agent_commander" };

export let fresh: FreshDatabase;
/** Superuser, to arrange and to look. */
export let admin: pg.Client;
/** One connection for rpc and one for read: whatever a call leaves behind, the next one meets. */
export let database: Database;

/** Opens them before the tests of the file that calls it, and closes them after. */
export function onAFreshDatabase(): void {
  beforeAll(async () => {
    fresh = await freshDatabase(ownCluster());
    admin = new pg.Client({ connectionString: fresh.adminUrl });
    await admin.connect();
    database = openDatabase({ url: fresh.urlFor("evergreen_app"), connections: 1 });
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await database?.close();
    await admin?.end();
    await fresh?.drop();
  });
}

let made = 0;
/** The body of fn_import_fund: another code each time. */
export const fund = (more: Record<string, unknown> = {}): Record<string, unknown> => {
  made += 1;
  return {
    code: `SYN-${made}`,
    name: "Synthetic fund",
    currency: "USD",
    as_of: "2026-09-30",
    net_assets: "100.00",
    synthetic: true,
    source: { kind: "synthetic" },
    assets: [
      { key: "CASH", name: "Cash", type: "cash", sleeve: "cash", market_value: "100.00", bucket: "1d", liquid: true },
    ],
    ladder: [{ side: "asset", bucket: "1d", capacity: "100.00" }],
    ...more,
  };
};

export const drift = (payload: Record<string, unknown>, source = "feed") =>
  database.rpc(SERVICE, "fn_record_event", {
    type: "DATA_DRIFT",
    payload: { asset_id: "00000000-0000-4000-8000-00000000000a", deviation_bps: 1, threshold_bps: 1, ...payload },
    source,
  });

export const refusal = async (call: Promise<unknown>): Promise<EvergreenError> => {
  const failure = await call.then(
    (answer) => answer,
    (error: unknown) => error,
  );
  if (!(failure instanceof EvergreenError)) throw new Error("It was not refused with a code.");
  return failure;
};

/** Every query of the drivers while `work` runs: the connection and the text. The drivers do their work as always. */
export async function overheard(work: () => Promise<unknown>): Promise<{ client: pg.Client; text: string }[]> {
  const spy = vi.spyOn(pg.Client.prototype, "query");
  await work().catch(() => undefined);
  const heard = spy.mock.calls.map((call, at) => {
    const [query] = call as unknown as [string | { text: string }];
    return { client: spy.mock.contexts[at] as pg.Client, text: typeof query === "string" ? query : query.text };
  });
  spy.mockRestore();
  return heard;
}

export const whoIs = async (client: pg.Client) =>
  (
    await client.query(
      "select current_user as who, coalesce(current_setting('request.jwt.claims', true), '') as claims, pg_current_xact_id_if_assigned() is not null as writing",
    )
  ).rows[0] as unknown;
export const NOBODY = { who: "evergreen_app", claims: "", writing: false };

export const HOSTILE = [
  "'; drop table funds; --",
  "\\'; drop table funds; --",
  "E'\\\\' || $$ $1 $x$",
  "\"}','{\"", // ends of array and JSON literals
  "NULL",
  "{a,b}",
  " ",
  "é 漢字 👩‍👩‍👧 \ufeff",
  "line\r\nfeed\ttab",
];
/** What would steer whoever shows it: refused, never stored. */
export const STEERING = ["\u202eadd", "bell\u0007", "\u001b[2J"];
