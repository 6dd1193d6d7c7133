// Whether a fund's programme of stress tests is complete, and which of its tests and reports are due (R34). Pure; the day is an argument.
import {
  type Frequency,
  IsoDate,
  STRESS_KINDS,
  STRESS_SIDES,
  StressProgramme,
} from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { addDays, addMonths } from "../dealing/calendar.ts";
import { Name, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";

export const ProgrammeVerdictInput = z.strictObject({
  programme: StressProgramme,
  launchedOn: IsoDate,
  /** Days on which the fund changed in what matters. */
  changes: z.array(IsoDate).max(10_000).default([]),
  today: IsoDate,
  runs: z
    .array(
      z.strictObject({
        id: Name,
        date: IsoDate,
        kind: z.enum(STRESS_KINDS),
        side: z.enum(STRESS_SIDES),
        /** When the board had it. */
        reportedOn: IsoDate.optional(),
        /** What followed from it. */
        followUpId: Name.optional(),
      }),
    )
    .max(100_000)
    .default([]),
});
export const ProgrammeVerdictOutput = z.strictObject({
  /** The programme has all three kinds, all three sides, launch, change and follow-up. */
  complete: z.boolean(),
  /** Complete, and nothing is late. */
  holds: z.boolean(),
  problems: z.array(z.strictObject({ code: z.string(), words: z.string() })),
  /** Per kind and side of the programme: the last test, and the day by which the next one has to be done. */
  tests: z.array(
    z.strictObject({
      kind: z.enum(STRESS_KINDS),
      side: z.enum(STRESS_SIDES),
      lastOn: z.string().nullable(),
      dueBy: z.string(),
      late: z.boolean(),
    }),
  ),
  /** Runs that the board should have had by today, or had without what follows from them. */
  unreported: z.array(z.string()),
});
type Facts = z.output<typeof ProgrammeVerdictInput>;

/** The day by which a test of `date` has to be repeated. */
const NEXT: Record<Frequency, (date: string) => string> = {
  daily: (date) => addDays(date, 1),
  weekly: (date) => addDays(date, 7),
  biweekly: (date) => addDays(date, 14),
  monthly: (date) => addMonths(date, 1),
  quarterly: (date) => addMonths(date, 3),
  semiannual: (date) => addMonths(date, 6),
  annual: (date) => addMonths(date, 12),
};

/**
 * R34. A test is due one period after the last one, at launch where there is none, and on the day of a material change when that is earlier and nothing was tested since.
 * Every frequency a programme can name is at least annual. A run is due at the board `withinDays` after its date. Days are calendar days; due today is not late. Runs
 * after `today` do not count. Problems: `missing_kind:…`, `missing_side:…`, `not_at_launch`, `not_on_change`, `no_follow_up`. Errors: EG400.
 */
export function programmeVerdict(input: z.input<typeof ProgrammeVerdictInput>): z.infer<typeof ProgrammeVerdictOutput> {
  const facts = parseInput(ProgrammeVerdictInput, input);
  refuseRepeats("runs", facts.runs);
  const { programme, today } = facts;
  const problems = [
    ...STRESS_KINDS.filter((kind) => !programme.kinds.includes(kind)).map((kind) => ({
      code: `missing_kind:${kind}`,
      words: `The programme has no ${kind} tests.`,
    })),
    ...STRESS_SIDES.filter((side) => !programme.sides.includes(side)).map((side) => ({
      code: `missing_side:${side}`,
      words: side === "combined" ? "Assets and liabilities are not tested together." : `The ${side} are not tested.`,
    })),
    ...(programme.atLaunch ? [] : [{ code: "not_at_launch", words: "Nothing is tested at launch." }]),
    ...(programme.onMaterialChange ? [] : [{ code: "not_on_change", words: "A material change brings no test." }]),
    ...(programme.board.followUp
      ? []
      : [{ code: "no_follow_up", words: "Results go to the board without what follows." }]),
  ];
  const done = facts.runs.filter(({ date }) => date <= today);
  const tests = programme.kinds.flatMap((kind) =>
    programme.sides.map((side) => {
      const dates = done.filter((run) => run.kind === kind && run.side === side).map(({ date }) => date);
      const lastOn = dates.sort().at(-1) ?? null;
      const dueBy = dueOn(facts, lastOn);
      return { kind, side, lastOn, dueBy, late: dueBy < today };
    }),
  );
  const unreported = done
    .filter(({ date, reportedOn, followUpId }) => {
      if (addDays(date, programme.board.withinDays) >= today) return false;
      return reportedOn === undefined || (programme.board.followUp && followUpId === undefined);
    })
    .map(({ id }) => id)
    .sort();
  const complete = problems.length === 0;
  return {
    complete,
    holds: complete && unreported.length === 0 && tests.every(({ late }) => !late),
    problems,
    tests,
    unreported,
  };
}

function dueOn({ programme, launchedOn, changes, today }: Facts, lastOn: string | null): string {
  const next = NEXT[programme.frequency];
  const regular = lastOn !== null ? next(lastOn) : programme.atLaunch ? launchedOn : next(launchedOn);
  if (!programme.onMaterialChange) return regular;
  const untested = changes.filter((date) => date <= today && (lastOn === null || date > lastOn)).sort();
  return [regular, ...untested].sort()[0] as string;
}
