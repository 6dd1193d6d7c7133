// What the fund gate lets out of a locked book: the decision, the cohorts and the fills of the redemptions in units, before any price; and the same for
// other gates over the same book, which is all that a comparison of tools asks. Pure.
import { type DealBook, lifted, ownerOf, type ReadDay } from "./deal-book.ts";
import type { DealFacts } from "./deal-shapes.ts";
import { type GateSummary, summaryOf } from "./fund-gate.ts";
import { decideGate, type GateDecision } from "./gate.ts";
import { allocate } from "./pro-rata.ts";
import { scaledOf } from "./scaled.ts";
import { stagesOf } from "./stages.ts";

type Gated = {
  decision: GateDecision;
  stages: ReturnType<typeof stagesOf>;
  /** In the order of `book.redemptions`; nothing is filled when the engine stopped. */
  allocated: ReturnType<typeof allocate>;
};

type Gate = Pick<DealFacts["lmt"], "gate" | "carry" | "carryMaxDealings" | "dust">;

/** R6 over all classes at one ratio, R8 and R9 for who comes first. Units in 10^-unitsDp of their class. */
export function gateOf(lmt: Gate, book: DealBook): Gated {
  const units = book.redemptions.map(({ allowed }) => allowed);
  const values = book.redemptions.map(({ allowed, of }) => allowed * of.ulp);
  const decision = decideGate(
    lmt.gate,
    book.figures,
    { redemptions: values.reduce((sum, value) => sum + value, 0n), subscriptions: clearedValue(book) },
    book.active.has("redemption_gate"),
  );
  if (decision.status === "stopped") return { decision, stages: [], allocated: { fills: [], stages: [] } };
  const stages = stagesOf(
    {
      values,
      owners: book.redemptions.map(({ order }) => ownerOf(order)),
      vintages: book.redemptions.map(({ order }) => order.vintage),
      partialFills: book.redemptions.map(({ order }) => order.partialFills),
      dealings: book.redemptions.map(({ order }) => order.dealings),
    },
    { carry: lmt.carry, carryMaxDealings: lmt.carryMaxDealings, dust: lmt.dust, smallOrder: lmt.gate?.smallOrder },
    decision.cap ?? decision.pay,
    decision.pay,
  );
  const allocated = allocate(
    { units, classes: book.redemptions.map(({ of }) => of.position), stages },
    book.classes.map(({ ulp }) => ulp),
    decision.pay,
  );
  return { decision, stages, allocated };
}

/** What each of `gates` would let out of a day that was read; its other terms stay. */
export function compareGates(
  { facts, book }: ReadDay,
  gates: readonly Pick<DealFacts["lmt"], "gate" | "carry">[],
): GateSummary[] {
  const [first, second] = book.classes;
  const single = first !== undefined && second === undefined ? first : null;
  return gates.map((gate) => {
    const { decision, allocated } = gateOf({ ...facts.lmt, ...gate }, book);
    return summaryOf(decision, allocated.stages, single);
  });
}

function clearedValue(book: DealBook): bigint {
  return book.subscriptions
    .filter(({ order }) => order.cleared)
    .reduce((sum, { order, of, units }) => {
      const minor = order.amount === undefined ? null : scaledOf(order.amount, book.currencyDp, "orders.amount");
      return sum + (minor === null ? units * of.ulp : lifted(minor, book.currencyDp));
    }, 0n);
}
