// SEC Form N-PORT (NPORT-P and its kin) from a file or a stream to a checked Filing, one section in memory at a time.
// A file that breaks a rule is refused whole, with line and reason. Reads only; touches no database and no network.
import { EvergreenError } from "@evergreen-fund/domain";
import { ElementReader, reported } from "./element-reader.ts";
import { type FileFacts, type FilingSource, fileText } from "./file-text.ts";
import { Filing, type MonthlyFlow } from "./filing.ts";
import type { Holding } from "./filing-holding.ts";
import { DEFAULT_LIMITS, type ReadLimits } from "./limits.ts";
import { readFund } from "./read-fund.ts";
import { readGeneral, readHeader, readNotes } from "./read-header.ts";
import { readHolding } from "./read-holding.ts";
import { ReadingNotes, refuse, refuseSize } from "./reading-notes.ts";
import { type Section, SectionParser } from "./xml-sections.ts";

export interface ReadOptions {
  /** Limits other than `DEFAULT_LIMITS`. */
  limits?: Partial<ReadLimits>;
  /**
   * Takes each holding as it is read instead of collecting them; memory then does not grow with the file. The file can still be refused
   * after holdings were handed over: commit nothing before `readFiling` has returned.
   */
  onHolding?: (holding: Holding) => void | Promise<void>;
}

const PART = (name: string): string => `edgarSubmission/formData/${name}`;

/** First days of the three months that end with the month of `reportDate`, oldest first (item B.6: month 3 is the reported one). */
export function reportedMonths(reportDate: string): [string, string, string] {
  const [year = 0, month = 0] = reportDate.split("-").map(Number);
  const first = (back: number): string => new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 10);
  return [first(2), first(1), first(0)];
}

class FilingBuilder {
  readonly #notes: ReadingNotes;
  readonly #limits: ReadLimits;
  #header: ReturnType<typeof readHeader> | undefined;
  #general: ReturnType<typeof readGeneral> | undefined;
  #fund: ReturnType<typeof readFund> | undefined;
  #explanations: Filing["notes"] = [];
  #signedOn: string | null | undefined;
  readonly holdings: Holding[] = [];
  holdingCount = 0;

  constructor(limits: ReadLimits, notes: ReadingNotes) {
    this.#limits = limits;
    this.#notes = notes;
  }

  /** Reads one section; returns the holding if it is one. */
  read(section: Section): Holding | undefined {
    const short = section.path.split("/").at(-1) ?? section.path;
    const reader = new ElementReader(section.element, short, this.#notes);
    if (short === "invstOrSec") {
      this.holdingCount += 1;
      if (this.holdingCount > this.#limits.holdings)
        refuseSize(reader.line, `there are more than ${this.#limits.holdings} holdings.`);
      return readHolding(reader);
    }
    if (short === "headerData") this.#header = readHeader(reader, this.#notes);
    // The parser refuses a form before its header, so the header is there.
    else if (short === "genInfo" && this.#header) this.#general = readGeneral(reader, this.#header, this.#notes);
    else if (short === "fundInfo") this.#fund = readFund(reader);
    else if (short === "explntrNotes") this.#explanations = readNotes(reader);
    else if (short === "signature") {
      // Who signed is a person; only the day is kept.
      this.#signedOn = reader.day("dateSigned");
      reader.leaveOut("nameOfApplicant", "signature", "signerName", "title");
      reader.done();
    }
    return undefined;
  }

  finish(lastLine: number, source: FileFacts): Filing {
    const [header, general, fund] = [this.#header, this.#general, this.#fund];
    if (!header) refuse(lastLine, "the filing has no <headerData>.");
    if (!general) refuse(lastLine, `the filing has no <${PART("genInfo")}>.`);
    if (!fund) refuse(lastLine, `the filing has no <${PART("fundInfo")}>.`);
    const months = reportedMonths(general.period.reportDate);
    const flows: MonthlyFlow[] = fund.flows.map((flow, index) => ({ month: months[index] ?? months[2], ...flow }));
    const { cik: _cik, seriesId: _seriesId, ...top } = header;
    const checked = Filing.omit({ holdings: true }).safeParse(
      reported({
        ...top,
        ...general,
        ...fund,
        flows,
        holdingCount: this.holdingCount,
        notes: this.#explanations,
        signedOn: this.#signedOn,
        unknown: this.#notes.unknownParts,
        warnings: this.#notes.warnings,
        source,
      }),
    );
    if (!checked.success) {
      refuse(
        lastLine,
        `the filing does not have the form's shape (${checked.error.issues
          .map((issue) => issue.path.join("."))
          .join(", ")
          .slice(0, 200)}).`,
        checked.error,
      );
    }
    // The holdings were checked one by one.
    return { ...checked.data, holdings: this.holdings };
  }
}

/**
 * Reads a Form N-PORT filing: NPORT-P, NPORT-P/A (with a note), NPORT-NP and NPORT-NP/A.
 *
 * Numbers stay as the filer wrote them; `null` is "N/A", an absent key is an absent field; unknown elements and attributes are listed in
 * `unknown` (path, first line, count). Errors (EvergreenError): EG404 no such file; EG400 not UTF-8 XML, truncated, any DOCTYPE, wrong
 * root, namespace or submission type, a required field missing, a field or section twice, a malformed number or day; EG413 beyond a limit.
 * Each names the line and the reason; nothing of the file is returned.
 */
export async function readFiling(source: FilingSource, options: ReadOptions = {}): Promise<Filing> {
  const limits: ReadLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const notes = new ReadingNotes(limits.listed);
  const parser = new SectionParser(limits, notes);
  const builder = new FilingBuilder(limits, notes);
  const facts: FileFacts = { bytes: 0, sha256: "" };
  const take = async (sections: Section[]): Promise<void> => {
    for (const section of sections) {
      const holding = builder.read(section);
      if (!holding) continue;
      if (options.onHolding) await options.onHolding(holding);
      else builder.holdings.push(holding);
    }
  };
  for await (const text of fileText(source, limits.bytes, facts, () => parser.line)) await take(parser.write(text));
  if (facts.bytes === 0) throw new EvergreenError("EG400", "line 1: the file is empty.");
  const { line } = parser;
  await take(parser.close());
  return builder.finish(line, facts);
}
