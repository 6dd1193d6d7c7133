// Which rows have changed: the audit trail names every row that a function wrote, in the transaction of the write, so it is the feed. Rows are read
// under the token of whoever subscribed, through the API itself: what row-level security hides is not sent.

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
};

export interface Change {
  table: string;
  id: string;
  /** The trail names it for the first time: it was made just now. */
  isNew: boolean;
}

export type Row = Readonly<Record<string, unknown>>;

/** Reads rows of a table by their keys as whoever holds the token; those it may not see are left out. Throws when the API refuses. */
export type ReadRows = (token: string, table: string, ids: readonly string[]) => Promise<readonly Row[]>;

/** Keys that fit into one address. */
const AT_ONCE = 50;
const KEY = /^[\w/.:-]{1,200}$/;

export function readRowsThrough(fetch: (request: Request) => Promise<Response>, publishableKey: string): ReadRows {
  return async (token, table, ids) => {
    const key = LIVE_TABLES[table] ?? "";
    const safe = ids.filter((id) => KEY.test(id));
    const rows: Row[] = [];
    for (let at = 0; at < safe.length; at += AT_ONCE) {
      const list = safe.slice(at, at + AT_ONCE).map((id) => `"${id}"`);
      const url = new URL(`http://gateway/rest/v1/${table}`);
      url.searchParams.set("select", "*");
      url.searchParams.set(key, `in.(${list.join(",")})`);
      const answer = await fetch(
        new Request(url, { headers: { apikey: publishableKey, authorization: `Bearer ${token}` } }),
      );
      // a table that the role may not read at all holds nothing for it
      if (answer.status === 401 || answer.status === 403) return [];
      if (!answer.ok) throw new Error(`The API answered ${answer.status}.`);
      rows.push(...((await answer.json()) as Row[]));
    }
    return rows;
  };
}
