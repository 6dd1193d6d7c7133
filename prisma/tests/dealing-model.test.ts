// Orders, dealing days and ledger of a fund with two classes against a model: any commands by several people in any order, switches between the classes and
// transfers between investors among them. After each the database says what the model says, refuses what the model says must be refused, and no invariant
// is broken. Needs Postgres; EVERGREEN_MODEL_RUNS sets the number of sequences.
import fc from "fast-check";
import { expect, it } from "vitest";
import { dealingDatabase } from "./dealing-day.ts";

import { Book, type ClassNo, otherThan } from "./model/book.ts";
import { type Command, steps } from "./model/command.ts";
import { cents, classNo, day, gate, ofClassA } from "./model/days.ts";
import { dealtBack, ledger, payments, reversals } from "./model/ledger.ts";
import { cancels, orderCommands, parted, placements, takeIn, whileLocked } from "./model/orders.ts";
import { newWorld, type World } from "./model/world.ts";

const db = await dealingDatabase();
/** As many as bring everything below in most cases, and no more: the file takes as long as they do. */
const ENOUGH = 7;
const RUNS = Number(process.env.EVERGREEN_MODEL_RUNS ?? ENOUGH);

/** Every step of the day by itself, so that it also comes at the wrong time. */
const dayCommands = [
  fc.constant(day.open),
  classNo.map(day.lock),
  classNo.map(day.recheck),
  cents.map(day.freeze),
  ofClassA.map(day.propose),
  fc.constantFrom(day.approve(0), day.approve(1)),
  fc.constant(day.strike),
  fc.tuple(classNo, gate).map(([c, share]) => day.decide(c, share)),
  classNo.map(ledger.allocate),
  classNo.map(ledger.post),
  classNo.map(ledger.claim),
  payments,
  payments,
  classNo.map(ledger.close),
  reversals,
];
const anything = fc.oneof(
  { arbitrary: fc.oneof(...orderCommands), weight: 3 },
  { arbitrary: fc.oneof(...dayCommands), weight: 2 },
);

/** The gates of a date: none, on one class, or on both. */
const gates = fc.tuple(gate, gate, fc.nat({ max: 2 })).map(([a, b, both]) => (both === 0 ? [a, b] : [a % 95, b % 95]));
/** A day of both classes with orders, taken from its opening to its close and at times back again, and whatever else at any place among it. */
const wholeDay = fc
  .record({
    before: fc.array(placements, { minLength: 3, maxLength: 8 }),
    dropped: fc.array(cancels, { maxLength: 1 }),
    parts: fc.oneof({ arbitrary: parted, weight: 1 }, { arbitrary: fc.constant({ before: [], later: [] }), weight: 4 }),
    locked: fc.array(whileLocked, { maxLength: 3 }),
    nav: cents,
    ofA: ofClassA,
    gated: gates,
    first: classNo,
    between: fc.array(fc.tuple(fc.nat({ max: 50 }), anything), { maxLength: 7 }),
    after: fc.array(fc.oneof({ arbitrary: payments, weight: 6 }, { arbitrary: reversals, weight: 1 }), {
      maxLength: 9,
    }),
    back: fc.array(dealtBack, { maxLength: 2 }),
  })
  .map(({ before, dropped, parts, locked, nav, ofA, gated, first, between, after, back }) => {
    const inTurn = [first, otherThan(first)];
    const each = (step: (c: ClassNo) => Command): Command[] => inTurn.map(step);
    const commands: Command[] = [
      ...before,
      ...dropped,
      ...parts.before,
      takeIn,
      day.open,
      ...each(day.lock),
      ...locked,
      ...each(day.recheck),
      day.freeze(nav),
      day.propose(ofA),
      day.approve(0),
      day.approve(1),
      day.strike,
      ...each((c) => day.decide(c, gated[c] ?? 0)),
      ...each(ledger.allocate),
      ...each(ledger.post),
      ...each(ledger.claim),
      ...parts.later,
      ...after,
      ...back,
      ...each(ledger.close),
    ];
    for (const [place, extra] of between) commands.splice(place % commands.length, 0, extra);
    return commands;
  });
const stretch = fc.oneof(
  { arbitrary: fc.array(anything, { minLength: 1, maxLength: 8 }), weight: 1 },
  { arbitrary: wholeDay, weight: 2 },
);

/** Every kind of command is both done and refused at least once, and every kind of order is dealt, carried and taken back, or the sequences went nowhere. */
const DONE = [
  "place",
  "take in",
  "one leg held",
  "cancel",
  "consent",
  "hold",
  "release",
  "lock",
  "strike",
  "gate binds A",
  "gate binds B",
  "allocate",
  "post",
  "plain dealt",
  "switch dealt",
  "transfer dealt",
  "carried dealt",
  "confirm",
  "close",
  "reverse",
  "switch reversed",
  "transfer reversed",
  "place EG430",
  "place EG403",
  "place EG404",
  "cancel EG404",
  "cancel EG428",
  "post EG428",
  "confirm EG404",
  "confirm EG428",
];
const missing = (): string[] => DONE.filter((name) => !steps.byName.has(name));
/** What is rare may be missing from a few sequences: more are drawn, and never so many that luck could not bring it. */
const MOST_ROUNDS = 6;
/** A sequence that fails is cut down by trying smaller ones, so many and no more. */
const CUTS = 40;

it("any commands in any order leave the database where the model is", { timeout: 600_000 }, async () => {
  let cuts: number | undefined;
  const random = fc.asyncProperty(fc.array(stretch, { minLength: 2, maxLength: 7, size: "max" }), async (stretches) => {
    if (cuts !== undefined && ++cuts > CUTS) return;
    const book = new Book(4);
    const world: World = await newWorld(db, book);
    try {
      for (const command of stretches.flat()) if (await command.check(book)) await command.run(book, world);
    } catch (error) {
      cuts ??= 0;
      throw error;
    }
  });
  for (let round = 0; round === 0 || (RUNS >= ENOUGH && missing().length > 0 && round < MOST_ROUNDS); round++)
    await fc.assert(random, { numRuns: RUNS });
  if (RUNS >= ENOUGH) expect(missing(), `in ${steps.run} commands`).toEqual([]);
  process.stdout.write(
    `${steps.run} commands, ${steps.refused} refused: ${[...steps.byName]
      .sort()
      .map(([n, c]) => `${n} ${c}`)
      .join(", ")}\n`,
  );
});
