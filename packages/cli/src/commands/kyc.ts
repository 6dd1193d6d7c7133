// `kyc submit|status|resubmit|decide|policy`: applications, what they still lack, and the policy that says what is owed.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { parseKycPolicy } from "@evergreen-fund/domain/policies/index.ts";
import type { PersonalData } from "@evergreen-fund/personal-data";
import { z } from "zod";
import { type Command, REQUEST_ID, text } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { readApplication } from "../kyc-file.ts";
import { configOf } from "../machine-source.ts";
import { facts, isoTime, plain, table, when } from "../output.ts";
import { isUuid } from "../reads/funds.ts";
import type { Session } from "../session.ts";

const Pending = z.object({
  pending_id: z.string(),
  code: z.string(),
  classification: z.string(),
  kyc_status: z.string(),
  missing: z.array(z.string()),
  investor_id: z.string().nullable(),
  party_id: z.string(),
  created_at: z.string(),
});
const COLUMNS = "pending_id,code,classification,kyc_status,missing,investor_id,party_id,created_at";
const Party = z.object({
  kind: z.string(),
  code: z.string(),
  risk_level: z.string(),
  next_review: z.string().nullable(),
});
const APPLICATION = { name: "<application>", about: "code or id of the application" };

async function findPending(session: Session, given: string): Promise<z.infer<typeof Pending>> {
  const row = await session.one(
    "investors_pending_kyc",
    COLUMNS,
    (query) => (isUuid(given) ? query.eq("pending_id", given) : query.eq("code", given.toUpperCase())),
    Pending,
  );
  if (row === undefined) throw new EvergreenError("EG404", `There is no application ${plain(given)}.`);
  return row;
}

/** "identity_document:expired@PY-0000000001" in words. */
export function missingText(code: string): string {
  const [kind = "", party] = code.split("@");
  const [what = "", why] = kind.split(":");
  return [
    what.replaceAll("_", " "),
    ...(why === undefined ? [] : [why === "expired" ? "(has expired)" : "(is too old)"]),
    ...(party === undefined ? [] : [`of ${party}`]),
  ].join(" ");
}

/** Where names go: encrypted in this process, under the own login. Errors: EG503 when the keys are not on this machine. */
async function vaultOf(context: Context, session: Session): Promise<PersonalData> {
  const [{ home }, { fileKeys, openPersonal }] = await Promise.all([
    configOf(context),
    import("@evergreen-fund/personal-data"),
  ]);
  return openPersonal({ call: (fn, args) => session.call(fn, args, z.unknown()), keys: fileKeys(home) });
}

const pendingJson = (row: z.infer<typeof Pending>) => ({
  pendingId: row.pending_id,
  code: row.code,
  classification: row.classification,
  status: row.kyc_status,
  missing: row.missing,
  investorId: row.investor_id,
  partyId: row.party_id,
  submittedAt: isoTime(row.created_at),
});

export const kycCommands: readonly Command[] = [
  {
    path: "kyc submit",
    summary: "Takes in an application from a file: who applies, who stands behind, which papers are there",
    arguments: [{ name: "<file>", about: "JSON or YAML; names and other personal data stand in it and nowhere else" }],
    options: [REQUEST_ID],
    examples: ["kyc submit application.yaml"],
    role: "ops_role",
    run: async (context, args, options) => {
      const application = readApplication(await context.file(args[0] ?? ""));
      const session = await context.session("ops_role");
      const request = requestIdOf(text(options, "requestId"));
      const parties = [application.party, ...application.behind];
      // keys first: where they are missing nothing is begun
      const vault = await vaultOf(context, session);
      const ids = new Map<string, string>();
      // every step under a name that follows from the request: a file that is given again goes on where it stopped
      for (const party of parties)
        ids.set(
          party.id,
          party.party_id ??
            (await session.call(
              "fn_register_party",
              { kind: party.kind, request_id: `${request}/party/${party.id}` },
              z.string(),
            )),
        );
      for (const [n, link] of application.links.entries())
        await session.call(
          "fn_link_parties",
          {
            owner_id: ids.get(link.owner),
            owned_id: ids.get(link.owned),
            kind: link.kind,
            ...(link.share === undefined ? {} : { share: link.share }),
            ...(link.effective_from === undefined ? {} : { effective_from: link.effective_from }),
            request_id: `${request}/link/${n}`,
          },
          z.string(),
        );
      for (const party of parties)
        if (Object.keys(party.personal).length > 0)
          await vault.put(ids.get(party.id) ?? "", party.personal, {
            requestId: `${request}/personal/${party.id}`,
          });
      for (const party of application.behind)
        if (Object.keys(party.evidence).length > 0)
          await session.call(
            "fn_give_evidence",
            { party_id: ids.get(party.id), evidence: party.evidence, request_id: `${request}/evidence/${party.id}` },
            z.number(),
          );
      const pendingId = await session.call(
        "fn_submit_investor",
        {
          classification: application.classification,
          evidence: application.party.evidence,
          ...(application.fund === undefined ? {} : { fund: application.fund }),
          party_kind: application.party.kind,
          party_id: ids.get(application.party.id),
          request_id: `${request}/submit`,
        },
        z.string(),
      );
      const row = await findPending(session, pendingId);
      return {
        json: { ...pendingJson(row), parties: Object.fromEntries(ids) },
        text: `Application ${row.code} is taken in with ${ids.size} parties; \`kyc status ${row.code}\` says what it lacks.`,
      };
    },
  },
  {
    path: "kyc status",
    summary: "Where an application stands and what exactly it lacks; without one, all that are open",
    arguments: [{ name: "[application]", about: "code or id of the application" }],
    examples: ["kyc status", "kyc status P-1F2D3C4B5A"],
    role: "ops_role",
    run: async (context, args) => {
      const session = await context.session("ops_role");
      const given = args[0];
      if (given === undefined) {
        const rows = await session.read(
          "investors_pending_kyc",
          COLUMNS,
          (query) =>
            query
              .in("kyc_status", ["submitted", "missing_evidence"])
              .order("created_at")
              .order("pending_id")
              .limit(500),
          Pending,
        );
        return {
          json: rows.map(pendingJson),
          text: table(
            rows,
            [
              { header: "Submitted", value: (row) => when(row.created_at) },
              { header: "Application", value: (row) => row.code },
              { header: "Classification", value: (row) => row.classification.replaceAll("_", " ") },
              { header: "For", value: (row) => (row.investor_id === null ? "new investor" : "review") },
              { header: "Lacks", value: (row) => row.missing.map(missingText).join(", "), most: 90 },
            ],
            "No open applications.",
          ),
        };
      }
      const row = await findPending(session, given);
      const party = await session.one(
        "parties",
        "kind,code,risk_level,next_review",
        (query) => query.eq("party_id", row.party_id),
        Party,
      );
      return {
        json: {
          ...pendingJson(row),
          party: party && {
            kind: party.kind,
            code: party.code,
            riskLevel: party.risk_level,
            nextReview: isoTime(party.next_review),
          },
        },
        text: facts([
          ["Application", row.code],
          ["Classification", row.classification.replaceAll("_", " ")],
          ["Status", row.kyc_status.replaceAll("_", " ")],
          ["Party", party && `${party.code}, ${party.kind.replaceAll("_", " ")}`],
          ["Risk", party?.risk_level],
          ["Next review", party && when(party.next_review)],
          ["Investor", row.investor_id],
          ["Lacks", row.missing.length === 0 ? "nothing" : row.missing.map(missingText).join(", ")],
        ]),
      };
    },
  },
  {
    path: "kyc resubmit",
    summary: "Gives evidence that an application lacked; it is reviewed again by itself",
    arguments: [
      APPLICATION,
      { name: "<file>", about: 'JSON: {"address_proof": "2026-11-01"} or {"kind": {"on", "expires"}}' },
    ],
    options: [
      {
        flags: "--party-kind <kind>",
        about: "what the party is, where nobody has stated it",
        choices: ["natural_person", "company", "partnership", "trust", "foundation"],
      },
      REQUEST_ID,
    ],
    examples: ["kyc resubmit P-1F2D3C4B5A evidence.json"],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const row = await findPending(session, args[0] ?? "");
      const kind = text(options, "partyKind");
      const made = await session.call(
        "fn_resubmit_evidence",
        {
          pending_id: row.pending_id,
          evidence: await context.json(args[1] ?? ""),
          request_id: requestIdOf(text(options, "requestId")),
          ...(kind === undefined ? {} : { party_kind: kind }),
        },
        z.object({ pending_id: z.string(), given: z.number() }),
      );
      return {
        json: { pendingId: made.pending_id, given: made.given },
        text: `${made.given} kinds of evidence are new; application ${row.code} is reviewed again.`,
      };
    },
  },
  {
    path: "kyc decide",
    summary: "Clears an application by hand, or declines it for one of four neutral reasons",
    arguments: [APPLICATION],
    options: [
      { flags: "--decision <decision>", about: "what becomes of it", choices: ["assign", "decline"], required: true },
      {
        flags: "--reason <reason>",
        about: "why it is declined; the applicant may read it",
        choices: ["withdrawn", "evidence_not_given", "not_eligible", "not_accepted"],
      },
      REQUEST_ID,
    ],
    examples: ["kyc decide P-1F2D3C4B5A --decision decline --reason evidence_not_given"],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const row = await findPending(session, args[0] ?? "");
      const request_id = requestIdOf(text(options, "requestId"));
      const { pending_id, classification } = row;
      if (text(options, "decision") === "decline") {
        const reason = text(options, "reason");
        if (reason === undefined) throw new EvergreenError("EG400", "Say why it is declined: --reason.");
        await session.call("fn_decline_investor", { pending_id, reason, request_id }, z.string());
      } else await session.call("fn_assign_investor", { pending_id, classification, request_id }, z.string());
      const after = await findPending(session, pending_id);
      return {
        json: pendingJson(after),
        text: `Application ${after.code} is ${after.kyc_status.replaceAll("_", " ")}.`,
      };
    },
  },
  {
    path: "kyc policy",
    summary: "Shows the KYC policy in force, or sets another from a file and a date on",
    arguments: [{ name: "[file]", about: "a policy as in policies/kyc/onboarding.yaml" }],
    options: [{ flags: "--from <date>", about: "first day it holds (YYYY-MM-DD); with a file" }, REQUEST_ID],
    examples: ["kyc policy", "kyc policy policies/kyc/onboarding.yaml --from 2027-01-01"],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const Version = z.object({
        version: z.number(),
        effective_from: z.string(),
        hash: z.string(),
        body: z.unknown(),
      });
      if (args[0] !== undefined) {
        const from = text(options, "from");
        if (from === undefined) throw new EvergreenError("EG400", "Say from when on it holds: --from YYYY-MM-DD.");
        const body = parseKycPolicy(await context.file(args[0]));
        const made = await session.call(
          "fn_set_kyc_policy",
          { body, effective_from: from, request_id: requestIdOf(text(options, "requestId")) },
          z.object({ policy_id: z.string(), version: z.number(), hash: z.string() }),
        );
        return {
          json: { policyId: made.policy_id, version: made.version, hash: made.hash },
          text: `KYC policy version ${made.version} holds from ${from} on.`,
        };
      }
      const today = new Date().toISOString().slice(0, 10);
      const row = await session.one(
        "kyc_policies",
        "version,effective_from,hash,body",
        (query) =>
          query
            .lte("effective_from", today)
            .order("effective_from", { ascending: false })
            .order("version", { ascending: false }),
        Version,
      );
      return {
        json: row && { version: row.version, effectiveFrom: row.effective_from, hash: row.hash, policy: row.body },
        text: row === undefined ? "No policy." : JSON.stringify(row.body, null, 2),
      };
    },
  },
];
