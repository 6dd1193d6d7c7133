// For the tests of killed processes: runs the retention once and ends itself with SIGKILL at the place named. Arguments: home, URL, place.
import { openArchiveReader, openDatabase, openDeltaReader } from "@evergreen-fund/supabase-client";
import { runRetention } from "./index.ts";
import { retiring } from "./test-retention.ts";

const [home = "", url = "", place = ""] = process.argv.slice(2);
await runRetention({
  home,
  openReader: () => openDeltaReader({ url, role: "agent_simulation" }),
  openArchives: () => openArchiveReader({ url, role: "agent_simulation" }),
  retire: retiring(openDatabase({ url })),
  store: null,
  reach: (point) => {
    if (point === place) process.kill(process.pid, "SIGKILL");
  },
});
