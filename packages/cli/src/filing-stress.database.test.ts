// A filing, imported into a real database, synchronised, read as a book and stressed: the loss of a parallel shift is what the filing's own DV100 figures say, to the cent.
// Always on a synthetic filing; on a real one where it is present.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openNewest, readBook, synchronise } from "@evergreen-fund/analytics";
import { decimal, ZERO } from "@evergreen-fund/finance/money.ts";
import { asScenario, type ResolvedScenario, resolveScenario } from "@evergreen-fund/finance/scenarios/index.ts";
import { rateShockLoss } from "@evergreen-fund/finance/sensitivities.ts";
import {
  concludeStress,
  type FundBook,
  type StressOutcome,
  shardsOf,
  valueShard,
} from "@evergreen-fund/finance/stress/index.ts";
import { openScenarioFolder } from "@evergreen-fund/interchange/scenarios/index.ts";
import { type Filing, readFiling, syntheticXml, toFundImport } from "@evergreen-fund/nport";
import { SAMPLE, SAMPLE_PRESENT } from "@evergreen-fund/nport/test-documents.ts";
import { openDeltaReader } from "@evergreen-fund/supabase-client";
import { afterAll, describe, expect, it } from "vitest";
import { PM_ONE, testDatabase } from "../../../prisma/tests/arrange.ts";
import { importArgument } from "./import-fund.ts";

const db = await testDatabase();
const shipped = await openScenarioFolder(resolve(import.meta.dirname, "../../../scenarios"));
const homes: string[] = [];
afterAll(() => Promise.all(homes.map((home) => rm(home, { recursive: true, force: true }))));

/** From the filing to the book that a stress run reads. */
async function bookOf(filing: Filing, code: string): Promise<FundBook> {
  await db.value(PM_ONE, "fn_import_fund", { fund: importArgument(toFundImport(filing, { code }), code) });
  const home = await mkdtemp(join(tmpdir(), "evergreen-filing-"));
  homes.push(home);
  await synchronise({
    home,
    openReader: () => openDeltaReader({ url: db.database.urlFor("evergreen_app"), role: "agent_simulation" }),
  });
  const { file } = await openNewest(home);
  const book = await readBook(file, code);
  file.close();
  return book;
}

const run = (book: FundBook, scenario: ResolvedScenario, size?: number): StressOutcome =>
  concludeStress(
    book,
    scenario,
    shardsOf(book, size).map((shard) => valueShard(book, scenario, shard)),
  );

const shipping = (id: string): ResolvedScenario => shipped.find(id).resolved!;
/** A shift of all curves and of nothing else. */
const parallel = (bps: number): ResolvedScenario =>
  resolveScenario(
    {
      ...asScenario(shipping("base")),
      id: "parallel",
      factors: { "rates.parallel.all": String(bps) },
      tests: [],
      reports: ["valuation"],
    },
    { ids: [], get: () => undefined },
  );

const shockOf = (book: FundBook, shockBps: number): string =>
  rateShockLoss({
    dv100: book.sensitivities.rows.flatMap(({ measure, currency, tenor, value }) =>
      measure === "dv100" ? [{ currency, tenor, amount: value }] : [],
    ),
    shockBps,
  }).loss;

function foots(outcome: StressOutcome): void {
  const sum = (of: (asset: StressOutcome["byAsset"][number]) => string): string =>
    outcome.byAsset.reduce((total, asset) => total.plus(of(asset)), ZERO).toFixed(2);
  expect(sum(({ navBefore }) => navBefore)).toBe(outcome.navBefore);
  expect(sum(({ navAfter }) => navAfter)).toBe(outcome.navAfter);
  for (const [at, { nav }] of outcome.periods.entries()) expect(sum(({ path }) => path[at]!)).toBe(nav);
}

describe("a synthetic filing", async () => {
  const filing = await readFiling(
    (async function* () {
      yield Buffer.from(syntheticXml({ seed: 7, holdings: 120, derivatives: 3, liquidityClasses: true }));
    })(),
  );
  const book = await bookOf(filing, "SYN-FILING");
  it.each([100, -100, 200, 37])(
    "loses under a shift of %i bp what its figures say, to the cent, in any split",
    (bps) => {
      const outcome = run(book, parallel(bps));
      const debt = outcome.byAsset.filter(({ method }) => method === "dv100_linear_by_value_and_term");
      expect(debt.length).toBeGreaterThan(10);
      const lost = debt.reduce((total, { navBefore, navAfter }) => total.plus(navBefore).minus(navAfter), ZERO);
      expect(lost.toFixed(2)).toBe(shockOf(book, bps));
      expect(run(book, parallel(bps), 7)).toEqual(outcome);
      foots(outcome);
    },
  );
  it.each(shipped.ids)("runs under %s", (id) => foots(run(book, shipping(id))));
});

const reason = SAMPLE_PRESENT ? "" : " (needs the sample filing, which is no part of the project)";
describe.skipIf(!SAMPLE_PRESENT)(`a real filing${reason}`, async () => {
  const book = SAMPLE_PRESENT ? await bookOf(await readFiling(SAMPLE), "KY1") : undefined!;
  const lossOf = ({ loss, notes, byAsset, periods }: StressOutcome) => {
    const moved = byAsset.filter(({ navBefore, navAfter }) => navBefore !== navAfter);
    return {
      loss,
      convexity: [...new Set(moved.map(({ convexity }) => convexity))],
      methods: periods[0]!.byMethod,
      notes,
    };
  };
  it("+100 bp reproduces the sum of its DV100", () => {
    const outcome = run(book, parallel(100));
    foots(outcome);
    expect(outcome.loss).toBe("1095028.07");
    expect(lossOf(outcome).convexity).toEqual(["unknown"]);
  });
  it("rates_up200 is twice that, says of every number how it was made, and what convexity it cannot know", () => {
    const outcome = run(book, shipping("rates_up200"));
    foots(outcome);
    const { loss, methods, notes } = lossOf(outcome);
    expect(loss).toBe("2190056.14");
    expect(methods).toEqual([
      { method: "cash", assets: 1, change: "0.00" },
      { method: "dv100_linear_by_value_and_term", assets: book.assets.length - 1, change: "-2190056.14" },
    ]);
    expect(notes.join("\n")).toMatch(/divided by value times days to maturity .* largest remainder/);
    expect(notes.join("\n")).toMatch(/Convexity: .* curvature is not known/);
    for (const asset of outcome.byAsset) expect(asset.inputs[0]).toMatchObject({ asOf: "2022-12-31", ageDays: 0 });
  });
  it("runs along the severely adverse path of the Federal Reserve, quarter by quarter", () => {
    const outcome = run(book, shipping("fed_2025_severely_adverse"));
    foots(outcome);
    expect(outcome.periods.map(({ date }) => date)).toEqual([
      "2023-03-31",
      "2023-06-30",
      "2023-09-30",
      "2023-12-31",
      "2024-03-31",
      "2024-06-30",
      "2024-09-30",
      "2024-12-31",
      "2025-03-31",
      "2025-06-30",
      "2025-09-30",
      "2025-12-31",
      "2026-03-31",
    ]);
    // Σ of the filing's figures times the path's moves, by a form of its own: rates by tenor (3 months to 30 years; 1 year lies between 3 months
    // and 5 years on a straight line), spreads per basis point
    const [m3, y5, y10, spread] = ["rates.key.USD.3m", "rates.key.USD.5y", "rates.key.USD.10y", "spread.all"].map(
      (address) => shipping("fed_2025_severely_adverse").factors[address]!.map(Number),
    );
    const of = (measure: string, tenor: string): number =>
      Number(book.sensitivities.rows.find((row) => row.measure === measure && row.tenor === tenor)?.value ?? 0);
    const spreads = book.sensitivities.rows.filter(({ measure }) => measure.startsWith("spread_"));
    for (const [at, { change }] of outcome.periods.entries()) {
      const y1 = m3![at]! + ((y5![at]! - m3![at]!) * 0.75) / 4.75;
      const rates =
        of("dv100", "3m") * m3![at]! +
        of("dv100", "1y") * y1 +
        of("dv100", "5y") * y5![at]! +
        (of("dv100", "10y") + of("dv100", "30y")) * y10![at]!;
      const wider = spreads.reduce((sum, { value }) => sum + Number(value) * spread![at]!, 0);
      expect(Math.abs(Number(change) + rates / 100 + wider)).toBeLessThanOrEqual(0.0051);
    }
    expect(new Set(outcome.periods.map(({ nav }) => nav)).size).toBeGreaterThan(10);
    expect(decimal(outcome.navBefore).gt(0)).toBe(true);
  });
});
