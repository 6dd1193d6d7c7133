// What the parts of a workbook beside its sheets say: which sheets there are, shared texts, which styles show a number as a date.
import type { FileLimits } from "./limits.ts";
import { refuseFile } from "./refusals.ts";
import type { WorkbookParts } from "./workbook-parts.ts";
import { walkXml } from "./xml-walker.ts";

export interface Sheet {
  name: string;
  visible: boolean;
  part: string;
}

export interface Workbook {
  sheets: Sheet[];
  from1904: boolean;
  texts: string[];
  /** By the number of a cell's style: whether it shows a day. */
  dateStyles: boolean[];
}

const MAIN = "xl/workbook.xml";
const IS_SHEET =
  /^http:\/\/(schemas\.openxmlformats\.org\/officeDocument\/2006|purl\.oclc\.org\/ooxml\/officeDocument)\/relationships\/worksheet$/;
/** Built-in number formats that show a day (ECMA-376 part 1, 18.8.30); 18 to 21 and 45 to 47 show only a time. */
const DATE_FORMATS = new Set([14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58]);

/** Errors: EG400 no workbook in the container, EG413 beyond a limit. */
export async function readWorkbook(parts: WorkbookParts, limits: FileLimits): Promise<Workbook> {
  const { declared, from1904 } = sheetsOf(await parts.text(MAIN), limits);
  const targets = targetsOf(await parts.text("xl/_rels/workbook.xml.rels"), limits);
  const sheets = declared.flatMap(({ id, name, visible }) => {
    const part = targets.get(id);
    return part === undefined ? [] : [{ name, visible, part }]; // a sheet that only shows a chart has no cells
  });
  if (sheets.length === 0) refuseFile("The workbook has no sheet.");
  return {
    sheets,
    from1904,
    texts: parts.has("xl/sharedStrings.xml") ? textsOf(await parts.text("xl/sharedStrings.xml"), limits) : [],
    dateStyles: parts.has("xl/styles.xml") ? dateStylesOf(await parts.text("xl/styles.xml"), limits) : [],
  };
}

function sheetsOf(xml: string, limits: FileLimits) {
  const declared: { id: string; name: string; visible: boolean }[] = [];
  let from1904 = false;
  walkXml(xml, limits, {
    opened({ name, attributes }) {
      if (name === "workbookPr") from1904 = /^(1|true)$/.test(attributes.get("date1904") ?? "");
      if (name !== "sheet") return;
      const id = [...attributes].find(([key]) => key.endsWith("}id"))?.[1] ?? "";
      declared.push({
        id,
        name: attributes.get("name") ?? "",
        visible: (attributes.get("state") ?? "visible") === "visible",
      });
    },
    text() {},
    closed() {},
  });
  return { declared, from1904 };
}

function targetsOf(xml: string, limits: FileLimits): Map<string, string> {
  const targets = new Map<string, string>();
  walkXml(xml, limits, {
    opened({ name, attributes }) {
      if (name !== "Relationship" || attributes.get("TargetMode") === "External") return;
      if (!IS_SHEET.test(attributes.get("Type") ?? "")) return;
      const target = attributes.get("Target") ?? "";
      targets.set(attributes.get("Id") ?? "", target.startsWith("/") ? target.slice(1) : `xl/${target}`);
    },
    text() {},
    closed() {},
  });
  return targets;
}

/** Texts in their order; of rich text all runs, of phonetic readings nothing. */
function textsOf(xml: string, limits: FileLimits): string[] {
  const texts: string[] = [];
  const open: string[] = [];
  let current = "";
  walkXml(xml, limits, {
    opened({ name }) {
      open.push(name);
      if (name === "si") current = "";
    },
    text(piece) {
      if (open.at(-1) === "t" && !open.includes("rPh")) current += piece;
    },
    closed() {
      if (open.pop() === "si") texts.push(unescaped(current));
    },
  });
  return texts;
}

function dateStylesOf(xml: string, limits: FileLimits): boolean[] {
  const formats = new Map<number, string>();
  const styles: number[] = [];
  const open: string[] = [];
  walkXml(xml, limits, {
    opened({ name, attributes }) {
      if (name === "numFmt") formats.set(Number(attributes.get("numFmtId")), attributes.get("formatCode") ?? "");
      if (name === "xf" && open.at(-1) === "cellXfs") styles.push(Number(attributes.get("numFmtId") ?? "0"));
      open.push(name);
    },
    text() {},
    closed() {
      open.pop();
    },
  });
  return styles.map((id) => DATE_FORMATS.has(id) || showsDay(formats.get(id) ?? ""));
}

/** Whether a format of its own shows a day: a y or a d outside of quotes, brackets and escapes. */
function showsDay(code: string): boolean {
  const bare = code.replace(/"[^"]*"|\[[^\]]*\]|[\\_*]./g, "").split(";")[0] ?? "";
  return /[yd]/i.test(bare) && !/general/i.test(bare);
}

/** "_x000D_" stands for the character itself (ECMA-376 part 1, 22.9.2.19). */
export const unescaped = (text: string): string =>
  text.replace(/_x([0-9A-Fa-f]{4})_/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
