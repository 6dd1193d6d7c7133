// `retention show|plan|run|hold|lift`: how long rows stay, what is older, and what archives it; legal holds forbid it.

import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { DueRows } from "@evergreen-fund/supabase-client";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { configOf, keeperOf, sourceOf, storeOf, withProgress } from "../machine-source.ts";
import { facts, plain, table } from "../output.ts";
import { findFund, isUuid } from "../reads/funds.ts";

const Policy = z.object({
  what: z.string(),
  keep_months: z.number().nullable(),
  afterwards: z.string(),
  source: z.string(),
});
const Hold = z.object({
  hold_id: z.string(),
  fund_id: z.string(),
  reason: z.string(),
  placed_by: z.string(),
  placed_at: z.string(),
  until: z.string().nullable(),
  lifted_at: z.string().nullable(),
});
const Due = z.object({
  what: z.enum(["fund_events", "asset_snapshots"]),
  fund_id: z.string().nullable(),
  month: z.string(),
  rows: z.coerce.string(),
  held: z.boolean(),
});
const Retired = z.object({ archive_id: z.string(), event_id: z.string(), rows: z.number() });

const dueJson = ({ what, fundId, month, rows, held }: DueRows) => ({ what, fundId, month, rows, held });
const dueTable = (rows: readonly DueRows[]): string =>
  table(
    rows,
    [
      { header: "Kind", value: (row) => row.what },
      { header: "Fund", value: (row) => row.fundId ?? "none" },
      { header: "Month", value: (row) => row.month.slice(0, 7) },
      { header: "Rows", value: (row) => row.rows, figure: true },
      { header: "Legal hold", value: (row) => (row.held ? "stands" : "") },
    ],
    "Nothing is older than its term.",
  );

const show: Command = {
  path: "retention show",
  summary: "How long the database keeps rows of each kind, what happens then, and the legal holds that stand",
  examples: ["retention show", "retention show --output-format json"],
  role: "ops_role",
  run: async (context) => {
    const session = await context.session("ops_role");
    const [policies, holds] = await Promise.all([
      session.read("retention_policies", "what,keep_months,afterwards,source", (query) => query.order("what"), Policy),
      session.read(
        "legal_holds",
        "hold_id,fund_id,reason,placed_by,placed_at,until,lifted_at",
        (query) => query.is("lifted_at", null).order("placed_at"),
        Hold,
      ),
    ]);
    const standing = holds.filter(({ until }) => until === null || Date.parse(until) > Date.now());
    return {
      json: {
        policies: policies.map(({ what, keep_months, afterwards, source }) => ({
          what,
          keepMonths: keep_months,
          afterwards,
          source,
        })),
        holds: standing.map(({ hold_id, fund_id, reason, placed_by, until }) => ({
          holdId: hold_id,
          fundId: fund_id,
          reason,
          placedBy: placed_by,
          until,
        })),
      },
      text: [
        table(
          policies,
          [
            { header: "Kind", value: (row) => row.what },
            { header: "Kept", value: (row) => (row.keep_months === null ? "for ever" : `${row.keep_months} months`) },
            { header: "Then", value: (row) => row.afterwards.replaceAll("_", " ") },
            { header: "By", value: (row) => row.source },
          ],
          "No terms.",
        ),
        table(
          standing,
          [
            { header: "Hold", value: (row) => row.hold_id },
            { header: "Fund", value: (row) => row.fund_id },
            { header: "Placed by", value: (row) => session.people.nameOf(row.placed_by) },
            { header: "Reason", value: (row) => row.reason, most: 60 },
          ],
          "No legal hold stands.",
        ),
      ].join("\n\n"),
    };
  },
};

const plan: Command = {
  path: "retention plan",
  summary: "What is older than its term and would be archived, by kind, fund and month; changes nothing",
  examples: ["retention plan", "retention plan --output-format json"],
  role: "ops_role",
  run: async (context) => {
    const session = await context.session("ops_role");
    const due = (await session.call("fn_plan_retention", {}, z.array(Due))).map(({ fund_id, ...row }) => ({
      ...row,
      fundId: fund_id,
    }));
    return { json: due.map(dueJson), text: dueTable(due) };
  },
};

const run: Command = {
  path: "retention run",
  summary: "Archives what is older than its term, reads every archive back, and only then has the database retire it",
  options: [REQUEST_ID],
  examples: ["retention run", "retention run --output-format json"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const [config, { runRetention }, { openArchiveReader, openDeltaReader }] = await Promise.all([
      configOf(context),
      import("@evergreen-fund/analytics"),
      import("@evergreen-fund/supabase-client"),
    ]);
    const [session, keeper, source, store] = [
      await context.session("ops_role"),
      await keeperOf(config),
      await sourceOf(config),
      await storeOf(config),
    ];
    const given = requestIdOf(text(options, "requestId"));
    // whoever may not retire is told before anything is read
    await session.call("fn_plan_retention", {}, z.array(Due));
    try {
      const result = await withProgress(context, "Archiving", (say) =>
        runRetention({
          home: config.home,
          openReader: () => openDeltaReader(source),
          openArchives: () => openArchiveReader(keeper),
          store,
          say,
          retire: ({ what, fundId, month }, { rows, digest, file, sha256, bytes, archiveId }, stored) =>
            session.call(
              what === "fund_events" ? "fn_retire_events" : "fn_retire_snapshots",
              {
                fund_id: fundId,
                month,
                rows,
                digest,
                archive: { file, sha256, bytes, stored },
                request_id: `${given}/${archiveId}`.slice(-200),
              },
              Retired,
            ),
        }),
      );
      const done = result.retired.map(({ archiveId, what, fundId, month, rows, sha256 }) => ({
        archiveId,
        what,
        fundId,
        month,
        rows,
        sha256,
      }));
      return {
        json: { retired: done, held: result.held.map(dueJson), loaded: result.loaded },
        text: [
          table(
            done,
            [
              { header: "Archive", value: (row) => row.archiveId },
              { header: "Kind", value: (row) => row.what },
              { header: "Month", value: (row) => row.month.slice(0, 7) },
              { header: "Rows", value: (row) => String(row.rows), figure: true },
            ],
            "Nothing was retired.",
          ),
          ...(result.held.length === 0 ? [] : [`Kept because of a legal hold:\n${dueTable(result.held)}`]),
        ].join("\n\n"),
      };
    } finally {
      store?.close();
    }
  },
};

const Held = z.object({ hold_id: z.string() });
const WHY = { flags: "--reason <text>", about: "why, in one sentence (no personal data)", required: true } as const;

const hold: Command = {
  path: "retention hold",
  summary: "Places a legal hold: nothing of the fund is retired until another person lifts it, or until a day",
  options: [FUND, WHY, { flags: "--until <date>", about: "the hold ends on this day, YYYY-MM-DD" }, REQUEST_ID],
  examples: ["retention hold --fund KY1 --reason 'a claim of 2026'"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const session = await context.session("ops_role");
    const fund = await findFund(session, text(options, "fund") ?? "");
    const { hold_id } = await session.call(
      "fn_place_legal_hold",
      {
        fund_id: fund.fund_id,
        reason: text(options, "reason"),
        until: text(options, "until"),
        request_id: requestIdOf(text(options, "requestId")),
      },
      Held,
    );
    return {
      json: { holdId: hold_id, fundId: fund.fund_id },
      text: facts([
        ["Hold", hold_id],
        ["Fund", fund.code],
      ]),
    };
  },
};

const lift: Command = {
  path: "retention lift",
  summary: "Lifts a legal hold that another person placed",
  arguments: [{ name: "<id>", about: "the hold; `retention show` lists them" }],
  options: [WHY, REQUEST_ID],
  examples: ["retention lift 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --reason 'the claim was settled'"],
  role: "ops_role",
  run: async (context, [id = ""], options) => {
    if (!isUuid(id)) throw new EvergreenError("EG400", `${plain(id)} is not the id of a hold; see \`retention show\`.`);
    const session = await context.session("ops_role");
    const { hold_id } = await session.call(
      "fn_lift_legal_hold",
      { hold_id: id, reason: text(options, "reason"), request_id: requestIdOf(text(options, "requestId")) },
      Held,
    );
    return {
      json: { holdId: hold_id },
      text: facts([
        ["Hold", hold_id],
        ["Lifted", "✓"],
      ]),
    };
  },
};

export const retentionCommands: readonly Command[] = [show, plan, run, hold, lift];
