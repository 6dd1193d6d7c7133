// The proof of one order: a good one holds in every step, each figure or hash that is changed is found by its step.
import { describe, expect, it } from "vitest";
import { canonicalOrder, merkleRoot } from "./order-book.ts";
import { ORDER_PROOF_FORM, type OrderProof, verifyOrderProof } from "./order-proof.ts";
import { hex, sha256 } from "./sha256.ts";

const LEAF = Uint8Array.of(0);
const order = {
  flowId: "6d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11",
  investorId: "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a12",
  direction: "redemption",
  kind: "plain",
  units: "200.0000",
  amount: null,
  vintage: null,
  electedLots: [],
} as const;
const whole = {
  ...order,
  electedLots: [],
  classId: "",
  dealingDayId: null,
  linkedFlowId: null,
  parentFlowId: null,
  filledBefore: false,
  dealings: 0,
  cleared: false,
  ownerId: order.investorId,
  asked: false,
  kept: false,
};
const canonical = canonicalOrder(whole, "salt", "2026-01-30");
const leaf = hex(sha256(canonical));
const beside = hex(sha256("another order"));
const PROOF: OrderProof = {
  form: ORDER_PROOF_FORM,
  order: { ...order, electedLots: [] },
  currency: "USD",
  unitsDp: 4,
  cashDp: 2,
  date: "2026-01-30",
  className: "A",
  salt: "salt",
  canonical,
  leaf,
  position: 1,
  orders: 2,
  path: [{ side: "right", hash: hex(sha256(LEAF, sha256("another order"))) }],
  orderRoot: merkleRoot([leaf, beside]),
  gate: true,
  numerator: "1",
  denominator: "4",
  fraction: "0.25",
  // 200 × 0.25 = 50; 50 × 108.0001 = 5400.005, rounded down 5400.00; less a levy of 10.80
  fill: {
    requestedUnits: "200.0000",
    filledUnits: "50.0000",
    carriedUnits: "150.0000",
    price: "108.0001",
    gross: "5400.00",
    levy: "10.80",
    fee: "0.00",
    credit: "0.00",
    refund: "0.00",
    net: "5389.20",
    pieces: [],
  },
};
const fill = PROOF.fill!;
const bad = (proof: OrderProof): string[] =>
  verifyOrderProof(proof).flatMap(({ check, ok }) => (ok === true ? [] : [`${check}: ${ok}`]));

describe("the proof of an order", () => {
  it("holds, and says the numbers", () => {
    expect(bad(PROOF)).toEqual([]);
    const words = verifyOrderProof(PROOF)
      .map(({ says }) => says)
      .join("\n");
    expect(words).toContain("200.0000 units asked for × 0.25 = 50.0000 units");
    expect(words).toContain("50.0000 units × 108.0001 = 5,400.00 USD");
    expect(words).toContain("5,400.00 USD − levy 10.80 USD − fee 0.00 USD + credit 0.00 USD = 5,389.20 USD");
  });

  it.each<[string, OrderProof, string[]]>([
    ["more units in the order", { ...PROOF, order: { ...PROOF.order, units: "300" } }, ["what was committed: false"]],
    ["another text", { ...PROOF, canonical: `${canonical} ` }, ["what was committed: false", "its hash: false"]],
    ["another root", { ...PROOF, orderRoot: beside }, ["its place in the book: false"]],
    [
      "the other side",
      { ...PROOF, path: [{ side: "left", hash: PROOF.path[0]!.hash }] },
      ["its place in the book: false"],
    ],
    ["a cent more", { ...PROOF, fill: { ...fill, gross: "5400.01", net: "5389.21" } }, ["its value: false"]],
    ["a fee nobody states", { ...PROOF, fill: { ...fill, net: "5380.00" } }, ["what was taken off: false"]],
    [
      "fewer units than the ratio gives",
      { ...PROOF, fill: { ...fill, filledUnits: "49.0000", gross: "5292.00", net: "5281.20" } },
      ["its share: null"],
    ],
  ])("is not taken in by %s", (_what, proof, expected) => expect(bad(proof)).toEqual(expected));

  it("allows the largest remainder its one step", () => {
    const third = { ...PROOF, numerator: "1", denominator: "3", fraction: "0.333333333333333333" };
    const given = (units: string, gross: string, net: string) => ({
      ...third,
      fill: { ...fill, filledUnits: units, gross, net },
    });
    // 200 / 3 = 66.6666…: 66.6666 and 66.6667 are right, 66.6668 is not decided by the ratio
    expect(bad(given("66.6666", "7199.99", "7189.19"))).toEqual([]);
    expect(bad(given("66.6667", "7200.01", "7189.21"))).toEqual([]);
    expect(bad(given("66.6668", "7200.02", "7189.22"))).toEqual(["its share: null"]);
  });

  it("says that a day is not allocated yet, and takes no other file", () => {
    expect(bad({ ...PROOF, fill: null })).toEqual(["its fill: null"]);
    expect(() => verifyOrderProof({ ...PROOF, form: "x" as never })).toThrow("no file of the form");
  });
});
