// The door by which the Commander makes the files of a statement: a PDF of it and of each letter, drawn from the row alone and kept once with their hashes, in
// this home and, when a store is set, beside the copies of its day. They hold ids and amounts as their row does, and nobody's name.
import { findReport, keepReport, type Store } from "@evergreen-fund/analytics";
import { EvergreenError } from "@evergreen-fund/domain";
import { letterDocument, pdfOf, type ReportedStatement, statementDocument } from "@evergreen-fund/reports";

export interface StatementFiles {
  /**
   * `hash`: SHA-256 over the lines of `sha256sum` of the files. Those that are there, whole, stay as they are.
   * Errors: EG413 more than 64 MB, EG503 and EG403 of the store.
   */
  keep(fundId: string, statement: ReportedStatement): Promise<{ hash: string; files: number }>;
}

/** The statement and its letters; beyond, the letters stand in the statement alone. */
const MOST_FILES = 500;
const MOST_BYTES = 64 * 1024 * 1024;

export const openStatementFiles = (home: string, store: Store | null): StatementFiles => ({
  async keep(fundId, statement) {
    const key = { runId: statement.statementId, fundId, day: statement.body.dealingDate };
    const kept = await findReport(home, store, key).catch((error: unknown) => {
      // not there, or not what was written: it is drawn from the row
      if (error instanceof EvergreenError && (error.code === "EG404" || error.code === "EG431")) return undefined;
      throw error;
    });
    // what lies in the home may not have reached the store
    const { hash, files } =
      kept?.from === "store"
        ? kept
        : await keepReport(home, store, key, kept === undefined ? await drawn(statement) : []);
    return { hash, files: files.length };
  },
});

async function drawn(statement: ReportedStatement): Promise<{ name: string; content: Uint8Array }[]> {
  const letters = statement.body.fills
    .slice(0, MOST_FILES - 1)
    .flatMap(({ orderId }) => letterDocument(statement, orderId) ?? []);
  const files = [];
  let bytes = 0;
  for (const document of [statementDocument(statement), ...letters]) {
    const content = await pdfOf(document);
    bytes += content.byteLength;
    if (bytes > MOST_BYTES)
      throw new EvergreenError(
        "EG413",
        "The statement has more pages than are kept as files; its page shows it whole.",
      );
    files.push({ name: `${document.name}.pdf`, content });
  }
  return files;
}
