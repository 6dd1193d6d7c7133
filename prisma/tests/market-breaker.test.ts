// The breaker of market imports against the same rule said again in a few lines: any files in any order, some of them undone, give the same values.
import fc from "fast-check";
import { expect, it } from "vitest";
import { OPS, testDatabase } from "./arrange.ts";

const db = await testDatabase();
/** An exchange rate: held beyond 500 basis points of the value it is measured against (platform_settings.market_limits). */
const LIMIT_BPS = 500;

interface Row {
  day: number;
  /** In hundredths, so that the rule is whole numbers here. */
  value: number;
}
type Step = { file: Row[] } | { undo: number };

const dayOf = (day: number): string => `2026-01-${String(day).padStart(2, "0")}`;
const rows = fc.uniqueArray(
  fc.record({ day: fc.integer({ min: 1, max: 12 }), value: fc.integer({ min: 90, max: 112 }) }),
  {
    selector: (row) => row.day,
    minLength: 1,
    maxLength: 6,
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ file: rows }) },
  { weight: 1, arbitrary: fc.record({ undo: fc.nat(5) }) },
);

/** The rule, row by row: what counts is the last value of a day that no undone file brought. */
class Model {
  readonly #seen: (Row & { file: number })[] = [];
  readonly #undone = new Set<number>();
  counted(): Map<number, number> {
    return new Map(this.#seen.filter(({ file }) => !this.#undone.has(file)).map(({ day, value }) => [day, value]));
  }
  undo(file: number): void {
    this.#undone.add(file);
  }
  take(file: number, given: readonly Row[]): { taken: number; held: number; unchanged: number } {
    const before = this.counted();
    const counts = { taken: 0, held: 0, unchanged: 0 };
    let holds = false;
    let earlier: Row | undefined;
    for (const row of [...given].sort((a, b) => a.day - b.day)) {
      const standing = before.get(row.day);
      const last = Math.max(...[...before.keys()].filter((day) => day < row.day), -1);
      const against = standing ?? (earlier !== undefined && earlier.day >= last ? earlier.value : before.get(last));
      if (against !== undefined && Math.abs(row.value - against) * 10_000 > LIMIT_BPS * against) holds = true;
      if (standing === row.value) counts.unchanged += 1;
      else if (holds) counts.held += 1;
      else {
        counts.taken += 1;
        this.#seen.push({ ...row, file });
      }
      earlier = row;
    }
    return counts;
  }
}

let made = 0;
/** A hash no other file of this test has. */
const hash = (): string => (++made).toString(16).padStart(64, "0");

it("takes, holds and leaves out what the rule says, and counts what it says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const series = `SYN rule ${++made}`;
      const model = new Model();
      const imports: string[] = [];
      for (const one of steps) {
        if ("undo" in one) {
          const [id] = imports.slice(one.undo, one.undo + 1);
          if (id === undefined || id === "") continue;
          await db.call(OPS, "fn_undo_market_import", { import_id: id, reason: "test" });
          imports[one.undo] = "";
          model.undo(one.undo);
        } else {
          const answer = await db.value<{ import_id: string; taken: number; held: number; unchanged: number }>(
            OPS,
            "fn_import_market",
            {
              rows: one.file.map(({ day, value }) => ({
                series,
                as_of: dayOf(day),
                value: String(value / 100),
                kind: "fx",
                unit: "ratio",
              })),
              source: "synthetic",
              file_hash: hash(),
            },
          );
          const { taken, held, unchanged } = answer;
          expect({ taken, held, unchanged }).toEqual(model.take(imports.length, one.file));
          imports.push(answer.import_id);
        }
        const counts = await db.look<{ day: number; value: number }>(
          "select extract(day from as_of)::int as day, round(value * 100)::int as value from market_observations where series = $1 order by 1",
          [series],
        );
        expect(counts).toEqual(
          [...model.counted()].map(([day, value]) => ({ day, value })).sort((a, b) => a.day - b.day),
        );
      }
    }),
    { numRuns: 60 },
  );
});
