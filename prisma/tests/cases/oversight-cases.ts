// RPC cases: alerts, stress results, compliance, tokens, memories, traces, the demo loader.
import { expect } from "vitest";
import { type Args, agent, PM_ONE, SERVICE, type TestDatabase } from "../arrange.ts";
import { newFund } from "../synthetic-fund.ts";
import { recordedStress } from "./event-cases.ts";
import { NOWHERE, noUuid, type RpcCase } from "./rpc-case.ts";

const COMMANDER = agent("commander");
const SENTINEL = agent("compliance-sentinel");
const token = async (db: TestDatabase) =>
  db.value<string>(PM_ONE, "fn_record_event", {
    type: "TOKENIZATION_REQUESTED",
    payload: { chain: "testnet", instrument: "SYN", size: "10.5" },
    source: "cli",
    fund_id: (await newFund(db)).fundId,
  });
const unbound = (db: TestDatabase) =>
  db.value<string>(SERVICE, "fn_record_event", {
    type: "STRESS_REQUESTED",
    payload: { scenario_id: "x", shift_bps: 1 },
    source: "test",
  });

const vector = [0.5, -0.5, 0.25, 0.125, 0, 0, 0, 1];
const memory = (change: Args = {}) => ({
  text: "Bonds were sold to restore the band.",
  embedding: vector,
  supabase_refs: [{ table: "proposals", id: NOWHERE }],
  workflow_id: "event/x",
  nodes: [
    { kind: "Asset", ref: "a" },
    { kind: "Workflow", ref: "w" },
  ],
  edges: [{ kind: "caused", from: { kind: "Workflow", ref: "w" }, to: { kind: "Asset", ref: "a" } }],
  ...change,
});
const remembered = (args: Args, change: Args) => ({ ...args, memory: { ...(args.memory as Args), ...change } });

const span = (n: number, change: Args = {}) => ({
  trace_id: "a".repeat(32),
  span_id: String(n).padStart(16, "0"),
  parent_span_id: null,
  name: "fn_record_event",
  service: "commander",
  started_at: "2026-11-01T10:00:00Z",
  ended_at: "2026-11-01T10:00:01Z",
  status: "ok",
  ...change,
});

export const OVERSIGHT_CASES: RpcCase[] = [
  {
    fn: "fn_raise_alert",
    by: agent("risk-guardian"),
    arrange: async (db) => ({
      event_id: await recordedStress(db),
      kind: "DATA_DRIFT",
      severity: "warning",
      reason: "marks moved by 6 %",
    }),
    check: async ([row], args, db) => {
      expect(
        await db.look("select event_id, kind, severity from risk_alerts where alert_id = $1", [row?.fn_raise_alert]),
      ).toEqual([{ event_id: args.event_id, kind: "DATA_DRIFT", severity: "warning" }]);
    },
    other: (args) => ({ ...args, severity: "critical" }),
    audits: 1,
    events: ["RISK_ALERT_RAISED"],
    refuses: [
      { what: "an event that is not there", code: "EG404", change: (a) => ({ ...a, event_id: NOWHERE }) },
      { what: "an event of no fund", code: "EG404", change: async (a, db) => ({ ...a, event_id: await unbound(db) }) },
      { what: "an unknown severity", code: "EG400", change: (a) => ({ ...a, severity: "panic" }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      { what: "no kind", code: "EG400", change: (a) => ({ ...a, kind: null }) },
      { what: "a remedy that is no object", code: "EG400", change: (a) => ({ ...a, remedy: JSON.stringify([]) }) },
      { what: "a remedy without end", code: "EG413", change: (a) => ({ ...a, remedy: { words: "x".repeat(65_537) } }) },
    ],
  },
  {
    fn: "fn_record_stress",
    by: agent("simulation"),
    arrange: async (db) => ({
      event_id: await recordedStress(db),
      scenario_id: "rates_up_200",
      loss: "2190056.14",
      method: "dv100_linear",
      detail: { convexity: "unknown" },
    }),
    check: async ([row], args, db) => {
      expect(
        await db.look("select payload, event_meta ->> 'causation_id' as cause from fund_events where event_id = $1", [
          row?.fn_record_stress,
        ]),
      ).toEqual([
        {
          payload: { scenario_id: "rates_up_200", loss: "2190056.14", method: "dv100_linear", convexity: "unknown" },
          cause: args.event_id,
        },
      ]);
    },
    other: (args) => ({ ...args, loss: "1.00" }),
    audits: 1,
    events: ["STRESS_COMPLETED"],
    refuses: [
      { what: "an event that is not there", code: "EG404", change: (a) => ({ ...a, event_id: NOWHERE }) },
      {
        what: "an event of another type",
        code: "EG404",
        change: async (a, db) => ({ ...a, event_id: await token(db) }),
      },
      { what: "a loss of NaN", code: "EG400", change: (a) => ({ ...a, loss: "NaN" }) },
      { what: "a loss without end", code: "EG400", change: (a) => ({ ...a, loss: "-Infinity" }) },
      { what: "no loss", code: "EG400", change: (a) => ({ ...a, loss: null }) },
      { what: "a loss with five decimals", code: "EG400", change: (a) => ({ ...a, loss: "0.00001" }) },
      { what: "no method", code: "EG400", change: (a) => ({ ...a, method: "" }) },
      { what: "detail that is no object", code: "EG400", change: (a) => ({ ...a, detail: JSON.stringify([]) }) },
    ],
  },
  {
    fn: "fn_log_compliance",
    by: SENTINEL,
    arrange: async (db) => ({
      event_id: await token(db),
      rule: "tokenization_approval",
      rule_version: "1",
      result: "passed",
      detail: { note: "ok" },
    }),
    check: async ([row], args, db) => {
      expect(
        await db.look("select actor, rule, result, entity_id from compliance_logs where log_id = $1", [
          row?.fn_log_compliance,
        ]),
      ).toEqual([
        {
          actor: "agent:compliance-sentinel",
          rule: "tokenization_approval",
          result: "passed",
          entity_id: args.event_id,
        },
      ]);
    },
    other: (args) => ({ ...args, result: "failed" }),
    audits: 1,
    events: [],
    refuses: [
      { what: "an event that is not there", code: "EG404", change: (a) => ({ ...a, event_id: NOWHERE }) },
      { what: "a verdict that is none", code: "EG400", change: (a) => ({ ...a, result: "perhaps" }) },
      { what: "no rule", code: "EG400", change: (a) => ({ ...a, rule: "" }) },
    ],
  },
  {
    fn: "fn_register_tokenization",
    by: agent("tokenization"),
    arrange: async (db) => {
      const event_id = await token(db);
      await db.call(SENTINEL, "fn_log_compliance", {
        event_id,
        rule: "tokenization_approval",
        rule_version: "1",
        result: "passed",
      });
      return { event_id };
    },
    check: async ([row], args, db) => {
      const made = row?.fn_register_tokenization as { action_id: string; status: string };
      expect(made.status).toBe("awaiting_approval");
      expect(
        await db.look(
          "select chain, size, request_key, compliance_log_id is not null as rests, tx_hash from tokenization_actions where action_id = $1",
          [made.action_id],
        ),
      ).toEqual([
        { chain: "testnet", size: "10.500000000000000000", request_key: args.event_id, rests: true, tx_hash: null },
      ]);
    },
    other: () => ({ event_id: NOWHERE }),
    audits: 1,
    events: [],
    refuses: [
      { what: "an event that is not there", code: "EG404", change: () => ({ event_id: NOWHERE }) },
      {
        what: "an approval of another fund",
        code: "EG404",
        change: async (a, db) => ({
          ...a,
          compliance_log_id: await db.value(SENTINEL, "fn_log_compliance", {
            event_id: await token(db),
            rule: "tokenization_approval",
            rule_version: "1",
            result: "passed",
          }),
        }),
      },
      {
        what: "a verdict of another rule",
        code: "EG404",
        change: async (a, db) => ({
          ...a,
          compliance_log_id: await db.value(SENTINEL, "fn_log_compliance", {
            event_id: a.event_id,
            rule: "issuer_concentration",
            rule_version: "1",
            result: "passed",
          }),
        }),
      },
    ],
  },
  {
    fn: "fn_remember",
    by: COMMANDER,
    arrange: async (db) => ({ memory: memory({ fund_id: (await newFund(db)).fundId }) }),
    check: async ([row], _args, db) => {
      expect(
        await db.look(
          `select m.trust, cardinality(m.embedding) as dimension, e.kind, f.ref as from_ref, t.ref as to_ref from agent_memories m join memory_edges e using (memory_id)
             join memory_nodes f on f.node_id = e.from_node join memory_nodes t on t.node_id = e.to_node where m.memory_id = $1`,
          [row?.fn_remember],
        ),
      ).toEqual([{ trust: "system", dimension: 8, kind: "caused", from_ref: "w", to_ref: "a" }]);
    },
    other: (args) => remembered(args, { text: "Something else." }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no text", code: "EG400", change: (a) => remembered(a, { text: "" }) },
      { what: "no memory", code: "EG400", change: () => ({ memory: null }) },
      {
        what: "another dimension than the memories there",
        code: "EG400",
        change: async (a, db) => {
          await db.call(COMMANDER, "fn_remember", a);
          return remembered(a, { embedding: [...vector, 0] });
        },
      },
      {
        what: "a vector of words",
        code: "EG400",
        change: (a) => remembered(a, { embedding: [...vector.slice(1), "NaN"] }),
      },
      { what: "no vector", code: "EG400", change: (a) => remembered(a, { embedding: "x" }) },
      { what: "a room that speaks as a person", code: "EG400", change: (a) => remembered(a, { trust: "person" }) },
      {
        what: "an unknown kind of node",
        code: "EG400",
        change: (a) => remembered(a, { nodes: [{ kind: "Person", ref: "x" }], edges: [] }),
      },
      {
        what: "an edge to a node that is not there",
        code: "EG400",
        change: (a) => remembered(a, { nodes: [{ kind: "Asset", ref: "a" }] }),
      },
      { what: "a fund that is not there", code: "EG400", change: (a) => remembered(a, { fund_id: NOWHERE }) },
      { what: "a fund id that is none", code: "EG400", change: (a) => remembered(a, { fund_id: noUuid }) },
    ],
  },
  {
    fn: "fn_search_memories",
    by: COMMANDER,
    arrange: async (db) => {
      const fund_id = (await newFund(db)).fundId;
      await db.call(COMMANDER, "fn_remember", { memory: memory({ fund_id, text: "near" }) });
      await db.call(COMMANDER, "fn_remember", {
        memory: memory({ fund_id, text: "opposite", embedding: vector.map((x) => -x) }),
      });
      return { embedding: vector, fund_id, max_rows: 2 };
    },
    check: (rows) => {
      expect(rows.map((row) => [row.text, Math.round(Number(row.score) * 1e9) / 1e9])).toEqual([
        ["near", 1],
        ["opposite", -1],
      ]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_list_memories",
    by: COMMANDER,
    arrange: async (db) => {
      const fund_id = (await newFund(db)).fundId;
      await db.call(COMMANDER, "fn_remember", { memory: memory({ fund_id, text: "one" }) });
      await db.call(COMMANDER, "fn_remember", { memory: memory({ fund_id, text: "two" }) });
      const ids = await db.look(`select memory_id from agent_memories where fund_id = '${fund_id}' and text = 'one'`);
      return { fund_id, since: "0", memory_ids: ids.map((row) => row.memory_id), max_rows: 1 };
    },
    check: async (rows, { fund_id }, db) => {
      expect(rows.map((row) => [row.text, row.superseded])).toEqual([["one", false]]);
      const [{ horizon } = {}] = rows;
      const later = await db.call(COMMANDER, "fn_list_memories", {
        fund_id,
        since: horizon,
        memory_ids: [],
        max_rows: 9,
      });
      expect(later).toEqual([expect.objectContaining({ memory_id: null, text: null })]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_record_spans",
    by: SERVICE,
    arrange: async () => ({ spans: [span(1), span(2), span(1)] }),
    check: async ([row], _args, db) => {
      expect(row?.fn_record_spans).toBe(2);
      expect(await db.look("select span_id from trace_spans order by 1")).toEqual([
        { span_id: "0000000000000001" },
        { span_id: "0000000000000002" },
      ]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "no list", code: "EG400", change: () => ({ spans: {} }) },
      { what: "too many", code: "EG413", change: () => ({ spans: Array(10_001).fill({}) }) },
      { what: "a span without a name", code: "EG400", change: () => ({ spans: [span(3, { name: null })] }) },
      { what: "a time that is none", code: "EG400", change: () => ({ spans: [span(3, { started_at: "noon" })] }) },
    ],
  },
];
