// Two hundred texts that want something, as the reference of an order and the remittance of a bank line: the rest of the row, and every problem found in it, is
// what it is with words of no meaning.
import { INJECTIONS, neutral } from "@evergreen-fund/testing/hostile/injections.ts";
import { expect, it } from "vitest";
import { readOrders } from "./read-file.ts";
import { bytesOf } from "./test-files.ts";

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const HEADER = "Order No,Investor,Class,Side,Amount,Units,Currency,Dealing date";
const file = (text: string): string =>
  `${HEADER}\n${cell(text)},LP-1,A,subscription,1234.50,,USD,2026-01-30\nS-2,LP-2,A,redemption,,10,,2026-01-30\n`;

/** What is read, with the reference and what quotes it left out. */
async function read(text: string): Promise<{ rows: unknown; problems: number; refused: boolean }> {
  const { rows } = await readOrders(bytesOf(file(text)), { mapping: undefined });
  return {
    rows: rows.map(({ value }) => (value === null || value === undefined ? null : { ...value, reference: "WORDS" })),
    problems: rows.flatMap((row) => row.problems).length,
    refused: rows[0]?.problems.length !== 0,
  };
}

it("an order is the same order with any of them as its reference, or is refused for what its reference is", async () => {
  let same = 0;
  for (const text of INJECTIONS) {
    const [calm, hostile] = [await read(neutral(text.length)), await read(text)];
    if (hostile.refused && !calm.refused) continue;
    expect(hostile, text).toEqual(calm);
    same += 1;
  }
  expect(same).toBeGreaterThan(100);
});
