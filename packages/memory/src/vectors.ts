// What every embedder's answer must be before it is used.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

/**
 * The vectors if there is one finite, non-zero vector of the given length per text.
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
    if (vector.every((value) => value === 0))
      throw new EvergreenError("EG503", `The embedder ${name} answered nothing but zeros.`);
  }
  return answer as number[][];
}
