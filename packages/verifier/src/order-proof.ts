// One order's own proof, for its investor: it stood in the committed book, and its fill follows from the ratio and the price of the date. Needs nothing but its file.
import { order as compare, down, type Exact, exact, minus, ONE, over, plus, same, shown, times } from "./exact.ts";
import { canonicalOrder, rootFrom } from "./order-book.ts";
import type { Finding, RecordedOrder } from "./record.ts";
import { hex, sha256 } from "./sha256.ts";

export const ORDER_PROOF_FORM = "evergreen-order-proof-1";

export interface ProvedFill {
  requestedUnits: string | null;
  filledUnits: string;
  carriedUnits: string;
  price: string;
  gross: string;
  levy: string;
  fee: string;
  credit: string;
  refund: string;
  net: string;
  /** By series: each at a price of its own. */
  pieces: readonly { units: string; price: string; amount: string }[];
}

export interface OrderProof {
  form: typeof ORDER_PROOF_FORM;
  order: Pick<
    RecordedOrder,
    "flowId" | "investorId" | "direction" | "kind" | "units" | "amount" | "vintage" | "electedLots"
  >;
  currency: string;
  unitsDp: number;
  cashDp: number;
  date: string;
  className: string;
  salt: string;
  canonical: string;
  leaf: string;
  position: number;
  orders: number;
  path: readonly { side: string; hash: string }[];
  /** As it was committed at the cut-off. */
  orderRoot: string;
  gate: boolean;
  numerator: string | null;
  denominator: string | null;
  fraction: string | null;
  /** Null before the day was allocated. */
  fill: ProvedFill | null;
}

const finding = (check: string, ok: boolean | null, says: string): Finding => ({ check, ok, says });

/** Every step, with its numbers. A file that is not of the form is refused by an error. */
export function verifyOrderProof(proof: OrderProof): Finding[] {
  if (proof.form !== ORDER_PROOF_FORM) throw new Error(`this is no file of the form ${ORDER_PROOF_FORM}`);
  const { order, salt, date, canonical, leaf, path, orderRoot } = proof;
  const whole: RecordedOrder = {
    ...order,
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
  const own = hex(sha256(canonical));
  const root = rootFrom(leaf, path);
  return [
    finding(
      "what was committed",
      canonicalOrder(whole, salt, date) === canonical,
      "the leaf says what the order says; the investor stands in it only as sha256 of a salt and an id",
    ),
    finding(
      "its hash",
      own === leaf,
      own === leaf ? `the sha256 of that text is ${leaf}` : `the sha256 of that text is ${own}, not ${leaf}`,
    ),
    finding(
      "its place in the book",
      root === orderRoot,
      `${path.length} hashes lead from leaf ${proof.position} of ${proof.orders} to ${root}; committed at the cut-off was ${orderRoot}`,
    ),
    ...(proof.fill === null
      ? [finding("its fill", null, "the day has not been allocated yet")]
      : fillFindings(proof, proof.fill)),
  ];
}

function fillFindings(proof: OrderProof, fill: ProvedFill): Finding[] {
  const { currency, unitsDp, cashDp, order } = proof;
  const units = (value: Exact): string => `${shown(value, unitsDp)} units`;
  const money = (value: Exact): string => `${shown(value, cashDp)} ${currency}`;
  const [filled, price, gross, net] = [exact(fill.filledUnits), exact(fill.price), exact(fill.gross), exact(fill.net)];
  const found: Finding[] = [];
  if (order.direction === "redemption" && fill.requestedUnits !== null) found.push(shareFinding(proof, fill));
  if (order.kind === "transfer") return found;
  if (order.direction === "redemption") {
    const pieces = fill.pieces.map((piece) => ({
      due: down(times(exact(piece.units), exact(piece.price)), cashDp),
      is: exact(piece.amount),
    }));
    const due =
      pieces.length > 0
        ? pieces.reduce((sum, piece) => plus(sum, piece.due), exact("0"))
        : down(times(filled, price), cashDp);
    found.push(
      finding(
        "its value",
        same(due, gross) && pieces.every((piece) => same(piece.due, piece.is)),
        pieces.length > 0
          ? `${pieces.length} series at their own prices come to ${money(due)}; recorded is ${money(gross)}`
          : `${units(filled)} × ${shown(price)} = ${money(due)}, rounded down; recorded is ${money(gross)}`,
      ),
    );
  }
  const due = plus(minus(minus(gross, exact(fill.levy)), exact(fill.fee)), exact(fill.credit));
  const less = order.direction === "subscription" ? minus(due, exact(fill.refund)) : due;
  const holds = same(due, net) || same(less, net);
  found.push(
    finding(
      "what was taken off",
      holds,
      `${money(gross)} − levy ${money(exact(fill.levy))} − fee ${money(exact(fill.fee))} + credit ${money(exact(fill.credit))} = ${money(same(less, net) ? less : due)}; recorded is ${money(net)}`,
    ),
  );
  if (order.direction === "subscription" && compare(price, exact("0")) > 0) {
    const bought = down(over(net, price), unitsDp);
    found.push(
      finding(
        "its units",
        same(bought, filled),
        `${money(net)} / ${shown(price)} = ${units(bought)}, rounded down; recorded are ${units(filled)}`,
      ),
    );
  }
  return found;
}

/** Asked × ratio, to one last decimal; null where lots, a gate per investor or older orders decide beside the ratio. */
function shareFinding(proof: OrderProof, fill: ProvedFill): Finding {
  const { unitsDp, numerator, denominator, fraction, gate } = proof;
  const [asked, filled] = [exact(fill.requestedUnits ?? "0"), exact(fill.filledUnits)];
  const ratio = !gate
    ? ONE
    : numerator !== null && denominator !== null
      ? over(exact(numerator), exact(denominator))
      : exact(fraction ?? "1");
  const due = down(times(asked, ratio), unitsDp);
  const step: Exact = { n: 1n, d: 10n ** BigInt(unitsDp) };
  const words = `${shown(asked, unitsDp)} units asked for × ${gate ? shown(ratio) : "1 (no gate)"} = ${shown(due, unitsDp)} units, rounded down`;
  const check = "its share";
  if (same(filled, due)) return finding(check, true, `${words}; dealt were as many`);
  if (same(filled, plus(due, step)))
    return finding(check, true, `${words}; one more of the last decimal went to it, as one of the largest remainders`);
  return finding(
    check,
    null,
    `${words}; dealt were ${shown(filled, unitsDp)}: locked lots, a gate per investor or the turn of older orders decide beside the ratio`,
  );
}
