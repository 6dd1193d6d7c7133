// What holds for every pair: symmetry, order of words, evidence that only moves one way, the index as good as the pair, and no crash on hostile text.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listDelta } from "./delta.ts";
import { screenPair } from "./pair.ts";
import { openPartyIndex } from "./party-index.ts";
import { openIndex, restoreIndex } from "./screening-index.ts";
import { anyName, anyParty, entry, VERSION } from "./test-parties.ts";

describe("every pair", () => {
  it("has the same score from both sides", () => {
    fc.assert(
      fc.property(anyParty, anyParty, (a, b) => {
        expect(screenPair(a, b).score).toBe(screenPair(b, a).score);
      }),
      { numRuns: 400 },
    );
  });
  it("does not care for the order of words", () => {
    const shuffled = anyName.chain((name) =>
      fc.tuple(
        fc.constant(name),
        fc.shuffledSubarray(name.split(" "), { minLength: name.split(" ").length }).map((words) => words.join(" ")),
      ),
    );
    fc.assert(
      fc.property(shuffled, anyName, ([name, other], against) => {
        const score = (a: string): number =>
          screenPair({ names: [a], kind: "person" }, { names: [against], kind: "person" }).score;
        // words written as one are looked for among neighbours, and neighbours follow from the order
        if (name.split(" ").length === against.split(" ").length) expect(score(name)).toBe(score(other));
      }),
      { numRuns: 400 },
    );
  });
  it("does not lose by evidence that agrees nor gain by evidence that differs", () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        const base = { names: [a], kind: "person" as const };
        const other = {
          names: [b],
          kind: "person" as const,
          born: ["1970-05-12"],
          countries: ["RU"],
          identifiers: [{ kind: "tax", value: "778899001", country: "RU" }],
        };
        const score = (more: object): number => screenPair({ ...base, ...more }, other).score;
        const plain = score({});
        for (const agrees of [
          { born: ["1970-05-12"] },
          { born: ["1970"] },
          { countries: ["RU"] },
          { identifiers: other.identifiers },
        ])
          expect(score(agrees)).toBeGreaterThanOrEqual(plain);
        for (const differs of [
          { born: ["1931-01-30"] },
          { countries: ["BR"] },
          { identifiers: [{ kind: "tax", value: "112233445", country: "RU" }] },
        ])
          expect(score(differs)).toBeLessThanOrEqual(plain);
        expect(score({ born: ["1970-05-12"], countries: ["RU"] })).toBeGreaterThanOrEqual(
          score({ born: ["1970-05-12"] }),
        );
      }),
      { numRuns: 200 },
    );
  });
  it("is never a crash: any text is judged or refused with a code", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.constantFrom("\0", "\u202e", "=cmd()", "<script>", "a".repeat(999), "\ud800", "١٢٣", "ﷺ", "👩‍👩‍👧"),
    );
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        try {
          const { score } = screenPair({ names: [a] }, { names: [b] });
          expect(score >= 0 && score <= 1).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(EvergreenError);
          expect((error as EvergreenError).message).not.toContain("\0");
        }
      }),
      { numRuns: 1_000 },
    );
  });
  it.each([
    ["10 MB of name", { names: ["x".repeat(10_000_000)] }, "EG413"],
    ["a thousand names", { names: Array.from({ length: 1_000 }, (_, at) => `n${at}`) }, "EG413"],
    ["NUL", { names: ["Ivan\0Petrov"] }, "EG400"],
    ["no letter", { names: ["!!!"] }, "EG400"],
    ["no name", { names: [] }, "EG400"],
    ["a birth date of another kind", { names: ["x"], born: ["12/05/1970"] }, "EG400"],
    ["a field of nobody's", { names: ["x"], secret: "Petrov" }, "EG400"],
  ])("refuses %s", (_what, party, code) => {
    const refusal = expect(() => screenPair(party, { names: ["x"] }));
    refusal.toThrow(expect.objectContaining({ code, message: expect.not.stringMatching(/Petrov|xxxx/) }));
  });
});

describe("the index", () => {
  const entries = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.array(anyName, { minLength: 1, maxLength: 3 })), {
      selector: ([id]) => id,
      minLength: 1,
      maxLength: 30,
    })
    .map((rows) =>
      rows.map(([id, names]) => entry(`e${id}`, names, { kind: id % 3 === 0 ? "organisation" : "person" })),
    );
  it("judges as the pair does, and misses few that the pair finds", () => {
    let pairs = 0;
    let found = 0;
    const misspelt = (name: string, at: number): string => {
      const place = at % name.length;
      return name.charAt(place) === " " ? name : name.slice(0, place) + name.slice(place + 1);
    };
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), (list, which, at) => {
        const source = list[which % list.length]!;
        const name = misspelt(source.names[at % source.names.length]!.name, at);
        fc.pre(/[a-z]/.test(name));
        const party = { names: [name], kind: source.kind };
        const matches = openIndex(list, VERSION).screen(party, { limit: 1_000 });
        for (const one of list) {
          const judgement = screenPair(party, one);
          const match = matches.find(({ entityId }) => entityId === one.entityId);
          if (match !== undefined) expect(match.score).toBeCloseTo(judgement.score, 3);
          if (judgement.features[0]!.score >= 0.7 && party.kind === one.kind) {
            pairs += 1;
            if (match !== undefined) found += 1;
          }
        }
      }),
      { numRuns: 400 },
    );
    expect(pairs).toBeGreaterThan(100);
    expect(found / pairs).toBeGreaterThanOrEqual(0.95);
  });
  it("after a delta is the index built anew, from bytes too", () => {
    fc.assert(
      fc.property(entries, entries, anyParty, (before, after, party) => {
        const index = openIndex(before, VERSION);
        index.apply(listDelta(before, after));
        const fresh = openIndex(after, VERSION).screen(party, { limit: 100 });
        expect(index.screen(party, { limit: 100 })).toEqual(fresh);
        expect(restoreIndex(index.toBytes()).screen(party, { limit: 100 })).toEqual(fresh);
        expect(index.size).toBe(after.length);
      }),
      { numRuns: 60 },
    );
  });
  it("finds the parties of a changed entry as the entry is found by them", () => {
    fc.assert(
      fc.property(fc.array(anyParty, { minLength: 1, maxLength: 10 }), entries, (parties, list) => {
        const people = parties.map((party, at) => ({ id: `p${at}`, party: { ...party, kind: "person" as const } }));
        const affected = openPartyIndex(people).affected(list);
        const index = openIndex(list, VERSION);
        const expected = people.flatMap(({ id, party }) =>
          index.screen(party, { limit: 1_000 }).map((match) => `${id} ${match.entityId} ${match.score}`),
        );
        expect(affected.map(({ id, match }) => `${id} ${match.entityId} ${match.score}`).sort()).toEqual(
          expected.sort(),
        );
      }),
      { numRuns: 60 },
    );
  });
  it.each([
    ["no JSON", "x"],
    ["another document", '{"format":"other"}'],
    ["null", "null"],
  ])("refuses bytes that are %s", (_what, text) => {
    expect(() => restoreIndex(new TextEncoder().encode(text))).toThrow(expect.objectContaining({ code: "EG400" }));
  });
  it("finds an entry by its identifier under another name", () => {
    const list = [entry("e1", ["Somebody Else"], { identifiers: [{ kind: "passport", value: "AB 123-456" }] })];
    const [match] = openIndex(list, VERSION).screen({
      names: ["Rosa Lindqvist"],
      identifiers: [{ kind: "passport", value: "ab123456" }],
    });
    expect(match).toMatchObject({ entityId: "e1", outcome: "alert" });
  });
});
