// Takes a person's authenticators away who has lost them, for whoever runs the installation: the right to it is the login that migrates, not a role.
import type { Config } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import pg from "pg";
import { adminUrl } from "./addresses.ts";

export interface StepReset {
  userId: string;
  /** Authenticators that were taken away. */
  factors: number;
  /** Sessions that ended with it. */
  sessions: number;
}

/**
 * Written into the audit trail and into the log of the sign-in. The person signs in by the password and adds a new authenticator.
 * Errors: EG404 no such account; EG428 the accounts are a Supabase project's; EG503 the database does not answer.
 */
export async function resetSecondStep(config: Config, email: string): Promise<StepReset> {
  if (config.supabase !== null)
    throw new EvergreenError("EG428", "The accounts are those of the Supabase project: remove the factor there.");
  const client = new pg.Client({ connectionString: adminUrl(config) });
  try {
    await client.connect();
  } catch (error) {
    throw new EvergreenError("EG503", "The database does not answer: start the stack with `npm start`.", {
      cause: error,
    });
  }
  try {
    await client.query("begin");
    const { rows } = await client.query<{ found: (Omit<StepReset, "userId"> & { user_id: string }) | null }>(
      "select auth.factor_reset($1) as found",
      [email],
    );
    const found = rows[0]?.found ?? null;
    if (found === null) throw new EvergreenError("EG404", "There is no account with this e-mail.");
    await client.query("select evergreen.audit(null, 'account', $1, 'second_step.reset', null)", [found.user_id]);
    await client.query("commit");
    return { userId: found.user_id, factors: found.factors, sessions: found.sessions };
  } finally {
    await client.end();
  }
}
