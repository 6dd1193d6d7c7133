// R40 and R34: what regimes say of holdings and of stress tests, from the packs in policies/; each limit of each pack is seen to hold at its edge and to break beyond it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  LmtPolicy,
  type PortfolioLimit,
  parsePack,
  STRESS_KINDS,
  STRESS_SIDES,
} from "@evergreen-fund/domain/policies/index.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROGRAMME } from "../calc/stress-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { portfolioCheck } from "./portfolio-check.ts";
import { programmeVerdict } from "./programme-verdict.ts";

const EG400 = expect.objectContaining({ code: "EG400" });
const FOLDER = join(import.meta.dirname, "../../../../policies");
const PACKS = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => parsePack(readFileSync(join(FOLDER, file), "utf8")));
const packNamed = (name: string) => PACKS.find(({ pack }) => pack === name)!;

/** A fund worth 1000 whose measure is `amount`; nothing else stands in the way of its own limit. */
function at(limit: PortfolioLimit, amount: string) {
  const counts = limit.measure;
  const rest = (1_000 - Number(amount)).toFixed(2);
  const asset = (id: string, value: string, is: boolean) => ({
    id,
    value,
    eligible: is && counts === "eligible_share",
    illiquid: is && counts === "illiquid_share",
  });
  const crumbs = Array.from({ length: 10 }, (_, i) => asset(`c${i}`, (Number(rest) / 10).toFixed(3), false));
  return portfolioCheck({
    limits: [limit],
    investors: limit.investors ?? "retail",
    nav: "1000",
    capital: "1000",
    borrowed: counts === "borrowing_share" ? amount : "0",
    positions: counts === "borrowing_share" ? [] : [asset("it", amount, true), ...crumbs],
  });
}

describe("R40 vectors", () => {
  it("are in the packs: ELTIF 55, 20, 50 and 100 %, LTAF 50 and 30 %, open-end 15 %", () => {
    const told = (name: string) =>
      packNamed(name).portfolio.map(
        ({ measure, op, value, investors = "all" }) => `${measure} ${op} ${value} ${investors}`,
      );
    expect(told("eltif")).toEqual([
      "eligible_share gte 0.55 all",
      "largest_asset_share lte 0.2 retail",
      "borrowing_share lte 0.5 retail",
      "borrowing_share lte 1 professional",
    ]);
    expect(told("ltaf")).toEqual(["illiquid_share gte 0.5 all", "borrowing_share lte 0.3 all"]);
    expect(told("us-open-end-22e-4")).toEqual(["illiquid_share lte 0.15 all"]);
    expect(packNamed("free-form").portfolio).toEqual([]);
  });

  it.each(PACKS.flatMap(({ pack, portfolio }) => portfolio.map((limit) => [`${pack}: ${limit.id}`, limit] as const)))(
    "%s holds at its edge and not a cent beyond",
    (_name, limit) => {
      const edge = Number(limit.value) * 1_000;
      const beyond = (limit.op === "gte" ? edge - 0.01 : edge + 0.01).toFixed(2);
      expect(at(limit, edge.toFixed(2))).toMatchObject({ holds: true, limits: [{ verdict: "holds", headroom: "0" }] });
      const verdict = limit.strength === "limit" ? "breached" : "below_expectation";
      expect(at(limit, beyond)).toMatchObject({
        holds: limit.strength === "expected",
        limits: [{ id: limit.id, verdict, headroom: "-0.01", source: limit.source }],
      });
    },
  );

  it("positions in one asset count together, and a limit for others is left out", () => {
    const fund = {
      limits: packNamed("eltif").portfolio,
      nav: "90",
      capital: "100",
      positions: [
        { id: "loan", assetId: "bridge", value: "11", eligible: true, illiquid: true },
        { id: "share", assetId: "bridge", value: "10", eligible: true, illiquid: true },
        { id: "bridge", value: "15", eligible: true, illiquid: true },
        { id: "fund", value: "20", eligible: true, illiquid: true },
      ],
    };
    const retail = portfolioCheck({ ...fund, investors: "retail" });
    expect(retail.limits.map(({ id, verdict, found }) => [id, verdict, found])).toEqual([
      ["eligible-assets", "holds", "0.56"],
      ["single-asset", "breached", "0.21"],
      ["borrowing-retail", "holds", "0"],
    ]);
    const professional = portfolioCheck({ ...fund, investors: "professional", borrowed: "90" });
    expect(professional.limits.map(({ id }) => id)).toEqual(["eligible-assets", "borrowing-professional"]);
    expect(professional.holds).toBe(true);
  });

  it("names the limit whose base is missing, and refuses an id that occurs twice", () => {
    const fund = { limits: packNamed("eltif").portfolio, investors: "retail" as const, nav: "1", positions: [] };
    expect(() => portfolioCheck(fund)).toThrowError(/eligible-assets/);
    const position = { id: "a", value: "1", eligible: true, illiquid: true };
    expect(() => portfolioCheck({ ...fund, capital: "1", positions: [position, position] })).toThrowError(EG400);
  });
});

it("R40 for any holdings: every verdict is what cross-multiplied whole numbers say", { timeout: LONG }, () => {
  const position = fc.record({
    value: fc.nat({ max: 1_000 }),
    asset: fc.option(fc.nat({ max: 1 }), { nil: undefined }),
    eligible: fc.boolean(),
    illiquid: fc.boolean(),
  });
  const limit = fc.record({
    measure: fc.constantFrom("eligible_share", "illiquid_share", "largest_asset_share", "borrowing_share"),
    op: fc.constantFrom("gte", "lte"),
    share: fc.tuple(fc.nat({ max: 20 }), fc.integer({ min: 20, max: 30 })),
    base: fc.constantFrom("nav", "capital"),
    strength: fc.constantFrom("limit", "expected"),
  });
  fc.assert(
    fc.property(
      fc.array(position, { maxLength: 5 }),
      fc.nat({ max: 1_000 }),
      fc.nat({ max: 2_000 }),
      limit,
      (rows, borrowed, capital, one) => {
        const nav = rows.reduce((sum, { value }) => sum + value, 0);
        const answer = portfolioCheck({
          limits: [
            {
              id: "it",
              words: "A limit that somebody set",
              measure: one.measure,
              op: one.op,
              value: `${one.share[0]}/${one.share[1]}`,
              base: one.base,
              strength: one.strength,
              source: "synthetic",
              evidence: "practice",
            },
          ],
          investors: "retail",
          nav: String(nav),
          capital: String(capital),
          borrowed: String(borrowed),
          positions: rows.map(({ value, asset, eligible, illiquid }, i) => ({
            id: `p${i}`,
            value: String(value),
            ...(asset === undefined ? {} : { assetId: `a${asset}` }),
            eligible,
            illiquid,
          })),
        });
        const total = (is: (row: (typeof rows)[number]) => boolean) =>
          rows.reduce((sum, row) => sum + (is(row) ? row.value : 0), 0);
        const singles = rows.filter(({ asset }) => asset === undefined).map(({ value }) => value);
        const amount = {
          eligible_share: total(({ eligible }) => eligible),
          illiquid_share: total(({ illiquid }) => illiquid),
          largest_asset_share: Math.max(
            0,
            ...singles,
            total(({ asset }) => asset === 0),
            total(({ asset }) => asset === 1),
          ),
          borrowing_share: borrowed,
        }[one.measure];
        const base = one.base === "nav" ? nav : capital;
        const apart = amount * one.share[1] - base * one.share[0];
        const keeps = one.op === "gte" ? apart >= 0 : apart <= 0;
        const missed = one.strength === "limit" ? "breached" : "below_expectation";
        must(answer.limits[0]!.verdict === (keeps ? "holds" : missed), "the verdict");
        must(answer.holds === (keeps || one.strength === "expected"), "only a limit breaks");
      },
    ),
    RUNS,
  );
});

const launched = { programme: PROGRAMME, launchedOn: "2025-01-02" } as const;
const all = (date: string, more: object = {}) =>
  STRESS_KINDS.flatMap((kind) =>
    STRESS_SIDES.map((side) => ({ id: `${kind}-${side}-${date}`, date, kind, side, ...more })),
  );
const REPORTED = { reportedOn: "2026-01-20", followUpId: "action-1" };

describe("R34 vectors", () => {
  it("stands in the packs of regimes that ask for it, and is complete there", () => {
    for (const name of ["eltif", "ltaf"]) {
      const programme = LmtPolicy.parse(packNamed(name).lmt).stressProgramme!;
      expect(programmeVerdict({ ...launched, programme, today: "2025-01-02" })).toMatchObject({
        complete: true,
        problems: [],
      });
    }
  });

  it("everything tested in January is due in April; due on the day is not late", () => {
    const runs = all("2026-01-15", REPORTED);
    const due = programmeVerdict({ ...launched, runs, today: "2026-04-15" });
    expect(due).toMatchObject({ complete: true, holds: true, unreported: [] });
    expect(due.tests).toHaveLength(9);
    expect(due.tests[0]).toEqual({
      kind: "historical",
      side: "assets",
      lastOn: "2026-01-15",
      dueBy: "2026-04-15",
      late: false,
    });
    expect(programmeVerdict({ ...launched, runs, today: "2026-04-16" })).toMatchObject({ holds: false });
  });

  it("is due at launch, and at once on a material change", () => {
    expect(programmeVerdict({ ...launched, today: "2025-01-03" }).tests.every(({ late }) => late)).toBe(true);
    const runs = all("2026-01-15", REPORTED);
    const changed = programmeVerdict({ ...launched, runs, changes: ["2026-02-10"], today: "2026-02-11" });
    expect(changed.tests[0]).toMatchObject({ dueBy: "2026-02-10", late: true });
    const tested = [...runs, ...all("2026-02-11", REPORTED)];
    expect(programmeVerdict({ ...launched, runs: tested, changes: ["2026-02-10"], today: "2026-02-11" }).holds).toBe(
      true,
    );
  });

  it("names what the board did not get, or got without what follows", () => {
    const runs = [...all("2026-01-15", REPORTED).slice(1), { ...all("2026-01-15")[0]!, reportedOn: "2026-01-20" }];
    expect(programmeVerdict({ ...launched, runs, today: "2026-02-14" }).unreported).toEqual([]);
    expect(programmeVerdict({ ...launched, runs, today: "2026-02-15" })).toMatchObject({
      holds: false,
      unreported: ["historical-assets-2026-01-15"],
    });
  });

  it("names every part that a programme lacks", () => {
    const programme = {
      ...PROGRAMME,
      kinds: ["historical" as const],
      sides: ["assets" as const],
      atLaunch: false,
      onMaterialChange: false,
      board: { withinDays: 30, followUp: false },
    };
    expect(programmeVerdict({ ...launched, programme, today: "2025-01-02" }).problems.map(({ code }) => code)).toEqual([
      "missing_kind:hypothetical",
      "missing_kind:reverse",
      "missing_side:liabilities",
      "missing_side:combined",
      "not_at_launch",
      "not_on_change",
      "no_follow_up",
    ]);
  });

  it.each([
    { programme: { ...PROGRAMME, frequency: "biennial" } },
    { programme: { ...PROGRAMME, kinds: ["reverse", "reverse"] } },
    { today: "2026-02-30" },
  ])("refuses %j", (change) =>
    expect(() => programmeVerdict({ ...launched, today: "2026-01-01", ...change } as never)).toThrowError(EG400),
  );
});

it("R34 for any programme and any runs: late is what was due before today, counted in days of the calendar", {
  timeout: LONG,
}, () => {
  const DAY = 86_400_000;
  const [start, today] = [Date.UTC(2025, 0, 1), Date.UTC(2026, 5, 30)];
  const text = (at: number) => new Date(at).toISOString().slice(0, 10);
  const run = fc.record({ day: fc.nat({ max: 600 }), reported: fc.boolean(), follow: fc.boolean() });
  const months = { monthly: 1, quarterly: 3, semiannual: 6, annual: 12 } as const;
  const frequency = fc.constantFrom("daily", "weekly", "biweekly", "monthly", "quarterly", "semiannual", "annual");
  fc.assert(
    fc.property(
      fc.array(run, { maxLength: 4 }),
      frequency,
      fc.option(fc.nat({ max: 600 }), { nil: undefined }),
      fc.nat({ max: 60 }),
      (rows, often, change, within) => {
        const answer = programmeVerdict({
          programme: {
            ...PROGRAMME,
            frequency: often,
            kinds: ["reverse"],
            sides: ["combined"],
            board: { withinDays: within, followUp: true },
          },
          launchedOn: text(start),
          changes: change === undefined ? [] : [text(start + change * DAY)],
          today: text(today),
          runs: rows.map(({ day, reported, follow }, i) => ({
            id: `r${i}`,
            date: text(start + day * DAY),
            kind: "reverse",
            side: "combined",
            ...(reported ? { reportedOn: text(today) } : {}),
            ...(follow ? { followUpId: "a" } : {}),
          })),
        });
        const done = rows.map(({ day }) => start + day * DAY).filter((at) => at <= today);
        const last = Math.max(...done);
        const next = (at: number): number => {
          const step = { daily: 1, weekly: 7, biweekly: 14 }[often as string];
          if (step !== undefined) return at + step * DAY;
          const [y, m, d] = [new Date(at).getUTCFullYear(), new Date(at).getUTCMonth(), new Date(at).getUTCDate()];
          const to = m + months[often as keyof typeof months];
          // the last day of a shorter month
          return Math.min(Date.UTC(y, to, d), Date.UTC(y, to + 1, 0));
        };
        let due = done.length === 0 ? start : next(last);
        const changed = change === undefined ? undefined : start + change * DAY;
        if (changed !== undefined && changed <= today && !(done.length > 0 && last >= changed))
          due = Math.min(due, changed);
        must(answer.tests[0]!.dueBy === text(due), `due by ${answer.tests[0]!.dueBy}, not ${text(due)}`);
        must(answer.tests[0]!.late === due < today, "late");
        const silent = rows.filter(
          ({ day, reported, follow }) => start + (day + within) * DAY < today && !(reported && follow),
        );
        must(answer.unreported.length === silent.length, "unreported");
        must(!answer.complete && !answer.holds, "one kind on one side is no programme");
      },
    ),
    RUNS,
  );
});
