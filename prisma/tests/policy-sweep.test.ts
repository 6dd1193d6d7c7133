// Every field of the dealing policy and of the policy of liquidity tools changes something: in the engine or in the database. A field without a row fails.
import { DealingPolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Args, agent, OPS, PM_ONE } from "./arrange.ts";
import { inDays, OFFER_NOTICE, OFFERING, workdayIn } from "./cases/policy-cases.ts";
import { ended, liquidityOf } from "./cases/stress-liquidity-cases.ts";
import {
  DEALING_DATE,
  DEALING_POLICY,
  dayAt,
  dealingDatabase,
  dealingFund,
  LMT_POLICY,
  newClass,
  openDealingDay,
  ordered,
  place,
} from "./dealing-day.ts";
import { ENGINE_FIELDS, type FieldRow } from "./policy-fields.ts";
import { activated } from "./postings.ts";
import { newFund, newInvestor } from "./synthetic-fund.ts";
import { TREND_FIELDS } from "./trend-fields.ts";

const db = await dealingDatabase();
const COMMANDER = agent("commander");

interface Node {
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
}
/** Paths of the fields of a schema: into objects, the rows of lists and every form that a field may have. */
function leaves(node: Node, path: string): string[] {
  const inner = [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => leaves(child, `${path}.${key}`)),
    ...(node.items?.properties === undefined ? [] : leaves(node.items, path)),
    ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])]
      .filter((form) => form.properties)
      .flatMap((form) => leaves(form, path)),
  ];
  return inner.length === 0 ? [path] : inner;
}
const fieldsOf = (schema: z.ZodType, name: string): string[] =>
  leaves(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node, name);

const tried = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return "taken";
  } catch (error) {
    return String((error as { code?: string }).code);
  }
};
const withTerms = (change: object) => dealingFund(db, { policy: { ...DEALING_POLICY, ...change } });
const minimums = (change: object) => withTerms({ minimums: { ...DEALING_POLICY.minimums, ...change } });
const redeems = async (on: Awaited<ReturnType<typeof dealingFund>>, args: Args) =>
  tried(place(db, on, on.holder, { direction: "redemption", ...args }));
const priced = (on: { classId: string }) =>
  db.look("update share_classes set nav_per_unit = 100 where share_class_id = $1", [on.classId]);
const toolsTaken = async (pack: string, body: object) =>
  tried(
    db.call(PM_ONE, "fn_set_lmt_policy", {
      fund: (await newFund(db)).code,
      pack,
      body,
      effective_from: "2020-01-01",
    }),
  );

interface SqlRow extends Omit<FieldRow, "outcome"> {
  outcome: (value: never) => Promise<unknown>;
}
const SQL_FIELDS: readonly SqlRow[] = [
  {
    field: "lmt.stressProgramme.coverScenario",
    values: ["up", "down"],
    outcome: async (coverScenario: string) => {
      const fund = await newFund(db);
      const body = { ...LMT_POLICY, stressProgramme: { coverScenario } };
      await db.call(PM_ONE, "fn_set_lmt_policy", {
        fund: fund.code,
        pack: "free-form",
        body,
        effective_from: "2020-01-01",
      });
      const run = await ended(db, fund);
      const base = { scenario_hash: run.scenarios[0]?.scenario_hash, sides: ["asset", "liability"] };
      return tried(db.call(agent("liquidity-engine"), "fn_record_stress_liquidity", liquidityOf(run, { base })));
    },
  },
  {
    field: "dealing.calendar",
    values: ["SYN-SWEEP", "none"],
    outcome: async (calendar: string) => {
      await db.call(OPS, "fn_set_holidays", {
        calendar: "SYN-SWEEP",
        holidays: [{ date: "2026-01-26", name: "synthetic" }],
      });
      const body = { ...DEALING_POLICY, calendar };
      const { fundId } = await newFund(db);
      return db.look("select evergreen.notice_deadline($1, $2, 'redemption', '2026-01-30')::text as until", [
        fundId,
        body,
      ]);
    },
  },
  {
    field: "dealing.pricing",
    values: ["forward", "prior_nav"],
    outcome: async (pricing: string) => {
      const on = await dealingFund(db);
      const set = await tried(
        db.call(PM_ONE, "fn_set_dealing_policy", {
          share_class_id: on.classId,
          body: { ...DEALING_POLICY, pricing },
          effective_from: "2025-01-01",
        }),
      );
      return set === "taken" ? redeems(on, { units: "10", dealing_date: DEALING_DATE }) : set;
    },
  },
  {
    field: "dealing.minimums.initial",
    values: ["1000", "5000"],
    outcome: async (initial: string) =>
      tried(
        place(db, await minimums({ initial }), await newInvestor(db, null), {
          direction: "subscription",
          amount: "2000.00",
        }),
      ),
  },
  {
    field: "dealing.minimums.additional",
    values: ["100", "5000"],
    outcome: async (additional: string) => {
      const on = await minimums({ additional });
      return tried(place(db, on, on.holder, { direction: "subscription", amount: "2000.00" }));
    },
  },
  {
    field: "dealing.minimums.redemption",
    values: ["50", "5000"],
    outcome: async (redemption: string) => redeems(await minimums({ redemption }), { amount: "2000.00" }),
  },
  {
    field: "dealing.minimums.holding",
    values: ["500", "50000"],
    outcome: async (holding: string) => {
      const on = await minimums({ holding });
      await priced(on);
      return redeems(on, { units: "900" });
    },
  },
  {
    field: "dealing.issuePrice",
    values: ["100", "12.5"],
    outcome: async (issuePrice: string) => {
      const share_class_id = await newClass(db, await newFund(db), "A", { ...DEALING_POLICY, issuePrice });
      return db.look("select trim_scale(issue_price)::text as first from share_classes where share_class_id = $1", [
        share_class_id,
      ]);
    },
  },
  {
    field: "dealing.settlementDays",
    values: [2, 20],
    outcome: async (settlementDays: number) => {
      const on = await dealingFund(db, { policy: { ...OFFERING, settlementDays } });
      await openDealingDay(db, on, workdayIn(30));
      return db.look("select evergreen.settlement_day($1, $2)::text as paid", [on.fund.fundId, workdayIn(30)]);
    },
  },
  {
    field: "dealing.offerNoticeDays",
    values: [21, 30],
    outcome: async (offerNoticeDays: number) => {
      const on = await dealingFund(db, { policy: { ...OFFERING, offerNoticeDays } });
      const offer = { deadline: inDays(25), pricing_date: workdayIn(35), share: "0.05", notice: OFFER_NOTICE };
      return tried(db.call(PM_ONE, "fn_open_repurchase_offer", { fund: on.fund.code, ...offer }));
    },
  },
  {
    field: "lmt.gate.ordinaryFrom",
    values: ["0.2", "1/2"],
    outcome: (ordinaryFrom: string) =>
      db.look("select evergreen.is_ordinary($1, 0.25) as ordinary", [{ gate: { ordinaryFrom } }]),
  },
  {
    field: "lmt.pack",
    values: ["free-form", "another"],
    outcome: (pack: string) => toolsTaken("free-form", { ...LMT_POLICY, pack }),
  },
  {
    field: "lmt.regime",
    values: ["aif", "us_interval"],
    outcome: (regime: string) => toolsTaken("free-form", { regime, tools: ["redemption_gate"] }),
  },
  {
    field: "lmt.investorGate.period",
    values: ["monthly", "quarterly"],
    outcome: async (period: string) => {
      const day = await dayAt(db, "closed");
      await db.look("update fund_flows set requested_at = '2026-01-15' where parent_flow_id = $1", [day.redemption]);
      const next = await openDealingDay(db, day, "2026-02-27");
      await db.call(COMMANDER, "fn_lock_orders", { dealing_day_id: next });
      const [row] = await db.look(
        "select evergreen.book_holdings(array[$1::uuid], '2026-02-27', $2) -> 0 ->> 'redeemed' as redeemed",
        [next, period],
      );
      return row;
    },
  },
  ...(
    [
      ["n", { n: 10, basis: "calendar" }, { n: 30, basis: "calendar" }],
      ["basis", { n: 12, basis: "calendar" }, { n: 12, basis: "business" }],
    ] as const
  ).map(([field, ...values]) => ({
    field: `lmt.noticeExtension.upTo.${field}`,
    values,
    outcome: async (upTo: object) => {
      const on = await dealingFund(db);
      await db.call(PM_ONE, "fn_set_lmt_policy", {
        fund: on.fund.code,
        pack: "free-form",
        body: { ...LMT_POLICY, tools: [...LMT_POLICY.tools, "notice_extension"], noticeExtension: { upTo } },
        effective_from: "2020-01-01",
      });
      const activation = await activated(db, on.fund, "notice_extension", {});
      await db.look("update lmt_activations set active_from = '2026-01-01' where activation_id = $1", [activation]);
      await ordered(db, on, on.holder, { direction: "redemption", units: "10" });
      const dealing_day_id = await openDealingDay(db, on);
      return (await db.value<{ orders: number }>(COMMANDER, "fn_lock_orders", { dealing_day_id })).orders;
    },
  })),
];

it("there is a row for every field of both policies, and for no other", () => {
  const fields = [...fieldsOf(DealingPolicy, "dealing"), ...fieldsOf(LmtPolicy, "lmt")];
  const rows = [...ENGINE_FIELDS, ...TREND_FIELDS, ...SQL_FIELDS].map(({ field }) => field);
  expect([...new Set(rows)].sort()).toEqual([...new Set(fields)].sort());
  expect(fields.length).toBeGreaterThan(50);
});

describe("two values of a field differ in what the engine does", () => {
  it.each([...ENGINE_FIELDS, ...TREND_FIELDS].map((row) => [row.field, row] as const))(
    "%s",
    (_field, { values, outcome }) => {
      const [one, other] = values.map(outcome);
      expect(one).not.toEqual(other);
      // one of the two is no refusal
      expect([one, other].every((found) => typeof found === "string")).toBe(false);
      // and the field is what makes the difference
      expect(outcome(values[0])).toEqual(one);
    },
  );
});

describe("two values of a field differ in what the database does", () => {
  it.each(SQL_FIELDS.map((row) => [row.field, row] as const))("%s", async (_field, { values, outcome }) => {
    const [one, other] = [await outcome(values[0] as never), await outcome(values[1] as never)];
    expect(one).not.toEqual(other);
  });
});
