// A synthetic fund and the event whose run is measured: a token operation, whose playbook takes five steps of agents
// (brief, verdict of compliance, registration, close, memory).
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import type { Database } from "@evergreen-fund/supabase-client";

const person = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
export const PM = { role: "pm_role", userId: person(1) } satisfies Actor;
export const OPS = { role: "ops_role", userId: person(5) } satisfies Actor;

/** Imports the fund once; its figures are made up. */
export async function importBenchFund(database: Database): Promise<string> {
  const fund = {
    code: "BENCH",
    name: "Synthetic bench fund",
    currency: "USD",
    as_of: "2026-09-30",
    net_assets: "1000000.00",
    synthetic: true,
    source: { kind: "synthetic" },
    assets: [
      {
        key: "CASH",
        name: "Cash (synthetic)",
        type: "cash",
        sleeve: "cash",
        market_value: "1000000.00",
        bucket: "1d",
        liquid: true,
      },
    ],
    ladder: [
      { side: "asset", bucket: "1d", capacity: "1000000.00" },
      { side: "liability", bucket: "30d", capacity: "100000.00", stress_delta: "50000.00" },
    ],
  };
  const { fund_id } = await database.rpc(PM, "fn_import_fund", { fund, request_id: "bench/fund" });
  return fund_id;
}

/** Records the event that asks for a token operation. Returns its id. */
export const requestToken = (database: Database, fundId: string, n: number): Promise<string> =>
  database.rpc(OPS, "fn_record_event", {
    type: "TOKENIZATION_REQUESTED",
    payload: { chain: "bench", instrument: `SYN-${n}`, size: "1" },
    source: "bench",
    fund_id: fundId,
  });
