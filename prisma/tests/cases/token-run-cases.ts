// RPC cases: a token operation on its way: begun, signed, marked, deployed.
import { expect } from "vitest";
import { agent, type TestDatabase } from "../arrange.ts";
import {
  ADDRESS,
  approveToken,
  askToken,
  begunToken,
  CONTRACT,
  classWithRegister,
  classWithWallet,
  registerToken,
} from "../token-class.ts";
import { openVault, vaultRefuses } from "../vault.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const ROOM = agent("tokenization");
const HASH = `0x${"ab".repeat(32)}`;
const attempt = {
  actionId: NOWHERE,
  sender: ADDRESS,
  nonce: "3",
  hash: HASH,
  raw: "0x02ff",
  maxFeePerGas: "7",
  head: "9",
};
const minting = async (db: TestDatabase) => {
  const made = await classWithWallet(db);
  return {
    ...made,
    asked: await begunToken(db, await askToken(db, made.code, "mint", { wallet: ADDRESS, units: "5" })),
  };
};
const statusOf = async (db: TestDatabase, id: unknown) =>
  (await db.look<{ status: string }>("select status from tokenization_actions where action_id = $1", [id]))[0]?.status;

export const TOKEN_RUN_CASES: RpcCase[] = [
  {
    fn: "fn_begin_token_action",
    by: ROOM,
    arrange: async (db) => {
      const { code } = await classWithWallet(db);
      const asked = await askToken(db, code, "mint", { wallet: ADDRESS, units: "5" });
      await approveToken(db, asked);
      return { action_id: asked.action_id };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_begin_token_action).toMatchObject({
        kind: "mint",
        status: "approved",
        busy: false,
        request_no: "1",
        price: "10",
        wallet: ADDRESS,
        moves: [{ wallet: ADDRESS, units: "5" }],
        contract: { chain_id: 31337, share: CONTRACT.share, deployed_block: 3 },
      });
      expect(await statusOf(db, args.action_id)).toBe("approved");
    },
    other: null,
    audits: 1,
    events: [],
    refuses: [
      { what: "an operation that is not there", code: "EG404", change: () => ({ action_id: NOWHERE }) },
      {
        what: "one that nobody has looked at",
        code: "EG428",
        change: async (_a, db) => ({
          action_id: (await askToken(db, (await classWithWallet(db)).code, "mint", { wallet: ADDRESS, units: "5" }))
            .action_id,
        }),
      },
      {
        what: "one that two people have not approved",
        code: "EG428",
        change: async (_a, db) => {
          const asked = await askToken(db, (await classWithWallet(db)).code, "mint", { wallet: ADDRESS, units: "5" });
          await registerToken(db, asked);
          return { action_id: asked.action_id };
        },
      },
    ],
  },
  {
    fn: "fn_keep_token_attempt",
    by: ROOM,
    arrange: async (db) => ({ action_id: (await minting(db)).asked.action_id, attempt }),
    check: async (_rows, args, db) =>
      expect(
        await db.look(
          "select status, tx_hash, attempt ->> 'raw' as raw from tokenization_actions where action_id = $1",
          [args.action_id],
        ),
      ).toEqual([{ status: "sent", tx_hash: HASH, raw: "0x02ff" }]),
    other: null,
    audits: 1,
    events: [],
    refuses: [
      { what: "an operation that is not there", code: "EG404", change: (a) => ({ ...a, action_id: NOWHERE }) },
      { what: "no transaction", code: "EG400", change: (a) => ({ ...a, attempt: { hash: "x" } }) },
      {
        what: "one beyond all size",
        code: "EG413",
        change: (a) => ({ ...a, attempt: { ...attempt, raw: `0x${"ab".repeat(140_000)}` } }),
      },
      {
        what: "one that is not approved",
        code: "EG428",
        change: async (a, db) => ({
          ...a,
          action_id: (await askToken(db, (await classWithWallet(db)).code, "mint", { wallet: ADDRESS, units: "5" }))
            .action_id,
        }),
      },
    ],
  },
  {
    fn: "fn_mark_token_action",
    by: ROOM,
    arrange: async (db) => ({
      action_id: (await minting(db)).asked.action_id,
      state: "final",
      detail: { block: "12" },
    }),
    check: async (_rows, args, db) =>
      expect(
        await db.look("select status, block::int from tokenization_actions where action_id = $1", [args.action_id]),
      ).toEqual([{ status: "final", block: 12 }]),
    other: (args) => ({ ...args, state: "sent" }),
    audits: 1,
    events: ["TOKEN_SETTLED"],
    refuses: [
      { what: "an operation that is not there", code: "EG404", change: (a) => ({ ...a, action_id: NOWHERE }) },
      { what: "a state that is none", code: "EG400", change: (a) => ({ ...a, state: "perhaps" }) },
      { what: "a detail that is no object", code: "EG400", change: (a) => ({ ...a, detail: [{ block: 1 }] }) },
      { what: "no block", code: "EG400", change: (a) => ({ ...a, detail: {} }) },
      {
        what: "a refusal without its reason",
        code: "EG400",
        change: (a) => ({ ...a, state: "refused", detail: { code: "EG428" } }),
      },
      {
        what: "one that is not approved",
        code: "EG428",
        change: async (a, db) => ({
          ...a,
          action_id: (await askToken(db, (await classWithWallet(db)).code, "mint", { wallet: ADDRESS, units: "5" }))
            .action_id,
        }),
      },
    ],
  },
  {
    fn: "fn_record_token_contract",
    by: ROOM,
    arrange: async (db) => {
      const { code } = await classWithRegister(db);
      return { action_id: (await begunToken(db, await askToken(db, code, "deploy"))).action_id, contract: CONTRACT };
    },
    check: async ([row], _args, db) => {
      const { contract_id } = row!.fn_record_token_contract as { contract_id: string };
      expect(
        await db.look("select share, unit_decimals, requests::int from token_contracts where contract_id = $1", [
          contract_id,
        ]),
      ).toEqual([{ share: CONTRACT.share, unit_decimals: 4, requests: 0 }]);
    },
    other: (args) => ({ ...args, contract: { ...CONTRACT, block: "4" } }),
    audits: 1,
    events: ["TOKEN_CONTRACT_DEPLOYED"],
    refuses: [
      { what: "a deployment that is not there", code: "EG404", change: (a) => ({ ...a, action_id: NOWHERE }) },
      { what: "no chain", code: "EG400", change: (a) => ({ ...a, contract: { ...CONTRACT, chain_id: "x" } }) },
      {
        what: "an address that is none",
        code: "EG400",
        change: (a) => ({ ...a, contract: { ...CONTRACT, vault: "0x1" } }),
      },
      {
        what: "one that nobody approved",
        code: "EG428",
        change: async (a, db) => ({
          ...a,
          action_id: (await askToken(db, (await classWithRegister(db)).code, "deploy")).action_id,
        }),
      },
    ],
  },
  {
    fn: "fn_read_chain_key",
    by: ROOM,
    arrange: async (db) => {
      await openVault(db, { evergreen_chain_key: "b".repeat(64), other: "x" });
      return {};
    },
    check: ([row]) => expect(row?.fn_read_chain_key).toBe("b".repeat(64)),
    other: null,
    audits: 0,
    events: [],
    refuses: vaultRefuses("the key"),
  },
];
