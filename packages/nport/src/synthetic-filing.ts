// Writes a made-up but valid Form N-PORT document, so that a clean clone tests everything the reader does. Every name says "Synthetic".
// Streams: a document of any length is written one holding at a time.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { TENORS, type Tenor } from "./filing.ts";
import { reportedMonths } from "./read-filing.ts";
import {
  random,
  type SyntheticHolding,
  SyntheticOptions,
  syntheticHolding,
  syntheticLei,
} from "./synthetic-holding.ts";

/** What was written, to compare a reading with. Amounts in cents. */
export interface SyntheticFacts {
  options: SyntheticOptions;
  holdings: number;
  holdingsTotalCents: bigint;
  netAssetsCents: bigint;
  totalLiabilitiesCents: bigint;
  /** Present value change for +1 basis point, in units of 1e-12 dollars. */
  dv01: Record<Tenor, bigint>;
  /** Null where the flows are "N/A". */
  flows: { month: string; salesCents: bigint; reinvestmentCents: bigint; redemptionCents: bigint }[];
}

const dollars = (cents: bigint): string => scaled(cents, 2);

/** An integer as a decimal with `places` places: (-12345, 2) → "-123.45". */
export function scaled(value: bigint, places: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
const NA = "N/A";

/** Counts the filing up without writing it. Runs over every holding once. Errors: EG400 for options out of range. */
export function syntheticFacts(input: Partial<SyntheticOptions> = {}): SyntheticFacts {
  const checked = SyntheticOptions.safeParse(input);
  if (!checked.success)
    throw new EvergreenError(
      "EG400",
      `A synthetic filing cannot have this ${checked.error.issues[0]?.path.join(".") || "option"}.`,
    );
  const options = checked.data;
  if (options.derivatives > options.holdings)
    throw new EvergreenError("EG400", "A synthetic filing cannot have more derivatives than holdings.");
  let total = 0n;
  const dv01: Record<Tenor, bigint> = { "3m": 0n, "1y": 0n, "5y": 0n, "10y": 0n, "30y": 0n };
  for (let index = 0; index < options.holdings; index += 1) {
    const holding = syntheticHolding(options, index);
    total += holding.valueCents;
    if (holding.coupon && holding.maturity) {
      const days = BigInt(Math.round((Date.parse(holding.maturity) - Date.parse(options.reportDate)) / 86_400_000));
      // One basis point of value per year to maturity: cents × days / 365 × 1e-4, in 1e-12 dollars.
      dv01[tenorOf(days)] += (holding.valueCents * days * 1_000_000n) / 365n;
    }
  }
  // A fund without holdings holds a million dollars of cash.
  const net = options.holdings === 0 ? 100_000_000n : (total * 10_000n) / BigInt(10_000 - options.cashShareBps);
  const next = random(options.seed ^ 0x5f356495);
  const flow = (limit: number): bigint => (net * BigInt(next() % limit)) / 10_000n;
  return {
    options,
    holdings: options.holdings,
    holdingsTotalCents: total,
    netAssetsCents: net,
    totalLiabilitiesCents: net < 0n ? 0n : net / 200n,
    dv01,
    flows: reportedMonths(options.reportDate).map((month) => ({
      month,
      salesCents: flow(300),
      reinvestmentCents: flow(20),
      redemptionCents: flow(400),
    })),
  };
}

function tenorOf(days: bigint): Tenor {
  const ends: [bigint, Tenor][] = [
    [180n, "3m"],
    [1095n, "1y"],
    [2737n, "5y"],
    [5475n, "10y"],
  ];
  return ends.find(([end]) => days < end)?.[1] ?? "30y";
}

const PERIODS: Record<Tenor, string> = {
  "3m": "period3Mon",
  "1y": "period1Yr",
  "5y": "period5Yr",
  "10y": "period10Yr",
  "30y": "period30Yr",
};
const tenors = (values: Record<Tenor, bigint>, times: bigint): string =>
  TENORS.map((tenor) => `${PERIODS[tenor]}="${scaled(values[tenor] * times, 12)}"`).join(" ");

function head(facts: SyntheticFacts): string {
  const { options } = facts;
  const year = Number(options.reportDate.slice(0, 4));
  const zero = (names: string): string =>
    names
      .split(" ")
      .map((name) => `      <${name}>0.00</${name}>`)
      .join("\n");
  const flows = facts.flows.map((flow, at) =>
    options.flowsNotAvailable && at === 0
      ? `      <mon1Flow redemption="${NA}" reinvestment="${NA}" sales="${NA}"/>`
      : `      <mon${at + 1}Flow redemption="${dollars(flow.redemptionCents)}" reinvestment="${dollars(flow.reinvestmentCents)}" sales="${dollars(flow.salesCents)}"/>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- Synthetic data made by a generator. This is not a filing of any fund. -->
<edgarSubmission xmlns="http://www.sec.gov/edgar/nport" xmlns:com="http://www.sec.gov/edgar/common" xmlns:ncom="http://www.sec.gov/edgar/nportcommon">
  <headerData>
    <submissionType>${options.submissionType}</submissionType>
    <isConfidential>${options.submissionType.startsWith("NPORT-NP")}</isConfidential>
    <filerInfo>
      <filer><issuerCredentials><cik>9999999999</cik><ccc>XXXXXXXX</ccc></issuerCredentials></filer>
      <seriesClassInfo><seriesId>S999999999</seriesId><classId>C999999999</classId></seriesClassInfo>
    </filerInfo>
  </headerData>
  <formData>
    <genInfo>
      <regName>Synthetic Funds Trust</regName>
      <regFileNumber>811-99999</regFileNumber>
      <regCik>9999999999</regCik>
      <regLei>${syntheticLei(999_999_999)}</regLei>
      <regStreet1>1 Synthetic Street</regStreet1>
      <regCity>Nowhere</regCity>
      <regStateConditional regCountry="US" regState="US-NY"/>
      <regZipOrPostalCode>00000</regZipOrPostalCode>
      <regPhone>000-000-0000</regPhone>
      <seriesName>Synthetic Evergreen Series ${options.seed}</seriesName>
      <seriesId>S999999999</seriesId>
      <seriesLei>${NA}</seriesLei>
      <repPdEnd>${year}-12-31</repPdEnd>
      <repPdDate>${options.reportDate}</repPdDate>
      <isFinalFiling>N</isFinalFiling>
    </genInfo>
    <fundInfo>
      <totAssets>${dollars(facts.netAssetsCents + facts.totalLiabilitiesCents)}0000000000</totAssets>
      <totLiabs>${dollars(facts.totalLiabilitiesCents)}</totLiabs>
      <netAssets>${dollars(facts.netAssetsCents)}0000000000</netAssets>
${zero("assetsAttrMiscSec assetsInvested amtPayOneYrBanksBorr amtPayOneYrCtrldComp amtPayOneYrOthAffil amtPayOneYrOther amtPayAftOneYrBanksBorr amtPayAftOneYrCtrldComp amtPayAftOneYrOthAffil amtPayAftOneYrOther delayDeliv standByCommit liquidPref cshNotRptdInCorD")}
      <curMetrics>
        <curMetric>
          <curCd>USD</curCd>
          <intrstRtRiskdv01 ${tenors(facts.dv01, 1n)}/>
          <intrstRtRiskdv100 ${tenors(facts.dv01, 100n)}/>
        </curMetric>
      </curMetrics>
      <creditSprdRiskInvstGrade ${tenors(facts.dv01, 1n)}/>
      <creditSprdRiskNonInvstGrade ${tenors(facts.dv01, 0n)}/>
      <isNonCashCollateral>N</isNonCashCollateral>
      <returnInfo>
        <monthlyTotReturns><monthlyTotReturn classId="C999999999" rtn1="-.05" rtn2="1.20" rtn3=".15"/></monthlyTotReturns>
        <othMon1 netRealizedGain="0.00" netUnrealizedAppr="-100.00"/>
        <othMon2 netRealizedGain="0.00" netUnrealizedAppr="2000.00"/>
        <othMon3 netRealizedGain="-10.00" netUnrealizedAppr="300.00"/>
      </returnInfo>
${flows.join("\n")}
    </fundInfo>
`;
}

function derivativeXml(holding: SyntheticHolding, options: SyntheticOptions): string {
  const party = `<counterparties><counterpartyName>${escaped(holding.name)}</counterpartyName><counterpartyLei>${syntheticLei(1)}</counterpartyLei></counterparties>`;
  if (holding.kind === "forward") {
    return `        <derivativeInfo><fwdDeriv derivCat="FWD">${party}<amtCurSold>100000</amtCurSold><curSold>USD</curSold><amtCurPur>92000</amtCurPur><curPur>EUR</curPur><settlementDt>${options.reportDate}</settlementDt><unrealizedAppr>${dollars(holding.valueCents)}</unrealizedAppr></fwdDeriv></derivativeInfo>\n`;
  }
  const swap = `<swapDeriv derivCat="SWP">${party}<descRefInstrmnt><indexBasketInfo><indexName>Synthetic Index</indexName><indexIdentifier>SYNX</indexIdentifier><components><component><othIndName>Synthetic Common Stock 0001</othIndName></component></components></indexBasketInfo></descRefInstrmnt><fixedRecDesc fixedOrFloating="Fixed" fixedRt="4.5" curCd="USD" amount="0"/><floatingPmntDesc fixedOrFloating="Floating" floatingRtIndex="SOFR" floatingRtSpread=".25" curCd="USD" pmntAmt="0"><rtResetTenors><rtResetTenor resetDt="Month" resetDtUnit="1" rateTenor="Month" rateTenorUnit="3"/></rtResetTenors></floatingPmntDesc><terminationDt>${NA}</terminationDt><upfrontPmnt>0</upfrontPmnt><pmntCurCd>USD</pmntCurCd><upfrontRcpt>0</upfrontRcpt><rcptCurCd>USD</rcptCurCd><notionalAmt>1000000</notionalAmt><curCd>USD</curCd></swapDeriv>`;
  return `        <derivativeInfo><optionSwaptionWarrantDeriv derivCat="OPT">${party}<putOrCall>Put</putOrCall><writtenOrPur>Purchased</writtenOrPur><descRefInstrmnt><nestedDerivInfo>${swap}</nestedDerivInfo></descRefInstrmnt><shareNo>100</shareNo><exercisePrice>4100.5</exercisePrice><exercisePriceCurCd>USD</exercisePriceCurCd><expDt>${options.reportDate}</expDt><delta>XXXX</delta><unrealizedAppr>${dollars(holding.valueCents)}</unrealizedAppr></optionSwaptionWarrantDeriv></derivativeInfo>\n`;
}

function holdingXml(holding: SyntheticHolding, facts: SyntheticFacts): string {
  const { options, netAssetsCents } = facts;
  const percent = netAssetsCents === 0n ? NA : scaled((holding.valueCents * 1_000_000_000_000n) / netAssetsCents, 10);
  const isin = holding.isin ? `<isin value="${holding.isin}"/>` : "";
  const currency = holding.exchangeRate
    ? `<currencyConditional curCd="${holding.currency}" exchangeRt="${holding.exchangeRate}"/>`
    : `<curCd>${holding.currency}</curCd>`;
  const liquidity = options.liquidityClasses
    ? `<fundCats>${holding.liquidity.map((item) => `<fundCat category="${item.category}" pct="${item.pct}"/>`).join("")}</fundCats>`
    : "";
  const debt = holding.coupon
    ? `        <debtSec><maturityDt>${holding.maturity ?? NA}</maturityDt><couponKind>${holding.coupon}</couponKind><annualizedRt>${holding.rate ?? NA}</annualizedRt><isDefault>N</isDefault><areIntrstPmntsInArrs>N</areIntrstPmntsInArrs><isPaidKind>N</isPaidKind></debtSec>\n`
    : "";
  const repurchase =
    holding.kind === "repurchase"
      ? `        <repurchaseAgrmt><transCat>Repurchase</transCat><notClearedCentCparty isCleared="N"><counterpartyInfos><counterpartyInfo name="${escaped(holding.name)}" lei="${NA}"/></counterpartyInfos></notClearedCentCparty><isTriParty>Y</isTriParty><repurchaseRt>4.3</repurchaseRt><maturityDt>${holding.maturity}</maturityDt><repurchaseCollaterals><repurchaseCollateral><principalAmt>1000</principalAmt><principalCd>USD</principalCd><collateralVal>1020</collateralVal><collateralCd>USD</collateralCd><invstCat>UST</invstCat></repurchaseCollateral></repurchaseCollaterals></repurchaseAgrmt>\n`
      : "";
  const derivative = holding.kind === "option" || holding.kind === "forward" ? derivativeXml(holding, options) : "";
  return `      <invstOrSec>
        <name>${escaped(holding.name)}</name>
        <lei>${holding.lei ?? NA}</lei>
        <title>${escaped(holding.title)}</title>
        <cusip>${holding.cusip ?? NA}</cusip>
        <identifiers>${isin}<other otherDesc="Internal" value="${holding.internalId}"/></identifiers>
        <balance>${holding.balance ?? NA}</balance>
        <units>${holding.units}</units>
        ${currency}
        <valUSD>${dollars(holding.valueCents)}</valUSD>
        <pctVal>${percent}</pctVal>
        <payoffProfile>${derivative ? NA : "Long"}</payoffProfile>
        <assetCat>${holding.assetCat}</assetCat>
        <issuerCat>${holding.issuerCat}</issuerCat>
        <invCountry>${holding.country}</invCountry>
        <isRestrictedSec>${holding.restricted ? "Y" : "N"}</isRestrictedSec>
        ${liquidity}<fairValLevel>${holding.level ?? NA}</fairValLevel>
${debt}${repurchase}${derivative}        <securityLending><isCashCollateral>N</isCashCollateral><isNonCashCollateral>N</isNonCashCollateral><isLoanByFund>N</isLoanByFund></securityLending>
      </invstOrSec>
`;
}

/** The document piece by piece: head, one piece per holding, end. */
export function* syntheticPieces(facts: SyntheticFacts): Generator<string> {
  yield head(facts);
  if (facts.holdings > 0) yield "    <invstOrSecs>\n";
  for (let index = 0; index < facts.holdings; index += 1)
    yield holdingXml(syntheticHolding(facts.options, index), facts);
  if (facts.holdings > 0) yield "    </invstOrSecs>\n";
  yield `    <explntrNotes><explntrNote note="Synthetic data: every figure and name in this document is made up." noteItem="B.1"/></explntrNotes>
    <signature>
      <ncom:dateSigned>${facts.options.reportDate}</ncom:dateSigned>
      <ncom:nameOfApplicant>Synthetic Funds Trust</ncom:nameOfApplicant>
      <ncom:signature>Synthetic Signer</ncom:signature>
      <ncom:signerName>Synthetic Signer</ncom:signerName>
      <ncom:title>Treasurer</ncom:title>
    </signature>
  </formData>
</edgarSubmission>
`;
}

/** The whole document as text, for small ones. */
export const syntheticXml = (options: Partial<SyntheticOptions> = {}): string =>
  [...syntheticPieces(syntheticFacts(options))].join("");

/**
 * Writes a synthetic filing to a path or a stream, holding by holding, and ends the stream. Returns what was written. Errors: EG400 for
 * options out of range; errors of the stream as they are.
 */
export async function writeSyntheticFiling(
  target: string | URL | Writable,
  options: Partial<SyntheticOptions> = {},
): Promise<SyntheticFacts> {
  const facts = syntheticFacts(options);
  const stream = typeof target === "string" || target instanceof URL ? createWriteStream(target) : target;
  const ended = finished(stream);
  // Awaited below; until then a broken stream must not become an unhandled rejection.
  ended.catch(() => undefined);
  for (const piece of syntheticPieces(facts)) {
    if (stream.destroyed) break;
    if (!stream.write(piece)) await Promise.race([once(stream, "drain"), ended]);
  }
  stream.end();
  await ended;
  return facts;
}
