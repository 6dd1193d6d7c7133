// Lists and screening as tests take them through real workers: a real HTTP server, a party whose facts are encrypted, a list that comes to name it. All synthetic.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { ensureListSchedule, LIST_SCHEDULE, readListClock } from "../list-schedule.ts";
import { openPersonalDoor } from "../personal.ts";
import { clientOf, type TestHouse } from "./houses.ts";
import { expectEnd, OPS } from "./journeys.ts";

const HEAD = "id,name,kind,born,countries\n";
const filler = Array.from(
  { length: 40 },
  (_, n) => `F${n},Synthetic Filler Number ${n} Qwertyuiop,person,1950-01-01,NO\n`,
).join("");

/** A list on loopback whose content a test changes. */
export async function openListServer() {
  let body = HEAD + filler;
  const server = createServer(
    (_request, response) => void response.writeHead(200, { "content-type": "text/csv" }).end(body),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.csv`,
    serve: (rows: string) => {
      body = HEAD + filler + rows;
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const newest = async (
  house: TestHouse,
  type: string,
  after: number,
): Promise<{ event_id: string; seq: number } | undefined> =>
  (
    await house.look<{ event_id: string; seq: number }>(
      "select event_id, seq::int from fund_events where type = $1 and seq > $2 order by seq limit 1",
      [type, after],
    )
  )[0];
const lastSeq = async (house: TestHouse): Promise<number> =>
  (await house.look<{ n: number }>("select coalesce(max(seq), 0)::int as n from fund_events"))[0]!.n;
/** The next event of a type, and its run ended well. */
async function ended(house: TestHouse, type: string, after: number): Promise<string> {
  const { event_id } = await until(() => newest(house, type, after), `an event ${type}`);
  await expectEnd(house.database, event_id, "completed");
  return event_id;
}

/** Whatever is killed on the way: the list is published once per change, the party is clear, then open with one case, and nobody is checked twice for one thing. */
export const screenedByLists = async (
  house: TestHouse,
): Promise<{ refreshed: string; published: string; screened: string }> => {
  const server = await openListServer();
  const client = await clientOf(house);
  try {
    const source = `syn-${crypto.randomUUID().slice(0, 8)}`;
    // one list at a time: those of an earlier journey have no server any more
    await house.look("update watchlists set active = false where active returning 1");
    // somebody who comes while there is no list is not cleared, and is looked at as soon as there is one
    const personal = openPersonalDoor(house.home, house.database);
    const early = await house.database.rpc(OPS, "fn_register_party", { kind: "natural_person" });
    let seq = await lastSeq(house);
    await personal.put(early, { name: "Quentin Harmless", born: "1980-02-03", country: "FR" });
    const waits = await until(() => newest(house, "SCREENING_REQUESTED", seq), "its screening to be asked for");
    await expectEnd(house.database, waits.event_id, "refused");
    await house.database.rpc(OPS, "fn_set_watchlist", {
      source,
      title: "Synthetic list",
      format: "own-csv",
      address: server.url,
    });
    seq = await lastSeq(house);
    const clock = await readListClock(house.database);
    if (clock === null) throw new Error("the platform has no setting of the lists");
    await ensureListSchedule(client, clock, "local"); // fires once when it is made
    const refreshed = await ended(house, "LIST_REFRESH_REQUESTED", seq);
    await ended(house, "LIST_PUBLISHED", seq);

    const party = await house.database.rpc(OPS, "fn_register_party", { kind: "natural_person" });
    seq = await lastSeq(house);
    await personal.put(party, { name: "Bartholomew Newly Sanctioned", born: "1961-05-05", country: "CY" });
    const screened = await ended(house, "SCREENING_REQUESTED", seq);
    const standing = async () => (await house.database.rpc(OPS, "fn_read_screening", { party_id: party })).standing;
    expect(await standing()).toBe("clear");
    expect((await house.database.rpc(OPS, "fn_read_screening", { party_id: early })).standing).toBe("clear");

    server.serve("N1,Bartholomew Newly Sanctioned,person,1961-05-05,CY\n");
    seq = await lastSeq(house);
    await house.database.rpc(OPS, "fn_request_list_refresh", { source });
    await ended(house, "LIST_REFRESH_REQUESTED", seq);
    const published = await ended(house, "LIST_PUBLISHED", seq);
    expect(await standing()).toBe("open");
    const [counts] = await house.look(
      `select (select count(*)::int from screening_checks where party_id = $1) as checks, (select count(*)::int from cases where party_id = $1) as cases,
              (select count(*)::int from watchlist_versions join watchlists using (list_id) where source = $2) as versions`,
      [party, source],
    );
    expect(counts).toEqual({ checks: 2, cases: 1, versions: 2 });
    await client.schedule.getHandle(LIST_SCHEDULE).delete();
    return { refreshed, published, screened };
  } finally {
    await client.connection.close();
    await server.close();
  }
};
