// `deal lab`: what other liquidity tools would have done on a dealing day, as it was computed for those who decided.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, text } from "../command.ts";
import { CLASS, DATE, dateOf } from "../dealing-options.ts";
import { estimate, plain, table } from "../output.ts";
import { currencyDecimals } from "../reads/classes.ts";
import { findDay } from "../reads/deals.ts";
import { share } from "../tool-words.ts";

const amount = z.string();
const Combination = z.object({
  share: amount.nullable(),
  basis: z.string(),
  carry: z.string(),
  status: z.string(),
  fraction: amount.nullable(),
  paid: amount,
  waiting: amount,
  lapsing: amount,
});
const Lab = z.object({
  as_is: Combination,
  combinations: z.array(Combination),
  swing: z.array(z.object({ tiers: z.string(), factor: amount, price: amount, paid_by: z.string(), amount })),
  notice: z.array(
    z.object({
      notice: z.object({ n: z.number(), basis: z.string() }),
      paid: amount,
      waiting: amount,
      subscriptions_waiting: amount,
    }),
  ),
  cover: z.array(z.object({ when: z.string(), assets: amount, liabilities: amount, ratio: amount.nullable() })),
});

/** A ratio to four decimals, cut. */
const short = (ratio: string | null): string => (ratio ?? "nothing is due").replace(/(\.\d{4})\d+$/, "$1");

export const dealLabCommands: readonly Command[] = [
  {
    path: "deal lab",
    summary:
      "What other liquidity tools would have done on a dealing day: gates, carry, swing, longer notice, and the 30-day cover before and after",
    options: [FUND, CLASS, { ...DATE, about: "dealing date, YYYY-MM-DD (the newest when left out)" }],
    examples: ["deal lab --fund DEMO --class I --date 2025-06-30"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date");
      const session = await context.session("ops_role");
      const { fund, shareClass, day } = await findDay(session, {
        fund: text(options, "fund") ?? "",
        shareClass: text(options, "class"),
        date,
      });
      const found = Lab.safeParse(day.decision.lab);
      if (!found.success)
        throw new EvergreenError(
          "EG404",
          `The tools of ${day.dealing_date} were not compared: it has no NAV inputs yet.`,
        );
      const { as_is: asIs, combinations, swing, notice, cover } = found.data;
      const dp = (await currencyDecimals(session)).get(fund.base_currency) ?? 2;
      const money = (value: string): string => estimate(value, dp);
      const parts = [
        `${plain(fund.code)}, class ${plain(shareClass.code)}, ${day.dealing_date}: amounts in ${fund.base_currency} at the NAV per unit.`,
        table(
          [{ ...asIs, carry: `${asIs.carry} (as set)` }, ...combinations],
          [
            { header: "Gate", value: (row) => (row.share === null ? "–" : share(row.share)) },
            { header: "Basis", value: (row) => row.basis },
            { header: "Carry", value: (row) => row.carry.replaceAll("_", " ") },
            { header: "State", value: (row) => row.status },
            { header: "Each gets", value: (row) => short(row.fraction ?? "–"), figure: true },
            { header: "Paid", value: (row) => money(row.paid), figure: true },
            { header: "Waits", value: (row) => money(row.waiting), figure: true },
            { header: "Lapses", value: (row) => money(row.lapsing), figure: true },
          ],
        ),
        swing.length === 0
          ? ""
          : table(swing, [
              { header: "Swing", value: (row) => row.tiers },
              {
                header: "Factor",
                value: (row) => share(row.factor),
                figure: true,
              },
              { header: "Price", value: (row) => row.price, figure: true },
              { header: "Paid by", value: (row) => row.paid_by },
              { header: "Amount", value: (row) => money(row.amount), figure: true },
            ]),
        notice.length === 0
          ? ""
          : table(notice, [
              { header: "Longer notice", value: (row) => `${row.notice.n} ${row.notice.basis} days` },
              { header: "Paid", value: (row) => money(row.paid), figure: true },
              { header: "Redemptions wait", value: (row) => money(row.waiting), figure: true },
              { header: "Subscriptions wait", value: (row) => money(row.subscriptions_waiting), figure: true },
            ]),
        table(cover, [
          { header: "30-day cover", value: (row) => row.when },
          { header: "Can be sold", value: (row) => money(row.assets), figure: true },
          { header: "Due under stress", value: (row) => money(row.liabilities), figure: true },
          { header: "Ratio", value: (row) => short(row.ratio), figure: true },
        ]),
      ];
      return {
        json: { fund: fund.code, class: shareClass.code, date: day.dealing_date, ...found.data },
        text: parts.filter((part) => part !== "").join("\n\n"),
      };
    },
  },
];
