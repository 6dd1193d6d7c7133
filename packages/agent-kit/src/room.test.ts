// What room() promises around every action: input checked, answers small, refusals final, absence retried, nothing of a row in a failure.
// The rooms themselves are tested beside their code with a real Postgres; the database here is one that is not there.
import { ERRORS, type ErrorCode, EvergreenError } from "@evergreen-fund/domain";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { ApplicationFailure } from "@temporalio/common";
import { afterAll, describe, expect, it } from "vitest";
import { type RoomActions, room, toFailure } from "./room.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const run = { eventId: ID, workflowId: `event/${ID}`, fundId: ID };
const passed: string[] = [];
const nowhere = openDatabase({ url: "postgresql://nobody:canary-password@127.0.0.1:1/none" });
afterAll(() => nowhere.close());
const never = async () => Promise.reject(new Error("not of these tests"));
const act = (register: RoomActions<"tokenization">["register"]) => {
  const activities = room(
    "tokenization",
    { database: nowhere, crashPoint: (name) => void passed.push(name) },
    { register, settle: never, refuse: never, reconcile: never },
  );
  return activities["tokenization.register"]!;
};
const failureOf = (work: Promise<unknown>): Promise<ApplicationFailure> =>
  work.then(
    (answer) => Promise.reject(new Error(`It did not fail: ${JSON.stringify(answer)}`)),
    (error: unknown) => {
      if (error instanceof ApplicationFailure) return error;
      throw error;
    },
  );

describe("an answer", () => {
  const answering = (status: string) => act(async () => ({ actionId: ID, status }))(run);
  it("of ids and codes passes", async () => {
    expect(await answering("registered")).toEqual({ actionId: ID, status: "registered" });
  });
  it("over 2 KB is refused, and not tried again", async () => {
    expect(await failureOf(answering("x".repeat(2_048)))).toMatchObject({ type: "EG413", nonRetryable: true });
    expect(await answering("x".repeat(1_900))).toBeDefined();
  });
  it("is measured in bytes, not in characters", async () => {
    expect(await failureOf(answering("€".repeat(700)))).toMatchObject({ type: "EG413" });
  });
  it("loses whatever the contract does not name: no row leaves by accident", async () => {
    const row = { actionId: ID, status: "registered", amount: "987654321.12" };
    expect(await act(async () => row)(run)).toEqual({ actionId: ID, status: "registered" });
  });
  it("that is not the contract's is a fault of ours: final, without its words", async () => {
    const failure = await failureOf(act(async () => ({ actionId: "canary-row", status: "x" }))(run));
    expect(failure).toMatchObject({ type: "EG500", nonRetryable: true });
    expect(JSON.stringify({ ...failure, message: failure.message, stack: failure.stack })).not.toContain("canary-row");
  });
});

describe("an input", () => {
  it.each([undefined, null, {}, { ...run, eventId: "canary" }, { eventId: ID }, "canary", 7])(
    "%j is refused with EG400 before anything happens",
    async (input) => {
      let called = false;
      const failure = await failureOf(
        act(async () => {
          called = true;
          return { actionId: ID, status: "x" };
        })(input),
      );
      expect(failure).toMatchObject({ type: "EG400", nonRetryable: true });
      expect(failure.message).not.toContain("canary");
      expect(called).toBe(false);
    },
  );
});

describe("a failure", () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])(
    "coded %s is final unless a service was not there or something unforeseen happened",
    (code) => {
      expect(toFailure(new EvergreenError(code, "words"))).toMatchObject({
        type: code,
        message: "words",
        // EG433: an incident holds it, and ends
        nonRetryable: !["EG503", "EG433", "EG500"].includes(code),
      });
    },
  );
  it("keeps no cause: a driver's error may quote a row", () => {
    const failure = toFailure(new EvergreenError("EG400", "words", { cause: new Error("Key (code)=(canary) exists") }));
    expect(JSON.stringify([failure.message, failure.cause, failure.details])).not.toContain("canary");
  });
  it.each<[unknown, boolean]>([
    [new Error("row canary"), false],
    [new TypeError("canary is not a function"), true],
    [Object.assign(new Error("canary"), { name: "ZodError" }), true],
    ["canary", false],
    [null, false],
    [undefined, false],
    [{ message: "canary" }, false],
  ])("unforeseen, %s, leaves a code and no words; final: %s", (error, nonRetryable) => {
    const failure = toFailure(error);
    expect(failure).toMatchObject({ type: "EG500", nonRetryable });
    expect(`${failure.message} ${failure.stack}`).not.toContain("canary");
  });
  it("that is one already stays as it is", () => {
    const failure = ApplicationFailure.nonRetryable("x", "EG428");
    expect(toFailure(failure)).toBe(failure);
  });
  it("of a database that is not there is retried and does not name its login", async () => {
    const register = act((context) =>
      context.record(async (rpc) => {
        const { action_id, status } = await rpc("fn_register_tokenization", { event_id: ID });
        return { actionId: action_id, status };
      }),
    );
    const failure = await failureOf(register(run));
    expect(failure).toMatchObject({ type: "EG503", nonRetryable: false });
    expect(`${failure.message} ${failure.stack}`).not.toContain("canary-password");
  });
});

describe("steps", () => {
  it("each end at a crash point once they succeeded, in order", async () => {
    passed.length = 0;
    await act(async (context) => {
      await context.facts(async () => 1).catch(() => {});
      await context.decide(() => 1);
      await context.narrate(async () => 1);
      await context.record(async () => 1);
      return { actionId: ID, status: context.workflowId.slice(0, 5) };
    })(run);
    // the database is not there: the facts were not read
    expect(passed).toEqual([
      "tokenization.register.decide",
      "tokenization.register.narrate",
      "tokenization.register.record",
    ]);
  });
});
