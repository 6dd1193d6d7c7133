// Waiting: the first answer counts, a service that is away for a moment does not, and the time ends.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { describe, expect, it } from "vitest";
import { countOf, timeoutMs, until } from "./wait.ts";

const away = new EvergreenError("EG503", "Not there.");

describe("until", () => {
  it("asks again while there is no answer and while a service is away", async () => {
    const answers: (string | undefined | Error)[] = [undefined, away, undefined, "done"];
    const answer = await until(
      60_000,
      () => {
        const next = answers.shift();
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
      },
      "late",
    );
    expect([answer, answers.length]).toEqual(["done", 0]);
  });
  it("says that it is late when the time is over, or what was away", async () => {
    await expect(until(1, () => Promise.resolve(undefined), "Late.")).rejects.toMatchObject({
      code: "EG503",
      message: "Late.",
    });
    await expect(until(1, () => Promise.reject(away), "Late.")).rejects.toBe(away);
  });
  it("does not ask again after a refusal", async () => {
    let asked = 0;
    const refusal = new EvergreenError("EG403", "No.");
    const ask = (): Promise<undefined> => {
      asked += 1;
      return Promise.reject(refusal);
    };
    await expect(until(60_000, ask, "Late.")).rejects.toBe(refusal);
    expect(asked).toBe(1);
  });
});

describe("numbers of options", () => {
  it.each(["0", "-1", "1.5", "abc", "", "86401", undefined])("a timeout of %s is refused", (seconds) => {
    expect(() => timeoutMs(seconds)).toThrow(/--timeout/);
  });
  it("takes whole numbers within the limit", () => {
    expect([timeoutMs("1"), timeoutMs("86400"), countOf("limit", "1000", 1000)]).toEqual([1000, 86_400_000, 1000]);
    expect(() => countOf("limit", "1001", 1000)).toThrow(/--limit is a whole number from 1 to 1000/);
  });
});
