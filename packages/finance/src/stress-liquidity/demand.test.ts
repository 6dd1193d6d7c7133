// Who asks for money under stress: the largest investors leave (R6, R7), and months of partial fills with repeated requests (R8). Vectors by hand.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { demandNetOfRepeats } from "../dealing/carry.ts";
import { concentrationExits } from "./concentration.ts";
import { fillPath } from "./fill-path.ts";

const EG400 = expect.objectContaining({ code: "EG400" });
const HOLDINGS = [
  { id: "a", units: "400" },
  { id: "b1", ownerId: "b", units: "200" },
  { id: "b2", ownerId: "b", units: "100" },
  { id: "c", units: "300" },
];
const FUND = { holdings: HOLDINGS, navPerUnit: "10", gate: { basis: "gross", share: "0.05" } } as const;

describe("concentration exits", () => {
  it("the largest leaves into a 5 % gate: 50 of 400 units, and holds 350 of 950 after", () => {
    const { exits, gate, before, after, withoutThem } = concentrationExits({ ...FUND, exits: { largest: 1 } });
    expect(exits).toEqual([
      {
        ownerId: "a",
        units: "400.0000",
        requested: "400.0000",
        allowed: "400.0000",
        filled: "50.0000",
        left: "350.0000",
      },
    ]);
    expect(gate).toMatchObject({ status: "gated", cap: "500", demand: "4000", fraction: "0.125" });
    // shares 0.4, 0.3, 0.3: 0.16 + 0.09 + 0.09
    expect(before).toMatchObject({ owners: 3, top1: "0.4", top3: "1", herfindahl: "0.34" });
    expect(after).toMatchObject({ units: "950.0000", top1: "0.368421052631578947" });
    expect(withoutThem).toMatchObject({ owners: 2, units: "600.0000", top1: "0.5", herfindahl: "0.5" });
  });

  it("accounts of one owner count together, ties go to the smaller id, others ask beside them", () => {
    const { exits, gate } = concentrationExits({
      ...FUND,
      holdings: [...HOLDINGS.slice(0, 3), { id: "c", units: "300", requested: "100" }],
      exits: { largest: 2 },
    });
    // a 400 and b 300 leave, c asks for 100: 50 of 800, a ratio of 0.0625
    expect(exits.map(({ ownerId, filled }) => [ownerId, filled])).toEqual([
      ["a", "25.0000"],
      ["b", "18.7500"],
    ]);
    expect(gate.redemptions).toBe("8000");
  });

  it("named owners, a lock-up and the investor gate: 150 free of 300, a quarter of the holding, 75", () => {
    const { exits } = concentrationExits({
      ...FUND,
      gate: { basis: "gross", share: "0.5" },
      holdings: [
        { id: "a", units: "400" },
        { id: "c", units: "300", free: "150" },
      ],
      exits: { owners: ["c"] },
      investorGate: { steps: ["0.25"], period: "quarterly" },
    });
    expect(exits).toEqual([
      {
        ownerId: "c",
        units: "300.0000",
        requested: "150.0000",
        allowed: "75.0000",
        filled: "75.0000",
        left: "225.0000",
      },
    ]);
  });

  it("a cap below the threshold stops the engine: nobody is paid, the fund must choose another tool", () => {
    const { gate, exits } = concentrationExits({
      ...FUND,
      gate: { basis: "gross", money: "100", threshold: { kind: "nav_share", share: "0.05" } },
      exits: { largest: 1 },
    });
    expect(gate.status).toBe("stopped");
    expect(exits[0]!.filled).toBe("0.0000");
  });

  it.each([
    { exits: { owners: ["nobody"] } },
    { exits: { owners: ["a", "a"] } },
    { exits: { largest: 0 } },
    { exits: { largest: 1 }, holdings: [{ id: "a", units: "1", free: "2" }] },
    { exits: { largest: 1 }, holdings: [HOLDINGS[0]!, HOLDINGS[0]!] },
    { exits: { largest: 1 }, gate: { basis: "gross" as const, liquidShare: "0.5" } },
  ])("refuses %j", (change) => expect(() => concentrationExits({ ...FUND, ...change })).toThrowError(EG400));

  it("any holders: nobody is paid more than is allowed, the units that are left are those held less those paid", {
    timeout: LONG,
  }, () => {
    const row = fc.record({ units: fc.nat({ max: 10 ** 7 }), owner: fc.nat({ max: 2 }), part: fc.nat({ max: 10 }) });
    const step = fc.option(fc.constantFrom("0.25", "0.5", "1"), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.nat({ max: 4 }),
        fc.constantFrom("0", "0.05", "1"),
        step,
        (rows, n, share, investor) => {
          const text = (units: number) => `${Math.floor(units / 10_000)}.${String(units % 10_000).padStart(4, "0")}`;
          const whole = (units: string) => Number(units.replace(".", ""));
          const answer = concentrationExits({
            holdings: rows.map(({ units, owner, part }, i) => ({
              id: `h${i}`,
              ownerId: `o${owner}`,
              units: text(units),
              requested: text(Math.floor((units * part) / 10)),
            })),
            exits: { largest: n + 1 },
            navPerUnit: "10",
            gate: { basis: "gross", share },
            ...(investor === undefined ? {} : { investorGate: { steps: [investor], period: "quarterly" } }),
          });
          const held = [0, 1, 2].map((owner) =>
            rows.reduce((sum, one) => sum + (one.owner === owner ? one.units : 0), 0),
          );
          const owners = [0, 1, 2].filter((owner) => rows.some((one) => one.owner === owner));
          const ranking = owners.sort((a, b) => held[b]! - held[a]! || a - b).slice(0, n + 1);
          must(
            answer.exits.map(({ ownerId }) => ownerId).join() === ranking.map((owner) => `o${owner}`).join(),
            "the largest",
          );
          const total = held.reduce((sum, units) => sum + units, 0);
          for (const exit of answer.exits) {
            const owner = Number(exit.ownerId.slice(1));
            must(whole(exit.requested) === held[owner], "all that is held is asked for");
            must(whole(exit.allowed) === Math.floor(held[owner]! * Number(investor ?? "1")), "the investor gate");
            must(whole(exit.filled) <= whole(exit.allowed), "never more than allowed");
            must(whole(exit.left) === held[owner]! - whole(exit.filled), "what is left");
          }
          const paid = total - whole(answer.after.units);
          must(paid <= Math.floor(total * Number(share)), "the fund gate holds over everybody");
          must(total === 0 || Number(answer.before.top10) === 1, "three owners are within the first ten");
        },
      ),
      RUNS,
    );
  });
});

/** Fills of January to May 2023, of what was asked; four fifths of what is left asks again. */
const FILLS = ["0.25", "0.35", "0.15", "0.29", "0.30"];

describe("fill path", () => {
  it("fills 25, 35, 15, 29, 30 % with repeats of 80 %: 100 and then 20 new a month", () => {
    // gross 100, 20 + 0.8·75 = 80, 20 + 0.8·52 = 61.6, 20 + 0.8·52.36 = 61.888, 20 + 0.8·43.94048 = 55.152384
    const answer = fillPath({
      moneyDp: 9,
      repeats: "0.8",
      months: FILLS.map((fill, month) => ({ fill, requests: month === 0 ? "100" : "20" })),
      nav: "1000",
      liquid: "60",
    });
    expect(answer.months.map(({ gross }) => Number(gross))).toEqual([100, 80, 61.6, 61.888, 55.152384]);
    expect(answer.months.map(({ filled }) => Number(filled))).toEqual([25, 28, 9.24, 17.94752, 16.5457152]);
    expect(answer.months.map(({ net }) => Number(net))).toEqual([100, 20, 20, 20, 20]);
    expect(Number(answer.gross)).toBe(358.640384);
    expect(Number(answer.net)).toBe(180);
    expect(Number(answer.waiting)).toBe(38.6066688);
    // 25 + 28 = 53 is paid of 60; 62.24 is not
    expect(answer.monthsPaid).toBe(2);
    expect(answer.months[1]).toMatchObject({ navShare: "0.028717948717948718" });
    expect(Number(answer.fillOfNet)).toBeCloseTo(96.7332352 / 180, 15);
  });

  it("takes repeats out of gross figures as they are published, never more than was asked", () => {
    const answer = fillPath({
      requestsAre: "gross",
      repeats: "0.8",
      months: [
        { requests: "100", fill: "0.25" },
        { requests: "80", fill: "0.35" },
        { requests: "10", fill: "1" },
      ],
    });
    // 52 unfilled would repeat 41.60; only 10 is asked, so nothing of it is new
    expect(answer.months.map(({ repeats, net }) => [repeats, net])).toEqual([
      ["0.00", "100.00"],
      ["60.00", "20.00"],
      ["10.00", "0.00"],
    ]);
    expect(answer).toMatchObject({ gross: "190.00", net: "120.00", waiting: "0.00", monthsPaid: null });
  });

  it("counts as `demand-net-of-repeats` does when everything is asked again", () => {
    const path = fillPath({
      repeats: "1",
      months: [
        { requests: "100", fill: "0.25" },
        { requests: "20", fill: "0.5" },
        { requests: "0", fill: "1" },
      ],
    });
    const book = demandNetOfRepeats({
      unitsDp: 2,
      days: path.months.map(({ gross, filled }, month) => ({
        date: `2023-0${month + 1}-28`,
        investors: [{ id: "all", requested: gross, filled }],
      })),
    });
    expect(book).toMatchObject({ gross: path.gross, repeats: path.repeats, net: path.net });
  });

  it("stops counting at the first month that cannot be paid, whatever comes in later", () => {
    const { monthsPaid, months } = fillPath({
      months: [
        { requests: "10", fill: "1" },
        { requests: "10", fill: "1" },
        { requests: "1", fill: "1", inflow: "100" },
      ],
      liquid: "15",
    });
    expect(monthsPaid).toBe(1);
    expect(months.map(({ liquid }) => liquid)).toEqual(["5.00", "-5.00", "94.00"]);
  });

  it.each([
    { months: [] },
    { months: [{ requests: "1", fill: "1.2" }] },
    { months: [{ requests: "-1", fill: "1" }] },
    { months: [{ requests: "1.001", fill: "1" }] },
  ])("refuses %j", (input) => expect(() => fillPath(input)).toThrowError(EG400));

  it("any path: net demand is what was filled, given up or still waits, to the last unit", { timeout: LONG }, () => {
    const month = fc.record({
      requests: fc.nat({ max: 10 ** 8 }),
      fill: fc.constantFrom("0", "0.25", "1/3", "0.29", "1"),
    });
    fc.assert(
      fc.property(
        fc.array(month, { minLength: 1, maxLength: 8 }),
        fc.constantFrom("0", "0.8", "2/3", "1"),
        fc.constantFrom("new", "gross"),
        (rows, repeats, requestsAre) => {
          const cents = (text: string) => Number(text.replace(".", ""));
          const answer = fillPath({
            repeats,
            requestsAre,
            months: rows.map(({ requests, fill }) => ({ requests: (requests / 100).toFixed(2), fill })),
          });
          must(
            cents(answer.net) === cents(answer.filled) + cents(answer.givenUp) + cents(answer.waiting),
            "nothing is lost",
          );
          must(cents(answer.gross) - cents(answer.repeats) === cents(answer.net), "net of repeats");
          let unfilled = 0;
          answer.months.forEach((row, i) => {
            const [num, den] = repeats === "2/3" ? [2, 3] : [Number(repeats) * 10, 10];
            const again = Math.floor((unfilled * num!) / den!);
            const gross = requestsAre === "new" ? rows[i]!.requests + again : rows[i]!.requests;
            must(cents(row.gross) === gross, "gross");
            must(cents(row.repeats) === Math.min(again, gross), "repeats");
            unfilled = cents(row.unfilled);
            must(cents(row.filled) + unfilled === gross, "filled and unfilled");
          });
        },
      ),
      RUNS,
    );
  });
});
