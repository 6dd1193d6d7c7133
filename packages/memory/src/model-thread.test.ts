// The thread against models that die, hang, answer late or never load: one coded error each, and the next request is served again.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { describe, expect, it } from "vitest";
import { modelThread } from "./model-thread.ts";

/** A thread's module that serves every {id, text} with the given body. */
const entry = (body: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort, receiveMessageOnPort, threadId } from "node:worker_threads";
      const answer = (id, vector) => parentPort.postMessage({ id, vector });
      parentPort.on("message", ({ id, text }) => { ${body} });`)}`,
  );
const WORDS = ["alpha", "bravo", "charlie"];
const refusalOf = async (asked: Promise<unknown>): Promise<EvergreenError> => {
  const failure = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof EvergreenError)) throw new Error("It was not refused with a code.");
  return failure;
};

describe("a model in a thread", { timeout: 30_000 }, () => {
  it("is one thread for all requests, and each gets its own answer", async () => {
    const thread = modelThread(entry("answer(id, [threadId, text.length])"));
    const answers = (await Promise.all(WORDS.map((word) => thread.vectorOf(word)))) as [number, number][];
    expect(answers.map(([, length]) => length)).toEqual(WORDS.map(({ length }) => length));
    expect(new Set(answers.map(([id]) => id)).size).toBe(1);
  });

  it("has neither this process's environment nor its loader", async () => {
    const thread = modelThread(entry("answer(id, [Object.keys(process.env).length, process.execArgv.length])"));
    expect(await thread.vectorOf("one")).toEqual([0, 0]);
  });

  it("leaves the event loop free: a thread that computes until this side sends another text gets it", async () => {
    const thread = modelThread(
      entry(
        "const taken = () => receiveMessageOnPort(parentPort); let next; while (!(next = taken())); answer(id, [1]); answer(next.message.id, [2])",
      ),
    );
    const slow = thread.vectorOf("long work");
    await new Promise((turn) => setImmediate(turn));
    expect(await thread.vectorOf("stop")).toEqual([2]);
    expect(await slow).toEqual([1]);
  });

  it.each([
    ["that throws", "throw new Error('Jane Doe')"],
    ["that exits", "process.exit(1)"],
    ["that cannot load", "parentPort.postMessage({ id, failure: 'load' })"],
    ["that fails at the text", "parentPort.postMessage({ id, failure: 'embed' })"],
  ])("%s is EG503 for all who wait, without its words, and is served again", async (_, body) => {
    const thread = modelThread(entry(`if (text !== "well") { ${body} } else answer(id, [threadId])`));
    for (const refused of await Promise.all([refusalOf(thread.vectorOf("bad")), refusalOf(thread.vectorOf("bad"))])) {
      expect(refused.code).toBe("EG503");
      expect(refused.message).not.toContain("Jane");
    }
    expect(await thread.vectorOf("well")).toEqual([expect.any(Number)]);
  });

  it("that does not exist is EG503", async () => {
    const missing = modelThread(new URL("./no-such-thread.mjs", import.meta.url));
    expect(await refusalOf(missing.vectorOf("one"))).toMatchObject({ code: "EG503" });
  });

  it("that hangs in a loop is EG503 at its limit and replaced", async () => {
    const thread = modelThread(entry("if (text === 'hang') for (;;); answer(id, [threadId])"), { timeoutMs: 3_000 });
    const before = (await thread.vectorOf("well")) as [number];
    expect(await refusalOf(thread.vectorOf("hang"))).toMatchObject({ code: "EG503" });
    const after = (await thread.vectorOf("well")) as [number];
    expect(after[0]).not.toBe(before[0]);
  });

  it("that forgets one text but answers others is not replaced", async () => {
    const thread = modelThread(entry("if (text !== 'forget') answer(id, [threadId])"), { timeoutMs: 3_000 });
    const before = await thread.vectorOf("well");
    let waits = true;
    const forgotten = refusalOf(thread.vectorOf("forget")).finally(() => {
      waits = false;
    });
    while (waits) {
      expect(await thread.vectorOf("well")).toEqual(before);
      await new Promise((later) => setTimeout(later, 50));
    }
    expect(await forgotten).toMatchObject({ code: "EG503" });
    expect(await thread.vectorOf("well")).toEqual(before);
  });

  it("takes no more texts at once than it may, and no longer ones", async () => {
    const thread = modelThread(entry("if (text === 'all') for (let i = 1; i <= id; i++) answer(i, [i])"), {
      waiting: 2,
    });
    const first = thread.vectorOf("one");
    const second = thread.vectorOf("all");
    expect(await refusalOf(thread.vectorOf("three"))).toMatchObject({ code: "EG503" });
    expect(await Promise.all([first, second])).toEqual([[1], [2]]);
    expect(await refusalOf(thread.vectorOf("x".repeat(20_000)))).toMatchObject({ code: "EG413" });
  });
});
