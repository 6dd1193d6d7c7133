// Whole trades: an asset is bought or sold, never both (a wash burns cash through its costs, which no mandate wants), and a trade is at least
// the minimum ticket or does not happen. Two ways to find which trades happen: leave out those that are too small and solve again, and a
// search over yes/no columns; the better one wins.
import { minorUnit } from "./columns.ts";
import { type Solved, solveModel } from "./highs.ts";
import { buildModel, type Margin, type Model, type Pattern } from "./model.ts";
import type { Portfolio } from "./portfolio.ts";

/** The search looks at so many assets at first; where that finds nothing, once more at the larger number. */
const CANDIDATES = [60, 180] as const;
const DROP_ROUNDS = 25;

export type WholePattern = {
  readonly pattern: Pattern | undefined;
  readonly solved: Solved | undefined;
  readonly bound: number;
  readonly solves: number;
  /** The search left assets or branches out, so that what it did not find may still exist. */
  readonly cut: boolean;
};

type Split = { kept: Map<number, { side: "buy" | "sell"; least: number }>; small: number[]; washes: boolean };

/** Trades of a solution by side, those below the ticket, and whether any asset is bought and sold. Under half a minor unit is no trade. */
function split(portfolio: Portfolio, values: Float64Array): Split {
  const unit = minorUnit(portfolio);
  const least = Number(portfolio.ticketMinor) * unit;
  const kept = new Map<number, { side: "buy" | "sell"; least: number }>();
  const small: number[] = [];
  let washes = false;
  portfolio.tradable.forEach((position, index) => {
    const net = values[2 * index]! - values[2 * index + 1]!;
    if (Math.min(values[2 * index]!, values[2 * index + 1]!) >= unit / 2) washes = true;
    if (Math.abs(net) < unit / 2) return;
    if (Math.abs(net) < least - 1e-9) small.push(position);
    else kept.set(position, { side: net > 0 ? "buy" : "sell", least });
  });
  return { kept, small, washes };
}

/** Which trades happen, given the solution that knows neither ticket nor washes. `pattern` undefined: none was found. */
export async function wholePattern(portfolio: Portfolio, relaxed: Solved): Promise<WholePattern> {
  const first = split(portfolio, relaxed.values);
  if (first.small.length === 0 && !first.washes)
    return { pattern: first.kept, solved: relaxed, bound: relaxed.bound, solves: 0, cut: false };
  const dropped = await dropSmall(portfolio, relaxed);
  let { solves } = dropped;
  for (const size of CANDIDATES) {
    const among = candidates(
      portfolio,
      relaxed,
      [first, ...(dropped.solved ? [split(portfolio, dropped.solved.values)] : [])],
      size,
    );
    const searched = await searchWhole(portfolio, { among });
    solves += searched.solves;
    const complete = among.size === portfolio.tradable.length;
    const bound = complete ? Math.max(relaxed.bound, searched.bound) : relaxed.bound;
    const cut = searched.cut || !complete;
    const better =
      dropped.solved && (!searched.solved || dropped.solved.objective <= searched.solved.objective)
        ? dropped
        : searched;
    if (better.solved || complete) return { pattern: better.pattern, solved: better.solved, bound, solves, cut };
  }
  return { pattern: undefined, solved: undefined, bound: relaxed.bound, solves, cut: true };
}

/** The assets that trade in the solutions at hand, then those whose trade costs least by the duals, ties to the smaller id. */
function candidates(portfolio: Portfolio, relaxed: Solved, found: readonly Split[], size: number): Set<number> {
  const { tradable } = portfolio;
  if (tradable.length <= size) return new Set(tradable);
  const among = new Set(found.flatMap(({ kept, small }) => [...kept.keys(), ...small]));
  const ranked = tradable
    .map((position, index) => ({
      position,
      price: Math.min(Math.abs(relaxed.reduced[2 * index]!), Math.abs(relaxed.reduced[2 * index + 1]!)),
    }))
    .sort((a, b) => a.price - b.price || a.position - b.position);
  for (const { position } of ranked) {
    if (among.size >= size) break;
    among.add(position);
  }
  return among;
}

/** Leaves out trades below the ticket and solves again, until none is. */
async function dropSmall(
  portfolio: Portfolio,
  relaxed: Solved,
): Promise<Pick<WholePattern, "pattern" | "solved" | "solves">> {
  const out = new Set<number>();
  let solved = relaxed;
  let solves = 0;
  for (let round = 0; round < DROP_ROUNDS; round += 1) {
    const { kept, small, washes } = split(portfolio, solved.values);
    if (washes) break;
    if (small.length === 0) return { pattern: kept, solved, solves };
    for (const position of small) out.add(position);
    const free: Pattern = new Map(
      portfolio.tradable
        .filter((position) => !out.has(position))
        .map((position) => [position, { side: "either", least: 0 }]),
    );
    solved = await solveModel(buildModel(portfolio, { pattern: free }));
    solves += solved.solves;
    if (solved.status !== "optimal") break;
  }
  return { pattern: undefined, solved: undefined, solves };
}

/** The yes/no search among some assets (all of them if not said), then the exact amounts for what it chose. */
export async function searchWhole(
  portfolio: Portfolio,
  { among, margin }: { among?: ReadonlySet<number> | undefined; margin?: Margin | undefined } = {},
): Promise<WholePattern> {
  const open: Pattern | undefined =
    among && new Map([...among].map((position) => [position, { side: "either", least: 0 }]));
  const model = buildModel(portfolio, { whole: true, pattern: open, margin });
  const found = await solveModel(model);
  const cut = found.status === "limit";
  if (found.values.length === 0)
    return { pattern: undefined, solved: undefined, bound: found.bound, solves: found.solves, cut };
  const pattern = chosen(portfolio, model, found.values);
  const solved = await solveModel(buildModel(portfolio, { pattern, margin }));
  return {
    pattern: solved.status === "optimal" ? pattern : undefined,
    solved: solved.status === "optimal" ? solved : undefined,
    bound: found.bound,
    solves: found.solves + solved.solves,
    cut,
  };
}

function chosen(portfolio: Portfolio, model: Model, values: Float64Array): Pattern {
  const least = Number(portfolio.ticketMinor) * minorUnit(portfolio);
  const pattern = new Map<number, { side: "buy" | "sell"; least: number }>();
  portfolio.tradable.forEach((position, index) => {
    const column = model.firstBinary + 2 * index;
    if (values[column]! > 0.5) pattern.set(position, { side: "buy", least });
    else if (values[column + 1]! > 0.5) pattern.set(position, { side: "sell", least });
  });
  return pattern;
}
