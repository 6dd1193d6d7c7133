// A fund by code or id, and the list of those the caller may see.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";

const COLUMNS = "fund_id,code,name,base_currency,status,synthetic,net_assets::text,nav_as_of,allocations_version::text";

const FundRow = z.object({
  fund_id: z.string(),
  code: z.string(),
  name: z.string(),
  base_currency: z.string(),
  status: z.string(),
  synthetic: z.boolean(),
  net_assets: z.string(),
  nav_as_of: z.string().nullable(),
  allocations_version: z.string(),
});
export type FundRow = z.infer<typeof FundRow>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const isUuid = (text: string): boolean => UUID.test(text);

/** Errors: EG404 when the caller sees no such fund. */
export async function findFund(session: Session, codeOrId: string): Promise<FundRow> {
  const column = isUuid(codeOrId) ? "fund_id" : "code";
  const fund = await session.one("funds", COLUMNS, (query) => query.eq(column, codeOrId), FundRow);
  if (!fund) throw new EvergreenError("EG404", `There is no fund ${plain(codeOrId)} that you may see.`);
  return fund;
}

/** Every fund the caller may see, by code. */
export function listFunds(session: Session): Promise<FundRow[]> {
  return session.all(
    "funds",
    COLUMNS,
    "code",
    (fund) => fund.code,
    (query) => query,
    FundRow,
  );
}
