// Everything about tokens of one fund or of all, in one answer.
import { Tokens } from "@evergreen-fund/domain/token-pages.ts";
import type { Session } from "../session.ts";
import { findFund } from "./funds.ts";

export async function tokensOf(session: Session, fund: string | undefined): Promise<Tokens> {
  const fund_id = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
  return session.call("fn_read_tokens", fund_id === undefined ? {} : { fund_id }, Tokens);
}
