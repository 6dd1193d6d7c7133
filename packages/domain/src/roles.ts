// Every database role, who it stands for, and the demo logins. The SQL (prisma/sql/roles.sql) is checked against this list.

export const PERSON_ROLES = ["pm_role", "lp_role", "ops_role", "audit_role"] as const;
export const ROOMS = [
  "commander",
  "rebalancing",
  "liquidity-engine",
  "compliance-sentinel",
  "risk-guardian",
  "kyc",
  "simulation",
  "tokenization",
] as const;
export type PersonRole = (typeof PERSON_ROLES)[number];
export type Room = (typeof ROOMS)[number];

/** The database role of a room: `agent_liquidity_engine` for `liquidity-engine`. */
export type AgentRole = `agent_${string}`;
export const agentRole = (room: Room): AgentRole => `agent_${room.replaceAll("-", "_")}`;
export const AGENT_ROLES: readonly AgentRole[] = ROOMS.map(agentRole);

/** `service_role` runs the outbox and the audit sealer; `demo_role` loads the demo fund and exists only in a demo database. */
export const SYSTEM_ROLES = ["service_role", "demo_role"] as const;
export type SystemRole = (typeof SYSTEM_ROLES)[number];

/** Everyone the role matrix is generated for; `anon` and `authenticated` are Supabase's and may do nothing here. */
export const ALL_ROLES = ["anon", "authenticated", ...PERSON_ROLES, ...SYSTEM_ROLES, ...AGENT_ROLES] as const;

/** Who a transaction acts for. */
export type Actor = { role: PersonRole; userId: string } | { role: SystemRole | AgentRole };

/** The actor's name in audit_trail.created_by. */
export const actorName = (actor: Actor): string =>
  "userId" in actor
    ? `user:${actor.userId}`
    : actor.role.startsWith("agent_")
      ? `agent:${actor.role.slice("agent_".length).replaceAll("_", "-")}`
      : actor.role.replace(/_role$/, "");
