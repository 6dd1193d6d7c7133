// A credit line for tests of the database and of stress runs.
/** Synthetic: 100,000 committed, 40,000 of it drawn, due within 30 days once it is called. */
export const CREDIT_LINE = {
  line: "RCF-1",
  lender: "BANK-1",
  committed: "100000.00",
  drawn: "40000.00",
  currency: "USD",
  effective_from: "2026-01-01",
  expires_on: "2028-12-31",
  due_days: 30,
};
