// Imported files, their rows, accounts and payment files as rows.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { AccountWords } from "@evergreen-fund/personal-data";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";
import { isUuid } from "./funds.ts";

const BatchRow = z.object({
  import_id: z.string(),
  fund_id: z.string(),
  kind: z.string(),
  format: z.string(),
  file_name: z.string(),
  file_sha256: z.string(),
  rows: z.number(),
  accepted: z.number(),
  refused: z.number(),
  unmatched: z.number(),
  status: z.string(),
  imported_by: z.string(),
  created_at: z.string(),
  undone_at: z.string().nullable(),
  undone_by: z.string().nullable(),
  undo_reason: z.string().nullable(),
});
export type BatchRow = z.infer<typeof BatchRow>;
const BATCH =
  "import_id,fund_id,kind,format,file_name,file_sha256,rows,accepted,refused,unmatched,status,imported_by,created_at,undone_at,undone_by,undo_reason";

export interface BatchFilter {
  fundId: string | undefined;
  kind: string | undefined;
  limit: number;
}

/** The newest imports first. */
export const listImports = (session: Session, { fundId, kind, limit }: BatchFilter): Promise<BatchRow[]> =>
  session.read(
    "import_batches",
    BATCH,
    (query) => {
      const ordered = query.order("created_at", { ascending: false });
      const inFund = fundId === undefined ? ordered : ordered.eq("fund_id", fundId);
      return kind === undefined ? inFund : inFund.eq("kind", kind);
    },
    BatchRow,
    limit,
  );

/** Errors: EG404 when the caller sees no such import. */
export async function findImport(session: Session, id: string): Promise<BatchRow> {
  const batch = isUuid(id)
    ? await session.one("import_batches", BATCH, (query) => query.eq("import_id", id), BatchRow)
    : undefined;
  if (!batch) throw new EvergreenError("EG404", `There is no import ${plain(id)} that you may see.`);
  return batch;
}

const ImportRow = z.object({
  position: z.number(),
  line: z.number(),
  outcome: z.string(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  reference: z.string().nullable(),
  matched_by: z.string().nullable(),
  flow_id: z.string().nullable(),
  ledger_tx_id: z.string().nullable(),
  said: z.record(z.string(), z.unknown()),
});
export type ImportRow = z.infer<typeof ImportRow>;

/** Rows of an import in the order of the file, at most `limit`. */
export const importRows = (
  session: Session,
  id: string,
  outcome: string | undefined,
  limit: number,
): Promise<ImportRow[]> =>
  session.read(
    "import_rows",
    "position,line,outcome,code,reason,reference,matched_by,flow_id,ledger_tx_id,said",
    (query) => {
      const rows = query.eq("import_id", id).order("position");
      return outcome === undefined ? rows : rows.eq("outcome", outcome);
    },
    ImportRow,
    limit,
  );

const AccountRow = z.object({
  account_id: z.string(),
  investor: z.string().nullable(),
  currency: z.string(),
  status: z.string(),
  proposed_by: z.string(),
  decided_by: z.string().nullable(),
  words: AccountWords,
});
export type AccountRow = z.infer<typeof AccountRow>;

/** Accounts of a fund, those of the fund itself among them; numbers and holders of investors as they are kept, encrypted. */
export const listAccounts = (session: Session, fund: string, status: string | undefined): Promise<AccountRow[]> =>
  session.call("fn_read_bank_accounts", { fund, status }, z.array(AccountRow));

const PartyRow = z.object({ code: z.string(), party_id: z.string() });

/** Parties of investors by the code of the investor, or its id. */
export async function partiesOf(session: Session, named: readonly string[]): Promise<Map<string, string>> {
  const wanted = [...new Set(named)];
  const parties = new Map<string, string>();
  for (let at = 0; at < wanted.length; at += 100) {
    const some = wanted.slice(at, at + 100);
    for (const [column, names] of [
      ["code", some.filter((one) => !isUuid(one))],
      ["investor_id", some.filter(isUuid)],
    ] as const) {
      if (names.length === 0) continue;
      const rows = await session.read(
        "investors",
        "investor_id,code,party_id",
        (query) => query.in(column, names),
        PartyRow.extend({ investor_id: z.string() }),
      );
      for (const row of rows) parties.set(row[column], row.party_id);
    }
  }
  return parties;
}

const InvestorRow = z.object({ investor_id: z.string(), code: z.string() });

/** Codes of investors by id. */
export async function investorCodes(session: Session, ids: readonly string[]): Promise<Map<string, string>> {
  const wanted = [...new Set(ids)];
  const codes = new Map<string, string>();
  for (let at = 0; at < wanted.length; at += 100) {
    const rows = await session.read(
      "investors",
      "investor_id,code",
      (query) => query.in("investor_id", wanted.slice(at, at + 100)),
      InvestorRow,
    );
    for (const row of rows) codes.set(row.investor_id, row.code);
  }
  return codes;
}
