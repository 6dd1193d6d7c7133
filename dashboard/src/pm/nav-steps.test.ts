// Steps that meet, and ranges that end at the newest strike whatever the length of its month.
import { expect, it } from "vitest";
import { navSteps, within } from "./nav-steps.ts";

it("leads from the opening to the closing without a gap", () => {
  const steps = navSteps({
    since: "2026-09-30",
    opening: "100.00",
    closing: "104.10",
    amount: "4.10",
    ratio: "0.041",
    reasons: [
      { reason: "subscriptions", amount: "10.00" },
      { reason: "redemptions", amount: "-7.00" },
      { reason: "distributions", amount: "0" },
      { reason: "result", amount: "1.10" },
    ],
  });
  expect(steps.map(({ reason }) => reason)).toEqual(["opening", "subscriptions", "redemptions", "result", "closing"]);
  const moves = steps.slice(1, -1);
  expect(moves.map(({ from, to }) => [from, to])).toEqual([
    ["100", "110"],
    ["110", "103"],
    ["103", "104.1"],
  ]);
});

it("shows what lies within a range of the newest strike", () => {
  const history = ["2025-03-31", "2025-11-30", "2025-12-31", "2026-02-28", "2026-03-31"].map((date) => ({
    date,
    nav: "1",
    state: "final",
  }));
  const days = (range: Parameters<typeof within>[1]) => within(history, range).map(({ date }) => date);
  // the end of February is a month before the end of March
  expect(days("1m")).toEqual(["2026-02-28", "2026-03-31"]);
  expect(days("3m")).toEqual(["2025-12-31", "2026-02-28", "2026-03-31"]);
  expect(days("1y")).toEqual(history.map(({ date }) => date));
  expect(days("all")).toEqual(history.map(({ date }) => date));
});
