// ESG ratings of a fund and what its newest marks carry, as rows.
import { z } from "zod";
import type { Session } from "../session.ts";

const Metrics = z.object({
  asset_id: z.string(),
  external_key: z.string(),
  as_of: z.string().nullable(),
  nav: z.string().nullable(),
  esg_score: z.string().nullable(),
  esg_reason: z.string().nullable(),
  leverage: z.string().nullable(),
  leverage_reason: z.string().nullable(),
});
export type Metrics = z.infer<typeof Metrics>;

/** Every active asset at its newest mark, by key. */
export const markMetrics = (session: Session, fundId: string): Promise<Metrics[]> =>
  session.all(
    "mark_metrics",
    "asset_id,external_key,as_of,nav::text,esg_score::text,esg_reason,leverage::text,leverage_reason",
    "external_key",
    (row) => row.external_key,
    (query) => query.eq("fund_id", fundId),
    Metrics,
  );

const Rating = z.object({
  rating_id: z.string(),
  asset_id: z.string(),
  provider: z.string(),
  as_of: z.string(),
  score: z.string(),
  scale_low: z.string(),
  scale_high: z.string(),
  recorded_at: z.string(),
});
export type Rating = z.infer<typeof Rating>;

/** The rating that holds of each asset and provider: the newest day, of two for one day the one recorded later. */
export async function ratingsOf(session: Session, fundId: string): Promise<Rating[]> {
  const all = await session.all(
    "esg_ratings",
    "rating_id,asset_id,provider,as_of,score::text,scale_low::text,scale_high::text,recorded_at",
    "rating_id",
    (row) => row.rating_id,
    (query) => query.eq("fund_id", fundId),
    Rating,
  );
  const newest = new Map<string, Rating>();
  for (const one of all) {
    const key = `${one.provider}/${one.asset_id}`;
    const known = newest.get(key);
    if (known === undefined || `${known.as_of} ${known.recorded_at}` < `${one.as_of} ${one.recorded_at}`)
      newest.set(key, one);
  }
  return [...newest.values()];
}
