// Each kind of proposal in words and figures: what is asked, why, what an approval brings about, before and after. A kind that is not here is read line by line. Pure.
import {
  CancellationProposal,
  CrystallisationProposal,
  DistributionProposal,
  InKindProposal,
  PROPOSAL_KINDS,
  type ProposalKind,
  type ProposalPage,
  TokenProposal,
  ToolFacts,
  ToolProposal,
} from "@evergreen-fund/domain/proposal-page.ts";
import { date } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { navView, rebalancingView } from "./proposal-views-portfolio.ts";
import {
  amount,
  amountOf,
  type Block,
  type Cell,
  day,
  type Fact,
  id,
  limitFacts,
  lineByLine,
  moment,
  named,
  plain,
  price,
  share,
  type Target,
  units,
  type View,
  word,
} from "./proposal-words.ts";
import { kindWords } from "./token-words.ts";

type Write = (page: ProposalPage) => View | null;

const audit = (entity: string): Target => ({ to: "/audit", search: { entity } });
const facts = (title: string, file: string, rows: readonly (Fact | null)[]): Block => ({
  kind: "facts",
  title,
  caption: title,
  file,
  facts: rows.filter((row) => row !== null),
});
const fact = (what: string, is: Cell): Fact => ({ what, is });
const change = (what: string, before: Cell, is: Cell): Fact => ({ what, before, is });
/** A line only where there is something to say. */
const perhaps = (what: string, is: Cell): Fact | null => (is.exact === "" ? null : { what, is });
const TOOLS: Readonly<Record<string, [asks: string, effect: string]>> = {
  suspension: [
    "Suspend subscriptions and redemptions",
    "The fund is suspended: no order is dealt until the suspension ends. Orders that were locked stay queued.",
  ],
  redemption_gate: [
    "Pay redemptions of a dealing date in part",
    "Redemptions of the dealing date are filled in part, everybody alike; what is left goes the way the policy says.",
  ],
  investor_gate: ["Limit what each investor redeems", "Each investor's redemption is limited as the policy says."],
  notice_extension: [
    "Extend the notice of redemptions",
    "Redemptions take longer notice; orders of the dealing date are dealt on a later one.",
  ],
  side_pocket: [
    "Move assets into a side pocket",
    "Once the authority is told, the assets leave the class; every holder gets units of the pocket for their part.",
  ],
  redemption_in_kind: ["Pay redemptions in kind", "Professional investors may be paid in assets instead of cash."],
  redemption_fee: ["Charge a redemption fee", "Redemptions pay the fee of the policy, which stays in the fund."],
  swing_pricing: ["Swing the price", "Dealing prices move by the factor of the policy; the published NAV stays."],
  dual_pricing: ["Deal at two prices", "Subscriptions and redemptions are dealt at prices of their own."],
  anti_dilution_levy: [
    "Charge an anti-dilution levy",
    "Who deals pays the levy of the policy, which stays in the fund.",
  ],
};
const CAPS: Readonly<Record<string, string>> = {
  eltif: "Cap of the ELTIF rules",
  nav_share: "Cap as a share of the NAV",
  money: "Cap in money",
};

const lmt: Write = ({ proposal: { body, inputs, fund }, refers }) => {
  const read = ToolProposal.safeParse(body);
  const found = ToolFacts.safeParse(inputs);
  if (!read.success || !found.success) return null;
  const { tool, notice } = read.data;
  const trigger = found.data;
  const [asks, effect] = TOOLS[tool] ?? [`Use the liquidity tool ${nameOf(tool)}`, `${nameOf(tool)} is in use.`];
  const money = (text: string | null | undefined): Cell => amountOf(text, fund.currency, fund.decimals);
  const status = refers.use?.status ?? "proposed";
  const state = (is: string): Cell => ({ shown: is, exact: is });
  return {
    asks: `${asks} of ${fund.code}`,
    why: trigger.reason ?? null,
    effect,
    blocks: [
      facts("Before and after", "tool-change", [
        change(nameOf(tool), state("not in use"), state("in use")),
        tool === "suspension" ? change("Dealing in the fund", state("open"), state("suspended")) : null,
        trigger.fraction == null ? null : change("Paid of each redemption", share("1"), share(trigger.fraction)),
        trigger.pay === undefined || trigger.redemptions === undefined
          ? null
          : change("Redemptions that are paid", money(trigger.redemptions), money(trigger.pay)),
        trigger.notice === undefined ? null : fact("Notice", word(`${trigger.notice.n} ${trigger.notice.basis} days`)),
      ]),
      facts("What asks for it", "tool-facts", [
        perhaps("Dealing date", day(trigger.dealing_date)),
        perhaps("Asked on", day(trigger.asked_on)),
        trigger.status === undefined ? null : fact("What the gate found", named(`gate_${trigger.status}`)),
        perhaps("Net asset value", money(trigger.nav)),
        perhaps("Redemptions asked for", money(trigger.redemptions)),
        perhaps("Subscriptions on the day", money(trigger.subscriptions)),
        perhaps("At most to be paid", money(trigger.cap)),
        ...(trigger.caps ?? []).map((cap) => fact(CAPS[cap.name] ?? nameOf(cap.name), money(cap.amount))),
        perhaps("The gate may not pay less than", money(trigger.threshold)),
        ...(trigger.assets ?? []).map((asset, at) => {
          const name = refers.assets[asset];
          return fact(`Asset ${at + 1} of the pocket`, name === undefined ? id(asset) : word(name, audit(asset)));
        }),
        perhaps("Held back for costs", money(trigger.holdback)),
        perhaps("Liabilities that go along", money(trigger.liabilities)),
      ]),
      facts("Where it stands", "tool-use", [
        fact("State", named(status)),
        perhaps("Authority told", moment(refers.use?.authority_told)),
        perhaps("In use from", moment(refers.use?.active_from)),
        perhaps("In use until", moment(refers.use?.active_until)),
        perhaps("Ended because", word(refers.use?.end_reason ?? "")),
      ]),
      { kind: "text", title: "The notice, as it would be sent", text: notice },
    ],
  };
};

const token: Write = ({ proposal: { body, fund }, refers: { action, class: shares } }) => {
  const read = TokenProposal.safeParse(body);
  if (!read.success) return null;
  const asked = read.data;
  const words = kindWords(asked.kind);
  const contract = action?.contract;
  const tokens: Target = { to: "/pm/tokens", search: { fund: fund.code } };
  return {
    asks: `${words.name}: class ${asked.share_class} of ${fund.code}`,
    why: action?.incident === true ? "An incident was closed: the pause that it caused ends." : null,
    effect: words.effect,
    blocks: [
      facts("What would be done on the chain", "token-operation", [
        fact("Operation", { shown: words.name, exact: asked.kind }),
        fact("Class", word(asked.share_class, tokens)),
        fact("Chain", word(asked.chain)),
        perhaps("Units", units(asked.units)),
        perhaps(asked.to_wallet === undefined ? "Wallet" : "From wallet", word(asked.wallet ?? "")),
        perhaps("To wallet", word(asked.to_wallet ?? "")),
        perhaps("Legal basis", word(asked.legal_basis ?? "")),
        perhaps("Units of the class on the chain today", units(contract?.chain_units)),
        perhaps("Units of the class in the register", units(shares?.units)),
      ]),
      facts("Before and after", "token-change", [
        contract == null ? change("Contracts of the class", word("none yet"), word("on the chain")) : null,
        contract != null && ["pause", "unpause"].includes(asked.kind)
          ? change(
              "Transfers of the class",
              { shown: contract.paused ? "paused" : "open", exact: contract.paused ? "paused" : "open" },
              { shown: asked.kind === "pause" ? "paused" : "open", exact: asked.kind === "pause" ? "paused" : "open" },
            )
          : null,
        ...limitFacts(asked.limits, contract?.limits),
      ]),
      facts("What was looked at before", "token-verdict", [
        fact("State of the operation", named(action?.status ?? "unknown")),
        action?.verdict == null
          ? null
          : fact("Compliance Sentinel", {
              ...named(action.verdict.result),
              ...(action.verdict.reason === null ? {} : { note: action.verdict.reason }),
              target: audit(action.action_id),
            }),
        perhaps("Refused because", word(action?.refusal?.reason ?? "")),
        perhaps("Transaction", word(action?.tx_hash ?? "")),
      ]),
    ],
  };
};

/** The order that a posting is about. */
function orderFacts({ refers: { order } }: ProposalPage): (Fact | null)[] {
  if (order === undefined) return [fact("Order", word("is not to be seen any more"))];
  return [
    fact("Order", id(order.flow_id, { to: "/audit/timeline", search: { of: order.flow_id } })),
    fact("Investor", word(order.investor, { to: "/audit/timeline", search: { of: order.investor } })),
    fact("Direction", named(order.direction)),
    perhaps("Class", word(order.class ?? "")),
    perhaps("Amount", amountOf(order.amount, order.currency)),
    perhaps("Units", units(order.units)),
    perhaps(
      "Dealing date",
      day(
        order.dealing_date,
        order.dealing_day_id === null ? undefined : { to: "/pm/dealing", search: { day: order.dealing_day_id } },
      ),
    ),
  ];
}

const cancellation: Write = (page) => {
  const read = CancellationProposal.safeParse(page.proposal.body);
  if (!read.success) return null;
  const { order } = page.refers;
  return {
    asks: `Cancel ${order === undefined ? "an order" : `a ${nameOf(order.direction)}`} of ${page.proposal.fund.code} after the cut-off`,
    why: read.data.reason,
    effect: "The order is cancelled, and with it the other side of a switch. It takes no part in its dealing day.",
    blocks: [
      facts("Before and after", "cancellation-change", [
        change("State of the order", named(order?.status ?? "unknown"), named("cancelled")),
      ]),
      facts("The order", "cancellation-order", orderFacts(page)),
    ],
  };
};

const crystallisation: Write = ({ proposal: { body, fund }, refers: { class: shares, strike, lots } }) => {
  const read = CrystallisationProposal.safeParse(body);
  if (!read.success) return null;
  const { accrued, fee, high_water, replaces, series } = read.data;
  const currency = shares?.currency ?? fund.currency;
  const money = (text: string | null | undefined): Cell => amountOf(text, currency, fund.decimals);
  const again = replaces !== undefined;
  return {
    asks: `Take the performance fee of class ${shares?.code ?? "?"} of ${fund.code}${again ? " again" : ""}`,
    why: again ? "The NAV on which the fee was taken has been restated." : null,
    effect: again
      ? "The first posting is reversed, and this one stands in its place."
      : "The fee becomes owed to the manager, refunds and charges change units of lots, and the high-water mark moves.",
    blocks: [
      facts("Before and after", "fee-change", [
        change(
          "High-water mark",
          price(again ? shares?.replaced?.high_water : shares?.mark, currency),
          price(high_water, currency),
        ),
        change("Fee owed to the manager for it", money(again ? shares?.replaced?.fee : "0"), money(fee)),
      ]),
      facts("What the fee is made of", "fee", [
        strike === undefined ? null : fact("On the NAV of", day(strike.date, audit(strike.strike_id))),
        fact("Accrued by the NAV", money(accrued)),
        perhaps("Refunded to lots that paid too much", money(lots?.refund)),
        perhaps("Charged to lots that were bought below the mark", money(lots?.depreciation)),
        fact("Fee", money(fee)),
        lots === undefined ? null : fact("Lots that it touches", plain(String(lots.count))),
        perhaps("Units issued, less units taken", units(lots?.change)),
        perhaps("Cash for what rounding leaves", money(lots?.cash)),
      ]),
      ...(series === undefined
        ? []
        : [
            {
              kind: "table" as const,
              title: "Series",
              caption: `Each series (${currency})`,
              file: "fee-series",
              headers: [
                { header: "Series" },
                { header: "Fee", figure: true },
                { header: "Mark after it", figure: true },
                { header: "Mark since" },
                { header: "Rolled into" },
                { header: "Cash for rounding", figure: true },
              ],
              rows: series.map((row) => [
                word(row.series),
                amount(row.fee, fund.decimals),
                plain(row.high_water),
                day(row.since),
                word(row.rolled_into ?? "–"),
                amount(row.cash, fund.decimals),
              ]),
              empty: "The class has no series.",
            },
          ]),
    ],
  };
};

const distribution: Write = ({ proposal: { body, fund }, refers: { class: shares } }) => {
  const read = DistributionProposal.safeParse(body);
  if (!read.success) return null;
  const { ex_date, per_unit } = read.data;
  const currency = shares?.currency ?? fund.currency;
  return {
    asks: `Pay a distribution to class ${shares?.code ?? "?"} of ${fund.code}, ex ${date(ex_date)}`,
    why: null,
    effect:
      "Each holder is owed the amount lot by lot, down to the smallest unit of the currency; the marks of the class fall by it.",
    blocks: [
      facts("Before and after", "distribution-change", [
        change("Owed per unit", price("0", currency), price(per_unit, currency)),
        shares?.mark == null
          ? null
          : change("High-water mark", price(shares.mark, currency), {
              shown: "lower by what is paid per unit",
              exact: "",
            }),
      ]),
      facts("What it comes to", "distribution", [
        fact("Ex date", day(ex_date)),
        fact("Per unit", price(per_unit, currency)),
        perhaps("Units of the class today", units(shares?.units)),
        perhaps("About, before each lot is rounded down", amountOf(shares?.paid_about, currency, fund.decimals)),
        perhaps("Last price of the class", price(shares?.nav_per_unit, currency)),
      ]),
    ],
  };
};

const inKind: Write = (page) => {
  const { proposal, refers } = page;
  const read = InKindProposal.safeParse(proposal.body);
  if (!read.success) return null;
  const { deliveries, cash } = read.data;
  const { decimals } = proposal.fund;
  const currency = refers.order?.currency ?? proposal.fund.currency;
  return {
    asks: `Pay a redemption of ${proposal.fund.code} in assets instead of cash`,
    why: null,
    effect: "The assets are delivered, the rest is paid in cash, and the order is settled.",
    blocks: [
      facts("Before and after", "in-kind-change", [
        change("Due in cash", amountOf(refers.order?.due, currency, decimals), amountOf(cash, currency, decimals)),
        change("Due in assets", amountOf("0", currency, decimals), amountOf(refers.delivered, currency, decimals)),
      ]),
      {
        kind: "table",
        title: "What is delivered",
        caption: `Assets at the values of the NAV (${currency})`,
        file: "deliveries",
        headers: [
          { header: "Asset" },
          { header: "Quantity", figure: true },
          { header: `Value (${currency})`, figure: true },
        ],
        rows: deliveries.map((row) => {
          const name = refers.assets[row.asset_id];
          return [
            name === undefined ? id(row.asset_id) : word(name, audit(row.asset_id)),
            plain(row.quantity),
            amount(row.value, decimals),
          ];
        }),
        empty: "Nothing is delivered.",
      },
      facts("The order", "in-kind-order", [
        ...orderFacts(page),
        perhaps("Units dealt", units(refers.order?.filled_units)),
        perhaps("Price", price(refers.order?.price, currency)),
      ]),
    ],
  };
};

const VIEWS: Readonly<Record<ProposalKind, Write>> = {
  rebalancing: rebalancingView,
  nav: navView,
  lmt,
  token,
  cancellation,
  crystallisation,
  distribution,
  in_kind: inKind,
};

const isKind = (kind: string): kind is ProposalKind => PROPOSAL_KINDS.some((one) => one === kind);

/** What a proposal says; of a kind or form that this page does not know, every value by its name. */
export function viewOf(page: ProposalPage): View & { known: boolean } {
  const { kind, fund } = page.proposal;
  const view = isKind(kind) ? VIEWS[kind](page) : null;
  if (view !== null)
    return {
      ...view,
      known: true,
      blocks: view.blocks.filter((block) => block.kind !== "facts" || block.facts.length > 0),
    };
  return {
    asks: `${nameOf(kind)} of ${fund.code}`,
    why: null,
    effect: "",
    known: false,
    blocks: lineByLine(page, "What it says"),
  };
}
