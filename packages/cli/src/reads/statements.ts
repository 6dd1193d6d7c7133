// What statements and performance are made from: the books the database hands out under the caller's own rights, and stored statements.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { StatementInput } from "@evergreen-fund/finance/statement/books.ts";
import { StatementBody } from "@evergreen-fund/finance/statement/statement-body.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";
import { isUuid } from "./funds.ts";

const Fund = z.object({ code: z.string(), name: z.string(), synthetic: z.boolean() });
const Books = z.object({
  fund: Fund,
  shareClass: z.object({ id: z.string(), code: z.string() }),
  feesStated: z.boolean(),
  takenOver: z.boolean(),
  ...StatementInput.omit({ from: true, to: true }).shape,
});
export type StatementBooks = z.infer<typeof Books>;

const InvestorRow = z.object({ investor_id: z.string(), code: z.string() });
export type InvestorRow = z.infer<typeof InvestorRow>;

/** Errors: EG404 when the caller sees no such investor. */
export async function findInvestor(session: Session, codeOrId: string): Promise<InvestorRow> {
  const column = isUuid(codeOrId) ? "investor_id" : "code";
  const investor = await session.one(
    "investors",
    "investor_id,code",
    (query) => query.eq(column, codeOrId),
    InvestorRow,
  );
  if (!investor) throw new EvergreenError("EG404", `There is no investor ${plain(codeOrId)} that you may see.`);
  return investor;
}

const ClassRow = z.object({ share_class_id: z.string(), code: z.string(), fund_id: z.string() });
export type ClassRow = z.infer<typeof ClassRow>;

/** A class by id, or by code within a fund. Errors: EG404, and EG400 when several funds have one of that code. */
export async function findClass(session: Session, codeOrId: string, fundId: string | undefined): Promise<ClassRow> {
  const column = isUuid(codeOrId) ? "share_class_id" : "code";
  const classes = await session.read(
    "share_classes",
    "share_class_id,code,fund_id",
    (query) => (fundId === undefined ? query : query.eq("fund_id", fundId)).eq(column, codeOrId),
    ClassRow,
    2,
  );
  const [found, another] = classes;
  if (!found) throw new EvergreenError("EG404", `There is no class ${plain(codeOrId)} that you may see.`);
  if (another)
    throw new EvergreenError("EG400", `Several funds have a class ${plain(codeOrId)}; name the fund with --fund.`);
  return found;
}

export const readBooks = (
  session: Session,
  investorId: string,
  classId: string,
  knownOn: string | undefined,
): Promise<StatementBooks> =>
  session.call("fn_statement_books", { investor_id: investorId, share_class_id: classId, known_on: knownOn }, Books);

const StoredRow = z.object({
  statement_id: z.string(),
  version: z.number(),
  hash: z.string(),
  recorded_at: z.string(),
  body: StatementBody,
});
export type StoredStatement = z.infer<typeof StoredRow>;

/** The statement of a dealing day as it stood at a time, newest version first recorded by then; undefined when there is none. */
export async function storedStatement(
  session: Session,
  {
    investorId,
    classId,
    day,
    knownOn,
  }: { investorId: string; classId: string; day: string; knownOn: string | undefined },
): Promise<StoredStatement | undefined> {
  const rows = await session.read(
    "statements",
    "statement_id,version,hash,recorded_at::text,body",
    (query) => query.eq("investor_id", investorId).eq("effective_at", `${day}T00:00:00+00:00`),
    StoredRow,
  );
  const limit = knownOn === undefined ? Number.POSITIVE_INFINITY : Date.parse(knownOn);
  return rows
    .filter((row) => row.body.shareClass.id === classId && timeOf(row.recorded_at) <= limit)
    .sort((a, b) => b.version - a.version)[0];
}

const timeOf = (timestamp: string): number => Date.parse(timestamp.replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00"));

const PerformanceBooks = z.object({
  fund: Fund,
  currency: z.string(),
  knownOn: z.string(),
  holders: z.number(),
  classes: z.array(
    z.object({
      id: z.string(),
      code: z.string(),
      prices: z.array(
        z.object({ date: z.string(), price: z.string(), distributed: z.string(), fees: z.string().nullable() }),
      ),
      flows: z.array(
        z.object({
          date: z.string(),
          via: z.enum(["cash", "switch", "transfer", "taken_over", "fee"]),
          units: z.string(),
          paidIn: z.string(),
          paidOut: z.string(),
        }),
      ),
    }),
  ),
  dates: z.array(z.object({ date: z.string(), staleShare: z.string().nullable(), borrows: z.boolean() })),
});
export type PerformanceBooks = z.infer<typeof PerformanceBooks>;

export const readPerformanceBooks = (
  session: Session,
  asked: {
    fund: string;
    investorIds: readonly string[] | undefined;
    shareClass: string | undefined;
    knownOn: string | undefined;
  },
): Promise<PerformanceBooks> =>
  session.call(
    "fn_performance_books",
    { fund: asked.fund, investor_ids: asked.investorIds, share_class: asked.shareClass, known_on: asked.knownOn },
    PerformanceBooks,
  );
