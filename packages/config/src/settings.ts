// Every setting there is: one row each, with its check, its default and what it is for. `.env.example` is made from this list, and a test
// finds names in the sources that are not in it. Nothing here reads the environment.
import { z } from "zod";

export interface Setting<T extends z.ZodType = z.ZodType> {
  schema: T;
  section: string;
  /** One or two sentences for the person who sets it. */
  about: string;
  /** Shown in `.env.example`; the default when there is one. */
  example: string;
  /** Its value is never printed. */
  secret?: true;
}

const setting = <T extends z.ZodType>(
  section: string,
  schema: T,
  about: string,
  example = "",
  secret?: true,
): Setting<T> => ({ schema, section, about, example, ...(secret ? { secret } : {}) });

const text = z.string().trim().min(1, "must not be empty");
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
const httpUrl = text.refine(isHttpUrl, "must be a URL that starts with http:// or https://");
const postgresUrl = text.refine(isPostgresUrl, "must be a URL such as postgresql://user:password@host:5432/database");
const directUrl = postgresUrl.refine(
  (value) => new URL(value).port !== "6543",
  "must not go through the transaction pooler (port 6543): migrations need a direct connection",
);
const hostPort = text.regex(/^[^\s:/]+:\d{1,5}$/, "must be host:port, such as 127.0.0.1:7233");
const hexKey = z.string().regex(/^[0-9a-fA-F]{64}$/, "must be 32 bytes as 64 hexadecimal digits");
const deployment = text.regex(/^[\w.-]+\/[\w.-]+$/, "must be DEPLOYMENT/BUILD, such as evergreen/2026-11-21.1");

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, "must be a whole number and a unit (s, m, h or d), such as 72h")
  .transform((value) => Number(value.slice(0, -1)) * (UNIT_MS[value.slice(-1)] ?? 0));

const STACK = "The stack on this machine";
const POSTGRES = "Your own Postgres or Supabase (leave unset: an embedded one is started)";
const TEMPORAL = "Your own Temporal (leave unset: a local server is started)";
const WORK = "How the work is done";
const MEMORY = "Memory";
const TRACING = "Tracing (always readable locally; exported when set)";
const MODEL = "Language model (off by default: everything works without one)";
const CLI = "The command line";
const SNAPSHOTS = "Copies of analytical snapshots in S3 (leave unset: they stay on this machine)";
const SECRETS = "Keys";
const CHAIN = "Units of share classes on an EVM chain (leave unset: none)";
const TESTING = "For tests only";

export const SETTINGS = {
  EVERGREEN_HOME: setting(
    STACK,
    text.default(".evergreen"),
    "Folder for all state: database, Temporal, keys, logs.",
    ".evergreen",
  ),
  EVERGREEN_PORT_BASE: setting(
    STACK,
    wholeNumber(1024, 65_000).default(24_320),
    "First port: +0 dashboard and API, +2 Postgres, +3 Temporal, +4 Temporal UI, +5 and up metrics. Two stacks on one machine need two bases ten apart.",
    "24320",
  ),
  EVERGREEN_LISTEN: setting(
    STACK,
    z.ipv4("must be an IPv4 address, such as 127.0.0.1").default("127.0.0.1"),
    "Address on which the gateway listens. Anything but loopback belongs behind a proxy with TLS.",
    "127.0.0.1",
  ),
  EVERGREEN_PUBLIC_URL: setting(
    STACK,
    httpUrl.optional(),
    "URL under which people reach the gateway, when it is not http://127.0.0.1 and the port.",
    "https://evergreen.example",
  ),
  AUTH_STAFF_MFA: setting(
    STACK,
    z.enum(["offered", "required"], 'must be "offered" or "required"').default("offered"),
    "Whether portfolio managers, operations and auditors must sign in with an authenticator (TOTP). offered: whoever has added one is asked for its code.",
    "offered",
  ),
  EVERGREEN_POSTGRES_BIN: setting(
    STACK,
    text.optional(),
    "Folder with the programs of another Postgres (initdb, postgres; 15 or later) to run instead of the one from npm.",
    "/usr/lib/postgresql/15/bin",
  ),
  XDG_CACHE_HOME: setting(
    STACK,
    text.optional(),
    "Folder of caches; programs that are fetched or built once per machine lie in its folder evergreen.",
    "~/.cache",
  ),
  DATABASE_URL: setting(
    POSTGRES,
    postgresUrl.optional(),
    "Login of workers and dispatcher (NOBYPASSRLS; evergreen_app). The command line does without.",
    "postgresql://evergreen_app:…@127.0.0.1:5432/postgres",
    true,
  ),
  DIRECT_URL: setting(
    POSTGRES,
    directUrl.optional(),
    "Login that migrates and creates roles; a direct connection, not a pooler. Needs DATABASE_URL.",
    "postgresql://postgres:…@127.0.0.1:5432/postgres",
    true,
  ),
  SUPABASE_URL: setting(
    POSTGRES,
    httpUrl.optional(),
    "URL of a real Supabase project; the embedded API is then not started.",
    "https://PROJECT.supabase.co",
  ),
  SUPABASE_PUBLISHABLE_KEY: setting(POSTGRES, text.optional(), "Publishable (anon) key of that project.", "", true),
  SUPABASE_JWT_SECRET: setting(
    POSTGRES,
    text.min(32, "must have at least 32 characters").optional(),
    "Secret with which that project signs its tokens, when it has no signing keys of its own. The gateway then decodes payloads for its people; with signing keys it needs nothing.",
    "",
    true,
  ),
  SUPABASE_INTERNAL_URL: setting(
    POSTGRES,
    httpUrl.optional(),
    "URL under which the gateway itself reaches SUPABASE_URL, when that differs (containers).",
    "http://api:8000",
  ),
  TEMPORAL_ADDRESS: setting(
    TEMPORAL,
    hostPort.optional(),
    "Address of the Temporal frontend. TLS, API key, profile and the rest are Temporal's own TEMPORAL_… settings.",
    "127.0.0.1:7233",
  ),
  TEMPORAL_NAMESPACE: setting(TEMPORAL, text.default("default"), "Temporal namespace.", "default"),
  TEMPORAL_CLI_PATH: setting(
    TEMPORAL,
    text.optional(),
    "Path of a `temporal` program to use instead of the one that is found, fetched or built.",
    "/usr/local/bin/temporal",
  ),
  TEMPORAL_UI_URL: setting(
    TEMPORAL,
    httpUrl.optional(),
    "URL of the UI of your own Temporal: the gateway links to it and decodes payloads for it.",
    "http://127.0.0.1:8080",
  ),
  TEMPORAL_VERSIONING: setting(
    TEMPORAL,
    deployment.optional(),
    "DEPLOYMENT/BUILD switches worker versioning on; set the current version on the server too, or the workers make no progress.",
    "evergreen/2026-11-21.1",
  ),
  WORKERS: setting(
    WORK,
    z.enum(["single", "split"], 'must be "single" or "split"').default("single"),
    "single: all rooms in one process; split: each room in a process of its own.",
    "single",
  ),
  EVERGREEN_DEMO: setting(
    WORK,
    z.enum(["on", "off"], 'must be "on" or "off"').optional(),
    "Whether the synthetic demo fund and the demo logins are made. Unset: on with the embedded Postgres, off with your own.",
    "on",
  ),
  MARKET_FEED_URL: setting(
    WORK,
    httpUrl.optional(),
    "Address of a CSV with market data (series, as_of, value, kind, unit), which a worker fetches on a schedule. A user and a password may stand in it.",
    "https://data.example/market.csv",
    true,
  ),
  WEBHOOK_PRIVATE: setting(
    WORK,
    z.enum(["on", "off"], 'must be "on" or "off"').default("off"),
    "Whether webhooks may go to addresses inside a network, and by http: for a receiver beside the platform, never where strangers set webhooks.",
    "off",
  ),
  STRESS_SHARD_ASSETS: setting(
    WORK,
    wholeNumber(1, 100_000).default(500),
    "Assets in a shard of a stress run: smaller ones spread a large fund over more workers, and each is a step of its own. The outcome is the same.",
    "500",
  ),
  EVERGREEN_LISTS: setting(
    WORK,
    z.string().min(1).optional(),
    "Folder from which workers read sanctions lists whose address is a file name. Unset: lists/ in EVERGREEN_HOME.",
    "/srv/lists",
  ),
  EVERGREEN_SCHEDULES: setting(
    WORK,
    z.enum(["on", "off"], 'must be "on" or "off"').default("on"),
    "Whether dealing days are opened by themselves, by a Temporal Schedule per fund and class.",
    "on",
  ),
  EVERGREEN_APPROVAL_TIMEOUT: setting(
    WORK,
    duration.default(72 * 3_600_000),
    "How long a proposal waits for a second person; a timeout is a refusal.",
    "72h",
  ),
  MEMORY_EMBEDDER: setting(
    MEMORY,
    z.enum(["offline", "openai", "ollama"], 'must be "offline", "openai" or "ollama"').default("offline"),
    "offline: a small model from npm; openai: any OpenAI-compatible server; ollama: a local Ollama.",
    "offline",
  ),
  MEMORY_EMBEDDER_BASE_URL: setting(MEMORY, httpUrl.optional(), "Base URL of the embedder.", "http://127.0.0.1:11434"),
  MEMORY_EMBEDDER_MODEL: setting(MEMORY, text.optional(), "Name of the embedding model.", "nomic-embed-text"),
  MEMORY_EMBEDDER_API_KEY: setting(MEMORY, text.optional(), "Key for the embedder.", "", true),
  LANGFUSE_PUBLIC_KEY: setting(TRACING, text.optional(), "Langfuse project key; needs the secret key too.", "pk-lf-…"),
  LANGFUSE_SECRET_KEY: setting(TRACING, text.optional(), "Langfuse secret key.", "", true),
  LANGFUSE_BASE_URL: setting(
    TRACING,
    httpUrl.default("https://cloud.langfuse.com"),
    "Langfuse server.",
    "http://127.0.0.1:3000",
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(
    TRACING,
    httpUrl.optional(),
    "Any OpenTelemetry collector (OTLP over HTTP).",
    "http://127.0.0.1:4318",
  ),
  EVERGREEN_MODEL_BASE_URL: setting(
    MODEL,
    httpUrl.optional(),
    "OpenAI-compatible server that may word reasons; it never makes a number, a write or an approval.",
    "http://127.0.0.1:11434/v1",
  ),
  EVERGREEN_MODEL_NAME: setting(MODEL, text.optional(), "Name of the model.", "llama3.2"),
  EVERGREEN_MODEL_API_KEY: setting(MODEL, text.optional(), "Key for the model server.", "", true),
  EVERGREEN_EMAIL: setting(
    CLI,
    text.optional(),
    "Who signs in when --as names nobody. Unset: the first demo login of the role that the command needs.",
    "me@fund.example",
  ),
  EVERGREEN_PASSWORD: setting(CLI, text.optional(), "Password of that person; demo logins need none.", "", true),
  EVERGREEN_TOKEN: setting(
    CLI,
    text.optional(),
    "An access token under which commands run, instead of signing in: for a program that acts for whoever signed in there. It is not renewed.",
    "",
    true,
  ),
  EVERGREEN_DEBUG: setting(CLI, text.optional(), "Any value: an error is printed with its stack.", "1"),
  SNAPSHOT_BUCKET: setting(
    SNAPSHOTS,
    text.optional(),
    "Bucket of an S3-compatible store; the newest snapshot goes there, and one copy per day that is never overwritten.",
    "evergreen-analytics",
  ),
  SNAPSHOT_ENVIRONMENT: setting(
    SNAPSHOTS,
    text.regex(/^[a-z0-9-]{1,40}$/, "must be small letters, digits and hyphens, at most 40").default("dev"),
    "First part of every key in the bucket.",
    "dev",
  ),
  SNAPSHOT_ENDPOINT: setting(
    SNAPSHOTS,
    httpUrl.optional(),
    "URL of the store when it is not AWS.",
    "http://127.0.0.1:7070",
  ),
  SNAPSHOT_REGION: setting(SNAPSHOTS, text.default("us-east-1"), "Region of the bucket.", "us-east-1"),
  SNAPSHOT_ACCESS_KEY_ID: setting(
    SNAPSHOTS,
    text.optional(),
    "Key of the store. Unset: the AWS SDK looks where it always looks (profile, role, container).",
  ),
  SNAPSHOT_SECRET_ACCESS_KEY: setting(SNAPSHOTS, text.optional(), "Secret of that key.", "", true),
  CHAIN_URL: setting(
    CHAIN,
    text.refine((value) => value === "local" || isHttpUrl(value), "must be local, or the URL of a node").optional(),
    "JSON-RPC of a node; local: the stack starts one of its own, whose units are worth nothing. A key may stand in the URL.",
    "local",
    true,
  ),
  CHAIN_ID: setting(
    CHAIN,
    wholeNumber(1, 2_147_483_647).optional(),
    "The chain that is meant; a node of another one is refused. Needed with a URL.",
    "11155111",
  ),
  CHAIN_KEY_FILE: setting(
    CHAIN,
    text.optional(),
    "File with the key that signs, 64 hexadecimal digits, readable by its owner only. Unset: keys/chain in EVERGREEN_HOME.",
    "/run/secrets/chain",
  ),
  CHAIN_KEYS: setting(
    CHAIN,
    z.enum(["file", "vault", "infisical"], 'must be "file", "vault" or "infisical"').optional(),
    "Where the key that signs is: file: as above; vault: evergreen_chain_key of Supabase Vault; infisical: CHAIN_KEY, as configured below. Unset: file.",
    "infisical",
  ),
  CHAIN_FINALITY: setting(
    CHAIN,
    wholeNumber(1, 10_000).default(12),
    "Blocks from which an effect on the chain counts as final, its own included.",
    "12",
  ),
  EVERGREEN_CODEC_KEY: setting(
    SECRETS,
    hexKey.optional(),
    "Key that encrypts Temporal payloads, 64 hexadecimal digits. Made and kept under EVERGREEN_HOME/keys when unset.",
    "",
    true,
  ),
  PERSONAL_KEYS: setting(
    SECRETS,
    z.enum(["file", "vault", "infisical"], 'must be "file", "vault" or "infisical"').default("file"),
    "Where the master keys of personal data are: file: EVERGREEN_HOME/keys, made at the first start; vault: Supabase Vault; infisical: as configured below.",
    "file",
  ),
  PERSONAL_DOCUMENTS: setting(
    SECRETS,
    z.enum(["folder", "storage"], 'must be "folder" or "storage"').default("folder"),
    "Where encrypted documents are: folder: EVERGREEN_HOME/documents; storage: a private bucket of Supabase Storage.",
    "folder",
  ),
  PERSONAL_STORAGE_URL: setting(
    SECRETS,
    httpUrl.optional(),
    "Project whose Storage that is. Unset: SUPABASE_URL.",
    "https://PROJECT.supabase.co",
  ),
  PERSONAL_STORAGE_KEY: setting(SECRETS, text.optional(), "Secret key of that project (service role).", "", true),
  PERSONAL_STORAGE_BUCKET: setting(
    SECRETS,
    text.default("personal-documents"),
    "Its bucket; make it private.",
    "personal-documents",
  ),
  INFISICAL_SITE_URL: setting(SECRETS, httpUrl.default("https://app.infisical.com"), "Infisical server.", ""),
  INFISICAL_CLIENT_ID: setting(SECRETS, text.optional(), "Machine identity of Infisical (universal auth)."),
  INFISICAL_CLIENT_SECRET: setting(SECRETS, text.optional(), "Secret of that identity.", "", true),
  INFISICAL_PROJECT_ID: setting(SECRETS, text.optional(), "Project that holds the secrets."),
  INFISICAL_ENVIRONMENT: setting(SECRETS, text.default("prod"), "Environment of that project.", "prod"),
  INFISICAL_PATH: setting(
    SECRETS,
    text.default("/evergreen"),
    "Folder of the secrets; its folder rules holds packs of compliance rules, one secret each.",
    "/evergreen",
  ),
  EVERGREEN_CRASH_AT: setting(
    TESTING,
    text.optional(),
    "Names of crash points, with commas between, at each of which a process kills itself once; with hold: before them, it stops there until it gets SIGCONT.",
    "dispatcher.started",
  ),
  EVERGREEN_SHARED_DATA: setting(
    TESTING,
    text.optional(),
    "Folder with real filings and lists; tests that want them are skipped without. Unset: ../shared/data beside the checkout.",
    "../shared/data",
  ),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
/** The values after checks and defaults, by the name of the variable. */
export type Settings = { [K in SettingName]: z.output<(typeof SETTINGS)[K]["schema"]> };

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function isPostgresUrl(value: string): boolean {
  return URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol);
}
