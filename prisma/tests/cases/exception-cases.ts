// RPC cases: side pockets, redemptions in kind, and the authority told of liquidity tools.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { dealingFund } from "../dealing-day.ts";
import { COMMANDER, claimInKind, consented, NOTICE, pocketDay } from "../postings.ts";
import { refusedConsent } from "./consent.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const suspending = async (db: TestDatabase): Promise<string> => {
  const { fund } = await dealingFund(db);
  return (
    await db.value<{ activation_id: string }>(agent("liquidity-engine"), "fn_propose_lmt", {
      fund: fund.code,
      tool: "suspension",
      trigger: { redemptions: "0.3" },
      notice: NOTICE,
    })
  ).activation_id;
};

const inKind = async (db: TestDatabase, change: Args = {}) => {
  const { day, body } = await claimInKind(db);
  return { fund: day.fund, kind: "in_kind", body: { ...body, ...change }, day };
};
const refusedInKind = (what: string, code: Refusal["code"], change: Args): Refusal => ({
  what,
  code,
  change: async (_a, db) => {
    const { fund, kind, body, day } = await inKind(db);
    const asset_id = day.fund.assets["INFRA-1"];
    const deliveries = change.deliveries as Args[] | undefined;
    return consented(db, fund, kind, {
      ...body,
      ...change,
      ...(deliveries === undefined ? {} : { deliveries: deliveries.map((row) => ({ asset_id, ...row })) }),
    });
  },
});

export const EXCEPTION_CASES: RpcCase[] = [
  {
    fn: "fn_note_authority",
    by: PM_ONE,
    arrange: async (db) => ({ activation_id: await suspending(db) }),
    check: async ([row], args, db) => {
      expect(row?.fn_note_authority).toEqual({
        activation_id: args.activation_id,
        tool: "suspension",
        status: "proposed",
      });
      expect(
        await db.look("select nca_notified_at <= now() as told from lmt_activations where activation_id = $1", [
          args.activation_id,
        ]),
      ).toEqual([{ told: true }]);
    },
    other: (args) => ({ ...args, notified_at: "2026-01-01T00:00:00Z" }),
    audits: 1,
    events: ["AUTHORITY_NOTIFIED"],
    refuses: [
      { what: "an activation that is not there", code: "EG404", change: (a) => ({ ...a, activation_id: NOWHERE }) },
      { what: "a time to come", code: "EG400", change: (a) => ({ ...a, notified_at: "2999-01-01T00:00:00Z" }) },
      {
        what: "a time before there was anything to tell",
        code: "EG400",
        change: (a) => ({ ...a, notified_at: "2026-01-01T00:00:00Z" }),
      },
      {
        what: "an authority that knows",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_note_authority", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_open_side_pocket",
    by: COMMANDER,
    arrange: async (db) => (await pocketDay(db)).args,
    check: async ([row], _args, db) => {
      // 90,000 + 2,000 − 200 of 108,000 leave: 91.8 of 108 per unit
      expect(row?.fn_open_side_pocket).toMatchObject({ value: "91800.00", main_value: "16200.0000" });
      const { share_class_id } = (row?.fn_open_side_pocket ?? {}) as { share_class_id: string };
      expect(
        await db.look(
          `select c.code, trim_scale(c.units_outstanding)::text as units, trim_scale(c.nav_per_unit)::text as price, trim_scale(l.price)::text as cost,
                  trim_scale(evergreen.class_mark(c.share_class_id))::text as mark
             from share_classes c join lots l using (share_class_id) where c.share_class_id = $1 or c.share_class_id = (select pocket_of from share_classes where share_class_id = $1)
            order by 1`,
          [share_class_id],
        ),
      ).toEqual([
        { code: "A", units: "1000", price: "16.2", cost: "15", mark: "15" },
        { code: "A-SP1", units: "1000", price: "91.8", cost: "85", mark: "85" },
      ]);
      // closed: it gets no terms, and so takes no orders
      await expect(
        db.call(PM_ONE, "fn_set_dealing_policy", {
          share_class_id,
          body: { cutOff: "12:00" },
          effective_from: "2026-01-01",
        }),
      ).rejects.toMatchObject({ code: "EG428" });
    },
    other: (args) => ({ ...args, code: "A-SP2" }),
    audits: 1,
    events: ["SIDE_POCKET_OPENED"],
    refuses: [
      { what: "an activation that is not there", code: "EG404", change: (a) => ({ ...a, activation_id: NOWHERE }) },
      { what: "a class that is not there", code: "EG404", change: (a) => ({ ...a, share_class: "Z" }) },
      { what: "a code in small letters", code: "EG400", change: (a) => ({ ...a, code: "sp" }) },
      { what: "a code that is taken", code: "EG428", change: (a) => ({ ...a, code: "A" }) },
      {
        what: "an activation of another tool",
        code: "EG404",
        change: async (a, db) => ({ ...a, activation_id: await suspending(db) }),
      },
      {
        what: "an authority that was not told",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update lmt_activations set nca_notified_at = null where activation_id = $1", [
            a.activation_id,
          ]);
          return a;
        },
      },
      {
        what: "a tool that is in use no longer",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_end_lmt", { activation_id: a.activation_id, reason: "realised" });
          return a;
        },
      },
      {
        what: "a pocket that is open",
        code: "EG428",
        change: async (a, db) => {
          await db.call(COMMANDER, "fn_open_side_pocket", a);
          return { ...a, code: "A-SP2" };
        },
      },
      {
        what: "a day that is priced and not posted",
        code: "EG428",
        change: async (a, db) => {
          await db.look(
            "update dealing_days d set status = 'struck' from lmt_activations l where l.fund_id = d.fund_id and l.activation_id = $1",
            [a.activation_id],
          );
          return a;
        },
      },
      {
        what: "units that were dealt since the NAV",
        code: "EG425",
        change: async (a, db) => {
          await db.look(
            "update share_classes c set units_outstanding = 999 from lmt_activations l where l.fund_id = c.fund_id and l.activation_id = $1",
            [a.activation_id],
          );
          return a;
        },
      },
      ...(
        [
          ["an asset that the NAV does not have", "EG404", `{"assets": ["${NOWHERE}"]}`],
          ["no assets", "EG404", `{"assets": []}`],
          ["more than the class is worth", "EG424", `{"holdback": "20000"}`],
          ["debts above the assets", "EG424", `{"liabilities": "92000"}`],
          ["a holdback below zero", "EG400", `{"holdback": "-1"}`],
        ] as const
      ).map(([what, code, change]) => ({
        what,
        code,
        change: async (a: Args, db: TestDatabase) => {
          await db.look("update lmt_activations set trigger = trigger || $2::jsonb where activation_id = $1", [
            a.activation_id,
            change,
          ]);
          return a;
        },
      })),
    ],
  },
  {
    fn: "fn_settle_in_kind",
    by: COMMANDER,
    arrange: async (db) => {
      const { fund, kind, body } = await inKind(db);
      return consented(db, fund, kind, body);
    },
    check: async ([row], _args, db) => {
      expect(row?.fn_settle_in_kind).toMatchObject({ delivered: "4500.00", cash: "900.0000" });
      const { ledger_tx_id, flow_id } = (row?.fn_settle_in_kind ?? {}) as { ledger_tx_id: string; flow_id: string };
      expect(
        await db.look("select account, amount::text from cash_movements where ledger_tx_id = $1 order by 2", [
          ledger_tx_id,
        ]),
      ).toEqual([
        { account: "assets_delivered", amount: "-4500.0000" },
        { account: "bank", amount: "-900.0000" },
        { account: "redemptions_payable", amount: "5400.0000" },
      ]);
      expect(await db.look("select status from fund_flows where flow_id = $1", [flow_id])).toEqual([
        { status: "settled" },
      ]);
      expect(
        await db.look(
          "select trim_scale(quantity)::text as quantity, value from in_kind_deliveries where flow_id = $1",
          [flow_id],
        ),
      ).toEqual([{ quantity: "45", value: "4500.0000" }]);
    },
    other: () => ({ proposal_id: NOWHERE }),
    audits: 1,
    events: ["DELIVERED_IN_KIND"],
    refuses: [
      ...refusedConsent("fn_settle_in_kind", (db) => inKind(db)),
      refusedInKind("cash that does not foot", "EG424", { cash: "900.01" }),
      refusedInKind("no deliveries", "EG400", { deliveries: [] }),
      refusedInKind("more than the order's part", "EG424", {
        deliveries: [{ quantity: "45", value: "4500.01" }],
        cash: "899.99",
      }),
      refusedInKind("an asset that is none of the NAV's", "EG424", {
        deliveries: [{ asset_id: NOWHERE, quantity: "1", value: "100.00" }],
        cash: "5300.00",
      }),
      refusedInKind("no quantity", "EG424", { deliveries: [{ quantity: "0", value: "4500.00" }] }),
      refusedInKind("an asset twice", "EG400", {
        deliveries: [
          { quantity: "1", value: "100.00" },
          { quantity: "1", value: "100.00" },
        ],
        cash: "5200.00",
      }),
      {
        what: "a retail investor",
        code: "EG430",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await inKind(db);
          await db.look("update investors set classification = 'retail' where investor_id = $1", [day.holder]);
          return consented(db, fund, kind, body);
        },
      },
      {
        what: "a tool that is not in use",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body } = await inKind(db);
          await db.look("update lmt_activations set status = 'ended' where fund_id = $1", [fund.fundId]);
          return consented(db, fund, kind, body);
        },
      },
      {
        what: "what was paid in cash meanwhile",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await inKind(db);
          const made = await consented(db, fund, kind, body);
          await db.call(OPS, "fn_confirm_cash", {
            fund: fund.code,
            payments: [{ flow_id: day.redemption, amount: "5400.00" }],
          });
          return made;
        },
      },
    ],
  },
];
