// Secrets out of Infisical: read by its own SDK, which is loaded only where it is configured. Nothing of an answer stands in an error.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { InfisicalConfig } from "./infisical-config.ts";

export interface Secrets {
  /** Every secret of the configured path, by name. Errors: EG503 when Infisical does not answer or refuses the machine identity. */
  list(): Promise<ReadonlyMap<string, string>>;
  /** Undefined: there is no secret of that name. Errors as list. */
  get(name: string): Promise<string | undefined>;
}

/** @param path another folder than the configured one */
export function openInfisical(settings: InfisicalConfig, path: string = settings.path): Secrets {
  const list = async (): Promise<ReadonlyMap<string, string>> => {
    try {
      const { InfisicalSDK } = await import("@infisical/sdk");
      const client = new InfisicalSDK({ siteUrl: settings.siteUrl });
      // a token lasts as long as the identity's policy says: one per reading, and readings are few
      const signedIn = await client
        .auth()
        .universalAuth.login({ clientId: settings.clientId, clientSecret: settings.clientSecret });
      const { secrets } = await signedIn.secrets().listSecrets({
        projectId: settings.projectId,
        environment: settings.environment,
        secretPath: path,
      });
      return new Map(secrets.map(({ secretKey, secretValue }) => [secretKey, secretValue]));
    } catch {
      // the SDK's errors hold the request, and the request holds the secret of the identity
      throw new EvergreenError(
        "EG503",
        `Infisical does not answer at ${new URL(settings.siteUrl).origin}, or refuses.`,
      );
    }
  };
  return { list, get: async (name) => (await list()).get(name) };
}
