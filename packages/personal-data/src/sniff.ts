// What a document is, by its bytes: never by its name or by what its sender says it is.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { fileTypeFromBuffer } from "file-type";

export const LARGEST_DOCUMENT = 20 * 1024 * 1024;
export const DOCUMENT_TYPES = ["application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp"] as const;

/** Its content type. Errors: EG400 none that is taken, EG413 empty or over 20 MB. */
export async function checkedDocument(bytes: Uint8Array): Promise<string> {
  if (bytes.length === 0 || bytes.length > LARGEST_DOCUMENT)
    throw new EvergreenError("EG413", "A document has 1 byte to 20 MB.");
  const type = (await fileTypeFromBuffer(bytes.subarray(0, 65_536)).catch(() => undefined))?.mime;
  if (type === undefined || !(DOCUMENT_TYPES as readonly string[]).includes(type))
    throw new EvergreenError("EG400", "The document is no PDF, JPEG, PNG, TIFF or WebP; its name does not count.");
  return type;
}
