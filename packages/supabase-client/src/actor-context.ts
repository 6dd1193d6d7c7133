// How a transaction becomes somebody: role and claims set for this transaction only, so that row-level security binds every statement in it.
import type { Actor } from "@evergreen-fund/domain";
import pg from "pg";

/** The claims a signed-in person's token would carry; agents and the service have none. */
export function claimsOf(actor: Actor): string {
  return "userId" in actor ? JSON.stringify({ sub: actor.userId, role: actor.role }) : "";
}

/** One statement that puts the rest of the transaction under the actor's role. Values are quoted by the driver. */
export function becomeActor(actor: Actor): string {
  const role = pg.escapeLiteral(actor.role);
  const claims = pg.escapeLiteral(claimsOf(actor));
  return `select set_config('role', ${role}, true), set_config('request.jwt.claims', ${claims}, true)`;
}
