// `backup create|list|verify|restore|reconcile`: the stack of EVERGREEN_HOME put away and put back, and what to do when one store is older than the other.
import { resolve } from "node:path";
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { configOf, withProgress } from "../machine-source.ts";
import { facts, table, when } from "../output.ts";

/** The stack's packages are heavy, and most commands do without. */
const backups = () => import("@evergreen-fund/stack/backup/index.ts");

const FOLDER = { name: "<folder>", about: "the folder of one backup; `backup list` shows them" };
const at = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));

interface Shown {
  name: string;
  madeAt: string;
  files: Record<string, { bytes: number }>;
  postgres: { version: string; stopLsn: string };
}
const bytesOf = ({ files }: Shown): number => Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
const json = (manifest: Shown) => ({
  name: manifest.name,
  madeAt: manifest.madeAt,
  files: Object.keys(manifest.files).length,
  bytes: bytesOf(manifest),
  postgres: manifest.postgres,
});
const shown = (manifest: Shown): [string, string][] => [
  ["Backup", manifest.name],
  ["Made", when(manifest.madeAt)],
  ["Files", String(Object.keys(manifest.files).length)],
  ["Bytes", String(bytesOf(manifest))],
];

const create: Command = {
  path: "backup create",
  summary:
    "Copies Postgres, Temporal's store, the newest snapshot and the archives while the stack runs; the keys go to a file apart",
  options: [
    { flags: "--to <folder>", about: "where backups lie; absent: EVERGREEN_HOME/backups" },
    {
      flags: "--keys <file>",
      about: "where the keys go; absent: EVERGREEN_HOME/backup-keys. Keep them elsewhere than the backup",
    },
  ],
  examples: ["backup create", "backup create --to /mnt/backups --keys /mnt/safe/keys.json --output-format json"],
  run: async (context, _args, options) => {
    const [config, { createBackup }] = await Promise.all([configOf(context), backups()]);
    const [to, keys] = [at(text(options, "to")), at(text(options, "keys"))];
    const made = await withProgress(context, "Backing up", (say) =>
      createBackup(config, { ...(to === undefined ? {} : { to }), ...(keys === undefined ? {} : { keys }), say }),
    );
    return {
      json: { ...json(made.manifest), folder: made.folder, keys: made.keys },
      text: facts([...shown(made.manifest), ["Folder", made.folder], ["Keys", made.keys]]),
    };
  },
};

const list: Command = {
  path: "backup list",
  summary: "Complete backups, the newest first",
  options: [{ flags: "--in <folder>", about: "where backups lie; absent: EVERGREEN_HOME/backups" }],
  examples: ["backup list", "backup list --in /mnt/backups --output-format json"],
  run: async (context, _args, options) => {
    const [config, { backupFolder, listBackups }] = await Promise.all([configOf(context), backups()]);
    const all = await listBackups(at(text(options, "in")) ?? backupFolder(config.home));
    return {
      json: all.map((one) => ({ ...json(one), folder: one.folder })),
      text: table(
        all,
        [
          { header: "Made", value: (one) => when(one.madeAt) },
          { header: "Bytes", value: (one) => String(bytesOf(one)), figure: true },
          { header: "Folder", value: (one) => one.folder },
        ],
        "No backups yet; `backup create` makes one.",
      ),
    };
  },
};

const verify: Command = {
  path: "backup verify",
  summary: "Reads every file of a backup and compares it with the list; fails when anything differs",
  arguments: [FOLDER],
  examples: ["backup verify .evergreen/backups/20261121T100000000Z"],
  run: async (context, [folder = ""]) => {
    const { verifyBackup } = await backups();
    const found = await withProgress(context, "Reading the backup", () => verifyBackup(resolve(folder))).catch(
      (error: unknown) => {
        if (error instanceof EvergreenError && error.code === "EG431") return error.message;
        throw error;
      },
    );
    if (typeof found === "string")
      return { json: { ok: false, reason: found }, text: facts([["Verdict", `✗ ${found}`]]), exit: EXIT.failed };
    return { json: { ok: true, ...json(found) }, text: facts([...shown(found), ["Verdict", "✓ holds"]]) };
  },
};

const restore: Command = {
  path: "backup restore",
  summary:
    "Puts a verified backup into an empty EVERGREEN_HOME, or puts its content aside first; the next start compares the stores",
  arguments: [FOLDER],
  options: [
    { flags: "--keys <file>", about: "the keys that belong to it", required: true },
    { flags: "--force", about: "put the content of the home aside; nothing is deleted" },
  ],
  examples: ["backup restore /mnt/backups/20261121T100000000Z --keys /mnt/safe/keys.json"],
  run: async (context, [folder = ""], options) => {
    const [config, { restoreBackup }] = await Promise.all([configOf(context), backups()]);
    const { manifest, putAside } = await withProgress(context, "Restoring", (say) =>
      restoreBackup(config, {
        from: resolve(folder),
        keys: resolve(text(options, "keys") ?? ""),
        force: options.force === true,
        say,
      }),
    );
    return {
      json: { ...json(manifest), home: config.home, putAside },
      text: facts([
        ...shown(manifest),
        ["Home", config.home],
        ...(putAside === null ? [] : [["Old content", putAside] as [string, string]]),
        ["Next", "npm start: it compares the stores before anything is written"],
      ]),
    };
  },
};

const reconcile: Command = {
  path: "backup reconcile",
  summary:
    "Shows why writes are halted after a restore, and lets them go on when a person of operations accepts the report",
  options: [{ flags: "--accept <hash>", about: "the hash of the report that was read" }, REQUEST_ID],
  examples: ["backup reconcile", "backup reconcile --output-format json"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const [config, { forgetRuns, haltedWrites, repeatErasures, reportLines, requireOwnStores }, { findTemporalCli }] =
      await Promise.all([configOf(context), backups(), import("@evergreen-fund/stack/temporal-cli.ts")]);
    requireOwnStores(config);
    const session = await context.session("ops_role");
    const halted = await haltedWrites(config);
    const hash = text(options, "accept");
    if (halted === null) {
      if (hash !== undefined) throw new EvergreenError("EG428", "Writes are not halted.");
      return { json: { halted: false }, text: "Writes are not halted." };
    }
    if (hash === undefined)
      return { json: { halted: true, ...halted }, text: reportLines(halted).join("\n"), exit: EXIT.refused };
    if (hash !== halted.hash)
      throw new EvergreenError("EG421", "That is not the hash of the report that stands; read it again.");
    // asks for the right before anything is touched; it compares nothing
    await session.call("fn_compare_runs", { runs: [], since: new Date().toISOString() }, z.unknown());
    const cli = await findTemporalCli(config);
    if (cli === undefined)
      throw new EvergreenError("EG503", "There is no temporal program here to take runs out with.");
    await withProgress(context, "Taking lost runs out of Temporal", () => forgetRuns(config, cli, halted.report));
    const { queued } = await session.call(
      "fn_resume_writes",
      { hash, request_id: requestIdOf(text(options, "requestId")) },
      z.object({ queued: z.number() }),
    );
    // what could not be while writes were halted
    await repeatErasures(config);
    const deleted = halted.report.unknown.length + halted.report.ahead.length;
    return {
      json: { halted: false, hash, deleted, queued },
      text: facts([
        ["Writes", "✓ go on"],
        ["Runs deleted", String(deleted)],
        ["Events queued again", String(queued)],
      ]),
    };
  },
};

export const backupCommands: readonly Command[] = [create, list, verify, restore, reconcile];
