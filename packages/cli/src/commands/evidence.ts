// `evidence pack|verify`: everything that shows how a fund was run in a period as one file, and its verification on any machine, without the platform.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { Config } from "@evergreen-fund/config/config.ts";
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import type { EvidenceVerdict } from "@evergreen-fund/evidence";
import type { EvidenceReader } from "@evergreen-fund/supabase-client";
import { z } from "zod";
import { type Command, FUND, text } from "../command.ts";
import type { Context } from "../context.ts";
import { dateOf } from "../dealing-options.ts";
import { configOf, sourceOf, withProgress } from "../machine-source.ts";
import { facts, plain, table } from "../output.ts";
import { dealRecord } from "../reads/deal-record.ts";
import { type FundRow, findFund } from "../reads/funds.ts";
import type { Session } from "../session.ts";

const DAY_MS = 86_400_000;
const SHA256 = /^[0-9a-f]{64}$/i;
/** A date is recomputed from the fills on; before them there is nothing to hold it to. */
const DEALT = ["allocated", "posted", "claimable", "settled", "closed"];
const DateRow = z.object({ dealing_day_id: z.string(), dealing_date: z.string(), status: z.string() });

/** As whom this machine reads for an auditor: its diagnostic login, or the auditor's role of a login that may take it. */
async function auditorOf(config: Config): Promise<{ url: string; role?: "audit_role" }> {
  const { url, role } = await sourceOf(config);
  return role === undefined ? { url } : { url, role: "audit_role" };
}

async function datesOf(session: Session, fund: FundRow, from: string, to: string): Promise<string[]> {
  const days = await session.all(
    "dealing_days",
    "dealing_day_id,dealing_date,status",
    "dealing_day_id",
    (row) => row.dealing_day_id,
    (query) => query.eq("fund_id", fund.fund_id).lte("dealing_date", to),
    DateRow,
  );
  return [
    ...new Set(
      days.filter((day) => day.dealing_date >= from && DEALT.includes(day.status)).map((day) => day.dealing_date),
    ),
  ].sort();
}

async function write(
  context: Context,
  session: Session,
  { fund, from, to, out, reader }: { fund: FundRow; from: string; to: string; out: string; reader: EvidenceReader },
) {
  const { EVIDENCE, EvidenceWriter, NOT_EVIDENCE } = await import("@evergreen-fund/evidence");
  const dates = await datesOf(session, fund, from, to);
  const file = await open(`${out}.part`, "w", 0o600);
  try {
    const writer = new EvidenceWriter({ write: (bytes, at) => file.write(bytes, 0, bytes.length, at) });
    const parts: [name: string, work: () => Promise<{ rows: number | null }>][] = [
      ...Object.entries(EVIDENCE).map(
        ([name, { member, key }]) =>
          [member, () => writer.rows(member, key, reader.rows(name))] as [
            string,
            () => Promise<{ rows: number | null }>,
          ],
      ),
      ...dates.map((date) => {
        const member = `deals/${date}.json`;
        return [member, async () => writer.document(member, JSON.stringify(await dealRecord(session, fund, date)))] as [
          string,
          () => Promise<{ rows: number | null }>,
        ];
      }),
    ];
    const done = await withProgress(context, `Evidence of ${fund.code}`, async (say) => {
      for (const [name, work] of parts.sort(([a], [b]) => (a < b ? -1 : 1))) {
        const { rows } = await work();
        say(rows === null ? name : `${name}: ${rows} rows`);
      }
      return writer.finish({
        fund: { fundId: fund.fund_id, code: fund.code },
        from,
        to,
        tables: Object.fromEntries(Object.entries(EVIDENCE).map(([name, { member }]) => [name, member])),
        leftOut: NOT_EVIDENCE,
      });
    });
    await file.sync();
    await file.close();
    await rename(`${out}.part`, out);
    return { ...done, dates };
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(`${out}.part`, { force: true });
    throw error;
  }
}

const pack: Command = {
  path: "evidence pack",
  summary:
    "Everything that shows how a fund was run in a period as one file: events, sealed audit trail, approvals, checks, dealing days; no personal data",
  options: [
    FUND,
    { flags: "--from <date>", about: "first day, by when rows were recorded (UTC)", required: true },
    { flags: "--to <date>", about: "last day", required: true },
    { flags: "--out <file>", about: "where to write it; without it evidence-FUND-FROM-TO.zip here" },
  ],
  examples: ["evidence pack --fund DEMO --from 2026-10-01 --to 2026-10-31 --out october.zip"],
  role: "audit_role",
  run: async (context, _args, options) => {
    const [from, to] = [dateOf(options, "from") ?? "", dateOf(options, "to") ?? ""];
    if (from > to) throw new EvergreenError("EG400", "--from is not after --to.");
    if (to > new Date().toISOString().slice(0, 10)) throw new EvergreenError("EG400", "--to is a day that has begun.");
    const session = await context.session("audit_role");
    const fund = await findFund(session, text(options, "fund") ?? "");
    const out = text(options, "out") ?? `evidence-${fund.code}-${from}-${to}.zip`;
    const [{ openEvidenceReader }, { EVIDENCE }] = await Promise.all([
      import("@evergreen-fund/supabase-client"),
      import("@evergreen-fund/evidence"),
    ]);
    const until = new Date(Date.parse(`${to}T00:00:00Z`) + DAY_MS).toISOString();
    const reader = await openEvidenceReader(await auditorOf(await configOf(context)), EVIDENCE, {
      fundId: fund.fund_id,
      from: `${from}T00:00:00Z`,
      until,
    });
    try {
      const done = await write(context, session, { fund, from, to, out, reader });
      const rows = done.members.reduce((sum, member) => sum + (member.rows ?? 0), 0);
      return {
        json: {
          file: out,
          sha256: done.sha256,
          bytes: done.bytes,
          rows,
          fund: fund.code,
          from,
          to,
          dealingDates: done.dates,
          members: done.members,
        },
        text: facts([
          ["File", plain(out)],
          ["Rows", String(rows)],
          ["Dealing dates", String(done.dates.length)],
          ["Bytes", String(done.bytes)],
          ["sha256 of its manifest", done.sha256],
          ["Verify with", `evergreen evidence verify ${plain(out)} --sha256 ${done.sha256}`],
        ]),
      };
    } finally {
      await reader.close();
    }
  },
};

const mark = (ok: boolean): string => (ok ? "✓" : "✗");

function verdictText(verdict: EvidenceVerdict): string {
  const head = facts([
    ["Evidence", verdict.ok ? "✓ holds" : "✗ does not hold"],
    ...(verdict.subject === null
      ? [
          ["Fund", plain(verdict.fund ?? "unknown")] as const,
          ["Period", `${plain(verdict.from ?? "?")} to ${plain(verdict.to ?? "?")}`] as const,
        ]
      : [["Subject", plain(verdict.subject)] as const]),
    ["Members", String(verdict.members)],
    ["Rows", String(verdict.rows)],
    ["sha256 of its manifest", verdict.sha256 ?? "none"],
  ]);
  if (verdict.ok) return head;
  const list = table(verdict.findings, [
    { header: "", value: () => mark(false) },
    { header: "Check", value: (finding) => finding.check },
    { header: "Member", value: (finding) => plain(finding.member ?? "") },
    { header: "What does not hold", value: (finding) => plain(finding.says), most: 120 },
  ]);
  return `${head}\n\n${list}`;
}

const verify: Command = {
  path: "evidence verify",
  summary:
    "Verifies a pack of a fund or an export of a person offline, by a program that shares no code with the platform; fails and names what does not hold",
  arguments: [{ name: "<file>", about: "the pack, or what `subject export` wrote" }],
  options: [
    { flags: "--sha256 <hash>", about: "hash that was noted when the pack was made: finds one that was made anew" },
  ],
  examples: ["evidence verify october.zip", "evidence verify october.zip --output-format json"],
  run: async (context, [file = ""], options) => {
    const expected = text(options, "sha256");
    if (expected !== undefined && !SHA256.test(expected))
      throw new EvergreenError("EG400", "--sha256 is 64 hexadecimal digits, as `evidence pack` printed them.");
    const { verifyEvidence } = await import("@evergreen-fund/evidence");
    let handle: number;
    try {
      handle = openSync(file, "r");
    } catch {
      throw new EvergreenError("EG400", `There is no file ${plain(file)} that can be read.`);
    }
    try {
      const status = fstatSync(handle);
      if (!status.isFile()) throw new EvergreenError("EG400", `${plain(file)} is no file.`);
      const source = {
        size: status.size,
        read: (at: number, bytes: number) => {
          const piece = new Uint8Array(bytes);
          return piece.subarray(0, readSync(handle, piece, 0, bytes, at));
        },
      };
      const verdict = await withProgress(context, "Verifying", async (say) => verifyEvidence(source, expected, say));
      return { json: verdict, text: verdictText(verdict), ...(verdict.ok ? {} : { exit: EXIT.failed }) };
    } finally {
      closeSync(handle);
    }
  },
};

export const evidenceCommands: readonly Command[] = [pack, verify];
