// A made-up document that uses every element of the form once (schema 1.13), for tests. No figure means anything.

const tenors = (values: string[]): string =>
  ["period3Mon", "period1Yr", "period5Yr", "period10Yr", "period30Yr"]
    .map((name, at) => `${name}="${values[at]}"`)
    .join(" ");
const parties =
  "<counterparties><counterpartyName>Synthetic Dealer</counterpartyName><counterpartyLei>N/A</counterpartyLei></counterparties>";
const gains = (name: string, last = "0"): string =>
  [1, 2, 3]
    .map(
      (month) =>
        `<${name}${month} netRealizedGain="${month === 3 ? last : month}" netUnrealizedAppr="${month === 3 ? last : -month}"/>`,
    )
    .join("");
const noLending =
  "<securityLending><isCashCollateral>N</isCashCollateral><isNonCashCollateral>N</isNonCashCollateral><isLoanByFund>N</isLoanByFund></securityLending>";

function holding(name: string, body: string, before = "", lending = noLending): string {
  return `<invstOrSec>${before}<name>${name}</name><lei>N/A</lei><title>${name}</title><cusip>N/A</cusip><identifiers><other value="x" otherDesc="Internal"/></identifiers><balance>1</balance><units>NC</units><curCd>USD</curCd><valUSD>10</valUSD><pctVal>.1</pctVal><payoffProfile>N/A</payoffProfile><assetCat>DO</assetCat><issuerCat>CORP</issuerCat><invCountry>N/A</invCountry><isRestrictedSec>N</isRestrictedSec><fundCat>N/A</fundCat><fairValLevel>N/A</fairValLevel>${body}${lending}</invstOrSec>`;
}

const derivative = (body: string): string =>
  holding("Synthetic Derivative", `<derivativeInfo>${body}</derivativeInfo>`);

const first = `<invstOrSec><notDissem>true</notDissem><name>Synthetic Wine</name><lei>5493006TF05454RBY690</lei><title>Synthetic Wine Notes</title><cusip>000000000</cusip>
<identifiers><isin value="DE0000000001"/><ticker value="SYN"/><ticker value="SYN2"/><other otherDesc="Internal" value="x1"/></identifiers>
<balance>12</balance><units>OU</units><descOthUnits>bottles</descOthUnits><currencyConditional curCd="EUR" exchangeRt=".92"/><valUSD>700</valUSD><pctVal>70</pctVal><isIncludedFunds80PercentBasket>Y</isIncludedFunds80PercentBasket><payoffProfile>Long</payoffProfile>
<assetConditional assetCat="OTHER" desc="wine"/><issuerConditional issuerCat="OTHER" desc="cellar"/><invCountry>DE</invCountry><invOthCountry>FR</invOthCountry><isRestrictedSec>Y</isRestrictedSec>
<fundCats><fundCat category="HLI" pct="60"/><fundCat category="ILI" pct="40"/><circumstances>MULTI_SUBADVISORS</circumstances></fundCats><fairValLevel>3</fairValLevel>
<debtSec><maturityDt>2030-06-30</maturityDt><couponKind>Variable</couponKind><annualizedRt>4.5</annualizedRt><isDefault>Y</isDefault><areIntrstPmntsInArrs>Y</areIntrstPmntsInArrs><isPaidKind>Y</isPaidKind><isMandatoryConvrtbl>N</isMandatoryConvrtbl><isContngtConvrtbl>Y</isContngtConvrtbl><dbtSecRefInstruments><dbtSecRefInstrument><name>R</name><title>T</title><curCd>USD</curCd><identifiers><cusip value="990000002"/><isin value="N/A"/></identifiers></dbtSecRefInstrument></dbtSecRefInstruments><currencyInfos><currencyInfo convRatio="1.5" curCd="USD"/></currencyInfos><delta>XXXX</delta></debtSec>
<securityLending><cashCollateralCondition isCashCollateral="Y" cashCollateralVal="1.5"/><nonCashCollateralCondition isNonCashCollateral="Y" nonCashCollateralVal="2.5"/><loanByFundCondition isLoanByFund="Y" loanVal="3.5"/></securityLending></invstOrSec>`;

const repurchase = holding(
  "Synthetic Repurchase",
  `<repurchaseAgrmt><transCat>Reverse repurchase</transCat><clearedCentCparty isCleared="Y" centralCounterparty="Synthetic Clearing"/><isTriParty>N</isTriParty><repurchaseRt>4.3</repurchaseRt><maturityDt>N/A</maturityDt><repurchaseCollaterals><repurchaseCollateral><principalAmt>1</principalAmt><principalCd>USD</principalCd><collateralVal>2</collateralVal><collateralCd>USD</collateralCd><invstCatConditional invstCat="Other instrument" desc="art"/></repurchaseCollateral></repurchaseCollaterals></repurchaseAgrmt>`,
);

const derivatives = [
  `<fwdDeriv derivCat="FWD">${parties}${parties}<amtCurSold>1</amtCurSold><curSold>USD</curSold><amtCurPur>2</amtCurPur><curPur>EUR</curPur><settlementDt>2026-01-15</settlementDt><unrealizedAppr>-1</unrealizedAppr></fwdDeriv>`,
  `<futrDeriv derivCat="FUT">${parties}<payOffProf>Short</payOffProf><descRefInstrmnt><otherRefInst><issuerName>S</issuerName><issueTitle>T</issueTitle><identifiers><ticker value="SYN"/></identifiers></otherRefInst></descRefInstrmnt><expDate>2026-03-20</expDate><notionalAmt>1</notionalAmt><curCd>USD</curCd><unrealizedAppr>1</unrealizedAppr></futrDeriv>`,
  `<swapDeriv derivCat="SWP">${parties}<descRefInstrmnt><indexBasketInfo><indexName>I</indexName><indexIdentifier>N/A</indexIdentifier><narrativeDesc>N/A</narrativeDesc><components>${"<component><othIndName>x</othIndName></component>".repeat(3)}</components></indexBasketInfo></descRefInstrmnt><swapFlag>Y</swapFlag><otherRecDesc fixedOrFloating="Other">index return</otherRecDesc><floatingPmntDesc fixedOrFloating="Floating" floatingRtIndex="SOFR" floatingRtSpread="0" curCd="USD" pmntAmt="1"><rtResetTenors><rtResetTenor resetDt="Month" resetDtUnit="1" rateTenor="Day" rateTenorUnit="N/A"/></rtResetTenors></floatingPmntDesc><terminationDt>2028-01-01</terminationDt><upfrontPmnt>0</upfrontPmnt><pmntCurCd>USD</pmntCurCd><upfrontRcpt>0</upfrontRcpt><rcptCurCd>USD</rcptCurCd><notionalAmt>1</notionalAmt><curCd>USD</curCd><unrealizedAppr>0</unrealizedAppr></swapDeriv>`,
  `<optionSwaptionWarrantDeriv derivCat="WAR">${parties}<putOrCall>Call</putOrCall><writtenOrPur>Written</writtenOrPur><descRefInstrmnt><nestedDerivInfo><futrDeriv derivCat="FUT">${parties}<derivAddlInfo><name>Synthetic Future</name><lei>N/A</lei><title>N/A</title><cusip>N/A</cusip><identifiers><other value="y" otherDesc="z"/></identifiers><balance>N/A</balance><units>NC</units><curCd>USD</curCd><valUSD>N/A</valUSD><pctVal>N/A</pctVal><assetCat>DIR</assetCat><issuerCat>CORP</issuerCat><invCountry>US</invCountry></derivAddlInfo><payOffProf>N/A</payOffProf><descRefInstrmnt><otherRefInst><issuerName>S</issuerName><issueTitle>T</issueTitle><identifiers><isin value="US0000000000"/></identifiers></otherRefInst></descRefInstrmnt><expDate>N/A</expDate><notionalAmt>N/A</notionalAmt><curCd>N/A</curCd></futrDeriv></nestedDerivInfo></descRefInstrmnt><principalAmt>1</principalAmt><curCd>USD</curCd><exercisePrice>2</exercisePrice><exercisePriceCurCd>N/A</exercisePriceCurCd><expDt>9999-12-31</expDt><delta>N/A</delta><unrealizedAppr>0</unrealizedAppr></optionSwaptionWarrantDeriv>`,
  `<othDeriv derivCat="OTH" othDesc="weather">${parties}<terminationDt>N/A</terminationDt><notionalAmts><notionalAmt amt="5" curCd="USD"/><notionalAmt amt="N/A" curCd="N/A"/></notionalAmts><delta>.5</delta><unrealizedAppr>N/A</unrealizedAppr></othDeriv>`,
].map(derivative);

const zeros =
  "assetsAttrMiscSec assetsInvested amtPayOneYrBanksBorr amtPayOneYrCtrldComp amtPayOneYrOthAffil amtPayOneYrOther amtPayAftOneYrBanksBorr amtPayAftOneYrCtrldComp amtPayAftOneYrOthAffil amtPayAftOneYrOther delayDeliv standByCommit liquidPref cshNotRptdInCorD"
    .split(" ")
    .map((name) => `<${name}>0</${name}>`)
    .join("");

/** The document. */
export const fullForm = (): string => `<?xml version="1.0" encoding="UTF-8"?>
<!-- Synthetic: every element of the form, no real figure. -->
<edgarSubmission xsi:schemaLocation="http://www.sec.gov/edgar/nport eis_NPORT_Filer.xsd" xmlns="http://www.sec.gov/edgar/nport" xmlns:com="http://www.sec.gov/edgar/common" xmlns:ncom="http://www.sec.gov/edgar/nportcommon" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<schemaVersion>X0101</schemaVersion>
<headerData><submissionType>NPORT-P/A</submissionType><isConfidential>false</isConfidential><accessionNumber>0000000000-25-000001</accessionNumber><filerInfo><liveTestFlag>TEST</liveTestFlag><filer><fileNumber>811-00000</fileNumber><issuerCredentials><cik>1</cik><ccc>XXXXXXXX</ccc></issuerCredentials></filer><contact><name>n</name><phone>p</phone><email>e</email></contact><notifications><notificationEmailAddress>e</notificationEmailAddress></notifications><seriesClassInfo><seriesId>S000000001</seriesId><classId>C000000001</classId><classId>C000000002</classId></seriesClassInfo><flags><returnCopyFlag>true</returnCopyFlag></flags><invstCompanyType>N-1A</invstCompanyType></filerInfo></headerData>
<formData>
<genInfo><regName>Synthetic Trust</regName><regFileNumber>811-00000</regFileNumber><regCik>0000000001</regCik><regLei>5493006TF05454RBY690</regLei><regStreet1>s</regStreet1><regStreet2>s</regStreet2><regCity>c</regCity><regCountry>CA</regCountry><regZipOrPostalCode>z</regZipOrPostalCode><regPhone>p</regPhone><seriesName>N/A</seriesName><seriesId>S000000001</seriesId><seriesLei>1234567890</seriesLei><repPdEnd>2026-06-30</repPdEnd><repPdDate>2025-12-31</repPdDate><isFinalFiling>N</isFinalFiling></genInfo>
<fundInfo><totAssets>1010</totAssets><totLiabs>10</totLiabs><netAssets>1000</netAssets>${zeros}
<curMetrics><curMetric><curCd>USD</curCd><intrstRtRiskdv01 ${tenors(["1", "2", "3", "4", "5"])}/><intrstRtRiskdv100 ${tenors(["100", "200", "300", "400", "500"])}/></curMetric><curMetric><curCd>EUR</curCd><intrstRtRiskdv01 ${tenors(["-1", "0", "0", "0", "0"])}/><intrstRtRiskdv100 ${tenors(["-100", "0", "0", "0", "0"])}/></curMetric></curMetrics>
<creditSprdRiskInvstGrade ${tenors(["6", "7", "8", "9", "10"])}/><creditSprdRiskNonInvstGrade ${tenors(["0.6", "0.7", "0.8", "0.9", "1"])}/>
<borrowers><borrower name="Synthetic Borrower" lei="N/A" aggrVal="10.5"/></borrowers>
<aggregateCondition isNonCashCollateral="Y"><aggregateInfos><aggregateInfo amt="1" collatrl="2"><invstCat>UST</invstCat></aggregateInfo><aggregateInfo amt="N/A" collatrl="N/A"><invstCatConditional invstCat="other instrument" otherDesc="gold"/></aggregateInfo></aggregateInfos></aggregateCondition>
<returnInfo><monthlyTotReturns><monthlyTotReturn rtn1="1" rtn2="N/A" rtn3="-100"/></monthlyTotReturns><monthlyReturnCats><creditContracts>${gains("mon")}<swapCategory>${gains("instrMon", "N/A")}</swapCategory></creditContracts><otherContracts>${gains("mon")}</otherContracts></monthlyReturnCats>${gains("othMon")}</returnInfo>
<mon1Flow sales="1" reinvestment="2" redemption="3"/><mon2Flow sales="-4" reinvestment="N/A" redemption="5"/><mon3Flow sales="6" reinvestment="7" redemption="8"/>
<liquidInvst><highlyLiquidInvst>15.5</highlyLiquidInvst><daysOfHolding>2</daysOfHolding><liquidInvConditional><isChangeRepPd>Y</isChangeRepPd><rptPdChanges><rptPdChange>10</rptPdChange><rptPdChange>N/A</rptPdChange></rptPdChanges></liquidInvConditional></liquidInvst>
<derivTrans><derivTran classification="MLI" fundPct="1"/><derivTran classification="LLI" fundPct="2"/><derivTran classification="ILI" fundPct="3"/></derivTrans>
<derivExposureInfo><derivExposurePct>8</derivExposurePct><derivCurrencyExposurePct>1</derivCurrencyExposurePct><derivIntRateExposurePct>N/A</derivIntRateExposurePct><noOfBusinessDaysInExcess>0</noOfBusinessDaysInExcess></derivExposureInfo>
<varInfo><medianDailyVarPct>3.2</medianDailyVarPct><fundsDesignatedInfo><nameDesignatedIndex>Synthetic Index</nameDesignatedIndex><indexIdentifier>SYNX</indexIdentifier><medianVarRatioPct>90</medianVarRatioPct></fundsDesignatedInfo><backtestingResults>1</backtestingResults></varInfo>
<namesRuleInvstPolicy><terms><termInformation term="evergreen" definitionofTerm="open-ended"/></terms><fundsEightyPercentBasket>85</fundsEightyPercentBasket></namesRuleInvstPolicy>
</fundInfo>
<invstOrSecs>${first}${repurchase}${derivatives.join("\n")}</invstOrSecs>
<explntrNotes><explntrNote noteItem="B.5.a" note="a note"/></explntrNotes>
<signature><ncom:dateSigned>2026-01-31</ncom:dateSigned><ncom:nameOfApplicant>n</ncom:nameOfApplicant><ncom:signature>s</ncom:signature><ncom:signerName>s</ncom:signerName><ncom:title>t</ncom:title></signature>
</formData>
<documents><document/></documents>
</edgarSubmission>
`;
