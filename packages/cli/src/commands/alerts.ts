// `alerts list|show|acknowledge`: what Risk Guardian has raised, what could be done about it, and who has looked. Nothing here acts on an alert.
import type { RemedyKind } from "@evergreen-fund/finance/stress-liquidity/remedy.ts";
import { z } from "zod";
import { ANY_FUND, type Command, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { facts, isoTime, money, plain, table, when } from "../output.ts";
import type { People } from "../people.ts";
import { type AlertRow, findAlert, listAlerts, type StoredRemedy } from "../reads/alerts.ts";
import { findFund, listFunds } from "../reads/funds.ts";
import { countOf } from "../wait.ts";

const ID = { name: "<alert-id>", about: "id of the alert" };
const Acknowledged = z.object({ alert_id: z.string(), acknowledged_at: z.string(), acknowledged_by: z.string() });

const alertJson = (row: AlertRow, people: People) => ({
  alertId: row.alert_id,
  fundId: row.fund_id,
  kind: row.kind,
  severity: row.severity,
  reason: row.reason,
  eventId: row.event_id,
  raisedAt: isoTime(row.created_at),
  acknowledgedAt: isoTime(row.acknowledged_at),
  acknowledgedBy: row.acknowledged_by && people.nameOf(row.acknowledged_by),
  note: row.acknowledged_note,
});

/** The ordinary request that an option becomes when a person asks for it; `FUND` is the fund's code. */
const REQUESTS: Record<RemedyKind, string> = {
  stop_commitments: "outside the platform: commitments are made by people",
  sell_waterfall: "rebalance --fund FUND --targets targets.json",
  sell_slice: "rebalance --fund FUND --targets targets.json",
  draw_facility: "outside the platform: the bank is asked by people",
  extend_notice: "lmt activate notice_extension --fund FUND",
  gate: "lmt show --fund FUND (the gate is decided on the dealing date)",
  in_kind: "lmt show --fund FUND (agreed order by order)",
  suspend: "lmt activate suspension --fund FUND",
};
const words = (kind: string): string => kind.replaceAll("_", " ");

function remedyText(remedy: StoredRemedy | null, code: string): string[] {
  if (remedy === null) return [];
  if ("why" in remedy) return ["", plain(remedy.why)];
  const { options, without, plan, assumptions, currency } = remedy;
  return [
    "",
    facts([
      ["Scenario", remedy.scenario_id],
      ["Stress run", remedy.stress_run_id],
      ["Cover", `${remedy.cover ?? "nothing due"} by ${remedy.bucket}, required ${remedy.required}`],
      ["Missing", `${money(remedy.missingAssets)} ${currency}`],
      ["Together", plan.length === 0 ? "what the fund has does not restore it" : plan.map(words).join(", then ")],
    ]),
    "",
    table(
      options,
      [
        { header: "#", value: (row) => String(row.rank), figure: true },
        { header: "Option", value: (row) => words(row.kind) },
        { header: "Amount", value: (row) => money(row.amount), figure: true },
        { header: "Cost", value: (row) => (row.cost === null ? "not known" : money(row.cost)), figure: true },
        { header: "Cover after", value: (row) => row.coverAfter ?? "nothing due", figure: true },
        { header: "Restores", value: (row) => (row.restores ? "yes" : "no") },
      ],
      "The fund has nothing that would help.",
    ),
    ...options.flatMap((row) => [
      "",
      `${row.rank}. ${plain(row.words)}`,
      ...row.arithmetic.map((line) => `   ${plain(line)}`),
      `   to ask for it: ${REQUESTS[row.kind].replaceAll("FUND", code)}`,
    ]),
    ...(without.length === 0
      ? []
      : ["", "Not proposed:", ...without.map((row) => `  ${words(row.tool)}: ${plain(row.words)}`)]),
    ...(assumptions.length === 0 ? [] : ["", "Rests on:", ...assumptions.map((line) => `  ${plain(line)}`)]),
  ];
}

const seenBy = (row: AlertRow, people: People): string =>
  row.acknowledged_at === null
    ? "nobody"
    : `${plain(people.nameOf(row.acknowledged_by ?? ""))} on ${when(row.acknowledged_at)}`;

export const alertCommands: readonly Command[] = [
  {
    path: "alerts list",
    summary: "What Risk Guardian has raised, the newest first: breaches, trends to one, drifts of marks",
    options: [
      ANY_FUND,
      { flags: "--open", about: "only those that nobody has acknowledged" },
      { flags: "--limit <count>", about: "how many at most", default: "50" },
    ],
    examples: ["alerts list --fund DEMO --open"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const fund = text(options, "fund");
      const fundId = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
      const limit = countOf("limit", text(options, "limit"), 1000);
      const rows = await listAlerts(session, { fundId, open: options.open === true, limit });
      return {
        json: rows.map((row) => alertJson(row, session.people)),
        text: table(
          rows,
          [
            { header: "Raised at", value: (row) => when(row.created_at) },
            { header: "Severity", value: (row) => row.severity },
            { header: "Alert", value: (row) => row.alert_id },
            { header: "Seen by", value: (row) => seenBy(row, session.people) },
            { header: "Reason", value: (row) => row.reason, most: 90 },
          ],
          "No alerts.",
        ),
      };
    },
  },
  {
    path: "alerts show",
    summary: "One alert with what could be done about it: options with amounts and arithmetic, the mildest first",
    arguments: [ID],
    examples: ["alerts show 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"],
    role: "pm_role",
    run: async (context, args) => {
      const session = await context.session("pm_role");
      const row = await findAlert(session, args[0] ?? "");
      const fund = (await listFunds(session)).find(({ fund_id }) => fund_id === row.fund_id);
      return {
        json: { ...alertJson(row, session.people), fund: fund?.code ?? null, remedy: row.remedy },
        text: [
          facts([
            ["Fund", fund?.code],
            ["Kind", words(row.kind)],
            ["Severity", row.severity],
            ["Reason", plain(row.reason)],
            ["Raised at", when(row.created_at)],
            ["Seen by", seenBy(row, session.people)],
            ["Note", row.acknowledged_note && plain(row.acknowledged_note)],
          ]),
          ...remedyText(row.remedy, fund?.code ?? row.fund_id),
        ].join("\n"),
      };
    },
  },
  {
    path: "alerts acknowledge",
    summary: "Says that you have seen an alert and what you make of it; nothing else follows",
    arguments: [ID],
    options: [
      { flags: "--note <text>", about: "what you saw or will do, in one sentence (no personal data)", required: true },
      REQUEST_ID,
    ],
    examples: ['alerts acknowledge 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --note "Noted; the loans are being sold."'],
    role: "pm_role",
    run: async (context, args, options) => {
      const session = await context.session("pm_role");
      const { alert_id } = await findAlert(session, args[0] ?? "");
      const made = await session.call(
        "fn_acknowledge_alert",
        { alert_id, note: text(options, "note") ?? "", request_id: requestIdOf(text(options, "requestId")) },
        Acknowledged,
      );
      const by = session.people.nameOf(made.acknowledged_by);
      return {
        json: { alertId: made.alert_id, acknowledgedAt: isoTime(made.acknowledged_at), acknowledgedBy: by },
        text: `${plain(by)} has acknowledged alert ${made.alert_id}.`,
      };
    },
  },
];
