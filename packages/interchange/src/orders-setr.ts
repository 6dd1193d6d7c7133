// Orders of ISO 20022 messages: setr.010.001.04 (subscription order) and setr.004.001.04 (redemption order). Structure: the message definitions of ISO 20022.
import { xmlDate } from "./dates.ts";
import { xmlDecimal } from "./decimals.ts";
import type { FileLimits } from "./limits.ts";
import type { MappingFile } from "./mapping.ts";
import { type ImportedOrder, noteDuplicates, type OrderFile } from "./orders.ts";
import { isUnfit, quoted, type ReadRow, type RowProblem, refuse, refuseSize } from "./refusals.ts";
import { readRecords, type XmlRecord } from "./xml-records.ts";

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:setr\.(010|004)\.001\.(\d{2})$/;
/** Per message: the element below Document, which way its orders go, and where they say how much. */
const MESSAGES = {
  "010": { root: "SbcptOrdr", direction: "subscription", quantity: "AmtOrUnits" },
  "004": { root: "RedOrdr", direction: "redemption", quantity: "AmtOrUnitsOrPctg" },
} as const;
/** Identifications of an instrument that may be a class, in the order of preference after the class type. */
const IDENTIFICATIONS = ["ISIN", "OthrPrtryId/Id", "SEDOL", "CUSIP", "TckrSymb", "Cmon", "Wrtppr", "Vlrn"];

export const isSetr = (namespace: string): boolean => NAMESPACE.test(namespace);

/** Orders of a message. Errors: EG400 another version, not well-formed, no order; EG413 beyond a limit. */
export function readSetr(text: string, limits: FileLimits, mapping: MappingFile | undefined): OrderFile {
  let message: keyof typeof MESSAGES = "010";
  const rows: ReadRow<ImportedOrder>[] = [];
  const shared: { investor: string | null; dealingDate: string | null; problems: RowProblem[] } = {
    investor: null,
    dealingDate: null,
    problems: [],
  };
  const below = (root: string, ...names: string[]): string[] =>
    names.map((name) => `Document/${root}/MltplOrdrDtls/${name}`);
  const records = new Set(
    Object.values(MESSAGES).flatMap(({ root }) => [
      ...below(root, "ReqdFutrTradDt", "InvstmtAcctDtls", "IndvOrdrDtls"),
    ]),
  );
  const rules = {
    root(name: string, namespace: string): string | undefined {
      const [, number = "", version = ""] = NAMESPACE.exec(namespace) ?? [];
      if (name !== "Document" || number === "")
        return `the root is ${quoted(name)} in ${quoted(namespace)}, no order message of ISO 20022.`;
      if (version !== "04") return `setr.${number}.001.${version} is not read; setr.${number}.001.04 is.`;
      message = number as keyof typeof MESSAGES;
      return undefined;
    },
    records,
  };
  readRecords(text, limits, rules, {
    record(path, record) {
      if (!path.startsWith(`Document/${MESSAGES[message].root}/`)) return;
      if (record.name === "ReqdFutrTradDt") {
        const day = xmlDate(record.text("") ?? "");
        if (day === undefined)
          shared.problems.push({ line: record.line, column: "ReqdFutrTradDt", reason: "is not a day." });
        else shared.dealingDate = day;
      } else if (record.name === "InvstmtAcctDtls") shared.investor = record.text("AcctId") ?? null;
      else if (record.name === "IndvOrdrDtls") {
        if (rows.length >= limits.rows) refuseSize(record.line, `the message has more than ${limits.rows} orders.`);
        rows.push(readOrder(record, MESSAGES[message], shared, mapping));
      }
    },
  });
  if (rows.length === 0) refuse(1, "the message holds no order.");
  noteDuplicates(rows);
  return { format: `setr.${message}.001.04`, columns: [], rows, notes: [] };
}

function readOrder(
  record: XmlRecord,
  { direction, quantity }: (typeof MESSAGES)["010" | "004"],
  shared: { investor: string | null; dealingDate: string | null; problems: RowProblem[] },
  mapping: MappingFile | undefined,
): ReadRow<ImportedOrder> {
  const { line } = record;
  const problems: RowProblem[] = [...shared.problems];
  const problem = (column: string, reason: string): null => {
    problems.push({ line, column, reason });
    return null;
  };
  const meant = (field: string, text: string | undefined): string | null => {
    if (text === undefined) return null;
    if (isUnfit(text) || text.length > 200)
      return problem(field, "holds characters that cannot be seen, or is too long.");
    const words = mapping?.values?.[field];
    return words !== undefined && Object.hasOwn(words, text) ? (words[text] ?? null) : text;
  };
  const reference = meant("reference", record.text("OrdrRef"));
  if (reference === null) problem("OrdrRef", "is missing.");
  const investor = meant("investor", shared.investor ?? undefined);
  if (investor === null) problem("InvstmtAcctDtls/AcctId", "is missing.");
  const instrument = record.one("FinInstrmDtls");
  const identification = IDENTIFICATIONS.map((path) => instrument?.text(`Id/${path}`)).find(
    (text) => text !== undefined,
  );
  const share_class = meant("share_class", identification ?? instrument?.text("ClssTp"));
  if (share_class === null) problem("FinInstrmDtls/Id", "names no instrument.");
  const measure = record.one(quantity);
  const amounts = [measure?.one("GrssAmt"), measure?.one("NetAmt")].filter((one) => one !== undefined);
  const unitsText = measure?.text("UnitsNb");
  if (measure?.one("HldgsRedRate"))
    problem(`${quantity}/HldgsRedRate`, "is a share of the holding; give units or an amount.");
  else if (amounts.length + (unitsText === undefined ? 0 : 1) !== 1)
    problem(quantity, "is neither one amount nor units.");
  const [amountElement] = amounts;
  if (measure?.one("NetAmt") && direction === "redemption")
    problem(`${quantity}/NetAmt`, "is net of charges that are known only at dealing; give a gross amount or units.");
  const amount = positive(amountElement?.text(""), `${quantity}/${amountElement?.name ?? ""}`, problem);
  const units = positive(unitsText, `${quantity}/UnitsNb`, problem);
  const currency = amountElement?.attributes.get("Ccy") ?? null;
  if (amountElement && !/^[A-Z]{3}$/.test(currency ?? ""))
    problem(`${quantity}/${amountElement.name}/@Ccy`, "is not a code of three letters.");
  if (problems.length > 0 || investor === null) return { line, problems };
  return {
    line,
    problems,
    value: {
      reference,
      investor,
      share_class,
      direction,
      amount,
      units,
      currency,
      dealing_date: shared.dealingDate,
      order_kind: "plain",
      to_class: null,
      to_investor: null,
    },
  };
}

function positive(
  text: string | undefined,
  column: string,
  problem: (column: string, reason: string) => null,
): string | null {
  if (text === undefined) return null;
  const value = xmlDecimal(text);
  return value === undefined || value === "0" || value.startsWith("-")
    ? problem(column, `${quoted(text, 30)} is not a positive number.`)
    : value;
}
