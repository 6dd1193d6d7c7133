// The fn_* that answer a whole page of the dashboard; the shapes of the pages are the domain's.
import { Home, Morning } from "@evergreen-fund/domain/pages.ts";
import { z } from "zod";
import { type Rpc, rpc, uuid } from "./rpc-shape.ts";

export const PAGE_RPCS = {
  fn_read_morning: rpc("one", z.object({ fund_id: uuid.optional() }), Morning.nullable()),
  fn_read_home: rpc("one", z.object({}), Home),
} satisfies Record<string, Rpc>;
