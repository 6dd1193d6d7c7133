// A dealing day for a person: where it stands in the twelve steps, what it waits for, gate, price, and what every order got. Pure.
import { asked } from "./order-text.ts";
import { facts, figure, fixed, inWords, money, percent, plain, table, when } from "./output.ts";
import { type DayRow, type Deal, gateCap, gateFraction } from "./reads/deals.ts";
import { sideOf } from "./reads/orders.ts";
import type { WaitsFor } from "./reads/waiting.ts";

/** The steps of a dealing day, in the words of people. */
export const STEPS = [
  "cut-off: orders locked, order book committed",
  "KYC of every investor looked at again",
  "inputs of the NAV frozen",
  "stress of the day and liquidity tools looked at",
  "NAV proposed, approved by two people, struck",
  "gate and other tools decided",
  "units allocated, dealing price published",
  "units, cash and carried orders posted",
  "claims open",
  "cash settled",
  "letters and statements written",
  "reconciled and closed",
] as const;

const STATES: Readonly<Record<string, string>> = {
  open: "open, orders come in",
  cut_off: "orders locked",
  inputs_frozen: "inputs of the NAV frozen",
  nav_proposed: "NAV proposed",
  struck: "NAV struck",
  lmt_decided: "gate and tools decided",
  allocated: "units allocated",
  posted: "units and cash posted",
  claimable: "claims open",
  settled: "settled",
  closed: "closed",
  discarded: "discarded",
  suspended: "suspended",
};

/** "NAV proposed (step 5 of 12)". */
export const stateText = (day: Pick<DayRow, "status" | "step">): string =>
  `${STATES[day.status] ?? plain(day.status)}${day.step === 0 ? "" : ` (step ${day.step} of ${STEPS.length})`}`;

const APPROVE = "npx --no-install evergreen nav approve";

function approvalsText({ needed, approvals }: { needed: number; approvals: number }): string {
  const open = needed - approvals;
  return `${inWords(open)} ${open === 1 ? "approval" : "approvals"}`;
}

/** One sentence, with the command where one helps. */
export function waitsText(waits: WaitsFor | null): string {
  if (waits === null) return "nothing: the day is over";
  switch (waits.kind) {
    case "cut_off":
      return `the cut-off at ${when(waits.until)}`;
    case "days":
      return `other days of the fund: ${waits.days.map((row) => `class ${plain(row.class)} of ${row.date} (${STATES[row.status] ?? plain(row.status)})`).join(", ")}`;
    case "tool":
      return `${approvalsText(waits)} of the tool ${plain(waits.tool).replaceAll("_", " ")}, which the run asks for: npx --no-install evergreen proposals approve ${waits.proposalId} --hash ${waits.hash} --as <portfolio manager>`;
    case "inputs":
      return `inputs of the NAV: ${waits.blockers.map((row) => `${plain(row.label)} (${plain(row.blockedBy)})`).join(", ")}`;
    case "approvals":
      return `${approvalsText(waits)}: ${APPROVE} ${waits.proposalId} --hash ${waits.hash} --as <portfolio manager>`;
    case "proposal":
      return `a new proposal of the NAV: the last one is ${waits.status}; correct what was wrong and knock with \`evergreen deal knock\`, or discard the day`;
    case "cash":
      return `the cash of ${waits.orders === 1 ? "one order" : `${waits.orders} orders`}`;
    case "suspension":
      return "the end of the suspension: its orders stay queued for the next dealing day";
    case "workers":
      return `the workers${waits.workflowId === null ? "" : ` (npx --no-install evergreen runs show ${plain(waits.workflowId)})`}`;
  }
}

export function gateText(deal: Deal): string {
  const { day, shareClass } = deal;
  const fraction = gateFraction(deal);
  if (day.decision.suspend === true) return "dealing is suspended";
  if (day.status === "discarded") return "–";
  if (fraction === null && day.decision.gate === undefined) return "not decided yet";
  if (day.decision.gate !== true) return "not applied: everybody is paid in full";
  const cap = gateCap(deal);
  const share = fraction === null ? "" : `: ${percent(fraction)} of what each asked for`;
  return `applied, at most ${figure(cap, shareClass.units_dp)} units are redeemed${share}`;
}

/** Gross requests and what of them is asked again (R8): one demand is not counted twice. */
export function demandText({ demand, shareClass }: Deal): string {
  const units = (text: string): string => figure(text, shareClass.units_dp);
  const again = /[1-9]/.test(demand.repeats)
    ? `, ${units(demand.repeats)} of them again: ${units(demand.net)} new`
    : "";
  return `${units(demand.gross)} units${again}`;
}

export function dealText(deal: Deal, waits: WaitsFor | null): string {
  const { fund, shareClass, day, strike, price, cashDp } = deal;
  const fills = new Map(deal.fills.map((fill) => [fill.flow_id, fill]));
  const dpOf = (order: Deal["orders"][number]) => order.share_class ?? shareClass;
  const swung =
    price?.dealing_price_sub &&
    price.dealing_price_red &&
    [price.dealing_price_sub, price.dealing_price_red].some((dealt) => fixed(dealt, 0) !== fixed(price.nav_per_unit, 0))
      ? ` (subscriptions ${figure(price.dealing_price_sub, shareClass.price_dp)}, redemptions ${figure(price.dealing_price_red, shareClass.price_dp)})`
      : "";
  return [
    facts([
      ["Fund", `${fund.code}, class ${shareClass.code} (${shareClass.name})`],
      ["Dealing date", day.dealing_date],
      ["Cut-off", when(day.cut_off_at)],
      ["State", stateText(day)],
      ...(waits === null ? [] : [["Waits for", waitsText(waits)] as const]),
      [
        "NAV per unit",
        price === undefined ? null : `${figure(price.nav_per_unit, shareClass.price_dp)} ${fund.base_currency}${swung}`,
      ],
      [
        "NAV of the fund",
        strike?.nav ? `${money(strike.nav)} ${fund.base_currency}, version ${strike.version}, ${strike.state}` : null,
      ],
      ["Gate", gateText(deal)],
      ["Asked to redeem", demandText(deal)],
      ["Order book", day.order_root === null ? "not committed yet" : `${day.orders} orders, root ${day.order_root}`],
      ["Inputs hash", strike?.inputs_hash],
      ["Day hash", day.day_hash],
    ]),
    table(
      deal.orders,
      [
        { header: "Order", value: (order) => order.flow_id },
        { header: "Investor", value: (order) => order.investor.code, most: 24 },
        { header: "Side", value: (order) => sideOf(order).replace("_", " ") },
        { header: "Asked for", value: asked, figure: true },
        {
          header: "Filled",
          value: (order) => figure(fills.get(order.flow_id)?.filled_units, dpOf(order).units_dp),
          figure: true,
        },
        {
          header: "Carried",
          value: (order) => figure(fills.get(order.flow_id)?.carried_units, dpOf(order).units_dp),
          figure: true,
        },
        {
          header: "Price",
          value: (order) => figure(fills.get(order.flow_id)?.price, dpOf(order).price_dp),
          figure: true,
        },
        {
          header: `Amount (${fund.base_currency})`,
          value: (order) => figure(fills.get(order.flow_id)?.net_amount, cashDp),
          figure: true,
        },
        { header: "Status", value: (order) => order.status },
        { header: "Why", value: (order) => fills.get(order.flow_id)?.reason ?? order.reason, most: 60 },
      ],
      "No orders.",
    ),
  ].join("\n\n");
}
