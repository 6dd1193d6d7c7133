// Compliance rules as data: read a pack, compile it, judge by it, compare a draft with what is live. Pure: no clock, no files, no network.
export {
  type Calendar,
  type CalendarEntry,
  everyMonthsOf,
  type FundDays,
  firstDueOn,
  readCalendar,
} from "./calendar.ts";
export type { Node } from "./compile.ts";
export { type Condition, OPERATORS, type Problem } from "./condition.ts";
export { type ExampleResult, runExamples } from "./examples.ts";
export { FACTS, type Facts, LISTS, SUBJECTS, type Subject } from "./facts.ts";
export {
  type CompiledPack,
  compilePack,
  isInForce,
  type Judgement,
  type Judging,
  type RuleState,
  type RuleVerdict,
} from "./judge.ts";
export { LONGEST_PACK, type PackFile, readPackText } from "./pack-text.ts";
export { type Answers, answerTests, type PersonFacts, personalTests } from "./personal-tests.ts";
export { OUTCOMES, type Outcome, type Rule, type RulePack, readPack, worstOutcome } from "./rule-pack.ts";
export { type Difference, differenceOf, type Pair } from "./shadow.ts";
export { compileToken, liveLimits, SIDES, type TokenLimits, type TokenParameters } from "./token-parameters.ts";
