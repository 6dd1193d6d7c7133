// Screening on threads: the same answers as the index itself, in the same order, equal parties too; a party that cannot be screened stops it before it begins.
import { afterAll, describe, expect, it } from "vitest";
import { openScreeners, type Screeners } from "./screeners.ts";
import { openIndex } from "./screening-index.ts";
import { entry, VERSION } from "./test-parties.ts";

const WORDS = ["Ivan", "Petrov", "Rosa", "Lindqvist", "Ahmad", "Hassan", "Chen", "Wei", "Nord", "Trading"];
const NAMES = WORDS.flatMap((first) => WORDS.filter((one) => one !== first).map((second) => `${first} ${second}`));
const index = openIndex(
  NAMES.map((name, at) => entry(`e${at}`, [name], { kind: "person" })),
  VERSION,
);
// more than several pieces, with equal ones
const parties = Array.from({ length: 900 }, (_, at) => ({
  names: [`${NAMES[at % NAMES.length]!}${at % 3 === 0 ? "a" : ""}`],
  kind: "person" as const,
  born: [String(1950 + (at % 7))],
}));

describe("screening many parties", () => {
  const opened: Screeners[] = [];
  afterAll(async () => {
    await Promise.all(opened.map((one) => one.close()));
  });
  it("gives every party its own matches, on threads and without", async () => {
    const expected = parties.map((party) => index.screen(party, { limit: 5 }));
    expect(expected.some((matches) => matches.length > 1)).toBe(true);
    for (const threads of [0, 2]) {
      const screeners = await openScreeners(index, threads);
      opened.push(screeners);
      expect(screeners.size).toBe(threads);
      let told = 0;
      expect(
        await screeners.screen(parties, { limit: 5 }, (done) => {
          told = done;
        }),
      ).toEqual(expected);
      expect(told).toBeGreaterThan(0);
      await expect(screeners.screen([parties[0]!, { names: ["!!!"] }])).rejects.toMatchObject({ code: "EG400" });
      expect(await screeners.screen([])).toEqual([]);
    }
  });
  it("says so when a thread has ended", async () => {
    const screeners = await openScreeners(index, 2);
    const refused = expect(screeners.screen(parties)).rejects.toMatchObject({ code: "EG503" });
    await screeners.close();
    await refused;
  });
});
