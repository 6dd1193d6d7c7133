// Monthly aggregates of asset_snapshots: months in which rows changed are computed anew, months whose days Postgres has retired stay as they are.
import type { DuckFile } from "./file.ts";

/** @param changed the table whose rows tell which months changed; the mirror itself for all. */
export async function refreshMonths(file: DuckFile, changed: string): Promise<void> {
  await file.run(
    `create or replace temp table touched as select distinct asset_id, scenario_id, date_trunc('month', as_of)::date as month from ${changed}`,
  );
  await file.run(`insert or replace into asset_snapshots_monthly by name
    select s.asset_id, s.fund_id, s.scenario_id, t.month, count(*) as marks, min(s.as_of) as first_as_of, max(s.as_of) as last_as_of,
           arg_min(s.nav, row(s.as_of, s.recorded_at, s.snapshot_id)) as first_nav, arg_max(s.nav, row(s.as_of, s.recorded_at, s.snapshot_id)) as last_nav,
           min(s.nav) as lowest_nav, max(s.nav) as highest_nav, sum(s.nav)::decimal(38, 4) as nav_sum,
           arg_max_null(s.leverage, row(s.as_of, s.recorded_at, s.snapshot_id)) as last_leverage,
           arg_max_null(s.esg_score, row(s.as_of, s.recorded_at, s.snapshot_id)) as last_esg_score
      from asset_snapshots s
      join touched t on t.asset_id = s.asset_id and t.scenario_id = s.scenario_id and t.month = date_trunc('month', s.as_of)::date
     group by s.asset_id, s.fund_id, s.scenario_id, t.month`);
}
