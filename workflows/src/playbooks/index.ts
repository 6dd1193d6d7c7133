// What the fund does: the playbook of each event that starts a run. The names are those of the event catalogue.
import type { Playbook } from "@evergreen-fund/domain/events.ts";
import { onboardInvestor } from "./onboard-investor.ts";
import type { PlaybookFunction } from "./playbook.ts";
import { rebalance } from "./rebalance.ts";
import { stressFund } from "./stress-fund.ts";
import { tokenize } from "./tokenize.ts";
import { warnOfRisk } from "./warn-of-risk.ts";

/** `intake-orders` is a batch: it has a workflow of its own (batch.ts). */
export const PLAYBOOK_TABLE: Record<Exclude<Playbook, "intake-orders">, PlaybookFunction> = {
  rebalance,
  "onboard-investor": onboardInvestor,
  "warn-of-risk": warnOfRisk,
  "stress-fund": stressFund,
  tokenize,
};
