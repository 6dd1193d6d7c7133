// The process of `evergreen`: streams, environment, exit code. bin/evergreen.mjs loads it.
import { loadEnvironment } from "@evergreen-fund/config/config.ts";
import type { Streams } from "./context.ts";
import { runCommandLine } from "./program.ts";

// `evergreen … | head` closes our output early: that is not a failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const streams: Streams = {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  input: async () => {
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(part as Buffer);
    return Buffer.concat(parts).toString("utf8");
  },
  watched: process.stderr.isTTY === true,
};

process.exitCode = await runCommandLine(process.argv.slice(2), streams, loadEnvironment());
