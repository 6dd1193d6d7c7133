// `bench deal`: a dealing day with 5,000 orders and a 5 % gate, from the cut-off to statements ready, by the platform's own run (Temporal, all rooms, every
// step recorded); the same with ten times as many orders; and the pure allocation. Synthetic funds in a throw-away cluster on loopback.
import type { RunBench } from "../commands/bench.ts";
import { allocationSpeed, dealSpeed } from "./deal/allocation.ts";
import { arrange, type DealtDay, POLICY, rightly, TOOLS, take } from "./deal/day.ts";
import { openHouse } from "./deal/house.ts";
import { describeMachine } from "./frame/machine.ts";
import { answerOf, type Check, type Finding, short } from "./frame/report.ts";
import { alternate, medianOf, type Round, ratioOf } from "./frame/rounds.ts";
import { readStatements } from "./frame/sql-file.ts";

const FULL = { orders: 5_000, times: 10, rounds: 1, warm: 500, allocated: 1_000_000, dealt: 50_000 };
const QUICK = { orders: 40, times: 3, rounds: 1, warm: 20, allocated: 20_000, dealt: 500 };
/** Seconds that a day of `FULL.orders` may take on two processors. */
const LIMIT = 20;

export const run: RunBench = async ({ quick, environment, note, progress }) => {
  const plan = quick ? QUICK : FULL;
  const many = plan.orders * plan.times;
  const statement = readStatements(new URL("deal/deal.sql", import.meta.url));
  const machine = await describeMachine();
  const checks: Check[] = [];
  const days: DealtDay[] = [];
  let rounds: Round[] = [];
  const house = await openHouse(environment, statement, note);
  try {
    await progress("deal", async ({ say }) => {
      say(`${many} investors`);
      await house.admin.query(statement("investors"), [many]);
      let funds = 0;
      const dayOf = async (orders: number): Promise<number> => {
        const day = await take(house, statement, await arrange(house, statement, `BENCH-${++funds}`, orders));
        checks.push(await rightly(house, statement, day));
        days.push(day);
        return day.seconds;
      };
      say("a first day, which does not count");
      await dayOf(plan.warm);
      rounds = await alternate(
        [
          { name: "day", measure: () => dayOf(plan.orders) },
          { name: "large day", measure: () => dayOf(many) },
          {
            name: "allocation",
            measure: async () => {
              const { perSecond, check } = allocationSpeed(plan.allocated);
              if (!checks.some(({ what }) => what === check.what) || !check.ok) checks.push(check);
              return perSecond;
            },
          },
          { name: "deal", measure: async () => dealSpeed(plan.dealt, POLICY, TOOLS) },
        ],
        plan.rounds,
        say,
      );
    });
  } finally {
    await house.stop();
  }
  rounds = rounds.map((round) => ({
    ...round,
    figures: { ...round.figures, limit: LIMIT, one: 1, linear: plan.times * (round.figures.day ?? Number.NaN) },
  }));
  return answerOf({
    name: "deal",
    quick,
    machine,
    findings: findingsOf(rounds, plan),
    checks,
    absent: [],
    rounds: { deal: rounds },
    details: {
      orders: plan.orders,
      large: many,
      days: days.map(({ orders, seconds, steps }) => ({ orders, seconds, steps })),
    },
  });
};

function findingsOf(rounds: Round[], plan: typeof FULL): Finding[] {
  const seconds = (name: string): string => `${short(medianOf(rounds, name))} s`;
  return [
    {
      what: `${LIMIT} s / a day of ${plan.orders} orders, gated, from cut-off to statements ready`,
      ratio: ratioOf(rounds, "limit", "day"),
      floor: 1,
      sense: "least",
      figures: seconds("day"),
    },
    {
      what: `${plan.times} times as many orders: time / ${plan.times} times the time`,
      ratio: ratioOf(rounds, "large day", "linear"),
      floor: 1,
      sense: "most",
      figures: `${seconds("large day")} and ${plan.times} × ${seconds("day")}`,
    },
    {
      what: "pure allocation, millions of orders a second",
      ratio: ratioOf(rounds, "allocation", "one"),
      floor: 1,
      sense: "least",
      figures: `${short(medianOf(rounds, "allocation"))} M/s over ${plan.allocated} orders`,
    },
    {
      what: "the whole of `deal`, JSON in and words out, thousands of orders a second",
      ratio: ratioOf(rounds, "deal", "one"),
      sense: "least",
      figures: `${short(medianOf(rounds, "deal"))} k/s over ${plan.dealt} orders`,
    },
  ];
}
