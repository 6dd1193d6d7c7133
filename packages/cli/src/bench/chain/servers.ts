// The two Temporal servers of `bench chain`: ours as the stack starts it, and a stock development server with none of our settings. Both on
// loopback; each is ended by its own id.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Config, temporalAddress } from "@evergreen-fund/config/config.ts";
import { freePort } from "@evergreen-fund/stack/process-table.ts";
import { portAnswers, prepareTemporal, temporalIsReady } from "@evergreen-fund/stack/temporal.ts";
import type { TemporalCli } from "@evergreen-fund/stack/temporal-cli.ts";
import { type Child, startChild } from "../frame/child.ts";

const run = promisify(execFile);

export interface Server {
  address: string;
  stop(): Promise<void>;
}

export async function startShipped(config: Config, cli: TemporalCli): Promise<Server> {
  const { command, args } = await prepareTemporal(config, cli);
  const child = startChild(command, args);
  return ready(child, temporalAddress(config), () => temporalIsReady(config, cli));
}

export async function startStock(cli: TemporalCli): Promise<Server> {
  const [port, metrics] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const local = ["--disable-config-env", "--disable-config-file"];
  const child = startChild(cli.path, [
    ...["server", "start-dev", "--ip", "127.0.0.1", "--headless", "--log-level", "error"],
    ...["--port", String(port), "--metrics-port", String(metrics), ...local],
  ]);
  return ready(child, address, async () => {
    if (!(await portAnswers(address))) return false;
    const asked = ["operator", "namespace", "describe", "default", "--address", address, ...local];
    return run(cli.path, asked, { timeout: 10_000 }).then(
      () => true,
      () => false,
    );
  });
}

async function ready(child: Child, address: string, answers: () => Promise<boolean>): Promise<Server> {
  const deadline = Date.now() + 60_000;
  while (!(await answers())) {
    if (Date.now() > deadline) {
      await child.kill();
      throw new Error(`Temporal does not answer at ${address}.`);
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return { address, stop: () => child.kill() };
}
