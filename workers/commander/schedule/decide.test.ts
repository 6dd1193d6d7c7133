// Which dealing dates are due at an instant, by rows: the horizon before the cut-off, the days that were missed, changing terms, zones and holidays.
import { describe, expect, it } from "vitest";
import { dueDates } from "./decide.ts";
import type { CalendarFacts } from "./facts.ts";

const POLICY = {
  frequency: "daily",
  calendar: "ES",
  timeZone: "Europe/Madrid",
  cutOff: "12:00",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 0, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 0, softFees: [] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  fees: {
    management: { rate: "0", basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 2,
};
const policy = (version: number, effectiveFrom: string, body: object = {}, recordedOn = "2026-01-01") => ({
  version,
  effectiveFrom,
  recordedOn,
  body: { ...POLICY, ...body },
});
const facts = (change: Partial<CalendarFacts> = {}): CalendarFacts => ({
  fund: "F",
  code: "A",
  policies: [policy(1, "2020-01-01")],
  holidays: [],
  opened: [],
  ...change,
});
const at = (text: string): number => Date.parse(text);

describe("a date is due", () => {
  // Wednesday 2026-04-01; noon in Madrid is 10:00 UTC in summer
  it.each([
    ["36 hours before its cut-off", "2026-03-31T22:00:00Z", ["2026-04-01", "2026-04-02"]],
    ["and not a millisecond earlier", "2026-03-31T21:59:59.999Z", ["2026-04-01"]],
    ["on its own day, late", "2026-04-01T21:00:00Z", ["2026-04-01", "2026-04-02"]],
  ])("%s", (_what, now, due) => {
    expect(
      dueDates(facts({ opened: ["2026-03-31"], policies: [policy(1, "2020-01-01", {}, "2026-03-31")] }), at(now)),
    ).toEqual(due);
  });
  it("also when it was missed, for five weeks, oldest first", () => {
    const due = dueDates(facts(), at("2026-04-01T10:00:00Z"));
    expect(due[0]).toBe("2026-02-25");
    expect(due.at(-1)).toBe("2026-04-02");
    // 27 weekdays from 2026-02-25 to 2026-04-02
    expect(due).toHaveLength(27);
  });
  it("not when it is open, a weekend, a holiday, or from before the class had terms", () => {
    const due = dueDates(
      facts({
        opened: ["2026-04-01"],
        holidays: [
          { calendar: "ES", date: "2026-04-02" },
          { calendar: "FR", date: "2026-03-31" },
        ],
        policies: [policy(1, "2020-01-01", {}, "2026-03-28")],
      }),
      at("2026-04-01T10:00:00Z"),
    );
    expect(due).toEqual(["2026-03-30", "2026-03-31"]);
  });
  it("by the terms in force on it, not by those of today", () => {
    const monthly = { frequency: "monthly", on: { dayOfMonth: "last" } };
    const due = dueDates(
      facts({
        policies: [
          policy(1, "2020-01-01", monthly),
          policy(2, "2026-04-01"),
          policy(3, "2026-04-02", { cutOff: "23:00" }),
        ],
      }),
      at("2026-04-01T10:00:00Z"),
    );
    // the cut-off of 2026-04-02 is at 21:00 UTC: 35 hours ahead
    expect(due).toEqual(["2026-02-27", "2026-03-31", "2026-04-01", "2026-04-02"]);
  });
  it.each([
    [null, "EG404"],
    [facts({ policies: [] }), "EG428"],
    [facts({ policies: [policy(1, "2020-01-01", { frequency: "hourly" })] }), "EG428"],
  ])("never without terms (%#)", (given, code) => {
    expect(() => dueDates(given, at("2026-04-01T10:00:00Z"))).toThrow(expect.objectContaining({ code }));
  });
});
