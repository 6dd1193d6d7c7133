// `lists show|set|refresh|accept`: the lists that parties are screened against, how old each is, and what is not used and why.
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { ListFormat } from "@evergreen-fund/screening";
import { z } from "zod";
import { type Command, type Options, REASON, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { facts, plain, table, when } from "../output.ts";
import { findList, type ListView, listViews, PUBLIC_LISTS } from "../reads/lists.ts";
import { findRun } from "../reads/runs.ts";
import { timeoutMs, until } from "../wait.ts";

const Published = z.object({
  version_id: z.uuid(),
  status: z.string(),
  reason: z.string().nullable(),
  ordinal: z.number().nullable(),
  rows: z.number(),
  added: z.number(),
  changed: z.number(),
  removed: z.number(),
});
type Published = z.infer<typeof Published>;
const Accepted = Published.extend({ accepted: z.number() });
const Asked = z.object({ list_id: z.uuid(), event_id: z.uuid() });
const SetAnswer = z.object({ list_id: z.uuid(), source: z.string(), active: z.boolean() });

/** Exit code when a list was not taken: the answer stands, and it is a refusal. */
const REFUSED = 3;

const WHY: Readonly<Record<string, string>> = {
  empty: "it is empty",
  old: "it was fetched too long ago",
  older: "it is older than the one in use",
  shrunken: "it shrank by more than its limit",
};

function wordsOf(source: string, answer: Published): string {
  const name = plain(source);
  if (answer.status === "unchanged")
    return `${name} is unchanged: version ${answer.ordinal}, ${answer.rows} rows, confirmed.`;
  if (answer.status === "current")
    return `${name} is version ${answer.ordinal} now: ${answer.rows} rows, ${answer.added} added, ${answer.changed} changed, ${answer.removed} removed. Parties are held against the change.`;
  const why = WHY[answer.reason ?? ""] ?? "it was refused";
  return answer.status === "held"
    ? `${name} is held because ${why}: ${answer.rows} rows. Two people accept it: lists accept ${answer.version_id} --reason "…"`
    : `${name} is not used because ${why}; the version before it stands, and grows older.`;
}

const publishedJson = (source: string, answer: Published) => ({
  source,
  versionId: answer.version_id,
  status: answer.status,
  reason: answer.reason,
  version: answer.ordinal,
  rows: answer.rows,
  added: answer.added,
  changed: answer.changed,
  removed: answer.removed,
});

/** Reads a file here and publishes it; how old it is follows from when it was last changed, unless a person says otherwise. */
async function publishFile(context: Context, source: string, path: string, options: Options) {
  await context.mustExist(path);
  const session = await context.session("ops_role");
  const list = await findList(session, source);
  const { entryRow, readList } = await import("@evergreen-fund/screening");
  const said = text(options, "fetchedAt");
  if (said !== undefined && Number.isNaN(Date.parse(said)))
    throw new EvergreenError("EG400", "--fetched-at is a time such as 2026-11-22T08:00:00Z.");
  const at = said === undefined ? (await stat(path)).mtime : new Date(said);
  const file = await context.progress("Reading the list", async () =>
    readList([{ name: basename(path), bytes: await readFile(path) }], {
      list: list.source,
      format: list.format as ListFormat,
    }),
  );
  const answer = await context.progress("Publishing", () =>
    session.call(
      "fn_publish_watchlist",
      {
        source: list.source,
        entries: file.entries.map(entryRow),
        file_hash: file.version.sha256,
        fetched_at: at.toISOString(),
        published_on: file.version.date ?? undefined,
        request_id: requestIdOf(text(options, "requestId")),
      },
      Published,
    ),
  );
  return {
    json: publishedJson(list.source, answer),
    text: wordsOf(list.source, answer),
    ...(answer.status === "held" || answer.status === "refused" ? { exit: REFUSED } : {}),
  };
}

/** Asks a worker to fetch lists from their addresses. */
async function askFor(context: Context, source: string | undefined, options: Options) {
  const limit = options.wait ? timeoutMs(text(options, "timeout")) : 0;
  const session = await context.session("ops_role");
  const lists =
    source === undefined
      ? (await listViews(session)).filter(({ active, address }) => active && address !== null)
      : [await findList(session, source)];
  if (lists.length === 0)
    throw new EvergreenError("EG428", "No list has an address: set one with `lists set`, or give a file with --file.");
  const asked: { source: string; eventId: string; status: string; reason: string }[] = [];
  for (const one of lists) {
    const given = text(options, "requestId");
    const { event_id: eventId } = await session.call(
      "fn_request_list_refresh",
      { source: one.source, request_id: requestIdOf(given === undefined ? undefined : `${given}/${one.source}`) },
      Asked,
    );
    asked.push({ source: one.source, eventId, status: "asked for", reason: "" });
  }
  if (options.wait)
    for (const one of asked) {
      const run = await context.progress(`Fetching ${plain(one.source)}`, () =>
        until(
          limit,
          async () => {
            const found = await findRun(session, `event/${one.eventId}`);
            return found !== undefined && found.status !== "running" ? found : undefined;
          },
          "The list is still being fetched; `lists show` tells when it is there.",
        ),
      );
      one.status = run.status;
      one.reason = String(run.metadata.reason ?? "");
    }
  return {
    json: { lists: asked },
    text: table(asked, [
      { header: "List", value: (one) => plain(one.source) },
      { header: "State", value: (one) => one.status },
      { header: "What came of it", value: (one) => plain(one.reason), most: 120 },
      { header: "Event", value: (one) => one.eventId },
    ]),
    ...(asked.some(({ status }) => status === "refused" || status === "failed") ? { exit: REFUSED } : {}),
  };
}

const ageOf = (view: ListView): string =>
  view.ageHours === null ? "–" : `${view.ageHours} h of ${view.maxAgeHours} h`;

export const listCommands: readonly Command[] = [
  {
    path: "lists show",
    summary:
      "The lists that parties are screened against: version, date, age, rows, hash, and whether anybody can be cleared on them",
    arguments: [{ name: "[source]", about: "only this list, with the versions it had" }],
    examples: ["lists show", "lists show ofac-sdn --output-format json"],
    role: "ops_role",
    run: async (context, [source]) => {
      const session = await context.session("ops_role");
      const views = await listViews(session, source);
      if (source !== undefined && views.length === 0) throw new EvergreenError("EG404", "No list of that name.");
      const lists = table(
        views,
        [
          { header: "List", value: (view) => plain(view.source) },
          { header: "Version", value: (view) => view.version?.toString() ?? null, figure: true },
          { header: "Of", value: (view) => view.publishedOn },
          { header: "Age", value: ageOf },
          { header: "Rows", value: (view) => view.rows?.toString() ?? null, figure: true },
          { header: "SHA-256", value: (view) => view.sha256?.slice(0, 12) ?? null },
          { header: "State", value: (view) => view.state, most: 100 },
        ],
        "No lists yet: `lists set` adds one; nobody is cleared without.",
      );
      const versions =
        source === undefined
          ? ""
          : table(views[0]?.versions ?? [], [
              { header: "Recorded", value: (one) => when(one.recordedAt) },
              { header: "Version", value: (one) => one.version?.toString() ?? null, figure: true },
              {
                header: "Status",
                value: (one) => (one.reason === null ? one.status : `${one.status}: ${WHY[one.reason] ?? one.reason}`),
              },
              { header: "Rows", value: (one) => String(one.rows), figure: true },
              { header: "Change", value: (one) => `+${one.added} ~${one.changed} -${one.removed}` },
              { header: "Id", value: (one) => one.versionId },
            ]);
      return { json: views, text: [lists, versions].filter((part) => part !== "").join("\n\n") };
    },
  },
  {
    path: "lists set",
    summary: "Adds a list or changes where it is fetched from, how old it may be and how much it may shrink at once",
    arguments: [{ name: "<source>", about: `short name, such as ${Object.keys(PUBLIC_LISTS).join(", ")} or own` }],
    options: [
      { flags: "--title <words>", about: "what it is" },
      {
        flags: "--format <format>",
        about: "ofac-csv, eu-xml, un-xml, uk-csv, uk-xml, own-csv, opensanctions-csv, ftm-json, yente",
      },
      {
        flags: "--address <address>",
        about:
          "URL, or name of a file in the folder of the lists; several with spaces between; of yente its URL and a dataset",
      },
      { flags: "--public", about: "the public address of the list, as its publisher documents it" },
      { flags: "--max-age <hours>", about: "older than this it clears nobody", default: "24" },
      { flags: "--shrink <ratio>", about: "share of its rows it may lose at once", default: "0.05" },
      { flags: "--off", about: "no longer used; a second person switches it off" },
      REQUEST_ID,
    ],
    examples: [
      "lists set ofac-sdn --public",
      'lists set own --title "Own block list" --format own-csv --address own.csv',
      'lists set sanctions --format yente --address "http://127.0.0.1:8000 sanctions"',
    ],
    role: "ops_role",
    run: async (context, [source = ""], options) => {
      const hours = text(options, "maxAge") ?? "";
      if (!/^[1-9]\d{0,3}$/.test(hours)) throw new EvergreenError("EG400", "--max-age is a whole number of hours.");
      const known = PUBLIC_LISTS[source];
      if (options.public === true && known === undefined)
        throw new EvergreenError("EG400", `Public addresses are known of ${Object.keys(PUBLIC_LISTS).join(", ")}.`);
      const session = await context.session("ops_role");
      const [before] = await listViews(session, source);
      const answer = await session.call(
        "fn_set_watchlist",
        {
          source,
          title: text(options, "title") ?? before?.title ?? known?.title ?? source,
          format: text(options, "format") ?? before?.format ?? known?.format ?? "own-csv",
          address:
            text(options, "address") ??
            (options.public === true ? known?.address : undefined) ??
            before?.address ??
            undefined,
          active: options.off !== true,
          max_age_hours: Number(hours),
          shrink_limit: text(options, "shrink"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        SetAnswer,
      );
      return {
        json: { listId: answer.list_id, source: answer.source, active: answer.active },
        text: facts([
          ["List", plain(answer.source)],
          ["State", answer.active ? "active: nobody is cleared until it is fetched" : "off"],
        ]),
      };
    },
  },
  {
    path: "lists refresh",
    summary:
      "Fetches lists now from their addresses, or takes one in from a file; an empty, old or shrunken one is not used",
    arguments: [{ name: "[source]", about: "the list; absent: every active list with an address" }],
    options: [
      { flags: "--file <path>", about: "take it in from this file, read here" },
      {
        flags: "--fetched-at <time>",
        about: "when the file was fetched from its publisher; absent: when it was last changed",
      },
      { flags: "--wait", about: "return when the lists are there or refused" },
      WAIT_SECONDS,
      REQUEST_ID,
    ],
    examples: ["lists refresh --wait", "lists refresh own --file block-list.csv"],
    role: "ops_role",
    run: async (context, [source], options) => {
      const path = text(options, "file");
      if (path === undefined) return askFor(context, source, options);
      if (source === undefined) throw new EvergreenError("EG400", "Name the list that the file is of.");
      return publishFile(context, source, path, options);
    },
  },
  {
    path: "lists accept",
    summary: "Accepts a list that shrank by more than its limit; the second person's word makes it current",
    arguments: [{ name: "<version>", about: "id of the held version, by lists show SOURCE" }],
    options: [{ ...REASON, required: true }, REQUEST_ID],
    examples: ['lists accept VERSION_ID --reason "the publisher removed a programme"'],
    role: "ops_role",
    run: async (context, [version = ""], options) => {
      const session = await context.session("ops_role");
      const answer = await session.call(
        "fn_accept_watchlist_version",
        { version_id: version, reason: text(options, "reason"), request_id: requestIdOf(text(options, "requestId")) },
        Accepted,
      );
      return {
        json: { ...publishedJson("", answer), source: undefined, accepted: answer.accepted },
        text:
          answer.status === "current"
            ? `Accepted by two people: version ${answer.ordinal} is current with ${answer.rows} rows.`
            : "Accepted by one person; a second one has to.",
      };
    },
  },
];
