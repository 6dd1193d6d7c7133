-- from schema.prisma
-- AlterTable
ALTER TABLE "fund_events" ADD COLUMN     "archive_id" UUID,
ADD COLUMN     "content_digest" BYTEA,
ADD COLUMN     "origin_tx" xid8;

-- AlterTable
ALTER TABLE "risk_alerts" ADD COLUMN     "acknowledged_note" TEXT,
ADD COLUMN     "remedy" JSONB;

-- CreateTable
CREATE TABLE "market_series" (
    "series" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "unit" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "market_series_pkey" PRIMARY KEY ("series")
);

-- CreateTable
CREATE TABLE "market_imports" (
    "import_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "source" TEXT NOT NULL,
    "file_name" TEXT,
    "file_sha256" CHAR(64) NOT NULL,
    "rows" INTEGER NOT NULL,
    "taken" INTEGER NOT NULL DEFAULT 0,
    "unchanged" INTEGER NOT NULL DEFAULT 0,
    "held" INTEGER NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL DEFAULT 'imported',
    "imported_by" TEXT NOT NULL,
    "undone_at" TIMESTAMPTZ(6),
    "undone_by" TEXT,
    "undo_reason" TEXT,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "market_imports_pkey" PRIMARY KEY ("import_id")
);

-- CreateTable
CREATE TABLE "market_data" (
    "observation_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "seq" BIGSERIAL NOT NULL,
    "series" TEXT NOT NULL,
    "as_of" DATE NOT NULL,
    "value" DECIMAL(38,18) NOT NULL,
    "source" TEXT NOT NULL,
    "import_id" UUID,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "market_data_pkey" PRIMARY KEY ("observation_id")
);

-- What was recorded of indices moves over.
insert into market_series (series, kind, unit, recorded_by)
  select distinct series, 'index', 'points', 'migration' from index_values;
insert into market_data (observation_id, series, as_of, value, source, recorded_by, recorded_at, created_at)
  select value_id, series, as_of, value, source, recorded_by, created_at, created_at from index_values order by created_at, value_id desc;
DROP TABLE "index_values";


-- CreateTable
CREATE TABLE "market_held" (
    "held_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "import_id" UUID NOT NULL,
    "series" TEXT NOT NULL,
    "as_of" DATE NOT NULL,
    "value" DECIMAL(38,18) NOT NULL,
    "against" DECIMAL(38,18) NOT NULL,
    "against_on" DATE NOT NULL,
    "move_bps" DECIMAL(38,18) NOT NULL,
    "limit_bps" DECIMAL(38,18) NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'held',
    "held_by" TEXT NOT NULL,
    "decided_by" TEXT,
    "decided_at" TIMESTAMPTZ(6),
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "market_held_pkey" PRIMARY KEY ("held_id")
);

-- CreateTable
CREATE TABLE "esg_ratings" (
    "rating_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "asset_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "as_of" DATE NOT NULL,
    "score" DECIMAL(38,18) NOT NULL,
    "scale_low" DECIMAL(38,18) NOT NULL,
    "scale_high" DECIMAL(38,18) NOT NULL,
    "file_sha256" CHAR(64) NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "esg_ratings_pkey" PRIMARY KEY ("rating_id")
);

-- CreateTable
CREATE TABLE "stress_scenarios" (
    "scenario_hash" TEXT NOT NULL,
    "scenario_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stress_scenarios_pkey" PRIMARY KEY ("scenario_hash")
);

-- CreateTable
CREATE TABLE "stress_runs" (
    "stress_run_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'running',
    "as_of" DATE,
    "snapshot_name" TEXT,
    "snapshot_hash" TEXT,
    "code_hash" TEXT,
    "seed" TEXT,
    "asked_by" TEXT NOT NULL,
    "scenarios" INTEGER NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "nav_before" DECIMAL(38,4),
    "currency" CHAR(3) NOT NULL,
    "outcomes_hash" TEXT,
    "liquidity" JSONB,
    "checked_scenario" TEXT,
    "checked_hash" TEXT,
    "checked_equal" BOOLEAN,
    "reason" TEXT,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(6),
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stress_runs_pkey" PRIMARY KEY ("stress_run_id")
);

-- CreateTable
CREATE TABLE "stress_outcomes" (
    "stress_run_id" UUID NOT NULL,
    "scenario_hash" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'waiting',
    "reason" TEXT,
    "nav_before" DECIMAL(38,4),
    "nav_after" DECIMAL(38,4),
    "body" TEXT,
    "body_hash" TEXT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stress_outcomes_pkey" PRIMARY KEY ("stress_run_id","scenario_hash")
);

-- CreateTable
CREATE TABLE "stress_shards" (
    "stress_run_id" UUID NOT NULL,
    "scenario_hash" TEXT NOT NULL,
    "shard" INTEGER NOT NULL,
    "body" TEXT NOT NULL,
    "body_hash" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stress_shards_pkey" PRIMARY KEY ("stress_run_id","scenario_hash","shard")
);

-- CreateTable
CREATE TABLE "data_quality_results" (
    "result_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "check" TEXT NOT NULL,
    "as_of" DATE NOT NULL,
    "value" DECIMAL(38,18),
    "limit" DECIMAL(38,18),
    "unit" TEXT NOT NULL,
    "passed" BOOLEAN NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "snapshot_hash" TEXT NOT NULL,
    "workflow_id" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "data_quality_results_pkey" PRIMARY KEY ("result_id")
);

-- CreateTable
CREATE TABLE "retention_policies" (
    "what" TEXT NOT NULL,
    "keep_months" INTEGER,
    "afterwards" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "retention_policies_pkey" PRIMARY KEY ("what")
);

-- CreateTable
CREATE TABLE "legal_holds" (
    "hold_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "placed_by" TEXT NOT NULL,
    "placed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "until" TIMESTAMPTZ(6),
    "lifted_by" TEXT,
    "lifted_at" TIMESTAMPTZ(6),
    "lift_reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "legal_holds_pkey" PRIMARY KEY ("hold_id")
);

-- CreateTable
CREATE TABLE "retention_archives" (
    "archive_id" UUID NOT NULL,
    "what" TEXT NOT NULL,
    "fund_id" UUID,
    "month" DATE NOT NULL,
    "rows" BIGINT NOT NULL,
    "digest" TEXT NOT NULL,
    "file" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "stored" TEXT NOT NULL,
    "retired_by" TEXT NOT NULL,
    "retired_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "retention_archives_pkey" PRIMARY KEY ("archive_id")
);

-- CreateIndex
CREATE INDEX "market_series_tx_idx" ON "market_series"("tx");

-- CreateIndex
CREATE INDEX "market_imports_tx_idx" ON "market_imports"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "market_data_seq_key" ON "market_data"("seq");

-- CreateIndex
CREATE INDEX "market_data_series_as_of_idx" ON "market_data"("series", "as_of");

-- CreateIndex
CREATE INDEX "market_data_import_id_idx" ON "market_data"("import_id");

-- CreateIndex
CREATE INDEX "market_data_tx_idx" ON "market_data"("tx");

-- CreateIndex
CREATE INDEX "market_held_series_as_of_idx" ON "market_held"("series", "as_of");

-- CreateIndex
CREATE INDEX "market_held_import_id_idx" ON "market_held"("import_id");

-- CreateIndex
CREATE INDEX "esg_ratings_fund_id_idx" ON "esg_ratings"("fund_id");

-- CreateIndex
CREATE INDEX "esg_ratings_tx_idx" ON "esg_ratings"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "esg_ratings_asset_id_provider_as_of_file_sha256_key" ON "esg_ratings"("asset_id", "provider", "as_of", "file_sha256");

-- CreateIndex
CREATE INDEX "stress_scenarios_scenario_id_version_idx" ON "stress_scenarios"("scenario_id", "version");

-- CreateIndex
CREATE INDEX "stress_scenarios_tx_idx" ON "stress_scenarios"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "stress_runs_event_id_key" ON "stress_runs"("event_id");

-- CreateIndex
CREATE INDEX "stress_runs_fund_id_started_at_idx" ON "stress_runs"("fund_id", "started_at");

-- CreateIndex
CREATE INDEX "stress_runs_tx_idx" ON "stress_runs"("tx");

-- CreateIndex
CREATE INDEX "stress_outcomes_scenario_hash_idx" ON "stress_outcomes"("scenario_hash");

-- CreateIndex
CREATE INDEX "stress_outcomes_tx_idx" ON "stress_outcomes"("tx");

-- CreateIndex
CREATE INDEX "stress_shards_tx_idx" ON "stress_shards"("tx");

-- CreateIndex
CREATE INDEX "data_quality_results_fund_id_recorded_at_idx" ON "data_quality_results"("fund_id", "recorded_at");

-- CreateIndex
CREATE INDEX "data_quality_results_tx_idx" ON "data_quality_results"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "data_quality_results_fund_id_check_snapshot_hash_workflow_i_key" ON "data_quality_results"("fund_id", "check", "snapshot_hash", "workflow_id");

-- CreateIndex
CREATE INDEX "legal_holds_fund_id_idx" ON "legal_holds"("fund_id");

-- CreateIndex
CREATE INDEX "retention_archives_what_month_idx" ON "retention_archives"("what", "month");

-- CreateIndex
CREATE INDEX "retention_archives_fund_id_idx" ON "retention_archives"("fund_id");

-- CreateIndex
CREATE INDEX "retention_archives_tx_idx" ON "retention_archives"("tx");

-- CreateIndex
CREATE INDEX "fund_events_archive_id_idx" ON "fund_events"("archive_id");

-- CreateIndex
CREATE INDEX "fund_events_recorded_at_idx" ON "fund_events" USING BRIN ("recorded_at");

-- AddForeignKey
ALTER TABLE "market_data" ADD CONSTRAINT "market_data_series_fkey" FOREIGN KEY ("series") REFERENCES "market_series"("series") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "market_data" ADD CONSTRAINT "market_data_import_id_fkey" FOREIGN KEY ("import_id") REFERENCES "market_imports"("import_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "market_held" ADD CONSTRAINT "market_held_series_fkey" FOREIGN KEY ("series") REFERENCES "market_series"("series") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "market_held" ADD CONSTRAINT "market_held_import_id_fkey" FOREIGN KEY ("import_id") REFERENCES "market_imports"("import_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "esg_ratings" ADD CONSTRAINT "esg_ratings_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "esg_ratings" ADD CONSTRAINT "esg_ratings_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_events" ADD CONSTRAINT "fund_events_archive_id_fkey" FOREIGN KEY ("archive_id") REFERENCES "retention_archives"("archive_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "stress_runs" ADD CONSTRAINT "stress_runs_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "stress_outcomes" ADD CONSTRAINT "stress_outcomes_stress_run_id_fkey" FOREIGN KEY ("stress_run_id") REFERENCES "stress_runs"("stress_run_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "stress_outcomes" ADD CONSTRAINT "stress_outcomes_scenario_hash_fkey" FOREIGN KEY ("scenario_hash") REFERENCES "stress_scenarios"("scenario_hash") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "stress_shards" ADD CONSTRAINT "stress_shards_stress_run_id_fkey" FOREIGN KEY ("stress_run_id") REFERENCES "stress_runs"("stress_run_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "data_quality_results" ADD CONSTRAINT "data_quality_results_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "legal_holds" ADD CONSTRAINT "legal_holds_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "retention_archives" ADD CONSTRAINT "retention_archives_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- from sql/10-private.sql
-- The workshop behind every fn_*: who calls, what was asked before, what goes into the audit trail, what an error may say.
-- Nothing here is exposed by the API. Every function is security definer or harmless, with a search_path that ends in pg_temp
-- (with an empty one pg_temp is looked up first for the names of types: a caller's domain named uuid would run its check as the owner).

-- Two views, so that policies and functions say who asks in one place, and a policy becomes one plan with the query: a function in its stead
-- is run by an executor of its own at every read. They read as their owner, whatever rights and policies the asking role has.
create or replace view evergreen.caller as
  -- A subject that is not one of our ids counts as none: 36 characters, four hyphens in their places, all others hexadecimal
  -- (two tests, since a pattern that counts is dearer than the whole lookup).
  select case when c.sub like '________-____-____-____-____________'
               and c.sub ~* '^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$' then c.sub::uuid end as user_id
    -- after a transaction that set it the setting is '' and not null: hence nullif; offset 0 has the claims parsed once and not three times
    from (select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' as sub offset 0) c;
comment on view evergreen.caller is 'One row: the signed-in person by the claims of this transaction, or null.';

create or replace view evergreen.my_investors with (security_barrier) as
  select a.investor_id from public.investor_access a
   where a.user_id = (select c.user_id from evergreen.caller c) and (a.valid_until is null or a.valid_until > now());
comment on view evergreen.my_investors is 'Investors the signed-in person may look at today. Reads as its owner.';
alter view evergreen.caller owner to evergreen_owner;
alter view evergreen.my_investors owner to evergreen_owner;
revoke all on evergreen.caller, evergreen.my_investors from public, anon, authenticated, service_role;

create or replace function evergreen.user_id() returns uuid language sql stable set search_path = pg_catalog, pg_temp as $$
  select c.user_id from evergreen.caller c
$$;
comment on function evergreen.user_id() is 'The signed-in person, or null.';

create or replace function evergreen.role_name() returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  -- inside a definer function current_user is the owner; the setting still names the caller's role
  select coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
$$;
comment on function evergreen.role_name() is 'The database role of the caller, also inside a security definer function.';

create or replace function evergreen.actor() returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  caller text := evergreen.role_name();
begin
  if caller like 'agent\_%' then
    return 'agent:' || replace(substr(caller, 7), '_', '-');
  elsif caller in ('pm_role', 'lp_role', 'ops_role', 'audit_role') then
    if evergreen.user_id() is null then
      perform evergreen.fail('EG401', 'Sign in first: the call carries no user.');
    end if;
    return 'user:' || evergreen.user_id();
  end if;
  return replace(caller, '_role', '');
end $$;
comment on function evergreen.actor() is 'Who is written into audit_trail.created_by: user:<uuid>, agent:<room> or service.';

create or replace function evergreen.fail(code text, message text) returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = code, message = message;
end $$;
comment on function evergreen.fail(text, text) is 'Raises a coded error of packages/domain/src/errors.ts.';

create or replace function evergreen.refuse_unless(condition boolean, code text, message text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if condition is not true then
    raise exception using errcode = code, message = message;
  end if;
end $$;
comment on function evergreen.refuse_unless(boolean, text, text) is 'Raises the coded error unless the condition is true (null counts as false).';

create or replace function evergreen.require_role(variadic allowed text[]) returns void language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  -- the second lock behind the grants
  if evergreen.role_name() <> all (allowed) then
    raise exception using errcode = 'EG403', message = 'Your role may not do this.';
  end if;
end $$;
comment on function evergreen.require_role(text[]) is 'Refuses a caller whose role is not named.';

create or replace function evergreen.raise_public(state text, message text, constraint_name text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  -- a definer function's DETAIL would show other tenants' rows: only a code and a sentence leave
  if state like 'EG%' then
    raise exception using errcode = state, message = message;
  elsif constraint_name = 'commands_pkey' then
    -- the same request id committed after this caller's snapshot was taken (repeatable read): asked again, it gets that answer
    raise exception using errcode = 'EG503', message = 'The same request is being answered; try again with the same request id.';
  elsif constraint_name in ('holdings_units', 'lots_units') then
    raise exception using errcode = 'EG424', message = 'A holding would fall below zero.';
  elsif constraint_name in ('liquidity_ladder_capacity', 'liquidity_ladder_within') then
    raise exception using errcode = 'EG424', message = 'A bucket would fall below what is reserved of it.';
  elsif state like '23%' then
    raise exception using errcode = 'EG400', message = 'The input breaks the rule ' || coalesce(nullif(constraint_name, ''), 'of a column') || '.';
  elsif state like '22%' or state = '21000' then
    raise exception using errcode = 'EG400', message = 'An argument is malformed or out of range.';
  elsif state in ('40001', '40P01', '55P03') or state like '53%' or state like '57%' then
    raise exception using errcode = 'EG503', message = 'The database is busy; try again with the same request id.';
  end if;
  raise exception using errcode = 'EG500', message = 'Unforeseen failure (' || state || '); nothing was changed.';
end $$;
comment on function evergreen.raise_public(text, text, text) is 'Maps any error to the public list without DETAIL, HINT or rows.';

create or replace function evergreen.earlier_answer(fn text, request_id text, input jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  earlier record;
begin
  if request_id is null then
    return null;
  end if;
  perform evergreen.refuse_unless(length(request_id) between 1 and 200, 'EG400', 'request_id has 1 to 200 characters.');
  -- two calls with one id: the second waits here for the first to commit
  perform pg_advisory_xact_lock(hashtextextended(evergreen.actor() || '/' || request_id, 0));
  select c.fn, c.input_hash, c.result into earlier
    from public.commands c where c.principal = evergreen.actor() and c.request_id = earlier_answer.request_id;
  if not found then
    return null;
  end if;
  -- A step of a run may be taken again after a crash, when its own effect has already moved the facts it reads: what it decided first stands.
  perform evergreen.refuse_unless(
    earlier.fn = earlier_answer.fn and (earlier.input_hash = sha256(convert_to(input::text, 'UTF8'))
      or (evergreen.actor() like 'agent:%' and request_id ~ '^(event|deal|restate|stress|feed)/')),
    'EG409', 'This request id was used before with other input.');
  return earlier.result;
end $$;
comment on function evergreen.earlier_answer(text, text, jsonb) is 'The answer given to this request id before, or null; the same id with other input is refused, save for a step of a run (event/…, deal/…, restate/…, stress/…, feed/…), whose first answer stands.';

create or replace function evergreen.keep_answer(fn text, request_id text, input jsonb, result jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if request_id is not null then
    insert into public.commands (principal, request_id, fn, input_hash, result)
    values (evergreen.actor(), request_id, fn, sha256(convert_to(input::text, 'UTF8')), result);
  end if;
end $$;
comment on function evergreen.keep_answer(text, text, jsonb, jsonb) is 'Keeps the first answer to a request id, in the transaction of its effect.';

create or replace function evergreen.within_request(request_id text) returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(request_id, nullif(current_setting('evergreen.request_id', true), ''))
$$;
comment on function evergreen.within_request(text) is 'The request a record belongs to: its own, or that of the function which calls others row by row and said so for its transaction.';

create or replace function evergreen.audit(fund_id uuid, entity_type text, entity_id text, message text, request_id text)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  audit_id uuid := gen_random_uuid();
  made_at timestamptz := now();
  who text := evergreen.actor();
  asked text := evergreen.within_request(request_id);
  bytes bytea := convert_to(jsonb_build_object(
    'audit_id', audit_id, 'fund_id', fund_id, 'entity_type', entity_type, 'entity_id', entity_id, 'message', message,
    'created_by', who, 'created_at', to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'request_id', asked)::text, 'UTF8');
begin
  insert into public.audit_trail (audit_id, fund_id, entity_type, entity_id, message, created_by, request_id, canonical, digest, created_at)
  values (audit_id, fund_id, entity_type, entity_id, message, who, asked, bytes, sha256(bytes), made_at);
end $$;
comment on function evergreen.audit(uuid, text, text, text, text) is
  'One audit row with the exact bytes its digest covers. Messages hold codes, ids and counts; no personal data, no amount of an investor.';

create or replace function evergreen.emit(
  type text, fund_id uuid, payload jsonb, source text, event_meta jsonb default '{}', investor_ids uuid[] default '{}', request_id text default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  handling record;
  position bigint;
begin
  select t.mode, t.playbook, t.required_keys into handling from public.event_types t where t.type = emit.type;
  if not found then
    perform evergreen.fail('EG400', 'Unknown event type. To be recorded: ' || (select string_agg(t.type, ', ' order by t.type) from public.event_types t where t.recorded_by <> '{}') || '.');
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(payload) = 'object', 'EG400', 'payload is a JSON object.');
  perform evergreen.refuse_unless(octet_length(payload::text) <= 65536, 'EG413', 'payload is larger than 64 KB; record a reference instead.');
  perform evergreen.refuse_unless(payload ?& handling.required_keys, 'EG400',
    'payload of ' || type || ' needs ' || array_to_string(handling.required_keys, ', ') || '.');
  -- ids of our own rows: one that is no uuid would only fail later, in whoever reads it, together with everything read beside it
  perform evergreen.refuse_unless(
    not handling.required_keys && array['flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'inflow_id', 'offer_id', 'notice_id', 'stress_run_id']
    or not exists (select from unnest(handling.required_keys) k
      where k in ('flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'stress_run_id')
        and coalesce(payload ->> k, '') !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
    'EG400', 'An id in the payload of ' || type || ' is not a uuid.');
  insert into public.fund_events (event_id, type, fund_id, payload, source, event_meta, created_by, request_id)
  values (id, type, fund_id, payload, source,
    -- the trace id of the run follows from the workflow id, so that every process derives the same one
    event_meta || jsonb_build_object('trace_id', left(encode(sha256(convert_to('event/' || id, 'UTF8')), 'hex'), 32)),
    evergreen.actor(), evergreen.within_request(request_id))
  returning seq into position;
  if cardinality(investor_ids) > 0 then
    insert into public.event_investors (event_id, investor_id) select distinct id, unnest(investor_ids);
  end if;
  -- a past that is made for a demo is dealt by who makes it: nothing of it is handed to a run, but for what only warns
  if handling.mode <> 'note' and (coalesce(current_setting('evergreen.demo_clock', true), '') = '' or evergreen.demo_clock() is null
      or (handling.mode = 'run' and handling.playbook = 'warn-of-risk')) then
    insert into public.event_outbox (seq, event_id, type, mode, fund_id) values (position, id, type, handling.mode, fund_id);
    -- a notify per row takes a global lock through commit; who gets this lock rings for all, and the dispatcher's poll guarantees
    if pg_try_advisory_xact_lock(7236511) then
      perform pg_notify('evergreen_events', '');
    end if;
  end if;
  return id;
end $$;
comment on function evergreen.emit(text, uuid, jsonb, text, jsonb, uuid[], text) is
  'Inserts an event and, unless its type is only noted, its outbox row. Used by every fn_* that causes an event.';

create or replace function evergreen.my_investor_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.investor_id from evergreen.my_investors m
$$;
comment on function evergreen.my_investor_ids() is 'Investors the signed-in person may look at today, for functions; policies read the view.';

create or replace function evergreen.my_event_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select e.event_id from public.event_investors e where e.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
$$;
comment on function evergreen.my_event_ids() is 'Events that reference an investor of the signed-in person.';

create or replace function evergreen.my_fund_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct f.fund_id from public.fund_flows f where f.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
  union
  select (select c.fund_id from public.share_classes c where c.share_class_id = h.share_class_id) from public.holdings h
   where h.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
$$;
comment on function evergreen.my_fund_ids() is 'Funds in which an investor of the signed-in person has placed an order or holds units.';

create or replace function evergreen.my_class_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct f.share_class_id from public.fund_flows f
   where f.investor_id = any (array(select m.investor_id from evergreen.my_investors m)) and f.share_class_id is not null
  union
  select h.share_class_id from public.holdings h where h.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
$$;
comment on function evergreen.my_class_ids() is 'Classes in which an investor of the signed-in person has ordered or holds.';

create or replace function evergreen.visible_asset_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.id from public.assets a where a.lp_visible and a.fund_id = any (array(select evergreen.my_fund_ids()))
$$;
comment on function evergreen.visible_asset_ids() is 'Assets that investors may see, of the funds of the signed-in person.';

create or replace function evergreen.touch() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    new.created_at := old.created_at;
  end if;
  new.updated_at := clock_timestamp();
  return new;
end $$;
comment on function evergreen.touch() is 'Sets updated_at and keeps created_at.';

create or replace function evergreen.touch_tx() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    new.created_at := old.created_at;
  end if;
  new.updated_at := clock_timestamp();
  new.tx := pg_current_xact_id();
  return new;
end $$;
comment on function evergreen.touch_tx() is 'As touch(), and stamps the transaction: a delta reader takes (tx, id) below pg_snapshot_xmin.';

create or replace function evergreen.forbid() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = 'EG428', message = tg_table_name || ' is append-only.';
end $$;
comment on function evergreen.forbid() is 'Refuses update and delete on append-only tables, whoever tries.';

-- from sql/20-constraints.sql
-- What Prisma's schema cannot say: checks, partial indexes, delivery settings. NaN passes as numeric, hence the checks on every amount.
create or replace function evergreen.add_check(table_name text, check_name text, expression text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from pg_catalog.pg_constraint c
                  where c.conname = check_name and c.conrelid = ('public.' || quote_ident(table_name))::regclass) then
    execute format('alter table public.%I add constraint %I check (%s)', table_name, check_name, expression);
  end if;
end $$;
comment on function evergreen.add_check(text, text, text) is 'Adds a named check once; called by migrations only.';

do $$
declare
  col record;
  bucket text := $b$bucket in ('1d', '7d', '30d', '90d', '180d', '365d', 'gt365d')$b$;
begin
  -- every numeric column of every table: a number, not NaN, not infinite
  for col in select c.table_name, c.column_name from information_schema.columns c
              join information_schema.tables t using (table_schema, table_name)
              where c.table_schema = 'public' and c.data_type = 'numeric' and t.table_type = 'BASE TABLE' loop
    perform evergreen.add_check(col.table_name, col.table_name || '_' || col.column_name || '_finite',
      format('%I not in (''NaN'', ''Infinity'', ''-Infinity'')', col.column_name));
  end loop;
  perform evergreen.add_check('currencies', 'currencies_exponent', 'exponent between 0 and 4');
  perform evergreen.add_check('funds', 'funds_code', $c$code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$'$c$);
  perform evergreen.add_check('funds', 'funds_status', $c$status in ('active', 'suspended', 'closed')$c$);
  perform evergreen.add_check('assets', 'assets_bucket', bucket);
  perform evergreen.add_check('assets', 'assets_status', $c$status in ('active', 'retired')$c$);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_bucket', bucket);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_side', $c$side in ('asset', 'liability')$c$);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_capacity', 'capacity >= 0 and utilization >= 0');
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_within', $c$side = 'liability' or utilization <= capacity$c$);
  perform evergreen.add_check('liquidity_reservations', 'liquidity_reservations_amount', 'amount >= 0');
  perform evergreen.add_check('reported_flows', 'reported_flows_kind', $c$kind in ('sale', 'redemption', 'reinvestment')$c$);
  perform evergreen.add_check('fund_sensitivities', 'fund_sensitivities_measure', $c$measure in ('dv01', 'dv100', 'spread_ig', 'spread_non_ig')$c$);
  perform evergreen.add_check('investors', 'investors_classification',
    $c$classification in ('retail', 'semi_professional', 'professional', 'qualified')$c$);
  perform evergreen.add_check('investors', 'investors_kyc', $c$kyc_status in ('approved', 'expired', 'blocked')$c$);
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_status',
    $c$kyc_status in ('submitted', 'missing_evidence', 'assigned', 'declined')$c$);
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_classification',
    $c$classification in ('retail', 'semi_professional', 'professional', 'qualified')$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_direction', $c$direction in ('subscription', 'redemption')$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_amount', 'amount > 0');
  perform evergreen.add_check('fund_flows', 'fund_flows_status',
    $c$status in ('draft', 'submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable', 'settled',
                  'rejected', 'cancelled', 'lapsed', 'carried')$c$);
  perform evergreen.add_check('event_types', 'event_types_mode', $c$mode in ('run', 'batch', 'note', 'tell')$c$);
  perform evergreen.add_check('workflow_runs', 'workflow_runs_status', $c$status in ('running', 'completed', 'refused', 'failed')$c$);
  perform evergreen.add_check('proposals', 'proposals_status',
    $c$status in ('checking', 'pending', 'approved', 'rejected', 'expired', 'refused', 'applied', 'withdrawn')$c$);
  perform evergreen.add_check('proposals', 'proposals_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('proposal_checks', 'proposal_checks_result', $c$result in ('passed', 'failed')$c$);
  perform evergreen.add_check('approvals', 'approvals_decision', $c$decision in ('approved', 'rejected')$c$);
  perform evergreen.add_check('compliance_logs', 'compliance_logs_result', $c$result in ('passed', 'failed', 'review')$c$);
  perform evergreen.add_check('risk_alerts', 'risk_alerts_severity', $c$severity in ('notice', 'warning', 'critical')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_status',
    $c$status in ('awaiting_approval', 'approved', 'refused', 'submitted', 'confirmed', 'failed')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_trust', $c$trust in ('system', 'person', 'untrusted')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_text', 'length(text) between 1 and 4096');
  perform evergreen.add_check('memory_nodes', 'memory_nodes_kind', $c$kind in ('Asset', 'Scenario', 'Workflow', 'Investor', 'Policy')$c$);
  perform evergreen.add_check('memory_edges', 'memory_edges_kind', $c$kind in ('caused', 'resolved_with', 'violated', 'prefers')$c$);
  perform evergreen.add_check('audit_cursor', 'audit_cursor_only', '"only"');
  -- dealing and ledger
  perform evergreen.add_check('fund_flows', 'fund_flows_order_kind', $c$order_kind in ('plain', 'switch', 'transfer')$c$);
  -- an order is in money or in units; what a switch buys follows from what it sells
  perform evergreen.add_check('fund_flows', 'fund_flows_measure',
    $c$num_nonnulls(amount, requested_units) = case when order_kind = 'switch' and direction = 'subscription' then 0 else 1 end$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_requested_units', 'requested_units > 0');
  perform evergreen.add_check('fund_flows', 'fund_flows_filled_units', 'filled_units >= 0 and net_amount >= 0');
  perform evergreen.add_check('fund_flows', 'fund_flows_linked', $c$order_kind = 'plain' or share_class_id is not null$c$);
  perform evergreen.add_check('share_classes', 'share_classes_dp', 'units_dp between 0 and 18 and price_dp between 0 and 18 and issue_price > 0 and units_outstanding >= 0');
  perform evergreen.add_check('proposals', 'proposals_approvals_needed', 'approvals_needed between 1 and 5');
  perform evergreen.add_check('dealing_policies', 'dealing_policies_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('lmt_policies', 'lmt_policies_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('lmt_activations', 'lmt_activations_tool', $c$tool in ('redemption_gate', 'investor_gate', 'notice_extension', 'redemption_fee',
    'swing_pricing', 'dual_pricing', 'anti_dilution_levy', 'redemption_in_kind', 'side_pocket', 'suspension')$c$);
  perform evergreen.add_check('lmt_activations', 'lmt_activations_status', $c$status in ('proposed', 'active', 'ended')$c$);
  perform evergreen.add_check('dealing_days', 'dealing_days_status', $c$status in ('open', 'cut_off', 'inputs_frozen', 'nav_proposed', 'struck',
    'lmt_decided', 'allocated', 'posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded')$c$);
  perform evergreen.add_check('dealing_days', 'dealing_days_committed', $c$status in ('open', 'discarded') or order_root is not null$c$);
  perform evergreen.add_check('dealing_days', 'dealing_days_closed', $c$(status = 'closed') = (day_hash is not null and closed_at is not null)$c$);
  perform evergreen.add_check('order_leaves', 'order_leaves_leaf', $c$leaf = encode(sha256(convert_to(canonical, 'UTF8')), 'hex') and position >= 1$c$);
  perform evergreen.add_check('nav_strikes', 'nav_strikes_state', $c$state in ('estimated', 'provisional', 'final', 'restated')$c$);
  perform evergreen.add_check('nav_strikes', 'nav_strikes_foots', 'gnav = total_assets - liabilities and nav = gnav - performance_fee');
  perform evergreen.add_check('nav_strikes', 'nav_strikes_whole', $c$state = 'estimated' or num_nonnulls(total_assets, liabilities, gnav, performance_fee, nav, proposal_id) = 6$c$);
  perform evergreen.add_check('nav_inputs', 'nav_inputs_kind', $c$kind in ('asset', 'cash', 'receivable', 'debt', 'payable', 'accrual')$c$);
  perform evergreen.add_check('class_navs', 'class_navs_price', 'nav_per_unit > 0 and dealing_price_sub > 0 and dealing_price_red > 0 and units >= 0 and performance_accrued >= 0');
  perform evergreen.add_check('series_navs', 'series_navs_price', $c$nav > 0 and units > 0 and nav_per_unit > 0 and performance_accrued >= 0 and high_water > 0 and length(series) between 1 and 200$c$);
  perform evergreen.add_check('allocations', 'allocations_within', 'filled_units >= 0 and carried_units >= 0 and filled_units + carried_units <= coalesce(requested_units, filled_units)');
  perform evergreen.add_check('allocations', 'allocations_money', 'price > 0 and gross_amount >= 0 and levy >= 0 and fee >= 0 and performance_fee >= 0 and gross_amount + credit >= 0 and net_amount >= 0 and equalisation_credit >= 0');
  perform evergreen.add_check('unit_ledger', 'unit_ledger_account', $c$account in ('holder', 'outstanding', 'side_pocket')$c$);
  perform evergreen.add_check('unit_ledger', 'unit_ledger_holder', $c$(account = 'holder') = (investor_id is not null and lot_id is not null)$c$);
  perform evergreen.add_check('unit_ledger', 'unit_ledger_units', 'units <> 0');
  perform evergreen.add_check('cash_movements', 'cash_movements_account', $c$account in ('bank', 'subscriptions_received', 'redemptions_payable',
    'capital', 'fund_income', 'fee_payable', 'in_transit', 'investments', 'management_fee', 'distributions_payable', 'refunds_payable', 'assets_delivered',
    'compensation_payable', 'compensation_receivable')$c$);
  perform evergreen.add_check('cash_movements', 'cash_movements_amount', 'amount <> 0');
  perform evergreen.add_check('lots', 'lots_units', 'units_issued > 0 and units_left >= 0 and units_left <= units_issued and equalisation_credit >= 0');
  perform evergreen.add_check('holdings', 'holdings_units', 'units >= 0');
  perform evergreen.add_check('restatements', 'restatements_direction', $c$direction in ('overstated', 'understated', 'none') and (direction = 'none') = (error = 0)$c$);
  perform evergreen.add_check('restatements', 'restatements_amounts', 'published > 0 and correct > 0 and tolerance >= 0 and material = (error > tolerance) and fund_pays >= 0 and fund_receives >= 0');
  perform evergreen.add_check('compensations', 'compensations_kind', $c$kind in ('subscriber_overpaid', 'redeemer_overpaid', 'redeemer_underpaid', 'subscriber_excess_units', 'none')$c$);
  perform evergreen.add_check('compensations', 'compensations_owed', $c$owed_to in ('investor', 'fund', 'nobody') and owed_by in ('fund', 'responsible_party', 'nobody') and difference >= 0 and (not pays or owed_to = 'investor')$c$);
  perform evergreen.add_check('statements', 'statements_hash', $c$hash = encode(sha256(convert_to(body::text, 'UTF8')), 'hex')$c$);
  perform evergreen.add_check('statements', 'statements_version', '(version = 1) = (supersedes is null) and version >= 1');
  perform evergreen.add_check('class_marks', 'class_marks_cause', $c$cause in ('opening', 'crystallisation', 'distribution', 'side_pocket')$c$);
  perform evergreen.add_check('class_marks', 'class_marks_high_water', $c$high_water > 0 and (cause = 'distribution') = (per_unit is not null and per_unit > 0)$c$);
  perform evergreen.add_check('in_kind_deliveries', 'in_kind_deliveries_above_zero', 'quantity > 0 and value > 0');
  perform evergreen.add_check('allocations', 'allocations_rest', $c$rest in ('carried', 'lapsed', 'ask_dust', 'cancelled_dust', 'pay_or_notify', 'notify') and refund >= 0$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_dust_answer', $c$dust_answer is null or (dust_answer in ('give_up', 'keep') and dust_asked_at is not null)$c$);
  perform evergreen.add_check('certain_inflows', 'certain_inflows_amount', 'amount >= 0');
  perform evergreen.add_check('repurchase_offers', 'repurchase_offers_terms', 'share between 0.05 and 0.25 and deadline - notice_on between 21 and 42 and pricing_date - deadline between 0 and 14');
  perform evergreen.add_check('authority_notices', 'authority_notices_kind', $c$kind in ('carried_too_long')$c$);
  perform evergreen.add_check('market_series', 'market_series_kind', $c$kind in ('fx', 'index', 'yield', 'spread', 'price', 'cap_rate', 'volatility') and series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and length(unit) between 1 and 20$c$);
  perform evergreen.add_check('market_imports', 'market_imports_status', $c$status in ('imported', 'undone') and (status = 'undone') = (undone_at is not null) and file_sha256 ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('market_imports', 'market_imports_counts', 'rows >= 1 and taken >= 0 and held >= 0 and unchanged >= 0 and taken + held + unchanged <= rows');
  perform evergreen.add_check('market_held', 'market_held_decided', $c$status in ('held', 'confirmed', 'rejected') and (status = 'held') = (decided_by is null)$c$);
  perform evergreen.add_check('esg_ratings', 'esg_ratings_score', 'scale_low < scale_high and score between scale_low and scale_high');
  perform evergreen.add_check('data_quality_results', 'data_quality_results_passed', $c$passed = coalesce(value <= "limit", false) and snapshot_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('roll_forwards', 'roll_forwards_whole', 'num_nonnulls(series, beta, after_days) in (0, 3) and after_days between 0 and 3650 and beta between -10 and 10');
  perform evergreen.add_check('nav_inputs', 'nav_inputs_rolled', 'num_nonnulls(mark, beta, index_series, index_at_mark, index_now) in (0, 5) and index_at_mark > 0 and index_now > 0 and (payments is null or mark is not null)');
  perform evergreen.add_check('asset_payments', 'asset_payments_kind', $c$kind in ('call', 'distribution') and amount > 0$c$);
  -- stress runs: what is hashed is what stands there
  perform evergreen.add_check('stress_scenarios', 'stress_scenarios_hash', $c$scenario_hash = encode(sha256(convert_to(body, 'UTF8')), 'hex') and version >= 1$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_kind', $c$kind in ('on_demand', 'nightly', 'laboratory')$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_status', $c$status in ('running', 'completed', 'partial', 'failed') and (status = 'running') = (ended_at is null)$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_hashes',
    $c$snapshot_hash ~ '^[0-9a-f]{64}$' and code_hash ~ '^[0-9a-f]{64}$' and outcomes_hash ~ '^[0-9a-f]{64}$' and checked_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_opened', 'num_nonnulls(snapshot_name, snapshot_hash, as_of, code_hash) in (0, 4)');
  perform evergreen.add_check('stress_runs', 'stress_runs_checked', 'num_nonnulls(checked_scenario, checked_hash, checked_equal) in (0, 3)');
  perform evergreen.add_check('stress_runs', 'stress_runs_counts', 'scenarios >= 1 and done >= 0 and failed >= 0 and done + failed <= scenarios and (ended_at is null or done + failed = scenarios)');
  perform evergreen.add_check('stress_outcomes', 'stress_outcomes_status', $c$status in ('waiting', 'done', 'failed') and ordinal >= 1
    and (status = 'failed') = (reason is not null) and num_nonnulls(body, body_hash, nav_before, nav_after) = case status when 'done' then 4 else 0 end$c$);
  perform evergreen.add_check('stress_outcomes', 'stress_outcomes_hash', $c$body_hash = encode(sha256(convert_to(body, 'UTF8')), 'hex')$c$);
  perform evergreen.add_check('stress_shards', 'stress_shards_hash', $c$shard >= 0 and body_hash = encode(sha256(convert_to(body, 'UTF8')), 'hex')$c$);
  -- files in and out
  perform evergreen.add_check('import_batches', 'import_batches_kind', $c$kind in ('orders', 'bank')$c$);
  perform evergreen.add_check('import_batches', 'import_batches_status', $c$status in ('imported', 'partly_undone', 'undone') and (status = 'imported') = (undone_at is null)$c$);
  perform evergreen.add_check('import_batches', 'import_batches_hashes', $c$file_sha256 ~ '^[0-9a-f]{64}$' and rows_sha256 ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('import_batches', 'import_batches_counts', 'rows >= 1 and accepted >= 0 and refused >= 0 and unmatched >= 0 and accepted + refused + unmatched <= rows');
  perform evergreen.add_check('import_rows', 'import_rows_outcome', $c$outcome in ('accepted', 'refused', 'duplicate', 'matched', 'unmatched', 'undone')$c$);
  perform evergreen.add_check('import_rows', 'import_rows_made', $c$outcome not in ('accepted', 'matched') or (flow_id is not null and (outcome = 'accepted' or ledger_tx_id is not null))$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_status', $c$status in ('proposed', 'active', 'rejected', 'ended')$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_decided', $c$(status = 'proposed') = (decided_by is null) and (status <> 'active' or decided_by <> proposed_by)$c$);
  perform evergreen.add_check('payment_files', 'payment_files_status', $c$status in ('exported', 'withdrawn') and transactions >= 1 and control_sum > 0$c$);
  perform evergreen.add_check('payment_lines', 'payment_lines_amount', 'amount > 0');
  perform evergreen.add_check('payment_lines', 'payment_lines_purpose', $c$purpose in ('redemption', 'compensation')$c$);
end $$;

-- one current version of each allocation and one current mandate per fund
create unique index if not exists portfolio_allocations_current on public.portfolio_allocations (fund_id, asset_id) where superseded_at is null;
create unique index if not exists mandates_current on public.mandates (fund_id) where superseded_at is null;
-- one final NAV per fund and date; one balance per account, also where it is nobody's
create unique index if not exists nav_strikes_final on public.nav_strikes (fund_id, nav_date) where state = 'final';
create unique index if not exists cash_balances_account on public.cash_balances (fund_id, account, currency, investor_id) nulls not distinct;
create index if not exists lots_open on public.lots (share_class_id, investor_id, opened_on, lot_id) where units_left > 0;
-- the queues: what may be claimed, in commit order; apart, so that a backlog of one does not stand in the way of the other
create index if not exists event_outbox_claim_one on public.event_outbox (tx, seq) where dead_at is null and mode in ('run', 'tell');
create index if not exists event_outbox_claim_batch on public.event_outbox (tx, seq) where dead_at is null and mode = 'batch';
create index if not exists event_batches_open on public.event_batches (next_at) where done_at is null and dead_at is null;
create index if not exists event_outbox_dead on public.event_outbox (dead_at) where dead_at is not null;
create index if not exists proposals_pending on public.proposals (fund_id) where status = 'pending';
-- a file, its rows and each line of a statement count once until they are undone; one account in force per owner and currency; an order is in one payment file
create unique index if not exists import_batches_file on public.import_batches (fund_id, kind, file_sha256) where status <> 'undone';
create unique index if not exists import_batches_rows on public.import_batches (fund_id, kind, rows_sha256) where status <> 'undone';
create unique index if not exists import_rows_identity on public.import_rows (fund_id, kind, identity) where outcome in ('accepted', 'matched', 'unmatched');
create index if not exists import_rows_reference on public.import_rows (fund_id, upper(reference)) where kind = 'orders' and outcome = 'accepted';
create unique index if not exists bank_accounts_active on public.bank_accounts (fund_id, investor_id, currency) nulls not distinct where status = 'active';
create unique index if not exists market_imports_file on public.market_imports (file_sha256) where status <> 'undone';
create unique index if not exists payment_lines_live on public.payment_lines (flow_id, purpose) where live;
create index if not exists assets_lp_visible on public.assets (id) where lp_visible;

select evergreen.add_check('retention_policies', 'retention_policies_what', $c$what in ('fund_events', 'asset_snapshots', 'compliance_logs')$c$);
select evergreen.add_check('retention_policies', 'retention_policies_keep', $c$case when keep_months is null then afterwards = 'nothing' else keep_months between 1 and 1200 and afterwards in ('archive', 'monthly_aggregates') end$c$);
select evergreen.add_check('legal_holds', 'legal_holds_reason', 'length(reason) between 1 and 500 and (until is null or until > placed_at)');
select evergreen.add_check('legal_holds', 'legal_holds_lifted', $c$(lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null) and lifted_by is distinct from placed_by$c$);
select evergreen.add_check('retention_archives', 'retention_archives_digest', $c$digest ~ '^[0-9a-f]{64}$' and sha256 ~ '^[0-9a-f]{64}$' and archive_id = overlay(overlay(left(digest, 32) placing '8' from 13) placing '8' from 17)::uuid and rows > 0 and bytes > 0$c$);
select evergreen.add_check('fund_events', 'fund_events_retired', 'num_nulls(archive_id, content_digest, origin_tx) in (0, 3)');

-- an amount has no more decimals than its currency
create or replace function evergreen.within_exponent(amount numeric, currency text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select amount = round(amount, (select c.exponent from public.currencies c where c.code = within_exponent.currency))
$$;
comment on function evergreen.within_exponent(numeric, text) is 'Whether the amount is a whole number of the currency''s minor units.';
-- rows that name their currency are held to it by the table itself; amounts in the fund's currency by the functions that write them
select evergreen.add_check('fund_flows', 'fund_flows_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('cash_movements', 'cash_movements_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('reported_flows', 'reported_flows_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('payment_files', 'payment_files_exponent', 'evergreen.within_exponent(control_sum, currency)');

insert into public.audit_cursor ("only", tx, seq) values (true, '0', 0) on conflict do nothing;

-- from sql/30-catalogue.sql
-- The event catalogue as the database knows it; agrees with packages/domain/src/events.ts (a test compares them), and currencies.
insert into public.event_types (type, mode, playbook, required_keys, recorded_by) values
  ('FUND_IMPORTED', 'note', null, '{source,assets,as_of}', '{}'),
  ('REBALANCE_REQUESTED', 'run', 'rebalance', '{mandate_version}', '{}'),
  ('PROPOSAL_CREATED', 'note', null, '{proposal_id,status}', '{}'),
  ('PROPOSAL_DECIDED', 'tell', null, '{proposal_id,decision}', '{}'),
  ('ALLOCATIONS_APPLIED', 'note', null, '{proposal_id,version}', '{}'),
  ('SUBSCRIPTION_REQUESTED', 'batch', 'intake-orders', '{flow_id}', '{service_role,ops_role}'),
  ('REDEMPTION_REQUESTED', 'batch', 'intake-orders', '{flow_id}', '{service_role,ops_role}'),
  ('INVESTOR_SUBMITTED', 'run', 'onboard-investor', '{pending_id}', '{ops_role,service_role}'),
  ('INVESTOR_ASSIGNED', 'note', null, '{investor_id}', '{}'),
  ('LIQUIDITY_UPDATED', 'note', null, '{bucket,side}', '{}'),
  ('LIQUIDITY_BREACH', 'run', 'warn-of-risk', '{bucket,ratio,required}', '{agent_liquidity_engine,agent_simulation,agent_risk_guardian,service_role}'),
  ('LIQUIDITY_TREND', 'run', 'warn-of-risk', '{bucket,scenario_id,ratio,required,breach_on,runs}', '{}'),
  ('DATA_DRIFT', 'run', 'warn-of-risk', '{asset_id,deviation_bps,threshold_bps}', '{agent_simulation,service_role}'),
  ('RISK_ALERT_RAISED', 'note', null, '{alert_id,severity}', '{}'),
  ('STRESS_REQUESTED', 'run', 'stress-fund', '{scenario_id,shift_bps}', '{pm_role,service_role,agent_risk_guardian}'),
  ('STRESS_COMPLETED', 'note', null, '{scenario_id,loss,method}', '{agent_simulation}'),
  ('STRESS_RUN_REQUESTED', 'run', 'run-stress', '{stress_run_id,kind,scenarios}', '{}'),
  ('STRESS_RUN_COMPLETED', 'note', null, '{stress_run_id,status,done,failed,worst_scenario_id,loss}', '{}'),
  ('STRESS_RUN_DIFFERED', 'run', 'warn-of-risk', '{stress_run_id,scenario_id}', '{}'),
  ('COMPLIANCE_FAILED', 'note', null, '{rule,entity_type,entity_id}', '{agent_compliance_sentinel}'),
  ('TOKENIZATION_REQUESTED', 'run', 'tokenize', '{chain,instrument,size}', '{pm_role,ops_role}'),
  ('WORKFLOW_COMPLETED', 'note', null, '{workflow_id,status}', '{}'),
  ('CLASS_OPENED', 'note', null, '{share_class_id}', '{}'),
  ('POLICY_SET', 'note', null, '{policy_id,kind,version}', '{}'),
  ('REGISTER_OPENED', 'note', null, '{share_class_id,positions}', '{}'),
  ('ORDER_CANCELLED', 'note', null, '{flow_id}', '{}'),
  ('ORDER_HELD', 'note', null, '{flow_id}', '{}'),
  ('ORDER_RELEASED', 'note', null, '{flow_id}', '{}'),
  ('DEALING_DAY_OPENED', 'run', 'dealing-day', '{dealing_day_id}', '{}'),
  ('DUST_ASKED', 'note', null, '{flow_id}', '{}'),
  ('POSTING_PROPOSED', 'note', null, '{proposal_id,kind}', '{}'),
  ('FEE_CRYSTALLISED', 'note', null, '{share_class_id,strike_id}', '{}'),
  ('DISTRIBUTED', 'note', null, '{share_class_id,ex_date}', '{}'),
  ('PAID_OUT', 'note', null, '{account,payments}', '{}'),
  ('CASH_RETURNED', 'note', null, '{flow_id}', '{}'),
  ('LEGAL_HOLD_PLACED', 'note', null, '{hold_id}', '{}'),
  ('LEGAL_HOLD_LIFTED', 'note', null, '{hold_id}', '{}'),
  ('ROWS_RETIRED', 'note', null, '{archive_id,what,rows,digest}', '{}'),
  ('AUTHORITY_NOTIFIED', 'note', null, '{activation_id,tool}', '{}'),
  ('SIDE_POCKET_OPENED', 'note', null, '{share_class_id,activation_id}', '{}'),
  ('DELIVERED_IN_KIND', 'note', null, '{flow_id}', '{}'),
  ('CUTOFF_REACHED', 'note', null, '{dealing_day_id,orders,order_root}', '{}'),
  ('ORDERS_RECHECKED', 'note', null, '{dealing_day_id,held}', '{}'),
  ('NAV_INPUTS_FROZEN', 'note', null, '{strike_id,inputs_hash}', '{}'),
  ('NAV_PROPOSED', 'note', null, '{strike_id,proposal_id}', '{}'),
  ('NAV_STRUCK', 'note', null, '{strike_id,nav_date,version}', '{}'),
  ('NAV_RESTATEMENT_BEGUN', 'run', 'restate-nav', '{strike_id,supersedes}', '{}'),
  ('LMT_PROPOSED', 'note', null, '{activation_id,proposal_id}', '{}'),
  ('LMT_ACTIVATED', 'note', null, '{activation_id,tool}', '{}'),
  ('LMT_ENDED', 'note', null, '{activation_id,tool}', '{}'),
  ('LMT_DECIDED', 'note', null, '{dealing_day_id}', '{}'),
  ('SUSPENDED', 'note', null, '{dealing_day_id}', '{}'),
  ('ALLOCATED', 'note', null, '{dealing_day_id,orders}', '{}'),
  ('DEALING_DAY_POSTED', 'note', null, '{dealing_day_id}', '{}'),
  ('CLAIMABLE', 'note', null, '{dealing_day_id}', '{}'),
  ('CASH_CONFIRMED', 'note', null, '{payments}', '{}'),
  ('LEDGER_REVERSED', 'note', null, '{ledger_tx_id}', '{}'),
  ('STATEMENTS_READY', 'note', null, '{dealing_day_id,statements}', '{}'),
  ('DEALING_DAY_CLOSED', 'note', null, '{dealing_day_id,day_hash}', '{}'),
  ('DEALING_DAY_KNOCKED', 'tell', null, '{dealing_day_id,reason}', '{}'),
  ('DEALING_DAY_DISCARDED', 'tell', null, '{dealing_day_id}', '{}'),
  ('ORDERS_ROLLED', 'note', null, '{dealing_day_id,orders}', '{}'),
  ('MARKS_RECORDED', 'note', null, '{marks}', '{}'),
  ('CASH_MOVED', 'note', null, '{ledger_tx_id,purpose}', '{}'),
  ('NAV_RESTATED', 'note', null, '{strike_id,supersedes,material,compensations}', '{}'),
  ('NAV_ERROR_TO_NOTIFY', 'note', null, '{strike_id,due_from,due_by}', '{}'),
  ('NAV_ERROR_NOTIFIED', 'note', null, '{strike_id,document}', '{}'),
  ('COMPENSATION_SETTLED', 'note', null, '{payments}', '{}'),
  ('NAV_APPROVAL_OVERDUE', 'note', null, '{dealing_day_id,proposal_id}', '{agent_commander}'),
  ('ORDERS_IMPORTED', 'note', null, '{import_id,orders}', '{}'),
  ('BANK_STATEMENT_IMPORTED', 'note', null, '{import_id,matched,unmatched}', '{}'),
  ('BANK_LINES_MATCHED', 'note', null, '{import_id,matched}', '{}'),
  ('IMPORT_UNDONE', 'note', null, '{import_id,undone}', '{}'),
  ('BANK_ACCOUNTS_PROPOSED', 'note', null, '{accounts}', '{}'),
  ('BANK_ACCOUNTS_DECIDED', 'note', null, '{accounts,decision}', '{}'),
  ('PAYMENTS_EXPORTED', 'note', null, '{payment_file_id,payments}', '{}'),
  ('PAYMENTS_WITHDRAWN', 'note', null, '{payment_file_id}', '{}'),
  ('DUST_ANSWERED', 'note', null, '{flow_id,answer}', '{}'),
  ('BENEFICIAL_OWNER_SET', 'note', null, '{investor_id}', '{}'),
  ('CERTAIN_INFLOWS_RECORDED', 'note', null, '{inflow_id}', '{}'),
  ('REPURCHASE_OFFER_OPENED', 'note', null, '{offer_id}', '{}'),
  ('AUTHORITY_NOTICE_DUE', 'note', null, '{notice_id,dealing_day_id,flow_id}', '{}'),
  ('AUTHORITY_NOTICE_GIVEN', 'note', null, '{notice_id}', '{}'),
  ('INDEX_VALUES_RECORDED', 'note', null, '{values}', '{}'),
  ('ASSET_PAYMENTS_RECORDED', 'note', null, '{payments}', '{}'),
  ('ROLL_FORWARD_SET', 'note', null, '{asset_id}', '{}'),
  ('SCHEDULE_NOTED', 'note', null, '{schedule_id,action,note}', '{}'),
  ('MARKET_IMPORTED', 'note', null, '{import_id,taken,held}', '{}'),
  ('MARKET_VALUES_DECIDED', 'note', null, '{values,decision}', '{}'),
  ('MARKET_IMPORT_UNDONE', 'note', null, '{import_id,values}', '{}'),
  ('ESG_RECORDED', 'note', null, '{provider,as_of,ratings}', '{}'),
  ('DATA_QUALITY_CHECKED', 'note', null, '{checks,failed,snapshot_hash}', '{}'),
  ('DATA_QUALITY_FAILED', 'run', 'warn-of-risk', '{check,value,limit,unit}', '{}')
on conflict (type) do update set mode = excluded.mode, playbook = excluded.playbook,
  required_keys = excluded.required_keys, recorded_by = excluded.recorded_by;

-- ISO 4217 minor units
insert into public.currencies (code, exponent, name) values
  ('USD', 2, 'US dollar'), ('EUR', 2, 'Euro'), ('GBP', 2, 'Pound sterling'), ('CHF', 2, 'Swiss franc'), ('JPY', 0, 'Yen'),
  ('CAD', 2, 'Canadian dollar'), ('AUD', 2, 'Australian dollar'), ('NZD', 2, 'New Zealand dollar'), ('SEK', 2, 'Swedish krona'),
  ('NOK', 2, 'Norwegian krone'), ('DKK', 2, 'Danish krone'), ('SGD', 2, 'Singapore dollar'), ('HKD', 2, 'Hong Kong dollar'),
  ('CNY', 2, 'Yuan renminbi'), ('INR', 2, 'Indian rupee'), ('BRL', 2, 'Brazilian real'), ('MXN', 2, 'Mexican peso'),
  ('ZAR', 2, 'Rand'), ('KRW', 0, 'Won'), ('PLN', 2, 'Zloty'), ('KWD', 3, 'Kuwaiti dinar')
on conflict (code) do update set exponent = excluded.exponent, name = excluded.name;

-- operational-and-analytical-data-model.md, "Retention": the values of the specification; a term is changed here and by a migration
insert into public.retention_policies (what, keep_months, afterwards, source) values
  ('fund_events', 24, 'archive', 'specification: 24 months, then archive'),
  ('asset_snapshots', 120, 'monthly_aggregates', 'specification: daily for 10 years, then monthly aggregates'),
  ('compliance_logs', null, 'nothing', 'specification: kept for ever')
on conflict (what) do nothing;

insert into public.platform_settings (key, value) values
  ('data_drift_threshold_bps', '{"default": 500, "debt": 300, "cash": 10, "equity": 1500, "private_equity": 1500, "private_credit": 800, "infrastructure": 1000, "real_estate": 1000}'),
  ('nav_max_age_days', '{"default": 100, "cash": 5, "debt": 35, "equity": 5, "private_equity": 190, "private_credit": 100, "infrastructure": 190, "real_estate": 190}'),
  ('approval_timeout_hours', '72'),
  ('price_breaker_window_days', '30'),
  ('stress_nightly', '{"at": "02:30"}'),
  -- per kind of series: its unit, how old it may be, from which move on a second person looks (basis points of the value, or of one), and what is plausible:
  -- a yield of 3.5 is a percentage where a ratio is meant
  ('market_limits', '{"fx": {"unit": "ratio", "max_age_days": 5, "measure": "relative", "breaker_bps": 500, "low": 1e-9, "high": 1e9},
    "index": {"unit": "points", "max_age_days": 35, "measure": "relative", "breaker_bps": 2000, "low": 1e-9, "high": 1e12},
    "yield": {"unit": "ratio", "max_age_days": 5, "measure": "absolute", "breaker_bps": 100, "low": -0.1, "high": 1},
    "spread": {"unit": "ratio", "max_age_days": 5, "measure": "absolute", "breaker_bps": 200, "low": -0.1, "high": 1},
    "price": {"unit": "currency", "max_age_days": 5, "measure": "relative", "breaker_bps": 2500, "low": 1e-9, "high": 1e12},
    "cap_rate": {"unit": "ratio", "max_age_days": 190, "measure": "absolute", "breaker_bps": 100, "low": 0.001, "high": 1},
    "volatility": {"unit": "ratio", "max_age_days": 5, "measure": "absolute", "breaker_bps": 2000, "low": 0, "high": 10}}'),
  ('data_quality_limits', '{"nav_agreement_bps": 0.5, "stale_marks_share": 0.1, "stale_series_share": 0.1}'),
  ('demo', 'false')
on conflict (key) do nothing;

-- from sql/40-triggers.sql
-- Stamps on every table, append-only tables, and the drift alarm on marks.
create or replace function evergreen.touch_cursor() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.updated_at := clock_timestamp();  -- its tx is a position, not a stamp
  return new;
end $$;
comment on function evergreen.touch_cursor() is 'Sets updated_at of the audit cursor, whose tx is a position and must stay.';

create or replace function evergreen.watch_drift() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  limits jsonb;
  drifted record;
begin
  select p.value into limits from public.platform_settings p where p.key = 'data_drift_threshold_bps';
  for drifted in
    with marked as materialized (
      -- hypothetical values do not drift
      select n.snapshot_id, n.asset_id, n.fund_id, n.as_of, n.nav, b.as_of as since, b.recorded_at as known_at, b.nav as before,
             coalesce((limits ->> a.type)::numeric, (limits ->> 'default')::numeric) as threshold
        from marks n
        join public.assets a on a.id = n.asset_id
        cross join lateral (
          select s.as_of, s.recorded_at, s.nav from public.asset_snapshots s
           where s.asset_id = n.asset_id and s.scenario_id = '' and s.as_of < n.as_of order by s.as_of desc, s.recorded_at desc limit 1) b
       where n.scenario_id = ''
    ), traded as materialized (
      select m.asset_id, p.applied_at, (p.applied_at at time zone 'UTC')::date as day, m.change
        from public.proposals p cross join lateral evergreen.trade_effects(p.proposal_id) m
       where p.status = 'applied' and p.fund_id in (select k.fund_id from marked k)
         and (p.applied_at at time zone 'UTC')::date >= (select min(k.since) from marked k)
    ), moved as (
      -- What the fund itself bought or sold in between moved the holding, not its valuation. A mark holds the trades of its day,
      -- save one that was applied only after it had been recorded.
      select k.snapshot_id, sum(t.change) as change
        from marked k join traded t on t.asset_id = k.asset_id
       where t.day <= k.as_of and (t.day > k.since or t.day = k.since and t.applied_at > k.known_at) group by k.snapshot_id
    ), anchored as (
      select k.*, k.before + coalesce(m.change, 0) as anchor from marked k left join moved m on m.snapshot_id = k.snapshot_id
    ), measured as (
      select d.asset_id, d.fund_id, d.as_of, d.threshold, round(abs(d.nav - d.anchor) * 10000 / abs(d.anchor), 4) as deviation from anchored d where d.anchor <> 0
    )
    select * from measured m where m.deviation > m.threshold order by m.as_of, m.asset_id
  loop
    perform evergreen.emit('DATA_DRIFT', drifted.fund_id,
      jsonb_build_object('asset_id', drifted.asset_id, 'deviation_bps', drifted.deviation::text, 'threshold_bps', drifted.threshold::text), 'trigger:asset_snapshots');
  end loop;
  return null;
end $$;
comment on function evergreen.watch_drift() is
  'Records DATA_DRIFT when a mark moves more than the threshold of its asset type: basis points of the previous mark plus what the fund traded of it since (R5).';

create or replace function evergreen.forbid_unless_retired() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  -- The one change that an event ever sees: its content goes to an archive of this very transaction, and all that names it stays.
  if tg_op = 'UPDATE' and old.archive_id is null and new.archive_id is not null and new.content_digest is not null and new.origin_tx = old.tx
     and (to_jsonb(new) - '{payload,archive_id,content_digest,origin_tx,tx,updated_at}'::text[])
       = (to_jsonb(old) - '{payload,archive_id,content_digest,origin_tx,tx,updated_at}'::text[])
     and old.payload @> new.payload
     and exists (select from public.retention_archives a where a.archive_id = new.archive_id and a.what = 'fund_events' and a.tx = pg_current_xact_id()) then
    return new;
  end if;
  raise exception using errcode = 'EG428', message = 'fund_events is append-only.';
end $$;
comment on function evergreen.forbid_unless_retired() is 'Refuses update and delete of events, save the one update by which the content of an event goes to an archive.';

create or replace function evergreen.refuse_while_halted() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from public.platform_settings p where p.key = 'writes_halted') then
    -- as what is away for a while: a run that goes on in Temporal waits for it and asks again
    raise exception using errcode = 'EG503', message = 'Writes are halted since a restore; `backup reconcile` says why and lets them go on.';
  end if;
  return null;
end $$;
comment on function evergreen.refuse_while_halted() is
  'The one door of all writes while the stores are not reconciled after a restore: on every table but the switch itself and the seals of the audit trail.';

do $$
declare
  t record;
begin
  for t in
    select c.table_name,
           exists (select from information_schema.columns x
                    where x.table_schema = 'public' and x.table_name = c.table_name and x.column_name = 'tx') as has_tx
      from information_schema.tables c
     where c.table_schema = 'public' and c.table_type = 'BASE TABLE' and c.table_name <> '_prisma_migrations' and c.table_name <> 'audit_cursor'
  loop
    execute format('create or replace trigger stamp before insert or update on public.%I for each row execute function evergreen.%I()',
      t.table_name, case when t.has_tx then 'touch_tx' else 'touch' end);
    if t.table_name not in ('platform_settings', 'audit_blocks') then
      execute format('create or replace trigger halted before insert or update or delete on public.%I for each statement execute function evergreen.refuse_while_halted()', t.table_name);
    end if;
  end loop;
  for t in select unnest(array['event_investors', 'audit_trail', 'audit_blocks', 'approvals', 'commands',
    'dealing_policies', 'lmt_policies', 'order_transitions', 'order_leaves', 'nav_inputs', 'ledger_transactions', 'unit_ledger', 'cash_movements', 'class_marks', 'in_kind_deliveries', 'statements', 'restatements', 'compensations',
    'beneficial_owners', 'certain_inflows', 'repurchase_offers', 'market_series', 'market_data', 'esg_ratings', 'data_quality_results', 'roll_forwards', 'asset_payments', 'stress_scenarios',
    'stress_shards']) as table_name loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', t.table_name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', t.table_name);
  end loop;
end $$;
create or replace trigger append_only before update or delete on public.fund_events for each row execute function evergreen.forbid_unless_retired();
create or replace trigger append_only_truncate before truncate on public.fund_events for each statement execute function evergreen.forbid();
create or replace trigger stamp before insert or update on public.audit_cursor for each row execute function evergreen.touch_cursor();
-- once per statement: an import of 200,000 marks looks at the trades once
create or replace trigger watch_drift after insert on public.asset_snapshots referencing new table as marks for each statement execute function evergreen.watch_drift();

-- from sql/50-views.sql
-- Normalised views of the order table; they run with the rights of whoever reads them.
create or replace view public.subscriptions with (security_invoker = true) as
  select f.flow_id as subscription_id, f.fund_id, f.share_class_id, f.investor_id, f.asset_id, f.amount, f.units, f.currency, f.status, f.channel,
         f.eligibility_tag, f.requested_at, f.dealing_date, f.event_id, f.effective_at, f.recorded_at, f.created_at, f.updated_at
    from public.fund_flows f where f.direction = 'subscription';
comment on view public.subscriptions is 'Subscription orders (fund_flows with direction subscription), under the reader''s row-level security.';

create or replace view public.redemptions with (security_invoker = true) as
  select f.flow_id as redemption_id, f.fund_id, f.share_class_id, f.investor_id, f.asset_id, f.amount, f.units, f.currency, f.status, f.channel,
         f.eligibility_tag, f.requested_at, f.dealing_date, f.event_id, f.effective_at, f.recorded_at, f.created_at, f.updated_at
    from public.fund_flows f where f.direction = 'redemption';
comment on view public.redemptions is 'Redemption orders (fund_flows with direction redemption), under the reader''s row-level security.';

create or replace view public.market_observations with (security_invoker = true) as
  select distinct on (d.series, d.as_of) d.observation_id, d.series, s.kind, s.unit, d.as_of, d.value, d.source, d.recorded_at, d.import_id
    from public.market_data d join public.market_series s using (series) left join public.market_imports b using (import_id)
   where b.status is distinct from 'undone' order by d.series, d.as_of, d.recorded_at desc, d.seq desc;
comment on view public.market_observations is 'The value of each series on each date that counts: the one recorded last, of no import that was undone. Under the reader''s row-level security.';

create or replace view public.mark_metrics with (security_invoker = true) as
  select a.fund_id, a.id as asset_id, a.external_key, m.snapshot_id, m.as_of, m.nav, m.esg_score,
         case when m.esg_score is not null then null when m.snapshot_id is null then 'the asset has no mark'
              when not exists (select from public.esg_ratings r where r.asset_id = a.id) then 'no provider has rated the asset'
              when exists (select from public.esg_ratings r where r.asset_id = a.id and r.as_of <= m.as_of) then 'rated after the mark was recorded; the next mark carries it'
              else 'the rating is of a later day than the mark' end as esg_reason,
         m.leverage, case when m.leverage is not null then null when m.snapshot_id is null then 'the asset has no mark' else 'the asset reports neither leverage nor debt' end as leverage_reason
    from public.assets a left join lateral (select s.snapshot_id, s.as_of, s.nav, s.esg_score, s.leverage from public.asset_snapshots s
      where s.asset_id = a.id and s.scenario_id = '' order by s.as_of desc, s.recorded_at desc, s.snapshot_id limit 1) m on true
   where a.status = 'active';
comment on view public.mark_metrics is 'Score and leverage on the newest mark of each active asset, or why there is none, under the reader''s row-level security.';

-- from sql/60-fn-events.sql
-- The event bus and its outbox: record, claim, hand over, fail, retry. Only the service role delivers.

create or replace function public.fn_record_event(
  type text, payload jsonb, source text, workflow_id text default null,
  request_id text default null, fund_id uuid default null, investor_ids uuid[] default '{}'
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  if request_id is not null then
    input := jsonb_build_object('type', type, 'payload', payload, 'source', source, 'workflow_id', workflow_id, 'fund_id', fund_id, 'investor_ids', investor_ids);
    answer := evergreen.earlier_answer('fn_record_event', request_id, input);
    if answer is not null then
      return (answer ->> 'event_id')::uuid;
    end if;
  end if;
  perform evergreen.refuse_unless(type is not null and payload is not null and length(source) between 1 and 200, 'EG400', 'type, payload and source (1 to 200 characters) are needed.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  -- an unknown type is refused by emit() with the list of those there are
  perform evergreen.refuse_unless(
    coalesce((select evergreen.role_name() = any (t.recorded_by) from public.event_types t where t.type = fn_record_event.type), true),
    'EG403', 'Your role may not record ' || type || '.');
  id := evergreen.emit(type, fund_id, payload, source,
    case when workflow_id is null then '{}'::jsonb else jsonb_build_object('workflow_id', workflow_id) end, coalesce(investor_ids, '{}'), request_id);
  perform evergreen.audit(fund_id, 'fund_events', id::text, type || ' recorded', request_id);
  perform evergreen.keep_answer('fn_record_event', request_id, input, jsonb_build_object('event_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_event(text, jsonb, text, text, text, uuid, uuid[]) is
  'Records an event with validation; returns event_id. EG400 unknown type or payload, EG403 type not for this role, EG409 request id reused, EG413 payload over 64 KB.';

drop function if exists public.fn_claim_events(text, int, int);
create or replace function public.fn_claim_events(consumer text, max_events int default 100, lease_seconds int default 30)
returns table (seq bigint, event_id uuid, type text, mode text, fund_id uuid, attempts int, recorded_at timestamptz, to_workflow_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- as fn_fail_event counts
  most constant int := 5;
  -- a dispatcher that only waits for a Temporal that is away brings its events back within this, and then it cost them nothing
  patience constant interval := interval '1 minute';
  lost bigint[];
  taken bigint[];
  gone record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(consumer) between 1 and 200 and max_events between 1 and 100000 and lease_seconds between 0 and 3600, 'EG400',
    'consumer has 1 to 200 characters, max_events is 1 to 100,000 and lease_seconds 0 to 3,600.');
  -- after a restore nothing is handed over until the stores are reconciled; the dispatcher sees an empty queue
  if exists (select from public.platform_settings p where p.key = 'writes_halted') then
    return;
  end if;
  -- A lease that ran out (leased_by is still there) means that its holder is gone. Once may be anything. From the second time on the
  -- event is suspected of killing whoever holds it and is handed out alone, so that nothing dies with it; the fifth time it is lost.
  with due as materialized (
    select o.seq, o.tx, o.leased_by is not null and o.attempts >= 2 as suspect, o.leased_by is not null and o.attempts >= most as lost
      from public.event_outbox o
     where o.dead_at is null and o.next_at <= now() and o.mode in ('run', 'tell') and o.tx < pg_snapshot_xmin(pg_current_snapshot())
       and (o.leased_by is null or o.attempts < most or o.next_at <= now() - patience)
     order by o.tx, o.seq limit max_events for update skip locked
  ), living as (
    select d.seq, d.suspect, row_number() over (order by d.tx, d.seq) as place, first_value(d.suspect) over (order by d.tx, d.seq) as alone
      from due d where not d.lost
  )
  select (select array_agg(d.seq) from due d where d.lost),
         (select array_agg(l.seq) from living l where case when l.alone then l.place = 1 else not l.suspect end)
    into lost, taken;
  if lost is not null then
    for gone in
      update public.event_outbox o
         set dead_at = now(), leased_by = null, reason = left(case
               when o.reason is null then 'The dispatcher died ' || o.attempts || ' times while it held this event.'
               else 'The dispatcher died while it held this event for the ' || o.attempts || 'th time. Before that: ' || o.reason end, 500)
       where o.seq = any (lost)
      returning o.fund_id, o.event_id, o.type, o.attempts
    loop
      perform evergreen.audit(gone.fund_id, 'fund_events', gone.event_id::text,
        gone.type || ' dead letter after ' || gone.attempts || ' attempts: the dispatcher died while it held it', null);
    end loop;
  end if;
  if taken is null then
    return;
  end if;
  return query
    with held as (
      update public.event_outbox o
         set next_at = now() + make_interval(secs => lease_seconds), leased_by = consumer, attempts = o.attempts + 1
       where o.seq = any (taken)
      returning o.seq, o.event_id, o.type, o.mode, o.fund_id, o.attempts
    )
    select t.seq, t.event_id, t.type, t.mode, t.fund_id, t.attempts, e.recorded_at,
           case when t.type = 'PROPOSAL_DECIDED' then (select p.workflow_id from public.proposals p where p.proposal_id = (e.payload ->> 'proposal_id')::uuid)
                -- a run with an id of its own (a dealing day, a restatement) begins under it; those of the Commander begin under the id of their event
                when t.mode = 'tell' or exists (select from public.event_types y where y.type = t.type and y.playbook in ('dealing-day', 'restate-nav')) then e.event_meta ->> 'workflow_id' end
      from held t join public.fund_events e on e.event_id = t.event_id order by t.seq;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_claim_events(text, int, int) is
  'Leases due events of modes run and tell to a dispatcher (skip locked, commit order). Lease in seconds; an event whose lease ran out is claimed again, alone from the third time on, and is a dead letter a minute after its fifth lease ran out. to_workflow_id: whom to tell, or under which id to begin.';

create or replace function public.fn_finish_events(seqs bigint[]) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  gone int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(seqs is not null, 'EG400', 'seqs is a list of outbox positions.');
  delete from public.event_outbox o where o.seq = any (seqs);
  get diagnostics gone = row_count;
  return gone;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_finish_events(bigint[]) is 'Events were handed over (their workflow exists): they leave the outbox. Returns how many did.';

create or replace function public.fn_fail_event(seq bigint, reason text, max_attempts int default 5) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  waiting record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(reason) between 1 and 2000 and max_attempts >= 1, 'EG400', 'reason (1 to 2,000 characters) and max_attempts (from 1) are needed.');
  select * into waiting from public.event_outbox o where o.seq = fn_fail_event.seq for no key update;
  if not found then
    return 'gone';
  end if;
  if waiting.dead_at is not null then
    return 'dead';
  end if;
  if waiting.attempts >= max_attempts then
    update public.event_outbox o set dead_at = now(), leased_by = null, reason = left(fn_fail_event.reason, 500) where o.seq = fn_fail_event.seq;
    perform evergreen.audit(waiting.fund_id, 'fund_events', waiting.event_id::text, waiting.type || ' dead letter after ' || waiting.attempts || ' attempts', null);
    return 'dead';
  end if;
  update public.event_outbox o
     set next_at = now() + make_interval(secs => least(60, power(2, waiting.attempts))), leased_by = null, reason = left(fn_fail_event.reason, 500)
   where o.seq = fn_fail_event.seq;
  return 'later';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_fail_event(bigint, text, int) is
  'An event could not be handed over: later again (2^attempts seconds, at most 60), or a dead letter with its reason after max_attempts. Returns later, dead or gone.';

create or replace function public.fn_release_events(seqs bigint[]) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  freed int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(seqs is not null, 'EG400', 'seqs is a list of outbox positions.');
  -- the service, not the event, was at fault: the attempt does not count
  update public.event_outbox o set next_at = now() + interval '1 second', leased_by = null, attempts = greatest(0, o.attempts - 1)
   where o.seq = any (seqs) and o.dead_at is null;
  get diagnostics freed = row_count;
  return freed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_events(bigint[]) is 'Gives leased events back without counting the attempt, for when Temporal was not there.';

create or replace function public.fn_claim_batch(consumer text, max_events int default 5000, lease_seconds int default 60)
returns table (batch_id uuid, type text, events int, attempts int) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- as fn_fail_batch counts
  most constant int := 5;
  -- whoever holds a batch waits for its workflow, and that may wait for a room: longer than for an event, which is only handed over
  patience constant interval := interval '10 minutes';
  chosen text;
  made uuid;
  gone record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(consumer) between 1 and 200 and max_events between 1 and 100000 and lease_seconds between 0 and 3600, 'EG400',
    'consumer has 1 to 200 characters, max_events is 1 to 100,000 and lease_seconds 0 to 3,600.');
  -- after a restore nothing is handed over until the stores are reconciled; the dispatcher sees an empty queue
  if exists (select from public.platform_settings p where p.key = 'writes_halted') then
    return;
  end if;
  for gone in
    update public.event_batches b
       set dead_at = now(), leased_by = null, reason = left(case
             when b.reason is null then 'The dispatcher died ' || b.attempts || ' times while it held this batch.'
             else 'The dispatcher died while it held this batch for the ' || b.attempts || 'th time. Before that: ' || b.reason end, 500)
     where b.batch_id in (
       select x.batch_id from public.event_batches x
        where x.done_at is null and x.dead_at is null and x.next_at <= now() - patience and x.leased_by is not null and x.attempts >= most
          for update skip locked)
    returning b.batch_id, b.type, b.attempts
  loop
    perform evergreen.audit(null, 'event_batches', gone.batch_id::text,
      gone.type || ' batch dead letter after ' || gone.attempts || ' attempts: the dispatcher died while it held it', null);
  end loop;
  -- an open batch whose lease ran out comes first
  select b.batch_id into made from public.event_batches b
   where b.done_at is null and b.dead_at is null and b.next_at <= now() and (b.leased_by is null or b.attempts < most)
   order by b.next_at limit 1 for update skip locked;
  if made is not null then
    return query update public.event_batches b
      set next_at = now() + make_interval(secs => lease_seconds), leased_by = consumer, attempts = b.attempts + 1
      where b.batch_id = made returning b.batch_id, b.type, b.events, b.attempts;
    return;
  end if;
  select o.type into chosen from public.event_outbox o
   where o.dead_at is null and o.mode = 'batch' and o.next_at <= now() and o.tx < pg_snapshot_xmin(pg_current_snapshot())
   order by o.tx, o.seq limit 1;
  if chosen is null then
    return;
  end if;
  return query
    with due as materialized (
      select o.seq, o.event_id from public.event_outbox o
       where o.dead_at is null and o.mode = 'batch' and o.type = chosen and o.next_at <= now() and o.tx < pg_snapshot_xmin(pg_current_snapshot())
       order by o.tx, o.seq limit max_events for update skip locked
    ), gone as (
      delete from public.event_outbox o using due where o.seq = due.seq
    )
    insert into public.event_batches (type, event_ids, events, attempts, next_at, leased_by)
    select chosen, array_agg(d.event_id order by d.seq), count(*), 1, now() + make_interval(secs => lease_seconds), consumer from due d having count(*) > 0
    returning event_batches.batch_id, event_batches.type, event_batches.events, event_batches.attempts;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_claim_batch(text, int, int) is
  'Moves due events of one type from the outbox into a batch, or leases an open batch again. One row is written per batch, one deleted per event. A batch is a dead letter ten minutes after its fifth lease ran out.';

create or replace function public.fn_fail_batch(batch_id uuid, reason text, max_attempts int default 5) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  open_batch record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(reason) between 1 and 2000 and max_attempts >= 0, 'EG400', 'reason (1 to 2,000 characters) and max_attempts (from 0) are needed.');
  select * into open_batch from public.event_batches b where b.batch_id = fn_fail_batch.batch_id and b.done_at is null for no key update;
  if not found then
    return 'gone';
  end if;
  if open_batch.dead_at is not null then
    return 'dead';
  end if;
  if max_attempts = 0 then
    -- the service, not the batch, was at fault: the attempt does not count
    update public.event_batches b set next_at = now() + interval '1 second', leased_by = null, attempts = greatest(0, b.attempts - 1)
     where b.batch_id = fn_fail_batch.batch_id;
    return 'later';
  end if;
  if open_batch.attempts >= max_attempts then
    update public.event_batches b set dead_at = now(), leased_by = null, reason = left(fn_fail_batch.reason, 500) where b.batch_id = fn_fail_batch.batch_id;
    perform evergreen.audit(null, 'event_batches', fn_fail_batch.batch_id::text, open_batch.type || ' batch dead letter after ' || open_batch.attempts || ' attempts', null);
    return 'dead';
  end if;
  update public.event_batches b
     set next_at = now() + make_interval(secs => least(60, power(2, open_batch.attempts))), leased_by = null, reason = left(fn_fail_batch.reason, 500)
   where b.batch_id = fn_fail_batch.batch_id;
  return 'later';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_fail_batch(uuid, text, int) is
  'A batch could not be handed over or handled: later again, or a dead letter with its reason. max_attempts 0: Temporal was not there, and the attempt does not count.';

create or replace function public.fn_retry_event(event_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  revived text := 'event';
  of_fund uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('event_id', event_id);
  answer := evergreen.earlier_answer('fn_retry_event', request_id, input);
  if answer is not null then
    return answer ->> 'retried';
  end if;
  update public.event_outbox o set dead_at = null, attempts = 0, next_at = now(), reason = null
   where o.event_id = fn_retry_event.event_id and o.dead_at is not null returning o.fund_id into of_fund;
  if not found then
    revived := 'batch';
    update public.event_batches b set dead_at = null, attempts = 0, next_at = now(), reason = null
     where fn_retry_event.event_id = any (b.event_ids) and b.dead_at is not null and b.done_at is null;
    if not found then
      perform evergreen.fail('EG404', 'No dead letter with that event id.');
    end if;
  end if;
  perform evergreen.audit(of_fund, 'fund_events', event_id::text, 'dead letter retried', request_id);
  perform evergreen.keep_answer('fn_retry_event', request_id, input, jsonb_build_object('retried', revived));
  if pg_try_advisory_xact_lock(7236511) then
    perform pg_notify('evergreen_events', '');
  end if;
  return revived;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retry_event(uuid, text) is 'Puts a dead letter (or the dead batch that holds the event) back into the queue. EG404 when there is none.';

-- from sql/63-fn-liquidity.sql
-- The liquidity ladder: capacity of a bucket, what is reserved of it, and the 30-day cover of domain rule R38.

create or replace function evergreen.bucket_name(alias text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when b in ('1d', '7d', '30d', '90d', '180d', '365d', 'gt365d') then b end
    from (select case when alias ~ '^T\+[0-9]+$' then substr(alias, 3) || 'd' else alias end as b) named
$$;
comment on function evergreen.bucket_name(text) is 'The bucket''s own name for a name or an alias such as T+30; null when there is no such bucket.';

create or replace function evergreen.ladder_date(of_fund uuid, of_side text, of_scenario text) returns date language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select max(l.as_of) from public.liquidity_ladder l where l.fund_id = of_fund and l.side = of_side and l.scenario_id = of_scenario
$$;
comment on function evergreen.ladder_date(uuid, text, text) is 'Date of the newest ladder of a fund, side and scenario.';

create or replace function public.fn_update_liquidity_bucket(bucket text, delta_capacity numeric, context jsonb, request_id text default null)
returns public.liquidity_ladder language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  named text := evergreen.bucket_name(bucket);
  of_fund uuid;
  of_side text := coalesce(context ->> 'side', 'asset');
  of_scenario text := coalesce(context ->> 'scenario_id', 'base');
  on_day date;
  rung public.liquidity_ladder;
  unit text;
begin
  perform evergreen.require_role('agent_liquidity_engine', 'agent_simulation', 'pm_role', 'ops_role', 'service_role');
  input := jsonb_build_object('bucket', bucket, 'delta_capacity', delta_capacity, 'context', context);
  answer := evergreen.earlier_answer('fn_update_liquidity_bucket', request_id, input);
  if answer is not null then
    return jsonb_populate_record(null::public.liquidity_ladder, answer);
  end if;
  of_fund := (context ->> 'fund_id')::uuid;
  perform evergreen.refuse_unless(named is not null, 'EG400', 'Unknown bucket. Known: 1d, 7d, 30d, 90d, 180d, 365d, gt365d (or T+1, T+7, T+30 …).');
  perform evergreen.refuse_unless(of_side in ('asset', 'liability'), 'EG400', 'context.side is asset or liability.');
  perform evergreen.refuse_unless(length(of_scenario) between 1 and 80, 'EG400', 'context.scenario_id has 1 to 80 characters.');
  perform evergreen.refuse_unless(delta_capacity is not null and delta_capacity not in ('NaN', 'Infinity', '-Infinity'), 'EG400', 'delta_capacity is a finite amount.');
  select f.base_currency into unit from public.funds f where f.fund_id = of_fund;
  perform evergreen.refuse_unless(unit is not null, 'EG404', 'context.fund_id names no fund.');
  perform evergreen.refuse_unless(evergreen.within_exponent(delta_capacity, unit), 'EG400', 'delta_capacity has more decimals than the currency.');
  on_day := coalesce((context ->> 'as_of')::date, evergreen.ladder_date(of_fund, of_side, of_scenario), current_date);
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity)
  values (of_fund, of_side, on_day, of_scenario, named, 0) on conflict do nothing;
  select * into rung from public.liquidity_ladder l
   where l.fund_id = of_fund and l.side = of_side and l.as_of = on_day and l.scenario_id = of_scenario and l.bucket = named for no key update;
  perform evergreen.refuse_unless(rung.capacity + delta_capacity >= 0 and (of_side = 'liability' or rung.capacity + delta_capacity >= rung.utilization),
    'EG424', 'The bucket would fall below what is reserved of it.');
  update public.liquidity_ladder l set capacity = l.capacity + delta_capacity where l.ladder_id = rung.ladder_id returning * into rung;
  perform evergreen.emit('LIQUIDITY_UPDATED', of_fund, jsonb_build_object('bucket', named, 'side', of_side), evergreen.actor());
  perform evergreen.audit(of_fund, 'liquidity_ladder', rung.ladder_id::text, 'capacity of ' || of_side || ' bucket ' || named || ' changed: ' || coalesce(left(context ->> 'reason', 100), 'no reason given'), request_id);
  perform evergreen.keep_answer('fn_update_liquidity_bucket', request_id, input, to_jsonb(rung));
  return rung;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_update_liquidity_bucket(text, numeric, jsonb, text) is
  'Adds delta_capacity (fund currency) to a bucket under its row lock. context = {fund_id, side, as_of, scenario_id, reason}. EG400, EG404, EG424 below what is reserved.';

create or replace function evergreen.thirty_day_cover(of_fund uuid, of_proposal uuid, out assets numeric, out liabilities numeric)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  near text[] := array['1d', '7d', '30d'];
begin
  select coalesce(sum(l.capacity - l.utilization), 0) into assets from public.liquidity_ladder l
   where l.fund_id = of_fund and l.side = 'asset' and l.scenario_id = 'base' and l.as_of = evergreen.ladder_date(of_fund, 'asset', 'base') and l.bucket = any (near);
  -- what is planned, what stress adds to the plan, and beside both what was accepted: it is certain and still to be paid (R35)
  select coalesce(sum(l.capacity + l.stress_delta + l.utilization), 0) into liabilities from public.liquidity_ladder l
   where l.fund_id = of_fund and l.side = 'liability' and l.scenario_id = 'base' and l.as_of = evergreen.ladder_date(of_fund, 'liability', 'base') and l.bucket = any (near);
  if of_proposal is not null then
    select assets + coalesce(sum(c.change) filter (where c.bucket = any (near)), 0) into assets from evergreen.trade_effects(of_proposal) c;
    -- its own reservation is not a drain on itself
    select assets + coalesce(sum(r.amount), 0) into assets from public.liquidity_reservations r where r.proposal_id = of_proposal and r.released_at is null;
  end if;
end $$;
comment on function evergreen.thirty_day_cover(uuid, uuid) is
  'Assets sellable within 30 days (after the proposal''s trades, if one is named) and stressed 30-day liabilities, accepted redemptions included, fund currency (R33, R35, R38).';

create or replace function evergreen.trade_effects(of_proposal uuid) returns table (asset_id uuid, bucket text, change numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what each trade adds to (buy) or takes from (sell) the bucket of its asset; cash answers with the opposite less the cost
  with trades as (
    select (t ->> 'asset_id')::uuid as asset_id, t ->> 'side' as side, (t ->> 'amount')::numeric as amount, (t ->> 'cost')::numeric as cost
      from public.proposals p, jsonb_array_elements(p.body -> 'trades') t where p.proposal_id = of_proposal
  ), moves as (
    select t.asset_id, case t.side when 'buy' then t.amount else -t.amount end as change from trades t
    union all
    select (p.body ->> 'cash_asset_id')::uuid, coalesce((select sum(case t.side when 'buy' then -t.amount else t.amount end - t.cost) from trades t), 0)
      from public.proposals p where p.proposal_id = of_proposal and p.body ->> 'cash_asset_id' is not null
  )
  select m.asset_id, a.bucket, sum(m.change) from moves m join public.assets a on a.id = m.asset_id group by m.asset_id, a.bucket
$$;
comment on function evergreen.trade_effects(uuid) is 'Change in market value per asset that the trades of a proposal make, cash included, fund currency.';

create or replace function public.fn_reserve_liquidity(proposal_id uuid, request_id text default null)
returns table (result text, reason text, ratio numeric) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  cover record;
  rung public.liquidity_ladder;
  needed numeric;
  multiple numeric;
  passed boolean;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_reserve_liquidity', request_id, input);
  if answer is not null then
    return query select answer ->> 'result', answer ->> 'reason', (answer ->> 'ratio')::numeric;
    return;
  end if;
  select * into p from public.proposals x where x.proposal_id = fn_reserve_liquidity.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  -- once per proposal, whatever the request id
  if exists (select from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine') then
    return query select c.result, c.detail, c.value from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine';
    return;
  end if;
  perform evergreen.refuse_unless(p.status = 'checking', 'EG428', 'The proposal is ' || p.status || '.');
  perform 1 from public.liquidity_ladder l where l.fund_id = p.fund_id and l.side = 'asset' and l.scenario_id = 'base' order by l.ladder_id for no key update;
  select * into cover from evergreen.thirty_day_cover(p.fund_id, p.proposal_id);
  -- a quotient has as many decimals as its operands, at least: the inner round() carries it to the eighteenth
  multiple := case when cover.liabilities = 0 then null else round(round(cover.assets, 20) / cover.liabilities, 18) end;
  passed := multiple is null or multiple >= 1.2;
  -- buys settle from cash: what they cost is set aside in the one-day bucket until the proposal is applied or refused
  select coalesce(sum((t ->> 'amount')::numeric + (t ->> 'cost')::numeric), 0) into needed
    from jsonb_array_elements(p.body -> 'trades') t where t ->> 'side' = 'buy';
  needed := needed - least(needed, (select coalesce(sum((t ->> 'amount')::numeric - (t ->> 'cost')::numeric), 0)
    from jsonb_array_elements(p.body -> 'trades') t where t ->> 'side' = 'sell'));
  if passed and needed > 0 then
    select * into rung from public.liquidity_ladder l
     where l.fund_id = p.fund_id and l.side = 'asset' and l.scenario_id = 'base' and l.bucket = '1d' and l.as_of = evergreen.ladder_date(p.fund_id, 'asset', 'base');
    if not found or rung.capacity - rung.utilization < needed then
      passed := false;
    end if;
  end if;
  if passed and needed > 0 then
    update public.liquidity_ladder l set utilization = l.utilization + needed where l.ladder_id = rung.ladder_id;
    insert into public.liquidity_reservations (fund_id, ladder_id, proposal_id, amount) values (p.fund_id, rung.ladder_id, p.proposal_id, needed);
  end if;
  insert into public.proposal_checks (proposal_id, room, rule, result, value, limit_value, detail)
  values (p.proposal_id, 'liquidity-engine', 'thirty_day_cover', case when passed then 'passed' else 'failed' end, multiple, 1.2,
    case when passed then 'R38: 30-day assets cover stressed 30-day liabilities'
         when multiple is null or multiple >= 1.2 then 'cash for the buys is reserved elsewhere'
         else 'R38: 30-day assets after the trades are below 1.2 × stressed 30-day liabilities' end);
  perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'liquidity ' || case when passed then 'reserved' else 'refused' end, request_id);
  return query select c.result, c.detail, c.value from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine';
  perform evergreen.keep_answer('fn_reserve_liquidity', request_id, input, (
    select jsonb_build_object('result', c.result, 'reason', c.detail, 'ratio', c.value) from public.proposal_checks c
     where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_reserve_liquidity(uuid, text) is
  'Checks R38 under the ladder''s row locks and reserves the cash that the trades need beyond their sales (fund currency, one-day bucket). Once per proposal.';

create or replace function public.fn_release_liquidity(proposal_id uuid, reason text, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  held record;
  freed int := 0;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('proposal_id', proposal_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_release_liquidity', request_id, input);
  if answer is not null then
    return (answer ->> 'released')::int;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 200, 'EG400', 'reason has 1 to 200 characters.');
  -- proposal, then ladder: the order in which everyone locks
  perform 1 from public.proposals x where x.proposal_id = fn_release_liquidity.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  for held in select * from public.liquidity_reservations r where r.proposal_id = fn_release_liquidity.proposal_id and r.released_at is null for no key update loop
    update public.liquidity_ladder l set utilization = l.utilization - held.amount where l.ladder_id = held.ladder_id;
    update public.liquidity_reservations r set released_at = now(), release_reason = reason where r.reservation_id = held.reservation_id;
    perform evergreen.audit(held.fund_id, 'liquidity_reservations', held.reservation_id::text, 'released: ' || left(reason, 100), request_id);
    freed := freed + 1;
  end loop;
  perform evergreen.keep_answer('fn_release_liquidity', request_id, input, jsonb_build_object('released', freed));
  return freed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_liquidity(uuid, text, text) is 'Gives back what is reserved for a proposal; returns how many reservations. Another request releases nothing more. EG404.';

-- from sql/67-fn-oversight.sql
-- Risk alerts, stress results and token operations: the first real activity of their rooms.

drop function if exists public.fn_raise_alert(uuid, text, text, text, text);
create or replace function public.fn_raise_alert(event_id uuid, kind text, severity text, reason text, request_id text default null, remedy jsonb default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  cause public.fund_events;
  id uuid;
begin
  perform evergreen.require_role('agent_risk_guardian');
  input := jsonb_build_object('event_id', event_id, 'kind', kind, 'severity', severity, 'reason', reason, 'remedy', remedy);
  answer := evergreen.earlier_answer('fn_raise_alert', request_id, input);
  if answer is not null then
    return (answer ->> 'alert_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(kind) between 1 and 80 and length(reason) between 1 and 500, 'EG400', 'kind (1 to 80 characters) and reason (1 to 500) are needed.');
  perform evergreen.refuse_unless(coalesce(jsonb_typeof(remedy), 'object') = 'object', 'EG400', 'remedy is a JSON object.');
  perform evergreen.refuse_unless(coalesce(octet_length(remedy::text), 0) <= 65536, 'EG413', 'remedy is larger than 64 KB.');
  select * into cause from public.fund_events e where e.event_id = fn_raise_alert.event_id;
  perform evergreen.refuse_unless(found and cause.fund_id is not null, 'EG404', 'No fund event with that id.');
  insert into public.risk_alerts (fund_id, kind, severity, reason, event_id, workflow_id, remedy)
  values (cause.fund_id, kind, severity, reason, cause.event_id, 'event/' || cause.event_id, remedy)
  on conflict do nothing returning alert_id into id;
  if id is null then
    return (select a.alert_id from public.risk_alerts a where a.event_id = cause.event_id and a.kind = fn_raise_alert.kind);
  end if;
  perform evergreen.emit('RISK_ALERT_RAISED', cause.fund_id, jsonb_build_object('alert_id', id, 'severity', severity), evergreen.actor(),
    jsonb_build_object('workflow_id', 'event/' || cause.event_id, 'causation_id', cause.event_id));
  perform evergreen.audit(cause.fund_id, 'risk_alerts', id::text, severity || ': ' || kind, request_id);
  perform evergreen.keep_answer('fn_raise_alert', request_id, input, jsonb_build_object('alert_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_raise_alert(uuid, text, text, text, text, jsonb) is
  'One alert per event and kind, with what could be done about it where that was computed; returns alert_id. EG400, EG404 when the event belongs to no fund, EG413.';

create or replace function public.fn_record_stress(event_id uuid, scenario_id text, loss numeric, method text, detail jsonb default '{}', request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  asked public.fund_events;
  done uuid;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('event_id', event_id, 'scenario_id', scenario_id, 'loss', loss, 'method', method, 'detail', detail);
  answer := evergreen.earlier_answer('fn_record_stress', request_id, input);
  if answer is not null then
    return (answer ->> 'event_id')::uuid;
  end if;
  -- locked, so that two runs of the room for one event come one after the other
  select * into asked from public.fund_events e where e.event_id = fn_record_stress.event_id and e.type = 'STRESS_REQUESTED' for no key update;
  perform evergreen.refuse_unless(found and asked.fund_id is not null, 'EG404', 'No stress was requested by that event.');
  -- the event is its own request id: a second run of the room answers the first result
  select e.event_id into done from public.fund_events e
   where e.fund_id = asked.fund_id and e.type = 'STRESS_COMPLETED' and e.event_meta ->> 'causation_id' = asked.event_id::text;
  if done is not null then
    return done;
  end if;
  perform evergreen.refuse_unless(abs(loss) < 1e30 and loss = round(loss, 4), 'EG400', 'loss is an amount with at most four decimals.');
  perform evergreen.refuse_unless(length(scenario_id) between 1 and 80 and length(method) between 1 and 40 and jsonb_typeof(detail) = 'object', 'EG400',
    'scenario_id (1 to 80 characters), method (1 to 40) and detail (a JSON object) are needed.');
  done := evergreen.emit('STRESS_COMPLETED', asked.fund_id, detail || jsonb_build_object('scenario_id', scenario_id, 'loss', loss::text, 'method', method), evergreen.actor(),
    jsonb_build_object('workflow_id', 'event/' || asked.event_id, 'causation_id', asked.event_id), '{}', request_id);
  perform evergreen.audit(asked.fund_id, 'fund_events', done::text, 'stress ' || scenario_id || ' completed by ' || method, request_id);
  perform evergreen.keep_answer('fn_record_stress', request_id, input, jsonb_build_object('event_id', done));
  return done;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress(uuid, text, numeric, text, jsonb, text) is 'Records the outcome of a stress run (loss in fund currency) as STRESS_COMPLETED, once per STRESS_REQUESTED event.';

create or replace function public.fn_log_compliance(event_id uuid, rule text, rule_version text, result text, detail jsonb default '{}', request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  subject public.fund_events;
  id uuid;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  input := jsonb_build_object('event_id', event_id, 'rule', rule, 'rule_version', rule_version, 'result', result, 'detail', detail);
  answer := evergreen.earlier_answer('fn_log_compliance', request_id, input);
  if answer is not null then
    return (answer ->> 'log_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(rule) between 1 and 80, 'EG400', 'rule has 1 to 80 characters.');
  -- locked, so that one rule is logged once for an event
  select * into subject from public.fund_events e where e.event_id = fn_log_compliance.event_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No event with that id.');
  select l.log_id into id from public.compliance_logs l where l.entity_id = subject.event_id::text and l.rule = fn_log_compliance.rule;
  if id is not null then
    return id;
  end if;
  insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, entity_type, entity_id, detail, workflow_id)
  values (subject.fund_id, evergreen.actor(), rule, rule_version, result, 'fund_events', subject.event_id::text, detail, 'event/' || subject.event_id) returning log_id into id;
  perform evergreen.audit(subject.fund_id, 'compliance_logs', id::text, rule || ' ' || result, request_id);
  perform evergreen.keep_answer('fn_log_compliance', request_id, input, jsonb_build_object('log_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_log_compliance(uuid, text, text, text, jsonb, text) is 'Writes the verdict of one rule on an event into compliance_logs, once.';

create or replace function public.fn_register_tokenization(event_id uuid, compliance_log_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  asked public.fund_events;
  approval public.compliance_logs;
  made public.tokenization_actions;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('event_id', event_id, 'compliance_log_id', compliance_log_id);
  answer := evergreen.earlier_answer('fn_register_tokenization', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into asked from public.fund_events e where e.event_id = fn_register_tokenization.event_id and e.type = 'TOKENIZATION_REQUESTED' for no key update;
  perform evergreen.refuse_unless(found and asked.fund_id is not null, 'EG404', 'No token operation was requested by that event.');
  select * into made from public.tokenization_actions a where a.request_key = asked.event_id::text;
  if found then
    return jsonb_build_object('action_id', made.action_id, 'status', made.status);
  end if;
  -- only a verdict of this rule on this fund counts; without one the operation is refused
  select * into approval from public.compliance_logs l
   where l.fund_id = asked.fund_id and l.rule = 'tokenization_approval'
     and case when fn_register_tokenization.compliance_log_id is null then l.entity_id = asked.event_id::text
              else l.log_id = fn_register_tokenization.compliance_log_id end
   order by l.created_at desc, l.log_id limit 1;
  perform evergreen.refuse_unless(found or compliance_log_id is null, 'EG404', 'No tokenization approval of this fund with that id.');
  insert into public.tokenization_actions (fund_id, chain, instrument, size, status, compliance_log_id, request_key)
  values (asked.fund_id, asked.payload ->> 'chain', asked.payload ->> 'instrument', (asked.payload ->> 'size')::numeric,
    case approval.result when 'passed' then 'awaiting_approval' else 'refused' end, approval.log_id, asked.event_id::text)
  returning * into made;
  perform evergreen.audit(asked.fund_id, 'tokenization_actions', made.action_id::text, 'token operation registered: ' || made.status, request_id);
  answer := jsonb_build_object('action_id', made.action_id, 'status', made.status);
  perform evergreen.keep_answer('fn_register_tokenization', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_register_tokenization(uuid, uuid, text) is 'Registers a requested token operation against its compliance verdict; nothing is sent to a chain. Returns {action_id, status}.';

-- from sql/69-fn-demo.sql
-- The demo: its clock, and what only its loader may do. The past of the demo fund is made by the functions everybody calls; what stands here lets the loader
-- say when that was, and load what no function takes. Only demo_role, only in a database marked as a demo (platform_settings), only rows labelled synthetic.

create or replace function evergreen.is_demo() returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.platform_settings s where s.key = 'demo' and s.value = 'true'::jsonb)
$$;
comment on function evergreen.is_demo() is 'Whether this database is marked as a demo.';

create or replace function evergreen.demo_clock() returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- anybody can set a setting: it counts only where the demo role had it audited in this very transaction
  select c.at::timestamptz from (select nullif(current_setting('evergreen.demo_clock', true), '') as at) c
   where c.at is not null and exists (select from public.audit_trail a
     where a.tx = pg_current_xact_id_if_assigned() and a.entity_type = 'demo_clock' and a.entity_id = c.at and a.created_by = 'demo')
$$;
comment on function evergreen.demo_clock() is 'When this transaction of a demo''s past is said to happen; null in every other transaction.';

create or replace function evergreen.clock() returns timestamptz language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(case when coalesce(current_setting('evergreen.demo_clock', true), '') <> '' then evergreen.demo_clock() end, now())
$$;
comment on function evergreen.clock() is 'The database''s clock: now(), save in a transaction of a demo''s past.';

create or replace function public.fn_set_demo_clock(at timestamptz) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('demo_role');
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  perform evergreen.refuse_unless(isfinite(at) and at between '2000-01-01T00:00:00Z' and now(), 'EG400', 'at is a time of the past, from 2000 on.');
  perform evergreen.audit(null, 'demo_clock', at::text, 'this transaction is dated back to ' || at, null);
  perform set_config('evergreen.demo_clock', at::text, true);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_demo_clock(timestamptz) is
  'Dates what the rest of this transaction records back to a time of the past, and audits that. Events of it are not handed to runs. EG400, EG428 not a demo database.';

create or replace function evergreen.backdate() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  at timestamptz := evergreen.demo_clock();
  dated jsonb;
begin
  if at is null then
    return new;
  end if;
  -- whatever is now in the row was put there by the clock; when the row itself was made stays true (but a change of state has no other time), and when the bus carried an event
  select jsonb_object_agg(c.key, at) into dated from jsonb_each(to_jsonb(new)) c
   where c.value = to_jsonb(now()) and (c.key not in ('created_at', 'updated_at') or (c.key = 'created_at' and tg_table_name = 'order_transitions'))
     and (c.key <> 'recorded_at' or tg_table_name <> 'fund_events');
  return jsonb_populate_record(new, coalesce(dated, '{}'));
end $$;
comment on function evergreen.backdate() is 'In a transaction of a demo''s past, every time of a row that the clock has set is the demo clock''s.';

do $$
declare
  t record;
begin
  for t in select c.table_name from information_schema.tables c where c.table_schema = 'public' and c.table_type = 'BASE TABLE'
            and (c.table_name in ('order_transitions', 'class_navs', 'approvals', 'proposals', 'lmt_activations')
              or exists (select from information_schema.columns x where x.table_schema = 'public' and x.table_name = c.table_name and x.column_name = 'recorded_at')) loop
    -- elsewhere it costs one look at a setting
    execute format('create or replace trigger backdate before insert or update on public.%I for each row when (current_setting(''evergreen.demo_clock'', true) <> '''')
      execute function evergreen.backdate()', t.table_name);
  end loop;
end $$;

create or replace function evergreen.demo_rows(chunk jsonb, list text) returns jsonb language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  found jsonb := coalesce(chunk -> list, '[]');
begin
  perform evergreen.refuse_unless(jsonb_typeof(found) = 'array', 'EG400', list || ' is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(found) <= 5000, 'EG413', list || ' has at most 5,000 rows in one chunk.');
  return found;
end $$;
comment on function evergreen.demo_rows(jsonb, text) is 'One list of a demo chunk, empty when absent; refuses what is no list or too long.';

create or replace function public.fn_load_demo(chunk jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  list text;
  n int;
  counts jsonb := '{}';
begin
  perform evergreen.require_role('demo_role');
  input := jsonb_build_object('sha256', encode(sha256(convert_to(chunk::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_load_demo', request_id, input);
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = chunk ->> 'fund' and f.synthetic for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No synthetic fund with that code.');
  foreach list in array array['investors', 'access', 'snapshots', 'lapses'] loop
    counts := counts || jsonb_build_object(list, jsonb_array_length(evergreen.demo_rows(chunk, list)));
    -- the past, never the future
    perform evergreen.refuse_unless(not exists (
      select from jsonb_array_elements(evergreen.demo_rows(chunk, list)) r
       where greatest((r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz) > now()), 'EG400', list || ' holds a row of the future.');
  end loop;

  insert into public.investors (code, classification, kyc_status, eligibility_tags, synthetic, kyc_valid_until, effective_at, recorded_at)
  select r ->> 'code', r ->> 'classification', 'approved', array(select jsonb_array_elements_text(r -> 'eligibility_tags')), true,
         (r ->> 'kyc_valid_until')::timestamptz, (r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'investors')) r;

  -- a demo login sees synthetic investors only
  insert into public.investor_access (user_id, investor_id, kind, valid_until)
  select (r ->> 'user_id')::uuid, i.investor_id, r ->> 'kind', (r ->> 'valid_until')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'access')) r join public.investors i on i.code = r ->> 'investor' and i.synthetic;
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = (counts ->> 'access')::int, 'EG404', 'access names a synthetic investor that is not there.');

  insert into public.asset_snapshots (snapshot_id, asset_id, fund_id, as_of, nav, leverage, esg_score, method, source, effective_at, recorded_at)
  select (r ->> 'id')::uuid, a.id, of_fund.fund_id, (r ->> 'as_of')::date, (r ->> 'nav')::numeric, (r ->> 'leverage')::numeric, (r ->> 'esg_score')::numeric,
         r ->> 'method', r ->> 'source', (r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'snapshots')) r join public.assets a on a.fund_id = of_fund.fund_id and a.external_key = r ->> 'asset';
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = (counts ->> 'snapshots')::int, 'EG404', 'snapshots names an asset that the fund does not have.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(evergreen.demo_rows(chunk, 'snapshots')) r
     where not evergreen.within_exponent((r ->> 'nav')::numeric, of_fund.base_currency)), 'EG400', 'An amount has more decimals than the currency.');

  -- whose clearance ran out and was not renewed
  update public.investors i set kyc_status = 'expired' from jsonb_array_elements(evergreen.demo_rows(chunk, 'lapses')) r
   where i.code = r ->> 'investor' and i.synthetic and i.kyc_valid_until <= now();
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = (counts ->> 'lapses')::int, 'EG404', 'lapses names a synthetic investor that is not there or still cleared.');

  perform evergreen.audit(of_fund.fund_id, 'funds', of_fund.fund_id::text, 'synthetic demo rows loaded: ' || (
    select string_agg(c.key || ' ' || c.value, ', ' order by c.key) from jsonb_each_text(counts) c), request_id);
  answer := jsonb_build_object('fund_id', of_fund.fund_id) || counts;
  perform evergreen.keep_answer('fn_load_demo', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_load_demo(jsonb, text) is
  'Loads what a synthetic fund is told: investors, access, marks (fund currency) with their times, lapses of clearance; all or nothing; returns the counts. No result of dealing. EG400, EG404, EG413, EG428 not a demo database.';

create or replace function public.fn_batch_demo_orders(fund text, direction text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  events uuid[];
  id uuid;
begin
  perform evergreen.require_role('demo_role');
  input := jsonb_build_object('fund', fund, 'direction', direction);
  answer := evergreen.earlier_answer('fn_batch_demo_orders', request_id, input);
  if answer is not null then
    return (answer ->> 'batch_id')::uuid;
  end if;
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  select * into of_fund from public.funds f where (f.code = fn_batch_demo_orders.fund or f.fund_id::text = fn_batch_demo_orders.fund) and f.synthetic for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No synthetic fund with that code.');
  perform evergreen.refuse_unless(direction in ('subscription', 'redemption'), 'EG400', 'direction is subscription or redemption.');
  -- those whose event nobody was handed: orders of today are on their way to the intake
  select array_agg(f.event_id order by f.requested_at, f.flow_id) into events from public.fund_flows f
   where f.fund_id = of_fund.fund_id and f.direction = fn_batch_demo_orders.direction and f.status = 'submitted' and f.requested_at <= evergreen.clock()
     and not exists (select from public.event_outbox o where o.event_id = f.event_id);
  if events is not null then
    insert into public.event_batches (type, event_ids, events, attempts, next_at, leased_by)
    -- should the loader end before they are taken in, whoever takes batches in does it later
    values (upper(direction) || '_REQUESTED', events, cardinality(events), 1, now() + interval '1 hour', 'demo') returning batch_id into id;
  end if;
  perform evergreen.audit(of_fund.fund_id, 'event_batches', coalesce(id::text, 'none'), 'synthetic orders to take in: ' || coalesce(cardinality(events), 0), request_id);
  perform evergreen.keep_answer('fn_batch_demo_orders', request_id, input, jsonb_build_object('batch_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_batch_demo_orders(text, text, text) is
  'Puts the submitted orders of a demo''s past into a batch for the intake; null when there are none. EG400, EG404, EG428 not a demo database.';

create or replace function public.fn_hand_over_demo_days(fund text, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  n int;
begin
  perform evergreen.require_role('demo_role');
  input := jsonb_build_object('fund', fund);
  answer := evergreen.earlier_answer('fn_hand_over_demo_days', request_id, input);
  if answer is not null then
    return (answer ->> 'days')::int;
  end if;
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  select * into of_fund from public.funds f where (f.code = fn_hand_over_demo_days.fund or f.fund_id::text = fn_hand_over_demo_days.fund) and f.synthetic for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No synthetic fund with that code.');
  -- all classes of a date at once: one of them makes the NAV for those whose days are open (a run that has begun is not begun again)
  insert into public.event_outbox (seq, event_id, type, mode, fund_id)
  select e.seq, e.event_id, e.type, 'run', e.fund_id from public.fund_events e join public.dealing_days d on d.dealing_day_id = (e.payload ->> 'dealing_day_id')::uuid
   where e.fund_id = of_fund.fund_id and e.type = 'DEALING_DAY_OPENED' and d.status = 'open'
  on conflict do nothing;
  get diagnostics n = row_count;
  if pg_try_advisory_xact_lock(7236511) then
    perform pg_notify('evergreen_events', '');
  end if;
  perform evergreen.audit(of_fund.fund_id, 'dealing_days', of_fund.fund_id::text, 'dealing days handed over to their runs: ' || n, request_id);
  perform evergreen.keep_answer('fn_hand_over_demo_days', request_id, input, jsonb_build_object('days', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_hand_over_demo_days(text, text) is
  'Dealing days of a demo''s past that are still open go on as runs, like any other; returns how many. EG404, EG428 not a demo database.';

-- from sql/6c-fn-mark-facts.sql
-- Marks between valuations (R5): values of indices, how an asset is rolled forward with one, and what the breaker holds a new mark against.

create or replace function evergreen.market_counts(of_import uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select of_import is null or exists (select from public.market_imports b where b.import_id = of_import and b.status <> 'undone')
$$;
comment on function evergreen.market_counts(uuid) is 'Whether values of an import count: it was not undone. What was recorded by hand always does.';

create or replace function public.fn_record_index_values(index_values jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  bad int;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('sha256', encode(sha256(convert_to(index_values::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_record_index_values', request_id, input);
  if answer is not null then
    return (answer ->> 'values')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(index_values) = 'array', 'EG400', 'index_values is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(index_values) between 1 and 200000, 'EG413', 'index_values has 1 to 200,000 rows.');
  select count(*) into bad from jsonb_to_recordset(index_values) v (series text, as_of date, value numeric, source text)
   where (v.series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and isfinite(v.as_of) and v.as_of <= evergreen.clock()::date and v.value > 0 and v.value < 1e18
     and length(v.source) between 1 and 200) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' values have no series, no date up to today, no value above 0 or no source.');
  -- an index is a market series like any other: one place holds them all
  insert into public.market_series (series, kind, unit, recorded_by)
  select distinct v.series, 'index', 'points', evergreen.actor() from jsonb_to_recordset(index_values) v (series text) on conflict do nothing;
  perform evergreen.refuse_unless(not exists (select from public.market_series s where s.kind <> 'index' and s.series in (select v.series from jsonb_to_recordset(index_values) v (series text))),
    'EG428', 'One of the series is no index.');
  insert into public.market_data (series, as_of, value, source, recorded_by)
  select v.series, v.as_of, v.value, v.source, evergreen.actor()
    from rows from (jsonb_to_recordset(index_values) as (series text, as_of date, value numeric, source text)) with ordinality v (series, as_of, value, source, place) order by v.place;
  get diagnostics n = row_count;
  perform evergreen.emit('INDEX_VALUES_RECORDED', null, jsonb_build_object('values', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(f.fund_id, null, null, 'index values recorded') from public.funds f
   where f.fund_id in (select r.fund_id from public.roll_forwards r where r.series in (select v.series from jsonb_to_recordset(index_values) v (series text)));
  perform evergreen.audit(null, 'market_data', 'market_data', 'index values recorded: ' || n, request_id);
  perform evergreen.keep_answer('fn_record_index_values', request_id, input, jsonb_build_object('values', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_index_values(jsonb, text) is
  'Records index_values = [{series, as_of, value, source}]; of two for one date the later counts, and both stay. A person types them, so the breaker of imports does not hold them. Returns how many. EG400, EG413, EG428 no index.';

create or replace function evergreen.index_value(of_series text, on_day date, most_age int) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select v.value from public.market_data v where v.series = of_series and v.as_of <= on_day and v.as_of >= on_day - most_age and evergreen.market_counts(v.import_id)
   order by v.as_of desc, v.recorded_at desc, v.seq desc limit 1
$$;
comment on function evergreen.index_value(text, date, int) is 'The value of an index on a day, or on the last day before it that has one and is not older than so many days; null when there is none.';

create or replace function public.fn_set_roll_forward(fund text, asset text, series text, beta numeric, after_days int, effective_from date, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  of_asset public.assets;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'asset', asset, 'series', series, 'beta', beta, 'after_days', after_days, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_roll_forward', request_id, input);
  if answer is not null then
    return (answer ->> 'rule_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  select * into of_asset from public.assets a where a.fund_id = of_fund.fund_id and (a.external_key = asset or a.id::text = asset);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no asset with that key.');
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(num_nonnulls(series, beta, after_days) in (0, 3), 'EG400', 'series, beta and after_days go together; none of them ends the rule.');
  perform evergreen.refuse_unless(series is null or (series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and beta between -10 and 10 and after_days between 0 and 3650),
    'EG400', 'series is the name of an index, beta is -10 to 10, after_days 0 to 3,650.');
  perform evergreen.refuse_unless(series is null or of_asset.type <> 'cash', 'EG428', 'A balance of cash is not a mark.');
  insert into public.roll_forwards (asset_id, fund_id, series, beta, after_days, effective_from, set_by)
  values (of_asset.id, of_fund.fund_id, fn_set_roll_forward.series, fn_set_roll_forward.beta, fn_set_roll_forward.after_days, fn_set_roll_forward.effective_from, evergreen.actor()) returning rule_id into id;
  perform evergreen.emit('ROLL_FORWARD_SET', of_fund.fund_id, jsonb_build_object('asset_id', of_asset.id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'a roll-forward was set');
  perform evergreen.audit(of_fund.fund_id, 'roll_forwards', id::text, case when series is null then 'roll-forward ended' else 'roll-forward set' end, request_id);
  perform evergreen.keep_answer('fn_set_roll_forward', request_id, input, jsonb_build_object('rule_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_roll_forward(text, text, text, numeric, int, date, text) is
  'From a date on the mark of an asset that is older than after_days is carried forward in every NAV by beta times the return of an index since its day (R5); without series, beta and after_days that ends. Returns rule_id. EG400, EG404, EG428 cash.';

create or replace function evergreen.roll_forward_of(of_asset uuid, marked_on date, on_day date) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('series', r.series, 'beta', trim_scale(r.beta)::text,
      -- an index that was not published for so long is no index of the day
      'index_at_mark', trim_scale(evergreen.index_value(r.series, marked_on, 7))::text, 'index_now', trim_scale(evergreen.index_value(r.series, on_day, 7))::text,
      'payments', (select coalesce(jsonb_agg(jsonb_build_object('on', p.paid_on, 'amount', trim_scale(case when p.kind = 'call' then p.amount else -p.amount end)::text,
          'index', trim_scale(evergreen.index_value(r.series, p.paid_on, 7))::text) order by p.paid_on, p.created_at, p.payment_id), '[]')
         from public.asset_payments p where p.asset_id = of_asset and p.paid_on > marked_on and p.paid_on <= on_day))
    from (select x.* from public.roll_forwards x where x.asset_id = of_asset and x.effective_from <= on_day order by x.effective_from desc, x.created_at desc, x.rule_id limit 1) r
   where r.series is not null and on_day - marked_on > r.after_days
$$;
comment on function evergreen.roll_forward_of(uuid, date, date) is
  'How a mark of one day is carried forward to another: index, beta, the index on both days (or within the seven before, null without one), and what was paid into or out of the asset since; null when no rule asks for it at that age.';

create or replace function evergreen.anchor_of(of_asset uuid, of_fund uuid, on_day date, marked_on date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- the value at the start of the window, not the last one: small steps cannot walk away. What a person confirmed, or what was traded, starts it anew.
  with setting as (select coalesce((select (p.value #>> '{}')::int from public.platform_settings p where p.key = 'price_breaker_window_days'), 30) as days),
  released as (
    select greatest((select max(s.as_of) from public.asset_snapshots s where s.asset_id = of_asset and s.scenario_id = '' and s.method = 'confirmed' and s.as_of < marked_on),
      (select max(p.recorded_at::date) from public.portfolio_allocations p where p.asset_id = of_asset and p.proposal_id is not null and p.recorded_at::date <= on_day)) as day
  ), struck as (
    select s.nav_date, i.value from public.nav_strikes s join public.nav_inputs i using (strike_id)
     where s.fund_id = of_fund and s.state = 'final' and s.nav_date < on_day and i.asset_id = of_asset
  )
  select coalesce(
    (select x.value from struck x, setting, released where x.nav_date > on_day - setting.days and x.nav_date >= coalesce(released.day, '-infinity') order by x.nav_date limit 1),
    (select s.nav from public.asset_snapshots s, released where s.asset_id = of_asset and s.scenario_id = '' and s.method = 'confirmed' and s.as_of = released.day
       and not exists (select from struck x where x.nav_date >= released.day) order by s.recorded_at desc limit 1),
    (select x.value from struck x order by x.nav_date desc limit 1))
$$;
comment on function evergreen.anchor_of(uuid, uuid, date, date) is
  'What the price breaker holds a mark against (R5): the value in the first final NAV within the window (price_breaker_window_days), since a person confirmed one or it was traded; with none in it, the one confirmed, or the last final NAV.';

-- from sql/6g-fn-closing.sql
-- The end of a dealing day (claims, close with its hash) and the invariants of orders, strikes and ledger as one checker.

create or replace function public.fn_open_claims(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  event uuid;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_open_claims', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'posted', 'EG428', 'The dealing day is ' || d.status || '.');
  event := evergreen.emit('CLAIMABLE', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  with moved as materialized (
    select f.flow_id from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status = 'allocated' order by f.flow_id for no key update of f
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor) select m.flow_id, 'allocated', 'claimable', event, evergreen.actor() from moved m
  )
  update public.fund_flows f set status = 'claimable' from moved m where f.flow_id = m.flow_id;
  -- nothing is left to pay where the money came first, where none moves, and where nothing is due
  with moved as materialized (
    select f.flow_id from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status = 'claimable'
      and (f.order_kind <> 'plain' or f.cleared_at is not null or (f.direction = 'redemption' and f.net_amount = 0))
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor) select m.flow_id, 'claimable', 'settled', event, evergreen.actor() from moved m
  )
  update public.fund_flows f set status = 'settled', settled_at = now() from moved m where f.flow_id = m.flow_id;
  update public.dealing_days x set status = 'claimable', step = 9 where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.settle_days(d.fund_id);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'claims opened', request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_open_claims', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_claims(uuid, text) is
  'What was allocated can be claimed; orders whose money is there already, switches and transfers are settled at once. EG404, EG428.';

create or replace function evergreen.day_hash(of_day uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- lines joined by \n; numbers as the shortest decimal string; one line per fill in the order of its id
  select encode(sha256(convert_to(concat_ws(E'\n', 'evergreen-day-1', d.fund_id, d.share_class_id, d.dealing_date, d.order_root, s.inputs_hash, p.hash,
      coalesce(d.decision ->> 'cap_units', 'no gate'),
      (select string_agg(concat_ws('|', a.flow_id, coalesce(trim_scale(a.requested_units)::text, ''), trim_scale(a.filled_units), trim_scale(a.carried_units), trim_scale(a.price),
          trim_scale(a.gross_amount), trim_scale(a.levy), trim_scale(a.fee), trim_scale(a.credit), trim_scale(a.net_amount)), E'\n' order by a.flow_id)
         from public.allocations a where a.dealing_day_id = d.dealing_day_id)), 'UTF8')), 'hex')
    from public.dealing_days d join public.nav_strikes s on s.strike_id = d.strike_id join public.proposals p on p.proposal_id = s.proposal_id where d.dealing_day_id = of_day
$$;
comment on function evergreen.day_hash(uuid) is 'sha256 over the committed book, the frozen inputs, the approved NAV, the cap and every fill of a day. Lower-case hex.';

create or replace function public.fn_close_dealing_day(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  broken text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_close_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'settled', 'EG428', 'The dealing day is ' || d.status || '; it closes when its orders are settled.');
  -- the books; whether every event was handed over is asked at rest
  select string_agg(distinct b.invariant || ' ' || b.entity_type, ', ') into broken from evergreen.broken_books(d.fund_id) b;
  perform evergreen.refuse_unless(broken is null, 'EG424', 'Invariants of the fund are broken: ' || coalesce(left(broken, 300), '') || '.');
  update public.dealing_days x set status = 'closed', step = 12, closed_at = now(), day_hash = evergreen.day_hash(x.dealing_day_id) where x.dealing_day_id = d.dealing_day_id returning * into d;
  perform evergreen.emit('DEALING_DAY_CLOSED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'day_hash', d.day_hash), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'dealing day closed, hash ' || left(d.day_hash, 12), request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_close_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_close_dealing_day(uuid, text) is 'Closes a settled day with its hash, once every invariant of the fund holds. EG404, EG424, EG428.';

create or replace function evergreen.rebuild_balances(of_fund uuid default null)
returns table (balance text, fund_id uuid, entity_id text, stored numeric, rebuilt numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with classes as (select c.share_class_id, c.fund_id, c.units_outstanding from public.share_classes c where of_fund is null or c.fund_id = of_fund),
  entries as materialized (select u.share_class_id, c.fund_id, u.account, u.investor_id, u.lot_id, sum(u.units) as units from public.unit_ledger u join classes c using (share_class_id) group by 1, 2, 3, 4, 5),
  cash as materialized (select m.fund_id, m.account, m.currency, m.investor_id, sum(m.amount) as amount from public.cash_movements m where of_fund is null or m.fund_id = of_fund group by 1, 2, 3, 4)
  select 'holdings', coalesce(r.fund_id, c.fund_id), coalesce(r.investor_id, h.investor_id) || '/' || coalesce(r.share_class_id, h.share_class_id), h.units, r.units
    from (public.holdings h join classes c using (share_class_id))
    full join (select e.fund_id, e.investor_id, e.share_class_id, sum(e.units) as units from entries e where e.account = 'holder' group by 1, 2, 3) r
      on r.investor_id = h.investor_id and r.share_class_id = h.share_class_id
   where coalesce(h.units, 0) <> coalesce(r.units, 0)
  union all
  select 'lots', c.fund_id, l.lot_id::text, l.units_left, r.units from public.lots l join classes c using (share_class_id)
    left join (select e.lot_id, sum(e.units) as units from entries e where e.lot_id is not null group by 1) r on r.lot_id = l.lot_id
   where l.units_left <> coalesce(r.units, 0)
  union all
  select 'units_outstanding', c.fund_id, c.share_class_id::text, c.units_outstanding, r.units from classes c
    join (select e.share_class_id, -sum(e.units) as units from entries e where e.account = 'outstanding' group by 1) r using (share_class_id) where c.units_outstanding <> r.units
  union all
  select 'cash', coalesce(r.fund_id, b.fund_id), coalesce(r.account, b.account) || '/' || coalesce(r.investor_id, b.investor_id)::text, b.amount, r.amount
    from (select x.* from public.cash_balances x where of_fund is null or x.fund_id = of_fund) b
    full join cash r on r.fund_id = b.fund_id and r.account = b.account and r.currency = b.currency
     -- a full join needs equality: nobody is the zero uuid
     and coalesce(r.investor_id, '00000000-0000-0000-0000-000000000000') = coalesce(b.investor_id, '00000000-0000-0000-0000-000000000000')
   where coalesce(b.amount, 0) <> coalesce(r.amount, 0)
$$;
comment on function evergreen.rebuild_balances(uuid) is 'Every stored balance (holdings, lots, units outstanding, cash) that is not, to the last digit, the sum of its entries.';

create or replace function evergreen.broken_books(of_fund uuid default null)
returns table (invariant text, entity_type text, entity_id text, detail text) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with days as (select d.* from public.dealing_days d where of_fund is null or d.fund_id = of_fund),
  heads as (select t.* from public.ledger_transactions t where of_fund is null or t.fund_id = of_fund),
  strikes as (select s.* from public.nav_strikes s where of_fund is null or s.fund_id = of_fund),
  noted as materialized (select e.payload ->> 'dealing_day_id' as day, array_agg(distinct e.type) as types from public.fund_events e
    where e.type in ('CUTOFF_REACHED', 'DEALING_DAY_POSTED', 'CLAIMABLE', 'DEALING_DAY_CLOSED') and (of_fund is null or e.fund_id = of_fund) group by 1)
  select 'I1', 'ledger_transactions', m.ledger_tx_id::text, 'cash does not sum to zero' from public.cash_movements m join heads t using (ledger_tx_id) group by m.ledger_tx_id, m.currency having sum(m.amount) <> 0
  union all
  select 'I1', 'cash_balances', b.fund_id::text, 'the accounts of a currency do not sum to zero' from public.cash_balances b where of_fund is null or b.fund_id = of_fund group by b.fund_id, b.currency having sum(b.amount) <> 0
  union all
  select 'I2', 'ledger_transactions', u.ledger_tx_id::text, 'units do not sum to zero' from public.unit_ledger u join heads t using (ledger_tx_id) group by u.ledger_tx_id, u.share_class_id having sum(u.units) <> 0
  union all
  select 'I2', 'share_classes', c.share_class_id::text, 'holdings do not sum to the units outstanding' from public.share_classes c
    join (select h.share_class_id, sum(h.units) as units, min(h.units) as least_units from public.holdings h group by 1) h using (share_class_id)
   where (of_fund is null or c.fund_id = of_fund) and (h.units <> c.units_outstanding or h.least_units < 0)
  union all
  select 'I2', 'holdings', x.investor_id || '/' || x.share_class_id, 'lots do not sum to the holding' from (
    select h.investor_id, h.share_class_id, h.units from public.holdings h join public.share_classes c using (share_class_id) where of_fund is null or c.fund_id = of_fund) x
    left join (select l.investor_id, l.share_class_id, sum(l.units_left) as units from public.lots l group by 1, 2) l using (investor_id, share_class_id) where x.units <> coalesce(l.units, 0)
  union all
  select 'I3', r.balance, r.entity_id, 'the balance is not the sum of its entries' from evergreen.rebuild_balances(of_fund) r
  union all
  select 'I4', 'dealing_days', t.dealing_day_id::text, 'a day is posted more than once' from heads t
   where t.kind = 'dealing' and not exists (select from public.ledger_transactions r where r.reverses = t.ledger_tx_id) group by t.dealing_day_id having count(*) > 1
  union all
  -- what one request did stands in one transaction, with its answer kept: asked again it gives that answer and does nothing
  select 'I4', 'commands', e.created_by || '/' || e.request_id, 'a request took effect more than once' from public.fund_events e
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund) group by e.created_by, e.request_id having count(distinct coalesce(e.origin_tx, e.tx)) > 1
  union all
  select 'I4', 'commands', e.created_by || '/' || e.request_id, 'a request took effect and no answer to it is kept' from public.fund_events e
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund)
     and not exists (select from public.commands k where k.principal = e.created_by and k.request_id = e.request_id) group by e.created_by, e.request_id
  union all
  select 'I5', 'pg_trigger', n.name, 'the table is not append-only' from unnest('{unit_ledger, cash_movements, ledger_transactions, order_transitions, order_leaves, nav_inputs, dealing_policies, lmt_policies, approvals, class_marks, in_kind_deliveries, statements, restatements, compensations, beneficial_owners, certain_inflows, repurchase_offers, market_series, market_data, esg_ratings, data_quality_results, roll_forwards}'::text[]) n (name)
   where 2 <> (select count(*) from pg_catalog.pg_trigger g where g.tgrelid = ('public.' || n.name)::regclass and g.tgname in ('append_only', 'append_only_truncate') and g.tgenabled in ('O', 'A'))
  union all
  select 'I6', 'class_navs', n.strike_id || '/' || n.share_class_id, 'the price is not the value over the units' from public.class_navs n join strikes s using (strike_id) join public.share_classes c using (share_class_id)
   where n.units > 0 and n.nav_per_unit <> round(round(n.nav, 30) / n.units, c.price_dp)
  union all
  select 'I6', 'series_navs', n.strike_id || '/' || n.share_class_id || '/' || n.series, 'the price of a series is not its value over its units' from public.series_navs n join strikes s using (strike_id) join public.share_classes c using (share_class_id)
   where n.nav_per_unit <> round(round(n.nav, 30) / n.units, c.price_dp)
  union all
  select 'I6', 'class_navs', n.strike_id || '/' || n.share_class_id, 'the series do not sum to the class' from public.class_navs n join strikes s using (strike_id)
    join (select x.strike_id, x.share_class_id, sum(x.nav) as nav, sum(x.units) as units, sum(x.performance_accrued) as fee from public.series_navs x group by 1, 2) x using (strike_id, share_class_id)
   where (x.nav, x.units, x.fee) is distinct from (n.nav, n.units, n.performance_accrued)
  union all
  select 'I6', 'lots', min(l.lot_id::text), 'lots of one series stand at different marks' from public.lots l join public.share_classes c using (share_class_id)
   where (of_fund is null or c.fund_id = of_fund) and l.units_left > 0 and l.series <> '' and exists (select from public.series_navs n where n.share_class_id = l.share_class_id and n.series = l.series)
   group by l.share_class_id, l.series having count(distinct (coalesce(l.high_water, l.price), coalesce(l.hurdle_from, l.opened_on))) > 1
  union all
  -- by series an order gets what its pieces get, each at the price that its series had
  select 'I6', 'allocations', a.flow_id::text, 'the pieces are not what the order got at the prices of their series' from days d join public.allocations a using (dealing_day_id) join public.fund_flows f using (flow_id)
    join public.share_classes c on c.share_class_id = a.share_class_id join public.currencies u on u.code = f.currency
    cross join lateral (select coalesce(sum(p.units), 0) as units, coalesce(sum(p.amount), 0) as amount, coalesce(sum(p.performance_fee), 0) as fee,
        bool_and(n.series is not null and p.worth = trunc(p.units * n.nav_per_unit, u.exponent) and p.amount = trunc(p.units * p.price, u.exponent)
          and p.price = case f.order_kind when 'plain' then round(n.nav_per_unit * (1 + coalesce((d.terms ->> 'swing_red')::numeric, 0)), c.price_dp) else n.nav_per_unit end) as sound
      from jsonb_to_recordset(a.pieces) p (series text, units numeric, price numeric, amount numeric, worth numeric, performance_fee numeric)
      left join public.series_navs n on n.strike_id = d.strike_id and n.share_class_id = a.share_class_id and n.series = p.series) x
   where f.direction = 'redemption' and f.order_kind <> 'transfer' and exists (select from public.series_navs n where n.strike_id = d.strike_id and n.share_class_id = a.share_class_id)
     and (x.units = a.filled_units and x.amount = a.gross_amount and x.fee = a.performance_fee and coalesce(x.sound, true)) is not true
  union all
  select 'I6', 'nav_strikes', s.strike_id::text, 'the classes do not sum to the fund' from strikes s where s.state in ('final', 'restated')
     and s.nav is distinct from (select sum(n.nav) from public.class_navs n where n.strike_id = s.strike_id)
  union all
  -- what was allocated is what was posted, order by order
  select 'I6', 'allocations', a.flow_id::text, 'the fill is not what was posted' from days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
    left join (select u.flow_id, sum(u.units) as units from public.unit_ledger u join heads t using (ledger_tx_id) where t.kind = 'dealing' and u.account = 'holder' group by 1) p on p.flow_id = a.flow_id
   where d.status in ('posted', 'claimable', 'settled', 'closed') and (coalesce(p.units, 0) <> case f.direction when 'redemption' then -a.filled_units else a.filled_units end
     or f.filled_units is distinct from a.filled_units)
  union all
  select 'I12', 'proposals', p.proposal_id::text, 'applied without the approvals it needs' from public.proposals p
   where (of_fund is null or p.fund_id = of_fund) and p.status = 'applied' and not evergreen.has_approvals(p)
  union all
  select 'I12', 'nav_strikes', s.strike_id::text, 'final without two approvals on its hash' from strikes s left join public.proposals p using (proposal_id)
   where s.state in ('final', 'restated') and (p.approvals_needed >= 2 and p.inputs ->> 'inputs_hash' = s.inputs_hash and p.status = 'applied' and evergreen.has_approvals(p)
     and p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at)) is not true
  union all
  select 'I13', 'liquidity_ladder', l.ladder_id::text, 'more is reserved than there is' from public.liquidity_ladder l where (of_fund is null or l.fund_id = of_fund) and l.side = 'asset' and l.utilization > l.capacity
  union all
  select 'I13', 'dealing_days', d.dealing_day_id::text, 'the fills exceed the cap' from days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
   where d.decision ->> 'cap_units' is not null and f.direction = 'redemption' and f.order_kind = 'plain' group by d.dealing_day_id, d.decision having sum(a.filled_units) > (d.decision ->> 'cap_units')::numeric
  union all
  select 'I13', 'allocations', a.flow_id::text, 'filled more than was asked' from days d join public.allocations a using (dealing_day_id) where a.filled_units + a.carried_units > a.requested_units
  union all
  select 'I13', 'dealing_days', d.dealing_day_id::text, 'the orders of a cohort are not treated equally' from days d where exists (select from evergreen.unequal_fills(d.dealing_day_id))
  union all
  select 'R22', 'class_marks', m.mark_id::text, 'a mark fell by a crystallisation' from public.class_marks m join public.share_classes c using (share_class_id)
   where (of_fund is null or c.fund_id = of_fund) and m.cause = 'crystallisation' and m.high_water < (m.body ->> 'before')::numeric
  union all
  select 'R13', 'share_classes', c.share_class_id::text, 'a side pocket issued units' from public.share_classes c join public.unit_ledger u using (share_class_id) join heads t using (ledger_tx_id)
   where c.pocket_of is not null and u.account = 'holder' and u.units > 0 and t.kind not in ('side_pocket', 'reversal')
  union all
  -- an investor who is not cleared today and whose record has not changed since the posting was not cleared then
  select 'I14', 'lots', l.lot_id::text, 'units were issued to an investor who was not cleared' from heads t join public.unit_ledger u using (ledger_tx_id) join public.lots l on l.lot_id = u.lot_id
    join public.investors i on i.investor_id = u.investor_id where t.kind = 'dealing' and u.units > 0
     and (i.kyc_status <> 'approved' and i.updated_at < t.posted_at or i.kyc_valid_until <= t.posted_at and i.updated_at < t.posted_at)
  union all
  select 'I16', 'dealing_days', d.dealing_day_id::text, 'orders were locked after their price was known' from days d join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = d.share_class_id
   where exists (select from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.priced_at is not null and f.locked_at >= (select min(m.published_at) from public.class_navs m
     join public.nav_strikes s on s.strike_id = m.strike_id where s.fund_id = d.fund_id and s.nav_date = d.dealing_date))
  union all
  select 'I16', 'nav_strikes', min(s.strike_id::text), 'a date has more than one NAV' from strikes s where s.state = 'final' group by s.fund_id, s.nav_date having count(*) > 1
  union all
  select 'I16', 'dealing_days', min(d.dealing_day_id::text), 'a class deals more than once on a date' from days d group by d.share_class_id, d.dealing_date having count(*) > 1
  union all
  select 'I16', 'dealing_days', d.dealing_day_id::text, 'the price was struck for another date, or is that of no strike' from days d
    left join public.nav_strikes s on s.strike_id = d.strike_id left join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = d.share_class_id
   where d.status in ('posted', 'claimable', 'settled', 'closed') and (s.nav_date = d.dealing_date and s.fund_id = d.fund_id and s.state in ('final', 'restated') and n.nav_per_unit > 0) is not true
  union all
  -- money on its way (fund currency; what the fund owes is negative): a switch leaves none behind, nobody is paid more than was owed, no more is sent back than
  -- came; what a reversal takes out of the debts is left aside, since it says that they never were
  select 'in_transit', 'cash_balances', b.fund_id::text, 'a switch left money in transit' from public.cash_balances b
   where (of_fund is null or b.fund_id = of_fund) and b.account = 'in_transit' group by b.fund_id, b.currency having sum(b.amount) <> 0
  union all
  select 'in_transit', 'cash_balances', m.fund_id || '/' || m.account || coalesce('/' || m.investor_id, ''), 'more was paid than was owed' from public.cash_movements m join heads t using (ledger_tx_id)
   where m.account in ('redemptions_payable', 'distributions_payable', 'fee_payable') and not (t.kind in ('reversal', 'compensation') and m.amount > 0)
   group by m.fund_id, m.account, m.investor_id, m.currency having sum(m.amount) > 0
  union all
  select 'in_transit', 'fund_flows', m.flow_id::text, 'more was sent back than had come' from public.cash_movements m join heads t using (ledger_tx_id) join public.fund_flows f on f.flow_id = m.flow_id
   where m.account = 'subscriptions_received' and f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'rejected', 'lapsed', 'cancelled')
     and not (t.kind = 'reversal' and m.amount > 0) group by m.flow_id, m.currency having sum(m.amount) > 0
  union all
  -- every write has its event, of the same fund, and by it a trace id
  select 'trace', 'ledger_transactions', t.ledger_tx_id::text, 'posted without an event of its own, or without a trace id' from heads t left join public.fund_events e using (event_id)
   where (coalesce(e.origin_tx, e.tx) = t.tx and e.fund_id = t.fund_id and length(e.event_meta ->> 'trace_id') = 32) is not true
     -- where the posting comes first, its event names it
     and not exists (select from public.fund_events n where t.event_id is null and coalesce(n.origin_tx, n.tx) = t.tx and n.fund_id = t.fund_id and n.payload ->> 'ledger_tx_id' = t.ledger_tx_id::text
       and length(n.event_meta ->> 'trace_id') = 32)
  union all
  select 'trace', 'order_transitions', t.flow_id::text, 'an order moved without an event, or without a trace id' from public.order_transitions t join public.fund_flows f using (flow_id)
    left join public.fund_events e on e.event_id = t.event_id
   where (of_fund is null or f.fund_id = of_fund) and (e.fund_id = f.fund_id and length(e.event_meta ->> 'trace_id') = 32) is not true
  union all
  select 'trace', 'dealing_days', d.dealing_day_id::text, 'there is no event of ' || x.type from days d
    join (values ('CUTOFF_REACHED', '{cut_off, inputs_frozen, nav_proposed, struck, lmt_decided, allocated, posted, claimable, settled, closed}'::text[]),
      ('DEALING_DAY_POSTED', '{posted, claimable, settled, closed}'), ('CLAIMABLE', '{claimable, settled, closed}'), ('DEALING_DAY_CLOSED', '{closed}')) x (type, reached) on d.status = any (x.reached)
    left join noted n on n.day = d.dealing_day_id::text where not x.type = any (coalesce(n.types, '{}'))
  union all
  select 'R1', 'fund_flows', x.flow_id::text, 'the state is not that of its last record' from (
    -- the stamp of a record is the clock's, so that two steps of one transaction stand in their order
    select distinct on (t.flow_id) t.flow_id, t.to_status, f.status from public.order_transitions t join public.fund_flows f using (flow_id)
     where of_fund is null or f.fund_id = of_fund order by t.flow_id, t.updated_at desc) x where x.status <> x.to_status
  union all
  select 'order_root', 'dealing_days', d.dealing_day_id::text, 'the order book is not what was committed' from days d where d.order_root is not null
     and d.order_root <> evergreen.merkle_root(array(select decode(l.leaf, 'hex') from public.order_leaves l where l.dealing_day_id = d.dealing_day_id order by l.position))
  union all
  select 'day_hash', 'dealing_days', d.dealing_day_id::text, 'the day is not what was closed' from days d where d.day_hash is not null and d.day_hash is distinct from evergreen.day_hash(d.dealing_day_id)
$$;
comment on function evergreen.broken_books(uuid) is
  'What is broken of I1–I6, I12–I14, I16, the marks and pockets (R22, R13), money in transit, the traces, the states of orders, the committed books and the closed days; of one fund or of all. No row: nothing.';

create or replace function evergreen.broken_effects(of_fund uuid default null)
returns table (invariant text, entity_type text, entity_id text, detail text) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with events as materialized (
    select e.event_id, e.seq, e.type, e.payload, t.mode from public.fund_events e join public.event_types t using (type)
     where t.mode <> 'note' and (of_fund is null or e.fund_id = of_fund)
       -- a demo's past was dealt by who made it, and its events were handed to nobody
       and not (evergreen.is_demo() and coalesce(e.origin_tx, e.tx) in (select a.tx from public.audit_trail a where a.entity_type = 'demo_clock' and a.created_by = 'demo'))
  ), batched as materialized (
    select b.batch_id, b.done_at, x.event_id from public.event_batches b cross join unnest(b.event_ids) x (event_id)
  ), moves as (
    select t.flow_id, e.seq, lag(e.seq) over (partition by t.flow_id order by t.updated_at) as before from public.order_transitions t
      join public.fund_flows f using (flow_id) join public.fund_events e on e.event_id = t.event_id where of_fund is null or f.fund_id = of_fund
  )
  select 'I7', 'fund_events', e.event_id::text, 'it waits nowhere, and ' || case e.mode when 'run' then 'no run of it began' else 'no batch has it' end from events e
   where not exists (select from public.event_outbox o where o.event_id = e.event_id)
     and case e.mode when 'run' then not exists (select from public.workflow_runs r where r.event_id = e.event_id)
                     when 'batch' then not exists (select from batched b where b.event_id = e.event_id) else false end
  union all
  select 'I7', 'event_outbox', o.event_id::text, 'a dead letter without a reason' from public.event_outbox o join events e using (event_id) where o.dead_at is not null and coalesce(o.reason, '') = ''
  union all
  select 'I7', 'event_batches', b.batch_id::text, 'a dead letter without a reason' from public.event_batches b where b.dead_at is not null and coalesce(b.reason, '') = ''
     and (of_fund is null or exists (select from events e where e.event_id = any (b.event_ids)))
  union all
  select 'I8', 'fund_events', r.event_id::text, 'more than one run began for it' from public.workflow_runs r join events e using (event_id) group by r.event_id having count(*) > 1
  union all
  select 'I8', 'fund_events', e.event_id::text, 'it was handed over more than once' from events e
    join (select b.event_id from batched b union all select o.event_id from public.event_outbox o where o.mode = 'batch') x using (event_id) group by e.event_id having count(*) > 1
  union all
  select 'I8', 'fund_flows', f.flow_id::text, 'its batch is done, and nobody looked at it' from batched b join events e using (event_id)
    join public.fund_flows f on f.flow_id = (e.payload ->> 'flow_id')::uuid and f.event_id = e.event_id where b.done_at is not null and f.status = 'submitted'
  union all
  select 'I8', 'fund_flows', t.flow_id::text, 'one event moved it to a state more than once' from public.order_transitions t join public.fund_flows f using (flow_id)
   where t.event_id is not null and (of_fund is null or f.fund_id = of_fund) group by t.flow_id, t.event_id, t.to_status having count(*) > 1
  union all
  select 'I8', 'ledger_transactions', min(t.ledger_tx_id::text), 'one event was posted more than once' from public.ledger_transactions t
   where t.event_id is not null and (of_fund is null or t.fund_id = of_fund) group by t.event_id having count(*) > 1
  union all
  select distinct 'I9', 'fund_flows', m.flow_id::text, 'it moved by an earlier event after a later one' from moves m where m.seq < m.before
  union all
  select 'I9', 'dealing_days', x.day, 'its events are not in the order of its steps' from (
    select e.payload ->> 'dealing_day_id' as day, e.type, array_position('{CUTOFF_REACHED, DEALING_DAY_POSTED, CLAIMABLE, DEALING_DAY_CLOSED}', e.type) as step,
           max(array_position('{CUTOFF_REACHED, DEALING_DAY_POSTED, CLAIMABLE, DEALING_DAY_CLOSED}', e.type)) over (partition by e.payload ->> 'dealing_day_id' order by e.seq) as reached
      from public.fund_events e where e.type in ('CUTOFF_REACHED', 'DEALING_DAY_POSTED', 'CLAIMABLE', 'DEALING_DAY_CLOSED') and (of_fund is null or e.fund_id = of_fund)) x
   where x.step < x.reached group by x.day
  union all
  select 'I9', 'ledger_transactions', t.ledger_tx_id::text, 'it reverses what came after it' from public.ledger_transactions t join public.ledger_transactions w on w.ledger_tx_id = t.reverses
    join public.fund_events e on e.event_id = t.event_id join public.fund_events b on b.event_id = w.event_id where (of_fund is null or t.fund_id = of_fund) and e.seq <= b.seq
$$;
comment on function evergreen.broken_effects(uuid) is
  'What is broken of I7 (no event lost), I8 (one effect per event) and I9 (effects in the order of events); of one fund or of all. To be asked at rest: between the handing over of an event and the first step of its run it is nowhere.';

create or replace function evergreen.broken_invariants(of_fund uuid default null)
returns table (invariant text, entity_type text, entity_id text, detail text) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select * from evergreen.broken_books(of_fund) union all select * from evergreen.broken_effects(of_fund)
$$;
comment on function evergreen.broken_invariants(uuid) is 'The one checker: the books (broken_books) and the effects of events (broken_effects) of one fund or of all. No row: nothing is broken.';

create or replace function public.fn_verify_invariants(fund text default null) returns table (invariant text, entity_type text, entity_id text, detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund uuid;
begin
  perform evergreen.require_role('audit_role', 'pm_role', 'ops_role', 'agent_commander');
  if fund is not null then
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  return query select b.invariant, b.entity_type, b.entity_id, b.detail from evergreen.broken_invariants(of_fund) b;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_verify_invariants(text) is 'Checks the invariants of orders, strikes and ledger of a fund (or all); answers what is broken, and nothing when all is well. EG404.';

-- from sql/6q-fn-schedules.sql
-- Schedules belong to Temporal; who pauses, resumes or backfills one, and why, is recorded here before it is done.

create or replace function public.fn_note_schedule(schedule_id text, action text, note text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note);
  answer := evergreen.earlier_answer('fn_note_schedule', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(schedule_id ~ '^[a-z]+(/[A-Za-z0-9_-]{1,40}){1,2}$', 'EG400', 'schedule_id is the kind, the code of a fund and perhaps of a class: deal/DEMO/I.');
  perform evergreen.refuse_unless(action in ('pause', 'resume', 'backfill'), 'EG400', 'action is pause, resume or backfill.');
  perform evergreen.refuse_unless(length(btrim(note)) between 1 and 300 and note !~ '[[:cntrl:]]', 'EG400', 'note is one line of 1 to 300 characters.');
  select * into of_fund from public.funds f where f.code = split_part(fn_note_schedule.schedule_id, '/', 2) for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with the code of that schedule.');
  answer := jsonb_build_object('event_id', evergreen.emit('SCHEDULE_NOTED', of_fund.fund_id,
    jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note), evergreen.actor(), '{}', '{}', request_id));
  perform evergreen.audit(of_fund.fund_id, 'schedules', schedule_id, 'schedule: ' || action, request_id);
  perform evergreen.keep_answer('fn_note_schedule', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_schedule(text, text, text, text) is
  'Records that a person pauses, resumes or backfills a schedule of a fund, and why; called before it is done. EG400, EG404.';

-- from sql/6q-fn-stress.sql
-- Stress runs: asked, opened on a snapshot, valued shard by shard, concluded scenario by scenario, closed. What a worker computes twice must come to the same bytes.

create or replace function evergreen.text_digest(body text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(body, 'UTF8')), 'hex')
$$;
comment on function evergreen.text_digest(text) is 'SHA-256 of the text in UTF-8, 64 hex digits.';

create or replace function public.fn_request_stress(fund text, scenarios jsonb, kind text default 'on_demand', request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  run_id uuid := gen_random_uuid();
  event uuid;
  bad text;
  n int;
begin
  perform evergreen.require_role('pm_role', 'agent_simulation', 'service_role');
  input := jsonb_build_object('fund', fund, 'kind', kind, 'sha256', evergreen.text_digest(scenarios::text));
  answer := evergreen.earlier_answer('fn_request_stress', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(kind in ('on_demand', 'nightly', 'laboratory'), 'EG400', 'kind is on_demand, nightly or laboratory.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(of_fund.status <> 'closed', 'EG428', 'The fund is closed.');
  perform evergreen.refuse_unless(
    exists (select from public.portfolio_allocations a where a.fund_id = of_fund.fund_id and a.superseded_at is null and a.market_value <> 0),
    'EG426', 'The fund has no holdings to stress; import a filing with holdings first.');
  perform evergreen.refuse_unless(jsonb_typeof(scenarios) = 'array', 'EG400', 'scenarios is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(scenarios) between 1 and 150 and octet_length(scenarios::text) <= 33554432, 'EG413', 'scenarios has 1 to 150 entries and at most 32 MB.');
  -- what is computed is what is hashed: the id and the version stand in the text
  select coalesce(s ->> 'scenario_id', '?') into bad from jsonb_array_elements(scenarios) s
   where (s ->> 'scenario_id' ~ '^[a-z0-9][a-z0-9_+-]{0,79}$' and s ->> 'version' ~ '^[1-9][0-9]{0,8}$' and length(s ->> 'title') between 1 and 200
     and s ->> 'scenario_hash' ~ '^[0-9a-f]{64}$' and octet_length(s ->> 'body') <= 4194304
     and evergreen.text_digest(s ->> 'body') = s ->> 'scenario_hash'
     and (s ->> 'body')::jsonb ->> 'id' = s ->> 'scenario_id' and (s ->> 'body')::jsonb ->> 'version' = s ->> 'version') is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'A scenario has scenario_id, version, title, body (JSON text that names the same id and version) and scenario_hash, its SHA-256; one has not.');
  select count(distinct s ->> 'scenario_hash') into n from jsonb_array_elements(scenarios) s;
  perform evergreen.refuse_unless(n = jsonb_array_length(scenarios), 'EG400', 'A scenario stands twice in the list.');
  insert into public.stress_scenarios (scenario_hash, scenario_id, version, title, body, recorded_by)
  select s ->> 'scenario_hash', s ->> 'scenario_id', (s ->> 'version')::int, s ->> 'title', s ->> 'body', evergreen.actor() from jsonb_array_elements(scenarios) s
   order by 1 on conflict do nothing;  -- one order, so that two callers do not wait for each other
  event := evergreen.emit('STRESS_RUN_REQUESTED', of_fund.fund_id, jsonb_build_object('stress_run_id', run_id, 'kind', kind, 'scenarios', n), evergreen.actor(), '{}', '{}', request_id);
  insert into public.stress_runs (stress_run_id, fund_id, event_id, kind, asked_by, scenarios, currency)
  values (run_id, of_fund.fund_id, event, kind, evergreen.actor(), n, of_fund.base_currency);
  insert into public.stress_outcomes (stress_run_id, scenario_hash, ordinal)
  select run_id, s ->> 'scenario_hash', place from jsonb_array_elements(scenarios) with ordinality l (s, place);
  perform evergreen.audit(of_fund.fund_id, 'stress_runs', run_id::text, 'stress run requested: ' || kind || ', scenarios ' || n, request_id);
  answer := jsonb_build_object('event_id', event, 'workflow_id', 'event/' || event, 'stress_run_id', run_id);
  perform evergreen.keep_answer('fn_request_stress', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_stress(text, jsonb, text, text) is
  'Asks for a stress run of a fund (code or id): scenarios = [{scenario_id, version, title, scenario_hash, body}], body = the JSON text whose SHA-256 is scenario_hash. Returns {event_id, workflow_id, stress_run_id}. EG400, EG404, EG413, EG426 no holdings, EG428.';

create or replace function public.fn_open_stress_run(
  stress_run_id uuid, snapshot_name text, snapshot_hash text, as_of date, code_hash text, seed text default null, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'snapshot_name', snapshot_name, 'snapshot_hash', snapshot_hash, 'as_of', as_of, 'code_hash', code_hash, 'seed', seed);
  answer := evergreen.earlier_answer('fn_open_stress_run', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into run from public.stress_runs r where r.stress_run_id = fn_open_stress_run.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  -- a run rests on one snapshot: who opens it again gets the one it has
  if run.snapshot_hash is null then
    perform evergreen.refuse_unless(run.status = 'running', 'EG428', 'The stress run has ended.');
    perform evergreen.refuse_unless(
      (length(snapshot_name) between 1 and 200 and snapshot_hash ~ '^[0-9a-f]{64}$' and code_hash ~ '^[0-9a-f]{64}$' and isfinite(as_of) and (seed is null or length(seed) between 1 and 80)) is true,
      'EG400', 'snapshot_name (1 to 200 characters), snapshot_hash and code_hash (64 hex digits), as_of and a seed of at most 80 characters are needed.');
    update public.stress_runs r set snapshot_name = fn_open_stress_run.snapshot_name, snapshot_hash = fn_open_stress_run.snapshot_hash,
           as_of = fn_open_stress_run.as_of, code_hash = fn_open_stress_run.code_hash, seed = fn_open_stress_run.seed
     where r.stress_run_id = run.stress_run_id returning * into run;
    perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'stress run opened on snapshot ' || left(run.snapshot_hash, 12), request_id);
  end if;
  answer := jsonb_build_object('stress_run_id', run.stress_run_id, 'fund_id', run.fund_id, 'status', run.status, 'scenarios', run.scenarios,
    'snapshot_name', run.snapshot_name, 'snapshot_hash', run.snapshot_hash, 'as_of', run.as_of, 'code_hash', run.code_hash, 'seed', run.seed);
  perform evergreen.keep_answer('fn_open_stress_run', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_stress_run(uuid, text, text, date, text, text, text) is
  'Records on which snapshot, by which code and seed a run is computed, once; a second call answers what stands. Returns {stress_run_id, fund_id, status, scenarios, snapshot_name, snapshot_hash, as_of, code_hash, seed}. EG400, EG404, EG428.';

create or replace function public.fn_record_stress_shard(stress_run_id uuid, scenario_hash text, shard int, body text, body_hash text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  stands public.stress_outcomes;
  there text;
begin
  perform evergreen.require_role('agent_simulation');
  perform evergreen.refuse_unless(coalesce(octet_length(body), 0) <= 16777216, 'EG413', 'body is JSON text of at most 16 MB.');
  perform evergreen.refuse_unless(shard between 0 and 99999 and jsonb_typeof(body::jsonb) = 'object' and evergreen.text_digest(body) = body_hash, 'EG400',
    'shard counts from 0, body is the text of a JSON object and body_hash its SHA-256.');
  -- before the answer given to this request id: of a run a repeated step gets the first answer whatever it brings, and here what it brings is the point
  select s.body_hash into there from public.stress_shards s
   where s.stress_run_id = fn_record_stress_shard.stress_run_id and s.scenario_hash = fn_record_stress_shard.scenario_hash and s.shard = fn_record_stress_shard.shard;
  perform evergreen.refuse_unless(there is null or there = body_hash, 'EG432', 'This shard was computed before and came to other bytes.');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'scenario_hash', scenario_hash, 'shard', shard, 'body_hash', body_hash);
  answer := evergreen.earlier_answer('fn_record_stress_shard', request_id, input);
  if answer is not null then
    return answer;
  end if;
  answer := jsonb_build_object('shard', shard, 'body_hash', body_hash);
  if there is not null then
    return answer;
  end if;
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_shard.stress_run_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  perform evergreen.refuse_unless(run.status = 'running' and run.snapshot_hash is not null, 'EG428', 'The stress run is not being computed.');
  select * into stands from public.stress_outcomes o where o.stress_run_id = run.stress_run_id and o.scenario_hash = fn_record_stress_shard.scenario_hash;
  perform evergreen.refuse_unless(found, 'EG404', 'The run has no scenario with that hash.');
  perform evergreen.refuse_unless(stands.status = 'waiting', 'EG428', 'The scenario has been concluded.');
  insert into public.stress_shards (stress_run_id, scenario_hash, shard, body, body_hash)
  values (run.stress_run_id, stands.scenario_hash, shard, body, body_hash) on conflict do nothing;
  if not found then
    -- another worker was quicker
    select s.body_hash into there from public.stress_shards s
     where s.stress_run_id = run.stress_run_id and s.scenario_hash = stands.scenario_hash and s.shard = fn_record_stress_shard.shard;
    perform evergreen.refuse_unless(there = body_hash, 'EG432', 'This shard was computed before and came to other bytes.');
    return answer;
  end if;
  perform evergreen.audit(run.fund_id, 'stress_shards', run.stress_run_id || '/' || stands.ordinal || '/' || shard, 'shard of a stress run valued', request_id);
  perform evergreen.keep_answer('fn_record_stress_shard', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_shard(uuid, text, int, text, text, text) is
  'Keeps the values of one shard of assets under one scenario, once; the same bytes again are success. Returns {shard, body_hash}. EG400, EG404, EG413, EG428, EG432 other bytes than before.';

create or replace function public.fn_record_stress_outcome(
  stress_run_id uuid, scenario_hash text, status text, body text default null, body_hash text default null, reason text default null, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  stands public.stress_outcomes;
  scenario public.stress_scenarios;
  outcome jsonb;
  rows int;
  bad int;
begin
  perform evergreen.require_role('agent_simulation');
  perform evergreen.refuse_unless(status in ('done', 'failed'), 'EG400', 'status is done or failed.');
  perform evergreen.refuse_unless(coalesce(octet_length(body), 0) <= 67108864, 'EG413', 'body is JSON text of at most 64 MB.');
  perform evergreen.refuse_unless(case status when 'done' then jsonb_typeof(body::jsonb) = 'object' and evergreen.text_digest(body) = body_hash and reason is null
      else num_nonnulls(body, body_hash) = 0 and length(reason) between 1 and 500 end, 'EG400',
    'What is done has body, the text of a JSON object, and body_hash, its SHA-256; what failed has a reason of 1 to 500 characters.');
  -- locked in this order everywhere: the run, then its outcome
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_outcome.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  select * into stands from public.stress_outcomes o where o.stress_run_id = run.stress_run_id and o.scenario_hash = fn_record_stress_outcome.scenario_hash;
  perform evergreen.refuse_unless(found, 'EG404', 'The run has no scenario with that hash.');
  perform evergreen.refuse_unless(stands.status <> 'done' or fn_record_stress_outcome.status <> 'done' or stands.body_hash = fn_record_stress_outcome.body_hash,
    'EG432', 'This scenario was computed before and came to other bytes.');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'scenario_hash', scenario_hash, 'status', status, 'body_hash', body_hash, 'reason', reason);
  answer := evergreen.earlier_answer('fn_record_stress_outcome', request_id, input);
  if answer is not null then
    return answer;
  end if;
  if stands.status = 'waiting' then
    perform evergreen.refuse_unless(run.status = 'running' and (run.snapshot_hash is not null or fn_record_stress_outcome.status = 'failed'), 'EG428', 'The stress run is not being computed.');
    if fn_record_stress_outcome.status = 'done' then
      outcome := body::jsonb;
      select * into scenario from public.stress_scenarios s where s.scenario_hash = stands.scenario_hash;
      perform evergreen.refuse_unless(
        outcome ->> 'scenarioHash' = scenario.scenario_hash and outcome ->> 'scenarioId' = scenario.scenario_id and outcome ->> 'fundId' = run.fund_id::text
          and outcome ->> 'snapshotHash' = run.snapshot_hash and outcome ->> 'asOf' = run.as_of::text and trim(outcome ->> 'currency') = trim(run.currency),
        'EG425', 'The outcome is of another fund, scenario, snapshot, date or currency than the run.');
      perform evergreen.refuse_unless(
        abs((outcome ->> 'navBefore')::numeric) < 1e30 and abs((outcome ->> 'navAfter')::numeric) < 1e30
          and evergreen.within_exponent((outcome ->> 'navBefore')::numeric, run.currency) and evergreen.within_exponent((outcome ->> 'navAfter')::numeric, run.currency)
          and (outcome ->> 'navBefore')::numeric - (outcome ->> 'navAfter')::numeric = (outcome ->> 'loss')::numeric,
        'EG400', 'navBefore − navAfter is the loss, each in the currency''s units.');
      perform evergreen.refuse_unless(jsonb_typeof(outcome -> 'byAsset') = 'array', 'EG400', 'byAsset is a list.');
      select count(*), count(*) filter (where (a.id is not null and abs((b ->> 'navAfter')::numeric) < 1e30 and evergreen.within_exponent((b ->> 'navAfter')::numeric, run.currency)
               and length(b ->> 'method') between 1 and 200) is not true) + count(*) - count(distinct b ->> 'assetId') into rows, bad
        from jsonb_array_elements(outcome -> 'byAsset') b left join public.assets a on a.id = (b ->> 'assetId')::uuid and a.fund_id = run.fund_id;
      perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' rows of byAsset are no value of an asset of the fund in the currency''s units with a method, or stand twice.');
      -- hypothetical values: the scenario marks them, so that no reader of marks ever takes them for one
      insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, scenario_id, method, source)
      select (b ->> 'assetId')::uuid, run.fund_id, run.as_of, (b ->> 'navAfter')::numeric, scenario.scenario_id, b ->> 'method', 'stress:' || run.stress_run_id
        from jsonb_array_elements(outcome -> 'byAsset') b;
    end if;
    update public.stress_outcomes o set status = fn_record_stress_outcome.status, reason = fn_record_stress_outcome.reason, body = fn_record_stress_outcome.body,
           body_hash = fn_record_stress_outcome.body_hash, nav_before = (outcome ->> 'navBefore')::numeric, nav_after = (outcome ->> 'navAfter')::numeric
     where o.stress_run_id = run.stress_run_id and o.scenario_hash = stands.scenario_hash returning * into stands;
    update public.stress_runs r set done = r.done + (stands.status = 'done')::int, failed = r.failed + (stands.status = 'failed')::int
     where r.stress_run_id = run.stress_run_id returning * into run;
    perform evergreen.audit(run.fund_id, 'stress_outcomes', run.stress_run_id || '/' || stands.ordinal, 'scenario of a stress run ' || stands.status, request_id);
  end if;
  answer := jsonb_build_object('status', stands.status, 'done', run.done, 'failed', run.failed, 'scenarios', run.scenarios);
  perform evergreen.keep_answer('fn_record_stress_outcome', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_outcome(uuid, text, text, text, text, text, text) is
  'Keeps what one scenario of a run came to (status done with body and hash, or failed with a reason), once, with a hypothetical value per asset in asset_snapshots; what stands first stays. Returns {status, done, failed, scenarios}. EG400, EG404, EG413, EG425 another run''s, EG428, EG432 other bytes than before.';

create or replace function public.fn_record_stress_check(stress_run_id uuid, scenario_hash text, body_hash text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  stands public.stress_outcomes;
  same boolean;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'scenario_hash', scenario_hash, 'body_hash', body_hash);
  answer := evergreen.earlier_answer('fn_record_stress_check', request_id, input);
  if answer is not null then
    return answer ->> 'result';
  end if;
  perform evergreen.refuse_unless(body_hash ~ '^[0-9a-f]{64}$', 'EG400', 'body_hash has 64 hex digits.');
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_check.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  select * into stands from public.stress_outcomes o where o.stress_run_id = run.stress_run_id and o.scenario_hash = fn_record_stress_check.scenario_hash;
  perform evergreen.refuse_unless(found, 'EG404', 'The run has no scenario with that hash.');
  perform evergreen.refuse_unless(run.status = 'running' and stands.status = 'done', 'EG428', 'The scenario is not done, or the stress run has ended.');
  same := stands.body_hash = fn_record_stress_check.body_hash;
  -- a difference stays: a later check that comes out right does not hide it
  if run.checked_equal is not false then
    update public.stress_runs r set checked_scenario = stands.scenario_hash, checked_hash = fn_record_stress_check.body_hash, checked_equal = same
     where r.stress_run_id = run.stress_run_id;
  end if;
  if not same then
    perform evergreen.emit('STRESS_RUN_DIFFERED', run.fund_id,
      jsonb_build_object('stress_run_id', run.stress_run_id, 'scenario_id', (select s.scenario_id from public.stress_scenarios s where s.scenario_hash = stands.scenario_hash)),
      evergreen.actor(), jsonb_build_object('workflow_id', 'event/' || run.event_id, 'causation_id', run.event_id), '{}', request_id);
  end if;
  perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'scenario computed again: ' || case when same then 'equal' else 'different' end, request_id);
  answer := jsonb_build_object('result', case when same then 'equal' else 'different' end);
  perform evergreen.keep_answer('fn_record_stress_check', request_id, input, answer);
  return answer ->> 'result';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_check(uuid, text, text, text) is
  'Compares a second computation of a scenario with the first and keeps the verdict on the run: equal, or different, which records STRESS_RUN_DIFFERED. EG400, EG404, EG428.';

create or replace function public.fn_close_stress_run(stress_run_id uuid, reason text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  worst record;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_close_stress_run', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(reason is null or length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into run from public.stress_runs r where r.stress_run_id = fn_close_stress_run.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  if run.ended_at is null then
    -- what was not computed is kept as failed with the reason why
    update public.stress_outcomes o set status = 'failed', reason = coalesce(fn_close_stress_run.reason, 'it was not computed')
     where o.stress_run_id = run.stress_run_id and o.status = 'waiting';
    update public.stress_runs r set done = c.done, failed = c.failed, ended_at = now(), reason = fn_close_stress_run.reason, nav_before = c.nav_before, outcomes_hash = c.digest,
           status = case when c.failed = 0 then 'completed' when c.done > 0 then 'partial' else 'failed' end
      from (select count(*) filter (where o.status = 'done') as done, count(*) filter (where o.status = 'failed') as failed,
                   (array_agg(o.nav_before order by o.ordinal) filter (where o.status = 'done'))[1] as nav_before,
                   evergreen.text_digest(string_agg(o.scenario_hash || ' ' || coalesce(o.body_hash, 'failed'), e'\n' order by o.scenario_hash)) as digest
              from public.stress_outcomes o where o.stress_run_id = run.stress_run_id) c
     where r.stress_run_id = run.stress_run_id returning r.* into run;
  end if;
  select s.scenario_id, trim_scale(o.nav_before - o.nav_after)::text as loss into worst from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.status = 'done' order by o.nav_before - o.nav_after desc, o.ordinal limit 1;
  answer := jsonb_build_object('stress_run_id', run.stress_run_id, 'status', run.status, 'done', run.done, 'failed', run.failed,
    'worst_scenario_id', worst.scenario_id, 'loss', worst.loss);
  if not exists (select from public.fund_events e where e.fund_id = run.fund_id and e.type = 'STRESS_RUN_COMPLETED' and e.event_meta ->> 'causation_id' = run.event_id::text) then
    perform evergreen.emit('STRESS_RUN_COMPLETED', run.fund_id, answer, evergreen.actor(),
      jsonb_build_object('workflow_id', 'event/' || run.event_id, 'causation_id', run.event_id), '{}', request_id);
    perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'stress run ' || run.status, request_id);
  end if;
  answer := answer || jsonb_build_object('outcomes_hash', run.outcomes_hash);
  perform evergreen.keep_answer('fn_close_stress_run', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_close_stress_run(uuid, text, text) is
  'Ends a run: completed, partial (some scenarios failed) or failed (all did); what still waits fails with the reason. Records STRESS_RUN_COMPLETED once. Returns {stress_run_id, status, done, failed, worst_scenario_id, loss, outcomes_hash}. EG400, EG404.';

-- from sql/6t-fn-market.sql
-- Market data: series with kind and unit, observations that are only ever added, a breaker that holds jumps for a second person, imports that are undone whole.

create or replace function evergreen.market_limits() returns table (kind text, unit text, most_age int, measure text, most_bps numeric, low numeric, high numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.key, l.value ->> 'unit', (l.value ->> 'max_age_days')::int, l.value ->> 'measure', (l.value ->> 'breaker_bps')::numeric, (l.value ->> 'low')::numeric, (l.value ->> 'high')::numeric
    from public.platform_settings p, jsonb_each(p.value) l where p.key = 'market_limits'
$$;
comment on function evergreen.market_limits() is 'Limits per kind of series, from platform_settings: unit, greatest age in days, breaker in basis points of the value (relative) or of one (absolute), range of plausible values.';

create or replace function evergreen.market_answer(of_import uuid, repeated boolean) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('import_id', b.import_id, 'status', b.status, 'repeated', repeated, 'rows', b.rows, 'taken', b.taken, 'unchanged', b.unchanged, 'held', b.held,
      'held_values', coalesce((select jsonb_agg(h.named order by h.series, h.as_of) from (
        select x.series, x.as_of, jsonb_build_object('held_id', x.held_id, 'series', x.series, 'as_of', x.as_of, 'value', trim_scale(x.value)::text, 'against', trim_scale(x.against)::text,
            'against_on', x.against_on, 'move_bps', trim_scale(x.move_bps)::text, 'limit_bps', trim_scale(x.limit_bps)::text) as named
          from public.market_held x where x.import_id = b.import_id and x.status = 'held' order by x.series, x.as_of limit 100) h), '[]'))
    from public.market_imports b where b.import_id = of_import
$$;
comment on function evergreen.market_answer(uuid, boolean) is 'What an import of market data answers, with the first hundred values that are held.';

create or replace function evergreen.market_changed(names text[]) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.knock_days(f.fund_id, null, null, 'market data changed') from public.funds f
   where f.fund_id in (select r.fund_id from public.roll_forwards r where r.series = any (names))
$$;
comment on function evergreen.market_changed(text[]) is 'Knocks at the dealing days of funds whose marks are rolled forward by one of these series.';

create or replace function evergreen.check_market_rows(lines jsonb) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  wrong text;
begin
  select format('Row %s: series is a name of 1 to 60 characters, as_of a date up to today, value a number.', r.n) into wrong
    from rows from (jsonb_to_recordset(lines) as (series text, as_of date, value numeric, kind text, unit text)) with ordinality r (series, as_of, value, kind, unit, n)
   where (r.series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and isfinite(r.as_of) and r.as_of <= evergreen.clock()::date and r.value > -1e18 and r.value < 1e18) is not true
   order by r.n limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
  select format('The series %s has two values for %s.', r.series, r.as_of) into wrong
    from jsonb_to_recordset(lines) r (series text, as_of date) group by r.series, r.as_of having count(*) > 1 order by r.series, r.as_of limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
  select format('The series %s is not known: its first import names its kind and unit.', r.series) into wrong
    from jsonb_to_recordset(lines) r (series text, kind text, unit text) left join public.market_series s using (series)
   where s.series is null and (r.kind is null or r.unit is null) order by r.series limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG404', wrong);
  select format('The series %s is %s in %s, not %s in %s.', r.series, s.kind, s.unit, coalesce(r.kind, s.kind), coalesce(r.unit, s.unit)) into wrong
    from jsonb_to_recordset(lines) r (series text, kind text, unit text)
    join lateral (select k.kind, k.unit from (select x.kind, x.unit, 0 as place from public.market_series x where x.series = r.series
                    union all select f.kind, f.unit, 1 from jsonb_to_recordset(lines) f (series text, kind text, unit text) where f.series = r.series and r.kind is not null) k order by k.place, k.kind, k.unit limit 1) s on true
   where coalesce(r.kind, s.kind) <> s.kind or coalesce(r.unit, s.unit) <> s.unit order by r.series limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
  select case when l.kind is null then format('The series %s has the kind %s; kinds are %s.', r.series, r.kind, (select string_agg(k.kind, ', ' order by k.kind) from evergreen.market_limits() k))
              when case l.unit when 'currency' then not exists (select from public.currencies c where c.code = r.unit) else r.unit <> l.unit end
                then format('The series %s is in %s; %s is in %s.', r.series, r.unit, r.kind, case l.unit when 'currency' then 'a currency' else l.unit end)
              else format('The series %s on %s lies outside of %s to %s for %s.', r.series, r.as_of, l.low, l.high, r.kind) end into wrong
    from (select g.series, g.as_of, g.value, coalesce(s.kind, g.kind) as kind, coalesce(s.unit, g.unit) as unit
            from jsonb_to_recordset(lines) g (series text, as_of date, value numeric, kind text, unit text) left join public.market_series s using (series)) r
    left join evergreen.market_limits() l on l.kind = r.kind
   where l.kind is null or case l.unit when 'currency' then not exists (select from public.currencies c where c.code = r.unit) else r.unit <> l.unit end or r.value < l.low or r.value > l.high
   order by r.series, r.as_of limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
end $$;
comment on function evergreen.check_market_rows(jsonb) is 'Refuses rows of market data that are malformed, twice, of a series without kind and unit, of another kind or unit, or outside the range of their kind, by name. EG400, EG404.';

create or replace function evergreen.take_market_rows(of_import uuid, lines jsonb, of_source text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  with given as materialized (
    select g.series, g.as_of, g.value, l.measure, l.most_bps, counted.value as standing, before.as_of as before_on, before.value as before,
           lag(g.as_of) over one_series as earlier_on, lag(g.value) over one_series as earlier
      from jsonb_to_recordset(lines) g (series text, as_of date, value numeric)
      join public.market_series s using (series) join evergreen.market_limits() l on l.kind = s.kind
      left join lateral (select d.value from public.market_data d where d.series = g.series and d.as_of = g.as_of and evergreen.market_counts(d.import_id)
         order by d.recorded_at desc, d.seq desc limit 1) counted on true
      left join lateral (select d.as_of, d.value from public.market_data d where d.series = g.series and d.as_of < g.as_of and evergreen.market_counts(d.import_id)
         order by d.as_of desc, d.recorded_at desc, d.seq desc limit 1) before on true
    window one_series as (partition by g.series order by g.as_of)
  ), measured as materialized (
    -- a correction is held against what it corrects, a new day against the day before it, in the file or in the table
    select m.*, case when m.against is null then null when m.measure = 'relative' then coalesce(abs(m.value - m.against) * 10000 / nullif(abs(m.against), 0), 1e9) else abs(m.value - m.against) * 10000 end as move
      from (select g.*, case when g.standing is not null then g.standing when g.before_on is null or g.earlier_on >= g.before_on then g.earlier else g.before end as against,
                   case when g.standing is not null then g.as_of when g.before_on is null or g.earlier_on >= g.before_on then g.earlier_on else g.before_on end as against_on from given g) m
  ), judged as materialized (
    -- what follows a jump is measured against a value nobody stands by yet: it waits with it
    select m.*, coalesce(bool_or(m.move > m.most_bps) over (partition by m.series order by m.as_of rows unbounded preceding), false) as holds from measured m
  ), taken as (
    insert into public.market_data (series, as_of, value, source, import_id, recorded_by)
    select j.series, j.as_of, j.value, of_source, of_import, evergreen.actor() from judged j where not j.holds and j.standing is distinct from j.value order by j.series, j.as_of returning 1
  ), held as (
    insert into public.market_held (import_id, series, as_of, value, against, against_on, move_bps, limit_bps, held_by)
    select of_import, j.series, j.as_of, j.value, j.against, j.against_on, round(j.move, 6), j.most_bps, evergreen.actor()
      from judged j where j.holds and j.standing is distinct from j.value order by j.series, j.as_of returning 1
  )
  update public.market_imports b set taken = (select count(*) from taken), held = (select count(*) from held), unchanged = b.rows - (select count(*) from taken) - (select count(*) from held)
   where b.import_id = of_import
$$;
comment on function evergreen.take_market_rows(uuid, jsonb, text) is
  'Adds the values that moved within the limit of their kind, holds the others and what follows them, leaves out what stands already. One statement over all rows.';

create or replace function public.fn_import_market(rows jsonb, source text, file_hash text, file_name text default null, fresh boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid := gen_random_uuid();
  known uuid;
  stale text;
begin
  perform evergreen.require_role('ops_role', 'pm_role', 'agent_simulation');
  input := jsonb_build_object('rows', encode(sha256(convert_to(rows::text, 'UTF8')), 'hex'), 'source', source, 'file_hash', file_hash, 'file_name', file_name, 'fresh', fresh, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_market', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(source) between 1 and 200 and file_hash ~ '^[0-9a-f]{64}$' and (file_name is null or (length(file_name) between 1 and 200 and file_name !~ '[/\\[:cntrl:]]')),
    'EG400', 'source (1 to 200 characters) and file_hash (sha256 of the bytes, hex) are needed; file_name is no path.');
  perform evergreen.refuse_unless(jsonb_typeof(rows) = 'array', 'EG400', 'rows is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(rows) between 1 and 200000, 'EG413', 'A file has 1 to 200,000 rows.');
  -- one after the other: each is measured against what the one before it left
  perform pg_advisory_xact_lock(hashtextextended('evergreen.market_data', 0));
  select b.import_id into known from public.market_imports b where b.file_sha256 = file_hash and b.status <> 'undone';
  if known is not null then
    return evergreen.market_answer(known, true);
  end if;
  perform evergreen.check_market_rows(rows);
  if fresh then
    select format('The series %s is %s days old, more than the %s of its kind.', r.series, evergreen.clock()::date - max(r.as_of), l.most_age) into stale
      from jsonb_to_recordset(rows) r (series text, as_of date, kind text) left join public.market_series s using (series) join evergreen.market_limits() l on l.kind = coalesce(s.kind, r.kind)
     group by r.series, l.most_age having evergreen.clock()::date - max(r.as_of) > l.most_age order by r.series limit 1;
    perform evergreen.refuse_unless(stale is null, 'EG428', stale);
  end if;
  begin
    insert into public.market_series (series, kind, unit, recorded_by)
    select distinct r.series, r.kind, r.unit, evergreen.actor() from jsonb_to_recordset(rows) r (series text, kind text, unit text) where r.kind is not null and r.unit is not null on conflict do nothing;
    insert into public.market_imports (import_id, source, file_name, file_sha256, rows, imported_by)
    values (id, source, file_name, file_hash, jsonb_array_length(rows), evergreen.actor());
    perform evergreen.take_market_rows(id, rows, source);
    answer := evergreen.market_answer(id, false);
    if dry_run then
      raise exception using errcode = 'EG0DR';  -- takes everything back; the answer stays
    end if;
    perform evergreen.emit('MARKET_IMPORTED', null, jsonb_build_object('import_id', id, 'taken', answer -> 'taken', 'held', answer -> 'held'), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.market_changed(array(select distinct r.series from jsonb_to_recordset(rows) r (series text)));
    perform evergreen.audit(null, 'market_imports', id::text, 'market data imported: ' || (answer ->> 'taken') || ' taken, ' || (answer ->> 'held') || ' held', request_id);
    perform evergreen.keep_answer('fn_import_market', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := answer || '{"import_id": null, "status": "dry_run"}';
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_market(jsonb, text, text, text, boolean, boolean, text) is
  'Takes rows = [{series, as_of, value, kind?, unit?}] of a file in, once by the sha256 of its bytes; a series is registered by its first kind and unit. A value that moves more than the limit of its kind, and what follows it, is held by name for a second person. fresh: the newest of each series must not be too old; dry_run changes nothing. Returns {import_id, status, repeated, rows, taken, unchanged, held, held_values}. EG400, EG404 a series without kind, EG413, EG428 too old.';

create or replace function public.fn_decide_market_values(held jsonb, decision text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  ids uuid[];
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('held', held, 'decision', decision);
  answer := evergreen.earlier_answer('fn_decide_market_values', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('confirmed', 'rejected'), 'EG400', 'decision is confirmed or rejected.');
  perform evergreen.refuse_unless(jsonb_typeof(held) = 'array', 'EG400', 'held is a list of held_id.');
  perform evergreen.refuse_unless(jsonb_array_length(held) between 1 and 10000, 'EG413', 'held has 1 to 10,000 ids.');
  ids := array(select distinct (h.said ->> 'held_id')::uuid from jsonb_array_elements(held) h (said));
  perform pg_advisory_xact_lock(hashtextextended('evergreen.market_data', 0));
  select count(*) into n from public.market_held h where h.held_id = any (ids);
  perform evergreen.refuse_unless(n = cardinality(ids) and array_position(ids, null) is null, 'EG404', 'No held value with one of these ids.');
  perform evergreen.refuse_unless(not exists (select from public.market_held h where h.held_id = any (ids) and h.status <> 'held'), 'EG422', 'One of these values was decided already.');
  perform evergreen.refuse_unless(not exists (select from public.market_held h where h.held_id = any (ids) and h.held_by = evergreen.actor()), 'EG420', 'Another person than who imported a value decides it.');
  update public.market_held h set status = decision, decided_by = evergreen.actor(), decided_at = now() where h.held_id = any (ids);
  if decision = 'confirmed' then
    insert into public.market_data (series, as_of, value, source, import_id, recorded_by)
    select h.series, h.as_of, h.value, b.source, h.import_id, evergreen.actor() from public.market_held h join public.market_imports b using (import_id) where h.held_id = any (ids) order by h.series, h.as_of;
    perform evergreen.market_changed(array(select distinct h.series from public.market_held h where h.held_id = any (ids)));
  end if;
  perform evergreen.emit('MARKET_VALUES_DECIDED', null, jsonb_build_object('values', n, 'decision', decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'market_held', 'market_held', 'held values ' || decision || ': ' || n, request_id);
  answer := jsonb_build_object('values', n, 'decision', decision);
  perform evergreen.keep_answer('fn_decide_market_values', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_market_values(jsonb, text, text) is
  'A second person confirms or rejects values held by the breaker: held = [{held_id}]. Confirmed ones count from then on. EG400, EG404, EG413, EG420 own import, EG422.';

create or replace function public.fn_undo_market_import(import_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.market_imports;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('import_id', import_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_undo_market_import', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform pg_advisory_xact_lock(hashtextextended('evergreen.market_data', 0));
  select * into b from public.market_imports x where x.import_id = fn_undo_market_import.import_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No import of market data with that id.');
  perform evergreen.refuse_unless(b.status <> 'undone', 'EG428', 'The import was undone already.');
  select count(*) into n from public.market_data d where d.import_id = b.import_id;
  update public.market_imports x set status = 'undone', undone_at = now(), undone_by = evergreen.actor(), undo_reason = reason where x.import_id = b.import_id;
  update public.market_held h set status = 'rejected', decided_by = evergreen.actor(), decided_at = now() where h.import_id = b.import_id and h.status = 'held';
  perform evergreen.market_changed(array(select distinct d.series from public.market_data d where d.import_id = b.import_id));
  perform evergreen.emit('MARKET_IMPORT_UNDONE', null, jsonb_build_object('import_id', b.import_id, 'values', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'market_imports', b.import_id::text, 'market import undone: ' || n || ' values', request_id);
  answer := jsonb_build_object('import_id', b.import_id, 'status', 'undone', 'values', n);
  perform evergreen.keep_answer('fn_undo_market_import', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_undo_market_import(uuid, text, text) is
  'Retires an import of market data: none of its values counts any more, what stood before counts again, nothing is deleted; the file may be imported again. EG400, EG404, EG428.';

-- from sql/6t-fn-retention.sql
-- Retention: what may leave the database, who forbids it, and how it leaves. Rows are retired when their archive was read back and compared, never before.

create or replace function evergreen.utc_text(at timestamptz) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
comment on function evergreen.utc_text(timestamptz) is 'An instant as archives write it: UTC, microseconds.';

create or replace function evergreen.held(of_fund uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.legal_holds h where h.fund_id = of_fund and h.lifted_at is null and (h.until is null or h.until > now()))
$$;
comment on function evergreen.held(uuid) is 'Whether a legal hold stands on the fund now.';

create or replace function evergreen.archivable_events(of_fund uuid, of_month date) returns table (event_id uuid, place text, canonical text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what a dispatcher, a batch or a run still holds stays whole until it is done
  select e.event_id, lpad(e.seq::text, 20, '0'), jsonb_build_object(
      'event_id', e.event_id, 'seq', e.seq, 'type', e.type, 'fund_id', e.fund_id, 'payload', e.payload, 'source', e.source, 'event_meta', e.event_meta,
      'schema_version', e.schema_version, 'created_by', e.created_by, 'request_id', e.request_id,
      'investor_ids', (select coalesce(jsonb_agg(i.investor_id order by i.investor_id), '[]') from public.event_investors i where i.event_id = e.event_id),
      'effective_at', evergreen.utc_text(e.effective_at), 'recorded_at', evergreen.utc_text(e.recorded_at), 'tx', e.tx::text)::text
    from public.fund_events e
   where (e.fund_id = of_fund or (of_fund is null and e.fund_id is null)) and e.archive_id is null
     and e.recorded_at >= of_month::timestamp at time zone 'UTC' and e.recorded_at < (of_month + interval '1 month') at time zone 'UTC'
     and not exists (select from public.event_outbox o where o.event_id = e.event_id)
     and not exists (select from public.workflow_runs r where r.event_id = e.event_id and r.ended_at is null)
     and e.event_id <> all (array(select x.id from public.event_batches b cross join unnest(b.event_ids) x (id) where b.done_at is null))
$$;
comment on function evergreen.archivable_events(uuid, date) is 'Events of a fund (null: of none) and month (UTC, by recorded_at) whose content is still here and that nobody works on, as an archive has them.';

create or replace function evergreen.archivable_snapshots(of_fund uuid, of_month date) returns table (snapshot_id uuid, place text, canonical text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- the newest mark of an asset stays however old it is: it is what the asset is worth today
  select s.snapshot_id, s.as_of || '/' || s.snapshot_id, jsonb_build_object(
      'snapshot_id', s.snapshot_id, 'asset_id', s.asset_id, 'fund_id', s.fund_id, 'as_of', s.as_of, 'nav', s.nav::text, 'leverage', s.leverage::text,
      'esg_score', s.esg_score::text, 'scenario_id', s.scenario_id, 'method', s.method, 'source', s.source,
      'effective_at', evergreen.utc_text(s.effective_at), 'recorded_at', evergreen.utc_text(s.recorded_at), 'tx', s.tx::text)::text
    from public.asset_snapshots s
   where s.fund_id = of_fund and s.as_of >= of_month and s.as_of < (of_month + interval '1 month')::date
     and (s.scenario_id <> '' or exists (select from public.asset_snapshots n where n.asset_id = s.asset_id and n.scenario_id = ''
       and (n.as_of, n.recorded_at, n.snapshot_id) > (s.as_of, s.recorded_at, s.snapshot_id)))
$$;
comment on function evergreen.archivable_snapshots(uuid, date) is 'Daily rows of a fund and month that may be summed up, as an archive has them; never the newest mark of an asset.';

create or replace function evergreen.archivable(what text, of_fund uuid, of_month date) returns table (id uuid, place text, canonical text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select * from evergreen.archivable_events(of_fund, of_month) where what = 'fund_events'
  union all
  select * from evergreen.archivable_snapshots(of_fund, of_month) where what = 'asset_snapshots'
$$;
comment on function evergreen.archivable(text, uuid, date) is 'Rows of either kind as an archive has them: their id, their place in it, and the exact text.';

create or replace function public.fn_plan_retention()
returns table (what text, keep_months int, afterwards text, fund_id uuid, month date, rows bigint, held boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'service_role', 'agent_simulation');
  return query
    with terms as (
      -- whole months only: nothing is younger than its term
      select p.what, p.keep_months, p.afterwards, date_trunc('month', (now() at time zone 'UTC') - make_interval(months => p.keep_months))::date as before
        from public.retention_policies p where p.keep_months is not null
    ), due as (
      select 'fund_events'::text as kind, e.fund_id, date_trunc('month', e.recorded_at at time zone 'UTC')::date as month
        from public.fund_events e, terms t
       where t.what = 'fund_events' and e.archive_id is null and e.recorded_at < t.before::timestamp at time zone 'UTC' group by 2, 3
      union all
      select 'asset_snapshots', s.fund_id, date_trunc('month', s.as_of)::date from public.asset_snapshots s, terms t
       where t.what = 'asset_snapshots' and s.as_of < t.before group by 2, 3
    ), counted as (
      select d.kind, d.fund_id, d.month, (select count(*) from evergreen.archivable(d.kind, d.fund_id, d.month)) as rows from due d
    )
    select t.what, t.keep_months, t.afterwards, c.fund_id, c.month, c.rows, evergreen.held(c.fund_id)
      from counted c join terms t on t.what = c.kind where c.rows > 0 order by t.what, c.month, c.fund_id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_plan_retention() is
  'What is older than its term, by kind, fund and month: rows that may be retired, and whether a legal hold forbids it. Whole months (UTC) only. EG403.';

create or replace function public.fn_read_archivable(what text, fund_id uuid, month date) returns table (place text, canonical text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('service_role', 'agent_simulation');
  perform evergreen.refuse_unless(what in ('fund_events', 'asset_snapshots') and month is not null and extract(day from month) = 1, 'EG400',
    'what is fund_events or asset_snapshots, month the first day of one.');
  return query select a.place, a.canonical from evergreen.archivable(what, fund_id, month) a order by a.place collate "C";
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_archivable(text, uuid, date) is
  'The rows of a kind, fund (null: events of none) and month as the archive has them, in the order of the digest. EG400, EG403.';

-- What both kinds have in common: all that is checked before anything is retired, and the record of it.
create or replace function evergreen.open_archive(kind text, of_fund uuid, of_month date, told_rows bigint, told_digest text, archive jsonb) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  term int;
  found_rows bigint;
  found_digest text;
  id uuid;
begin
  perform evergreen.refuse_unless(of_month is not null and isfinite(of_month) and extract(day from of_month) = 1 and told_rows > 0 and told_digest ~ '^[0-9a-f]{64}$', 'EG400',
    'month is the first day of one, rows is positive and digest 64 hexadecimal digits.');
  perform evergreen.refuse_unless(jsonb_typeof(archive) = 'object' and length(archive ->> 'file') between 1 and 300 and archive ->> 'sha256' ~ '^[0-9a-f]{64}$'
    and archive ->> 'bytes' ~ '^[1-9][0-9]{0,17}$' and archive ->> 'stored' in ('home', 'store'), 'EG400', 'archive has file, sha256, bytes and stored (home or store).');
  if of_fund is not null then
    -- a hold that is being placed waits for this, or this for it
    perform 1 from public.funds f where f.fund_id = of_fund for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that id.');
  end if;
  perform evergreen.refuse_unless(not evergreen.held(of_fund), 'EG428', 'A legal hold stands on the fund; nothing of it is retired.');
  select p.keep_months into term from public.retention_policies p where p.what = kind;
  perform evergreen.refuse_unless(of_month + interval '1 month' <= date_trunc('month', (now() at time zone 'UTC') - make_interval(months => term)), 'EG428',
    'The rows are younger than the term of their kind.');
  select count(*), encode(sha256(convert_to(coalesce(string_agg(encode(sha256(convert_to(a.canonical, 'UTF8')), 'hex'), '' order by a.place collate "C"), ''), 'UTF8')), 'hex')
    into found_rows, found_digest from evergreen.archivable(kind, of_fund, of_month) a;
  perform evergreen.refuse_unless(found_rows = told_rows and found_digest = told_digest, 'EG425', 'The archive is not what the database has; nothing was retired. Archive it again.');
  -- a uuid of version 8, the one whose content is its maker's
  id := overlay(overlay(left(told_digest, 32) placing '8' from 13) placing '8' from 17)::uuid;
  insert into public.retention_archives (archive_id, what, fund_id, month, rows, digest, file, sha256, bytes, stored, retired_by)
  values (id, kind, of_fund, of_month, told_rows, told_digest, archive ->> 'file', archive ->> 'sha256', (archive ->> 'bytes')::bigint, archive ->> 'stored', evergreen.actor());
  return id;
end $$;
comment on function evergreen.open_archive(text, uuid, date, bigint, text, jsonb) is
  'Compares what an archive is said to hold with the rows themselves, refuses on any difference, hold or youth, and records the archive. EG400, EG404, EG425, EG428.';

create or replace function evergreen.close_archive(kind text, of_fund uuid, id uuid, told_rows bigint, told_digest text, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tombstone uuid;
begin
  tombstone := evergreen.emit('ROWS_RETIRED', of_fund, jsonb_build_object('archive_id', id, 'what', kind, 'rows', told_rows, 'digest', told_digest),
    evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'retention_archives', id::text, kind || ' retired: ' || told_rows || ' rows, digest ' || told_digest, request_id);
  return jsonb_build_object('archive_id', id, 'event_id', tombstone, 'rows', told_rows);
end $$;
comment on function evergreen.close_archive(text, uuid, uuid, bigint, text, text) is 'The tombstone event and the audit entry of an archive; its answer.';

create or replace function public.fn_retire_events(fund_id uuid, month date, rows bigint, digest text, archive jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
  gone bigint;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('fund_id', fund_id, 'month', month, 'rows', rows, 'digest', digest, 'archive', archive);
  answer := evergreen.earlier_answer('fn_retire_events', request_id, input);
  if answer is not null then
    return answer;
  end if;
  id := evergreen.open_archive('fund_events', fund_id, month, rows, digest, archive);
  with leaving as materialized (
    select a.id as event_id, a.canonical from evergreen.archivable('fund_events', fn_retire_events.fund_id, fn_retire_events.month) a
  )
  update public.fund_events e
     set payload = coalesce((select jsonb_object_agg(k, e.payload -> k) from unnest(t.required_keys) k where e.payload ? k), '{}'),
         archive_id = id, content_digest = sha256(convert_to(l.canonical, 'UTF8')), origin_tx = e.tx
    from leaving l, public.event_types t where e.event_id = l.event_id and t.type = e.type;
  get diagnostics gone = row_count;
  perform evergreen.refuse_unless(gone = rows, 'EG425', 'The archive is not what the database has; nothing was retired. Archive it again.');
  answer := evergreen.close_archive('fund_events', fund_id, id, rows, digest, request_id);
  perform evergreen.keep_answer('fn_retire_events', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retire_events(uuid, date, bigint, text, jsonb, text) is
  'The content of the events of a fund and month leaves the table when its archive has the same rows (count, sha256 over their digests); what names them stays. EG400, EG403, EG404, EG409, EG425 differs, EG428 held or too young.';

create or replace function public.fn_retire_snapshots(fund_id uuid, month date, rows bigint, digest text, archive jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
  gone bigint;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('fund_id', fund_id, 'month', month, 'rows', rows, 'digest', digest, 'archive', archive);
  answer := evergreen.earlier_answer('fn_retire_snapshots', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(fund_id is not null, 'EG400', 'fund_id is needed.');
  id := evergreen.open_archive('asset_snapshots', fund_id, month, rows, digest, archive);
  delete from public.asset_snapshots s
   using (select a.id from evergreen.archivable('asset_snapshots', fn_retire_snapshots.fund_id, fn_retire_snapshots.month) a) l where s.snapshot_id = l.id;
  get diagnostics gone = row_count;
  perform evergreen.refuse_unless(gone = rows, 'EG425', 'The archive is not what the database has; nothing was retired. Archive it again.');
  answer := evergreen.close_archive('asset_snapshots', fund_id, id, rows, digest, request_id);
  perform evergreen.keep_answer('fn_retire_snapshots', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retire_snapshots(uuid, date, bigint, text, jsonb, text) is
  'Daily valuations of a fund and month leave the table when their archive has the same rows; DuckDB keeps their months. Never the newest mark of an asset. EG400, EG403, EG404, EG409, EG425, EG428.';

create or replace function public.fn_place_legal_hold(fund_id uuid, reason text, until timestamptz default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund_id', fund_id, 'reason', reason, 'until', until);
  answer := evergreen.earlier_answer('fn_place_legal_hold', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform evergreen.refuse_unless(until is null or (isfinite(until) and until > now()), 'EG400', 'until is a time to come, or absent.');
  perform 1 from public.funds f where f.fund_id = fn_place_legal_hold.fund_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that id.');
  insert into public.legal_holds (fund_id, reason, placed_by, until) values (fund_id, reason, evergreen.actor(), until) returning hold_id into id;
  perform evergreen.emit('LEGAL_HOLD_PLACED', fund_id, jsonb_build_object('hold_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(fund_id, 'legal_holds', id::text, 'legal hold placed', request_id);
  answer := jsonb_build_object('hold_id', id);
  perform evergreen.keep_answer('fn_place_legal_hold', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_place_legal_hold(uuid, text, timestamptz, text) is 'Nothing of the fund is retired until the hold is lifted or ends. EG400, EG403, EG404, EG409.';

create or replace function public.fn_lift_legal_hold(hold_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  h public.legal_holds;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('hold_id', hold_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_lift_legal_hold', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into h from public.legal_holds x where x.hold_id = fn_lift_legal_hold.hold_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No legal hold with that id.');
  perform evergreen.refuse_unless(h.lifted_at is null, 'EG428', 'The legal hold was lifted already.');
  perform evergreen.refuse_unless(h.placed_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever placed a legal hold cannot lift it.');
  update public.legal_holds x set lifted_by = evergreen.actor(), lifted_at = now(), lift_reason = fn_lift_legal_hold.reason where x.hold_id = h.hold_id;
  perform evergreen.emit('LEGAL_HOLD_LIFTED', h.fund_id, jsonb_build_object('hold_id', h.hold_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(h.fund_id, 'legal_holds', h.hold_id::text, 'legal hold lifted', request_id);
  answer := jsonb_build_object('hold_id', h.hold_id);
  perform evergreen.keep_answer('fn_lift_legal_hold', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_lift_legal_hold(uuid, text, text) is 'Lifts a legal hold; never by the person who placed it. EG400, EG403, EG404, EG409, EG420, EG428.';

-- As its caller, so that the policies of fund_events decide who reads what: an archived event is the same row under the same rule.
create or replace function public.fn_read_events(fund_id uuid, since timestamptz default null, until timestamptz default null, after bigint default 0, max_events int default 200)
returns table (seq bigint, event_id uuid, type text, fund uuid, payload jsonb, source text, event_meta jsonb, created_by text, recorded_at timestamptz,
  archive_id uuid, content_digest text)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select e.seq, e.event_id, e.type, e.fund_id, e.payload, e.source, e.event_meta, e.created_by, e.recorded_at, e.archive_id, encode(e.content_digest, 'hex')
    from public.fund_events e
   where e.fund_id = fn_read_events.fund_id and e.seq > coalesce(fn_read_events.after, 0)
     and (since is null or e.recorded_at >= since) and (fn_read_events.until is null or e.recorded_at < fn_read_events.until)
   order by e.seq limit least(greatest(coalesce(max_events, 200), 1), 1000)
$$;
comment on function public.fn_read_events(uuid, timestamptz, timestamptz, bigint, int) is
  'Events of a fund in their order, live and archived, as far as the caller may read them: since (from) to until (before), after a seq, at most 1,000. With archive_id the payload holds the required keys; the gateway puts the archived content in its place.';

-- from sql/6t-fn-stress-liquidity.sql
-- What a stress run means for the fund's liquidity: its ladder per scenario, breaches and trends as events, and what people said of the alerts that followed.

create or replace function evergreen.cover_rungs(cover jsonb) returns table (place int, bucket text, assets numeric, liabilities numeric)
language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- sums up to each bucket become what each bucket holds; what leaves again later does not count as there, and what was due stays due (finance: stressRungs)
  with found as (
    select b.place::int as place, b.bucket, (r ->> 'assets')::numeric as assets, (r ->> 'liabilities')::numeric as liabilities
      from unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality b (bucket, place)
      join jsonb_array_elements(cover) r on r ->> 'bucket' = b.bucket
  ), sums as (
    select f.place, f.bucket, greatest(0, min(f.assets) over (order by f.place rows between current row and unbounded following)) as assets,
           greatest(0, max(f.liabilities) over (order by f.place)) as liabilities
      from found f
  )
  select s.place, s.bucket, s.assets - coalesce(lag(s.assets) over (order by s.place), 0), s.liabilities - coalesce(lag(s.liabilities) over (order by s.place), 0) from sums s
$$;
comment on function evergreen.cover_rungs(jsonb) is 'What arrives and what falls due in each bucket, from the cover up to each of a stress outcome (R33); fund currency.';

create or replace function evergreen.move_stress_ladder(run public.stress_runs, entry jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  scenario text;
  found_cover jsonb;
  moved int := 0;
  rung record;
begin
  select s.scenario_id, o.body::jsonb -> 'rcr' into scenario, found_cover from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.scenario_hash = entry ->> 'scenario_hash' and o.status = 'done';
  perform evergreen.refuse_unless(scenario is not null, 'EG404', 'The run has no finished scenario with that hash.');
  perform evergreen.refuse_unless(scenario <> 'base', 'EG400', 'The ladder of the fund itself is not moved by a stress run.');
  -- the newest run of a day has the word, whichever is handed over last
  if exists (select from public.stress_runs later join public.stress_outcomes o using (stress_run_id) join public.stress_scenarios s using (scenario_hash)
              where later.fund_id = run.fund_id and later.as_of = run.as_of and later.kind <> 'laboratory' and later.liquidity is not null
                and (later.started_at, later.stress_run_id) > (run.started_at, run.stress_run_id) and o.status = 'done' and s.scenario_id = scenario) then
    return 0;
  end if;
  perform evergreen.refuse_unless(jsonb_array_length(entry -> 'rungs') = 14 and not exists (
      select from evergreen.cover_rungs(found_cover) c cross join lateral (values ('asset', c.assets), ('liability', c.liabilities)) f (side, capacity)
        full join jsonb_array_elements(entry -> 'rungs') r on r ->> 'bucket' = c.bucket and r ->> 'side' = f.side
       where (r ->> 'capacity')::numeric is distinct from f.capacity),
    'EG425', 'The rungs are not what the run found.');
  for rung in
    select r ->> 'bucket' as bucket, r ->> 'side' as side, (r ->> 'capacity')::numeric - coalesce(l.capacity, 0) as delta from jsonb_array_elements(entry -> 'rungs') r
      left join public.liquidity_ladder l on l.fund_id = run.fund_id and l.side = r ->> 'side' and l.as_of = run.as_of and l.scenario_id = scenario and l.bucket = r ->> 'bucket'
  loop
    if rung.delta <> 0 then
      perform public.fn_update_liquidity_bucket(rung.bucket, rung.delta, jsonb_build_object('fund_id', run.fund_id, 'side', rung.side, 'as_of', run.as_of,
        'scenario_id', scenario, 'reason', 'stress run ' || run.stress_run_id));
      moved := moved + 1;
    end if;
  end loop;
  return moved;
end $$;
comment on function evergreen.move_stress_ladder(public.stress_runs, jsonb, text) is
  'Moves the ladder of one scenario to what a run found, by the difference to what stands; how many rungs moved. EG400, EG404, EG425 other rungs than the run found.';

create or replace function evergreen.set_stress_delta(run public.stress_runs, base jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  outcome jsonb;
  scenario text;
  named text;
  changed int;
begin
  select s.scenario_id, o.body::jsonb into scenario, outcome from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.scenario_hash = base ->> 'scenario_hash' and o.status = 'done';
  perform evergreen.refuse_unless(scenario is not null, 'EG404', 'The run has no finished scenario with that hash.');
  select p.body #>> '{stressProgramme,coverScenario}' into named from public.lmt_policies p
   where p.fund_id = run.fund_id and p.effective_from <= run.as_of order by p.effective_from desc, p.version desc limit 1;
  -- trades must cover what stands on the liability side (R38): only a scenario that people have named for it may move it
  perform evergreen.refuse_unless(jsonb_typeof(base -> 'sides') = 'array' and base -> 'sides' <@ '["asset", "liability"]' and (not base -> 'sides' ? 'liability' or named = scenario) is true,
    'EG400', 'The liability side of the fund''s own ladder follows the scenario that its programme names, and no other.');
  if exists (select from public.stress_runs later where later.fund_id = run.fund_id and later.as_of >= run.as_of and later.kind <> 'laboratory' and later.liquidity is not null
              and (later.started_at, later.stress_run_id) > (run.started_at, run.stress_run_id)) then
    return 0;
  end if;
  -- a bucket that has no rung yet gets one without capacity
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity, stress_delta)
  select run.fund_id, d.side, evergreen.ladder_date(run.fund_id, d.side, 'base'), 'base', d.bucket, 0, d.delta
    from (select f.side, a.bucket, case f.side when 'asset' then a.assets - b.assets else a.liabilities - b.liabilities end as delta
            from evergreen.cover_rungs(outcome -> 'rcr') a join evergreen.cover_rungs(outcome -> 'rcrBefore') b using (place)
            cross join (values ('asset'), ('liability')) f (side)) d
   where base -> 'sides' ? d.side and evergreen.ladder_date(run.fund_id, d.side, 'base') is not null
     and d.delta is distinct from coalesce((select l.stress_delta from public.liquidity_ladder l where l.fund_id = run.fund_id and l.scenario_id = 'base' and l.side = d.side
       and l.bucket = d.bucket and l.as_of = evergreen.ladder_date(run.fund_id, d.side, 'base')), 0)
  on conflict (fund_id, side, as_of, scenario_id, bucket) do update set stress_delta = excluded.stress_delta;
  get diagnostics changed = row_count;
  if changed > 0 then
    perform evergreen.audit(run.fund_id, 'liquidity_ladder', run.stress_run_id::text, 'stress delta of ' || changed || ' rungs set by scenario ' || scenario, request_id);
  end if;
  return changed;
end $$;
comment on function evergreen.set_stress_delta(public.stress_runs, jsonb, text) is
  'Sets what stress adds to and takes from the rungs of the fund''s own ladder; capacities stay. base = {scenario_hash, sides}. EG400, EG404.';

create or replace function evergreen.tell_stress(run public.stress_runs, type text, told jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entry jsonb;
begin
  perform evergreen.refuse_unless(jsonb_typeof(told) = 'array' and jsonb_array_length(told) <= 7
    and (select count(*) = count(distinct t ->> 'bucket') from jsonb_array_elements(told) t), 'EG400', 'Breaches and trends are told once per bucket.');
  for entry in select t from jsonb_array_elements(told) t loop
    perform evergreen.refuse_unless(jsonb_typeof(entry -> 'scenarios') = 'array' and jsonb_array_length(entry -> 'scenarios') between 1 and 100
      and entry -> 'scenarios' -> 0 ->> 'scenario_id' = entry ->> 'scenario_id', 'EG400', 'What is told names 1 to 100 scenarios, the worst of them first.');
    perform evergreen.refuse_unless(not exists (
        select from jsonb_array_elements(entry -> 'scenarios') t where not exists (
          select from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash) cross join lateral jsonb_array_elements(o.body::jsonb -> 'rcr') r
           where o.stress_run_id = run.stress_run_id and o.status = 'done' and s.scenario_id = t ->> 'scenario_id' and r ->> 'bucket' = entry ->> 'bucket'
             and (r ->> 'ratio')::numeric is not distinct from (t ->> 'ratio')::numeric
             and case type when 'LIQUIDITY_BREACH' then exists (select from jsonb_array_elements(o.body::jsonb -> 'breaches') b
                             where b ->> 'bucket' = entry ->> 'bucket' and (b ->> 'required')::numeric = (t ->> 'required')::numeric)
                           else (r ->> 'ratio')::numeric >= (t ->> 'required')::numeric and (t ->> 'breach_on')::date > run.as_of end)),
      'EG425', 'What is told of a scenario is not what the run found.');
    perform evergreen.emit(type, run.fund_id, entry || jsonb_build_object('stress_run_id', run.stress_run_id), evergreen.actor(),
      jsonb_build_object('workflow_id', 'event/' || run.event_id, 'causation_id', run.event_id), '{}', request_id);
  end loop;
  return jsonb_array_length(told);
end $$;
comment on function evergreen.tell_stress(public.stress_runs, text, jsonb, text) is
  'Records LIQUIDITY_BREACH or LIQUIDITY_TREND of a run, one per bucket with its scenarios, worst first, each held against the outcome; how many. EG400, EG425.';

create or replace function public.fn_record_stress_liquidity(stress_run_id uuid, ladder jsonb, base jsonb, breaches jsonb, trends jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  breaching int;
  moved int := 0;
  entry jsonb;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'ladder', ladder, 'base', base, 'breaches', breaches, 'trends', trends);
  answer := evergreen.earlier_answer('fn_record_stress_liquidity', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_liquidity.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  perform evergreen.refuse_unless(run.status <> 'running', 'EG428', 'The stress run has not ended.');
  -- once per run, whatever the request id
  if run.liquidity is not null then
    return run.liquidity;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(ladder) = 'array' and jsonb_typeof(breaches) = 'array' and jsonb_typeof(trends) = 'array' and coalesce(jsonb_typeof(base), 'null') in ('object', 'null'),
    'EG400', 'ladder, breaches and trends are lists, base is {scenario_hash, sides} or null.');
  perform evergreen.refuse_unless(jsonb_array_length(ladder) <= 500, 'EG413', 'ladder has at most 500 scenarios.');
  perform evergreen.refuse_unless(run.kind <> 'laboratory' or (jsonb_array_length(ladder) + jsonb_array_length(breaches) + jsonb_array_length(trends) = 0 and coalesce(jsonb_typeof(base), 'null') = 'null'),
    'EG428', 'A run of the laboratory moves no ladder and warns nobody.');
  select count(distinct s.scenario_id) into breaching from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.status = 'done' and jsonb_array_length(coalesce(o.body::jsonb -> 'breaches', '[]')) > 0 and run.kind <> 'laboratory';
  -- nothing is kept back: every scenario that breaches stands in one event, named or counted
  perform evergreen.refuse_unless(breaching = (select coalesce(sum(jsonb_array_length(b -> 'scenarios') + coalesce((b ->> 'more')::int, 0)), 0) from jsonb_array_elements(breaches) b),
    'EG425', 'A scenario that breaches is told of once, and is not.');
  -- runs of one fund one after the other; rungs in the order in which everyone locks them
  perform pg_advisory_xact_lock(hashtextextended('stress-ladder/' || run.fund_id, 0));
  perform 1 from public.liquidity_ladder l where l.fund_id = run.fund_id and (l.as_of = run.as_of or l.scenario_id = 'base') order by l.ladder_id for no key update;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does rung by rung
  for entry in select e from jsonb_array_elements(ladder) e loop
    moved := moved + evergreen.move_stress_ladder(run, entry, request_id);
  end loop;
  answer := jsonb_build_object('outcome', case run.kind when 'laboratory' then 'laboratory' else 'moved' end, 'scenarios', jsonb_array_length(ladder), 'moved', moved,
    'deltas', case when coalesce(jsonb_typeof(base), 'null') = 'null' then 0 else evergreen.set_stress_delta(run, base, request_id) end,
    'breaches', evergreen.tell_stress(run, 'LIQUIDITY_BREACH', breaches, request_id), 'trends', evergreen.tell_stress(run, 'LIQUIDITY_TREND', trends, request_id));
  update public.stress_runs r set liquidity = answer where r.stress_run_id = run.stress_run_id;
  perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'liquidity of a stress run: rungs ' || moved || ', breaches ' || (answer ->> 'breaches') || ', trends ' || (answer ->> 'trends'), request_id);
  perform evergreen.keep_answer('fn_record_stress_liquidity', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_liquidity(uuid, jsonb, jsonb, jsonb, jsonb, text) is
  'After a stress run has ended, once: moves the ladder of its scenarios (by fn_update_liquidity_bucket), sets stress deltas of the fund''s own ladder, records LIQUIDITY_BREACH and LIQUIDITY_TREND per bucket. Returns {outcome, scenarios, moved, deltas, breaches, trends}. EG400, EG404, EG413, EG425, EG428.';

create or replace function public.fn_acknowledge_alert(alert_id uuid, note text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  alert public.risk_alerts;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('alert_id', alert_id, 'note', note);
  answer := evergreen.earlier_answer('fn_acknowledge_alert', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(trim(note)) between 1 and 500, 'EG400', 'note has 1 to 500 characters: say what was seen or done.');
  select * into alert from public.risk_alerts a where a.alert_id = fn_acknowledge_alert.alert_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No alert with that id.');
  -- who looked first stays; the alert itself never changes
  perform evergreen.refuse_unless(alert.acknowledged_at is null, 'EG428', 'Somebody has acknowledged the alert already.');
  update public.risk_alerts a set acknowledged_at = now(), acknowledged_by = evergreen.actor(), acknowledged_note = note
   where a.alert_id = alert.alert_id returning * into alert;
  perform evergreen.audit(alert.fund_id, 'risk_alerts', alert.alert_id::text, 'alert acknowledged: ' || alert.kind, request_id);
  answer := jsonb_build_object('alert_id', alert.alert_id, 'acknowledged_at', alert.acknowledged_at, 'acknowledged_by', alert.acknowledged_by);
  perform evergreen.keep_answer('fn_acknowledge_alert', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_acknowledge_alert(uuid, text, text) is
  'A person says that they have seen an alert and what they make of it, once; nothing else follows from it. Returns {alert_id, acknowledged_at, acknowledged_by}. EG400, EG404, EG428.';

-- from sql/6u-fn-esg.sql
-- ESG ratings as a provider gives them, and what a new mark takes over of an asset: its score and its leverage.

create or replace function public.fn_record_esg(fund text, provider text, as_of date, scale jsonb, ratings jsonb, file_hash text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  low numeric;
  high numeric;
  wrong text;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('fund', fund, 'provider', provider, 'as_of', as_of, 'scale', scale, 'ratings', encode(sha256(convert_to(ratings::text, 'UTF8')), 'hex'), 'file_hash', file_hash);
  answer := evergreen.earlier_answer('fn_record_esg', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  low := (scale ->> 'low')::numeric;
  high := (scale ->> 'high')::numeric;
  perform evergreen.refuse_unless(provider ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$' and isfinite(as_of) and as_of <= evergreen.clock()::date and file_hash ~ '^[0-9a-f]{64}$' and low < high
    and low > -1e9 and high < 1e9, 'EG400', 'provider (1 to 60 characters), as_of up to today, scale {low, high} with low below high and file_hash (sha256, hex) are needed.');
  perform evergreen.refuse_unless(jsonb_typeof(ratings) = 'array', 'EG400', 'ratings is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(ratings) between 1 and 50000, 'EG413', 'A file has 1 to 50,000 ratings.');
  select case when x.matches = 0 then format('The fund has no asset %s.', left(x.asset, 60)) when x.matches > 1 then format('%s names several assets of the fund.', left(x.asset, 60))
              when x.twice then format('The asset %s is rated twice.', left(x.asset, 60)) else format('The score of %s lies outside of the scale.', left(x.asset, 60)) end,
         case when x.matches = 0 then 0 else 1 end into wrong, n
    from (select r.n, r.asset, r.score, cardinality(m.ids) as matches, count(*) over (partition by m.ids) > 1 and cardinality(m.ids) = 1 as twice
            from rows from (jsonb_to_recordset(ratings) as (asset text, score numeric)) with ordinality r (asset, score, n)
            cross join lateral (select evergreen.assets_named(of_fund.fund_id, r.asset) as ids) m) x
   where (x.matches = 1 and not x.twice and x.score between low and high) is not true order by x.n limit 1;
  perform evergreen.refuse_unless(wrong is null, case n when 0 then 'EG404' else 'EG400' end, wrong);
  insert into public.esg_ratings (fund_id, asset_id, provider, as_of, score, scale_low, scale_high, file_sha256, recorded_by)
  select of_fund.fund_id, (evergreen.assets_named(of_fund.fund_id, r.asset))[1], provider, fn_record_esg.as_of, r.score, low, high, file_hash, evergreen.actor()
    from jsonb_to_recordset(ratings) r (asset text, score numeric) on conflict do nothing;
  get diagnostics n = row_count;
  answer := jsonb_build_object('fund_id', of_fund.fund_id, 'rated', jsonb_array_length(ratings), 'recorded', n, 'assets',
    (select jsonb_agg(jsonb_build_object('asset', r.asset, 'asset_id', (evergreen.assets_named(of_fund.fund_id, r.asset))[1]) order by r.asset) from jsonb_to_recordset(ratings) r (asset text)));
  -- the same file again changes nothing, and says so
  if n > 0 then
    perform evergreen.emit('ESG_RECORDED', of_fund.fund_id, jsonb_build_object('provider', provider, 'as_of', as_of, 'ratings', n), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'esg_ratings', of_fund.fund_id::text, 'ESG ratings recorded: ' || n, request_id);
  end if;
  perform evergreen.keep_answer('fn_record_esg', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_esg(text, text, date, jsonb, jsonb, text, text) is
  'Records ratings = [{asset, score}] of a provider on a day, on its scale {low, high}; an asset by key, id or identifier. From then on every new mark carries the score. Returns {fund_id, rated, recorded, assets}. EG400, EG404 by name, EG413.';

create or replace function evergreen.assets_named(of_fund uuid, named text) returns uuid[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(nullif(array(select a.id from public.assets a where a.fund_id = of_fund and (a.external_key = named or a.id::text = named)), '{}'),
    array(select a.id from public.assets a where a.fund_id = of_fund and jsonb_path_exists(a.identifiers, '$[*].value ? (@ == $named)', jsonb_build_object('named', named))))
$$;
comment on function evergreen.assets_named(uuid, text) is 'The assets of a fund that a key or an id names, or else that carry it as an identifier: none, one or several.';

create or replace function evergreen.carry_metrics() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  said jsonb;
begin
  -- a mark is never written again: what is known when it is recorded goes with it, what comes later goes with the next one
  if new.esg_score is null then
    select r.score into new.esg_score from public.esg_ratings r where r.asset_id = new.asset_id and r.as_of <= new.as_of order by r.as_of desc, r.recorded_at desc, r.rating_id limit 1;
  end if;
  if new.leverage is null then
    select a.attributes into said from public.assets a where a.id = new.asset_id;
    if said ->> 'leverage' ~ '^\d{1,6}(\.\d{1,18})?$' then
      new.leverage := (said ->> 'leverage')::numeric;
    elsif said ->> 'debt' ~ '^\d{1,20}(\.\d{1,4})?$' and new.nav > 0 then
      new.leverage := round((said ->> 'debt')::numeric / ((said ->> 'debt')::numeric + new.nav), 18);
    end if;
  end if;
  return new;
end $$;
comment on function evergreen.carry_metrics() is
  'Fills score and leverage of a new mark from what is known of its asset on its day: the newest rating, and debt as a share of gross value (attributes: leverage, or debt in the fund''s currency). Hypothetical values are left alone.';
create or replace trigger carry_metrics before insert on public.asset_snapshots for each row when (new.scenario_id = '') execute function evergreen.carry_metrics();

-- from sql/6u-fn-reconcile.sql
-- After a restore: one store may be older than the other. Then writes are halted, the two are compared, and a person lets them go on.

create or replace function public.fn_compare_runs(runs jsonb, since timestamptz) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found jsonb;
begin
  perform evergreen.require_role('service_role', 'ops_role');
  perform evergreen.refuse_unless(jsonb_typeof(runs) = 'array' and jsonb_array_length(runs) <= 20000 and since is not null, 'EG400', 'runs is a list of at most 20,000 {workflow_id, status}, since a time.');
  with theirs as materialized (
    select r ->> 'workflow_id' as id, r ->> 'status' as status,
           case when r ->> 'workflow_id' ~ '^(event|batch)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then split_part(r ->> 'workflow_id', '/', 2)::uuid end as names
      from jsonb_array_elements(runs) r
     -- a child is its parent's business, and no row names it
     where r ->> 'workflow_id' !~ '^event/[^/]+/'
  ), unknown as (
    -- Temporal knows what this database has never heard of
    select t.id, t.status from theirs t
     where (t.id like 'event/%' and not exists (select from public.fund_events e where e.event_id = t.names))
        or (t.id like 'batch/%' and not exists (select from public.event_batches b where b.batch_id = t.names))
        or (t.id like 'deal/%' and not exists (select from public.dealing_days d where d.workflow_id = t.id))
  ), ahead as (
    -- it was completed there, and what it did is not here
    select t.id, t.names from theirs t
     where t.id like 'event/%' and t.status = 'completed' and exists (select from public.fund_events e where e.event_id = t.names)
       and not exists (select from public.workflow_runs r where r.workflow_id = t.id and r.ended_at is not null)
  ), missing as (
    -- handed over here and unknown there: what its run had not ended is done by nobody
    select e.event_id, 'event/' || e.event_id as id from public.fund_events e join public.event_types y using (type)
     where y.mode = 'run' and y.playbook not in ('dealing-day', 'restate-nav') and e.created_at >= fn_compare_runs.since
       -- a past that was made for a demo was handed to nobody
       and not (evergreen.is_demo() and coalesce(e.origin_tx, e.tx) in (select a.tx from public.audit_trail a where a.entity_type = 'demo_clock' and a.created_by = 'demo'))
       and not exists (select from public.event_outbox o where o.event_id = e.event_id)
       and not exists (select from public.workflow_runs r where r.event_id = e.event_id and r.ended_at is not null)
       and not exists (select from theirs t where t.id = 'event/' || e.event_id)
  )
  select jsonb_build_object(
      'unknown', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', u.id, 'status', u.status) order by u.id) from unknown u), '[]'),
      'ahead', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', a.id, 'event_id', a.names) order by a.id) from ahead a), '[]'),
      'missing', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', m.id, 'event_id', m.event_id) order by m.id) from missing m), '[]'),
      'compared', (select count(*) from theirs)) into found;
  return found;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_compare_runs(jsonb, timestamptz) is
  'Runs that Temporal has and this database has not (unknown), that ended there and not here (ahead), and events handed over since a time whose run is nowhere (missing). EG400, EG403.';

create or replace function public.fn_halt_writes(report jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  hash text;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(jsonb_typeof(report) = 'object' and report ?& '{unknown,ahead,missing}'::text[] and octet_length(report::text) <= 4000000, 'EG400', 'report has unknown, ahead and missing.');
  input := jsonb_build_object('report', report);
  answer := evergreen.earlier_answer('fn_halt_writes', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(not exists (select from public.platform_settings p where p.key = 'writes_halted'), 'EG428', 'Writes are halted already.');
  hash := encode(sha256(convert_to(report::text, 'UTF8')), 'hex');
  perform evergreen.audit(null, 'platform_settings', 'writes_halted', 'writes halted: ' || jsonb_array_length(report -> 'unknown') || ' unknown, '
    || jsonb_array_length(report -> 'ahead') || ' ahead, ' || jsonb_array_length(report -> 'missing') || ' missing runs; report ' || hash, request_id);
  answer := jsonb_build_object('hash', hash);
  perform evergreen.keep_answer('fn_halt_writes', request_id, input, answer);
  -- last: from here on nothing is written
  insert into public.platform_settings (key, value) values ('writes_halted', jsonb_build_object('since', now(), 'hash', hash, 'report', report));
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_halt_writes(jsonb, text) is 'Refuses every write (EG503) until a person has read the report and accepts it by its hash. EG400, EG403, EG428 halted already.';

create or replace function public.fn_resume_writes(hash text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  halted jsonb;
  again int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('hash', hash);
  answer := evergreen.earlier_answer('fn_resume_writes', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select p.value into halted from public.platform_settings p where p.key = 'writes_halted' for update;
  perform evergreen.refuse_unless(found, 'EG428', 'Writes are not halted.');
  perform evergreen.refuse_unless(halted ->> 'hash' = fn_resume_writes.hash, 'EG421', 'That is not the hash of the report that stands; read it again.');
  -- first: from here on is written again
  delete from public.platform_settings p where p.key = 'writes_halted';
  with lost as (
    select distinct (x ->> 'event_id')::uuid as event_id from jsonb_array_elements((halted #> '{report,missing}') || (halted #> '{report,ahead}')) x
  )
  insert into public.event_outbox (seq, event_id, type, mode, fund_id)
  select e.seq, e.event_id, e.type, y.mode, e.fund_id from lost join public.fund_events e using (event_id) join public.event_types y using (type)
   where y.mode <> 'note' on conflict do nothing;
  get diagnostics again = row_count;
  perform evergreen.audit(null, 'platform_settings', 'writes_halted', 'writes resumed: ' || again || ' events queued again; report ' || fn_resume_writes.hash, request_id);
  answer := jsonb_build_object('queued', again);
  perform evergreen.keep_answer('fn_resume_writes', request_id, input, answer);
  perform pg_notify('evergreen_events', '');
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_resume_writes(text, text) is
  'Writes go on after a restore: by a person of operations who names the hash of the report; events whose run was lost are queued again. EG403, EG409, EG421, EG428.';

-- from sql/6v-fn-quality.sql
-- Data quality: what a nightly check of a fund's data found on an analytical snapshot. A check that failed is an event, which Risk Guardian hears.

create or replace function public.fn_record_data_quality(fund text, snapshot_hash text, as_of date, results jsonb, workflow_id text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  n int;
  r record;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('fund', fund, 'snapshot_hash', snapshot_hash, 'as_of', as_of, 'results', results, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_record_data_quality', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(snapshot_hash ~ '^[0-9a-f]{64}$' and isfinite(as_of) and length(workflow_id) between 1 and 200, 'EG400', 'snapshot_hash (hex), as_of and workflow_id are needed.');
  perform evergreen.refuse_unless(jsonb_typeof(results) = 'array' and jsonb_array_length(results) between 1 and 20, 'EG400', 'results is a list of 1 to 20 checks.');
  -- what was not measured has not passed, and what is beyond its limit has not either, whatever the caller says
  select count(*) into bad from jsonb_to_recordset(results) x ("check" text, value numeric, "limit" numeric, unit text, passed boolean, detail jsonb)
   where (x."check" ~ '^[a-z_]{1,40}$' and x."limit" >= 0 and x."limit" < 1e18 and (x.value is null or (x.value >= 0 and x.value < 1e18)) and length(x.unit) between 1 and 20
     and x.passed = coalesce(x.value <= x."limit", false) and octet_length(coalesce(x.detail, '{}')::text) <= 8192) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' results name no check, no limit or no unit, or passed although they did not.');
  insert into public.data_quality_results (fund_id, "check", as_of, value, "limit", unit, passed, detail, snapshot_hash, workflow_id)
  select of_fund.fund_id, x."check", fn_record_data_quality.as_of, x.value, x."limit", x.unit, x.passed, coalesce(x.detail, '{}'), fn_record_data_quality.snapshot_hash, fn_record_data_quality.workflow_id
    from jsonb_to_recordset(results) x ("check" text, value numeric, "limit" numeric, unit text, passed boolean, detail jsonb)
  on conflict do nothing;
  get diagnostics n = row_count;
  select count(*) into bad from jsonb_to_recordset(results) x (passed boolean) where not x.passed;
  if n > 0 then
    perform evergreen.emit('DATA_QUALITY_CHECKED', of_fund.fund_id, jsonb_build_object('checks', n, 'failed', bad, 'snapshot_hash', snapshot_hash), evergreen.actor(), '{}', '{}', request_id);
    for r in select x."check", x.value, x."limit", x.unit from jsonb_to_recordset(results) x ("check" text, value numeric, "limit" numeric, unit text, passed boolean) where not x.passed order by x."check" loop
      perform evergreen.emit('DATA_QUALITY_FAILED', of_fund.fund_id, jsonb_build_object('check', r."check", 'value', trim_scale(r.value)::text, 'limit', trim_scale(r."limit")::text, 'unit', r.unit),
        evergreen.actor(), '{}', '{}', request_id);
    end loop;
    perform evergreen.audit(of_fund.fund_id, 'data_quality_results', of_fund.fund_id::text, 'data checked: ' || n || ' checks, ' || bad || ' failed', request_id);
  end if;
  answer := jsonb_build_object('checks', jsonb_array_length(results), 'failed', bad);
  perform evergreen.keep_answer('fn_record_data_quality', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_data_quality(text, text, date, jsonb, text, text) is
  'Records results = [{check, value, limit, unit, passed, detail}] of a fund on an analytical snapshot; each that failed is a DATA_QUALITY_FAILED. Returns {checks, failed}. EG400 also when passed contradicts value and limit, EG404.';

create or replace function public.fn_read_fund_value(fund uuid, known_at timestamptz) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  f public.funds;
begin
  perform evergreen.require_role('agent_simulation');
  select * into f from public.funds x where x.fund_id = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that id.');
  perform evergreen.refuse_unless(isfinite(known_at), 'EG400', 'known_at is a time.');
  return (select jsonb_build_object('nav', coalesce(sum(m.nav), 0)::text, 'marks', count(m.nav), 'assets', count(*),
      'limits', (select p.value from public.platform_settings p where p.key = 'data_quality_limits'),
      'mark_ages', (select p.value from public.platform_settings p where p.key = 'nav_max_age_days'),
      'series_ages', (select jsonb_object_agg(l.kind, l.most_age) from evergreen.market_limits() l))
    from public.assets a left join lateral (select s.nav from public.asset_snapshots s where s.asset_id = a.id and s.scenario_id = '' and s.recorded_at <= known_at
      order by s.as_of desc, s.recorded_at desc, s.snapshot_id limit 1) m on true
   where a.fund_id = f.fund_id and a.status = 'active');
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_fund_value(uuid, timestamptz) is
  'What a fund''s active assets are worth by the newest marks known at a time (fund currency), with the limits of its data checks and the greatest ages of marks and series in days. EG400, EG404.';

-- from sql/70-policies.sql
-- Who may read what. Writes are bound by grants alone (nobody holds any); these policies are for reads.
-- The first list is the whole truth for staff, agents and the service; LPs have policies of their own below.
create or replace function evergreen.apply_read_access() returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  t record;
  staff constant text := 'pm_role, ops_role, audit_role';
  agents constant text := 'agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization';
  granted text;
begin
  for t in select c.relname as name from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> '_prisma_migrations' loop
    execute format('alter table public.%I owner to evergreen_owner', t.name);
    execute format('alter table public.%I enable row level security', t.name);
    execute format('alter table public.%I force row level security', t.name);
    execute format('revoke all on public.%I from public, anon, authenticated, service_role, demo_role, lp_role, evergreen_app, evergreen_api, evergreen_readonly, %s, %s', t.name, staff, agents);
    execute format('drop policy if exists owner__all on public.%I', t.name);
    execute format('create policy owner__all on public.%I to evergreen_owner using (true) with check (true)', t.name);
    execute format('drop policy if exists staff__select on public.%I', t.name);
  end loop;
  for t in select * from (values
    ('currencies',             'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('funds',                  'pm_role, ops_role, audit_role, service_role, ' || agents),
    ('share_classes',          'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_simulation'),
    ('assets',                 'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_simulation, agent_tokenization'),
    ('asset_snapshots',        'pm_role, ops_role, audit_role, agent_risk_guardian, agent_simulation'),
    ('portfolio_allocations',  'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('mandates',               'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_compliance_sentinel, agent_simulation, agent_liquidity_engine, agent_risk_guardian'),
    ('liquidity_ladder',       'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_risk_guardian, agent_simulation'),
    ('liquidity_reservations', 'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine'),
    ('reported_flows',         'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_simulation'),
    ('fund_sensitivities',     'pm_role, ops_role, audit_role, agent_simulation'),
    ('investors',              'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('investors_pending_kyc',  'pm_role, ops_role, audit_role, agent_kyc'),
    ('investor_access',        'ops_role, audit_role'),
    ('fund_flows',             'pm_role, ops_role, audit_role, agent_commander, agent_kyc, agent_liquidity_engine, agent_simulation'),
    ('event_types',            'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('fund_events',            'pm_role, ops_role, audit_role, service_role, ' || agents),
    ('event_investors',        'pm_role, ops_role, audit_role, agent_kyc, agent_simulation'),
    ('event_outbox',           'pm_role, ops_role, audit_role, service_role'),
    ('event_batches',          'pm_role, ops_role, audit_role, service_role, agent_kyc'),
    ('workflow_runs',          'pm_role, ops_role, audit_role, service_role, agent_commander'),
    ('proposals',              'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel'),
    ('proposal_checks',        'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel'),
    ('approvals',              'pm_role, ops_role, audit_role, agent_commander'),
    ('commands',               'audit_role'),
    ('audit_trail',            'pm_role, ops_role, audit_role, service_role'),
    ('audit_blocks',           'pm_role, ops_role, audit_role, service_role'),
    ('audit_cursor',           'pm_role, ops_role, audit_role, service_role'),
    ('compliance_logs',        'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('risk_alerts',            'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian'),
    ('tokenization_actions',   'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('agent_memories',         'pm_role, audit_role, ' || agents),
    ('memory_nodes',           'pm_role, audit_role, ' || agents),
    ('memory_edges',           'pm_role, audit_role, ' || agents),
    ('dealing_policies',       'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('lmt_policies',           'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('lmt_activations',        'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian'),
    ('calendar_holidays',      'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('dealing_days',           'pm_role, ops_role, audit_role, service_role, agent_commander, agent_liquidity_engine, agent_kyc, agent_risk_guardian, agent_tokenization'),
    ('order_transitions',      'pm_role, ops_role, audit_role, agent_commander, agent_kyc'),
    ('order_leaves',           'pm_role, ops_role, audit_role, agent_commander'),
    ('nav_strikes',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_risk_guardian, agent_simulation'),
    ('nav_inputs',             'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian, agent_simulation'),
    ('class_navs',             'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_risk_guardian, agent_simulation'),
    ('series_navs',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('allocations',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_tokenization'),
    ('ledger_transactions',    'pm_role, ops_role, audit_role, agent_commander'),
    ('unit_ledger',            'pm_role, ops_role, audit_role, agent_commander, agent_tokenization'),
    ('cash_movements',         'pm_role, ops_role, audit_role, agent_commander'),
    ('lots',                   'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('holdings',               'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_simulation, agent_tokenization'),
    ('cash_balances',          'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('statements',             'pm_role, ops_role, audit_role, agent_commander'),
    ('class_marks',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('in_kind_deliveries',     'pm_role, ops_role, audit_role, agent_commander'),
    ('import_batches',         'pm_role, ops_role, audit_role'),
    ('import_rows',            'pm_role, ops_role, audit_role'),
    ('bank_accounts',          'pm_role, ops_role, audit_role'),
    ('payment_files',          'pm_role, ops_role, audit_role'),
    ('payment_lines',          'pm_role, ops_role, audit_role'),
    ('restatements',           'pm_role, ops_role, audit_role, agent_commander'),
    ('compensations',          'pm_role, ops_role, audit_role, agent_commander'),
    ('beneficial_owners',      'pm_role, ops_role, audit_role, agent_kyc'),
    ('certain_inflows',        'pm_role, ops_role, audit_role'),
    ('repurchase_offers',      'pm_role, ops_role, audit_role'),
    ('authority_notices',      'pm_role, ops_role, audit_role'),
    ('market_series',          'pm_role, ops_role, audit_role, agent_simulation'),
    ('market_imports',         'pm_role, ops_role, audit_role, agent_simulation'),
    ('market_data',            'pm_role, ops_role, audit_role, agent_simulation'),
    ('market_held',            'pm_role, ops_role, audit_role'),
    ('esg_ratings',            'pm_role, ops_role, audit_role, agent_simulation'),
    ('data_quality_results',   'pm_role, ops_role, audit_role, agent_simulation, agent_risk_guardian'),
    ('roll_forwards',          'pm_role, ops_role, audit_role'),
    ('asset_payments',         'pm_role, ops_role, audit_role'),
    ('stress_scenarios',       'pm_role, ops_role, audit_role, service_role, agent_simulation, agent_liquidity_engine, agent_risk_guardian, agent_commander'),
    ('stress_runs',            'pm_role, ops_role, audit_role, service_role, agent_simulation, agent_liquidity_engine, agent_risk_guardian, agent_commander'),
    ('stress_outcomes',        'pm_role, ops_role, audit_role, service_role, agent_simulation, agent_liquidity_engine, agent_risk_guardian, agent_commander'),
    ('stress_shards',          'pm_role, ops_role, audit_role, service_role, agent_simulation'),
    ('trace_spans',            'pm_role, ops_role, audit_role'),
    ('retention_policies',     'pm_role, ops_role, audit_role, service_role, agent_simulation'),
    ('legal_holds',            'pm_role, ops_role, audit_role'),
    ('retention_archives',     'pm_role, ops_role, audit_role, service_role, agent_simulation'),
    ('platform_settings',      'pm_role, ops_role, audit_role, service_role, ' || agents)
  ) as access (name, readers) loop
    -- the diagnostic login reads what an auditor reads; named, because what a login inherits differs between Postgres 15 and 16
    t.readers := replace(t.readers, 'audit_role', 'audit_role, evergreen_readonly');
    execute format('grant select on public.%I to %s', t.name, t.readers);
    execute format('create policy staff__select on public.%I for select to %s using (true)', t.name, t.readers);
  end loop;
end $$;
comment on function evergreen.apply_read_access() is 'Puts ownership, row-level security, grants and staff policies in place; called by migrations only.';
select evergreen.apply_read_access();

-- What an LP sees: their own investors, orders and events, the funds they are in, and assets flagged for them.
grant select on public.funds, public.share_classes, public.assets, public.asset_snapshots, public.investors, public.investor_access,
  public.fund_flows, public.fund_events, public.event_investors, public.allocations, public.lots, public.holdings, public.cash_movements, public.cash_balances,
  public.class_navs, public.in_kind_deliveries, public.statements, public.compensations, public.repurchase_offers to lp_role;
-- what the policies below read as the LP
grant select on evergreen.caller, evergreen.my_investors to lp_role;
drop policy if exists lp__select_own on public.funds;
create policy lp__select_own on public.funds for select to lp_role using (fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_own on public.share_classes;
create policy lp__select_own on public.share_classes for select to lp_role using (fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_visible on public.assets;
create policy lp__select_visible on public.assets for select to lp_role using (lp_visible and fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_visible on public.asset_snapshots;
create policy lp__select_visible on public.asset_snapshots for select to lp_role
  using (scenario_id = '' and asset_id = any (array(select evergreen.visible_asset_ids())));
drop policy if exists lp__select_own on public.investors;
create policy lp__select_own on public.investors for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.investor_access;
create policy lp__select_own on public.investor_access for select to lp_role using (user_id = (select c.user_id from evergreen.caller c));
drop policy if exists lp__select_own on public.fund_flows;
create policy lp__select_own on public.fund_flows for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.fund_events;
create policy lp__select_own on public.fund_events for select to lp_role using (event_id = any (array(select evergreen.my_event_ids())));
drop policy if exists lp__select_own on public.event_investors;
create policy lp__select_own on public.event_investors for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
-- their own fills, lots, holdings and cash; prices only once they are struck
drop policy if exists lp__select_own on public.allocations;
create policy lp__select_own on public.allocations for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.lots;
create policy lp__select_own on public.lots for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.holdings;
create policy lp__select_own on public.holdings for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.cash_movements;
create policy lp__select_own on public.cash_movements for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.cash_balances;
create policy lp__select_own on public.cash_balances for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.statements;
create policy lp__select_own on public.statements for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.in_kind_deliveries;
create policy lp__select_own on public.in_kind_deliveries for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.repurchase_offers;
create policy lp__select_own on public.repurchase_offers for select to lp_role using (fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_own on public.compensations;
create policy lp__select_own on public.compensations for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_struck on public.class_navs;
create policy lp__select_struck on public.class_navs for select to lp_role
  using (published_at is not null and share_class_id = any (array(select evergreen.my_class_ids())));

-- Views follow the tables they read.
revoke all on public.subscriptions, public.redemptions from public, anon, authenticated, service_role, demo_role, evergreen_app, evergreen_api;
grant select on public.subscriptions, public.redemptions to pm_role, ops_role, audit_role, evergreen_readonly, lp_role;
alter view public.subscriptions owner to evergreen_owner;
alter view public.redemptions owner to evergreen_owner;
revoke all on public.market_observations, public.mark_metrics from public, anon, authenticated, service_role, demo_role, evergreen_app, evergreen_api;
grant select on public.market_observations, public.mark_metrics to pm_role, ops_role, audit_role, evergreen_readonly, agent_simulation;
alter view public.market_observations owner to evergreen_owner;
alter view public.mark_metrics owner to evergreen_owner;

-- from sql/80-grants.sql
-- Who may call what. Nobody can by default; the second list repeats, as grants, what each function checks in its first lines.
do $$
declare
  f record;
begin
  for f in select p.oid::regprocedure as signature, n.nspname as schema from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where n.nspname = 'evergreen' or (n.nspname = 'public' and p.proname like 'fn\_%') loop
    execute format('alter function %s owner to evergreen_owner', f.signature);
    execute format('revoke all on function %s from public, anon, authenticated, service_role', f.signature);
  end loop;
  for f in select * from (values
    ('fn_record_event(text,jsonb,text,text,text,uuid,uuid[])', 'pm_role, ops_role, service_role, agent_commander, agent_liquidity_engine, agent_simulation, agent_risk_guardian, agent_compliance_sentinel'),
    ('fn_claim_events(text,int,int)', 'service_role'),
    ('fn_finish_events(bigint[])', 'service_role'),
    ('fn_fail_event(bigint,text,int)', 'service_role'),
    ('fn_release_events(bigint[])', 'service_role'),
    ('fn_claim_batch(text,int,int)', 'service_role'),
    ('fn_fail_batch(uuid,text,int)', 'service_role'),
    ('fn_retry_event(uuid,text)', 'pm_role, ops_role'),
    ('fn_compare_runs(jsonb,timestamptz)', 'service_role, ops_role'),
    ('fn_halt_writes(jsonb,text)', 'service_role'),
    ('fn_resume_writes(text,text)', 'ops_role'),
    ('fn_place_legal_hold(uuid,text,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_lift_legal_hold(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_plan_retention()', 'ops_role, audit_role, service_role, agent_simulation'),
    ('fn_read_archivable(text,uuid,date)', 'service_role, agent_simulation'),
    ('fn_retire_events(uuid,date,bigint,text,jsonb,text)', 'ops_role, service_role'),
    ('fn_retire_snapshots(uuid,date,bigint,text,jsonb,text)', 'ops_role, service_role'),
    ('fn_read_events(uuid,timestamptz,timestamptz,bigint,int)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_seal_audit(int)', 'service_role'),
    ('fn_open_workflow(text,text,uuid,jsonb,text)', 'agent_commander, service_role'),
    ('fn_complete_workflow(text,text,jsonb,text)', 'agent_commander, service_role'),
    ('fn_update_liquidity_bucket(text,numeric,jsonb,text)', 'agent_liquidity_engine, agent_simulation, pm_role, ops_role, service_role'),
    ('fn_reserve_liquidity(uuid,text)', 'agent_liquidity_engine'),
    ('fn_release_liquidity(uuid,text,text)', 'agent_liquidity_engine'),
    ('fn_request_rebalance(text,text,text,text,jsonb)', 'pm_role'),
    ('fn_propose_rebalancing(uuid,jsonb,jsonb,text)', 'agent_rebalancing'),
    ('fn_record_checks(uuid,jsonb,text)', 'agent_compliance_sentinel'),
    ('fn_open_proposal(uuid,text)', 'agent_commander'),
    ('fn_decide_proposal(uuid,text,text,text,text)', 'pm_role'),
    ('fn_read_decision(uuid,text)', 'agent_commander'),
    ('fn_withdraw_proposal(uuid,text,text)', 'agent_commander'),
    ('fn_apply_allocations(uuid,text)', 'agent_rebalancing'),
    ('fn_set_mandate(text,jsonb,text,text)', 'pm_role'),
    ('fn_import_fund(jsonb,text)', 'pm_role, ops_role'),
    ('fn_submit_investor(text,jsonb,text,text)', 'ops_role'),
    ('fn_assign_investor(uuid,text,text)', 'agent_kyc, ops_role'),
    ('fn_ask_evidence(uuid,text[],text)', 'agent_kyc'),
    ('fn_place_order(text,uuid,text,numeric,text,text,text,text,numeric,date,text,text,uuid,timestamptz,uuid[])', 'lp_role, ops_role'),
    ('fn_cancel_order(uuid,text,text)', 'lp_role, ops_role, pm_role'),
    ('fn_hold_order(uuid,text,text,text)', 'ops_role, agent_kyc, agent_compliance_sentinel'),
    ('fn_release_hold(uuid,text,text,text)', 'ops_role'),
    ('fn_prove_order(uuid)', 'lp_role, ops_role, pm_role, audit_role'),
    ('fn_open_class(text,text,text,numeric,int,int,text)', 'pm_role, ops_role'),
    ('fn_open_register(uuid,jsonb,text,numeric)', 'ops_role'),
    ('fn_set_holidays(text,jsonb,text)', 'ops_role'),
    ('fn_set_dealing_policy(uuid,jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_set_lmt_policy(text,text,jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_propose_lmt(text,text,jsonb,text,text,text)', 'pm_role, ops_role, agent_liquidity_engine, agent_commander'),
    ('fn_activate_lmt(uuid,text)', 'pm_role, agent_commander'),
    ('fn_end_lmt(uuid,text,text)', 'pm_role'),
    ('fn_open_dealing_day(text,text,date,text,text)', 'ops_role, agent_commander'),
    ('fn_lock_orders(uuid,text)', 'agent_commander'),
    ('fn_recheck_orders(uuid,text)', 'agent_kyc'),
    ('fn_freeze_nav_inputs(text,date,jsonb,text,jsonb)', 'agent_commander, ops_role'),
    ('fn_propose_nav(uuid,jsonb,jsonb,text,text)', 'agent_commander, ops_role, pm_role'),
    ('fn_strike_nav(uuid,text)', 'agent_commander, ops_role'),
    ('fn_restate_nav(uuid,jsonb,text,text)', 'pm_role, ops_role, agent_commander'),
    ('fn_read_restatement(uuid)', 'agent_commander'),
    ('fn_preview_restatement(uuid,jsonb)', 'pm_role, ops_role'),
    ('fn_settle_compensation(text,jsonb,text)', 'ops_role'),
    ('fn_note_nav_error(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_record_restatement(uuid,jsonb,jsonb,text)', 'agent_commander'),
    ('fn_decide_lmt(uuid,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_record_allocations(uuid,jsonb,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_post_dealing_day(uuid,text)', 'agent_commander'),
    ('fn_open_claims(uuid,text)', 'agent_commander'),
    ('fn_confirm_cash(text,jsonb,text)', 'ops_role, agent_commander'),
    ('fn_close_dealing_day(uuid,text)', 'agent_commander'),
    ('fn_knock_dealing_day(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_dealing_day(uuid)', 'agent_commander'),
    ('fn_read_nav_facts(uuid)', 'agent_commander'),
    ('fn_read_book(uuid)', 'agent_liquidity_engine'),
    ('fn_roll_unpaid(uuid,text)', 'agent_commander'),
    ('fn_record_lab(uuid,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_discard_dealing_day(uuid,text,text)', 'ops_role, agent_commander'),
    ('fn_record_marks(text,jsonb,text)', 'ops_role, pm_role'),
    ('fn_reverse_ledger(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_propose_posting(text,text,jsonb,text,text)', 'lp_role, ops_role, pm_role, agent_commander'),
    ('fn_ask_dust(uuid,text)', 'ops_role, agent_commander, agent_liquidity_engine'),
    ('fn_cancel_dust(uuid,text)', 'ops_role, agent_commander'),
    ('fn_read_crystallisation(text,text)', 'agent_commander, ops_role, pm_role'),
    ('fn_read_fees_again(uuid)', 'agent_commander, ops_role, pm_role'),
    ('fn_crystallise_fee(uuid,text)', 'agent_commander, ops_role'),
    ('fn_post_distribution(uuid,text)', 'agent_commander, ops_role'),
    ('fn_confirm_payout(text,text,jsonb,text)', 'ops_role, agent_commander'),
    ('fn_return_cash(uuid,text,text)', 'ops_role'),
    ('fn_note_authority(uuid,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_open_side_pocket(uuid,text,text,text)', 'agent_commander, ops_role'),
    ('fn_settle_in_kind(uuid,text)', 'agent_commander, ops_role'),
    ('fn_verify_invariants(text)', 'audit_role, pm_role, ops_role, agent_commander'),
    ('fn_statement_books(uuid,uuid,timestamptz)', 'lp_role, pm_role, ops_role, audit_role'),
    ('fn_performance_books(text,uuid[],text,timestamptz)', 'lp_role, pm_role, ops_role, audit_role'),
    ('fn_prepare_statements(uuid,text)', 'agent_commander'),
    ('fn_intake_orders(uuid,text)', 'agent_kyc'),
    ('fn_import_orders(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_import_bank_statement(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_match_bank_lines(uuid,int,uuid,text)', 'ops_role'),
    ('fn_undo_import(uuid,text,boolean,text)', 'ops_role'),
    ('fn_propose_bank_accounts(text,jsonb,text)', 'ops_role'),
    ('fn_decide_bank_accounts(jsonb,text,text)', 'pm_role, ops_role'),
    ('fn_export_payments(text,date,date,text,text)', 'ops_role'),
    ('fn_withdraw_payments(uuid,text,text)', 'ops_role'),
    ('fn_raise_alert(uuid,text,text,text,text,jsonb)', 'agent_risk_guardian'),
    ('fn_acknowledge_alert(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_record_stress_liquidity(uuid,jsonb,jsonb,jsonb,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_record_stress(uuid,text,numeric,text,jsonb,text)', 'agent_simulation'),
    ('fn_request_stress(text,jsonb,text,text)', 'pm_role, agent_simulation, service_role'),
    ('fn_open_stress_run(uuid,text,text,date,text,text,text)', 'agent_simulation'),
    ('fn_record_stress_shard(uuid,text,int,text,text,text)', 'agent_simulation'),
    ('fn_record_stress_outcome(uuid,text,text,text,text,text,text)', 'agent_simulation'),
    ('fn_record_stress_check(uuid,text,text,text)', 'agent_simulation'),
    ('fn_close_stress_run(uuid,text,text)', 'agent_simulation'),
    ('fn_log_compliance(uuid,text,text,text,jsonb,text)', 'agent_compliance_sentinel'),
    ('fn_register_tokenization(uuid,uuid,text)', 'agent_tokenization'),
    ('fn_remember(jsonb,text)', 'pm_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_search_memories(float8[],uuid,int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_list_memories(uuid,text,uuid[],int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_load_demo(jsonb,text)', 'demo_role'),
    ('fn_set_demo_clock(timestamptz)', 'demo_role'),
    ('fn_batch_demo_orders(text,text,text)', 'demo_role'),
    ('fn_hand_over_demo_days(text,text)', 'demo_role'),
    ('fn_move_cash(text,text,numeric,text,text)', 'ops_role'),
    ('fn_answer_dust(uuid,text,text)', 'lp_role, ops_role'),
    ('fn_set_beneficial_owner(uuid,uuid,date,text,text)', 'ops_role'),
    ('fn_record_certain_inflows(text,numeric,date,text,text)', 'pm_role, ops_role'),
    ('fn_open_repurchase_offer(text,date,date,numeric,text,text)', 'pm_role, ops_role'),
    ('fn_note_notice(uuid,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_record_index_values(jsonb,text)', 'pm_role, ops_role'),
    ('fn_import_market(jsonb,text,text,text,boolean,boolean,text)', 'pm_role, ops_role, agent_simulation'),
    ('fn_decide_market_values(jsonb,text,text)', 'pm_role, ops_role'),
    ('fn_undo_market_import(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_record_esg(text,text,date,jsonb,jsonb,text,text)', 'pm_role, ops_role'),
    ('fn_read_fund_value(uuid,timestamptz)', 'agent_simulation'),
    ('fn_record_data_quality(text,text,date,jsonb,text,text)', 'agent_simulation'),
    ('fn_record_asset_payments(text,jsonb,text)', 'pm_role, ops_role'),
    ('fn_set_roll_forward(text,text,text,numeric,int,date,text)', 'pm_role, ops_role'),
    ('fn_note_schedule(text,text,text,text)', 'pm_role, ops_role'),
    ('fn_record_spans(jsonb)', 'service_role')
  ) as access (signature, callers) loop
    execute format('grant execute on function public.%s to %s', f.signature, f.callers);
  end loop;
end $$;

-- policies call these as the reader
grant execute on function evergreen.my_event_ids(), evergreen.my_fund_ids(), evergreen.my_class_ids(), evergreen.visible_asset_ids() to lp_role;

-- a function of a later migration belongs to nobody until it is granted: the built-in default (everybody may execute) can only be taken back for all schemas at once
alter default privileges revoke all on functions from public;
alter default privileges for role evergreen_owner revoke all on functions from public;
-- no table rights by default, whatever the platform's defaults are (hosted Supabase grants to anon and authenticated)
alter default privileges in schema public revoke all on tables from public, anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from public, anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from public, anon, authenticated, service_role;
revoke all on all sequences in schema public from public, anon, authenticated, service_role;
do $$
declare
  s record;
begin
  for s in select c.oid::regclass as name from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
            and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i')) loop
    execute format('alter sequence %s owner to evergreen_owner', s.name);
  end loop;
  -- scratch tables are how search_path attacks begin
  execute format('revoke temporary, create on database %I from public', current_database());
  if to_regclass('public._prisma_migrations') is not null then
    execute 'alter table public._prisma_migrations enable row level security';
    execute 'revoke all on public._prisma_migrations from public, anon, authenticated, service_role';
  end if;
end $$;
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
