// `snapshot create|list|verify|restore`: the analytical snapshots of this home and their copies in a store. Works on this machine's own files.
import type { Manifest, Store } from "@evergreen-fund/analytics";
import type { Config } from "@evergreen-fund/config/config.ts";
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { type Command, text } from "../command.ts";
import { configOf, sourceOf, storeOf, withProgress } from "../machine-source.ts";
import { facts, table, when } from "../output.ts";

/** DuckDB and the AWS SDK are heavy, and most commands do without. */
const analytics = () => import("@evergreen-fund/analytics");
/** Errors: EG400 when none is set. */
async function withStore<T>(config: Config, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await storeOf(config);
  if (store === null) throw new EvergreenError("EG400", "SNAPSHOT_BUCKET is not set: there is no store of copies.");
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

const rowsOf = ({ tables }: Manifest): string =>
  String(Object.values(tables).reduce((sum, { rows }) => sum + BigInt(rows), 0n));

const json = (manifest: Manifest) => {
  const { name, contentHash, sha256, bytes, takenAt, madeAt, position, model, tables } = manifest;
  const counts = Object.fromEntries(Object.entries(tables).map(([table, { rows }]) => [table, rows]));
  return { name, contentHash, sha256, bytes, takenAt, madeAt, position, model, rows: rowsOf(manifest), tables: counts };
};

const shown = (manifest: Manifest): [string, string][] => [
  ["Snapshot", manifest.name],
  ["Taken", when(manifest.takenAt)],
  ["Content", manifest.contentHash],
  ["Rows", rowsOf(manifest)],
  ["Bytes", String(manifest.bytes)],
];

const create: Command = {
  path: "snapshot create",
  summary: "Brings the analytical file up to Postgres, compares the two and publishes it as an immutable snapshot",
  options: [
    { flags: "--rebuild", about: "read everything anew instead of what changed" },
    { flags: "--quick", about: "compare the rows that changed only, not every row" },
    { flags: "--local", about: "do not copy it to the store of snapshots" },
  ],
  examples: ["snapshot create", "snapshot create --quick --output-format json"],
  run: async (context, _args, options) => {
    const [config, { synchronise, findSnapshot }] = await Promise.all([configOf(context), analytics()]);
    const source = await sourceOf(config);
    const { openDeltaReader } = await import("@evergreen-fund/supabase-client");
    const started = performance.now();
    const result = await withProgress(context, "Reading Postgres", (say) =>
      synchronise({
        home: config.home,
        openReader: () => openDeltaReader(source),
        rebuild: options.rebuild === true,
        check: options.quick === true ? "delta" : "full",
        say,
      }),
    );
    const durationMs = Math.round(performance.now() - started);
    const { manifest, rebuilt, read, check } = result;
    const copy =
      config.snapshotStore === null || options.local === true
        ? null
        : await withProgress(context, "Copying to the store", async () =>
            withStore(config, async (store) => store.upload(await findSnapshot(config.home, manifest.name))),
          );
    return {
      json: { ...json(manifest), rebuilt, read, check, durationMs, copy },
      text: facts([
        ...shown(manifest),
        ["Read", rebuilt === null ? "what changed" : `everything: ${rebuilt}`],
        ["Compared", check === "full" ? "every row" : "the rows that changed"],
        ...(copy === null
          ? []
          : [["Copied", copy.dailyWritten ? `as the copy of ${copy.day}` : "as the newest"] as [string, string]]),
      ]),
    };
  },
};

const list: Command = {
  path: "snapshot list",
  summary: "Snapshots of this home, the newest first, or the days that have a copy in the store",
  options: [{ flags: "--stored", about: "the days in the store" }],
  examples: ["snapshot list", "snapshot list --stored --output-format json"],
  run: async (context, _args, options) => {
    const [config, { listSnapshots }] = await Promise.all([configOf(context), analytics()]);
    if (options.stored === true) {
      const days = await withStore(config, (store) => store.days());
      return { json: days, text: days.length === 0 ? "No copies yet." : days.join("\n") };
    }
    const all = await listSnapshots(config.home);
    return {
      json: all.map(json),
      text: table(
        all,
        [
          { header: "Snapshot", value: (one) => one.name },
          { header: "Taken", value: (one) => when(one.takenAt) },
          { header: "Rows", value: rowsOf, figure: true },
          { header: "Bytes", value: (one) => String(one.bytes), figure: true },
        ],
        "No snapshots yet; `snapshot create` makes one.",
      ),
    };
  },
};

const SNAPSHOT = { name: "[name]", about: "a snapshot, or the beginning of its name; absent: the newest" };

const verify: Command = {
  path: "snapshot verify",
  summary: "Reads a snapshot through and through and compares it with its manifest; fails when anything differs",
  arguments: [SNAPSHOT],
  examples: ["snapshot verify", "snapshot verify 20261121T --output-format json"],
  run: async (context, [name]) => {
    const [config, { findSnapshot, verifySnapshot }] = await Promise.all([configOf(context), analytics()]);
    const { path, ...manifest } = await findSnapshot(config.home, name);
    const bad = await withProgress(context, "Reading the snapshot", (say) => verifySnapshot(path, manifest, say)).then(
      () => null,
      (error: unknown) => {
        if (error instanceof EvergreenError && error.code === "EG431") return error.message;
        throw error;
      },
    );
    return {
      json: { ok: bad === null, ...(bad === null ? {} : { reason: bad }), ...json(manifest) },
      text: facts([...shown(manifest), ["Verdict", bad === null ? "✓ holds" : `✗ ${bad}`]]),
      ...(bad === null ? {} : { exit: EXIT.failed }),
    };
  },
};

const restore: Command = {
  path: "snapshot restore",
  summary:
    "Makes a snapshot the newest again, from this home or from the store; compares every hash before anything moves",
  arguments: [{ ...SNAPSHOT, about: "a snapshot of this home, or the beginning of its name" }],
  options: [
    { flags: "--day <date>", about: "the copy of this day in the store, YYYY-MM-DD" },
    { flags: "--stored", about: "the newest copy in the store" },
  ],
  examples: ["snapshot restore 20261121T", "snapshot restore --day 2026-11-21 --output-format json"],
  run: async (context, [name], options) => {
    const day = text(options, "day");
    if ([name !== undefined, day !== undefined, options.stored === true].filter(Boolean).length !== 1)
      throw new EvergreenError("EG400", "Say what to restore: a snapshot, --day or --stored, and one of them only.");
    const [config, { restoreSnapshot, checkedDay }] = await Promise.all([configOf(context), analytics()]);
    const from = day === undefined ? null : checkedDay(day);
    const manifest = await withProgress(context, "Restoring", (say) =>
      name === undefined
        ? withStore(config, (store) => restoreSnapshot(config.home, { store, day: from }, say))
        : restoreSnapshot(config.home, { name }, say),
    );
    return { json: json(manifest), text: facts([...shown(manifest), ["Restored", "✓ it is the newest again"]]) };
  },
};

export const snapshotCommands: readonly Command[] = [create, list, verify, restore];
