// Every state of a webhook and of a delivery has its words and a step that is safe; nothing is asked that the database would refuse.
import { describe, expect, it } from "vitest";
import {
  CHANGES,
  changesOf,
  deliveryState,
  endpointState,
  endpointStep,
  lastAnswer,
  tryOutcome,
} from "./webhook-words.ts";

const fine = { status: "active", reason: null, failing_since: null, given_up: 0, pending: 0 } as const;
const stopped = (reason: string) => ({ ...fine, status: "paused", reason, pending: 3 }) as const;

describe("an endpoint", () => {
  it.each([
    [fine, "Active", "None:"],
    [{ ...fine, given_up: 2 }, "Active", "send them again"],
    [{ ...fine, failing_since: "2026-11-23T03:00:00Z" }, "Active, failing since", "Attempts go on by themselves"],
    [stopped("people"), "Paused by a person", "3 have waited"],
    [stopped("failing"), "every attempt has failed", "resume it; 3 have waited"],
    [stopped("refused"), "its address cannot be used", "adds the right one on the command line"],
    [{ ...stopped("gone"), status: "gone" as const }, "Ended by the receiver", "begin from now"],
  ] as const)("%o", (endpoint, state, step) => {
    expect(endpointState(endpoint)).toContain(state);
    expect(endpointStep(endpoint)).toContain(step);
  });
  it("is asked only what its state allows, and each change says what it brings about", () => {
    expect(changesOf({ status: "active" })).toEqual(["pause", "remove"]);
    expect(changesOf({ status: "paused" })).toEqual(["resume", "skip", "remove"]);
    expect(changesOf({ status: "gone" })).toEqual(["resume", "skip", "remove"]);
    for (const { says } of Object.values(CHANGES)) expect(says.length).toBeGreaterThan(30);
  });
});

describe("a delivery", () => {
  it("waits while its receiver is stopped, and says so", () => {
    const waiting = { status: "pending", attempts: 1, next_at: "", last_status: null, last_reason: "refused" } as const;
    expect(deliveryState(waiting, false)).toBe("Waits until the receiver is resumed");
  });
  const sent = { attempts: 2, next_at: "2026-11-23T03:00:00Z", last_status: 500, last_reason: "status 500" };
  it.each([
    [{ ...sent, status: "delivered" }, "Delivered", "the receiver answered 500"],
    [{ ...sent, status: "pending" }, "Tried again at", "the receiver answered 500"],
    [{ ...sent, status: "pending", attempts: 0, last_status: null, last_reason: null }, "On its way", "nothing yet"],
    [{ ...sent, status: "dead", last_status: null, last_reason: "no connection" }, "Given up", "nobody answered"],
    [{ ...sent, status: "withheld", last_status: null, last_reason: "not for its owner" }, "Withheld", "may no longer"],
  ] as const)("%o", (delivery, state, answer) => {
    expect(deliveryState(delivery, true)).toContain(state);
    expect(lastAnswer(delivery)).toContain(answer);
  });
});

it.each([
  ["delivered", 204, null, "taken"],
  ["gone", 410, null, "wants nothing more"],
  ["refused", null, "EG400", "its address cannot be used"],
  ["refused", 307, null, "leads to another address"],
  ["later", 503, null, "could not take it"],
  ["later", null, "ETIMEDOUT", "no answer in time"],
  ["later", null, "ECONNREFUSED", "nobody answered"],
] as const)("an attempt that was %s with %s and %s says so", (outcome, status, code, words) =>
  expect(tryOutcome({ outcome, status, code })).toContain(words),
);
