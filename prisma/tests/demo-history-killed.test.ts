// The past of the demo fund, killed anywhere and gone on with, by one and by two at once: the same to the last digit as one made in peace. Needs Postgres.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { expect, it } from "vitest";
import { MONTHS } from "../demo/terms.ts";
import { DemoHouse, seeded } from "./demo-house.ts";

const MINUTES = 60_000;

it("killed again and again, and then made by two at once, comes to the same to the last digit", {
  timeout: 12 * MINUTES,
}, async () => {
  const other = await DemoHouse.open();
  const house = await DemoHouse.open();
  try {
    // after a line that was printed, and a moment into what follows: in the middle of a month
    for (const [line, moment] of [
      ["demo fund 1/2", 30],
      ["demo history 1/", 5],
      ["demo history 3/", 130],
      ["demo history 21/", 400],
    ] as const) {
      const program = spawn(
        process.execPath,
        ["--import", "tsx", join(REPOSITORY_ROOT, "prisma", "seed.ts"), other.database.adminUrl],
        { cwd: REPOSITORY_ROOT, stdio: ["ignore", "pipe", "inherit"] },
      );
      const exit = once(program, "exit");
      let due = false;
      for await (const printed of createInterface({ input: program.stdout })) {
        if (due || !printed.startsWith(line)) continue;
        due = true;
        setTimeout(() => program.kill("SIGKILL"), moment);
      }
      expect((await exit)[1]).toBe("SIGKILL");
    }
    const halfway = await other.one<number>("select count(*)::int from dealing_days where status = 'closed'");
    expect(halfway).toBeGreaterThanOrEqual(42);
    expect(halfway).toBeLessThan(2 * MONTHS);
    const both = await Promise.all([seeded(other), seeded(other)]);
    expect(both.map(({ result }) => result.outcome)).toEqual(["complete", "complete"]);
    expect(both.reduce((sum, { result }) => sum + result.loaded, 0)).toBe(MONTHS - Math.floor(halfway / 2));
    expect((await seeded(house)).result.outcome).toBe("complete");
    expect(await other.fingerprint()).toBe(await house.fingerprint());
    expect(await other.rows("select * from evergreen.broken_invariants(null)")).toEqual([]);
  } finally {
    await other.close();
    await house.close();
  }
});
