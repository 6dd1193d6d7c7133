// The default mandate: no issuer above its limit, cash at 2 %, targets that add up, and a rebalancing that it makes possible; last the real filing.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DefaultMandateInput, defaultMandate, OTHER_NET_ASSETS } from "./default-mandate.ts";
import { mandateProblem, retarget } from "./mandate.ts";
import { decimal, Exact } from "./money.ts";
import { violations } from "./rebalancing/arbitrary-problem.ts";
import { rebalance } from "./rebalancing/solve.ts";

type Input = Parameters<typeof defaultMandate>[0];
const bond = (id: string, value: string, issuer: string, sleeve = "debt/1-3y") => ({
  id,
  value,
  issuer,
  sleeve,
  category: "DBT",
  issuerCategory: "MUN",
  fairValueLevel: "2" as const,
});
const fund = (holdings: Input["holdings"], more: Partial<Input> = {}): Input => ({
  currency: "USD",
  asOf: "2024-12-31",
  netAssets: holdings.reduce((acc, row) => acc.plus(row.value), new Exact(0)).toFixed(),
  holdings,
  ...more,
});
const thirty = (value: (i: number) => string) =>
  Array.from({ length: 30 }, (_, i) =>
    bond(`b${String(i).padStart(2, "0")}`, value(i), `i${i}`, i % 2 ? "debt/1-3y" : "debt/3-5y"),
  );
const targetSum = (input: Input) => {
  const { mandate } = defaultMandate(input);
  return mandate.sleeves.reduce((acc, row) => acc.plus(row.target), decimal(mandate.cash.target)).toFixed();
};

describe("targets", () => {
  it("are the actual weights where nothing has to move but cash", () => {
    // 30 equal issuers, half in each sleeve: 98 % is divided in halves.
    const { mandate } = defaultMandate(fund(thirty(() => "100.00")));
    expect(mandate.sleeves.map((row) => [row.id, row.target])).toEqual([
      ["debt/1-3y", "0.49"],
      ["debt/3-5y", "0.49"],
    ]);
    expect(mandate.cash.target).toBe("0.02");
    expect(mandate.limits.issuerMax).toBe("0.05");
  });

  it("move what an issuer has above 5 % to the others in proportion", () => {
    // i00 holds 1,000 of 3,900: 25.6 %. It gets 5 %; the other 29 share 93 % alike, 14 of them in the first sleeve's other half.
    const { mandate } = defaultMandate(fund(thirty((i) => (i === 0 ? "1000.00" : "100.00"))));
    const each = 0.93 / 29;
    expect(mandate.sleeves.map((row) => Number(row.target))).toEqual([
      expect.closeTo(15 * each, 5),
      expect.closeTo(14 * each + 0.05, 5),
    ]);
  });

  it("add up to exactly one for any holdings", () => {
    const holding = fc.record({
      value: fc.integer({ min: 1, max: 10_000_000 }),
      issuer: fc.nat({ max: 40 }),
      sleeve: fc.nat({ max: 5 }),
      level: fc.constantFrom("1", "2", "2", "3"),
    });
    fc.assert(
      fc.property(fc.array(holding, { minLength: 1, maxLength: 60 }), fc.nat({ max: 1_000_000 }), (rows, extra) => {
        const holdings = rows.map((row, i) => ({
          ...bond(`h${i}`, (row.value / 100).toFixed(2), `i${row.issuer}`, `s${row.sleeve}`),
          fairValueLevel: row.level as "1" | "2" | "3",
        }));
        const total = rows.reduce((acc, row) => acc + row.value, extra);
        expect(targetSum(fund(holdings, { netAssets: (total / 100).toFixed(2) }))).toBe("1");
      }),
      { numRuns: 1000 },
    );
  });

  it("widen the issuer limit, and say so, where too few issuers are there to hold everything", () => {
    const { mandate } = defaultMandate(
      fund([bond("a", "500.00", "x"), bond("b", "300.00", "y"), bond("c", "200.00", "z")]),
    );
    // three issuers must hold 98 % with a tenth of room: 36 % each
    expect(mandate.limits.issuerMax).toBe("0.36");
    expect(mandate.notes.map((note) => note.code)).toContain("issuer_limit_widened");
  });
});

describe("what is not in the holdings", () => {
  it("becomes one holding outside the trade set, also when negative", () => {
    const { holdings, mandate } = defaultMandate(
      fund(
        thirty(() => "100.00"),
        { netAssets: "2950.00" },
      ),
    );
    expect(holdings.find((row) => row.id === OTHER_NET_ASSETS)).toMatchObject({
      value: "-50",
      tradable: false,
      sleeve: OTHER_NET_ASSETS,
    });
    expect(mandate.sleeves.find((row) => row.id === OTHER_NET_ASSETS)).toMatchObject({ target: "0", illiquid: true });
  });

  it("is cash where the importer put it into the sleeve cash", () => {
    const made = defaultMandate(fund([...thirty(() => "100.00"), { id: "other", value: "90.00", sleeve: "cash" }]));
    expect(made.cash).toEqual({ id: "other", value: "90" });
    expect(made.holdings.some((row) => row.id === "other")).toBe(false);
    expect(mandateProblem(made).cash).toMatchObject({ id: "other", value: "90", target: "0.02" });
  });
});

describe("illiquid holdings", () => {
  it("keep their weight, and more than 15 % of them means no limit on them", () => {
    const made = defaultMandate(
      fund([...thirty(() => "100.00"), { id: "p", value: "1000.00", sleeve: "private", category: "private_equity" }]),
    );
    expect(made.mandate.sleeves.find((row) => row.id === "private")).toMatchObject({ target: "0.25", illiquid: true });
    expect(made.mandate.limits.illiquid).toBeUndefined();
    expect(made.mandate.notes.map((note) => note.code)).toContain("no_illiquid_limit");
  });
});

describe("changing it", () => {
  const made = defaultMandate(fund(thirty(() => "100.00")));
  it("takes new targets that add up", () => {
    const next = retarget({
      mandate: made.mandate,
      targets: [
        { id: "debt/1-3y", target: "0.39" },
        { id: "cash", target: "0.12" },
      ],
    });
    expect(next).toMatchObject({ source: "manager", cash: { target: "0.12" } });
    expect(next.sleeves.map((row) => row.target)).toEqual(["0.39", "0.49"]);
  });
  it.each([
    [[{ id: "debt/1-3y", target: "0.4" }]],
    [[{ id: "gold", target: "0.49" }]],
    [
      [
        { id: "cash", target: "0.02" },
        { id: "cash", target: "0.02" },
      ],
    ],
  ])("refuses targets that do not fit %#", (targets) => {
    expect(() => retarget({ mandate: made.mandate, targets })).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
  it("refuses holdings in a sleeve that it does not know", () => {
    const stranger = { ...made.holdings[0]!, id: "z", sleeve: "gold" };
    expect(() => mandateProblem({ ...made, holdings: [...made.holdings, stranger] })).toThrowError(/no sleeve gold/);
  });
});

it.each([{ netAssets: "0.00" }, { netAssets: "-1.00" }, { asOf: "2024-13-01" }, { holdings: [] }])(
  "refuses %j",
  (more) => {
    expect(() => defaultMandate({ ...fund(thirty(() => "1.00")), ...more })).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
  },
);

const FILING = resolve(
  process.env.EVERGREEN_SHARED_DATA ?? resolve(import.meta.dirname, "../../../../shared/data"),
  "nport/dupree-kentucky-short-to-medium-2022-12.xml",
);

describe.skipIf(!existsSync(FILING))("a real filing (skipped where the shared data folder is absent)", () => {
  // Read with plain patterns: the real reader is another package.
  const filing = () => {
    const xml = readFileSync(FILING, "utf8");
    const one = (text: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
    const holdings = [...xml.matchAll(/<invstOrSec>.*?<\/invstOrSec>/gs)].map(([text]) => ({
      id: one(text, "cusip")!,
      value: one(text, "valUSD")!,
      issuer: one(text, "name")!,
      sleeve: `debt/${Math.floor((Number(one(text, "maturityDt")!.slice(0, 4)) - 2023) / 2)}`,
      category: one(text, "assetCat")!,
      issuerCategory: one(text, "issuerCat")!,
      fairValueLevel: one(text, "fairValLevel") as "2",
    }));
    const redemptions = [...xml.matchAll(/<mon\dFlow redemption="([^"]*)"/g)].map((match) => match[1]!);
    return DefaultMandateInput.parse({
      currency: "USD",
      asOf: "2022-12-31",
      netAssets: decimal(one(xml, "netAssets")!).toFixed(),
      holdings: [...holdings, { id: "other-net-assets", value: "894899.31", sleeve: "cash" }],
      monthlyRedemptions: redemptions,
    });
  };

  it("gives a mandate whose rebalancing keeps every limit, in both forms", async () => {
    const facts = filing();
    expect(facts.holdings).toHaveLength(56);
    const made = defaultMandate(facts);
    expect(made.mandate.liquidity).toEqual([{ horizon: "30d", stressedLiabilities: "2681552.64", cover: "1.2" }]);
    expect(made.mandate.limits).toMatchObject({ issuerMax: "0.05", minimumTicket: "20000" });
    for (const form of ["lp", "qp"] as const) {
      const problem = { ...mandateProblem(made), form };
      const answer = await rebalance(problem);
      expect(answer.status).toBe("optimal");
      expect(violations(problem, answer)).toEqual([]);
      if (answer.status !== "optimal") return;
      const issuers = answer.checks.filter((row) => row.code === "issuer_limit");
      expect(issuers.filter((row) => !row.heldBefore)).toHaveLength(3);
      expect(issuers.every((row) => row.verdict === "held" && Number(row.after) <= 0.05)).toBe(true);
      expect(answer.objective.proven).toBe(true);
    }
  }, 120_000);
});
