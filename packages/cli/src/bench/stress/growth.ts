// How the work and the memory of a run grow with its scenarios, from small to large, on this thread. Processor time, which other programs on the machine
// lengthen little: a clock would show a long run as slower than a short one, because it is interrupted more often.
import type { ExposureBook } from "@evergreen-fund/finance/valuation/exposure.ts";
import { stressRun } from "@evergreen-fund/stress-kernel";
import { distribution, SEED } from "./book.ts";

export interface Size {
  scenarios: number;
  /** Processor time of one run, the mean of several. */
  seconds: number;
  /** Resident memory of the process after it. */
  megabytes: number;
}

/** A size is repeated until this much work was done, so that a small one is measured as long as a large one. */
const ENOUGH_CELLS = 50_000_000;

export async function growth(book: ExposureBook, sizes: readonly number[]): Promise<Size[]> {
  const found: Size[] = [];
  for (const scenarios of sizes) {
    const run = await stressRun(book, scenarios, 0);
    await run.draw(distribution(), SEED);
    const times = Math.max(3, Math.ceil(ENOUGH_CELLS / (scenarios * book.values.length)));
    // the engine compiles what is called often anew: that is over before anything counts
    for (let i = 0; i < Math.max(1, times / 2); i += 1) await run.value();
    const before = process.cpuUsage();
    for (let i = 0; i < times; i += 1) await run.value();
    const { user, system } = process.cpuUsage(before);
    const seconds = (user + system) / 1e6 / times;
    await run.close();
    found.push({ scenarios, seconds, megabytes: process.memoryUsage().rss / 2 ** 20 });
  }
  return found;
}

/** Least squares of log(seconds) on log(scenarios). */
export function slopeOf(sizes: readonly Size[]): number {
  const points = sizes.map(({ scenarios, seconds }) => [Math.log(scenarios), Math.log(seconds)] as const);
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
