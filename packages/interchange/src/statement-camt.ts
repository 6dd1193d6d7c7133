// Lines of an ISO 20022 bank statement, camt.053.001.02 to .13: booked entries and their transactions, checked against the balances of the statement.
// Where the versions differ (status, parties, amounts of transactions) both shapes are read. Structure: the message definitions of ISO 20022.
import { accountNumber } from "./accounts.ts";
import { xmlDate } from "./dates.ts";
import { sumOf, xmlDecimal } from "./decimals.ts";
import type { FileLimits } from "./limits.ts";
import { isUnfit, quoted, type ReadRow, refuse, refuseSize } from "./refusals.ts";
import type { BankLine, StatementFile } from "./statement.ts";
import { readRecords, type XmlRecord } from "./xml-records.ts";

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d{2})$/;
const STATEMENT = "Document/BkToCstmrStmt/Stmt";
const RECORDS = new Set(
  ["Id", "Acct", "Bal", "TxsSummry", "Ntry", "CpyDplctInd"].map((name) => `${STATEMENT}/${name}`),
);

export const isCamt053 = (namespace: string): boolean => NAMESPACE.test(namespace);

interface Statement {
  account: string | null;
  currency: string | null;
  /** Signed booked entries, and the balances they lead from and to, where the statement says them. */
  moved: string[];
  opening: string | undefined;
  closing: string | undefined;
  entries: number;
}

const fresh = (): Statement => ({
  account: null,
  currency: null,
  moved: [],
  opening: undefined,
  closing: undefined,
  entries: 0,
});

/** Errors: EG400 another message, not well-formed, a statement that does not foot; EG413 beyond a limit; each with its line. */
export function readCamt(text: string, limits: FileLimits): StatementFile {
  const rows: ReadRow<BankLine>[] = [];
  const notes: string[] = [];
  let version = "";
  let pending = 0;
  let statements = 0;
  let now = fresh();
  const rules = {
    root(name: string, namespace: string): string | undefined {
      version = NAMESPACE.exec(namespace)?.[1] ?? "";
      if (name !== "Document" || version === "")
        return `the root is ${quoted(name)} in ${quoted(namespace)}, no camt.053 statement.`;
      return Number(version) < 2 || Number(version) > 13
        ? `camt.053.001.${version} is not read; 02 to 13 are.`
        : undefined;
    },
    records: RECORDS,
    ends: new Set([STATEMENT]),
  };
  readRecords(text, limits, rules, {
    record(_path, record) {
      if (record.name === "Acct") {
        now.account = accountOf(record) ?? refuse(record.line, "the statement names no account.");
        now.currency = record.text("Ccy") ?? null;
      } else if (record.name === "Bal") readBalance(record, now);
      else if (record.name === "CpyDplctInd" && record.text("") !== undefined)
        notes.push(`The statement on line ${record.line} is marked as a copy or duplicate.`);
      else if (record.name === "TxsSummry") now.entries = Number(record.text("TtlNtries/NbOfNtries") ?? "0");
      else if (record.name === "Ntry") {
        const status = record.text("Sts/Cd") ?? record.text("Sts/Prtry") ?? record.text("Sts");
        if (status !== "BOOK") {
          pending += 1;
          return;
        }
        for (const row of readEntry(record, now)) {
          if (rows.length >= limits.rows) refuseSize(record.line, `the statement has more than ${limits.rows} lines.`);
          rows.push(row);
        }
      }
    },
    ended(_path, line) {
      statements += 1;
      if (now.account === null) refuse(line, "a statement names no account.");
      if (now.opening !== undefined && now.closing !== undefined && sumOf([now.opening, ...now.moved]) !== now.closing)
        refuse(
          line,
          "the statement does not foot: its opening balance and its entries do not give its closing balance.",
        );
      if (now.entries > 0 && pending === 0 && now.moved.length !== now.entries)
        refuse(line, `the statement says that it has ${now.entries} entries and has ${now.moved.length}.`);
      now = fresh();
    },
  });
  if (statements === 0) refuse(1, "the message holds no statement.");
  if (pending > 0) notes.push(`${pending} entries are not booked yet and are left out.`);
  return { format: `camt.053.001.${version}`, columns: [], rows, notes };
}

const accountOf = (record: XmlRecord): string | undefined => {
  const written = record.text("Id/IBAN") ?? record.text("Id/Othr/Id");
  return written === undefined ? undefined : (accountNumber(written) ?? written.replace(/\s+/g, ""));
};

const signed = (record: XmlRecord, amount: string): string =>
  record.text("CdtDbtInd") === "DBIT" && amount !== "0" ? `-${amount}` : amount;

function amountOf(record: XmlRecord, path: string): { amount: string; currency: string } | undefined {
  const element = record.one(path);
  if (!element) return undefined;
  const amount = xmlDecimal(element.text("") ?? "");
  const currency = element.attributes.get("Ccy") ?? "";
  if (amount === undefined || amount.startsWith("-") || !/^[A-Z]{3}$/.test(currency))
    return refuse(element.line, `<${path}> is not an amount with its currency.`);
  return { amount, currency };
}

/** OPBD (or PRCD, the closing balance of the day before) and CLBD; interim and available balances say nothing of the entries. */
function readBalance(record: XmlRecord, now: Statement): void {
  const kind = record.text("Tp/CdOrPrtry/Cd");
  if (record.text("Tp/SubTp/Cd") === "INTM" || record.text("Tp/SubTp/Prtry") === "INTM") return;
  const read = amountOf(record, "Amt") ?? refuse(record.line, "a balance has no amount.");
  if (kind === "OPBD" || (kind === "PRCD" && now.opening === undefined)) now.opening = signed(record, read.amount);
  if (kind === "CLBD") now.closing = signed(record, read.amount);
  if (kind === "OPBD" || kind === "CLBD" || kind === "PRCD") now.currency ??= read.currency;
}

function readEntry(entry: XmlRecord, now: Statement): ReadRow<BankLine>[] {
  const whole = amountOf(entry, "Amt") ?? refuse(entry.line, "an entry has no amount.");
  const side = sideOf(entry.text("CdtDbtInd")) ?? refuse(entry.line, "an entry is neither CRDT nor DBIT.");
  now.moved.push(signed(entry, whole.amount));
  if (whole.amount === "0") return [];
  const booked = dayOf(entry, "BookgDt") ?? dayOf(entry, "ValDt");
  const reversal = entry.text("RvslInd") === "true" || entry.text("RvslInd") === "1";
  const made = (
    line: number,
    details: XmlRecord | undefined,
    moved: { amount: string; currency: string },
    way: "credit" | "debit",
  ): ReadRow<BankLine> => {
    if (booked === undefined)
      return { line, problems: [{ line, column: "BookgDt", reason: "no day of booking or value." }] };
    const reference = details?.text("Refs/AcctSvcrRef") ?? entry.text("AcctSvcrRef") ?? entry.text("NtryRef");
    const endToEnd = details?.text("Refs/EndToEndId");
    return {
      line,
      problems: [],
      value: {
        account: now.account,
        booked_on: booked,
        value_on: dayOf(entry, "ValDt") ?? null,
        side: way,
        amount: moved.amount,
        currency: moved.currency,
        reference: clean(reference),
        end_to_end: endToEnd === "NOTPROVIDED" ? null : clean(endToEnd),
        remittance: clean(remittanceOf(details)),
        counterparty_account: counterpartyOf(details, way) ?? null,
        reversal: reversal || details?.one("RtrInf") !== undefined,
      },
    };
  };
  const details = entry.all("NtryDtls/TxDtls");
  const [only] = details;
  if (details.length <= 1) return [made(entry.line, only, whole, side)];
  // several transactions booked as one sum: each by itself if together they are the sum, else the sum as one line
  const parts = details.map((one) => ({
    one,
    moved: transactionAmount(one),
    way: sideOf(one.text("CdtDbtInd")) ?? side,
  }));
  const known = parts.flatMap(({ one, moved, way }) =>
    moved?.currency === whole.currency ? [{ one, moved, way }] : [],
  );
  const total = sumOf(known.map(({ moved, way }) => (way === side ? moved.amount : `-${moved.amount}`)));
  if (known.length < parts.length || total !== whole.amount) return [made(entry.line, undefined, whole, side)];
  return known
    .filter(({ moved }) => moved.amount !== "0")
    .map(({ one, moved, way }) => made(one.line, one, moved, way));
}

/** Amount of a transaction: its own from version 03 on, before it that of its details. */
const transactionAmount = (details: XmlRecord) =>
  amountOf(details, "Amt") ?? amountOf(details, "AmtDtls/TxAmt/Amt") ?? amountOf(details, "AmtDtls/InstdAmt/Amt");

const sideOf = (text: string | undefined): "credit" | "debit" | undefined =>
  text === "CRDT" ? "credit" : text === "DBIT" ? "debit" : undefined;

function dayOf(entry: XmlRecord, name: string): string | undefined {
  const written = entry.text(`${name}/Dt`) ?? entry.text(`${name}/DtTm`);
  return written === undefined ? undefined : (xmlDate(written) ?? refuse(entry.line, `<${name}> is not a day.`));
}

/** Who paid a credit, who was paid by a debit. */
function counterpartyOf(details: XmlRecord | undefined, side: "credit" | "debit"): string | undefined {
  const account = details?.one(side === "credit" ? "RltdPties/DbtrAcct" : "RltdPties/CdtrAcct");
  const written = account?.text("Id/IBAN") ?? account?.text("Id/Othr/Id");
  return written === undefined ? undefined : accountNumber(written);
}

/** Unstructured lines and structured references, joined. */
function remittanceOf(details: XmlRecord | undefined): string | undefined {
  const texts = [...(details?.all("RmtInf/Ustrd") ?? []), ...(details?.all("RmtInf/Strd/CdtrRefInf/Ref") ?? [])].map(
    (one) => one.text(""),
  );
  const joined = texts.filter((one) => one !== undefined).join(" ");
  return joined === "" ? undefined : joined;
}

/** Text fit to keep: controls out, at most 1,000 characters. */
const clean = (text: string | undefined): string | null =>
  text === undefined
    ? null
    : [...(isUnfit(text) ? text.replace(/[\p{Cc}\p{Cs}\p{Cf}\u2028\u2029]/gu, " ") : text)].slice(0, 1000).join("");
