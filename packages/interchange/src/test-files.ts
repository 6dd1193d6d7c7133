// Shared by the tests of this package: files in memory, workbooks written by hand, synthetic ISO 20022 messages, expected refusals. All data is synthetic.
import { crc32, deflateRawSync } from "node:zlib";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

export const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8");

/** The error a reading ends with; fails when it ends well or with any other error. */
export async function refusal(reading: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof EvergreenError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("The file was read; it should have been refused.");
}

export interface ZipPart {
  name: string;
  data: string | Buffer;
  /** What the directory claims instead of the truth. */
  claims?: { size?: number; crc?: number; encrypted?: boolean };
}

/** A zip archive of deflated parts. */
export function zipOf(parts: readonly ZipPart[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, data, claims = {} } of parts) {
    const content = Buffer.from(data);
    const packed = deflateRawSync(content);
    const path = Buffer.from(name);
    const fixed = (head: number[], offset?: number): Buffer => {
      const block = Buffer.alloc(offset === undefined ? 30 : 46);
      Buffer.from(head).copy(block);
      let place = offset === undefined ? 4 : 6;
      const put16 = (value: number) => {
        block.writeUInt16LE(value, place);
        place += 2;
      };
      const put32 = (value: number) => {
        block.writeUInt32LE(value >>> 0, place);
        place += 4;
      };
      if (offset !== undefined) block.writeUInt16LE(20, 4);
      put16(20);
      put16(claims.encrypted ? 1 : 0);
      put16(8);
      put32(0);
      put32(claims.crc ?? crc32(content));
      put32(packed.length);
      put32(claims.size ?? content.length);
      put16(path.length);
      put16(0);
      if (offset !== undefined) {
        place = 42;
        put32(offset);
      }
      return block;
    };
    central.push(fixed([0x50, 0x4b, 1, 2], at), path);
    const head = fixed([0x50, 0x4b, 3, 4]);
    local.push(head, path, packed);
    at += head.length + path.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  Buffer.from([0x50, 0x4b, 5, 6]).copy(end);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, directory, end]);
}

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

export interface SheetDraft {
  name: string;
  /** Cells as XML: <c r="A1" …>…</c>, row by row. */
  rows: string[];
  hidden?: boolean;
}

export const workbookParts = (
  sheets: readonly SheetDraft[],
  texts: readonly string[] = [],
  from1904 = false,
): ZipPart[] => [
  {
    name: "xl/workbook.xml",
    data: `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><workbookPr${from1904 ? ' date1904="1"' : ""}/><sheets>${sheets
      .map(
        (sheet, at) =>
          `<sheet name="${sheet.name}" sheetId="${at + 1}" r:id="rId${at + 1}"${sheet.hidden ? ' state="hidden"' : ""}/>`,
      )
      .join("")}</sheets></workbook>`,
  },
  {
    name: "xl/_rels/workbook.xml.rels",
    data: `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${sheets
      .map(
        (_sheet, at) =>
          `<Relationship Id="rId${at + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`,
      )
      .join("")}</Relationships>`,
  },
  {
    name: "xl/sharedStrings.xml",
    data: `<sst xmlns="${MAIN}">${texts.map((text) => `<si>${text}</si>`).join("")}</sst>`,
  },
  {
    name: "xl/styles.xml",
    data: `<styleSheet xmlns="${MAIN}"><numFmts><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/><numFmt numFmtId="165" formatCode="[Red]0.00&quot;day&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
  },
  ...sheets.map((sheet, at) => ({
    name: `xl/worksheets/sheet${at + 1}.xml`,
    data: `<worksheet xmlns="${MAIN}"><sheetData>${sheet.rows.map((row, line) => `<row r="${line + 1}">${row}</row>`).join("")}</sheetData></worksheet>`,
  })),
];

/** A cell with a text in it. */
export const inline = (text: string): string => `<c t="inlineStr"><is><t>${text}</t></is></c>`;
export const number = (value: string, style = 0): string => `<c s="${style}"><v>${value}</v></c>`;

export const workbook = (rows: string[]): Buffer => zipOf(workbookParts([{ name: "Orders", rows }]));

const CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001";
export const FUND_IBAN = "LU280019400644750000";
export const PAYER_IBAN = "DE89370400440532013000";

/** A synthetic entry; version 02 has its status and parties in another shape than 08. */
export function camtEntry(
  version: "02" | "08",
  entry: { amount: string; side?: "CRDT" | "DBIT"; status?: string; details?: string; extra?: string; booked?: string },
): string {
  const { amount, side = "CRDT", status = "BOOK", details, extra = "", booked = "2026-02-03" } = entry;
  return `<Ntry><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${side}</CdtDbtInd>${extra}<Sts>${version === "02" ? status : `<Cd>${status}</Cd>`}</Sts>
<BookgDt><Dt>${booked}</Dt></BookgDt><ValDt><Dt>2026-02-04</Dt></ValDt><AcctSvcrRef>SVC-1</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>${details === undefined ? "" : `<NtryDtls>${details}</NtryDtls>`}</Ntry>`;
}

export function camtDetails(
  version: "02" | "08",
  facts: { endToEnd?: string; amount?: string; iban?: string; side?: "CRDT" | "DBIT"; text?: string; more?: string },
): string {
  const { endToEnd = "NOTPROVIDED", amount, iban = PAYER_IBAN, side = "CRDT", text, more = "" } = facts;
  const role = side === "CRDT" ? "Dbtr" : "Cdtr";
  const name = "<Nm>Somebody (synthetic)</Nm>";
  const money =
    amount === undefined
      ? ""
      : version === "02"
        ? `<AmtDtls><TxAmt><Amt Ccy="EUR">${amount}</Amt></TxAmt></AmtDtls>`
        : `<Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${side}</CdtDbtInd>`;
  return `<TxDtls><Refs><EndToEndId>${endToEnd}</EndToEndId></Refs>${money}<RltdPties><${role}>${version === "02" ? name : `<Pty>${name}</Pty>`}</${role}><${role}Acct><Id><IBAN>${iban}</IBAN></Id></${role}Acct></RltdPties>${text === undefined ? "" : `<RmtInf><Ustrd>${text}</Ustrd></RmtInf>`}${more}</TxDtls>`;
}

export const balance = (kind: string, amount: string, side = "CRDT"): string =>
  `<Bal><Tp><CdOrPrtry><Cd>${kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${side}</CdtDbtInd><Dt><Dt>2026-02-03</Dt></Dt></Bal>`;

export const camt = (
  version: string,
  body: string,
  account = `<IBAN>${FUND_IBAN}</IBAN>`,
): string => `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="${CAMT}.${version}"><BkToCstmrStmt><GrpHdr><MsgId>SYN-1</MsgId><CreDtTm>2026-02-04T06:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>SYN-1/1</Id><CreDtTm>2026-02-04T06:00:00Z</CreDtTm><Acct><Id>${account}</Id><Ccy>EUR</Ccy></Acct>
${body}
</Stmt></BkToCstmrStmt></Document>
`;

/** A synthetic order message; `orders` are the elements IndvOrdrDtls. */
export const setr = (number: "010" | "004", orders: string, head = "", version = "04"): string => {
  const root = number === "010" ? "SbcptOrdr" : "RedOrdr";
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:setr.${number}.001.${version}"><${root}><MsgId><Id>SYN-1</Id><CreDtTm>2026-01-15T09:00:00Z</CreDtTm></MsgId>
<MltplOrdrDtls>${head}<InvstmtAcctDtls><AcctId>LP-SYN1</AcctId></InvstmtAcctDtls>
${orders}
</MltplOrdrDtls></${root}></Document>
`;
};

export const setrOrder = (
  reference: string,
  quantity: string,
  instrument = "<Id><ISIN>LU0000000017</ISIN></Id>",
): string =>
  `<IndvOrdrDtls><OrdrRef>${reference}</OrdrRef><FinInstrmDtls>${instrument}</FinInstrmDtls>${quantity}<PhysDlvryInd>false</PhysDlvryInd></IndvOrdrDtls>`;
