// `esg …` against a real database and a real analytical file: ratings in, coverage out; marks stay as they are, the next one carries the score.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNewest, synchronise } from "@evergreen-fund/analytics";
import { PM_ONE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { newFund, syntheticFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { openDeltaReader } from "@evergreen-fund/supabase-client";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const any = z.record(z.string(), z.unknown());
const folder = mkdtempSync(join(tmpdir(), "evergreen-esg-"));
let files = 0;
const written = (content: string): string => {
  const path = join(folder, `synthetic-${++files}.csv`);
  writeFileSync(path, content);
  return path;
};
const of = ["--provider", "Synthetic Ratings", "--date", "2026-09-01", "--scale", "0..100"];
const Shown = z.object({
  providers: z.array(any),
  assets: z.array(
    z.looseObject({ asset: z.string(), esgScore: z.string().nullable(), esgReason: z.string().nullable() }),
  ),
});

it("rates assets by key, shows coverage and the score by value, and leaves marks as they are", async () => {
  const fund = await newFund(db);
  const path = written("asset,score,environment\nINFRA-1,80,90\nBOND-A,40,\n");
  const words = ["esg", "import", path, "--fund", fund.code, ...of];
  const before = await db.look("select * from asset_snapshots order by snapshot_id");
  expect(await house.json("ops1", any, words)).toMatchObject({ rated: 2, recorded: 2, analytics: { snapshot: null } });
  expect(await house.json("ops1", any, words)).toMatchObject({ rated: 2, recorded: 0 });
  expect(await db.look("select * from asset_snapshots order by snapshot_id")).toEqual(before);
  const shown = await house.json("pm1", Shown, ["esg", "show", "--fund", fund.code]);
  // 150,000 at 80 and 200,000 at 40 of 1,000,000: (150·80 + 200·40) / 350 = 57.142857…; 35 % rated
  expect(shown.providers).toMatchObject([
    {
      provider: "Synthetic Ratings",
      score: "57.142857",
      normalised: "0.571428571428571429",
      coverageByValue: "0.35",
      rated: 2,
      counted: 6,
    },
  ]);
  const reason = (asset: string) => shown.assets.find((one) => one.asset === asset)?.esgReason;
  expect(reason("INFRA-1")).toBe("rated after the mark was recorded; the next mark carries it");
  expect(reason("CASH")).toBe("no provider has rated the asset");

  const mark = { asset: "INFRA-1", as_of: "2026-10-31", value: "151000.00", source: "synthetic" };
  await db.call(PM_ONE, "fn_record_marks", { fund: fund.code, marks: JSON.stringify([mark]) });
  const next = await house.json("pm1", Shown, ["esg", "show", "--fund", fund.code]);
  expect(next.assets.find((one) => one.asset === "INFRA-1")).toMatchObject({
    esgScore: "80.000000000000000000",
    esgReason: null,
  });
  expect((await house.run("pm1", ["esg", "show", "--fund", fund.code])).out).toMatch(/INFRA-1\s+2026-10-31\s+80/);
});

it("fills leverage where the asset reports it, as a share or as debt beside its value, and says where it does not", async () => {
  const assets = (syntheticFund("x").assets as { key: string }[]).map((one) => ({
    ...one,
    ...(one.key === "INFRA-1" ? { attributes: { leverage: "0.55" } } : {}),
    // 250,000 of value and 750,000 of debt: three quarters
    ...(one.key === "EQUITY-1" ? { attributes: { debt: "750000.00" } } : {}),
  }));
  const fund = await newFund(db, { assets });
  const rows = await db.look(
    "select external_key as key, leverage::float, leverage_reason from mark_metrics where fund_id = $1 order by 1",
    [fund.fundId],
  );
  expect(rows).toContainEqual({ key: "INFRA-1", leverage: 0.55, leverage_reason: null });
  expect(rows).toContainEqual({ key: "EQUITY-1", leverage: 0.75, leverage_reason: null });
  expect(rows).toContainEqual({
    key: "CASH",
    leverage: null,
    leverage_reason: "the asset reports neither leverage nor debt",
  });
});

it("takes over what a filing says the fund has borrowed, or its reason for not saying", async () => {
  const assets = (syntheticFund("x").assets as { key: string }[]).map((one) => ({
    ...one,
    attributes:
      one.key === "CASH"
        ? { leverage: null, leverage_reason: "the filing has borrowings below zero" }
        : { leverage: "0.25" },
  }));
  const fund = await newFund(db, { assets });
  const rows = await db.look(
    "select external_key as key, leverage::float, leverage_reason from mark_metrics where fund_id = $1 order by 1",
    [fund.fundId],
  );
  expect(rows).toContainEqual({ key: "BOND-A", leverage: 0.25, leverage_reason: null });
  expect(rows).toContainEqual({
    key: "CASH",
    leverage: null,
    leverage_reason: "the filing has borrowings below zero",
  });
});

it("finds an asset by its identifier, and puts every metric into the analytical file", async () => {
  const assets = (syntheticFund("x").assets as { key: string }[]).map((one) => ({
    ...one,
    ...(one.key === "SHARE-A" ? { identifiers: [{ scheme: "isin", value: "XX0000000001" }] } : {}),
  }));
  const fund = await newFund(db, { assets });
  const home = mkdtempSync(join(tmpdir(), "evergreen-esg-home-"));
  const openReader = () => openDeltaReader({ url: db.database.urlFor("evergreen_app"), role: "agent_simulation" });
  await synchronise({ home, openReader });
  const path = written("ISIN,ESG score,Environmental\nXX0000000001,61.5,70\n");
  const done = await house.json("ops1", any, ["esg", "import", path, "--fund", fund.code, ...of], 0, {
    EVERGREEN_HOME: home,
  });
  expect(done).toMatchObject({ recorded: 1, analytics: { reason: null } });
  const { file } = await openNewest(home);
  expect(
    await file.rows("select metric, score::varchar as score, scale_high::varchar as high from esg_scores order by 1"),
  ).toEqual([
    { metric: "environment", score: "70.000000000000000000", high: "100.000000000000000000" },
    { metric: "total", score: "61.500000000000000000", high: "100.000000000000000000" },
  ]);
  file.close();
});

it("names the asset, the scale or the line that is wrong, and records nothing", async () => {
  const fund = await newFund(db);
  const refused = async (content: string, more = of) =>
    house.run("ops1", ["esg", "import", written(content), "--fund", fund.code, ...more]);
  expect((await refused("asset,score\nNONE,1\n")).err).toContain("The fund has no asset NONE.");
  expect((await refused("asset,score\nCASH,101\n")).err).toContain("The score of CASH lies outside of the scale.");
  expect((await refused("asset,score\nCASH,high\n")).err).toContain('line 2: score "high" is not a number.');
  expect((await refused("asset,score\nCASH,1\n", [...of.slice(0, 4), "--scale", "100"])).err).toContain("--scale");
  expect(await db.look("select 1 from esg_ratings where fund_id = $1", [fund.fundId])).toEqual([]);
});
