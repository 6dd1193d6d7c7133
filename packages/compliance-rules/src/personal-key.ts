// The name of a test of personal data: by it an answer is given by whoever may see the data, and found by a rule that may not.
import { createHash } from "node:crypto";
import type { Condition } from "./condition.ts";

export type Compared = Extract<Condition, { op: "compare" }>;

/**
 * The name of a test of one personal fact: a hash of what it compares, the same for an investor and for an owner, in whichever pack it stands.
 * Undefined for every other comparison.
 */
export function personalKey({ measure, test }: Compared): string | undefined {
  if ((measure.of !== "fact" && measure.of !== "age") || measure.fact.personal !== true) return undefined;
  const compared = [fieldOf(measure.path), measure.of === "age" ? measure.unit : "", test.by, test.value];
  return createHash("sha256").update(JSON.stringify(compared)).digest("hex").slice(0, 32);
}

const fieldOf = (path: string): string => path.split(".").at(-1) ?? path;
