// Everybody who can come to the database: logins, roles as people take them, rooms. The columns of the role matrix.

/** Logins of the application before they take a role hold nothing; the diagnostic login reads as an auditor does. */
export const LOGINS = ["evergreen_app", "evergreen_api", "evergreen_readonly"] as const;

export const AGENTS = [
  "agent_commander",
  "agent_rebalancing",
  "agent_liquidity_engine",
  "agent_compliance_sentinel",
  "agent_risk_guardian",
  "agent_kyc",
  "agent_simulation",
  "agent_tokenization",
] as const;

/** One column of the matrix: a role as somebody takes it, or a login that has taken none. */
export const IDENTITIES = [
  "anon",
  "authenticated",
  "lp_a",
  "lp_b",
  "lp_nobody",
  "pm_role",
  "ops_role",
  "audit_role",
  "service_role",
  "demo_role",
  ...AGENTS,
  ...LOGINS,
] as const;
export type Identity = (typeof IDENTITIES)[number];

/** An LP with a user, another one, and the role without any claims. */
export const LPS: Identity[] = ["lp_a", "lp_b"];
export const AUDITORS: Identity[] = ["audit_role", "evergreen_readonly"];
export const STAFF: Identity[] = ["pm_role", "ops_role", ...AUDITORS];
export const EVERYONE: Identity[] = [...STAFF, "service_role", ...AGENTS];

export const rooms = (...names: string[]): Identity[] =>
  names.map((name) => `agent_${name.replaceAll("-", "_")}` as Identity);

/** Who reads what a stress run came to. */
export const STRESS_READERS: Identity[] = [
  ...STAFF,
  "service_role",
  ...rooms("simulation", "liquidity-engine", "risk-guardian", "commander"),
];
