// `events list|follow|retry`: what happened, what is happening, and what could not be delivered.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { isEventName } from "@evergreen-fund/domain/events.ts";
import { z } from "zod";
import { ANY_FUND, type Command, type CommandOption, type Options, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { isoTime, plain, table, when } from "../output.ts";
import type { People } from "../people.ts";
import { type DeadLetter, deadLetters, type EventFilter, type EventRow, newestEvents } from "../reads/events.ts";
import { findFund, isUuid } from "../reads/funds.ts";
import type { Session } from "../session.ts";
import { countOf, pause } from "../wait.ts";

const TYPE: CommandOption = { flags: "--type <type>", about: "only this type, such as REBALANCE_REQUESTED" };
/** Events commit out of order: so many of the newest are looked at again each time. */
const LOOK_BACK = 500;

const eventJson = (row: EventRow) => ({
  eventId: row.event_id,
  seq: row.seq,
  type: row.type,
  fundId: row.fund_id,
  payload: row.payload,
  source: row.source,
  createdBy: row.created_by,
  recordedAt: isoTime(row.recorded_at),
});

const letterJson = (letter: DeadLetter) => ({ ...letter, deadAt: isoTime(letter.deadAt) });

async function filterOf(session: Session, options: Options): Promise<EventFilter> {
  const type = text(options, "type");
  if (type !== undefined && !isEventName(type))
    throw new EvergreenError("EG400", `There is no event type ${plain(type)}.`);
  const fund = text(options, "fund");
  return { fundId: fund === undefined ? undefined : (await findFund(session, fund)).fund_id, type };
}

const lineOf = (row: EventRow, people: People): string =>
  `${when(row.recorded_at)}  ${plain(row.type).padEnd(24)}  ${row.event_id}  ${plain(people.nameOf(row.source))}`;

function lettersText(letters: readonly DeadLetter[]): string {
  return table(
    letters,
    [
      { header: "Event", value: (letter) => letter.eventId },
      { header: "Type", value: (letter) => letter.type },
      { header: "Events", value: (letter) => String(letter.events), figure: true },
      { header: "Attempts", value: (letter) => String(letter.attempts), figure: true },
      { header: "Dead since", value: (letter) => when(letter.deadAt) },
      { header: "Reason", value: (letter) => letter.reason, most: 90 },
    ],
    "No dead letters.",
  );
}

export const eventCommands: readonly Command[] = [
  {
    path: "events list",
    summary: "The newest events, or the dead letters with their reasons",
    options: [
      ANY_FUND,
      TYPE,
      { flags: "--limit <count>", about: "how many at most", default: "50" },
      { flags: "--dead", about: "what could not be delivered, and why" },
    ],
    examples: ["events list --fund KY1", "events list --dead"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const session = await context.session("pm_role");
      const filter = await filterOf(session, options);
      if (options.dead) {
        const letters = await deadLetters(session, filter.fundId);
        const chosen = letters
          .filter((letter) => filter.type === undefined || letter.type === filter.type)
          .slice(0, limit);
        return { json: chosen.map(letterJson), text: lettersText(chosen) };
      }
      const rows = await newestEvents(session, filter, limit);
      return {
        json: rows.map(eventJson),
        text: table(
          rows,
          [
            { header: "Recorded at", value: (row) => when(row.recorded_at) },
            { header: "Type", value: (row) => row.type },
            { header: "Event", value: (row) => row.event_id },
            { header: "Source", value: (row) => session.people.nameOf(row.source) },
            { header: "Payload", value: (row) => JSON.stringify(row.payload), most: 70 },
          ],
          "No events.",
        ),
      };
    },
  },
  {
    path: "events follow",
    summary: "Prints events as they are recorded, until --count, --seconds or Ctrl-C",
    options: [
      ANY_FUND,
      TYPE,
      { flags: "--count <count>", about: "end after so many events" },
      { flags: "--seconds <seconds>", about: "end after so long" },
    ],
    examples: ["events follow", "events follow --type PROPOSAL_CREATED --count 1"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const most =
        text(options, "count") === undefined
          ? Number.POSITIVE_INFINITY
          : countOf("count", text(options, "count"), 1_000_000);
      const seconds =
        text(options, "seconds") === undefined
          ? Number.POSITIVE_INFINITY
          : countOf("seconds", text(options, "seconds"), 86_400);
      const session = await context.session("pm_role");
      const filter = await filterOf(session, options);
      const seen = new Set((await newestEvents(session, filter, LOOK_BACK)).map((row) => row.event_id));
      context.note("Following events; Ctrl-C ends it.");
      const shown: EventRow[] = [];
      let stopped = false;
      const stop = (): void => {
        stopped = true;
      };
      process.once("SIGINT", stop);
      const end = Date.now() + seconds * 1000;
      while (!stopped && shown.length < most && Date.now() < end) {
        for (const row of await newestEvents(session, filter, LOOK_BACK)) {
          if (seen.has(row.event_id) || shown.length >= most) continue;
          seen.add(row.event_id);
          shown.push(row);
          context.line(lineOf(row, session.people));
        }
        if (shown.length < most) await pause(500);
      }
      process.off("SIGINT", stop);
      return { json: shown.map(eventJson) };
    },
  },
  {
    path: "events retry",
    summary: "Puts a dead letter back into the queue, or all of them",
    arguments: [{ name: "[id]", about: "id of the event" }],
    options: [{ flags: "--dead", about: "every dead letter" }, REQUEST_ID],
    examples: ["events retry 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69", "events retry --dead"],
    role: "pm_role",
    run: async (context, args, options) => {
      const id = args[0];
      if ((id === undefined) === (options.dead !== true))
        throw new EvergreenError("EG400", "Name one event id, or --dead for all dead letters.");
      if (id !== undefined && !isUuid(id))
        throw new EvergreenError(
          "EG400",
          `${plain(id)} is not an event id; see \`npx --no-install evergreen events list --dead\`.`,
        );
      const session = await context.session("pm_role");
      const ids = id === undefined ? (await deadLetters(session, undefined)).map((letter) => letter.eventId) : [id];
      const given = requestIdOf(text(options, "requestId"));
      const retried: { eventId: string; retried: string }[] = [];
      for (const eventId of ids) {
        const requestId = id === undefined ? `${given}/${eventId}`.slice(-200) : given;
        retried.push({
          eventId,
          retried: await session.call("fn_retry_event", { event_id: eventId, request_id: requestId }, z.string()),
        });
      }
      return {
        json: retried,
        text:
          retried.length === 0
            ? "No dead letters."
            : retried
                .map((row) =>
                  `${row.eventId}: ${row.retried === "batch" ? "its batch is" : ""} back in the queue`.replace(
                    ":  ",
                    ": ",
                  ),
                )
                .join("\n"),
      };
    },
  },
];
