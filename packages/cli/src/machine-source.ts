// From where this machine itself reads Postgres, and where it copies to: for commands that work on its own files.
import type { Store } from "@evergreen-fund/analytics";
import type { Config } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Context } from "./context.ts";

export const configOf = async (context: Context): Promise<Config> =>
  (await import("@evergreen-fund/config/config.ts")).readConfig(context.environment);

/** From where this machine reads Postgres. Errors: EG503 when no stack ever ran here and no database is named. */
export async function sourceOf(config: Config): Promise<{ url: string; role?: "agent_simulation" }> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, role: "agent_simulation" };
  const [{ requireDatabaseUrl }, { stackAddresses }, { readState }] = await Promise.all([
    import("@evergreen-fund/config/config.ts"),
    import("@evergreen-fund/stack/addresses.ts"),
    import("@evergreen-fund/stack/run-state.ts"),
  ]);
  if (config.supabase !== null) return { url: requireDatabaseUrl(config) };
  if (readState(config.home) === undefined)
    throw new EvergreenError("EG503", `No stack has run in ${config.home}; start one with \`npm start\`.`);
  return { url: stackAddresses(config).databaseUrl };
}

/** As whom this machine reads what is due to be archived: the agent that keeps the analytical files. */
export async function keeperOf(config: Config): Promise<{ url: string; role: "agent_simulation" }> {
  if (config.databaseUrl !== null || config.supabase !== null)
    return { ...(await sourceOf(config)), role: "agent_simulation" };
  await sourceOf(config); // says so when no stack ever ran here
  const { loginUrl } = await import("@evergreen-fund/stack/addresses.ts");
  return { url: loginUrl(config, "evergreen_app"), role: "agent_simulation" };
}

/** The store of copies, or null when none is set. */
export async function storeOf(config: Config): Promise<Store | null> {
  return config.snapshotStore === null
    ? null
    : (await import("@evergreen-fund/analytics")).openStore(config.snapshotStore);
}

/** Lines of long work: in place for a person at a terminal, one after the other on stderr otherwise. */
export const withProgress = <T>(
  context: Context,
  label: string,
  work: (say: (line: string) => void) => Promise<T>,
): Promise<T> =>
  context.progress(label, ({ say }) =>
    work((line) => {
      if (context.streams.watched) say(line);
      else context.note(line);
    }),
  );
