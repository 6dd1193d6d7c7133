// A fund as a stress run reads it: one snapshot, everything that is needed and nothing that names a person. zod only; analytics fills it from DuckDB.
// Amounts are decimal texts; unless a currency stands beside them they are in the fund's. Lists are in the order of their keys, so that one snapshot is
// one book, byte for byte.
import { Bucket, CurrencyCode, DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day } from "../fees/days.ts";
import { Name, NonNegative } from "../parse.ts";
import { Observation } from "../valuation/figure.ts";
import { BookPool } from "./pools.ts";
import { ValuationTerms } from "./terms.ts";

const Id = z.string().min(1).max(100);
const Body = z.record(z.string(), z.json());

export const BookAsset = z.strictObject({
  id: Id,
  /** Key of the source, for example `cusip:…`; the same for the same security in the next snapshot. */
  key: z.string().max(200),
  name: z.string().max(500),
  /** `bond`, `equity`, `private_equity`, `cash`, …: asset-kinds.ts says what becomes of each. */
  type: z.string().min(1).max(100),
  strategy: z.string().max(100),
  issuer: z.string().max(500).nullable(),
  country: z.string().max(10).nullable(),
  /** Of denomination; `value` is in the fund's all the same. */
  currency: CurrencyCode,
  bucket: Bucket,
  liquid: z.boolean(),
  level: z.int().min(1).max(3).nullable(),
  maturity: Day.nullable(),
  /** Newest mark and its day; below zero for a short position or payables. */
  value: DecimalString,
  markedOn: Day,
  /** Category and issuer category as on Form N-PORT, where the source has them. */
  category: z.string().max(50).nullable(),
  issuerCategory: z.string().max(50).nullable(),
  /** How the last NAV carried the mark forward (R5); null where it did not. */
  rollForward: z
    .strictObject({ series: Name, beta: DecimalString, indexAtMark: NonNegative.nullable(), asOf: Day })
    .nullable(),
  /** What the asset says of itself for a revaluation: `attributes.valuation`. */
  terms: ValuationTerms.nullable(),
  /** Words why `attributes.valuation` could not be read; a note of every outcome. */
  termsProblem: z.string().max(500).nullable(),
});
export type BookAsset = z.output<typeof BookAsset>;

export const LadderRow = z.strictObject({
  side: z.enum(["asset", "liability"]),
  asOf: Day,
  bucket: Bucket,
  capacity: DecimalString,
  utilization: DecimalString,
  stressDelta: DecimalString,
});
export const BookClass = z.strictObject({
  id: Id,
  code: z.string().max(100),
  currency: CurrencyCode,
  units: DecimalString,
  /** Last published price, else that of the register, else that of issue; null where there is none. */
  navPerUnit: DecimalString.nullable(),
  unitsDp: z.int().min(0).max(9),
  priceDp: z.int().min(0).max(9),
});
/** Value lost by the fund when rates or spreads rise by one basis point (dv01) or 100 (dv100); spreads are given per basis point. */
export const ReportedSensitivity = z.strictObject({
  measure: z.enum(["dv01", "dv100", "spread_ig", "spread_non_ig"]),
  currency: CurrencyCode,
  tenor: z.string().min(1).max(20),
  value: DecimalString,
});

const CreditLine = z.strictObject({
  line: Name,
  currency: CurrencyCode,
  committed: NonNegative,
  drawn: NonNegative,
  expiresOn: Day,
  dueDays: z.int().min(0).max(3_650),
});

export const FundBook = z.strictObject({
  format: z.literal("evergreen.book/1"),
  fund: z.strictObject({
    id: Id,
    code: z.string().max(100),
    currency: CurrencyCode,
    netAssets: DecimalString,
    navAsOf: Day.nullable(),
  }),
  /** Day of valuation: the newest of the fund's NAV and of its marks. Nothing later is in the book. */
  asOf: Day,
  snapshotHash: z.string().min(1).max(200),
  assets: z.array(BookAsset).max(200_000),
  /** Those of the newest day on which any were reported. */
  sensitivities: z.strictObject({
    asOf: Day.nullable(),
    source: z.string().max(200),
    rows: z.array(ReportedSensitivity).max(2_000),
  }),
  reportedFlows: z
    .array(z.strictObject({ month: Day, kind: z.enum(["sale", "redemption", "reinvestment"]), amount: DecimalString }))
    .max(20_000),
  /** The ladder in force (scenario `base`, newest day of each side). */
  ladder: z.array(LadderRow).max(14),
  classes: z.array(BookClass).max(1_000),
  /** Investors as opaque ids. */
  holdings: z.array(z.strictObject({ classId: Id, investorId: Id, units: NonNegative })).max(1_000_000),
  /** Redemptions that wait to be paid; an amount in the currency of the order, an estimate where the order is in units. */
  pending: z
    .array(
      z.strictObject({
        id: Id,
        classId: Id.nullable(),
        investorId: Id.nullable(),
        currency: CurrencyCode,
        amount: DecimalString.nullable(),
        dealingDate: Day.nullable(),
        status: z.string().max(50),
      }),
    )
    .max(1_000_000),
  /** Bodies of the policies in force at `asOf`, as they were recorded; null where the fund has none. */
  dealingPolicies: z.array(z.strictObject({ classId: Id, version: z.int(), body: Body })).max(1_000),
  lmtPolicy: z.strictObject({ version: z.int(), body: Body }).nullable(),
  mandate: z.strictObject({ version: z.int(), body: Body }).nullable(),
  /** Committed credit lines in force at `asOf`, by their code; `dueDays`: in how many days what is drawn is due once the bank calls it. */
  creditLines: z.array(CreditLine).max(1_000),
  /** Pools of units in force at `asOf`, by their code: of each the newest version. */
  pools: z.array(BookPool).max(1_000).default([]),
  /** Rates, indices, currencies: series names of terms.ts. At or before `asOf`. */
  market: z.array(Observation).max(100_000),
});
export type FundBook = z.output<typeof FundBook>;
