// `import nport`: a real SEC filing becomes a fund with a default mandate. The file is read whole and checked before anything is sent.
import { createHash } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, text } from "../command.ts";
import { facts, money, plain, trimmedMoney } from "../output.ts";
import { currentMandate } from "../reads/mandates.ts";
import type { Session } from "../session.ts";

const Imported = z.object({ fund_id: z.string(), code: z.string(), assets: z.number(), version: z.string() });
const CODE = /^[A-Z0-9][A-Z0-9_-]{0,19}$/;

/** EG400 naming the first currency the platform has no exponent for; the database would refuse it with less to go on. */
async function refuseUnknownCurrencies(
  session: Session,
  assets: readonly { name: string; currency: string | null }[],
): Promise<void> {
  const rows = await session.read("currencies", "code", (query) => query.order("code"), z.object({ code: z.string() }));
  const known = new Set(rows.map((row) => row.code));
  const stranger = assets.find((asset) => asset.currency !== null && !known.has(asset.currency));
  if (stranger)
    throw new EvergreenError(
      "EG400",
      `The platform does not know the currency ${plain(stranger.currency ?? "")} of ${plain(stranger.name)}; add it to the table currencies first.`,
    );
}

export const importCommands: readonly Command[] = [
  {
    path: "import nport",
    summary:
      "Reads an SEC Form N-PORT and makes or renews a fund with its holdings, ladder, flows, sensitivities and a default mandate",
    arguments: [{ name: "<file>", about: "the filing (XML)" }],
    options: [
      {
        flags: "--fund <code>",
        about: "short name of the fund: up to 20 capital letters, digits, - or _",
        required: true,
      },
      { flags: "--accession <number>", about: "EDGAR accession number, 0000000000-00-000000" },
    ],
    examples: ["import nport filing.xml --fund KY1"],
    role: "pm_role",
    run: async (context, args, options) => {
      const code = text(options, "fund") ?? "";
      if (!CODE.test(code))
        throw new EvergreenError("EG400", "--fund is up to 20 capital letters, digits, - or _, such as KY1.");
      const path = args[0] ?? "";
      await context.mustExist(path);
      const [{ readFiling, toFundImport }, { importArgument }] = await Promise.all([
        import("@evergreen-fund/nport"),
        import("../import-fund.ts"),
      ]);
      const fund = await context.progress("Reading the filing", async () => {
        const accession = text(options, "accession");
        return toFundImport(await readFiling(path), { code, ...(accession === undefined ? {} : { accession }) });
      });
      const argument = importArgument(fund, code);
      const session = await context.session("pm_role");
      await refuseUnknownCurrencies(session, fund.assets);
      // the same file for the same fund is the same request: importing twice changes nothing
      const requestId = `import/${createHash("sha256").update(`${fund.source.file_sha256}/${code}`).digest("hex")}`;
      const answer = await context.progress("Importing", () =>
        session.call("fn_import_fund", { fund: argument, request_id: requestId }, Imported),
      );
      const { reconciliation } = fund;
      const mandate = await currentMandate(session, answer.fund_id);
      const warnings = [
        ...reconciliation.warnings,
        ...reconciliation.unknown.map((part) => ({
          code: "unknown_part",
          message: part.path,
          line: part.line,
          count: part.count,
        })),
        ...(argument.mandate === undefined
          ? [
              {
                code: "no_mandate",
                message: "No default mandate: the fund has no holdings or no net assets.",
                count: 1,
              },
            ]
          : []),
      ];
      return {
        json: {
          fundId: answer.fund_id,
          code: answer.code,
          assets: reconciliation.holdings,
          netAssets: trimmedMoney(fund.totals.net_assets),
          holdingsTotal: trimmedMoney(reconciliation.holdings_total),
          difference: trimmedMoney(reconciliation.difference),
          warnings,
        },
        text: [
          facts([
            ["Fund", `${answer.code} ${fund.name}`],
            ["As of", fund.as_of],
            ["Holdings", String(reconciliation.holdings)],
            ["Net assets", `${money(fund.totals.net_assets)} ${fund.currency}`],
            ["Holdings total", `${money(reconciliation.holdings_total)} ${fund.currency}`],
            ["Difference", `${money(reconciliation.difference)} ${fund.currency} (other net assets, held as cash)`],
            ["Mandate", mandate === undefined ? "none" : `version ${mandate.version}: ${mandate.label}`],
          ]),
          warnings.length === 0
            ? ""
            : [
                "",
                "Remarks:",
                ...warnings.map(
                  (warning) =>
                    `  ${"line" in warning && warning.line ? `line ${warning.line}: ` : ""}${plain(warning.message)}${warning.count > 1 ? ` (${warning.count} times)` : ""}`,
                ),
              ].join("\n"),
          `\nNext: npx --no-install evergreen rebalance --fund ${answer.code} --wait`,
        ]
          .filter((block) => block !== "")
          .join("\n"),
      };
    },
  },
];
