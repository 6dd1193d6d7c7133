// Part B of a filing: totals, sensitivities, securities lending, returns, flows, liquidity and derivatives programmes. Pure.
import type { z } from "zod";
import { type ElementReader, type Reported, reported } from "./element-reader.ts";
import {
  type Filing,
  type MonthlyFlow,
  OTHER_TOTALS,
  type Programme,
  type Returns,
  type Sensitivities,
  type Tenor,
  type TenorValues,
} from "./filing.ts";

type Fund = Pick<Filing, "totals" | "sensitivities" | "borrowers" | "nonCashCollateral" | "returns" | "programme"> & {
  flows: Omit<MonthlyFlow, "month">[];
};

const TENOR_FIELDS: Record<Tenor, string> = {
  "3m": "@period3Mon",
  "1y": "@period1Yr",
  "5y": "@period5Yr",
  "10y": "@period10Yr",
  "30y": "@period30Yr",
};

function readTenors(of: ElementReader | undefined): TenorValues | undefined {
  if (!of) return undefined;
  const values: TenorValues = {};
  for (const [tenor, field] of Object.entries(TENOR_FIELDS)) {
    const value = of.decimal(field);
    if (value !== undefined) values[tenor as Tenor] = value;
  }
  of.done();
  return values;
}

function readSensitivities(of: ElementReader): z.infer<typeof Sensitivities> | undefined {
  const list = of.child("curMetrics");
  const currencies = (list?.children("curMetric") ?? []).map((metric) => {
    const risk = reported({
      curCd: metric.code("curCd"),
      dv01: readTenors(metric.child("intrstRtRiskdv01")),
      dv100: readTenors(metric.child("intrstRtRiskdv100")),
    });
    metric.done();
    return risk;
  });
  list?.done();
  const investmentGrade = readTenors(of.child("creditSprdRiskInvstGrade"));
  const nonInvestmentGrade = readTenors(of.child("creditSprdRiskNonInvstGrade"));
  return list || investmentGrade || nonInvestmentGrade
    ? reported({ currencies, investmentGrade, nonInvestmentGrade })
    : undefined;
}

function readGain(of: ElementReader | undefined): {
  netRealizedGain?: Reported<string>;
  netUnrealizedAppr?: Reported<string>;
} {
  if (!of) return {};
  const gain = reported({
    netRealizedGain: of.decimal("@netRealizedGain"),
    netUnrealizedAppr: of.decimal("@netUnrealizedAppr"),
  });
  of.done();
  return gain;
}

const CONTRACTS = [
  "commodityContracts",
  "creditContracts",
  "equityContracts",
  "foreignExchgContracts",
  "interestRtContracts",
  "otherContracts",
];
const INSTRUMENTS = [
  "forwardCategory",
  "futureCategory",
  "optionCategory",
  "swaptionCategory",
  "swapCategory",
  "warrantCategory",
  "otherCategory",
];

function readReturns(of: ElementReader): z.infer<typeof Returns> {
  const list = of.child("monthlyTotReturns");
  const classes = (list?.children("monthlyTotReturn") ?? []).map((item) => {
    const returns = reported({
      classId: item.code("@classId"),
      rtn1: item.decimal("@rtn1"),
      rtn2: item.decimal("@rtn2"),
      rtn3: item.decimal("@rtn3"),
    });
    item.done();
    return returns;
  });
  const derivatives: z.infer<typeof Returns>["derivatives"] = [];
  const categories = of.child("monthlyReturnCats");
  for (const contract of CONTRACTS) {
    const element = categories?.child(contract);
    if (!element) continue;
    derivatives.push({ contract, months: [1, 2, 3].map((month) => readGain(element.child(`mon${month}`))) });
    for (const instrument of INSTRUMENTS) {
      const part = element.child(instrument);
      if (!part) continue;
      derivatives.push({
        contract,
        instrument,
        months: [1, 2, 3].map((month) => readGain(part.child(`instrMon${month}`))),
      });
      part.done();
    }
    element.done();
  }
  const other = [1, 2, 3].map((month) => readGain(of.child(`othMon${month}`)));
  for (const part of [list, categories, of]) part?.done();
  return { classes, derivatives, other };
}

function readCollateral(of: ElementReader): Filing["nonCashCollateral"] {
  of.leaveOut("isNonCashCollateral");
  const condition = of.child("aggregateCondition");
  condition?.leaveOut("@isNonCashCollateral");
  const list = condition?.child("aggregateInfos");
  const amounts = (list?.children("aggregateInfo") ?? []).map((item) => {
    const other = item.child("invstCatConditional");
    const category = other
      ? { invstCat: other.code("@invstCat"), otherDesc: other.text("@otherDesc") }
      : { invstCat: item.code("invstCat") };
    const collateral = reported({ amt: item.decimal("@amt"), collatrl: item.decimal("@collatrl"), ...category });
    other?.done();
    item.done();
    return collateral;
  });
  list?.done();
  condition?.done();
  return amounts;
}

function readProgramme(of: ElementReader): z.infer<typeof Programme> {
  const programme: z.infer<typeof Programme> = {};
  const liquid = of.child("liquidInvst");
  if (liquid) {
    const change = liquid.child("liquidInvConditional");
    const list = change?.child("rptPdChanges");
    programme.highlyLiquidMinimum = reported({
      highlyLiquidInvst: liquid.decimal("highlyLiquidInvst"),
      daysOfHolding: liquid.decimal("daysOfHolding"),
      changed: (change ?? liquid).yesNo("isChangeRepPd"),
      minimums: (list?.children("rptPdChange") ?? []).map((item) => item.decimal("#text") ?? null),
    });
    for (const part of [list, change, liquid]) part?.done();
  }
  const cover = of.child("derivTrans");
  if (cover) {
    const none = cover.text("classification");
    const classes = cover.children("derivTran").map((item) => {
      const share = reported({ classification: item.code("@classification"), fundPct: item.decimal("@fundPct") });
      item.done();
      return share;
    });
    programme.derivativeCover = none === null ? null : classes;
    cover.done();
  }
  const exposure = of.child("derivExposureInfo");
  if (exposure) {
    programme.derivativeExposure = reported({
      derivExposurePct: exposure.decimal("derivExposurePct"),
      derivCurrencyExposurePct: exposure.decimal("derivCurrencyExposurePct"),
      derivIntRateExposurePct: exposure.decimal("derivIntRateExposurePct"),
      noOfBusinessDaysInExcess: exposure.decimal("noOfBusinessDaysInExcess"),
    });
    exposure.done();
  }
  const risk = of.child("varInfo");
  if (risk) {
    const index = risk.child("fundsDesignatedInfo");
    programme.valueAtRisk = reported({
      medianDailyVarPct: risk.decimal("medianDailyVarPct"),
      backtestingResults: risk.decimal("backtestingResults"),
      nameDesignatedIndex: index?.text("nameDesignatedIndex"),
      indexIdentifier: index?.text("indexIdentifier"),
      medianVarRatioPct: index?.decimal("medianVarRatioPct"),
    });
    index?.done();
    risk.done();
  }
  const policy = of.child("namesRuleInvstPolicy");
  if (policy) {
    const list = policy.child("terms");
    const terms = (list?.children("termInformation") ?? []).map((item) => {
      const term = reported({ term: item.text("@term"), definition: item.text("@definitionofTerm") });
      item.done();
      return term;
    });
    list?.done();
    programme.namesRule = reported({ terms, fundsEightyPercentBasket: policy.decimal("fundsEightyPercentBasket") });
    policy.done();
  }
  return programme;
}

/** Part B. The three totals of B.1 are required; the rest is optional or may be "N/A". */
export function readFund(of: ElementReader): Fund {
  const other: Partial<Record<(typeof OTHER_TOTALS)[number], string | null>> = {};
  for (const name of OTHER_TOTALS) {
    const value = of.decimal(name);
    if (value !== undefined) other[name] = value;
  }
  const list = of.child("borrowers");
  const borrowers = (list?.children("borrower") ?? []).map((item) => {
    const borrower = reported({ name: item.text("@name"), lei: item.text("@lei"), aggrVal: item.decimal("@aggrVal") });
    item.done();
    return borrower;
  });
  list?.done();
  const returns = of.child("returnInfo");
  const months = [1, 2, 3].map((month) => of.child(`mon${month}Flow`));
  const fund = {
    totals: {
      totAssets: of.requiredDecimal("totAssets"),
      totLiabs: of.requiredDecimal("totLiabs"),
      netAssets: of.requiredDecimal("netAssets"),
      ...other,
    },
    sensitivities: readSensitivities(of),
    borrowers,
    nonCashCollateral: readCollateral(of),
    returns: returns && readReturns(returns),
    flows: months.map((month) => {
      const flow = month
        ? reported({
            sales: month.decimal("@sales"),
            reinvestment: month.decimal("@reinvestment"),
            redemption: month.decimal("@redemption"),
          })
        : {};
      month?.done();
      return flow;
    }),
    programme: readProgramme(of),
  };
  of.done();
  return fund;
}
