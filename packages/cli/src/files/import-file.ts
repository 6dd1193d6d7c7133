// Sends what a file was read to: one call, all or nothing, with the problems of the reader among its rows; and says what came of it.

import { EXIT } from "@evergreen-fund/domain/errors.ts";
import type { FileIdentity, MappedColumn, ReadRow } from "@evergreen-fund/interchange";
import { importRows } from "@evergreen-fund/interchange/import-rows.ts";
import { z } from "zod";
import type { Answer } from "../command.ts";
import { facts, plain, table } from "../output.ts";
import type { Session } from "../session.ts";
import { columnsJson, columnsText, fileName } from "./mapping-option.ts";

export const ImportAnswer = z.object({
  import_id: z.string().nullable(),
  status: z.string(),
  repeated: z.boolean(),
  rows: z.number(),
  accepted: z.number(),
  refused: z.number(),
  unmatched: z.number(),
  refusals: z.array(
    z.object({
      position: z.number(),
      line: z.number(),
      outcome: z.string(),
      code: z.string().optional(),
      column: z.string().optional(),
      reason: z.string().default(""),
    }),
  ),
});
export type ImportAnswer = z.infer<typeof ImportAnswer>;

interface ReadFile extends FileIdentity {
  format: string;
  columns: MappedColumn[];
  rows: ReadRow<object>[];
  notes: string[];
}

export interface ImportRequest {
  fn: "fn_import_orders" | "fn_import_bank_statement";
  rowsArgument: "orders" | "lines";
  fund: string;
  path: string;
  partial: boolean;
  dryRun: boolean;
  requestId: string;
}

export async function sendImport(session: Session, file: ReadFile, request: ImportRequest): Promise<ImportAnswer> {
  return session.call(
    request.fn,
    {
      fund: request.fund,
      file: { sha256: file.sha256, name: fileName(request.path), format: file.format },
      [request.rowsArgument]: importRows(file.rows),
      partial: request.partial,
      dry_run: request.dryRun,
      request_id: request.requestId,
    },
    ImportAnswer,
  );
}

/** What an import did, or would do, as one answer; a refused file ends with the exit code of a refusal. */
export function importReport(file: ReadFile, answer: ImportAnswer, request: ImportRequest): Answer {
  const bank = request.fn === "fn_import_bank_statement";
  const json = {
    importId: answer.import_id,
    status: answer.repeated ? "unchanged" : answer.status,
    repeated: answer.repeated,
    fund: request.fund,
    file: { name: fileName(request.path), sha256: file.sha256, format: file.format },
    columns: columnsJson(file.columns),
    rows: answer.rows,
    [bank ? "matched" : "accepted"]: answer.accepted,
    refused: answer.refused,
    ...(bank ? { unmatched: answer.unmatched } : {}),
    notes: file.notes,
    findings: answer.refusals.map(({ line, position, outcome, code, column, reason }) => ({
      line,
      row: position,
      outcome,
      column: column ?? null,
      code: code ?? null,
      reason,
    })),
  };
  return {
    json,
    text: [
      columnsText(file.columns),
      ...file.notes.map((note) => `Note: ${plain(note)}`),
      findings(answer),
      summary(answer, bank, request),
    ]
      .filter((part) => part !== "")
      .join("\n"),
    ...(answer.status === "refused" ? { exit: EXIT.refused } : {}),
  };
}

function findings(answer: ImportAnswer): string {
  if (answer.refusals.length === 0) return "";
  const left = answer.refused + answer.unmatched - answer.refusals.length;
  const rows = table(answer.refusals, [
    { header: "Line", value: (one) => String(one.line), figure: true },
    { header: "Row", value: (one) => String(one.position), figure: true },
    { header: "What", value: (one) => one.outcome },
    { header: "Column", value: (one) => one.column },
    { header: "Code", value: (one) => one.code },
    { header: "Reason", value: (one) => one.reason, most: 120 },
  ]);
  return `${rows}${left > 0 ? `\n… and ${left} more.` : ""}\n`;
}

function summary(answer: ImportAnswer, bank: boolean, { dryRun, path }: ImportRequest): string {
  const done = bank ? "matched" : "placed";
  if (answer.repeated)
    return `This file, or one with the same rows, was imported before as ${answer.import_id ?? ""}; nothing was changed.`;
  const counts: [string, string][] = [
    ["Rows", String(answer.rows)],
    [bank ? "Matched" : "Orders", String(answer.accepted)],
    ["Refused", String(answer.refused)],
    ...(bank ? ([["Unmatched", String(answer.unmatched)]] as [string, string][]) : []),
  ];
  const words =
    answer.status === "refused"
      ? "Refused: nothing was changed. Mend the rows above, or take in the others with --partial."
      : dryRun
        ? `Dry run: ${answer.accepted} rows of ${fileName(path)} would be ${done}; nothing was changed.`
        : `Import ${answer.import_id ?? ""}. Undo: npx --no-install evergreen import undo ${answer.import_id ?? ""} --reason "…"`;
  return `${facts(counts)}\n\n${words}`;
}
