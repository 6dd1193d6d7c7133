// The fields that a table may bring, and the names under which other programs write their columns. A header is compared without case, accents and marks.

export const ORDER_FIELDS = {
  reference: [
    "reference",
    "orderreference",
    "orderref",
    "orderno",
    "ordernumber",
    "orderid",
    "externalreference",
    "clientreference",
    "auftragsnummer",
    "ordernummer",
    "referenz",
  ],
  investor: [
    "investor",
    "investorid",
    "investorcode",
    "lp",
    "lpcode",
    "client",
    "clientid",
    "accountid",
    "investoraccount",
    "shareholder",
    "shareholderid",
    "anleger",
    "anlegernummer",
    "kunde",
    "kundennummer",
  ],
  share_class: ["shareclass", "class", "classcode", "unitclass", "isin", "anteilklasse", "anteilsklasse", "klasse"],
  direction: [
    "direction",
    "side",
    "ordertype",
    "transactiontype",
    "type",
    "buysell",
    "subred",
    "auftragsart",
    "transaktionsart",
    "art",
  ],
  amount: ["amount", "orderamount", "grossamount", "netamount", "cashamount", "value", "betrag"],
  units: [
    "units",
    "shares",
    "quantity",
    "unitsnumber",
    "numberofunits",
    "numberofshares",
    "anteile",
    "stuck",
    "stuckzahl",
  ],
  currency: ["currency", "ccy", "ordercurrency", "currencycode", "wahrung"],
  dealing_date: [
    "dealingdate",
    "dealdate",
    "navdate",
    "tradedate",
    "valuationdate",
    "requesteddate",
    "handelstag",
    "bewertungstag",
  ],
  order_kind: ["orderkind", "kind"],
  to_class: ["toclass", "targetclass", "switchto", "zielklasse"],
  to_investor: ["toinvestor", "transferee", "targetinvestor"],
} as const;

export const BANK_FIELDS = {
  account: [
    "account",
    "accountnumber",
    "accountiban",
    "ownaccount",
    "kontonummer",
    "konto",
    "ibanauftragskonto",
    "auftragskonto",
  ],
  booked_on: [
    "bookingdate",
    "bookeddate",
    "bookedon",
    "postingdate",
    "entrydate",
    "transactiondate",
    "date",
    "buchungstag",
    "buchungsdatum",
  ],
  value_on: ["valuedate", "valutadatum", "valuta", "wertstellung"],
  amount: ["amount", "transactionamount", "betrag", "umsatz"],
  credit: ["credit", "creditamount", "paidin", "moneyin", "deposit", "haben", "gutschrift"],
  debit: ["debit", "debitamount", "paidout", "moneyout", "withdrawal", "soll", "lastschrift"],
  side: [
    "side",
    "creditdebit",
    "creditdebitindicator",
    "debitcredit",
    "drcr",
    "crdr",
    "cdtdbtind",
    "sollhaben",
    "sollhabenkennzeichen",
  ],
  currency: ["currency", "ccy", "currencycode", "wahrung"],
  reference: [
    "reference",
    "bankreference",
    "transactionid",
    "transactionreference",
    "entryreference",
    "acctsvcrref",
    "bankreferenz",
  ],
  end_to_end: [
    "endtoendid",
    "endtoendreference",
    "endtoend",
    "endezuendereferenz",
    "kundenreferenz",
    "customerreference",
  ],
  remittance: [
    "remittance",
    "remittanceinformation",
    "remittanceinfo",
    "description",
    "details",
    "narrative",
    "text",
    "purpose",
    "paymentreference",
    "verwendungszweck",
  ],
  counterparty_account: [
    "counterpartyaccount",
    "counterpartyiban",
    "iban",
    "ibancounterparty",
    "debtoraccount",
    "creditoraccount",
    "payeraccount",
    "payeraccountnumber",
    "kontonummeriban",
    "gegenkonto",
  ],
} as const;

/** Of investors and of the fund itself: where money is paid to and from. */
export const ACCOUNT_FIELDS = {
  investor: ["investor", "investorid", "investorcode", "lp", "lpcode", "anleger", "anlegernummer"],
  account: ["account", "iban", "accountnumber", "kontonummer", "konto"],
  bic: ["bic", "swift", "swiftcode", "bicswift"],
  holder: ["holder", "accountholder", "holdername", "accountname", "name", "kontoinhaber"],
  currency: ["currency", "ccy", "currencycode", "wahrung"],
} as const;

/** Observations of market series. */
export const MARKET_FIELDS = {
  series: ["series", "seriesid", "seriesname", "name", "symbol", "ticker", "instrument"],
  as_of: ["asof", "date", "day", "observationdate", "valuedate", "datum"],
  value: ["value", "close", "level", "rate", "price", "observation", "wert", "kurs"],
  kind: ["kind", "type", "seriestype"],
  unit: ["unit", "units", "currency", "einheit"],
} as const;

/** What a provider says of assets. */
export const ESG_FIELDS = {
  asset: ["asset", "assetid", "externalkey", "key", "isin", "identifier", "cusip", "lei"],
  score: ["score", "esgscore", "esg", "totalscore", "total", "rating"],
  environment: ["environment", "environmentscore", "environmental", "environmentalscore", "escore"],
  social: ["social", "socialscore", "sscore"],
  governance: ["governance", "governancescore", "gscore"],
} as const;

export const FIELDS = {
  orders: ORDER_FIELDS,
  bank: BANK_FIELDS,
  accounts: ACCOUNT_FIELDS,
  market: MARKET_FIELDS,
  esg: ESG_FIELDS,
} as const;
export type ImportKind = keyof typeof FIELDS;
export type FieldOf<K extends ImportKind> = keyof (typeof FIELDS)[K] & string;

/** What a header is compared by: small letters and digits. */
export const bareHeader = (header: string): string =>
  header
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replace(/[^\p{L}\p{N}]/gu, "");
