// The proof that an order stood in the committed book, and the arithmetic of its fill: recomputed here with the verifier's own numbers. Pure.
import { canonicalOrder, hex, type RecordedOrder, rootFrom, sha256 } from "@evergreen-fund/verifier";
import { order as compare, down, exact, over, shown, times } from "@evergreen-fund/verifier/exact.ts";
import { asked } from "./order-text.ts";
import { facts, figure, fixed, inWords, plain } from "./output.ts";
import type { FillRow } from "./reads/deals.ts";
import { type OrderRow, sideOf } from "./reads/orders.ts";

export interface Proof {
  flow_id: string;
  dealing_day_id: string;
  position: number;
  salt: string;
  canonical: string;
  leaf: string;
  path: { side: string; hash: string }[];
  root: string;
  order_root: string;
  deal: {
    date: string;
    class: string;
    status: string;
    orders: number;
    gate: boolean;
    fraction: string | null;
    numerator: string | null;
    denominator: string | null;
    cap_units: string | null;
    nav_per_unit: string | null;
  };
}

export interface Proved {
  order: OrderRow;
  proof: Proof;
  fill: FillRow | undefined;
  cashDp: number;
}

export interface InclusionStep {
  says: string;
  ok: boolean;
}

/** The order as it was committed: what of it may have changed since is left as the leaf has it. */
function committed(row: OrderRow): RecordedOrder {
  return {
    flowId: row.flow_id,
    investorId: row.investor_id,
    classId: row.share_class_id ?? "",
    direction: row.direction,
    kind: row.order_kind,
    units: row.requested_units,
    amount: row.amount,
    vintage: row.vintage,
    dealingDayId: row.dealing_day_id,
    linkedFlowId: row.linked_flow_id,
    parentFlowId: row.parent_flow_id,
    filledBefore: false,
    dealings: 0,
    cleared: false,
    ownerId: row.investor_id,
    electedLots: row.elected_lots,
    asked: false,
    kept: false,
  };
}

const hashes = (count: number): string =>
  count === 1 ? "One hash leads" : `${inWords(count).replace(/^./, (first) => first.toUpperCase())} hashes lead`;

/** What has to be true for the order to have been in the book; each recomputed. */
export function inclusionOf({ order, proof }: Proved): InclusionStep[] {
  return [
    {
      says: "The leaf says what the order says, the investor only as sha256 of salt and id",
      ok: canonicalOrder(committed(order), proof.salt, proof.deal.date) === proof.canonical,
    },
    { says: "The leaf is the sha256 of its text", ok: hex(sha256(proof.canonical)) === proof.leaf },
    {
      says: `${hashes(proof.path.length)} from the leaf to the root that was committed at the cut-off`,
      ok: rootFrom(proof.leaf, proof.path) === proof.order_root,
    },
  ];
}

/** One line of arithmetic per step, in the order of the computation; nothing before the day was allocated. */
export function arithmeticOf({ order, proof, fill, cashDp }: Proved): { label: string; figure: string; how: string }[] {
  if (fill === undefined) return [];
  const { units_dp: dp, price_dp: priceDp } = order.share_class ?? { units_dp: 0, price_dp: 0 };
  const { currency } = order;
  const units = (text: string): string => `${figure(text, dp)} units`;
  const money = (text: string): string => `${figure(text, cashDp)} ${currency}`;
  const lines: { label: string; figure: string; how: string }[] = [];
  const add = (label: string, value: string, how = ""): void => {
    lines.push({ label, figure: value, how });
  };
  add("asked for", asked(order));
  if (order.direction === "redemption") {
    const requested = fill.requested_units ?? order.requested_units ?? "0";
    if (order.amount !== null)
      add(
        "in units",
        units(requested),
        `at the NAV per unit of ${figure(proof.deal.nav_per_unit, priceDp)}, rounded down`,
      );
    add("filled", units(fill.filled_units), ratioWords(proof, requested, fill.filled_units, dp));
    if (order.order_kind !== "transfer") {
      add(
        "gross",
        money(fill.gross_amount),
        `${units(fill.filled_units)} × ${figure(fill.price, priceDp)}${isExact(fill) ? "" : ", rounded down"}`,
      );
    }
  } else if (order.order_kind !== "transfer") {
    add("brought", money(fill.gross_amount));
  }
  if (compare(exact(fill.refund), exact("0")) > 0)
    add("paid back", `−${money(fill.refund)}`, "what rounding the units down leaves");
  if (compare(exact(fill.levy), exact("0")) > 0) add("levy", `−${money(fill.levy)}`, "kept by the fund");
  if (compare(exact(fill.fee), exact("0")) > 0) add("fee", `−${money(fill.fee)}`, "kept by the fund");
  if (compare(exact(fill.credit), exact("0")) > 0) add("credit", money(fill.credit), "equalisation, paid back");
  if (order.order_kind !== "transfer")
    add(
      order.direction === "redemption" ? (order.order_kind === "switch" ? "switched" : "to be paid") : "invested",
      money(fill.net_amount),
    );
  if (order.direction === "subscription")
    add(
      "units",
      units(fill.filled_units),
      order.order_kind === "transfer" ? "" : `${money(fill.net_amount)} / ${figure(fill.price, priceDp)}, rounded down`,
    );
  if (compare(exact(fill.carried_units), exact("0")) > 0)
    add(
      "carried",
      units(fill.carried_units),
      fill.child_flow_id === null
        ? "to the next dealing date"
        : `to the next dealing date, as order ${fill.child_flow_id}`,
    );
  return lines;
}

/** Whether units × price needed no rounding. */
const isExact = (fill: FillRow): boolean =>
  compare(times(exact(fill.filled_units), exact(fill.price)), exact(fill.gross_amount)) === 0;

/** "200.0000 × 0.25 = 50, rounded down", and what a largest remainder added. */
function ratioWords(proof: Proof, requested: string, filled: string, dp: number): string {
  if (!proof.deal.gate) return "no gate";
  const { numerator, denominator, fraction } = proof.deal;
  const ratio =
    numerator !== null && denominator !== null ? over(exact(numerator), exact(denominator)) : exact(fraction ?? "1");
  const product = times(exact(requested), ratio);
  const floor = down(product, dp);
  const step = compare(exact(filled), floor);
  const words = `${figure(requested, dp)} × ${fraction ?? shown(ratio)} = ${shown(down(product, dp + 4), dp)}`;
  if (step === 0) return compare(product, floor) === 0 ? words : `${words}…, rounded down`;
  const oneMore = compare(
    exact(filled),
    down({ n: floor.n * 10n ** BigInt(dp) + floor.d, d: floor.d * 10n ** BigInt(dp) }, dp),
  );
  if (step > 0 && oneMore === 0) return `${words}, and one more of the last decimal for one of the largest remainders`;
  return `the ratio of the date is ${fraction ?? shown(ratio)}; lots that are locked, the gate per investor or the turn of older orders decide the rest`;
}

export const provedJson = (proved: Proved) => {
  const { order, proof, fill, cashDp } = proved;
  const dp = order.share_class?.units_dp ?? 0;
  const steps = inclusionOf(proved);
  return {
    id: order.flow_id,
    side: sideOf(order),
    date: proof.deal.date,
    class: proof.deal.class,
    included: steps.every(({ ok }) => ok),
    position: proof.position,
    orders: proof.deal.orders,
    salt: proof.salt,
    canonical: proof.canonical,
    leaf: proof.leaf,
    path: proof.path,
    root: proof.order_root,
    navPerUnit: proof.deal.nav_per_unit,
    gate: { fraction: proof.deal.gate ? proof.deal.fraction : "1", capUnits: proof.deal.cap_units },
    fill:
      fill === undefined
        ? null
        : {
            requested: fill.requested_units === null ? null : fixed(fill.requested_units, dp),
            filled: fixed(fill.filled_units, dp),
            carried: fixed(fill.carried_units, dp),
            price: fixed(fill.price, order.share_class?.price_dp ?? 0),
            gross: fixed(fill.gross_amount, cashDp),
            levy: fixed(fill.levy, cashDp),
            refund: fixed(fill.refund, cashDp),
            fee: fixed(fill.fee, cashDp),
            amount: fixed(fill.net_amount, cashDp),
          },
    arithmetic: arithmeticOf(proved),
  };
};

export function provedText(proved: Proved): string {
  const { order, proof } = proved;
  const lines = arithmeticOf(proved);
  const widest = (pick: (line: (typeof lines)[number]) => string): number =>
    Math.max(0, ...lines.map((line) => [...pick(line)].length));
  const [labels, figures] = [widest((line) => line.label), widest((line) => line.figure)];
  return [
    facts([
      ["Order", `${order.flow_id}, ${sideOf(order).replace("_", " ")} of ${asked(order)}`],
      ["Order book", `class ${proof.deal.class}, ${proof.deal.date}: number ${proof.position} of ${proof.deal.orders}`],
      ["Leaf", proof.leaf],
      ["It says", proof.canonical],
      ["Salt", proof.salt],
      ...proof.path.map(({ side, hash }, at) => [at === 0 ? "Way up" : "", `${side} ${hash}`] as const),
      ["Root", proof.order_root],
    ]).replace(/^: {2}/gm, "   "),
    inclusionOf(proved)
      .map(({ says, ok }) => `${ok ? "✓" : "✗"} ${plain(says)}`)
      .join("\n"),
    lines.length === 0
      ? "The dealing day has not been allocated yet."
      : lines
          .map((line) =>
            `  ${line.label.padEnd(labels)}  ${" ".repeat(figures - [...line.figure].length)}${line.figure}  ${line.how}`.trimEnd(),
          )
          .join("\n"),
  ].join("\n\n");
}
