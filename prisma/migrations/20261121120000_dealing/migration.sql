-- from schema.prisma
-- DropIndex
DROP INDEX "fund_flows_share_class_id_idx";

-- DropIndex
DROP INDEX "approvals_proposal_id_key";

-- AlterTable
ALTER TABLE "currencies" ADD COLUMN     "tx" xid8 NOT NULL DEFAULT pg_current_xact_id();

-- AlterTable
ALTER TABLE "share_classes" ADD COLUMN     "issue_price" DECIMAL(38,18),
ADD COLUMN     "pocket_of" UUID;

-- AlterTable
ALTER TABLE "mandates" ADD COLUMN     "tx" xid8 NOT NULL DEFAULT pg_current_xact_id();

-- AlterTable
ALTER TABLE "fund_flows" ADD COLUMN     "accepted_at" TIMESTAMPTZ(6),
ADD COLUMN     "cleared_at" TIMESTAMPTZ(6),
ADD COLUMN     "dealing_day_id" UUID,
ADD COLUMN     "dust_answer" TEXT,
ADD COLUMN     "dust_asked_at" TIMESTAMPTZ(6),
ADD COLUMN     "elected_lots" UUID[] DEFAULT ARRAY[]::UUID[],
ADD COLUMN     "filled_units" DECIMAL(38,18),
ADD COLUMN     "linked_flow_id" UUID,
ADD COLUMN     "locked_at" TIMESTAMPTZ(6),
ADD COLUMN     "net_amount" DECIMAL(38,4),
ADD COLUMN     "offer_id" UUID,
ADD COLUMN     "order_kind" TEXT NOT NULL DEFAULT 'plain',
ADD COLUMN     "parent_flow_id" UUID,
ADD COLUMN     "placed_by" TEXT,
ADD COLUMN     "policy_id" UUID,
ADD COLUMN     "price" DECIMAL(38,18),
ADD COLUMN     "priced_at" TIMESTAMPTZ(6),
ADD COLUMN     "reason" TEXT,
ADD COLUMN     "requested_units" DECIMAL(38,18),
ADD COLUMN     "settled_at" TIMESTAMPTZ(6),
ADD COLUMN     "vintage" DATE,
ALTER COLUMN "amount" DROP NOT NULL;

-- AlterTable
ALTER TABLE "proposals" ADD COLUMN     "approvals_needed" SMALLINT NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "dealing_policies" (
    "policy_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "effective_from" DATE NOT NULL,
    "body" JSONB NOT NULL,
    "hash" CHAR(64) NOT NULL,
    "set_by" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dealing_policies_pkey" PRIMARY KEY ("policy_id")
);

-- CreateTable
CREATE TABLE "lmt_policies" (
    "policy_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "effective_from" DATE NOT NULL,
    "pack" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "hash" CHAR(64) NOT NULL,
    "set_by" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lmt_policies_pkey" PRIMARY KEY ("policy_id")
);

-- CreateTable
CREATE TABLE "lmt_activations" (
    "activation_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "tool" TEXT NOT NULL,
    "trigger" JSONB NOT NULL,
    "status" TEXT NOT NULL,
    "proposal_id" UUID NOT NULL,
    "notice" TEXT NOT NULL,
    "nca_notified_at" TIMESTAMPTZ(6),
    "active_from" TIMESTAMPTZ(6),
    "active_until" TIMESTAMPTZ(6),
    "end_reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lmt_activations_pkey" PRIMARY KEY ("activation_id")
);

-- CreateTable
CREATE TABLE "calendar_holidays" (
    "calendar" TEXT NOT NULL,
    "date" DATE NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "calendar_holidays_pkey" PRIMARY KEY ("calendar","date")
);

-- CreateTable
CREATE TABLE "dealing_days" (
    "dealing_day_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "dealing_date" DATE NOT NULL,
    "cut_off_at" TIMESTAMPTZ(6) NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'open',
    "step" SMALLINT NOT NULL DEFAULT 0,
    "policy_id" UUID NOT NULL,
    "lmt_policy_id" UUID,
    "order_root" CHAR(64),
    "orders" INTEGER NOT NULL DEFAULT 0,
    "rechecked_at" TIMESTAMPTZ(6),
    "strike_id" UUID,
    "decision" JSONB NOT NULL DEFAULT '{}',
    "terms" JSONB NOT NULL DEFAULT '{}',
    "day_hash" CHAR(64),
    "workflow_id" TEXT,
    "closed_at" TIMESTAMPTZ(6),
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dealing_days_pkey" PRIMARY KEY ("dealing_day_id")
);

-- CreateTable
CREATE TABLE "order_transitions" (
    "transition_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "flow_id" UUID NOT NULL,
    "from_status" TEXT,
    "to_status" TEXT NOT NULL,
    "event_id" UUID,
    "reason" TEXT,
    "document" TEXT,
    "actor" TEXT NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "order_transitions_pkey" PRIMARY KEY ("transition_id")
);

-- CreateTable
CREATE TABLE "order_leaves" (
    "dealing_day_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "flow_id" UUID NOT NULL,
    "salt" CHAR(32) NOT NULL,
    "canonical" TEXT NOT NULL,
    "leaf" CHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "order_leaves_pkey" PRIMARY KEY ("dealing_day_id","position")
);

-- CreateTable
CREATE TABLE "nav_strikes" (
    "strike_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "nav_date" DATE NOT NULL,
    "version" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "inputs_hash" CHAR(64) NOT NULL,
    "body" JSONB NOT NULL DEFAULT '{}',
    "total_assets" DECIMAL(38,4),
    "liabilities" DECIMAL(38,4),
    "gnav" DECIMAL(38,4),
    "performance_fee" DECIMAL(38,4),
    "nav" DECIMAL(38,4),
    "proposal_id" UUID,
    "supersedes" UUID,
    "reason" TEXT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "nav_strikes_pkey" PRIMARY KEY ("strike_id")
);

-- CreateTable
CREATE TABLE "nav_inputs" (
    "input_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "strike_id" UUID NOT NULL,
    "asset_id" UUID,
    "kind" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "value" DECIMAL(38,4) NOT NULL,
    "as_of" DATE NOT NULL,
    "source" TEXT NOT NULL,
    "age_days" INTEGER NOT NULL,
    "blocked_by" TEXT,
    "mark" DECIMAL(38,4),
    "beta" DECIMAL(38,18),
    "index_series" TEXT,
    "index_at_mark" DECIMAL(38,18),
    "index_now" DECIMAL(38,18),
    "payments" JSONB,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "nav_inputs_pkey" PRIMARY KEY ("input_id")
);

-- CreateTable
CREATE TABLE "class_navs" (
    "strike_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "nav" DECIMAL(38,4) NOT NULL,
    "units" DECIMAL(38,18) NOT NULL,
    "nav_per_unit" DECIMAL(38,18) NOT NULL,
    "performance_accrued" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "dealing_price_sub" DECIMAL(38,18),
    "dealing_price_red" DECIMAL(38,18),
    "swing_factor" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "published_at" TIMESTAMPTZ(6),
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "class_navs_pkey" PRIMARY KEY ("strike_id","share_class_id")
);

-- CreateTable
CREATE TABLE "series_navs" (
    "strike_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "series" TEXT NOT NULL,
    "nav" DECIMAL(38,4) NOT NULL,
    "units" DECIMAL(38,18) NOT NULL,
    "nav_per_unit" DECIMAL(38,18) NOT NULL,
    "performance_accrued" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "high_water" DECIMAL(38,18) NOT NULL,
    "since" DATE NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "series_navs_pkey" PRIMARY KEY ("strike_id","share_class_id","series")
);

-- CreateTable
CREATE TABLE "allocations" (
    "allocation_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "dealing_day_id" UUID NOT NULL,
    "flow_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "cohort" TEXT NOT NULL,
    "requested_units" DECIMAL(38,18),
    "admitted_units" DECIMAL(38,18),
    "filled_units" DECIMAL(38,18) NOT NULL,
    "carried_units" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "price" DECIMAL(38,18) NOT NULL,
    "gross_amount" DECIMAL(38,4) NOT NULL,
    "levy" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "fee" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "credit" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "performance_fee" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "net_amount" DECIMAL(38,4) NOT NULL,
    "refund" DECIMAL(38,4) NOT NULL DEFAULT 0,
    "series" TEXT NOT NULL DEFAULT '',
    "high_water" DECIMAL(38,18),
    "equalisation_credit" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "pieces" JSONB NOT NULL DEFAULT '[]',
    "reason" TEXT,
    "rest" TEXT,
    "child_flow_id" UUID,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "allocations_pkey" PRIMARY KEY ("allocation_id")
);

-- CreateTable
CREATE TABLE "restatements" (
    "restatement_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "strike_id" UUID NOT NULL,
    "dealing_day_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "published" DECIMAL(38,18) NOT NULL,
    "correct" DECIMAL(38,18) NOT NULL,
    "error" DECIMAL(38,18) NOT NULL,
    "tolerance" DECIMAL(38,18) NOT NULL,
    "material" BOOLEAN NOT NULL,
    "direction" TEXT NOT NULL,
    "deals" INTEGER NOT NULL,
    "fund_pays" DECIMAL(38,4) NOT NULL,
    "fund_receives" DECIMAL(38,4) NOT NULL,
    "body" JSONB NOT NULL DEFAULT '{}',
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "restatements_pkey" PRIMARY KEY ("restatement_id")
);

-- CreateTable
CREATE TABLE "compensations" (
    "compensation_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "restatement_id" UUID NOT NULL,
    "flow_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "units_dealt" DECIMAL(38,18) NOT NULL,
    "units_due" DECIMAL(38,18),
    "cash_due" DECIMAL(38,4),
    "difference" DECIMAL(38,4) NOT NULL,
    "owed_to" TEXT NOT NULL,
    "owed_by" TEXT NOT NULL,
    "pays" BOOLEAN NOT NULL,
    "due" JSONB NOT NULL DEFAULT '{}',
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "compensations_pkey" PRIMARY KEY ("compensation_id")
);

-- CreateTable
CREATE TABLE "ledger_transactions" (
    "ledger_tx_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "dealing_day_id" UUID,
    "kind" TEXT NOT NULL,
    "reverses" UUID,
    "description" TEXT NOT NULL,
    "posted_by" TEXT NOT NULL,
    "posted_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "event_id" UUID,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ledger_transactions_pkey" PRIMARY KEY ("ledger_tx_id")
);

-- CreateTable
CREATE TABLE "unit_ledger" (
    "entry_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "ledger_tx_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "account" TEXT NOT NULL,
    "investor_id" UUID,
    "lot_id" UUID,
    "flow_id" UUID,
    "units" DECIMAL(38,18) NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "unit_ledger_pkey" PRIMARY KEY ("entry_id")
);

-- CreateTable
CREATE TABLE "cash_movements" (
    "entry_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "ledger_tx_id" UUID NOT NULL,
    "fund_id" UUID NOT NULL,
    "account" TEXT NOT NULL,
    "investor_id" UUID,
    "flow_id" UUID,
    "currency" CHAR(3) NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "reference" TEXT,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "cash_movements_pkey" PRIMARY KEY ("entry_id")
);

-- CreateTable
CREATE TABLE "lots" (
    "lot_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "share_class_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "opened_on" DATE NOT NULL,
    "series" TEXT NOT NULL DEFAULT '',
    "flow_id" UUID,
    "units_issued" DECIMAL(38,18) NOT NULL,
    "units_left" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "price" DECIMAL(38,18) NOT NULL,
    "high_water" DECIMAL(38,18),
    "equalisation_credit" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "hurdle_from" DATE,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lots_pkey" PRIMARY KEY ("lot_id")
);

-- CreateTable
CREATE TABLE "class_marks" (
    "mark_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "share_class_id" UUID NOT NULL,
    "as_of" DATE NOT NULL,
    "cause" TEXT NOT NULL,
    "high_water" DECIMAL(38,18) NOT NULL,
    "per_unit" DECIMAL(38,18),
    "strike_id" UUID,
    "ledger_tx_id" UUID,
    "replaces" UUID,
    "body" JSONB NOT NULL DEFAULT '{}',
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "class_marks_pkey" PRIMARY KEY ("mark_id")
);

-- CreateTable
CREATE TABLE "in_kind_deliveries" (
    "delivery_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "flow_id" UUID NOT NULL,
    "fund_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "asset_id" UUID NOT NULL,
    "quantity" DECIMAL(38,18) NOT NULL,
    "value" DECIMAL(38,4) NOT NULL,
    "ledger_tx_id" UUID NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "in_kind_deliveries_pkey" PRIMARY KEY ("delivery_id")
);

-- CreateTable
CREATE TABLE "beneficial_owners" (
    "record_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "investor_id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "effective_from" DATE NOT NULL,
    "source" TEXT NOT NULL,
    "set_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "beneficial_owners_pkey" PRIMARY KEY ("record_id")
);

-- CreateTable
CREATE TABLE "certain_inflows" (
    "inflow_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "as_of" DATE NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "source" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "certain_inflows_pkey" PRIMARY KEY ("inflow_id")
);

-- CreateTable
CREATE TABLE "repurchase_offers" (
    "offer_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "notice_on" DATE NOT NULL,
    "deadline" DATE NOT NULL,
    "pricing_date" DATE NOT NULL,
    "share" DECIMAL(38,18) NOT NULL,
    "notice" TEXT NOT NULL,
    "opened_by" TEXT NOT NULL,
    "event_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "repurchase_offers_pkey" PRIMARY KEY ("offer_id")
);

-- CreateTable
CREATE TABLE "authority_notices" (
    "notice_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "dealing_day_id" UUID NOT NULL,
    "flow_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "notified_at" TIMESTAMPTZ(6),
    "event_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "authority_notices_pkey" PRIMARY KEY ("notice_id")
);

-- CreateTable
CREATE TABLE "index_values" (
    "value_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "series" TEXT NOT NULL,
    "as_of" DATE NOT NULL,
    "value" DECIMAL(38,18) NOT NULL,
    "source" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "index_values_pkey" PRIMARY KEY ("value_id")
);

-- CreateTable
CREATE TABLE "roll_forwards" (
    "rule_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "asset_id" UUID NOT NULL,
    "fund_id" UUID NOT NULL,
    "series" TEXT,
    "beta" DECIMAL(38,18),
    "after_days" INTEGER,
    "effective_from" DATE NOT NULL,
    "set_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "roll_forwards_pkey" PRIMARY KEY ("rule_id")
);

-- CreateTable
CREATE TABLE "asset_payments" (
    "payment_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "asset_id" UUID NOT NULL,
    "fund_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "paid_on" DATE NOT NULL,
    "source" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "asset_payments_pkey" PRIMARY KEY ("payment_id")
);

-- CreateTable
CREATE TABLE "holdings" (
    "investor_id" UUID NOT NULL,
    "share_class_id" UUID NOT NULL,
    "units" DECIMAL(38,18) NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "holdings_pkey" PRIMARY KEY ("share_class_id","investor_id")
);

-- CreateTable
CREATE TABLE "cash_balances" (
    "balance_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "account" TEXT NOT NULL,
    "investor_id" UUID,
    "currency" CHAR(3) NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "cash_balances_pkey" PRIMARY KEY ("balance_id")
);

-- CreateTable
CREATE TABLE "statements" (
    "statement_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "dealing_day_id" UUID NOT NULL,
    "investor_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "supersedes" UUID,
    "strike_id" UUID NOT NULL,
    "opening_strike_id" UUID,
    "body" JSONB NOT NULL,
    "hash" CHAR(64) NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "statements_pkey" PRIMARY KEY ("statement_id")
);

-- CreateTable
CREATE TABLE "import_batches" (
    "import_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "file_sha256" CHAR(64) NOT NULL,
    "rows_sha256" CHAR(64) NOT NULL,
    "rows" INTEGER NOT NULL,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "refused" INTEGER NOT NULL DEFAULT 0,
    "unmatched" INTEGER NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL DEFAULT 'imported',
    "imported_by" TEXT NOT NULL,
    "undone_at" TIMESTAMPTZ(6),
    "undone_by" TEXT,
    "undo_reason" TEXT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "import_batches_pkey" PRIMARY KEY ("import_id")
);

-- CreateTable
CREATE TABLE "import_rows" (
    "import_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "line" INTEGER NOT NULL,
    "fund_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "code" TEXT,
    "reason" TEXT,
    "reference" TEXT,
    "identity" CHAR(64),
    "matched_by" TEXT,
    "flow_id" UUID,
    "ledger_tx_id" UUID,
    "said" JSONB NOT NULL DEFAULT '{}',
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "import_rows_pkey" PRIMARY KEY ("import_id","position")
);

-- CreateTable
CREATE TABLE "bank_accounts" (
    "account_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "investor_id" UUID,
    "account" TEXT NOT NULL,
    "bic" TEXT,
    "holder" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'proposed',
    "proposed_by" TEXT NOT NULL,
    "decided_by" TEXT,
    "decided_at" TIMESTAMPTZ(6),
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bank_accounts_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "payment_files" (
    "payment_file_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "dealing_date" DATE NOT NULL,
    "execution_date" DATE NOT NULL,
    "account_id" UUID NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "message_id" TEXT NOT NULL,
    "transactions" INTEGER NOT NULL,
    "control_sum" DECIMAL(38,4) NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'exported',
    "exported_by" TEXT NOT NULL,
    "withdrawn_at" TIMESTAMPTZ(6),
    "withdrawn_by" TEXT,
    "reason" TEXT,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payment_files_pkey" PRIMARY KEY ("payment_file_id")
);

-- CreateTable
CREATE TABLE "payment_lines" (
    "payment_file_id" UUID NOT NULL,
    "flow_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "end_to_end" TEXT NOT NULL,
    "amount" DECIMAL(38,4) NOT NULL,
    "purpose" TEXT NOT NULL DEFAULT 'redemption',
    "live" BOOLEAN NOT NULL DEFAULT true,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payment_lines_pkey" PRIMARY KEY ("payment_file_id","flow_id")
);

-- CreateIndex
CREATE INDEX "dealing_policies_fund_id_idx" ON "dealing_policies"("fund_id");

-- CreateIndex
CREATE INDEX "dealing_policies_tx_idx" ON "dealing_policies"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "dealing_policies_share_class_id_version_key" ON "dealing_policies"("share_class_id", "version");

-- CreateIndex
CREATE INDEX "lmt_policies_tx_idx" ON "lmt_policies"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "lmt_policies_fund_id_version_key" ON "lmt_policies"("fund_id", "version");

-- CreateIndex
CREATE INDEX "lmt_activations_fund_id_idx" ON "lmt_activations"("fund_id");

-- CreateIndex
CREATE UNIQUE INDEX "lmt_activations_proposal_id_key" ON "lmt_activations"("proposal_id");

-- CreateIndex
CREATE INDEX "dealing_days_share_class_id_idx" ON "dealing_days"("share_class_id");

-- CreateIndex
CREATE INDEX "dealing_days_policy_id_idx" ON "dealing_days"("policy_id");

-- CreateIndex
CREATE INDEX "dealing_days_lmt_policy_id_idx" ON "dealing_days"("lmt_policy_id");

-- CreateIndex
CREATE INDEX "dealing_days_strike_id_idx" ON "dealing_days"("strike_id");

-- CreateIndex
CREATE UNIQUE INDEX "dealing_days_fund_id_share_class_id_dealing_date_key" ON "dealing_days"("fund_id", "share_class_id", "dealing_date");

-- CreateIndex
CREATE INDEX "order_transitions_flow_id_idx" ON "order_transitions"("flow_id");

-- CreateIndex
CREATE INDEX "order_transitions_event_id_idx" ON "order_transitions"("event_id");

-- CreateIndex
CREATE INDEX "order_leaves_flow_id_idx" ON "order_leaves"("flow_id");

-- CreateIndex
CREATE UNIQUE INDEX "order_leaves_dealing_day_id_flow_id_key" ON "order_leaves"("dealing_day_id", "flow_id");

-- CreateIndex
CREATE INDEX "nav_strikes_proposal_id_idx" ON "nav_strikes"("proposal_id");

-- CreateIndex
CREATE INDEX "nav_strikes_supersedes_idx" ON "nav_strikes"("supersedes");

-- CreateIndex
CREATE INDEX "nav_strikes_tx_idx" ON "nav_strikes"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "nav_strikes_fund_id_nav_date_version_key" ON "nav_strikes"("fund_id", "nav_date", "version");

-- CreateIndex
CREATE INDEX "nav_inputs_strike_id_idx" ON "nav_inputs"("strike_id");

-- CreateIndex
CREATE INDEX "nav_inputs_asset_id_idx" ON "nav_inputs"("asset_id");

-- CreateIndex
CREATE INDEX "nav_inputs_tx_idx" ON "nav_inputs"("tx");

-- CreateIndex
CREATE INDEX "class_navs_share_class_id_idx" ON "class_navs"("share_class_id");

-- CreateIndex
CREATE INDEX "class_navs_tx_idx" ON "class_navs"("tx");

-- CreateIndex
CREATE INDEX "series_navs_share_class_id_idx" ON "series_navs"("share_class_id");

-- CreateIndex
CREATE INDEX "allocations_flow_id_idx" ON "allocations"("flow_id");

-- CreateIndex
CREATE INDEX "allocations_investor_id_idx" ON "allocations"("investor_id");

-- CreateIndex
CREATE INDEX "allocations_child_flow_id_idx" ON "allocations"("child_flow_id");

-- CreateIndex
CREATE UNIQUE INDEX "allocations_dealing_day_id_flow_id_key" ON "allocations"("dealing_day_id", "flow_id");

-- CreateIndex
CREATE INDEX "restatements_fund_id_idx" ON "restatements"("fund_id");

-- CreateIndex
CREATE INDEX "restatements_dealing_day_id_idx" ON "restatements"("dealing_day_id");

-- CreateIndex
CREATE INDEX "restatements_share_class_id_idx" ON "restatements"("share_class_id");

-- CreateIndex
CREATE UNIQUE INDEX "restatements_strike_id_dealing_day_id_key" ON "restatements"("strike_id", "dealing_day_id");

-- CreateIndex
CREATE INDEX "compensations_flow_id_idx" ON "compensations"("flow_id");

-- CreateIndex
CREATE INDEX "compensations_investor_id_idx" ON "compensations"("investor_id");

-- CreateIndex
CREATE UNIQUE INDEX "compensations_restatement_id_flow_id_key" ON "compensations"("restatement_id", "flow_id");

-- CreateIndex
CREATE UNIQUE INDEX "ledger_transactions_reverses_key" ON "ledger_transactions"("reverses");

-- CreateIndex
CREATE INDEX "ledger_transactions_fund_id_posted_at_idx" ON "ledger_transactions"("fund_id", "posted_at");

-- CreateIndex
CREATE INDEX "ledger_transactions_dealing_day_id_idx" ON "ledger_transactions"("dealing_day_id");

-- CreateIndex
CREATE INDEX "ledger_transactions_event_id_idx" ON "ledger_transactions"("event_id");

-- CreateIndex
CREATE INDEX "unit_ledger_ledger_tx_id_idx" ON "unit_ledger"("ledger_tx_id");

-- CreateIndex
CREATE INDEX "unit_ledger_share_class_id_investor_id_idx" ON "unit_ledger"("share_class_id", "investor_id");

-- CreateIndex
CREATE INDEX "unit_ledger_investor_id_idx" ON "unit_ledger"("investor_id");

-- CreateIndex
CREATE INDEX "unit_ledger_lot_id_idx" ON "unit_ledger"("lot_id");

-- CreateIndex
CREATE INDEX "unit_ledger_flow_id_idx" ON "unit_ledger"("flow_id");

-- CreateIndex
CREATE INDEX "cash_movements_ledger_tx_id_idx" ON "cash_movements"("ledger_tx_id");

-- CreateIndex
CREATE INDEX "cash_movements_fund_id_account_idx" ON "cash_movements"("fund_id", "account");

-- CreateIndex
CREATE INDEX "cash_movements_investor_id_idx" ON "cash_movements"("investor_id");

-- CreateIndex
CREATE INDEX "cash_movements_flow_id_idx" ON "cash_movements"("flow_id");

-- CreateIndex
CREATE INDEX "cash_movements_currency_idx" ON "cash_movements"("currency");

-- CreateIndex
CREATE INDEX "lots_share_class_id_investor_id_idx" ON "lots"("share_class_id", "investor_id");

-- CreateIndex
CREATE INDEX "lots_investor_id_idx" ON "lots"("investor_id");

-- CreateIndex
CREATE INDEX "lots_flow_id_idx" ON "lots"("flow_id");

-- CreateIndex
CREATE UNIQUE INDEX "class_marks_replaces_key" ON "class_marks"("replaces");

-- CreateIndex
CREATE INDEX "class_marks_share_class_id_as_of_idx" ON "class_marks"("share_class_id", "as_of");

-- CreateIndex
CREATE INDEX "class_marks_strike_id_idx" ON "class_marks"("strike_id");

-- CreateIndex
CREATE INDEX "class_marks_ledger_tx_id_idx" ON "class_marks"("ledger_tx_id");

-- CreateIndex
CREATE INDEX "in_kind_deliveries_fund_id_idx" ON "in_kind_deliveries"("fund_id");

-- CreateIndex
CREATE INDEX "in_kind_deliveries_investor_id_idx" ON "in_kind_deliveries"("investor_id");

-- CreateIndex
CREATE INDEX "in_kind_deliveries_asset_id_idx" ON "in_kind_deliveries"("asset_id");

-- CreateIndex
CREATE INDEX "in_kind_deliveries_ledger_tx_id_idx" ON "in_kind_deliveries"("ledger_tx_id");

-- CreateIndex
CREATE UNIQUE INDEX "in_kind_deliveries_flow_id_asset_id_key" ON "in_kind_deliveries"("flow_id", "asset_id");

-- CreateIndex
CREATE INDEX "beneficial_owners_investor_id_effective_from_idx" ON "beneficial_owners"("investor_id", "effective_from");

-- CreateIndex
CREATE INDEX "beneficial_owners_owner_id_idx" ON "beneficial_owners"("owner_id");

-- CreateIndex
CREATE INDEX "certain_inflows_fund_id_as_of_idx" ON "certain_inflows"("fund_id", "as_of");

-- CreateIndex
CREATE UNIQUE INDEX "repurchase_offers_fund_id_pricing_date_key" ON "repurchase_offers"("fund_id", "pricing_date");

-- CreateIndex
CREATE INDEX "authority_notices_fund_id_idx" ON "authority_notices"("fund_id");

-- CreateIndex
CREATE INDEX "authority_notices_flow_id_idx" ON "authority_notices"("flow_id");

-- CreateIndex
CREATE UNIQUE INDEX "authority_notices_dealing_day_id_flow_id_key" ON "authority_notices"("dealing_day_id", "flow_id");

-- CreateIndex
CREATE INDEX "index_values_series_as_of_idx" ON "index_values"("series", "as_of");

-- CreateIndex
CREATE INDEX "index_values_tx_idx" ON "index_values"("tx");

-- CreateIndex
CREATE INDEX "roll_forwards_asset_id_effective_from_idx" ON "roll_forwards"("asset_id", "effective_from");

-- CreateIndex
CREATE INDEX "roll_forwards_fund_id_idx" ON "roll_forwards"("fund_id");

-- CreateIndex
CREATE INDEX "asset_payments_asset_id_paid_on_idx" ON "asset_payments"("asset_id", "paid_on");

-- CreateIndex
CREATE INDEX "asset_payments_fund_id_idx" ON "asset_payments"("fund_id");

-- CreateIndex
CREATE INDEX "holdings_investor_id_idx" ON "holdings"("investor_id");

-- CreateIndex
CREATE INDEX "holdings_tx_idx" ON "holdings"("tx");

-- CreateIndex
CREATE INDEX "cash_balances_investor_id_idx" ON "cash_balances"("investor_id");

-- CreateIndex
CREATE INDEX "cash_balances_currency_idx" ON "cash_balances"("currency");

-- CreateIndex
CREATE UNIQUE INDEX "statements_supersedes_key" ON "statements"("supersedes");

-- CreateIndex
CREATE INDEX "statements_investor_id_idx" ON "statements"("investor_id");

-- CreateIndex
CREATE INDEX "statements_strike_id_idx" ON "statements"("strike_id");

-- CreateIndex
CREATE INDEX "statements_opening_strike_id_idx" ON "statements"("opening_strike_id");

-- CreateIndex
CREATE UNIQUE INDEX "statements_dealing_day_id_investor_id_version_key" ON "statements"("dealing_day_id", "investor_id", "version");

-- CreateIndex
CREATE INDEX "import_batches_fund_id_created_at_idx" ON "import_batches"("fund_id", "created_at");

-- CreateIndex
CREATE INDEX "import_rows_flow_id_idx" ON "import_rows"("flow_id");

-- CreateIndex
CREATE INDEX "import_rows_ledger_tx_id_idx" ON "import_rows"("ledger_tx_id");

-- CreateIndex
CREATE INDEX "bank_accounts_fund_id_idx" ON "bank_accounts"("fund_id");

-- CreateIndex
CREATE INDEX "bank_accounts_investor_id_idx" ON "bank_accounts"("investor_id");

-- CreateIndex
CREATE INDEX "bank_accounts_currency_idx" ON "bank_accounts"("currency");

-- CreateIndex
CREATE UNIQUE INDEX "payment_files_message_id_key" ON "payment_files"("message_id");

-- CreateIndex
CREATE INDEX "payment_files_fund_id_dealing_date_idx" ON "payment_files"("fund_id", "dealing_date");

-- CreateIndex
CREATE INDEX "payment_files_account_id_idx" ON "payment_files"("account_id");

-- CreateIndex
CREATE INDEX "payment_files_currency_idx" ON "payment_files"("currency");

-- CreateIndex
CREATE INDEX "payment_lines_flow_id_idx" ON "payment_lines"("flow_id");

-- CreateIndex
CREATE INDEX "payment_lines_account_id_idx" ON "payment_lines"("account_id");

-- CreateIndex
CREATE INDEX "currencies_tx_idx" ON "currencies"("tx");

-- CreateIndex
CREATE INDEX "funds_tx_idx" ON "funds"("tx");

-- CreateIndex
CREATE INDEX "share_classes_pocket_of_idx" ON "share_classes"("pocket_of");

-- CreateIndex
CREATE INDEX "share_classes_tx_idx" ON "share_classes"("tx");

-- CreateIndex
CREATE INDEX "assets_tx_idx" ON "assets"("tx");

-- CreateIndex
CREATE INDEX "asset_snapshots_tx_idx" ON "asset_snapshots"("tx");

-- CreateIndex
CREATE INDEX "portfolio_allocations_tx_idx" ON "portfolio_allocations"("tx");

-- CreateIndex
CREATE INDEX "mandates_tx_idx" ON "mandates"("tx");

-- CreateIndex
CREATE INDEX "liquidity_ladder_tx_idx" ON "liquidity_ladder"("tx");

-- CreateIndex
CREATE INDEX "reported_flows_tx_idx" ON "reported_flows"("tx");

-- CreateIndex
CREATE INDEX "fund_sensitivities_tx_idx" ON "fund_sensitivities"("tx");

-- CreateIndex
CREATE INDEX "fund_flows_share_class_id_status_idx" ON "fund_flows"("share_class_id", "status");

-- CreateIndex
CREATE INDEX "fund_flows_policy_id_idx" ON "fund_flows"("policy_id");

-- CreateIndex
CREATE INDEX "fund_flows_dealing_day_id_idx" ON "fund_flows"("dealing_day_id");

-- CreateIndex
CREATE INDEX "fund_flows_linked_flow_id_idx" ON "fund_flows"("linked_flow_id");

-- CreateIndex
CREATE INDEX "fund_flows_parent_flow_id_idx" ON "fund_flows"("parent_flow_id");

-- CreateIndex
CREATE INDEX "fund_flows_offer_id_idx" ON "fund_flows"("offer_id");

-- CreateIndex
CREATE INDEX "fund_flows_tx_idx" ON "fund_flows"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "approvals_proposal_id_decided_by_key" ON "approvals"("proposal_id", "decided_by");

-- AddForeignKey
ALTER TABLE "share_classes" ADD CONSTRAINT "share_classes_pocket_of_fkey" FOREIGN KEY ("pocket_of") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "dealing_policies"("policy_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_offer_id_fkey" FOREIGN KEY ("offer_id") REFERENCES "repurchase_offers"("offer_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_linked_flow_id_fkey" FOREIGN KEY ("linked_flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fund_flows" ADD CONSTRAINT "fund_flows_parent_flow_id_fkey" FOREIGN KEY ("parent_flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dealing_policies" ADD CONSTRAINT "dealing_policies_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dealing_policies" ADD CONSTRAINT "dealing_policies_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "lmt_policies" ADD CONSTRAINT "lmt_policies_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "lmt_activations" ADD CONSTRAINT "lmt_activations_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "lmt_activations" ADD CONSTRAINT "lmt_activations_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dealing_days" ADD CONSTRAINT "dealing_days_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dealing_days" ADD CONSTRAINT "dealing_days_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dealing_days" ADD CONSTRAINT "dealing_days_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "dealing_policies"("policy_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dealing_days" ADD CONSTRAINT "dealing_days_lmt_policy_id_fkey" FOREIGN KEY ("lmt_policy_id") REFERENCES "lmt_policies"("policy_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dealing_days" ADD CONSTRAINT "dealing_days_strike_id_fkey" FOREIGN KEY ("strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "order_transitions" ADD CONSTRAINT "order_transitions_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "order_transitions" ADD CONSTRAINT "order_transitions_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "order_leaves" ADD CONSTRAINT "order_leaves_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "order_leaves" ADD CONSTRAINT "order_leaves_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "nav_strikes" ADD CONSTRAINT "nav_strikes_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "nav_strikes" ADD CONSTRAINT "nav_strikes_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "nav_strikes" ADD CONSTRAINT "nav_strikes_supersedes_fkey" FOREIGN KEY ("supersedes") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "nav_inputs" ADD CONSTRAINT "nav_inputs_strike_id_fkey" FOREIGN KEY ("strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "nav_inputs" ADD CONSTRAINT "nav_inputs_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "class_navs" ADD CONSTRAINT "class_navs_strike_id_fkey" FOREIGN KEY ("strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "class_navs" ADD CONSTRAINT "class_navs_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "series_navs" ADD CONSTRAINT "series_navs_strike_id_fkey" FOREIGN KEY ("strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "series_navs" ADD CONSTRAINT "series_navs_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "allocations" ADD CONSTRAINT "allocations_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "allocations" ADD CONSTRAINT "allocations_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "allocations" ADD CONSTRAINT "allocations_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "allocations" ADD CONSTRAINT "allocations_child_flow_id_fkey" FOREIGN KEY ("child_flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "restatements" ADD CONSTRAINT "restatements_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "restatements" ADD CONSTRAINT "restatements_strike_id_fkey" FOREIGN KEY ("strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "restatements" ADD CONSTRAINT "restatements_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "restatements" ADD CONSTRAINT "restatements_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "compensations" ADD CONSTRAINT "compensations_restatement_id_fkey" FOREIGN KEY ("restatement_id") REFERENCES "restatements"("restatement_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "compensations" ADD CONSTRAINT "compensations_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "compensations" ADD CONSTRAINT "compensations_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "ledger_transactions" ADD CONSTRAINT "ledger_transactions_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "ledger_transactions" ADD CONSTRAINT "ledger_transactions_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "ledger_transactions" ADD CONSTRAINT "ledger_transactions_reverses_fkey" FOREIGN KEY ("reverses") REFERENCES "ledger_transactions"("ledger_tx_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "ledger_transactions" ADD CONSTRAINT "ledger_transactions_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "fund_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "unit_ledger" ADD CONSTRAINT "unit_ledger_ledger_tx_id_fkey" FOREIGN KEY ("ledger_tx_id") REFERENCES "ledger_transactions"("ledger_tx_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "unit_ledger" ADD CONSTRAINT "unit_ledger_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "unit_ledger" ADD CONSTRAINT "unit_ledger_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "unit_ledger" ADD CONSTRAINT "unit_ledger_lot_id_fkey" FOREIGN KEY ("lot_id") REFERENCES "lots"("lot_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "unit_ledger" ADD CONSTRAINT "unit_ledger_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_movements" ADD CONSTRAINT "cash_movements_ledger_tx_id_fkey" FOREIGN KEY ("ledger_tx_id") REFERENCES "ledger_transactions"("ledger_tx_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_movements" ADD CONSTRAINT "cash_movements_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_movements" ADD CONSTRAINT "cash_movements_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_movements" ADD CONSTRAINT "cash_movements_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_movements" ADD CONSTRAINT "cash_movements_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "lots" ADD CONSTRAINT "lots_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "lots" ADD CONSTRAINT "lots_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "lots" ADD CONSTRAINT "lots_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "class_marks" ADD CONSTRAINT "class_marks_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "class_marks" ADD CONSTRAINT "class_marks_strike_id_fkey" FOREIGN KEY ("strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "class_marks" ADD CONSTRAINT "class_marks_ledger_tx_id_fkey" FOREIGN KEY ("ledger_tx_id") REFERENCES "ledger_transactions"("ledger_tx_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "class_marks" ADD CONSTRAINT "class_marks_replaces_fkey" FOREIGN KEY ("replaces") REFERENCES "class_marks"("mark_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "in_kind_deliveries" ADD CONSTRAINT "in_kind_deliveries_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "in_kind_deliveries" ADD CONSTRAINT "in_kind_deliveries_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "in_kind_deliveries" ADD CONSTRAINT "in_kind_deliveries_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "in_kind_deliveries" ADD CONSTRAINT "in_kind_deliveries_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "in_kind_deliveries" ADD CONSTRAINT "in_kind_deliveries_ledger_tx_id_fkey" FOREIGN KEY ("ledger_tx_id") REFERENCES "ledger_transactions"("ledger_tx_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "beneficial_owners" ADD CONSTRAINT "beneficial_owners_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "beneficial_owners" ADD CONSTRAINT "beneficial_owners_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "certain_inflows" ADD CONSTRAINT "certain_inflows_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "repurchase_offers" ADD CONSTRAINT "repurchase_offers_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "authority_notices" ADD CONSTRAINT "authority_notices_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "authority_notices" ADD CONSTRAINT "authority_notices_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "authority_notices" ADD CONSTRAINT "authority_notices_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "roll_forwards" ADD CONSTRAINT "roll_forwards_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "roll_forwards" ADD CONSTRAINT "roll_forwards_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "asset_payments" ADD CONSTRAINT "asset_payments_asset_id_fkey" FOREIGN KEY ("asset_id") REFERENCES "assets"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "asset_payments" ADD CONSTRAINT "asset_payments_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "holdings" ADD CONSTRAINT "holdings_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "holdings" ADD CONSTRAINT "holdings_share_class_id_fkey" FOREIGN KEY ("share_class_id") REFERENCES "share_classes"("share_class_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_balances" ADD CONSTRAINT "cash_balances_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_balances" ADD CONSTRAINT "cash_balances_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cash_balances" ADD CONSTRAINT "cash_balances_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "statements" ADD CONSTRAINT "statements_dealing_day_id_fkey" FOREIGN KEY ("dealing_day_id") REFERENCES "dealing_days"("dealing_day_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "statements" ADD CONSTRAINT "statements_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "statements" ADD CONSTRAINT "statements_strike_id_fkey" FOREIGN KEY ("strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "statements" ADD CONSTRAINT "statements_opening_strike_id_fkey" FOREIGN KEY ("opening_strike_id") REFERENCES "nav_strikes"("strike_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "statements" ADD CONSTRAINT "statements_supersedes_fkey" FOREIGN KEY ("supersedes") REFERENCES "statements"("statement_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "import_batches" ADD CONSTRAINT "import_batches_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "import_rows" ADD CONSTRAINT "import_rows_import_id_fkey" FOREIGN KEY ("import_id") REFERENCES "import_batches"("import_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "import_rows" ADD CONSTRAINT "import_rows_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "import_rows" ADD CONSTRAINT "import_rows_ledger_tx_id_fkey" FOREIGN KEY ("ledger_tx_id") REFERENCES "ledger_transactions"("ledger_tx_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "bank_accounts" ADD CONSTRAINT "bank_accounts_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "bank_accounts" ADD CONSTRAINT "bank_accounts_investor_id_fkey" FOREIGN KEY ("investor_id") REFERENCES "investors"("investor_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "bank_accounts" ADD CONSTRAINT "bank_accounts_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payment_files" ADD CONSTRAINT "payment_files_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payment_files" ADD CONSTRAINT "payment_files_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "bank_accounts"("account_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payment_files" ADD CONSTRAINT "payment_files_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payment_lines" ADD CONSTRAINT "payment_lines_payment_file_id_fkey" FOREIGN KEY ("payment_file_id") REFERENCES "payment_files"("payment_file_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payment_lines" ADD CONSTRAINT "payment_lines_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "fund_flows"("flow_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payment_lines" ADD CONSTRAINT "payment_lines_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "bank_accounts"("account_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

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
      or (evergreen.actor() like 'agent:%' and request_id ~ '^(event|deal|restate)/')),
    'EG409', 'This request id was used before with other input.');
  return earlier.result;
end $$;
comment on function evergreen.earlier_answer(text, text, jsonb) is 'The answer given to this request id before, or null; the same id with other input is refused, save for a step of a run (event/…, deal/…, restate/…), whose first answer stands.';

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
    not handling.required_keys && array['flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'inflow_id', 'offer_id', 'notice_id']
    or not exists (select from unnest(handling.required_keys) k
      where k in ('flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id')
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
  perform evergreen.add_check('index_values', 'index_values_value', $c$value > 0 and series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$'$c$);
  perform evergreen.add_check('roll_forwards', 'roll_forwards_whole', 'num_nonnulls(series, beta, after_days) in (0, 3) and after_days between 0 and 3650 and beta between -10 and 10');
  perform evergreen.add_check('nav_inputs', 'nav_inputs_rolled', 'num_nonnulls(mark, beta, index_series, index_at_mark, index_now) in (0, 5) and index_at_mark > 0 and index_now > 0 and (payments is null or mark is not null)');
  perform evergreen.add_check('asset_payments', 'asset_payments_kind', $c$kind in ('call', 'distribution') and amount > 0$c$);
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
create unique index if not exists payment_lines_live on public.payment_lines (flow_id, purpose) where live;
create index if not exists assets_lp_visible on public.assets (id) where lp_visible;

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
  ('DATA_DRIFT', 'run', 'warn-of-risk', '{asset_id,deviation_bps,threshold_bps}', '{agent_simulation,service_role}'),
  ('RISK_ALERT_RAISED', 'note', null, '{alert_id,severity}', '{}'),
  ('STRESS_REQUESTED', 'run', 'stress-fund', '{scenario_id,shift_bps}', '{pm_role,service_role,agent_risk_guardian}'),
  ('STRESS_COMPLETED', 'note', null, '{scenario_id,loss,method}', '{agent_simulation}'),
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
  ('ROLL_FORWARD_SET', 'note', null, '{asset_id}', '{}')
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
  ('nav_max_age_days', '{"default": 100, "cash": 5, "debt": 35, "equity": 5, "private_equity": 190, "private_credit": 100, "infrastructure": 190, "real_estate": 190}'),
  ('approval_timeout_hours', '72'),
  ('price_breaker_window_days', '30'),
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
  for t in select unnest(array['fund_events', 'event_investors', 'audit_trail', 'audit_blocks', 'approvals', 'commands',
    'dealing_policies', 'lmt_policies', 'order_transitions', 'order_leaves', 'nav_inputs', 'ledger_transactions', 'unit_ledger', 'cash_movements', 'class_marks', 'in_kind_deliveries', 'statements', 'restatements', 'compensations',
    'beneficial_owners', 'certain_inflows', 'repurchase_offers', 'index_values', 'roll_forwards', 'asset_payments']) as table_name loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', t.table_name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', t.table_name);
  end loop;
end $$;
create or replace trigger stamp before insert or update on public.audit_cursor for each row execute function evergreen.touch_cursor();
-- once per statement: an import of 200,000 marks looks at the trades once
create or replace trigger watch_drift after insert on public.asset_snapshots referencing new table as marks for each statement execute function evergreen.watch_drift();

-- from sql/45-triggers-dealing.sql
-- What the tables of dealing and of the ledger enforce by themselves, whichever function writes: states of orders, balanced entries, balances.

create or replace function evergreen.legal_transition(from_status text, to_status text) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- R1: draft → submitted → {kyc_hold} → accepted → locked → priced → allocated → claimable → settled, with its side exits
  select case from_status
    when 'draft' then to_status in ('submitted', 'cancelled')
    when 'submitted' then to_status in ('accepted', 'kyc_hold', 'rejected', 'cancelled')
    when 'kyc_hold' then to_status in ('accepted', 'rejected', 'cancelled', 'lapsed')
    when 'accepted' then to_status in ('locked', 'kyc_hold', 'rejected', 'cancelled', 'lapsed')
    when 'locked' then to_status in ('priced', 'accepted', 'kyc_hold', 'cancelled')
    when 'priced' then to_status in ('allocated', 'accepted', 'carried', 'lapsed', 'kyc_hold')
    when 'allocated' then to_status = 'claimable'
    when 'claimable' then to_status = 'settled'
    else false end
$$;
comment on function evergreen.legal_transition(text, text) is 'Whether an order may go from one state to the other (R1).';

create or replace function evergreen.watch_transitions() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  illegal int;
  unrecorded int;
begin
  -- grouped and not joined: what is known of a transition table when the plan is made is how many rows an earlier statement had
  select count(*) filter (where not evergreen.legal_transition(c.was, c.became)),
         count(*) filter (where (select count(*) from public.order_transitions t where t.flow_id = c.flow_id and t.from_status = c.was and t.to_status = c.became
           and t.tx = pg_current_xact_id()) = 0)
    into illegal, unrecorded
    from (select x.flow_id, max(x.was) as was, max(x.became) as became from (
            select w.flow_id, w.status as was, null as became from was w union all select b.flow_id, null, b.status from became b) x group by x.flow_id) c
   where c.was <> c.became;
  perform evergreen.refuse_unless(illegal = 0, 'EG428', 'An order cannot go from its state to that one.');
  perform evergreen.refuse_unless(unrecorded = 0, 'EG428', 'The state of an order cannot change without a record of it.');
  return null;
end $$;
comment on function evergreen.watch_transitions() is 'Refuses a change of an order''s state that R1 does not know or that leaves no row in order_transitions in the same transaction.';

create or replace function evergreen.keep_unit_balances() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- entries are added only by the transaction that makes their head, and every statement balances by itself
  perform evergreen.refuse_unless(not exists (
    select from (select distinct a.ledger_tx_id from added a) x join public.ledger_transactions t using (ledger_tx_id) where t.tx <> pg_current_xact_id()),
    'EG431', 'Entries cannot be added to a ledger transaction that was posted before.');
  perform evergreen.refuse_unless(not exists (select from added a group by a.ledger_tx_id, a.share_class_id having sum(a.units) <> 0),
    'EG431', 'The units of a ledger transaction do not sum to zero.');
  -- (not by "on conflict": the check that nobody falls below zero would look at the change and not at what it makes)
  update public.holdings h set units = h.units + d.units
    from (select a.investor_id, a.share_class_id, sum(a.units) as units from added a where a.account = 'holder' group by 1, 2) d
   where h.investor_id = d.investor_id and h.share_class_id = d.share_class_id and d.units <> 0;
  insert into public.holdings (investor_id, share_class_id, units)
  select a.investor_id, a.share_class_id, sum(a.units) from added a
   where a.account = 'holder' and not exists (select from public.holdings h where h.investor_id = a.investor_id and h.share_class_id = a.share_class_id)
   group by 1, 2 order by 1, 2;
  update public.lots l set units_left = l.units_left + d.units
    from (select a.lot_id, sum(a.units) as units from added a where a.account = 'holder' group by 1) d where l.lot_id = d.lot_id and d.units <> 0;
  update public.share_classes c set units_outstanding = c.units_outstanding - d.units
    from (select a.share_class_id, sum(a.units) as units from added a where a.account = 'outstanding' group by 1) d
   where c.share_class_id = d.share_class_id and d.units <> 0;
  return null;
end $$;
comment on function evergreen.keep_unit_balances() is 'Keeps holdings, lots and units outstanding equal to the unit entries in the statement that adds them; EG431 when it does not balance.';

create or replace function evergreen.keep_cash_balances() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(not exists (
    select from (select distinct a.ledger_tx_id, a.fund_id from added a) x join public.ledger_transactions t using (ledger_tx_id)
     where t.tx <> pg_current_xact_id() or t.fund_id <> x.fund_id),
    'EG431', 'Entries cannot be added to a ledger transaction that was posted before, or of another fund.');
  perform evergreen.refuse_unless(not exists (select from added a group by a.ledger_tx_id, a.currency having sum(a.amount) <> 0),
    'EG431', 'The cash of a ledger transaction does not sum to zero.');
  insert into public.cash_balances (fund_id, account, currency, investor_id, amount)
  select a.fund_id, a.account, a.currency, a.investor_id, sum(a.amount) from added a group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (fund_id, account, currency, investor_id) do update set amount = cash_balances.amount + excluded.amount;
  return null;
end $$;
comment on function evergreen.keep_cash_balances() is 'Keeps cash balances equal to the cash entries in the statement that adds them; EG431 when it does not balance.';

create or replace function evergreen.check_balanced() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(not exists (
    select from public.unit_ledger u where u.ledger_tx_id = new.ledger_tx_id group by u.share_class_id having sum(u.units) <> 0)
    and not exists (select from public.cash_movements m where m.ledger_tx_id = new.ledger_tx_id group by m.currency having sum(m.amount) <> 0),
    'EG431', 'A ledger transaction does not balance.');
  perform evergreen.refuse_unless(exists (select from public.unit_ledger u where u.ledger_tx_id = new.ledger_tx_id)
    or exists (select from public.cash_movements m where m.ledger_tx_id = new.ledger_tx_id), 'EG431', 'A ledger transaction has no entries.');
  return null;
end $$;
comment on function evergreen.check_balanced() is 'At commit: units sum to zero per class and cash per currency within the ledger transaction, and there are entries (EG431).';

create or replace trigger watch_transitions after update on public.fund_flows
  referencing old table as was new table as became for each statement execute function evergreen.watch_transitions();
create or replace trigger keep_balances after insert on public.unit_ledger
  referencing new table as added for each statement execute function evergreen.keep_unit_balances();
create or replace trigger keep_balances after insert on public.cash_movements
  referencing new table as added for each statement execute function evergreen.keep_cash_balances();
do $$
begin
  if not exists (select from pg_catalog.pg_trigger t where t.tgname = 'balanced' and t.tgrelid = 'public.ledger_transactions'::regclass) then
    create constraint trigger balanced after insert on public.ledger_transactions deferrable initially deferred
      for each row execute function evergreen.check_balanced();
  end if;
end $$;

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
  outcome text;
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
  perform evergreen.refuse_unless(not exists (select from public.approvals a where a.proposal_id = p.proposal_id and a.decided_by = evergreen.user_id()),
    'EG422', 'You have decided already: another person must.');
  insert into public.approvals (proposal_id, proposal_hash, decision, decided_by, reason) values (p.proposal_id, p.hash, decision, evergreen.user_id(), reason);
  -- one refusal is enough; an approval may be one of several
  outcome := case when decision = 'approved' and not evergreen.has_approvals(p) then 'pending' else decision end;
  if outcome <> 'pending' then
    update public.proposals x set status = outcome, decided_at = now() where x.proposal_id = p.proposal_id;
    perform evergreen.emit('PROPOSAL_DECIDED', p.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'decision', outcome), evergreen.actor(),
      jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id), '{}', request_id);
  end if;
  perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal ' || decision || ' on hash ' || left(p.hash, 12), request_id);
  answer := jsonb_build_object('proposal_id', p.proposal_id, 'status', outcome, 'workflow_id', p.workflow_id);
  perform evergreen.keep_answer('fn_decide_proposal', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_proposal(uuid, text, text, text, text) is
  'A second person approves or rejects the hash of a pending proposal; where several must approve, it stays pending until the last. EG420 own proposal, EG421 stale hash, EG422 already decided, EG423 expired.';

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
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'fund imported');
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
-- Investors and the intake of their orders: submit, assign, take in. What an order may do is in 6a-fn-orders.sql.

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
    select f.flow_id, f.fund_id, f.direction, f.event_id, i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock()) as cleared,
           -- units are demand at the last price; a transfer takes nothing out of the fund
           case f.order_kind when 'transfer' then 0
             else coalesce(f.amount, round(f.requested_units * (select c.nav_per_unit from public.share_classes c where c.share_class_id = f.share_class_id), 2), 0) end as amount
      from named n
      join public.fund_flows f on f.flow_id = n.flow_id and f.fund_id = n.fund_id
      join public.investors i on i.investor_id = f.investor_id
     where f.status = 'submitted' order by f.flow_id for no key update of f
  ), moved as (
    -- 1 identity, 2 order state: only who is cleared today may be accepted (R54)
    update public.fund_flows f set status = case when o.cleared then 'accepted' else 'kyc_hold' end, accepted_at = case when o.cleared then now() end,
           -- as what the investor passed: what is decided later of the order can be read back to it
           eligibility_tag = case when o.cleared then evergreen.eligibility_of(f.investor_id) end
      from orders o where f.flow_id = o.flow_id
    returning f.flow_id
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select o.flow_id, 'submitted', case when o.cleared then 'accepted' else 'kyc_hold' end, o.event_id, evergreen.actor() from orders o
  ), demand as (
    -- 3 accepted redemptions are demand on the 30-day bucket of the liability ladder; a fund that planned for none owes it all the same
    insert into public.liquidity_ladder as l (fund_id, side, as_of, scenario_id, bucket, capacity, utilization)
    select f.fund_id, 'liability', coalesce(evergreen.ladder_date(f.fund_id, 'liability', 'base'), evergreen.ladder_date(f.fund_id, 'asset', 'base'), f.nav_as_of, current_date),
           'base', '30d', 0, d.amount
      from (select o.fund_id, sum(o.amount) as amount from orders o where o.cleared and o.direction = 'redemption' group by o.fund_id) d
      join public.funds f on f.fund_id = d.fund_id
       -- what was asked for in a demo's past is no demand on the ladder of today
     where evergreen.demo_clock() is null order by f.fund_id
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

-- from sql/6a-fn-order-facts.sql
-- What dealing looks up beside the orders: who stands behind an account, certain inflows of an ELTIF, repurchase offers, notices to the authority.

create or replace function evergreen.owner_of(of_investor uuid, on_day date) returns uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select b.owner_id from public.beneficial_owners b where b.investor_id = of_investor and b.effective_from <= on_day
    order by b.effective_from desc, b.created_at desc, b.record_id limit 1), of_investor)
$$;
comment on function evergreen.owner_of(uuid, date) is 'The beneficial owner behind an account on a day; without a record the investor itself.';

create or replace function evergreen.accounts_of(of_owner uuid, on_day date) returns uuid[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select array(select x.id from (select of_owner as id union select b.investor_id from public.beneficial_owners b where b.owner_id = of_owner) x
    where evergreen.owner_of(x.id, on_day) = of_owner order by 1)
$$;
comment on function evergreen.accounts_of(uuid, date) is 'Every account behind which an owner stands on a day, its own among them.';

create or replace function evergreen.eligibility_of(of_investor uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select left(concat_ws('+', i.classification, nullif(array_to_string(array(select t from unnest(i.eligibility_tags) t order by 1), '+'), '')), 200)
    from public.investors i where i.investor_id = of_investor
$$;
comment on function evergreen.eligibility_of(uuid) is 'As what an investor was found eligible: the classification, and the tags of the KYC record in order, joined by +.';

create or replace function public.fn_set_beneficial_owner(investor_id uuid, owner_id uuid, effective_from date, source text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('investor_id', investor_id, 'owner_id', owner_id, 'effective_from', effective_from, 'source', source);
  answer := evergreen.earlier_answer('fn_set_beneficial_owner', request_id, input);
  if answer is not null then
    return (answer ->> 'record_id')::uuid;
  end if;
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(length(source) between 1 and 200, 'EG400', 'source has 1 to 200 characters: the paper that says so.');
  -- both, in one order: two calls that would make a chain of owners wait for each other
  perform 1 from public.investors i where i.investor_id in (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id) order by i.investor_id for no key update;
  perform evergreen.refuse_unless((select count(*) from public.investors i where i.investor_id in (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id))
    = case when investor_id = owner_id then 1 else 2 end, 'EG404', 'No investor with that id.');
  perform evergreen.refuse_unless(investor_id = owner_id or evergreen.owner_of(owner_id, 'infinity') = owner_id, 'EG428', 'Behind the owner stands somebody else: name that one.');
  perform evergreen.refuse_unless(investor_id = owner_id or cardinality(array_remove(evergreen.accounts_of(fn_set_beneficial_owner.investor_id, 'infinity'), fn_set_beneficial_owner.investor_id)) = 0,
    'EG428', 'The investor is the owner of other accounts itself.');
  -- what was dealt stays explained by what was known
  perform evergreen.refuse_unless(not exists (select from public.allocations a join public.dealing_days d using (dealing_day_id)
    where a.investor_id in (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id) and d.dealing_date >= fn_set_beneficial_owner.effective_from
      and d.status in ('posted', 'claimable', 'settled', 'closed')), 'EG428', 'The investor has dealt on or after that date.');
  insert into public.beneficial_owners (investor_id, owner_id, effective_from, source, set_by)
  values (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id, fn_set_beneficial_owner.effective_from, fn_set_beneficial_owner.source, evergreen.actor()) returning record_id into id;
  perform evergreen.emit('BENEFICIAL_OWNER_SET', null, jsonb_build_object('investor_id', investor_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'beneficial_owners', id::text, 'beneficial owner set', request_id);
  perform evergreen.keep_answer('fn_set_beneficial_owner', request_id, input, jsonb_build_object('record_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_beneficial_owner(uuid, uuid, date, text, text) is
  'Says who stands behind an account of a nominee or feeder from a date on (R7: the gate per investor aggregates its accounts); the investor itself ends it. Returns record_id. EG400, EG404, EG428.';

create or replace function public.fn_record_certain_inflows(fund text, amount numeric, as_of date, source text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'amount', amount, 'as_of', as_of, 'source', source);
  answer := evergreen.earlier_answer('fn_record_certain_inflows', request_id, input);
  if answer is not null then
    return (answer ->> 'inflow_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(amount >= 0 and amount < 1e30 and evergreen.within_exponent(amount, of_fund.base_currency), 'EG400', 'amount is not negative and has no more decimals than the currency.');
  perform evergreen.refuse_unless(isfinite(as_of) and as_of <= evergreen.clock()::date, 'EG400', 'as_of is a date up to today.');
  perform evergreen.refuse_unless(length(source) between 1 and 200, 'EG400', 'source has 1 to 200 characters: what makes the inflows certain.');
  insert into public.certain_inflows (fund_id, as_of, amount, source, recorded_by) values (of_fund.fund_id, fn_record_certain_inflows.as_of, fn_record_certain_inflows.amount,
    fn_record_certain_inflows.source, evergreen.actor()) returning inflow_id into id;
  perform evergreen.emit('CERTAIN_INFLOWS_RECORDED', of_fund.fund_id, jsonb_build_object('inflow_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'certain_inflows', id::text, 'certain inflows recorded as of ' || as_of, request_id);
  perform evergreen.keep_answer('fn_record_certain_inflows', request_id, input, jsonb_build_object('inflow_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_certain_inflows(text, numeric, date, text, text) is
  'Records the prudent certain inflows of the next twelve months (fund currency, R9b) with their source; the NAV of a later date freezes the newest, not older than the age that its kind may have. Returns inflow_id. EG400, EG404.';

create or replace function evergreen.certain_inflows_of(of_fund uuid, on_day date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.amount from public.certain_inflows c cross join lateral (select coalesce((p.value ->> 'certain_inflows')::int, (p.value ->> 'default')::int, 100) as days
      from public.platform_settings p where p.key = 'nav_max_age_days') age
   where c.fund_id = of_fund and c.as_of <= on_day and c.as_of >= on_day - age.days order by c.as_of desc, c.created_at desc, c.inflow_id limit 1
$$;
comment on function evergreen.certain_inflows_of(uuid, date) is 'The certain inflows that count on a day: the newest that are not too old (nav_max_age_days); null when there are none.';

create or replace function public.fn_open_repurchase_offer(fund text, deadline date, pricing_date date, share numeric, notice text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  today date;
  told int;
  event uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'deadline', deadline, 'pricing_date', pricing_date, 'share', share, 'notice', notice);
  answer := evergreen.earlier_answer('fn_open_repurchase_offer', request_id, input);
  if answer is not null then
    return (answer ->> 'offer_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(isfinite(deadline) and isfinite(pricing_date), 'EG400', 'deadline and pricing_date are dates.');
  perform evergreen.refuse_unless(length(notice) between 20 and 8000, 'EG400', 'notice is the text that all holders get, 20 to 8,000 characters.');
  -- 17 CFR 270.23c-3: 5 to 25 % of what is outstanding, told 21 to 42 days before the deadline, priced at most 14 days after it
  perform evergreen.refuse_unless(share between 0.05 and 0.25, 'EG424', 'An offer is for 5 to 25 % of what is outstanding.');
  perform evergreen.refuse_unless(pricing_date - deadline between 0 and 14, 'EG424', 'Pricing is at most 14 days after the deadline, and not before it.');
  perform evergreen.require_dealing_date(of_fund.fund_id, p.body, fn_open_repurchase_offer.pricing_date) from public.share_classes c
    cross join lateral evergreen.dealing_policy(c.share_class_id, fn_open_repurchase_offer.pricing_date) p where c.fund_id = of_fund.fund_id and p.body ? 'offerNoticeDays';
  today := (evergreen.clock() at time zone of_fund.time_zone)::date;
  -- as long as the terms of any class that deals by offers promise
  select max((p.body ->> 'offerNoticeDays')::int) into told from public.share_classes c cross join lateral evergreen.dealing_policy(c.share_class_id, fn_open_repurchase_offer.pricing_date) p
   where c.fund_id = of_fund.fund_id;
  perform evergreen.refuse_unless(told is not null, 'EG428', 'No class of the fund deals by repurchase offers: its terms have no offerNoticeDays.');
  perform evergreen.refuse_unless(deadline - today between greatest(21, told) and 42, 'EG424', 'Holders are told ' || greatest(21, told) || ' to 42 days before the deadline.');
  perform evergreen.refuse_unless(not exists (select from public.share_classes c cross join lateral evergreen.dealing_policy(c.share_class_id, fn_open_repurchase_offer.pricing_date) p
     where c.fund_id = of_fund.fund_id and p.body ? 'offerNoticeDays' and (evergreen.notice_deadline(of_fund.fund_id, p.body, 'redemption', fn_open_repurchase_offer.pricing_date)
       at time zone coalesce(p.body ->> 'timeZone', of_fund.time_zone))::date < fn_open_repurchase_offer.deadline), 'EG424', 'The deadline is later than the notice of a class for that pricing date.');
  perform evergreen.refuse_unless(not exists (select from public.repurchase_offers o where o.fund_id = of_fund.fund_id and o.pricing_date = fn_open_repurchase_offer.pricing_date),
    'EG428', 'There is an offer of that pricing date.');
  event := evergreen.emit('REPURCHASE_OFFER_OPENED', of_fund.fund_id, jsonb_build_object('offer_id', id), evergreen.actor(), '{}',
    array(select distinct h.investor_id from public.holdings h join public.share_classes c using (share_class_id) where c.fund_id = of_fund.fund_id and h.units > 0), request_id);
  insert into public.repurchase_offers (offer_id, fund_id, notice_on, deadline, pricing_date, share, notice, opened_by, event_id)
  values (id, of_fund.fund_id, today, fn_open_repurchase_offer.deadline, fn_open_repurchase_offer.pricing_date, fn_open_repurchase_offer.share, fn_open_repurchase_offer.notice, evergreen.actor(), event);
  perform evergreen.audit(of_fund.fund_id, 'repurchase_offers', id::text, 'repurchase offer opened, deadline ' || deadline, request_id);
  perform evergreen.keep_answer('fn_open_repurchase_offer', request_id, input, jsonb_build_object('offer_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_repurchase_offer(text, date, date, numeric, text, text) is
  'Opens a repurchase offer of an interval fund today (its notice, told to every holder): share of the NAV, 0.05 to 0.25, is the gate of its pricing date, and redemptions are taken in until the deadline. Returns offer_id. EG400, EG404, EG424, EG428.';

create or replace function evergreen.offer_for(of_fund uuid, received timestamptz, wanted date) returns public.repurchase_offers language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o from public.repurchase_offers o join public.funds f using (fund_id)
   where o.fund_id = of_fund and (received at time zone f.time_zone)::date between o.notice_on and o.deadline and (wanted is null or o.pricing_date = wanted) order by o.pricing_date limit 1
$$;
comment on function evergreen.offer_for(uuid, timestamptz, date) is 'The open repurchase offer that an order received at a time may be placed under, the earliest; null when none is open.';

create or replace function public.fn_note_notice(notice_id uuid, notified_at timestamptz default null, request_id text default null) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  due public.authority_notices;
  at timestamptz;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('notice_id', notice_id, 'notified_at', notified_at);
  answer := evergreen.earlier_answer('fn_note_notice', request_id, input);
  if answer is not null then
    return (answer ->> 'notified_at')::timestamptz;
  end if;
  select * into due from public.authority_notices n where n.notice_id = fn_note_notice.notice_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No notice with that id.');
  perform evergreen.refuse_unless(due.notified_at is null, 'EG428', 'The authority was told already.');
  at := coalesce(fn_note_notice.notified_at, now());
  perform evergreen.refuse_unless(isfinite(at) and at <= now() and at >= due.created_at, 'EG400', 'notified_at is a time since the notice was due, up to now.');
  update public.authority_notices n set notified_at = at where n.notice_id = due.notice_id;
  perform evergreen.emit('AUTHORITY_NOTICE_GIVEN', due.fund_id, jsonb_build_object('notice_id', due.notice_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(due.fund_id, 'authority_notices', due.notice_id::text, 'authority told', request_id);
  perform evergreen.keep_answer('fn_note_notice', request_id, input, jsonb_build_object('notified_at', at));
  return at;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_notice(uuid, timestamptz, text) is 'Records when the competent authority was told of something that is due; returns the time. EG400, EG404, EG428 already.';

-- from sql/6a-fn-orders.sql
-- Orders: place (in money or units, switches, transfers), cancel, hold, release. Policies bind where the rows are locked.

create or replace function evergreen.dealing_policy(of_class uuid, on_day date) returns public.dealing_policies language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p from public.dealing_policies p where p.share_class_id = of_class and p.effective_from <= on_day order by p.effective_from desc, p.version desc limit 1
$$;
comment on function evergreen.dealing_policy(uuid, date) is 'The dealing policy of a class in force on a day.';

create or replace function evergreen.is_business_day(of_calendar text, on_day date) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select extract(isodow from on_day) < 6 and not exists (select from public.calendar_holidays h where h.calendar = of_calendar and h.date = on_day)
$$;
comment on function evergreen.is_business_day(text, date) is 'Monday to Friday and no holiday of the calendar; a calendar without holidays has weekends only.';

create or replace function evergreen.notice_deadline(of_fund uuid, body jsonb, direction text, on_day date) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  place record;
  n int := coalesce((body #>> array['notice', direction, 'n'])::int, 0);
  day date := on_day;
begin
  select coalesce(body ->> 'calendar', f.calendar) as calendar, coalesce(body ->> 'timeZone', f.time_zone) as zone into place from public.funds f where f.fund_id = of_fund;
  -- R3: calendar days back and then to the business day before, or business days back
  if n > 0 and body #>> array['notice', direction, 'basis'] = 'business' then
    select d::date into day from generate_series(on_day - 1, on_day - 3 * n - 30, interval '-1 day') d
     where evergreen.is_business_day(place.calendar, d::date) order by d desc offset n - 1 limit 1;
  elsif n > 0 then
    select d::date into day from generate_series(on_day - n, on_day - n - 30, interval '-1 day') d
     where evergreen.is_business_day(place.calendar, d::date) order by d desc limit 1;
  end if;
  return (day + (body ->> 'cutOff')::time) at time zone place.zone;
end $$;
comment on function evergreen.notice_deadline(uuid, jsonb, text, date) is 'Until when an order must be in to deal on a day: the cut-off time of its notice day, in the fund''s zone (R3).';

create or replace function evergreen.check_redemption(class public.share_classes, policy public.dealing_policies, of_investor uuid, money numeric, wanted_units numeric, on_day date)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  held numeric;
  pending numeric;
  free numeric;
  wanted numeric;
  least_money numeric;
  hard int := coalesce((policy.body #>> '{lockUp,hardMonths}')::int, 0);
begin
  -- two redemptions of one holding: the second waits here and then sees the first
  select h.units into held from public.holdings h where h.investor_id = of_investor and h.share_class_id = class.share_class_id for no key update;
  perform evergreen.refuse_unless(coalesce(held, 0) > 0, 'EG430', 'The investor holds no units of that class.');
  least_money := (policy.body #>> '{minimums,redemption}')::numeric;
  wanted := coalesce(wanted_units, round(round(money, 20) / class.nav_per_unit, class.units_dp));
  select coalesce(sum(coalesce(f.requested_units, round(round(f.amount, 20) / class.nav_per_unit, class.units_dp))), 0) into pending from public.fund_flows f
   where f.investor_id = of_investor and f.share_class_id = class.share_class_id and f.direction = 'redemption'
     and f.status in ('draft', 'submitted', 'kyc_hold', 'accepted', 'locked', 'priced');
  if wanted is null then
    perform evergreen.refuse_unless(least_money is null or money >= least_money, 'EG430', 'The redemption is below the minimum.');
    return;  -- money before the first price: held to the holding when it is allocated
  end if;
  perform evergreen.refuse_unless(wanted + pending <= held, 'EG430', 'The orders would exceed the holding.');
  select coalesce(sum(l.units_left), 0) into free from public.lots l
   where l.investor_id = of_investor and l.share_class_id = class.share_class_id and l.units_left > 0 and (l.opened_on + make_interval(months => hard))::date <= on_day;
  perform evergreen.refuse_unless(wanted + pending <= free, 'EG430', 'Units are locked up on that dealing date.');
  perform evergreen.refuse_unless(least_money is null or wanted = held or coalesce(money, wanted * class.nav_per_unit) is null
    or coalesce(money, wanted * class.nav_per_unit) >= least_money, 'EG430', 'The redemption is below the minimum.');
  least_money := (policy.body #>> '{minimums,holding}')::numeric;
  perform evergreen.refuse_unless(least_money is null or wanted + pending = held or class.nav_per_unit is null
    or (held - wanted - pending) * class.nav_per_unit >= least_money, 'EG430', 'What is left would be below the minimum holding; redeem all of it.');
end $$;
comment on function evergreen.check_redemption(public.share_classes, public.dealing_policies, uuid, numeric, numeric, date) is
  'Refuses (EG430) what the holding, the lock-up or the minimums do not allow, under the lock of the holding. Units of the class, money in fund currency.';

create or replace function evergreen.check_elected_lots(class public.share_classes, policy public.dealing_policies, of_investor uuid, elected uuid[], money numeric, wanted_units numeric, on_day date)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  free numeric;
  hard int := coalesce((policy.body #>> '{lockUp,hardMonths}')::int, 0);
begin
  if elected is null then
    return;
  end if;
  perform evergreen.refuse_unless((select count(*) from public.lots l where l.lot_id = any (elected) and l.investor_id = of_investor and l.share_class_id = class.share_class_id) = cardinality(elected),
    'EG404', 'The investor has no such lot in that class.');
  select coalesce(sum(l.units_left), 0) into free from public.lots l where l.lot_id = any (elected) and (l.opened_on + make_interval(months => hard))::date <= on_day;
  perform evergreen.refuse_unless(coalesce(coalesce(wanted_units, round(round(money, 20) / class.nav_per_unit, class.units_dp)) <= free, true), 'EG430', 'The lots that are named do not have so many free units on that dealing date.');
end $$;
comment on function evergreen.check_elected_lots(public.share_classes, public.dealing_policies, uuid, uuid[], numeric, numeric, date) is
  'Refuses lots that are not the investor''s (EG404) or do not cover the order free of the lock-up (EG430); none named: nothing to check.';

drop function if exists public.fn_place_order(text, uuid, text, numeric, text, text, text);
drop function if exists public.fn_place_order(text, uuid, text, numeric, text, text, text, text, numeric, date, text, text, uuid, timestamptz);
create or replace function public.fn_place_order(
  fund text, investor_id uuid, direction text, amount numeric default null, currency text default null, channel text default 'api', request_id text default null,
  share_class text default null, units numeric default null, dealing_date date default null, order_kind text default 'plain', to_class text default null,
  to_investor uuid default null, received_at timestamptz default null, elected_lots uuid[] default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  class public.share_classes;
  target public.share_classes;
  policy public.dealing_policies;
  offer public.repurchase_offers;
  id uuid := gen_random_uuid();
  other uuid := gen_random_uuid();
  event uuid;
  other_event uuid;
  received timestamptz;
  least_money numeric;
  in_kind text;
  late boolean := false;
  note text;
begin
  perform evergreen.require_role('lp_role', 'ops_role');
  -- what is new is added only where it is given: requests of before keep their hash
  input := jsonb_build_object('fund', fund, 'investor_id', investor_id, 'direction', direction, 'amount', amount, 'currency', currency, 'channel', channel)
    || jsonb_strip_nulls(jsonb_build_object('share_class', share_class, 'units', units, 'dealing_date', dealing_date, 'order_kind', nullif(order_kind, 'plain'),
         'to_class', to_class, 'to_investor', to_investor, 'received_at', received_at, 'elected_lots', to_jsonb(elected_lots)));
  answer := evergreen.earlier_answer('fn_place_order', request_id, input);
  if answer is not null then
    return (answer ->> 'flow_id')::uuid;
  end if;
  -- an investor of somebody else and one that does not exist look the same
  perform evergreen.refuse_unless(exists (select from public.investors i where i.investor_id = fn_place_order.investor_id)
    and (evergreen.role_name() <> 'lp_role' or investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No investor with that id.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(of_fund.status = 'active', 'EG428', 'The fund is ' || of_fund.status || '; it takes no orders.');
  perform evergreen.refuse_unless(direction in ('subscription', 'redemption'), 'EG400', 'direction is subscription or redemption.');
  perform evergreen.refuse_unless(order_kind in ('plain', 'switch', 'transfer') and (order_kind = 'plain' or direction = 'redemption'),
    'EG400', 'order_kind is plain, or switch or transfer of what a redemption gives up.');
  perform evergreen.refuse_unless(num_nonnulls(amount, units) = 1, 'EG400', 'An order is either in money (amount) or in units.');
  perform evergreen.refuse_unless(units is null or (direction = 'redemption' and share_class is not null), 'EG400', 'Only a redemption of a class can be in units.');
  perform evergreen.refuse_unless(amount is null or order_kind <> 'transfer', 'EG400', 'A transfer is in units.');
  perform evergreen.refuse_unless(coalesce(currency, of_fund.base_currency) = of_fund.base_currency, 'EG400', 'The fund deals in ' || of_fund.base_currency || '.');
  perform evergreen.refuse_unless(amount is null or (amount > 0 and amount < 1e30 and evergreen.within_exponent(amount, of_fund.base_currency)),
    'EG400', 'amount is positive and has no more decimals than the currency.');
  perform evergreen.refuse_unless(length(channel) between 1 and 40, 'EG400', 'channel has 1 to 40 characters.');
  perform evergreen.refuse_unless(share_class is not null or (order_kind = 'plain' and dealing_date is null), 'EG400', 'A dealing date, a switch or a transfer needs a class.');
  -- R3: the oldest lots go first unless the investor names them, in the order in which they are to go
  perform evergreen.refuse_unless(elected_lots is null or (direction = 'redemption' and share_class is not null and cardinality(elected_lots) between 1 and 1000
    and (select count(e) = count(distinct e) and count(e) = cardinality(elected_lots) from unnest(elected_lots) e)), 'EG400', 'elected_lots names 1 to 1,000 lots of the class, each once; only what is given up names lots.');
  received := now();
  if received_at is not null then
    -- a time of receipt that the caller names is how late trading is done: only history of a synthetic fund has one
    perform evergreen.refuse_unless(of_fund.synthetic and received_at <= now() and evergreen.role_name() = 'ops_role'
      and exists (select from public.platform_settings s where s.key = 'demo' and s.value = 'true'::jsonb), 'EG403', 'Only the history of a demo fund may be dated back.');
    received := received_at;
  end if;
  if share_class is not null then
    select * into class from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class);
    perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
    perform evergreen.refuse_unless(units is null or (units > 0 and units < 1e18 and units = round(units, class.units_dp)), 'EG400', 'units are positive and have no more decimals than the class.');
    perform evergreen.refuse_unless(class.pocket_of is null, 'EG428', 'A side pocket is closed: it takes no orders.');
    policy := evergreen.dealing_policy(class.share_class_id, coalesce(dealing_date, received::date));
    perform evergreen.refuse_unless(policy.policy_id is not null, 'EG428', 'The class has no dealing policy in force.');
    perform evergreen.refuse_unless(dealing_date is null or isfinite(dealing_date), 'EG400', 'dealing_date is a date.');
    if policy.body ? 'offerNoticeDays' and direction = 'redemption' and order_kind = 'plain' then
      -- an interval fund buys back when it has offered to, and for the date of the offer
      offer := evergreen.offer_for(of_fund.fund_id, received, dealing_date);
      perform evergreen.refuse_unless(offer.offer_id is not null, 'EG430', 'No repurchase offer is open for that date.');
      dealing_date := offer.pricing_date;
    end if;
    if dealing_date is not null then
      perform evergreen.require_dealing_date(of_fund.fund_id, policy.body, dealing_date);
    end if;
    -- R2: what is late rolls to the next dealing day it is in time for
    late := coalesce(evergreen.notice_deadline(of_fund.fund_id, policy.body, direction, dealing_date) < received, false);
    perform evergreen.refuse_unless(not late or offer.offer_id is null, 'EG430', 'The order is too late for the repurchase offer.');
    note := case when late then 'late for ' || dealing_date || ': rolls to the next dealing day' end;
    if direction = 'redemption' then
      -- each lot deals at the price of its series: which units an amount is would depend on which lots they are
      perform evergreen.refuse_unless(amount is null or policy.body #>> '{fees,performance,method}' is distinct from 'series', 'EG428', 'A class by series redeems in units: its lots have prices of their own.');
      perform evergreen.check_elected_lots(class, policy, investor_id, elected_lots, amount, units, coalesce(dealing_date, received::date));
      perform evergreen.check_redemption(class, policy, investor_id, amount, units, coalesce(dealing_date, received::date));
    else
      least_money := (policy.body #>> array['minimums', case when exists (select from public.holdings h where h.investor_id = fn_place_order.investor_id
        and h.share_class_id = class.share_class_id and h.units > 0) then 'additional' else 'initial' end])::numeric;
      perform evergreen.refuse_unless(least_money is null or amount >= least_money, 'EG430', 'The subscription is below the minimum.');
    end if;
    if order_kind = 'switch' then
      select * into target from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = to_class or c.share_class_id::text = to_class);
      perform evergreen.refuse_unless(found and target.share_class_id <> class.share_class_id, 'EG404', 'to_class names another class of the fund.');
      perform evergreen.refuse_unless(target.pocket_of is null, 'EG428', 'A side pocket is closed: it takes no orders.');
    elsif order_kind = 'transfer' then
      perform evergreen.refuse_unless(evergreen.role_name() = 'ops_role', 'EG403', 'Operations enter transfers, with the papers of both sides.');
      target := class;
      perform evergreen.refuse_unless(to_investor <> investor_id and exists (select from public.investors i where i.investor_id = to_investor), 'EG404', 'to_investor names another investor.');
    end if;
  end if;
  event := evergreen.emit(case direction when 'subscription' then 'SUBSCRIPTION_REQUESTED' else 'REDEMPTION_REQUESTED' end, of_fund.fund_id,
    jsonb_build_object('flow_id', id), evergreen.actor(), '{}', array[investor_id], request_id);
  in_kind := order_kind;
  insert into public.fund_flows (flow_id, fund_id, share_class_id, investor_id, direction, order_kind, amount, requested_units, currency, status, channel, requested_at,
    dealing_date, policy_id, placed_by, reason, event_id, elected_lots, offer_id)
  values (id, of_fund.fund_id, class.share_class_id, investor_id, direction, in_kind, amount, units, of_fund.base_currency, 'submitted', channel, received,
    case when not late then dealing_date end, policy.policy_id, evergreen.actor(), note, event, coalesce(elected_lots, '{}'), offer.offer_id);
  insert into public.order_transitions (flow_id, to_status, event_id, reason, actor) values (id, 'submitted', event, note, evergreen.actor());
  if in_kind <> 'plain' then
    -- the leg that receives; the two are accepted each by itself and dealt together
    other_event := evergreen.emit('SUBSCRIPTION_REQUESTED', of_fund.fund_id, jsonb_build_object('flow_id', other), evergreen.actor(), '{}',
      array[coalesce(to_investor, investor_id)], request_id);
    insert into public.fund_flows (flow_id, fund_id, share_class_id, investor_id, direction, order_kind, requested_units, currency, status, channel, requested_at,
      dealing_date, policy_id, placed_by, linked_flow_id, reason, event_id)
    values (other, of_fund.fund_id, target.share_class_id, coalesce(to_investor, investor_id), 'subscription', in_kind,
      case in_kind when 'transfer' then units end, of_fund.base_currency, 'submitted', channel, received, case when not late then dealing_date end, policy.policy_id, evergreen.actor(), id, note, other_event);
    update public.fund_flows f set linked_flow_id = other where f.flow_id = id;
    insert into public.order_transitions (flow_id, to_status, event_id, reason, actor) values (other, 'submitted', other_event, note, evergreen.actor());
  end if;
  perform evergreen.audit(of_fund.fund_id, 'fund_flows', id::text, case in_kind when 'plain' then direction else in_kind end || ' submitted', request_id);
  perform evergreen.keep_answer('fn_place_order', request_id, input, jsonb_build_object('flow_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_place_order(text, uuid, text, numeric, text, text, text, text, numeric, date, text, text, uuid, timestamptz, uuid[]) is
  'Submits an order for an investor; an LP only for its own. amount in fund currency, or units of share_class (redemptions). An order that is late for its dealing date rolls to the next. order_kind switch (to_class) and transfer (to_investor) give two linked orders; elected_lots are the lots that go, in that order, instead of the oldest first. Redemptions of an interval fund need an open repurchase offer and deal on its date. Returns flow_id of what is given up. EG400, EG403, EG404, EG428, EG430 lock-up, minimum, holding, or no offer.';

create or replace function evergreen.move_order(of_flow uuid, to_state text, event uuid, why text, document text default null) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with moved as (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = of_flow or f.linked_flow_id = of_flow
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, document, actor)
    select m.flow_id, m.status, to_state, event, why, move_order.document, evergreen.actor() from moved m where m.status <> to_state
  )
  update public.fund_flows f set status = to_state,
         -- the investor reads this row: why an order is held stands in its records only
         reason = case when to_state = 'kyc_hold' then 'held for a check' when m.status = 'kyc_hold' and to_state = 'accepted' then null else why end, dealing_day_id = case when to_state in ('accepted', 'kyc_hold') then null else f.dealing_day_id end,
         accepted_at = case when to_state = 'accepted' then now() else f.accepted_at end,
         eligibility_tag = case when to_state = 'accepted' then evergreen.eligibility_of(f.investor_id) else f.eligibility_tag end
    from moved m where f.flow_id = m.flow_id;
end $$;
comment on function evergreen.move_order(uuid, text, uuid, text, text) is 'Moves an order and the leg linked to it to a state, with its records and the document it rests on. EG428 when R1 does not know the step.';

create or replace function public.fn_cancel_order(flow_id uuid, reason text default null, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  mine public.fund_flows;
  event uuid;
  consent uuid;
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role');
  input := jsonb_build_object('flow_id', flow_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_cancel_order', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(reason is null or length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  -- consent, fund, then the order: a strike takes them in that order too
  select p.proposal_id into consent from public.proposals p join public.fund_flows f on f.fund_id = p.fund_id
   where f.flow_id = fn_cancel_order.flow_id and p.kind = 'cancellation' and p.status = 'approved' and p.body ->> 'flow_id' in (f.flow_id::text, f.linked_flow_id::text)
   order by p.created_at limit 1 for no key update of p;
  perform 1 from public.funds x where x.fund_id = (select p.fund_id from public.proposals p where p.proposal_id = consent) for no key update;
  perform 1 from public.fund_flows f where f.flow_id = fn_cancel_order.flow_id or f.linked_flow_id = fn_cancel_order.flow_id order by f.flow_id for no key update;
  select * into mine from public.fund_flows f where f.flow_id = fn_cancel_order.flow_id;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or mine.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(mine.status in ('draft', 'submitted', 'kyc_hold', 'accepted', 'locked'), 'EG428', 'The order is ' || mine.status || ' and can no longer be cancelled.');
  perform evergreen.refuse_unless(mine.cleared_at is null, 'EG428', 'Its money has arrived; return that first.');
  if mine.status = 'locked' then
    -- after the cut-off it takes two people (R1), who put their names to this order
    perform evergreen.refuse_unless(consent is not null, 'EG428', 'After the cut-off two people consent to a cancellation first; propose it.');
    consent := (evergreen.take_consent(consent, 'cancellation')).proposal_id;
  end if;
  event := evergreen.emit('ORDER_CANCELLED', mine.fund_id, jsonb_build_object('flow_id', mine.flow_id), evergreen.actor(), '{}', array[mine.investor_id], request_id);
  perform evergreen.move_order(mine.flow_id, 'cancelled', event, coalesce(reason, 'cancelled'));
  perform evergreen.audit(mine.fund_id, 'fund_flows', mine.flow_id::text, 'order cancelled', request_id);
  perform evergreen.keep_answer('fn_cancel_order', request_id, input, '{"status": "cancelled"}');
  return 'cancelled';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_cancel_order(uuid, text, text) is
  'Cancels an order and the leg linked to it: freely before the cut-off, after it once two people have approved its cancellation (fn_propose_posting). EG404, EG420, EG421, EG428.';

create or replace function public.fn_hold_order(flow_id uuid, reason text, request_id text default null, document text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  held public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc', 'agent_compliance_sentinel');
  input := jsonb_strip_nulls(jsonb_build_object('flow_id', flow_id, 'reason', reason, 'document', document));
  answer := evergreen.earlier_answer('fn_hold_order', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500 and (document is null or length(document) between 1 and 200), 'EG400', 'reason has 1 to 500 characters, document 1 to 200.');
  perform 1 from public.fund_flows f where f.flow_id = fn_hold_order.flow_id or f.linked_flow_id = fn_hold_order.flow_id order by f.flow_id for no key update;
  select * into held from public.fund_flows f where f.flow_id = fn_hold_order.flow_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(held.status in ('submitted', 'accepted', 'locked'), 'EG428', 'The order is ' || held.status || ' and cannot be held.');
  event := evergreen.emit('ORDER_HELD', held.fund_id, jsonb_build_object('flow_id', held.flow_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.move_order(held.flow_id, 'kyc_hold', event, reason, document);
  perform evergreen.audit(held.fund_id, 'fund_flows', held.flow_id::text, 'order held', request_id);
  perform evergreen.keep_answer('fn_hold_order', request_id, input, '{"status": "kyc_hold"}');
  return 'kyc_hold';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_hold_order(uuid, text, text, text) is 'Holds an order (and the leg linked to it) that is not priced yet, with the document that asks for it, if any; the investor is not told why. EG400, EG404, EG428.';

create or replace function public.fn_release_hold(flow_id uuid, reason text, request_id text default null, document text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  held public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_strip_nulls(jsonb_build_object('flow_id', flow_id, 'reason', reason, 'document', document));
  answer := evergreen.earlier_answer('fn_release_hold', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  -- a hold is overridden on the strength of a document, which whoever audits it can ask for
  perform evergreen.refuse_unless(length(reason) between 1 and 500 and length(document) between 1 and 200, 'EG400', 'reason has 1 to 500 characters, document 1 to 200.');
  perform 1 from public.fund_flows f where f.flow_id = fn_release_hold.flow_id or f.linked_flow_id = fn_release_hold.flow_id order by f.flow_id for no key update;
  select * into held from public.fund_flows f where f.flow_id = fn_release_hold.flow_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(held.status = 'kyc_hold', 'EG428', 'The order is ' || held.status || ', not held.');
  -- nobody overrides KYC: both parties of the order are cleared, or it stays (I14)
  perform evergreen.refuse_unless(not exists (select from public.fund_flows f where (f.flow_id = held.flow_id or f.linked_flow_id = held.flow_id)
    and not evergreen.is_cleared(f.investor_id)), 'EG430', 'An investor of the order is not cleared by KYC.');
  event := evergreen.emit('ORDER_RELEASED', held.fund_id, jsonb_build_object('flow_id', held.flow_id), evergreen.actor(), '{}', array[held.investor_id], request_id);
  perform evergreen.move_order(held.flow_id, 'accepted', event, reason, document);
  perform evergreen.audit(held.fund_id, 'fund_flows', held.flow_id::text, 'hold released', request_id);
  perform evergreen.keep_answer('fn_release_hold', request_id, input, '{"status": "accepted"}');
  return 'accepted';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_hold(uuid, text, text, text) is 'Accepts a held order again once its investor is cleared, on the strength of a document; it deals on the next day it is eligible for. EG400, EG404, EG428, EG430 not cleared.';

create or replace function evergreen.is_cleared(of_investor uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.investors i where i.investor_id = of_investor and i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock()))
$$;
comment on function evergreen.is_cleared(uuid) is 'Whether KYC clears the investor at this moment.';

-- from sql/6b-fn-dealing.sql
-- The dealing day, first half: terms of a class, the day, the cut-off with its committed order book, the second look at KYC.

create or replace function public.fn_open_class(fund text, code text, name text, issue_price numeric, units_dp int default 4, price_dp int default 4, request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
  event uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'code', code, 'name', name, 'issue_price', issue_price, 'units_dp', units_dp, 'price_dp', price_dp);
  answer := evergreen.earlier_answer('fn_open_class', request_id, input);
  if answer is not null then
    return (answer ->> 'share_class_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(fn_open_class.code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$' and length(name) between 1 and 200, 'EG400', 'code is of capitals and digits, name has 1 to 200 characters.');
  perform evergreen.refuse_unless(units_dp between 0 and 8 and price_dp between 0 and 8, 'EG400', 'units_dp and price_dp are 0 to 8.');
  perform evergreen.refuse_unless(issue_price > 0 and issue_price < 1e12 and issue_price = round(issue_price, price_dp), 'EG400', 'issue_price is positive and has no more decimals than price_dp.');
  perform evergreen.refuse_unless(not exists (select from public.share_classes c where c.fund_id = of_fund.fund_id and c.code = fn_open_class.code), 'EG428', 'The fund has a class with that code.');
  insert into public.share_classes (fund_id, code, name, currency, units_dp, price_dp, issue_price)
  values (of_fund.fund_id, fn_open_class.code, fn_open_class.name, of_fund.base_currency, fn_open_class.units_dp, fn_open_class.price_dp, fn_open_class.issue_price) returning share_class_id into id;
  event := evergreen.emit('CLASS_OPENED', of_fund.fund_id, jsonb_build_object('share_class_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'share_classes', id::text, 'class opened', request_id);
  perform evergreen.keep_answer('fn_open_class', request_id, input, jsonb_build_object('share_class_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_class(text, text, text, numeric, int, int, text) is
  'Opens a class of units of a fund with its first price (fund currency per unit) and decimals; returns share_class_id. EG400, EG404, EG428 there already.';

create or replace function public.fn_set_holidays(calendar text, holidays jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('calendar', calendar, 'holidays', holidays);
  answer := evergreen.earlier_answer('fn_set_holidays', request_id, input);
  if answer is not null then
    return (answer ->> 'holidays')::int;
  end if;
  perform evergreen.refuse_unless(length(calendar) between 1 and 40 and calendar <> 'none', 'EG400', 'calendar has 1 to 40 characters and is not none.');
  perform evergreen.refuse_unless(jsonb_typeof(holidays) = 'array', 'EG400', 'holidays is a list of {date, name}.');
  perform evergreen.refuse_unless(jsonb_array_length(holidays) between 1 and 1000, 'EG413', 'holidays has 1 to 1,000 rows.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(holidays) h (date date, name text)
    where (isfinite(h.date) and length(h.name) between 1 and 100) is not true), 'EG400', 'A holiday has a date and a name.');
  insert into public.calendar_holidays (calendar, date, name)
  select fn_set_holidays.calendar, h.date, max(h.name) from jsonb_to_recordset(holidays) h (date date, name text) group by h.date order by h.date
  on conflict on constraint calendar_holidays_pkey do update set name = excluded.name;
  get diagnostics n = row_count;
  perform evergreen.audit(null, 'calendar_holidays', fn_set_holidays.calendar, n || ' holidays set', request_id);
  perform evergreen.keep_answer('fn_set_holidays', request_id, input, jsonb_build_object('holidays', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_holidays(text, jsonb, text) is 'Adds or renames holidays of a calendar; returns how many. EG400, EG413.';

create or replace function public.fn_set_dealing_policy(share_class_id uuid, body jsonb, effective_from date, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  class public.share_classes;
  made public.dealing_policies;
  event uuid;
  side text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'body', body, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_dealing_policy', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into class from public.share_classes c where c.share_class_id = fn_set_dealing_policy.share_class_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id.');
  perform evergreen.refuse_unless(class.pocket_of is null, 'EG428', 'A side pocket is closed: it does not deal.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 65536, 'EG400', 'body is a JSON object of at most 64 KB.');
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(body ->> 'cutOff' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$', 'EG400', 'cutOff is HH:MM.');
  perform evergreen.refuse_unless((now() at time zone coalesce(body ->> 'timeZone', 'UTC')) is not null, 'EG400', 'timeZone is a name such as Europe/Luxembourg.');
  -- decision 14: a day is struck after its cut-off, so nothing here can deal at a NAV of before it
  perform evergreen.refuse_unless(coalesce(body ->> 'pricing', 'forward') = 'forward', 'EG400', 'pricing is forward: no dealing day here deals at a NAV that was known before its cut-off.');
  foreach side in array array['subscription', 'redemption'] loop
    perform evergreen.refuse_unless(coalesce((body #>> array['notice', side, 'n'])::int, 0) between 0 and 400
      and coalesce(body #>> array['notice', side, 'basis'], 'calendar') in ('calendar', 'business'), 'EG400', 'notice of a side is {n: 0 to 400, basis: calendar or business}.');
  end loop;
  perform evergreen.refuse_unless(coalesce((body #>> '{lockUp,hardMonths}')::int, 0) between 0 and 240, 'EG400', 'lockUp.hardMonths is 0 to 240.');
  perform evergreen.refuse_unless(not exists (select from jsonb_each_text(coalesce(body -> 'minimums', '{}')) m
    where (m.value::numeric >= 0 and m.value::numeric < 1e30) is not true), 'EG400', 'minimums are amounts.');
  perform evergreen.refuse_unless(coalesce((body ->> 'refundFrom')::numeric, 0) >= 0 and coalesce((body ->> 'refundFrom')::numeric, 0) < 1e30
    and coalesce((body ->> 'offerNoticeDays')::int, 0) between 0 and 42, 'EG400', 'refundFrom is an amount, offerNoticeDays is at most 42.');
  perform evergreen.refuse_unless(coalesce((body ->> 'units_dp')::int, class.units_dp) = class.units_dp and coalesce((body ->> 'price_dp')::int, class.price_dp) = class.price_dp,
    'EG400', 'units_dp and price_dp are those of the class.');
  if body ? 'issuePrice' and not exists (select from public.unit_ledger u where u.share_class_id = class.share_class_id) then
    -- the first price is a term until something was issued at it
    perform evergreen.refuse_unless((body ->> 'issuePrice')::numeric > 0 and (body ->> 'issuePrice')::numeric < 1e12 and (body ->> 'issuePrice')::numeric = round((body ->> 'issuePrice')::numeric, class.price_dp),
      'EG400', 'issuePrice is positive and has no more decimals than the class.');
    update public.share_classes c set issue_price = (body ->> 'issuePrice')::numeric where c.share_class_id = class.share_class_id;
  end if;
  insert into public.dealing_policies (fund_id, share_class_id, version, effective_from, body, hash, set_by)
  values (class.fund_id, class.share_class_id, (select coalesce(max(p.version), 0) + 1 from public.dealing_policies p where p.share_class_id = class.share_class_id),
    fn_set_dealing_policy.effective_from, fn_set_dealing_policy.body, encode(sha256(convert_to(body::text, 'UTF8')), 'hex'), evergreen.actor()) returning * into made;
  event := evergreen.emit('POLICY_SET', class.fund_id, jsonb_build_object('policy_id', made.policy_id, 'kind', 'dealing', 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(class.fund_id, 'dealing_policies', made.policy_id::text, 'dealing policy version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('policy_id', made.policy_id, 'version', made.version, 'hash', made.hash);
  perform evergreen.keep_answer('fn_set_dealing_policy', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_dealing_policy(uuid, jsonb, date, text) is
  'Sets the dealing terms of a class from a date on; orders placed before keep theirs. Returns {policy_id, version, hash}. EG400, EG404.';

create or replace function evergreen.lock_dealing_day(of_day uuid) returns public.dealing_days language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
begin
  -- fund, then day: the order in which everyone locks
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.dealing_days x where x.dealing_day_id = of_day) for no key update;
  select * into d from public.dealing_days x where x.dealing_day_id = of_day for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  return d;
end $$;
comment on function evergreen.lock_dealing_day(uuid) is 'The day under its fund''s lock. EG404.';

create or replace function evergreen.day_answer(of_day uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('dealing_day_id', d.dealing_day_id, 'fund_id', d.fund_id, 'share_class_id', d.share_class_id, 'dealing_date', d.dealing_date,
    'cut_off_at', d.cut_off_at, 'status', d.status, 'step', d.step, 'orders', d.orders, 'order_root', d.order_root, 'strike_id', d.strike_id,
    'workflow_id', d.workflow_id, 'day_hash', d.day_hash)
    from public.dealing_days d where d.dealing_day_id = of_day
$$;
comment on function evergreen.day_answer(uuid) is 'What the steps of a dealing day answer.';

create or replace function public.fn_open_dealing_day(fund text, share_class text, dealing_date date, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  class public.share_classes;
  policy public.dealing_policies;
  id uuid;
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'share_class', share_class, 'dealing_date', dealing_date, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_open_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(isfinite(dealing_date), 'EG400', 'dealing_date is a date.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  select * into class from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
  workflow_id := coalesce(workflow_id, 'deal/' || of_fund.code || '/' || class.code || '/' || fn_open_dealing_day.dealing_date);
  select d.dealing_day_id into id from public.dealing_days d where d.fund_id = of_fund.fund_id and d.share_class_id = class.share_class_id and d.dealing_date = fn_open_dealing_day.dealing_date;
  if id is null then
    policy := evergreen.dealing_policy(class.share_class_id, fn_open_dealing_day.dealing_date);
    perform evergreen.refuse_unless(policy.policy_id is not null, 'EG428', 'The class has no dealing policy in force on that date.');
    perform evergreen.require_dealing_date(of_fund.fund_id, policy.body, fn_open_dealing_day.dealing_date);
    insert into public.dealing_days (fund_id, share_class_id, dealing_date, cut_off_at, policy_id, lmt_policy_id, workflow_id)
    values (of_fund.fund_id, class.share_class_id, fn_open_dealing_day.dealing_date,
      evergreen.notice_deadline(of_fund.fund_id, policy.body - 'notice', 'subscription', fn_open_dealing_day.dealing_date), policy.policy_id,
      (select p.policy_id from public.lmt_policies p where p.fund_id = of_fund.fund_id and p.effective_from <= fn_open_dealing_day.dealing_date
        order by p.effective_from desc, p.version desc limit 1), fn_open_dealing_day.workflow_id) returning dealing_day_id into id;
    event := evergreen.emit('DEALING_DAY_OPENED', of_fund.fund_id, jsonb_build_object('dealing_day_id', id), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_open_dealing_day.workflow_id)), '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'dealing_days', id::text, 'dealing day opened', request_id);
  end if;
  answer := evergreen.day_answer(id);
  perform evergreen.keep_answer('fn_open_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_dealing_day(text, text, date, text, text) is
  'Opens the dealing day of a fund, class and date, once: a second call answers the same day. The policies in force are pinned; its run is deal/<fund>/<class>/<date> unless named. EG400, EG404, EG428.';

create or replace function evergreen.merkle_level(nodes bytea[]) returns bytea[] language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- pairs are hashed under the prefix 01; one that is left over goes up as it is
  select array_agg(l.node order by l.pair) from (
    select (n.i - 1) / 2 as pair, case count(*) when 2 then sha256('\x01'::bytea || string_agg(n.h, ''::bytea order by n.i)) else string_agg(n.h, ''::bytea) end as node
      from unnest(nodes) with ordinality n (h, i) group by (n.i - 1) / 2) l
$$;
comment on function evergreen.merkle_level(bytea[]) is 'The level of a Merkle tree above the one given.';

create or replace function evergreen.merkle_root(leaves bytea[]) returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  nodes bytea[];
begin
  if coalesce(cardinality(leaves), 0) = 0 then
    return encode(sha256(''::bytea), 'hex');
  end if;
  select array_agg(sha256('\x00'::bytea || l.h) order by l.i) into nodes from unnest(leaves) with ordinality l (h, i);
  while cardinality(nodes) > 1 loop
    nodes := evergreen.merkle_level(nodes);
  end loop;
  return encode(nodes[1], 'hex');
end $$;
comment on function evergreen.merkle_root(bytea[]) is 'Root over leaf hashes in their order: leaf node sha256(00 leaf), node sha256(01 left right), odd node promoted; no leaves: sha256 of nothing. Lower-case hex.';

create or replace function public.fn_lock_orders(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  event uuid;
  book uuid[];
  n int;
  root text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_lock_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'open', 'EG428', 'The dealing day is ' || d.status || '.');
  -- the database clock says when it is
  perform evergreen.refuse_unless(now() >= d.cut_off_at, 'EG428', 'The cut-off has not been reached.');
  -- or its orders would deal a day late
  perform evergreen.refuse_unless(not exists (select from public.dealing_days x where x.share_class_id = d.share_class_id and x.dealing_date < d.dealing_date and x.status = 'open'),
    'EG428', 'An earlier dealing day of the class is still open.');
  with longer as materialized (
    -- an extension of notice, by what was decided or else what the policy says, is for what was asked after it; what was accepted before keeps its terms
    select x.active_from, jsonb_build_object('notice', jsonb_build_object('redemption', x.notice)) as terms
      from (select a.active_from, coalesce(a.trigger -> 'notice', (select p.body #> '{noticeExtension,upTo}' from public.lmt_policies p where p.policy_id = d.lmt_policy_id)) as notice
              from public.lmt_activations a where a.fund_id = d.fund_id and a.tool = 'notice_extension' and a.status = 'active') x
     where jsonb_typeof(x.notice) = 'object'
  ), deadlines as materialized (
    select p.policy_id, s.direction, s.extended, evergreen.notice_deadline(d.fund_id, case when s.extended then p.body || (select l.terms from longer l) else p.body end, s.direction, d.dealing_date) as until
      from public.dealing_policies p cross join (values ('subscription', false), ('redemption', false), ('redemption', true)) s (direction, extended)
     where p.share_class_id = d.share_class_id and (not s.extended or exists (select from longer))
  ), chosen as materialized (
    select f.flow_id, f.linked_flow_id from public.fund_flows f join deadlines x on x.policy_id = f.policy_id and x.direction = f.direction
       and x.extended = (f.direction = 'redemption' and f.parent_flow_id is null and f.requested_at >= coalesce((select l.active_from from longer l), 'infinity'))
     where f.share_class_id = d.share_class_id and f.status = 'accepted' and (f.order_kind = 'plain' or f.direction = 'redemption')
       and (f.dealing_date is null or f.dealing_date <= d.dealing_date) and f.requested_at <= x.until
       and (f.linked_flow_id is null or exists (select from public.fund_flows g where g.flow_id = f.linked_flow_id and g.status = 'accepted'))
    union all
    -- what a suspended day left locked
    select f.flow_id, f.linked_flow_id from public.fund_flows f join public.dealing_days s on s.dealing_day_id = f.dealing_day_id
     where s.share_class_id = d.share_class_id and s.status = 'suspended' and s.dealing_date < d.dealing_date and f.status = 'locked'
       and (f.order_kind = 'plain' or f.direction = 'redemption')
  ), everyone as materialized (
    select c.flow_id from chosen c union select c.linked_flow_id from chosen c where c.linked_flow_id is not null
  ), held as materialized (
    -- what was cancelled or held while this call waited for the row is out again
    select f.flow_id from public.fund_flows f join everyone e on e.flow_id = f.flow_id where f.status in ('accepted', 'locked') order by f.flow_id for no key update of f
  )
  select array_agg(h.flow_id order by h.flow_id) into book from held h;
  insert into public.order_leaves (dealing_day_id, position, flow_id, salt, canonical, leaf)
  select d.dealing_day_id, row_number() over (order by x.flow_id), x.flow_id, x.salt, x.canonical, encode(sha256(convert_to(x.canonical, 'UTF8')), 'hex')
    from (
      -- canonical JSON: keys in alphabetical order, no spaces, numbers as the shortest decimal string
      select s.flow_id, s.salt, '{' || coalesce('"amount":"' || trim_scale(s.amount) || '",', '') || '"direction":"' || s.side || '","flow":"' || s.flow_id
          || '","investor":"' || encode(sha256(convert_to(s.salt || ':' || s.investor_id, 'UTF8')), 'hex') || '",'
          || coalesce('"lots":"' || nullif(array_to_string(s.elected_lots, ','), '') || '",', '') || coalesce('"units":"' || trim_scale(s.requested_units) || '",', '') || '"vintage":"' || s.vintage || '"}' as canonical
        from (
          select f.flow_id, f.investor_id, f.amount, f.requested_units, f.elected_lots, coalesce(f.vintage, d.dealing_date) as vintage, replace(gen_random_uuid()::text, '-', '') as salt,
                 case f.order_kind when 'plain' then f.direction else f.order_kind || case f.direction when 'redemption' then '_out' else '_in' end end as side
            from public.fund_flows f where f.flow_id = any (book) offset 0) s) x;
  get diagnostics n = row_count;
  root := evergreen.merkle_root(array(select decode(l.leaf, 'hex') from public.order_leaves l where l.dealing_day_id = d.dealing_day_id order by l.position));
  event := evergreen.emit('CUTOFF_REACHED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'orders', n, 'order_root', root), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  with orders as materialized (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = any (book)
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select o.flow_id, o.status, 'locked', event, evergreen.actor() from orders o where o.status = 'accepted'
  )
  update public.fund_flows f set status = 'locked', locked_at = now(), dealing_day_id = d.dealing_day_id, dealing_date = d.dealing_date, vintage = coalesce(f.vintage, d.dealing_date)
    from orders o where f.flow_id = o.flow_id;
  update public.dealing_days x set status = 'cut_off', step = 1, orders = n, order_root = root where x.dealing_day_id = d.dealing_day_id;
  -- the NAV of the date waits for every class
  perform evergreen.knock_days(d.fund_id, d.dealing_date, x.dealing_day_id, 'cut-off') from public.dealing_days x
    where x.fund_id = d.fund_id and x.dealing_date = d.dealing_date and x.dealing_day_id <> d.dealing_day_id;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'cut-off: ' || n || ' orders locked, root ' || left(root, 12), request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_lock_orders', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_lock_orders(uuid, text) is
  'The cut-off, by the database''s clock: locks the accepted orders that are in time (R3; later ones wait for the next day; an active extension of notice binds what was asked after it) and commits the book as a Merkle root. EG404, EG428.';

create or replace function public.fn_recheck_orders(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  held uuid[];
  event uuid;
  n int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_recheck_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('cut_off', 'inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated'), 'EG428', 'The dealing day is ' || d.status || '.');
  select array_agg(f.flow_id) into held from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status in ('locked', 'priced')
    -- one party that is not cleared holds both legs
    and (not evergreen.is_cleared(f.investor_id) or exists (select from public.fund_flows g where g.flow_id = f.linked_flow_id and not evergreen.is_cleared(g.investor_id)));
  event := evergreen.emit('ORDERS_RECHECKED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'held', coalesce(cardinality(held), 0)), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  with found as materialized (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = any (held) and f.status in ('locked', 'priced') order by f.flow_id for no key update of f
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, actor)
    select h.flow_id, h.status, 'kyc_hold', event, 'not cleared at the dealing day', evergreen.actor() from found h
  ), logged as (
    insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, entity_type, entity_id, workflow_id)
    select d.fund_id, 'agent:kyc', 'kyc_status', '1', 'review', 'fund_flows', h.flow_id::text, d.workflow_id from found h
  )
  update public.fund_flows f set status = 'kyc_hold', dealing_day_id = null, dealing_date = null, priced_at = null, reason = 'not cleared at the dealing day' from found h where f.flow_id = h.flow_id;
  get diagnostics n = row_count;
  if n > 0 and d.status = 'allocated' then
    -- what was allocated counted on them: it is decided again
    delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
  end if;
  update public.dealing_days x set rechecked_at = now(), step = greatest(x.step, 2), status = case when n > 0 and x.status = 'allocated' then 'lmt_decided' else x.status end
   where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'orders looked at again: ' || n || ' held', request_id);
  answer := evergreen.day_answer(d.dealing_day_id) || jsonb_build_object('held', n);
  perform evergreen.keep_answer('fn_recheck_orders', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_recheck_orders(uuid, text) is
  'Looks at KYC of every party of a day again; orders of who is not cleared leave the day (kyc_hold), and an allocation that counted on them is dropped. EG404, EG428.';

create or replace function public.fn_prove_order(flow_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  mine public.fund_flows;
  l public.order_leaves;
  nodes bytea[];
  at int;
  beside int;
  path jsonb := '[]';
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role', 'audit_role');
  select * into mine from public.fund_flows f where f.flow_id = fn_prove_order.flow_id;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or mine.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No order with that id.');
  select x.* into l from public.order_leaves x join public.dealing_days d on d.dealing_day_id = x.dealing_day_id
   where x.flow_id = mine.flow_id order by d.dealing_date desc limit 1;
  perform evergreen.refuse_unless(found, 'EG428', 'The order is in no committed order book yet.');
  select array_agg(sha256('\x00'::bytea || decode(x.leaf, 'hex')) order by x.position) into nodes from public.order_leaves x where x.dealing_day_id = l.dealing_day_id;
  at := l.position;
  while cardinality(nodes) > 1 loop
    beside := case when at % 2 = 1 then at + 1 else at - 1 end;
    if beside <= cardinality(nodes) then
      path := path || jsonb_build_object('side', case when beside < at then 'left' else 'right' end, 'hash', encode(nodes[beside], 'hex'));
    end if;
    nodes := evergreen.merkle_level(nodes);
    at := (at + 1) / 2;
  end loop;
  return jsonb_build_object('flow_id', mine.flow_id, 'dealing_day_id', l.dealing_day_id, 'position', l.position, 'salt', l.salt, 'canonical', l.canonical, 'leaf', l.leaf,
    'path', path, 'root', encode(nodes[1], 'hex'), 'order_root', (select d.order_root from public.dealing_days d where d.dealing_day_id = l.dealing_day_id),
    -- what the order's own arithmetic starts from; an LP reads no dealing day
    'deal', (select jsonb_build_object('date', d.dealing_date, 'class', c.code, 'status', d.status, 'orders', d.orders, 'gate', coalesce((d.decision ->> 'gate')::boolean, false),
        'fraction', d.decision ->> 'fraction', 'numerator', d.decision #>> '{exact_fraction,numerator}', 'denominator', d.decision #>> '{exact_fraction,denominator}',
        'cap_units', d.decision ->> 'cap_units', 'nav_per_unit', case when n.published_at is not null then trim_scale(n.nav_per_unit)::text end)
       from public.dealing_days d join public.share_classes c using (share_class_id)
       left join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = d.share_class_id where d.dealing_day_id = l.dealing_day_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_prove_order(uuid) is
  'Inclusion proof of an order in the committed book of its last dealing day: leaf, path and root, with the ratio and price it dealt at; an LP only of its own. EG404, EG428 not committed yet.';

-- from sql/6c-fn-asset-payments.sql
-- Calls and distributions of an asset since its mark (R5): recorded, carried with the mark, and bound with it in the hash of a NAV.

create or replace function public.fn_record_asset_payments(fund text, payments jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('fund', fund, 'sha256', encode(sha256(convert_to(payments::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_record_asset_payments', request_id, input);
  if answer is not null then
    return (answer ->> 'payments')::int;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  select count(*) into bad from jsonb_to_recordset(payments) p (asset text) left join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = p.asset or a.id::text = p.asset)
   where a.id is null;
  perform evergreen.refuse_unless(bad = 0, 'EG404', bad || ' payments are of assets that the fund does not have.');
  select count(*) into bad from jsonb_to_recordset(payments) p (asset text, kind text, amount numeric, paid_on date, source text)
    join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = p.asset or a.id::text = p.asset)
   where (p.kind in ('call', 'distribution') and p.amount > 0 and p.amount < 1e30 and evergreen.within_exponent(p.amount, of_fund.base_currency)
     and isfinite(p.paid_on) and p.paid_on <= evergreen.clock()::date and length(p.source) between 1 and 200 and a.type <> 'cash') is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' payments are no call or distribution of an amount above 0 in the currency''s units, up to today, with a source; or of a balance of cash.');
  insert into public.asset_payments (asset_id, fund_id, kind, amount, paid_on, source, recorded_by)
  select a.id, of_fund.fund_id, p.kind, p.amount, p.paid_on, p.source, evergreen.actor() from jsonb_to_recordset(payments) p (asset text, kind text, amount numeric, paid_on date, source text)
    join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = p.asset or a.id::text = p.asset);
  get diagnostics n = row_count;
  perform evergreen.emit('ASSET_PAYMENTS_RECORDED', of_fund.fund_id, jsonb_build_object('payments', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'payments of an asset recorded');
  perform evergreen.audit(of_fund.fund_id, 'asset_payments', of_fund.code, 'payments of assets recorded: ' || n, request_id);
  perform evergreen.keep_answer('fn_record_asset_payments', request_id, input, jsonb_build_object('payments', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_asset_payments(text, jsonb, text) is
  'Records payments = [{asset, kind: call | distribution, amount, paid_on, source}] in the fund''s currency; a mark rolled forward past their day counts them (R5), and the opposite takes a mistake back. Returns how many. EG400, EG404, EG413.';

create or replace function evergreen.rolled_value(mark numeric, beta numeric, index_at_mark numeric, index_now numeric, payments jsonb) returns numeric language sql immutable set search_path = pg_catalog, pg_temp as $$
  select mark * (1 + beta * (round(index_now, 40) / index_at_mark - 1))
    + coalesce((select sum(p.amount * (1 + beta * (round(index_now, 40) / p.index - 1))) from jsonb_to_recordset(payments) p (amount numeric, index numeric)), 0)
$$;
comment on function evergreen.rolled_value(numeric, numeric, numeric, numeric, jsonb) is 'R5: the mark and what was paid since, each carried by beta times the return of the index since its day; fund currency, not rounded.';

create or replace function evergreen.are_payments(payments jsonb, after_day date, up_to date) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select payments is null or (jsonb_typeof(payments) = 'array' and jsonb_array_length(payments) between 1 and 10000
    and (select bool_and((p."on" > after_day and p."on" <= up_to and p.amount <> 0 and abs(p.amount) < 1e30 and p.index > 0 and p.index < 1e18) is true)
           from jsonb_to_recordset(case when jsonb_typeof(payments) = 'array' then payments else '[]' end) p ("on" date, amount numeric, index numeric)))
$$;
comment on function evergreen.are_payments(jsonb, date, date) is 'Whether the payments that a rolled mark counts are whole, and of days after the mark up to the NAV date; null when there are none.';

create or replace function evergreen.payments_text(payments jsonb) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select string_agg(concat_ws(',', p."on", trim_scale(p.amount), trim_scale(p.index)), ';' order by p."on", p.amount, p.index) from jsonb_to_recordset(payments) p ("on" date, amount numeric, index numeric)
$$;
comment on function evergreen.payments_text(jsonb) is 'The payments that a rolled mark counts as the hash of the NAV has them: day, amount, index; null when there are none.';

-- from sql/6c-fn-mark-facts.sql
-- Marks between valuations (R5): values of indices, how an asset is rolled forward with one, and what the breaker holds a new mark against.

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
  insert into public.index_values (series, as_of, value, source, recorded_by)
  select v.series, v.as_of, v.value, v.source, evergreen.actor() from jsonb_to_recordset(index_values) v (series text, as_of date, value numeric, source text);
  get diagnostics n = row_count;
  perform evergreen.emit('INDEX_VALUES_RECORDED', null, jsonb_build_object('values', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(f.fund_id, null, null, 'index values recorded') from public.funds f
   where f.fund_id in (select r.fund_id from public.roll_forwards r where r.series in (select v.series from jsonb_to_recordset(index_values) v (series text)));
  perform evergreen.audit(null, 'index_values', 'index_values', 'index values recorded: ' || n, request_id);
  perform evergreen.keep_answer('fn_record_index_values', request_id, input, jsonb_build_object('values', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_index_values(jsonb, text) is
  'Records index_values = [{series, as_of, value, source}]; of two for one date the later counts, and both stay. Returns how many. EG400, EG413.';

create or replace function evergreen.index_value(of_series text, on_day date, most_age int) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select v.value from public.index_values v where v.series = of_series and v.as_of <= on_day and v.as_of >= on_day - most_age
   order by v.as_of desc, v.created_at desc, v.value_id limit 1
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
  input := jsonb_build_object('fund', fund, 'nav_date', nav_date, 'sha256', encode(sha256(convert_to(inputs::text, 'UTF8')), 'hex'))
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
  input := jsonb_build_object('strike_id', strike_id, 'reason', reason, 'sha256', encode(sha256(convert_to(inputs::text, 'UTF8')), 'hex'));
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

-- from sql/6d-fn-ledger.sql
-- The ledger: one function posts, for everybody; what was wrong is reversed. Balances are kept by triggers (45) and compared here.

do $$
begin
  if to_regtype('evergreen.unit_entry') is null then
    create type evergreen.unit_entry as (share_class_id uuid, account text, investor_id uuid, lot_id uuid, flow_id uuid, units numeric);
  end if;
  if to_regtype('evergreen.cash_entry') is null then
    create type evergreen.cash_entry as (account text, investor_id uuid, flow_id uuid, currency text, amount numeric, reference text);
  end if;
end $$;

create or replace function evergreen.post_ledger(
  of_fund uuid, kind text, description text, day uuid, event uuid, reverses uuid, units evergreen.unit_entry[], cash evergreen.cash_entry[], as_id uuid default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := coalesce(as_id, gen_random_uuid());
begin
  -- one posting at a time per fund: balances then have one writer
  perform 1 from public.funds f where f.fund_id = of_fund for no key update;
  insert into public.ledger_transactions (ledger_tx_id, fund_id, dealing_day_id, kind, reverses, description, posted_by, event_id)
  values (id, of_fund, day, kind, reverses, description, evergreen.actor(), event);
  -- holders' units have their contra in what is outstanding, one line per class
  insert into public.unit_ledger (ledger_tx_id, share_class_id, account, investor_id, lot_id, flow_id, units)
  select id, u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, u.units from unnest(units) u where u.units <> 0
  union all
  select id, u.share_class_id, 'outstanding', null, null, null, -sum(u.units) from unnest(units) u group by u.share_class_id having sum(u.units) <> 0;
  insert into public.cash_movements (ledger_tx_id, fund_id, account, investor_id, flow_id, currency, amount, reference)
  select id, of_fund, c.account, c.investor_id, c.flow_id, c.currency, c.amount, c.reference from unnest(cash) c where c.amount <> 0;
  return id;
end $$;
comment on function evergreen.post_ledger(uuid, text, text, uuid, uuid, uuid, evergreen.unit_entry[], evergreen.cash_entry[], uuid) is
  'Posts one ledger transaction (under the id given, where its event names it) under the fund''s lock: units of holders (their contra is added) and cash entries, all or nothing. EG424 a holding below zero, EG431 out of balance.';

create or replace function evergreen.post_instead(wrong public.ledger_transactions, of_fund uuid, description text, event uuid, units evergreen.unit_entry[], cash evergreen.cash_entry[]) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  back uuid;
  id uuid;
begin
  perform 1 from public.funds f where f.fund_id = of_fund for no key update;
  if wrong.ledger_tx_id is not null then
    insert into public.ledger_transactions (fund_id, dealing_day_id, kind, reverses, description, posted_by, event_id)
    values (of_fund, wrong.dealing_day_id, 'reversal', wrong.ledger_tx_id, left(description, 500), evergreen.actor(),
      evergreen.emit('LEDGER_REVERSED', of_fund, jsonb_build_object('ledger_tx_id', wrong.ledger_tx_id), evergreen.actor(), jsonb_build_object('causation_id', event)))
    returning ledger_tx_id into back;
  end if;
  if units is not null or cash <> '{}' then
    insert into public.ledger_transactions (fund_id, kind, description, posted_by, event_id) values (of_fund, coalesce(wrong.kind, 'crystallisation'), description, evergreen.actor(), event) returning ledger_tx_id into id;
  end if;
  -- both in one statement: nobody is below zero between what is taken back and what stands in its place
  insert into public.unit_ledger (ledger_tx_id, share_class_id, account, investor_id, lot_id, flow_id, units)
  select back, u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, -u.units from public.unit_ledger u where u.ledger_tx_id = wrong.ledger_tx_id and back is not null
  union all
  select id, u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, u.units from unnest(units) u where u.units <> 0
  union all
  select id, u.share_class_id, 'outstanding', null, null, null, -sum(u.units) from unnest(units) u group by u.share_class_id having sum(u.units) <> 0;
  insert into public.cash_movements (ledger_tx_id, fund_id, account, investor_id, flow_id, currency, amount, reference)
  select back, c.fund_id, c.account, c.investor_id, c.flow_id, c.currency, -c.amount, c.reference from public.cash_movements c where c.ledger_tx_id = wrong.ledger_tx_id and back is not null
  union all
  select id, of_fund, c.account, c.investor_id, c.flow_id, c.currency, c.amount, c.reference from unnest(cash) c where c.amount <> 0;
  return id;
end $$;
comment on function evergreen.post_instead(public.ledger_transactions, uuid, text, uuid, evergreen.unit_entry[], evergreen.cash_entry[]) is
  'Reverses a ledger transaction and posts another in its place, both at once; null when nothing stands in its place. EG424 a holding below zero, EG431 out of balance.';

create or replace function public.fn_open_register(share_class_id uuid, positions jsonb, request_id text default null, high_water numeric default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  class public.share_classes;
  bad int;
  units evergreen.unit_entry[];
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'sha256', encode(sha256(convert_to(positions::text, 'UTF8')), 'hex'))
    || jsonb_strip_nulls(jsonb_build_object('high_water', high_water));
  answer := evergreen.earlier_answer('fn_open_register', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into class from public.share_classes c where c.share_class_id = fn_open_register.share_class_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id.');
  perform 1 from public.funds f where f.fund_id = class.fund_id for no key update;
  perform evergreen.refuse_unless(jsonb_typeof(positions) = 'array', 'EG400', 'positions is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(positions) between 1 and 200000, 'EG413', 'positions has 1 to 200,000 rows.');
  perform evergreen.refuse_unless(not exists (select from public.unit_ledger u where u.share_class_id = class.share_class_id)
    and class.units_outstanding = 0, 'EG428', 'The register of the class is open already.');
  select count(*) into bad from jsonb_to_recordset(positions) p (investor_id uuid, units numeric, opened_on date, price numeric)
    left join public.investors i on i.investor_id = p.investor_id
   where (i.investor_id is not null and p.units > 0 and p.units < 1e18 and p.units = round(p.units, class.units_dp)
      and p.price > 0 and p.price < 1e18 and isfinite(p.opened_on) and p.opened_on <= current_date) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' positions name no investor, no units of the class''s decimals, no price or no date up to today.');
  perform evergreen.refuse_unless(fn_open_register.high_water is null or (fn_open_register.high_water > 0 and fn_open_register.high_water < 1e18), 'EG400', 'high_water is a price.');
  with rows as materialized (
    select gen_random_uuid() as lot_id, p.* from jsonb_to_recordset(positions)
        p (investor_id uuid, units numeric, opened_on date, price numeric, series text, high_water numeric, equalisation_credit numeric)
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, units_issued, price, high_water, equalisation_credit)
    select r.lot_id, class.share_class_id, r.investor_id, r.opened_on, coalesce(r.series, ''), r.units, r.price, r.high_water, coalesce(r.equalisation_credit, 0) from rows r
  )
  select array_agg(row(class.share_class_id, 'holder', r.investor_id, r.lot_id, null, r.units)::evergreen.unit_entry order by r.lot_id) into units from rows r;
  event := evergreen.emit('REGISTER_OPENED', class.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'positions', jsonb_array_length(positions)),
    evergreen.actor(), '{}', '{}', request_id);
  posted := evergreen.post_ledger(class.fund_id, 'opening', 'register as taken over', null, event, null, units, null);
  insert into public.class_marks (share_class_id, as_of, cause, high_water, ledger_tx_id)
  select class.share_class_id, current_date, 'opening', fn_open_register.high_water, posted where fn_open_register.high_water is not null;
  perform evergreen.audit(class.fund_id, 'ledger_transactions', posted::text, 'register opened with ' || jsonb_array_length(positions) || ' positions', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'positions', jsonb_array_length(positions));
  perform evergreen.keep_answer('fn_open_register', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_register(uuid, jsonb, text, numeric) is
  'Takes the register of a class over, once: positions = [{investor_id, units, opened_on, price, series?, high_water?, equalisation_credit?}] become lots; high_water is the mark of the class. EG400, EG404, EG413, EG428 open already.';

create or replace function public.fn_confirm_cash(fund text, payments jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  event uuid;
  posted uuid;
  counts record;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'sha256', encode(sha256(convert_to(payments::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_confirm_cash', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  perform evergreen.refuse_unless((select count(*) = count(distinct p.flow_id) from jsonb_to_recordset(payments) p (flow_id uuid)),
    'EG400', 'A payment names no order, or two name one.');
  perform 1 from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id order by f.flow_id for no key update of f;
  select count(*) into bad from jsonb_to_recordset(payments) p (flow_id uuid) left join public.fund_flows f on f.flow_id = p.flow_id and f.fund_id = of_fund.fund_id
   where f.flow_id is null or f.order_kind <> 'plain';
  perform evergreen.refuse_unless(bad = 0, 'EG404', bad || ' payments name no order of this fund that moves cash.');
  -- money of a subscription may come before its dealing; a redemption is paid when it is claimable; each once
  select count(*) into bad from jsonb_to_recordset(payments) p (flow_id uuid) join public.fund_flows f on f.flow_id = p.flow_id
   where f.cleared_at is not null or case f.direction when 'redemption' then f.status <> 'claimable'
     else f.status not in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') end;
  perform evergreen.refuse_unless(bad = 0, 'EG428', bad || ' payments are for orders that are paid already or cannot be paid now.');
  select count(*) into bad from jsonb_to_recordset(payments) p (flow_id uuid, amount numeric) join public.fund_flows f on f.flow_id = p.flow_id
   where p.amount is distinct from case f.direction when 'redemption' then f.net_amount else f.amount end;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' payments are not of the amount that is due.');
  event := evergreen.emit('CASH_CONFIRMED', of_fund.fund_id, jsonb_build_object('payments', jsonb_array_length(payments)), evergreen.actor(), '{}',
    array(select distinct f.investor_id from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id), request_id);
  posted := evergreen.post_ledger(of_fund.fund_id, 'cash', 'payments confirmed', null, event, null, null, (
    select array_agg(row(e.account, e.investor_id, f.flow_id, f.currency, e.amount, p.reference)::evergreen.cash_entry)
      from jsonb_to_recordset(payments) p (flow_id uuid, amount numeric, reference text) join public.fund_flows f on f.flow_id = p.flow_id
      cross join lateral (values
        ('bank', null::uuid, case f.direction when 'redemption' then -p.amount else p.amount end),
        (case f.direction when 'redemption' then 'redemptions_payable' else 'subscriptions_received' end, f.investor_id,
         case f.direction when 'redemption' then p.amount else -p.amount end)) e (account, investor_id, amount)));
  with named as materialized (
    select f.flow_id, f.status from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select n.flow_id, 'claimable', 'settled', event, evergreen.actor() from named n where n.status = 'claimable'
  )
  update public.fund_flows f set cleared_at = now(), status = case n.status when 'claimable' then 'settled' else f.status end,
         settled_at = case n.status when 'claimable' then now() end
    from named n where f.flow_id = n.flow_id;
  perform evergreen.settle_days(of_fund.fund_id);
  perform evergreen.knock_days(of_fund.fund_id, null, d.dealing_day_id, 'settled') from public.dealing_days d where d.fund_id = of_fund.fund_id and d.status = 'settled';
  select count(*) filter (where f.status = 'settled') as settled, count(*) filter (where f.status <> 'settled') as early into counts
    from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id;
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'cash confirmed: ' || jsonb_array_length(payments) || ' payments', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'settled', counts.settled, 'before_dealing', counts.early);
  perform evergreen.keep_answer('fn_confirm_cash', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_confirm_cash(text, jsonb, text) is
  'Cash has moved: payments = [{flow_id, amount, reference}] (fund currency, exactly what is due), posted as one ledger transaction; claimable orders become settled. EG400, EG404, EG413, EG428.';

create or replace function evergreen.settle_days(of_fund uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update public.dealing_days d set status = 'settled', step = 10
   where d.fund_id = of_fund and d.status = 'claimable' and not exists (
     select from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status in ('priced', 'allocated', 'claimable'));
end $$;
comment on function evergreen.settle_days(uuid) is 'Days of a fund whose every order is settled, carried or lapsed are settled.';

create or replace function public.fn_reverse_ledger(ledger_tx_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  wrong public.ledger_transactions;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('ledger_tx_id', ledger_tx_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_reverse_ledger', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into wrong from public.ledger_transactions t where t.ledger_tx_id = fn_reverse_ledger.ledger_tx_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No ledger transaction with that id.');
  perform 1 from public.funds f where f.fund_id = wrong.fund_id for no key update;
  perform evergreen.refuse_unless(wrong.reverses is null, 'EG428', 'A reversal is not reversed; post anew.');
  perform evergreen.refuse_unless(not exists (select from public.ledger_transactions t where t.reverses = wrong.ledger_tx_id), 'EG428', 'It has been reversed already.');
  perform evergreen.refuse_unless(wrong.posted_by <> evergreen.actor(), 'EG420', 'Who posted it cannot reverse it: a second person must.');
  event := evergreen.emit('LEDGER_REVERSED', wrong.fund_id, jsonb_build_object('ledger_tx_id', wrong.ledger_tx_id), evergreen.actor(), '{}', '{}', request_id);
  posted := evergreen.post_ledger(wrong.fund_id, 'reversal', left(reason, 500), wrong.dealing_day_id, event, wrong.ledger_tx_id,
    (select array_agg(row(u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, -u.units)::evergreen.unit_entry)
       from public.unit_ledger u where u.ledger_tx_id = wrong.ledger_tx_id and u.account = 'holder'),
    (select array_agg(row(m.account, m.investor_id, m.flow_id, m.currency, -m.amount, m.reference)::evergreen.cash_entry)
       from public.cash_movements m where m.ledger_tx_id = wrong.ledger_tx_id));
  perform evergreen.audit(wrong.fund_id, 'ledger_transactions', posted::text, 'reverses ' || wrong.ledger_tx_id, request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'reverses', wrong.ledger_tx_id);
  perform evergreen.keep_answer('fn_reverse_ledger', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_reverse_ledger(uuid, text, text) is
  'Posts the opposite of a ledger transaction, once, by somebody else than who posted it; states of orders stay. EG404, EG420, EG424 units are gone since, EG428.';

-- from sql/6e-fn-fee-terms.sql
-- What a performance fee does to dealing (R22, R24): the mark of a class for a day, the price before fee, and what each lot would pay and get.

create or replace function evergreen.marks_known(of_class uuid, known_on timestamptz) returns setof public.class_marks language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.* from public.class_marks m where m.share_class_id = of_class and m.recorded_at <= known_on
     and not exists (select from public.class_marks x where x.replaces = m.mark_id and x.recorded_at <= known_on)
$$;
comment on function evergreen.marks_known(uuid, timestamptz) is 'What moved the mark of a class, as known on a time: a fee that was taken again stands in place of the first.';

create or replace function evergreen.mark_on(of_class uuid, on_day date, after_fee boolean) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- R22: the last thing that moved it; before anything did, the mark that came with the register, or the first price
  select coalesce((select m.high_water from evergreen.marks_known(of_class, 'infinity') m
                    where (m.cause = 'opening' or m.as_of < on_day or (m.as_of = on_day and (after_fee or m.cause = 'distribution')))
                    order by m.cause <> 'opening' desc, m.as_of desc, m.updated_at desc limit 1),
                  (select c.issue_price from public.share_classes c where c.share_class_id = of_class))
$$;
comment on function evergreen.mark_on(uuid, date, boolean) is
  'High-water mark of a class for the NAV of a day, fund currency per unit: what was distributed by then has lowered it; what the NAV of that day crystallised counts after its fee only.';

create or replace function evergreen.fee_terms(of_strike uuid, of_class uuid)
returns table (method text, rate numeric, mark numeric, price_before_fee numeric, entry_price numeric, open boolean) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select x.method, x.rate, x.mark, x.gav, case when x.open then round(x.gav, x.price_dp) when x.method = 'series' then coalesce(x.issue_price, x.nav_per_unit) else x.nav_per_unit end, x.open from (
    select p.body #>> '{fees,performance,method}' as method, coalesce((p.body #>> '{fees,performance,rate}')::numeric, 0) as rate,
           evergreen.mark_on(n.share_class_id, s.nav_date, true) as mark, round(n.nav + n.performance_accrued, 30) / nullif(n.units, 0) as gav, n.nav_per_unit, c.price_dp, c.issue_price,
           p.body #>> '{fees,performance,method}' = 'equalisation' and n.units > 0 and not exists (select from public.class_marks m
             where m.share_class_id = n.share_class_id and m.cause = 'crystallisation' and m.as_of = s.nav_date) is true as open
      from public.class_navs n join public.nav_strikes s using (strike_id) join public.share_classes c using (share_class_id)
      left join lateral evergreen.dealing_policy(n.share_class_id, s.nav_date) p on true
     where n.strike_id = of_strike and n.share_class_id = of_class) x
$$;
comment on function evergreen.fee_terms(uuid, uuid) is
  'How a class deals at a strike (R24), fund currency per unit: the price before performance fee, at which is subscribed (by series at the issue price, R25), and the mark; not open: no equalisation, or the fee was taken on this very NAV.';

create or replace function evergreen.lot_dues(of_strike uuid, of_class uuid, of_lots uuid[])
returns table (lot_id uuid, fee numeric, refund numeric, depreciation numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- money for all units of the lot, exact to 20 decimals
  select l.lot_id, x.fee, least(l.equalisation_credit, x.fee), t.rate * greatest(0, least(t.price_before_fee, t.mark) - coalesce(l.high_water, l.price)) * l.units_left
    from evergreen.fee_terms(of_strike, of_class) t join public.lots l on l.lot_id = any (of_lots)
    cross join lateral (select t.rate * greatest(0, t.price_before_fee - t.mark) * l.units_left as fee) x where t.open
$$;
comment on function evergreen.lot_dues(uuid, uuid, uuid[]) is
  'What lots of a class would pay and get if their fee crystallised at a strike (R24), fund currency: their part of the fee of the class, the refund of their credit as far as that reaches, their own depreciation charge.';

-- from sql/6e-fn-lmt.sql
-- Liquidity tools: the policy of a fund as data, activation by two people with a drafted notice, and what was decided on a dealing day.

create or replace function public.fn_set_lmt_policy(fund text, pack text, body jsonb, effective_from date, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  made public.lmt_policies;
  tools text[];
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'pack', pack, 'body', body, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_lmt_policy', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(length(pack) between 1 and 40 and isfinite(effective_from), 'EG400', 'pack has 1 to 40 characters and effective_from is a date.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 65536, 'EG400', 'body is a JSON object of at most 64 KB.');
  perform evergreen.refuse_unless(coalesce(body ->> 'pack', pack) = pack, 'EG400', 'body.pack is the pack that is named.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'tools') = 'array', 'EG400', 'body.tools is a list of tools.');
  select array_agg(distinct t order by t) into tools from jsonb_array_elements_text(body -> 'tools') t;
  -- R9c: at least two of the seven, and not only swing with dual pricing; money-market funds one; regimes outside AIFMD II and UCITS have their own packs
  perform evergreen.refuse_unless(tools <@ array['redemption_gate', 'notice_extension', 'redemption_fee', 'swing_pricing', 'dual_pricing', 'anti_dilution_levy', 'redemption_in_kind'],
    'EG400', 'A tool is one of redemption_gate, notice_extension, redemption_fee, swing_pricing, dual_pricing, anti_dilution_levy, redemption_in_kind.');
  perform evergreen.refuse_unless(coalesce(body ->> 'regime', '') in ('us_interval', 'us_nav_reit', 'other')
      or cardinality(tools) >= case when 'mmf' in (pack, body ->> 'regime') then 1 else 2 end and tools <> array['dual_pricing', 'swing_pricing'],
    'EG424', 'At least two tools are selected, and not only swing with dual pricing.');
  perform evergreen.refuse_unless(coalesce(body ->> 'carry', 'auto_pari_passu') in ('auto_pari_passu', 'priority_by_vintage', 'lapse_resubmit'), 'EG400', 'carry is auto_pari_passu, priority_by_vintage or lapse_resubmit.');
  insert into public.lmt_policies (fund_id, version, effective_from, pack, body, hash, set_by)
  values (of_fund.fund_id, (select coalesce(max(p.version), 0) + 1 from public.lmt_policies p where p.fund_id = of_fund.fund_id), fn_set_lmt_policy.effective_from,
    fn_set_lmt_policy.pack, fn_set_lmt_policy.body, encode(sha256(convert_to(body::text, 'UTF8')), 'hex'), evergreen.actor()) returning * into made;
  perform evergreen.emit('POLICY_SET', of_fund.fund_id, jsonb_build_object('policy_id', made.policy_id, 'kind', 'lmt', 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'lmt_policies', made.policy_id::text, 'liquidity tools version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('policy_id', made.policy_id, 'version', made.version, 'hash', made.hash);
  perform evergreen.keep_answer('fn_set_lmt_policy', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_lmt_policy(text, text, jsonb, date, text) is
  'Sets the liquidity tools of a fund from a date on (R9c: two at least). Returns {policy_id, version, hash}. EG400, EG404, EG424 too few.';

create or replace function public.fn_propose_lmt(fund text, tool text, trigger jsonb, notice text, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  proposal uuid := gen_random_uuid();
  event uuid;
  until timestamptz;
  what jsonb;
  digest text;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_liquidity_engine', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'tool', tool, 'trigger', trigger, 'notice', notice, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_propose_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(trigger) = 'object' and octet_length(trigger::text) <= 65536, 'EG400', 'trigger is a JSON object of at most 64 KB: the facts that ask for the tool.');
  perform evergreen.refuse_unless(length(notice) between 20 and 8000, 'EG400', 'notice is the drafted text, 20 to 8,000 characters.');
  perform evergreen.refuse_unless(tool <> 'notice_extension' or not trigger ? 'notice' or ((trigger #>> '{notice,n}')::int between 1 and 1000 and trigger #>> '{notice,basis}' in ('calendar', 'business')),
    'EG400', 'trigger.notice of an extension is {n: 1 to 1000, basis: calendar or business}.');
  perform evergreen.refuse_unless(tool <> 'side_pocket' or coalesce(jsonb_typeof(trigger -> 'assets') = 'array', false), 'EG400', 'trigger.assets of a side pocket is a list of asset ids.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  -- suspension and side pocket are always there; the others when the policy selects them
  perform evergreen.refuse_unless(tool in ('suspension', 'side_pocket') or coalesce((select case tool when 'investor_gate' then p.body -> 'tools' ? 'redemption_gate' else p.body -> 'tools' ? tool end
    from public.lmt_policies p where p.fund_id = of_fund.fund_id and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1), false),
    'EG428', 'The fund has not selected that tool.');
  perform evergreen.refuse_unless(not exists (select from public.lmt_activations a join public.proposals p on p.proposal_id = a.proposal_id
    where a.fund_id = of_fund.fund_id and a.tool = fn_propose_lmt.tool and p.kind = 'lmt' and (a.status = 'active' or (a.status = 'proposed' and p.status in ('pending', 'approved') and p.expires_at > now()))),
    'EG428', 'That tool is active or proposed already.');
  until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
  what := jsonb_build_object('activation_id', id, 'tool', tool, 'notice', notice);
  digest := evergreen.proposal_hash(proposal, of_fund.fund_id, 'lmt', what, trigger, until);
  event := evergreen.emit('LMT_PROPOSED', of_fund.fund_id, jsonb_build_object('activation_id', id, 'proposal_id', proposal), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_propose_lmt.workflow_id)), '{}', request_id);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
  values (proposal, of_fund.fund_id, 'lmt', 'pending', digest, what, trigger, '{"funds": 1}', of_fund.allocations_version, event, coalesce(fn_propose_lmt.workflow_id, 'lmt/' || id),
    evergreen.actor(), evergreen.actor(), 2, until);
  insert into public.lmt_activations (activation_id, fund_id, tool, trigger, status, proposal_id, notice)
  values (id, of_fund.fund_id, fn_propose_lmt.tool, fn_propose_lmt.trigger, 'proposed', proposal, fn_propose_lmt.notice);
  perform evergreen.audit(of_fund.fund_id, 'lmt_activations', id::text, tool || ' proposed', request_id);
  answer := jsonb_build_object('activation_id', id, 'proposal_id', proposal, 'hash', digest);
  perform evergreen.keep_answer('fn_propose_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_lmt(text, text, jsonb, text, text, text) is
  'Puts the activation of a liquidity tool before two people: the facts that ask for it and the drafted notice. EG400, EG404, EG428.';

create or replace function public.fn_activate_lmt(activation_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
  p public.proposals;
begin
  perform evergreen.require_role('pm_role', 'agent_commander');
  input := jsonb_build_object('activation_id', activation_id);
  answer := evergreen.earlier_answer('fn_activate_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select x.* into p from public.proposals x where x.proposal_id = (select y.proposal_id from public.lmt_activations y where y.activation_id = fn_activate_lmt.activation_id) for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No activation with that id.');
  perform 1 from public.funds f where f.fund_id = p.fund_id for no key update;
  select * into a from public.lmt_activations x where x.activation_id = fn_activate_lmt.activation_id for no key update;
  perform evergreen.refuse_unless(a.status = 'proposed' and p.status = 'approved', 'EG428', 'The activation is ' || a.status || ' and its proposal ' || p.status || '.');
  perform evergreen.refuse_unless(evergreen.has_approvals(p), 'EG420', 'Two people who did not propose it must approve the activation.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at) and p.body ->> 'notice' = a.notice
    and p.inputs = a.trigger and p.body ->> 'tool' = a.tool, 'EG421', 'The proposal was changed after it was hashed.');
  perform evergreen.refuse_unless(a.tool <> 'side_pocket' or a.nca_notified_at is not null, 'EG428', 'The authority is told of a side pocket before it is activated.');
  update public.lmt_activations x set status = 'active', active_from = now() where x.activation_id = a.activation_id;
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  if a.tool = 'suspension' then
    update public.funds f set status = 'suspended' where f.fund_id = a.fund_id;
  end if;
  perform evergreen.emit('LMT_ACTIVATED', a.fund_id, jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  perform evergreen.knock_days(a.fund_id, null, null, a.tool || ' activated');
  perform evergreen.audit(a.fund_id, 'lmt_activations', a.activation_id::text, a.tool || ' activated', request_id);
  answer := jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', 'active');
  perform evergreen.keep_answer('fn_activate_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_activate_lmt(uuid, text) is
  'Puts an approved liquidity tool to use, once; a suspension suspends the fund, subscriptions and redemptions alike. EG404, EG420, EG421, EG428.';

create or replace function public.fn_end_lmt(activation_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('activation_id', activation_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_end_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.lmt_activations x where x.activation_id = fn_end_lmt.activation_id) for no key update;
  select * into a from public.lmt_activations x where x.activation_id = fn_end_lmt.activation_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No activation with that id.');
  perform evergreen.refuse_unless(a.status = 'active', 'EG428', 'The activation is ' || a.status || '.');
  update public.lmt_activations x set status = 'ended', active_until = now(), end_reason = reason where x.activation_id = a.activation_id;
  if a.tool = 'suspension' then
    update public.funds f set status = 'active' where f.fund_id = a.fund_id and f.status = 'suspended';
  end if;
  perform evergreen.emit('LMT_ENDED', a.fund_id, jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(a.fund_id, null, null, a.tool || ' ended');
  perform evergreen.audit(a.fund_id, 'lmt_activations', a.activation_id::text, a.tool || ' ended', request_id);
  answer := jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', 'ended');
  perform evergreen.keep_answer('fn_end_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_end_lmt(uuid, text, text) is 'Ends an active liquidity tool; the end of a suspension opens the fund again. EG400, EG404, EG428.';

create or replace function evergreen.gate_in_use(of_fund uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.lmt_activations a join public.proposals p using (proposal_id) where a.fund_id = of_fund and a.tool = 'redemption_gate' and a.status = 'active' and p.kind = 'lmt')
$$;
comment on function evergreen.gate_in_use(uuid) is 'Whether people put the gate to use; what a dealing day does by the policy alone is another row, under the approvals of its NAV.';

create or replace function evergreen.is_ordinary(policy jsonb, fraction numeric) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(fraction * coalesce(nullif(split_part(policy #>> '{gate,ordinaryFrom}', '/', 2), '')::numeric, 1) >= split_part(policy #>> '{gate,ordinaryFrom}', '/', 1)::numeric, true)
$$;
comment on function evergreen.is_ordinary(jsonb, numeric) is 'Whether a gate that executes that share of the redemptions is what the policy foresees as ordinary use (R9c); without a limit in the policy every gate is.';

create or replace function evergreen.end_gate_use(of_strike uuid, why text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  ended record;
begin
  if exists (select from public.dealing_days d where d.strike_id = of_strike and d.status in ('struck', 'lmt_decided', 'allocated')) then
    return;  -- another class deals at the same NAV under the same gate
  end if;
  for ended in update public.lmt_activations a set status = 'ended', active_until = now(), end_reason = why from public.proposals p, public.dealing_days d
      where d.strike_id = of_strike and p.workflow_id = d.workflow_id and a.proposal_id = p.proposal_id and a.tool = 'redemption_gate' and a.status = 'active' returning a.* loop
    perform evergreen.emit('LMT_ENDED', ended.fund_id, jsonb_build_object('activation_id', ended.activation_id, 'tool', ended.tool), evergreen.actor(), '{}', '{}', null);
  end loop;
end $$;
comment on function evergreen.end_gate_use(uuid, text) is 'Ends the use of the gate on a dealing date when no class that deals at its NAV is under it any more.';

create or replace function evergreen.note_gate(d public.dealing_days, decision jsonb) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
  id uuid;
  words text := coalesce(decision ->> 'notice', 'Draft notice, dealing date ' || d.dealing_date || ': redemptions are executed in part, everybody alike, as the policy of the fund says; nobody has sent it.');
  facts jsonb := decision - array['lab', 'notice', 'tools'] || jsonb_build_object('dealing_date', d.dealing_date, 'strike_id', d.strike_id);
begin
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  if not (decision ->> 'gate')::boolean then
    update public.lmt_activations a set status = 'ended', active_until = now(), end_reason = 'decided anew: no gate' where a.proposal_id = s.proposal_id and a.status = 'active' returning a.activation_id into id;
    if id is not null then
      perform evergreen.emit('LMT_ENDED', d.fund_id, jsonb_build_object('activation_id', id, 'tool', 'redemption_gate'), evergreen.actor(), '{}', '{}', null);
    end if;
    return;
  end if;
  -- a gate that people decided on has its row, with the facts that they saw
  if evergreen.gate_in_use(d.fund_id) then
    return;
  end if;
  update public.lmt_activations a set trigger = facts, notice = words where a.proposal_id = s.proposal_id and a.status = 'active' returning a.activation_id into id;
  if id is null then
    insert into public.lmt_activations (fund_id, tool, trigger, status, proposal_id, notice, active_from)
    values (d.fund_id, 'redemption_gate', facts, 'active', s.proposal_id, words, now()) returning activation_id into id;
    perform evergreen.emit('LMT_ACTIVATED', d.fund_id, jsonb_build_object('activation_id', id, 'tool', 'redemption_gate'), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', null);
  end if;
end $$;
comment on function evergreen.note_gate(public.dealing_days, jsonb) is
  'Keeps the use of the gate on a dealing day (R9c): tool, facts, drafted notice; it stands under the NAV that two people approved with what the gate would do before them, or under their own decision.';

create or replace function public.fn_decide_lmt(dealing_day_id uuid, decision jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  suspend boolean;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'decision', decision);
  answer := evergreen.earlier_answer('fn_decide_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(jsonb_typeof(decision) = 'object' and octet_length(decision::text) <= 65536, 'EG400', 'decision is a JSON object of at most 64 KB.');
  suspend := coalesce((decision ->> 'suspend')::boolean, false);
  if suspend then
    -- the locked orders stay queued for the next day; nothing was priced
    perform evergreen.refuse_unless(d.status in ('cut_off', 'inputs_frozen', 'nav_proposed'), 'EG428', 'The dealing day is ' || d.status || '.');
    perform evergreen.refuse_unless(exists (select from public.lmt_activations a where a.fund_id = d.fund_id and a.tool = 'suspension' and a.status = 'active'),
      'EG428', 'No suspension of the fund is active: two people activate it first.');
  else
    perform evergreen.refuse_unless(d.status in ('struck', 'lmt_decided'), 'EG428', 'The dealing day is ' || d.status || '.');
    perform evergreen.refuse_unless(jsonb_typeof(decision -> 'gate') = 'boolean', 'EG400', 'decision.gate says whether redemptions are gated.');
    if (decision ->> 'gate')::boolean then
      perform evergreen.refuse_unless((decision ->> 'cap_units')::numeric >= 0 and (decision ->> 'cap_units')::numeric < 1e18, 'EG400', 'decision.cap_units is what may be paid, in units of the class.');
      perform evergreen.refuse_unless(exists (select from public.lmt_policies p where p.policy_id = d.lmt_policy_id and p.body -> 'tools' ? 'redemption_gate'),
        'EG428', 'The policy that is pinned to the day has no gate.');
      perform evergreen.refuse_unless(decision ->> 'notice' is null or length(decision ->> 'notice') between 20 and 8000, 'EG400', 'decision.notice is the drafted text, 20 to 8,000 characters.');
      perform evergreen.refuse_unless(evergreen.is_ordinary((select p.body from public.lmt_policies p where p.policy_id = d.lmt_policy_id), (decision ->> 'fraction')::numeric)
        or evergreen.gate_in_use(d.fund_id), 'EG428', 'So small a share is no ordinary use of the gate: two people decide on it first.');
    else
      perform evergreen.refuse_unless(decision ->> 'cap_units' is null, 'EG400', 'Without a gate there is no cap_units.');
    end if;
  end if;
  if not suspend then
    perform evergreen.note_gate(d, decision);
  end if;
  update public.dealing_days x set status = case when suspend then 'suspended' else 'lmt_decided' end,
    -- what the lab found stays beside what was decided
    decision = case when x.decision ? 'lab' then jsonb_build_object('lab', x.decision -> 'lab') else '{}'::jsonb end || (fn_decide_lmt.decision - 'notice'), step = greatest(x.step, 6) where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.emit(case when suspend then 'SUSPENDED' else 'LMT_DECIDED' end, d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, case when suspend then 'dealing suspended' when (decision ->> 'gate')::boolean then 'gate applied' else 'no gate' end, request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_decide_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_lmt(uuid, jsonb, text) is
  'Records what was decided on the unswung NAV: {gate, cap_units?, fraction?, tools?, notice?, …}, a gate as use of the tool with its notice; below what the policy calls ordinary two people decide first; or {suspend: true}, for which an activated suspension must stand. cap_units bounds the redemptions that are allocated. EG400, EG404, EG428.';

-- from sql/6e-fn-series.sql
-- A class whose performance fee is by series (R25): which series a lot is of, which a day opens, and what a strike has to say of them.

create or replace function evergreen.by_series(of_class uuid, on_day date) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- a side pocket is under the fee terms of the class it came from
  select coalesce((select p.body #>> '{fees,performance,method}' = 'series' from public.share_classes c
    cross join lateral evergreen.dealing_policy(coalesce(c.pocket_of, c.share_class_id), on_day) p where c.share_class_id = of_class), false)
$$;
comment on function evergreen.by_series(uuid, date) is 'Whether the terms of a class in force on a day take its performance fee by series.';

create or replace function evergreen.series_of(l public.lots) returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when l.series <> '' then l.series else to_char(l.opened_on, 'YYYY-MM-DD') || '@' || trim_scale(l.price) end
$$;
comment on function evergreen.series_of(public.lots) is 'The series of a lot; one that has none yet is of the day and price it was opened at, and is named so by the first strike by series.';

create or replace function evergreen.new_series(of_strike uuid, of_class uuid, on_day date) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select to_char(on_day, 'YYYY-MM-DD') || case when exists (select from public.series_navs n where n.strike_id = of_strike and n.share_class_id = of_class and n.series = to_char(on_day, 'YYYY-MM-DD')) then '/2' else '' end
$$;
comment on function evergreen.new_series(uuid, uuid, date) is 'Name of the series that a dealing day opens: its date; a register that was taken over may have that name already.';

create or replace function evergreen.series_register(s public.nav_strikes, of_class uuid)
returns table (series text, units numeric, high_water numeric, since date) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.series_of(l), sum(l.units_left), max(coalesce(l.high_water, l.price)), min(coalesce(l.hurdle_from, l.opened_on))
    from public.lots l where s.supersedes is null and l.share_class_id = of_class and l.units_left > 0 group by 1
  union all
  select n.series, n.units, n.high_water, n.since from public.series_navs n where n.strike_id = s.supersedes and n.share_class_id = of_class
$$;
comment on function evergreen.series_register(public.nav_strikes, uuid) is 'The series that a strike of a class is over, with their units, mark and the day their hurdle runs from: those of the register, or of the strike it corrects.';

create or replace function evergreen.series_foot(s public.nav_strikes, of_class uuid, class_nav numeric, class_fee numeric, stated jsonb) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with said as materialized (
    select r.* from jsonb_to_recordset(case jsonb_typeof(stated) when 'array' then stated else '[]' end)
      r (series text, units numeric, nav numeric, nav_per_unit numeric, performance_accrued numeric, high_water numeric, since date)
  )
  select (select count(*) = count(distinct x.series) and sum(x.nav) = class_nav and sum(x.performance_accrued) = class_fee from said x)
     and not exists (select from evergreen.series_register(s, of_class) k full join said x on x.series = k.series cross join public.share_classes c
       where c.share_class_id = of_class and (x.units = k.units and x.high_water = k.high_water and x.since = k.since and x.nav > 0 and evergreen.within_exponent(x.nav, c.currency)
         and x.performance_accrued >= 0 and evergreen.within_exponent(x.performance_accrued, c.currency)
         and x.nav_per_unit > 0 and x.nav_per_unit = round(round(x.nav, 30) / k.units, c.price_dp)) is not true)
$$;
comment on function evergreen.series_foot(public.nav_strikes, uuid, numeric, numeric, jsonb) is
  'Whether what is said of the series of a class is true of its register: each once with its units, mark and hurdle, its price its value over its units, values and fees those of the class.';

create or replace function evergreen.series_open(of_strike uuid, of_class uuid)
returns table (series text, units numeric, price numeric, fee numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select n.series, n.units, n.nav_per_unit, case when exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = s.nav_date) then 0 else n.performance_accrued end
    from public.series_navs n join public.nav_strikes s using (strike_id) where n.strike_id = of_strike and n.share_class_id = of_class
$$;
comment on function evergreen.series_open(uuid, uuid) is 'The series of a class at a strike with their prices, fund currency per unit, and the fee that is open on them: nothing once it was taken on this very NAV.';

-- from sql/6f-fn-posting.sql
-- The dealing day, second half: allocations (computed elsewhere, held to the rules here), posting in one transaction, claims, the close.

create or replace function evergreen.unequal_fills(of_day uuid) returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with redeemed as (
    select a.flow_id, a.cohort, a.filled_units as got, coalesce(a.admitted_units, a.requested_units) as asked, power(10::numeric, -c.units_dp) as ulp,
           sum(a.filled_units) over w as all_got, sum(coalesce(a.admitted_units, a.requested_units)) over w as all_asked
      from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.share_classes c on c.share_class_id = a.share_class_id
     where a.dealing_day_id = of_day and f.direction = 'redemption' and f.order_kind = 'plain' window w as (partition by a.cohort)
  )
  select r.flow_id from redeemed r
   where (r.all_asked > 0 and abs(r.got * r.all_asked - r.asked * r.all_got) >= (r.all_asked + r.asked) * r.ulp)
      -- counted once for all rows: a join would count anew for each
      or (r.all_got > 0 and r.all_got < r.all_asked and (select count(distinct o.cohort) from redeemed o where o.all_got > 0 and o.all_got < o.all_asked) > 1)
$$;
comment on function evergreen.unequal_fills(uuid) is 'Redemptions of a day that got another share of what was admitted of them than the others of their cohort, or whose cohort is one of several paid in part.';

create or replace function evergreen.check_equalisation(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad int;
begin
  -- R24: a subscription pays the price before fee, gets the fee in it as a credit and starts at that price; without equalisation there is no credit
  with terms as materialized (select n.share_class_id, t.* from public.class_navs n cross join lateral evergreen.fee_terms(n.strike_id, n.share_class_id) t where n.strike_id = d.strike_id)
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) join terms t on t.share_class_id = a.share_class_id
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and f.order_kind <> 'transfer'
     and t.method is not null and (a.equalisation_credit = case when t.method = 'equalisation' then round(t.rate * greatest(0, t.entry_price - t.mark) * a.filled_units, 18) else 0 end
       and (t.method <> 'equalisation' or coalesce(a.high_water, a.price) = t.entry_price)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' subscriptions have not the credit and the reference that the price before fee and the mark give.');
  if not exists (select from (select distinct a.share_class_id from public.allocations a where a.dealing_day_id = d.dealing_day_id) c
    cross join lateral evergreen.fee_terms(d.strike_id, c.share_class_id) t where t.open) then
    select count(*) into bad from public.allocations a
     where a.dealing_day_id = d.dealing_day_id and (a.credit <> 0 or a.performance_fee <> 0) and a.pieces = '[]'
       and exists (select from evergreen.dealing_policy(a.share_class_id, d.dealing_date) p where p.body #> '{fees,performance}' is not null);
  else
    -- a redemption takes its share of what its lots would pay and get today, to one minor unit of rounding
    with pieces as materialized (select p.flow_id, p.lot_id, -p.units as units from unnest(evergreen.consume_lots(d)) p),
    dues as materialized (
      select x.* from (select a.share_class_id from public.allocations a where a.dealing_day_id = d.dealing_day_id group by 1) c
        cross join lateral evergreen.lot_dues(d.strike_id, c.share_class_id, array(select p.lot_id from pieces p)) x),
    owed as (
      select p.flow_id, sum((u.refund - u.depreciation) * p.units / l.units_left) as credit, sum((u.fee - u.refund + u.depreciation) * p.units / l.units_left) as fee
        from pieces p join public.lots l using (lot_id) join dues u using (lot_id) group by p.flow_id)
    select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) join public.currencies u on u.code = f.currency left join owed o using (flow_id)
     where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind <> 'transfer' and a.pieces = '[]'
       and (abs(a.credit - greatest(coalesce(o.credit, 0), -a.gross_amount)) <= power(10::numeric, -u.exponent)
         and abs(a.performance_fee - coalesce(o.fee, 0)) <= power(10::numeric, -u.exponent)) is not true;
  end if;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' redemptions have not the credit or the performance fee that their lots give.');
end $$;
comment on function evergreen.check_equalisation(public.dealing_days) is 'Refuses (EG424) a subscription with another credit, or a redemption with another credit or fee, than equalisation gives (R24).';

create or replace function evergreen.check_allocations(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad int;
  cap numeric := (d.decision ->> 'cap_units')::numeric;
  asked numeric;
  filled numeric;
begin
  -- every order of the day once, and no other
  select count(*) into bad from (select f.flow_id from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status = 'priced') o
    full join (select a.flow_id from public.allocations a where a.dealing_day_id = d.dealing_day_id) a using (flow_id) where o.flow_id is null or a.flow_id is null;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' orders of the day have no fill, or fills name no order of the day.');
  -- each by itself: decimals, what was asked, money that foots at the dealing price, a reason for what is not filled
  select count(*) into bad
    from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.share_classes c on c.share_class_id = f.share_class_id
    join public.currencies u on u.code = f.currency join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = f.share_class_id
    join public.dealing_policies p on p.policy_id = d.policy_id
    left join public.fund_flows g on g.flow_id = f.linked_flow_id left join public.allocations l on l.dealing_day_id = a.dealing_day_id and l.flow_id = g.flow_id
   where a.dealing_day_id = d.dealing_day_id and (
     a.filled_units = round(a.filled_units, c.units_dp) and a.carried_units = round(a.carried_units, c.units_dp)
     and a.gross_amount = round(a.gross_amount, u.exponent) and a.levy = round(a.levy, u.exponent) and a.fee = round(a.fee, u.exponent) and a.refund = round(a.refund, u.exponent) and a.credit = round(a.credit, u.exponent)
     and a.performance_fee = round(a.performance_fee, u.exponent)
     and length(a.cohort) between 1 and 40 and (a.reason is null or length(a.reason) <= 200)
     -- what becomes of the rest: only what is carried goes on, nobody is asked twice, and dust ends only after its investor was asked and did not keep it
     and case when a.rest is null then true when f.direction <> 'redemption' then false when a.rest in ('carried', 'pay_or_notify', 'notify') then a.carried_units > 0
              when a.rest = 'ask_dust' then a.carried_units > 0 and f.dust_asked_at is null when a.rest = 'lapsed' then a.carried_units = 0
              when a.rest = 'cancelled_dust' then a.carried_units = 0 and f.dust_asked_at is not null and f.dust_answer is distinct from 'keep' else false end
     and (a.refund = 0 or (f.direction = 'subscription' and f.order_kind = 'plain'))
     and (a.admitted_units is null or (f.direction = 'redemption' and f.order_kind = 'plain' and a.admitted_units = round(a.admitted_units, c.units_dp)
       and a.admitted_units between a.filled_units and a.requested_units and (a.admitted_units = a.requested_units or a.reason is not null)))
     and case when f.order_kind = 'transfer' then a.gross_amount = 0 and a.net_amount = 0 and a.levy = 0 and a.fee = 0 and a.credit = 0 and a.performance_fee = 0
                and a.requested_units = f.requested_units and a.filled_units = l.filled_units and a.carried_units = l.carried_units
              when f.direction = 'redemption' then a.requested_units > 0
                and case when f.requested_units is not null then a.requested_units = f.requested_units
                         else abs(a.requested_units * n.nav_per_unit - f.amount) < n.nav_per_unit * power(10::numeric, -c.units_dp) end
                and (a.pieces <> '[]' or a.gross_amount = trunc(a.filled_units * a.price, u.exponent)) and a.net_amount = a.gross_amount - a.levy - a.fee + a.credit
                and (a.filled_units = a.requested_units or a.reason is not null)
              else (f.order_kind = 'switch' or a.filled_units > 0) and a.carried_units = 0 and a.credit = 0 and a.performance_fee = 0 and a.gross_amount = case f.order_kind when 'switch' then l.net_amount else f.amount end
                and a.net_amount = a.gross_amount - a.levy - a.fee - a.refund and a.filled_units = trunc(round(a.net_amount, 30) / a.price, c.units_dp)
                -- R5b: whole minor units that the rounding down leaves are paid back from the amount of the terms on, and below it stay in the fund
                and (f.order_kind <> 'plain' or a.refund = (select case when r.over > 0 and coalesce(r.over >= (p.body ->> 'refundFrom')::numeric, false) then r.over else 0 end
                  from (select trunc(a.net_amount + a.refund - a.filled_units * a.price, u.exponent) as over) r)) end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' fills are not what the order and the dealing price give.');
  perform evergreen.check_equalisation(d);
  perform evergreen.check_series(d);
  -- Σ fills ≤ cap; what changes its owner or its class only takes nothing out of the fund
  perform evergreen.refuse_unless(cap is null or cap >= (select coalesce(sum(a.filled_units), 0) from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
    where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind = 'plain'), 'EG424', 'The fills exceed the cap that was decided.');
  -- and when more is asked than may be paid, all of it is paid: the gate never under-fills (R6); of several classes at one ratio each has its own floor
  select sum(coalesce(a.admitted_units, a.requested_units)), sum(a.filled_units) into asked, filled from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind = 'plain';
  perform evergreen.refuse_unless(cap is null or filled is null or filled = least(cap, asked) or exists (select from public.dealing_days x where x.strike_id = d.strike_id and x.dealing_day_id <> d.dealing_day_id),
    'EG424', 'The fills are less than what may be paid.');
  -- of what lots and an investor gate admit of it, everybody in a cohort gets the same share, to one unit of rounding (and what the floor of the whole takes
  -- from the share); cohorts are paid one after the other, so that no name of a cohort is a way around it
  select count(*) into bad from evergreen.unequal_fills(d.dealing_day_id);
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' fills are not equal to the others of their cohort within one unit of rounding, or two cohorts are paid in part.');
  -- nobody above the holding
  select count(*) into bad from (select a.investor_id, a.share_class_id, sum(a.filled_units) as units from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
      where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' group by 1, 2) x
    left join public.holdings h on h.investor_id = x.investor_id and h.share_class_id = x.share_class_id where x.units > coalesce(h.units, 0);
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' investors would redeem more than they hold.');
end $$;
comment on function evergreen.check_allocations(public.dealing_days) is
  'Refuses (EG400, EG424) what must never be: a fill beyond the order, the cap, the holding or the others of its cohort, money that does not foot.';

create or replace function public.fn_record_allocations(dealing_day_id uuid, terms jsonb, fills jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  swing_sub numeric;
  swing_red numeric;
  n int;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'terms', terms, 'sha256', encode(sha256(convert_to(fills::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_record_allocations', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('lmt_decided', 'allocated'), 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.refuse_unless(jsonb_typeof(terms) = 'object' and octet_length(terms::text) <= 65536 and jsonb_typeof(fills) = 'array', 'EG400', 'terms is an object and fills a list.');
  perform evergreen.refuse_unless(jsonb_array_length(fills) <= 500000, 'EG413', 'fills has at most 500,000 rows.');
  swing_sub := coalesce((terms ->> 'swing_sub')::numeric, 0);
  swing_red := coalesce((terms ->> 'swing_red')::numeric, 0);
  perform evergreen.refuse_unless(abs(swing_sub) <= 0.25 and abs(swing_red) <= 0.25, 'EG400', 'swing_sub and swing_red are ratios of at most 0.25.');
  -- dealing prices of every class that the orders touch (a switch buys into another one)
  update public.class_navs c set dealing_price_sub = round(t.entry_price * (1 + swing_sub), sc.price_dp), dealing_price_red = round(c.nav_per_unit * (1 + swing_red), sc.price_dp),
         swing_factor = case when swing_sub = swing_red then swing_sub else 0 end
    from public.share_classes sc cross join lateral evergreen.fee_terms(d.strike_id, sc.share_class_id) t where c.strike_id = d.strike_id and sc.share_class_id = c.share_class_id
     and (c.share_class_id = d.share_class_id or c.dealing_price_sub is null);
  delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
  d.terms := fn_record_allocations.terms;
  with terms as materialized (select n.share_class_id, t.entry_price, t.method from public.class_navs n cross join lateral evergreen.fee_terms(n.strike_id, n.share_class_id) t where n.strike_id = d.strike_id)
  insert into public.allocations (dealing_day_id, flow_id, share_class_id, investor_id, cohort, requested_units, admitted_units, filled_units, carried_units, price,
    gross_amount, levy, fee, credit, performance_fee, refund, net_amount, series, high_water, equalisation_credit, reason, rest)
  select d.dealing_day_id, r.flow_id, f.share_class_id, f.investor_id, coalesce(r.cohort, 'full'), r.requested_units, r.admitted_units, r.filled_units, coalesce(r.carried_units, 0),
    case when f.order_kind = 'switch' and f.direction = 'subscription' then t.entry_price when f.order_kind <> 'plain' then c.nav_per_unit when f.direction = 'redemption' then c.dealing_price_red else c.dealing_price_sub end,
    r.gross_amount, coalesce(r.levy, 0), coalesce(r.fee, 0), coalesce(r.credit, 0), coalesce(r.performance_fee, 0), coalesce(r.refund, 0), r.net_amount, case when t.method = 'series' and f.direction = 'subscription' and f.order_kind <> 'transfer' then evergreen.new_series(d.strike_id, f.share_class_id, d.dealing_date) else coalesce(r.series, '') end, r.high_water,
    coalesce(r.equalisation_credit, 0), r.reason, r.rest
    from jsonb_to_recordset(fills) r (flow_id uuid, cohort text, requested_units numeric, admitted_units numeric, filled_units numeric, carried_units numeric, gross_amount numeric, levy numeric, fee numeric,
      credit numeric, performance_fee numeric, refund numeric, net_amount numeric, rest text, series text, high_water numeric, equalisation_credit numeric, reason text)
    join public.fund_flows f on f.flow_id = r.flow_id join public.class_navs c on c.strike_id = d.strike_id and c.share_class_id = f.share_class_id
    join terms t on t.share_class_id = f.share_class_id;
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = jsonb_array_length(fills), 'EG400', (jsonb_array_length(fills) - n) || ' fills name no order or no class of the strike.');
  if exists (select from public.series_navs n where n.strike_id = d.strike_id) then
    -- by series an order leaves lot by lot; of several prices its own is what its units got on average
    update public.allocations a set pieces = x.list, price = coalesce(nullif(case when x.least = x.most then x.least else round(round(x.amount, 30) / x.units, x.price_dp) end, 0), a.price)
      from (select p.flow_id, sum(p.units) as units, sum(p.amount) as amount, min(p.price) as least, max(p.price) as most, max(c.price_dp) as price_dp, jsonb_agg(p.piece order by p.lot_id) as list
              from evergreen.series_pieces(d) p join public.lots l using (lot_id) join public.share_classes c using (share_class_id) group by 1) x
     where a.dealing_day_id = d.dealing_day_id and a.flow_id = x.flow_id;
  end if;
  perform evergreen.check_allocations(d);
  update public.dealing_days x set status = 'allocated', step = greatest(x.step, 7), terms = fn_record_allocations.terms where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.emit('ALLOCATED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'orders', n), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  if request_id like 'deal/%' and request_id not like d.workflow_id || '/%' then
    -- the run of another class of the strike did it
    perform evergreen.knock_days(d.fund_id, null, d.dealing_day_id, 'allocated');
  end if;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'allocated: ' || n || ' orders', request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_record_allocations', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_allocations(uuid, jsonb, jsonb, text) is
  'Records what each order gets: terms = {swing_sub, swing_red, …} make the dealing prices, fills = [{flow_id, cohort, requested_units, admitted_units?, filled_units, carried_units, gross_amount, levy, fee, credit, performance_fee, refund, net_amount, series, high_water, equalisation_credit, reason, rest}]. Until posting they may be recorded anew. EG400, EG404, EG413, EG424, EG428.';

create or replace function evergreen.consume_lots(d public.dealing_days) returns evergreen.unit_entry[] language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pieces evergreen.unit_entry[];
  chosen evergreen.unit_entry[] := '{}';
  asked record;
  lot record;
  open numeric;
  hard int := coalesce((select (p.body #>> '{lockUp,hardMonths}')::int from public.dealing_policies p where p.policy_id = d.policy_id), 0);
begin
  -- who named lots goes first, order by order in the order of their ids, lot by lot in the order they were named
  for asked in
    select a.flow_id, a.share_class_id, a.investor_id, a.filled_units, f.elected_lots from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
     where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and a.filled_units > 0 and f.elected_lots <> '{}' order by a.flow_id
  loop
    open := asked.filled_units;
    for lot in
      select l.lot_id, l.units_left + coalesce((select sum(c.units) from unnest(chosen) c where c.lot_id = l.lot_id), 0) as units
        from unnest(asked.elected_lots) with ordinality e (lot_id, place) join public.lots l on l.lot_id = e.lot_id
       where l.share_class_id = asked.share_class_id and l.investor_id = asked.investor_id and (l.opened_on + make_interval(months => hard))::date <= d.dealing_date order by e.place
    loop
      if least(open, lot.units) > 0 then
        chosen := chosen || row(asked.share_class_id, 'holder', asked.investor_id, lot.lot_id, asked.flow_id, -least(open, lot.units))::evergreen.unit_entry;
        open := open - least(open, lot.units);
      end if;
    end loop;
  end loop;
  -- the others first in, first out: orders and lots laid end to end on one line; where two intervals overlap, that piece of the lot goes to that order
  -- (investor by investor through the index of lots: a join of two lists would compare everybody with everybody)
  select array_agg(row(k.share_class_id, 'holder', k.investor_id, t.lot_id, o.flow_id, -(least(o.ends, t.ends) - greatest(o.begins, t.begins)))::evergreen.unit_entry)
    into pieces
    from (
      select x.share_class_id, x.investor_id, array_agg(x.flow_id order by x.flow_id) as flows, array_agg(x.begins order by x.flow_id) as begins, array_agg(x.ends order by x.flow_id) as ends
        from (
          select a.flow_id, a.share_class_id, a.investor_id, sum(a.filled_units) over w - a.filled_units as begins, sum(a.filled_units) over w as ends
            from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
           where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and a.filled_units > 0 and f.elected_lots = '{}'
          window w as (partition by a.share_class_id, a.investor_id order by a.flow_id rows unbounded preceding)) x
       group by x.share_class_id, x.investor_id) k
    cross join lateral (
      select l.lot_id, sum(l.units_left) over w - l.units_left as begins, sum(l.units_left) over w as ends from (
        select x.lot_id, x.share_class_id, x.investor_id, x.opened_on, x.units_left + coalesce((select sum(c.units) from unnest(chosen) c where c.lot_id = x.lot_id), 0) as units_left from public.lots x
         where x.share_class_id = k.share_class_id and x.investor_id = k.investor_id and x.units_left > 0 offset 0) l
       where l.share_class_id = k.share_class_id and l.investor_id = k.investor_id and l.units_left > 0
         and (l.opened_on + make_interval(months => hard))::date <= d.dealing_date
      window w as (order by l.opened_on, l.lot_id rows unbounded preceding)) t
    cross join lateral unnest(k.flows, k.begins, k.ends) o (flow_id, begins, ends)
   where t.begins < o.ends and o.begins < t.ends;
  pieces := coalesce(pieces, '{}') || chosen;
  perform evergreen.refuse_unless(coalesce((select -sum(p.units) from unnest(pieces) p), 0) = coalesce((select sum(a.filled_units) from public.allocations a
    join public.fund_flows f on f.flow_id = a.flow_id where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption'), 0),
    'EG424', 'An investor would redeem units that are locked up or not there.');
  return pieces;
end $$;
comment on function evergreen.consume_lots(public.dealing_days) is 'Which piece of which lot each redemption of a day takes, the lots it named or first in first out, locked lots left out; negative units. EG424.';

create or replace function evergreen.issue_lots(d public.dealing_days, pieces evergreen.unit_entry[]) returns evergreen.unit_entry[] language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  issued evergreen.unit_entry[];
  moved evergreen.unit_entry[];
begin
  with new_lots as materialized (
    select gen_random_uuid() as lot_id, a.*, f.order_kind from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
     where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and f.order_kind <> 'transfer' and a.filled_units > 0
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, flow_id, units_issued, price, high_water, equalisation_credit)
    select n.lot_id, n.share_class_id, n.investor_id, d.dealing_date, n.series, n.flow_id, n.filled_units, n.price, n.high_water, n.equalisation_credit from new_lots n
  )
  select array_agg(row(n.share_class_id, 'holder', n.investor_id, n.lot_id, n.flow_id, n.filled_units)::evergreen.unit_entry) into issued from new_lots n;
  -- a transfer keeps the age, the series and the high-water mark of what it moves, and its part of the credit
  with new_lots as materialized (
    select gen_random_uuid() as lot_id, g.flow_id, g.investor_id, -p.units as units, l.share_class_id, l.opened_on, l.series, l.price, l.high_water, l.hurdle_from,
           round(l.equalisation_credit * -p.units / l.units_left, 18) as credit
      from unnest(pieces) p join public.fund_flows f on f.flow_id = p.flow_id and f.order_kind = 'transfer'
      join public.fund_flows g on g.flow_id = f.linked_flow_id join public.lots l on l.lot_id = p.lot_id
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, flow_id, units_issued, price, high_water, equalisation_credit, hurdle_from)
    select n.lot_id, n.share_class_id, n.investor_id, n.opened_on, n.series, n.flow_id, n.units, n.price, n.high_water, n.credit, n.hurdle_from from new_lots n
  )
  select array_agg(row(n.share_class_id, 'holder', n.investor_id, n.lot_id, n.flow_id, n.units)::evergreen.unit_entry) into moved from new_lots n;
  -- what a redemption takes of a lot takes its share of the credit with it
  update public.lots l set equalisation_credit = greatest(0, l.equalisation_credit - x.credit)
    from (select k.lot_id, sum(round(k.equalisation_credit * -p.units / k.units_left, 18)) as credit from unnest(pieces) p join public.lots k on k.lot_id = p.lot_id group by k.lot_id) x
   where l.lot_id = x.lot_id and l.equalisation_credit > 0;
  return coalesce(issued, '{}') || coalesce(moved, '{}');
end $$;
comment on function evergreen.issue_lots(public.dealing_days, evergreen.unit_entry[]) is 'Opens the lots of a day (subscriptions, switches in, transfers in) and answers their entries.';

create or replace function evergreen.day_cash(d public.dealing_days) returns evergreen.cash_entry[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with fills as materialized (
    select a.*, f.direction, f.order_kind, f.currency, least(a.net_amount, round(a.filled_units * a.price, u.exponent)) as worth
      from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.currencies u on u.code = f.currency
     where a.dealing_day_id = d.dealing_day_id and f.order_kind <> 'transfer'
  ), entries as (
    -- the investor's side, line by line; a switch passes through in_transit within this transaction
    select case when x.order_kind = 'switch' then 'in_transit' when x.direction = 'redemption' then 'redemptions_payable' else 'subscriptions_received' end as account,
           x.investor_id, x.flow_id, x.currency, case x.direction when 'redemption' then -x.net_amount else x.gross_amount end as amount, null::text as reference from fills x
    union all
    select 'refunds_payable', x.investor_id, x.flow_id, x.currency, -x.refund, 'refund' from fills x
    union all
    -- the fund's side, one line per kind; what a floor leaves stays in the fund on a line of its own
    select e.account, null, null, x.currency, sum(e.amount), e.reference from fills x cross join lateral (values
        ('capital', 'units', case x.direction when 'redemption' then x.gross_amount else -x.worth end),
        ('fund_income', 'residual', case x.direction when 'redemption' then 0 else x.worth - x.net_amount end),
        ('fund_income', 'levy', -x.levy),
        (case x.direction when 'redemption' then 'fund_income' else 'fee_payable' end, 'fee', -x.fee),
        -- the accrued performance fee is still in the capital: what a redemption gets of it, and what of it is owed to the manager now (R24)
        ('capital', 'credit', x.credit), ('capital', 'performance fee', x.performance_fee), ('fee_payable', 'performance fee', -x.performance_fee)) e (account, reference, amount)
     group by e.account, e.reference, x.currency
  )
  select array_agg(row(e.account, e.investor_id, e.flow_id, e.currency, e.amount, e.reference)::evergreen.cash_entry) from entries e where e.amount <> 0
$$;
comment on function evergreen.day_cash(public.dealing_days) is 'Cash entries of an allocated day, fund currency: what is received and owed per order against capital, income and fees.';

create or replace function evergreen.note_overdue(d public.dealing_days, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  late record;
  id uuid;
  event uuid;
begin
  -- R8: what waited longer than the policy allows and could not be paid in full is told to the authority
  for late in select a.* from public.allocations a where a.dealing_day_id = d.dealing_day_id and a.rest = 'notify' order by a.flow_id loop
    id := gen_random_uuid();
    event := evergreen.emit('AUTHORITY_NOTICE_DUE', d.fund_id, jsonb_build_object('notice_id', id, 'dealing_day_id', d.dealing_day_id, 'flow_id', late.flow_id), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
    insert into public.authority_notices (notice_id, fund_id, dealing_day_id, flow_id, kind, body, event_id)
    values (id, d.fund_id, d.dealing_day_id, late.flow_id, 'carried_too_long', jsonb_build_object('dealing_date', d.dealing_date, 'requested_units', trim_scale(late.requested_units)::text,
      'filled_units', trim_scale(late.filled_units)::text, 'carried_units', trim_scale(late.carried_units)::text,
      'most_dealings', (select (p.body ->> 'carryMaxDealings')::int from public.lmt_policies p where p.policy_id = d.lmt_policy_id)), event);
  end loop;
end $$;
comment on function evergreen.note_overdue(public.dealing_days, text) is 'Writes a notice to the authority, with its event, for every order of a day that has waited too long and is not paid in full.';

create or replace function public.fn_post_dealing_day(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  bad int;
  pieces evergreen.unit_entry[];
  event uuid;
  posted uuid;
  kids int;
  fills uuid[];
  parents uuid[];
  children uuid[];
  left_over numeric[];
  rests text[];
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_post_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'allocated', 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.refuse_unless(d.rechecked_at is not null, 'EG428', 'KYC has not looked at the orders of the day again.');
  perform evergreen.check_allocations(d);
  -- I14, at this instant
  select count(*) into bad from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and a.filled_units > 0 and not evergreen.is_cleared(a.investor_id);
  perform evergreen.refuse_unless(bad = 0, 'EG430', bad || ' orders would issue units to an investor who is not cleared; look at the orders again.');
  pieces := evergreen.consume_lots(d);
  event := evergreen.emit('DEALING_DAY_POSTED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)),
    array(select distinct a.investor_id from public.allocations a where a.dealing_day_id = d.dealing_day_id), request_id);
  if exists (select from public.allocations a where a.dealing_day_id = d.dealing_day_id and a.filled_units > 0) then
    posted := evergreen.post_ledger(d.fund_id, 'dealing', 'dealing day ' || d.dealing_date, d.dealing_day_id, event, null,
      coalesce(pieces, '{}') || evergreen.issue_lots(d, pieces), evergreen.day_cash(d));
  end if;
  -- what is carried becomes an order of its own, of the same age, in units; both legs together
  -- collected first: planned as arrays their number is known, where a day that was allocated a moment ago would be taken for a single row
  select array_agg(a.allocation_id), array_agg(f.flow_id), array_agg(gen_random_uuid()), array_agg(coalesce(nullif(a.carried_units, 0), l.carried_units)), array_agg(a.rest)
    into fills, parents, children, left_over, rests
    from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
    left join public.allocations l on l.dealing_day_id = a.dealing_day_id and l.flow_id = f.linked_flow_id
   where a.dealing_day_id = d.dealing_day_id and (a.carried_units > 0 or l.carried_units > 0);
  insert into public.fund_flows (flow_id, fund_id, share_class_id, investor_id, direction, order_kind, requested_units, currency, status, channel, eligibility_tag, requested_at,
    vintage, policy_id, placed_by, accepted_at, dust_asked_at, dust_answer, elected_lots, offer_id, parent_flow_id, linked_flow_id, event_id)
  select x.child, o.fund_id, o.share_class_id, o.investor_id, o.direction, o.order_kind,
         case when o.order_kind = 'switch' and o.direction = 'subscription' then null else x.left_over end, o.currency, 'accepted', o.channel, o.eligibility_tag,
         o.requested_at, o.vintage, o.policy_id, o.placed_by, now(), case when x.rest = 'ask_dust' then now() else o.dust_asked_at end, o.dust_answer, o.elected_lots, o.offer_id, o.flow_id, k.child, event
    from unnest(parents, children, left_over, rests) x (flow_id, child, left_over, rest) join public.fund_flows o on o.flow_id = x.flow_id
    left join unnest(parents, children) k (flow_id, child) on k.flow_id = o.linked_flow_id;
  insert into public.order_transitions (flow_id, to_status, event_id, reason, actor)
  select x.child, 'accepted', event, 'carried from ' || x.flow_id, evergreen.actor() from unnest(parents, children) x (flow_id, child);
  update public.allocations a set child_flow_id = x.child from unnest(fills, children) x (allocation_id, child) where a.allocation_id = x.allocation_id;
  get diagnostics kids = row_count;
  -- R9: the investor is asked, once, whether to give up the small rest
  perform evergreen.emit('DUST_ASKED', d.fund_id, jsonb_build_object('flow_id', a.child_flow_id), evergreen.actor(), jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), array[a.investor_id], request_id)
    from public.allocations a where a.dealing_day_id = d.dealing_day_id and a.rest = 'ask_dust' order by a.flow_id;
  perform evergreen.note_overdue(d, request_id);
  with ends as materialized (
    select a.flow_id, a.filled_units, a.price, a.net_amount, a.reason, case when a.filled_units > 0 then 'allocated' when a.child_flow_id is not null then 'carried' else 'lapsed' end as status
      from public.allocations a where a.dealing_day_id = d.dealing_day_id
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, actor)
    select e.flow_id, 'priced', e.status, event, e.reason, evergreen.actor() from ends e
  )
  update public.fund_flows f set status = e.status, filled_units = e.filled_units, price = e.price, net_amount = e.net_amount, reason = e.reason from ends e where f.flow_id = e.flow_id;
  update public.dealing_days x set status = 'posted', step = 8 where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.end_gate_use(d.strike_id, 'the dealing day of ' || d.dealing_date || ' is posted');
  -- a later day may be waiting for this register
  perform evergreen.knock_days(d.fund_id, null, x.dealing_day_id, 'the day before is posted') from public.dealing_days x
    where x.fund_id = d.fund_id and x.dealing_date > d.dealing_date and x.status = 'cut_off';
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'posted; orders carried ' || kids, request_id);
  answer := evergreen.day_answer(d.dealing_day_id) || jsonb_build_object('ledger_tx_id', posted, 'carried', kids);
  perform evergreen.keep_answer('fn_post_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_post_dealing_day(uuid, text) is
  'Posts an allocated day in one transaction: units and lots (first in first out), cash, carried orders, states, balances. After it only a reversal or a restatement changes anything. EG404, EG424, EG428, EG430 not cleared.';

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
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund) group by e.created_by, e.request_id having count(distinct e.tx) > 1
  union all
  select 'I4', 'commands', e.created_by || '/' || e.request_id, 'a request took effect and no answer to it is kept' from public.fund_events e
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund)
     and not exists (select from public.commands k where k.principal = e.created_by and k.request_id = e.request_id) group by e.created_by, e.request_id
  union all
  select 'I5', 'pg_trigger', n.name, 'the table is not append-only' from unnest('{unit_ledger, cash_movements, ledger_transactions, order_transitions, order_leaves, nav_inputs, dealing_policies, lmt_policies, approvals, class_marks, in_kind_deliveries, statements, restatements, compensations, beneficial_owners, certain_inflows, repurchase_offers, index_values, roll_forwards}'::text[]) n (name)
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
   where (e.tx = t.tx and e.fund_id = t.fund_id and length(e.event_meta ->> 'trace_id') = 32) is not true
     -- where the posting comes first, its event names it
     and not exists (select from public.fund_events n where t.event_id is null and n.tx = t.tx and n.fund_id = t.fund_id and n.payload ->> 'ledger_tx_id' = t.ledger_tx_id::text
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
       and not (evergreen.is_demo() and e.tx in (select a.tx from public.audit_trail a where a.entity_type = 'demo_clock' and a.created_by = 'demo'))
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

-- from sql/6g-fn-series-deals.sql
-- Orders of a class by series (R25): what leaves of which lot at which price, and what fills are held to.

create or replace function evergreen.series_pieces(d public.dealing_days)
returns table (flow_id uuid, lot_id uuid, series text, units numeric, price numeric, amount numeric, worth numeric, performance_fee numeric, piece jsonb) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  select x.flow_id, x.lot_id, x.series, x.units, x.price, y.amount, y.worth, y.performance_fee,
         jsonb_build_object('lot_id', x.lot_id, 'series', x.series, 'units', trim_scale(x.units)::text, 'price', trim_scale(x.price)::text, 'amount', y.amount::text, 'worth', y.worth::text, 'performance_fee', y.performance_fee::text)
    from (
      select p.flow_id, p.lot_id, n.series, -p.units as units, n.price as struck, n.fee, n.units as of_units, u.exponent,
             -- a switch deals at the unswung price on both sides
             case f.order_kind when 'plain' then round(n.price * (1 + coalesce((d.terms ->> 'swing_red')::numeric, 0)), c.price_dp) else n.price end as price
        from unnest(evergreen.consume_lots(d)) p join public.fund_flows f on f.flow_id = p.flow_id and f.order_kind <> 'transfer'
        join public.lots l on l.lot_id = p.lot_id join public.share_classes c on c.share_class_id = l.share_class_id join public.currencies u on u.code = f.currency
        cross join lateral evergreen.series_open(d.strike_id, l.share_class_id) n
       where n.series = evergreen.series_of(l)) x
   cross join lateral (select trunc(x.units * x.price, x.exponent) as amount, trunc(x.units * x.struck, x.exponent) as worth, round(round(x.fee * x.units, 30) / x.of_units, x.exponent) as performance_fee) y
$$;
comment on function evergreen.series_pieces(public.dealing_days) is
  'What the redemptions and switches of a day take of which lot by series: units at the dealing price of its series down to the minor unit, what that is worth unswung, and its share of the fee that the series has open, HALF_UP.';

create or replace function evergreen.check_series(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad int;
begin
  if not exists (select from public.allocations a where a.dealing_day_id = d.dealing_day_id and evergreen.by_series(a.share_class_id, d.dealing_date)) then
    return;
  end if;
  -- a subscription opens the series of the day, whose mark is the issue price
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) cross join lateral evergreen.fee_terms(d.strike_id, a.share_class_id) t
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and f.order_kind <> 'transfer' and t.method = 'series'
     and (a.series = evergreen.new_series(d.strike_id, a.share_class_id, d.dealing_date) and a.high_water = t.entry_price) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' subscriptions have not the series of the day or its mark.');
  with due as materialized (select p.flow_id, sum(p.units) as units, sum(p.amount) as amount, sum(p.performance_fee) as fee, jsonb_agg(p.piece order by p.lot_id) as list from evergreen.series_pieces(d) p group by 1)
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) left join due x using (flow_id)
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind <> 'transfer' and evergreen.by_series(a.share_class_id, d.dealing_date)
     and (a.filled_units = coalesce(x.units, 0) and a.gross_amount = coalesce(x.amount, 0) and a.performance_fee = coalesce(x.fee, 0) and a.credit = 0 and a.pieces = coalesce(x.list, '[]')) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' redemptions have not what their lots give at the prices of their series.');
end $$;
comment on function evergreen.check_series(public.dealing_days) is 'Refuses (EG424) a subscription that is not in the series of the day, or a redemption that is not dealt lot by lot at the price of its series (R25).';

-- from sql/6h-fn-imports-undo.sql
-- After an import: lines of a statement that are matched later, and a batch that is undone.

create or replace function evergreen.lock_import(of_import uuid) returns public.import_batches language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b public.import_batches;
begin
  -- fund, then batch: the order in which everyone locks
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.import_batches x where x.import_id = of_import) for no key update;
  select * into b from public.import_batches x where x.import_id = of_import for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No import with that id.');
  return b;
end $$;
comment on function evergreen.lock_import(uuid) is 'The batch under its fund''s lock. EG404.';

create or replace function public.fn_match_bank_lines(import_id uuid, line_position int default null, flow_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.import_batches;
  of_fund public.funds;
  r public.import_rows;
  hit jsonb;
  made jsonb;
  good int := 0;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('import_id', import_id, 'line_position', line_position, 'flow_id', flow_id);
  answer := evergreen.earlier_answer('fn_match_bank_lines', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.refuse_unless((line_position is null) = (flow_id is null), 'EG400', 'Name a line and its order, or neither to try all lines again.');
  b := evergreen.lock_import(import_id);
  perform evergreen.refuse_unless(b.kind = 'bank' and b.status = 'imported', 'EG428', 'Only lines of a bank statement that stands are matched.');
  select * into of_fund from public.funds f where f.fund_id = b.fund_id;
  for r in select * from public.import_rows x where x.import_id = b.import_id and x.outcome = 'unmatched' and (line_position is null or x.position = line_position)
            order by x.position for no key update loop
    hit := case when flow_id is null then evergreen.bank_match(of_fund, r.said) else jsonb_build_object('flow_id', flow_id, 'by', 'hand') end;
    if hit ->> 'flow_id' is null then
      made := jsonb_build_object('outcome', 'unmatched', 'reason', hit ->> 'reason');
    else
      perform evergreen.refuse_unless(flow_id is null or exists (select from public.fund_flows f where f.flow_id = fn_match_bank_lines.flow_id and f.fund_id = b.fund_id
        and f.direction = case r.said ->> 'side' when 'credit' then 'subscription' else 'redemption' end), 'EG404', 'No order of that fund and direction with that id.');
      perform evergreen.refuse_unless(flow_id is null or (coalesce(r.said ->> 'currency', of_fund.base_currency) = of_fund.base_currency
        and (r.said ->> 'reversal')::boolean is not true), 'EG428', 'The line is in another currency, or takes another movement back.');
      made := evergreen.settle_line(of_fund, r.said, (hit ->> 'flow_id')::uuid, hit ->> 'by');
    end if;
    if made ->> 'outcome' = 'matched' then
      good := good + 1;
    elsif flow_id is not null then
      perform evergreen.fail(coalesce(made ->> 'code', 'EG428'), made ->> 'reason');
    end if;
    update public.import_rows x set outcome = made ->> 'outcome', code = made ->> 'code', reason = made ->> 'reason', matched_by = made ->> 'matched_by',
           flow_id = (made ->> 'flow_id')::uuid, ledger_tx_id = (made ->> 'ledger_tx_id')::uuid where x.import_id = r.import_id and x.position = r.position;
  end loop;
  perform evergreen.refuse_unless(line_position is null or good = 1, 'EG428', 'No unmatched line of the statement has that position.');
  update public.import_batches x set accepted = x.accepted + good, unmatched = x.unmatched - good where x.import_id = b.import_id;
  if good > 0 then
    perform evergreen.emit('BANK_LINES_MATCHED', b.fund_id, jsonb_build_object('import_id', b.import_id, 'matched', good), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(b.fund_id, 'import_batches', b.import_id::text, good || ' lines matched later', request_id);
  end if;
  answer := jsonb_build_object('import_id', b.import_id, 'matched', good, 'unmatched', b.unmatched - good);
  perform evergreen.keep_answer('fn_match_bank_lines', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_match_bank_lines(uuid, int, uuid, text) is
  'Matches unmatched lines of a statement again, or one line to an order that a person names; the amount must be what is due. EG400, EG404, EG428.';

create or replace function evergreen.undo_row(r public.import_rows, why text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  f public.fund_flows;
begin
  if r.outcome = 'unmatched' then
    return '{"outcome": "undone"}';
  end if;
  perform 1 from public.fund_flows x where x.flow_id = r.flow_id or x.linked_flow_id = r.flow_id order by x.flow_id for no key update;
  select * into f from public.fund_flows x where x.flow_id = r.flow_id;
  if r.kind = 'orders' then
    if f.status not in ('cancelled', 'rejected', 'lapsed') then
      perform evergreen.refuse_unless(f.status in ('draft', 'submitted', 'kyc_hold', 'accepted'), 'EG428', 'The order is ' || f.status || ': the dealing day has it.');
      perform public.fn_cancel_order(r.flow_id, why, null);
    end if;
  else
    perform evergreen.refuse_unless(f.status in ('submitted', 'kyc_hold', 'accepted'), 'EG428', 'The order is ' || f.status || ': its money has been dealt with.');
    perform public.fn_reverse_ledger(r.ledger_tx_id, why, null);
    update public.fund_flows x set cleared_at = null where x.flow_id = r.flow_id;
  end if;
  return '{"outcome": "undone"}';
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_build_object('outcome', 'kept', 'code', sqlstate, 'reason', sqlerrm);
end $$;
comment on function evergreen.undo_row(public.import_rows, text) is 'Takes back what one row did: the order is cancelled, or the cash reversed and awaited again; or says why it cannot be.';

create or replace function public.fn_undo_import(import_id uuid, reason text, partial boolean default false, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.import_batches;
  r public.import_rows;
  made jsonb;
  kept jsonb[] := '{}';
  n int := 0;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('import_id', import_id, 'reason', reason, 'partial', partial);
  answer := evergreen.earlier_answer('fn_undo_import', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  b := evergreen.lock_import(import_id);
  perform evergreen.refuse_unless(b.status <> 'undone', 'EG428', 'The import was undone already.');
  for r in select * from public.import_rows x where x.import_id = b.import_id and x.outcome in ('accepted', 'matched', 'unmatched') order by x.position for no key update loop
    made := evergreen.undo_row(r, reason);
    if made ->> 'outcome' = 'undone' then
      n := n + 1;
      update public.import_rows x set outcome = 'undone' where x.import_id = r.import_id and x.position = r.position;
    else
      kept := kept || (made || jsonb_build_object('position', r.position, 'line', r.line));
    end if;
  end loop;
  -- what was dealt stays, and says so; by default then everything stays
  if cardinality(kept) > 0 and (n = 0 or not partial) then
    perform evergreen.fail(kept[1] ->> 'code', cardinality(kept) || ' of ' || cardinality(kept) + n || ' rows cannot be undone; line ' || (kept[1] ->> 'line') || ': ' || (kept[1] ->> 'reason'));
  end if;
  update public.import_batches x set status = case when cardinality(kept) > 0 then 'partly_undone' else 'undone' end, undone_at = now(), undone_by = evergreen.actor(),
         undo_reason = fn_undo_import.reason where x.import_id = b.import_id;
  perform evergreen.emit('IMPORT_UNDONE', b.fund_id, jsonb_build_object('import_id', b.import_id, 'undone', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(b.fund_id, 'import_batches', b.import_id::text, 'import undone: ' || n || ' rows, kept ' || cardinality(kept), request_id);
  answer := jsonb_build_object('import_id', b.import_id, 'status', case when cardinality(kept) > 0 then 'partly_undone' else 'undone' end, 'undone', n, 'kept', to_jsonb(kept[1:500]));
  perform evergreen.keep_answer('fn_undo_import', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_undo_import(uuid, text, boolean, text) is
  'Takes an import back: orders that are not locked are cancelled, confirmed cash is reversed (by another person than who confirmed it) and awaited again. What was dealt is refused, and all with it unless partial. EG400, EG404, EG420, EG428.';

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

create or replace function evergreen.keep_row(of_import uuid, of_fund uuid, kind text, at bigint, said jsonb, made jsonb) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into public.import_rows (import_id, position, line, fund_id, kind, outcome, code, reason, reference, identity, matched_by, flow_id, ledger_tx_id, said)
  values (of_import, at, (said ->> 'line')::int, of_fund, kind, made ->> 'outcome', made ->> 'code', made ->> 'reason', said ->> 'reference', made ->> 'identity',
    made ->> 'matched_by', (made ->> 'flow_id')::uuid, (made ->> 'ledger_tx_id')::uuid, jsonb_strip_nulls(said))
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
  select b.investor_id into owner from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.account = said ->> 'counterparty_account' and b.status = 'active' and b.investor_id is not null
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
  return evergreen.settle_line(of_fund, said, (hit ->> 'flow_id')::uuid, hit ->> 'by') || jsonb_build_object('identity', mark);
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
  'Takes a bank statement in: lines = [{line, side, amount, booked_on, currency, reference, end_to_end, remittance, account, counterparty_account}] are matched to open orders by reference or account and exact amount, and their cash confirmed; the others wait unmatched. Lines of earlier statements count once. As fn_import_orders otherwise. EG400, EG404, EG413.';

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
  input := jsonb_build_object('fund', fund, 'sha256', encode(sha256(convert_to(accounts::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_propose_bank_accounts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array', 'EG400', 'accounts is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(accounts) between 1 and 10000, 'EG413', 'accounts has 1 to 10,000 rows.');
  select a.n, a.investor is not null and i.investor_id is null as nobody into bad
    from (select x.*, row_number() over () as n from jsonb_to_recordset(accounts) x (investor text, account text, bic text, holder text, currency text)) a
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where (evergreen.is_account(a.account) and (a.bic is null or a.bic ~ '^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$') and length(a.holder) between 1 and 140
      and exists (select from public.currencies c where c.code = a.currency) and (a.investor is null or i.investor_id is not null)) is not true order by a.n limit 1;
  perform evergreen.refuse_unless(bad.n is null or not bad.nobody, 'EG404', 'Account ' || bad.n || ': no investor with that code.');
  perform evergreen.refuse_unless(bad.n is null, 'EG400', 'Account ' || bad.n || ' has no account number with right check digits, no BIC, no holder or no currency we know.');
  -- one that is proposed or in force already is not proposed again
  insert into public.bank_accounts (fund_id, investor_id, account, bic, holder, currency, proposed_by)
  select distinct of_fund.fund_id, i.investor_id, a.account, a.bic, a.holder, a.currency, evergreen.actor()
    from jsonb_to_recordset(accounts) a (investor text, account text, bic text, holder text, currency text)
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where not exists (select from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is not distinct from i.investor_id and b.account = a.account
     and b.bic is not distinct from a.bic and b.holder = a.holder and b.currency = a.currency and b.status in ('proposed', 'active'));
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
  'Proposes accounts to pay to and from: [{investor | null for the fund''s own, account, bic, holder, currency}]; another person decides. EG400, EG404, EG413.';

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
    'transactions', p.transactions, 'control_sum', p.control_sum::text, 'debtor', jsonb_build_object('holder', d.holder, 'account', d.account, 'bic', d.bic),
    'transfers', (select jsonb_agg(jsonb_build_object('flow_id', l.flow_id, 'end_to_end', l.end_to_end, 'amount', trim_scale(l.amount)::text, 'holder', a.holder, 'account', a.account,
        'bic', a.bic, 'remittance', case l.purpose when 'compensation' then 'Compensation ' else 'Redemption ' end || p.dealing_date || ' ' || coalesce(f.code, '')) order by l.flow_id)
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
   where not exists (select from public.payment_lines l where l.flow_id = f.flow_id and l.purpose = fn_export_payments.purpose and l.live);
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', p.flow_id, 'investor', p.investor) order by p.flow_id), '[]') into missing from unnest(pays) p where p.account_id is null;
  pays := array(select p from unnest(pays) p where p.account_id is not null);
  if cardinality(pays) = 0 then
    -- nothing new: the file that was made is made again, byte for byte
    select p.payment_file_id into earlier from public.payment_files p where p.fund_id = of_fund.fund_id and p.dealing_date = fn_export_payments.dealing_date and p.status = 'exported'
       and exists (select from public.payment_lines l where l.payment_file_id = p.payment_file_id and l.purpose = fn_export_payments.purpose)
     order by p.created_at desc limit 1;
    perform evergreen.refuse_unless(earlier is not null, 'EG428', case when missing = '[]' then 'No ' || purpose || ' of that dealing date is due.'
      else 'No investor of a ' || purpose || ' that is due has an approved account.' end);
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

-- from sql/6i-fn-statement-entries.sql
-- What a statement is made from, per class: its strikes, what it distributed, the entries of its holders with the day they count on, equalisation credits.

create or replace function evergreen.class_distributions(of_class uuid, known_on timestamptz)
returns table (mark_id uuid, ledger_tx_id uuid, recorded_at timestamptz, effective_on date, settled_at timestamptz, per_unit numeric, in_kind boolean) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  select m.mark_id, m.ledger_tx_id, t.recorded_at, s.nav_date, case when s.published_at is not null then greatest(t.recorded_at, s.published_at) end, coalesce(m.per_unit, s.price), m.cause = 'side_pocket'
    from public.class_marks m join public.ledger_transactions t on t.ledger_tx_id = m.ledger_tx_id
    left join public.class_marks k on k.ledger_tx_id = m.ledger_tx_id and k.share_class_id <> m.share_class_id
    left join public.share_classes pocket on pocket.share_class_id = k.share_class_id and pocket.pocket_of = of_class
    -- it counts in the first price that knows of it; units of a side pocket are worth then what theirs is
    left join lateral (
      select x.nav_date, min(n.published_at) as published_at, (array_agg(n.nav_per_unit order by n.published_at desc, x.version desc) filter (where n.published_at <= known_on))[1] as price
        from public.nav_strikes x join public.class_navs n on n.strike_id = x.strike_id
       where n.share_class_id = coalesce(pocket.share_class_id, of_class) and x.nav_date >= m.as_of
       group by x.nav_date having min(n.published_at) > t.recorded_at and min(n.published_at) <= known_on order by x.nav_date limit 1) s on true
   where m.share_class_id = of_class and t.recorded_at <= known_on and (m.cause = 'distribution' or pocket.share_class_id is not null)
     and not exists (select from public.ledger_transactions r where r.reverses = m.ledger_tx_id and r.recorded_at <= known_on)
$$;
comment on function evergreen.class_distributions(uuid, timestamptz) is
  'Distributions of a class that stand, cash or units of a side pocket, known up to a time: money per unit and the first strike after it, whose price is without it (null: none yet).';

create or replace function evergreen.class_strikes(of_class uuid, known_on timestamptz)
returns table (strike_id uuid, nav_date date, version int, published_at timestamptz, nav_per_unit numeric, dealing_price_sub numeric, dealing_price_red numeric, units numeric,
  management_fee_per_unit numeric, performance_fee_per_unit numeric, equalisation_per_unit numeric, distribution_per_unit numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select n.strike_id, s.nav_date, s.version, n.published_at, n.nav_per_unit, n.dealing_price_sub, n.dealing_price_red, n.units,
         round(c.management_fee / nullif(n.units, 0), 18), round(c.performance_fee / nullif(n.units, 0), 18),
         -- once crystallised, what is left of a credit is out of reach until the price rises again
         case when k.crystallised then 0 else coalesce(c.equalisation_per_unit, round(a.performance_accrued / nullif(n.units, 0), 18)) end, coalesce(g.per_unit, 0)
    from public.class_navs n join public.nav_strikes s on s.strike_id = n.strike_id
    -- what the class was charged since the strike before stands in the body that people approved, where whoever proposed it said so
    left join lateral (select r.management_fee, r.performance_fee, r.equalisation_per_unit from public.proposals p,
        jsonb_to_recordset(case jsonb_typeof(p.body -> 'classes') when 'array' then p.body -> 'classes' else '[]' end)
          r (share_class_id uuid, management_fee numeric, performance_fee numeric, equalisation_per_unit numeric)
       where p.proposal_id = s.proposal_id and r.share_class_id = of_class limit 1) c on true
    left join lateral (select r.performance_accrued from jsonb_to_recordset(case jsonb_typeof(s.body -> 'fees') when 'array' then s.body -> 'fees' else '[]' end)
        r (share_class_id uuid, performance_accrued numeric) where r.share_class_id = of_class limit 1) a on true
    cross join lateral (select exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = s.nav_date
       and m.recorded_at <= known_on and not exists (select from public.ledger_transactions r where r.reverses = m.ledger_tx_id and r.recorded_at <= known_on)) as crystallised) k
    left join (select d.effective_on, sum(d.per_unit) as per_unit from evergreen.class_distributions(of_class, known_on) d group by d.effective_on) g on g.effective_on = s.nav_date
   where n.share_class_id = of_class and n.published_at <= known_on
   order by s.nav_date, n.published_at, s.version
$$;
comment on function evergreen.class_strikes(uuid, timestamptz) is
  'Every published version of every strike of a class up to a time, in order; fees and distributions are money per unit since the strike before, fees null when the strike does not say; equalisation_per_unit is what of a credit is in reach.';

create or replace function evergreen.pocket_splits(of_class uuid) returns table (effective_on date, kept numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(d.effective_on, 'infinity'), (m.body ->> 'value')::numeric / n.nav
    from public.class_marks m join public.share_classes c on c.share_class_id = m.share_class_id and c.pocket_of is null
    join public.class_navs n on n.strike_id = m.strike_id and n.share_class_id = m.share_class_id
    left join evergreen.class_distributions(of_class, 'infinity') d on d.mark_id = m.mark_id
   where m.share_class_id = of_class and m.cause = 'side_pocket'
$$;
comment on function evergreen.pocket_splits(uuid) is 'What a class kept of itself when side pockets were opened: prices, marks and credits of its lots were split in that ratio.';

create or replace function evergreen.lot_credits(of_class uuid, of_investors uuid[], days date[])
returns table (lot_id uuid, day date, credit numeric, units numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with splits as materialized (
    select x.effective_on, ln(x.kept) as kept from evergreen.pocket_splits(of_class) x
  ), of_lots as materialized (
    select l.* from public.lots l where l.share_class_id = of_class and l.investor_id = any (of_investors)
  ), known as (
    -- what a lot was issued with, from then on
    select l.lot_id, l.opened_on, l.opened_on as day, true as onward, coalesce(c.credit, a.equalisation_credit) as credit, a.filled_units as units
      from of_lots l join public.allocations a on a.flow_id = l.flow_id and a.share_class_id = of_class
      -- or with what the correct price of that day gives
      left join lateral (select (x.due ->> 'credit')::numeric as credit from public.compensations x join public.restatements r using (restatement_id)
        where x.flow_id = a.flow_id and r.material and x.due ? 'credit' order by r.recorded_at desc limit 1) c on true
     where a.equalisation_credit > 0 or c.credit > 0
    union all
    -- a crystallisation says what the credit of every lot was, and is since
    select l.lot_id, l.opened_on, m.as_of, e.onward, e.credit, e.units from evergreen.marks_known(of_class, 'infinity') m
      join public.proposals p on p.proposal_id = (m.body ->> 'proposal_id')::uuid
      cross join lateral jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, change numeric, credit numeric)
      join of_lots l on l.lot_id = r.lot_id join lateral jsonb_to_recordset(m.body -> 'lots') b (lot_id uuid, units numeric) on b.lot_id = r.lot_id
      cross join lateral (values (false, r.credit + r.refund, b.units), (true, r.credit, b.units + r.change)) e (onward, credit, units)
     where m.cause = 'crystallisation' and not exists (select from public.ledger_transactions x where x.reverses = m.ledger_tx_id) and r.credit is not null
    union all
    -- and what is stored is up to now
    select l.lot_id, l.opened_on, 'infinity', false, l.equalisation_credit, l.units_left from of_lots l where l.equalisation_credit > 0
  )
  select distinct on (k.lot_id, d.day) k.lot_id, d.day,
         k.credit * coalesce((select exp(sum(s.kept * ((s.effective_on <= d.day)::int - (s.effective_on <= k.day)::int))) from splits s), 1), k.units
    from known k cross join unnest(coalesce(days, array[k.opened_on])) d (day)
   where k.units > 0 and case when k.onward then k.day <= d.day else k.day > d.day end
   order by k.lot_id, d.day, k.onward desc, case when k.onward then k.day end desc, k.day
$$;
comment on function evergreen.lot_credits(uuid, uuid[], date[]) is
  'Equalisation credit per lot at the end of days (null: of the day it was opened), as credit money on so many units: a redemption takes its share of it, a crystallisation refunds it, a side pocket splits it.';

create or replace function evergreen.credit_value(credit numeric, of_units numeric, units numeric, per_unit numeric) returns numeric language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- what is out of reach below the high-water mark is not worth anything today
  select coalesce(case when of_units > 0 then least(trunc(round(credit * units / of_units, 8), 4), trunc(units * per_unit, 4)) end, 0)
$$;
comment on function evergreen.credit_value(numeric, numeric, numeric, numeric) is 'What a credit on so many units is worth on those that are left, as far as it is in reach (money; per_unit null: all of it).';

create or replace function evergreen.statement_entries(of_class uuid, of_investors uuid[], known_on timestamptz, since date)
returns table (entry_id uuid, investor_id uuid, lot_id uuid, flow_id uuid, effective_on date, recorded_at timestamptz, kind text, via text, units numeric, amount numeric,
  price numeric, charge numeric, equalisation numeric, reverses uuid, sign int) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with class as (
    select c.*, u.exponent from public.share_classes c join public.currencies u on u.code = c.currency where c.share_class_id = of_class
  ), given as materialized (
    select d.* from evergreen.class_distributions(of_class, known_on) d where d.effective_on > coalesce(since, '-infinity')
  ), mirrored as materialized (
    -- the units of a side pocket count when the class they left has a price without them
    select d.* from class c cross join lateral evergreen.class_distributions(c.pocket_of, known_on) d where d.in_kind
  ), crystallised as materialized (
    select m.ledger_tx_id, m.as_of, n.nav_per_unit, r.* from public.class_marks m join public.proposals p on p.proposal_id = (m.body ->> 'proposal_id')::uuid
      join public.class_navs n on n.strike_id = m.strike_id and n.share_class_id = m.share_class_id
      cross join lateral jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric)
     where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of > coalesce(since, '-infinity')
  ), credited as materialized (
    select c.* from evergreen.lot_credits(of_class, of_investors, null) c where c.day > coalesce(since, '-infinity')
  ), pieces as (
    select u.entry_id, u.investor_id, u.lot_id, u.flow_id, u.units, o.kind as posted_as, l.opened_on,
           -- as it was taken over, before any side pocket took its part of the price
           case o.kind when 'opening' then coalesce(round(l.price / (select exp(sum(ln(x.kept))) from evergreen.pocket_splits(of_class) x), 12), l.price) end as lot_price,
           t.ledger_tx_id, m.nav_per_unit, m.refund, m.depreciation,
           case o.kind when 'side_pocket' then coalesce(p.settled_at, 'infinity') else t.recorded_at end as recorded_at, p.per_unit,
           coalesce(d.dealing_date, case o.kind when 'opening' then l.opened_on when 'crystallisation' then coalesce(m.as_of, '-infinity') when 'side_pocket' then coalesce(p.effective_on, 'infinity')
             else (o.effective_at at time zone 'UTC')::date end) as effective_on,
           f.direction, f.order_kind, a.price, a.levy, a.fee, a.credit, a.equalisation_credit, k.credit as taken_credit, k.units as credit_units,
           case when t.reverses is null then 1 else -1 end as sign,
           -- a piece of a reversal takes back the piece of the same lot and order
           case when t.reverses is not null then (select x.entry_id from public.unit_ledger x where x.ledger_tx_id = t.reverses and x.account = 'holder'
             and x.lot_id = u.lot_id and x.flow_id is not distinct from u.flow_id) end as reverses,
           -- the cash of an order stands once, on the first of its pieces
           row_number() over (partition by u.ledger_tx_id, u.flow_id order by u.lot_id) = 1 and u.flow_id is not null as bears_cash
      from public.unit_ledger u
      join public.ledger_transactions t on t.ledger_tx_id = u.ledger_tx_id
      join public.ledger_transactions o on o.ledger_tx_id = coalesce(t.reverses, t.ledger_tx_id)
      join public.lots l on l.lot_id = u.lot_id
      left join public.dealing_days d on d.dealing_day_id = o.dealing_day_id
      left join public.fund_flows f on f.flow_id = u.flow_id
      left join crystallised m on m.ledger_tx_id = o.ledger_tx_id and m.lot_id = u.lot_id
      left join mirrored p on p.ledger_tx_id = o.ledger_tx_id
      left join credited k on o.kind = 'opening' and k.lot_id = u.lot_id
      -- one by one through its unique index: as a join, fresh statistics once read a whole day for every entry
      left join lateral (select x.price, x.levy, x.fee, x.credit, x.equalisation_credit from public.allocations x
        where x.dealing_day_id = o.dealing_day_id and x.flow_id = u.flow_id limit 1) a on true
     where u.share_class_id = of_class and u.investor_id = any (of_investors) and u.account = 'holder' and t.recorded_at <= known_on
       -- of a long history only the postings that may be later are read
       and (since is null or u.ledger_tx_id = any (array(select x.ledger_tx_id from public.ledger_transactions x
         left join public.dealing_days y on y.dealing_day_id = x.dealing_day_id where x.fund_id = (select c.fund_id from class c)
          and coalesce(y.dealing_date, 'infinity') > since)))
  ), told as (
    select p.*, p.bears_cash and p.order_kind <> 'transfer' as has_cash from pieces p where since is null or p.effective_on > since
  ), owed as (
    select g.*, i.investor_id, -m.amount as total from given g cross join unnest(of_investors) i (investor_id)
      left join public.cash_movements m on not g.in_kind and m.ledger_tx_id = g.ledger_tx_id and m.investor_id = i.investor_id and m.account = 'distributions_payable'
     where g.in_kind or m.amount is not null
  ), shares as (
    -- lot by lot down to the minor unit, as it was posted
    select w.*, h.lot_id, case when w.in_kind then round(h.units * w.per_unit, c.exponent) else trunc(h.units * w.per_unit, c.exponent) end as part,
           row_number() over (partition by w.mark_id, w.investor_id order by h.lot_id desc) = 1 as is_last
      from owed w cross join class c
      cross join lateral (select u.lot_id, sum(u.units) as units from public.unit_ledger u join public.ledger_transactions t on t.ledger_tx_id = u.ledger_tx_id
        where u.share_class_id = of_class and u.investor_id = w.investor_id and u.account = 'holder' and t.recorded_at <= w.recorded_at group by u.lot_id having sum(u.units) > 0) h
  )
  select p.entry_id, p.investor_id, p.lot_id, p.flow_id, p.effective_on, p.recorded_at,
         case when p.posted_as = 'crystallisation' then 'equalisation'
           when p.flow_id is null or p.order_kind = 'transfer' then case when p.units * p.sign > 0 then 'transfer_in' else 'transfer_out' end else p.direction end,
         case when p.posted_as = 'opening' then 'taken_over' when p.posted_as = 'crystallisation' then 'fee' when p.posted_as = 'side_pocket' then 'switch'
           when p.flow_id is null then 'transfer' when p.order_kind = 'plain' then 'cash' else p.order_kind end,
         p.units,
         case when p.has_cash then coalesce((select abs(sum(m.amount)) from public.cash_movements m
           where m.flow_id = p.flow_id and m.ledger_tx_id = p.ledger_tx_id and m.investor_id = p.investor_id), 0) else 0 end,
         case p.posted_as when 'opening' then p.lot_price when 'crystallisation' then p.nav_per_unit when 'side_pocket' then p.per_unit
           else case when p.order_kind <> 'transfer' then p.price end end,
         -- what an equalisation credit costs is money of the investor still; what makes up for a low price is a fee
         case when p.has_cash then greatest(0, p.levy + p.fee - case p.direction when 'subscription' then p.equalisation_credit else 0 end) else coalesce(p.depreciation, 0) end,
         case when p.has_cash then p.sign * case p.direction when 'subscription' then p.equalisation_credit else -p.credit end 
           else evergreen.credit_value(p.taken_credit, p.credit_units, p.units, null) - p.sign * coalesce(p.refund, 0) end,
         p.reverses, p.sign
    from told p
  union all
  select md5(w.mark_id::text || w.lot_id)::uuid, w.investor_id, w.lot_id, null, w.effective_on, w.settled_at, 'distribution', case when w.in_kind then 'switch' else 'cash' end, 0,
         -- the last lot makes up for what the others do not, so that the cash that was posted is what is told
         case when w.is_last and not w.in_kind then w.total - (sum(w.part) over (partition by w.mark_id, w.investor_id) - w.part) else w.part end,
         null, 0, 0, null, 1
    from shares w
$$;
comment on function evergreen.statement_entries(uuid, uuid[], timestamptz, date) is
  'Entries of holders of a class with the day they count on, what they are, and the cash, price and charges of their order; as recorded up to a time, effective after a day (null: all). Units signed, money unsigned. A distribution is an entry per lot without units.';

-- from sql/6i-fn-statement-series.sql
-- Statements of a class by series (R25): the series of a lot on a day, every strike series by series, and the entries and the account of a holder at the own prices.

create or replace function evergreen.rolled_lots(of_class uuid, known_on timestamptz)
returns table (lot_id uuid, series text, into_series text, as_of date, recorded_at timestamptz, change numeric, cash numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.lot_id, r.series, s.rolled_into, m.as_of, m.recorded_at, r.change, r.cash
    from public.class_marks m join public.proposals p on p.proposal_id = (m.body ->> 'proposal_id')::uuid
    cross join lateral jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, series text, change numeric, cash numeric)
    join lateral jsonb_to_recordset(m.body -> 'series') s (series text, rolled_into text) on s.series = r.series
   where m.share_class_id = of_class and m.cause = 'crystallisation' and m.body ? 'series' and m.recorded_at <= known_on
     and not exists (select from public.ledger_transactions x where x.reverses = m.ledger_tx_id and x.recorded_at <= known_on)
$$;
comment on function evergreen.rolled_lots(uuid, timestamptz) is 'Lots that were rolled from one series into another, known up to a time: signed units, and the cash that rounding left.';

create or replace function evergreen.series_strikes(of_class uuid, known_on timestamptz)
returns table (strike_id uuid, nav_date date, version int, published_at timestamptz, series text, nav_per_unit numeric, dealing_price_sub numeric, dealing_price_red numeric,
  management_fee_per_unit numeric, performance_fee_per_unit numeric, distribution_per_unit numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with struck as materialized (
    select c.*, n.nav + n.performance_accrued as before_fee, evergreen.by_series(of_class, c.nav_date) as by_series from evergreen.class_strikes(of_class, known_on) c
      join public.class_navs n on n.strike_id = c.strike_id and n.share_class_id = of_class
  ), swung as (
    select d.strike_id, (d.terms ->> 'swing_red')::numeric as swing_red from public.dealing_days d where d.share_class_id = of_class and d.terms is not null
  )
  select c.strike_id, c.nav_date, c.version, c.published_at, n.series, n.nav_per_unit, null::numeric, round(n.nav_per_unit * (1 + w.swing_red), k.price_dp),
         -- the class's costs belong to its series as its result does, by value before fee
         round(c.management_fee_per_unit * c.units * (n.nav + n.performance_accrued) / c.before_fee / n.units, 18),
         round(n.performance_accrued / n.units - coalesce(b.fee, 0), 18), c.distribution_per_unit
    from struck c join public.series_navs n on n.strike_id = c.strike_id and n.share_class_id = of_class join public.share_classes k on k.share_class_id = of_class left join swung w on w.strike_id = c.strike_id
    -- what was open at the strike before, unless it was taken there
    left join lateral (select case when exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = p.nav_date and m.recorded_at <= known_on)
        then 0 else x.performance_accrued / x.units end as fee
      from struck p join public.series_navs x on x.strike_id = p.strike_id and x.share_class_id = of_class and x.series = n.series
     where p.nav_date < c.nav_date order by p.nav_date desc, p.published_at desc, p.version desc limit 1) b on true
  union all
  -- a series is worth its issue price on the day that opens it
  select distinct c.strike_id, c.nav_date, c.version, c.published_at, a.series, a.high_water, a.price, null::numeric, null::numeric, null::numeric, 0::numeric
    from struck c join public.dealing_days d on d.share_class_id = of_class and d.dealing_date = c.nav_date join public.allocations a on a.dealing_day_id = d.dealing_day_id and a.share_class_id = of_class
   where c.by_series and a.series <> '' and a.filled_units > 0
     and not exists (select from public.series_navs n where n.strike_id = c.strike_id and n.share_class_id = of_class and n.series = a.series)
  union all
  -- before the fee was by series every lot had the price of the class
  select c.strike_id, c.nav_date, c.version, c.published_at, l.series, c.nav_per_unit, c.dealing_price_sub, c.dealing_price_red, c.management_fee_per_unit, c.performance_fee_per_unit, c.distribution_per_unit
    from struck c cross join (select distinct evergreen.series_of(x) as series from public.lots x where x.share_class_id = of_class
      union select r.series from evergreen.rolled_lots(of_class, known_on) r) l
   where not c.by_series and not exists (select from public.series_navs n where n.strike_id = c.strike_id and n.share_class_id = of_class)
$$;
comment on function evergreen.series_strikes(uuid, timestamptz) is
  'Every published version of every strike of a class up to a time, series by series; fees and distributions are money per unit since the strike before. Fund currency.';

create or replace function evergreen.series_entries(of_class uuid, of_investors uuid[], known_on timestamptz, since date)
returns table (entry_id uuid, investor_id uuid, lot_id uuid, flow_id uuid, effective_on date, recorded_at timestamptz, kind text, via text, units numeric, amount numeric,
  price numeric, charge numeric, reverses uuid, sign int, series text, turn int, rolled_cash numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with told as materialized (
    select e.* from evergreen.statement_entries(of_class, of_investors, known_on, null) e
  ), rolled as materialized (
    select r.*, l.investor_id, coalesce((select sum(t.units) from told t where t.lot_id = r.lot_id and t.effective_on < r.as_of), 0) as units
      from evergreen.rolled_lots(of_class, known_on) r join public.lots l on l.lot_id = r.lot_id where l.investor_id = any (of_investors)
  ), placed as (
    select t.*, coalesce((select r.series from rolled r where r.lot_id = t.lot_id and r.as_of > t.effective_on order by r.as_of limit 1), evergreen.series_of(l)) as series,
           p.price as piece_price, p.amount as piece_amount, coalesce(p.first, false) as first, a.levy, a.fee
      from told t join public.lots l on l.lot_id = t.lot_id
      left join public.allocations a on t.kind = 'redemption' and a.flow_id = t.flow_id and a.pieces <> '[]'
      left join lateral (select x.price, x.amount, x.place = 1 as first from jsonb_array_elements(a.pieces) with ordinality e (piece, place)
          cross join lateral (select (e.piece ->> 'lot_id')::uuid as lot_id, (e.piece ->> 'price')::numeric as price, (e.piece ->> 'amount')::numeric as amount, e.place) x where x.lot_id = t.lot_id) p on true
     where not exists (select from rolled r where r.lot_id = t.lot_id and r.as_of = t.effective_on and t.kind = 'equalisation')
  )
  select p.entry_id, p.investor_id, p.lot_id, case when p.piece_price is null then p.flow_id end, p.effective_on, p.recorded_at, p.kind, p.via, p.units,
         -- lot by lot at the price of its series; what was taken off the order is taken off its first piece
         case when p.piece_price is null then p.amount else p.piece_amount - case when p.first then p.levy + p.fee else 0 end end,
         coalesce(p.piece_price, p.price), case when p.piece_price is null then p.charge when p.first then p.levy + p.fee else 0 end, p.reverses, p.sign, p.series, 1, 0::numeric
    from placed p where since is null or p.effective_on > since
  union all
  -- a roll-up takes a lot out of its series and puts it into the lead
  select md5(r.lot_id || e.kind || r.as_of)::uuid, r.investor_id, r.lot_id, null, r.as_of, r.recorded_at, e.kind, 'roll_up', e.units, 0, null, 0, null, 1, e.series, 0, e.cash
    from rolled r cross join lateral (values ('transfer_out', -r.units, r.series, 0::numeric), ('transfer_in', r.units + r.change, r.into_series, r.cash)) e (kind, units, series, cash)
   where since is null or r.as_of > since
$$;
comment on function evergreen.series_entries(uuid, uuid[], timestamptz, date) is
  'Entries of holders of a class by series, as statement_entries tells them, each with its series and its own price and cash; a roll-up is a pair that leaves one series for another.';

create or replace function evergreen.series_accounts(of_class uuid, of_investors uuid[], struck_id uuid, struck_on date, before_id uuid, before_on date)
returns table (investor_id uuid, units_from numeric, units_to numeric, opening numeric, paid_in numeric, paid_out numeric, distributed numeric, transferred numeric, gained numeric,
  managed numeric, performed numeric, credit_changed numeric, differed numeric, closing numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with entries as materialized (
    select * from evergreen.series_entries(of_class, of_investors, now(), null)
  ), strikes as materialized (
    select s.* from evergreen.series_strikes(of_class, now()) s where s.strike_id in (struck_id, before_id)
  ), dealt as materialized (
    select e.*, s.nav_per_unit as worth from entries e left join strikes s on s.strike_id = struck_id and s.series = e.series
     where e.effective_on > coalesce(before_on, '-infinity') and e.effective_on <= struck_on
  ), held as (
    select e.investor_id, e.series, coalesce(sum(e.units) filter (where e.effective_on <= before_on), 0) as units_from, coalesce(sum(e.units) filter (where e.effective_on < struck_on), 0) as units_before,
           sum(e.units) as units_to from entries e where e.effective_on <= struck_on group by 1, 2
  ), valued as (
    select h.investor_id, sum(h.units_from) as units_from, sum(h.units_to) as units_to, sum(h.units_from * coalesce(f.nav_per_unit, 0)) as opening, sum(h.units_to * coalesce(t.nav_per_unit, 0)) as closing,
           sum(h.units_from * (coalesce(t.nav_per_unit, f.nav_per_unit) - f.nav_per_unit)) as moved, sum(h.units_before * coalesce(t.management_fee_per_unit, 0)) as managed,
           sum(h.units_before * coalesce(t.performance_fee_per_unit, 0)) as performed, sum(h.units_before * coalesce(t.distribution_per_unit, 0)) as given
      from held h left join strikes f on f.strike_id = before_id and f.series = h.series left join strikes t on t.strike_id = struck_id and t.series = h.series group by 1
  ), sums as (
    select k.id as investor_id,
           coalesce(sum(d.sign * d.amount) filter (where d.kind = 'subscription'), 0) as paid_in, coalesce(sum(d.sign * d.amount) filter (where d.kind = 'redemption'), 0) as paid_out,
           coalesce(sum(d.sign * d.amount) filter (where d.kind = 'distribution'), 0) as distributed,
           coalesce(sum(d.units * c.came_at) filter (where d.kind in ('transfer_in', 'transfer_out')), 0) as transferred,
           coalesce(sum(d.units * (d.worth - c.came_at)) filter (where d.kind in ('transfer_in', 'transfer_out')), 0) as gained_since,
           coalesce(sum(d.units * d.worth) filter (where d.kind in ('subscription', 'redemption', 'equalisation')), 0) as dealt_at_nav
      from unnest(of_investors) k (id) left join dealt d on d.investor_id = k.id
      left join lateral (select case when d.via = 'taken_over' and d.effective_on < struck_on then d.price else d.worth end as came_at) c on true group by k.id
  )
  select s.investor_id, coalesce(v.units_from, 0), coalesce(v.units_to, 0), coalesce(v.opening, 0), s.paid_in, s.paid_out, s.distributed, s.transferred,
         coalesce(v.moved, 0) + s.gained_since + coalesce(v.managed + v.performed + v.given, 0), coalesce(v.managed, 0), coalesce(v.performed, 0), 0::numeric,
         s.dealt_at_nav - (s.paid_in - s.paid_out) + s.distributed - coalesce(v.given, 0), coalesce(v.closing, 0)
    from sums s left join valued v on v.investor_id = s.investor_id
$$;
comment on function evergreen.series_accounts(uuid, uuid[], uuid, date, uuid, date) is
  'The account of holders of a class by series between two strikes, exact: units, and the money of every line at the prices of their series; what a roll-up rounded down to cash is among the transfers.';

create or replace function evergreen.series_books(class public.share_classes, of_investor uuid, limit_at timestamptz) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with known as materialized (
    select e.* from evergreen.series_entries(class.share_class_id, array[of_investor], limit_at, null) e where e.recorded_at <= limit_at
  ), strikes as materialized (
    select s.* from evergreen.series_strikes(class.share_class_id, limit_at) s
     where s.nav_date >= (select min(k.effective_on) from known k) and s.series in (select k.series from known k)
  ), taken as (
    select k.effective_on as nav_date, min(k.recorded_at) as published_at, k.series, round(sum(k.units * k.price) / sum(k.units), 18) as nav_per_unit
      from known k where k.via = 'taken_over' and k.sign = 1 and not exists (select from strikes s where s.nav_date = k.effective_on and s.series = k.series) group by k.effective_on, k.series
  )
  select jsonb_build_object(
    'feesStated', coalesce((select bool_and(s.management_fee_per_unit is not null or s.performance_fee_per_unit is not null) from strikes s where s.dealing_price_sub is null), false),
    'entries', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', k.entry_id, 'effectiveOn', k.effective_on, 'recordedAt', to_char(k.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'lot', k.lot_id, 'series', k.series, 'kind', k.kind, 'units', trim_scale(k.units)::text, 'amount', trim_scale(k.amount)::text,
        'price', case when k.kind in ('subscription', 'redemption') then trim_scale(k.price)::text end, 'charge', trim_scale(k.charge)::text, 'equalisation', '0', 'reverses', k.reverses,
        'order', case when k.kind in ('subscription', 'redemption') then k.flow_id end)) order by k.effective_on, k.turn, k.recorded_at, k.kind desc, k.entry_id) from known k), '[]'),
    'strikes', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('date', s.nav_date, 'series', s.series, 'recordedAt', to_char(s.published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'navPerUnit', trim_scale(s.nav_per_unit)::text, 'dealingPriceSub', trim_scale(s.dealing_price_sub)::text, 'dealingPriceRed', trim_scale(s.dealing_price_red)::text,
        'distributionPerUnit', trim_scale(s.distribution_per_unit)::text, 'managementFeePerUnit', trim_scale(s.management_fee_per_unit)::text, 'performanceFeePerUnit', trim_scale(s.performance_fee_per_unit)::text))
        order by s.nav_date, s.published_at, s.version, s.series)
      from (select nav_date, published_at, 0 as version, series, nav_per_unit, null::numeric as dealing_price_sub, null::numeric as dealing_price_red, null::numeric as management_fee_per_unit,
                   null::numeric as performance_fee_per_unit, null::numeric as distribution_per_unit from taken
            union all select nav_date, published_at, version, series, nav_per_unit, dealing_price_sub, dealing_price_red, management_fee_per_unit, performance_fee_per_unit, distribution_per_unit from strikes) s), '[]'))
$$;
comment on function evergreen.series_books(public.share_classes, uuid, timestamptz) is
  'Of the books of an investor in a class by series: entries with their series and strikes series by series, in the shape of fn_statement_books.';

create or replace function evergreen.series_performance(c public.share_classes, wanted uuid[], limit_at timestamptz) returns setof jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with entries as materialized (
    select e.* from evergreen.series_entries(c.share_class_id, wanted, limit_at, null) e where e.recorded_at <= limit_at
  ), flows as (
    -- a roll-up is a transfer at the two prices: what it leaves is the cash that was paid
    select e.series, e.effective_on, v.via, sum(e.units) as units,
           sum(case when e.via = 'taken_over' then round(e.units * e.price, 4) when e.kind = 'subscription' then e.sign * e.amount
                 when e.via = 'switch' and e.kind = 'transfer_in' then round(e.units * e.price, 4) else 0 end) as paid_in,
           sum(case when e.kind in ('redemption', 'distribution') then e.sign * e.amount else 0 end) as paid_out
      from entries e cross join lateral (select case e.via when 'roll_up' then 'transfer' else e.via end as via) v group by 1, 2, 3
  ), prices as (
    select distinct on (s.series, s.nav_date) s.series, s.nav_date, s.nav_per_unit, s.distribution_per_unit,
           case when num_nulls(s.management_fee_per_unit, s.performance_fee_per_unit) < 2 then coalesce(s.management_fee_per_unit, 0) + coalesce(s.performance_fee_per_unit, 0) end as fees
      from evergreen.series_strikes(c.share_class_id, limit_at) s order by s.series, s.nav_date, s.published_at desc, s.version desc
  )
  select jsonb_build_object('id', c.share_class_id || '/' || k.series, 'code', c.code || ' ' || k.series,
      'prices', coalesce((select jsonb_agg(jsonb_build_object('date', p.nav_date, 'price', trim_scale(p.nav_per_unit)::text, 'distributed', trim_scale(p.distribution_per_unit)::text,
        'fees', trim_scale(p.fees)::text) order by p.nav_date) from prices p where p.series = k.series), '[]'),
      'flows', coalesce((select jsonb_agg(jsonb_build_object('date', f.effective_on, 'via', f.via, 'units', trim_scale(f.units)::text, 'paidIn', trim_scale(f.paid_in)::text,
        'paidOut', trim_scale(f.paid_out)::text) order by f.effective_on, f.via) from flows f where f.series = k.series and (f.units <> 0 or f.paid_in <> 0 or f.paid_out <> 0)), '[]'))
    from (select distinct e.series from entries e) k
$$;
comment on function evergreen.series_performance(public.share_classes, uuid[], timestamptz) is
  'Prices and dated flows of a class series by series, each in the shape of a class of fn_performance_books: a series is measured at its own price.';

-- from sql/6i-fn-statements.sql
-- What an investor is told: the books of a holder as known on a time, the flows that performance is measured from, and one stored statement per dealing day.

create or replace function public.fn_statement_books(investor_id uuid, share_class_id uuid, known_on timestamptz default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  class public.share_classes;
  limit_at timestamptz := coalesce(known_on, now());
  answer jsonb;
begin
  perform evergreen.require_role('lp_role', 'pm_role', 'ops_role', 'audit_role');
  perform evergreen.refuse_unless(exists (select from public.investors i where i.investor_id = fn_statement_books.investor_id)
    and (evergreen.role_name() <> 'lp_role' or exists (select from evergreen.my_investors m where m.investor_id = fn_statement_books.investor_id)), 'EG404', 'No investor with that id.');
  select * into class from public.share_classes c where c.share_class_id = fn_statement_books.share_class_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id.');
  perform evergreen.refuse_unless(isfinite(limit_at), 'EG400', 'known_on is a time.');
  with known as materialized (
    select e.* from evergreen.statement_entries(class.share_class_id, array[fn_statement_books.investor_id], limit_at, null) e where e.recorded_at <= limit_at
  ), others as materialized (
    -- every entry there is, with its day where it was known
    select e.lot_id, e.units, k.effective_on from evergreen.statement_entries(class.share_class_id, array[fn_statement_books.investor_id], 'infinity', null) e
      left join known k on k.entry_id = e.entry_id where e.units <> 0
  ), strikes as materialized (
    select s.* from evergreen.class_strikes(class.share_class_id, limit_at) s where s.nav_date >= (select min(k.effective_on) from known k)
  ), taken as (
    -- units taken over have the price of the take-over on days on which nothing was struck
    select k.effective_on as nav_date, min(k.recorded_at) as published_at, round(sum(k.units * k.price) / sum(k.units), 18) as nav_per_unit
      from known k where k.via = 'taken_over' and k.sign = 1 and k.effective_on not in (select s.nav_date from strikes s) group by k.effective_on
  ), valued as materialized (
    -- days on which a lot changed, and every strike: a credit is worth something else on each
    select y.nav_date, (select s.equalisation_per_unit from strikes s where s.nav_date = y.nav_date order by s.published_at desc, s.version desc limit 1) as reach
      from (select k.effective_on as nav_date from known k union select s.nav_date from strikes s) y
  ), credits as materialized (
    select c.* from evergreen.lot_credits(class.share_class_id, array[fn_statement_books.investor_id], array(select v.nav_date from valued v)) c
  ), lots as (
    -- backwards from what is stored as left, so that entries and lots are two sources
    select l.lot_id, x.nav_date as effective_on, x.recorded_at, x.units, evergreen.credit_value(x.credit, x.of_units, x.units, x.reach) as equalisation
      from public.lots l
      cross join lateral (
        select v.nav_date, v.reach, c.credit, c.units as of_units, (select max(k.recorded_at) from known k where k.lot_id = l.lot_id and k.effective_on <= v.nav_date) as recorded_at,
               l.units_left - coalesce((select sum(o.units) from others o where o.lot_id = l.lot_id and (o.effective_on is null or o.effective_on > v.nav_date)), 0) as units
          from (select k.effective_on as day from known k where k.lot_id = l.lot_id union select c.day from credits c where c.lot_id = l.lot_id and c.credit > 0) d
          join valued v on v.nav_date = d.day left join credits c on c.lot_id = l.lot_id and c.day = d.day) x
     where l.share_class_id = class.share_class_id and l.investor_id = fn_statement_books.investor_id and x.recorded_at is not null
  )
  select jsonb_build_object(
    'fund', jsonb_build_object('code', f.code, 'name', f.name, 'synthetic', f.synthetic),
    'shareClass', jsonb_build_object('id', class.share_class_id, 'code', class.code),
    'feesStated', coalesce((select bool_and(s.management_fee_per_unit is not null or s.performance_fee_per_unit is not null) from strikes s), false),
    'takenOver', exists (select from known k where k.via = 'taken_over'),
    'currency', class.currency, 'unitsDp', class.units_dp, 'investor', fn_statement_books.investor_id,
    'knownOn', to_char(limit_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'entries', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', k.entry_id, 'effectiveOn', k.effective_on,
        'recordedAt', to_char(k.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'lot', k.lot_id, 'kind', k.kind, 'units', trim_scale(k.units)::text,
        'amount', trim_scale(k.amount)::text, 'price', case when k.kind in ('subscription', 'redemption', 'equalisation') then trim_scale(k.price)::text end,
        'charge', trim_scale(k.charge)::text, 'equalisation', trim_scale(k.equalisation)::text, 'reverses', k.reverses,
        'order', case when k.kind in ('subscription', 'redemption') then k.flow_id end)) order by k.effective_on, k.recorded_at, k.entry_id) from known k), '[]'),
    'lots', coalesce((select jsonb_agg(jsonb_build_object('lot', l.lot_id, 'effectiveOn', l.effective_on,
        'recordedAt', to_char(l.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'units', trim_scale(l.units)::text,
        'equalisation', trim_scale(l.equalisation)::text) order by l.lot_id, l.effective_on) from lots l), '[]'),
    'strikes', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('date', s.nav_date,
        'recordedAt', to_char(s.published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'navPerUnit', trim_scale(s.nav_per_unit)::text,
        'dealingPriceSub', trim_scale(s.dealing_price_sub)::text, 'dealingPriceRed', trim_scale(s.dealing_price_red)::text, 'distributionPerUnit', trim_scale(s.distribution_per_unit)::text,
        'managementFeePerUnit', trim_scale(s.management_fee_per_unit)::text, 'performanceFeePerUnit', trim_scale(s.performance_fee_per_unit)::text)) order by s.nav_date, s.published_at, s.version)
      from (select nav_date, published_at, 0 as version, nav_per_unit, null::numeric as dealing_price_sub, null::numeric as dealing_price_red, null::numeric as management_fee_per_unit,
                   null::numeric as performance_fee_per_unit, null::numeric as distribution_per_unit from taken
            union all select nav_date, published_at, version, nav_per_unit, dealing_price_sub, dealing_price_red, management_fee_per_unit, performance_fee_per_unit, distribution_per_unit from strikes) s), '[]'))
    into answer from public.funds f where f.fund_id = class.fund_id;
  if exists (select from public.series_navs n where n.share_class_id = class.share_class_id) then
    answer := answer || evergreen.series_books(class, fn_statement_books.investor_id, limit_at);
  end if;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_statement_books(uuid, uuid, timestamptz) is
  'The books of an investor in a class as recorded up to a time: entries, lots and every published version of every strike, in the shape a capital account statement is made from; an LP only its own. EG400, EG404.';

create or replace function public.fn_performance_books(fund text, investor_ids uuid[] default null, share_class text default null, known_on timestamptz default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
  limit_at timestamptz := coalesce(known_on, now());
  exponent int;
  wanted uuid[];
  answer jsonb;
begin
  perform evergreen.require_role('lp_role', 'pm_role', 'ops_role', 'audit_role');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or of_fund.fund_id in (select evergreen.my_fund_ids())), 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(isfinite(limit_at), 'EG400', 'known_on is a time.');
  perform evergreen.refuse_unless(coalesce(cardinality(investor_ids), 1) between 1 and 10000, 'EG413', 'investor_ids has 1 to 10,000 ids.');
  perform evergreen.refuse_unless(share_class is null or exists (select from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class)),
    'EG404', 'The fund has no class with that code.');
  -- nobody named: for an investor all of the own, for the others every holder there was
  if evergreen.role_name() = 'lp_role' then
    wanted := coalesce(investor_ids, array(select m.investor_id from evergreen.my_investors m));
    perform evergreen.refuse_unless(wanted <@ array(select m.investor_id from evergreen.my_investors m), 'EG404', 'No investor with that id.');
  else
    wanted := coalesce(investor_ids, array(select distinct l.investor_id from public.lots l join public.share_classes c on c.share_class_id = l.share_class_id where c.fund_id = of_fund.fund_id));
    perform evergreen.refuse_unless(investor_ids is null or (select count(*) from public.investors i where i.investor_id = any (investor_ids)) = (select count(distinct x) from unnest(investor_ids) x),
      'EG404', 'No investor with that id.');
  end if;
  select u.exponent into exponent from public.currencies u where u.code = of_fund.base_currency;
  select jsonb_build_object(
    'fund', jsonb_build_object('code', of_fund.code, 'name', of_fund.name, 'synthetic', of_fund.synthetic), 'currency', of_fund.base_currency,
    'knownOn', to_char(limit_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'holders', cardinality(wanted),
    'classes', coalesce((select jsonb_agg(jsonb_build_object('id', c.share_class_id, 'code', c.code,
        -- the version recorded last is the price of the day
        'prices', coalesce((select jsonb_agg(jsonb_build_object('date', s.nav_date, 'price', trim_scale(s.nav_per_unit)::text, 'distributed', trim_scale(s.distribution_per_unit)::text,
             -- what the strike says it charged since the one before; null: it does not say
             'fees', trim_scale(s.fees_per_unit)::text) order by s.nav_date)
           from (select distinct on (x.nav_date) x.nav_date, x.nav_per_unit, x.distribution_per_unit,
                   case when num_nulls(x.management_fee_per_unit, x.performance_fee_per_unit) < 2 then coalesce(x.management_fee_per_unit, 0) + coalesce(x.performance_fee_per_unit, 0) end as fees_per_unit
                   from evergreen.class_strikes(c.share_class_id, limit_at) x order by x.nav_date, x.published_at desc, x.version desc) s), '[]'),
        'flows', coalesce((select jsonb_agg(jsonb_build_object('date', e.effective_on, 'via', e.via, 'units', trim_scale(e.units)::text, 'paidIn', trim_scale(e.paid_in)::text,
             'paidOut', trim_scale(e.paid_out)::text) order by e.effective_on, e.via)
           from (select x.effective_on, x.via, sum(x.units) as units,
                        sum(case when x.via = 'taken_over' then round(x.units * x.price, 4) when x.kind = 'subscription' then x.sign * x.amount
                              when x.via = 'switch' and x.kind = 'transfer_in' then round(x.units * x.price, exponent) else 0 end) as paid_in,
                        sum(case when x.kind in ('redemption', 'distribution') then x.sign * x.amount else 0 end) as paid_out
                   from evergreen.statement_entries(c.share_class_id, wanted, limit_at, null) x where x.recorded_at <= limit_at group by x.effective_on, x.via) e
          where e.units <> 0 or e.paid_in <> 0 or e.paid_out <> 0), '[]')) order by c.code)
       from public.share_classes c where c.fund_id = of_fund.fund_id and (share_class is null or c.code = share_class or c.share_class_id::text = share_class)), '[]'),
    -- marks older than 90 days as a share of NAV (R5), and whether the fund borrows, per date
    'dates', coalesce((select jsonb_agg(jsonb_build_object('date', s.nav_date, 'staleShare', trim_scale(round(s.stale / nullif(s.nav, 0), 18))::text, 'borrows', s.borrows) order by s.nav_date)
       from (select distinct on (x.nav_date) x.nav_date, x.nav, i.stale, i.borrows from public.nav_strikes x
               join lateral (select min(n.published_at) as published_at from public.class_navs n where n.strike_id = x.strike_id) p on p.published_at <= limit_at
               cross join lateral (select coalesce(sum(v.value) filter (where v.kind = 'asset' and v.age_days > 90), 0) as stale, coalesce(bool_or(v.kind = 'debt' and v.value <> 0), false) as borrows
                 from public.nav_inputs v where v.strike_id = x.strike_id) i
              where x.fund_id = of_fund.fund_id order by x.nav_date, p.published_at desc, x.version desc) s), '[]'))
    into answer;
  if exists (select from public.series_navs n join public.share_classes c using (share_class_id) where c.fund_id = of_fund.fund_id) then
    -- the price of a class by series is an average that moves with who enters: its series stand in its place (R25)
    answer := answer || jsonb_build_object('classes', (select jsonb_agg(x.of order by x.of ->> 'code') from (
      select e as of from jsonb_array_elements(answer -> 'classes') e where not exists (select from public.series_navs n where n.share_class_id::text = e ->> 'id')
      union all
      select p from public.share_classes c cross join lateral evergreen.series_performance(c, wanted, limit_at) p
       where c.fund_id = of_fund.fund_id and (share_class is null or c.code = share_class or c.share_class_id::text = share_class)
         and exists (select from public.series_navs n where n.share_class_id = c.share_class_id)) x));
  end if;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_performance_books(text, uuid[], text, timestamptz) is
  'Prices and dated flows of a fund by class (by series where the fee is), of the investors named (an LP: its own; else every holder), as recorded up to a time; units signed, money in the fund''s currency. EG400, EG404, EG413.';

create or replace function evergreen.statement_bodies(d public.dealing_days)
returns table (investor_id uuid, strike_id uuid, opening_strike_id uuid, body jsonb, foots boolean) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  class public.share_classes;
  exponent int;
  struck record;
  before record;
  of_investors uuid[];
  credited boolean;
  in_series boolean;
  for_all jsonb;
begin
  select * into class from public.share_classes c where c.share_class_id = d.share_class_id;
  select u.exponent into exponent from public.currencies u where u.code = class.currency;
  -- the version that counts now: what was restated since is corrected
  select s.* into struck from evergreen.class_strikes(class.share_class_id, now()) s where s.nav_date = d.dealing_date order by s.published_at desc, s.version desc limit 1;
  perform evergreen.refuse_unless(found, 'EG428', 'The dealing day has no published price.');
  select s.* into before from evergreen.class_strikes(class.share_class_id, now()) s where s.nav_date < d.dealing_date order by s.nav_date desc, s.published_at desc, s.version desc limit 1;
  of_investors := array(select distinct a.investor_id from public.allocations a where a.dealing_day_id = d.dealing_day_id);
  in_series := exists (select from public.series_navs n where n.share_class_id = class.share_class_id and n.strike_id in (struck.strike_id, before.strike_id))
    or evergreen.by_series(class.share_class_id, d.dealing_date);
  credited := exists (select from public.allocations a where a.investor_id = any (of_investors) and a.share_class_id = class.share_class_id and a.equalisation_credit > 0)
    or exists (select from public.lots l where l.investor_id = any (of_investors) and l.share_class_id = class.share_class_id and l.equalisation_credit > 0)
    or exists (select from public.class_marks m where m.share_class_id = class.share_class_id and m.cause = 'crystallisation');
  select jsonb_build_object(
      'form', 'evergreen-statement-1', 'fund', jsonb_build_object('code', u.code, 'name', u.name, 'synthetic', u.synthetic),
      'shareClass', jsonb_build_object('id', class.share_class_id, 'code', class.code, 'unitsDp', class.units_dp, 'priceDp', class.price_dp),
      'currency', class.currency, 'dealingDayId', d.dealing_day_id, 'dealingDate', d.dealing_date, 'orderRoot', d.order_root,
      'strike', jsonb_build_object('id', struck.strike_id, 'version', struck.version, 'navPerUnit', trim_scale(struck.nav_per_unit)::text),
      'opening', case when before.strike_id is not null then
        jsonb_build_object('id', before.strike_id, 'version', before.version, 'date', before.nav_date, 'navPerUnit', trim_scale(before.nav_per_unit)::text) end,
      'gate', jsonb_build_object('active', coalesce((d.decision ->> 'gate')::boolean, false), 'fraction', trim_scale((d.decision ->> 'fraction')::numeric)::text,
        'capUnits', trim_scale((d.decision ->> 'cap_units')::numeric)::text))
    into for_all from public.funds u where u.fund_id = d.fund_id;
  return query
  with entries as materialized (
    -- what is effective later too: the units of a day are those of now less what came since
    select e.*, e.effective_on <= struck.nav_date as within, e.kind in ('subscription', 'redemption') as dealt, e.kind in ('transfer_in', 'transfer_out') as moved,
           case e.kind when 'equalisation' then e.sign * e.charge else 0 end as charged, case e.kind when 'distribution' then e.sign * e.amount else 0 end as distributed,
           -- units taken over between two strikes come in at the price of the take-over
           case when e.via = 'taken_over' and e.effective_on < struck.nav_date then e.price else struck.nav_per_unit end as came_at
      from evergreen.statement_entries(class.share_class_id, of_investors, now(), before.nav_date) e
  ), credits as (
    select x.investor_id, sum(evergreen.credit_value(t.credit, t.units, x.units_to, struck.equalisation_per_unit)) as credit_to,
           coalesce(sum(evergreen.credit_value(f.credit, f.units, x.units_from, before.equalisation_per_unit)), 0) as credit_from
      from (select l.investor_id, l.lot_id, l.units_left - coalesce(sum(e.units), 0) as units_from,
                   l.units_left - coalesce(sum(e.units) filter (where not e.within), 0) as units_to
              from public.lots l left join entries e on e.lot_id = l.lot_id
             where credited and l.share_class_id = class.share_class_id and l.investor_id = any (of_investors) group by l.lot_id) x
      left join evergreen.lot_credits(class.share_class_id, of_investors, array[struck.nav_date]) t on t.lot_id = x.lot_id
      left join evergreen.lot_credits(class.share_class_id, of_investors, array[before.nav_date]) f on f.lot_id = x.lot_id
     group by x.investor_id
  ), sums as (
    select k.id as investor_id, coalesce(h.units, 0) - coalesce(sum(e.units), 0) as units_from, coalesce(h.units, 0) - coalesce(sum(e.units) filter (where not e.within), 0) as units_to,
           coalesce(h.units, 0) - coalesce(sum(e.units) filter (where e.effective_on >= struck.nav_date), 0) as units_before,
           coalesce(sum(e.sign * e.amount) filter (where e.within and e.kind = 'subscription'), 0) as paid_in,
           coalesce(sum(e.sign * e.amount) filter (where e.within and e.kind = 'redemption'), 0) as paid_out,
           coalesce(sum(e.units * e.came_at + e.equalisation) filter (where e.within and e.moved), 0) as transferred,
           coalesce(sum(e.units * (struck.nav_per_unit - e.came_at)) filter (where e.within and e.moved), 0) as gained_since,
           coalesce(sum(e.equalisation) filter (where e.within), 0) as credit_moved,
           coalesce(sum(e.charged) filter (where e.within), 0) as charged, coalesce(sum(e.distributed) filter (where e.within), 0) as distributed,
           coalesce(sum(e.units * struck.nav_per_unit + e.equalisation + e.charged) filter (where e.within and not e.moved), 0) as dealt_at_nav
      from unnest(of_investors) k (id) left join public.holdings h on h.share_class_id = class.share_class_id and h.investor_id = k.id
      left join entries e on e.investor_id = k.id group by k.id, h.units
  ), exact as (
    select s.investor_id, s.units_from, s.units_to,
           s.units_from * coalesce(before.nav_per_unit, 0) + coalesce(c.credit_from, 0) as opening,
           s.paid_in, s.paid_out, s.distributed, s.transferred,
           s.units_from * (struck.nav_per_unit - coalesce(before.nav_per_unit, struck.nav_per_unit)) + s.gained_since
             + s.units_before * (struck.distribution_per_unit + coalesce(struck.management_fee_per_unit, 0) + coalesce(struck.performance_fee_per_unit, 0)) as gained,
           s.units_before * coalesce(struck.management_fee_per_unit, 0) as managed, s.units_before * coalesce(struck.performance_fee_per_unit, 0) + s.charged as performed,
           coalesce(c.credit_to, 0) - coalesce(c.credit_from, 0) - s.credit_moved as credit_changed,
           s.dealt_at_nav - (s.paid_in - s.paid_out) + s.distributed - s.units_before * struck.distribution_per_unit as differed,
           s.units_to * struck.nav_per_unit + coalesce(c.credit_to, 0) as closing
      from sums s left join credits c on c.investor_id = s.investor_id where not in_series
    union all
    -- by series everybody has the prices of the own lots (R25)
    select a.* from evergreen.series_accounts(class.share_class_id, case when in_series then of_investors else '{}' end, struck.strike_id, struck.nav_date, before.strike_id, before.nav_date) a
  ), minor as (
    select x.investor_id, x.units_from, x.units_to, round(x.opening, exponent) as opening, round(x.paid_in, exponent) as paid_in, round(-x.paid_out, exponent) as paid_out, round(-x.distributed, exponent) as distributed,
           round(x.transferred, exponent) as transferred, round(x.gained, exponent) as gained, round(-x.managed, exponent) as managed, round(-x.performed, exponent) as performed,
           round(x.credit_changed, exponent) as credit_changed, round(x.differed, exponent) as differed, round(x.closing, exponent) as closing from exact x
  ), fills as (
    select a.investor_id, jsonb_agg(jsonb_build_object('orderId', a.flow_id, 'direction', f.direction, 'kind', f.order_kind,
        'asked', jsonb_build_object('units', trim_scale(f.requested_units)::text, 'amount', trim_scale(f.amount)::text),
        'requestedUnits', case when f.direction = 'redemption' or f.requested_units is not null then trim_scale(coalesce(a.requested_units, f.requested_units))::text end,
        'filledUnits', trim_scale(a.filled_units)::text, 'carriedUnits', trim_scale(a.carried_units)::text, 'carriedTo', a.child_flow_id, 'price', trim_scale(a.price)::text,
        'grossAmount', trim_scale(a.gross_amount)::text, 'levy', trim_scale(a.levy)::text, 'fee', trim_scale(a.fee)::text, 'credit', trim_scale(a.credit)::text,
        'netAmount', trim_scale(a.net_amount)::text, 'cohort', a.cohort, 'reason', a.reason)
        || case when a.pieces = '[]' then '{}'::jsonb else jsonb_build_object('pieces', (select jsonb_agg(jsonb_build_object('series', e ->> 'series', 'units', e ->> 'units', 'price', e ->> 'price',
          'amount', e ->> 'amount') order by e ->> 'lot_id') from jsonb_array_elements(a.pieces) e)) end order by a.flow_id) as list
      from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id where a.dealing_day_id = d.dealing_day_id group by a.investor_id
  )
  select m.investor_id, struck.strike_id, before.strike_id, for_all || case when k.list is null then '{}'::jsonb else jsonb_build_object('compensation', k.list) end || jsonb_build_object('investorId', m.investor_id,
      'account', jsonb_build_object(
        'units', jsonb_build_object('opening', round(m.units_from, class.units_dp)::text, 'closing', round(m.units_to, class.units_dp)::text),
        'feesStated', struck.management_fee_per_unit is not null or struck.performance_fee_per_unit is not null,
        -- as text: twelve objects built one by one cost more than all the sums above
        'lines', ('[{"line":"opening","amount":"' || m.opening || '"},{"line":"contributions","amount":"' || m.paid_in || '"},{"line":"redemptions","amount":"' || m.paid_out
          || '"},{"line":"distributions","amount":"' || m.distributed || '"},{"line":"transfers","amount":"' || m.transferred || '"},{"line":"result","amount":"' || m.gained
          || '"},{"line":"management_fees","amount":"' || m.managed || '"},{"line":"performance_fees","amount":"' || m.performed || '"},{"line":"equalisation","amount":"' || m.credit_changed
          || '"},{"line":"dealing_difference","amount":"' || m.differed || '"},{"line":"rounding","amount":"' || r.rounding || '"},{"line":"closing","amount":"' || m.closing || '"}]')::jsonb,
        'foot', jsonb_build_object('sum', m.closing::text, 'closing', m.closing::text, 'ok', true)),
      'fills', coalesce(g.list, '[]')),
      -- each line may be off by half a minor unit, and nothing else
      abs(r.rounding) * 2 <= 11 * power(10::numeric, -exponent)
    from minor m
    cross join lateral (select m.closing - (m.opening + m.paid_in + m.paid_out + m.distributed + m.transferred + m.gained + m.managed + m.performed + m.credit_changed + m.differed) as rounding) r
    left join fills g on g.investor_id = m.investor_id
    -- what a restatement of the price owes the investor
    left join (
      select c.investor_id, jsonb_agg(jsonb_build_object('orderId', c.flow_id, 'version', n.version, 'kind', c.kind, 'published', coalesce(c.due ->> 'published', trim_scale(x.published)::text), 'correct', coalesce(c.due ->> 'correct', trim_scale(x.correct)::text),
          'unitsDealt', trim_scale(c.units_dealt)::text, 'unitsDue', trim_scale(c.units_due)::text, 'cashDue', trim_scale(c.cash_due)::text, 'difference', trim_scale(c.difference)::text)
          -- with a credit, a charge or several series it is more than units times one difference (R24, R25)
          || case when c.due ? 'was' then jsonb_build_object('was', c.due ->> 'was', 'due', c.due ->> 'due') else '{}'::jsonb end order by n.version, c.flow_id) as list
        from public.restatements x join public.nav_strikes n on n.strike_id = x.strike_id join public.compensations c using (restatement_id)
       where x.dealing_day_id = d.dealing_day_id and c.pays group by c.investor_id) k on k.investor_id = m.investor_id;
end $$;
comment on function evergreen.statement_bodies(public.dealing_days) is
  'The statement of every investor with an order on a posted day, from the strike before to this one as they stand now, with the fills and what a restatement owes; false where the lines do not add up. EG428 without a price.';

create or replace function public.fn_prepare_statements(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  investors int;
  wrong int;
  concerned uuid[];
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_prepare_statements', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('posted', 'claimable', 'settled', 'closed'), 'EG428', 'The dealing day is ' || d.status || '; statements follow its posting.');
  with fresh as materialized (
    select b.*, encode(sha256(convert_to(b.body::text, 'UTF8')), 'hex') as digest from evergreen.statement_bodies(d) b
  ), latest as (
    select distinct on (s.investor_id) s.investor_id, s.statement_id, s.version, s.hash from public.statements s
     where s.dealing_day_id = d.dealing_day_id order by s.investor_id, s.version desc
  ), made as (
    -- what is as it was keeps its version
    insert into public.statements (dealing_day_id, investor_id, version, supersedes, strike_id, opening_strike_id, body, hash, effective_at)
    select d.dealing_day_id, f.investor_id, coalesce(l.version, 0) + 1, l.statement_id, f.strike_id, f.opening_strike_id, f.body, f.digest, d.dealing_date::timestamp at time zone 'UTC'
      from fresh f left join latest l on l.investor_id = f.investor_id where l.hash is distinct from f.digest
    returning investor_id
  )
  select (select count(*) from fresh), (select count(*) from fresh f where not f.foots), array(select m.investor_id from made m order by 1) into investors, wrong, concerned;
  perform evergreen.refuse_unless(wrong = 0, 'EG424', wrong || ' statements do not foot.');
  if cardinality(concerned) > 0 or d.step < 11 then
    update public.dealing_days x set step = greatest(x.step, 11) where x.dealing_day_id = d.dealing_day_id;
    perform evergreen.emit('STATEMENTS_READY', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'statements', cardinality(concerned)), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), concerned, request_id);
    perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'statements prepared: ' || cardinality(concerned) || ' of ' || investors, request_id);
  end if;
  answer := jsonb_build_object('dealing_day_id', d.dealing_day_id, 'investors', investors, 'written', cardinality(concerned),
    -- other days whose statements stand on a strike that was restated since
    'stale_days', coalesce((select jsonb_agg(x.dealing_day_id order by x.dealing_date) from public.dealing_days x where x.fund_id = d.fund_id and x.dealing_day_id in (
        select s.dealing_day_id from public.nav_strikes n join public.statements s on n.strike_id in (s.strike_id, s.opening_strike_id)
         where n.fund_id = d.fund_id and n.state = 'restated' and not exists (select from public.statements later where later.supersedes = s.statement_id))
      and x.dealing_day_id <> d.dealing_day_id), '[]'));
  perform evergreen.keep_answer('fn_prepare_statements', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_prepare_statements(uuid, text) is
  'Writes the statement of every investor with an order on a posted day; called again after a restatement it adds a new version where something changed, and names the other days that stand on a restated strike. EG404, EG424 does not foot, EG428.';

-- from sql/6j-fn-dealing-run.sql
-- The run of a dealing day beside its steps: where it stands, who knocks, what it reads, marks, unpaid subscriptions, the lab, discarding.

create or replace function evergreen.knock_days(of_fund uuid, on_date date, only_day uuid, why text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.emit('DEALING_DAY_KNOCKED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'reason', left(why, 200)), evergreen.actor(),
      jsonb_build_object('workflow_id', d.workflow_id), '{}', null)
    from (select x.* from public.dealing_days x where x.fund_id = of_fund and (on_date is null or x.dealing_date = on_date) and (only_day is null or x.dealing_day_id = only_day)
      and x.workflow_id is not null and x.status not in ('closed', 'suspended', 'discarded')
      -- days of a demo's past have no run to tell
      and evergreen.demo_clock() is null order by x.dealing_date, x.dealing_day_id) d;
end $$;
comment on function evergreen.knock_days(uuid, date, uuid, text) is 'Tells the runs of a fund''s open dealing days (of a date, or one) to look again.';

create or replace function public.fn_knock_dealing_day(dealing_day_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_knock_dealing_day', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 200, 'EG400', 'reason has 1 to 200 characters.');
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status not in ('closed', 'suspended', 'discarded'), 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.knock_days(d.fund_id, null, d.dealing_day_id, reason);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'asked to look again', request_id);
  perform evergreen.keep_answer('fn_knock_dealing_day', request_id, input, jsonb_build_object('status', d.status));
  return d.status;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_knock_dealing_day(uuid, text, text) is 'Tells the run of a dealing day to look again, after somebody corrected what it waits for; returns the status of the day. EG400, EG404, EG428 over.';

create or replace function evergreen.waits_for(d public.dealing_days) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- one NAV per fund and date, over the register as it stands: every class is past its cut-off, and every day before is posted
  select coalesce(jsonb_agg(w.words order by w.dealing_date, w.code), '[]') from (
    select x.dealing_date, c.code, case when x.dealing_date = d.dealing_date then 'cut-off of class ' || c.code else 'posting of class ' || c.code || ' of ' || x.dealing_date end as words
      from public.dealing_days x join public.share_classes c using (share_class_id)
     where x.fund_id = d.fund_id and x.dealing_day_id <> d.dealing_day_id
       and (x.dealing_date = d.dealing_date and x.status = 'open'
         or x.dealing_date < d.dealing_date and x.status not in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded'))
     order by x.dealing_date, c.code limit 5) w
$$;
comment on function evergreen.waits_for(public.dealing_days) is 'What the NAV of a day waits for among the other days of the fund, by name; at most five.';

create or replace function public.fn_read_dealing_day(dealing_day_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  p public.proposals;
  a record;
begin
  perform evergreen.require_role('agent_commander');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_dealing_day.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  select * into p from public.proposals x where x.proposal_id = s.proposal_id;
  -- a tool that this run asked for, if people decided on it or still may
  select x.activation_id, x.tool, x.proposal_id, q.status, x.status as activation into a from public.lmt_activations x join public.proposals q on q.proposal_id = x.proposal_id
   where x.fund_id = d.fund_id and q.workflow_id = d.workflow_id and q.kind = 'lmt' and x.status <> 'ended' order by x.created_at desc limit 1;
  return jsonb_build_object('dealing_day_id', d.dealing_day_id, 'fund_id', d.fund_id, 'status', d.status, 'step', d.step, 'workflow_id', d.workflow_id,
    -- the database's clock; a little later than the moment itself
    'cut_off_in_ms', greatest(0, ceil(extract(epoch from d.cut_off_at - clock_timestamp()) * 1000)::bigint),
    'rechecked', d.rechecked_at is not null,
    -- one of the classes that deal at a NAV makes it, for all of them
    'leads', not exists (select from public.dealing_days x join public.share_classes c using (share_class_id), public.share_classes mine
       where mine.share_class_id = d.share_class_id and x.fund_id = d.fund_id and x.dealing_date = d.dealing_date and c.code < mine.code
         and x.status not in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded')),
    'waits_for', case when d.status in ('cut_off', 'inputs_frozen') then evergreen.waits_for(d) else '[]' end,
    'strike_id', d.strike_id, 'strike_state', s.state, 'lab', d.decision ? 'lab',
    'blockers', case when s.state = 'estimated' then (select coalesce(jsonb_agg(b.words), '[]') from (
        select i.label || ': ' || i.blocked_by as words from public.nav_inputs i where i.strike_id = s.strike_id and i.blocked_by is not null
        union all select x ->> 'words' from jsonb_array_elements(coalesce(s.body #> '{draft,blockers}', '[]')) x order by 1 limit 10) b) else '[]' end,
    'proposal_id', p.proposal_id, 'proposal_status', p.status,
    'proposed_for_ms', floor(extract(epoch from clock_timestamp() - p.created_at) * 1000)::bigint,
    'expires_in_ms', greatest(0, ceil(extract(epoch from p.expires_at - clock_timestamp()) * 1000)::bigint),
    'suspension', exists (select from public.lmt_activations x where x.fund_id = d.fund_id and x.tool = 'suspension' and x.status = 'active'),
    'activation_id', a.activation_id, 'tool', a.tool, 'tool_status', case when a.activation = 'active' then 'active' else a.status end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_dealing_day(uuid) is
  'Where a dealing day stands, for its run: status, what it waits for, who leads the NAV of the date, what blocks it, how its proposal stands. Times in ms by the database''s clock. EG404.';

create or replace function public.fn_roll_unpaid(dealing_day_id uuid, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  unpaid uuid[];
  event uuid;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_roll_unpaid', request_id, input);
  if answer is not null then
    return (answer ->> 'rolled')::int;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('cut_off', 'inputs_frozen', 'nav_proposed'), 'EG428', 'The dealing day is ' || d.status || '.');
  -- before anybody knows the price: who could still choose to pay would have an option on it
  select array_agg(f.flow_id order by f.flow_id) into unpaid from (
    select x.flow_id from public.fund_flows x where x.dealing_day_id in (select y.dealing_day_id from public.dealing_days y where y.fund_id = d.fund_id and y.dealing_date = d.dealing_date
       and y.status in ('cut_off', 'inputs_frozen', 'nav_proposed')) and x.status = 'locked' and x.direction = 'subscription' and x.order_kind = 'plain' and x.cleared_at is null
     order by x.flow_id for no key update) f;
  if unpaid is not null then
    event := evergreen.emit('ORDERS_ROLLED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'orders', cardinality(unpaid)), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
    perform evergreen.leave_day(unpaid, event, 'the cash has not come');
  end if;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'subscriptions without their cash rolled: ' || coalesce(cardinality(unpaid), 0), request_id);
  perform evergreen.keep_answer('fn_roll_unpaid', request_id, input, jsonb_build_object('rolled', coalesce(cardinality(unpaid), 0)));
  return coalesce(cardinality(unpaid), 0);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_roll_unpaid(uuid, text) is 'Subscriptions whose cash has not come, of every class that deals on the date, wait for the next dealing day (R6); returns how many. EG404, EG428.';

create or replace function evergreen.leave_day(flows uuid[], event uuid, why text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with leaving as materialized (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = any (flows) order by f.flow_id for no key update
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, actor)
    select l.flow_id, l.status, 'accepted', event, left(why, 200), evergreen.actor() from leaving l
  )
  update public.fund_flows f set status = 'accepted', dealing_day_id = null, dealing_date = null, priced_at = null, reason = left(why, 200) from leaving l where f.flow_id = l.flow_id;
end $$;
comment on function evergreen.leave_day(uuid[], uuid, text) is 'Orders leave their dealing day and wait for the next one they are eligible for.';

create or replace function public.fn_record_lab(dealing_day_id uuid, lab jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'lab', lab);
  answer := evergreen.earlier_answer('fn_record_lab', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('inputs_frozen', 'nav_proposed'), 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.refuse_unless(jsonb_typeof(lab) = 'object' and octet_length(lab::text) <= 32768, 'EG400', 'lab is a JSON object of at most 32 KB.');
  update public.dealing_days x set decision = jsonb_build_object('lab', fn_record_lab.lab), step = greatest(x.step, 4) where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'liquidity tools compared', request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_record_lab', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_lab(uuid, jsonb, text) is 'Keeps what each permitted combination of liquidity tools would do on the day, beside the decision to come. EG400, EG404, EG428.';

create or replace function public.fn_discard_dealing_day(dealing_day_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  book uuid[];
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_discard_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  d := evergreen.lock_dealing_day(dealing_day_id);
  -- what is posted is changed by a restatement only
  perform evergreen.refuse_unless(d.status in ('open', 'cut_off', 'inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated'), 'EG428', 'The dealing day is ' || d.status || '.');
  event := evergreen.emit('DEALING_DAY_DISCARDED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  select array_agg(f.flow_id) into book from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status in ('locked', 'priced');
  delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
  perform evergreen.leave_day(coalesce(book, '{}'), event, 'the dealing day was discarded');
  update public.dealing_days x set status = 'discarded' where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.end_gate_use(d.strike_id, 'the dealing day of ' || d.dealing_date || ' was discarded');
  -- a NAV that nobody deals at any more is not decided; one that is final stays so
  update public.proposals p set status = 'withdrawn', refusal = jsonb_build_object('code', 'EG428', 'reason', 'the dealing day was discarded')
    from public.nav_strikes s where s.strike_id = d.strike_id and p.proposal_id = s.proposal_id and p.status in ('pending', 'approved')
     and not exists (select from public.dealing_days x where x.strike_id = s.strike_id and x.status not in ('discarded', 'suspended'));
  perform evergreen.knock_days(x.fund_id, null, x.dealing_day_id, 'another day was discarded') from public.dealing_days x
    where x.fund_id = d.fund_id and x.dealing_day_id <> d.dealing_day_id and x.dealing_date >= d.dealing_date;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'dealing day discarded, orders waiting again: ' || coalesce(cardinality(book), 0), request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_discard_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_discard_dealing_day(uuid, text, text) is
  'Gives a dealing day up that is not posted: its orders are accepted again and deal on a later day. A NAV that was struck stays. EG400, EG404, EG428.';

create or replace function public.fn_record_marks(fund text, marks jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('fund', fund, 'sha256', encode(sha256(convert_to(marks::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_record_marks', request_id, input);
  if answer is not null then
    return (answer ->> 'marks')::int;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(marks) = 'array', 'EG400', 'marks is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(marks) between 1 and 200000, 'EG413', 'marks has 1 to 200,000 rows.');
  select count(*) into bad from jsonb_to_recordset(marks) m (asset text, as_of date, value numeric, source text, confirmed boolean)
    left join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = m.asset or a.id::text = m.asset)
   where (a.id is not null and isfinite(m.as_of) and m.as_of <= current_date and m.value > -1e30 and m.value < 1e30
     and evergreen.within_exponent(m.value, of_fund.base_currency) and length(m.source) between 1 and 200) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' marks name no asset of the fund, no date up to today, no value in the currency''s units or no source.');
  insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, method, source, effective_at)
  select a.id, of_fund.fund_id, m.as_of, m.value, case when m.confirmed then 'confirmed' else 'recorded' end, m.source, m.as_of::timestamp at time zone 'UTC'
    from jsonb_to_recordset(marks) m (asset text, as_of date, value numeric, source text, confirmed boolean)
    join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = m.asset or a.id::text = m.asset);
  get diagnostics n = row_count;
  perform evergreen.emit('MARKS_RECORDED', of_fund.fund_id, jsonb_build_object('marks', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'marks recorded');
  perform evergreen.audit(of_fund.fund_id, 'asset_snapshots', of_fund.fund_id::text, 'marks recorded: ' || n, request_id);
  perform evergreen.keep_answer('fn_record_marks', request_id, input, jsonb_build_object('marks', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_marks(text, jsonb, text) is
  'Records marks = [{asset, as_of, value, source, confirmed?}] (fund currency; asset by key or id) beside those of before; a confirmed one is not held back by the price breaker. EG400, EG404, EG413.';

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

create or replace function public.fn_read_book(dealing_day_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  f public.funds;
  lmt jsonb;
  days uuid[];
begin
  perform evergreen.require_role('agent_liquidity_engine');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_book.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  perform evergreen.refuse_unless(d.strike_id is not null, 'EG428', 'The dealing day is ' || d.status || ': it has no NAV yet.');
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  select * into f from public.funds x where x.fund_id = d.fund_id;
  select p.body into lmt from public.lmt_policies p where p.policy_id = d.lmt_policy_id;
  -- the gate is one over all classes that deal at this NAV
  select array_agg(x.dealing_day_id order by x.dealing_day_id) into days from public.dealing_days x
   where x.strike_id = d.strike_id and x.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated');
  return jsonb_build_object('fund', f.code, 'currency', f.base_currency, 'dealing_date', d.dealing_date, 'strike_state', s.state,
    'nav', coalesce((s.nav - evergreen.pockets_worth(s.strike_id))::text, ((s.body #>> '{draft,nav}')::numeric - (select coalesce(sum((e ->> 'nav')::numeric), 0)
       from jsonb_array_elements(coalesce(s.body #> '{draft,classes}', '[]')) e join public.share_classes k on k.share_class_id::text = e ->> 'share_class_id' and k.pocket_of is not null))::text),
    'liquid_assets', coalesce(s.body ->> 'liquid_assets', s.body #>> '{draft,liquid_assets}'),
    'certain_inflows', coalesce(s.body ->> 'certain_inflows', s.body #>> '{draft,certain_inflows}'),
    'offer_share', (select trim_scale(o.share)::text from public.repurchase_offers o where o.fund_id = f.fund_id and o.pricing_date = d.dealing_date),
    'lmt', lmt, 'active', (select coalesce(jsonb_agg(distinct a.tool), '[]') from public.lmt_activations a join public.proposals q using (proposal_id) where a.fund_id = f.fund_id and a.status = 'active' and q.kind = 'lmt'),
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
    'orders', evergreen.book_orders(days), 'lots', evergreen.book_lots(days),
    'cover', (select jsonb_build_object('assets', c.assets::text, 'liabilities', c.liabilities::text) from evergreen.thirty_day_cover(f.fund_id, null) c),
    'holdings', case when lmt ? 'investorGate' then evergreen.book_holdings(days, d.dealing_date, lmt #>> '{investorGate,period}') else '[]'::jsonb end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_book(uuid) is
  'The locked orders of every class that deals at the NAV of a day, with prices, terms, lots of who redeems, the figures the gate is held against, and what the fund can sell and owes under stress within 30 days. EG404, EG428 no NAV yet.';

create or replace function evergreen.redeemed_since(of_fund uuid, since date, before date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(a.gross_amount), 0) from public.dealing_days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
   where d.fund_id = of_fund and d.dealing_date >= since and d.dealing_date < before and d.status in ('posted', 'claimable', 'settled', 'closed')
     and f.direction = 'redemption' and f.order_kind = 'plain'
$$;
comment on function evergreen.redeemed_since(uuid, date, date) is 'What redemptions took out of a fund on dealing days from a date until before another; fund currency. Switches and transfers take nothing out.';

create or replace function evergreen.book_orders(days uuid[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive book as materialized (
    select f.* from public.fund_flows f where f.dealing_day_id = any (days) and f.status in ('locked', 'priced')
  ), chain as (
    -- how often what is left of an order was dealt before, and how often it got something
    select b.flow_id as root, p.parent_flow_id, 1 as dealings, (coalesce(p.filled_units, 0) > 0)::int as fills from book b join public.fund_flows p on p.flow_id = b.parent_flow_id
    union all
    select c.root, p.parent_flow_id, c.dealings + 1, c.fills + (coalesce(p.filled_units, 0) > 0)::int from chain c join public.fund_flows p on p.flow_id = c.parent_flow_id
  ), past as (select c.root, max(c.dealings) as dealings, max(c.fills) as fills from chain c group by c.root)
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', b.flow_id, 'dealing_day_id', b.dealing_day_id, 'share_class_id', b.share_class_id, 'investor_id', b.investor_id, 'owner_id', evergreen.owner_of(b.investor_id, y.dealing_date),
      'asked', b.dust_asked_at is not null, 'kept', coalesce(b.dust_answer = 'keep', false), 'elected_lots', to_jsonb(b.elected_lots),
      'direction', b.direction, 'kind', b.order_kind, 'units', trim_scale(b.requested_units)::text, 'amount', trim_scale(b.amount)::text, 'vintage', b.vintage,
      'cleared', b.cleared_at is not null, 'linked_flow_id', b.linked_flow_id, 'dealings', coalesce(p.dealings, 0), 'fills', coalesce(p.fills, 0)) order by b.flow_id), '[]')
    from book b join public.dealing_days y on y.dealing_day_id = b.dealing_day_id left join past p on p.root = b.flow_id
$$;
comment on function evergreen.book_orders(uuid[]) is 'The orders that are locked or priced on some days, in the order of their ids.';

create or replace function evergreen.book_lots(days uuid[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('lot_id', l.lot_id, 'share_class_id', l.share_class_id, 'investor_id', l.investor_id, 'opened_on', l.opened_on,
      'units', trim_scale(l.units_left)::text, 'reference', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', trim_scale(l.equalisation_credit)::text, 'series', evergreen.series_of(l)) order by l.lot_id), '[]')
    from (select distinct f.share_class_id, f.investor_id from public.fund_flows f where f.dealing_day_id = any (days) and f.direction = 'redemption' and f.status in ('locked', 'priced') offset 0) w
    cross join lateral (select x.* from public.lots x where x.share_class_id = w.share_class_id and x.investor_id = w.investor_id and x.units_left > 0) l
$$;
comment on function evergreen.book_lots(uuid[]) is 'What who redeems on some days holds, lot by lot.';

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

-- from sql/6l-fn-consent.sql
-- What two people put their names to before it is posted: a cancellation after the cut-off, a crystallisation, a distribution, a payment in kind.
-- And what is asked of an investor once: dust that is too small to carry on.

create or replace function public.fn_propose_posting(fund text, kind text, body jsonb, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  mine public.fund_flows;
  flow text;
  id uuid := gen_random_uuid();
  event uuid;
  until timestamptz;
  digest text;
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'kind', kind, 'body', body, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_propose_posting', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where (f.code = fund or f.fund_id::text = fund)
    and (evergreen.role_name() <> 'lp_role' or f.fund_id in (select evergreen.my_fund_ids())) for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(kind in ('cancellation', 'crystallisation', 'distribution', 'in_kind'), 'EG400', 'kind is cancellation, crystallisation, distribution or in_kind.');
  perform evergreen.refuse_unless(evergreen.role_name() <> 'lp_role' or kind = 'cancellation', 'EG403', 'An investor asks for a cancellation only.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object', 'EG400', 'body is a JSON object.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 16777216, 'EG413', 'body is larger than 16 MB.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  if kind in ('cancellation', 'in_kind') then
    flow := body ->> 'flow_id';
    select * into mine from public.fund_flows f where f.flow_id::text = flow and f.fund_id = of_fund.fund_id
      and (evergreen.role_name() <> 'lp_role' or f.investor_id in (select evergreen.my_investor_ids()));
    perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
    perform evergreen.refuse_unless(kind <> 'cancellation' or mine.status = 'locked', 'EG428', 'The order is ' || mine.status || '; only after the cut-off a cancellation takes consent.');
    perform evergreen.refuse_unless(kind <> 'cancellation' or length(body ->> 'reason') between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
    perform evergreen.refuse_unless(kind <> 'in_kind' or (mine.status = 'claimable' and mine.direction = 'redemption' and mine.order_kind = 'plain'),
      'EG428', 'The order is ' || mine.status || '; a redemption that is claimable can be paid in kind.');
  else
    perform evergreen.refuse_unless(exists (select from public.share_classes c where c.share_class_id::text = body ->> 'share_class_id' and c.fund_id = of_fund.fund_id),
      'EG404', 'The fund has no class with that id.');
  end if;
  perform evergreen.refuse_unless(not exists (select from public.proposals p where p.fund_id = of_fund.fund_id and p.kind = fn_propose_posting.kind and p.status in ('pending', 'approved')
    and p.expires_at > now() and case when flow is null then p.body = fn_propose_posting.body else p.body ->> 'flow_id' = flow end), 'EG428', 'That is proposed already.');
  until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
  digest := evergreen.proposal_hash(id, of_fund.fund_id, kind, body, '{}', until);
  event := evergreen.emit('POSTING_PROPOSED', of_fund.fund_id, jsonb_build_object('proposal_id', id, 'kind', kind), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_propose_posting.workflow_id)), case when mine.investor_id is null then '{}' else array[mine.investor_id] end, request_id);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
  values (id, of_fund.fund_id, fn_propose_posting.kind, 'pending', digest, fn_propose_posting.body, '{}', jsonb_build_object('orders', case when flow is null then 0 else 1 end),
    of_fund.allocations_version, event, coalesce(fn_propose_posting.workflow_id, 'posting/' || id), evergreen.actor(), evergreen.actor(), 2, until);
  perform evergreen.audit(of_fund.fund_id, 'proposals', id::text, kind || ' proposed', request_id);
  answer := jsonb_build_object('proposal_id', id, 'hash', digest, 'kind', kind);
  perform evergreen.keep_answer('fn_propose_posting', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_posting(text, text, jsonb, text, text) is
  'Puts a posting before two people, neither of whom proposed it: cancellation {flow_id, reason} of a locked order, crystallisation, distribution, in_kind. An investor may ask for the cancellation of an order of its own. EG400, EG403, EG404, EG413, EG428.';

create or replace function evergreen.take_consent(of_proposal uuid, of_kind text) returns public.proposals
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  p public.proposals;
begin
  -- proposal, then fund: the order in which everyone locks
  select * into p from public.proposals x where x.proposal_id = of_proposal and x.kind = of_kind for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal of that kind with that id.');
  perform 1 from public.funds f where f.fund_id = p.fund_id for no key update;
  perform evergreen.refuse_unless(p.status = 'approved', 'EG428', 'The proposal is ' || p.status || ', not approved.');
  perform evergreen.refuse_unless(evergreen.has_approvals(p), 'EG420', 'Two people who did not propose it must approve.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at), 'EG421', 'The proposal was changed after it was hashed.');
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  return p;
end $$;
comment on function evergreen.take_consent(uuid, text) is 'Uses up a proposal that two people approved, once; its fund is then locked. EG404, EG420, EG421, EG428.';

create or replace function evergreen.is_dust(of_flow public.fund_flows) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- R9: what is left of an order that was filled in part and is worth less than the policy's minimum, where the policy asks before it cancels
  select coalesce((of_flow.requested_units * c.nav_per_unit < (p.body #>> '{dust,minimum}')::numeric and p.body #>> '{dust,mode}' = 'ask_then_cancel'
      and of_flow.direction = 'redemption' and of_flow.order_kind = 'plain' and of_flow.status = 'accepted'
      and exists (with recursive before as (
        select f.flow_id, f.parent_flow_id, f.filled_units from public.fund_flows f where f.flow_id = of_flow.parent_flow_id
        union all select f.flow_id, f.parent_flow_id, f.filled_units from public.fund_flows f join before b on f.flow_id = b.parent_flow_id)
        select from before b where b.filled_units > 0)), false)
    from public.share_classes c left join lateral (
      select l.body from public.lmt_policies l where l.fund_id = of_flow.fund_id and l.effective_from <= current_date order by l.effective_from desc, l.version desc limit 1) p on true
   where c.share_class_id = of_flow.share_class_id
$$;
comment on function evergreen.is_dust(public.fund_flows) is 'Whether an order that waits is dust in the sense of R9: filled in part before, and worth less than the minimum of the policy in force.';

create or replace function public.fn_ask_dust(flow_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  small public.fund_flows;
begin
  perform evergreen.require_role('ops_role', 'agent_commander', 'agent_liquidity_engine');
  input := jsonb_build_object('flow_id', flow_id);
  answer := evergreen.earlier_answer('fn_ask_dust', request_id, input);
  if answer is not null then
    return answer ->> 'asked';
  end if;
  select * into small from public.fund_flows f where f.flow_id = fn_ask_dust.flow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(evergreen.is_dust(small), 'EG428', 'The order is not the small rest of one that was filled in part.');
  perform evergreen.refuse_unless(small.dust_asked_at is null, 'EG428', 'The investor was asked already.');
  update public.fund_flows f set dust_asked_at = now() where f.flow_id = small.flow_id;
  perform evergreen.emit('DUST_ASKED', small.fund_id, jsonb_build_object('flow_id', small.flow_id), evergreen.actor(), '{}', array[small.investor_id], request_id);
  perform evergreen.audit(small.fund_id, 'fund_flows', small.flow_id::text, 'investor asked whether to give up what is left', request_id);
  perform evergreen.keep_answer('fn_ask_dust', request_id, input, '{"asked": "asked"}');
  return 'asked';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_ask_dust(uuid, text) is 'Asks an investor, once, whether to give up the small rest of an order (R9); what is carried on remembers it. EG404, EG428.';

create or replace function public.fn_answer_dust(flow_id uuid, answer text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  earlier jsonb;
  small public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('lp_role', 'ops_role');
  input := jsonb_build_object('flow_id', flow_id, 'answer', answer);
  earlier := evergreen.earlier_answer('fn_answer_dust', request_id, input);
  if earlier is not null then
    return earlier ->> 'status';
  end if;
  perform evergreen.refuse_unless(answer in ('give_up', 'keep'), 'EG400', 'answer is give_up or keep.');
  select * into small from public.fund_flows f where f.flow_id = fn_answer_dust.flow_id for no key update;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or small.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(small.dust_asked_at is not null and small.dust_answer is null, 'EG428', 'Nobody waits for an answer about that order.');
  perform evergreen.refuse_unless(small.status = 'accepted', 'EG428', 'The order is ' || small.status || '.');
  update public.fund_flows f set dust_answer = fn_answer_dust.answer where f.flow_id = small.flow_id;
  event := evergreen.emit('DUST_ANSWERED', small.fund_id, jsonb_build_object('flow_id', small.flow_id, 'answer', answer), evergreen.actor(), '{}', array[small.investor_id], request_id);
  if answer = 'give_up' then
    perform evergreen.move_order(small.flow_id, 'cancelled', event, 'the investor gives up the small rest');
  end if;
  perform evergreen.audit(small.fund_id, 'fund_flows', small.flow_id::text, 'answer about the small rest: ' || answer, request_id);
  perform evergreen.keep_answer('fn_answer_dust', request_id, input, jsonb_build_object('status', case answer when 'give_up' then 'cancelled' else 'accepted' end));
  return case answer when 'give_up' then 'cancelled' else 'accepted' end;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_answer_dust(uuid, text, text) is
  'The investor answers whether to give up the small rest of an order (R9): give_up cancels it, keep lets it be carried on for as long as the policy carries; without an answer it ends on the next dealing day that leaves a rest. Returns the status. EG400, EG404, EG428.';

create or replace function public.fn_cancel_dust(flow_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  small public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('flow_id', flow_id);
  answer := evergreen.earlier_answer('fn_cancel_dust', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  select * into small from public.fund_flows f where f.flow_id = fn_cancel_dust.flow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(evergreen.is_dust(small), 'EG428', 'The order is not the small rest of one that was filled in part.');
  perform evergreen.refuse_unless(small.dust_asked_at < now(), 'EG428', 'The investor has to be asked first.');
  perform evergreen.refuse_unless(small.dust_answer is distinct from 'keep', 'EG428', 'The investor was asked and keeps the rest.');
  event := evergreen.emit('ORDER_CANCELLED', small.fund_id, jsonb_build_object('flow_id', small.flow_id), evergreen.actor(), '{}', array[small.investor_id], request_id);
  perform evergreen.move_order(small.flow_id, 'cancelled', event, 'the rest is below the minimum, and the investor was asked');
  perform evergreen.audit(small.fund_id, 'fund_flows', small.flow_id::text, 'dust cancelled', request_id);
  perform evergreen.keep_answer('fn_cancel_dust', request_id, input, '{"status": "cancelled"}');
  return 'cancelled';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_cancel_dust(uuid, text) is 'Cancels the small rest of an order whose investor was asked (R9); the units stay with the investor. EG404, EG428.';

-- from sql/6l-fn-fee-again.sql
-- A performance fee that was taken on a NAV which is restated is taken again on the corrected one (R24, R30): the first posting is reversed, the right one posted in its place.

create or replace function evergreen.lots_before(m public.class_marks) returns table (lot_id uuid, units numeric, reference numeric, credit numeric) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  -- as they were, with the terms of the correct price where that at which they were opened has been put right since
  select b.lot_id, b.units, coalesce(c.reference - coalesce((select sum(g.per_unit) from evergreen.marks_known(m.share_class_id, 'infinity') g
           where g.cause = 'distribution' and g.as_of > l.opened_on and g.as_of <= m.as_of), 0), b.reference),
         coalesce(round(round(c.credit, 30) * b.units / c.units_dealt, 18), b.credit)
    from jsonb_to_recordset(m.body -> 'lots') b (lot_id uuid, units numeric, reference numeric, credit numeric) join public.lots l using (lot_id)
    left join lateral (select (x.due ->> 'reference')::numeric as reference, (x.due ->> 'credit')::numeric as credit, x.units_dealt from public.compensations x join public.restatements r using (restatement_id)
      where x.flow_id = l.flow_id and r.share_class_id = l.share_class_id and r.material and x.due ? 'reference' order by r.recorded_at desc limit 1) c on true
$$;
comment on function evergreen.lots_before(public.class_marks) is 'The lots of a class just before a performance fee was taken: units, reference and credit, fund currency (R24).';

create or replace function public.fn_read_fees_again(strike_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
begin
  perform evergreen.require_role('agent_commander', 'ops_role', 'pm_role');
  select * into s from public.nav_strikes x where x.strike_id = fn_read_fees_again.strike_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  return (
    select coalesce(jsonb_agg(jsonb_build_object('replaces', m.mark_id, 'share_class_id', c.share_class_id, 'code', c.code, 'currency', c.currency, 'strike_id', x.strike_id, 'nav_date', x.nav_date,
        'units_dp', c.units_dp, 'price_dp', c.price_dp, 'nav', n.nav::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text, 'performance_accrued', n.performance_accrued::text,
        'rate', d.body #>> '{fees,performance,rate}', 'mark', m.body ->> 'before', 'fee', m.body ->> 'fee', 'high_water', trim_scale(m.high_water)::text, 'posted', w.body -> 'lots',
        'proposal', (select jsonb_build_object('proposal_id', p.proposal_id, 'hash', p.hash, 'status', case when p.status in ('pending', 'approved') and p.expires_at <= now() then 'expired' else p.status end)
           from public.proposals p where p.fund_id = s.fund_id and p.kind = 'crystallisation' and p.body ->> 'strike_id' = x.strike_id::text and p.body ->> 'replaces' = m.mark_id::text order by p.created_at desc limit 1),
        'lots', (select coalesce(jsonb_agg(jsonb_build_object('id', b.lot_id, 'units', trim_scale(b.units)::text, 'reference', trim_scale(b.reference)::text, 'credit', trim_scale(b.credit)::text) order by b.lot_id), '[]')
           from evergreen.lots_before(m) b)) order by c.code, m.as_of), '[]')
      from public.nav_strikes x join public.class_navs n on n.strike_id = x.strike_id join public.share_classes c using (share_class_id) cross join lateral evergreen.marks_known(c.share_class_id, 'infinity') m
      join public.proposals w on w.proposal_id = (m.body ->> 'proposal_id')::uuid cross join lateral evergreen.dealing_policy(c.share_class_id, x.nav_date) d
     where x.fund_id = s.fund_id and x.state = 'final' and x.nav_date >= s.nav_date and m.cause = 'crystallisation' and m.as_of = x.nav_date and m.body ? 'lots'
       and d.body #>> '{fees,performance,method}' = 'equalisation');
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_fees_again(uuid) is
  'Performance fees that were taken by equalisation on the date of a strike or since: the NAV of that date as it stands, what was posted, and the lots before it with what a restatement put right. Fund currency. EG404.';

create or replace function evergreen.crystallise_again(p public.proposals, class public.share_classes, s public.nav_strikes, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  minor int;
  bad int;
  m public.class_marks;
  n public.class_navs;
  rate numeric;
  mark numeric;
  gav numeric;
  fee numeric := (p.body ->> 'fee')::numeric;
  raised numeric;
  short numeric;
  event uuid;
  posted uuid;
  wrong public.ledger_transactions;
  old jsonb;
  units evergreen.unit_entry[];
  cash evergreen.cash_entry[];
begin
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  select * into m from evergreen.marks_known(class.share_class_id, 'infinity') x where x.mark_id::text = p.body ->> 'replaces' and x.cause = 'crystallisation' and x.body ? 'lots';
  perform evergreen.refuse_unless(found, 'EG404', 'No fee that stands and was taken by equalisation with that id.');
  perform evergreen.refuse_unless(s.state = 'final' and s.nav_date = m.as_of, 'EG428', 'A fee is taken again on the NAV of its date that stands.');
  perform evergreen.refuse_unless(not exists (select from evergreen.marks_known(class.share_class_id, 'infinity') x where x.mark_id <> m.mark_id and x.cause <> 'opening' and x.as_of >= m.as_of),
    'EG428', 'The mark of the class has moved after that fee.');
  perform evergreen.refuse_while_dealing(class.share_class_id);
  select * into n from public.class_navs x where x.strike_id = s.strike_id and x.share_class_id = class.share_class_id;
  rate := (select (d.body #>> '{fees,performance,rate}')::numeric from evergreen.dealing_policy(class.share_class_id, s.nav_date) d);
  mark := (m.body ->> 'before')::numeric;
  gav := round(n.nav + n.performance_accrued, 30) / n.units;
  raised := greatest(mark, n.nav_per_unit);
  select x.body -> 'lots' into old from public.proposals x where x.proposal_id = (m.body ->> 'proposal_id')::uuid;
  -- every lot of then once, with what R24 gives it at the corrected price
  select count(*) into bad from (
      select b.*, least(b.credit, x.fee) as refund, x.owed from evergreen.lots_before(m) b
       cross join lateral (select rate * greatest(0, gav - mark) * b.units as fee, rate * greatest(0, least(gav, mark) - b.reference) * b.units as owed) x) b
    full join jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric, change numeric, high_water numeric, credit numeric) on r.lot_id = b.lot_id
   where (abs(r.refund - b.refund) <= 1e-12 and abs(r.depreciation - b.owed) <= 1e-12 and abs(r.credit - (b.credit - r.refund)) <= 1e-12 and r.credit >= 0
     and r.change = trunc(round(r.refund, 30) / n.nav_per_unit, class.units_dp) - trunc(round(r.depreciation, 30) / n.nav_per_unit, class.units_dp)
     and case when gav >= mark then r.high_water = raised else abs(r.high_water - greatest(b.reference, gav)) <= 1e-12 end) is not true;
  perform evergreen.refuse_unless(bad = 0 and (select count(*) = count(distinct r.lot_id) from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid)),
    'EG424', bad || ' lots are missing, unknown, or have not the refund, charge, credit or reference that the corrected price gives.');
  perform evergreen.refuse_unless(fee >= 0 and fee = round(fee, minor) and (p.body ->> 'accrued')::numeric = n.performance_accrued and (p.body ->> 'high_water')::numeric = raised
    and (select abs(fee - greatest(0, n.performance_accrued - sum(r.refund) + sum(r.depreciation))) <= power(10::numeric, -minor) from jsonb_to_recordset(p.body -> 'lots') r (refund numeric, depreciation numeric)),
    'EG424', 'Fee and mark are not those of the corrected NAV.');
  event := evergreen.emit('FEE_CRYSTALLISED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'strike_id', s.strike_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  -- who has left since holds no units that could be taken back: the responsible party makes them good, and the investor is asked for nothing
  select array_agg(row(class.share_class_id, 'holder', l.investor_id, l.lot_id, null, r.change + x.missing)::evergreen.unit_entry order by l.lot_id) filter (where r.change + x.missing <> 0),
         coalesce(sum(x.missing), 0) into units, short
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) join public.lots l using (lot_id) join jsonb_to_recordset(old) o (lot_id uuid, change numeric) using (lot_id)
    cross join lateral (select greatest(0, o.change - r.change - l.units_left) as missing) x;
  cash := array_remove(array[case when fee > 0 then row('fee_payable', null, null, class.currency, -fee, 'performance fee')::evergreen.cash_entry end,
    case when short > 0 then row('compensation_receivable', null, null, class.currency, x.made_good, 'units that were gone')::evergreen.cash_entry end,
    case when fee <> x.made_good then row('capital', null, null, class.currency, fee - x.made_good, 'performance fee')::evergreen.cash_entry end], null)
    from (select ceil(short * n.nav_per_unit * power(10::numeric, minor)) / power(10::numeric, minor) as made_good) x;
  select * into wrong from public.ledger_transactions t where t.ledger_tx_id = m.ledger_tx_id;
  update public.lots l set units_issued = l.units_issued + greatest(r.change, 0) from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) where l.lot_id = r.lot_id and r.change > 0;
  posted := evergreen.post_instead(wrong, class.fund_id, 'performance fee ' || s.nav_date || ', restated', event, units, cash);
  -- what is left of the lots now, as if the right fee had been taken then
  update public.lots l set units_issued = greatest(l.units_left, l.units_issued - greatest(o.change, 0)), high_water = r.high_water,
         equalisation_credit = case when b.units + r.change > 0 then round(round(r.credit, 30) * l.units_left / (b.units + r.change), 18) else 0 end
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric, high_water numeric, credit numeric) join evergreen.lots_before(m) b using (lot_id)
    join jsonb_to_recordset(old) o (lot_id uuid, change numeric) using (lot_id) where l.lot_id = r.lot_id;
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, replaces, body, effective_at)
  values (class.share_class_id, s.nav_date, 'crystallisation', raised, s.strike_id, posted, m.mark_id,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'accrued', trim_scale(n.performance_accrued)::text, 'fee', trim_scale(fee)::text,
      'lots', (select jsonb_agg(jsonb_build_object('lot_id', b.lot_id, 'units', trim_scale(b.units)::text, 'reference', trim_scale(b.reference)::text, 'credit', trim_scale(b.credit)::text) order by b.lot_id) from evergreen.lots_before(m) b)),
    s.effective_at);
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'performance fee taken again for ' || s.nav_date, request_id);
  return jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'high_water', trim_scale(raised)::text, 'fee', fee::text);
end $$;
comment on function evergreen.crystallise_again(public.proposals, public.share_classes, public.nav_strikes, text) is
  'Posts an approved crystallisation {…, replaces} in place of one whose NAV was restated: lot by lot what R24 gives at the corrected price, the first posting reversed. EG404, EG424, EG428.';

-- from sql/6l-fn-restated-deals.sql
-- Deals of a restated NAV in a class with a performance fee (R24, R25, R30): what each came to, what it should have come to, and the terms of the lots it opened.

create or replace function evergreen.restated_days(s public.nav_strikes) returns setof public.dealing_days language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- deals are looked for under the first version: a restatement touches no order
  select d.* from public.dealing_days d where d.strike_id = evergreen.first_version(s.strike_id) and d.status in ('posted', 'claimable', 'settled', 'closed')
$$;
comment on function evergreen.restated_days(public.nav_strikes) is 'The days that dealt at the NAV that a strike restates.';

create or replace function evergreen.lot_references(of_class uuid, of_lots uuid[], on_day date) returns table (lot_id uuid, reference numeric) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  -- backwards from what is stored: a fee that was taken since says what the reference was before it, a distribution lowered it
  with marks as materialized (
    select m.as_of, m.cause, m.per_unit, m.body from evergreen.marks_known(of_class, 'infinity') m where m.as_of > on_day and m.cause in ('crystallisation', 'distribution')
  ), noted as materialized (
    select distinct on (x.lot_id) x.lot_id, x.reference, m.as_of from marks m cross join lateral jsonb_to_recordset(m.body -> 'lots') x (lot_id uuid, reference numeric)
     where m.cause = 'crystallisation' order by x.lot_id, m.as_of
  )
  select l.lot_id, coalesce(n.reference, l.high_water, l.price)
         + coalesce((select sum(m.per_unit) from marks m where m.cause = 'distribution' and m.as_of <= coalesce(n.as_of, 'infinity')), 0)
    from public.lots l left join noted n using (lot_id) where l.lot_id = any (of_lots)
$$;
comment on function evergreen.lot_references(uuid, uuid[], date) is 'What the reference of lots was on a day after its fee (R24), fund currency per unit.';

create or replace function evergreen.deal_lots(s public.nav_strikes) returns table (flow_id uuid, lot_id uuid, units numeric, reference numeric, credit numeric) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  with taken as materialized (
    select u.flow_id, u.lot_id, u.investor_id, u.share_class_id, -u.units as units, d.dealing_date
      from evergreen.restated_days(s) d cross join lateral evergreen.fee_terms(s.supersedes, d.share_class_id) t
      join public.ledger_transactions x on x.dealing_day_id = d.dealing_day_id and x.kind = 'dealing' join public.unit_ledger u on u.ledger_tx_id = x.ledger_tx_id and u.account = 'holder' and u.units < 0
      join public.fund_flows f on f.flow_id = u.flow_id and f.direction = 'redemption' and f.order_kind <> 'transfer' where t.open
  ), classes as (select t.share_class_id, t.dealing_date, array_agg(distinct t.lot_id) as lots, array_agg(distinct t.investor_id) as investors from taken t group by 1, 2),
  terms as materialized (
    select r.lot_id, r.reference, c.credit, c.units from classes k cross join lateral evergreen.lot_references(k.share_class_id, k.lots, k.dealing_date) r
      left join lateral evergreen.lot_credits(k.share_class_id, k.investors, array[k.dealing_date]) c on c.lot_id = r.lot_id
  )
  select t.flow_id, t.lot_id, t.units, r.reference, coalesce(round(round(r.credit, 30) * t.units / r.units, 18), 0) from taken t join terms r using (lot_id)
$$;
comment on function evergreen.deal_lots(public.nav_strikes) is 'Under equalisation: the lots that each redemption and switch of a restated NAV took, with the reference and the part of the credit that went along (R24), fund currency.';

create or replace function evergreen.restated_deals(s public.nav_strikes) returns table (dealing_day_id uuid, flow_id uuid, units numeric, was numeric, due numeric, fee numeric, terms jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with days as materialized (select d.* from evergreen.restated_days(s) d),
  classes as materialized (
    select c.share_class_id, o.method, o.rate, o.mark, o.open, o.entry_price as entered, n.entry_price as enters, n.price_before_fee as gav_is,
           was.nav_per_unit as price_was, is_now.nav_per_unit as price_is, u.exponent
      from (select distinct d.share_class_id from days d) c join public.share_classes k using (share_class_id) join public.currencies u on u.code = k.currency
      join public.class_navs was on was.strike_id = s.supersedes and was.share_class_id = c.share_class_id join public.class_navs is_now on is_now.strike_id = s.strike_id and is_now.share_class_id = c.share_class_id
      cross join lateral evergreen.fee_terms(s.supersedes, c.share_class_id) o cross join lateral evergreen.fee_terms(s.strike_id, c.share_class_id) n
  ), series as materialized (
    select c.share_class_id, o.series, o.price as price_was, n.price as price_is, n.fee as fee_is, n.units from classes c cross join lateral evergreen.series_open(s.supersedes, c.share_class_id) o
      join lateral evergreen.series_open(s.strike_id, c.share_class_id) n on n.series = o.series where c.method = 'series'
  ), lots as (
    select p.flow_id, sum(least(p.credit, x.fee_is) - x.paid_is) as due, sum(x.fee_is - least(p.credit, x.fee_is) + x.paid_is) as fee
      from evergreen.deal_lots(s) p join public.lots l using (lot_id) join classes c on c.share_class_id = l.share_class_id
      cross join lateral (select c.rate * greatest(0, c.gav_is - c.mark) * p.units as fee_is, c.rate * greatest(0, least(c.gav_is, c.mark) - p.reference) * p.units as paid_is) x
     group by 1
  ), pieces as (
    select a.flow_id, sum(p.units * n.price_was) as was, sum(p.units * n.price_is) as due, sum(round(round(n.fee_is * p.units, 30) / n.units, c.exponent)) as fee,
           jsonb_agg(jsonb_build_object('series', p.series, 'units', trim_scale(p.units)::text, 'published', trim_scale(n.price_was)::text, 'correct', trim_scale(n.price_is)::text) order by p.lot_id) as list
      from days d join public.allocations a using (dealing_day_id) join classes c on c.share_class_id = a.share_class_id cross join lateral jsonb_to_recordset(a.pieces) p (lot_id uuid, series text, units numeric)
      join series n on n.share_class_id = a.share_class_id and n.series = p.series group by 1
  )
  select d.dealing_day_id, a.flow_id, a.filled_units, x.was, x.due, x.fee,
         case when c.method in ('equalisation', 'series') then jsonb_strip_nulls(jsonb_build_object('published', trim_scale(x.published)::text, 'correct', trim_scale(x.correct)::text,
           'was', trim_scale(round(x.was, 12))::text, 'due', trim_scale(round(x.due, 12))::text, 'performance_fee', trim_scale(x.fee)::text, 'series', p.list,
           'reference', case when f.direction = 'subscription' and c.method = 'equalisation' then trim_scale(x.correct)::text end,
           'credit', case when f.direction = 'subscription' and c.method = 'equalisation' then trim_scale(case when c.open then round(c.rate * greatest(0, c.enters - c.mark) * a.filled_units, 18) else 0 end)::text end))
         else '{}'::jsonb end
    from days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer' join classes c on c.share_class_id = a.share_class_id
    left join lots l on l.flow_id = a.flow_id left join pieces p on p.flow_id = a.flow_id
    cross join lateral (select case f.direction when 'subscription' then c.entered else c.price_was end as published, case f.direction when 'subscription' then c.enters else c.price_is end as correct) e
    cross join lateral (select case when p.flow_id is not null then round(p.was / a.filled_units, 18) else e.published end as published, case when p.flow_id is not null then round(p.due / a.filled_units, 18) else e.correct end as correct,
      coalesce(p.was, a.filled_units * e.published + case f.direction when 'redemption' then a.credit else 0 end) as was, coalesce(p.due, a.filled_units * e.correct + coalesce(l.due, 0)) as due,
      case when f.direction = 'redemption' then a.performance_fee - coalesce(p.fee, round(l.fee, c.exponent), 0) else 0 end as fee) x
   where a.filled_units > 0
$$;
comment on function evergreen.restated_deals(public.nav_strikes) is
  'What every deal at a restated NAV came to and should have come to (fund currency, exact: R24 with credit and depreciation, R25 series by series), the performance fee it paid too much (below zero: too little), and what its lot should have entered with.';

create or replace function evergreen.refuse_restating(s public.nav_strikes) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad text;
begin
  -- lots that were split since, or went through more than one fee, do not say any more what each part of them would have been
  select left(c.code, 40) || case when x.pockets then ': a side pocket was opened since' when x.taken > 1 then ': its fee was taken more than once since' when x.lowered and x.taken > 0 then ': its mark was lowered by a distribution since its fee was taken'
           when x.moved then ': units were transferred since' else ': its fee was taken by series on that NAV, and its series went on from there' end into bad
    from public.class_navs n join public.share_classes c using (share_class_id) cross join lateral evergreen.fee_terms(s.strike_id, n.share_class_id) t
    cross join lateral (select coalesce(bool_or(m.cause = 'side_pocket'), false) as pockets, count(*) filter (where m.cause = 'crystallisation') as taken, coalesce(bool_or(m.cause = 'distribution'), false) as lowered,
      coalesce(bool_or(m.cause = 'crystallisation' and m.as_of = s.nav_date), false) as here,
      exists (select from public.dealing_days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind = 'transfer'
        where d.share_class_id = n.share_class_id and d.dealing_date >= s.nav_date and d.status in ('posted', 'claimable', 'settled', 'closed')) as moved
      from evergreen.marks_known(n.share_class_id, 'infinity') m where m.as_of >= s.nav_date and m.cause <> 'opening') x
   where n.strike_id = s.strike_id and t.method in ('equalisation', 'series')
     and case t.method when 'equalisation' then x.pockets or x.taken > 1 or (x.lowered and x.taken > 0) or x.moved else x.here end limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG428', 'What the NAV would have been for its holders cannot be determined in class ' || coalesce(bad, '') || '.');
end $$;
comment on function evergreen.refuse_restating(public.nav_strikes) is 'Refuses (EG428, with the class and the reason) to restate a NAV where it cannot be said what its deals and its performance fee would have been.';

-- from sql/6l-fn-restatement.sql
-- Restatement of a NAV (R30) after its inputs were frozen anew (fn_restate_nav): what it is computed from, and what it comes to for each deal.
-- What is owed of it, paid and told: 6s.

create or replace function evergreen.inputs_of(of_strike uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('asset_id', i.asset_id, 'kind', i.kind, 'label', i.label, 'value', i.value::text, 'as_of', i.as_of, 'source', i.source)
      order by i.kind, i.label, i.asset_id), '[]') from public.nav_inputs i where i.strike_id = of_strike
$$;
comment on function evergreen.inputs_of(uuid) is 'The inputs of a strike as they were frozen, fund currency.';

create or replace function evergreen.fee_compared(s public.nav_strikes, of_class uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when t.method in ('equalisation', 'series') then jsonb_build_object('method', t.method, 'open', t.open, 'rate', trim_scale(t.rate)::text, 'mark', trim_scale(t.mark)::text,
      'entry', trim_scale(t.entry_price)::text, 'units', trim_scale(o.units)::text, 'value', (o.nav + o.performance_accrued)::text, 'correct_value', (n.nav + n.performance_accrued)::text,
      'taken', exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = s.nav_date),
      'series', (select coalesce(jsonb_agg(jsonb_build_object('series', b.series, 'units', trim_scale(b.units)::text, 'published', trim_scale(b.nav_per_unit)::text, 'correct', trim_scale(a.nav_per_unit)::text,
          'correct_fee', a.performance_accrued::text) order by b.series), '[]')
        from public.series_navs b left join public.series_navs a on a.strike_id = s.strike_id and a.share_class_id = of_class and a.series = b.series where b.strike_id = o.strike_id and b.share_class_id = of_class)) end
    from evergreen.fee_terms(s.supersedes, of_class) t join public.class_navs o on o.strike_id = s.supersedes and o.share_class_id = of_class
    left join public.class_navs n on n.strike_id = s.strike_id and n.share_class_id = of_class
$$;
comment on function evergreen.fee_compared(public.nav_strikes, uuid) is
  'Of a class with a performance fee: how it dealt at the NAV that is restated, its value before fee then and corrected (null: not computed yet), and its series. Null without such a fee.';

create or replace function evergreen.restatement_facts(of_strike uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
  old public.nav_strikes;
  f public.funds;
  lmt jsonb;
  later uuid[];
begin
  select * into s from public.nav_strikes x where x.strike_id = of_strike;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.supersedes is not null, 'EG428', 'The strike restates nothing.');
  select * into old from public.nav_strikes x where x.strike_id = s.supersedes;
  select * into f from public.funds x where x.fund_id = s.fund_id;
  lmt := evergreen.lmt_terms(s.fund_id, s.nav_date);
  -- the strike after it, whose fees run on this NAV, and the first one that took over a value that was wrong
  select array_agg(distinct x.strike_id) into later from (
    (select n.strike_id from public.nav_strikes n where n.fund_id = s.fund_id and n.state = 'final' and n.nav_date > s.nav_date order by n.nav_date limit 1)
    union all
    (select n.strike_id from public.nav_strikes n where n.fund_id = s.fund_id and n.state = 'final' and n.nav_date > s.nav_date
        and exists (select from public.nav_inputs w join public.nav_inputs i on i.strike_id = n.strike_id and i.kind = w.kind and i.label = w.label and i.as_of = w.as_of and i.value = w.value
          where w.strike_id = old.strike_id and w.kind = 'asset' and not exists (select from public.nav_inputs c where c.strike_id = s.strike_id
            and c.kind = w.kind and c.label = w.label and c.as_of = w.as_of and c.value = w.value)) order by n.nav_date limit 1)) x;
  return jsonb_build_object('strike_id', s.strike_id, 'fund_id', f.fund_id, 'fund', f.code, 'currency', f.base_currency, 'nav_date', s.nav_date, 'version', s.version, 'state', s.state,
    'reason', s.reason, 'proposal_id', s.proposal_id, 'inputs', evergreen.inputs_of(s.strike_id), 'old_inputs', evergreen.inputs_of(old.strike_id),
    'old_body', old.body, 'classes', evergreen.class_figures(f.fund_id, s.nav_date, old.strike_id), 'regime', lmt ->> 'regime', 'nav_error', lmt -> 'navError',
    -- not computed yet: a class has the price that was published, and no correct one
    'prices', (select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'units_dp', c.units_dp, 'price_dp', c.price_dp,
        'published', trim_scale(o.nav_per_unit)::text, 'correct', trim_scale(n.nav_per_unit)::text, 'fee', evergreen.fee_compared(s, c.share_class_id)) order by c.share_class_id), '[]')
      from public.class_navs o join public.share_classes c on c.share_class_id = o.share_class_id left join public.class_navs n on n.strike_id = s.strike_id and n.share_class_id = o.share_class_id
     where o.strike_id = old.strike_id),
    'days', (select coalesce(jsonb_agg(jsonb_build_object('dealing_day_id', d.dealing_day_id, 'share_class_id', d.share_class_id) order by d.dealing_day_id), '[]') from evergreen.restated_days(s) d),
    'deals', (with taken as materialized (
        select p.flow_id, jsonb_agg(jsonb_build_object('units', trim_scale(p.units)::text, 'reference', trim_scale(p.reference)::text, 'credit', trim_scale(p.credit)::text) order by p.lot_id) as list from evergreen.deal_lots(s) p group by 1)
      select coalesce(jsonb_agg(jsonb_build_object('dealing_day_id', a.dealing_day_id, 'flow_id', a.flow_id, 'share_class_id', a.share_class_id, 'investor_id', a.investor_id,
        'direction', w.direction, 'units', trim_scale(a.filled_units)::text, 'amount', a.net_amount::text, 'performance_fee', a.performance_fee::text, 'credit', a.credit::text) || case when t.flow_id is null then '{}' else jsonb_build_object('lots', t.list) end
        || case when a.pieces = '[]' then '{}'::jsonb else jsonb_build_object('pieces', (select jsonb_agg(jsonb_build_object('series', e ->> 'series', 'units', e ->> 'units') order by e ->> 'lot_id') from jsonb_array_elements(a.pieces) e)) end
        order by a.flow_id), '[]')
      from evergreen.restated_days(s) d join public.allocations a using (dealing_day_id) join public.fund_flows w on w.flow_id = a.flow_id and w.order_kind <> 'transfer' left join taken t on t.flow_id = a.flow_id
     where a.filled_units > 0),
    'later', (select coalesce(jsonb_agg(jsonb_build_object('strike_id', n.strike_id, 'nav_date', n.nav_date, 'inputs', evergreen.inputs_of(n.strike_id),
        'classes', evergreen.class_figures(f.fund_id, n.nav_date, n.strike_id), 'struck', (select coalesce(jsonb_agg(jsonb_build_object('share_class_id', k.share_class_id,
          'performance_accrued', k.performance_accrued::text) order by k.share_class_id), '[]') from public.class_navs k where k.strike_id = n.strike_id)) order by n.nav_date), '[]')
        from public.nav_strikes n where n.strike_id = any (later)),
    -- classes whose mark is another since their fee was taken again
    'marks_moved', (select coalesce(jsonb_agg(distinct x.share_class_id order by x.share_class_id), '[]') from public.class_marks x join public.class_marks w on w.mark_id = x.replaces
        join public.share_classes c on c.share_class_id = x.share_class_id where c.fund_id = f.fund_id and x.as_of <= s.nav_date and x.high_water <> w.high_water));
end $$;
comment on function evergreen.restatement_facts(uuid) is 'What fn_read_restatement and fn_preview_restatement answer. EG404, EG428.';

create or replace function evergreen.lmt_terms(of_fund uuid, on_day date) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.body from public.lmt_policies p where p.fund_id = of_fund and p.effective_from <= on_day order by p.effective_from desc, p.version desc limit 1
$$;
comment on function evergreen.lmt_terms(uuid, date) is 'Liquidity tools of a fund in force on a day, or null.';

create or replace function public.fn_read_restatement(strike_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('agent_commander');
  return evergreen.restatement_facts(strike_id);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_restatement(uuid) is
  'What a restatement is computed from: corrected and old inputs, classes over the units they were over, prices published and correct (null before they are computed), the deals at them, and the later strikes that may follow. EG404, EG428.';

create or replace function public.fn_preview_restatement(strike_id uuid, inputs jsonb) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
  id uuid;
  answer jsonb;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_preview_restatement.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_preview_restatement.strike_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'final', 'EG428', 'The strike is ' || s.state || '; only a final one is restated.');
  begin
    -- the same checks and the same rows as the restatement itself, taken back
    perform evergreen.refuse_restating(s);
    id := evergreen.freeze_inputs(s.fund_id, s.nav_date, inputs, s.strike_id, 'preview');
    answer := evergreen.restatement_facts(id);
    raise exception using errcode = 'EG0DR';
  exception when sqlstate 'EG0DR' then
    null;
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_preview_restatement(uuid, jsonb) is
  'What restating a final NAV with corrected inputs would be computed from, as fn_read_restatement answers it; nothing is kept. EG400, EG404, EG413, EG428.';

create or replace function public.fn_record_restatement(strike_id uuid, classes jsonb, deals jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  unit text;
  bad int;
  n int;
  event uuid;
  terms jsonb;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('strike_id', strike_id, 'classes', classes, 'sha256', encode(sha256(convert_to(deals::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_record_restatement', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select f.base_currency into unit from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_record_restatement.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_record_restatement.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.supersedes is not null and s.state in ('final', 'restated'), 'EG428', 'Only a restatement that two people approved and that was struck is recorded.');
  perform evergreen.refuse_unless(not exists (select from public.restatements r where r.strike_id = s.strike_id), 'EG428', 'The restatement is recorded already.');
  perform evergreen.refuse_unless(jsonb_typeof(classes) = 'array' and jsonb_typeof(deals) = 'array', 'EG400', 'classes and deals are lists.');
  perform evergreen.refuse_unless(jsonb_array_length(classes) <= 1000 and jsonb_array_length(deals) <= 500000, 'EG413', 'At most 1,000 classes and 500,000 deals.');
  -- every day that dealt at the wrong price, at the prices of the strikes themselves
  select count(*) into bad from jsonb_to_recordset(classes) c (dealing_day_id uuid, published numeric, correct numeric, error numeric, fund_pays numeric, fund_receives numeric)
    full join (select d.* from public.dealing_days d where d.strike_id = evergreen.first_version(s.strike_id) and d.status in ('posted', 'claimable', 'settled', 'closed')) d
      on d.dealing_day_id = c.dealing_day_id
    left join public.class_navs old on old.strike_id = s.supersedes and old.share_class_id = d.share_class_id
    left join public.class_navs new on new.strike_id = s.strike_id and new.share_class_id = d.share_class_id
   where (c.published = old.nav_per_unit and c.correct = new.nav_per_unit and abs(c.error - abs(round(c.published - c.correct, 40) / c.correct)) < 1e-17
     and evergreen.within_exponent(c.fund_pays, unit) and evergreen.within_exponent(c.fund_receives, unit)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' dealing days are missing, or their prices are not those of the two strikes.');
  -- the tolerance is that of the fund's kind; one for professional investors has its own, up to 5 %
  terms := evergreen.lmt_terms(s.fund_id, s.nav_date);
  select count(*) into bad from jsonb_to_recordset(classes) c (tolerance numeric)
   where (case coalesce(terms #>> '{navError,fundKind}', case terms ->> 'regime' when 'mmf' then 'money_market' else 'equity_or_other' end)
     when 'money_market' then c.tolerance = 0.002 when 'bond_or_mixed' then c.tolerance = 0.005 when 'professional' then c.tolerance between 0 and 0.05 else c.tolerance = 0.01 end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' tolerances are not those of the fund''s kind (R30).');
  -- every deal of those days once, with the units that were dealt and the difference of what it came to and should have come to, rounded up
  select count(*) into bad from jsonb_to_recordset(deals) x (dealing_day_id uuid, flow_id uuid, investor_id uuid, units_dealt numeric, difference numeric)
    full join (select e.*, a.investor_id from evergreen.restated_deals(s) e join public.allocations a on a.dealing_day_id = e.dealing_day_id and a.flow_id = e.flow_id) e
      on e.flow_id = x.flow_id and e.dealing_day_id = x.dealing_day_id
   -- what is exact here is rounded at its twelfth decimal there
   where (x.investor_id = e.investor_id and x.units_dealt = e.units and evergreen.within_exponent(x.difference, unit)
     and x.difference >= abs(e.was - e.due) - 1e-9 and x.difference < abs(e.was - e.due) + power(10::numeric, -(select u.exponent from public.currencies u where u.code = unit))) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' deals are missing, or are not owed their units times the difference of the prices.');
  insert into public.restatements (fund_id, strike_id, dealing_day_id, share_class_id, published, correct, error, tolerance, material, direction, deals, fund_pays, fund_receives, body, effective_at)
  select s.fund_id, s.strike_id, d.dealing_day_id, d.share_class_id, c.published, c.correct, c.error, c.tolerance, c.material, c.direction,
         (select count(*) from jsonb_to_recordset(deals) x (dealing_day_id uuid) where x.dealing_day_id = d.dealing_day_id), c.fund_pays, c.fund_receives, coalesce(c.body, '{}'), s.effective_at
    from jsonb_to_recordset(classes) c (dealing_day_id uuid, published numeric, correct numeric, error numeric, tolerance numeric, material boolean, direction text, fund_pays numeric, fund_receives numeric, body jsonb)
    join public.dealing_days d using (dealing_day_id);
  insert into public.compensations (restatement_id, flow_id, investor_id, kind, units_dealt, units_due, cash_due, difference, owed_to, owed_by, pays, due)
  select r.restatement_id, x.flow_id, x.investor_id, x.kind, x.units_dealt, x.units_due, x.cash_due, x.difference, x.owed_to, x.owed_by, x.pays, e.terms
    from jsonb_to_recordset(deals) x (dealing_day_id uuid, flow_id uuid, investor_id uuid, kind text, units_dealt numeric, units_due numeric, cash_due numeric, difference numeric,
      owed_to text, owed_by text, pays boolean) join public.restatements r on r.strike_id = s.strike_id and r.dealing_day_id = x.dealing_day_id
    join evergreen.restated_deals(s) e on e.flow_id = x.flow_id and e.dealing_day_id = x.dealing_day_id;
  get diagnostics n = row_count;
  -- what the fund pays is what its investors are owed and get
  select count(*) into bad from public.restatements r where r.strike_id = s.strike_id
     and r.fund_pays <> (select coalesce(sum(c.difference) filter (where c.pays), 0) from public.compensations c where c.restatement_id = r.restatement_id);
  perform evergreen.refuse_unless(bad = 0, 'EG424', 'What the fund pays is not the sum of what its investors get.');
  event := evergreen.emit('NAV_RESTATED', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'supersedes', s.supersedes,
      'material', coalesce((select bool_or(r.material) from public.restatements r where r.strike_id = s.strike_id), false), 'compensations', n), evergreen.actor(),
    jsonb_build_object('workflow_id', 'restate/' || s.strike_id),
    array(select distinct c.investor_id from public.compensations c join public.restatements r using (restatement_id) where r.strike_id = s.strike_id and c.pays), request_id);
  perform evergreen.enter_lots_anew(s);
  posted := evergreen.post_compensation(s.strike_id, event);
  if exists (select from public.restatements r where r.strike_id = s.strike_id and r.material) then
    -- CSSF 24/856: the authority is told, and how it is put right, within four to eight weeks
    perform evergreen.emit('NAV_ERROR_TO_NOTIFY', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'due_from', current_date + 28, 'due_by', current_date + 56), evergreen.actor(),
      jsonb_build_object('workflow_id', 'restate/' || s.strike_id, 'causation_id', event), '{}', request_id);
  end if;
  perform evergreen.audit(s.fund_id, 'restatements', s.strike_id::text, 'restatement recorded: deals ' || n, request_id);
  answer := jsonb_build_object('strike_id', s.strike_id, 'days', jsonb_array_length(classes), 'compensations', n, 'event_id', event, 'ledger_tx_id', posted);
  perform evergreen.keep_answer('fn_record_restatement', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_restatement(uuid, jsonb, jsonb, text) is
  'Records what a restatement comes to: classes = [{dealing_day_id, published, correct, error, tolerance, material, direction, fund_pays, fund_receives, body}], deals = [{dealing_day_id, flow_id, investor_id, kind, units_dealt, units_due, cash_due, difference, owed_to, owed_by, pays}], held to the strikes, the deals and the policy; what is owed is posted, and a material error is to be notified. EG400, EG404, EG413, EG424, EG428.';

-- from sql/6m-fn-fee-postings.sql
-- Postings beside the dealing day: performance fee crystallised, distributions, what is paid out of them, cash of a subscription sent back. The mark of a class.

create or replace function evergreen.class_mark(of_class uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.mark_on(of_class, 'infinity', true)
$$;
comment on function evergreen.class_mark(uuid) is 'High-water mark of a class in force, fund currency per unit.';

create or replace function evergreen.refuse_while_dealing(of_class uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(not exists (select from public.dealing_days d where d.share_class_id = of_class
    and d.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated')), 'EG428', 'A dealing day of the class is priced and not yet posted.');
end $$;
comment on function evergreen.refuse_while_dealing(uuid) is 'Refuses (EG428) what would move units or prices between the strike and the posting of a day.';

create or replace function public.fn_read_crystallisation(fund text, share_class text default null) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
begin
  perform evergreen.require_role('agent_commander', 'ops_role', 'pm_role');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(share_class is null or exists (select from public.share_classes c where c.fund_id = of_fund.fund_id and c.code = share_class), 'EG404', 'The fund has no class with that code.');
  return (
    with last as (select s.* from public.nav_strikes s where s.fund_id = of_fund.fund_id and s.state = 'final' order by s.nav_date desc limit 1)
    select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code, 'currency', c.currency, 'strike_id', s.strike_id, 'nav_date', s.nav_date,
        'units_dp', c.units_dp, 'price_dp', c.price_dp, 'nav', n.nav::text, 'units', trim_scale(n.units)::text, 'units_outstanding', trim_scale(c.units_outstanding)::text,
        'nav_per_unit', trim_scale(n.nav_per_unit)::text, 'performance_accrued', n.performance_accrued::text, 'mark', trim_scale(evergreen.class_mark(c.share_class_id))::text,
        'since', l.since, 'crystallised_on', (select max(m.as_of) from public.class_marks m where m.share_class_id = c.share_class_id and m.cause = 'crystallisation'), 'policy', p.body,
        'proposal', (select jsonb_build_object('proposal_id', x.proposal_id, 'hash', x.hash, 'status', case when x.status in ('pending', 'approved') and x.expires_at <= now() then 'expired' else x.status end)
           from public.proposals x where x.fund_id = of_fund.fund_id and x.kind = 'crystallisation' and x.body ->> 'strike_id' = s.strike_id::text
            and x.body ->> 'share_class_id' = c.share_class_id::text order by x.created_at desc limit 1),
        'lots', l.lots, 'series', evergreen.struck_series(s.strike_id, c.share_class_id)) order by c.code), '[]')
      from last s join public.class_navs n using (strike_id) join public.share_classes c using (share_class_id)
      cross join lateral evergreen.dealing_policy(c.share_class_id, s.nav_date) p
      cross join lateral (select min(o.opened_on) as since, coalesce(jsonb_agg(jsonb_build_object('id', o.lot_id, 'units', trim_scale(o.units_left)::text, 'reference', trim_scale(coalesce(o.high_water, o.price))::text,
          'credit', trim_scale(o.equalisation_credit)::text, 'series', evergreen.series_of(o)) order by o.lot_id) filter (where o.units_left > 0), '[]') as lots from public.lots o where o.share_class_id = c.share_class_id) l
     where (share_class is null or c.code = share_class) and coalesce(p.body #>> '{fees,performance,method}', 'none') <> 'none' and l.since is not null);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_crystallisation(text, text) is
  'What the performance fee of a fund''s classes (or of one) would crystallise on at the last final NAV: accrued fee, mark, lots with reference and credit, the proposal there is. Fund currency. EG404.';

create or replace function public.fn_crystallise_fee(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  class public.share_classes;
  s public.nav_strikes;
  n public.class_navs;
  terms jsonb;
  minor int;
  bad int;
  mark numeric;
  accrued numeric;
  fee numeric;
  event uuid;
  posted uuid;
  units evergreen.unit_entry[];
  before jsonb;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_crystallise_fee', request_id, input);
  if answer is not null then
    return answer;
  end if;
  p := evergreen.take_consent(proposal_id, 'crystallisation');
  select * into class from public.share_classes c where c.share_class_id = (p.body ->> 'share_class_id')::uuid;
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  select * into s from public.nav_strikes x where x.strike_id = (p.body ->> 'strike_id')::uuid and x.fund_id = p.fund_id;
  if p.body ? 'replaces' then
    answer := evergreen.crystallise_again(p, class, s, request_id);
    perform evergreen.keep_answer('fn_crystallise_fee', request_id, input, answer);
    return answer;
  end if;
  perform evergreen.refuse_unless(found and s.state = 'final' and not exists (select from public.nav_strikes x where x.fund_id = s.fund_id and x.state = 'final' and x.nav_date > s.nav_date),
    'EG428', 'A fee is crystallised on the last final NAV of the fund.');
  select * into n from public.class_navs x where x.strike_id = s.strike_id and x.share_class_id = class.share_class_id;
  perform evergreen.refuse_unless(found and n.units = class.units_outstanding, 'EG425', 'Units were issued or redeemed since that NAV: what they owe went with them.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = class.share_class_id and m.cause = 'crystallisation' and m.as_of >= s.nav_date),
    'EG428', 'The fee of the class is crystallised for that date or a later one.');
  -- orders that are allocated were dealt before the fee; after it they have other prices and credits
  perform evergreen.refuse_unless(not exists (select from public.dealing_days d where d.strike_id = s.strike_id and d.share_class_id = class.share_class_id and d.status = 'allocated'),
    'EG428', 'The orders of that NAV are allocated: post the day, and crystallise on the next NAV.');
  terms := (select d.body #> '{fees,performance}' from evergreen.dealing_policy(class.share_class_id, s.nav_date) d);
  if terms ->> 'method' = 'series' then
    answer := evergreen.crystallise_series(p, class, s, terms, request_id);
    perform evergreen.keep_answer('fn_crystallise_fee', request_id, input, answer);
    return answer;
  end if;
  mark := evergreen.class_mark(class.share_class_id);
  accrued := (p.body ->> 'accrued')::numeric;
  fee := (p.body ->> 'fee')::numeric;
  perform evergreen.refuse_unless(accrued >= 0 and accrued < 1e30 and fee >= 0 and fee = round(fee, minor), 'EG400', 'accrued and fee are amounts, the fee in whole minor units.');
  -- what the strike took from the price of this class; rate times gain over the mark where the terms are linear
  perform evergreen.refuse_unless(round(accrued, minor) <= n.performance_accrued, 'EG424', 'The strike accrued less performance fee than that.');
  perform evergreen.refuse_unless(terms ->> 'method' is distinct from 'equalisation'
    or abs(accrued - (terms ->> 'rate')::numeric * greatest(0, n.nav + accrued - mark * n.units)) <= power(10::numeric, -minor),
    'EG424', 'The accrued fee is not the rate on the gain over the mark.');
  perform evergreen.refuse_unless((p.body ->> 'high_water')::numeric = greatest(mark, n.nav_per_unit), 'EG424', 'The new mark is the higher of the mark and the price after fee (R22).');
  -- every open lot once; units by floor at the price; a credit falls by its refund; the reference is the new mark, below the mark the price (R24)
  select count(*) into bad from (select l.* from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0) l
    full join jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric, change numeric, high_water numeric, credit numeric) on r.lot_id = l.lot_id
   where (l.lot_id is not null and r.lot_id is not null and r.refund >= 0 and r.depreciation >= 0
     and r.change = trunc(round(r.refund, 30) / n.nav_per_unit, class.units_dp) - trunc(round(r.depreciation, 30) / n.nav_per_unit, class.units_dp)
     and l.units_left + r.change >= 0 and r.credit >= 0 and abs(r.credit - (l.equalisation_credit - r.refund)) <= 1e-17
     and case when n.nav + accrued >= mark * n.units then r.high_water = greatest(mark, n.nav_per_unit)
              else abs(r.high_water - greatest(coalesce(l.high_water, l.price), round(round(n.nav, 30) / n.units, 18))) <= 1e-12 end
     and (r.depreciation = 0 or coalesce(l.high_water, l.price) < mark)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' lots are missing, unknown, or not what a refund or a depreciation charge at the price gives.');
  perform evergreen.refuse_unless((select count(*) = count(distinct r.lot_id) and abs(fee - (accrued - coalesce(sum(r.refund), 0) + coalesce(sum(r.depreciation), 0))) <= power(10::numeric, -minor)
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric)), 'EG424', 'The fee is not what was accrued, less refunds, with depreciation charges.');
  event := evergreen.emit('FEE_CRYSTALLISED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'strike_id', s.strike_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  select array_agg(row(class.share_class_id, 'holder', l.investor_id, l.lot_id, null, r.change)::evergreen.unit_entry order by l.lot_id) into units
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) join public.lots l on l.lot_id = r.lot_id where r.change <> 0;
  -- what the lots were before it: if the NAV is restated the fee is taken again from there
  select jsonb_agg(jsonb_build_object('lot_id', l.lot_id, 'units', trim_scale(l.units_left)::text, 'reference', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', trim_scale(l.equalisation_credit)::text) order by l.lot_id)
    into before from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0;
  -- a refund is issued on the lot that paid the credit
  update public.lots l set units_issued = l.units_issued + greatest(r.change, 0), high_water = r.high_water, equalisation_credit = r.credit
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric, high_water numeric, credit numeric) where l.lot_id = r.lot_id;
  if units is not null or fee > 0 then
    posted := evergreen.post_ledger(p.fund_id, 'crystallisation', 'performance fee ' || s.nav_date, null, event, null, units,
      case when fee > 0 then array[row('capital', null, null, class.currency, fee, 'performance fee')::evergreen.cash_entry,
        row('fee_payable', null, null, class.currency, -fee, 'performance fee')::evergreen.cash_entry] end);
  end if;
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, body, effective_at)
  values (class.share_class_id, s.nav_date, 'crystallisation', greatest(mark, n.nav_per_unit), s.strike_id, posted,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'accrued', trim_scale(accrued)::text, 'fee', trim_scale(fee)::text, 'lots', before), s.effective_at);
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'performance fee crystallised for ' || s.nav_date, request_id);
  answer := jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'high_water', trim_scale(greatest(mark, n.nav_per_unit))::text, 'fee', fee::text);
  perform evergreen.keep_answer('fn_crystallise_fee', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_crystallise_fee(uuid, text) is
  'Posts an approved crystallisation {share_class_id, strike_id, accrued, fee, high_water, lots: [{lot_id, refund, depreciation, change, high_water, credit}]} on the last NAV (R22, R24): refunds as units, the fee as payable, the marks; of a class by series {…, series, lots} (R25); with replaces, in place of one whose NAV was restated (R30). EG400, EG404, EG420, EG421, EG424, EG425, EG428.';

create or replace function public.fn_post_distribution(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  class public.share_classes;
  minor int;
  day date;
  each numeric;
  mark numeric;
  cash evergreen.cash_entry[];
  total numeric;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_post_distribution', request_id, input);
  if answer is not null then
    return answer;
  end if;
  p := evergreen.take_consent(proposal_id, 'distribution');
  select * into class from public.share_classes c where c.share_class_id = (p.body ->> 'share_class_id')::uuid;
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  day := (p.body ->> 'ex_date')::date;
  each := (p.body ->> 'per_unit')::numeric;
  mark := evergreen.class_mark(class.share_class_id);
  perform evergreen.refuse_unless(isfinite(day) and day <= current_date and each > 0 and each = round(each, 18) and each < 1e12, 'EG400', 'ex_date is a date up to today and per_unit an amount above zero.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = class.share_class_id and m.cause <> 'opening' and m.as_of > day), 'EG428', 'The mark of the class has moved after that date.');
  perform evergreen.refuse_unless(each < mark and not exists (select from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0 and coalesce(l.high_water, l.price) <= each
    and evergreen.by_series(class.share_class_id, day)), 'EG424', 'The distribution would leave no mark; crystallise first.');
  perform evergreen.refuse_while_dealing(class.share_class_id);
  -- every lot down to the minor unit; what the floors leave stays in the fund
  with paid as (
    select l.investor_id, sum(trunc(l.units_left * each, minor)) as amount from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0 group by l.investor_id
  )
  select sum(x.amount), array_agg(row('distributions_payable', x.investor_id, null, class.currency, -x.amount, 'distribution')::evergreen.cash_entry order by x.investor_id)
    into total, cash from paid x where x.amount > 0;
  perform evergreen.refuse_unless(total > 0, 'EG428', 'Nobody holds enough units to be paid a minor unit.');
  event := evergreen.emit('DISTRIBUTED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'ex_date', day), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), array(select distinct c.investor_id from unnest(cash) c), request_id);
  posted := evergreen.post_ledger(p.fund_id, 'distribution', 'distribution ' || day, null, event, null, null,
    cash || row('capital', null, null, class.currency, total, 'distribution')::evergreen.cash_entry);
  -- a lot without a reference of its own has the price it was bought at
  update public.lots l set high_water = coalesce(l.high_water, l.price) - each where l.share_class_id = class.share_class_id and l.units_left > 0
    and (l.high_water is not null or exists (select from evergreen.dealing_policy(class.share_class_id, day) d where d.body #>> '{fees,performance,method}' in ('equalisation', 'series')));
  insert into public.class_marks (share_class_id, as_of, cause, high_water, per_unit, ledger_tx_id, body, effective_at)
  values (class.share_class_id, day, 'distribution', mark - each, each, posted,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'amount', trim_scale(total)::text)
      -- by series each pays its own lots
      || case when evergreen.by_series(class.share_class_id, day) then jsonb_build_object('series', (select jsonb_agg(jsonb_build_object('series', x.series, 'amount', x.amount::text) order by x.series)
        from (select evergreen.series_of(l) as series, sum(trunc(l.units_left * each, minor)) as amount from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0 group by 1) x)) else '{}'::jsonb end,
    day::timestamp at time zone 'UTC');
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'distribution of ' || day || ' posted', request_id);
  answer := jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'amount', total::text, 'high_water', trim_scale(mark - each)::text);
  perform evergreen.keep_answer('fn_post_distribution', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_post_distribution(uuid, text) is
  'Posts an approved distribution {share_class_id, ex_date, per_unit} (fund currency): owed to each holder lot by lot, down to the minor unit; the marks fall by it (R22). EG400, EG404, EG420, EG421, EG424, EG428.';

create or replace function public.fn_confirm_payout(fund text, account text, payments jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'account', account, 'sha256', encode(sha256(convert_to(payments::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_confirm_payout', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(account in ('distributions_payable', 'refunds_payable', 'fee_payable'), 'EG400', 'account is distributions_payable, refunds_payable or fee_payable; an order is paid by fn_confirm_cash.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  perform evergreen.refuse_unless((select count(*) = count(distinct coalesce(x.investor_id, '00000000-0000-0000-0000-000000000000'))
    from jsonb_to_recordset(payments) x (investor_id uuid)), 'EG400', 'Two payments are to one.');
  select count(*) into bad from jsonb_to_recordset(payments) x (investor_id uuid, amount numeric) left join public.cash_balances b
      on b.fund_id = of_fund.fund_id and b.account = fn_confirm_payout.account and b.currency = of_fund.base_currency and b.investor_id is not distinct from x.investor_id
   where (x.amount > 0 and x.amount <= -b.amount and evergreen.within_exponent(x.amount, of_fund.base_currency)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' payments are of more than is owed, or of nothing.');
  event := evergreen.emit('PAID_OUT', of_fund.fund_id, jsonb_build_object('account', account, 'payments', jsonb_array_length(payments)), evergreen.actor(), '{}',
    array(select x.investor_id from jsonb_to_recordset(payments) x (investor_id uuid) where x.investor_id is not null), request_id);
  posted := evergreen.post_ledger(of_fund.fund_id, 'cash', 'paid out of ' || account, null, event, null, null, (
    select array_agg(row(e.account, e.investor_id, null, of_fund.base_currency, e.amount, x.reference)::evergreen.cash_entry)
      from jsonb_to_recordset(payments) x (investor_id uuid, amount numeric, reference text)
      cross join lateral (values ('bank', null::uuid, -x.amount), (fn_confirm_payout.account, x.investor_id, x.amount)) e (account, investor_id, amount)));
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'paid out of ' || account || ': ' || jsonb_array_length(payments) || ' payments', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'payments', jsonb_array_length(payments));
  perform evergreen.keep_answer('fn_confirm_payout', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_confirm_payout(text, text, jsonb, text) is
  'Cash has left for a distribution, a refund or a fee: payments = [{investor_id?, amount, reference?}] (fund currency), never more than the account owes. EG400, EG404, EG413, EG424.';

create or replace function public.fn_return_cash(flow_id uuid, reference text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  back public.fund_flows;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('flow_id', flow_id, 'reference', reference);
  answer := evergreen.earlier_answer('fn_return_cash', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reference) between 1 and 200, 'EG400', 'reference has 1 to 200 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.fund_flows x where x.flow_id = fn_return_cash.flow_id) for no key update;
  select * into back from public.fund_flows f where f.flow_id = fn_return_cash.flow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  -- what bought units is a redemption's, not this one's
  perform evergreen.refuse_unless(back.direction = 'subscription' and back.cleared_at is not null and back.status in ('submitted', 'kyc_hold', 'accepted', 'rejected', 'lapsed', 'cancelled'),
    'EG428', 'Only the money of a subscription that has not dealt can be sent back.');
  event := evergreen.emit('CASH_RETURNED', back.fund_id, jsonb_build_object('flow_id', back.flow_id), evergreen.actor(), '{}', array[back.investor_id], request_id);
  posted := evergreen.post_ledger(back.fund_id, 'cash', 'subscription money returned', null, event, null, null, array[
    row('bank', null, back.flow_id, back.currency, -back.amount, reference)::evergreen.cash_entry,
    row('subscriptions_received', back.investor_id, back.flow_id, back.currency, back.amount, reference)::evergreen.cash_entry]);
  update public.fund_flows f set cleared_at = null where f.flow_id = back.flow_id;
  perform evergreen.audit(back.fund_id, 'fund_flows', back.flow_id::text, 'cash returned', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'flow_id', back.flow_id);
  perform evergreen.keep_answer('fn_return_cash', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_return_cash(uuid, text, text) is 'The money of a subscription that has not dealt went back to its investor (fund currency, all of it); the order can then be cancelled. EG400, EG404, EG428.';

-- from sql/6m-fn-series-fees.sql
-- The performance fee of a class by series is taken (R22, R23, R25): each series pays what it accrued, has its own new mark, and at its mark is rolled into the lead.

create or replace function evergreen.struck_series(of_strike uuid, of_class uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('series', n.series, 'nav', n.nav::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text, 'performance_accrued', n.performance_accrued::text,
      'high_water', trim_scale(n.high_water)::text, 'since', n.since) order by l.opened_on, n.series), '[]')
    from public.series_navs n
    left join lateral (select min(x.opened_on) as opened_on from public.lots x where x.share_class_id = of_class and x.units_left > 0 and evergreen.series_of(x) = n.series) l on true
   where n.strike_id = of_strike and n.share_class_id = of_class
$$;
comment on function evergreen.struck_series(uuid, uuid) is 'The series of a class at a strike, the oldest first, which is the lead: value and price after fee, accrued fee, mark and the day its hurdle runs from.';

create or replace function evergreen.crystallise_series(p public.proposals, class public.share_classes, s public.nav_strikes, terms jsonb, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  minor int;
  bad int;
  lead record;
  mark numeric := evergreen.class_mark(class.share_class_id);
  owed numeric := (p.body ->> 'fee')::numeric;
  hurdled boolean := coalesce((terms ->> 'hurdle')::numeric, 0) <> 0;
  event uuid;
  posted uuid;
  units evergreen.unit_entry[];
  cash evergreen.cash_entry[];
begin
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  perform evergreen.refuse_unless(exists (select from public.series_navs n where n.strike_id = s.strike_id and n.share_class_id = class.share_class_id), 'EG428', 'That NAV was struck without series.');
  perform evergreen.refuse_unless(jsonb_typeof(p.body -> 'series') = 'array' and jsonb_typeof(p.body -> 'lots') = 'array', 'EG400', 'series and lots are lists.');
  -- every series once: the fee it accrued; with a fee the mark is the price after it, if that is higher, and the hurdle begins anew
  select count(*) into bad from (select n.* from public.series_navs n where n.strike_id = s.strike_id and n.share_class_id = class.share_class_id) n
    full join jsonb_to_recordset(p.body -> 'series') r (series text, fee numeric, high_water numeric, since date) on r.series = n.series
   where (r.fee = n.performance_accrued and r.high_water = case when r.fee > 0 then greatest(n.high_water, n.nav_per_unit) else n.high_water end
     and r.since = case when r.fee > 0 then s.nav_date else n.since end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' series are missing, unknown, or have not the fee, the mark or the hurdle that the NAV gives.');
  perform evergreen.refuse_unless((select count(*) = count(distinct r.series) and sum(r.fee) = owed from jsonb_to_recordset(p.body -> 'series') r (series text, fee numeric)),
    'EG424', 'The fee is not the sum of its series.');
  -- into the oldest, and only where both stand at their mark
  select n.series, n.nav_per_unit, r.high_water, r.since into lead from jsonb_array_elements(evergreen.struck_series(s.strike_id, class.share_class_id)) with ordinality e (x, place)
    join public.series_navs n on n.strike_id = s.strike_id and n.share_class_id = class.share_class_id and n.series = e.x ->> 'series'
    join jsonb_to_recordset(p.body -> 'series') r (series text, high_water numeric, since date) on r.series = n.series order by e.place limit 1;
  select count(*) into bad from jsonb_to_recordset(p.body -> 'series') r (series text, high_water numeric, since date, rolled_into text, cash numeric)
    join public.series_navs n on n.strike_id = s.strike_id and n.share_class_id = class.share_class_id and n.series = r.series
   where r.rolled_into is distinct from case when r.series <> lead.series and lead.nav_per_unit = lead.high_water and n.nav_per_unit = r.high_water and (not hurdled or r.since = lead.since) then lead.series end
     or r.cash is distinct from (select coalesce(sum(k.cash), 0) from jsonb_to_recordset(p.body -> 'lots') k (series text, cash numeric) where k.series = r.series);
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' series are rolled that do not stand at their mark, or are not although they do.');
  -- the lots of what is rolled, and no others: units down at the two prices, and what that leaves in cash
  with rolled as materialized (
    select r.series, n.nav_per_unit as price from jsonb_to_recordset(p.body -> 'series') r (series text, rolled_into text)
      join public.series_navs n on n.strike_id = s.strike_id and n.share_class_id = class.share_class_id and n.series = r.series where r.rolled_into is not null
  ), due as (
    select l.lot_id, k.series, x.units - l.units_left as change, trunc(l.units_left * k.price - x.units * lead.nav_per_unit, minor) as cash
      from rolled k join public.lots l on l.share_class_id = class.share_class_id and l.units_left > 0 and evergreen.series_of(l) = k.series
      cross join lateral (select trunc(round(l.units_left * k.price, 30) / lead.nav_per_unit, class.units_dp) as units) x
  )
  select count(*) into bad from due full join jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, series text, change numeric, cash numeric) on r.lot_id = due.lot_id
   where (r.series = due.series and r.change = due.change and r.cash = due.cash) is not true;
  perform evergreen.refuse_unless(bad = 0 and (select count(*) = count(distinct r.lot_id) from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid)),
    'EG424', bad || ' lots are missing, unknown, or not exchanged at the prices of their series and the lead.');
  event := evergreen.emit('FEE_CRYSTALLISED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'strike_id', s.strike_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  select array_agg(row(class.share_class_id, 'holder', l.investor_id, l.lot_id, null, r.change)::evergreen.unit_entry order by l.lot_id) into units
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) join public.lots l on l.lot_id = r.lot_id where r.change <> 0;
  select array_agg(row(e.account, e.investor_id, null, class.currency, e.amount, e.reference)::evergreen.cash_entry) into cash from (
    select 'refunds_payable' as account, l.investor_id, -sum(r.cash) as amount, 'roll-up' as reference from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, cash numeric)
      join public.lots l on l.lot_id = r.lot_id group by l.investor_id
    union all select 'capital', null, coalesce(sum(r.cash), 0), 'roll-up' from jsonb_to_recordset(p.body -> 'lots') r (cash numeric)
    union all select 'capital', null, owed, 'performance fee'
    union all select 'fee_payable', null, -owed, 'performance fee') e where e.amount <> 0;
  update public.lots l set high_water = r.high_water, hurdle_from = r.since from jsonb_to_recordset(p.body -> 'series') r (series text, high_water numeric, since date)
   where l.share_class_id = class.share_class_id and l.units_left > 0 and evergreen.series_of(l) = r.series;
  update public.lots l set units_issued = l.units_issued + greatest(r.change, 0), series = lead.series, high_water = lead.high_water, hurdle_from = lead.since
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) where l.lot_id = r.lot_id;
  if units is not null or cash is not null then
    posted := evergreen.post_ledger(p.fund_id, 'crystallisation', 'performance fee ' || s.nav_date, null, event, null, units, cash);
  end if;
  -- the marks that count are those of the series; the row says when the fee was taken, and what of whom
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, body, effective_at)
  values (class.share_class_id, s.nav_date, 'crystallisation', mark, s.strike_id, posted,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'accrued', trim_scale(owed)::text, 'fee', trim_scale(owed)::text, 'series', p.body -> 'series'), s.effective_at);
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'performance fee of ' || s.nav_date || ' crystallised by series', request_id);
  return jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'high_water', trim_scale(mark)::text, 'fee', trim_scale(owed)::text);
end $$;
comment on function evergreen.crystallise_series(public.proposals, public.share_classes, public.nav_strikes, jsonb, text) is
  'Posts the approved crystallisation of a class by series: the fee of each as payable, marks and hurdles, and the roll-up into the lead with its cash (R23, R25). EG400, EG424, EG428.';

-- from sql/6n-fn-exceptions.sql
-- Exceptional tools put to use: side pockets (R13), redemptions paid in kind (R14), and the authority told of them (R9c).

create or replace function public.fn_note_authority(activation_id uuid, notified_at timestamptz default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
  told timestamptz;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('activation_id', activation_id, 'notified_at', notified_at);
  answer := evergreen.earlier_answer('fn_note_authority', request_id, input);
  if answer is not null then
    return answer;
  end if;
  told := coalesce(notified_at, now());
  perform evergreen.refuse_unless(isfinite(told) and told <= now(), 'EG400', 'notified_at is a time up to now.');
  select * into a from public.lmt_activations x where x.activation_id = fn_note_authority.activation_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No activation with that id.');
  perform evergreen.refuse_unless(a.nca_notified_at is null, 'EG428', 'The authority was told already.');
  perform evergreen.refuse_unless(told >= a.created_at, 'EG400', 'notified_at is not before the activation was proposed.');
  update public.lmt_activations x set nca_notified_at = told where x.activation_id = a.activation_id;
  perform evergreen.emit('AUTHORITY_NOTIFIED', a.fund_id, jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(a.fund_id, 'lmt_activations', a.activation_id::text, 'authority notified of ' || a.tool, request_id);
  answer := jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', a.status);
  perform evergreen.keep_answer('fn_note_authority', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_authority(uuid, timestamptz, text) is 'Notes when the authority was told of a liquidity tool: before a side pocket is opened, without delay otherwise. EG400, EG404, EG428.';

create or replace function public.fn_open_side_pocket(activation_id uuid, share_class text, code text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
  main public.share_classes;
  s public.nav_strikes;
  n public.class_navs;
  minor int;
  moved text[];
  fair numeric;
  worth numeric;
  mark numeric;
  mark_part numeric;
  pocket uuid;
  units evergreen.unit_entry[];
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('activation_id', activation_id, 'share_class', share_class, 'code', code);
  answer := evergreen.earlier_answer('fn_open_side_pocket', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.lmt_activations x where x.activation_id = fn_open_side_pocket.activation_id) for no key update;
  select * into a from public.lmt_activations x where x.activation_id = fn_open_side_pocket.activation_id for no key update;
  perform evergreen.refuse_unless(found and a.tool = 'side_pocket', 'EG404', 'No activation of a side pocket with that id.');
  perform evergreen.refuse_unless(a.status = 'active', 'EG428', 'The activation is ' || a.status || '.');
  perform evergreen.refuse_unless(a.nca_notified_at is not null, 'EG428', 'The authority is told before a side pocket is opened.');
  perform evergreen.refuse_unless(fn_open_side_pocket.code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$', 'EG400', 'code is of capitals and digits.');
  perform evergreen.refuse_unless(not exists (select from public.share_classes c where c.fund_id = a.fund_id and c.code = fn_open_side_pocket.code), 'EG428', 'The fund has a class with that code.');
  select * into main from public.share_classes c where c.fund_id = a.fund_id and c.pocket_of is null and (c.code = share_class or c.share_class_id::text = share_class);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
  perform evergreen.refuse_unless(main.units_outstanding > 0, 'EG428', 'The class has no units to mirror.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = main.share_class_id and m.cause = 'side_pocket' and m.body ->> 'activation_id' = a.activation_id::text),
    'EG428', 'That side pocket of the class is open already.');
  select u.exponent into minor from public.currencies u where u.code = main.currency;
  perform evergreen.refuse_while_dealing(main.share_class_id);
  select * into s from public.nav_strikes x where x.fund_id = a.fund_id and x.state = 'final' order by x.nav_date desc limit 1;
  select * into n from public.class_navs x where x.strike_id = s.strike_id and x.share_class_id = main.share_class_id;
  perform evergreen.refuse_unless(found and n.units = main.units_outstanding, 'EG425', 'Units were issued or redeemed since the last NAV; a side pocket is opened on it.');
  -- what two people approved: {assets: [asset_id], holdback?, liabilities?}
  moved := array(select distinct t.id from jsonb_array_elements_text(a.trigger -> 'assets') t (id));
  select sum(i.value) into fair from public.nav_inputs i where i.strike_id = s.strike_id and i.kind = 'asset' and i.asset_id::text = any (moved);
  perform evergreen.refuse_unless(cardinality(moved) > 0 and cardinality(moved) = (select count(*) from public.nav_inputs i where i.strike_id = s.strike_id and i.kind = 'asset' and i.asset_id::text = any (moved)),
    'EG404', 'The approved facts name assets that the last NAV does not have.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = main.share_class_id and m.cause = 'side_pocket' and m.body -> 'assets' ?| moved),
    'EG428', 'An asset is in a side pocket of the class already.');
  perform evergreen.refuse_unless(coalesce((a.trigger ->> 'holdback')::numeric, 0) >= 0 and coalesce((a.trigger ->> 'liabilities')::numeric, 0) >= 0, 'EG400', 'holdback and liabilities are amounts.');
  -- the assets are held by all main classes together: this one's part, by value
  worth := round((fair + coalesce((a.trigger ->> 'holdback')::numeric, 0) - coalesce((a.trigger ->> 'liabilities')::numeric, 0)) * n.nav
    / (select sum(x.nav) from public.class_navs x join public.share_classes c using (share_class_id) where x.strike_id = s.strike_id and c.pocket_of is null), minor);
  perform evergreen.refuse_unless(worth > 0 and worth < n.nav, 'EG424', 'The side pocket must be worth more than nothing and less than the class.');
  insert into public.share_classes (fund_id, code, name, currency, units_dp, price_dp, issue_price, nav_per_unit, pocket_of)
  values (a.fund_id, fn_open_side_pocket.code, 'Side pocket of ' || main.code, main.currency, main.units_dp, main.price_dp, round(worth / n.units, main.price_dp), round(worth / n.units, main.price_dp), main.share_class_id)
  returning share_class_id into pocket;
  -- 1:1 units; mark, reference and credit of each lot in the ratio of the two values, the pocket's part HALF_UP, the main class keeps the rest
  with halves as materialized (
    select gen_random_uuid() as lot_id, l.lot_id as main_lot, l.investor_id, l.opened_on, l.series, l.hurdle_from, l.flow_id, l.units_left as units, l.price,
           round(round(l.price, 30) * worth / n.nav, 18) as price_part, round(round(l.high_water, 30) * worth / n.nav, 18) as water_part, round(round(l.equalisation_credit, 30) * worth / n.nav, 18) as credit_part
      from public.lots l where l.share_class_id = main.share_class_id and l.units_left > 0 order by l.lot_id for no key update
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, flow_id, units_issued, price, high_water, equalisation_credit, hurdle_from)
    select h.lot_id, pocket, h.investor_id, h.opened_on, h.series, h.flow_id, h.units, h.price_part, h.water_part, h.credit_part, h.hurdle_from from halves h
  ), kept as (
    update public.lots l set high_water = l.high_water - h.water_part, equalisation_credit = l.equalisation_credit - h.credit_part, price = l.price - h.price_part
      from halves h where l.lot_id = h.main_lot
  )
  select array_agg(row(pocket, 'holder', h.investor_id, h.lot_id, null, h.units)::evergreen.unit_entry order by h.lot_id) into units from halves h;
  mark := evergreen.class_mark(main.share_class_id);
  mark_part := round(round(mark, 30) * worth / n.nav, 18);
  event := evergreen.emit('SIDE_POCKET_OPENED', a.fund_id, jsonb_build_object('share_class_id', pocket, 'activation_id', a.activation_id), evergreen.actor(), '{}',
    array(select distinct u.investor_id from unnest(units) u), request_id);
  posted := evergreen.post_ledger(a.fund_id, 'side_pocket', 'side pocket of ' || main.code, null, event, null, units, null);
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, body, effective_at)
  select x.id, s.nav_date, 'side_pocket', x.mark, s.strike_id, posted, jsonb_build_object('activation_id', a.activation_id, 'assets', to_jsonb(moved), 'fair_value', trim_scale(fair)::text,
      'holdback', coalesce(a.trigger ->> 'holdback', '0'), 'liabilities', coalesce(a.trigger ->> 'liabilities', '0'), 'value', trim_scale(x.worth)::text), s.effective_at
    from (values (main.share_class_id, mark - mark_part, n.nav - worth), (pocket, mark_part, worth)) x (id, mark, worth);
  update public.share_classes c set nav_per_unit = round((n.nav - worth) / n.units, c.price_dp) where c.share_class_id = main.share_class_id;
  perform evergreen.audit(a.fund_id, 'share_classes', pocket::text, 'side pocket opened: ' || cardinality(units) || ' lots', request_id);
  answer := jsonb_build_object('share_class_id', pocket, 'ledger_tx_id', posted, 'value', worth::text, 'main_value', (n.nav - worth)::text);
  perform evergreen.keep_answer('fn_open_side_pocket', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_side_pocket(uuid, text, text, text) is
  'Opens an activated side pocket (R13) for one class on the last NAV: its part of the assets at their value plus holdback less liabilities leaves the class, every lot gets as many pocket units, marks and credits are split by value. EG400, EG404, EG424, EG425, EG428.';

create or replace function public.fn_settle_in_kind(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  paid public.fund_flows;
  d public.dealing_days;
  s public.nav_strikes;
  bad int;
  delivered numeric;
  rest numeric;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_settle_in_kind', request_id, input);
  if answer is not null then
    return answer;
  end if;
  p := evergreen.take_consent(proposal_id, 'in_kind');
  select * into paid from public.fund_flows f where f.flow_id = (p.body ->> 'flow_id')::uuid for no key update;
  perform evergreen.refuse_unless(paid.status = 'claimable' and paid.direction = 'redemption' and paid.order_kind = 'plain', 'EG428', 'The order is ' || paid.status || '; a redemption that is claimable can be paid in kind.');
  select * into d from public.dealing_days x where x.dealing_day_id = paid.dealing_day_id;
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  perform evergreen.refuse_unless(exists (select from public.lmt_activations a where a.fund_id = paid.fund_id and a.tool = 'redemption_in_kind' and a.status = 'active'),
    'EG428', 'Redemption in kind is not active: two people activate it first.');
  perform evergreen.refuse_unless(exists (select from public.investors i where i.investor_id = paid.investor_id and i.classification in ('professional', 'qualified')),
    'EG430', 'Only professional investors are paid in kind.');
  perform evergreen.refuse_unless(jsonb_array_length(p.body -> 'deliveries') between 1 and 20000, 'EG400', 'deliveries is a list of 1 to 20,000 {asset_id, quantity, value}.');
  -- R14: of each asset no more than the order's part of the fund, rounded up to the minor unit
  select count(*) into bad from jsonb_to_recordset(p.body -> 'deliveries') r (asset_id uuid, quantity numeric, value numeric)
    left join public.nav_inputs i on i.strike_id = s.strike_id and i.kind = 'asset' and i.asset_id = r.asset_id
   where (r.quantity > 0 and r.quantity < 1e30 and r.value > 0 and evergreen.within_exponent(r.value, paid.currency)
     and (r.value - power(10::numeric, -(select u.exponent from public.currencies u where u.code = paid.currency))) * s.nav < i.value * paid.filled_units * paid.price) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' deliveries are of no asset of the NAV, or of more than the order''s part of it.');
  select sum(r.value), count(*) - count(distinct r.asset_id) into delivered, bad from jsonb_to_recordset(p.body -> 'deliveries') r (asset_id uuid, value numeric);
  perform evergreen.refuse_unless(bad = 0, 'EG400', 'An asset is delivered twice.');
  rest := paid.net_amount - delivered;
  perform evergreen.refuse_unless(rest >= 0 and rest = (p.body ->> 'cash')::numeric, 'EG424', 'What is delivered and the cash are not what is due.');
  event := evergreen.emit('DELIVERED_IN_KIND', paid.fund_id, jsonb_build_object('flow_id', paid.flow_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), array[paid.investor_id], request_id);
  posted := evergreen.post_ledger(paid.fund_id, 'in_kind', 'redemption paid in kind', null, event, null, null, array[
    row('redemptions_payable', paid.investor_id, paid.flow_id, paid.currency, paid.net_amount, 'in kind')::evergreen.cash_entry,
    row('assets_delivered', null, paid.flow_id, paid.currency, -delivered, 'in kind')::evergreen.cash_entry,
    row('bank', null, paid.flow_id, paid.currency, -rest, p.body ->> 'reference')::evergreen.cash_entry]);
  insert into public.in_kind_deliveries (flow_id, fund_id, investor_id, asset_id, quantity, value, ledger_tx_id)
  select paid.flow_id, paid.fund_id, paid.investor_id, r.asset_id, r.quantity, r.value, posted
    from jsonb_to_recordset(p.body -> 'deliveries') r (asset_id uuid, quantity numeric, value numeric);
  perform evergreen.move_order(paid.flow_id, 'settled', event, 'paid in kind');
  update public.fund_flows f set cleared_at = now(), settled_at = now() where f.flow_id = paid.flow_id;
  perform evergreen.settle_days(paid.fund_id);
  perform evergreen.audit(paid.fund_id, 'fund_flows', paid.flow_id::text, 'paid in kind: ' || jsonb_array_length(p.body -> 'deliveries') || ' assets', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'flow_id', paid.flow_id, 'delivered', delivered::text, 'cash', rest::text);
  perform evergreen.keep_answer('fn_settle_in_kind', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_settle_in_kind(uuid, text) is
  'Pays an approved claimable redemption in kind (R14): {flow_id, deliveries: [{asset_id, quantity, value}], cash}; values at the strike it dealt at, professional investors only, cash for the rest. EG400, EG404, EG420, EG421, EG424, EG428, EG430.';

-- from sql/6o-fn-treasury.sql
-- Cash of the fund itself: between the dealing account and the investments, and to the manager. What investors pay and get is fn_confirm_cash.

create or replace function public.fn_move_cash(fund text, purpose text, amount numeric, reference text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  owed numeric;
  signed numeric;
  posted uuid := gen_random_uuid();
  event uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'purpose', purpose, 'amount', amount, 'reference', reference);
  answer := evergreen.earlier_answer('fn_move_cash', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(purpose in ('invest', 'divest', 'management_fee'), 'EG400', 'purpose is invest, divest or management_fee.');
  perform evergreen.refuse_unless(amount > 0 and amount < 1e30 and evergreen.within_exponent(amount, of_fund.base_currency), 'EG400', 'amount is positive and has no more decimals than the currency.');
  perform evergreen.refuse_unless(length(reference) between 1 and 140, 'EG400', 'reference has 1 to 140 characters.');
  if purpose = 'management_fee' then
    -- accrued by the last final strike since the beginning, less what was paid since then
    select coalesce(sum((x ->> 'management_accrued')::numeric), 0) into owed
      from (select s.body from public.nav_strikes s where s.fund_id = of_fund.fund_id and s.state = 'final' order by s.nav_date desc limit 1) s,
           jsonb_array_elements(coalesce(s.body -> 'fees', '[]')) x;
    owed := owed - coalesce((select b.amount from public.cash_balances b where b.fund_id = of_fund.fund_id and b.account = 'management_fee' and b.currency = of_fund.base_currency), 0);
    perform evergreen.refuse_unless(amount <= owed, 'EG424', 'That is more than the last final NAV has accrued of the management fee and the fund has not paid.');
  end if;
  signed := case purpose when 'divest' then -amount else amount end;
  event := evergreen.emit('CASH_MOVED', of_fund.fund_id, jsonb_build_object('ledger_tx_id', posted, 'purpose', purpose), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.post_ledger(of_fund.fund_id, 'treasury', replace(purpose, '_', ' '), null, event, null, null, array[
    row('bank', null, null, of_fund.base_currency, -signed, reference)::evergreen.cash_entry,
    row(case purpose when 'management_fee' then 'management_fee' else 'investments' end, null, null, of_fund.base_currency, signed, reference)::evergreen.cash_entry], posted);
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'cash moved: ' || replace(purpose, '_', ' '), request_id);
  answer := jsonb_build_object('ledger_tx_id', posted);
  perform evergreen.keep_answer('fn_move_cash', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_move_cash(text, text, numeric, text, text) is
  'Cash of the fund has moved (fund currency): invest takes it from the dealing account to the investments, divest brings it back, management_fee pays the manager, at most what is accrued. EG400, EG404, EG424 more than is owed.';

-- from sql/6p-fn-calendar.sql
-- On which dates a class deals: the frequency of its terms, rolled to business days of their calendar (R2, R3). The same rule as finance/dealing/calendar.ts, date by date.

create or replace function evergreen.roll_date(calendar text, on_day date, roll text) returns date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  step int := case roll when 'preceding' then -1 else 1 end;
  day date := on_day;
  tries int := 0;
begin
  while not evergreen.is_business_day(calendar, day) loop
    tries := tries + 1;
    perform evergreen.refuse_unless(tries < 60, 'EG400', 'The calendar has no business day within 60 days: check its holidays.');
    day := day + step;
  end loop;
  return case when roll = 'modified_following' and date_trunc('month', day) <> date_trunc('month', on_day) then evergreen.roll_date(calendar, on_day, 'preceding') else day end;
end $$;
comment on function evergreen.roll_date(text, date, text) is 'The day itself or the next business day of the calendar: following, preceding, or modified_following (preceding where the next one is of another month). EG400 when none is near.';

create or replace function evergreen.day_of_month(calendar text, month date, on_rule jsonb) returns date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  last date := (month + interval '1 month - 1 day')::date;
  day date := month - 1;
begin
  if on_rule ? 'dayOfMonth' then
    return case when on_rule ->> 'dayOfMonth' = 'last' then last else least(month + (on_rule ->> 'dayOfMonth')::int - 1, last) end;
  elsif on_rule ->> 'businessDayOfMonth' = 'last' then
    return evergreen.roll_date(calendar, last, 'preceding');
  end if;
  for n in 1 .. (on_rule ->> 'businessDayOfMonth')::int loop
    day := evergreen.roll_date(calendar, day + 1, 'following');
  end loop;
  return day;
end $$;
comment on function evergreen.day_of_month(text, date, jsonb) is 'The day of a month (given by its first) that a rule {dayOfMonth} or {businessDayOfMonth} names, before it is rolled.';

create or replace function evergreen.names_dates(body jsonb) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(case body ->> 'frequency' when 'daily' then true when 'weekly' then body -> 'on' ? 'weekday' when 'biweekly' then body -> 'on' ? 'weekday' and body ? 'anchorDate'
    else body ->> 'frequency' in ('monthly', 'quarterly', 'semiannual', 'annual') and (body -> 'on' ? 'dayOfMonth' or body -> 'on' ? 'businessDayOfMonth') end, false)
$$;
comment on function evergreen.names_dates(jsonb) is 'Whether terms say on which dates the class deals.';

create or replace function evergreen.dealing_dates(calendar text, body jsonb, first date, last date) returns setof date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  often text := body ->> 'frequency';
  roll text := coalesce(body ->> 'roll', 'preceding');
begin
  if often = 'daily' then
    return query select d::date from generate_series(first, last, interval '1 day') d where evergreen.is_business_day(calendar, d::date);
    return;
  end if;
  -- a rolled date may lie outside the period of the day it comes from: a closure further on both sides
  return query select distinct evergreen.roll_date(calendar, n.day, roll) as day from (
      select d::date as day from generate_series(first - 60, last + 60, interval '1 day') d
       where often in ('weekly', 'biweekly') and extract(isodow from d) = (body #>> '{on,weekday}')::int
         -- the weeks of which one in two deals are counted from a Monday
         and (often = 'weekly' or (floor((d::date - date '1970-01-05') / 7.0) - floor(((body ->> 'anchorDate')::date - date '1970-01-05') / 7.0))::int % 2 = 0)
      union all
      select evergreen.day_of_month(calendar, m::date, body -> 'on') from generate_series(date_trunc('month', first - 60)::date, last + 60, interval '1 month') m
       where often not in ('weekly', 'biweekly') and (extract(year from m)::int * 12 + extract(month from m)::int - coalesce((body ->> 'anchorMonth')::int, 12))
         % case often when 'monthly' then 1 when 'quarterly' then 3 when 'semiannual' then 6 else 12 end = 0) n
    where evergreen.roll_date(calendar, n.day, roll) between first and last order by 1;
end $$;
comment on function evergreen.dealing_dates(text, jsonb, date, date) is 'Dealing dates of terms that name them, both ends included, in order, each once (finance: dealingDates). EG400 a calendar that is closed for 60 days.';

create or replace function evergreen.require_dealing_date(of_fund uuid, body jsonb, on_day date) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  place text;
  ahead int := 0;
  next date;
begin
  -- terms that name no date, as those of before they had to, bind to none
  if not evergreen.names_dates(body) then
    return;
  end if;
  select coalesce(body ->> 'calendar', f.calendar) into place from public.funds f where f.fund_id = of_fund;
  if exists (select from evergreen.dealing_dates(place, body, on_day, on_day)) then
    return;
  end if;
  while next is null and ahead < 5 * 366 loop
    select min(d) into next from evergreen.dealing_dates(place, body, on_day + ahead, on_day + ahead + 91) d;
    ahead := ahead + 92;
  end loop;
  perform evergreen.refuse_unless(false, 'EG400', 'The class does not deal on ' || on_day || coalesce('; the next dealing date is ' || next, '') || '.');
end $$;
comment on function evergreen.require_dealing_date(uuid, jsonb, date) is 'Refuses (EG400) a date on which terms do not deal, and names the next one within five years.';

-- from sql/6s-fn-compensation.sql
-- After a restatement (R30): compensation as debts of the ledger, their payment, and the word to the authority.

create or replace function evergreen.post_compensation(of_strike uuid, event uuid) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
  owed evergreen.cash_entry[];
begin
  select f.* into of_fund from public.funds f where f.fund_id = (select s.fund_id from public.nav_strikes s where s.strike_id = of_strike);
  -- what the fund holds too much is owed to investors; what it paid too much is owed by the responsible party, and never asked of an investor
  select array_agg(row(e.account, e.investor_id, c.flow_id, of_fund.base_currency, e.amount, 'compensation')::evergreen.cash_entry order by c.flow_id, e.account) into owed
    from public.compensations c join public.restatements r using (restatement_id)
    cross join lateral (
      select case when c.pays then 'compensation_payable' else 'compensation_receivable' end, case when c.pays then c.investor_id end, case when c.pays then -c.difference else c.difference end
       where c.difference > 0 and (c.pays or c.owed_to = 'fund')
      -- the fee that a redemption took along (R24, R25): the manager had too much of it, or too little
      union all select 'fee_payable', null, (c.due ->> 'performance_fee')::numeric where (c.due ->> 'performance_fee')::numeric <> 0) e (account, investor_id, amount)
   where r.strike_id = of_strike and r.material;
  if owed is null then
    return null;
  end if;
  return evergreen.post_ledger(of_fund.fund_id, 'compensation', 'compensation for a NAV error', null, event, null, null,
    owed || (select row('capital', null, null, of_fund.base_currency, -sum(o.amount), 'compensation')::evergreen.cash_entry from unnest(owed) o));
end $$;
comment on function evergreen.post_compensation(uuid, uuid) is
  'Posts what a material restatement comes to: payable to investors, receivable from the responsible party, performance fee that redemptions paid too much or too little, order by order, against capital; null when nothing is owed.';

create or replace function evergreen.enter_lots_anew(s public.nav_strikes) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- who was paid for the difference has bought at the correct price: reference and credit are those of that price (R24), for what is left of the lot
  update public.lots l set high_water = (c.due ->> 'reference')::numeric - coalesce((select sum(m.per_unit) from evergreen.marks_known(l.share_class_id, 'infinity') m
             where m.cause = 'distribution' and m.as_of > s.nav_date), 0),
         equalisation_credit = round(round((c.due ->> 'credit')::numeric, 30) * l.units_left / c.units_dealt, 18)
    from public.compensations c join public.restatements r using (restatement_id)
   where r.strike_id = s.strike_id and r.material and c.due ? 'reference' and l.flow_id = c.flow_id and l.share_class_id = r.share_class_id
     -- a fee that was taken since is taken again, which begins with these terms
     and not exists (select from public.class_marks m where m.share_class_id = l.share_class_id and m.cause = 'crystallisation' and m.as_of > s.nav_date);
end $$;
comment on function evergreen.enter_lots_anew(public.nav_strikes) is 'Gives the lots that were opened at a restated NAV the reference and the credit of the correct price, where the error is material.';

create or replace function evergreen.compensation_due(of_flow uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(-sum(m.amount), 0) from public.cash_movements m where m.flow_id = of_flow and m.account = 'compensation_payable'
$$;
comment on function evergreen.compensation_due(uuid) is 'Compensation that is owed for the deal of an order and not paid yet, fund currency.';

create or replace function public.fn_settle_compensation(fund text, payments jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  made_good numeric;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'sha256', encode(sha256(convert_to(payments::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_settle_compensation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  perform evergreen.refuse_unless((select count(x.flow_id) = count(distinct x.flow_id) and count(*) - count(x.flow_id) <= 1 and bool_and(coalesce(length(x.reference), 1) between 1 and 200)
    from jsonb_to_recordset(payments) x (flow_id uuid, reference text)), 'EG400', 'Two payments are for one order or from the responsible party, or a reference has not 1 to 200 characters.');
  select count(*) into bad from jsonb_to_recordset(payments) x (flow_id uuid) where x.flow_id is not null
     and not exists (select from public.fund_flows f where f.flow_id = x.flow_id and f.fund_id = of_fund.fund_id);
  perform evergreen.refuse_unless(bad = 0, 'EG404', bad || ' payments are for no order of this fund.');
  select count(*) into bad from jsonb_to_recordset(payments) x (flow_id uuid, amount numeric)
   where x.flow_id is not null and (x.amount > 0 and x.amount = evergreen.compensation_due(x.flow_id)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' payments are not of the compensation that is due.');
  select x.amount into made_good from jsonb_to_recordset(payments) x (flow_id uuid, amount numeric) where x.flow_id is null;
  perform evergreen.refuse_unless(made_good is null or (made_good > 0 and evergreen.within_exponent(made_good, of_fund.base_currency)
    and made_good <= coalesce((select sum(b.amount) from public.cash_balances b where b.fund_id = of_fund.fund_id and b.account = 'compensation_receivable'), 0)),
    'EG424', 'The responsible party owes less than that.');
  event := evergreen.emit('COMPENSATION_SETTLED', of_fund.fund_id, jsonb_build_object('payments', jsonb_array_length(payments)), evergreen.actor(), '{}',
    array(select distinct f.investor_id from public.fund_flows f join jsonb_to_recordset(payments) x (flow_id uuid) on x.flow_id = f.flow_id), request_id);
  posted := evergreen.post_ledger(of_fund.fund_id, 'cash', 'compensation settled', null, event, null, null, (
    select array_agg(row(e.account, e.investor_id, e.flow_id, of_fund.base_currency, e.amount, x.reference)::evergreen.cash_entry)
      from jsonb_to_recordset(payments) x (flow_id uuid, amount numeric, reference text) left join public.fund_flows f on f.flow_id = x.flow_id
      cross join lateral (values
        ('bank', null::uuid, x.flow_id, case when x.flow_id is null then x.amount else -x.amount end),
        (case when x.flow_id is null then 'compensation_receivable' else 'compensation_payable' end, f.investor_id, x.flow_id, case when x.flow_id is null then -x.amount else x.amount end))
        e (account, investor_id, flow_id, amount)));
  -- what comes due later for the same order goes into a file of its own
  update public.payment_lines l set live = false from jsonb_to_recordset(payments) x (flow_id uuid) where l.flow_id = x.flow_id and l.purpose = 'compensation' and l.live;
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'compensation settled: ' || jsonb_array_length(payments) || ' payments', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'payments', jsonb_array_length(payments));
  perform evergreen.keep_answer('fn_settle_compensation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_settle_compensation(text, jsonb, text) is
  'Compensation has moved: payments = [{flow_id?, amount, reference?}] (fund currency): for an order exactly what is due to its investor, without one what the responsible party made good, never more than it owes. EG400, EG404, EG413, EG424.';

create or replace function public.fn_note_nav_error(strike_id uuid, document text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  task uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('strike_id', strike_id, 'document', document);
  answer := evergreen.earlier_answer('fn_note_nav_error', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(document) between 1 and 200, 'EG400', 'document has 1 to 200 characters.');
  select s.fund_id into of_fund from public.nav_strikes s where s.strike_id = fn_note_nav_error.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  select e.event_id into task from public.fund_events e where e.fund_id = of_fund and e.type = 'NAV_ERROR_TO_NOTIFY' and e.payload ->> 'strike_id' = fn_note_nav_error.strike_id::text;
  perform evergreen.refuse_unless(found, 'EG428', 'The strike corrects no error that is to be notified.');
  perform evergreen.refuse_unless(not exists (select from public.fund_events e where e.fund_id = of_fund and e.type = 'NAV_ERROR_NOTIFIED' and e.payload ->> 'strike_id' = fn_note_nav_error.strike_id::text),
    'EG428', 'The authority was told already.');
  perform evergreen.emit('NAV_ERROR_NOTIFIED', of_fund, jsonb_build_object('strike_id', fn_note_nav_error.strike_id, 'document', document), evergreen.actor(), jsonb_build_object('causation_id', task), '{}', request_id);
  perform evergreen.audit(of_fund, 'nav_strikes', fn_note_nav_error.strike_id::text, 'NAV error notified to the authority', request_id);
  answer := jsonb_build_object('strike_id', fn_note_nav_error.strike_id, 'document', document);
  perform evergreen.keep_answer('fn_note_nav_error', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_nav_error(uuid, text, text) is 'Notes that the authority was told of a material NAV error, with the reference of the document; once. EG400, EG404, EG428.';

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
    ('portfolio_allocations',  'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation'),
    ('mandates',               'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_compliance_sentinel, agent_simulation'),
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
    ('dealing_policies',       'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation'),
    ('lmt_policies',           'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation'),
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
    ('index_values',           'pm_role, ops_role, audit_role, agent_simulation'),
    ('roll_forwards',          'pm_role, ops_role, audit_role'),
    ('asset_payments',         'pm_role, ops_role, audit_role'),
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
    ('fn_raise_alert(uuid,text,text,text,text)', 'agent_risk_guardian'),
    ('fn_record_stress(uuid,text,numeric,text,jsonb,text)', 'agent_simulation'),
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
    ('fn_record_asset_payments(text,jsonb,text)', 'pm_role, ops_role'),
    ('fn_set_roll_forward(text,text,text,numeric,int,date,text)', 'pm_role, ops_role'),
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
