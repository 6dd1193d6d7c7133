// Packs that auditors ask for: one at a time, with what is being written, kept for a while and then removed.

import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { expect, it, onTestFinished, vi } from "vitest";
import { type EvidenceMaker, evidenceJobs, type MadePack, readAsked } from "./evidence-jobs.ts";
import { openEvidenceShelf } from "./evidence-shelf.ts";

const ASKED = { fund: "DEMO", from: "2026-10-01", to: "2026-10-31" };
const PACK: MadePack = {
  path: "/nowhere/pack.zip",
  name: "evidence-DEMO.zip",
  sha256: "a".repeat(64),
  fileSha256: "b".repeat(64),
  bytes: 10,
  rows: 1,
  dealingDates: 0,
};

function held() {
  const removed: string[] = [];
  let end: { made(pack: MadePack): void; failed(error: Error): void; say(line: string): void } | undefined;
  const maker: EvidenceMaker = {
    make: (_asked, token, say) =>
      new Promise((resolve, reject) => {
        expect(token).toBe("token");
        end = { made: resolve, failed: reject, say };
      }),
    remove: async (path) => void removed.push(path),
  };
  return { maker, removed, end: () => end! };
}

it("makes one at a time, and says what is being written", async () => {
  const { maker, end } = held();
  const jobs = evidenceJobs(maker);
  const id = jobs.ask(ASKED, "token") ?? "";
  expect(jobs.ask(ASKED, "token")).toBeUndefined();
  end().say("events/fund_events: 12 rows");
  expect(jobs.find(id)).toMatchObject({ state: "making", said: "events/fund_events: 12 rows" });
  end().made(PACK);
  await vi.waitFor(() => expect(jobs.find(id)).toMatchObject({ state: "ready", sha256: PACK.sha256 }));
  expect(jobs.ask(ASKED, "token")).toBeDefined();
  expect(jobs.find("another")).toBeUndefined();
});

it("says why one was refused, and nothing of what nobody foresaw", async () => {
  const { maker, end } = held();
  const jobs = evidenceJobs(maker);
  const id = jobs.ask(ASKED, "token") ?? "";
  end().failed(new EvergreenError("EG428", "The audit trail is not sealed yet."));
  await vi.waitFor(() =>
    expect(jobs.find(id)).toMatchObject({ state: "failed", problem: "The audit trail is not sealed yet." }),
  );
  const other = jobs.ask(ASKED, "token") ?? "";
  end().failed(new Error("secret of the machine"));
  await vi.waitFor(() => expect(jobs.find(other)).toMatchObject({ state: "failed" }));
  expect(JSON.stringify(jobs.find(other))).not.toContain("secret");
});

it("outlives the gateway: what is ready is found again, and what was being made says that it is lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "evergreen-packs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const HOUR = 3_600_000;
  const shelf = openEvidenceShelf(folder, HOUR);
  const first = held();
  const jobs = evidenceJobs({ ...first.maker, shelf });
  const ready = jobs.ask(ASKED, "token") ?? "";
  first.end().made(PACK);
  await vi.waitFor(() => expect(jobs.find(ready)).toMatchObject({ state: "ready" }));
  const lost = jobs.ask(ASKED, "token") ?? "";
  // a pack whose maker died long ago, and one that is being written now
  writeFileSync(join(folder, "old.zip"), "");
  utimesSync(join(folder, "old.zip"), 0, 0);
  writeFileSync(join(folder, "new.zip"), "");
  writeFileSync(join(folder, "half.json"), '{"id": ');
  const next = held();
  const again = evidenceJobs({ ...next.maker, shelf });
  expect(again.find(ready)).toEqual(jobs.find(ready));
  expect(again.find(lost)).toMatchObject({ state: "failed", problem: expect.stringContaining("make it again") });
  // nothing is in the way of another one
  expect(again.ask(ASKED, "token")).toBeDefined();
  expect([existsSync(join(folder, "old.zip")), existsSync(join(folder, "new.zip"))]).toEqual([false, true]);
  // what is past its time leaves nothing behind
  const late = evidenceJobs({ ...held().maker, shelf }, -1);
  expect([late.find(ready), late.find(lost)]).toEqual([undefined, undefined]);
  expect(readdirSync(folder).filter((name) => name.startsWith(ready) || name.startsWith(lost))).toEqual([]);
});

it("removes what is past its time, with its file", async () => {
  const { maker, removed, end } = held();
  const jobs = evidenceJobs(maker, -1);
  const id = jobs.ask(ASKED, "token") ?? "";
  end().made(PACK);
  await vi.waitFor(() => expect(jobs.find(id)).toBeUndefined());
  expect(removed).toEqual([PACK.path]);
});

it.each([
  ["nothing", null],
  ["a path", { ...ASKED, fund: "../DEMO" }],
  ["an option", { ...ASKED, from: "--out" }],
  ["days backwards", { ...ASKED, from: "2026-11-01" }],
  ["more than is asked", { ...ASKED, out: "/etc/passwd" }],
])("refuses %s", (_what, given) => expect(() => readAsked(given)).toThrow(/A pack is of a fund/));
