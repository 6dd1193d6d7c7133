// A thread that answers questions one after another, so that long computing never holds up the event loop of the process that asks. Both sides
// are here: openThread in the process, answerQuestions in the thread. The thread gets no environment, no argument and no connection.
import { parentPort, Worker } from "node:worker_threads";
import { type ErrorCode, EvergreenError, isErrorCode } from "@evergreen-fund/domain/errors.ts";

/** A question that takes longer than its thread may think; the same question may take as long again. */
export class TookTooLong extends EvergreenError {
  constructor(name: string, limitMs: number) {
    super("EG503", `${name} did not answer within ${limitMs / 1_000} s; try again.`);
  }
}

export interface Thread<Question, Answer> {
  /**
   * The answer to one question; both are data (structured clone). Questions are answered in the order they are asked, one at a time.
   * @param signal gives the question up: one that waits is forgotten, one that is being computed ends the thread, because nothing else stops
   * computing. The promise is rejected with the signal's reason; the questions behind it get a new thread.
   * @throws EvergreenError the thread's own; EG503 when too many wait, the thread dies, cannot start, takes longer than the limit (TookTooLong) or is
   * closed.
   */
  ask(question: Question, signal?: AbortSignal): Promise<Answer>;
  /** Ends the thread and refuses whoever waits. */
  close(): Promise<void>;
}

export interface ThreadOptions {
  /** Begins the sentences of its errors: "The solver". */
  name: string;
  /** The module that the thread runs; it calls answerQuestions. */
  entry: URL;
  /** What one question may take, in milliseconds, the start of a thread included and the waiting for others not. */
  limitMs: number;
  /** Questions that may wait behind the one in hand. Default 256. */
  waiting?: number;
  /** Options of Node for the thread, such as TYPESCRIPT for an entry that is no plain JavaScript. */
  execArgv?: readonly string[];
}

/** Lets a thread run TypeScript: the loader that the process itself was started with is not handed on to its threads. */
export const TYPESCRIPT: readonly string[] = [
  "--import",
  `data:text/javascript,import{register}from"${import.meta.resolve("tsx/esm/api")}";register()`,
];

/** What comes back: an answer, a coded refusal, or the kind of an unforeseen failure without its words, which may quote the question. */
type Reply = { answer: unknown } | { code: ErrorCode; message: string } | { unforeseen: string };

interface Asked {
  question: unknown;
  /** Whoever is settled once hears nothing more. */
  give(answer: unknown): void;
  refuse(reason: unknown): void;
}

/** A thread is started by the first question, kept while it lives, and does not keep the process alive while nothing is asked. */
export function openThread<Question, Answer>(options: ThreadOptions): Thread<Question, Answer> {
  const { name, entry, limitMs, waiting = 256, execArgv = [] } = options;
  const queue: Asked[] = [];
  let inHand: Asked | undefined;
  let worker: Worker | undefined;
  let closed = false;
  const unavailable = (why: string): EvergreenError => new EvergreenError("EG503", `${name} ${why}`);

  const start = (): Worker => {
    const made = new Worker(entry, { execArgv: [...execArgv], argv: [], env: {} });
    made.on("message", (reply: Reply) => {
      if (worker !== made || inHand === undefined) return;
      if ("answer" in reply) inHand.give(reply.answer);
      else inHand.refuse(errorOf(name, reply));
      next();
    });
    made.on("error", () => lose(made, unavailable("failed in its thread; try again.")));
    made.on("exit", () => lose(made, unavailable("ended in its thread; try again.")));
    return made;
  };

  /** Gives the thread up, and with it the question in hand; the others get a new one. */
  const lose = (lost: Worker | undefined, reason: unknown): void => {
    if (worker !== lost) return;
    worker = undefined;
    void lost?.terminate();
    inHand?.refuse(reason);
    next();
  };

  const next = (): void => {
    if (inHand !== undefined) return;
    const asked = queue.shift();
    if (asked === undefined) {
      worker?.unref();
      return;
    }
    inHand = asked;
    worker ??= start();
    worker.ref();
    const used = worker;
    const timer = setTimeout(() => lose(used, new TookTooLong(name, limitMs)), limitMs);
    const done = (): void => {
      clearTimeout(timer);
      if (inHand === asked) inHand = undefined;
    };
    const { give, refuse } = asked;
    asked.give = (answer) => {
      done();
      give(answer);
    };
    asked.refuse = (reason) => {
      done();
      refuse(reason);
    };
    try {
      used.postMessage(asked.question);
    } catch (notData) {
      asked.refuse(notData);
      next();
    }
  };

  return {
    ask: (question, signal) =>
      new Promise<Answer>((give, refuse) => {
        if (closed) return refuse(unavailable("is closed."));
        if (signal?.aborted) return refuse(signal.reason);
        if (queue.length >= waiting) return refuse(unavailable("has too much to do; try again."));
        const giveUp = (): void => {
          const place = queue.indexOf(asked);
          if (place >= 0) queue.splice(place, 1);
          if (inHand === asked) lose(worker, signal?.reason);
          else asked.refuse(signal?.reason);
        };
        const asked: Asked = {
          question,
          give: (answer) => {
            signal?.removeEventListener("abort", giveUp);
            give(answer as Answer);
          },
          refuse: (reason) => {
            signal?.removeEventListener("abort", giveUp);
            refuse(reason);
          },
        };
        signal?.addEventListener("abort", giveUp, { once: true });
        queue.push(asked);
        next();
      }),
    async close() {
      closed = true;
      const last = worker;
      for (const asked of queue.splice(0)) asked.refuse(unavailable("is closed."));
      lose(last, unavailable("is closed."));
      await last?.terminate();
    },
  };
}

function errorOf(name: string, reply: Exclude<Reply, { answer: unknown }>): Error {
  if ("code" in reply) return new EvergreenError(isErrorCode(reply.code) ? reply.code : "EG500", reply.message);
  const words = `${name} failed at this question.`;
  // the kind is kept: whether trying again can help is judged by it
  return reply.unforeseen === "TypeError"
    ? new TypeError(words)
    : Object.assign(new Error(words), { name: reply.unforeseen });
}

/** The side of the thread: every question that comes in is answered by `work`. */
export function answerQuestions<Question, Answer>(work: (question: Question) => Answer | Promise<Answer>): void {
  const port = parentPort;
  if (port === null) throw new EvergreenError("EG500", "answerQuestions is called in a thread.");
  const reply = (said: Reply): void => port.postMessage(said);
  port.on("message", async (question: Question) => {
    try {
      reply({ answer: await work(question) });
    } catch (error) {
      if (error instanceof EvergreenError) reply({ code: error.code, message: error.message });
      else reply({ unforeseen: error instanceof Error ? error.name : "Error" });
    }
  });
}
