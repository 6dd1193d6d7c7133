// Incident mode by command line against a real database: opened, shown, asked to close, closed by another person; orders are refused in between.
import { dealingFund } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { expect, it } from "vitest";
import { openHouse } from "../test-house.ts";

const house = await openHouse();

it("stops a fund, says so, and lets it go on once two people have closed it", async () => {
  const { fund } = await dealingFund(house.db);
  const of = ["--fund", fund.code];
  const status = async () => (await house.run("ops1", ["incident", "status", ...of])).out;
  expect(await status()).toContain("no open incident");
  expect((await house.run("ops1", ["incident", "open", ...of, "--reason", "short"])).err).toContain("10 to 1,900");
  const opened = await house.run("ops1", ["incident", "open", ...of, "--reason", "Keys may be known (synthetic)"]);
  expect(opened).toMatchObject({ exit: 0, err: "" });
  expect(await status()).toMatch(/stands still[\s\S]*Keys may be known/);
  const close = (person: "ops1" | "pm1") =>
    house.run(person, ["incident", "close", ...of, "--reason", "Keys were changed (synthetic)"]);
  expect((await close("ops1")).out).toContain("another person closes it");
  expect((await close("ops1")).err).toContain("another person closes");
  expect(await status()).toContain("closing asked for");
  expect((await close("pm1")).out).toContain("goes on");
  expect(await status()).toContain("no open incident");
  expect((await close("pm1")).err).toContain("has no open incident");
});
