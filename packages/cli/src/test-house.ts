// A house for tests of commands: the gateway on a real Postgres of its own, people who may sign in, and the command line run in this process.
// Whoever deals and decides is the people of prisma/tests, so that its fixtures and the commands act on the same rows.

import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openApiOf } from "@evergreen-fund/api-reference";
import { ApiCatalogue } from "@evergreen-fund/domain/api-catalogue.ts";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { createGateway, type GatewayOptions, openSupabaseApi } from "@evergreen-fund/gateway";
import { AUDIT, LP_A, LP_B, OPS, PM_ONE, PM_TWO, type TestDatabase } from "@evergreen-fund/prisma/tests/arrange.ts";
import { dealingDatabase } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import type { Checked } from "@evergreen-fund/testing/checked.ts";
import { serve } from "@hono/node-server";
import { afterAll, expect } from "vitest";
import type { z } from "zod";
import { type Ran, ran } from "./test-run.ts";

const PASSWORD = "synthetic-password";
const KEY = "sb_publishable_test";
const PEOPLE = { pm1: PM_ONE, pm2: PM_TWO, lp1: LP_A, lp2: LP_B, ops1: OPS, audit1: AUDIT } as const;
export type Person = keyof typeof PEOPLE;

export const emailOf = (person: Person): string => `${person}@demo.evergreen.example`;

/** The command line as tests use it, in this process. */
export interface Door {
  /** With these settings a command finds this house; they name nobody and hold no password. */
  settings: Record<string, string>;
  /** The folder of what commands keep. */
  home: string;
  /** A GET of the gateway, by nobody. */
  ask(path: string): Promise<Response>;
  /** What a program of that person's own is told. */
  environmentOf(person: Person): Record<string, string>;
  /** Runs one command line as somebody, as text for people. */
  run(person: Person, argv: readonly string[], input?: string, more?: Record<string, string>): Promise<Ran>;
  /** The one JSON document of a command; the exit code is what is expected. */
  json<T>(
    person: Person,
    shape: z.ZodType<T>,
    argv: readonly string[],
    exit?: number,
    more?: Record<string, string>,
  ): Promise<T>;
}

export interface House extends Door {
  db: TestDatabase & Checked;
}

/** SQL as the superuser of a test database. */
type Look = (sql: string, values: unknown[]) => Promise<unknown>;

/** Opens the house for a test file; after each of its tests no invariant is broken, and it is closed after them. */
export async function openHouse(environment: Readonly<Record<string, string>> = {}): Promise<House> {
  const db = await dealingDatabase();
  const door = await openDoor(db.database.urlFor("evergreen_api"), (sql, values) => db.look(sql, values), {
    environment,
  });
  return { db, ...door };
}

/** People with accounts, the gateway on a port of its own, and the command line that signs in there, with these settings; closed after the tests of the file. */
export async function openDoor(
  apiUrl: string,
  look: Look,
  {
    withContent = null,
    environment: settings = {},
  }: { withContent?: GatewayOptions["withContent"]; environment?: Readonly<Record<string, string>> } = {},
): Promise<Door> {
  for (const person of Object.keys(PEOPLE) as Person[]) await insertAccount(look, person);
  const jwtSecret = "synthetic-secret-of-a-test-0123456789abcdef0123456789abcdef";
  const api = await openSupabaseApi({ databaseUrl: apiUrl, jwtSecret, publishableKey: KEY });
  const gateway = createGateway({
    api,
    project: null,
    jwtSecret,
    publishableKey: KEY,
    supabaseUrl: "http://127.0.0.1",
    publicUrl: "http://127.0.0.1",
    elsewhere: [],
    temporalUiUrl: null,
    codec: { encode: async (payloads) => payloads, decode: async (payloads) => payloads },
    demoLogins: [],
    temporalAnswers: async () => true,
    withContent,
    dashboard: null,
    openapi: async () =>
      JSON.stringify(
        openApiOf(ApiCatalogue.parse(await api.describe()), { server: "http://127.0.0.1", version: "test" }),
      ),
  });
  const server = serve({ fetch: gateway.fetch, hostname: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await api.close();
  });
  const environment = {
    SUPABASE_URL: `http://127.0.0.1:${port}`,
    SUPABASE_PUBLISHABLE_KEY: KEY,
    EVERGREEN_PASSWORD: PASSWORD,
  };

  // a home of nobody: what a command writes on this machine must not reach a stack that runs here
  const home = mkdtempSync(join(tmpdir(), "evergreen-cli-home-"));
  afterAll(() => rm(home, { recursive: true, force: true }));
  const run: Door["run"] = (person, argv, input = "", more = {}) =>
    ran([...argv, "--as", emailOf(person)], { EVERGREEN_HOME: home, ...environment, ...settings, ...more }, input);

  const { EVERGREEN_PASSWORD: _, ...nobody } = environment;
  return {
    settings: { EVERGREEN_HOME: home, ...nobody },
    home,
    run,
    ask: (path) => fetch(new URL(path, environment.SUPABASE_URL)),
    environmentOf: (person) => ({ ...environment, EVERGREEN_EMAIL: emailOf(person) }),
    async json(person, shape, argv, exit = 0, more = {}) {
      const ran = await run(person, [...argv, "--output-format", "json"], "", more);
      expect({ exit: ran.exit, said: ran.exit === exit ? "" : `${ran.err}${ran.out}` }).toEqual({ exit, said: "" });
      return shape.parse(JSON.parse(ran.out));
    },
  };
}

async function insertAccount(look: Look, person: Person): Promise<void> {
  const bcrypt = createRequire(import.meta.resolve("@supabase/lite"))("bcryptjs") as {
    hashSync(text: string, rounds: number): string;
  };
  const actor: Actor = PEOPLE[person];
  await look(
    "insert into auth.users (id, email, encrypted_password, role, email_confirmed_at) values ($1, $2, $3, $4, now())",
    ["userId" in actor ? actor.userId : null, emailOf(person), bcrypt.hashSync(PASSWORD, 4), actor.role],
  );
}
