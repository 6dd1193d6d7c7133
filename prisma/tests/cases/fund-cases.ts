// RPC cases: funds, mandates, the liquidity ladder.
import { expect } from "vitest";
import { agent, PM_ONE } from "../arrange.ts";
import { checkedProposal, freshCode, newFund, newProposal, syntheticFund, TRADES } from "../synthetic-fund.ts";
import { NOWHERE, noUuid, type RpcCase } from "./rpc-case.ts";

const LIQUIDITY = agent("liquidity-engine");
type Fund = { assets: Record<string, unknown>[]; ladder: Record<string, unknown>[] } & Record<string, unknown>;
const changed = (args: Record<string, unknown>, change: (fund: Fund) => void) => {
  const fund = structuredClone(args.fund) as Fund;
  change(fund);
  return { ...args, fund };
};
const first = (fund: Fund) => fund.assets[0] ?? {};

export const FUND_CASES: RpcCase[] = [
  {
    fn: "fn_import_fund",
    by: PM_ONE,
    arrange: async () => ({ fund: syntheticFund(freshCode()) }),
    check: async ([row], _args, db) => {
      const made = row?.fn_import_fund as { fund_id: string };
      expect(made).toMatchObject({ assets: 6, version: "1" });
      const counts = await db.look(
        `select (select count(*)::int from assets where fund_id = $1) as assets, (select count(*)::int from portfolio_allocations where fund_id = $1) as allocations,
                (select sum(actual_pct) from portfolio_allocations where fund_id = $1) as whole, (select count(*)::int from asset_snapshots where fund_id = $1) as marks,
                (select count(*)::int from liquidity_ladder where fund_id = $1) as rungs, (select count(*)::int from reported_flows where fund_id = $1) as flows,
                (select count(*)::int from fund_sensitivities where fund_id = $1) as sensitivities, (select count(*)::int from mandates where fund_id = $1) as mandates`,
        [made.fund_id],
      );
      expect(counts).toEqual([
        {
          assets: 6,
          allocations: 6,
          whole: "1.000000000000000000",
          marks: 6,
          rungs: 4,
          flows: 1,
          sensitivities: 1,
          mandates: 1,
        },
      ]);
    },
    other: (args) =>
      changed(args, (fund) => {
        fund.name = "Another name";
      }),
    audits: 2, // the mandate made at import is one of its own
    events: ["FUND_IMPORTED"],
    refuses: [
      {
        what: "assets that do not add up",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            f.net_assets = "1000000.01";
          }),
      },
      {
        what: "a market value finer than a cent",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            first(f).market_value = "100000.001";
            f.net_assets = "1000000.001";
          }),
      },
      {
        what: "a market value that is missing",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            delete first(f).market_value;
            f.net_assets = "900000.00";
          }),
      },
      {
        what: "a market value that is no number",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            first(f).market_value = "NaN";
            f.net_assets = "NaN";
          }),
      },
      {
        what: "an infinite net value",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            f.assets = [];
            f.net_assets = "Infinity";
          }),
      },
      {
        what: "an asset twice",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            (f.assets[1] ?? {}).key = first(f).key;
          }),
      },
      {
        what: "an asset without a key",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            delete first(f).key;
          }),
      },
      {
        what: "an unknown bucket",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            first(f).bucket = "2w";
          }),
      },
      {
        what: "an unknown currency",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            f.currency = "XXX";
          }),
      },
      {
        what: "a code of other letters",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            f.code = "no such";
          }),
      },
      {
        what: "no day",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            delete f.as_of;
          }),
      },
      {
        what: "a day that is none",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            f.as_of = "2026-02-30";
          }),
      },
      {
        what: "no list of assets",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            (f as Record<string, unknown>).assets = {};
          }),
      },
      {
        what: "a ladder amount finer than a cent",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            (f.ladder[0] ?? {}).capacity = "1.005";
          }),
      },
      {
        what: "a side of the ladder that is none",
        code: "EG400",
        change: (a) =>
          changed(a, (f) => {
            (f.ladder[0] ?? {}).side = "both";
          }),
      },
      {
        what: "a filing older than what stands",
        code: "EG428",
        change: async (a, db) => {
          const code = (await newFund(db)).code;
          return changed(a, (f) => {
            f.code = code;
            f.as_of = "2026-06-30";
          });
        },
      },
      {
        what: "another currency for a fund that is there",
        code: "EG400",
        change: async (a, db) => {
          const code = (await newFund(db)).code;
          return changed(a, (f) => {
            f.code = code;
            f.currency = "EUR";
          });
        },
      },
    ],
  },
  {
    fn: "fn_set_mandate",
    by: PM_ONE,
    arrange: async (db) => ({ fund: (await newFund(db)).code, mandate: { sleeves: [] }, label: "by hand" }),
    check: async ([row], args, db) => {
      expect(row?.fn_set_mandate).toBe(2);
      expect(
        await db.look(
          "select m.version, m.label from mandates m join funds f using (fund_id) where f.code = $1 and m.superseded_at is null",
          [args.fund],
        ),
      ).toEqual([{ version: 2, label: "by hand" }]);
    },
    other: (args) => ({ ...args, label: "another" }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "no list of sleeves", code: "EG400", change: (a) => ({ ...a, mandate: { sleeves: {} } }) },
      { what: "no mandate", code: "EG400", change: (a) => ({ ...a, mandate: null }) },
      {
        what: "more than a megabyte",
        code: "EG413",
        change: (a) => ({ ...a, mandate: { sleeves: [], note: "x".repeat(1_048_577) } }),
      },
      { what: "no label", code: "EG400", change: (a) => ({ ...a, label: "" }) },
    ],
  },
  {
    fn: "fn_request_rebalance",
    by: PM_ONE,
    arrange: async (db) => ({ fund: (await newFund(db)).code, reason: "quarter end" }),
    check: async ([row], _args, db) => {
      const asked = row?.fn_request_rebalance as { event_id: string };
      expect(
        await db.look("select type, payload, created_by from fund_events where event_id = $1", [asked.event_id]),
      ).toEqual([
        {
          type: "REBALANCE_REQUESTED",
          payload: { mandate_version: 1, reason: "quarter end", method: "lp" },
          created_by: "user:00000000-0000-4000-8000-000000000001",
        },
      ]);
    },
    other: (args) => ({ ...args, method: "qp" }),
    audits: 1,
    events: ["REBALANCE_REQUESTED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "an unknown method", code: "EG400", change: (a) => ({ ...a, method: "guess" }) },
      { what: "a reason that is too long", code: "EG400", change: (a) => ({ ...a, reason: "x".repeat(501) }) },
      {
        what: "a fund without holdings",
        code: "EG426",
        change: async (a, db) => ({ ...a, fund: (await newFund(db, { assets: [] })).code }),
      },
      {
        what: "a fund without a mandate",
        code: "EG428",
        change: async (a, db) => ({ ...a, fund: (await newFund(db, { mandate: undefined })).code }),
      },
      {
        what: "a suspended fund",
        code: "EG428",
        change: async (a, db) => {
          const fund = await newFund(db);
          await db.look("update funds set status = 'suspended' where fund_id = $1", [fund.fundId]);
          return { ...a, fund: fund.code };
        },
      },
    ],
  },
  {
    fn: "fn_update_liquidity_bucket",
    by: LIQUIDITY,
    arrange: async (db) => ({
      bucket: "T+7",
      delta_capacity: "-1000.50",
      context: { fund_id: (await newFund(db)).fundId, reason: "haircut" },
    }),
    check: ([row]) => {
      expect(row).toMatchObject({
        bucket: "7d",
        side: "asset",
        capacity: "348999.5000",
        utilization: "0.0000",
        scenario_id: "base",
      });
    },
    other: (args) => ({ ...args, delta_capacity: "1.00" }),
    audits: 1,
    events: ["LIQUIDITY_UPDATED"],
    refuses: [
      { what: "an unknown bucket", code: "EG400", change: (a) => ({ ...a, bucket: "T+5" }) },
      { what: "NaN", code: "EG400", change: (a) => ({ ...a, delta_capacity: "NaN" }) },
      { what: "infinity", code: "EG400", change: (a) => ({ ...a, delta_capacity: "Infinity" }) },
      { what: "less than a cent", code: "EG400", change: (a) => ({ ...a, delta_capacity: "0.001" }) },
      { what: "no amount", code: "EG400", change: (a) => ({ ...a, delta_capacity: null }) },
      { what: "more digits than the column", code: "EG400", change: (a) => ({ ...a, delta_capacity: "9".repeat(40) }) },
      { what: "no context", code: "EG404", change: (a) => ({ ...a, context: null }) },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, context: { fund_id: NOWHERE } }) },
      { what: "a fund id that is none", code: "EG400", change: (a) => ({ ...a, context: { fund_id: noUuid } }) },
      {
        what: "an unknown side",
        code: "EG400",
        change: (a) => ({ ...a, context: { ...(a.context as object), side: "both" } }),
      },
      { what: "less than nothing left", code: "EG424", change: (a) => ({ ...a, delta_capacity: "-350000.01" }) },
      {
        what: "a day that is none",
        code: "EG400",
        change: (a) => ({ ...a, context: { ...(a.context as object), as_of: "yesterday-ish" } }),
      },
    ],
  },
  {
    fn: "fn_reserve_liquidity",
    by: LIQUIDITY,
    arrange: async (db) => ({
      proposal_id: (
        await newProposal(db, { trades: [{ asset: "SHARE-A", side: "buy", amount: "30000.00", cost: "20.00" }] })
      ).proposalId,
    }),
    check: async (rows, args, db) => {
      expect(rows).toEqual([{ result: "passed", reason: expect.any(String), ratio: "3.999866666666666667" }]);
      expect(
        await db.look("select amount, released_at from liquidity_reservations where proposal_id = $1", [
          args.proposal_id,
        ]),
      ).toEqual([{ amount: "30020.0000", released_at: null }]);
    },
    other: () => ({ proposal_id: NOWHERE }),
    audits: 1,
    events: [],
    refuses: [{ what: "a proposal that is not there", code: "EG404", change: () => ({ proposal_id: NOWHERE }) }],
  },
  {
    fn: "fn_release_liquidity",
    by: LIQUIDITY,
    arrange: async (db) => ({
      proposal_id: (
        await checkedProposal(db, { trades: [...TRADES, { asset: "BOND-B", side: "buy", amount: "50000.00" }] })
      ).proposalId,
      reason: "rejected",
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_release_liquidity).toBe(1);
      expect(
        await db.look(
          `select r.amount, r.release_reason, l.utilization from liquidity_reservations r join liquidity_ladder l using (ladder_id)
            where r.proposal_id = $1 and r.released_at is not null`,
          [args.proposal_id],
        ),
      ).toEqual([{ amount: "40050.0000", release_reason: "rejected", utilization: "0.0000" }]);
    },
    other: (args) => ({ ...args, reason: "withdrawn" }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a proposal that is not there", code: "EG404", change: (a) => ({ ...a, proposal_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
    ],
  },
];
