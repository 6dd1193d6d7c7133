// Infisical of the settings: where it is and who asks there, and what refuses a setting that needs it.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Settings } from "./settings.ts";

export interface InfisicalConfig {
  siteUrl: string;
  clientId: string;
  clientSecret: string;
  projectId: string;
  environment: string;
  path: string;
}

/** Null: not configured. */
export function infisicalOf(settings: Settings): InfisicalConfig | null {
  const clientId = settings.INFISICAL_CLIENT_ID;
  const clientSecret = settings.INFISICAL_CLIENT_SECRET;
  const projectId = settings.INFISICAL_PROJECT_ID;
  if (clientId === undefined || clientSecret === undefined || projectId === undefined) return null;
  return {
    siteUrl: settings.INFISICAL_SITE_URL,
    clientId,
    clientSecret,
    projectId,
    environment: settings.INFISICAL_ENVIRONMENT,
    path: settings.INFISICAL_PATH,
  };
}

/** Infisical, where a setting keeps its keys there. Errors: EG400 it is not configured. */
export function configured(
  infisical: InfisicalConfig | null,
  setting: "PERSONAL_KEYS" | "CHAIN_KEYS",
): InfisicalConfig {
  if (infisical === null)
    throw new EvergreenError("EG400", `INFISICAL_CLIENT_ID is missing: ${setting}=infisical needs it.`);
  return infisical;
}
