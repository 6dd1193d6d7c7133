// What an action hears of the activity it runs as: which attempt this is, and that nobody waits for it any more, because its run was cancelled, its
// time is over or its worker is asked to stop.
import { AsyncLocalStorage } from "node:async_hooks";

const activities = new AsyncLocalStorage<ActivityContext>();
const never = new AbortController().signal;

/** Between two heartbeats of an activity on a queue of its own; Temporal answers one with whether the activity is still wanted. */
const HEARTBEAT_MS = 5_000;

/** What of Temporal's activity context is needed here. */
interface ActivityContext {
  readonly cancellationSignal: AbortSignal;
  readonly info: { readonly isLocal: boolean; readonly attempt: number };
  heartbeat(): void;
}

/** Aborted when the activity that is running is no longer wanted; outside of an activity never. */
export const cancellationSignal = (): AbortSignal => activities.getStore()?.cancellationSignal ?? never;

/** Which attempt of the activity this is, from 1; outside of an activity 1. */
export const attemptOfActivity = (): number => activities.getStore()?.info.attempt ?? 1;

/** For the workers of rooms (`interceptors.activity`): hands signal and attempt to every action, and beats for those that hear in no other way. */
export const cancellationInterceptor = (context: ActivityContext) => ({
  inbound: {
    async execute<Input>(input: Input, next: (input: Input) => Promise<unknown>): Promise<unknown> {
      const beat = context.info.isLocal ? undefined : setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        return await activities.run(context, () => next(input));
      } finally {
        clearInterval(beat);
      }
    },
  },
});
