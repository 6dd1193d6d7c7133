// Classes of units of a fund, and how many decimals their units, prices and cash have.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";
import { type FundRow, findFund, isUuid } from "./funds.ts";

const ClassRow = z.object({
  share_class_id: z.string(),
  fund_id: z.string(),
  code: z.string(),
  name: z.string(),
  currency: z.string(),
  units_dp: z.number(),
  price_dp: z.number(),
  units_outstanding: z.string(),
  nav_per_unit: z.string().nullable(),
  issue_price: z.string().nullable(),
  /** The class that it is a side pocket of. */
  pocket_of: z.string().nullable(),
});
export type ClassRow = z.infer<typeof ClassRow>;
const COLUMNS =
  "share_class_id,fund_id,code,name,currency,units_dp,price_dp,units_outstanding::text,nav_per_unit::text,issue_price::text,pocket_of";

/** Every class of a fund that the caller may see, by code. */
export function listClasses(session: Session, fundId: string): Promise<ClassRow[]> {
  return session.read("share_classes", COLUMNS, (query) => query.eq("fund_id", fundId).order("code"), ClassRow);
}

/** Every class the caller may see, by id. */
export async function allClasses(session: Session): Promise<Map<string, ClassRow>> {
  const rows = await session.all(
    "share_classes",
    COLUMNS,
    "share_class_id",
    (row) => row.share_class_id,
    (query) => query,
    ClassRow,
  );
  return new Map(rows.map((row) => [row.share_class_id, row]));
}

export interface FundAndClass {
  fund: FundRow;
  shareClass: ClassRow;
}

/** The class of --class, or the only one the fund has. Errors: EG400 when there are several, EG404 when there is none of that name. */
export async function findClass(session: Session, fundCode: string, code: string | undefined): Promise<FundAndClass> {
  const fund = await findFund(session, fundCode);
  const classes = await listClasses(session, fund.fund_id);
  const named =
    code === undefined ? classes : classes.filter((row) => row.code === code || row.share_class_id === code);
  const [shareClass] = named;
  if (shareClass !== undefined && named.length === 1) return { fund, shareClass };
  const names = classes.map((row) => plain(row.code)).join(", ");
  if (classes.length === 0)
    throw new EvergreenError("EG404", `${plain(fund.code)} has no class of units that you may see.`);
  if (code === undefined)
    throw new EvergreenError("EG400", `Name a class with --class: ${plain(fund.code)} has ${names}.`);
  throw new EvergreenError("EG404", `${plain(fund.code)} has no class ${plain(code)}; it has ${names}.`);
}

/** Decimals of each currency. */
export async function currencyDecimals(session: Session): Promise<Map<string, number>> {
  const rows = await session.read(
    "currencies",
    "code,exponent",
    (query) => query.order("code"),
    z.object({ code: z.string(), exponent: z.number() }),
  );
  return new Map(rows.map((row) => [row.code, row.exponent]));
}

const InvestorRow = z.object({ investor_id: z.string(), code: z.string() });

/** Investors the caller may see: an LP its own, staff all. By code or id. Errors: EG404. */
export async function findInvestor(session: Session, codeOrId: string): Promise<z.infer<typeof InvestorRow>> {
  const column = isUuid(codeOrId) ? "investor_id" : "code";
  const row = await session.one("investors", "investor_id,code", (query) => query.eq(column, codeOrId), InvestorRow);
  if (!row) throw new EvergreenError("EG404", `There is no investor ${plain(codeOrId)} that you may see.`);
  return row;
}

/** The one investor of an LP. Errors: EG400 when the login sees several, EG404 when it sees none. */
export async function ownInvestor(session: Session): Promise<z.infer<typeof InvestorRow>> {
  const rows = await session.read("investors", "investor_id,code", (query) => query.order("code"), InvestorRow, 5);
  const [only] = rows;
  if (only === undefined) throw new EvergreenError("EG404", `${plain(session.email)} sees no investor.`);
  if (rows.length === 1) return only;
  const names = rows.map((row) => plain(row.code)).join(", ");
  throw new EvergreenError(
    "EG400",
    `Say for whom with --investor: ${plain(session.email)} sees ${names}${rows.length === 5 ? " and others" : ""}.`,
  );
}
