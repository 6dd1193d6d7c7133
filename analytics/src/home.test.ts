// Where the files lie: in the home alone, with a link in the checkout whose default home it is.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeHome } from "./home.ts";

const checkout = mkdtempSync(join(tmpdir(), "evergreen-checkout-"));
afterAll(() => rmSync(checkout, { recursive: true, force: true }));
mkdirSync(join(checkout, "analytics"));

it("another home leaves the checkout alone; the default one is linked once, and its folders are nobody else's", async () => {
  await makeHome(join(checkout, "elsewhere"), checkout);
  expect(readdirSync(join(checkout, "analytics"))).toEqual([]);
  const paths = await makeHome(join(checkout, ".evergreen"), checkout);
  await makeHome(join(checkout, ".evergreen"), checkout);
  expect(statSync(paths.snapshots).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(checkout, "analytics"))).toEqual(["dev.duckdb"]);
  writeFileSync(paths.newest, "the newest");
  expect(readFileSync(join(checkout, "analytics", "dev.duckdb"), "utf8")).toBe("the newest");
});
