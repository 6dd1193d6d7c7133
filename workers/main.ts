// A worker process: `npm run worker -- commander kyc …`, or `all` for every room in one process. The Commander's process hosts the dispatcher too,
// on the same connection to Temporal (eager start). The only file here that constructs clients.
import { cancellationInterceptor, crashPointAt, dataConverter } from "@evergreen-fund/agent-kit";
import { loadConfig } from "@evergreen-fund/config/config.ts";
import { openInfisical } from "@evergreen-fund/config/infisical.ts";
import { codecKey } from "@evergreen-fund/config/keys.ts";
import { ERRORS, EvergreenError, isErrorCode, ROOMS, type RoomName } from "@evergreen-fund/domain";
import { documentsOf, keysOf } from "@evergreen-fund/personal-data";
import { openScores, temporalPlugin } from "@evergreen-fund/tracing";
import { DefaultLogger, Runtime, Worker, type WorkerOptions } from "@temporalio/worker";
import { keepTold } from "./asked-schedules.ts";
import { workflowBundle } from "./bundle.ts";
import { codeHashOf } from "./code-hash.ts";
import { connect, connectSnapshots } from "./connect.ts";
import { openDataQuality } from "./data-quality.ts";
import { startDispatcher } from "./dispatcher/dispatcher.ts";
import { logLine } from "./log-line.ts";
import { openMarketFeed } from "./market-feed.ts";
import { roomMemory } from "./memory.ts";
import { openPersonalDoor } from "./personal.ts";
import { type Activities, type House, ROOM_TABLE } from "./rooms.ts";
import { keepPacks } from "./rule-packs.ts";
import { keepSchedules } from "./schedules.ts";
import { openShelf } from "./shelf.ts";
import { openSolver } from "./solver.ts";
import { openStressEngine } from "./stress-engine.ts";
import { openTokenChain } from "./token-chain.ts";
import { warmUp } from "./warm-up.ts";
import { openWatchlists } from "./watchlists.ts";
import { keepWebhooks, openWebhooks } from "./webhooks.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(names: string[]): Promise<void> {
  const config = loadConfig();
  const rooms = names.includes("all") ? [...ROOMS] : names.map(roomNamed);
  if (rooms.length === 0) throw new EvergreenError("EG400", `Name the rooms to run: all, or ${ROOMS.join(", ")}.`);
  const together = rooms.length === ROOMS.length;
  // workflow ids name events, so Temporal's own log lines carry no personal data; still, only warnings are kept
  Runtime.install({
    logger: new DefaultLogger("WARN", (entry) => say(logLine(entry))),
    telemetryOptions: { logging: { filter: "warn", forward: {} } },
  });

  const connections = await connect(config, together ? "workers" : rooms.join("+"));
  const crashPoint = crashPointAt(config.crashAt, config.home);
  const solver = openSolver();
  const engine = openStressEngine(await codeHashOf(), { shardAssets: config.shardAssets });
  const analytical = connectSnapshots(config, connections.database, engine.codeHash, say);
  const keys = keysOf(config, () => connections.database.rpc({ role: "agent_kyc" }, "fn_read_vault_keys", {}));
  const chainKey = () => connections.database.rpc({ role: "agent_tokenization" }, "fn_read_chain_key", {});
  const personal = openPersonalDoor(config.home, connections.database, keys, documentsOf(config));
  const house: House = {
    database: connections.database,
    crashPoint,
    memoryOf: roomMemory(connections.database, config, say),
    solver,
    engine,
    snapshots: analytical.snapshots,
    reports: analytical.reports,
    statements: analytical.statements,
    retention: analytical.retention,
    personal,
    webhooks: openWebhooks(connections.database, keys, config.webhooksPrivate),
    watchlists: openWatchlists({ database: connections.database, personal, folder: config.listsFolder }),
    shelf: openShelf(),
    quality: openDataQuality(config.home),
    ...(config.langfuse === null ? {} : { scores: openScores(config.langfuse) }),
    ...(config.chain === null ? {} : { chain: openTokenChain(config, chainKey) }),
    ...(config.marketFeedUrl === null ? {} : { feed: openMarketFeed(config.marketFeedUrl) }),
  };
  const shared: Omit<WorkerOptions, "taskQueue"> = {
    connection: connections.temporal,
    namespace: connections.namespace,
    dataConverter: dataConverter(codecKey(config)),
    plugins: [temporalPlugin(connections.tracing)],
    interceptors: { activity: [cancellationInterceptor] },
    // what was cached by a worker that died goes to another one after this
    stickyQueueScheduleToStartTimeout: "3s",
    shutdownGraceTime: "5s",
    shutdownForceTime: "10s",
    ...(config.versioning
      ? {
          workerDeploymentOptions: {
            version: config.versioning,
            useWorkerVersioning: true,
            defaultVersioningBehavior: "AUTO_UPGRADE",
          },
        }
      : {}),
  };
  const workers: Worker[] = [];
  if (rooms.includes("commander")) {
    const activities: Activities = Object.assign({}, ...rooms.map((room) => ROOM_TABLE[room](house)));
    workers.push(
      await Worker.create({
        ...shared,
        taskQueue: "commander",
        workflowBundle: await workflowBundle(config.home, connections.tracing),
        activities,
        maxCachedWorkflows: 1_000,
      }),
    );
  }
  if (!together) {
    for (const room of rooms.filter((name) => name !== "commander")) {
      workers.push(await Worker.create({ ...shared, taskQueue: room, activities: ROOM_TABLE[room](house) }));
    }
  }
  const dispatcher = rooms.includes("commander")
    ? startDispatcher({
        database: connections.database,
        client: connections.client,
        rooms: together ? "local" : "split",
        crashPoint,
        log: say,
      })
    : undefined;
  const schedules =
    dispatcher === undefined || !config.schedules
      ? undefined
      : keepSchedules({
          database: connections.database,
          client: connections.client,
          rooms: together ? "local" : "split",
          log: say,
        });
  const told = schedules === undefined ? undefined : keepTold(connections.database, connections.client, say);
  const webhooks = dispatcher === undefined ? undefined : keepWebhooks(connections.database, keys, say);
  const packs =
    config.infisical === null || !rooms.includes("compliance-sentinel")
      ? undefined
      : keepPacks(
          connections.database,
          openInfisical(config.infisical, `${config.infisical.path.replace(/\/$/, "")}/rules`),
          say,
        );

  const stop = (): void => {
    dispatcher?.stop();
    schedules?.stop();
    told?.stop();
    webhooks?.stop();
    packs?.stop();
    for (const worker of workers) if (worker.getState() === "RUNNING") worker.shutdown();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  say(`ready: ${together ? "all rooms and the dispatcher" : rooms.join(", ")}`);
  // in the background; a recall has 2 s, which a model that is not loaded yet would use up
  void warmUp(
    {
      database: () => connections.database.ready(),
      ...(rooms.includes("commander") ? { memory: () => house.memoryOf("commander").ready() } : {}),
      ...(rooms.includes("rebalancing") ? { solver: solver.ready } : {}),
    },
    say,
  );
  await Promise.all([
    ...workers.map((worker) => worker.run()),
    dispatcher?.done,
    schedules?.done,
    told?.done,
    webhooks?.done,
    packs?.done,
  ]).finally(stop);
  await solver.close();
  await engine.close();
  analytical.close();
  await connections.close();
}

function roomNamed(name: string): RoomName {
  if (name in ROOM_TABLE) return name as RoomName;
  throw new EvergreenError("EG400", `There is no room called ${name}. Rooms: all, ${ROOMS.join(", ")}.`);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const code = error instanceof EvergreenError ? error.code : "EG500";
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(isErrorCode(code) ? ERRORS[code].exit : 1);
  },
);
