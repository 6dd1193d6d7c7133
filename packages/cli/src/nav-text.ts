// A NAV for a person and for a script: inputs with their ages, totals, prices, approvals, and what comes next. Pure.
import { facts, figure, fixed, isoTime, peopleNeeded, percent, plain, table, when } from "./output.ts";
import type { StandingNav } from "./reads/nav.ts";

/** Share of the NAV that rests on marks older than 90 days, as it was proposed; null before that. */
export const staleShareOf = (body: Readonly<Record<string, unknown>>): string | null =>
  typeof body.stale_share === "string" ? body.stale_share : null;

export function staleWords(body: Readonly<Record<string, unknown>>): string | null {
  const share = staleShareOf(body);
  return share === null ? null : `${percent(share)} of NAV`;
}

type Input = StandingNav["inputs"][number];

/** A stored ratio without the zeros behind it. */
const short = (ratio: string | null): string => (ratio ?? "0").replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

/** "900.00 by 1.2 × (110 / 100 − 1) of SYN Index" */
const rolledWords = (row: Input, cashDp: number): string =>
  row.mark === null
    ? ""
    : `${figure(row.mark, cashDp)} by ${short(row.beta)} × (${short(row.index_now)} / ${short(row.index_at_mark)} − 1) of ${row.index_series ?? ""}${paidWords(row, cashDp)}`;

/** ", and 5,000.00 paid into it on 2026-01-20" */
const paidWords = (row: Input, cashDp: number): string =>
  (row.payments ?? [])
    .map(({ on, amount }) =>
      amount.startsWith("-")
        ? `, and ${figure(amount.slice(1), cashDp)} paid by it on ${on}`
        : `, and ${figure(amount, cashDp)} paid into it on ${on}`,
    )
    .join("");

export function navJson(nav: StandingNav) {
  const { fund, strike, cashDp, proposal } = nav;
  const money = (amount: string | null): string | null => (amount === null ? null : fixed(amount, cashDp));
  return {
    fund: fund.code,
    date: strike.nav_date,
    version: strike.version,
    state: strike.state,
    currency: fund.base_currency,
    totalAssets: money(strike.total_assets),
    liabilities: money(strike.liabilities),
    performanceFee: money(strike.performance_fee),
    nav: money(strike.nav),
    staleShare: staleShareOf(strike.body),
    classes: nav.prices.map((row) => ({
      class: row.shareClass?.code ?? row.share_class_id,
      nav: money(row.nav),
      units: fixed(row.units, row.shareClass?.units_dp ?? 0),
      navPerUnit: fixed(row.nav_per_unit, row.shareClass?.price_dp ?? 0),
      priceSubscription:
        row.dealing_price_sub === null ? null : fixed(row.dealing_price_sub, row.shareClass?.price_dp ?? 0),
      priceRedemption:
        row.dealing_price_red === null ? null : fixed(row.dealing_price_red, row.shareClass?.price_dp ?? 0),
      publishedAt: isoTime(row.published_at),
    })),
    inputs: nav.inputs.map((row) => ({
      kind: row.kind,
      label: row.label,
      assetId: row.asset_id,
      value: money(row.value),
      asOf: row.as_of,
      ageDays: row.age_days,
      source: row.source,
      blockedBy: row.blocked_by,
      rolledForward:
        row.mark === null
          ? null
          : {
              mark: money(row.mark),
              beta: short(row.beta),
              series: row.index_series,
              indexAtMark: short(row.index_at_mark),
              indexNow: short(row.index_now),
              payments: (row.payments ?? []).map(({ on, amount, index }) => ({ on, amount: money(amount), index })),
            },
    })),
    inputsHash: strike.inputs_hash,
    proposalId: strike.proposal_id,
    proposalHash: proposal?.hash ?? null,
    proposalStatus: proposal?.status ?? null,
    approvals: nav.approvals.map((row) => ({
      decision: row.decision,
      by: `user:${row.decided_by}`,
      at: isoTime(row.decided_at),
    })),
    approvalsNeeded: proposal?.approvals_needed ?? 2,
    strikeId: strike.strike_id,
    supersedes: strike.supersedes,
    reason: strike.reason,
  };
}

export function navText(nav: StandingNav): string {
  const { fund, strike, cashDp, prices, inputs, approvals } = nav;
  const money = (amount: string | null): string | null =>
    amount === null ? null : `${figure(amount, cashDp)} ${fund.base_currency}`;
  const blocked = inputs.filter((row) => row.blocked_by !== null);
  return [
    facts([
      ["Fund", fund.code],
      ["NAV date", `${strike.nav_date}, version ${strike.version}, ${strike.state}`],
      ...(strike.reason === null ? [] : [["Restated because", strike.reason] as const]),
      ["Total assets", money(strike.total_assets)],
      ["Liabilities", money(strike.liabilities)],
      ["Performance fee", money(strike.performance_fee)],
      ["NAV", money(strike.nav)],
      ["Marks older than 90 days", staleWords(strike.body)],
      ["Inputs hash", strike.inputs_hash],
    ]),
    table(
      prices,
      [
        { header: "Class", value: (row) => row.shareClass?.code },
        { header: `NAV (${fund.base_currency})`, value: (row) => figure(row.nav, cashDp), figure: true },
        { header: "Units", value: (row) => figure(row.units, row.shareClass?.units_dp ?? 0), figure: true },
        { header: "Per unit", value: (row) => figure(row.nav_per_unit, row.shareClass?.price_dp ?? 0), figure: true },
        { header: "Published", value: (row) => when(row.published_at) },
      ],
      "No prices yet.",
    ),
    table(inputs, [
      { header: "Input", value: (row) => row.label, most: 48 },
      { header: "Kind", value: (row) => row.kind },
      { header: `Value (${fund.base_currency})`, value: (row) => figure(row.value, cashDp), figure: true },
      { header: "As of", value: (row) => row.as_of },
      { header: "Age (days)", value: (row) => String(row.age_days), figure: true },
      { header: "Source", value: (row) => row.source, most: 32 },
      ...(inputs.some((row) => row.mark !== null)
        ? [{ header: "Rolled forward", value: (row: Input) => rolledWords(row, cashDp), most: 80 }]
        : []),
      ...(blocked.length === 0
        ? []
        : [{ header: "Held back", value: (row: (typeof inputs)[number]) => row.blocked_by ?? "", most: 60 }]),
    ]),
    approvals.length === 0
      ? ""
      : table(approvals, [
          { header: "Decision", value: (row) => row.decision },
          { header: "By", value: (row) => `user:${row.decided_by}` },
          { header: "At", value: (row) => when(row.decided_at) },
        ]),
    next(nav, blocked.length),
  ]
    .filter((block) => block !== "")
    .join("\n\n");
}

function next({ strike, proposal, approvals }: StandingNav, blocked: number): string {
  if (blocked > 0)
    return `${blocked === 1 ? "One input is" : `${blocked} inputs are`} held back: the NAV cannot be proposed until it is frozen anew without.`;
  if (proposal === undefined || strike.state === "final" || strike.state === "restated") return "";
  if (proposal.status === "approved") return "Approved by two people; it is struck next.";
  if (proposal.status !== "pending") return `The proposal is ${plain(proposal.status)}.`;
  const open = proposal.approvals_needed - approvals.filter((row) => row.decision === "approved").length;
  return `${peopleNeeded(open, "approve")}:\n  npx --no-install evergreen nav approve ${strike.proposal_id ?? ""} --hash ${proposal.hash} --as <portfolio manager>`;
}
