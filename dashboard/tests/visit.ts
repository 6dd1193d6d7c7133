// A browser as one person uses it: signed in, every request and every word of the console kept, so that a test can say what there must not be.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, inject } from "vitest";
import { CHROMIUM } from "./chromium-path.ts";
import { apiAt, emailOf } from "./test-stack.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
});
afterAll(() => browser?.close());

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Errors and warnings of the console, and exceptions nobody caught. */
  said: string[];
  /** Addresses of everything the browser asked for. */
  asked: string[];
  /** Everything the server answered, as text. */
  answers(): Promise<string>;
  picture(name: string): Promise<void>;
  /** What axe finds that is serious or critical, as lines. */
  barriers(): Promise<string[]>;
  close(): Promise<void>;
}

export async function visit(
  size: { width: number; height: number },
  theme: "light" | "dark" = "light",
): Promise<Visit> {
  const { url, pictures } = inject("stack");
  // axe is put into the page by the test, which the page's own policy would refuse
  const context = await browser.newContext({ viewport: size, colorScheme: theme, baseURL: url });
  const page = await context.newPage();
  const said: string[] = [];
  const asked: string[] = [];
  const bodies: Promise<string>[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => said.push(error.message));
  page.on("request", (request) => asked.push(request.url()));
  // what comes over sockets is traffic too
  page.on("websocket", (socket) => {
    asked.push(socket.url().replace(/^ws/, "http"));
    socket.on("framereceived", ({ payload }) => bodies.push(Promise.resolve(String(payload))));
  });
  page.on("response", (response) => {
    bodies.push(response.text().catch(() => ""));
  });
  return {
    page,
    context,
    said,
    asked,
    answers: async () => (await Promise.all(bodies)).join("\n"),
    async picture(name) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
    },
    async barriers() {
      const found = (await page.evaluate(`${AXE}; axe.run(document)`)) as {
        violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
      };
      return found.violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
    },
    close: () => context.close(),
  };
}

/** Signs in by the form, with the keyboard alone. */
export async function signIn({ page }: Visit, person: string): Promise<void> {
  const { passwords } = inject("stack");
  await page.goto("/");
  await page.getByLabel("E-mail").focus();
  await page.keyboard.type(emailOf(person));
  await page.keyboard.press("Tab");
  await page.keyboard.type(passwords[person] ?? "");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** The same person at the API, to compare what a page shows with what the database answers. */
export const apiOf = (person: string): Promise<SupabaseClient> => apiAt(inject("stack"), person);
