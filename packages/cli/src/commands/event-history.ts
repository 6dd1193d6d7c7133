// `events history`: events of a fund from one day to another, wherever their content is. One function under the caller's own role answers them all.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, text } from "../command.ts";
import type { Context } from "../context.ts";
import { configOf, storeOf } from "../machine-source.ts";
import { isoTime, table, when } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { countOf } from "../wait.ts";

const Row = z.object({
  seq: z.coerce.string(),
  event_id: z.string(),
  type: z.string(),
  fund: z.string(),
  payload: z.record(z.string(), z.unknown()),
  source: z.string(),
  created_by: z.string(),
  recorded_at: z.string(),
  archive_id: z.string().nullable(),
  content_digest: z.string().nullable(),
  content_from: z.literal("archive").optional(),
});
type Row = z.infer<typeof Row>;
const PAGE = 500;

/** The beginning of a day (UTC), or of the one after it. Errors: EG400. */
function instantOf(option: string, value: string | undefined, daysLater: number): string | undefined {
  if (value === undefined) return undefined;
  const at = Date.parse(`${value}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(at) || !new Date(at).toISOString().startsWith(value))
    throw new EvergreenError("EG400", `--${option} is a day, YYYY-MM-DD.`);
  return new Date(at + daysLater * 86_400_000).toISOString();
}

/** A gateway has put archived content in its place; without one (a hosted API) this machine does, for the rows it was given. */
async function whole(context: Context, rows: Row[]): Promise<Row[]> {
  if (rows.every((row) => row.archive_id === null || row.content_from === "archive")) return rows;
  const [config, { withContent }] = await Promise.all([configOf(context), import("@evergreen-fund/analytics")]);
  const store = await storeOf(config);
  try {
    return await withContent(config.home, store, rows);
  } finally {
    store?.close();
  }
}

export const historyCommands: readonly Command[] = [
  {
    path: "events history",
    summary: "Events of a fund over any time, archived ones included, as far as you may see them",
    options: [
      FUND,
      { flags: "--from <date>", about: "first day (UTC), YYYY-MM-DD" },
      { flags: "--to <date>", about: "last day (UTC), YYYY-MM-DD" },
      { flags: "--limit <count>", about: "how many at most, from the first day on", default: "200" },
    ],
    examples: [
      "events history --fund KY1 --from 2023-01-01 --to 2023-12-31",
      "events history --fund KY1 --output-format json",
    ],
    role: "pm_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 100_000);
      const since = instantOf("from", text(options, "from"), 0);
      const until = instantOf("to", text(options, "to"), 1);
      const session = await context.session("pm_role");
      const { fund_id } = await findFund(session, text(options, "fund") ?? "");
      const rows: Row[] = [];
      for (;;) {
        const max_events = Math.min(PAGE, limit - rows.length);
        const asked = { fund_id, since, until, after: rows.at(-1)?.seq, max_events };
        const page = await whole(context, await session.call("fn_read_events", asked, z.array(Row)));
        rows.push(...page);
        if (page.length < max_events || rows.length >= limit) break;
      }
      return {
        json: rows.map((row) => ({
          eventId: row.event_id,
          seq: row.seq,
          type: row.type,
          fundId: row.fund,
          payload: row.payload,
          source: row.source,
          createdBy: row.created_by,
          recordedAt: isoTime(row.recorded_at),
          archiveId: row.archive_id,
        })),
        text: table(
          rows,
          [
            { header: "Recorded at", value: (row) => when(row.recorded_at) },
            { header: "Type", value: (row) => row.type },
            { header: "Event", value: (row) => row.event_id },
            { header: "Where", value: (row) => (row.archive_id === null ? "live" : "archive") },
            { header: "Payload", value: (row) => JSON.stringify(row.payload), most: 70 },
          ],
          "No events that you may see.",
        ),
      };
    },
  },
];
