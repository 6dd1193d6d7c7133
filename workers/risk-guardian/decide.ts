// How bad it is, in words a portfolio manager can act on. Pure; it raises alerts and never acts.
import { cleanText, EVENTS, EvergreenError } from "@evergreen-fund/domain";
import { decimal, Exact, ratioText } from "@evergreen-fund/finance/money.ts";
import type { Cause } from "./facts.ts";

export interface Alert {
  kind:
    | "liquidity_breach"
    | "liquidity_trend"
    | "data_drift"
    | "data_quality"
    | "stress_differed"
    | "token_refused"
    | "token_break";
  severity: "notice" | "warning" | "critical";
  reason: string;
}

/** Basis points as people read them: to a tenth, upwards, so that what is beyond a threshold never reads as the threshold. */
const tenths = (bps: string): string => ratioText(decimal(bps).toDecimalPlaces(1, Exact.ROUND_UP));

/**
 * LIQUIDITY_BREACH: cover below 1 is critical, below what is required a warning (R33). LIQUIDITY_TREND: a warning, because cover is still enough.
 * DATA_DRIFT: beyond three times the threshold a warning, else a notice (R5). STRESS_RUN_DIFFERED: critical, because no figure of the run can be relied on.
 * TOKEN_BREAK: critical, because chain and register differ and no NAV is struck. TOKEN_REFUSED: a warning where the chain refused, a notice where people or rules did.
 * DATA_QUALITY_FAILED: a warning when the mirror differs from the database, when something could not be measured, or beyond three times the limit, else a notice.
 * Ratios and basis points are compared as decimals of at most 15 digits. @throws EvergreenError EG428 for any other event.
 */
export function weigh({ type, payload, asset }: Pick<Cause, "type" | "payload" | "asset">): Alert {
  switch (type) {
    case "LIQUIDITY_BREACH": {
      const { bucket, ratio, required, scenario_id, ...told } = EVENTS.LIQUIDITY_BREACH.payload.parse(payload);
      const critical = ratio === null || Number(ratio) < 1;
      return {
        kind: "liquidity_breach",
        severity: critical ? "critical" : "warning",
        reason: `Cover of bucket ${bucket} under ${scenario_id}${others(told)} is ${ratio ?? "not computable"}, required ${required}.`,
      };
    }
    case "LIQUIDITY_TREND": {
      const { bucket, ratio, required, scenario_id, breach_on, runs, ...told } =
        EVENTS.LIQUIDITY_TREND.payload.parse(payload);
      return {
        kind: "liquidity_trend",
        severity: "warning",
        reason: `Cover of bucket ${bucket} under ${scenario_id}${others(told)} is ${ratio} and falls: below ${required} on ${breach_on} by the line of ${runs} runs.`,
      };
    }
    case "DATA_DRIFT": {
      const { asset_id, deviation_bps, threshold_bps } = EVENTS.DATA_DRIFT.payload.parse(payload);
      const far = Number(deviation_bps) > 3 * Number(threshold_bps);
      return {
        kind: "data_drift",
        severity: far ? "warning" : "notice",
        reason: `The mark of ${called(asset_id, asset)} moved ${tenths(deviation_bps)} bp, threshold ${threshold_bps} bp.`,
      };
    }
    case "STRESS_RUN_DIFFERED": {
      const { stress_run_id, scenario_id } = EVENTS.STRESS_RUN_DIFFERED.payload.parse(payload);
      return {
        kind: "stress_differed",
        severity: "critical",
        reason: `EG432: scenario ${scenario_id} of stress run ${stress_run_id} came to other bytes when it was computed again; do not rely on the run.`,
      };
    }
    case "DATA_QUALITY_FAILED": {
      const { check, value, limit, unit } = EVENTS.DATA_QUALITY_FAILED.payload.parse(payload);
      const grave = check === "nav_agreement" || value === null || Number(value) > 3 * Number(limit);
      const measured = value === null ? "could not be measured" : `is ${value} ${unit}`;
      return {
        kind: "data_quality",
        severity: grave ? "warning" : "notice",
        reason: `The check ${check} ${measured}, limit ${limit} ${unit}.`,
      };
    }
    case "TOKEN_BREAK": {
      const { contract_id, block, breaks } = EVENTS.TOKEN_BREAK.payload.parse(payload);
      return {
        kind: "token_break",
        severity: "critical",
        reason: `Chain and register differ at block ${block} in ${breaks} ${breaks === 1 ? "place" : "places"} (contracts ${contract_id}); no NAV of the fund is struck before they agree.`,
      };
    }
    case "TOKEN_REFUSED": {
      const { action_id, kind, code, by } = EVENTS.TOKEN_REFUSED.payload.parse(payload);
      return {
        kind: "token_refused",
        severity: by === "chain" ? "warning" : "notice",
        reason: `${code}: the token operation ${kind} (${action_id}) was refused by ${by === "chain" ? "the chain" : by}; the register is as it was.`,
      };
    }
    default:
      throw new EvergreenError("EG428", `Risk Guardian does not react to ${type}.`);
  }
}

const NAME = 120;
/** One line of at most 120 characters: a name comes from whoever sent the asset. */
const oneLine = (text: string): string => {
  const line = cleanText(text);
  return line.length > NAME ? `${line.slice(0, NAME - 1)}…` : line;
};

/** An asset by its name and issuer; by its id where it is not known. */
function called(id: string, asset: Cause["asset"]): string {
  const name = oneLine(asset?.name ?? "");
  const issuer = oneLine(asset?.issuer ?? "");
  if (name === "") return `asset ${id}`;
  return issuer === "" || issuer === name ? name : `${name} (${issuer})`;
}

/** How many scenarios stand behind the worst one. */
function others({
  scenarios = [],
  more = 0,
}: {
  scenarios?: unknown[] | undefined;
  more?: number | undefined;
}): string {
  const count = scenarios.length + more - 1;
  return count <= 0 ? "" : ` (and ${count} more ${count === 1 ? "scenario" : "scenarios"})`;
}
