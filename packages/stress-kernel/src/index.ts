// The stress kernel's door: large runs of factor exposures on worker threads.
export { type Distribution, type StressRun, stressRun } from "./stress-run.ts";
