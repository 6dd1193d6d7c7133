// Lists and screening on a real Postgres with a real HTTP server and the real vault of personal data: what is fetched, refused, found, asked for and covered.
// Lists, parties and names are synthetic.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Actor } from "@evergreen-fund/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { OPS, PM_ONE } from "../../tests/journeys.ts";
import { effects, expectEveryCrashPointPassed, failureOf, useRooms } from "../../tests/room-house.ts";

/** What the server says next, by path. */
const answers = new Map<string, { status: number; body: string; cut?: boolean }>();
const server = createServer((request, response) => {
  const { status, body, cut } = answers.get(request.url ?? "") ?? { status: 404, body: "" };
  response.writeHead(status, {
    "content-type": "text/csv",
    ...(cut ? { "content-length": String(body.length * 2) } : {}),
  });
  if (!cut) return void response.end(body);
  response.write(body);
  response.destroy();
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
afterAll(() => new Promise((resolve) => server.close(resolve)));
const house = useRooms();

const OPS_TWO: Actor = { role: "ops_role", userId: "77777777-7777-4777-8777-777777777777" };
const names = ["Ivan Petrovich Sidorov", "Maria Invented Gonzalez", "Hassan Synthetic Karimi", "Wei Fictional Zhang"];
const HEAD = "id,name,kind,born,countries\n";
const row = (n: number, name = `Synthetic Person Number ${n} Qwertyuiop`): string =>
  `S${n},${name},person,1970-01-01,RU\n`;
const csv = (rows: number, change: (n: number) => string = row): string =>
  HEAD + Array.from({ length: rows }, (_, n) => change(n)).join("");

const SOURCE = "synthetic";
const url = `http://127.0.0.1:${port}/list.csv`;
let listId: string;
beforeAll(async () => {
  ({ list_id: listId } = await house.database.rpc(OPS, "fn_set_watchlist", {
    source: SOURCE,
    title: "Synthetic list",
    format: "own-csv",
    address: url,
  }));
});
/** Thirty entries, the first four with the names of above. */
const base = (n: number): string => row(n, names[n]);
beforeEach(() => {
  answers.set("/list.csv", { status: 200, body: csv(30, base) });
});

const eventRun = async (type: string, key: string, value: string) => {
  const [event] = await house.look<{ event_id: string }>(
    "select event_id from fund_events where type = $1 and payload ->> $2 = $3 order by seq desc limit 1",
    [type, key, value],
  );
  return { eventId: event!.event_id, workflowId: `event/${event!.event_id}` };
};
const refresh = async () => {
  const { event_id } = await house.database.rpc(OPS, "fn_request_list_refresh", { source: SOURCE });
  return house.call("kyc.refreshList", { eventId: event_id, workflowId: `event/${event_id}` });
};
const rescreen = async (round = 0) =>
  house.call("kyc.rescreenParties", { ...(await eventRun("LIST_PUBLISHED", "list_id", listId)), round });
/** A party with these facts; recording them asks for its screening. */
async function party(fields: Record<string, string>): Promise<string> {
  const id = await house.database.rpc(OPS, "fn_register_party", { kind: "natural_person" });
  await house.personal.put(id, fields);
  return id;
}
const screen = async (partyId: string) =>
  house.call("kyc.screenParty", await eventRun("SCREENING_REQUESTED", "party_id", partyId));
const standing = async (partyId: string): Promise<string> =>
  (await house.database.rpc(OPS, "fn_read_screening", { party_id: partyId })).standing;

describe("a list", () => {
  it("nobody is cleared on before it is there", async () => {
    const id = await party({ name: "Quentin Harmless", born: "1980-02-03", country: "FR" });
    expect(await screen(id)).toMatchObject({ outcome: "unusable" });
    expect(await standing(id)).toBe("unscreened");
  });
  it("is fetched once and confirmed when it is the same", async () => {
    expect(await refresh()).toMatchObject({ outcome: "published", rows: 30, added: 30 });
    expect(await refresh()).toMatchObject({ outcome: "unchanged", rows: 30 });
  });
  it("covers the parties once its changes were held against them, and whoever waited gets a check", async () => {
    expect(await rescreen()).toMatchObject({ outcome: "covered" });
    const run = await eventRun("LIST_PUBLISHED", "list_id", listId);
    const { screened } = await house.call<{ screened: number }>("kyc.screenWaiting", run);
    expect(screened).toBeGreaterThan(0);
    expect((await house.call("kyc.screenWaiting", run)) as object).toMatchObject({ screened: 0 });
  });
  it.each([
    ["empty", HEAD, /empty/],
    ["a tenth shorter", csv(27, base), /shrank/],
  ])("that is %s is not used", async (_what, body, reason) => {
    answers.set("/list.csv", { status: 200, body });
    expect(await refresh()).toMatchObject({ reason: expect.stringMatching(reason) });
    const [now] = await house.look("select rows from watchlist_versions where status = 'current' and list_id = $1", [
      listId,
    ]);
    expect(now).toEqual({ rows: 30 });
  });
  it("that shrank is used once two people have accepted it", async () => {
    const [held] = await house.look<{ version_id: string }>(
      "select version_id from watchlist_versions where status = 'held'",
    );
    const accept = (who: Actor) =>
      house.database.rpc(who, "fn_accept_watchlist_version", { version_id: held!.version_id, reason: "seen" });
    expect(await accept(OPS)).toMatchObject({ status: "held", accepted: 1 });
    await expect(accept(OPS)).rejects.toMatchObject({ code: "EG420" });
    expect(await accept(PM_ONE)).toMatchObject({ status: "current", rows: 27, removed: 3 });
    expect(await refresh()).toMatchObject({ outcome: "published", rows: 30, added: 3 });
    expect(await rescreen()).toMatchObject({ outcome: "covered" });
  });
  it.each([
    ["a server that breaks off", { status: 200, body: csv(30, base), cut: true }, "EG503"],
    ["a server in trouble", { status: 502, body: "" }, "EG503"],
  ])("is asked for again after %s", async (_what, answer, code) => {
    answers.set("/list.csv", answer);
    const before = await effects(house.database);
    const { event_id } = await house.database.rpc(OPS, "fn_request_list_refresh", { source: SOURCE });
    const run = { eventId: event_id, workflowId: `event/${event_id}` };
    expect(await failureOf(house.call("kyc.refreshList", run))).toMatchObject({ code, final: false });
    expect(await effects(house.database)).toMatchObject({ events: before.events! + 1 });
  });
  it("that is a web page is refused and changes nothing", async () => {
    answers.set("/list.csv", { status: 200, body: "<html><body>moved</body></html>" });
    expect(await refresh()).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/^EG400/) });
  });
});

describe("a party", () => {
  it("that is like nobody is clear, with the version it was held against", async () => {
    const id = await party({ name: "Quentin Harmless", born: "1980-02-03", country: "FR" });
    expect(await standing(id)).toBe("unscreened");
    expect(await screen(id)).toMatchObject({ outcome: "clear", candidates: 0 });
    expect(await standing(id)).toBe("clear");
    const [used] = await house.look(
      "select v.sha256 = l.sha256 as same, v.status from screening_checks c join screening_check_lists l using (check_id) join watchlist_versions v using (version_id) where party_id = $1",
      [id],
    );
    expect(used).toEqual({ same: true, status: "current" });
  });
  it("that is like an entry opens one case, however often it is screened, and no name is in it", async () => {
    const id = await party({ name: "Sidorov, Ivan Petrovich", born: "1970-01-01", country: "RU" });
    expect(await screen(id)).toMatchObject({ outcome: "possible" });
    await house.database.rpc(OPS, "fn_request_screening", { party_id: id });
    expect(await screen(id)).toMatchObject({ outcome: "possible" });
    expect(await standing(id)).toBe("open");
    const cases = await house.look<{ all: string }>(
      "select row_to_json(c)::text || coalesce((select string_agg(row_to_json(x)::text, '') from case_candidates x where x.case_id = c.case_id), '') as all from cases c where party_id = $1",
      [id],
    );
    expect(cases).toHaveLength(1);
    expect(cases[0]?.all).not.toMatch(/Sidorov|Ivan/i);
    const kept = await house.look<{ all: string }>(
      "select row_to_json(c)::text as all from screening_candidates c where party_id = $1",
      [id],
    );
    expect(kept.map(({ all }) => all).join()).not.toMatch(/Sidorov|Ivan|1970/i);
  });
  it("without a birth date is asked for it before an analyst is", async () => {
    const pending = await house.database.rpc(OPS, "fn_submit_investor", {
      classification: "professional",
      evidence: {},
    });
    const [{ party_id: id } = { party_id: "" }] = await house.look<{ party_id: string }>(
      "select party_id from investors_pending_kyc where pending_id = $1",
      [pending],
    );
    await house.look("update parties set kind = 'natural_person' where party_id = $1 returning 1", [id]);
    await house.personal.put(id, { name: "Hassan Synthetic Karimi" });
    expect(await screen(id)).toMatchObject({ outcome: "ask", missing: expect.arrayContaining(["born"]) });
    expect(await house.look("select count(*)::int as n from cases where party_id = $1", [id])).toEqual([{ n: 0 }]);
    const [row] = await house.look<{ missing: string[]; kyc_status: string }>(
      "select missing, kyc_status from investors_pending_kyc where pending_id = $1",
      [pending],
    );
    expect(row).toMatchObject({ kyc_status: "missing_evidence", missing: expect.arrayContaining(["date_of_birth"]) });
    await house.personal.put(id, { born: "1999-09-09", country: "SE" });
    expect(await screen(id)).toMatchObject({ outcome: "clear" });
  });
  it("whose facts are not kept is not cleared", async () => {
    const id = await house.database.rpc(OPS, "fn_register_party", { kind: "natural_person" });
    await house.database.rpc(OPS, "fn_request_screening", { party_id: id });
    expect(await screen(id)).toMatchObject({ outcome: "absent" });
    expect(await standing(id)).toBe("unscreened");
  });
  it("that was cleared of an entry stays so until its facts or the entry change", async () => {
    const id = await party({ name: "Wei Fictional Zhang", born: "1970-01-01", country: "RU" });
    await screen(id);
    expect(await standing(id)).toBe("open");
    const clear = async (): Promise<void> => {
      const [one] = await house.look<{ candidate_id: string }>(
        "update screening_candidates set case_id = null where party_id = $1 returning candidate_id, created_at",
        [id],
      );
      const [newest] = await house.look<{ candidate_id: string }>(
        "select candidate_id from screening_candidates where party_id = $1 and outcome = 'alert' order by created_at desc limit 1",
        [id],
      );
      expect(one).toBeDefined();
      await house.database.rpc(OPS, "fn_clear_candidate", {
        candidate_id: newest!.candidate_id,
        decision: "false_match",
        reason: "another person",
      });
    };
    await clear();
    expect(await standing(id)).toBe("clear");
    await house.database.rpc(OPS, "fn_request_screening", { party_id: id });
    expect(await screen(id)).toMatchObject({ outcome: "clear" });
    await house.personal.put(id, { alias: "W. F. Zhang" });
    expect(await standing(id)).toBe("unscreened");
    expect(await screen(id)).toMatchObject({ outcome: "possible" });
    await clear();
    expect(await standing(id)).toBe("clear");
    // the entry says something new about somebody of that name
    answers.set("/list.csv", {
      status: 200,
      body: csv(30, base).replace(
        "Wei Fictional Zhang,person,1970-01-01,RU",
        "Wei Fictional Zhang,person,1970-01-01,RU;CN",
      ),
    });
    expect(await refresh()).toMatchObject({ outcome: "published", changed: 1, added: 0 });
    expect(await standing(id)).toBe("unscreened");
    expect(await rescreen()).toMatchObject({
      outcome: "covered",
      affected: expect.any(Number),
      possible: expect.any(Number),
    });
    expect(await standing(id)).toBe("open");
  });
});

describe("a change of a list", () => {
  it("finds the party it names and leaves the others clear, in work that follows the change", async () => {
    answers.set("/list.csv", { status: 200, body: csv(30, base) });
    await refresh();
    await rescreen();
    const named = await party({ name: "Bartholomew Newly Sanctioned", born: "1961-05-05", country: "CY" });
    const other = await party({ name: "Quentin Harmless", born: "1980-02-03", country: "FR" });
    await screen(named);
    await screen(other);
    expect([await standing(named), await standing(other)]).toEqual(["clear", "clear"]);
    const checks = async () =>
      (await house.look<{ n: number }>("select count(*)::int as n from screening_checks"))[0]!.n;
    const before = await checks();
    answers.set("/list.csv", {
      status: 200,
      body: `${csv(30, base)}N1,Bartholomew Newly Sanctioned,person,1961-05-05,CY\n`,
    });
    expect(await refresh()).toMatchObject({ outcome: "published", added: 1, changed: 0, removed: 0 });
    // not yet held against anybody: nobody is cleared on it
    expect([await standing(named), await standing(other)]).toEqual(["unscreened", "unscreened"]);
    expect(await rescreen()).toMatchObject({ outcome: "covered", affected: 1, possible: 1 });
    expect([await standing(named), await standing(other)]).toEqual(["open", "clear"]);
    expect((await checks()) - before).toBe(1);
    expect(await rescreen()).toMatchObject({ outcome: "nothing" });
  });
  it("that comes while a party is screened: the check uses one recorded version", async () => {
    const people = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        party({ name: `Racing Person ${n} Xylophone`, born: "1990-01-01", country: "SE" }),
      ),
    );
    let n = 0;
    const publishing = (async () => {
      for (const extra of [
        "R1,Somebody Else Entirely,person,1950-01-01,NO\n",
        "R2,Another One Altogether,person,1951-01-01,NO\n",
      ]) {
        answers.set("/list.csv", {
          status: 200,
          body: `${csv(30, base)}${extra}R9${n},Filler Name ${n++},person,1952-01-01,NO\n`,
        });
        await refresh();
      }
    })();
    const outcomes = await Promise.all(people.map((id) => screen(id)));
    await publishing;
    for (const outcome of outcomes) expect(outcome).toMatchObject({ outcome: "clear" });
    const used = await house.look<{ versions: number; same: boolean }>(
      `select count(*)::int as versions, bool_and(l.sha256 = v.sha256 and c.checked_at >= v.recorded_at
          and not exists (select from watchlist_versions x where x.list_id = v.list_id and x.ordinal = v.ordinal + 1 and x.updated_at < c.checked_at and x.recorded_at < c.created_at)) as same
         from screening_checks c join screening_check_lists l using (check_id) join watchlist_versions v using (version_id)
        where c.party_id = any ($1) group by c.check_id`,
      [people],
    );
    for (const one of used) expect(one).toEqual({ versions: 1, same: true });
    await rescreen();
    for (const id of people) expect(await standing(id)).toBe("clear");
  });
});

it("two refreshes at once publish one version", async () => {
  answers.set("/list.csv", { status: 200, body: `${csv(30, base)}T1,Twice At Once,person,1950-01-01,NO\n` });
  const both = await Promise.all([refresh(), refresh()]);
  expect(both.map((one) => (one as { outcome: string }).outcome).sort()).toEqual(["published", "unchanged"]);
  expect(
    await house.look("select count(*)::int as n from watchlist_versions where status = 'current' and list_id = $1", [
      listId,
    ]),
  ).toEqual([{ n: 1 }]);
  await rescreen();
});

it("two people who decide one pair at once make one decision", async () => {
  const id = await party({ name: "Maria Invented Gonzalez", born: "1970-01-01", country: "RU" });
  await screen(id);
  const [one] = await house.look<{ candidate_id: string }>(
    "update screening_candidates set case_id = null where party_id = $1 and outcome = 'alert' returning candidate_id",
    [id],
  );
  const decide = (who: Actor, decision: "false_match" | "true_match") =>
    house.database.rpc(who, "fn_clear_candidate", { candidate_id: one!.candidate_id, decision, reason: "seen" });
  const done = await Promise.allSettled([decide(OPS, "false_match"), decide(OPS_TWO, "true_match")]);
  expect(done.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(done.find((each) => each.status === "rejected")).toMatchObject({ reason: { code: "EG422" } });
  expect(await house.look("select count(*)::int as n from screening_clearances where party_id = $1", [id])).toEqual([
    { n: 1 },
  ]);
});

it("on a list that has grown too old nobody is cleared, and a possible match still counts", async () => {
  const clear = await party({ name: "Quentin Harmless", born: "1980-02-03", country: "FR" });
  await screen(clear);
  expect(await standing(clear)).toBe("clear");
  await house.look(
    "update watchlist_versions set fetched_at = now() - interval '25 hours' where status = 'current' returning 1",
  );
  expect(await standing(clear)).toBe("unscreened");
  const later = await party({ name: "Quentin Harmless", born: "1980-02-03", country: "FR" });
  expect(await screen(later)).toMatchObject({ outcome: "unusable", reason: expect.stringContaining("25 hours") });
  const bad = await party({ name: "Ivan Petrovich Sidorov", born: "1970-01-01", country: "RU" });
  expect(await screen(bad)).toMatchObject({ outcome: "possible" });
  // its source says that it is still the same: it may be used again, and whoever waited is looked at
  answers.set("/list.csv", { status: 200, body: `${csv(30, base)}T1,Twice At Once,person,1950-01-01,NO\n` });
  expect(await refresh()).toMatchObject({ outcome: "unchanged" });
  expect(await standing(clear)).toBe("clear");
  const run = await eventRun("LIST_PUBLISHED", "list_id", listId);
  await house.call("kyc.screenWaiting", run);
  expect(await standing(later)).toBe("clear");
});

it("a schedule asks once for every list with an address", async () => {
  const input = { workflowId: `feed/lists/${randomUUID()}` };
  expect(await house.call("kyc.requestRefreshes", input)).toEqual({ lists: 1 });
  const before = await effects(house.database);
  expect(await house.call("kyc.requestRefreshes", input)).toEqual({ lists: 1 });
  expect(await effects(house.database)).toEqual(before);
});

it("passes the crash points that the table names", () => expectEveryCrashPointPassed(house, "kyc", "screening"));
