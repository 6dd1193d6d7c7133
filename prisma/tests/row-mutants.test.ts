// Every row of the checker is seen to find something: what the functions and constraints refuse anyway is changed behind their backs and rolled back.
// A sweep holds the list to the checker: a row that nothing here or among the planted functions makes it say is named.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import { type Day, dayAt, dealingDatabase } from "./dealing-day.ts";
import { findingsWith } from "./planted.ts";

const db = await dealingDatabase();
const day: Day = await dayAt(db, "closed");
const FUND = `fund_id = '${day.fund.fundId}'`;
const DAY = `dealing_day_id = '${day.dayId}'`;
const CLASS = `share_class_id = '${day.classId}'`;
const STRIKE = `strike_id = (select d.strike_id from dealing_days d where d.${DAY})`;
const HEAD = `ledger_tx_id = (select t.ledger_tx_id from ledger_transactions t where t.${FUND} and t.kind = 'dealing')`;
const MARK = (cause: string, high: string, before: string): string =>
  `insert into class_marks (share_class_id, as_of, cause, high_water, body) values ('${day.classId}', '2026-01-30', '${cause}', ${high}, '{"before": "${before}"}')`;

/** The class of the day as one series of its strike, changed a little. */
const SERIES = (nav: string, price: string): string =>
  `insert into series_navs (strike_id, share_class_id, series, nav, units, nav_per_unit, performance_accrued, high_water, since)
   select strike_id, share_class_id, 'S', nav ${nav}, units, nav_per_unit ${price}, performance_accrued, 100, '2026-01-30' from class_navs where ${STRIKE}`;

const FAULTS: readonly [changes: string, finds: string][] = [
  [
    `update cash_movements set amount = amount + 1 where ${HEAD} and account = 'capital'`,
    "I1: cash does not sum to zero",
  ],
  [
    `update cash_balances set amount = amount + 1 where ${FUND} and account = 'bank'`,
    "I1: the accounts of a currency do not sum to zero",
  ],
  [
    `update unit_ledger set units = units + 1 where ${HEAD} and account = 'outstanding'`,
    "I2: units do not sum to zero",
  ],
  [
    `update share_classes set units_outstanding = units_outstanding + 1 where ${CLASS}`,
    "I2: holdings do not sum to the units outstanding",
  ],
  [
    `update lots set units_left = units_left - 1 where ${CLASS} and flow_id is null`,
    "I2: lots do not sum to the holding",
  ],
  [`update holdings set units = units + 1 where ${CLASS}`, "I3: the balance is not the sum of its entries"],
  [`alter table unit_ledger disable trigger append_only`, "I5: the table is not append-only"],
  [
    `update class_navs set nav_per_unit = nav_per_unit + 1 where ${STRIKE}`,
    "I6: the price is not the value over the units",
  ],
  [`update class_navs set nav = nav + 1 where ${STRIKE}`, "I6: the classes do not sum to the fund"],
  [SERIES("", "+ 1"), "I6: the price of a series is not its value over its units"],
  [SERIES("- 1", ""), "I6: the series do not sum to the class"],
  [SERIES("", ""), "I6: the pieces are not what the order got at the prices of their series"],
  [
    `${SERIES("", "")}; update lots set series = 'S', high_water = units_left where ${CLASS}`,
    "I6: lots of one series stand at different marks",
  ],
  [
    `update unit_ledger set units = units - 1 where flow_id = '${day.redemption}'`,
    "I6: the fill is not what was posted",
  ],
  [
    `delete from approvals where proposal_id = (select proposal_id from nav_strikes where ${STRIKE})`,
    "I12: applied without the approvals it needs",
  ],
  [
    `update nav_strikes set inputs_hash = repeat('0', 64) where ${STRIKE}`,
    "I12: final without two approvals on its hash",
  ],
  [
    `alter table liquidity_ladder drop constraint liquidity_ladder_within; insert into liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity, utilization) values ('${day.fund.fundId}', 'asset', '2001-01-01', 'base', '1d', 1, 2)`,
    "I13: more is reserved than there is",
  ],
  [`update dealing_days set decision = decision || '{"cap_units": "1"}' where ${DAY}`, "I13: the fills exceed the cap"],
  [
    `alter table allocations drop constraint allocations_within; update allocations set carried_units = 9999 where flow_id = '${day.redemption}'`,
    "I13: filled more than was asked",
  ],
  [
    `update allocations set requested_units = 50, carried_units = 0, cohort = 'a' where flow_id = '${day.redemption}';
     insert into allocations select (jsonb_populate_record(a, jsonb_build_object('allocation_id', gen_random_uuid(), 'flow_id', f.flow_id, 'filled_units', 0, 'requested_units', 50))).* from allocations a
       join fund_flows f on f.parent_flow_id = a.flow_id where a.flow_id = '${day.redemption}'`,
    "I13: the orders of a cohort are not treated equally",
  ],
  [MARK("crystallisation", "100", "101"), "R22: a mark fell by a crystallisation"],
  [`update share_classes set pocket_of = share_class_id where ${CLASS}`, "R13: a side pocket issued units"],
  [
    `update investors set kyc_status = 'expired', updated_at = '2020-01-01' where investor_id = '${day.subscriber}'`,
    "I14: units were issued to an investor who was not cleared",
  ],
  [
    `update fund_flows set locked_at = now() where flow_id = '${day.redemption}'`,
    "I16: orders were locked after their price was known",
  ],
  [
    `update fund_flows set status = 'claimable' where flow_id = '${day.redemption}'`,
    "R1: the state is not that of its last record",
  ],
  [`delete from order_leaves where ${DAY} and position = 1`, "order_root: the order book is not what was committed"],
  [`update dealing_days set day_hash = repeat('0', 64) where ${DAY}`, "day_hash: the day is not what was closed"],
  [
    `insert into ledger_transactions select (jsonb_populate_record(t, jsonb_build_object('ledger_tx_id', gen_random_uuid()))).* from ledger_transactions t where ${HEAD}`,
    "I4: a day is posted more than once",
  ],
];

it.each(FAULTS.map(([changes, finds]) => [finds, changes] as const))("%s", async (finds, changes) => {
  expect(await findingsWith(db, day.fund.fundId, "select 1")).toEqual([]);
  expect(await findingsWith(db, day.fund.fundId, changes)).toContain(finds);
});

it("every row of the checker is made to say what it says", async () => {
  const [row] = await db.look<{ text: string }>(
    "select string_agg(p.prosrc, ' ') as text from pg_proc p where p.pronamespace = 'evergreen'::regnamespace and p.proname in ('broken_books', 'broken_effects')",
  );
  const rows = [...(row?.text ?? "").matchAll(/select (?:distinct )?'(\w+)', '?[\w.]+'?, .*?, '([^']+)'/g)].map(
    ([, name, says]) => `${name}: ${says}`,
  );
  expect(rows.length).toBeGreaterThan(35);
  const seen = ["dealing-mutants.test.ts", "effect-mutants.test.ts", "row-mutants.test.ts"]
    .map((file) => readFileSync(new URL(file, import.meta.url), "utf8"))
    .join("\n");
  expect(rows.filter((says) => !seen.includes(`"${says}`))).toEqual([]);
});
