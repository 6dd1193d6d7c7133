// Answers what rules ask about personal data: yes, no or not known under the name of each test, and never a word of the data. Pure.
import { type Answers, answerTests, type PersonFacts, personalTests, readPack } from "@evergreen-fund/compliance-rules";
import { EvergreenError } from "@evergreen-fund/domain";
import { countryCode } from "@evergreen-fund/screening";
import type { TestsDue } from "./facts.ts";

/** Personal data of a party as it is kept: one text or several. */
export type Kept = Readonly<Partial<Record<"country" | "nationality" | "born", string | readonly string[]>>>;

export interface PartyAnswers {
  party_id: string;
  mark: string;
  answers: Answers;
}

export type Tests = ReturnType<typeof personalTests>;

/** Every test that the packs have about personal data. Errors: EG428 for a stored version that this release cannot read. */
export const testsOf = (versions: TestsDue["versions"]): Tests =>
  personalTests(
    versions.map(({ body }) => {
      const { pack } = readPack(body);
      if (pack === undefined)
        throw new EvergreenError("EG428", "A pack of rules cannot be read by this release; nothing is approved.");
      return pack;
    }),
  );

export const answersOf = (
  tests: Tests,
  { as_of, parties }: TestsDue,
  data: ReadonlyMap<string, Kept>,
): PartyAnswers[] =>
  parties.map(({ party_id, kind, mark }) => ({
    party_id,
    mark,
    answers: answersFor(tests, peopleOf(kind, data.get(party_id) ?? {}), as_of),
  }));

/** Of several nationalities every one is asked about: a test is met when one meets it, and not known when one of them cannot be said. */
function answersFor(tests: Tests, people: readonly PersonFacts[], asOf: string): Answers {
  const all = people.map((person) => answerTests(tests, person, asOf));
  return Object.fromEntries(
    [...tests.keys()].map((key) => {
      const said = all.map((answers) => answers[key] ?? null);
      return [key, said.includes(true) ? true : said.includes(null) ? null : false];
    }),
  );
}

/** The party once per combination of what it has several of. A company has the nationality of its seat. */
function peopleOf(kind: string, kept: Kept): PersonFacts[] {
  const residences = codesOf(kept.country);
  const nationalities = kind === "natural_person" || kept.nationality !== undefined ? codesOf(kept.nationality) : [];
  const [born] = textsOf(kept.born);
  return residences.flatMap((residence) =>
    (nationalities.length === 0 ? [residence] : nationalities).map((nationality) => ({
      ...(residence === undefined ? {} : { residence }),
      ...(nationality === undefined ? {} : { nationality }),
      // a year or a month is no day: an age cannot be said by it
      ...(born !== undefined && born.length === 10 ? { born } : {}),
    })),
  );
}

const textsOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** Two letters each; what is no country is not known, which stays among them. */
function codesOf(value: string | readonly string[] | undefined): (string | undefined)[] {
  const codes = textsOf(value).map((text) => countryCode(text)?.toUpperCase());
  return codes.length === 0 ? [undefined] : codes;
}

/** Whether anybody lives in one of the countries, has its seat there or is of it; what is not known counts as neither. */
export function isOfCountries(countries: readonly string[], data: Iterable<Kept>): boolean {
  const named = new Set(countries);
  for (const { country, nationality } of data)
    for (const code of [...codesOf(country), ...codesOf(nationality)])
      if (code !== undefined && named.has(code)) return true;
  return false;
}
