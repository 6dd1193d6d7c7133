// The clock of a due time: which unit, and which side of now.
import { expect, it } from "vitest";
import { clock } from "./clock.ts";

it.each([
  ["2026-11-22T12:00:20Z", "in 1 min"],
  ["2026-11-22T12:59:00Z", "in 59 min"],
  ["2026-11-22T17:00:00Z", "in 5 h"],
  ["2026-11-25T12:00:00Z", "in 3 days"],
  ["2026-11-22T10:00:00Z", "late by 2 h"],
  ["2026-11-12T12:00:00Z", "late by 10 days"],
])("%s is %s", (due, words) => {
  expect(clock(due, "2026-11-22T12:00:00Z")).toBe(words);
});
