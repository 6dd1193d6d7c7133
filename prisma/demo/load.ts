// Brings the generated fund into a database by the product's own functions: import, investors, classes and terms as people enter them, then its history.
// Every call has a request id, so that a run that was stopped anywhere goes on where it was.
import { EvergreenError, isErrorCode } from "@evergreen-fund/domain/errors.ts";
import { openDatabase as openDoor } from "@evergreen-fund/supabase-client";
import pg from "pg";
import type { DemoChunk } from "./chunks.ts";
import type { FundImport } from "./fund-import.ts";
import type { DemoFund } from "./generate.ts";
import { makeHistory } from "./history.ts";
import { HOLIDAYS } from "./holidays.ts";
import { APPROVERS, CLERK } from "./logins.ts";
import { fourDecimals } from "./money.ts";
import {
  CALENDAR,
  CLASSES,
  CREDIT_LINE,
  DEMO_VERSION,
  dealingPolicy,
  FUND_CODE,
  ISSUE_PRICE,
  LMT_POLICY,
  TERMS_FROM,
} from "./terms.ts";

/** `empty`: marked by this call or before, no demo fund yet · `begun`: the fund of this generator is there · `other`: none of ours. */
export type DemoState = { kind: "empty" } | { kind: "begun"; fundId: string } | { kind: "other"; reason: string };

const prefix = `demo/${DEMO_VERSION}`;
export const FUND_REQUEST = `${prefix}/fund`;
export const REGISTER_REQUEST = `${prefix}/register`;
/** Whoever makes the history holds this lock; another one waits and finds it made. */
const HISTORY_LOCK = 7236512;

/** A client with the owner's rights. Errors: EG503 when the database does not answer. */
export async function openDatabase(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "evergreen demo seed" });
  // a broken connection fails the query that is under way; without a listener it would end the process
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw new EvergreenError("EG503", "The database for the demo fund does not answer.", { cause });
  }
  return client;
}

/** Marks a database without funds and investors as a demo, and says what is there. A database with funds of its own is never marked. */
export function prepareDatabase(client: pg.Client): Promise<DemoState> {
  return inTransaction(client, { role: "evergreen_owner" }, async () => {
    const marked = await client.query(
      "select value = 'true' as demo from public.platform_settings where key = 'demo' for update",
    );
    if (marked.rows[0]?.demo !== true) {
      const used = await client.query(
        "select exists (select from public.funds) or exists (select from public.investors) as used",
      );
      if (used.rows[0]?.used !== false)
        return { kind: "other", reason: "The database holds funds or investors and is not a demo." };
      await client.query(
        `insert into public.platform_settings (key, value) values ('demo', 'true') on conflict (key) do update set value = excluded.value`,
      );
    }
    const { rows } = await client.query<{ fund_id: string; version: string | null }>(
      `select fund_id, case when synthetic and source ->> 'generator' = 'demo' then source ->> 'version' end as version
         from public.funds where code = $1`,
      [FUND_CODE],
    );
    const fund = rows[0];
    if (fund === undefined) return { kind: "empty" };
    if (fund.version === DEMO_VERSION) return { kind: "begun", fundId: fund.fund_id };
    return {
      kind: "other",
      reason: `The fund ${FUND_CODE} comes from elsewhere or from another version of the generator; it stays as it is.`,
    };
  });
}

/** Creates the fund as somebody of operations would. Returns its id. */
export function importFund(client: pg.Client, fund: FundImport): Promise<string> {
  return inTransaction(client, CLERK, async () => {
    const { rows } = await client.query<{ answer: { fund_id: string } }>(
      "select public.fn_import_fund($1::jsonb, $2) as answer",
      [JSON.stringify(fund), FUND_REQUEST],
    );
    return rows[0]!.answer.fund_id;
  });
}

/** Investors and the access of the demo logins, once. */
export function loadRegister(client: pg.Client, register: DemoChunk): Promise<void> {
  return inTransaction(client, { role: "demo_role" }, async () => {
    await client.query("select public.fn_load_demo($1::jsonb, $2)", [JSON.stringify(register), REGISTER_REQUEST]);
  });
}

/** Calendar, classes and their terms, as a portfolio manager and operations set them before the first order; once. */
export async function setTerms(databaseUrl: string): Promise<void> {
  const at = `${TERMS_FROM}T09:00:00Z`;
  const database = openDoor({ url: databaseUrl, connections: 1, demoClock: () => at });
  try {
    await database.rpc(CLERK, "fn_set_holidays", {
      calendar: CALENDAR,
      holidays: [...HOLIDAYS],
      request_id: `${prefix}/holidays`,
    });
    for (const { code, name, feeBps } of CLASSES) {
      const share_class_id = await database.rpc(APPROVERS[0], "fn_open_class", {
        fund: FUND_CODE,
        code,
        name,
        issue_price: fourDecimals(ISSUE_PRICE),
        request_id: `${prefix}/class/${code}`,
      });
      await database.rpc(APPROVERS[0], "fn_set_dealing_policy", {
        share_class_id,
        body: dealingPolicy(feeBps),
        effective_from: TERMS_FROM,
        request_id: `${prefix}/terms/${code}`,
      });
    }
    await database.rpc(APPROVERS[0], "fn_set_lmt_policy", {
      fund: FUND_CODE,
      pack: LMT_POLICY.pack,
      body: LMT_POLICY,
      effective_from: TERMS_FROM,
      request_id: `${prefix}/tools`,
    });
    await database.rpc(APPROVERS[0], "fn_set_credit_line", {
      fund: FUND_CODE,
      ...CREDIT_LINE,
      effective_from: TERMS_FROM,
      request_id: `${prefix}/credit-line`,
    });
  } finally {
    await database.close();
  }
}

/** Makes the past of the fund; one at a time per database. */
export async function loadHistory(
  client: pg.Client,
  databaseUrl: string,
  demo: DemoFund,
  onMonth: (month: number) => void,
  signal: AbortSignal | undefined,
): Promise<{ loaded: number; complete: boolean }> {
  // heavy, and not needed before the fund can be looked at
  const { dealingSteps } = await import("@evergreen-fund/workers/dealing-steps.ts");
  const clock: { at: string | undefined } = { at: undefined };
  const database = openDoor({ url: databaseUrl, connections: 2, demoClock: () => clock.at });
  try {
    await client.query("select pg_advisory_lock($1)", [HISTORY_LOCK]).catch((cause: unknown) => {
      throw coded(cause);
    });
    const steps = dealingSteps({ database, crashPoint: () => undefined });
    return await makeHistory(demo, { database, clock, steps }, onMonth, signal);
  } finally {
    await database.close();
  }
}

async function inTransaction<T>(
  client: pg.Client,
  actor: { role: string; userId?: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    await client.query("begin");
    await client.query(`set local role ${actor.role}`);
    const claims = JSON.stringify({ role: actor.role, ...(actor.userId === undefined ? {} : { sub: actor.userId }) });
    await client.query("select set_config('request.jwt.claims', $1, true)", [claims]);
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw coded(error);
  }
}

/** Connection lost, out of resources, shut down: worth trying again. */
const AWAY = /^(08|53|57)/;

/** An error of the platform's list, without rows or SQL. */
function coded(cause: unknown): EvergreenError {
  if (cause instanceof EvergreenError) return cause;
  const code = cause instanceof pg.DatabaseError ? cause.code : undefined;
  if (isErrorCode(code)) return new EvergreenError(code, (cause as pg.DatabaseError).message, { cause });
  if (code === undefined || AWAY.test(code)) {
    return new EvergreenError("EG503", "The database went away while the demo fund was loaded.", { cause });
  }
  return new EvergreenError("EG500", `The demo fund could not be loaded (${code}).`, { cause });
}
