// Every command there is, in the order in which help and README show them.
import type { Command } from "./command.ts";
import { alertCommands } from "./commands/alerts.ts";
import { apiCommands } from "./commands/api.ts";
import { auditCommands } from "./commands/audit.ts";
import { backupCommands } from "./commands/backup.ts";
import { benchCommands } from "./commands/bench.ts";
import { breachCommands } from "./commands/breaches.ts";
import { calcCommands } from "./commands/calc.ts";
import { calendarCommands } from "./commands/calendar.ts";
import { caseCommands } from "./commands/cases.ts";
import { creditLineCommands } from "./commands/credit-lines.ts";
import { dealCommands } from "./commands/deal.ts";
import { dealLabCommands } from "./commands/deal-lab.ts";
import { dealingFactCommands } from "./commands/dealing-facts.ts";
import { esgCommands } from "./commands/esg.ts";
import { historyCommands } from "./commands/event-history.ts";
import { eventCommands } from "./commands/events.ts";
import { evidenceCommands } from "./commands/evidence.ts";
import { exportCommands } from "./commands/export.ts";
import { exportTableCommands } from "./commands/export-tables.ts";
import { feeCommands } from "./commands/fees.ts";
import { fundCommands } from "./commands/funds.ts";
import { importCommands } from "./commands/import.ts";
import { importFileCommands } from "./commands/import-files.ts";
import { incidentCommands } from "./commands/incident.ts";
import { kycCommands } from "./commands/kyc.ts";
import { labCommands } from "./commands/lab.ts";
import { listCommands } from "./commands/lists.ts";
import { lmtCommands } from "./commands/lmt.ts";
import { loginCommands } from "./commands/login.ts";
import { mandateCommands } from "./commands/mandate.ts";
import { marketCommands } from "./commands/market.ts";
import { markCommands } from "./commands/marks.ts";
import { mcpCommands } from "./commands/mcp.ts";
import { navCommands } from "./commands/nav.ts";
import { orderCommands } from "./commands/order.ts";
import { payoutCommands } from "./commands/payouts.ts";
import { performanceCommands } from "./commands/performance.ts";
import { poolCommands } from "./commands/pools.ts";
import { postingCommands } from "./commands/postings.ts";
import { proposalCommands } from "./commands/proposals.ts";
import { qualityCommands } from "./commands/quality.ts";
import { rebalanceCommands } from "./commands/rebalance.ts";
import { registerCommands } from "./commands/register-movements.ts";
import { restatementCommands } from "./commands/restatement.ts";
import { retentionCommands } from "./commands/retention.ts";
import { ruleCommands } from "./commands/rules.ts";
import { liveRuleCommands } from "./commands/rules-live.ts";
import { runCommands } from "./commands/runs.ts";
import { scenarioCommands } from "./commands/scenarios.ts";
import { scheduleCommands } from "./commands/schedules.ts";
import { screenCommands } from "./commands/screen.ts";
import { seriesCommands } from "./commands/series.ts";
import { snapshotCommands } from "./commands/snapshot.ts";
import { stackCommands } from "./commands/stack.ts";
import { statementCommands } from "./commands/statement.ts";
import { stressCommands } from "./commands/stress.ts";
import { subjectCommands } from "./commands/subject.ts";
import { termsCommands } from "./commands/terms.ts";
import { tokenCommands } from "./commands/token.ts";
import { userCommands } from "./commands/user.ts";
import { verifyCommands } from "./commands/verify.ts";
import { webhookCommands } from "./commands/webhooks.ts";

export const COMMANDS: readonly Command[] = [
  ...stackCommands,
  ...loginCommands,
  ...importCommands,
  ...registerCommands,
  ...importFileCommands,
  ...exportCommands,
  ...exportTableCommands,
  ...fundCommands,
  ...mandateCommands,
  ...rebalanceCommands,
  ...proposalCommands,
  ...statementCommands,
  ...performanceCommands,
  ...kycCommands,
  ...caseCommands,
  ...orderCommands,
  ...postingCommands,
  ...payoutCommands,
  ...dealCommands,
  ...dealLabCommands,
  ...dealingFactCommands,
  ...markCommands,
  ...listCommands,
  ...marketCommands,
  ...esgCommands,
  ...qualityCommands,
  ...navCommands,
  ...seriesCommands,
  ...restatementCommands,
  ...lmtCommands,
  ...creditLineCommands,
  ...poolCommands,
  ...webhookCommands,
  ...incidentCommands,
  ...feeCommands,
  ...termsCommands,
  ...verifyCommands,
  ...scenarioCommands,
  ...ruleCommands,
  ...liveRuleCommands,
  ...breachCommands,
  ...calendarCommands,
  ...stressCommands,
  ...labCommands,
  ...scheduleCommands,
  ...alertCommands,
  ...eventCommands,
  ...historyCommands,
  ...runCommands,
  ...auditCommands,
  ...evidenceCommands,
  ...snapshotCommands,
  ...retentionCommands,
  ...subjectCommands,
  ...backupCommands,
  ...screenCommands,
  ...calcCommands,
  ...benchCommands,
  ...apiCommands,
  ...tokenCommands,
  ...userCommands,
  ...mcpCommands,
];
