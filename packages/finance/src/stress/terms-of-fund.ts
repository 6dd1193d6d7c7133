// What a fund has agreed with its investors, its bank and its funds, as far as a stress run needs it: gate, notice, dealing costs, required cover, commitments.
// A body that cannot be read counts as none, and a note says so. Pure.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { CarryPolicy, DealingPolicy, GatePolicy, InvestorGatePolicy } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { fractionOf } from "../dealing/scaled.ts";
import { Fraction } from "../fees/fraction.ts";
import { Mandate } from "../mandate.ts";
import { BPS, decimal, type Exact, ONE, ZERO } from "../money.ts";
import { NonNegative } from "../parse.ts";
import type { FundBook } from "./book.ts";

const DEALINGS_A_QUARTER = {
  daily: 63,
  weekly: 13,
  biweekly: 6,
  monthly: 3,
  quarterly: 1,
  semiannual: 1,
  annual: 1,
} as const;
/** Calendar days of one day of notice: a week has five business days. */
const NOTICE_DAYS = { calendar: 1, business: 1.4 } as const;
const COVER = "1.2";
const HORIZON: Bucket = "30d";

const Tools = z.object({
  gate: GatePolicy.optional(),
  investorGate: InvestorGatePolicy.optional(),
  carry: CarryPolicy.default("auto_pari_passu"),
});
const Asked = z.object({
  liquidity: z.array(z.object({ horizon: z.enum(BUCKETS), cover: NonNegative.default(COVER) })).min(1),
});

export interface FundTerms {
  gate: z.output<typeof GatePolicy> | null;
  investorGate: z.output<typeof InvestorGatePolicy> | null;
  carry: z.output<typeof CarryPolicy>;
  /** Most that the gate lets out in a quarter and in a dealing period, as shares of NAV; null where no share is set. */
  gateShare: { quarter: string; dealing: string } | null;
  /** Days of notice for a redemption: the shortest of the classes; null where no class has terms. */
  noticeDays: number | null;
  /** Cover that is required at a horizon by the mandate (R38), 1.2 at 30 days where it asks for none. */
  required: readonly { bucket: Bucket; cover: string }[];
  /** Share of the value that a sale costs in ordinary times, by bucket; null without a mandate that has costs. */
  costs: ReadonlyMap<Bucket, Exact> | null;
  notes: string[];
}

/** The least quarter share that a gate allows: of its shares per dealing day times the dealings of a quarter, and per quarter. */
function gateShareOf(gate: z.output<typeof GatePolicy>, dealings: number): FundTerms["gateShare"] {
  const of = (text: string): Fraction => {
    const { num, den } = fractionOf(text, "gate");
    return Fraction.of(num, den);
  };
  const day = gate.share === undefined ? null : of(gate.share);
  const quarter = gate.quarterShare === undefined ? null : of(gate.quarterShare);
  if (day === null && quarter === null) return null;
  const byDays = day === null ? Fraction.ONE : Fraction.min(Fraction.ONE, day.times(Fraction.of(BigInt(dealings))));
  const least = quarter === null ? byDays : Fraction.min(byDays, quarter);
  return { quarter: least.ratioText(), dealing: (day ?? least).ratioText() };
}

/** Value-weighted sale cost of each bucket by the mandate's first row that fits. */
function costsOf(book: FundBook, mandate: Mandate): ReadonlyMap<Bucket, Exact> {
  const sums = new Map<Bucket, { value: Exact; cost: Exact }>();
  const fits = (pattern: string, value: string | null) => pattern === "*" || pattern === value;
  for (const asset of book.assets) {
    const value = decimal(asset.value);
    if (asset.type === "cash" || value.lte(0)) continue;
    const row = mandate.costs.find(
      (one) => fits(one.category, asset.category) && fits(one.issuerCategory, asset.issuerCategory),
    );
    const before = sums.get(asset.bucket) ?? { value: ZERO, cost: ZERO };
    sums.set(asset.bucket, {
      value: before.value.plus(value),
      cost: before.cost.plus(value.times(row?.sellBps ?? "0").div(BPS)),
    });
  }
  return new Map([...sums].map(([bucket, { value, cost }]) => [bucket, cost.div(value)]));
}

export function termsOfFund(book: FundBook): FundTerms {
  const notes: string[] = [];
  const tools = book.lmtPolicy === null ? undefined : Tools.safeParse(book.lmtPolicy.body);
  if (tools?.success === false) notes.push("The fund's liquidity tools cannot be read: no gate is taken.");
  const policies = book.dealingPolicies.flatMap(({ body }) => {
    const read = DealingPolicy.safeParse(body);
    if (!read.success) notes.push("The dealing terms of a class cannot be read: they are left out.");
    return read.success ? [read.data] : [];
  });
  const notices = policies.map(({ notice }) => Math.floor(notice.redemption.n * NOTICE_DAYS[notice.redemption.basis]));
  const dealings = Math.max(...policies.map(({ frequency }) => DEALINGS_A_QUARTER[frequency]), 1);
  const gate = tools?.data?.gate ?? null;
  const asked = Asked.safeParse(book.mandate?.body ?? {});
  const mandate = Mandate.safeParse(book.mandate?.body ?? {});
  return {
    gate,
    investorGate: tools?.data?.investorGate ?? null,
    carry: tools?.data?.carry ?? "auto_pari_passu",
    gateShare: gate === null ? null : gateShareOf(gate, dealings),
    noticeDays: notices.length === 0 ? null : Math.min(...notices),
    required: asked.success
      ? asked.data.liquidity.map(({ horizon, cover }) => ({ bucket: horizon, cover }))
      : [{ bucket: HORIZON, cover: COVER }],
    costs: mandate.success ? costsOf(book, mandate.data) : null,
    notes,
  };
}

/** 1 where nothing is known, so that a product with it changes nothing. */
export const orOne = (value: Exact | null): Exact => value ?? ONE;
