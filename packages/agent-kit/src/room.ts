// A room is facts → decide → record. room() binds its contract to activities: input checked, each step traced, errors coded,
// results kept small, request ids made from the run so that a retry gets the first answer.
import {
  type ActionInput,
  type ActionOutput,
  type Actor,
  agentRole,
  CONTRACTS,
  EvergreenError,
  type Room,
  type RoomName,
} from "@evergreen-fund/domain";
import type { Database, Reader, RpcArgs, RpcName, RpcResult } from "@evergreen-fund/supabase-client";
import { type RoomStep, roomSpan, traced } from "@evergreen-fund/tracing";
import { ApplicationFailure, CancelledFailure } from "@temporalio/common";
import { attemptOfActivity, cancellationSignal } from "./cancellation.ts";
import type { CrashPoint } from "./crash-point.ts";

/** What a step of a room may use. Everything acts under the room's own database role. */
export interface RoomContext {
  /** One snapshot of rows. */
  facts<T>(read: (tx: Reader) => Promise<T>): Promise<T>;
  /** The same, read by a fn_read_* in one answer. */
  look<N extends RpcName>(name: N, args: RpcArgs<N>): Promise<RpcResult<N>>;
  /** Pure: no clock, no chance, no IO. It is awaited because it may be computed in a thread, which changes where, not what. */
  decide<T>(decision: () => T | Promise<T>): Promise<T>;
  /** Calls of fn_* whose request id follows from the run. */
  record<T>(write: (rpc: RoomRpc) => Promise<T>): Promise<T>;
  /** Words, memory: may be slow, may fail, changes no decision. */
  narrate<T>(words: () => Promise<T>): Promise<T>;
  readonly workflowId: string;
  /** Aborted when nobody waits for this action any more; for what computes long. */
  readonly signal: AbortSignal;
  /** From 1: for what is worth only so many attempts, where a service that is away is waited for. */
  readonly attempt: number;
}
export type RoomRpc = <N extends RpcName>(name: N, args: Omit<RpcArgs<N>, "request_id">) => Promise<RpcResult<N>>;

export type RoomActions<R extends RoomName> = {
  [A in keyof (typeof CONTRACTS)[R]]: (context: RoomContext, input: ActionInput<R, A>) => Promise<ActionOutput<R, A>>;
};

export interface RoomTools {
  database: Database;
  crashPoint: CrashPoint;
}

/** What every input holds: the run, and where a run goes in turns the number of its turn. */
interface Reference {
  /** Absent where a schedule asks and no event does. */
  eventId?: string;
  workflowId: string;
  round?: number;
}

/** Largest answer of an action, in bytes: ids, codes and counts fit; rows do not. */
const MAX_ANSWER_BYTES = 2_048;

/** Activities named `<room>.<action>`, ready for a Temporal worker. */
export function room<R extends RoomName>(
  name: R,
  tools: RoomTools,
  actions: RoomActions<R>,
): Record<string, (input: unknown) => Promise<unknown>> {
  const actor: Actor = { role: agentRole(name as Room) };
  return Object.fromEntries(
    Object.entries(CONTRACTS[name]).map(([action, contract]) => [
      `${name}.${action}`,
      async (given: unknown) => {
        const input = contract.input.safeParse(given);
        if (!input.success)
          throw ApplicationFailure.nonRetryable(`${name}.${action}: the input is not what the contract says.`, "EG400");
        const reference = input.data as Reference;
        const context = contextOf(name as Room, action, actor, tools, reference);
        try {
          const act = actions[action as keyof typeof actions] as (
            context: RoomContext,
            input: unknown,
          ) => Promise<unknown>;
          return small(name, action, contract.output.parse(await act(context, input.data)));
        } catch (error) {
          throw toFailure(error);
        }
      },
    ]),
  );
}

function contextOf(name: Room, action: string, actor: Actor, tools: RoomTools, reference: Reference): RoomContext {
  const { eventId, workflowId } = reference;
  const ids = { workflow_id: workflowId, ...(eventId === undefined ? {} : { event_id: eventId }) };
  const step = async <T>(what: RoomStep, work: () => T | Promise<T>): Promise<T> => {
    const result = await traced(roomSpan(name, action, what), ids, work);
    tools.crashPoint(`${name}.${action}.${what}`);
    return result;
  };
  return {
    workflowId: reference.workflowId,
    signal: cancellationSignal(),
    attempt: attemptOfActivity(),
    facts: (read) => step("facts", () => tools.database.read(actor, read)),
    look: (fn, args) => step("facts", () => tools.database.rpc(actor, fn, args)),
    decide: (decision) => step("decide", decision),
    narrate: (words) => step("narrate", words),
    record: (write) => {
      let calls = 0;
      const rpc: RoomRpc = (fn, args) => {
        const suffix = calls++ === 0 ? "" : `.${calls}`;
        // the function is part of it: a step that is taken again may decide for another one
        const turn = reference.round === undefined ? "" : `${reference.round}/`;
        const request_id = `${reference.workflowId}/${turn}${name}.${action}/${fn}${suffix}`;
        return tools.database.rpc(actor, fn, { ...args, request_id } as unknown as RpcArgs<typeof fn>);
      };
      return step("record", () => write(rpc));
    },
  };
}

function small<T>(name: string, action: string, answer: T): T {
  if (Buffer.byteLength(JSON.stringify(answer)) > MAX_ANSWER_BYTES)
    throw new EvergreenError(
      "EG413",
      `${name}.${action} answered more than 2 KB: a verdict holds ids, codes and counts.`,
    );
  return answer;
}

/** A coded error is final unless a service was missing; anything else is retried and leaves no text that could hold a row. */
export function toFailure(error: unknown): ApplicationFailure | CancelledFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof CancelledFailure) {
    // a worker that stops is no cancellation of the run: another worker takes the step
    return error.message === "WORKER_SHUTDOWN"
      ? ApplicationFailure.retryable("The worker is stopping.", "EG503")
      : error;
  }
  if (error instanceof EvergreenError) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: !error.retryable && error.code !== "EG500",
    });
  }
  const name = error instanceof Error ? error.name : "unknown";
  return ApplicationFailure.create({
    message: `An unforeseen ${name}; the log of the worker has the rest.`,
    type: "EG500",
    nonRetryable: error instanceof TypeError || name === "ZodError",
  });
}
