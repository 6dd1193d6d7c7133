// Every fn_* once; a sweep test fails when the database has one that is not here.
import { EVENT_CASES } from "./event-cases.ts";
import { FUND_CASES } from "./fund-cases.ts";
import { INVESTOR_CASES } from "./investor-cases.ts";
import { OVERSIGHT_CASES } from "./oversight-cases.ts";
import { PROPOSAL_CASES } from "./proposal-cases.ts";
import type { RpcCase } from "./rpc-case.ts";

export const RPC_CASES: readonly RpcCase[] = [
  ...EVENT_CASES,
  ...FUND_CASES,
  ...PROPOSAL_CASES,
  ...INVESTOR_CASES,
  ...OVERSIGHT_CASES,
];
