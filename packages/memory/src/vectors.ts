// What every embedder's answer must be before it is used.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

// Models answer lengths about 1. Postgres refuses a product that leaves a double's range, so one stored extreme would fail every later search.
const SHORTEST = 1e-6;
const LONGEST = 1e6;
const NEGLIGIBLE = 1e-30;

/**
 * The vectors if there is one finite vector of the given length per text, neither zero nor huge; components under 1e-30 become 0.
 * @throws EvergreenError EG400 for another length (a setting is wrong), EG503 for anything else (the server is).
 */
export function checkedVectors(name: string, answer: unknown, texts: number, dimensions: number): number[][] {
  if (!Array.isArray(answer) || answer.length !== texts) {
    throw new EvergreenError("EG503", `The embedder ${name} did not answer one vector per text.`);
  }
  for (const vector of answer as unknown[]) {
    if (!Array.isArray(vector) || !vector.every((value) => typeof value === "number" && Number.isFinite(value))) {
      throw new EvergreenError("EG503", `The embedder ${name} did not answer numbers.`);
    }
    if (vector.length !== dimensions) {
      throw new EvergreenError(
        "EG400",
        `The embedder ${name} answers vectors of ${vector.length} numbers where ${dimensions} are configured; correct the dimension or the model.`,
      );
    }
    const length = Math.hypot(...(vector as number[]));
    if (length < SHORTEST) throw new EvergreenError("EG503", `The embedder ${name} answered nothing but zeros.`);
    if (length > LONGEST) throw new EvergreenError("EG503", `The embedder ${name} answered numbers too large.`);
  }
  return (answer as number[][]).map((vector) => vector.map((value) => (Math.abs(value) < NEGLIGIBLE ? 0 : value)));
}
