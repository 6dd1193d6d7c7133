// A stress run as a portfolio manager types it, on a real database, a real Temporal and real workers: asked for, waited for, reported, compared with
// itself, and the clock of the night beside that of dealing. The fund is synthetic.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoverRow, StressedAsset, StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { ensureStressSchedule } from "@evergreen-fund/workers/stress-schedules.ts";
import { clientOf, openHouses, type TestHouse } from "@evergreen-fund/workers/tests/houses.ts";
import { expectEnd, importFund } from "@evergreen-fund/workers/tests/journeys.ts";
import { askStress, shelved } from "@evergreen-fund/workers/tests/stress-journeys.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "./test-house.ts";

let house: TestHouse;
let door: Door;
let [code, fundId] = ["", ""];

beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  await house.startWorkers();
  door = await openDoor(house.appUrl.replace("evergreen_app", "evergreen_api"), house.look, {
    environment: { TEMPORAL_ADDRESS: house.temporalAddress, EVERGREEN_HOME: house.home },
  });
  ({ code, fundId } = await importFund(house.database));
});
afterAll(() => house?.stop());

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const Scenario = z.object({
  scenarioId: z.string(),
  scenarioHash: digest,
  status: z.literal("done"),
  reason: z.null(),
  navBefore: z.string(),
  navAfter: z.string(),
  byAsset: z.array(StressedAsset).min(1),
  rcr: z.array(CoverRow),
  reverse: StressOutcome.shape.reverse,
  survivalQuarters: z.string().nullable(),
});
const Many = z.strictObject({
  runId: z.uuid(),
  status: z.literal("completed"),
  snapshotHash: digest,
  scenarios: z.array(Scenario),
  durationMs: z.int().positive(),
});
const One = z.object({
  ...Scenario.shape,
  runId: z.uuid(),
  status: z.literal("completed"),
  snapshotHash: digest,
  durationMs: z.int(),
});

it("is one document at its end, and a report in every form", async () => {
  const ids = ["base", "gfc_2008", "fed_2025_severely_adverse"];
  const run = ["stress", "run", "--fund", code, "--wait", "--timeout", "300"];
  const made = await door.json("pm1", Many, [...run, "--scenario", ids.join(",")]);
  expect(made.scenarios.map(({ scenarioId }) => scenarioId)).toEqual(ids);
  for (const { navBefore, navAfter, byAsset } of made.scenarios) {
    const sum = (of: "navBefore" | "navAfter") => byAsset.reduce((cents, row) => cents + hundredths(row[of]), 0n);
    // assets may leave out what the fund owes: the change of the fund is the change of its assets
    expect(hundredths(navAfter) - hundredths(navBefore)).toBe(sum("navAfter") - sum("navBefore"));
  }
  const one = await door.json("pm1", One, [...run, "--scenario", "gfc_2008"]);
  expect(one).toMatchObject({ scenarioId: "gfc_2008", navAfter: made.scenarios[1]?.navAfter });
  for (const words of [[], ["--scenario", "gfc_2008"], ["--scenario", "fed_2025_severely_adverse"]]) {
    const shown = await door.run("pm1", ["stress", "report", made.runId, ...words]);
    expect({ exit: shown.exit, err: shown.err }).toEqual({ exit: 0, err: "" });
  }
  const folder = mkdtempSync(join(tmpdir(), "evergreen-morning-"));
  for (const [format, name] of [
    ["md", "a.md"],
    ["pdf", "a.pdf"],
    ["pdf", "b.pdf"],
  ] as const)
    expect(
      (await door.run("pm1", ["stress", "report", made.runId, "--format", format, "--out", join(folder, name)])).exit,
    ).toBe(0);
  expect(readFileSync(join(folder, "a.pdf"))).toEqual(readFileSync(join(folder, "b.pdf")));
  // the path of the Federal Reserve has quarters, so its plot is there
  expect(readFileSync(join(folder, "a.md"), "utf8")).toContain("(a-path.svg)");
  const Compared = z
    .object({ comparisons: z.array(z.object({ navAfter: z.object({ difference: z.string() }).loose() }).loose()) })
    .loose();
  const same = await door.json("pm1", Compared, [
    "stress",
    "compare",
    `${made.runId}:gfc_2008`,
    `${one.runId}:gfc_2008`,
  ]);
  expect(same.comparisons[0]?.navAfter.difference).toBe("0.00");
  expect((await door.run("pm1", ["stress", "reverse", "--fund", code])).exit).toBe(0);
});

it("of a night leaves its report by itself, which is read, written and compared with its hashes", async () => {
  const none = await door.run("pm1", ["stress", "report", "--fund", code, "--morning"]);
  expect(none).toMatchObject({ exit: 2, err: expect.stringContaining("No nightly stress run") });
  const asked = await askStress(house, code, await shelved("base", "rates_up200"), { kind: "nightly" });
  await expectEnd(house.database, asked.eventId, "completed");
  const Kept = z.looseObject({
    runId: z.literal(asked.runId),
    from: z.literal("home"),
    hash: digest,
    folder: z.string(),
    files: z.array(z.strictObject({ name: z.string(), bytes: z.int().positive(), sha256: digest })),
  });
  const kept = await door.json("pm1", Kept, ["stress", "report", "--fund", code, "--morning"]);
  expect(kept.folder).toContain(asked.runId);
  const folder = mkdtempSync(join(tmpdir(), "evergreen-morning-"));
  const words = ["stress", "report", "--fund", code, "--format", "pdf", "--out"];
  expect((await door.run("pm1", [...words, join(folder, "kept.pdf"), "--morning"])).exit).toBe(0);
  expect((await door.run("pm1", [...words, join(folder, "anew.pdf")])).exit).toBe(0);
  // the newest run that has ended is this one: what was kept is what its rows say
  expect(readFileSync(join(folder, "kept.pdf"))).toEqual(readFileSync(join(folder, "anew.pdf")));
  writeFileSync(join(kept.folder, "morning.pdf"), "another");
  expect((await door.run("pm1", ["stress", "report", "--fund", code, "--morning"])).err).toContain("morning.pdf");
  expect((await door.run("lp1", ["stress", "report", "--fund", code, "--morning"])).exit).toBe(2);
});

it("of the night has a clock that a person may hold, and the worker leaves it held", async () => {
  const client = await clientOf(house);
  const at = (time: string) =>
    ensureStressSchedule(client, { fundId, fund: code, at: time, timeZone: "Europe/Madrid" }, "local");
  expect(await at("21:15")).toBe("made");
  const id = `stress/${code}`;
  expect((await door.run("pm1", ["schedules", "pause", id, "--reason", "year end"])).exit).toBe(0);
  expect(await at("21:15")).toBe("as it was");
  expect(await at("22:15")).toBe("changed");
  const View = z.array(
    z
      .object({ scheduleId: z.string(), fires: z.string(), paused: z.object({ why: z.string() }).loose().nullable() })
      .loose(),
  );
  expect(await door.json("ops1", View, ["schedules", "list", "--fund", code])).toMatchObject([
    { scheduleId: id, fires: "22:15 every day", paused: { why: "year end" } },
  ]);
  await client.connection.close();
});

/** Whole hundredths of an amount. */
const hundredths = (amount: string): bigint => BigInt(amount.replace(/^(-?\d+)\.(\d\d)$/, "$1$2"));
