// The 200 investors of the demo fund: opaque codes, a classification, a first order. No name, no address, no personal data at all.
import { between, mostlySmall } from "./chance.ts";
import { type ClassCode, MONTHS, momentAfter } from "./terms.ts";

export const INVESTORS = 200;
/** The first of them subscribe at the issue price; the others join later, two or three a month. */
const FOUNDERS = 140;
/** Month-end at which the clearance of a few runs out; what they asked for before is paid by then. */
const LAPSE = 34;

export type Classification = "professional" | "qualified" | "semi_professional" | "retail";

export interface DemoInvestor {
  code: string;
  classification: Classification;
  shareClass: ClassCode;
  /** Month of the first dealing. */
  joins: number;
  /** First order, cents. */
  size: bigint;
  /** Month from which the investor is not cleared any more; far away for most. */
  leavesClearance: number;
  kycValidUntil: string;
  eligibilityTags: string[];
}

/** Of twenty investors in a row: 7 professional, 3 qualified, 4 semi-professional, 6 retail. */
const MIX: readonly Classification[] = (
  "professional retail semi_professional professional qualified retail professional retail semi_professional professional " +
  "retail qualified professional semi_professional retail professional retail qualified semi_professional professional"
).split(" ") as Classification[];

/** First order: smallest, largest and step in euros. Class and eligibility follow from the classification. */
const TERMS: Record<
  Classification,
  { low: number; high: number; step: number; shareClass: ClassCode; tags: string[] }
> = {
  professional: { low: 1_500_000, high: 14_000_000, step: 50_000, shareClass: "I", tags: ["aif", "eltif"] },
  qualified: { low: 500_000, high: 4_000_000, step: 25_000, shareClass: "I", tags: ["aif", "eltif"] },
  semi_professional: { low: 200_000, high: 900_000, step: 10_000, shareClass: "W", tags: ["eltif"] },
  retail: { low: 10_000, high: 120_000, step: 1_000, shareClass: "W", tags: ["eltif", "suitability-tested"] },
};

export const investorCode = (number: number): string => `LP-S${String(number).padStart(4, "0")}`;

function investor(number: number): DemoInvestor {
  const code = investorCode(number);
  const classification = MIX[(number - 1) % MIX.length]!;
  const { low, high, step, shareClass, tags } = TERMS[classification];
  const joins = number <= FOUNDERS ? 0 : 1 + (((number - FOUNDERS) * 8) % (MONTHS - 1));
  const lapsed = number % 67 === 0;
  return {
    code,
    classification,
    shareClass,
    joins,
    size: BigInt(mostlySmall(`size/${code}`, low / step, high / step) * step) * 100n,
    leavesClearance: lapsed ? LAPSE : Number.POSITIVE_INFINITY,
    // counted from the first dealing date: a refresh is due within five years (R51)
    kycValidUntil: momentAfter(lapsed ? LAPSE : joins, lapsed ? 0 : between(`kyc/${code}`, 1_200, 1_800)),
    eligibilityTags: tags,
  };
}

export const DEMO_INVESTORS: readonly DemoInvestor[] = Array.from({ length: INVESTORS }, (_, index) =>
  investor(index + 1),
);
