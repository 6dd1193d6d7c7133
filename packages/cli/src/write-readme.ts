// Renews the list of commands in packages/cli/COMMANDS.md. Run it after changing a command.
import { readFileSync, writeFileSync } from "node:fs";
import { COMMANDS } from "./commands.ts";
import { withCommandSection } from "./readme.ts";

const file = new URL("../COMMANDS.md", import.meta.url);
writeFileSync(file, withCommandSection(readFileSync(file, "utf8"), COMMANDS));
