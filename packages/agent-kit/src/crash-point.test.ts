// The list of crash points names every room and action once; only the configured one would kill or hold, and only once per home.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTRACTS } from "@evergreen-fund/domain";
import { afterAll, describe, expect, it } from "vitest";
import { crashPointAt, crashPoints, DISPATCHER_POINTS } from "./crash-point.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-crash-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("the list", () => {
  it("has no name twice and only words", () => {
    expect(new Set(crashPoints()).size).toBe(crashPoints().length);
    for (const point of crashPoints()) expect(point).toMatch(/^[a-z-]+(\.[a-zA-Z]+){1,2}$/);
  });
  it("has every action of every room, and the dispatcher", () => {
    const actions = Object.entries(CONTRACTS).flatMap(([room, all]) =>
      Object.keys(all).map((action) => `${room}.${action}`),
    );
    const listed = crashPoints().filter((point) => !(DISPATCHER_POINTS as readonly string[]).includes(point));
    expect(new Set(listed.map((point) => point.slice(0, point.lastIndexOf("."))))).toEqual(new Set(actions));
    expect(crashPoints()).toEqual(expect.arrayContaining([...DISPATCHER_POINTS]));
  });
});

describe("a crash point", () => {
  it("does nothing unless it is configured", () => {
    const point = crashPointAt(null, home);
    for (const name of crashPoints()) point(name);
    expect(existsSync(join(home, `crashed-at-${crashPoints()[0]}`))).toBe(false);
  });
  it("does nothing at another place, nor where it fired before", () => {
    writeFileSync(join(home, "crashed-at-kyc.review.facts"), "");
    for (const how of ["", "hold:"]) {
      const point = crashPointAt(`${how}kyc.review.facts,kyc.recheckOrders.record`, home);
      point("kyc.review.decide");
      point("kyc.review.facts");
    }
    expect(existsSync(join(home, "crashed-at-kyc.review.decide"))).toBe(false);
  });
});
