// Two hundred texts that want something, in every text of a pack of rules: what the rules answer is what they answer with words of no meaning, or the pack is
// refused with its line. A pack is data: none of its words is an instruction to anything.

import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { INJECTIONS, neutral } from "@evergreen-fund/testing/hostile/injections.ts";
import { expect, it } from "vitest";
import { compilePack } from "./judge.ts";
import { readPackText } from "./pack-text.ts";

interface Words {
  title: string;
  note: string;
  rule: string;
  source: string;
  example: string;
  listed: string;
}
const packOf = (words: Partial<Words>, name = "small", id = "large"): string =>
  JSON.stringify({
    pack: name,
    title: words.title ?? "Small",
    version: 1,
    effectiveFrom: "2026-01-01",
    note: words.note ?? "Synthetic",
    sets: { near: { source: words.source ?? "synthetic", asOf: "2026-01-01", values: ["LU", words.listed ?? "DE"] } },
    rules: [
      {
        id,
        words: words.rule ?? "Large orders are looked at.",
        on: ["order"],
        when: { fact: "order.amount", gt: "100" },
        outcome: "block_and_review",
        source: words.source ?? "synthetic",
        evidence: "practice",
      },
    ],
    examples: [
      {
        name: words.example ?? "large",
        on: "order",
        asOf: "2026-01-01",
        facts: { order: { amount: "101" } },
        outcome: "block_and_review",
        fires: [id],
      },
    ],
  });
const PLACES: (keyof Words)[] = ["title", "note", "rule", "source", "example", "listed"];
const ORDERS = ["99", "100", "101", undefined];
/** What the pack answers to orders, without its words. */
function answers(text: string): string[] | undefined {
  const { pack } = readPackText(text, "small.yaml");
  if (pack === undefined) return undefined;
  const { judge } = compilePack(pack);
  return ORDERS.map((amount) => {
    const facts = { order: amount === undefined ? {} : { amount } };
    const { outcome, rules } = judge("order", facts, { asOf: "2026-02-01" });
    return `${outcome} ${rules.map(({ rule, state }) => `${rule}:${state}`).join()}`;
  });
}
const calm = answers(packOf({}));

it("answers to orders are told apart at all", () => {
  expect(new Set(calm).size).toBeGreaterThan(1);
  expect(INJECTIONS).toHaveLength(200);
});

it.each(PLACES)("%s changes no answer with any of the two hundred", (place) => {
  let taken = 0;
  for (const text of INJECTIONS) {
    const found = answers(packOf({ [place]: text }));
    // too long for its place: words of no meaning of that length are refused as well
    if (found === undefined) expect(answers(packOf({ [place]: neutral(text.length) })), text).toBeUndefined();
    else expect(found, text).toEqual(calm);
    taken += Number(found !== undefined);
  }
  expect(taken).toBeGreaterThan(place === "listed" ? 10 : 100);
});

it("as the name of a pack or the id of a rule each is refused, in one line without a control character", () => {
  for (const text of INJECTIONS)
    for (const pack of [packOf({}, text), packOf({}, "small", text)]) {
      const { pack: read, problems } = readPackText(pack, "small.yaml");
      expect(read, text).toBeUndefined();
      for (const problem of problems) expect(problemLine(problem)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
    }
});

it("as the whole file each is refused", () => {
  for (const text of INJECTIONS) expect(readPackText(text, "small.yaml").pack, text).toBeUndefined();
});
