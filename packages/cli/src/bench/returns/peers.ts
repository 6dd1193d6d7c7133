// The peers' side of `bench returns`: two Python processes, each with half of the investors, asked one after the other (one process's work) or
// at once (both processors).
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startScript } from "../frame/child.ts";
import { FLOWS_EACH, type Investors } from "./investors.ts";

export type Measure = "xirr" | "twr";

export interface Peers {
  /** Seconds of the calls alone: of one process for all investors. */
  alone(measure: Measure): Promise<number>;
  /** Seconds of two processes at once, the slower one. */
  together(measure: Measure): Promise<number>;
  /** All results in order, NaN where there is none. */
  results(measure: Measure): Promise<Float64Array>;
  stop(): Promise<void>;
}

export async function startPeers(python: string, folder: string, { flows, values, made }: Investors): Promise<Peers> {
  const bytes = (column: Int32Array | Float64Array): Uint8Array =>
    new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  await writeFile(join(folder, "days"), bytes(flows.days));
  await writeFile(join(folder, "amounts"), bytes(flows.amounts));
  await writeFile(join(folder, "values"), bytes(values));
  const halves = [0, made.length >> 1];
  const ends = [made.length >> 1, made.length];
  const script = new URL("peer-returns.py", import.meta.url);
  const children = halves.map((start, i) =>
    startScript(script, [folder, String(start), String(ends[i]), String(FLOWS_EACH)], { interpreter: python }),
  );
  for (const child of children) await child.next(300_000);
  const ask = async (child: (typeof children)[number], measure: Measure, write: boolean): Promise<number> => {
    child.send({ measure, write });
    return (await child.next<{ seconds: number }>(300_000)).seconds;
  };
  return {
    async alone(measure) {
      let seconds = 0;
      for (const child of children) seconds += await ask(child, measure, false);
      return seconds;
    },
    together: async (measure) => Math.max(...(await Promise.all(children.map((child) => ask(child, measure, false))))),
    async results(measure) {
      const all = new Float64Array(made.length);
      for (const [i, child] of children.entries()) {
        await ask(child, measure, true);
        const part = await readFile(join(folder, `${measure}-${halves[i]}`));
        all.set(new Float64Array(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength)), halves[i]);
      }
      return all;
    },
    async stop() {
      await Promise.all(children.map((child) => child.kill()));
    },
  };
}
