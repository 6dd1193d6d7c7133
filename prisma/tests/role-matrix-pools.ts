// Part of the role matrix: pools in which units are exchanged on a chain, and incidents of a fund.
import { type Identity, rooms, STAFF } from "./role-identities.ts";

export const POOL_READERS: Record<string, { all: Identity[] }> = {
  liquidity_pools: { all: [...STAFF, ...rooms("simulation", "risk-guardian", "tokenization")] },
  incidents: { all: [...STAFF, ...rooms("commander", "risk-guardian", "tokenization")] },
  pool_trades: { all: [...STAFF, ...rooms("simulation", "risk-guardian", "tokenization")] },
};

export const POOL_CALLERS: Record<string, Identity[]> = {
  fn_open_incident: ["pm_role", "ops_role"],
  fn_close_incident: ["pm_role", "ops_role"],
  fn_set_pool: ["pm_role", "ops_role"],
  fn_record_pool_trade: ["pm_role", "ops_role"],
};
