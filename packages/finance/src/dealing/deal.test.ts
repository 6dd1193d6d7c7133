// The whole of a dealing day (R6 to R12 and R5b at once): the vector of R6, and for any day what must always hold. Pure.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEALING_POLICY, LMT_POLICY } from "../calc/dealing-examples.ts";
import { arbitraryDeal, LONG, must, RUNS } from "./arbitrary-day.ts";
import { deal } from "./deal.ts";

type Input = Parameters<typeof deal>[0];
const dealing = DEALING_POLICY as unknown as Input["classes"][number]["dealing"];
const lmt = {
  ...LMT_POLICY,
  tools: ["redemption_gate"],
  gate: { basis: "gross", share: "0.05" },
} as unknown as Input["lmt"];
const UNITS = ["40000", "25000.5", "12345.6789", "333.3333"];
const vector: Input = {
  dealingDate: "2026-03-31",
  currency: "EUR",
  fund: { nav: "12345600.00" },
  classes: [{ id: "A", navPerUnit: "12.3456", dealing }],
  lmt,
  orders: UNITS.map((units, i) => ({
    id: `o${i}`,
    classId: "A",
    investorId: `lp${i}`,
    direction: "redemption" as const,
    units,
    vintage: "2026-03-31",
  })),
};

describe("R6 vector through the whole day", () => {
  it("5 % of 1,000,000 units at 12.3456: 0.6436703654 of four requests, the rest carried", () => {
    const out = deal(vector);
    expect(out.gate).toMatchObject({ status: "gated", capUnits: "50000.0000", fraction: "0.643670365375955592" });
    expect(out.orders.map(({ filled, carried, amount }) => [filled, carried, amount])).toEqual([
      ["25746.8146", "14253.1854", "317859.87"],
      ["16092.0810", "8908.4190", "198666.39"],
      ["7946.5476", "4399.1313", "98104.89"],
      ["214.5568", "118.7765", "2648.83"],
    ]);
    expect(out.classes[0]).toMatchObject({ requestedUnits: "77679.5122", filledUnits: "50000.0000" });
  });

  it("a subscription buys at the price the executed flow leaves, and the residual stays", () => {
    const order = {
      id: "s",
      classId: "A",
      investorId: "x",
      direction: "subscription" as const,
      amount: "10000.00",
      vintage: "2026-03-31",
    };
    const out = deal({ ...vector, orders: [order] });
    expect(out.orders[0]).toMatchObject({ filled: "810.0051", price: "12.3456", amount: "10000.00" });
    expect(out.residuals).toEqual([{ orderId: "s", kind: "subscription_rounding", exact: "0.00103744", cash: "0.00" }]);
  });

  it("suspension deals nothing, a stopped gate nothing either", () => {
    expect(() => deal({ ...vector, active: ["suspension"] })).toThrow(expect.objectContaining({ code: "EG428" }));
    const gate = {
      basis: "gross" as const,
      share: "0.05",
      money: "1",
      threshold: { kind: "nav_share" as const, share: "0.01" },
    };
    expect(deal({ ...vector, lmt: { ...lmt, gate } })).toMatchObject({ status: "stopped", orders: [] });
  });
});

const of = (text: string): bigint => BigInt(text.replace(".", ""));

it("any day: units and cash are conserved, Σ fills within the cap, equal treatment, nobody beyond their lots", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(arbitraryDeal, (day) => {
      const out = deal(day);
      if (out.status === "stopped") return must(out.orders.length === 0, "a stopped engine fills nothing");
      for (const order of out.orders) {
        const money = of(order.grossAmount) - of(order.levy) - of(order.fee) - of(order.refund);
        must(order.direction === "switch_in" || of(order.amount) === money, "amount = gross − charges − refund");
        if (order.direction !== "redemption") continue;
        must(
          of(order.refused) + of(order.filled) + of(order.carried) + of(order.lapsed) ===
            of(order.requestedUnits ?? "0"),
          "units of an order",
        );
        must(
          of(order.filled) <= of(order.admitted ?? "") &&
            of(order.admitted ?? "") + of(order.refused) <= of(order.requestedUnits ?? "0"),
          "admitted",
        );
        must(
          of(order.grossAmount) === (of(order.filled) * of(order.price)) / 1_000_000n,
          "gross is units at the price, floored",
        );
        must(
          order.lots.reduce((sum, lot) => sum + of(lot.units), 0n) === of(order.filled),
          "the lots of an order are its fill",
        );
      }
      for (const lot of day.lots ?? []) {
        const used = out.orders.flatMap((o) => o.lots).filter((use) => use.lotId === lot.id);
        must(used.reduce((sum, use) => sum + of(use.units), 0n) <= of(lot.units), "a lot is used once");
        must(used.length === 0 || lot.openedOn <= "2025-03-31", "a locked lot stays");
      }
      for (const row of out.classes) {
        const own = out.orders.filter((o) => o.classId === row.id && o.direction === "redemption");
        const filled = own.reduce((sum, o) => sum + of(o.filled), 0n);
        must(filled === of(row.filledUnits), "Σ fills of a class");
        if (out.classes.length === 1 && row.capUnits !== null && out.gate.status === "gated")
          must(filled <= of(row.capUnits), "Σ fills ≤ cap");
        // within a cohort the same share, to one unit (and what the floor of the whole takes)
        for (const cohort of new Set(own.map((o) => o.cohort))) {
          const peers = own.filter((o) => o.cohort === cohort);
          const [asked, got] = [
            peers.reduce((sum, o) => sum + of(o.admitted ?? ""), 0n),
            peers.reduce((sum, o) => sum + of(o.filled), 0n),
          ];
          for (const o of peers) {
            const share = of(o.admitted ?? "");
            const off = of(o.filled) * asked - share * got;
            must(asked === 0n || (off < asked + share && -off < asked + share), "equal treatment");
          }
        }
      }
    }),
    RUNS,
  );
});

it("any day: the same bytes whatever the order of its lists", { timeout: LONG }, () => {
  fc.assert(
    fc.property(arbitraryDeal, (day) => {
      const turned = {
        ...day,
        orders: [...day.orders].reverse(),
        classes: [...day.classes].reverse(),
        lots: [...(day.lots ?? [])].reverse(),
      };
      must(JSON.stringify(deal(turned)) === JSON.stringify(deal(day)), "the same answer");
    }),
    { numRuns: 1_000 },
  );
});
