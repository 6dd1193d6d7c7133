// STRESS_REQUESTED: what the fund loses under a rate shift, by its reported sensitivities.
import type { PlaybookFunction } from "./playbook.ts";

export const stressFund: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("stressing");
  const { outcome, reason } = await room("simulation").stress(run);
  return { status: outcome, reason };
};
