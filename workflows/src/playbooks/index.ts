// What the fund does: the playbook of each event that starts a run. The names are those of the event catalogue.
import type { CommanderPlaybook } from "@evergreen-fund/domain/events.ts";
import { deliverWebhooks } from "./deliver-webhooks.ts";
import { makeDocuments } from "./make-documents.ts";
import { onboardInvestor } from "./onboard-investor.ts";
import type { PlaybookFunction } from "./playbook.ts";
import { rebalance } from "./rebalance.ts";
import { refreshLists } from "./refresh-lists.ts";
import { rescreenParties } from "./rescreen-parties.ts";
import { runStress } from "./run-stress.ts";
import { screenParty } from "./screen-party.ts";
import { stressFund } from "./stress-fund.ts";
import { tokenize } from "./tokenize.ts";
import { warnOfRisk } from "./warn-of-risk.ts";

/** Those with a workflow of their own are not here: batch.ts, dealing-day.ts, restatement.ts. */
export const PLAYBOOK_TABLE: Record<CommanderPlaybook, PlaybookFunction> = {
  rebalance,
  "onboard-investor": onboardInvestor,
  "warn-of-risk": warnOfRisk,
  "stress-fund": stressFund,
  "run-stress": runStress,
  tokenize,
  "refresh-lists": refreshLists,
  "rescreen-parties": rescreenParties,
  "screen-party": screenParty,
  "deliver-webhooks": deliverWebhooks,
  "make-documents": makeDocuments,
};
