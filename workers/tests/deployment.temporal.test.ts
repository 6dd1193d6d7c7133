// Workers as a deployment runs them: connected by a profile of Temporal's own settings, and versioned. And what a run shows in Temporal while it waits.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { deploymentsWithoutCurrent } from "@evergreen-fund/stack/temporal.ts";
import { ensureTemporalCli } from "@evergreen-fund/stack/temporal-cli.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { expectEnd, importFund, PM_ONE, PM_TWO, proposalStands } from "./journeys.ts";

let house: TestHouse;
let client: Client;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  client = await clientOf(house);
});
afterAll(async () => {
  await client?.connection.close();
  await house?.stop();
});

const shown = async (workflowId: string) => {
  const { searchAttributes } = await client.workflow.getHandle(workflowId).describe();
  return Object.fromEntries(Object.entries(searchAttributes).filter(([name]) => name !== "BuildIds"));
};

it("a worker finds Temporal by a profile, and its run can be searched by fund, event and stage", async () => {
  const profiles = join(house.home, "temporal.toml");
  writeFileSync(profiles, `[profile.ours]\naddress = "${house.temporalAddress}"\n`);
  const worker = await house.startWorkers({
    environment: { TEMPORAL_ADDRESS: undefined, TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_PROFILE: "ours" },
  });
  const { fundId, code } = await importFund(house.database);
  const asked = await house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  const { proposal_id, hash } = await proposalStands(house.database, asked.event_id);
  const wanted = { FundId: [fundId], EventType: ["REBALANCE_REQUESTED"], Stage: ["awaiting approval"] };
  await until(
    async () => isDeepStrictEqual(await shown(asked.workflow_id), wanted), // the server names them in any order
    "the run to say what it waits for",
    30_000,
  );
  const query = `FundId = '${fundId}' and Stage = 'awaiting approval'`;
  await until(async () => (await client.workflow.count(query)).count === 1, "the run to be found by what it shows");
  await house.database.rpc(PM_TWO, "fn_decide_proposal", { proposal_id, hash, decision: "approved" });
  await expectEnd(house.database, asked.event_id, "completed");
  await worker.kill("SIGTERM");
});

it("versioned workers wait for a current version, doctor names the deployment, and then they work", async () => {
  const cli = await ensureTemporalCli(house.config, () => {});
  const worker = await house.startWorkers({ environment: { TEMPORAL_VERSIONING: "evergreen/build-1" } });
  await until(
    async () => (await deploymentsWithoutCurrent(house.config, cli))?.includes("evergreen"),
    "the deployment to be known",
  );
  const { code } = await importFund(house.database);
  const asked = await house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  await promisify(execFile)(cli.path, [
    ...["worker", "deployment", "set-current-version", "--deployment-name", "evergreen", "--build-id", "build-1"],
    ...["--yes", "--address", house.temporalAddress, "--disable-config-env", "--disable-config-file"],
  ]);
  const { proposal_id, hash } = await proposalStands(house.database, asked.event_id);
  expect(await deploymentsWithoutCurrent(house.config, cli)).toEqual([]);
  await house.database.rpc(PM_TWO, "fn_decide_proposal", { proposal_id, hash, decision: "rejected" });
  await expectEnd(house.database, asked.event_id, "refused");
  const { raw } = await client.workflow.getHandle(asked.workflow_id).describe();
  const { deploymentVersion, behavior } = raw.workflowExecutionInfo?.versioningInfo ?? {};
  expect([deploymentVersion?.deploymentName, deploymentVersion?.buildId]).toEqual(["evergreen", "build-1"]);
  expect(behavior).toBe(2); // AUTO_UPGRADE
  await worker.kill("SIGTERM");
});
