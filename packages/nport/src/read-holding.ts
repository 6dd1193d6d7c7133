// One <invstOrSec> to a Holding: items C.1 to C.12, including every conditional form of a field. Pure; refuses with line and reason.
import type { z } from "zod";
import { type ElementReader, type Reported, reported } from "./element-reader.ts";
import { type Debt, Holding, type Lending, type LiquidityClasses, type Repurchase } from "./filing-holding.ts";
import { readDerivative } from "./read-derivative.ts";
import { readIdentifiers, readPosition } from "./read-position.ts";
import { refuse } from "./reading-notes.ts";

const PROFILES = new Set(["Long", "Short"]);
const LEVELS = new Set(["1", "2", "3"]);
const COUPONS = new Set(["Fixed", "Floating", "Variable", "None"]);
const LIQUIDITY = new Set(["HLI", "MLI", "LLI", "ILI"]);

function readDebt(of: ElementReader): z.infer<typeof Debt> {
  const debt: z.infer<typeof Debt> = {
    maturityDt: of.day("maturityDt"),
    couponKind: of.code("couponKind", COUPONS),
    annualizedRt: of.decimal("annualizedRt"),
    isDefault: of.yesNo("isDefault"),
    areIntrstPmntsInArrs: of.yesNo("areIntrstPmntsInArrs"),
    isPaidKind: of.yesNo("isPaidKind"),
    isMandatoryConvrtbl: of.yesNo("isMandatoryConvrtbl"),
    isContngtConvrtbl: of.yesNo("isContngtConvrtbl"),
    delta: of.decimalOrWithheld("delta"),
  };
  const instruments = of.child("dbtSecRefInstruments");
  if (instruments) {
    debt.references = instruments.children("dbtSecRefInstrument").map((instrument) => {
      const reference = reported({
        name: instrument.text("name"),
        title: instrument.text("title"),
        curCd: instrument.code("curCd"),
        identifiers: readIdentifiers(instrument.child("identifiers")),
      });
      instrument.done();
      return reference;
    });
    instruments.done();
  }
  const currencies = of.child("currencyInfos");
  if (currencies) {
    debt.conversions = currencies.children("currencyInfo").map((info) => {
      const conversion = reported({ convRatio: info.decimal("@convRatio"), curCd: info.code("@curCd") });
      info.done();
      return conversion;
    });
    currencies.done();
  }
  of.done();
  return reported(debt);
}

function readRepurchase(of: ElementReader): z.infer<typeof Repurchase> {
  const cleared = of.child("clearedCentCparty");
  const direct = of.child("notClearedCentCparty");
  const counterparties: { name: Reported<string>; lei?: Reported<string> }[] = [];
  const isCleared = (cleared ?? direct)?.yesNo("@isCleared");
  if (cleared) counterparties.push(reported({ name: cleared.text("@centralCounterparty") }));
  const infos = direct?.child("counterpartyInfos");
  for (const info of infos?.children("counterpartyInfo") ?? []) {
    counterparties.push(reported({ name: info.text("@name"), lei: info.text("@lei") }));
    info.done();
  }
  const list = of.child("repurchaseCollaterals");
  const collaterals = (list?.children("repurchaseCollateral") ?? []).map((collateral) => {
    const other = collateral.child("invstCatConditional");
    const category = other
      ? { invstCat: other.code("@invstCat"), desc: other.text("@desc") }
      : { invstCat: collateral.code("invstCat") };
    const terms = reported({
      principalAmt: collateral.decimal("principalAmt"),
      principalCd: collateral.code("principalCd"),
      collateralVal: collateral.decimal("collateralVal"),
      collateralCd: collateral.code("collateralCd"),
      ...category,
    });
    other?.done();
    collateral.done();
    return terms;
  });
  const agreement = reported({
    transCat: of.code("transCat"),
    isCleared,
    counterparties,
    isTriParty: of.yesNo("isTriParty"),
    repurchaseRt: of.decimal("repurchaseRt"),
    maturityDt: of.day("maturityDt"),
    collaterals,
  });
  for (const part of [cleared, direct, infos, list, of]) part?.done();
  return agreement;
}

/** Item C.7: `<fundCat>N/A</fundCat>`, or `<fundCats>` with up to four classes in percent. Public filings carry neither. */
function readLiquidity(of: ElementReader): z.infer<typeof LiquidityClasses> | null | undefined {
  const several = of.child("fundCats");
  if (!several) {
    const single = of.code("fundCat", LIQUIDITY);
    return typeof single === "string" ? { classes: [{ category: single, pct: "100" }], circumstances: [] } : single;
  }
  const classes = several.children("fundCat").map((item) => {
    const share = reported({ category: item.code("@category", LIQUIDITY), pct: item.decimal("@pct") });
    item.done();
    return share;
  });
  const circumstances = several.children("circumstances").flatMap((item) => {
    const circumstance = item.ownText();
    item.done();
    return typeof circumstance === "string" ? [circumstance.slice(0, 40)] : [];
  });
  several.done();
  return { classes, circumstances };
}

/** Item C.12: each answer is a plain N, or an element with Y and the value. */
function readLending(of: ElementReader): z.infer<typeof Lending> {
  const lending: z.infer<typeof Lending> = {
    isCashCollateral: of.yesNo("isCashCollateral"),
    isNonCashCollateral: of.yesNo("isNonCashCollateral"),
    isLoanByFund: of.yesNo("isLoanByFund"),
  };
  const cash = of.child("cashCollateralCondition");
  if (cash)
    Object.assign(lending, {
      isCashCollateral: cash.yesNo("@isCashCollateral"),
      cashCollateralVal: cash.decimal("@cashCollateralVal"),
    });
  const other = of.child("nonCashCollateralCondition");
  if (other)
    Object.assign(lending, {
      isNonCashCollateral: other.yesNo("@isNonCashCollateral"),
      nonCashCollateralVal: other.decimal("@nonCashCollateralVal"),
    });
  const loan = of.child("loanByFundCondition");
  if (loan) Object.assign(lending, { isLoanByFund: loan.yesNo("@isLoanByFund"), loanVal: loan.decimal("@loanVal") });
  for (const part of [cash, other, loan, of]) part?.done();
  return reported(lending);
}

/**
 * Reads one holding. Refuses (EG400 with line) a holding without name or value, a repeated field, a malformed number or day.
 * Unknown parts go to the reader's notes.
 */
export function readHolding(of: ElementReader): Holding {
  const { line } = of;
  const notDissem = of.yesNo("notDissem");
  const position = readPosition(of);
  const { name, valUSD } = position;
  if (typeof name !== "string") refuse(line, `a holding has no name${name === null ? " (N/A)" : ""}.`);
  if (valUSD === undefined) refuse(line, "a holding has no valUSD.");
  const debt = of.child("debtSec");
  const repurchase = of.child("repurchaseAgrmt");
  const derivative = of.child("derivativeInfo");
  const lending = of.child("securityLending");
  const holding: Holding = reported({
    ...position,
    name,
    valUSD,
    line,
    notDissem,
    payoffProfile: of.code("payoffProfile", PROFILES),
    isRestrictedSec: of.yesNo("isRestrictedSec"),
    liquidity: readLiquidity(of),
    fairValLevel: of.code("fairValLevel", LEVELS),
    debt: debt && readDebt(debt),
    repurchase: repurchase && readRepurchase(repurchase),
    derivative: derivative && readDerivative(derivative),
    lending: lending && readLending(lending),
  });
  of.done();
  const checked = Holding.safeParse(holding);
  if (!checked.success)
    refuse(
      line,
      `a holding does not have the form's shape (${checked.error.issues
        .map((issue) => issue.path.join("."))
        .join(", ")
        .slice(0, 200)}).`,
      checked.error,
    );
  return checked.data;
}
