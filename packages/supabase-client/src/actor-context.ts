// How a transaction becomes somebody: role and claims set for this transaction only, so that row-level security binds every statement in it.
import type { Actor } from "@evergreen-fund/domain";

/** The role and the claims of a transaction; parameters of BECOME, in this order. */
export type ActorContext = readonly [role: string, claims: string];

/** Puts the rest of the transaction under a role and claims. Asks for no row back: `set_config` never answers null, so both are always called. */
export const BECOME =
  "select where set_config('role', $1, true) is null or set_config('request.jwt.claims', $2, true) is null";

/** The claims a signed-in person's token would carry; agents and the service have none. */
export function claimsOf(actor: Actor): string {
  return "userId" in actor ? JSON.stringify({ sub: actor.userId, role: actor.role }) : "";
}

export const contextOf = (actor: Actor): ActorContext => [actor.role, claimsOf(actor)];

/** What runs first in a transaction of a demo's past: as the demo role, which database and function check, the time that it is said to have. */
export const datedBack = (at: string): { text: string; values: string[] }[] => [
  { text: BECOME, values: ["demo_role", ""] },
  { text: "select where public.fn_set_demo_clock($1) is null", values: [at] },
];
