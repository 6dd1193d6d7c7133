// The shape of a filing as read: the form's own names, numbers as the filer wrote them, `null` where the filer said "N/A" and no key
// where the filer said nothing. zod only. Sources: EDGAR Form N-PORT XML technical specification (schema 1.13), Form N-PORT items A-F.
import { z } from "zod";
import { isFormDecimal } from "./decimals.ts";
import { Holding } from "./filing-holding.ts";
import { UnknownPart, Warning } from "./reading-notes.ts";

/** A number of the form, unchanged: "-.05", "41349926.010000000000". */
export const FormDecimal = z.string().refine(isFormDecimal, "expected a plain decimal of the form");
const decimal = FormDecimal.nullable().optional();
const text = z.string().max(10_000).nullable().optional();
const code = z.string().max(40).nullable().optional();
const day = z.iso.date().nullable().optional();
const flag = z.boolean().nullable().optional();

export const SUBMISSION_TYPES = ["NPORT-P", "NPORT-P/A", "NPORT-NP", "NPORT-NP/A"] as const;

/** Items B.1 and B.2, US dollars. */
export const OTHER_TOTALS = [
  "assetsAttrMiscSec",
  "assetsInvested",
  "amtPayOneYrBanksBorr",
  "amtPayOneYrCtrldComp",
  "amtPayOneYrOthAffil",
  "amtPayOneYrOther",
  "amtPayAftOneYrBanksBorr",
  "amtPayAftOneYrCtrldComp",
  "amtPayAftOneYrOthAffil",
  "amtPayAftOneYrOther",
  "delayDeliv",
  "standByCommit",
  "liquidPref",
  "cshNotRptdInCorD",
] as const;

/** Maturities of items B.3.a-c and the attributes that carry them. */
export const TENORS = ["3m", "1y", "5y", "10y", "30y"] as const;
export type Tenor = (typeof TENORS)[number];
export const TenorValues = z.partialRecord(z.enum(TENORS), FormDecimal.nullable());
export type TenorValues = z.infer<typeof TenorValues>;

/** Item B.3: change in US dollars of the portfolio for +1 and +100 basis points, by currency; credit spread +1 basis point by grade. */
export const Sensitivities = z.object({
  currencies: z.array(z.object({ curCd: code, dv01: TenorValues.optional(), dv100: TenorValues.optional() })),
  investmentGrade: TenorValues.optional(),
  nonInvestmentGrade: TenorValues.optional(),
});

const MonthlyGain = z.object({ netRealizedGain: decimal, netUnrealizedAppr: decimal });

/** Item B.5: total returns in percent per share class, gains of derivatives by contract and instrument, gains of the rest. */
export const Returns = z.object({
  classes: z.array(z.object({ classId: code, rtn1: decimal, rtn2: decimal, rtn3: decimal })),
  derivatives: z.array(
    z.object({ contract: z.string(), instrument: z.string().optional(), months: z.array(MonthlyGain) }),
  ),
  other: z.array(MonthlyGain),
});

/** Item B.6, one per month; `month` is its first day. */
export const MonthlyFlow = z.object({
  month: z.iso.date(),
  sales: decimal,
  reinvestment: decimal,
  redemption: decimal,
});
export type MonthlyFlow = z.infer<typeof MonthlyFlow>;

/** Items B.7 to B.11, where reported. */
export const Programme = z.object({
  highlyLiquidMinimum: z
    .object({
      highlyLiquidInvst: decimal,
      daysOfHolding: decimal,
      changed: flag,
      minimums: z.array(FormDecimal.nullable()),
    })
    .optional(),
  derivativeCover: z
    .array(z.object({ classification: code, fundPct: decimal }))
    .nullable()
    .optional(),
  derivativeExposure: z
    .object({
      derivExposurePct: decimal,
      derivCurrencyExposurePct: decimal,
      derivIntRateExposurePct: decimal,
      noOfBusinessDaysInExcess: decimal,
    })
    .optional(),
  valueAtRisk: z
    .object({
      medianDailyVarPct: decimal,
      backtestingResults: decimal,
      nameDesignatedIndex: text,
      indexIdentifier: text,
      medianVarRatioPct: decimal,
    })
    .optional(),
  namesRule: z
    .object({ terms: z.array(z.object({ term: text, definition: text })), fundsEightyPercentBasket: decimal })
    .optional(),
});

export const Filing = z.object({
  submissionType: z.enum(SUBMISSION_TYPES),
  isConfidential: flag,
  /** The filing an amendment replaces. */
  accessionNumber: text,
  liveTestFlag: code,
  invstCompanyType: code,
  registrant: z.object({
    name: z.string().max(10_000),
    cik: z.string().regex(/^\d{10}$/),
    lei: text,
    fileNumber: text,
  }),
  series: z.object({ name: text, id: text, lei: text }),
  classIds: z.array(z.string().max(40)),
  period: z.object({ fiscalYearEnd: day, reportDate: z.iso.date(), isFinalFiling: flag }),
  totals: z.object({
    totAssets: FormDecimal,
    totLiabs: FormDecimal,
    netAssets: FormDecimal,
    ...(Object.fromEntries(OTHER_TOTALS.map((name) => [name, decimal])) as Record<
      (typeof OTHER_TOTALS)[number],
      typeof decimal
    >),
  }),
  sensitivities: Sensitivities.optional(),
  borrowers: z.array(z.object({ name: text, lei: text, aggrVal: decimal })),
  nonCashCollateral: z.array(z.object({ amt: decimal, collatrl: decimal, invstCat: code, otherDesc: text })),
  returns: Returns.optional(),
  flows: z.array(MonthlyFlow).max(3),
  programme: Programme,
  holdings: z.array(Holding),
  /** Number of holdings read; `holdings` is empty when they were handed to `onHolding`. */
  holdingCount: z.int().nonnegative(),
  notes: z.array(z.object({ item: z.string().max(40), note: z.string().max(10_000) })),
  signedOn: day,
  unknown: z.array(UnknownPart),
  warnings: z.array(Warning),
  source: z.object({ bytes: z.int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});
export type Filing = z.infer<typeof Filing>;
