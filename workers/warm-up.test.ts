// Warming up loads what it can and never stops a process.
import { EvergreenError } from "@evergreen-fund/domain";
import { expect, it } from "vitest";
import { warmUp } from "./warm-up.ts";

it("loads every part in order, and logs a failure without the words of a foreign error", async () => {
  const loaded: string[] = [];
  const lines: string[] = [];
  const parts = {
    database: async () => {
      throw new EvergreenError("EG503", "The database is not there; try again.");
    },
    memory: async () => {
      await null;
      loaded.push("memory");
    },
    model: () => Promise.reject(new Error("cannot open the file of Jane Doe")),
    nothing: () => Promise.reject(undefined),
    solver: async () => void loaded.push("solver"),
  };
  await warmUp(parts, (line) => void lines.push(line));
  expect(loaded).toEqual(["memory", "solver"]);
  expect(lines).toEqual([
    "warm-up of database: EG503 The database is not there; try again.",
    "warm-up of model: EG500 it could not be loaded.",
    "warm-up of nothing: EG500 it could not be loaded.",
  ]);
});
