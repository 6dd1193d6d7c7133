// A draft beside what is live: who would be judged otherwise, counted per change with their ids.
import { OUTCOMES, type Outcome } from "./rule-pack.ts";

export interface Pair {
  id: string;
  live: Outcome;
  draft: Outcome;
  /** Rules of the draft that decided otherwise. */
  rules?: readonly string[];
}
export interface Change {
  from: Outcome;
  to: Outcome;
  count: number;
  /** In order; at most a hundred. */
  ids: string[];
}
export interface Difference {
  judged: number;
  same: number;
  stricter: number;
  looser: number;
  changes: Change[];
  /** How often a rule of the draft is behind a change. */
  rules: Record<string, number>;
}

const MOST_IDS = 100;

export function differenceOf(pairs: readonly Pair[]): Difference {
  const changes = new Map<string, Change>();
  const rules: Record<string, number> = {};
  let [same, stricter, looser] = [0, 0, 0];
  for (const { id, live, draft, rules: behind = [] } of pairs) {
    const step = OUTCOMES.indexOf(draft) - OUTCOMES.indexOf(live);
    if (step === 0) {
      same++;
      continue;
    }
    if (step > 0) stricter++;
    else looser++;
    for (const rule of behind) rules[rule] = (rules[rule] ?? 0) + 1;
    const key = `${live} ${draft}`;
    const change = changes.get(key) ?? { from: live, to: draft, count: 0, ids: [] };
    change.count++;
    change.ids.push(id);
    changes.set(key, change);
  }
  const sorted = [...changes.values()]
    .map((change) => ({ ...change, ids: change.ids.sort().slice(0, MOST_IDS) }))
    .sort(
      (a, b) => OUTCOMES.indexOf(b.to) - OUTCOMES.indexOf(a.to) || OUTCOMES.indexOf(a.from) - OUTCOMES.indexOf(b.from),
    );
  return { judged: pairs.length, same, stricter, looser, changes: sorted, rules };
}
