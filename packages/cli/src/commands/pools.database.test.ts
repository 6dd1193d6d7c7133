// Pools by command line against a real database: set, listed as of a date, traded in, slippage expected against executed, refusals before anything is written.
import { dealingFund } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { POOL_TRADE } from "@evergreen-fund/prisma/tests/pool.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const Listed = z.object({ pools: z.array(z.object({ pool: z.string(), version: z.int(), reserveUnits: z.string() })) });
const Slippage = z.object({
  expected: z.array(z.object({ direction: z.string(), amountIn: z.string(), expectedOut: z.string() })),
  executed: z.array(z.object({ version: z.int(), expectedOut: z.string(), beyondExpected: z.string() })),
});
const flags = (given: Record<string, string>) => Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
const set = (fund: string, change: Record<string, string> = {}) =>
  house.run("pm1", [
    ...["pools", "set", "SYN-POOL"],
    ...flags({
      fund,
      class: "A",
      chain: "local-31337",
      curve: "constant_product",
      units: "100000000",
      cash: "100000000",
      "unit-decimals": "4",
      "cash-decimals": "2",
      "fee-ppm": "3000",
      from: "2026-01-01",
      ...change,
    }),
  ]);
const trade = (fund: string, change: Record<string, string> = {}) =>
  house.run("pm1", [
    ...["pools", "trade", "SYN-POOL"],
    ...flags({
      fund,
      direction: POOL_TRADE.direction,
      in: POOL_TRADE.amount_in,
      out: POOL_TRADE.amount_out,
      tx: POOL_TRADE.tx_hash,
      at: POOL_TRADE.executed_at,
      ...change,
    }),
  ]);

it("a pool is set, changed from a date on, and what was executed stands beside what its version let expect", async () => {
  const { fund } = await dealingFund(house.db);
  const of = ["--fund", fund.code];
  expect((await house.run("pm1", ["pools", "list", ...of])).out).toMatch(/no pool/);
  expect(await set(fund.code)).toMatchObject({ exit: 0, err: "" });
  // most digits that a pool can have arrive digit for digit
  const most = "5192296858534827628530496329220095";
  expect(await set(fund.code, { units: most, from: "2026-11-01" })).toMatchObject({ exit: 0, err: "" });
  const listed = (date: string) => house.json("pm1", Listed, ["pools", "list", ...of, "--date", date]);
  expect((await listed("2026-10-31")).pools).toEqual([{ pool: "SYN-POOL", version: 1, reserveUnits: "100000000" }]);
  expect((await listed("2026-11-01")).pools).toEqual([{ pool: "SYN-POOL", version: 2, reserveUnits: most }]);
  expect(await trade(fund.code)).toMatchObject({ exit: 0, err: "" });
  const seen = await house.json("pm1", Slippage, ["pools", "slippage", ...of, "--date", "2026-10-31"]);
  expect(seen.expected).toHaveLength(10);
  // R48 by hand: ⌊1,000,000 · 997 · 10^8 / (1000 · 10^8 + 997 · 1,000,000)⌋
  expect(seen.expected).toContainEqual({ direction: "sell", amountIn: "1000000", expectedOut: "987158" });
  expect(seen.executed).toEqual([{ version: 1, expectedOut: "987158", beyondExpected: "0.0001" }]);
  expect((await house.run("pm1", ["pools", "slippage", ...of, "--date", "2026-10-31"])).out).toMatch(/987,058/);
});

it("is refused with a sentence, and nothing is written", async () => {
  const { fund } = await dealingFund(house.db);
  for (const [change, word] of [
    [{ units: "1.5" }, "--units is a whole number"],
    [{ "fee-ppm": "much" }, "--fee-ppm is a whole number"],
    [{ curve: "order_book" }, "curve is constant_product"],
    [{ chain: "a chain" }, "pool and chain are codes"],
  ] as const) {
    const refused = await set(fund.code, change as Record<string, string>);
    expect(refused.exit).toBeGreaterThan(0);
    expect(refused.err).toContain(word);
  }
  expect((await trade(fund.code)).err).toContain("had no pool");
  expect(await house.db.look("select from liquidity_pools where fund_id = $1", [fund.fundId])).toEqual([]);
});
