// Which fields personal data has and what may stand in one: hostile input ends here, before anything is encrypted.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

export const PERSONAL_FIELDS = [
  "name",
  "alias",
  "born",
  "country",
  "nationality",
  "identifier",
  "address",
  "email",
  "phone",
  "account",
] as const;
export type PersonalField = (typeof PERSONAL_FIELDS)[number];
/** One text, or a list of texts. */
export type PersonalValue = string | readonly string[];
/** Null takes a field back. */
export type PersonalFields = Partial<Record<PersonalField, PersonalValue | null>>;

const LONGEST = 2_000;
const MOST = 100;
/** Controls (but line breaks in an address), and the marks that turn the direction of a line around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const FORBIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

export const isField = (name: string): name is PersonalField => (PERSONAL_FIELDS as readonly string[]).includes(name);

/** Errors: EG400 unknown field or a value that is none, EG413 too long. No sentence holds the value. */
export function checkedFields(fields: Readonly<Record<string, unknown>>): [PersonalField, PersonalValue | null][] {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (entries.length === 0) throw new EvergreenError("EG400", "No field is named.");
  return entries.map(([field, value]) => {
    if (!isField(field)) throw new EvergreenError("EG400", `A field is one of ${PERSONAL_FIELDS.join(", ")}.`);
    if (value === null) return [field, null];
    const items: unknown[] = Array.isArray(value) ? value : [value];
    if (items.length === 0 || items.length > MOST)
      throw new EvergreenError("EG400", `${field} has 1 to ${MOST} values; null takes it back.`);
    for (const item of items) checkText(field, item);
    return [field, value as PersonalValue];
  });
}

function checkText(field: PersonalField, value: unknown): void {
  if (typeof value !== "string" || value.trim() === "") throw new EvergreenError("EG400", `${field} is a text.`);
  if (value.length > LONGEST) throw new EvergreenError("EG413", `${field} is longer than ${LONGEST} characters.`);
  if (FORBIDDEN.test(value) || /\p{Surrogate}/u.test(value))
    throw new EvergreenError("EG400", `${field} holds control characters or marks that turn the line around.`);
  if (field === "born" && !/^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/.test(value))
    throw new EvergreenError("EG400", "born is a year, a month or a day, as 1970, 1970-02 or 1970-02-28.");
}
