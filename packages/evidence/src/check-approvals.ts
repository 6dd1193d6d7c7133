// What people approved: the hash of each proposal is computed again from its own text, each approval names that hash and another person than who asked, and
// what counts as approved was approved by as many people as its kind asks for.
import { createHash } from "node:crypto";
import { rawParts } from "./raw-json.ts";
import type { CheckName, Lines } from "./verify.ts";

type Found = (check: CheckName, member: string | null, says: string) => void;
const PROPOSALS = "approvals/proposals.jsonl";
const APPROVALS = "approvals/approvals.jsonl";

/** A single person decides these; everything else that is proposed (a NAV, a liquidity tool, a posting) takes two. */
const BY_ONE = ["rebalancing"];

interface Proposal {
  line: number;
  kind: string;
  /** The day on which enough people had decided; "" before. */
  decidedOn: string;
  hash: string;
  status: string;
  needed: number;
  requestedBy: string;
  proposedBy: string;
  approvedBy: Set<string>;
}

/** An instant as Postgres writes it in JSON, as the platform hashes it: UTC, microseconds. */
function instant(text: string): string {
  const read = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00:00$/.exec(text);
  return read === null ? text : `${read[1]}T${read[2]}.${(read[3] ?? "").padEnd(6, "0")}Z`;
}

/** `to`: the last day of the pack; later approvals are not in it. */
export function approvalFindings(lines: Lines, fundId: string, to: string, found: Found): void {
  const proposals = new Map<string, Proposal>();
  let count = 0;
  for (const line of lines(PROPOSALS)) {
    count += 1;
    const parts = rawParts(line);
    const text = (name: string): string => String(JSON.parse(parts.get(name) ?? "null"));
    const id = text("proposal_id");
    const covered = `{"body": ${parts.get("body")}, "kind": ${parts.get("kind")}, "inputs": ${parts.get("inputs")}, "fund_id": ${parts.get("fund_id")}, "expires_at": ${JSON.stringify(instant(text("expires_at")))}, "proposal_id": ${parts.get("proposal_id")}}`;
    if (createHash("sha256").update(covered, "utf8").digest("hex") !== text("hash"))
      found("approvals", PROPOSALS, `line ${count}: the hash is not that of what was proposed`);
    if (text("fund_id") !== fundId) found("approvals", PROPOSALS, `line ${count} is of another fund`);
    proposals.set(id, {
      line: count,
      kind: text("kind"),
      decidedOn: text("decided_at").slice(0, 10),
      hash: text("hash"),
      status: text("status"),
      needed: Number(text("approvals_needed")),
      requestedBy: text("requested_by"),
      proposedBy: text("proposed_by"),
      approvedBy: new Set(),
    });
  }
  let row = 0;
  for (const line of lines(APPROVALS)) {
    row += 1;
    const approval = JSON.parse(line) as {
      proposal_id: string;
      proposal_hash: string;
      decision: string;
      decided_by: string;
    };
    const proposal = proposals.get(approval.proposal_id);
    if (proposal === undefined) continue; // made before the period began
    if (proposal.hash !== approval.proposal_hash)
      found("approvals", APPROVALS, `line ${row} is of another hash than its proposal`);
    if (approval.decision !== "approved") continue;
    if ([proposal.requestedBy, proposal.proposedBy].some((who) => who.endsWith(approval.decided_by)))
      found("approvals", APPROVALS, `line ${row}: who asked has decided`);
    if (proposal.approvedBy.has(approval.decided_by))
      found("approvals", APPROVALS, `line ${row}: one person approved twice`);
    proposal.approvedBy.add(approval.decided_by);
  }
  for (const { line, kind, status, decidedOn, needed, approvedBy } of proposals.values()) {
    const says = (what: string): void => found("approvals", PROPOSALS, `line ${line}: ${what}`);
    const least = BY_ONE.includes(kind) ? 1 : 2;
    if (!(needed >= least)) says(`it asks for fewer people than the ${least} that its kind takes`);
    if (status !== "approved" && status !== "applied") continue;
    if (!/^\d{4}-\d\d-\d\d$/.test(decidedOn)) says("it counts as approved without a day of it");
    else if (decidedOn <= to && approvedBy.size < Math.max(needed, least))
      says(`it counts as approved by ${approvedBy.size} of ${Math.max(needed, least)} people`);
  }
}
