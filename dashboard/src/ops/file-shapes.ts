// What the gateway answers of a file that was read, and what the database answers of an import.
import { z } from "zod";

export const Upload = z.object({
  kind: z.enum(["orders", "bank"]),
  format: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  /** Fields that a column may be. */
  fields: z.array(z.string()),
  /** None for a message in XML. */
  columns: z.array(z.object({ header: z.string(), samples: z.array(z.string()), field: z.string().nullable() })),
  rows: z.array(z.looseObject({ line: z.number(), problem: z.string().optional() })),
  notes: z.array(z.string()),
  /** Why the columns are not understood yet. */
  problem: z.string().nullable(),
});
export type Upload = z.infer<typeof Upload>;

/** What a person says of the columns of a file. */
export interface Mapping {
  columns?: Record<string, string>;
  dates?: string;
  numbers?: { decimal: "." | "," };
}

export const Imported = z.object({
  import_id: z.uuid().nullable(),
  status: z.string(),
  repeated: z.boolean(),
  rows: z.int(),
  accepted: z.int(),
  refused: z.int(),
  unmatched: z.int(),
  refusals: z.array(
    z.object({
      position: z.int(),
      line: z.int(),
      outcome: z.string(),
      code: z.string().optional(),
      column: z.string().optional(),
      reason: z.string().default(""),
    }),
  ),
});
export type Imported = z.infer<typeof Imported>;
