// A home is written to by one turn at a time; a process may keep it between two turns, and gives it up when another process asks or when time is over.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openFile } from "./file.ts";
import { holding, letRest } from "./hold.ts";
import { type AnalyticsHome, makeHome } from "./home.ts";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const LONG = 600_000;

let home: string;
let paths: AnalyticsHome;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "evergreen-hold-"));
  paths = await makeHome(home);
});
afterAll(async () => {
  letRest(paths);
  await rm(home, { recursive: true, force: true });
});

const addRow = (keepFor?: number) =>
  holding(
    paths,
    async (work) => {
      await work.run("create table if not exists kept_open (n integer); insert into kept_open values (1); checkpoint");
      return work;
    },
    keepFor,
  );
const isFree = () =>
  openFile(paths.lock).then(
    (lock) => {
      lock.close();
      return true;
    },
    () => false,
  );

it("is closed after a turn, or kept open for the next one of this process", async () => {
  const first = await addRow();
  expect(await isFree()).toBe(true);
  const second = await addRow(LONG);
  expect(second).not.toBe(first);
  expect([await isFree(), existsSync(paths.resting)]).toEqual([false, true]);
  expect(await addRow(LONG)).toBe(second);
});

it("is refused while a turn is under way, also one that began with a kept file", async () => {
  await holding(
    paths,
    async () => {
      expect(existsSync(paths.resting)).toBe(false);
      await expect(addRow()).rejects.toMatchObject({ code: "EG428" });
    },
    LONG,
  );
  expect(await isFree()).toBe(false);
});

it("is given up when another process asks, which finds what was written", async () => {
  expect(await isFree()).toBe(false);
  const child = join(import.meta.dirname, "test-hold-child.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", TSX, child, home]);
  expect(JSON.parse(stdout)).toEqual([{ rows: 3 }]);
  expect([await isFree(), existsSync(paths.resting)]).toEqual([true, false]);
});

it("is given up after its time, after a turn that failed, and when it was removed and made anew", async () => {
  await addRow(1);
  await expect.poll(isFree).toBe(true);
  await addRow(LONG);
  const failing = holding(paths, () => Promise.reject(new Error("no")), LONG);
  await expect(failing).rejects.toThrow("no");
  expect([await isFree(), existsSync(paths.resting)]).toEqual([true, false]);
  await addRow(LONG);
  await rm(paths.folder, { recursive: true });
  await makeHome(home);
  const work = await addRow(LONG);
  expect(await work.rows("select count(*)::int as rows from kept_open")).toEqual([{ rows: 1 }]);
});
