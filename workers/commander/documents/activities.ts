// The files of a statement: drawn from its row, kept once, and their hash recorded. Whoever dies in between finds them there the next time.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import { StatementBody } from "@evergreen-fund/finance/statement/statement-body.ts";
import type { House } from "../../rooms.ts";
import { readStatement } from "./facts.ts";

export const documentActions = (house: House): Pick<RoomActions<"commander">, "makeDocuments"> => ({
  makeDocuments: async (context, { eventId }) => {
    const { fundId, investorId, ...row } = await context.facts((tx) => readStatement(tx, eventId));
    const statement = { ...row, body: StatementBody.parse(row.body) };
    return context.record(async (rpc) => {
      const { hash, files } = await house.statements.keep(fundId, statement);
      await rpc("fn_record_event", {
        type: "STATEMENT_DOCUMENTS_KEPT",
        payload: { statement_id: statement.statementId, hash, files },
        source: "agent:commander",
        workflow_id: context.workflowId,
        fund_id: fundId,
        investor_ids: [investorId],
      });
      return { files };
    });
  },
});
