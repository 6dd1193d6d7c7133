// What is held and how much (items C.1, C.2, C.4, C.5): shared by holdings and by derivatives that other derivatives refer to. Pure.
import type { z } from "zod";
import { type ElementReader, type Reported, reported } from "./element-reader.ts";
import type { FiledIdentifier, Position } from "./filing-holding.ts";
import { refuse } from "./reading-notes.ts";

const UNITS = new Set(["NS", "PA", "NC", "OU"]);
export const ASSET_CODES = new Set([
  "STIV",
  "RA",
  "EC",
  "EP",
  "DBT",
  "DCO",
  "DCR",
  "DE",
  "DFE",
  "DIR",
  "DO",
  "SN",
  "LON",
  "ABS-MBS",
  "ABS-APCP",
  "ABS-CBDO",
  "ABS-O",
  "COMM",
  "RE",
  "OTHER",
]);
const ISSUER_CODES = new Set(["CORP", "UST", "USGA", "USGSE", "MUN", "NUSS", "PF", "RF", "OTHER"]);

/** Identifiers of an `<identifiers>` element, "N/A" ones left out. */
export function readIdentifiers(element: ElementReader | undefined): FiledIdentifier[] {
  if (!element) return [];
  const found: FiledIdentifier[] = [];
  for (const scheme of ["cusip", "isin", "ticker", "other"] as const) {
    for (const child of element.children(scheme)) {
      const value = child.text("@value");
      // Files before schema 1.4 carry the description of an `other` identifier in `desc`.
      const description = scheme === "other" ? (child.text("@otherDesc") ?? child.text("@desc")) : undefined;
      child.done();
      if (typeof value === "string") found.push(reported({ scheme, value, description }));
    }
  }
  element.done();
  return found;
}

/** A field that is either an element (`assetCat`) or, when it is "other", an element with attributes (`assetConditional`). */
function conditional(
  of: ElementReader,
  plainName: string,
  conditionalName: string,
  known: ReadonlySet<string>,
): { code: Reported<string>; description: Reported<string> } {
  const code = of.code(plainName, known);
  const other = of.child(conditionalName);
  if (!other) return { code, description: undefined };
  if (code !== undefined) refuse(other.line, `${of.path} has both ${plainName} and ${conditionalName}.`);
  const result = { code: other.code(`@${plainName}`, known), description: other.text("@desc") };
  other.done();
  return result;
}

/** Items C.1, C.2, C.4, C.5. */
export function readPosition(of: ElementReader): z.infer<typeof Position> {
  const identity = {
    name: of.text("name"),
    lei: of.text("lei"),
    title: of.text("title"),
    cusip: of.text("cusip"),
    identifiers: readIdentifiers(of.child("identifiers")),
  };
  const foreign = of.child("currencyConditional");
  const home = of.code("curCd");
  if (foreign && home !== undefined) refuse(foreign.line, `${of.path} has both curCd and currencyConditional.`);
  const currency = foreign
    ? { curCd: foreign.code("@curCd"), exchangeRt: foreign.decimal("@exchangeRt") }
    : { curCd: home };
  foreign?.done();
  const asset = conditional(of, "assetCat", "assetConditional", ASSET_CODES);
  const issuer = conditional(of, "issuerCat", "issuerConditional", ISSUER_CODES);
  return reported({
    ...identity,
    balance: of.decimal("balance"),
    units: of.code("units", UNITS),
    descOthUnits: of.text("descOthUnits"),
    ...currency,
    valUSD: of.decimal("valUSD"),
    pctVal: of.decimal("pctVal"),
    isIncludedFunds80PercentBasket: of.yesNo("isIncludedFunds80PercentBasket"),
    assetCat: asset.code,
    assetDesc: asset.description,
    issuerCat: issuer.code,
    issuerDesc: issuer.description,
    invCountry: of.code("invCountry"),
    invOthCountry: of.code("invOthCountry"),
  });
}
