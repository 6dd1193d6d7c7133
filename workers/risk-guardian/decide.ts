// How bad it is, in words a portfolio manager can act on. Pure; it raises alerts and never acts.
import { EVENTS, EvergreenError } from "@evergreen-fund/domain";

export interface Alert {
  kind: "liquidity_breach" | "data_drift" | "data_quality";
  severity: "notice" | "warning" | "critical";
  reason: string;
}

/**
 * LIQUIDITY_BREACH: cover below 1 is critical, below what is required a warning (R33). DATA_DRIFT: beyond three times the threshold a warning, else a notice (R5).
 * DATA_QUALITY_FAILED: a warning when the mirror differs from the database, when something could not be measured, or beyond three times the limit, else a notice.
 * Ratios and basis points are compared as decimals of at most 15 digits. @throws EvergreenError EG428 for any other event.
 */
export function weigh({ type, payload }: { type: string; payload: unknown }): Alert {
  switch (type) {
    case "LIQUIDITY_BREACH": {
      const { bucket, ratio, required, scenario_id } = EVENTS.LIQUIDITY_BREACH.payload.parse(payload);
      const critical = ratio === null || Number(ratio) < 1;
      return {
        kind: "liquidity_breach",
        severity: critical ? "critical" : "warning",
        reason: `Cover of bucket ${bucket} under ${scenario_id} is ${ratio ?? "not computable"}, required ${required}.`,
      };
    }
    case "DATA_DRIFT": {
      const { asset_id, deviation_bps, threshold_bps } = EVENTS.DATA_DRIFT.payload.parse(payload);
      const far = Number(deviation_bps) > 3 * Number(threshold_bps);
      return {
        kind: "data_drift",
        severity: far ? "warning" : "notice",
        reason: `The mark of asset ${asset_id} moved ${deviation_bps} bp, threshold ${threshold_bps} bp.`,
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
    default:
      throw new EvergreenError("EG428", `Risk Guardian does not react to ${type}.`);
  }
}
