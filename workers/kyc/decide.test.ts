// Who may be cleared: the policy row by row, ages and expiries, owners by graph, the gates in their order, and that no evidence value ever leaves the decision.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLASSIFICATIONS, parseKycPolicy, STATED_KINDS } from "@evergreen-fund/domain/policies/index.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { review } from "./decide.ts";
import type { Applicant } from "./facts.ts";

const TODAY = "2026-11-21";
const POLICY = parseKycPolicy(readFileSync(join(import.meta.dirname, "../../policies/kyc/onboarding.yaml"), "utf8"));
const RECENT = "2026-11-01";
type Kind = Applicant["parties"][number]["kind"];
type Given = Record<string, string | { on: string; expires: string }>;

const evidenceOf = (party_id: string, given: Given): Applicant["evidence"] =>
  Object.entries(given).map(([kind, value]) =>
    typeof value === "string" ? { party_id, kind, on: value, expires: null } : { party_id, kind, ...value },
  );
const applicant = (
  kind: Kind,
  classification: string,
  given: Given = {},
  change: Partial<Applicant> = {},
): Applicant => ({
  pending_id: "a",
  classification,
  status: "submitted",
  asked: [],
  investor_id: null,
  party_id: "root",
  policy: { version: 1, body: POLICY },
  parties: [{ party_id: "root", kind, code: "PY-0000000001" }],
  links: [],
  evidence: evidenceOf("root", given),
  case_stands: false,
  screening: "none",
  unasked: [],
  past_true_match: false,
  high_risk_country: false,
  investors: 0,
  ...change,
});
const owed = (kind: (typeof STATED_KINDS)[number], classification: (typeof CLASSIFICATIONS)[number]): string[] =>
  POLICY.requirements[classification]![kind]!;
const all = (kinds: readonly string[]): Given => Object.fromEntries(kinds.map((kind) => [kind, RECENT]));
/** The owner of everything, with the paper an owner owes. */
const owned = (given: Given, kind: Kind = "company", change: Partial<Applicant> = {}): Applicant =>
  applicant(
    kind,
    "professional",
    {},
    {
      parties: [
        { party_id: "root", kind, code: "PY-0000000001" },
        { party_id: "ada", kind: "natural_person", code: "PY-00000000AA" },
      ],
      links: [{ owner: "ada", owned: "root", kind: "ownership", share: "1" }],
      evidence: [...evidenceOf("root", given), ...evidenceOf("ada", { identity_document: RECENT })],
      ...change,
    },
  );

describe.each(CLASSIFICATIONS)("a natural person, %s", (classification) => {
  const kinds = owed("natural_person", classification);
  it("is cleared when every kind is there", () => {
    expect(review(applicant("natural_person", classification, all(kinds)), TODAY)).toMatchObject({
      outcome: "assign",
      classification,
      level: "low",
      nextReview: "2031-11-21",
    });
  });
  it.each(kinds)("is asked for %s alone when it is missing", (kind) => {
    const { [kind]: _gone, ...rest } = all(kinds);
    expect(review(applicant("natural_person", classification, rest), TODAY)).toEqual({
      outcome: "ask",
      gate: POLICY.evidence[kind]!.gate,
      missing: [kind],
    });
  });
  it("is asked for everything in the order of the policy, beginning at the first gate", () => {
    expect(review(applicant("natural_person", classification), TODAY)).toEqual({
      outcome: "ask",
      gate: "identity",
      missing: [...kinds],
    });
  });
});

it.each(
  CLASSIFICATIONS.flatMap((classification) =>
    STATED_KINDS.filter((kind) => kind !== "natural_person").map((kind) => [classification, kind] as const),
  ),
)("%s × %s: asked for exactly what the policy says, and who stands behind it", (classification, kind) => {
  expect(review(applicant(kind, classification), TODAY)).toMatchObject({
    outcome: "ask",
    missing: [...owed(kind, classification), "beneficial_owners@PY-0000000001"],
  });
});

describe("a date", () => {
  const of = (identity_document: Given[string]) =>
    review(
      applicant("natural_person", "professional", {
        ...all(owed("natural_person", "professional")),
        identity_document,
      }),
      TODAY,
    );
  it("of tomorrow does not count", () => expect(of("2026-11-22")).toMatchObject({ missing: ["identity_document"] }));
  it("of today counts", () => expect(of(TODAY)).toMatchObject({ outcome: "assign" }));
  it("older than the policy lets it be is named as too old", () => {
    expect(of("2010-01-01")).toMatchObject({ missing: ["identity_document:too_old"] });
    // the last day that counts, and the day before it
    expect(of("2016-11-23")).toMatchObject({ outcome: "assign" });
    expect(of("2016-11-22")).toMatchObject({ missing: ["identity_document:too_old"] });
  });
  it("of a document that ran out is named as expired, and its last day still counts", () => {
    expect(of({ on: RECENT, expires: "2026-11-20" })).toMatchObject({ missing: ["identity_document:expired"] });
    expect(of({ on: RECENT, expires: TODAY })).toMatchObject({ outcome: "assign", nextReview: TODAY });
  });
  it("on which a document runs out is the next review (R51)", () => {
    expect(of({ on: RECENT, expires: "2027-03-01" })).toMatchObject({ nextReview: "2027-03-01" });
  });
});

describe("who stands behind", () => {
  const papers = all(owed("company", "professional"));
  it("a company owes the owner's identity, by the owner's code", () => {
    const facts = owned(papers);
    expect(review(facts, TODAY)).toMatchObject({ outcome: "assign" });
    expect(review({ ...facts, evidence: evidenceOf("root", papers) }, TODAY)).toEqual({
      outcome: "ask",
      gate: "identity",
      missing: ["identity_document@PY-00000000AA"],
    });
  });
  it("somebody below a quarter owes nothing, and the rest nobody knows of makes it a risk", () => {
    const facts = owned(papers, "company", {
      links: [{ owner: "ada", owned: "root", kind: "ownership", share: "0.249999999999999999" }],
      evidence: evidenceOf("root", papers),
    });
    expect(review(facts, TODAY)).toMatchObject({ outcome: "assign", level: "medium", score: 20 });
  });
  it("a trust is a risk whose every part is an owner", () => {
    const trust = all(owed("trust", "professional"));
    const facts = owned(trust, "trust", {
      links: [{ owner: "ada", owned: "root", kind: "beneficiary", share: null }],
    });
    expect(review(facts, TODAY)).toMatchObject({ outcome: "assign", score: 20, level: "low" });
    expect(review({ ...facts, evidence: evidenceOf("root", trust) }, TODAY)).toMatchObject({
      missing: ["identity_document@PY-00000000AA"],
    });
  });
});

describe("the gates", () => {
  const kinds = owed("natural_person", "retail");
  const without = (...gone: string[]) => all(kinds.filter((kind) => !gone.includes(kind)));
  it.each<[string, Given, Partial<Applicant>, unknown]>([
    [
      "identity before a case",
      without("identity_document"),
      { case_stands: true },
      { outcome: "ask", gate: "identity" },
    ],
    [
      "a case before the source of funds",
      without("source_of_funds"),
      { case_stands: true },
      { outcome: "wait", gate: "screening" },
    ],
    [
      "source of funds before suitability",
      without("source_of_funds", "suitability_test"),
      {},
      { outcome: "ask", gate: "source_of_funds" },
    ],
    [
      "suitability before the cap",
      without("suitability_test"),
      { investors: 9 },
      { outcome: "ask", gate: "suitability" },
    ],
    ["the cap last", all(kinds), { investors: 9 }, { outcome: "wait", gate: "cap" }],
  ])("%s", (_what, given, change, verdict) => {
    const policy = { version: 2, body: { ...POLICY, caps: { investors: 9 } } };
    expect(review(applicant("natural_person", "retail", given, { policy, ...change }), TODAY)).toMatchObject(
      verdict as object,
    );
  });
  it("do not count an investor who is already in against the cap", () => {
    const policy = { version: 2, body: { ...POLICY, caps: { investors: 9 } } };
    expect(
      review(applicant("natural_person", "retail", all(kinds), { policy, investors: 9, investor_id: "i" }), TODAY),
    ).toMatchObject({ outcome: "assign" });
  });
});

describe("screening", () => {
  const papers = all(owed("natural_person", "professional"));
  it.each<[Applicant["screening"], string]>([
    ["none", "assign"],
    ["clear", "assign"],
    ["unscreened", "wait"],
    ["open", "wait"],
    ["refused", "wait"],
  ])("%s: %s", (screening, outcome) => {
    expect(review(applicant("natural_person", "professional", papers, { screening }), TODAY)).toMatchObject({
      outcome,
    });
  });
  it("is asked for once the papers of identity and classification are there, for whom nobody asked before", () => {
    const facts = { screening: "unscreened", unasked: ["root", "x"] } as const;
    const change = { ...facts, unasked: [...facts.unasked] };
    expect(review(applicant("natural_person", "professional", papers, change), TODAY)).toEqual({
      outcome: "wait",
      gate: "screening",
      screen: ["root", "x"],
    });
    expect(review(applicant("natural_person", "professional", {}, change), TODAY)).toMatchObject({ outcome: "ask" });
  });
});

it("asks for what was asked beside the policy until it is there", () => {
  const papers = all(owed("natural_person", "professional"));
  const asked = { asked: ["identity_details"] };
  expect(review(applicant("natural_person", "professional", papers, asked), TODAY)).toMatchObject({
    missing: ["identity_details"],
  });
  expect(
    review(applicant("natural_person", "professional", { ...papers, identity_details: RECENT }, asked), TODAY),
  ).toMatchObject({ outcome: "assign" });
});

it("asks what kind of party it is before anything else", () => {
  expect(review(applicant("unstated", "retail"), TODAY)).toEqual({
    outcome: "ask",
    gate: "identity",
    missing: ["party_kind"],
  });
});

it("a true match of the past is high risk and looked at every year (R56, R51)", () => {
  const papers = all(owed("natural_person", "professional"));
  expect(review(applicant("natural_person", "professional", papers, { past_true_match: true }), TODAY)).toMatchObject({
    level: "high",
    nextReview: "2027-11-21",
  });
});

it("refuses a classification it does not know with EG400, also one that every object has", () => {
  for (const name of ["expert", "", "constructor", "toString"])
    expect(() => review(applicant("natural_person", name), TODAY)).toThrow(expect.objectContaining({ code: "EG400" }));
});

it("answers kinds and codes only, never an id or a value", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CLASSIFICATIONS),
      fc.constantFrom(...STATED_KINDS),
      fc.dictionary(fc.constantFrom("identity_document", "address_proof", "passport number"), fc.uuid()),
      (classification, kind, evidence) => {
        const answer = JSON.stringify(review(applicant(kind, classification, evidence), TODAY));
        for (const value of Object.values(evidence)) expect(answer).not.toContain(value);
      },
    ),
  );
});

it("an applicant whom operations assigned meanwhile stays assigned whatever the evidence", () => {
  expect(
    review(applicant("unstated", "professional", {}, { status: "assigned", investor_id: "i" }), TODAY),
  ).toMatchObject({ outcome: "assign", classification: "professional" });
});
