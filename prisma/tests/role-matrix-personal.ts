// Of the role matrix: who may call the functions of personal data.
import { type Identity, LPS, rooms } from "./role-identities.ts";

export const PERSONAL_CALLERS: Record<string, Identity[]> = {
  fn_open_subject: ["ops_role", ...rooms("kyc")],
  fn_put_personal: ["ops_role", ...rooms("kyc")],
  fn_read_personal: ["ops_role", "audit_role", "lp_nobody", ...LPS, ...rooms("kyc")],
  fn_find_subjects: ["ops_role", "audit_role", ...rooms("kyc")],
  fn_put_document: ["ops_role", ...rooms("kyc")],
  fn_read_document: ["ops_role", "audit_role", ...rooms("kyc")],
  fn_list_subject_keys: ["ops_role", "service_role"],
  fn_rotate_subject_keys: ["ops_role", "service_role"],
  fn_list_old_subject_keys: ["ops_role", "service_role"],
  fn_read_subject_cipher: ["ops_role", "service_role"],
  fn_renew_subject_key: ["ops_role", "service_role"],
  fn_hold_subject: ["pm_role", "ops_role"],
  fn_release_subject: ["pm_role", "ops_role"],
  fn_request_erasure: ["ops_role", "lp_nobody", ...LPS],
  fn_refuse_erasure: ["pm_role", "ops_role"],
  fn_read_erasure: ["pm_role", "ops_role", "audit_role"],
  fn_erase_subject: ["pm_role", "ops_role"],
  fn_repeat_erasures: ["service_role"],
  fn_read_vault_keys: ["service_role", ...rooms("kyc")],
  fn_export_subject: ["ops_role", "audit_role", "lp_nobody", ...LPS],
};
