// Refuses lists in which an id occurs twice: which of the two was meant cannot be known.
import { EvergreenError } from "@evergreen-fund/domain";

/** Errors: EG400 naming the list when an id is repeated. */
export function refuseRepeats(list: string, rows: readonly { id: string }[]): void {
  if (new Set(rows.map((row) => row.id)).size !== rows.length) {
    throw new EvergreenError("EG400", `${list}: an id occurs twice.`);
  }
}
