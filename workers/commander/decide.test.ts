// Which playbook an event gets, row by row; and that whatever is not a sound event of a run is refused with its code, never thrown at the run.
import { EVENT_NAMES, EVENTS, EvergreenError, OWN_WORKFLOWS, type Playbook } from "@evergreen-fund/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choosePlaybook } from "./decide.ts";
import type { EventFacts } from "./facts.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const facts = (type: string, payload: unknown, fundCode: string | undefined = "SYN"): EventFacts => ({
  type,
  payload,
  fundId: ID,
  fundCode,
});
const chosen = (given: EventFacts): string => {
  const plan = choosePlaybook(given);
  return "refused" in plan ? plan.refused.code : plan.playbook;
};

describe("an event that starts a run", () => {
  const rows: [type: string, payload: unknown, playbook: Playbook][] = [
    ["REBALANCE_REQUESTED", { mandate_version: 1 }, "rebalance"],
    ["REBALANCE_REQUESTED", { mandate_version: 2, method: "qp", reason: "because" }, "rebalance"],
    ["INVESTOR_SUBMITTED", { pending_id: ID }, "onboard-investor"],
    ["EVIDENCE_RESUBMITTED", { pending_id: ID }, "onboard-investor"],
    ["REVIEW_REQUESTED", { pending_id: ID }, "onboard-investor"],
    ["LIST_REFRESH_REQUESTED", { list_id: ID }, "refresh-lists"],
    ["LIST_PUBLISHED", { list_id: ID, version_id: ID, rows: 3, added: 1, changed: 1, removed: 0 }, "rescreen-parties"],
    ["SCREENING_REQUESTED", { party_id: ID, revision: 1, reason: "asked" }, "screen-party"],
    ["LIQUIDITY_BREACH", { bucket: "30d", ratio: "1.1", required: "1.2" }, "warn-of-risk"],
    ["LIQUIDITY_BREACH", { bucket: "30d", ratio: null, required: "1.2" }, "warn-of-risk"],
    [
      "LIQUIDITY_TREND",
      { bucket: "30d", scenario_id: "base", ratio: "1.5", required: "1.2", breach_on: "2026-12-31", runs: 5 },
      "warn-of-risk",
    ],
    ["DATA_DRIFT", { asset_id: ID, deviation_bps: "612.5", threshold_bps: "500" }, "warn-of-risk"],
    ["DATA_QUALITY_FAILED", { check: "nav_agreement", value: "0.7", limit: "0.5", unit: "bps" }, "warn-of-risk"],
    ["STRESS_REQUESTED", { scenario_id: "rates_+200", shift_bps: -200 }, "stress-fund"],
    ["STRESS_RUN_REQUESTED", { stress_run_id: ID, kind: "nightly", scenarios: 2 }, "run-stress"],
    ["TOKEN_REFUSED", { action_id: ID, kind: "mint", code: "EG428", by: "chain" }, "warn-of-risk"],
    ["TOKEN_BREAK", { contract_id: ID, block: 7, breaks: 1 }, "warn-of-risk"],
    ["STRESS_RUN_DIFFERED", { stress_run_id: ID, scenario_id: "rates_up200" }, "warn-of-risk"],
    ["WEBHOOKS_QUEUED", { endpoint_id: ID, deliveries: 2 }, "deliver-webhooks"],
    ["STATEMENT_DOCUMENTS_REQUESTED", { statement_id: ID }, "make-documents"],
    ["TOKENIZATION_REQUESTED", { chain: "test", instrument: "UNIT", size: "1" }, "tokenize"],
  ];
  it.each(rows)("%s %j gets %s", (type, payload, playbook) => {
    expect(chosen(facts(type, payload))).toBe(playbook);
  });
  it("has a row above for every type of mode run that has no workflow of its own", () => {
    const run = EVENT_NAMES.filter((name) => {
      const { mode, playbook } = EVENTS[name] as { mode: string; playbook?: string };
      return mode === "run" && !Object.hasOwn(OWN_WORKFLOWS, playbook ?? "");
    });
    expect(new Set(rows.map(([type]) => type))).toEqual(new Set(run));
  });
  it("asks memory about the fund by its code, and about none for the platform", () => {
    const question = (fund: string | undefined) =>
      choosePlaybook({ ...facts("STRESS_REQUESTED", { scenario_id: "x", shift_bps: 1 }), fundCode: fund });
    expect(question("SYN")).toMatchObject({ question: "stress requested of fund SYN" });
    expect(question(undefined)).toMatchObject({ question: "stress requested of fund none" });
  });
});

describe("an event that starts none", () => {
  it.each<[string, unknown, string]>([
    ["DATA_DRIFT", { asset_id: ID, deviation_bps: "far", threshold_bps: "500" }, "EG400"],
    ["DATA_DRIFT", { asset_id: ID, deviation_bps: 612, threshold_bps: "500" }, "EG400"],
    ["REBALANCE_REQUESTED", { mandate_version: 0 }, "EG400"],
    ["REBALANCE_REQUESTED", { mandate_version: 1, method: "guess" }, "EG400"],
    ["STRESS_REQUESTED", { scenario_id: "x", shift_bps: 1001 }, "EG400"],
    ["STRESS_REQUESTED", null, "EG400"],
    ["LIQUIDITY_BREACH", { bucket: "31d", ratio: "1", required: "1.2" }, "EG400"],
    ["NEVER_HEARD_OF", {}, "EG400"],
    ["constructor", {}, "EG400"],
    ["PROPOSAL_DECIDED", { proposal_id: ID, decision: "approved" }, "EG428"],
    ["FUND_IMPORTED", { source: "synthetic", assets: 1, as_of: "2026-09-30" }, "EG428"],
    ["REDEMPTION_REQUESTED", { flow_id: ID }, "EG428"],
    ["DEALING_DAY_OPENED", { dealing_day_id: ID }, "EG428"],
    ["NAV_RESTATEMENT_BEGUN", { strike_id: ID, supersedes: ID }, "EG428"],
  ])("%s %j is refused with %s", (type, payload, code) => {
    expect(chosen(facts(type, payload))).toBe(code);
  });
  it("that does not exist is EG404", () => {
    expect(() => choosePlaybook(null)).toThrow(EvergreenError);
    expect(() => choosePlaybook(null)).toThrow("does not exist");
  });
  it("never quotes its payload", () => {
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES, "UNKNOWN"), fc.uuid(), (type, secret) => {
        const plan = choosePlaybook(facts(type, { canary: secret, deviation_bps: secret, scenario_id: 7 }));
        const text = "refused" in plan ? plan.refused.message : plan.question;
        expect(text).not.toContain(secret);
      }),
    );
  });
  it("is never an exception, whatever the payload", () => {
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES), fc.jsonValue(), (type, payload) => {
        expect(choosePlaybook(facts(type, payload))).toBeTypeOf("object");
      }),
    );
  });
});
