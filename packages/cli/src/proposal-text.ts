// A proposal for a person: trades with reasons and cost, weights before and after, liquidity, checks, what it remembered; or a NAV, or a tool. Pure.

import type { PortfolioSide } from "@evergreen-fund/domain/proposals.ts";
import { limitsInWords } from "@evergreen-fund/domain/token-limits.ts";
import { staleWords } from "./nav-text.ts";
import { facts, inWords, money, multiple, peopleNeeded, percent, plain, table, when } from "./output.ts";
import type { People } from "./people.ts";
import type { Proposal, ProposalRow, RowOf } from "./reads/proposals.ts";
import { toolName } from "./tool-words.ts";

const POSTING_WORDS = {
  cancellation: "cancellation of a locked order",
  crystallisation: "performance fee crystallised",
  distribution: "distribution",
  in_kind: "redemption paid in kind",
} as const;

/** What is proposed, in one line of a list. */
export function subjectOf(row: ProposalRow): string {
  switch (row.kind) {
    case "nav":
      return `NAV of ${plain(row.body.nav_date)}, version ${row.body.version}: ${money(String(row.body.nav))}`;
    case "lmt":
      return toolName(row.body.tool);
    case "rebalancing":
      return `${row.body.trades.length} trades, cost ${money(row.body.cost)} ${row.body.currency}`;
    case "token":
      return `${row.body.kind.replaceAll("_", " ")} of class ${plain(row.body.share_class)} on ${plain(row.body.chain)}`;
    default:
      return POSTING_WORDS[row.kind];
  }
}

/** The whole proposal, with the command that decides it when it is waiting. */
export function proposalText(proposal: Proposal, people: People): string {
  const { row, checks, memories } = proposal;
  const blocks = [
    facts([
      ["Proposal", row.proposal_id],
      ["Fund", row.fund.code],
      ["Status", row.refusal ? `${row.status}: ${row.refusal.reason}` : row.status],
      ["Hash", row.hash],
      ["Asked by", people.nameOf(row.requested_by)],
      ["Proposed by", row.proposed_by],
      ["Made at", when(row.created_at)],
      ["Decide by", when(row.expires_at)],
      ["Workflow", row.workflow_id],
    ]),
    ...blocksOf(proposal),
    approvals(proposal, people),
    checks.length === 0
      ? ""
      : table(checks, [
          { header: "Check", value: (check) => check.rule },
          { header: "Room", value: (check) => check.room },
          { header: "", value: (check) => (check.result === "passed" ? "✓" : "✗") },
          { header: "Value", value: (check) => shortRatio(check.value), figure: true },
          { header: "Limit", value: (check) => shortRatio(check.limit_value), figure: true },
          { header: "Detail", value: (check) => check.detail, most: 70 },
        ]),
    memories.length === 0
      ? ""
      : ["Remembered:", ...memories.map((memory) => `  ${memory.memory_id}  ${shortened(plain(memory.text))}`)].join(
          "\n",
        ),
    next(proposal, people),
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

function blocksOf(proposal: Proposal): string[] {
  const { row } = proposal;
  switch (row.kind) {
    case "rebalancing":
      return rebalancing(row);
    case "nav":
      return nav(row, proposal);
    case "lmt":
      return tool(row);
    case "token":
      return [token(row)];
    default:
      return posting(row);
  }
}

/** Every figure and list of a posting, under its name. */
function posting({ kind, body }: Extract<ProposalRow, { kind: keyof typeof POSTING_WORDS }>): string[] {
  const lists = Object.entries(body).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  const plainOnes = Object.entries(body).filter(([, value]) => typeof value === "string" || typeof value === "number");
  return [
    facts([
      ["What", POSTING_WORDS[kind]],
      ...plainOnes.map(([name, value]) => [label(name), String(value)] as const),
      ...lists.map(([name, rows]) => [label(name), `${rows.length}`] as const),
    ]),
    ...lists.flatMap(([, rows]) => rows.slice(0, 20).map((row) => `  ${plain(JSON.stringify(row))}`)),
  ];
}

function rebalancing(row: RowOf<"rebalancing">): string[] {
  const { body } = row;
  return [
    body.words === "" ? "" : plain(body.words),
    trades(row),
    weights(body.before, body.after),
    liquidity(body.before, body.after, body.currency),
    remarks(
      "Not traded, steered by pacing and subscriptions:",
      body.steered.map(({ words }) => words),
    ),
    remarks(
      "Bands that illiquid holdings push out of reach:",
      body.widened.map((item) => `${item.name}: ${item.words}`),
    ),
  ];
}

function nav({ body, fund }: RowOf<"nav">, { classCodes }: Proposal): string[] {
  return [
    facts([
      ["NAV date", `${body.nav_date}, version ${body.version}`],
      ...(body.reason ? [["Restated because", body.reason] as const] : []),
      ["Total assets", money(String(body.total_assets))],
      ["Liabilities", money(String(body.liabilities))],
      ["Performance fee", money(String(body.performance_fee))],
      ["NAV", money(String(body.nav))],
      ["Marks older than 90 days", staleWords(body)],
    ]),
    table(body.classes, [
      { header: "Class", value: (row) => classCodes.get(row.share_class_id) ?? row.share_class_id },
      { header: "NAV", value: (row) => money(String(row.nav)), figure: true },
      { header: "Per unit", value: (row) => String(row.nav_per_unit), figure: true },
    ]),
    ...restatement(body.restatement),
    `Its inputs: npx --no-install evergreen nav show --fund ${plain(fund.code)} --date ${plain(body.nav_date)}`,
  ];
}

/** What the correction comes to, where a NAV is restated: those who approve the figures consent to it. */
function restatement(found: unknown): string[] {
  const { material, days } = (found ?? {}) as { material?: boolean; days?: Record<string, unknown>[] };
  if (days === undefined) return [];
  return [
    `The error is ${material ? "material: investors are compensated and the authority is told." : "not material."}`,
    table(
      days,
      [
        { header: "Published", value: (day) => String(day.published), figure: true },
        { header: "Correct", value: (day) => String(day.correct), figure: true },
        { header: "Error", value: (day) => percent(String(day.error)), figure: true },
        { header: "Tolerance", value: (day) => percent(String(day.tolerance)), figure: true },
        { header: "Fund pays", value: (day) => money(String(day.fund_pays)), figure: true },
        { header: "Fund receives", value: (day) => money(String(day.fund_receives)), figure: true },
      ],
      "Nobody dealt at that price.",
    ),
  ];
}

function tool({ body, inputs }: RowOf<"lmt">): string[] {
  const trigger = Object.entries(inputs).filter(([, value]) => typeof value === "string" || typeof value === "number");
  return [
    facts([["Tool", toolName(body.tool)], ...trigger.map(([name, value]) => [label(name), String(value)] as const)]),
    ["Drafted notice:", ...wrapped(plain(body.notice), 100).map((line) => `  ${line}`)].join("\n"),
  ];
}

function token({ body }: RowOf<"token">): string {
  const given: readonly (readonly [string, string | undefined])[] = [
    ["What", body.kind.replaceAll("_", " ")],
    ["Class", body.share_class],
    ["Chain", body.chain],
    ["Units", body.units],
    ["Wallet", body.wallet],
    ["To", body.to_wallet],
    ["Legal basis", body.legal_basis],
    ...(body.limits === undefined ? [] : limitsInWords(body.limits)),
    ["Operation", body.action_id],
  ];
  return facts(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, plain(value)] as const])));
}

/** "asked_on" → "Asked on". */
const label = (name: string): string => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

/** Lines of at most `most` characters, broken between words. */
function wrapped(words: string, most: number): string[] {
  const lines: string[] = [];
  for (const next of words.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + next.length <= most) lines[lines.length - 1] = `${last} ${next}`;
    else lines.push(next);
  }
  return lines;
}

/** Who decided already, where one person is not enough. */
function approvals({ row, approvals: given }: Proposal, people: People): string {
  if (row.approvals_needed < 2) return "";
  return table(
    given,
    [
      { header: "Decision", value: (one) => one.decision },
      { header: "By", value: (one) => people.nameOf(`user:${one.decided_by}`) },
      { header: "At", value: (one) => when(one.decided_at) },
      { header: "Why", value: (one) => one.reason },
    ],
    `Nobody has decided yet; ${inWords(row.approvals_needed)} people must approve.`,
  );
}

const LONGEST_MEMORY = 160;
const shortened = (text: string): string =>
  text.length <= LONGEST_MEMORY ? text : `${text.slice(0, LONGEST_MEMORY - 1).trimEnd()}…`;

const remarks = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${plain(line)}`)].join("\n");

/** Sales first: they pay for the purchases. */
const rank = ({ side }: { side: "buy" | "sell" }): number => (side === "sell" ? 0 : 1);
/** Amounts without a sign, compared without making numbers of them. */
function byAmount(a: string, b: string): number {
  const [left, right] = [a, b].map((amount) => amount.split(".")[0]?.length ?? 0) as [number, number];
  return left - right || (a < b ? -1 : a > b ? 1 : 0);
}

function trades(row: RowOf<"rebalancing">): string {
  const { body } = row;
  if (body.trades.length === 0) return "No trades.";
  const ordered = [...body.trades].sort((a, b) => rank(a) - rank(b) || byAmount(b.amount, a.amount));
  const list = table(ordered, [
    { header: "Side", value: (trade) => trade.side },
    { header: "Asset", value: (trade) => trade.name, most: 60 },
    { header: "Sleeve", value: (trade) => trade.sleeve, most: 32 },
    { header: `Amount (${body.currency})`, value: (trade) => money(trade.amount), figure: true },
    { header: `Cost (${body.currency})`, value: (trade) => money(trade.cost), figure: true },
    { header: "Why", value: (trade) => trade.reason.words, most: 160 },
  ]);
  return `${list}\n${body.trades.length} trades, cost ${money(body.cost)} ${body.currency}, turnover ${percent(body.turnover)}`;
}

function weights(before: PortfolioSide, after: PortfolioSide): string {
  const later = new Map(after.sleeves.map((sleeve) => [sleeve.sleeve, sleeve]));
  const earlier = new Map(before.sleeves.map((sleeve) => [sleeve.sleeve, sleeve]));
  const names = [...new Set([...earlier.keys(), ...later.keys()])].sort();
  return table(names, [
    { header: "Sleeve", value: (name) => name, most: 32 },
    { header: "Before", value: (name) => percent(earlier.get(name)?.weight), figure: true },
    { header: "After", value: (name) => percent(later.get(name)?.weight), figure: true },
    { header: "Target", value: (name) => percent((later.get(name) ?? earlier.get(name))?.target), figure: true },
    {
      header: "Band",
      value: (name) => {
        const { lower, upper } = later.get(name) ?? earlier.get(name) ?? {};
        return lower && upper ? `${percent(lower)} to ${percent(upper)}` : "–";
      },
      figure: true,
    },
  ]);
}

function liquidity(before: PortfolioSide, after: PortfolioSide, currency: string): string {
  const rows = [
    { name: "before", side: before },
    { name: "after", side: after },
  ].map(({ name, side }) => ({ name, ...side.liquidity }));
  return table(rows, [
    { header: "Liquidity", value: (row) => row.name },
    { header: `30-day assets (${currency})`, value: (row) => money(row.assets_30d), figure: true },
    { header: `Needed (${currency})`, value: (row) => money(row.required_30d), figure: true },
    { header: "Cover", value: (row) => multiple(row.ratio), figure: true },
  ]);
}

/** Six decimals are enough for a person; the JSON has them all. */
function shortRatio(value: string | null): string {
  if (value === null) return "–";
  const [whole = "0", fraction = ""] = value.split(".");
  const kept = fraction.slice(0, 6).replace(/0+$/, "");
  return kept === "" ? whole : `${whole}.${kept}`;
}

function next({ row, approvals: given }: Proposal, people: People): string {
  if (row.status !== "pending") return "";
  const command = `  npx --no-install evergreen proposals approve ${row.proposal_id} --hash ${row.hash} --as`;
  if (row.approvals_needed < 2)
    return `A second portfolio manager decides:\n${command} ${people.secondTo(row.requested_by)} --wait`;
  const decided = given.filter((one) => one.decision === "approved");
  const others = people.managers([
    row.requested_by,
    row.proposed_by,
    ...decided.map((one) => `user:${one.decided_by}`),
  ]);
  const open = row.approvals_needed - decided.length;
  return [`${peopleNeeded(open, "decide")}:`, ...others.slice(0, open).map((person) => `${command} ${person}`)].join(
    "\n",
  );
}
