// What codes of the system are called on a page. A code without a name is shown as it is, with spaces.
const NAMES: Readonly<Record<string, string>> = {
  pm_role: "Portfolio manager",
  lp_role: "Investor",
  ops_role: "Operations",
  audit_role: "Auditor",
  subscriptions: "Subscriptions dealt at the NAV before",
  redemptions: "Redemptions dealt at the NAV before",
  distributions: "Distributions",
  management_fees: "Management fee paid",
  result: "Investments and all else (the rest)",
  rebalancing: "Rebalancing",
  nav: "NAV to strike",
  lmt: "Liquidity tool",
  proposal: "Proposal",
  dealing_day: "Dealing day",
  dead_letter: "Event that could not be delivered",
  dead_batch: "Batch that could not be delivered",
  import: "Import with open rows",
  market_value: "Market value beyond its breaker",
  held_order: "Order on hold",
  bank_account: "Bank account to approve",
  alert: "Alert",
  run: "Failed run",
  pending: "open",
  nav_proposed: "NAV proposed",
  locked: "locked at the cut-off",
  claimable: "priced, waiting for payment",
  account_opening: "Opening",
  account_contributions: "Paid in",
  account_redemptions: "Redeemed",
  account_distributions: "Distributed",
  account_transfers: "Transferred",
  account_result: "Result of the fund",
  account_management_fees: "Management fee",
  account_performance_fees: "Performance fee",
  account_equalisation: "Equalisation",
  account_dealing_difference: "Dealing between strike and price",
  account_rounding: "Rounding",
  account_closing: "Closing",
};

export const nameOf = (code: string): string => NAMES[code] ?? code.replaceAll("_", " ");

/** A bucket of the liquidity ladder. */
export const bucketName = (bucket: string): string =>
  bucket === "gt365d" ? "over 365 days" : bucket === "1d" ? "1 day" : bucket.replace("d", " days");
