// Registry entries: fees of a class, lots and series, and the whole-fund waterfall.
import { CrystallisationInput, CrystallisationOutput, crystallisation } from "../fees/crystallisation.ts";
import { EqualisationInput, EqualisationOutput, equalisation } from "../fees/equalisation.ts";
import { HighWaterMarkInput, HighWaterMarkOutput, highWaterMark } from "../fees/high-water-mark.ts";
import { HurdleFeeInput, HurdleFeeOutput, hurdleFee } from "../fees/hurdle.ts";
import {
  accrueManagementFee,
  ContinuousFeeInput,
  ContinuousFeeOutput,
  continuousManagementFee,
  ManagementFeeInput,
  ManagementFeeOutput,
} from "../fees/management-fee.ts";
import { PerformanceFeeInput, PerformanceFeeOutput, performanceFee } from "../fees/performance-fee.ts";
import { SeriesInput, SeriesOutput, seriesAccounting } from "../fees/series.ts";
import { WaterfallInput, WaterfallOutput, waterfall } from "../fees/waterfall.ts";
import { define } from "./entry.ts";

export const FEE_CALCULATIONS = [
  define({
    name: "management-fee",
    summary: "Management fee accrued from strike to strike on the value of the strike before, posted without drift",
    source: "R20",
    input: ManagementFeeInput,
    output: ManagementFeeOutput,
    example: {
      currency: "EUR",
      rate: "0.015",
      basis: "act/365",
      strikes: [
        { date: "2024-01-01", nav: "1000000.00" },
        { date: "2024-02-01", nav: "1012500.00" },
      ],
      until: "2024-03-01",
    },
    calculation: accrueManagementFee,
    call: accrueManagementFee,
  }),
  define({
    name: "management-fee-units",
    summary: "Management fee in the continuous form that mints units by a per-second factor",
    source: "R20; Enzyme Finance, management fee",
    input: ContinuousFeeInput,
    output: ContinuousFeeOutput,
    example: { units: "1000", unitsDp: 4, rate: "0.01", seconds: 86400 },
    calculation: continuousManagementFee,
    call: continuousManagementFee,
  }),
  define({
    name: "performance-fee",
    summary: "Performance fee above the high-water mark and the units that pay it, on the unswung price",
    source: "R21",
    input: PerformanceFeeInput,
    output: PerformanceFeeOutput,
    example: { currency: "USD", gnav: "110000.00", units: "1000", highWater: "100", rate: "0.2" },
    calculation: performanceFee,
    call: performanceFee,
  }),
  define({
    name: "high-water-mark",
    summary: "The high-water mark on a day, whether the fee may crystallise, and when next",
    source: "R22; ESMA34-39-992",
    input: HighWaterMarkInput,
    output: HighWaterMarkOutput,
    example: {
      policy: { frequency: "annual", retail: true },
      highWater: "100",
      setOn: "2023-12-31",
      lastCrystallised: "2023-12-31",
      on: "2024-12-31",
      navPerUnit: "106",
      distributions: [{ exDate: "2024-06-30", perUnit: "2" }],
    },
    calculation: highWaterMark,
    call: highWaterMark,
  }),
  define({
    name: "hurdle-fee",
    summary: "Performance fee over a hurdle: none, hard, soft, partial catch-up or cliff",
    source: "R23",
    input: HurdleFeeInput,
    output: HurdleFeeOutput,
    example: { terms: { kind: "partial", rate: "0.125", catchUp: "0.5" }, profit: "8", hurdle: "5" },
    calculation: hurdleFee,
    call: hurdleFee,
  }),
  define({
    name: "crystallisation",
    summary:
      "Crystallisation of an equalised class on its published price: refunds and charges per lot, the fee, the marks",
    source: "R24, R22",
    input: CrystallisationInput,
    output: CrystallisationOutput,
    example: {
      currency: "USD",
      rate: "0.2",
      highWater: "104",
      nav: "108000.00",
      navPerUnit: "108",
      accrued: "1000.00",
      lots: [
        { id: "founder", units: "600", reference: "104", credit: "0" },
        { id: "summer", units: "300", reference: "107", credit: "180" },
        { id: "trough", units: "100", reference: "95", credit: "0" },
      ],
    },
    calculation: crystallisation,
    call: crystallisation,
  }),
  define({
    name: "equalisation",
    summary: "Equalisation accounting: credits, depreciation redemptions, refunds and crystallised shares lot by lot",
    source: "R24",
    input: EqualisationInput,
    output: EqualisationOutput,
    example: {
      currency: "USD",
      rate: "0.2",
      state: {
        highWater: "100",
        assets: "110000",
        lots: [{ id: "founder", units: "1000", reference: "100", credit: "0" }],
      },
      events: [
        { kind: "subscribe", date: "2024-07-01", lot: "summer", amount: "110000.00" },
        { kind: "result", date: "2024-12-31", amount: "20000.00" },
        { kind: "crystallise", date: "2024-12-31" },
      ],
    },
    calculation: equalisation,
    call: equalisation,
  }),
  define({
    name: "series",
    summary: "Series accounting: a series per dealing day, each with its own mark, rolled up into the lead at the mark",
    source: "R25, R23",
    input: SeriesInput,
    output: SeriesOutput,
    example: {
      currency: "USD",
      performance: { kind: "none", rate: "0.2" },
      events: [
        { kind: "subscribe", date: "2024-01-01", lot: "a", amount: "100000.00" },
        { kind: "result", date: "2024-06-28", amount: "20000.00" },
        { kind: "subscribe", date: "2024-07-01", lot: "b", amount: "100000.00" },
        { kind: "result", date: "2024-12-31", amount: "22000.00" },
        { kind: "crystallise", date: "2024-12-31" },
      ],
      asOf: "2024-12-31",
    },
    calculation: seriesAccounting,
    call: seriesAccounting,
  }),
  define({
    name: "waterfall",
    summary: "Whole-fund waterfall with preferred return, catch-up and split, and the clawback test at each close",
    source: "R26",
    input: WaterfallInput,
    output: WaterfallOutput,
    example: {
      currency: "USD",
      terms: { preferred: { rate: "0.08" }, carry: "0.2", catchUp: "1" },
      flows: [
        { date: "2021-01-01", kind: "call", amount: "1000.00" },
        { date: "2022-01-01", kind: "distribution", amount: "1500.00" },
        { date: "2022-01-01", kind: "call", amount: "500.00" },
        { date: "2023-01-01", kind: "close", amount: "300.00" },
      ],
    },
    calculation: waterfall,
    call: waterfall,
  }),
] as const;
