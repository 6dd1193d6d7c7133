// RPC cases: a figure explained, computed again from its inputs, and places found by a few letters. All values are synthetic.
import { Explained, type FigureKind } from "@evergreen-fund/domain/figures.ts";
import { agrees, computedAgain } from "@evergreen-fund/finance/computed-again.ts";
import { expect } from "vitest";
import { type Args, AUDIT, LP_A, LP_B, PM_ONE, refusal, type TestDatabase } from "../arrange.ts";
import { type Day, dayAt, strikeOf } from "../dealing-day.ts";
import { userOf } from "../populate.ts";
import { concluded, opened, outcomeOf, SIMULATION, shardOf } from "../stress-run.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

/** Of a posted day (1,000 units at 108, 50 of 200 redeemed, 100 bought): figure, id, part, what it is. */
async function figuresOf(db: TestDatabase, day: Day): Promise<[FigureKind, string, string | undefined, string][]> {
  const strike = await strikeOf(db, day.dayId);
  const { runId } = await concluded(db, day.fund);
  return [
    ["nav", strike, undefined, "108000.0000"],
    ["nav_per_unit", strike, day.classId, "108"],
    ["dealing_price", strike, `${day.classId}/redemption`, "108"],
    ["dealing_price", strike, `${day.classId}/subscription`, "108"],
    ["worth", day.holder, day.classId, "102600.00"],
    ["units", day.holder, day.classId, "950"],
    ["paid_in", day.subscriber, day.classId, "10800.0000"],
    ["paid_out", day.holder, day.classId, "5400.0000"],
    ["fill", day.redemption, undefined, "50"],
    ["fill", day.subscription, undefined, "100"],
    ["fill_amount", day.redemption, undefined, "5400.0000"],
    ["fill_amount", day.subscription, undefined, "10800.0000"],
    // 250,000 + 350,000 within a month against 100,000 + 50,000
    ["ladder_cover", day.fund.fundId, "30d", "4.0000"],
    ["ladder_gap", day.fund.fundId, "30d", "450000.0000"],
    ["stress_nav_after", runId, "up", "999000.0000"],
    ["stress_loss", runId, "up", "1000.0000"],
    ["weight", day.fund.fundId, "bonds", "0.350000"],
    ["drift", day.fund.fundId, "bonds", "0.000000"],
    ["exposure", day.fund.fundId, "currency:USD", "1000000.0000"],
  ];
}

export const FIGURE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_explain_figure",
    by: PM_ONE,
    arrange: async (db) => {
      const day = await dayAt(db, "posted", { holderUser: userOf(LP_A) });
      return { figure: "nav_per_unit", id: await strikeOf(db, day.dayId), part: day.classId };
    },
    check: async ([row], _args, db) => {
      expect(Explained.parse(row?.fn_explain_figure)).toMatchObject({
        value: "108",
        rule: "R4",
        unit: "USD",
        inputs: [{ value: "108000.0000" }, { value: "1000" }, { opens: { figure: "nav" } }],
      });
      const day = await dayAt(db, "posted", { holderUser: userOf(LP_A), subscriberUser: userOf(LP_B) });
      const asked = (by: typeof PM_ONE, figure: string, id: string, part?: string) =>
        db.value<object>(by, "fn_explain_figure", { figure, id, ...(part === undefined ? {} : { part }) });
      for (const [figure, id, part, value] of await figuresOf(db, day)) {
        const name = `${figure} ${part ?? ""}`;
        const explained = Explained.parse(await asked(AUDIT, figure, id, part));
        expect(explained.value, name).toBe(value);
        const again = computedAgain(explained);
        expect(again === null ? null : agrees(explained, value, again), `${name}: ${again}`).toBe(true);
        // with another input it is another figure
        const others = explained.inputs.map((_, at) =>
          computedAgain({
            ...explained,
            inputs: explained.inputs.map((input, n) =>
              n === at ? { ...input, value: String(Number(input.value) / 2) } : input,
            ),
          }),
        );
        expect(
          others.some((other) => other !== null && !agrees(explained, value, other)),
          `${name}, with another input`,
        ).toBe(true);
      }
      // an investor: the own figures, no table of staff, nobody else's
      const own = Explained.parse(await asked(LP_A, "worth", day.holder, day.classId));
      expect(own).toMatchObject({ value: "102600.00", workflow_id: null, memories: [] });
      expect(Explained.parse(await asked(LP_A, "fill", day.redemption))).toMatchObject({ value: "50" });
      const books = Explained.parse(await asked(LP_A, "performance", day.fund.code, "paid_in"));
      expect(books.facts).toMatchObject({ holders: expect.any(Number), classes: [{ id: day.classId }] });
      for (const [figure, id, part] of [
        ["nav", await strikeOf(db, day.dayId)],
        ["fill", day.subscription],
        ["worth", day.subscriber, day.classId],
        ["ladder_cover", day.fund.fundId, "30d"],
        ["weight", day.fund.fundId, "bonds"],
      ] as const)
        expect((await refusal(asked(LP_A, figure, id, part))).code, figure).toBe("EG404");
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a figure of no page", code: "EG400", change: (args) => ({ ...args, figure: "luck" }) },
      { what: "a figure that is not there", code: "EG404", change: (args) => ({ ...args, id: NOWHERE }) },
      { what: "an investor who is not in the fund", code: "EG404", by: LP_B, change: (args) => args },
      {
        what: "a figure of the fund, asked for by an investor",
        code: "EG404",
        by: LP_A,
        change: ({ id }) => ({ figure: "nav", id }),
      },
    ],
  },
  {
    fn: "fn_find_places",
    by: PM_ONE,
    arrange: async (db) => {
      const day = await dayAt(db, "posted", { holderUser: userOf(LP_A) });
      return { query: day.redemption.slice(0, 13) };
    },
    check: async ([row], args, db) => {
      const found = row?.fn_find_places as Args[];
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ kind: "order", detail: expect.stringContaining("LP-") });
      expect(String(found[0]?.id).startsWith(String(args.query))).toBe(true);
      const asked = (by: typeof PM_ONE, query: string) => db.value<Args[]>(by, "fn_find_places", { query });
      expect(await asked(LP_A, String(args.query))).toEqual(found);
      expect(await asked(LP_B, String(args.query))).toEqual([]);
      expect(await asked(LP_A, "BOND")).toEqual([]);
      expect((await asked(PM_ONE, "bond-a")).map(({ kind }) => kind)).toContain("asset");
      expect(await asked(PM_ONE, "%")).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_stress_limits",
    by: PM_ONE,
    arrange: async (db) => {
      const run = await opened(db);
      await db.call(SIMULATION, "fn_record_stress_shard", shardOf(run));
      const borne = {
        survivalQuarters: "7",
        reverse: { largestRedemption: null, smallestHaircut: null, frontier: [{ redemption: "0.31", haircut: "0.1" }] },
      };
      await db.call(SIMULATION, "fn_record_stress_outcome", outcomeOf(run, 0, borne));
      return { stress_run_id: run.runId };
    },
    check: ([row]) => {
      // the other scenario is not done
      expect(row?.fn_read_stress_limits).toEqual([
        expect.objectContaining({
          scenario_id: "up",
          survival: "7",
          frontier: [{ redemption: "0.31", haircut: "0.1" }],
          largest_redemption: null,
        }),
      ]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
