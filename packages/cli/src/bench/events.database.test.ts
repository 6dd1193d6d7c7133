// `bench events --quick`: nothing is lost and nothing is done twice while the consumer is killed. No time is asserted.
import { beforeAll, describe, expect, it } from "vitest";
import type { Killed } from "./events/killed.ts";
import { run } from "./events.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";

describe("bench events --quick", () => {
  let report: Reported;
  beforeAll(async () => {
    report = reported(await run(quickOptions()));
  }, 120_000);

  it("kills the consumer, and every acknowledged event is handled once", () => {
    const killed = report.details.killed as Killed;
    expect(killed.kills).toBeGreaterThan(0);
    expect(killed).toMatchObject({
      acknowledged: 3_000,
      handled: 3_000,
      lost: 0,
      doubled: 0,
      waiting: 0,
      open: 0,
    });
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it("drained the whole backlog in every round, the peer too where it is installed", () => {
    const sides = Object.keys(report.rounds.drain?.[0]?.figures ?? {});
    expect(sides).toContain("outbox");
    expect(report.absent.some((peer) => peer.startsWith("graphile-worker"))).toBe(!sides.includes("graphile"));
  });
});
