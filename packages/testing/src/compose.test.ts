// docker-compose.yml and the Dockerfile, checked without a Docker engine: parsed, held to their rules, each rule seen to find a planted fault.
import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { parseYAML } from "confbox";
import { describe, expect, it } from "vitest";
import { composeSecrets } from "../../../scripts/compose-env.mjs";
import { type ComposeEntry, type ComposeFile, composeFaults, PROFILES } from "./compose-rules.ts";

const read = (path: string): string => readFileSync(join(REPOSITORY_ROOT, path), "utf8");
const text = read("docker-compose.yml");
const secrets = composeSecrets({ langfuse: true });
const exists = (path: string): boolean => path !== "" && existsSync(join(REPOSITORY_ROOT, path));
const faultsOf = (file: ComposeFile, written = text): string[] =>
  composeFaults(file, written, Object.keys(secrets), exists);

describe("docker-compose.yml", () => {
  it("keeps every rule", () => {
    const file = parseYAML<ComposeFile>(text);
    expect(Object.keys(file.services).length).toBeGreaterThan(15);
    expect(faultsOf(file)).toEqual([]);
  });

  it.each(PROFILES)("profile %s is complete in itself", (profile) => {
    const services = Object.values(parseYAML<ComposeFile>(text).services).filter((service) =>
      service.profiles?.includes(profile),
    );
    const images = services.map((service) => service.image?.split(":")[0]);
    const needed: Record<string, string[]> = {
      core: [
        "supabase/postgres",
        "supabase/gotrue",
        "postgrest/postgrest",
        "temporalio/server",
        "temporalio/ui",
        "evergreen/platform",
      ],
      langfuse: [
        "langfuse/langfuse",
        "langfuse/langfuse-worker",
        "clickhouse/clickhouse-server",
        "redis",
        "postgres",
        "versity/versitygw",
      ],
      s3: ["versity/versitygw"],
    };
    expect(images).toEqual(expect.arrayContaining(needed[profile] ?? [profile]));
  });

  const planted: [what: string, service: string, change: (service: ComposeEntry) => void][] = [
    ["not pinned", "redis", (service) => Object.assign(service, { image: "redis:latest" })],
    ["not pinned", "redis", (service) => Object.assign(service, { image: "redis" })],
    ["not pinned", "redis", (service) => Object.assign(service, { image: "redis:7" })],
    ["no health check", "temporal", (service) => delete service.healthcheck],
    ["nobody can pass", "migrate", (service) => Object.assign(service, { healthcheck: { test: ["CMD", "true"] } })],
    ["open to other machines", "db", (service) => Object.assign(service, { ports: ["24322:5432"] })],
    [
      "which does not exist",
      "gateway",
      (service) => Object.assign(service, { depends_on: { nobody: { condition: "service_healthy" } } }),
    ],
    [
      "not in its profile",
      "workers",
      (service) => Object.assign(service, { depends_on: { redis: { condition: "service_healthy" } } }),
    ],
    [
      "to be service_healthy",
      "workers",
      (service) => Object.assign(service, { depends_on: { migrate: { condition: "service_healthy" } } }),
    ],
    ["is not declared", "db", (service) => Object.assign(service, { volumes: ["elsewhere:/data"] })],
    [
      "no setting of packages/config",
      "workers",
      (service) => Object.assign(service.environment ?? {}, { EVERGREEN_COLOUR: "green" }),
    ],
    ["runs workers/start.ts", "workers", (service) => Object.assign(service, { command: ["workers/start.ts"] })],
    ["in no known profile", "s3", (service) => Object.assign(service, { profiles: ["storage"] })],
  ];
  it.each(planted)("finds what is planted: %s (%s)", (what, name, change) => {
    const file = parseYAML<ComposeFile>(text);
    const service = file.services[name];
    expect(service).toBeDefined();
    if (service !== undefined) change(service);
    expect(faultsOf(file).filter((fault) => fault.includes(what))).not.toEqual([]);
  });

  it("finds a variable that nobody makes, and a secret that nobody uses", () => {
    const file = parseYAML<ComposeFile>(text);
    expect(faultsOf(file, text.replaceAll("TEMPORAL_DB_PASSWORD", "TEMPORAL_SECRET"))).toEqual([
      "TEMPORAL_SECRET is made by nobody",
      "TEMPORAL_DB_PASSWORD is used by nobody",
    ]);
  });
});

describe("the secrets", () => {
  it("are new each time, and the keys of the API are signed with the secret of the project", () => {
    const [one, two] = [composeSecrets(), composeSecrets()];
    const same = Object.entries(one).filter(([name, value]) => two[name] === value);
    expect(same).toEqual([]);
    for (const [name, role] of [
      ["ANON_KEY", "anon"],
      ["SERVICE_ROLE_KEY", "service_role"],
    ] as const) {
      const [head, body, signature] = (one[name] ?? "").split(".");
      expect(
        createHmac("sha256", one.JWT_SECRET ?? "")
          .update(`${head}.${body}`)
          .digest("base64url"),
      ).toBe(signature);
      expect(JSON.parse(Buffer.from(body ?? "", "base64url").toString())).toMatchObject({ role });
    }
  });

  it("send traces to Langfuse only when asked", () => {
    expect(Object.keys(composeSecrets()).filter((name) => /^LANGFUSE_(PUBLIC|SECRET|BASE)/.test(name))).toEqual([]);
    expect(secrets).toHaveProperty("LANGFUSE_SECRET_KEY");
  });
});

describe("the Dockerfile", () => {
  it("builds and runs on the Node of .nvmrc with glibc, not as root", () => {
    const bases = [...read("Dockerfile").matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases.length).toBeGreaterThan(1);
    for (const base of bases)
      expect(base).toMatch(new RegExp(`^node:${read(".nvmrc").trim()}\\.\\d+\\.\\d+-bookworm-slim$`));
    expect(read("Dockerfile")).toMatch(/^USER node$/m);
  });
});
