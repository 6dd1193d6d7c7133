// One YAML or JSON document as plain values: no aliases, no tags, no key twice. What it says of a file holds no word of the file.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { parseDocument } from "yaml";

const LONGEST = 1024 * 1024;

/** Errors: EG400 when it is neither, EG413 above 1 MB. */
export function parsePlainDocument(text: string): unknown {
  if (text.length > LONGEST) throw new EvergreenError("EG413", "The file is larger than 1 MB.");
  const document = parseDocument(text, { uniqueKeys: true, strict: true, schema: "core", prettyErrors: false });
  const [error] = [...document.errors, ...document.warnings];
  if (error)
    throw new EvergreenError("EG400", `The file is neither YAML nor JSON: ${error.code} at character ${error.pos[0]}.`);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new EvergreenError("EG400", "The file uses aliases; write the values out.", { cause });
  }
}
