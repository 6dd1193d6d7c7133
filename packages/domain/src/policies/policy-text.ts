// How a file of policies/ is read: YAML in its JSON form, so that any YAML reader takes it and this needs none.
import type { z } from "zod";
import { EvergreenError } from "../errors.ts";

/**
 * Comments are whole lines that start with #; a last entry may have its comma. Errors: EG400 with the places that are wrong.
 * @param what begins the sentence that says the text is not of this form, such as "A pack"
 */
export function parsePolicyText<T extends z.ZodType>(text: string, schema: T, what: string): z.output<T> {
  const json = text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    // a formatter of YAML puts a comma after the last entry; no string spans lines, so this touches none
    .replace(/,(\s*\n\s*[}\]])/g, "$1");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new EvergreenError("EG400", `${what} is YAML in JSON form with whole-line comments.`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join(".")}: ${message}`);
  throw new EvergreenError("EG400", places.join("; "));
}
