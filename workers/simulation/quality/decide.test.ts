// The checks of a fund's data: rows worked out by hand, at the limit and just beyond it.
import { expect, it } from "vitest";
import { judgeData, type Measured } from "./decide.ts";

const fund = (nav = "1000000.0000", marks = 6) => ({
  nav,
  marks,
  limits: { nav_agreement_bps: 0.5, stale_marks_share: 0.1, stale_series_share: 0.1 },
});
const same: Measured = {
  nav: "1000000.0000",
  marks: 6,
  value: "1000000.0000",
  staleValue: "0.0000",
  staleAssets: [],
  unmarked: 0,
  series: 0,
  staleSeries: [],
  staleSeriesCount: 0,
};
const judged = (change: Partial<Measured>, of = fund()) =>
  Object.fromEntries(judgeData(of, { ...same, ...change }).map((one) => [one.check, [one.value, one.passed]]));

it.each<[string, Partial<Measured>, ReturnType<typeof fund>, unknown]>([
  ["equal", {}, fund(), { nav_agreement: ["0", true], stale_marks: ["0", true], stale_series: ["0", true] }],
  // 50 of 1,000,000 is 0.5 bp
  ["half a basis point above", { nav: "1000050.0000" }, fund(), { nav_agreement: ["0.5", true] }],
  ["a cent more", { nav: "1000050.0100" }, fund(), { nav_agreement: ["0.5001", false] }],
  ["below", { nav: "999900.0000" }, fund(), { nav_agreement: ["1", false] }],
  ["equal by chance, of another number of marks", { marks: 5 }, fund(), { nav_agreement: [null, false] }],
  ["nothing against something", {}, fund("0"), { nav_agreement: [null, false] }],
  ["nothing against nothing", { nav: "0", marks: 0 }, fund("0", 0), { nav_agreement: ["0", true] }],
  ["a tenth stale", { staleValue: "100000.0000" }, fund(), { stale_marks: ["0.1", true] }],
  ["more than a tenth", { staleValue: "100000.0100" }, fund(), { stale_marks: ["0.10000001", false] }],
  ["one series of four", { series: 4, staleSeriesCount: 1 }, fund(), { stale_series: ["0.25", false] }],
])("%s", (_what, change, of, expected) => {
  expect(judged(change, of)).toMatchObject(expected as object);
});
