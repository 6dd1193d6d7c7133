// What a fund's own tools could do about cover that is too little: amounts that restore it, each with its arithmetic, the mildest first (R33; R6, R9c). Pure; it proposes and
// decides nothing.
import { BUCKET_DAYS, BUCKETS, type Bucket, CurrencyCode } from "@evergreen-fund/domain";
import { LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { decimal, type Exact, fromMinor, groupedText, ratioText, roundToMinor, ZERO } from "../money.ts";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { liquidate } from "./liquidation.ts";
import {
  gateRemedy,
  inKindRemedy,
  noticeRemedy,
  percentDown,
  type Relief,
  suspensionRemedy,
  toolsWithoutRelief,
  type Without,
} from "./remedy-tools.ts";

export const RemedyInput = z.strictObject({
  currency: CurrencyCode,
  nav: NonNegative,
  /** By its end cover is too little, or will be. */
  bucket: z.enum(BUCKETS),
  required: NonNegative,
  /** What is there by the end of the bucket, and what is due by then. */
  assets: NonNegative,
  liabilities: NonNegative,
  /** Of what is due: redemptions still to be asked for, and those that were accepted. The rest (calls, debt, margin) no tool holds back. */
  redemptions: NonNegative,
  accepted: NonNegative.default("0"),
  /** What the fund could begin to sell today; only what is cash later than the bucket adds to its cover. */
  sleeves: z
    .array(
      z.strictObject({
        id: Name,
        bucket: z.enum(BUCKETS),
        /** Value today. */
        value: NonNegative,
        /** Share of it that a sale loses. */
        cost: Share.default("0"),
      }),
    )
    .max(20_000),
  /** Undrawn part of the credit facility; left out: the fund has none on record. */
  facility: z.strictObject({ undrawn: NonNegative }).optional(),
  /** The tools in force; left out: the fund has no policy. */
  policy: LmtPolicy.optional(),
  /** Notice of a redemption today, in days. */
  noticeDays: z.int().min(0).max(1_000).default(0),
  /** Calls by the end of the bucket on commitments that are not made yet. */
  newCommitments: NonNegative.default("0"),
});
export type RemedyFacts = z.output<typeof RemedyInput>;

/** In the order in which they are proposed: what costs investors nothing, then what makes them wait, then what is for exceptional circumstances. */
export const REMEDIES = [
  "stop_commitments",
  "sell_waterfall",
  "sell_slice",
  "draw_facility",
  "extend_notice",
  "gate",
  "in_kind",
  "suspend",
] as const;
export type RemedyKind = (typeof REMEDIES)[number];

export const RemedyOption = z.strictObject({
  rank: z.int(),
  kind: z.enum(REMEDIES),
  /** Money it brings by the end of the bucket, or holds back. */
  amount: z.string(),
  side: z.enum(["assets", "liabilities"]),
  /** What it costs the fund; null where that is not known. */
  cost: z.string().nullable(),
  /** Cover with it alone; null where nothing is left to be paid. */
  coverAfter: z.string().nullable(),
  /** It alone restores the cover. */
  restores: z.boolean(),
  /** Days until the money is there, where it begins today; null where that says nothing. */
  withinDays: z.int().nullable(),
  words: z.string(),
  /** How the numbers come about. */
  arithmetic: z.array(z.string()),
});
export type RemedyOption = z.infer<typeof RemedyOption>;
export const RemedyOutput = z.strictObject({
  currency: z.string(),
  bucket: z.enum(BUCKETS),
  required: z.string(),
  cover: z.string().nullable(),
  /** Assets that are missing by the end of the bucket: required × liabilities − assets; or liabilities that would have to wait. */
  missingAssets: z.string(),
  excessLiabilities: z.string().nullable(),
  options: z.array(RemedyOption),
  /** Kinds that together restore the cover, from the top; empty where nothing is missing or all of it is not enough. */
  plan: z.array(z.enum(REMEDIES)),
  /** What the fund has not, or has and does not move cover, and why. */
  without: z.array(z.strictObject({ tool: z.string(), words: z.string() })),
});

/**
 * Options that alone restore cover come first, each group in the order of REMEDIES. missing = required·L − A, rounded up to the minor unit; excess = L − A/required, rounded up.
 * Sales: of what is cash only after the bucket and within a year, at today's value less the cost of its sale (R33: waterfall, slice); begun today, they are cash within the days of
 * the slowest bucket sold. Gate: what the policy's caps hold back of all redemptions of one date (R6), never less than its threshold is paid. Notice: what is not accepted yet leaves
 * the bucket where the longest permitted notice outlasts it. Cover = (A + amount)/L, or A/(L − amount), compared exactly, printed HALF_UP at 18 decimals. Money in the fund's
 * currency. Errors: EG400.
 */
export function liquidityRemedy(input: z.input<typeof RemedyInput>): z.infer<typeof RemedyOutput> {
  const facts = parseInput(RemedyInput, input);
  refuseRepeats("sleeves", facts.sleeves);
  const need = needOf(facts);
  const without: { tool: string; words: string }[] = [];
  const reliefs = need.missing.isZero()
    ? []
    : [
        stopCommitments(facts),
        ...sales(facts, need),
        draw(facts, need),
        noticeRemedy(facts, need),
        gateRemedy(facts, need),
        inKindRemedy(facts, need),
        suspensionRemedy(facts, need),
      ];
  const options: Omit<RemedyOption, "rank">[] = [];
  for (const relief of reliefs)
    if ("why" in relief) without.push({ tool: relief.kind, words: relief.why });
    else options.push(optionOf(facts, relief));
  if (!need.missing.isZero()) without.push(...toolsWithoutRelief(facts));
  const ranked = [...options]
    .sort((a, b) => Number(b.restores) - Number(a.restores) || placeOf(a.kind) - placeOf(b.kind))
    .map((option, at) => ({ rank: at + 1, ...option }));
  return {
    currency: facts.currency,
    bucket: facts.bucket,
    required: facts.required,
    cover: coverText(decimal(facts.assets), decimal(facts.liabilities)),
    missingAssets: need.text(need.missing),
    excessLiabilities: need.excess && need.text(need.excess),
    options: ranked,
    plan: planOf(facts, ranked),
    without,
  };
}

export interface Need {
  /** In whole minor units: enough, and not one more. */
  readonly missing: Exact;
  /** Null where nothing is required of what is due: no wait would help. */
  readonly excess: Exact | null;
  readonly text: (amount: Exact) => string;
}

function needOf({ currency, required, assets, liabilities }: RemedyFacts): Need {
  const text = (amount: Exact): string => fromMinor(roundToMinor(amount, currency), currency);
  const up = (amount: Exact): Exact =>
    amount.gt(0) ? decimal(fromMinor(roundToMinor(amount, currency, "ceil"), currency)) : ZERO;
  const missing = up(decimal(required).times(liabilities).minus(assets));
  const excess = decimal(required).isZero()
    ? null
    : up(decimal(liabilities).minus(decimal(assets).div(decimal(required))));
  return { missing, excess, text };
}

const placeOf = (kind: RemedyKind): number => REMEDIES.indexOf(kind);

function coverText(assets: Exact, liabilities: Exact): string | null {
  return liabilities.isZero() ? null : ratioText(assets.div(liabilities));
}

/** A and L with some reliefs together; what is held back is never more than what is due. */
function sidesWith(
  facts: RemedyFacts,
  reliefs: readonly { side: "assets" | "liabilities"; amount: string }[],
): [assets: Exact, liabilities: Exact] {
  const total = (side: "assets" | "liabilities"): Exact =>
    reliefs.filter((relief) => relief.side === side).reduce((sum, { amount }) => sum.plus(amount), ZERO);
  const due = decimal(facts.liabilities).minus(total("liabilities"));
  return [decimal(facts.assets).plus(total("assets")), due.lt(0) ? ZERO : due];
}

function holds(facts: RemedyFacts, [assets, liabilities]: [Exact, Exact]): boolean {
  return assets.gte(liabilities.times(facts.required));
}

function optionOf(facts: RemedyFacts, relief: Relief): Omit<RemedyOption, "rank"> {
  const sides = sidesWith(facts, [relief]);
  return { ...relief, coverAfter: coverText(...sides), restores: holds(facts, sides) };
}

/** One of a kind that do the same: the two ways to sell, and the tools that hold the same redemptions back. */
const SAME: Partial<Record<RemedyKind, string>> = {
  sell_waterfall: "sell",
  sell_slice: "sell",
  extend_notice: "hold",
  gate: "hold",
  in_kind: "hold",
  suspend: "hold",
};

function planOf(facts: RemedyFacts, ranked: readonly RemedyOption[]): RemedyKind[] {
  const first = ranked[0];
  if (first?.restores) return [first.kind];
  const used = new Set<string>();
  const taken: RemedyOption[] = [];
  for (const option of [...ranked].sort((a, b) => placeOf(a.kind) - placeOf(b.kind))) {
    const group = SAME[option.kind] ?? option.kind;
    if (used.has(group) || decimal(option.amount).isZero()) continue;
    used.add(group);
    taken.push(option);
    if (holds(facts, sidesWith(facts, taken))) return taken.map(({ kind }) => kind);
  }
  return [];
}

function stopCommitments({ newCommitments, bucket }: RemedyFacts): Relief | Without {
  if (decimal(newCommitments).isZero())
    return {
      kind: "stop_commitments",
      why: `No calls are expected by ${bucket} on commitments that are not made yet.`,
    };
  return {
    kind: "stop_commitments",
    amount: newCommitments,
    side: "liabilities",
    cost: "0",
    withinDays: null,
    words: `Make no new commitments: ${groupedText(newCommitments)} of calls by ${bucket} do not come.`,
    arithmetic: [`calls on commitments not made yet by ${bucket} = ${newCommitments}`],
  };
}

function sales(facts: RemedyFacts, need: Need): (Relief | Without)[] {
  const beyond = BUCKETS.indexOf(facts.bucket);
  const later = facts.sleeves.filter(
    ({ bucket, value }) => BUCKETS.indexOf(bucket) > beyond && bucket !== "gt365d" && decimal(value).gt(0),
  );
  return (["waterfall", "slice"] as const).map((method) => {
    const kind = `sell_${method}` as const;
    if (later.length === 0)
      return { kind, why: `The fund holds nothing that is cash after ${facts.bucket} and within a year.` };
    const sold = liquidate({
      method,
      demand: need.missing.toFixed(),
      positions: later.map(({ id, value, cost, bucket }) => ({ id, value, haircut: cost, shares: { [bucket]: "1" } })),
    });
    const bucketOf = new Map(later.map(({ id, bucket }) => [id, bucket]));
    const parts = sold.positions.filter(({ sold: amount }) => decimal(amount).gt(0));
    const slowest = parts
      .map(({ id }) => bucketOf.get(id) as Bucket)
      .reduce((a, b) => (BUCKETS.indexOf(a) > BUCKETS.indexOf(b) ? a : b), facts.bucket);
    const names = parts
      .slice(0, 5)
      .map(({ id, sold: amount }) => `${groupedText(need.text(decimal(amount)))} of ${id} (${bucketOf.get(id)})`);
    const more = parts.length > 5 ? ` and ${parts.length - 5} more` : "";
    const share = sold.slice === null ? "" : `, ${percentDown(decimal(sold.slice))} of each`;
    // rounding down: what is said to be raised is there
    const raised = fromMinor(roundToMinor(decimal(sold.raised), facts.currency, "floor"), facts.currency);
    return {
      kind,
      amount: decimal(sold.shortfall).isZero() ? need.text(need.missing) : raised,
      side: "assets",
      cost: need.text(decimal(sold.cost)),
      withinDays: BUCKET_DAYS[slowest],
      words: `Sell ${names.join(", ")}${more}${share}; begun today it is cash within ${BUCKET_DAYS[slowest]} days.`,
      arithmetic: [
        `missing = ${facts.required} × ${facts.liabilities} − ${facts.assets} = ${need.text(need.missing)}`,
        `raised = sold ${need.text(decimal(sold.raised).plus(sold.cost))} − cost ${need.text(decimal(sold.cost))} = ${need.text(decimal(sold.raised))}`,
        ...(decimal(sold.shortfall).isZero() ? [] : [`still missing = ${need.text(decimal(sold.shortfall))}`]),
      ],
    } as const;
  });
}

function draw(facts: RemedyFacts, need: Need): Relief | Without {
  const kind = "draw_facility";
  if (facts.facility === undefined) return { kind, why: "The fund has no credit facility on record." };
  const undrawn = decimal(facts.facility.undrawn);
  if (undrawn.isZero())
    return {
      kind,
      why: "Nothing of the credit facility can be drawn: it is drawn in full, withdrawn, or ends too soon.",
    };
  const amount = undrawn.lt(need.missing) ? undrawn : need.missing;
  return {
    kind,
    amount: need.text(amount),
    side: "assets",
    cost: null,
    withinDays: null,
    words: `Draw ${groupedText(need.text(amount))} of the credit facility; it is a liability of a later bucket.`,
    arithmetic: [
      `drawn = min(undrawn ${need.text(undrawn)}, missing ${need.text(need.missing)}) = ${need.text(amount)}`,
    ],
  };
}
