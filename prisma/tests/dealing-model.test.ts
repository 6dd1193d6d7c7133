// Orders, dealing days and ledger against a model: any commands by several people in any order. After each the database says what the model says,
// refuses what the model says must be refused, and no invariant is broken. Needs Postgres; EVERGREEN_MODEL_RUNS sets the number of sequences.
import fc from "fast-check";
import { expect, it } from "vitest";
import { dealingDatabase } from "./dealing-day.ts";

import { Book } from "./model/book.ts";
import { type Command, steps } from "./model/command.ts";
import { close, dayCommands, dayInOrder, navCents, payments, reversals } from "./model/days.ts";
import { orderCommands, placements, takeIn, whileLocked } from "./model/orders.ts";
import { newWorld, type World } from "./model/world.ts";

const db = await dealingDatabase();
const RUNS = Number(process.env.EVERGREEN_MODEL_RUNS ?? 12);

const anything = fc.oneof(
  { arbitrary: fc.oneof(...orderCommands), weight: 3 },
  { arbitrary: fc.oneof(...dayCommands), weight: 2 },
);
/** A day with orders, taken from its opening to its close, and whatever else at any place among it. */
const wholeDay = fc
  .record({
    before: fc.array(placements, { minLength: 2, maxLength: 7 }),
    locked: fc.array(whileLocked, { maxLength: 2 }),
    nav: navCents,
    share: fc.nat({ max: 130 }),
    between: fc.array(fc.tuple(fc.nat({ max: 40 }), anything), { maxLength: 7 }),
    after: fc.array(fc.oneof({ arbitrary: payments, weight: 6 }, { arbitrary: reversals, weight: 1 }), {
      maxLength: 9,
    }),
  })
  .map(({ before, locked, nav, share, between, after }) => {
    const commands: Command[] = [...before, takeIn, ...dayInOrder(nav, share, locked), ...after, close];
    for (const [place, extra] of between) commands.splice(place % commands.length, 0, extra);
    return commands;
  });
const stretch = fc.oneof(
  { arbitrary: fc.array(anything, { minLength: 1, maxLength: 8 }), weight: 1 },
  { arbitrary: wholeDay, weight: 2 },
);

/** Every kind of command is both done and refused at least once, and days are posted, or the sequences went nowhere. */
const DONE = [
  "place",
  "take in",
  "cancel",
  "consent",
  "hold",
  "release",
  "lock",
  "strike",
  "allocate",
  "post",
  "confirm",
  "close",
  "reverse",
  "place EG430",
  "place EG403",
  "cancel EG404",
  "cancel EG428",
  "post EG428",
  "confirm EG428",
];
const missing = (): string[] => DONE.filter((name) => !steps.byName.has(name));
/** What is rare may be missing from a few sequences: more are drawn, and never so many that luck could not bring it. */
const MOST_ROUNDS = 6;

it("any commands in any order leave the database where the model is", { timeout: 600_000 }, async () => {
  const random = fc.asyncProperty(fc.array(stretch, { minLength: 3, maxLength: 6, size: "max" }), async (stretches) => {
    const book = new Book(4);
    const world: World = await newWorld(db, book);
    for (const command of stretches.flat()) if (await command.check(book)) await command.run(book, world);
  });
  for (let round = 0; round === 0 || (RUNS >= 12 && missing().length > 0 && round < MOST_ROUNDS); round++)
    await fc.assert(random, { numRuns: RUNS, endOnFailure: true });
  if (RUNS >= 12) expect(missing(), `in ${steps.run} commands`).toEqual([]);
  process.stdout.write(
    `${steps.run} commands, ${steps.refused} refused: ${[...steps.byName]
      .sort()
      .map(([n, c]) => `${n} ${c}`)
      .join(", ")}\n`,
  );
});
