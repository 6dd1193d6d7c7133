// `bench nightly`: a fund of the size of the demo under all shipped scenarios, from the request to the report, by the platform's own run (Temporal, snapshot,
// every scenario a child workflow); then twenty such funds at once. Synthetic funds in a throw-away cluster on loopback.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunBench } from "../commands/bench.ts";
import { askedScenario, chosenScenarios } from "../stress-request.ts";
import { openHouse } from "./deal/house.ts";
import { describeMachine } from "./frame/machine.ts";
import { answerOf, type Check, short } from "./frame/report.ts";
import { alternate, medianOf, type Round, ratioOf } from "./frame/rounds.ts";
import { readStatements } from "./frame/sql-file.ts";
import { importNightFund, night } from "./nightly/night.ts";

const FULL = { funds: 20, holdings: 42, rounds: 3 };
const QUICK = { funds: 2, holdings: 8, rounds: 1 };
/** Seconds that the night of one fund may take on two processors. */
const LIMIT = 60;

export const run: RunBench = async ({ quick, environment, note, progress }) => {
  const plan = quick ? QUICK : FULL;
  const machine = await describeMachine();
  const folder = await mkdtemp(join(tmpdir(), "evergreen-bench-nightly-"));
  const all = (await chosenScenarios({ scenario: undefined, file: undefined, all: true })).map(askedScenario);
  const scenarios = quick ? all.slice(0, 3) : all;
  const checks: Check[] = [];
  let rounds: Round[] = [];
  const house = await openHouse(environment, readStatements(new URL("deal/deal.sql", import.meta.url)), note);
  try {
    await progress("nightly", async ({ say }) => {
      const codes = Array.from({ length: plan.funds }, (_, n) => `NIGHT-${n + 1}`);
      for (const code of codes) await importNightFund(house.database, folder, code, plan.holdings);
      const taken = async (funds: readonly string[]): Promise<number> => {
        const { seconds, done, bytes, whole } = await night(house.database, funds, scenarios);
        const wanted = funds.length * scenarios.length;
        checks.push({
          what: `${funds.length} ${funds.length === 1 ? "fund" : "funds"}: every scenario done, one of each run computed twice with equal bytes, reports made`,
          ok: whole && done === wanted && bytes > 0,
          seen: `${done} of ${wanted} scenarios, ${Math.round(bytes / 1_024)} kB of reports`,
        });
        return seconds;
      };
      say("a first night, which does not count");
      await taken(codes.slice(0, 1));
      rounds = await alternate(
        [
          { name: "one", measure: (round) => taken([codes[round % codes.length] as string]) },
          { name: "all", measure: () => taken(codes) },
        ],
        plan.rounds,
        say,
      );
    });
  } finally {
    await house.stop();
    await rm(folder, { recursive: true, force: true });
  }
  rounds = rounds.map((round) => ({
    ...round,
    figures: { ...round.figures, limit: LIMIT, linear: plan.funds * (round.figures.one ?? Number.NaN) },
  }));
  const seconds = (name: string): string => `${short(medianOf(rounds, name))} s`;
  return answerOf({
    name: "nightly",
    quick,
    machine,
    findings: [
      {
        what: `${LIMIT} s / one fund, ${scenarios.length} scenarios, from the request to the report`,
        ratio: ratioOf(rounds, "limit", "one"),
        floor: 1,
        sense: "least",
        figures: seconds("one"),
      },
      {
        what: `${plan.funds} funds at once: time / ${plan.funds} times the time of one`,
        ratio: ratioOf(rounds, "all", "linear"),
        floor: 1,
        sense: "most",
        figures: `${seconds("all")} and ${plan.funds} × ${seconds("one")}`,
      },
    ],
    checks,
    absent: [],
    rounds: { nightly: rounds },
    details: { funds: plan.funds, holdings: plan.holdings, scenarios: scenarios.length },
  });
};
