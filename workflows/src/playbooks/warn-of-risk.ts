// LIQUIDITY_BREACH, DATA_DRIFT, DATA_QUALITY_FAILED: Risk Guardian tells the Commander and the portfolio manager. Nothing is acted on.
import type { PlaybookFunction } from "./playbook.ts";

export const warnOfRisk: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("alerting");
  const alert = await room("risk-guardian").alert(run);
  return { status: "completed", reason: `alert ${alert.severity}` };
};
