// What changed between two versions of a list.
import { entryKey, type ListEntry } from "./party.ts";

export interface ListDelta {
  added: ListEntry[];
  changed: ListEntry[];
  /** Keys, "list:entityId". */
  removed: string[];
}

/** Every field but the remarks counts: a new remark is no reason to look at everybody again. */
const contentOf = ({ remarks: _remarks, ...entry }: ListEntry): string => JSON.stringify(entry);

/** Linear in both; the order of entries does not matter. */
export function listDelta(before: Iterable<ListEntry>, after: Iterable<ListEntry>): ListDelta {
  const old = new Map<string, ListEntry>();
  for (const entry of before) old.set(entryKey(entry), entry);
  const delta: ListDelta = { added: [], changed: [], removed: [] };
  const now = new Set<string>();
  for (const entry of after) {
    const key = entryKey(entry);
    now.add(key);
    const known = old.get(key);
    if (known === undefined) delta.added.push(entry);
    else if (contentOf(known) !== contentOf(entry)) delta.changed.push(entry);
  }
  for (const key of old.keys()) if (!now.has(key)) delta.removed.push(key);
  return delta;
}
