// `up`, `down`, `status`, `doctor`: the stack of EVERGREEN_HOME as one thing.
import { elsewhere } from "@evergreen-fund/config/config.ts";
import { EXIT } from "@evergreen-fund/domain/errors.ts";
import type { Answer, Command } from "../command.ts";
import type { Context } from "../context.ts";
import { facts, jsonDocument, plain, table, when } from "../output.ts";

/** The stack's packages are heavy, and most commands do without. */
const stack = () => import("@evergreen-fund/stack");
const configOf = async (context: Context) =>
  (await import("@evergreen-fund/config/config.ts")).readConfig(context.environment);

async function upDetached(context: Context): Promise<Answer> {
  const [{ banner, stackAddresses, status, upDetached: start }, config] = await Promise.all([
    stack(),
    configOf(context),
  ]);
  const now = await status(config);
  if (now.running && now.phase === "ready") {
    context.note(`The stack in ${config.home} is running already.`);
    const addresses = stackAddresses(config);
    return { json: addresses, text: banner(addresses, elsewhere(config)) };
  }
  const addresses = await context.progress("Starting the stack", ({ say }) =>
    start(config, (line) => {
      if (context.streams.watched) say(line);
      else context.note(line);
    }),
  );
  return {
    json: addresses,
    text: `${banner(addresses, elsewhere(config))}\n\nStop it with: npx --no-install evergreen down`,
  };
}

/** Runs until Ctrl-C or SIGTERM: once stops everything in order, twice without grace. */
async function upHere(context: Context): Promise<Answer> {
  const [{ banner, up }, config] = await Promise.all([stack(), configOf(context)]);
  const asked = new AbortController();
  let running: Awaited<ReturnType<typeof up>> | undefined;
  const stop = (): void => {
    if (asked.signal.aborted) {
      running?.kill();
      return;
    }
    asked.abort();
    if (running) {
      context.note("Stopping …");
      void running.stop();
    }
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    running = await up(config, (line) => context.note(line), asked.signal);
    const { addresses } = running;
    context.streams.out(
      context.format === "json"
        ? `${jsonDocument(addresses)}\n`
        : `${banner(addresses, elsewhere(config))}\n\nStop it with Ctrl-C.\n`,
    );
    if (asked.signal.aborted) void running.stop();
    await running.stopped;
    return { json: addresses, printed: true };
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

export const stackCommands: readonly Command[] = [
  {
    path: "up",
    summary:
      "Starts Postgres, the API, Temporal and the workers, migrates, makes the demo fund, and prints where everything is",
    options: [{ flags: "--detach", about: "return when all is healthy and leave it running" }],
    examples: ["up", "up --detach --output-format json"],
    run: (context, _args, options) => (options.detach ? upDetached(context) : upHere(context)),
  },
  {
    path: "down",
    summary: "Stops the stack; data and running workflows are kept",
    examples: ["down"],
    run: async (context) => {
      const [{ down }, config] = await Promise.all([stack(), configOf(context)]);
      const stopped = await context.progress("Stopping the stack", () => down(config));
      return {
        json: { stopped },
        text: stopped.length === 0 ? "Nothing was running." : `Stopped: ${stopped.join(", ")}.`,
      };
    },
  },
  {
    path: "status",
    summary: "What runs, since when, and where its log is; exit code 5 when the stack is not up",
    examples: ["status", "status --output-format json"],
    run: async (context) => {
      const [{ status }, config] = await Promise.all([stack(), configOf(context)]);
      const now = await status(config);
      return {
        json: now,
        text: [
          facts([
            ["Stack", now.phase],
            ["Home", now.home],
            ["Since", when(now.startedAt)],
            ...(now.message === "" ? [] : [["Says", now.message] as const]),
            ...(now.addresses ? [["Home page and API", now.addresses.dashboardUrl] as const] : []),
          ]),
          ...(now.processes.length === 0
            ? []
            : [
                "",
                table(now.processes, [
                  { header: "", value: (entry) => (entry.alive ? "✓" : entry.state === "done" ? "·" : "✗") },
                  { header: "Process", value: (entry) => entry.name },
                  { header: "State", value: (entry) => entry.state },
                  { header: "Pid", value: (entry) => String(entry.pid), figure: true },
                  { header: "Restarts", value: (entry) => String(entry.restarts), figure: true },
                  { header: "Log", value: (entry) => entry.log, most: 100 },
                ]),
              ]),
          ...(now.running ? [] : ["", "Start it with `npm start`."]),
        ].join("\n"),
        ...(now.running && now.phase === "ready" ? {} : { exit: EXIT.unavailable }),
      };
    },
  },
  {
    path: "doctor",
    summary: "Checks what this machine and this stack need; every ✗ comes with the exact fix",
    examples: ["doctor"],
    run: async (context) => {
      const [{ doctor }, config] = await Promise.all([stack(), configOf(context)]);
      const checks = await doctor(config);
      const ok = checks.every((check) => check.ok);
      return {
        json: { ok, checks },
        text: checks
          .map(
            (check) =>
              `${check.ok ? "✓" : "✗"} ${plain(check.name)}${check.detail ? `: ${plain(check.detail)}` : ""}${check.ok || !check.fix ? "" : `\n    ${plain(check.fix)}`}`,
          )
          .join("\n"),
        ...(ok ? {} : { exit: EXIT.failed }),
      };
    },
  },
];
