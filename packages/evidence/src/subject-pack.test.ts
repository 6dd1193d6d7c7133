// An export of a synthetic person: it verifies, says everything in plain words, renders hostile text harmless, and each kind of tampering is named.
import { expect, it } from "vitest";
import { type SubjectExport, subjectPack } from "./subject-pack.ts";
import { SUBJECT_PARTS } from "./subject-tables.ts";
import { forged, textsOf } from "./test-pack.ts";
import { verifyEvidence } from "./verify.ts";
import { sourceOfBytes } from "./zip-reader.ts";

const SUBJECT = "2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f";
const DOCUMENT = "3f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f";
const own = ["parties", "subject_keys", "personal_values", "party_evidence", "subject_tombstones", "investors"];
const records = Object.fromEntries(
  Object.keys(SUBJECT_PARTS)
    .filter((table) => ![...own, "personal_accesses", "audit_trail", "documents"].includes(table))
    .map((table) => [table, [] as Record<string, unknown>[]]),
);
const synthetic = (): SubjectExport => ({
  subject: { subject_id: SUBJECT, state: "active" },
  values: [
    { value_id: "b", field: "name", value: "<script>alert(1)</script> \u202eSynthetic" },
    { value_id: "a", field: "alias", value: ["J. S.", "Jane"] },
  ],
  documents: [
    { document_id: DOCUMENT, content_type: "image/png", kind: "identity_document", content: "AAECAw==" },
    { document_id: SUBJECT, content_type: "application/pdf", kind: "identity_document", content: null },
  ],
  accesses: [{ access_id: "x", what: "export", accessed_by: "user:1" }],
  party: { party_id: SUBJECT, code: "P-1" },
  investors: [],
  evidence: [],
  changes: [
    { tx: "10", seq: "2", message: "later" },
    { tx: "9", seq: "3", message: "sooner" },
  ],
  tombstone: null,
  records: { ...records, fund_flows: [{ flow_id: "f", amount: "1000000.0000" }] },
});
const pack = await subjectPack(synthetic(), "2026-11-22T12:00:00.000Z");
const texts = textsOf(pack);
const checks = (bytes: Uint8Array, sha256?: string) =>
  verifyEvidence(sourceOfBytes(bytes), sha256).findings.map(({ check }) => check);

it("holds, is of that person, has every part and the same bytes when it is made again", async () => {
  const verdict = verifyEvidence(sourceOfBytes(pack));
  expect(verdict).toMatchObject({ ok: true, findings: [], subject: SUBJECT, fund: null, rows: 10 });
  expect([...texts.keys()]).toEqual(expect.arrayContaining(Object.values(SUBJECT_PARTS).map(({ member }) => member)));
  expect(texts.get("history/audit_trail.jsonl")).toMatch(/sooner[\s\S]*later/);
  expect(Buffer.from(await subjectPack(synthetic(), "2026-11-22T12:00:00.000Z")).equals(Buffer.from(pack))).toBe(true);
  expect(verifyEvidence(sourceOfBytes(pack), "0".repeat(64)).ok).toBe(false);
});

it("shows all of it on one page, in plain words and without a script", () => {
  const page = texts.get("index.html") ?? "";
  expect(page).toContain("Your orders");
  expect(page).toContain("1000000.0000");
  expect(page).toContain("J. S.; Jane");
  expect(page).toContain("&#60;script&#62;alert(1)&#60;/script&#62;");
  expect(page).not.toMatch(/<script|\u202e/);
  expect(page).toContain("does not let us say");
});

it.each<[what: string, check: string, member: string, change: (text: string) => string]>([
  ["a file that was exchanged", "documents", `documents/${DOCUMENT}.png`, () => "other"],
  [
    "a document that is not listed",
    "documents",
    "documents/documents.jsonl",
    (text) => text.replace(/^.*png.*\n/m, ""),
  ],
  ["a row that is there twice", "rows", "orders/fund_flows.jsonl", (text) => text + text],
  ["a row that is none", "rows", "about/personal_values.jsonl", (text) => text.replace("{", "[")],
])("%s is found although the manifest was made anew", async (_what, check, member, change) => {
  const changed = change(texts.get(member) ?? "");
  expect(changed).not.toBe(texts.get(member));
  expect(checks(await forged(new Map([...texts, [member, changed]])))).toContain(check);
});

it("a pack that says it is of both a fund and a person is none", async () => {
  const manifest = JSON.parse(texts.get("manifest.json") ?? "{}") as object;
  const both = JSON.stringify({ ...manifest, fund: { fundId: SUBJECT, code: "X" } });
  expect(checks(await forged(new Map([...texts, ["manifest.json", both]])))).toContain("manifest");
});
