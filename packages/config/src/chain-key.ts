// The key that signs on a chain, out of Infisical: where it is kept in a file, whoever signs reads the file. It stands in no error and no log.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Config } from "./config.ts";
import { openInfisical } from "./infisical.ts";
import { configured } from "./infisical-config.ts";

/** The secret that holds it, 64 hexadecimal digits. */
const NAME = "CHAIN_KEY";

/** Errors: EG400 Infisical is not configured, EG503 it does not answer or has no such secret. */
export async function chainKeyFromInfisical({ infisical }: Pick<Config, "infisical">): Promise<string> {
  const settings = configured(infisical, "CHAIN_KEYS");
  const found = await openInfisical(settings).get(NAME);
  if (found === undefined) throw new EvergreenError("EG503", `Infisical has no ${NAME} at ${settings.path}.`);
  return found;
}
