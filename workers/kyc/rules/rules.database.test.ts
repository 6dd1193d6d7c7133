// Rules about personal data in real rooms: KYC answers, the Sentinel judges by the answers, orders and applicants are approved, declined or put before a person,
// and no word of the data is in anything that is written. People are synthetic.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readPackText } from "@evergreen-fund/compliance-rules";
import type { PersonalFields } from "@evergreen-fund/personal-data";
import { beforeAll, describe, expect, it } from "vitest";
import { dealAhead, dealingFund, newInvestor, subscribe } from "../../tests/dealing-journeys.ts";
import { dealingRooms } from "../../tests/dealing-rooms.ts";
import { AUDIT, FULL_EVIDENCE, OPS, PM_ONE } from "../../tests/journeys.ts";
import { useRooms } from "../../tests/room-house.ts";
import { liveRules } from "../../tests/rule-packs.ts";

const rooms = useRooms();
const { look, house, intake, openedDay } = dealingRooms(rooms);
const SENTINEL = { role: "agent_compliance_sentinel" } as const;
const BORN = "1961-07-23";
type Json = Record<string, unknown>;

const partyOf = async (table: "investors" | "investors_pending_kyc", id: string): Promise<string> => {
  const key = table === "investors" ? "investor_id" : "pending_id";
  const [row] = await look<{ party_id: string }>(`select party_id from ${table} where ${key} = $1`, [id]);
  return row!.party_id;
};
const person = (fields: PersonalFields = {}): PersonalFields => ({
  name: "Synthetic Person",
  born: BORN,
  country: "LU",
  nationality: "LU",
  ...fields,
});

beforeAll(async () => {
  await liveRules(rooms.database);
});

describe("orders of a day", () => {
  /** A locked day with one subscription per person, judged. */
  async function judged(people: readonly (PersonalFields | undefined)[]) {
    const on = await dealingFund(house());
    const flows: string[] = [];
    const parties: string[] = [];
    for (const fields of people) {
      const investor = await newInvestor(house());
      const party = await partyOf("investors", investor);
      if (fields !== undefined) await rooms.personal.put(party, fields);
      parties.push(party);
      flows.push(await subscribe(house(), on, investor, "20000"));
    }
    await intake();
    const day = await openedDay(on, dealAhead(1));
    await day.take("commander.lockOrders");
    const { answered } = await day.take("kyc.answerTests");
    const { held } = await day.take("compliance-sentinel.checkOrders");
    const statuses = await Promise.all(
      flows.map(async (id) => (await look("select status from fund_flows where flow_id = $1", [id]))[0]?.status),
    );
    return { day, flows, parties, answered, held, statuses };
  }

  it("are approved, declined or held by answers, and nothing that was written has a word of the data", async () => {
    const { day, flows, answered, held, statuses } = await judged([
      person(),
      person({ country: "North Korea" }),
      person({ born: "2015-01-01" }),
      undefined,
    ]);
    expect({ answered, held }).toEqual({ answered: 4, held: 2 });
    expect(statuses).toEqual(["locked", "kyc_hold", "kyc_hold", "locked"]);
    const logs = await look<{ outcome: string; rules: string[] }>(
      "select outcome, detail -> 'rules' as rules from compliance_logs where entity_id = any ($1) and outcome is not null order by array_position($1, entity_id)",
      [flows],
    );
    expect(logs.map(({ outcome, rules }) => [outcome, rules])).toEqual([
      ["approve", []],
      ["decline", ["country"]],
      ["block_and_review", ["minor"]],
      ["approve", []],
    ]);
    const written = await look(
      "select to_jsonb(t) from party_tests t union all select to_jsonb(l) from compliance_logs l union all select to_jsonb(e) from fund_events e union all select to_jsonb(a) from audit_trail a",
    );
    expect(JSON.stringify(written)).not.toMatch(new RegExp(`${BORN}|2015-01-01|Synthetic Person|North Korea`));
    // everybody is answered for: nothing is left to ask
    expect(await day.take("kyc.answerTests")).toEqual({ answered: 0 });
  });

  it("are judged by the data as it is: what was recorded since is asked about again", async () => {
    const { day, parties, held } = await judged([person()]);
    expect(held).toBe(0);
    await rooms.personal.put(parties[0]!, { country: "KP" });
    // the old answer does not count any more, and what is not known is not approved by a rule that needs it
    const [facts] = await rooms.database.rpc(SENTINEL, "fn_read_order_facts", { dealing_day_id: day.dayId });
    expect(facts?.facts).toMatchObject({ tests: {} });
    expect(await day.take("kyc.answerTests")).toEqual({ answered: 1 });
    expect(await day.take("compliance-sentinel.checkOrders")).toMatchObject({ held: 1 });
  });

  it("with AML basics live an ordinary order of a known person is approved", async () => {
    const text = readFileSync(join(import.meta.dirname, "../../../policies/rules/aml-basics.yaml"), "utf8");
    const { body } = readPackText(text, "aml-basics.yaml") as { body: Json };
    await liveRules(rooms.database, body);
    const { flows } = await judged([person()]);
    const [log] = await look<{ explain: { rule: string; state: string; tree?: Json }[] }>(
      "select explain from compliance_logs where entity_id = $1 and rule = 'aml-basics' and outcome is not null",
      [flows[0]],
    );
    // nobody set a list here, so that nobody was screened: that alone stands
    expect(log?.explain.filter(({ state }) => state !== "held" && state !== "not_applicable")).toMatchObject([
      { rule: "screening-not-clear", state: "fired" },
    ]);
    await look("update rule_pack_versions set effective_until = '2026-01-02' where pack = 'aml-basics'");
  });
});

describe("an applicant", () => {
  async function applied(fields: PersonalFields) {
    const pending_id = await rooms.database.rpc(OPS, "fn_submit_investor", {
      classification: "professional",
      evidence: FULL_EVIDENCE,
      party_kind: "natural_person",
    });
    await rooms.personal.put(await partyOf("investors_pending_kyc", pending_id), fields);
    return pending_id;
  }
  const runOf = async (pending_id: string) => {
    const [event] = await look<{ event_id: string }>(
      "select event_id from fund_events where payload ->> 'pending_id' = $1 order by seq desc limit 1",
      [pending_id],
    );
    return { eventId: event!.event_id, workflowId: `event/${event!.event_id}` };
  };
  /** As the playbook does it. */
  async function onboarded(pending_id: string): Promise<string> {
    const run = await runOf(pending_id);
    const { outcome } = await rooms.call<{ outcome: string }>("kyc.review", { ...run, rules: "ask" });
    if (outcome !== "ready") return outcome;
    const checked = await rooms.call<{ outcome: string }>("compliance-sentinel.checkApplicant", run);
    if (checked.outcome === "held") return "held";
    return (await rooms.call<{ outcome: string }>("kyc.review", { ...run, rules: "asked" })).outcome;
  }
  const caseOf = async (pending_id: string) =>
    await look<{ case_id: string; kind: string; severity: string; source: string; status: string }>(
      "select c.case_id, c.kind, c.severity, c.source, c.status from cases c join investors_pending_kyc p on p.party_id = c.party_id where p.pending_id = $1",
      [pending_id],
    );

  it("whom the rules approve is cleared, with the verdict on record", async () => {
    const pending_id = await applied(person());
    expect(await onboarded(pending_id)).toBe("assigned");
    expect(
      await look("select outcome from compliance_logs where entity_type = 'investors_pending_kyc' and entity_id = $1", [
        pending_id,
      ]),
    ).toEqual([{ outcome: "approve" }]);
  });

  it("of a country of high risk is rated by it, and the rating says nothing of the country", async () => {
    const [risky, plain] = [await applied(person({ nationality: "Haiti" })), await applied(person())];
    for (const pending_id of [risky, plain]) expect(await onboarded(pending_id)).toBe("assigned");
    const ratings = await look(
      "select p.risk_level, p.risk_score from investors_pending_kyc a join parties p using (party_id) where a.pending_id = any ($1) order by array_position($1, a.pending_id)",
      [[risky, plain]],
    );
    expect(ratings).toEqual([
      { risk_level: "medium", risk_score: 30 },
      { risk_level: "low", risk_score: 0 },
    ]);
  });

  it("whom they do not approve is a case, once, and is cleared when a person lets exactly that pass", async () => {
    const pending_id = await applied(person({ born: "2015-01-01" }));
    expect(await onboarded(pending_id)).toBe("held");
    expect(await onboarded(pending_id)).toBe("waiting");
    const [opened, ...others] = await caseOf(pending_id);
    expect(others).toEqual([]);
    expect(opened).toMatchObject({ kind: "kyc", severity: "warning", source: "rules: synthetic-countries/minor" });
    // what an LP and a run read says no more than that it is not complete
    await rooms.database.rpc(PM_ONE, "fn_decide_case", {
      case_id: opened!.case_id,
      verdict: "false_match",
      reason: "Represented by a guardian, seen on paper.",
    });
    expect(await onboarded(pending_id)).toBe("assigned");
    expect(await caseOf(pending_id)).toHaveLength(1);
  });

  it("who is declined and confirmed so stays out, and nobody is asked twice", async () => {
    const pending_id = await applied(person({ country: "KP" }));
    expect(await onboarded(pending_id)).toBe("held");
    const [opened] = await caseOf(pending_id);
    expect(opened).toMatchObject({ severity: "critical", source: "rules: synthetic-countries/country" });
    for (const who of [OPS, PM_ONE])
      await rooms.database.rpc(who, "fn_decide_case", {
        case_id: opened!.case_id,
        verdict: "true_match",
        reason: "Resident there by the papers given.",
      });
    expect(await onboarded(pending_id)).toBe("held");
    expect(await caseOf(pending_id)).toHaveLength(1);
  });

  it("is judged by whoever stands behind, with the share that is theirs", async () => {
    const pending_id = await rooms.database.rpc(OPS, "fn_submit_investor", {
      classification: "professional",
      evidence: {},
      party_kind: "company",
    });
    const company = await partyOf("investors_pending_kyc", pending_id);
    const [middle, owner] = await Promise.all(
      ["company", "natural_person"].map((kind) => rooms.database.rpc(OPS, "fn_register_party", { kind })),
    );
    const link = (owner_id: string, owned_id: string, share: string) =>
      rooms.database.rpc(OPS, "fn_link_parties", { owner_id, owned_id, kind: "ownership", share });
    await link(middle!, company, "0.8");
    await link(owner!, middle!, "0.5");
    await rooms.personal.put(owner!, person({ country: "KP" }));
    const run = await runOf(pending_id);
    const due = await rooms.database.rpc({ role: "agent_kyc" }, "fn_read_tests_due", {
      workflow_id: run.workflowId,
      pending_id,
    });
    expect(due.parties.map(({ party_id }) => party_id).sort()).toEqual([company, middle, owner].sort());
    // no papers yet: the review asks for them first, and answers nothing
    expect(await onboarded(pending_id)).toBe("missing");
    const { answersOf, testsOf } = await import("./decide.ts");
    const answers = answersOf(testsOf(due.versions), due, new Map([[owner!, { country: "KP" }]]));
    await rooms.database.rpc({ role: "agent_kyc" }, "fn_record_party_tests", {
      answers,
      version_ids: due.versions.map(({ version_id }) => version_id),
    });
    expect(await rooms.call("compliance-sentinel.checkApplicant", run)).toEqual({ outcome: "held" });
    const [log] = await rooms.database.read(AUDIT, (tx) =>
      tx.compliance_logs.findMany({ where: { entity_id: pending_id, outcome: { not: null } } }),
    );
    expect(log?.detail).toEqual({ rules: ["owner"] });
  });
});

it("answers go with the key of an erased subject", async () => {
  const [before] = await look<{ party_id: string }>(
    "select t.party_id from party_tests t join subject_keys k on k.subject_id = t.party_id where k.state = 'active' limit 1",
  );
  await look("select evergreen.destroy_subject($1)", [before!.party_id]);
  expect(await look("select from party_tests where party_id = $1", [before!.party_id])).toEqual([]);
});
