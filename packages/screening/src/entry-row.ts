// An entry as it is published to a database: its id, its body, and a hash that changes whenever anything a matcher sees of it does.
import { createHash } from "node:crypto";
import type { ListEntry } from "./party.ts";

export interface EntryRow {
  [key: string]: unknown;
  id: string;
  hash: string;
  body: Record<string, unknown>;
}

export const entryRow = (entry: ListEntry): EntryRow => ({
  id: entry.entityId,
  hash: createHash("sha256").update(JSON.stringify(entry)).digest("hex"),
  body: { ...entry },
});
