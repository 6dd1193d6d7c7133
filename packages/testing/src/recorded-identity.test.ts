// No machine's name in what is recorded: every identity, and every name made of one, becomes the neutral one.
import { expect, it } from "vitest";
import { RECORDED_IDENTITY, withoutMachines } from "./recorded-identity.ts";

it("replaces every identity, and the names of sticky queues made of them, and nothing else", () => {
  const history = {
    workflowId: "event/1",
    events: [
      { started: { identity: "12@Janes-laptop.local", taskQueue: { name: "commander" } } },
      { scheduled: { taskQueue: { name: "123@Janes-laptop.local-4d44a9", normalName: "commander" } } },
      { completed: { identity: "123@Janes-laptop.local", workerVersion: { buildId: "@temporalio/worker@1.23.0" } } },
      { marker: { data: { base64: "MTIzQA==" }, at: { seconds: { low: 5, high: 0 } }, none: null } },
      { signalled: { identity: "" } },
    ],
  };
  expect(withoutMachines(history)).toEqual({
    workflowId: "event/1",
    events: [
      { started: { identity: RECORDED_IDENTITY, taskQueue: { name: "commander" } } },
      { scheduled: { taskQueue: { name: `${RECORDED_IDENTITY}-4d44a9`, normalName: "commander" } } },
      { completed: { identity: RECORDED_IDENTITY, workerVersion: { buildId: "@temporalio/worker@1.23.0" } } },
      { marker: { data: { base64: "MTIzQA==" }, at: { seconds: { low: 5, high: 0 } }, none: null } },
      { signalled: { identity: "" } },
    ],
  });
});
it("changes nothing the second time", () => {
  const once = withoutMachines([{ identity: "7@host" }, "7@host-1"]);
  expect(withoutMachines(once)).toEqual(once);
  expect(once).toEqual([{ identity: RECORDED_IDENTITY }, `${RECORDED_IDENTITY}-1`]);
});
