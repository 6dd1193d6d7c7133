// A scenario as a form holds it: one row per factor, as it is typed; and back to a scenario by the domain's own shape and the composition that every file goes
// through, with each problem at its row.
import { parseScenario, type ScenarioProblem } from "@evergreen-fund/domain/scenarios/index.ts";
import { asScenario, type ResolvedScenario, tryResolve } from "@evergreen-fund/finance/scenarios/index.ts";

export interface FactorRow {
  /** Of the form alone: addresses are what people type. */
  key: number;
  address: string;
  /** A number, or one per period with commas. */
  value: string;
}

export interface Draft {
  base: ResolvedScenario;
  title: string;
  rows: readonly FactorRow[];
}

export interface Checked {
  /** Null while anything is wrong. */
  resolved: ResolvedScenario | null;
  /** Sentences by the key of their row. */
  ofRow: ReadonlyMap<number, readonly string[]>;
  /** What is about no row. */
  others: readonly string[];
}

export const draftOf = (base: ResolvedScenario): Draft => ({
  base,
  title: base.title,
  rows: Object.entries(asScenario(base).factors ?? {}).map(([address, value], key) => ({
    key,
    address,
    value: Array.isArray(value) ? value.join(", ") : String(value),
  })),
});

/** Whether nothing that is computed was changed. */
export const isUntouched = ({ base, rows }: Draft): boolean => {
  const before = draftOf(base).rows;
  return (
    rows.length === before.length &&
    rows.every((row, at) => row.address === before[at]?.address && row.value.trim() === before[at]?.value)
  );
};

/** `lab_` and the words of the title: "Rates +300 bp" is lab_rates_300_bp. */
export const labIdOf = (title: string): string =>
  `lab_${title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 50)
    .replace(/_+$/, "")}`;

const typed = (value: string): string | string[] =>
  value.includes(",") ? value.split(",").map((part) => part.trim()) : value.trim();

/** The scenario of the form under an id and a version, or what is wrong with it. */
export function checked(draft: Draft, id: string, version: number): Checked {
  const { base, rows } = draft;
  const twice = rows.filter((row, at) => rows.findIndex(({ address }) => address === row.address) !== at);
  const said = {
    ...asScenario(base),
    id,
    version,
    title: draft.title.trim(),
    about: `Changed in the laboratory; it began as ${base.id} version ${base.version}.`,
    sources: [{ words: `The laboratory, from ${base.id} version ${base.version}.`, evidence: "derived" }],
    factors: Object.fromEntries(rows.map(({ address, value }) => [address.trim(), typed(value)])),
  };
  const { scenario, problems } = parseScenario(said);
  const found: { problems: readonly ScenarioProblem[]; resolved?: ResolvedScenario } =
    scenario === undefined ? { problems } : tryResolve(scenario, { ids: [], get: () => undefined });
  const ofRow = new Map<number, string[]>();
  const note = (row: FactorRow, words: string) => ofRow.set(row.key, [...(ofRow.get(row.key) ?? []), words]);
  for (const row of twice) note(row, "stands here twice; a factor has one value");
  const others: string[] = [];
  for (const { path, words } of found.problems) {
    const row = path[0] === "factors" ? rows.find(({ address }) => address.trim() === path[1]) : undefined;
    const place = path.slice(row === undefined ? 0 : 2).join(".");
    if (row === undefined) others.push(`${place === "" ? "The scenario" : place}: ${words}`);
    else note(row, `${place === "" ? "" : `value ${Number(place) + 1}: `}${words}`);
  }
  const isGood = ofRow.size === 0 && others.length === 0;
  return { resolved: isGood ? (found.resolved ?? null) : null, ofRow, others };
}
