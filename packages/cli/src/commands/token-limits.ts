// `token limits`: what the share tokens hold transfers between holders to, beside what the packs in force ask of them.
import { limitLines } from "@evergreen-fund/domain/token-limits.ts";
import { ANY_FUND, type Command, text } from "../command.ts";
import { plain, table } from "../output.ts";
import { tokensOf } from "../reads/tokens.ts";

export const tokenLimits: Command = {
  path: "token limits",
  summary: "Limits of transfers on the chain beside what the packs in force ask, and where they differ",
  options: [ANY_FUND],
  examples: ["token limits", "token limits --fund EVG --output-format json"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const { classes } = await tokensOf(await context.session("ops_role"), text(options, "fund"));
    const unsaid = classes.flatMap(({ fund, code, rules }) =>
      (rules?.unsaid ?? []).map((rule) => ({ of: `${fund} ${code}`, rule })),
    );
    return {
      json: classes.map(({ fund, code, limits, rules, limits_state }) => ({
        fund,
        class: code,
        state: limits_state,
        onChain: limits,
        asked: rules?.asked ?? null,
        unsaid: rules?.unsaid ?? [],
      })),
      text: [
        table(
          classes.flatMap((one) => limitLines(one).map((line) => ({ ...line, fund: one.fund, code: one.code }))),
          [
            { header: "Fund", value: (row) => row.fund },
            { header: "Class", value: (row) => row.code },
            { header: "Limit", value: (row) => row.name },
            { header: "On chain", value: (row) => row.onChain, figure: true },
            { header: "Packs ask", value: (row) => row.asked, figure: true },
            { header: "State", value: (row) => row.state },
          ],
          "No class is on a chain; `token deploy` puts one there.",
        ),
        ...(unsaid.length === 0
          ? []
          : [
              "",
              table(unsaid, [
                { header: "Class", value: (row) => row.of },
                { header: "Rule that no limit says: transfers are off", value: (row) => plain(row.rule), most: 120 },
              ]),
            ]),
        "",
        "`token reconcile` compares anew; `token set-limits` asks for what differs to be set, which two people approve.",
      ].join("\n"),
    };
  },
};
