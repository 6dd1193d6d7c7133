// Limits of transfers line by line, on the chain beside what the packs of rules ask: for the command line and the dashboard alike. Pure.
import type { TokenClass, TransferLimits } from "./token-pages.ts";

type Limit = keyof TransferLimits;
const NAMES: Readonly<Record<Limit, string>> = {
  min_holding: "Least holding, units",
  max_holding: "Most holding, units",
  min_transfer: "Least transfer, units",
  lock_up: "Lock-up, seconds",
  transferable: "Transfers between holders",
};
const STATES = { "not compared": "not compared yet", "packs changed": "packs changed since" } as const;

export interface LimitLine {
  limit: Limit;
  name: string;
  onChain: string | null;
  asked: string | null;
  /** Whether they differ, or why that cannot be said. */
  state: string;
}

/** Five lines a class. Zero on the chain is no limit. */
export function limitLines({
  limits,
  rules,
  limits_state: state,
}: Pick<TokenClass, "limits" | "rules" | "limits_state">): LimitLine[] {
  const asked = rules?.asked ?? null;
  return (Object.keys(NAMES) as Limit[]).map((limit) => ({
    limit,
    name: NAMES[limit],
    onChain: limits === null ? null : shown(limits[limit]),
    asked: asked === null ? null : shown(asked[limit]),
    state:
      state === "not compared" || state === "packs changed"
        ? STATES[state]
        : limits?.[limit] === asked?.[limit]
          ? "in line"
          : "differs",
  }));
}

const shown = (value: string | boolean): string =>
  typeof value === "string" ? (value === "0" ? "none" : value) : value ? "allowed" : "not allowed";

/** What an operation is to set, by the name of the limit. */
export const limitsInWords = (limits: TransferLimits): [name: string, value: string][] =>
  (Object.keys(NAMES) as Limit[]).map((limit) => [NAMES[limit], shown(limits[limit])]);

/** The limits of a share token in base units, as text in units of the class: trailing zeros are left out. */
export function limitsText(
  limits: { minHolding: bigint; maxHolding: bigint; minTransfer: bigint; lockUp: bigint; transferable: boolean },
  unitDecimals: number,
): TransferLimits {
  const units = (base: bigint): string => {
    const digits = base.toString().padStart(unitDecimals + 1, "0");
    const whole = digits.slice(0, digits.length - unitDecimals);
    const part = digits.slice(digits.length - unitDecimals).replace(/0+$/, "");
    return part === "" ? whole : `${whole}.${part}`;
  };
  return {
    min_holding: units(limits.minHolding),
    max_holding: units(limits.maxHolding),
    min_transfer: units(limits.minTransfer),
    lock_up: String(limits.lockUp),
    transferable: limits.transferable,
  };
}
