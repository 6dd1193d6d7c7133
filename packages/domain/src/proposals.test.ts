// The body of a proposal: as rooms read it, the trades and nothing else of it, or a coded refusal; as people read it, all of it.
import { describe, expect, it } from "vitest";
import { EvergreenError } from "./errors.ts";
import { ProposalBody, tradesOf } from "./proposals.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const trade = { asset_id: ID, side: "buy", amount: "100.00", cost: "0.05" };
const body = { cash_asset_id: ID, trades: [trade] };
const refusalOf = (given: unknown): EvergreenError => {
  try {
    tradesOf(given);
  } catch (error) {
    if (error instanceof EvergreenError) return error;
    throw error;
  }
  throw new Error("It was read.");
};

describe("the trades of a body", () => {
  it("are read, and the words beside them left out", () => {
    const written = { ...body, words: "x", trades: [{ ...trade, name: "canary", reason: { code: "x", words: "y" } }] };
    expect(tradesOf(written)).toEqual(body);
  });
  it.each([
    ["no trades", { cash_asset_id: ID, trades: [] }],
    ["no trades and no cash line", { cash_asset_id: null, trades: [] }],
    ["a cash line that is not named", { trades: [] }],
    ["an amount without decimals", { ...body, trades: [{ ...trade, amount: "7", cost: "0" }] }],
  ])("may be %s", (_, given) => expect(tradesOf(given)).toEqual(given));
  it.each<[string, unknown, string]>([
    ["nothing", null, "body"],
    ["a text", "trades", "body"],
    ["without trades", { cash_asset_id: ID }, "trades"],
    ["trades that are no list", { ...body, trades: {} }, "trades"],
    ["a cash line that is no id", { ...body, cash_asset_id: "CASH" }, "cash_asset_id"],
    ["a side that is none", { ...body, trades: [trade, { ...trade, side: "hold" }] }, "trades.1.side"],
    ["an amount that is a number", { ...body, trades: [{ ...trade, amount: 100 }] }, "trades.0.amount"],
    ["an amount below zero", { ...body, trades: [{ ...trade, amount: "-100.00" }] }, "trades.0.amount"],
    ["an amount that is none", { ...body, trades: [{ ...trade, amount: "NaN" }] }, "trades.0.amount"],
    ["a cost that is missing", { ...body, trades: [{ ...trade, cost: undefined }] }, "trades.0.cost"],
    ["an asset that is no id", { ...body, trades: [{ ...trade, asset_id: "canary" }] }, "trades.0.asset_id"],
  ])("are refused with EG428, final, for %s, and it says where", (_, given, where) => {
    const refusal = refusalOf(given);
    expect(refusal).toMatchObject({ code: "EG428", retryable: false });
    expect(refusal.message).toContain(`(${where})`);
    expect(refusal.message).not.toContain("canary");
  });
  it("are at most 20,000, as the database takes them", () => {
    const many = (n: number) => ({ ...body, trades: Array.from({ length: n }, () => trade) });
    expect(tradesOf(many(20_000)).trades).toHaveLength(20_000);
    expect(refusalOf(many(20_001)).message).toContain("(trades)");
  });
});

describe("the whole body", () => {
  const side = {
    net_assets: "1000.00",
    cash: "10.00",
    sleeves: [{ sleeve: "bonds", weight: "0.5", target: "0.5", lower: "0.4", upper: "0.6" }],
    liquidity: { assets_30d: "100.00", required_30d: null, ratio: null },
  };
  const whole = {
    ...body,
    currency: "USD",
    cash_band: null,
    trades: [
      {
        ...trade,
        name: "A",
        sleeve: "bonds",
        weight_before: "0.4",
        weight_after: "0.5",
        reason: { code: "x", words: "y" },
      },
    ],
    cost: "0.05",
    turnover: "0.05",
    before: side,
    after: side,
    steered: [{ name: "n", code: "c", words: "w" }],
    widened: [{ name: "n", words: "w", from: "0.1", to: "0.2" }],
    words: "w",
    reason_code: "c",
    objective: "1e-9",
    dual_bound: "0",
    method: "lp",
  };
  it("is read as it was written, and its trades are those that rooms read", () => {
    expect(ProposalBody.parse(whole)).toEqual(whole);
    expect(tradesOf(whole)).toEqual(body);
  });
  it.each<[string, object]>([
    ["a trade without a reason", { trades: [{ ...whole.trades[0], reason: undefined }] }],
    ["a trade that rooms refuse", { trades: [{ ...whole.trades[0], amount: "-1.00" }] }],
    ["a currency that is none", { currency: "dollars" }],
    ["a cost below zero", { cost: "-0.01" }],
    ["no side after", { after: undefined }],
    ["a method that is none", { method: "guess" }],
    ["more trades than the database takes", { trades: Array.from({ length: 20_001 }, () => whole.trades[0]) }],
  ])("is none with %s", (_, change) => {
    expect(ProposalBody.safeParse({ ...whole, ...change }).success).toBe(false);
  });
});
