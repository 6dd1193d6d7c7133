// What every page has to be, and what a function answers a person, for the tests of the browser suite.
import { expect, inject } from "vitest";
import { apiOf, type Visit } from "./visit.ts";

/** What a function answers a person; a refusal ends the test. */
export const call = async (person: string, fn: string, args: object = {}): Promise<unknown> => {
  const { data, error } = await (await apiOf(person)).rpc(fn, args);
  if (error !== null) throw error;
  return data;
};

/** Nothing is wider than the page, nobody else was asked, nothing was said, nothing stands in the way. */
export async function faultless(visited: Visit, width: number): Promise<void> {
  expect(await visited.page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  expect(visited.asked.filter((address) => !address.startsWith(inject("stack").url))).toEqual([]);
}
