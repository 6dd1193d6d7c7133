// The committed order book: what each leaf says, its hash, and the Merkle root over all of them (leaf 00, node 01, an odd node goes up as it is).
import { shortest } from "./exact.ts";
import type { DealRecord, Finding, RecordedDay, RecordedLeaf, RecordedOrder } from "./record.ts";
import { fromHex, hex, sha256 } from "./sha256.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Root over the leaves (hex) in their order; of none: sha256 of nothing. */
export function merkleRoot(leaves: readonly string[]): string {
  const walk = (from: number, to: number): Uint8Array => {
    if (to - from === 1) return sha256(LEAF, fromHex(leaves[from] ?? ""));
    // the left side of a node is always a full tree
    let left = 1;
    while (left * 2 < to - from) left *= 2;
    return sha256(NODE, walk(from, from + left), walk(from + left, to));
  };
  return hex(leaves.length === 0 ? sha256() : walk(0, leaves.length));
}

/** The root that one leaf and the nodes beside its way lead to. */
export function rootFrom(leaf: string, path: readonly { side: string; hash: string }[]): string {
  let node = sha256(LEAF, fromHex(leaf));
  for (const { side, hash } of path) {
    const beside = fromHex(hash);
    node = side === "left" ? sha256(NODE, beside, node) : sha256(NODE, node, beside);
  }
  return hex(node);
}

/** What must be committed of an order: JSON, keys in the order of their names, numbers as the shortest decimal, the investor only as a salted hash. */
export function canonicalOrder(order: RecordedOrder, salt: string, date: string): string {
  const way = order.direction === "redemption" ? "out" : "in";
  const told: [string, string | null][] = [
    ["amount", order.amount === null ? null : shortest(order.amount)],
    ["direction", order.kind === "plain" ? order.direction : `${order.kind}_${way}`],
    ["flow", order.flowId],
    ["investor", hex(sha256(`${salt}:${order.investorId}`))],
    ["lots", order.electedLots.length === 0 ? null : order.electedLots.join(",")],
    ["units", order.units === null ? null : shortest(order.units)],
    ["vintage", order.vintage ?? date],
  ];
  const pairs = told.flatMap(([key, value]) => (value === null ? [] : [`"${key}":"${value}"`]));
  return `{${pairs.join(",")}}`;
}

export function checkOrderBook(record: DealRecord, day: RecordedDay): Finding[] {
  if (day.orderRoot === null) return [{ check: "order book", ok: null, says: "the cut-off has not been reached" }];
  const orders = new Map(record.orders.map((order) => [order.flowId, order]));
  const wrong = (leaf: RecordedLeaf, at: number): string | null => {
    const order = orders.get(leaf.flowId);
    if (order === undefined) return `order ${leaf.flowId} of leaf ${leaf.position} is not there`;
    if (leaf.position !== at + 1) return `leaf ${leaf.position} stands at place ${at + 1}`;
    if (hex(sha256(leaf.canonical)) !== leaf.leaf) return `leaf ${leaf.position} is not the hash of its text`;
    return canonicalOrder(order, leaf.salt, record.date) === leaf.canonical
      ? null
      : `order ${leaf.flowId} is not what was committed`;
  };
  const leaves = [...day.leaves].sort((a, b) => a.position - b.position);
  const bad = leaves.map(wrong).find((found) => found !== null);
  const root = merkleRoot(leaves.map(({ leaf }) => leaf));
  const says =
    bad ??
    (root !== day.orderRoot
      ? `the leaves lead to the root ${root}, not to ${day.orderRoot}`
      : leaves.length === day.orders
        ? undefined
        : `${leaves.length} leaves, and ${day.orders} orders were counted`);
  return [
    {
      check: "order book",
      ok: says === undefined,
      says: says ?? `${leaves.length} orders are what was committed at the cut-off, root ${root}`,
    },
    checkDealt(record, day, leaves),
  ];
}

/** Every order of the book has a fill or has left the day; no fill is of an order that was not in the book. */
function checkDealt(record: DealRecord, day: RecordedDay, leaves: readonly RecordedLeaf[]): Finding {
  const check = "orders dealt";
  if (day.fills.length === 0 && !DEALT.includes(day.status))
    return { check, ok: null, says: "nothing has been allocated" };
  const orders = new Map(record.orders.map((order) => [order.flowId, order]));
  const committed = new Set(leaves.map(({ flowId }) => flowId));
  const filled = new Set(day.fills.map(({ flowId }) => flowId));
  const added = day.fills.find(({ flowId }) => !committed.has(flowId));
  const dropped = leaves.find(
    ({ flowId }) => !filled.has(flowId) && orders.get(flowId)?.dealingDayId === day.dealingDayId,
  );
  const gone = leaves.length - filled.size;
  const says =
    added !== undefined
      ? `order ${added.flowId} was dealt and is not in the order book`
      : dropped !== undefined
        ? `order ${dropped.flowId} is in the order book and has no fill`
        : filled.size !== day.fills.length
          ? "an order was dealt twice"
          : undefined;
  return {
    check,
    ok: says === undefined,
    says:
      says ??
      `${filled.size} orders were dealt${gone === 0 ? "" : `, ${gone} left the day before (held, cancelled or rolled)`}; none was added`,
  };
}

/** Statuses in which a day has its fills. */
export const DEALT: readonly string[] = ["allocated", "posted", "claimable", "settled", "closed"];
