// What people and their programs can reach in the database: each function and each table, with who may. From it OpenAPI and types are made.
import { z } from "zod";

export const ApiFunction = z.object({
  name: z.string(),
  comment: z.string(),
  roles: z.array(z.string()),
  /** Postgres itself refuses any write of it: it is declared stable. */
  reads: z.boolean(),
});
export const ApiColumn = z.object({
  name: z.string(),
  /** As Postgres names it, such as numeric or text[]. */
  type: z.string(),
  nullable: z.boolean(),
  comment: z.string().nullable(),
});
export const ApiRelation = z.object({
  name: z.string(),
  kind: z.enum(["table", "view"]),
  comment: z.string().nullable(),
  /** Who may select; row-level security says which rows. */
  roles: z.array(z.string()),
  columns: z.array(ApiColumn),
});
export const ApiCatalogue = z.object({
  /** The role of whoever asked. */
  caller: z.string(),
  functions: z.array(ApiFunction),
  relations: z.array(ApiRelation),
});

export type ApiFunction = z.infer<typeof ApiFunction>;
export type ApiColumn = z.infer<typeof ApiColumn>;
export type ApiRelation = z.infer<typeof ApiRelation>;
export type ApiCatalogue = z.infer<typeof ApiCatalogue>;
