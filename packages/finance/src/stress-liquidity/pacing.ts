// What commitments will call and distribute, period by period, plain or under stress (Takahashi and Alexander; R36). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId, decimal, type Exact, ONE, ratioText, ZERO } from "../money.ts";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { callShare, distributionRate, PacingTerms, pacingShape } from "./pacing-shape.ts";

const Commitment = PacingTerms.extend({
  id: Name,
  commitment: NonNegative,
  /** Called so far (PIC); recalled distributions count in it. */
  paidIn: NonNegative.default("0"),
  /** Value today. */
  nav: NonNegative.default("0"),
  /** Periods that have passed since the commitment. */
  age: z.int().min(0).max(60).default(0),
  /** B, or the multiple from which it is sought. */
  shape: NonNegative.optional(),
  multiple: NonNegative.optional(),
});

export const PacingInput = z.strictObject({
  commitments: z.array(Commitment).max(5_000),
  /** Periods to project; left out, until the last commitment ends. */
  periods: z.int().min(1).max(60).optional(),
  stress: z
    .strictObject({
      /** Factor on every call, never above what is left to call: "1.2" is a fifth more. */
      calls: NonNegative.default("1"),
      /** Factor on every distribution, at most 1: "0.3" is 70 % less. What is not distributed stays and grows. */
      distributions: Share.default("1"),
      /** Shock to the values today: "0.25" takes a quarter off. */
      value: Share.default("0"),
      /** Periods for which the factors hold; left out, all. */
      periods: z.int().min(0).max(60).optional(),
    })
    .default({ calls: "1", distributions: "1", value: "0" }),
  /** NAV of the fund, for the over-commitment ratio. */
  fundNav: NonNegative.optional(),
});
export const PacingOutput = z.strictObject({
  commitments: z.array(
    z.strictObject({
      id: z.string(),
      shape: z.string(),
      /** Commitment less what is paid in, today. */
      unfunded: z.string(),
      /** (distributions to come + value left) / (value today + calls to come); null when both are zero. */
      multipleToCome: z.string().nullable(),
    }),
  ),
  periods: z.array(
    z.strictObject({
      period: z.int(),
      calls: z.string(),
      distributions: z.string(),
      /** distributions − calls. */
      net: z.string(),
      nav: z.string(),
      unfunded: z.string(),
    }),
  ),
  unfunded: z.string(),
  /** (value + unfunded) / NAV of the fund, today; null without one. */
  overCommitment: z.string().nullable(),
});
type Facts = z.output<typeof PacingInput>;
type State = {
  terms: z.output<typeof Commitment>;
  shape: string;
  nav: Exact;
  paidIn: Exact;
  calls: Exact;
  distributions: Exact;
};

/**
 * R36 from today on: C_t = RC_t·(CC − PIC), D_t = max(Y, (t/L)^B)·NAV_{t−1}·(1 + G), NAV_t = NAV_{t−1}·(1 + G) + C_t − D_t for each commitment at its own age;
 * after L nothing is called and the whole value is distributed. Stress multiplies C (not above CC − PIC) and D. Money in the unit of the input, in exact decimals,
 * printed HALF_UP at 18. Errors: EG427 where a multiple has no B (R36 rejects beyond 0.1 %); EG400 for a commitment with neither B nor multiple, or
 * with more paid in than committed; EG413.
 */
export function commitmentPacing(input: z.input<typeof PacingInput>): z.infer<typeof PacingOutput> {
  const facts = parseInput(PacingInput, input);
  refuseRepeats("commitments", facts.commitments);
  const states = [...facts.commitments].sort((a, b) => byId(a.id, b.id)).map((terms) => opened(terms, facts));
  const nav = sum(states, (state) => state.nav);
  const unfunded = sum(states, unfundedOf);
  const starts = states.map((state) => ({ nav: state.nav, unfunded: unfundedOf(state) }));
  const ends = states.map(({ terms }) => terms.lifetime - terms.age);
  const count = facts.periods ?? Math.max(1, ...ends);
  const periods = Array.from({ length: count }, (_, index) => {
    const steps = states.map((state) => step(state, index + 1, facts));
    const calls = sum(steps, ({ call }) => call);
    const distributions = sum(steps, ({ out }) => out);
    return {
      period: index + 1,
      calls: ratioText(calls),
      distributions: ratioText(distributions),
      net: ratioText(distributions.minus(calls)),
      nav: ratioText(sum(states, (state) => state.nav)),
      unfunded: ratioText(sum(states, unfundedOf)),
    };
  });
  const fundNav = facts.fundNav === undefined ? null : decimal(facts.fundNav);
  return {
    commitments: states.map((state, position) => {
      const paid = starts[position]!.nav.plus(state.calls);
      return {
        id: state.terms.id,
        shape: state.shape,
        unfunded: ratioText(starts[position]!.unfunded),
        multipleToCome: paid.isZero() ? null : ratioText(state.distributions.plus(state.nav).div(paid)),
      };
    }),
    periods,
    unfunded: ratioText(unfunded),
    overCommitment: fundNav === null || fundNav.isZero() ? null : ratioText(nav.plus(unfunded).div(fundNav)),
  };
}

function opened(terms: z.output<typeof Commitment>, facts: Facts): State {
  const paidIn = decimal(terms.paidIn);
  if (paidIn.gt(terms.commitment))
    throw new EvergreenError("EG400", `commitments: ${terms.id} has more paid in than was committed.`);
  if (terms.shape === undefined && terms.multiple === undefined)
    throw new EvergreenError("EG400", `commitments: ${terms.id} names neither a shape nor a multiple.`);
  const { calls, growth, lifetime, multiple, shape } = terms;
  const found =
    multiple === undefined
      ? (shape as string)
      : pacingShape({ calls, growth, lifetime, yield: terms.yield, multiple, shape }).shape;
  const nav = decimal(terms.nav).times(ONE.minus(facts.stress.value));
  return { terms, shape: found, nav, paidIn, calls: ZERO, distributions: ZERO };
}

const unfundedOf = ({ terms, paidIn }: State): Exact => decimal(terms.commitment).minus(paidIn);

/** One period of one commitment; `period` counts from today. */
function step(state: State, period: number, { stress }: Facts): { call: Exact; out: Exact } {
  const { terms } = state;
  const age = terms.age + period;
  const stressed = stress.periods === undefined || period <= stress.periods;
  const left = unfundedOf(state);
  const planned = age > terms.lifetime ? ZERO : left.times(callShare(terms, age));
  const wanted = stressed ? planned.times(stress.calls) : planned;
  const call = wanted.gt(left) ? left : wanted;
  const value = state.nav.times(ONE.plus(terms.growth));
  const out = value.times(distributionRate(terms, state.shape, age)).times(stressed ? stress.distributions : "1");
  state.nav = value.plus(call).minus(out);
  state.paidIn = state.paidIn.plus(call);
  state.calls = state.calls.plus(call);
  state.distributions = state.distributions.plus(out);
  return { call, out };
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => Exact): Exact {
  return rows.reduce((total, row) => total.plus(of(row)), ZERO);
}
