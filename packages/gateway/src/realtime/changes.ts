// Which rows have changed: the audit trail names every row that a function wrote, in the transaction of the write, so it is the feed. Rows are read
// as whoever subscribed, in one message a table: what row-level security hides is not sent.

/** The tables whose changes are told, with the key by which the trail names their rows. */
export const LIVE_TABLES: Readonly<Record<string, string>> = {
  proposals: "proposal_id",
  dealing_days: "dealing_day_id",
  nav_strikes: "strike_id",
  fund_flows: "flow_id",
  funds: "fund_id",
  mandates: "mandate_id",
  risk_alerts: "alert_id",
  workflow_runs: "workflow_id",
  stress_runs: "stress_run_id",
  schedules: "schedule_id",
  failure_steps: "step_id",
};

export interface Change {
  table: string;
  id: string;
  /** The trail names it for the first time: it was made just now. */
  isNew: boolean;
}

export type Row = Readonly<Record<string, unknown>>;

/** Reads rows of a table by their keys as whoever holds the token; those it may not see are left out. Throws when the database refuses. */
export type ReadRows = (token: string, table: string, ids: readonly string[]) => Promise<readonly Row[]>;

/** Keys as every table here has them; anything else is none. */
const KEY = /^[\w/.:-]{1,200}$/;

export const isKey = (id: string): boolean => KEY.test(id);
