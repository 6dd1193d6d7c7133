// `deal verify|record` and `verify`: a dealing date recomputed by a program of its own from public rows, and the invariants of the database.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import type { DealRecord, OrderProof, VerifiedDay } from "@evergreen-fund/verifier";
import { z } from "zod";
import { ANY_FUND, type Command, FUND, text } from "../command.ts";
import { CLASS, DATE, dateOf } from "../dealing-options.ts";
import { invariantsOf } from "../invariants.ts";
import { plain, table } from "../output.ts";
import { findClass } from "../reads/classes.ts";
import { dealRecord } from "../reads/deal-record.ts";
import { findFund } from "../reads/funds.ts";

/** A record of 50,000 orders has about 100 MB. */
const LONGEST_RECORD = 400 * 1024 * 1024;
const mark = (ok: boolean | null): string => (ok === null ? "·" : ok ? "✓" : "✗");
const Broken = z.object({ invariant: z.string(), entity_type: z.string(), entity_id: z.string(), detail: z.string() });

/** As much of a record as tells a file of `deal record` from any other; the verifier itself takes nothing on trust. */
const Record = z.looseObject({
  fund: z.string(),
  date: z.string(),
  days: z.array(z.looseObject({ classCode: z.string(), leaves: z.array(z.unknown()), fills: z.array(z.unknown()) })),
  orders: z.array(z.unknown()),
  entries: z.array(z.unknown()),
});

function verdictText(record: Pick<DealRecord, "fund" | "date">, days: readonly VerifiedDay[]): string {
  return days
    .map(({ class: code, findings }) => {
      const widest = Math.max(...findings.map(({ check }) => check.length));
      const lines = findings.map(({ check, ok, says }) => `${mark(ok)} ${check.padEnd(widest)}  ${plain(says)}`);
      const bad = findings.filter(({ ok }) => ok === false).length;
      const open = findings.filter(({ ok }) => ok === null).length;
      const end =
        bad > 0
          ? `${bad === 1 ? "One check does" : `${bad} checks do`} not hold.`
          : open > 0
            ? `Everything there is so far holds; ${open === 1 ? "one check has" : `${open} checks have`} nothing to look at yet.`
            : "Every check holds.";
      return [`${plain(record.fund)}, class ${plain(code)}, ${record.date}`, ...lines, end].join("\n");
    })
    .join("\n\n");
}

const OrderProofFile = z.looseObject({
  form: z.literal("evergreen-order-proof-1"),
  order: z.looseObject({ flowId: z.string(), investorId: z.string(), electedLots: z.array(z.string()) }),
  className: z.string(),
  date: z.string(),
  salt: z.string(),
  canonical: z.string(),
  leaf: z.string(),
  orderRoot: z.string(),
  path: z.array(z.object({ side: z.string(), hash: z.string() })),
});

/** The proof of one order, as an investor takes it from the portal. Errors: EG400 another file. */
async function verifiedProof(given: unknown, file: string) {
  const { verifyOrderProof } = await import("@evergreen-fund/verifier");
  const refused = (cause: unknown) =>
    new EvergreenError("EG400", `${plain(file)} is not a proof file of one order.`, { cause });
  const shape = OrderProofFile.safeParse(given);
  if (!shape.success) throw refused(shape.error);
  let findings: ReturnType<typeof verifyOrderProof>;
  try {
    findings = verifyOrderProof(given as OrderProof);
  } catch (error) {
    throw refused(error);
  }
  const ok = findings.every((finding) => finding.ok !== false);
  const { order, date, className } = shape.data;
  const day = { class: className, dealingDayId: order.flowId, findings };
  return {
    json: { ok, order: order.flowId, class: className, date, checks: findings },
    text: verdictText({ fund: `Order ${order.flowId}`, date }, [day]),
    ...(ok ? {} : { exit: EXIT.failed }),
  };
}

export const verifyCommands: readonly Command[] = [
  {
    path: "deal verify",
    summary:
      "Recomputes a dealing date from its public rows with a program that shares no code with what made them; fails when anything differs",
    options: [
      { ...ANY_FUND, about: "code or id of the fund (with --date)" },
      { ...CLASS, about: "show only this class" },
      DATE,
      { flags: "--record <file>", about: "check this file of `deal record` instead; nobody signs in" },
      { flags: "--proof <file>", about: "check this proof file of one order instead; nobody signs in" },
    ],
    examples: [
      "deal verify --fund DEMO --date 2026-10-30",
      "deal verify --record deal.json",
      "deal verify --proof order-proof.json",
    ],
    role: "audit_role",
    run: async (context, _args, options) => {
      const [file, fundCode, date] = [text(options, "record"), text(options, "fund"), dateOf(options, "date")];
      const proof = text(options, "proof");
      if (proof !== undefined) {
        if (file !== undefined || fundCode !== undefined || date !== undefined)
          throw new EvergreenError("EG400", "A --proof is checked by itself: leave the other options out.");
        return verifiedProof(await context.json(proof), proof);
      }
      if ((file === undefined) === (fundCode === undefined || date === undefined))
        throw new EvergreenError("EG400", "Name --fund and --date, or a --record, one of them.");
      const { verifyDeal } = await import("@evergreen-fund/verifier");
      let record: DealRecord;
      if (file !== undefined) {
        const given = await context.json(file, LONGEST_RECORD);
        if (!Record.safeParse(given).success)
          throw new EvergreenError("EG400", `${plain(file)} is not a file of \`evergreen deal record\`.`);
        record = given as DealRecord;
      } else {
        const session = await context.session("audit_role");
        const fund = await findFund(session, fundCode ?? "");
        record = await context.progress("Reading the public rows", () => dealRecord(session, fund, date ?? ""));
        const code = text(options, "class");
        if (code !== undefined) await findClass(session, fund.fund_id, code);
      }
      const verdict = verifyDeal(record);
      const code = text(options, "class");
      const days = code === undefined ? verdict.days : verdict.days.filter((day) => day.class === code);
      if (days.length === 0)
        throw new EvergreenError("EG404", `Class ${plain(code ?? "")} does not deal on ${record.date}.`);
      const ok = days.every(({ findings }) => findings.every((finding) => finding.ok !== false));
      return {
        json: {
          ok,
          fund: record.fund,
          date: record.date,
          days: days.map((day) => ({ class: day.class, dealingDayId: day.dealingDayId, checks: day.findings })),
        },
        text: verdictText(record, days),
        ...(ok ? {} : { exit: EXIT.failed }),
      };
    },
  },
  {
    path: "deal record",
    summary:
      "The public rows of a dealing date as one JSON document, so that anybody can verify it anywhere; investors appear by id only",
    options: [FUND, { ...DATE, required: true }],
    examples: ["deal record --fund DEMO --date 2026-10-30 > deal.json"],
    role: "audit_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? "";
      const session = await context.session("audit_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const record = await context.progress("Reading the public rows", () => dealRecord(session, fund, date));
      return { json: record, text: JSON.stringify(record, null, 2) };
    },
  },
  {
    path: "verify",
    summary: "Checks the invariants of orders, prices and ledger of a fund, or of all; fails when one is broken",
    options: [ANY_FUND],
    examples: ["verify", "verify --fund DEMO --output-format json"],
    role: "audit_role",
    run: async (context, _args, options) => {
      const session = await context.session("audit_role");
      const fund = text(options, "fund");
      const code = fund === undefined ? undefined : (await findFund(session, fund)).code;
      const broken = await context.progress("Checking the invariants", () =>
        session.call("fn_verify_invariants", { fund: code }, z.array(Broken)),
      );
      const rows = invariantsOf(broken);
      const bad = rows.filter((row) => row.ok === false);
      const lines = table(rows, [
        { header: "", value: (row) => mark(row.ok) },
        { header: "Invariant", value: (row) => row.name },
        { header: "What it says", value: (row) => row.says, most: 120 },
      ]);
      const found = bad.flatMap((row) => [
        "",
        `✗ ${plain(row.name)}: ${row.broken.length === 1 ? "one row breaks it" : `${row.broken.length} rows break it`}`,
        ...row.broken
          .slice(0, 10)
          .map((one) => `    ${plain(one.entity_type)} ${plain(one.entity_id)}: ${plain(one.detail)}`),
        ...(row.broken.length > 10 ? [`    and ${row.broken.length - 10} more (--output-format json lists them)`] : []),
      ]);
      return {
        json: {
          ok: bad.length === 0,
          fund: code ?? null,
          invariants: rows.map((row) => ({
            name: row.name,
            says: row.says,
            ok: row.ok,
            broken: row.broken.map((one) => ({
              entityType: one.entity_type,
              entityId: one.entity_id,
              detail: one.detail,
            })),
          })),
        },
        text: [
          lines,
          ...found,
          "",
          bad.length === 0 ? "Everything that is checked here holds." : "Something does not hold.",
        ].join("\n"),
        ...(bad.length === 0 ? {} : { exit: EXIT.failed }),
      };
    },
  },
];
