// The types that a mirrored column may have: what the column is called in a chunk, how wide it is there, and as what Postgres sends and hashes it.
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  type DuckDBType,
  INTEGER,
  TIMESTAMPTZ,
  UBIGINT,
  UUID,
  VARCHAR,
} from "@duckdb/node-api";
import { EvergreenError } from "@evergreen-fund/domain";

export interface ColumnType {
  kind: "uuid" | "decimal" | "text" | "date" | "instant" | "int8" | "int4" | "boolean";
  duckdb: DuckDBType;
  /** Bytes of a value. */
  width: number;
  /** Digits after the point; 0 for everything but a decimal. */
  scale: number;
  /** The type in Postgres that the column is read as. */
  postgres: string;
}

const PLAIN: Record<string, ColumnType> = {
  UUID: { kind: "uuid", duckdb: UUID, width: 16, scale: 0, postgres: "uuid" },
  DATE: { kind: "date", duckdb: DATE, width: 4, scale: 0, postgres: "date" },
  "TIMESTAMP WITH TIME ZONE": { kind: "instant", duckdb: TIMESTAMPTZ, width: 8, scale: 0, postgres: "timestamptz" },
  BIGINT: { kind: "int8", duckdb: BIGINT, width: 8, scale: 0, postgres: "int8" },
  // the number of a transaction
  UBIGINT: { kind: "int8", duckdb: UBIGINT, width: 8, scale: 0, postgres: "xid8" },
  INTEGER: { kind: "int4", duckdb: INTEGER, width: 4, scale: 0, postgres: "int4" },
  BOOLEAN: { kind: "boolean", duckdb: BOOLEAN, width: 1, scale: 0, postgres: "boolean" },
  VARCHAR: { kind: "text", duckdb: VARCHAR, width: 16, scale: 0, postgres: "text" },
};

/** Of a type as DuckDB's catalogue writes it; lists and JSON travel as text, and DuckDB makes them. Errors: EG500 for a type that no mirror may have. */
export function typeOf(name: string): ColumnType {
  const [, scale] = /^DECIMAL\(38,(\d+)\)$/.exec(name) ?? [];
  if (scale !== undefined)
    return {
      kind: "decimal",
      duckdb: DECIMAL(38, Number(scale)),
      width: 16,
      scale: Number(scale),
      postgres: `numeric(38, ${scale})`,
    };
  const found = PLAIN[name === "JSON" || name.endsWith("[]") ? "VARCHAR" : name];
  if (found === undefined) throw new EvergreenError("EG500", `A mirrored column cannot be a ${name}.`);
  return found;
}
