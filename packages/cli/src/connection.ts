// Where the API is and who may sign in: a real Supabase by its settings, else the stack of EVERGREEN_HOME.
import { type Config, type Environment, readConfig } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import type { Person } from "./people.ts";

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
  /** Whose ids are known: the demo logins. */
  people: readonly Person[];
  /** Who signs in when nobody is named, by the settings. */
  person: Config["person"];
}

/** Errors: EG400 when only one of the two settings is there, EG503 when no stack was ever started here. */
export async function connectionFor(environment: Environment): Promise<Connection> {
  const config = readConfig(environment);
  const { person, supabase } = config;
  if (supabase !== null)
    return { url: supabase.url, publishableKey: supabase.publishableKey, logins: [], people: [], person };
  const [{ stackAddresses }, { DEMO_LOGINS }, { readState }] = await Promise.all([
    import("@evergreen-fund/stack/addresses.ts"),
    import("@evergreen-fund/stack/demo-logins.ts"),
    import("@evergreen-fund/stack/run-state.ts"),
  ]);
  // A home that never ran a stack is left untouched: asking for its addresses would make its keys.
  if (readState(config.home) === undefined)
    throw new EvergreenError("EG503", `No stack has run in ${config.home}; start one with \`npm start\`.`);
  const addresses = stackAddresses(config);
  const { supabaseUrl: url, publishableKey, logins } = addresses;
  return { url, publishableKey, logins, people: logins.length > 0 ? DEMO_LOGINS : [], person };
}
