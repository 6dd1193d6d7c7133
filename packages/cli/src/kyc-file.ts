// An application as a file: who applies, who stands behind, which papers are there. The only way in for names: they never stand on a command line.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { CLASSIFICATIONS, STATED_KINDS } from "@evergreen-fund/domain/policies/index.ts";
import { parsePlainDocument } from "@evergreen-fund/interchange";
import { PERSONAL_FIELDS } from "@evergreen-fund/personal-data";
import { z } from "zod";

const Day = z.iso.date();
const Evidence = z.record(
  z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
  z.union([Day, z.strictObject({ on: Day, expires: Day.optional(), document_id: z.uuid().optional() })]),
);
const Personal = z.partialRecord(
  z.enum(PERSONAL_FIELDS),
  z.union([z.string().min(1).max(2_000), z.array(z.string().min(1).max(2_000)).min(1).max(100)]),
);
const Ref = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, "expected a short name of your own such as holding-1");

/** `id` is a name within the file; `party_id` names a party that is registered already. */
const Party = z.strictObject({
  id: Ref,
  kind: z.enum(STATED_KINDS),
  party_id: z.uuid().optional(),
  personal: Personal.default({}),
  evidence: Evidence.default({}),
});
export const ApplicationFile = z
  .strictObject({
    classification: z.enum(CLASSIFICATIONS),
    fund: z.string().min(1).max(80).optional(),
    party: Party,
    behind: z.array(Party).max(500).default([]),
    links: z
      .array(
        z.strictObject({
          owner: Ref,
          owned: Ref,
          kind: z.enum(["ownership", "control", "director", "trustee", "settlor", "protector", "beneficiary"]),
          share: z.string().max(30).optional(),
          effective_from: Day.optional(),
        }),
      )
      .max(2_000)
      .default([]),
  })
  .superRefine(({ party, behind, links }, { addIssue }) => {
    const ids = [party, ...behind].map(({ id }) => id);
    if (new Set(ids).size < ids.length) addIssue({ code: "custom", message: "an id is used twice" });
    for (const { owner, owned } of links)
      if (!ids.includes(owner) || !ids.includes(owned))
        addIssue({ code: "custom", path: ["links"], message: "a link names an id that no party has" });
  });
export type ApplicationFile = z.output<typeof ApplicationFile>;

/** JSON or YAML. Errors: EG400 with the places that are wrong, never with what stood there. */
export function readApplication(source: string): ApplicationFile {
  const document = parsePlainDocument(source);
  const parsed = ApplicationFile.safeParse(document);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues
    .slice(0, 5)
    .map(
      ({ path, code, message }) =>
        `${path.map(String).join(".") || "file"}: ${code === "custom" ? message : words(code)}`,
    );
  throw new EvergreenError("EG400", `That is no application: ${places.join("; ")}.`);
}

/** zod's own messages may repeat a value; these do not. */
const words = (code: string): string =>
  ({ unrecognized_keys: "a key that is not known", invalid_type: "missing or of the wrong kind" })[code] ??
  "not one of what it may be";
