// `npm start`: installs what is missing, then starts the whole stack in the foreground. Ctrl-C stops everything.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureClient, ensureDependencies, ensureNode, root } from "./set-up.mjs";

ensureNode();
ensureDependencies();
ensureClient();

const child = spawn(process.execPath, [join(root, "bin", "evergreen.mjs"), "up", ...process.argv.slice(2)], {
  stdio: "inherit",
});
// Ctrl-C reaches the child by itself (it is in the terminal's group); other signals are passed on. Either way: wait for it.
process.on("SIGINT", () => undefined);
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.once("exit", (code, signal) => process.exit(code ?? (signal ? 130 : 1)));
