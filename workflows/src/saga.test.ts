// The saga inside a real workflow context: what is taken back, in which order, and what happens when something cannot be.
import { describe, expect, it } from "vitest";
import { inWorkflow } from "./test-workflow.ts";

const { CancellationScope } = await import("@temporalio/workflow");
const { openSaga } = await import("./saga.ts");

/** A compensation that takes a few turns and notes when it begins and ends. */
const noting = (notes: string[], name: string) => async (): Promise<void> => {
  notes.push(`${name} begins`);
  await Promise.resolve();
  await Promise.resolve();
  notes.push(`${name} ends`);
};

describe("compensation", () => {
  it("takes the last success back first, and one after another", () =>
    inWorkflow(async () => {
      const notes: string[] = [];
      const saga = openSaga();
      for (const name of ["withdraw", "release", "forget"]) saga.push(name, noting(notes, name));
      expect(notes).toEqual([]);
      await saga.compensate();
      expect(notes).toEqual(["forget", "release", "withdraw"].flatMap((name) => [`${name} begins`, `${name} ends`]));
    }));
  it("happens once: what was taken back is not taken back again, what came after it is", () =>
    inWorkflow(async () => {
      const notes: string[] = [];
      const saga = openSaga();
      saga.push("withdraw", async () => notes.push("withdraw"));
      await saga.compensate();
      await saga.compensate();
      saga.push("release", async () => notes.push("release"));
      await saga.compensate();
      expect(notes).toEqual(["withdraw", "release"]);
    }));
  it("of nothing is nothing", () => inWorkflow(async () => expect(await openSaga().compensate()).toBeUndefined()));
  it.each([
    ["rejects", () => Promise.reject(new Error("Jane Doe"))],
    [
      "throws at once",
      () => {
        throw new Error("Jane Doe");
      },
    ],
  ])("that %s keeps none of the others from being taken back, and is one line in the log by its name", (_, failing) =>
    inWorkflow(async ({ logged }) => {
      const notes: string[] = [];
      const saga = openSaga();
      saga.push("withdraw", noting(notes, "withdraw"));
      saga.push("release", failing);
      saga.push("forget", noting(notes, "forget"));
      await saga.compensate();
      expect(notes).toEqual(["forget begins", "forget ends", "withdraw begins", "withdraw ends"]);
      const lines = logged();
      expect(lines).toMatchObject([
        { level: "error", message: "compensation failed", attributes: { compensation: "release" } },
      ]);
      expect(JSON.stringify(lines)).not.toContain("Jane");
    }),
  );
  it("also happens while the run is being cancelled: its steps do not see the cancellation", () =>
    inWorkflow(async ({ cancel }) => {
      const seen: boolean[] = [];
      const saga = openSaga();
      saga.push("withdraw", async () => seen.push(CancellationScope.current().consideredCancelled));
      cancel();
      expect(CancellationScope.current().consideredCancelled).toBe(true);
      await saga.compensate();
      expect(seen).toEqual([false]);
    }));
});
