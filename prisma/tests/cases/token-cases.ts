// RPC cases: units of a class on a chain: asked for, wallets, register against chain.
import { Tokens } from "@evergreen-fund/domain/token-pages.ts";
import { expect } from "vitest";
import { AUDIT, agent, OPS, type TestDatabase } from "../arrange.ts";
import { POOL, POOL_TRADE } from "../pool.ts";
import {
  ADDRESS,
  askToken,
  begunToken,
  classOnChain,
  classWithRegister,
  classWithWallet,
  LIMITS,
  OTHER_ADDRESS,
} from "../token-class.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const ROOM = agent("tokenization");
const minting = async (db: TestDatabase) => {
  const made = await classWithWallet(db);
  return {
    ...made,
    asked: await begunToken(db, await askToken(db, made.code, "mint", { wallet: ADDRESS, units: "5" })),
  };
};
const statusOf = async (db: TestDatabase, id: unknown) =>
  (await db.look<{ status: string }>("select status from tokenization_actions where action_id = $1", [id]))[0]?.status;

/** As if a look at the chain had found these limits, where the packs in force ask for LIMITS. */
async function lookedAt(db: TestDatabase, fund: unknown, on_chain: object) {
  const [on] = await db.look<{ contract_id: string; versions: string[] }>(
    `select t.contract_id, array(select jsonb_array_elements_text(evergreen.rule_versions(t.fund_id))) as versions
       from token_contracts t join funds f using (fund_id) where f.code = $1`,
    [fund],
  );
  const { contract_id, versions } = on!;
  const rules = { versions, on_chain, asked: LIMITS, unsaid: [] };
  await db.call(ROOM, "fn_record_token_reconciliation", { contract_id, block: 100, breaks: "[]", rules });
}

export const TOKEN_CASES: RpcCase[] = [
  {
    fn: "fn_request_token_action",
    by: OPS,
    arrange: async (db) => {
      const { code } = await classWithWallet(db);
      return { fund: code, share_class: "A", kind: "mint", body: { wallet: ADDRESS, units: "5.5" } };
    },
    check: async ([row], _args, db) => {
      const { action_id } = row!.fn_request_token_action as { action_id: string };
      expect(
        await db.look(
          "select kind, status, trim_scale(size)::text as size, trim_scale(price)::text as price from tokenization_actions where action_id = $1",
          [action_id],
        ),
      ).toEqual([{ kind: "mint", status: "requested", size: "5.5", price: "10" }]);
    },
    other: (args) => ({ ...args, body: { wallet: ADDRESS, units: "6" } }),
    audits: 1,
    events: ["TOKENIZATION_REQUESTED"],
    refuses: [
      { what: "another kind", code: "EG400", change: (a) => ({ ...a, kind: "deal" }) },
      { what: "a body with more", code: "EG400", change: (a) => ({ ...a, body: { note: "x" } }) },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NOPE" }) },
      {
        what: "limits before packs and chain were compared",
        code: "EG428",
        change: (a) => ({ ...a, kind: "limits", body: {} }),
      },
      {
        what: "limits that stand already",
        code: "EG422",
        change: async (a, db) => {
          await lookedAt(db, a.fund, LIMITS);
          return { ...a, kind: "limits", body: {} };
        },
      },
      { what: "a class that is not there", code: "EG404", change: (a) => ({ ...a, share_class: "Z" }) },
      {
        what: "a class that is on a chain already",
        code: "EG428",
        change: (a) => ({ ...a, kind: "deploy", body: {} }),
      },
      { what: "no legal basis", code: "EG400", change: (a) => ({ ...a, kind: "freeze" }) },
      {
        what: "a wallet that is not there",
        code: "EG404",
        change: (a) => ({ ...a, body: { wallet: OTHER_ADDRESS, units: "5" } }),
      },
      {
        what: "a wallet that is not frozen",
        code: "EG428",
        change: (a) => ({ ...a, kind: "unfreeze", body: { wallet: ADDRESS, legal_basis: "order 7" } }),
      },
      {
        what: "a transfer to nobody",
        code: "EG404",
        change: (a) => ({
          ...a,
          kind: "force_transfer",
          body: { wallet: ADDRESS, units: "1", legal_basis: "order 7" },
        }),
      },
      { what: "no number of units", code: "EG400", change: (a) => ({ ...a, body: { wallet: ADDRESS, units: "-5" } }) },
      {
        what: "finer units than the class has",
        code: "EG400",
        change: (a) => ({ ...a, body: { wallet: ADDRESS, units: "5.00001" } }),
      },
      {
        what: "more than the register has",
        code: "EG424",
        change: (a) => ({ ...a, body: { wallet: ADDRESS, units: "101" } }),
      },
      { what: "more than the wallet has", code: "EG424", change: (a) => ({ ...a, kind: "burn" }) },
    ],
  },
  {
    fn: "fn_retry_token_action",
    by: OPS,
    arrange: async (db) => {
      const { asked } = await minting(db);
      const { action_id } = asked;
      await db.call(ROOM, "fn_mark_token_action", {
        action_id,
        state: "failed",
        detail: { code: "EG424", reason: "no gas" },
      });
      return { action_id };
    },
    check: async (_rows, args, db) => expect(await statusOf(db, args.action_id)).toBe("requested"),
    other: () => ({ action_id: NOWHERE }),
    audits: 1,
    events: ["TOKENIZATION_REQUESTED"],
    refuses: [
      { what: "an operation that is not there", code: "EG404", change: () => ({ action_id: NOWHERE }) },
      {
        what: "one that is under way",
        code: "EG428",
        change: async (_a, db) => ({ action_id: (await minting(db)).asked.action_id }),
      },
    ],
  },
  {
    fn: "fn_register_wallet",
    by: OPS,
    arrange: async (db) => {
      const { classId, investorId } = await classOnChain(db);
      return {
        share_class_id: classId,
        investor_id: investorId,
        address: ADDRESS.toUpperCase().replace("0X", "0x"),
        consent: "agreement 7",
      };
    },
    check: async ([row], _args, db) => {
      const { wallet_id } = row!.fn_register_wallet as { wallet_id: string };
      expect(
        await db.look("select address, status, claim_until from wallets where wallet_id = $1", [wallet_id]),
      ).toEqual([{ address: ADDRESS, status: "registered", claim_until: null }]);
      expect(
        await db.look("select kind from tokenization_actions where wallet_id = $1 order by kind", [wallet_id]),
      ).toEqual([{ kind: "claim_issue" }, { kind: "keep" }]);
    },
    other: (args) => ({ ...args, consent: "agreement 8" }),
    audits: 3,
    events: ["WALLET_REGISTERED", "TOKENIZATION_REQUESTED", "TOKENIZATION_REQUESTED"],
    refuses: [
      { what: "no address", code: "EG400", change: (a) => ({ ...a, address: "0x12" }) },
      { what: "no consent", code: "EG400", change: (a) => ({ ...a, consent: " " }) },
      {
        what: "a class that is on no chain",
        code: "EG404",
        change: async (a, db) => ({ ...a, share_class_id: (await classWithRegister(db)).classId }),
      },
      { what: "an investor that is not there", code: "EG404", change: (a) => ({ ...a, investor_id: NOWHERE }) },
      {
        what: "an investor whom KYC does not clear",
        code: "EG430",
        change: async (a, db) => {
          await db.look("update investors set kyc_status = 'blocked' where investor_id = $1", [a.investor_id]);
          return a;
        },
      },
      {
        what: "an address that is taken",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update investors set kyc_status = 'approved' where investor_id = $1", [a.investor_id]);
          await db.call(OPS, "fn_register_wallet", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_read_token_request",
    by: agent("compliance-sentinel"),
    arrange: async (db) => {
      const { code } = await classWithWallet(db);
      return { event_id: (await askToken(db, code, "mint", { wallet: ADDRESS, units: "5" })).event_id };
    },
    check: ([row]) =>
      expect(row?.fn_read_token_request).toEqual({
        kind: "mint",
        status: "requested",
        legal_basis: false,
        not_cleared: 0,
        still_cleared: false,
        posted: true,
        rules: true,
      }),
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "an event that is not there", code: "EG404", change: () => ({ event_id: NOWHERE }) }],
  },
  {
    fn: "fn_read_token_register",
    by: ROOM,
    arrange: async (db) => ({ contract_id: (await classWithWallet(db)).contractId, block: 100 }),
    check: ([row]) =>
      expect(row?.fn_read_token_register).toMatchObject({
        outstanding: "100",
        busy: false,
        lines: [{ wallet: ADDRESS, units: "0" }],
        over: [],
      }),
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "contracts that are not there", code: "EG404", change: (a) => ({ ...a, contract_id: NOWHERE }) }],
  },
  {
    fn: "fn_record_token_reconciliation",
    by: ROOM,
    arrange: async (db) => ({
      contract_id: (await classWithWallet(db)).contractId,
      block: 100,
      breaks: [{ kind: "differs", wallet: ADDRESS, register: "1", chain: "2" }],
      rules: { versions: [], on_chain: LIMITS, asked: { ...LIMITS, transferable: false }, unsaid: ["pack/rule"] },
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_record_token_reconciliation).toMatchObject({ block: 100, breaks: 1, opened: 1 });
      expect(
        await db.look("select kind, wallet, closed_at from chain_breaks where contract_id = $1", [args.contract_id]),
      ).toEqual([{ kind: "differs", wallet: ADDRESS, closed_at: null }]);
      expect(
        await db.look("select limits, rules from token_contracts where contract_id = $1", [args.contract_id]),
      ).toEqual([
        { limits: LIMITS, rules: { versions: [], asked: { ...LIMITS, transferable: false }, unsaid: ["pack/rule"] } },
      ]);
    },
    other: (args) => ({ ...args, breaks: [] }),
    audits: 1,
    events: ["TOKEN_BREAK"],
    refuses: [
      { what: "contracts that are not there", code: "EG404", change: (a) => ({ ...a, contract_id: NOWHERE }) },
      { what: "no block", code: "EG400", change: (a) => ({ ...a, block: -1 }) },
      { what: "rules without limits", code: "EG400", change: (a) => ({ ...a, rules: { versions: [], unsaid: [] } }) },
      {
        what: "a limit that is no number",
        code: "EG400",
        change: (a) => ({
          ...a,
          rules: { versions: [], unsaid: [], asked: LIMITS, on_chain: { ...LIMITS, max_holding: "-1" } },
        }),
      },
      {
        what: "a pack that is none",
        code: "EG400",
        change: (a) => ({ ...a, rules: { versions: ["x"], unsaid: [], asked: LIMITS, on_chain: LIMITS } }),
      },
      { what: "breaks that are no list", code: "EG400", change: (a) => ({ ...a, breaks: {} }) },
      {
        what: "a kind of break that is none",
        code: "EG400",
        change: (a) => ({ ...a, breaks: [{ kind: "odd", wallet: ADDRESS, register: "1", chain: "2" }] }),
      },
      {
        what: "more breaks than are kept",
        code: "EG413",
        change: (a) => ({ ...a, breaks: Array.from({ length: 10_001 }, () => ({})) }),
      },
      {
        what: "a block before one that was looked at",
        code: "EG425",
        change: async (a, db) => {
          await db.call(ROOM, "fn_record_token_reconciliation", { ...a, block: 200 });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_read_tokens",
    by: AUDIT,
    arrange: async (db) => {
      const { fundId: fund_id, classId: share_class_id } = await classWithWallet(db);
      const { pool_id } = await db.value<{ pool_id: string }>(OPS, "fn_set_pool", { share_class_id, ...POOL });
      await db.call(OPS, "fn_record_pool_trade", { pool_id, ...POOL_TRADE });
      return { fund_id };
    },
    check: ([row]) =>
      expect(Tokens.parse(row?.fn_read_tokens)).toMatchObject({
        classes: [
          {
            code: "A",
            register_units: "100",
            chain_units: "0",
            off_chain_units: "100",
            wallets: 1,
            open_breaks: 0,
            limits_state: "not compared",
          },
        ],
        wallets: [{ address: ADDRESS, status: "active", units: "0" }],
        breaks: [],
        trades: [{ class: "A", pool: POOL.pool, version: 1, reserve_units: POOL.reserve_units, direction: "sell" }],
      }),
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
