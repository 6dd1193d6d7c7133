// `nav series`: the series of a class whose performance fee is by series, as a NAV left them (R25).
import { type Command, FUND, text } from "../command.ts";
import { CLASS, dateOf } from "../dealing-options.ts";
import { facts, figure, fixed, table } from "../output.ts";
import { currencyDecimals, findClass } from "../reads/classes.ts";
import { seriesAt } from "../reads/series.ts";

export const seriesCommands: readonly Command[] = [
  {
    path: "nav series",
    summary:
      "The series of a class at a NAV: units, price, mark, accrued performance fee, and what was rolled into which",
    options: [FUND, CLASS, { flags: "--date <date>", about: "NAV date, YYYY-MM-DD (the newest when left out)" }],
    examples: ["nav series --fund DEMO --class S", "nav series --fund DEMO --date 2026-10-30 --output-format json"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const wanted = dateOf(options, "date");
      const session = await context.session("pm_role");
      const found = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const { fund, shareClass } = found;
      const [{ date, state, rows }, decimals] = await Promise.all([
        seriesAt(session, found, wanted),
        currencyDecimals(session),
      ]);
      const cashDp = decimals.get(shareClass.currency) ?? 2;
      return {
        json: {
          fund: fund.code,
          class: shareClass.code,
          date,
          state,
          currency: shareClass.currency,
          series: rows.map((row) => ({
            ...row,
            units: fixed(row.units, shareClass.units_dp),
            price: fixed(row.price, shareClass.price_dp),
            mark: fixed(row.mark, shareClass.price_dp),
            fee: fixed(row.fee, cashDp),
          })),
        },
        text: [
          facts([
            ["Fund", fund.code],
            ["Class", shareClass.code],
            ["NAV", `${date}, ${state}`],
          ]),
          table(rows, [
            { header: "Series", value: (row) => row.series },
            { header: "Opened", value: (row) => row.opened },
            { header: "Units", value: (row) => figure(row.units, shareClass.units_dp), figure: true },
            { header: "Price", value: (row) => figure(row.price, shareClass.price_dp), figure: true },
            { header: "Mark", value: (row) => figure(row.mark, shareClass.price_dp), figure: true },
            { header: `Fee (${shareClass.currency})`, value: (row) => figure(row.fee, cashDp), figure: true },
            { header: "Rolled into", value: (row) => row.rolledInto ?? "" },
          ]),
        ].join("\n\n"),
      };
    },
  },
];
