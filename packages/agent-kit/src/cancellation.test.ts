// What an action hears of its activity, and what Temporal hears of an action that gave up.
import { ApplicationFailure, CancelledFailure } from "@temporalio/common";
import { afterEach, describe, expect, it, vi } from "vitest";
import { attemptOfActivity, cancellationInterceptor, cancellationSignal } from "./cancellation.ts";
import { toFailure } from "./room.ts";

/** What Temporal hands to the interceptor of one activity. */
const activity = (isLocal: boolean, attempt = 1) => {
  const controller = new AbortController();
  let beats = 0;
  const heartbeat = (): void => {
    beats += 1;
  };
  const context = { cancellationSignal: controller.signal, info: { isLocal, attempt }, heartbeat };
  return { controller, beats: () => beats, execute: cancellationInterceptor(context).inbound.execute };
};

describe("the signal of an action", () => {
  it("is that of its own activity, also after an await and beside another one", async () => {
    const [one, two] = [activity(true), activity(true)];
    const signalOf = async (): Promise<AbortSignal> => {
      await new Promise((turn) => setImmediate(turn));
      return cancellationSignal();
    };
    const [first, second] = await Promise.all([one.execute(null, signalOf), two.execute(null, signalOf)]);
    expect(first).toBe(one.controller.signal);
    expect(second).toBe(two.controller.signal);
  });
  it("is never aborted outside of an activity", () => {
    expect(cancellationSignal().aborted).toBe(false);
  });
  it("hands input, answer and failure through", async () => {
    const { execute } = activity(true);
    expect(await execute("in", async (input) => `${input}-out`)).toBe("in-out");
    const failure = new Error("no");
    await expect(execute("in", () => Promise.reject(failure))).rejects.toBe(failure);
  });
});

describe("the attempt of an action", () => {
  it("is that of its own activity, also beside another one", async () => {
    const attempts = [1, 7].map((attempt) =>
      activity(true, attempt).execute(null, async () => {
        await new Promise((turn) => setImmediate(turn));
        return attemptOfActivity();
      }),
    );
    expect(await Promise.all(attempts)).toEqual([1, 7]);
  });
  it("is the first outside of an activity", () => {
    expect(attemptOfActivity()).toBe(1);
  });
});

describe("an activity on a queue of its own", () => {
  afterEach(() => void vi.useRealTimers());
  it("beats while it runs, because only a heartbeat brings the news, and no longer", async () => {
    vi.useFakeTimers();
    const [remote, local] = [activity(false), activity(true)];
    for (const { execute } of [remote, local]) {
      const finish = new EventTarget();
      const done = execute(null, () => new Promise((resolve) => finish.addEventListener("now", resolve)));
      await vi.advanceTimersByTimeAsync(60_000);
      finish.dispatchEvent(new Event("now"));
      await done;
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(remote.beats()).toBe(12);
    expect(local.beats()).toBe(0);
  });
});

describe("an action that gave up", () => {
  it.each(["CANCELLED", "TIMED_OUT", "NOT_FOUND"])("because of %s is cancelled, not failed", (reason) => {
    const given = new CancelledFailure(reason);
    expect(toFailure(given)).toBe(given);
  });
  it("because its worker stops is taken again: the run was not cancelled", () => {
    const failure = toFailure(new CancelledFailure("WORKER_SHUTDOWN"));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: "EG503", nonRetryable: false });
  });
});
