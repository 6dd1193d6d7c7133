// `import orders|bank|accounts|list|show|match|undo`: files into the fund, tried before, taken back after. Each file is read whole before anything is sent.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { ANY_FUND, type Command, FUND, type Options, REQUEST_ID, text } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { type ImportRequest, importReport, sendImport } from "../files/import-file.ts";
import { columnsJson, columnsText, DRY_RUN, MAP, mappingOf, PARTIAL } from "../files/mapping-option.ts";
import { facts, isoTime, money, plain, table, when } from "../output.ts";
import { personalOf } from "../personal.ts";
import { findFund } from "../reads/funds.ts";
import { type BatchRow, findImport, type ImportRow, importRows, listImports, partiesOf } from "../reads/imports.ts";
import type { Session } from "../session.ts";
import { countOf } from "../wait.ts";

const FILE = (about: string) => ({ name: "<file>", about });
const ID = { name: "<id>", about: "id of the import, as `import list` shows it" };
const OUTCOMES = ["accepted", "matched", "unmatched", "refused", "duplicate", "undone"] as const;

const request = (which: Pick<ImportRequest, "fn" | "rowsArgument">, path: string, options: Options): ImportRequest => ({
  ...which,
  fund: text(options, "fund") ?? "",
  path,
  partial: options.partial === true,
  dryRun: options.dryRun === true,
  requestId: requestIdOf(text(options, "requestId")),
});

const batchJson = (batch: BatchRow) => ({
  importId: batch.import_id,
  fundId: batch.fund_id,
  kind: batch.kind,
  format: batch.format,
  fileName: batch.file_name,
  fileSha256: batch.file_sha256,
  rows: batch.rows,
  accepted: batch.accepted,
  refused: batch.refused,
  unmatched: batch.unmatched,
  status: batch.status,
  importedBy: batch.imported_by,
  importedAt: isoTime(batch.created_at),
  undoneAt: isoTime(batch.undone_at),
  undoneBy: batch.undone_by,
  undoReason: batch.undo_reason,
});

const rowJson = (row: ImportRow) => ({
  row: row.position,
  line: row.line,
  outcome: row.outcome,
  code: row.code,
  reason: row.reason,
  reference: row.reference,
  matchedBy: row.matched_by,
  flowId: row.flow_id,
  ledgerTxId: row.ledger_tx_id,
  said: row.said,
});
const saying = (row: ImportRow, name: string): string | undefined =>
  typeof row.said[name] === "string" ? String(row.said[name]) : undefined;

const Undone = z.object({
  import_id: z.string(),
  status: z.string(),
  undone: z.number(),
  kept: z.array(z.object({ position: z.number(), line: z.number(), code: z.string(), reason: z.string() })),
});

type AccountLine = { investor: string | null; account: string; bic: string | null; holder: string; currency: string };

/** Numbers and holders of investors leave this process encrypted; a fund's own account is no secret. Whoever is not found is refused by the database. */
async function sealed(context: Context, session: Session, lines: readonly AccountLine[]): Promise<unknown[]> {
  const parties = await partiesOf(
    session,
    lines.flatMap(({ investor }) => investor ?? []),
  );
  if (parties.size === 0) return lines.map((line) => (line.investor === null ? line : { investor: line.investor }));
  const { accounts } = await personalOf(context, session);
  const rows: unknown[] = [];
  for (const { investor, ...line } of lines) {
    const party = investor === null ? undefined : parties.get(investor);
    if (investor === null) rows.push({ investor, ...line });
    else if (party === undefined) rows.push({ investor });
    else rows.push({ investor, bic: line.bic, currency: line.currency, ...(await accounts.seal(party, line)) });
  }
  return rows;
}

/** Beside the number of who paid stands its hash, by which an investor's account is found; the number itself is not kept. */
async function withIndexes<R extends { value?: { counterparty_account: string | null } | undefined }>(
  context: Context,
  session: Session,
  rows: readonly R[],
): Promise<R[]> {
  if (rows.every(({ value }) => (value?.counterparty_account ?? null) === null)) return [...rows];
  const { accounts } = await personalOf(context, session);
  const indexed: R[] = [];
  for (const row of rows) {
    const number = row.value?.counterparty_account ?? null;
    indexed.push(
      number === null ? row : { ...row, value: { ...row.value, counterparty_index: await accounts.indexOf(number) } },
    );
  }
  return indexed;
}

export const importFileCommands: readonly Command[] = [
  {
    path: "import orders",
    summary: "Takes orders in from CSV, XLSX, setr.010 or setr.004: all or nothing, each file once",
    arguments: [FILE("orders (CSV, XLSX, or ISO 20022 setr.010.001.04 or setr.004.001.04)")],
    options: [FUND, MAP, PARTIAL, DRY_RUN, REQUEST_ID],
    examples: [
      "import orders orders.xlsx --fund EVG --dry-run",
      "import orders orders.csv --fund EVG --map orders.yaml",
    ],
    role: "ops_role",
    run: async (context, [path = ""], options) => {
      const mapping = await mappingOf(text(options, "map"), "orders");
      const { readOrders } = await import("@evergreen-fund/interchange");
      const file = await context.progress("Reading the file", () => readOrders(path, { mapping }));
      const session = await context.session("ops_role");
      const asked = request({ fn: "fn_import_orders", rowsArgument: "orders" }, path, options);
      return importReport(file, await context.progress("Importing", () => sendImport(session, file, asked)), asked);
    },
  },
  {
    path: "import bank",
    summary:
      "Takes a bank statement in from CSV, XLSX or camt.053 and matches it to orders by reference, account and amount",
    arguments: [FILE("statement (CSV, XLSX, or ISO 20022 camt.053.001.02 to .13)")],
    options: [FUND, MAP, PARTIAL, DRY_RUN, REQUEST_ID],
    examples: ["import bank camt053.xml --fund EVG --dry-run", "import bank statement.csv --fund EVG --map bank.yaml"],
    role: "ops_role",
    run: async (context, [path = ""], options) => {
      const mapping = await mappingOf(text(options, "map"), "bank");
      const { readStatement } = await import("@evergreen-fund/interchange");
      const file = await context.progress("Reading the file", () => readStatement(path, { mapping }));
      if (file.rows.length === 0) throw new EvergreenError("EG400", "The statement has no booked entries.");
      const session = await context.session("ops_role");
      const asked = request({ fn: "fn_import_bank_statement", rowsArgument: "lines" }, path, options);
      const found = { ...file, rows: await withIndexes(context, session, file.rows) };
      return importReport(file, await context.progress("Importing", () => sendImport(session, found, asked)), asked);
    },
  },
  {
    path: "import accounts",
    summary: "Proposes the accounts that money is paid to and from; another person approves them (`accounts approve`)",
    arguments: [FILE("accounts (CSV or XLSX): investor (empty for the fund's own), account, holder, currency, bic")],
    options: [FUND, MAP, REQUEST_ID],
    examples: ["import accounts accounts.csv --fund EVG"],
    role: "ops_role",
    run: async (context, [path = ""], options) => {
      const mapping = await mappingOf(text(options, "map"), "accounts");
      const { readAccounts } = await import("@evergreen-fund/interchange");
      const file = await context.progress("Reading the file", () => readAccounts(path, { mapping }));
      const problems = file.rows.flatMap((row) => row.problems);
      const [first] = problems;
      if (first) {
        const more = problems.length === 1 ? "" : ` There are ${problems.length - 1} more.`;
        throw new EvergreenError(
          "EG400",
          `line ${first.line}: ${first.column === undefined ? "" : `${plain(first.column)} `}${plain(first.reason)}${more}`,
        );
      }
      const session = await context.session("ops_role");
      const fund = text(options, "fund") ?? "";
      const request_id = requestIdOf(text(options, "requestId"));
      const lines = file.rows.flatMap((row) => row.value ?? []);
      const { underCurrentKey } = await import("@evergreen-fund/personal-data");
      const answer = await underCurrentKey(async () =>
        session.call(
          "fn_propose_bank_accounts",
          { fund, accounts: await sealed(context, session, lines), request_id },
          z.object({ proposed: z.number(), known: z.number() }),
        ),
      );
      return {
        json: { fund, proposed: answer.proposed, known: answer.known, columns: columnsJson(file.columns) },
        text: `${columnsText(file.columns)}\n${answer.proposed} accounts are proposed, ${answer.known} were known. Another person approves them: npx --no-install evergreen accounts list --fund ${plain(fund)}`,
      };
    },
  },
  {
    path: "import list",
    summary: "Imported files of orders and bank statements, the newest first",
    options: [
      ANY_FUND,
      { flags: "--kind <kind>", about: "only these", choices: ["orders", "bank"] },
      { flags: "--limit <count>", about: "how many at most", default: "50" },
    ],
    examples: ["import list --fund EVG", "import list --kind bank"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const session = await context.session("ops_role");
      const fund = text(options, "fund");
      const fundId = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
      const batches = await listImports(session, { fundId, kind: text(options, "kind"), limit });
      return {
        json: batches.map(batchJson),
        text: table(batches, [
          { header: "Import", value: (one) => one.import_id },
          { header: "Kind", value: (one) => one.kind },
          { header: "File", value: (one) => one.file_name, most: 32 },
          { header: "Rows", value: (one) => String(one.rows), figure: true },
          { header: "Taken", value: (one) => String(one.accepted), figure: true },
          { header: "Refused", value: (one) => String(one.refused), figure: true },
          { header: "Unmatched", value: (one) => String(one.unmatched), figure: true },
          { header: "Status", value: (one) => one.status },
          { header: "At", value: (one) => when(one.created_at) },
        ]),
      };
    },
  },
  {
    path: "import show",
    summary: "The rows of an import: what each said, what became of it, the order or ledger transaction it made",
    arguments: [ID],
    options: [
      { flags: "--outcome <outcome>", about: "only rows that are so", choices: OUTCOMES },
      { flags: "--limit <count>", about: "how many rows at most", default: "200" },
    ],
    examples: ["import show 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --outcome unmatched"],
    role: "ops_role",
    run: async (context, [id = ""], options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const session = await context.session("ops_role");
      const batch = await findImport(session, id);
      const rows = await importRows(session, batch.import_id, text(options, "outcome"), limit);
      return {
        json: { ...batchJson(batch), list: rows.map(rowJson) },
        text: [
          facts([
            ["Import", batch.import_id],
            ["File", `${batch.file_name} (${batch.format})`],
            ["Status", batch.status],
            ["Imported", `${when(batch.created_at)} by ${batch.imported_by}`],
            ...(batch.undone_at === null
              ? []
              : ([
                  ["Undone", `${when(batch.undone_at)} by ${batch.undone_by ?? ""}: ${batch.undo_reason ?? ""}`],
                ] as const)),
          ]),
          table(rows, [
            { header: "Row", value: (row) => String(row.position), figure: true },
            { header: "Line", value: (row) => String(row.line), figure: true },
            { header: "Outcome", value: (row) => row.outcome },
            {
              header: "Amount",
              value: (row) =>
                saying(row, "amount") === undefined ? saying(row, "units") : money(saying(row, "amount")),
              figure: true,
            },
            { header: "Way", value: (row) => saying(row, "side") ?? saying(row, "direction") },
            { header: "Reference", value: (row) => row.reference ?? saying(row, "end_to_end"), most: 24 },
            { header: "Order", value: (row) => row.flow_id },
            { header: "Why", value: (row) => row.reason ?? row.matched_by, most: 80 },
          ]),
        ].join("\n\n"),
      };
    },
  },
  {
    path: "import match",
    summary: "Tries the unmatched lines of a statement again, or matches one of them to an order by hand",
    arguments: [ID],
    options: [
      { flags: "--row <number>", about: "the row, as `import show` numbers it" },
      { flags: "--order <id>", about: "the order it pays" },
      REQUEST_ID,
    ],
    examples: [
      "import match 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69",
      "import match 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --row 4 --order 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11",
    ],
    role: "ops_role",
    run: async (context, [id = ""], options) => {
      const [row, order] = [text(options, "row"), text(options, "order")];
      if ((row === undefined) !== (order === undefined))
        throw new EvergreenError("EG400", "Name --row and --order, or neither.");
      const session = await context.session("ops_role");
      const answer = await session.call(
        "fn_match_bank_lines",
        {
          import_id: (await findImport(session, id)).import_id,
          line_position: row === undefined ? undefined : countOf("row", row, 50_000),
          flow_id: order,
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.object({ import_id: z.string(), matched: z.number(), unmatched: z.number() }),
      );
      return {
        json: { importId: answer.import_id, matched: answer.matched, unmatched: answer.unmatched },
        text: `${answer.matched} lines are matched now; ${answer.unmatched} are not.`,
      };
    },
  },
  {
    path: "import undo",
    summary:
      "Takes an import back: cancels its orders, or has its cash reversed by another person; what was dealt is refused",
    arguments: [ID],
    options: [
      { flags: "--reason <text>", about: "why, in one sentence (no personal data)", required: true },
      { flags: "--partial", about: "undo what can be undone and list what was dealt" },
      REQUEST_ID,
    ],
    examples: ['import undo 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --reason "the wrong file"'],
    role: "ops_role",
    run: async (context, [id = ""], options) => {
      const session = await context.session("ops_role");
      const answer = await session.call(
        "fn_undo_import",
        {
          import_id: (await findImport(session, id)).import_id,
          reason: text(options, "reason"),
          partial: options.partial === true,
          request_id: requestIdOf(text(options, "requestId")),
        },
        Undone,
      );
      const kept = table(answer.kept, [
        { header: "Line", value: (one) => String(one.line), figure: true },
        { header: "Code", value: (one) => one.code },
        { header: "Kept because", value: (one) => one.reason, most: 120 },
      ]);
      return {
        json: {
          importId: answer.import_id,
          status: answer.status,
          undone: answer.undone,
          kept: answer.kept.map(({ position, ...one }) => ({ row: position, ...one })),
        },
        text: `${answer.undone} rows are undone.${answer.kept.length === 0 ? "" : `\n\n${kept}`}`,
      };
    },
  },
];
