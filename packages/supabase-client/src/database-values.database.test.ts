// What goes in and comes out at the door: every digit, hostile text as data, and errors that show nothing of rows.
import type { Actor } from "@evergreen-fund/domain";
import { describe, expect, it } from "vitest";
import {
  admin,
  COMMANDER,
  database,
  drift,
  fund,
  HOSTILE,
  KYC,
  OPS,
  onAFreshDatabase,
  PM,
  refusal,
  SERVICE,
  STEERING,
} from "./test-door.ts";

onAFreshDatabase();

describe("reading", () => {
  it("sees one snapshot from its first statement to its last", async () => {
    const counts = await database.read(PM, async (tx) => {
      const first = await tx.funds.count();
      await database.rpc(PM, "fn_import_fund", { fund: fund() });
      return [first, await tx.funds.count()];
    });
    expect(counts[1]).toBe(counts[0]);
    expect(await database.read(PM, (tx) => tx.funds.count())).toBe(counts[0]! + 1);
  });

  it("an amount and a position beyond a double's digits arrive digit for digit", async () => {
    const amount = "9007199254740993000000000000.01";
    const { fund_id } = await database.rpc(PM, "fn_import_fund", { fund: fund() });
    const rung = await database.rpc(PM, "fn_update_liquidity_bucket", {
      bucket: "7d",
      delta_capacity: amount,
      context: { fund_id },
    });
    expect(rung.capacity).toBe(`${amount}00`);
    const read = await database.read(PM, (tx) =>
      tx.liquidity_ladder.findUnique({ where: { ladder_id: rung.ladder_id }, select: { capacity: true } }),
    );
    expect(read?.capacity.toFixed()).toBe(amount);

    await admin.query("select setval(pg_get_serial_sequence('fund_events', 'seq'), 9007199254740993, false)");
    const event = await drift({});
    const claimed = await database.rpc(SERVICE, "fn_claim_events", { consumer: "test", max_events: 1000 });
    expect(claimed.find(({ event_id }) => event_id === event)?.seq).toBe("9007199254740993");
    const seq = await database.read(PM, (tx) => tx.fund_events.findUnique({ where: { event_id: event } }));
    expect(seq?.seq).toBe(9007199254740993n);
  });
});

describe("hostile values are data", () => {
  it.each(HOSTILE)("%j as text and as jsonb, key and value", async (hostile) => {
    const id = await drift({ [`k${hostile}`]: hostile }, hostile);
    const event = await database.read(PM, (tx) => tx.fund_events.findUnique({ where: { event_id: id } }));
    expect(event).toMatchObject({ source: hostile, payload: { [`k${hostile}`]: hostile } });
    const found = await database.read(PM, (tx) => tx.fund_events.count({ where: { source: hostile } }));
    expect(found).toBe(1);
  });

  it.each(STEERING)("%j is refused and leaves nothing", async (steering) => {
    const before = await database.read(PM, (tx) => tx.fund_events.count());
    for (const attempt of [drift({ [steering]: "key" }), drift({ value: steering }), drift({}, steering)])
      expect(await refusal(attempt)).toMatchObject({ code: "EG400" });
    expect(await database.read(PM, (tx) => tx.fund_events.count())).toBe(before);
  });

  it("all of them as text[]", async () => {
    const pending_id = await database.rpc(OPS, "fn_submit_investor", { classification: "professional" });
    await database.rpc(KYC, "fn_ask_evidence", { pending_id, missing: HOSTILE });
    const { rows } = await admin.query("select missing from investors_pending_kyc where pending_id = $1", [pending_id]);
    expect(rows).toEqual([{ missing: HOSTILE }]);
  });

  it("as uuid[], bigint[], uuid, numeric and int they are EG400, without their words", async () => {
    for (const hostile of HOSTILE) {
      const context = { fund_id: "00000000-0000-4000-8000-00000000000f" };
      const calls = [
        database.rpc(SERVICE, "fn_record_event", {
          type: "SUBSCRIPTION_REQUESTED",
          payload: { flow_id: context.fund_id },
          source: "s",
          investor_ids: [hostile],
        }),
        database.rpc(SERVICE, "fn_finish_events", { seqs: [hostile] }),
        database.rpc(PM, "fn_retry_event", { event_id: hostile }),
        database.rpc(PM, "fn_update_liquidity_bucket", { bucket: "7d", delta_capacity: hostile, context }),
        database.rpc(SERVICE, "fn_claim_events", { consumer: "test", max_events: Number.MAX_SAFE_INTEGER }),
      ];
      for (const refused of await Promise.all(calls.map(refusal))) {
        expect(refused.code).toBe("EG400");
        expect(refused.message).not.toMatch(/drop|漢字|syntax/);
      }
    }
  });

  it("float8[]: every finite number, and nothing else", async () => {
    const embedding = [1e-100, 0, 1e100, -1e-7, 0.1, 1e21, 1 / 3, 2];
    const text = "Numbers far apart.";
    await database.rpc(COMMANDER, "fn_remember", { memory: { text, embedding } });
    const { rows } = await admin.query("select embedding from agent_memories where text = $1", [text]);
    // kept at length one: the largest component is all that is left of numbers this far apart
    expect(rows[0].embedding.map((value: number) => Math.round(value * 1e12) / 1e12)).toEqual([0, 0, 1, 0, 0, 0, 0, 0]);
    const [found] = await database.rpc(COMMANDER, "fn_search_memories", { embedding: [...embedding.slice(0, 7), -0] });
    expect(found).toMatchObject({ text, score: 1 });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "1'; drop"]) {
      const refused = refusal(database.rpc(COMMANDER, "fn_search_memories", { embedding: [value as number] }));
      expect((await refused).code).toBe("EG400");
    }
  });

  it.each([
    ["a NUL", "a\0b"],
    ["half a surrogate pair", "a\ud800b"],
  ])("%s is EG400 wherever it stands, and the connection lives on", async (_, broken) => {
    const missing = [broken];
    const calls = [
      drift({}, broken),
      drift({ [broken]: 1 }),
      drift({ note: broken }),
      database.rpc(KYC, "fn_ask_evidence", { pending_id: "00000000-0000-4000-8000-00000000000f", missing }),
      database.rpc({ role: "pm_role", userId: broken }, "fn_import_fund", { fund: fund() }),
      database.rpc({ role: `agent_${broken}` }, "fn_import_fund", { fund: fund() }),
    ];
    for (const refused of await Promise.all(calls.map(refusal))) expect(refused.code).toBe("EG400");
    expect(await drift({})).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("a role that is none of ours is refused and no SQL", async () => {
    const actor = { role: "agent_x'; drop table funds; --" } as Actor;
    expect((await refusal(database.rpc(actor, "fn_import_fund", { fund: fund() }))).code).toBe("EG400");
    expect((await refusal(database.read(actor, (tx) => tx.funds.count()))).code).toBe("EG400");
    expect(
      (await refusal(database.read({ role: "postgres" } as unknown as Actor, (tx) => tx.funds.count()))).code,
    ).toBe("EG403");
  });
});

describe("errors", () => {
  it("the functions' codes arrive as they were raised", async () => {
    const event_id = "00000000-0000-4000-8000-00000000000f";
    expect((await refusal(database.rpc(PM, "fn_retry_event", { event_id }))).code).toBe("EG404");
    expect((await refusal(database.rpc(PM, "fn_request_rebalance", { fund: "NONE" }))).code).toBe("EG404");
    const twice = { type: "SUBSCRIPTION_REQUESTED", source: "s", request_id: "test/one" };
    await database.rpc(SERVICE, "fn_record_event", { ...twice, payload: { flow_id: event_id } });
    const other = database.rpc(SERVICE, "fn_record_event", { ...twice, payload: { flow_id: event_id, a: 1 } });
    expect((await refusal(other)).code).toBe("EG409");
  });

  it("say nothing of rows: no DETAIL, no value, no SQL", async () => {
    const canary = "CANARY-7";
    await database.rpc(PM, "fn_import_fund", { fund: fund({ code: canary, name: canary }) });
    await admin.query("create unique index only_one_source on fund_events (source) where source like 'CANARY%'");
    await drift({}, canary);
    const calls = [
      drift({}, canary),
      database.rpc(PM, "fn_update_liquidity_bucket", { bucket: canary, delta_capacity: canary, context: {} }),
      database.read(PM, (tx) => tx.$queryRawUnsafe(`select '${canary}'::int from funds`)),
      database.read(PM, (tx) => tx.funds.findMany({ where: { fund_id: canary } })),
      database.read(PM, (tx) => tx.funds.create({ data: { name: canary } as never })),
    ];
    for (const refused of await Promise.all(calls.map(refusal))) {
      expect(refused.message).not.toMatch(/CANARY|select|prisma|funds\b/i);
      expect(refused).not.toHaveProperty("detail");
    }
  });

  it("an answer that is not what the contract says names the function, and none of its words", async () => {
    await admin.query(
      "create or replace function fn_seal_audit(max_entries int default 50000) returns int language sql as 'select null::int'",
    );
    const refused = await refusal(database.rpc(SERVICE, "fn_seal_audit", {}));
    expect(refused).toMatchObject({
      code: "EG500",
      message: "fn_seal_audit answered something else than its contract says.",
    });
  });
});
