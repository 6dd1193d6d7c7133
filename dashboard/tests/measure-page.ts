// How long a person waits for a page, in a real Chromium: a process that `bench dashboard` starts. Arguments: the address of the gateway, the page, the
// selector of what the person came for, e-mail, the name of the variable that holds the password, how often. It answers one line of JSON.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { CHROMIUM } from "./chromium-path.ts";

interface Visit {
  /** First contentful paint, ms since the navigation began. */
  paintMs: number;
  /** When what the person came for stands on the page. */
  thereMs: number;
  /** Longest turn of the main thread until then, ms; 0: none above 50. */
  longestMs: number;
  /** Scripts until then, as they came over the wire. */
  scriptBytes: number;
  requests: number;
}

const [, , url = "", page = "", selector = "", email = "", variable = "", times = "1", lighthouse = ""] = process.argv;
const password = process.env[variable] ?? "";

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** Notes the moment at which the selector first matches, in the page's own time. */
const WATCH = `(() => {
  const watch = () => document.querySelector(${JSON.stringify(selector)}) ? (globalThis.evergreenThere = performance.now()) : requestAnimationFrame(watch);
  globalThis.evergreenLong = 0;
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) globalThis.evergreenLong = Math.max(globalThis.evergreenLong, duration); })
    .observe({ type: "longtask", buffered: true });
  requestAnimationFrame(watch);
})()`;
const READ = `(() => {
  const scripts = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"));
  return {
    paintMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1,
    thereMs: globalThis.evergreenThere,
    longestMs: globalThis.evergreenLong,
    scriptBytes: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    requests: performance.getEntriesByType("resource").length,
  };
})()`;

/** Performance and accessibility by Lighthouse, of the page as the signed-in person sees it. */
async function judged(address: string, port: number): Promise<Record<string, number>> {
  const { default: run } = (await import(lighthouse)) as {
    default: (
      url: string,
      flags: object,
      config: object,
    ) => Promise<{ lhr: { categories: Record<string, { score: number | null }> } }>;
  };
  const settings = { onlyCategories: ["performance", "accessibility"], disableStorageReset: true };
  const desktop = {
    formFactor: "desktop",
    screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false },
    throttling: { rttMs: 40, throughputKbps: 10_240, cpuSlowdownMultiplier: 1 },
  };
  const { lhr } = await run(
    address,
    { port, logLevel: "error" },
    { extends: "lighthouse:default", settings: { ...settings, ...desktop } },
  );
  return Object.fromEntries(Object.entries(lhr.categories).map(([name, { score }]) => [name, (score ?? 0) * 100]));
}

const profile = mkdtempSync(join(tmpdir(), "evergreen-profile-"));
const port = await freePort();
const context = await chromium.launchPersistentContext(profile, {
  executablePath: CHROMIUM,
  args: ["--no-sandbox", `--remote-debugging-port=${port}`],
});
try {
  const tab = context.pages()[0] ?? (await context.newPage());
  await tab.goto(url);
  await tab.getByLabel("E-mail").fill(email);
  await tab.getByLabel("Password").fill(password);
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByRole("button", { name: "Sign out" }).waitFor();
  await tab.addInitScript(WATCH);
  const cdp = await context.newCDPSession(tab);
  const visits: Visit[] = [];
  for (let turn = 0; turn < Number(times); turn += 1) {
    await cdp.send("Network.clearBrowserCache");
    await tab.goto(`${url}${page}`);
    await tab.locator(selector).first().waitFor();
    let visit: Visit;
    // the watcher looks once a frame
    do visit = (await tab.evaluate(READ)) as Visit;
    while (!(visit.thereMs > 0));
    visits.push(visit);
  }
  const scores = lighthouse === "" ? null : await judged(`${url}${page}`, port);
  process.stdout.write(`${JSON.stringify({ visits, scores })}\n`);
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
