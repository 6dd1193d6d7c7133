// A fund that has just been imported, before the database has gathered statistics about it: the planner takes it for a handful of rows. What a step
// reads must grow with the fund all the same, and not with its square.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { expect, it } from "vitest";
import { type Args, agent, callOn, PM_ONE, PM_TWO, testDatabase } from "./arrange.ts";
import { CHECKS, freshCode, proposalBody, requestRebalance, syntheticFund, type Trade } from "./synthetic-fund.ts";

const db = await testDatabase();
const POSITIONS = 600;
const TRADED = 200;

const asset = (key: string, type: string, sleeve: string, market_value: string, bucket: string) => ({
  key,
  name: `${key} (synthetic)`,
  type,
  sleeve,
  market_value,
  bucket,
  liquid: true,
});
const bonds = (marketValue: string) =>
  Array.from({ length: POSITIONS }, (_, n) => asset(`BOND-${n}`, "debt", "bonds", marketValue, "7d"));
const filing = (code: string, as_of: string, bond: string, cash: string) =>
  syntheticFund(code, { as_of, assets: [asset("CASH", "cash", "cash", cash, "1d"), ...bonds(bond)] });

/** Rows that the call read or looked up, in all tables together. */
const rowsRead = (by: Actor, fn: string, args: Args): Promise<{ answer: unknown; read: number }> =>
  db.as(by, async (client) => {
    const sofar = async (): Promise<number> => {
      const { rows } = await client.query<{ read: number }>(
        "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read from pg_stat_xact_user_tables",
      );
      return rows[0]?.read ?? 0;
    };
    const before = await sofar();
    const [row] = await callOn(client, fn, args);
    return { answer: Object.values(row ?? {})[0], read: (await sofar()) - before };
  });

it(`every step of ${TRADED} trades among ${POSITIONS} positions reads each position a few times`, async () => {
  const read: Record<string, number> = {};
  const step = async <T>(by: Actor, fn: string, args: Args): Promise<T> => {
    const { answer, read: rows } = await rowsRead(by, fn, args);
    read[Object.hasOwn(read, fn) ? `${fn} again` : fn] = rows;
    return answer as T;
  };
  const code = freshCode();
  const { fund_id: fundId } = await step<{ fund_id: string }>(PM_ONE, "fn_import_fund", {
    fund: filing(code, "2026-09-30", "1000.00", "400000.00"),
  });
  const assets = Object.fromEntries(
    (
      await db.look<{ key: string; id: string }>("select external_key as key, id from assets where fund_id = $1", [
        fundId,
      ])
    ).map(({ key, id }) => [key, id]),
  );
  const fund = { fundId, code, assets };
  const event_id = await requestRebalance(db, fund);
  const trades = Array.from(
    { length: TRADED },
    (_, n): Trade => ({ asset: `BOND-${n}`, side: "sell", amount: "10.00" }),
  );
  const { proposal_id, hash } = await step<{ proposal_id: string; hash: string }>(
    agent("rebalancing"),
    "fn_propose_rebalancing",
    { event_id, body: proposalBody(fund, trades), inputs: { allocations_version: "1" } },
  );
  await step(agent("liquidity-engine"), "fn_reserve_liquidity", { proposal_id });
  await step(agent("compliance-sentinel"), "fn_record_checks", { proposal_id, checks: CHECKS });
  await step(agent("commander"), "fn_open_proposal", { proposal_id });
  await step(PM_TWO, "fn_decide_proposal", { proposal_id, hash, decision: "approved" });
  await step(agent("rebalancing"), "fn_apply_allocations", { proposal_id });
  await step(PM_ONE, "fn_import_fund", { fund: filing(code, "2026-12-31", "1001.00", "399400.00") });

  expect(Object.keys(read)).toHaveLength(8);
  expect(Math.max(...Object.values(read)), JSON.stringify(read)).toBeGreaterThan(POSITIONS);
  // the square would be 360,000
  expect(Object.entries(read).filter(([, rows]) => rows > 20 * POSITIONS)).toEqual([]);
});
