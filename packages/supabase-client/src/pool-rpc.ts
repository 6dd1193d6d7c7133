// Functions of pools in which units are exchanged on a chain, and of incidents of a fund. SQL: prisma/sql/6w-fn-pools.sql and 6w-fn-incidents.sql.
import { z } from "zod";
import { amount, day, request_id, rpc, uuid } from "./rpc-shape.ts";

export const POOL_RPCS = {
  fn_open_incident: rpc(
    "one",
    z.object({ fund: z.string(), reason: z.string(), request_id }),
    z.object({ incident_id: uuid, state: z.literal("open") }),
  ),
  fn_close_incident: rpc(
    "one",
    z.object({ incident_id: uuid, reason: z.string(), request_id }),
    z.object({ incident_id: uuid, state: z.enum(["asked", "closed"]) }),
  ),
  fn_set_pool: rpc(
    "one",
    z.object({
      share_class_id: uuid,
      pool: z.string(),
      chain: z.string(),
      curve: z.string(),
      reserve_units: amount,
      reserve_cash: amount,
      unit_decimals: z.int(),
      cash_decimals: z.int(),
      fee_ppm: z.int(),
      effective_from: day,
      amplification: z.int().optional(),
      request_id,
    }),
    z.object({ pool_id: uuid, version: z.int() }),
  ),
  fn_record_pool_trade: rpc(
    "one",
    z.object({
      pool_id: uuid,
      direction: z.string(),
      amount_in: amount,
      amount_out: amount,
      tx_hash: z.string(),
      executed_at: z.string(),
      request_id,
    }),
    z.object({ trade_id: uuid }),
  ),
};
