// The form of a stress run that DuckDB computes: two tables and one statement. For joins and comparisons; the arithmetic of large runs is the kernel's.
import { readFileSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { ExposureBook } from "@evergreen-fund/finance/valuation/exposure.ts";

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), "utf8").replace(/^--.*\n/, "");
const columns = (factors: number, letter: string): string =>
  Array.from({ length: factors }, (_, k) => `${letter}${k} double`).join(", ");

/** The statement for a number of factors: scenario, bucket and value, in that order; buckets without assets are left out. */
export function sqlForm(factors: number): string {
  const product = Array.from({ length: factors }, (_, k) => `s.f${k} * a.b${k}`).join(" + ");
  return read("factor-exposure.sql").replace("$product", product);
}

/** Makes `stress_assets` and `stress_scenarios` anew and fills them. Moves: factors of scenario s from s · factors on. */
export async function loadForm(
  connection: DuckDBConnection,
  { factors, values, bucketOf, exposures }: ExposureBook,
  moves: ArrayLike<number>,
): Promise<void> {
  await connection.run(
    read("stress-tables.sql").replace("$exposures", columns(factors, "b")).replace("$moves", columns(factors, "f")),
  );
  const assets = await connection.createAppender("stress_assets");
  values.forEach((value, a) => {
    assets.appendInteger(bucketOf[a]!);
    assets.appendDouble(value);
    for (let k = 0; k < factors; k += 1) assets.appendDouble(exposures[a * factors + k]!);
    assets.endRow();
  });
  assets.closeSync();
  const scenarios = await connection.createAppender("stress_scenarios");
  for (let s = 0; s * factors < moves.length; s += 1) {
    scenarios.appendInteger(s);
    for (let k = 0; k < factors; k += 1) scenarios.appendDouble(moves[s * factors + k]!);
    scenarios.endRow();
  }
  scenarios.closeSync();
}
