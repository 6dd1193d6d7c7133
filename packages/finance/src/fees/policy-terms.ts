// From the fee terms of a dealing policy to the terms the fee rules take. Pure.
import { EvergreenError, type PerformanceFee } from "@evergreen-fund/domain";
import type { z } from "zod";
import { Fraction } from "./fraction.ts";
import type { HurdleRate, PerformanceTerms } from "./hurdle.ts";

/**
 * `hurdle` "0" is none; `catchUp` "1" is soft, equal to the rate hard, "cliff" a cliff, between them partial. The hurdle compounds yearly, act/365.
 * Source: R23. Errors: EG400 for a catch-up below the rate.
 */
export function performanceTermsOf(fee: z.infer<typeof PerformanceFee>): {
  performance: PerformanceTerms;
  hurdle: HurdleRate | null;
} {
  const { rate, catchUp } = fee;
  if (Fraction.of(fee.hurdle).isZero) return { performance: { kind: "none", rate }, hurdle: null };
  return {
    performance: catchUp === "cliff" ? { kind: "cliff", rate } : withCatchUp(rate, catchUp),
    hurdle: { rate: fee.hurdle, compounding: "annual", dayCount: "act/365" },
  };
}

function withCatchUp(rate: string, catchUp: string): PerformanceTerms {
  const over = Fraction.of(catchUp).cmp(Fraction.of(rate));
  if (over < 0) throw new EvergreenError("EG400", "catchUp: expected at least the rate.");
  if (over === 0) return { kind: "hard", rate };
  return Fraction.of(catchUp).eq(Fraction.ONE) ? { kind: "soft", rate } : { kind: "partial", rate, catchUp };
}
