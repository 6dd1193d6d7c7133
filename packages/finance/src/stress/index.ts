// A stress run as pure functions: the book of a fund, its assets in shards, and what a scenario comes to.
export { FundBook } from "./book.ts";
export { concludeStress } from "./conclude.ts";
export type { Evaluate } from "./distribution.ts";
export { StressedAsset, StressOutcome } from "./outcome.ts";
export { BookPool, curveOf, directionOf, ladderOfSizes, type PoolDirection } from "./pools.ts";
export { SHARD_SIZE, type Shard, ShardValues, shardsOf, valueShard } from "./shards.ts";
export { ValuationTerms } from "./terms.ts";
