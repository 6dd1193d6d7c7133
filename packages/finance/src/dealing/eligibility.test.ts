// Eligibility of redemptions: cut-offs, rolls, hard and soft locks, lots in turn (R2, R3).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEALING_POLICY } from "../calc/dealing-examples.ts";
import { LONG, RUNS } from "./arbitrary-day.ts";
import { addMonths } from "./calendar.ts";
import { DealingDatesInput, dealingCalendar, orderDealingDate, redemptionEligibility } from "./eligibility.ts";
import { consumeLots, type LotClaim, softFeeRate } from "./lots.ts";
import { min } from "./scaled.ts";

const policy = DealingDatesInput.shape.policy.parse(DEALING_POLICY);

describe("R2", () => {
  // redemption cut-off for 2026-03-31: 90 calendar days back is 2025-12-31, 12:00 in Luxembourg = 11:00 UTC
  it.each([
    ["at the cut-off", "2025-12-31T11:00:00.000Z", "2026-03-31", "deals", "2026-03-31"],
    ["one millisecond later", "2025-12-31T11:00:00.001Z", "2026-03-31", "rolls", "2026-06-30"],
    ["the same instant in another offset", "2025-12-31T06:00:00.000-05:00", "2026-03-31", "deals", "2026-03-31"],
    ["a later date is kept", "2025-12-01T09:00:00Z", "2026-06-30", "deals", "2026-06-30"],
    ["without a wish the first that fits", "2026-01-05T09:00:00Z", undefined, "deals", "2026-06-30"],
  ] as const)("%s", (_what, submittedAt, wishedDate, verdict, dealingDate) => {
    const answer = orderDealingDate({
      policy,
      direction: "redemption",
      submittedAt,
      ...(wishedDate ? { wishedDate } : {}),
    });
    expect(answer).toMatchObject({ verdict, dealingDate });
  });

  it("forward pricing refuses a valuation point before the cut-off; prior pricing refuses a late order", () => {
    const order = { direction: "redemption", submittedAt: "2025-12-01T09:00:00Z", wishedDate: "2026-03-31" } as const;
    expect(orderDealingDate({ policy, ...order, valuationPoint: "2025-12-31T10:59:59Z" }).verdict).toBe("refused");
    expect(orderDealingDate({ policy, ...order, valuationPoint: "2025-12-31T11:00:00Z" }).verdict).toBe("deals");
    const prior = { ...policy, pricing: "prior_nav" as const };
    expect(orderDealingDate({ policy: prior, ...order, submittedAt: "2026-01-02T09:00:00Z" })).toMatchObject({
      verdict: "refused",
      dealingDate: null,
    });
  });

  it("refuses a date on which the fund does not deal", () => {
    const order = {
      policy,
      direction: "redemption",
      submittedAt: "2025-12-01T09:00:00Z",
      wishedDate: "2026-03-30",
    } as const;
    expect(() => orderDealingDate(order)).toThrowError(expect.objectContaining({ code: "EG400" }));
  });

  it("shows the calendar with both cut-offs", () => {
    const { dates } = dealingCalendar({ policy, from: "2026-03-01", to: "2026-03-31" });
    expect(dates).toEqual([
      {
        dealingDate: "2026-03-31",
        subscriptionNoticeDay: "2026-03-26",
        subscriptionCutOff: "2026-03-26T11:00:00.000Z",
        redemptionNoticeDay: "2025-12-31",
        redemptionCutOff: "2025-12-31T11:00:00.000Z",
      },
    ]);
  });
});

describe("R3", () => {
  const lots = [
    { id: "young", openedOn: "2025-06-30", units: "500" },
    { id: "old", openedOn: "2024-03-29", units: "1000" },
    { id: "soft", openedOn: "2024-06-28", units: "1000" },
  ];
  const ask = (units: string, change: object = {}) =>
    redemptionEligibility({
      policy,
      dealingDate: "2026-03-31",
      submittedAt: "2025-12-01T09:00:00Z",
      units,
      lots,
      ...change,
    });

  it("takes the oldest first, charges the young step, and leaves what is locked", () => {
    expect(ask("2200")).toMatchObject({
      inTime: true,
      eligibleUnits: "2000.0000",
      lockedUnits: "500.0000",
      refusedUnits: "200.0000",
      lots: [
        { lotId: "old", units: "1000.0000", feeRate: "0", feeUnits: "0.0000" },
        { lotId: "soft", units: "1000.0000", feeRate: "0.02", feeUnits: "20.0000" },
      ],
    });
  });
  it("takes the lots the investor names", () => {
    expect(ask("300", { electedLots: ["soft"] }).lots).toEqual([
      { lotId: "soft", units: "300.0000", feeRate: "0.02", feeUnits: "6.0000" },
    ]);
    expect(ask("300", { electedLots: ["young"] })).toMatchObject({ eligibleUnits: "0.0000", refusedUnits: "300.0000" });
    for (const electedLots of [["nobody's"], ["soft", "soft"]])
      expect(() => ask("1", { electedLots })).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
  it("admits nothing after the cut-off", () => {
    expect(ask("10", { submittedAt: "2025-12-31T11:00:00.001Z" })).toMatchObject({
      inTime: false,
      eligibleUnits: "0.0000",
    });
  });
  it("ends the hard lock on the day, and a soft step on the day", () => {
    const lot = { id: "l", openedOn: "2025-03-31", units: 1n };
    const free = (date: string) =>
      consumeLots([lot], [{ id: "o", units: 1n, elected: null }], policy.lockUp, date).get("o")?.covered;
    expect([free("2026-03-30"), free("2026-03-31")]).toEqual([0n, 1n]);
    expect([softFeeRate(lot, policy.lockUp, "2027-03-30"), softFeeRate(lot, policy.lockUp, "2027-03-31")]).toEqual([
      "0.02",
      "0",
    ]);
  });
});

it(
  "lots: nothing is used twice, locked lots stay, the oldest goes first, and all that is free is usable",
  () => {
    const day = "2026-03-31";
    const lockUp = { hardMonths: 6, softFees: [] };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.bigInt(0n, 50n)), { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(fc.bigInt(0n, 60n), fc.option(fc.integer({ min: 0, max: 4 }))), {
          minLength: 1,
          maxLength: 4,
        }),
        (rows, asks) => {
          const lots = rows.map(([age, units], i) => ({ id: `l${i}`, openedOn: addMonths(day, -age), units }));
          const claims: LotClaim[] = asks.map(([units, which], i) => ({
            id: `o${i}`,
            units,
            elected: which === null ? null : [lots[which % lots.length]?.id ?? "l0"],
          }));
          const taken = consumeLots(lots, claims, lockUp, day);
          const used = new Map<string, bigint>();
          for (const { uses } of taken.values())
            for (const use of uses) used.set(use.lotId, (used.get(use.lotId) ?? 0n) + use.units);
          let free = 0n;
          for (const lot of lots) {
            const locked = lot.openedOn > addMonths(day, -6);
            if (!locked) free += lot.units;
            expect((used.get(lot.id) ?? 0n) <= (locked ? 0n : lot.units)).toBe(true);
          }
          for (const claim of claims) {
            const got = taken.get(claim.id);
            expect(got?.covered).toBe(got?.uses.reduce((sum, use) => sum + use.units, 0n));
            expect((got?.covered ?? 0n) <= claim.units).toBe(true);
          }
          if (claims.every(({ elected }) => elected === null)) {
            const asked = claims.reduce((sum, { units }) => sum + units, 0n);
            const covered = [...taken.values()].reduce((sum, row) => sum + row.covered, 0n);
            expect(covered).toBe(min(asked, free));
            // a younger lot is touched only when every older one is used up
            for (const young of lots)
              if ((used.get(young.id) ?? 0n) > 0n)
                for (const old of lots)
                  if (old.openedOn < young.openedOn) expect(used.get(old.id) ?? 0n).toBe(old.units);
          }
        },
      ),
      RUNS,
    );
  },
  LONG,
);
