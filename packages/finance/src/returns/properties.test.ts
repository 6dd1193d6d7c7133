// Properties of R41 and R43 to R46 over 10,000 random histories each, against fractions of whole numbers that share nothing with the code under test.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { directAlpha, ksPme, pmePlus } from "./market-equivalent.ts";
import { modifiedDietz } from "./modified-dietz.ts";
import { fundMultiples } from "./multiples.ts";
import { performance } from "./performance.ts";
import { timeWeightedReturn } from "./time-weighted.ts";
import { xirr } from "./xirr.ts";

const RUNS = { numRuns: 10_000 } as const;
const LONG = 240_000;
const ONE = 10n ** 18n;
const START = Date.UTC(2020, 0, 1);
const dateOf = (day: number): string => new Date(START + day * 86_400_000).toISOString().slice(0, 10);
/** Cents as money. */
const money = (cents: bigint): string =>
  `${cents < 0n ? "-" : ""}${(cents < 0n ? -cents : cents) / 100n}.${String((cents < 0n ? -cents : cents) % 100n).padStart(2, "0")}`;
/** n / d, HALF_UP at 18 decimals, as the figures are printed. */
const ratio = (n: bigint, d: bigint): string => {
  const [top, below] = d < 0n ? [-n, -d] : [n, d];
  const size = ((top < 0n ? -top : top) * ONE * 2n + below) / (below * 2n);
  const text = `${size / ONE}.${String(size % ONE).padStart(18, "0")}`.replace(/\.?0+$/, "");
  return top < 0n && size > 0n ? `-${text}` : text;
};
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

const cents = fc.bigInt({ min: 0n, max: 10n ** 12n });
const KINDS = ["contribution", "distribution", "recalled_distribution"] as const;
const fundFlow = fc.record({ day: fc.integer({ min: 0, max: 2_000 }), kind: fc.constantFrom(...KINDS), amount: cents });
const flowsOf = (rows: readonly { day: number; kind: (typeof KINDS)[number]; amount: bigint }[]) =>
  rows.map(({ day, kind, amount }) => ({ date: dateOf(day), kind, amount: money(amount) }));
const END = dateOf(2_000);
const basis = { fees: "net", subscriptionLine: "none", staleShare: null } as const;

describe("R41", () => {
  it("R41 for any flows: each multiple is the quotient of its sums, in any order", { timeout: LONG }, () => {
    fc.assert(
      fc.property(fc.array(fundFlow, { maxLength: 12 }), cents, cents, (rows, nav, committed) => {
        const of = (kind: string) => sum(rows.filter((row) => row.kind === kind).map(({ amount }) => amount));
        const distributed = of("distribution");
        const paidIn = of("contribution") + of("recalled_distribution");
        const input = { nav: { date: END, value: money(nav) }, committed: money(committed), basis };
        const found = fundMultiples({ ...input, flows: flowsOf(rows) });
        expect(fundMultiples({ ...input, flows: flowsOf([...rows].reverse()) })).toEqual(found);
        expect(found).toMatchObject({
          dpi: paidIn === 0n ? null : ratio(distributed, paidIn),
          rvpi: paidIn === 0n ? null : ratio(nav, paidIn),
          tvpi: paidIn === 0n ? null : ratio(distributed + nav, paidIn),
          picMultiple: committed === 0n ? null : ratio(paidIn, committed),
        });
      }),
      RUNS,
    );
  });
});

describe("R43", () => {
  const step = fc.record({
    price: fc.bigInt({ min: 1n, max: 10_000n }),
    units: fc.bigInt({ min: 1n, max: 10_000n }),
    days: fc.integer({ min: 1, max: 300 }),
  });
  it("R43 for any flows: money in and out does not move it, only the price of a unit does", { timeout: LONG }, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 10 }), (steps) => {
        let day = 0;
        const days = steps.map(({ days: gap }) => (day += gap));
        const at = (i: number) => steps[i] as (typeof steps)[number];
        const last = steps.length - 1;
        const worth = (units: bigint, price: bigint): string => money(units * price);
        const flows = steps.slice(1, last).map(({ price, units }, i) => ({
          date: dateOf(days[i + 1] as number),
          valueBefore: worth(at(i).units, price),
          amount: worth(units - at(i).units, price),
        }));
        const found = timeWeightedReturn({
          opening: { date: dateOf(days[0] as number), value: worth(at(0).units, at(0).price) },
          flows,
          closing: { date: dateOf(days[last] as number), value: worth(at(last - 1).units, at(last).price) },
          basis,
        });
        expect(found.cumulative).toBe(ratio(at(last).price - at(0).price, at(0).price));
        expect(found.periods).toHaveLength(last);
      }),
      RUNS,
    );
  });
});

describe("R44", () => {
  const flow = fc.record({
    day: fc.integer({ min: 0, max: 400 }),
    amount: fc.bigInt({ min: -(10n ** 11n), max: 10n ** 11n }),
  });
  it("R44 for any flows: the gain over the capital weighted by its days, or no figure", { timeout: LONG }, () => {
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 10 }), cents, cents, fc.boolean(), (rows, opening, closing, early) => {
        const days = 401;
        const at = early ? "start_of_day" : "end_of_day";
        // at the start of its day a flow of the opening day would already be in the value
        const inside = rows.map(({ day, amount }) => ({ day: early ? day + 1 : day, amount }));
        const left = (day: number): bigint => BigInt(early ? days - day + 1 : days - day);
        const capital = opening * BigInt(days) + sum(inside.map(({ day, amount }) => amount * left(day)));
        const gain = closing - opening - sum(inside.map(({ amount }) => amount));
        const found = modifiedDietz({
          opening: { date: dateOf(0), value: money(opening) },
          flows: inside.map(({ day, amount }) => ({ date: dateOf(day), amount: money(amount) })),
          closing: { date: dateOf(days), value: money(closing) },
          flowsAt: at,
          basis,
        });
        expect(found.return).toBe(capital > 0n ? ratio(gain * BigInt(days), capital) : null);
        expect(found.reason).toBe(capital > 0n ? null : "average_capital_not_positive");
        expect(found.averageCapital).toBe(ratio(capital, 100n * BigInt(days)));
      }),
      RUNS,
    );
  });
});

describe("R45", () => {
  const level = fc.bigInt({ min: 1n, max: 5_000n });
  const row = fc.record({ kind: fc.constantFrom(...KINDS), amount: fc.bigInt({ min: 1n, max: 10n ** 9n }), level });
  it("R45 for any flows: KS-PME and λ are their quotients, and Direct Alpha pays the grown flows back", {
    timeout: LONG,
  }, () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), cents, level, (rows, nav, end) => {
        // a flow a year, each day with its level; all over the product of the levels
        const product = rows.reduce((all, { level: of }) => all * of, 1n);
        const grown = (wanted: (kind: string) => boolean): bigint =>
          sum(rows.filter(({ kind }) => wanted(kind)).map(({ amount, level: of }) => (amount * end * product) / of));
        const distributed = grown((kind) => kind === "distribution");
        const paidIn = grown((kind) => kind !== "distribution");
        const value = nav * product;
        const last = rows.length * 365;
        const input = {
          flows: flowsOf(rows.map(({ kind, amount }, i) => ({ day: i * 365, kind, amount }))),
          nav: { date: dateOf(last), value: money(nav) },
          index: [
            ...rows.map(({ level: of }, i) => ({ date: dateOf(i * 365), level: String(of) })),
            { date: dateOf(last), level: String(end) },
          ],
          indexName: "Synthetic index",
          basis,
        };
        expect(ksPme(input).ksPme).toBe(paidIn === 0n ? null : ratio(distributed + value, paidIn));
        const { lambda } = pmePlus(input);
        expect(lambda).toBe(distributed === 0n ? null : ratio(paidIn - value, distributed));
        const { rate, verdict } = directAlpha(input);
        if (rate === null || verdict !== "unique") return;
        const alpha = Number(rate);
        // below or above these a rate of twelve decimals says nothing about sums of money
        if (alpha < -0.99 || alpha > 1_000) return;
        const terms = [
          ...rows.map(({ kind, amount, level: of }, i) => {
            const size = (Number(amount) * Number(end)) / Number(of) / (1 + alpha) ** i;
            return kind === "distribution" ? size : -size;
          }),
          Number(nav) / (1 + alpha) ** rows.length,
        ];
        const scale = terms.reduce((total, term) => total + Math.abs(term), 0);
        expect(Math.abs(sumOf(terms)) / scale).toBeLessThan(1e-7);
      }),
      RUNS,
    );
  });
});
const sumOf = (terms: readonly number[]): number => terms.reduce((total, term) => total + term, 0);

describe("R46", () => {
  const WAYS = (["gross", "net"] as const).flatMap((fees) =>
    (["with", "without", "none"] as const).map((subscriptionLine) => ({ fees, subscriptionLine })),
  );
  const share = fc.option(fc.integer({ min: 0, max: 10_000 }).map((n) => ratio(BigInt(n), 10_000n)));
  it("R46 for any ways of counting: each is shown once or named as missing, labelled, with the figures of its own flows", {
    timeout: LONG,
  }, () => {
    fc.assert(
      fc.property(
        fc.subarray(WAYS, { minLength: 1 }),
        fc.array(fundFlow, { minLength: 1, maxLength: 4 }),
        cents,
        share,
        (ways, rows, nav, staleShare) => {
          const variants = ways.map((way, i) => ({
            ...way,
            // every way has its own flows
            flows: flowsOf(rows.map((flow) => ({ ...flow, amount: flow.amount + BigInt(i) }))),
            nav: { date: END, value: money(nav) },
          }));
          const lines = new Set(ways.map(({ subscriptionLine }) => subscriptionLine));
          const mixed = lines.has("none") && lines.size > 1;
          const table = () => performance({ staleShare, variants });
          if (mixed || variants.length > 4) {
            expect(table).toThrowError(expect.objectContaining({ code: variants.length > 4 ? "EG413" : "EG400" }));
            return;
          }
          const { rows: shown, missing } = table();
          const wanted = WAYS.filter(({ subscriptionLine }) => (subscriptionLine === "none") === lines.has("none"));
          const label = ({ fees, subscriptionLine }: { fees: string; subscriptionLine: string }) =>
            `${fees} ${subscriptionLine}`;
          expect(shown.map(({ xirr: { label: of } }) => label(of))).toEqual(
            wanted.filter((way) => ways.some((other) => label(other) === label(way))).map(label),
          );
          expect(missing.map(label)).toEqual(
            wanted.filter((way) => !ways.some((other) => label(other) === label(way))).map(label),
          );
          for (const { multiples, xirr: rate } of shown) {
            const variant = variants.find((one) => label(one) === label(rate.label));
            const own = { fees: rate.label.fees, subscriptionLine: rate.label.subscriptionLine, staleShare };
            expect(multiples).toEqual(
              fundMultiples({ flows: variant?.flows ?? [], nav: { date: END, value: money(nav) }, basis: own }),
            );
            expect(rate.label.staleShare).toBe(staleShare);
            expect(rate.label.text).toContain(`, ${rate.label.fees}, `);
            const signed = (variant?.flows ?? []).map(({ date, kind, amount }) => ({
              date,
              amount: kind === "distribution" ? amount : `-${amount}`,
            }));
            expect(rate).toEqual(xirr({ flows: signed, closing: { date: END, value: money(nav) }, basis: own }));
          }
        },
      ),
      RUNS,
    );
  });
});
