// The matching policy on names people really write in several ways, and on people who only share a name. All pairs are synthetic.
import { describe, expect, it } from "vitest";
import { screenPair } from "./pair.ts";
import type { ScreenedParty } from "./party.ts";
import { publicFeatures } from "./policy.ts";

const person = (name: string, more: Partial<ScreenedParty> = {}): ScreenedParty => ({
  names: [name],
  kind: "person",
  ...more,
});
const company = (name: string): ScreenedParty => ({ names: [name], kind: "organisation" });
const nameScore = (a: ScreenedParty, b: ScreenedParty): number =>
  screenPair(a, b).features.find(({ feature }) => feature === "name")?.score ?? -1;

describe("the same person, written in another way", () => {
  it.each([
    ["order", "PETROV, Ivan Sergeyevich", "Ivan Sergeyevich Petrov"],
    ["Cyrillic", "Иван Сергеевич Петров", "Ivan Sergeevich Petrov"],
    ["another Cyrillic system", "Sergej Juščenko", "Sergey Yushchenko"],
    ["Arabic", "محمد عبد الرحمن الخطيب", "Mohammed Abdul Rahman Al-Khatib"],
    ["spellings of Mohammed", "Muhammad Yusuf Hadad", "Mohamed Youssef Haddad"],
    ["particles", "Hassan bin Ali al-Masri", "Hasan Ali Masri"],
    ["article written on", "Ismail Alshanti", "Ismail El-Shanti"],
    ["servant of", "Abdelaziz Mansour", "Abd al-Aziz Mansur"],
    ["honorific", "Sheikh Dr. Omar Farouk", "Omar Faruq"],
    ["Chinese", "张志军", "Zhang Zhijun"],
    ["Chinese in three", "Zhang Zhi Jun", "Zhang Zhijun"],
    ["Korean", "김정철", "Kim Jong Chol"],
    ["Greek", "Αλέξανδρος Παπαδόπουλος", "Alexandros Papadopoulos"],
    ["Hebrew", "יצחק שמיר", "Yitzhak Shamir"],
    ["umlaut", "Jürgen Müller", "Juergen Mueller"],
    ["middle name left out", "Maria Fernanda Silva Costa", "Maria Silva Costa"],
    ["typing error", "Dimitri Volkov", "Dimtri Volkov"],
    ["initial", "J. Hollander", "Johannes Hollander"],
    ["initial that is a particle elsewhere", "O. Matar", "MATAR, Omar Mahmoud"],
    ["look-alike letters", "Реtеr Sсhulz", "Peter Schulz"],
    ["controls inside", "Pe\u200bter \u202eSchulz\u001b[31m", "Peter Schulz"],
  ])("%s", (_what, a, b) => {
    expect(nameScore(person(a), person(b))).toBeGreaterThanOrEqual(0.7);
  });
});

describe("the same company, written in another way", () => {
  it.each([
    ["forms", "OOO Severnaya Torgovlya", "Limited Liability Company Severnaya Torgovlya"],
    ["spelled form", "OBSHCHESTVO S OGRANICHENNOI OTVETSTVENNOSTYU VOSTOK PROEKT", "Vostok Proekt LLC"],
    ["Cyrillic", "Общество с ограниченной ответственностью Восток Проект", "OOO Vostok Proekt"],
    ["general words", "Helvetia Maritime Trading AG", "Helvetia Maritime GmbH"],
    ["written as one", "Nord Stream Bau GmbH", "Nordstream Bau GmbH"],
  ])("%s", (_what, a, b) => {
    expect(nameScore(company(a), company(b))).toBeGreaterThanOrEqual(0.7);
  });
});

describe("others", () => {
  it.each([
    ["another given name", person("Ivan Petrov"), person("Sergei Petrov")],
    ["another family name", person("Mohammed Ali Hassan"), person("Mohammed Ali Rashid")],
    ["one common word", person("Mohammed"), person("Mohammed Yusuf Haddad")],
    ["general words alone", company("International Trading Company"), company("International Shipping Company")],
    ["another business of the group", company("Orbita Leasing OOO"), company("Orbita Insurance OOO")],
    ["another number", company("Factory 12"), company("Factory 13")],
  ])("%s", (_what, a, b) => {
    expect(nameScore(a, b)).toBeLessThan(0.7);
    expect(screenPair(a, b).outcome).toBe("clear");
  });
});

describe("the outcome (R51)", () => {
  const full = person("Ivan Sergeyevich Petrov", { born: ["1970-05-12"], countries: ["RU"] });
  it.each([
    ["everything agrees", full, full, "alert"],
    ["no birth date", person("Ivan Sergeyevich Petrov", { countries: ["RU"] }), full, "ask"],
    [
      "no birth date, but an identifier agrees",
      person("Ivan Petrov", { identifiers: [{ kind: "passport", value: "75 12345" }] }),
      { ...full, identifiers: [{ kind: "passport", value: "7512345" }] },
      "alert",
    ],
    [
      "one hard mismatch and a country",
      person("Ivan Sergeyevich Petrov", { born: ["1950-01-02"], countries: ["RU"] }),
      full,
      "ask",
    ],
    ["one hard mismatch and nothing else", person("Ivan Sergeyevich Petrov", { born: ["1950-01-02"] }), full, "ask"],
    [
      "two hard mismatches",
      person("Ivan Sergeyevich Petrov", { born: ["1950-01-02"], countries: ["BR"] }),
      full,
      "clear",
    ],
    ["a company is not asked for its birth", company("Vostok Proekt"), company("Vostok Proekt OOO"), "alert"],
    ["another person", person("Rosa Lindqvist", { born: ["1970-05-12"], countries: ["RU"] }), full, "clear"],
  ] satisfies [string, ScreenedParty, ScreenedParty, string][])("%s", (_what, a, b, outcome) => {
    const seen = screenPair(a, b);
    expect({ outcome: seen.outcome, score: seen.score }).toEqual({ outcome, score: expect.any(Number) });
    if (outcome === "alert") expect(seen.score).toBeGreaterThanOrEqual(0.7);
  });
  it("ranks: evidence decides among equal names, and a closer name is above a looser one", () => {
    const scores = [
      screenPair(full, full),
      screenPair(full, person("Ivan Sergeyevich Petrov")),
      screenPair(full, person("Ivan Petrov", { born: ["1970"], countries: ["RU"] })),
      screenPair(full, person("Ivan Sergeevitch Pietrov")),
      screenPair(full, person("Ivan Sergeyevich Petrov", { born: ["1951"] })),
      screenPair(full, person("Igor Lindqvist")),
    ].map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(new Set(scores).size).toBe(scores.length);
  });
  it("says what is missing", () => {
    expect(screenPair(person("Ivan Petrov"), full).missing).toEqual(["born", "country"]);
  });
  it("stores no word of the party", () => {
    const { features } = screenPair(full, person("Ivan Petrov", { born: ["1970-05-12"], countries: ["RU"] }));
    expect(JSON.stringify(features)).toMatch(/Sergeyevich/);
    const stored = JSON.stringify(publicFeatures(features));
    for (const word of ["Ivan", "Sergeyevich", "Petrov", "1970", "RU"]) expect(stored).not.toContain(word);
  });
});
