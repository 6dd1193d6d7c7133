// The platform's version: one number for all its packages.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "./config.ts";

/** As package.json at the root says. */
export const platformVersion = (): string =>
  (JSON.parse(readFileSync(join(REPOSITORY_ROOT, "package.json"), "utf8")) as { version: string }).version;
