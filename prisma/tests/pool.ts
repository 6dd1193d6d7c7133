// A pool of units against cash for tests of the database and of stress runs.
/** Synthetic: 10,000.0000 units against 1,000,000.00 in cash, 0.3 %. */
export const POOL = {
  pool: "SYN-POOL",
  chain: "local-31337",
  curve: "constant_product",
  reserve_units: "100000000",
  reserve_cash: "100000000",
  unit_decimals: 4,
  cash_decimals: 2,
  fee_ppm: 3000,
  effective_from: "2026-01-01",
};
/** 100.0000 units sold: the pool lets expect 987,158 cents, 100 fewer were paid. */
export const POOL_TRADE = {
  direction: "sell",
  amount_in: "1000000",
  amount_out: "987058",
  tx_hash: `0x${"ab".repeat(32)}`,
  executed_at: "2026-10-01T12:00:00Z",
};
