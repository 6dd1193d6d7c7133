// For tests of retention: how the service tells the database that an archive stands, and what a fund with old rows looks like before and after.
import { oldEvents, oldMarks } from "@evergreen-fund/prisma/tests/retention-days.ts";
import { newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import type { Database } from "@evergreen-fund/supabase-client";
import { openNewest } from "./publish.ts";
import type { RetentionOptions } from "./retention.ts";
import type { Market } from "./test-market.ts";

export const retiring =
  (database: Database): RetentionOptions["retire"] =>
  async ({ what, fundId, month }, { rows, digest, file, sha256, bytes }, stored) =>
    database.rpc({ role: "service_role" }, what === "fund_events" ? "fn_retire_events" : "fn_retire_snapshots", {
      fund_id: fundId,
      month,
      rows: String(rows),
      digest,
      archive: { file, sha256, bytes: String(bytes), stored },
    });

/** A fund with old events and old marks; what the two tables say of it before anything happens. */
export async function oldFund(market: Market) {
  const { fundId, assets } = await newFund(market.db);
  const asset = String(Object.values(assets)[0]);
  const events = await oldEvents(market.db, fundId, [{}, {}, { month: "2020-06" }]);
  await oldMarks(market.db, fundId, asset, "2010-03", ["10.5000", "11.2500", "9.0000"]);
  const payloads = await market.db.look<{ event_id: string; payload: unknown }>(
    "select event_id, payload from fund_events where fund_id = $1 and event_id = any ($2) order by seq",
    [fundId, events],
  );
  return { fundId, asset, events, payloads };
}
export type OldFund = Awaited<ReturnType<typeof oldFund>>;

/** Everything of the fund as the analytical file has it: content of old events, and the sums of the old month. */
export async function seen(home: string, { fundId, events }: OldFund) {
  const { file } = await openNewest(home);
  try {
    const ids = events.map((id) => `'${id}'::uuid`).join(", ");
    return {
      events: await file.rows(
        `select event_id::varchar as event_id, payload ->> 'note' as note from all_fund_events where event_id in (${ids}) order by seq`,
      ),
      months: await file.rows(
        `select month, marks, first_nav, last_nav, lowest_nav, highest_nav, nav_sum from asset_snapshots_monthly where fund_id = '${fundId}' and month = '2010-03-01'`,
      ),
    };
  } finally {
    file.close();
  }
}

// by hand: 10.5 + 11.25 + 9 = 30.75
const MONTH = {
  month: "2010-03-01",
  marks: "3",
  first_nav: "10.5000",
  last_nav: "9.0000",
  lowest_nav: "9.0000",
  highest_nav: "11.2500",
  nav_sum: "30.7500",
};
export const whole = ({ payloads }: OldFund) => ({
  events: payloads.map(({ event_id, payload }) => ({ event_id, note: (payload as { note: string }).note })),
  months: [MONTH],
});
