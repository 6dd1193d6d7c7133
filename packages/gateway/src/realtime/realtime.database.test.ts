// Changes as they are told, over real sockets, by supabase-js as anybody uses it: each listener hears what row-level security shows, and nothing else.

import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { LP_A, LP_B, PM_ONE, PM_TWO } from "@evergreen-fund/prisma/tests/arrange.ts";
import { dealingDatabase, dealingFund, place } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { newInvestor, pendingProposal } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { serve } from "@hono/node-server";
import { createClient, type RealtimeChannel, type SupabaseClient } from "@supabase/supabase-js";
import { afterAll, afterEach, expect, it } from "vitest";
import ws from "ws";
import { readAccessToken } from "../access-token.ts";
import { createGateway } from "../gateway.ts";
import { openSupabaseApi } from "../supabase-api.ts";
import { LIVE_TABLES } from "./changes.ts";
import { serveRealtime } from "./serve.ts";

const PASSWORD = "synthetic-password";
const KEY = "sb_publishable_test";
const SECRET = "synthetic-secret-of-a-test-0123456789abcdef0123456789abcdef";
const PEOPLE = { lpa: LP_A, lpb: LP_B, pm: PM_ONE } as const;
type Person = keyof typeof PEOPLE;
const userOf = (actor: Actor): string => ("userId" in actor ? (actor.userId ?? "") : "");

const db = await dealingDatabase();
const bcrypt = createRequire(import.meta.resolve("@supabase/lite"))("bcryptjs") as {
  hashSync(text: string, rounds: number): string;
};
for (const [person, actor] of Object.entries(PEOPLE))
  await db.look(
    "insert into auth.users (id, email, encrypted_password, role, email_confirmed_at) values ($1, $2, $3, $4, now())",
    [userOf(actor), `${person}@demo.evergreen.example`, bcrypt.hashSync(PASSWORD, 4), actor.role],
  );
const api = await openSupabaseApi({
  databaseUrl: db.database.urlFor("evergreen_api"),
  jwtSecret: SECRET,
  publishableKey: KEY,
  liveTables: LIVE_TABLES,
});
const gateway = createGateway({
  api,
  project: null,
  jwtSecret: SECRET,
  publishableKey: KEY,
  supabaseUrl: "http://127.0.0.1",
  publicUrl: "http://127.0.0.1",
  elsewhere: [],
  temporalUiUrl: null,
  codec: { encode: async (payloads) => payloads, decode: async (payloads) => payloads },
  demoLogins: [],
  temporalAnswers: async () => true,
  withContent: null,
  dashboard: null,
  openapi: null,
});
const server = serve({ fetch: gateway.fetch, hostname: "127.0.0.1", port: 0 });
await new Promise((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const endRealtime = serveRealtime(server as Server, { api, jwtSecret: SECRET, publishableKey: KEY, publicUrl: url });
const clients: SupabaseClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.realtime.disconnect();
});
afterAll(async () => {
  endRealtime();
  await new Promise((resolve) => server.close(resolve));
  await api.close();
});

const clientOf = (): SupabaseClient => {
  const client = createClient(url, KEY, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: ws as never },
  });
  clients.push(client);
  return client;
};

async function signedIn(person: Person): Promise<SupabaseClient> {
  const client = clientOf();
  const { error } = await client.auth.signInWithPassword({
    email: `${person}@demo.evergreen.example`,
    password: PASSWORD,
  });
  if (error !== null) throw error;
  return client;
}

interface Told {
  eventType: string;
  table: string;
  new: Record<string, unknown>;
}

/** Joins and waits until the server has said that nothing will be missed from now on. */
async function listen(
  client: SupabaseClient,
  table: string,
  filter?: string,
): Promise<{ told: Told[]; channel: RealtimeChannel }> {
  const told: Told[] = [];
  const channel = client.channel(`test-${table}-${clients.length}`);
  channel.on(
    "postgres_changes" as never,
    { event: "*", schema: "public", table, ...(filter === undefined ? {} : { filter }) } as never,
    ((change: Told) => told.push(change)) as never,
  );
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      else if (status !== "CLOSED") reject(error ?? new Error(status));
    });
  });
  return { told, channel };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
};

it("tells an investor of the own order, with amounts as text, and of nobody else's", async () => {
  const fund = await dealingFund(db, { holderUser: userOf(LP_A) });
  const other = await newInvestor(db, userOf(LP_B));
  const [a, b] = [await signedIn("lpa"), await signedIn("lpb")];
  const [mine, theirs] = [await listen(a, "fund_flows"), await listen(b, "fund_flows")];
  const first = await place(db, fund, other, { direction: "subscription", amount: "1234.5600" });
  const second = await place(db, fund, fund.holder, { direction: "subscription", amount: "9007199254740993.0100" });
  await until(() => mine.told.length > 0 && theirs.told.length > 0);
  // the order of B was told before that of A: had A been told of it, it would be here
  expect(mine.told.map((change) => change.new.flow_id)).toEqual([second]);
  expect(theirs.told.map((change) => change.new.flow_id)).toEqual([first]);
  expect(mine.told[0]).toMatchObject({
    eventType: "INSERT",
    table: "fund_flows",
    new: { amount: "9007199254740993.0100" },
  });
});

it("tells of a change of a row, to whoever asked for that row alone", async () => {
  const pm = await signedIn("pm");
  const [one, two] = [await pendingProposal(db), await pendingProposal(db)];
  const heard = await listen(pm, "proposals", `proposal_id=eq.${two.proposalId}`);
  for (const { proposalId, hash } of [one, two])
    await db.call(PM_TWO, "fn_decide_proposal", {
      proposal_id: proposalId,
      hash,
      decision: "rejected",
    });
  await until(() => heard.told.length > 0);
  expect(heard.told.map((change) => [change.eventType, change.new.proposal_id, change.new.status])).toEqual([
    ["UPDATE", two.proposalId, "rejected"],
  ]);
});

it("tells nothing to whoever has not signed in, nor of a table that is not told", async () => {
  await expect(listen(clientOf(), "fund_flows")).rejects.toThrow(/token is not valid/);
  await expect(listen(await signedIn("pm"), "audit_trail")).rejects.toThrow(/Changes are told of these tables/);
});

it("ends a channel whose session has ended, before it would hear anything more", async () => {
  const fund = await dealingFund(db, { holderUser: userOf(LP_A) });
  const client = await signedIn("lpa");
  const { told } = await listen(client, "fund_flows");
  const other = await signedIn("lpa");
  const still = await listen(other, "fund_flows");
  const token = (await client.auth.getSession()).data.session?.access_token ?? "";
  const claims = readAccessToken(token, SECRET, Math.floor(Date.now() / 1_000));
  if (claims === undefined) throw new Error("The token is none of ours.");
  await db.look("delete from auth.sessions where id = $1", [claims.session_id]);
  // a session that was looked at is taken as standing for some seconds
  while (await api.sessionStands(claims)) await new Promise((resolve) => setTimeout(resolve, 100));
  await place(db, fund, fund.holder, { direction: "subscription", amount: "2000" });
  await until(() => still.told.length > 0);
  expect(told).toEqual([]);
});

it.each([
  ["another path", "/realtime/v2/websocket?apikey=KEY&vsn=2.0.0", {}],
  ["no key", "/realtime/v1/websocket?vsn=2.0.0", {}],
  ["a page of another origin", "/realtime/v1/websocket?apikey=KEY&vsn=2.0.0", { origin: "https://evil.example" }],
])("refuses a connection with %s", async (_what, path, headers) => {
  const socket = new ws(`${url.replace("http", "ws")}${path.replace("KEY", KEY)}`, { headers });
  const status = await new Promise((resolve) => {
    socket.once("unexpected-response", (_request, response) => resolve(response.statusCode));
    socket.once("open", () => resolve("opened"));
    socket.once("error", () => resolve("error"));
  });
  socket.terminate();
  expect([403, 404]).toContain(status);
});

it("ends a connection that sends what is no message", async () => {
  const socket = new ws(`${url.replace("http", "ws")}/realtime/v1/websocket?apikey=${KEY}&vsn=2.0.0`);
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send("{}");
  expect(await new Promise((resolve) => socket.once("close", resolve))).toBe(1003);
});
