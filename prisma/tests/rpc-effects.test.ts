// Every fn_*: what a good call does, that it is whole or nothing, and that one request id has one effect.
import { EVENTS, isEventName } from "@evergreen-fund/domain/events.ts";
import { actorName } from "@evergreen-fund/domain/roles.ts";
import { afterEach, describe, expect, it } from "vitest";
import { type Args, callOn, refusedWith, testDatabase } from "./arrange.ts";
import { RPC_CASES } from "./cases/index.ts";

const db = await testDatabase();
// a case that halts all writes halts those of no other
afterEach(() => db.look("delete from platform_settings where key = 'writes_halted'"));

it("there is a case for every function that callers can see", async () => {
  const rows = await db.look("select proname from pg_proc where pronamespace = 'public'::regnamespace order by 1");
  expect(RPC_CASES.map((c) => c.fn).sort()).toEqual(rows.map((row) => row.proname));
});

const takesRequestId = RPC_CASES.filter((c) => c.other !== null);

describe.each(RPC_CASES.map((c) => [c.fn, c] as const))("%s", (_fn, rpc) => {
  it("does what it says, with its audit rows and events in the same transaction", async () => {
    const args = await rpc.arrange(db);
    const request = rpc.other === null ? {} : { request_id: `${rpc.fn}/happy` };
    const { rows, tx } = await db.as(rpc.by, async (client) => {
      const rows = await callOn(client, rpc.fn, { ...args, ...request });
      return { rows, tx: (await client.query("select pg_current_xact_id() as tx")).rows[0]?.tx };
    });
    const audit = await db.look("select created_by, request_id from audit_trail where tx = $1", [tx]);
    expect(audit).toEqual(
      Array(rpc.audits).fill({ created_by: actorName(rpc.by), request_id: request.request_id ?? null }),
    );
    const events = await db.look<{ type: string; payload: unknown }>(
      "select type, payload from fund_events where tx = $1 and origin_tx is null order by seq",
      [tx],
    );
    expect(events.map((e) => e.type)).toEqual(rpc.events);
    for (const { type, payload } of events)
      expect(isEventName(type) && EVENTS[type].payload.parse(payload)).toBeTruthy();
    await rpc.check(rows, args, db);
  });

  it("leaves nothing when its transaction is rolled back", async () => {
    const args = await rpc.arrange(db);
    const before = await db.writes();
    const gone = db.as(rpc.by, async (client) => {
      expect(await callOn(client, rpc.fn, args)).not.toEqual([]);
      throw new Error("changed my mind");
    });
    await expect(gone).rejects.toThrow("changed my mind");
    expect(await db.writes()).toEqual(before);
  });

  it("works without a request id", async () => {
    const args = await rpc.arrange(db);
    expect(await db.call(rpc.by, rpc.fn, args)).not.toEqual([]);
  });
});

describe.each(takesRequestId.map((c) => [c.fn, c] as const))("%s under one request id", (_fn, rpc) => {
  it("answers a retry with the first answer and changes nothing", async () => {
    const args: Args = { ...(await rpc.arrange(db)), request_id: `${rpc.fn}/retry` };
    const first = await db.call(rpc.by, rpc.fn, args);
    const before = await db.writes();
    const again = await db.call(rpc.by, rpc.fn, args);
    expect(await db.writes()).toEqual(before);
    if (rpc.answerMoves === undefined) expect(again).toEqual(first);
    else expect(Object.keys(again[0] ?? {})).toEqual(Object.keys(first[0] ?? {}));
  });

  it("refuses other input with EG409 and changes nothing", async () => {
    const args: Args = { ...(await rpc.arrange(db)), request_id: `${rpc.fn}/other` };
    await db.call(rpc.by, rpc.fn, args);
    const before = await db.writes();
    expect(await refusedWith(db.call(rpc.by, rpc.fn, { ...rpc.other?.(args), request_id: args.request_id }))).toBe(
      "EG409",
    );
    expect(await db.writes()).toEqual(before);
  });

  it("lets the first answer stand for a step of a run, and only for an agent's", async () => {
    const args: Args = { ...(await rpc.arrange(db)), request_id: `event/${rpc.fn}` };
    const first = await db.call(rpc.by, rpc.fn, args);
    const before = await db.writes();
    const again = db.call(rpc.by, rpc.fn, { ...rpc.other?.(args), request_id: args.request_id });
    if (!rpc.by.role.startsWith("agent_")) expect(await refusedWith(again)).toBe("EG409");
    else if (rpc.answerMoves === undefined) expect(await again).toEqual(first);
    // one that answers what is true now looks at what it was asked this time, and may find nothing there
    else await again.catch(() => undefined);
    expect(await db.writes()).toEqual(before);
  });

  it("has one effect when 20 callers come at once", async () => {
    const request_id = `${rpc.fn}/twenty`;
    const args: Args = { ...(await rpc.arrange(db)), request_id };
    const answers = await Promise.all(Array.from({ length: 20 }, () => db.call(rpc.by, rpc.fn, args)));
    if (rpc.answerMoves === undefined) expect(answers).toEqual(Array(20).fill(answers[0]));
    const [counted] = await db.look(
      `select (select count(*)::int from audit_trail where request_id = $1) as audits, (select count(*)::int from commands where request_id = $1) as commands,
              (select count(distinct tx)::int from audit_trail where request_id = $1) as transactions`,
      [request_id],
    );
    expect(counted).toEqual({ audits: rpc.audits, commands: 1, transactions: 1 });
  });
});
