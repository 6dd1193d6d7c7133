// Where everything of a stack answers and who may sign in: a function of the configuration and the home's own keys, so that any
// process can say it without asking the running one.
import { type Config, ownKey, temporalAddress } from "@evergreen-fund/config";
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import { demoCredentials } from "./demo-logins.ts";
import { postgresUrl } from "./postgres.ts";
import type { ServiceLogin } from "./service-logins.ts";

/** Fixed for scripts: what `up --detach --output-format json` prints. */
export interface StackAddresses {
  dashboardUrl: string;
  supabaseUrl: string;
  publishableKey: string;
  temporalAddress: string;
  temporalUiUrl: string | null;
  /** A read-only login on loopback that does not bypass row-level security. */
  databaseUrl: string;
  logins: { role: PersonRole; email: string; password: string }[];
}

/** Name of the database on the embedded Postgres. */
export const DATABASE = "evergreen";

export function stackAddresses(config: Config): StackAddresses {
  return {
    dashboardUrl: config.publicUrl,
    supabaseUrl: config.supabase?.url ?? config.publicUrl,
    publishableKey: config.supabase?.publishableKey ?? publishableKey(config.home),
    temporalAddress: temporalAddress(config),
    temporalUiUrl: config.temporal.uiUrl,
    databaseUrl: loginUrl(config, "evergreen_readonly"),
    logins: config.demo ? demoCredentials(config.home) : [],
  };
}

/** The key that supabase-js sends with every request; it opens nothing by itself. */
export const publishableKey = (home: string): string => `sb_publishable_${ownKey(home, "publishable", 16)}`;

/** URL of the superuser of the embedded Postgres, or of the login that migrates somebody's own. */
export function adminUrl(config: Config, database = DATABASE): string {
  return config.directUrl ?? postgresUrl(config.ports.postgres, "postgres", ownKey(config.home, "postgres"), database);
}

/**
 * URL of one of the stack's logins. On somebody's own Postgres: the host and database of DIRECT_URL with that login and the
 * password of this home; only evergreen_app is what DATABASE_URL says, when DIRECT_URL differs from it.
 */
export function loginUrl(config: Config, login: ServiceLogin): string {
  if (config.directUrl === null) return postgresUrl(config.ports.postgres, login, ownKey(config.home, login), DATABASE);
  if (login === "evergreen_app" && config.databaseUrl !== null && config.databaseUrl !== config.directUrl) {
    return config.databaseUrl;
  }
  const url = new URL(config.directUrl);
  url.username = login;
  url.password = ownKey(config.home, login);
  return url.href;
}

/** What is printed once, when everything is up. `used`: what of it is somebody's own (elsewhere() of the configuration). */
export function banner(addresses: StackAddresses, used: readonly string[]): string {
  const demo = addresses.logins.length > 0;
  const width = Math.max(...addresses.logins.map((login) => login.email.length), 0);
  const lines = [
    used.length === 0
      ? "Evergreen is up. Everything runs here; nothing phones home."
      : `Evergreen is up. It uses what was set: ${used.join(", ")}.`,
    "",
    `  Home page and API  ${addresses.dashboardUrl}`,
    ...(addresses.supabaseUrl === addresses.dashboardUrl ? [] : [`  Supabase           ${addresses.supabaseUrl}`]),
    `  Publishable key    ${addresses.publishableKey}`,
    `  Temporal           ${addresses.temporalAddress}`,
    ...(addresses.temporalUiUrl === null ? [] : [`  Temporal UI        ${addresses.temporalUiUrl}`]),
    `  Database (read)    ${addresses.databaseUrl}`,
  ];
  if (demo) {
    lines.push("", "  Demo logins (synthetic people, synthetic fund)");
    for (const { role, email, password } of addresses.logins) {
      lines.push(`    ${role.padEnd(10)}  ${email.padEnd(width)}  ${password}`);
    }
  }
  lines.push(
    "",
    "  Next, in a second terminal",
    `    npx --no-install evergreen rebalance --fund ${demo ? "DEMO" : "CODE"} --wait`,
    "    npx --no-install evergreen --help",
  );
  return lines.join("\n");
}
