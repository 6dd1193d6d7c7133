// `cases list|show|claim|release|note|decide`: what people have to decide about parties, candidates side by side; what is due first comes first.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { facts, isoTime, plain, table, when } from "../output.ts";
import { isUuid } from "../reads/funds.ts";
import type { Session } from "../session.ts";
import { countOf } from "../wait.ts";

const Queued = z.object({
  case_id: z.string(),
  code: z.string(),
  kind: z.string(),
  severity: z.string(),
  case_status: z.string(),
  party_code: z.string().nullable(),
  source: z.string(),
  due_at: z.string(),
  overdue: z.boolean(),
  claimed_by: z.string().nullable(),
  candidates: z.number(),
  undecided: z.number(),
  top_score: z.coerce.string().nullable(),
  outcome: z.string().nullable(),
});
const Found = z.object({
  case_id: z.string(),
  code: z.string(),
  kind: z.string(),
  severity: z.string(),
  status: z.string(),
  party_id: z.string().nullable(),
  source: z.string(),
  outcome: z.string().nullable(),
  due_at: z.string(),
  claimed_by: z.string().nullable(),
});
const Feature = z.looseObject({ feature: z.string().optional(), name: z.string().optional() });
const Candidate = z.object({
  candidate_id: z.string(),
  list: z.string().nullable(),
  list_version: z.string().nullable(),
  entry_ref: z.string().nullable(),
  score: z.coerce.string().nullable(),
  features: z.array(Feature),
  status: z.string(),
  first_verdict: z.string().nullable(),
});
const Decision = z.object({
  candidate_id: z.string(),
  verdict: z.string(),
  reason: z.string(),
  step: z.string(),
  decided_by: z.string(),
  decided_at: z.string(),
});
const Note = z.object({ body: z.string(), created_by: z.string(), created_at: z.string() });
const Decided = z.object({
  case_id: z.string(),
  status: z.string(),
  outcome: z.string().nullable(),
  waiting_for: z.string().nullable(),
});

const CASE = { name: "<case>", about: "code or id of the case" };
const COLUMNS = "case_id,code,kind,severity,status,party_id,source,outcome,due_at,claimed_by";
const words = (code: string): string => code.replaceAll("_", " ");

async function findCase(session: Session, given: string): Promise<z.infer<typeof Found>> {
  const row = await session.one(
    "cases",
    COLUMNS,
    (query) => (isUuid(given) ? query.eq("case_id", given) : query.eq("code", given.toUpperCase())),
    Found,
  );
  if (row === undefined)
    throw new EvergreenError(
      "EG404",
      `There is no case ${plain(given)}; see \`npx --no-install evergreen cases list\`.`,
    );
  return row;
}

/** One candidate beside the others: what speaks for and against it, feature by feature. */
const featureText = (feature: z.infer<typeof Feature>): string =>
  Object.entries(feature)
    .filter(([, value]) => ["string", "number"].includes(typeof value))
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(", ");

export const caseCommands: readonly Command[] = [
  {
    path: "cases list",
    summary: "The work queue: cases that nobody has decided, what is due first comes first",
    options: [
      {
        flags: "--status <status>",
        about: "only these; decided ones are shown when asked for",
        choices: ["open", "in_review", "escalated", "decided"],
      },
      { flags: "--mine", about: "only those that you have claimed" },
      { flags: "--limit <count>", about: "how many at most", default: "50" },
    ],
    examples: ["cases list", "cases list --status escalated"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const session = await context.session("ops_role");
      const status = text(options, "status");
      const rows = await session.call(
        "fn_list_cases",
        {
          ...(status === undefined ? {} : { status }),
          mine: options.mine === true,
          max_rows: countOf("limit", text(options, "limit"), 1000),
        },
        z.array(Queued),
      );
      return {
        json: rows.map((row) => ({
          caseId: row.case_id,
          code: row.code,
          kind: row.kind,
          severity: row.severity,
          status: row.case_status,
          party: row.party_code,
          source: row.source,
          dueAt: isoTime(row.due_at),
          overdue: row.overdue,
          claimedBy: row.claimed_by && session.people.nameOf(row.claimed_by),
          candidates: row.candidates,
          undecided: row.undecided,
          topScore: row.top_score,
          outcome: row.outcome,
        })),
        text: table(
          rows,
          [
            { header: "Due", value: (row) => `${when(row.due_at)}${row.overdue ? " OVERDUE" : ""}` },
            { header: "Case", value: (row) => row.code },
            { header: "Severity", value: (row) => row.severity },
            { header: "Kind", value: (row) => row.kind },
            { header: "Status", value: (row) => words(row.case_status) },
            { header: "Party", value: (row) => row.party_code ?? "none" },
            { header: "Open", value: (row) => `${row.undecided} of ${row.candidates}`, figure: true },
            {
              header: "Claimed by",
              value: (row) => (row.claimed_by ? plain(session.people.nameOf(row.claimed_by)) : ""),
            },
          ],
          "No cases.",
        ),
      };
    },
  },
  {
    path: "cases show",
    summary: "One case: its candidates side by side, what was decided and why, and the notes",
    arguments: [CASE],
    examples: ["cases show CA-1F2D3C4B5A"],
    role: "ops_role",
    run: async (context, args) => {
      const session = await context.session("ops_role");
      const found = await findCase(session, args[0] ?? "");
      const of = { case_id: found.case_id };
      const [candidates, decisions, notes] = await Promise.all([
        session.read(
          "case_candidates",
          "candidate_id,list,list_version,entry_ref,score,features,status,first_verdict",
          (query) => query.eq("case_id", of.case_id).order("score", { ascending: false }).order("candidate_id"),
          Candidate,
        ),
        session.read(
          "case_decisions",
          "candidate_id,verdict,reason,step,decided_by,decided_at",
          (query) => query.eq("case_id", of.case_id).order("decided_at").order("decision_id"),
          Decision,
        ),
        session.read(
          "case_notes",
          "body,created_by,created_at",
          (query) => query.eq("case_id", of.case_id).order("created_at").order("note_id"),
          Note,
        ),
      ]);
      const by = (id: string) => plain(session.people.nameOf(id));
      return {
        json: {
          caseId: found.case_id,
          code: found.code,
          kind: found.kind,
          severity: found.severity,
          status: found.status,
          partyId: found.party_id,
          source: found.source,
          outcome: found.outcome,
          dueAt: isoTime(found.due_at),
          claimedBy: found.claimed_by && session.people.nameOf(found.claimed_by),
          candidates: candidates.map((row) => ({
            candidateId: row.candidate_id,
            list: row.list,
            listVersion: row.list_version,
            entry: row.entry_ref,
            score: row.score,
            features: row.features,
            status: row.status,
            firstVerdict: row.first_verdict,
          })),
          decisions: decisions.map((row) => ({
            candidateId: row.candidate_id,
            verdict: row.verdict,
            reason: row.reason,
            step: row.step,
            by: session.people.nameOf(row.decided_by),
            at: isoTime(row.decided_at),
          })),
          notes: notes.map((row) => ({
            body: row.body,
            by: session.people.nameOf(row.created_by),
            at: isoTime(row.created_at),
          })),
        },
        text: [
          facts([
            ["Case", found.code],
            ["About", `${found.kind}, ${found.severity}`],
            ["Status", `${words(found.status)}${found.outcome === null ? "" : `: ${words(found.outcome)}`}`],
            ["Party", found.party_id],
            ["Raised by", plain(found.source)],
            ["Due", when(found.due_at)],
            ["Claimed by", found.claimed_by && by(found.claimed_by)],
          ]),
          "",
          table(candidates, [
            { header: "Candidate", value: (row) => row.candidate_id },
            { header: "List", value: (row) => (row.list === null ? "none" : `${row.list} ${row.list_version ?? ""}`) },
            { header: "Entry", value: (row) => row.entry_ref ?? "" },
            { header: "Score", value: (row) => row.score ?? "", figure: true },
            {
              header: "Status",
              value: (row) =>
                row.status === "first" ? `${words(row.first_verdict ?? "")}, unconfirmed` : words(row.status),
            },
          ]),
          ...candidates.flatMap((row) =>
            row.features.length === 0
              ? []
              : [
                  "",
                  `${row.entry_ref ?? row.candidate_id}:`,
                  ...row.features.map((one) => `  ${plain(featureText(one))}`),
                ],
          ),
          ...(decisions.length === 0 ? [] : ["", "Decisions:"]),
          ...decisions.map(
            (row) =>
              `  ${when(row.decided_at)} ${by(row.decided_by)} (${row.step}): ${words(row.verdict)} – ${plain(row.reason)}`,
          ),
          ...(notes.length === 0 ? [] : ["", "Notes:"]),
          ...notes.map((row) => `  ${when(row.created_at)} ${by(row.created_by)}: ${plain(row.body)}`),
        ].join("\n"),
      };
    },
  },
  ...(["claim", "release"] as const).map(
    (verb): Command => ({
      path: `cases ${verb}`,
      summary:
        verb === "claim"
          ? "Takes a case for yourself, so that two people do not look at it at once"
          : "Gives a case back to the queue; a portfolio manager does so for others",
      arguments: [CASE],
      options: [REQUEST_ID],
      examples: [`cases ${verb} CA-1F2D3C4B5A`],
      role: "ops_role",
      run: async (context, args, options) => {
        const session = await context.session("ops_role");
        const { case_id, code } = await findCase(session, args[0] ?? "");
        const request_id = requestIdOf(text(options, "requestId"));
        await session.call(`fn_${verb}_case`, { case_id, request_id }, z.string());
        return {
          json: { caseId: case_id, code, claimed: verb === "claim" },
          text: `Case ${code} is ${verb === "claim" ? "yours" : "back in the queue"}.`,
        };
      },
    }),
  ),
  {
    path: "cases note",
    summary: "Writes a note beside a case; who reads the case reads it, no investor does",
    arguments: [CASE],
    options: [
      { flags: "--text <text>", about: "the note, at most 2,000 characters (no personal data)", required: true },
      REQUEST_ID,
    ],
    examples: ['cases note CA-1F2D3C4B5A --text "Asked the registrar for the extract."'],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const { case_id, code } = await findCase(session, args[0] ?? "");
      const noteId = await session.call(
        "fn_note_case",
        { case_id, body: text(options, "text") ?? "", request_id: requestIdOf(text(options, "requestId")) },
        z.string(),
      );
      return { json: { caseId: case_id, noteId }, text: `Noted on case ${code}.` };
    },
  },
  {
    path: "cases decide",
    summary: "Your verdict on a case with its reason; by policy a second person confirms, a third settles a dispute",
    arguments: [CASE],
    options: [
      {
        flags: "--verdict <verdict>",
        about: "what you find",
        choices: ["true_match", "false_match", "need_more"],
        required: true,
      },
      { flags: "--reason <text>", about: "why, 10 to 2,000 characters (no personal data)", required: true },
      { flags: "--candidate <id>", about: "only this candidate; without it all that are undecided" },
      REQUEST_ID,
    ],
    examples: [
      'cases decide CA-1F2D3C4B5A --verdict false_match --reason "Born in another century, in another country."',
    ],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const { case_id, code } = await findCase(session, args[0] ?? "");
      const candidate = text(options, "candidate");
      const made = await session.call(
        "fn_decide_case",
        {
          case_id,
          verdict: text(options, "verdict") ?? "",
          reason: text(options, "reason") ?? "",
          ...(candidate === undefined ? {} : { candidate_id: candidate }),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Decided,
      );
      return {
        json: { caseId: case_id, status: made.status, outcome: made.outcome, waitingFor: made.waiting_for },
        text:
          made.outcome === null
            ? `Case ${code} is ${words(made.status)} and waits for ${made.waiting_for ?? "a decision"}.`
            : `Case ${code} is decided: ${words(made.outcome)}.`,
      };
    },
  },
  {
    path: "cases unfreeze",
    summary: "Asks for a frozen party to be unfrozen; a second person does it, and only while its screening is clear",
    arguments: [{ name: "<party>", about: "id of the party" }],
    options: [
      { flags: "--reason <text>", about: "why, 10 to 1,900 characters (no personal data)", required: true },
      REQUEST_ID,
    ],
    examples: [
      'cases unfreeze 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --reason "The entry was taken off the list; checked again."',
    ],
    role: "ops_role",
    run: async (context, [party = ""], options) => {
      if (!isUuid(party)) throw new EvergreenError("EG400", "A party is named by its id, as `cases show` has it.");
      const session = await context.session("ops_role");
      const { state } = await session.call(
        "fn_unfreeze_party",
        { party_id: party, reason: text(options, "reason") ?? "", request_id: requestIdOf(text(options, "requestId")) },
        z.object({ state: z.enum(["asked", "unfrozen"]) }),
      );
      return {
        json: { partyId: party, state },
        text:
          state === "asked"
            ? "Asked for; another person unfreezes the party with the same command."
            : "The party is unfrozen.",
      };
    },
  },
];
