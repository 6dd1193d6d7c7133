// For the test of homes: holds one once and says what it found in the working file. Argument: home.

import { holding } from "./hold.ts";
import { makeHome } from "./home.ts";

const paths = await makeHome(process.argv[2] ?? "");
await holding(paths, async (work) => {
  const rows = await work.rows("select count(*)::int as rows from kept_open");
  process.stdout.write(JSON.stringify(rows));
});
