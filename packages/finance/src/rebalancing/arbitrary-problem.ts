// For tests only: random small rebalancing problems, and an independent exact reading of an answer in whole cents and millionths.
import { BUCKETS } from "@evergreen-fund/domain";
import fc from "fast-check";
import { type RebalanceInput, RebalanceProblem, type RebalanceSolution } from "./problem.ts";

const MILLION = 1_000_000n;

/** cents → "12.34". */
export const cents = (amount: bigint | number): string => {
  const value = BigInt(amount);
  const size = value < 0n ? -value : value;
  return `${value < 0n ? "-" : ""}${size / 100n}.${String(size % 100n).padStart(2, "0")}`;
};
const parts = (values: readonly number[], total: number): number[] => {
  const sum = values.reduce((a, b) => a + b, 0);
  const floors = values.map((value) => Math.floor((value * total) / sum));
  floors[0]! += total - floors.reduce((a, b) => a + b, 0);
  return floors;
};
const share = (millionths: number): string => (millionths / 1e6).toFixed(6);

/** Given in one case of `of`, else left out. */
const oneIn = <T>(of: number, given: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: of - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: given });

const asset = fc.record({
  value: fc.integer({ min: 0, max: 50_000_000 }),
  sleeve: fc.nat({ max: 3 }),
  issuer: oneIn(2, fc.nat({ max: 2 })),
  tradable: fc.boolean().chain((flag) => (flag ? fc.constant(true) : fc.boolean())),
  bucket: fc.nat({ max: BUCKETS.length - 1 }),
  buyBps: fc.constantFrom("0", "5", "10", "37.5"),
  sellBps: fc.constantFrom("0", "5", "12", "50"),
  maxWeight: oneIn(12, fc.constantFrom("0.2", "0.35", "0.5")),
  minWeight: oneIn(12, fc.constantFrom("0.01", "0.05")),
});

/** Problems of 1 to 8 assets; about half can be solved, all are well-formed. */
export const arbitraryProblem: fc.Arbitrary<RebalanceInput> = fc
  .record({
    assets: fc.array(asset, { minLength: 1, maxLength: 8 }),
    cash: fc.integer({ min: 0, max: 5_000_000 }),
    noise: fc.array(fc.integer({ min: 50, max: 150 }), { minLength: 5, maxLength: 5 }),
    relative: oneIn(2, fc.constantFrom("0.1", "0.3", "0.6")),
    absolute: oneIn(4, fc.constantFrom("0.05", "0.2")),
    issuerMax: oneIn(4, fc.constantFrom("0.3", "0.5", "0.7")),
    turnoverMax: oneIn(4, fc.constantFrom("0.02", "0.2", "0.5")),
    ticket: oneIn(4, fc.constantFrom("1000", "50000.5", "250000")),
    illiquid: oneIn(4, fc.constantFrom("0.3", "0.8")),
    floor: oneIn(3, fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 0, max: 600_000 }))),
    form: fc.constantFrom("lp" as const, "lp" as const, "qp" as const),
    price: fc.constantFrom("0", "5", "25", "100"),
    cashMax: oneIn(4, fc.constantFrom("0.1", "0.4")),
  })
  .map((raw): RebalanceInput => {
    const held = [0, 1, 2, 3].map((k) => raw.assets.reduce((acc, row) => acc + (row.sleeve === k ? row.value : 0), 0));
    const targets = parts(
      [...held, raw.cash].map((value, k) => (value + 1) * raw.noise[k]!),
      1_000_000,
    );
    const band =
      raw.relative || raw.absolute
        ? { ...(raw.relative ? { relative: raw.relative } : {}), ...(raw.absolute ? { absolute: raw.absolute } : {}) }
        : undefined;
    const nav = raw.assets.reduce((acc, row) => acc + row.value, raw.cash);
    const sleeves = [0, 1, 2, 3].map((k) => ({ id: `s${k}`, target: share(targets[k]!), ...(band ? { band } : {}) }));
    return {
      currency: "USD",
      form: raw.form,
      assets: raw.assets.map((row, i) => ({
        id: `a${i}`,
        sleeve: `s${row.sleeve}`,
        ...(row.issuer === undefined ? {} : { issuer: `i${row.issuer}` }),
        value: cents(row.value),
        tradable: row.tradable,
        liquidity: { [BUCKETS[row.bucket]!]: "1" },
        buyBps: row.buyBps,
        sellBps: row.sellBps,
        ...(row.maxWeight ? { maxWeight: row.maxWeight } : {}),
        ...(row.minWeight ? { minWeight: row.minWeight } : {}),
      })),
      cash: { value: cents(raw.cash), target: share(targets[4]!), ...(raw.cashMax ? { max: raw.cashMax } : {}) },
      sleeves,
      limits: {
        ...(raw.issuerMax ? { issuerMax: raw.issuerMax } : {}),
        ...(raw.turnoverMax ? { turnoverMax: raw.turnoverMax } : {}),
        ...(raw.ticket ? { minimumTicket: raw.ticket } : {}),
        ...(raw.illiquid ? { illiquid: { max: raw.illiquid, horizon: "30d" } } : {}),
      },
      liquidity: raw.floor
        ? [
            {
              horizon: BUCKETS[raw.floor[0]]!,
              stressedLiabilities: cents((BigInt(nav) * BigInt(raw.floor[1])) / MILLION),
              cover: "1.2",
            },
          ]
        : [],
      objective: { deviationPriceBps: raw.price, trackingWeight: "0.5" },
    };
  });

const toCents = (text: string): bigint => {
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  const size = BigInt(whole!) * 100n + BigInt(fraction.padEnd(2, "0"));
  return text.startsWith("-") ? -size : size;
};
/** A decimal of at most six places as millionths. */
const millionths = (text: string): bigint => {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole!) * MILLION + BigInt(fraction.padEnd(6, "0"));
};

/** Everything a promise of the answer can be checked against, recomputed in whole cents from the trades alone. */
export function violations(input: RebalanceInput, solution: RebalanceSolution): string[] {
  if (solution.status !== "optimal" && solution.status !== "nothing_to_trade") return [];
  const problem = RebalanceProblem.parse(input);
  const found: string[] = [];
  const values = new Map(problem.assets.map((row) => [row.id, toCents(row.value)]));
  let cash = toCents(problem.cash.value);
  let gross = 0n;
  let costs = 0n;
  for (const trade of solution.trades) {
    const row = problem.assets.find(({ id }) => id === trade.assetId)!;
    const amount = toCents(trade.amount);
    const bps = millionths(trade.side === "buy" ? row.buyBps : row.sellBps);
    const cost = (amount * bps * 2n + 10_000n * MILLION) / (2n * 10_000n * MILLION);
    if (toCents(trade.cost) !== cost) found.push(`cost of ${trade.assetId}`);
    if (!row.tradable) found.push(`trades ${trade.assetId}, which is outside the trade set`);
    if (amount < toCents(problem.limits.minimumTicket)) found.push(`ticket of ${trade.assetId}`);
    const signed = trade.side === "buy" ? amount : -amount;
    values.set(row.id, values.get(row.id)! + signed);
    if (values.get(row.id)! < 0n) found.push(`short ${row.id}`);
    cash -= signed + cost;
    gross += amount;
    costs += cost;
  }
  const before = problem.assets.reduce((acc, row) => acc + toCents(row.value), toCents(problem.cash.value));
  const nav = before - costs;
  const sum = [...values.values()].reduce((a, b) => a + b, 0n) + cash;
  if (sum !== nav) found.push("self-financing");
  if (toCents(solution.nav.after) !== nav || toCents(solution.cash.after) !== cash || toCents(solution.costs) !== costs)
    found.push("totals");
  const weights = solution.weights.assets.reduce((acc, row) => acc + scaled(row.after), 0n);
  if (weights !== 10n ** 18n) found.push("weights do not sum to one");
  const excused = new Set([...solution.steered.map((row) => row.name), ...solution.widened.map((row) => row.name)]);
  const atMost = (name: string, amount: bigint, text: string) => {
    if (!excused.has(name) && amount * MILLION > millionths(text) * nav) found.push(name);
  };
  const atLeast = (name: string, amount: bigint, text: string) => {
    if (!excused.has(name) && amount * MILLION < millionths(text) * nav) found.push(name);
  };
  const total = (belongs: (row: (typeof problem.assets)[number]) => boolean) =>
    problem.assets.filter(belongs).reduce((acc, row) => acc + values.get(row.id)!, 0n);
  for (const sleeve of problem.sleeves) {
    if (!sleeve.band) continue;
    const target = millionths(sleeve.target);
    const widths = [
      ...(sleeve.band.absolute ? [millionths(sleeve.band.absolute) * MILLION] : []),
      ...(sleeve.band.relative ? [millionths(sleeve.band.relative) * target] : []),
    ];
    const [width] = [...widths].sort((a, b) => (a < b ? -1 : 1)) as [bigint];
    const weight = total((row) => row.sleeve === sleeve.id) * MILLION * MILLION;
    if (!excused.has(`sleeve:${sleeve.id}:max`) && weight > (target * MILLION + width) * nav)
      found.push(`sleeve:${sleeve.id}:max`);
    if (!excused.has(`sleeve:${sleeve.id}:min`) && weight < (target * MILLION - width) * nav)
      found.push(`sleeve:${sleeve.id}:min`);
  }
  atLeast("cash:min", cash, problem.cash.min);
  if (problem.cash.max) atMost("cash:max", cash, problem.cash.max);
  for (const issuer of new Set(problem.assets.flatMap((row) => row.issuer ?? []))) {
    if (problem.limits.issuerMax)
      atMost(
        `issuer:${issuer}:max`,
        total((row) => row.issuer === issuer),
        problem.limits.issuerMax,
      );
  }
  for (const row of problem.assets) {
    if (row.maxWeight) atMost(`asset:${row.id}:max`, values.get(row.id)!, row.maxWeight);
    if (row.minWeight) atLeast(`asset:${row.id}:min`, values.get(row.id)!, row.minWeight);
  }
  if (problem.limits.turnoverMax && gross * MILLION > 2n * millionths(problem.limits.turnoverMax) * before)
    found.push("turnover:max");
  if (problem.limits.illiquid) {
    const slow = total((row) => BUCKETS.indexOf(Object.keys(row.liquidity)[0] as (typeof BUCKETS)[number]) > 2);
    atMost("illiquid:max", slow, problem.limits.illiquid.max);
  }
  for (const rule of problem.liquidity) {
    const limit = BUCKETS.indexOf(rule.horizon);
    const liquid =
      total((row) => BUCKETS.indexOf(Object.keys(row.liquidity)[0] as (typeof BUCKETS)[number]) <= limit) + cash;
    if (liquid * 10n < toCents(rule.stressedLiabilities) * 12n) found.push(`liquidity:${rule.horizon}`);
  }
  return found;
}

const scaled = (text: string): bigint => {
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  const size = BigInt(whole!) * 10n ** 18n + BigInt(fraction.padEnd(18, "0"));
  return text.startsWith("-") ? -size : size;
};
