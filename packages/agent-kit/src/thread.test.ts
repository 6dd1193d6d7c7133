// A thread that answers questions, against threads that die, hang, compute for ever or never start: who waits is told so with a code, the
// others are answered, and the event loop of this process goes on all the while.
import type { EvergreenError } from "@evergreen-fund/domain";
import { describe, expect, it } from "vitest";
import { openThread, type Thread, type ThreadOptions, TookTooLong, TYPESCRIPT } from "./thread.ts";

/** A thread's module in TypeScript that answers with what `body` makes of the question `q`. */
const entry = (body: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      const { threadId } = await import("node:worker_threads");
      const { EvergreenError } = await import(${JSON.stringify(import.meta.resolve("@evergreen-fund/domain/errors.ts"))});
      const { answerQuestions } = await import(${JSON.stringify(new URL("./thread.ts", import.meta.url).href)});
      answerQuestions(async (q) => { ${body} });`)}`,
  );
const opened: Thread<unknown, unknown>[] = [];
const open = (body: string, more: Partial<ThreadOptions> = {}): Thread<unknown, unknown> => {
  const thread = openThread({ name: "The oracle", entry: entry(body), limitMs: 30_000, execArgv: TYPESCRIPT, ...more });
  opened.push(thread);
  return thread;
};
const refusalOf = async (asked: Promise<unknown>): Promise<{ code?: string; name: string; message: string }> => {
  const failure = await asked.then(
    (answer) => new Error(`It was answered: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  return failure as EvergreenError;
};
/** A place that both sides see. */
const shared = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const seen = async (place: Int32Array): Promise<void> => {
  while (Atomics.load(place, 0) === 0) await turn();
};
/** The question that is being computed when `place` is set, and never ends. */
const ENDLESS = "Atomics.store(q.place, 0, 1); while (true);";

describe("a thread that answers", { timeout: 60_000 }, () => {
  it("is one for all questions and answers them in order, each its own", async () => {
    const thread = open("return [threadId, q * 2]");
    const answers = (await Promise.all([1, 2, 3].map((q) => thread.ask(q)))) as [number, number][];
    expect(answers.map(([, doubled]) => doubled)).toEqual([2, 4, 6]);
    expect(new Set(answers.map(([id]) => id)).size).toBe(1);
    await thread.close();
  });
  it("leaves the event loop free: it blocks until this side has turned ten times, and gets there", async () => {
    const thread = open("Atomics.wait(q, 0, 0); return 'woken'");
    const place = shared();
    const answer = thread.ask(place);
    for (let i = 0; i < 10; i += 1) await turn();
    Atomics.store(place, 0, 1);
    Atomics.notify(place, 0);
    expect(await answer).toBe("woken");
    await thread.close();
  });
  it("has nothing of this process's environment or arguments", async () => {
    const thread = open("return [Object.keys(process.env), process.argv.slice(2)]");
    expect(await thread.ask(null)).toEqual([[], []]);
    await thread.close();
  });
});

describe("a refusal of the thread's own", { timeout: 60_000 }, () => {
  it("comes back with its code and words", async () => {
    const thread = open("throw new EvergreenError('EG413', 'at most 20,000')");
    expect(await refusalOf(thread.ask(1))).toMatchObject({ code: "EG413", message: "at most 20,000" });
    await thread.close();
  });
  it.each(["TypeError", "RangeError"])("unforeseen, %s, keeps its kind and none of its words", async (kind) => {
    const thread = open("if (q === 'well') return q; throw new globalThis[q]('Jane Doe')");
    const failure = await refusalOf(thread.ask(kind));
    expect(failure).toMatchObject({ name: kind, message: "The oracle failed at this question." });
    expect(failure instanceof TypeError).toBe(kind === "TypeError");
    expect(await thread.ask("well")).toBe("well");
    await thread.close();
  });
});

describe("a thread that does not answer", { timeout: 60_000 }, () => {
  it.each([
    ["dies", "process.exit(1)"],
    ["breaks", "setImmediate(() => { throw new Error('Jane Doe') }); await new Promise(() => {})"],
  ])(
    "%s: EG503 for the question in hand, without words of its own; who waited gets another thread",
    async (_, body) => {
      const thread = open(`if (q !== "bad") return threadId; ${body}`);
      const first = await thread.ask("well");
      const [bad, next] = await Promise.all([refusalOf(thread.ask("bad")), thread.ask("well")]);
      expect(bad.code).toBe("EG503");
      expect(bad.message).not.toContain("Jane");
      expect(next).not.toBe(first);
      await thread.close();
    },
  );
  it("cannot start: EG503 for everyone who asks", async () => {
    const thread = openThread({
      name: "The oracle",
      entry: new URL("data:text/javascript,import'nowhere'"),
      limitMs: 30_000,
    });
    for (const refused of await Promise.all([refusalOf(thread.ask(1)), refusalOf(thread.ask(2))]))
      expect(refused.code).toBe("EG503");
    await thread.close();
  });
  it("computes for ever: EG503 at the limit, and the next question is answered", async () => {
    const thread = open(`if (q === "well") return q; ${ENDLESS}`, { limitMs: 3_000 });
    const [bad, next] = await Promise.all([refusalOf(thread.ask({ place: shared() })), thread.ask("well")]);
    expect(bad).toBeInstanceOf(TookTooLong);
    expect(bad).toMatchObject({ code: "EG503", message: "The oracle did not answer within 3 s; try again." });
    expect(next).toBe("well");
    await thread.close();
  });
});

describe("a question that is given up", { timeout: 60_000 }, () => {
  it("while it is computed ends the computing, with the reason of the signal", async () => {
    const thread = open(`if (q === "well") return q; ${ENDLESS}`);
    const place = shared();
    const giveUp = new AbortController();
    const given = refusalOf(thread.ask({ place }, giveUp.signal));
    await seen(place);
    const reason = new Error("nobody waits");
    const behind = thread.ask("well");
    giveUp.abort(reason);
    expect(await given).toBe(reason);
    expect(await behind).toBe("well");
    await thread.close();
  });
  it("while it waits is forgotten: the thread goes on with the others and never sees it", async () => {
    const thread = open("if (q === 'bad') process.exit(1); if (q.place) Atomics.wait(q.place, 0, 0); return threadId");
    const place = shared();
    const slow = thread.ask({ place });
    const giveUp = new AbortController();
    const [waiting, last] = [refusalOf(thread.ask("bad", giveUp.signal)), thread.ask("well")];
    const reason = new Error("nobody waits");
    giveUp.abort(reason);
    expect(await waiting).toBe(reason);
    Atomics.store(place, 0, 1);
    Atomics.notify(place, 0);
    expect(await slow).toBe(await last);
    await thread.close();
  });
  it("before it is asked starts no thread", async () => {
    const thread = open("return 1");
    const reason = new Error("nobody waits");
    expect(await refusalOf(thread.ask(1, AbortSignal.abort(reason)))).toBe(reason);
    await thread.close();
  });
  it("after its answer changes nothing", async () => {
    const thread = open("return threadId");
    const giveUp = new AbortController();
    const first = await thread.ask(1, giveUp.signal);
    giveUp.abort();
    expect(await thread.ask(2)).toBe(first);
    await thread.close();
  });
});

describe("too much and too late", { timeout: 60_000 }, () => {
  it("over the number that may wait is EG503 at once", async () => {
    const thread = open("return q", { waiting: 1 });
    const asked = [thread.ask(1), thread.ask(2)];
    expect(await refusalOf(thread.ask(3))).toMatchObject({
      code: "EG503",
      message: expect.stringContaining("too much"),
    });
    expect(await Promise.all(asked)).toEqual([1, 2]);
    await thread.close();
  });
  it("what is no data is refused, and the next question is answered", async () => {
    const thread = open("return q");
    expect((await refusalOf(thread.ask(() => 1))).name).toBe("DataCloneError");
    expect(await thread.ask(1)).toBe(1);
    await thread.close();
  });
  it("closed: whoever waits and whoever asks afterwards is refused", async () => {
    const thread = open("return new Promise(() => {})");
    const asked = [refusalOf(thread.ask(1)), refusalOf(thread.ask(2))];
    await thread.close();
    for (const refused of [...(await Promise.all(asked)), await refusalOf(thread.ask(3))])
      expect(refused).toMatchObject({ code: "EG503", message: "The oracle is closed." });
  });
});
