// The only connection of the dashboard: supabase-js, to wherever config.json says, under the role of whoever signs in.
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";

const Config = z.object({
  supabaseUrl: z.string(),
  publishableKey: z.string(),
  temporalUiUrl: z.string().nullable(),
  /** Synthetic people; none without the demo fund. */
  demoLogins: z.array(z.object({ role: z.string(), email: z.string() })).default([]),
  /** The sign-in is this installation's own, not a project of Supabase. */
  embedded: z.boolean().default(false),
  /** Whether staff must sign in with an authenticator. */
  staffSecondStep: z.enum(["offered", "required"]).default("offered"),
  /** The chain that the settings name; null: units of classes are on no chain. */
  chainId: z.int().nullable().default(null),
});
export type Config = z.infer<typeof Config>;

export interface Door {
  supabase: SupabaseClient;
  config: Config;
}

/** A request that has no answer after this long has failed: the page says so. */
export const ANSWERS_WITHIN_MS = 15_000;

export async function connect(): Promise<Door> {
  const answer = await fetch("/config.json", { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
  const config = Config.parse(await answer.json());
  const supabase = createClient(config.supabaseUrl, config.publishableKey, {
    auth: { storageKey: "evergreen-session", detectSessionInUrl: false },
  });
  return { supabase, config };
}
