-- What is mirrored from Postgres: exactly these columns, read by the synchronisation from DuckDB's own catalogue. The comment of a table begins with
-- its key. Amounts are DECIMAL(38,4), prices and ratios DECIMAL(38,18), as they are there; no amount is a double. No name of a person, no text that
-- a person wrote, no user: an investor is an opaque id. `Fixed:` names a column that a row never changes. `tx` is the transaction that wrote the row last.
create table currencies (code varchar, exponent integer, name varchar, tx ubigint);
comment on table currencies is 'Key: code. ISO 4217; the exponent bounds the scale of cash.';

create table funds (
  fund_id uuid, code varchar, name varchar, base_currency varchar, calendar varchar, time_zone varchar, synthetic boolean, status varchar,
  net_assets decimal(38, 4), nav_as_of date, allocations_version bigint, effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table funds is 'Key: fund_id. One evergreen fund.';

create table share_classes (
  share_class_id uuid, fund_id uuid, code varchar, currency varchar, units_dp integer, price_dp integer, units_outstanding decimal(38, 18),
  nav_per_unit decimal(38, 18), issue_price decimal(38, 18), pocket_of uuid, effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table share_classes is 'Key: share_class_id. A class of units of a fund.';

create table assets (
  id uuid, fund_id uuid, external_key varchar, name varchar, type varchar, strategy varchar, status varchar, issuer varchar, country varchar,
  currency varchar, liquid_flag boolean, bucket varchar, fair_value_level integer, maturity date, identifiers json, attributes json,
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table assets is 'Key: id. Master record of each asset; strategy is the sleeve, bucket the liquidity bucket.';

create table asset_snapshots (
  snapshot_id uuid, asset_id uuid, fund_id uuid, as_of date, nav decimal(38, 4), leverage decimal(38, 18), esg_score decimal(38, 18),
  scenario_id varchar, method varchar, source varchar, effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table asset_snapshots is 'Key: snapshot_id. Fixed: recorded_at. Valuations over time; scenario_id is empty for a mark, anything else is hypothetical.';

create table portfolio_allocations (
  allocation_id uuid, fund_id uuid, asset_id uuid, sleeve varchar, target_pct decimal(38, 18), actual_pct decimal(38, 18),
  market_value decimal(38, 4), liquid_flag boolean, version bigint, superseded_at timestamptz, effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table portfolio_allocations is 'Key: allocation_id. Target against actual; the current row has no superseded_at.';

create table mandates (
  mandate_id uuid, fund_id uuid, version integer, label varchar, body json, superseded_at timestamptz, effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table mandates is 'Key: mandate_id. Targets, bands and limits.';

create table liquidity_ladder (
  ladder_id uuid, fund_id uuid, side varchar, as_of date, scenario_id varchar, bucket varchar, capacity decimal(38, 4), utilization decimal(38, 4),
  stress_delta decimal(38, 4), effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table liquidity_ladder is 'Key: ladder_id. Capacity per fund, side, date, scenario and bucket.';

create table reported_flows (
  reported_flow_id uuid, fund_id uuid, month date, kind varchar, amount decimal(38, 4), currency varchar, source varchar,
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table reported_flows is 'Key: reported_flow_id. Monthly flows as the fund reported them.';

create table fund_sensitivities (
  sensitivity_id uuid, fund_id uuid, as_of date, measure varchar, currency varchar, tenor varchar, value decimal(38, 18), source varchar,
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table fund_sensitivities is 'Key: sensitivity_id. Reported rate and spread sensitivities by currency and tenor.';

create table fund_flows (
  flow_id uuid, fund_id uuid, share_class_id uuid, investor_id uuid, asset_id uuid, direction varchar, order_kind varchar, amount decimal(38, 4),
  requested_units decimal(38, 18), units decimal(38, 18), currency varchar, status varchar, requested_at timestamptz, dealing_date date, vintage date,
  policy_id uuid, dealing_day_id uuid, linked_flow_id uuid, parent_flow_id uuid, settled_at timestamptz, filled_units decimal(38, 18),
  price decimal(38, 18), net_amount decimal(38, 4), effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table fund_flows is 'Key: flow_id. Orders, without who placed them, their reasons and channels.';

create table holdings (share_class_id uuid, investor_id uuid, units decimal(38, 18), tx ubigint);
comment on table holdings is 'Key: share_class_id, investor_id. Units per investor and class: what a concentrated exit is computed from.';

create table dealing_policies (
  policy_id uuid, fund_id uuid, share_class_id uuid, version integer, effective_from date, body json, hash varchar,
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table dealing_policies is 'Key: policy_id. Dealing terms of a class, effective-dated.';

create table lmt_policies (
  policy_id uuid, fund_id uuid, version integer, effective_from date, pack varchar, body json, hash varchar,
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table lmt_policies is 'Key: policy_id. Liquidity tools of a fund, effective-dated.';

create table credit_lines (
  credit_line_id uuid, fund_id uuid, line varchar, version integer, lender varchar, committed decimal(38, 4), drawn decimal(38, 4), currency varchar,
  effective_from date, expires_on date, due_days integer, effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table credit_lines is 'Key: credit_line_id. Committed credit lines of a fund, effective-dated; the lender is an opaque code.';

create table liquidity_pools (
  pool_id uuid, fund_id uuid, share_class_id uuid, pool varchar, version integer, chain varchar, curve varchar, reserve_units decimal(38, 0),
  reserve_cash decimal(38, 0), unit_decimals integer, cash_decimals integer, fee_ppm integer, amplification integer, effective_from date,
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table liquidity_pools is 'Key: pool_id. Pools of units of a class against cash, effective-dated; reserves in whole smallest units.';

create table pool_trades (
  trade_id uuid, pool_id uuid, direction varchar, amount_in decimal(38, 0), amount_out decimal(38, 0), tx_hash varchar, executed_at timestamptz,
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table pool_trades is 'Key: trade_id. Trades that were executed in a version of a pool, in whole smallest units.';

create table nav_strikes (
  strike_id uuid, fund_id uuid, nav_date date, version integer, state varchar, inputs_hash varchar, total_assets decimal(38, 4), liabilities decimal(38, 4),
  gnav decimal(38, 4), performance_fee decimal(38, 4), nav decimal(38, 4), supersedes uuid, effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table nav_strikes is 'Key: strike_id. NAV of a fund on a date, in versions.';

create table nav_inputs (
  input_id uuid, strike_id uuid, asset_id uuid, kind varchar, label varchar, value decimal(38, 4), as_of date, source varchar, age_days integer,
  blocked_by varchar, mark decimal(38, 4), beta decimal(38, 18), index_series varchar, index_at_mark decimal(38, 18), index_now decimal(38, 18), tx ubigint);
comment on table nav_inputs is 'Key: input_id. What a NAV was struck from, with ages.';

create table class_navs (
  strike_id uuid, share_class_id uuid, nav decimal(38, 4), units decimal(38, 18), nav_per_unit decimal(38, 18), performance_accrued decimal(38, 4),
  dealing_price_sub decimal(38, 18), dealing_price_red decimal(38, 18), swing_factor decimal(38, 18), published_at timestamptz, tx ubigint);
comment on table class_navs is 'Key: strike_id, share_class_id. Shrinks. Price of a class; a NAV that is proposed again replaces those of its strike.';

create table market_series (series varchar, kind varchar, unit varchar, tx ubigint);
comment on table market_series is 'Key: series. What a series of market data is; the unit is ratio, points, or the currency of a price.';

create table market_imports (import_id uuid, source varchar, rows integer, status varchar, recorded_at timestamptz, tx ubigint);
comment on table market_imports is 'Key: import_id. Files and feeds of market data; of one that was undone no value counts.';

create table market_data (
  observation_id uuid, seq bigint, series varchar, as_of date, value decimal(38, 18), source varchar, import_id uuid, recorded_at timestamptz, tx ubigint);
comment on table market_data is 'Key: observation_id. Observations of market series as they were recorded; which of them count says market_observations.';

create table esg_ratings (
  rating_id uuid, fund_id uuid, asset_id uuid, provider varchar, as_of date, score decimal(38, 18), scale_low decimal(38, 18), scale_high decimal(38, 18),
  recorded_at timestamptz, tx ubigint);
comment on table esg_ratings is 'Key: rating_id. What a provider says of an asset on a day, on its own scale: what marks carry. esg_scores has every metric of a file.';

create table fund_events (
  event_id uuid, seq bigint, type varchar, fund_id uuid, payload json, source varchar, event_meta json, schema_version integer, investor_ids uuid[],
  effective_at timestamptz, recorded_at timestamptz, tx ubigint);
comment on table fund_events is 'Key: event_id. Facts; investor_ids are those the event concerns, by whom an LP may read it.';

create table retention_archives (
  archive_id uuid, what varchar, fund_id uuid, month date, rows bigint, digest varchar, sha256 varchar, stored varchar, retired_at timestamptz, tx ubigint);
comment on table retention_archives is 'Key: archive_id. Files that hold what Postgres has retired; the name of a file is its archive_id.';
