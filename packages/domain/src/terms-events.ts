// Events of terms (classes, policies, credit lines, pools), of incidents and of what a person does to one order: recorded by the functions that cause them, and nothing follows.
import { z } from "zod";

const id = z.uuid();
const fact = <P extends z.ZodType>(payload: P): { mode: "note"; recordedBy: readonly []; payload: P } => ({
  mode: "note",
  recordedBy: [],
  payload,
});

export const TERMS_EVENTS = {
  CLASS_OPENED: fact(z.object({ share_class_id: id })),
  POLICY_SET: fact(z.object({ policy_id: id, kind: z.enum(["dealing", "lmt"]), version: z.int() })),
  CREDIT_LINE_SET: fact(z.object({ credit_line_id: id, version: z.int() })),
  REGISTER_OPENED: fact(z.object({ share_class_id: id, positions: z.int() })),
  ORDER_CANCELLED: fact(z.object({ flow_id: id })),
  ORDER_HELD: fact(z.object({ flow_id: id })),
  ORDER_RELEASED: fact(z.object({ flow_id: id })),
  INCIDENT_OPENED: fact(z.object({ incident_id: id })),
  INCIDENT_CLOSE_ASKED: fact(z.object({ incident_id: id })),
  INCIDENT_CLOSED: fact(z.object({ incident_id: id })),
  POOL_SET: fact(z.object({ pool_id: id, version: z.int().positive() })),
  POOL_TRADE_RECORDED: fact(z.object({ pool_id: id, trade_id: id })),
} as const;
