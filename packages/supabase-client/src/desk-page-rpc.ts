// The fn_* that answer a whole page of operations or of the auditor; the shapes of the pages are the domain's.
import {
  Breaks,
  Calendar,
  CasePage,
  CaseQueue,
  ImportPage,
  Sample,
  Schedules,
  Timeline,
  Troubles,
} from "@evergreen-fund/domain/desk-pages.ts";
import { z } from "zod";
import { day, json, type Rpc, request_id, rpc, uuid } from "./rpc-shape.ts";

const failure = { kind: z.enum(["event", "batch", "run"]), subject: z.string() };
const stepped = z.object({ step_id: uuid, done: z.boolean() });

export const DESK_PAGE_RPCS = {
  fn_read_breaks: rpc("one", z.object({}), Breaks),
  fn_read_troubles: rpc("one", z.object({}), Troubles),
  fn_read_schedules: rpc("one", z.object({}), Schedules),
  fn_tell_schedules: rpc("one", z.object({ schedules: z.array(json) }), z.int()),
  fn_ask_schedule: rpc(
    "one",
    z.object({
      schedule_id: z.string(),
      action: z.enum(["pause", "resume", "backfill"]),
      note: z.string(),
      first_day: day.optional(),
      last_day: day.optional(),
      request_id,
    }),
    z.object({ event_id: uuid }),
  ),
  fn_answer_schedule: rpc(
    "one",
    z.object({ event_id: uuid, outcome: z.enum(["done", "refused"]), says: z.string() }),
    z.boolean(),
  ),
  fn_skip_failure: rpc("one", z.object({ ...failure, reason: z.string(), request_id }), stepped),
  fn_confirm_skip: rpc("one", z.object({ step_id: uuid, request_id }), stepped),
  fn_escalate_failure: rpc(
    "one",
    z.object({
      ...failure,
      to_role: z.enum(["pm_role", "ops_role"]),
      due_at: z.iso.datetime({ offset: true }),
      reason: z.string(),
      request_id,
    }),
    stepped,
  ),
  fn_read_calendar: rpc("one", z.object({ month: day, fund: z.string().optional() }), Calendar),
  fn_read_timeline: rpc(
    "one",
    z.object({ name: z.string(), as_of: day.optional(), as_known: z.iso.datetime({ offset: true }).optional() }),
    Timeline.nullable(),
  ),
  fn_read_sample: rpc(
    "one",
    z.object({
      kind: z.string(),
      seed: z.string(),
      size: z.int().optional(),
      since: day.optional(),
      until: day.optional(),
    }),
    Sample,
  ),
  fn_read_cases: rpc("one", z.object({ state: z.string().optional() }), CaseQueue),
  fn_read_import: rpc("one", z.object({ import_id: uuid, outcome: z.string().optional() }), ImportPage.nullable()),
  fn_read_case: rpc("one", z.object({ case_code: z.string() }), CasePage.nullable()),
} satisfies Record<string, Rpc>;
