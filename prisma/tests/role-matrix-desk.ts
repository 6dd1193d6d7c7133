// The part of the role matrix that is the desk's: clocks, and what is decided about failures.
import { type Identity, STAFF } from "./role-identities.ts";

export const DESK_READERS: Record<string, { all: Identity[] }> = {
  schedules: { all: [...STAFF, "service_role"] },
  failure_steps: { all: STAFF },
};

export const DESK_CALLERS: Record<string, Identity[]> = {
  fn_note_schedule: ["pm_role", "ops_role"],
  fn_read_troubles: ["pm_role", "ops_role", "audit_role"],
  fn_tell_schedules: ["service_role"],
  fn_ask_schedule: ["ops_role"],
  fn_answer_schedule: ["service_role"],
  fn_read_schedules: ["pm_role", "ops_role", "audit_role"],
  fn_skip_failure: ["pm_role", "ops_role"],
  fn_confirm_skip: ["pm_role", "ops_role"],
  fn_escalate_failure: ["pm_role", "ops_role"],
};
