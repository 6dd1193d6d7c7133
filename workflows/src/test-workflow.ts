// Runs plain functions of this folder as Temporal would inside a workflow: the SDK's own activator, without server, bundle or sandbox. For tests;
// import what is under test only after this module, because the SDK takes its AsyncLocalStorage while it is loaded.
import { AsyncLocalStorage } from "node:async_hooks";
import { CONTRACTS } from "@evergreen-fund/domain/agents.ts";
import type { Activator } from "@temporalio/workflow/lib/internals.js";

Object.assign(globalThis, { AsyncLocalStorage });
const { Activator: SdkActivator } = await import("@temporalio/workflow/lib/internals.js");
const { tryUnblockConditions } = await import("@temporalio/workflow/lib/worker-interface.js");
const { setActivator } = await import("@temporalio/workflow/lib/global-attributes.js");

type Created = ConstructorParameters<typeof Activator>[0];
type Commands = ReturnType<Activator["concludeActivation"]>["commands"];

export interface TestWorkflow {
  /** As when somebody cancels the run. */
  cancel(): void;
  /** As when somebody signals the run, and the run goes on as far as it can. */
  signal(name: string): Promise<void>;
  /** What the workflow asked of Temporal since the last look. */
  commands(): Commands;
  /** Its log lines since the last look: message and attributes. */
  logged(): { level: string; message: string; attributes: Record<string, unknown> }[];
}

/** Calls `work` inside a new workflow; nothing that it asks of Temporal is ever answered. */
export async function inWorkflow<T>(work: (workflow: TestWorkflow) => Promise<T>): Promise<T> {
  const workflowId = "event/00000000-0000-4000-8000-000000000001";
  const activator = new SdkActivator({
    info: { workflowId, runId: "run", workflowType: "test", taskQueue: "commander", unsafe: { isReplaying: false } },
    now: 0,
    randomnessSeed: [1, 2, 3, 4],
    showStackTraceSources: false,
    sourceMap: { version: 3, sources: [], names: [], mappings: "" },
    getTimeOfDay: () => 0n,
    registeredActivityNames: new Set(
      Object.entries(CONTRACTS).flatMap(([room, actions]) => Object.keys(actions).map((action) => `${room}.${action}`)),
    ),
    stackTracesEnabled: false,
  } as unknown as Created);
  setActivator(activator);
  try {
    return await work({
      cancel: () => activator.rootScope.cancel(),
      signal: async (signalName) => {
        activator.signalWorkflow({ signalName, input: [], identity: "test", headers: {} });
        await new Promise((turn) => setImmediate(turn));
        tryUnblockConditions();
        await new Promise((turn) => setImmediate(turn));
      },
      commands: () => activator.concludeActivation().commands,
      logged: () =>
        activator.getAndResetSinkCalls().map(({ fnName, args }) => ({
          level: fnName,
          message: String(args[0]),
          attributes: (args[1] ?? {}) as Record<string, unknown>,
        })),
    });
  } finally {
    setActivator(undefined);
  }
}
