// The rows of the audit trail as drivers give them, and what one entry says about itself. Pure; shares no code with the database's sealer.
import { createHash } from "node:crypto";

/** Bytes as a driver gives them, or as Postgres writes them (`\x…`). */
export type Bytes = Uint8Array | string;
/** Numbers beyond 2^53 come as text. */
export type Whole = string | number | bigint;

export interface AuditEntryRow {
  audit_id: string;
  tx: Whole;
  seq: Whole;
  fund_id: string | null;
  entity_type: string;
  entity_id: string;
  message: string;
  created_by: string;
  request_id: string | null;
  created_at: string | Date;
  /** The bytes whose sha256 is `digest`: the columns above as JSON. */
  canonical: Bytes;
  digest: Bytes;
}

export interface AuditBlockRow {
  chain_id: string;
  height: Whole;
  /** The block covers what lies after `from` up to and including `to`, in the order of (tx, seq). */
  from_tx: Whole;
  from_seq: Whole;
  to_tx: Whole;
  to_seq: Whole;
  entries: number;
  digests: Bytes;
  prev_hash: Bytes;
  hash: Bytes;
}

/** A head noted outside the database: the block of that chain and height must still have that hash. */
export interface Anchor {
  chainId: string;
  height: Whole;
  hash: Bytes;
}

/** A place in the order of commits: transaction, then number. */
export type Position = readonly [tx: bigint, seq: bigint];

export const bytes = (value: Bytes): Buffer =>
  typeof value === "string" ? Buffer.from(value.replace(/^\\x/, ""), "hex") : Buffer.from(value);
export const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
export const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

export const after = (a: Position, b: Position): number => compare(a[0], b[0]) || compare(a[1], b[1]);

/** A time as microseconds of UTC, or as far as the driver kept it; unreadable is never equal to anything. */
export function instant(value: unknown): { ms: number; micros: string | null } {
  if (value instanceof Date) return { ms: value.getTime(), micros: null };
  const read = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|\+00(?::?00)?)$/.exec(String(value));
  if (read === null) return { ms: Number.NaN, micros: null };
  const micros = (read[3] ?? "").padEnd(6, "0");
  return { ms: Date.parse(`${read[1]}T${read[2]}.${micros.slice(0, 3)}Z`), micros };
}

function sameInstant(a: unknown, b: unknown): boolean {
  const [left, right] = [instant(a), instant(b)];
  return left.ms === right.ms && (left.micros === null || right.micros === null || left.micros === right.micros);
}

/** Whether the sealed bytes hash to the digest and say what the columns say, no more and no less. */
export function saysItself(entry: AuditEntryRow): boolean {
  const canonical = bytes(entry.canonical);
  if (!sha256(canonical).equals(bytes(entry.digest))) return false;
  let said: Record<string, unknown>;
  try {
    said = JSON.parse(canonical.toString("utf8"));
  } catch {
    return false;
  }
  const { audit_id, fund_id, entity_type, entity_id, message, created_by, request_id } = entry;
  const columns = { audit_id, fund_id, entity_type, entity_id, message, created_by, request_id };
  const { created_at, ...rest } = said;
  return (
    sameInstant(created_at, entry.created_at) &&
    Object.keys(rest).length === Object.keys(columns).length &&
    Object.entries(columns).every(([key, value]) => rest[key] === value)
  );
}
