// Threads give what one processor gives, byte by byte, and say what is wrong with the input.
import { twrBatch, xirrBatch } from "@evergreen-fund/finance/returns/batch.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { returnThreads, type SharedColumns, shared, sharedRates } from "./threads.ts";

/** One or many investors as columns. */
function columnsOf(investors: readonly (readonly (readonly [day: number, amount: number])[])[]): SharedColumns {
  const flows = {
    offsets: shared.offsets(investors.length + 1),
    days: shared.days(investors.flat().length),
    amounts: shared.doubles(investors.flat().length),
  };
  let at = 0;
  investors.forEach((rows, i) => {
    for (const [day, amount] of rows) {
      flows.days[at] = day;
      flows.amounts[at] = amount;
      at += 1;
    }
    flows.offsets[i + 1] = at;
  });
  return { flows, rates: sharedRates(investors.length) };
}

describe("returns on threads", () => {
  const investor = fc.array(
    fc.tuple(fc.integer({ min: -9_000, max: 9_000 }), fc.integer({ min: -100_000, max: 100_000 })),
    {
      minLength: 2,
      maxLength: 20,
    },
  );

  it("gives the same bytes on threads as here, for both measures", { timeout: 60_000 }, async () => {
    const investors = fc.sample(investor, { numRuns: 40_000, seed: 7 });
    const columns = columnsOf(investors);
    const values = shared.doubles(columns.flows.amounts.length).map((_, i) => 50 + (i % 17));
    const returns = shared.doubles(investors.length);
    const all: SharedColumns = { ...columns, values: shared.doubles(values.length), returns };
    all.values!.set(values);
    const threads = await returnThreads(all, 2);
    try {
      await threads.run("xirr");
      await threads.run("twr");
    } finally {
      await threads.close();
    }
    const here = columnsOf(investors);
    xirrBatch(here.flows, here.rates, 0, investors.length);
    expect(columns.rates).toEqual(here.rates);
    const expected = new Float64Array(investors.length);
    twrBatch(here.flows, values, expected, 0, investors.length);
    expect(Float64Array.from(returns)).toEqual(expected);
    expect(new Set(here.rates.verdicts).size).toBeGreaterThan(3);
  });

  it("says on threads what is wrong with the input", { timeout: 60_000 }, async () => {
    const columns = columnsOf([
      [
        [0, -1],
        [365, Number.NaN],
      ],
    ]);
    const threads = await returnThreads(columns, 1);
    try {
      await expect(threads.run("xirr")).rejects.toMatchObject({ code: "EG400" });
      await expect(threads.run("twr")).rejects.toMatchObject({ code: "EG400" });
    } finally {
      await threads.close();
    }
  });
});
