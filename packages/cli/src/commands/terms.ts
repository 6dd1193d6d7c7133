// `terms show|set`: the dealing terms of a class as data with versions, each from a date on.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { CLASS, dateOf } from "../dealing-options.ts";
import { facts, isoTime, plain, table, when } from "../output.ts";
import { findClass } from "../reads/classes.ts";
import { inForce, termsBody, termsOf, toolsBody, toolsOf } from "../reads/policies.ts";
import { termRows } from "../tool-words.ts";

export const PolicySet = z.object({ policy_id: z.string(), version: z.number(), hash: z.string() });
export const FROM = {
  flags: "--from <date>",
  about: "first dealing date it holds for, YYYY-MM-DD; orders placed before keep theirs",
  required: true,
} as const;
export const today = (): string => new Date().toISOString().slice(0, 10);

export const termsCommands: readonly Command[] = [
  {
    path: "terms show",
    summary:
      "The dealing terms of a class in force on a date, and every version; with JSON output, a file for `terms set`",
    options: [
      FUND,
      CLASS,
      { flags: "--date <date>", about: "in force on this date, YYYY-MM-DD (today when left out)" },
    ],
    examples: [
      "terms show --fund DEMO --class I",
      "terms show --fund DEMO --class I --output-format json > terms.json",
    ],
    role: "pm_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? today();
      const session = await context.session("pm_role");
      const { fund, shareClass } = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const versions = await termsOf(session, shareClass.share_class_id);
      const current = inForce(versions, date);
      if (current === undefined)
        throw new EvergreenError(
          "EG404",
          `Class ${plain(shareClass.code)} of ${plain(fund.code)} has no dealing terms on ${date}; set them with \`evergreen terms set\`.`,
        );
      const terms = termsBody(current);
      return {
        json: {
          fund: fund.code,
          class: shareClass.code,
          date,
          version: current.version,
          effectiveFrom: current.effective_from,
          hash: current.hash,
          setBy: current.set_by,
          recordedAt: isoTime(current.recorded_at),
          terms: current.body,
          versions: versions.map((row) => ({
            version: row.version,
            effectiveFrom: row.effective_from,
            hash: row.hash,
          })),
        },
        text: [
          facts([
            ["Fund", `${fund.code}, class ${shareClass.code} (${shareClass.name})`],
            ["Version", `${current.version}, from ${current.effective_from}`],
            ...(terms === undefined
              ? [
                  [
                    "Terms",
                    "not complete for this version of Evergreen; set them again with `evergreen terms set`",
                  ] as const,
                ]
              : termRows(terms)),
            ["Hash", current.hash],
          ]),
          table(versions, [
            { header: "Version", value: (row) => String(row.version), figure: true },
            { header: "From", value: (row) => row.effective_from },
            { header: "Set at", value: (row) => when(row.recorded_at) },
            { header: "Set by", value: (row) => row.set_by },
          ]),
        ].join("\n\n"),
      };
    },
  },
  {
    path: "terms set",
    summary:
      "Sets the dealing terms of a class from a date on; the old version is kept and holds for the orders placed under it",
    arguments: [
      { name: "<file>", about: "terms as JSON, a pack of policies/ by its name or file, or what `terms show` printed" },
    ],
    options: [FUND, CLASS, FROM, REQUEST_ID],
    examples: [
      "terms set free-form --fund DEMO --class I --from 2026-12-01",
      "terms set terms.json --fund DEMO --class I --from 2026-12-01",
    ],
    role: "pm_role",
    run: async (context, args, options) => {
      const from = dateOf(options, "from") ?? "";
      const { holdToRegime, readTerms } = await import("../policy-file.ts");
      const given = await readTerms(args[0] ?? "");
      const session = await context.session("pm_role");
      const { fund, shareClass } = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const { units_dp, price_dp } = shareClass;
      // of a pack neither the decimals nor the first price are those of the class
      const { issuePrice: _example, ...packed } = given.terms;
      const terms = given.fromPack ? { ...packed, units_dp, price_dp } : given.terms;
      const tools = toolsBody(inForce(await toolsOf(session, fund.fund_id), from));
      if (tools !== undefined) await holdToRegime(terms, tools, `Class ${shareClass.code}`);
      const made = await session.call(
        "fn_set_dealing_policy",
        {
          share_class_id: shareClass.share_class_id,
          body: terms,
          effective_from: from,
          request_id: requestIdOf(text(options, "requestId")),
        },
        PolicySet,
      );
      return {
        json: { policyId: made.policy_id, version: made.version, hash: made.hash, effectiveFrom: from },
        text: `Version ${made.version} of the dealing terms of ${plain(fund.code)}, class ${plain(shareClass.code)}, holds from ${from}.`,
      };
    },
  },
];
