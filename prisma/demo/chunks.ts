// What fn_load_demo takes: rows that the fund is told, with the times at which they were true and became known.

/** When something was true and when it became known; the loader may set both into the past. */
interface Times {
  effective_at: string;
  recorded_at: string;
}
export interface InvestorRow extends Times {
  code: string;
  classification: string;
  kyc_valid_until: string;
  eligibility_tags: string[];
}
export interface AccessRow {
  user_id: string;
  investor: string;
  kind: "own" | "delegate";
}
export interface SnapshotRow extends Times {
  id: string;
  asset: string;
  as_of: string;
  nav: string;
  leverage?: string;
  esg_score: string;
  method: string;
  source: string;
}

/** The argument `chunk` of fn_load_demo; an absent list is empty. */
export interface DemoChunk {
  fund: string;
  investors?: InvestorRow[];
  access?: AccessRow[];
  snapshots?: SnapshotRow[];
  /** Investors whose clearance ran out. */
  lapses?: { investor: string }[];
}
