// Rules as data in real rooms on a real Postgres: orders held at the lock, one version per run whatever goes live meanwhile, drafts in the shadow,
// trades that make a breach worse, and breaches of a fund as it stands. Packs and investors are synthetic.
import { type Judgement, readPack, runExamples } from "@evergreen-fund/compliance-rules";
import { expect, it } from "vitest";
import { dealAhead, dealingFund, newInvestor, subscribe } from "../../tests/dealing-journeys.ts";
import { dealingRooms } from "../../tests/dealing-rooms.ts";
import { AUDIT, OPS, PM_ONE, PM_TWO } from "../../tests/journeys.ts";
import { expectEveryCrashPointPassed, proposed, twice, useRooms } from "../../tests/room-house.ts";

const rooms = useRooms();
const { look, house, intake, openedDay } = dealingRooms(rooms);
const SENTINEL = { role: "agent_compliance_sentinel" } as const;
type Json = Record<string, unknown>;

let packs = 0;
/** A pack of one rule about an order, a proposal or a fund, with an example that fires it. */
const packOf = (rule: Json, facts: Json, change: Json = {}): Json => ({
  pack: `synthetic-${++packs}`,
  title: "Synthetic",
  version: 1,
  effectiveFrom: "2020-01-01",
  rules: [
    { id: "one", words: "synthetic", outcome: "block_and_review", source: "synthetic", evidence: "practice", ...rule },
  ],
  examples: [
    {
      name: "fires",
      on: (rule.on as string[])[0],
      asOf: "2026-01-01",
      facts,
      outcome: rule.outcome ?? "block_and_review",
      fires: ["one"],
    },
  ],
  ...change,
});
const large = (least: string, change: Json = {}) =>
  packOf(
    { on: ["order"], when: { fact: "order.amount", gte: least }, outcome: "review" },
    { order: { amount: least } },
    change,
  );

async function tested(body: Json) {
  const drafted = await rooms.database.rpc(SENTINEL, "fn_draft_rules", { body, source: "file" });
  const { pack, problems } = readPack(body);
  if (pack === undefined) throw new Error(JSON.stringify(problems));
  const results = runExamples(pack).map((one) => ({ ...one }));
  expect(
    await rooms.database.rpc(SENTINEL, "fn_test_rules", { version_id: drafted.version_id, results }),
  ).toMatchObject({
    status: "tested",
  });
  return drafted;
}
const approveBy = (who: typeof PM_ONE | typeof PM_TWO, { version_id, hash }: { version_id: string; hash: string }) =>
  rooms.database.rpc(who, "fn_activate_rules", { version_id, hash, reason: "synthetic" });
async function live(body: Json) {
  const version = await tested(body);
  await approveBy(PM_ONE, version);
  expect(await approveBy(PM_TWO, version)).toMatchObject({ status: "live" });
  return version;
}

/** A day past its cut-off with a small and a large subscription. */
async function lockedDay(amounts: readonly string[]) {
  const on = await dealingFund(house());
  const flows: string[] = [];
  for (const amount of amounts) flows.push(await subscribe(house(), on, await newInvestor(house()), amount));
  await intake();
  const day = await openedDay(on, dealAhead(1));
  await day.take("commander.lockOrders");
  return { on, flows, day };
}
const statusOf = async (flowId: string | undefined) =>
  (await look("select status from fund_flows where flow_id = $1", [flowId]))[0]?.status;
const logsOf = (flowId: string | undefined) =>
  look<{ rule: string; rule_version: string; outcome: string; explain: Judgement["rules"] }>(
    "select rule, rule_version, outcome, explain from compliance_logs where entity_id = $1 and outcome is not null order by created_at",
    [flowId],
  );

it("holds an order that a rule asks about, and records every verdict with its version and its tree", async () => {
  const { version_id, pack } = await live(large("50000"));
  const { flows, day } = await lockedDay(["20000", "50000"]);
  const [small, big] = flows;
  const answer = await twice(rooms, "compliance-sentinel.checkOrders", await refOf(day.dayId, 1));
  expect(answer).toEqual({ checked: 2, held: 1 });
  expect([await statusOf(small), await statusOf(big)]).toEqual(["locked", "kyc_hold"]);
  const [log] = await logsOf(big);
  expect(log).toMatchObject({ rule: pack, rule_version: "1", outcome: "review" });
  expect(log?.explain).toEqual([
    {
      rule: "one",
      outcome: "review",
      state: "fired",
      tree: { is: true, what: "order.amount ≥ 50000", value: "50000" },
    },
  ]);
  expect(await logsOf(small)).toMatchObject([{ outcome: "approve", explain: [{ state: "held" }] }]);
  // the investor reads the order: why it is held is not in it
  expect(await look("select reason from fund_flows where flow_id = $1", [big])).toEqual([
    { reason: "held for a check" },
  ]);
  expect(
    (
      await look(
        "select version_ids from rule_pins where workflow_id = (select workflow_id from dealing_days where dealing_day_id = $1)",
        [day.dayId],
      )
    )[0],
  ).toEqual({ version_ids: [version_id] });
});

it("does not hold an order again that a person released, by the same version", async () => {
  await look("update rule_pack_versions set effective_until = '2020-01-02' where status = 'live'");
  const { version_id } = await live(large("50000"));
  const { on, flows, day } = await lockedDay(["60000"]);
  expect(await rooms.call("compliance-sentinel.checkOrders", await refOf(day.dayId, 1))).toEqual({
    checked: 1,
    held: 1,
  });
  await rooms.database.rpc(OPS, "fn_release_hold", {
    flow_id: flows[0]!,
    reason: "looked at",
    document: "synthetic 1",
  });
  const read = await rooms.database.rpc(SENTINEL, "fn_read_order_facts", { fund: on.code });
  expect(read.find(({ flow_id }) => flow_id === flows[0])?.cleared).toEqual([version_id]);
});

it("judges a run by the versions it began with: what goes live meanwhile is for the next", async () => {
  await look("update rule_pack_versions set effective_until = '2020-01-02' where status = 'live'");
  const name = { pack: "synthetic-race" };
  await live(large("90000", name));
  const stricter = await tested(large("10000", { ...name, version: 2 }));
  await approveBy(PM_ONE, stricter);
  const { flows, day } = await lockedDay(["20000"]);
  // a second approval and the first look of the run at the same moment: whichever wins, the run keeps it
  const ref = await refOf(day.dayId, 1);
  const [, pinned] = await Promise.all([
    approveBy(PM_TWO, stricter),
    rooms.database.rpc(SENTINEL, "fn_pin_rules", { workflow_id: ref.workflowId, fund_id: ref.fundId }),
  ]);
  const versions = pinned.live.map(({ body }) => body.version);
  const { held } = await rooms.call<{ held: number }>("compliance-sentinel.checkOrders", ref);
  expect(held).toBe(versions[0] === 2 ? 1 : 0);
  for (const { rule_version } of await logsOf(flows[0])) expect(rule_version).toBe(String(versions[0]));
  const again = await rooms.database.rpc(SENTINEL, "fn_pin_rules", { workflow_id: ref.workflowId });
  expect(again.live.map(({ body }) => body.version)).toEqual(versions);
  // a run that begins now has the new one
  const other = await rooms.database.rpc(SENTINEL, "fn_pin_rules", {
    workflow_id: "event/later",
    fund_id: ref.fundId!,
  });
  expect(other.live.map(({ body }) => body.version)).toEqual([2]);
});

it("runs a tested draft beside what is live, which decides nothing", async () => {
  await look("update rule_pack_versions set effective_until = '2020-01-02' where status = 'live'");
  await live(large("90000", { pack: "synthetic-shadow" }));
  const draft = await tested(large("10000", { pack: "synthetic-shadow", version: 2 }));
  const { flows, day } = await lockedDay(["20000"]);
  expect(await rooms.call("compliance-sentinel.checkOrders", await refOf(day.dayId, 1))).toEqual({
    checked: 1,
    held: 0,
  });
  expect(await statusOf(flows[0])).toBe("locked");
  expect(
    await look("select live_outcome, outcome, rules from rule_shadows where version_id = $1", [draft.version_id]),
  ).toEqual([{ live_outcome: "approve", outcome: "review", rules: ["one"] }]);
});

it("refuses trades that break or worsen a limit, lets a passive breach be healed, and records breaches of a fund once", async () => {
  await look("update rule_pack_versions set effective_until = '2020-01-02' where status = 'live'");
  const { proposal, fundId, run } = await proposed(rooms);
  // the largest asset after the trades is over the limit by a hair: by the stored proposal itself
  const facts = await rooms.database.rpc(SENTINEL, "fn_read_fund_facts", {
    fund: fundId,
    proposal_id: proposal.proposalId,
  });
  const shares = (of: Json) => {
    const { fund, positions } = of as { fund: { nav: string }; positions: { type: string; value: string }[] };
    return Math.max(
      ...positions.filter(({ type }) => type !== "cash").map(({ value }) => Number(value) / Number(fund.nav)),
    );
  };
  const [before, after] = [shares(facts.facts), shares(facts.after ?? {})];
  const limit = (Math.min(before, after) - 0.001).toFixed(4);
  const { pack } = await live(
    packOf(
      {
        on: ["fund", "proposal"],
        require: { navShare: { largest: "id", where: { not: { fact: "item.type", eq: "cash" } } }, lte: limit },
        breach: { cureDays: 30 },
      },
      { fund: { nav: "1" }, positions: [{ id: "a", type: "debt", value: "1" }] },
    ),
  );
  const result = await twice(rooms, "compliance-sentinel.checkTrades", proposal);
  const [check] = await look<{ result: string; detail: string }>(
    "select result, detail from proposal_checks where proposal_id = $1 and rule = $2",
    [proposal.proposalId, `${pack}/one`],
  );
  const [log] = await look<Json>(
    "select outcome, result, version_id is not null as version, explain -> 0 ->> 'rule' as rule from compliance_logs where entity_id = $1 and rule = $2",
    [proposal.proposalId, `${pack}/one`],
  );
  expect(log).toMatchObject({ version: true, rule: "one" });
  if (check?.result === "failed") expect(result).toMatchObject({ result: "failed", reason: `${pack}/one` });
  else expect(check?.detail).toBe("broken before and not made worse: passive breach");
  // as it stands the fund is over its limit: a breach with its clock, once
  const day = { eventId: run.eventId, workflowId: run.workflowId, fundId, dealingDayId: run.eventId, round: 1 };
  expect(await twice(rooms, "compliance-sentinel.checkFund", day)).toMatchObject({ breaches: 1 });
  const open = await look<Json>(
    "select rule, class, cured_at, cure_by > now() as running from breaches where fund_id = $1",
    [fundId],
  );
  expect(open).toEqual([{ rule: `${pack}/one`, class: "passive", cured_at: null, running: true }]);
  expect(await rooms.database.rpc(PM_ONE, "fn_read_fund_facts", { fund: fundId })).toMatchObject({
    open_breaches: [`${pack}/one`],
  });
});

it("while a breach is open the database refuses a worsening trade that the room let pass", async () => {
  await look("update rule_pack_versions set effective_until = '2020-01-02' where status = 'live'");
  const { proposal, fundId } = await proposed(rooms);
  const checks = [{ rule: "synthetic/one", result: "passed", detail: "review", worse: true }];
  await rooms.database.rpc(PM_ONE, "fn_record_breach", {
    fund: fundId,
    rule: "synthetic/one",
    class: "passive",
    cause: "the market",
  });
  expect(await rooms.database.rpc(SENTINEL, "fn_record_checks", { proposal_id: proposal.proposalId, checks })).toBe(
    "failed",
  );
  const calm = await proposed(rooms);
  expect(
    await rooms.database.rpc(SENTINEL, "fn_record_checks", { proposal_id: calm.proposal.proposalId, checks }),
  ).toBe("passed");
});

it("judges an applicant by the same packs, once", async () => {
  await look("update rule_pack_versions set effective_until = '2020-01-02' where status = 'live'");
  await live(
    packOf({ on: ["investor"], when: { fact: "investor.kind", eq: "trust" } }, { investor: { kind: "trust" } }),
  );
  const applied = async (party_kind: string) => {
    const pending_id = await rooms.database.rpc(OPS, "fn_submit_investor", {
      classification: "professional",
      party_kind,
    });
    const event = await rooms.database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({ where: { payload: { path: ["pending_id"], equals: pending_id } } }),
    );
    return { eventId: event.event_id, workflowId: `event/${event.event_id}` };
  };
  const check = async (kind: string) => await twice(rooms, "compliance-sentinel.checkApplicant", await applied(kind));
  expect(await check("company")).toEqual({ outcome: "approved" });
  // a foundation is judged as a trust
  expect(await check("foundation")).toEqual({ outcome: "held" });
});

it("looks at the calendar, twice the same", async () => {
  const { fundId } = await proposed(rooms);
  const due_on = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  await rooms.database.rpc(OPS, "fn_set_obligation", {
    fund: fundId,
    code: "report",
    title: "Report",
    source: "synthetic",
    due_on,
  });
  const answer = await twice(rooms, "compliance-sentinel.tickCalendar", { workflowId: "tick-calendar-1" });
  expect(answer).toMatchObject({ due: 1, overdue: 0 });
});

it("passes every crash point of its actions by rules", () =>
  expectEveryCrashPointPassed(rooms, "compliance-sentinel", "dealing"));

/** The reference that the run of a day gives to its steps. */
async function refOf(dealingDayId: string, round: number) {
  const day = await rooms.database.read(AUDIT, (tx) =>
    tx.dealing_days.findUniqueOrThrow({ where: { dealing_day_id: dealingDayId } }),
  );
  const event = await rooms.database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({
      where: { type: "DEALING_DAY_OPENED", payload: { path: ["dealing_day_id"], equals: dealingDayId } },
    }),
  );
  return { eventId: event.event_id, workflowId: day.workflow_id!, fundId: day.fund_id, dealingDayId, round };
}
