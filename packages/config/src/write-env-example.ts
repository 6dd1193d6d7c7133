// Writes `.env.example` at the root of the checkout from the table of settings.
//   node --import tsx packages/config/src/write-env-example.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "./config.ts";
import { envExample } from "./env-example.ts";

writeFileSync(join(REPOSITORY_ROOT, ".env.example"), envExample());
