// RPC cases: market data and its breaker, ESG ratings, data quality. All values are synthetic.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { newFund } from "../synthetic-fund.ts";
import { NOWHERE, noUuid, type Refusal, type RpcCase } from "./rpc-case.ts";

const SIMULATION = agent("simulation");
const hash = (): string =>
  [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, "0")).join("");
let names = 0;
/** A series that no other case knows. */
const fresh = (): string => `SYN case ${++names} ${hash().slice(0, 6)}`;
const fx = (series: string, as_of: string, value: string): Args => ({
  series,
  as_of,
  value,
  kind: "fx",
  unit: "ratio",
});

const change = (what: string, code: Refusal["code"], values: Args): Refusal => ({
  what,
  code,
  change: (a) => ({ ...a, ...values }),
});
const file = (rows: Args[]): Args => ({ rows: JSON.stringify(rows), source: "synthetic", file_hash: hash() });
const withRow = (what: string, code: Refusal["code"], row: Args): Refusal =>
  change(what, code, { rows: JSON.stringify([{ ...fx("SYN bad", "2026-01-30", "1.1"), ...row }]) });

/** An import with one value taken and one held; answers the id of the held one and of the import. */
async function heldBack(db: TestDatabase): Promise<{ held_id: string; import_id: string }> {
  const series = fresh();
  const answer = await db.value<{ import_id: string; held_values: { held_id: string }[] }>(
    OPS,
    "fn_import_market",
    file([fx(series, "2026-01-29", "1.1"), fx(series, "2026-01-30", "1.3")]),
  );
  return { held_id: String(answer.held_values[0]?.held_id), import_id: answer.import_id };
}
const held = (held_id: string): Args => ({ held: JSON.stringify([{ held_id }]) });

const rated = async (db: TestDatabase): Promise<Args> => ({
  fund: (await newFund(db)).code,
  provider: "Synthetic Ratings",
  as_of: "2026-01-30",
  scale: JSON.stringify({ low: "0", high: "100" }),
  ratings: JSON.stringify([{ asset: "INFRA-1", score: "61.5" }]),
  file_hash: hash(),
});
const RESULT = { check: "nav_agreement", value: "0.1", limit: "0.5", unit: "bps", passed: true, detail: {} };
const checked = (...changes: Args[]): string => JSON.stringify(changes.map((one) => ({ ...RESULT, ...one })));

export const MARKET_CASES: readonly RpcCase[] = [
  {
    fn: "fn_import_market",
    by: OPS,
    arrange: async () => {
      const series = fresh();
      return file([
        fx(series, "2026-01-28", "1.10"),
        fx(series, "2026-01-29", "1.11"),
        fx(series, "2026-01-30", "1.30"),
      ]);
    },
    check: async ([row], args, db) => {
      const [first] = JSON.parse(String(args.rows)) as { series: string }[];
      expect(row?.fn_import_market).toMatchObject({
        status: "imported",
        repeated: false,
        rows: 3,
        taken: 2,
        unchanged: 0,
        held: 1,
        // |1.30 / 1.11 - 1| = 0.171171171171... of the value before it, in basis points to six places
        held_values: [
          { series: first?.series, as_of: "2026-01-30", against: "1.11", move_bps: "1711.711712", limit_bps: "500" },
        ],
      });
      expect(
        await db.look("select value::float from market_observations where series = $1 order by as_of", [first?.series]),
      ).toEqual([{ value: 1.1 }, { value: 1.11 }]);
    },
    other: (args) => ({ ...args, source: "another" }),
    audits: 1,
    events: ["MARKET_IMPORTED"],
    refuses: [
      change("no list", "EG400", { rows: JSON.stringify({}) }),
      change("no rows", "EG413", { rows: "[]" }),
      change("no source", "EG400", { source: "" }),
      change("a hash that is none", "EG400", { file_hash: "x" }),
      change("a name that is a path", "EG400", { file_name: "../x" }),
      withRow("a value that is no number", "EG400", { value: "NaN" }),
      withRow("a value that is no number at all", "EG400", { value: "1,1" }),
      withRow("a day that has not come", "EG400", { as_of: "2999-01-01" }),
      withRow("a series without a name", "EG400", { series: "" }),
      withRow("an unknown kind", "EG400", { kind: "weather" }),
      withRow("another unit than the kind has", "EG400", { unit: "points" }),
      withRow("a value outside of its kind", "EG400", { value: "-1" }),
      withRow("a percentage where a ratio is meant", "EG400", { kind: "yield", value: "3.5" }),
      withRow("a price in a currency that is not known", "EG400", { kind: "price", unit: "XXX" }),
      withRow("a series that nobody registered", "EG404", { kind: null }),
      change("two values for one day", "EG400", {
        rows: JSON.stringify([fx("SYN twice", "2026-01-30", "1"), fx("SYN twice", "2026-01-30", "1")]),
      }),
      change("two kinds for one series", "EG400", {
        rows: JSON.stringify([
          fx("SYN both", "2026-01-29", "1"),
          { ...fx("SYN both", "2026-01-30", "0.9"), kind: "yield" },
        ]),
      }),
      change("values that are too old for a feed", "EG428", {
        rows: JSON.stringify([fx("SYN old", "2020-01-30", "1")]),
        fresh: true,
      }),
      {
        what: "a series registered as something else",
        code: "EG400",
        change: async (a, db) => {
          const series = fresh();
          await db.call(OPS, "fn_import_market", file([fx(series, "2026-01-29", "1.1")]));
          return {
            ...a,
            rows: JSON.stringify([{ series, as_of: "2026-01-30", value: "0.1", kind: "yield", unit: "ratio" }]),
          };
        },
      },
    ],
  },
  {
    fn: "fn_decide_market_values",
    by: PM_ONE,
    arrange: async (db) => ({ ...held((await heldBack(db)).held_id), decision: "confirmed" }),
    check: async ([row], args, db) => {
      expect(row?.fn_decide_market_values).toEqual({ values: 1, decision: "confirmed" });
      const [{ held_id } = { held_id: "" }] = JSON.parse(String(args.held)) as { held_id: string }[];
      expect(
        await db.look(
          "select o.value::float, h.status from market_held h join market_observations o using (series, as_of) where h.held_id = $1",
          [held_id],
        ),
      ).toEqual([{ value: 1.3, status: "confirmed" }]);
    },
    other: (args) => ({ ...args, decision: "rejected" }),
    audits: 1,
    events: ["MARKET_VALUES_DECIDED"],
    refuses: [
      change("a decision that is none", "EG400", { decision: "perhaps" }),
      change("no list", "EG400", { held: JSON.stringify({}) }),
      change("no ids", "EG413", { held: "[]" }),
      change("a value that is not held", "EG404", held(NOWHERE)),
      change("an id that is none", "EG400", held(noUuid)),
      { what: "who imported it", code: "EG420", by: OPS, change: (a) => a },
      {
        what: "a value that was decided already",
        code: "EG422",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_decide_market_values", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_undo_market_import",
    by: PM_ONE,
    arrange: async (db) => ({ import_id: (await heldBack(db)).import_id, reason: "wrong file" }),
    check: async ([row], args, db) => {
      expect(row?.fn_undo_market_import).toEqual({ import_id: args.import_id, status: "undone", values: 1 });
      expect(await db.look("select 1 from market_data where import_id = $1", [args.import_id])).toHaveLength(1);
      expect(await db.look("select 1 from market_observations where import_id = $1", [args.import_id])).toEqual([]);
      expect(await db.look("select status from market_held where import_id = $1", [args.import_id])).toEqual([
        { status: "rejected" },
      ]);
    },
    other: (args) => ({ ...args, reason: "another reason" }),
    audits: 1,
    events: ["MARKET_IMPORT_UNDONE"],
    refuses: [
      change("an import that is not there", "EG404", { import_id: NOWHERE }),
      change("no reason", "EG400", { reason: "" }),
      {
        what: "an import that was undone already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_undo_market_import", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_record_esg",
    by: OPS,
    arrange: rated,
    check: async ([row], args, db) => {
      expect(row?.fn_record_esg).toMatchObject({ rated: 1, recorded: 1, assets: [{ asset: "INFRA-1" }] });
      expect(await db.look("select score::float from esg_ratings where file_sha256 = $1", [args.file_hash])).toEqual([
        { score: 61.5 },
      ]);
    },
    other: (args) => ({ ...args, provider: "Another" }),
    audits: 1,
    events: ["ESG_RECORDED"],
    refuses: [
      change("a fund that is not there", "EG404", { fund: "NONE" }),
      change("no provider", "EG400", { provider: "" }),
      change("a day that has not come", "EG400", { as_of: "2999-01-01" }),
      change("a hash that is none", "EG400", { file_hash: "x" }),
      change("a scale without a range", "EG400", { scale: JSON.stringify({ low: "5", high: "5" }) }),
      change("no list", "EG400", { ratings: JSON.stringify({}) }),
      change("no ratings", "EG413", { ratings: "[]" }),
      change("an asset that the fund has not", "EG404", { ratings: JSON.stringify([{ asset: "NONE", score: "1" }]) }),
      change("a score outside of the scale", "EG400", {
        ratings: JSON.stringify([{ asset: "INFRA-1", score: "101" }]),
      }),
      change("a score that is no number", "EG400", { ratings: JSON.stringify([{ asset: "INFRA-1", score: "NaN" }]) }),
      change("an asset twice", "EG400", {
        ratings: JSON.stringify([
          { asset: "INFRA-1", score: "1" },
          { asset: "INFRA-1", score: "2" },
        ]),
      }),
    ],
  },
  {
    fn: "fn_record_data_quality",
    by: SIMULATION,
    arrange: async (db) => ({
      fund: (await newFund(db)).code,
      snapshot_hash: hash(),
      as_of: "2026-01-30",
      results: checked({}, { check: "stale_marks", value: "0.3", limit: "0.1", unit: "share", passed: false }),
      workflow_id: "test",
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_record_data_quality).toEqual({ checks: 2, failed: 1 });
      expect(
        await db.look('select "check", passed from data_quality_results where snapshot_hash = $1 order by 1', [
          args.snapshot_hash,
        ]),
      ).toEqual([
        { check: "nav_agreement", passed: true },
        { check: "stale_marks", passed: false },
      ]);
    },
    other: (args) => ({ ...args, results: checked({}) }),
    audits: 1,
    events: ["DATA_QUALITY_CHECKED", "DATA_QUALITY_FAILED"],
    refuses: [
      change("a fund that is not there", "EG404", { fund: "NONE" }),
      change("a hash that is none", "EG400", { snapshot_hash: "x" }),
      change("no workflow", "EG400", { workflow_id: "" }),
      change("no list", "EG400", { results: JSON.stringify({}) }),
      change("a check that passed beyond its limit", "EG400", { results: checked({ value: "0.6" }) }),
      change("a check that passed unmeasured", "EG400", { results: checked({ value: null }) }),
      change("a check without a limit", "EG400", { results: checked({ limit: null }) }),
      change("a check that is not a word", "EG400", { results: checked({ check: "A check" }) }),
    ],
  },
  {
    fn: "fn_read_fund_value",
    by: SIMULATION,
    arrange: async (db) => ({ fund: (await newFund(db)).fundId, known_at: "2999-01-01T00:00:00Z" }),
    check: ([row]) => {
      expect(row?.fn_read_fund_value).toMatchObject({
        nav: "1000000.0000",
        marks: 6,
        assets: 6,
        limits: { nav_agreement_bps: 0.5 },
        series_ages: { fx: 5 },
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      change("a fund that is not there", "EG404", { fund: NOWHERE }),
      change("a time that is none", "EG400", { known_at: "infinity" }),
    ],
  },
];
