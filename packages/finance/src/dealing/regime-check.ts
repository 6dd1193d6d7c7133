// Holds a dealing policy and a tool policy against the limits of a regime pack: every limit that is broken, by id, with its source. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import {
  DealingPolicy,
  type Frequency,
  LmtPolicy,
  type PackLimit,
  RegimePack,
} from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { decimal } from "../money.ts";
import { parseInput } from "../parse.ts";
import { fractionOf, fractionText } from "./scaled.ts";

export const RegimeCheckInput = z.strictObject({
  pack: RegimePack,
  dealing: DealingPolicy,
  lmt: LmtPolicy,
});
export const RegimeCheckOutput = z.strictObject({
  pack: z.string(),
  holds: z.boolean(),
  checked: z.int(),
  breaches: z.array(
    z.strictObject({ id: z.string(), words: z.string(), found: z.string(), source: z.string(), evidence: z.string() }),
  ),
});

/** Dealing dates a year; daily counts business days. */
const PER_YEAR: Record<Frequency, string> = {
  daily: "250",
  weekly: "52",
  biweekly: "26",
  monthly: "12",
  quarterly: "4",
  semiannual: "2",
  annual: "1",
};

/** Quantities that limits speak of and no field holds. */
const DERIVED: Record<string, (dealing: DealingPolicy, lmt: LmtPolicy) => string | undefined> = {
  dealingsPerYear: ({ frequency }) => PER_YEAR[frequency],
  redemptionNoticeDays: ({ notice: { redemption } }) =>
    // a business day is at least a calendar day, so this never counts too many
    String(redemption.n),
  redemptionCharge: ({ lockUp }, { redemptionFee, levy }) => {
    const rates = [
      ...lockUp.softFees.map(({ rate }) => rate),
      ...(redemptionFee === undefined ? [] : [redemptionFee.rate]),
      ...(levy === undefined || levy.on === "subscriptions" ? [] : [levy.rate]),
    ];
    return rates
      .map((rate) => decimal(fractionText(fractionOf(rate, "rate"))))
      .reduce((a, b) => (a.gt(b) ? a : b), decimal("0"))
      .toFixed();
  },
  selectedTools: (_dealing, { tools }) => String(tools.length),
};

/** Every limit of the pack on the two policies. Errors: EG400 for malformed input or a limit on a field that does not exist. */
export function regimeCheck(input: z.input<typeof RegimeCheckInput>): z.infer<typeof RegimeCheckOutput> {
  const { pack, dealing, lmt } = parseInput(RegimeCheckInput, input);
  const breaches = pack.limits.flatMap((limit) => {
    const found = fieldOf(limit.field, dealing, lmt);
    return keeps(limit, found)
      ? []
      : [
          {
            id: limit.id,
            words: limit.words,
            found: found ?? "absent",
            source: limit.source,
            evidence: limit.evidence,
          },
        ];
  });
  return { pack: pack.pack, holds: breaches.length === 0, checked: pack.limits.length, breaches };
}

function fieldOf(field: string, dealing: DealingPolicy, lmt: LmtPolicy): string | undefined {
  const [root = "", ...path] = field.split(".");
  if (root === "derived") {
    const derive = DERIVED[path.join(".")];
    if (derive === undefined)
      throw new EvergreenError("EG400", `limits: there is no derived quantity ${path.join(".")}.`);
    return derive(dealing, lmt);
  }
  let value: unknown = root === "dealing" ? dealing : lmt;
  for (const key of path)
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
  if (value === undefined || value === null) return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A number for comparison; a share such as 1/3 as its decimal. */
const numberOf = (text: string) => decimal(text.includes("/") ? fractionText(fractionOf(text, "limits")) : text);

/** An absent field keeps every limit but `present`, `eq` and `in`: what is not used breaks no bound. */
function keeps({ op, value, id }: PackLimit, found: string | undefined): boolean {
  if (op === "present") return found !== undefined;
  if (op === "absent") return found === undefined;
  if (op === "in") return found !== undefined && Array.isArray(value) && value.includes(found);
  if (typeof value !== "string") throw new EvergreenError("EG400", `limits: ${id} has no value to compare with.`);
  if (op === "eq") return found === value;
  if (found === undefined) return true;
  const order = numberOf(found).cmp(numberOf(value));
  return op === "gte" ? order >= 0 : order <= 0;
}
