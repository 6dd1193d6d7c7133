// Shared by the tests of this package: documents as streams, expected refusals, and the real sample where it is present.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { EvergreenError } from "@evergreen-fund/domain";
import type { Filing } from "./filing.ts";
import { type ReadOptions, readFiling } from "./read-filing.ts";

const shared = process.env.EVERGREEN_SHARED_DATA ?? resolve(import.meta.dirname, "../../../../shared/data");
/** A real filing of a small bond fund; absent in a clean clone. */
export const SAMPLE = resolve(shared, "nport/dupree-kentucky-short-to-medium-2022-12.xml");
export const SAMPLE_PRESENT = existsSync(SAMPLE);

export function streamOf(document: string | Uint8Array): Readable {
  return Readable.from([typeof document === "string" ? Buffer.from(document, "utf8") : document], { objectMode: true });
}

export const read = (document: string | Uint8Array, options: ReadOptions = {}): Promise<Filing> =>
  readFiling(streamOf(document), options);

/** The error a reading ends with; fails when it ends well or with any other error. */
export async function refusal(reading: Promise<unknown>): Promise<EvergreenError> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof EvergreenError) return error;
    throw error;
  }
  throw new Error("The document was read; it should have been refused.");
}

/** Replaces exactly one place of a document, and says so when it is not there. */
export function changed(document: string, from: string, to: string): string {
  if (!document.includes(from)) throw new Error(`The document does not hold ${from}.`);
  return document.replace(from, () => to);
}
