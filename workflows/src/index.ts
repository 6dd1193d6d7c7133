// The workflows Temporal knows, and nothing else: this file is what is bundled.
export { askForLists } from "./ask-for-lists.ts";
export { batch } from "./batch.ts";
export { commander } from "./commander.ts";
export { dealingDay } from "./dealing-day.ts";
export { openDealingDays } from "./open-dealing-days.ts";
export { openNightlyStress } from "./open-nightly-stress.ts";
export { reconcileTokens } from "./reconcile-tokens.ts";
export { rescreenList } from "./rescreen-list.ts";
export { restatement } from "./restatement.ts";
export { retireOldRows } from "./retire-old-rows.ts";
export { stressScenario } from "./stress-scenario.ts";
export { tickCalendar } from "./tick-calendar.ts";
export { tickKyc } from "./tick-kyc.ts";
