// `fees show|crystallise`: the performance fee of a class at the last NAV of its fund, put before two people and posted once they approved.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Answer, type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { dateOf } from "../dealing-options.ts";
import { facts, peopleNeeded, plain, table } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { approvalsOf } from "../reads/strikes.ts";
import type { Session } from "../session.ts";

const amount = z.string();
const FeeRow = z.object({
  share_class_id: z.string(),
  code: z.string(),
  currency: z.string(),
  strike_id: z.string(),
  nav_date: z.string(),
  units_dp: z.number(),
  price_dp: z.number(),
  nav: amount,
  units: amount,
  units_outstanding: amount,
  nav_per_unit: amount,
  performance_accrued: amount,
  mark: amount,
  since: z.string(),
  crystallised_on: z.string().nullable(),
  policy: z.unknown(),
  proposal: z.object({ proposal_id: z.string(), hash: z.string(), status: z.string() }).nullable(),
  lots: z.array(
    z.object({ id: z.string(), units: amount, reference: amount, credit: amount, series: z.string().optional() }),
  ),
  /** By series, the oldest first. */
  series: z
    .array(
      z.object({
        series: z.string(),
        nav: amount,
        nav_per_unit: amount,
        performance_accrued: amount,
        high_water: amount,
        since: z.string(),
      }),
    )
    .optional(),
});
type FeeRow = z.infer<typeof FeeRow>;
const Proposed = z.object({ proposal_id: z.string(), hash: z.string() });
const Posted = z.object({ ledger_tx_id: z.string().nullable(), high_water: z.string(), fee: z.string() });

const CLASS = { flags: "--class <code>", about: "the class of units", required: true } as const;

const read = (session: Session, fund: string, shareClass?: string): Promise<FeeRow[]> =>
  session.call(
    "fn_read_crystallisation",
    { fund, ...(shareClass === undefined ? {} : { share_class: shareClass }) },
    z.array(FeeRow),
  );

/** Errors: EG404 for a class without a performance fee or without a NAV, EG428 for another date than that of the last NAV. */
async function classAt(session: Session, fund: string, shareClass: string, date: string): Promise<FeeRow> {
  const [row] = await read(session, fund, shareClass);
  if (row === undefined)
    throw new EvergreenError(
      "EG404",
      `Class ${plain(shareClass)} has no performance fee, or the fund has no final NAV.`,
    );
  if (row.nav_date !== date)
    throw new EvergreenError("EG428", `The last final NAV is that of ${row.nav_date}: a fee crystallises on that one.`);
  return row;
}

async function waiting(session: Session, row: FeeRow, proposal: z.infer<typeof Proposed>): Promise<Answer> {
  const given = (await approvalsOf(session, proposal.proposal_id)).filter(({ decision }) => decision === "approved");
  return {
    json: { class: row.code, navDate: row.nav_date, status: "proposed", ...idsOf(proposal), approvals: given.length },
    text: [
      `The performance fee of class ${plain(row.code)} at the NAV of ${row.nav_date} is proposed; ${peopleNeeded(2 - given.length, "approve")}:`,
      `  npx --no-install evergreen proposals approve ${proposal.proposal_id} --hash ${proposal.hash} --as <portfolio manager>`,
      "Then the same command again posts it; a dealing day that waits for it posts it by itself.",
    ].join("\n"),
  };
}

const idsOf = ({ proposal_id, hash }: z.infer<typeof Proposed>) => ({ proposalId: proposal_id, proposalHash: hash });

export const feeCommands: readonly Command[] = [
  {
    path: "fees show",
    summary:
      "The performance fees of a fund's classes at its last NAV: accrued, high-water mark, last crystallisation, and whether one is due",
    options: [FUND],
    examples: ["fees show --fund DEMO", "fees show --fund DEMO --output-format json"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const { crystallisationDue } = await import("@evergreen-fund/finance/fees/class-crystallisation.ts");
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const rows = (await read(session, fund.code)).map((row) => ({ ...row, due: crystallisationDue(row) }));
      return {
        json: {
          fund: fund.code,
          classes: rows.map((row) => ({
            class: row.code,
            navDate: row.nav_date,
            currency: row.currency,
            navPerUnit: row.nav_per_unit,
            accrued: row.performance_accrued,
            highWaterMark: row.mark,
            crystallisedOn: row.crystallised_on,
            due: row.due,
            proposalId: row.proposal?.proposal_id ?? null,
            proposalStatus: row.proposal?.status ?? null,
          })),
        },
        text: table(
          rows,
          [
            { header: "Class", value: (row) => row.code },
            { header: "NAV of", value: (row) => row.nav_date },
            { header: "Per unit", value: (row) => row.nav_per_unit },
            { header: "Mark", value: (row) => row.mark },
            { header: "Accrued", value: (row) => `${row.performance_accrued} ${row.currency}` },
            { header: "Last taken", value: (row) => row.crystallised_on ?? "never" },
            { header: "Now", value: (row) => row.proposal?.status ?? (row.due ? "due" : "not due") },
          ],
          "No class has a performance fee, or the fund has no final NAV.",
        ),
      };
    },
  },
  {
    path: "fees crystallise",
    summary:
      "Takes the performance fee of a class on the last NAV: puts it before two people, and posts it once they approved (equalisation, R24)",
    options: [
      FUND,
      CLASS,
      { flags: "--date <date>", about: "date of the last final NAV, YYYY-MM-DD", required: true },
      REQUEST_ID,
    ],
    examples: ["fees crystallise --fund DEMO --class A --date 2026-12-31"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? "";
      const { crystallisationPosting } = await import("@evergreen-fund/finance/fees/class-crystallisation.ts");
      // who proposes cannot approve, so that operations propose
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const row = await classAt(session, fund.code, text(options, "class") ?? "", date);
      const requestId = requestIdOf(text(options, "requestId"));
      const { proposal } = row;
      if (proposal?.status === "approved") {
        const made = await session.call(
          "fn_crystallise_fee",
          { proposal_id: proposal.proposal_id, request_id: `${requestId}/post` },
          Posted,
        );
        return {
          json: { class: row.code, navDate: date, status: "posted", fee: made.fee, highWaterMark: made.high_water },
          text: facts([
            ["Class", row.code],
            ["NAV of", date],
            ["Fee owed to the manager", `${made.fee} ${row.currency}`],
            ["High-water mark", made.high_water],
          ]),
        };
      }
      if (proposal?.status === "pending") return waiting(session, row, proposal);
      const body = crystallisationPosting(row);
      if (body === null)
        return {
          json: { class: row.code, navDate: date, status: "nothing" },
          text: `Nobody owes or gets anything of a performance fee in class ${plain(row.code)} at the NAV of ${date}.`,
        };
      const made = await session.call(
        "fn_propose_posting",
        { fund: fund.code, kind: "crystallisation", body, request_id: requestId },
        Proposed,
      );
      return waiting(session, row, made);
    },
  },
];
