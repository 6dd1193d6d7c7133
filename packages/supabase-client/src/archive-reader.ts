// Reads what is due to be archived: what is older than its term, and the rows of one kind, fund and month as the archive will have them.
import { finished, type Readable } from "node:stream";
import { type AgentRole, EvergreenError, type SystemRole } from "@evergreen-fund/domain";
import pg from "pg";
import { TYPES } from "./ask.ts";
import { copyOut } from "./copy-out.ts";
import { toEvergreenError } from "./errors.ts";

/** Rows of one kind, fund (null: events of none) and month that are older than their term. */
export interface DueRows {
  what: "fund_events" | "asset_snapshots";
  fundId: string | null;
  /** First day of the month (UTC), YYYY-MM-DD. */
  month: string;
  rows: string;
  /** A legal hold stands on the fund. */
  held: boolean;
}

export interface ArchiveReader {
  plan(): Promise<DueRows[]>;
  /** CSV of two columns, the place in the archive and the exact text of the row; in the order of the digest. */
  copy(due: DueRows): Readable;
  close(): Promise<void>;
}

/** Throws EvergreenError: EG503 when the database is not there, EG403 when the login may not. */
export async function openArchiveReader(options: {
  url: string;
  role?: AgentRole | SystemRole;
}): Promise<ArchiveReader> {
  const client = new pg.Client({
    connectionString: options.url,
    options: "-c TimeZone=UTC -c DateStyle=ISO",
    types: TYPES,
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => {}); // the statement under way fails as well
  const asked = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toEvergreenError(error);
    }
  };
  await asked(client.connect());
  try {
    if (options.role !== undefined) await asked(client.query(`set role ${pg.escapeIdentifier(options.role)}`));
    await asked(client.query("set statement_timeout = '30min'"));
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  return {
    async plan() {
      const { rows } = await asked(
        client.query("select what, fund_id, month::text, rows::text, held from public.fn_plan_retention()"),
      );
      return rows.map((row) => ({
        what: row.what,
        fundId: row.fund_id,
        month: row.month,
        rows: row.rows,
        held: row.held,
      }));
    },
    copy(due) {
      if (due.fundId !== null && !/^[0-9a-f-]{36}$/.test(due.fundId))
        throw new EvergreenError("EG400", "A fund is named by its id.");
      const values = [due.what, due.fundId, due.month].map((value) =>
        value === null ? "null" : pg.escapeLiteral(value),
      );
      const given = client.query(
        copyOut(
          `copy (select place, canonical from public.fn_read_archivable(${values[0]}, ${values[1]}::uuid, ${values[2]}::date)) to stdout with (format csv, force_quote *)`,
        ),
      );
      finished(given, () => {}); // its consumer handles the error
      return given;
    },
    close: () => client.end(),
  };
}
