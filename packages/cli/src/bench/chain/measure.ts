// What `bench chain` measures: one chain of five steps at a time, and many routine events at once, on either side.
import { randomUUID } from "node:crypto";
import { withSession } from "../frame/connection.ts";
import { quantile } from "../frame/rounds.ts";
import { OPS, requestToken } from "./fund.ts";
import type { Town } from "./town.ts";

type Statement = (name: string) => string;
let made = 0;

/** From the call that records the event to the run's close, and to its memory, which is the fifth step. Milliseconds. */
export interface ChainTimes {
  closed: number[];
  remembered: number[];
}

/** One after the other; the next event is recorded when the run before has ended altogether. */
export async function ourChains({ ours }: Town, times: number): Promise<ChainTimes> {
  const seen: ChainTimes = { closed: [], remembered: [] };
  for (let turn = 0; turn < times; turn += 1) {
    const start = performance.now();
    const workflowId = `event/${await requestToken(ours.database, ours.fundId, ++made)}`;
    await ours.bells.heard("closed", workflowId);
    seen.closed.push(performance.now() - start);
    await ours.bells.heard("remembered", workflowId);
    seen.remembered.push(performance.now() - start);
  }
  return seen;
}

/** The plain style, all five activities; milliseconds from the same call to its result. */
export async function plainChains(town: Town, times: number): Promise<number[]> {
  const seen: number[] = [];
  for (let turn = 0; turn < times; turn += 1) seen.push(await plainChain(town));
  return seen;
}

async function plainChain({ plain }: Town): Promise<number> {
  const start = performance.now();
  const eventId = await requestToken(plain.database, plain.fundId, ++made);
  const workflowId = `plain/${randomUUID()}`;
  await plain.client.workflow.execute("plainChain", {
    taskQueue: "plain",
    workflowId,
    args: [{ eventId, workflowId, fundId: plain.fundId }],
  });
  return performance.now() - start;
}

export const p50 = (times: readonly number[]): number => quantile(times, 0.5);

const WRITERS = 8;

/** `events` orders by 8 writers through the RPC; events per second from the first call until the last order is taken in. */
export async function ourRoutine({ ours }: Town, statement: Statement, events: number): Promise<number> {
  return withSession(ours.adminUrl, async (session) => {
    const { rows: investors } = await session.query<{ investor_id: string }>(statement("investor-ids"));
    const start = performance.now();
    let given = 0;
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        while (given < events) {
          const n = given++;
          await ours.database.rpc(OPS, "fn_place_order", {
            fund: "BENCH",
            investor_id: investors[n % investors.length]!.investor_id,
            direction: n % 4 === 0 ? "redemption" : "subscription",
            amount: orderAmount(n),
            currency: "USD",
          });
        }
      }),
    );
    const deadline = Date.now() + 120_000;
    for (;;) {
      const { rows } = await session.query<{ undone: number }>(statement("undone-orders"));
      if (rows[0]?.undone === 0) break;
      if (Date.now() > deadline) throw new Error(`${rows[0]?.undone} orders were not taken in within 120 s.`);
      await new Promise((wake) => setTimeout(wake, 10));
    }
    return events / ((performance.now() - start) / 1_000);
  });
}

const cents = (n: number): number => 100 + (n % 997);
const orderAmount = (n: number): string => `${Math.floor(cents(n) / 100)}.${String(cents(n) % 100).padStart(2, "0")}`;

/** What the redemptions of one call of `ourRoutine` add up to, computed without the platform; in cents. */
export function redeemedCents(events: number): number {
  let sum = 0;
  for (let n = 0; n < events; n += 4) sum += cents(n);
  return sum;
}

/** The plain style for many: one workflow per event, `at` at a time; events per second. */
export async function plainRoutine(town: Town, events: number, at = 64): Promise<number> {
  const start = performance.now();
  let given = 0;
  await Promise.all(
    Array.from({ length: Math.min(at, events) }, async () => {
      while (given < events) {
        given += 1;
        await plainChain(town);
      }
    }),
  );
  return events / ((performance.now() - start) / 1_000);
}
