-- from schema.prisma
-- AlterTable
ALTER TABLE "tokenization_actions" ADD COLUMN     "attempt" JSONB,
ADD COLUMN     "block" BIGINT,
ADD COLUMN     "claim_until" TIMESTAMPTZ(6),
ADD COLUMN     "contract_id" UUID,
ADD COLUMN     "dealing_day_id" UUID,
ADD COLUMN     "event_id" UUID,
ADD COLUMN     "incident_id" UUID,
ADD COLUMN     "kind" TEXT,
ADD COLUMN     "legal_basis" TEXT,
ADD COLUMN     "limits" JSONB,
ADD COLUMN     "price" DECIMAL(38,18),
ADD COLUMN     "proposal_id" UUID,
ADD COLUMN     "refusal" JSONB,
ADD COLUMN     "request_no" BIGINT,
ADD COLUMN     "share_class_id" UUID,
ADD COLUMN     "to_wallet_id" UUID,
ADD COLUMN     "wallet_id" UUID;

-- AlterTable
ALTER TABLE "subject_keys" ADD COLUMN     "key_made_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "key_version" INTEGER NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "liquidity_pools" (
    "pool_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "pool" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "chain" TEXT NOT NULL,
    "curve" TEXT NOT NULL,
    "reserve_units" DECIMAL(38,0) NOT NULL,
    "reserve_cash" DECIMAL(38,0) NOT NULL,
    "unit_decimals" INTEGER NOT NULL,
    "cash_decimals" INTEGER NOT NULL,
    "fee_ppm" INTEGER NOT NULL,
    "amplification" INTEGER,
    "effective_from" DATE NOT NULL,
    "set_by" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "liquidity_pools_pkey" PRIMARY KEY ("pool_id")
);

-- CreateTable
CREATE TABLE "pool_trades" (
    "trade_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "pool_id" UUID NOT NULL,
    "direction" TEXT NOT NULL,
    "amount_in" DECIMAL(38,0) NOT NULL,
    "amount_out" DECIMAL(38,0) NOT NULL,
    "tx_hash" TEXT NOT NULL,
    "executed_at" TIMESTAMPTZ(6) NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pool_trades_pkey" PRIMARY KEY ("trade_id")
);

-- CreateTable
CREATE TABLE "incidents" (
    "incident_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "opened_by" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "close_asked_by" TEXT,
    "close_asked_at" TIMESTAMPTZ(6),
    "close_reason" TEXT,
    "closed_by" TEXT,
    "closed_at" TIMESTAMPTZ(6),
    "closed_reason" TEXT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "incidents_pkey" PRIMARY KEY ("incident_id")
);

-- CreateTable
CREATE TABLE "schedules" (
    "schedule_id" TEXT NOT NULL,
    "fund_id" UUID,
    "zone" TEXT NOT NULL,
    "fires" TEXT NOT NULL,
    "paused" BOOLEAN NOT NULL,
    "next_at" JSONB NOT NULL,
    "recent" JSONB NOT NULL,
    "told_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "asked" TEXT,
    "asked_event" UUID,
    "asked_by" TEXT,
    "asked_at" TIMESTAMPTZ(6),
    "asked_note" TEXT,
    "first_day" DATE,
    "last_day" DATE,
    "answered_at" TIMESTAMPTZ(6),
    "outcome" TEXT,
    "says" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "schedules_pkey" PRIMARY KEY ("schedule_id")
);

-- CreateTable
CREATE TABLE "failure_steps" (
    "step_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "fund_id" UUID,
    "action" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "moves_money" BOOLEAN NOT NULL,
    "to_role" TEXT,
    "due_at" TIMESTAMPTZ(6),
    "asked_by" TEXT NOT NULL,
    "decided_by" TEXT,
    "decided_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "failure_steps_pkey" PRIMARY KEY ("step_id")
);

-- CreateTable
CREATE TABLE "webhook_endpoints" (
    "endpoint_id" UUID NOT NULL,
    "fund_id" UUID,
    "url" TEXT NOT NULL,
    "types" TEXT[],
    "owner_role" TEXT NOT NULL,
    "owner_id" UUID NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "reason" TEXT,
    "cursor_tx" xid8 NOT NULL,
    "cursor_seq" BIGINT NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ(6),
    "delivered_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY ("endpoint_id")
);

-- CreateTable
CREATE TABLE "webhook_secrets" (
    "secret_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "endpoint_id" UUID NOT NULL,
    "sealed" TEXT NOT NULL,
    "valid_until" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_secrets_pkey" PRIMARY KEY ("secret_id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "delivery_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "endpoint_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "queued_by" UUID NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_status" INTEGER,
    "last_reason" TEXT,
    "delivered_at" TIMESTAMPTZ(6),
    "tries" JSONB NOT NULL DEFAULT '[]',
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("delivery_id")
);

-- CreateTable
CREATE TABLE "token_contracts" (
    "contract_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "chain_id" BIGINT NOT NULL,
    "gate" TEXT NOT NULL,
    "share" TEXT NOT NULL,
    "vault" TEXT NOT NULL,
    "registrar" TEXT NOT NULL,
    "guardian" TEXT NOT NULL,
    "unit_decimals" SMALLINT NOT NULL,
    "deployed_block" BIGINT NOT NULL,
    "requests" BIGINT NOT NULL DEFAULT 0,
    "paused" BOOLEAN NOT NULL DEFAULT false,
    "limits" JSONB NOT NULL DEFAULT '{}',
    "rules" JSONB NOT NULL DEFAULT '{}',
    "reconciled_block" BIGINT,
    "reconciled_at" TIMESTAMPTZ(6),
    "action_id" UUID NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "token_contracts_pkey" PRIMARY KEY ("contract_id")
);

-- CreateTable
CREATE TABLE "wallets" (
    "wallet_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "contract_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "address" TEXT NOT NULL,
    "party_ref" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'registered',
    "consent" TEXT NOT NULL,
    "claim_until" TIMESTAMPTZ(6),
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "wallets_pkey" PRIMARY KEY ("wallet_id")
);

-- CreateTable
CREATE TABLE "token_moves" (
    "action_id" UUID NOT NULL,
    "wallet_id" UUID NOT NULL,
    "units" DECIMAL(38,18) NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "token_moves_pkey" PRIMARY KEY ("action_id","wallet_id")
);

-- CreateTable
CREATE TABLE "chain_breaks" (
    "break_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "contract_id" UUID NOT NULL,
    "block" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "wallet" TEXT NOT NULL,
    "register_units" DECIMAL(38,18) NOT NULL,
    "chain_units" DECIMAL(38,18) NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(6),
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chain_breaks_pkey" PRIMARY KEY ("break_id")
);

-- CreateIndex
CREATE INDEX "liquidity_pools_share_class_id_idx" ON "liquidity_pools"("share_class_id");

-- CreateIndex
CREATE INDEX "liquidity_pools_tx_idx" ON "liquidity_pools"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "liquidity_pools_fund_id_pool_version_key" ON "liquidity_pools"("fund_id", "pool", "version");

-- CreateIndex
CREATE INDEX "pool_trades_tx_idx" ON "pool_trades"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "pool_trades_pool_id_tx_hash_key" ON "pool_trades"("pool_id", "tx_hash");

-- CreateIndex
CREATE INDEX "incidents_fund_id_idx" ON "incidents"("fund_id");

-- CreateIndex
CREATE INDEX "incidents_tx_idx" ON "incidents"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "schedules_asked_event_key" ON "schedules"("asked_event");

-- CreateIndex
CREATE INDEX "schedules_fund_id_idx" ON "schedules"("fund_id");

-- CreateIndex
CREATE INDEX "failure_steps_kind_subject_idx" ON "failure_steps"("kind", "subject");

-- CreateIndex
CREATE INDEX "failure_steps_fund_id_idx" ON "failure_steps"("fund_id");

-- CreateIndex
CREATE INDEX "webhook_endpoints_fund_id_idx" ON "webhook_endpoints"("fund_id");

-- CreateIndex
CREATE INDEX "webhook_endpoints_owner_id_idx" ON "webhook_endpoints"("owner_id");

-- CreateIndex
CREATE INDEX "webhook_secrets_endpoint_id_idx" ON "webhook_secrets"("endpoint_id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_event_id_idx" ON "webhook_deliveries"("event_id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_queued_by_status_idx" ON "webhook_deliveries"("queued_by", "status");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_deliveries_endpoint_id_event_id_key" ON "webhook_deliveries"("endpoint_id", "event_id");

-- CreateIndex
CREATE UNIQUE INDEX "token_contracts_share_class_id_key" ON "token_contracts"("share_class_id");

-- CreateIndex
CREATE UNIQUE INDEX "token_contracts_action_id_key" ON "token_contracts"("action_id");

-- CreateIndex
CREATE INDEX "token_contracts_fund_id_idx" ON "token_contracts"("fund_id");

-- CreateIndex
CREATE INDEX "wallets_fund_id_idx" ON "wallets"("fund_id");

-- CreateIndex
CREATE INDEX "wallets_investor_id_idx" ON "wallets"("investor_id");

-- CreateIndex
CREATE UNIQUE INDEX "wallets_contract_id_address_key" ON "wallets"("contract_id", "address");

-- CreateIndex
CREATE INDEX "token_moves_wallet_id_idx" ON "token_moves"("wallet_id");

-- CreateIndex
CREATE INDEX "chain_breaks_fund_id_idx" ON "chain_breaks"("fund_id");

-- CreateIndex
CREATE INDEX "chain_breaks_contract_id_closed_at_idx" ON "chain_breaks"("contract_id", "closed_at");

-- CreateIndex
CREATE INDEX "tokenization_actions_incident_id_idx" ON "tokenization_actions"("incident_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_share_class_id_idx" ON "tokenization_actions"("share_class_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_contract_id_status_idx" ON "tokenization_actions"("contract_id", "status");

-- CreateIndex
CREATE INDEX "tokenization_actions_wallet_id_idx" ON "tokenization_actions"("wallet_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_to_wallet_id_idx" ON "tokenization_actions"("to_wallet_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_dealing_day_id_idx" ON "tokenization_actions"("dealing_day_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_proposal_id_idx" ON "tokenization_actions"("proposal_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_event_id_idx" ON "tokenization_actions"("event_id");

-- AddForeignKey
ALTER TABLE "liquidity_pools" ADD CONSTRAINT "liquidity_pools_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "liquidity_pools" ADD CONSTRAINT "liquidity_pools_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "pool_trades" ADD CONSTRAINT "pool_trades_pool_id_fkey" FOREIGN KEY ("pool_id") REFERENCES "liquidity_pools"("pool_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "failure_steps" ADD CONSTRAINT "failure_steps_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_secrets" ADD CONSTRAINT "webhook_secrets_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoints"("endpoint_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoints"("endpoint_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_queued_by_fkey" FOREIGN KEY ("queued_by") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_contract_id_fkey" FOREIGN KEY ("contract_id") REFERENCES "token_contracts"("contract_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_wallet_id_fkey" FOREIGN KEY ("wallet_id") REFERENCES "wallets"("wallet_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_to_wallet_id_fkey" FOREIGN KEY ("to_wallet_id") REFERENCES "wallets"("wallet_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_incident_id_fkey" FOREIGN KEY ("incident_id") REFERENCES "incidents"("incident_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "token_contracts" ADD CONSTRAINT "token_contracts_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "token_contracts" ADD CONSTRAINT "token_contracts_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "token_contracts" ADD CONSTRAINT "token_contracts_action_id_fkey" FOREIGN KEY ("action_id") REFERENCES "tokenization_actions"("action_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "wallets" ADD CONSTRAINT "wallets_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "wallets" ADD CONSTRAINT "wallets_contract_id_fkey" FOREIGN KEY ("contract_id") REFERENCES "token_contracts"("contract_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "wallets" ADD CONSTRAINT "wallets_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "token_moves" ADD CONSTRAINT "token_moves_action_id_fkey" FOREIGN KEY ("action_id") REFERENCES "tokenization_actions"("action_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "token_moves" ADD CONSTRAINT "token_moves_wallet_id_fkey" FOREIGN KEY ("wallet_id") REFERENCES "wallets"("wallet_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "chain_breaks" ADD CONSTRAINT "chain_breaks_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "chain_breaks" ADD CONSTRAINT "chain_breaks_contract_id_fkey" FOREIGN KEY ("contract_id") REFERENCES "token_contracts"("contract_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

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
  elsif state like '54%' then
    raise exception using errcode = 'EG413', message = 'A text in the input is larger than what can be kept or found again.';
  elsif state in ('40001', '40P01', '55P03') or state like '53%' or state like '57%' then
    raise exception using errcode = 'EG503', message = 'The database is busy; try again with the same request id.';
  end if;
  raise exception using errcode = 'EG500', message = 'Unforeseen failure (' || state || '); nothing was changed.';
end $$;
comment on function evergreen.raise_public(text, text, text) is 'Maps any error to the public list without DETAIL, HINT or rows.';

create or replace function evergreen.harmless_text(fn text, input jsonb) returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  words text := input::text;
begin
  -- no terminal, page or file that shows a text may be steered by it: control characters but tab and line end, marks that turn the direction of writing, tags
  -- that nobody sees. A file's own lines are kept as they came; whoever shows them makes them harmless.
  if fn not in ('fn_import_orders', 'fn_import_bank_statement', 'fn_publish_watchlist') and (
      words ~ '[\u007f-\u009f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]'
      -- jsonb writes the others as escapes; what is left of a backslash that was meant is gone first
      or (position('\' in words) > 0 and replace(words, '\\', '') ~ '\\(b|f|u00[01])')) then
    raise exception using errcode = 'EG400', message = 'A text holds control characters or marks that turn the direction of writing; leave them out.';
  end if;
  if octet_length(words) > 1048576 and fn !~ '^fn_(record_stress|put_document|load_)'
      and exists (select from jsonb_path_query(input, '$.** ? (@.type() == "string")') part where octet_length(part #>> '{}') > 1048576) then
    raise exception using errcode = 'EG413', message = 'A text in the input is larger than 1 MB.';
  end if;
  return true;
end $$;
comment on function evergreen.harmless_text(text, jsonb) is 'Refuses input with a text that could steer what shows it (EG400), or one beyond 1 MB (EG413; bodies of stress runs and documents have limits of their own).';

create or replace function evergreen.vault_secrets(variadic wanted text[]) returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.refuse_unless(to_regclass('vault.decrypted_secrets') is not null, 'EG428', 'This database has no Supabase Vault; keep the keys in a file or in Infisical.');
  -- looked up when it is run: the view is there only where the extension is
  select jsonb_object_agg(s.name, s.decrypted_secret) into answer from vault.decrypted_secrets s where s.name = any (wanted) and s.decrypted_secret is not null;
  perform evergreen.refuse_unless(answer ?& wanted, 'EG404', format('The Vault has no %s.', array_to_string(wanted, ' or ')));
  return answer;
end $$;
comment on function evergreen.vault_secrets(text[]) is 'Secrets of Supabase Vault by name, for the functions that hand them to one role each. EG404 one is missing, EG428 no Vault.';

create or replace function evergreen.content_digest(content jsonb) returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.harmless_text('', content);
  return encode(sha256(convert_to(content::text, 'UTF8')), 'hex');
end $$;
comment on function evergreen.content_digest(jsonb) is 'What the input of a request says of a large part of it: its sha256, after the same look at its texts as the rest gets. EG400, EG413.';

create or replace function evergreen.earlier_answer(fn text, request_id text, input jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  earlier record;
begin
  perform evergreen.harmless_text(fn, input);
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
    not handling.required_keys && array['flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'inflow_id', 'offer_id', 'notice_id', 'stress_run_id', 'credit_line_id', 'pool_id', 'trade_id', 'incident_id']
    or not exists (select from unnest(handling.required_keys) k
      where k in ('flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'stress_run_id', 'credit_line_id', 'pool_id', 'trade_id', 'incident_id')
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
  perform evergreen.add_check('proposals', 'proposals_kind',
    $c$kind in ('rebalancing', 'nav', 'lmt', 'token', 'cancellation', 'crystallisation', 'distribution', 'in_kind')$c$);
  perform evergreen.add_check('proposals', 'proposals_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('proposal_checks', 'proposal_checks_result', $c$result in ('passed', 'failed')$c$);
  perform evergreen.add_check('approvals', 'approvals_decision', $c$decision in ('approved', 'rejected')$c$);
  perform evergreen.add_check('compliance_logs', 'compliance_logs_result', $c$result in ('passed', 'failed', 'review')$c$);
  perform evergreen.add_check('risk_alerts', 'risk_alerts_severity', $c$severity in ('notice', 'warning', 'critical')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_trust', $c$trust in ('system', 'person', 'untrusted')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_text', 'length(text) between 1 and 4096');
  perform evergreen.add_check('memory_nodes', 'memory_nodes_kind', $c$kind in ('Asset', 'Scenario', 'Workflow', 'Investor', 'Policy')$c$);
  perform evergreen.add_check('memory_edges', 'memory_edges_kind', $c$kind in ('caused', 'resolved_with', 'violated', 'prefers')$c$);
  perform evergreen.add_check('audit_cursor', 'audit_cursor_only', '"only"');
  perform evergreen.add_check('webhook_endpoints', 'webhook_endpoints_state', $c$status in ('active', 'paused', 'gone', 'removed') and reason in ('people', 'failing', 'refused', 'gone') and cursor_seq >= 0$c$);
  perform evergreen.add_check('webhook_endpoints', 'webhook_endpoints_owner', $c$owner_role in ('pm_role', 'ops_role', 'lp_role') and cardinality(types) between 1 and 100 and length(url) between 8 and 2000$c$);
  perform evergreen.add_check('webhook_secrets', 'webhook_secrets_sealed', $c$sealed ~ '^v1\.mk-[0-9a-f]{16}\.' and length(sealed) <= 400$c$);
  perform evergreen.add_check('webhook_deliveries', 'webhook_deliveries_state', $c$status in ('pending', 'delivered', 'dead', 'withheld') and attempts >= 0 and last_status between 100 and 999 and length(last_reason) between 1 and 60$c$);
  perform evergreen.add_check('webhook_deliveries', 'webhook_deliveries_tries', $c$jsonb_typeof(tries) = 'array' and jsonb_array_length(tries) <= 50$c$);
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
  perform evergreen.add_check('credit_lines', 'credit_lines_terms', $c$committed >= 0 and drawn between 0 and committed and due_days between 0 and 3650 and expires_on >= effective_from and version >= 1$c$);
  perform evergreen.add_check('credit_lines', 'credit_lines_codes', $c$line ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and lender ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'$c$);
  perform evergreen.add_check('liquidity_pools', 'liquidity_pools_curve', $c$pool ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and chain ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and (curve, amplification is null) in (('constant_product', true), ('stable_swap', false)) and coalesce(amplification between 1 and 1000000, true)$c$);
  perform evergreen.add_check('liquidity_pools', 'liquidity_pools_terms', $c$reserve_units between 1 and 5192296858534827628530496329220095 and reserve_cash between 1 and 5192296858534827628530496329220095 and unit_decimals between 0 and 18 and cash_decimals between 0 and 18 and fee_ppm between 0 and 999999 and version >= 1$c$);
  perform evergreen.add_check('pool_trades', 'pool_trades_terms', $c$direction in ('sell', 'buy') and amount_in between 1 and 5192296858534827628530496329220095 and amount_out between 0 and 5192296858534827628530496329220095 and tx_hash ~ '^0x[0-9a-f]{64}$'$c$);
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
  -- lists and screening
  perform evergreen.add_check('watchlists', 'watchlists_limits', $c$max_age_hours between 1 and 168 and shrink_limit between 0 and 0.2 and source ~ '^[a-z][a-z0-9-]{1,39}$'$c$);
  perform evergreen.add_check('watchlist_versions', 'watchlist_versions_status', $c$status in ('current', 'superseded', 'held', 'refused') and (status in ('current', 'held', 'refused') or ordinal is not null or reason is null)
    and sha256 ~ '^[0-9a-f]{64}$' and rows >= 0 and added >= 0 and changed >= 0 and removed >= 0$c$);
  perform evergreen.add_check('watchlist_versions', 'watchlist_versions_reason', $c$reason in ('empty', 'old', 'older', 'shrunken') and (status not in ('held', 'refused') or reason is not null)$c$);
  perform evergreen.add_check('watchlist_versions', 'watchlist_versions_current', $c$status <> 'current' or (ordinal is not null and rows > 0)$c$);
  perform evergreen.add_check('watchlist_entries', 'watchlist_entries_span', $c$added_in >= 1 and removed_in > added_in and entry_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('screening_subjects', 'screening_subjects_counts', 'revision >= facts_version and facts_version >= 1');
  perform evergreen.add_check('screening_checks', 'screening_checks_outcome', $c$scope in ('full', 'delta') and outcome in ('clear', 'possible', 'ask') and facts_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('screening_candidates', 'screening_candidates_outcome', $c$outcome in ('alert', 'ask', 'clear') and score between 0 and 1$c$);
  perform evergreen.add_check('screening_clearances', 'screening_clearances_decision', $c$decision in ('false_match', 'true_match') and (ended_at is null) = (ended_by is null)$c$);
  perform evergreen.add_check('screening_rescreens', 'screening_rescreens_span', 'from_ordinal >= 0 and to_ordinal > from_ordinal and entries >= 0 and affected between 0 and parties');
  -- parties and cases
  perform evergreen.add_check('parties', 'parties_kind', $c$kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation', 'unstated') and code ~ '^PY-[0-9A-F]{10}$'$c$);
  perform evergreen.add_check('parties', 'parties_risk', $c$risk_level in ('unrated', 'low', 'medium', 'high') and risk_score >= 0 and (risk_level = 'unrated') = (risk_score is null)$c$);
  perform evergreen.add_check('parties', 'parties_frozen', 'frozen_by_case is null or frozen_at is not null');
  perform evergreen.add_check('party_links', 'party_links_kind', $c$kind in ('ownership', 'control', 'director', 'trustee', 'settlor', 'protector', 'beneficiary') and version >= 1 and owner_id <> owned_id$c$);
  perform evergreen.add_check('party_links', 'party_links_share', $c$(kind = 'ownership' and not ended) = (share is not null) and share > 0 and share <= 1$c$);
  perform evergreen.add_check('party_evidence', 'party_evidence_kind', $c$kind ~ '^[a-z][a-z0-9_]{0,59}$' and (expires_on is null or expires_on >= dated_on)$c$);
  perform evergreen.add_check('kyc_policies', 'kyc_policies_hash', $c$hash ~ '^[0-9a-f]{64}$' and version >= 1$c$);
  perform evergreen.add_check('cases', 'cases_kind', $c$kind in ('screening', 'kyc', 'compliance', 'document') and severity in ('notice', 'warning', 'critical') and code ~ '^CA-[0-9A-F]{10}$'$c$);
  perform evergreen.add_check('cases', 'cases_status', $c$status in ('open', 'in_review', 'escalated', 'decided') and (status = 'decided') = (decided_at is not null)
    and (status = 'decided') = coalesce(outcome in ('true_match', 'false_match'), false)$c$);
  perform evergreen.add_check('cases', 'cases_texts', 'length(source) between 1 and 200 and (dedupe_key is null or length(dedupe_key) between 1 and 200) and (claimed_by is null) = (claimed_at is null)');
  perform evergreen.add_check('case_candidates', 'case_candidates_status', $c$status in ('open', 'first', 'need_more', 'escalated', 'true_match', 'false_match')
    and (status in ('true_match', 'false_match')) = (decided_by is not null) and (decided_by is null) = (decided_at is null) and (status <> 'first' or first_by is not null)$c$);
  perform evergreen.add_check('case_candidates', 'case_candidates_ref', $c$(list is null) = (entry_ref is null) and length(list) between 1 and 80 and length(list_version) between 1 and 200
    and length(entry_ref) between 1 and 200 and score between 0 and 1 and jsonb_typeof(features) = 'array' and octet_length(features::text) <= 16384$c$);
  perform evergreen.add_check('case_decisions', 'case_decisions_verdict', $c$verdict in ('true_match', 'false_match', 'need_more') and step in ('first', 'second', 'final') and length(reason) between 10 and 2000$c$);
  perform evergreen.add_check('case_notes', 'case_notes_body', 'length(body) between 1 and 2000');
  -- files in and out
  perform evergreen.add_check('import_batches', 'import_batches_kind', $c$kind in ('orders', 'bank')$c$);
  perform evergreen.add_check('import_batches', 'import_batches_status', $c$status in ('imported', 'partly_undone', 'undone') and (status = 'imported') = (undone_at is null)$c$);
  perform evergreen.add_check('import_batches', 'import_batches_hashes', $c$file_sha256 ~ '^[0-9a-f]{64}$' and rows_sha256 ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('import_batches', 'import_batches_counts', 'rows >= 1 and accepted >= 0 and refused >= 0 and unmatched >= 0 and accepted + refused + unmatched <= rows');
  perform evergreen.add_check('import_rows', 'import_rows_outcome', $c$outcome in ('accepted', 'refused', 'duplicate', 'matched', 'unmatched', 'undone')$c$);
  perform evergreen.add_check('import_rows', 'import_rows_made', $c$outcome not in ('accepted', 'matched') or (flow_id is not null and (outcome = 'accepted' or ledger_tx_id is not null))$c$);
  -- clear numbers of investors are those from before they were encrypted; the next start of the stack, or `accounts seal`, encrypts them
  perform evergreen.add_check('bank_accounts', 'bank_accounts_sealed', $c$num_nonnulls(account, sealed) = 1 and num_nonnulls(account, holder) in (0, 2) and num_nonnulls(sealed, account_index, content_mark) in (0, 3)
    and (investor_id is not null or sealed is null)$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_status', $c$status in ('proposed', 'active', 'rejected', 'ended')$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_decided', $c$(status = 'proposed') = (decided_by is null) and (status <> 'active' or decided_by <> proposed_by)$c$);
  perform evergreen.add_check('payment_files', 'payment_files_status', $c$status in ('exported', 'withdrawn') and transactions >= 1 and control_sum > 0$c$);
  perform evergreen.add_check('payment_lines', 'payment_lines_amount', 'amount > 0');
  perform evergreen.add_check('payment_lines', 'payment_lines_purpose', $c$purpose in ('redemption', 'compensation')$c$);
end $$;

-- one current version of each allocation and one current mandate per fund
create unique index if not exists portfolio_allocations_current on public.portfolio_allocations (fund_id, asset_id) where superseded_at is null;
-- one undecided case of a matter; the queue by its clock; and whether anybody is frozen at all, which every order asks
create unique index if not exists cases_dedupe on public.cases (dedupe_key) where status <> 'decided';
create index if not exists cases_queue on public.cases (due_at, case_id) where status <> 'decided';
create index if not exists parties_frozen_now on public.parties (party_id) where frozen_at is not null;
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

alter table public.retention_policies drop constraint if exists retention_policies_what, drop constraint if exists retention_policies_keep;
select evergreen.add_check('retention_policies', 'retention_policies_named', $c$what ~ '^[a-z][a-z0-9_]{0,62}$'$c$);
-- rows leave the database by an archive alone; "erasure" destroys the key of a person's data and leaves the row, "end_of_work" takes what is delivered out of a queue
select evergreen.add_check('retention_policies', 'retention_policies_term', $c$case when keep_months is null then afterwards in ('nothing', 'end_of_work') else keep_months between 1 and 1200 and afterwards in ('archive', 'monthly_aggregates', 'erasure') end$c$);
select evergreen.add_check('legal_holds', 'legal_holds_reason', 'length(reason) between 1 and 500 and (until is null or until > placed_at)');
select evergreen.add_check('legal_holds', 'legal_holds_lifted', $c$(lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null) and lifted_by is distinct from placed_by$c$);
select evergreen.add_check('retention_archives', 'retention_archives_digest', $c$digest ~ '^[0-9a-f]{64}$' and sha256 ~ '^[0-9a-f]{64}$' and archive_id = overlay(overlay(left(digest, 32) placing '8' from 13) placing '8' from 17)::uuid and rows > 0 and bytes > 0$c$);
select evergreen.add_check('fund_events', 'fund_events_retired', 'num_nulls(archive_id, content_digest, origin_tx) in (0, 3)');

-- personal data: what stands here is encrypted, or not there
select evergreen.add_check('subject_keys', 'subject_keys_state', $c$state in ('active', 'restricted', 'destroyed') and (state = 'destroyed') = (wrapped_key is null)
  and (state = 'destroyed') = (master_key_id is null) and (state = 'destroyed') = (destroyed_at is not null) and (state <> 'restricted' or asked_by is not null)$c$);
select evergreen.add_check('subject_keys', 'subject_keys_wrapped', $c$wrapped_key ~ '^v1\.[A-Za-z0-9+/]{80}$' and master_key_id ~ '^[a-z0-9-]{1,60}$'$c$);
select evergreen.add_check('personal_values', 'personal_values_encrypted', $c$field ~ '^[a-z_]{1,40}$' and ciphertext ~ '^v1\.[A-Za-z0-9+/]+=*$' and cardinality(blind_index) <= 100$c$);
-- encrypted anew a document lies elsewhere
alter table public.documents drop constraint if exists documents_shape;
select evergreen.add_check('documents', 'documents_stored', $c$kind ~ '^[a-z_]{1,60}$' and size between 1 and 20971520 and sha256 ~ '^[0-9a-f]{64}$' and storage_path ~ ('^' || subject_id || '/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')$c$);
select evergreen.add_check('documents', 'documents_type', $c$content_type in ('application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'image/webp')$c$);
select evergreen.add_check('personal_accesses', 'personal_accesses_purpose', $c$purpose ~ '^[a-z-]{1,60}$'$c$);
select evergreen.add_check('subject_holds', 'subject_holds_reason', 'length(reason) between 1 and 500 and (until is null or until > placed_at)');
select evergreen.add_check('subject_holds', 'subject_holds_lifted', $c$(lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null) and lifted_by is distinct from placed_by$c$);
select evergreen.add_check('subject_tombstones', 'subject_tombstones_signed', $c$signature ~ '^[0-9a-f]{128}$' and public_key ~ '^[0-9a-f]{64}$'$c$);
create unique index if not exists personal_values_current on public.personal_values (subject_id, field) where superseded_at is null;
create index if not exists personal_values_blind on public.personal_values using gin (blind_index) where superseded_at is null;

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
select evergreen.add_check('credit_lines', 'credit_lines_exponent', 'evergreen.within_exponent(committed, currency) and evergreen.within_exponent(drawn, currency)');
select evergreen.add_check('payment_files', 'payment_files_exponent', 'evergreen.within_exponent(control_sum, currency)');

select evergreen.add_check('incidents', 'incidents_reasons', 'length(reason) between 10 and 1900 and coalesce(length(close_reason) between 10 and 1900, true) and coalesce(length(closed_reason) between 10 and 1900, true)');
select evergreen.add_check('incidents', 'incidents_two_people', 'num_nulls(close_asked_by, close_asked_at, close_reason) in (0, 3) and num_nulls(closed_by, closed_at, closed_reason) in (0, 3) and (closed_by is null or (close_asked_by is not null and close_asked_by <> closed_by))');
create unique index if not exists incidents_open on public.incidents (fund_id) where closed_at is null;

insert into public.audit_cursor ("only", tx, seq) values (true, '0', 0) on conflict do nothing;

-- rules, breaches and the calendar
select evergreen.add_check('compliance_logs', 'compliance_logs_outcome', $c$outcome is null or outcome in ('approve', 'review', 'block_and_review', 'decline')$c$);
select evergreen.add_check('compliance_logs', 'compliance_logs_explained', 'num_nulls(outcome, version_id, explain) in (0, 3)');
select evergreen.add_check('rule_pack_versions', 'rule_pack_versions_status', $c$status in ('draft', 'tested', 'live') and (status = 'draft' or tested_at is not null) and (status = 'live') = (live_at is not null)$c$);
select evergreen.add_check('rule_pack_versions', 'rule_pack_versions_terms', $c$version > 0 and hash ~ '^[0-9a-f]{64}$' and source in ('file', 'infisical') and coalesce(effective_until > effective_from, true)$c$);
select evergreen.add_check('rule_tests', 'rule_tests_passed', 'examples > 0 and passed between 0 and examples');
select evergreen.add_check('rule_snoozes', 'rule_snoozes_terms', $c$entity_type in ('investors', 'funds') and length(reason) between 10 and 500 and until > created_at$c$);
select evergreen.add_check('rule_shadows', 'rule_shadows_outcomes', $c$outcome in ('approve', 'review', 'block_and_review', 'decline') and live_outcome in ('approve', 'review', 'block_and_review', 'decline')$c$);
select evergreen.add_check('breaches', 'breaches_class', $c$class in ('active', 'passive')$c$);
select evergreen.add_check('breaches', 'breaches_cured', $c$num_nulls(cured_at, cured_by, cure_note) in (0, 3) and (cost is null or cost >= 0) and (cured_at is null or class = 'passive' or cost = 0 or (cost > 0 and compensated is not null))$c$);
create unique index if not exists breaches_open on public.breaches (fund_id, rule) where cured_at is null;
select evergreen.add_check('obligations', 'obligations_terms', 'occurrence >= 0 and (every_months is null or every_months > 0) and lead_days >= 0 and due_on >= first_due_on and num_nulls(done_at, done_by, evidence) in (0, 3)');
create unique index if not exists obligations_open on public.obligations (fund_id, code) where done_at is null;
select evergreen.add_check('schedules', 'schedules_asked', $c$asked in ('pause', 'resume', 'backfill') and num_nulls(asked, asked_event, asked_by, asked_at, asked_note) in (0, 5) and num_nulls(answered_at, outcome, says) in (0, 3) and outcome in ('done', 'refused') and (asked is not distinct from 'backfill') = (first_day is not null) and num_nulls(first_day, last_day) in (0, 2)$c$);
select evergreen.add_check('failure_steps', 'failure_steps_terms', $c$kind in ('event', 'batch', 'run') and action in ('skip', 'escalate') and num_nulls(decided_by, decided_at) in (0, 2) and (action = 'escalate') = (due_at is not null) and num_nulls(to_role, due_at) in (0, 2) and (action = 'skip' or decided_at is not null) and not (action = 'skip' and moves_money and decided_by is not null and decided_by = asked_by)$c$);
-- one current version of a list, one file that waits, each entry once; one decision in force about a pair as it is
create unique index if not exists watchlist_versions_one_current on public.watchlist_versions (list_id) where status = 'current';
create unique index if not exists watchlist_versions_one_held on public.watchlist_versions (list_id) where status = 'held';
create unique index if not exists watchlist_entries_standing on public.watchlist_entries (list_id, external_id) where removed_in is null;
create unique index if not exists screening_clearances_pair on public.screening_clearances (party_id, list_id, external_id, facts_hash, entry_hash) where ended_at is null;

-- from sql/20a-token-constraints.sql
-- What a token operation, a wallet and a break may look like.
-- as it was before operations went on to a chain
alter table public.tokenization_actions drop constraint if exists tokenization_actions_status;
do $$
begin
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_state',
    $c$status in ('requested', 'awaiting_approval', 'approved', 'sent', 'included', 'final', 'refused', 'failed')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_kind',
    $c$kind in ('deploy', 'mint', 'burn', 'deal', 'settle', 'freeze', 'unfreeze', 'force_transfer', 'recover', 'claim_issue', 'claim_revoke', 'keep', 'pause', 'unpause', 'reconcile', 'limits')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_basis',
    $c$length(legal_basis) between 1 and 200 and (kind is null or kind not in ('freeze', 'unfreeze', 'force_transfer', 'recover', 'pause', 'unpause') or legal_basis is not null)$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_class', 'kind is null or (share_class_id is not null and event_id is not null)');
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_block', $c$(status in ('included', 'final')) = (block is not null) or kind is null or kind = 'reconcile'$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_rests', $c$status in ('requested', 'refused') or compliance_log_id is not null$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_incident', $c$incident_id is null or kind in ('pause', 'unpause')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_sizes', $c$price > 0 and octet_length(attempt::text) <= 262144 and octet_length(refusal::text) <= 4096$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_limits', $c$limits is null or (kind = 'limits' and jsonb_typeof(limits) = 'object' and octet_length(limits::text) <= 1024)$c$);
  perform evergreen.add_check('token_contracts', 'token_contracts_rules',
    $c$jsonb_typeof(limits) = 'object' and octet_length(limits::text) <= 1024 and jsonb_typeof(rules) = 'object' and octet_length(rules::text) <= 65536$c$);
  perform evergreen.add_check('token_contracts', 'token_contracts_addresses', $c$gate ~ '^0x[0-9a-f]{40}$' and share ~ '^0x[0-9a-f]{40}$' and vault ~ '^0x[0-9a-f]{40}$'
    and registrar ~ '^0x[0-9a-f]{40}$' and guardian ~ '^0x[0-9a-f]{40}$'$c$);
  perform evergreen.add_check('token_contracts', 'token_contracts_counts', 'chain_id > 0 and unit_decimals between 0 and 18 and deployed_block >= 0 and requests >= 0');
  perform evergreen.add_check('wallets', 'wallets_address', $c$address ~ '^0x[0-9a-f]{40}$' and address <> '0x0000000000000000000000000000000000000000' and party_ref ~ '^0x[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('wallets', 'wallets_status', $c$status in ('registered', 'active', 'frozen', 'lost') and length(consent) between 1 and 200$c$);
  perform evergreen.add_check('chain_breaks', 'chain_breaks_kind', $c$kind in ('differs', 'not_in_register', 'not_on_chain', 'total') and wallet ~ '^(0x[0-9a-f]{40})?$' and block >= 0$c$);
end $$;
-- one open break of a kind and wallet
create unique index if not exists chain_breaks_open on public.chain_breaks (contract_id, kind, wallet) where closed_at is null;

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
  ('EVIDENCE_RESUBMITTED', 'run', 'onboard-investor', '{pending_id}', '{}'),
  ('REVIEW_REQUESTED', 'run', 'onboard-investor', '{pending_id}', '{}'),
  ('INVESTOR_DECLINED', 'note', null, '{pending_id}', '{}'),
  ('KYC_RENEWED', 'note', null, '{investor_id}', '{}'),
  ('KYC_EXPIRED', 'note', null, '{investor_id}', '{}'),
  ('CASE_OVERDUE', 'note', null, '{case_id}', '{}'),
  ('PARTY_REGISTERED', 'note', null, '{party_id}', '{}'),
  ('PARTIES_LINKED', 'note', null, '{link_id}', '{}'),
  ('PARTY_FROZEN', 'note', null, '{party_id,case_id}', '{}'),
  ('PARTY_UNFROZEN', 'note', null, '{party_id,case_id}', '{}'),
  ('KYC_POLICY_SET', 'note', null, '{policy_id,version}', '{}'),
  ('CASE_OPENED', 'note', null, '{case_id,severity}', '{}'),
  ('CASE_ESCALATED', 'note', null, '{case_id}', '{}'),
  ('CASE_DECIDED', 'note', null, '{case_id,outcome}', '{}'),
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
  ('TOKEN_SETTLED', 'note', null, '{action_id,kind}', '{}'),
  ('TOKEN_REFUSED', 'run', 'warn-of-risk', '{action_id,kind,code,by}', '{}'),
  ('TOKEN_RECONCILED', 'note', null, '{contract_id,block}', '{}'),
  ('TOKEN_BREAK', 'run', 'warn-of-risk', '{contract_id,block,breaks}', '{}'),
  ('TOKEN_CONTRACT_DEPLOYED', 'note', null, '{contract_id,share_class_id}', '{}'),
  ('WALLET_REGISTERED', 'note', null, '{wallet_id}', '{}'),
  ('RULES_DRAFTED', 'note', null, '{version_id,pack,version}', '{}'),
  ('RULES_TESTED', 'note', null, '{version_id,examples,passed}', '{}'),
  ('RULES_ACTIVATED', 'note', null, '{version_id,pack,version}', '{}'),
  ('RULE_PACK_REFUSED', 'note', null, '{pack,source,problems}', '{}'),
  ('RULE_SNOOZED', 'note', null, '{snooze_id,pack,rule}', '{}'),
  ('RULES_CHECKED', 'note', null, '{checked,held}', '{}'),
  ('BREACH_RECORDED', 'note', null, '{breach_id,rule,class}', '{}'),
  ('BREACH_CURED', 'note', null, '{breach_id}', '{}'),
  ('BREACH_OVERDUE', 'note', null, '{breach_id,rule}', '{}'),
  ('OBLIGATION_DUE', 'note', null, '{obligation_id,code,due_on}', '{}'),
  ('OBLIGATION_OVERDUE', 'note', null, '{obligation_id,code,due_on}', '{}'),
  ('OBLIGATION_DONE', 'note', null, '{obligation_id,code}', '{}'),
  ('WORKFLOW_COMPLETED', 'note', null, '{workflow_id,status}', '{}'),
  ('CLASS_OPENED', 'note', null, '{share_class_id}', '{}'),
  ('POLICY_SET', 'note', null, '{policy_id,kind,version}', '{}'),
  ('INCIDENT_OPENED', 'note', null, '{incident_id}', '{}'),
  ('INCIDENT_CLOSE_ASKED', 'note', null, '{incident_id}', '{}'),
  ('INCIDENT_CLOSED', 'note', null, '{incident_id}', '{}'),
  ('POOL_SET', 'note', null, '{pool_id,version}', '{}'),
  ('POOL_TRADE_RECORDED', 'note', null, '{pool_id,trade_id}', '{}'),
  ('CREDIT_LINE_SET', 'note', null, '{credit_line_id,version}', '{}'),
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
  ('PERSONAL_DATA_RECORDED', 'note', null, '{subject_id,fields}', '{}'),
  ('SUBJECT_ERASED', 'note', null, '{subject_id,tombstone}', '{}'),
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
  ('STATEMENT_DOCUMENTS_REQUESTED', 'run', 'make-documents', '{statement_id}', '{}'),
  ('STATEMENT_DOCUMENTS_KEPT', 'note', null, '{statement_id,hash,files}', '{agent_commander}'),
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
  ('WEBHOOK_SET', 'note', null, '{endpoint_id,change}', '{}'),
  ('WEBHOOK_TESTED', 'note', null, '{endpoint_id}', '{}'),
  ('WEBHOOKS_QUEUED', 'run', 'deliver-webhooks', '{endpoint_id,deliveries}', '{}'),
  ('WEBHOOK_STOPPED', 'note', null, '{endpoint_id,reason}', '{}'),
  ('SCHEDULE_ANSWERED', 'note', null, '{schedule_id,action,outcome}', '{}'),
  ('FAILURE_DECIDED', 'note', null, '{step_id,kind,action}', '{}'),
  ('MARKET_IMPORTED', 'note', null, '{import_id,taken,held}', '{}'),
  ('MARKET_VALUES_DECIDED', 'note', null, '{values,decision}', '{}'),
  ('MARKET_IMPORT_UNDONE', 'note', null, '{import_id,values}', '{}'),
  ('ESG_RECORDED', 'note', null, '{provider,as_of,ratings}', '{}'),
  ('WATCHLIST_SET', 'note', null, '{list_id,source,active}', '{}'),
  ('LIST_REFRESH_REQUESTED', 'run', 'refresh-lists', '{list_id}', '{}'),
  ('LIST_PUBLISHED', 'run', 'rescreen-parties', '{list_id,version_id,rows,added,changed,removed}', '{}'),
  ('LIST_REFUSED', 'note', null, '{list_id,version_id,reason}', '{}'),
  ('SCREENING_REQUESTED', 'run', 'screen-party', '{party_id,revision,reason}', '{}'),
  ('PARTY_SCREENED', 'note', null, '{party_id,check_id,outcome}', '{}'),
  ('PARTIES_RESCREENED', 'note', null, '{list_id,entries,parties,affected}', '{}'),
  ('CANDIDATE_DECIDED', 'note', null, '{party_id,clearance_id,decision}', '{}'),
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

-- Every other table, so that none is kept without anybody having said why; a sweep holds the list against schema.prisma. What has no term is never removed: no role
-- may delete, and personal data is not in these tables but under the keys of its subjects, which erasure destroys (R53).
insert into public.retention_policies (what, keep_months, afterwards, source) values
  ('currencies', null, 'nothing', 'reference data'),
  ('event_types', null, 'nothing', 'reference data: the catalogue of events'),
  ('calendar_holidays', null, 'nothing', 'reference data: a past cut-off is judged by the calendar of its day'),
  ('platform_settings', null, 'nothing', 'settings in force'),
  ('retention_policies', null, 'nothing', 'this list'),
  ('funds', null, 'nothing', 'the fund itself'),
  ('share_classes', null, 'nothing', 'the fund itself'),
  ('assets', null, 'nothing', 'what the fund held; marks, NAVs and trades refer to it'),
  ('portfolio_allocations', null, 'nothing', 'superseded, never removed: what the fund held when'),
  ('mandates', null, 'nothing', 'superseded, never removed: by what a decision was judged'),
  ('liquidity_ladder', null, 'nothing', 'by what reservations and gates were judged'),
  ('liquidity_reservations', null, 'nothing', 'part of the record of a proposal'),
  ('reported_flows', null, 'nothing', 'as the fund reported them; filings are kept'),
  ('fund_sensitivities', null, 'nothing', 'as the fund reported them; filings are kept'),
  ('investors', null, 'nothing', 'opaque codes and classifications: no personal data; orders and units refer to it'),
  ('investors_pending_kyc', null, 'nothing', 'kinds and dates of evidence, no personal data: part of the AML file (R53)'),
  ('investor_access', null, 'nothing', 'who could see what, and until when: part of the audit'),
  ('fund_flows', null, 'nothing', 'orders: MiCA and MiFID II records (R53: 5 to 7 years) are exceeded'),
  ('dealing_policies', null, 'nothing', 'terms by which a past date dealt'),
  ('lmt_policies', null, 'nothing', 'terms by which a past date dealt'),
  ('lmt_activations', null, 'nothing', 'use of liquidity tools: told to the authority'),
  ('dealing_days', null, 'nothing', 'the record of a dealing date, which the verifier recomputes'),
  ('order_transitions', null, 'nothing', 'history of orders (R53)'),
  ('order_leaves', null, 'nothing', 'the committed order book: the verifier needs it'),
  ('nav_strikes', null, 'nothing', 'NAVs are restated, never removed'),
  ('nav_inputs', null, 'nothing', 'covered by the hash people approved'),
  ('class_navs', null, 'nothing', 'prices at which was dealt'),
  ('series_navs', null, 'nothing', 'prices at which was dealt'),
  ('allocations', null, 'nothing', 'fills of orders (R53)'),
  ('restatements', null, 'nothing', 'what was owed to whom for a wrong NAV'),
  ('compensations', null, 'nothing', 'what was owed to whom for a wrong NAV'),
  ('ledger_transactions', null, 'nothing', 'the ledger is reversed, never removed'),
  ('unit_ledger', null, 'nothing', 'the register of units follows from it'),
  ('cash_movements', null, 'nothing', 'the ledger is reversed, never removed'),
  ('lots', null, 'nothing', 'performance fees and holding periods follow from it'),
  ('class_marks', null, 'nothing', 'high-water marks: performance fees follow from them'),
  ('in_kind_deliveries', null, 'nothing', 'part of the ledger'),
  ('beneficial_owners', null, 'nothing', 'ids only: caps per owner of a past date are judged by it'),
  ('certain_inflows', null, 'nothing', 'by what a gate was judged'),
  ('repurchase_offers', null, 'nothing', 'told to investors and authority'),
  ('authority_notices', null, 'nothing', 'told to the authority'),
  ('market_series', null, 'nothing', 'reference data'),
  ('market_imports', null, 'nothing', 'where values came from'),
  ('market_data', null, 'nothing', 'by what marks were rolled forward'),
  ('market_held', null, 'nothing', 'who took a jump for true'),
  ('esg_ratings', null, 'nothing', 'as the provider gave them'),
  ('roll_forwards', null, 'nothing', 'by what marks were rolled forward'),
  ('asset_payments', null, 'nothing', 'by what marks were rolled forward'),
  ('holdings', null, 'nothing', 'the sum of the unit ledger'),
  ('cash_balances', null, 'nothing', 'the sum of the cash movements'),
  ('statements', null, 'nothing', 'what investors were sent'),
  ('import_batches', null, 'nothing', 'where orders and cash came from'),
  ('import_rows', null, 'nothing', 'where orders and cash came from; a line that names people loses it with the order it became'),
  ('bank_accounts', null, 'nothing', 'where money was paid to: part of the ledger (R53)'),
  ('payment_files', null, 'nothing', 'what was paid'),
  ('payment_lines', null, 'nothing', 'what was paid'),
  ('event_investors', null, 'nothing', 'who may see an event; goes with nothing, because a retired event stays by name'),
  ('event_batches', null, 'nothing', 'which run handled which event'),
  ('schedules', null, 'nothing', 'one row a clock, as it is now; who asked what of it is in the events'),
  ('failure_steps', null, 'nothing', 'who decided what about a failure'),
  ('workflow_runs', null, 'nothing', 'which run handled which event'),
  ('proposals', null, 'nothing', 'what people approved'),
  ('proposal_checks', null, 'nothing', 'what people approved'),
  ('approvals', null, 'nothing', 'what people approved'),
  ('commands', null, 'nothing', 'a request id of money must never have a second effect, however late it comes'),
  ('audit_trail', null, 'nothing', 'a chain that is cut proves nothing'),
  ('audit_blocks', null, 'nothing', 'a chain that is cut proves nothing'),
  ('audit_cursor', null, 'nothing', 'one row'),
  ('risk_alerts', null, 'nothing', 'what people were told'),
  ('stress_scenarios', null, 'nothing', 'named by the hash in every outcome'),
  ('stress_runs', null, 'nothing', 'shown to the board and the authority'),
  ('stress_outcomes', null, 'nothing', 'shown to the board and the authority'),
  ('stress_shards', null, 'nothing', 'an outcome is recomputed from them'),
  ('data_quality_results', null, 'nothing', 'what was checked when'),
  ('tokenization_actions', null, 'nothing', 'what was asked of a chain'),
  ('token_contracts', null, 'nothing', 'where the units of a class are: as long as the chain is there'),
  ('wallets', null, 'nothing', 'addresses and random references; whose they are goes with the investor'),
  ('token_moves', null, 'nothing', 'by what chain and register are held against each other'),
  ('chain_breaks', null, 'nothing', 'where chain and register differed, and until when'),
  ('agent_memories', null, 'nothing', 'words with references, no personal data; superseded, never removed'),
  ('memory_nodes', null, 'nothing', 'goes with its memory'),
  ('memory_edges', null, 'nothing', 'goes with its memory'),
  ('trace_spans', null, 'nothing', 'technical: names, times and codes of steps; a sink of its own when Langfuse is configured'),
  ('legal_holds', null, 'nothing', 'who forbade what, when'),
  ('retention_archives', null, 'nothing', 'the proof that what left the database was archived first'),
  ('incidents', null, 'nothing', 'who stopped a fund, who let it go on, and why'),
  ('liquidity_pools', null, 'nothing', 'terms by which slippage was expected'),
  ('pool_trades', null, 'nothing', 'what was executed against what was expected'),
  ('credit_lines', null, 'nothing', 'terms by which a stress run was computed'),
  ('kyc_policies', null, 'nothing', 'by what a person was judged'),
  ('parties', null, 'nothing', 'opaque ids; what is personal lies under the key of the subject and ends with it'),
  ('party_links', null, 'nothing', 'ids and shares: who was behind an investor when a decision was made (R55)'),
  ('party_evidence', null, 'nothing', 'kinds and dates of evidence, no contents: part of the AML file (R53)'),
  ('cases', null, 'nothing', 'what was decided about a suspicion: AML file (R53: five years) is exceeded'),
  ('case_candidates', null, 'nothing', 'what a decision looked at'),
  ('case_decisions', null, 'nothing', 'who decided what and why (R53)'),
  ('case_notes', null, 'nothing', 'part of the record of a case; no personal data belongs in it'),
  ('breaches', null, 'nothing', 'limits that did not hold, and their cure (R57)'),
  ('obligations', null, 'nothing', 'what was due to whom and when it was done'),
  ('rule_packs', null, 'nothing', 'by what was judged'),
  ('rule_pack_versions', null, 'nothing', 'by what was judged: every result names its version'),
  ('rule_approvals', null, 'nothing', 'who let a rule go live'),
  ('rule_tests', null, 'nothing', 'how a rule was tried before it went live'),
  ('rule_pins', null, 'nothing', 'which versions a run was judged by'),
  ('party_tests', null, 'nothing', 'answers of today, replaced by the next; go with the key of their subject'),
  ('rule_shadows', null, 'nothing', 'what a draft would have said'),
  ('rule_snoozes', null, 'nothing', 'who silenced which rule and until when'),
  ('watchlists', null, 'nothing', 'by what was screened'),
  ('watchlist_versions', null, 'nothing', 'every check names its version'),
  ('watchlist_entries', null, 'nothing', 'as published: what a check was held against; ended, never removed'),
  ('watchlist_held', null, 'nothing', 'goes when people accept or refuse the version'),
  ('watchlist_acceptances', null, 'nothing', 'who let a shrunken list in'),
  ('screening_subjects', null, 'nothing', 'ids: what is still to be screened'),
  ('screening_checks', null, 'nothing', 'ids and hashes: AML file (R53: five years) is exceeded'),
  ('screening_check_lists', null, 'nothing', 'ids: which versions a check used'),
  ('screening_candidates', null, 'nothing', 'ids and scores: what a decision looked at'),
  ('screening_clearances', null, 'nothing', 'who cleared whom of what (R53)'),
  ('screening_rescreens', null, 'nothing', 'that a changed list was held against everybody'),
  ('subject_holds', null, 'nothing', 'who forbade the erasure of what'),
  ('subject_tombstones', null, 'nothing', 'the proof of an erasure, repeated after a restored backup'),
  ('personal_accesses', null, 'nothing', 'who read whose data'),
  ('personal_values', 60, 'erasure', 'AML file: five years after the relationship ends (R53), then the key of the subject is destroyed and no value can be read'),
  ('subject_keys', 60, 'erasure', 'destroyed by erasure: five years after the relationship ends (R53), a legal hold first'),
  ('documents', 60, 'erasure', 'AML file: five years after the relationship ends (R53), then the key is destroyed and the file removed'),
  ('webhook_endpoints', null, 'nothing', 'who was told of what; a removed one keeps its row'),
  ('webhook_secrets', null, 'end_of_work', 'a secret goes when it is replaced or its webhook is removed'),
  ('webhook_deliveries', null, 'nothing', 'what was told to whom, by ids'),
  ('event_outbox', null, 'end_of_work', 'a queue: a row goes when its event is delivered')
on conflict (what) do nothing;

insert into public.platform_settings (key, value) values
  ('data_drift_threshold_bps', '{"default": 500, "debt": 300, "cash": 10, "equity": 1500, "private_equity": 1500, "private_credit": 800, "infrastructure": 1000, "real_estate": 1000}'),
  ('nav_max_age_days', '{"default": 100, "cash": 5, "debt": 35, "equity": 5, "private_equity": 190, "private_credit": 100, "infrastructure": 190, "real_estate": 190}'),
  ('approval_timeout_hours', '72'),
  -- how long and how often in a year a rule is snoozed for the same investor or fund
  -- UTC
  ('calendar_daily', '{"at": "05:10"}'),
  ('rule_snooze_limits', '{"days": 30, "times": 3}'),
  ('price_breaker_window_days', '30'),
  ('stress_nightly', '{"at": "02:30"}'),
  -- a webhook whose every attempt has failed for so long is paused
  ('webhook_pause_days', '5'),
  -- UTC; the day is at most the 28th, which every month has
  ('kyc_tick', '{"every_minutes": 60}'),
  -- UTC; how often lists with an address are fetched
  ('list_refresh', '{"every_hours": 6}'),
  -- how often the register of a class on a chain is held against it
  ('token_reconcile', '{"every_minutes": 60}'),
  ('retention_monthly', '{"day": 2, "at": "03:40"}'),
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
  -- R53: records of an investor are kept for five years after the relationship
  ('personal_retention_months', '60'),
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
    'dealing_policies', 'lmt_policies', 'credit_lines', 'liquidity_pools', 'pool_trades', 'order_transitions', 'order_leaves', 'nav_inputs', 'ledger_transactions', 'unit_ledger', 'cash_movements', 'class_marks', 'in_kind_deliveries', 'statements', 'restatements', 'compensations',
    'beneficial_owners', 'certain_inflows', 'repurchase_offers', 'market_series', 'market_data', 'esg_ratings', 'data_quality_results', 'roll_forwards', 'asset_payments', 'stress_scenarios',
    'stress_shards', 'party_links', 'party_evidence', 'kyc_policies', 'case_decisions', 'case_notes',
    'watchlist_acceptances', 'screening_check_lists', 'screening_rescreens']) as table_name loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', t.table_name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', t.table_name);
  end loop;
end $$;
create or replace trigger append_only before update or delete on public.personal_accesses for each row execute function evergreen.forbid();
create or replace trigger append_only_truncate before truncate on public.personal_accesses for each statement execute function evergreen.forbid();
create or replace trigger append_only before update or delete on public.subject_tombstones for each row execute function evergreen.forbid();
create or replace trigger append_only_truncate before truncate on public.subject_tombstones for each statement execute function evergreen.forbid();
create or replace trigger append_only before update or delete on public.fund_events for each row execute function evergreen.forbid_unless_retired();
create or replace trigger append_only_truncate before truncate on public.fund_events for each statement execute function evergreen.forbid();
create or replace trigger stamp before insert or update on public.audit_cursor for each row execute function evergreen.touch_cursor();
-- the mirror in DuckDB looks for the row that a changed one replaces only where rows of that moment are (`Fixed:` in analytics/sql/10-mirror.sql)
create or replace trigger recorded_once before update of recorded_at on public.asset_snapshots for each row
  when (new.recorded_at is distinct from old.recorded_at) execute function evergreen.forbid();
-- once per statement: an import of 200,000 marks looks at the trades once
create or replace trigger watch_drift after insert on public.asset_snapshots referencing new table as marks for each statement execute function evergreen.watch_drift();
-- rules: what was tested, approved, pinned, snoozed and judged stays as it was recorded
do $$
declare
  name text;
begin
  foreach name in array array['rule_tests', 'rule_approvals', 'rule_pins', 'rule_snoozes', 'rule_shadows'] loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', name);
  end loop;
end $$;

-- from sql/46-triggers-token.sql
-- What the register and KYC do is followed on the chain: a posted dealing day, its settled cash, a clearance that came or went.
create or replace function evergreen.follow_day() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.status = 'posted' then
    perform evergreen.deal_on_chain(new);
  elsif new.status = 'settled' then
    perform evergreen.settle_on_chain(new);
  end if;
  return null;
end $$;
comment on function evergreen.follow_day() is 'A dealing day that was posted, or whose cash was paid, is mirrored on the chain where its class is on one.';

create or replace function evergreen.follow_person() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_table_name = 'investors' then
    perform evergreen.follow_clearance(new.investor_id);
  else
    perform evergreen.follow_clearance(i.investor_id) from public.investors i where i.party_id = new.party_id;
  end if;
  return null;
end $$;
comment on function evergreen.follow_person() is 'A clearance that came, went or was prolonged is issued to, or revoked from, the wallets of the investor; as it stands when the transaction ends.';

create or replace trigger follow_day after update on public.dealing_days for each row
  when (new.status is distinct from old.status and new.status in ('posted', 'settled')) execute function evergreen.follow_day();
drop trigger if exists follow_person on public.investors;
create constraint trigger follow_person after update on public.investors deferrable initially deferred for each row
  when (new.kyc_status is distinct from old.kyc_status or new.kyc_valid_until is distinct from old.kyc_valid_until) execute function evergreen.follow_person();
drop trigger if exists follow_person on public.parties;
create constraint trigger follow_person after update on public.parties deferrable initially deferred for each row
  when (new.frozen_at is distinct from old.frozen_at) execute function evergreen.follow_person();
create or replace trigger append_only before update or delete on public.token_moves for each row execute function evergreen.forbid();
create or replace trigger append_only_truncate before truncate on public.token_moves for each statement execute function evergreen.forbid();

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
  if asked.payload ? 'action_id' then
    answer := evergreen.register_token_action(asked, request_id);
    perform evergreen.keep_answer('fn_register_tokenization', request_id, input, answer);
    return answer;
  end if;
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
comment on function public.fn_register_tokenization(uuid, uuid, text) is 'Registers a requested token operation against its compliance verdict; nothing is sent to a chain. Returns {action_id, status}, of an operation on a class {kind, proposal_id} too: two people decide on it.';

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

-- from sql/6c-fn-nav.sql
-- The NAV strike: inputs frozen, proposed to two people on the hash, struck; and its restatement, which is the same again with a reason.

create or replace function evergreen.freeze_inputs(of_fund uuid, on_day date, inputs jsonb, replaces uuid, why text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  bad int;
  unit text;
begin
  perform evergreen.refuse_unless(jsonb_typeof(inputs) = 'array', 'EG400', 'inputs is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(inputs) between 1 and 200000, 'EG413', 'inputs has 1 to 200,000 rows.');
  select f.base_currency into unit from public.funds f where f.fund_id = of_fund;
  select count(*) into bad from jsonb_to_recordset(inputs) i (asset_id uuid, kind text, label text, value numeric, as_of date, source text, blocked_by text, mark numeric, beta numeric, index_series text, index_at_mark numeric, index_now numeric, payments jsonb)
    left join public.assets a on a.id = i.asset_id and a.fund_id = of_fund
   where (i.kind in ('asset', 'cash', 'receivable', 'debt', 'payable', 'accrual') and (i.asset_id is null or a.id is not null) and (i.kind <> 'asset' or i.asset_id is not null)
      and i.value > -1e30 and i.value < 1e30 and evergreen.within_exponent(i.value, unit) and isfinite(i.as_of) and i.as_of <= on_day
      and length(i.label) between 1 and 200 and length(i.source) between 1 and 200 and (i.blocked_by is null or length(i.blocked_by) between 1 and 200)
      -- R5: rolled forward by beta times the return of the index, rounded half up at the minor unit
      and case when num_nonnulls(i.mark, i.beta, i.index_series, i.index_at_mark, i.index_now) = 0 then i.payments is null else i.kind = 'asset' and i.index_at_mark > 0 and i.index_now > 0 and length(i.index_series) > 0
        and evergreen.are_payments(i.payments, i.as_of, on_day) and abs(i.value - evergreen.rolled_value(i.mark, i.beta, i.index_at_mark, i.index_now, i.payments)) <= 0.5 * power(10::numeric, -(select u.exponent from public.currencies u where u.code = unit)) + 1e-9 end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' inputs lack a kind, an asset of the fund, a value in the currency''s units, a label, a source or a date up to the NAV date, or are not rolled forward by their index.');
  perform evergreen.refuse_unless((select count(i.asset_id) = count(distinct i.asset_id) from jsonb_to_recordset(inputs) i (asset_id uuid)), 'EG400', 'An asset stands twice.');
  insert into public.nav_strikes (strike_id, fund_id, nav_date, version, state, inputs_hash, supersedes, reason, effective_at)
  values (id, of_fund, on_day, (select coalesce(max(s.version), 0) + 1 from public.nav_strikes s where s.fund_id = of_fund and s.nav_date = on_day), 'estimated',
    -- one line per input in the order of kind, label, asset: a verifier builds the same bytes
    (select encode(sha256(convert_to(string_agg(concat_ws('|', i.kind, i.label, coalesce(i.asset_id::text, ''), trim_scale(i.value), i.as_of, i.source, coalesce(i.blocked_by, ''),
        -- a mark that was rolled forward is bound with what it was rolled from
        case when i.mark is not null then concat_ws('|', trim_scale(i.mark), trim_scale(i.beta), i.index_series, trim_scale(i.index_at_mark), trim_scale(i.index_now), evergreen.payments_text(i.payments)) end), E'\n'
        order by i.kind collate "C", i.label collate "C", i.asset_id, i.value, i.source collate "C"), 'UTF8')), 'hex')
       from jsonb_to_recordset(inputs) i (asset_id uuid, kind text, label text, value numeric, as_of date, source text, blocked_by text, mark numeric, beta numeric, index_series text, index_at_mark numeric, index_now numeric, payments jsonb)),
    replaces, why, on_day::timestamp at time zone 'UTC');
  insert into public.nav_inputs (strike_id, asset_id, kind, label, value, as_of, source, age_days, blocked_by, mark, beta, index_series, index_at_mark, index_now, payments)
  select id, i.asset_id, i.kind, i.label, i.value, i.as_of, i.source, on_day - i.as_of, i.blocked_by, i.mark, i.beta, i.index_series, i.index_at_mark, i.index_now, i.payments
    from jsonb_to_recordset(inputs) i (asset_id uuid, kind text, label text, value numeric, as_of date, source text, blocked_by text, mark numeric, beta numeric, index_series text, index_at_mark numeric, index_now numeric, payments jsonb);
  -- R5: a mark that the price breaker held back is told, once per mark; it stays where it is, and a person releases it by confirming it
  perform evergreen.emit('DATA_DRIFT', of_fund, jsonb_build_object('asset_id', i.asset_id, 'deviation_bps', i.drift_bps::text, 'threshold_bps', i.limit_bps::text), 'price_breaker')
    from jsonb_to_recordset(inputs) i (asset_id uuid, as_of date, drift_bps numeric, limit_bps numeric)
   where i.drift_bps is not null and i.asset_id is not null and not exists (select from public.fund_events e where e.fund_id = of_fund and e.type = 'DATA_DRIFT' and e.payload ->> 'asset_id' = i.asset_id::text
     and e.recorded_at >= (select max(s.recorded_at) from public.asset_snapshots s where s.asset_id = i.asset_id and s.scenario_id = '' and s.as_of = i.as_of));
  return id;
end $$;
comment on function evergreen.freeze_inputs(uuid, date, jsonb, uuid, text) is 'Stores the inputs of a NAV with their hash as an estimated strike.';

create or replace function evergreen.strike_answer(of_strike uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('strike_id', s.strike_id, 'nav_date', s.nav_date, 'version', s.version, 'state', s.state, 'inputs_hash', s.inputs_hash, 'supersedes', s.supersedes,
    'blockers', (select coalesce(jsonb_agg(jsonb_build_object('label', i.label, 'blocked_by', i.blocked_by, 'age_days', i.age_days) order by i.label), '[]')
       from public.nav_inputs i where i.strike_id = s.strike_id and i.blocked_by is not null))
    from public.nav_strikes s where s.strike_id = of_strike
$$;
comment on function evergreen.strike_answer(uuid) is 'What the steps of a strike answer, with the inputs that block it by name.';

create or replace function public.fn_freeze_nav_inputs(fund text, nav_date date, inputs jsonb, request_id text default null, draft jsonb default '{}') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('fund', fund, 'nav_date', nav_date, 'sha256', evergreen.content_digest(inputs))
    || case when draft = '{}' then '{}'::jsonb else jsonb_build_object('draft', encode(sha256(convert_to(draft::text, 'UTF8')), 'hex')) end;
  answer := evergreen.earlier_answer('fn_freeze_nav_inputs', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(isfinite(nav_date), 'EG400', 'nav_date is a date.');
  perform evergreen.refuse_unless(jsonb_typeof(draft) = 'object' and octet_length(draft::text) <= 1048576, 'EG400', 'draft is a JSON object of at most 1 MB.');
  -- forward pricing: no valuation of a day whose book is still open
  perform evergreen.refuse_unless(not exists (select from public.dealing_days d where d.fund_id = of_fund.fund_id and d.dealing_date = fn_freeze_nav_inputs.nav_date and d.status = 'open'),
    'EG428', 'A dealing day of that date has not reached its cut-off.');
  perform evergreen.refuse_unless(not exists (select from public.nav_strikes s where s.fund_id = of_fund.fund_id and s.nav_date = fn_freeze_nav_inputs.nav_date and s.state = 'final'),
    'EG428', 'The NAV of that date is final; only a restatement changes it.');
  id := evergreen.freeze_inputs(of_fund.fund_id, nav_date, inputs, null, null);
  update public.nav_strikes s set body = jsonb_build_object('draft', draft) where s.strike_id = id and draft <> '{}';
  update public.dealing_days d set status = 'inputs_frozen', step = greatest(d.step, 3), strike_id = id
   where d.fund_id = of_fund.fund_id and d.dealing_date = fn_freeze_nav_inputs.nav_date and d.status in ('cut_off', 'inputs_frozen', 'nav_proposed');
  answer := evergreen.strike_answer(id);
  perform evergreen.emit('NAV_INPUTS_FROZEN', of_fund.fund_id, jsonb_build_object('strike_id', id, 'inputs_hash', answer ->> 'inputs_hash'), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'nav_strikes', id::text, 'NAV inputs frozen: ' || jsonb_array_length(inputs) || ', blocking ' || jsonb_array_length(answer -> 'blockers'), request_id);
  perform evergreen.keep_answer('fn_freeze_nav_inputs', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_freeze_nav_inputs(text, date, jsonb, text, jsonb) is
  'Freezes inputs = [{asset_id?, kind, label, value, as_of, source, blocked_by?, mark?, beta?, index_series?, index_at_mark?, index_now?, payments?, drift_bps?, limit_bps?}] (fund currency; the second half for a mark rolled forward, and one held back by the breaker) as an estimated strike, with the draft of what they amount to; answers the blockers by name. EG400, EG404, EG413, EG428.';

create or replace function evergreen.strike_units(s public.nav_strikes, of_class uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when s.supersedes is null then (select c.units_outstanding from public.share_classes c where c.share_class_id = of_class)
              else coalesce((select c.units from public.class_navs c where c.strike_id = s.supersedes and c.share_class_id = of_class), 0) end
$$;
comment on function evergreen.strike_units(public.nav_strikes, uuid) is 'Units of a class that a strike is over: those of the register, or for a restatement those of the strike it corrects.';

create or replace function public.fn_propose_nav(strike_id uuid, body jsonb, classes jsonb, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  unit text;
  total numeric;
  owed numeric;
  fee numeric;
  net numeric;
  bad text;
  id uuid := gen_random_uuid();
  event uuid;
  until timestamptz;
  what jsonb;
  stale jsonb;
  inputs jsonb;
  digest text;
begin
  perform evergreen.require_role('agent_commander', 'ops_role', 'pm_role');
  input := jsonb_build_object('strike_id', strike_id, 'body', body, 'classes', classes, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_propose_nav', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select f.base_currency into unit from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_propose_nav.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_propose_nav.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'estimated' or (s.state = 'provisional' and exists (
    select from public.proposals p where p.proposal_id = s.proposal_id and p.status in ('rejected', 'expired', 'withdrawn'))), 'EG428', 'The strike is ' || s.state || '.');
  perform evergreen.refuse_unless(not exists (select from public.nav_strikes x where x.fund_id = s.fund_id and x.nav_date = s.nav_date and x.version > s.version), 'EG425', 'The inputs were frozen anew since.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and jsonb_typeof(classes) = 'array', 'EG400', 'body is an object and classes a list.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 1048576, 'EG413', 'body is larger than 1 MB.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  select string_agg(i.label || ' (' || i.blocked_by || ')', ', ' order by i.label) into bad from (
    select n.label, n.blocked_by from public.nav_inputs n where n.strike_id = s.strike_id and n.blocked_by is not null order by n.label limit 5) i;
  perform evergreen.refuse_unless(bad is null, 'EG429', 'The NAV cannot be proposed: ' || coalesce(left(bad, 400), '') || '.');
  -- R4, from the frozen inputs and from nothing else
  select coalesce(sum(n.value) filter (where n.kind in ('asset', 'cash', 'receivable')), 0), coalesce(sum(n.value) filter (where n.kind in ('debt', 'payable', 'accrual')), 0)
    into total, owed from public.nav_inputs n where n.strike_id = s.strike_id;
  fee := coalesce((body ->> 'performance_fee')::numeric, 0);
  net := total - owed - fee;
  perform evergreen.refuse_unless(fee >= 0 and evergreen.within_exponent(fee, unit) and (body ->> 'total_assets')::numeric = total and (body ->> 'liabilities')::numeric = owed
    and (body ->> 'gnav')::numeric = total - owed and (body ->> 'nav')::numeric = net, 'EG400', 'total_assets, liabilities, gnav, performance_fee and nav do not foot with the frozen inputs.');
  -- a fund that has not issued anything yet deals at its first price
  perform evergreen.refuse_unless(net > 0 or (net = 0 and not exists (select from public.share_classes c where c.fund_id = s.fund_id and c.units_outstanding > 0)),
    'EG429', 'The net asset value is not above zero.');
  select coalesce(left(coalesce(sc.code, c.share_class_id::text), 40), '?') into bad from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric, nav_per_unit numeric, performance_accrued numeric)
    left join public.share_classes sc on sc.share_class_id = c.share_class_id and sc.fund_id = s.fund_id
    cross join lateral evergreen.strike_units(s, sc.share_class_id) u
   where (sc.share_class_id is not null and c.nav >= 0 and c.nav < 1e30 and evergreen.within_exponent(c.nav, unit) and c.nav_per_unit > 0 and c.nav_per_unit < 1e12
      and (c.performance_accrued is null or (c.performance_accrued >= 0 and evergreen.within_exponent(c.performance_accrued, unit)))
      and case when u > 0 then c.nav > 0 and c.nav_per_unit = round(round(c.nav, 30) / u, sc.price_dp)
               else c.nav = 0 and c.nav_per_unit = coalesce(sc.issue_price, sc.nav_per_unit) end) is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'The price of a class is not its value over its units, rounded: ' || coalesce(bad, '') || '.');
  perform evergreen.refuse_unless((select count(*) = count(distinct c.share_class_id) and sum(c.nav) = net from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric))
    and not exists (select from public.share_classes sc where sc.fund_id = s.fund_id
      and (evergreen.strike_units(s, sc.share_class_id) > 0 or exists (select from public.dealing_days d where d.strike_id = s.strike_id and d.share_class_id = sc.share_class_id))
      and not exists (select from jsonb_to_recordset(classes) c (share_class_id uuid) where c.share_class_id = sc.share_class_id)),
    'EG400', 'classes names every class with units once, and their values sum to the NAV of the fund.');
  -- who subscribes and who redeems deal before the fee that their class owes: it has to be known class by class
  perform evergreen.refuse_unless((select coalesce(sum(c.performance_accrued), 0) = fee from jsonb_to_recordset(classes) c (performance_accrued numeric)),
    'EG400', 'The performance fee is not the sum of what its classes accrued (performance_accrued).');
  -- by series everybody deals at the price of the own series: the approved values have to be those of the register, series by series (R25)
  select coalesce(left(sc.code, 40), '?') into bad from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric, performance_accrued numeric, series jsonb) join public.share_classes sc using (share_class_id)
   where case when evergreen.strike_units(s, c.share_class_id) > 0 and (s.supersedes is null and evergreen.by_series(c.share_class_id, s.nav_date)
       or exists (select from public.series_navs n where n.strike_id = s.supersedes and n.share_class_id = c.share_class_id))
     then not evergreen.series_foot(s, c.share_class_id, c.nav, coalesce(c.performance_accrued, 0), c.series) else coalesce(c.series, '[]') <> '[]' end limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'The series of a class are not those of its register, or do not sum to it: ' || coalesce(bad, '') || '.');
  delete from public.series_navs n where n.strike_id = s.strike_id;
  delete from public.class_navs c where c.strike_id = s.strike_id;
  insert into public.class_navs (strike_id, share_class_id, nav, units, nav_per_unit, performance_accrued)
  select s.strike_id, c.share_class_id, c.nav, evergreen.strike_units(s, c.share_class_id), c.nav_per_unit, coalesce(c.performance_accrued, 0)
    from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric, nav_per_unit numeric, performance_accrued numeric);
  insert into public.series_navs (strike_id, share_class_id, series, nav, units, nav_per_unit, performance_accrued, high_water, since)
  select s.strike_id, c.share_class_id, r.series, r.nav, r.units, r.nav_per_unit, r.performance_accrued, r.high_water, r.since
    from jsonb_to_recordset(classes) c (share_class_id uuid, series jsonb)
    cross join lateral jsonb_to_recordset(c.series) r (series text, nav numeric, units numeric, nav_per_unit numeric, performance_accrued numeric, high_water numeric, since date);
  until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
  -- R46: the share of the NAV that rests on marks older than 90 days stands before who approves it
  stale := jsonb_build_object('stale_share', (select trim_scale(round(coalesce(sum(n.value), 0) / nullif(net, 0), 18))::text from public.nav_inputs n
    where n.strike_id = s.strike_id and n.kind = 'asset' and n.age_days > 90));
  what := jsonb_build_object('strike_id', s.strike_id, 'nav_date', s.nav_date, 'version', s.version, 'supersedes', s.supersedes, 'reason', s.reason) || body || stale || jsonb_build_object('classes', classes);
  inputs := jsonb_build_object('inputs_hash', s.inputs_hash, 'units', (select jsonb_object_agg(c.share_class_id, trim_scale(c.units)::text) from public.class_navs c where c.strike_id = s.strike_id));
  digest := evergreen.proposal_hash(id, s.fund_id, 'nav', what, inputs, until);
  event := evergreen.emit('NAV_PROPOSED', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'proposal_id', id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_propose_nav.workflow_id)), '{}', request_id);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
  values (id, s.fund_id, 'nav', 'pending', digest, what, inputs,
    jsonb_build_object('funds', 1, 'orders', (select coalesce(sum(d.orders), 0) from public.dealing_days d where d.strike_id = s.strike_id)),
    (select f.allocations_version from public.funds f where f.fund_id = s.fund_id), event, coalesce(fn_propose_nav.workflow_id, 'nav/' || s.strike_id), evergreen.actor(), evergreen.actor(), 2, until);
  update public.nav_strikes x set state = 'provisional',
    -- the draft stays beside what was made of it: a run that proposes again after a crash starts from there
    body = case when x.body ? 'draft' then jsonb_build_object('draft', x.body -> 'draft') else '{}'::jsonb end || fn_propose_nav.body || stale, total_assets = total, liabilities = owed, gnav = total - owed, performance_fee = fee, nav = net, proposal_id = id
   where x.strike_id = s.strike_id;
  update public.dealing_days d set status = 'nav_proposed', step = greatest(d.step, 5) where d.strike_id = s.strike_id and d.status in ('inputs_frozen', 'nav_proposed');
  perform evergreen.audit(s.fund_id, 'proposals', id::text, 'NAV of ' || s.nav_date || ' proposed', request_id);
  answer := jsonb_build_object('proposal_id', id, 'hash', digest, 'strike_id', s.strike_id);
  perform evergreen.keep_answer('fn_propose_nav', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_nav(uuid, jsonb, jsonb, text, text) is
  'Puts a NAV before two people: body = {total_assets, liabilities, gnav, performance_fee, nav, …} must foot with the frozen inputs, classes = [{share_class_id, nav, nav_per_unit, performance_accrued?, series?: [{series, units, nav, nav_per_unit, performance_accrued, high_water, since}]}] with the units of the register, series by series where the fee is. EG400, EG404, EG425, EG428, EG429 blocked.';

create or replace function evergreen.has_approvals(p public.proposals) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(distinct a.decided_by) >= p.approvals_needed from public.approvals a
   where a.proposal_id = p.proposal_id and a.decision = 'approved' and a.proposal_hash = p.hash and 'user:' || a.decided_by <> all (array[p.requested_by, p.proposed_by])
$$;
comment on function evergreen.has_approvals(public.proposals) is 'Whether enough different people, none of them who asked or proposed, approved the hash.';

create or replace function public.fn_strike_nav(strike_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  p public.proposals;
  event uuid;
  n int;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('strike_id', strike_id);
  answer := evergreen.earlier_answer('fn_strike_nav', request_id, input);
  if answer is not null then
    return answer;
  end if;
  -- proposal, fund, then the strike
  select x.* into p from public.proposals x where x.proposal_id = (select y.proposal_id from public.nav_strikes y where y.strike_id = fn_strike_nav.strike_id) for no key update;
  perform 1 from public.funds f where f.fund_id = (select y.fund_id from public.nav_strikes y where y.strike_id = fn_strike_nav.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_strike_nav.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'provisional' and s.proposal_id = p.proposal_id, 'EG428', 'The strike is ' || s.state || '.');
  perform evergreen.refuse_unless(p.status = 'approved', 'EG428', 'The proposal is ' || p.status || ', not approved.');
  perform evergreen.refuse_unless(not exists (select from public.nav_strikes x where x.fund_id = s.fund_id and x.nav_date = s.nav_date and x.version > s.version), 'EG425', 'The inputs were frozen anew since.');
  perform evergreen.refuse_unless(evergreen.has_approvals(p), 'EG420', 'Two people who did not propose it must approve a NAV.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at)
    and p.inputs ->> 'inputs_hash' = s.inputs_hash, 'EG421', 'The proposal was changed after it was hashed.');
  -- a restatement is of the register as it was; a first strike is of the register as it is
  perform evergreen.refuse_unless(s.supersedes is not null or not exists (select from public.class_navs c join public.share_classes sc on sc.share_class_id = c.share_class_id
    where c.strike_id = s.strike_id and c.units <> sc.units_outstanding), 'EG425', 'Units were issued or redeemed since the NAV was proposed.');
  perform evergreen.refuse_while_chain_broken(s.fund_id);
  update public.nav_strikes x set state = 'restated' where x.strike_id = s.supersedes and x.state = 'final';
  update public.nav_strikes x set state = 'final' where x.strike_id = s.strike_id;
  update public.class_navs c set published_at = now() where c.strike_id = s.strike_id;
  -- from its first strike by series on a lot bears the name of its series, whatever becomes of its price
  update public.lots l set series = evergreen.series_of(l) where l.series = '' and exists (select from public.series_navs n where n.strike_id = s.strike_id and n.share_class_id = l.share_class_id);
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  update public.share_classes sc set nav_per_unit = c.nav_per_unit from public.class_navs c
   where c.strike_id = s.strike_id and sc.share_class_id = c.share_class_id
     and not exists (select from public.nav_strikes later where later.fund_id = s.fund_id and later.state = 'final' and later.nav_date > s.nav_date);
  event := evergreen.emit('NAV_STRUCK', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'nav_date', s.nav_date, 'version', s.version), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  -- only here an order meets a price that was not known when it was accepted
  with priced as materialized (
    select f.flow_id from public.fund_flows f join public.dealing_days d on d.dealing_day_id = f.dealing_day_id
     where d.strike_id = s.strike_id and d.status = 'nav_proposed' and f.status = 'locked' order by f.flow_id for no key update of f
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select o.flow_id, 'locked', 'priced', event, evergreen.actor() from priced o
  )
  update public.fund_flows f set status = 'priced', priced_at = now() from priced o where f.flow_id = o.flow_id;
  get diagnostics n = row_count;
  update public.dealing_days d set status = 'struck', step = greatest(d.step, 5) where d.strike_id = s.strike_id and d.status = 'nav_proposed';
  -- the other classes of the strike
  perform evergreen.knock_days(s.fund_id, null, d.dealing_day_id, 'the NAV is struck') from public.dealing_days d
    where d.strike_id = s.strike_id and p.workflow_id like 'deal/%' and d.workflow_id <> p.workflow_id;
  perform evergreen.audit(s.fund_id, 'nav_strikes', s.strike_id::text, 'NAV of ' || s.nav_date || ' struck, version ' || s.version || ', orders priced ' || n, request_id);
  answer := evergreen.strike_answer(s.strike_id) || jsonb_build_object('orders', n);
  perform evergreen.keep_answer('fn_strike_nav', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_strike_nav(uuid, text) is
  'Makes an approved NAV final and publishes its prices; locked orders of its days become priced. A restatement supersedes and touches no order. EG404, EG420, EG421, EG425, EG428.';

create or replace function public.fn_restate_nav(strike_id uuid, inputs jsonb, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_commander');
  input := jsonb_build_object('strike_id', strike_id, 'reason', reason, 'sha256', evergreen.content_digest(inputs));
  answer := evergreen.earlier_answer('fn_restate_nav', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_restate_nav.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_restate_nav.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'final', 'EG428', 'The strike is ' || s.state || '; only a final one is restated.');
  perform evergreen.refuse_restating(s);
  id := evergreen.freeze_inputs(s.fund_id, s.nav_date, inputs, s.strike_id, reason);
  answer := evergreen.strike_answer(id);
  perform evergreen.emit('NAV_RESTATEMENT_BEGUN', s.fund_id, jsonb_build_object('strike_id', id, 'supersedes', s.strike_id), evergreen.actor(),
    jsonb_build_object('workflow_id', 'restate/' || id), '{}', request_id);
  perform evergreen.audit(s.fund_id, 'nav_strikes', id::text, 'restatement of the NAV of ' || s.nav_date || ' begun', request_id);
  perform evergreen.keep_answer('fn_restate_nav', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_restate_nav(uuid, jsonb, text, text) is
  'Begins the restatement (R30) of a final NAV with corrected inputs: a new version that is proposed and struck like the first. EG400, EG404, EG413, EG428.';

-- from sql/6h-fn-imports.sql
-- Files in: orders and bank statements, row by row through the functions that place orders and confirm cash; a batch is undone as it was done.

create or replace function evergreen.check_import(file jsonb, lines jsonb, formats text[]) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(jsonb_typeof(file) = 'object' and file ->> 'sha256' ~ '^[0-9a-f]{64}$' and length(file ->> 'name') between 1 and 200
    and file ->> 'name' !~ '[/\\[:cntrl:]]' and file ->> 'format' = any (formats), 'EG400', 'file is {sha256, name, format}; the name is no path.');
  perform evergreen.refuse_unless(jsonb_typeof(lines) = 'array', 'EG400', 'The rows of a file are a list.');
  perform evergreen.refuse_unless(jsonb_array_length(lines) between 1 and 50000, 'EG413', 'A file has 1 to 50,000 rows.');
  perform evergreen.refuse_unless(octet_length(lines::text) <= 64 * 1024 * 1024 and not exists (select from jsonb_array_elements(lines) r (said)
    where (jsonb_typeof(r.said) = 'object' and octet_length(r.said::text) <= 8192 and (r.said ->> 'line')::int >= 1) is not true), 'EG400', 'A row is a small object with its line.');
end $$;
comment on function evergreen.check_import(jsonb, jsonb, text[]) is 'Refuses what is no file or no list of rows. EG400, EG413.';

create or replace function evergreen.import_refusals(found jsonb[]) returns jsonb language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(u.f - 'identity') order by u.n), '[]') from unnest(found) with ordinality u (f, n)
$$;
comment on function evergreen.import_refusals(jsonb[]) is 'The first rows that were not taken in, without what they say.';

create or replace function evergreen.import_answer(of_import uuid, repeated boolean, found jsonb[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('import_id', b.import_id, 'status', b.status, 'repeated', repeated, 'rows', b.rows, 'accepted', b.accepted, 'refused', b.refused,
    'unmatched', b.unmatched, 'refusals', evergreen.import_refusals(found)) from public.import_batches b where b.import_id = of_import
$$;
comment on function evergreen.import_answer(uuid, boolean, jsonb[]) is 'What an import answers of a batch that stands.';

create or replace function evergreen.reference_words(said text) returns text language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
  -- a reference has letters and digits; names have no digit, days, telephone and most account numbers no letter; an IBAN is taken out, in groups of four, too
  select string_agg(w.word, ' ' order by w.n) from regexp_split_to_table(
      regexp_replace(said, '\m(?![0-9a-f]{32}\M)[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?\M', ' ', 'gi'), '[^[:alnum:]._/-]+') with ordinality w (word, n)
   where length(w.word) between 2 and 60 and (w.word ~ '[0-9]' and w.word ~ '[[:alpha:]]' or w.word ~ '^[0-9]{32}$')
$$;
comment on function evergreen.reference_words(text) is 'Of a text of who paid the words that may name an order; names, account numbers, days and telephone numbers stay out.';

create or replace function evergreen.without_people(said jsonb) returns jsonb language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_strip_nulls(said - '{counterparty_account,remittance,end_to_end}'::text[] || jsonb_build_object('remittance', evergreen.reference_words(said ->> 'remittance'),
    'end_to_end', evergreen.reference_words(said ->> 'end_to_end')))
$$;
comment on function evergreen.without_people(jsonb) is 'A line of a statement as it is kept: what its payer wrote is reduced to what matching needs, the number of the account is gone (its hash finds the account again).';

create or replace function evergreen.keep_row(of_import uuid, of_fund uuid, kind text, at bigint, said jsonb, made jsonb) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into public.import_rows (import_id, position, line, fund_id, kind, outcome, code, reason, reference, identity, matched_by, flow_id, ledger_tx_id, said)
  values (of_import, at, (said ->> 'line')::int, of_fund, kind, made ->> 'outcome', made ->> 'code', made ->> 'reason', said ->> 'reference', made ->> 'identity',
    made ->> 'matched_by', (made ->> 'flow_id')::uuid, (made ->> 'ledger_tx_id')::uuid,
    case kind when 'bank' then evergreen.without_people(said) else jsonb_strip_nulls(said) end)
$$;
comment on function evergreen.keep_row(uuid, uuid, text, bigint, jsonb, jsonb) is 'One row of an import with what became of it.';

create or replace function evergreen.row_refusal(state text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- what a rule refuses belongs to the row; what is wrong with the caller or with the database ends the import
  select case when state ~ '^EG4' and state not in ('EG401', 'EG403') then state when state like '22%' then 'EG400' end
$$;
comment on function evergreen.row_refusal(text) is 'Code of an error that concerns one row only, or null.';

create or replace function evergreen.is_taken(of_fund uuid, kind text, mark text) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- the words and the type of the partial index, so that it is used
  select exists (select from public.import_rows r where r.fund_id = of_fund and r.kind = is_taken.kind and r.identity = mark::char(64) and r.outcome in ('accepted', 'matched', 'unmatched'))
$$;
comment on function evergreen.is_taken(uuid, text, text) is 'Whether a row of that identity stands in an import of the fund.';

create or replace function evergreen.investor_named(name text) returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_id uuid;
begin
  select i.investor_id into found_id from public.investors i where i.code = name;
  if found_id is null and name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select i.investor_id into found_id from public.investors i where i.investor_id = name::uuid;
  end if;
  return found_id;
end $$;
comment on function evergreen.investor_named(text) is 'The investor of a code or an id, each by its index, or null.';

create or replace function evergreen.place_imported(of_fund public.funds, said jsonb, nth bigint) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who uuid;
  other uuid;
  flow uuid;
  mark text := encode(sha256(convert_to(said ->> 'reference', 'UTF8')), 'hex');
begin
  perform evergreen.refuse_unless(said ->> 'problem' is null, 'EG400', left(said ->> 'problem', 500));
  perform evergreen.refuse_unless(nth = 1, 'EG428', case when mark is null then 'The file has the same row before; give both a reference if both are meant.' else 'The file has that reference before.' end);
  perform evergreen.refuse_unless(mark is null or not evergreen.is_taken(of_fund.fund_id, 'orders', mark), 'EG428', 'An order with that reference was imported before.');
  who := evergreen.investor_named(said ->> 'investor');
  perform evergreen.refuse_unless(who is not null, 'EG404', 'No investor with that code.');
  if said ->> 'to_investor' is not null then
    other := evergreen.investor_named(said ->> 'to_investor');
    perform evergreen.refuse_unless(other is not null, 'EG404', 'No investor with the code of to_investor.');
  end if;
  flow := public.fn_place_order(of_fund.fund_id::text, who, said ->> 'direction', (said ->> 'amount')::numeric, said ->> 'currency', 'import', null, said ->> 'share_class',
    (said ->> 'units')::numeric, (said ->> 'dealing_date')::date, coalesce(said ->> 'order_kind', 'plain'), said ->> 'to_class', other);
  return jsonb_build_object('outcome', 'accepted', 'flow_id', flow, 'identity', mark);
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_strip_nulls(jsonb_build_object('outcome', 'refused', 'code', evergreen.row_refusal(sqlstate), 'column', said ->> 'column',
    'reason', case when sqlstate like 'EG%' then sqlerrm else 'A value is malformed or out of range.' end));
end $$;
comment on function evergreen.place_imported(public.funds, jsonb, bigint) is 'Places one order of a file through fn_place_order, or says why not; its effect is then rolled back alone.';

create or replace function public.fn_import_orders(fund text, file jsonb, orders jsonb, partial boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  rows_hash text := encode(sha256(convert_to(orders::text, 'UTF8')), 'hex');
  known uuid;
  r record;
  made jsonb;
  outs jsonb[] := '{}';
  good int := 0;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'file', file, 'rows', rows_hash, 'partial', partial, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.check_import(file, orders, '{csv,xlsx,setr.010.001.04,setr.004.001.04}');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  -- the same file again, or the same rows in another file: nothing is changed, and it says so
  select b.import_id into known from public.import_batches b where b.fund_id = of_fund.fund_id and b.kind = 'orders' and b.status <> 'undone'
    and (b.file_sha256 = file ->> 'sha256' or b.rows_sha256 = rows_hash) order by b.created_at desc limit 1;
  if known is not null then
    return evergreen.import_answer(known, true, '{}');
  end if;
  n := jsonb_array_length(orders);
  begin
    insert into public.import_batches (import_id, fund_id, kind, format, file_name, file_sha256, rows_sha256, rows, imported_by)
    values (id, of_fund.fund_id, 'orders', file ->> 'format', file ->> 'name', file ->> 'sha256', rows_hash, n, evergreen.actor());
    for r in select x.said, x.position, row_number() over (partition by coalesce('r' || (x.said ->> 'reference'), (x.said - 'line')::text) order by x.position) as nth
               from jsonb_array_elements(orders) with ordinality x (said, position) order by x.position loop
      made := evergreen.place_imported(of_fund, r.said, r.nth);
      perform evergreen.keep_row(id, of_fund.fund_id, 'orders', r.position, r.said, made);
      if made ->> 'outcome' = 'accepted' then
        good := good + 1;
      elsif cardinality(outs) < 500 then  -- few: an array grows by being copied
        outs := outs || (made || jsonb_build_object('position', r.position, 'line', (r.said ->> 'line')::int));
      end if;
    end loop;
    if dry_run or (good < n and not partial) or good = 0 then
      raise exception using errcode = 'EG0DR';  -- takes everything back; the answer stays
    end if;
    update public.import_batches b set accepted = good, refused = n - good where b.import_id = id;
    perform evergreen.emit('ORDERS_IMPORTED', of_fund.fund_id, jsonb_build_object('import_id', id, 'orders', good), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'import_batches', id::text, 'orders imported: ' || good || ' of ' || n || ' rows', request_id);
    answer := evergreen.import_answer(id, false, outs);
    perform evergreen.keep_answer('fn_import_orders', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := jsonb_build_object('import_id', null, 'status', case when good = 0 or (good < n and not partial) then 'refused' else 'dry_run' end, 'repeated', false,
      'rows', n, 'accepted', good, 'refused', n - good, 'unmatched', 0, 'refusals', evergreen.import_refusals(outs));
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_orders(text, jsonb, jsonb, boolean, boolean, text) is
  'Places the orders of a file {sha256, name, format}: all or, with partial, those that can be; dry_run tries all and changes nothing. orders = [{line, reference, investor, direction, amount | units, …} or {line, column, problem}]. The same file again changes nothing. Returns {import_id, status imported | refused | dry_run, repeated, rows, accepted, refused, refusals}. EG400, EG404, EG413.';

create or replace function evergreen.bank_match(of_fund public.funds, said jsonb) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  way text := case said ->> 'side' when 'credit' then 'subscription' when 'debit' then 'redemption' end;
  owed numeric := (said ->> 'amount')::numeric;
  tokens text[];
  owner uuid;
  payer uuid;
  meant uuid[];
  kids uuid[];
  hits uuid[];
  named int;
begin
  if (said ->> 'reversal')::boolean then
    return jsonb_build_object('reason', 'It takes back or returns another movement.');
  elsif coalesce(said ->> 'currency', of_fund.base_currency) <> of_fund.base_currency then
    return jsonb_build_object('reason', 'It is in another currency than the fund.');
  end if;
  -- compensation goes by the identifier of its own payment, so that it is not taken for the order
  select array_agg(l.flow_id) into hits from public.payment_lines l join public.payment_files p using (payment_file_id)
   where way = 'redemption' and p.fund_id = of_fund.fund_id and l.purpose = 'compensation' and l.live and upper(l.end_to_end) = upper(said ->> 'end_to_end') and l.amount = owed;
  if hits is not null then
    return jsonb_build_object('flow_id', hits[1], 'by', 'compensation');
  end if;
  select b.investor_id into owner from public.bank_accounts b where b.fund_id = of_fund.fund_id and (b.account_index = said ->> 'counterparty_index' or b.account = said ->> 'counterparty_account') and b.status = 'active' and b.investor_id is not null
   order by b.account_id limit 1;
  -- words of the texts, and the texts whole: an order is named by its id or by the reference it was imported with
  select array_agg(distinct upper(t.word)) into tokens from (
    select w as word from regexp_split_to_table(concat_ws(' ', said ->> 'end_to_end', said ->> 'remittance'), '[^[:alnum:]._/-]+') w where length(w) between 2 and 60
    union select v from unnest(array[said ->> 'end_to_end', said ->> 'remittance']) v where length(v) between 2 and 60) t;
  meant := array(select r.flow_id from public.import_rows r where r.fund_id = of_fund.fund_id and r.kind = 'orders' and r.outcome = 'accepted' and upper(r.reference) = any (tokens)
    union select replace(t, '-', '')::uuid from unnest(tokens) t where replace(t, '-', '') ~ '^[0-9A-F]{32}$');
  -- what a gate carried forward goes by the name of what was asked
  kids := meant;
  while cardinality(kids) > 0 loop
    kids := array(select f.flow_id from public.fund_flows f where f.parent_flow_id = any (kids));
    meant := meant || kids;
  end loop;
  select count(*), array_agg(o.flow_id) filter (where o.due = owed), min(o.investor_id::text) filter (where o.due = owed) into named, hits, payer from (
    select f.flow_id, f.investor_id, case f.direction when 'redemption' then f.net_amount else f.amount end as due from public.fund_flows f
     where f.flow_id = any (meant) and f.fund_id = of_fund.fund_id and f.direction = way and f.order_kind = 'plain' and f.cleared_at is null
       and case way when 'redemption' then f.status = 'claimable' else f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') end) o;
  if cardinality(hits) = 1 then
    if owner <> payer then
      return jsonb_build_object('reason', 'The account is that of another investor than the order''s.');
    end if;
    return jsonb_build_object('flow_id', hits[1], 'by', 'reference');
  elsif cardinality(hits) > 1 then
    return jsonb_build_object('reason', 'The reference names several orders of that amount.');
  elsif named > 0 then
    return jsonb_build_object('reason', 'The order that is named is for another amount.');
  elsif owner is null then
    return jsonb_build_object('reason', 'No open order is named, and the account is not known.');
  end if;
  select array_agg(f.flow_id) into hits from public.fund_flows f
   where f.fund_id = of_fund.fund_id and f.investor_id = owner and f.direction = way and f.order_kind = 'plain' and f.cleared_at is null
     and case way when 'redemption' then f.status = 'claimable' and f.net_amount = owed
         else f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') and f.amount = owed end;
  if cardinality(hits) = 1 then
    return jsonb_build_object('flow_id', hits[1], 'by', 'account');
  end if;
  return jsonb_build_object('reason', case when hits is null then 'The investor of the account has no open order of that amount.' else 'The investor of the account has several open orders of that amount.' end);
end $$;
comment on function evergreen.bank_match(public.funds, jsonb) is
  'Which open order a line of a statement pays: named by its id or reference, else the only one of the account''s investor; the amount is always exactly what is due. {flow_id, by} or {reason}.';

create or replace function evergreen.settle_line(of_fund public.funds, said jsonb, flow uuid, by text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  confirmed jsonb;
begin
  confirmed := jsonb_build_array(jsonb_build_object('flow_id', flow, 'amount', said ->> 'amount', 'reference', left(coalesce(said ->> 'reference', said ->> 'end_to_end'), 200)));
  confirmed := case by when 'compensation' then public.fn_settle_compensation(of_fund.fund_id::text, confirmed, null) else public.fn_confirm_cash(of_fund.fund_id::text, confirmed, null) end;
  return jsonb_build_object('outcome', 'matched', 'flow_id', flow, 'matched_by', by, 'ledger_tx_id', confirmed ->> 'ledger_tx_id');
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_build_object('outcome', 'unmatched', 'code', evergreen.row_refusal(sqlstate), 'reason', sqlerrm);
end $$;
comment on function evergreen.settle_line(public.funds, jsonb, uuid, text) is 'Confirms the cash of one line for one order through fn_confirm_cash, or fn_settle_compensation, or says why it cannot be.';

create or replace function evergreen.take_line(of_fund public.funds, said jsonb, mark text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  hit jsonb;
begin
  perform evergreen.refuse_unless(said ->> 'problem' is null, 'EG400', left(said ->> 'problem', 500));
  perform evergreen.refuse_unless(said ->> 'side' in ('credit', 'debit') and isfinite((said ->> 'booked_on')::date), 'EG400', 'A line has a side and a day of booking.');
  perform evergreen.refuse_unless((said ->> 'amount')::numeric > 0 and (said ->> 'amount')::numeric < 1e30
    and coalesce(evergreen.within_exponent((said ->> 'amount')::numeric, coalesce(said ->> 'currency', of_fund.base_currency)), (said ->> 'amount')::numeric = round((said ->> 'amount')::numeric, 4)),
    'EG400', 'The amount is positive and has no more decimals than its currency.');
  if evergreen.is_taken(of_fund.fund_id, 'bank', mark) then
    return jsonb_build_object('outcome', 'duplicate', 'code', 'EG428', 'reason', 'An earlier statement has that line.');
  end if;
  hit := evergreen.bank_match(of_fund, said);
  if hit ->> 'flow_id' is null then
    return jsonb_build_object('outcome', 'unmatched', 'reason', hit ->> 'reason', 'identity', mark);
  end if;
  return evergreen.settle_line(of_fund, evergreen.without_people(said), (hit ->> 'flow_id')::uuid, hit ->> 'by') || jsonb_build_object('identity', mark);
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_strip_nulls(jsonb_build_object('outcome', 'refused', 'code', evergreen.row_refusal(sqlstate), 'column', said ->> 'column',
    'reason', case when sqlstate like 'EG%' then sqlerrm else 'A value is malformed or out of range.' end));
end $$;
comment on function evergreen.take_line(public.funds, jsonb, text) is 'Takes one line of a statement in: matched and confirmed, unmatched, a duplicate, or refused.';

create or replace function public.fn_import_bank_statement(fund text, file jsonb, lines jsonb, partial boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  rows_hash text := encode(sha256(convert_to(lines::text, 'UTF8')), 'hex');
  known uuid;
  r record;
  made jsonb;
  outs jsonb[] := '{}';
  good int := 0;
  waiting int := 0;
  bad int := 0;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'file', file, 'rows', rows_hash, 'partial', partial, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_bank_statement', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.check_import(file, lines, array(select 'camt.053.001.' || to_char(v, 'FM00') from generate_series(2, 13) v) || '{csv,xlsx}');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(lines) l (said) where l.said ->> 'account' is not null)
    or not exists (select from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is null and b.status = 'active')
    or not exists (select from jsonb_array_elements(lines) l (said) where l.said ->> 'account' is not null and not exists (select from public.bank_accounts b
         where b.fund_id = of_fund.fund_id and b.investor_id is null and b.status in ('active', 'ended') and b.account = l.said ->> 'account')),
    'EG400', 'The statement is of another account than the fund''s.');
  select b.import_id into known from public.import_batches b where b.fund_id = of_fund.fund_id and b.kind = 'bank' and b.status <> 'undone'
    and (b.file_sha256 = file ->> 'sha256' or b.rows_sha256 = rows_hash) order by b.created_at desc limit 1;
  if known is not null then
    return evergreen.import_answer(known, true, '{}');
  end if;
  n := jsonb_array_length(lines);
  begin
    -- two equal lines of one statement are two movements; the same two in the next statement are the same two
    insert into public.import_batches (import_id, fund_id, kind, format, file_name, file_sha256, rows_sha256, rows, imported_by)
    values (id, of_fund.fund_id, 'bank', file ->> 'format', file ->> 'name', file ->> 'sha256', rows_hash, n, evergreen.actor());
    for r in select x.said, x.position, encode(sha256(convert_to(x.basis || '|' || row_number() over (partition by x.basis order by x.position), 'UTF8')), 'hex') as mark
               from (select l.said, l.position, jsonb_build_array(l.said -> 'account', l.said -> 'booked_on', l.said -> 'side', l.said -> 'amount', l.said -> 'currency',
                       l.said -> 'reference', l.said -> 'end_to_end', l.said -> 'remittance', l.said -> 'counterparty_account')::text as basis
                       from jsonb_array_elements(lines) with ordinality l (said, position)) x order by x.position loop
      made := evergreen.take_line(of_fund, r.said, r.mark);
      perform evergreen.keep_row(id, of_fund.fund_id, 'bank', r.position, r.said, made);
      good := good + (made ->> 'outcome' = 'matched')::int;
      waiting := waiting + (made ->> 'outcome' = 'unmatched')::int;
      bad := bad + (made ->> 'outcome' = 'refused')::int;
      if made ->> 'outcome' <> 'matched' and cardinality(outs) < 500 then
        outs := outs || (made || jsonb_build_object('position', r.position, 'line', (r.said ->> 'line')::int));
      end if;
    end loop;
    if dry_run or (bad > 0 and not partial) or good + waiting = 0 then
      raise exception using errcode = 'EG0DR';
    end if;
    update public.import_batches b set accepted = good, refused = n - good - waiting, unmatched = waiting where b.import_id = id;
    perform evergreen.emit('BANK_STATEMENT_IMPORTED', of_fund.fund_id, jsonb_build_object('import_id', id, 'matched', good, 'unmatched', waiting), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'import_batches', id::text, 'bank statement imported: ' || good || ' of ' || n || ' lines matched', request_id);
    answer := evergreen.import_answer(id, false, outs);
    perform evergreen.keep_answer('fn_import_bank_statement', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := jsonb_build_object('import_id', null, 'status', case when (bad > 0 and not partial) or good + waiting = 0 then 'refused' else 'dry_run' end, 'repeated', false,
      'rows', n, 'accepted', good, 'refused', n - good - waiting, 'unmatched', waiting, 'refusals', evergreen.import_refusals(outs));
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_bank_statement(text, jsonb, jsonb, boolean, boolean, text) is
  'Takes a bank statement in: lines = [{line, side, amount, booked_on, currency, reference, end_to_end, remittance, account, counterparty_account}] are matched to open orders by reference or account and exact amount, and their cash confirmed; the others wait unmatched. Lines of earlier statements count once. Of the texts of who paid only words that may name an order are kept. As fn_import_orders otherwise. EG400, EG404, EG413.';

-- lines that were taken in before their texts were reduced
update public.import_rows r set said = evergreen.without_people(r.said) where r.kind = 'bank' and r.said is distinct from evergreen.without_people(r.said);

-- from sql/6h-fn-payments.sql
-- Files out: accounts that money is paid to, approved by a second person, and the payment files that pay redemptions and compensation.

create or replace function evergreen.is_account(number text) returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  moved text := substr(number, 5) || left(number, 4);
  digits text := '';
  c text;
begin
  if number !~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11}' then
    return number ~ '^[A-Za-z0-9][A-Za-z0-9./-]{2,33}$';
  end if;
  if number !~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$' then
    return false;
  end if;
  foreach c in array string_to_array(moved, null) loop
    digits := digits || case when c between 'A' and 'Z' then (ascii(c) - 55)::text else c end;
  end loop;
  return digits::numeric % 97 = 1;  -- ISO 13616
end $$;
comment on function evergreen.is_account(text) is 'Whether it is an IBAN with right check digits, or an account number that does not look like one.';

create or replace function public.fn_propose_bank_accounts(fund text, accounts jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad record;
  n int;
begin
  perform evergreen.require_role('ops_role');
  -- a ciphertext is another one every time; what says that the account is the same is the mark beside it
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(case when jsonb_typeof(accounts) = 'array' then
    (select jsonb_agg(case when jsonb_typeof(a) = 'object' then a - '{sealed,account_id,key_version}'::text[] else a end) from jsonb_array_elements(accounts) a) else accounts end));
  answer := evergreen.earlier_answer('fn_propose_bank_accounts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array', 'EG400', 'accounts is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(accounts) between 1 and 10000, 'EG413', 'accounts has 1 to 10,000 rows.');
  select a.n, a.investor is not null and i.investor_id is null as nobody, a.investor is not null and (a.account is not null or a.holder is not null) as clear into bad
    from (select x.*, row_number() over () as n from jsonb_to_recordset(accounts) x (investor text, account text, bic text, holder text, currency text,
           account_id uuid, sealed text, account_index text, content_mark text)) a
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where ((a.bic is null or a.bic ~ '^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$') and exists (select from public.currencies c where c.code = a.currency)
      and case when a.investor is null then evergreen.is_account(a.account) and length(a.holder) between 1 and 140 and num_nonnulls(a.sealed, a.account_index, a.content_mark) = 0
        else i.investor_id is not null and a.account is null and a.holder is null and a.account_id is not null and a.sealed ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a.sealed) between 40 and 4000
          and a.account_index ~ '^[0-9a-f]{64}$' and a.content_mark ~ '^[0-9a-f]{64}$' end) is not true order by a.n limit 1;
  perform evergreen.refuse_unless(bad.n is null or not bad.nobody, 'EG404', 'Account ' || bad.n || ': no investor with that code.');
  perform evergreen.refuse_unless(bad.n is null or not bad.clear, 'EG400', 'Account ' || bad.n || ' is of an investor: its number and holder come encrypted, never in clear.');
  perform evergreen.refuse_unless(bad.n is null, 'EG400', 'Account ' || bad.n || ' has no account number with right check digits, no BIC, no holder or no currency we know.');
  perform evergreen.require_key_version(i.party_id, a.key_version) from jsonb_to_recordset(accounts) a (investor text, key_version int)
    join public.investors i on i.investor_id = evergreen.investor_named(a.investor) order by i.party_id;
  -- one that is proposed or in force already is not proposed again
  insert into public.bank_accounts (account_id, fund_id, investor_id, account, bic, holder, currency, sealed, account_index, content_mark, proposed_by)
  select distinct on (i.investor_id, a.currency, a.bic, a.account, a.holder, a.content_mark) coalesce(a.account_id, gen_random_uuid()), of_fund.fund_id, i.investor_id, a.account, a.bic, a.holder, a.currency,
         a.sealed, a.account_index, a.content_mark, evergreen.actor()
    from jsonb_to_recordset(accounts) a (investor text, account text, bic text, holder text, currency text, account_id uuid, sealed text, account_index text, content_mark text)
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where not exists (select from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is not distinct from i.investor_id and b.account is not distinct from a.account
     and b.bic is not distinct from a.bic and b.holder is not distinct from a.holder and b.content_mark is not distinct from a.content_mark and b.currency = a.currency and b.status in ('proposed', 'active'))
   order by i.investor_id, a.currency, a.bic, a.account, a.holder, a.content_mark, a.account_id;
  get diagnostics n = row_count;
  if n > 0 then
    perform evergreen.emit('BANK_ACCOUNTS_PROPOSED', of_fund.fund_id, jsonb_build_object('accounts', n), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'bank_accounts', of_fund.fund_id::text, n || ' bank accounts proposed', request_id);
  end if;
  answer := jsonb_build_object('proposed', n, 'known', jsonb_array_length(accounts) - n);
  perform evergreen.keep_answer('fn_propose_bank_accounts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_bank_accounts(text, jsonb, text) is
  'Proposes accounts to pay to and from: of the fund {account, holder, bic, currency}; of an investor {investor, account_id, sealed, key_version, account_index, content_mark, bic, currency}, encrypted before they come. Another person decides. EG400, EG404, EG413, EG425 another data key since.';

create or replace function evergreen.account_words(a public.bank_accounts) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when a.sealed is null then jsonb_build_object('holder', a.holder, 'account', a.account, 'bic', a.bic)
    -- with the key that opens it, which a master key opens that is not here
    else jsonb_build_object('bic', a.bic, 'sealed', jsonb_build_object('account_id', a.account_id, 'subject_id', i.party_id, 'sealed', a.sealed, 'wrapped_key', k.wrapped_key, 'master_key_id', k.master_key_id)) end
    from (select) one left join public.investors i on i.investor_id = a.investor_id left join public.subject_keys k on k.subject_id = i.party_id and k.state <> 'destroyed'
$$;
comment on function evergreen.account_words(public.bank_accounts) is 'Number and holder of an account: in clear of the fund''s own, encrypted with its wrapped key of an investor''s.';

create or replace function evergreen.note_account_reads(accounts uuid[], purpose text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
  select distinct i.party_id, 'values', array['account'], note_account_reads.purpose, evergreen.actor()
    from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id join public.subject_keys k on k.subject_id = i.party_id
   where b.account_id = any (accounts) and b.sealed is not null
$$;
comment on function evergreen.note_account_reads(uuid[], text) is 'Records that encrypted accounts of investors were given out.';

create or replace function public.fn_read_bank_accounts(fund text, status text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund uuid;
  ids uuid[];
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(status is null or status in ('proposed', 'active', 'rejected', 'ended'), 'EG400', 'status is proposed, active, rejected or ended.');
  ids := array(select b.account_id from public.bank_accounts b where b.fund_id = of_fund and (fn_read_bank_accounts.status is null or b.status = fn_read_bank_accounts.status) order by b.account_id limit 50000);
  perform evergreen.note_account_reads(ids, 'accounts');
  return (select coalesce(jsonb_agg(jsonb_build_object('account_id', b.account_id, 'investor', i.code, 'currency', b.currency, 'status', b.status, 'proposed_by', b.proposed_by, 'decided_by', b.decided_by,
      'words', evergreen.account_words(b)) order by b.account_id), '[]') from public.bank_accounts b left join public.investors i using (investor_id) where b.account_id = any (ids));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_bank_accounts(text, text) is 'Accounts of a fund with number and holder, those of investors encrypted with their wrapped keys; every reading is recorded. EG400, EG404.';

create or replace function public.fn_list_clear_accounts(max_accounts int default 1000) returns table (account_id uuid, subject_id uuid, account text, holder text, bic text, currency text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(max_accounts between 1 and 5000, 'EG400', 'max_accounts is 1 to 5,000.');
  return query select b.account_id, i.party_id, b.account, b.holder, b.bic, b.currency::text from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id
    where b.account is not null and coalesce(evergreen.subject_state(i.party_id), 'active') = 'active' order by b.account_id limit max_accounts;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_clear_accounts(int) is 'Accounts of investors that were recorded before numbers were encrypted, to be sealed. EG400.';

create or replace function public.fn_seal_accounts(accounts jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('sha256', evergreen.content_digest(accounts));
  answer := evergreen.earlier_answer('fn_seal_accounts', request_id, input);
  if answer is not null then
    return (answer ->> 'sealed')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array' and jsonb_array_length(accounts) between 1 and 5000, 'EG400', 'accounts is a list of 1 to 5,000.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(accounts) a where (a ->> 'account_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and a ->> 'sealed' ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a ->> 'sealed') between 40 and 4000
      and a ->> 'account_index' ~ '^[0-9a-f]{64}$' and a ->> 'content_mark' ~ '^[0-9a-f]{64}$') is not true), 'EG400', 'Each of accounts has account_id, sealed, account_index and content_mark.');
  perform evergreen.require_key_version(i.party_id, a.key_version) from jsonb_to_recordset(accounts) a (account_id uuid, key_version int)
    join public.bank_accounts b on b.account_id = a.account_id join public.investors i on i.investor_id = b.investor_id order by i.party_id;
  update public.bank_accounts b set sealed = a.sealed, account_index = a.account_index, content_mark = a.content_mark, account = null, holder = null
    from jsonb_to_recordset(accounts) a (account_id uuid, sealed text, account_index text, content_mark text)
   where b.account_id = a.account_id and b.investor_id is not null and b.account is not null;
  get diagnostics n = row_count;
  if n > 0 then
    perform evergreen.audit(null, 'bank_accounts', 'sealed', n || ' bank accounts encrypted', request_id);
  end if;
  perform evergreen.keep_answer('fn_seal_accounts', request_id, input, jsonb_build_object('sealed', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_seal_accounts(jsonb, text) is 'Puts ciphertexts in the place of clear numbers and holders of investors; one that is sealed already stays as it is. Returns how many. EG400, EG425 another data key since.';

create or replace function public.fn_decide_bank_accounts(accounts jsonb, decision text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  ids uuid[];
  of_fund uuid;
  n int;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('accounts', accounts, 'decision', decision);
  answer := evergreen.earlier_answer('fn_decide_bank_accounts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('approved', 'rejected', 'ended'), 'EG400', 'decision is approved, rejected or ended.');
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array', 'EG400', 'accounts is a list of ids.');
  perform evergreen.refuse_unless(jsonb_array_length(accounts) between 1 and 10000, 'EG413', 'accounts has 1 to 10,000 ids.');
  ids := array(select distinct x::uuid from jsonb_array_elements_text(accounts) x);
  select min(b.fund_id::text)::uuid into of_fund from public.bank_accounts b where b.account_id = any (ids) having count(*) = cardinality(ids) and count(distinct b.fund_id) = 1;
  perform evergreen.refuse_unless(of_fund is not null, 'EG404', 'An id names no account, or they are of several funds.');
  perform 1 from public.funds f where f.fund_id = of_fund for no key update;
  perform 1 from public.bank_accounts b where b.account_id = any (ids) order by b.account_id for no key update;
  perform evergreen.refuse_unless(not exists (select from public.bank_accounts b where b.account_id = any (ids) and b.status <> case decision when 'ended' then 'active' else 'proposed' end),
    'EG428', 'An account is not ' || case decision when 'ended' then 'in force.' else 'proposed any more.' end);
  -- whoever can write an account and approve it could pay himself
  perform evergreen.refuse_unless(decision <> 'approved' or not exists (select from public.bank_accounts b where b.account_id = any (ids) and b.proposed_by = evergreen.actor()),
    'EG420', 'Who proposed an account cannot approve it.');
  perform evergreen.refuse_unless(decision <> 'approved' or not exists (select from public.bank_accounts b where b.account_id = any (ids) group by b.investor_id, b.currency having count(*) > 1),
    'EG428', 'Two of the accounts are of one owner and currency; approve one.');
  if decision = 'approved' then
    update public.bank_accounts o set status = 'ended' from public.bank_accounts b where b.account_id = any (ids) and o.fund_id = b.fund_id
      and o.investor_id is not distinct from b.investor_id and o.currency = b.currency and o.status = 'active';
  end if;
  update public.bank_accounts b set status = case decision when 'approved' then 'active' else decision end,
         decided_by = case decision when 'ended' then b.decided_by else evergreen.actor() end, decided_at = now() where b.account_id = any (ids);
  get diagnostics n = row_count;
  perform evergreen.emit('BANK_ACCOUNTS_DECIDED', of_fund, jsonb_build_object('accounts', n, 'decision', decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'bank_accounts', of_fund::text, n || ' bank accounts ' || decision, request_id);
  answer := jsonb_build_object('accounts', n, 'decision', decision);
  perform evergreen.keep_answer('fn_decide_bank_accounts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_bank_accounts(jsonb, text, text) is
  'Approves, rejects or ends accounts of one fund; who proposed cannot approve, and what was in force for the same owner and currency ends. EG400, EG404, EG413, EG420, EG428.';

create or replace function evergreen.payments_answer(of_file uuid, repeated boolean, missing jsonb) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('payment_file_id', p.payment_file_id, 'message_id', p.message_id, 'created_at', to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'execution_date', p.execution_date, 'currency', p.currency, 'places', (select c.exponent from public.currencies c where c.code = p.currency), 'repeated', repeated, 'missing', missing,
    'transactions', p.transactions, 'control_sum', p.control_sum::text, 'debtor', evergreen.account_words(d),
    'transfers', (select jsonb_agg(jsonb_build_object('flow_id', l.flow_id, 'end_to_end', l.end_to_end, 'amount', trim_scale(l.amount)::text, 'payee', evergreen.account_words(a), 'remittance', case l.purpose when 'compensation' then 'Compensation ' else 'Redemption ' end || p.dealing_date || ' ' || coalesce(f.code, '')) order by l.flow_id)
      from public.payment_lines l join public.bank_accounts a on a.account_id = l.account_id join public.funds f on f.fund_id = p.fund_id where l.payment_file_id = p.payment_file_id))
    from public.payment_files p join public.bank_accounts d on d.account_id = p.account_id where p.payment_file_id = of_file
$$;
comment on function evergreen.payments_answer(uuid, boolean, jsonb) is 'Everything a payment file says, from rows that do not change.';

do $$
begin
  if to_regtype('evergreen.payment') is null then
    create type evergreen.payment as (flow_id uuid, investor text, amount numeric, account_id uuid);
  end if;
end $$;

create or replace function evergreen.settlement_day(of_fund uuid, dealt date) returns date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  days int;
  market text;
  today date;
  day date := dealt;
begin
  select coalesce(max((p.body ->> 'settlementDays')::int), 0), min(p.body ->> 'calendar') into days, market
    from public.dealing_days d join public.dealing_policies p on p.policy_id = d.policy_id where d.fund_id = of_fund and d.dealing_date = dealt;
  select coalesce(market, f.calendar), (now() at time zone f.time_zone)::date into market, today from public.funds f where f.fund_id = of_fund;
  if days > 0 then
    select g::date into day from generate_series(dealt + 1, dealt + 3 * days + 30, interval '1 day') g where evergreen.is_business_day(market, g::date) order by g offset days - 1 limit 1;
  end if;
  return (select g::date from generate_series(greatest(day, today), greatest(day, today) + 60, interval '1 day') g where evergreen.is_business_day(market, g::date) order by g limit 1);
end $$;
comment on function evergreen.settlement_day(uuid, date) is 'When redemptions of a dealing date are paid: so many business days after it as the policy says, and never before today.';

create or replace function public.fn_export_payments(fund text, dealing_date date, execution_date date default null, request_id text default null, purpose text default 'redemption') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  debtor public.bank_accounts;
  id uuid := gen_random_uuid();
  earlier uuid;
  missing jsonb;
  pays evergreen.payment[];
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'dealing_date', dealing_date, 'execution_date', execution_date, 'purpose', purpose);
  answer := evergreen.earlier_answer('fn_export_payments', request_id, input);
  if answer is not null then
    perform evergreen.note_account_reads(array(select l.account_id from public.payment_lines l where l.payment_file_id = (answer ->> 'payment_file_id')::uuid), 'payment');
    return evergreen.payments_answer((answer ->> 'payment_file_id')::uuid, false, answer -> 'missing');
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(purpose in ('redemption', 'compensation'), 'EG400', 'purpose is redemption or compensation.');
  perform evergreen.refuse_unless(isfinite(dealing_date) and (execution_date is null or isfinite(execution_date)), 'EG400', 'dealing_date and execution_date are dates.');
  perform evergreen.refuse_unless(execution_date is null or execution_date >= (now() at time zone of_fund.time_zone)::date, 'EG400', 'execution_date has passed.');
  select * into debtor from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is null and b.currency = of_fund.base_currency and b.status = 'active';
  perform evergreen.refuse_unless(found, 'EG428', 'The fund has no approved account of its own in its currency.');
  -- what is due and in no payment file yet; in one order, as everyone locks orders
  select array_agg(row(f.flow_id, i.code, case purpose when 'compensation' then evergreen.compensation_due(f.flow_id) else f.net_amount end, a.account_id)::evergreen.payment order by f.flow_id) into pays
    from (select x.* from public.fund_flows x join public.dealing_days d on d.dealing_day_id = x.dealing_day_id
           where x.fund_id = of_fund.fund_id and d.dealing_date = fn_export_payments.dealing_date
             and case purpose when 'compensation' then evergreen.compensation_due(x.flow_id) > 0
               else x.direction = 'redemption' and x.order_kind = 'plain' and x.status = 'claimable' and x.cleared_at is null and x.net_amount > 0 end
           order by x.flow_id for no key update of x) f
    join public.investors i on i.investor_id = f.investor_id
    left join public.bank_accounts a on a.fund_id = of_fund.fund_id and a.investor_id = f.investor_id and a.currency = f.currency and a.status = 'active'
   where not exists (select from public.payment_lines l where l.flow_id = f.flow_id and l.purpose = fn_export_payments.purpose and l.live)
     -- who is frozen, or may be on a list, is not paid; the claim stands
     and not evergreen.party_stopped(i.party_id);
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', p.flow_id, 'investor', p.investor) order by p.flow_id), '[]') into missing from unnest(pays) p where p.account_id is null;
  pays := array(select p from unnest(pays) p where p.account_id is not null);
  if cardinality(pays) = 0 then
    -- nothing new: the file that was made is made again, byte for byte
    select p.payment_file_id into earlier from public.payment_files p where p.fund_id = of_fund.fund_id and p.dealing_date = fn_export_payments.dealing_date and p.status = 'exported'
       and exists (select from public.payment_lines l where l.payment_file_id = p.payment_file_id and l.purpose = fn_export_payments.purpose)
     order by p.created_at desc limit 1;
    perform evergreen.refuse_unless(earlier is not null, 'EG428', case when missing = '[]' then 'No ' || purpose || ' of that dealing date is due.'
      else 'No investor of a ' || purpose || ' that is due has an approved account.' end);
    perform evergreen.note_account_reads(array(select l.account_id from public.payment_lines l where l.payment_file_id = earlier), 'payment');
    return evergreen.payments_answer(earlier, true, missing);
  end if;
  perform evergreen.refuse_unless(cardinality(pays) <= 50000, 'EG413', 'A payment file has at most 50,000 payments.');
  insert into public.payment_files (payment_file_id, fund_id, dealing_date, execution_date, account_id, currency, message_id, transactions, control_sum, exported_by)
  select id, of_fund.fund_id, fn_export_payments.dealing_date, coalesce(fn_export_payments.execution_date, evergreen.settlement_day(of_fund.fund_id, fn_export_payments.dealing_date)),
    debtor.account_id, of_fund.base_currency, 'EVG' || replace(id::text, '-', ''), count(*), sum(p.amount), evergreen.actor() from unnest(pays) p;
  -- the identifier comes back on the statement, and matches the debit to its order
  insert into public.payment_lines (payment_file_id, flow_id, account_id, end_to_end, amount, purpose)
  select id, p.flow_id, p.account_id, case purpose when 'compensation' then 'CMP' else '' end || replace(p.flow_id::text, '-', ''), p.amount, fn_export_payments.purpose from unnest(pays) p;
  perform evergreen.emit('PAYMENTS_EXPORTED', of_fund.fund_id, jsonb_build_object('payment_file_id', id, 'payments', cardinality(pays)), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'payment_files', id::text, 'payment file with ' || cardinality(pays) || ' payments', request_id);
  perform evergreen.note_account_reads(array(select p.account_id from unnest(pays) p), 'payment');
  answer := evergreen.payments_answer(id, false, missing);
  -- kept without the payments: names and accounts stay in their table
  perform evergreen.keep_answer('fn_export_payments', request_id, input, jsonb_build_object('payment_file_id', id, 'missing', missing));
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_payments(text, date, date, text, text) is
  'Puts the redemptions of a dealing date that are due, or (purpose compensation) what a restatement owes its investors, each once, into a payment file; with nothing new it answers the last one again. Amounts in fund currency. Returns the whole file; missing = who has no approved account. EG400, EG404, EG413, EG428.';

create or replace function public.fn_withdraw_payments(payment_file_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.payment_files;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('payment_file_id', payment_file_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_withdraw_payments', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.payment_files x where x.payment_file_id = fn_withdraw_payments.payment_file_id) for no key update;
  select * into p from public.payment_files x where x.payment_file_id = fn_withdraw_payments.payment_file_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No payment file with that id.');
  perform evergreen.refuse_unless(p.status = 'exported', 'EG428', 'The payment file was withdrawn already.');
  perform evergreen.refuse_unless(not exists (select from public.payment_lines l join public.fund_flows f on f.flow_id = l.flow_id where l.payment_file_id = p.payment_file_id
    and case l.purpose when 'compensation' then not l.live else f.status = 'settled' end), 'EG428', 'Payments of the file have been made.');
  update public.payment_lines l set live = false where l.payment_file_id = p.payment_file_id;
  update public.payment_files x set status = 'withdrawn', withdrawn_at = now(), withdrawn_by = evergreen.actor(), reason = fn_withdraw_payments.reason where x.payment_file_id = p.payment_file_id;
  perform evergreen.emit('PAYMENTS_WITHDRAWN', p.fund_id, jsonb_build_object('payment_file_id', p.payment_file_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(p.fund_id, 'payment_files', p.payment_file_id::text, 'payment file withdrawn', request_id);
  perform evergreen.keep_answer('fn_withdraw_payments', request_id, input, '{"status": "withdrawn"}');
  return 'withdrawn';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_withdraw_payments(uuid, text, text) is 'Takes a payment file back that was not sent, so that its redemptions can be exported again. EG400, EG404, EG428.';

-- from sql/6i-fn-documents.sql
-- Documents of a statement: whoever may read it asks for its files, and a run makes them.

create or replace function public.fn_request_documents(statement_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.statements;
  event uuid;
  lately bigint;
begin
  perform evergreen.require_role('lp_role', 'pm_role', 'ops_role', 'audit_role');
  input := jsonb_build_object('statement_id', statement_id);
  answer := evergreen.earlier_answer('fn_request_documents', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select x.* into s from public.statements x where x.statement_id = fn_request_documents.statement_id
     and (evergreen.role_name() <> 'lp_role' or x.investor_id in (select m.investor_id from evergreen.my_investors m));
  perform evergreen.refuse_unless(found, 'EG404', 'There is no such statement that you may see.');
  -- two that ask at once meet here
  perform pg_advisory_xact_lock(hashtextextended('documents/' || s.statement_id, 0));
  -- a request is open until its run has ended or nobody could be handed it; after an hour without a word it is asked anew
  select count(*), (array_agg(e.event_id order by e.seq desc) filter (where not exists (select from public.workflow_runs r where r.event_id = e.event_id and r.ended_at is not null)
      and not exists (select from public.event_outbox o where o.event_id = e.event_id and o.dead_at is not null)))[1] into lately, event
    from public.event_investors i join public.fund_events e using (event_id)
   where i.investor_id = s.investor_id and e.type = 'STATEMENT_DOCUMENTS_REQUESTED' and e.payload ->> 'statement_id' = s.statement_id::text and e.recorded_at > now() - interval '1 hour';
  if event is not null then
    answer := jsonb_build_object('event_id', event, 'workflow_id', 'event/' || event);
    perform evergreen.keep_answer('fn_request_documents', request_id, input, answer);
    return answer;
  end if;
  perform evergreen.refuse_unless(lately < 30, 'EG428', 'The files of this statement were asked for thirty times within an hour; ask again later.');
  event := evergreen.emit('STATEMENT_DOCUMENTS_REQUESTED', null, jsonb_build_object('statement_id', s.statement_id), evergreen.actor(), '{}', array[s.investor_id], request_id);
  perform evergreen.audit((select d.fund_id from public.dealing_days d where d.dealing_day_id = s.dealing_day_id), 'statements', s.statement_id::text, 'documents requested', request_id);
  answer := jsonb_build_object('event_id', event, 'workflow_id', 'event/' || event);
  perform evergreen.keep_answer('fn_request_documents', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_documents(uuid, text) is
  'Asks for a statement and its letters as PDF files: a run makes those that are not there. While a request for the statement is open, it is the answer to everybody. An auditor may ask too: it changes nothing of a fund. Returns {event_id, workflow_id}. EG404, EG428 thirty times within an hour.';

-- from sql/6k-fn-dealing-reads.sql
-- What the rooms read to strike a NAV and to deal: one answer, one snapshot, as one JSON value, since a book may have 50,000 orders.

create or replace function public.fn_read_nav_facts(dealing_day_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  f public.funds;
begin
  perform evergreen.require_role('agent_commander');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_nav_facts.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  select * into f from public.funds x where x.fund_id = d.fund_id;
  return jsonb_build_object('fund', f.code, 'currency', f.base_currency, 'nav_date', d.dealing_date,
    'assets', evergreen.marks_of(f.fund_id, d.dealing_date), 'ledger', evergreen.ledger_figures(f.fund_id), 'classes', evergreen.class_figures(f.fund_id, d.dealing_date),
    'certain_inflows', evergreen.certain_inflows_of(f.fund_id, d.dealing_date)::text,
    'reconciliation_breaks', (select count(*) from evergreen.broken_books(f.fund_id)));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_nav_facts(uuid) is
  'What the NAV of a dealing day is made of: marks with their age limits and anchors, balances of the ledger, classes since their last strike, what is broken in the books. Fund currency. EG404.';

create or replace function evergreen.marks_of(of_fund uuid, on_day date) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with ages as (select p.value from public.platform_settings p where p.key = 'nav_max_age_days'),
  moves as (select p.value from public.platform_settings p where p.key = 'data_drift_threshold_bps')
  select coalesce(jsonb_agg(jsonb_build_object('asset_id', a.id, 'label', a.external_key, 'type', a.type, 'liquid', a.liquid_flag,
      -- what was bought or sold since the mark is worth what the allocation says; its price is still of the mark's day
      'value', trim_scale(coalesce(t.market_value, m.nav))::text, 'as_of', m.as_of,
      'source', left(case when t.market_value is not null then 'allocation ' || t.version || ', mark of ' || m.source else m.source end, 200),
      'confirmed', m.method = 'confirmed' or t.market_value is not null,
      'max_age_days', coalesce((ages.value ->> a.type)::int, (ages.value ->> 'default')::int, 120),
      'max_move_bps', coalesce((moves.value ->> a.type)::int, (moves.value ->> 'default')::int, 500),
      'anchor', trim_scale(evergreen.anchor_of(a.id, of_fund, on_day, m.as_of))::text,
      -- a holding that was traded since has its value from the trade
      'roll', case when t.market_value is null then evergreen.roll_forward_of(a.id, m.as_of, on_day) end) order by a.external_key), '[]')
    from public.assets a left join ages on true left join moves on true
    left join lateral (select s.nav, s.as_of, s.source, s.method, s.recorded_at from public.asset_snapshots s
      where s.asset_id = a.id and s.scenario_id = '' and s.as_of <= on_day order by s.as_of desc, s.recorded_at desc, s.created_at desc limit 1) m on true
    left join lateral (select p.market_value, p.version from public.portfolio_allocations p
      where p.asset_id = a.id and p.superseded_at is null and p.proposal_id is not null and p.recorded_at > m.recorded_at and p.recorded_at::date <= on_day limit 1) t on true
   where a.fund_id = of_fund and a.status = 'active'
$$;
comment on function evergreen.marks_of(uuid, date) is 'Every active asset of a fund at its latest mark up to a day, with its limits of age and movement and its value in the strike before.';

create or replace function evergreen.ledger_figures(of_fund uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'bank', coalesce(sum(b.amount) filter (where b.account = 'bank'), 0)::text,
    -- per investor: money that came before its dealing is owed to them, units that were dealt before their money are owed by them
    'prepaid', coalesce(-sum(b.amount) filter (where b.account = 'subscriptions_received' and b.amount < 0), 0)::text,
    'receivable', coalesce(sum(b.amount) filter (where b.account = 'subscriptions_received' and b.amount > 0), 0)::text,
    -- distributions that are not paid yet leave the fund at their ex-date as redemptions do at their dealing date
    'redemptions_payable', coalesce(-sum(b.amount) filter (where b.account in ('redemptions_payable', 'distributions_payable', 'refunds_payable')), 0)::text,
    'fee_payable', coalesce(-sum(b.amount) filter (where b.account = 'fee_payable'), 0)::text,
    'in_transit', coalesce(sum(b.amount) filter (where b.account = 'in_transit'), 0)::text,
    -- for a NAV that was wrong: owed to investors, and owed by who was responsible
    'compensation_payable', coalesce(-sum(b.amount) filter (where b.account = 'compensation_payable'), 0)::text,
    'compensation_receivable', coalesce(sum(b.amount) filter (where b.account = 'compensation_receivable'), 0)::text,
    -- strikes accrue the management fee from the beginning; what was paid of it is no liability any more
    'management_paid', coalesce(sum(b.amount) filter (where b.account = 'management_fee'), 0)::text)
    from public.cash_balances b where b.fund_id = of_fund
$$;
comment on function evergreen.ledger_figures(uuid) is 'What the dealing account holds and what is owed on it, fund currency; capital, income and what was invested are not counted: assets are counted by their marks.';

create or replace function evergreen.first_version(of_strike uuid) returns uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive chain as (
    select s.strike_id, s.supersedes from public.nav_strikes s where s.strike_id = of_strike
    union all select s.strike_id, s.supersedes from chain c join public.nav_strikes s on s.strike_id = c.supersedes
  ) select c.strike_id from chain c where c.supersedes is null
$$;
comment on function evergreen.first_version(uuid) is 'The strike that orders were dealt at, whatever restated it since.';

create or replace function evergreen.inputs_known(of_strike uuid) returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select s.recorded_at from public.nav_strikes s where s.strike_id = evergreen.first_version(of_strike)), 'infinity')
$$;
comment on function evergreen.inputs_known(uuid) is 'Up to when the inputs of a strike know what was posted: a restated one has those of its first version; of no strike, all there is.';

create or replace function evergreen.compensated(of_class uuid, after_strike uuid, until_strike uuid) returns table (pays numeric, receives numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- as far as the frozen inputs of the one strike do not know of it and those of the other do; a restated strike has the inputs of its first version
  with moved as (
    select t.ledger_tx_id, coalesce(o.kind, t.kind) as kind, m.account, m.amount, f.share_class_id as dealt_in
      from public.nav_strikes a join public.ledger_transactions t on t.fund_id = a.fund_id and t.posted_at > a.recorded_at and t.posted_at <= evergreen.inputs_known(until_strike)
      left join public.ledger_transactions o on o.ledger_tx_id = t.reverses join public.cash_movements m on m.ledger_tx_id = t.ledger_tx_id left join public.fund_flows f on f.flow_id = m.flow_id
     where a.strike_id = evergreen.first_version(after_strike) and coalesce(o.kind, t.kind) in ('compensation', 'crystallisation')
       and m.account in ('compensation_payable', 'compensation_receivable', 'fee_payable')
  ), again as (
    -- a fee taken again on an earlier strike than the one before: what came back of it, or what more was taken; on that strike itself it stands among what was taken there
    select x.ledger_tx_id, n.as_of < a.nav_date as is_earlier from public.nav_strikes a join public.class_marks n on n.share_class_id = of_class and n.replaces is not null and n.as_of <= a.nav_date
      join public.class_marks w on w.mark_id = n.replaces
      cross join lateral (select n.ledger_tx_id union all select r.ledger_tx_id from public.ledger_transactions r where r.reverses = w.ledger_tx_id) x where a.strike_id = after_strike
  )
  select coalesce(-sum(m.amount) filter (where m.account = 'compensation_payable'), 0), coalesce(sum(m.amount) filter (where m.account <> 'compensation_payable'), 0)
    from moved m left join again g using (ledger_tx_id) where m.kind = 'compensation' and m.dealt_in = of_class
      or m.kind = 'crystallisation' and (g.is_earlier or g.ledger_tx_id is not null and m.account <> 'fee_payable')
$$;
comment on function evergreen.compensated(uuid, uuid, uuid) is 'What a NAV error came to for a class between two strikes (null: up to now): owed to investors; owed by the responsible party, with the performance fee that came back (below zero: that was taken since).';

create or replace function evergreen.pocket_figures(of_class uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('assets', m.body -> 'assets', 'fair_value', m.body ->> 'fair_value', 'holdback', m.body ->> 'holdback', 'liabilities', m.body ->> 'liabilities',
      'value', m.body ->> 'value', 'mark', trim_scale(evergreen.class_mark(of_class))::text)
    from public.class_marks m where m.share_class_id = of_class and m.cause = 'side_pocket' order by m.as_of, m.created_at limit 1);
end $$;
comment on function evergreen.pocket_figures(uuid) is
  'What a side pocket took when it was opened (R13): the assets, their value, the cash and the debts with them, all of the fund; value is the part of this pocket. Fund currency; the mark is per unit.';

create or replace function evergreen.series_assets(of_class uuid, of_strike uuid, until_day date, known_until timestamptz)
returns table (series text, assets numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with struck as materialized (
    select n.*, s.nav_date, s.fund_id, u.exponent, (select x.recorded_at from public.nav_strikes x where x.strike_id = evergreen.first_version(s.strike_id)) as known_at
      from public.series_navs n join public.nav_strikes s using (strike_id) join public.share_classes c using (share_class_id) join public.currencies u on u.code = c.currency
     where n.strike_id = of_strike and n.share_class_id = of_class
  ), one as (select distinct k.fund_id, k.nav_date, k.exponent, k.known_at from struck k),
  taken as (
    -- what was crystallised on that strike, and what was rolled into the lead with it
    select r.*, k.nav + k.performance_accrued - r.fee as left_over from one cross join evergreen.marks_known(of_class, 'infinity') m
      cross join lateral jsonb_to_recordset(m.body -> 'series') r (series text, fee numeric, rolled_into text, cash numeric) join struck k on k.series = r.series
     where m.cause = 'crystallisation' and m.as_of = one.nav_date
  ), put_right as (
    -- what an order dealt too much or too little at a NAV that was restated since is that of its own series
    select p.series, m.amount, p.units * abs(p.published - p.correct) as weight, sum(p.units * abs(p.published - p.correct)) over (partition by m.entry_id) as weights, one.exponent
      from one join public.ledger_transactions t on t.fund_id = one.fund_id and t.posted_at > one.known_at and t.posted_at < known_until left join public.ledger_transactions o on o.ledger_tx_id = t.reverses
      join public.fund_events e on e.event_id = coalesce(o.event_id, t.event_id) join public.restatements r on r.strike_id::text = e.payload ->> 'strike_id' and r.share_class_id = of_class
      join public.compensations c using (restatement_id) join public.cash_movements m on m.ledger_tx_id = t.ledger_tx_id and m.flow_id = c.flow_id
      cross join lateral jsonb_to_recordset(c.due -> 'series') p (series text, units numeric, published numeric, correct numeric)
     where coalesce(o.kind, t.kind) = 'compensation' and m.account in ('compensation_payable', 'compensation_receivable', 'fee_payable')
  ), dealt as (
    select a.*, f.direction, f.order_kind, one.exponent from one join public.dealing_days d on d.dealing_date >= one.nav_date and d.dealing_date < until_day and d.status in ('posted', 'claimable', 'settled', 'closed')
      join public.allocations a on a.dealing_day_id = d.dealing_day_id and a.share_class_id = of_class join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer'
  ), moves (series, amount) as (
    select k.series, k.nav + k.performance_accrued from struck k
    union all select t.series, -t.fee from taken t
    union all select e.series, e.amount from taken t cross join lateral (values (t.series, -t.left_over), (t.rolled_into, t.left_over - t.cash)) e (series, amount) where t.rolled_into is not null
    -- what swing or spread made dearer is everybody's
    union all select a.series, case when a.price = a.high_water then a.net_amount else trunc(round(a.net_amount * a.high_water, 30) / a.price, a.exponent) end from dealt a where a.direction = 'subscription' and a.series <> ''
    union all select p.series, -(p.worth + p.performance_fee) from dealt a cross join lateral jsonb_to_recordset(a.pieces) p (series text, worth numeric, performance_fee numeric) where a.direction = 'redemption'
    union all select r.series, -r.amount from one cross join public.class_marks m cross join lateral jsonb_to_recordset(m.body -> 'series') r (series text, amount numeric)
     where m.share_class_id = of_class and m.cause = 'distribution' and m.recorded_at > one.known_at and m.recorded_at < known_until
    union all select r.series, round(round(r.amount * r.weight, 30) / r.weights, r.exponent) from put_right r where r.weights > 0
  )
  select m.series, sum(m.amount) from moves m group by m.series having sum(m.amount) > 0
$$;
comment on function evergreen.series_assets(uuid, uuid, date, timestamptz) is
  'What each series of a class stands at before fee and before the result since a strike (fund currency): as struck, with what was subscribed and what a restatement put right, without what was redeemed, crystallised, rolled or distributed.';

create or replace function evergreen.series_figures(c public.share_classes, before_strike uuid, on_day date, of_strike uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('series', x.series, 'assets', x.assets::text, 'price', trim_scale(b.nav_per_unit)::text) order by x.series), '[]') from (
    select a.series, a.assets from evergreen.series_assets(c.share_class_id, before_strike, on_day,
      coalesce((select s.recorded_at from public.nav_strikes s where s.strike_id = evergreen.first_version(of_strike)), 'infinity')) a
    union all
    -- a side pocket begins with what its class had, series by series
    select n.series, round(round(n.nav, 30) * (m.body ->> 'value')::numeric / k.nav, u.exponent) from public.class_marks m join public.class_navs k on k.strike_id = m.strike_id and k.share_class_id = c.pocket_of
      join public.series_navs n on n.strike_id = k.strike_id and n.share_class_id = k.share_class_id join public.currencies u on u.code = c.currency
     where m.share_class_id = c.share_class_id and m.cause = 'side_pocket' and not exists (select from public.series_navs b where b.strike_id = before_strike and b.share_class_id = c.share_class_id)) x
    left join public.series_navs b on b.strike_id = before_strike and b.share_class_id = c.share_class_id and b.series = x.series
$$;
comment on function evergreen.series_figures(public.share_classes, uuid, date, uuid) is
  'What each series of a class stands at before the result since a strike, fund currency; of a side pocket at first its part of the series of its class. No row before the first strike by series.';

create or replace function evergreen.class_figures(of_fund uuid, on_day date, of_strike uuid default null) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with before as (select s.* from public.nav_strikes s where s.fund_id = of_fund and s.state = 'final' and s.nav_date < on_day order by s.nav_date desc limit 1),
  dealt as (
    select a.share_class_id, sum(a.net_amount) filter (where f.direction = 'subscription') as bought, sum(a.gross_amount) filter (where f.direction = 'redemption') as sold,
           sum(a.performance_fee + a.credit) as taken
      from before b join public.dealing_days d on d.fund_id = b.fund_id and d.dealing_date >= b.nav_date and d.dealing_date < on_day
        and d.status in ('posted', 'claimable', 'settled', 'closed')
      join public.allocations a on a.dealing_day_id = d.dealing_day_id join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer' group by 1
  ), moved as (
    -- side pockets were opened on the last strike, after whose date they are no part of its classes
    select k.pocket_of as share_class_id, sum((m.body ->> 'value')::numeric) as worth
      from before b join public.class_marks m on m.cause = 'side_pocket' and m.as_of = b.nav_date join public.share_classes k on k.share_class_id = m.share_class_id
     where k.fund_id = of_fund and k.pocket_of is not null group by 1
  )
  select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code,
      -- of the register as it stands, or for a strike of the past of the register it was over
      'units', trim_scale(case when of_strike is null then c.units_outstanding else coalesce(o.units, 0) end)::text, 'units_dp', c.units_dp, 'price_dp', c.price_dp,
      'price', trim_scale(coalesce(c.nav_per_unit, c.issue_price))::text, 'issue_price', trim_scale(c.issue_price)::text,
      'last', (select jsonb_build_object('nav_date', b.nav_date, 'nav', n.nav::text, 'units', trim_scale(n.units)::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text,
          'fees', (select x from jsonb_array_elements(coalesce(b.body -> 'fees', '[]')) x where x ->> 'share_class_id' = c.share_class_id::text))
         from before b join public.class_navs n on n.strike_id = b.strike_id and n.share_class_id = c.share_class_id),
      -- the class that dealt at a wrong price bears what is paid for it
      'subscribed', (coalesce(dealt.bought, 0) + coalesce(comp.receives, 0))::text, 'redeemed', (coalesce(dealt.sold, 0) + coalesce(comp.pays, 0)
        -- by series: what a roll-up paid for units that it rounded down
        + coalesce((select sum((r ->> 'cash')::numeric) from before b cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m
            cross join lateral jsonb_array_elements(m.body -> 'series') r where m.cause = 'crystallisation' and m.as_of = b.nav_date), 0))::text,
      'mark', trim_scale(evergreen.mark_on(c.share_class_id, on_day, false))::text,
      -- of the fee accrued at that strike: what was crystallised on it, and what redemptions took along
      'performance_taken', (coalesce(dealt.taken, 0) + coalesce((select sum((m.body ->> 'fee')::numeric) from before b
         cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m where m.cause = 'crystallisation' and m.as_of = b.nav_date), 0))::text,
      'moved', coalesce(moved.worth, 0)::text,
      -- what a class paid to its holders is its own: the others had nothing of it
      'distributed', coalesce((select sum((m.body ->> 'amount')::numeric) from before b cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m
         where m.cause = 'distribution' and m.recorded_at > evergreen.inputs_known(b.strike_id) and not exists (select from public.ledger_transactions r where r.reverses = m.ledger_tx_id)), 0)::text, 'pocket', case when c.pocket_of is not null then evergreen.pocket_figures(c.share_class_id) end,
      'policy', p.body, 'deals', exists (select from public.dealing_days d where d.share_class_id = c.share_class_id and d.dealing_date = on_day and d.status not in ('suspended', 'discarded')),
      'lots', case when coalesce(p.body #>> '{fees,performance,method}', 'none') = 'none' then '[]'::jsonb else (
        select coalesce(jsonb_agg(jsonb_build_object('id', l.lot_id, 'series', evergreen.series_of(l), 'units', trim_scale(h.units)::text, 'opened_on', l.opened_on,
          'mark', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', l.equalisation_credit::text, 'hurdle_from', l.hurdle_from) order by l.lot_id), '[]')
          from (select u.lot_id, sum(u.units) as units from public.unit_ledger u join public.ledger_transactions t using (ledger_tx_id) left join public.dealing_days x on x.dealing_day_id = t.dealing_day_id
                 where u.share_class_id = c.share_class_id and u.account = 'holder' and (of_strike is null or t.kind = 'opening' or coalesce(x.dealing_date, t.effective_at::date) < on_day)
                 group by u.lot_id having sum(u.units) > 0) h join public.lots l using (lot_id)) end)
      -- by series: what each stands at; of a strike of the past its own series, since lots may have been rolled into others
      || case when evergreen.by_series(c.share_class_id, on_day) then jsonb_build_object('series', evergreen.series_figures(c, (select b.strike_id from before b), on_day, of_strike)) else '{}'::jsonb end
      || coalesce((select jsonb_build_object('lots', jsonb_agg(jsonb_build_object('id', n.series, 'series', n.series, 'units', trim_scale(n.units)::text, 'opened_on', n.since,
          'mark', trim_scale(n.high_water)::text, 'credit', '0') order by n.series)) from public.series_navs n where n.strike_id = of_strike and n.share_class_id = c.share_class_id having count(*) > 0), '{}')
      order by c.code), '[]')
    from public.share_classes c left join public.class_navs o on o.strike_id = of_strike and o.share_class_id = c.share_class_id left join dealt on dealt.share_class_id = c.share_class_id
      left join moved on moved.share_class_id = c.share_class_id left join before b on true left join lateral evergreen.compensated(c.share_class_id, b.strike_id, of_strike) comp on true
      -- a side pocket is under the fee terms of the class it came from
      left join lateral evergreen.dealing_policy(coalesce(c.pocket_of, c.share_class_id), on_day) p on true
   where c.fund_id = of_fund and case when of_strike is null then c.units_outstanding > 0 or (p.policy_id is not null and c.pocket_of is null) else o.strike_id is not null end
$$;
comment on function evergreen.class_figures(uuid, date, uuid) is
  'Each class with its last final strike, what was dealt since, its terms in force, and its lots where there is a performance fee; for a strike of the past its classes over its units.';

create or replace function evergreen.pockets_worth(of_strike uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(n.nav), 0) from public.class_navs n join public.share_classes c using (share_class_id) where n.strike_id = of_strike and c.pocket_of is not null
$$;
comment on function evergreen.pockets_worth(uuid) is 'What the side pockets of a strike are worth, fund currency: closed, they are no part of the NAV that a gate or a swing is measured against.';

create or replace function evergreen.book_of(d public.dealing_days, s public.nav_strikes, days uuid[], more uuid[] default '{}') returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('fund', f.code, 'currency', f.base_currency, 'dealing_date', d.dealing_date, 'strike_state', s.state,
    'nav', coalesce((s.nav - evergreen.pockets_worth(s.strike_id))::text, ((s.body #>> '{draft,nav}')::numeric - (select coalesce(sum((e ->> 'nav')::numeric), 0)
       from jsonb_array_elements(coalesce(s.body #> '{draft,classes}', '[]')) e join public.share_classes k on k.share_class_id::text = e ->> 'share_class_id' and k.pocket_of is not null))::text),
    'liquid_assets', coalesce(s.body ->> 'liquid_assets', s.body #>> '{draft,liquid_assets}'),
    'certain_inflows', coalesce(s.body ->> 'certain_inflows', s.body #>> '{draft,certain_inflows}'),
    'offer_share', (select trim_scale(o.share)::text from public.repurchase_offers o where o.fund_id = f.fund_id and o.pricing_date = d.dealing_date),
    'lmt', tools.body, 'active', (select coalesce(jsonb_agg(distinct a.tool), '[]') from public.lmt_activations a join public.proposals q using (proposal_id) where a.fund_id = f.fund_id and a.status = 'active' and q.kind = 'lmt'),
    'quarter_base', (select (q.nav - evergreen.pockets_worth(q.strike_id))::text from public.nav_strikes q where q.fund_id = f.fund_id and q.state = 'final' and q.nav_date < d.dealing_date
       order by q.nav_date >= date_trunc('quarter', d.dealing_date)::date, case when q.nav_date < date_trunc('quarter', d.dealing_date)::date then q.nav_date end desc, q.nav_date limit 1),
    'redeemed_in_quarter', evergreen.redeemed_since(f.fund_id, date_trunc('quarter', d.dealing_date)::date, d.dealing_date)::text,
    'redeemed_in_month', evergreen.redeemed_since(f.fund_id, date_trunc('month', d.dealing_date)::date, d.dealing_date)::text,
    'classes', (select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code, 'units_dp', c.units_dp, 'policy', p.body,
        'nav_per_unit', coalesce(trim_scale(n.nav_per_unit)::text, x.draft ->> 'nav_per_unit'),
        -- before a strike nothing of it can have been crystallised
        'before_fee', case when p.body #>> '{fees,performance,method}' = 'equalisation' and coalesce(n.units, c.units_outstanding) > 0 and coalesce(t.open, true) then
          jsonb_build_object('value', coalesce(n.nav + n.performance_accrued, (x.draft ->> 'nav')::numeric + (x.draft ->> 'performance_accrued')::numeric)::text,
            'units', trim_scale(coalesce(n.units, c.units_outstanding))::text, 'mark', trim_scale(evergreen.mark_on(c.share_class_id, d.dealing_date, true))::text) end,
        'by_series', case when p.body #>> '{fees,performance,method}' = 'series' and (t.method is not null or x.draft ? 'series') then jsonb_build_object('issue_price', trim_scale(coalesce(c.issue_price, n.nav_per_unit, c.nav_per_unit))::text,
          'series', case when n.strike_id is not null
            then (select coalesce(jsonb_agg(jsonb_build_object('series', o.series, 'units', trim_scale(o.units)::text, 'nav_per_unit', trim_scale(o.price)::text, 'fee', o.fee::text) order by o.series), '[]') from evergreen.series_open(s.strike_id, c.share_class_id) o)
            else (select coalesce(jsonb_agg(jsonb_build_object('series', e ->> 'series', 'units', e ->> 'units', 'nav_per_unit', e ->> 'nav_per_unit', 'fee', e ->> 'performance_accrued') order by e ->> 'series'), '[]') from jsonb_array_elements(x.draft -> 'series') e) end) end) order by c.code), '[]')
       from public.share_classes c cross join lateral evergreen.dealing_policy(c.share_class_id, d.dealing_date) p
       left join public.class_navs n on n.strike_id = s.strike_id and n.share_class_id = c.share_class_id
       left join lateral (select e as draft from jsonb_array_elements(coalesce(s.body #> '{draft,classes}', '[]')) e where e ->> 'share_class_id' = c.share_class_id::text) x on true
       left join lateral evergreen.fee_terms(s.strike_id, c.share_class_id) t on true
      where c.fund_id = f.fund_id and p.policy_id is not null and coalesce(trim_scale(n.nav_per_unit)::text, x.draft ->> 'nav_per_unit') is not null),
    'days', (select jsonb_agg(jsonb_build_object('dealing_day_id', x.dealing_day_id, 'share_class_id', x.share_class_id, 'status', x.status) order by x.dealing_day_id)
       from public.dealing_days x where x.dealing_day_id = any (days)),
    'orders', evergreen.booked_orders(days, more, d.dealing_day_id), 'lots', evergreen.booked_lots(days, more),
    'cover', (select jsonb_build_object('assets', c.assets::text, 'liabilities', c.liabilities::text) from evergreen.thirty_day_cover(f.fund_id, null) c),
    'holdings', case when tools.body ? 'investorGate' then evergreen.book_holdings(days, d.dealing_date, tools.body #>> '{investorGate,period}') else '[]'::jsonb end)
    from public.funds f left join public.lmt_policies tools on tools.policy_id = d.lmt_policy_id where f.fund_id = d.fund_id);
end $$;
comment on function evergreen.book_of(public.dealing_days, public.nav_strikes, uuid[], uuid[]) is
  'The book of a dealing day over a strike: the orders locked or priced on some days, and more orders by their ids; with prices, terms, lots and the figures the gate is held against.';

create or replace function public.fn_read_book(dealing_day_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  days uuid[];
begin
  perform evergreen.require_role('agent_liquidity_engine');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_book.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  perform evergreen.refuse_unless(d.strike_id is not null, 'EG428', 'The dealing day is ' || d.status || ': it has no NAV yet.');
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  -- the gate is one over all classes that deal at this NAV
  select array_agg(x.dealing_day_id order by x.dealing_day_id) into days from public.dealing_days x
   where x.strike_id = d.strike_id and x.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated');
  -- a step that is taken again after its worker died may find the day posted
  perform evergreen.refuse_unless(d.dealing_day_id = any (days), 'EG428', 'The dealing day is ' || d.status || ': it has no book any more.');
  return evergreen.book_of(d, s, days);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_book(uuid) is
  'The locked orders of every class that deals at the NAV of a day, with prices, terms, lots of who redeems, the figures the gate is held against, and what the fund can sell and owes under stress within 30 days. EG404, EG428 no NAV yet, or posted.';

create or replace function evergreen.redeemed_since(of_fund uuid, since date, before date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(a.gross_amount), 0) from public.dealing_days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
   where d.fund_id = of_fund and d.dealing_date >= since and d.dealing_date < before and d.status in ('posted', 'claimable', 'settled', 'closed')
     and f.direction = 'redemption' and f.order_kind = 'plain'
$$;
comment on function evergreen.redeemed_since(uuid, date, date) is 'What redemptions took out of a fund on dealing days from a date until before another; fund currency. Switches and transfers take nothing out.';

drop function if exists evergreen.book_orders(uuid[]);
create or replace function evergreen.booked_orders(days uuid[], more uuid[], on_day uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive book as materialized (
    select f.* from public.fund_flows f where f.dealing_day_id = any (days) and f.status in ('locked', 'priced')
    union all select f.* from public.fund_flows f where f.flow_id = any (more)
  ), chain as (
    -- how often what is left of an order was dealt before, and how often it got something
    select b.flow_id as root, p.parent_flow_id, 1 as dealings, (coalesce(p.filled_units, 0) > 0)::int as fills from book b join public.fund_flows p on p.flow_id = b.parent_flow_id
    union all
    select c.root, p.parent_flow_id, c.dealings + 1, c.fills + (coalesce(p.filled_units, 0) > 0)::int from chain c join public.fund_flows p on p.flow_id = c.parent_flow_id
  ), past as (select c.root, max(c.dealings) as dealings, max(c.fills) as fills from chain c group by c.root)
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', b.flow_id, 'dealing_day_id', y.dealing_day_id, 'share_class_id', b.share_class_id, 'investor_id', b.investor_id, 'owner_id', evergreen.owner_of(b.investor_id, y.dealing_date),
      'asked', b.dust_asked_at is not null, 'kept', coalesce(b.dust_answer = 'keep', false), 'elected_lots', to_jsonb(b.elected_lots),
      'direction', b.direction, 'kind', b.order_kind, 'units', trim_scale(b.requested_units)::text, 'amount', trim_scale(b.amount)::text, 'vintage', coalesce(b.vintage, y.dealing_date),
      'cleared', b.cleared_at is not null, 'linked_flow_id', b.linked_flow_id, 'dealings', coalesce(p.dealings, 0), 'fills', coalesce(p.fills, 0)) order by b.flow_id), '[]')
    from book b join public.dealing_days y on y.dealing_day_id = coalesce(b.dealing_day_id, on_day) left join past p on p.root = b.flow_id
$$;
comment on function evergreen.booked_orders(uuid[], uuid[], uuid) is 'The orders that are locked or priced on some days, and more by their ids as of a day, in the order of their ids.';

drop function if exists evergreen.book_lots(uuid[]);
create or replace function evergreen.booked_lots(days uuid[], more uuid[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('lot_id', l.lot_id, 'share_class_id', l.share_class_id, 'investor_id', l.investor_id, 'opened_on', l.opened_on,
      'units', trim_scale(l.units_left)::text, 'reference', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', trim_scale(l.equalisation_credit)::text, 'series', evergreen.series_of(l)) order by l.lot_id), '[]')
    from (select distinct f.share_class_id, f.investor_id from public.fund_flows f where f.dealing_day_id = any (days) and f.direction = 'redemption' and f.status in ('locked', 'priced')
            union select f.share_class_id, f.investor_id from public.fund_flows f where f.flow_id = any (more) and f.direction = 'redemption' offset 0) w
    cross join lateral (select x.* from public.lots x where x.share_class_id = w.share_class_id and x.investor_id = w.investor_id and x.units_left > 0) l
$$;
comment on function evergreen.booked_lots(uuid[], uuid[]) is 'What who redeems on some days, or by some more orders, holds, lot by lot.';

create or replace function evergreen.book_holdings(days uuid[], on_day date, period text) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with span as (
    select b.starts, b.long from (values
      ('daily', on_day, interval '1 day'), ('weekly', date_trunc('week', on_day)::date, interval '7 days'), ('biweekly', date_trunc('week', on_day)::date - 7, interval '14 days'),
      ('monthly', date_trunc('month', on_day)::date, interval '1 month'), ('quarterly', date_trunc('quarter', on_day)::date, interval '3 months'),
      ('semiannual', (date_trunc('year', on_day) + case when extract(month from on_day) > 6 then interval '6 months' else interval '0' end)::date, interval '6 months'),
      ('annual', date_trunc('year', on_day)::date, interval '1 year')) b (name, starts, long) where b.name = period
  ), owners as materialized (
    -- accounts of nominees and feeders count with those of who stands behind them (R7)
    select x.share_class_id, x.owner_id, evergreen.accounts_of(x.owner_id, on_day) as accounts from (
      select distinct f.share_class_id, evergreen.owner_of(f.investor_id, on_day) as owner_id from public.fund_flows f
       where f.dealing_day_id = any (days) and f.direction = 'redemption' and f.order_kind = 'plain' and f.status in ('locked', 'priced')) x
  )
  select coalesce(jsonb_agg(jsonb_build_object('owner_id', o.owner_id, 'share_class_id', o.share_class_id, 'units', trim_scale(coalesce(u.units, 0))::text,
      'redeemed', trim_scale(coalesce(r.units, 0))::text, 'step', coalesce(k.step, 0)) order by o.owner_id, o.share_class_id), '[]')
    from owners o cross join span
    -- held when the period began; a register that was taken over counts as it was
    left join lateral (select sum(e.units) as units from public.unit_ledger e join public.ledger_transactions t using (ledger_tx_id) left join public.dealing_days x on x.dealing_day_id = t.dealing_day_id
      where e.share_class_id = o.share_class_id and e.investor_id = any (o.accounts) and e.account = 'holder' and (t.kind = 'opening' or coalesce(x.dealing_date, t.effective_at::date) < span.starts)) u on true
    left join lateral (select sum(a.filled_units) as units from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.dealing_days x on x.dealing_day_id = a.dealing_day_id
      where a.share_class_id = o.share_class_id and a.investor_id = any (o.accounts) and f.direction = 'redemption' and f.order_kind = 'plain' and x.dealing_date >= span.starts and x.dealing_date < on_day) r on true
    -- periods in a row, up to the one before, in which the investor asked
    left join lateral (select count(*) as step from (
        select p.ago, row_number() over (order by p.ago) as place from (
          select distinct ceil(extract(epoch from span.starts - x.dealing_date::timestamp) / extract(epoch from span.long))::int as ago
            from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.dealing_days x on x.dealing_day_id = a.dealing_day_id
           where a.share_class_id = o.share_class_id and a.investor_id = any (o.accounts) and f.direction = 'redemption' and f.order_kind = 'plain' and x.dealing_date < span.starts) p) q
       where q.ago = q.place) k on true
$$;
comment on function evergreen.book_holdings(uuid[], date, text) is 'For the investor gate, per beneficial owner over all accounts: units held when the period began, redeemed since, and how many periods in a row the owner asked before.';

-- from sql/6v-fn-token-reconcile.sql
-- Register against chain (R50): what the chain should have at a block, the breaks that were found, and what waits for them.

create or replace function evergreen.token_rules(of_fund uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('version_id', v.version_id, 'body', v.body) order by v.pack), '[]') from evergreen.rules_in_force(of_fund, evergreen.clock()::date) v
$$;
comment on function evergreen.token_rules(uuid) is 'The packs in force for a fund today, from which the limits of its tokens come.';

create or replace function evergreen.rule_versions(of_fund uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(v.version_id order by v.pack), '[]') from evergreen.rules_in_force(of_fund, evergreen.clock()::date) v
$$;
comment on function evergreen.rule_versions(uuid) is 'Ids of the packs in force for a fund today, by the name of the pack.';

create or replace function evergreen.are_limits(given jsonb) returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if given is null or jsonb_typeof(given) <> 'object' then
    return false;
  end if;
  -- all five of the contracts, zero for none: units as decimals, a lock-up in seconds
  return (select count(*) = 5 and count(*) filter (where e.key = 'transferable' and jsonb_typeof(e.value) = 'boolean') = 1
      and count(*) filter (where jsonb_typeof(e.value) = 'string' and e.value #>> '{}' ~ case when e.key = 'lock_up' then '^[0-9]{1,20}$'
        when e.key in ('min_holding', 'max_holding', 'min_transfer') then '^[0-9]{1,78}([.][0-9]{1,18})?$' else '^$' end) = 4 from jsonb_each(given) e);
end $$;
comment on function evergreen.are_limits(jsonb) is 'Whether these are the five limits of transfers that a share token holds itself to, as text.';

create or replace function evergreen.check_token_rules(rules jsonb) returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  told constant text := 'rules is {versions, on_chain, asked, unsaid}: ids of packs, twice the five limits of transfers as text, and the names of rules that no limit says.';
begin
  perform evergreen.refuse_unless(coalesce(jsonb_typeof(rules) = 'object' and octet_length(rules::text) <= 65536 and jsonb_typeof(rules -> 'versions') = 'array' and jsonb_typeof(rules -> 'unsaid') = 'array', false)
    and evergreen.are_limits(rules -> 'on_chain') and evergreen.are_limits(rules -> 'asked'), 'EG400', told);
  perform evergreen.refuse_unless((select count(*) = 4 from jsonb_object_keys(rules))
    and not exists (select from jsonb_array_elements(rules -> 'versions') v where coalesce(v #>> '{}', '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
    and not exists (select from jsonb_array_elements(rules -> 'unsaid') u where jsonb_typeof(u) <> 'string' or length(u #>> '{}') not between 1 and 300), 'EG400', told);
end $$;
comment on function evergreen.check_token_rules(jsonb) is 'Refuses what is not the limits of a token beside what the packs ask of them. EG400.';

create or replace function public.fn_read_token_request(event_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'agent_tokenization', 'pm_role', 'ops_role', 'audit_role');
  select * into a from public.tokenization_actions x where x.event_id = fn_read_token_request.event_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No token operation was asked for by that event.');
  return jsonb_build_object('kind', a.kind, 'status', a.status, 'legal_basis', a.legal_basis is not null,
    -- whoever receives units, or a claim, and is not cleared at this moment
    'not_cleared', (select count(*) from public.wallets w where not evergreen.is_cleared(w.investor_id) and (
        w.wallet_id in (select m.wallet_id from public.token_moves m where m.action_id = a.action_id and m.units > 0) or (a.kind in ('claim_issue', 'keep') and w.wallet_id = a.wallet_id))),
    -- whose clearance stands, and is to be revoked
    'still_cleared', a.kind = 'claim_revoke' and exists (select from public.wallets w where w.wallet_id = a.wallet_id and evergreen.is_cleared(w.investor_id)),
    -- limits are those that the packs in force ask, by the last look
    'rules', a.kind is distinct from 'limits' or exists (select from public.token_contracts t where t.contract_id = a.contract_id and t.rules -> 'asked' = a.limits
      and t.rules -> 'versions' = evergreen.rule_versions(a.fund_id)),
    -- a day's units come and go only when its NAV is final and its units are posted
    'posted', a.dealing_day_id is null or exists (select from public.dealing_days d join public.nav_strikes s using (strike_id) where d.dealing_day_id = a.dealing_day_id and s.state in ('final', 'restated')
      and d.status in ('posted', 'claimable', 'settled', 'closed')));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_token_request(uuid) is 'What compliance looks at before a token operation: who receives and is not cleared, whether a legal basis is named, whether the day it follows is posted, whether limits are those of the packs in force. EG404.';

create or replace function public.fn_read_token_register(contract_id uuid, block bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  t public.token_contracts;
begin
  perform evergreen.require_role('agent_tokenization', 'pm_role', 'ops_role', 'audit_role');
  select * into t from public.token_contracts x where x.contract_id = fn_read_token_register.contract_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No contracts with that id.');
  return (
    with expected as materialized (
      select m.wallet_id, sum(m.units) as units from public.token_moves m join public.tokenization_actions a using (action_id)
       where a.contract_id = t.contract_id and a.status in ('included', 'final') and a.block <= fn_read_token_register.block group by m.wallet_id
    ), lines as (
      select w.address, w.investor_id, coalesce(e.units, 0) as units from public.wallets w left join expected e using (wallet_id) where w.contract_id = t.contract_id
    ), over as (
      -- more on the chain than the register has of an investor
      select min(l.address) as address, sum(l.units) as units, coalesce(min(h.units), 0) as held from lines l
        left join public.holdings h on h.share_class_id = t.share_class_id and h.investor_id = l.investor_id group by l.investor_id having sum(l.units) > coalesce(min(h.units), 0)
    )
    select jsonb_build_object('contract_id', t.contract_id, 'unit_decimals', t.unit_decimals, 'outstanding', trim_scale(c.units_outstanding)::text,
      -- something is on its way: what the chain has at this block is not what the register says, and rightly so
      'busy', exists (select from public.tokenization_actions a join public.token_moves m using (action_id) where a.contract_id = t.contract_id
        and (a.status in ('requested', 'approved', 'sent') and a.kind = 'deal' or a.status = 'sent' or a.status in ('included', 'final') and a.block > fn_read_token_register.block)),
      'lines', (select coalesce(jsonb_agg(jsonb_build_object('wallet', l.address, 'units', trim_scale(l.units)::text) order by l.address), '[]') from lines l),
      'rules', evergreen.token_rules(t.fund_id), 'as_of', evergreen.clock()::date,
      'over', (select coalesce(jsonb_agg(jsonb_build_object('wallet', o.address, 'units', trim_scale(o.units)::text, 'held', trim_scale(o.held)::text) order by o.address), '[]') from over o))
      from public.share_classes c where c.share_class_id = t.share_class_id);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_token_register(uuid, bigint) is
  'What the chain should have of a class at a block, wallet by wallet, by the operations that took effect up to it; over: wallets with more than the register has of their investor; rules: the packs in force. EG404.';

create or replace function public.fn_record_token_reconciliation(contract_id uuid, block bigint, breaks jsonb, rules jsonb default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  t public.token_contracts;
  opened int;
  standing int;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('contract_id', contract_id, 'block', block, 'breaks', breaks, 'rules', rules);
  answer := evergreen.earlier_answer('fn_record_token_reconciliation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(block >= 0, 'EG400', 'block is the number of a block.');
  perform evergreen.refuse_unless(jsonb_typeof(breaks) = 'array', 'EG400', 'breaks is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(breaks) <= 10000, 'EG413', 'breaks has at most 10,000 rows.');
  if rules is not null then
    perform evergreen.check_token_rules(rules);
  end if;
  select * into t from public.token_contracts x where x.contract_id = fn_record_token_reconciliation.contract_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No contracts with that id.');
  -- a look at an older block says nothing about a newer one
  perform evergreen.refuse_unless(t.reconciled_block is null or block >= t.reconciled_block, 'EG425', 'A later block was reconciled already.');
  update public.chain_breaks b set closed_at = now() where b.contract_id = t.contract_id and b.closed_at is null
     and not exists (select from jsonb_to_recordset(breaks) n (kind text, wallet text, register numeric, chain numeric) where n.kind = b.kind and lower(n.wallet) = b.wallet);
  update public.chain_breaks b set register_units = n.register, chain_units = n.chain from jsonb_to_recordset(breaks) n (kind text, wallet text, register numeric, chain numeric)
   where b.contract_id = t.contract_id and b.closed_at is null and n.kind = b.kind and lower(n.wallet) = b.wallet and (n.register, n.chain) is distinct from (b.register_units, b.chain_units);
  insert into public.chain_breaks (fund_id, contract_id, block, kind, wallet, register_units, chain_units)
  select t.fund_id, t.contract_id, fn_record_token_reconciliation.block, n.kind, lower(n.wallet), n.register, n.chain from jsonb_to_recordset(breaks) n (kind text, wallet text, register numeric, chain numeric)
   where not exists (select from public.chain_breaks b where b.contract_id = t.contract_id and b.closed_at is null and b.kind = n.kind and b.wallet = lower(n.wallet));
  get diagnostics opened = row_count;
  select count(*) into standing from public.chain_breaks b where b.contract_id = t.contract_id and b.closed_at is null;
  update public.token_contracts x set reconciled_block = fn_record_token_reconciliation.block, reconciled_at = now(),
         limits = coalesce(fn_record_token_reconciliation.rules -> 'on_chain', x.limits), rules = coalesce(fn_record_token_reconciliation.rules - 'on_chain', x.rules)
   where x.contract_id = t.contract_id;
  if standing = 0 then
    perform evergreen.emit('TOKEN_RECONCILED', t.fund_id, jsonb_build_object('contract_id', t.contract_id, 'block', block), evergreen.actor(), '{}', '{}', request_id);
    -- a strike may have waited for this
    perform evergreen.knock_days(t.fund_id, null, null, 'chain and register agree');
  elsif opened > 0 then
    perform evergreen.emit('TOKEN_BREAK', t.fund_id, jsonb_build_object('contract_id', t.contract_id, 'block', block, 'breaks', standing), evergreen.actor(), '{}', '{}', request_id);
  end if;
  perform evergreen.audit(t.fund_id, 'token_contracts', t.contract_id::text, 'chain and register reconciled at block ' || block || ', breaks ' || standing, request_id);
  answer := jsonb_build_object('contract_id', t.contract_id, 'block', block, 'breaks', standing, 'opened', opened);
  perform evergreen.keep_answer('fn_record_token_reconciliation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_token_reconciliation(uuid, bigint, jsonb, jsonb, text) is
  'Keeps what a look at chain and register found at a block: breaks = [{kind, wallet, register, chain}] in units; those that are gone are closed. While one is open no NAV of the fund is struck. rules = {versions, on_chain, asked, unsaid}: limits of transfers there beside what the packs in force ask. EG400, EG404, EG413, EG425 an older block.';

create or replace function evergreen.refuse_while_chain_broken(of_fund uuid) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  classes text;
begin
  select string_agg(distinct left(c.code, 40), ', ') into classes from public.chain_breaks b join public.token_contracts t using (contract_id) join public.share_classes c using (share_class_id)
   where b.fund_id = of_fund and b.closed_at is null;
  perform evergreen.refuse_unless(classes is null, 'EG429', 'Units on the chain and in the register differ in ' || coalesce(classes, '') || '; `token reconcile` shows where, and no NAV is struck before they agree.');
end $$;
comment on function evergreen.refuse_while_chain_broken(uuid) is 'No NAV of a fund is struck while the register of one of its classes differs from the chain (EG429).';

create or replace function public.fn_read_tokens(fund_id uuid default null) returns jsonb language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with there as (
    select m.wallet_id, sum(m.units) as units from public.token_moves m join public.tokenization_actions a using (action_id) where a.status in ('included', 'final') group by m.wallet_id
  ), classes as (
    select t.contract_id, t.fund_id, c.share_class_id, c.code, f.code as fund, t.chain_id, t.gate, t.share, t.vault, t.registrar, t.guardian, t.unit_decimals, t.paused, t.limits, t.rules, t.reconciled_block, t.reconciled_at, t.created_at,
           c.units_outstanding, coalesce((select sum(x.units) from there x join public.wallets w using (wallet_id) where w.contract_id = t.contract_id), 0) as on_chain
      from public.token_contracts t join public.share_classes c using (share_class_id) join public.funds f on f.fund_id = t.fund_id
     where fn_read_tokens.fund_id is null or t.fund_id = fn_read_tokens.fund_id
  )
  select jsonb_build_object(
    'classes', (select coalesce(jsonb_agg(jsonb_build_object('contract_id', k.contract_id, 'fund_id', k.fund_id, 'fund', k.fund, 'share_class_id', k.share_class_id, 'code', k.code, 'chain_id', k.chain_id,
        'addresses', jsonb_build_object('gate', k.gate, 'share', k.share, 'vault', k.vault, 'registrar', k.registrar, 'guardian', k.guardian), 'unit_decimals', k.unit_decimals,
        'register_units', trim_scale(k.units_outstanding)::text, 'chain_units', trim_scale(k.on_chain)::text, 'off_chain_units', trim_scale(k.units_outstanding - k.on_chain)::text,
        'paused', k.paused, 'limits', nullif(k.limits, '{}'), 'rules', nullif(k.rules - 'versions', '{}'),
        'limits_state', case when k.rules = '{}' then 'not compared' when exists (select from public.rule_pack_versions v where v.live_at > coalesce(k.reconciled_at, k.created_at)) then 'packs changed'
          when k.rules -> 'asked' = k.limits then 'in line' else 'differ' end,
        'reconciled_block', k.reconciled_block, 'reconciled_at', k.reconciled_at,
        'wallets', (select count(*) from public.wallets w where w.contract_id = k.contract_id),
        'pending', (select count(*) from public.tokenization_actions a where a.contract_id = k.contract_id and a.status not in ('final', 'refused', 'failed')),
        'open_breaks', (select count(*) from public.chain_breaks b where b.contract_id = k.contract_id and b.closed_at is null)) order by k.fund, k.code), '[]') from classes k),
    'wallets', (select coalesce(jsonb_agg(w.line order by w.created_at), '[]') from (
      select w.created_at, jsonb_build_object('wallet_id', w.wallet_id, 'contract_id', w.contract_id, 'investor', i.code, 'address', w.address, 'status', w.status, 'claim_until', w.claim_until,
          'units', trim_scale(coalesce(x.units, 0))::text) as line
        from public.wallets w join classes k using (contract_id) join public.investors i using (investor_id) left join there x using (wallet_id) order by w.created_at desc limit 200) w),
    'actions', (select coalesce(jsonb_agg(a.line order by a.created_at desc), '[]') from (
      select a.created_at, jsonb_build_object('action_id', a.action_id, 'fund', f.code, 'kind', a.kind, 'share_class_id', a.share_class_id, 'instrument', a.instrument, 'chain', a.chain, 'units', trim_scale(a.size)::text, 'status', a.status,
          'wallet', w.address, 'dealing_day_id', a.dealing_day_id, 'proposal_id', a.proposal_id, 'tx_hash', a.tx_hash, 'block', a.block, 'refusal', a.refusal, 'workflow_id', 'event/' || a.event_id, 'created_at', a.created_at) as line
        from public.tokenization_actions a join public.funds f on f.fund_id = a.fund_id left join public.wallets w using (wallet_id)
       where a.kind is not null and (fn_read_tokens.fund_id is null or a.fund_id = fn_read_tokens.fund_id) order by a.created_at desc, a.action_id limit 50) a),
    'breaks', (select coalesce(jsonb_agg(jsonb_build_object('break_id', b.break_id, 'contract_id', b.contract_id, 'block', b.block, 'kind', b.kind, 'wallet', b.wallet,
        'register_units', trim_scale(b.register_units)::text, 'chain_units', trim_scale(b.chain_units)::text, 'opened_at', b.opened_at) order by b.opened_at, b.wallet), '[]')
      from public.chain_breaks b join classes k using (contract_id) where b.closed_at is null),
    -- what a pool lets expect follows from its terms as they stood; whoever reads computes it
    'trades', (select coalesce(jsonb_agg(x.line order by x.executed_at desc), '[]') from (
      select x.executed_at, jsonb_build_object('trade_id', x.trade_id, 'pool_id', p.pool_id, 'fund', f.code, 'class', c.code, 'pool', p.pool, 'version', p.version, 'chain', p.chain, 'curve', p.curve,
          'reserve_units', p.reserve_units::text, 'reserve_cash', p.reserve_cash::text, 'unit_decimals', p.unit_decimals, 'cash_decimals', p.cash_decimals, 'fee_ppm', p.fee_ppm,
          'amplification', p.amplification, 'direction', x.direction, 'amount_in', x.amount_in::text, 'amount_out', x.amount_out::text, 'tx_hash', x.tx_hash, 'executed_at', x.executed_at) as line
        from public.pool_trades x join public.liquidity_pools p using (pool_id) join public.funds f using (fund_id) join public.share_classes c using (share_class_id)
       where fn_read_tokens.fund_id is null or p.fund_id = fn_read_tokens.fund_id order by x.executed_at desc, x.trade_id limit 50) x))
$$;
comment on function public.fn_read_tokens(uuid) is
  'Everything about tokens that staff sees, of one fund or of all: classes with their units on the chain, off it and in the register, and their limits there beside what the packs in force ask, wallets, the last fifty operations, open breaks, the last fifty trades in pools with the terms of the pool. Units as text.';

-- from sql/6v-fn-token-run.sql
-- A token operation on its way: registered against its verdict, approved, begun, sent, included, final, or refused. By the tokenization room alone.

create or replace function evergreen.register_token_action(asked public.fund_events, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
  verdict public.compliance_logs;
  p public.proposals;
  what jsonb;
  until timestamptz;
begin
  select * into a from public.tokenization_actions x where x.action_id::text = asked.payload ->> 'action_id' and x.fund_id = asked.fund_id and x.event_id = asked.event_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No token operation of this fund was asked for by that event.');
  if a.status = 'requested' then
    select * into verdict from public.compliance_logs l where l.entity_id = asked.event_id::text and l.rule = 'tokenization_approval' order by l.created_at desc, l.log_id limit 1;
    perform evergreen.refuse_unless(verdict.log_id is not null, 'EG428', 'Compliance Sentinel has to look at the operation first.');
    if verdict.result <> 'passed' then
      update public.tokenization_actions x set compliance_log_id = verdict.log_id where x.action_id = a.action_id;
      perform evergreen.refuse_token_action(a.action_id, 'refused', 'compliance', 'EG430', coalesce(verdict.detail ->> 'reason', 'compliance refused it'), request_id);
    elsif a.kind not in ('deal', 'settle', 'claim_issue', 'claim_revoke', 'reconcile')
      -- an incident pauses at once: what only stops waits for nobody; its end is for two people
      and not (a.kind = 'pause' and a.incident_id is not null) and not exists (select from public.proposals x where x.proposal_id = a.proposal_id and x.status = 'applied') then
      -- a day rests on the NAV that two people approved, a claim on a decision of KYC; everything else two people decide here
      until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
      p.proposal_id := gen_random_uuid();
      what := jsonb_strip_nulls(jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'share_class', a.instrument, 'chain', a.chain, 'legal_basis', a.legal_basis,
        'units', case when a.size > 0 then trim_scale(a.size)::text end, 'wallet', (select w.address from public.wallets w where w.wallet_id = a.wallet_id),
        'to_wallet', (select w.address from public.wallets w where w.wallet_id = a.to_wallet_id), 'limits', a.limits, 'compliance_log_id', verdict.log_id));
      insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
      values (p.proposal_id, a.fund_id, 'token', 'pending', evergreen.proposal_hash(p.proposal_id, a.fund_id, 'token', what, '{}', until), what, '{}', '{"classes": 1}',
        (select f.allocations_version from public.funds f where f.fund_id = a.fund_id), asked.event_id, 'event/' || asked.event_id, evergreen.actor(),
        -- the end of an incident's pause is the platform's own request: who closed the incident may be one of the two
        case when a.incident_id is null then asked.created_by else evergreen.actor() end, 2, until);
      update public.tokenization_actions x set compliance_log_id = verdict.log_id, proposal_id = p.proposal_id, status = 'awaiting_approval' where x.action_id = a.action_id;
      perform evergreen.emit('PROPOSAL_CREATED', a.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'status', 'pending'), evergreen.actor(),
        jsonb_build_object('workflow_id', 'event/' || asked.event_id, 'causation_id', asked.event_id));
    else
      update public.tokenization_actions x set compliance_log_id = verdict.log_id, status = 'approved',
             proposal_id = coalesce(x.proposal_id, (select s.proposal_id from public.dealing_days d join public.nav_strikes s using (strike_id) where d.dealing_day_id = x.dealing_day_id))
       where x.action_id = a.action_id;
    end if;
    perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation registered: ' || a.kind || ' ' || verdict.result, request_id);
  end if;
  return (select jsonb_strip_nulls(jsonb_build_object('action_id', x.action_id, 'status', x.status, 'kind', x.kind,
      'proposal_id', case when x.status = 'awaiting_approval' then x.proposal_id end, 'reason', left(x.refusal ->> 'reason', 200)))
    from public.tokenization_actions x where x.action_id = a.action_id);
end $$;
comment on function evergreen.register_token_action(public.fund_events, text) is
  'Takes a token operation in against the verdict of Compliance Sentinel: refused, before two people, or approved already by who approved what it follows from.';

create or replace function evergreen.refuse_token_action(of_action uuid, to_status text, whom text, code text, reason text, request_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
begin
  update public.tokenization_actions x set status = to_status, block = null, refusal = jsonb_build_object('by', whom, 'code', code, 'reason', left(reason, 300)) where x.action_id = of_action returning * into a;
  perform evergreen.emit('TOKEN_REFUSED', a.fund_id, jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'code', code, 'by', whom), evergreen.actor(),
    jsonb_build_object('workflow_id', 'event/' || a.event_id, 'causation_id', a.event_id), '{}', request_id);
end $$;
comment on function evergreen.refuse_token_action(uuid, text, text, text, text, text) is 'Ends an operation that compliance, people or the chain refused, or that failed; nothing of the register changes.';

create or replace function public.fn_begin_token_action(action_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
  t public.token_contracts;
  busy boolean := false;
begin
  perform evergreen.require_role('agent_tokenization');
  select * into a from public.tokenization_actions x where x.action_id = fn_begin_token_action.action_id;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  if a.status = 'awaiting_approval' then
    perform evergreen.take_consent(a.proposal_id, 'token');
    update public.tokenization_actions x set status = 'approved' where x.action_id = a.action_id and x.status = 'awaiting_approval';
    perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation approved: ' || a.kind, null);
  end if;
  select * into t from public.token_contracts x where x.contract_id = a.contract_id for no key update;
  select * into a from public.tokenization_actions x where x.action_id = a.action_id for no key update;
  perform evergreen.refuse_unless(a.status in ('approved', 'sent', 'included', 'final', 'refused', 'failed'), 'EG428', 'The operation is ' || a.status || '.');
  if a.kind in ('deal', 'mint', 'burn') and a.request_no is null then
    -- requests of the vault only count upwards: the next one is opened when the last one is there
    busy := exists (select from public.tokenization_actions x where x.contract_id = a.contract_id and x.action_id <> a.action_id and x.request_no is not null and x.kind <> 'settle' and x.status in ('approved', 'sent'));
    if not busy then
      update public.token_contracts x set requests = x.requests + 1 where x.contract_id = a.contract_id returning * into t;
      update public.tokenization_actions x set request_no = t.requests where x.action_id = a.action_id returning * into a;
    end if;
  end if;
  return (select jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'status', a.status, 'busy', busy, 'contract_id', t.contract_id,
    'contract', case when t.contract_id is not null then jsonb_build_object('chain_id', t.chain_id, 'gate', t.gate, 'share', t.share, 'vault', t.vault, 'registrar', t.registrar, 'guardian', t.guardian,
      'unit_decimals', t.unit_decimals, 'deployed_block', t.deployed_block) end,
    'name', f.code || ' ' || c.code, 'symbol', c.code, 'unit_decimals', c.units_dp, 'request_no', a.request_no::text, 'price', trim_scale(a.price)::text,
    'wallet', w.address, 'party_ref', w.party_ref, 'to_wallet', o.address, 'units', trim_scale(a.size)::text, 'claim_until', floor(extract(epoch from a.claim_until))::bigint::text, 'attempt', a.attempt, 'limits', a.limits,
    'rules', case when a.kind = 'deploy' then evergreen.token_rules(a.fund_id) else '[]' end, 'as_of', evergreen.clock()::date,
    'moves', (select coalesce(jsonb_agg(jsonb_build_object('wallet', x.address, 'units', trim_scale(m.units)::text) order by x.address), '[]') from public.token_moves m join public.wallets x using (wallet_id)
       where m.action_id = case when a.kind = 'settle' then (select d.action_id from public.tokenization_actions d where d.contract_id = a.contract_id and d.kind = 'deal' and d.request_no = a.request_no) else a.action_id end),
    'requests', (select coalesce(jsonb_agg(distinct r.request_no::text), '[]') from public.tokenization_actions r join public.token_moves m using (action_id)
       where a.kind = 'recover' and m.wallet_id = a.wallet_id and r.request_no is not null and r.kind in ('deal', 'mint', 'burn')))
    from public.share_classes c join public.funds f using (fund_id) left join public.wallets w on w.wallet_id = a.wallet_id left join public.wallets o on o.wallet_id = a.to_wallet_id
   where c.share_class_id = a.share_class_id);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_begin_token_action(uuid) is
  'What an operation is to do on the chain, once whoever must has approved it; asked again it says the same. busy: another operation of the class comes first. EG404, EG420, EG421, EG428.';

create or replace function public.fn_keep_token_attempt(action_id uuid, attempt jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
begin
  perform evergreen.require_role('agent_tokenization');
  perform evergreen.harmless_text('fn_keep_token_attempt', attempt);
  perform evergreen.refuse_unless(jsonb_typeof(attempt) = 'object' and attempt ->> 'hash' ~ '^0x[0-9a-f]{64}$' and attempt ->> 'raw' ~ '^0x[0-9a-f]+$' and attempt ->> 'nonce' ~ '^[0-9]{1,15}$', 'EG400',
    'attempt is a signed transaction: hash, raw and nonce.');
  perform evergreen.refuse_unless(octet_length(attempt::text) <= 262144, 'EG413', 'attempt is larger than 256 KB.');
  select * into a from public.tokenization_actions x where x.action_id = fn_keep_token_attempt.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  perform evergreen.refuse_unless(a.status in ('approved', 'sent', 'included'), 'EG428', 'The operation is ' || a.status || '.');
  update public.tokenization_actions x set attempt = fn_keep_token_attempt.attempt, tx_hash = fn_keep_token_attempt.attempt ->> 'hash', status = case a.status when 'approved' then 'sent' else a.status end
   where x.action_id = a.action_id;
  perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'transaction signed', null);
  return a.action_id::text;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_keep_token_attempt(uuid, jsonb) is 'Keeps the transaction that was signed for an operation, before it is sent; the newest one counts. EG400, EG404, EG413, EG428.';

create or replace function public.fn_mark_token_action(action_id uuid, state text, detail jsonb default '{}', request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.tokenization_actions;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('action_id', action_id, 'state', state, 'detail', detail);
  answer := evergreen.earlier_answer('fn_mark_token_action', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(state in ('sent', 'included', 'final', 'refused', 'failed', 'rejected'), 'EG400', 'state is sent, included, final, refused, failed or rejected.');
  perform evergreen.refuse_unless(jsonb_typeof(detail) = 'object' and octet_length(detail::text) <= 2048, 'EG400', 'detail is a small JSON object.');
  perform evergreen.refuse_unless(state not in ('included', 'final') or detail ->> 'block' ~ '^[0-9]{1,15}$', 'EG400', 'detail.block is the block in which it took effect.');
  perform evergreen.refuse_unless(state not in ('refused', 'failed', 'rejected') or (detail ->> 'code' ~ '^EG[0-9]{3}$' and length(detail ->> 'reason') between 1 and 300), 'EG400', 'detail has the code and the reason of the refusal.');
  select * into a from public.tokenization_actions x where x.action_id = fn_mark_token_action.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  if a.status not in ('final', 'refused', 'failed') then
    perform evergreen.refuse_unless(case when state = 'rejected' then a.status = 'awaiting_approval' else a.status in ('approved', 'sent', 'included') end, 'EG428', 'The operation is ' || a.status || '.');
    if state in ('refused', 'failed', 'rejected') then
      perform evergreen.refuse_token_action(a.action_id, case state when 'rejected' then 'refused' else state end, case state when 'rejected' then 'people' else 'chain' end, detail ->> 'code', detail ->> 'reason', request_id);
    else
      update public.tokenization_actions x set status = state, block = case when state = 'sent' then null else (detail ->> 'block')::bigint end where x.action_id = a.action_id;
    end if;
    if state = 'final' then
      update public.wallets w set
             claim_until = case a.kind when 'claim_issue' then a.claim_until when 'claim_revoke' then null else w.claim_until end,
             status = case when a.kind in ('keep', 'unfreeze') and w.status <> 'lost' then 'active' when a.kind = 'freeze' then 'frozen' when a.kind = 'recover' then 'lost' else w.status end
       where w.wallet_id = a.wallet_id;
      update public.token_contracts t set paused = a.kind = 'pause' where t.contract_id = a.contract_id and a.kind in ('pause', 'unpause');
      update public.token_contracts t set limits = a.limits where t.contract_id = a.contract_id and a.kind = 'limits';
      perform evergreen.emit('TOKEN_SETTLED', a.fund_id, jsonb_build_object('action_id', a.action_id, 'kind', a.kind), evergreen.actor(),
        jsonb_build_object('workflow_id', 'event/' || a.event_id, 'causation_id', a.event_id), '{}', request_id);
      -- KYC may have changed its mind while the claim was under way
      perform evergreen.follow_clearance(w.investor_id, request_id) from public.wallets w where w.wallet_id = a.wallet_id and a.kind in ('claim_issue', 'claim_revoke');
    end if;
    if state <> a.status then
      perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation ' || state || ': ' || a.kind, request_id);
    end if;
  end if;
  answer := (select jsonb_build_object('action_id', x.action_id, 'status', x.status) from public.tokenization_actions x where x.action_id = a.action_id);
  perform evergreen.keep_answer('fn_mark_token_action', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_mark_token_action(uuid, text, jsonb, text) is
  'Where an operation stands on the chain: sent, included {block}, final {block}, refused or failed {code, reason}; rejected: people or time refused it. A block that was taken back makes it sent again; what ended stays. EG400, EG404, EG428.';

create or replace function public.fn_record_token_contract(action_id uuid, contract jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.tokenization_actions;
  id uuid;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('action_id', action_id, 'contract', contract);
  answer := evergreen.earlier_answer('fn_record_token_contract', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(contract) = 'object' and octet_length(contract::text) <= 65536 and contract ->> 'chain_id' ~ '^[0-9]{1,10}$' and contract ->> 'block' ~ '^[0-9]{1,15}$', 'EG400',
    'contract has chain_id, block and the addresses gate, share, vault, registrar and guardian.');
  if contract ? 'rules' then
    perform evergreen.check_token_rules(contract -> 'rules');
  end if;
  select * into a from public.tokenization_actions x where x.action_id = fn_record_token_contract.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind = 'deploy', 'EG404', 'No deployment with that id.');
  -- who comes second is told of the first: what it put on the chain itself nobody uses
  select t.contract_id into id from public.token_contracts t where t.share_class_id = a.share_class_id;
  if id is null then
    perform evergreen.refuse_unless(a.status in ('approved', 'sent'), 'EG428', 'The operation is ' || a.status || '.');
    insert into public.token_contracts (fund_id, share_class_id, chain_id, gate, share, vault, registrar, guardian, unit_decimals, deployed_block, action_id, limits, rules)
    select a.fund_id, a.share_class_id, (contract ->> 'chain_id')::bigint, lower(contract ->> 'gate'), lower(contract ->> 'share'), lower(contract ->> 'vault'), lower(contract ->> 'registrar'),
           lower(contract ->> 'guardian'), c.units_dp, (contract ->> 'block')::bigint, a.action_id,
           coalesce(contract #> '{rules,on_chain}', '{}'), coalesce((contract -> 'rules') - 'on_chain', '{}')
      from public.share_classes c where c.share_class_id = a.share_class_id returning contract_id into id;
    update public.tokenization_actions x set status = 'final', block = (contract ->> 'block')::bigint, contract_id = id, chain = 'evm:' || (contract ->> 'chain_id') where x.action_id = a.action_id;
    perform evergreen.emit('TOKEN_CONTRACT_DEPLOYED', a.fund_id, jsonb_build_object('contract_id', id, 'share_class_id', a.share_class_id), evergreen.actor(),
      jsonb_build_object('workflow_id', 'event/' || a.event_id, 'causation_id', a.event_id), '{}', request_id);
    perform evergreen.audit(a.fund_id, 'token_contracts', id::text, 'contracts of the class deployed on chain ' || (contract ->> 'chain_id'), request_id);
  end if;
  answer := jsonb_build_object('contract_id', id, 'status', 'final');
  perform evergreen.keep_answer('fn_record_token_contract', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_token_contract(uuid, jsonb, text) is
  'The contracts of a class that an approved deployment put on a chain, once; contract = {chain_id, block, gate, share, vault, registrar, guardian, rules}; rules as of fn_record_token_reconciliation. EG400, EG404, EG428.';

create or replace function public.fn_read_chain_key() returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('agent_tokenization');
  return evergreen.vault_secrets('evergreen_chain_key') ->> 'evergreen_chain_key';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_chain_key() is 'The key that signs on a chain out of Supabase Vault, for the workers of tokenization alone, never people. EG403, EG404, EG428 no Vault.';

-- from sql/6v-fn-token.sql
-- Token operations as they are asked for: by people, by a dealing day that was posted, by a clearance that came or went. Nothing here reaches a chain.

create or replace function evergreen.ask_chain(
  of_class uuid, of_kind text, of_wallet uuid, target uuid, of_units numeric, basis text, until timestamptz, day uuid, at_price numeric, request_id text
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  class public.share_classes;
  contract public.token_contracts;
  named text;
  event uuid;
begin
  select * into class from public.share_classes c where c.share_class_id = of_class;
  select * into contract from public.token_contracts t where t.share_class_id = of_class;
  named := coalesce('evm:' || contract.chain_id, 'evm');
  event := evergreen.emit('TOKENIZATION_REQUESTED', class.fund_id, jsonb_build_object('chain', named, 'instrument', class.code, 'size', trim_scale(coalesce(abs(of_units), 0))::text,
    'action_id', id, 'kind', of_kind), evergreen.actor(), '{}', '{}', request_id);
  insert into public.tokenization_actions (action_id, fund_id, chain, instrument, size, status, request_key, kind, share_class_id, contract_id, wallet_id, to_wallet_id, dealing_day_id,
    event_id, legal_basis, claim_until, price)
  values (id, class.fund_id, named, class.code, coalesce(abs(of_units), 0), 'requested', id::text, of_kind, of_class, contract.contract_id, of_wallet, target, day, event, basis, until, at_price);
  if of_units <> 0 then
    insert into public.token_moves (action_id, wallet_id, units)
    select id, w.wallet_id, w.units from (values (of_wallet, of_units), (target, -of_units)) w (wallet_id, units) where w.wallet_id is not null;
  end if;
  perform evergreen.audit(class.fund_id, 'tokenization_actions', id::text, 'token operation asked for: ' || of_kind, request_id);
  return id;
end $$;
comment on function evergreen.ask_chain(uuid, text, uuid, uuid, numeric, text, timestamptz, uuid, numeric, text) is
  'Writes a token operation down with what it moves (units of the first wallet, their opposite for the second) and records that it was asked for; answers action_id.';

create or replace function evergreen.units_on_chain(of_wallet uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(m.units), 0) from public.token_moves m join public.tokenization_actions a using (action_id) where m.wallet_id = of_wallet and a.status not in ('refused', 'failed')
$$;
comment on function evergreen.units_on_chain(uuid) is 'Units of a wallet by what was asked of the chain and not refused.';

create or replace function evergreen.token_price(of_class uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(c.nav_per_unit, c.issue_price, 1) from public.share_classes c where c.share_class_id = of_class
$$;
comment on function evergreen.token_price(uuid) is 'Cash per unit at which a vault books units in and out besides a dealing day: the last price of the class.';

create or replace function public.fn_request_token_action(fund text, share_class text, kind text, body jsonb default '{}', request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  class public.share_classes;
  contract public.token_contracts;
  w public.wallets;
  t public.wallets;
  n numeric := 0;
  held numeric;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'share_class', share_class, 'kind', kind, 'body', body);
  answer := evergreen.earlier_answer('fn_request_token_action', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(kind in ('deploy', 'mint', 'burn', 'freeze', 'unfreeze', 'force_transfer', 'recover', 'pause', 'unpause', 'reconcile', 'limits'), 'EG400',
    'kind is deploy, mint, burn, freeze, unfreeze, force_transfer, recover, pause, unpause, reconcile or limits.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 4096
    and not exists (select from jsonb_each(body) e where e.key not in ('wallet', 'to_wallet', 'units', 'legal_basis') or jsonb_typeof(e.value) <> 'string'), 'EG400',
    'body is an object with wallet, to_wallet, units and legal_basis as text, each where the operation needs it.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  select * into class from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
  select * into contract from public.token_contracts x where x.share_class_id = class.share_class_id for no key update;
  perform evergreen.refuse_unless((kind = 'deploy') = (contract.contract_id is null), 'EG428', case kind when 'deploy' then 'The class is on a chain already.' else 'The class is on no chain; deploy its contracts first.' end);
  perform evergreen.refuse_unless(kind <> 'deploy' or not exists (select from public.tokenization_actions a where a.share_class_id = class.share_class_id and a.kind = 'deploy'
    and a.status not in ('refused', 'failed')), 'EG428', 'The contracts of the class are being deployed.');
  perform evergreen.refuse_unless(kind not in ('freeze', 'unfreeze', 'force_transfer', 'recover', 'pause', 'unpause') or length(btrim(body ->> 'legal_basis')) between 3 and 200, 'EG400',
    'legal_basis names the document by which the law allows it, in 3 to 200 characters.');
  if kind = 'limits' then
    perform evergreen.refuse_unless(contract.rules -> 'versions' is not distinct from evergreen.rule_versions(of_fund.fund_id), 'EG428',
      'The packs in force were not compared with the chain yet; `token reconcile` compares them.');
    perform evergreen.refuse_unless(contract.rules -> 'asked' is distinct from contract.limits, 'EG422', 'The contracts hold themselves to what the packs ask already.');
  end if;
  if kind in ('mint', 'burn', 'freeze', 'unfreeze', 'force_transfer', 'recover') then
    select * into w from public.wallets x where x.contract_id = contract.contract_id and x.address = lower(body ->> 'wallet') for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'The class has no wallet with that address.');
    perform evergreen.refuse_unless(w.status = case kind when 'unfreeze' then 'frozen' when 'recover' then w.status when 'force_transfer' then w.status when 'freeze' then w.status else 'active' end
      and w.status <> 'lost', 'EG428', 'The wallet is ' || w.status || '.');
  end if;
  if kind in ('force_transfer', 'recover') then
    select * into t from public.wallets x where x.contract_id = contract.contract_id and x.address = lower(body ->> 'to_wallet') and x.wallet_id <> w.wallet_id for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'The class has no other wallet with the address in to_wallet.');
    perform evergreen.refuse_unless(t.status in ('registered', 'active'), 'EG428', 'The wallet that is to receive is ' || t.status || '.');
    perform evergreen.refuse_unless(kind <> 'recover' or t.party_ref = w.party_ref, 'EG428', 'A lost wallet is recovered to another one of the same party only.');
  end if;
  if kind in ('mint', 'burn', 'force_transfer') then
    perform evergreen.refuse_unless(coalesce(body ->> 'units', '') ~ '^[0-9]{1,18}([.][0-9]{1,18})?$', 'EG400', 'units is a decimal number.');
    n := (body ->> 'units')::numeric;
    perform evergreen.refuse_unless(n > 0 and n = round(n, contract.unit_decimals), 'EG400', 'units is above zero, with at most the decimals of the class.');
  elsif kind = 'recover' then
    n := evergreen.units_on_chain(w.wallet_id);
  end if;
  perform evergreen.refuse_unless(kind not in ('burn', 'force_transfer') or evergreen.units_on_chain(w.wallet_id) >= n, 'EG424', 'The wallet has fewer units on the chain.');
  if kind = 'mint' or (kind = 'force_transfer' and t.investor_id <> w.investor_id) then
    -- the register is first: the chain follows what it says
    select coalesce(sum(h.units), 0) into held from public.holdings h where h.share_class_id = class.share_class_id and h.investor_id = case kind when 'mint' then w.investor_id else t.investor_id end;
    held := held - (select coalesce(sum(evergreen.units_on_chain(x.wallet_id)), 0) from public.wallets x where x.contract_id = contract.contract_id
      and x.investor_id = case kind when 'mint' then w.investor_id else t.investor_id end);
    perform evergreen.refuse_unless(held >= n, 'EG424', 'The register has fewer units of that investor which are not on the chain yet.');
  end if;
  id := evergreen.ask_chain(class.share_class_id, kind, w.wallet_id, t.wallet_id, case when kind in ('mint') then n else -n end, nullif(btrim(body ->> 'legal_basis'), ''), null, null,
    case when kind in ('mint', 'burn') then evergreen.token_price(class.share_class_id) end, request_id);
  update public.tokenization_actions a set limits = contract.rules -> 'asked' where a.action_id = id and a.kind = 'limits';
  answer := (select jsonb_build_object('action_id', a.action_id, 'event_id', a.event_id, 'workflow_id', 'event/' || a.event_id, 'status', a.status) from public.tokenization_actions a where a.action_id = id);
  perform evergreen.keep_answer('fn_request_token_action', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_token_action(text, text, text, jsonb, text) is
  'Asks for a token operation on a class: deploy, mint and burn (units of the register onto the chain and off it), freeze, unfreeze, force_transfer, recover, pause, unpause, reconcile, limits (what the packs in force asked of transfers at the last look); body = {wallet, to_wallet, units, legal_basis} as text. Compliance looks at it and two people approve it before anything is sent. EG400, EG404, EG422, EG424, EG428.';

create or replace function public.fn_retry_token_action(action_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.tokenization_actions;
  event uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('action_id', action_id);
  answer := evergreen.earlier_answer('fn_retry_token_action', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into a from public.tokenization_actions x where x.action_id = fn_retry_token_action.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  -- what people or compliance refused is asked for anew; what the chain refused or could not take may be tried again under its own id, which has one effect
  perform evergreen.refuse_unless(a.status = 'failed' or (a.status = 'refused' and a.refusal ->> 'by' = 'chain'), 'EG428', 'The operation is ' || a.status || '; only one that failed, or that the chain refused, is tried again.');
  event := evergreen.emit('TOKENIZATION_REQUESTED', a.fund_id, jsonb_build_object('chain', a.chain, 'instrument', a.instrument, 'size', trim_scale(a.size)::text, 'action_id', a.action_id, 'kind', a.kind),
    evergreen.actor(), jsonb_build_object('causation_id', a.event_id), '{}', request_id);
  update public.tokenization_actions x set status = 'requested', refusal = null, request_no = null, event_id = event where x.action_id = a.action_id;
  perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation tried again', request_id);
  answer := jsonb_build_object('action_id', a.action_id, 'event_id', event, 'workflow_id', 'event/' || event, 'status', 'requested');
  perform evergreen.keep_answer('fn_retry_token_action', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retry_token_action(uuid, text) is
  'Tries an operation again that failed or that the chain refused: under the same action_id, so that it still has one effect; an approval that stands is not asked for twice. EG404, EG428.';

create or replace function public.fn_register_wallet(share_class_id uuid, investor_id uuid, address text, consent text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  contract public.token_contracts;
  holder public.investors;
  at text := lower(address);
  ref text;
  id uuid;
  kept uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'investor_id', investor_id, 'address', address, 'consent', consent);
  answer := evergreen.earlier_answer('fn_register_wallet', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(at ~ '^0x[0-9a-f]{40}$' and at <> '0x0000000000000000000000000000000000000000', 'EG400', 'address is 0x and 40 hexadecimal digits.');
  perform evergreen.refuse_unless(length(btrim(consent)) between 3 and 200, 'EG400', 'consent names the document by which the holder agreed, in 3 to 200 characters.');
  select * into contract from public.token_contracts t where t.share_class_id = fn_register_wallet.share_class_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id is on a chain.');
  select * into holder from public.investors i where i.investor_id = fn_register_wallet.investor_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No investor with that id.');
  perform evergreen.refuse_unless(evergreen.is_cleared(holder.investor_id), 'EG430', 'The investor is not cleared by KYC.');
  perform evergreen.refuse_unless(not exists (select from public.wallets w where w.contract_id = contract.contract_id and w.address = at), 'EG428', 'The class has a wallet with that address already.');
  -- the chain knows a party by a random reference and by nothing else
  select w.party_ref into ref from public.wallets w join public.investors i using (investor_id) where w.contract_id = contract.contract_id and i.party_id = holder.party_id limit 1;
  insert into public.wallets (fund_id, contract_id, investor_id, address, party_ref, consent)
  values (contract.fund_id, contract.contract_id, holder.investor_id, at, coalesce(ref, '0x' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex')), btrim(consent))
  returning wallet_id into id;
  perform evergreen.emit('WALLET_REGISTERED', contract.fund_id, jsonb_build_object('wallet_id', id), evergreen.actor(), '{}', array[holder.investor_id], request_id);
  perform evergreen.audit(contract.fund_id, 'wallets', id::text, 'wallet registered', request_id);
  perform evergreen.follow_clearance(holder.investor_id, request_id);
  kept := evergreen.ask_chain(contract.share_class_id, 'keep', id, null, 0, null, null, null, null, request_id);
  answer := jsonb_build_object('wallet_id', id, 'status', 'registered', 'action_id', kept);
  perform evergreen.keep_answer('fn_register_wallet', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_register_wallet(uuid, uuid, text, text, text) is
  'Registers the wallet of a cleared investor in a class; its clearance is then issued on the chain, and two people let the fund keep the wallet for its holder, who agreed (consent). Returns {wallet_id, status, action_id}. EG400, EG404, EG428, EG430.';

create or replace function evergreen.follow_clearance(of_investor uuid, request_id text default null) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  cleared boolean;
begin
  for w in select x.*, t.share_class_id, i.kyc_valid_until from public.wallets x join public.token_contracts t using (contract_id) join public.investors i using (investor_id)
            where x.investor_id = of_investor and x.status <> 'lost' order by x.wallet_id loop
    cleared := evergreen.is_cleared(of_investor);
    -- while an incident is open nobody gets a clearance on the chain: its end asks again
    if cleared and w.claim_until is distinct from coalesce(w.kyc_valid_until, w.claim_until, now() + interval '1 year') then
      continue when exists (select from public.incidents i where i.fund_id = w.fund_id and i.closed_at is null);
      perform evergreen.ask_chain(w.share_class_id, 'claim_issue', w.wallet_id, null, 0, null, coalesce(w.kyc_valid_until, now() + interval '1 year'), null, null, request_id)
        where not exists (select from public.tokenization_actions a where a.wallet_id = w.wallet_id and a.kind = 'claim_issue' and a.status not in ('final', 'refused', 'failed')
          and (w.kyc_valid_until is null or a.claim_until = w.kyc_valid_until));
    elsif not cleared and (w.claim_until > now() or exists (select from public.tokenization_actions a where a.wallet_id = w.wallet_id and a.kind = 'claim_issue' and a.status not in ('final', 'refused', 'failed'))) then
      perform evergreen.ask_chain(w.share_class_id, 'claim_revoke', w.wallet_id, null, 0, null, null, null, null, request_id)
        where not exists (select from public.tokenization_actions a where a.wallet_id = w.wallet_id and a.kind = 'claim_revoke' and a.status not in ('final', 'refused', 'failed'));
    end if;
  end loop;
end $$;
comment on function evergreen.follow_clearance(uuid, text) is 'Asks for the clearance of an investor to be issued to its wallets until it runs out, or to be revoked from them; once for each change.';

create or replace function evergreen.pause_for_incident(i public.incidents) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  t public.token_contracts;
  id uuid;
begin
  for t in select * from public.token_contracts x where x.fund_id = i.fund_id order by x.contract_id for no key update loop
    -- paused already and nobody is ending it, or the pause is on its way
    continue when t.paused and not exists (select from public.tokenization_actions a where a.contract_id = t.contract_id and a.kind = 'unpause' and a.status in ('sent', 'included'));
    continue when exists (select from public.tokenization_actions a where a.contract_id = t.contract_id and a.kind = 'pause' and a.status in ('approved', 'sent', 'included'));
    id := evergreen.ask_chain(t.share_class_id, 'pause', null, null, 0, 'incident ' || i.incident_id, null, null, null, null);
    update public.tokenization_actions a set incident_id = i.incident_id where a.action_id = id;
  end loop;
end $$;
comment on function evergreen.pause_for_incident(public.incidents) is
  'Asks for the share contracts of a fund to be paused because of an incident: compliance looks, and no two people are waited for. Contracts that are paused stay as they are.';

create or replace function evergreen.resume_after_incident(i public.incidents) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  class uuid;
  id uuid;
begin
  -- what the incident paused, and nothing that people had paused before it
  for class in select a.share_class_id from public.tokenization_actions a where a.incident_id = i.incident_id and a.kind = 'pause' and a.status not in ('refused', 'failed') order by a.share_class_id loop
    id := evergreen.ask_chain(class, 'unpause', null, null, 0, 'end of incident ' || i.incident_id, null, null, null, null);
    update public.tokenization_actions a set incident_id = i.incident_id where a.action_id = id;
  end loop;
  perform evergreen.follow_clearance(h.investor_id) from (select distinct w.investor_id from public.wallets w where w.fund_id = i.fund_id order by 1) h;
end $$;
comment on function evergreen.resume_after_incident(public.incidents) is
  'Asks for the end of every pause that an incident had asked for, which two people approve as any other, and for the clearances that came meanwhile.';

create or replace function evergreen.deal_on_chain(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  contract public.token_contracts;
  price numeric;
  batch record;
  id uuid;
begin
  select * into contract from public.token_contracts t where t.share_class_id = d.share_class_id for no key update;
  if not found then
    return;
  end if;
  select n.nav_per_unit into price from public.class_navs n where n.strike_id = d.strike_id and n.share_class_id = d.share_class_id;
  -- What a day adds to a holder goes onto the chain; what it takes leaves the chain where the register would have less than is there. Whoever the contracts would not
  -- serve is on an operation alone: it cannot hold up the others.
  for batch in
    with net as materialized (
      select u.investor_id, sum(u.units) as units from public.unit_ledger u join public.ledger_transactions l using (ledger_tx_id)
       where l.dealing_day_id = d.dealing_day_id and l.kind = 'dealing' and u.share_class_id = d.share_class_id and u.account = 'holder' group by u.investor_id
    ), wallet as (
      select distinct on (w.investor_id) w.wallet_id, w.investor_id, w.status from public.wallets w join net using (investor_id)
       where w.contract_id = contract.contract_id and w.status in ('active', 'frozen') order by w.investor_id, w.created_at desc
    ), moved as (
      select w.wallet_id, w.status = 'active' and evergreen.is_cleared(w.investor_id) as served,
             case when n.units > 0 and w.status = 'active' and evergreen.is_cleared(w.investor_id) then n.units
                  when n.units < 0 then least(0, coalesce((select h.units from public.holdings h where h.share_class_id = d.share_class_id and h.investor_id = w.investor_id), 0) - evergreen.units_on_chain(w.wallet_id))
                  else 0 end as units
        from wallet w join net n using (investor_id)
    ), placed as (
      select m.*, row_number() over (partition by m.served order by m.wallet_id) - 1 as place from moved m where m.units <> 0
    )
    select array_agg(p.wallet_id order by p.wallet_id) as wallets, array_agg(p.units order by p.wallet_id) as units, sum(abs(p.units)) as size
      from placed p group by p.served, case when p.served then p.place / 50 else p.place end order by p.served desc, min(p.place)
  loop
    id := evergreen.ask_chain(d.share_class_id, 'deal', null, null, 0, null, null, d.dealing_day_id, coalesce(price, evergreen.token_price(d.share_class_id)), null);
    update public.tokenization_actions a set size = batch.size where a.action_id = id;
    insert into public.token_moves (action_id, wallet_id, units) select id, x.wallet_id, x.units from unnest(batch.wallets, batch.units) x (wallet_id, units);
  end loop;
end $$;
comment on function evergreen.deal_on_chain(public.dealing_days) is
  'Asks for what a posted dealing day changed to be done on the chain (R50): units of subscriptions minted, of redemptions burnt, at its price, fifty wallets an operation. A class that is on no chain is left alone.';

create or replace function evergreen.settle_on_chain(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  dealt record;
  id uuid;
begin
  for dealt in select a.action_id, a.request_no, a.share_class_id from public.tokenization_actions a where a.dealing_day_id = d.dealing_day_id and a.kind = 'deal' and a.status in ('included', 'final')
      and exists (select from public.token_moves m where m.action_id = a.action_id and m.units < 0) order by a.request_no loop
    id := evergreen.ask_chain(dealt.share_class_id, 'settle', null, null, 0, null, null, d.dealing_day_id, null, null);
    update public.tokenization_actions a set request_no = dealt.request_no where a.action_id = id;
  end loop;
end $$;
comment on function evergreen.settle_on_chain(public.dealing_days) is 'The cash of a day was paid: the claims on it that stand on the chain are asked to be settled there.';

-- from sql/6v-fn-webhook-runs.sql
-- Webhooks, as workers serve them: which events came since an endpoint was last looked at, what is handed to a run, and what came of each attempt.

create or replace function public.fn_tell_webhook_key(key_id text, public_key text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  told jsonb := jsonb_build_object('key_id', key_id, 'public_key', public_key);
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(key_id ~ '^mk-[0-9a-f]{16}$' and public_key ~ '^[A-Za-z0-9+/]{43}=$', 'EG400', 'key_id names a master key, and public_key is 32 bytes in base64.');
  if exists (select from public.platform_settings p where p.key = 'webhook_key' and p.value = told) then
    return false;
  end if;
  insert into public.platform_settings as p (key, value) values ('webhook_key', told) on conflict (key) do update set value = excluded.value;
  perform evergreen.audit(null, 'platform_settings', 'webhook_key', 'key for secrets of webhooks: ' || key_id, null);
  return true;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tell_webhook_key(text, text) is 'A worker tells the public key for which secrets of webhooks are to be sealed. Answers whether it is a new one. EG400.';

create or replace function evergreen.ends_webhook_run(type text, payload jsonb) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select ends_webhook_run.type = 'WORKFLOW_COMPLETED' and exists (select from public.fund_events q where q.type = 'WEBHOOKS_QUEUED'
     and q.event_id = case when ends_webhook_run.payload ->> 'workflow_id' ~ '^event/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(ends_webhook_run.payload ->> 'workflow_id', 7)::uuid end)
$$;
comment on function evergreen.ends_webhook_run(text, jsonb) is 'Whether an event says that a run of webhooks has ended: to tell a webhook of it would go on for ever.';

create or replace function public.fn_find_webhook_events()
returns table (endpoint_id uuid, owner_role text, owner_id uuid, after_tx text, after_seq bigint, upto_tx text, upto_seq bigint, event_ids uuid[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('service_role');
  return query
    select e.endpoint_id, e.owner_role, e.owner_id, e.cursor_tx::text, e.cursor_seq, w.last_tx, w.last_seq, w.ids
      from public.webhook_endpoints e cross join lateral (
        select array_agg(v.event_id order by v.tx, v.seq) filter (where v.type = any (e.types) and (e.fund_id is null or v.fund_id = e.fund_id) and not evergreen.ends_webhook_run(v.type, v.payload)) as ids, count(*) as looked,
               (array_agg(v.tx::text order by v.tx desc, v.seq desc))[1] as last_tx, (array_agg(v.seq order by v.tx desc, v.seq desc))[1] as last_seq
          -- a transaction that is still open may have a smaller number than one that is done; what was retired was new long ago
          from (select x.tx, x.seq, x.event_id, x.type, x.fund_id, x.payload from public.fund_events x
                 where (x.tx, x.seq) > (e.cursor_tx, e.cursor_seq) and x.tx < pg_snapshot_xmin(pg_current_snapshot()) and x.archive_id is null
                 order by x.tx, x.seq limit 500) v) w
     where e.status = 'active' and (w.ids is not null or w.looked = 500);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_find_webhook_events() is
  'Per active webhook the events of its types since it was last looked at, at most 500 events on. Whether its owner may read them is for the caller to find out, as that owner.';

create or replace function public.fn_queue_webhooks(endpoint_id uuid, after_tx text, after_seq bigint, upto_tx text, upto_seq bigint, event_ids uuid[]) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  e public.webhook_endpoints;
  queued int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(after_tx ~ '^[0-9]{1,19}$' and upto_tx ~ '^[0-9]{1,19}$' and after_seq >= 0 and upto_seq >= 0 and (upto_tx::xid8, upto_seq) > (after_tx::xid8, after_seq), 'EG400',
    'after and upto are places in the feed of events, one after the other.');
  perform evergreen.refuse_unless(event_ids is not null and cardinality(event_ids) <= 500, 'EG400', 'event_ids are at most 500.');
  select * into e from public.webhook_endpoints x where x.endpoint_id = fn_queue_webhooks.endpoint_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No webhook with that id.');
  -- another worker was first, or it was paused meanwhile
  if e.status <> 'active' or (e.cursor_tx, e.cursor_seq) is distinct from (after_tx::xid8, after_seq) then
    return 0;
  end if;
  perform evergreen.refuse_unless((select count(*) from public.fund_events v where v.event_id = any (event_ids)) = cardinality(event_ids), 'EG404', 'No event with one of those ids.');
  update public.webhook_endpoints x set cursor_tx = upto_tx::xid8, cursor_seq = upto_seq where x.endpoint_id = e.endpoint_id;
  queued := evergreen.queue_webhooks(e.endpoint_id, array(select i from unnest(event_ids) i
    where not exists (select from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.event_id = i)), null);
  if queued > 0 then
    perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: ' || queued || ' events queued', null);
  end if;
  return queued;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_queue_webhooks(uuid, text, bigint, text, bigint, uuid[]) is
  'Hands events that the owner of a webhook may read to a run, and moves the webhook on in the feed; answers how many. 0 when another worker was first. EG400, EG404.';

create or replace function public.fn_record_webhook_attempts(queued_by uuid, outcomes jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  stop text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('queued_by', queued_by, 'outcomes', outcomes);
  answer := evergreen.earlier_answer('fn_record_webhook_attempts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(outcomes) = 'array' and jsonb_array_length(outcomes) <= 100, 'EG400', 'outcomes is a list of at most 100.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(outcomes) o where (
      jsonb_typeof(o) = 'object' and o ->> 'delivery_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and o ->> 'outcome' in ('delivered', 'later', 'gone', 'refused', 'withheld')
      and coalesce(o ->> 'status' ~ '^[0-9]{3}$', true) and coalesce(o ->> 'reason' ~ '^[a-z0-9 ]{1,60}$', true) and coalesce(o ->> 'next_ms' ~ '^[0-9]{1,10}$', true)
      and coalesce(o ->> 'code' ~ '^[A-Z][A-Z0-9_]{1,60}$', true) and coalesce(o ->> 'ms' ~ '^[0-9]{1,9}$', true) and coalesce(o ->> 'ago_ms' ~ '^[0-9]{1,9}$', true)) is not true), 'EG400',
    'An outcome has delivery_id, outcome (delivered, later, gone, refused, withheld), and perhaps status, reason, next_ms, code, ms and ago_ms.');
  select x.* into e from public.webhook_endpoints x where x.endpoint_id = (
    select (v.payload ->> 'endpoint_id')::uuid from public.fund_events v where v.event_id = fn_record_webhook_attempts.queued_by and v.type = 'WEBHOOKS_QUEUED') for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No webhooks were queued by that event.');
  update public.webhook_deliveries d
     set attempts = d.attempts + case when o.outcome = 'withheld' then 0 else 1 end, last_status = o.status, last_reason = o.reason,
         status = case when o.outcome = 'delivered' then 'delivered' when o.outcome = 'withheld' then 'withheld' when o.outcome = 'gone' or (o.outcome = 'later' and o.next_ms is null) then 'dead' else 'pending' end,
         delivered_at = case when o.outcome = 'delivered' then now() else d.delivered_at end,
         tries = case when o.outcome = 'withheld' then d.tries else case when jsonb_array_length(d.tries) >= 50 then d.tries - 0 else d.tries end
           || jsonb_build_object('at', clock_timestamp() - o.ago_ms * interval '1 millisecond', 'outcome', o.outcome, 'status', o.status, 'code', o.code, 'ms', o.ms) end,
         next_at = case when o.outcome = 'later' and o.next_ms is not null then now() + o.next_ms * interval '1 millisecond' else d.next_at end
    from (select (x ->> 'delivery_id')::uuid as delivery_id, x ->> 'outcome' as outcome, (x ->> 'status')::int as status, x ->> 'reason' as reason, (x ->> 'next_ms')::bigint as next_ms,
            x ->> 'code' as code, (x ->> 'ms')::bigint as ms, coalesce((x ->> 'ago_ms')::bigint, 0) as ago_ms from jsonb_array_elements(outcomes) x) o
   where d.delivery_id = o.delivery_id and d.queued_by = fn_record_webhook_attempts.queued_by and d.endpoint_id = e.endpoint_id and d.status = 'pending';
  if e.status = 'active' and jsonb_array_length(outcomes) > 0 then
    if exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'delivered') then
      update public.webhook_endpoints x set failing_since = null, delivered_at = now() where x.endpoint_id = e.endpoint_id returning * into e;
    elsif exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'later') then
      update public.webhook_endpoints x set failing_since = coalesce(x.failing_since, now()) where x.endpoint_id = e.endpoint_id returning * into e;
    end if;
    stop := case when exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'gone') then 'gone'
                 when exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'refused') then 'refused'
                 when e.failing_since <= now() - make_interval(days => coalesce((select (p.value #>> '{}')::int from public.platform_settings p where p.key = 'webhook_pause_days'), 5)) then 'failing' end;
    if stop is not null then
      update public.webhook_endpoints x set status = case stop when 'gone' then 'gone' else 'paused' end, reason = stop where x.endpoint_id = e.endpoint_id returning * into e;
      if stop = 'gone' then
        update public.webhook_deliveries d set status = 'dead', last_reason = 'gone' where d.endpoint_id = e.endpoint_id and d.status = 'pending';
      end if;
      perform evergreen.emit('WEBHOOK_STOPPED', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id, 'reason', stop), evergreen.actor(),
        jsonb_build_object('workflow_id', 'event/' || queued_by, 'causation_id', queued_by), '{}', request_id);
    end if;
    perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: ' || jsonb_array_length(outcomes) || ' attempts' || coalesce(', stopped: ' || stop, ''), request_id);
  end if;
  select jsonb_build_object('left', count(*), 'wait_ms', coalesce(greatest(0, ceil(extract(epoch from min(d.next_at) - clock_timestamp()) * 1000)), 0)::bigint, 'stopped', e.status <> 'active') into answer
    from public.webhook_deliveries d where d.queued_by = fn_record_webhook_attempts.queued_by and d.status = 'pending';
  perform evergreen.keep_answer('fn_record_webhook_attempts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_webhook_attempts(uuid, jsonb, text) is
  'What came of attempts of a run: delivered, later (without next_ms never), gone (the webhook ends), refused (it is paused), withheld (its owner may not read the event any more); with how long it took (ms), how long ago it began (ago_ms) and the code of what broke. One that fails for platform_settings.webhook_pause_days is paused. Returns {left, wait_ms, stopped}. EG400, EG404.';

-- from sql/6v-fn-webhooks.sql
-- Webhooks, as people keep them: where a program of theirs listens, of which events, the sealed secret that signs, and what became of each delivery.
-- An endpoint is told what its owner may read; the secret is sealed for the workers before it gets here, and nobody opens it in the database.

create or replace function evergreen.own_webhook(of_endpoint uuid, also_ops boolean) returns public.webhook_endpoints
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  e public.webhook_endpoints;
begin
  select * into e from public.webhook_endpoints x where x.endpoint_id = of_endpoint and x.status <> 'removed'
     and ((x.owner_id = evergreen.user_id() and x.owner_role = evergreen.role_name()) or (also_ops and evergreen.role_name() = 'ops_role')) for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No webhook of yours with that id.');
  return e;
end $$;
comment on function evergreen.own_webhook(uuid, boolean) is 'An endpoint of the caller, or for operations anybody''s, locked. EG404: of others nobody learns that they are there.';

create or replace function evergreen.queue_webhooks(of_endpoint uuid, which uuid[], request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  queue uuid;
begin
  if coalesce(cardinality(which), 0) = 0 then
    return 0;
  end if;
  queue := evergreen.emit('WEBHOOKS_QUEUED', null, jsonb_build_object('endpoint_id', of_endpoint, 'deliveries', cardinality(which)), evergreen.actor(), '{}', '{}', request_id);
  insert into public.webhook_deliveries as d (endpoint_id, event_id, queued_by) select of_endpoint, unnest(which), queue
  on conflict (endpoint_id, event_id) do update set queued_by = excluded.queued_by, status = 'pending', attempts = 0, next_at = now();
  return cardinality(which);
end $$;
comment on function evergreen.queue_webhooks(uuid, uuid[], text) is 'Hands events to a run that sends them to an endpoint; one that was queued before keeps its id.';

create or replace function public.fn_set_webhook(endpoint_id uuid, url text, types text[], sealed text, fund text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  who text;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id, 'url', url, 'types', to_jsonb(types), 'sealed', sealed, 'fund', fund);
  answer := evergreen.earlier_answer('fn_set_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  who := evergreen.role_name();
  perform evergreen.refuse_unless(endpoint_id is not null, 'EG400', 'endpoint_id is a new uuid of the caller''s making; the secret is sealed for it.');
  perform evergreen.refuse_unless(url ~ '^https?://[A-Za-z0-9.:\[\]-]{1,255}(/[!-~]*)?$' and length(url) <= 2000 and url !~ '#', 'EG400', 'url is an https address without user name, password and #, of at most 2,000 characters.');
  perform evergreen.refuse_unless(sealed ~ '^v1\.mk-[0-9a-f]{16}\.[A-Za-z0-9+/]{43}=\.[A-Za-z0-9+/]{60,200}={0,2}$', 'EG400', 'sealed is a secret sealed with the key of fn_read_webhook_key.');
  perform evergreen.refuse_unless(cardinality(types) between 1 and 100 and array_ndims(types) = 1 and not exists (
      select from unnest(types) t where t is null or t ~ '^WEBHOOK' or not exists (select from public.event_types k where k.type = t)), 'EG400', 'types are 1 to 100 types of events other than those of webhooks; see the reference of events.');
  perform evergreen.refuse_unless(evergreen.user_id() is not null, 'EG403', 'A webhook belongs to a person who is signed in.');
  if fund is not null then
    select f.fund_id into of_fund from public.funds f where f.code = fn_set_webhook.fund
       and (who <> 'lp_role' or f.fund_id = any (array(select evergreen.my_fund_ids())));
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('webhooks of ' || evergreen.user_id(), 0));
  perform evergreen.refuse_unless((select count(*) from public.webhook_endpoints x where x.owner_id = evergreen.user_id() and x.status <> 'removed') < 10, 'EG428',
    'There are ten webhooks of yours already; remove one first.');
  perform evergreen.refuse_unless(not exists (select from public.webhook_endpoints x where x.endpoint_id = fn_set_webhook.endpoint_id), 'EG409', 'That endpoint_id is taken; make another one, and seal the secret for it.');
  -- told from now on: whatever was recorded before is none of its business
  insert into public.webhook_endpoints (endpoint_id, fund_id, url, types, owner_role, owner_id, cursor_tx)
  values (endpoint_id, of_fund, url, array(select distinct t from unnest(types) t order by t), who, evergreen.user_id(), pg_snapshot_xmin(pg_current_snapshot()));
  insert into public.webhook_secrets (endpoint_id, sealed) values (endpoint_id, sealed);
  perform evergreen.emit('WEBHOOK_SET', of_fund, jsonb_build_object('endpoint_id', endpoint_id, 'change', 'add'), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'webhook_endpoints', endpoint_id::text, 'webhook added for ' || cardinality(types) || ' types of events', request_id);
  answer := jsonb_build_object('endpoint_id', endpoint_id, 'status', 'active');
  perform evergreen.keep_answer('fn_set_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_webhook(uuid, text, text[], text, text, text) is
  'Tells a program of the caller of events from now on: those of the types, of one fund or all, that the caller may read. The secret comes sealed for the workers. Returns {endpoint_id, status}. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_change_webhook(endpoint_id uuid, change text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  waiting uuid[];
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id, 'change', change);
  answer := evergreen.earlier_answer('fn_change_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(change in ('pause', 'resume', 'skip', 'remove'), 'EG400', 'change is pause, resume (with what waits), skip (resume from now on) or remove.');
  e := evergreen.own_webhook(endpoint_id, true);
  perform evergreen.refuse_unless(change <> 'pause' or e.status = 'active', 'EG428', 'The webhook is not active.');
  perform evergreen.refuse_unless(change not in ('resume', 'skip') or e.status <> 'active', 'EG428', 'The webhook is active already.');
  update public.webhook_endpoints x
     set status = case change when 'pause' then 'paused' when 'remove' then 'removed' else 'active' end,
         reason = case change when 'pause' then 'people' end, failing_since = null,
         cursor_tx = case change when 'skip' then pg_snapshot_xmin(pg_current_snapshot()) else x.cursor_tx end,
         cursor_seq = case change when 'skip' then 0 else x.cursor_seq end
   where x.endpoint_id = e.endpoint_id;
  if change in ('skip', 'remove') then
    update public.webhook_deliveries d set status = 'dead', last_reason = 'skipped' where d.endpoint_id = e.endpoint_id and d.status = 'pending';
  end if;
  if change = 'remove' then
    delete from public.webhook_secrets s where s.endpoint_id = e.endpoint_id;
  end if;
  if change = 'resume' then
    waiting := array(select d.event_id from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.status = 'pending' order by d.created_at, d.delivery_id);
    perform evergreen.queue_webhooks(e.endpoint_id, waiting, request_id);
  end if;
  perform evergreen.emit('WEBHOOK_SET', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id, 'change', change), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: ' || change, request_id);
  answer := jsonb_build_object('endpoint_id', e.endpoint_id, 'status', case change when 'pause' then 'paused' when 'remove' then 'removed' else 'active' end);
  perform evergreen.keep_answer('fn_change_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_change_webhook(uuid, text, text) is
  'Pauses a webhook of the caller (operations: anybody''s), resumes it with what waits or from now on, or removes it with its secrets. Returns {endpoint_id, status}. EG400, EG404, EG428.';

create or replace function public.fn_rotate_webhook(endpoint_id uuid, sealed text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  until timestamptz := now() + interval '24 hours';
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id, 'sealed', sealed);
  answer := evergreen.earlier_answer('fn_rotate_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(sealed ~ '^v1\.mk-[0-9a-f]{16}\.[A-Za-z0-9+/]{43}=\.[A-Za-z0-9+/]{60,200}={0,2}$', 'EG400', 'sealed is a secret sealed with the key of fn_read_webhook_key.');
  e := evergreen.own_webhook(endpoint_id, false);
  -- two sign at most: the new one, and for a day the one that it replaces
  delete from public.webhook_secrets s where s.endpoint_id = e.endpoint_id and s.valid_until is not null;
  update public.webhook_secrets s set valid_until = until where s.endpoint_id = e.endpoint_id;
  insert into public.webhook_secrets (endpoint_id, sealed) values (e.endpoint_id, fn_rotate_webhook.sealed);
  perform evergreen.emit('WEBHOOK_SET', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id, 'change', 'rotate'), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: secret replaced', request_id);
  answer := jsonb_build_object('endpoint_id', e.endpoint_id, 'old_until', until);
  perform evergreen.keep_answer('fn_rotate_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_rotate_webhook(uuid, text, text) is
  'Gives a webhook of the caller a new secret, sealed for the workers; for 24 hours the old one signs along. Returns {endpoint_id, old_until}. EG400, EG404.';

create or replace function public.fn_test_webhook(endpoint_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  test uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id);
  answer := evergreen.earlier_answer('fn_test_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  e := evergreen.own_webhook(endpoint_id, false);
  perform evergreen.refuse_unless(e.status = 'active', 'EG428', 'The webhook is not active; resume it first.');
  test := evergreen.emit('WEBHOOK_TESTED', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.queue_webhooks(e.endpoint_id, array[test], request_id);
  perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: test asked for', request_id);
  answer := jsonb_build_object('event_id', test, 'delivery_id', (select d.delivery_id from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.event_id = test));
  perform evergreen.keep_answer('fn_test_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_test_webhook(uuid, text) is 'Sends a webhook of the caller an event that says nothing but that it is a test. Returns {event_id, delivery_id}. EG404, EG428.';

create or replace function public.fn_resend_webhook(delivery_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.webhook_deliveries;
  e public.webhook_endpoints;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('delivery_id', delivery_id);
  answer := evergreen.earlier_answer('fn_resend_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into d from public.webhook_deliveries x where x.delivery_id = fn_resend_webhook.delivery_id;
  e := evergreen.own_webhook(d.endpoint_id, true);
  perform evergreen.refuse_unless(e.status = 'active', 'EG428', 'The webhook is not active; resume it first.');
  select * into d from public.webhook_deliveries x where x.delivery_id = fn_resend_webhook.delivery_id for no key update;
  perform evergreen.refuse_unless(d.status <> 'pending', 'EG428', 'The delivery is on its way already.');
  perform evergreen.queue_webhooks(e.endpoint_id, array[d.event_id], request_id);
  perform evergreen.audit(e.fund_id, 'webhook_deliveries', d.delivery_id::text, 'webhook: sent again', request_id);
  answer := jsonb_build_object('delivery_id', d.delivery_id, 'status', 'pending');
  perform evergreen.keep_answer('fn_resend_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_resend_webhook(uuid, text) is 'Sends a delivery again under its id, so that a receiver that has it knows it. Returns {delivery_id, status}. EG404, EG428 on its way already, or the webhook is not active.';

create or replace function public.fn_list_webhooks() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role', 'audit_role');
  return (select coalesce(jsonb_agg(jsonb_build_object('endpoint_id', e.endpoint_id, 'fund_id', e.fund_id, 'fund', f.code, 'url', e.url, 'types', to_jsonb(e.types), 'owner_role', e.owner_role,
      'mine', e.owner_id is not distinct from evergreen.user_id(), 'status', e.status, 'reason', e.reason, 'failing_since', e.failing_since, 'delivered_at', e.delivered_at, 'created_at', e.created_at,
      'pending', (select count(*) from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.status = 'pending'),
      'dead', (select count(*) from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.status = 'dead'),
      -- while the platform sends nothing the row stands still
      'stopped_at', case when e.status <> 'active' and e.reason <> 'people' then e.updated_at end, 'given_up', g.given_up, 'given_up_at', g.given_up_at) order by e.created_at, e.endpoint_id), '[]')
    from public.webhook_endpoints e left join public.funds f using (fund_id) cross join lateral (
      -- attempts used up; what somebody skipped, or went with the receiver, waits for nobody
      select count(*) as given_up, min(d.updated_at) as given_up_at from public.webhook_deliveries d
       where d.endpoint_id = e.endpoint_id and d.status = 'dead' and d.last_reason is distinct from 'skipped' and d.last_reason is distinct from 'gone' and d.last_status is distinct from 410 and d.updated_at > now() - interval '30 days') g
   where e.status <> 'removed' and ((e.owner_id = evergreen.user_id() and e.owner_role = evergreen.role_name()) or evergreen.role_name() in ('ops_role', 'audit_role')));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_webhooks() is 'Webhooks of the caller, for operations and audit everybody''s: address, types, status, since when it is stopped, what waits, what could not be delivered and what of it was given up in the last 30 days. Never a secret.';

create or replace function public.fn_list_webhook_deliveries(endpoint_id uuid, most int default 50) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role', 'audit_role');
  perform evergreen.refuse_unless(most between 1 and 500, 'EG400', 'most is 1 to 500.');
  perform evergreen.refuse_unless(exists (select from public.webhook_endpoints e where e.endpoint_id = fn_list_webhook_deliveries.endpoint_id
     and ((e.owner_id = evergreen.user_id() and e.owner_role = evergreen.role_name()) or evergreen.role_name() in ('ops_role', 'audit_role'))), 'EG404', 'No webhook of yours with that id.');
  return (select coalesce(jsonb_agg(jsonb_build_object('delivery_id', d.delivery_id, 'event_id', d.event_id, 'type', v.type, 'status', d.status, 'attempts', d.attempts, 'next_at', d.next_at,
      'last_status', d.last_status, 'last_reason', d.last_reason, 'delivered_at', d.delivered_at, 'created_at', d.created_at, 'tries', d.tries) order by d.created_at desc, d.delivery_id), '[]')
    from (select * from public.webhook_deliveries x where x.endpoint_id = fn_list_webhook_deliveries.endpoint_id order by x.created_at desc, x.delivery_id limit most) d
    join public.fund_events v using (event_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_webhook_deliveries(uuid, int) is 'The newest deliveries of a webhook of the caller (operations and audit: anybody''s): type, attempts, what the receiver answered last, and each attempt with its time, status, code and milliseconds. EG400, EG404.';

create or replace function public.fn_read_webhook_key() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  key jsonb;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  select p.value into key from public.platform_settings p where p.key = 'webhook_key';
  perform evergreen.refuse_unless(key is not null, 'EG428', 'No worker has told its key yet; start one and try again.');
  return key;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_webhook_key() is 'The public key (X25519) for which secrets of webhooks are sealed: {key_id, public_key}. Only workers open what is sealed. EG428 while no worker has told one.';

-- from sql/6w-fn-incidents.sql
-- Incident mode: one switch per fund that stops dealing, actions on its chain and notices to investors together. One person opens it, two close it.

create or replace function evergreen.refuse_in_incident() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- the first look costs nothing while no fund has an incident
  if exists (select from public.incidents i where i.closed_at is null) and exists (
    select from changed c cross join lateral (select to_jsonb(c) as body) b
      join public.incidents i on i.closed_at is null and i.fund_id = coalesce((b.body ->> 'fund_id')::uuid,
        (select k.fund_id from public.share_classes k where k.share_class_id = (b.body ->> 'share_class_id')::uuid),
        (select d.fund_id from public.dealing_days d where d.dealing_day_id = (b.body ->> 'dealing_day_id')::uuid))
     -- what only stops more goes on: units are paused and frozen, clearance is taken away; and chain and register are compared, since what is known goes on being known
     where coalesce(b.body ->> 'kind', '') not in ('pause', 'freeze', 'claim_revoke', 'reconcile')) then
    raise exception using errcode = 'EG433', message = 'An incident of this fund is open: dealing, actions on its chain and notices wait until two people have closed it.';
  end if;
  return null;
end $$;
comment on function evergreen.refuse_in_incident() is 'Refuses every write to the tables of dealing, chain and notices of a fund whose incident is open (EG433); runs ask again until it is closed.';

do $$
declare
  name text;
begin
  foreach name in array array['fund_flows', 'dealing_days', 'nav_strikes', 'ledger_transactions', 'cash_movements', 'restatements', 'in_kind_deliveries', 'repurchase_offers',
    'payment_files', 'statements', 'tokenization_actions'] loop
    execute format('create or replace trigger incident_insert after insert on public.%I referencing new table as changed for each statement execute function evergreen.refuse_in_incident()', name);
    execute format('create or replace trigger incident_update after update on public.%I referencing new table as changed for each statement execute function evergreen.refuse_in_incident()', name);
  end loop;
  -- no contract and no wallet comes to a chain; what is known of those that are there (paused, compared, frozen) goes on being written
  foreach name in array array['token_contracts', 'wallets'] loop
    execute format('create or replace trigger incident_insert after insert on public.%I referencing new table as changed for each statement execute function evergreen.refuse_in_incident()', name);
  end loop;
end $$;

create or replace function public.fn_open_incident(fund text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  made public.incidents;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'reason', reason);
  answer := evergreen.earlier_answer('fn_open_incident', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) >= 10 and length(reason) <= 1900, 'EG400', 'reason has 10 to 1,900 characters.');
  perform evergreen.harmless_text('fn_open_incident', to_jsonb(reason));
  -- what writes to the fund holds this row: it is through before the switch, or meets it
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(not exists (select from public.incidents i where i.fund_id = of_fund.fund_id and i.closed_at is null), 'EG428', 'An incident of this fund is open already.');
  insert into public.incidents (fund_id, reason, opened_by) values (of_fund.fund_id, btrim(fn_open_incident.reason), evergreen.actor()) returning * into made;
  perform evergreen.emit('INCIDENT_OPENED', of_fund.fund_id, jsonb_build_object('incident_id', made.incident_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'incidents', made.incident_id::text, 'incident opened', request_id);
  perform evergreen.pause_for_incident(made);
  answer := jsonb_build_object('incident_id', made.incident_id, 'state', 'open');
  perform evergreen.keep_answer('fn_open_incident', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_incident(text, text, text) is
  'Stops dealing, actions on the chain and notices of a fund at once, and asks for its share contracts to be paused; whoever sees the danger does it alone, with a reason. Returns {incident_id, state}. EG400, EG404, EG428 open already.';

create or replace function public.fn_close_incident(incident_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  i public.incidents;
  state text := 'asked';
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('incident_id', incident_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_close_incident', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) >= 10 and length(reason) <= 1900, 'EG400', 'reason has 10 to 1,900 characters.');
  perform evergreen.harmless_text('fn_close_incident', to_jsonb(reason));
  select * into i from public.incidents x where x.incident_id = fn_close_incident.incident_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No incident with that id.');
  perform evergreen.refuse_unless(i.closed_at is null, 'EG428', 'The incident is closed.');
  perform evergreen.refuse_unless(i.close_asked_by is distinct from evergreen.actor(), 'EG420', 'You have asked for it: another person closes the incident.');
  if i.close_asked_by is null then
    update public.incidents x set close_asked_by = evergreen.actor(), close_asked_at = now(), close_reason = btrim(fn_close_incident.reason) where x.incident_id = i.incident_id;
    perform evergreen.emit('INCIDENT_CLOSE_ASKED', i.fund_id, jsonb_build_object('incident_id', i.incident_id), evergreen.actor(), '{}', '{}', request_id);
  else
    state := 'closed';
    update public.incidents x set closed_by = evergreen.actor(), closed_at = now(), closed_reason = btrim(fn_close_incident.reason) where x.incident_id = i.incident_id;
    perform evergreen.emit('INCIDENT_CLOSED', i.fund_id, jsonb_build_object('incident_id', i.incident_id), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.resume_after_incident(i);
  end if;
  perform evergreen.audit(i.fund_id, 'incidents', i.incident_id::text, case state when 'asked' then 'closing of the incident asked for' else 'incident closed' end, request_id);
  answer := jsonb_build_object('incident_id', i.incident_id, 'state', state);
  perform evergreen.keep_answer('fn_close_incident', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_close_incident(uuid, text, text) is
  'The first person asks to close an incident, another one closes it; both give their reason. The end of the pause on the chain is asked for then, and two people approve it. Returns {incident_id, state: asked | closed}. EG400, EG404, EG420 the same person, EG428 closed already.';

-- from sql/6w-fn-pages-desk.sql
-- Whole pages of operations and of the auditor in one round trip each, with the rights of whoever reads them: the work that waits, the audit trail and its chains.

create or replace function public.fn_read_desk() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with steps as (
    -- the newest word about each failure; what was left with the second person's word, where one is needed, waits for nobody
    select distinct on (s.kind, s.subject) s.kind, s.subject, s.created_at, s.due_at, s.action = 'skip' and s.decided_at is not null as done,
           case when s.action = 'escalate' then 'escalated to ' || case s.to_role when 'pm_role' then 'portfolio managers' else 'operations' end
                when s.decided_at is null then 'somebody asked to leave it: a second person confirms' end as why
      from public.failure_steps s order by s.kind, s.subject, s.created_at desc
  ), hooks as materialized (
    select e.* from jsonb_to_recordset(public.fn_list_webhooks()) e (endpoint_id uuid, fund_id uuid, url text, reason text, stopped_at timestamptz, given_up int, given_up_at timestamptz)
  ), work (kind, id, fund_id, what, due, since, reason) as (
    select 'proposal', p.proposal_id::text, p.fund_id, p.kind, p.expires_at, p.created_at, null::text from public.proposals p where p.status = 'pending' and p.expires_at > now()
    union all
    -- a day that is open waits for its clock; a later one for its next step
    select 'dealing_day', d.dealing_day_id::text, d.fund_id, d.status, case when d.status = 'open' then d.cut_off_at end, d.created_at, 'class ' || c.code || ', ' || d.dealing_date
      from public.dealing_days d join public.share_classes c using (share_class_id) where d.status not in ('closed', 'discarded')
    union all
    select 'dead_letter', o.event_id::text, o.fund_id, o.type, n.due_at, o.dead_at, concat_ws('; ', o.reason, n.why) from public.event_outbox o
      left join lateral (select * from steps s where s.kind = 'event' and s.subject = o.event_id::text and s.created_at >= o.dead_at) n on true where o.dead_at is not null and n.done is not true
    union all
    select 'dead_batch', b.batch_id::text, null, b.type, n.due_at, b.dead_at, concat_ws('; ', b.reason, n.why) from public.event_batches b
      left join lateral (select * from steps s where s.kind = 'batch' and s.subject = b.batch_id::text and s.created_at >= b.dead_at) n on true where b.dead_at is not null and b.done_at is null and n.done is not true
    union all
    select 'import', i.import_id::text, i.fund_id, i.kind, null, i.recorded_at, i.refused || ' refused, ' || i.unmatched || ' unmatched of ' || i.rows || ' rows'
      from public.import_batches i where i.status = 'imported' and i.refused + i.unmatched > 0
    union all
    select 'market_value', h.held_id::text, null, h.series, null, h.recorded_at, 'moved ' || round(h.move_bps) || ' bp, the breaker allows ' || round(h.limit_bps) from public.market_held h where h.status = 'held'
    union all
    select 'held_order', o.flow_id::text, o.fund_id, o.direction, null, o.updated_at, o.reason from public.fund_flows o where o.status = 'held'
    union all
    select 'bank_account', a.account_id::text, a.fund_id, a.status, null, a.created_at, 'somebody else than who proposed it decides' from public.bank_accounts a where a.status = 'proposed'
    union all
    select 'alert', a.alert_id::text, a.fund_id, a.kind, null, a.created_at, a.reason from public.risk_alerts a where a.acknowledged_at is null
    union all
    select 'run', r.workflow_id, r.fund_id, r.type, n.due_at, coalesce(r.ended_at, r.started_at), concat_ws('; ', 'the run ended as failed', n.why) from public.workflow_runs r
      left join lateral (select * from steps s where s.kind = 'run' and s.subject = r.workflow_id and s.created_at >= coalesce(r.ended_at, r.started_at)) n on true where r.status = 'failed' and n.done is not true
    union all
    -- a receiver that is told nothing is looked at within a day; of others' webhooks only operations and audit hear
    select 'webhook', e.endpoint_id::text, e.fund_id, e.reason, e.stopped_at + interval '24 hours', e.stopped_at, e.url
      from hooks e where e.stopped_at is not null
    union all
    select 'webhook_deliveries', e.endpoint_id::text, e.fund_id, 'given_up', e.given_up_at + interval '24 hours', e.given_up_at, e.given_up || ' to ' || e.url
      from hooks e where e.given_up > 0 and e.stopped_at is null
  )
  select jsonb_build_object(
    'read_at', now(),
    'work', coalesce((select jsonb_agg(jsonb_build_object('kind', w.kind, 'id', w.id, 'fund', f.code, 'what', w.what, 'due', w.due, 'since', w.since, 'reason', w.reason)
        order by w.due nulls last, w.since, w.kind, w.id)
      from (select * from work order by due nulls last, since, kind, id limit 500) w left join public.funds f using (fund_id)), '[]'::jsonb),
    'outbox', (select jsonb_build_object('waiting', count(*) filter (where o.dead_at is null), 'dead', count(*) filter (where o.dead_at is not null),
        'oldest', min(o.created_at) filter (where o.dead_at is null)) from public.event_outbox o),
    'runs', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', r.workflow_id, 'type', r.type, 'status', r.status, 'fund', f.code, 'started_at', r.started_at, 'ended_at', r.ended_at)
        order by r.started_at desc, r.workflow_id)
      from (select * from public.workflow_runs x order by x.started_at desc, x.workflow_id limit 20) r left join public.funds f using (fund_id)), '[]'::jsonb),
    'imports', coalesce((select jsonb_agg(jsonb_build_object('import_id', i.import_id, 'fund', f.code, 'kind', i.kind, 'format', i.format, 'file_name', i.file_name, 'rows', i.rows, 'accepted', i.accepted,
        'refused', i.refused, 'unmatched', i.unmatched, 'status', i.status, 'recorded_at', i.recorded_at) order by i.recorded_at desc, i.import_id)
      from (select * from public.import_batches x order by x.recorded_at desc, x.import_id limit 20) i join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_desk() is
  'The desk of operations: what waits for somebody, by due time (at most 500), the outbox, the newest runs and imports. Under the reader''s row-level security.';

create or replace function public.fn_read_trail(entity_id text default null, before bigint default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with cursor as (select c.tx, c.seq from public.audit_cursor c),
  ends as (
    -- the last block of each chain: what lies at or before its end is sealed
    select distinct on (b.chain_id) b.chain_id, b.height, b.to_tx, b.to_seq, encode(b.hash, 'hex') as head, b.created_at,
           sum(b.entries) over (partition by b.chain_id) as entries
      from public.audit_blocks b order by b.chain_id, b.height desc
  ), entries as (
    select t.* from public.audit_trail t where (fn_read_trail.entity_id is null or t.entity_id = fn_read_trail.entity_id)
       and (fn_read_trail.before is null or t.seq < fn_read_trail.before) order by t.seq desc limit 100
  )
  select jsonb_build_object(
    'read_at', now(),
    'chains', coalesce((select jsonb_agg(jsonb_build_object('chain_id', e.chain_id, 'fund', f.code, 'height', e.height::text, 'entries', e.entries::text, 'head', e.head, 'sealed_at', e.created_at)
        order by f.code nulls first, e.chain_id) from ends e left join public.funds f on f.fund_id = e.chain_id), '[]'::jsonb),
    'unsealed', (select count(*) from public.audit_trail t, cursor c where (t.tx, t.seq) > (c.tx, c.seq)),
    'oldest_unsealed', (select min(t.created_at) from public.audit_trail t, cursor c where (t.tx, t.seq) > (c.tx, c.seq)),
    'entries', coalesce((select jsonb_agg(jsonb_build_object('audit_id', t.audit_id, 'seq', t.seq::text, 'at', t.created_at, 'fund', f.code, 'entity_type', t.entity_type, 'entity_id', t.entity_id,
        'message', t.message, 'by', t.created_by, 'digest', encode(t.digest, 'hex'),
        'sealed', coalesce((t.tx, t.seq) <= (e.to_tx, e.to_seq), false)) order by t.seq desc)
      from entries t left join public.funds f using (fund_id) left join ends e on e.chain_id = coalesce(t.fund_id, '00000000-0000-0000-0000-000000000000')), '[]'::jsonb))
$$;
comment on function public.fn_read_trail(text, bigint) is
  'The audit trail, the newest 100 entries (of one entity, before a seq), each with whether a block seals it; the chains with their heads, and what no block covers yet. Under the reader''s row-level security.';

create or replace function public.fn_read_changes(place text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with said as (
    select split_part(place, ':', 1)::xid8 as tx, split_part(place, ':', 2)::bigint as seq where place ~ '^[0-9]{1,20}:[0-9]{1,18}$'
  ), found as (
    -- below the oldest transaction that is still open nothing can appear any more: whoever goes on from there misses nothing
    select t.* from public.audit_trail t, said s where (t.tx, t.seq) > (s.tx, s.seq) and t.tx < pg_snapshot_xmin(pg_current_snapshot()) order by t.tx, t.seq limit 1000
  ), last as (
    select * from (select f.tx, f.seq from found f order by f.tx desc, f.seq desc limit 1) f
    union all select * from (select t.tx, t.seq from public.audit_trail t where not exists (select from said) and t.tx < pg_snapshot_xmin(pg_current_snapshot())
      order by t.tx desc, t.seq desc limit 1) t
  )
  select jsonb_build_object(
    'place', coalesce((select l.tx || ':' || l.seq from last l), (select s.tx || ':' || s.seq from said s), '0:0'),
    'changes', coalesce((select jsonb_agg(jsonb_build_object('table', f.entity_type, 'id', f.entity_id,
        'is_new', not exists (select from public.audit_trail e where e.entity_id = f.entity_id and e.entity_type = f.entity_type and e.seq < f.seq)) order by f.tx, f.seq) from found f), '[]'::jsonb))
$$;
comment on function public.fn_read_changes(text) is
  'The rows that functions have written since a place in the audit trail, at most 1,000, and the place to go on from; without a place: none, and where the trail ends now. Under the reader''s row-level security.';

-- from sql/6w-fn-pages-figures.sql
-- Any figure of a page, explained: its formula with the rule, its inputs with their rows and ages, the run and the trace it came from, the memories of that run.

create or replace function public.fn_explain_figure(figure text, id text, part text default null) returns jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  -- what is not an id is looked for nowhere
  key uuid := case when trim(fn_explain_figure.id) ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then trim(fn_explain_figure.id)::uuid end;
  class uuid := case when split_part(part, '/', 1) ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then split_part(part, '/', 1)::uuid end;
  side text := split_part(part, '/', 2);
  -- tables of staff are not even named to an investor
  staff boolean := current_user <> 'lp_role';
  of_fund uuid;
  r record;
  s record;
  deal jsonb;
  answer jsonb;
  inputs jsonb := '[]';
  run text;
  trace text;
  about uuid[] := '{}';
  memories jsonb := '[]';
begin
  if figure is null or figure not in ('nav', 'nav_change', 'nav_per_unit', 'dealing_price', 'worth', 'units', 'paid_in', 'paid_out', 'performance', 'fill', 'fill_amount',
      'ladder_cover', 'ladder_gap', 'stress_nav_after', 'stress_loss', 'weight', 'drift', 'exposure') then
    raise exception using errcode = 'EG400', message = 'figure is one of those that the pages name: nav, nav_per_unit, worth, fill and so on.';
  end if;

  if figure = 'nav' and staff then
    select x.* into s from public.nav_strikes x where x.strike_id = key and x.nav is not null;
    if found then
      of_fund := s.fund_id;
      with listed as (
        select n.*, row_number() over (order by abs(n.value) desc, n.label, n.input_id) as place from public.nav_inputs n where n.strike_id = key
      ), shown (kind, name, value, source, ref, as_of, note, place) as (
        select l.kind, l.label, l.value, 'nav_inputs', l.input_id::text, l.as_of::text, concat_ws(', ', l.source, l.age_days || ' days old',
            case when l.mark is not null then 'R5: ' || trim_scale(l.mark) || ' moved by ' || trim_scale(l.beta) || ' × ' || l.index_series || ' from ' || trim_scale(l.index_at_mark) || ' to ' || trim_scale(l.index_now) end,
            case when l.blocked_by is not null then 'blocked by ' || l.blocked_by end), l.place
          from listed l where l.place <= 200
        union all select l.kind, count(*) || ' smaller ones', sum(l.value), 'nav_inputs', null, max(l.as_of)::text, 'together', 1000 from listed l where l.place > 200 group by l.kind
        union all select 'performance_fee', 'Performance fee accrued', s.performance_fee, 'nav_strikes', s.strike_id::text, s.nav_date::text, 'the sum of the classes', 2000)
      select jsonb_agg(jsonb_build_object('kind', i.kind, 'name', i.name, 'value', i.value::text, 'table', i.source, 'id', i.ref, 'as_of', i.as_of, 'note', i.note) order by i.place, i.kind) into inputs from shown i;
      answer := jsonb_build_object('title', 'Net asset value of ' || s.nav_date || ', version ' || s.version, 'rule', 'R4',
        'formula', 'assets + cash + receivables − debt − payables − accruals − performance fee', 'value', s.nav::text, 'as_of', s.nav_date,
        'row', jsonb_build_object('table', 'nav_strikes', 'id', s.strike_id, 'hash', s.inputs_hash, 'recorded_at', s.recorded_at), 'proposal_id', s.proposal_id);
      about := array[s.strike_id, s.proposal_id];
      run := (select p.workflow_id from public.proposals p where p.proposal_id = s.proposal_id);
    end if;

  elsif figure = 'nav_change' and staff and key is not null then
    deal := public.fn_read_morning(key);
    if deal -> 'change' <> 'null' then
      of_fund := key;
      inputs := jsonb_build_array(jsonb_build_object('kind', 'opening', 'name', 'NAV of ' || (deal #>> '{change,since}'), 'value', deal #>> '{change,opening}', 'table', 'nav_strikes', 'as_of', deal #>> '{change,since}'))
        || (select jsonb_agg(jsonb_build_object('kind', 'reason', 'name', x ->> 'reason', 'value', x ->> 'amount',
              'table', case x ->> 'reason' when 'subscriptions' then 'fund_flows' when 'redemptions' then 'fund_flows' when 'result' then 'nav_inputs' else 'cash_movements' end,
              'note', case x ->> 'reason' when 'result' then 'what is left: closing less opening less the other reasons' end) order by n) from jsonb_array_elements(deal #> '{change,reasons}') with ordinality y (x, n))
        || jsonb_build_array(jsonb_build_object('kind', 'closing', 'name', 'NAV of ' || (deal #>> '{nav,date}'), 'value', deal #>> '{change,closing}', 'table', 'nav_strikes', 'id', deal #>> '{nav,strike_id}', 'as_of', deal #>> '{nav,date}',
              'opens', jsonb_build_object('figure', 'nav', 'id', deal #>> '{nav,strike_id}')));
      answer := jsonb_build_object('title', 'Change of the net asset value', 'rule', 'R4', 'formula', 'closing NAV − opening NAV = the sum of the reasons', 'value', deal #>> '{change,amount}', 'as_of', deal #>> '{nav,date}',
        'row', jsonb_build_object('table', 'nav_strikes', 'id', deal #>> '{nav,strike_id}', 'recorded_at', deal #>> '{nav,recorded_at}'));
      about := array[(deal #>> '{nav,strike_id}')::uuid];
      run := (select p.workflow_id from public.nav_strikes x join public.proposals p using (proposal_id) where x.strike_id = about[1]);
    end if;

  elsif figure in ('nav_per_unit', 'dealing_price') then
    select n.*, c.fund_id, c.code, c.currency, c.price_dp, round((n.nav + n.performance_accrued) / nullif(n.units, 0), c.price_dp) as before_fee into r
      from public.class_navs n join public.share_classes c using (share_class_id) where n.strike_id = key and n.share_class_id = class;
    if found then
      of_fund := r.fund_id;
      about := array[r.strike_id];
      if staff then
        select x.nav_date, x.proposal_id, x.nav, x.inputs_hash, p.workflow_id, d.terms, d.workflow_id as deals into s from public.nav_strikes x left join public.proposals p using (proposal_id)
          left join public.dealing_days d on d.strike_id = x.strike_id and d.share_class_id = class where x.strike_id = key;
        run := case figure when 'dealing_price' then coalesce(s.deals, s.workflow_id) else s.workflow_id end;
        deal := jsonb_build_object('date', s.nav_date, 'hash', s.inputs_hash, 'terms', s.terms, 'nav', s.nav::text);
      end if;
      if figure = 'nav_per_unit' then
        inputs := jsonb_build_array(
          jsonb_build_object('kind', 'class_nav', 'name', 'NAV of class ' || r.code, 'value', r.nav::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date', 'note', 'after a performance fee accrued of ' || r.performance_accrued),
          jsonb_build_object('kind', 'units', 'name', 'Units of class ' || r.code, 'value', trim_scale(r.units)::text, 'unit', 'units', 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date'))
          || case when staff then jsonb_build_array(jsonb_build_object('kind', 'fund_nav', 'name', 'NAV of the fund, of which this is the part of the class', 'value', deal ->> 'nav', 'table', 'nav_strikes', 'id', key, 'as_of', deal ->> 'date',
            'opens', jsonb_build_object('figure', 'nav', 'id', key))) else '[]'::jsonb end;
        answer := jsonb_build_object('title', 'NAV per unit, class ' || r.code, 'rule', 'R4', 'formula', 'NAV of the class ÷ its units, half up at ' || r.price_dp || ' decimals', 'value', trim_scale(r.nav_per_unit)::text);
      else
        answer := jsonb_build_object('entry', case when side = 'subscription' then r.dealing_price_sub else r.dealing_price_red end, 'swing', case when deal -> 'terms' <> 'null' then
          coalesce((deal #>> array['terms', case side when 'subscription' then 'swing_sub' else 'swing_red' end])::numeric, 0) else r.swing_factor end);
        if side in ('subscription', 'redemption') and answer ->> 'entry' is not null then
          inputs := jsonb_build_array(
            -- one subscribes before the performance fee that the class owes (R24), and redeems after it
            case when side = 'subscription' and round(r.before_fee * (1 + (answer ->> 'swing')::numeric), r.price_dp) = r.dealing_price_sub and r.performance_accrued > 0
              then jsonb_build_object('kind', 'price', 'name', 'Price before performance fee', 'value', trim_scale(r.before_fee)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date')
              else jsonb_build_object('kind', 'price', 'name', 'NAV per unit', 'value', trim_scale(r.nav_per_unit)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date',
                'opens', jsonb_build_object('figure', 'nav_per_unit', 'id', key, 'part', class)) end,
            jsonb_build_object('kind', 'swing', 'name', 'Swing of the side', 'value', trim_scale((answer ->> 'swing')::numeric)::text, 'unit', 'ratio', 'table', 'dealing_days', 'as_of', deal ->> 'date'));
          answer := jsonb_build_object('title', 'Dealing price for a ' || side || ', class ' || r.code, 'rule', 'R10', 'formula', 'price × (1 + swing), half up at ' || r.price_dp || ' decimals', 'value', trim_scale((answer ->> 'entry')::numeric)::text);
        else
          answer := null;
        end if;
      end if;
      answer := answer || jsonb_build_object('unit', r.currency, 'decimals', r.price_dp, 'as_of', coalesce(deal ->> 'date', r.published_at::date::text),
        'row', jsonb_build_object('table', 'class_navs', 'id', r.strike_id || '/' || r.share_class_id, 'hash', deal ->> 'hash', 'recorded_at', coalesce(r.published_at, r.created_at)));
    end if;

  elsif figure in ('worth', 'units') then
    select h.units, h.updated_at, i.code as investor, c.code, c.fund_id, c.currency, c.units_dp, u.exponent, p.strike_id, p.nav_per_unit, p.published_at into r
      from public.holdings h join public.investors i using (investor_id) join public.share_classes c using (share_class_id) join public.currencies u on u.code = c.currency
      left join lateral (select n.strike_id, n.nav_per_unit, n.published_at from public.class_navs n where n.share_class_id = c.share_class_id and n.published_at is not null order by n.published_at desc limit 1) p on true
     where h.investor_id = key and h.share_class_id = class;
    if found and figure = 'units' then
      of_fund := r.fund_id;
      inputs := coalesce((select jsonb_agg(jsonb_build_object('kind', 'lot', 'name', 'Lot opened ' || l.opened_on, 'value', trim_scale(l.units_left)::text, 'unit', 'units', 'table', 'lots', 'id', l.lot_id, 'as_of', l.opened_on,
          'note', trim_scale(l.units_issued) || ' issued at ' || trim_scale(l.price), 'opens', case when l.flow_id is not null then jsonb_build_object('figure', 'fill', 'id', l.flow_id) end) order by l.opened_on, l.lot_id)
        from public.lots l where l.investor_id = key and l.share_class_id = class and l.units_left > 0), '[]');
      answer := jsonb_build_object('title', 'Units of ' || r.investor || ' in class ' || r.code, 'rule', 'R3', 'formula', 'the sum of what is left of each lot; the oldest lots leave first', 'value', trim_scale(r.units)::text,
        'unit', 'units', 'decimals', r.units_dp, 'row', jsonb_build_object('table', 'holdings', 'id', key || '/' || class, 'recorded_at', r.updated_at));
    elsif found and r.nav_per_unit is not null then
      of_fund := r.fund_id;
      inputs := jsonb_build_array(
        jsonb_build_object('kind', 'units', 'name', 'Units', 'value', trim_scale(r.units)::text, 'unit', 'units', 'table', 'holdings', 'id', key || '/' || class, 'as_of', r.updated_at::date, 'opens', jsonb_build_object('figure', 'units', 'id', key, 'part', class)),
        jsonb_build_object('kind', 'price', 'name', 'NAV per unit that was published last', 'value', trim_scale(r.nav_per_unit)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.strike_id || '/' || class, 'as_of', r.published_at::date,
          'opens', jsonb_build_object('figure', 'nav_per_unit', 'id', r.strike_id, 'part', class)));
      answer := jsonb_build_object('title', 'Worth of ' || r.investor || ' in class ' || r.code, 'rule', 'R4', 'formula', 'units × NAV per unit, half up at the minor unit', 'value', round(r.units * r.nav_per_unit, r.exponent)::text,
        'unit', r.currency, 'decimals', r.exponent, 'as_of', r.published_at::date, 'row', jsonb_build_object('table', 'holdings', 'id', key || '/' || class, 'recorded_at', r.updated_at));
    end if;

  elsif figure in ('paid_in', 'paid_out') then
    select i.code as investor, c.code, c.fund_id, c.currency, u.exponent into r from public.investors i, public.share_classes c join public.currencies u on u.code = c.currency
     where i.investor_id = key and c.share_class_id = class and exists (select from public.fund_flows o where o.investor_id = key and o.share_class_id = class);
    if found then
      of_fund := r.fund_id;
      select jsonb_agg(jsonb_build_object('kind', 'flow', 'name', o.direction || ' of ' || coalesce(o.dealing_date::text, o.requested_at::date::text), 'value', o.net_amount::text, 'table', 'fund_flows', 'id', o.flow_id, 'as_of', o.dealing_date,
          'opens', jsonb_build_object('figure', 'fill_amount', 'id', o.flow_id)) order by o.dealing_date, o.flow_id), coalesce(sum(o.net_amount), 0)::text
        into inputs, side from public.fund_flows o where o.investor_id = key and o.share_class_id = class and o.net_amount is not null and o.direction = case figure when 'paid_in' then 'subscription' else 'redemption' end;
      inputs := coalesce(inputs, '[]');
      answer := jsonb_build_object('title', case figure when 'paid_in' then 'Paid in by ' else 'Paid out to ' end || r.investor || ', class ' || r.code, 'rule', 'R41', 'formula', 'the sum of the net amounts of the orders that were dealt', 'value', side,
        'unit', r.currency, 'decimals', r.exponent, 'row', jsonb_build_object('table', 'fund_flows', 'id', key || '/' || class));
    end if;

  elsif figure = 'performance' and part in ('twr', 'twr_yearly', 'xirr', 'paid_in', 'tvpi', 'dpi') then
    -- an investor's are the own; the measures are computed from these books by the calculation that every page and the statement use
    deal := public.fn_performance_books(fn_explain_figure.id);
    of_fund := (select f.fund_id from public.funds f where f.code = fn_explain_figure.id or f.fund_id = key);
    inputs := coalesce((select jsonb_agg(x.line order by x.line ->> 'as_of', x.line ->> 'kind') from jsonb_array_elements(deal -> 'classes') c
      cross join lateral (
        select jsonb_build_object('kind', 'flow', 'name', 'Class ' || (c ->> 'code') || ', ' || replace(w ->> 'via', '_', ' '), 'value', ((w ->> 'paidIn')::numeric - (w ->> 'paidOut')::numeric)::text, 'table', 'unit_ledger', 'as_of', w ->> 'date',
          'note', (w ->> 'units') || ' units; paid in counts above zero, paid out below') as line from jsonb_array_elements(c -> 'flows') w
        union all select jsonb_build_object('kind', 'price', 'name', 'Class ' || (c ->> 'code') || ', newest price', 'value', v.p ->> 'price', 'table', 'class_navs', 'as_of', v.p ->> 'date')
          from (select p from jsonb_array_elements(c -> 'prices') p order by p ->> 'date' desc limit 1) v where jsonb_array_length(c -> 'flows') > 0) x), '[]');
    answer := jsonb_build_object('title', case part when 'twr' then 'Return over the whole time' when 'twr_yearly' then 'Return per year' when 'xirr' then 'Return on the money per year' when 'paid_in' then 'Paid in'
        when 'tvpi' then 'Worth and paid out for each unit of money paid in' else 'Paid out for each unit of money paid in' end || ' (' || part || ')',
      'rule', case part when 'twr' then 'R43' when 'twr_yearly' then 'R43' when 'xirr' then 'R42' else 'R41' end,
      'formula', case part when 'twr' then 'Π (value before each flow ÷ value after the flow before) − 1' when 'twr_yearly' then '(1 + return) ^ (365 ÷ days) − 1' when 'xirr' then 'the rate at which Σ flow ÷ (1 + rate) ^ (days ÷ 365) + worth today is zero'
        when 'paid_in' then 'Σ paid in' when 'tvpi' then '(Σ paid out + worth today) ÷ Σ paid in' else 'Σ paid out ÷ Σ paid in' end || '; net of fees, method and window beside it (R46)',
      'value', null, 'unit', case part when 'paid_in' then deal ->> 'currency' else 'ratio' end, 'facts', deal, 'as_of', (select max(d ->> 'date') from jsonb_array_elements(deal -> 'dates') d),
      'row', jsonb_build_object('table', 'unit_ledger', 'id', deal #>> '{fund,code}', 'recorded_at', deal ->> 'knownOn'));

  elsif figure in ('fill', 'fill_amount') then
    select a.*, o.fund_id, o.direction, o.dealing_date, o.currency, c.code, c.units_dp, c.price_dp, u.exponent, n.strike_id into r
      from public.allocations a join public.fund_flows o using (flow_id) join public.share_classes c on c.share_class_id = a.share_class_id join public.currencies u on u.code = o.currency
      left join lateral (select x.strike_id from public.class_navs x where x.share_class_id = a.share_class_id and x.nav_per_unit = a.price and x.published_at is not null order by x.published_at desc limit 1) n on true
     where a.flow_id = key order by a.created_at desc limit 1;
    if found then
      of_fund := r.fund_id;
      about := array[r.flow_id, r.dealing_day_id];
      if staff then
        select jsonb_build_object('gate', coalesce((d.decision ->> 'gate')::boolean, false), 'fraction', d.decision ->> 'fraction', 'numerator', d.decision #>> '{exact_fraction,numerator}', 'denominator', d.decision #>> '{exact_fraction,denominator}'), d.workflow_id
          into deal, run from public.dealing_days d where d.dealing_day_id = r.dealing_day_id;
      else
        begin deal := public.fn_prove_order(key) -> 'deal'; exception when sqlstate 'EG428' then deal := null; end;
      end if;
      if figure = 'fill' then
        inputs := case when r.direction = 'redemption' then jsonb_build_array(
            jsonb_build_object('kind', 'requested', 'name', 'Units asked for', 'value', trim_scale(coalesce(r.requested_units, r.filled_units))::text, 'unit', 'units', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date),
            jsonb_build_object('kind', 'admitted', 'name', 'Of these admitted by lots and the gate of each investor', 'value', trim_scale(coalesce(r.admitted_units, r.requested_units, r.filled_units))::text, 'unit', 'units', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date),
            -- what is paid in full, or not at all, is not decided by the ratio of the day
            case when r.filled_units in (0, coalesce(r.admitted_units, r.requested_units, r.filled_units)) or not coalesce((deal ->> 'gate')::boolean, false)
              then jsonb_build_object('kind', 'fraction', 'name', 'Share of it that was paid', 'value', case r.filled_units when 0 then '0' else '1' end, 'unit', 'ratio', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date, 'note', 'cohort ' || r.cohort)
              else jsonb_build_object('kind', 'fraction', 'name', 'Share that the fund paid of what all asked for', 'value', deal ->> 'fraction', 'unit', 'ratio', 'table', 'dealing_days', 'id', r.dealing_day_id, 'as_of', r.dealing_date, 'note', 'cohort ' || r.cohort) end)
            || case when deal ->> 'denominator' is not null and r.filled_units not in (0, coalesce(r.admitted_units, r.requested_units, r.filled_units)) then jsonb_build_array(
              jsonb_build_object('kind', 'numerator', 'name', 'The same share exactly: numerator', 'value', deal ->> 'numerator', 'unit', 'ratio', 'table', 'dealing_days', 'id', r.dealing_day_id, 'as_of', r.dealing_date),
              jsonb_build_object('kind', 'denominator', 'name', 'and denominator', 'value', deal ->> 'denominator', 'unit', 'ratio', 'table', 'dealing_days', 'id', r.dealing_day_id, 'as_of', r.dealing_date)) else '[]'::jsonb end
          when r.requested_units is not null then jsonb_build_array(
            jsonb_build_object('kind', 'requested', 'name', 'Units asked for', 'value', trim_scale(r.requested_units)::text, 'unit', 'units', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date))
          else jsonb_build_array(
            jsonb_build_object('kind', 'net', 'name', 'Net amount', 'value', r.net_amount::text, 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date, 'opens', jsonb_build_object('figure', 'fill_amount', 'id', key)),
            jsonb_build_object('kind', 'price', 'name', 'Price', 'value', trim_scale(r.price)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.strike_id, 'as_of', r.dealing_date)) end;
        answer := jsonb_build_object('title', 'Fill of a ' || r.direction || ' of ' || coalesce(r.dealing_date::text, 'no date') || ', class ' || r.code, 'rule', case r.direction when 'redemption' then 'R6' else 'R5b' end,
          'formula', case r.direction when 'redemption' then 'admitted units × share of the day, rounded down; units left over go one each to the largest remainders; cohort ' || r.cohort else case when r.requested_units is not null then 'what was asked for' else 'net amount ÷ price, rounded down at ' || r.units_dp || ' decimals' end end,
          'value', trim_scale(r.filled_units)::text, 'unit', 'units', 'decimals', r.units_dp);
      else
        inputs := (select jsonb_agg(jsonb_build_object('kind', x.kind, 'name', x.name, 'value', x.value, 'unit', x.unit, 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date, 'opens', x.opens) order by x.place)
          from (values (1, 'filled', 'Units dealt', trim_scale(r.filled_units)::text, 'units', jsonb_build_object('figure', 'fill', 'id', key)),
            (2, 'price', 'Price', trim_scale(r.price)::text, r.currency::text, case when r.strike_id is not null then jsonb_build_object('figure', 'nav_per_unit', 'id', r.strike_id, 'part', r.share_class_id) end),
            (3, 'gross', 'Gross amount', r.gross_amount::text, null, null), (4, 'levy', 'Levy', r.levy::text, null, null), (5, 'fee', 'Fee', r.fee::text, null, null), (6, 'refund', 'Paid back', r.refund::text, null, null),
            (7, 'credit', 'Equalisation credit', r.credit::text, null, null)) x (place, kind, name, value, unit, opens) where jsonb_array_length(r.pieces) = 0 or x.kind not in ('filled', 'price'))
          -- by series each lot leaves at the price of its own (R25)
          || coalesce((select jsonb_agg(jsonb_build_object('kind', 'piece', 'name', 'Lot of series ' || (e ->> 'series'), 'value', e ->> 'amount', 'table', 'lots', 'id', e ->> 'lot_id', 'as_of', r.dealing_date, 'note', (e ->> 'units') || ' units at ' || (e ->> 'price')))
            from jsonb_array_elements(r.pieces) e), '[]');
        answer := jsonb_build_object('title', 'Amount of a ' || r.direction || ' of ' || coalesce(r.dealing_date::text, 'no date') || ', class ' || r.code, 'rule', 'R5b',
          'formula', case r.direction when 'redemption' then 'units × price, rounded down at the minor unit, − levy − fee + credit' else 'gross amount − levy − paid back' end, 'value', r.net_amount::text, 'decimals', r.exponent);
      end if;
      answer := answer || jsonb_build_object('as_of', r.dealing_date, 'direction', r.direction, 'places', jsonb_build_object('units', r.units_dp, 'price', r.price_dp),
        'row', jsonb_build_object('table', 'allocations', 'id', r.allocation_id, 'recorded_at', r.created_at));
    end if;

  elsif figure in ('ladder_cover', 'ladder_gap') and staff then
    select coalesce(sum(l.capacity - l.utilization) filter (where l.side = 'asset'), 0) as assets, coalesce(sum(l.capacity + l.utilization + l.stress_delta) filter (where l.side = 'liability'), 0) as due, max(l.as_of) as as_of, max(l.recorded_at) as recorded_at,
        jsonb_agg(jsonb_build_object('kind', l.side, 'bucket', l.bucket, 'name', case l.side when 'asset' then 'Can be sold within ' else 'May fall due within ' end || l.bucket,
          'value', case l.side when 'asset' then l.capacity - l.utilization else l.capacity + l.utilization + l.stress_delta end::text, 'table', 'liquidity_ladder', 'id', l.ladder_id, 'as_of', l.as_of,
          'note', case l.side when 'asset' then 'capacity ' || l.capacity || ' less ' || l.utilization || ' reserved' else 'planned ' || l.capacity || ', accepted ' || l.utilization || ', more under stress ' || l.stress_delta end) order by l.side, b.place) as listed, max(b.place) as last
      into r from public.liquidity_ladder l join unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality b (bucket, place) on b.bucket = l.bucket
     where l.fund_id = key and l.scenario_id = 'base' and l.as_of = (select max(x.as_of) from public.liquidity_ladder x where x.fund_id = key and x.side = l.side and x.scenario_id = 'base')
       and b.place <= (select y.place from unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality y (bucket, place) where y.bucket = part);
    if r.last is not null then
      of_fund := key;
      inputs := r.listed;
      answer := jsonb_build_object('title', case figure when 'ladder_cover' then 'Redemption coverage within ' else 'Liquidity gap within ' end || part, 'rule', 'R33',
        'formula', case figure when 'ladder_cover' then 'what can be sold by then ÷ what may fall due by then' else 'what can be sold by then − what may fall due by then' end,
        'value', case figure when 'ladder_gap' then (r.assets - r.due)::text else round(r.assets / nullif(r.due, 0), 4)::text end, 'as_of', r.as_of,
        'row', jsonb_build_object('table', 'liquidity_ladder', 'id', key || '/base/' || part, 'recorded_at', r.recorded_at)) || case figure when 'ladder_cover' then jsonb_build_object('unit', 'ratio', 'decimals', 2) else '{}' end;
    end if;

  elsif figure in ('stress_nav_after', 'stress_loss') and staff then
    select o.*, x.fund_id, x.event_id, x.as_of, x.currency, x.snapshot_hash, x.code_hash, c.scenario_id, c.title, o.body::jsonb #> '{periods,-1}' as ended into r
      from public.stress_outcomes o join public.stress_runs x using (stress_run_id) join public.stress_scenarios c using (scenario_hash) where o.stress_run_id = key and c.scenario_id = part and o.status = 'done';
    if found then
      of_fund := r.fund_id;
      about := array[r.stress_run_id];
      inputs := jsonb_build_array(jsonb_build_object('kind', 'before', 'name', 'NAV before', 'value', r.nav_before::text, 'table', 'stress_outcomes', 'id', r.stress_run_id, 'as_of', r.as_of, 'note', 'snapshot ' || left(r.snapshot_hash, 12)))
        || coalesce((select jsonb_agg(jsonb_build_object('kind', 'change', 'name', (m ->> 'assets') || ' assets by ' || replace(m ->> 'method', '_', ' '), 'value', m ->> 'change', 'table', 'stress_outcomes', 'id', r.body_hash, 'as_of', r.ended ->> 'date') order by n)
          from jsonb_array_elements(r.ended -> 'byMethod') with ordinality y (m, n)),
          jsonb_build_array(jsonb_build_object('kind', 'change', 'name', 'Change of all assets', 'value', (r.nav_after - r.nav_before)::text, 'table', 'stress_outcomes', 'id', r.body_hash, 'as_of', r.as_of)));
      answer := jsonb_build_object('title', case figure when 'stress_loss' then 'Loss in ' else 'NAV after ' end || r.title, 'rule', null, 'formula', case figure when 'stress_loss' then '− Σ changes of the assets, by method' else 'NAV before + Σ changes of the assets, by method' end,
        'value', case figure when 'stress_loss' then r.nav_before - r.nav_after else r.nav_after end::text, 'as_of', r.as_of,
        'row', jsonb_build_object('table', 'stress_outcomes', 'id', r.stress_run_id || '/' || r.scenario_id, 'hash', r.body_hash, 'recorded_at', r.recorded_at));
      run := (select w.workflow_id from public.workflow_runs w where w.event_id = r.event_id order by w.started_at limit 1);
    end if;

  elsif figure in ('weight', 'drift', 'exposure') and staff then
    -- a sleeve by its name; of an exposure what it is cut by, as in currency:USD, issuer:NAME, bucket:7d
    side := case when figure <> 'exposure' then 'sleeve' when split_part(part, ':', 1) in ('currency', 'issuer', 'bucket') then split_part(part, ':', 1) end;
    with held as (
      select p.allocation_id, p.market_value, p.recorded_at, p.proposal_id, a.name,
             case side when 'sleeve' then p.sleeve when 'currency' then a.currency::text when 'issuer' then a.issuer when 'bucket' then a.bucket end as cut
        from public.portfolio_allocations p join public.assets a on a.id = p.asset_id where p.fund_id = key and p.superseded_at is null
    ), placed as (
      select h.*, coalesce(h.cut = case side when 'sleeve' then part else substr(part, length(side) + 2) end, false) as mine,
             row_number() over (partition by h.cut order by abs(h.market_value) desc, h.name, h.allocation_id) as place from held h
    ), listed (kind, name, value, ref, note, place) as (
      select 'asset', p.name, p.market_value, p.allocation_id::text, null, p.place from placed p where p.mine and p.place <= 100
      union all select 'asset', count(*) || ' smaller ones', sum(p.market_value), null, 'together', 1000 from placed p where p.mine and p.place > 100 having count(*) > 0
      union all select 'other', p.cut, sum(p.market_value), null, 'another sleeve, for the total', 2000 from placed p where not p.mine and side = 'sleeve' group by p.cut
    )
    select (select jsonb_agg(jsonb_build_object('kind', i.kind, 'name', i.name, 'value', i.value::text, 'table', 'portfolio_allocations', 'id', i.ref, 'note', i.note) order by i.place, i.name) from listed i) as lines,
           sum(p.market_value) as total, coalesce(sum(p.market_value) filter (where p.mine), 0) as mine, max(p.recorded_at) filter (where p.mine) as recorded_at, count(*) filter (where p.mine) as assets,
           (array_agg(p.proposal_id order by p.recorded_at desc) filter (where p.mine))[1] as proposal_id into r from placed p;
    select m.mandate_id, m.version, (case when part = 'cash' then m.body -> 'cash' else x.target end ->> 'target')::numeric as target into s from public.mandates m
      left join lateral (select e as target from jsonb_array_elements(m.body -> 'sleeves') e where coalesce(e ->> 'id', e ->> 'sleeve') = part limit 1) x on true where m.fund_id = key and m.superseded_at is null;
    if r.total <> 0 and (r.assets > 0 or figure <> 'exposure' and s.target is not null) and (figure <> 'drift' or s.target is not null) then
      of_fund := key;
      about := array[r.proposal_id, s.mandate_id];
      inputs := coalesce(r.lines, '[]') || case when figure = 'exposure' or s.target is null then '[]'::jsonb
        else jsonb_build_array(jsonb_build_object('kind', 'target', 'name', 'Target of the mandate', 'value', trim_scale(s.target)::text, 'unit', 'ratio', 'table', 'mandates', 'id', s.mandate_id, 'note', 'version ' || s.version)) end;
      answer := jsonb_build_object('title', case figure when 'weight' then 'Weight of ' when 'drift' then 'Off target: ' else 'Value of ' end || case figure when 'exposure' then replace(part, ':', ' ') else part end, 'rule', case figure when 'exposure' then null else 'R38' end,
        'formula', case figure when 'weight' then 'value of the sleeve ÷ value of all holdings' when 'drift' then 'value of the sleeve ÷ value of all holdings − target' else 'the sum of what is held' end,
        'value', case figure when 'exposure' then r.mine when 'weight' then round(r.mine / r.total, 6) else round(r.mine / r.total - s.target, 6) end::text, 'as_of', r.recorded_at::date,
        'row', jsonb_build_object('table', 'portfolio_allocations', 'id', key || '/' || part, 'recorded_at', r.recorded_at), 'proposal_id', r.proposal_id)
        || case figure when 'exposure' then '{}'::jsonb else jsonb_build_object('unit', 'ratio', 'decimals', 6) end;
      run := (select p.workflow_id from public.proposals p where p.proposal_id = r.proposal_id);
    end if;
  end if;

  if answer is null then
    raise exception using errcode = 'EG404', message = 'There is no such figure that you may see.';
  end if;
  select f.code, f.synthetic, f.base_currency, u.exponent::int as decimals into s from public.funds f join public.currencies u on u.code = f.base_currency where f.fund_id = of_fund;
  if run is not null and has_table_privilege('public.workflow_runs', 'select') then
    trace := (select w.trace_id from public.workflow_runs w where w.workflow_id = run);
  end if;
  if has_table_privilege('public.agent_memories', 'select') then
    memories := coalesce((select jsonb_agg(jsonb_build_object('memory_id', m.memory_id, 'text', m.text, 'workflow_id', m.workflow_id, 'recorded_at', m.recorded_at) order by m.recorded_at desc)
      from (select x.* from public.agent_memories x where x.fund_id = of_fund and x.superseded_at is null and (x.workflow_id = run or x.reference_ids && about) order by x.recorded_at desc limit 5) m), '[]');
  end if;
  return jsonb_build_object('read_at', now(), 'figure', figure, 'fund', s.code, 'synthetic', s.synthetic, 'unit', s.base_currency, 'decimals', s.decimals, 'inputs', inputs, 'workflow_id', run, 'trace_id', trace,
    'memories', memories, 'proposal_id', null, 'facts', null) || answer;
end $$;
comment on function public.fn_explain_figure(text, text, text) is
  'Explains one figure of a page (NAV, price, worth, units, fill, performance, cover, stress, weight): title, formula and rule, inputs with their rows and ages, its own row, workflow, trace, memories. Amounts as text. Under the reader''s row-level security. EG400, EG404.';

create or replace function public.fn_find_places(query text) returns jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  word text := lower(trim(query));
  -- the beginning of an id, as the two ids between which such ones lie; the whole id is both
  hex text := case when trim(query) ~* '^[0-9a-f][0-9a-f-]{3,35}$' and length(replace(trim(query), '-', '')) <= 32 then lower(replace(trim(query), '-', '')) end;
  lowest uuid := rpad(hex, 32, '0')::uuid;
  highest uuid := rpad(hex, 32, 'f')::uuid;
  common jsonb;
  own jsonb := '[]';
begin
  if word is null or length(word) not between 2 and 80 then
    return '[]'::jsonb;
  end if;
  select jsonb_agg(jsonb_build_object('kind', x.kind, 'id', x.ref, 'label', x.label, 'detail', x.detail) order by x.place, x.label, x.ref) into common from (
    (select 1 as place, 'fund' as kind, f.code as ref, f.name as label, f.code as detail from public.funds f where starts_with(lower(f.code), word) or strpos(lower(f.name), word) > 0 order by f.code limit 6)
    union all (select 2, 'investor', i.code, i.code, 'investor' from public.investors i where starts_with(lower(i.code), word) or i.investor_id between lowest and highest order by i.code limit 6)
    union all (select 3, 'order', o.flow_id::text, o.direction || ' of ' || coalesce(o.dealing_date::text, o.requested_at::date::text), i.code || ', ' || o.status
      from public.fund_flows o join public.investors i using (investor_id) where o.flow_id between lowest and highest order by o.flow_id limit 6)) x;
  if current_user <> 'lp_role' then
    select jsonb_agg(jsonb_build_object('kind', x.kind, 'id', x.ref, 'label', x.label, 'detail', x.detail) order by x.place, x.label, x.ref) into own from (
      (select 4 as place, 'proposal' as kind, p.proposal_id::text as ref, p.kind || ' of ' || p.created_at::date as label, p.status as detail from public.proposals p where p.proposal_id between lowest and highest order by p.proposal_id limit 6)
      union all (select 5, 'stress', r.stress_run_id::text, r.kind || ' run of ' || r.started_at::date, r.status from public.stress_runs r where r.stress_run_id between lowest and highest order by r.stress_run_id limit 6)
      union all (select 6, 'dealing_day', d.dealing_day_id::text, 'Dealing day ' || d.dealing_date || ', class ' || c.code, d.status from public.dealing_days d join public.share_classes c using (share_class_id)
        where d.dealing_day_id between lowest and highest or starts_with(d.dealing_date::text, word) order by d.dealing_date desc limit 6)
      union all (select 7, 'case', k.code, k.code, k.kind || ', ' || k.status from public.cases k where starts_with(lower(k.code), word) or k.case_id between lowest and highest order by k.code limit 6)
      union all (select 8, 'asset', a.external_key, a.name, a.external_key from public.assets a where starts_with(lower(a.external_key), word) or strpos(lower(a.name), word) > 0 or a.id between lowest and highest order by a.name limit 6)
      union all (select 9, 'import', b.import_id::text, b.file_name, b.kind || ', ' || b.status from public.import_batches b where b.import_id between lowest and highest order by b.import_id limit 6)
      union all (select 10, 'run', w.workflow_id, w.workflow_id, w.type || ', ' || w.status from public.workflow_runs w where starts_with(lower(w.workflow_id), word) order by w.started_at desc limit 6)) x;
  else
    select jsonb_agg(jsonb_build_object('kind', 'statement', 'id', t.statement_id, 'label', 'Statement of ' || (t.body ->> 'dealingDate'), 'detail', 'version ' || t.version) order by t.body ->> 'dealingDate' desc, t.statement_id)
      into own from (select * from public.statements y where y.statement_id between lowest and highest or starts_with(y.body ->> 'dealingDate', word) order by y.statement_id limit 6) t;
  end if;
  return coalesce(common, '[]'::jsonb) || coalesce(own, '[]'::jsonb);
end $$;
comment on function public.fn_find_places(text) is
  'What somebody may mean by a few letters: funds, investors, assets and cases by code or name, the rest by the beginning of its id, dealing days by date; at most six of a kind. Under the reader''s row-level security.';

create or replace function public.fn_read_stress_limits(stress_run_id uuid) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('scenario_id', c.scenario_id, 'title', c.title, 'survival', b.body ->> 'survivalQuarters', 'frontier', coalesce(b.body #> '{reverse,frontier}', '[]'),
      'largest_redemption', nullif(b.body #> '{reverse,largestRedemption}', 'null'), 'smallest_haircut', nullif(b.body #> '{reverse,smallestHaircut}', 'null')) order by o.ordinal), '[]')
    from public.stress_outcomes o join public.stress_scenarios c using (scenario_hash) cross join lateral (select o.body::jsonb as body) b
   where o.stress_run_id = fn_read_stress_limits.stress_run_id and o.status = 'done'
$$;
comment on function public.fn_read_stress_limits(uuid) is
  'What the fund bears in each scenario of a stress run that is done (R35): the frontier of redemption and haircut, the quarters for which the gate is paid in full. Shares of the NAV as text. Under the reader''s row-level security.';

-- from sql/6w-fn-pages-proposal.sql
-- One proposal as a page in one round trip: what is asked with everything that its ids refer to, what the rooms found, who decided, what is remembered.

create or replace function public.fn_read_proposal(proposal_id uuid) returns jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  id_form constant text := '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  figure_form constant text := '^-?[0-9]{1,24}([.][0-9]{1,24})?$';
  p public.proposals;
  -- a body is what somebody wrote: what is not an id is looked for nowhere, what is no list has no rows
  class_id uuid;
  of_strike uuid;
  of_flow uuid;
  of_action uuid;
  lots jsonb;
  deliveries jsonb;
  refers jsonb := '{}';
  memories jsonb := '[]';
begin
  select x.* into p from public.proposals x where x.proposal_id = fn_read_proposal.proposal_id;
  if not found then
    return null;
  end if;
  class_id := case when p.body ->> 'share_class_id' ~ id_form then (p.body ->> 'share_class_id')::uuid end;
  of_strike := case when p.body ->> 'strike_id' ~ id_form then (p.body ->> 'strike_id')::uuid end;
  of_flow := case when p.body ->> 'flow_id' ~ id_form then (p.body ->> 'flow_id')::uuid end;
  of_action := case when p.kind = 'token' and p.body ->> 'action_id' ~ id_form then (p.body ->> 'action_id')::uuid end;
  lots := case when p.kind = 'crystallisation' and jsonb_typeof(p.body -> 'lots') = 'array' then p.body -> 'lots' else '[]' end;
  deliveries := case when p.kind = 'in_kind' and jsonb_typeof(p.body -> 'deliveries') = 'array' then p.body -> 'deliveries' else '[]' end;

  if of_action is not null then
    select jsonb_build_object('action', jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'status', a.status, 'refusal', a.refusal, 'tx_hash', a.tx_hash, 'block', a.block,
        'incident', a.incident_id is not null, 'verdict', (select jsonb_build_object('result', l.result, 'rule', l.rule, 'reason', l.detail ->> 'reason') from public.compliance_logs l where l.log_id = a.compliance_log_id),
        'contract', (select jsonb_build_object('chain_id', t.chain_id, 'paused', t.paused, 'limits', t.limits, 'chain_units', (select trim_scale(coalesce(sum(m.units), 0))::text
            from public.token_moves m join public.tokenization_actions b using (action_id) join public.wallets w on w.wallet_id = m.wallet_id
           where w.contract_id = t.contract_id and b.status in ('included', 'final'))) from public.token_contracts t where t.contract_id = a.contract_id))), coalesce(class_id, a.share_class_id)
      into refers, class_id from public.tokenization_actions a where a.action_id = of_action and a.fund_id = p.fund_id;
    refers := coalesce(refers, '{}');
  end if;
  if of_flow is not null then
    refers := refers || coalesce((select jsonb_build_object('order', jsonb_build_object('flow_id', o.flow_id, 'investor', i.code, 'direction', o.direction, 'order_kind', o.order_kind, 'status', o.status,
        'amount', o.amount::text, 'units', trim_scale(o.requested_units)::text, 'filled_units', trim_scale(o.filled_units)::text, 'price', trim_scale(o.price)::text, 'due', o.net_amount::text,
        'currency', o.currency, 'dealing_date', o.dealing_date, 'dealing_day_id', o.dealing_day_id, 'class', c.code))
      from public.fund_flows o join public.investors i using (investor_id) left join public.share_classes c using (share_class_id) where o.flow_id = of_flow and o.fund_id = p.fund_id), '{}');
  end if;
  if class_id is not null then
    refers := refers || coalesce((select jsonb_build_object('class', jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code, 'name', c.name, 'currency', c.currency, 'units_dp', c.units_dp,
        'price_dp', c.price_dp, 'units', trim_scale(c.units_outstanding)::text, 'nav_per_unit', trim_scale(c.nav_per_unit)::text,
        -- the mark in force: a mark in whose place another stands is none
        'mark', (select trim_scale(m.high_water)::text from public.class_marks m where m.share_class_id = c.share_class_id
           and not exists (select from public.class_marks r where r.replaces = m.mark_id) order by m.as_of desc, m.recorded_at desc, m.mark_id limit 1),
        'replaced', (select jsonb_build_object('as_of', m.as_of, 'fee', m.body ->> 'fee', 'high_water', trim_scale(m.high_water)::text) from public.class_marks m where m.mark_id::text = p.body ->> 'replaces'),
        'paid_about', case when p.kind = 'distribution' and p.body ->> 'per_unit' ~ figure_form then round(c.units_outstanding * (p.body ->> 'per_unit')::numeric, u.exponent)::text end))
      from public.share_classes c join public.currencies u on u.code = c.currency where c.share_class_id = class_id and c.fund_id = p.fund_id), '{}');
  end if;
  if of_strike is not null then
    refers := refers || coalesce((select jsonb_build_object('strike', jsonb_build_object('strike_id', s.strike_id, 'date', s.nav_date, 'version', s.version, 'state', s.state, 'nav', s.nav::text, 'reason', s.reason),
        -- what the new one is compared with: the version it corrects, or the last NAV that stands before it
        'before', case when p.kind = 'nav' then (select jsonb_build_object('strike_id', b.strike_id, 'date', b.nav_date, 'version', b.version, 'state', b.state, 'total_assets', b.total_assets::text,
            'liabilities', b.liabilities::text, 'performance_fee', b.performance_fee::text, 'nav', b.nav::text,
            'classes', (select coalesce(jsonb_object_agg(n.share_class_id, jsonb_build_object('nav', n.nav::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text)), '{}') from public.class_navs n where n.strike_id = b.strike_id))
          from public.nav_strikes b where b.fund_id = s.fund_id and case when s.supersedes is null then b.state = 'final' and b.nav_date < s.nav_date else b.strike_id = s.supersedes end
         order by b.nav_date desc, b.version desc limit 1) end)
      from public.nav_strikes s where s.strike_id = of_strike and s.fund_id = p.fund_id), '{}');
  end if;
  if p.kind = 'lmt' then
    refers := refers || coalesce((select jsonb_build_object('use', jsonb_build_object('activation_id', a.activation_id, 'status', a.status, 'active_from', a.active_from, 'active_until', a.active_until,
        'authority_told', a.nca_notified_at, 'end_reason', a.end_reason)) from public.lmt_activations a where a.proposal_id = p.proposal_id), '{}');
  end if;
  if jsonb_array_length(lots) > 0 then
    refers := refers || (select jsonb_build_object('lots', jsonb_build_object('count', count(*), 'refund', trim_scale(coalesce(sum(case when l ->> 'refund' ~ figure_form then (l ->> 'refund')::numeric end), 0))::text,
        'depreciation', trim_scale(coalesce(sum(case when l ->> 'depreciation' ~ figure_form then (l ->> 'depreciation')::numeric end), 0))::text,
        'change', trim_scale(coalesce(sum(case when l ->> 'change' ~ figure_form then (l ->> 'change')::numeric end), 0))::text,
        'cash', trim_scale(coalesce(sum(case when l ->> 'cash' ~ figure_form then (l ->> 'cash')::numeric end), 0))::text)) from jsonb_array_elements(lots) l);
  end if;
  if jsonb_array_length(deliveries) > 0 then
    refers := refers || jsonb_build_object('delivered', (select trim_scale(coalesce(sum(case when d ->> 'value' ~ figure_form then (d ->> 'value')::numeric end), 0))::text from jsonb_array_elements(deliveries) d));
  end if;
  if p.kind = 'nav' then
    refers := refers || jsonb_build_object('class_codes', (select coalesce(jsonb_object_agg(c.share_class_id, c.code), '{}') from public.share_classes c where c.fund_id = p.fund_id));
  end if;
  -- assets that a delivery or a side pocket names
  refers := refers || jsonb_build_object(
    'assets', (select coalesce(jsonb_object_agg(a.id, a.name), '{}') from public.assets a where a.fund_id = p.fund_id and a.id = any (array(
        select (d ->> 'asset_id')::uuid from jsonb_array_elements(deliveries) d where d ->> 'asset_id' ~ id_form
        union all select (t #>> '{}')::uuid from jsonb_array_elements(case when p.kind = 'lmt' and jsonb_typeof(p.inputs -> 'assets') = 'array' then p.inputs -> 'assets' else '[]' end) t where t #>> '{}' ~ id_form))),
    'day', (select jsonb_build_object('dealing_day_id', d.dealing_day_id, 'date', d.dealing_date, 'class', c.code, 'status', d.status)
       from public.dealing_days d join public.share_classes c using (share_class_id) where d.workflow_id = p.workflow_id order by d.dealing_date desc, d.dealing_day_id limit 1));
  if has_table_privilege('public.agent_memories', 'select') and jsonb_typeof(p.inputs -> 'memory_ids') = 'array' then
    select coalesce(jsonb_agg(jsonb_build_object('memory_id', m.memory_id, 'text', m.text, 'workflow_id', m.workflow_id, 'trace_id', m.langfuse_trace_id, 'recorded_at', m.recorded_at) order by m.recorded_at, m.memory_id), '[]')
      into memories from public.agent_memories m where m.memory_id = any (array(select (i #>> '{}')::uuid from jsonb_array_elements(p.inputs -> 'memory_ids') i where i #>> '{}' ~ id_form));
  end if;
  return jsonb_build_object('read_at', now(),
    -- the lots of a crystallisation are of its investors and may be a million: their sums stand in refers
    'proposal', jsonb_build_object('proposal_id', p.proposal_id, 'kind', p.kind, 'status', p.status, 'hash', p.hash, 'body', case when p.kind = 'crystallisation' then p.body - 'lots' else p.body end, 'inputs', p.inputs,
      'proposed_by', p.proposed_by, 'requested_by', p.requested_by, 'approvals_needed', p.approvals_needed, 'created_at', p.created_at, 'expires_at', p.expires_at, 'decided_at', p.decided_at, 'applied_at', p.applied_at,
      'refusal', p.refusal ->> 'reason', 'workflow_id', p.workflow_id, 'event', (select e.type from public.fund_events e where e.event_id = p.event_id),
      'fund', (select jsonb_build_object('fund_id', f.fund_id, 'code', f.code, 'currency', f.base_currency, 'decimals', u.exponent, 'status', f.status) from public.funds f join public.currencies u on u.code = f.base_currency where f.fund_id = p.fund_id)),
    'approvals', (select coalesce(jsonb_agg(jsonb_build_object('decision', a.decision, 'decided_by', a.decided_by, 'decided_at', a.decided_at, 'reason', a.reason) order by a.decided_at, a.approval_id), '[]') from public.approvals a where a.proposal_id = p.proposal_id),
    'checks', (select coalesce(jsonb_agg(jsonb_build_object('room', k.room, 'rule', k.rule, 'result', k.result, 'value', k.value::text, 'limit_value', k.limit_value::text, 'detail', k.detail) order by k.result = 'passed', k.room, k.rule), '[]')
      from public.proposal_checks k where k.proposal_id = p.proposal_id),
    'memories', memories, 'refers', refers);
end $$;
comment on function public.fn_read_proposal(uuid) is
  'A proposal as a page: what is asked, what its ids refer to (class, NAV and the one before it, order, liquidity tool, token operation, assets), checks, approvals, memories it cites; null where there is none to see. Amounts as text, fund currency. Under the reader''s row-level security.';

-- from sql/6w-fn-pages-webhooks.sql
-- The page of webhooks in one round trip, with the rights of whoever reads it: both functions that it asks answer a person's own, and operations and audit everybody's.

create or replace function public.fn_read_webhooks() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with endpoints as (select e.line, e.place from jsonb_array_elements(public.fn_list_webhooks()) with ordinality e (line, place))
  select jsonb_build_object('read_at', now(),
    'endpoints', coalesce((select jsonb_agg(e.line order by e.place) from endpoints e), '[]'::jsonb),
    'deliveries', coalesce((select jsonb_agg(d.line order by (d.line ->> 'created_at')::timestamptz desc, d.line ->> 'delivery_id') from (
        select v.line || jsonb_build_object('endpoint_id', e.line -> 'endpoint_id') as line
          from endpoints e cross join lateral jsonb_array_elements(public.fn_list_webhook_deliveries((e.line ->> 'endpoint_id')::uuid, 20)) v (line)
         order by (v.line ->> 'created_at')::timestamptz desc, v.line ->> 'delivery_id' limit 200) d), '[]'::jsonb))
$$;
comment on function public.fn_read_webhooks() is
  'The page of webhooks: endpoints of the reader (operations and audit: everybody''s) with state, what waits and what was given up, and the newest deliveries, 20 of each endpoint and 200 together. Never a secret.';

-- from sql/6w-fn-pages-work.sql
-- Pages of operations, continued: what does not agree, what failed and waits for a person, and the calendar. Amounts are text; under the reader's rights.

create or replace function public.fn_read_breaks() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with breaks (kind, id, fund_id, amount, currency, since, reason, reference, import_id) as (
    -- the bank says it and the book does not
    select 'bank_only', r.import_id || '/' || r.position, r.fund_id, r.said ->> 'amount', r.said ->> 'currency', b.recorded_at, coalesce(r.reason, 'no order matches'), coalesce(r.reference, r.said ->> 'end_to_end'), r.import_id
      from public.import_rows r join public.import_batches b using (import_id) where r.kind = 'bank' and r.outcome = 'unmatched' and b.status <> 'undone'
    union all
    -- the book says it and no statement of the bank confirmed it
    select case when f.direction = 'redemption' then 'unpaid' else 'unfunded' end, f.flow_id::text, f.fund_id, trim_scale(coalesce(f.net_amount, f.amount))::text, f.currency, f.priced_at,
           'priced on ' || f.dealing_date || ', no statement confirms the cash', null, null
      from public.fund_flows f where f.status = 'claimable'
    union all
    -- a day that was posted and could not be closed, because something of it does not agree
    select 'day_not_closed', d.dealing_day_id::text, d.fund_id, null, null, d.updated_at, 'class ' || c.code || ', ' || d.dealing_date || ': posted, not closed', null, null
      from public.dealing_days d join public.share_classes c using (share_class_id) where d.status in ('posted', 'settled')
    union all
    -- what the administrator or a provider says moved more than its breaker allows, and nobody has decided which is right
    select 'source_held', h.held_id::text, null, trim_scale(h.value)::text, null, h.recorded_at, h.series || ' of ' || h.as_of || ': moved ' || round(h.move_bps) || ' bp against ' || trim_scale(h.against) || ' of ' || h.against_on, null, null
      from public.market_held h where h.status = 'held'
  )
  select jsonb_build_object('read_at', now(),
    'breaks', coalesce((select jsonb_agg(jsonb_build_object('kind', b.kind, 'id', b.id, 'fund', f.code, 'amount', b.amount, 'currency', trim(b.currency), 'since', b.since, 'days', greatest(0, (now()::date - b.since::date)),
        'reason', b.reason, 'reference', b.reference, 'import_id', b.import_id) order by b.since, b.kind, b.id)
      from (select * from breaks order by since, kind, id limit 500) b left join public.funds f using (fund_id)), '[]'::jsonb),
    -- what does agree, so that a short list is not taken for a missing one
    'matched', (select count(*) from public.import_rows r join public.import_batches b using (import_id) where r.kind = 'bank' and r.outcome = 'matched' and b.status <> 'undone'),
    'settled', (select count(*) from public.fund_flows f where f.status = 'settled'),
    'statements', coalesce((select jsonb_agg(jsonb_build_object('import_id', s.import_id, 'fund', f.code, 'file_name', s.file_name, 'recorded_at', s.recorded_at, 'matched', s.accepted, 'unmatched', s.unmatched)
        order by s.recorded_at desc, s.import_id)
      from (select * from public.import_batches x where x.kind = 'bank' and x.status <> 'undone' order by x.recorded_at desc, x.import_id limit 20) s join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_breaks() is
  'What does not agree between bank, book and sources, the oldest first (at most 500), with age and reason; how much does agree, and the newest statements. Under the reader''s row-level security.';

create or replace function public.fn_read_troubles() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with failed (kind, subject, since) as (
    select 'event', o.event_id::text, o.dead_at from public.event_outbox o where o.dead_at is not null
    union all
    select 'batch', b.batch_id::text, b.dead_at from public.event_batches b where b.dead_at is not null and b.done_at is null
    union all
    select 'run', r.workflow_id, coalesce(r.ended_at, r.started_at) from public.workflow_runs r where r.status = 'failed'
  ), steps as (
    -- what people decided about each since it failed last; what was left waits for nobody
    select f.kind, f.subject, jsonb_build_object('skip', (select jsonb_build_object('step_id', s.step_id, 'by', s.asked_by, 'at', s.created_at, 'reason', s.reason) from public.failure_steps s
          where (s.kind, s.subject, s.action) = (f.kind, f.subject, 'skip') and s.created_at >= f.since order by s.created_at desc limit 1),
        'escalated', (select jsonb_build_object('to_role', s.to_role, 'due_at', s.due_at, 'by', s.asked_by, 'at', s.created_at, 'reason', s.reason) from public.failure_steps s
          where (s.kind, s.subject, s.action) = (f.kind, f.subject, 'escalate') and s.created_at >= f.since order by s.created_at desc limit 1)) as said
      from failed f
     where not exists (select from public.failure_steps s where (s.kind, s.subject, s.action) = (f.kind, f.subject, 'skip') and s.created_at >= f.since and s.decided_at is not null)
  )
  select jsonb_build_object('read_at', now(),
    'letters', coalesce((select jsonb_agg(o.said || jsonb_build_object('event_id', o.event_id, 'type', o.type, 'fund', f.code, 'attempts', o.attempts, 'dead_at', o.dead_at, 'reason', o.reason) order by o.dead_at, o.seq)
      from (select x.*, y.said from public.event_outbox x join steps y on (y.kind, y.subject) = ('event', x.event_id::text) order by x.dead_at, x.seq limit 200) o left join public.funds f using (fund_id)), '[]'::jsonb),
    'batches', coalesce((select jsonb_agg(b.said || jsonb_build_object('batch_id', b.batch_id, 'event_id', b.event_ids[1], 'type', b.type, 'events', b.events, 'attempts', b.attempts, 'dead_at', b.dead_at, 'reason', b.reason) order by b.dead_at, b.batch_id)
      from (select x.*, y.said from public.event_batches x join steps y on (y.kind, y.subject) = ('batch', x.batch_id::text) order by x.dead_at, x.batch_id limit 200) b), '[]'::jsonb),
    'runs', coalesce((select jsonb_agg(r.said || jsonb_build_object('workflow_id', r.workflow_id, 'type', r.type, 'fund', f.code, 'event_id', r.event_id, 'event', e.type, 'started_at', r.started_at, 'ended_at', r.ended_at,
        -- what it had done before it failed stays done
        'done', coalesce((select jsonb_agg(x.type order by x.seq) from (select v.type, v.seq from public.fund_events v where v.recorded_at between r.started_at and coalesce(r.ended_at, now()) and starts_with(v.request_id, r.workflow_id || '/') order by v.seq limit 20) x), '[]'::jsonb))
        order by r.ended_at desc nulls first, r.workflow_id)
      from (select x.*, y.said from public.workflow_runs x join steps y on (y.kind, y.subject) = ('run', x.workflow_id) order by x.ended_at desc nulls first, x.workflow_id limit 50) r
      left join public.funds f using (fund_id) left join public.fund_events e on e.event_id = r.event_id), '[]'::jsonb),
    'left', coalesce((select jsonb_agg(jsonb_build_object('step_id', s.step_id, 'kind', s.kind, 'subject', s.subject, 'type', s.type, 'fund', f.code, 'reason', s.reason, 'asked_by', s.asked_by, 'decided_by', s.decided_by, 'at', s.decided_at)
        order by s.decided_at desc, s.step_id)
      from (select * from public.failure_steps x where x.action = 'skip' and x.decided_at is not null order by x.decided_at desc, x.step_id limit 50) s left join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_troubles() is
  'What failed and waits for a person: events and batches that could not be delivered, runs that failed with what they had done, each with what people decided about it, and what was left. Under the reader''s row-level security.';

create or replace function public.fn_read_calendar(month date, fund text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with span as (select date_trunc('month', fn_read_calendar.month)::date as first, (date_trunc('month', fn_read_calendar.month) + interval '1 month')::date as after),
  mine as (select f.* from public.funds f where fn_read_calendar.fund is null or f.code = fn_read_calendar.fund),
  entries (day, at, kind, fund_id, title, state, id) as (
    select (d.cut_off_at at time zone 'UTC')::date, d.cut_off_at, 'cut_off', d.fund_id, 'class ' || c.code || ', dealing ' || d.dealing_date, d.status, d.dealing_day_id::text
      from public.dealing_days d join public.share_classes c using (share_class_id)
    union all
    select d.dealing_date, null, 'valuation', d.fund_id, 'class ' || c.code, d.status, d.dealing_day_id::text from public.dealing_days d join public.share_classes c using (share_class_id)
    union all
    select o.due_on, null, 'obligation', o.fund_id, o.title || ' (' || o.code || ')', case when o.done_at is not null then 'done' when o.due_on < now()::date then 'overdue' else 'open' end, o.obligation_id::text from public.obligations o
    union all
    select (b.cure_by at time zone 'UTC')::date, b.cure_by, 'cure', b.fund_id, b.rule || ', ' || b.class, case when b.cured_at is not null then 'cured' when b.cure_by < now() then 'overdue' else 'open' end, b.breach_id::text
      from public.breaches b where b.cure_by is not null
    union all
    select (x.expires_at at time zone 'UTC')::date, x.expires_at, 'decision', x.fund_id, x.kind, x.status, x.proposal_id::text from public.proposals x where x.status = 'pending'
    union all
    select (x.due_at at time zone 'UTC')::date, x.due_at, 'case', x.fund_id, x.code, x.status, x.case_id::text from public.cases x where x.status <> 'decided'
  )
  select jsonb_build_object('read_at', now(), 'first', (select s.first from span s),
    'entries', coalesce((select jsonb_agg(jsonb_build_object('day', e.day, 'at', e.at, 'kind', e.kind, 'fund', m.code, 'title', e.title, 'state', e.state, 'id', e.id) order by e.day, e.at nulls first, e.kind, e.title, e.id)
      from (select x.* from entries x, span s where x.day >= s.first and x.day < s.after and (fn_read_calendar.fund is null or x.fund_id in (select mine.fund_id from mine)) order by x.day, x.at, x.kind, x.id limit 1000) e
      left join public.funds m using (fund_id)), '[]'::jsonb),
    'obligations', coalesce((select jsonb_agg(jsonb_build_object('obligation_id', o.obligation_id, 'fund', m.code, 'code', o.code, 'title', o.title, 'source', o.source, 'due_on', o.due_on, 'overdue', o.due_on < now()::date)
        order by o.due_on, o.obligation_id) from public.obligations o join mine m using (fund_id) where o.done_at is null), '[]'::jsonb),
    'breaches', coalesce((select jsonb_agg(jsonb_build_object('breach_id', b.breach_id, 'fund', m.code, 'rule', b.rule, 'class', b.class, 'cause', b.cause, 'value', trim_scale(b.value)::text, 'limit', trim_scale(b.limit_value)::text,
        'detected_at', b.detected_at, 'cure_by', b.cure_by) order by b.cure_by nulls last, b.detected_at, b.breach_id) from public.breaches b join mine m using (fund_id) where b.cured_at is null), '[]'::jsonb),
    'funds', coalesce((select jsonb_agg(f.code order by f.code) from public.funds f), '[]'::jsonb))
$$;
comment on function public.fn_read_calendar(date, text) is
  'One month: cut-offs, valuations, obligations, ends of cure periods, decisions and cases due (at most 1,000); the obligations and breaches that are open. Under the reader''s row-level security.';

-- from sql/6w-fn-personal-erasure.sql
-- The life of a subject's key: wrapped anew by another master key, held, asked for, destroyed with a signed tombstone, destroyed again after a restore.

create or replace function evergreen.subject_held(subject_id uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.subject_holds h where h.subject_id = subject_held.subject_id and h.lifted_at is null and (h.until is null or h.until > now()))
      or exists (
        select from public.investors i
         where i.party_id = subject_held.subject_id and (
           -- R53: records are kept for a term after the relationship; an investor, an order or a holding of theirs is one
           greatest(i.recorded_at, (select max(f.created_at) from public.fund_flows f where f.investor_id = i.investor_id))
             > now() - make_interval(months => (select (p.value #>> '{}')::int from public.platform_settings p where p.key = 'personal_retention_months'))
           or exists (select from public.holdings u where u.investor_id = i.investor_id and u.units > 0)
           or exists (select from public.fund_flows f where f.investor_id = i.investor_id and evergreen.held(f.fund_id))))
$$;
comment on function evergreen.subject_held(uuid) is
  'Whether a legal hold on the subject or on a fund it has orders in, a holding, or the term of records (platform_settings: personal_retention_months, R53) forbids erasing it today.';

create or replace function evergreen.destroy_subject(subject_id uuid) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update public.subject_keys k set state = 'destroyed', wrapped_key = null, master_key_id = null, destroyed_at = now()
   where k.subject_id = destroy_subject.subject_id and k.state <> 'destroyed';
  -- without its key a ciphertext is noise; a blind index would still answer whether somebody was here
  update public.personal_values p set ciphertext = null, blind_index = '{}', superseded_at = coalesce(p.superseded_at, now())
   where p.subject_id = destroy_subject.subject_id and (p.ciphertext is not null or p.blind_index <> '{}');
  delete from public.party_tests t where t.party_id = destroy_subject.subject_id;
  update public.documents d set removed_at = now() where d.subject_id = destroy_subject.subject_id and d.removed_at is null;
$$;
comment on function evergreen.destroy_subject(uuid) is 'Destroys the key of a subject and empties its values; idempotent.';

create or replace function public.fn_list_subject_keys(but text, after uuid default null, max_keys int default 500)
returns table (subject_id uuid, wrapped_key text, master_key_id text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(but ~ '^[!-~]{1,200}$' and max_keys between 1 and 5000, 'EG400', 'but (a master key id) and max_keys (1 to 5,000) are needed.');
  return query
    select k.subject_id, k.wrapped_key, k.master_key_id from public.subject_keys k
     where k.state <> 'destroyed' and k.master_key_id <> but and (fn_list_subject_keys.after is null or k.subject_id > fn_list_subject_keys.after)
     order by k.subject_id limit max_keys;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_subject_keys(text, uuid, int) is 'Wrapped keys that another master key than `but` wrapped, in the order of their subjects. EG400, EG403.';

create or replace function public.fn_rotate_subject_keys(keys jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  rotated int;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('keys', keys);
  answer := evergreen.earlier_answer('fn_rotate_subject_keys', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(keys) = 'array' and jsonb_array_length(keys) between 1 and 5000, 'EG400', 'keys is a list of 1 to 5,000 wrapped keys.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(keys) v where (jsonb_typeof(v) = 'object' and v ->> 'subject_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and v ->> 'wrapped_key' ~ '^v1\.[A-Za-z0-9+/]{80}$' and v ->> 'was' is not null and v ->> 'master_key_id' ~ '^[a-z0-9-]{1,60}$') is not true),
    'EG400', 'Each of keys has subject_id, was, wrapped_key and master_key_id.');
  perform 1 from public.subject_keys k where k.subject_id in (select (v ->> 'subject_id')::uuid from jsonb_array_elements(keys) v) order by k.subject_id for no key update;
  -- only what still is what it was: whoever rotated or erased meanwhile was first
  update public.subject_keys k set wrapped_key = n.wrapped_key, master_key_id = n.master_key_id
    from jsonb_to_recordset(keys) n (subject_id uuid, was text, wrapped_key text, master_key_id text)
   where k.subject_id = n.subject_id and k.wrapped_key = n.was and k.state <> 'destroyed';
  get diagnostics rotated = row_count;
  perform evergreen.audit(null, 'subject_keys', 'rotation', 'keys wrapped anew: ' || rotated || ' of ' || jsonb_array_length(keys), request_id);
  answer := jsonb_build_object('rotated', rotated, 'asked', jsonb_array_length(keys));
  perform evergreen.keep_answer('fn_rotate_subject_keys', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_rotate_subject_keys(jsonb, text) is
  'Puts data keys wrapped by another master key in place of those they were (`was`); one that changed meanwhile is left alone. EG400, EG403, EG409.';

create or replace function public.fn_hold_subject(subject_id uuid, reason text, until timestamptz default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason, 'until', until);
  answer := evergreen.earlier_answer('fn_hold_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform evergreen.refuse_unless(until is null or (isfinite(until) and until > now()), 'EG400', 'until is a time to come, or absent.');
  -- an erasure that is under way waits for this, or this for it
  select k.state into standing from public.subject_keys k where k.subject_id = fn_hold_subject.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing <> 'destroyed', 'EG428', 'The subject was erased.');
  insert into public.subject_holds (subject_id, reason, placed_by, until) values (subject_id, reason, evergreen.actor(), until) returning hold_id into id;
  perform evergreen.audit(null, 'subject_holds', id::text, 'legal hold on a subject placed', request_id);
  answer := jsonb_build_object('hold_id', id);
  perform evergreen.keep_answer('fn_hold_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_hold_subject(uuid, text, timestamptz, text) is 'The data of a subject is not erased until the hold is lifted or ends. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_release_subject(hold_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  h public.subject_holds;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('hold_id', hold_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_release_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into h from public.subject_holds x where x.hold_id = fn_release_subject.hold_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No legal hold with that id.');
  perform evergreen.refuse_unless(h.lifted_at is null, 'EG428', 'The legal hold was lifted already.');
  perform evergreen.refuse_unless(h.placed_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever placed a legal hold cannot lift it.');
  update public.subject_holds x set lifted_by = evergreen.actor(), lifted_at = now(), lift_reason = fn_release_subject.reason where x.hold_id = h.hold_id;
  perform evergreen.audit(null, 'subject_holds', h.hold_id::text, 'legal hold on a subject lifted', request_id);
  answer := jsonb_build_object('hold_id', h.hold_id);
  perform evergreen.keep_answer('fn_release_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_subject(uuid, text, text) is 'Lifts a legal hold on a subject; never by the person who placed it. EG400, EG403, EG404, EG409, EG420, EG428.';

create or replace function public.fn_request_erasure(subject_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
begin
  perform evergreen.require_role('ops_role', 'lp_role');
  perform evergreen.require_own_subject(subject_id);
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_request_erasure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select k.state into standing from public.subject_keys k where k.subject_id = fn_request_erasure.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing = 'active', 'EG428', case standing when 'destroyed' then 'The subject was erased already.' else 'The erasure was asked for already.' end);
  update public.subject_keys k set state = 'restricted', asked_by = evergreen.actor(), asked_at = now(), reason = fn_request_erasure.reason where k.subject_id = fn_request_erasure.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'erasure asked for' || case when evergreen.subject_held(subject_id) then '; a legal hold stands' else '' end, request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'state', 'restricted', 'held', evergreen.subject_held(subject_id));
  perform evergreen.keep_answer('fn_request_erasure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_erasure(uuid, text, text) is
  'Asks for the erasure of a subject (an LP: the party of an own investor): from now on restricted (nothing is added, only screening and audit read); another person erases. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_refuse_erasure(subject_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_refuse_erasure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select k.state into standing from public.subject_keys k where k.subject_id = fn_refuse_erasure.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing = 'restricted', 'EG428', 'No erasure of the subject is asked for.');
  update public.subject_keys k set state = 'active', asked_by = null, asked_at = null, reason = null where k.subject_id = fn_refuse_erasure.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'erasure refused', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'state', 'active');
  perform evergreen.keep_answer('fn_refuse_erasure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_refuse_erasure(uuid, text, text) is 'Takes back that an erasure was asked for. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_read_erasure(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  select jsonb_build_object('subject_id', k.subject_id, 'state', k.state, 'asked_at', k.asked_at, 'asked_by', k.asked_by, 'held', evergreen.subject_held(k.subject_id),
      'key_digest', encode(sha256(convert_to(k.wrapped_key, 'UTF8')), 'hex'),
      'fields', (select count(*) from public.personal_values p where p.subject_id = k.subject_id and p.ciphertext is not null),
      'documents', (select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') from public.documents d where d.subject_id = k.subject_id),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_read_erasure.subject_id;
  perform evergreen.refuse_unless(answer is not null, 'EG404', 'No personal data is kept under that id.');
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_erasure(uuid) is 'What a tombstone of a subject has to say (state, digest of its wrapped key, counts, documents), and the tombstone once there is one. EG403, EG404.';

create or replace function evergreen.check_tombstone(tombstone jsonb) returns void language plpgsql immutable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(jsonb_typeof(tombstone) = 'object' and length(tombstone ->> 'body') between 2 and 2000
    and tombstone ->> 'signature' ~ '^[0-9a-f]{128}$' and tombstone ->> 'public_key' ~ '^[0-9a-f]{64}$', 'EG400', 'tombstone has body (JSON), signature and public_key.');
  perform evergreen.refuse_unless((tombstone ->> 'body')::jsonb ->> 'subjectId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    and (tombstone ->> 'body')::jsonb ->> 'keyDigest' ~ '^[0-9a-f]{64}$', 'EG400', 'The body of a tombstone names the subject and the key that was destroyed.');
end $$;
comment on function evergreen.check_tombstone(jsonb) is 'Refuses what has not the shape of a signed tombstone (EG400); the signature is verified outside, from the row alone.';

create or replace function public.fn_erase_subject(subject_id uuid, tombstone jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  k public.subject_keys;
  body jsonb;
  digest text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'tombstone', tombstone);
  answer := evergreen.earlier_answer('fn_erase_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.check_tombstone(tombstone);
  body := (tombstone ->> 'body')::jsonb;
  select * into k from public.subject_keys x where x.subject_id = fn_erase_subject.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(k.state <> 'destroyed', 'EG428', 'The subject was erased already.');
  perform evergreen.refuse_unless(k.state = 'restricted', 'EG428', 'Nobody has asked for the erasure; ask for it first.');
  perform evergreen.refuse_unless(not evergreen.subject_held(subject_id), 'EG428', 'A legal hold or a duty to keep records stands on the subject; it stays restricted until that has ended.');
  perform evergreen.refuse_unless(k.asked_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever asked for an erasure cannot carry it out.');
  perform evergreen.refuse_unless(body ->> 'subjectId' = subject_id::text, 'EG400', 'The tombstone is of another subject.');
  perform evergreen.refuse_unless(body ->> 'keyDigest' = encode(sha256(convert_to(k.wrapped_key, 'UTF8')), 'hex'), 'EG425', 'The key was wrapped anew since the tombstone was made; make it again.');
  perform evergreen.destroy_subject(subject_id);
  digest := encode(sha256(convert_to(tombstone ->> 'body', 'UTF8')), 'hex');
  insert into public.subject_tombstones (subject_id, body, signature, public_key, erased_by)
  values (subject_id, tombstone ->> 'body', tombstone ->> 'signature', tombstone ->> 'public_key', evergreen.actor());
  perform evergreen.emit('SUBJECT_ERASED', null, jsonb_build_object('subject_id', subject_id, 'tombstone', digest), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'subject erased; tombstone ' || digest, request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'tombstone', digest,
    'documents', (select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') from public.documents d where d.subject_id = fn_erase_subject.subject_id));
  perform evergreen.keep_answer('fn_erase_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_erase_subject(uuid, jsonb, text) is
  'Destroys the key of a subject whose erasure another person asked for, and keeps the signed tombstone; answers the documents whose files can go. EG400, EG403, EG404, EG409, EG420, EG425 rotated meanwhile, EG428 held or not asked for.';

create or replace function public.fn_repeat_erasures(tombstones jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  stone jsonb;
  id uuid;
  repeated int := 0;
begin
  perform evergreen.require_role('service_role');
  input := jsonb_build_object('tombstones', tombstones);
  answer := evergreen.earlier_answer('fn_repeat_erasures', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(tombstones) = 'array' and jsonb_array_length(tombstones) between 1 and 10000, 'EG400', 'tombstones is a list of 1 to 10,000.');
  for stone in select t from jsonb_array_elements(tombstones) t loop
    perform evergreen.check_tombstone(stone);
    id := ((stone ->> 'body')::jsonb ->> 'subjectId')::uuid;
    perform 1 from public.subject_keys k where k.subject_id = id for no key update;
    if evergreen.subject_state(id) is distinct from 'destroyed' or not exists (select from public.subject_tombstones t where t.subject_id = id) then
      perform evergreen.destroy_subject(id);
      insert into public.subject_tombstones (subject_id, body, signature, public_key, erased_by)
      values (id, stone ->> 'body', stone ->> 'signature', stone ->> 'public_key', evergreen.actor()) on conflict do nothing;
      repeated := repeated + 1;
    end if;
  end loop;
  perform evergreen.audit(null, 'subject_keys', 'restore', 'erasures repeated after a restore: ' || repeated || ' of ' || jsonb_array_length(tombstones), request_id);
  answer := jsonb_build_object('repeated', repeated, 'known', jsonb_array_length(tombstones) - repeated);
  perform evergreen.keep_answer('fn_repeat_erasures', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_repeat_erasures(jsonb, text) is
  'Erases again what a restored database has forgotten to be erased, from tombstones kept apart from the backup, their signatures verified by the caller. EG400, EG403, EG409.';

create or replace function public.fn_export_subject(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'lp_role');
  perform evergreen.require_own_subject(subject_id);
  perform evergreen.refuse_unless(evergreen.subject_state(subject_id) is not null, 'EG404', 'No personal data is kept under that id.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by) values (subject_id, 'export', '{}', 'subject-access', evergreen.actor());
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'personal data exported', null);
  select jsonb_build_object(
      'subject', to_jsonb(k) - '{created_at,updated_at}'::text[],
      'values', (select coalesce(jsonb_agg(jsonb_build_object('value_id', p.value_id, 'field', p.field, 'ciphertext', p.ciphertext, 'recorded_by', p.recorded_by,
          'recorded_at', p.recorded_at, 'superseded_at', p.superseded_at) order by p.field, p.recorded_at, p.value_id), '[]') from public.personal_values p where p.subject_id = k.subject_id),
      'documents', (select coalesce(jsonb_agg(to_jsonb(d) - '{created_at,updated_at,subject_id}'::text[] order by d.recorded_at, d.document_id), '[]') from public.documents d where d.subject_id = k.subject_id),
      'accesses', (select coalesce(jsonb_agg(jsonb_build_object('access_id', a.access_id, 'what', a.what, 'fields', a.fields, 'purpose', a.purpose, 'accessed_by', a.accessed_by, 'accessed_at', a.accessed_at)
          order by a.accessed_at, a.access_id), '[]') from public.personal_accesses a where a.subject_id = k.subject_id),
      -- neither risk, cases nor freezes: an answer to the person must not tip off
      'party', (select jsonb_build_object('party_id', p.party_id, 'code', p.code, 'kind', p.kind) from public.parties p where p.party_id = k.subject_id),
      'investors', (select coalesce(jsonb_agg(jsonb_build_object('investor_id', i.investor_id, 'code', i.code, 'classification', i.classification, 'kyc_valid_until', i.kyc_valid_until) order by i.code), '[]')
          from public.investors i where i.party_id = k.subject_id),
      'evidence', (select coalesce(jsonb_agg(jsonb_build_object('evidence_id', e.evidence_id, 'kind', e.kind, 'dated_on', e.dated_on, 'expires_on', e.expires_on, 'recorded_at', e.recorded_at) order by e.recorded_at, e.kind), '[]')
          from public.party_evidence e where e.party_id = k.subject_id),
      'changes', (select coalesce(jsonb_agg(jsonb_build_object('tx', t.tx::text, 'seq', t.seq::text, 'message', t.message, 'created_by', t.created_by, 'created_at', t.created_at) order by t.tx, t.seq), '[]')
          from public.audit_trail t where t.entity_id = k.subject_id::text and t.entity_type = 'subject_keys'),
      'records', evergreen.subject_records(k.subject_id),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_export_subject.subject_id;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_subject(uuid) is
  'All that is kept of a subject: values now and before, still encrypted, documents, register, orders and money, who read what, and what was done. The export itself is recorded. EG403, EG404.';

-- from sql/6w-fn-personal-renewal.sql
-- A new data key for one subject: what stands under the old one is encrypted anew outside, and both change places in one transaction.

create or replace function public.fn_list_old_subject_keys(made_before timestamptz, after uuid default null, max_keys int default 500) returns table (subject_id uuid, key_made_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(isfinite(made_before) and max_keys between 1 and 5000, 'EG400', 'made_before (a time) and max_keys (1 to 5,000) are needed.');
  return query
    select k.subject_id, k.key_made_at from public.subject_keys k
     where k.state <> 'destroyed' and k.key_made_at < made_before and (fn_list_old_subject_keys.after is null or k.subject_id > fn_list_old_subject_keys.after)
     order by k.subject_id limit max_keys;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_old_subject_keys(timestamptz, uuid, int) is 'Subjects whose data key was made before a time, in the order of their ids. EG400, EG403.';

create or replace function public.fn_read_subject_cipher(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  -- key and what stands under it in one statement, so that they are of one moment
  select jsonb_build_object('subject_id', k.subject_id, 'state', k.state, 'wrapped_key', k.wrapped_key, 'master_key_id', k.master_key_id, 'key_version', k.key_version,
      'values', (select coalesce(jsonb_agg(jsonb_build_object('value_id', p.value_id, 'field', p.field, 'ciphertext', p.ciphertext) order by p.value_id), '[]')
          from public.personal_values p where p.subject_id = k.subject_id and p.ciphertext is not null),
      'accounts', (select coalesce(jsonb_agg(jsonb_build_object('account_id', b.account_id, 'sealed', b.sealed) order by b.account_id), '[]')
          from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id where i.party_id = k.subject_id and b.sealed is not null),
      'documents', (select coalesce(jsonb_agg(jsonb_build_object('document_id', d.document_id, 'storage_path', d.storage_path, 'sha256', d.sha256) order by d.document_id), '[]')
          from public.documents d where d.subject_id = k.subject_id and d.removed_at is null))
    into answer from public.subject_keys k where k.subject_id = fn_read_subject_cipher.subject_id;
  perform evergreen.refuse_unless(answer is not null, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(answer ->> 'state' <> 'destroyed', 'EG428', 'The subject was erased; nothing is kept of it.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by) values (subject_id, 'values', '{}', 'new-data-key', evergreen.actor());
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_subject_cipher(uuid) is 'Everything that stands under the data key of a subject, with the key as it is wrapped: to be encrypted under another one. The reading is recorded. EG403, EG404, EG428 erased.';

create or replace function public.fn_renew_subject_key(
  subject_id uuid, was text, wrapped_key text, master_key_id text, field_values jsonb, accounts jsonb, documents jsonb, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  k public.subject_keys;
  gone jsonb;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  -- never a key: what answers to a request id is kept
  input := jsonb_build_object('subject_id', subject_id, 'was', encode(sha256(convert_to(coalesce(was, ''), 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_renew_subject_key', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(wrapped_key ~ '^v1\.[A-Za-z0-9+/]{80}$' and wrapped_key <> was and master_key_id ~ '^[a-z0-9-]{1,60}$', 'EG400', 'wrapped_key is a new key of 32 bytes, wrapped; master_key_id names what wrapped it.');
  perform evergreen.refuse_unless(jsonb_typeof(field_values) = 'array' and jsonb_typeof(accounts) = 'array' and jsonb_typeof(documents) = 'array', 'EG400', 'field_values, accounts and documents are lists.');
  perform evergreen.refuse_unless(octet_length(field_values::text) + octet_length(accounts::text) + octet_length(documents::text) <= 20000000, 'EG413', 'What stands under the key is larger than 20 MB.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v where (jsonb_typeof(v) = 'object' and v ->> 'value_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and v ->> 'ciphertext' ~ '^v1\.[A-Za-z0-9+/]+=*$') is not true), 'EG400', 'Each of field_values has value_id and ciphertext.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(accounts) a where (jsonb_typeof(a) = 'object' and a ->> 'account_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and a ->> 'sealed' ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a ->> 'sealed') between 40 and 4000) is not true), 'EG400', 'Each of accounts has account_id and sealed.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(documents) d where (jsonb_typeof(d) = 'object' and d ->> 'document_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and d ->> 'sha256' ~ '^[0-9a-f]{64}$' and d ->> 'storage_path' ~ ('^' || subject_id || '/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')) is not true), 'EG400', 'Each of documents has document_id, sha256 and storage_path.');
  -- whoever writes under the old key is done, or waits and is refused
  select * into k from public.subject_keys x where x.subject_id = fn_renew_subject_key.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(k.state <> 'destroyed', 'EG428', 'The subject was erased; nothing is kept of it.');
  perform evergreen.refuse_unless(k.wrapped_key = was, 'EG425', 'The key has changed since it was read; read again.');
  -- the old key is destroyed by what follows: nothing may be left under it
  perform evergreen.refuse_unless(
    (select coalesce(array_agg(p.value_id order by p.value_id), '{}') from public.personal_values p where p.subject_id = k.subject_id and p.ciphertext is not null)
      = (select coalesce(array_agg((v ->> 'value_id')::uuid order by (v ->> 'value_id')::uuid), '{}') from jsonb_array_elements(field_values) v)
    and (select coalesce(array_agg(b.account_id order by b.account_id), '{}') from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id where i.party_id = k.subject_id and b.sealed is not null)
      = (select coalesce(array_agg((a ->> 'account_id')::uuid order by (a ->> 'account_id')::uuid), '{}') from jsonb_array_elements(accounts) a)
    and (select coalesce(array_agg(d.document_id order by d.document_id), '{}') from public.documents d where d.subject_id = k.subject_id and d.removed_at is null)
      = (select coalesce(array_agg((d ->> 'document_id')::uuid order by (d ->> 'document_id')::uuid), '{}') from jsonb_array_elements(documents) d),
    'EG425', 'Something was added under the old key since it was read; read again.');
  select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') into gone from public.documents d where d.subject_id = k.subject_id and d.removed_at is null;
  update public.personal_values p set ciphertext = v.ciphertext from jsonb_to_recordset(field_values) v (value_id uuid, ciphertext text) where p.value_id = v.value_id and p.subject_id = k.subject_id;
  update public.bank_accounts b set sealed = a.sealed from jsonb_to_recordset(accounts) a (account_id uuid, sealed text) where b.account_id = a.account_id;
  update public.documents o set storage_path = d.storage_path, sha256 = d.sha256 from jsonb_to_recordset(documents) d (document_id uuid, storage_path text, sha256 text)
   where o.document_id = d.document_id and o.subject_id = k.subject_id;
  update public.subject_keys x set wrapped_key = fn_renew_subject_key.wrapped_key, master_key_id = fn_renew_subject_key.master_key_id, key_version = k.key_version + 1, key_made_at = clock_timestamp()
   where x.subject_id = k.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'new data key: ' || jsonb_array_length(field_values) || ' values, ' || jsonb_array_length(accounts) || ' accounts, '
    || jsonb_array_length(documents) || ' documents', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'key_version', k.key_version + 1, 'gone', gone);
  perform evergreen.keep_answer('fn_renew_subject_key', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_renew_subject_key(uuid, text, text, text, jsonb, jsonb, jsonb, text) is
  'Puts a new data key and everything encrypted under it in the place of the old ones, all or nothing; the old key is destroyed and files whose paths it answers (gone) can go. EG400, EG403, EG404, EG409, EG413, EG425 the key changed or something was added since it was read, EG428 erased.';

-- from sql/6w-fn-personal.sql
-- Personal data: subjects, their encrypted values, look-ups by blind index, documents. What is encrypted here was encrypted outside: the
-- database has neither a master key nor a clear value.

create or replace function evergreen.subject_state(subject_id uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.state from public.subject_keys k where k.subject_id = subject_state.subject_id
$$;
comment on function evergreen.subject_state(uuid) is 'active, restricted (an erasure was asked for) or destroyed; null when no personal data is kept of this subject.';

create or replace function evergreen.require_own_subject(subject_id uuid) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- an LP has a user, and looks at the parties of the own investors alone; whose data is kept is not told to others
  perform evergreen.refuse_unless(evergreen.role_name() <> 'lp_role' or (evergreen.actor() is not null and exists (
    select from public.investors i join evergreen.my_investors m on m.investor_id = i.investor_id where i.party_id = require_own_subject.subject_id)),
    'EG404', 'No personal data is kept under that id.');
end $$;
comment on function evergreen.require_own_subject(uuid) is 'Refuses an LP for every subject but the party of an own investor. EG401, EG404.';

create or replace function evergreen.open_for_writing(subject_id uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  standing text;
begin
  select k.state into standing from public.subject_keys k where k.subject_id = open_for_writing.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id; open the subject first.');
  perform evergreen.refuse_unless(standing = 'active', 'EG428', case standing when 'destroyed' then 'The subject was erased; nothing more is kept of it.'
    else 'An erasure of the subject was asked for; nothing is added meanwhile.' end);
end $$;
comment on function evergreen.open_for_writing(uuid) is 'Locks a subject and refuses unless something may be added to it. EG404, EG428.';

create or replace function evergreen.require_key_version(subject_id uuid, key_version int) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  current int;
begin
  -- shared, so that a new key waits for whoever writes under this one; those who write do not wait for each other
  select k.key_version into current from public.subject_keys k where k.subject_id = require_key_version.subject_id for share;
  perform evergreen.refuse_unless(not found or current = coalesce(key_version, 1), 'EG425', 'The subject has a new data key; read it and encrypt again.');
end $$;
comment on function evergreen.require_key_version(uuid, int) is 'Refuses what was encrypted under an earlier data key of the subject (EG425).';

create or replace function public.fn_open_subject(subject_id uuid, wrapped_key text, master_key_id text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  made int;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('subject_id', subject_id);
  answer := evergreen.earlier_answer('fn_open_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(subject_id is not null, 'EG400', 'subject_id is needed.');
  perform evergreen.refuse_unless(wrapped_key ~ '^v1\.[A-Za-z0-9+/]{80}$' and master_key_id ~ '^[a-z0-9-]{1,60}$', 'EG400', 'wrapped_key is a wrapped key of 32 bytes, master_key_id names what wrapped it.');
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = subject_id), 'EG404', 'No party with that id.');
  perform evergreen.refuse_unless(not exists (select from public.subject_tombstones t where t.subject_id = fn_open_subject.subject_id), 'EG428', 'The subject was erased; nothing more is kept of it.');
  insert into public.subject_keys (subject_id, wrapped_key, master_key_id, opened_by) values (subject_id, wrapped_key, master_key_id, evergreen.actor()) on conflict do nothing;
  get diagnostics made = row_count;
  if made = 1 then
    perform evergreen.audit(null, 'subject_keys', subject_id::text, 'subject opened', request_id);
  end if;
  -- never the key: what answers to a request id is kept, and would outlive an erasure
  answer := jsonb_build_object('subject_id', subject_id, 'opened', made = 1);
  perform evergreen.keep_answer('fn_open_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_subject(uuid, text, text, text) is
  'Gives a subject its wrapped data key; of two at once the first counts (opened says whose). EG400, EG403, EG404, EG409, EG428 erased.';

create or replace function public.fn_put_personal(subject_id uuid, field_values jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  names int;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  -- a ciphertext is another one every time; what says that the content is the same is the mark that stands beside it (a keyed hash, stored nowhere)
  input := jsonb_build_object('subject_id', subject_id, 'field_values', case when jsonb_typeof(field_values) = 'array' then
    (select jsonb_agg(case when jsonb_typeof(v) = 'object' then v - '{ciphertext,value_id,key_version}'::text[] else v end) from jsonb_array_elements(field_values) v) end);
  answer := evergreen.earlier_answer('fn_put_personal', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(field_values) = 'array' and jsonb_array_length(field_values) between 1 and 20, 'EG400', 'field_values is a list of 1 to 20 fields.');
  perform evergreen.refuse_unless(octet_length(field_values::text) <= 2000000, 'EG413', 'field_values is larger than 2 MB.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v where (jsonb_typeof(v) = 'object' and v ->> 'field' ~ '^[a-z_]{1,40}$'
      and v ->> 'value_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and (v ->> 'ciphertext' is null or v ->> 'ciphertext' ~ '^v1\.[A-Za-z0-9+/]+=*$')
      and v ->> 'content' ~ '^[0-9a-f]{64}$' and jsonb_typeof(v -> 'blind_index') = 'array' and coalesce(v ->> 'key_version', '1') ~ '^[1-9][0-9]{0,8}$') is not true),
    'EG400', 'Each of field_values has field, value_id, ciphertext, content, blind_index and key_version.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v, jsonb_array_elements_text(v -> 'blind_index') b where (b ~ '^[0-9a-f]{64}$') is not true),
    'EG400', 'blind_index is a list of hashes.');
  select count(distinct v ->> 'field') into names from jsonb_array_elements(field_values) v;
  perform evergreen.refuse_unless(names = jsonb_array_length(field_values), 'EG400', 'A field stands twice in field_values.');
  perform evergreen.open_for_writing(subject_id);
  perform evergreen.require_key_version(subject_id, (v ->> 'key_version')::int) from jsonb_array_elements(field_values) v;
  update public.personal_values p set superseded_at = now()
   where p.subject_id = fn_put_personal.subject_id and p.superseded_at is null and p.field in (select v ->> 'field' from jsonb_array_elements(field_values) v);
  insert into public.personal_values (value_id, subject_id, field, ciphertext, blind_index, recorded_by)
  select (v ->> 'value_id')::uuid, fn_put_personal.subject_id, v ->> 'field', v ->> 'ciphertext', array(select jsonb_array_elements_text(v -> 'blind_index')), evergreen.actor()
    from jsonb_array_elements(field_values) v;
  perform evergreen.emit('PERSONAL_DATA_RECORDED', null, jsonb_build_object('subject_id', subject_id, 'fields', names), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'personal data recorded: ' || names || ' fields', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'fields', names);
  perform evergreen.keep_answer('fn_put_personal', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_put_personal(uuid, jsonb, text) is
  'Records encrypted values of a subject (field, value_id, ciphertext or null to take it back, content: a keyed hash that says whether a repeated request is the same, blind_index); each supersedes the one before. EG400, EG403, EG404, EG409, EG413, EG425 another data key since, EG428 erased or to be erased.';

drop function if exists public.fn_read_personal(uuid[], text[], text);
create or replace function public.fn_read_personal(subject_ids uuid[], fields text[] default null, purpose text default 'review')
returns table (subject_id uuid, state text, wrapped_key text, master_key_id text, key_version int, value_id uuid, field text, ciphertext text, recorded_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc', 'lp_role');
  perform evergreen.refuse_unless(cardinality(subject_ids) between 1 and 5000, 'EG400', 'subject_ids names 1 to 5,000 subjects.');
  perform evergreen.refuse_unless(purpose ~ '^[a-z-]{1,60}$', 'EG400', 'purpose is a code of small letters and hyphens.');
  perform evergreen.require_own_subject(s) from unnest(subject_ids) s;
  if fields is null or cardinality(fields) > 0 then
    insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
    select k.subject_id, 'values', coalesce(fn_read_personal.fields, '{}'), fn_read_personal.purpose, evergreen.actor()
      from public.subject_keys k where k.subject_id = any (subject_ids) and k.state <> 'destroyed';
  end if;
  -- key and values in one statement, so that they are of one moment
  return query
    select k.subject_id, k.state, k.wrapped_key, k.master_key_id, k.key_version, p.value_id, p.field, p.ciphertext, p.recorded_at
      from public.subject_keys k
      left join public.personal_values p on p.subject_id = k.subject_id and p.superseded_at is null and p.ciphertext is not null
        and (fn_read_personal.fields is null or p.field = any (fn_read_personal.fields))
        -- whose erasure was asked for is still screened and audited, and otherwise left alone
        and (k.state = 'active' or k.state = 'restricted' and evergreen.role_name() in ('audit_role', 'agent_kyc', 'lp_role'))
     where k.subject_id = any (subject_ids) order by k.subject_id, p.field;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_personal(uuid[], text[], text) is
  'The wrapped key and the current encrypted values of subjects (all fields, or those named; none: the key alone). Every read is recorded with its purpose. Unknown subjects have no row. LPs read the party of an own investor. EG400, EG401, EG403, EG404.';

create or replace function public.fn_find_subjects(field text, index_value text) returns table (subject_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(field ~ '^[a-z_]{1,40}$' and index_value ~ '^[0-9a-f]{64}$', 'EG400', 'field and index_value (64 hexadecimal digits) are needed.');
  return query
    select distinct p.subject_id from public.personal_values p
     where p.superseded_at is null and p.blind_index @> array[index_value] and p.field = fn_find_subjects.field order by 1;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_find_subjects(text, text) is 'Subjects whose current value of the field has this blind index. EG400, EG403.';

drop function if exists public.fn_put_document(uuid, uuid, text, text, bigint, text, text, text);
create or replace function public.fn_put_document(
  document_id uuid, subject_id uuid, kind text, content_type text, size bigint, sha256 text, storage_path text, key_version int default 1, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  -- a request that is repeated has stored another file, which its caller takes away again
  input := jsonb_build_object('subject_id', subject_id, 'kind', kind, 'content_type', content_type, 'size', size);
  answer := evergreen.earlier_answer('fn_put_document', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(document_id is not null and kind ~ '^[a-z_]{1,60}$', 'EG400', 'document_id and kind (small letters and underscores) are needed.');
  perform evergreen.refuse_unless(content_type in ('application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'image/webp'), 'EG400', 'The document is no PDF, JPEG, PNG, TIFF or WebP.');
  perform evergreen.refuse_unless(size between 1 and 20971520, 'EG413', 'A document has 1 byte to 20 MB.');
  perform evergreen.refuse_unless(sha256 ~ '^[0-9a-f]{64}$' and storage_path = subject_id || '/' || document_id, 'EG400', 'sha256 is of what is stored, storage_path is the subject and the document.');
  perform evergreen.open_for_writing(subject_id);
  perform evergreen.require_key_version(subject_id, key_version);
  insert into public.documents (document_id, subject_id, kind, content_type, size, sha256, storage_path, recorded_by)
  values (document_id, subject_id, kind, content_type, size, sha256, storage_path, evergreen.actor());
  perform evergreen.audit(null, 'documents', document_id::text, 'document recorded', request_id);
  answer := jsonb_build_object('document_id', document_id);
  perform evergreen.keep_answer('fn_put_document', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_put_document(uuid, uuid, text, text, bigint, text, text, int, text) is
  'Records a document that is stored encrypted: its type by its bytes, its size before and its sha256 after encryption, the data key it is under. EG400, EG403, EG404, EG409, EG413, EG425 another data key since, EG428.';

create or replace function public.fn_read_document(document_id uuid, purpose text default 'review')
returns table (id uuid, subject_id uuid, kind text, content_type text, size bigint, sha256 text, storage_path text, wrapped_key text, master_key_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(purpose ~ '^[a-z-]{1,60}$', 'EG400', 'purpose is a code of small letters and hyphens.');
  return query
    select d.document_id, d.subject_id, d.kind, d.content_type, d.size, d.sha256, d.storage_path, k.wrapped_key, k.master_key_id
      from public.documents d join public.subject_keys k on k.subject_id = d.subject_id
     where d.document_id = fn_read_document.document_id and d.removed_at is null
       and (k.state = 'active' or k.state = 'restricted' and evergreen.role_name() in ('audit_role', 'agent_kyc'));
  perform evergreen.refuse_unless(found, 'EG404', 'No document with that id.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
  select d.subject_id, 'document:' || d.document_id, '{}', fn_read_document.purpose, evergreen.actor() from public.documents d where d.document_id = fn_read_document.document_id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_document(uuid, text) is 'Where a document is stored and the wrapped key that opens it; recorded with its purpose. EG400, EG403, EG404.';

create or replace function public.fn_read_vault_keys() returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('agent_kyc', 'service_role');
  return (select jsonb_object_agg(substr(s.key, 20), s.value) from jsonb_each(
    evergreen.vault_secrets('evergreen_personal_master', 'evergreen_personal_index', 'evergreen_personal_signing')) s);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_vault_keys() is 'Master, index and signing keys of personal data out of Supabase Vault, for who encrypts: workers, never people. EG403, EG404, EG428 no Vault.';

-- from sql/6w-fn-pools.sql
-- Pools on a chain in which units of a class are exchanged for cash: their reserves and curve as data with versions, and what was executed in them.

create or replace function public.fn_set_pool(share_class_id uuid, pool text, chain text, curve text, reserve_units numeric, reserve_cash numeric, unit_decimals int, cash_decimals int, fee_ppm int,
  effective_from date, amplification int default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  made public.liquidity_pools;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'pool', pool, 'chain', chain, 'curve', curve, 'reserve_units', reserve_units, 'reserve_cash', reserve_cash,
    'unit_decimals', unit_decimals, 'cash_decimals', cash_decimals, 'fee_ppm', fee_ppm, 'effective_from', effective_from, 'amplification', amplification);
  answer := evergreen.earlier_answer('fn_set_pool', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select c.fund_id into of_fund from public.share_classes c where c.share_class_id = fn_set_pool.share_class_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No share class with that id.');
  perform from public.funds f where f.fund_id = of_fund for no key update;
  perform evergreen.refuse_unless(pool ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and chain ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$', 'EG400',
    'pool and chain are codes of 1 to 40 letters, digits, dots, hyphens and underscores.');
  perform evergreen.refuse_unless((curve = 'constant_product' and amplification is null) or (curve = 'stable_swap' and amplification between 1 and 1000000), 'EG400',
    'curve is constant_product, or stable_swap with an amplification of 1 to 1000000.');
  perform evergreen.refuse_unless(reserve_units between 1 and 5192296858534827628530496329220095 and reserve_cash between 1 and 5192296858534827628530496329220095
    and reserve_units = trunc(reserve_units) and reserve_cash = trunc(reserve_cash), 'EG400', 'Reserves are whole smallest units, 1 to 2^112 − 1.');
  perform evergreen.refuse_unless(unit_decimals between 0 and 18 and cash_decimals between 0 and 18 and fee_ppm between 0 and 999999, 'EG400',
    'Decimals are 0 to 18, and the fee is 0 to 999999 parts per million.');
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  -- a later version may change reserves and terms, never which units the pool is of
  perform evergreen.refuse_unless(not exists (select from public.liquidity_pools p where p.fund_id = of_fund and p.pool = fn_set_pool.pool and p.share_class_id <> fn_set_pool.share_class_id),
    'EG428', 'That code is of a pool of another class; choose another code.');
  insert into public.liquidity_pools (fund_id, share_class_id, pool, version, chain, curve, reserve_units, reserve_cash, unit_decimals, cash_decimals, fee_ppm, amplification, effective_from, set_by)
  values (of_fund, fn_set_pool.share_class_id, fn_set_pool.pool,
    (select coalesce(max(p.version), 0) + 1 from public.liquidity_pools p where p.fund_id = of_fund and p.pool = fn_set_pool.pool),
    fn_set_pool.chain, fn_set_pool.curve, fn_set_pool.reserve_units, fn_set_pool.reserve_cash, fn_set_pool.unit_decimals, fn_set_pool.cash_decimals, fn_set_pool.fee_ppm,
    fn_set_pool.amplification, fn_set_pool.effective_from, evergreen.actor()) returning * into made;
  perform evergreen.emit('POOL_SET', of_fund, jsonb_build_object('pool_id', made.pool_id, 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'liquidity_pools', made.pool_id::text, 'pool version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('pool_id', made.pool_id, 'version', made.version);
  perform evergreen.keep_answer('fn_set_pool', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_pool(uuid, text, text, text, numeric, numeric, int, int, int, date, int, text) is
  'Sets a pool of units of a class against cash from a date on: curve, reserves in whole smallest units, fee in parts per million; a change is a new version. Returns {pool_id, version}. EG400, EG404, EG428.';

create or replace function public.fn_record_pool_trade(pool_id uuid, direction text, amount_in numeric, amount_out numeric, tx_hash text, executed_at timestamptz, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_pool public.liquidity_pools;
  made public.pool_trades;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('pool_id', pool_id, 'direction', direction, 'amount_in', amount_in, 'amount_out', amount_out, 'tx_hash', tx_hash, 'executed_at', executed_at);
  answer := evergreen.earlier_answer('fn_record_pool_trade', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_pool from public.liquidity_pools p where p.pool_id = fn_record_pool_trade.pool_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a pool with that id.');
  perform evergreen.refuse_unless(direction in ('sell', 'buy'), 'EG400', 'direction is sell (units for cash) or buy (cash for units).');
  perform evergreen.refuse_unless(amount_in between 1 and 5192296858534827628530496329220095 and amount_out between 0 and 5192296858534827628530496329220095
    and amount_in = trunc(amount_in) and amount_out = trunc(amount_out), 'EG400', 'Amounts are whole smallest units; what goes in is at least one.');
  perform evergreen.refuse_unless(tx_hash ~ '^0x[0-9a-f]{64}$', 'EG400', 'tx_hash is the hash of the transaction, 0x and 64 lower-case hexadecimal digits.');
  perform evergreen.refuse_unless(isfinite(executed_at) and executed_at <= clock_timestamp(), 'EG400', 'executed_at is a moment that has passed.');
  perform from public.funds f where f.fund_id = of_pool.fund_id for no key update;
  perform evergreen.refuse_unless(not exists (select from public.pool_trades t where t.pool_id = fn_record_pool_trade.pool_id and t.tx_hash = fn_record_pool_trade.tx_hash), 'EG428', 'That transaction is recorded already.');
  insert into public.pool_trades (pool_id, direction, amount_in, amount_out, tx_hash, executed_at, recorded_by)
  values (fn_record_pool_trade.pool_id, fn_record_pool_trade.direction, fn_record_pool_trade.amount_in, fn_record_pool_trade.amount_out, fn_record_pool_trade.tx_hash,
    fn_record_pool_trade.executed_at, evergreen.actor()) returning * into made;
  perform evergreen.emit('POOL_TRADE_RECORDED', of_pool.fund_id, jsonb_build_object('pool_id', made.pool_id, 'trade_id', made.trade_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_pool.fund_id, 'pool_trades', made.trade_id::text, 'trade in a pool recorded', request_id);
  answer := jsonb_build_object('trade_id', made.trade_id);
  perform evergreen.keep_answer('fn_record_pool_trade', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_pool_trade(uuid, text, numeric, numeric, text, timestamptz, text) is
  'Records a trade executed in a version of a pool, once per transaction: whole smallest units in and out. Returns {trade_id}. EG400, EG404, EG428.';

-- from sql/6w-fn-subject-records.sql
-- What the register, the orders and the money of an investor say of a subject, as the subject is answered: never what would tip off (domain rule R57).

create or replace function evergreen.readable(entry jsonb) returns jsonb language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_object_agg(c.key, case jsonb_typeof(c.value) when 'number' then to_jsonb(c.value #>> '{}') else c.value end), '{}')
    from jsonb_each(entry - '{tx,updated_at}'::text[]) c
$$;
comment on function evergreen.readable(jsonb) is 'A row for a person: numbers as texts, so that no reader rounds them, without what only the database needs.';

create or replace function evergreen.subject_records(subject_id uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with mine as (select i.investor_id from public.investors i where i.party_id = subject_records.subject_id),
  orders as (select f.flow_id from public.fund_flows f where f.investor_id in (select investor_id from mine))
  select jsonb_build_object(
    'investor_access', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - 'user_id')), '[]') from public.investor_access x where x.investor_id in (select investor_id from mine)),
    'investors_pending_kyc', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{kyc_status,evidence,asked,missing}'::text[])), '[]') from public.investors_pending_kyc x
        where x.party_id = subject_records.subject_id),
    'party_links', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - 'created_by')), '[]') from public.party_links x where subject_records.subject_id in (x.owner_id, x.owned_id)),
    'beneficial_owners', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{source,set_by}'::text[])), '[]') from public.beneficial_owners x
        where x.investor_id in (select investor_id from mine) or x.owner_id in (select investor_id from mine)),
    'bank_accounts', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{account_index,content_mark,proposed_by,decided_by}'::text[])), '[]') from public.bank_accounts x
        where x.investor_id in (select investor_id from mine)),
    'fund_flows', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.fund_flows x where x.investor_id in (select investor_id from mine)),
    'order_transitions', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{reason,document,actor}'::text[])), '[]') from public.order_transitions x where x.flow_id in (select flow_id from orders)),
    'order_leaves', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.order_leaves x where x.flow_id in (select flow_id from orders)),
    'allocations', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.allocations x where x.investor_id in (select investor_id from mine)),
    'lots', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.lots x where x.investor_id in (select investor_id from mine)),
    'holdings', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.holdings x where x.investor_id in (select investor_id from mine)),
    'unit_ledger', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.unit_ledger x where x.investor_id in (select investor_id from mine)),
    -- neither state nor clearance: a freeze tells what a holder may not be told
    'wallets', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{status,claim_until,consent}'::text[])), '[]') from public.wallets x where x.investor_id in (select investor_id from mine)),
    'token_moves', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) || jsonb_build_object('chain', a.chain, 'block', a.block, 'tx_hash', a.tx_hash))), '[]')
        from public.token_moves x join public.tokenization_actions a using (action_id) join public.wallets w on w.wallet_id = x.wallet_id
       where w.investor_id in (select investor_id from mine) and a.status in ('included', 'final')),
    'cash_movements', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.cash_movements x where x.investor_id in (select investor_id from mine)),
    'cash_balances', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.cash_balances x where x.investor_id in (select investor_id from mine)),
    'in_kind_deliveries', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.in_kind_deliveries x where x.investor_id in (select investor_id from mine)),
    'compensations', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.compensations x where x.investor_id in (select investor_id from mine)),
    'statements', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.statements x where x.investor_id in (select investor_id from mine)),
    'payment_lines', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.payment_lines x where x.flow_id in (select flow_id from orders)),
    'import_rows', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.import_rows x where x.flow_id in (select flow_id from orders)),
    'event_investors', (select coalesce(jsonb_agg(jsonb_build_object('event_id', e.event_id, 'type', e.type, 'effective_at', e.effective_at, 'recorded_at', e.recorded_at)), '[]')
        from public.fund_events e where e.event_id in (select x.event_id from public.event_investors x where x.investor_id in (select investor_id from mine))))
$$;
comment on function evergreen.subject_records(uuid) is
  'Rows of the register, the orders and the money of a subject by table, numbers as texts; neither risk, cases, freezes nor reasons of staff, so that no answer tips off. An account is still encrypted.';

-- from sql/6x-fn-screening.sql
-- Screening: checks of parties against versions of lists, candidates they found, what people decided about them, and where a party stands.

create or replace function evergreen.screening_facts_hash(s public.screening_subjects) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(s.party_id || '/' || s.facts_version, 'UTF8')), 'hex')
$$;
comment on function evergreen.screening_facts_hash(public.screening_subjects) is
  'Names the facts of a party as they are now without holding a word of them: it changes whenever they change, and tells nothing once the party is erased.';

create or replace function evergreen.request_screening(of_party uuid, why text, facts_changed boolean, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
begin
  insert into public.screening_subjects (party_id, revision, facts_version, reason, asked_by) values (of_party, 1, 1, why, evergreen.actor())
  on conflict (party_id) do update set revision = screening_subjects.revision + 1, facts_version = screening_subjects.facts_version + facts_changed::int,
      reason = excluded.reason, asked_by = excluded.asked_by, asked_at = evergreen.clock()
  returning * into s;
  perform evergreen.emit('SCREENING_REQUESTED', null, jsonb_build_object('party_id', of_party, 'revision', s.revision, 'reason', why), evergreen.actor(), '{}', '{}', request_id);
  return s.revision;
end $$;
comment on function evergreen.request_screening(uuid, text, boolean, text) is
  'Has a party screened against all active lists; called in the transaction in which it is registered or its facts change. Until the check is there it stands as unscreened.';

create or replace function evergreen.covered_through(of_list uuid) returns int language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(r.to_ordinal), 0) from public.screening_rescreens r where r.list_id = of_list
$$;
comment on function evergreen.covered_through(uuid) is 'Up to which version of a list its changes were held against all parties.';

create or replace function evergreen.open_candidates(of_party uuid) returns table (candidate_id uuid, list_id uuid, external_id text, outcome text, decision text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with subject as (
    select s.*, evergreen.screening_facts_hash(s) as facts from public.screening_subjects s where s.party_id = of_party
  ), last as (
    -- the newest whole check, and what changes of lists were found to mean since
    select c.check_id from public.screening_checks c, subject s where c.party_id = s.party_id and c.revision = s.revision
       and c.checked_at >= (select max(f.checked_at) from public.screening_checks f where f.party_id = s.party_id and f.revision = s.revision and f.scope = 'full')
  )
  select distinct on (e.list_id, e.external_id) x.candidate_id, e.list_id, e.external_id, x.outcome, d.decision
    from last join public.screening_candidates x using (check_id) join public.watchlist_entries e on e.entry_id = x.entry_id and e.removed_in is null
    cross join subject s left join public.screening_clearances d on d.party_id = s.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
      and d.facts_hash = s.facts and d.entry_hash = e.entry_hash
   order by e.list_id, e.external_id, x.created_at desc
$$;
comment on function evergreen.open_candidates(uuid) is
  'Candidates of a party that count today: of its newest whole check and the deltas since, whose entry still stands; with what was decided about the pair while neither has changed.';

create or replace function evergreen.screening_standing(party_id uuid) returns text language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
  last public.screening_checks;
begin
  select * into s from public.screening_subjects x where x.party_id = screening_standing.party_id;
  if not found then
    return 'unscreened';
  end if;
  if exists (select from evergreen.open_candidates(s.party_id) o where o.decision = 'true_match') or evergreen.is_frozen(s.party_id) then
    return 'refused';
  elsif exists (select from evergreen.open_candidates(s.party_id) o where o.decision is null and o.outcome = 'alert') then
    return 'open';
  end if;
  select * into last from public.screening_checks c where c.party_id = s.party_id and c.scope = 'full' order by c.checked_at desc, c.revision desc limit 1;
  if not found or last.revision <> s.revision or evergreen.watchlist_trouble() is not null
    or exists (select from evergreen.open_candidates(s.party_id) o where o.decision is null and o.outcome = 'ask')
    or exists (select from public.watchlists w join public.watchlist_versions v on v.list_id = w.list_id and v.status = 'current'
         left join public.screening_check_lists l on l.check_id = last.check_id and l.list_id = w.list_id
        where w.active and greatest(coalesce(l.ordinal, 0), case when coalesce(l.ordinal, 0) < v.ordinal then evergreen.covered_through(w.list_id) else 0 end) < v.ordinal) then
    return 'unscreened';
  end if;
  return 'clear';
end $$;
comment on function evergreen.screening_standing(uuid) is
  'refused: a true match stands · open: a possible match is not decided · unscreened: never checked, facts changed since, evidence asked, or a list is missing, too old or not yet held against the party · clear.';

create or replace function public.fn_request_screening(party_id uuid, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('party_id', party_id);
  answer := evergreen.earlier_answer('fn_request_screening', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = fn_request_screening.party_id), 'EG404', 'No party with that id.');
  answer := jsonb_build_object('party_id', party_id, 'revision', evergreen.request_screening(party_id, 'asked', false, request_id));
  perform evergreen.audit(null, 'parties', party_id::text, 'screening asked for', request_id);
  perform evergreen.keep_answer('fn_request_screening', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_screening(uuid, text) is 'Asks for a party to be screened anew against all active lists. EG404, EG409.';

create or replace function public.fn_record_check(party_id uuid, revision int, scope text, lists jsonb, engine text, candidates jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.screening_subjects;
  c public.screening_checks;
  trouble text;
  found_outcome text;
  asked text[];
  unsettled int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('party_id', party_id, 'revision', revision, 'scope', scope, 'lists', lists, 'engine', engine, 'candidates', candidates);
  answer := evergreen.earlier_answer('fn_record_check', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(scope in ('full', 'delta') and length(engine) between 1 and 100 and jsonb_typeof(lists) = 'array' and jsonb_typeof(candidates) = 'array', 'EG400',
    'scope is full or delta, engine has 1 to 100 characters, lists and candidates are lists.');
  perform evergreen.refuse_unless(jsonb_array_length(lists) between 1 and 100 and jsonb_array_length(candidates) <= 200, 'EG413', 'A check has 1 to 100 lists and at most 200 candidates.');
  -- as it was at one moment: a version is published before this check or after it, never within
  perform 1 from public.watchlists w where w.active order by w.list_id for share;
  select * into s from public.screening_subjects x where x.party_id = fn_record_check.party_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No party with that id is screened.');
  perform evergreen.refuse_unless(s.revision = fn_record_check.revision, 'EG425', 'The facts of the party have changed, or another screening was asked for since; screen it again.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid, sha256 text)
      left join public.watchlist_versions v on v.version_id = g.version_id and v.sha256 = g.sha256 and v.status = 'current' left join public.watchlists w on w.list_id = v.list_id and w.active where w.list_id is null)
    and (scope = 'delta' or (select count(distinct g.version_id) from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid))
      = (select count(*) from public.watchlists w where w.active)), 'EG425', 'A list has changed since the check began, or is missing in it; screen the party against the lists of now.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(candidates) as g (entry_id uuid, score numeric, outcome text, features jsonb)
      left join public.watchlist_entries e on e.entry_id = g.entry_id and e.removed_in is null
        and e.list_id in (select v.list_id from jsonb_to_recordset(fn_record_check.lists) as l (version_id uuid) join public.watchlist_versions v on v.version_id = l.version_id)
     where (e.entry_id is not null and g.score between 0 and 1 and g.outcome in ('alert', 'ask', 'clear') and jsonb_typeof(g.features) = 'array') is not true), 'EG400',
    'Each candidate names an entry of the lists checked, a score from 0 to 1, an outcome (alert, ask or clear) and its features.');
  insert into public.screening_checks (party_id, revision, facts_hash, scope, engine, outcome, checked_by, checked_at)
  values (s.party_id, s.revision, evergreen.screening_facts_hash(s), scope, engine, 'clear', evergreen.actor(), clock_timestamp()) returning * into c;
  insert into public.screening_check_lists (check_id, list_id, version_id, ordinal, sha256)
  select distinct c.check_id, v.list_id, v.version_id, v.ordinal, v.sha256 from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid) join public.watchlist_versions v using (version_id);
  insert into public.screening_candidates (check_id, party_id, entry_id, entry_hash, score, outcome, features, missing)
  select c.check_id, s.party_id, e.entry_id, e.entry_hash, g.score, g.outcome, g.features, array(select jsonb_array_elements_text(coalesce(g.missing, '[]')) order by 1)
    from jsonb_to_recordset(candidates) as g (entry_id uuid, score numeric, outcome text, features jsonb, missing jsonb) join public.watchlist_entries e on e.entry_id = g.entry_id;
  -- a pair that was decided while neither side has changed is not found anew
  select case when bool_or(x.outcome = 'alert') then 'possible' when bool_or(x.outcome = 'ask') then 'ask' else 'clear' end, count(*) filter (where x.outcome = 'alert')
    into found_outcome, unsettled
    from public.screening_candidates x join public.watchlist_entries e on e.entry_id = x.entry_id
   where x.check_id = c.check_id and not exists (select from public.screening_clearances d where d.party_id = s.party_id and d.list_id = e.list_id and d.external_id = e.external_id
     and d.ended_at is null and d.facts_hash = c.facts_hash and d.entry_hash = x.entry_hash and d.decision = 'false_match');
  select coalesce(array_agg(distinct m order by m), '{}') into asked from public.screening_candidates x, unnest(x.missing) m where x.check_id = c.check_id and x.outcome = 'ask' and found_outcome = 'ask';
  trouble := evergreen.watchlist_trouble();
  perform evergreen.refuse_unless(found_outcome <> 'clear' or scope = 'delta' or trouble is null, 'EG428', trouble);
  update public.screening_checks x set outcome = found_outcome, missing = asked where x.check_id = c.check_id;
  perform evergreen.follow_check(c.check_id, request_id);
  perform evergreen.emit('PARTY_SCREENED', null, jsonb_build_object('party_id', s.party_id, 'check_id', c.check_id, 'outcome', found_outcome), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'screening_checks', c.check_id::text, format('party screened (%s): %s, %s candidates, %s undecided', scope, found_outcome, jsonb_array_length(candidates), unsettled), request_id);
  answer := jsonb_build_object('check_id', c.check_id, 'outcome', found_outcome, 'candidates', jsonb_array_length(candidates), 'undecided', unsettled, 'missing', to_jsonb(asked));
  perform evergreen.keep_answer('fn_record_check', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_check(uuid, int, text, jsonb, text, jsonb, text) is
  'Records what a screening found: lists = [{version_id, sha256}] as used (all active ones when scope is full), candidates = [{entry_id, score, outcome, features, missing}]. A possible match opens a case, missing facts are asked for. Refused when facts or lists changed since (EG425), and to clear on a list that is missing or too old (EG428). EG400, EG404, EG409, EG413.';

create or replace function evergreen.evidence_for(fact text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case fact when 'born' then 'date_of_birth' when 'country' then 'country_of_residence' else fact end
$$;
comment on function evergreen.evidence_for(text) is 'The kind of evidence that tells a fact which screening lacks.';

create or replace function evergreen.clear_pair(of_party uuid, of_list text, of_entry text, of_case uuid, of_reason text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  x public.screening_candidates;
begin
  -- the newest candidate of the pair that the case holds; what was found before the facts changed is decided with it
  select c.* into x from public.screening_candidates c join public.watchlist_entries e using (entry_id) join public.watchlists w on w.list_id = e.list_id
   where c.party_id = of_party and c.case_id = of_case and w.source = of_list and e.external_id = of_entry order by c.created_at desc limit 1;
  -- what has changed since is found anew by its own check; what is decided stays decided
  if found and exists (select from public.screening_subjects s join public.screening_checks c on c.party_id = s.party_id where s.party_id = of_party and c.check_id = x.check_id and c.facts_hash = evergreen.screening_facts_hash(s))
    and exists (select from public.watchlist_entries e where e.entry_id = x.entry_id and e.removed_in is null)
    and not exists (select from public.screening_clearances d join public.watchlist_entries e on e.list_id = d.list_id and e.external_id = d.external_id and e.entry_hash = d.entry_hash
      join public.screening_checks c on c.check_id = x.check_id and c.facts_hash = d.facts_hash where d.party_id = of_party and e.entry_id = x.entry_id and d.ended_at is null) then
    perform evergreen.decide_pair(x, 'false_match', of_reason, null);
  end if;
end $$;
comment on function evergreen.clear_pair(uuid, text, text, uuid, text) is 'The clearance that follows from the final verdict false_match of a case about one party and one entry; none when either has changed since.';

create or replace function evergreen.follow_check(of_check uuid, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  c public.screening_checks;
  of_case uuid;
  found_now jsonb;
begin
  select * into c from public.screening_checks x where x.check_id = of_check;
  if c.outcome = 'possible' then
    -- only what nobody has decided; the case of a party takes what is found later while it is open
    select jsonb_agg(jsonb_build_object('list', w.source, 'list_version', l.ordinal::text, 'entry_ref', e.external_id, 'check_id', c.check_id, 'score', x.score, 'features', x.features) order by x.score desc)
      into found_now
      from public.screening_candidates x join public.watchlist_entries e using (entry_id) join public.watchlists w on w.list_id = e.list_id
      join public.screening_check_lists l on l.check_id = x.check_id and l.list_id = e.list_id
     where x.check_id = c.check_id and x.outcome = 'alert'
       and not exists (select from public.screening_clearances d where d.party_id = c.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
         and d.facts_hash = c.facts_hash and d.entry_hash = x.entry_hash);
    if found_now is not null then
      of_case := evergreen.open_case('screening', 'critical', c.party_id, 'check/' || c.check_id, found_now, null, 'screening/' || c.party_id, request_id);
      update public.screening_candidates x set case_id = of_case where x.check_id = c.check_id and x.outcome = 'alert'
         and exists (select from jsonb_to_recordset(found_now) as g (entry_ref text, list text) join public.watchlists w on w.source = g.list join public.watchlist_entries e on e.list_id = w.list_id and e.external_id = g.entry_ref
           where e.entry_id = x.entry_id);
    end if;
  elsif c.outcome = 'ask' then
    -- an applicant is asked before an analyst is
    perform evergreen.ask_party_evidence(c.party_id, array(select evergreen.evidence_for(k) from unnest(c.missing) k), request_id);
  else
    -- what waited for the check goes on
    perform evergreen.review_again(c.party_id, request_id);
  end if;
end $$;
comment on function evergreen.follow_check(uuid, text) is 'What a check leads to: a possible match opens a case with its candidates, missing facts are asked for.';

create or replace function evergreen.decide_pair(x public.screening_candidates, of_decision text, of_reason text, request_id text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
  e public.watchlist_entries;
  id uuid;
begin
  -- one after the other on one party: two people who decide one pair get one decision
  select * into s from public.screening_subjects y where y.party_id = x.party_id for no key update;
  select * into e from public.watchlist_entries y where y.entry_id = x.entry_id;
  perform evergreen.refuse_unless(exists (select from public.screening_checks c where c.check_id = x.check_id and c.facts_hash = evergreen.screening_facts_hash(s)) and e.removed_in is null, 'EG425',
    'The facts of the party or the entry of the list have changed since this candidate was found; decide on the newest check.');
  perform evergreen.refuse_unless(not exists (select from public.screening_clearances d where d.party_id = x.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
      and d.facts_hash = evergreen.screening_facts_hash(s) and d.entry_hash = e.entry_hash), 'EG422', 'This pair was decided already.');
  insert into public.screening_clearances (party_id, list_id, external_id, candidate_id, decision, facts_hash, entry_hash, reason, decided_by)
  values (x.party_id, e.list_id, e.external_id, x.candidate_id, of_decision, evergreen.screening_facts_hash(s), e.entry_hash, of_reason, evergreen.actor()) returning clearance_id into id;
  perform evergreen.emit('CANDIDATE_DECIDED', null, jsonb_build_object('party_id', x.party_id, 'clearance_id', id, 'decision', of_decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'screening_clearances', id::text, 'candidate decided: ' || of_decision, request_id);
  return id;
end $$;
comment on function evergreen.decide_pair(public.screening_candidates, text, text, text) is
  'One decision about one party and one entry, valid while the facts of the one and the text of the other stay what they were. EG422, EG425.';

create or replace function public.fn_clear_candidate(candidate_id uuid, decision text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  x public.screening_candidates;
  id uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('candidate_id', candidate_id, 'decision', decision, 'reason', reason);
  answer := evergreen.earlier_answer('fn_clear_candidate', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('false_match', 'true_match') and length(reason) between 1 and 500, 'EG400', 'decision is false_match or true_match, reason has 1 to 500 characters.');
  select * into x from public.screening_candidates y where y.candidate_id = fn_clear_candidate.candidate_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No candidate with that id.');
  perform evergreen.refuse_unless(x.case_id is null, 'EG428', 'The candidate is part of a case: decide the case.');
  id := evergreen.decide_pair(x, decision, reason, request_id);
  -- a statement of its own: it has to see the decision
  answer := jsonb_build_object('clearance_id', id, 'decision', decision, 'standing', evergreen.screening_standing(x.party_id));
  perform evergreen.keep_answer('fn_clear_candidate', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_clear_candidate(uuid, text, text, text) is
  'Decides a candidate that is in no case: false_match clears the pair while neither side changes, true_match refuses the party. EG400, EG404, EG409, EG422, EG425, EG428.';

create or replace function public.fn_end_clearance(clearance_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.screening_clearances;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('clearance_id', clearance_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_end_clearance', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into d from public.screening_clearances y where y.clearance_id = fn_end_clearance.clearance_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No clearance with that id.');
  perform evergreen.refuse_unless(d.ended_at is null, 'EG422', 'The clearance was ended already.');
  perform evergreen.refuse_unless(d.decided_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever decided a pair cannot take it back alone.');
  update public.screening_clearances y set ended_by = evergreen.actor(), ended_at = now() where y.clearance_id = d.clearance_id;
  perform evergreen.request_screening(d.party_id, 'decision taken back', false, request_id);
  perform evergreen.audit(null, 'screening_clearances', d.clearance_id::text, 'decision taken back', request_id);
  answer := jsonb_build_object('clearance_id', d.clearance_id, 'standing', evergreen.screening_standing(d.party_id));
  perform evergreen.keep_answer('fn_end_clearance', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_end_clearance(uuid, text, text) is 'Takes the decision about a pair back, by another person than the one who made it; the party is screened anew. EG400, EG404, EG409, EG420, EG422.';

create or replace function public.fn_record_rescreen(list_id uuid, from_ordinal int, to_ordinal int, parties int, affected int, engine text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('list_id', list_id, 'from_ordinal', from_ordinal, 'to_ordinal', to_ordinal, 'parties', parties, 'affected', affected, 'engine', engine);
  answer := evergreen.earlier_answer('fn_record_rescreen', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(parties >= 0 and affected between 0 and parties and length(engine) between 1 and 100, 'EG400', 'parties and affected are counts, engine has 1 to 100 characters.');
  perform 1 from public.watchlists w where w.list_id = fn_record_rescreen.list_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No list with that id.');
  perform evergreen.refuse_unless(from_ordinal = evergreen.covered_through(list_id)
    and to_ordinal = (select v.ordinal from public.watchlist_versions v where v.list_id = fn_record_rescreen.list_id and v.status = 'current') and to_ordinal > from_ordinal, 'EG425',
    'The list was published again, or its changes were held against the parties already; look again.');
  select count(*) into n from public.watchlist_entries e where e.list_id = fn_record_rescreen.list_id and e.added_in > from_ordinal and e.removed_in is null;
  insert into public.screening_rescreens (list_id, from_ordinal, to_ordinal, entries, parties, affected, engine, recorded_by)
  values (list_id, from_ordinal, to_ordinal, n, parties, affected, engine, evergreen.actor());
  perform evergreen.emit('PARTIES_RESCREENED', null, jsonb_build_object('list_id', list_id, 'entries', n, 'parties', parties, 'affected', affected), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', list_id::text, format('parties held against versions %s to %s: %s entries, %s parties, %s affected', from_ordinal, to_ordinal, n, parties, affected), request_id);
  answer := jsonb_build_object('entries', n, 'parties', parties, 'affected', affected);
  perform evergreen.keep_answer('fn_record_rescreen', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_rescreen(uuid, int, int, int, int, text, text) is
  'Says that what a list changed between two versions was held against every party; those affected have checks of their own. Refused unless it begins where the last one ended and ends at the current version (EG425). EG400, EG404, EG409.';

create or replace function public.fn_read_screening(party_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
begin
  perform evergreen.require_role('ops_role', 'pm_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = fn_read_screening.party_id), 'EG404', 'No party with that id.');
  select * into s from public.screening_subjects x where x.party_id = fn_read_screening.party_id;
  return jsonb_build_object('party_id', fn_read_screening.party_id, 'standing', evergreen.screening_standing(fn_read_screening.party_id), 'revision', s.revision, 'trouble', evergreen.watchlist_trouble(),
    'check', (select jsonb_build_object('check_id', c.check_id, 'outcome', c.outcome, 'missing', to_jsonb(c.missing), 'engine', c.engine, 'checked_at', c.checked_at,
        'lists', (select jsonb_agg(jsonb_build_object('source', w.source, 'ordinal', l.ordinal, 'sha256', l.sha256) order by w.source) from public.screening_check_lists l join public.watchlists w using (list_id) where l.check_id = c.check_id))
      from public.screening_checks c where c.party_id = s.party_id and c.scope = 'full' order by c.checked_at desc limit 1),
    'candidates', coalesce((select jsonb_agg(jsonb_build_object('candidate_id', o.candidate_id, 'source', w.source, 'entry', o.external_id, 'outcome', o.outcome, 'score', trim_scale(x.score)::text, 'decision', o.decision) order by x.score desc)
      from evergreen.open_candidates(s.party_id) o join public.watchlists w using (list_id) join public.screening_candidates x using (candidate_id)), '[]'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_screening(uuid) is 'Where a party stands: its newest whole check with the versions used, and the candidates that count today. No fact of the party. EG404.';

create or replace function public.fn_list_unscreened(after uuid default null, max_rows int default 100) returns table (party_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(max_rows between 1 and 1000, 'EG400', 'max_rows is 1 to 1,000.');
  return query select s.party_id from public.screening_subjects s
   where (fn_list_unscreened.after is null or s.party_id > fn_list_unscreened.after)
     and not exists (select from public.screening_checks c where c.party_id = s.party_id and c.revision = s.revision and c.scope = 'full')
   order by s.party_id limit max_rows;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_unscreened(uuid, int) is 'Parties whose whole check is missing since they were asked for, in the order of their ids. EG400.';

create or replace function evergreen.screen_facts_of(subjects uuid[]) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  one uuid;
begin
  for one in select p.party_id from public.parties p
              where p.party_id = any (subjects)
                and not exists (select from public.screening_subjects s where s.party_id = p.party_id and s.asked_at = evergreen.clock() and s.reason = 'facts changed') order by 1 loop
    perform evergreen.request_screening(one, 'facts changed', true);
  end loop;
end $$;
comment on function evergreen.screen_facts_of(uuid[]) is 'Has these parties screened anew because their facts changed, once per transaction; what was decided about the old facts does not hold for the new.';
create or replace function evergreen.is_screened_fact(field text) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select field in ('name', 'alias', 'born', 'country', 'nationality', 'identifier')
$$;
comment on function evergreen.is_screened_fact(text) is 'Whether screening compares this personal field with lists.';

create or replace function evergreen.screen_new_facts() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.screen_facts_of(array(select c.subject_id from changed c where evergreen.is_screened_fact(c.field) and c.ciphertext is not null));
  return null;
end $$;
comment on function evergreen.screen_new_facts() is 'Whoever''s screened facts are recorded is screened anew.';
create or replace function evergreen.screen_changed_facts() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- the same fact under another key is no other fact
  perform evergreen.screen_facts_of(array(
    select c.subject_id from changed c join before b using (value_id)
     where evergreen.is_screened_fact(c.field) and c.ciphertext is not null and c.superseded_at is distinct from b.superseded_at));
  return null;
end $$;
comment on function evergreen.screen_changed_facts() is 'Whoever''s screened facts are changed or taken back is screened anew.';
create or replace trigger screen_new_facts after insert on public.personal_values referencing new table as changed for each statement execute function evergreen.screen_new_facts();
create or replace trigger screen_changed_facts after update on public.personal_values referencing old table as before new table as changed for each statement execute function evergreen.screen_changed_facts();

-- from sql/6y-fn-failures.sql
-- What failed and is not tried again: somebody decides to leave it (where money is concerned a second person agrees), or hands it to a role with a due time.
-- The dead letter stays where it is, so that nothing that was recorded disappears, and can still be retried.

create or replace function evergreen.moves_money(event_type text) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- whatever is not known to move none
  select coalesce(event_type !~ '^(LIST_|SCREENING_|STRESS_|DATA_|LIQUIDITY_|INVESTOR_SUBMITTED$|EVIDENCE_|REVIEW_)', true)
$$;
comment on function evergreen.moves_money(text) is 'Whether what an event asks for may move money or units: everything but screening, lists, stress, data and warnings.';

create or replace function evergreen.find_failure(kind text, subject text, out found_type text, out of_fund uuid, out since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(kind in ('event', 'batch', 'run'), 'EG400', 'kind is event, batch or run.');
  perform evergreen.refuse_unless(length(subject) between 1 and 200, 'EG400', 'subject is the id of an event, a batch or a run.');
  if kind = 'event' then
    select o.type, o.fund_id, o.dead_at into found_type, of_fund, since from public.event_outbox o where o.event_id::text = find_failure.subject and o.dead_at is not null;
  elsif kind = 'batch' then
    select b.type, null, b.dead_at into found_type, of_fund, since from public.event_batches b where b.batch_id::text = find_failure.subject and b.dead_at is not null and b.done_at is null;
  else
    select coalesce(e.type, ''), r.fund_id, coalesce(r.ended_at, r.started_at) into found_type, of_fund, since
      from public.workflow_runs r left join public.fund_events e using (event_id) where r.workflow_id = find_failure.subject and r.status = 'failed';
  end if;
  perform evergreen.refuse_unless(found_type is not null and not exists (select from public.failure_steps s
      where (s.kind, s.subject, s.action) = (find_failure.kind, find_failure.subject, 'skip') and s.created_at >= since and s.decided_at is not null), 'EG404', 'Nothing with that id has failed and waits for a person.');
end $$;
comment on function evergreen.find_failure(text, text) is 'The dead letter, dead batch or failed run of that id: the type of its event, its fund, since when. EG400, EG404.';

create or replace function public.fn_skip_failure(kind text, subject text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  failure record;
  step public.failure_steps;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('kind', kind, 'subject', subject, 'reason', reason);
  answer := evergreen.earlier_answer('fn_skip_failure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) between 10 and 500 and reason !~ '[[:cntrl:]]', 'EG400', 'reason is one line of 10 to 500 characters.');
  perform pg_advisory_xact_lock(hashtextextended('failure/' || coalesce(subject, ''), 0));
  select * into failure from evergreen.find_failure(kind, subject);
  perform evergreen.refuse_unless(not exists (select from public.failure_steps s where s.kind = fn_skip_failure.kind and s.subject = fn_skip_failure.subject and s.action = 'skip' and s.created_at >= failure.since),
    'EG428', 'Somebody has asked to leave it already.');
  insert into public.failure_steps (kind, subject, type, fund_id, action, reason, moves_money, asked_by, decided_by, decided_at)
  values (kind, subject, failure.found_type, failure.of_fund, 'skip', reason, evergreen.moves_money(failure.found_type), evergreen.actor(),
    case when not evergreen.moves_money(failure.found_type) then evergreen.actor() end, case when not evergreen.moves_money(failure.found_type) then now() end)
  returning * into step;
  perform evergreen.emit('FAILURE_DECIDED', step.fund_id, jsonb_build_object('step_id', step.step_id, 'kind', kind, 'action', case when step.decided_at is null then 'ask_skip' else 'skip' end),
    evergreen.actor(), '{}', '{}', request_id);
  answer := jsonb_build_object('step_id', step.step_id, 'done', step.decided_at is not null);
  perform evergreen.audit(step.fund_id, 'failure_steps', step.step_id::text, kind || case when step.decided_at is null then ' to be left, asked' else ' left' end, request_id);
  perform evergreen.keep_answer('fn_skip_failure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_skip_failure(text, text, text, text) is
  'Leaves a dead letter, a dead batch or a failed run, with the reason: at once where no money is concerned, else when a second person confirms (fn_confirm_skip). It can still be retried. EG400, EG404, EG428.';

create or replace function public.fn_confirm_skip(step_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  step public.failure_steps;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('step_id', step_id);
  answer := evergreen.earlier_answer('fn_confirm_skip', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into step from public.failure_steps s where s.step_id = fn_confirm_skip.step_id and s.action = 'skip' for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'Nobody has asked to leave anything by that id.');
  perform evergreen.refuse_unless(step.decided_at is null, 'EG428', 'It was confirmed already.');
  perform evergreen.refuse_unless(step.asked_by <> evergreen.actor(), 'EG403', 'Somebody else than who asked confirms.');
  perform evergreen.find_failure(step.kind, step.subject);
  update public.failure_steps s set decided_by = evergreen.actor(), decided_at = now() where s.step_id = step.step_id;
  perform evergreen.emit('FAILURE_DECIDED', step.fund_id, jsonb_build_object('step_id', step.step_id, 'kind', step.kind, 'action', 'skip'), evergreen.actor(), '{}', '{}', request_id);
  answer := jsonb_build_object('step_id', step.step_id, 'done', true);
  perform evergreen.audit(step.fund_id, 'failure_steps', step.step_id::text, step.kind || ' left, confirmed', request_id);
  perform evergreen.keep_answer('fn_confirm_skip', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_confirm_skip(uuid, text) is
  'The second person agrees that a failure which concerns money is left. EG403 who asked, EG404 (also when it was retried meanwhile), EG428 confirmed already.';

create or replace function public.fn_escalate_failure(kind text, subject text, to_role text, due_at timestamptz, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  failure record;
  step public.failure_steps;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('kind', kind, 'subject', subject, 'to_role', to_role, 'due_at', due_at, 'reason', reason);
  answer := evergreen.earlier_answer('fn_escalate_failure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(to_role in ('pm_role', 'ops_role'), 'EG400', 'to_role is pm_role or ops_role.');
  perform evergreen.refuse_unless(isfinite(due_at) and due_at > now() and due_at < now() + interval '1 year', 'EG400', 'due_at is a time to come, within a year.');
  perform evergreen.refuse_unless(length(btrim(reason)) between 10 and 500 and reason !~ '[[:cntrl:]]', 'EG400', 'reason is one line of 10 to 500 characters.');
  select * into failure from evergreen.find_failure(kind, subject);
  insert into public.failure_steps (kind, subject, type, fund_id, action, reason, moves_money, to_role, due_at, asked_by, decided_by, decided_at)
  values (kind, subject, failure.found_type, failure.of_fund, 'escalate', reason, evergreen.moves_money(failure.found_type), to_role, due_at, evergreen.actor(), evergreen.actor(), now())
  returning * into step;
  perform evergreen.emit('FAILURE_DECIDED', step.fund_id, jsonb_build_object('step_id', step.step_id, 'kind', kind, 'action', 'escalate'), evergreen.actor(), '{}', '{}', request_id);
  answer := jsonb_build_object('step_id', step.step_id, 'done', true);
  perform evergreen.audit(step.fund_id, 'failure_steps', step.step_id::text, kind || ' escalated to ' || to_role, request_id);
  perform evergreen.keep_answer('fn_escalate_failure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_escalate_failure(text, text, text, timestamptz, text, text) is
  'Hands a dead letter, a dead batch or a failed run to a role, with a due time and the reason; the newest one counts. EG400, EG404.';

-- from sql/6y-fn-schedules.sql
-- Schedules for the desk: the worker that keeps the clocks tells what Temporal says of each; a person asks for a pause, a resumption or a backfill, and the worker
-- carries it out and says what came of it. A browser has no way to Temporal, and needs none.

create or replace function public.fn_tell_schedules(schedules jsonb) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.harmless_text('fn_tell_schedules', schedules);
  perform evergreen.refuse_unless(jsonb_typeof(schedules) = 'array' and jsonb_array_length(schedules) <= 500, 'EG400', 'schedules is a list of at most 500.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(schedules) s where (
      jsonb_typeof(s) = 'object' and s ->> 'schedule_id' ~ '^[a-z]+(/[A-Za-z0-9_-]{1,40}){1,2}$' and s ->> 'zone' ~ '^[A-Za-z0-9_+/-]{1,60}$' and s ->> 'fires' ~ '^[a-z0-9 :*.]{1,80}$'
      and jsonb_typeof(s -> 'paused') = 'boolean' and jsonb_typeof(s -> 'next') = 'array' and jsonb_array_length(s -> 'next') <= 10
      and jsonb_typeof(s -> 'recent') = 'array' and jsonb_array_length(s -> 'recent') <= 10) is not true),
    'EG400', 'A schedule has schedule_id, zone, fires, paused, at most ten next times and ten recent runs.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(schedules) s, jsonb_array_elements(s -> 'recent') r
      where (r ->> 'workflow_id' ~ '^[A-Za-z0-9_./:+-]{1,200}$' and r ->> 'status' ~ '^[a-z ]{1,40}$') is not true),
    'EG400', 'A recent run has workflow_id, status, due and started.');
  with told as (
    select s ->> 'schedule_id' as schedule_id, s ->> 'zone' as zone, s ->> 'fires' as fires, (s ->> 'paused')::boolean as paused,
           coalesce((select jsonb_agg(to_jsonb((n #>> '{}')::timestamptz) order by (n #>> '{}')::timestamptz) from jsonb_array_elements(s -> 'next') n), '[]') as next_at,
           coalesce((select jsonb_agg(jsonb_build_object('due', (r ->> 'due')::timestamptz, 'started', (r ->> 'started')::timestamptz, 'workflow_id', r ->> 'workflow_id', 'status', r ->> 'status')
             order by (r ->> 'due')::timestamptz) from jsonb_array_elements(s -> 'recent') r), '[]') as recent
      from jsonb_array_elements(schedules) s
  ), written as (
    insert into public.schedules as c (schedule_id, fund_id, zone, fires, paused, next_at, recent, told_at)
    select t.schedule_id, f.fund_id, t.zone, t.fires, t.paused, t.next_at, t.recent, now()
      from told t left join public.funds f on t.schedule_id !~ '^platform/' and f.code = split_part(t.schedule_id, '/', 2)
     where t.schedule_id ~ '^platform/' or f.fund_id is not null
    on conflict (schedule_id) do update
      set zone = excluded.zone, fires = excluded.fires, paused = excluded.paused, next_at = excluded.next_at, recent = excluded.recent, told_at = now()
      where (c.zone, c.fires, c.paused, c.next_at, c.recent) is distinct from (excluded.zone, excluded.fires, excluded.paused, excluded.next_at, excluded.recent)
    returning c.schedule_id
  )
  select count(*) into changed from written;
  -- what stands as it stood is known to stand: only the time of knowing moves
  update public.schedules c set told_at = now() where c.told_at < now() and c.schedule_id in (select s ->> 'schedule_id' from jsonb_array_elements(schedules) s);
  if changed > 0 then
    perform evergreen.audit(null, 'schedules', 'all', 'schedules told: ' || changed || ' changed', null);
  end if;
  return changed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tell_schedules(jsonb) is
  'What Temporal says of the clocks of the platform: when each fires next, whether it is paused, its last runs. Told by the process that keeps them; answers how many changed. EG400.';

create or replace function public.fn_ask_schedule(schedule_id text, action text, note text, first_day date default null, last_day date default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  clock public.schedules;
  event uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note, 'first_day', first_day, 'last_day', last_day);
  answer := evergreen.earlier_answer('fn_ask_schedule', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(action in ('pause', 'resume', 'backfill'), 'EG400', 'action is pause, resume or backfill.');
  perform evergreen.refuse_unless(length(btrim(note)) between 1 and 300 and note !~ '[[:cntrl:]]', 'EG400', 'note is one line of 1 to 300 characters.');
  if action = 'backfill' then
    perform evergreen.refuse_unless(first_day <= last_day and last_day - first_day < 366 and last_day <= current_date + 1, 'EG400', 'A backfill is of first_day to last_day, at most 366 days, none of them to come.');
  else
    perform evergreen.refuse_unless(first_day is null and last_day is null, 'EG400', 'Only a backfill has days.');
  end if;
  select * into clock from public.schedules c where c.schedule_id = fn_ask_schedule.schedule_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No schedule with that id.');
  perform evergreen.refuse_unless(clock.asked is null or clock.answered_at is not null or clock.asked_at < now() - interval '10 minutes', 'EG428', 'What was asked of this schedule before waits for the worker; wait for its answer.');
  perform evergreen.refuse_unless(action <> 'pause' or not clock.paused, 'EG428', 'The schedule is paused already.');
  perform evergreen.refuse_unless(action <> 'resume' or clock.paused, 'EG428', 'The schedule is not paused.');
  event := evergreen.emit('SCHEDULE_NOTED', clock.fund_id, jsonb_strip_nulls(jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note, 'first_day', first_day, 'last_day', last_day)),
    evergreen.actor(), '{}', '{}', request_id);
  update public.schedules c set asked = fn_ask_schedule.action, asked_event = event, asked_by = evergreen.actor(), asked_at = now(), asked_note = fn_ask_schedule.note,
         first_day = fn_ask_schedule.first_day, last_day = fn_ask_schedule.last_day, answered_at = null, outcome = null, says = null
   where c.schedule_id = clock.schedule_id;
  answer := jsonb_build_object('event_id', event);
  perform evergreen.audit(clock.fund_id, 'schedules', schedule_id, 'schedule: ' || action || ' asked', request_id);
  perform evergreen.keep_answer('fn_ask_schedule', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_ask_schedule(text, text, text, date, date, text) is
  'Asks the worker that keeps the clocks to pause, resume or backfill one, with the reason; fn_answer_schedule says what came of it. EG400, EG404, EG428 something waits already, or nothing would change.';

create or replace function public.fn_answer_schedule(event_id uuid, outcome text, says text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  clock public.schedules;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.harmless_text('fn_answer_schedule', jsonb_build_object('says', says, 'outcome', outcome));
  perform evergreen.refuse_unless(outcome in ('done', 'refused'), 'EG400', 'outcome is done or refused.');
  perform evergreen.refuse_unless(length(btrim(says)) between 1 and 300 and says !~ '[[:cntrl:]]', 'EG400', 'says is one line of 1 to 300 characters.');
  select * into clock from public.schedules c where c.asked_event = fn_answer_schedule.event_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'Nothing was asked by that event, or something else since.');
  if clock.answered_at is not null then
    return false;
  end if;
  update public.schedules c set answered_at = now(), outcome = fn_answer_schedule.outcome, says = fn_answer_schedule.says where c.schedule_id = clock.schedule_id;
  perform evergreen.emit('SCHEDULE_ANSWERED', clock.fund_id, jsonb_build_object('schedule_id', clock.schedule_id, 'action', clock.asked, 'outcome', outcome), evergreen.actor());
  perform evergreen.audit(clock.fund_id, 'schedules', clock.schedule_id, 'schedule: ' || clock.asked || ' ' || outcome, null);
  return true;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_answer_schedule(uuid, text, text) is
  'What came of what a person asked of a schedule: done or refused, in one sentence. Answers false when it was answered before. EG400, EG404.';

create or replace function public.fn_read_schedules() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('read_at', now(),
    'schedules', coalesce((select jsonb_agg(jsonb_build_object('schedule_id', c.schedule_id, 'fund', f.code, 'zone', c.zone, 'fires', c.fires, 'paused', c.paused, 'next_at', c.next_at, 'recent', c.recent,
        'told_at', c.told_at, 'asked', case when c.asked is not null then jsonb_build_object('action', c.asked, 'by', c.asked_by, 'at', c.asked_at, 'note', c.asked_note,
          'first_day', c.first_day, 'last_day', c.last_day, 'answered_at', c.answered_at, 'outcome', c.outcome, 'says', c.says) end) order by c.schedule_id)
      from public.schedules c left join public.funds f using (fund_id)), '[]'::jsonb),
    -- who said what of which clock, here or on a command line
    'notes', coalesce((select jsonb_agg(jsonb_build_object('schedule_id', e.payload ->> 'schedule_id', 'action', e.payload ->> 'action', 'note', e.payload ->> 'note', 'by', e.created_by, 'at', e.recorded_at) order by e.seq desc)
      from (select * from public.fund_events x where x.type = 'SCHEDULE_NOTED' order by x.seq desc limit 50) e), '[]'::jsonb))
$$;
comment on function public.fn_read_schedules() is
  'The clocks of the platform as the worker last told them, what was asked of each and what came of it, and the newest 50 notes of people. Under the reader''s row-level security.';

-- from sql/6z-fn-describe.sql
-- What people and their programs can reach, read from the database's own catalogue: nothing to keep in step by hand.

create or replace function public.fn_describe_api() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with people (role) as (values ('pm_role'::name), ('lp_role'), ('ops_role'), ('audit_role'))
  select jsonb_build_object('caller', current_user,
    'functions', coalesce((select jsonb_agg(jsonb_build_object('name', p.proname, 'comment', obj_description(p.oid, 'pg_proc'), 'roles', r.roles, 'reads', p.provolatile <> 'v') order by p.proname)
      from pg_proc p
      cross join lateral (select jsonb_agg(w.role order by w.role) as roles from people w where has_function_privilege(w.role, p.oid, 'execute')) r
     where p.pronamespace = 'public'::regnamespace and p.proname like 'fn\_%' and r.roles is not null), '[]'::jsonb),
    'relations', coalesce((select jsonb_agg(jsonb_build_object('name', c.relname, 'kind', case c.relkind when 'v' then 'view' else 'table' end,
        'comment', obj_description(c.oid, 'pg_class'), 'roles', r.roles, 'columns', k.columns) order by c.relname)
      from pg_class c
      cross join lateral (select jsonb_agg(w.role order by w.role) as roles from people w where has_any_column_privilege(w.role, c.oid, 'select')) r
      cross join lateral (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, null), 'nullable', not a.attnotnull,
          'comment', col_description(c.oid, a.attnum)) order by a.attnum) as columns
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         and exists (select from people w where has_column_privilege(w.role, c.oid, a.attnum, 'select'))) k
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and r.roles is not null), '[]'::jsonb))
$$;
comment on function public.fn_describe_api() is
  'Each function that people may call and each table and view that they may select from, with comments, columns and roles, whether a function only reads, and the role of the caller. Rows are bound by row-level security besides.';

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
    ('parties',                'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('party_links',            'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('party_evidence',         'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('kyc_policies',           'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('cases',                  'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('case_candidates',        'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('case_decisions',         'pm_role, ops_role, audit_role, agent_kyc'),
    ('case_notes',             'pm_role, ops_role, audit_role'),
    ('investor_access',        'ops_role, audit_role'),
    ('fund_flows',             'pm_role, ops_role, audit_role, agent_commander, agent_kyc, agent_liquidity_engine, agent_simulation'),
    ('event_types',            'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('fund_events',            'pm_role, ops_role, audit_role, service_role, ' || agents),
    ('event_investors',        'pm_role, ops_role, audit_role, agent_kyc, agent_simulation'),
    ('event_outbox',           'pm_role, ops_role, audit_role, service_role'),
    ('event_batches',          'pm_role, ops_role, audit_role, service_role, agent_kyc'),
    ('schedules',              'pm_role, ops_role, audit_role, service_role'),
    ('failure_steps',          'pm_role, ops_role, audit_role'),
    ('webhook_endpoints',      'ops_role, audit_role, service_role, agent_commander'),
    ('webhook_secrets',        'agent_commander'),
    ('webhook_deliveries',     'ops_role, audit_role, service_role, agent_commander'),
    ('workflow_runs',          'pm_role, ops_role, audit_role, service_role, agent_commander'),
    ('proposals',              'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel'),
    ('proposal_checks',        'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel'),
    ('approvals',              'pm_role, ops_role, audit_role, agent_commander'),
    ('commands',               'audit_role'),
    ('audit_trail',            'pm_role, ops_role, audit_role, service_role'),
    ('audit_blocks',           'pm_role, ops_role, audit_role, service_role'),
    ('audit_cursor',           'pm_role, ops_role, audit_role, service_role'),
    ('compliance_logs',        'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('rule_packs',             'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_pack_versions',     'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_tests',             'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_approvals',         'pm_role, ops_role, audit_role'),
    ('party_tests',            'audit_role, agent_kyc'),
    ('rule_pins',              'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_snoozes',           'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_shadows',           'pm_role, ops_role, audit_role'),
    ('breaches',               'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_rebalancing, agent_risk_guardian'),
    ('obligations',            'pm_role, ops_role, audit_role'),
    ('risk_alerts',            'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian'),
    ('tokenization_actions',   'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('token_contracts',        'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('wallets',                'pm_role, ops_role, audit_role, agent_tokenization'),
    ('token_moves',            'pm_role, ops_role, audit_role, agent_tokenization'),
    ('chain_breaks',           'pm_role, ops_role, audit_role, agent_risk_guardian, agent_tokenization'),
    ('agent_memories',         'pm_role, audit_role, ' || agents),
    ('memory_nodes',           'pm_role, audit_role, ' || agents),
    ('memory_edges',           'pm_role, audit_role, ' || agents),
    ('dealing_policies',       'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('lmt_policies',           'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('credit_lines',           'pm_role, ops_role, audit_role, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('incidents',              'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian, agent_tokenization'),
    ('liquidity_pools',        'pm_role, ops_role, audit_role, agent_simulation, agent_risk_guardian, agent_tokenization'),
    ('pool_trades',            'pm_role, ops_role, audit_role, agent_simulation, agent_risk_guardian, agent_tokenization'),
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
    ('watchlists',             'pm_role, ops_role, audit_role, agent_kyc, agent_commander'),
    ('watchlist_versions',     'pm_role, ops_role, audit_role, agent_kyc'),
    ('watchlist_acceptances',  'pm_role, ops_role, audit_role'),
    ('watchlist_held',         'audit_role'),
    ('watchlist_entries',      'pm_role, ops_role, audit_role, agent_kyc'),
    ('screening_subjects',     'ops_role, audit_role, agent_kyc'),
    ('screening_checks',       'ops_role, audit_role, agent_kyc'),
    ('screening_check_lists',  'ops_role, audit_role, agent_kyc'),
    ('screening_candidates',   'ops_role, audit_role, agent_kyc'),
    ('screening_clearances',   'ops_role, audit_role, agent_kyc'),
    ('screening_rescreens',    'pm_role, ops_role, audit_role, agent_kyc'),
    ('trace_spans',            'pm_role, ops_role, audit_role'),
    ('retention_policies',     'pm_role, ops_role, audit_role, service_role, agent_simulation'),
    ('legal_holds',            'pm_role, ops_role, audit_role'),
    ('subject_keys',           'audit_role'),
    ('personal_values',        'audit_role'),
    ('documents',              'ops_role, audit_role, agent_kyc'),
    ('personal_accesses',      'audit_role'),
    ('subject_holds',          'pm_role, ops_role, audit_role'),
    ('subject_tombstones',     'pm_role, ops_role, audit_role, service_role'),
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
    ('fn_open_subject(uuid,text,text,text)', 'ops_role, agent_kyc'),
    ('fn_put_personal(uuid,jsonb,text)', 'ops_role, agent_kyc'),
    ('fn_read_personal(uuid[],text[],text)', 'ops_role, audit_role, agent_kyc, lp_role'),
    ('fn_find_subjects(text,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_put_document(uuid,uuid,text,text,bigint,text,text,int,text)', 'ops_role, agent_kyc'),
    ('fn_read_document(uuid,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_list_subject_keys(text,uuid,int)', 'ops_role, service_role'),
    ('fn_rotate_subject_keys(jsonb,text)', 'ops_role, service_role'),
    ('fn_list_old_subject_keys(timestamptz,uuid,int)', 'ops_role, service_role'),
    ('fn_read_subject_cipher(uuid)', 'ops_role, service_role'),
    ('fn_renew_subject_key(uuid,text,text,text,jsonb,jsonb,jsonb,text)', 'ops_role, service_role'),
    ('fn_hold_subject(uuid,text,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_release_subject(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_request_erasure(uuid,text,text)', 'ops_role, lp_role'),
    ('fn_refuse_erasure(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_erasure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_erase_subject(uuid,jsonb,text)', 'pm_role, ops_role'),
    ('fn_repeat_erasures(jsonb,text)', 'service_role'),
    ('fn_read_vault_keys()', 'agent_kyc, service_role'),
    ('fn_read_chain_key()', 'agent_tokenization'),
    ('fn_export_subject(uuid)', 'ops_role, audit_role, lp_role'),
    ('fn_read_events(uuid,timestamptz,timestamptz,bigint,int)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_read_morning(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_home()', 'lp_role'),
    ('fn_read_dealing_page(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_exposure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_proposal(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_explain_figure(text,text,text)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_find_places(text)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_read_stress_limits(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_record()', 'lp_role'),
    ('fn_read_windows(uuid)', 'lp_role'),
    ('fn_read_desk()', 'pm_role, ops_role, audit_role'),
    ('fn_read_webhooks()', 'pm_role, ops_role, audit_role'),
    ('fn_read_trail(text,bigint)', 'pm_role, ops_role, audit_role'),
    ('fn_read_cases(text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_case(text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_breaks()', 'pm_role, ops_role, audit_role'),
    ('fn_read_troubles()', 'pm_role, ops_role, audit_role'),
    ('fn_read_calendar(date,text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_timeline(text,date,timestamptz)', 'pm_role, ops_role, audit_role'),
    ('fn_read_sample(text,text,int,date,date)', 'pm_role, ops_role, audit_role'),
    ('fn_read_import(uuid,text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_changes(text)', 'pm_role, ops_role, audit_role'),
    ('fn_describe_api()', 'pm_role, lp_role, ops_role, audit_role'),
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
    ('fn_submit_investor(text,jsonb,text,text,text,uuid)', 'ops_role'),
    ('fn_assign_investor(uuid,text,text,int,text,date)', 'agent_kyc, ops_role'),
    ('fn_resubmit_evidence(uuid,jsonb,text,text)', 'ops_role, lp_role'),
    ('fn_decline_investor(uuid,text,text)', 'ops_role, pm_role'),
    ('fn_give_evidence(uuid,jsonb,text)', 'ops_role'),
    ('fn_tick_kyc(text)', 'agent_kyc, service_role'),
    ('fn_read_applicant(uuid)', 'agent_kyc, ops_role, pm_role, audit_role'),
    ('fn_read_kyc(uuid)', 'lp_role, ops_role, pm_role, audit_role'),
    ('fn_ask_evidence(uuid,text[],text)', 'agent_kyc'),
    ('fn_register_party(text,text)', 'ops_role'),
    ('fn_link_parties(uuid,uuid,text,numeric,date,boolean,text)', 'ops_role'),
    ('fn_set_kyc_policy(jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_open_case(text,text,uuid,text,jsonb,uuid,text,text)', 'ops_role, agent_kyc, agent_compliance_sentinel, agent_risk_guardian'),
    ('fn_claim_case(uuid,text)', 'pm_role, ops_role'),
    ('fn_release_case(uuid,text)', 'pm_role, ops_role'),
    ('fn_note_case(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_decide_case(uuid,text,text,uuid,text)', 'pm_role, ops_role'),
    ('fn_list_cases(text,boolean,int)', 'pm_role, ops_role, audit_role'),
    ('fn_place_order(text,uuid,text,numeric,text,text,text,text,numeric,date,text,text,uuid,timestamptz,uuid[])', 'lp_role, ops_role'),
    ('fn_cancel_order(uuid,text,text)', 'lp_role, ops_role, pm_role'),
    ('fn_hold_order(uuid,text,text,text)', 'ops_role, agent_kyc, agent_compliance_sentinel'),
    ('fn_release_hold(uuid,text,text,text)', 'ops_role'),
    ('fn_prove_order(uuid)', 'lp_role, ops_role, pm_role, audit_role'),
    ('fn_open_class(text,text,text,numeric,int,int,text)', 'pm_role, ops_role'),
    ('fn_open_register(uuid,jsonb,text,numeric)', 'ops_role'),
    ('fn_set_holidays(text,jsonb,text)', 'ops_role'),
    ('fn_set_dealing_policy(uuid,jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_set_credit_line(text,text,text,numeric,numeric,text,date,date,int,text)', 'pm_role, ops_role'),
    ('fn_open_incident(text,text,text)', 'pm_role, ops_role'),
    ('fn_close_incident(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_set_webhook(uuid,text,text[],text,text,text)', 'pm_role, ops_role, lp_role'),
    ('fn_change_webhook(uuid,text,text)', 'pm_role, ops_role, lp_role'),
    ('fn_rotate_webhook(uuid,text,text)', 'pm_role, ops_role, lp_role'),
    ('fn_test_webhook(uuid,text)', 'pm_role, ops_role, lp_role'),
    ('fn_resend_webhook(uuid,text)', 'pm_role, ops_role, lp_role'),
    ('fn_list_webhooks()', 'pm_role, ops_role, lp_role, audit_role'),
    ('fn_list_webhook_deliveries(uuid,int)', 'pm_role, ops_role, lp_role, audit_role'),
    ('fn_read_webhook_key()', 'pm_role, ops_role, lp_role'),
    ('fn_tell_webhook_key(text,text)', 'service_role'),
    ('fn_find_webhook_events()', 'service_role'),
    ('fn_queue_webhooks(uuid,text,bigint,text,bigint,uuid[])', 'service_role'),
    ('fn_record_webhook_attempts(uuid,jsonb,text)', 'agent_commander'),
    ('fn_set_pool(uuid,text,text,text,numeric,numeric,int,int,int,date,int,text)', 'pm_role, ops_role'),
    ('fn_record_pool_trade(uuid,text,numeric,numeric,text,timestamptz,text)', 'pm_role, ops_role'),
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
    ('fn_request_documents(uuid,text)', 'lp_role, pm_role, ops_role, audit_role'),
    ('fn_intake_orders(uuid,text)', 'agent_kyc'),
    ('fn_import_orders(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_import_bank_statement(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_match_bank_lines(uuid,int,uuid,text)', 'ops_role'),
    ('fn_undo_import(uuid,text,boolean,text)', 'ops_role'),
    ('fn_propose_bank_accounts(text,jsonb,text)', 'ops_role'),
    ('fn_read_bank_accounts(text,text)', 'pm_role, ops_role, audit_role'),
    ('fn_list_clear_accounts(int)', 'ops_role, service_role'),
    ('fn_seal_accounts(jsonb,text)', 'ops_role, service_role'),
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
    ('fn_draft_rules(jsonb,text,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_test_rules(uuid,jsonb,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_refuse_rules(text,text,jsonb,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_activate_rules(uuid,text,text,text)', 'pm_role, ops_role'),
    ('fn_snooze_rule(text,text,text,uuid,timestamptz,text,text)', 'pm_role, ops_role'),
    ('fn_read_tests_due(text,uuid,uuid,int)', 'agent_kyc'),
    ('fn_record_party_tests(jsonb,uuid[],text)', 'agent_kyc'),
    ('fn_read_applicant_facts(uuid)', 'agent_compliance_sentinel, ops_role, audit_role'),
    ('fn_unfreeze_party(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_pin_rules(text,uuid)', 'agent_compliance_sentinel'),
    ('fn_read_order_facts(uuid,text,timestamptz,timestamptz,uuid,int)', 'agent_compliance_sentinel, pm_role, ops_role, audit_role'),
    ('fn_read_fund_facts(text,uuid)', 'agent_compliance_sentinel, pm_role, ops_role, audit_role'),
    ('fn_record_rules(text,jsonb,jsonb,uuid,text)', 'agent_compliance_sentinel'),
    ('fn_record_breach(text,text,text,text,jsonb,int,uuid,text)', 'agent_compliance_sentinel, pm_role, ops_role'),
    ('fn_cure_breach(uuid,text,numeric,text,text)', 'pm_role, ops_role'),
    ('fn_set_obligation(text,text,text,text,date,int,int,text)', 'pm_role, ops_role'),
    ('fn_complete_obligation(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_tick_obligations(text,text)', 'agent_compliance_sentinel, service_role, ops_role'),
    ('fn_register_tokenization(uuid,uuid,text)', 'agent_tokenization'),
    ('fn_request_token_action(text,text,text,jsonb,text)', 'pm_role, ops_role'),
    ('fn_retry_token_action(uuid,text)', 'pm_role, ops_role'),
    ('fn_register_wallet(uuid,uuid,text,text,text)', 'ops_role'),
    ('fn_begin_token_action(uuid)', 'agent_tokenization'),
    ('fn_keep_token_attempt(uuid,jsonb)', 'agent_tokenization'),
    ('fn_mark_token_action(uuid,text,jsonb,text)', 'agent_tokenization'),
    ('fn_record_token_contract(uuid,jsonb,text)', 'agent_tokenization'),
    ('fn_read_token_request(uuid)', 'agent_compliance_sentinel, agent_tokenization, pm_role, ops_role, audit_role'),
    ('fn_read_token_register(uuid,bigint)', 'agent_tokenization, pm_role, ops_role, audit_role'),
    ('fn_record_token_reconciliation(uuid,bigint,jsonb,jsonb,text)', 'agent_tokenization'),
    ('fn_read_tokens(uuid)', 'pm_role, ops_role, audit_role'),
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
    ('fn_set_watchlist(text,text,text,text,boolean,int,numeric,text)', 'ops_role'),
    ('fn_request_list_refresh(text,text)', 'ops_role, service_role, agent_kyc'),
    ('fn_publish_watchlist(text,jsonb,text,timestamptz,text,date,text)', 'ops_role, agent_kyc'),
    ('fn_accept_watchlist_version(uuid,text,text)', 'ops_role, pm_role'),
    ('fn_request_screening(uuid,text)', 'ops_role, agent_kyc'),
    ('fn_record_check(uuid,int,text,jsonb,text,jsonb,text)', 'agent_kyc'),
    ('fn_clear_candidate(uuid,text,text,text)', 'ops_role'),
    ('fn_end_clearance(uuid,text,text)', 'ops_role'),
    ('fn_record_rescreen(uuid,int,int,int,int,text,text)', 'agent_kyc'),
    ('fn_list_unscreened(uuid,int)', 'ops_role, audit_role, agent_kyc'),
    ('fn_read_screening(uuid)', 'ops_role, pm_role, audit_role, agent_kyc'),
    ('fn_record_asset_payments(text,jsonb,text)', 'pm_role, ops_role'),
    ('fn_set_roll_forward(text,text,text,numeric,int,date,text)', 'pm_role, ops_role'),
    ('fn_note_schedule(text,text,text,text)', 'pm_role, ops_role'),
    ('fn_tell_schedules(jsonb)', 'service_role'),
    ('fn_ask_schedule(text,text,text,date,date,text)', 'ops_role'),
    ('fn_answer_schedule(uuid,text,text)', 'service_role'),
    ('fn_read_schedules()', 'pm_role, ops_role, audit_role'),
    ('fn_skip_failure(text,text,text,text)', 'pm_role, ops_role'),
    ('fn_confirm_skip(uuid,text)', 'pm_role, ops_role'),
    ('fn_escalate_failure(text,text,text,timestamptz,text,text)', 'pm_role, ops_role'),
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
-- where Supabase's extension is: the owner of fn_read_vault_keys and fn_read_chain_key reads what they need
do $$
begin
  if to_regclass('vault.decrypted_secrets') is not null then
    grant usage on schema vault to evergreen_owner;
    grant select on vault.decrypted_secrets to evergreen_owner;
  end if;
end $$;
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
