// A pack of a fund with a closed dealing day, approvals and a sealed trail: made twice it is the same bytes, verified offline it holds, and every kind of
// tampering with every member is found and named.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EVIDENCE, sourceOfBytes, verifyEvidence } from "@evergreen-fund/evidence";
import { bumped, forged, replaced, type Texts, textsOf } from "@evergreen-fund/evidence/test-pack.ts";
import { agent, PM_ONE, SERVICE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { dayAt, dealingDatabase } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { approvedProposal } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openDoor } from "../test-house.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-evidence-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const db = await dealingDatabase();
const door = await openDoor(db.database.urlFor("evergreen_api"), (sql, values) => db.look(sql, values), {
  environment: { EVERGREEN_HOME: home, DATABASE_URL: db.database.urlFor("evergreen_app") },
});
const day = await dayAt(db, "closed");
await dayAt(db, "closed"); // of another fund
const { proposalId } = await approvedProposal(db, { fund: day.fund });
await db.call(agent("rebalancing"), "fn_apply_allocations", { proposal_id: proposalId });
await db.settled();
await db.call(SERVICE, "fn_seal_audit");

const today = new Date().toISOString().slice(0, 10);
const Packed = z.looseObject({
  file: z.string(),
  sha256: z.string(),
  rows: z.number(),
  dealingDates: z.array(z.string()),
});
const words = (out: string, from = "2026-01-01") => [
  "evidence",
  "pack",
  "--fund",
  day.fund.code,
  "--from",
  from,
  "--to",
  today,
  "--out",
  out,
];
const first = join(home, "first.zip");
const packed = await door.json("audit1", Packed, words(first));
const pack = new Uint8Array(readFileSync(first));
const texts = textsOf(pack);
const verdictOf = (bytes: Uint8Array, sha256?: string) => verifyEvidence(sourceOfBytes(bytes), sha256);
const memberWith = (change: (texts: Texts) => void): Texts => {
  const copy = new Map(texts);
  change(copy);
  return copy;
};

describe("a pack", () => {
  it("holds, has every member, and is the same bytes when it is made again", async () => {
    expect(verdictOf(pack, packed.sha256)).toMatchObject({ ok: true, findings: [], fund: day.fund.code });
    expect([...texts.keys()]).toEqual(expect.arrayContaining(Object.values(EVIDENCE).map(({ member }) => member)));
    expect(packed.dealingDates).toHaveLength(1);
    const second = join(home, "second.zip");
    expect((await door.json("audit1", Packed, words(second))).sha256).toBe(packed.sha256);
    expect(readFileSync(second).equals(Buffer.from(pack))).toBe(true);
    expect(statSync(first).mode & 0o077).toBe(0);
  });

  it("has the rows of its fund and of no other", () => {
    for (const [table, { member, of }] of Object.entries(EVIDENCE)) {
      const lines = (texts.get(member) ?? "").split("\n").filter((line) => line !== "");
      if (of === "fund") for (const line of lines) expect(JSON.parse(line).fund_id, table).toBe(day.fund.fundId);
    }
    for (const full of [
      "events/fund_events",
      "dealing/allocations",
      "ledger/unit_ledger",
      "approvals/approvals",
      "audit/audit_trail",
      "valuation/nav_inputs",
    ])
      expect(texts.get(`${full}.jsonl`)?.length, full).toBeGreaterThan(100);
  });

  it("has no personal data: no holder, no account, no file, no login's address", async () => {
    const whole = Buffer.from(pack).toString("utf8");
    for (const { word } of await db.look<{ word: string }>(
      "select email as word from auth.users union select account from bank_accounts where account is not null union select holder from bank_accounts where holder is not null",
    ))
      expect(whole.includes(word), word).toBe(false);
  });

  it("of a period in which nothing happened is empty and holds", async () => {
    const out = join(home, "empty.zip");
    const { rows } = await door.json("audit1", Packed, [
      "evidence",
      "pack",
      "--fund",
      day.fund.code,
      "--from",
      "2020-01-01",
      "--to",
      "2020-01-31",
      "--out",
      out,
    ]);
    const verdict = verdictOf(new Uint8Array(readFileSync(out)));
    expect(verdict).toMatchObject({ ok: true, rows });
  });

  it("waits until what it would show is sealed", async () => {
    await db.call(PM_ONE, "fn_set_mandate", { fund: day.fund.code, mandate: { sleeves: [] } });
    const refused = await door.run("audit1", words(join(home, "early.zip")));
    expect([refused.exit, refused.err]).toEqual([3, expect.stringContaining("EG428")]);
    await db.settled();
    await db.call(SERVICE, "fn_seal_audit");
    expect((await door.run("audit1", words(join(home, "later.zip")))).exit).toBe(0);
  });

  it("is for staff only, of a period that has begun", async () => {
    expect((await door.run("lp1", words(join(home, "lp.zip")))).exit).not.toBe(0);
    expect(
      (
        await door.run("audit1", [
          "evidence",
          "pack",
          "--fund",
          day.fund.code,
          "--from",
          "2026-01-01",
          "--to",
          "2999-01-01",
        ])
      ).exit,
    ).toBe(2);
    expect(
      (
        await door.run("audit1", [
          "evidence",
          "pack",
          "--fund",
          day.fund.code,
          "--from",
          "2026-02-01",
          "--to",
          "2026-01-01",
        ])
      ).exit,
    ).toBe(2);
  });
});

describe("verify by command line", () => {
  it("needs nobody signed in, says what holds, and exits 1 with the member's name when it does not", async () => {
    const good = await door.run("lp1", ["evidence", "verify", first, "--sha256", packed.sha256]);
    expect([good.exit, good.out]).toEqual([0, expect.stringContaining("✓ holds")]);
    const bad = join(home, "bad.zip");
    writeFileSync(
      bad,
      await forged(
        memberWith((t) =>
          t.set("audit/audit_trail.jsonl", (t.get("audit/audit_trail.jsonl") ?? "").replace(/^.*\n/, "")),
        ),
      ),
    );
    const found = await door.run("lp1", ["evidence", "verify", bad]);
    expect(found.exit).toBe(1);
    expect(found.out).toMatch(/audit entries +audit\/audit_trail\.jsonl/);
  });
  it("refuses what is no file and no hash", async () => {
    expect((await door.run("lp1", ["evidence", "verify", join(home, "none.zip")])).exit).toBe(2);
    expect((await door.run("lp1", ["evidence", "verify", home])).exit).toBe(2);
    expect((await door.run("lp1", ["evidence", "verify", first, "--sha256", "x"])).exit).toBe(2);
  });
});

/** Line by line, what can be done to a list of rows. */
const LINES: Record<string, (lines: string[]) => string[]> = {
  dropped: (lines) => lines.slice(1),
  "added twice": (lines) => [...lines, lines.at(-1) ?? ""],
  swapped: ([a = "", b = "", ...rest]) => [b, a, ...rest],
  changed: ([a = "", ...rest]) => [a.replace(/}$/, ', "more": 1}'), ...rest],
};
const manyLines = (name: string): string[] => (texts.get(name) ?? "").split("\n").slice(0, -1);
const listed = [...texts.keys()].filter((name) => name.endsWith(".jsonl") && manyLines(name).length > 1);

describe.each(listed)("%s", (name) => {
  it.each(Object.keys(LINES))("a row that is %s is found, and the member named", async (how) => {
    const changed = (LINES[how]?.(manyLines(name)) ?? []).join("\n");
    const other = memberWith((t) => t.set(name, changed));
    // who keeps the old manifest
    const kept = verdictOf(replaced(await forged(other), texts.get("manifest.json") ?? ""));
    expect(kept.findings.map(({ member }) => member)).toContain(name);
    // who makes the manifest anew is found by the hash that was noted
    const remade = verdictOf(await forged(other), packed.sha256);
    expect(remade.findings.map(({ check }) => check)).toContain("manifest");
  });
});

describe("a forger who makes the manifest anew and whose hash nobody noted", () => {
  const cases: [what: string, member: string, check: string, change: (text: string) => string][] = [
    [
      "an audit entry edited",
      "audit/audit_trail.jsonl",
      "audit entries",
      (text) => text.replace(/"message": "/, '"message": "not '),
    ],
    ["an audit entry taken out", "audit/audit_trail.jsonl", "audit entries", (text) => text.replace(/^.*\n/, "")],
    [
      "the last audit entry taken out",
      "audit/audit_trail.jsonl",
      "audit entries",
      (text) => text.replace(/[^\n]*\n$/, ""),
    ],
    [
      "a block edited",
      "audit/audit_blocks.jsonl",
      "audit chain",
      (text) => bumped(text, /"digests": "\\\\x[0-9a-f]+"/),
    ],
    ["a block taken out", "audit/audit_blocks.jsonl", "audit entries", (text) => text.replace(/^.*\n/, "")],
    [
      "another body of a proposal",
      "approvals/proposals.jsonl",
      "approvals",
      (text) => text.replace(/"body": \{/, '"body": {"more": 1, '),
    ],
    [
      "another expiry of a proposal",
      "approvals/proposals.jsonl",
      "approvals",
      (text) => bumped(text, /"expires_at": "\d{4}/),
    ],
    [
      "an approval of another hash",
      "approvals/approvals.jsonl",
      "approvals",
      (text) => bumped(text, /"proposal_hash": "[0-9a-f]+"/),
    ],
    [
      "an approval by who asked",
      "approvals/approvals.jsonl",
      "approvals",
      (text) => text.replace(/"decided_by": "[^"]+"/, `"decided_by": "${requester()}"`),
    ],
    [
      "an approval taken out",
      "approvals/approvals.jsonl",
      "approvals",
      (text) =>
        text
          .replace(manyLines("approvals/approvals.jsonl").find((line) => line.includes(navProposal())) ?? "?", "")
          .replace(/^\n/m, ""),
    ],
    [
      "fewer people than a NAV takes",
      "approvals/proposals.jsonl",
      "approvals",
      (text) => text.replace(/"approvals_needed": 2/, '"approvals_needed": 1'),
    ],
    [
      "a fill of a dealing date",
      `deals/${packed.dealingDates[0]}.json`,
      "dealing dates",
      (text) => text.replace(/"filledUnits":"(\d+)/, (_, n) => `"filledUnits":"${Number(n) + 1}`),
    ],
  ];
  const navProposal = (): string =>
    manyLines("approvals/proposals.jsonl")
      .map((line) => JSON.parse(line) as { proposal_id: string; kind: string })
      .find(({ kind }) => kind === "nav")?.proposal_id ?? "?";
  const requester = (): string => {
    const approval = JSON.parse(manyLines("approvals/approvals.jsonl")[0] ?? "{}") as { proposal_id: string };
    const proposal = manyLines("approvals/proposals.jsonl")
      .map((line) => JSON.parse(line) as { proposal_id: string; requested_by: string })
      .find(({ proposal_id }) => proposal_id === approval.proposal_id);
    return (proposal?.requested_by ?? "").replace(/^user:/, "");
  };
  it.each(cases)("%s is found by what is in the pack itself", async (_what, member, check, change) => {
    const changed = change(texts.get(member) ?? "");
    expect(changed).not.toBe(texts.get(member));
    const { findings } = verdictOf(await forged(memberWith((t) => t.set(member, changed))));
    expect(findings.map((finding) => finding.check)).toContain(check);
  });

  it("a member taken out or put in is found", async () => {
    const gone = verdictOf(await forged(memberWith((t) => t.delete("dealing/allocations.jsonl"))));
    expect(gone.findings).toContainEqual(expect.objectContaining({ member: "dealing/allocations.jsonl" }));
    const more = replaced(
      await forged(memberWith((t) => t.set("zz/more.json", "{}"))),
      texts.get("manifest.json") ?? "",
    );
    expect(verdictOf(more).findings).toContainEqual({
      check: "members",
      member: "zz/more.json",
      says: expect.any(String),
    });
  });
});
