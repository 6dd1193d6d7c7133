// RPC cases: packs of rules, what runs keep and record of them, snoozes.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import { dayAt, openDay } from "../dealing-day.ts";
import { drafted, live, RIGHT, syntheticRules, tested } from "../rule-versions.ts";
import { newFund, newInvestor, newProposal } from "../synthetic-fund.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const SENTINEL = agent("compliance-sentinel");
const bodyWith = (change: Args) => (a: Args) => ({
  ...a,
  body: JSON.stringify({ ...(JSON.parse(String(a.body)) as Args), ...change }),
});
const rule = (change: Args) => ({ ...(syntheticRules().rules as Args[])[0], ...change });
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const WHY = "looked at, a synthetic false alarm";

const snoozing = async (db: TestDatabase) => ({
  pack: (await live(db)).pack,
  rule: "large",
  entity_type: "investors",
  entity_id: await newInvestor(db, null),
  until: inDays(20),
  reason: WHY,
});

const explain = [
  { rule: "large", outcome: "review", state: "fired", tree: { is: true, what: "order.amount ≥ 10000" } },
];
/** A locked day whose subscription a rule asks about. */
async function judged(db: TestDatabase) {
  const { version_id } = await live(db);
  const day = await dayAt(db, "locked");
  const workflow_id = `deal/${day.fund.code}/A/2026-01-30`;
  await db.call(SENTINEL, "fn_pin_rules", { workflow_id, fund_id: day.fund.fundId });
  const of = (entity_id: string, outcome: string, parts: unknown[]) => ({
    entity_type: "fund_flows",
    entity_id,
    version_id,
    outcome,
    explain: parts,
  });
  return {
    workflow_id,
    results: [of(day.subscription, "review", explain), of(day.redemption, "approve", [])],
    dealing_day_id: day.dayId,
  };
}
const resultsWith = (change: Args) => (a: Args) => ({
  ...a,
  results: [{ ...(a.results as Args[])[0], ...change }],
});

export const RULE_CASES: RpcCase[] = [
  {
    fn: "fn_draft_rules",
    by: OPS,
    arrange: async () => ({ body: JSON.stringify(syntheticRules()), source: "file" }),
    check: async ([row], args, db) => {
      const made = row?.fn_draft_rules as Args;
      expect(made).toMatchObject({ version: 1, status: "draft" });
      expect(
        await db.look("select body, source from rule_pack_versions where version_id = $1", [made.version_id]),
      ).toEqual([{ body: JSON.parse(String(args.body)), source: "file" }]);
    },
    other: bodyWith({ version: 2 }),
    audits: 1,
    events: ["RULES_DRAFTED"],
    refuses: [
      { what: "an unknown source", code: "EG400", change: (a) => ({ ...a, source: "rumour" }) },
      { what: "no object", code: "EG400", change: (a) => ({ ...a, body: "[]" }) },
      { what: "a name that is none", code: "EG400", change: bodyWith({ pack: "Not A Name" }) },
      { what: "half a version", code: "EG400", change: bodyWith({ version: 1.5 }) },
      { what: "no date", code: "EG400", change: bodyWith({ effectiveFrom: "soon" }) },
      { what: "an end before the beginning", code: "EG400", change: bodyWith({ effectiveUntil: "2019-01-01" }) },
      { what: "no rules", code: "EG400", change: bodyWith({ rules: [] }) },
      { what: "no examples", code: "EG400", change: bodyWith({ examples: [] }) },
      { what: "an outcome that is none", code: "EG400", change: bodyWith({ rules: [rule({ outcome: "approve" })] }) },
      { what: "a rule without a source", code: "EG400", change: bodyWith({ rules: [rule({ source: "" })] }) },
      { what: "a rule twice", code: "EG400", change: bodyWith({ rules: [rule({}), rule({})] }) },
      { what: "a rule that fires in no example", code: "EG400", change: bodyWith({ rules: [rule({ id: "idle" })] }) },
      { what: "more than 512 KB", code: "EG413", change: bodyWith({ note: "x".repeat(530_000) }) },
      {
        what: "another text under the same version",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_draft_rules", a);
          return bodyWith({ title: "Another title" })(a);
        },
      },
    ],
  },
  {
    fn: "fn_test_rules",
    by: SENTINEL,
    arrange: async (db) => ({ version_id: (await drafted(db)).version_id, results: RIGHT }),
    check: async ([row], args, db) => {
      expect(row?.fn_test_rules).toMatchObject({ status: "tested", examples: 2, passed: 2 });
      expect(await db.look("select examples, passed from rule_tests where version_id = $1", [args.version_id])).toEqual(
        [{ examples: 2, passed: 2 }],
      );
    },
    other: (args) => ({ ...args, results: [{ ...RIGHT[0], outcome: "approve" }, RIGHT[1]] }),
    audits: 1,
    events: ["RULES_TESTED"],
    refuses: [
      { what: "no list", code: "EG400", change: (a) => ({ ...a, results: "{}" }) },
      { what: "an example left out", code: "EG400", change: (a) => ({ ...a, results: [RIGHT[0]] }) },
      { what: "another order", code: "EG400", change: (a) => ({ ...a, results: [RIGHT[1], RIGHT[0]] }) },
      { what: "no verdict", code: "EG400", change: (a) => ({ ...a, results: [{ name: "large" }, RIGHT[1]] }) },
      { what: "a version that is not there", code: "EG404", change: (a) => ({ ...a, version_id: NOWHERE }) },
      {
        what: "one that is live",
        code: "EG428",
        change: async (a, db) => ({ ...a, version_id: (await live(db)).version_id }),
      },
    ],
  },
  {
    fn: "fn_refuse_rules",
    by: SENTINEL,
    arrange: async () => ({
      pack: "policies/rules/x.yaml",
      source: "file",
      problems: JSON.stringify(["line 1: is no pack"]),
    }),
    check: async ([row], _args, db) => {
      expect(
        await db.look("select payload ->> 'pack' as pack from fund_events where event_id = $1", [row?.fn_refuse_rules]),
      ).toEqual([{ pack: "policies/rules/x.yaml" }]);
    },
    other: (args) => ({ ...args, pack: "y" }),
    audits: 1,
    events: ["RULE_PACK_REFUSED"],
    refuses: [
      { what: "no name", code: "EG400", change: (a) => ({ ...a, pack: "" }) },
      { what: "an unknown source", code: "EG400", change: (a) => ({ ...a, source: "rumour" }) },
      { what: "no problem", code: "EG400", change: (a) => ({ ...a, problems: "[]" }) },
      { what: "problems that are no sentences", code: "EG400", change: (a) => ({ ...a, problems: "[1]" }) },
    ],
  },
  {
    fn: "fn_activate_rules",
    by: PM_TWO,
    arrange: async (db) => {
      const { version_id, hash } = await tested(db);
      await db.call(PM_ONE, "fn_activate_rules", { version_id, hash, reason: "first of two" });
      return { version_id, hash, reason: "second of two" };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_activate_rules).toMatchObject({ status: "live", approvals: 2 });
      expect(
        await db.look("select status, live_at is not null as since from rule_pack_versions where version_id = $1", [
          args.version_id,
        ]),
      ).toEqual([{ status: "live", since: true }]);
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 1,
    events: ["RULES_ACTIVATED"],
    refuses: [
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      { what: "a version that is not there", code: "EG404", change: (a) => ({ ...a, version_id: NOWHERE }) },
      { what: "the same person again", code: "EG422", by: PM_ONE, change: (a) => a },
      { what: "another hash", code: "EG421", change: (a) => ({ ...a, hash: "0".repeat(64) }) },
      {
        what: "a draft",
        code: "EG428",
        change: async (a, db) => {
          const { version_id, hash } = await drafted(db);
          return { ...a, version_id, hash };
        },
      },
      {
        what: "who drafted it",
        code: "EG420",
        change: async (a, db) => {
          const { version_id, hash } = await db.value<{ version_id: string; hash: string }>(PM_TWO, "fn_draft_rules", {
            body: JSON.stringify(syntheticRules()),
            source: "file",
          });
          await db.call(SENTINEL, "fn_test_rules", { version_id, results: RIGHT });
          return { ...a, version_id, hash };
        },
      },
      {
        what: "one that is live",
        code: "EG422",
        change: async (a, db) => {
          const { version_id, hash } = await live(db);
          return { ...a, version_id, hash };
        },
      },
    ],
  },
  {
    fn: "fn_snooze_rule",
    by: OPS,
    arrange: snoozing,
    check: async ([row], args, db) => {
      expect(
        await db.look("select pack, rule, entity_id, reason from rule_snoozes where snooze_id = $1", [
          row?.fn_snooze_rule,
        ]),
      ).toEqual([{ pack: args.pack, rule: "large", entity_id: args.entity_id, reason: WHY }]);
    },
    other: (args) => ({ ...args, reason: `${WHY} again` }),
    audits: 1,
    events: ["RULE_SNOOZED"],
    refuses: [
      { what: "a reason that says nothing", code: "EG400", change: (a) => ({ ...a, reason: "ok" }) },
      { what: "nobody", code: "EG404", change: (a) => ({ ...a, entity_id: NOWHERE }) },
      { what: "a kind that cannot be snoozed for", code: "EG404", change: (a) => ({ ...a, entity_type: "assets" }) },
      { what: "no such rule", code: "EG404", change: (a) => ({ ...a, rule: "idle" }) },
      {
        what: "a rule that is not live",
        code: "EG404",
        change: async (a, db) => ({ ...a, pack: (await tested(db)).pack }),
      },
      { what: "a rule about lists", code: "EG428", change: (a) => ({ ...a, rule: "listed" }) },
      { what: "too long", code: "EG424", change: (a) => ({ ...a, until: inDays(31) }) },
      { what: "the past", code: "EG424", change: (a) => ({ ...a, until: inDays(-1) }) },
      { what: "for ever", code: "EG424", change: (a) => ({ ...a, until: "infinity" }) },
      {
        what: "once too often",
        code: "EG424",
        change: async (a, db) => {
          for (let n = 0; n < 3; n++) await db.call(OPS, "fn_snooze_rule", { ...a, request_id: undefined });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_pin_rules",
    by: SENTINEL,
    arrange: async (db) => {
      await live(db);
      return { workflow_id: "event/x", fund_id: (await newFund(db)).fundId };
    },
    check: async ([row], args, db) => {
      const answered = row?.fn_pin_rules as { live: { version_id: string }[] };
      const { live: versions } = answered;
      expect(versions.length).toBeGreaterThan(0);
      expect(await db.look("select version_ids from rule_pins where workflow_id = $1", [args.workflow_id])).toEqual([
        { version_ids: versions.map(({ version_id }) => version_id) },
      ]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "no run", code: "EG400", change: (a) => ({ ...a, workflow_id: "" }) },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund_id: NOWHERE }) },
    ],
  },
  {
    fn: "fn_read_order_facts",
    by: SENTINEL,
    arrange: async (db) => ({ dealing_day_id: (await dayAt(db, "locked")).dayId }),
    check: ([row]) => {
      const orders = row?.fn_read_order_facts as { facts: { order: Args; investor: Args; history: unknown[] } }[];
      expect(orders.map(({ facts }) => facts.order.direction).sort()).toEqual(["redemption", "subscription"]);
      const [subscription] = orders.filter(({ facts }) => facts.order.direction === "subscription");
      expect(subscription?.facts).toMatchObject({
        order: { amount: "10800", kind: "plain", selfHosted: false },
        investor: { classification: "professional", kycStatus: "approved" },
        history: [],
      });
      // nobody was screened here: that is said, and is not clear
      expect(subscription?.facts.investor.screening).toBe("unscreened");
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "nothing named", code: "EG400", change: () => ({}) },
      { what: "both named", code: "EG400", change: (a) => ({ ...a, fund: "X" }) },
      { what: "too many at once", code: "EG400", change: (a) => ({ ...a, max_orders: 5001 }) },
      { what: "a day that is not there", code: "EG404", change: () => ({ dealing_day_id: NOWHERE }) },
      { what: "a fund that is not there", code: "EG404", change: () => ({ fund: "NONE" }) },
    ],
  },
  {
    fn: "fn_read_fund_facts",
    by: SENTINEL,
    arrange: async (db) => {
      const { proposalId, fund } = await newProposal(db);
      return { fund: fund.code, proposal_id: proposalId };
    },
    check: ([row]) => {
      const read = row?.fn_read_fund_facts as Record<"facts" | "after", { fund: Args; positions: Args[] }> & Args;
      expect(read.facts.fund).toMatchObject({ nav: "1000000" });
      // 50 of costs leave the fund
      expect(read.after.fund).toMatchObject({ nav: "999950" });
      expect(read.facts.positions).toHaveLength(6);
      expect(read.open_breaches).toEqual([]);
      // borrowing is not on record: not known, rather than none
      expect(read.facts.fund).not.toHaveProperty("borrowingRatio");
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      {
        what: "a proposal of another fund",
        code: "EG404",
        change: async (a, db) => ({ ...a, proposal_id: (await newProposal(db)).proposalId }),
      },
    ],
  },
  {
    fn: "fn_record_rules",
    by: SENTINEL,
    arrange: judged,
    check: async ([row], args, db) => {
      expect(row?.fn_record_rules).toEqual({ recorded: 2, held: 1 });
      const [held, passed] = args.results as { entity_id: string }[];
      expect(
        await db.look(
          "select outcome, result, explain, rule_version from compliance_logs where entity_id = $1 and outcome is not null",
          [held?.entity_id],
        ),
      ).toEqual([{ outcome: "review", result: "review", explain, rule_version: "1" }]);
      const status = "select status, dealing_day_id is null as left from fund_flows where flow_id = $1";
      expect(await db.look(status, [held?.entity_id])).toEqual([{ status: "kyc_hold", left: true }]);
      expect(await db.look(status, [passed?.entity_id])).toEqual([{ status: "locked", left: false }]);
    },
    other: (args) => ({ ...args, results: "[]" }),
    audits: 1,
    events: ["RULES_CHECKED"],
    refuses: [
      { what: "no list", code: "EG400", change: (a) => ({ ...a, results: "{}" }) },
      { what: "an outcome that is none", code: "EG400", change: resultsWith({ outcome: "perhaps" }) },
      { what: "an entity that is none", code: "EG400", change: resultsWith({ entity_type: "hopes" }) },
      { what: "no explanation", code: "EG400", change: resultsWith({ explain: null }) },
      { what: "a run that never looked", code: "EG404", change: (a) => ({ ...a, workflow_id: "event/never" }) },
      {
        what: "a version that went live after the run had begun",
        code: "EG428",
        change: async (a, db) => resultsWith({ version_id: (await live(db)).version_id })(a),
      },
      { what: "a day that is not there", code: "EG404", change: (a) => ({ ...a, dealing_day_id: NOWHERE }) },
      {
        what: "a day of another fund",
        code: "EG428",
        change: async (a, db) => ({ ...a, dealing_day_id: (await openDay(db)).dayId }),
      },
    ],
  },
];
