// Two programs that share no code, on the same ten thousand random days: what the allocator computes, the verifier finds right;
// and one unit, one cent or one digit that is moved, it finds wrong. Only this test sees both sides.
import { arbitraryDeal, LONG, RUNS } from "@evergreen-fund/finance/dealing/arbitrary-day.ts";
import { deal } from "@evergreen-fund/finance/dealing/deal.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DealRecord, Finding, RecordedFill } from "./record.ts";
import { CHECKED, type Input, ownerOf, recordOf, storable } from "./test-record.ts";
import { verifyDeal } from "./verify-deal.ts";

const found = (record: DealRecord): Finding[] =>
  verifyDeal(record).days.flatMap(({ findings }) => findings.filter(({ check }) => CHECKED.includes(check)));

const settings = { ...RUNS, seed: 20261121 };

describe("ten thousand random days", () => {
  it(
    "are found right",
    () => {
      fc.assert(
        fc.property(arbitraryDeal.map(storable), (input) => {
          const dealt = deal(input);
          const findings = found(recordOf(input, dealt));
          if (dealt.status === "stopped") return; // nothing is allocated, so there is nothing to find
          expect(findings.filter(({ ok }) => ok !== true)).toEqual([]);
          expect(findings).toHaveLength(CHECKED.length * input.classes.length);
        }),
        settings,
      );
    },
    LONG,
  );

  it(
    "are found right whatever a side pocket beside them is worth, and measured against it some would not be",
    () => {
      let misjudged = 0;
      fc.assert(
        fc.property(arbitraryDeal.map(storable), fc.integer({ min: 1, max: 10 }), (input, times) => {
          const dealt = deal(input);
          if (dealt.status === "stopped") return;
          const record = recordOf(input, dealt);
          const [first] = record.strike?.classes ?? [];
          const worth = BigInt(input.fund.nav.replace(".", "")) * BigInt(times);
          const places = input.fund.nav.split(".")[1]?.length ?? 0;
          const text = (amount: bigint) =>
            `${amount}`.padStart(places + 1, "0").replace(new RegExp(`(\\d{${places}})$`), places === 0 ? "$1" : ".$1");
          const beside = (pocket: boolean) => {
            const strike = {
              ...record.strike!,
              nav: text(worth + worth / BigInt(times)),
              classes: [...record.strike!.classes, { ...first!, classId: "pocket", nav: text(worth), pocket }],
            };
            return found({ ...record, strike }).filter(({ ok }) => ok !== true);
          };
          expect(beside(true)).toEqual([]);
          if (beside(false).length > 0) misjudged++;
        }),
        { ...settings, numRuns: 1_000 },
      );
      expect(misjudged).toBeGreaterThan(100);
    },
    LONG,
  );

  it(
    "are found wrong when one number of one fill is moved by its last digit",
    () => {
      const moved = fc.record({
        input: arbitraryDeal.map(storable),
        which: fc.nat(),
        field: fc.constantFrom(
          "filledUnits",
          "carriedUnits",
          "price",
          "grossAmount",
          "levy",
          "fee",
          "netAmount",
        ) as fc.Arbitrary<"filledUnits" | "carriedUnits" | "price" | "grossAmount" | "levy" | "fee" | "netAmount">,
        up: fc.boolean(),
      });
      fc.assert(
        fc.property(moved, ({ input, which, field, up }) => {
          const dealt = deal(input);
          const record = recordOf(input, dealt);
          const fills = record.days.flatMap((day) => day.fills);
          const fill = fills[which % Math.max(1, fills.length)];
          fc.pre(dealt.status === "allocated" && fill !== undefined);
          const digits = BigInt((fill?.[field] ?? "0").replace(".", "")) + (up ? 1n : -1n);
          fc.pre(digits >= 0n);
          const places = fill?.[field].split(".")[1]?.length ?? 0;
          const text = digits.toString().padStart(places + 1, "0");
          const changed = { ...fill, [field]: `${text.slice(0, -places)}.${text.slice(-places)}` };
          const planted = {
            ...record,
            days: record.days.map((day) => ({
              ...day,
              fills: day.fills.map((row) => (row.flowId === fill?.flowId ? (changed as RecordedFill) : row)),
            })),
          };
          expect(found(planted).some(({ ok }) => ok === false)).toBe(true);
        }),
        settings,
      );
    },
    LONG,
  );

  it(
    "are found right under equalisation, and wrong when a credit is moved by its last digit or a fee by four minor units",
    () => {
      const planted = fc.record({ which: fc.nat(), up: fc.boolean(), above: fc.boolean() });
      fc.assert(
        fc.property(arbitraryDeal.map(storable), planted, (input, { which, up, above }) => {
          const day = withFee(input, above);
          const dealt = deal(day);
          if (dealt.status === "stopped") return;
          const record = recordOf(day, dealt);
          expect(found(record).filter(({ ok }) => ok !== true)).toEqual([]);
          const fills = record.days.flatMap(({ fills: own }) => own);
          const fill = fills[which % Math.max(1, fills.length)];
          if (fill === undefined) return;
          const { highWater, equalisationCredit: credit, performanceFee } = fill;
          const minor = BigInt(performanceFee.replace(".", "")) + (up || performanceFee < "0.04" ? 4n : -4n);
          const changed =
            highWater === null
              ? { ...fill, performanceFee: `${minor / 100n}.${String(minor % 100n).padStart(2, "0")}` }
              : { ...fill, equalisationCredit: credit.includes(".") ? `${credit}1` : `${credit}.01` };
          const days = record.days.map((row) => ({
            ...row,
            fills: row.fills.map((one) => (one.flowId === fill.flowId ? changed : one)),
          }));
          expect(found({ ...record, days }).some(({ ok }) => ok === false)).toBe(true);
        }),
        settings,
      );
    },
    2 * LONG,
  );

  it(
    "are found right by series, and wrong when a number of a fill or of a piece is moved by its last digit",
    () => {
      const planted = fc.record({
        which: fc.nat(),
        up: fc.boolean(),
        field: fc.constantFrom("grossAmount", "price", "performanceFee", "netAmount", "highWater") as fc.Arbitrary<
          "grossAmount" | "price" | "performanceFee" | "netAmount" | "highWater"
        >,
        ofPiece: fc.option(
          fc.constantFrom("units", "price", "amount", "performanceFee") as fc.Arbitrary<
            "units" | "price" | "amount" | "performanceFee"
          >,
        ),
      });
      let several = 0;
      fc.assert(
        fc.property(arbitraryDeal.map(storable), planted, (input, { which, up, field, ofPiece }) => {
          const day = withSeries(input);
          const dealt = deal(day);
          if (dealt.status === "stopped") return;
          const record = recordOf(day, dealt);
          expect(found(record).filter(({ ok }) => ok !== true)).toEqual([]);
          const fills = record.days.flatMap(({ fills: own }) => own);
          const fill = fills[which % Math.max(1, fills.length)];
          if (fill === undefined) return;
          const [piece, ...others] = fill.pieces ?? [];
          if (others.some((row) => row.price !== piece?.price)) several++;
          const changed =
            ofPiece !== null && piece !== undefined
              ? { ...fill, pieces: [{ ...piece, [ofPiece]: beside(piece[ofPiece], up) }, ...others] }
              : fill[field] === null
                ? null
                : { ...fill, [field]: beside(fill[field], up) };
          if (changed === null) return;
          const days = record.days.map((row) => ({
            ...row,
            fills: row.fills.map((one) => (one.flowId === fill.flowId ? (changed as RecordedFill) : one)),
          }));
          expect(found({ ...record, days }).some(({ ok }) => ok === false)).toBe(true);
        }),
        settings,
      );
      expect(several).toBeGreaterThan(100);
    },
    2 * LONG,
  );

  it(
    "are found right with every cap there is, and a gate per investor",
    () => {
      fc.assert(
        fc.property(arbitraryDeal.map(storable), caps, (input, extra) => {
          const { day, before } = withCaps(input, extra);
          const dealt = deal(day);
          if (dealt.status === "stopped") return;
          const findings = found(recordOf(day, dealt, before));
          expect(findings.filter(({ ok }) => ok !== true)).toEqual([]);
        }),
        settings,
      );
    },
    LONG,
  );
});

/** The same day with a fee of 20 % under equalisation: a tenth more before the fee, the mark below or above it, lots that came in at other prices. */
function withFee(input: Input, above: boolean): Input {
  const fee = { rate: "0.2", hurdle: "0", catchUp: "1", method: "equalisation" } as const;
  const digits = (text: string): bigint => BigInt(text.replace(".", ""));
  const price = new Map(input.classes.map((row) => [row.id, digits(row.navPerUnit)]));
  const at = (ten: bigint): string => `${ten / 10_000n}.${String(ten % 10_000n).padStart(4, "0")}`;
  return {
    ...input,
    classes: input.classes.map((row) => {
      const nav = price.get(row.id) ?? 0n;
      const dealing = { ...row.dealing, fees: { ...row.dealing.fees, performance: fee } };
      // of 10,000 units, so that the value has as many decimals as money
      const beforeFee = {
        value: `${(nav * 11n) / 10n + 1n}.00`,
        units: "10000",
        mark: at((nav * (above ? 9n : 12n)) / 10n + 1n),
      };
      return { ...row, dealing, beforeFee };
    }),
    lots: (input.lots ?? []).map((lot, i) => ({
      ...lot,
      reference: at(((price.get(lot.classId) ?? 0n) * BigInt(8 + (i % 5))) / 10n),
      credit: i % 2 === 0 ? "0" : `${i}.37`,
    })),
  };
}

/** A figure beside the one it is, never below zero. */
function beside(text: string, up: boolean): string {
  const places = text.split(".")[1]?.length ?? 0;
  const was = BigInt(text.replace(".", ""));
  const digits = (was + (up || was === 0n ? 1n : -1n)).toString().padStart(places + 1, "0");
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The same day with a fee by series: each class has three, at prices of their own, with a fee open on them. */
function withSeries(input: Input): Input {
  const fee = { rate: "0.2", hurdle: "0.05", catchUp: "0.5", method: "series" } as const;
  const digits = (text: string): bigint => BigInt(text.replace(".", ""));
  const at = (ten: bigint): string => `${ten / 10_000n}.${String(ten % 10_000n).padStart(4, "0")}`;
  const lots = (input.lots ?? []).map((lot, i) => ({ ...lot, series: `s${i % 3}` }));
  return {
    ...input,
    lots,
    classes: input.classes.map((row) => ({
      ...row,
      dealing: { ...row.dealing, fees: { ...row.dealing.fees, performance: fee } },
      bySeries: {
        issuePrice: at(digits(row.navPerUnit) + 7n),
        series: [0, 1, 2].map((n) => ({
          id: `s${n}`,
          units: at(
            lots
              .filter((lot) => lot.classId === row.id && lot.series === `s${n}`)
              .reduce((sum, lot) => sum + digits(lot.units), 0n),
          ),
          price: at((digits(row.navPerUnit) * BigInt(9 + n)) / 10n + BigInt(n + 1)),
          fee: `${n * 13}.37`,
        })),
      },
    })),
  };
}

/** What the day is held against beside the share of its NAV; the history that says so stands in the record. */
const caps = fc.record({
  money: fc.option(fc.constantFrom("0.00", "12.34", "99999.99"), { nil: undefined }),
  liquid: fc.option(fc.tuple(fc.constantFrom("0.5", "1/7", "1"), fc.nat(10 ** 8)), { nil: undefined }),
  quarter: fc.option(fc.tuple(fc.constantFrom("0.05", "0.25"), fc.nat(10 ** 8), fc.nat(10 ** 6)), { nil: undefined }),
  eltif: fc.option(
    fc.constantFrom(
      { annex: "I" as const, noticeMonths: "3", monthlyAggregate: false },
      { annex: "I" as const, noticeMonths: "1/2", monthlyAggregate: true },
      { annex: "II" as const },
    ),
    { nil: undefined },
  ),
  frequency: fc.constantFrom("quarterly", "monthly", "weekly", "annual"),
  inMonth: fc.nat(10 ** 6),
  inflows: fc.option(fc.nat(10 ** 8), { nil: undefined }),
  gate: fc.option(fc.array(fc.tuple(fc.nat(3), fc.nat(10 ** 6)), { minLength: 5, maxLength: 5 }), { nil: undefined }),
});
const QUARTERS_AGO = ["2025-12-15", "2025-09-15", "2025-06-15"];
const cents = (amount: number): string => `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, "0")}`;
const fourDecimals = (units: number): string =>
  `${Math.floor(units / 10_000)}.${String(units % 10_000).padStart(4, "0")}`;

type Extra = typeof caps extends fc.Arbitrary<infer Value> ? Value : never;
function withCaps(input: Input, extra: Extra): { day: Input; before: Partial<DealRecord> } {
  const { money, liquid, quarter, eltif, gate: perInvestor } = extra;
  const holders = input.classes.flatMap((row) => [0, 1, 2, 3].map((n) => ({ classId: row.id, ownerId: `lp${n}`, n })));
  const facts = (n: number): [number, number] => perInvestor?.[n] ?? [0, 0];
  const lotsOf = (classId: string, ownerId: string): bigint =>
    (input.lots ?? [])
      .filter((lot) => lot.classId === classId && ownerOf(lot.investorId) === ownerId)
      .reduce((all, lot) => all + BigInt(lot.units.replace(".", "")), 0n);
  const on = extra.frequency === "weekly" ? { weekday: 2 } : { dayOfMonth: "last" };
  const day = {
    ...input,
    fund: {
      ...input.fund,
      ...(liquid === undefined && eltif === undefined ? {} : { liquidAssets: cents(liquid?.[1] ?? 5_000_000) }),
      ...(quarter === undefined
        ? {}
        : { quarterBase: cents(quarter[1]), redeemedInQuarter: cents(quarter[2] + extra.inMonth) }),
      redeemedInMonth: cents(extra.inMonth),
      ...(eltif === undefined || extra.inflows === undefined ? {} : { certainInflows: cents(extra.inflows) }),
    },
    classes: input.classes.map((row) => ({ ...row, dealing: { ...row.dealing, frequency: extra.frequency, on } })),
    lmt: {
      ...input.lmt,
      gate: {
        ...input.lmt.gate,
        ...(money === undefined ? {} : { money }),
        ...(liquid === undefined ? {} : { liquidShare: liquid[0] }),
        ...(quarter === undefined ? {} : { quarterShare: quarter[0] }),
      },
      ...(eltif === undefined ? {} : { eltif }),
      ...(perInvestor === undefined
        ? {}
        : { investorGate: { steps: ["0.25", "1/3", "0.5", "1"], period: "quarterly" } }),
    },
    ...(perInvestor === undefined
      ? {}
      : {
          referenceHoldings: holders.map(({ classId, ownerId, n }) => {
            const digits = lotsOf(classId, ownerId).toString().padStart(5, "0");
            return {
              ownerId,
              classId,
              units: `${digits.slice(0, -4)}.${digits.slice(-4)}`,
              redeemedInPeriod: fourDecimals(facts(n)[1]),
              step: facts(n)[0],
            };
          }),
        }),
  } as Input;
  const past = holders.flatMap(({ classId, ownerId, n }) => {
    const [step, redeemed] = facts(n);
    const asked = { ownerId, classId };
    return [
      { ...asked, date: "2026-01-30", filledUnits: fourDecimals(redeemed) },
      ...QUARTERS_AGO.slice(0, step).map((date) => ({ ...asked, date, filledUnits: "1" })),
    ];
  });
  return {
    day,
    before: {
      past,
      navsBefore:
        quarter === undefined
          ? []
          : [
              { date: "2025-12-31", nav: cents(quarter[1]) },
              { date: "2025-09-30", nav: "1" },
              { date: "2026-02-27", nav: "2" },
            ],
      redeemedBefore: [
        { date: "2026-03-15", amount: cents(extra.inMonth) },
        ...(quarter === undefined ? [] : [{ date: "2026-02-27", amount: cents(quarter[2]) }]),
        { date: "2025-12-31", amount: "123456.78" },
      ],
    },
  };
}
