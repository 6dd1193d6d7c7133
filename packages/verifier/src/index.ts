// Verifies a dealing date from its public rows alone; no other part of the platform is imported here.
export { canonicalOrder, merkleRoot, rootFrom, sha256 } from "./order-book.ts";
export type {
  DealRecord,
  Finding,
  RecordedClassNav,
  RecordedDay,
  RecordedEntry,
  RecordedFill,
  RecordedLeaf,
  RecordedOrder,
  RecordedPast,
  RecordedSeries,
  RecordedStrike,
  SeriesBefore,
} from "./record.ts";
export { type VerifiedDay, verifyDeal } from "./verify-deal.ts";
