// Which cover a fund must have by the end of a bucket under a scenario: what the scenario's own test says, else the fund's mandate (R33, R38). Pure.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import type { PassTest } from "@evergreen-fund/domain/scenarios/index.ts";
import { decimal } from "../money.ts";

/**
 * Required cover by bucket. Tests of the scenario speak first, the highest where several do; where the scenario has no test of coverage at all, the horizons of
 * the mandate do. A bucket that is not in the answer has no requirement.
 */
export function requiredCover(
  tests: readonly PassTest[],
  mandate: readonly { horizon: Bucket; cover: string }[],
): Partial<Record<Bucket, string>> {
  const own = tests.flatMap((test) =>
    test.test === "rcr" ? test.buckets.map((bucket) => ({ bucket, cover: String(test.atLeast) })) : [],
  );
  const rows = own.length > 0 ? own : mandate.map(({ horizon, cover }) => ({ bucket: horizon, cover }));
  const highest = (bucket: Bucket): [Bucket, string][] => {
    const covers = rows.filter((row) => row.bucket === bucket).map(({ cover }) => cover);
    if (covers.length === 0) return [];
    return [[bucket, covers.reduce((most, cover) => (decimal(cover).gt(decimal(most)) ? cover : most))]];
  };
  return Object.fromEntries(BUCKETS.flatMap(highest));
}
