// For the tests of killed processes: synchronises once and ends itself with SIGKILL at the place named. Arguments: home, URL, place.
import { openDeltaReader } from "@evergreen-fund/supabase-client";
import { synchronise } from "./index.ts";

const [home = "", url = "", place = ""] = process.argv.slice(2);
await synchronise({
  home,
  openReader: () => openDeltaReader({ url, role: "agent_simulation" }),
  check: "full",
  reach: (point) => {
    if (point === place) process.kill(process.pid, "SIGKILL");
  },
});
