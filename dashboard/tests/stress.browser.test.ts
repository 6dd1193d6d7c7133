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
  await page.getByText("No stress run has begun yet.").waitFor();
  await page.getByText("changes appear by themselves").waitFor();
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
  const table = page.getByRole("table", { name: "What each scenario came to" });
  await table.waitFor({ timeout: 60_000 });
  const pm = await apiOf("pm1");
  const { data } = await pm.from("stress_outcomes").select("nav_before::text,nav_after::text").limit(1).single();
  const row = data as unknown as { nav_before: string; nav_after: string };
  const shown = await table.locator("tbody td").allTextContents();
  expect(shown.slice(1, 3)).toEqual([money(row.nav_before, 2), money(row.nav_after, 2)]);
  await page.getByLabel("Compared with").selectOption({ index: 1 });
  await page.getByRole("columnheader", { name: /^Change in the other run/ }).waitFor();
  expect(page.url()).toContain("against=");
  await visited.picture("stress-desktop");
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  expect(visited.asked.filter((address) => !address.startsWith(url))).toEqual([]);
  await visited.close();
});
