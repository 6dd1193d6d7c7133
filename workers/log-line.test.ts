// A worker's log says what failed and why, and quotes nothing that may hold a row.
import { ApplicationFailure } from "@temporalio/common";
import { describe, expect, it } from "vitest";
import { logLine } from "./log-line.ts";

const of = (error: unknown) => ({
  level: "WARN" as const,
  message: "Activity failed",
  meta: { activityType: "liquidity-engine.decideLmt", workflowId: "deal/KY1/A/2026-11-24", attempt: 7, error },
});

describe("a line of the log", () => {
  it.each([
    [
      "a coded failure",
      of(ApplicationFailure.create({ message: "The database is busy; try again.", type: "EG503" })),
      "WARN Activity failed · liquidity-engine.decideLmt of deal/KY1/A/2026-11-24, try 7 · EG503 The database is busy; try again.",
    ],
    [
      "any other error, without its text",
      of(new RangeError("Key (name)=(Jane Doe) exists")),
      "WARN Activity failed · liquidity-engine.decideLmt of deal/KY1/A/2026-11-24, try 7 · RangeError",
    ],
    ["what belongs to no action", { level: "WARN" as const, message: "Worker is draining" }, "WARN Worker is draining"],
  ])("of %s", (_what, entry, line) => expect(logLine(entry)).toBe(line));
});
