// Equalisation (R24) and series (R25) through their public form: the vectors derived apart, partial redemptions, roll-up, refusals.
import { describe, expect, it } from "vitest";
import { equalisation } from "./equalisation.ts";
import { Fraction } from "./fraction.ts";
import { seriesAccounting } from "./series.ts";

const coded = (code: string) => expect.objectContaining({ code });
const terms = { currency: "USD", rate: "0.2" };
/** A fund at a mark of 100 with one old lot of a thousand units, at a price before fee of `price`. */
const standing = (price: number) => ({
  highWater: "100",
  assets: String(price * 1000),
  lots: [{ id: "old", units: "1000", reference: "100", credit: "0" }],
});
const subscribe = (amount: string) => ({ kind: "subscribe" as const, date: "2024-01-01", lot: "new", amount });
const result = (amount: string) => ({ kind: "result" as const, date: "2024-06-30", amount });
const crystallise = { kind: "crystallise" as const, date: "2024-12-31" };
const redeem = (units?: string) => ({ kind: "redeem" as const, date: "2024-12-31", lot: "new", units });

describe("R24 vectors: rate 20 %, mark 100, a lot of a thousand units", () => {
  // [price at subscription, price at the end, value per unit bought = what its own mark would leave]
  it.each([
    [110, 120, "118"],
    [110, 110, "110"],
    [110, 105, "105"],
    [110, 95, "95"],
    [90, 95, "94"],
    [90, 100, "98"],
    [90, 110, "106"],
  ])(
    "bought at %i, at %i it is worth %s, before and after crystallisation, and redeems for that",
    (paid, end, each) => {
      const events = [subscribe(String(paid * 1000)), result(String((end - paid) * 2000))];
      const value = Fraction.of(each).times(Fraction.of("1000")).ratioText();
      const lotOf = (output: ReturnType<typeof equalisation>) => output.lots.find(({ id }) => id === "new")!;
      expect(lotOf(equalisation({ ...terms, state: standing(paid), events })).value).toBe(value);
      const after = lotOf(equalisation({ ...terms, state: standing(paid), events: [...events, crystallise] }));
      const off = Fraction.of(after.value).minus(Fraction.of(value)).magnitude();
      expect(off.lt(Fraction.of("0.012"))).toBe(true);
      const { postings, fees } = equalisation({ ...terms, state: standing(paid), events: [...events, redeem()] });
      expect(postings.at(-1)).toMatchObject({ kind: "redemption", units: "-1000", cash: value });
      expect(Fraction.of(fees).eq(Fraction.of(String(end * 1000)).minus(Fraction.of(value)))).toBe(true);
    },
  );

  it("notes a credit of 2 per unit at 110, with a price after fee of 108", () => {
    const output = equalisation({ ...terms, state: standing(110), events: [subscribe("110000")] });
    expect(output).toMatchObject({ gavPerUnit: "110.0000", navPerUnit: "108.0000" });
    expect(output.lots[1]).toEqual({
      id: "new",
      units: "1000.0000",
      reference: "110",
      credit: "2000",
      value: "110000",
    });
  });

  it("refunds as far as the gain reaches; the rest of the credit stays and comes back later", () => {
    // at 105 the refund is 1 of 2 per unit; the rest, 1000 in money, comes back when the gain is there again
    const first = equalisation({
      ...terms,
      state: standing(110),
      events: [subscribe("110000"), result("-10000"), crystallise],
    });
    const kept = first.lots[1]!;
    expect([first.navPerUnit, first.highWater, kept.credit]).toEqual(["104.0000", "104", "1000"]);
    // 1000 · (105 / 104) units
    expect(kept.units).toBe("1009.6153");
    const { credit, value, reference, ...row } = kept;
    const state = {
      highWater: first.highWater,
      assets: first.assets,
      lots: [first.lots[0]!, { ...row, credit, reference }].map(({ id, units, reference, credit }) => ({
        id,
        units,
        reference,
        credit,
      })),
    };
    // assets 209000 after fees; + 20 % on all: the lot's own gain over 110 is 126 − 110 = 16, fee 3.2, value 122.8
    const later = { ...crystallise, date: "2025-12-31" };
    const second = equalisation({ ...terms, state, events: [{ ...result("41800"), date: "2025-06-30" }, later] });
    expect(Fraction.of(value).minus(Fraction.of("105000")).magnitude().lt(Fraction.of("0.02"))).toBe(true);
    const off = Fraction.of(second.lots[1]!.value).minus(Fraction.of("122800")).magnitude();
    expect(off.lt(Fraction.of("0.04"))).toBe(true);
    expect(second.lots[1]!.credit).toBe("0");
  });

  it("does not lower a lot's reference when it stands below it: bought at 90, 80 at one close and 95 at the next, it pays 1", () => {
    const events = [
      subscribe("90000"),
      { ...result("-20000"), date: "2024-06-30" },
      crystallise,
      { kind: "result" as const, date: "2025-06-30", amount: "30000" },
      { kind: "crystallise" as const, date: "2025-12-31" },
    ];
    const { lots, fees } = equalisation({ ...terms, state: standing(90), events });
    // set down to 80, it would pay 3 and be worth 92 000
    expect(Fraction.of(lots[1]!.value).minus(Fraction.of("94000")).magnitude().lt(Fraction.of("0.02"))).toBe(true);
    expect(fees).toBe("1000");
  });

  it("lets a partial redemption crystallise its share and keep the rest of the credit", () => {
    const events = [subscribe("110000"), result("20000"), redeem("250")];
    const { postings, lots, fees } = equalisation({ ...terms, state: standing(110), events });
    // a quarter of 118 000; its fee a quarter of 2000
    expect(postings.at(-1)).toMatchObject({ cash: "29500", fee: "500", units: "-250" });
    expect(lots[1]).toMatchObject({ units: "750.0000", credit: "1500", value: "88500" });
    expect(fees).toBe("500");
  });
});

describe("R24 refusals", () => {
  it.each([
    ["a lot twice", [{ ...subscribe("100"), lot: "old" }], "EG400"],
    ["a lot that is not there", [{ ...redeem("1"), lot: "none" }], "EG404"],
    ["more than the lot", [{ ...redeem("1000.0001"), lot: "old" }], "EG400"],
    ["no units", [{ ...redeem("0"), lot: "old" }], "EG400"],
    ["a subscription of nothing", [subscribe("0.00")], "EG400"],
    ["a subscription below a unit of the last place", [subscribe("0.0001")], "EG400"],
    ["a loss of everything", [result("-110000")], "EG428"],
    ["a distribution of accrued fees", [{ kind: "distribute", date: "2024-06-30", amount: "109000" }], "EG428"],
    ["days that fall", [crystallise, subscribe("100")], "EG400"],
  ] as const)("%s", (_, events, code) => {
    expect(() => equalisation({ ...terms, state: standing(110), events: [...events] })).toThrowError(coded(code));
  });

  it("starts from nothing at the issue price", () => {
    const { lots, navPerUnit } = equalisation({ ...terms, events: [subscribe("10000.00")] });
    expect([navPerUnit, lots[0]!.units]).toEqual(["100.0000", "100.0000"]);
    expect(() => equalisation({ ...terms, events: [result("1")] })).toThrowError(coded("EG428"));
    expect(equalisation({ ...terms, events: [crystallise] }).fees).toBe("0");
  });
});

describe("R25 series", () => {
  const fee = { currency: "USD", performance: { kind: "none" as const, rate: "0.2" }, asOf: "2025-12-31" };
  const buy = (lot: string, date: string, amount = "100000") => ({ kind: "subscribe" as const, date, lot, amount });
  const gain = (date: string, amount: string) => ({ kind: "result" as const, date, amount });
  const close = (date: string) => ({ kind: "crystallise" as const, date });

  it("gives each dealing day a series, shared by the lots of the day", () => {
    const events = [
      buy("a", "2024-01-01"),
      buy("b", "2024-01-01"),
      gain("2024-02-01", "20000"),
      buy("c", "2024-03-01"),
    ];
    const { series } = seriesAccounting({ ...fee, events });
    expect(series.map(({ id, units, navPerUnit }) => [id, units, navPerUnit])).toEqual([
      ["2024-01-01", "2000.0000", "108.0000"],
      ["2024-03-01", "1000.0000", "100.0000"],
    ]);
    expect(series[0]!.accruedFee).toBe("4000");
  });

  it("gives a lot of the same day a series of its own once the price has moved", () => {
    const events = [buy("a", "2024-01-01"), gain("2024-01-01", "20000"), buy("b", "2024-01-01")];
    expect(seriesAccounting({ ...fee, events }).series.map(({ id }) => id)).toEqual(["2024-01-01", "2024-01-01/2"]);
  });

  it("rolls a series into the lead when both stand at their marks, paying out what is less than a unit", () => {
    const events = [
      buy("a", "2024-01-01"),
      gain("2024-03-01", "20000"),
      buy("b", "2024-06-01"),
      // 120 000 and 100 000, + 10 %
      gain("2024-09-01", "22000"),
      close("2024-12-31"),
    ];
    const { series, postings, fees } = seriesAccounting({ ...fee, events });
    // lead: 132 − 20 % · 32 = 125.60; second: 110 − 2 = 108; 1000 · 108 / 125.6 = 859.8726…
    expect(fees).toBe("8400");
    expect(series).toHaveLength(1);
    expect(series[0]).toMatchObject({ id: "2024-01-01", highWater: "125.6", navPerUnit: "125.6000" });
    expect(series[0]!.lots.map(({ id, units }) => [id, units])).toEqual([
      ["a", "1000.0000"],
      ["b", "859.8726"],
    ]);
    // 108 000 − 859.8726 · 125.6 = 0.00144
    expect(postings.at(-1)).toMatchObject({ kind: "roll_up", lot: "b", units: "-140.1274", price: "125.6", cash: "0" });
  });

  it("does not roll when the lead or the series is below its mark", () => {
    const lead = [
      buy("a", "2024-01-01"),
      gain("2024-02-01", "30000"),
      close("2024-03-01"),
      gain("2024-04-01", "-24000"),
    ];
    const leadBelow = [...lead, buy("b", "2024-05-01"), gain("2024-06-01", "1000"), close("2024-12-31")];
    expect(seriesAccounting({ ...fee, events: leadBelow }).series).toHaveLength(2);
    const seriesBelow = [
      buy("a", "2024-01-01"),
      gain("2024-02-01", "40000"),
      buy("b", "2024-05-01"),
      gain("2024-06-01", "-2400"),
      close("2024-12-31"),
    ];
    expect(seriesAccounting({ ...fee, events: seriesBelow }).series).toHaveLength(2);
    expect(
      seriesAccounting({
        ...fee,
        rollUp: false,
        events: [buy("a", "2024-01-01"), buy("b", "2024-02-01"), close("2024-12-31")],
      }).series,
    ).toHaveLength(2);
  });

  it("measures each series on its own hurdle, from its own day", () => {
    const hurdle = { rate: "0.05", compounding: "simple" as const };
    const input = { ...fee, performance: { kind: "hard" as const, rate: "0.2" }, hurdle };
    const events = [buy("a", "2023-01-01"), gain("2023-06-01", "10000"), close("2024-01-01")];
    // (10 000 − 5 000) · 20 %
    expect(seriesAccounting({ ...input, events }).fees).toBe("1000");
    const short = [
      buy("a", "2023-01-01"),
      gain("2023-06-01", "4000"),
      close("2024-01-01"),
      gain("2024-06-01", "4000"),
      close("2024-12-31"),
    ];
    // cumulative: 8000 over two years' hurdle of 10 000; year by year the mark stays too, and 8000 is over one year's 5000
    expect(seriesAccounting({ ...input, events: short }).fees).toBe("0");
    expect(seriesAccounting({ ...input, cumulativeHurdle: false, events: short }).fees).toBe("600");
  });

  it("redeems part of a lot at its series' price and removes an empty series", () => {
    const events = [buy("a", "2024-01-01"), gain("2024-02-01", "10000"), buy("b", "2024-03-01")];
    const part = seriesAccounting({
      ...fee,
      events: [...events, { kind: "redeem", date: "2024-04-01", lot: "a", units: "250" }],
    });
    expect(part.postings.at(-1)).toMatchObject({ units: "-250", price: "108", cash: "27000", fee: "500" });
    const all = seriesAccounting({ ...fee, events: [...events, { kind: "redeem", date: "2024-04-01", lot: "a" }] });
    expect(all.series.map(({ id }) => id)).toEqual(["2024-03-01"]);
  });

  it.each([
    ["a hurdle without terms for it", { hurdle: { rate: "0.05" } }, "EG400"],
    ["terms for a hurdle without one", { performance: { kind: "soft" as const, rate: "0.2" } }, "EG400"],
    ["an unknown lot", { events: [{ kind: "redeem" as const, date: "2024-01-01", lot: "none" }] }, "EG404"],
    ["a result of nothing", { events: [gain("2024-01-01", "5")] }, "EG428"],
    ["a lot twice", { events: [buy("a", "2024-01-01"), buy("a", "2024-02-01")] }, "EG400"],
    ["a day before the events", { asOf: "2023-12-31", events: [buy("a", "2024-01-01")] }, "EG400"],
    ["an issue price of nothing", { issuePrice: "0.00", events: [] }, "EG400"],
  ])("refuses %s", (_, change, code) => {
    expect(() => seriesAccounting({ ...fee, events: [], ...change })).toThrowError(coded(code));
  });
});
