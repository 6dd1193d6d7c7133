// `lmt show|set|activate|end`, with `lmt notify|open-pocket` of side-pocket.ts: the liquidity tools of a fund as data, and their use, which two people decide on with the drafted notice before them.
import { readFile } from "node:fs/promises";
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { EXCEPTIONAL_TOOLS } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { type Answer, type Command, FUND, REASON, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { dateOf } from "../dealing-options.ts";
import { facts, isoTime, peopleNeeded, plain, table, when } from "../output.ts";
import { listClasses } from "../reads/classes.ts";
import { findFund } from "../reads/funds.ts";
import {
  type ActivationRow,
  activationsOf,
  inForce,
  standingUse,
  termsBody,
  termsOf,
  toolsBody,
  toolsOf,
} from "../reads/policies.ts";
import { approvalsOf } from "../reads/strikes.ts";
import type { Session } from "../session.ts";
import { draftNotice, TOOL, toolName, toolOf, toolRows } from "../tool-words.ts";
import { timeoutMs, until } from "../wait.ts";
import { POCKET_OPTIONS, pocketFacts, sidePocketCommands } from "./side-pocket.ts";
import { FROM, PolicySet, today } from "./terms.ts";

const Proposed = z.object({ activation_id: z.string(), proposal_id: z.string(), hash: z.string() });
const Activated = z.object({ activation_id: z.string(), tool: z.string(), status: z.string() });

const activationJson = (row: ActivationRow) => ({
  activationId: row.activation_id,
  tool: row.tool,
  status: row.status,
  proposalId: row.proposal_id,
  proposalHash: row.proposal.hash,
  proposalStatus: row.proposal.status,
  trigger: row.trigger,
  notice: row.notice,
  activeFrom: isoTime(row.active_from),
  activeUntil: isoTime(row.active_until),
  endReason: row.end_reason,
  authorityNotifiedAt: isoTime(row.nca_notified_at),
});

const stateOf = (row: ActivationRow): string =>
  row.status === "proposed" ? `proposed, ${row.proposal.status}` : row.status;

/** What stands after `lmt activate`, and what comes next. */
async function activationAnswer(session: Session, row: ActivationRow): Promise<Answer> {
  const given = (await approvalsOf(session, row.proposal_id)).filter(({ decision }) => decision === "approved").length;
  const open = row.proposal.approvals_needed - given;
  const lines = [
    facts([
      ["Tool", `${toolName(row.tool)}, ${stateOf(row)}`],
      ["Proposal", row.proposal_id],
      ["Hash", row.proposal.hash],
      ["Notice", row.notice],
    ]),
  ];
  if (row.status === "proposed" && row.proposal.status === "pending")
    lines.push(
      "",
      `${peopleNeeded(open, "approve")}:`,
      `  npx --no-install evergreen proposals approve ${row.proposal_id} --hash ${row.proposal.hash} --as <portfolio manager>`,
      "Then the same `lmt activate` again puts it to use.",
    );
  return {
    json: { ...activationJson(row), approvals: given, approvalsNeeded: row.proposal.approvals_needed },
    text: lines.join("\n"),
  };
}

export const lmtCommands: readonly Command[] = [
  {
    path: "lmt show",
    summary:
      "The liquidity tools of a fund in force on a date, and which of them are proposed or in use; with JSON output, a file for `lmt set`",
    options: [FUND, { flags: "--date <date>", about: "in force on this date, YYYY-MM-DD (today when left out)" }],
    examples: ["lmt show --fund DEMO", "lmt show --fund DEMO --output-format json > tools.json"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? today();
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const [versions, activations] = await Promise.all([
        toolsOf(session, fund.fund_id),
        activationsOf(session, fund.fund_id),
      ]);
      const current = inForce(versions, date);
      const policy = toolsBody(current);
      return {
        json: {
          fund: fund.code,
          date,
          version: current?.version ?? null,
          effectiveFrom: current?.effective_from ?? null,
          pack: current?.pack ?? null,
          hash: current?.hash ?? null,
          policy: current?.body ?? null,
          alwaysAvailable: EXCEPTIONAL_TOOLS,
          versions: versions.map((row) => ({
            version: row.version,
            effectiveFrom: row.effective_from,
            pack: row.pack,
            hash: row.hash,
          })),
          activations: activations.map(activationJson),
        },
        text: [
          facts([
            ["Fund", fund.code],
            [
              "Policy",
              current === undefined
                ? "none: everything that is asked for is paid; set one with `evergreen lmt set`"
                : `version ${current.version}, from ${current.effective_from}, pack ${current.pack}`,
            ],
            ...(current === undefined
              ? []
              : policy === undefined
                ? [
                    [
                      "Tools",
                      "not complete for this version of Evergreen; set them again with `evergreen lmt set`",
                    ] as const,
                  ]
                : toolRows(policy)),
            ["Always there", EXCEPTIONAL_TOOLS.map(toolName).join(", ")],
            ...(current === undefined ? [] : [["Hash", current.hash] as const]),
          ]),
          table(
            activations,
            [
              { header: "Tool", value: (row) => toolName(row.tool) },
              { header: "State", value: stateOf },
              { header: "Since", value: (row) => when(row.active_from) },
              { header: "Authority told", value: (row) => when(row.nca_notified_at) },
              { header: "Until", value: (row) => when(row.active_until) },
              { header: "Proposal", value: (row) => row.proposal_id },
              { header: "Notice", value: (row) => row.notice, most: 60 },
            ],
            "No tool has been put to use by people.",
          ),
        ].join("\n\n"),
      };
    },
  },
  {
    path: "lmt set",
    summary:
      "Sets the liquidity tools of a fund from a date on; at least two, and within the limits of the regime's pack",
    arguments: [
      { name: "<file>", about: "tools as JSON, a pack of policies/ by its name or file, or what `lmt show` printed" },
    ],
    options: [FUND, FROM, REQUEST_ID],
    examples: ["lmt set free-form --fund DEMO --from 2026-12-01", "lmt set tools.json --fund DEMO --from 2026-12-01"],
    role: "pm_role",
    run: async (context, args, options) => {
      const from = dateOf(options, "from") ?? "";
      const { holdToRegime, readTools } = await import("../policy-file.ts");
      const tools = await readTools(args[0] ?? "");
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      for (const shareClass of await listClasses(session, fund.fund_id)) {
        const terms = termsBody(inForce(await termsOf(session, shareClass.share_class_id), from));
        if (terms !== undefined) await holdToRegime(terms, tools, `Class ${shareClass.code}`);
      }
      const made = await session.call(
        "fn_set_lmt_policy",
        {
          fund: fund.code,
          pack: tools.pack,
          body: tools,
          effective_from: from,
          request_id: requestIdOf(text(options, "requestId")),
        },
        PolicySet,
      );
      return {
        json: { policyId: made.policy_id, version: made.version, hash: made.hash, effectiveFrom: from },
        text: `Version ${made.version} of the liquidity tools of ${plain(fund.code)} holds from ${from}: ${tools.tools.map(toolName).join(", ")}.`,
      };
    },
  },
  {
    path: "lmt activate",
    summary:
      "Puts a liquidity tool before two people with the drafted notice; once they approved, the same command puts it to use",
    arguments: [TOOL],
    options: [
      FUND,
      { ...REASON, about: "what asks for it, in one sentence; it stands in the notice" },
      { flags: "--notice <file>", about: "your own text of the notice instead of the drafted one" },
      ...POCKET_OPTIONS,
      { flags: "--wait", about: "return when two people approved and it is in use, or when it was refused" },
      WAIT_SECONDS,
      REQUEST_ID,
    ],
    examples: [
      'lmt activate suspension --fund DEMO --reason "two thirds of the assets cannot be valued" --as ops1@demo.evergreen.example',
      "lmt activate suspension --fund DEMO --as pm1@demo.evergreen.example",
      'lmt activate side-pocket --fund DEMO --assets PE-1,PE-2 --reason "the market of both is closed"',
    ],
    role: "ops_role",
    run: async (context, args, options) => {
      const tool = toolOf(args);
      const limit = options.wait ? timeoutMs(text(options, "timeout")) : 0;
      const given = text(options, "notice");
      const own =
        given === undefined
          ? undefined
          : await readFile(given, "utf8").catch((error: unknown) => {
              throw new EvergreenError("EG400", `There is no file ${plain(given)}.`, { cause: error });
            });
      // who proposes cannot approve, so that operations propose; a portfolio manager puts to use
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const requestId = requestIdOf(text(options, "requestId"));
      if ((await standingUse(session, fund.fund_id, tool)) === undefined) {
        const reason = text(options, "reason");
        if (reason === undefined)
          throw new EvergreenError("EG400", "Say with --reason what asks for the tool; it stands in the notice.");
        const pocket = await pocketFacts(session, fund.fund_id, tool, options);
        const notice = own ?? draftNotice({ fund: fund.code, name: fund.name, tool, reason, day: today() });
        await session.call(
          "fn_propose_lmt",
          {
            fund: fund.code,
            tool,
            trigger: { reason, asked_on: today(), ...pocket },
            notice: notice.trim(),
            request_id: requestId,
          },
          Proposed,
        );
      }
      const decided = async (): Promise<ActivationRow | undefined> => {
        const row = (await activationsOf(session, fund.fund_id)).find((one) => one.tool === tool);
        return row === undefined || (row.status === "proposed" && row.proposal.status === "pending") ? undefined : row;
      };
      const late = "Two people have not approved the tool yet; look at it with `evergreen lmt show`.";
      const row = options.wait
        ? await context.progress(`Waiting for two approvals of ${toolName(tool)}`, () => until(limit, decided, late))
        : await standingUse(session, fund.fund_id, tool);
      if (row === undefined) throw new EvergreenError("EG404", "The tool is neither proposed nor in use.");
      if (row.status !== "proposed" || row.proposal.status !== "approved") {
        const answer = await activationAnswer(session, row);
        const isRefused = row.status === "ended" || ["rejected", "expired", "withdrawn"].includes(row.proposal.status);
        return { ...answer, ...(isRefused ? { exit: EXIT.refused } : {}) };
      }
      const manager = await context.session("pm_role");
      await manager.call(
        "fn_activate_lmt",
        { activation_id: row.activation_id, request_id: `${requestId}/use` },
        Activated,
      );
      const used = await standingUse(manager, fund.fund_id, tool);
      return activationAnswer(manager, used ?? row);
    },
  },
  {
    path: "lmt end",
    summary: "Ends the use of a liquidity tool; the end of a suspension opens the fund again",
    arguments: [TOOL],
    options: [FUND, { ...REASON, required: true }, REQUEST_ID],
    examples: ['lmt end suspension --fund DEMO --reason "the assets are valued again"'],
    role: "pm_role",
    run: async (context, args, options) => {
      const tool = toolOf(args);
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const active = await standingUse(session, fund.fund_id, tool);
      if (active?.status !== "active")
        throw new EvergreenError(
          "EG428",
          `${toolName(tool)} is not in use in ${plain(fund.code)}; see \`evergreen lmt show\`.`,
        );
      const ended = await session.call(
        "fn_end_lmt",
        {
          activation_id: active.activation_id,
          reason: text(options, "reason"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Activated,
      );
      return {
        json: { activationId: ended.activation_id, tool: ended.tool, status: ended.status },
        text: `${toolName(tool)} of ${plain(fund.code)} is ${ended.status}.`,
      };
    },
  },
  ...sidePocketCommands,
];
