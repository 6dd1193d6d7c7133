// The fn_* behind the pages of the portfolio manager; the shapes of the pages are the domain's.
import { DealingPage, Exposure } from "@evergreen-fund/domain/cockpit.ts";
import { Explained, FoundPlace, StressLimits } from "@evergreen-fund/domain/figures.ts";
import { ProposalPage } from "@evergreen-fund/domain/proposal-page.ts";
import { z } from "zod";
import { type Rpc, rpc, uuid } from "./rpc-shape.ts";

export const COCKPIT_RPCS = {
  fn_read_dealing_page: rpc("one", z.object({ dealing_day_id: uuid.optional() }), DealingPage),
  fn_read_exposure: rpc("one", z.object({ fund_id: uuid.optional() }), Exposure.nullable()),
  fn_read_proposal: rpc("one", z.object({ proposal_id: uuid }), ProposalPage.nullable()),
  fn_explain_figure: rpc(
    "one",
    z.object({ figure: z.string(), id: z.string(), part: z.string().optional() }),
    Explained,
  ),
  fn_read_stress_limits: rpc("one", z.object({ stress_run_id: uuid }), z.array(StressLimits)),
  fn_find_places: rpc("one", z.object({ query: z.string() }), z.array(FoundPlace)),
} satisfies Record<string, Rpc>;
