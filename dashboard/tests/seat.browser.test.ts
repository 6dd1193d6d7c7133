// The rest of the desk and the auditor's seat in a real browser: figures as the database answers them, the view in the address. All values are synthetic.

import { createHash, randomUUID } from "node:crypto";
import { Breaks, Calendar, Sample, Timeline, Troubles } from "@evergreen-fund/domain/desk-pages.ts";
import { sourceOfBytes, verifyEvidence } from "@evergreen-fund/evidence";
import { describe, expect, it } from "vitest";
import { call, faultless } from "./faultless.ts";
import { DESKTOP, PHONE, signIn, visit } from "./visit.ts";

describe.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)("on a %s", (name, size, theme) => {
  it("operations see what does not agree, what failed, and the month", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "ops1");
    await page.goto("/ops/reconciliation");
    await page.getByRole("heading", { name: "What does not agree" }).waitFor();
    const { breaks } = Breaks.parse(await call("ops1", "fn_read_breaks"));
    expect(await page.locator("[data-figure=breaks]").textContent()).toContain(
      breaks.length === 0 ? "Everything agrees." : `${breaks.length} breaks.`,
    );
    await visited.picture(`reconciliation-${name}-${theme}`);
    await faultless(visited, size.width);

    await page.goto("/ops/runs");
    const troubles = Troubles.parse(await call("ops1", "fn_read_troubles"));
    await page
      .getByText(troubles.letters.length + troubles.batches.length === 0 ? "Everything was delivered." : "Gave up")
      .first()
      .waitFor();
    await visited.picture(`runs-${name}-${theme}`);
    await faultless(visited, size.width);

    await page.goto("/ops/calendar?month=2026-10");
    await page.getByRole("heading", { name: "October 2026" }).waitFor();
    const { entries } = Calendar.parse(await call("ops1", "fn_read_calendar", { month: "2026-10-01" }));
    expect(entries.length).toBeGreaterThan(0);
    const days = page.getByRole("table", { name: "October 2026 day by day" });
    expect(await days.locator("tbody tr").count()).toBe(entries.length);
    await visited.picture(`calendar-${name}-${theme}`);
    await page.getByLabel("What").selectOption("cut_off");
    await page.waitForURL(/kind=cut_off/);
    await page.getByRole("heading", { name: "October 2026" }).waitFor();
    expect(await days.locator("tbody tr").count()).toBe(entries.filter(({ kind }) => kind === "cut_off").length);
    await page.getByRole("button", { name: "Month after" }).click();
    await page.waitForURL(/month=2026-11/);
    await faultless(visited, size.width);
    await visited.close();
  });

  it("the auditor sees what was known when, and draws a sample that can be drawn again", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "audit1");
    await page.getByRole("link", { name: "Timeline" }).click();
    await page.getByLabel("Code or id").fill("DEMO");
    await page.getByRole("button", { name: "Show" }).click();
    const table = page.getByRole("table", { name: "What happened to DEMO, the newest first" });
    await table.waitFor();
    const asOf = { name: "DEMO", as_of: "2026-09-30" };
    const then = Timeline.parse(await call("audit1", "fn_read_timeline", asOf));
    const now = Timeline.parse(await call("audit1", "fn_read_timeline", { name: "DEMO" }));
    expect(then.entries_in_all).toBeGreaterThan(0);
    expect(then.entries_in_all).toBeLessThan(now.entries_in_all);
    await page.getByLabel(/^As of/).fill("2026-09-30");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/asOf=2026-09-30/);
    await page.getByText(`${then.entries_in_all} entries, effective up to Sep 30, 2026`).waitFor();
    expect(await table.locator("tbody tr").count()).toBe(then.entries.length);
    await visited.picture(`timeline-${name}-${theme}`);
    await faultless(visited, size.width);

    await page.goto("/audit/samples?kind=order&seed=4711&size=5");
    const sample = page.getByRole("table", { name: "Sample by the seed 4711" });
    await sample.waitFor();
    const drawn = Sample.parse(await call("audit1", "fn_read_sample", { kind: "order", seed: "4711", size: 5 }));
    expect(await sample.locator("tbody th").allTextContents()).toEqual(drawn.sample.map(({ id }) => id));
    await visited.picture(`sample-${name}-${theme}`);
    await faultless(visited, size.width);
    await sample.getByRole("link").first().click();
    await page.getByRole("heading", { name: /^order / }).waitFor();
    await page.getByRole("link", { name: "Evidence packs" }).click();
    await page.locator("[data-figure=command]").filter({ hasText: "evergreen evidence pack --fund DEMO" }).waitFor();
    await page.getByLabel(/^From/).fill("2026-11-01");
    await page.getByLabel("To", { exact: true }).fill("2026-11-05");
    await page.getByRole("button", { name: "Make the pack" }).click();
    const pack = page.locator("[data-figure=pack]");
    await pack.waitFor({ timeout: 60_000 });
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^Take evidence-DEMO/ }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const sha256 = /[0-9a-f]{64}/.exec((await pack.textContent()) ?? "")?.[0];
    expect(verifyEvidence(sourceOfBytes(bytes), sha256)).toMatchObject({
      ok: true,
      from: "2026-11-01",
      to: "2026-11-05",
      findings: [],
    });
    await page.getByText(createHash("sha256").update(bytes).digest("hex")).waitFor();
    // its address is the pack's: it is there again
    await page.reload();
    await pack.waitFor();
    await visited.picture(`packs-${name}-${theme}`);
    await faultless(visited, size.width);
    // one that no server knows of: it says so, and another can be made
    await page.goto(`/audit/packs?pack=${randomUUID()}`);
    await page.getByRole("alert").filter({ hasText: "No pack is kept under that id any more" }).waitFor();
    await page.locator("button:enabled", { hasText: "Make the pack" }).waitFor();
    await visited.picture(`packs-lost-${name}-${theme}`);
    await visited.close();
  });
});
