// The shape of one holding of a filing (Parts C and D): identity, amount, categories, debt, repurchase, derivative and lending terms.
// zod only; the same rules as filing.ts (`null` is "N/A", no key is absent, numbers as written).
import { z } from "zod";
import { isFormDecimal } from "./decimals.ts";

const FormDecimal = z.string().refine(isFormDecimal, "expected a plain decimal of the form");
const decimal = FormDecimal.nullable().optional();
const text = z.string().max(10_000).nullable().optional();
const code = z.string().max(40).nullable().optional();
const day = z.iso.date().nullable().optional();
const flag = z.boolean().nullable().optional();

/** An identifier as filed; `description` says what an `other` one is. */
export const FiledIdentifier = z.object({
  scheme: z.enum(["cusip", "isin", "ticker", "other"]),
  value: z.string().max(10_000),
  description: text,
});
export type FiledIdentifier = z.infer<typeof FiledIdentifier>;

/** Items C.1, C.2, C.4 and C.5: what is held and how much. */
export const Position = z.object({
  name: text,
  lei: text,
  title: text,
  cusip: text,
  identifiers: z.array(FiledIdentifier),
  balance: decimal,
  units: code,
  descOthUnits: text,
  /** Currency of denomination; `exchangeRt` is the rate the filer used when it is not the US dollar. */
  curCd: code,
  exchangeRt: decimal,
  valUSD: decimal,
  pctVal: decimal,
  isIncludedFunds80PercentBasket: flag,
  assetCat: code,
  assetDesc: text,
  issuerCat: code,
  issuerDesc: text,
  invCountry: code,
  invOthCountry: code,
});

const Counterparty = z.object({ name: text, lei: text });

/** Item C.9. Rates in percent per year. */
export const Debt = z.object({
  maturityDt: day,
  couponKind: code,
  annualizedRt: decimal,
  isDefault: flag,
  areIntrstPmntsInArrs: flag,
  isPaidKind: flag,
  isMandatoryConvrtbl: flag,
  isContngtConvrtbl: flag,
  references: z
    .array(z.object({ name: text, title: text, curCd: code, identifiers: z.array(FiledIdentifier) }))
    .optional(),
  conversions: z.array(z.object({ convRatio: decimal, curCd: code })).optional(),
  /** "withheld" where a public filing hides it. */
  delta: z
    .union([FormDecimal, z.literal("withheld")])
    .nullable()
    .optional(),
});

/** Item C.10. */
export const Repurchase = z.object({
  transCat: code,
  isCleared: flag,
  counterparties: z.array(Counterparty),
  isTriParty: flag,
  repurchaseRt: decimal,
  maturityDt: day,
  collaterals: z.array(
    z.object({
      principalAmt: decimal,
      principalCd: code,
      collateralVal: decimal,
      collateralCd: code,
      invstCat: code,
      desc: text,
    }),
  ),
});

/** One side of a swap (C.11.f.i). */
export const SwapLeg = z.object({
  kind: z.enum(["fixed", "floating", "other"]),
  description: text,
  fixedRt: decimal,
  amount: decimal,
  floatingRtIndex: text,
  floatingRtSpread: decimal,
  pmntAmt: decimal,
  curCd: code,
  resets: z
    .array(z.object({ resetDt: code, resetDtUnit: decimal, rateTenor: code, rateTenorUnit: decimal }))
    .optional(),
});

/** What a derivative refers to: an index or basket, another security, or another derivative. */
export const Reference = z.object({
  indexName: text,
  indexIdentifier: text,
  narrativeDesc: text,
  /** Components of the basket, counted only. */
  components: z.int().nonnegative().optional(),
  issuerName: text,
  issueTitle: text,
  identifiers: z.array(FiledIdentifier).optional(),
  get nested() {
    return Derivative.optional();
  },
});

/** Item C.11: the five kinds share one shape; each fills the fields the form gives it. */
export const Derivative = z.object({
  kind: z.enum(["forward", "future", "swap", "option_swaption_warrant", "other"]),
  derivCat: code,
  othDesc: text,
  counterparties: z.array(Counterparty),
  payOffProf: code,
  putOrCall: code,
  writtenOrPur: code,
  shareNo: decimal,
  principalAmt: decimal,
  exercisePrice: decimal,
  exercisePriceCurCd: code,
  delta: z
    .union([FormDecimal, z.literal("withheld")])
    .nullable()
    .optional(),
  expDate: day,
  expDt: day,
  settlementDt: day,
  terminationDt: day,
  amtCurSold: decimal,
  curSold: code,
  amtCurPur: decimal,
  curPur: code,
  swapFlag: flag,
  receives: SwapLeg.optional(),
  pays: SwapLeg.optional(),
  upfrontPmnt: decimal,
  pmntCurCd: code,
  upfrontRcpt: decimal,
  rcptCurCd: code,
  notionalAmt: decimal,
  notionals: z.array(z.object({ amt: decimal, curCd: code })).optional(),
  curCd: code,
  unrealizedAppr: decimal,
  /** Given for a derivative that another derivative refers to. */
  additional: Position.optional(),
  get reference(): z.ZodOptional<typeof Reference> {
    return Reference.optional();
  },
});

/** Item C.7, in filings that carry it (not in public ones): percent of the position per class. */
export const LiquidityClasses = z.object({
  classes: z.array(z.object({ category: code, pct: decimal })),
  circumstances: z.array(z.string().max(40)),
});

/** Item C.12, US dollars. */
export const Lending = z.object({
  isCashCollateral: flag,
  cashCollateralVal: decimal,
  isNonCashCollateral: flag,
  nonCashCollateralVal: decimal,
  isLoanByFund: flag,
  loanVal: decimal,
});

export const Holding = z.object({
  ...Position.shape,
  /** Line of `<invstOrSec>` in the file. */
  line: z.int().positive(),
  /** Part D: a miscellaneous security, not public. */
  notDissem: flag,
  name: z.string().max(10_000),
  valUSD: FormDecimal.nullable(),
  payoffProfile: code,
  isRestrictedSec: flag,
  liquidity: LiquidityClasses.nullable().optional(),
  fairValLevel: code,
  debt: Debt.optional(),
  repurchase: Repurchase.optional(),
  derivative: Derivative.optional(),
  lending: Lending.optional(),
});
export type Holding = z.infer<typeof Holding>;
export type Derivative = z.infer<typeof Derivative>;
export type Reference = z.infer<typeof Reference>;
