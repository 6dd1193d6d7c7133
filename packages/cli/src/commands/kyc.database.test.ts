// Applications and cases by command line against a real database: a file with names goes in encrypted, what is missing is said exactly, cases are decided by two.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent } from "@evergreen-fund/prisma/tests/arrange.ts";
import { newCase, WHY } from "@evergreen-fund/prisma/tests/cases/party-cases.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";
import { missingText } from "./kyc.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-kyc-"));
const house = await openHouse({ EVERGREEN_HOME: folder });
const { db } = house;
const CANARY = "Aurelia Synthetica-Canary";
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const Row = z.looseObject({
  pendingId: z.string(),
  code: z.string(),
  status: z.string(),
  missing: z.array(z.string()),
  partyId: z.string(),
});
const APPLICATION = `
classification: professional
party:
  id: company
  kind: company
  personal: { name: "Holding of ${CANARY}" }
  evidence: { registry_extract: 2026-01-02 }
behind:
  - id: ada
    kind: natural_person
    personal: { name: "${CANARY}", born: "1971-02-03" }
    evidence:
      identity_document: { on: 2026-01-02, expires: 2031-05-04 }
links:
  - { owner: ada, owned: company, kind: ownership, share: "0.6" }
`;

it("an application goes in from a file, its names encrypted, and says what it lacks once it was reviewed", async () => {
  const path = file("application.yaml", APPLICATION);
  const made = await house.json("ops1", Row.extend({ parties: z.record(z.string(), z.string()) }), [
    "kyc",
    "submit",
    path,
    "--request-id",
    "application-1",
  ]);
  expect(Object.keys(made.parties).sort()).toEqual(["ada", "company"]);
  expect(made.partyId).toBe(made.parties.company);
  // given again it is the same application, not another one
  const again = await house.json("ops1", Row, ["kyc", "submit", path, "--request-id", "application-1"]);
  expect(again.pendingId).toBe(made.pendingId);
  expect(
    await db.look(
      "select l.share::text, e.kind, e.expires_on::text as until from party_links l join party_evidence e on e.party_id = l.owner_id where l.owned_id = $1",
      [made.partyId],
    ),
  ).toEqual([{ share: "0.600000000000000000", kind: "identity_document", until: "2031-05-04" }]);
  const [kept] = await db.look<{ n: number; text: string }>(
    "select count(*)::int as n, string_agg(v::text, ' ') as text from personal_values v where subject_id = any ($1)",
    [Object.values(made.parties)],
  );
  expect(kept?.n).toBe(3);
  expect(kept?.text).not.toContain("Canary");
  await db.call(agent("kyc"), "fn_ask_evidence", {
    pending_id: made.pendingId,
    missing: ["address_proof:too_old", "identity_document:expired@PY-0123456789"],
  });
  const status = await house.run("ops1", ["kyc", "status", made.code]);
  expect(status.out).toContain("address proof (is too old), identity document (has expired) of PY-0123456789");
  expect(status.out).not.toContain("Canary");
  const open = await house.json("ops1", z.array(Row), ["kyc", "status"]);
  expect(open.map(({ code }) => code)).toContain(made.code);
  const papers = file("papers.json", JSON.stringify({ address_proof: "2026-11-01" }));
  expect(
    await house.json("ops1", z.looseObject({ given: z.number() }), ["kyc", "resubmit", made.code, papers]),
  ).toMatchObject({
    given: 1,
  });
  const declined = ["kyc", "decide", made.code, "--decision", "decline", "--reason", "evidence_not_given"];
  expect(await house.json("ops1", Row, declined)).toMatchObject({ status: "declined", missing: [] });
});

it("a file that is wrong is refused by its place, with no word of what stood there", async () => {
  const wrong = file("wrong.yaml", APPLICATION.replace("kind: natural_person", `kind: "${CANARY}"`));
  const { exit, err } = await house.run("ops1", ["kyc", "submit", wrong]);
  expect(exit).toBe(2);
  expect(err).toContain("behind.0.kind");
  expect(err).not.toContain("Canary");
  const broken = await house.run("ops1", ["kyc", "submit", file("broken.yaml", `a: [${CANARY}`)]);
  expect([broken.exit, broken.err.includes("Canary")]).toEqual([2, false]);
});

it("the policy is shown, and set from the file that comes with the platform", async () => {
  const shown = await house.json("ops1", z.looseObject({ version: z.number() }), ["kyc", "policy"]);
  expect(shown.version).toBe(2);
  const set = [
    "kyc",
    "policy",
    join(import.meta.dirname, "../../../../policies/kyc/onboarding.yaml"),
    "--from",
    "2031-01-01",
  ];
  expect(await house.json("ops1", z.looseObject({ version: z.number() }), set)).toMatchObject({ version: 3 });
});

it("cases are queued, claimed, noted, shown side by side and decided by two people", async () => {
  const case_id = await newCase(db);
  const Listed = z.array(
    z.looseObject({ caseId: z.string(), code: z.string(), overdue: z.boolean(), undecided: z.number() }),
  );
  const [row] = (await house.json("ops1", Listed, ["cases", "list"])).filter(({ caseId }) => caseId === case_id);
  expect(row).toMatchObject({ overdue: false, undecided: 2 });
  const code = row?.code ?? "";
  expect((await house.run("ops1", ["cases", "claim", code])).exit).toBe(0);
  expect((await house.run("pm1", ["cases", "decide", code, "--verdict", "false_match", "--reason", WHY])).exit).toBe(3);
  expect((await house.run("ops1", ["cases", "note", code, "--text", "Asked the registrar."])).exit).toBe(0);
  const decide = (by: "ops1" | "pm1") =>
    house.json(by, z.looseObject({}), ["cases", "decide", code, "--verdict", "true_match", "--reason", WHY]);
  expect(await decide("ops1")).toMatchObject({ status: "in_review", waitingFor: "a second person" });
  expect(await decide("pm1")).toMatchObject({ status: "decided", outcome: "true_match" });
  const shown = (await house.run("ops1", ["cases", "show", code])).out;
  for (const words of ["ofac-sdn", "0.93", "Asked the registrar.", WHY, "decided: true match"])
    expect(shown).toContain(words);
  expect((await house.run("lp1", ["cases", "list"])).exit).toBe(4);
  expect(
    (
      await db.look(
        "select frozen_at is not null as yes from cases c join parties p using (party_id) where case_id = $1",
        [case_id],
      )
    )[0],
  ).toEqual({ yes: true });
});

it.each([
  ["address_proof", "address proof"],
  ["identity_document:expired", "identity document (has expired)"],
  ["beneficial_owners@PY-0123456789", "beneficial owners of PY-0123456789"],
])("%s reads %s", (code, words) => expect(missingText(code)).toBe(words));
