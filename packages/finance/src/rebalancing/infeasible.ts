// Why a problem has no solution: irreducible sets of named constraints that contradict each other, found by deletion (leave one out; if the
// rest still contradicts itself it was not needed). Removing every named constraint makes the problem feasible.
import type { Highs, Model as HighsModel } from "highs";
import { byId } from "../money.ts";
import { hasSolution, isWholeTrades, openModel, runStatus, solver } from "./highs.ts";
import { buildModel, type Model, TICKET } from "./model.ts";
import type { Portfolio } from "./portfolio.ts";

export type Conflicts = {
  /** Disjoint groups, each irreducible, names sorted. */
  readonly groups: readonly (readonly string[])[];
  /** False when a search for whole trades stopped at its node limit and was taken for a contradiction. */
  readonly proven: boolean;
};

/**
 * First among continuous trades, which is quick; then, if what is left still contradicts itself once trades must be whole (no washes, the
 * minimum ticket), among those. Not `thorough`: whole trades are not searched; where only they can be the reason, the ticket is named, unproven.
 */
export async function findConflicts(portfolio: Portfolio, thorough: boolean): Promise<Conflicts> {
  const highs = await solver();
  const groups: string[][] = [];
  let proven = true;
  for (const whole of thorough ? [false, true] : [false]) {
    const model = buildModel(portfolio, { purpose: "feasibility", whole });
    const instance = openModel(highs, model);
    try {
      const filter = new Filter(highs, instance, model);
      groups.push(...filter.conflicts(new Set(groups.flat())));
      proven &&= filter.proven;
    } finally {
      instance.dispose();
    }
  }
  if (!thorough && groups.length === 0 && portfolio.ticketMinor > 1n) return { groups: [[TICKET]], proven: false };
  return { groups: groups.sort((a, b) => byId(a[0]!, b[0]!)), proven };
}

class Filter {
  readonly #rows = new Map<string, number[]>();
  proven = true;
  readonly #highs: Highs;
  readonly #instance: HighsModel;
  readonly #model: Model;

  constructor(highs: Highs, instance: HighsModel, model: Model) {
    this.#highs = highs;
    this.#instance = instance;
    this.#model = model;
    model.rowLimit.forEach((name, row) => {
      if (name === undefined) return;
      const rows = this.#rows.get(name);
      if (rows) rows.push(row);
      else this.#rows.set(name, [row]);
    });
  }

  /** Groups among the constraints that are not in `without`. */
  conflicts(without: ReadonlySet<string>): string[][] {
    const remaining = new Set([...this.#rows.keys()].filter((name) => !without.has(name)).sort(byId));
    const groups: string[][] = [];
    while (this.#contradicts(remaining)) {
      const group = this.#irreducible(this.#suspects(remaining));
      groups.push(group);
      for (const name of group) remaining.delete(name);
    }
    return groups;
  }

  /** The names that carry the solver's proof of infeasibility, if they alone still contradict each other; else all. Saves most deletions. */
  #suspects(names: ReadonlySet<string>): Set<string> {
    if (isWholeTrades(this.#model)) return new Set(names);
    const ray = this.#instance.getDualRay()?.values;
    if (ray === undefined) return new Set(names);
    const carried = new Set(
      [...names].filter((name) => this.#rows.get(name)!.some((row) => Math.abs(ray[row]!) > 1e-9)),
    );
    return carried.size > 0 && this.#contradicts(carried) ? carried : new Set(names);
  }

  #irreducible(names: ReadonlySet<string>): string[] {
    const core = new Set(names);
    for (const name of [...core].sort(byId)) {
      core.delete(name);
      if (!this.#contradicts(core)) core.add(name);
    }
    return [...core].sort(byId);
  }

  /** Whether these constraints alone (with self-financing and the holdings) have no solution. */
  #contradicts(names: ReadonlySet<string>): boolean {
    const rows: number[] = [];
    const lower: number[] = [];
    const upper: number[] = [];
    for (const [name, members] of this.#rows) {
      for (const row of members) {
        rows.push(row);
        lower.push(names.has(name) ? this.#model.rowLower[row]! : Number.NEGATIVE_INFINITY);
        upper.push(names.has(name) ? this.#model.rowUpper[row]! : Number.POSITIVE_INFINITY);
      }
    }
    const ascending = rows.map((row, k) => ({ row, k })).sort((a, b) => a.row - b.row);
    this.#instance.changeRowsBounds(
      { kind: "set", indices: ascending.map(({ row }) => row) },
      ascending.map(({ k }) => lower[k]!),
      ascending.map(({ k }) => upper[k]!),
    );
    const status = runStatus(this.#highs, this.#instance);
    if (status === "limit" && hasSolution(this.#instance)) return false;
    if (status === "limit" || status === "failed") this.proven = false;
    return status !== "optimal";
  }
}
