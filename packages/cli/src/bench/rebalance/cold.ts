// A process of its own for `bench rebalance`: the first solve, with nothing warmed up. Prints its seconds and ends.
import { prepare, solveOnce } from "./ours.ts";

const [n, seed] = process.argv.slice(2).map(Number);
const { seconds } = await solveOnce(prepare(n ?? 100, seed ?? 1));
process.stdout.write(`${JSON.stringify({ seconds })}\n`);
