// Rows in every table, of two LPs among others, so that "sees nothing" in the role matrix means something.
import { AUDIT, agent, LP_A, LP_B, OPS, PM_ONE, PM_TWO, SERVICE, type TestDatabase } from "./arrange.ts";
import { deadLetter } from "./cases/event-cases.ts";
import { newCase, newParty, WHY } from "./cases/party-cases.ts";
import { CLOCK } from "./cases/schedule-cases.ts";
import { candidateOf, fileOf, publishedList } from "./cases/screening-arrange.ts";
import { CREDIT_LINE } from "./credit-line.ts";
import { DEALING_DATE, dayAt } from "./dealing-day.ts";
import {
  approvedAccounts,
  codeOf,
  credit,
  FUND_IBAN,
  IBANS,
  importLines,
  importOrders,
  subscription,
} from "./import-files.ts";
import { POOL, POOL_TRADE } from "./pool.ts";
import { claimInKind, consented, crystallisation, feeDay } from "./postings.ts";
import { outcome, restateDay } from "./restated-day.ts";
import { archiveOf, oldEvents } from "./retention-days.ts";
import { live, tested } from "./rule-versions.ts";
import { concluded } from "./stress-run.ts";
import { toErase, tombstoneOf } from "./subjects.ts";
import { approvedProposal, type Fund, newFund, newInvestor, newProposal } from "./synthetic-fund.ts";
import { ADDRESS, askToken, classWithWallet, finalToken } from "./token-class.ts";
import { queuedWebhook } from "./webhook.ts";

export const userOf = (actor: { role: string }): string => ("userId" in actor ? String(actor.userId) : "");

/** Through the functions where there is one, as superuser where there is none. */
export async function populate(
  db: TestDatabase,
): Promise<{ shared: Fund; onlyB: Fund; investorA: string; investorB: string; allOfA: string[]; allOfB: string[] }> {
  const [shared, onlyB] = [await newFund(db), await newFund(db)];
  const foreign = await newFund(db); // no order of either LP
  const investorA = await newInvestor(db, userOf(LP_A));
  const investorB = await newInvestor(db, userOf(LP_B));
  const former = await newInvestor(db, userOf(LP_A));
  await db.look("update investor_access set valid_until = now() - interval '1 day' where investor_id = $1", [former]);
  const order = (fund: Fund, investor_id: string, direction: string) =>
    db.call(OPS, "fn_place_order", {
      fund: fund.code,
      investor_id,
      direction,
      amount: "100.00",
      currency: "USD",
      request_id: `order/${fund.code}/${investor_id}/${direction}`,
    });
  for (const investor of [investorA, investorB, former]) {
    await order(shared, investor, "subscription");
    await order(shared, investor, "redemption");
  }
  await order(onlyB, investorB, "subscription");
  await order(onlyB, former, "subscription");
  await order(foreign, await newInvestor(db, null), "subscription");
  for (const fund of [shared, onlyB, foreign])
    await db.look(
      "insert into share_classes (fund_id, code, name, currency) values ($1, 'I', 'Institutional (synthetic)', 'USD')",
      [fund.fundId],
    );
  await db.look(
    "insert into asset_snapshots (asset_id, fund_id, as_of, nav, scenario_id, method, source) values ($1, $2, '2026-10-31', 1, 'crash', 'model', 'test')",
    [shared.assets["INFRA-1"], shared.fundId],
  );
  await db.settled();
  await db.call(SERVICE, "fn_claim_batch", { consumer: "test", max_events: 2 });
  await db.call(OPS, "fn_submit_investor", { classification: "professional" });
  await partiesAndCases(db);
  await rulesAndBreaches(db, shared);
  await reserveAndApply(db, shared);
  await oversee(db, shared);
  await db.call(SERVICE, "fn_tell_schedules", { schedules: JSON.stringify([CLOCK]) });
  await queuedWebhook(db);
  await db.call(OPS, "fn_skip_failure", {
    kind: "event",
    subject: await deadLetter(db),
    reason: "a synthetic failure",
  });
  await screened(db);
  await keepPersonal(db);
  await stressed(db, shared);
  const dealt = await deal(db);
  await exchange(db);
  await lookUps(db, [shared, onlyB, foreign]);
  await db.settled();
  await db.call(SERVICE, "fn_seal_audit");
  const [allOfA, allOfB] = [[investorA, ...dealt.ofA].sort(), [investorB, ...dealt.ofB].sort()];
  return { shared, onlyB, investorA, investorB, allOfA, allOfB };
}

/** A company with an owner and its evidence, and a case of it with a note and a first verdict. */
async function partiesAndCases(db: TestDatabase): Promise<void> {
  const company = await newParty(db);
  await db.call(OPS, "fn_link_parties", {
    owner_id: await newParty(db, "natural_person"),
    owned_id: company,
    kind: "ownership",
    share: "1",
  });
  await db.look(
    "insert into party_evidence (party_id, kind, dated_on, created_by) values ($1, 'registry_extract', '2026-01-02', 'test')",
    [company],
  );
  const case_id = await newCase(db, { party_id: company });
  await db.call(OPS, "fn_note_case", { case_id, body: "A synthetic note." });
  await db.call(OPS, "fn_decide_case", { case_id, verdict: "true_match", reason: WHY });
}

/** A live pack with its tests and approvals, a run that judged by it and beside a draft, a snooze, a breach and an obligation. */
async function rulesAndBreaches(db: TestDatabase, fund: Fund): Promise<void> {
  const [version, draft] = [await live(db), await tested(db)];
  const run = { workflow_id: "event/rules-of-the-sweep" };
  const entity = { entity_type: "funds", entity_id: fund.fundId };
  await db.call(agent("compliance-sentinel"), "fn_pin_rules", { ...run, fund_id: fund.fundId });
  await db.call(agent("kyc"), "fn_record_party_tests", {
    answers: [{ party_id: await newParty(db), mark: "", answers: { ["0".repeat(32)]: true } }],
    version_ids: [version.version_id],
  });
  await db.call(agent("compliance-sentinel"), "fn_record_rules", {
    ...run,
    results: [{ ...entity, version_id: version.version_id, outcome: "approve", explain: [] }],
    shadows: [
      { ...entity, version_id: draft.version_id, live_outcome: "approve", outcome: "review", rules: ["large"] },
    ],
  });
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const reason = "a synthetic false alarm";
  await db.call(OPS, "fn_snooze_rule", { pack: version.pack, rule: "large", ...entity, until, reason });
  await db.call(PM_ONE, "fn_record_breach", { fund: fund.code, rule: "x/y", class: "passive", cause: "the market" });
  await db.call(OPS, "fn_set_obligation", {
    fund: fund.code,
    code: "report",
    title: "Report",
    source: "synthetic",
    due_on: "2026-12-31",
  });
}

/** A posted day of both LPs with its tool activated, and a NAV that is only proposed, of a class in which both have dealt. */
async function deal(db: TestDatabase): Promise<{ ofA: string[]; ofB: string[] }> {
  const day = await dayAt(db, "settled", { holderUser: userOf(LP_A), subscriberUser: userOf(LP_B) });
  const others = await dayAt(db, "settled"); // of neither
  for (const one of [day, others]) {
    await db.call(agent("commander"), "fn_prepare_statements", { dealing_day_id: one.dayId });
    await db.call(agent("commander"), "fn_record_restatement", outcome(await restateDay(db, one)));
  }
  const inKind: string[] = [];
  for (const holderUser of [userOf(LP_A), userOf(LP_B), null]) {
    const { day: paid, body } = await claimInKind(db, { holderUser });
    inKind.push(paid.holder);
    await db.call(OPS, "fn_settle_in_kind", await consented(db, paid.fund, "in_kind", body));
  }
  const fees = await feeDay(db);
  const fee = await consented(db, fees.fund, "crystallisation", await crystallisation(db, fees));
  await db.call(OPS, "fn_crystallise_fee", fee);
  await db.call(OPS, "fn_set_holidays", { calendar: "LU", holidays: [{ date: "2026-05-01", name: "Labour Day" }] });
  await db.call(OPS, "fn_set_credit_line", { fund: day.fund.code, ...CREDIT_LINE });
  const { pool_id } = await db.value<{ pool_id: string }>(OPS, "fn_set_pool", { share_class_id: day.classId, ...POOL });
  await db.call(OPS, "fn_record_pool_trade", { pool_id, ...POOL_TRADE });
  await db.call(OPS, "fn_propose_lmt", {
    fund: day.fund.code,
    tool: "redemption_gate",
    trigger: {},
    notice: "A synthetic draft of a notice to investors.",
  });
  const next = "2026-02-27";
  const { strike_id } = await db.value<{ strike_id: string }>(agent("commander"), "fn_freeze_nav_inputs", {
    fund: day.fund.code,
    nav_date: next,
    inputs: [{ kind: "cash", label: "bank", value: "114450.00", as_of: next, source: "statement" }],
  });
  await db.call(PM_ONE, "fn_set_dealing_policy", {
    share_class_id: day.classId,
    body: { cutOff: "12:00", fees: { performance: { rate: "0.2", method: "series" } } },
    effective_from: next,
  });
  await db.call(agent("commander"), "fn_propose_nav", {
    strike_id,
    body: { total_assets: "114450", liabilities: "0", gnav: "114450", performance_fee: "0", nav: "114450" },
    classes: [
      { share_class_id: day.classId, nav: "114450", nav_per_unit: "109", series: await seriesAt(db, day.classId, 109) },
    ],
  });
  const [ofA = "", ofB = ""] = inKind;
  return { ofA: [day.holder, ofA], ofB: [day.subscriber, ofB] };
}

/** The series of a class, each at the same price and with nothing accrued. */
const seriesAt = (db: TestDatabase, classId: string, price: number): Promise<Record<string, unknown>[]> =>
  db.look(
    `select evergreen.series_of(l) as series, sum(l.units_left)::text as units, (sum(l.units_left) * $2)::text as nav, $2::text as nav_per_unit, '0' as performance_accrued,
            max(coalesce(l.high_water, l.price))::text as high_water, min(l.opened_on)::text as since from lots l where l.share_class_id = $1 and l.units_left > 0 group by 1`,
    [classId, price],
  );

/** What dealing looks up beside orders; an offer of each of these funds, one of both LPs, one of the second, one of neither. */
async function lookUps(db: TestDatabase, [shared, ...others]: [Fund, ...Fund[]]): Promise<void> {
  await db.call(OPS, "fn_set_beneficial_owner", {
    investor_id: await newInvestor(db, null),
    owner_id: await newInvestor(db, null),
    effective_from: "2026-01-01",
    source: "synthetic",
  });
  await db.call(OPS, "fn_record_certain_inflows", {
    fund: shared.code,
    amount: "1000.00",
    as_of: "2026-01-31",
    source: "synthetic",
  });
  await db.call(OPS, "fn_record_index_values", {
    index_values: JSON.stringify([{ series: "SYN", as_of: "2026-01-30", value: "100", source: "synthetic" }]),
  });
  await watch(db, shared);
  await db.call(OPS, "fn_record_asset_payments", {
    fund: shared.code,
    payments: JSON.stringify([
      { asset: "INFRA-1", kind: "call", amount: "10.00", paid_on: "2026-01-20", source: "synthetic" },
    ]),
  });
  await db.call(PM_ONE, "fn_set_roll_forward", {
    fund: shared.code,
    asset: "INFRA-1",
    series: "SYN",
    beta: "1",
    after_days: 30,
    effective_from: "2026-01-01",
  });
  const late = await dayAt(db, "posted");
  await db.look(
    `insert into authority_notices (fund_id, dealing_day_id, flow_id, kind, body, event_id) values ($1, $2, $3, 'carried_too_long', '{}', gen_random_uuid())`,
    [late.fund.fundId, late.dayId, late.redemption],
  );
  for (const fund of [shared, ...others])
    await db.look(
      `insert into repurchase_offers (fund_id, notice_on, deadline, pricing_date, share, notice, opened_by, event_id)
         values ($1, '2026-01-01', '2026-01-25', '2026-01-30', 0.05, 'synthetic', 'test', gen_random_uuid())`,
      [fund.fundId],
    );
}

/** A file of orders, a statement, accounts and a payment file, of neither LP. */
async function exchange(db: TestDatabase): Promise<void> {
  const day = await dayAt(db, "claimable");
  const holder = await codeOf(db, day.holder);
  await approvedAccounts(db, day, [
    [null, FUND_IBAN],
    [holder, IBANS[0]],
  ]);
  await db.call(OPS, "fn_export_payments", { fund: day.fund.code, dealing_date: DEALING_DATE });
  await importOrders(db, day, [subscription(holder, "5000.00", "S-1")]);
  await importLines(db, day, [credit("5000.00", { remittance: "S-1" })]);
}

async function reserveAndApply(db: TestDatabase, fund: Fund): Promise<void> {
  const buying = await newProposal(db, { fund, trades: [{ asset: "SHARE-A", side: "buy", amount: "100.00" }] });
  await db.call(agent("liquidity-engine"), "fn_reserve_liquidity", { proposal_id: buying.proposalId });
  const { proposalId, eventId } = await approvedProposal(db, { fund });
  await db.call(agent("commander"), "fn_open_workflow", {
    workflow_id: `event/${eventId}`,
    type: "commander",
    event_id: eventId,
  });
  await db.call(agent("rebalancing"), "fn_apply_allocations", { proposal_id: proposalId });
}

/** A run whose one scenario is done, by way of a shard. */
const stressed = (db: TestDatabase, fund: Fund): Promise<unknown> => concluded(db, fund);
/** Market data with a value that is held, a rating, a check that failed. */
async function watch(db: TestDatabase, fund: Fund): Promise<void> {
  const rows = [
    { series: "SYN EURUSD", as_of: "2026-01-29", value: "1.1", kind: "fx", unit: "ratio" },
    { series: "SYN EURUSD", as_of: "2026-01-30", value: "2.2", kind: "fx", unit: "ratio" },
  ];
  await db.call(OPS, "fn_import_market", { rows, source: "synthetic", file_hash: "a".repeat(64) });
  await db.call(OPS, "fn_record_esg", {
    fund: fund.code,
    provider: "SYN",
    as_of: "2026-01-30",
    scale: { low: "0", high: "100" },
    ratings: [{ asset: "INFRA-1", score: "61" }],
    file_hash: "b".repeat(64),
  });
  await db.call(agent("simulation"), "fn_record_data_quality", {
    fund: fund.code,
    snapshot_hash: "c".repeat(64),
    as_of: "2026-01-30",
    results: [{ check: "nav_agreement", value: "0.7", limit: "0.5", unit: "bps", passed: false, detail: {} }],
    workflow_id: "test",
  });
}

/** A list that was published, one version that waits for a second person, a check with a candidate that was decided, a delta held against the parties. */
async function screened(db: TestDatabase): Promise<void> {
  const { candidate_id } = await candidateOf(db);
  await db.call(OPS, "fn_clear_candidate", { candidate_id, decision: "false_match", reason: "another birth date" });
  const list = await publishedList(db);
  const { version_id } = await db.value<{ version_id: string }>(
    OPS,
    "fn_publish_watchlist",
    fileOf(list.source, list.entries.slice(2)),
  );
  await db.call(OPS, "fn_accept_watchlist_version", { version_id, reason: "the source says so" });
  const { list_id } = list;
  await db.call(agent("kyc"), "fn_record_rescreen", {
    list_id,
    from_ordinal: 0,
    to_ordinal: 1,
    parties: 1,
    affected: 0,
    engine: "test",
  });
}

/** One subject with everything of it, one that was erased. */
async function keepPersonal(db: TestDatabase): Promise<void> {
  const held = await toErase(db);
  await db.call(PM_ONE, "fn_hold_subject", { subject_id: held, reason: "a claim" });
  await db.look(
    `insert into documents (document_id, subject_id, kind, content_type, size, sha256, storage_path, recorded_by)
       select d, $1::uuid, 'identity_document', 'application/pdf', 1, repeat('a', 64), $1::uuid || '/' || d, 'test' from gen_random_uuid() d`,
    [held],
  );
  await db.call(AUDIT, "fn_read_personal", { subject_ids: [held] });
  const gone = await toErase(db);
  await db.call(PM_ONE, "fn_erase_subject", { subject_id: gone, tombstone: await tombstoneOf(db, gone) });
}

async function oversee(db: TestDatabase, fund: Fund): Promise<void> {
  const record = (type: string, payload: object) =>
    db.value<string>(PM_TWO, "fn_record_event", { type, payload, source: "test", fund_id: fund.fundId });
  const event_id = await record("STRESS_REQUESTED", { scenario_id: "x", shift_bps: 1 });
  await db.call(agent("risk-guardian"), "fn_raise_alert", {
    event_id,
    kind: "DATA_DRIFT",
    severity: "notice",
    reason: "a mark moved",
  });
  await oldEvents(db, fund.fundId, [{}]);
  await db.call(OPS, "fn_retire_events", await archiveOf(db, "fund_events", fund.fundId, "2020-05-01"));
  await db.call(PM_ONE, "fn_place_legal_hold", { fund_id: fund.fundId, reason: "a claim" });
  const token = await record("TOKENIZATION_REQUESTED", { chain: "testnet", instrument: "SYN", size: "1" });
  await db.call(agent("tokenization"), "fn_register_tokenization", { event_id: token });
  const chained = await classWithWallet(db);
  await finalToken(db, await askToken(db, chained.code, "mint", { wallet: ADDRESS, units: "5" }));
  await db.call(agent("tokenization"), "fn_record_token_reconciliation", {
    contract_id: chained.contractId,
    block: 100,
    breaks: [{ kind: "differs", wallet: ADDRESS, register: "5", chain: "4" }],
  });
  await db.call(PM_ONE, "fn_remember", {
    memory: {
      text: "The band was restored.",
      embedding: [1, 0, 0, 0, 0, 0, 0, 0],
      fund_id: fund.fundId,
      nodes: [
        { kind: "Asset", ref: "a" },
        { kind: "Policy", ref: "p" },
      ],
      edges: [{ kind: "prefers", from: { kind: "Policy", ref: "p" }, to: { kind: "Asset", ref: "a" } }],
    },
  });
  await db.call(SERVICE, "fn_record_spans", {
    spans: [
      {
        trace_id: "a",
        span_id: "b",
        name: "n",
        service: "s",
        started_at: "2026-11-01T10:00:00Z",
        ended_at: "2026-11-01T10:00:01Z",
        status: "ok",
      },
    ],
  });
  const reason = "Keys of the service may be known (synthetic)";
  const { incident_id } = await db.value<{ incident_id: string }>(OPS, "fn_open_incident", { fund: fund.code, reason });
  await db.call(PM_ONE, "fn_close_incident", { incident_id, reason });
  await db.call(OPS, "fn_close_incident", { incident_id, reason });
}

export { AUDIT };
