// A posting that takes two people: the first call proposes it, the same call after their approvals posts it.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import type { Answer } from "./command.ts";
import { facts, peopleNeeded, plain } from "./output.ts";
import type { POSTINGS } from "./reads/proposals.ts";
import { approvalsOf } from "./reads/strikes.ts";
import type { Session } from "./session.ts";

const ConsentRow = z.object({
  proposal_id: z.string(),
  status: z.string(),
  hash: z.string(),
  body: z.record(z.string(), z.unknown()),
  approvals_needed: z.number(),
  expires_at: z.string(),
});
export type ConsentRow = z.infer<typeof ConsentRow>;
const COLUMNS = "proposal_id,status,hash,body,approvals_needed,expires_at";
const Proposed = z.object({ proposal_id: z.string(), hash: z.string() });

/** The newest proposal that may still be posted and says what `isMeant` looks for, or undefined. */
async function standing(
  session: Session,
  fundId: string,
  kind: string,
  isMeant: (body: Record<string, unknown>) => boolean,
): Promise<ConsentRow | undefined> {
  const rows = await session.read(
    "proposals",
    COLUMNS,
    (query) =>
      query
        .eq("fund_id", fundId)
        .eq("kind", kind)
        .in("status", ["pending", "approved"])
        .order("created_at", { ascending: false }),
    ConsentRow,
  );
  return rows.find((row) => isMeant(row.body) && Date.parse(row.expires_at) > Date.now());
}

/** What stands before two people, and the command by which they approve. */
async function waiting(session: Session, what: string, row: ConsentRow): Promise<Answer> {
  const given = (await approvalsOf(session, row.proposal_id)).filter(({ decision }) => decision === "approved").length;
  return {
    json: {
      posted: false,
      proposalId: row.proposal_id,
      proposalHash: row.hash,
      proposalStatus: row.status,
      approvals: given,
      approvalsNeeded: row.approvals_needed,
    },
    text: [
      facts([
        ["What", what],
        ["Proposal", row.proposal_id],
        ["Hash", row.hash],
      ]),
      "",
      `${peopleNeeded(row.approvals_needed - given, "approve")}:`,
      `  npx --no-install evergreen proposals approve ${row.proposal_id} --hash ${row.hash} --as <portfolio manager>`,
      "Then the same command again posts it.",
    ].join("\n"),
  };
}

export interface Posting {
  fund: { fund_id: string; code: string };
  kind: (typeof POSTINGS)[number];
  /** In words, for people. */
  what: string;
  requestId: string;
  isMeant: (body: Record<string, unknown>) => boolean;
  /** Body of the proposal; called only when the caller sees none that stands. Errors: EG400 when something is missing. */
  body: () => Record<string, unknown> | Promise<Record<string, unknown>>;
}

/**
 * Proposes what is not proposed, says what it waits for, and posts what two people approved. Nobody approves what he proposed. `post` is given the
 * proposal, or "" where the caller may not see it.
 * Errors: those of fn_propose_posting and of `post`.
 */
export async function withConsent(
  session: Session,
  posting: Posting,
  post: (proposalId: string) => Promise<Answer>,
): Promise<Answer> {
  const { fund, kind, what, isMeant, requestId } = posting;
  let sees = true;
  const find = () =>
    standing(session, fund.fund_id, kind, isMeant).catch((error: unknown) => {
      // an investor may ask, and reads no proposals
      if (!isCoded(error, "EG403")) throw error;
      sees = false;
      return undefined;
    });
  const before = await find();
  if (before?.status === "approved") return post(before.proposal_id);
  if (before !== undefined) return waiting(session, what, before);
  const body = await posting.body();
  const made = await session
    .call("fn_propose_posting", { fund: fund.code, kind, body, request_id: `${requestId}/propose` }, Proposed)
    .catch((error: unknown) => {
      // who cannot see whether people have decided finds out by trying
      if (sees || !isCoded(error, "EG428")) throw error;
      return undefined;
    });
  if (made === undefined) return post("");
  const row = await find();
  if (row !== undefined) return waiting(session, what, row);
  return {
    json: {
      posted: false,
      proposalId: made.proposal_id,
      proposalHash: made.hash,
      proposalStatus: "pending",
      approvals: 0,
      approvalsNeeded: 2,
    },
    text: `${what} is proposed; two people decide on it, and then the same command again carries it out.`,
  };
}

const isCoded = (error: unknown, code: string): boolean => error instanceof EvergreenError && error.code === code;

/** The reason of a posting. Errors: EG400 when there is none. */
export function reasonFor(reason: string | undefined, what: string): string {
  if (reason === undefined)
    throw new EvergreenError("EG400", `Say with --reason why: ${plain(what)} takes the consent of two people.`);
  return reason;
}
