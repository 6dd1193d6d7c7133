// Verifies a dealing date from its public rows alone; no other part of the platform is imported here.
export { canonicalOrder, merkleRoot, rootFrom } from "./order-book.ts";
export { ORDER_PROOF_FORM, type OrderProof, type ProvedFill, verifyOrderProof } from "./order-proof.ts";
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
export { hex, sha256 } from "./sha256.ts";
export { type VerifiedDay, verifyDeal } from "./verify-deal.ts";
