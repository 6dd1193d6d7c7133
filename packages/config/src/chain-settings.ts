// The chain of the settings: which node, which chain, whose key, and from which depth an effect is final.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { configured, infisicalOf } from "./infisical-config.ts";
import type { Settings } from "./settings.ts";

export interface ChainConfig {
  url: string;
  chainId: number;
  /** The stack starts the node. */
  local: boolean;
  /** Null: the key of this home, see keys.ts. */
  keyFile: string | null;
  /** infisical: its secret CHAIN_KEY instead of a file, see chain-key.ts; vault: what fn_read_chain_key answers. */
  keys: "file" | "vault" | "infisical";
  /** Blocks from which an effect is final. */
  finality: number;
}

/** The id of chains that run for tests and demos alone. */
const LOCAL_CHAIN = 31_337;

/** Null without CHAIN_URL: no units are on a chain. `port`: of the stack's own node. Errors: EG400 for a URL without its chain, for a key in an Infisical that is not configured. */
export function chainOf(settings: Settings, port: number): ChainConfig | null {
  const { CHAIN_URL: url, CHAIN_ID: id } = settings;
  if (url === undefined) return null;
  const local = url === "local";
  if (!local && id === undefined)
    throw new EvergreenError(
      "EG400",
      "CHAIN_ID is missing: CHAIN_URL is a node of some chain, and this says of which.",
    );
  if (settings.CHAIN_KEYS === "infisical") configured(infisicalOf(settings), "CHAIN_KEYS");
  return {
    local,
    url: local ? `http://127.0.0.1:${port}` : url,
    chainId: id ?? LOCAL_CHAIN,
    keyFile: settings.CHAIN_KEY_FILE ?? null,
    keys: settings.CHAIN_KEYS ?? "file",
    finality: settings.CHAIN_FINALITY,
  };
}
