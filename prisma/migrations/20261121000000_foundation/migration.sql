-- from schema.prisma
-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "currencies" (
    "code" CHAR(3) NOT NULL,
    "exponent" SMALLINT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "currencies_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "funds" (
    "fund_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "base_currency" CHAR(3) NOT NULL,
    "calendar" TEXT NOT NULL DEFAULT 'none',
    "time_zone" TEXT NOT NULL DEFAULT 'UTC',
    "synthetic" BOOLEAN NOT NULL DEFAULT false,
    "status" TEXT NOT NULL DEFAULT 'active',
    "net_assets" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "nav_as_of" DATE,
    "allocations_version" BIGINT NOT NULL DEFAULT 0,
    "source" JSONB NOT NULL DEFAULT '{}',
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "funds_pkey" PRIMARY KEY ("fund_id")
);

-- CreateTable
CREATE TABLE "share_classes" (
    "share_class_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "units_dp" SMALLINT NOT NULL DEFAULT 4,
    "price_dp" SMALLINT NOT NULL DEFAULT 4,
    "units_outstanding" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "nav_per_unit" DECIMAL(38,18),
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "share_classes_pkey" PRIMARY KEY ("share_class_id")
);

-- CreateTable
CREATE TABLE "assets" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "external_key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "strategy" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "issuer" TEXT,
    "country" TEXT,
    "currency" CHAR(3) NOT NULL,
    "lp_visible" BOOLEAN NOT NULL DEFAULT false,
    "liquid_flag" BOOLEAN NOT NULL DEFAULT false,
    "bucket" TEXT NOT NULL,
    "fair_value_level" SMALLINT,
    "maturity" DATE,
    "identifiers" JSONB NOT NULL DEFAULT '[]',
    "attributes" JSONB NOT NULL DEFAULT '{}',
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "assets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "asset_snapshots" (
    "snapshot_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "asset_id" UUID NOT NULL,
    "fund_id" UUID NOT NULL,
    "as_of" DATE NOT NULL,
    "nav" DECIMAL(38,4) NOT NULL,
    "leverage" DECIMAL(38,18),
    "esg_score" DECIMAL(38,18),
    "scenario_id" TEXT NOT NULL DEFAULT '',
    "method" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "asset_snapshots_pkey" PRIMARY KEY ("snapshot_id")
);

-- CreateTable
CREATE TABLE "portfolio_allocations" (
    "allocation_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "asset_id" UUID NOT NULL,
    "sleeve" TEXT NOT NULL,
    "target_pct" DECIMAL(38,18) NOT NULL,
    "actual_pct" DECIMAL(38,18) NOT NULL,
    "market_value" DECIMAL(38,4) NOT NULL,
    "liquid_flag" BOOLEAN NOT NULL,
    "version" BIGINT NOT NULL,
    "proposal_id" UUID,
    "superseded_at" TIMESTAMPTZ(6),
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "portfolio_allocations_pkey" PRIMARY KEY ("allocation_id")
);

-- CreateTable
CREATE TABLE "mandates" (
    "mandate_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "label" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "set_by" TEXT NOT NULL,
    "superseded_at" TIMESTAMPTZ(6),
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "mandates_pkey" PRIMARY KEY ("mandate_id")
);

-- CreateTable
CREATE TABLE "liquidity_ladder" (
    "ladder_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "side" TEXT NOT NULL,
    "as_of" DATE NOT NULL,
    "scenario_id" TEXT NOT NULL DEFAULT 'base',
    "bucket" TEXT NOT NULL,
    "capacity" DECIMAL(38,4) NOT NULL,
    "utilization" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "stress_delta" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "liquidity_ladder_pkey" PRIMARY KEY ("ladder_id")
);

-- CreateTable
CREATE TABLE "liquidity_reservations" (
    "reservation_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "ladder_id" UUID NOT NULL,
    "proposal_id" UUID NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "released_at" TIMESTAMPTZ(6),
    "release_reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "liquidity_reservations_pkey" PRIMARY KEY ("reservation_id")
);

-- CreateTable
CREATE TABLE "reported_flows" (
    "reported_flow_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "month" DATE NOT NULL,
    "kind" TEXT NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "source" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reported_flows_pkey" PRIMARY KEY ("reported_flow_id")
);

-- CreateTable
CREATE TABLE "fund_sensitivities" (
    "sensitivity_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "as_of" DATE NOT NULL,
    "measure" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "tenor" TEXT NOT NULL,
    "value" DECIMAL(38,18) NOT NULL,
    "source" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "fund_sensitivities_pkey" PRIMARY KEY ("sensitivity_id")
);

-- CreateTable
CREATE TABLE "investors" (
    "investor_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "code" TEXT NOT NULL,
    "classification" TEXT NOT NULL,
    "kyc_status" TEXT NOT NULL,
    "eligibility_tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "synthetic" BOOLEAN NOT NULL DEFAULT false,
    "kyc_valid_until" TIMESTAMPTZ(6),
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "investors_pkey" PRIMARY KEY ("investor_id")
);

-- CreateTable
CREATE TABLE "investors_pending_kyc" (
    "pending_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID,
    "code" TEXT NOT NULL,
    "classification" TEXT NOT NULL,
    "kyc_status" TEXT NOT NULL DEFAULT 'submitted',
    "eligibility_tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "evidence" JSONB NOT NULL DEFAULT '{}',
    "missing" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "investor_id" UUID,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "investors_pending_kyc_pkey" PRIMARY KEY ("pending_id")
);

-- CreateTable
CREATE TABLE "investor_access" (
    "access_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "user_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "valid_until" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "investor_access_pkey" PRIMARY KEY ("access_id")
);

-- CreateTable
CREATE TABLE "fund_flows" (
    "flow_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "share_class_id" UUID,
    "investor_id" UUID NOT NULL,
    "asset_id" UUID,
    "direction" TEXT NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "units" DECIMAL(38,18),
    "currency" CHAR(3) NOT NULL,
    "status" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "eligibility_tag" TEXT,
    "requested_at" TIMESTAMPTZ(6) NOT NULL,
    "dealing_date" DATE,
    "event_id" UUID,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "fund_flows_pkey" PRIMARY KEY ("flow_id")
);

-- CreateTable
CREATE TABLE "event_types" (
    "type" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "playbook" TEXT,
    "required_keys" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "recorded_by" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_types_pkey" PRIMARY KEY ("type")
);

-- CreateTable
CREATE TABLE "fund_events" (
    "event_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "seq" BIGSERIAL NOT NULL,
    "type" TEXT NOT NULL,
    "fund_id" UUID,
    "payload" JSONB NOT NULL,
    "source" TEXT NOT NULL,
    "event_meta" JSONB NOT NULL DEFAULT '{}',
    "schema_version" SMALLINT NOT NULL DEFAULT 1,
    "created_by" TEXT NOT NULL,
    "request_id" TEXT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "fund_events_pkey" PRIMARY KEY ("event_id")
);

-- CreateTable
CREATE TABLE "event_investors" (
    "event_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_investors_pkey" PRIMARY KEY ("investor_id","event_id")
);

-- CreateTable
CREATE TABLE "event_outbox" (
    "seq" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "fund_id" UUID,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_by" TEXT,
    "dead_at" TIMESTAMPTZ(6),
    "reason" TEXT,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_outbox_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "event_batches" (
    "batch_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "type" TEXT NOT NULL,
    "event_ids" UUID[],
    "events" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_by" TEXT,
    "done_at" TIMESTAMPTZ(6),
    "dead_at" TIMESTAMPTZ(6),
    "reason" TEXT,
    "outcome" JSONB,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_batches_pkey" PRIMARY KEY ("batch_id")
);

-- CreateTable
CREATE TABLE "workflow_runs" (
    "workflow_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "ended_at" TIMESTAMPTZ(6),
    "fund_id" UUID,
    "event_id" UUID,
    "trace_id" TEXT NOT NULL,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workflow_runs_pkey" PRIMARY KEY ("workflow_id")
);

-- CreateTable
CREATE TABLE "proposals" (
    "proposal_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "inputs" JSONB NOT NULL,
    "blast_radius" JSONB NOT NULL,
    "based_on_version" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "workflow_id" TEXT NOT NULL,
    "proposed_by" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "refusal" JSONB,
    "decided_at" TIMESTAMPTZ(6),
    "applied_at" TIMESTAMPTZ(6),
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "proposals_pkey" PRIMARY KEY ("proposal_id")
);

-- CreateTable
CREATE TABLE "proposal_checks" (
    "check_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "proposal_id" UUID NOT NULL,
    "room" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "value" DECIMAL(38,18),
    "limit_value" DECIMAL(38,18),
    "detail" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "proposal_checks_pkey" PRIMARY KEY ("check_id")
);

-- CreateTable
CREATE TABLE "approvals" (
    "approval_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "proposal_id" UUID NOT NULL,
    "proposal_hash" TEXT NOT NULL,
    "decision" TEXT NOT NULL,
    "decided_by" UUID NOT NULL,
    "reason" TEXT,
    "decided_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "approvals_pkey" PRIMARY KEY ("approval_id")
);

-- CreateTable
CREATE TABLE "commands" (
    "principal" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "fn" TEXT NOT NULL,
    "input_hash" BYTEA NOT NULL,
    "result" JSONB,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "commands_pkey" PRIMARY KEY ("principal","request_id")
);

-- CreateTable
CREATE TABLE "audit_trail" (
    "audit_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "seq" BIGSERIAL NOT NULL,
    "fund_id" UUID,
    "entity_type" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "request_id" TEXT,
    "canonical" BYTEA NOT NULL,
    "digest" BYTEA NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_trail_pkey" PRIMARY KEY ("audit_id")
);

-- CreateTable
CREATE TABLE "audit_blocks" (
    "chain_id" UUID NOT NULL,
    "height" BIGINT NOT NULL,
    "from_tx" xid8 NOT NULL,
    "from_seq" BIGINT NOT NULL,
    "to_tx" xid8 NOT NULL,
    "to_seq" BIGINT NOT NULL,
    "entries" INTEGER NOT NULL,
    "digests" BYTEA NOT NULL,
    "prev_hash" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_blocks_pkey" PRIMARY KEY ("chain_id","height")
);

-- CreateTable
CREATE TABLE "audit_cursor" (
    "only" BOOLEAN NOT NULL DEFAULT true,
    "tx" xid8 NOT NULL,
    "seq" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_cursor_pkey" PRIMARY KEY ("only")
);

-- CreateTable
CREATE TABLE "compliance_logs" (
    "log_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID,
    "actor" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "rule_version" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "entity_type" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "attachment_url" TEXT,
    "workflow_id" TEXT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "compliance_logs_pkey" PRIMARY KEY ("log_id")
);

-- CreateTable
CREATE TABLE "risk_alerts" (
    "alert_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "event_id" UUID NOT NULL,
    "workflow_id" TEXT NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(6),
    "acknowledged_by" TEXT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "risk_alerts_pkey" PRIMARY KEY ("alert_id")
);

-- CreateTable
CREATE TABLE "tokenization_actions" (
    "action_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "asset_id" UUID,
    "chain" TEXT NOT NULL,
    "instrument" TEXT NOT NULL,
    "size" DECIMAL(38,18) NOT NULL,
    "status" TEXT NOT NULL,
    "tx_hash" TEXT,
    "compliance_log_id" UUID,
    "request_key" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tokenization_actions_pkey" PRIMARY KEY ("action_id")
);

-- CreateTable
CREATE TABLE "agent_memories" (
    "memory_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID,
    "text" TEXT NOT NULL,
    "embedding" DOUBLE PRECISION[],
    "reference_ids" UUID[],
    "supabase_refs" JSONB NOT NULL DEFAULT '[]',
    "duckdb_refs" JSONB NOT NULL DEFAULT '[]',
    "workflow_id" TEXT,
    "langfuse_trace_id" TEXT,
    "trust" TEXT NOT NULL,
    "lp_visible" BOOLEAN NOT NULL DEFAULT false,
    "superseded_at" TIMESTAMPTZ(6),
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agent_memories_pkey" PRIMARY KEY ("memory_id")
);

-- CreateTable
CREATE TABLE "memory_nodes" (
    "node_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "memory_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "ref" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "memory_nodes_pkey" PRIMARY KEY ("node_id")
);

-- CreateTable
CREATE TABLE "memory_edges" (
    "edge_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "memory_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "from_node" UUID NOT NULL,
    "to_node" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "memory_edges_pkey" PRIMARY KEY ("edge_id")
);

-- CreateTable
CREATE TABLE "trace_spans" (
    "trace_id" TEXT NOT NULL,
    "span_id" TEXT NOT NULL,
    "parent_span_id" TEXT,
    "name" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "ended_at" TIMESTAMPTZ(6) NOT NULL,
    "status" TEXT NOT NULL,
    "attributes" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "trace_spans_pkey" PRIMARY KEY ("trace_id","span_id")
);

-- CreateTable
CREATE TABLE "platform_settings" (
    "key" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "platform_settings_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "funds_code_key" ON "funds"("code");

-- CreateIndex
CREATE INDEX "funds_base_currency_idx" ON "funds"("base_currency");

-- CreateIndex
CREATE INDEX "share_classes_currency_idx" ON "share_classes"("currency");

-- CreateIndex
CREATE UNIQUE INDEX "share_classes_fund_id_code_key" ON "share_classes"("fund_id", "code");

-- CreateIndex
CREATE INDEX "assets_currency_idx" ON "assets"("currency");

-- CreateIndex
CREATE INDEX "assets_lp_visible_idx" ON "assets"("lp_visible");

-- CreateIndex
CREATE UNIQUE INDEX "assets_fund_id_external_key_key" ON "assets"("fund_id", "external_key");

-- CreateIndex
CREATE INDEX "asset_snapshots_asset_id_as_of_idx" ON "asset_snapshots"("asset_id", "as_of");

-- CreateIndex
CREATE INDEX "asset_snapshots_fund_id_as_of_idx" ON "asset_snapshots"("fund_id", "as_of");

-- CreateIndex
CREATE INDEX "portfolio_allocations_fund_id_superseded_at_idx" ON "portfolio_allocations"("fund_id", "superseded_at");

-- CreateIndex
CREATE INDEX "portfolio_allocations_asset_id_idx" ON "portfolio_allocations"("asset_id");

-- CreateIndex
CREATE INDEX "portfolio_allocations_proposal_id_idx" ON "portfolio_allocations"("proposal_id");

-- CreateIndex
CREATE UNIQUE INDEX "mandates_fund_id_version_key" ON "mandates"("fund_id", "version");

-- CreateIndex
CREATE UNIQUE INDEX "liquidity_ladder_fund_id_side_as_of_scenario_id_bucket_key" ON "liquidity_ladder"("fund_id", "side", "as_of", "scenario_id", "bucket");

-- CreateIndex
CREATE INDEX "liquidity_reservations_fund_id_idx" ON "liquidity_reservations"("fund_id");

-- CreateIndex
CREATE INDEX "liquidity_reservations_ladder_id_idx" ON "liquidity_reservations"("ladder_id");

-- CreateIndex
CREATE UNIQUE INDEX "liquidity_reservations_proposal_id_ladder_id_key" ON "liquidity_reservations"("proposal_id", "ladder_id");

-- CreateIndex
CREATE INDEX "reported_flows_currency_idx" ON "reported_flows"("currency");

-- CreateIndex
CREATE UNIQUE INDEX "reported_flows_fund_id_month_kind_source_key" ON "reported_flows"("fund_id", "month", "kind", "source");

-- CreateIndex
CREATE UNIQUE INDEX "fund_sensitivities_fund_id_as_of_measure_currency_tenor_key" ON "fund_sensitivities"("fund_id", "as_of", "measure", "currency", "tenor");

-- CreateIndex
CREATE UNIQUE INDEX "investors_code_key" ON "investors"("code");

-- CreateIndex
CREATE UNIQUE INDEX "investors_pending_kyc_code_key" ON "investors_pending_kyc"("code");

-- CreateIndex
CREATE INDEX "investors_pending_kyc_fund_id_idx" ON "investors_pending_kyc"("fund_id");

-- CreateIndex
CREATE INDEX "investors_pending_kyc_investor_id_idx" ON "investors_pending_kyc"("investor_id");

-- CreateIndex
CREATE INDEX "investor_access_investor_id_idx" ON "investor_access"("investor_id");

-- CreateIndex
CREATE UNIQUE INDEX "investor_access_user_id_investor_id_kind_key" ON "investor_access"("user_id", "investor_id", "kind");

-- CreateIndex
CREATE INDEX "fund_flows_investor_id_requested_at_idx" ON "fund_flows"("investor_id", "requested_at");

-- CreateIndex
CREATE INDEX "fund_flows_fund_id_status_idx" ON "fund_flows"("fund_id", "status");

-- CreateIndex
CREATE INDEX "fund_flows_share_class_id_idx" ON "fund_flows"("share_class_id");

-- CreateIndex
CREATE INDEX "fund_flows_asset_id_idx" ON "fund_flows"("asset_id");

-- CreateIndex
CREATE INDEX "fund_flows_event_id_idx" ON "fund_flows"("event_id");

-- CreateIndex
CREATE INDEX "fund_flows_currency_idx" ON "fund_flows"("currency");

-- CreateIndex
CREATE UNIQUE INDEX "fund_events_seq_key" ON "fund_events"("seq");

-- CreateIndex
CREATE INDEX "fund_events_fund_id_seq_idx" ON "fund_events"("fund_id", "seq");

-- CreateIndex
CREATE INDEX "fund_events_type_seq_idx" ON "fund_events"("type", "seq");

-- CreateIndex
CREATE INDEX "fund_events_tx_seq_idx" ON "fund_events"("tx", "seq");

-- CreateIndex
CREATE INDEX "event_investors_event_id_idx" ON "event_investors"("event_id");

-- CreateIndex
CREATE UNIQUE INDEX "event_outbox_event_id_key" ON "event_outbox"("event_id");

-- CreateIndex
CREATE INDEX "workflow_runs_fund_id_started_at_idx" ON "workflow_runs"("fund_id", "started_at");

-- CreateIndex
CREATE INDEX "workflow_runs_event_id_idx" ON "workflow_runs"("event_id");

-- CreateIndex
CREATE INDEX "proposals_fund_id_created_at_idx" ON "proposals"("fund_id", "created_at");

-- CreateIndex
CREATE INDEX "proposals_event_id_idx" ON "proposals"("event_id");

-- CreateIndex
CREATE UNIQUE INDEX "proposal_checks_proposal_id_room_rule_key" ON "proposal_checks"("proposal_id", "room", "rule");

-- CreateIndex
CREATE UNIQUE INDEX "approvals_proposal_id_key" ON "approvals"("proposal_id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_trail_seq_key" ON "audit_trail"("seq");

-- CreateIndex
CREATE INDEX "audit_trail_tx_seq_idx" ON "audit_trail"("tx", "seq");

-- CreateIndex
CREATE INDEX "audit_trail_fund_id_seq_idx" ON "audit_trail"("fund_id", "seq");

-- CreateIndex
CREATE INDEX "audit_trail_entity_id_idx" ON "audit_trail"("entity_id");

-- CreateIndex
CREATE INDEX "compliance_logs_fund_id_created_at_idx" ON "compliance_logs"("fund_id", "created_at");

-- CreateIndex
CREATE INDEX "compliance_logs_entity_id_idx" ON "compliance_logs"("entity_id");

-- CreateIndex
CREATE INDEX "compliance_logs_workflow_id_idx" ON "compliance_logs"("workflow_id");

-- CreateIndex
CREATE INDEX "risk_alerts_fund_id_created_at_idx" ON "risk_alerts"("fund_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "risk_alerts_event_id_kind_key" ON "risk_alerts"("event_id", "kind");

-- CreateIndex
CREATE UNIQUE INDEX "tokenization_actions_request_key_key" ON "tokenization_actions"("request_key");

-- CreateIndex
CREATE INDEX "tokenization_actions_fund_id_idx" ON "tokenization_actions"("fund_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_asset_id_idx" ON "tokenization_actions"("asset_id");

-- CreateIndex
CREATE INDEX "tokenization_actions_compliance_log_id_idx" ON "tokenization_actions"("compliance_log_id");

-- CreateIndex
CREATE INDEX "agent_memories_fund_id_idx" ON "agent_memories"("fund_id");

-- CreateIndex
CREATE INDEX "agent_memories_workflow_id_idx" ON "agent_memories"("workflow_id");

-- CreateIndex
CREATE INDEX "memory_nodes_kind_ref_idx" ON "memory_nodes"("kind", "ref");

-- CreateIndex
CREATE UNIQUE INDEX "memory_nodes_memory_id_kind_ref_key" ON "memory_nodes"("memory_id", "kind", "ref");

-- CreateIndex
CREATE INDEX "memory_edges_memory_id_idx" ON "memory_edges"("memory_id");

-- CreateIndex
CREATE INDEX "memory_edges_from_node_idx" ON "memory_edges"("from_node");

-- CreateIndex
CREATE INDEX "memory_edges_to_node_idx" ON "memory_edges"("to_node");

-- AddForeignKey
ALTER TABLE "funds" ADD CONSTRAINT "funds_base_currency_fkey" FOREIGN KEY ("base_currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "share_classes" ADD CONSTRAINT "share_classes_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "share_classes" ADD CONSTRAINT "share_classes_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "assets" ADD CONSTRAINT "assets_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "assets" ADD CONSTRAINT "assets_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "asset_snapshots" ADD CONSTRAINT "asset_snapshots_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "asset_snapshots" ADD CONSTRAINT "asset_snapshots_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "portfolio_allocations" ADD CONSTRAINT "portfolio_allocations_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "portfolio_allocations" ADD CONSTRAINT "portfolio_allocations_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "portfolio_allocations" ADD CONSTRAINT "portfolio_allocations_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "mandates" ADD CONSTRAINT "mandates_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "liquidity_ladder" ADD CONSTRAINT "liquidity_ladder_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "liquidity_reservations" ADD CONSTRAINT "liquidity_reservations_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "liquidity_reservations" ADD CONSTRAINT "liquidity_reservations_ladder_id_fkey" FOREIGN KEY ("ladder_id") REFERENCES "liquidity_ladder"("ladder_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "liquidity_reservations" ADD CONSTRAINT "liquidity_reservations_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "reported_flows" ADD CONSTRAINT "reported_flows_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "reported_flows" ADD CONSTRAINT "reported_flows_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_sensitivities" ADD CONSTRAINT "fund_sensitivities_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "investors_pending_kyc" ADD CONSTRAINT "investors_pending_kyc_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "investors_pending_kyc" ADD CONSTRAINT "investors_pending_kyc_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "investor_access" ADD CONSTRAINT "investor_access_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_events" ADD CONSTRAINT "fund_events_type_fkey" FOREIGN KEY ("type") REFERENCES "event_types"("type") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_events" ADD CONSTRAINT "fund_events_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "event_investors" ADD CONSTRAINT "event_investors_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "event_investors" ADD CONSTRAINT "event_investors_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "event_outbox" ADD CONSTRAINT "event_outbox_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "workflow_runs" ADD CONSTRAINT "workflow_runs_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "workflow_runs" ADD CONSTRAINT "workflow_runs_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "proposals" ADD CONSTRAINT "proposals_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "proposals" ADD CONSTRAINT "proposals_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "proposal_checks" ADD CONSTRAINT "proposal_checks_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "audit_trail" ADD CONSTRAINT "audit_trail_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "compliance_logs" ADD CONSTRAINT "compliance_logs_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "risk_alerts" ADD CONSTRAINT "risk_alerts_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "tokenization_actions" ADD CONSTRAINT "tokenization_actions_compliance_log_id_fkey" FOREIGN KEY ("compliance_log_id") REFERENCES "compliance_logs"("log_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "agent_memories" ADD CONSTRAINT "agent_memories_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "memory_nodes" ADD CONSTRAINT "memory_nodes_memory_id_fkey" FOREIGN KEY ("memory_id") REFERENCES "agent_memories"("memory_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "memory_edges" ADD CONSTRAINT "memory_edges_memory_id_fkey" FOREIGN KEY ("memory_id") REFERENCES "agent_memories"("memory_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "memory_edges" ADD CONSTRAINT "memory_edges_from_node_fkey" FOREIGN KEY ("from_node") REFERENCES "memory_nodes"("node_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "memory_edges" ADD CONSTRAINT "memory_edges_to_node_fkey" FOREIGN KEY ("to_node") REFERENCES "memory_nodes"("node_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- from sql/00-roles.sql
-- Who there is. Everything is created only if absent, so that Supabase's own roles stay as they are.
-- Applications log in as evergreen_app or evergreen_api (NOINHERIT: they hold nothing until `set local role`).
do $$
declare
  name text;
begin
  foreach name in array array[
    'anon', 'authenticated', 'service_role', 'pm_role', 'lp_role', 'ops_role', 'audit_role', 'demo_role',
    'agent_commander', 'agent_rebalancing', 'agent_liquidity_engine', 'agent_compliance_sentinel',
    'agent_risk_guardian', 'agent_kyc', 'agent_simulation', 'agent_tokenization', 'evergreen_owner'
  ] loop
    if not exists (select from pg_catalog.pg_roles r where r.rolname = name) then
      execute format('create role %I nologin noinherit nobypassrls', name);
    end if;
  end loop;
  foreach name in array array['evergreen_app', 'evergreen_api', 'evergreen_readonly'] loop
    if not exists (select from pg_catalog.pg_roles r where r.rolname = name) then
      execute format('create role %I login noinherit nobypassrls', name);
    end if;
  end loop;
  -- The workers and the dispatcher act as an agent or the service; staff and investors come in through the API login.
  foreach name in array array[
    'service_role', 'pm_role', 'lp_role', 'ops_role', 'audit_role', 'demo_role', 'agent_commander', 'agent_rebalancing',
    'agent_liquidity_engine', 'agent_compliance_sentinel', 'agent_risk_guardian', 'agent_kyc', 'agent_simulation', 'agent_tokenization'
  ] loop
    execute format('grant %I to evergreen_app', name);
  end loop;
  foreach name in array array['anon', 'authenticated', 'pm_role', 'lp_role', 'ops_role', 'audit_role'] loop
    execute format('grant %I to evergreen_api', name);
  end loop;
  -- On Supabase, PostgREST logs in as authenticator and becomes the role that the token names.
  if exists (select from pg_catalog.pg_roles r where r.rolname = 'authenticator') then
    grant pm_role, lp_role, ops_role, audit_role to authenticator;
  end if;
  execute format('grant evergreen_owner to %I', current_user);
end $$;

-- Waiting has an end for every login: a stuck caller gets an error, not the whole system.
alter role evergreen_app set lock_timeout = '10s';
alter role evergreen_app set statement_timeout = '60s';
alter role evergreen_app set idle_in_transaction_session_timeout = '60s';
alter role evergreen_api set lock_timeout = '5s';
alter role evergreen_api set statement_timeout = '15s';
alter role evergreen_api set idle_in_transaction_session_timeout = '15s';
alter role evergreen_readonly set default_transaction_read_only = on;
alter role evergreen_readonly set statement_timeout = '60s';

create schema if not exists evergreen;
revoke all on schema evergreen from public;
-- policies of lp_role call functions there; nobody else needs to look in
grant usage on schema evergreen to evergreen_owner, lp_role;
grant create on schema public, evergreen to evergreen_owner;
revoke create on schema public from public;

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
      or (evergreen.actor() like 'agent:%' and request_id like 'event/%')),
    'EG409', 'This request id was used before with other input.');
  return earlier.result;
end $$;
comment on function evergreen.earlier_answer(text, text, jsonb) is 'The answer given to this request id before, or null; the same id with other input is refused, save for a step of a run (event/…), whose first answer stands.';

create or replace function evergreen.keep_answer(fn text, request_id text, input jsonb, result jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if request_id is not null then
    insert into public.commands (principal, request_id, fn, input_hash, result)
    values (evergreen.actor(), request_id, fn, sha256(convert_to(input::text, 'UTF8')), result);
  end if;
end $$;
comment on function evergreen.keep_answer(text, text, jsonb, jsonb) is 'Keeps the first answer to a request id, in the transaction of its effect.';

create or replace function evergreen.audit(fund_id uuid, entity_type text, entity_id text, message text, request_id text)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  audit_id uuid := gen_random_uuid();
  made_at timestamptz := now();
  who text := evergreen.actor();
  bytes bytea := convert_to(jsonb_build_object(
    'audit_id', audit_id, 'fund_id', fund_id, 'entity_type', entity_type, 'entity_id', entity_id, 'message', message,
    'created_by', who, 'created_at', to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'request_id', request_id)::text, 'UTF8');
begin
  insert into public.audit_trail (audit_id, fund_id, entity_type, entity_id, message, created_by, request_id, canonical, digest, created_at)
  values (audit_id, fund_id, entity_type, entity_id, message, who, request_id, bytes, sha256(bytes), made_at);
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
  select t.mode, t.required_keys into handling from public.event_types t where t.type = emit.type;
  if not found then
    perform evergreen.fail('EG400', 'Unknown event type. Known: ' || (select string_agg(t.type, ', ' order by t.type) from public.event_types t) || '.');
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(payload) = 'object', 'EG400', 'payload is a JSON object.');
  perform evergreen.refuse_unless(octet_length(payload::text) <= 65536, 'EG413', 'payload is larger than 64 KB; record a reference instead.');
  perform evergreen.refuse_unless(payload ?& handling.required_keys, 'EG400',
    'payload of ' || type || ' needs ' || array_to_string(handling.required_keys, ', ') || '.');
  -- ids of our own rows: one that is no uuid would only fail later, in whoever reads it, together with everything read beside it
  perform evergreen.refuse_unless(
    not handling.required_keys && array['flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id']
    or not exists (select from unnest(handling.required_keys) k
      where k in ('flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id')
        and coalesce(payload ->> k, '') !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
    'EG400', 'An id in the payload of ' || type || ' is not a uuid.');
  insert into public.fund_events (event_id, type, fund_id, payload, source, event_meta, created_by, request_id)
  values (id, type, fund_id, payload, source,
    -- the trace id of the run follows from the workflow id, so that every process derives the same one
    event_meta || jsonb_build_object('trace_id', left(encode(sha256(convert_to('event/' || id, 'UTF8')), 'hex'), 32)),
    evergreen.actor(), request_id)
  returning seq into position;
  if cardinality(investor_ids) > 0 then
    insert into public.event_investors (event_id, investor_id) select distinct id, unnest(investor_ids);
  end if;
  if handling.mode <> 'note' then
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
$$;
comment on function evergreen.my_fund_ids() is 'Funds in which an investor of the signed-in person has placed an order.';

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
end $$;

-- one current version of each allocation and one current mandate per fund
create unique index if not exists portfolio_allocations_current on public.portfolio_allocations (fund_id, asset_id) where superseded_at is null;
create unique index if not exists mandates_current on public.mandates (fund_id) where superseded_at is null;
-- the queues: what may be claimed, in commit order; apart, so that a backlog of one does not stand in the way of the other
create index if not exists event_outbox_claim_one on public.event_outbox (tx, seq) where dead_at is null and mode in ('run', 'tell');
create index if not exists event_outbox_claim_batch on public.event_outbox (tx, seq) where dead_at is null and mode = 'batch';
create index if not exists event_batches_open on public.event_batches (next_at) where done_at is null and dead_at is null;
create index if not exists event_outbox_dead on public.event_outbox (dead_at) where dead_at is not null;
create index if not exists proposals_pending on public.proposals (fund_id) where status = 'pending';
create index if not exists assets_lp_visible on public.assets (id) where lp_visible;

-- an amount has no more decimals than its currency
create or replace function evergreen.within_exponent(amount numeric, currency text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select amount = round(amount, (select c.exponent from public.currencies c where c.code = within_exponent.currency))
$$;
comment on function evergreen.within_exponent(numeric, text) is 'Whether the amount is a whole number of the currency''s minor units.';
-- rows that name their currency are held to it by the table itself; amounts in the fund's currency by the functions that write them
select evergreen.add_check('fund_flows', 'fund_flows_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('reported_flows', 'reported_flows_exponent', 'evergreen.within_exponent(amount, currency)');

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
  ('DATA_DRIFT', 'run', 'warn-of-risk', '{asset_id,deviation_bps,threshold_bps}', '{agent_simulation,service_role}'),
  ('RISK_ALERT_RAISED', 'note', null, '{alert_id,severity}', '{}'),
  ('STRESS_REQUESTED', 'run', 'stress-fund', '{scenario_id,shift_bps}', '{pm_role,service_role,agent_risk_guardian}'),
  ('STRESS_COMPLETED', 'note', null, '{scenario_id,loss,method}', '{agent_simulation}'),
  ('COMPLIANCE_FAILED', 'note', null, '{rule,entity_type,entity_id}', '{agent_compliance_sentinel}'),
  ('TOKENIZATION_REQUESTED', 'run', 'tokenize', '{chain,instrument,size}', '{pm_role,ops_role}'),
  ('WORKFLOW_COMPLETED', 'note', null, '{workflow_id,status}', '{}'),
  ('CUTOFF_REACHED', 'note', null, '{}', '{service_role}'),
  ('NAV_INPUTS_FROZEN', 'note', null, '{}', '{service_role}'),
  ('NAV_PROPOSED', 'note', null, '{}', '{service_role}'),
  ('LMT_DECIDED', 'note', null, '{}', '{service_role}'),
  ('SUSPENDED', 'note', null, '{}', '{service_role}'),
  ('ALLOCATED', 'note', null, '{}', '{service_role}'),
  ('CLAIMABLE', 'note', null, '{}', '{service_role}'),
  ('DEALING_DAY_CLOSED', 'note', null, '{}', '{service_role}')
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

insert into public.platform_settings (key, value) values
  ('data_drift_threshold_bps', '{"default": 500, "debt": 300, "cash": 10, "equity": 1500, "private_equity": 1500, "private_credit": 800, "infrastructure": 1000, "real_estate": 1000}'),
  ('approval_timeout_hours', '72'),
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
  end loop;
  for t in select unnest(array['fund_events', 'event_investors', 'audit_trail', 'audit_blocks', 'approvals', 'commands']) as table_name loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', t.table_name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', t.table_name);
  end loop;
end $$;
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

create or replace function public.fn_claim_events(consumer text, max_events int default 100, lease_seconds int default 30)
returns table (seq bigint, event_id uuid, type text, mode text, fund_id uuid, attempts int, recorded_at timestamptz, tell_workflow_id text)
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
           case when t.mode = 'tell' then (select p.workflow_id from public.proposals p where p.proposal_id = (e.payload ->> 'proposal_id')::uuid) end
      from held t join public.fund_events e on e.event_id = t.event_id order by t.seq;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_claim_events(text, int, int) is
  'Leases due events of modes run and tell to a dispatcher (skip locked, commit order). Lease in seconds; an event whose lease ran out is claimed again, alone from the third time on, and is a dead letter a minute after its fifth lease ran out.';

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

-- from sql/61-fn-audit.sql
-- The sealer: links committed audit rows into hash chains, one per fund and one for the platform. Verified by packages/cli, which shares no code.

create or replace function public.fn_seal_audit(max_entries int default 50000) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  here record;
  upto record;
  sealed int := 0;
  chain record;
  head record;
  next_height bigint;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(max_entries between 1 and 1000000, 'EG400', 'max_entries is 1 to 1,000,000.');
  -- one sealer at a time; another one has nothing to do
  select c.tx, c.seq into here from public.audit_cursor c for update skip locked;
  if not found then
    return 0;
  end if;
  select last.tx, last.seq into upto from (
    select a.tx, a.seq from public.audit_trail a
     where (a.tx, a.seq) > (here.tx, here.seq) and a.tx < pg_snapshot_xmin(pg_current_snapshot())
     order by a.tx, a.seq limit max_entries) last
   order by last.tx desc, last.seq desc limit 1;
  if upto.tx is null then
    return 0;
  end if;
  for chain in
    select coalesce(a.fund_id, '00000000-0000-0000-0000-000000000000'::uuid) as chain_id, count(*)::int as entries,
           string_agg(a.digest, ''::bytea order by a.tx, a.seq) as digests
      from public.audit_trail a
     where (a.tx, a.seq) > (here.tx, here.seq) and (a.tx, a.seq) <= (upto.tx, upto.seq)
     group by 1
  loop
    select b.height, b.hash into head from public.audit_blocks b where b.chain_id = chain.chain_id order by b.height desc limit 1;
    next_height := coalesce(head.height, 0) + 1;
    insert into public.audit_blocks (chain_id, height, from_tx, from_seq, to_tx, to_seq, entries, digests, prev_hash, hash)
    values (chain.chain_id, next_height, here.tx, here.seq, upto.tx, upto.seq, chain.entries, chain.digests,
      coalesce(head.hash, sha256(convert_to(chain.chain_id::text, 'UTF8'))),
      sha256(coalesce(head.hash, sha256(convert_to(chain.chain_id::text, 'UTF8'))) || int8send(next_height) || int4send(chain.entries) || chain.digests));
    sealed := sealed + chain.entries;
  end loop;
  update public.audit_cursor c set tx = upto.tx, seq = upto.seq;
  return sealed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_seal_audit(int) is
  'Seals committed audit rows in (tx, seq) order: block hash = sha256(previous hash || height int8 || entries int4 || row digests). The first previous hash is sha256(chain id). Returns rows sealed.';

-- from sql/62-fn-workflows.sql
-- The mirror of Temporal: a run opens and completes.

create or replace function public.fn_open_workflow(workflow_id text, type text, event_id uuid default null, metadata jsonb default '{}', request_id text default null)
returns public.workflow_runs language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.workflow_runs;
  of_fund uuid;
begin
  perform evergreen.require_role('agent_commander', 'service_role');
  input := jsonb_build_object('workflow_id', workflow_id, 'type', type, 'event_id', event_id, 'metadata', metadata);
  answer := evergreen.earlier_answer('fn_open_workflow', request_id, input);
  if answer is not null then
    return jsonb_populate_record(null::public.workflow_runs, answer);
  end if;
  perform evergreen.refuse_unless(length(workflow_id) between 1 and 200 and length(type) between 1 and 80, 'EG400', 'workflow_id (1 to 200 characters) and type (1 to 80) are needed.');
  perform evergreen.refuse_unless(metadata is null or jsonb_typeof(metadata) = 'object', 'EG400', 'metadata is a JSON object.');
  select * into run from public.workflow_runs r where r.workflow_id = fn_open_workflow.workflow_id;
  if found then
    return run;
  end if;
  select e.fund_id into of_fund from public.fund_events e where e.event_id = fn_open_workflow.event_id;
  insert into public.workflow_runs (workflow_id, type, status, started_at, fund_id, event_id, trace_id, metadata)
  values (workflow_id, type, 'running', now(), of_fund, event_id, left(encode(sha256(convert_to(workflow_id, 'UTF8')), 'hex'), 32), coalesce(metadata, '{}'))
  on conflict do nothing returning * into run;
  if run.workflow_id is null then
    select * into run from public.workflow_runs r where r.workflow_id = fn_open_workflow.workflow_id;
    return run;
  end if;
  perform evergreen.audit(of_fund, 'workflow_runs', workflow_id, type || ' started', request_id);
  perform evergreen.keep_answer('fn_open_workflow', request_id, input, to_jsonb(run));
  return run;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_workflow(text, text, uuid, jsonb, text) is 'Opens the mirror row of a workflow once; a second call answers the row as it is.';

create or replace function public.fn_complete_workflow(workflow_id text, status text, metadata jsonb, request_id text default null)
returns public.workflow_runs language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.workflow_runs;
begin
  perform evergreen.require_role('agent_commander', 'service_role');
  input := jsonb_build_object('workflow_id', workflow_id, 'status', status, 'metadata', metadata);
  answer := evergreen.earlier_answer('fn_complete_workflow', request_id, input);
  if answer is not null then
    return jsonb_populate_record(null::public.workflow_runs, answer);
  end if;
  perform evergreen.refuse_unless(status in ('completed', 'refused', 'failed'), 'EG400', 'status is completed, refused or failed.');
  perform evergreen.refuse_unless(metadata is null or jsonb_typeof(metadata) = 'object', 'EG400', 'metadata is a JSON object.');
  select * into run from public.workflow_runs r where r.workflow_id = fn_complete_workflow.workflow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No workflow with that id.');
  if run.ended_at is not null then
    perform evergreen.refuse_unless(run.status = fn_complete_workflow.status, 'EG428', 'The workflow has ended as ' || run.status || '.');
    return run;
  end if;
  update public.workflow_runs r
     set status = fn_complete_workflow.status, ended_at = now(), metadata = r.metadata || coalesce(fn_complete_workflow.metadata, '{}')
   where r.workflow_id = fn_complete_workflow.workflow_id returning * into run;
  perform evergreen.emit('WORKFLOW_COMPLETED', run.fund_id, jsonb_build_object('workflow_id', run.workflow_id, 'status', run.status),
    evergreen.actor(), jsonb_build_object('workflow_id', run.workflow_id, 'causation_id', run.event_id));
  perform evergreen.audit(run.fund_id, 'workflow_runs', run.workflow_id, run.type || ' ' || run.status, request_id);
  perform evergreen.keep_answer('fn_complete_workflow', request_id, input, to_jsonb(run));
  return run;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_complete_workflow(text, text, jsonb, text) is
  'Mirrors the end of a workflow (completed, refused, failed); returns its row. EG404 unknown, EG428 ended otherwise.';

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
  perform 1 from public.liquidity_ladder l where l.fund_id = p.fund_id and l.side = 'asset' order by l.ladder_id for no key update;
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

-- from sql/64-fn-proposals.sql
-- Proposals: an agent proposes, rooms check, a person decides on the hash, an agent applies. Every step re-checks under the row lock.

create or replace function evergreen.proposal_hash(proposal_id uuid, fund_id uuid, kind text, body jsonb, inputs jsonb, expires_at timestamptz) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(jsonb_build_object('proposal_id', proposal_id, 'fund_id', fund_id, 'kind', kind, 'body', body, 'inputs', inputs,
    'expires_at', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8')), 'hex')
$$;
comment on function evergreen.proposal_hash(uuid, uuid, text, jsonb, jsonb, timestamptz) is
  'sha256 over everything a person approves: what, of which fund, on which facts, until when. Lower-case hex.';

create or replace function public.fn_request_rebalance(
  fund text, reason text default null, method text default 'lp', request_id text default null, mandate jsonb default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  version int;
  id uuid;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('fund', fund, 'reason', reason, 'method', method, 'mandate', mandate);
  answer := evergreen.earlier_answer('fn_request_rebalance', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(method in ('lp', 'qp'), 'EG400', 'method is lp or qp.');
  perform evergreen.refuse_unless(reason is null or length(reason) <= 500, 'EG400', 'reason has at most 500 characters.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(of_fund.status = 'active', 'EG428', 'The fund is ' || of_fund.status || '.');
  perform evergreen.refuse_unless(
    exists (select from public.portfolio_allocations a where a.fund_id = of_fund.fund_id and a.superseded_at is null and a.market_value <> 0),
    'EG426', 'The fund has no holdings to rebalance; import a filing with holdings first.');
  if mandate is not null then
    version := evergreen.put_mandate(of_fund.fund_id, mandate, 'for one rebalancing', request_id);
  else
    select m.version into version from public.mandates m where m.fund_id = of_fund.fund_id and m.superseded_at is null;
  end if;
  perform evergreen.refuse_unless(version is not null, 'EG428', 'The fund has no mandate; set one with `evergreen mandate set`.');
  id := evergreen.emit('REBALANCE_REQUESTED', of_fund.fund_id,
    jsonb_strip_nulls(jsonb_build_object('mandate_version', version, 'reason', reason, 'method', method)), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'fund_events', id::text, 'rebalancing requested', request_id);
  answer := jsonb_build_object('event_id', id, 'workflow_id', 'event/' || id, 'fund_id', of_fund.fund_id);
  perform evergreen.keep_answer('fn_request_rebalance', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_rebalance(text, text, text, text, jsonb) is
  'A portfolio manager asks for a rebalancing of a fund (code or id), optionally under a mandate set by the same call. Returns {event_id, workflow_id, fund_id}. EG404, EG426 no holdings, EG428.';

create or replace function public.fn_propose_rebalancing(event_id uuid, body jsonb, inputs jsonb, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  asked public.fund_events;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  until timestamptz;
  digest text;
  bad text;
  scale int;
  cash uuid;
begin
  perform evergreen.require_role('agent_rebalancing');
  input := jsonb_build_object('event_id', event_id, 'body', body, 'inputs', inputs);
  answer := evergreen.earlier_answer('fn_propose_rebalancing', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into asked from public.fund_events e where e.event_id = fn_propose_rebalancing.event_id and e.type = 'REBALANCE_REQUESTED';
  perform evergreen.refuse_unless(found, 'EG404', 'No rebalancing was requested by that event.');
  select * into of_fund from public.funds f where f.fund_id = asked.fund_id for no key update;
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and jsonb_typeof(inputs) = 'object', 'EG400', 'body and inputs are JSON objects.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 16777216 and octet_length(inputs::text) <= 1048576, 'EG413', 'body is larger than 16 MB or inputs than 1 MB.');
  perform evergreen.refuse_unless(inputs ->> 'allocations_version' ~ '^[0-9]{1,18}$', 'EG400', 'inputs.allocations_version says on which allocations the proposal rests.');
  perform evergreen.refuse_unless((inputs ->> 'allocations_version')::bigint = of_fund.allocations_version, 'EG425', 'The allocations have changed since they were read.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'trades') = 'array', 'EG400', 'body.trades is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(body -> 'trades') <= 20000, 'EG413', 'body.trades has at most 20,000 trades.');
  select c.exponent into scale from public.currencies c where c.code = of_fund.base_currency;
  cash := (body ->> 'cash_asset_id')::uuid;
  -- what is bought is paid from somewhere: without the cash position money would appear
  perform evergreen.refuse_unless(jsonb_array_length(body -> 'trades') = 0 or exists (
    select from public.portfolio_allocations h join public.assets a on a.id = h.asset_id
     where h.fund_id = of_fund.fund_id and h.asset_id = cash and h.superseded_at is null and a.status = 'active'),
    'EG400', 'body.cash_asset_id names the position of this fund from which trades are paid.');
  -- every trade: a liquid, active position of this fund, a positive amount in the currency's units, never more than is held
  select coalesce(t ->> 'asset_id', '?') into bad from jsonb_array_elements(body -> 'trades') t
    -- Looked up trade by trade and by the asset alone ("is true" offers no index): of a fund just imported the planner knows no size, and would
    -- read all its positions for each trade.
    left join lateral (
      select a.id, h.market_value from public.assets a join public.portfolio_allocations h on h.asset_id = a.id
       where a.id = (t ->> 'asset_id')::uuid and (a.fund_id = of_fund.fund_id) is true and a.status = 'active' and a.liquid_flag
         and (h.fund_id = of_fund.fund_id) is true and (h.superseded_at is null) is true offset 0) held on true
   where (held.id is not null and held.id <> cash and t ->> 'side' in ('buy', 'sell')
      -- NaN is greater than every number: the upper bound keeps it and infinity out
      and (t ->> 'amount')::numeric > 0 and (t ->> 'amount')::numeric < 1e30 and (t ->> 'cost')::numeric >= 0 and (t ->> 'cost')::numeric < 1e30
      and (t ->> 'amount')::numeric = round((t ->> 'amount')::numeric, scale) and (t ->> 'cost')::numeric = round((t ->> 'cost')::numeric, scale)
      and (t ->> 'side' = 'buy' or (t ->> 'amount')::numeric <= held.market_value)) is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'A trade is not possible for this fund: asset ' || coalesce(left(bad, 36), '?') || '.');
  perform evergreen.refuse_unless(
    (select count(*) = count(distinct t ->> 'asset_id') from jsonb_array_elements(body -> 'trades') t), 'EG400', 'An asset is traded twice.');
  until := now() + make_interval(hours => coalesce((select (s.value #>> '{}')::int from public.platform_settings s where s.key = 'approval_timeout_hours'), 72));
  digest := evergreen.proposal_hash(id, of_fund.fund_id, 'rebalancing', body, inputs, until);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, expires_at)
  values (id, of_fund.fund_id, 'rebalancing', 'checking', digest, body, inputs,
    jsonb_build_object('funds', 1, 'assets', jsonb_array_length(body -> 'trades')), of_fund.allocations_version, asked.event_id,
    'event/' || asked.event_id, evergreen.actor(), asked.created_by, until);
  perform evergreen.audit(of_fund.fund_id, 'proposals', id::text, 'rebalancing proposed with ' || jsonb_array_length(body -> 'trades') || ' trades', request_id);
  answer := jsonb_build_object('proposal_id', id, 'hash', digest);
  perform evergreen.keep_answer('fn_propose_rebalancing', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_rebalancing(uuid, jsonb, jsonb, text) is
  'Stores a proposal with the hash over body, inputs and expiry. body = {trades: [{asset_id, side, amount, cost, reason}], cash_asset_id}, fund currency; inputs.allocations_version = what was read. EG400, EG404, EG413, EG425 facts changed.';

create or replace function public.fn_record_checks(proposal_id uuid, checks jsonb, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  failed int;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  input := jsonb_build_object('proposal_id', proposal_id, 'checks', checks);
  answer := evergreen.earlier_answer('fn_record_checks', request_id, input);
  if answer is not null then
    return answer ->> 'result';
  end if;
  select * into p from public.proposals x where x.proposal_id = fn_record_checks.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if not exists (select from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'compliance-sentinel') then
    perform evergreen.refuse_unless(p.status = 'checking', 'EG428', 'The proposal is ' || p.status || '.');
    perform evergreen.refuse_unless(jsonb_typeof(checks) = 'array', 'EG400', 'checks is a list of verdicts.');
    perform evergreen.refuse_unless(jsonb_array_length(checks) between 1 and 100, 'EG400', 'checks is a list of 1 to 100 verdicts.');
    insert into public.proposal_checks (proposal_id, room, rule, result, value, limit_value, detail)
    select p.proposal_id, 'compliance-sentinel', c ->> 'rule', c ->> 'result', (c ->> 'value')::numeric, (c ->> 'limit_value')::numeric, left(c ->> 'detail', 500)
      from jsonb_array_elements(checks) c;
    insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, entity_type, entity_id, detail, workflow_id)
    select p.fund_id, evergreen.actor(), c ->> 'rule', coalesce(c ->> 'rule_version', '1'), c ->> 'result', 'proposals', p.proposal_id::text,
           jsonb_build_object('value', c ->> 'value', 'limit', c ->> 'limit_value', 'detail', left(c ->> 'detail', 500)), p.workflow_id
      from jsonb_array_elements(checks) c;
    select count(*) into failed from jsonb_array_elements(checks) c where c ->> 'result' <> 'passed';
    if failed > 0 then
      perform evergreen.emit('COMPLIANCE_FAILED', p.fund_id, jsonb_build_object('rule', (select c ->> 'rule' from jsonb_array_elements(checks) c where c ->> 'result' <> 'passed' limit 1),
        'entity_type', 'proposals', 'entity_id', p.proposal_id), evergreen.actor(), jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id));
    end if;
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'pre-trade checks recorded: ' || jsonb_array_length(checks) || ', failed ' || failed, request_id);
  end if;
  answer := jsonb_build_object('result', (select case when bool_and(c.result = 'passed') then 'passed' else 'failed' end from public.proposal_checks c
           where c.proposal_id = p.proposal_id and c.room = 'compliance-sentinel'));
  perform evergreen.keep_answer('fn_record_checks', request_id, input, answer);
  return answer ->> 'result';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_checks(uuid, jsonb, text) is
  'Records the pre-trade verdicts of Compliance Sentinel once, in proposal_checks and compliance_logs; returns passed or failed.';

create or replace function public.fn_open_proposal(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  rooms int;
  failed text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_open_proposal', request_id, input);
  select * into p from public.proposals x where x.proposal_id = fn_open_proposal.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status = 'checking' then
    select count(distinct c.room), string_agg(c.rule || ' (' || c.detail || ')', '; ' order by c.rule) filter (where c.result = 'failed') into rooms, failed
      from public.proposal_checks c where c.proposal_id = p.proposal_id;
    perform evergreen.refuse_unless(rooms = 2, 'EG428', 'Liquidity Engine and Compliance Sentinel have to check the proposal first.');
    update public.proposals x set status = case when failed is null then 'pending' else 'refused' end,
           refusal = case when failed is null then null else jsonb_build_object('code', 'EG424', 'reason', failed) end
     where x.proposal_id = p.proposal_id returning * into p;
    perform evergreen.emit('PROPOSAL_CREATED', p.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'status', p.status), evergreen.actor(),
      jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id));
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal ' || case when failed is null then 'waits for a decision' else 'refused by a check' end, request_id);
  end if;
  if answer is null then
    answer := jsonb_build_object('status', p.status, 'reason', coalesce(p.refusal ->> 'reason', ''));
    perform evergreen.keep_answer('fn_open_proposal', request_id, input, answer);
  end if;
  -- a retry gets the first answer, but the time that is left today
  return answer || jsonb_build_object('expires_in_ms', greatest(0, floor(extract(epoch from p.expires_at - now()) * 1000)::bigint));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_proposal(uuid, text) is 'Puts a fully checked proposal before people, or refuses it when a check failed. Returns {status, expires_in_ms, reason}.';

create or replace function public.fn_decide_proposal(proposal_id uuid, hash text, decision text, reason text default null, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('proposal_id', proposal_id, 'hash', hash, 'decision', decision, 'reason', reason);
  answer := evergreen.earlier_answer('fn_decide_proposal', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('approved', 'rejected'), 'EG400', 'decision is approved or rejected.');
  perform evergreen.refuse_unless(reason is null or length(reason) <= 500, 'EG400', 'reason has at most 500 characters.');
  select * into p from public.proposals x where x.proposal_id = fn_decide_proposal.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  perform evergreen.refuse_unless(p.status <> 'checking', 'EG422', 'The proposal is still being checked; it cannot be decided yet.');
  perform evergreen.refuse_unless(p.status <> 'expired', 'EG423', 'The time to decide has passed.');
  perform evergreen.refuse_unless(p.status = 'pending', 'EG422', 'The proposal is already ' || p.status || '; it can no longer be decided.');
  -- the database clock decides; a late decision is refused even before the workflow has noticed
  perform evergreen.refuse_unless(p.expires_at > now(), 'EG423', 'The time to decide has passed.');
  perform evergreen.refuse_unless(p.hash = fn_decide_proposal.hash
    and p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at),
    'EG421', 'The hash is not that of the proposal as it stands; look at it again.');
  perform evergreen.refuse_unless(evergreen.actor() <> all (array[p.requested_by, p.proposed_by]), 'EG420', 'Who asked for a proposal cannot decide it: a second person must.');
  insert into public.approvals (proposal_id, proposal_hash, decision, decided_by, reason) values (p.proposal_id, p.hash, decision, evergreen.user_id(), reason);
  update public.proposals x set status = decision, decided_at = now() where x.proposal_id = p.proposal_id;
  perform evergreen.emit('PROPOSAL_DECIDED', p.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'decision', decision), evergreen.actor(),
    jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id), '{}', request_id);
  perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal ' || decision || ' on hash ' || left(p.hash, 12), request_id);
  answer := jsonb_build_object('proposal_id', p.proposal_id, 'status', decision, 'workflow_id', p.workflow_id);
  perform evergreen.keep_answer('fn_decide_proposal', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_proposal(uuid, text, text, text, text) is
  'A second person approves or rejects the hash of a pending proposal. EG420 own proposal, EG421 stale hash, EG422 already decided, EG423 expired.';

create or replace function public.fn_read_decision(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  p public.proposals;
begin
  perform evergreen.require_role('agent_commander');
  select * into p from public.proposals x where x.proposal_id = fn_read_decision.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status = 'pending' and p.expires_at <= now() then
    update public.proposals x set status = 'expired', refusal = '{"code": "EG423", "reason": "nobody decided in time"}' where x.proposal_id = p.proposal_id returning * into p;
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal expired: a timeout is a refusal', request_id);
  end if;
  return jsonb_build_object('status', p.status, 'final', p.status not in ('checking', 'pending'),
    'expires_in_ms', greatest(0, floor(extract(epoch from p.expires_at - now()) * 1000)::bigint));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_decision(uuid, text) is 'Where a proposal stands; one whose time has passed is recorded as expired. Returns {status, final, expires_in_ms}.';

create or replace function public.fn_withdraw_proposal(proposal_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('proposal_id', proposal_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_withdraw_proposal', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into p from public.proposals x where x.proposal_id = fn_withdraw_proposal.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status in ('checking', 'pending', 'approved') then
    update public.proposals x set status = 'withdrawn', refusal = jsonb_build_object('code', 'EG428', 'reason', left(fn_withdraw_proposal.reason, 200))
     where x.proposal_id = p.proposal_id returning * into p;
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal withdrawn', request_id);
  end if;
  perform evergreen.keep_answer('fn_withdraw_proposal', request_id, input, jsonb_build_object('status', p.status));
  return p.status;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_withdraw_proposal(uuid, text, text) is 'Compensation: takes a proposal back that was not yet applied; returns its status.';

create or replace function public.fn_apply_allocations(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  of_fund public.funds;
  next_version bigint;
  cost numeric;
  total numeric;
  ladder_day date;
begin
  perform evergreen.require_role('agent_rebalancing');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_apply_allocations', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into p from public.proposals x where x.proposal_id = fn_apply_allocations.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status = 'applied' then
    return jsonb_build_object('status', 'applied', 'version', (select max(a.version) from public.portfolio_allocations a where a.proposal_id = p.proposal_id)::text);
  end if;
  perform evergreen.refuse_unless(p.status = 'approved', 'EG428', 'The proposal is ' || p.status || ', not approved.');
  perform evergreen.refuse_unless(
    exists (select from public.approvals a where a.proposal_id = p.proposal_id and a.decision = 'approved' and a.proposal_hash = p.hash
             and 'user:' || a.decided_by <> all (array[p.requested_by, p.proposed_by])), 'EG420', 'No valid approval by a second person.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at),
    'EG421', 'The proposal was changed after it was hashed.');
  select * into of_fund from public.funds f where f.fund_id = p.fund_id for no key update;
  perform evergreen.refuse_unless(of_fund.allocations_version = p.based_on_version, 'EG425', 'The allocations have changed since the proposal was made.');
  next_version := of_fund.allocations_version + 1;
  select coalesce(sum((t ->> 'cost')::numeric), 0) into cost from jsonb_array_elements(p.body -> 'trades') t;
  total := (select sum(a.market_value) from public.portfolio_allocations a where a.fund_id = p.fund_id and a.superseded_at is null) - cost;
  perform evergreen.refuse_unless(total > 0, 'EG424', 'Costs would consume the fund.');
  perform evergreen.refuse_unless(not exists (
    select from evergreen.trade_effects(p.proposal_id) m
      left join public.portfolio_allocations a on a.asset_id = m.asset_id and a.fund_id = p.fund_id and a.superseded_at is null
     where m.change < 0 and coalesce(a.market_value, 0) + m.change < 0), 'EG424', 'A position would fall below zero.');
  -- a new version of every allocation: the old rows stay, superseded
  with moves as (
    select m.asset_id, m.change from evergreen.trade_effects(p.proposal_id) m
  ), retired as (
    update public.portfolio_allocations a set superseded_at = now()
     where a.fund_id = p.fund_id and a.superseded_at is null
    returning a.asset_id, a.sleeve, a.target_pct, a.market_value, a.liquid_flag
  )
  insert into public.portfolio_allocations (fund_id, asset_id, sleeve, target_pct, actual_pct, market_value, liquid_flag, version, proposal_id)
  select p.fund_id, r.asset_id, r.sleeve, r.target_pct, round(round(r.market_value + coalesce(m.change, 0), 20) / total, 18),
         r.market_value + coalesce(m.change, 0), r.liquid_flag, next_version, p.proposal_id
    from retired r left join moves m on m.asset_id = r.asset_id;
  -- nothing appears and nothing is lost but the cost
  perform evergreen.refuse_unless(
    (select sum(a.market_value) from public.portfolio_allocations a where a.fund_id = p.fund_id and a.superseded_at is null) = total,
    'EG424', 'The trades do not add up to the value of the fund.');
  update public.funds f set allocations_version = next_version, net_assets = total where f.fund_id = p.fund_id;
  -- every rung at once and in one order, as fn_reserve_liquidity does
  perform 1 from public.liquidity_ladder l where l.fund_id = p.fund_id and l.side = 'asset' order by l.ladder_id for no key update;
  -- what was reserved is now spent; the buckets hold what the fund holds
  update public.liquidity_ladder l set utilization = l.utilization - r.amount
    from public.liquidity_reservations r where r.proposal_id = p.proposal_id and r.released_at is null and l.ladder_id = r.ladder_id;
  update public.liquidity_reservations r set released_at = now(), release_reason = 'applied' where r.proposal_id = p.proposal_id and r.released_at is null;
  ladder_day := evergreen.ladder_date(p.fund_id, 'asset', 'base');
  if ladder_day is not null then
    insert into public.liquidity_ladder (fund_id, side, as_of, bucket, capacity)
    select p.fund_id, 'asset', ladder_day, e.bucket, 0 from evergreen.trade_effects(p.proposal_id) e group by e.bucket on conflict do nothing;
    update public.liquidity_ladder l set capacity = l.capacity + m.change
      from (select e.bucket, sum(e.change) as change from evergreen.trade_effects(p.proposal_id) e group by e.bucket) m
     where l.fund_id = p.fund_id and l.side = 'asset' and l.scenario_id = 'base' and l.bucket = m.bucket and l.as_of = ladder_day;
  end if;
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  perform evergreen.emit('ALLOCATIONS_APPLIED', p.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'version', next_version), evergreen.actor(),
    jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id));
  perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'allocations applied, version ' || next_version, request_id);
  answer := jsonb_build_object('status', 'applied', 'version', next_version::text);
  perform evergreen.keep_answer('fn_apply_allocations', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_apply_allocations(uuid, text) is
  'Applies an approved proposal once: new allocation version, ladder, net assets less trading cost (fund currency). EG420, EG421 changed, EG424, EG425 facts changed, EG428.';

-- from sql/65-fn-funds.sql
-- Funds and mandates: a filing becomes a fund; a mandate is data with versions.

create or replace function evergreen.put_mandate(of_fund uuid, body jsonb, label text, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  next_version int;
begin
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and jsonb_typeof(body -> 'sleeves') = 'array', 'EG400', 'A mandate is an object with a list of sleeves.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 1048576, 'EG413', 'The mandate is larger than 1 MB.');
  perform evergreen.refuse_unless(length(label) between 1 and 200, 'EG400', 'label has 1 to 200 characters.');
  select coalesce(max(m.version), 0) + 1 into next_version from public.mandates m where m.fund_id = of_fund;
  update public.mandates m set superseded_at = now() where m.fund_id = of_fund and m.superseded_at is null;
  insert into public.mandates (fund_id, version, label, body, set_by) values (of_fund, next_version, label, body, evergreen.actor());
  perform evergreen.audit(of_fund, 'mandates', of_fund || '/' || next_version, 'mandate version ' || next_version || ' set', request_id);
  return next_version;
end $$;
comment on function evergreen.put_mandate(uuid, jsonb, text, text) is 'Stores a new mandate version and supersedes the current one.';

create or replace function public.fn_set_mandate(fund text, mandate jsonb, label text default 'set by hand', request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  version int;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('fund', fund, 'mandate', mandate, 'label', label);
  answer := evergreen.earlier_answer('fn_set_mandate', request_id, input);
  if answer is not null then
    return (answer ->> 'version')::int;
  end if;
  select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  version := evergreen.put_mandate(of_fund, mandate, label, request_id);
  perform evergreen.keep_answer('fn_set_mandate', request_id, input, jsonb_build_object('version', version));
  return version;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_mandate(text, jsonb, text, text) is 'Sets the mandate of a fund (code or id) and returns its version. EG400, EG404, EG413.';

create or replace function public.fn_import_fund(fund jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  unit text := fund ->> 'currency';
  day date;
  effective timestamptz;
  scale int;
  of_fund public.funds;
  next_version bigint;
  earlier_day date;
  net numeric;
  held numeric;
  bad text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('sha256', encode(sha256(convert_to(fund::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_import_fund', request_id, input);
  if answer is not null then
    return answer;
  end if;
  day := (fund ->> 'as_of')::date;
  effective := day::timestamp at time zone 'UTC';
  net := (fund ->> 'net_assets')::numeric;
  perform evergreen.refuse_unless(jsonb_typeof(fund -> 'assets') = 'array', 'EG400', 'assets is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(fund -> 'assets') <= 200000, 'EG413', 'assets is a list of at most 200,000.');
  select c.exponent into scale from public.currencies c where c.code = unit;
  perform evergreen.refuse_unless(scale is not null, 'EG400', 'currency is an ISO 4217 code that the platform knows.');
  perform evergreen.refuse_unless(day is not null and isfinite(day) and net = round(net, scale) and net < 1e30, 'EG400', 'as_of and net_assets (in the currency''s units) are needed.');
  select coalesce(sum((a ->> 'market_value')::numeric), 0) into held from jsonb_array_elements(fund -> 'assets') a;
  perform evergreen.refuse_unless(jsonb_array_length(fund -> 'assets') = 0 or held = net, 'EG400', 'The assets (cash included) do not add up to net_assets.');
  select coalesce(left(a ->> 'key', 120), '?') into bad from jsonb_array_elements(fund -> 'assets') a
   where ((a ->> 'market_value')::numeric = round((a ->> 'market_value')::numeric, scale) and (a ->> 'market_value')::numeric < 1e30) is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'A market value is missing or has more decimals than the currency: ' || coalesce(bad, ''));
  perform evergreen.refuse_unless((select count(*) = count(distinct a ->> 'key') from jsonb_array_elements(fund -> 'assets') a), 'EG400', 'The key of an asset is missing or stands twice.');
  perform evergreen.refuse_unless(not exists (
      select from jsonb_array_elements(coalesce(fund -> 'ladder', '[]')) l
       where ((l ->> 'capacity')::numeric = round((l ->> 'capacity')::numeric, scale)
         and coalesce((l ->> 'stress_delta')::numeric, 0) = round(coalesce((l ->> 'stress_delta')::numeric, 0), scale)) is not true)
    and not exists (
      select from jsonb_array_elements(coalesce(fund -> 'reported_flows', '[]')) r
       where ((r ->> 'amount')::numeric = round((r ->> 'amount')::numeric, scale)) is not true),
    'EG400', 'An amount of the ladder or of a reported flow is missing or has more decimals than the currency.');

  insert into public.funds (code, name, base_currency, source, synthetic, calendar, time_zone)
  values (fund ->> 'code', fund ->> 'name', unit, coalesce(fund -> 'source', '{}'), coalesce((fund ->> 'synthetic')::boolean, false),
    coalesce(fund ->> 'calendar', 'none'), coalesce(fund ->> 'time_zone', 'UTC'))
  on conflict (code) do nothing;
  select * into of_fund from public.funds f where f.code = fund ->> 'code' for no key update;
  perform evergreen.refuse_unless(of_fund.base_currency = unit, 'EG400', 'The fund exists with another currency.');
  perform evergreen.refuse_unless(of_fund.nav_as_of is null or of_fund.nav_as_of <= day, 'EG428', 'The fund already stands at a later date; an older filing would not change it.');
  next_version := of_fund.allocations_version + 1;

  insert into public.assets (fund_id, external_key, name, type, strategy, issuer, country, currency, lp_visible, liquid_flag, bucket, fair_value_level, maturity, identifiers, attributes)
  select of_fund.fund_id, a ->> 'key', left(a ->> 'name', 300), a ->> 'type', a ->> 'sleeve', a ->> 'issuer', a ->> 'country', coalesce(a ->> 'currency', unit),
         coalesce((a ->> 'lp_visible')::boolean, false), coalesce((a ->> 'liquid')::boolean, false), a ->> 'bucket', (a ->> 'fair_value_level')::int, (a ->> 'maturity')::date,
         coalesce(a -> 'identifiers', '[]'), coalesce(a -> 'attributes', '{}')
    from jsonb_array_elements(fund -> 'assets') a
  on conflict (fund_id, external_key) do update set name = excluded.name, type = excluded.type, strategy = excluded.strategy, issuer = excluded.issuer, country = excluded.country,
    currency = excluded.currency, liquid_flag = excluded.liquid_flag, bucket = excluded.bucket, fair_value_level = excluded.fair_value_level, maturity = excluded.maturity,
    identifiers = excluded.identifiers, attributes = excluded.attributes, status = 'active';
  update public.assets x set status = 'retired' where x.fund_id = of_fund.fund_id and x.status = 'active'
     -- "not in" is looked up in a hash; "not exists" was compared key by key when the planner took the fund for a handful of rows
     and x.external_key not in (select a ->> 'key' from jsonb_array_elements(fund -> 'assets') a);
  update public.portfolio_allocations a set superseded_at = now() where a.fund_id = of_fund.fund_id and a.superseded_at is null;
  insert into public.portfolio_allocations (fund_id, asset_id, sleeve, target_pct, actual_pct, market_value, liquid_flag, version, effective_at)
  select of_fund.fund_id, x.id, a ->> 'sleeve', coalesce((a ->> 'target_pct')::numeric, 0), case when net = 0 then 0 else round(round((a ->> 'market_value')::numeric, 20) / net, 18) end,
         (a ->> 'market_value')::numeric, x.liquid_flag, next_version, effective
    from jsonb_array_elements(fund -> 'assets') a join public.assets x on x.fund_id = of_fund.fund_id and x.external_key = a ->> 'key';
  insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, method, source, effective_at)
  select x.id, of_fund.fund_id, day, (a ->> 'market_value')::numeric, 'reported', coalesce(fund #>> '{source,kind}', 'import'), effective
    from jsonb_array_elements(fund -> 'assets') a join public.assets x on x.fund_id = of_fund.fund_id and x.external_key = a ->> 'key';
  -- every rung at once and in one order, as fn_reserve_liquidity does
  perform 1 from public.liquidity_ladder l where l.fund_id = of_fund.fund_id and l.side = 'asset' order by l.ladder_id for no key update;
  earlier_day := evergreen.ladder_date(of_fund.fund_id, 'liability', 'base');
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity, stress_delta)
  select of_fund.fund_id, l ->> 'side', day, 'base', l ->> 'bucket', (l ->> 'capacity')::numeric, coalesce((l ->> 'stress_delta')::numeric, 0)
    from jsonb_array_elements(coalesce(fund -> 'ladder', '[]')) l
  on conflict (fund_id, side, as_of, scenario_id, bucket) do update set capacity = excluded.capacity, stress_delta = excluded.stress_delta;
  -- What was accepted is still to be paid: it goes over to the new ladder. A filing that plans no liabilities lays none, and the earlier one stands.
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity, utilization)
  select l.fund_id, 'liability', day, 'base', l.bucket, 0, l.utilization from public.liquidity_ladder l
   where l.fund_id = of_fund.fund_id and l.side = 'liability' and l.scenario_id = 'base' and l.as_of = earlier_day and l.utilization > 0
     and earlier_day < day and evergreen.ladder_date(of_fund.fund_id, 'liability', 'base') = day
  on conflict (fund_id, side, as_of, scenario_id, bucket) do update set utilization = excluded.utilization;
  insert into public.reported_flows (fund_id, month, kind, amount, currency, source)
  select of_fund.fund_id, (r ->> 'month')::date, r ->> 'kind', (r ->> 'amount')::numeric, unit, coalesce(fund #>> '{source,kind}', 'import')
    from jsonb_array_elements(coalesce(fund -> 'reported_flows', '[]')) r
  on conflict (fund_id, month, kind, source) do update set amount = excluded.amount;
  insert into public.fund_sensitivities (fund_id, as_of, measure, currency, tenor, value, source)
  select of_fund.fund_id, day, r ->> 'measure', r ->> 'currency', r ->> 'tenor', (r ->> 'value')::numeric, coalesce(fund #>> '{source,kind}', 'import')
    from jsonb_array_elements(coalesce(fund -> 'sensitivities', '[]')) r
  on conflict (fund_id, as_of, measure, currency, tenor) do update set value = excluded.value;
  update public.funds f set nav_as_of = day, net_assets = net, allocations_version = next_version, name = fund ->> 'name', source = coalesce(fund -> 'source', '{}'), effective_at = effective
   where f.fund_id = of_fund.fund_id;
  if fund -> 'mandate' is not null and not exists (select from public.mandates m where m.fund_id = of_fund.fund_id and m.superseded_at is null) then
    perform evergreen.put_mandate(of_fund.fund_id, fund -> 'mandate', coalesce(fund ->> 'mandate_label', 'default, made at import'), request_id);
  end if;
  perform evergreen.emit('FUND_IMPORTED', of_fund.fund_id, jsonb_build_object('source', coalesce(fund #>> '{source,kind}', 'import'),
    'assets', jsonb_array_length(fund -> 'assets'), 'as_of', day), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'funds', of_fund.fund_id::text, 'fund imported with ' || jsonb_array_length(fund -> 'assets') || ' assets as of ' || day, request_id);
  answer := jsonb_build_object('fund_id', of_fund.fund_id, 'code', of_fund.code, 'assets', jsonb_array_length(fund -> 'assets'), 'version', next_version::text);
  perform evergreen.keep_answer('fn_import_fund', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_fund(jsonb, text) is
  'Creates or brings forward a fund with its assets, allocations, snapshots, ladder, reported flows, sensitivities and (if it has none) mandate, all or nothing; accepted redemptions go over to the new ladder. Σ market_value = net_assets to the cent. EG400, EG428 older than what stands.';

-- from sql/66-fn-investors.sql
-- Investors and their orders: submit, assign, place, take in.

create or replace function public.fn_submit_investor(classification text, evidence jsonb default '{}', fund text default null, request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  id uuid := gen_random_uuid();
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('classification', classification, 'evidence', evidence, 'fund', fund);
  answer := evergreen.earlier_answer('fn_submit_investor', request_id, input);
  if answer is not null then
    return (answer ->> 'pending_id')::uuid;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  if fund is not null then
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  insert into public.investors_pending_kyc (pending_id, fund_id, code, classification, evidence)
  values (id, of_fund, 'P-' || upper(left(replace(id::text, '-', ''), 10)), classification, evidence);
  perform evergreen.emit('INVESTOR_SUBMITTED', of_fund, jsonb_build_object('pending_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'investors_pending_kyc', id::text, 'investor submitted as ' || classification, request_id);
  perform evergreen.keep_answer('fn_submit_investor', request_id, input, jsonb_build_object('pending_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_submit_investor(text, jsonb, text, text) is 'Puts an investor into the KYC pipeline; evidence names document kinds and dates, no personal data. Returns pending_id.';

create or replace function public.fn_assign_investor(pending_id uuid, classification text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
  id uuid;
begin
  perform evergreen.require_role('agent_kyc', 'ops_role');
  input := jsonb_build_object('pending_id', pending_id, 'classification', classification);
  answer := evergreen.earlier_answer('fn_assign_investor', request_id, input);
  if answer is not null then
    return (answer ->> 'investor_id')::uuid;
  end if;
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_assign_investor.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  if waiting.kyc_status = 'assigned' then
    perform evergreen.refuse_unless(waiting.classification = fn_assign_investor.classification, 'EG428', 'The investor was assigned with another classification.');
    return waiting.investor_id;
  end if;
  perform evergreen.refuse_unless(waiting.kyc_status <> 'declined', 'EG428', 'The application was declined.');
  insert into public.investors (code, classification, kyc_status, eligibility_tags, kyc_valid_until)
  values ('LP-' || substr(waiting.code, 3), fn_assign_investor.classification, 'approved', waiting.eligibility_tags, now() + interval '5 years')
  returning investor_id into id;
  update public.investors_pending_kyc p set kyc_status = 'assigned', classification = fn_assign_investor.classification, investor_id = id, missing = '{}' where p.pending_id = waiting.pending_id;
  perform evergreen.emit('INVESTOR_ASSIGNED', waiting.fund_id, jsonb_build_object('investor_id', id), evergreen.actor(), '{}', array[id], request_id);
  perform evergreen.audit(waiting.fund_id, 'investors', id::text, 'investor assigned as ' || fn_assign_investor.classification, request_id);
  perform evergreen.keep_answer('fn_assign_investor', request_id, input, jsonb_build_object('investor_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_assign_investor(uuid, text, text) is 'Moves a pending investor to investors and returns investor_id; again returns the same. Refresh is due within five years (R51). EG404, EG428.';

create or replace function public.fn_ask_evidence(pending_id uuid, missing text[], request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('pending_id', pending_id, 'missing', missing);
  answer := evergreen.earlier_answer('fn_ask_evidence', request_id, input);
  if answer is not null then
    return answer ->> 'kyc_status';
  end if;
  perform evergreen.refuse_unless(cardinality(missing) between 1 and 20 and not exists (
    select from unnest(missing) kind where (length(kind) between 1 and 60) is not true), 'EG400', 'missing names 1 to 20 kinds of evidence of 1 to 60 characters.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_ask_evidence.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is ' || waiting.kyc_status || '.');
  if waiting.missing is distinct from fn_ask_evidence.missing or waiting.kyc_status = 'submitted' then
    update public.investors_pending_kyc p set kyc_status = 'missing_evidence', missing = fn_ask_evidence.missing where p.pending_id = waiting.pending_id;
    perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'evidence missing: ' || array_to_string(fn_ask_evidence.missing, ', '), request_id);
  end if;
  perform evergreen.keep_answer('fn_ask_evidence', request_id, input, '{"kyc_status": "missing_evidence"}');
  return 'missing_evidence';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_ask_evidence(uuid, text[], text) is 'Records which kinds of evidence a pending investor still owes.';

create or replace function public.fn_place_order(fund text, investor_id uuid, direction text, amount numeric, currency text, channel text default 'api', request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  event uuid;
begin
  perform evergreen.require_role('lp_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'investor_id', investor_id, 'direction', direction, 'amount', amount, 'currency', currency, 'channel', channel);
  answer := evergreen.earlier_answer('fn_place_order', request_id, input);
  if answer is not null then
    return (answer ->> 'flow_id')::uuid;
  end if;
  -- an investor of somebody else and one that does not exist look the same
  perform evergreen.refuse_unless(exists (select from public.investors i where i.investor_id = fn_place_order.investor_id)
    and (evergreen.role_name() <> 'lp_role' or investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No investor with that id.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(direction in ('subscription', 'redemption'), 'EG400', 'direction is subscription or redemption.');
  perform evergreen.refuse_unless(amount > 0 and amount < 1e30 and evergreen.within_exponent(amount, currency), 'EG400', 'amount is positive and has no more decimals than the currency.');
  perform evergreen.refuse_unless(currency = of_fund.base_currency, 'EG400', 'The fund deals in ' || of_fund.base_currency || '.');
  perform evergreen.refuse_unless(length(channel) between 1 and 40, 'EG400', 'channel has 1 to 40 characters.');
  event := evergreen.emit(case direction when 'subscription' then 'SUBSCRIPTION_REQUESTED' else 'REDEMPTION_REQUESTED' end, of_fund.fund_id,
    jsonb_build_object('flow_id', id), evergreen.actor(), '{}', array[investor_id], request_id);
  insert into public.fund_flows (flow_id, fund_id, investor_id, direction, amount, currency, status, channel, requested_at, event_id)
  values (id, of_fund.fund_id, investor_id, direction, amount, currency, 'submitted', channel, now(), event);
  perform evergreen.audit(of_fund.fund_id, 'fund_flows', id::text, direction || ' submitted', request_id);
  perform evergreen.keep_answer('fn_place_order', request_id, input, jsonb_build_object('flow_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_place_order(text, uuid, text, numeric, text, text, text) is
  'Submits a subscription or redemption (amount in fund currency) for an investor; an LP only for its own. Returns flow_id. EG400, EG404.';

create or replace function public.fn_intake_orders(batch_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  taken public.event_batches;
  summary jsonb;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('batch_id', batch_id);
  answer := evergreen.earlier_answer('fn_intake_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into taken from public.event_batches b where b.batch_id = fn_intake_orders.batch_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No batch with that id.');
  if taken.done_at is not null then
    return taken.outcome;
  end if;
  -- no newer ladder may be laid meanwhile (fn_import_fund): the demand would stay on the old one
  perform 1 from public.funds f where f.fund_id in (select e.fund_id from public.fund_events e where e.event_id = any (taken.event_ids)) order by f.fund_id for share;
  with named as materialized (
    -- two events may name one order
    select distinct e.fund_id, (e.payload ->> 'flow_id')::uuid as flow_id from public.fund_events e where e.event_id = any (taken.event_ids)
  ), orders as materialized (
    -- locked in one order: another batch that names the same order waits, and then finds it no longer submitted
    select f.flow_id, f.fund_id, f.direction, f.amount, i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > now()) as cleared
      from named n
      join public.fund_flows f on f.flow_id = n.flow_id and f.fund_id = n.fund_id
      join public.investors i on i.investor_id = f.investor_id
     where f.status = 'submitted' order by f.flow_id for no key update of f
  ), moved as (
    -- 1 identity, 2 order state: only who is cleared today may be accepted (R54)
    update public.fund_flows f set status = case when o.cleared then 'accepted' else 'kyc_hold' end from orders o where f.flow_id = o.flow_id
    returning f.flow_id
  ), demand as (
    -- 3 accepted redemptions are demand on the 30-day bucket of the liability ladder; a fund that planned for none owes it all the same
    insert into public.liquidity_ladder as l (fund_id, side, as_of, scenario_id, bucket, capacity, utilization)
    select f.fund_id, 'liability', coalesce(evergreen.ladder_date(f.fund_id, 'liability', 'base'), evergreen.ladder_date(f.fund_id, 'asset', 'base'), f.nav_as_of, current_date),
           'base', '30d', 0, d.amount
      from (select o.fund_id, sum(o.amount) as amount from orders o where o.cleared and o.direction = 'redemption' group by o.fund_id) d
      join public.funds f on f.fund_id = d.fund_id order by f.fund_id
    on conflict (fund_id, side, as_of, scenario_id, bucket) do update set utilization = l.utilization + excluded.utilization
  ), logged as (
    -- 4 one compliance record per order
    insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, entity_type, entity_id, workflow_id)
    select o.fund_id, 'agent:kyc', 'kyc_status', '1', case when o.cleared then 'passed' else 'review' end, 'fund_flows', o.flow_id::text, 'batch/' || taken.batch_id from orders o
  )
  select jsonb_build_object('accepted', count(*) filter (where o.cleared), 'held', count(*) filter (where not o.cleared), 'skipped', taken.events - count(*))
    into summary from orders o;
  -- 5 the batch ends with one audit row per fund
  update public.event_batches b set done_at = now(), outcome = summary, leased_by = null where b.batch_id = taken.batch_id;
  perform evergreen.keep_answer('fn_intake_orders', request_id, input, summary);
  perform evergreen.audit(f.fund_id, 'event_batches', taken.batch_id::text, taken.type || ' taken in: ' || f.orders || ' orders', request_id)
     from (select e.fund_id, count(*) as orders from public.fund_events e where e.event_id = any (taken.event_ids) group by e.fund_id) f;
  return summary;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_intake_orders(uuid, text) is
  'Takes a batch of order events in at once: KYC status, order state (accepted or kyc_hold), redemption demand on the ladder, compliance log, audit. Once per batch. Returns {accepted, held, skipped}.';

-- from sql/67-fn-oversight.sql
-- Risk alerts, stress results and token operations: the first real activity of their rooms.

create or replace function public.fn_raise_alert(event_id uuid, kind text, severity text, reason text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  cause public.fund_events;
  id uuid;
begin
  perform evergreen.require_role('agent_risk_guardian');
  input := jsonb_build_object('event_id', event_id, 'kind', kind, 'severity', severity, 'reason', reason);
  answer := evergreen.earlier_answer('fn_raise_alert', request_id, input);
  if answer is not null then
    return (answer ->> 'alert_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(kind) between 1 and 80 and length(reason) between 1 and 500, 'EG400', 'kind (1 to 80 characters) and reason (1 to 500) are needed.');
  select * into cause from public.fund_events e where e.event_id = fn_raise_alert.event_id;
  perform evergreen.refuse_unless(found and cause.fund_id is not null, 'EG404', 'No fund event with that id.');
  insert into public.risk_alerts (fund_id, kind, severity, reason, event_id, workflow_id)
  values (cause.fund_id, kind, severity, reason, cause.event_id, 'event/' || cause.event_id)
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
comment on function public.fn_raise_alert(uuid, text, text, text, text) is 'One alert per event and kind; returns alert_id. EG404 when the event belongs to no fund.';

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

-- from sql/68-fn-memory.sql
-- Memory and traces: what agents remember, with references; what the workers did, as spans.

create or replace function public.fn_remember(memory jsonb, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  unit float8[];
  input jsonb;
  answer jsonb;
  id uuid := gen_random_uuid();
  linked int;
  of_fund uuid;
begin
  perform evergreen.require_role('agent_commander', 'agent_rebalancing', 'agent_liquidity_engine', 'agent_compliance_sentinel', 'agent_risk_guardian',
    'agent_kyc', 'agent_simulation', 'agent_tokenization', 'pm_role');
  input := jsonb_build_object('sha256', encode(sha256(convert_to((memory - 'embedding')::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_remember', request_id, input);
  if answer is not null then
    return (answer ->> 'memory_id')::uuid;
  end if;
  of_fund := (memory ->> 'fund_id')::uuid;
  perform evergreen.refuse_unless(length(memory ->> 'text') between 1 and 4096, 'EG400', 'text has 1 to 4096 characters.');
  perform evergreen.refuse_unless(jsonb_typeof(memory -> 'embedding') = 'array', 'EG400', 'embedding is a vector.');
  perform evergreen.refuse_unless(jsonb_array_length(memory -> 'embedding') between 8 and 4096
    and not exists (select from jsonb_array_elements(memory -> 'embedding') x where jsonb_typeof(x) <> 'number'), 'EG400', 'embedding is a vector of 8 to 4096 numbers.');
  -- who writes does not say how far it may be trusted: a person's words are a person's, a room's are the system's or untrusted
  perform evergreen.refuse_unless(coalesce(memory ->> 'trust', 'system') in ('system', 'untrusted') or evergreen.role_name() = 'pm_role', 'EG400', 'trust is system or untrusted.');
  perform evergreen.refuse_unless(
    coalesce((select cardinality(m.embedding) from public.agent_memories m where m.superseded_at is null limit 1), jsonb_array_length(memory -> 'embedding'))
      = jsonb_array_length(memory -> 'embedding'),
    'EG400', 'The embedding has another dimension than the memories here; re-embed them before changing the embedder.');
  -- kept at length one, so that a search is one sum per memory; what is too small to count is zero, what is too large is no embedding
  perform evergreen.refuse_unless(not exists (
    select from jsonb_array_elements_text(memory -> 'embedding') x where abs(x::numeric) > 1e100), 'EG400', 'embedding has a component beyond 1e100.');
  with parts as (
    select n, case when abs(x::numeric) < 1e-100 then 0::float8 else x::float8 end as v from jsonb_array_elements_text(memory -> 'embedding') with ordinality as e(x, n)
  ), scaled as (
    select p.n, case when m.most = 0 or abs(p.v) / m.most < 1e-100 then 0 else p.v / m.most end as v from parts p, (select max(abs(v)) as most from parts) m
  )
  select array_agg(case when l.length = 0 then 0 else s.v / l.length end order by s.n) into unit
    from scaled s, (select sqrt(sum(v * v)) as length from scaled) l;
  insert into public.agent_memories (memory_id, fund_id, text, embedding, reference_ids, supabase_refs, duckdb_refs, workflow_id, langfuse_trace_id, trust)
  values (id, of_fund, memory ->> 'text', unit,
    array(select x::uuid from jsonb_array_elements_text(coalesce(memory -> 'reference_ids', '[]')) x), coalesce(memory -> 'supabase_refs', '[]'), coalesce(memory -> 'duckdb_refs', '[]'),
    memory ->> 'workflow_id', memory ->> 'langfuse_trace_id', case when evergreen.role_name() = 'pm_role' then 'person' else coalesce(memory ->> 'trust', 'system') end);
  insert into public.memory_nodes (memory_id, kind, ref)
  select distinct id, n ->> 'kind', n ->> 'ref' from jsonb_array_elements(coalesce(memory -> 'nodes', '[]')) n;
  insert into public.memory_edges (memory_id, kind, from_node, to_node)
  select id, e ->> 'kind', f.node_id, t.node_id from jsonb_array_elements(coalesce(memory -> 'edges', '[]')) e
    join public.memory_nodes f on f.memory_id = id and f.kind = e #>> '{from,kind}' and f.ref = e #>> '{from,ref}'
    join public.memory_nodes t on t.memory_id = id and t.kind = e #>> '{to,kind}' and t.ref = e #>> '{to,ref}';
  get diagnostics linked = row_count;
  perform evergreen.refuse_unless(linked = jsonb_array_length(coalesce(memory -> 'edges', '[]')), 'EG400', 'An edge joins a node that the memory does not have.');
  perform evergreen.audit(of_fund, 'agent_memories', id::text, 'remembered', request_id);
  perform evergreen.keep_answer('fn_remember', request_id, input, jsonb_build_object('memory_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_remember(jsonb, text) is
  'Stores a memory {text, embedding, fund_id, reference_ids, supabase_refs, duckdb_refs, workflow_id, langfuse_trace_id, trust, nodes:[{kind, ref}], edges:[{kind, from, to}]}; returns memory_id.';

create or replace function public.fn_search_memories(embedding float8[], fund_id uuid default null, max_rows int default 5)
returns table (memory_id uuid, text text, score float8, supabase_refs jsonb, duckdb_refs jsonb, workflow_id text, langfuse_trace_id text, trust text, superseded boolean, recorded_at timestamptz)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  -- runs as the caller: row-level security of agent_memories decides what can be found; exact, so recall is 1. Memories have length one.
  with parts as (
    select n, case when abs(x::numeric) < 1e-100 then 0 else x end as v from unnest(fn_search_memories.embedding) with ordinality as e(x, n) where x not in ('NaN', 'Infinity', '-Infinity')
  ), scaled as (
    select p.n, case when m.most = 0 or abs(p.v) / m.most < 1e-100 then 0 else p.v / m.most end as v from parts p, (select max(abs(v)) as most from parts) m
  ), asked as materialized (
    select array_agg(s.v / nullif(l.length, 0) order by s.n) as unit from scaled s, (select sqrt(sum(v * v)) as length from scaled) l
  )
  select m.memory_id, m.text, (select nullif(sum(a * b), 0) from unnest(m.embedding, asked.unit) as pair(a, b)) as score,
         m.supabase_refs, m.duckdb_refs, m.workflow_id, m.langfuse_trace_id, m.trust, m.superseded_at is not null, m.recorded_at
    from public.agent_memories m, asked
   where (fn_search_memories.fund_id is null or m.fund_id = fn_search_memories.fund_id) and m.superseded_at is null
     and cardinality(m.embedding) = cardinality(asked.unit)
   order by score desc nulls last, m.memory_id limit least(greatest(max_rows, 0), 100)
$$;
comment on function public.fn_search_memories(float8[], uuid, int) is 'Nearest memories by cosine under the caller''s row-level security; superseded ones are left out.';

create or replace function public.fn_list_memories(fund_id uuid, since text default '0', memory_ids uuid[] default '{}', max_rows int default 250)
returns table (horizon text, tx text, changed boolean, memory_id uuid, embedding float8[], text text, supabase_refs jsonb, duckdb_refs jsonb, workflow_id text, langfuse_trace_id text,
  trust text, superseded boolean, recorded_at timestamptz)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  -- a reader that keeps vectors asks from the horizon of its last answer: what was not yet visible then was written by a transaction at or after it
  with changed as (
    select m.* from public.agent_memories m where m.fund_id = fn_list_memories.fund_id and m.tx >= fn_list_memories.since::xid8
     order by m.tx fetch first least(greatest(max_rows, 1), 1000) rows with ties
  ), listed as (
    select c.*, true as changed from changed c
    union all
    select m.*, false from public.agent_memories m
     where m.fund_id = fn_list_memories.fund_id and m.memory_id = any (memory_ids) and not exists (select from changed c where c.memory_id = m.memory_id)
  )
  select pg_snapshot_xmin(pg_current_snapshot())::text, l.tx::text, l.changed, l.memory_id, case when l.changed and l.superseded_at is null then l.embedding end,
         l.text, l.supabase_refs, l.duckdb_refs, l.workflow_id, l.langfuse_trace_id, l.trust, l.superseded_at is not null, l.recorded_at
    from (values (1)) as always (one) left join listed l on true
$$;
comment on function public.fn_list_memories(uuid, text, uuid[], int) is
  'Memories of a fund changed at or after a transaction, with their vectors, and the named ones without; at least one row, whose horizon is where to ask from next. Under the caller''s row-level security.';

create or replace function public.fn_record_spans(spans jsonb) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(jsonb_typeof(spans) = 'array', 'EG400', 'spans is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(spans) <= 10000, 'EG413', 'spans is a list of at most 10,000.');
  insert into public.trace_spans (trace_id, span_id, parent_span_id, name, service, started_at, ended_at, status, attributes)
  select s ->> 'trace_id', s ->> 'span_id', s ->> 'parent_span_id', left(s ->> 'name', 200), left(s ->> 'service', 80),
         (s ->> 'started_at')::timestamptz, (s ->> 'ended_at')::timestamptz, s ->> 'status', coalesce(s -> 'attributes', '{}')
    from jsonb_array_elements(spans) s on conflict do nothing;
  get diagnostics kept = row_count;
  return kept;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_spans(jsonb) is 'Keeps exported spans for `evergreen trace`; a span sent twice is kept once. Telemetry: writes no audit row.';

-- from sql/69-fn-demo.sql
-- The demo loader: register and history of a synthetic fund. The only function that may put effective and recorded time into the past,
-- and only in a database marked as a demo (platform_settings), only into a fund that is labelled synthetic.

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
  perform evergreen.refuse_unless(exists (select from public.platform_settings s where s.key = 'demo' and s.value = 'true'::jsonb),
    'EG428', 'This database is not marked as a demo.');
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = chunk ->> 'fund' and f.synthetic for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No synthetic fund with that code.');
  foreach list in array array['classes', 'investors', 'access', 'snapshots', 'flows'] loop
    counts := counts || jsonb_build_object(list, jsonb_array_length(evergreen.demo_rows(chunk, list)));
    -- the past, never the future
    perform evergreen.refuse_unless(not exists (
      select from jsonb_array_elements(evergreen.demo_rows(chunk, list)) r
       where greatest((r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz) > now()), 'EG400', list || ' holds a row of the future.');
  end loop;

  insert into public.share_classes (fund_id, code, name, currency, units_outstanding, nav_per_unit, effective_at, recorded_at)
  select of_fund.fund_id, r ->> 'code', r ->> 'name', of_fund.base_currency, (r ->> 'units_outstanding')::numeric, (r ->> 'nav_per_unit')::numeric,
         (r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'classes')) r;

  insert into public.investors (code, classification, kyc_status, eligibility_tags, synthetic, kyc_valid_until, effective_at, recorded_at)
  select r ->> 'code', r ->> 'classification', r ->> 'kyc_status', array(select jsonb_array_elements_text(r -> 'eligibility_tags')), true,
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

  perform evergreen.refuse_unless(not exists (
    select from jsonb_array_elements(evergreen.demo_rows(chunk, 'snapshots') || evergreen.demo_rows(chunk, 'flows')) r
     where not evergreen.within_exponent(coalesce(r ->> 'nav', r ->> 'amount')::numeric, of_fund.base_currency)), 'EG400', 'An amount has more decimals than the currency.');
  -- past orders are settled; an open order enters by fn_place_order like any other
  insert into public.fund_flows (flow_id, fund_id, share_class_id, investor_id, direction, amount, units, currency, status, channel, requested_at, dealing_date, effective_at, recorded_at)
  select (r ->> 'id')::uuid, of_fund.fund_id, c.share_class_id, i.investor_id, r ->> 'direction', (r ->> 'amount')::numeric, (r ->> 'units')::numeric,
         of_fund.base_currency, 'settled', 'demo', (r ->> 'requested_at')::timestamptz, (r ->> 'dealing_date')::date,
         (r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'flows')) r
    join public.share_classes c on c.fund_id = of_fund.fund_id and c.code = r ->> 'class'
    join public.investors i on i.code = r ->> 'investor' and i.synthetic;
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = (counts ->> 'flows')::int, 'EG404', 'flows names a class or synthetic investor that is not there.');

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
  'Loads classes, investors, access, snapshots and settled flows (fund currency) of a synthetic fund, all or nothing; returns the counts. EG400, EG404, EG413, EG428 not a demo database.';

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
    ('share_classes',          'pm_role, ops_role, audit_role, agent_commander'),
    ('assets',                 'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_simulation, agent_tokenization'),
    ('asset_snapshots',        'pm_role, ops_role, audit_role, agent_risk_guardian, agent_simulation'),
    ('portfolio_allocations',  'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation'),
    ('mandates',               'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_compliance_sentinel'),
    ('liquidity_ladder',       'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_risk_guardian, agent_simulation'),
    ('liquidity_reservations', 'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine'),
    ('reported_flows',         'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_simulation'),
    ('fund_sensitivities',     'pm_role, ops_role, audit_role, agent_simulation'),
    ('investors',              'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('investors_pending_kyc',  'pm_role, ops_role, audit_role, agent_kyc'),
    ('investor_access',        'ops_role, audit_role'),
    ('fund_flows',             'pm_role, ops_role, audit_role, agent_kyc, agent_liquidity_engine'),
    ('event_types',            'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('fund_events',            'pm_role, ops_role, audit_role, service_role, ' || agents),
    ('event_investors',        'pm_role, ops_role, audit_role, agent_kyc'),
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
    ('trace_spans',            'pm_role, ops_role, audit_role'),
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
  public.fund_flows, public.fund_events, public.event_investors to lp_role;
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

-- Views follow the tables they read.
revoke all on public.subscriptions, public.redemptions from public, anon, authenticated, service_role, demo_role, evergreen_app, evergreen_api;
grant select on public.subscriptions, public.redemptions to pm_role, ops_role, audit_role, evergreen_readonly, lp_role;
alter view public.subscriptions owner to evergreen_owner;
alter view public.redemptions owner to evergreen_owner;

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
    ('fn_record_event(text,jsonb,text,text,text,uuid,uuid[])', 'pm_role, ops_role, service_role, agent_liquidity_engine, agent_simulation, agent_risk_guardian, agent_compliance_sentinel'),
    ('fn_claim_events(text,int,int)', 'service_role'),
    ('fn_finish_events(bigint[])', 'service_role'),
    ('fn_fail_event(bigint,text,int)', 'service_role'),
    ('fn_release_events(bigint[])', 'service_role'),
    ('fn_claim_batch(text,int,int)', 'service_role'),
    ('fn_fail_batch(uuid,text,int)', 'service_role'),
    ('fn_retry_event(uuid,text)', 'pm_role, ops_role'),
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
    ('fn_place_order(text,uuid,text,numeric,text,text,text)', 'lp_role, ops_role'),
    ('fn_intake_orders(uuid,text)', 'agent_kyc'),
    ('fn_raise_alert(uuid,text,text,text,text)', 'agent_risk_guardian'),
    ('fn_record_stress(uuid,text,numeric,text,jsonb,text)', 'agent_simulation'),
    ('fn_log_compliance(uuid,text,text,text,jsonb,text)', 'agent_compliance_sentinel'),
    ('fn_register_tokenization(uuid,uuid,text)', 'agent_tokenization'),
    ('fn_remember(jsonb,text)', 'pm_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_search_memories(float8[],uuid,int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_list_memories(uuid,text,uuid[],int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_load_demo(jsonb,text)', 'demo_role'),
    ('fn_record_spans(jsonb)', 'service_role')
  ) as access (signature, callers) loop
    execute format('grant execute on function public.%s to %s', f.signature, f.callers);
  end loop;
end $$;

-- policies call these as the reader
grant execute on function evergreen.my_event_ids(), evergreen.my_fund_ids(), evergreen.visible_asset_ids() to lp_role;

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
