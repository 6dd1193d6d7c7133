// Where the API is and who may sign in: a real Supabase by its settings, else the stack of EVERGREEN_HOME.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import { nothingAnswers } from "./exit.ts";

export interface Login {
  role: PersonRole;
  email: string;
  password: string;
}

export interface Connection {
  url: string;
  publishableKey: string;
  /** The demo logins of the stack; none for a real Supabase. */
  logins: readonly Login[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Errors: EG400 when only one of the two settings is there, EG503 when no stack was ever started here. */
export async function connectionFor(environment: Environment): Promise<Connection> {
  const { SUPABASE_URL: url, SUPABASE_PUBLISHABLE_KEY: key } = environment;
  if (url || key) {
    if (!url || !key)
      throw new EvergreenError(
        "EG400",
        "SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY go together; one of them is missing.",
      );
    return { url: url.replace(/\/+$/, ""), publishableKey: key, logins: [] };
  }
  const [{ readConfig }, { stackAddresses }, { readState }] = await Promise.all([
    import("@evergreen-fund/config/config.ts"),
    import("@evergreen-fund/stack/addresses.ts"),
    import("@evergreen-fund/stack/run-state.ts"),
  ]);
  const config = readConfig(environment);
  // A home that never ran a stack is left untouched: asking for its addresses would make its keys.
  if (readState(config.home) === undefined) throw nothingAnswers(config.publicUrl);
  const addresses = stackAddresses(config);
  return { url: addresses.supabaseUrl, publishableKey: addresses.publishableKey, logins: addresses.logins };
}
