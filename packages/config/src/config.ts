// From the environment to one typed Config, checked once at the start and passed down. The only reader of process.env.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type ChainConfig, chainOf } from "./chain-settings.ts";
import { configured, type InfisicalConfig, infisicalOf } from "./infisical-config.ts";
import { SETTINGS, type SettingName, type Settings } from "./settings.ts";

/** Folder of the checkout: where package.json, prisma/ and workers/ are. */
export const REPOSITORY_ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

export interface Ports {
  gateway: number;
  /** The stack's own node of a chain. */
  chain: number;
  postgres: number;
  temporal: number;
  temporalUi: number;
  temporalMetrics: number;
  /** First of the ports for worker metrics; one per process, counting up. */
  workerMetrics: number;
}

export interface Config {
  /** Absolute. */
  home: string;
  portBase: number;
  ports: Ports;
  /** Address on which the gateway listens. */
  listen: string;
  /** Under which people and supabase-js reach the gateway; no slash at the end. */
  publicUrl: string;
  staffSecondStep: "offered" | "required";
  /** Login of workers and dispatcher; null: the embedded Postgres, whose URL the stack hands to its processes. */
  databaseUrl: string | null;
  /** Login that migrates; null: the embedded Postgres. Equal to databaseUrl when only that is set. */
  directUrl: string | null;
  /** Folder of another Postgres's programs; null: the build from npm. */
  postgresBinDir: string | null;
  supabase: {
    url: string;
    publishableKey: string;
    /** Under which this process reaches it; mostly the same as url. */
    internalUrl: string;
    /** Null: the project publishes its signing keys. */
    jwtSecret: string | null;
  } | null;
  temporal: {
    address: string | null;
    namespace: string;
    cliPath: string | null;
    /** Null: there is none, or nobody said where. */
    uiUrl: string | null;
  };
  /** Null: unversioned workers. */
  versioning: { deploymentName: string; buildId: string } | null;
  workers: "single" | "split";
  /** Whether dealing days are opened by schedules. */
  schedules: boolean;
  /** Whether the demo fund and the demo logins are made; only ever on the embedded API. */
  demo: boolean;
  approvalTimeoutMs: number;
  memory: {
    embedder: "offline" | "openai" | "ollama";
    baseUrl: string | null;
    model: string | null;
    apiKey: string | null;
  };
  langfuse: { publicKey: string; secretKey: string; baseUrl: string } | null;
  otlpEndpoint: string | null;
  /** Null: no model is used anywhere. */
  model: { baseUrl: string; name: string; apiKey: string | null } | null;
  /** Folder of list files. */
  listsFolder: string;
  /** Null: no feed of market data. */
  marketFeedUrl: string | null;
  /** Whether webhooks may go inside a network, and by http. */
  webhooksPrivate: boolean;
  /** Assets in a shard of a stress run. */
  shardAssets: number;
  /** Null: snapshots stay on this machine. */
  snapshotStore: {
    bucket: string;
    environment: string;
    /** Null: AWS. */
    endpoint: string | null;
    region: string;
    /** Null: wherever the AWS SDK finds them. */
    credentials: { accessKeyId: string; secretAccessKey: string } | null;
  } | null;
  /** Null: no units are on a chain. */
  chain: ChainConfig | null;
  /** Hex; null: the key file under home is used, see keys.ts. */
  codecKeyHex: string | null;
  /** Where the master keys of personal data are. */
  personalKeys: "file" | "vault" | "infisical";
  /** Null: encrypted documents lie in a folder of this home. */
  personalStorage: { url: string; key: string; bucket: string } | null;
  /** Null: not configured. */
  infisical: InfisicalConfig | null;
  /** Who signs in at the command line when nobody is named. */
  person: { email: string | null; password: string | null };
  /** Under which the command line runs instead of signing in. */
  accessToken: string | null;
  crashAt: string | null;
  /** Folder for programs that are fetched or built once per machine. */
  cacheDir: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Checks `environment` and returns a Config. Throws EG400 with one sentence that begins with the variable's name. */
export function readConfig(environment: Environment): Config {
  const settings = checkSettings(environment);
  const together = (a: SettingName, b: SettingName) => {
    if ((settings[a] === undefined) !== (settings[b] === undefined)) {
      const [set, unset] = settings[a] === undefined ? [b, a] : [a, b];
      throw new EvergreenError("EG400", `${unset} is missing: ${set} is set and needs it.`);
    }
  };
  together("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY");
  together("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY");
  together("EVERGREEN_MODEL_BASE_URL", "EVERGREEN_MODEL_NAME");
  together("SNAPSHOT_ACCESS_KEY_ID", "SNAPSHOT_SECRET_ACCESS_KEY");
  together("INFISICAL_CLIENT_ID", "INFISICAL_CLIENT_SECRET");
  together("INFISICAL_CLIENT_ID", "INFISICAL_PROJECT_ID");
  if (settings.PERSONAL_KEYS === "infisical") configured(infisicalOf(settings), "PERSONAL_KEYS");
  if (settings.PERSONAL_DOCUMENTS === "storage") {
    if (settings.PERSONAL_STORAGE_KEY === undefined)
      throw new EvergreenError("EG400", "PERSONAL_STORAGE_KEY is missing: PERSONAL_DOCUMENTS=storage needs it.");
    if (settings.PERSONAL_STORAGE_URL === undefined && settings.SUPABASE_URL === undefined)
      throw new EvergreenError("EG400", "PERSONAL_STORAGE_URL is missing: PERSONAL_DOCUMENTS=storage needs it.");
  }
  for (const name of ["CHAIN_ID", "CHAIN_KEY_FILE", "CHAIN_KEYS"] as const) needs(settings, name, "CHAIN_URL");
  needs(settings, "SNAPSHOT_ENDPOINT", "SNAPSHOT_BUCKET");
  needs(settings, "SNAPSHOT_ACCESS_KEY_ID", "SNAPSHOT_BUCKET");
  needs(settings, "DIRECT_URL", "DATABASE_URL");
  needs(settings, "SUPABASE_JWT_SECRET", "SUPABASE_URL");
  needs(settings, "SUPABASE_INTERNAL_URL", "SUPABASE_URL");
  if (settings.MEMORY_EMBEDDER === "openai" && settings.MEMORY_EMBEDDER_MODEL === undefined) {
    throw new EvergreenError("EG400", "MEMORY_EMBEDDER_MODEL is missing: MEMORY_EMBEDDER=openai needs it.");
  }
  return assemble(settings, !environment.EVERGREEN_HOME?.trim());
}

function checkSettings(environment: Environment): Settings {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const { schema, secret } = SETTINGS[name] as { schema: (typeof SETTINGS)[SettingName]["schema"]; secret?: true };
    // An empty value is an unset one: that is how `.env.example` and compose files leave a line blank.
    const given = environment[name]?.trim() || undefined;
    const result = schema.safeParse(given);
    if (!result.success) {
      const problem = result.error.issues[0]?.message ?? "is not valid";
      const shown = secret || given === undefined ? "" : `, not "${given.slice(0, 60)}"`;
      throw new EvergreenError("EG400", `${name} ${problem}${shown}.`);
    }
    values[name] = result.data;
  }
  return values as Settings;
}

function needs(settings: Settings, name: SettingName, other: SettingName): void {
  if (settings[name] !== undefined && settings[other] === undefined) {
    throw new EvergreenError("EG400", `${other} is missing: ${name} is set and needs it.`);
  }
}

function assemble(settings: Settings, homeIsDefault: boolean): Config {
  const base = settings.EVERGREEN_PORT_BASE;
  const [deploymentName = "", buildId = ""] = settings.TEMPORAL_VERSIONING?.split("/") ?? [];
  const supabaseUrl = settings.SUPABASE_URL?.replace(/\/+$/, "");
  // a local Temporal has its UI on the port beside it; somebody's own is where they say
  const localUi = settings.TEMPORAL_ADDRESS === undefined ? `http://127.0.0.1:${base + 4}` : undefined;
  return {
    // The default lies in the checkout whatever the current folder is, so that a command in a subfolder finds the stack.
    home: resolve(homeIsDefault ? REPOSITORY_ROOT : ".", settings.EVERGREEN_HOME),
    portBase: base,
    ports: {
      gateway: base,
      chain: base + 1,
      postgres: base + 2,
      temporal: base + 3,
      temporalUi: base + 4,
      temporalMetrics: base + 5,
      workerMetrics: base + 6,
    },
    listen: settings.EVERGREEN_LISTEN,
    publicUrl: settings.EVERGREEN_PUBLIC_URL?.replace(/\/+$/, "") ?? `http://127.0.0.1:${base}`,
    staffSecondStep: settings.AUTH_STAFF_MFA,
    databaseUrl: settings.DATABASE_URL ?? null,
    directUrl: settings.DIRECT_URL ?? settings.DATABASE_URL ?? null,
    postgresBinDir: settings.EVERGREEN_POSTGRES_BIN ?? null,
    supabase:
      supabaseUrl !== undefined && settings.SUPABASE_PUBLISHABLE_KEY !== undefined
        ? {
            url: supabaseUrl,
            publishableKey: settings.SUPABASE_PUBLISHABLE_KEY,
            internalUrl: settings.SUPABASE_INTERNAL_URL?.replace(/\/+$/, "") ?? supabaseUrl,
            jwtSecret: settings.SUPABASE_JWT_SECRET ?? null,
          }
        : null,
    temporal: {
      address: settings.TEMPORAL_ADDRESS ?? null,
      namespace: settings.TEMPORAL_NAMESPACE,
      cliPath: settings.TEMPORAL_CLI_PATH ?? null,
      uiUrl: localUi ?? settings.TEMPORAL_UI_URL?.replace(/\/+$/, "") ?? null,
    },
    versioning: settings.TEMPORAL_VERSIONING === undefined ? null : { deploymentName, buildId },
    workers: settings.WORKERS,
    schedules: settings.EVERGREEN_SCHEDULES === "on",
    demo:
      settings.SUPABASE_URL === undefined &&
      (settings.EVERGREEN_DEMO ?? (settings.DATABASE_URL ? "off" : "on")) === "on",
    approvalTimeoutMs: settings.EVERGREEN_APPROVAL_TIMEOUT,
    memory: {
      embedder: settings.MEMORY_EMBEDDER,
      baseUrl: settings.MEMORY_EMBEDDER_BASE_URL ?? null,
      model: settings.MEMORY_EMBEDDER_MODEL ?? null,
      apiKey: settings.MEMORY_EMBEDDER_API_KEY ?? null,
    },
    langfuse:
      settings.LANGFUSE_PUBLIC_KEY !== undefined && settings.LANGFUSE_SECRET_KEY !== undefined
        ? {
            publicKey: settings.LANGFUSE_PUBLIC_KEY,
            secretKey: settings.LANGFUSE_SECRET_KEY,
            baseUrl: settings.LANGFUSE_BASE_URL,
          }
        : null,
    listsFolder: resolve(
      settings.EVERGREEN_LISTS ??
        join(resolve(homeIsDefault ? REPOSITORY_ROOT : ".", settings.EVERGREEN_HOME), "lists"),
    ),
    marketFeedUrl: settings.MARKET_FEED_URL ?? null,
    webhooksPrivate: settings.WEBHOOK_PRIVATE === "on",
    shardAssets: settings.STRESS_SHARD_ASSETS,
    otlpEndpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    model:
      settings.EVERGREEN_MODEL_BASE_URL !== undefined && settings.EVERGREEN_MODEL_NAME !== undefined
        ? {
            baseUrl: settings.EVERGREEN_MODEL_BASE_URL,
            name: settings.EVERGREEN_MODEL_NAME,
            apiKey: settings.EVERGREEN_MODEL_API_KEY ?? null,
          }
        : null,
    chain: chainOf(settings, base + 1),
    snapshotStore: storeOf(settings),
    codecKeyHex: settings.EVERGREEN_CODEC_KEY ?? null,
    personalKeys: settings.PERSONAL_KEYS,
    personalStorage:
      settings.PERSONAL_DOCUMENTS === "storage"
        ? {
            url: settings.PERSONAL_STORAGE_URL ?? supabaseUrl ?? "",
            key: settings.PERSONAL_STORAGE_KEY ?? "",
            bucket: settings.PERSONAL_STORAGE_BUCKET,
          }
        : null,
    infisical: infisicalOf(settings),
    person: { email: settings.EVERGREEN_EMAIL ?? null, password: settings.EVERGREEN_PASSWORD ?? null },
    accessToken: settings.EVERGREEN_TOKEN ?? null,
    crashAt: settings.EVERGREEN_CRASH_AT ?? null,
    cacheDir: join(settings.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "evergreen"),
  };
}

function storeOf(settings: Settings): Config["snapshotStore"] {
  const { SNAPSHOT_BUCKET: bucket, SNAPSHOT_ACCESS_KEY_ID: accessKeyId } = settings;
  const secretAccessKey = settings.SNAPSHOT_SECRET_ACCESS_KEY;
  if (bucket === undefined) return null;
  return {
    bucket,
    environment: settings.SNAPSHOT_ENVIRONMENT,
    endpoint: settings.SNAPSHOT_ENDPOINT ?? null,
    region: settings.SNAPSHOT_REGION,
    credentials: accessKeyId !== undefined && secretAccessKey !== undefined ? { accessKeyId, secretAccessKey } : null,
  };
}

/** For entry points only: the `.env` of the checkout (variables already set win), then the environment. */
export function loadEnvironment(): Environment {
  const file = join(REPOSITORY_ROOT, ".env");
  if (existsSync(file)) process.loadEnvFile(file);
  return process.env;
}

/** For entry points only: what loadEnvironment() finds, checked. */
export const loadConfig = (): Config => readConfig(loadEnvironment());

/** Whether errors are printed with their stack; answers also when another setting is wrong. */
export const wantsDebug = (environment: Environment): boolean => Boolean(environment.EVERGREEN_DEBUG?.trim());

/** The environment of a program that is none of ours (a compiler), with a few variables more. */
export const foreignEnvironment = (more: Environment): Record<string, string | undefined> => ({
  ...process.env,
  ...more,
});

/** The login URL of workers and dispatcher, or EG503 with what to do when none is known. */
export function requireDatabaseUrl(config: Config): string {
  if (config.databaseUrl !== null) return config.databaseUrl;
  throw new EvergreenError(
    "EG503",
    "DATABASE_URL is not set: start this process with the stack (npm start) or set it.",
  );
}

/** For what starts workers: with a Supabase of one's own they need its database, an embedded one beside it would be another world. EG400. */
export function refuseHalfASupabase(config: Config): void {
  if (config.supabase === null || config.databaseUrl !== null) return;
  throw new EvergreenError(
    "EG400",
    "DATABASE_URL is missing: SUPABASE_URL is set, and to start workers Evergreen needs the database behind it.",
  );
}

/** Where Temporal answers: the address that was set, or the local server of this stack. */
export function temporalAddress(config: Config): string {
  return config.temporal.address ?? `127.0.0.1:${config.ports.temporal}`;
}

/** What of this configuration is somebody's own, by name; nothing leaves the machine when the list is empty. */
export const elsewhere = (config: Config): string[] =>
  Object.entries({
    Supabase: config.supabase !== null,
    Postgres: config.supabase === null && config.databaseUrl !== null,
    Temporal: config.temporal.address !== null,
    Langfuse: config.langfuse !== null,
    "an OpenTelemetry collector": config.otlpEndpoint !== null,
    "an embedding model": config.memory.embedder !== "offline",
    "a language model": config.model !== null,
    "a store of snapshots": config.snapshotStore !== null,
  })
    .filter(([, used]) => used)
    .map(([name]) => name);

/**
 * The environment for a process of the stack: this one's, the given settings over it, and every switch that stops a
 * library from phoning home.
 */
export function processEnvironment(
  config: Config,
  settings: Partial<Record<SettingName, string>>,
): Record<string, string | undefined> {
  const inherited = { ...process.env };
  // a person at the command line is nobody in the processes of the stack
  delete inherited.EVERGREEN_EMAIL;
  delete inherited.EVERGREEN_PASSWORD;
  delete inherited.EVERGREEN_TOKEN;
  if (config.temporal.address === null) {
    // A profile, key or TLS setting for another server must not reach the local one.
    for (const name of Object.keys(inherited)) {
      if (name.startsWith("TEMPORAL_") && !Object.hasOwn(SETTINGS, name)) delete inherited[name];
    }
    inherited.TEMPORAL_CONFIG_FILE = join(REPOSITORY_ROOT, "packages/config/local-temporal.toml");
    inherited.TEMPORAL_NAMESPACE = config.temporal.namespace;
  }
  return {
    ...inherited,
    ...QUIET,
    MEM0_DIR: join(config.home, "mem0"),
    EVERGREEN_HOME: config.home,
    EVERGREEN_PORT_BASE: String(config.portBase),
    ...settings,
  };
}

/** What stops each library from sending anything out by itself; ARCHITECTURE names them. */
export const QUIET = {
  CHECKPOINT_DISABLE: "1",
  DO_NOT_TRACK: "1",
  LITE_TELEMETRY: "0",
  MEM0_TELEMETRY: "false",
  TURBO_TELEMETRY_DISABLED: "1",
} as const;
