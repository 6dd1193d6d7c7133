// `audit verify`: reads the sealed blocks and the entries as the auditor and checks the chains with code that shares nothing with the sealer.
import { EXIT } from "@evergreen-fund/domain/errors.ts";
import { type AuditVerdict, verifyChain } from "../audit/verify-chain.ts";
import { ANY_FUND, type Command, text } from "../command.ts";
import { facts } from "../output.ts";
import { readAudit } from "../reads/audit.ts";
import { findFund } from "../reads/funds.ts";

const REASONS: Record<NonNullable<AuditVerdict["firstBad"]>["reason"], string> = {
  edited: "says something else than what was sealed",
  out_of_place: "stands where another entry was sealed: entries are missing, inserted or exchanged from here on",
  missing: "sealed entries at the end of the chain are gone",
  unsealed: "is older than 5 s and not sealed: does the dispatcher run?",
  block: "the block's hash, link, height or count does not hold",
  anchor: "the chain does not lead to a head noted before: it was rewritten",
};

function whatIsWrong({ firstBad, overdue }: AuditVerdict): [string, string][] {
  if (!firstBad) return [];
  const where = [
    firstBad.seq === null ? "" : `entry ${firstBad.seq}`,
    `chain ${firstBad.chainId}`,
    firstBad.height === null ? "" : `block ${firstBad.height}`,
  ];
  return [
    ["First wrong", `${where.filter((part) => part !== "").join(", ")}: ${REASONS[firstBad.reason]}`],
    ...(overdue.length === 0 ? [] : [["Overdue", String(overdue.length)] as [string, string]]),
  ];
}

export const auditCommands: readonly Command[] = [
  {
    path: "audit verify",
    summary:
      "Recomputes the hash chains over the audit trail; fails when an entry was changed, is missing or stays unsealed",
    options: [ANY_FUND],
    examples: ["audit verify", "audit verify --fund KY1 --output-format json"],
    role: "audit_role",
    run: async (context, _args, options) => {
      const session = await context.session("audit_role");
      const fund = text(options, "fund");
      const fundId = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
      const trail = await context.progress("Reading the audit trail", () => readAudit(session, fundId));
      const verdict = verifyChain(trail);
      const { entries, ok, head, unsealed, firstBad, overdue } = verdict;
      return {
        json: { entries, ok, head, unsealed, ...(ok ? {} : { firstBad, overdue }) },
        text: facts([
          ["Audit trail", ok ? "✓ holds" : "✗ does not hold"],
          ["Entries", String(entries)],
          ["Unsealed", String(unsealed)],
          ["Head", head],
          ...whatIsWrong(verdict),
        ]),
        ...(ok ? {} : { exit: EXIT.failed }),
      };
    },
  },
];
