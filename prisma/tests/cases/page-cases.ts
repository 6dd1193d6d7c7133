// RPC cases: the pages of the dashboard, each read under the policies of whoever asks. All values are synthetic.
import { expect } from "vitest";
import { type Args, AUDIT, LP_A, OPS, PM_ONE, SERVICE, type TestDatabase } from "../arrange.ts";
import { dayAt } from "../dealing-day.ts";
import { pendingProposal } from "../synthetic-fund.ts";
import type { RpcCase } from "./rpc-case.ts";

const userOf = (actor: typeof LP_A): string | null => ("userId" in actor ? actor.userId : null);

/** What the 30-day cover is by the function that decides on proposals. */
const coverOf = async (db: TestDatabase, fundId: unknown): Promise<Args | undefined> =>
  (await db.look("select assets::text, liabilities::text from evergreen.thirty_day_cover($1, null)", [fundId]))[0];

export const PAGE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_read_morning",
    by: PM_ONE,
    arrange: async (db) => {
      const { fund } = await pendingProposal(db);
      return { fund_id: fund.fundId };
    },
    check: async ([row], args, db) => {
      const page = row?.fn_read_morning as {
        fund: Args;
        waiting: Args[];
        ladder: { rungs: { bucket: string; assets_up_to: string; due_up_to: string }[] };
      };
      expect(page.fund.fund_id).toBe(args.fund_id);
      // PM_ONE asked for it, and whoever asks does not decide
      expect(page.waiting).toMatchObject([{ kind: "rebalancing", approvals: 0, mine: false }]);
      const thirty = page.ladder.rungs.find(({ bucket }) => bucket === "30d");
      const cover = await coverOf(db, args.fund_id);
      expect([thirty?.assets_up_to, thirty?.due_up_to]).toEqual([cover?.assets, cover?.liabilities]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_home",
    by: LP_A,
    arrange: async (db) => {
      await dayAt(db, "posted", { holderUser: userOf(LP_A) });
      return {};
    },
    check: ([row]) => {
      const page = row?.fn_read_home as { holdings: Args[]; orders: Args[]; totals: Args[] };
      // 950 units of 108 after a redemption of 50; whatever else LP_A holds belongs to other cases
      expect(page.holdings).toContainEqual(
        expect.objectContaining({ units: "950.000000000000000000", worth: "102600.00", currency: "USD" }),
      );
      expect(page.orders).toContainEqual(
        expect.objectContaining({ direction: "redemption", filled_units: "50.000000000000000000" }),
      );
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_desk",
    by: OPS,
    arrange: async (db) => {
      const { proposalId } = await pendingProposal(db);
      await db.look("update proposals set expires_at = now() + interval '1 minute' where proposal_id = $1", [
        proposalId,
      ]);
      return {};
    },
    check: async ([row], _args, db) => {
      const page = row?.fn_read_desk as { work: { kind: string; id: string; due: string | null }[] };
      const [next] = await db.look<{ id: string }>(
        "select proposal_id as id from proposals where status = 'pending' and expires_at > now() order by expires_at limit 1",
      );
      expect(page.work.find(({ kind }) => kind === "proposal")?.id).toBe(next?.id);
      const dues = page.work.map(({ due }) => due ?? "9999");
      expect(dues).toEqual([...dues].sort());
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_trail",
    by: AUDIT,
    arrange: async (db) => {
      const { proposalId } = await pendingProposal(db);
      await db.call(SERVICE, "fn_seal_audit", { max_entries: 100_000 });
      return { entity_id: proposalId };
    },
    check: async ([row], args, db) => {
      const page = row?.fn_read_trail as { entries: Args[]; chains: Args[] };
      const [found] = await db.look<{ count: string }>("select count(*) from audit_trail where entity_id = $1", [
        args.entity_id,
      ]);
      expect(page.entries.length).toBe(Number(found?.count));
      expect(page.entries.length).toBeGreaterThan(0);
      expect(page.entries.every(({ sealed, entity_id }) => sealed === true && entity_id === args.entity_id)).toBe(true);
      const [head] = await db.look<{ head: string }>(
        "select encode(hash, 'hex') as head from audit_blocks where chain_id = $1 order by height desc limit 1",
        [page.chains[0]?.chain_id],
      );
      expect(page.chains[0]?.head).toBe(head?.head);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_changes",
    by: AUDIT,
    arrange: async (db) => {
      const start = await db.value<{ place: string; changes: unknown[] }>(AUDIT, "fn_read_changes", {});
      expect(start.changes).toEqual([]);
      return { place: start.place };
    },
    check: async ([row], args, db) => {
      const read = (place: unknown) =>
        db.value<{ place: string; changes: { table: string; id: string; is_new: boolean }[] }>(
          AUDIT,
          "fn_read_changes",
          { place },
        );
      expect(row?.fn_read_changes).toMatchObject({ place: args.place, changes: [] });
      const { proposalId } = await pendingProposal(db);
      const found = await read(args.place);
      const mine = found.changes.filter(({ table, id }) => table === "proposals" && id === proposalId);
      // made, then checked and opened: it is new once
      expect(mine.map(({ is_new }) => is_new)).toEqual([true, ...mine.slice(1).map(() => false)]);
      expect(await read(found.place)).toEqual({ place: found.place, changes: [] });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_describe_api",
    by: LP_A,
    arrange: async () => ({}),
    check: async ([row], _args, db) => {
      const api = row?.fn_describe_api as {
        functions: Args[];
        relations: { name: string; roles: string[]; columns: Args[] }[];
      };
      const callable = await db.look<{ proname: string }>(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and has_function_privilege('lp_role', oid, 'execute') order by proname",
      );
      expect(
        api.functions.filter(({ roles }) => (roles as string[]).includes("lp_role")).map(({ name }) => name),
      ).toEqual(callable.map(({ proname }) => proname));
      const funds = api.relations.find(({ name }) => name === "funds");
      expect(funds?.columns).toContainEqual(expect.objectContaining({ name: "code", type: "text", nullable: false }));
      expect(api.relations.some(({ name }) => name === "personal_values")).toBe(
        (
          await db.look(
            "select where has_any_column_privilege('audit_role', 'personal_values', 'select') or has_any_column_privilege('ops_role', 'personal_values', 'select')",
          )
        ).length > 0,
      );
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
