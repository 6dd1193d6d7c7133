// `schedules list|pause|resume|backfill`: the clocks of the platform. They are Temporal's; who holds one or fires it for past dates, and why, is
// recorded in the database before it is done.

import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { dueTimes, localTime, MOST_DATES, zoneOf } from "@evergreen-fund/domain/schedule-clock.ts";
import { readScheduleNote, scheduleNoteText } from "@evergreen-fund/domain/schedule-note.ts";
import type { Client } from "@temporalio/client";
import { z } from "zod";
import { ANY_FUND, type Answer, type Command, type Options, REASON, REQUEST_ID, text } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { dateOf } from "../dealing-options.ts";
import { isoTime, plain, table } from "../output.ts";
import { findSchedule, type ScheduleView, scheduleViews } from "../schedule-view.ts";
import type { Session } from "../session.ts";
import { withTemporal } from "../temporal-door.ts";
import { countOf } from "../wait.ts";

const DAY_MS = 86_400_000;

const Noted = z.object({ event_id: z.uuid() });
const SCHEDULE = { name: "<schedule>", about: "its id, such as deal/DEMO/I" };
const WHY = { ...REASON, required: true } as const;

/** Signs in, then opens Temporal: nobody without a login gets as far. */
async function opened<T>(context: Context, work: (client: Client, session: Session) => Promise<T>): Promise<T> {
  const session = await context.session("ops_role");
  const { readConfig } = await import("@evergreen-fund/config/config.ts");
  return withTemporal(readConfig(context.environment), (client) => work(client, session));
}

/** Records who does what to a schedule and why; answers the event. Errors: EG400 no reason, EG403. */
async function noted(
  session: Session,
  scheduleId: string,
  action: "pause" | "resume" | "backfill",
  options: Options,
): Promise<string> {
  const answer = await session.call(
    "fn_note_schedule",
    {
      schedule_id: scheduleId,
      action,
      note: text(options, "reason"),
      request_id: requestIdOf(text(options, "requestId")),
    },
    Noted,
  );
  return answer.event_id;
}

const held = (words: ScheduleView["paused"]): string =>
  words === null
    ? "–"
    : `${words.by ?? "somebody"}: ${words.why}${words.since === null ? "" : ` (${isoTime(words.since)?.slice(0, 10)})`}`;

/** `schedules pause` and `schedules resume`: recorded, then done. */
const switching = (action: "pause" | "resume"): Command["run"] => {
  return (context, args, options): Promise<Answer> =>
    opened(context, async (client, session) => {
      const one = await findSchedule(client, session, args[0] ?? "");
      const { scheduleId } = one;
      if (one.state.paused === (action === "pause"))
        throw new EvergreenError(
          "EG428",
          `${plain(scheduleId)} ${action === "pause" ? "is paused already" : "is not paused"}.`,
        );
      const words = text(options, "reason") ?? "";
      const eventId = await noted(session, scheduleId, action, options);
      const { fingerprint } = readScheduleNote(one.state.note);
      const note = scheduleNoteText({ words, eventId, fingerprint });
      const handle = client.schedule.getHandle(scheduleId);
      await (action === "pause" ? handle.pause(note) : handle.unpause(note));
      return {
        json: { scheduleId, paused: action === "pause", eventId },
        text:
          action === "pause"
            ? `${plain(scheduleId)} fires no more until \`schedules resume\`; what is running goes on.`
            : `${plain(scheduleId)} fires again; what was due meanwhile is not made up (\`schedules backfill\` does).`,
      };
    });
};

export const scheduleCommands: readonly Command[] = [
  {
    path: "schedules list",
    summary: "The clocks of the platform: when each fires next by its own zone, its last runs, who paused it and why",
    options: [ANY_FUND, { flags: "--last <count>", about: "runs of each, at most 10", default: "3" }],
    examples: ["schedules list", "schedules list --fund DEMO --output-format json"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const last = countOf("last", text(options, "last"), 10);
      return opened(context, async (client, session) => {
        const views = await scheduleViews(client, session, text(options, "fund"), last);
        return {
          json: views.map((view) => ({
            ...view,
            next: view.next.map((at) => ({ at, local: localTime(new Date(at), view.zone) })),
            paused: view.paused === null ? null : { ...view.paused, since: isoTime(view.paused.since) },
          })),
          text: [
            table(
              views,
              [
                { header: "Schedule", value: (view) => view.scheduleId },
                { header: "Fires", value: (view) => view.fires },
                { header: "Zone", value: (view) => view.zone },
                {
                  header: "Next",
                  value: (view) => (view.next[0] === undefined ? null : localTime(new Date(view.next[0]), view.zone)),
                },
                { header: "Paused by", value: (view) => held(view.paused), most: 100 },
              ],
              "No schedules yet; a worker makes one for each class with dealing terms.",
            ),
            ...(views.some(({ recent }) => recent.length > 0)
              ? [
                  table(
                    views.flatMap(({ scheduleId, zone, recent }) =>
                      recent.map((run) => ({ scheduleId, zone, ...run })),
                    ),
                    [
                      { header: "Run of", value: (run) => run.scheduleId },
                      { header: "Was due", value: (run) => localTime(new Date(run.scheduledAt), run.zone) },
                      { header: "Started", value: (run) => localTime(new Date(run.startedAt), run.zone) },
                      { header: "State", value: (run) => run.status },
                      { header: "Workflow", value: (run) => run.workflowId, most: 90 },
                    ],
                  ),
                ]
              : []),
          ].join("\n\n"),
        };
      });
    },
  },
  {
    path: "schedules pause",
    summary: "Stops a schedule from firing until it is resumed; who and why are recorded first",
    arguments: [SCHEDULE],
    options: [WHY, REQUEST_ID],
    examples: ['schedules pause deal/DEMO/I --reason "the holiday calendar is being corrected"'],
    role: "ops_role",
    run: switching("pause"),
  },
  {
    path: "schedules resume",
    summary: "Lets a paused schedule fire again",
    arguments: [SCHEDULE],
    options: [WHY, REQUEST_ID],
    examples: ['schedules resume deal/DEMO/I --reason "the calendar is right"'],
    role: "ops_role",
    run: switching("resume"),
  },
  {
    path: "schedules backfill",
    summary: `Fires a schedule for dates that it missed, one run after the other, at most ${MOST_DATES}; --dry-run shows them and does nothing`,
    arguments: [SCHEDULE],
    options: [
      { flags: "--from <date>", about: "first date by the schedule's zone, YYYY-MM-DD", required: true },
      { flags: "--to <date>", about: "last date, YYYY-MM-DD", required: true },
      REASON,
      { flags: "--dry-run", about: "show what would fire, and do nothing" },
      REQUEST_ID,
    ],
    examples: [
      "schedules backfill deal/DEMO/I --from 2026-11-02 --to 2026-11-06 --dry-run",
      'schedules backfill deal/DEMO/I --from 2026-11-02 --to 2026-11-06 --reason "the server was moved"',
    ],
    role: "ops_role",
    run: async (context, args, options) => {
      const [from = "", to = ""] = [dateOf(options, "from"), dateOf(options, "to")];
      if (from > to) throw new EvergreenError("EG400", "--from is not after --to.");
      if ((Date.parse(to) - Date.parse(from)) / DAY_MS >= MOST_DATES)
        throw new EvergreenError("EG400", `A backfill takes at most ${MOST_DATES} dates; take fewer at a time.`);
      const preview = options.dryRun === true;
      if (!preview && text(options, "reason") === undefined)
        throw new EvergreenError("EG400", "Say why with --reason, or look first with --dry-run.");
      return opened(context, async (client, session) => {
        const one = await findSchedule(client, session, args[0] ?? "");
        const times = await dueTimes(client, one, from, to);
        const [first, last] = [times[0], times.at(-1)];
        if (times.length > MOST_DATES)
          throw new EvergreenError("EG400", `It would fire ${times.length} times; ${MOST_DATES} are the most.`);
        const shown = {
          scheduleId: one.scheduleId,
          zone: zoneOf(one),
          times: times.map((at) => ({ at: at.toISOString(), local: localTime(at, zoneOf(one)) })),
        };
        const list = table(
          shown.times,
          [{ header: `${plain(one.scheduleId)} (${shown.zone})`, value: ({ local }) => local }],
          "It is due on none of these dates.",
        );
        if (preview || first === undefined || last === undefined)
          return {
            json: { ...shown, done: false, eventId: null },
            text: preview ? `${list}\n\nNothing was done.` : list,
          };
        const eventId = await noted(session, one.scheduleId, "backfill", options);
        await client.schedule
          .getHandle(one.scheduleId)
          .backfill({ start: new Date(first.getTime() - 1000), end: last, overlap: "BUFFER_ALL" });
        return {
          json: { ...shown, done: true, eventId },
          text: `${list}\n\nThey fire now, one after the other; \`schedules list\` shows how they end.`,
        };
      });
    },
  },
];
