// The model as the attacker: ten thousand hostile steps of every agent on a real database full of everybody's good arguments. Nothing happens that the
// grants do not allow, nothing beyond the declared effects of the role, and the audit trail says who did it.
import { AGENT_ROLES, type AgentRole, actorName } from "@evergreen-fund/domain/roles.ts";
import { describe, expect, it } from "vitest";
import { PM_ONE, testDatabase } from "./arrange.ts";
import {
  attempt,
  type Change,
  chance,
  changes,
  everything,
  HostileModel,
  type Outcome,
  seedOfRun,
  targets,
} from "./model-fuzz.ts";
import { ALWAYS, NEVER, RIGHTS } from "./model-fuzz-rights.ts";

const STEPS = 10_000;
const LIMIT_MS = 300_000;
const db = await testDatabase();
const all = await targets(db);
const IDS = `select fund_id::text as id from funds union select proposal_id::text from proposals union select event_id::text from fund_events
  union select flow_id::text from fund_flows union select dealing_day_id::text from dealing_days union select strike_id::text from nav_strikes
  union select investor_id::text from investors union select share_class_id::text from share_classes union select id::text from assets order by 1`;
const GRANTED =
  "select proname as fn from pg_proc where pronamespace = 'public'::regnamespace and has_function_privilege($1, oid, 'execute')";

/** What does not hold of the books, one line each: what the arranging left, and nothing more after an agent. */
const broken = async (): Promise<string[]> =>
  (await db.call(PM_ONE, "fn_verify_invariants")).map((row) => JSON.stringify(row));

/** Copied from rows of people by the functions, never said by the caller: who asked and so may not decide, who placed an order that goes on, which side owes, by when a breach is cured. */
const COPIED = ["proposals.requested_by", "fund_flows.placed_by", "compensations.owed_by", "breaches.cure_by"];

/** Who is named as the doer of something, as "table.column who". */
const authors = ({ table, row, columns }: Change): string[] =>
  columns
    .filter((c) => /(^|_)(by|principal|actor)$/.test(c) && typeof row[c] === "string")
    .filter((c) => !COPIED.includes(`${table}.${c}`))
    .map((c) => `${table}.${c} ${row[c]}`);

/** What was changed that the role may not change, as "table kind columns". */
function beyond(role: AgentRole, difference: readonly Change[]): string[] {
  const rights = RIGHTS[role];
  if (rights === undefined) return [`${role} has no line in model-fuzz-rights.ts`];
  return difference.flatMap(({ table, kind, columns }) => {
    if (kind === "insert") return ALWAYS.includes(table) || rights.adds.includes(table) ? [] : [`${table} insert`];
    if (kind === "delete") return rights.removes?.includes(table) ? [] : [`${table} delete`];
    const free = columns.filter((c) => c !== "tx" && c !== "updated_at" && !rights.changes[table]?.includes(c));
    return free.length === 0 ? [] : [`${table} update ${free.join(" ")}`];
  });
}

async function attack(role: AgentRole, seed: number): Promise<{ outcomes: Outcome[]; granted: Set<string> }> {
  const random = chance(seed);
  const model = new HostileModel(
    random,
    (await db.look<{ id: string }>(IDS)).map(({ id }) => id),
  );
  const granted = new Set((await db.look<{ fn: string }>(GRANTED, [role])).map(({ fn }) => fn));
  const [own, others] = [all.filter(({ fn }) => granted.has(fn)), all.filter(({ fn }) => !granted.has(fn))];
  const outcomes: Outcome[] = [];
  const client = await db.app.connect();
  try {
    await client.query("select set_config('role', $1, false), set_config('request.jwt.claims', $2, false)", [
      role,
      JSON.stringify({ role }),
    ]);
    for (let step = 0; step < STEPS; step++) {
      const target = model.pick(random() < 0.6 ? own : others);
      outcomes.push(await attempt(client, target, model.arguments(target)));
    }
  } finally {
    client.release(true);
  }
  return { outcomes, granted };
}

it("no agent may do what only people do", () => {
  for (const [role, { adds, changes: columns, removes }] of Object.entries(RIGHTS))
    expect(
      [...adds, ...Object.keys(columns), ...(removes ?? [])].filter((table) => NEVER.includes(table)),
      role,
    ).toEqual([]);
  expect(Object.keys(RIGHTS).sort()).toEqual([...AGENT_ROLES].sort());
});

it("sees a right that is missing", async () => {
  const before = await everything(db);
  await db.look(
    "update funds set net_assets = net_assets + 1 where fund_id = (select fund_id from funds order by 1 limit 1)",
  );
  expect(beyond("agent_tokenization", changes(before, await everything(db)))).toEqual(["funds update net_assets"]);
  await db.look(
    "update funds set net_assets = net_assets - 1 where fund_id = (select fund_id from funds order by 1 limit 1)",
  );
});

describe.each(AGENT_ROLES.map((role, turn) => [role, turn] as const))("%s", (role, turn) => {
  it(`takes ${STEPS} hostile steps and has no effect outside its role`, { timeout: LIMIT_MS }, async () => {
    const seed = seedOfRun() + turn;
    const said = `seed ${seed}`;
    const [before, brokenBefore] = [await everything(db), await broken()];
    const { outcomes, granted } = await attack(role, seed);
    const difference = changes(before, await everything(db));

    // nobody else's function succeeds, nor is its body reached
    const foreign = outcomes.filter(({ fn }) => !granted.has(fn));
    expect(foreign.length, said).toBeGreaterThan(STEPS / 4);
    expect(
      [...new Set(foreign.map(({ code }) => code))].filter((code) => !/^(42501|22...)$/.test(code)),
      said,
    ).toEqual([]);
    // its own functions answer, or refuse with a code
    const mine = outcomes.filter(({ fn }) => granted.has(fn));
    const unforeseen = mine.filter(({ code }) => !/^(ok|EG(?!500)\d{3}|22...)$/.test(code));
    expect([...new Set(unforeseen.map(({ fn, code, message }) => `${fn}: ${code} ${message}`))], said).toEqual([]);
    // the steps went deep: its functions did what they are for, many times, and refused for reasons of the business
    expect(mine.filter(({ code }) => code === "ok").length, said).toBeGreaterThan(500);
    const reached = new Set(mine.filter(({ code }) => /^(ok|EG4(?!00|03)\d\d)$/.test(code)).map(({ fn }) => fn));
    expect(
      [...granted].filter((fn) => !reached.has(fn)),
      said,
    ).toEqual([]);

    expect([...new Set(beyond(role, difference))], said).toEqual([]);
    expect(difference.length, said).toBeGreaterThan(100);
    const me = actorName({ role });
    expect(
      [...new Set(difference.flatMap(authors))].filter((who) => !who.endsWith(` ${me}`)),
      said,
    ).toEqual([]);
    const commands = difference.filter(({ table }) => table === "commands").map(({ row }) => String(row.fn));
    expect(
      [...new Set(commands)].filter((fn) => !granted.has(fn)),
      said,
    ).toEqual([]);
    // a model's number is never a mark
    const marks = difference.filter(({ table, row }) => table === "asset_snapshots" && row.scenario_id === "");
    expect(marks, said).toEqual([]);
    expect(
      (await broken()).filter((line) => !brokenBefore.includes(line)),
      said,
    ).toEqual([]);
  });
});
