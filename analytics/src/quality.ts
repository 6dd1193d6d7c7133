// What the quality of a fund's data is measured by in the analytical file: its value, and how much of it and of the market series is too old.
import type { DuckFile } from "./file.ts";

export interface QualityMeasure {
  /** Sum of the newest marks of active assets, exact, in the fund's currency. */
  nav: string;
  marks: number;
  /** Absolute values, so that a debt that is stale does not hide an asset that is. */
  value: string;
  staleValue: string;
  /** Keys of assets with marks that are too old, the largest first; at most 20. */
  staleAssets: string[];
  unmarked: number;
  series: number;
  /** Names of series whose newest value is too old; at most 20 of `staleSeriesCount`. */
  staleSeries: string[];
  staleSeriesCount: number;
}

export interface AgeLimits {
  /** Days by type of asset; `default` for the others. */
  marks: Readonly<Record<string, number>>;
  /** Days by kind of series; a kind without one has no limit. */
  series: Readonly<Record<string, number>>;
}

const MARKS = `
  with ages as (select key as type, value::integer as days from json_each($ages)),
  held as (
    select a.external_key, m.nav, m.nav is not null and date_diff('day', m.as_of, $onDay::date)
             > coalesce((select days from ages where type = a.type), (select days from ages where type = 'default'), 120) as stale
      from assets a left join latest_marks m on m.asset_id = a.id where a.fund_id = $fund::uuid and a.status = 'active')
  select coalesce(sum(nav), 0)::decimal(38, 4)::varchar as nav, count(nav) as marks, count(*) - count(nav) as unmarked,
         coalesce(sum(abs(nav)), 0)::decimal(38, 4)::varchar as value, coalesce(sum(abs(nav)) filter (stale), 0)::decimal(38, 4)::varchar as stale_value,
         coalesce(list(external_key order by abs(nav) desc, external_key) filter (stale), [])[1:20] as stale_assets
    from held`;
const SERIES = `
  with ages as (select key as kind, value::integer as days from json_each($ages)),
  newest as (
    select s.series, date_diff('day', max(o.as_of), $onDay::date) as age, (select days from ages a where a.kind = s.kind) as days
      from market_series s left join market_observations o using (series) group by s.series, s.kind)
  select count(*) as series, count(*) filter (age is null or age > days) as stale,
         coalesce(list(series order by series) filter (age is null or age > days), [])[1:20] as names
    from newest`;

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** @param onDay day at which ages are counted, YYYY-MM-DD: that of the snapshot. */
export async function measureQuality(
  file: DuckFile,
  fundId: string,
  onDay: string,
  limits: AgeLimits,
): Promise<QualityMeasure> {
  const [marks] = await file.rows(MARKS, { fund: fundId, onDay, ages: JSON.stringify(limits.marks) });
  const [series] = await file.rows(SERIES, { onDay, ages: JSON.stringify(limits.series) });
  return {
    nav: String(marks?.nav),
    marks: Number(marks?.marks),
    value: String(marks?.value),
    staleValue: String(marks?.stale_value),
    staleAssets: texts(marks?.stale_assets),
    unmarked: Number(marks?.unmarked),
    series: Number(series?.series),
    staleSeries: texts(series?.names),
    staleSeriesCount: Number(series?.stale),
  };
}
