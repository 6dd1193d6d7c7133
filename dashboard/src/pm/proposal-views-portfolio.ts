// The two proposals of every day in words and figures: a rebalancing with its trades, and a NAV beside the one before it. Pure.
import { NavProposal, type ProposalPage } from "@evergreen-fund/domain/proposal-page.ts";
import { ProposalBody } from "@evergreen-fund/domain/proposals.ts";
import { date, plainNumber } from "../words/format.ts";
import {
  amount,
  type Block,
  type Cell,
  day,
  type Fact,
  id,
  named,
  plain,
  price,
  share,
  type View,
  word,
  yesNo,
} from "./proposal-words.ts";

const times = (text: string | null): Cell =>
  text === null ? { shown: "–", exact: "" } : { shown: plainNumber(text, 2, 2), exact: text };
const beside = (text: string, note: string): Cell => ({ shown: text, exact: text, note });

export function rebalancingView({ proposal: { body, fund } }: ProposalPage): View | null {
  const read = ProposalBody.safeParse(body);
  if (!read.success) return null;
  const { before, after, trades, currency, cost, turnover, words, steered, widened } = read.data;
  const { decimals } = fund;
  const weightAfter = new Map(after.sleeves.map((row) => [row.sleeve, row.weight]));
  const none: Cell = { shown: "–", exact: "" };
  const remarks: Block[] =
    steered.length + widened.length === 0
      ? []
      : [
          {
            kind: "facts",
            title: "What trades cannot mend",
            caption: "Bands that only illiquid holdings decide",
            file: "steered",
            facts: [
              ...steered.map((row) => ({ what: row.name, is: word(row.words) })),
              ...widened.map((row) => ({ what: row.name, is: word(row.words) })),
            ],
          },
        ];
  return {
    asks: trades.length === 0 ? `Leave the portfolio of ${fund.code} as it is` : `Rebalance ${fund.code}`,
    why: words,
    effect: "The trades are booked: holdings, ladder and net assets change, and the cost is paid from cash.",
    blocks: [
      {
        kind: "table",
        title: "Before and after",
        caption: "Weight of each sleeve, as a share of net assets",
        file: "sleeves",
        headers: [
          { header: "Sleeve" },
          { header: "Before", figure: true },
          { header: "After", figure: true },
          { header: "Target", figure: true },
          { header: "Lower bound", figure: true },
          { header: "Upper bound", figure: true },
        ],
        rows: before.sleeves.map((row) => [
          word(row.sleeve),
          share(row.weight),
          share(weightAfter.get(row.sleeve) ?? row.weight),
          share(row.target),
          share(row.lower),
          share(row.upper),
        ]),
        empty: "The mandate has no sleeve.",
      },
      {
        kind: "facts",
        title: "Liquidity and cost",
        caption: `Liquidity and cost (${currency})`,
        file: "liquidity",
        facts: [
          { what: "Net assets", before: amount(before.net_assets, decimals), is: amount(after.net_assets, decimals) },
          { what: "Cash", before: amount(before.cash, decimals), is: amount(after.cash, decimals) },
          {
            what: "Can be cash within 30 days",
            before: amount(before.liquidity.assets_30d, decimals),
            is: amount(after.liquidity.assets_30d, decimals),
          },
          {
            what: "Wanted within 30 days",
            before: amount(before.liquidity.required_30d, decimals),
            is: amount(after.liquidity.required_30d, decimals),
          },
          {
            what: "Cover of what may fall due (times)",
            before: times(before.liquidity.ratio),
            is: times(after.liquidity.ratio),
          },
          { what: "Cost of the trades", before: none, is: amount(cost, decimals) },
          { what: "Turnover (share of net assets)", before: none, is: share(turnover) },
        ],
      },
      {
        kind: "table",
        title: "Trades",
        caption: "What would be bought and sold",
        file: "trades",
        headers: [
          { header: "Asset" },
          { header: "Side" },
          { header: `Amount (${currency})`, figure: true },
          { header: `Cost (${currency})`, figure: true },
          { header: "Weight before", figure: true },
          { header: "Weight after", figure: true },
          { header: "Reason", inFilesOnly: true },
        ],
        rows: trades.map((row) => [
          beside(row.name, row.reason.words),
          word(row.side),
          amount(row.amount, decimals),
          amount(row.cost, decimals),
          share(row.weight_before),
          share(row.weight_after),
          word(row.reason.words),
        ]),
        empty: "There is nothing to trade.",
      },
      ...remarks,
    ],
  };
}

export function navView({ proposal: { body, fund }, refers }: ProposalPage): View | null {
  const read = NavProposal.safeParse(body);
  if (!read.success) return null;
  const nav = read.data;
  const { before, class_codes = {}, strike } = refers;
  const { currency, decimals } = fund;
  const corrects = strike?.reason ?? nav.reason ?? null;
  const line = (what: string, was: string | null | undefined, is: string): Fact => ({
    what,
    ...(before == null ? {} : { before: amount(was, decimals) }),
    is: amount(is, decimals),
  });
  const facts: Fact[] = [
    line("Total assets", before?.total_assets, nav.total_assets),
    line("Liabilities", before?.liabilities, nav.liabilities),
    line("Performance fee", before?.performance_fee, nav.performance_fee),
    line("NAV", before?.nav, nav.nav),
    ...(nav.stale_share == null
      ? []
      : [{ what: "Rests on marks older than 90 days (R46)", is: share(nav.stale_share) }]),
  ];
  const classes: Block = {
    kind: "table",
    title: "Classes",
    caption: `Value (${currency}) and price of each class`,
    file: "nav-classes",
    headers: [
      { header: "Class" },
      { header: "NAV", figure: true },
      { header: "Price before", figure: true },
      { header: "NAV per unit", figure: true },
    ],
    rows: nav.classes.map((row) => [
      class_codes[row.share_class_id] === undefined
        ? id(row.share_class_id)
        : word(class_codes[row.share_class_id] as string),
      amount(row.nav, decimals),
      price(before?.classes[row.share_class_id]?.nav_per_unit, currency),
      price(row.nav_per_unit, currency),
    ]),
    empty: "The fund has no class.",
  };
  const days: Block[] =
    nav.restatement === undefined
      ? []
      : [
          {
            kind: "table",
            title: "What the correction comes to",
            caption: `Dealing days at the wrong price (${currency})`,
            file: "restatement",
            headers: [
              { header: "Dealing day" },
              { header: "Published price", figure: true },
              { header: "Correct price", figure: true },
              { header: "Error", figure: true },
              { header: "Material" },
              { header: "Fund pays", figure: true },
              { header: "Fund receives", figure: true },
            ],
            rows: nav.restatement.days.map((row) => [
              id(row.dealing_day_id, { to: "/pm/dealing", search: { day: row.dealing_day_id } }),
              plain(row.published),
              plain(row.correct),
              share(row.error),
              yesNo(row.material),
              amount(row.fund_pays, decimals),
              amount(row.fund_receives, decimals),
            ]),
            empty: "Nobody dealt at it.",
          },
        ];
  return {
    asks: `${corrects === null ? "Strike" : "Correct"} the NAV of ${fund.code} of ${date(nav.nav_date)}, version ${nav.version}`,
    why: corrects,
    effect:
      corrects === null
        ? "The NAV is final: the orders of its dealing days are dealt at it."
        : "This version replaces the one before it; who dealt at the wrong price gets or owes what the dealing days below say.",
    blocks: [
      {
        kind: "facts",
        title: `NAV of ${date(nav.nav_date)}, version ${nav.version}`,
        caption: `Figures of the fund (${currency})`,
        file: "nav-proposal",
        facts: [
          ...facts,
          ...(before == null
            ? []
            : [
                {
                  what: "Compared with",
                  before: day(before.date, { to: "/audit", search: { entity: before.strike_id } }),
                  is: day(
                    nav.nav_date,
                    strike === undefined ? undefined : { to: "/audit", search: { entity: strike.strike_id } },
                  ),
                },
              ]),
          ...(strike === undefined ? [] : [{ what: "State of the NAV", is: named(strike.state) }]),
        ],
      },
      classes,
      ...days,
    ],
  };
}
