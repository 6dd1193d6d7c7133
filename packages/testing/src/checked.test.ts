// A sweep: no file of dealing tests goes without the one checker. (Who breaks something on purpose has to say so, or the checker fails the test.)
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { expect, it } from "vitest";

const text = (file: string): string => readFileSync(join(REPOSITORY_ROOT, file), "utf8");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.test.ts"], {
  cwd: REPOSITORY_ROOT,
  encoding: "utf8",
})
  .trim()
  .split("\n");

/** What a test deals with: the functions of the dealing day and the arrangements made of them. */
const DEALS =
  /fn_(open_dealing_day|lock_orders|post_dealing_day)|\b(dealingSteps|dealingFund|openDealingDay|DemoHouse|useDealingHouse)\(|(dealing-day|dealing-journeys|restatement-journeys|statement-days|postings|import-files|model\/world)\.ts"/;
/** Arrangements that ask the checker, and where they do. */
const ARRANGEMENTS: Record<string, string> = {
  dealingDatabase: "prisma/tests/dealing-day.ts",
  openHouse: "packages/cli/src/test-house.ts",
  DemoHouse: "prisma/tests/demo-house.ts",
  useDealingHouse: "workers/tests/dealing-house.ts",
  useRooms: "workers/tests/room-house.ts",
  openHouses: "workers/tests/houses.ts",
  openLanes: "workers/tests/crash-suite.ts",
};
/** What is never committed leaves no books that could be wrong; and all its times are one moment, which the checker finds fault with. */
const NEVER_COMMITTED = /\brolledBack\(/;
const ASKS =
  /checkAfterEach\(|checkBooksAfterEach\(|expectNothingBrokenAtRest\(|= await dealingDatabase\(|await openHouses\(/;
it("every file of dealing tests asks the checker through one of the shared arrangements", () => {
  const dealing = files.filter((file) => DEALS.test(text(file)) && !file.endsWith("checked.test.ts"));
  expect(dealing.length).toBeGreaterThan(25);
  const uses = new RegExp(`\\b(${Object.keys(ARRANGEMENTS).join("|")})(\\.open)?\\(`);
  const asks = (file: string) => uses.test(text(file)) || NEVER_COMMITTED.test(text(file));
  expect(dealing.filter((file) => !asks(file))).toEqual([]);
});

it("every shared arrangement asks it", () => {
  for (const [name, file] of Object.entries(ARRANGEMENTS)) {
    expect(text(file), `${file} makes no ${name}`).toMatch(new RegExp(`(function|class) ${name}\\b`));
    expect(text(file), `${name} does not ask the checker`).toMatch(ASKS);
  }
});
