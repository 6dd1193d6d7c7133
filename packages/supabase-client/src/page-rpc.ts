// The fn_* that answer a whole page of the dashboard; the shapes of the pages are the domain's.
import { ApiCatalogue } from "@evergreen-fund/domain/api-catalogue.ts";
import { Desk, Home, Morning, Trail } from "@evergreen-fund/domain/pages.ts";
import { OwnRecord, Windows } from "@evergreen-fund/domain/pages-lp.ts";
import { z } from "zod";
import { bigint, type Rpc, rpc, uuid } from "./rpc-shape.ts";

export const PAGE_RPCS = {
  fn_read_morning: rpc("one", z.object({ fund_id: uuid.optional() }), Morning.nullable()),
  fn_read_home: rpc("one", z.object({}), Home),
  fn_read_record: rpc("one", z.object({}), OwnRecord),
  fn_read_windows: rpc("one", z.object({ share_class_id: uuid }), Windows),
  fn_read_desk: rpc("one", z.object({}), Desk),
  fn_read_trail: rpc("one", z.object({ entity_id: z.string().optional(), before: bigint.optional() }), Trail),
  fn_describe_api: rpc("one", z.object({}), ApiCatalogue),
  fn_read_changes: rpc(
    "one",
    z.object({ place: z.string().optional() }),
    z.object({
      place: z.string(),
      changes: z.array(z.object({ table: z.string(), id: z.string(), is_new: z.boolean() })),
    }),
  ),
} satisfies Record<string, Rpc>;
