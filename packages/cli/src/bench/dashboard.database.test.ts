// `bench dashboard --quick`: nobody sees a stranger while many read, and every side is measured. No time is asserted.
import { beforeAll, expect, it } from "vitest";
import { run } from "./dashboard.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";

let report: Reported;
beforeAll(async () => {
  // the page in Chromium has its own suite
  const options = quickOptions();
  report = reported(await run({ ...options, environment: { ...options.environment, CHROMIUM_PATH: "/nowhere" } }));
}, 180_000);

it("shows every reader the own investor and nobody else's", () => {
  expect(report.checks).toHaveLength(1);
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.absent.join()).toContain("Chromium");
});

it("measures the home beside its peers, and few beside many investors", () => {
  const [many, one] = Object.values(report.rounds);
  for (const { figures } of many ?? []) expect(Object.keys(figures)).toEqual(expect.arrayContaining(["home", "lite"]));
  for (const { figures } of one ?? []) expect(Object.keys(figures).sort()).toEqual(["large", "small"]);
});
