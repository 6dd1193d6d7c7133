// `export table`: a table as the caller may see it, as CSV, XLSX or Parquet, with exact decimals.
import { writeFile } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, text } from "../command.ts";
import { facts, plain } from "../output.ts";

type Kind = "text" | "decimal" | "date";
interface ExportedTable {
  key: string;
  columns: Readonly<Record<string, Kind>>;
}

/** What each holds; amounts in the currency beside them. Bodies and personal data are not tables of figures and stay out. */
const TABLES: Readonly<Record<string, ExportedTable>> = {
  lots: {
    key: "lot_id",
    columns: {
      lot_id: "text",
      share_class_id: "text",
      investor_id: "text",
      opened_on: "date",
      series: "text",
      units_issued: "decimal",
      units_left: "decimal",
      price: "decimal",
    },
  },
  cash_movements: {
    key: "entry_id",
    columns: {
      entry_id: "text",
      ledger_tx_id: "text",
      fund_id: "text",
      account: "text",
      investor_id: "text",
      flow_id: "text",
      currency: "text",
      amount: "decimal",
    },
  },
  fund_flows: {
    key: "flow_id",
    columns: {
      flow_id: "text",
      fund_id: "text",
      share_class_id: "text",
      investor_id: "text",
      direction: "text",
      order_kind: "text",
      status: "text",
      currency: "text",
      amount: "decimal",
      requested_units: "decimal",
      filled_units: "decimal",
      price: "decimal",
      net_amount: "decimal",
      dealing_date: "date",
      requested_at: "text",
      settled_at: "text",
    },
  },
  allocations: {
    key: "allocation_id",
    columns: {
      allocation_id: "text",
      dealing_day_id: "text",
      flow_id: "text",
      share_class_id: "text",
      investor_id: "text",
      requested_units: "decimal",
      filled_units: "decimal",
      carried_units: "decimal",
      price: "decimal",
      gross_amount: "decimal",
      levy: "decimal",
      fee: "decimal",
      credit: "decimal",
      net_amount: "decimal",
      reason: "text",
    },
  },
};
const FORMATS = ["csv", "xlsx", "parquet"] as const;
/** A workbook has no more rows than this. */
const MOST_XLSX_ROWS = 1_048_575;

const csvField = (value: string): string => {
  const safe = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

async function contentOf(
  format: (typeof FORMATS)[number],
  name: string,
  columns: readonly (readonly [string, Kind])[],
  rows: readonly (readonly string[])[],
): Promise<Uint8Array | string> {
  const headers = columns.map(([column]) => column);
  if (format === "csv") return [headers, ...rows].map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
  if (format === "xlsx") {
    if (rows.length > MOST_XLSX_ROWS)
      throw new EvergreenError("EG413", "A workbook has at most 1,048,575 rows: export as parquet.");
    const { workbookOf } = await import("@evergreen-fund/reports/workbook.ts");
    return workbookOf({
      name,
      columns: columns.map(([header, kind]) => ({ header, figure: kind === "decimal" })),
      rows,
    });
  }
  const { parquetOf } = await import("@evergreen-fund/analytics");
  return parquetOf(
    columns.map(([column, kind]) => ({ name: column, kind })),
    rows,
  );
}

export const exportTableCommands: readonly Command[] = [
  {
    path: "export table",
    summary: "Writes a table, as far as the caller may see it, as CSV, XLSX or Parquet with exact decimals",
    arguments: [{ name: "<table>", about: `one of ${Object.keys(TABLES).join(", ")}` }],
    options: [
      { flags: "--format <format>", about: "of the file", required: true, choices: [...FORMATS] },
      { flags: "--out <file>", about: "write the file here (it must not exist)", required: true },
    ],
    examples: [
      "export table fund_flows --format parquet --out orders.parquet",
      "export table lots --format xlsx --out lots.xlsx --as lp1@demo.evergreen.example",
    ],
    role: "ops_role",
    run: async (context, [name = ""], options) => {
      const table = Object.hasOwn(TABLES, name) ? TABLES[name] : undefined;
      if (table === undefined)
        throw new EvergreenError("EG400", `${plain(name)} is not one of ${Object.keys(TABLES).join(", ")}.`);
      const format = z.enum(FORMATS).parse(text(options, "format"));
      const out = text(options, "out") ?? "";
      const session = await context.session("ops_role");
      const columns = Object.entries(table.columns);
      const select = columns.map(([column, kind]) => (kind === "decimal" ? `${column}::text` : column)).join(",");
      const found = await context.progress("Reading the rows", () =>
        session.all(
          name,
          select,
          table.key,
          (row) => String(row[table.key]),
          (query) => query,
          z.record(z.string(), z.unknown()),
        ),
      );
      const rows = found.map((row) => columns.map(([column]) => (row[column] == null ? "" : String(row[column]))));
      await writeFile(out, await contentOf(format, name, columns, rows), { flag: "wx", mode: 0o600 }).catch(
        (error: unknown) => {
          if (error instanceof EvergreenError) throw error;
          throw new EvergreenError("EG400", `Cannot write ${plain(out)}; is it there already?`, { cause: error });
        },
      );
      return {
        json: { table: name, format, file: out, rows: rows.length },
        text: facts([
          ["File", out],
          ["Rows", String(rows.length)],
        ]),
      };
    },
  },
];
