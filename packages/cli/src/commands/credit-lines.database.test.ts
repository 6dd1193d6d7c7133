// Credit lines by command line against a real database: set, listed as of a date, ended, and refused before anything is written.
import { newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const Listed = z.object({
  lines: z.array(z.object({ line: z.string(), version: z.int(), committed: z.string(), drawn: z.string() })),
});
const set = (fund: string, change: Record<string, string> = {}) =>
  house.run("pm1", [
    "credit-lines",
    "set",
    "RCF-1",
    ...Object.entries({
      fund,
      lender: "BANK-1",
      committed: "100000.00",
      drawn: "0",
      from: "2026-01-01",
      expires: "2028-12-31",
      "due-days": "30",
      ...change,
    }).flatMap(([name, value]) => [`--${name}`, value]),
  ]);

it("a line is set, changed from a date on, listed as of a date, and ended by one of nothing", async () => {
  const { code } = await newFund(house.db);
  const listed = (date: string) =>
    house.json("pm1", Listed, ["credit-lines", "list", "--fund", code, "--date", date]).then(({ lines }) => lines);
  expect((await house.run("pm1", ["credit-lines", "list", "--fund", code])).out).toMatch(/no credit line/);
  expect(await set(code)).toMatchObject({ exit: 0, err: "" });
  expect(await set(code, { drawn: "25000.50", from: "2026-07-01" })).toMatchObject({ exit: 0, err: "" });
  expect(await listed("2025-12-31")).toEqual([]);
  expect(await listed("2026-06-30")).toEqual([
    { line: "RCF-1", version: 1, committed: "100000.0000", drawn: "0.0000" },
  ]);
  expect(await listed("2026-07-01")).toMatchObject([{ version: 2, drawn: "25000.5000" }]);
  const shown = await house.run("pm1", ["credit-lines", "list", "--fund", code, "--date", "2026-07-01"]);
  expect(shown.out).toMatch(/RCF-1 +BANK-1 +100,000\.0000 +25,000\.5000 +USD +2026-07-01 +2028-12-31 +30 days/);
  await set(code, { committed: "0", from: "2026-09-01" });
  expect(await listed("2026-09-01")).toEqual([]);
});

it("is refused with a sentence, and nothing is written", async () => {
  const { code, fundId } = await newFund(house.db);
  for (const [change, word] of [
    [{ committed: "much" }, "--committed is an amount"],
    [{ "due-days": "soon" }, "--due-days is a whole number"],
    [{ drawn: "100000.01" }, "no more is drawn than is committed"],
    [{ lender: "A Bank" }, "line and lender are codes"],
  ] as const) {
    const refused = await set(code, change as Record<string, string>);
    expect(refused.exit).toBeGreaterThan(0);
    expect(refused.err).toContain(word);
  }
  expect(await house.db.look("select from credit_lines where fund_id = $1", [fundId])).toEqual([]);
});
