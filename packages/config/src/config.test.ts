// Settings: defaults, one-sentence errors that name the variable and hide secrets, and the generated example file.
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { afterAll, describe, expect, it } from "vitest";
import {
  codecKey,
  elsewhere,
  envExample,
  ownKey,
  processEnvironment,
  REPOSITORY_ROOT,
  readConfig,
  refuseHalfASupabase,
  SETTINGS,
} from "./index.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-config-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const PROJECT = { SUPABASE_URL: "https://x.supabase.co/", SUPABASE_PUBLISHABLE_KEY: "k" };

describe("readConfig", () => {
  it("needs nothing: the defaults describe the embedded stack", () => {
    const config = readConfig({});
    expect(config.home).toBe(join(REPOSITORY_ROOT, ".evergreen"));
    expect(config.ports).toEqual({
      gateway: 24320,
      chain: 24321,
      postgres: 24322,
      temporal: 24323,
      temporalUi: 24324,
      temporalMetrics: 24325,
      workerMetrics: 24326,
    });
    expect([config.databaseUrl, config.supabase, config.temporal.address, config.langfuse, config.model]).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(config.approvalTimeoutMs).toBe(72 * 3600 * 1000);
    expect(config.versioning).toBeNull();
  });

  it("derives every port from the base and treats a blank value as unset", () => {
    expect(readConfig({ EVERGREEN_PORT_BASE: "60000", WORKERS: "" })).toMatchObject({
      workers: "single",
      ports: { gateway: 60000, chain: 60001, postgres: 60002, temporal: 60003, temporalUi: 60004 },
    });
  });

  it("has no chain unless one is named; one that is somebody's own is named by its id too", () => {
    expect(readConfig({}).chain).toBeNull();
    expect(readConfig({ CHAIN_URL: "local", EVERGREEN_PORT_BASE: "60000" }).chain).toEqual({
      local: true,
      url: "http://127.0.0.1:60001",
      chainId: 31_337,
      keyFile: null,
      keys: "file",
      finality: 12,
    });
    expect(readConfig({ CHAIN_URL: "https://node.example", CHAIN_ID: "1", CHAIN_FINALITY: "64" }).chain).toMatchObject({
      local: false,
      chainId: 1,
      finality: 64,
    });
    expect(() => readConfig({ CHAIN_URL: "https://node.example" })).toThrow("CHAIN_ID is missing");
    expect(() => readConfig({ CHAIN_URL: "ftp://node.example" })).toThrow("CHAIN_URL must be local");
    expect(() => readConfig({ CHAIN_ID: "1" })).toThrow("CHAIN_URL is missing");
    expect(() => readConfig({ CHAIN_URL: "local", CHAIN_KEYS: "infisical" })).toThrow("CHAIN_KEYS=infisical needs it");
    expect(readConfig({ CHAIN_URL: "local", CHAIN_KEYS: "vault" }).chain?.keys).toBe("vault");
  });

  it("migrates with DIRECT_URL and falls back to DATABASE_URL", () => {
    const app = "postgresql://app:x@db.example:6543/postgres";
    const direct = "postgresql://postgres:x@db.example:5432/postgres";
    expect(readConfig({ DATABASE_URL: app }).directUrl).toBe(app);
    expect(readConfig({ DATABASE_URL: app, DIRECT_URL: direct }).directUrl).toBe(direct);
  });

  it("takes a Supabase without its database, for whoever only calls its API; what starts workers refuses", () => {
    const config = readConfig(PROJECT);
    expect(config.supabase).toEqual({
      url: "https://x.supabase.co",
      publishableKey: "k",
      internalUrl: "https://x.supabase.co",
      jwtSecret: null,
    });
    expect(() => refuseHalfASupabase(config)).toThrow("DATABASE_URL is missing: SUPABASE_URL is set");
    for (const whole of [{}, { ...PROJECT, DATABASE_URL: "postgresql://a:b@c:5432/d" }])
      expect(() => refuseHalfASupabase(readConfig(whole))).not.toThrow();
  });

  it("knows the UI of the local Temporal, and of one's own only when told", () => {
    const ui = (environment: Record<string, string>) => readConfig(environment).temporal.uiUrl;
    const own = { TEMPORAL_ADDRESS: "temporal.example:7233" };
    expect([ui({}), ui(own), ui({ ...own, TEMPORAL_UI_URL: "https://ui.example/" })]).toEqual([
      "http://127.0.0.1:24324",
      null,
      "https://ui.example",
    ]);
  });

  it("keeps the person at the command line out of the processes of the stack", () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      EVERGREEN_EMAIL: "me@fund.example",
      EVERGREEN_PASSWORD: "canary",
      EVERGREEN_TOKEN: "canary",
    });
    try {
      expect(JSON.stringify(processEnvironment(readConfig({}), {}))).not.toContain("canary");
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    }
    expect(readConfig({ EVERGREEN_EMAIL: "me@fund.example", EVERGREEN_PASSWORD: "x" }).person).toEqual({
      email: "me@fund.example",
      password: "x",
    });
  });

  it.each([
    [{ EVERGREEN_PORT_BASE: "abc" }, 'EVERGREEN_PORT_BASE must be a whole number from 1024 to 65000, not "abc".'],
    [{ EVERGREEN_PORT_BASE: "70000" }, 'EVERGREEN_PORT_BASE must be a whole number from 1024 to 65000, not "70000".'],
    [{ WORKERS: "many" }, 'WORKERS must be "single" or "split", not "many".'],
    [{ EVERGREEN_APPROVAL_TIMEOUT: "3 days" }, "EVERGREEN_APPROVAL_TIMEOUT must be a whole number and a unit"],
    [{ TEMPORAL_ADDRESS: "http://x" }, "TEMPORAL_ADDRESS must be host:port"],
    [{ TEMPORAL_VERSIONING: "7" }, "TEMPORAL_VERSIONING must be DEPLOYMENT/BUILD"],
    [{ DATABASE_URL: "mysql://root:hunter2@x/y" }, "DATABASE_URL must be a URL such as postgresql://"],
    [{ DIRECT_URL: "postgresql://a:b@c:5432/d" }, "DATABASE_URL is missing: DIRECT_URL is set and needs it."],
    [
      { DATABASE_URL: "postgresql://a:b@c/d", DIRECT_URL: "postgresql://a:b@c:6543/d" },
      "DIRECT_URL must not go through the transaction pooler",
    ],
    [{ SUPABASE_URL: "https://x.supabase.co" }, "SUPABASE_PUBLISHABLE_KEY is missing: SUPABASE_URL is set"],
    [{ SUPABASE_JWT_SECRET: "s".repeat(32) }, "SUPABASE_URL is missing: SUPABASE_JWT_SECRET is set and needs it."],
    [{ ...PROJECT, SUPABASE_JWT_SECRET: "hunter2" }, "SUPABASE_JWT_SECRET must have at least 32 characters."],
    [{ LANGFUSE_SECRET_KEY: "s" }, "LANGFUSE_PUBLIC_KEY is missing: LANGFUSE_SECRET_KEY is set"],
    [{ MEMORY_EMBEDDER: "openai" }, "MEMORY_EMBEDDER_MODEL is missing"],
    [{ EVERGREEN_CODEC_KEY: "beef" }, "EVERGREEN_CODEC_KEY must be 32 bytes as 64 hexadecimal digits."],
  ])("refuses %j in one sentence", (environment, sentence) => {
    const refused = catchError(() => readConfig(environment));
    expect(refused).toBeInstanceOf(EvergreenError);
    expect(refused).toMatchObject({ code: "EG400" });
    expect(refused.message).toContain(sentence);
    expect(refused.message).not.toContain("\n");
  });

  it("never prints the value of a secret", () => {
    expect(catchError(() => readConfig({ DATABASE_URL: "mysql://root:hunter2@x/y" })).message).not.toContain("hunter2");
    expect(catchError(() => readConfig({ EVERGREEN_CODEC_KEY: "beef" })).message).not.toContain("beef");
  });
});

describe(".env.example", () => {
  it("names every setting once, commented out, and reads back as an empty environment", () => {
    const text = envExample();
    for (const name of Object.keys(SETTINGS)) expect(text.match(new RegExp(`^# ${name}=`, "gm"))).toHaveLength(1);
    expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
  });

  it("shows defaults that are the defaults", () => {
    const shown = Object.fromEntries(
      Object.entries(SETTINGS)
        .filter(([, { schema }]) => schema.safeParse(undefined).data !== undefined)
        .map(([name, { example }]) => [name, example]),
    );
    expect(readConfig({ ...shown, EVERGREEN_HOME: undefined, LANGFUSE_BASE_URL: undefined })).toEqual(readConfig({}));
  });

  it("is the file at the root of the checkout", () => {
    expect(readFileSync(join(REPOSITORY_ROOT, ".env.example"), "utf8")).toBe(envExample());
  });
});

describe("elsewhere", () => {
  it("names what is somebody's own, and nothing of a stack that stays on its machine", () => {
    expect(elsewhere(readConfig({}))).toEqual([]);
    expect(
      elsewhere(
        readConfig({
          DATABASE_URL: "postgresql://evergreen_app@db.example/evergreen",
          TEMPORAL_ADDRESS: "temporal.example:7233",
          LANGFUSE_PUBLIC_KEY: "pk",
          LANGFUSE_SECRET_KEY: "sk",
        }),
      ),
    ).toEqual(["Postgres", "Temporal", "Langfuse"]);
    const supabase = { SUPABASE_URL: "https://p.supabase.co", SUPABASE_PUBLISHABLE_KEY: "k" };
    expect(elsewhere(readConfig({ ...supabase, MEMORY_EMBEDDER: "ollama" }))).toEqual([
      "Supabase",
      "an embedding model",
    ]);
  });
});

describe("keys", () => {
  it("are made once, kept, and readable by the owner only", () => {
    const first = ownKey(home, "jwt", 48);
    expect(first).toMatch(/^[0-9a-f]{96}$/);
    expect(ownKey(home, "jwt", 48)).toBe(first);
    expect(statSync(join(home, "keys", "jwt")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, "keys", "jwt"), "utf8").trim()).toBe(first);
    expect(ownKey(home, "publishable")).not.toBe(first);
  });

  it("lie in a home through which the database server's user can walk, whatever the umask", () => {
    const before = process.umask(0o077);
    try {
      ownKey(join(home, "made", "by-a-key"), "jwt");
    } finally {
      process.umask(before);
    }
    expect(statSync(join(home, "made", "by-a-key")).mode & 0o777).toBe(0o755);
    expect(statSync(join(home, "made", "by-a-key", "keys")).mode & 0o777).toBe(0o700);
  });

  it("codec: the setting wins over the file", () => {
    expect(codecKey({ home, codecKeyHex: "ab".repeat(32) }).toString("hex")).toBe("ab".repeat(32));
    expect(codecKey({ home, codecKeyHex: null })).toHaveLength(32);
  });
});

it("a process of the stack phones nobody and shares the home", () => {
  const config = readConfig({ EVERGREEN_HOME: home, EVERGREEN_PORT_BASE: "61000" });
  expect(processEnvironment(config, { DATABASE_URL: "postgresql://a@b/c" })).toMatchObject({
    EVERGREEN_HOME: home,
    EVERGREEN_PORT_BASE: "61000",
    DATABASE_URL: "postgresql://a@b/c",
    LITE_TELEMETRY: "0",
    MEM0_TELEMETRY: "false",
    CHECKPOINT_DISABLE: "1",
  });
});

it("a person's own Temporal profile does not reach the local server, but does reach another one", () => {
  const before = { ...process.env };
  Object.assign(process.env, {
    TEMPORAL_API_KEY: "canary",
    TEMPORAL_PROFILE: "cloud",
    TEMPORAL_CLI_PATH: "/opt/temporal",
  });
  try {
    const local = processEnvironment(readConfig({}), { TEMPORAL_ADDRESS: "127.0.0.1:24323" });
    expect(local).toMatchObject({ TEMPORAL_ADDRESS: "127.0.0.1:24323", TEMPORAL_CLI_PATH: "/opt/temporal" });
    expect([local.TEMPORAL_API_KEY, local.TEMPORAL_PROFILE]).toEqual([undefined, undefined]);
    expect(readFileSync(local.TEMPORAL_CONFIG_FILE ?? "", "utf8")).toContain("[profile.default]");
    const other = processEnvironment(readConfig({ TEMPORAL_ADDRESS: "temporal.example:7233" }), {});
    expect(other).toMatchObject({ TEMPORAL_API_KEY: "canary", TEMPORAL_PROFILE: "cloud" });
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
});

it("the demo is on with the embedded Postgres, off with one's own unless asked for, and never on a real Supabase", () => {
  const own = { DATABASE_URL: "postgresql://a:b@c:5432/d" };
  const supabase = { ...own, SUPABASE_URL: "https://x.supabase.co", SUPABASE_PUBLISHABLE_KEY: "k" };
  const demo = (environment: Record<string, string>) => readConfig(environment).demo;
  expect([demo({}), demo({ EVERGREEN_DEMO: "off" })]).toEqual([true, false]);
  expect([demo(own), demo({ ...own, EVERGREEN_DEMO: "on" }), demo({ ...supabase, EVERGREEN_DEMO: "on" })]).toEqual([
    false,
    true,
    false,
  ]);
});

function catchError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not throw");
}
