// The order book as a Merkle tree: committed at the cut-off by one hash; each investor can prove their own order in it without seeing others. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId } from "../money.ts";
import { Name, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { bytesOf, hexOf, sha256, sha256Hex } from "./sha256.ts";

const Hash = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hex digits");
const Plain = z
  .string()
  .max(60)
  .regex(/^\d{1,38}(\.\d{1,18})?$/, "expected a plain decimal");

/** What is committed of an order. `investor` is a salted hash (`saltedInvestor`), so that the book names nobody. */
export const OrderLeaf = z.strictObject({
  flow: z.string().regex(/^[0-9A-Za-z._:-]{1,200}$/, "expected an id of letters, digits and . _ : -"),
  investor: Hash,
  direction: z.enum(["subscription", "redemption", "switch_out", "switch_in", "transfer_out", "transfer_in"]),
  /** One of the two. */
  units: Plain.optional(),
  amount: Plain.optional(),
  vintage: z.iso.date(),
});
export type OrderLeaf = z.infer<typeof OrderLeaf>;

/** sha256 of `salt:investor id` in UTF-8, 64 hex digits. */
export function saltedInvestor(salt: string, investorId: string): string {
  return sha256Hex(`${salt}:${investorId}`);
}

/**
 * The bytes that are hashed: JSON with the keys in the order of their names, no spaces, absent ones left out, numbers as the shortest decimal:
 * {"amount":"10","direction":"subscription","flow":"…","investor":"…","vintage":"2026-03-31"}. No value needs an escape.
 * Errors: EG400 unless there are units or an amount, not both.
 */
export function canonicalLeaf(input: OrderLeaf): string {
  const leaf = parseInput(OrderLeaf, input);
  if ((leaf.units === undefined) === (leaf.amount === undefined))
    throw new EvergreenError("EG400", "orders: expected units or an amount, one of them.");
  const plain = { ...leaf, units: shortest(leaf.units), amount: shortest(leaf.amount) };
  const entries = Object.entries(plain).filter(([, value]) => value !== undefined);
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => byId(a, b))));
}

/** "0010.500" → "10.5". */
function shortest(text: string | undefined): string | undefined {
  const whole = text?.replace(/^0+(?=\d)/, "");
  return whole?.includes(".") ? whole.replace(/\.?0+$/, "") : whole;
}

/** sha256 of the canonical JSON: what `order_leaves.leaf` holds. Errors: EG400. */
export function leafOf(order: OrderLeaf): string {
  return sha256Hex(canonicalLeaf(order));
}

function joined(prefix: number, ...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  out[0] = prefix;
  let at = 1;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return sha256(out);
}

/** Leaf node: sha256(0x00 ‖ the 32 bytes of the leaf). */
const leafNode = (leaf: string): Uint8Array => joined(0, bytesOf(leaf));
/** Inner node: sha256(0x01 ‖ left ‖ right). */
const innerNode = (left: Uint8Array, right: Uint8Array): Uint8Array => joined(1, left, right);

/** Levels from the leaf nodes to the root; a node without a partner is promoted as it is. */
function levelsOf(leaves: readonly string[]): Uint8Array[][] {
  const levels = [leaves.map(leafNode)];
  for (let level = levels[0] as Uint8Array[]; level.length > 1; level = levels.at(-1) as Uint8Array[]) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1];
      next.push(right === undefined ? (level[i] as Uint8Array) : innerNode(level[i] as Uint8Array, right));
    }
    levels.push(next);
  }
  return levels;
}

/** Root of leaves in their positions; of an empty book sha256 of nothing. */
export function rootOf(leaves: readonly string[]): string {
  const top = levelsOf(leaves).at(-1)?.[0];
  return hexOf(top ?? sha256(new Uint8Array()));
}

export type ProofStep = { readonly side: "left" | "right"; readonly hash: string };

/** Partners of the leaf's node on the way up. Errors: EG400 for a position that is not in the book. */
export function proofOf(leaves: readonly string[], position: number): ProofStep[] {
  if (!Number.isInteger(position) || position < 0 || position >= leaves.length)
    throw new EvergreenError("EG400", "position: the book has no such order.");
  let at = position;
  const steps: ProofStep[] = [];
  for (const level of levelsOf(leaves)) {
    const partner = level[at ^ 1];
    if (partner !== undefined) steps.push({ side: at % 2 === 0 ? "right" : "left", hash: hexOf(partner) });
    at >>= 1;
  }
  return steps;
}

/** The root that a leaf and its proof lead to. */
export function rootFrom(leaf: string, proof: readonly ProofStep[]): string {
  const top = proof.reduce<Uint8Array>(
    (node, step) => (step.side === "left" ? innerNode(bytesOf(step.hash), node) : innerNode(node, bytesOf(step.hash))),
    leafNode(leaf),
  );
  return hexOf(top);
}

const Proof = z.array(z.strictObject({ side: z.enum(["left", "right"]), hash: Hash })).max(64);

export const OrderRootInput = z.strictObject({ orders: z.array(OrderLeaf).max(1_000_000), proofFor: Name.optional() });
export const OrderRootOutput = z.strictObject({
  root: z.string(),
  orders: z.int(),
  proof: z.strictObject({ position: z.int(), leaf: z.string(), canonical: z.string(), steps: Proof }).nullable(),
});

/** Root of a book, orders in the order of their ids, and one order's proof of inclusion. Errors: EG400; EG404 for an order not in the book. */
export function orderBookRoot(input: z.input<typeof OrderRootInput>): z.infer<typeof OrderRootOutput> {
  const facts = parseInput(OrderRootInput, input);
  refuseRepeats(
    "orders",
    facts.orders.map((order) => ({ id: order.flow })),
  );
  const orders = [...facts.orders].sort((a, b) => byId(a.flow, b.flow));
  const leaves = orders.map(leafOf);
  const root = rootOf(leaves);
  if (facts.proofFor === undefined) return { root, orders: orders.length, proof: null };
  const position = orders.findIndex((order) => order.flow === facts.proofFor);
  const own = orders[position];
  if (own === undefined) throw new EvergreenError("EG404", "proofFor: the book has no such order.");
  return {
    root,
    orders: orders.length,
    proof: {
      position,
      leaf: leaves[position] as string,
      canonical: canonicalLeaf(own),
      steps: proofOf(leaves, position),
    },
  };
}

export const VerifyInclusionInput = z.strictObject({ order: OrderLeaf, root: Hash, steps: Proof });
export const VerifyInclusionOutput = z.strictObject({
  included: z.boolean(),
  leaf: z.string(),
  computedRoot: z.string(),
});

/** Whether an order is in the book that the root commits to. Errors: EG400. */
export function verifyInclusion(input: z.input<typeof VerifyInclusionInput>): z.infer<typeof VerifyInclusionOutput> {
  const { order, root, steps } = parseInput(VerifyInclusionInput, input);
  const leaf = leafOf(order);
  const computedRoot = rootFrom(leaf, steps);
  return { included: computedRoot === root, leaf, computedRoot };
}
