// Every golden history still replays; a workflow that decides otherwise is caught; every playbook has a history.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAYBOOKS } from "@evergreen-fund/domain";
import { historyNames, type Replayed, replayHistories } from "@evergreen-fund/testing/replay.ts";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const dir = import.meta.dirname;
let home: string;
let replayed: Replayed[];
beforeAll(async () => {
  // the planted violations below are logged at length by the SDK; the test says what matters
  Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: "off", forward: {} } } });
  home = await mkdtemp(join(tmpdir(), "evergreen-replay-"));
  replayed = await replayHistories(dir, home);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const names = await historyNames(dir);

describe("golden histories", () => {
  it.each([...PLAYBOOKS])("there is one of %s", (playbook) => {
    expect(names.filter((name) => name.startsWith(`${playbook}.`))).not.toEqual([]);
  });

  /** What schedules start, and what a long run goes through. */
  it.each(["open-dealing-days.opened", "open-nightly-stress.asked", "open-nightly-stress.broken-off", "reconcile-tokens.agreed", "retire-old-rows.retired", "run-stress.scenario-begun-anew"])(
    "there is %s",
    (name) => {
      expect(names).toContain(name);
    },
  );

  it.each(names)("%s replays", (name) => {
    expect(replayed.find((one) => one.name === name)).toEqual({ name, error: undefined, nondeterministic: false });
  });
});

describe("a workflow that decides otherwise", () => {
  it("is caught where the step it changed was taken, and only there", async () => {
    const planted = await replayHistories(dir, home, (code) => replaceOnce(code, '("liquidity-engine").reserve(', '("compliance-sentinel").checkTrades('));
    const caught = planted.filter((one) => one.nondeterministic).map((one) => one.name);
    expect(caught).toEqual(names.filter((name) => name.startsWith("rebalance.")));
    expect(planted.filter((one) => !caught.includes(one.name)).map((one) => one.error)).toEqual(names.filter((name) => !caught.includes(name)).map(() => undefined));
  });

  it("is caught in a dealing day that posts where it has to look at KYC again, and only there", async () => {
    const planted = await replayHistories(dir, home, (code) => replaceOnce(code, "await commander.postDay(step)", "await commander.openClaims(step)"));
    expect(planted.filter((one) => one.nondeterministic).map((one) => one.name)).toEqual(["dealing-day.gated"]);
  });

  it("is caught when it does one step more", async () => {
    const planted = await replayHistories(dir, home, (code) => replaceOnce(code, 'stage("stressing")', 'stage("stressing"); await room("simulation").stress(run)'));
    expect(planted.filter((one) => one.nondeterministic).map((one) => one.name)).toEqual(names.filter((name) => name.startsWith("stress-fund.")));
  });
});

/** Fails loudly when the bundle no longer holds the words: a plant that changes nothing would prove nothing. */
function replaceOnce(code: string, from: string, to: string): string {
  expect(code.split(from)).toHaveLength(2);
  return code.replace(from, () => to);
}
