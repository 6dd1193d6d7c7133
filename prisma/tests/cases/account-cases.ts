// RPC cases: accounts that money is paid to and from: proposed, read, decided, and encrypted where they were recorded in clear.
import { expect } from "vitest";
import { type Args, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { dealingFund } from "../dealing-day.ts";
import { accountOf, codeOf, FUND_IBAN, IBANS } from "../import-files.ts";
import { newInvestor } from "../synthetic-fund.ts";
import { NOWHERE, noUuid, type RpcCase } from "./rpc-case.ts";

const text = (value: unknown): string => JSON.stringify(value);
const list = (args: Args, name: string): Args[] => JSON.parse(String(args[name])) as Args[];

async function proposedAccounts(db: TestDatabase): Promise<Args> {
  const on = await dealingFund(db);
  await db.call(OPS, "fn_propose_bank_accounts", {
    fund: on.fund.code,
    accounts: [{ account: FUND_IBAN, holder: "Fund (synthetic)", currency: "USD" }],
  });
  const ids = await db.look<{ account_id: string }>("select account_id from bank_accounts where fund_id = $1", [
    on.fund.fundId,
  ]);
  return { accounts: text(ids.map((row) => row.account_id)), decision: "approved" };
}

/** An account of an investor as it was recorded before numbers were encrypted. */
async function clearAccount(db: TestDatabase): Promise<string> {
  const { fund } = await dealingFund(db);
  const [row] = await db.look<{ account_id: string }>(
    "insert into bank_accounts (fund_id, investor_id, account, holder, currency, proposed_by) values ($1, $2, $3, 'Somebody (synthetic)', 'USD', 'test') returning account_id",
    [fund.fundId, await newInvestor(db, null), IBANS[0]],
  );
  return row!.account_id;
}

export const ACCOUNT_CASES: RpcCase[] = [
  {
    fn: "fn_propose_bank_accounts",
    by: OPS,
    arrange: async (db) => ({
      fund: (await dealingFund(db)).fund.code,
      accounts: text([{ account: FUND_IBAN, holder: "Fund (synthetic)", currency: "USD" }]),
    }),
    check(rows) {
      expect(rows[0]?.fn_propose_bank_accounts).toEqual({ proposed: 1, known: 0 });
    },
    other: (args) => ({
      ...args,
      accounts: text([{ account: IBANS[0], holder: "Fund (synthetic)", currency: "USD" }]),
    }),
    audits: 1,
    events: ["BANK_ACCOUNTS_PROPOSED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (args) => ({ ...args, fund: "NOWHERE" }) },
      { what: "no list", code: "EG400", change: (args) => ({ ...args, accounts: text({}) }) },
      { what: "an empty list", code: "EG413", change: (args) => ({ ...args, accounts: text([]) }) },
      {
        what: "wrong check digits",
        code: "EG400",
        change: (args) => ({
          ...args,
          accounts: text([{ account: "LU290019400644750000", holder: "x", currency: "USD" }]),
        }),
      },
      {
        what: "an investor that is not there",
        code: "EG404",
        change: (args) => ({
          ...args,
          accounts: text([accountOf("LP-NOBODY", IBANS[0])]),
        }),
      },
      {
        what: "an account of an investor in clear",
        code: "EG400",
        change: async (args, db) => ({
          ...args,
          accounts: text([
            {
              investor: await codeOf(db, await newInvestor(db, null)),
              account: IBANS[0],
              holder: "x",
              currency: "USD",
            },
          ]),
        }),
      },
      {
        what: "a sealed account of the fund itself",
        code: "EG400",
        change: (args) => ({ ...args, accounts: text([{ ...accountOf("x", IBANS[0]), investor: null }]) }),
      },
    ],
  },
  {
    fn: "fn_read_bank_accounts",
    by: PM_ONE,
    arrange: async (db) => {
      const { fund } = await dealingFund(db);
      const investor = await newInvestor(db, null);
      const accounts = [accountOf(null, FUND_IBAN), accountOf(await codeOf(db, investor), IBANS[0])];
      await db.call(OPS, "fn_propose_bank_accounts", { fund: fund.code, accounts });
      return { fund: fund.code };
    },
    check(rows) {
      const read = rows[0]?.fn_read_bank_accounts as { investor: string | null; words: Args }[];
      expect(read.find(({ investor }) => investor === null)?.words).toMatchObject({ account: FUND_IBAN });
      const of = read.find(({ investor }) => investor !== null);
      expect(of?.words).toMatchObject({ sealed: { sealed: expect.stringMatching(/^v1\./) } });
      expect(JSON.stringify(of)).not.toContain(IBANS[0]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (args) => ({ ...args, fund: "NOWHERE" }) },
      { what: "a status that is none", code: "EG400", change: (args) => ({ ...args, status: "perhaps" }) },
    ],
  },
  {
    fn: "fn_list_clear_accounts",
    by: OPS,
    arrange: async (db) => {
      await clearAccount(db);
      return {};
    },
    check(rows) {
      expect(rows).toMatchObject([{ account: IBANS[0] }]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "too many at once", code: "EG400", change: () => ({ max_accounts: 5_001 }) }],
  },
  {
    fn: "fn_seal_accounts",
    by: OPS,
    arrange: async (db) => ({ accounts: text([{ ...accountOf("x", IBANS[0]), account_id: await clearAccount(db) }]) }),
    async check(rows, args, db) {
      expect(rows[0]?.fn_seal_accounts).toBe(1);
      const [{ account_id, sealed } = {}] = list(args, "accounts") as Args[];
      expect(
        await db.look("select account, holder, sealed from bank_accounts where account_id = $1", [account_id]),
      ).toEqual([{ account: null, holder: null, sealed }]);
    },
    other: (args) => ({ accounts: text([...list(args, "accounts"), accountOf("x", IBANS[1])]) }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no list", code: "EG400", change: () => ({ accounts: text({}) }) },
      {
        what: "a clear number",
        code: "EG400",
        change: (args) => ({
          accounts: text((list(args, "accounts") as Args[]).map((one) => ({ ...one, sealed: IBANS[0] }))),
        }),
      },
    ],
  },
  {
    fn: "fn_decide_bank_accounts",
    by: PM_ONE,
    arrange: proposedAccounts,
    async check(_rows, args, db) {
      expect(
        await db.look("select status, decided_by from bank_accounts where account_id = any ($1)", [
          list(args, "accounts"),
        ]),
      ).toEqual([{ status: "active", decided_by: "user:00000000-0000-4000-8000-000000000001" }]);
    },
    other: (args) => ({ ...args, decision: "rejected" }),
    audits: 1,
    events: ["BANK_ACCOUNTS_DECIDED"],
    refuses: [
      { what: "who proposed it", code: "EG420", by: OPS, change: (args) => args },
      { what: "an unknown decision", code: "EG400", change: (args) => ({ ...args, decision: "perhaps" }) },
      { what: "no list", code: "EG400", change: (args) => ({ ...args, accounts: text({}) }) },
      { what: "an empty list", code: "EG413", change: (args) => ({ ...args, accounts: text([]) }) },
      { what: "what is no id", code: "EG400", change: (args) => ({ ...args, accounts: text([noUuid]) }) },
      {
        what: "an account that is not there",
        code: "EG404",
        change: (args) => ({ ...args, accounts: text([...list(args, "accounts"), NOWHERE]) }),
      },
      {
        what: "the end of one that is not in force",
        code: "EG428",
        change: (args) => ({ ...args, decision: "ended" }),
      },
      {
        what: "twice",
        code: "EG428",
        async change(args, db) {
          await db.call(PM_ONE, "fn_decide_bank_accounts", args);
          return args;
        },
      },
    ],
  },
];
