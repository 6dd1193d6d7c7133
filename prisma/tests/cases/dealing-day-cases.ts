// RPC cases: the dealing day up to the strike.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import {
  classPrices,
  type Day,
  DEALING_DATE,
  dayAt,
  dealingFund,
  NAV_BODY,
  navInputs,
  openDay,
  openDealingDay,
  proposalOf,
  strikeOf,
} from "../dealing-day.ts";
import { newFund } from "../synthetic-fund.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const COMMANDER = agent("commander");
export const dayStatus = async (db: TestDatabase, dayId: unknown) =>
  (await db.look("select status, orders from dealing_days where dealing_day_id = $1", [dayId]))[0];

/** The refusals that every step of a day shares: no such day, and a day that is at `wrong`. */
export const wrongDay = (wrong: (db: TestDatabase) => Promise<Day>): Refusal[] => [
  { what: "a day that is not there", code: "EG404", change: (a) => ({ ...a, dealing_day_id: NOWHERE }) },
  {
    what: "a day at another step",
    code: "EG428",
    change: async (a, db) => ({ ...a, dealing_day_id: (await wrong(db)).dayId }),
  },
];

const navArgs = async (db: TestDatabase, day: Day): Promise<Args> => ({
  strike_id: await strikeOf(db, day.dayId),
  body: NAV_BODY,
  classes: classPrices(day.classId),
});
const classesWith = (change: object) => (a: Args) => ({
  ...a,
  classes: (a.classes as object[]).map((c) => ({ ...c, ...change })),
});
const inputsWith = (change: object) => (a: Args) => ({
  ...a,
  inputs: (a.inputs as object[]).map((i, n) => (n === 0 ? { ...i, ...change } : i)),
});

export const DEALING_DAY_CASES: RpcCase[] = [
  {
    fn: "fn_open_dealing_day",
    by: COMMANDER,
    arrange: async (db) => ({
      fund: (await dealingFund(db)).fund.code,
      share_class: "A",
      dealing_date: "2026-03-31",
      workflow_id: "deal:x",
    }),
    check: ([row]) => {
      expect(row?.fn_open_dealing_day).toMatchObject({
        status: "open",
        step: 0,
        dealing_date: "2026-03-31",
        cut_off_at: "2026-03-31T12:00:00+00:00",
      });
    },
    other: (args) => ({ ...args, dealing_date: "2026-04-30" }),
    audits: 1,
    events: ["DEALING_DAY_OPENED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "a class that is not there", code: "EG404", change: (a) => ({ ...a, share_class: "Z" }) },
      { what: "no date", code: "EG400", change: (a) => ({ ...a, dealing_date: "infinity" }) },
      { what: "an empty workflow id", code: "EG400", change: (a) => ({ ...a, workflow_id: "" }) },
      { what: "a date before every policy", code: "EG428", change: (a) => ({ ...a, dealing_date: "2019-12-31" }) },
      {
        what: "a date on which the class does not deal",
        code: "EG400",
        change: (a) => ({ ...a, dealing_date: "2026-03-29" }),
      },
    ],
  },
  {
    fn: "fn_lock_orders",
    by: COMMANDER,
    arrange: async (db) => ({ dealing_day_id: (await openDay(db)).dayId }),
    check: async ([row], args, db) => {
      expect(row?.fn_lock_orders).toMatchObject({
        status: "cut_off",
        step: 1,
        orders: 2,
        order_root: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(
        await db.look("select status, vintage::text from fund_flows where dealing_day_id = $1", [args.dealing_day_id]),
      ).toEqual(Array(2).fill({ status: "locked", vintage: DEALING_DATE }));
    },
    other: () => ({ dealing_day_id: NOWHERE }),
    audits: 1,
    events: ["CUTOFF_REACHED"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "locked")),
      {
        what: "a day after one that is still open",
        code: "EG428",
        change: async (_a, db) => {
          const day = await openDay(db);
          return { dealing_day_id: await openDealingDay(db, day, "2026-02-27") };
        },
      },
      {
        what: "a cut-off to come",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update dealing_days set cut_off_at = now() + interval '1 minute' where dealing_day_id = $1", [
            a.dealing_day_id,
          ]);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_recheck_orders",
    by: agent("kyc"),
    arrange: async (db) => {
      const day = await dayAt(db, "locked");
      await db.look("update investors set kyc_status = 'blocked' where investor_id = $1", [day.subscriber]);
      return { dealing_day_id: day.dayId };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_recheck_orders).toMatchObject({ held: 1, step: 2 });
      expect(
        await db.look("select direction from fund_flows where dealing_day_id = $1", [args.dealing_day_id]),
      ).toEqual([{ direction: "redemption" }]);
    },
    other: () => ({ dealing_day_id: NOWHERE }),
    audits: 1,
    events: ["ORDERS_RECHECKED"],
    refuses: wrongDay((db) => openDay(db)),
  },
  {
    fn: "fn_freeze_nav_inputs",
    by: COMMANDER,
    arrange: async (db) => {
      const { fund } = await dayAt(db, "rechecked");
      return { fund: fund.code, nav_date: DEALING_DATE, inputs: navInputs(fund) };
    },
    check: async ([row], _args, db) => {
      const strike = row?.fn_freeze_nav_inputs as { strike_id: string };
      expect(strike).toMatchObject({ state: "estimated", version: 1, blockers: [] });
      expect(await db.look("select status from dealing_days where strike_id = $1", [strike.strike_id])).toEqual([
        { status: "inputs_frozen" },
      ]);
    },
    other: (args) => ({ ...args, nav_date: "2026-01-29" }),
    audits: 1,
    events: ["NAV_INPUTS_FROZEN"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, inputs: JSON.stringify({}) }) },
      { what: "no inputs", code: "EG413", change: (a) => ({ ...a, inputs: JSON.stringify([]) }) },
      { what: "NaN", code: "EG400", change: inputsWith({ value: "NaN" }) },
      { what: "less than a cent", code: "EG400", change: inputsWith({ value: "1.001" }) },
      { what: "a value of the future", code: "EG400", change: inputsWith({ as_of: "2026-01-31" }) },
      { what: "a kind that is none", code: "EG400", change: inputsWith({ kind: "hope" }) },
      { what: "an asset without its id", code: "EG400", change: inputsWith({ asset_id: null }) },
      {
        what: "an asset of another fund",
        code: "EG400",
        change: async (a, db) => inputsWith({ asset_id: (await newFund(db)).assets["INFRA-1"] })(a),
      },
      {
        what: "an asset twice",
        code: "EG400",
        change: (a) => ({ ...a, inputs: [...(a.inputs as object[]), (a.inputs as object[])[0]] }),
      },
      {
        what: "a day whose book is open",
        code: "EG428",
        change: async (_a, db) => {
          const { fund } = await openDay(db);
          return { fund: fund.code, nav_date: DEALING_DATE, inputs: navInputs(fund) };
        },
      },
      {
        what: "a NAV that is final",
        code: "EG428",
        change: async (_a, db) => {
          const { fund } = await dayAt(db, "struck");
          return { fund: fund.code, nav_date: DEALING_DATE, inputs: navInputs(fund) };
        },
      },
    ],
  },
  {
    fn: "fn_propose_nav",
    by: COMMANDER,
    arrange: async (db) => navArgs(db, await dayAt(db, "frozen")),
    check: async ([row], args, db) => {
      const made = row?.fn_propose_nav as { proposal_id: string; hash: string };
      expect(
        await db.look(
          "select s.state, s.nav, p.kind, p.approvals_needed, p.status from nav_strikes s join proposals p using (proposal_id) where strike_id = $1 and p.hash = $2",
          [args.strike_id, made.hash],
        ),
      ).toEqual([{ state: "provisional", nav: "108000.0000", kind: "nav", approvals_needed: 2, status: "pending" }]);
    },
    other: (args) => ({ ...args, body: { ...NAV_BODY, note: "other" } }),
    audits: 1,
    events: ["NAV_PROPOSED"],
    refuses: [
      { what: "a strike that is not there", code: "EG404", change: (a) => ({ ...a, strike_id: NOWHERE }) },
      { what: "no classes", code: "EG400", change: (a) => ({ ...a, classes: JSON.stringify([]) }) },
      { what: "an empty workflow id", code: "EG400", change: (a) => ({ ...a, workflow_id: "" }) },
      {
        what: "a NAV that does not foot",
        code: "EG400",
        change: (a) => ({ ...a, body: { ...NAV_BODY, nav: "108000.01" } }),
      },
      {
        what: "assets that are not the inputs'",
        code: "EG400",
        change: (a) => ({ ...a, body: { ...NAV_BODY, total_assets: "1" } }),
      },
      {
        what: "a fee below zero",
        code: "EG400",
        change: (a) => ({ ...a, body: { ...NAV_BODY, performance_fee: "-1000.00" } }),
      },
      {
        what: "a price that is not value over units",
        code: "EG400",
        change: classesWith({ nav_per_unit: "108.0001" }),
      },
      { what: "a NaN price", code: "EG400", change: classesWith({ nav_per_unit: "NaN" }) },
      { what: "classes that do not sum", code: "EG400", change: classesWith({ nav: "107999.99" }) },
      {
        what: "a class twice",
        code: "EG400",
        change: (a) => ({ ...a, classes: [...(a.classes as object[]), ...(a.classes as object[])] }),
      },
      {
        what: "a body of more than a megabyte",
        code: "EG413",
        change: (a) => ({ ...a, body: { ...NAV_BODY, x: "x".repeat(1_100_000) } }),
      },
      {
        what: "a strike that is proposed",
        code: "EG428",
        change: async (_a, db) => navArgs(db, await dayAt(db, "proposed")),
      },
      {
        what: "inputs that were frozen anew",
        code: "EG425",
        change: async (_a, db) => {
          const day = await dayAt(db, "frozen");
          const args = await navArgs(db, day);
          await freezeAgain(db, day);
          return args;
        },
      },
      {
        what: "an input that is too old",
        code: "EG429",
        change: async (_a, db) => {
          const day = await dayAt(db, "rechecked");
          const [first, ...rest] = navInputs(day.fund);
          await db.call(COMMANDER, "fn_freeze_nav_inputs", {
            fund: day.fund.code,
            nav_date: DEALING_DATE,
            inputs: [{ ...first, blocked_by: "older than 90 days" }, ...rest],
          });
          return navArgs(db, day);
        },
      },
    ],
  },
  {
    fn: "fn_strike_nav",
    by: COMMANDER,
    arrange: async (db) => ({ strike_id: await strikeOf(db, (await dayAt(db, "approved")).dayId) }),
    check: async ([row], args, db) => {
      expect(row?.fn_strike_nav).toMatchObject({ state: "final", orders: 2 });
      expect(
        await db.look(
          "select d.status, n.published_at is not null as published, c.nav_per_unit from dealing_days d join class_navs n using (strike_id) join share_classes c on c.share_class_id = n.share_class_id where strike_id = $1",
          [args.strike_id],
        ),
      ).toEqual([{ status: "struck", published: true, nav_per_unit: "108.000000000000000000" }]);
    },
    other: () => ({ strike_id: NOWHERE }),
    audits: 1,
    events: ["NAV_STRUCK"],
    refuses: [
      {
        what: "inputs that were frozen anew since",
        code: "EG425",
        change: async (_a, db) => {
          const day = await dayAt(db, "approved");
          const strike_id = await strikeOf(db, day.dayId);
          const args = { fund: day.fund.code, nav_date: DEALING_DATE, inputs: navInputs(day.fund) };
          await db.call(COMMANDER, "fn_freeze_nav_inputs", args);
          return { strike_id };
        },
      },
      { what: "a strike that is not there", code: "EG404", change: () => ({ strike_id: NOWHERE }) },
      {
        what: "a NAV that nobody approved",
        code: "EG428",
        change: async (_a, db) => ({ strike_id: await strikeOf(db, (await dayAt(db, "proposed")).dayId) }),
      },
      {
        what: "a NAV that one person approved",
        code: "EG428",
        change: async (_a, db) => {
          const day = await dayAt(db, "proposed");
          await db.call(PM_ONE, "fn_decide_proposal", { ...proposalOf(day), decision: "approved" });
          return { strike_id: await strikeOf(db, day.dayId) };
        },
      },
      {
        what: "a NAV whose approvals are not two",
        code: "EG420",
        change: async (_a, db) => {
          const day = await dayAt(db, "proposed");
          await db.look("update proposals set status = 'approved' where proposal_id = $1", [
            proposalOf(day).proposal_id,
          ]);
          return { strike_id: await strikeOf(db, day.dayId) };
        },
      },
      {
        what: "a NAV that was changed since",
        code: "EG421",
        change: async (a, db) => {
          await db.look(
            `update proposals set body = body || '{"nav": "1"}' where proposal_id = (select proposal_id from nav_strikes where strike_id = $1)`,
            [a.strike_id],
          );
          return a;
        },
      },
      {
        what: "units that were issued since",
        code: "EG425",
        change: async (a, db) => {
          await db.look(
            "update share_classes set units_outstanding = units_outstanding + 1 where share_class_id = (select share_class_id from class_navs where strike_id = $1)",
            [a.strike_id],
          );
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_restate_nav",
    by: OPS,
    arrange: async (db) => {
      const day = await dayAt(db, "posted");
      return { strike_id: await strikeOf(db, day.dayId), inputs: navInputs(day.fund), reason: "wrong appraisal" };
    },
    check: async ([row], args) => {
      expect(row?.fn_restate_nav).toMatchObject({ state: "estimated", version: 2, supersedes: args.strike_id });
    },
    other: (args) => ({ ...args, reason: "other" }),
    audits: 1,
    events: ["NAV_RESTATEMENT_BEGUN"],
    refuses: [
      { what: "a strike that is not there", code: "EG404", change: (a) => ({ ...a, strike_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, inputs: JSON.stringify({}) }) },
      { what: "no inputs", code: "EG413", change: (a) => ({ ...a, inputs: JSON.stringify([]) }) },
      {
        what: "a NAV that is not final",
        code: "EG428",
        change: async (a, db) => ({ ...a, strike_id: await strikeOf(db, (await dayAt(db, "proposed")).dayId) }),
      },
    ],
  },
];

/** Freezes the inputs of a day once more. */
const freezeAgain = (db: TestDatabase, { fund }: Day) =>
  db.call(COMMANDER, "fn_freeze_nav_inputs", { fund: fund.code, nav_date: DEALING_DATE, inputs: navInputs(fund) });
