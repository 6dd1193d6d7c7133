// What comes next for an operation, what a failure on the way means, and which limits the packs in force ask of transfers. Pure.
import { liveLimits, type RulePack, readPack } from "@evergreen-fund/compliance-rules";
import { EvergreenError } from "@evergreen-fund/domain";
import { limitsText } from "@evergreen-fund/domain/token-limits.ts";
import type { TransferLimits } from "@evergreen-fund/domain/token-pages.ts";
import type { TokenWork } from "@evergreen-fund/supabase-client";

export type Step = "over" | "wait" | "deploy" | "look" | "send";

/** `over`: it ended · `wait`: another request of the vault comes first · `look`: it only reads the chain. */
export function nextStep({ status, busy, kind }: Pick<TokenWork, "status" | "busy" | "kind">): Step {
  if (["final", "refused", "failed"].includes(status)) return "over";
  if (busy) return "wait";
  if (kind === "reconcile") return "look";
  return kind === "deploy" ? "deploy" : "send";
}

/**
 * What a failure of the chain means for the operation: `refused` the contracts said no, under whatever nonce it is sent; `failed` it cannot be taken as things
 * stand (no gas, another chain, a forbidden key) and may be tried again; null: a service is away, so that it is asked again.
 */
export function judgeFailure(error: unknown): { state: "refused" | "failed"; code: string; reason: string } | null {
  if (!(error instanceof EvergreenError) || error.retryable || error.code === "EG500") return null;
  return {
    state: error.code === "EG428" ? "refused" : "failed",
    code: error.code,
    reason: error.message.slice(0, 200),
  };
}

/** What the packs in force ask of transfers of a class, as its contracts hold themselves to it. */
export interface Asked {
  versions: string[];
  asked: TransferLimits;
  /** Rules that neither a limit nor a clearance can hold: transfers between holders are off because of them. */
  unsaid: string[];
}

/** Errors: EG428 for a stored version that this release cannot read: it is never passed over. */
export function askedOf(stored: TokenWork["rules"], unitDecimals: number, asOf: string): Asked {
  const packs = stored.map(({ body }): RulePack => {
    const { pack } = readPack(body);
    if (pack === undefined)
      throw new EvergreenError(
        "EG428",
        "A live pack of rules cannot be read by this release; no limit is taken from it.",
      );
    return pack;
  });
  const { limits, unsaid } = liveLimits(packs, unitDecimals, asOf);
  return {
    versions: stored.map(({ version_id }) => version_id),
    asked: limitsText(limits, unitDecimals),
    unsaid: unsaid.slice(0, MOST_NAMED).map((one) => one.slice(0, 300)),
  };
}

/** So many names are kept: whoever has more has packs that are not about tokens. */
const MOST_NAMED = 100;
