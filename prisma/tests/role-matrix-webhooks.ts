// Part of the role matrix: webhooks. Nobody reads a sealed secret but the room that has it opened to sign; people see their own by functions.
import { AUDITORS, type Identity, LPS, rooms } from "./role-identities.ts";

const READERS: Identity[] = ["ops_role", ...AUDITORS, "service_role", ...rooms("commander")];
const OWNERS: Identity[] = ["pm_role", "ops_role", "lp_nobody", ...LPS];

export const WEBHOOK_READERS: Record<string, { all: Identity[] }> = {
  webhook_endpoints: { all: READERS },
  webhook_deliveries: { all: READERS },
  webhook_secrets: { all: rooms("commander") },
};

export const WEBHOOK_CALLERS: Record<string, Identity[]> = {
  fn_set_webhook: OWNERS,
  fn_change_webhook: OWNERS,
  fn_rotate_webhook: OWNERS,
  fn_test_webhook: OWNERS,
  fn_resend_webhook: OWNERS,
  fn_read_webhook_key: OWNERS,
  fn_list_webhooks: [...OWNERS, "audit_role"],
  fn_list_webhook_deliveries: [...OWNERS, "audit_role"],
  fn_tell_webhook_key: ["service_role"],
  fn_find_webhook_events: ["service_role"],
  fn_queue_webhooks: ["service_role"],
  fn_record_webhook_attempts: rooms("commander"),
};
