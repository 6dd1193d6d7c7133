// Hands one claimed event or batch to Temporal and says what came of it. "Already started" is success: it was handed over before. So is a knock at a
// workflow that has ended: nobody waits there any more.
import type { CrashPoint } from "@evergreen-fund/agent-kit";
import { EVENTS, isEventName, OWN_WORKFLOWS, workflowIdOf } from "@evergreen-fund/domain";
import type { RpcResult } from "@evergreen-fund/supabase-client";
import { runContext, startRunSpan, traced } from "@evergreen-fund/tracing";
import type { batch, commander, dealingDay, restatement } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";

/** Temporal's client tries a call again for a quarter of a minute, and no deadline or signal ends that; the lease of an event is shorter. */
const HAND_OVER_MS = 5_000;

class TooLate extends Error {}

/** @throws TooLate when Temporal has not answered in time. What it still does later is met as "already started", and a knock twice is one. */
async function inTime<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_answer, giveUp) => {
    timer = setTimeout(() => giveUp(new TooLate()), HAND_OVER_MS);
  });
  return Promise.race([call, late]).finally(() => clearTimeout(timer));
}

export type ClaimedEvent = RpcResult<"fn_claim_events">[number];
export type ClaimedBatch = RpcResult<"fn_claim_batch">[number];
/** `done`: out of the outbox · `away`: Temporal is not there, the attempt does not count · a reason: the attempt failed. */
export type Delivery = "done" | "away" | { failed: string };

export interface Courier {
  client: Client;
  rooms: Rooms;
  crashPoint: CrashPoint;
}

export async function deliverEvent(event: ClaimedEvent, courier: Courier): Promise<Delivery> {
  try {
    if (event.mode === "tell") await tell(event, courier);
    else await startRun(event, courier);
    return "done";
  } catch (error) {
    return outcomeOf(error);
  }
}

/** The workflow of an event and its id: the Commander's follow from the event, the others' are named by it. @throws Error for a run that is named nothing. */
function runOf(event: ClaimedEvent): { workflow: string; workflowId: string } {
  const playbook = isEventName(event.type) ? (EVENTS[event.type] as { playbook?: string }).playbook : undefined;
  if (playbook === undefined || !Object.hasOwn(OWN_WORKFLOWS, playbook))
    return { workflow: "commander", workflowId: workflowIdOf(event.event_id) };
  if (event.to_workflow_id === null) throw new Error("A run of its own needs an id.");
  return { workflow: OWN_WORKFLOWS[playbook as keyof typeof OWN_WORKFLOWS], workflowId: event.to_workflow_id };
}

async function startRun(event: ClaimedEvent, { client, rooms, crashPoint }: Courier): Promise<void> {
  const { workflow, workflowId } = runOf(event);
  const span = startRunSpan(
    workflowId,
    `event.${event.type}`,
    { event_id: event.event_id, event_type: event.type } as never,
    event.recorded_at,
  );
  try {
    const start = () =>
      client.workflow.start<typeof commander | typeof dealingDay | typeof restatement>(workflow, {
        workflowId,
        taskQueue: "commander",
        args: [{ eventId: event.event_id, rooms }],
        workflowIdReusePolicy: "REJECT_DUPLICATE",
        workflowIdConflictPolicy: "FAIL",
        requestEagerStart: true,
        // a worker that died in the middle is noticed after this; long local activities heartbeat within it
        workflowTaskTimeout: "5s",
        staticSummary: event.type,
        typedSearchAttributes: new TypedSearchAttributes([
          { key: SEARCH.eventType, value: event.type },
          { key: SEARCH.stage, value: "started" },
          ...(event.fund_id === null ? [] : [{ key: SEARCH.fundId, value: event.fund_id }]),
        ]),
      });
    await span.with(() => inTime(start()));
    span.end();
  } catch (error) {
    span.end(error);
    throw error;
  }
  crashPoint("dispatcher.started");
}

async function tell(event: ClaimedEvent, { client, crashPoint }: Courier): Promise<void> {
  const waiting = event.to_workflow_id;
  if (waiting === null) return; // nobody waits for it any more
  try {
    await traced(
      "dispatcher.tell",
      { event_id: event.event_id, workflow_id: waiting } as never,
      () => inTime(client.workflow.getHandle(waiting).signal("knock", { eventId: event.event_id })),
      runContext(waiting),
    );
  } catch (error) {
    // only here: the client says the same of a start whose namespace the server does not know
    if (error instanceof WorkflowNotFoundError) return;
    throw error;
  }
  crashPoint("dispatcher.told");
}

export async function deliverBatch(claimed: ClaimedBatch, { client, rooms, crashPoint }: Courier): Promise<Delivery> {
  try {
    await traced("dispatcher.batch", { event_type: claimed.type, events: claimed.events } as never, () =>
      client.workflow.execute<typeof batch>("batch", {
        workflowId: `batch/${claimed.batch_id}`,
        taskQueue: "commander",
        args: [{ batchId: claimed.batch_id, type: claimed.type, rooms }],
        // a batch that failed is tried again under its id; one that is running or done is not
        workflowIdReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY",
        workflowIdConflictPolicy: "USE_EXISTING",
        requestEagerStart: false,
        staticSummary: `batch ${claimed.type}`,
        typedSearchAttributes: new TypedSearchAttributes([
          { key: SEARCH.eventType, value: claimed.type },
          { key: SEARCH.stage, value: "batch" },
        ]),
      }),
    );
    crashPoint("dispatcher.batched");
    return "done";
  } catch (error) {
    return outcomeOf(error);
  }
}

/** gRPC: 1 cancelled, 4 deadline exceeded, 8 resource exhausted, 14 unavailable: the server or the way to it is gone. */
const AWAY_CODES = [1, 4, 8, 14];
/** 2 unknown and 13 internal are also what a connection that breaks in mid-call looks like; then the words say so. */
const BROKEN_WAY = /transport|connect|reset|closed|broken pipe|unavailable|timed? ?out|cancel/i;

function outcomeOf(error: unknown): Delivery {
  if (error instanceof WorkflowExecutionAlreadyStartedError) return "done";
  if (error instanceof TooLate) return "away";
  const grpc = error instanceof ServiceError ? error.cause : error;
  if (
    isGrpcServiceError(grpc) &&
    (AWAY_CODES.includes(grpc.code) || BROKEN_WAY.test(`${grpc.message} ${grpc.details}`))
  )
    return "away";
  return { failed: `${error instanceof Error ? error.name : "Error"} while handing the event to Temporal` };
}
