// `nav mark|index|payment|roll-forward`: values of assets, what they are rolled forward by between two marks, and what was paid into and out of them (R5).
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { AS_OF, dateOf, decimalOf, FROM, needed, SOURCE } from "../dealing-options.ts";
import { plain } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { countOf } from "../wait.ts";

const ASSET = { flags: "--asset <key>", about: "key of the asset", required: true } as const;

export const markCommands: readonly Command[] = [
  {
    path: "nav mark",
    summary:
      "Records the value of an asset; with --confirmed a person releases a mark that the price breaker holds back",
    options: [
      FUND,
      ASSET,
      { flags: "--value <money>", about: "in the fund's currency", required: true },
      AS_OF,
      SOURCE,
      { flags: "--confirmed", about: "somebody looked at it and stands by it" },
      REQUEST_ID,
    ],
    examples: [
      'nav mark --fund DEMO --asset SYN-PE-01 --value 1250000.00 --date 2026-11-30 --source "appraisal" --confirmed',
    ],
    role: "pm_role",
    run: async (context, _args, options) => {
      const value = needed(decimalOf(options, "value"), "value");
      const asOf = needed(dateOf(options, "date"), "date");
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const asset = text(options, "asset");
      const mark = {
        asset,
        as_of: asOf,
        value,
        source: text(options, "source"),
        confirmed: options.confirmed === true,
      };
      await session.call(
        "fn_record_marks",
        { fund: fund.code, marks: [mark], request_id: requestIdOf(text(options, "requestId")) },
        z.number(),
      );
      return {
        json: { fund: fund.code, asset: asset ?? null, asOf, value, confirmed: mark.confirmed },
        text: `${plain(asset ?? "")} is marked ${plain(value)} as of ${asOf}${mark.confirmed ? ", confirmed" : ""}.`,
      };
    },
  },
  {
    path: "nav index",
    summary: "Records a value of an index, by which stale marks are rolled forward",
    options: [
      { flags: "--series <name>", about: "name of the index", required: true },
      { flags: "--value <number>", about: "its value", required: true },
      AS_OF,
      SOURCE,
      REQUEST_ID,
    ],
    examples: ['nav index --series "LPX50 TR" --value 4123.55 --date 2026-11-30 --source "index provider"'],
    role: "ops_role",
    run: async (context, _args, options) => {
      const value = needed(decimalOf(options, "value"), "value");
      const asOf = needed(dateOf(options, "date"), "date");
      const series = text(options, "series") ?? "";
      const session = await context.session("ops_role");
      await session.call(
        "fn_record_index_values",
        {
          index_values: [{ series, as_of: asOf, value, source: text(options, "source") }],
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.number(),
      );
      return { json: { series, asOf, value }, text: `${plain(series)} is ${plain(value)} as of ${asOf}.` };
    },
  },
  {
    path: "nav payment",
    summary:
      "Records a capital call paid into an asset, or a distribution it paid: a mark rolled forward past that day counts it (R5)",
    options: [
      FUND,
      ASSET,
      { flags: "--kind <kind>", about: "call or distribution", required: true },
      { flags: "--amount <money>", about: "amount in the fund's currency", required: true },
      { flags: "--date <date>", about: "day of the payment, YYYY-MM-DD", required: true },
      { flags: "--source <words>", about: "where it is known from", required: true },
      REQUEST_ID,
    ],
    examples: [
      'nav payment --fund DEMO --asset SYN-PE-01 --kind call --amount 250000.00 --date 2026-11-12 --source "call notice 14"',
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const [kind, asset] = [text(options, "kind") ?? "", text(options, "asset") ?? ""];
      if (kind !== "call" && kind !== "distribution")
        throw new EvergreenError("EG400", "--kind is call or distribution.");
      const amount = needed(decimalOf(options, "amount"), "amount");
      const paidOn = needed(dateOf(options, "date"), "date");
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      await session.call(
        "fn_record_asset_payments",
        {
          fund: fund.code,
          payments: [{ asset, kind, amount, paid_on: paidOn, source: text(options, "source") }],
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.number(),
      );
      const words = kind === "call" ? "paid into" : "paid by";
      return {
        json: { fund: fund.code, asset, kind, amount, paidOn },
        text: `${amount} ${fund.base_currency} ${words} ${plain(asset)} on ${paidOn} are recorded.`,
      };
    },
  },
  {
    path: "nav roll-forward",
    summary:
      "Sets how the stale mark of an asset is carried to the NAV date: beta times the return of an index since its day",
    options: [
      FUND,
      ASSET,
      { flags: "--series <name>", about: "name of the index; left out with --beta and --after: no more" },
      { flags: "--beta <number>", about: "how much the asset moves when the index moves by one" },
      { flags: "--after <days>", about: "only marks that are older" },
      FROM,
      REQUEST_ID,
    ],
    examples: [
      'nav roll-forward --fund DEMO --asset SYN-PE-01 --series "LPX50 TR" --beta 0.7 --after 45 --from 2026-12-01',
    ],
    role: "pm_role",
    run: async (context, _args, options) => {
      const from = needed(dateOf(options, "from"), "from");
      const beta = text(options, "beta");
      if (beta !== undefined && !/^-?\d{1,2}(\.\d{1,18})?$/.test(beta))
        throw new EvergreenError("EG400", "--beta is a number such as 0.7.");
      const after = text(options, "after");
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const [asset, series] = [text(options, "asset"), text(options, "series")];
      const ruleId = await session.call(
        "fn_set_roll_forward",
        {
          fund: fund.code,
          asset,
          series: series ?? null,
          beta: beta ?? null,
          after_days: after === undefined ? null : countOf("after", after, 3650),
          effective_from: from,
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.string(),
      );
      return {
        json: {
          ruleId,
          fund: fund.code,
          asset: asset ?? null,
          series: series ?? null,
          beta: beta ?? null,
          effectiveFrom: from,
        },
        text:
          series === undefined
            ? `From ${from} on marks of ${plain(asset ?? "")} are not rolled forward.`
            : `From ${from} on marks of ${plain(asset ?? "")} that are older than ${after} days move by ${beta} times ${plain(series)}.`,
      };
    },
  },
];
