// `rebalance`: asks for a rebalancing, and with --wait shows the proposal when it stands or the reason why there is none.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Answer, type Command, FUND, type Options, REASON, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { plain } from "../output.ts";
import { proposalText } from "../proposal-text.ts";
import { findFund } from "../reads/funds.ts";
import {
  checksJson,
  memoriesJson,
  type Proposal,
  proposalOfEvent,
  tradesJson,
  withChecks,
} from "../reads/proposals.ts";
import { findRun, type RunRow } from "../reads/runs.ts";
import type { Session } from "../session.ts";
import { timeoutMs, until } from "../wait.ts";

const Asked = z.object({ event_id: z.string(), workflow_id: z.string(), fund_id: z.string() });
type Asked = z.infer<typeof Asked>;

/** The mandate of --mandate or --targets, or undefined when the standing one is meant. */
async function givenMandate(
  context: Context,
  session: Session,
  options: Options,
): Promise<Record<string, unknown> | undefined> {
  const [mandateFile, targetsFile] = [text(options, "mandate"), text(options, "targets")];
  if (mandateFile === undefined && targetsFile === undefined) return undefined;
  const { readMandate, withTargets } = await import("../mandate-file.ts");
  if (mandateFile !== undefined) return readMandate(await context.json(mandateFile)).body;
  const targets = await context.json(targetsFile ?? "");
  const { currentMandate } = await import("../reads/mandates.ts");
  const fund = await findFund(session, text(options, "fund") ?? "");
  const current = await currentMandate(session, fund.fund_id);
  if (!current)
    throw new EvergreenError(
      "EG428",
      `${plain(fund.code)} has no mandate; set one with \`npx --no-install evergreen mandate set\`.`,
    );
  return withTargets(current.mandate, targets).body;
}

/** What stands at the end: a proposal that a person can look at, or a run that ended without one. */
type Outcome = { proposal: Proposal } | { run: RunRow };

async function outcomeOf(session: Session, asked: Asked): Promise<Outcome | undefined> {
  // the run is looked at first: a run seen as ended has made its proposal before
  const run = await findRun(session, asked.workflow_id);
  const row = await proposalOfEvent(session, asked.event_id);
  if (row && row.status !== "checking") return { proposal: await withChecks(session, row) };
  return run?.ended_at ? { run } : undefined;
}

export const rebalanceCommands: readonly Command[] = [
  {
    path: "rebalance",
    summary: "Asks for a rebalancing of a fund; the answer is a proposal that a second person decides on",
    options: [
      FUND,
      { flags: "--wait", about: "return when the proposal stands or is refused" },
      WAIT_SECONDS,
      { flags: "--mandate <file>", about: "use this mandate (JSON) from now on" },
      { flags: "--targets <file>", about: 'use these targets (JSON: {"sleeve": "0.25"}) within the standing mandate' },
      {
        flags: "--method <method>",
        about: "lp: least cost; qp: smallest deviation, weighed against cost",
        choices: ["lp", "qp"],
        default: "lp",
      },
      REASON,
      REQUEST_ID,
    ],
    examples: [
      "rebalance --fund KY1 --wait",
      "rebalance --fund KY1 --targets targets.json --wait --output-format json",
    ],
    role: "pm_role",
    run: async (context, _args, options): Promise<Answer> => {
      if (options.mandate !== undefined && options.targets !== undefined)
        throw new EvergreenError("EG400", "--mandate and --targets exclude each other.");
      const limit = options.wait ? timeoutMs(text(options, "timeout")) : 0;
      const session = await context.session("pm_role");
      const mandate = await givenMandate(context, session, options);
      const asked = await session.call(
        "fn_request_rebalance",
        {
          fund: text(options, "fund"),
          reason: text(options, "reason"),
          method: text(options, "method"),
          request_id: requestIdOf(text(options, "requestId")),
          mandate,
        },
        Asked,
      );
      const ids = { eventId: asked.event_id, workflowId: asked.workflow_id };
      const nothing = { proposalId: null, proposalHash: null, trades: [], checks: [], memories: [] };
      if (!options.wait) {
        return {
          json: { ...ids, status: "requested", ...nothing },
          text: `Asked for. Look at it with\n  npx --no-install evergreen runs show ${asked.workflow_id}\n  npx --no-install evergreen proposals list --fund ${plain(text(options, "fund") ?? "")}`,
        };
      }
      const outcome = await context.progress("Rebalancing", () =>
        until(
          limit,
          () => outcomeOf(session, asked),
          `The rebalancing is still running after ${limit / 1000} s; look at it with \`npx --no-install evergreen runs show ${asked.workflow_id}\`, and at the workers with \`npx --no-install evergreen status\`.`,
        ),
      );
      if ("run" in outcome) {
        const { run } = outcome;
        const reason = typeof run.metadata.reason === "string" ? run.metadata.reason : "no reason given";
        return {
          json: { ...ids, status: run.status, ...nothing, reason },
          text: `The rebalancing is ${run.status}: ${plain(reason)}\nWorkflow ${asked.workflow_id}`,
          exit: run.status === "refused" ? EXIT.refused : EXIT.failed,
        };
      }
      const { proposal } = outcome;
      const { row } = proposal;
      const refused = row.status !== "pending" && row.status !== "approved" && row.status !== "applied";
      return {
        json: {
          ...ids,
          status: row.status,
          proposalId: row.proposal_id,
          proposalHash: row.hash,
          trades: tradesJson(row),
          checks: checksJson(proposal.checks),
          memories: memoriesJson(proposal.memories),
          ...(refused ? { reason: row.refusal?.reason ?? null } : {}),
        },
        text: proposalText(proposal, session.people),
        ...(refused ? { exit: EXIT.refused } : {}),
      };
    },
  },
];
