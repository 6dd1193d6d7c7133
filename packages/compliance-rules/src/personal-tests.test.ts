// Rules by answers about personal data: the same judgement as with the data itself, no word of the data in it, and not known where nobody has answered.
import { describe, expect, test } from "vitest";
import { answerTests, compilePack, type PersonFacts, personalTests, readPack } from "./index.ts";

const { pack, problems } = readPack({
  pack: "personal",
  title: "Personal facts",
  version: 1,
  effectiveFrom: "2026-01-01",
  sets: { listed: { source: "synthetic", asOf: "2026-01-01", values: ["KP", "IR"] } },
  rules: [
    { id: "country", words: "w", on: ["order"], when: { country: { of: "investor.residence", in: "listed" } } },
    { id: "minor", words: "w", on: ["order"], when: { age: { of: "investor.born", in: "years" }, lt: "18" } },
    { id: "nameless", words: "w", on: ["order"], when: { fact: "investor.nationality", known: false } },
    { id: "owner", words: "w", on: ["order"], when: { country: { of: "owners", in: "listed" } } },
    {
      id: "owners",
      words: "w",
      on: ["order"],
      when: { count: { of: "owners", where: { fact: "item.residence", eq: "IR" } }, gt: "0" },
    },
  ].map((rule) => ({ ...rule, outcome: "decline", source: "synthetic", evidence: "practice" })),
  examples: [
    {
      name: "all of them",
      on: "order",
      asOf: "2026-03-02",
      facts: { investor: { residence: "KP", born: "2015-01-01" }, owners: [{ residence: "IR" }] },
      outcome: "decline",
      fires: ["country", "minor", "nameless", "owner", "owners"],
    },
  ],
});
if (pack === undefined) throw new Error(JSON.stringify(problems));
const { judge } = compilePack(pack);
const tests = personalTests([pack, pack]);
const AS_OF = "2026-03-02";
const said = (facts: Parameters<typeof judge>[1]) =>
  judge("order", facts, { asOf: AS_OF }).rules.map(({ rule, state, outcome }) => `${rule} ${state} ${outcome}`);

const PEOPLE: readonly PersonFacts[] = [
  { residence: "KP", nationality: "KP", born: "1980-05-17" },
  { residence: "IR", born: "2008-03-02" },
  { residence: "LU", nationality: "LU", born: "2008-03-03" },
  { nationality: "DE" },
  {},
];

describe("answers about personal data", () => {
  test.each(PEOPLE.flatMap((person) => PEOPLE.map((owner) => ({ person, owner }))))(
    "come to what the data comes to: $person, owned by $owner",
    ({ person, owner }) => {
      const known = said({ investor: { ...person }, owners: [{ ...owner }] });
      const answered = {
        investor: {},
        tests: answerTests(tests, person, AS_OF),
        owners: [{ tests: answerTests(tests, owner, AS_OF) }],
      };
      expect(said(answered)).toEqual(known);
    },
  );

  test("a test of an investor and the same one of an owner have one name", () => {
    // residence in the set, residence in IR, born under 18, nationality known
    expect(tests.size).toBe(4);
    expect([...tests.keys()].every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
  });

  test("without an answer nothing is approved that the data would have to say", () => {
    expect(said({ investor: {}, owners: [{}] })).toEqual([
      "country lacks review",
      "minor lacks review",
      "nameless fired decline",
      "owner lacks review",
      "owners lacks review",
    ]);
  });

  test("neither an answer nor a judgement by it holds a word of the data", () => {
    const person = { residence: "KP", nationality: "KP", born: "1980-05-17" };
    const answers = answerTests(tests, person, AS_OF);
    const judged = judge("order", { tests: answers, owners: [{ tests: answers }] }, { asOf: AS_OF });
    expect(JSON.stringify(answers)).not.toMatch(/KP|1980/);
    expect(JSON.stringify(judged)).not.toMatch(/"KP"|1980/);
  });
});
