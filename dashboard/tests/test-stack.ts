// One whole stack with the demo fund for the browser suite: a home and ports of its own, stopped and removed after it.
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { REPOSITORY_ROOT, readConfig } from "@evergreen-fund/config";
import { stackAddresses } from "@evergreen-fund/stack/addresses.ts";
import { demoPassword } from "@evergreen-fund/stack/demo-logins.ts";
import { freePortBase } from "@evergreen-fund/stack/process-table.ts";
import { status } from "@evergreen-fund/stack/up.ts";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { TestProject } from "vitest/node";
import ws from "ws";

export interface TestStack {
  url: string;
  publishableKey: string;
  passwords: Record<string, string>;
  /** What a command needs to find this stack. */
  environment: { EVERGREEN_HOME: string; EVERGREEN_PORT_BASE: string };
  /** Where screenshots are kept. */
  pictures: string;
}

declare module "vitest" {
  interface ProvidedContext {
    stack: TestStack;
  }
}

const PEOPLE = ["pm1", "pm2", "lp1", "lp2", "ops1", "ops2", "audit1"] as const;
export const emailOf = (person: string): string => `${person}@demo.evergreen.example`;

const HISTORY_TAKES_MS = 900_000;

/** The demo's past is made in the background; figures stand still once it is there. */
async function untilHistoryIsThere(config: ReturnType<typeof readConfig>): Promise<void> {
  const until = Date.now() + HISTORY_TAKES_MS;
  while ((await status(config)).processes.some((entry) => entry.name === "demo" && entry.alive)) {
    if (Date.now() > until) throw new Error("The history of the demo fund did not end.");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The last of its days is a run of its own, which goes on until people decide on the NAV; it is as it stays. */
async function untilDayWaits(stack: TestStack): Promise<void> {
  const until = Date.now() + HISTORY_TAKES_MS;
  const api = await apiAt(stack, "ops1");
  for (;;) {
    const { data } = await api.from("proposals").select("proposal_id").match({ kind: "nav", status: "pending" });
    if (data !== null && data.length > 0) return;
    if (Date.now() > until) throw new Error("The NAV of the demo's last day was not proposed.");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** A person of the demo at the API of a stack. */
export async function apiAt({ url, publishableKey, passwords }: TestStack, person: string): Promise<SupabaseClient> {
  const client = createClient(url, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: ws as never },
  });
  const { error } = await client.auth.signInWithPassword({ email: emailOf(person), password: passwords[person] ?? "" });
  if (error !== null) throw error;
  return client;
}

function stackOf(environment: TestStack["environment"]): TestStack {
  const { dashboardUrl, publishableKey } = stackAddresses(readConfig({ ...process.env, ...environment }));
  const password = (person: string) => demoPassword(environment.EVERGREEN_HOME, emailOf(person));
  return {
    url: dashboardUrl,
    publishableKey,
    passwords: Object.fromEntries(PEOPLE.map((person) => [person, password(person)])),
    environment,
    pictures: process.env.BROWSER_PICTURES ?? join(tmpdir(), "evergreen-pictures"),
  };
}

/** A stack of the demo fund that runs already (its home and first port), for whoever works on a page: it is left as it is. */
const running = process.env.BROWSER_STACK?.split(":");

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (running !== undefined) {
    const [home = "", base = ""] = running;
    project.provide("stack", stackOf({ EVERGREEN_HOME: home, EVERGREEN_PORT_BASE: base }));
    return () => Promise.resolve();
  }
  const home = mkdtempSync(join(tmpdir(), "evergreen-browser-"));
  chmodSync(home, 0o755);
  const environment = { EVERGREEN_HOME: home, EVERGREEN_PORT_BASE: String(await freePortBase()) };
  // what is built is what people are served: the runner's own NODE_ENV would make it a build for development
  const env = { ...process.env, NODE_ENV: "production", ...environment };
  const config = readConfig(env);
  // as a person starts it
  const evergreen = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(REPOSITORY_ROOT, "bin/evergreen.mjs"), ...args], { env });
  const end = async () => {
    await evergreen("down");
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await evergreen("up", "--detach");
    await untilHistoryIsThere(config);
    const stack = stackOf(environment);
    await untilDayWaits(stack);
    project.provide("stack", stack);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}
