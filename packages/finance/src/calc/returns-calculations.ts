// Registry entries: performance of an investment or fund.
import { StaleShareInput, StaleShareOutput, staleShare } from "../returns/labels.ts";
import {
  DirectAlphaOutput,
  directAlpha,
  KsPmeOutput,
  ksPme,
  PmeInput,
  PmePlusOutput,
  pmePlus,
} from "../returns/market-equivalent.ts";
import { ModifiedDietzInput, ModifiedDietzOutput, modifiedDietz } from "../returns/modified-dietz.ts";
import { fundMultiples, MultiplesInput, MultiplesOutput } from "../returns/multiples.ts";
import { PerformanceInput, PerformanceOutput, performance } from "../returns/performance.ts";
import {
  TwrInput,
  TwrOutput,
  timeWeightedReturn,
  UnitPriceTwrInput,
  UnitPriceTwrOutput,
  unitPriceReturn,
} from "../returns/time-weighted.ts";
import { UnitPerformanceInput, UnitPerformanceOutput, unitPerformance } from "../returns/unit-performance.ts";
import { XirrInput, XirrOutput, xirr } from "../returns/xirr.ts";
import { define } from "./entry.ts";

const BASIS = { fees: "net", subscriptionLine: "none", staleShare: "0.12" } as const;
const FLOWS = [
  { date: "2022-01-15", kind: "contribution", amount: "100" },
  { date: "2022-09-30", kind: "contribution", amount: "50" },
  { date: "2023-12-31", kind: "distribution", amount: "30" },
];
const NAV = { date: "2024-12-31", value: "160" };
const INDEX = [
  { date: "2022-01-15", level: "100" },
  { date: "2022-09-30", level: "85" },
  { date: "2023-12-31", level: "110" },
  { date: "2024-12-31", level: "130" },
];
const AGAINST_INDEX = { flows: FLOWS, nav: NAV, index: INDEX, indexName: "Synthetic index", basis: BASIS };

export const RETURNS_CALCULATIONS = [
  define({
    name: "fund-multiples",
    summary: "PIC, DPI, RVPI, TVPI and the paid-in share of the commitment; recalled distributions count as paid in",
    source: "R41; GIPS",
    input: MultiplesInput,
    output: MultiplesOutput,
    example: { flows: FLOWS, nav: NAV, committed: "200", basis: BASIS },
    calculation: fundMultiples,
    call: fundMultiples,
  }),
  define({
    name: "xirr",
    summary: "Internal rate of dated flows with every root, and a verdict where it is ambiguous or missing",
    source: "R42",
    input: XirrInput,
    output: XirrOutput,
    example: {
      flows: [
        { date: "2020-01-01", amount: "-1000" },
        { date: "2021-01-01", amount: "750" },
        { date: "2022-01-01", amount: "500" },
      ],
      basis: BASIS,
    },
    calculation: xirr,
    call: xirr,
  }),
  define({
    name: "twr",
    summary: "Time-weighted return over the periods between external flows",
    source: "R43; GIPS",
    input: TwrInput,
    output: TwrOutput,
    example: {
      opening: { date: "2024-01-01", value: "100" },
      flows: [
        { date: "2024-05-01", valueBefore: "104", amount: "10" },
        { date: "2024-09-01", valueBefore: "112", amount: "-20" },
      ],
      closing: { date: "2024-12-31", value: "97" },
      basis: BASIS,
    },
    calculation: timeWeightedReturn,
    call: timeWeightedReturn,
  }),
  define({
    name: "twr-unit-price",
    summary: "Time-weighted return of a unit price with distributions reinvested",
    source: "R43",
    input: UnitPriceTwrInput,
    output: UnitPriceTwrOutput,
    example: {
      opening: { date: "2023-01-01", price: "100" },
      distributions: [{ date: "2023-07-01", perUnit: "2", priceAfter: "104" }],
      closing: { date: "2024-12-31", price: "112.5" },
      basis: BASIS,
    },
    calculation: unitPriceReturn,
    call: unitPriceReturn,
  }),
  define({
    name: "modified-dietz",
    summary: "Return of a window from its two values and its dated flows, by share of the window",
    source: "R44; GIPS",
    input: ModifiedDietzInput,
    output: ModifiedDietzOutput,
    example: {
      opening: { date: "2024-04-01", value: "100" },
      flows: [
        { date: "2024-04-11", amount: "10" },
        { date: "2024-04-21", amount: "-20" },
      ],
      closing: { date: "2024-05-01", value: "97" },
      basis: BASIS,
    },
    calculation: modifiedDietz,
    call: modifiedDietz,
  }),
  define({
    name: "ks-pme",
    summary: "Public market equivalent: value of the investment over the same payments in an index",
    source: "R45; Kaplan and Schoar 2005",
    input: PmeInput,
    output: KsPmeOutput,
    example: AGAINST_INDEX,
    calculation: ksPme,
    call: ksPme,
  }),
  define({
    name: "pme-plus",
    summary: "PME+: factor on the distributions that ends at the NAV, and the index's XIRR beside the fund's",
    source: "R45; Rouvinez 2003",
    input: PmeInput,
    output: PmePlusOutput,
    example: AGAINST_INDEX,
    calculation: pmePlus,
    call: pmePlus,
  }),
  define({
    name: "direct-alpha",
    summary: "Rate by which the investment beat an index: XIRR of the flows grown at the index",
    source: "R45; Gredil, Griffiths and Stucke 2014",
    input: PmeInput,
    output: DirectAlphaOutput,
    example: AGAINST_INDEX,
    calculation: directAlpha,
    call: directAlpha,
  }),
  define({
    name: "stale-share",
    summary: "Share of NAV that is valued with marks older than 90 days",
    source: "R5, R46",
    input: StaleShareInput,
    output: StaleShareOutput,
    example: {
      asOf: "2024-12-31",
      nav: "160",
      positions: [
        { value: "140.80", markedOn: "2024-12-15" },
        { value: "19.20", markedOn: "2024-09-30" },
      ],
    },
    calculation: staleShare,
    call: staleShare,
  }),
  define({
    name: "performance",
    summary: "All measures gross and net, with and without subscription line, each labelled; what is missing is named",
    source: "R46; ILPA, GIPS",
    input: PerformanceInput,
    output: PerformanceOutput,
    example: {
      committed: "200",
      staleShare: "0.12",
      variants: [
        { fees: "gross", subscriptionLine: "none", flows: FLOWS, nav: { date: "2024-12-31", value: "168" } },
        { fees: "net", subscriptionLine: "none", flows: FLOWS, nav: NAV },
      ],
      index: { index: INDEX, indexName: "Synthetic index" },
    },
    calculation: performance,
    call: performance,
  }),
  define({
    name: "unit-performance",
    summary: "Every measure of a holding of units from its dated flows and the prices of its classes, labelled",
    source: "R41 to R46",
    input: UnitPerformanceInput,
    output: UnitPerformanceOutput,
    example: {
      currency: "USD",
      to: "2024-12-31",
      classes: [
        {
          id: "A",
          prices: [
            { date: "2022-01-15", price: "100" },
            { date: "2022-09-30", price: "100" },
            { date: "2023-12-31", price: "120" },
            { date: "2024-12-31", price: "128" },
          ],
          flows: [
            { date: "2022-01-15", via: "cash", units: "1", paidIn: "100" },
            { date: "2022-09-30", via: "cash", units: "0.5", paidIn: "50" },
            { date: "2023-12-31", via: "cash", units: "-0.25", paidOut: "30" },
          ],
        },
      ],
      basis: BASIS,
      index: { index: INDEX, indexName: "Synthetic index" },
    },
    calculation: unitPerformance,
    call: unitPerformance,
  }),
] as const;
