// The steps of dealing days and restatements as their rooms take them, without Temporal: each under its own role, and taken twice it is done once.
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Actor } from "@evergreen-fund/domain";
import { expect, it } from "vitest";
import {
  approve,
  asset,
  brokenIn,
  type DealingHouse,
  dayAhead,
  dayOf,
  dealAhead,
  dealingFund,
  expectVectorDealt,
  LMT_POLICY,
  newInvestor,
  openClass,
  payAll,
  redeem,
  subscribe,
  VECTOR,
} from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { dayTakenTwice, type Opened } from "./dealing-twice.ts";
import { AUDIT, importFund, OPS, PM_ONE } from "./journeys.ts";
import { restate } from "./restatement-journeys.ts";
import { expectEveryCrashPointPassed, failureOf, twice, useRooms } from "./room-house.ts";
import { liveRules } from "./rule-packs.ts";

const rooms = useRooms();
const { house, intake } = dealingRooms(rooms);
const { openedDay, late } = dayTakenTwice(rooms, house);

/** Up to a NAV that two people approved. */
async function approved({ dayId, take }: Opened): Promise<void> {
  await take("commander.lockOrders");
  await take("kyc.recheckOrders");
  await take("commander.freezeNav");
  await take("liquidity-engine.runLab");
  const { proposalId } = await take<{ proposalId: string }>("commander.proposeNav");
  const proposal = await rooms.database.read(AUDIT, (tx) =>
    tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } }),
  );
  await approve(house(), proposal);
  expect((await dayOf(house(), dayId)).status).toBe("nav_proposed");
}

/** From the approval to the closed day. */
async function closed(on: DealingHouse, { dayId, take }: Opened): Promise<void> {
  await take("commander.strikeNav");
  expect(await take("commander.crystalliseFees")).toEqual({ waitsFor: null });
  await take("liquidity-engine.decideLmt");
  await take("liquidity-engine.allocate");
  await take("kyc.recheckOrders");
  await take("commander.postDay");
  await take("commander.openClaims");
  await payAll(house(), on, dayId);
  await take("commander.prepareStatements");
  await take("commander.closeDay");
}

it("the twelve steps of a gated day", { timeout: 120_000 }, async () => {
  const on = await dealingFund(house());
  const flows: string[] = [];
  for (const [i, { units }] of VECTOR.entries()) flows.push(await redeem(house(), on, on.holders[i]!, units));
  await intake();
  const day = await openedDay(on, dealAhead(1));
  await approved(day);
  const position = await rooms.call("commander.lookAtDay", day.ref());
  expect(position).toMatchObject({
    status: "nav_proposed",
    leads: true,
    rechecked: true,
    lab: true,
    proposalStatus: "approved",
    blockers: [],
  });
  const said = await twice<{ eventId: string }>(rooms, "commander.escalateNav", {
    ...day.ref(),
    proposalId: (position as { proposalId: string }).proposalId,
  });
  expect(said.eventId).toMatch(/^[0-9a-f-]{36}$/);
  expect(await day.take("liquidity-engine.foresee")).toMatchObject({
    status: "gated",
    fraction: expect.stringMatching(/^0\.64367/),
  });
  await closed(on, day);
  await expectVectorDealt(house(), on, day.dayId, flows);
  await late(day);
  await expectVectorDealt(house(), on, day.dayId, flows);
});

it("the files of a statement: made once from its row, and the same again when they are lost", async () => {
  const [row] = await rooms.look<{ id: string; day: string; fills: number }>(
    "select statement_id as id, body ->> 'dealingDate' as day, jsonb_array_length(body -> 'fills') as fills from statements order by created_at, statement_id limit 1",
  );
  const { id, day, fills } = row!;
  const asked = async (by: Actor) => {
    const { event_id, workflow_id } = await rooms.database.rpc(by, "fn_request_documents", { statement_id: id });
    return { eventId: event_id, workflowId: workflow_id };
  };
  expect(await twice(rooms, "commander.makeDocuments", await asked(OPS))).toEqual({ files: fills + 1 });
  const folder = join(rooms.home, "reports", day, id);
  const file = join(folder, "statement.pdf");
  const [first, { mtimeMs }] = [await readFile(file), await stat(file)];
  expect(first.subarray(0, 5).toString()).toBe("%PDF-");
  // a request is open until its run has ended
  const made = async (by: Actor): Promise<void> => {
    const run = await asked(by);
    await rooms.call("commander.brief", run);
    await rooms.call("commander.makeDocuments", run);
    await rooms.call("commander.close", { ...run, status: "completed", reason: "the files are kept" });
  };
  await made(OPS);
  // who asks next finds what is there
  await made(PM_ONE);
  expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  await writeFile(file, "%PDF-changed");
  await made(PM_ONE);
  expect(await readFile(file)).toEqual(first);
  await rm(folder, { recursive: true });
  await made(AUDIT);
  expect(await readFile(file)).toEqual(first);
  const kept = await rooms.look<{ hash: string; files: number; own: boolean }>(
    `select e.payload ->> 'hash' as hash, (e.payload ->> 'files')::int as files, i.investor_id = s.investor_id as own from fund_events e join event_investors i using (event_id)
       join statements s on s.statement_id::text = e.payload ->> 'statement_id' where e.type = 'STATEMENT_DOCUMENTS_KEPT'`,
  );
  const { hash } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as { hash: string };
  expect(kept).toEqual(Array(4).fill({ hash, files: fills + 1, own: true }));
  const [other] = await rooms.look<{ id: string }>(
    "select event_id as id from fund_events where type = 'STATEMENTS_READY' limit 1",
  );
  const wrong = rooms.call("commander.makeDocuments", { eventId: other!.id, workflowId: `event/${other!.id}` });
  expect(await failureOf(wrong)).toMatchObject({ code: "EG400", final: true });
});

it("a day that has to be stopped, suspended or given up", { timeout: 120_000 }, async () => {
  const on = await dealingFund(house(), {
    lmt: {
      tools: ["redemption_gate", "anti_dilution_levy"],
      gate: { basis: "gross", money: "100000", threshold: { kind: "nav_share", share: "0.02" } },
    },
  });
  for (const [i, { units }] of VECTOR.entries()) await redeem(house(), on, on.holders[i]!, units);
  await intake();
  const day = await openedDay(on, dealAhead(1));
  await approved(day);
  expect(await day.take("liquidity-engine.foresee")).toEqual({ status: "stopped", fraction: null });
  expect(await failureOf(rooms.call("liquidity-engine.suspendDay", day.ref()))).toMatchObject({
    code: "EG428",
    final: true,
  });
  const asked = await day.take<{ proposalId: string; activationId: string; tool: string }>(
    "liquidity-engine.proposeTool",
  );
  expect(asked.tool).toBe("suspension");
  const activate = { ...day.ref(), activationId: asked.activationId };
  expect(await failureOf(rooms.call("commander.activateTool", activate))).toMatchObject({ code: "EG428" });
  await approve(
    house(),
    await rooms.database.read(AUDIT, (tx) =>
      tx.proposals.findUniqueOrThrow({ where: { proposal_id: asked.proposalId } }),
    ),
  );
  expect(await twice(rooms, "commander.activateTool", { ...activate, ...day.ref() })).toEqual({ tool: "suspension" });
  expect(await day.take("liquidity-engine.suspendDay")).toEqual({ status: "suspended" });
  const next = await openedDay(on, dealAhead(2));
  expect(await twice(rooms, "commander.discardDay", { ...next.ref(), reason: "test" })).toEqual({
    status: "discarded",
  });
});

it("a restatement, down to the strike that follows it", { timeout: 180_000 }, async () => {
  const on = await dealingFund(house());
  const buyer = await newInvestor(house());
  const bought = await subscribe(house(), on, buyer, "123456.00");
  await intake();
  await rooms.database.rpc(OPS, "fn_confirm_cash", {
    fund: on.code,
    payments: [{ flow_id: bought, amount: "123456.00", reference: "synthetic/1" }],
  });
  const first = await openedDay(on, dealAhead(1));
  await approved(first);
  await closed(on, first);
  const second = await openedDay(on, dealAhead(2));
  await approved(second);
  await closed(on, second);
  const strikeId = await restate(house(), first.dayId, "INFRA", "10145600.00");
  const event = await rooms.database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({
      where: { type: "NAV_RESTATEMENT_BEGUN", payload: { path: ["strike_id"], equals: strikeId } },
    }),
  );
  const run = { eventId: event.event_id, workflowId: `restate/${strikeId}` };
  expect(
    await failureOf(rooms.call("commander.openRestatement", { ...run, workflowId: "restate/other" })),
  ).toMatchObject({ code: "EG428" });
  const { fundId } = await twice<{ fundId: string }>(rooms, "commander.openRestatement", run);
  const ref = { ...run, fundId, strikeId };
  const { proposalId } = await twice<{ proposalId: string }>(rooms, "commander.proposeRestatement", ref);
  expect(await failureOf(rooms.call("commander.compensate", ref))).toMatchObject({ final: true });
  await approve(
    house(),
    await rooms.database.read(AUDIT, (tx) => tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } })),
  );
  expect(await twice(rooms, "commander.strikeRestatement", ref)).toEqual({ version: 2 });
  expect(await twice(rooms, "commander.compensate", ref)).toEqual({ material: true, compensations: 1, days: 1 });
  const [{ pays } = { pays: "" }] = await house().look<{ pays: string }>(
    "select difference::text as pays from compensations where pays and flow_id = $1",
    [bought],
  );
  expect(pays).toBe("2000.0000");
  expect(await twice(rooms, "commander.retakeFees", ref)).toEqual({ waitsFor: null, posted: 0, kept: [] });
  expect(await twice(rooms, "commander.restateStatements", ref)).toMatchObject({ statements: 1 });
  const next = await twice<{ strikeId: string; changed: number }>(rooms, "commander.beginNextRestatement", ref);
  expect(next).toMatchObject({ navDate: dealAhead(2), changed: 1 });
  expect(await brokenIn(house(), on.code)).toEqual([]);
});

it("the vector of R30: who bought at 101.50 what was worth 100.20 is owed 128.08, and the next NAV leaves the others whole", {
  timeout: 180_000,
}, async () => {
  const { database } = rooms;
  const { fundId, code } = await importFund(database, {
    as_of: dayAhead(0),
    net_assets: "10150000.00",
    assets: [asset("INFRA", "infrastructure", "9500000.00", false), asset("CASH", "cash", "650000.00", true)],
    ladder: [{ side: "asset", bucket: "1d", capacity: "650000.00" }],
  });
  const classId = await openClass(house(), code, "A", { issuePrice: "101.5" });
  await database.rpc(PM_ONE, "fn_set_lmt_policy", {
    fund: code,
    pack: "free-form",
    body: { ...LMT_POLICY, navError: { fundKind: "equity_or_other", deMinimis: "100" } },
    effective_from: "2020-01-01",
  });
  const [holder, buyer, small] = [await newInvestor(house()), await newInvestor(house()), await newInvestor(house())];
  await database.rpc(OPS, "fn_open_register", {
    share_class_id: classId,
    positions: [{ investor_id: holder, units: "100000", opened_on: "2025-01-15", price: "101.5" }],
  });
  const on: DealingHouse = { fundId, code, classId, holders: [holder], other: holder };
  const bought = await subscribe(house(), on, buyer, "10000.00");
  const little = await subscribe(house(), on, small, "1000.00");
  const sold = await redeem(house(), on, holder, "10");
  await intake();
  await database.rpc(OPS, "fn_confirm_cash", {
    fund: code,
    payments: [
      { flow_id: bought, amount: "10000.00" },
      { flow_id: little, amount: "1000.00" },
    ],
  });
  const first = await openedDay(on, dealAhead(1));
  await approved(first);
  await closed(on, first);
  const strikeId = await restate(house(), first.dayId, "INFRA", "9370000.00");
  const event = await database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({
      where: { type: "NAV_RESTATEMENT_BEGUN", payload: { path: ["strike_id"], equals: strikeId } },
    }),
  );
  const run = { eventId: event.event_id, workflowId: `restate/${strikeId}` };
  const ref = { ...run, fundId, strikeId };
  await rooms.call("commander.openRestatement", run);
  const { proposalId } = await rooms.call<{ proposalId: string }>("commander.proposeRestatement", ref);
  const proposal = await database.read(AUDIT, (tx) =>
    tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } }),
  );
  // who approves the figures has seen what they come to
  expect(proposal.body).toMatchObject({
    restatement: { material: true, days: [{ fund_pays: "128.08", fund_receives: "13.00", tolerance: "0.01" }] },
  });
  await approve(house(), proposal);
  await rooms.call("commander.strikeRestatement", ref);
  await rooms.call("commander.compensate", ref);
  await rooms.call("commander.restateStatements", ref);
  const told = await house().look(
    "select c.flow_id, trim_scale(units_dealt)::text as dealt, trim_scale(units_due)::text as due, difference::text, owed_by, pays, round(r.error, 6)::text as error from compensations c join restatements r using (restatement_id) where r.strike_id = $1",
    [strikeId],
  );
  const row = { error: "0.012974", owed_by: "fund" };
  expect(told).toHaveLength(3);
  expect(told).toContainEqual({
    ...row,
    flow_id: bought,
    dealt: "98.5221",
    due: "99.8003",
    difference: "128.0800",
    pays: true,
  });
  // below the smallest amount of the policy: named, and not paid
  expect(told).toContainEqual({
    ...row,
    flow_id: little,
    dealt: "9.8522",
    due: "9.98",
    difference: "12.8100",
    pays: false,
  });
  expect(told).toContainEqual({
    ...row,
    flow_id: sold,
    dealt: "10",
    due: null,
    difference: "13.0000",
    owed_by: "responsible_party",
    pays: false,
  });
  // the buyer's statement has a version that says so
  const statements = await house().look<{ compensation: unknown; version: number }>(
    "select version, body -> 'compensation' as compensation from statements where dealing_day_id = $1 and investor_id = $2 order by version",
    [first.dayId, buyer],
  );
  expect(statements).toMatchObject([
    { version: 1, compensation: null },
    { version: 2, compensation: [{ orderId: bought, published: "101.5", correct: "100.2", difference: "128.08" }] },
  ]);
  await database.rpc(OPS, "fn_record_marks", {
    fund: code,
    marks: [{ asset: "INFRA", value: "9370000.00", as_of: dayAhead(0), source: "appraisal, read again" }],
  });
  const second = await openedDay(on, dealAhead(2));
  await approved(second);
  const inputs = await house().look(
    "select kind, label, value::text from nav_inputs i join dealing_days d using (strike_id) where d.dealing_day_id = $1 and label like 'compensation%' order by 1",
    [second.dayId],
  );
  expect(inputs).toEqual([
    { kind: "payable", label: "compensation payable", value: "128.0800" },
    { kind: "receivable", label: "compensation receivable", value: "13.0000" },
  ]);
  // 9,370,000 + 650,000 + 9,985.00 + 13.00 - 128.08 over 100,098.3743 units; the 12.81 that nobody is paid stay in the fund
  const [price] = await house().look(
    "select n.nav::text, trim_scale(n.units)::text as units, trim_scale(n.nav_per_unit)::text as price from class_navs n join dealing_days d using (strike_id) where d.dealing_day_id = $1",
    [second.dayId],
  );
  expect(price).toEqual({ nav: "10029869.9200", units: "100098.3743", price: "100.2001" });
  await closed(on, second);
  expect(await brokenIn(house(), code)).toEqual([]);
});

it("the days of a class that a schedule finds due", async () => {
  const on = await dealingFund(house());
  const at = `${dayAhead(3)}T12:00:00.000Z`;
  const asked = { workflowId: "open/test", fundId: on.fundId, shareClassId: on.classId, at };
  const { dates } = await rooms.call<{ dates: string[] }>("commander.openDealingDays", asked);
  const opened = async () =>
    (
      await rooms.database.read(AUDIT, (tx) =>
        tx.dealing_days.findMany({ where: { fund_id: on.fundId }, orderBy: { dealing_date: "asc" } }),
      )
    ).map((day) => day.dealing_date.toISOString().slice(0, 10));
  expect(dates.length).toBeGreaterThan(0);
  expect(await opened()).toEqual(dates);
  // fired again, it finds them open
  expect(await rooms.call("commander.openDealingDays", asked)).toEqual({ dates: [] });
  expect(await opened()).toEqual(dates);
});

it("KYC answers what rules ask about personal data, for whoever was not answered for today", async () => {
  await liveRules(rooms.database);
  const on = await dealingFund(house());
  await subscribe(house(), on, await newInvestor(house()), "1000");
  await intake();
  const { ref, take } = await openedDay(on, dealAhead(1));
  await take("commander.lockOrders");
  expect(await rooms.call("kyc.answerTests", ref())).toEqual({ answered: 1 });
  expect(await rooms.call("kyc.answerTests", ref())).toEqual({ answered: 0 });
});

it("every crash point that the table names for dealing, and no other", () => {
  for (const room of ["commander", "kyc", "liquidity-engine"] as const)
    expectEveryCrashPointPassed(rooms, room, "dealing");
});
