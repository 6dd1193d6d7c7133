// The committed order book: sha256 as Node has it, proofs that lead to the root, and nothing else that does.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import {
  canonicalLeaf,
  leafOf,
  orderBookRoot,
  proofOf,
  rootFrom,
  rootOf,
  saltedInvestor,
  verifyInclusion,
} from "./merkle.ts";
import { hexOf, sha256 } from "./sha256.ts";

const node = (...parts: (Uint8Array | string)[]): Buffer =>
  createHash("sha256")
    .update(Buffer.concat(parts.map((p) => Buffer.from(p))))
    .digest();
const order = (flow: string, units: string) => ({
  flow,
  investor: "0".repeat(64),
  direction: "redemption" as const,
  units,
  vintage: "2026-03-31",
});

describe("the tree", () => {
  it("of three leaves by hand: the odd one goes up as it is", () => {
    const leaves = ["a", "b", "c"].map((name) => node(name));
    const [a, b, c] = leaves.map((leaf) => node(Buffer.from([0]), leaf));
    const root = node(Buffer.from([1]), node(Buffer.from([1]), a as Buffer, b as Buffer), c as Buffer);
    expect(rootOf(leaves.map((leaf) => leaf.toString("hex")))).toBe(root.toString("hex"));
    expect(rootOf([])).toBe(node("").toString("hex"));
  });

  it("hashes an order by its canonical JSON, shortest decimals, keys in order", () => {
    const text = `{"direction":"redemption","flow":"o-1","investor":"${"0".repeat(64)}","units":"10.5","vintage":"2026-03-31"}`;
    expect(canonicalLeaf(order("o-1", "0010.500"))).toBe(text);
    expect(leafOf(order("o-1", "10.5"))).toBe(node(text).toString("hex"));
    expect(saltedInvestor("salt", "lp-1")).toBe(node("salt:lp-1").toString("hex"));
  });

  it("proves one order to its investor, and no other order by the same proof", () => {
    const book = ["1", "2", "3", "4", "5"].map((units) => order(`o-${units}`, units));
    const { root, proof } = orderBookRoot({ orders: book, proofFor: "o-5" });
    const steps = proof?.steps ?? [];
    expect(verifyInclusion({ order: book[4]!, root, steps }).included).toBe(true);
    expect(verifyInclusion({ order: { ...book[4]!, units: "6" }, root, steps }).included).toBe(false);
    expect(verifyInclusion({ order: book[3]!, root, steps }).included).toBe(false);
    expect(() => orderBookRoot({ orders: book, proofFor: "o-9" })).toThrow(expect.objectContaining({ code: "EG404" }));
  });
});

it("any bytes have the sha256 that Node gives them", { timeout: LONG }, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
      must(hexOf(sha256(bytes)) === node(bytes).toString("hex"), "sha256"),
    ),
    RUNS,
  );
});

it("any book: every proof leads to the root, and not when a leaf, a hash or a side is another", {
  timeout: LONG,
}, () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
  fc.assert(
    fc.property(fc.uniqueArray(hash, { minLength: 1, maxLength: 12 }), fc.nat(), hash, (leaves, at, other) => {
      const position = at % leaves.length;
      const [root, proof, leaf] = [rootOf(leaves), proofOf(leaves, position), leaves[position] ?? ""];
      must(rootFrom(leaf, proof) === root, "the proof leads to the root");
      must(leaf === other || rootFrom(other, proof) !== root, "no other leaf does");
      if (proof.length === 0) return;
      const bent = proof.map((step, i) => (i === at % proof.length ? { ...step, hash: other } : step));
      must(JSON.stringify(bent) === JSON.stringify(proof) || rootFrom(leaf, bent) !== root, "no other hash does");
      const turned = proof.map((step, i) =>
        i === at % proof.length
          ? { ...step, side: step.side === "left" ? ("right" as const) : ("left" as const) }
          : step,
      );
      must(rootFrom(leaf, turned) !== root, "nor the other side");
    }),
    { numRuns: 2_000 },
  );
});
