// <derivativeInfo> and what it may contain (item C.11): forwards, futures, swaps, options, others, and derivatives that refer to
// derivatives. Pure. The nesting is bounded by the depth limit of the XML parser.
import type { z } from "zod";
import { type ElementReader, type Reported, reported } from "./element-reader.ts";
import type { Derivative, Reference, SwapLeg } from "./filing-holding.ts";
import { readIdentifiers, readPosition } from "./read-position.ts";
import { refuse } from "./reading-notes.ts";

const KINDS = {
  fwdDeriv: "forward",
  futrDeriv: "future",
  swapDeriv: "swap",
  optionSwaptionWarrantDeriv: "option_swaption_warrant",
  othDeriv: "other",
} as const;

/** The one derivative of a `<derivativeInfo>` or `<nestedDerivInfo>`; two kinds at once refuse the file, none leaves it out. */
export function readDerivative(of: ElementReader): Derivative | undefined {
  let found: Derivative | undefined;
  for (const [name, kind] of Object.entries(KINDS)) {
    const element = of.child(name);
    if (!element) continue;
    if (found) refuse(element.line, `${of.path} holds two derivatives.`);
    found = readKind(element, kind);
  }
  of.done();
  return found;
}

function readKind(of: ElementReader, kind: Derivative["kind"]): Derivative {
  const reference = of.child("descRefInstrmnt");
  const additional = of.child("derivAddlInfo");
  const counterparties = of.children("counterparties").map((party) => {
    const counterparty = reported({ name: party.text("counterpartyName"), lei: party.text("counterpartyLei") });
    party.done();
    return counterparty;
  });
  const list = of.child("notionalAmts");
  const notionals = list?.children("notionalAmt").map((item) => {
    const notional = reported({ amt: item.decimal("@amt"), curCd: item.code("@curCd") });
    item.done();
    return notional;
  });
  list?.done();
  const derivative: Derivative = reported({
    kind,
    derivCat: of.code("@derivCat"),
    othDesc: of.text("@othDesc"),
    counterparties,
    payOffProf: of.code("payOffProf"),
    putOrCall: of.code("putOrCall"),
    writtenOrPur: of.code("writtenOrPur"),
    shareNo: of.decimal("shareNo"),
    principalAmt: of.decimal("principalAmt"),
    exercisePrice: of.decimal("exercisePrice"),
    exercisePriceCurCd: of.code("exercisePriceCurCd"),
    delta: of.decimalOrWithheld("delta"),
    expDate: of.day("expDate"),
    expDt: of.day("expDt"),
    settlementDt: of.day("settlementDt"),
    terminationDt: of.day("terminationDt"),
    amtCurSold: of.decimal("amtCurSold"),
    curSold: of.code("curSold"),
    amtCurPur: of.decimal("amtCurPur"),
    curPur: of.code("curPur"),
    swapFlag: of.yesNo("swapFlag"),
    receives: readLeg(of, "Rec"),
    pays: readLeg(of, "Pmnt"),
    upfrontPmnt: of.decimal("upfrontPmnt"),
    pmntCurCd: of.code("pmntCurCd"),
    upfrontRcpt: of.decimal("upfrontRcpt"),
    rcptCurCd: of.code("rcptCurCd"),
    notionalAmt: of.decimal("notionalAmt"),
    notionals,
    curCd: of.code("curCd"),
    unrealizedAppr: of.decimal("unrealizedAppr"),
    reference: reference && readReference(reference),
    additional: additional && readAdditional(additional),
  });
  of.done();
  return derivative;
}

function readAdditional(of: ElementReader): ReturnType<typeof readPosition> {
  const position = readPosition(of);
  of.done();
  return position;
}

/** `<fixedRecDesc>`, `<floatingRecDesc>` or `<otherRecDesc>`; the same with `Pmnt` for the paying side. */
function readLeg(of: ElementReader, side: "Rec" | "Pmnt"): z.infer<typeof SwapLeg> | undefined {
  for (const kind of ["fixed", "floating", "other"] as const) {
    const element = of.child(`${kind}${side}Desc`);
    if (!element) continue;
    element.leaveOut("@fixedOrFloating");
    const tenors = element.child("rtResetTenors");
    const resets = tenors?.children("rtResetTenor").map((tenor) => {
      const reset = reported({
        resetDt: tenor.code("@resetDt"),
        resetDtUnit: tenor.decimal("@resetDtUnit"),
        rateTenor: tenor.code("@rateTenor"),
        rateTenorUnit: tenor.decimal("@rateTenorUnit"),
      });
      tenor.done();
      return reset;
    });
    tenors?.done();
    const description: Reported<string> = kind === "other" ? element.ownText() : undefined;
    const leg = reported({
      kind,
      description,
      fixedRt: element.decimal("@fixedRt"),
      amount: element.decimal("@amount"),
      floatingRtIndex: element.text("@floatingRtIndex"),
      floatingRtSpread: element.decimal("@floatingRtSpread"),
      pmntAmt: element.decimal("@pmntAmt"),
      curCd: element.code("@curCd"),
      resets,
    });
    element.done();
    return leg;
  }
  return undefined;
}

/** What the derivative refers to: `<indexBasketInfo>`, `<otherRefInst>` or `<nestedDerivInfo>`. */
function readReference(of: ElementReader): Reference {
  const reference: Reference = {};
  const index = of.child("indexBasketInfo");
  if (index) {
    reference.indexName = index.text("indexName");
    reference.indexIdentifier = index.text("indexIdentifier");
    reference.narrativeDesc = index.text("narrativeDesc");
    const components = index.child("components");
    if (components) {
      reference.components = components.omitted;
      components.done();
    }
    index.done();
  }
  const other = of.child("otherRefInst");
  if (other) {
    reference.issuerName = other.text("issuerName");
    reference.issueTitle = other.text("issueTitle");
    reference.identifiers = readIdentifiers(other.child("identifiers"));
    other.done();
  }
  const nested = of.child("nestedDerivInfo");
  if (nested) reference.nested = readDerivative(nested);
  of.done();
  return reported(reference);
}
