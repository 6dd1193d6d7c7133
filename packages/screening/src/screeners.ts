// Many parties against one index on several processors: each thread builds the index from the same bytes, takes pieces of the parties in turn,
// and equal parties are screened once. Answers stand in the order of the parties, whatever the number of threads.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { checkedParty, type Match, type ScreenedParty } from "./party.ts";
import { restoreIndex, type ScreeningIndex, type ScreenOptions } from "./screening-index.ts";

export interface Screeners {
  /** Threads; 0: the work is done here. */
  readonly size: number;
  /** Errors: EG400, EG413 of a party, before anybody is screened; EG503 a thread died. */
  screen(
    parties: readonly ScreenedParty[],
    options?: ScreenOptions,
    done?: (parties: number) => void,
  ): Promise<Match[][]>;
  close(): Promise<void>;
}

/** What a thread is asked: parties as they were given. */
export interface Piece {
  parties: ScreenedParty[];
  options: ScreenOptions;
}

/** The loader of TypeScript for a thread: the one the process was started with is not handed on. */
const TYPESCRIPT = [
  "--import",
  `data:text/javascript,import{register}from"${import.meta.resolve("tsx/esm/api")}";register()`,
];
/** Parties a thread takes at a time: few enough that none waits long for another at the end. */
const PIECE = 250;

/** Threads over an index, by default one per processor; they are kept until `close`. With 0 or 1 the index itself is used. */
export async function openScreeners(index: ScreeningIndex, size = availableParallelism()): Promise<Screeners> {
  if (size < 2) return here(index);
  const plain = index.toBytes();
  const bytes = new Uint8Array(new SharedArrayBuffer(plain.length));
  bytes.set(plain);
  const workers = await Promise.all(Array.from({ length: size }, () => started(bytes)));
  return {
    size,
    async screen(parties, options = {}, done = () => {}) {
      const { distinct, places } = onceEach(parties);
      const answers: Match[][] = new Array(distinct.length);
      let next = 0;
      let over = 0;
      await Promise.all(
        workers.map(async (worker) => {
          while (next < distinct.length) {
            const from = next;
            next = Math.min(distinct.length, from + PIECE);
            const asked = answerOf(worker);
            worker.postMessage({ parties: distinct.slice(from, next), options } satisfies Piece);
            const found = JSON.parse(await asked) as Match[][];
            found.forEach((matches, at) => {
              answers[from + at] = matches;
            });
            over += found.length;
            done(Math.min(parties.length, Math.round((over / distinct.length) * parties.length)));
          }
        }),
      );
      return places.map((place) => answers[place]!);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function here(index: ScreeningIndex): Screeners {
  return {
    size: 0,
    async screen(parties, options = {}, done = () => {}) {
      const { distinct, places } = onceEach(parties);
      const answers: Match[][] = [];
      for (const [at, party] of distinct.entries()) {
        answers.push(index.screen(party, options));
        if (at % PIECE < PIECE - 1) continue;
        done(at + 1);
        // lets the terminal be written and an interrupt be heard
        await new Promise((resume) => setImmediate(resume));
      }
      return places.map((place) => answers[place]!);
    },
    close: () => Promise.resolve(),
  };
}

/** Each party once, and for every given one where it stands there. */
function onceEach(parties: readonly ScreenedParty[]): { distinct: ScreenedParty[]; places: number[] } {
  const known = new Map<string, number>();
  const distinct: ScreenedParty[] = [];
  const places = parties.map((given) => {
    const key = JSON.stringify(given);
    let place = known.get(key);
    if (place === undefined) {
      place = distinct.push(checkedParty(given)) - 1;
      known.set(key, place);
    }
    return place;
  });
  return { distinct, places };
}

async function started(bytes: Uint8Array): Promise<Worker> {
  const worker = new Worker(new URL("screener.ts", import.meta.url), {
    workerData: bytes,
    execArgv: TYPESCRIPT,
    env: {},
  });
  worker.unref();
  await answerOf(worker);
  return worker;
}

/** The next message; a thread that ends instead is an error. */
function answerOf(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off("message", heard).off("error", failed).off("exit", failed).unref();
    };
    const heard = (answer: string): void => {
      done();
      resolve(answer);
    };
    const failed = (why: unknown): void => {
      done();
      reject(new EvergreenError("EG503", "A thread that screens parties ended; try again.", { cause: why }));
    };
    worker.on("message", heard).on("error", failed).on("exit", failed).ref();
  });
}

/** The index a thread works with. */
export const threadIndex = (bytes: Uint8Array): ScreeningIndex => restoreIndex(bytes.slice());
