// `mandate show|set`: what a portfolio manager wants of a fund, as data with versions.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { readMandate } from "../mandate-file.ts";
import { facts, isoTime, money, percent, plain, table, when } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { currentMandate } from "../reads/mandates.ts";

export const mandateCommands: readonly Command[] = [
  {
    path: "mandate show",
    summary: "The mandate a fund is rebalanced by; with JSON output, a file for `mandate set`",
    options: [FUND],
    examples: ["mandate show --fund KY1", "mandate show --fund KY1 --output-format json > mandate.json"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const current = await currentMandate(session, fund.fund_id);
      if (!current)
        throw new EvergreenError(
          "EG404",
          `${plain(fund.code)} has no mandate; set one with \`npx --no-install evergreen mandate set\`.`,
        );
      const { mandate } = current;
      return {
        json: {
          fundId: fund.fund_id,
          code: fund.code,
          version: current.version,
          label: current.label,
          setBy: current.setBy,
          recordedAt: isoTime(current.recordedAt),
          mandate: current.body,
        },
        text: [
          facts([
            ["Fund", fund.code],
            ["Version", String(current.version)],
            ["Label", current.label],
            ["Set by", session.people.nameOf(current.setBy)],
            ["Set at", when(current.recordedAt)],
          ]),
          table(
            [{ id: "cash", illiquid: false, ...mandate.cash }, ...mandate.sleeves],
            [
              { header: "Sleeve", value: (sleeve) => sleeve.id },
              { header: "Target", value: (sleeve) => percent(sleeve.target), figure: true },
              { header: "Band", value: (sleeve) => bandText(sleeve.band) },
              { header: "Traded", value: (sleeve) => (sleeve.illiquid ? "no (illiquid)" : "yes") },
            ],
          ),
          facts([
            ["Most per issuer", percent(mandate.limits.issuerMax)],
            ["Most per asset", percent(mandate.limits.assetMax)],
            ["Most turnover", percent(mandate.limits.turnoverMax)],
            ["Smallest trade", `${money(mandate.limits.minimumTicket)} ${fund.base_currency}`],
            [
              "Most illiquid",
              mandate.limits.illiquid
                ? `${percent(mandate.limits.illiquid.max)} beyond ${mandate.limits.illiquid.horizon}`
                : "–",
            ],
            ...mandate.liquidity.map(
              (rule) =>
                [
                  `${rule.horizon} cover`,
                  `${rule.cover} × ${money(rule.stressedLiabilities)} ${fund.base_currency}`,
                ] as const,
            ),
          ]),
          table(mandate.costs, [
            { header: "Category", value: (row) => row.category },
            { header: "Issuer", value: (row) => row.issuerCategory },
            { header: "Buy (bp)", value: (row) => row.buyBps, figure: true },
            { header: "Sell (bp)", value: (row) => row.sellBps, figure: true },
          ]),
          ...(mandate.notes.length === 0
            ? []
            : [["Notes:", ...mandate.notes.map((item) => `  ${plain(item.words)}`)].join("\n")]),
        ].join("\n\n"),
      };
    },
  },
  {
    path: "mandate set",
    summary: "Sets the mandate of a fund from a JSON file; the old version is kept",
    arguments: [{ name: "<file>", about: "JSON file, as `mandate show --output-format json` prints it" }],
    options: [FUND, { flags: "--label <text>", about: "where it comes from" }, REQUEST_ID],
    examples: ['mandate set mandate.json --fund KY1 --label "investment committee, November"'],
    role: "pm_role",
    run: async (context, args, options) => {
      const { body } = await readMandate(await context.json(args[0] ?? ""));
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const label = text(options, "label") ?? "set by hand";
      const version = await session.call(
        "fn_set_mandate",
        { fund: fund.fund_id, mandate: body, label, request_id: requestIdOf(text(options, "requestId")) },
        z.number(),
      );
      return {
        json: { fundId: fund.fund_id, code: fund.code, version, label },
        text: `Mandate of ${fund.code} is now version ${version}.`,
      };
    },
  },
];

function bandText(band: { absolute?: string | undefined; relative?: string | undefined } | undefined): string {
  if (!band) return "–";
  const widths = [
    ...(band.absolute === undefined ? [] : [`± ${percent(band.absolute)} of the fund`]),
    ...(band.relative === undefined ? [] : [`± ${percent(band.relative)} of the target`]),
  ];
  return widths.join(", ");
}
