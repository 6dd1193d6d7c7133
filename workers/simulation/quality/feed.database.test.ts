// The market feed against a real HTTP server and a real Postgres: taken once, too old refused, a jump held, a server that is away asked again.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { crashPoints } from "@evergreen-fund/agent-kit";
import { afterAll, expect, it } from "vitest";
import { openMarketFeed } from "../../market-feed.ts";
import { effects, failureOf, useRooms } from "../../tests/room-house.ts";

/** What the server says next. */
let answer: { status: number; body: string } = { status: 503, body: "" };
const asked: (string | undefined)[] = [];
const server = createServer((request, response) => {
  asked.push(request.headers.authorization);
  response.writeHead(answer.status, { "content-type": "text/csv" }).end(answer.body);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
afterAll(() => new Promise((resolve) => server.close(resolve)));
const house = useRooms(async () => ({
  feed: openMarketFeed(`http://reader:secret%21@127.0.0.1:${port}/market.csv?key=k`),
}));

let runs = 0;
const take = () => house.call("simulation.takeMarketFeed", { workflowId: `feed/test-${++runs}` });
const csv = (...lines: string[]): string => `series,as_of,value,kind,unit\n${lines.join("\n")}\n`;
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const counted = (series: string) =>
  house.database.read({ role: "agent_simulation" }, (tx) =>
    tx.market_data.findMany({ where: { series }, orderBy: { seq: "asc" }, select: { value: true, source: true } }),
  );

it("takes what is new, once, and names where it is from without its secrets", async () => {
  answer = { status: 200, body: csv(`SYN FEED,${daysAgo(2)},1.10,fx,ratio`, `SYN FEED,${daysAgo(1)},1.11,fx,ratio`) };
  expect(await take()).toEqual({ outcome: "imported", taken: 2, held: 0, reason: "" });
  expect(await take()).toEqual({ outcome: "unchanged", taken: 2, held: 0, reason: "" });
  const source = `feed 127.0.0.1:${port}/market.csv`;
  expect((await counted("SYN FEED")).map((one) => [one.value.toFixed(), one.source])).toEqual([
    ["1.1", source],
    ["1.11", source],
  ]);
  expect(asked.at(-1)).toBe(`Basic ${Buffer.from("reader:secret!").toString("base64")}`);
});

it("answers a retry of the same run as before, although the feed has moved on", async () => {
  answer = { status: 200, body: csv(`SYN RETRY,${daysAgo(1)},1.10,fx,ratio`) };
  const input = { workflowId: "feed/retried" };
  const first = await house.call("simulation.takeMarketFeed", input);
  answer = { status: 200, body: csv(`SYN RETRY,${daysAgo(1)},1.12,fx,ratio`) };
  expect(await house.call("simulation.takeMarketFeed", input)).toEqual(first);
  expect(await counted("SYN RETRY")).toHaveLength(1);
});

it("holds a jump for a person", async () => {
  answer = { status: 200, body: csv(`SYN JUMP,${daysAgo(2)},1.10,fx,ratio`, `SYN JUMP,${daysAgo(1)},1.60,fx,ratio`) };
  expect(await take()).toEqual({ outcome: "imported", taken: 1, held: 1, reason: "values wait for a person" });
  expect(await counted("SYN JUMP")).toHaveLength(1);
});

it.each([
  [
    "a series that is too old",
    () => csv("SYN OLD,2020-01-30,1.1,fx,ratio"),
    /^EG428: The series SYN OLD is \d+ days old/,
  ],
  ["another schema", () => "name,price\nSYN,1\n", /^EG400: No column is the as_of/],
  ["a web page", () => "<html></html>", /^EG400/],
  ["a series without kind", () => `series,as_of,value\nSYN NEW,${daysAgo(1)},1\n`, /^EG404: The series SYN NEW/],
  ["nothing", () => "series,as_of,value\n", /^EG400: The market feed has no observations/],
])("refuses %s and changes nothing", async (_what, body, reason) => {
  answer = { status: 200, body: body() };
  const before = await effects(house.database);
  expect(await take()).toMatchObject({ outcome: "refused", taken: 0, reason: expect.stringMatching(reason) });
  expect(await effects(house.database)).toEqual(before);
});

it("is tried again when the server is away, and refused when the address is wrong", async () => {
  answer = { status: 503, body: "" };
  expect(await failureOf(take())).toMatchObject({ code: "EG503", final: false });
  answer = { status: 404, body: "" };
  expect(await take()).toMatchObject({ outcome: "refused", reason: "EG404: The market feed answers 404." });
});

it("passes the crash point that the table names", () => {
  const mine = (point: string): boolean => point.startsWith("simulation.takeMarketFeed.");
  expect([...house.passed("simulation")].filter(mine)).toEqual(crashPoints().filter(mine));
});
