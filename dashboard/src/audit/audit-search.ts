// What the addresses of the auditor's pages say, as far as it means something: small, because every page loads it with the routes.

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const day = (value: unknown): boolean =>
  typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(value));
const MOST_TEXT = 200;
const text = (value: unknown): boolean => typeof value === "string" && value !== "" && value.length <= MOST_TEXT;

export interface TimelineSearch {
  of?: string;
  /** What was effective at the end of this day. */
  asOf?: string;
  /** What was known at this moment. */
  asKnown?: string;
  kind?: string;
}

export const timelineSearch = (search: Record<string, unknown>): TimelineSearch => ({
  ...(text(String(search.of ?? "")) ? { of: String(search.of) } : {}),
  ...(day(search.asOf) ? { asOf: String(search.asOf) } : {}),
  ...(typeof search.asKnown === "string" && !Number.isNaN(Date.parse(search.asKnown))
    ? { asKnown: search.asKnown }
    : {}),
  ...(text(search.kind) ? { kind: String(search.kind) } : {}),
});

export const SAMPLE_KINDS = ["order", "proposal", "nav", "posting", "case", "audit"] as const;

export interface SampleSearch {
  kind?: string;
  seed?: string;
  size?: string;
  since?: string;
  until?: string;
}

export const sampleSearch = (search: Record<string, unknown>): SampleSearch => ({
  ...(SAMPLE_KINDS.some((one) => one === search.kind) ? { kind: String(search.kind) } : {}),
  ...(text(String(search.seed ?? "")) ? { seed: String(search.seed) } : {}),
  ...(/^[1-9]\d{0,2}$/.test(String(search.size)) ? { size: String(search.size) } : {}),
  ...(day(search.since) ? { since: String(search.since) } : {}),
  ...(day(search.until) ? { until: String(search.until) } : {}),
});
