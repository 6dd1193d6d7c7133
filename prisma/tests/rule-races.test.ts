// A version of rules goes live while runs begin, look again and record: every run judges by one version from its first look to its last record, and the log says which.
import { expect, it } from "vitest";
import { agent, OPS, PM_ONE, PM_TWO, testDatabase } from "./arrange.ts";
import { live, tested } from "./rule-versions.ts";
import { newFund } from "./synthetic-fund.ts";

const db = await testDatabase();
const SENTINEL = agent("compliance-sentinel");
interface Pinned {
  live: { version_id: string; body: { pack: string; version: number } }[];
}
const pin = (workflow_id: string, fund_id: string) =>
  db.value<Pinned>(SENTINEL, "fn_pin_rules", { workflow_id, fund_id });
/** The version of the pack that a look saw. */
const seen = ({ live: versions }: Pinned, pack: string) =>
  versions.filter(({ body }) => body.pack === pack).map(({ version_id }) => version_id);

it("forty runs across an activation: each keeps the version it began with, and both versions were begun with", async () => {
  const fund = await newFund(db);
  const one = await live(db);
  const two = await tested(db, { pack: one.pack, version: 2 });
  const args = { version_id: two.version_id, hash: two.hash, reason: "synthetic" };
  await db.call(PM_ONE, "fn_activate_rules", args);
  const begun: { run: string; version: string }[] = [];
  const begin = async (n: number): Promise<void> => {
    const run = `event/${crypto.randomUUID()}/${n}`;
    const looks = await Promise.all([pin(run, fund.fundId), pin(run, fund.fundId)]);
    const versions = new Set(looks.flatMap((look) => seen(look, one.pack)));
    expect(versions.size).toBe(1);
    begun.push({ run, version: [...versions][0] ?? "" });
  };
  // some begin before it for certain, some beside it, some behind it for certain
  await Promise.all([0, 1, 2, 3].map(begin));
  await Promise.all([...Array.from({ length: 32 }, (_, n) => begin(n + 4)), db.call(OPS, "fn_activate_rules", args)]);
  await Promise.all([36, 37, 38, 39].map(begin));
  expect(new Set(begun.map(({ version }) => version))).toEqual(new Set([one.version_id, two.version_id]));
  expect(begun.slice(0, 4).every(({ version }) => version === one.version_id)).toBe(true);
  expect(begun.slice(-4).every(({ version }) => version === two.version_id)).toBe(true);

  const results = (version_id: string) => [
    { entity_type: "funds", entity_id: fund.fundId, version_id, outcome: "approve", explain: [] },
  ];
  await Promise.all(
    begun.map(async ({ run, version }) => {
      const other = version === one.version_id ? two.version_id : one.version_id;
      expect(seen(await pin(run, fund.fundId), one.pack)).toEqual([version]);
      await expect(
        db.call(SENTINEL, "fn_record_rules", { workflow_id: run, results: results(other) }),
      ).rejects.toMatchObject({ code: "EG428" });
      await db.call(SENTINEL, "fn_record_rules", { workflow_id: run, results: results(version) });
    }),
  );
  const logged = await db.look<{ workflow_id: string; version_id: string }>(
    "select workflow_id, version_id from compliance_logs where rule = $1 and fund_id = $2",
    [one.pack, fund.fundId],
  );
  expect(new Map(logged.map((row) => [row.workflow_id, row.version_id]))).toEqual(
    new Map(begun.map(({ run, version }) => [run, version])),
  );
  expect(logged).toHaveLength(begun.length);
});

it("ten approvals at once by three people make a version live once", async () => {
  const version = await tested(db);
  const args = { version_id: version.version_id, hash: version.hash, reason: "synthetic" };
  const people = [PM_ONE, PM_TWO, OPS];
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) => db.call(people[n % 3] ?? OPS, "fn_activate_rules", args)),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  for (const outcome of outcomes)
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "EG422" });
  expect(
    await db.look(
      "select count(*)::int as n, count(distinct approved_by)::int as people from rule_approvals where version_id = $1",
      [version.version_id],
    ),
  ).toEqual([{ n: 2, people: 2 }]);
  expect(
    await db.look(
      "select count(*)::int as n from fund_events where type = 'RULES_ACTIVATED' and payload ->> 'version_id' = $1",
      [version.version_id],
    ),
  ).toEqual([{ n: 1 }]);
});
