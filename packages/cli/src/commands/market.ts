// `market import|list|show|confirm|undo`: observations of series from files, what holds them back, and who releases it.
import { open } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, type Options, REQUEST_ID, text } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { DRY_RUN, fileName, MAP, mappingOf } from "../files/mapping-option.ts";
import { facts, plain, table, when } from "../output.ts";
import { ageLimits, findSeries, type Held, heldValues, listSeries, observationsOf } from "../reads/market.ts";
import { countOf } from "../wait.ts";

interface FileRows {
  rows: readonly object[];
  sha256: string;
}

/** Parquet begins with these four bytes, whatever the file is called. */
async function isParquet(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString("latin1") === "PAR1";
  } finally {
    await handle.close();
  }
}

async function readRows(context: Context, path: string, options: Options): Promise<FileRows> {
  await context.mustExist(path);
  if (await isParquet(path)) return (await import("@evergreen-fund/analytics")).readParquetMarket(path);
  const mapping = await mappingOf(text(options, "map"), "market");
  const { readMarket } = await import("@evergreen-fund/interchange");
  return readMarket(path, { mapping });
}

const HeldValue = z.object({
  held_id: z.string(),
  series: z.string(),
  as_of: z.string(),
  value: z.string(),
  against: z.string(),
  against_on: z.string(),
  move_bps: z.string(),
  limit_bps: z.string(),
});
const Imported = z.object({
  import_id: z.string().nullable(),
  status: z.string(),
  repeated: z.boolean(),
  rows: z.number(),
  taken: z.number(),
  unchanged: z.number(),
  held: z.number(),
  held_values: z.array(HeldValue),
});

const heldJson = (one: z.infer<typeof HeldValue>) => ({
  heldId: one.held_id,
  series: one.series,
  asOf: one.as_of,
  value: one.value,
  against: one.against,
  againstOn: one.against_on,
  moveBps: one.move_bps,
  limitBps: one.limit_bps,
});

const trimmed = (value: string): string => (value.includes(".") ? value.replace(/\.?0+$/, "") : value);
const heldTable = (rows: readonly z.infer<typeof HeldValue>[]): string =>
  table(rows, [
    { header: "Held", value: (one) => one.held_id },
    { header: "Series", value: (one) => one.series },
    { header: "Day", value: (one) => one.as_of },
    { header: "Value", value: (one) => trimmed(one.value), figure: true },
    { header: "Against", value: (one) => `${trimmed(one.against)} on ${one.against_on}` },
    { header: "Move bp", value: (one) => trimmed(one.move_bps), figure: true },
    { header: "Limit bp", value: (one) => trimmed(one.limit_bps), figure: true },
  ]);

/** Whole days from one day to another. */
const daysSince = (day: string, now: Date): number =>
  Math.floor((now.getTime() - Date.parse(`${day}T00:00:00Z`)) / 86_400_000);

const importing: Command = {
  path: "market import",
  summary: "Takes observations in from CSV, XLSX or Parquet, each file once; a jump is held for a second person",
  arguments: [{ name: "<file>", about: "columns series, as_of, value and, for a new series, kind and unit" }],
  options: [
    { flags: "--source <words>", about: "where the figures come from", required: true },
    MAP,
    DRY_RUN,
    REQUEST_ID,
  ],
  examples: [
    'market import rates.csv --source "central bank"',
    'market import indices.parquet --source "index provider" --dry-run',
  ],
  role: "ops_role",
  run: async (context, [path = ""], options) => {
    const file = await context.progress("Reading the file", () => readRows(context, path, options));
    if (file.rows.length === 0) throw new EvergreenError("EG400", "The file has no observations.");
    const session = await context.session("ops_role");
    const answer = await context.progress("Importing", () =>
      session.call(
        "fn_import_market",
        {
          rows: file.rows,
          source: text(options, "source"),
          file_hash: file.sha256,
          file_name: fileName(path),
          dry_run: options.dryRun === true,
          request_id: requestIdOf(text(options, "requestId")),
        },
        Imported,
      ),
    );
    const counts = facts([
      ["Import", answer.import_id ?? "none"],
      ["Rows", String(answer.rows)],
      ["Taken", String(answer.taken)],
      ["Known already", String(answer.unchanged)],
      ["Held", String(answer.held)],
    ]);
    const words = answer.repeated
      ? "This file was imported before; nothing was changed."
      : answer.status === "dry_run"
        ? "Dry run: nothing was changed."
        : answer.held > 0
          ? "Held values do not count until another person confirms them: npx --no-install evergreen market confirm ID"
          : "";
    return {
      json: {
        importId: answer.import_id,
        status: answer.repeated ? "unchanged" : answer.status,
        fileSha256: file.sha256,
        rows: answer.rows,
        taken: answer.taken,
        unchanged: answer.unchanged,
        held: answer.held,
        heldValues: answer.held_values.map(heldJson),
      },
      text: [counts, answer.held_values.length > 0 ? heldTable(answer.held_values) : "", words]
        .filter((part) => part !== "")
        .join("\n\n"),
    };
  },
};

const list: Command = {
  path: "market list",
  summary: "Series of market data with their newest value, its age and the limit of their kind; or what is held",
  options: [
    { flags: "--kind <kind>", about: "only series of this kind" },
    { flags: "--held", about: "values that wait for a second person" },
  ],
  examples: ["market list", "market list --kind fx", "market list --held"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const session = await context.session("ops_role");
    if (options.held === true) {
      const waiting = await heldValues(session, undefined);
      return { json: waiting.map(heldJson), text: heldTable(waiting) };
    }
    const [series, limits] = [await listSeries(session, text(options, "kind")), await ageLimits(session)];
    const now = new Date();
    const rows = [];
    for (const one of series) {
      const [newest] = await observationsOf(session, one.series, 1);
      const ageDays = newest === undefined ? null : daysSince(newest.as_of, now);
      const maxAgeDays = limits[one.kind] ?? null;
      const stale = ageDays === null || (maxAgeDays !== null && ageDays > maxAgeDays);
      rows.push({
        ...one,
        asOf: newest?.as_of ?? null,
        value: newest === undefined ? null : trimmed(newest.value),
        source: newest?.source ?? null,
        ageDays,
        maxAgeDays,
        stale,
      });
    }
    return {
      json: rows,
      text: table(rows, [
        { header: "Series", value: (one) => one.series },
        { header: "Kind", value: (one) => one.kind },
        { header: "Unit", value: (one) => one.unit },
        { header: "Newest", value: (one) => one.asOf ?? "nothing counts" },
        { header: "Value", value: (one) => one.value ?? "", figure: true },
        { header: "Days old", value: (one) => (one.ageDays === null ? "" : String(one.ageDays)), figure: true },
        { header: "", value: (one) => (one.stale ? "too old" : "") },
      ]),
    };
  },
};

const show: Command = {
  path: "market show",
  summary: "The values of a series that count, the newest first, with where each is from, and what is held of it",
  arguments: [{ name: "<series>", about: "name of the series" }],
  options: [{ flags: "--limit <count>", about: "how many at most", default: "30" }],
  examples: ['market show "EURUSD" --limit 5'],
  role: "ops_role",
  run: async (context, [name = ""], options) => {
    const limit = countOf("limit", text(options, "limit"), 1000);
    const session = await context.session("ops_role");
    const series = await findSeries(session, name);
    const [values, waiting] = [await observationsOf(session, name, limit), await heldValues(session, name)];
    return {
      json: {
        ...series,
        values: values.map((one) => ({
          asOf: one.as_of,
          value: trimmed(one.value),
          source: one.source,
          recordedAt: one.recorded_at,
          importId: one.import_id,
        })),
        held: waiting.map((one: Held) => heldJson(one)),
      },
      text: [
        `${plain(series.series)}: ${series.kind}, ${series.unit}`,
        table(values, [
          { header: "Day", value: (one) => one.as_of },
          { header: "Value", value: (one) => trimmed(one.value), figure: true },
          { header: "Source", value: (one) => one.source, most: 40 },
          { header: "Recorded", value: (one) => when(one.recorded_at) },
        ]),
        ...(waiting.length > 0 ? ["Held:", heldTable(waiting)] : []),
      ].join("\n"),
    };
  },
};

const confirm: Command = {
  path: "market confirm",
  summary: "Releases a value that the breaker holds, or with --reject drops it; another person than who imported it",
  arguments: [{ name: "<id>", about: "held value, as `market list --held` shows it" }],
  options: [{ flags: "--reject", about: "it does not count" }, REQUEST_ID],
  examples: [
    "market confirm 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69",
    "market confirm 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --reject",
  ],
  role: "pm_role",
  run: async (context, [id = ""], options) => {
    const session = await context.session("pm_role");
    const decision = options.reject === true ? "rejected" : "confirmed";
    await session.call(
      "fn_decide_market_values",
      { held: [{ held_id: id }], decision, request_id: requestIdOf(text(options, "requestId")) },
      z.object({ values: z.number(), decision: z.string() }),
    );
    return { json: { heldId: id, decision }, text: `The value is ${decision}.` };
  },
};

const undo: Command = {
  path: "market undo",
  summary: "Retires an import of market data: its values count no more, what stood before counts again",
  arguments: [{ name: "<import>", about: "id of the import" }],
  options: [{ flags: "--reason <text>", about: "why, in one sentence (no personal data)", required: true }, REQUEST_ID],
  examples: ['market undo 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --reason "wrong file"'],
  role: "ops_role",
  run: async (context, [id = ""], options) => {
    const session = await context.session("ops_role");
    const answer = await session.call(
      "fn_undo_market_import",
      { import_id: id, reason: text(options, "reason"), request_id: requestIdOf(text(options, "requestId")) },
      z.object({ values: z.number() }),
    );
    return {
      json: { importId: id, status: "undone", values: answer.values },
      text: `${answer.values} values no longer count.`,
    };
  },
};

export const marketCommands: readonly Command[] = [importing, list, show, confirm, undo];
