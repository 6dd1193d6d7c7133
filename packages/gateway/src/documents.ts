// Documents for whoever may read their rows: a statement and its letters as PDF, which a run makes once and keeps with their hashes, and the own data as a zip.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ERRORS, type ErrorCode, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";

/** The API under the token of whoever asks. Errors of `call`: those of the function. */
export interface Asker {
  read(path: string): Promise<Response>;
  call(fn: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
}

export interface Made {
  name: string;
  type: string;
  content: Uint8Array<ArrayBuffer>;
}

export interface Documents {
  /** Null: a run was asked for it and makes it; whoever asks again in a moment gets it. EG404: none that the asker may see. */
  statement(asker: Asker, statementId: string): Promise<Made | null>;
  /** The same. EG413: one of more letters than are kept; the statement has it. */
  letter(asker: Asker, statementId: string, orderId: string): Promise<Made | null>;
  ownData(call: Asker["call"], subjectId: string): Promise<Made>;
}

const Row = z.object({
  statement_id: z.uuid(),
  body: z.looseObject({
    dealingDate: z.iso.date(),
    shareClass: z.looseObject({ id: z.uuid() }),
    fills: z.array(z.looseObject({ orderId: z.string() })),
  }),
});
type Row = z.infer<typeof Row> & { fund_id: string };
const OfFund = z.array(z.object({ fund_id: z.uuid() }));

/** What was asked for and did not come is asked for again, by the same person, no sooner than this. */
const AGAIN_MS = 120_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** What the API answered, or its refusal as an error of ours. */
export async function answerOf(response: Response): Promise<unknown> {
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer;
  const { code, message } = (answer ?? {}) as { code?: string; message?: string };
  if (code !== undefined && code in ERRORS) throw new EvergreenError(code as ErrorCode, message ?? "It was refused.");
  throw new EvergreenError("EG503", "The API does not answer: try again.");
}

async function rowOf(asker: Asker, statementId: string): Promise<Row> {
  if (!UUID.test(statementId)) throw new EvergreenError("EG404", "There is no such statement that you may see.");
  const rows = z
    .array(Row)
    .parse(
      await answerOf(await asker.read(`/rest/v1/statements?select=statement_id,body&statement_id=eq.${statementId}`)),
    );
  const [row] = rows;
  if (row === undefined) throw new EvergreenError("EG404", "There is no such statement that you may see.");
  const shareClass = await asker.read(
    `/rest/v1/share_classes?select=fund_id&share_class_id=eq.${row.body.shareClass.id}`,
  );
  const [of] = OfFund.parse(await answerOf(shareClass));
  if (of === undefined) throw new EvergreenError("EG404", "There is no such statement that you may see.");
  return { ...row, fund_id: of.fund_id };
}

export interface DocumentParts {
  home: string;
  /** Where copies of documents go; null: they stay in the home. */
  openStore(): Promise<{ store: Parameters<typeof import("@evergreen-fund/analytics").keepReport>[1]; close(): void }>;
  /** Everything that is kept of a subject and may be given to it, as one zip. */
  exportSubject(call: Asker["call"], subjectId: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** The heavy packages are loaded when the first document is asked for. */
export function openDocuments({ home, openStore, exportSubject }: DocumentParts): Documents {
  /** A file of the statement, compared with its hash; null while none are kept, which a run is asked to change; undefined when there is no such file. */
  async function kept(asker: Asker, row: Row, name: string): Promise<Uint8Array<ArrayBuffer> | null | undefined> {
    const { findReport, reportFolder } = await import("@evergreen-fund/analytics");
    const key = { runId: row.statement_id, fundId: row.fund_id, day: row.body.dealingDate };
    const { store, close } = await openStore();
    try {
      const manifest = await findReport(home, store, key);
      if (!manifest.files.some((file) => file.name === name)) return undefined;
      return new Uint8Array(await readFile(join(reportFolder(home, key), name)));
    } catch (error) {
      // not there yet, or not what was written
      if (!(error instanceof EvergreenError) || (error.code !== "EG404" && error.code !== "EG431")) throw error;
    } finally {
      close();
    }
    const turn = Math.floor(Date.now() / AGAIN_MS);
    await asker.call("fn_request_documents", {
      statement_id: row.statement_id,
      request_id: `documents/${row.statement_id}/${turn}`,
    });
    return null;
  }

  return {
    async statement(asker, statementId) {
      const row = await rowOf(asker, statementId);
      const content = await kept(asker, row, "statement.pdf");
      if (content === undefined) throw new EvergreenError("EG404", "There is no such statement that you may see.");
      return content && { name: `statement-${row.body.dealingDate}.pdf`, type: "application/pdf", content };
    },
    async letter(asker, statementId, orderId) {
      const row = await rowOf(asker, statementId);
      if (!UUID.test(orderId) || !row.body.fills.some((fill) => fill.orderId === orderId))
        throw new EvergreenError("EG404", "The statement tells of no such order.");
      const content = await kept(asker, row, `letter-${orderId}.pdf`);
      if (content === undefined)
        throw new EvergreenError(
          "EG413",
          "The day has more letters than are kept as files: the statement has them all.",
        );
      return content && { name: `letter-${row.body.dealingDate}.pdf`, type: "application/pdf", content };
    },
    async ownData(call, subjectId) {
      if (!UUID.test(subjectId)) throw new EvergreenError("EG404", "No personal data is kept under that id.");
      return { name: "own-data.zip", type: "application/zip", content: await exportSubject(call, subjectId) };
    },
  };
}
