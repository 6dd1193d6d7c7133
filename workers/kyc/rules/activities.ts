// KYC answers what rules ask about personal data before orders or an application are judged. The data is read inside the door and stays there: what is recorded says
// whether a test holds.
import type { RoomContext } from "@evergreen-fund/agent-kit";
import type { House } from "../../rooms.ts";
import type { Applicant } from "../facts.ts";
import { answersOf, isOfCountries, type Tests, testsOf } from "./decide.ts";
import { type Judged, readTestsDue } from "./facts.ts";

const KYC = { role: "agent_kyc" } as const;
const FIELDS = ["country", "nationality", "born"] as const;

/** Returns how many parties were answered for, and whether any version has rules at all. Taken again it answers for whoever is left. */
export async function answerTests(
  context: RoomContext,
  house: House,
  judged: Judged,
): Promise<{ answered: number; rules: boolean }> {
  let answered = 0;
  let tests: Tests | undefined;
  for (;;) {
    const due = await readTestsDue(context, judged);
    const rules = due.versions.length > 0;
    const found = await context.decide(() => {
      tests ??= testsOf(due.versions);
      return tests;
    });
    if (found.size === 0 || due.parties.length === 0) return { answered, rules };
    const data = await house.personal.readMany(
      due.parties.map(({ party_id }) => party_id),
      FIELDS,
      "rules",
    );
    const answers = answersOf(found, due, new Map([...data].map(([id, { fields }]) => [id, fields])));
    // the same answers again are the same row: no request id, so that a turn that was cut off goes on
    const kept = await context.record(() =>
      house.database.rpc(KYC, "fn_record_party_tests", {
        answers,
        version_ids: due.versions.map(({ version_id }) => version_id),
      }),
    );
    answered += kept;
    // whoever was erased meanwhile is never answered for
    if (kept < due.parties.length) return { answered, rules };
  }
}

/** The applicant with what the risk rating asks about countries: read inside the door, one word comes out. */
export async function withCountries(house: House, applicant: Applicant): Promise<Applicant> {
  const { countries } = applicant.policy.body.risk;
  if (countries === undefined) return applicant;
  const data = await house.personal.readMany(
    applicant.parties.map(({ party_id }) => party_id),
    ["country", "nationality"],
    "risk",
  );
  const kept = [...data.values()].map(({ fields }) => fields);
  return { ...applicant, high_risk_country: isOfCountries(countries.values, kept) };
}
