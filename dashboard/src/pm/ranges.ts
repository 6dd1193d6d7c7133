// Ranges of a line over time, as an address names them: small, because every page loads it with the routes.
/** Months back from the newest strike; all: everything there is. */
export const RANGES = { "1m": 1, "3m": 3, "1y": 12, all: null } as const;
export type Range = keyof typeof RANGES;
export const isRange = (text: unknown): text is Range => typeof text === "string" && Object.hasOwn(RANGES, text);
