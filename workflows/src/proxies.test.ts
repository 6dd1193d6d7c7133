// How rooms are called, for every action that there is: the table of limits against the contracts, and what Temporal is really asked for.
import { CONTRACTS, type RoomName } from "@evergreen-fund/domain";
import { describe, expect, it } from "vitest";
import { inWorkflow } from "./test-workflow.ts";

const { callRoom, LIMITS } = await import("./proxies.ts");

const ROOMS = Object.keys(CONTRACTS) as RoomName[];
const ACTIONS = ROOMS.flatMap((room) =>
  Object.keys(CONTRACTS[room]).map((action) => ({ room, action, name: `${room}.${action}` })),
);

/** The one command by which an action is asked for. */
const asked = (room: RoomName, action: string, rooms: "local" | "split", summary?: string) =>
  inWorkflow(async ({ commands }) => {
    const actions = callRoom(room, rooms, summary) as Record<string, (input: unknown) => Promise<unknown>>;
    void actions[action]!({ eventId: "e" });
    // the SDK schedules a turn later
    await Promise.resolve();
    const all = commands();
    expect(all).toHaveLength(1);
    return all[0]!;
  });
const seconds = (duration: { seconds?: unknown } | null | undefined): number => Number(duration?.seconds ?? 0);

describe("the table of limits", () => {
  it("names only rooms and actions that there are", () => {
    const named = Object.entries(LIMITS).flatMap(([room, actions]) =>
      Object.keys(actions).map((action) => `${room}.${action}`),
    );
    expect(named.length).toBeGreaterThan(0);
    const known = ACTIONS.map(({ name }) => name);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
  it.each(
    Object.entries(LIMITS).flatMap(([room, actions]) =>
      Object.entries(actions).map(([action, limits]) => ({ room, name: `${room}.${action}`, limits })),
    ),
  )("gives $name whole seconds and attempts", ({ limits }) => {
    expect(Number.isInteger(limits.seconds) && limits.seconds > 0).toBe(true);
    expect(Number.isInteger(limits.attempts) && limits.attempts >= 0).toBe(true);
  });
});

describe("every action", () => {
  it.each(ACTIONS)("$name in this process has a time, a retry and its room's name", async ({ room, action }) => {
    const { scheduleLocalActivity: local } = await asked(room, action, "local");
    expect(local?.activityType).toBe(`${room}.${action}`);
    expect(seconds(local?.startToCloseTimeout)).toBe(LIMITS[room]?.[action]?.seconds ?? 20);
    expect(seconds(local?.retryPolicy?.maximumInterval)).toBe(30);
    expect(local?.retryPolicy?.maximumAttempts ?? 0).toBe(LIMITS[room]?.[action]?.attempts ?? 0);
  });
  it.each(ACTIONS.filter(({ room }) => room !== "commander"))(
    "$name elsewhere is the same on the queue of its room",
    async ({ room, action }) => {
      const { scheduleActivity: remote } = await asked(room, action, "split");
      expect(remote).toMatchObject({ activityType: `${room}.${action}`, taskQueue: room });
      expect(seconds(remote?.startToCloseTimeout)).toBe(LIMITS[room]?.[action]?.seconds ?? 20);
      expect(remote?.retryPolicy?.maximumAttempts ?? 0).toBe(LIMITS[room]?.[action]?.attempts ?? 0);
    },
  );
  it.each(ACTIONS.filter(({ room }) => room === "commander"))(
    "$name stays where the run is, also when the other rooms are elsewhere",
    async ({ room, action }) => {
      expect(await asked(room, action, "split")).toEqual(await asked(room, action, "local"));
    },
  );
  it("waits for a write that is under way when the run is cancelled", async () => {
    const local = await asked("rebalancing", "apply", "local");
    const remote = await asked("rebalancing", "apply", "split");
    // 1 is WAIT_CANCELLATION_COMPLETED of the SDK's protocol; 0 would try to cancel and go on
    expect(local.scheduleLocalActivity?.cancellationType).toBe(1);
    expect(remote.scheduleActivity?.cancellationType).toBe(1);
  });
  it("has a name: a symbol is none", async () => {
    await inWorkflow(async () => {
      expect(Reflect.get(callRoom("kyc", "local"), Symbol.toPrimitive)).toBeUndefined();
    });
  });
});
