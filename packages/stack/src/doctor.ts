// `evergreen doctor`: looks at everything that a stack needs and says for each what is wrong and the exact fix. Changes nothing.
import { readdir, readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Config, REPOSITORY_ROOT, temporalAddress } from "@evergreen-fund/config";
import { stackAddresses } from "./addresses.ts";
import { type DatabaseFinding, FIXES, inspectDatabase } from "./inspect-database.ts";
import { portHolder, portIsFree } from "./process-table.ts";
import { deploymentsWithoutCurrent, missingSearchAttributes, portAnswers } from "./temporal.ts";
import { findTemporalCli, type TemporalCli } from "./temporal-cli.ts";
import { type StackStatus, status } from "./up.ts";

export interface DoctorLine {
  name: string;
  ok: boolean;
  /** What was found. */
  detail: string;
  /** What to do; empty when ok. */
  fix: string;
}

/** As one types it in a checkout. */
const EVERGREEN = "npx --no-install evergreen";
const RESTART = `${EVERGREEN} down && npm start`;
const MIN_FREE_BYTES = 1024 ** 3;
const line = (name: string, ok: boolean, detail: string, fix: string): DoctorLine => ({
  name,
  ok,
  detail,
  fix: ok ? "" : fix,
});

/** All lines, prerequisites first; what needs a running stack is looked at only when one runs. */
export async function doctor(config: Config): Promise<DoctorLine[]> {
  const found = await status(config);
  const cli = await findTemporalCli(config).catch(() => undefined);
  const lines = [
    nodeLine(process.versions.node),
    ...(await versionLines(join(REPOSITORY_ROOT, "node_modules"))),
    await diskLine(config),
    await keysLine(config),
    temporalCliLine(config, cli),
    ...(found.running ? [] : await portLines(config)),
    stackLine(found, config),
  ];
  const api = found.running || config.supabase !== null ? [await apiLine(config)] : [];
  if (!found.running && config.directUrl === null) return [...lines, ...api];
  return [...lines, ...(await databaseLines(config)), ...(await temporalLines(config, cli)), ...api];
}

/** Node 20.19 is the oldest that runs the pinned versions. */
export function nodeLine(version: string): DoctorLine {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return line("node", ok, version, "install Node 20.19 or later; 24 is recommended (nvm install 24)");
}

/** Families of packages that must have one version each, or the whole does not work. */
const FAMILIES: Record<string, (name: string) => boolean> = {
  "@temporalio": (name) => name.startsWith("@temporalio/") && name !== "@temporalio/proto",
  prisma: (name) => ["prisma", "@prisma/client", "@prisma/adapter-pg"].includes(name),
};

/** One line per family: the versions that are installed. */
export async function versionLines(modules: string): Promise<DoctorLine[]> {
  const scopes = ["@temporalio", "@prisma"];
  const names = [
    "prisma",
    ...(
      await Promise.all(
        scopes.map(async (scope) =>
          (await readdir(join(modules, scope)).catch(() => [])).map((name) => `${scope}/${name}`),
        ),
      )
    ).flat(),
  ];
  const versions = new Map<string, string>();
  for (const name of names) {
    const text = await readFile(join(modules, name, "package.json"), "utf8").catch(() => undefined);
    if (text !== undefined) versions.set(name, (JSON.parse(text) as { version: string }).version);
  }
  return Object.entries(FAMILIES).map(([family, belongs]) => {
    const members = [...versions].filter(([name]) => belongs(name));
    const distinct = [...new Set(members.map(([, version]) => version))];
    const detail =
      distinct.length === 1
        ? `${distinct[0]} (${members.length} packages)`
        : members.map(([n, v]) => `${n} ${v}`).join(", ");
    return line(`versions ${family}`, distinct.length === 1, detail || "not installed", "npm ci");
  });
}

async function diskLine(config: Config): Promise<DoctorLine> {
  const folder = await existingFolder(config.home);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  return line(
    "disk",
    free >= MIN_FREE_BYTES,
    `${(free / 1024 ** 3).toFixed(1)} GB free for ${config.home}`,
    "free at least 1 GB, or set EVERGREEN_HOME to another disk",
  );
}

async function existingFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = join(folder, "..")) {
    if (
      await stat(folder).then(
        () => true,
        () => false,
      )
    )
      return folder;
  }
}

async function keysLine(config: Config): Promise<DoctorLine> {
  const folder = join(config.home, "keys");
  const open: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (((await stat(join(folder, name))).mode & 0o077) !== 0) open.push(name);
  }
  return line(
    "keys",
    open.length === 0,
    open.length === 0 ? "readable by their owner only" : `others may read ${open.join(", ")}`,
    `chmod -R go= ${folder}`,
  );
}

function temporalCliLine(config: Config, cli: TemporalCli | undefined): DoctorLine {
  if (config.temporal.address !== null)
    return line("temporal program", true, "not needed: TEMPORAL_ADDRESS is set", "");
  return line(
    "temporal program",
    cli !== undefined,
    cli ? `${cli.path}, server ${cli.server}` : "not found",
    "npm start fetches or builds it; or install the temporal CLI",
  );
}

async function portLines(config: Config): Promise<DoctorLine[]> {
  const ports = [
    config.ports.gateway,
    config.ports.postgres,
    config.ports.temporal,
    config.ports.temporalUi,
    config.ports.temporalMetrics,
  ];
  const taken: string[] = [];
  for (const port of ports) if (!(await portIsFree(port))) taken.push(`${port}${holder(port)}`);
  return [
    line(
      "ports",
      taken.length === 0,
      taken.length === 0 ? `${config.portBase} and up are free` : `taken: ${taken.join(", ")}`,
      "stop what holds them, or set EVERGREEN_PORT_BASE",
    ),
  ];
}

function holder(port: number): string {
  const name = portHolder(port);
  return name === undefined ? "" : ` by ${name}`;
}

function stackLine(found: StackStatus, config: Config): DoctorLine {
  // whoever only talks to a Supabase project starts nothing here
  if (!found.running && config.supabase !== null && config.databaseUrl === null)
    return line("stack", true, "none here: SUPABASE_URL is set and DATABASE_URL is not", "");
  if (!found.running)
    return line("stack", false, `not running${found.message ? `: ${found.message}` : ""}`, "npm start");
  const bad = found.processes.filter((entry) => !["ready", "done"].includes(entry.state));
  const detail =
    bad.length === 0
      ? `${found.processes.length} processes`
      : bad.map(({ name, state }) => `${name} is ${state}`).join(", ");
  return line("stack", bad.length === 0, detail, `see ${bad[0]?.log ?? "the logs"}; then ${RESTART}`);
}

async function databaseLines(config: Config): Promise<DoctorLine[]> {
  let finding: DatabaseFinding;
  try {
    finding = await inspectDatabase(config);
  } catch (error) {
    return [
      line(
        "postgres",
        false,
        error instanceof Error ? error.message : String(error),
        `${EVERGREEN} status; ${RESTART}`,
      ),
    ];
  }
  const { zone, version, folders, applied, withoutRls, loginsTooStrong } = finding;
  const same = folders.length === applied.length && folders.every((name) => applied.includes(name));
  return [
    line("postgres", Number.parseInt(version, 10) >= 15, `version ${version}`, "use Postgres 15 or later"),
    line("time zone", zone === "UTC", zone, FIXES.zone),
    line("migrations", same, `${applied.length} of ${folders.length} applied`, `${RESTART} (the start migrates)`),
    line(
      "row-level security",
      withoutRls.length === 0,
      withoutRls.length === 0 ? "on and forced for every table" : `off or not forced for ${withoutRls.join(", ")}`,
      "deploy the migrations; a table was made by hand",
    ),
    line(
      "logins",
      loginsTooStrong.length === 0,
      loginsTooStrong.length === 0 ? "none bypasses row-level security" : `too strong: ${loginsTooStrong.join(", ")}`,
      FIXES.logins,
    ),
  ];
}

async function temporalLines(config: Config, cli: TemporalCli | undefined): Promise<DoctorLine[]> {
  const address = temporalAddress(config);
  const reachable = await portAnswers(address);
  const lines = [
    line(
      "temporal",
      reachable,
      reachable ? `answers at ${address}` : `does not answer at ${address}`,
      config.temporal.address ? "start it, or correct TEMPORAL_ADDRESS" : RESTART,
    ),
  ];
  if (!reachable || !cli) return lines;
  const missing = await missingSearchAttributes(config, cli);
  lines.push(
    line(
      "search attributes",
      missing?.length === 0,
      missing === undefined ? "cannot be read" : missing.length === 0 ? "present" : `missing: ${missing.join(", ")}`,
      (missing ?? [])
        .map((name) => `temporal operator search-attribute create --name ${name} --type Keyword`)
        .join(" && ") || "check TEMPORAL_NAMESPACE",
    ),
  );
  const idle = await deploymentsWithoutCurrent(config, cli);
  if (idle !== undefined) {
    const detail =
      idle.length === 0
        ? config.versioning
          ? "each deployment has a current version"
          : "off: workers are unversioned"
        : `without a current version: ${idle.join(", ")}`;
    lines.push(
      line(
        "worker versioning",
        idle.length === 0,
        detail,
        `temporal worker deployment set-current-version --deployment-name ${idle[0] ?? ""} --build-id …`,
      ),
    );
  }
  return lines;
}

async function apiLine(config: Config): Promise<DoctorLine> {
  const { supabaseUrl } = stackAddresses(config);
  const correct = config.supabase ? "correct SUPABASE_URL" : `${EVERGREEN} status; ${RESTART}`;
  try {
    // A request without a key must be refused: an API that answers it would be in admin mode.
    const answer = await fetch(`${supabaseUrl}/rest/v1/`, { signal: AbortSignal.timeout(5_000) });
    // A project's own API may show a stranger its empty list of tables; what it must not do is fail.
    if (config.supabase && answer.status !== 401)
      return line("api", answer.status < 400, `${supabaseUrl} answers ${answer.status}`, correct);
    return line(
      "api",
      answer.status === 401,
      `${supabaseUrl} answers ${answer.status} without a key`,
      `it must answer 401: stop it at once: ${EVERGREEN} down`,
    );
  } catch {
    return line("api", false, `${supabaseUrl} does not answer`, correct);
  }
}
