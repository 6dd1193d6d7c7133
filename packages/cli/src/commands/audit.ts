// `audit verify`: reads the sealed blocks and the entries as the auditor and checks the chains with code that shares nothing with the sealer.
import { EXIT } from "@evergreen-fund/domain/errors.ts";
import { ANY_FUND, type Command, text } from "../command.ts";
import { facts } from "../output.ts";

import { readAudit } from "../reads/audit.ts";
import { findFund } from "../reads/funds.ts";

export const auditCommands: readonly Command[] = [
  {
    path: "audit verify",
    summary:
      "Recomputes the hash chains over the audit trail; fails when an entry was changed, is missing or stays unsealed",
    options: [ANY_FUND],
    examples: ["audit verify", "audit verify --fund KY1 --output-format json"],
    role: "audit_role",
    run: async (context, _args, options) => {
      const { verifyChain } = await import("../audit/verify-chain.ts");
      const session = await context.session("audit_role");
      const fund = text(options, "fund");
      const fundId = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
      const trail = await context.progress("Reading the audit trail", () => readAudit(session, fundId));
      const verdict = verifyChain(trail);
      return {
        json: verdict,
        text: facts([["Entries", String(verdict.entries)]]),
        ...(verdict.ok ? {} : { exit: EXIT.failed }),
      };
    },
  },
];
