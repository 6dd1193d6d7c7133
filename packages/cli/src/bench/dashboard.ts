// `bench dashboard`: an investor's home over HTTP, all of it in one call, against the plain table read of @supabase/lite and against pgbench of the same
// transaction; with 1,000 and 1,000,000 investors; and the page itself in Chromium.
import { existsSync } from "node:fs";
import type { RunBench } from "../commands/bench.ts";
import {
  type Gateway,
  type House,
  type Person,
  seedHouse,
  startGateway,
  startPeer,
  tokenOf,
} from "./dashboard/house.ts";
import { type Speed, speedOf } from "./dashboard/load.ts";
import { type Looked, lookAt } from "./dashboard/page.ts";
import { openPgbench } from "./dashboard/pgbench.ts";
import { openCluster } from "./frame/cluster.ts";
import { describeMachine } from "./frame/machine.ts";
import { type Environment, INSTALL_PEERS, npmPeer, program } from "./frame/peers.ts";
import { answerOf, type Check, type Finding, short } from "./frame/report.ts";
import { alternate, median, medianOf, type Ratio, type Round, ratioOf } from "./frame/rounds.ts";

const FULL = { small: 1_000, large: 1_000_000, rounds: 5, seconds: 2, visits: 5 };
const QUICK = { small: 200, large: 2_000, rounds: 1, seconds: 0.3, visits: 1 };
const CLIENTS = 16;
const MOST_SCRIPT_BYTES = 250_000;
const PAINT_MS = 1_000;
const THERE_MS = 2_000;

interface Asked extends Person {
  request: string;
}

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  const machine = await describeMachine();
  const pgbench = program(environment, "pgbench");
  const chromium = chromiumIn(environment);
  const cluster = await openCluster();
  const ends: (() => Promise<void>)[] = [];
  try {
    return await progress("dashboard", async ({ say }) => {
      const small = await seedHouse(cluster, "small", plan.small, say);
      const large = await seedHouse(cluster, "large", plan.large, say);
      const [ours, bigger] = [
        await startGateway(small.apiUrl, environment),
        await startGateway(large.apiUrl, environment),
      ];
      ends.push(ours.stop, bigger.stop);
      const peer = await startPeer(small.apiUrl, ours, environment);
      ends.push(peer.stop);
      const seen = { answers: 0, strangers: 0 };
      const home = (gateway: Gateway, house: House, clients: number, keep: (speed: Speed) => number) => async () =>
        keep(
          await speedOf(gateway.port, clients, plan.seconds, pagesOf(gateway, house), (asked, body) =>
            look(asked, body, seen),
          ),
        );
      const plain = async () => {
        const list = plainOf(ours, small);
        return (await speedOf(peer.port, CLIENTS, plan.seconds, list, (asked, body) => look(asked, body, seen)))
          .perSecond;
      };
      const raw = pgbench === undefined ? undefined : await openPgbench(pgbench, small);
      if (raw) ends.push(raw.stop);
      const many = [
        { name: "home", measure: home(ours, small, CLIENTS, ({ perSecond }) => perSecond) },
        { name: "lite", measure: plain },
        ...(raw ? [{ name: "pgbench", measure: () => raw.rate(CLIENTS, plan.seconds) }] : []),
      ];
      const one = [
        { name: "small", measure: home(ours, small, 1, ({ p50Ms }) => p50Ms) },
        { name: "large", measure: home(bigger, large, 1, ({ p50Ms }) => p50Ms) },
      ];
      // everything is connected, prepared and planned before a time counts
      for (const { measure } of [...many, ...one]) await measure();
      const rounds = {
        "16 at a time, per second": await alternate(many, plan.rounds, say),
        "one at a time, p50 ms": await alternate(one, plan.rounds, say),
      };
      const alone = await speedOf(ours.port, 1, plan.seconds, pagesOf(ours, small), (asked, body) =>
        look(asked, body, seen),
      );
      const crowd = await speedOf(ours.port, CLIENTS, plan.seconds, pagesOf(ours, small), (asked, body) =>
        look(asked, body, seen),
      );
      say("the page in Chromium");
      const looked = chromium ? await lookAt(ours, small, plan.visits, environment) : undefined;
      return answerOf({
        name: "dashboard",
        quick,
        machine,
        findings: [...findingsOf(rounds, alone, crowd), ...(looked ? pageFindings(looked) : [])],
        checks: [ownOnly(seen), ...(looked ? [scripts(looked)] : [])],
        absent: [
          ...(pgbench === undefined ? ["pgbench: the limit of the database was not measured"] : []),
          ...(chromium ? [] : ["Chromium (CHROMIUM_PATH): the page itself was not measured"]),
          ...(npmPeer(environment, "lighthouse") === undefined ? [`lighthouse: ${INSTALL_PEERS}`] : []),
        ],
        rounds,
        details: { ...plan, alone, crowd, page: looked ?? null },
      });
    });
  } finally {
    for (const end of ends.reverse()) await end();
    await cluster.stop();
  }
};

const chromiumIn = (environment: Environment): boolean => existsSync(environment.CHROMIUM_PATH ?? "/usr/bin/chromium");

const headOf = (gateway: Gateway, person: Person): string =>
  `host: 127.0.0.1\r\napikey: ${gateway.publishableKey}\r\nauthorization: Bearer ${tokenOf(person, gateway.jwtSecret)}\r\n`;

/** All that the page reads, in one call. */
const pagesOf = (gateway: Gateway, { people }: House): Asked[] =>
  people.map((person) => ({
    ...person,
    request: `POST /rest/v1/rpc/fn_read_home HTTP/1.1\r\n${headOf(gateway, person)}content-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
  }));

/** The peer's plain read: the newest orders of the reader. */
const plainOf = (gateway: Gateway, { people }: House): Asked[] =>
  people.map((person) => ({
    ...person,
    request: `GET /rest/v1/fund_flows?select=*&order=requested_at.desc&limit=20 HTTP/1.1\r\n${headOf(gateway, person)}\r\n`,
  }));

const NAMED = /"(?:investor_id": ?"([^"]+)|investor": ?"([^"]+))"/g;

/** Every answer names its reader's investor and no other. */
function look({ investor, investor_id }: Asked, body: string, seen: { answers: number; strangers: number }): void {
  let own = 0;
  let others = 0;
  for (const [, id, code] of body.matchAll(NAMED)) {
    if (id === investor_id || code === investor) own += 1;
    else others += 1;
  }
  seen.answers += 1;
  if (own === 0 || others > 0) seen.strangers += 1;
}

const ownOnly = ({ answers, strangers }: { answers: number; strangers: number }): Check => ({
  what: "every answer names its reader's investor and nobody else's",
  ok: strangers === 0 && answers > 0,
  seen: `${answers} answers, ${strangers} with a stranger or without the reader`,
});

const scripts = ({ visits }: Looked): Check => {
  const most = Math.max(...visits.map(({ scriptBytes }) => scriptBytes));
  return {
    what: `scripts until the page stands, compressed, below ${MOST_SCRIPT_BYTES / 1_000} kB`,
    ok: most > 0 && most < MOST_SCRIPT_BYTES,
    seen: `${Math.round(most / 1_000)} kB in ${visits[0]?.requests} requests`,
  };
};

const single = (value: number): Ratio => ({ median: value, low: value, high: value });

function findingsOf(rounds: Readonly<Record<string, Round[]>>, alone: Speed, crowd: Speed): Finding[] {
  const many = rounds["16 at a time, per second"] ?? [];
  const one = rounds["one at a time, p50 ms"] ?? [];
  const perSecond = (name: string): string => `${short(medianOf(many, name))}/s`;
  const found: Finding[] = [
    {
      what: "the whole home / a plain table read of @supabase/lite, 16 at a time",
      ratio: ratioOf(many, "home", "lite"),
      floor: 1,
      aim: 5,
      sense: "least",
      figures: `${perSecond("home")} and ${perSecond("lite")}`,
    },
  ];
  if (many.some(({ figures }) => figures.pgbench !== undefined))
    found.push({
      what: "the same / pgbench of the same transaction",
      ratio: ratioOf(many, "home", "pgbench"),
      floor: 0.75,
      sense: "least",
      figures: `${perSecond("home")} and ${perSecond("pgbench")}`,
    });
  found.push(
    {
      what: "p50 with the many investors / with the few",
      ratio: ratioOf(one, "large", "small"),
      floor: 1.25,
      sense: "most",
      figures: `${short(medianOf(one, "large"))} ms and ${short(medianOf(one, "small"))} ms`,
    },
    {
      what: "1 ms / first byte, p50, one at a time",
      ratio: single(1 / alone.firstMs),
      aim: 1,
      sense: "least",
      figures: `${short(alone.firstMs)} ms`,
    },
    {
      what: "10 ms / whole answer, p99, 16 at a time",
      ratio: single(10 / crowd.p99Ms),
      aim: 1,
      sense: "least",
      figures: `${short(crowd.p99Ms)} ms; p50 ${short(crowd.p50Ms)} ms`,
    },
  );
  return found;
}

function pageFindings({ visits, scores }: Looked): Finding[] {
  const timed = (what: string, within: number, of: (visit: Looked["visits"][number]) => number): Finding => {
    const taken = visits.map(of);
    return {
      what,
      ratio: { median: within / median(taken), low: within / Math.max(...taken), high: within / Math.min(...taken) },
      floor: 1,
      sense: "least",
      figures: `${short(median(taken))} ms, empty cache`,
    };
  };
  return [
    timed("1 s / first contentful paint", PAINT_MS, ({ paintMs }) => paintMs),
    timed("2 s / until the figures stand and can be used", THERE_MS, ({ thereMs }) => thereMs),
    ...Object.entries(scores ?? {}).map(
      ([category, score]): Finding => ({
        what: `Lighthouse, ${category}`,
        ratio: single(score),
        floor: category === "accessibility" ? 100 : 95,
        sense: "least",
        figures: "desktop",
      }),
    ),
  ];
}
