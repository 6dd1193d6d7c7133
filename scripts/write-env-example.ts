// `npm run env-example`: writes .env.example from the settings of packages/config; a test fails while the two differ.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { envExample, REPOSITORY_ROOT } from "@evergreen-fund/config";

writeFileSync(join(REPOSITORY_ROOT, ".env.example"), envExample());
