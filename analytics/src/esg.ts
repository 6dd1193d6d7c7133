// ESG scores of a provider's file, every metric of it, into the analytical file: the same file again puts the same rows in their own place.
import type { DuckFile } from "./file.ts";

export interface EsgFile {
  provider: string;
  /** YYYY-MM-DD. */
  asOf: string;
  scale: { low: string; high: string };
  fileHash: string;
  /** ISO 8601. */
  loadedAt: string;
  rows: readonly { assetId: string; metric: string; score: string }[];
}

/** To be run by `amend`. Scores are exact decimals on the provider's scale. */
export async function writeEsgScores(file: DuckFile, { rows, ...of }: EsgFile): Promise<void> {
  await file.run(
    `insert or replace into esg_scores
       select (r ->> 'assetId')::uuid, $provider, $asOf::date, r ->> 'metric', (r ->> 'score')::decimal(38, 18), $low::decimal(38, 18), $high::decimal(38, 18),
              $fileHash, $loadedAt::timestamptz
         from (select unnest(from_json($rows, '["json"]')) as r)`,
    {
      provider: of.provider,
      asOf: of.asOf,
      low: of.scale.low,
      high: of.scale.high,
      fileHash: of.fileHash,
      loadedAt: of.loadedAt,
      rows: JSON.stringify(rows),
    },
  );
}
