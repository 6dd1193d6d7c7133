// The local Temporal server: how it is run and how one knows that it is ready. State lies in one file, so that a restart keeps
// every run; the intervals are set for work that hops often.
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Config, temporalAddress } from "@evergreen-fund/config/config.ts";
import { portTaken } from "./postgres.ts";
import { freePort, portBecomesFree } from "./process-table.ts";
import type { TemporalCli } from "./temporal-cli.ts";

const run = promisify(execFile);

/** What runs can be found by. Clear text on the server: ids and codes only, never personal data. */
export const SEARCH_ATTRIBUTES = ["FundId", "EventType", "Stage"] as const;

/** The same with a local server on free ports of its own, for tests and benches. */
export async function onFreePorts(config: Config): Promise<Config> {
  const [temporal, temporalUi, temporalMetrics] = [await freePort(), await freePort(), await freePort()];
  return { ...config, ports: { ...config.ports, temporal, temporalUi, temporalMetrics } };
}

export interface TemporalCommand {
  command: string;
  args: string[];
  stopSignal: "SIGTERM";
}

/** Checks the ports and says how to run the server. */
export async function prepareTemporal(config: Config, cli: TemporalCli): Promise<TemporalCommand> {
  const { temporal, temporalUi, temporalMetrics } = config.ports;
  for (const [what, port] of [
    ["Temporal", temporal],
    ["the Temporal UI", temporalUi],
    ["Temporal's metrics", temporalMetrics],
  ] as const) {
    if (!(await portBecomesFree(port))) throw portTaken(what, port);
  }
  const folder = join(config.home, "temporal");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    command: cli.path,
    args: [
      ...["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "warn"],
      ...["--port", `${temporal}`, "--ui-port", `${temporalUi}`, "--metrics-port", `${temporalMetrics}`],
      ...["--db-filename", join(folder, "temporal.db")],
      // WAL: twice the workflows per second; a killed process loses nothing that it acknowledged.
      ...["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=1"],
      // Without these every hop of a run waits up to 50 ms for the next poll of a queue.
      ...["transfer", "timer", "visibility"].flatMap((queue) => [
        "--dynamic-config-value",
        `history.${queue}ProcessorMaxPollRPS=100000`,
      ]),
      ...SEARCH_ATTRIBUTES.flatMap((name) => ["--search-attribute", `${name}=Keyword`]),
      ...(config.temporal.namespace === "default" ? [] : ["--namespace", config.temporal.namespace]),
      // The command's own profiles are for other servers.
      ...["--disable-config-env", "--disable-config-file"],
    ],
    stopSignal: "SIGTERM",
  };
}

/** Whether something accepts connections at host:port within a second. */
export function portAnswers(hostPort: string): Promise<boolean> {
  const [host = "127.0.0.1", port = "0"] = hostPort.split(":");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 1_000 });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket
      .once("connect", () => end(true))
      .once("error", () => end(false))
      .once("timeout", () => end(false));
  });
}

/** Search attributes that the namespace lacks; undefined when Temporal does not answer. */
export async function missingSearchAttributes(config: Config, cli: TemporalCli): Promise<string[] | undefined> {
  try {
    const { stdout } = await operator(config, cli, ["search-attribute", "list", "--output", "json"]);
    const { customAttributes = {} } = JSON.parse(stdout) as { customAttributes?: Record<string, string> };
    return SEARCH_ATTRIBUTES.filter((name) => customAttributes[name] !== "INDEXED_VALUE_TYPE_KEYWORD");
  } catch {
    return undefined;
  }
}

/** Ready: the frontend answers and knows the search attributes. */
export async function temporalIsReady(config: Config, cli: TemporalCli): Promise<boolean> {
  if (!(await portAnswers(temporalAddress(config)))) return false;
  return (await missingSearchAttributes(config, cli))?.length === 0;
}

/** Keeps finished runs for 30 days instead of one, so that the UI can still show last week. Local server only. */
export async function keepHistory(config: Config, cli: TemporalCli): Promise<void> {
  await operator(config, cli, ["namespace", "update", "--retention", "30d"]);
}

/** Worker deployments that have no current version: workers of such a deployment get no work. Undefined: cannot tell. */
export async function deploymentsWithoutCurrent(config: Config, cli: TemporalCli): Promise<string[] | undefined> {
  try {
    const args = ["worker", "deployment", "list", "--output", "json", ...where(config)];
    const { stdout } = await run(cli.path, args, { timeout: 10_000 });
    const listed = JSON.parse(stdout || "[]") as {
      name?: string;
      routingConfig?: { currentVersionBuildID?: string };
    }[];
    return listed.filter((item) => !item.routingConfig?.currentVersionBuildID).map((item) => item.name ?? "?");
  } catch {
    return undefined;
  }
}

function operator(config: Config, cli: TemporalCli, args: string[]): Promise<{ stdout: string }> {
  return run(cli.path, ["operator", ...args, ...where(config)], { timeout: 10_000 });
}

/** The local server is named outright; for another one the command reads Temporal's own settings (TLS, API key). */
function where(config: Config): string[] {
  const namespace = ["--namespace", config.temporal.namespace];
  if (config.temporal.address !== null) return ["--address", config.temporal.address, ...namespace];
  return ["--address", temporalAddress(config), "--disable-config-env", "--disable-config-file", ...namespace];
}
