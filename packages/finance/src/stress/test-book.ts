// For tests: a synthetic fund with an asset of every kind, its ladder, gate, notice, commitments, investors and market. All figures synthetic.
import { FundBook } from "./book.ts";

export const AS_OF = "2026-09-30";
type Input = Record<string, unknown>;

/** An asset of 100,000 in the fund's currency unless said otherwise. */
export const bookAsset = (id: string, type: string, change: Input = {}): Input => ({
  id,
  key: id,
  name: `${id} (synthetic)`,
  type,
  strategy: type,
  issuer: null,
  country: "US",
  currency: "USD",
  bucket: "30d",
  liquid: true,
  level: 2,
  maturity: null,
  value: "100000.00",
  markedOn: AS_OF,
  category: null,
  issuerCategory: null,
  rollForward: null,
  terms: null,
  termsProblem: null,
  ...change,
});

export const ladderRow = (side: "asset" | "liability", bucket: string, capacity: string, utilization = "0"): Input => ({
  side,
  asOf: AS_OF,
  bucket,
  capacity,
  utilization,
  stressDelta: "0",
});

export const creditLine = (committed: string, drawn: string, change: Input = {}): Input => ({
  line: "RCF-1",
  currency: "USD",
  committed,
  drawn,
  expiresOn: "2028-12-31",
  dueDays: 10,
  ...change,
});

const empty = (): Input => ({
  format: "evergreen.book/1",
  fund: { id: "fund-1", code: "SYN-1", currency: "USD", netAssets: "0", navAsOf: AS_OF },
  asOf: AS_OF,
  snapshotHash: "synthetic",
  sensitivities: { asOf: null, source: "none", rows: [] },
  reportedFlows: [],
  ladder: [],
  classes: [],
  holdings: [],
  pending: [],
  dealingPolicies: [],
  lmtPolicy: null,
  mandate: null,
  creditLines: [],
  pools: [],
  market: [],
});

/** A book of these assets, whose net assets are their sum. */
export function testBook(assets: readonly Input[], change: Input = {}): FundBook {
  const cents = assets.reduce((sum, { value }) => sum + BigInt(Math.round(Number(value) * 100)), 0n);
  const fund = {
    id: "fund-1",
    code: "SYN-1",
    currency: "USD",
    netAssets: (Number(cents) / 100).toFixed(2),
    navAsOf: AS_OF,
  };
  return FundBook.parse({ ...empty(), fund, assets: [...assets], ...change });
}

const observed = (series: string, value: string, asOf = AS_OF): Input => ({ series, asOf, value });

/** One asset for each way in which assets are valued, the reported sensitivities left out: with them all debt would be valued by those. */
export const EVERY_KIND: readonly Input[] = [
  bookAsset("cash", "cash", { bucket: "1d" }),
  bookAsset("bond-flows", "bond", {
    maturity: "2029-09-30",
    issuerCategory: "UST",
    terms: {
      cashFlows: ["2027-09-30", "2028-09-30", "2029-09-30"].map((date, at) => ({
        date,
        amount: at === 2 ? "104000" : "4000",
      })),
    },
  }),
  bookAsset("bond-euro", "bond", {
    currency: "EUR",
    country: "DE",
    maturity: "2028-09-30",
    terms: { cashFlows: [{ date: "2028-09-30", amount: "90000" }], hedgeRatio: "0.5" },
  }),
  bookAsset("bond-maturity", "debt", { maturity: "2031-09-29", issuerCategory: "MUN" }),
  bookAsset("loan-undated", "loan"),
  bookAsset("money-market", "money_market", { bucket: "1d" }),
  bookAsset("share", "equity", {
    bucket: "7d",
    terms: { beta: "1.2", region: "us", sector: "energy", estimatedOn: "2026-08-31" },
  }),
  bookAsset("share-yen", "equity", { bucket: "7d", currency: "JPY", country: "JP" }),
  bookAsset("buyout", "private_equity", {
    bucket: "gt365d",
    level: 3,
    markedOn: "2026-03-31",
    rollForward: { series: "index.private", beta: "0.8", indexAtMark: "100", asOf: AS_OF },
    terms: {
      commitment: {
        commitment: "80000",
        paidIn: "50000",
        age: 8,
        lifetime: 40,
        growth: "0.03",
        calls: ["0.1"],
        yield: "0",
        shape: "2.5",
      },
    },
  }),
  bookAsset("fund-of-funds", "private_fund", { bucket: "gt365d", markedOn: "2026-06-30" }),
  bookAsset("private-loan", "private_credit", { bucket: "365d", maturity: "2030-09-30" }),
  bookAsset("offices", "real_estate", {
    bucket: "365d",
    terms: { capRate: "cap.offices", capitalisedClass: "real_estate_commercial", debt: "50000" },
  }),
  bookAsset("toll-road", "infrastructure", {
    bucket: "gt365d",
    terms: {
      cashFlows: [
        { date: "2027-03-31", amount: "30000" },
        { date: "2040-03-31", amount: "300000" },
      ],
      discountRate: "discount.roads",
    },
  }),
  bookAsset("future", "derivative", { value: "-2500.00", bucket: "7d" }),
];

/** The fund of every kind, with everything around it. */
export const everyKind = (change: Input = {}): FundBook =>
  testBook(EVERY_KIND, {
    reportedFlows: Array.from({ length: 12 }, (_, at) => `2025-${String(at + 1).padStart(2, "0")}-01`).flatMap(
      (month, at) => [
        { month, kind: "redemption", amount: `${10_000 + at * 1_000}.00` },
        { month, kind: "sale", amount: "5000.00" },
      ],
    ),
    ladder: [
      ladderRow("liability", "7d", "0", "5000"),
      ladderRow("liability", "30d", "20000"),
      ladderRow("liability", "90d", "40000"),
    ],
    classes: [{ id: "class-1", code: "A", currency: "USD", units: "13000", navPerUnit: "100", unitsDp: 4, priceDp: 4 }],
    holdings: ["5000", "3000", "2500", "1500", "1000"].map((units, at) => ({
      classId: "class-1",
      investorId: `investor-${at + 1}`,
      units,
    })),
    lmtPolicy: { version: 1, body: { gate: { basis: "gross", share: "0.05" } } },
    mandate: { version: 1, body: { liquidity: [{ horizon: "30d", cover: "1.2" }] } },
    creditLines: [creditLine("50000", "20000")],
    market: [
      observed("curve.USD.1y", "0.03"),
      observed("curve.USD.5y", "0.035"),
      observed("curve.EUR.5y", "0.025"),
      observed("fx.EUR.USD", "1.15", "2026-09-29"),
      observed("index.private", "104"),
      observed("cap.offices", "0.05", "2026-06-30"),
      observed("discount.roads", "0.07", "2026-06-30"),
    ],
    ...change,
  });
