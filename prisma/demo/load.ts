// Brings the generated fund into a database by the product's own functions: fn_import_fund as an ops person, fn_load_demo as demo_role.
// One transaction per call, each with a request id, so that a run that was stopped anywhere goes on where it was.
import { EvergreenError, isErrorCode } from "@evergreen-fund/domain/errors.ts";
import pg from "pg";
import type { FundImport } from "./fund-import.ts";
import type { DemoChunk } from "./generate.ts";
import { DEMO_VERSION, FUND_CODE } from "./terms.ts";

/** `empty`: marked by this call or before, no demo fund yet · `begun`: the fund of this generator is there · `other`: none of ours. */
export type DemoState = { kind: "empty" } | { kind: "begun"; fundId: string } | { kind: "other"; reason: string };

const prefix = `demo/${DEMO_VERSION}`;
export const FUND_REQUEST = `${prefix}/fund`;
export const REGISTER_REQUEST = `${prefix}/register`;
export const historyRequest = (name: string): string => `${prefix}/history/${name}`;

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

/** Names of the requests that were answered already. */
export function answeredRequests(client: pg.Client): Promise<Set<string>> {
  return inTransaction(client, { role: "evergreen_owner" }, async () => {
    const { rows } = await client.query<{ request_id: string }>(
      "select request_id from public.commands where principal = 'demo' and fn = 'fn_load_demo' and starts_with(request_id, $1)",
      [`${prefix}/`],
    );
    return new Set(rows.map((row) => row.request_id));
  });
}

/** Creates the fund as the ops person `userId` would. Returns its id. */
export function importFund(client: pg.Client, userId: string, fund: FundImport): Promise<string> {
  return inTransaction(client, { role: "ops_role", userId }, async () => {
    const { rows } = await client.query<{ answer: { fund_id: string } }>(
      "select public.fn_import_fund($1::jsonb, $2) as answer",
      [JSON.stringify(fund), FUND_REQUEST],
    );
    return rows[0]!.answer.fund_id;
  });
}

/** Loads one chunk, once per request id. */
export function loadChunk(client: pg.Client, chunk: DemoChunk, requestId: string): Promise<void> {
  return inTransaction(client, { role: "demo_role" }, async () => {
    await client.query("select public.fn_load_demo($1::jsonb, $2)", [JSON.stringify(chunk), requestId]);
  });
}

async function inTransaction<T>(
  client: pg.Client,
  actor: { role: "evergreen_owner" | "ops_role" | "demo_role"; userId?: string },
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
