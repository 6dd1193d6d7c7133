// A fund in a real database, synchronised and read back as the book of a stress run.
import { FundBook } from "@evergreen-fund/finance/stress/book.ts";
import { PM_ONE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { CREDIT_LINE } from "@evergreen-fund/prisma/tests/credit-line.ts";
import { beforeAll, expect, it } from "vitest";
import { openNewest, readBook, synchronise } from "./index.ts";
import { type Market, openMarket } from "./test-market.ts";

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});

it("holds what the fund is: assets by id, ladder, sensitivities, flows, mandate, and the hash of its snapshot", async () => {
  const home = await market.freshHome();
  const { manifest } = await synchronise({ home, openReader: market.openReader });
  const { file } = await openNewest(home);
  const book = await readBook(file, market.fund.fundId);
  expect(await readBook(file, market.fund.code)).toEqual(book);
  await expect(readBook(file, "NO-SUCH-FUND")).rejects.toMatchObject({ code: "EG404" });
  file.close();
  expect(FundBook.parse(book)).toEqual(book);
  expect(book).toMatchObject({
    fund: {
      id: market.fund.fundId,
      code: market.fund.code,
      currency: "USD",
      netAssets: "1000000.0000",
      navAsOf: "2026-09-30",
    },
    asOf: "2026-09-30",
    snapshotHash: manifest.contentHash,
    sensitivities: { asOf: "2026-09-30", rows: [{ measure: "dv100", currency: "USD", tenor: "1y" }] },
    reportedFlows: [{ month: "2026-09-01", kind: "redemption", amount: "50000.0000" }],
    mandate: { version: 1, body: { sleeves: [{ sleeve: "bonds", target: "0.35" }] } },
    lmtPolicy: null,
    creditLines: [],
  });
  expect(book.assets.map(({ id }) => id)).toEqual([...market.assets].sort());
  expect(book.assets.find(({ key }) => key === "BOND-A")).toMatchObject({
    type: "debt",
    bucket: "7d",
    liquid: true,
    value: "200000.0000",
    markedOn: "2026-09-30",
    rollForward: null,
    terms: null,
    termsProblem: null,
  });
  expect(book.ladder.map(({ side, bucket, capacity }) => [side, bucket, capacity])).toEqual([
    ["asset", "1d", "250000.0000"],
    ["asset", "7d", "350000.0000"],
    ["asset", "gt365d", "400000.0000"],
    ["liability", "30d", "100000.0000"],
  ]);
});

it("has the credit lines in force: of each the newest version up to the day, and none that was given up", async () => {
  const { db, fund } = market;
  const set = (change: Record<string, unknown>) =>
    db.call(PM_ONE, "fn_set_credit_line", { fund: fund.code, ...CREDIT_LINE, ...change });
  await set({});
  await set({ drawn: "45000.00", due_days: 14, effective_from: "2026-09-01" });
  await set({ drawn: "90000.00", effective_from: "2026-10-01" }); // after the day of valuation
  await set({ line: "RCF-0", committed: "5000.00", drawn: "0" });
  await set({ line: "RCF-2" });
  await set({ line: "RCF-2", committed: "0", drawn: "0", effective_from: "2026-06-01" });
  const home = await market.freshHome();
  await synchronise({ home, openReader: market.openReader, check: "full" });
  const { file } = await openNewest(home);
  const { creditLines, asOf } = await readBook(file, fund.fundId);
  file.close();
  expect(asOf).toBe("2026-09-30");
  expect(creditLines).toEqual([
    { line: "RCF-0", currency: "USD", committed: "5000.0000", drawn: "0.0000", expiresOn: "2028-12-31", dueDays: 30 },
    {
      line: "RCF-1",
      currency: "USD",
      committed: "100000.0000",
      drawn: "45000.0000",
      expiresOn: "2028-12-31",
      dueDays: 14,
    },
  ]);
});

it("takes a trade that was applied after the mark, the terms that can be read, and says of others why not", async () => {
  const { db, fund } = market;
  const value = (json: unknown) => JSON.stringify({ valuation: json });
  await db.look("update assets set attributes = $2 where id = $1 returning id", [
    fund.assets["BOND-A"],
    value({ duration: "4.5" }),
  ]);
  await db.look("update assets set attributes = $2 where id = $1 returning id", [
    fund.assets["BOND-B"],
    value({ duraton: "4.5" }),
  ]);
  await db.look(
    "update portfolio_allocations set market_value = 160000, recorded_at = now() + interval '1 hour' where asset_id = $1 returning 1",
    [fund.assets["BOND-A"]],
  );
  const home = await market.freshHome();
  await synchronise({ home, openReader: market.openReader });
  const { file } = await openNewest(home);
  const book = await readBook(file, fund.fundId);
  file.close();
  const [a, b] = ["BOND-A", "BOND-B"].map((key) => book.assets.find((asset) => asset.key === key));
  expect(a).toMatchObject({ value: "160000.0000", markedOn: "2026-09-30", terms: { duration: "4.5" } });
  expect(b).toMatchObject({ value: "150000.0000", terms: null });
  expect(b?.termsProblem).toContain("duraton");
});
