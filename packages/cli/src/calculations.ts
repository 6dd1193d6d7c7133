// Every calculation `calc` knows: those of finance, and the ones of packages that finance must not know.
import { type Calculation, define } from "@evergreen-fund/finance/calc/entry.ts";
import { CALCULATIONS as FINANCE, registryOf } from "@evergreen-fund/finance/calc.ts";
import { FEATURES, type ScreenedParty, ScreenedPartySchema, screenPair } from "@evergreen-fund/screening";
import { z } from "zod";

type Loose = Record<string, unknown>;
const isObject = (given: unknown): given is Loose =>
  typeof given === "object" && given !== null && !Array.isArray(given);
const many = (given: unknown): unknown[] =>
  given === undefined || given === null ? [] : Array.isArray(given) ? given : [given];

/** A party as people write one: a bare name, `name` for `names`, `dob` or `birthDate` for `born`, one value where several may stand. */
function partyOf(given: unknown): unknown {
  if (typeof given === "string") return { names: [given] };
  if (!isObject(given)) return given;
  const {
    name,
    names,
    alias,
    aliases,
    dob,
    birthDate,
    born,
    country,
    countries,
    nationality,
    nationalities,
    identifiers,
    ...rest
  } = given;
  const texts = [...many(names), ...many(name)].map((one) => (isObject(one) && "name" in one ? one.name : one));
  const fields = {
    aliases: [...many(aliases), ...many(alias)],
    born: [...many(born), ...many(dob), ...many(birthDate)].map((one) => (typeof one === "number" ? String(one) : one)),
    countries: [...many(countries), ...many(country)],
    nationalities: [...many(nationalities), ...many(nationality)],
    identifiers: many(identifiers).map((one) => (typeof one === "string" ? { kind: "other", value: one } : one)),
  };
  return {
    ...rest,
    names: texts,
    ...Object.fromEntries(Object.entries(fields).filter(([, values]) => values.length > 0)),
  };
}

const PAIRS = [
  ["left", "right"],
  ["a", "b"],
  ["party", "entry"],
  ["query", "candidate"],
] as const;

/** The two parties under the names people give them, or a list of two. */
function pairOf(given: unknown): unknown {
  if (Array.isArray(given)) return given.length === 2 ? { left: partyOf(given[0]), right: partyOf(given[1]) } : given;
  if (!isObject(given)) return given;
  const named = PAIRS.find(([first, second]) => first in given && second in given);
  if (named === undefined) return given;
  const { [named[0]]: left, [named[1]]: right, ...rest } = given;
  return { ...rest, left: partyOf(left), right: partyOf(right) };
}

const SCREEN_PAIR = define({
  name: "screen-pair",
  summary: "Whether two parties may be the same: score, outcome and the features it came from",
  source: "R51",
  input: z.preprocess(pairOf, z.strictObject({ left: ScreenedPartySchema, right: ScreenedPartySchema })),
  output: z.strictObject({
    score: z.number(),
    outcome: z.enum(["clear", "ask", "alert"]),
    features: z.array(
      z.strictObject({ feature: z.enum(FEATURES), score: z.number(), weight: z.number(), says: z.string() }),
    ),
    missing: z.array(z.enum(["born", "country"])),
  }),
  example: {
    left: { names: ["Mohammed Abdul Rahman Al-Khatib"], kind: "person", born: ["1970-05-12"], countries: ["JO"] },
    right: { names: ["محمد عبد الرحمن الخطيب"], kind: "person", born: ["1970"], countries: ["Jordan"] },
  },
  calculation: screenPair,
  call: ({ left, right }) => screenPair(left as ScreenedParty, right as ScreenedParty),
});

/** Sorted by name. */
export const CALCULATIONS: readonly Calculation[] = [...FINANCE, SCREEN_PAIR].sort((a, b) =>
  a.name < b.name ? -1 : 1,
);

export const { calculationNamed, calculationSchema } = registryOf(CALCULATIONS);
