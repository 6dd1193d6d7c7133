// One command of the model-based tests: run on the database, foretold by the model; after each, state and invariants are compared.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import type fc from "fast-check";
import pg from "pg";
import { expect } from "vitest";
import type { Args } from "../arrange.ts";
import type { Book } from "./book.ts";
import { brokenIn, look, shape, type World } from "./world.ts";

export type Command = fc.AsyncCommand<Book, World>;

/** What happened and what the model says must happen: the code of a refusal, or none. */
interface Outcome {
  code?: string | undefined;
  wanted?: string | undefined;
}

export const steps = { run: 0, refused: 0, byName: new Map<string, number>() };
/** Counts something that came about, so that the sequences can be held to have brought it. */
export const saw = (name: string): void => void steps.byName.set(name, (steps.byName.get(name) ?? 0) + 1);

export function command(
  name: string,
  check: (book: Book) => boolean,
  run: (book: Book, world: World) => Promise<Outcome>,
): Command {
  return {
    toString: () => name,
    check,
    async run(book, world) {
      const { code, wanted } = await run(book, world);
      expect(code, name).toBe(wanted);
      steps.run += 1;
      if (code !== undefined) steps.refused += 1;
      saw(`${name.split("(")[0]}${code === undefined ? "" : ` ${code}`}`);
      expect(await look(world), name).toEqual(shape(book, world));
      expect(await brokenIn(world), name).toEqual([]);
    },
  };
}

/** The answer of a function, or the code with which it refused. */
export async function outcomeOf(
  { db }: World,
  actor: Actor,
  fn: string,
  args: Args,
): Promise<{ code?: string; value?: unknown }> {
  try {
    return { value: await db.value(actor, fn, args) };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { code: error.code ?? "" };
  }
}
