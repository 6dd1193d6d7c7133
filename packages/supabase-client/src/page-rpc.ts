// The fn_* that answer a whole page of the dashboard; the shapes of the pages are the domain's.
import { Desk, Home, Morning, Trail } from "@evergreen-fund/domain/pages.ts";
import { z } from "zod";
import { bigint, type Rpc, rpc, uuid } from "./rpc-shape.ts";

export const PAGE_RPCS = {
  fn_read_morning: rpc("one", z.object({ fund_id: uuid.optional() }), Morning.nullable()),
  fn_read_home: rpc("one", z.object({}), Home),
  fn_read_desk: rpc("one", z.object({}), Desk),
  fn_read_trail: rpc("one", z.object({ entity_id: z.string().optional(), before: bigint.optional() }), Trail),
  fn_read_changes: rpc(
    "one",
    z.object({ place: z.string().optional() }),
    z.object({
      place: z.string(),
      changes: z.array(z.object({ table: z.string(), id: z.string(), is_new: z.boolean() })),
    }),
  ),
} satisfies Record<string, Rpc>;
