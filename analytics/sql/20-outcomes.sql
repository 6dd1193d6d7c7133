-- What lives in DuckDB alone or is derived here: a rebuild from Postgres keeps it. Amounts are exact decimals in the currency named beside them.
create table scenario_params (
  scenario_id varchar not null, version integer not null, scenario_hash varchar not null, period integer not null, factor varchar not null,
  target varchar not null, unit varchar not null, value decimal(38, 18) not null, source varchar, loaded_at timestamptz not null,
  primary key (scenario_hash, period, factor, target));
comment on table scenario_params is 'Stress scenarios, one row per period, factor and target; `unit` is bps, pct or ratio. From YAML.';

create table valuation_runs (
  run_id varchar not null, fund_id uuid not null, scenario_id varchar not null, scenario_hash varchar not null, snapshot_hash varchar not null,
  seed varchar, period integer not null, asset_id uuid not null, as_of date not null, currency varchar not null, nav_before decimal(38, 4) not null,
  nav_after decimal(38, 4) not null, method varchar not null, inputs json not null, oldest_input_days integer, recorded_at timestamptz not null,
  primary key (run_id, scenario_id, period, asset_id));
comment on table valuation_runs is 'Value of each asset per run, scenario and period, with the method, its inputs and the age of the oldest of them.';

create table esg_scores (
  asset_id uuid not null, provider varchar not null, as_of date not null, metric varchar not null, score decimal(38, 18) not null,
  scale_low decimal(38, 18) not null, scale_high decimal(38, 18) not null, file_hash varchar not null, loaded_at timestamptz not null,
  primary key (asset_id, provider, as_of, metric));
comment on table esg_scores is 'ESG metrics per asset and date, on the provider''s own scale. External data.';

create table tokenization_models (
  run_id varchar not null, scenario_id varchar not null, scenario_hash varchar not null, snapshot_hash varchar not null, fund_id uuid not null,
  pool_id uuid not null, as_of date not null, direction varchar not null, amount_in decimal(38, 0) not null, expected_out decimal(38, 0) not null,
  expected_slippage decimal(38, 18) not null, depth decimal(38, 18) not null, stressed_out decimal(38, 0), stressed_slippage decimal(38, 18),
  recorded_at timestamptz not null, primary key (run_id, scenario_id, pool_id, direction, amount_in));
comment on table tokenization_models is 'Expected slippage of a pool by size, as it stands and at the least depth of a scenario; inputs are the version in liquidity_pools. Nothing stressed where the pool is empty.';

create table executed_slippage (
  trade_id uuid primary key, expected_out decimal(38, 0), expected_slippage decimal(38, 18), executed_slippage decimal(38, 18),
  beyond_expected decimal(38, 18), recorded_at timestamptz not null);
comment on table executed_slippage is 'Each trade of pool_trades beside what its version of the pool let expect at that size, once; beyond_expected above zero is worse. Nothing where the pool has no price.';

create table asset_snapshots_retired (
  asset_id uuid not null, fund_id uuid not null, scenario_id varchar not null, month date not null, marks bigint not null, first_as_of date not null,
  last_as_of date not null, first_nav decimal(38, 4) not null, last_nav decimal(38, 4) not null, lowest_nav decimal(38, 4) not null,
  highest_nav decimal(38, 4) not null, nav_sum decimal(38, 4) not null, last_leverage decimal(38, 18), last_esg_score decimal(38, 18),
  archive_id uuid);
comment on table asset_snapshots_retired is 'Monthly aggregates of daily rows that Postgres has retired; asset_snapshots_monthly adds them to what is there. Without archive_id: not yet read from its archive.';

create table fund_events_archive as from fund_events limit 0;
comment on table fund_events_archive is 'Events whose content Postgres no longer has, as they were.';

create table archives_loaded (archive_id uuid primary key, rows bigint not null, loaded_at timestamptz not null);
comment on table archives_loaded is 'Archives whose rows are in fund_events_archive or asset_snapshots_retired, each once.';

-- Saved what-ifs of a portfolio manager: the question with its hashes, and what came out.
create schema laboratory;
create table laboratory.what_ifs (
  what_if_id uuid primary key, saved_by uuid not null, fund_id uuid not null, name varchar not null, version integer not null, body json not null,
  scenario_hash varchar not null, snapshot_hash varchar not null, saved_at timestamptz not null, unique (saved_by, fund_id, name, version));
comment on table laboratory.what_ifs is 'A what-if that a portfolio manager saved; a change is a new version.';
create table laboratory.outcomes (
  what_if_id uuid not null, run_id varchar not null, measure varchar not null, target varchar not null, value decimal(38, 18) not null, unit varchar not null,
  recorded_at timestamptz not null, primary key (what_if_id, run_id, measure, target));
comment on table laboratory.outcomes is 'What a run of a saved what-if gave, one measure a row.';
