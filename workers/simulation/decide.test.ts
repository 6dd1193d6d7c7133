// The loss under a rate shift: rows worked out by hand, exact and linear in DV100; nothing reported is refused, not assumed harmless.
import { decimal } from "@evergreen-fund/finance/money.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lossUnderShift } from "./decide.ts";

const row = (value: string, tenor = "1y", currency = "USD") => ({ currency, tenor, value });
const stress = (shift_bps: number, dv100: ReturnType<typeof row>[]) =>
  lossUnderShift({ fundId: "f", payload: { scenario_id: "rates", shift_bps }, dv100 });

describe("a parallel shift", () => {
  it.each<[number, string[], string]>([
    [100, ["1234.50"], "1234.50"],
    [200, ["1234.50"], "2469.00"],
    [-100, ["1234.50"], "-1234.50"],
    [0, ["1234.50"], "0.00"],
    [200, ["-123.45"], "-246.90"],
    [200, ["1000.00", "-1000.00"], "0.00"],
    [1, ["0.50"], "0.01"], // 0.005, half up
    [-1, ["0.40"], "0.00"],
    [100, ["0.1", "0.2"], "0.30"],
    [1000, ["99999999999999999999.99"], "999999999999999999999.90"],
  ])("of %s bp over %j loses %s", (shift, values, loss) => {
    expect(
      stress(
        shift,
        values.map((value, i) => row(value, `${i}y`)),
      ),
    ).toEqual({
      kind: "completed",
      scenarioId: "rates",
      loss,
      method: "dv100_linear",
    });
  });
  it("adds up over currencies and tenors as over one, to the cent", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(-(10n ** 12n), 10n ** 12n), { minLength: 1, maxLength: 20 }), (cents) => {
        const text = (value: bigint) => decimal(String(value)).div(100).toFixed(2);
        const sum = cents.reduce((a, b) => a + b, 0n);
        const parts = stress(
          100,
          cents.map((value, i) => row(text(value), `${i}m`, i % 2 ? "EUR" : "USD")),
        );
        expect(parts).toMatchObject({ loss: text(sum).replace(/^-0\.00$/, "0.00") });
      }),
    );
  });
});

it("is refused with EG426 when nothing was reported", () => {
  expect(stress(200, [])).toEqual({ kind: "refused", reason: "EG426: the fund has reported no rate sensitivities" });
});
it("does not take a shift beyond 1,000 bp", () => {
  expect(() => stress(1001, [row("1")])).toThrow();
});
