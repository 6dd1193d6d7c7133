// Market series, what counts of them, what is held, and their imports, as rows.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";

const Series = z.object({ series: z.string(), kind: z.string(), unit: z.string() });
export type Series = z.infer<typeof Series>;

export const listSeries = (session: Session, kind: string | undefined): Promise<Series[]> =>
  session.read(
    "market_series",
    "series,kind,unit",
    (query) => (kind === undefined ? query : query.eq("kind", kind)).order("series"),
    Series,
  );

/** Errors: EG404 naming the series. */
export async function findSeries(session: Session, name: string): Promise<Series> {
  const found = await session.one("market_series", "series,kind,unit", (query) => query.eq("series", name), Series);
  if (!found)
    throw new EvergreenError("EG404", `The series ${plain(name)} is not known; \`market list\` shows which are.`);
  return found;
}

const Observation = z.object({
  series: z.string(),
  as_of: z.string(),
  value: z.string(),
  source: z.string(),
  recorded_at: z.string(),
  import_id: z.string().nullable(),
});
export type Observation = z.infer<typeof Observation>;
const OBSERVATION = "series,as_of,value::text,source,recorded_at,import_id";

/** What counts, the newest day first. */
export const observationsOf = (session: Session, series: string, limit: number): Promise<Observation[]> =>
  session.read(
    "market_observations",
    OBSERVATION,
    (query) => query.eq("series", series).order("as_of", { ascending: false }),
    Observation,
    limit,
  );

const Held = z.object({
  held_id: z.string(),
  import_id: z.string(),
  series: z.string(),
  as_of: z.string(),
  value: z.string(),
  against: z.string(),
  against_on: z.string(),
  move_bps: z.string(),
  limit_bps: z.string(),
  status: z.string(),
});
export type Held = z.infer<typeof Held>;

/** What waits for a second person, by day. */
export const heldValues = (session: Session, series: string | undefined): Promise<Held[]> =>
  session.read(
    "market_held",
    "held_id,import_id,series,as_of,value::text,against::text,against_on,move_bps::text,limit_bps::text,status",
    (query) => {
      const waiting = query.eq("status", "held").order("as_of");
      return series === undefined ? waiting : waiting.eq("series", series);
    },
    Held,
  );

const Limits = z.record(z.string(), z.object({ max_age_days: z.number() }));

/** Greatest age in days per kind of series. */
export async function ageLimits(session: Session): Promise<Record<string, number>> {
  const row = await session.one(
    "platform_settings",
    "value",
    (query) => query.eq("key", "market_limits"),
    z.object({ value: Limits }),
  );
  return Object.fromEntries(Object.entries(row?.value ?? {}).map(([kind, limit]) => [kind, limit.max_age_days]));
}
