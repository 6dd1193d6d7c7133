// Which cases the address asks for, as far as it means something: small, because every page loads it with the routes.

const STATES = ["open", "in_review", "escalated", "decided"];
export interface CasesSearch {
  state?: string;
  severity?: string;
  owner?: string;
}
export const SEVERITIES = ["critical", "warning", "notice"] as const;
export const OWNERS = ["mine", "nobody"] as const;

/** What the address says, as far as it means something. */
export const casesSearch = (search: Record<string, unknown>): CasesSearch => ({
  ...(STATES.some((one) => one === search.state) ? { state: String(search.state) } : {}),
  ...(SEVERITIES.some((one) => one === search.severity) ? { severity: String(search.severity) } : {}),
  ...(OWNERS.some((one) => one === search.owner) ? { owner: String(search.owner) } : {}),
});
