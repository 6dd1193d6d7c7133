// How an action hears that nobody waits for it any more: its run was cancelled, its time is over, its worker is asked to stop.
import { AsyncLocalStorage } from "node:async_hooks";

const signals = new AsyncLocalStorage<AbortSignal>();
const never = new AbortController().signal;

/** Between two heartbeats of an activity on a queue of its own; Temporal answers one with whether the activity is still wanted. */
const HEARTBEAT_MS = 5_000;

/** What of Temporal's activity context is needed here. */
interface ActivityContext {
  readonly cancellationSignal: AbortSignal;
  readonly info: { readonly isLocal: boolean };
  heartbeat(): void;
}

/** Aborted when the activity that is running is no longer wanted; outside of an activity never. */
export const cancellationSignal = (): AbortSignal => signals.getStore() ?? never;

/** For the workers of rooms (`interceptors.activity`): hands the signal to every action, and beats for those that hear of it in no other way. */
export const cancellationInterceptor = (context: ActivityContext) => ({
  inbound: {
    async execute<Input>(input: Input, next: (input: Input) => Promise<unknown>): Promise<unknown> {
      const beat = context.info.isLocal ? undefined : setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        return await signals.run(context.cancellationSignal, () => next(input));
      } finally {
        clearInterval(beat);
      }
    },
  },
});
