// `quality show`: what the checks of a fund's data found, the newest of each check first.
import { z } from "zod";
import { type Command, FUND, text } from "../command.ts";
import { percent, table, when } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import type { Session } from "../session.ts";
import { countOf } from "../wait.ts";

const Result = z.object({
  check: z.string(),
  as_of: z.string(),
  value: z.string().nullable(),
  limit: z.string(),
  unit: z.string(),
  passed: z.boolean(),
  detail: z.record(z.string(), z.unknown()),
  snapshot_hash: z.string(),
  recorded_at: z.string(),
});
type Result = z.infer<typeof Result>;

const resultsOf = (session: Session, fundId: string, limit: number): Promise<Result[]> =>
  session.read(
    "data_quality_results",
    "check,as_of,value::text,limit::text,unit,passed,detail,snapshot_hash,recorded_at",
    (query) => query.eq("fund_id", fundId).order("recorded_at", { ascending: false }).order("check"),
    Result,
    limit,
  );

/** A share in percent, anything else with its unit. */
const worded = (value: string, unit: string): string => (unit === "share" ? percent(value) : `${short(value)} ${unit}`);
const short = (value: string): string => (value.includes(".") ? value.replace(/\.?0+$/, "") : value);

export const qualityCommands: readonly Command[] = [
  {
    path: "quality show",
    summary: "What the checks of a fund's data found: agreement of the mirror, marks and series that are too old",
    options: [FUND, { flags: "--limit <count>", about: "how many results at most", default: "12" }],
    examples: ["quality show --fund EVG"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const rows = await resultsOf(session, fund.fund_id, limit);
      return {
        json: rows.map((one) => ({
          check: one.check,
          asOf: one.as_of,
          value: one.value === null ? null : short(one.value),
          limit: short(one.limit),
          unit: one.unit,
          passed: one.passed,
          detail: one.detail,
          snapshotHash: one.snapshot_hash,
          recordedAt: one.recorded_at,
        })),
        text: table(
          rows,
          [
            { header: "Check", value: (one) => one.check },
            { header: "As of", value: (one) => one.as_of },
            {
              header: "Value",
              value: (one) => (one.value === null ? "not measured" : worded(one.value, one.unit)),
              figure: true,
            },
            { header: "Limit", value: (one) => worded(one.limit, one.unit), figure: true },
            { header: "", value: (one) => (one.passed ? "held" : "FAILED") },
            { header: "Snapshot", value: (one) => one.snapshot_hash.slice(0, 12) },
            { header: "At", value: (one) => when(one.recorded_at) },
          ],
          "The data of the fund have not been checked yet.",
        ),
      };
    },
  },
];
