// Orders from files: all or nothing or row by row, once per file, tried without a trace, and undone unless they are dealt.
import { describe, expect, it } from "vitest";
import { AUDIT, agent, callOn, OPS, refusal } from "./arrange.ts";
import { accept, broken, dealingDatabase, dealingFund, openDealingDay } from "./dealing-day.ts";
import { codeOf, file, flowOf, importOrders, outcomes, redemption, statusOf, subscription } from "./import-files.ts";
import { newInvestor } from "./synthetic-fund.ts";

const db = await dealingDatabase();

async function arranged() {
  const on = await dealingFund(db);
  const other = await codeOf(db, await newInvestor(db, null));
  return { on, holder: await codeOf(db, on.holder), other };
}

describe("a file of orders", () => {
  it("is placed row by row, each through the rules of an order, in one batch", async () => {
    const { on, holder, other } = await arranged();
    const before = await db.look("select count(*)::int as n from fund_events where type = 'SUBSCRIPTION_REQUESTED'");
    const done = await importOrders(db, on, [subscription(other, "10800.00", "S-1"), redemption(holder, "200", "R-1")]);
    expect(done).toMatchObject({ status: "imported", repeated: false, rows: 2, accepted: 2, refused: 0, refusals: [] });
    expect(
      await db.look(
        "select outcome, line, reference, said ->> 'amount' as amount, said ->> 'units' as units from import_rows where import_id = $1 order by position",
        [done.import_id],
      ),
    ).toEqual([
      { outcome: "accepted", line: 2, reference: "S-1", amount: "10800.00", units: null },
      { outcome: "accepted", line: 3, reference: "R-1", amount: null, units: "200" },
    ]);
    const flow = await flowOf(db, done.import_id, 1);
    expect(
      await db.look("select status, channel, amount::text, placed_by from fund_flows where flow_id = $1", [flow]),
    ).toEqual([
      {
        status: "submitted",
        channel: "import",
        amount: "10800.0000",
        placed_by: "user:00000000-0000-4000-8000-000000000005",
      },
    ]);
    expect(await db.look("select count(*)::int as n from fund_events where type = 'SUBSCRIPTION_REQUESTED'")).toEqual([
      { n: Number(before[0]?.n) + 1 },
    ]);
    expect(
      await db.look("select type, payload ->> 'orders' as orders from fund_events where payload ->> 'import_id' = $1", [
        done.import_id,
      ]),
    ).toEqual([{ type: "ORDERS_IMPORTED", orders: "2" }]);
    expect(await db.look("select message from audit_trail where entity_id = $1", [done.import_id])).toEqual([
      { message: "orders imported: 2 of 2 rows" },
    ]);
  });

  it("sent twice changes nothing and says so; so do the same rows in another file", async () => {
    const { on, other } = await arranged();
    const rows = [subscription(other, "5000", "S-1")];
    const name = file("the same bytes");
    const first = await importOrders(db, on, rows, { file: name });
    const before = await db.fingerprint();
    expect(await importOrders(db, on, rows, { file: name })).toEqual({ ...first, repeated: true });
    expect(await importOrders(db, on, [subscription(other, "7", "else")], { file: name })).toMatchObject({
      import_id: first.import_id,
      repeated: true,
    });
    expect(await importOrders(db, on, rows, { file: file("Windows line ends") })).toMatchObject({
      import_id: first.import_id,
      repeated: true,
    });
    expect(await importOrders(db, on, rows, { file: name, request_id: "again" })).toMatchObject({ repeated: true });
    expect(await db.fingerprint()).toEqual(before);
  });

  it("sent by two people at once is taken in once", async () => {
    const { on, other } = await arranged();
    const rows = [subscription(other, "5000", "S-1"), subscription(other, "6000", "S-2")];
    const both = await Promise.all([1, 2, 3].map(() => importOrders(db, on, rows, { file: file("race") })));
    expect(both.filter((one) => !one.repeated)).toHaveLength(1);
    expect(new Set(both.map((one) => one.import_id)).size).toBe(1);
    expect(await db.look("select count(*)::int as n from fund_flows where fund_id = $1", [on.fund.fundId])).toEqual([
      { n: 2 },
    ]);
  });

  it("of another fund is another file", async () => {
    const [one, two] = [await arranged(), await arranged()];
    const name = file("both funds");
    const first = await importOrders(db, one.on, [subscription(one.other, "5000")], { file: name });
    const second = await importOrders(db, two.on, [subscription(two.other, "5000")], { file: name });
    expect([first.repeated, second.repeated, first.import_id === second.import_id]).toEqual([false, false, false]);
  });
});

describe("rows that are refused", () => {
  it("leave nothing of the file unless it is taken in part", async () => {
    const { on, holder, other } = await arranged();
    const rows = [
      subscription(other, "10800.00", "S-1"),
      subscription("LP-NOBODY", "5000", "S-2"),
      redemption(holder, "2000", "R-1"),
      subscription(other, "10.001", "S-3"),
      subscription(other, "5000", "S-1"),
    ];
    const before = await db.fingerprint();
    const refused = await importOrders(db, on, rows);
    expect(refused).toMatchObject({ import_id: null, status: "refused", rows: 5, accepted: 1, refused: 4 });
    expect(refused.refusals.map(({ line, code, reason }) => ({ line, code, reason }))).toEqual([
      { line: 3, code: "EG404", reason: "No investor with that code." },
      { line: 4, code: "EG430", reason: "The orders would exceed the holding." },
      { line: 5, code: "EG400", reason: "amount is positive and has no more decimals than the currency." },
      { line: 6, code: "EG428", reason: "The file has that reference before." },
    ]);
    expect(await db.fingerprint()).toEqual(before);
    const part = await importOrders(db, on, rows, { partial: true });
    expect(part).toMatchObject({ status: "imported", accepted: 1, refused: 4, refusals: refused.refusals });
    expect(await outcomes(db, part.import_id)).toEqual(["accepted", "refused", "refused", "refused", "refused"]);
    // the file mended: what was accepted before is a duplicate, the rest is taken in
    const mended = await importOrders(db, on, [rows[0] ?? {}, subscription(other, "5000", "S-2")], { partial: true });
    expect(mended).toMatchObject({ accepted: 1, refused: 1 });
    expect(mended.refusals[0]).toMatchObject({
      code: "EG428",
      reason: "An order with that reference was imported before.",
    });
  });

  it("see what the rows before them did: two redemptions share one holding", async () => {
    const { on, holder } = await arranged();
    const done = await importOrders(
      db,
      on,
      [redemption(holder, "600"), redemption(holder, "400.0001"), redemption(holder, "400")],
      { partial: true },
    );
    expect(await outcomes(db, done.import_id)).toEqual(["accepted", "refused", "accepted"]);
  });

  it("of the reader are kept with their line and column", async () => {
    const { on, other } = await arranged();
    const done = await importOrders(
      db,
      on,
      [subscription(other, "5000"), { line: 9, column: "Amount", problem: '"x" is not a number.' }],
      { partial: true },
    );
    expect(done.refusals).toEqual([
      { position: 2, line: 9, outcome: "refused", code: "EG400", column: "Amount", reason: '"x" is not a number.' },
    ]);
  });

  it.each([
    ["not a number", { amount: "many" }],
    ["NaN", { amount: "NaN" }],
    ["infinity", { amount: "Infinity" }],
    ["a day that is none", { dealing_date: "2026-02-30" }],
    ["no direction", { direction: null }],
    ["another currency", { currency: "EUR" }],
    ["a class that is not there", { share_class: "Z" }],
    ["units of a subscription", { amount: null, units: "5" }],
    ["an investor written as SQL", { investor: "x' or true --" }],
  ])("%s: the row, and only the row", async (_what, change) => {
    const { on, other } = await arranged();
    const done = await importOrders(
      db,
      on,
      [subscription(other, "5000"), { ...subscription(other, "6000"), ...change }],
      { partial: true },
    );
    expect(done).toMatchObject({ accepted: 1, refused: 1 });
    expect(done.refusals[0]?.code).toMatch(/^EG4\d\d$/);
  });

  it("rows that are equal need a reference each", async () => {
    const { on, other } = await arranged();
    expect(await importOrders(db, on, [subscription(other, "5000"), subscription(other, "5000")])).toMatchObject({
      status: "refused",
      refused: 1,
    });
    expect(
      await importOrders(db, on, [subscription(other, "5000", "1"), subscription(other, "5000", "2")]),
    ).toMatchObject({ status: "imported", accepted: 2 });
  });
});

describe("a dry run", () => {
  it("says what would happen and changes nothing at all", async () => {
    const { on, holder, other } = await arranged();
    const rows = [subscription(other, "5000", "S-1"), redemption(holder, "600"), redemption(holder, "600.5")];
    const before = await db.fingerprint();
    const tried = await importOrders(db, on, rows, { dry_run: true, partial: true, request_id: "try" });
    expect(tried).toMatchObject({ import_id: null, status: "dry_run", rows: 3, accepted: 2, refused: 1 });
    expect(await importOrders(db, on, rows, { dry_run: true })).toMatchObject({ status: "refused" });
    expect(await db.fingerprint()).toEqual(before);
    expect(await importOrders(db, on, rows, { partial: true })).toMatchObject({
      accepted: 2,
      refused: 1,
      refusals: tried.refusals,
    });
  });
});

describe("undo", () => {
  const undo = (importId: string | null, more: object = {}, by = OPS) =>
    db.value<{ status: string; undone: number; kept: object[] }>(by, "fn_undo_import", {
      import_id: importId,
      reason: "the wrong file",
      ...more,
    });

  it("cancels the orders; again is refused; the same file may then come again", async () => {
    const { on, holder, other } = await arranged();
    const rows = [subscription(other, "5000", "S-1"), redemption(holder, "200", "R-1")];
    const name = file("undone and sent again");
    const done = await importOrders(db, on, rows, { file: name });
    await accept(db, await flowOf(db, done.import_id, 1));
    expect(await undo(done.import_id)).toEqual({ import_id: done.import_id, status: "undone", undone: 2, kept: [] });
    expect(await db.look("select status, reason from fund_flows where fund_id = $1", [on.fund.fundId])).toEqual(
      Array(2).fill({ status: "cancelled", reason: "the wrong file" }),
    );
    expect(
      await db.look(
        "select status, undone_by, undo_reason, undone_at is not null as at from import_batches where import_id = $1",
        [done.import_id],
      ),
    ).toEqual([
      {
        status: "undone",
        undone_by: "user:00000000-0000-4000-8000-000000000005",
        undo_reason: "the wrong file",
        at: true,
      },
    ]);
    const before = await db.fingerprint();
    expect(await refusal(undo(done.import_id))).toEqual({ code: "EG428", message: "The import was undone already." });
    expect(await db.fingerprint()).toEqual(before);
    expect(await importOrders(db, on, rows, { file: name })).toMatchObject({ repeated: false, accepted: 2 });
    expect(await broken(db, on.fund)).toEqual([]);
  });

  it("an order that somebody cancelled before is no obstacle", async () => {
    const { on, other } = await arranged();
    const done = await importOrders(db, on, [subscription(other, "5000")]);
    await db.call(OPS, "fn_cancel_order", { flow_id: await flowOf(db, done.import_id, 1) });
    expect(await undo(done.import_id)).toMatchObject({ status: "undone", undone: 1 });
  });

  it("refuses what was locked, with its line and why; in part the rest is undone", async () => {
    const { on, holder, other } = await arranged();
    const done = await importOrders(db, on, [
      subscription(other, "5000", "S-1"),
      redemption(holder, "200", "R-1"),
      subscription(other, "6000", "S-2"),
    ]);
    await accept(db, await flowOf(db, done.import_id, 2));
    await db.call(agent("commander"), "fn_lock_orders", { dealing_day_id: await openDealingDay(db, on) });
    const before = await db.fingerprint();
    expect(await refusal(undo(done.import_id))).toEqual({
      code: "EG428",
      message: "1 of 3 rows cannot be undone; line 3: The order is locked: the dealing day has it.",
    });
    expect(await db.fingerprint()).toEqual(before);
    expect(await undo(done.import_id, { partial: true })).toMatchObject({
      status: "partly_undone",
      undone: 2,
      kept: [{ position: 2, line: 3, code: "EG428" }],
    });
    expect(await outcomes(db, done.import_id)).toEqual(["undone", "accepted", "undone"]);
    expect(await statusOf(db, await flowOf(db, done.import_id, 2))).toBe("locked");
    // what is left cannot be undone either
    expect(await refusal(undo(done.import_id, { partial: true }))).toMatchObject({ code: "EG428" });
    expect(await broken(db, on.fund)).toEqual([]);
  });

  it("under one request id happens once", async () => {
    const { on, other } = await arranged();
    const done = await importOrders(db, on, [subscription(other, "5000")]);
    const first = await undo(done.import_id, { request_id: "undo/1" });
    expect(await undo(done.import_id, { request_id: "undo/1" })).toEqual(first);
  });

  it("auditors read, and do not undo", async () => {
    const { on, other } = await arranged();
    const done = await importOrders(db, on, [subscription(other, "5000")]);
    await expect(undo(done.import_id, {}, AUDIT)).rejects.toThrow(/permission denied/);
  });
});

it("whether a reference came before is looked up, not searched for: a file costs what its rows cost", async () => {
  const { on, other } = await arranged();
  const orders = Array.from({ length: 200 }, (_, at) => ({ line: at + 2, ...subscription(other, "5000", `I-${at}`) }));
  const read = await db.as(OPS, async (client) => {
    await callOn(client, "fn_import_orders", { fund: on.fund.code, file: file(), orders });
    const { rows } = await client.query(
      "select pg_stat_get_xact_tuples_returned('public.import_rows_identity'::regclass) as n",
    );
    return Number(rows[0].n);
  });
  expect(read).toBeLessThanOrEqual(400); // a scan of what is there already would read 19,900 entries
});

it("two thousand orders are placed in one go", async () => {
  const { on } = await arranged();
  const investors = await db.look<{ code: string }>(
    "insert into investors (code, classification, kyc_status, synthetic) select 'LP-MANY' || n, 'professional', 'approved', true from generate_series(1, 50) n returning code",
  );
  const rows = Array.from({ length: 2000 }, (_, at) =>
    subscription(investors[at % 50]?.code ?? "", `${1000 + at}.25`, `M-${at}`),
  );
  expect(await importOrders(db, on, rows)).toMatchObject({ status: "imported", accepted: 2000 });
  expect(
    await db.look("select count(*)::int as n, sum(amount)::text as total from fund_flows where fund_id = $1", [
      on.fund.fundId,
    ]),
  ).toEqual([{ n: 2000, total: "3999500.0000" }]);
});
