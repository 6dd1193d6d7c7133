// `runs list|show`, `trace`: what a workflow did, from the database's mirror and from the spans the workers left.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { ANY_FUND, type Command, text } from "../command.ts";
import { facts, isoTime, plain, table, when } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { memoriesJson } from "../reads/proposals.ts";
import { findRun, listRuns, type RunRow, runDetails } from "../reads/runs.ts";
import { countOf } from "../wait.ts";

const ID = { name: "<workflow-id>", about: "id of the workflow, such as event/3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69" };

const runJson = (run: RunRow) => ({
  workflowId: run.workflow_id,
  type: run.type,
  status: run.status,
  fundId: run.fund_id,
  eventId: run.event_id,
  startedAt: isoTime(run.started_at),
  endedAt: isoTime(run.ended_at),
  traceId: run.trace_id,
  reason: reasonOf(run) ?? null,
});

const SpanRow = z.object({
  trace_id: z.string(),
  span_id: z.string(),
  parent_span_id: z.string().nullable(),
  name: z.string(),
  service: z.string(),
  started_at: z.string(),
  ended_at: z.string(),
  status: z.enum(["unset", "ok", "error"]),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

const reasonOf = (run: RunRow): string | undefined =>
  typeof run.metadata.reason === "string" ? run.metadata.reason : undefined;

/** What is the same in every line of a run's trace; the JSON has it. */
const REPEATED: readonly string[] = ["workflow_id", "run_id", "workflow_type", "task_queue", "activity_id"];

function withoutRepeats<T extends { attributes: Readonly<Record<string, unknown>> }>(span: T): T {
  const told = Object.entries(span.attributes).filter(
    ([name, value]) => !REPEATED.includes(name) && !(name === "attempt" && Number(value) === 1),
  );
  return { ...span, attributes: Object.fromEntries(told) };
}

export const runCommands: readonly Command[] = [
  {
    path: "runs list",
    summary: "Workflows, the newest first",
    options: [
      ANY_FUND,
      {
        flags: "--status <status>",
        about: "only those that are so",
        choices: ["running", "completed", "refused", "failed"],
      },
      { flags: "--limit <count>", about: "how many at most", default: "50" },
    ],
    examples: ["runs list", "runs list --status failed"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const session = await context.session("pm_role");
      const fund = text(options, "fund");
      const fundId = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
      const runs = await listRuns(session, { fundId, status: text(options, "status"), limit });
      return {
        json: runs.map(runJson),
        text: table(
          runs,
          [
            { header: "Workflow", value: (run) => run.workflow_id },
            { header: "Type", value: (run) => run.type },
            { header: "Status", value: (run) => run.status },
            { header: "Started", value: (run) => when(run.started_at) },
            { header: "Ended", value: (run) => when(run.ended_at) },
          ],
          "No runs.",
        ),
      };
    },
  },
  {
    path: "runs show",
    summary: "One workflow with its events, audit entries, compliance logs and memories",
    arguments: [ID],
    examples: ["runs show event/3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"],
    role: "pm_role",
    run: async (context, args) => {
      const session = await context.session("pm_role");
      const run = await findRun(session, args[0] ?? "");
      if (!run)
        throw new EvergreenError(
          "EG404",
          `There is no run ${plain(args[0] ?? "")}; see \`npx --no-install evergreen runs list\`.`,
        );
      const { events, audit, complianceLogs, memories } = await runDetails(session, run);
      return {
        json: {
          workflowId: run.workflow_id,
          type: run.type,
          status: run.status,
          events: events.map((row) => ({
            eventId: row.event_id,
            type: row.type,
            payload: row.payload,
            createdBy: row.created_by,
            recordedAt: isoTime(row.recorded_at),
          })),
          audit: audit.map((row) => ({
            auditId: row.audit_id,
            entityType: row.entity_type,
            entityId: row.entity_id,
            message: row.message,
            createdBy: row.created_by,
            createdAt: isoTime(row.created_at),
          })),
          complianceLogs: complianceLogs.map((row) => ({
            logId: row.log_id,
            actor: row.actor,
            rule: row.rule,
            ruleVersion: row.rule_version,
            result: row.result,
            entityType: row.entity_type,
            entityId: row.entity_id,
            detail: row.detail,
            createdAt: isoTime(row.created_at),
          })),
          memories: memoriesJson(memories),
          traceId: run.trace_id,
        },
        text: [
          facts([
            ["Workflow", run.workflow_id],
            ["Type", run.type],
            ["Status", reasonOf(run) ? `${run.status}: ${reasonOf(run)}` : run.status],
            ["Started", when(run.started_at)],
            ["Ended", when(run.ended_at)],
            ["Trace", run.trace_id],
          ]),
          table(events, [
            { header: "Event", value: (row) => row.type },
            { header: "Id", value: (row) => row.event_id },
            { header: "By", value: (row) => session.people.nameOf(row.created_by) },
            { header: "At", value: (row) => when(row.recorded_at) },
          ]),
          table(
            audit,
            [
              { header: "Audit entry", value: (row) => row.message, most: 80 },
              { header: "By", value: (row) => session.people.nameOf(row.created_by) },
              { header: "At", value: (row) => when(row.created_at) },
            ],
            "No audit entries.",
          ),
          table(
            complianceLogs,
            [
              { header: "Compliance rule", value: (row) => row.rule },
              { header: "Result", value: (row) => row.result },
              { header: "By", value: (row) => row.actor },
            ],
            "No compliance logs.",
          ),
          memories.length === 0
            ? "No memories."
            : ["Memories:", ...memories.map((memory) => `  ${plain(memory.text)}`)].join("\n"),
        ].join("\n\n"),
      };
    },
  },
  {
    path: "trace",
    summary: "The spans of a workflow as a tree, from the first call to the last activity",
    arguments: [ID],
    examples: ["trace event/3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"],
    role: "pm_role",
    run: async (context, args) => {
      const [{ renderTrace }, { traceIdOf }] = await Promise.all([
        import("@evergreen-fund/tracing/render-trace.ts"),
        import("@evergreen-fund/tracing/trace-id.ts"),
      ]);
      const workflowId = args[0] ?? "";
      const traceId = traceIdOf(workflowId);
      const session = await context.session("pm_role");
      const spans = await session.all(
        "trace_spans",
        "trace_id,span_id,parent_span_id,name,service,started_at,ended_at,status,attributes",
        "span_id",
        (span) => span.span_id,
        (query) => query.eq("trace_id", traceId),
        SpanRow,
      );
      if (spans.length === 0 && !(await findRun(session, workflowId)))
        throw new EvergreenError(
          "EG404",
          `There is no run ${plain(workflowId)}; see \`npx --no-install evergreen runs list\`.`,
        );
      return {
        json: {
          workflowId,
          traceId,
          spans: spans.map((span) => ({
            spanId: span.span_id,
            parentSpanId: span.parent_span_id,
            name: span.name,
            service: span.service,
            startedAt: span.started_at,
            endedAt: span.ended_at,
            status: span.status,
            attributes: span.attributes,
          })),
        },
        text: renderTrace(spans.map(withoutRepeats)),
      };
    },
  },
];
