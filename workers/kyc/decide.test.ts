// Whose evidence is complete: a table per classification, the dates that do not count, and that no evidence value ever leaves the decision.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REQUIRED_EVIDENCE, review } from "./decide.ts";

const TODAY = "2026-11-21";
const applicant = (classification: string, evidence: Record<string, unknown>) => ({
  pendingId: "p",
  classification,
  status: "submitted",
  evidence,
  investorId: undefined,
});
const all = (classification: string, date = "2026-01-02") =>
  Object.fromEntries(REQUIRED_EVIDENCE[classification]!.map((kind) => [kind, date]));

describe.each(Object.keys(REQUIRED_EVIDENCE))("%s", (classification) => {
  it("is assigned when every kind is there", () => {
    expect(review(applicant(classification, all(classification)), TODAY)).toEqual({
      outcome: "assign",
      classification,
    });
  });
  it.each(REQUIRED_EVIDENCE[classification]!)("is asked for %s when it is missing", (kind) => {
    const { [kind]: _gone, ...rest } = all(classification);
    expect(review(applicant(classification, rest), TODAY)).toEqual({ outcome: "ask", missing: [kind] });
  });
  it("is asked for everything, in the order of the table, when nothing is there", () => {
    expect(review(applicant(classification, {}), TODAY)).toEqual({
      outcome: "ask",
      missing: [...REQUIRED_EVIDENCE[classification]!],
    });
  });
});

describe("a date", () => {
  it.each<[unknown, boolean]>([
    ["2026-11-21", true],
    ["1990-01-01", true],
    ["2026-11-22", false],
    ["21.11.2026", false],
    ["2026-11-21T00:00:00Z", false],
    ["yes", false],
    ["", false],
    [true, false],
    [20261121, false],
    [null, false],
    [{ date: "2026-11-21" }, false],
  ])("%j counts: %s", (given, counts) => {
    const verdict = review(applicant("professional", { ...all("professional"), identity_document: given }), TODAY);
    expect(verdict.outcome).toBe(counts ? "assign" : "ask");
  });
});

it("refuses a classification it does not know with EG400, also one that every object has", () => {
  for (const name of ["expert", "", "constructor", "toString"])
    expect(() => review(applicant(name, {}), TODAY)).toThrow(expect.objectContaining({ code: "EG400" }));
});

it("answers kinds only, never a value of the evidence", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(REQUIRED_EVIDENCE)),
      fc.dictionary(fc.constantFrom("identity_document", "address_proof", "passport number"), fc.uuid()),
      (classification, evidence) => {
        const answer = JSON.stringify(review(applicant(classification, evidence), TODAY));
        for (const value of Object.values(evidence)) expect(answer).not.toContain(value);
      },
    ),
  );
});

describe("an applicant whom operations assigned meanwhile", () => {
  it("stays assigned whatever the evidence", () => {
    const assigned = { ...applicant("professional", {}), status: "assigned", investorId: "i" };
    expect(review(assigned, TODAY)).toEqual({ outcome: "assign", classification: "professional" });
  });
});
