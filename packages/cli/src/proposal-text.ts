// A proposal for a person: trades with reasons and cost, weights before and after, liquidity, checks, what it remembered. Pure.
import { facts, inWords, money, multiple, peopleNeeded, percent, plain, table, when } from "./output.ts";
import type { Proposal, ProposalRow } from "./reads/proposals.ts";

type Side = NonNullable<ProposalRow["body"]["before"]>;

/** What is proposed, in one line of a list. */
export function subjectOf(row: ProposalRow): string {
  const { body } = row;
  if (row.kind === "nav")
    return `NAV of ${word(body.nav_date)}, version ${word(body.version)}: ${money(word(body.nav))}`;
  if (row.kind === "lmt") return word(body.tool).replaceAll("_", " ");
  return `${body.trades.length} trades, cost ${money(body.cost)} ${body.currency}`;
}

const word = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? plain(String(value)) : "";

/** The whole proposal, with the command that decides it when it is waiting. */
export function proposalText(proposal: Proposal): string {
  const { row, checks, memories } = proposal;
  const { body } = row;
  const blocks = [
    facts([
      ["Proposal", row.proposal_id],
      ["Fund", row.fund.code],
      ["Status", row.refusal ? `${row.status}: ${row.refusal.reason}` : row.status],
      ["Hash", row.hash],
      ["Asked by", row.requested_by],
      ["Proposed by", row.proposed_by],
      ["Made at", when(row.created_at)],
      ["Decide by", when(row.expires_at)],
      ["Workflow", row.workflow_id],
    ]),
    body.words === "" ? "" : plain(body.words),
    row.kind === "nav" ? nav(proposal) : row.kind === "lmt" ? tool(row) : trades(row),
    approvals(proposal),
    weights(body.before, body.after),
    liquidity(body.before, body.after, body.currency),
    remarks(
      "Not traded, steered by pacing and subscriptions:",
      body.steered.map((item) => (typeof item === "string" ? item : item.words)),
    ),
    remarks(
      "Bands that illiquid holdings push out of reach:",
      body.widened.map((item) => `${item.name}: ${item.words}`),
    ),
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
    next(proposal),
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

function nav({ row: { body }, classCodes }: Proposal): string {
  const classes = Array.isArray(body.classes) ? (body.classes as Record<string, unknown>[]) : [];
  return [
    facts([
      ["NAV date", `${word(body.nav_date)}, version ${word(body.version)}`],
      ...(typeof body.reason === "string" ? [["Restated because", body.reason] as const] : []),
      ["Total assets", money(word(body.total_assets))],
      ["Liabilities", money(word(body.liabilities))],
      ["Performance fee", money(word(body.performance_fee))],
      ["NAV", money(word(body.nav))],
    ]),
    table(classes, [
      { header: "Class", value: (row) => classCodes.get(word(row.share_class_id)) ?? word(row.share_class_id) },
      { header: "NAV", value: (row) => money(word(row.nav)), figure: true },
      { header: "Per unit", value: (row) => word(row.nav_per_unit), figure: true },
    ]),
    `The inputs are in \`evergreen nav show\`.`,
  ].join("\n\n");
}

function tool({ body, inputs }: ProposalRow): string {
  const trigger = Object.entries(inputs).filter(([, value]) => typeof value === "string" || typeof value === "number");
  return [
    facts([
      ["Tool", word(body.tool).replaceAll("_", " ")],
      ...trigger.map(([name, value]) => [label(name), word(value)] as const),
    ]),
    ["Drafted notice:", ...wrapped(word(body.notice), 100).map((line) => `  ${line}`)].join("\n"),
  ].join("\n\n");
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
function approvals({ row, approvals: given }: Proposal): string {
  if (row.approvals_needed < 2) return "";
  return table(
    given,
    [
      { header: "Decision", value: (one) => one.decision },
      { header: "By", value: (one) => `user:${one.decided_by}` },
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

function trades(row: ProposalRow): string {
  const { body } = row;
  if (body.trades.length === 0) return "No trades.";
  const list = table(body.trades, [
    { header: "Side", value: (trade) => trade.side },
    { header: "Asset", value: (trade) => trade.name, most: 40 },
    { header: "Sleeve", value: (trade) => trade.sleeve, most: 24 },
    { header: `Amount (${body.currency})`, value: (trade) => money(trade.amount), figure: true },
    { header: `Cost (${body.currency})`, value: (trade) => money(trade.cost), figure: true },
    { header: "Why", value: (trade) => trade.reason?.words ?? trade.reason?.code, most: 70 },
  ]);
  const turnover = body.turnover ? `, turnover ${percent(body.turnover)}` : "";
  return `${list}\n${body.trades.length} trades, cost ${money(body.cost)} ${body.currency}${turnover}`;
}

function weights(before: Side | undefined, after: Side | undefined): string {
  if (!before || !after) return "";
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

function liquidity(before: Side | undefined, after: Side | undefined, currency: string): string {
  const rows = [
    { name: "before", side: before },
    { name: "after", side: after },
  ].flatMap(({ name, side }) => (side?.liquidity ? [{ name, ...side.liquidity }] : []));
  if (rows.length === 0) return "";
  return table(rows, [
    { header: "Liquidity", value: (row) => row.name },
    { header: `30-day assets (${currency})`, value: (row) => money(row.assets_30d), figure: true },
    { header: `Needed (${currency})`, value: (row) => money(row.required_30d ?? row.liabilities_30d), figure: true },
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

function next({ row, approvals: given }: Proposal): string {
  if (row.status !== "pending") return "";
  const command = `  npx --no-install evergreen proposals approve ${row.proposal_id} --hash ${row.hash} --as <second PM>`;
  if (row.approvals_needed < 2) return `A second portfolio manager decides:\n${command} --wait`;
  const open = row.approvals_needed - given.filter((one) => one.decision === "approved").length;
  return `${peopleNeeded(open, "decide")}:\n${command}`;
}
