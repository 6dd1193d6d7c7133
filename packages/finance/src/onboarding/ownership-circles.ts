// Circles of ownership: finds parties that own each other (strongly connected), in an order in which shares flow, and solves each circle exactly.
import { EvergreenError } from "@evergreen-fund/domain";
import { Fraction } from "../fees/fraction.ts";

/** A circle is solved by elimination: its cube is the work. */
const LARGEST = 200;

/** Groups of parties that own each other, upstream of `root`: whoever is owned stands before whoever owns it. Iterative, so that a long chain is no deep stack. */
export function circlesOf(root: string, ownersOf: (id: string) => readonly string[]): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: string[][] = [];
  const work: { id: string; owners: readonly string[]; at: number }[] = [];
  const enter = (id: string) => {
    index.set(id, index.size);
    low.set(id, index.get(id)!);
    open.push(id);
    isOpen.add(id);
    work.push({ id, owners: ownersOf(id), at: 0 });
  };
  enter(root);
  while (work.length > 0) {
    const top = work.at(-1)!;
    const next = top.owners[top.at++];
    if (next !== undefined) {
      if (!index.has(next)) enter(next);
      else if (isOpen.has(next)) low.set(top.id, Math.min(low.get(top.id)!, index.get(next)!));
      continue;
    }
    work.pop();
    const below = work.at(-1);
    if (below) low.set(below.id, Math.min(low.get(below.id)!, low.get(top.id)!));
    if (low.get(top.id) !== index.get(top.id)) continue;
    const circle: string[] = [];
    for (;;) {
      const id = open.pop()!;
      isOpen.delete(id);
      circle.push(id);
      if (id === top.id) break;
    }
    found.push(circle);
  }
  // an owner is finished before what it owns
  return found.reverse();
}

/**
 * Shares of the parties of one circle: e = arriving + M e, where M is who owns how much of whom within it. Undefined when nothing leaves the circle: then
 * nobody stands behind it. Errors: EG413.
 */
export function solveCircle(
  circle: readonly string[],
  owned: (id: string) => readonly { owner: string; share: Fraction }[],
  arriving: ReadonlyMap<string, Fraction>,
): Map<string, Fraction> | undefined {
  if (circle.length > LARGEST) throw new EvergreenError("EG413", "More than 200 parties own each other in one circle.");
  const at = new Map(circle.map((id, position) => [id, position]));
  // row i: e_i − Σ share of j that i owns × e_j = arriving_i
  const rows = circle.map((id, i) => [
    ...circle.map((_, j) => (i === j ? Fraction.ONE : Fraction.ZERO)),
    arriving.get(id) ?? Fraction.ZERO,
  ]);
  for (const [j, id] of circle.entries())
    for (const { owner, share } of owned(id)) {
      const i = at.get(owner);
      if (i !== undefined) rows[i]![j] = rows[i]![j]!.minus(share);
    }
  const n = circle.length;
  for (let column = 0; column < n; column++) {
    const pivot = rows.findIndex((row, r) => r >= column && !row[column]!.isZero);
    if (pivot < 0) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const head = rows[column]![column]!;
    for (let k = column; k <= n; k++) rows[column]![k] = rows[column]![k]!.over(head);
    for (let r = 0; r < n; r++) {
      const factor = rows[r]![column]!;
      if (r === column || factor.isZero) continue;
      for (let k = column; k <= n; k++) rows[r]![k] = rows[r]![k]!.minus(factor.times(rows[column]![k]!));
    }
  }
  return new Map(circle.map((id, i) => [id, rows[i]![n]!]));
}
