// The detached supervisor: what `evergreen up --detach` leaves running. Stops everything on SIGTERM or SIGINT.
import { loadConfig } from "@evergreen-fund/config";
import { up } from "./up.ts";

const stamp = (line: string): void => {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
};

process.on("SIGHUP", () => undefined); // the terminal that started it may close
const asked = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => asked.abort());
try {
  const stack = await up(loadConfig(), stamp, asked.signal);
  if (asked.signal.aborted) void stack.stop();
  else asked.signal.addEventListener("abort", () => void stack.stop(), { once: true });
  stamp("ready");
  await stack.stopped;
  stamp("stopped");
  process.exit(0);
} catch (error) {
  stamp(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
