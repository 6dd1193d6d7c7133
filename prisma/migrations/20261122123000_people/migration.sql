-- from schema.prisma
-- AlterTable
ALTER TABLE "investors" ADD COLUMN     "party_id" UUID;

-- AlterTable
ALTER TABLE "investors_pending_kyc" ADD COLUMN     "asked" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "party_id" UUID;

-- AlterTable
ALTER TABLE "compliance_logs" ADD COLUMN     "explain" JSONB,
ADD COLUMN     "outcome" TEXT,
ADD COLUMN     "version_id" UUID;

-- CreateTable
CREATE TABLE "credit_lines" (
    "credit_line_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "line" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "lender" TEXT NOT NULL,
    "committed" DECIMAL(38,4) NOT NULL,
    "drawn" DECIMAL(38,4) NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "effective_from" DATE NOT NULL,
    "expires_on" DATE NOT NULL,
    "due_days" INTEGER NOT NULL,
    "set_by" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "credit_lines_pkey" PRIMARY KEY ("credit_line_id")
);

-- CreateTable
CREATE TABLE "parties" (
    "party_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "kind" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "risk_level" TEXT NOT NULL DEFAULT 'unrated',
    "risk_score" INTEGER,
    "next_review" TIMESTAMPTZ(6),
    "frozen_at" TIMESTAMPTZ(6),
    "frozen_by_case" UUID,
    "synthetic" BOOLEAN NOT NULL DEFAULT false,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "parties_pkey" PRIMARY KEY ("party_id")
);

-- CreateTable
CREATE TABLE "party_links" (
    "link_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "owner_id" UUID NOT NULL,
    "owned_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "share" DECIMAL(38,18),
    "ended" BOOLEAN NOT NULL DEFAULT false,
    "effective_from" DATE NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "party_links_pkey" PRIMARY KEY ("link_id")
);

-- CreateTable
CREATE TABLE "party_evidence" (
    "evidence_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "party_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "dated_on" DATE NOT NULL,
    "expires_on" DATE,
    "document_id" UUID,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "party_evidence_pkey" PRIMARY KEY ("evidence_id")
);

-- CreateTable
CREATE TABLE "kyc_policies" (
    "policy_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version" INTEGER NOT NULL,
    "effective_from" DATE NOT NULL,
    "body" JSONB NOT NULL,
    "hash" CHAR(64) NOT NULL,
    "set_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "kyc_policies_pkey" PRIMARY KEY ("policy_id")
);

-- CreateTable
CREATE TABLE "watchlists" (
    "list_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "source" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "address" TEXT,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "max_age_hours" INTEGER NOT NULL DEFAULT 24,
    "shrink_limit" DECIMAL(38,18) NOT NULL DEFAULT 0.05,
    "set_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlists_pkey" PRIMARY KEY ("list_id")
);

-- CreateTable
CREATE TABLE "watchlist_versions" (
    "version_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "list_id" UUID NOT NULL,
    "ordinal" INTEGER,
    "label" TEXT,
    "published_on" DATE,
    "sha256" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "added" INTEGER NOT NULL DEFAULT 0,
    "changed" INTEGER NOT NULL DEFAULT 0,
    "removed" INTEGER NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "fetched_at" TIMESTAMPTZ(6) NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_versions_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "watchlist_acceptances" (
    "version_id" UUID NOT NULL,
    "accepted_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "accepted_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_acceptances_pkey" PRIMARY KEY ("version_id","accepted_by")
);

-- CreateTable
CREATE TABLE "watchlist_held" (
    "version_id" UUID NOT NULL,
    "entries" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_held_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "watchlist_entries" (
    "entry_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "list_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "entry_hash" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "added_in" INTEGER NOT NULL,
    "removed_in" INTEGER,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_entries_pkey" PRIMARY KEY ("entry_id")
);

-- CreateTable
CREATE TABLE "screening_subjects" (
    "party_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "facts_version" INTEGER NOT NULL,
    "reason" TEXT NOT NULL,
    "asked_by" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_subjects_pkey" PRIMARY KEY ("party_id")
);

-- CreateTable
CREATE TABLE "screening_checks" (
    "check_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "party_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "facts_hash" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "missing" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "checked_by" TEXT NOT NULL,
    "checked_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_checks_pkey" PRIMARY KEY ("check_id")
);

-- CreateTable
CREATE TABLE "screening_check_lists" (
    "check_id" UUID NOT NULL,
    "list_id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_check_lists_pkey" PRIMARY KEY ("check_id","list_id")
);

-- CreateTable
CREATE TABLE "screening_candidates" (
    "candidate_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "check_id" UUID NOT NULL,
    "party_id" UUID NOT NULL,
    "entry_id" UUID NOT NULL,
    "entry_hash" TEXT NOT NULL,
    "score" DECIMAL(38,18) NOT NULL,
    "outcome" TEXT NOT NULL,
    "features" JSONB NOT NULL,
    "missing" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "case_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_candidates_pkey" PRIMARY KEY ("candidate_id")
);

-- CreateTable
CREATE TABLE "screening_clearances" (
    "clearance_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "party_id" UUID NOT NULL,
    "list_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "candidate_id" UUID NOT NULL,
    "decision" TEXT NOT NULL,
    "facts_hash" TEXT NOT NULL,
    "entry_hash" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "decided_by" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_by" TEXT,
    "ended_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_clearances_pkey" PRIMARY KEY ("clearance_id")
);

-- CreateTable
CREATE TABLE "screening_rescreens" (
    "list_id" UUID NOT NULL,
    "from_ordinal" INTEGER NOT NULL,
    "to_ordinal" INTEGER NOT NULL,
    "entries" INTEGER NOT NULL,
    "parties" INTEGER NOT NULL,
    "affected" INTEGER NOT NULL,
    "engine" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_rescreens_pkey" PRIMARY KEY ("list_id","to_ordinal")
);

-- CreateTable
CREATE TABLE "cases" (
    "case_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "code" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'open',
    "party_id" UUID,
    "fund_id" UUID,
    "source" TEXT NOT NULL,
    "dedupe_key" TEXT,
    "outcome" TEXT,
    "policy_version" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(6) NOT NULL,
    "claimed_by" TEXT,
    "claimed_at" TIMESTAMPTZ(6),
    "opened_by" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(6),
    "overdue_alerted_at" TIMESTAMPTZ(6),
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "cases_pkey" PRIMARY KEY ("case_id")
);

-- CreateTable
CREATE TABLE "case_candidates" (
    "candidate_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "case_id" UUID NOT NULL,
    "list" TEXT,
    "list_version" TEXT,
    "entry_ref" TEXT,
    "check_id" UUID,
    "score" DECIMAL(38,18),
    "features" JSONB NOT NULL DEFAULT '[]',
    "status" TEXT NOT NULL DEFAULT 'open',
    "first_verdict" TEXT,
    "first_by" TEXT,
    "decided_by" TEXT,
    "decided_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "case_candidates_pkey" PRIMARY KEY ("candidate_id")
);

-- CreateTable
CREATE TABLE "case_decisions" (
    "decision_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "case_id" UUID NOT NULL,
    "candidate_id" UUID NOT NULL,
    "verdict" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "decided_by" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "case_decisions_pkey" PRIMARY KEY ("decision_id")
);

-- CreateTable
CREATE TABLE "case_notes" (
    "note_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "case_id" UUID NOT NULL,
    "body" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "case_notes_pkey" PRIMARY KEY ("note_id")
);

-- CreateTable
CREATE TABLE "rule_packs" (
    "pack" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_packs_pkey" PRIMARY KEY ("pack")
);

-- CreateTable
CREATE TABLE "rule_pack_versions" (
    "version_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "pack" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "hash" CHAR(64) NOT NULL,
    "source" TEXT NOT NULL,
    "effective_from" DATE NOT NULL,
    "effective_until" DATE,
    "drafted_by" TEXT NOT NULL,
    "tested_at" TIMESTAMPTZ(6),
    "live_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_pack_versions_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "rule_tests" (
    "test_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version_id" UUID NOT NULL,
    "examples" INTEGER NOT NULL,
    "passed" INTEGER NOT NULL,
    "results" JSONB NOT NULL,
    "tested_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_tests_pkey" PRIMARY KEY ("test_id")
);

-- CreateTable
CREATE TABLE "rule_approvals" (
    "approval_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version_id" UUID NOT NULL,
    "hash" CHAR(64) NOT NULL,
    "approved_by" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "approved_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_approvals_pkey" PRIMARY KEY ("approval_id")
);

-- CreateTable
CREATE TABLE "rule_pins" (
    "workflow_id" TEXT NOT NULL,
    "fund_id" UUID,
    "version_ids" UUID[],
    "pinned_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_pins_pkey" PRIMARY KEY ("workflow_id")
);

-- CreateTable
CREATE TABLE "rule_snoozes" (
    "snooze_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "pack" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "entity_type" TEXT NOT NULL,
    "entity_id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "until" TIMESTAMPTZ(6) NOT NULL,
    "snoozed_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_snoozes_pkey" PRIMARY KEY ("snooze_id")
);

-- CreateTable
CREATE TABLE "rule_shadows" (
    "shadow_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version_id" UUID NOT NULL,
    "fund_id" UUID,
    "entity_type" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "workflow_id" TEXT NOT NULL,
    "live_outcome" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "rules" TEXT[],
    "judged_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_shadows_pkey" PRIMARY KEY ("shadow_id")
);

-- CreateTable
CREATE TABLE "breaches" (
    "breach_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "rule" TEXT NOT NULL,
    "class" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "value" DECIMAL(38,18),
    "limit_value" DECIMAL(38,18),
    "detail" JSONB NOT NULL DEFAULT '{}',
    "detected_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "cure_by" TIMESTAMPTZ(6),
    "overdue_at" TIMESTAMPTZ(6),
    "cured_at" TIMESTAMPTZ(6),
    "cured_by" TEXT,
    "cure_note" TEXT,
    "cost" DECIMAL(38,4),
    "compensated" TEXT,
    "proposal_id" UUID,
    "recorded_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "breaches_pkey" PRIMARY KEY ("breach_id")
);

-- CreateTable
CREATE TABLE "obligations" (
    "obligation_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "fund_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "first_due_on" DATE NOT NULL,
    "occurrence" INTEGER NOT NULL,
    "due_on" DATE NOT NULL,
    "every_months" INTEGER,
    "lead_days" INTEGER NOT NULL,
    "told_at" TIMESTAMPTZ(6),
    "overdue_at" TIMESTAMPTZ(6),
    "done_at" TIMESTAMPTZ(6),
    "done_by" TEXT,
    "evidence" TEXT,
    "set_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "obligations_pkey" PRIMARY KEY ("obligation_id")
);

-- CreateTable
CREATE TABLE "subject_keys" (
    "subject_id" UUID NOT NULL,
    "wrapped_key" TEXT,
    "master_key_id" TEXT,
    "state" TEXT NOT NULL DEFAULT 'active',
    "asked_by" TEXT,
    "asked_at" TIMESTAMPTZ(6),
    "reason" TEXT,
    "opened_by" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "destroyed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "subject_keys_pkey" PRIMARY KEY ("subject_id")
);

-- CreateTable
CREATE TABLE "personal_values" (
    "value_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "field" TEXT NOT NULL,
    "ciphertext" TEXT,
    "blind_index" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "superseded_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "personal_values_pkey" PRIMARY KEY ("value_id")
);

-- CreateTable
CREATE TABLE "documents" (
    "document_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "storage_path" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "documents_pkey" PRIMARY KEY ("document_id")
);

-- CreateTable
CREATE TABLE "personal_accesses" (
    "access_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subject_id" UUID NOT NULL,
    "what" TEXT NOT NULL,
    "fields" TEXT[],
    "purpose" TEXT NOT NULL,
    "accessed_by" TEXT NOT NULL,
    "accessed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "personal_accesses_pkey" PRIMARY KEY ("access_id")
);

-- CreateTable
CREATE TABLE "subject_holds" (
    "hold_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subject_id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "placed_by" TEXT NOT NULL,
    "placed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "until" TIMESTAMPTZ(6),
    "lifted_by" TEXT,
    "lifted_at" TIMESTAMPTZ(6),
    "lift_reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "subject_holds_pkey" PRIMARY KEY ("hold_id")
);

-- CreateTable
CREATE TABLE "subject_tombstones" (
    "subject_id" UUID NOT NULL,
    "body" TEXT NOT NULL,
    "signature" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "erased_by" TEXT NOT NULL,
    "erased_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "subject_tombstones_pkey" PRIMARY KEY ("subject_id")
);

-- CreateIndex
CREATE INDEX "credit_lines_currency_idx" ON "credit_lines"("currency");

-- CreateIndex
CREATE INDEX "credit_lines_tx_idx" ON "credit_lines"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "credit_lines_fund_id_line_version_key" ON "credit_lines"("fund_id", "line", "version");

-- CreateIndex
CREATE UNIQUE INDEX "parties_code_key" ON "parties"("code");

-- CreateIndex
CREATE INDEX "parties_tx_idx" ON "parties"("tx");

-- CreateIndex
CREATE INDEX "party_links_owner_id_idx" ON "party_links"("owner_id");

-- CreateIndex
CREATE INDEX "party_links_tx_idx" ON "party_links"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "party_links_owned_id_owner_id_kind_version_key" ON "party_links"("owned_id", "owner_id", "kind", "version");

-- CreateIndex
CREATE INDEX "party_evidence_party_id_kind_dated_on_idx" ON "party_evidence"("party_id", "kind", "dated_on");

-- CreateIndex
CREATE INDEX "party_evidence_tx_idx" ON "party_evidence"("tx");

-- CreateIndex
CREATE UNIQUE INDEX "kyc_policies_version_key" ON "kyc_policies"("version");

-- CreateIndex
CREATE UNIQUE INDEX "watchlists_source_key" ON "watchlists"("source");

-- CreateIndex
CREATE UNIQUE INDEX "watchlist_versions_list_id_ordinal_key" ON "watchlist_versions"("list_id", "ordinal");

-- CreateIndex
CREATE INDEX "watchlist_entries_list_id_added_in_idx" ON "watchlist_entries"("list_id", "added_in");

-- CreateIndex
CREATE INDEX "screening_checks_party_id_checked_at_idx" ON "screening_checks"("party_id", "checked_at");

-- CreateIndex
CREATE INDEX "screening_check_lists_list_id_idx" ON "screening_check_lists"("list_id");

-- CreateIndex
CREATE INDEX "screening_check_lists_version_id_idx" ON "screening_check_lists"("version_id");

-- CreateIndex
CREATE INDEX "screening_candidates_party_id_idx" ON "screening_candidates"("party_id");

-- CreateIndex
CREATE INDEX "screening_candidates_entry_id_idx" ON "screening_candidates"("entry_id");

-- CreateIndex
CREATE INDEX "screening_candidates_case_id_idx" ON "screening_candidates"("case_id");

-- CreateIndex
CREATE UNIQUE INDEX "screening_candidates_check_id_entry_id_key" ON "screening_candidates"("check_id", "entry_id");

-- CreateIndex
CREATE INDEX "screening_clearances_party_id_idx" ON "screening_clearances"("party_id");

-- CreateIndex
CREATE INDEX "screening_clearances_list_id_idx" ON "screening_clearances"("list_id");

-- CreateIndex
CREATE INDEX "screening_clearances_candidate_id_idx" ON "screening_clearances"("candidate_id");

-- CreateIndex
CREATE UNIQUE INDEX "cases_code_key" ON "cases"("code");

-- CreateIndex
CREATE INDEX "cases_party_id_idx" ON "cases"("party_id");

-- CreateIndex
CREATE INDEX "cases_fund_id_idx" ON "cases"("fund_id");

-- CreateIndex
CREATE INDEX "cases_tx_idx" ON "cases"("tx");

-- CreateIndex
CREATE INDEX "case_candidates_case_id_idx" ON "case_candidates"("case_id");

-- CreateIndex
CREATE INDEX "case_decisions_case_id_idx" ON "case_decisions"("case_id");

-- CreateIndex
CREATE INDEX "case_decisions_candidate_id_idx" ON "case_decisions"("candidate_id");

-- CreateIndex
CREATE INDEX "case_notes_case_id_idx" ON "case_notes"("case_id");

-- CreateIndex
CREATE UNIQUE INDEX "rule_pack_versions_pack_version_key" ON "rule_pack_versions"("pack", "version");

-- CreateIndex
CREATE INDEX "rule_tests_version_id_idx" ON "rule_tests"("version_id");

-- CreateIndex
CREATE UNIQUE INDEX "rule_approvals_version_id_approved_by_key" ON "rule_approvals"("version_id", "approved_by");

-- CreateIndex
CREATE INDEX "rule_pins_fund_id_idx" ON "rule_pins"("fund_id");

-- CreateIndex
CREATE INDEX "rule_snoozes_pack_rule_idx" ON "rule_snoozes"("pack", "rule");

-- CreateIndex
CREATE INDEX "rule_snoozes_entity_id_idx" ON "rule_snoozes"("entity_id");

-- CreateIndex
CREATE INDEX "rule_shadows_fund_id_idx" ON "rule_shadows"("fund_id");

-- CreateIndex
CREATE UNIQUE INDEX "rule_shadows_version_id_workflow_id_entity_id_key" ON "rule_shadows"("version_id", "workflow_id", "entity_id");

-- CreateIndex
CREATE INDEX "breaches_fund_id_rule_idx" ON "breaches"("fund_id", "rule");

-- CreateIndex
CREATE INDEX "breaches_proposal_id_idx" ON "breaches"("proposal_id");

-- CreateIndex
CREATE INDEX "obligations_fund_id_due_on_idx" ON "obligations"("fund_id", "due_on");

-- CreateIndex
CREATE INDEX "subject_keys_master_key_id_subject_id_idx" ON "subject_keys"("master_key_id", "subject_id");

-- CreateIndex
CREATE INDEX "personal_values_subject_id_field_idx" ON "personal_values"("subject_id", "field");

-- CreateIndex
CREATE UNIQUE INDEX "documents_storage_path_key" ON "documents"("storage_path");

-- CreateIndex
CREATE INDEX "documents_subject_id_idx" ON "documents"("subject_id");

-- CreateIndex
CREATE INDEX "personal_accesses_subject_id_accessed_at_idx" ON "personal_accesses"("subject_id", "accessed_at");

-- CreateIndex
CREATE INDEX "subject_holds_subject_id_idx" ON "subject_holds"("subject_id");

-- CreateIndex
CREATE INDEX "investors_party_id_idx" ON "investors"("party_id");

-- CreateIndex
CREATE INDEX "investors_pending_kyc_party_id_idx" ON "investors_pending_kyc"("party_id");

-- CreateIndex
CREATE INDEX "compliance_logs_version_id_idx" ON "compliance_logs"("version_id");

-- AddForeignKey
ALTER TABLE "credit_lines" ADD CONSTRAINT "credit_lines_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "credit_lines" ADD CONSTRAINT "credit_lines_currency_fkey" FOREIGN KEY ("currency") REFERENCES "currencies"("code") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "investors" ADD CONSTRAINT "investors_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "investors_pending_kyc" ADD CONSTRAINT "investors_pending_kyc_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "party_links" ADD CONSTRAINT "party_links_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "party_links" ADD CONSTRAINT "party_links_owned_id_fkey" FOREIGN KEY ("owned_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "party_evidence" ADD CONSTRAINT "party_evidence_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "watchlist_versions" ADD CONSTRAINT "watchlist_versions_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "watchlist_acceptances" ADD CONSTRAINT "watchlist_acceptances_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "watchlist_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "watchlist_held" ADD CONSTRAINT "watchlist_held_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "watchlist_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "watchlist_entries" ADD CONSTRAINT "watchlist_entries_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_subjects" ADD CONSTRAINT "screening_subjects_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_checks" ADD CONSTRAINT "screening_checks_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "screening_subjects"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_check_lists" ADD CONSTRAINT "screening_check_lists_check_id_fkey" FOREIGN KEY ("check_id") REFERENCES "screening_checks"("check_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_check_lists" ADD CONSTRAINT "screening_check_lists_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_check_lists" ADD CONSTRAINT "screening_check_lists_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "watchlist_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_candidates" ADD CONSTRAINT "screening_candidates_check_id_fkey" FOREIGN KEY ("check_id") REFERENCES "screening_checks"("check_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_candidates" ADD CONSTRAINT "screening_candidates_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "screening_subjects"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_candidates" ADD CONSTRAINT "screening_candidates_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "cases"("case_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_candidates" ADD CONSTRAINT "screening_candidates_entry_id_fkey" FOREIGN KEY ("entry_id") REFERENCES "watchlist_entries"("entry_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_clearances" ADD CONSTRAINT "screening_clearances_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "screening_subjects"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_clearances" ADD CONSTRAINT "screening_clearances_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_clearances" ADD CONSTRAINT "screening_clearances_candidate_id_fkey" FOREIGN KEY ("candidate_id") REFERENCES "screening_candidates"("candidate_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_rescreens" ADD CONSTRAINT "screening_rescreens_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cases" ADD CONSTRAINT "cases_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "cases" ADD CONSTRAINT "cases_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "case_candidates" ADD CONSTRAINT "case_candidates_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "cases"("case_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "case_decisions" ADD CONSTRAINT "case_decisions_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "cases"("case_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "case_decisions" ADD CONSTRAINT "case_decisions_candidate_id_fkey" FOREIGN KEY ("candidate_id") REFERENCES "case_candidates"("candidate_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "case_notes" ADD CONSTRAINT "case_notes_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "cases"("case_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "compliance_logs" ADD CONSTRAINT "compliance_logs_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "rule_pack_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "rule_pack_versions" ADD CONSTRAINT "rule_pack_versions_pack_fkey" FOREIGN KEY ("pack") REFERENCES "rule_packs"("pack") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "rule_tests" ADD CONSTRAINT "rule_tests_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "rule_pack_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "rule_approvals" ADD CONSTRAINT "rule_approvals_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "rule_pack_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "rule_pins" ADD CONSTRAINT "rule_pins_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "rule_snoozes" ADD CONSTRAINT "rule_snoozes_pack_fkey" FOREIGN KEY ("pack") REFERENCES "rule_packs"("pack") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "rule_shadows" ADD CONSTRAINT "rule_shadows_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "rule_pack_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "rule_shadows" ADD CONSTRAINT "rule_shadows_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "breaches" ADD CONSTRAINT "breaches_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "breaches" ADD CONSTRAINT "breaches_proposal_id_fkey" FOREIGN KEY ("proposal_id") REFERENCES "proposals"("proposal_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "obligations" ADD CONSTRAINT "obligations_fund_id_fkey" FOREIGN KEY ("fund_id") REFERENCES "funds"("fund_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "subject_keys" ADD CONSTRAINT "subject_keys_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "personal_values" ADD CONSTRAINT "personal_values_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "personal_accesses" ADD CONSTRAINT "personal_accesses_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "subject_holds" ADD CONSTRAINT "subject_holds_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

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
    not handling.required_keys && array['flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'inflow_id', 'offer_id', 'notice_id', 'stress_run_id', 'credit_line_id']
    or not exists (select from unnest(handling.required_keys) k
      where k in ('flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'stress_run_id', 'credit_line_id')
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
  perform evergreen.add_check('credit_lines', 'credit_lines_terms', $c$committed >= 0 and drawn between 0 and committed and due_days between 0 and 3650 and expires_on >= effective_from and version >= 1$c$);
  perform evergreen.add_check('credit_lines', 'credit_lines_codes', $c$line ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and lender ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'$c$);
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
select evergreen.add_check('documents', 'documents_shape', $c$kind ~ '^[a-z_]{1,60}$' and size between 1 and 20971520 and sha256 ~ '^[0-9a-f]{64}$' and storage_path = subject_id || '/' || document_id$c$);
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
-- one current version of a list, one file that waits, each entry once; one decision in force about a pair as it is
create unique index if not exists watchlist_versions_one_current on public.watchlist_versions (list_id) where status = 'current';
create unique index if not exists watchlist_versions_one_held on public.watchlist_versions (list_id) where status = 'held';
create unique index if not exists watchlist_entries_standing on public.watchlist_entries (list_id, external_id) where removed_in is null;
create unique index if not exists screening_clearances_pair on public.screening_clearances (party_id, list_id, external_id, facts_hash, entry_hash) where ended_at is null;

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
  ('agent_memories', null, 'nothing', 'words with references, no personal data; superseded, never removed'),
  ('memory_nodes', null, 'nothing', 'goes with its memory'),
  ('memory_edges', null, 'nothing', 'goes with its memory'),
  ('trace_spans', null, 'nothing', 'technical: names, times and codes of steps; a sink of its own when Langfuse is configured'),
  ('legal_holds', null, 'nothing', 'who forbade what, when'),
  ('retention_archives', null, 'nothing', 'the proof that what left the database was archived first'),
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
  -- UTC; the day is at most the 28th, which every month has
  ('kyc_tick', '{"every_minutes": 60}'),
  -- UTC; how often lists with an address are fetched
  ('list_refresh', '{"every_hours": 6}'),
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

-- from sql/31-kyc-policy.sql
-- The KYC policy that comes with the platform, the same as policies/kyc/onboarding.yaml (a test compares them); a manager sets another by fn_set_kyc_policy.
insert into public.kyc_policies (version, effective_from, body, hash, set_by)
select 1, date '2026-01-01', p.body, encode(sha256(convert_to(p.body::text, 'UTF8')), 'hex'), 'platform' from (select $policy$
{
 "title": "Onboarding, refresh, risk and cases",
 "version": 1,
 "ownership": {
  "threshold": "0.25",
  "source": "R55; Regulation (EU) 2024/1624 Art. 52: 25 % or more",
  "grade": "practice"
 },
 "evidence": {
  "identity_document": {
   "gate": "identity",
   "words": "Passport or identity card of the person, with its date of expiry.",
   "maxAgeDays": 3650,
   "expires": true
  },
  "pep_declaration": {"gate": "screening", "words": "Declaration that the party is or was a politically exposed person.", "maxAgeDays": 1096, "expires": false},
  "identity_details": {
   "gate": "identity",
   "words": "Date and place of birth or registration number, to tell one person from another of the same name.",
   "maxAgeDays": 3650,
   "expires": false
  },
  "address_proof": {
   "gate": "identity",
   "words": "Proof of address, such as a utility bill or a bank statement.",
   "maxAgeDays": 365,
   "expires": false
  },
  "registry_extract": {
   "gate": "identity",
   "words": "Extract of the commercial or foundation register.",
   "maxAgeDays": 365,
   "expires": false
  },
  "constitution": {
   "gate": "identity",
   "words": "Articles, partnership agreement or statutes in force.",
   "maxAgeDays": null,
   "expires": false
  },
  "ownership_declaration": {
   "gate": "identity",
   "words": "Declaration of owners and persons in control, with their shares.",
   "maxAgeDays": 365,
   "expires": false
  },
  "representatives_list": {
   "gate": "identity",
   "words": "Directors or other persons who may sign, with specimen signatures.",
   "maxAgeDays": 365,
   "expires": false
  },
  "trust_deed": {
   "gate": "identity",
   "words": "Trust deed with every amendment.",
   "maxAgeDays": null,
   "expires": false
  },
  "trust_parties_declaration": {
   "gate": "identity",
   "words": "Declaration of settlor, trustees, protector and beneficiaries.",
   "maxAgeDays": 365,
   "expires": false
  },
  "suitability_test": {
   "gate": "suitability",
   "words": "Test of suitability, passed.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "experience_statement": {
   "gate": "classification",
   "words": "Statement of experience and of understanding of the risks.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "minimum_commitment": {
   "gate": "classification",
   "words": "Commitment of the minimum amount for semi-professional investors.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "professional_status": {
   "gate": "classification",
   "words": "Evidence of professional status, or the assessment of elective status.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "qualified_status": {
   "gate": "classification",
   "words": "Evidence of qualified status.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "source_of_funds": {
   "gate": "source_of_funds",
   "words": "Where the money comes from, with a document that shows it.",
   "maxAgeDays": 1096,
   "expires": false
  }
 },
 "requirements": {
  "retail": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "source_of_funds",
    "suitability_test"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "source_of_funds",
    "suitability_test"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ]
  },
  "semi_professional": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ]
  },
  "professional": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "professional_status",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "professional_status",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ]
  },
  "qualified": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "qualified_status",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "qualified_status",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ]
  }
 },
 "ownerEvidence": [
  "identity_document"
 ],
 "caps": {
  "investors": null
 },
 "refresh": {
  "years": {
   "unrated": 5,
   "low": 5,
   "medium": 5,
   "high": 1
  },
  "leadDays": 60,
  "source": "R51; Regulation (EU) 2024/1624 Art. 26(2)"
 },
 "risk": {
  "medium": 30,
  "high": 60,
  "factors": {
   "politically_exposed": {
    "points": 40,
    "floor": "high",
    "words": "A politically exposed person stands behind the party."
   },
   "high_risk_country": {
    "points": 30,
    "floor": "medium",
    "words": "Residence or seat in a country that is listed as high risk."
   },
   "trust_or_foundation": {
    "points": 20,
    "floor": null,
    "words": "The party is a trust or a foundation."
   },
   "long_chain": {
    "points": 15,
    "floor": null,
    "words": "Three or more steps lie between the party and an owner."
   },
   "circular_ownership": {
    "points": 25,
    "floor": "medium",
    "words": "Owners own each other in a circle."
   },
   "no_owner_found": {
    "points": 20,
    "floor": "medium",
    "words": "Nobody reaches the threshold, nobody is in control."
   },
   "past_true_match": {
    "points": 60,
    "floor": "high",
    "words": "A case on the party was decided as a true match."
   }
  }
 },
 "cases": {
  "dueHours": {
   "notice": 120,
   "warning": 48,
   "critical": 24
  },
  "secondPerson": {
   "notice": [
    "true_match"
   ],
   "warning": [
    "true_match"
   ],
   "critical": [
    "true_match",
    "false_match"
   ]
  }
 }
}
$policy$::jsonb as body) p
on conflict (version) do nothing;

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
    'dealing_policies', 'lmt_policies', 'credit_lines', 'order_transitions', 'order_leaves', 'nav_inputs', 'ledger_transactions', 'unit_ledger', 'cash_movements', 'class_marks', 'in_kind_deliveries', 'statements', 'restatements', 'compensations',
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
         m.leverage, case when m.leverage is not null then null when m.snapshot_id is null then 'the asset has no mark' 
              else coalesce(nullif(left(a.attributes ->> 'leverage_reason', 200), ''), 'the asset reports neither leverage nor debt') end as leverage_reason
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
  perform evergreen.harmless_text('fn_record_event', jsonb_build_object('payload', payload, 'source', source));
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
  -- two that would begin a run of one event meet here: the row stays locked until the first has committed
  select e.fund_id into of_fund from public.fund_events e where e.event_id = fn_open_workflow.event_id for no key update;
  perform evergreen.refuse_unless(not exists (select from public.workflow_runs r where r.event_id = fn_open_workflow.event_id and r.workflow_id <> fn_open_workflow.workflow_id),
    'EG428', 'The event has another run.');
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
comment on function public.fn_open_workflow(text, text, uuid, jsonb, text) is 'Opens the mirror row of a workflow once; a second call answers the row as it is. EG428 the event has another run.';

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
    -- no worsening trade while a breach of the rule is open (R57), whatever its outcome would be
    checks := (select jsonb_agg(case when coalesce((c ->> 'worse')::boolean, false) and exists (select from public.breaches b where b.fund_id = p.fund_id and b.rule = c ->> 'rule' and b.cured_at is null)
      then c || '{"result": "failed"}' else c end order by n) from jsonb_array_elements(checks) with ordinality t (c, n));
    insert into public.proposal_checks (proposal_id, room, rule, result, value, limit_value, detail)
    select p.proposal_id, 'compliance-sentinel', c ->> 'rule', c ->> 'result', (c ->> 'value')::numeric, (c ->> 'limit_value')::numeric, left(c ->> 'detail', 500)
      from jsonb_array_elements(checks) c;
    insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, outcome, version_id, explain, entity_type, entity_id, detail, workflow_id)
    select p.fund_id, evergreen.actor(), c ->> 'rule', coalesce(c ->> 'rule_version', '1'), case when c ->> 'result' = 'passed' and c ->> 'outcome' = 'review' then 'review' else c ->> 'result' end,
           c ->> 'outcome', (c ->> 'version_id')::uuid, c -> 'explain', 'proposals', p.proposal_id::text,
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
  input := jsonb_build_object('sha256', evergreen.content_digest(fund));
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

drop function if exists public.fn_submit_investor(text, jsonb, text, text);
create or replace function public.fn_submit_investor(classification text, evidence jsonb default '{}', fund text default null, request_id text default null, party_kind text default 'natural_person', party_id uuid default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  of_party uuid;
  id uuid := gen_random_uuid();
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_strip_nulls(jsonb_build_object('classification', classification, 'evidence', evidence, 'fund', fund, 'party_kind', party_kind, 'party_id', party_id));
  answer := evergreen.earlier_answer('fn_submit_investor', request_id, input);
  if answer is not null then
    return (answer ->> 'pending_id')::uuid;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(party_kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation'), 'EG400', 'party_kind is natural_person, company, partnership, trust or foundation.');
  if fund is not null then
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  if party_id is null then
    of_party := evergreen.new_party(party_kind);
  else
    select p.party_id into of_party from public.parties p where p.party_id = fn_submit_investor.party_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No party with that id.');
  end if;
  insert into public.investors_pending_kyc (pending_id, fund_id, code, classification, evidence, party_id)
  values (id, of_fund, 'P-' || upper(left(replace(id::text, '-', ''), 10)), classification, evidence, of_party);
  perform evergreen.keep_evidence(of_party, evidence);
  perform evergreen.emit('INVESTOR_SUBMITTED', of_fund, jsonb_build_object('pending_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'investors_pending_kyc', id::text, 'investor submitted as ' || classification, request_id);
  perform evergreen.keep_answer('fn_submit_investor', request_id, input, jsonb_build_object('pending_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_submit_investor(text, jsonb, text, text, text, uuid) is
  'Puts an investor into the KYC pipeline, with a party of its own unless one is named; evidence is {kind: date} or {kind: {on, expires, document_id}}, no personal data. Returns pending_id. EG400, EG404.';

drop function if exists public.fn_assign_investor(uuid, text, text);
create or replace function public.fn_assign_investor(pending_id uuid, classification text, request_id text default null, risk_score int default null, risk_level text default null, next_review date default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
  party public.parties;
  policy public.kyc_policies;
  until timestamptz;
  id uuid;
begin
  perform evergreen.require_role('agent_kyc', 'ops_role');
  input := jsonb_strip_nulls(jsonb_build_object('pending_id', pending_id, 'classification', classification, 'risk_score', risk_score, 'risk_level', risk_level, 'next_review', next_review));
  answer := evergreen.earlier_answer('fn_assign_investor', request_id, input);
  if answer is not null then
    return (answer ->> 'investor_id')::uuid;
  end if;
  perform evergreen.refuse_unless((fn_assign_investor.risk_score is null) = (fn_assign_investor.risk_level is null) and coalesce(fn_assign_investor.risk_level in ('low', 'medium', 'high'), true), 'EG400',
    'risk_level is low, medium or high and comes with its score.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_assign_investor.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  if waiting.kyc_status = 'assigned' then
    perform evergreen.refuse_unless(waiting.classification = fn_assign_investor.classification, 'EG428', 'The investor was assigned with another classification.');
    return waiting.investor_id;
  end if;
  perform evergreen.refuse_unless(waiting.kyc_status <> 'declined', 'EG428', 'The application was declined.');
  -- locked: a case that freezes the party comes before or after, never between
  select * into party from public.parties p where p.party_id = waiting.party_id for no key update;
  perform evergreen.refuse_unless(not evergreen.case_stands(waiting.party_id) and evergreen.screening_of(waiting.party_id) in ('clear', 'none'), 'EG430', 'The review of the application is not complete.');
  policy := evergreen.kyc_policy();
  -- R51: the first of the years of the risk, what the review says, and the first document that runs out
  until := least(evergreen.clock() + make_interval(years => (policy.body #>> array['refresh', 'years', coalesce(fn_assign_investor.risk_level, 'unrated')])::int),
    fn_assign_investor.next_review::timestamptz, (evergreen.first_expiry(waiting.party_id) + 1)::timestamptz);
  perform evergreen.refuse_unless(until > evergreen.clock(), 'EG430', 'Evidence that the clearance would rest on has run out.');
  update public.parties p set next_review = until, risk_level = coalesce(fn_assign_investor.risk_level, p.risk_level), risk_score = coalesce(fn_assign_investor.risk_score, p.risk_score) where p.party_id = waiting.party_id;
  if waiting.investor_id is not null then
    -- looked at again: the investor goes on under the same id
    select i.investor_id into id from public.investors i where i.investor_id = waiting.investor_id for no key update;
    perform evergreen.refuse_unless((select i.kyc_status <> 'blocked' from public.investors i where i.investor_id = id), 'EG428', 'The investor is blocked.');
    update public.investors i set kyc_status = 'approved', classification = fn_assign_investor.classification, kyc_valid_until = until where i.investor_id = id;
    update public.investors_pending_kyc p set kyc_status = 'assigned', classification = fn_assign_investor.classification, missing = '{}', asked = '{}' where p.pending_id = waiting.pending_id;
    perform evergreen.emit('KYC_RENEWED', waiting.fund_id, jsonb_build_object('investor_id', id), evergreen.actor(), '{}', array[id], request_id);
    perform evergreen.audit(waiting.fund_id, 'investors', id::text, 'investor cleared again as ' || fn_assign_investor.classification, request_id);
  else
    insert into public.investors (code, classification, kyc_status, eligibility_tags, kyc_valid_until, party_id)
    values ('LP-' || substr(waiting.code, 3), fn_assign_investor.classification, 'approved', waiting.eligibility_tags, until, waiting.party_id)
    returning investor_id into id;
    update public.investors_pending_kyc p set kyc_status = 'assigned', classification = fn_assign_investor.classification, investor_id = id, missing = '{}', asked = '{}' where p.pending_id = waiting.pending_id;
    perform evergreen.emit('INVESTOR_ASSIGNED', waiting.fund_id, jsonb_build_object('investor_id', id), evergreen.actor(), '{}', array[id], request_id);
    perform evergreen.audit(waiting.fund_id, 'investors', id::text, 'investor assigned as ' || fn_assign_investor.classification, request_id);
  end if;
  perform evergreen.keep_answer('fn_assign_investor', request_id, input, jsonb_build_object('investor_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_assign_investor(uuid, text, text, int, text, date) is
  'Clears a pending investor and returns investor_id (the same again for one that is looked at anew). Valid until the first of the risk''s years, next_review and the first document that runs out (R51). EG400, EG404, EG428, EG430 under review.';

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
    select f.flow_id, f.fund_id, f.direction, f.event_id, i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock())
             and not evergreen.party_stopped(i.party_id) as cleared,
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

-- from sql/66-fn-onboarding.sql
-- The loop of onboarding: evidence given again, what is asked beside the policy, declining, the clock that lets clearances run out, and what an LP reads of it.

create or replace function evergreen.date_of(given text) returns date language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return case when given ~ '^\d{4}-\d{2}-\d{2}$' then given::date end;
exception when others then
  return null;
end $$;
comment on function evergreen.date_of(text) is 'The date, or null for text that is none.';

create or replace function evergreen.keep_evidence(of_party uuid, evidence jsonb) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept int;
begin
  -- what is no date counts as not given; it is not kept here
  insert into public.party_evidence (party_id, kind, dated_on, expires_on, document_id, created_by)
  select of_party, e.key, g.dated, g.expires, g.document, evergreen.actor()
    from jsonb_each(evidence) e
    cross join lateral (select evergreen.date_of(case jsonb_typeof(e.value) when 'string' then e.value #>> '{}' when 'object' then e.value ->> 'on' end) as dated,
      evergreen.date_of(case jsonb_typeof(e.value) when 'object' then e.value ->> 'expires' end) as expires,
      case when jsonb_typeof(e.value) = 'object' and e.value ->> 'document_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (e.value ->> 'document_id')::uuid end as document) g
   where e.key ~ '^[a-z][a-z0-9_]{0,59}$' and g.dated is not null and (g.expires is null or g.expires >= g.dated)
     and not exists (select from public.party_evidence x where x.party_id = of_party and x.kind = e.key and x.dated_on = g.dated and x.expires_on is not distinct from g.expires and x.document_id is not distinct from g.document);
  get diagnostics kept = row_count;
  return kept;
end $$;
comment on function evergreen.keep_evidence(uuid, jsonb) is 'Keeps what evidence of a party is there, kind by kind: a date, or {on, expires, document_id}. Returns how many are new.';

create or replace function evergreen.first_expiry(of_party uuid) returns date language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- of each kind the newest counts; what replaced a document decides when that kind runs out
  select min(e.expires_on) from (select distinct on (x.kind) x.expires_on from public.party_evidence x where x.party_id = of_party order by x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) e
$$;
comment on function evergreen.first_expiry(uuid) is 'Last day on which everything the party gave is good, or null.';

create or replace function evergreen.case_stands(of_party uuid) returns boolean language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return evergreen.is_frozen(of_party)
    or exists (select from public.cases c where c.status <> 'decided' and c.kind in ('screening', 'kyc', 'document') and c.party_id in (select evergreen.parties_behind(of_party)));
end $$;
comment on function evergreen.case_stands(uuid) is 'Whether somebody behind the party is frozen or has a case that is not decided: nobody is cleared meanwhile.';

create or replace function evergreen.ask_party_evidence(of_party uuid, kinds text[], request_id text) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
begin
  perform evergreen.refuse_unless(cardinality(kinds) between 1 and 20 and not exists (select from unnest(kinds) k where (k ~ '^[a-z][a-z0-9_]{0,59}$') is not true), 'EG400', 'kinds names 1 to 20 kinds of evidence.');
  -- whoever applies with this party, or through it
  for who in select p.pending_id from public.investors_pending_kyc p where p.kyc_status in ('submitted', 'missing_evidence') and p.party_id in (select evergreen.parties_before(of_party)) order by p.pending_id for no key update loop
    update public.investors_pending_kyc p set asked = (select array_agg(distinct k order by k) from unnest(p.asked || kinds) k),
           missing = (select array_agg(distinct k order by k) from unnest(p.missing || kinds) k), kyc_status = 'missing_evidence' where p.pending_id = who.pending_id;
    perform evergreen.audit(null, 'investors_pending_kyc', who.pending_id::text, 'evidence asked for: ' || array_to_string(kinds, ', '), request_id);
    n := n + 1;
  end loop;
  return n;
end $$;
comment on function evergreen.ask_party_evidence(uuid, text[], text) is 'Asks every open application in which the party has a part for more evidence, in neutral words. Returns how many applications.';

create or replace function evergreen.review_again(of_party uuid, request_id text) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
begin
  for who in select p.pending_id, p.fund_id from public.investors_pending_kyc p where p.kyc_status in ('submitted', 'missing_evidence') and p.party_id in (select evergreen.parties_before(of_party)) order by p.pending_id loop
    perform evergreen.emit('REVIEW_REQUESTED', who.fund_id, jsonb_build_object('pending_id', who.pending_id), evergreen.actor(), '{}', '{}', request_id);
    n := n + 1;
  end loop;
  return n;
end $$;
comment on function evergreen.review_again(uuid, text) is 'Every open application in which the party has a part is reviewed again. Returns how many.';

create or replace function public.fn_resubmit_evidence(pending_id uuid, evidence jsonb, request_id text default null, party_kind text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
  kept int;
begin
  perform evergreen.require_role('ops_role', 'lp_role');
  input := jsonb_strip_nulls(jsonb_build_object('pending_id', pending_id, 'evidence', evidence, 'party_kind', party_kind));
  answer := evergreen.earlier_answer('fn_resubmit_evidence', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(party_kind is null or party_kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation'), 'EG400', 'party_kind is natural_person, company, partnership, trust or foundation.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_resubmit_evidence.pending_id for no key update;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or waiting.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No application with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is closed.');
  if party_kind is not null then
    update public.parties p set kind = fn_resubmit_evidence.party_kind where p.party_id = waiting.party_id and p.kind in ('unstated', fn_resubmit_evidence.party_kind);
    perform evergreen.refuse_unless(found, 'EG428', 'What kind of party it is was stated before.');
  end if;
  kept := evergreen.keep_evidence(waiting.party_id, evidence);
  perform evergreen.refuse_unless(kept > 0 or party_kind is not null, 'EG400', 'Nothing new was given: each kind of evidence comes with its date, YYYY-MM-DD.');
  update public.investors_pending_kyc p set evidence = p.evidence || fn_resubmit_evidence.evidence where p.pending_id = waiting.pending_id;
  -- what screening asked for may be among it
  if exists (select from public.screening_subjects s where s.party_id = waiting.party_id) and evergreen.screening_standing(waiting.party_id) = 'unscreened' then
    perform evergreen.request_screening(waiting.party_id, 'evidence given', false, request_id);
  end if;
  perform evergreen.emit('EVIDENCE_RESUBMITTED', waiting.fund_id, jsonb_build_object('pending_id', waiting.pending_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'evidence given: ' || kept || ' kinds', request_id);
  answer := jsonb_build_object('pending_id', waiting.pending_id, 'given', kept);
  perform evergreen.keep_answer('fn_resubmit_evidence', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_resubmit_evidence(uuid, jsonb, text, text) is
  'Gives evidence that was missing, and states what kind of party it is where nobody has; the application is reviewed again by itself. An LP only for an own investor. Returns {pending_id, given}. EG400, EG404, EG428.';

create or replace function public.fn_give_evidence(party_id uuid, evidence jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  kept int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('party_id', party_id, 'evidence', evidence);
  answer := evergreen.earlier_answer('fn_give_evidence', request_id, input);
  if answer is not null then
    return (answer ->> 'given')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = fn_give_evidence.party_id), 'EG404', 'No party with that id.');
  kept := evergreen.keep_evidence(party_id, evidence);
  perform evergreen.refuse_unless(kept > 0, 'EG400', 'Nothing new was given: each kind of evidence comes with its date, YYYY-MM-DD.');
  -- an owner's paper may be the one that an application lacked
  perform evergreen.review_again(party_id, request_id);
  perform evergreen.audit(null, 'party_evidence', party_id::text, 'evidence given: ' || kept || ' kinds', request_id);
  perform evergreen.keep_answer('fn_give_evidence', request_id, input, jsonb_build_object('given', kept));
  return kept;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_give_evidence(uuid, jsonb, text) is 'Keeps evidence of a party that stands behind applicants; their applications are reviewed again. Returns how many kinds are new. EG400, EG404.';

create or replace function public.fn_decline_investor(pending_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('pending_id', pending_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_decline_investor', request_id, input);
  if answer is not null then
    return answer ->> 'kyc_status';
  end if;
  perform evergreen.refuse_unless(reason in ('withdrawn', 'evidence_not_given', 'not_eligible', 'not_accepted'), 'EG400', 'reason is withdrawn, evidence_not_given, not_eligible or not_accepted.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_decline_investor.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is closed.');
  update public.investors_pending_kyc p set kyc_status = 'declined', missing = '{}', asked = '{}' where p.pending_id = waiting.pending_id;
  perform evergreen.emit('INVESTOR_DECLINED', waiting.fund_id, jsonb_build_object('pending_id', waiting.pending_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'application declined: ' || reason, request_id);
  perform evergreen.keep_answer('fn_decline_investor', request_id, input, '{"kyc_status": "declined"}');
  return 'declined';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decline_investor(uuid, text, text) is 'Declines an application, for one of four neutral reasons. An investor who is looked at again is not cleared by it. EG400, EG404, EG428.';

create or replace function public.fn_tick_kyc(request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  who record;
  lead_days int;
  id uuid;
  event uuid;
  expired int := 0;
  opened int := 0;
  overdue int := 0;
begin
  perform evergreen.require_role('agent_kyc', 'service_role');
  input := '{}';
  answer := evergreen.earlier_answer('fn_tick_kyc', request_id, input);
  if answer is not null then
    return answer;
  end if;
  -- one tick at a time, at most so many of each kind: the next one goes on
  perform pg_advisory_xact_lock(hashtextextended('tick_kyc', 0));
  lead_days := ((evergreen.kyc_policy()).body #>> '{refresh,leadDays}')::int;
  for who in select i.investor_id, i.party_id from public.investors i where i.kyc_status = 'approved' and i.kyc_valid_until <= evergreen.clock() order by i.kyc_valid_until, i.investor_id limit 500 for no key update skip locked loop
    update public.investors i set kyc_status = 'expired' where i.investor_id = who.investor_id;
    perform evergreen.emit('KYC_EXPIRED', null, jsonb_build_object('investor_id', who.investor_id), evergreen.actor(), '{}', array[who.investor_id], request_id);
    perform evergreen.audit(null, 'investors', who.investor_id::text, 'clearance ran out', request_id);
    expired := expired + 1;
  end loop;
  for who in select i.investor_id, i.party_id, i.code, i.classification from public.investors i
      where i.kyc_status in ('approved', 'expired') and i.kyc_valid_until <= evergreen.clock() + make_interval(days => lead_days)
        and not exists (select from public.investors_pending_kyc p where p.investor_id = i.investor_id and p.kyc_status in ('submitted', 'missing_evidence'))
        -- declined since it fell due: operations said no, and open it again themselves
        and not exists (select from public.investors_pending_kyc p where p.investor_id = i.investor_id and p.kyc_status = 'declined' and p.created_at > i.kyc_valid_until - make_interval(days => lead_days + 1))
      order by i.kyc_valid_until, i.investor_id limit 500 loop
    id := gen_random_uuid();
    insert into public.investors_pending_kyc (pending_id, code, classification, party_id, investor_id)
    values (id, 'P-' || upper(left(replace(id::text, '-', ''), 10)), who.classification, who.party_id, who.investor_id);
    perform evergreen.emit('REVIEW_REQUESTED', null, jsonb_build_object('pending_id', id), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'investors_pending_kyc', id::text, 'review of an investor fell due', request_id);
    opened := opened + 1;
  end loop;
  for who in select c.case_id, c.fund_id, c.severity from public.cases c where c.status <> 'decided' and c.due_at <= now() and c.overdue_alerted_at is null order by c.due_at, c.case_id limit 500 for no key update skip locked loop
    update public.cases c set overdue_alerted_at = now() where c.case_id = who.case_id;
    event := evergreen.emit('CASE_OVERDUE', who.fund_id, jsonb_build_object('case_id', who.case_id), evergreen.actor(), '{}', '{}', request_id);
    if who.fund_id is not null then
      insert into public.risk_alerts (fund_id, kind, severity, reason, event_id, workflow_id)
      values (who.fund_id, 'case_overdue', case who.severity when 'critical' then 'critical' else 'warning' end, 'A case is not decided in its time; `cases list` shows it.', event, coalesce(request_id, 'kyc-tick'));
    end if;
    perform evergreen.audit(who.fund_id, 'cases', who.case_id::text, 'case is overdue', request_id);
    overdue := overdue + 1;
  end loop;
  answer := jsonb_build_object('expired', expired, 'opened', opened, 'overdue', overdue);
  perform evergreen.keep_answer('fn_tick_kyc', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tick_kyc(text) is
  'The clock of KYC (R51): clearances that ran out stop orders, what falls due is opened for review, cases past their time alert. At most 500 of each kind. Returns {expired, opened, overdue}.';

create or replace function public.fn_read_kyc(investor_id uuid default null) returns table (investor uuid, code text, classification text, state text, missing text[], pending uuid, valid_until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role', 'audit_role');
  return query
    -- nothing here follows from a case, a score or a freeze: it reads the same for everybody who has given the same papers
    select i.investor_id, i.code, i.classification,
           case when p.pending_id is not null and cardinality(p.missing) > 0 then 'action_needed'
                when p.pending_id is not null then 'in_review'
                when i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock()) then 'ok' else 'in_review' end,
           coalesce(p.missing, '{}'), p.pending_id, i.kyc_valid_until
      from public.investors i
      left join lateral (select x.pending_id, x.missing from public.investors_pending_kyc x where x.investor_id = i.investor_id and x.kyc_status in ('submitted', 'missing_evidence')
        order by x.created_at desc, x.pending_id limit 1) p on true
     where (fn_read_kyc.investor_id is null or i.investor_id = fn_read_kyc.investor_id)
       and (evergreen.role_name() <> 'lp_role' or i.investor_id in (select evergreen.my_investor_ids()))
     order by i.code limit 1000;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_kyc(uuid) is 'Where the clearance of investors stands and what they still owe, in the same words for everybody; an LP only its own.';

create or replace function public.fn_read_applicant(pending_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  waiting public.investors_pending_kyc;
  behind uuid[];
  policy public.kyc_policies;
begin
  perform evergreen.require_role('agent_kyc', 'ops_role', 'pm_role', 'audit_role');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_read_applicant.pending_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  select array_agg(b) into behind from evergreen.parties_behind(waiting.party_id) b;
  perform evergreen.refuse_unless(cardinality(behind) <= 5000, 'EG413', 'More than 5,000 parties stand behind the applicant.');
  policy := evergreen.kyc_policy();
  return jsonb_build_object('pending_id', waiting.pending_id, 'code', waiting.code, 'fund_id', waiting.fund_id, 'classification', waiting.classification, 'status', waiting.kyc_status,
    'asked', to_jsonb(waiting.asked), 'missing', to_jsonb(waiting.missing), 'investor_id', waiting.investor_id, 'party_id', waiting.party_id,
    'policy', jsonb_build_object('version', policy.version, 'body', policy.body),
    'parties', (select jsonb_agg(jsonb_build_object('party_id', p.party_id, 'kind', p.kind, 'code', p.code) order by p.party_id) from public.parties p where p.party_id = any (behind)),
    'links', coalesce((select jsonb_agg(jsonb_build_object('owner', l.owner_id, 'owned', l.owned_id, 'kind', l.kind, 'share', trim_scale(l.share)::text) order by l.owned_id, l.owner_id, l.kind)
      from evergreen.links_in_force(evergreen.clock()::date) l where l.owned_id = any (behind)), '[]'),
    -- of each kind the newest
    'evidence', coalesce((select jsonb_agg(jsonb_build_object('party_id', e.party_id, 'kind', e.kind, 'on', e.dated_on, 'expires', e.expires_on) order by e.party_id, e.kind)
      from (select distinct on (x.party_id, x.kind) x.* from public.party_evidence x where x.party_id = any (behind) and x.dated_on <= evergreen.clock()::date
        order by x.party_id, x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) e), '[]'),
    'case_stands', evergreen.case_stands(waiting.party_id),
    'screening', evergreen.screening_of(waiting.party_id),
    -- nobody has asked for them to be screened yet
    'unasked', coalesce((select jsonb_agg(b order by b) from unnest(behind) b where not exists (select from public.screening_subjects s where s.party_id = b)), '[]'),
    'past_true_match', exists (select from public.cases c where c.outcome = 'true_match' and c.party_id = any (behind)),
    'investors', case when waiting.fund_id is null then 0 else (select count(distinct f.investor_id) from public.fund_flows f where f.fund_id = waiting.fund_id) end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_applicant(uuid) is 'Everything a review of an application looks at, without a name: policy, parties behind it, links, newest evidence of each kind, whether a case stands. EG404, EG413.';

-- from sql/66-fn-parties.sql
-- Parties: who stands behind investors and applicants, how they are linked, and the policy of what they owe. Names are kept elsewhere, encrypted.

create or replace function evergreen.new_party(of_kind text, is_synthetic boolean default false, review timestamptz default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
begin
  insert into public.parties (party_id, kind, code, synthetic, next_review) values (id, of_kind, 'PY-' || upper(left(replace(id::text, '-', ''), 10)), is_synthetic, review);
  return id;
end $$;
comment on function evergreen.new_party(text, boolean, timestamptz) is 'A party with an opaque code.';

create or replace function evergreen.give_party() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.party_id is null then
    new.party_id := evergreen.new_party('unstated', tg_table_name = 'investors' and coalesce((to_jsonb(new) ->> 'synthetic')::boolean, false), (to_jsonb(new) ->> 'kyc_valid_until')::timestamptz);
  end if;
  return new;
end $$;
comment on function evergreen.give_party() is 'Every investor and applicant has a party: one that comes without gets its own, of a kind nobody has stated yet.';
create or replace trigger give_party before insert on public.investors for each row execute function evergreen.give_party();
create or replace trigger give_party before insert on public.investors_pending_kyc for each row execute function evergreen.give_party();

-- who was there before there were parties gets one each; when a row was last changed stays as it was, because invariants compare it
do $$
begin
  if exists (select from public.investors i where i.party_id is null) or exists (select from public.investors_pending_kyc p where p.party_id is null) then
    alter table public.investors disable trigger user;
    alter table public.investors_pending_kyc disable trigger user;
    with fresh as materialized (
      select i.investor_id, i.synthetic, i.kyc_valid_until, gen_random_uuid() as id from public.investors i where i.party_id is null
    ), made as (
      insert into public.parties (party_id, kind, code, synthetic, next_review)
      select f.id, 'unstated', 'PY-' || upper(left(replace(f.id::text, '-', ''), 10)), f.synthetic, f.kyc_valid_until from fresh f
    )
    update public.investors i set party_id = f.id from fresh f where f.investor_id = i.investor_id;
    update public.investors_pending_kyc p set party_id = i.party_id from public.investors i where i.investor_id = p.investor_id and p.party_id is null;
    with fresh as materialized (
      select p.pending_id, gen_random_uuid() as id from public.investors_pending_kyc p where p.party_id is null
    ), made as (
      insert into public.parties (party_id, kind, code) select f.id, 'unstated', 'PY-' || upper(left(replace(f.id::text, '-', ''), 10)) from fresh f
    )
    update public.investors_pending_kyc p set party_id = f.id from fresh f where f.pending_id = p.pending_id;
    alter table public.investors enable trigger user;
    alter table public.investors_pending_kyc enable trigger user;
  end if;
  perform evergreen.add_check('investors', 'investors_party', 'party_id is not null');
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_party', 'party_id is not null');
end $$;

create or replace function evergreen.links_in_force(at date default current_date) returns setof public.party_links
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.* from public.party_links l where l.effective_from <= at and not l.ended and not exists (
    select from public.party_links n where n.owned_id = l.owned_id and n.owner_id = l.owner_id and n.kind = l.kind and n.effective_from <= at
       and (n.effective_from, n.version) > (l.effective_from, l.version))
$$;
comment on function evergreen.links_in_force(date) is 'Links that hold on a day: of an owner, an owned party and a kind the latest, unless it ended.';

create or replace function evergreen.parties_behind(of_party uuid) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive behind (party_id) as (
    select of_party
    union
    select l.owner_id from behind b join public.party_links l on l.owned_id = b.party_id
     where l.effective_from <= evergreen.clock()::date and not l.ended and not exists (
       select from public.party_links n where n.owned_id = l.owned_id and n.owner_id = l.owner_id and n.kind = l.kind and n.effective_from <= evergreen.clock()::date
          and (n.effective_from, n.version) > (l.effective_from, l.version))
  )
  select b.party_id from behind b where b.party_id is not null
$$;
comment on function evergreen.parties_behind(uuid) is 'The party itself and everybody who stands behind it today, through any number of links and round every circle once.';

create or replace function evergreen.parties_before(of_party uuid) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive fronted (party_id) as (
    select of_party
    union
    select l.owned_id from fronted f join public.party_links l on l.owner_id = f.party_id
     where l.effective_from <= evergreen.clock()::date and not l.ended and not exists (
       select from public.party_links n where n.owned_id = l.owned_id and n.owner_id = l.owner_id and n.kind = l.kind and n.effective_from <= evergreen.clock()::date
          and (n.effective_from, n.version) > (l.effective_from, l.version))
  )
  select f.party_id from fronted f where f.party_id is not null
$$;
comment on function evergreen.parties_before(uuid) is 'The party itself and everybody whom it stands behind today.';

create or replace function evergreen.is_frozen(of_party uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- nearly always nobody is, and every order asks
  if not exists (select from public.parties p where p.frozen_at is not null) then
    return false;
  end if;
  return exists (select from evergreen.parties_behind(of_party) b join public.parties p on p.party_id = b and p.frozen_at is not null);
end $$;
comment on function evergreen.is_frozen(uuid) is 'Whether the party or anybody behind it is frozen: no orders, no units, no payments.';

create or replace function evergreen.party_stopped(of_party uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return evergreen.is_frozen(of_party)
    -- a match that nobody has decided stops as one that was: money waits, nobody is told why
    or (exists (select from public.screening_candidates) and exists (
      select from evergreen.parties_behind(of_party) b where exists (select from public.screening_candidates x where x.party_id = b) and evergreen.screening_standing(b) in ('open', 'refused')));
end $$;
comment on function evergreen.party_stopped(uuid) is 'Whether orders of the party stop: it or anybody behind it is frozen, or a possible match of theirs is not decided.';

create or replace function evergreen.investor_stopped(of_investor uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.party_stopped((select i.party_id from public.investors i where i.investor_id = of_investor))
$$;
comment on function evergreen.investor_stopped(uuid) is 'Whether units and money of the investor stop because of who stands behind it.';

create or replace function evergreen.screening_of(of_party uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- a platform that never set a list screens nobody; from the first one on everybody behind an applicant is screened, and switching lists off clears nobody
  if not exists (select from public.watchlists) then
    return 'none';
  end if;
  return (select s.standing from (select evergreen.screening_standing(b) as standing from evergreen.parties_behind(of_party) b) s
    order by array_position(array['refused', 'open', 'unscreened', 'clear'], s.standing) limit 1);
end $$;
comment on function evergreen.screening_of(uuid) is 'The worst standing of the party and everybody behind it: refused, open, unscreened, clear; none where no list was ever set.';

create or replace function evergreen.kyc_policy() returns public.kyc_policies
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p from public.kyc_policies p where p.effective_from <= evergreen.clock()::date order by p.effective_from desc, p.version desc limit 1
$$;
comment on function evergreen.kyc_policy() is 'The KYC policy in force.';

create or replace function public.fn_register_party(kind text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('kind', kind);
  answer := evergreen.earlier_answer('fn_register_party', request_id, input);
  if answer is not null then
    return (answer ->> 'party_id')::uuid;
  end if;
  perform evergreen.refuse_unless(kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation'), 'EG400', 'kind is natural_person, company, partnership, trust or foundation.');
  id := evergreen.new_party(kind);
  perform evergreen.emit('PARTY_REGISTERED', null, jsonb_build_object('party_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'parties', id::text, 'party registered as ' || kind, request_id);
  perform evergreen.keep_answer('fn_register_party', request_id, input, jsonb_build_object('party_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_register_party(text, text) is 'Registers a party; its name and other personal data go to the vault of personal values under the id it returns. EG400.';

create or replace function public.fn_link_parties(owner_id uuid, owned_id uuid, kind text, share numeric default null, effective_from date default null, ended boolean default false, request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  from_day date;
  id uuid := gen_random_uuid();
  held numeric;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('owner_id', owner_id, 'owned_id', owned_id, 'kind', kind, 'share', share, 'effective_from', effective_from, 'ended', ended);
  answer := evergreen.earlier_answer('fn_link_parties', request_id, input);
  if answer is not null then
    return (answer ->> 'link_id')::uuid;
  end if;
  from_day := coalesce(fn_link_parties.effective_from, evergreen.clock()::date);
  perform evergreen.refuse_unless(fn_link_parties.owner_id <> fn_link_parties.owned_id, 'EG400', 'A party cannot stand behind itself.');
  perform evergreen.refuse_unless(fn_link_parties.kind in ('ownership', 'control', 'director', 'trustee', 'settlor', 'protector', 'beneficiary'), 'EG400',
    'kind is ownership, control, director, trustee, settlor, protector or beneficiary.');
  perform evergreen.refuse_unless(fn_link_parties.ended is not null and isfinite(from_day), 'EG400', 'effective_from is a date and ended true or false.');
  perform evergreen.refuse_unless(case when fn_link_parties.kind = 'ownership' and not fn_link_parties.ended then coalesce(fn_link_parties.share > 0 and fn_link_parties.share <= 1, false)
    else fn_link_parties.share is null end, 'EG400', 'share is a part of one above 0 for ownership, and left out for every other kind and for an end.');
  -- one writer per owned party: shares of one whole are added up
  perform 1 from public.parties p where p.party_id = fn_link_parties.owned_id for no key update;
  perform evergreen.refuse_unless(found and exists (select from public.parties p where p.party_id = fn_link_parties.owner_id), 'EG404', 'No party with that id.');
  insert into public.party_links (link_id, owner_id, owned_id, kind, version, share, ended, effective_from, created_by)
  select id, fn_link_parties.owner_id, fn_link_parties.owned_id, fn_link_parties.kind, 1 + coalesce(max(l.version), 0), fn_link_parties.share, fn_link_parties.ended, from_day, evergreen.actor()
    from public.party_links l where l.owned_id = fn_link_parties.owned_id and l.owner_id = fn_link_parties.owner_id and l.kind = fn_link_parties.kind;
  select sum(l.share) into held from evergreen.links_in_force(greatest(from_day, evergreen.clock()::date)) l where l.owned_id = fn_link_parties.owned_id and l.kind = 'ownership';
  perform evergreen.refuse_unless(coalesce(held, 0) <= 1, 'EG424', 'More than the whole of the party would be owned.');
  perform evergreen.emit('PARTIES_LINKED', null, jsonb_build_object('link_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'party_links', id::text, 'link of parties recorded: ' || fn_link_parties.kind || case when fn_link_parties.ended then ', ended' else '' end, request_id);
  perform evergreen.keep_answer('fn_link_parties', request_id, input, jsonb_build_object('link_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_link_parties(uuid, uuid, text, numeric, date, boolean, text) is
  'Says who stands behind whom from a day on (today when left out): share is of ownership, 0 to 1; ended ends the link. Returns link_id. EG400, EG404, EG424 more than the whole.';

create or replace function public.fn_set_kyc_policy(body jsonb, effective_from date, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  made public.kyc_policies;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('body', body, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_kyc_policy', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(isfinite(fn_set_kyc_policy.effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 65536 and body ?& array['ownership', 'evidence', 'requirements', 'refresh', 'risk', 'cases'],
    'EG400', 'body is a KYC policy of at most 64 KB: ownership, evidence, requirements, refresh, risk, cases.');
  -- what the database reads of it itself
  perform evergreen.refuse_unless((select bool_and((body #>> array['cases', 'dueHours', s])::int between 1 and 8760 and jsonb_typeof(body #> array['cases', 'secondPerson', s]) = 'array')
      from unnest(array['notice', 'warning', 'critical']) s), 'EG400', 'cases says for notice, warning and critical the hours until due and which verdicts take a second person.');
  perform evergreen.refuse_unless((select bool_and(body #> array['cases', 'secondPerson', s] ? 'true_match') from unnest(array['notice', 'warning', 'critical']) s),
    'EG424', 'A true match always takes a second person.');
  perform evergreen.refuse_unless((body #>> '{refresh,years,high}')::int = 1 and (select bool_and((body #>> array['refresh', 'years', l])::int between 1 and 5) from unnest(array['unrated', 'low', 'medium']) l)
      and (body #>> '{refresh,leadDays}')::int between 0 and 180, 'EG424', 'High risk is looked at again every year, everybody else within five (R51).');
  perform pg_advisory_xact_lock(hashtextextended('kyc_policies', 0));
  insert into public.kyc_policies (version, effective_from, body, hash, set_by)
  select 1 + coalesce(max(p.version), 0), fn_set_kyc_policy.effective_from, fn_set_kyc_policy.body, encode(sha256(convert_to(fn_set_kyc_policy.body::text, 'UTF8')), 'hex'), evergreen.actor()
    from public.kyc_policies p returning * into made;
  perform evergreen.emit('KYC_POLICY_SET', null, jsonb_build_object('policy_id', made.policy_id, 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'kyc_policies', made.policy_id::text, 'KYC policy version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('policy_id', made.policy_id, 'version', made.version, 'hash', made.hash);
  perform evergreen.keep_answer('fn_set_kyc_policy', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_kyc_policy(jsonb, date, text) is
  'Sets the KYC policy from a date on: evidence owed, refresh, risk, clocks of cases. Returns {policy_id, version, hash}. EG400, EG424 where R51 or the second person would be lost.';

-- from sql/67-fn-cases.sql
-- Cases: what a person has to decide about a party, with candidates side by side, a reason, a second person by policy and a clock.
-- No event of a case names an investor and no LP reads these tables: nobody is tipped off (R54).

create or replace function evergreen.open_case(
  of_kind text, of_severity text, of_party uuid, of_source text, candidates jsonb default '[]', of_fund uuid default null, dedupe text default null, request_id text default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  known public.cases;
  policy public.kyc_policies;
  added int;
begin
  perform evergreen.refuse_unless(of_kind in ('screening', 'kyc', 'compliance', 'document') and of_severity in ('notice', 'warning', 'critical'), 'EG400',
    'kind is screening, kyc, compliance or document; severity is notice, warning or critical.');
  perform evergreen.refuse_unless(length(of_source) between 1 and 200 and (dedupe is null or length(dedupe) between 1 and 200), 'EG400', 'source has 1 to 200 characters, dedupe too.');
  perform evergreen.refuse_unless(jsonb_typeof(candidates) = 'array' and jsonb_array_length(candidates) <= 200, 'EG400', 'candidates is a list of at most 200.');
  if of_party is not null then
    perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = of_party), 'EG404', 'No party with that id.');
  end if;
  if of_fund is not null then
    perform evergreen.refuse_unless(exists (select from public.funds f where f.fund_id = of_fund), 'EG404', 'No fund with that id.');
  end if;
  if dedupe is not null then
    -- two that raise the same matter at once make one case
    perform pg_advisory_xact_lock(hashtextextended('case/' || dedupe, 0));
    select * into known from public.cases c where c.dedupe_key = dedupe and c.status <> 'decided' for no key update;
  end if;
  if known.case_id is null then
    policy := evergreen.kyc_policy();
    insert into public.cases (case_id, code, kind, severity, party_id, fund_id, source, dedupe_key, policy_version, due_at, opened_by)
    values (id, 'CA-' || upper(left(replace(id::text, '-', ''), 10)), of_kind, of_severity, of_party, of_fund, of_source, dedupe, policy.version,
      now() + make_interval(hours => (policy.body #>> array['cases', 'dueHours', of_severity])::int), evergreen.actor())
    returning * into known;
    perform evergreen.emit('CASE_OPENED', of_fund, jsonb_build_object('case_id', id, 'severity', of_severity), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund, 'cases', id::text, 'case opened: ' || of_kind || ', ' || of_severity, request_id);
  end if;
  -- found again by a newer check: what is not decided is looked at as it is now
  update public.case_candidates c set list_version = x.list_version, check_id = x.check_id, score = x.score, features = coalesce(x.features, '[]')
    from jsonb_to_recordset(candidates) as x (list text, list_version text, entry_ref text, check_id uuid, score numeric, features jsonb)
   where c.case_id = known.case_id and c.list = x.list and c.entry_ref = x.entry_ref and c.status not in ('true_match', 'false_match');
  insert into public.case_candidates (case_id, list, list_version, entry_ref, check_id, score, features)
  select known.case_id, x.list, x.list_version, x.entry_ref, x.check_id, x.score, coalesce(x.features, '[]')
    from jsonb_to_recordset(case when jsonb_array_length(candidates) = 0 then '[{}]' else candidates end)
         as x (list text, list_version text, entry_ref text, check_id uuid, score numeric, features jsonb)
   where not exists (select from public.case_candidates c where c.case_id = known.case_id and c.list is not distinct from x.list and c.entry_ref is not distinct from x.entry_ref);
  get diagnostics added = row_count;
  if added > 0 and known.status <> 'open' then
    -- what was nearly decided has something new to look at
    update public.cases c set status = case when known.status = 'escalated' then 'escalated' else 'open' end where c.case_id = known.case_id;
    perform evergreen.audit(of_fund, 'cases', known.case_id::text, added || ' candidates added', request_id);
  end if;
  return known.case_id;
end $$;
comment on function evergreen.open_case(text, text, uuid, text, jsonb, uuid, text, text) is
  'Opens a case in the transaction of its caller: candidates are [{list, list_version, entry_ref, check_id, score, features}]. An undecided case with the same dedupe key gets the new candidates instead. Returns case_id.';

create or replace function public.fn_open_case(kind text, severity text, party_id uuid, source text, candidates jsonb default '[]', fund_id uuid default null, dedupe text default null, request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc', 'agent_compliance_sentinel', 'agent_risk_guardian');
  input := jsonb_build_object('kind', kind, 'severity', severity, 'party_id', party_id, 'source', source, 'candidates', candidates, 'fund_id', fund_id, 'dedupe', dedupe);
  answer := evergreen.earlier_answer('fn_open_case', request_id, input);
  if answer is not null then
    return (answer ->> 'case_id')::uuid;
  end if;
  id := evergreen.open_case(kind, severity, party_id, source, candidates, fund_id, dedupe, request_id);
  perform evergreen.keep_answer('fn_open_case', request_id, input, jsonb_build_object('case_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_case(text, text, uuid, text, jsonb, uuid, text, text) is 'Opens a case about a party, or adds candidates to the undecided one of the same dedupe key. Returns case_id. EG400, EG404.';

create or replace function evergreen.lock_case(of_case uuid) returns public.cases language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  c public.cases;
begin
  select * into c from public.cases x where x.case_id = of_case for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No case with that id.');
  perform evergreen.refuse_unless(c.status <> 'decided', 'EG428', 'The case is decided.');
  return c;
end $$;
comment on function evergreen.lock_case(uuid) is 'The undecided case, locked. EG404, EG428.';

create or replace function public.fn_claim_case(case_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id);
  answer := evergreen.earlier_answer('fn_claim_case', request_id, input);
  if answer is not null then
    return answer ->> 'claimed_by';
  end if;
  c := evergreen.lock_case(case_id);
  perform evergreen.refuse_unless(coalesce(c.claimed_by, evergreen.actor()) = evergreen.actor(), 'EG428', 'Somebody else has claimed the case; it has to be released first.');
  if c.claimed_by is null then
    update public.cases x set claimed_by = evergreen.actor(), claimed_at = now(), status = case c.status when 'open' then 'in_review' else c.status end where x.case_id = c.case_id;
    perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'case claimed', request_id);
  end if;
  perform evergreen.keep_answer('fn_claim_case', request_id, input, jsonb_build_object('claimed_by', evergreen.actor()));
  return evergreen.actor();
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_claim_case(uuid, text) is 'Claims a case for the caller, so that two do not look at it at once. Returns who has it. EG404, EG428.';

create or replace function public.fn_release_case(case_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id);
  answer := evergreen.earlier_answer('fn_release_case', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  c := evergreen.lock_case(case_id);
  perform evergreen.refuse_unless(c.claimed_by is not null, 'EG428', 'Nobody has claimed the case.');
  -- who is away must not keep it: a portfolio manager releases for others
  perform evergreen.refuse_unless(c.claimed_by = evergreen.actor() or evergreen.role_name() = 'pm_role', 'EG403', 'Only whoever claimed the case or a portfolio manager releases it.');
  update public.cases x set claimed_by = null, claimed_at = null where x.case_id = c.case_id;
  perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'case released', request_id);
  perform evergreen.keep_answer('fn_release_case', request_id, input, jsonb_build_object('status', c.status));
  return c.status;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_case(uuid, text) is 'Gives a claimed case back to the queue; a portfolio manager does so for others. Returns its status. EG403, EG404, EG428.';

create or replace function public.fn_note_case(case_id uuid, body text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
  id uuid := gen_random_uuid();
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id, 'body', body);
  answer := evergreen.earlier_answer('fn_note_case', request_id, input);
  if answer is not null then
    return (answer ->> 'note_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(btrim(body)) >= 1 and length(body) <= 2000, 'EG400', 'body has 1 to 2,000 characters.');
  c := evergreen.lock_case(case_id);
  insert into public.case_notes (note_id, case_id, body, created_by) values (id, c.case_id, fn_note_case.body, evergreen.actor());
  perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'note added', request_id);
  perform evergreen.keep_answer('fn_note_case', request_id, input, jsonb_build_object('note_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_case(uuid, text, text) is 'Adds a note to an undecided case. Returns note_id. EG400, EG404, EG428.';

create or replace function public.fn_decide_case(case_id uuid, verdict text, reason text, candidate_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
  x public.case_candidates;
  second boolean;
  became text;
  taken int := 0;
  finals int := 0;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id, 'verdict', verdict, 'reason', reason, 'candidate_id', candidate_id);
  answer := evergreen.earlier_answer('fn_decide_case', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(fn_decide_case.verdict in ('true_match', 'false_match', 'need_more'), 'EG400', 'verdict is true_match, false_match or need_more.');
  perform evergreen.refuse_unless(length(btrim(fn_decide_case.reason)) >= 10 and length(fn_decide_case.reason) <= 2000, 'EG400', 'reason has 10 to 2,000 characters.');
  c := evergreen.lock_case(case_id);
  perform evergreen.refuse_unless(coalesce(c.claimed_by, evergreen.actor()) = evergreen.actor(), 'EG428', 'Somebody else has claimed the case; it has to be released first.');
  second := (select p.body #> array['cases', 'secondPerson', c.severity] ? fn_decide_case.verdict from public.kyc_policies p where p.version = c.policy_version);
  for x in select k.* from public.case_candidates k where k.case_id = c.case_id and k.status not in ('true_match', 'false_match')
      and (fn_decide_case.candidate_id is null or k.candidate_id = fn_decide_case.candidate_id) order by k.created_at, k.candidate_id loop
    -- who decided first cannot confirm, and who disagreed cannot settle it
    perform evergreen.refuse_unless(x.status not in ('first', 'escalated') or not exists (
      select from public.case_decisions d where d.candidate_id = x.candidate_id and d.decided_by = evergreen.actor() and d.verdict <> 'need_more'), 'EG420', 'Another person has to decide now.');
    perform evergreen.refuse_unless(x.status <> 'escalated' or fn_decide_case.verdict <> 'need_more', 'EG428', 'Two people disagree about it: a third says true_match or false_match.');
    became := case
      when fn_decide_case.verdict = 'need_more' then 'need_more'
      when x.status = 'escalated' then fn_decide_case.verdict
      when x.status = 'first' then case when x.first_verdict = fn_decide_case.verdict then fn_decide_case.verdict else 'escalated' end
      when second then 'first'
      else fn_decide_case.verdict end;
    insert into public.case_decisions (case_id, candidate_id, verdict, reason, step, decided_by)
    values (c.case_id, x.candidate_id, fn_decide_case.verdict, fn_decide_case.reason, case when x.status = 'first' then 'second' when became in ('true_match', 'false_match') then 'final' else 'first' end, evergreen.actor());
    update public.case_candidates k set status = became,
           first_verdict = case became when 'first' then fn_decide_case.verdict when 'need_more' then null else k.first_verdict end,
           first_by = case became when 'first' then evergreen.actor() when 'need_more' then null else k.first_by end,
           decided_by = case when became in ('true_match', 'false_match') then evergreen.actor() end,
           decided_at = case when became in ('true_match', 'false_match') then now() end
     where k.candidate_id = x.candidate_id;
    if became in ('true_match', 'false_match') then
      perform evergreen.settle_candidate(c, x, became, fn_decide_case.reason, request_id);
      finals := finals + 1;
    end if;
    taken := taken + 1;
  end loop;
  perform evergreen.refuse_unless(taken > 0, 'EG404', 'No undecided candidate of the case with that id.');
  became := (select case when bool_and(k.status in ('true_match', 'false_match')) then 'decided' when bool_or(k.status = 'escalated') then 'escalated' else 'in_review' end
    from public.case_candidates k where k.case_id = c.case_id);
  -- whoever decided gives it back: the next one is somebody else
  update public.cases k set status = became, claimed_by = null, claimed_at = null, decided_at = case became when 'decided' then now() end,
         outcome = case when became = 'decided' then case when exists (select from public.case_candidates m where m.case_id = c.case_id and m.status = 'true_match') then 'true_match' else 'false_match' end end
   where k.case_id = c.case_id;
  if became = 'escalated' and c.status <> 'escalated' then
    perform evergreen.emit('CASE_ESCALATED', c.fund_id, jsonb_build_object('case_id', c.case_id), evergreen.actor(), '{}', '{}', request_id);
  end if;
  select * into c from public.cases k where k.case_id = c.case_id;
  if c.status = 'decided' then
    perform evergreen.emit('CASE_DECIDED', c.fund_id, jsonb_build_object('case_id', c.case_id, 'outcome', c.outcome), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.review_again(c.party_id, request_id);
  elsif fn_decide_case.verdict = 'need_more' and c.party_id is not null then
    -- in words that any applicant may read
    perform evergreen.ask_party_evidence(c.party_id, array['identity_details'], request_id);
  end if;
  perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'verdict ' || fn_decide_case.verdict || ' on ' || taken || ' candidates: case ' || c.status, request_id);
  answer := jsonb_build_object('case_id', c.case_id, 'status', c.status, 'outcome', c.outcome, 'waiting_for', case
    when c.status = 'decided' then null
    when c.status = 'escalated' then 'a third person'
    when exists (select from public.case_candidates k where k.case_id = c.case_id and k.status = 'first') then 'a second person'
    when exists (select from public.case_candidates k where k.case_id = c.case_id and k.status = 'need_more') then 'more facts'
    else 'other candidates' end);
  perform evergreen.keep_answer('fn_decide_case', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_case(uuid, text, text, uuid, text) is
  'A verdict with its reason on one candidate of a case, or on all that are undecided. By policy a second person confirms; one who disagrees escalates it to a third. A true match freezes the party, in silence.
Returns {case_id, status, outcome, waiting_for}. EG400, EG404, EG420 the same person again, EG428.';

create or replace function evergreen.settle_candidate(c public.cases, x public.case_candidates, verdict text, reason text, request_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if verdict = 'true_match' and c.kind = 'screening' and c.party_id is not null then
    update public.parties p set frozen_at = now(), frozen_by_case = c.case_id where p.party_id = c.party_id and p.frozen_at is null;
    if found then
      perform evergreen.emit('PARTY_FROZEN', null, jsonb_build_object('party_id', c.party_id, 'case_id', c.case_id), evergreen.actor(), '{}', '{}', request_id);
      perform evergreen.audit(null, 'parties', c.party_id::text, 'party frozen', request_id);
    end if;
  elsif verdict = 'false_match' and c.party_id is not null and x.entry_ref is not null then
    perform evergreen.clear_pair(c.party_id, x.list, x.entry_ref, c.case_id, left(reason, 500));
  end if;
end $$;
comment on function evergreen.settle_candidate(public.cases, public.case_candidates, text, text, text) is
  'What follows from a final verdict: a true match on a list freezes the party, a false one clears this pair of party and entry.';

create or replace function public.fn_list_cases(status text default null, mine boolean default false, max_rows int default 100)
returns table (case_id uuid, code text, kind text, severity text, case_status text, party_id uuid, party_code text, source text, due_at timestamptz, overdue boolean, claimed_by text,
  candidates int, undecided int, top_score numeric, outcome text, opened_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  perform evergreen.refuse_unless(fn_list_cases.status is null or fn_list_cases.status in ('open', 'in_review', 'escalated', 'decided'), 'EG400', 'status is open, in_review, escalated or decided.');
  perform evergreen.refuse_unless(max_rows between 1 and 1000, 'EG400', 'max_rows is 1 to 1,000.');
  return query
    select c.case_id, c.code, c.kind, c.severity, c.status, c.party_id, p.code, c.source, c.due_at, c.status <> 'decided' and c.due_at < now(), c.claimed_by,
           n.all_of::int, n.undecided::int, n.top, c.outcome, c.created_at
      from public.cases c left join public.parties p on p.party_id = c.party_id
      cross join lateral (select count(*) as all_of, count(*) filter (where k.status not in ('true_match', 'false_match')) as undecided, max(k.score) as top
        from public.case_candidates k where k.case_id = c.case_id) n
     where case when fn_list_cases.status is null then c.status <> 'decided' else c.status = fn_list_cases.status end
       and (not coalesce(fn_list_cases.mine, false) or c.claimed_by = evergreen.actor())
     order by c.due_at, c.case_id limit max_rows;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_cases(text, boolean, int) is 'The work queue, what is due first comes first; without a status what is undecided. EG400.';

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
  input := jsonb_build_object('sha256', evergreen.content_digest(memory - 'embedding'));
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
  select exists (select from public.investors i where i.investor_id = of_investor and i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock())
    and not evergreen.party_stopped(i.party_id))
$$;
comment on function evergreen.is_cleared(uuid) is 'Whether KYC clears the investor at this moment: approved, in date, and nobody behind it frozen or possibly on a list.';

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
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(payments));
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
  input := jsonb_build_object('sha256', evergreen.content_digest(index_values));
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
  input := jsonb_build_object('share_class_id', share_class_id, 'sha256', evergreen.content_digest(positions))
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
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(payments));
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
     and a.cohort ~ '^[[:alnum:]_:./ -]{1,40}$' and (a.reason is null or length(a.reason) <= 200 and evergreen.harmless_text('fn_record_allocations', to_jsonb(a.reason)))
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
  select count(*) into bad /* I14, at this instant */ from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
   where a.dealing_day_id = d.dealing_day_id and a.filled_units > 0 and not evergreen.is_cleared(a.investor_id)
     and (f.direction = 'subscription' or evergreen.investor_stopped(a.investor_id)); -- no money either; whose clearance only ran out since is paid
  perform evergreen.refuse_unless(bad = 0, 'EG430', bad || ' orders would deal for an investor who is not cleared; look at the orders again.');
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
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund) group by e.created_by, e.request_id having count(distinct coalesce(e.origin_tx, e.tx)) > 1
  union all
  select 'I4', 'commands', e.created_by || '/' || e.request_id, 'a request took effect and no answer to it is kept' from public.fund_events e
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund)
     and not exists (select from public.commands k where k.principal = e.created_by and k.request_id = e.request_id) group by e.created_by, e.request_id
  union all
  select 'I5', 'pg_trigger', n.name, 'the table is not append-only' from unnest('{unit_ledger, cash_movements, ledger_transactions, order_transitions, order_leaves, nav_inputs, dealing_policies, lmt_policies, credit_lines, approvals, class_marks, in_kind_deliveries, statements, restatements, compensations, beneficial_owners, certain_inflows, repurchase_offers, market_series, market_data, esg_ratings, data_quality_results, roll_forwards}'::text[]) n (name)
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
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(accounts));
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
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(marks));
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
  input := jsonb_build_object('fund', fund, 'account', account, 'sha256', evergreen.content_digest(payments));
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

-- from sql/6q-fn-schedules.sql
-- Schedules belong to Temporal; who pauses, resumes or backfills one, and why, is recorded here before it is done.

create or replace function public.fn_note_schedule(schedule_id text, action text, note text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
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
  -- a clock of the whole platform is of no fund
  if schedule_id ~ '^platform/' then
    perform evergreen.refuse_unless(schedule_id in ('platform/retention', 'platform/kyc', 'platform/lists', 'platform/calendar'), 'EG404', 'No clock of the platform with that name.');
  else
    select f.fund_id into of_fund from public.funds f where f.code = split_part(fn_note_schedule.schedule_id, '/', 2) for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with the code of that schedule.');
  end if;
  answer := jsonb_build_object('event_id', evergreen.emit('SCHEDULE_NOTED', of_fund,
    jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note), evergreen.actor(), '{}', '{}', request_id));
  perform evergreen.audit(of_fund, 'schedules', schedule_id, 'schedule: ' || action, request_id);
  perform evergreen.keep_answer('fn_note_schedule', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_schedule(text, text, text, text) is
  'Records that a person pauses, resumes or backfills a schedule of a fund or of the platform, and why; called before it is done. EG400, EG404.';

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
  input := jsonb_build_object('fund', fund, 'kind', kind, 'sha256', evergreen.content_digest(scenarios));
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
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(payments));
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
  input := jsonb_build_object('fund', fund, 'provider', provider, 'as_of', as_of, 'scale', scale, 'ratings', evergreen.content_digest(ratings), 'file_hash', file_hash);
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
  perform evergreen.harmless_text('fn_compare_runs', runs);
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

-- from sql/6w-fn-breaches.sql
-- Breaches (R57) with their cure clock, and the regulatory calendar: obligations with due dates, and the clock that says what is due.

create or replace function public.fn_record_breach(fund text, rule text, class text, cause text, detail jsonb default '{}', cure_days int default null, proposal_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  b public.breaches;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'rule', rule, 'class', class, 'cause', cause, 'detail', detail, 'cure_days', cure_days, 'proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_record_breach', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(rule) between 1 and 121 and length(cause) between 1 and 500 and class in ('active', 'passive'), 'EG400', 'rule, cause (1 to 500 characters) and class (active or passive) are needed.');
  perform evergreen.refuse_unless(jsonb_typeof(detail) = 'object' and octet_length(detail::text) <= 65536 and abs((detail ->> 'value')::numeric) < 1e18 is not false and abs((detail ->> 'limit')::numeric) < 1e18 is not false,
    'EG400', 'detail is a JSON object of at most 64 KB, with value and limit as numbers.');
  perform evergreen.refuse_unless(cure_days is null or cure_days between 1 and 1100, 'EG400', 'cure_days is 1 to 1,100.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(proposal_id is null or exists (select from public.proposals p where p.proposal_id = fn_record_breach.proposal_id and p.fund_id = of_fund.fund_id), 'EG404', 'No proposal of the fund with that id.');
  -- one that stands is one, however often it is seen
  select * into b from public.breaches x where x.fund_id = of_fund.fund_id and x.rule = fn_record_breach.rule and x.cured_at is null for no key update;
  if not found then
    insert into public.breaches (fund_id, rule, class, cause, value, limit_value, detail, cure_by, proposal_id, recorded_by)
    values (of_fund.fund_id, fn_record_breach.rule, fn_record_breach.class, fn_record_breach.cause, (detail ->> 'value')::numeric, (detail ->> 'limit')::numeric, fn_record_breach.detail,
      case when cure_days is not null then now() + make_interval(days => cure_days) end, fn_record_breach.proposal_id, evergreen.actor()) returning * into b;
    perform evergreen.emit('BREACH_RECORDED', of_fund.fund_id, jsonb_build_object('breach_id', b.breach_id, 'rule', b.rule, 'class', b.class), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'breaches', b.breach_id::text, b.class || ' breach of ' || b.rule, request_id);
  end if;
  answer := jsonb_build_object('breach_id', b.breach_id, 'class', b.class, 'cure_by', b.cure_by);
  perform evergreen.keep_answer('fn_record_breach', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_breach(text, text, text, text, jsonb, int, uuid, text) is
  'Records a limit that does not hold: active when the fund did it, passive when it happened to it; the cure clock runs from now. One that stands stays one. Returns {breach_id, class, cure_by}. EG400, EG404.';

create or replace function public.fn_cure_breach(breach_id uuid, note text, cost numeric default null, compensated text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.breaches;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('breach_id', breach_id, 'note', note, 'cost', cost, 'compensated', compensated);
  answer := evergreen.earlier_answer('fn_cure_breach', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(note) between 1 and 500 and (compensated is null or length(compensated) between 1 and 200), 'EG400', 'note has 1 to 500 characters, compensated 1 to 200.');
  perform evergreen.refuse_unless(cost is null or (cost >= 0 and cost < 1e30), 'EG400', 'cost is an amount from 0.');
  select * into b from public.breaches x where x.breach_id = fn_cure_breach.breach_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No breach with that id.');
  perform evergreen.refuse_unless(b.cured_at is null, 'EG428', 'The breach is cured already.');
  -- R57: who caused it makes the fund whole
  perform evergreen.refuse_unless(b.class = 'passive' or cost is not null, 'EG400', 'An active breach is closed with its cost, 0 where there was none.');
  perform evergreen.refuse_unless(b.class = 'passive' or cost = 0 or compensated is not null, 'EG424', 'An active breach that cost the fund is compensated first; say by what.');
  update public.breaches x set cured_at = now(), cure_note = note, cost = fn_cure_breach.cost, compensated = fn_cure_breach.compensated, cured_by = evergreen.actor() where x.breach_id = b.breach_id;
  perform evergreen.emit('BREACH_CURED', b.fund_id, jsonb_build_object('breach_id', b.breach_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(b.fund_id, 'breaches', b.breach_id::text, 'breach of ' || b.rule || ' cured', request_id);
  answer := jsonb_build_object('breach_id', b.breach_id, 'status', 'cured');
  perform evergreen.keep_answer('fn_cure_breach', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_cure_breach(uuid, text, numeric, text, text) is
  'Closes a breach that holds again; an active one with its cost (fund currency) and, where it cost anything, what compensated the fund. EG400, EG404, EG424, EG428.';

create or replace function public.fn_set_obligation(fund text, code text, title text, source text, due_on date, every_months int default null, lead_days int default 14, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'code', code, 'title', title, 'source', source, 'due_on', due_on, 'every_months', every_months, 'lead_days', lead_days);
  answer := evergreen.earlier_answer('fn_set_obligation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(code ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and length(code) <= 60 and length(title) between 1 and 200 and length(source) between 1 and 500, 'EG400', 'code is of lower-case words; title and source say what is owed and why.');
  perform evergreen.refuse_unless(isfinite(due_on) and due_on between current_date - 3660 and current_date + 3660 and (every_months is null or every_months between 1 and 120) and lead_days between 0 and 366, 'EG400',
    'due_on is a date, every_months 1 to 120, lead_days 0 to 366.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(not exists (select from public.obligations o where o.fund_id = of_fund.fund_id and o.code = fn_set_obligation.code and o.done_at is null), 'EG428', 'That obligation of the fund is open already.');
  insert into public.obligations (fund_id, code, title, source, first_due_on, occurrence, due_on, every_months, lead_days, set_by)
  values (of_fund.fund_id, fn_set_obligation.code, fn_set_obligation.title, fn_set_obligation.source, fn_set_obligation.due_on, 0, fn_set_obligation.due_on, fn_set_obligation.every_months, fn_set_obligation.lead_days, evergreen.actor())
  returning obligation_id into id;
  perform evergreen.audit(of_fund.fund_id, 'obligations', id::text, 'obligation ' || code || ' due on ' || due_on, request_id);
  answer := jsonb_build_object('obligation_id', id, 'due_on', due_on);
  perform evergreen.keep_answer('fn_set_obligation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_obligation(text, text, text, text, date, int, int, text) is
  'Puts an obligation of a fund into the calendar: due on a day, once or every so many months; lead_days before it is said to be due. Returns {obligation_id, due_on}. EG400, EG404, EG428.';

create or replace function public.fn_complete_obligation(obligation_id uuid, evidence text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  o public.obligations;
  next public.obligations;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('obligation_id', obligation_id, 'evidence', evidence);
  answer := evergreen.earlier_answer('fn_complete_obligation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(evidence) between 1 and 500, 'EG400', 'evidence has 1 to 500 characters: where what was done can be looked at.');
  select * into o from public.obligations x where x.obligation_id = fn_complete_obligation.obligation_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No obligation with that id.');
  perform evergreen.refuse_unless(o.done_at is null, 'EG428', 'The obligation is done already.');
  update public.obligations x set done_at = now(), done_by = evergreen.actor(), evidence = fn_complete_obligation.evidence where x.obligation_id = o.obligation_id;
  if o.every_months is not null then
    -- counted from the first day, so that the last of a month stays the last
    insert into public.obligations (fund_id, code, title, source, first_due_on, occurrence, due_on, every_months, lead_days, set_by)
    values (o.fund_id, o.code, o.title, o.source, o.first_due_on, o.occurrence + 1, (o.first_due_on + make_interval(months => o.every_months * (o.occurrence + 1)))::date, o.every_months, o.lead_days, o.set_by) returning * into next;
  end if;
  perform evergreen.emit('OBLIGATION_DONE', o.fund_id, jsonb_build_object('obligation_id', o.obligation_id, 'code', o.code), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(o.fund_id, 'obligations', o.obligation_id::text, 'obligation ' || o.code || ' done', request_id);
  answer := jsonb_build_object('obligation_id', o.obligation_id, 'next_obligation_id', next.obligation_id, 'next_due_on', next.due_on);
  perform evergreen.keep_answer('fn_complete_obligation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_complete_obligation(uuid, text, text) is
  'Closes an obligation with where its evidence is, and opens the next occurrence. Returns {obligation_id, next_obligation_id, next_due_on}. EG400, EG404, EG428.';

create or replace function public.fn_tick_obligations(fund text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  o record;
  due int := 0;
  overdue int := 0;
  uncured int := 0;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'service_role', 'ops_role');
  input := jsonb_build_object('fund', fund);
  answer := evergreen.earlier_answer('fn_tick_obligations', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found or fund is null, 'EG404', 'No fund with that code.');
  for o in update public.obligations x set told_at = now() where (of_fund is null or x.fund_id = of_fund) and x.done_at is null and x.told_at is null and current_date >= x.due_on - x.lead_days returning x.* loop
    perform evergreen.emit('OBLIGATION_DUE', o.fund_id, jsonb_build_object('obligation_id', o.obligation_id, 'code', o.code, 'due_on', o.due_on), evergreen.actor(), '{}', '{}', request_id);
    due := due + 1;
  end loop;
  for o in update public.obligations x set overdue_at = now() where (of_fund is null or x.fund_id = of_fund) and x.done_at is null and x.overdue_at is null and current_date > x.due_on returning x.* loop
    perform evergreen.emit('OBLIGATION_OVERDUE', o.fund_id, jsonb_build_object('obligation_id', o.obligation_id, 'code', o.code, 'due_on', o.due_on), evergreen.actor(), '{}', '{}', request_id);
    overdue := overdue + 1;
  end loop;
  for o in update public.breaches x set overdue_at = now() where (of_fund is null or x.fund_id = of_fund) and x.cured_at is null and x.overdue_at is null and x.cure_by < now() returning x.* loop
    perform evergreen.emit('BREACH_OVERDUE', o.fund_id, jsonb_build_object('breach_id', o.breach_id, 'rule', o.rule), evergreen.actor(), '{}', '{}', request_id);
    uncured := uncured + 1;
  end loop;
  answer := jsonb_build_object('due', due, 'overdue', overdue, 'uncured', uncured);
  perform evergreen.audit(of_fund, 'obligations', 'calendar', 'calendar looked at: ' || due || ' due, ' || overdue || ' overdue, ' || uncured || ' breaches past their cure', request_id);
  perform evergreen.keep_answer('fn_tick_obligations', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tick_obligations(text, text) is 'The clock of the calendar, of one fund or of all: says once what is due, what is overdue, and which breach is past its cure. Returns {due, overdue, uncured}. EG404.';

-- from sql/6w-fn-credit-lines.sql
-- Credit lines of a fund: what a bank has promised, what is drawn of it, until when, and how soon it must be paid back once the bank calls it.

create or replace function public.fn_set_credit_line(fund text, line text, lender text, committed numeric, drawn numeric, currency text, effective_from date, expires_on date, due_days int,
  request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  made public.credit_lines;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'line', line, 'lender', lender, 'committed', committed, 'drawn', drawn, 'currency', currency, 'effective_from', effective_from,
    'expires_on', expires_on, 'due_days', due_days);
  answer := evergreen.earlier_answer('fn_set_credit_line', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(line ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and lender ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$', 'EG400',
    'line and lender are codes of 1 to 40 letters, digits, dots, hyphens and underscores.');
  perform evergreen.refuse_unless(exists (select from public.currencies c where c.code = fn_set_credit_line.currency), 'EG400', 'currency is an ISO 4217 code that is kept here.');
  perform evergreen.refuse_unless(committed >= 0 and committed < 1e30 and drawn >= 0 and drawn <= committed and evergreen.within_exponent(committed, currency) and evergreen.within_exponent(drawn, currency),
    'EG400', 'committed and drawn are not negative, have no more decimals than the currency, and no more is drawn than is committed.');
  perform evergreen.refuse_unless(isfinite(effective_from) and isfinite(expires_on) and expires_on >= effective_from, 'EG400', 'effective_from and expires_on are dates, the later one last.');
  perform evergreen.refuse_unless(due_days between 0 and 3650, 'EG400', 'due_days is 0 to 3650: in how many days what is drawn is due once the bank calls it.');
  insert into public.credit_lines (fund_id, line, version, lender, committed, drawn, currency, effective_from, expires_on, due_days, set_by)
  values (of_fund.fund_id, fn_set_credit_line.line,
    (select coalesce(max(c.version), 0) + 1 from public.credit_lines c where c.fund_id = of_fund.fund_id and c.line = fn_set_credit_line.line),
    fn_set_credit_line.lender, fn_set_credit_line.committed, fn_set_credit_line.drawn, fn_set_credit_line.currency, fn_set_credit_line.effective_from, fn_set_credit_line.expires_on,
    fn_set_credit_line.due_days, evergreen.actor()) returning * into made;
  perform evergreen.emit('CREDIT_LINE_SET', of_fund.fund_id, jsonb_build_object('credit_line_id', made.credit_line_id, 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'credit_lines', made.credit_line_id::text, 'credit line version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('credit_line_id', made.credit_line_id, 'version', made.version);
  perform evergreen.keep_answer('fn_set_credit_line', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_credit_line(text, text, text, numeric, numeric, text, date, date, int, text) is
  'Sets a credit line of a fund from a date on: committed and drawn in its currency, until expires_on, due in due_days once called; a change is a new version. Returns {credit_line_id, version}. EG400, EG404.';

-- from sql/6w-fn-pages-desk.sql
-- Whole pages of operations and of the auditor in one round trip each, with the rights of whoever reads them: the work that waits, the audit trail and its chains.

create or replace function public.fn_read_desk() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with work (kind, id, fund_id, what, due, since, reason) as (
    select 'proposal', p.proposal_id::text, p.fund_id, p.kind, p.expires_at, p.created_at, null::text from public.proposals p where p.status = 'pending' and p.expires_at > now()
    union all
    -- a day that is open waits for its clock; a later one for its next step
    select 'dealing_day', d.dealing_day_id::text, d.fund_id, d.status, case when d.status = 'open' then d.cut_off_at end, d.created_at, 'class ' || c.code || ', ' || d.dealing_date
      from public.dealing_days d join public.share_classes c using (share_class_id) where d.status not in ('closed', 'discarded')
    union all
    select 'dead_letter', o.event_id::text, o.fund_id, o.type, null, o.dead_at, o.reason from public.event_outbox o where o.dead_at is not null
    union all
    select 'dead_batch', b.batch_id::text, null, b.type, null, b.dead_at, b.reason from public.event_batches b where b.dead_at is not null and b.done_at is null
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
    select 'run', r.workflow_id, r.fund_id, r.type, null, coalesce(r.ended_at, r.started_at), 'the run ended as failed' from public.workflow_runs r where r.status = 'failed'
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

-- from sql/6w-fn-pages.sql
-- Whole pages in one round trip, for the dashboard: they run with the rights of whoever reads them, so that row-level security decides
-- what a page may show. Every amount is text, because JSON knows only floating-point numbers.

create or replace function public.fn_read_morning(fund_id uuid default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with fund as (
    select f.*, c.decimals from public.funds f join lateral (select x.exponent::int as decimals from public.currencies x where x.code = f.base_currency) c on true
     where fn_read_morning.fund_id is null or f.fund_id = fn_read_morning.fund_id order by f.code limit 1
  ), strikes as (
    -- the version of each date that stands
    select distinct on (s.nav_date) s.* from public.nav_strikes s join fund f using (fund_id) where s.nav is not null order by s.nav_date desc, s.version desc
  ), newest as (select * from strikes order by nav_date desc limit 1),
  before as (select s.* from strikes s, newest n where s.nav_date < n.nav_date order by s.nav_date desc limit 1),
  -- what moved the NAV: the deals at the NAV before, fees and distributions since, and the investments, which are the rest
  moves as (
    select b.nav as opening, n.nav as closing,
           coalesce((select sum(o.net_amount) from public.fund_flows o where o.fund_id = n.fund_id and o.dealing_date = b.nav_date and o.direction = 'subscription'), 0) as subscriptions,
           -coalesce((select sum(o.net_amount) from public.fund_flows o where o.fund_id = n.fund_id and o.dealing_date = b.nav_date and o.direction = 'redemption'), 0) as redemptions,
           coalesce((select sum(m.amount) from public.cash_movements m join public.ledger_transactions l using (ledger_tx_id)
             where m.fund_id = n.fund_id and m.account = 'distributions_payable' and m.amount < 0
               and (l.effective_at at time zone 'UTC')::date > b.nav_date and (l.effective_at at time zone 'UTC')::date <= n.nav_date), 0) as distributions,
           -coalesce((select sum(m.amount) from public.cash_movements m join public.ledger_transactions l using (ledger_tx_id)
             where m.fund_id = n.fund_id and m.account = 'management_fee'
               and (l.effective_at at time zone 'UTC')::date > b.nav_date and (l.effective_at at time zone 'UTC')::date <= n.nav_date), 0) as fees
      from newest n, before b
  ), rungs as (
    select l.bucket, b.place, max(l.as_of) as as_of, max(l.recorded_at) as recorded_at,
           sum(l.capacity - l.utilization) filter (where l.side = 'asset') as assets,
           sum(l.capacity + l.utilization) filter (where l.side = 'liability') as liabilities, sum(l.stress_delta) filter (where l.side = 'liability') as stress
      from public.liquidity_ladder l join fund f using (fund_id)
      join unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality b (bucket, place) on b.bucket = l.bucket
     where l.scenario_id = 'base' and l.as_of = (select max(x.as_of) from public.liquidity_ladder x where x.fund_id = f.fund_id and x.side = l.side and x.scenario_id = 'base')
     group by l.bucket, b.place
  ), ladder as (
    select r.*, sum(coalesce(r.assets, 0)) over w as assets_up_to, sum(coalesce(r.liabilities, 0) + coalesce(r.stress, 0)) over w as due_up_to from rungs r window w as (order by r.place)
  ), limits as (
    select l.bucket as horizon, l.assets_up_to, l.due_up_to, (m.rule ->> 'cover')::numeric as wanted,
           case when l.due_up_to <> 0 then round(l.assets_up_to / l.due_up_to, 4) end as cover,
           l.assets_up_to >= l.due_up_to * (m.rule ->> 'cover')::numeric as holds
      from (select jsonb_array_elements(x.body -> 'liquidity') as rule from public.mandates x join fund f using (fund_id) where x.superseded_at is null) m
      join ladder l on l.bucket = m.rule ->> 'horizon'
  ), run as (
    select r.* from public.stress_runs r join fund f using (fund_id) where r.status <> 'running' order by (r.kind = 'nightly') desc, r.started_at desc limit 1
  ), me as (select 'user:' || (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') as actor)
  select jsonb_build_object(
    'read_at', now(),
    'fund', jsonb_build_object('fund_id', f.fund_id, 'code', f.code, 'name', f.name, 'currency', f.base_currency, 'decimals', f.decimals, 'synthetic', f.synthetic),
    'nav', (select jsonb_build_object('strike_id', n.strike_id, 'date', n.nav_date, 'version', n.version, 'state', n.state, 'nav', n.nav::text, 'recorded_at', n.recorded_at) from newest n),
    'change', (select jsonb_build_object('since', b.nav_date, 'opening', m.opening::text, 'closing', m.closing::text, 'amount', (m.closing - m.opening)::text,
        'ratio', case when m.opening <> 0 then round((m.closing - m.opening) / m.opening, 6)::text end,
        'reasons', jsonb_build_array(
          jsonb_build_object('reason', 'subscriptions', 'amount', m.subscriptions::text), jsonb_build_object('reason', 'redemptions', 'amount', m.redemptions::text),
          jsonb_build_object('reason', 'distributions', 'amount', m.distributions::text), jsonb_build_object('reason', 'management_fees', 'amount', m.fees::text),
          jsonb_build_object('reason', 'result', 'amount', (m.closing - m.opening - m.subscriptions - m.redemptions - m.distributions - m.fees)::text)))
      from moves m, before b),
    'history', coalesce((select jsonb_agg(jsonb_build_object('date', s.nav_date, 'nav', s.nav::text, 'state', s.state) order by s.nav_date) from strikes s), '[]'::jsonb),
    'ladder', (select jsonb_build_object('as_of', max(l.as_of), 'recorded_at', max(l.recorded_at), 'rungs', jsonb_agg(jsonb_build_object('bucket', l.bucket,
        'assets', coalesce(l.assets, 0)::text, 'liabilities', coalesce(l.liabilities, 0)::text, 'stress', coalesce(l.stress, 0)::text,
        'assets_up_to', l.assets_up_to::text, 'due_up_to', l.due_up_to::text) order by l.place)) from ladder l having count(*) > 0),
    'limits', coalesce((select jsonb_agg(jsonb_build_object('horizon', l.horizon, 'assets', l.assets_up_to::text, 'due', l.due_up_to::text, 'cover', l.cover::text,
        'wanted', l.wanted::text, 'holds', l.holds)) from limits l), '[]'::jsonb),
    'stress', (select jsonb_build_object('stress_run_id', r.stress_run_id, 'kind', r.kind, 'status', r.status, 'as_of', r.as_of, 'ended_at', r.ended_at, 'scenarios', r.scenarios,
        'done', r.done, 'failed', r.failed, 'worst', coalesce((select jsonb_agg(jsonb_build_object('scenario_id', w.scenario_id, 'title', w.title,
            'nav_before', w.nav_before::text, 'nav_after', w.nav_after::text, 'amount', (w.nav_after - w.nav_before)::text, 'ratio', w.ratio::text) order by w.ratio, w.scenario_id)
          from (select s.scenario_id, s.title, o.nav_before, o.nav_after, round((o.nav_after - o.nav_before) / nullif(o.nav_before, 0), 6) as ratio
                  from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
                 where o.stress_run_id = r.stress_run_id and o.status = 'done' order by ratio, s.scenario_id limit 5) w), '[]'::jsonb)) from run r),
    'waiting', coalesce((select jsonb_agg(jsonb_build_object('proposal_id', p.proposal_id, 'kind', p.kind, 'hash', p.hash, 'expires_at', p.expires_at, 'created_at', p.created_at,
        'approvals_needed', p.approvals_needed, 'approvals', (select count(*) from public.approvals a where a.proposal_id = p.proposal_id and a.decision = 'approved'),
        -- a hint for the page; fn_decide_proposal has the last word
        'mine', current_role = 'pm_role' and me.actor <> all (array[p.requested_by, p.proposed_by])
          and not exists (select from public.approvals a where a.proposal_id = p.proposal_id and 'user:' || a.decided_by = me.actor)) order by p.expires_at, p.proposal_id)
      from public.proposals p, me where p.fund_id = f.fund_id and p.status = 'pending' and p.expires_at > now()), '[]'::jsonb),
    'alerts', coalesce((select jsonb_agg(jsonb_build_object('alert_id', a.alert_id, 'kind', a.kind, 'severity', a.severity, 'reason', a.reason, 'created_at', a.created_at) order by a.created_at desc)
      from (select * from public.risk_alerts x where x.fund_id = f.fund_id and x.acknowledged_at is null order by x.created_at desc limit 10) a), '[]'::jsonb))
    from fund f
$$;
comment on function public.fn_read_morning(uuid) is
  'The morning page of a fund (the first by code when none is named): NAV and what moved it, ladder against the limits of the mandate, the newest nightly stress, what waits for a decision, open alerts. Amounts in fund currency, as text. Under the reader''s row-level security.';

create or replace function public.fn_read_home() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with held as (
    select h.investor_id, i.code as investor, c.share_class_id, c.code as share_class, c.name as class_name, f.code as fund, f.name as fund_name, f.synthetic, c.currency, u.exponent::int as decimals,
           c.units_dp, c.price_dp, h.units, p.nav_per_unit as price, p.published_at, round(h.units * p.nav_per_unit, u.exponent) as worth
      from public.holdings h join public.investors i using (investor_id) join public.share_classes c using (share_class_id) join public.funds f on f.fund_id = c.fund_id
      join public.currencies u on u.code = c.currency
      -- the price that was published last, with the time at which it was
      left join lateral (select n.nav_per_unit, n.published_at from public.class_navs n
        where n.share_class_id = c.share_class_id and n.published_at is not null order by n.published_at desc limit 1) p on true
  ), paid as (
    select o.investor_id, o.share_class_id, coalesce(sum(o.net_amount) filter (where o.direction = 'subscription'), 0) as paid_in,
           coalesce(sum(o.net_amount) filter (where o.direction = 'redemption'), 0) as paid_out
      from public.fund_flows o where o.net_amount is not null group by o.investor_id, o.share_class_id
  )
  select jsonb_build_object(
    'read_at', now(),
    'holdings', coalesce((select jsonb_agg(jsonb_build_object('investor_id', h.investor_id, 'investor', h.investor, 'share_class_id', h.share_class_id, 'share_class', h.share_class,
        'class_name', h.class_name, 'fund', h.fund, 'fund_name', h.fund_name, 'synthetic', h.synthetic, 'currency', h.currency, 'decimals', h.decimals, 'units_dp', h.units_dp, 'price_dp', h.price_dp,
        'units', h.units::text, 'price', h.price::text, 'published_at', h.published_at, 'worth', h.worth::text, 'paid_in', coalesce(p.paid_in, 0)::text, 'paid_out', coalesce(p.paid_out, 0)::text)
        order by h.fund, h.share_class, h.investor) from held h left join paid p using (investor_id, share_class_id)), '[]'::jsonb),
    'totals', coalesce((select jsonb_agg(jsonb_build_object('currency', t.currency, 'decimals', t.decimals, 'worth', t.worth::text) order by t.currency)
      from (select h.currency, max(h.decimals) as decimals, sum(h.worth) as worth from held h where h.worth is not null group by h.currency) t), '[]'::jsonb),
    'orders', coalesce((select jsonb_agg(jsonb_build_object('flow_id', o.flow_id, 'investor', i.code, 'share_class', c.code, 'units_dp', c.units_dp, 'price_dp', c.price_dp, 'direction', o.direction,
        'status', o.status, 'currency', o.currency, 'decimals', u.exponent::int, 'amount', o.amount::text, 'requested_units', o.requested_units::text, 'filled_units', o.filled_units::text, 'price', o.price::text,
        'net_amount', o.net_amount::text, 'reason', o.reason, 'dealing_date', o.dealing_date, 'requested_at', o.requested_at, 'accepted_at', o.accepted_at, 'locked_at', o.locked_at,
        'priced_at', o.priced_at, 'settled_at', o.settled_at) order by o.requested_at desc, o.flow_id)
      from (select * from public.fund_flows x order by x.requested_at desc, x.flow_id limit 50) o join public.investors i using (investor_id)
      left join public.share_classes c using (share_class_id) join public.currencies u on u.code = o.currency), '[]'::jsonb),
    'statements', coalesce((select jsonb_agg(jsonb_build_object('statement_id', s.statement_id, 'investor', i.code, 'share_class', s.body #>> '{shareClass,code}', 'dealing_date', s.body ->> 'dealingDate',
        'version', s.version, 'currency', s.body ->> 'currency', 'closing', s.body #>> '{account,foot,closing}', 'hash', s.hash, 'created_at', s.created_at)
        order by s.body ->> 'dealingDate' desc, s.version desc, s.statement_id)
      from (select * from public.statements x where not exists (select from public.statements y where y.supersedes = x.statement_id)
            order by x.body ->> 'dealingDate' desc, x.statement_id limit 100) s join public.investors i using (investor_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_home() is
  'The home page of an investor: what is held and worth at the price published last, what was paid in and out, the newest 50 orders, the newest 100 statements that stand. Amounts and units as text. Under the reader''s row-level security.';

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
      'accesses', (select coalesce(jsonb_agg(jsonb_build_object('what', a.what, 'fields', a.fields, 'purpose', a.purpose, 'accessed_by', a.accessed_by, 'accessed_at', a.accessed_at)
          order by a.accessed_at, a.access_id), '[]') from public.personal_accesses a where a.subject_id = k.subject_id),
      -- neither risk, cases nor freezes: an answer to the person must not tip off
      'party', (select jsonb_build_object('party_id', p.party_id, 'code', p.code, 'kind', p.kind) from public.parties p where p.party_id = k.subject_id),
      'investors', (select coalesce(jsonb_agg(jsonb_build_object('investor_id', i.investor_id, 'code', i.code, 'classification', i.classification, 'kyc_valid_until', i.kyc_valid_until) order by i.code), '[]')
          from public.investors i where i.party_id = k.subject_id),
      'evidence', (select coalesce(jsonb_agg(jsonb_build_object('kind', e.kind, 'dated_on', e.dated_on, 'expires_on', e.expires_on, 'recorded_at', e.recorded_at) order by e.recorded_at, e.kind), '[]')
          from public.party_evidence e where e.party_id = k.subject_id),
      'changes', (select coalesce(jsonb_agg(jsonb_build_object('message', t.message, 'created_by', t.created_by, 'created_at', t.created_at) order by t.tx, t.seq), '[]')
          from public.audit_trail t where t.entity_id = k.subject_id::text),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_export_subject.subject_id;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_subject(uuid) is
  'All that is kept of a subject: values now and before, still encrypted, documents, who read what, and what was done. The export itself is recorded. EG403, EG404.';

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
    (select jsonb_agg(case when jsonb_typeof(v) = 'object' then v - '{ciphertext,value_id}'::text[] else v end) from jsonb_array_elements(field_values) v) end);
  answer := evergreen.earlier_answer('fn_put_personal', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(field_values) = 'array' and jsonb_array_length(field_values) between 1 and 20, 'EG400', 'field_values is a list of 1 to 20 fields.');
  perform evergreen.refuse_unless(octet_length(field_values::text) <= 2000000, 'EG413', 'field_values is larger than 2 MB.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v where (jsonb_typeof(v) = 'object' and v ->> 'field' ~ '^[a-z_]{1,40}$'
      and v ->> 'value_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and (v ->> 'ciphertext' is null or v ->> 'ciphertext' ~ '^v1\.[A-Za-z0-9+/]+=*$')
      and v ->> 'content' ~ '^[0-9a-f]{64}$' and jsonb_typeof(v -> 'blind_index') = 'array') is not true), 'EG400', 'Each of field_values has field, value_id, ciphertext, content and blind_index.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v, jsonb_array_elements_text(v -> 'blind_index') b where (b ~ '^[0-9a-f]{64}$') is not true),
    'EG400', 'blind_index is a list of hashes.');
  select count(distinct v ->> 'field') into names from jsonb_array_elements(field_values) v;
  perform evergreen.refuse_unless(names = jsonb_array_length(field_values), 'EG400', 'A field stands twice in field_values.');
  perform evergreen.open_for_writing(subject_id);
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
  'Records encrypted values of a subject (field, value_id, ciphertext or null to take it back, content: a keyed hash that says whether a repeated request is the same, blind_index); each supersedes the one before. EG400, EG403, EG404, EG409, EG413, EG428 erased or to be erased.';

create or replace function public.fn_read_personal(subject_ids uuid[], fields text[] default null, purpose text default 'review')
returns table (subject_id uuid, state text, wrapped_key text, master_key_id text, value_id uuid, field text, ciphertext text, recorded_at timestamptz)
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
    select k.subject_id, k.state, k.wrapped_key, k.master_key_id, p.value_id, p.field, p.ciphertext, p.recorded_at
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

create or replace function public.fn_put_document(
  document_id uuid, subject_id uuid, kind text, content_type text, size bigint, sha256 text, storage_path text, request_id text default null
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
comment on function public.fn_put_document(uuid, uuid, text, text, bigint, text, text, text) is
  'Records a document that is stored encrypted: its type by its bytes, its size before and its sha256 after encryption. EG400, EG403, EG404, EG409, EG413, EG428.';

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
declare
  answer jsonb;
begin
  perform evergreen.require_role('agent_kyc', 'service_role');
  perform evergreen.refuse_unless(to_regclass('vault.decrypted_secrets') is not null, 'EG428', 'This database has no Supabase Vault; keep the keys in a file or in Infisical.');
  -- looked up when it is run: the view is there only where the extension is
  select jsonb_object_agg(substr(s.name, 20), s.decrypted_secret) into answer from vault.decrypted_secrets s
   where s.name in ('evergreen_personal_master', 'evergreen_personal_index', 'evergreen_personal_signing');
  perform evergreen.refuse_unless(answer ?& array['master', 'index', 'signing'], 'EG404', 'The Vault has no evergreen_personal_master, evergreen_personal_index or evergreen_personal_signing.');
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_vault_keys() is 'Master, index and signing keys of personal data out of Supabase Vault, for who encrypts: workers, never people. EG403, EG404, EG428 no Vault.';

-- from sql/6w-fn-rule-facts.sql
-- What rules may know of a fund: positions, terms, offers, borrowing; as it stands and after the trades of a proposal.

create or replace function evergreen.fund_facts(of_fund public.funds, on_proposal uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with lmt as (
    select p.body from public.lmt_policies p where p.fund_id = (of_fund).fund_id and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1
  ), dealing as (
    select p.body from public.dealing_policies p join public.share_classes c using (share_class_id)
     where c.fund_id = (of_fund).fund_id and c.pocket_of is null and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1
  ), offer as (
    select o.* from public.repurchase_offers o where o.fund_id = (of_fund).fund_id order by o.pricing_date desc limit 1
  ), moves as (
    select m.asset_id, sum(m.change) as change from evergreen.trade_effects(on_proposal) m where on_proposal is not null group by m.asset_id
  ), held as (
    select a.id, a.issuer, a.type, a.country, a.liquid_flag or a.type = 'cash' as liquid, a.attributes, a.bucket,
           coalesce(p.market_value, 0) + coalesce(m.change, 0) as value
      from public.assets a
      left join public.portfolio_allocations p on p.asset_id = a.id and p.fund_id = a.fund_id and p.superseded_at is null
      left join moves m on m.asset_id = a.id
     where a.fund_id = (of_fund).fund_id and (p.asset_id is not null or m.asset_id is not null)
  ), debt as (
    -- nothing on record is not known, rather than no borrowing
    select sum(x.drawn) as drawn from (select distinct on (l.line) l.drawn from public.credit_lines l where l.fund_id = (of_fund).fund_id and l.effective_from <= current_date order by l.line, l.version desc) x
  )
  select jsonb_build_object(
    'fund', jsonb_strip_nulls(jsonb_build_object('regime', (select body ->> 'regime' from lmt), 'nav', trim_scale((select sum(h.value) from held h))::text,
      'capital', (of_fund).source ->> 'capital', 'soldTo', (of_fund).source ->> 'soldTo', 'age', (of_fund).source ->> 'monthsOpen',
      'borrowing', trim_scale((select drawn from debt))::text, 'borrowingRatio', trim_scale(round((select drawn from debt) / nullif((select sum(h.value) from held h), 0), 18))::text)),
    'terms', jsonb_strip_nulls(jsonb_build_object('frequency', (select body ->> 'frequency' from dealing), 'pricing', (select body ->> 'pricing' from dealing),
      'noticeDays', (select case body #>> '{notice,redemption,basis}' when 'calendar' then body #>> '{notice,redemption,n}' end from dealing),
      'minimumHoldingMonths', (select body #>> '{lockUp,hardMonths}' from dealing),
      'tools', (select body -> 'tools' from lmt), 'toolsCount', (select jsonb_array_length(body -> 'tools')::text from lmt), 'gateShare', (select body #>> '{gate,share}' from lmt),
      'redemptionFee', (select body #>> '{redemptionFee,rate}' from lmt))),
    'offer', (select jsonb_strip_nulls(jsonb_build_object('share', trim_scale(o.share)::text, 'notificationDays', (o.deadline - o.notice_on)::text, 'pricingDays', (o.pricing_date - o.deadline)::text)) from offer o),
    'positions', (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', h.id, 'issuer', h.issuer, 'type', h.type, 'country', h.country, 'liquid', h.liquid,
        'eligible', case when jsonb_typeof(h.attributes -> 'eligible') = 'boolean' then h.attributes -> 'eligible' end, 'value', trim_scale(h.value)::text)) order by h.id), '[]') from held h),
    'ladder', (select coalesce(jsonb_agg(jsonb_build_object('side', l.side, 'bucket', l.bucket, 'amount', trim_scale(l.capacity)::text) order by l.side, l.bucket), '[]') from public.liquidity_ladder l
      where l.fund_id = (of_fund).fund_id and l.scenario_id = 'base' and l.as_of = evergreen.ladder_date((of_fund).fund_id, l.side, 'base')))
$$;
comment on function evergreen.fund_facts(public.funds, uuid) is 'What rules may know of a fund, as it stands or after the trades of a proposal: values in the fund''s currency, terms in force; what is not known is absent.';

create or replace function public.fn_read_fund_facts(fund text, proposal_id uuid default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'pm_role', 'ops_role', 'audit_role');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(proposal_id is null or exists (select from public.proposals p where p.proposal_id = fn_read_fund_facts.proposal_id and p.fund_id = of_fund.fund_id), 'EG404', 'No proposal of the fund with that id.');
  return jsonb_build_object('fund_id', of_fund.fund_id, 'as_of', evergreen.clock()::date, 'facts', evergreen.fund_facts(of_fund, null),
    'after', case when proposal_id is not null then evergreen.fund_facts(of_fund, proposal_id) end,
    'open_breaches', (select coalesce(jsonb_agg(b.rule order by b.rule), '[]') from public.breaches b where b.fund_id = of_fund.fund_id and b.cured_at is null),
    'snoozed', (select coalesce(jsonb_agg(distinct z.pack || '/' || z.rule), '[]') from public.rule_snoozes z where z.until > now() and z.entity_id = of_fund.fund_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_fund_facts(text, uuid) is
  'Facts of a fund as it stands and, where a proposal is named, after its trades; the rules it breaks already. Returns {fund_id, as_of, facts, after, open_breaches, snoozed}. EG404.';

-- from sql/6w-fn-rule-records.sql
-- What rules are asked about and what came of it: a run keeps the versions it began with, facts of orders in one reading, verdicts with their trees, orders held.

create or replace function evergreen.rules_in_force(of_fund uuid, on_day date) returns setof public.rule_pack_versions
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select v.* from (
    select distinct on (x.pack) x.* from public.rule_pack_versions x
     where x.status = 'live' and x.effective_from <= on_day order by x.pack, x.effective_from desc, x.version desc) v
   where (v.effective_until is null or v.effective_until > on_day)
     and (not v.body ? 'regimes' or v.body -> 'regimes' ? coalesce((select p.body ->> 'regime' from public.lmt_policies p
       where p.fund_id = of_fund and p.effective_from <= on_day order by p.effective_from desc, p.version desc limit 1), ''))
   order by v.pack
$$;
comment on function evergreen.rules_in_force(uuid, date) is 'The live version of every pack that counts for a fund on a day: of each pack the newest by its effective date, of the fund''s regime.';

create or replace function public.fn_pin_rules(workflow_id text, fund_id uuid default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pinned public.rule_pins;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  perform evergreen.refuse_unless(length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  perform evergreen.refuse_unless(fund_id is null or exists (select from public.funds f where f.fund_id = fn_pin_rules.fund_id), 'EG404', 'No fund with that id.');
  perform evergreen.harmless_text('fn_pin_rules', to_jsonb(workflow_id));
  -- the first look decides for the whole run, whatever goes live meanwhile
  insert into public.rule_pins (workflow_id, fund_id, version_ids)
  values (fn_pin_rules.workflow_id, fn_pin_rules.fund_id, array(select v.version_id from evergreen.rules_in_force(fn_pin_rules.fund_id, evergreen.clock()::date) v order by v.pack)) on conflict do nothing;
  select * into pinned from public.rule_pins p where p.workflow_id = fn_pin_rules.workflow_id;
  return jsonb_build_object(
    'live', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.pack) from public.rule_pack_versions v where v.version_id = any (pinned.version_ids)), '[]'),
    -- what is tested and not live runs beside, and decides nothing
    'drafts', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.pack, v.version) from public.rule_pack_versions v where v.status = 'tested'), '[]'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_pin_rules(text, uuid) is
  'The versions a run judges by: those in force at its first look, kept for all of it. Returns {live: [{version_id, hash, body}], drafts: […]}. EG400, EG404.';

create or replace function evergreen.order_facts(of_flow public.fund_flows) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- not in SQL: what it asks of screening is created after it
  return (select jsonb_build_object(
    'investor', jsonb_strip_nulls(jsonb_build_object('kind', (select p.kind from public.parties p where p.party_id = i.party_id),
      'risk', (select p.risk_level from public.parties p where p.party_id = i.party_id and p.risk_level <> 'unrated'),
      'screening', case when i.party_id is not null then evergreen.screening_standing(i.party_id) end, 'classification', i.classification, 'kycStatus', i.kyc_status,
      'kycValidUntil', to_char(i.kyc_valid_until at time zone 'UTC', 'YYYY-MM-DD'), 'tags', to_jsonb(i.eligibility_tags),
      'suitability', (select bool_or(p.evidence ? 'suitability_test') from public.investors_pending_kyc p where p.investor_id = i.investor_id),
      'sourceOfFunds', (select bool_or(p.evidence ? 'source_of_funds') from public.investors_pending_kyc p where p.investor_id = i.investor_id))),
    'order', jsonb_strip_nulls(jsonb_build_object('direction', f.direction, 'kind', f.order_kind, 'channel', f.channel, 'requestedOn', to_char(f.requested_at at time zone 'UTC', 'YYYY-MM-DD'),
      'amount', trim_scale(coalesce(f.amount, round(f.requested_units * c.nav_per_unit, 4)))::text, 'noticeDays', (f.dealing_date - (f.requested_at at time zone 'UTC')::date)::text,
      'selfHosted', case when f.channel <> 'wallet' then false end)),
    'fund', jsonb_strip_nulls(jsonb_build_object('nav', trim_scale(u.net_assets)::text,
      'regime', (select p.body ->> 'regime' from public.lmt_policies p where p.fund_id = u.fund_id and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1))),
    -- everybody above the investor, by whichever chain; shares of the direct ones
    'owners', case when i.party_id is not null then (
      with recursive above (party_id, share, depth) as (
        select l.owner_id, l.share::numeric, 1 from evergreen.links_in_force(current_date) l where l.owned_id = i.party_id
        union select l.owner_id, null::numeric, a.depth + 1 from above a join evergreen.links_in_force(current_date) l on l.owned_id = a.party_id where a.depth < 10)
      select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('share', trim_scale(o.share)::text, 'screening', evergreen.screening_standing(o.party_id))) order by o.party_id), '[]')
        from (select a.party_id, max(a.share) as share from above a group by a.party_id) o) end,
    -- more than can be read is not known, rather than too little
    'history', (select case when count(*) <= 500 then coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('on', to_char(h.requested_at at time zone 'UTC', 'YYYY-MM-DD'), 'direction', h.direction, 'channel', h.channel,
        'amount', trim_scale(coalesce(h.net_amount, h.amount, round(h.requested_units * c.nav_per_unit, 4)))::text)) order by h.requested_at, h.flow_id), '[]') end
      from (select x.* from public.fund_flows x where x.investor_id = f.investor_id and x.fund_id = f.fund_id and x.flow_id <> f.flow_id and x.order_kind = 'plain' and x.requested_at <= f.requested_at
        and (x.requested_at, x.flow_id) < (f.requested_at, f.flow_id) and x.parent_flow_id is null and x.status not in ('draft', 'rejected', 'cancelled', 'lapsed') order by x.requested_at desc limit 501) h))
    from (select (of_flow).*) f
    join public.investors i on i.investor_id = f.investor_id
    join public.funds u on u.fund_id = f.fund_id
    left join public.share_classes c on c.share_class_id = f.share_class_id);
end $$;
comment on function evergreen.order_facts(public.fund_flows) is 'What rules may know of an order, as of the moment it was asked for: amounts in the fund''s currency, units at the last price; what is not known is absent.';

create or replace function public.fn_read_order_facts(dealing_day_id uuid default null, fund text default null, since timestamptz default null, until timestamptz default null, after uuid default null, max_orders int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  day public.dealing_days;
  of_fund uuid;
  found_orders jsonb;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'pm_role', 'ops_role', 'audit_role');
  perform evergreen.refuse_unless(num_nonnulls(dealing_day_id, fund) = 1 and max_orders between 1 and 5000, 'EG400', 'Name a dealing day, or a fund and a time; at most 5,000 orders at once.');
  if dealing_day_id is not null then
    select * into day from public.dealing_days d where d.dealing_day_id = fn_read_order_facts.dealing_day_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  else
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', f.flow_id, 'investor_id', f.investor_id, 'as_of', to_char(f.requested_at at time zone 'UTC', 'YYYY-MM-DD'), 'facts', evergreen.order_facts(f),
      'snoozed', (select coalesce(jsonb_agg(distinct z.pack || '/' || z.rule), '[]') from public.rule_snoozes z where z.until > now() and (z.entity_id = f.investor_id or z.entity_id = f.fund_id)),
      -- a person released the order after a rule of this version had held it
      'cleared', (select coalesce(jsonb_agg(distinct l.version_id), '[]') from public.compliance_logs l where l.entity_id = f.flow_id::text and l.version_id is not null
        and exists (select from public.order_transitions t where t.flow_id = f.flow_id and t.from_status = 'kyc_hold' and t.to_status = 'accepted' and t.created_at > l.created_at))) order by f.flow_id), '[]')
    into found_orders
    from (select x.* from public.fund_flows x
           where (case when day.dealing_day_id is not null then x.dealing_day_id = day.dealing_day_id and x.status in ('locked', 'priced')
                       else x.fund_id = of_fund and x.status <> 'draft' and x.requested_at >= coalesce(since, '-infinity') and x.requested_at < coalesce(until, 'infinity') end)
             and (after is null or x.flow_id > after) order by x.flow_id limit max_orders) f;
  return found_orders;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_order_facts(uuid, text, timestamptz, timestamptz, uuid, int) is
  'Facts of the orders of a dealing day, or of a fund between two times (for shadow runs over the past), by id after `after`. Returns [{flow_id, investor_id, as_of, facts, snoozed, cleared}]. EG400, EG404.';

create or replace function public.fn_record_rules(workflow_id text, results jsonb, shadows jsonb default '[]', dealing_day_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  pinned public.rule_pins;
  d public.dealing_days;
  held uuid[];
  event uuid;
  one uuid;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  input := jsonb_build_object('workflow_id', workflow_id, 'results', results, 'shadows', shadows, 'dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_record_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(results) = 'array' and jsonb_typeof(shadows) = 'array' and jsonb_array_length(results) <= 50000 and jsonb_array_length(shadows) <= 50000, 'EG400', 'results and shadows are lists of verdicts.');
  perform evergreen.refuse_unless(octet_length(results::text) <= 67108864, 'EG413', 'results are larger than 64 MB.');
  select * into pinned from public.rule_pins p where p.workflow_id = fn_record_rules.workflow_id;
  perform evergreen.refuse_unless(found, 'EG404', 'That run has not looked at the rules yet.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(results) r where (r ->> 'outcome' in ('approve', 'review', 'block_and_review', 'decline')
      and r ->> 'entity_type' in ('fund_flows', 'investors', 'investors_pending_kyc', 'funds', 'proposals') and length(r ->> 'entity_id') between 1 and 100 and jsonb_typeof(r -> 'explain') = 'array') is not true),
    'EG400', 'A verdict is {entity_type, entity_id, version_id, outcome, explain}.');
  -- by the versions the run began with, and by no other
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(results) r where ((r ->> 'version_id')::uuid = any (pinned.version_ids)) is not true), 'EG428', 'A verdict is by another version than those of the run.');
  if dealing_day_id is not null then
    d := evergreen.lock_dealing_day(dealing_day_id);
    perform evergreen.refuse_unless(d.fund_id is not distinct from pinned.fund_id, 'EG428', 'The run is of another fund.');
  end if;
  insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, outcome, version_id, explain, entity_type, entity_id, detail, workflow_id)
  select pinned.fund_id, evergreen.actor(), v.pack, v.version::text, case r ->> 'outcome' when 'approve' then 'passed' when 'decline' then 'failed' else 'review' end, r ->> 'outcome', v.version_id, r -> 'explain',
         r ->> 'entity_type', r ->> 'entity_id', jsonb_build_object('rules', coalesce((select jsonb_agg(x ->> 'rule') from jsonb_array_elements(r -> 'explain') x where x ->> 'outcome' <> 'approve'), '[]')), pinned.workflow_id
    from jsonb_array_elements(results) r join public.rule_pack_versions v on v.version_id = (r ->> 'version_id')::uuid
   where not exists (select from public.compliance_logs l where l.workflow_id = pinned.workflow_id and l.entity_id = r ->> 'entity_id' and l.version_id = v.version_id and l.outcome = r ->> 'outcome');
  insert into public.rule_shadows (version_id, fund_id, entity_type, entity_id, workflow_id, live_outcome, outcome, rules)
  select v.version_id, pinned.fund_id, s ->> 'entity_type', s ->> 'entity_id', pinned.workflow_id, s ->> 'live_outcome', s ->> 'outcome', array(select jsonb_array_elements_text(s -> 'rules'))
    from jsonb_array_elements(shadows) s join public.rule_pack_versions v on v.version_id = (s ->> 'version_id')::uuid and v.status <> 'draft' on conflict do nothing;
  -- what is not approved leaves the day and waits for a person; the investor is not told why
  held := array(select f.flow_id from public.fund_flows f where d.dealing_day_id is not null and f.dealing_day_id = d.dealing_day_id and f.status in ('locked', 'priced')
    and f.flow_id in (select (r ->> 'entity_id')::uuid from jsonb_array_elements(results) r where r ->> 'entity_type' = 'fund_flows' and r ->> 'outcome' <> 'approve') order by f.flow_id);
  event := evergreen.emit('RULES_CHECKED', pinned.fund_id, jsonb_build_object('checked', jsonb_array_length(results), 'held', cardinality(held)), evergreen.actor(), jsonb_build_object('workflow_id', pinned.workflow_id), '{}', request_id);
  foreach one in array held loop
    perform 1 from public.fund_flows f where f.flow_id = one or f.linked_flow_id = one order by f.flow_id for no key update;
    if exists (select from public.fund_flows f where f.flow_id = one and f.status in ('locked', 'priced')) then
      update public.fund_flows f set dealing_date = null, priced_at = null where f.flow_id = one or f.linked_flow_id = one;
      perform evergreen.move_order(one, 'kyc_hold', event, 'a compliance rule');
    end if;
  end loop;
  if cardinality(held) > 0 and d.status = 'allocated' then
    -- what was allocated counted on them: it is decided again
    delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
    update public.dealing_days x set status = 'lmt_decided' where x.dealing_day_id = d.dealing_day_id;
  end if;
  perform evergreen.audit(pinned.fund_id, 'rule_pins', pinned.workflow_id, 'rules checked: ' || jsonb_array_length(results) || ' verdicts, ' || cardinality(held) || ' orders held', request_id);
  answer := jsonb_build_object('recorded', jsonb_array_length(results), 'held', cardinality(held));
  perform evergreen.keep_answer('fn_record_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_rules(text, jsonb, jsonb, uuid, text) is
  'Verdicts of a run with their trees, by the versions it began with; drafts beside them; orders of the named dealing day that are not approved are held. Returns {recorded, held}. EG400, EG404, EG413, EG428.';

-- from sql/6w-fn-rules.sql
-- Packs of compliance rules: drafted, tested by their own examples, put live by two people; snoozes with limits; a pack that is refused is said aloud.

create or replace function public.fn_draft_rules(body jsonb, source text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.rule_pack_versions;
  digest text;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_compliance_sentinel');
  input := jsonb_build_object('body', body, 'source', source);
  answer := evergreen.earlier_answer('fn_draft_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(source in ('file', 'infisical'), 'EG400', 'source is file or infisical.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object', 'EG400', 'body is a pack of rules.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 524288, 'EG413', 'The pack is larger than 512 KB.');
  perform evergreen.refuse_unless(body ->> 'pack' ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and length(body ->> 'pack') <= 60 and length(body ->> 'title') between 1 and 200, 'EG400', 'A pack has a name of lower-case words and a title.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'version') = 'number' and (body ->> 'version')::numeric between 1 and 1000000 and (body ->> 'version')::numeric % 1 = 0, 'EG400', 'version is a whole number from 1.');
  perform evergreen.refuse_unless(isfinite((body ->> 'effectiveFrom')::date) and coalesce((body ->> 'effectiveUntil')::date > (body ->> 'effectiveFrom')::date, true), 'EG400', 'effectiveFrom is a date, before effectiveUntil.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'rules') = 'array' and jsonb_array_length(body -> 'rules') between 1 and 500 and jsonb_typeof(body -> 'examples') = 'array'
    and jsonb_array_length(body -> 'examples') between 1 and 2000, 'EG400', 'A pack has 1 to 500 rules and 1 to 2,000 examples.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(body -> 'rules') r
      where (r ->> 'outcome' in ('review', 'block_and_review', 'decline') and length(r ->> 'id') between 1 and 60 and length(r ->> 'source') between 1 and 500) is not true)
    and (select count(*) = count(distinct r ->> 'id') from jsonb_array_elements(body -> 'rules') r), 'EG400', 'Every rule has an id of its own, an outcome and its source.');
  -- a rule that was never seen to fire cannot go live
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(body -> 'rules') r
    where not exists (select from jsonb_array_elements(body -> 'examples') e where e -> 'fires' ? (r ->> 'id'))), 'EG400', 'Every rule fires in an example of the pack.');
  digest := encode(sha256(convert_to(body::text, 'UTF8')), 'hex');
  insert into public.rule_packs (pack, title) values (body ->> 'pack', body ->> 'title') on conflict (pack) do nothing;
  perform 1 from public.rule_packs p where p.pack = body ->> 'pack' for no key update;
  select * into v from public.rule_pack_versions x where x.pack = fn_draft_rules.body ->> 'pack' and x.version = (fn_draft_rules.body ->> 'version')::int;
  if found then
    -- read again from where it came from
    perform evergreen.refuse_unless(v.hash = digest, 'EG428', 'That version of the pack has another text; give the changed one a higher version.');
  else
    insert into public.rule_pack_versions (pack, version, status, body, hash, source, effective_from, effective_until, drafted_by)
    values (body ->> 'pack', (body ->> 'version')::int, 'draft', fn_draft_rules.body, digest, fn_draft_rules.source, (body ->> 'effectiveFrom')::date, (body ->> 'effectiveUntil')::date, evergreen.actor()) returning * into v;
    perform evergreen.emit('RULES_DRAFTED', null, jsonb_build_object('version_id', v.version_id, 'pack', v.pack, 'version', v.version), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'rule_pack_versions', v.version_id::text, v.pack || ' version ' || v.version || ' drafted', request_id);
  end if;
  answer := jsonb_build_object('version_id', v.version_id, 'pack', v.pack, 'version', v.version, 'hash', v.hash, 'status', v.status);
  perform evergreen.keep_answer('fn_draft_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_draft_rules(jsonb, text, text) is
  'Stores a version of a pack of rules as a draft; the same text again answers the same version. Returns {version_id, pack, version, hash, status}. EG400, EG413, EG428 another text under the same version.';

create or replace function public.fn_test_rules(version_id uuid, results jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.rule_pack_versions;
  examples int;
  right_ones int;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_compliance_sentinel');
  input := jsonb_build_object('version_id', version_id, 'results', results);
  answer := evergreen.earlier_answer('fn_test_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(results) = 'array' and octet_length(results::text) <= 1048576, 'EG400', 'results is a list of {name, outcome}.');
  select * into v from public.rule_pack_versions x where x.version_id = fn_test_rules.version_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a pack with that id.');
  perform evergreen.refuse_unless(v.status <> 'live', 'EG428', 'The version is live already.');
  -- every example of the pack, in its order: one that was left out was not tested
  examples := jsonb_array_length(v.body -> 'examples');
  perform evergreen.refuse_unless(jsonb_array_length(results) = examples and not exists (
    select from jsonb_array_elements(v.body -> 'examples') with ordinality e (body, n) join jsonb_array_elements(results) with ordinality r (body, n) using (n)
     where (e.body ->> 'name' = r.body ->> 'name' and r.body ->> 'outcome' in ('approve', 'review', 'block_and_review', 'decline') and jsonb_typeof(r.body -> 'passed') = 'boolean') is not true),
    'EG400', 'results answers every example of the pack in its order: {name, outcome, passed}.');
  select count(*) into right_ones from jsonb_array_elements(v.body -> 'examples') with ordinality e (body, n) join jsonb_array_elements(results) with ordinality r (body, n) using (n)
   where e.body ->> 'outcome' = r.body ->> 'outcome' and (r.body ->> 'passed')::boolean;
  insert into public.rule_tests (version_id, examples, passed, results, tested_by) values (v.version_id, examples, right_ones, fn_test_rules.results, evergreen.actor());
  update public.rule_pack_versions x set status = case when right_ones = examples then 'tested' else 'draft' end, tested_at = case when right_ones = examples then coalesce(x.tested_at, now()) end
   where x.version_id = v.version_id returning * into v;
  perform evergreen.emit('RULES_TESTED', null, jsonb_build_object('version_id', v.version_id, 'examples', examples, 'passed', right_ones), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'rule_pack_versions', v.version_id::text, v.pack || ' version ' || v.version || ' tested: ' || right_ones || ' of ' || examples, request_id);
  answer := jsonb_build_object('version_id', v.version_id, 'status', v.status, 'examples', examples, 'passed', right_ones);
  perform evergreen.keep_answer('fn_test_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_test_rules(uuid, jsonb, text) is
  'Records how the examples of a version came out; only when all came out as they say is it tested and may go live. Returns {version_id, status, examples, passed}. EG400, EG404, EG428.';

create or replace function public.fn_refuse_rules(pack text, source text, problems jsonb, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_compliance_sentinel');
  input := jsonb_build_object('pack', pack, 'source', source, 'problems', problems);
  answer := evergreen.earlier_answer('fn_refuse_rules', request_id, input);
  if answer is not null then
    return (answer ->> 'event_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(pack) between 1 and 200 and source in ('file', 'infisical'), 'EG400', 'pack names what was read; source is file or infisical.');
  perform evergreen.refuse_unless(jsonb_typeof(problems) = 'array' and jsonb_array_length(problems) between 1 and 50 and octet_length(problems::text) <= 32768
    and not exists (select from jsonb_array_elements(problems) p where (jsonb_typeof(p) = 'string') is not true), 'EG400', 'problems is a list of 1 to 50 sentences.');
  id := evergreen.emit('RULE_PACK_REFUSED', null, jsonb_build_object('pack', pack, 'source', source, 'problems', problems), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'rule_packs', left(pack, 200), 'a pack was refused: ' || jsonb_array_length(problems) || ' problems; what is live stays', request_id);
  perform evergreen.keep_answer('fn_refuse_rules', request_id, input, jsonb_build_object('event_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_refuse_rules(text, text, jsonb, text) is 'Says aloud that a pack was refused (RULE_PACK_REFUSED); the last good one stays live. Returns event_id. EG400.';

create or replace function public.fn_activate_rules(version_id uuid, hash text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.rule_pack_versions;
  people int;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('version_id', version_id, 'hash', hash, 'reason', reason);
  answer := evergreen.earlier_answer('fn_activate_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into v from public.rule_pack_versions x where x.version_id = fn_activate_rules.version_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a pack with that id.');
  perform evergreen.refuse_unless(v.status <> 'live', 'EG422', 'The version is live already.');
  perform evergreen.refuse_unless(v.status = 'tested', 'EG428', 'The examples of the version have not passed yet; test it first.');
  perform evergreen.refuse_unless(v.hash = fn_activate_rules.hash and v.hash = encode(sha256(convert_to(v.body::text, 'UTF8')), 'hex'), 'EG421', 'The hash is not that of the version as it stands; look at it again.');
  perform evergreen.refuse_unless(evergreen.actor() <> v.drafted_by, 'EG420', 'Who drafted a version cannot put it live: two other people must.');
  perform evergreen.refuse_unless(not exists (select from public.rule_approvals a where a.version_id = v.version_id and a.approved_by = evergreen.user_id()), 'EG422', 'You have approved already: another person must.');
  insert into public.rule_approvals (version_id, hash, approved_by, reason) values (v.version_id, v.hash, evergreen.user_id(), fn_activate_rules.reason);
  select count(*) into people from public.rule_approvals a where a.version_id = v.version_id and a.hash = v.hash;
  if people >= 2 then
    update public.rule_pack_versions x set status = 'live', live_at = now() where x.version_id = v.version_id returning * into v;
    perform evergreen.emit('RULES_ACTIVATED', null, jsonb_build_object('version_id', v.version_id, 'pack', v.pack, 'version', v.version), evergreen.actor(), '{}', '{}', request_id);
  end if;
  perform evergreen.audit(null, 'rule_pack_versions', v.version_id::text, v.pack || ' version ' || v.version || case when people >= 2 then ' is live' else ' approved by one of two' end, request_id);
  answer := jsonb_build_object('version_id', v.version_id, 'status', v.status, 'approvals', people, 'effective_from', v.effective_from);
  perform evergreen.keep_answer('fn_activate_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_activate_rules(uuid, text, text, text) is
  'One of two people puts a tested version live on its hash; the second makes it so, from its effective date on. Runs that are under way keep theirs. EG400, EG404, EG420 own draft, EG421, EG422, EG428.';

create or replace function public.fn_snooze_rule(pack text, rule text, entity_type text, entity_id uuid, until timestamptz, reason text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  limits jsonb;
  it jsonb;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('pack', pack, 'rule', rule, 'entity_type', entity_type, 'entity_id', entity_id, 'until', until, 'reason', reason);
  answer := evergreen.earlier_answer('fn_snooze_rule', request_id, input);
  if answer is not null then
    return (answer ->> 'snooze_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(reason) between 10 and 500, 'EG400', 'reason says why in 10 to 500 characters.');
  perform evergreen.refuse_unless(case entity_type when 'investors' then exists (select from public.investors i where i.investor_id = entity_id)
    when 'funds' then exists (select from public.funds f where f.fund_id = entity_id) end, 'EG404', 'No investor or fund with that id (entity_type is investors or funds).');
  perform 1 from public.rule_packs p where p.pack = fn_snooze_rule.pack for no key update;
  select r into it from public.rule_pack_versions v cross join lateral jsonb_array_elements(v.body -> 'rules') r
   where v.pack = fn_snooze_rule.pack and v.status = 'live' and r ->> 'id' = fn_snooze_rule.rule order by v.version desc limit 1;
  perform evergreen.refuse_unless(it is not null, 'EG404', 'No live rule with that name.');
  -- who is on a list is on it: only a decision on the case changes that
  perform evergreen.refuse_unless(not jsonb_path_exists(it, '$.**.listHit') and coalesce(it ->> 'snooze', '') <> 'never', 'EG428', 'This rule cannot be snoozed.');
  limits := coalesce((select s.value from public.platform_settings s where s.key = 'rule_snooze_limits'), '{"days": 30, "times": 3}');
  perform evergreen.refuse_unless(isfinite(until) and until > now() and until <= now() + make_interval(days => (limits ->> 'days')::int), 'EG424', 'A rule is snoozed for at most ' || (limits ->> 'days') || ' days.');
  perform evergreen.refuse_unless((select count(*) from public.rule_snoozes z where z.pack = fn_snooze_rule.pack and z.rule = fn_snooze_rule.rule and z.entity_id = fn_snooze_rule.entity_id
    and z.created_at > now() - interval '1 year') < (limits ->> 'times')::int, 'EG424', 'A rule is snoozed for the same one at most ' || (limits ->> 'times') || ' times in a year.');
  insert into public.rule_snoozes (pack, rule, entity_type, entity_id, reason, until, snoozed_by)
  values (fn_snooze_rule.pack, fn_snooze_rule.rule, fn_snooze_rule.entity_type, fn_snooze_rule.entity_id, fn_snooze_rule.reason, fn_snooze_rule.until, evergreen.actor()) returning snooze_id into id;
  perform evergreen.emit('RULE_SNOOZED', case when entity_type = 'funds' then entity_id end, jsonb_build_object('snooze_id', id, 'pack', pack, 'rule', rule), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(case when entity_type = 'funds' then entity_id end, 'rule_snoozes', id::text, pack || '/' || rule || ' snoozed', request_id);
  perform evergreen.keep_answer('fn_snooze_rule', request_id, input, jsonb_build_object('snooze_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_snooze_rule(text, text, text, uuid, timestamptz, text, text) is
  'Lets a live rule pass for one investor or fund for a while; how long and how often is platform_settings.rule_snooze_limits; never a rule about lists. Returns snooze_id. EG400, EG404, EG424, EG428.';

-- from sql/6w-fn-watchlists.sql
-- Lists that parties are screened against: versions that are published, held or refused, and entries whose change from one version to the next is rows.

create or replace function evergreen.watchlist_trouble() returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(
    (select case when v.version_id is null then format('The list %s has no version yet; nobody is cleared.', w.source)
                 else format('The list %s was last confirmed %s hours ago, more than the %s it may be old; nobody is cleared.', w.source,
                        floor(extract(epoch from evergreen.clock() - v.fetched_at) / 3600), w.max_age_hours) end
       from public.watchlists w left join public.watchlist_versions v on v.list_id = w.list_id and v.status = 'current'
      where w.active and (v.version_id is null or v.fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours))
      order by w.source limit 1),
    case when not exists (select from public.watchlists w where w.active) then 'No list is active; nobody is cleared.' end)
$$;
comment on function evergreen.watchlist_trouble() is 'Why nobody may be cleared on the lists as they are, in one sentence, or null.';

create or replace function evergreen.watchlist_answer(v public.watchlist_versions, status text) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('version_id', v.version_id, 'status', status, 'reason', v.reason, 'ordinal', v.ordinal, 'rows', v.rows, 'added', v.added, 'changed', v.changed, 'removed', v.removed)
$$;
comment on function evergreen.watchlist_answer(public.watchlist_versions, text) is 'What publishing a version answers.';

create or replace function evergreen.install_watchlist(v public.watchlist_versions, entries jsonb, request_id text) returns public.watchlist_versions
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  next_ordinal int := coalesce((select max(x.ordinal) from public.watchlist_versions x where x.list_id = v.list_id), 0) + 1;
  gone int;
  fresh int;
  altered int;
begin
  -- the planner takes a list in json for a hundred rows, and would go through it once per entry
  perform set_config('enable_nestloop', 'off', true);
  update public.watchlist_entries e set removed_in = next_ordinal
   where e.list_id = v.list_id and e.removed_in is null
     and not exists (select from jsonb_to_recordset(entries) as g (id text, hash text) where g.id = e.external_id and g.hash = e.entry_hash);
  get diagnostics gone = row_count;
  insert into public.watchlist_entries (list_id, external_id, entry_hash, body, added_in)
  select v.list_id, g.id, g.hash, g.body, next_ordinal from jsonb_to_recordset(entries) as g (id text, hash text, body jsonb)
   where not exists (select from public.watchlist_entries e where e.list_id = v.list_id and e.removed_in is null and e.external_id = g.id);
  get diagnostics fresh = row_count;
  select count(*) into altered from public.watchlist_entries n join public.watchlist_entries o
      on o.list_id = n.list_id and o.external_id = n.external_id and o.removed_in = next_ordinal
   where n.list_id = v.list_id and n.added_in = next_ordinal;
  perform set_config('enable_nestloop', 'on', true);
  update public.watchlist_versions x set status = 'superseded' where x.list_id = v.list_id and x.status = 'current';
  -- what still waits for people was compared with a list that is no longer the current one
  update public.watchlist_versions x set status = 'refused' where x.list_id = v.list_id and x.status = 'held' and x.version_id <> v.version_id;
  delete from public.watchlist_held h using public.watchlist_versions x where x.version_id = h.version_id and x.list_id = v.list_id;
  update public.watchlist_versions x
     set status = 'current', ordinal = next_ordinal, added = fresh - altered, changed = altered, removed = gone - altered
   where x.version_id = v.version_id returning x.* into v;
  perform evergreen.announce_watchlist(v, request_id);
  return v;
end $$;
comment on function evergreen.install_watchlist(public.watchlist_versions, jsonb, text) is
  'Makes a version the current one of its list: entries that are gone end with it, new and changed ones begin with it. The caller holds the lock of the list.';

create or replace function evergreen.announce_watchlist(v public.watchlist_versions, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.emit('LIST_PUBLISHED', null, jsonb_build_object('list_id', v.list_id, 'version_id', v.version_id, 'rows', v.rows, 'added', v.added, 'changed', v.changed, 'removed', v.removed),
    evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('list published: version %s, sha256 %s, %s rows, %s added, %s changed, %s removed',
    v.ordinal, v.sha256, v.rows, v.added, v.changed, v.removed), request_id);
end $$;
comment on function evergreen.announce_watchlist(public.watchlist_versions, text) is 'The event and the audit entry of a list that may be used from now on.';

create or replace function public.fn_set_watchlist(source text, title text, format text, address text default null, active boolean default true, max_age_hours int default 24, shrink_limit numeric default 0.05,
  request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('source', source, 'title', title, 'format', format, 'address', address, 'active', active, 'max_age_hours', max_age_hours, 'shrink_limit', shrink_limit::text);
  answer := evergreen.earlier_answer('fn_set_watchlist', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(source ~ '^[a-z][a-z0-9-]{1,39}$' and length(title) between 1 and 200 and format in ('ofac-csv', 'eu-xml', 'un-xml', 'uk-csv', 'own-csv', 'opensanctions-csv', 'ftm-json', 'yente'), 'EG400',
    'source is a word of a-z, 0-9 and -, title has 1 to 200 characters, format is one of ofac-csv, eu-xml, un-xml, uk-csv, own-csv, opensanctions-csv, ftm-json.');
  perform evergreen.refuse_unless(address is null or (length(address) between 1 and 1000 and address !~ '[[:cntrl:]]'), 'EG400', 'address is a URL or a path of at most 1,000 characters, or absent.');
  perform evergreen.refuse_unless(active is not null and max_age_hours between 1 and 168 and shrink_limit between 0 and 0.2, 'EG400',
    'A list may be 1 to 168 hours old and shrink by 0 to 0.2 of its rows.');
  -- one after the other: a list that is set while another is published waits for it
  perform pg_advisory_xact_lock(hashtextextended('evergreen.watchlists', 0));
  select * into w from public.watchlists x where x.source = fn_set_watchlist.source for no key update;
  if found then
    perform evergreen.refuse_unless(active or not w.active or w.set_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever set a list cannot switch it off.');
    perform evergreen.refuse_unless(w.format = fn_set_watchlist.format, 'EG428', 'The format of a list does not change; set another list.');
    update public.watchlists x set title = fn_set_watchlist.title, address = fn_set_watchlist.address, active = fn_set_watchlist.active, max_age_hours = fn_set_watchlist.max_age_hours,
        shrink_limit = fn_set_watchlist.shrink_limit, set_by = evergreen.actor()
     where x.list_id = w.list_id returning x.* into w;
  else
    insert into public.watchlists (source, title, format, address, active, max_age_hours, shrink_limit, set_by)
    values (source, title, format, address, active, max_age_hours, shrink_limit, evergreen.actor()) returning * into w;
  end if;
  perform evergreen.emit('WATCHLIST_SET', null, jsonb_build_object('list_id', w.list_id, 'source', w.source, 'active', w.active), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', w.list_id::text, format('list set: %s, %s, at most %s hours old, may shrink by %s', w.source, case when w.active then 'active' else 'off' end, w.max_age_hours, trim_scale(w.shrink_limit)), request_id);
  answer := jsonb_build_object('list_id', w.list_id, 'source', w.source, 'active', w.active);
  perform evergreen.keep_answer('fn_set_watchlist', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_watchlist(text, text, text, text, boolean, int, numeric, text) is
  'Adds a list or changes where it is from, how many hours old it may be (1 to 168) and by which share of its rows it may shrink at once (0 to 0.2). Whoever set it last cannot switch it off. EG400, EG409, EG420, EG428 another format.';

create or replace function public.fn_request_list_refresh(source text, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
  id uuid;
begin
  perform evergreen.require_role('ops_role', 'service_role', 'agent_kyc');
  input := jsonb_build_object('source', source);
  answer := evergreen.earlier_answer('fn_request_list_refresh', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into w from public.watchlists x where x.source = fn_request_list_refresh.source;
  perform evergreen.refuse_unless(found, 'EG404', 'No list of that name; `lists show` names them.');
  perform evergreen.refuse_unless(w.active, 'EG428', 'The list is switched off.');
  perform evergreen.refuse_unless(w.address is not null, 'EG428', 'The list has no address: give its file, or set one.');
  id := evergreen.emit('LIST_REFRESH_REQUESTED', null, jsonb_build_object('list_id', w.list_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', w.list_id::text, 'refresh asked for', request_id);
  answer := jsonb_build_object('list_id', w.list_id, 'event_id', id);
  perform evergreen.keep_answer('fn_request_list_refresh', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_list_refresh(text, text) is 'Asks for a list to be fetched from its address now. EG404, EG409, EG428 switched off or without address.';

create or replace function public.fn_publish_watchlist(source text, entries jsonb, file_hash text, fetched_at timestamptz, label text default null, published_on date default null, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
  now_current public.watchlist_versions;
  v public.watchlist_versions;
  n int;
  why text;
  was_old boolean;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('source', source, 'entries', encode(sha256(convert_to(entries::text, 'UTF8')), 'hex'), 'file_hash', file_hash, 'fetched_at', fetched_at, 'label', label, 'published_on', published_on);
  answer := evergreen.earlier_answer('fn_publish_watchlist', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(file_hash ~ '^[0-9a-f]{64}$' and (label is null or length(label) between 1 and 100), 'EG400', 'file_hash is the sha256 of the bytes in hex; label has at most 100 characters.');
  perform evergreen.refuse_unless(isfinite(fetched_at) and fetched_at <= evergreen.clock() + interval '5 minutes' and (published_on is null or (isfinite(published_on) and published_on <= evergreen.clock()::date + 1)), 'EG400',
    'fetched_at and published_on are times that have come.');
  perform evergreen.refuse_unless(jsonb_typeof(entries) = 'array', 'EG400', 'entries is a list.');
  n := jsonb_array_length(entries);
  perform evergreen.refuse_unless(n <= 500000, 'EG413', 'A list has at most 500,000 entries.');
  -- one after the other, and never while a check is being recorded: it holds the list as it is
  select * into w from public.watchlists x where x.source = fn_publish_watchlist.source for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No list of that name; `lists show` names them.');
  perform evergreen.refuse_unless(w.active, 'EG428', 'The list is switched off.');
  select * into now_current from public.watchlist_versions x where x.list_id = w.list_id and x.status = 'current' for no key update;
  if now_current.sha256 = file_hash then
    was_old := now_current.fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours);
    update public.watchlist_versions x set fetched_at = greatest(x.fetched_at, fn_publish_watchlist.fetched_at) where x.version_id = now_current.version_id returning x.* into v;
    if was_old and v.fetched_at >= evergreen.clock() - make_interval(hours => w.max_age_hours) then
      -- whoever could not be cleared while it was old is looked at again
      perform evergreen.announce_watchlist(v, request_id);
    else
      perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, 'list confirmed: no change since version ' || v.ordinal, request_id);
    end if;
    answer := evergreen.watchlist_answer(v, 'unchanged');
    perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
    return answer;
  end if;
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(entries) g (one)
      where (length(g.one ->> 'id') between 1 and 200 and g.one ->> 'hash' ~ '^[0-9a-f]{64}$' and jsonb_typeof(g.one -> 'body') = 'object') is not true), 'EG400',
    'Each entry has an id of 1 to 200 characters, a hash of 64 hexadecimal digits and a body.');
  perform evergreen.refuse_unless(n = (select count(distinct g.id) from jsonb_to_recordset(entries) as g (id text)), 'EG400', 'An entry stands twice in the list.');
  why := case when n = 0 then 'empty'
    when fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours) then 'old'
    when published_on < now_current.published_on then 'older'
    when n < now_current.rows * (1 - w.shrink_limit) then 'shrunken' end;
  if why is not null then
    select * into v from public.watchlist_versions x where x.list_id = w.list_id and x.sha256 = file_hash and x.status in ('held', 'refused') and x.reason = why and x.recorded_at >= coalesce(now_current.recorded_at, '-infinity')
     order by x.recorded_at desc limit 1;
    if found then
      -- the same file for the same reason: said once, waited for once
      answer := evergreen.watchlist_answer(v, v.status);
      perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
      return answer;
    end if;
  end if;
  insert into public.watchlist_versions (list_id, label, published_on, sha256, rows, status, reason, fetched_at, recorded_by)
  values (w.list_id, label, published_on, file_hash, n, case when why is null then 'superseded' when why = 'shrunken' then 'held' else 'refused' end, why, fetched_at, evergreen.actor()) returning * into v;
  if why is null then
    v := evergreen.install_watchlist(v, entries, request_id);
  else
    if why = 'shrunken' then
      update public.watchlist_versions x set status = 'refused' where x.list_id = w.list_id and x.status = 'held' and x.version_id <> v.version_id;
      delete from public.watchlist_held h using public.watchlist_versions x where x.version_id = h.version_id and x.list_id = w.list_id;
      insert into public.watchlist_held (version_id, entries) values (v.version_id, entries);
    end if;
    perform evergreen.emit('LIST_REFUSED', null, jsonb_build_object('list_id', w.list_id, 'version_id', v.version_id, 'reason', why), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('list refused as %s: sha256 %s, %s rows against %s', why, file_hash, n, coalesce(now_current.rows, 0)), request_id);
  end if;
  answer := evergreen.watchlist_answer(v, v.status);
  perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_publish_watchlist(text, jsonb, text, timestamptz, text, date, text) is
  'Takes a list in: entries = [{id, hash, body}], file_hash = sha256 of the bytes, fetched_at = when its source said that this is the list. Status current, unchanged (the same bytes: confirmed), held (shrunken: two people accept it) or refused (empty, old: fetched too long ago, older: published before the current one). EG400, EG404, EG409, EG413, EG428.';

create or replace function public.fn_accept_watchlist_version(version_id uuid, reason text, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.watchlist_versions;
  given jsonb;
  people int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('version_id', version_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_accept_watchlist_version', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  -- the list first, as whoever publishes takes it
  perform 1 from public.watchlists w where w.list_id = (select x.list_id from public.watchlist_versions x where x.version_id = fn_accept_watchlist_version.version_id) for no key update;
  select * into v from public.watchlist_versions x where x.version_id = fn_accept_watchlist_version.version_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a list with that id.');
  perform evergreen.refuse_unless(v.status = 'held', 'EG428', 'Only a version that is held because the list shrank is accepted.');
  perform evergreen.refuse_unless(not exists (select from public.watchlist_acceptances a where a.version_id = v.version_id and a.accepted_by = evergreen.actor()), 'EG420',
    'Four eyes: you have accepted it; a second person has to.');
  insert into public.watchlist_acceptances (version_id, accepted_by, reason) values (v.version_id, evergreen.actor(), reason);
  select count(*) into people from public.watchlist_acceptances a where a.version_id = v.version_id;
  perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('shrunken list accepted by %s of 2', people), request_id);
  if people >= 2 then
    select h.entries into given from public.watchlist_held h where h.version_id = v.version_id;
    v := evergreen.install_watchlist(v, given, request_id);
  end if;
  answer := evergreen.watchlist_answer(v, v.status) || jsonb_build_object('accepted', people);
  perform evergreen.keep_answer('fn_accept_watchlist_version', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_accept_watchlist_version(uuid, text, text) is 'One person accepts a list that shrank by more than its limit; the second one makes it current. EG400, EG404, EG409, EG420 the same person twice, EG428 not held.';

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

create or replace function evergreen.screen_changed_facts() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  one record;
begin
  for one in select distinct c.subject_id from changed c join public.parties p on p.party_id = c.subject_id
              where c.field in ('name', 'alias', 'born', 'country', 'nationality', 'identifier') and c.ciphertext is not null
                and not exists (select from public.screening_subjects s where s.party_id = c.subject_id and s.asked_at = evergreen.clock() and s.reason = 'facts changed') order by 1 loop
    perform evergreen.request_screening(one.subject_id, 'facts changed', true);
  end loop;
  return null;
end $$;
comment on function evergreen.screen_changed_facts() is 'Whoever''s screened facts are recorded, changed or taken back is screened anew, once per transaction; what was decided about the old facts does not hold for the new.';
create or replace trigger screen_new_facts after insert on public.personal_values referencing new table as changed for each statement execute function evergreen.screen_changed_facts();
create or replace trigger screen_changed_facts after update on public.personal_values referencing new table as changed for each statement execute function evergreen.screen_changed_facts();

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
    ('rule_pins',              'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_snoozes',           'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_shadows',           'pm_role, ops_role, audit_role'),
    ('breaches',               'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_rebalancing, agent_risk_guardian'),
    ('obligations',            'pm_role, ops_role, audit_role'),
    ('risk_alerts',            'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian'),
    ('tokenization_actions',   'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('agent_memories',         'pm_role, audit_role, ' || agents),
    ('memory_nodes',           'pm_role, audit_role, ' || agents),
    ('memory_edges',           'pm_role, audit_role, ' || agents),
    ('dealing_policies',       'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('lmt_policies',           'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('credit_lines',           'pm_role, ops_role, audit_role, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
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
    ('fn_put_document(uuid,uuid,text,text,bigint,text,text,text)', 'ops_role, agent_kyc'),
    ('fn_read_document(uuid,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_list_subject_keys(text,uuid,int)', 'ops_role, service_role'),
    ('fn_rotate_subject_keys(jsonb,text)', 'ops_role, service_role'),
    ('fn_hold_subject(uuid,text,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_release_subject(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_request_erasure(uuid,text,text)', 'ops_role, lp_role'),
    ('fn_refuse_erasure(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_erasure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_erase_subject(uuid,jsonb,text)', 'pm_role, ops_role'),
    ('fn_repeat_erasures(jsonb,text)', 'service_role'),
    ('fn_read_vault_keys()', 'agent_kyc, service_role'),
    ('fn_export_subject(uuid)', 'ops_role, audit_role, lp_role'),
    ('fn_read_events(uuid,timestamptz,timestamptz,bigint,int)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_read_morning(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_home()', 'lp_role'),
    ('fn_read_desk()', 'pm_role, ops_role, audit_role'),
    ('fn_read_trail(text,bigint)', 'pm_role, ops_role, audit_role'),
    ('fn_read_changes(text)', 'pm_role, ops_role, audit_role'),
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
    ('fn_draft_rules(jsonb,text,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_test_rules(uuid,jsonb,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_refuse_rules(text,text,jsonb,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_activate_rules(uuid,text,text,text)', 'pm_role, ops_role'),
    ('fn_snooze_rule(text,text,text,uuid,timestamptz,text,text)', 'pm_role, ops_role'),
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
-- where Supabase's extension is: the owner of fn_read_vault_keys reads what it needs
do $$
begin
  if to_regclass('vault.decrypted_secrets') is not null then
    grant usage on schema vault to evergreen_owner;
    grant select on vault.decrypted_secrets to evergreen_owner;
  end if;
end $$;
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
