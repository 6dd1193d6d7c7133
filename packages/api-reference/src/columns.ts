// How the types of Postgres look on the wire of the REST API. Money and ratios are strings: a JSON number would round them.
import type { Schema } from "./schema.ts";

const SCALARS: Readonly<Record<string, Schema>> = {
  uuid: { type: "string", format: "uuid" },
  text: { type: "string" },
  "character varying": { type: "string" },
  character: { type: "string" },
  name: { type: "string" },
  boolean: { type: "boolean" },
  smallint: { type: "integer" },
  integer: { type: "integer" },
  // within what a JSON number holds exactly it is one, beyond it is a string
  bigint: { type: ["integer", "string"] },
  numeric: { type: "string", pattern: "^-?\\d+(\\.\\d+)?$" },
  "double precision": { type: "number" },
  real: { type: "number" },
  date: { type: "string", format: "date" },
  "timestamp with time zone": { type: "string", format: "date-time" },
  "time without time zone": { type: "string" },
  interval: { type: "string" },
  jsonb: {},
  json: {},
  bytea: { type: "string", description: "Bytes in hexadecimal, \\x in front." },
  xid8: { type: "string" },
};

/** The schema of a value of that type, as format_type writes it. An unknown type is text, which every type can be read as. */
export function schemaOfColumn(type: string, nullable: boolean): Schema {
  const schema: Schema = type.endsWith("[]")
    ? { type: "array", items: schemaOfColumn(type.slice(0, -2), false) }
    : { ...(SCALARS[type] ?? { type: "string" }) };
  if (!nullable || schema.type === undefined) return schema;
  return { ...schema, type: [...[schema.type].flat(), "null"] };
}

/** Whether the type is one that this file knows. */
export const isKnownColumn = (type: string): boolean => type.replace(/(\[\])+$/, "") in SCALARS;
