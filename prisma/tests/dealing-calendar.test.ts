// On which dates a class deals: the database and finance agree date by date over random terms and calendars, and no other date is opened or ordered for.
import type { DealingPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { addDays, dealingDates } from "@evergreen-fund/finance/dealing/calendar.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, OPS } from "./arrange.ts";
import { DEALING_POLICY, dealingDatabase, dealingFund, place } from "./dealing-day.ts";

const db = await dealingDatabase();
const FIRST = "2025-12-15";

/** What of a policy says when it deals. */
type Rule = Pick<DealingPolicy, "frequency" | "on" | "anchorMonth" | "anchorDate" | "roll">;

const rule: fc.Arbitrary<Rule> = fc
  .record({
    often: fc.constantFrom("daily", "weekly", "biweekly", "monthly", "quarterly", "semiannual", "annual"),
    weekday: fc.integer({ min: 1, max: 7 }),
    on: fc.oneof(
      fc.record({ dayOfMonth: fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant("last" as const)) }),
      fc.record({ businessDayOfMonth: fc.oneof(fc.integer({ min: 1, max: 23 }), fc.constant("last" as const)) }),
    ),
    anchorMonth: fc.integer({ min: 1, max: 12 }),
    anchor: fc.integer({ min: -9_000, max: 9_000 }),
    roll: fc.constantFrom("following" as const, "modified_following" as const, "preceding" as const),
  })
  .map(({ often, weekday, on, anchorMonth, anchor, roll }): Rule => {
    const frequency = often as Rule["frequency"];
    const isWeekly = frequency === "weekly" || frequency === "biweekly";
    return {
      frequency,
      ...(frequency === "daily" ? {} : { on: isWeekly ? { weekday } : on }),
      ...(frequency === "biweekly" ? { anchorDate: addDays("2000-01-01", anchor) } : {}),
      anchorMonth,
      roll,
    };
  });

/** Holidays as a real calendar has them, and now and then a stretch of weeks. */
const holidays = fc
  .record({
    single: fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 60 }),
    closure: fc.option(fc.record({ from: fc.integer({ min: 0, max: 800 }), days: fc.integer({ min: 1, max: 50 }) })),
  })
  .map(({ single, closure }) => {
    const closed = closure === null ? [] : Array.from({ length: closure.days }, (_, n) => closure.from + n);
    return [...new Set([...single, ...closed])].map((n) => addDays("2025-09-01", n));
  });

/** Dates of the database, or the code it refused with. */
async function datesOf(calendar: string, body: object, first: string, last: string): Promise<string[] | string> {
  try {
    const rows = await db.look<{ day: string }>(
      "select d::text as day from evergreen.dealing_dates($1, $2, $3, $4) d",
      [calendar, body, first, last],
    );
    return rows.map(({ day }) => day);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("dealing dates", () => {
  it("are those of finance for any terms and any calendar", { timeout: 600_000 }, async () => {
    let calendars = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 20, maxLength: 20 }), holidays, async (rules, closed) => {
        const name = `random-${++calendars}`;
        await db.look(
          "insert into calendar_holidays (calendar, date, name) select $1, d, 'closed' from unnest($2::date[]) d",
          [name, closed],
        );
        for (const body of rules) {
          const last = addDays(FIRST, 420);
          let expected: string[] | string;
          try {
            expected = dealingDates(body as DealingPolicy, { weekend: [6, 7], holidays: new Set(closed) }, FIRST, last);
          } catch (error) {
            expected = (error as { code: string }).code;
          }
          if (typeof expected === "string") refused++;
          expect(await datesOf(name, body, FIRST, last), JSON.stringify({ body, closed })).toEqual(expected);
        }
      }),
      { numRuns: 100 },
    );
    // a closure of 50 days beside weekends and single days is long, and shorter than the 60 that are a mistake
    expect(refused).toBeLessThan(20);
  });

  it("of a calendar that is always closed are refused by both", async () => {
    const closed = Array.from({ length: 700 }, (_, n) => addDays("2025-09-01", n));
    await db.look(
      "insert into calendar_holidays (calendar, date, name) select 'shut', d, 'closed' from unnest($1::date[]) d",
      [closed],
    );
    const body = { frequency: "monthly", on: { dayOfMonth: "last" } };
    expect(await datesOf("shut", body, FIRST, addDays(FIRST, 90))).toBe("EG400");
  });
});

describe("a date on which the class does not deal", () => {
  const policy = { ...DEALING_POLICY, frequency: "quarterly", anchorMonth: 3, calendar: "closed-on-the-last" };
  const fund = async () => {
    await db.call(OPS, "fn_set_holidays", {
      calendar: policy.calendar,
      holidays: [{ date: "2027-03-31", name: "synthetic" }],
    });
    return dealingFund(db, { policy });
  };
  const opened = (code: string, dealing_date: string) =>
    db.call(agent("commander"), "fn_open_dealing_day", { fund: code, share_class: "A", dealing_date });

  // the last business day of the quarter is 30 March: the 31st is a holiday of the calendar
  it.each([
    ["a Sunday", "2027-03-28", "2027-03-30"],
    ["a holiday", "2027-03-31", "2027-06-30"],
    ["a month that is not the quarter's", "2027-02-26", "2027-03-30"],
    ["the day after", "2027-07-01", "2027-09-30"],
  ])("%s: neither day nor order is taken, and the next date is named", async (_what, date, next) => {
    const on = await fund();
    const before = await db.fingerprint();
    const says = { code: "EG400", message: `The class does not deal on ${date}; the next dealing date is ${next}.` };
    await expect(opened(on.fund.code, date)).rejects.toMatchObject(says);
    await expect(
      place(db, on, on.holder, { direction: "redemption", units: "10", dealing_date: date }),
    ).rejects.toMatchObject(says);
    expect(await db.fingerprint()).toEqual(before);
    await opened(on.fund.code, next);
    await place(db, on, on.holder, { direction: "redemption", units: "10", dealing_date: next });
  });

  it("was opened before its terms changed: opening it again answers the same day", async () => {
    const on = await fund();
    const first = await opened(on.fund.code, "2027-06-30");
    await db.call(OPS, "fn_set_holidays", {
      calendar: policy.calendar,
      holidays: [{ date: "2027-06-30", name: "synthetic" }],
    });
    expect(await opened(on.fund.code, "2027-06-30")).toEqual(first);
    await expect(opened(on.fund.code, "2027-09-29")).rejects.toMatchObject({ code: "EG400" });
  });
});
