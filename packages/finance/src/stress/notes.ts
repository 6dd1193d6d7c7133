// What the numbers of an outcome do not know, in words: what was assumed of which assets, how they bend, what stands still, factors without a place to act. Pure.
import { byId, decimal, type Exact, fixed, groupedText, ZERO } from "../money.ts";
import type { ResolvedScenario } from "../scenarios/index.ts";
import type { FundBook } from "./book.ts";
import type { Moments } from "./look.ts";
import { cellsMoveValues, type ShardAsset, type ShardValues } from "./shards.ts";

/** Addresses of which another part of a scenario decides when they count. */
const ONLY_WITH: Readonly<Record<string, string>> = {
  "redemptions.within_days": "redemptions.share_of_nav",
  "redemptions.repeated": "redemptions.filled",
  "margin.due_days": "margin.hedge_loss",
  "facility.due_days": "facility.available",
};

/** Assets of which a note says the names; of more it says how many they are. */
const NAMED = 3;
const NAME = 60;

const amount = (value: Exact): string => groupedText(fixed(value, 2));

interface Told {
  values: readonly ShardAsset[];
  shards: readonly ShardValues[];
  seen: readonly { moments: Moments }[];
  /** The cell whose figures the outcome has. */
  reported: number | null;
}

/** Sorted, each once. */
export function notesOf(book: FundBook, scenario: ResolvedScenario, told: Told): string[] {
  const notes = new Set<string>();
  for (const { moments } of told.seen) for (const note of moments.notes) notes.add(note);
  for (const note of [
    ...remarks(book, told.values),
    ...bends(told.values, book.fund.currency),
    ...idle(scenario, told),
  ])
    notes.add(note);
  const held = told.values.reduce((sum, { before }) => sum.plus(before), ZERO);
  if (!held.eq(book.fund.netAssets))
    notes.add(
      `The marks add up to ${amount(held)}, the net assets of the fund are ${amount(decimal(book.fund.netAssets))}: the run stands on the marks.`,
    );
  if (scenario.cells > 1) {
    if (told.reported !== null)
      notes.add(
        `The figures are those of cell ${told.reported} of ${scenario.cells}, the worst; the tests hold in every cell or not at all.`,
      );
    else if (cellsMoveValues(scenario))
      notes.add("The figures are those of the scenario without its axes and draws; the distribution has the cells.");
  }
  return [...notes].sort(byId);
}

/** What was assumed, by words: how many assets, and their names where they are few. */
function remarks(book: FundBook, values: readonly ShardAsset[]): string[] {
  const named = new Map(book.assets.map(({ id, name }) => [id, name]));
  const found = new Map<string, string[]>();
  for (const { id, remarks } of values)
    for (const remark of remarks) {
      const ids = found.get(remark);
      if (ids === undefined) found.set(remark, [id]);
      else ids.push(id);
    }
  return [...found].map(([remark, ids]) => {
    const few = ids.length > NAMED ? [] : ids.map((id) => short(named.get(id) ?? id)).sort(byId);
    const which = few.length === 0 ? "" : ` (${few.join(", ")})`;
    return `${ids.length} ${ids.length === 1 ? "asset" : "assets"}${which}: ${remark}.`;
  });
}

const short = (name: string): string => (name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name);

/** How much rests on methods that do not know how a value bends, and what lags. */
function bends(values: readonly ShardAsset[], currency: string): string[] {
  const told = (chosen: readonly ShardAsset[]): string => {
    const worth = chosen.reduce((sum, { before }) => sum.plus(before), ZERO);
    const methods = [...new Set(chosen.map(({ method }) => method))].sort(byId).join(", ");
    return `${chosen.length} of ${values.length} assets, ${amount(worth)} ${currency}, are valued by ${methods}`;
  };
  const moved = ({ periods }: ShardAsset): boolean => periods.some(({ change }) => !decimal(change).isZero());
  const unknown = values.filter((one) => one.convexity === "unknown" && moved(one));
  const late = values.filter(({ method }) => /^roll_forward_lag_[1-9]/.test(method));
  return [
    ...(unknown.length === 0
      ? []
      : [
          `Convexity: ${told(unknown)}, whose curvature is not known: a bond without options loses less in a large rise of rates than a straight line says and gains more in a fall; one that can be called gains less.`,
        ]),
    ...(late.length === 0 ? [] : [`Late marks: ${told(late)}: they follow their index only after the lag.`]),
  ];
}

/** Factors of the scenario for which nothing of the fund asked. */
function idle(scenario: ResolvedScenario, { shards, seen }: Told): string[] {
  const used = new Set([
    ...shards.flatMap(({ valuations }) => valuations.flatMap((one) => one.used)),
    ...seen.flatMap(({ moments }) => [...moments.used]),
  ]);
  const said = Object.keys(scenario.factors);
  const unused = said.filter((address) => !used.has(address) && !said.includes(ONLY_WITH[address] ?? ""));
  return unused.length === 0 ? [] : [`Without a place to act in this fund: ${unused.sort(byId).join(", ")}.`];
}
