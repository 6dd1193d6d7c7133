// The stress page in a real browser: a run asked for by the command line appears by itself, and its figures are the database's.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { REPOSITORY_ROOT } from "@evergreen-fund/config";
import { expect, inject, it } from "vitest";
import { money } from "../src/words/format.ts";
import { apiOf, DESKTOP, signIn, visit } from "./visit.ts";

it("shows what each scenario came to, and two runs side by side", async () => {
  const { environment, url } = inject("stack");
  const visited = await visit(DESKTOP);
  const { page } = visited;
  await signIn(visited, "pm1");
  await page.getByRole("link", { name: "Stress" }).click();
  await page.getByText("changes appear by themselves").waitFor();
  const pm = await apiOf("pm1");
  // the night's own run may have been there before, by the clock of the fund
  const asked = async () =>
    String(
      (await pm.from("stress_runs").select("stress_run_id").eq("kind", "on_demand").maybeSingle()).data?.stress_run_id,
    );
  expect(await asked()).toBe("undefined");
  await promisify(execFile)(
    process.execPath,
    [
      join(REPOSITORY_ROOT, "bin/evergreen.mjs"),
      "stress",
      "run",
      "--fund",
      "DEMO",
      "--scenario",
      "fx_usd_up15",
      "--wait",
      "--as",
      "pm1@demo.evergreen.example",
    ],
    { env: { ...process.env, ...environment } },
  );
  // it is among the runs without a reload
  const runId = await asked();
  // a label holds the text of its choices too
  const choice = page.locator("label", { hasText: /^Run/ }).locator("select");
  await choice.locator(`option[value="${runId}"]`).waitFor({ state: "attached", timeout: 60_000 });
  await choice.selectOption(runId);
  const table = page.getByRole("table", { name: "What each scenario came to" });
  await table.waitFor({ timeout: 60_000 });
  const { data } = await pm
    .from("stress_outcomes")
    .select("nav_before::text,nav_after::text")
    .eq("stress_run_id", runId)
    .single();
  const row = data as unknown as { nav_before: string; nav_after: string };
  const shown = await table.locator("tbody td").allTextContents();
  expect(shown.slice(1, 3)).toEqual([money(row.nav_before, 2), money(row.nav_after, 2)]);
  await page.getByLabel("Compared with").selectOption(runId);
  await page.getByRole("columnheader", { name: /^Change in the other run/ }).waitFor();
  expect(page.url()).toContain("against=");
  await visited.picture("stress-desktop");
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  expect(visited.asked.filter((address) => !address.startsWith(url))).toEqual([]);
  await visited.close();
});

it("edits a scenario in the laboratory, says what may stand where, runs it and sets it beside the run before", async () => {
  const visited = await visit(DESKTOP);
  const { page } = visited;
  await signIn(visited, "pm1");
  await page.getByRole("link", { name: "Lab" }).click();
  await page.getByLabel("Start from").selectOption("fx_usd_up15");
  await page.getByText("it runs as fx_usd_up15").waitFor();
  const run = page.getByRole("button", { name: /^Run/ });
  await page.getByLabel("Value").first().fill("40");
  await page.getByText("fx takes -0.99 to 10").waitFor();
  expect(await run.isDisabled()).toBe(true);
  await visited.picture("lab-wrong-desktop");
  expect(await visited.barriers()).toEqual([]);
  await page.getByLabel("Value").first().fill("0.3");
  await page.getByLabel("Title").fill("US dollar +30 %");
  await page.getByText("It is saved as lab_us_dollar_30, version 1").waitFor();
  await run.click();
  const table = page.getByRole("table", { name: /^What each scenario came to/ });
  await table.getByText("US dollar +30 %").waitFor({ timeout: 60_000 });
  await table.getByText("done").waitFor({ timeout: 120_000 });
  const pm = await apiOf("pm1");
  const { data } = await pm
    .from("stress_outcomes")
    .select("nav_after::text,run:stress_runs!inner(kind),scenario:stress_scenarios!inner(scenario_id)")
    .eq("scenario.scenario_id", "lab_us_dollar_30")
    .single();
  expect(data).toMatchObject({ run: { kind: "laboratory" } });
  const row = data as unknown as { nav_after: string };
  expect((await table.locator("tbody td").allTextContents())[2]).toBe(money(row.nav_after, 2));
  // beside the shipped scenario that the command line ran
  const before = (await pm.from("stress_runs").select("stress_run_id").eq("kind", "on_demand").limit(1).single()).data;
  await page.getByLabel("Compared with").selectOption(String(before?.stress_run_id));
  await page.getByRole("columnheader", { name: /^Difference/ }).waitFor();
  await visited.picture("lab-compared-desktop");
  expect(visited.said).toEqual([]);
  await visited.close();
});
