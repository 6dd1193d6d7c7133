// Sleeves against targets and bands by finance's own drift, under the standing mandate or under targets that somebody is typing.
import type { Exposure } from "@evergreen-fund/domain/cockpit.ts";
import { drift } from "@evergreen-fund/finance/drift.ts";
import { Mandate, retarget } from "@evergreen-fund/finance/mandate.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";

export interface DriftLine {
  sleeve: string;
  value: string;
  weight: string;
  target: string;
  drift: string;
  low: string | null;
  high: string | null;
  band: "inside" | "below" | "above" | "none";
  /** What would have to be bought (or, below zero, sold) to stand at the target. */
  toTarget: string;
}

export interface DriftView {
  lines: DriftLine[];
  /** Half of all that would move, as a share: what a rebalancing to every target at once would turn over. */
  distance: string;
  /** The mandate with the typed targets, or null where nothing was typed. */
  mandate: Mandate | null;
}

const CASH = "cash";

/** Errors: EG400 for a mandate that cannot be read, or targets that do not fit it; the sentence says which and what may stand there. */
export function driftView(exposure: Exposure, typed: Readonly<Record<string, string>>): DriftView {
  const standing = Mandate.parse(exposure.mandate?.body);
  const targets = Object.entries(typed).map(([id, target]) => ({ id, target }));
  const mandate = targets.length === 0 ? null : retarget({ mandate: standing, targets });
  const { sleeves, cash } = mandate ?? standing;
  const answer = drift({
    holdings: exposure.sleeves.map(({ sleeve, value }) => ({ id: sleeve, sleeve, value })),
    sleeveTargets: [
      ...sleeves.map(({ id, target, band }) => ({ id, target, ...(band === undefined ? {} : { band }) })),
      { id: CASH, target: cash.target, ...(cash.band === undefined ? {} : { band: cash.band }) },
    ],
  });
  const values = new Map(exposure.sleeves.map(({ sleeve, value }) => [sleeve, value]));
  const total = decimal(answer.total);
  const lines = answer.sleeves.map((row) => {
    const value = values.get(row.id) ?? "0";
    const target = row.target ?? "0";
    return {
      sleeve: row.id,
      value,
      weight: row.weight,
      target,
      drift: row.drift ?? row.weight,
      low: row.low,
      high: row.high,
      band: row.band,
      toTarget: total.times(target).minus(value).toDecimalPlaces(exposure.fund.decimals).toFixed(),
    };
  });
  return { lines, distance: answer.sleeveDistance, mandate };
}

/** "21.5" per cent as the share "0.215"; null for what is no number from 0 to 100. */
export function shareTyped(percent: string): string | null {
  if (!/^\d{1,3}(\.\d{1,6})?$/.test(percent.trim())) return null;
  const share = decimal(percent.trim()).div(100);
  return share.gt(1) ? null : share.toFixed();
}
