// What is asked twice is computed once, whoever changes or fails what.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Embedder } from "./embedder.ts";
import { hashingEmbedder } from "./embedder-hashing.ts";
import { rememberingEmbedder } from "./embedder-remembering.ts";

/** The hashing embedder with a list of what it was asked; `failing` makes the next calls fail. */
function listening(): { embedder: Embedder; asked: string[][]; failing: { times: number } } {
  const inner = hashingEmbedder(16);
  const asked: string[][] = [];
  const failing = { times: 0 };
  const embed = async (texts: readonly string[]): Promise<number[][]> => {
    asked.push([...texts]);
    if (failing.times > 0) {
      failing.times -= 1;
      throw new Error("not there");
    }
    return inner.embed(texts);
  };
  return { embedder: { ...inner, embed }, asked, failing };
}

describe("an embedder that remembers", () => {
  it("answers the same vector without asking again, and asks only for what it does not have", async () => {
    const { embedder, asked } = listening();
    const remembering = rememberingEmbedder(embedder);
    const [first] = await remembering.embed(["rate shock"]);
    expect(await remembering.embed(["rate shock"])).toEqual([first]);
    const both = await remembering.embed(["gate", "rate shock", "gate"]);
    expect(both).toEqual(await embedder.embed(["gate", "rate shock", "gate"]));
    expect(asked).toEqual([["rate shock"], ["gate"], ["gate", "rate shock", "gate"]]);
    expect(remembering).toMatchObject({ name: embedder.name, dimensions: 16 });
  });

  it("lets callers who ask at once share one answer", async () => {
    const { embedder, asked } = listening();
    const remembering = rememberingEmbedder(embedder);
    const answers = await Promise.all([1, 2, 3].map(() => remembering.embed(["rate shock"])));
    expect(asked).toHaveLength(1);
    expect(answers[2]).toEqual(answers[0]);
  });

  it("keeps no failure", async () => {
    const { embedder, asked, failing } = listening();
    const remembering = rememberingEmbedder(embedder);
    failing.times = 1;
    await expect(remembering.embed(["rate shock", "gate"])).rejects.toThrow("not there");
    expect(await remembering.embed(["rate shock"])).toEqual(await embedder.embed(["rate shock"]));
    expect(asked[1]).toEqual(["rate shock"]);
  });

  it("gives every caller a vector of its own", async () => {
    const { embedder } = listening();
    const remembering = rememberingEmbedder(embedder);
    const [mine] = await remembering.embed(["rate shock"]);
    const before = [...mine!];
    mine!.fill(0);
    expect(await remembering.embed(["rate shock"])).toEqual([before]);
  });

  it("forgets first what was not asked for longest", async () => {
    const { embedder, asked } = listening();
    const remembering = rememberingEmbedder(embedder, 2);
    for (const text of ["a", "b", "a", "c", "a", "b"]) await remembering.embed([text]);
    expect(asked.flat()).toEqual(["a", "b", "c", "b"]);
  });

  it("answers as the embedder itself does, for any questions and any size", async () => {
    const questions = fc.array(fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 6 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(questions, fc.integer({ min: 1, max: 4 }), async (batches, size) => {
        const { embedder } = listening();
        const remembering = rememberingEmbedder(embedder, size);
        for (const batch of batches) expect(await remembering.embed(batch)).toEqual(await embedder.embed(batch));
      }),
    );
  });
});
