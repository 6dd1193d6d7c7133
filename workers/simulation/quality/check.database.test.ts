// A fund's data checked on a real Postgres and a real analytical snapshot: what agrees passes, what was changed in the file is found, stored, scored and heard.
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashPoints } from "@evergreen-fund/agent-kit";
import { amend, synchronise } from "@evergreen-fund/analytics";
import { openDeltaReader } from "@evergreen-fund/supabase-client";
import { openScores } from "@evergreen-fund/tracing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDataQuality, syncSpan } from "../../data-quality.ts";
import { AUDIT, importFund, PM_ONE } from "../../tests/journeys.ts";
import { effects, useRooms } from "../../tests/room-house.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-quality-"));
afterAll(() => rm(home, { recursive: true, force: true }));
const scored: { name: string; value: number; comment: string }[] = [];
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  scored.push(JSON.parse(body));
  response.end("{}");
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
afterAll(() => new Promise((resolve) => server.close(resolve)));
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const house = useRooms(async () => ({
  quality: openDataQuality(home),
  scores: openScores({ publicKey: "p", secretKey: "s", baseUrl }),
}));

let fund: { fundId: string; code: string };
beforeAll(async () => {
  fund = await importFund(house.database);
});
const check = (workflowId: string) => house.call("simulation.checkData", { workflowId, fundId: fund.fundId });
const openReader = () => openDeltaReader({ url: house.adminUrl, role: "agent_simulation" });
const snapshot = () => synchronise({ home, openReader, span: syncSpan });
const results = () =>
  house.database.read(AUDIT, (tx) =>
    tx.data_quality_results.findMany({ where: { fund_id: fund.fundId }, orderBy: { recorded_at: "asc" } }),
  );
const alerts = () => house.database.read(AUDIT, (tx) => tx.risk_alerts.findMany({ where: { fund_id: fund.fundId } }));

it("says that it could not measure where nothing was published, and records nothing", async () => {
  const before = await effects(house.database);
  expect(await check("test/none")).toEqual({ outcome: "unmeasured", checks: 0, failed: 0, snapshotHash: "" });
  expect(await effects(house.database)).toEqual(before);
});

it("finds that a fresh snapshot agrees with Postgres, once per run, and counts what is too old", async () => {
  const { manifest } = await snapshot();
  const mark = (as_of: string) =>
    house.database.rpc(PM_ONE, "fn_record_marks", {
      fund: fund.code,
      marks: [{ asset: "BOND-A", as_of, value: "1.00", source: "synthetic" }],
    });
  // recorded after the snapshot: the mirror cannot know it, and is not blamed
  await mark("2026-10-01");
  const first = await check("test/agrees");
  expect(first).toMatchObject({ checks: 3, snapshotHash: manifest.contentHash });
  const before = await effects(house.database);
  expect(await check("test/agrees")).toEqual(first);
  expect(await effects(house.database)).toEqual(before);
  const [agreement] = (await results()).filter((one) => one.check === "nav_agreement");
  expect(agreement).toMatchObject({ passed: true, unit: "bps", snapshot_hash: manifest.contentHash });
  expect(agreement?.value?.toFixed()).toBe("0");
  expect(scored.map(({ name }) => name)).toContain("data_quality.nav_agreement");
});

it("finds a value that was changed in the file, and Risk Guardian warns of it", async () => {
  await snapshot();
  // 1,000 more on the newest mark of one bond: far beyond half a basis point of any fund here
  const { manifest } = await amend(home, (file) =>
    file.run(
      "update asset_snapshots set nav = nav + 1000 where asset_id = (select id from assets where external_key = 'BOND-A')",
    ),
  );
  expect(manifest.name).toBeDefined();
  expect(await check("test/differs")).toMatchObject({ outcome: "failed" });
  const failed = (await results()).filter((one) => one.check === "nav_agreement" && !one.passed);
  expect(failed).toHaveLength(1);
  expect(failed[0]?.value?.gt("0.5")).toBe(true);
  const events = await house.database.read(AUDIT, (tx) =>
    tx.fund_events.findMany({ where: { fund_id: fund.fundId, type: "DATA_QUALITY_FAILED" } }),
  );
  const found = events.find((one) => (one.payload as { check: string }).check === "nav_agreement");
  const run = { eventId: found!.event_id, workflowId: `event/${found!.event_id}`, fundId: fund.fundId };
  expect(await house.call("risk-guardian.alert", run)).toMatchObject({ severity: "warning" });
  expect(await alerts()).toMatchObject([{ kind: "data_quality", reason: expect.stringContaining("nav_agreement") }]);
  expect(scored.filter(({ name }) => name === "data_quality.nav_agreement").at(-1)?.comment).toBe("failed");
});

it("passes the crash points that the table names", () => {
  const mine = (point: string): boolean => point.startsWith("simulation.checkData.");
  expect([...house.passed("simulation")].filter(mine).sort()).toEqual(crashPoints().filter(mine).sort());
});
