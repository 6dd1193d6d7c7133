// What a filing may cost to read. A file beyond one of these is refused whole (EG413) before it is held in memory.

export interface ReadLimits {
  /** Bytes of the file. */
  bytes: number;
  /** Characters of one text, attribute value, name, comment or other token. */
  text: number;
  /** Elements inside each other. */
  depth: number;
  /** Attributes of one element. */
  attributes: number;
  /** Elements of one section (a holding, `fundInfo`, …); components of an index basket are counted, not held. */
  elements: number;
  /** Holdings of one filing. */
  holdings: number;
  /** Different unknown paths and different warnings that are listed; beyond it they are only counted. */
  listed: number;
}

export const DEFAULT_LIMITS: Readonly<ReadLimits> = {
  bytes: 512 * 1024 * 1024,
  text: 64 * 1024,
  depth: 64,
  attributes: 64,
  elements: 100_000,
  holdings: 200_000,
  listed: 200,
};
