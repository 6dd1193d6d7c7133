// `lists …` against a real database through the API that people have: set, taken in from a file, too old, shrunken and accepted by two. All rows are synthetic.
import { mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const any = z.record(z.string(), z.unknown());
const View = z.array(z.looseObject({ source: z.string(), state: z.string(), usable: z.boolean() }));
const folder = mkdtempSync(join(tmpdir(), "evergreen-lists-"));
let files = 0;
const written = (rows: number, age = 0): string => {
  const path = join(folder, `synthetic-${++files}.csv`);
  writeFileSync(
    path,
    `id,name,kind\n${Array.from({ length: rows }, (_, n) => `S${n},Synthetic Person ${n} of file,person\n`).join("")}`,
  );
  const at = Date.now() / 1000 - age * 3600;
  utimesSync(path, at, at);
  return path;
};
const refresh = (path: string, exit = 0) => house.json("ops1", any, ["lists", "refresh", "own", "--file", path], exit);
const state = async (): Promise<string | undefined> =>
  (await house.json("ops1", View, ["lists", "show", "own"]))[0]?.state;

it("clears nobody before the list is there, takes it in from a file once, and tells its age, rows and hash", async () => {
  expect((await house.run("ops1", ["lists", "refresh", "own", "--file", written(1)])).exit).toBe(2);
  await house.json("ops1", any, ["lists", "set", "own", "--title", "Synthetic block list", "--format", "own-csv"]);
  expect(await state()).toBe("never fetched: nobody is cleared");
  const path = written(40);
  expect(await refresh(path)).toMatchObject({ status: "current", version: 1, rows: 40, added: 40 });
  expect(await refresh(path)).toMatchObject({ status: "unchanged", version: 1 });
  const [view] = await house.json("ops1", View, ["lists", "show", "own"]);
  expect(view).toMatchObject({ usable: true, rows: 40, ageHours: 0, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect((await house.run("ops1", ["lists", "show"])).out).toContain("in use");
});

it("does not use a file of yesterday, one without rows, or one that shrank until two people have accepted it", async () => {
  expect(await refresh(written(41, 30), 3)).toMatchObject({ status: "refused", reason: "old" });
  expect(await refresh(written(0), 3)).toMatchObject({ status: "refused", reason: "empty" });
  const held = await house.json(
    "ops1",
    z.looseObject({ versionId: z.string() }),
    ["lists", "refresh", "own", "--file", written(37)],
    3,
  );
  expect(held).toMatchObject({ status: "held", reason: "shrunken" });
  expect(await state()).toBe("in use; a shrunken version waits for two people");
  const accept = ["lists", "accept", held.versionId, "--reason", "seen with the publisher"];
  expect(await house.json("ops1", any, accept)).toMatchObject({ status: "held", accepted: 1 });
  expect((await house.run("ops1", accept)).exit).toBe(3);
  expect(await house.json("pm1", any, accept)).toMatchObject({ status: "current", accepted: 2, rows: 37 });
  expect(await state()).toBe("in use");
});

it("says that nobody is cleared on a list that has grown too old", async () => {
  await house.db.look(
    "update watchlist_versions set fetched_at = now() - interval '25 hours' where status = 'current' returning 1",
  );
  expect(await state()).toBe("too old: nobody is cleared");
});

it("asks for a fetch only where there is an address, and sets a public one only when told", async () => {
  expect((await house.run("ops1", ["lists", "refresh", "own"])).exit).toBe(3);
  await house.json("ops1", any, ["lists", "set", "un", "--public"]);
  const [un] = await house.json("ops1", View, ["lists", "show", "un"]);
  expect(un).toMatchObject({ format: "un-xml", address: expect.stringContaining("scsanctions.un.org") });
  expect(await house.json("ops1", z.looseObject({ lists: z.array(any) }), ["lists", "refresh"])).toMatchObject({
    lists: [{ source: "un", status: "asked for" }],
  });
  expect((await house.run("lp1", ["lists", "show"])).out).not.toContain("un-xml");
});
