// Pages of operations and of the auditor as the database answers them. Scores and amounts are decimal strings; people are actors, never names.
import { z } from "zod";

const day = z.iso.date();
const uuid = z.uuid();
/** As Postgres writes it, with its zone. */
const time = z.string();
const count = z.int();
const decimal = z.string();

export const CASE_STATES = ["open", "in_review", "escalated", "decided"] as const;

export const CaseQueue = z.object({
  read_at: time,
  cases: z.array(
    z.object({
      case_id: uuid,
      code: z.string(),
      kind: z.string(),
      severity: z.string(),
      status: z.string(),
      outcome: z.string().nullable(),
      party: z.string().nullable(),
      fund: z.string().nullable(),
      source: z.string(),
      due_at: time,
      opened_at: time,
      claimed_by: z.string().nullable(),
      mine: z.boolean(),
      candidates: count,
      undecided: count,
      top_score: decimal.nullable(),
      waits_for: z.enum(["owner", "verdict", "second_person", "third_person", "more_facts"]).nullable(),
    }),
  ),
});
export type CaseQueue = z.infer<typeof CaseQueue>;

/** What a matcher says of one feature; other checks may say other things. */
const feature = z.looseObject({
  feature: z.string().optional(),
  score: z.number().optional(),
  weight: z.number().optional(),
  says: z.string().optional(),
});

/** An entry of a public list; lists say more or less of it. */
const entry = z.looseObject({
  kind: z.string().optional(),
  names: z.array(z.union([z.string(), z.looseObject({ name: z.string(), quality: z.string().optional() })])).optional(),
  born: z.array(z.string()).optional(),
  countries: z.array(z.string()).optional(),
  identifiers: z
    .array(z.looseObject({ kind: z.string(), value: z.string(), country: z.string().optional() }))
    .optional(),
  programmes: z.array(z.string()).optional(),
  remarks: z.string().optional(),
});

export const CasePage = z.object({
  read_at: time,
  case_id: uuid,
  code: z.string(),
  kind: z.string(),
  severity: z.string(),
  status: z.string(),
  outcome: z.string().nullable(),
  source: z.string(),
  fund: z.string().nullable(),
  due_at: time,
  opened_at: time,
  decided_at: time.nullable(),
  claimed_by: z.string().nullable(),
  mine: z.boolean(),
  policy_version: count,
  party: z
    .object({
      party_id: uuid,
      code: z.string(),
      kind: z.string(),
      risk_level: z.string(),
      next_review: time.nullable(),
      frozen_at: time.nullable(),
      synthetic: z.boolean(),
    })
    .nullable(),
  second_person: z.array(z.string()),
  candidates: z.array(
    z.object({
      candidate_id: uuid,
      list: z.string().nullable(),
      list_title: z.string().nullable(),
      list_version: z.string().nullable(),
      list_label: z.string().nullable(),
      published_on: day.nullable(),
      fetched_at: time.nullable(),
      entry_ref: z.string().nullable(),
      score: decimal.nullable(),
      features: z.array(feature),
      status: z.string(),
      first_verdict: z.string().nullable(),
      first_by: z.string().nullable(),
      decided_before: z.boolean(),
      entry: entry.nullable(),
      entry_gone: z.boolean().nullable(),
    }),
  ),
  decisions: z.array(
    z.object({
      decision_id: uuid,
      candidate_id: uuid,
      entry_ref: z.string().nullable(),
      verdict: z.string(),
      reason: z.string(),
      step: z.string(),
      by: z.string(),
      at: time,
    }),
  ),
  notes: z.array(z.object({ note_id: uuid, body: z.string(), by: z.string(), at: time })),
  evidence: z.array(z.object({ kind: z.string(), dated_on: day, expires_on: day.nullable() })),
  missing: z.array(z.object({ kind: z.string(), words: z.string().nullable(), application: z.string() })),
});
export type CasePage = z.infer<typeof CasePage>;

export const ImportPage = z.object({
  read_at: time,
  import_id: uuid,
  fund: z.string(),
  kind: z.string(),
  format: z.string(),
  file_name: z.string(),
  file_sha256: z.string(),
  rows: count,
  accepted: count,
  refused: count,
  unmatched: count,
  status: z.string(),
  imported_by: z.string(),
  recorded_at: time,
  undone_at: time.nullable(),
  undone_by: z.string().nullable(),
  undo_reason: z.string().nullable(),
  outcomes: z.array(z.object({ outcome: z.string(), rows: count })),
  lines: z.array(
    z.object({
      position: count,
      line: count,
      outcome: z.string(),
      code: z.string().nullable(),
      reason: z.string().nullable(),
      reference: z.string().nullable(),
      matched_by: z.string().nullable(),
      flow_id: uuid.nullable(),
      ledger_tx_id: uuid.nullable(),
      /** The row as the file said it. */
      said: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type ImportPage = z.infer<typeof ImportPage>;

export const Breaks = z.object({
  read_at: time,
  breaks: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      fund: z.string().nullable(),
      amount: decimal.nullable(),
      currency: z.string().nullable(),
      since: time.nullable(),
      days: count.nullable(),
      reason: z.string(),
      reference: z.string().nullable(),
      import_id: uuid.nullable(),
    }),
  ),
  matched: count,
  settled: count,
  statements: z.array(
    z.object({
      import_id: uuid,
      fund: z.string(),
      file_name: z.string(),
      recorded_at: time,
      matched: count,
      unmatched: count,
    }),
  ),
});
export type Breaks = z.infer<typeof Breaks>;

/** What people decided about a failure so far. */
const steps = {
  /** Somebody has asked to leave it, and a second person has not confirmed. */
  skip: z.object({ step_id: uuid, by: z.string(), at: time, reason: z.string() }).nullable(),
  escalated: z.object({ to_role: z.string(), due_at: time, by: z.string(), at: time, reason: z.string() }).nullable(),
};

export const Troubles = z.object({
  read_at: time,
  letters: z.array(
    z.object({
      ...steps,
      event_id: uuid,
      type: z.string(),
      fund: z.string().nullable(),
      attempts: count,
      dead_at: time,
      reason: z.string().nullable(),
    }),
  ),
  batches: z.array(
    z.object({
      ...steps,
      batch_id: uuid,
      /** Any of them: it stands for the batch. */
      event_id: uuid,
      type: z.string(),
      events: count,
      attempts: count,
      dead_at: time,
      reason: z.string().nullable(),
    }),
  ),
  runs: z.array(
    z.object({
      ...steps,
      workflow_id: z.string(),
      type: z.string(),
      fund: z.string().nullable(),
      event_id: uuid.nullable(),
      event: z.string().nullable(),
      started_at: time,
      ended_at: time.nullable(),
      done: z.array(z.string()),
    }),
  ),
  /** What was left, the newest first. */
  left: z.array(
    z.object({
      step_id: uuid,
      kind: z.string(),
      subject: z.string(),
      type: z.string(),
      fund: z.string().nullable(),
      reason: z.string(),
      asked_by: z.string(),
      decided_by: z.string(),
      at: time,
    }),
  ),
});
export type Troubles = z.infer<typeof Troubles>;

export const Schedules = z.object({
  read_at: time,
  schedules: z.array(
    z.object({
      schedule_id: z.string(),
      fund: z.string().nullable(),
      zone: z.string(),
      fires: z.string(),
      paused: z.boolean(),
      next_at: z.array(time),
      recent: z.array(z.object({ due: time, started: time, workflow_id: z.string(), status: z.string() })),
      told_at: time,
      asked: z
        .object({
          action: z.enum(["pause", "resume", "backfill"]),
          by: z.string(),
          at: time,
          note: z.string(),
          first_day: day.nullable(),
          last_day: day.nullable(),
          answered_at: time.nullable(),
          outcome: z.enum(["done", "refused"]).nullable(),
          says: z.string().nullable(),
        })
        .nullable(),
    }),
  ),
  notes: z.array(z.object({ schedule_id: z.string(), action: z.string(), note: z.string(), by: z.string(), at: time })),
});
export type Schedules = z.infer<typeof Schedules>;

export const Calendar = z.object({
  read_at: time,
  first: day,
  entries: z.array(
    z.object({
      day,
      at: time.nullable(),
      kind: z.string(),
      fund: z.string().nullable(),
      title: z.string(),
      state: z.string(),
      id: z.string(),
    }),
  ),
  obligations: z.array(
    z.object({
      obligation_id: uuid,
      fund: z.string(),
      code: z.string(),
      title: z.string(),
      source: z.string(),
      due_on: day,
      overdue: z.boolean(),
    }),
  ),
  breaches: z.array(
    z.object({
      breach_id: uuid,
      fund: z.string(),
      rule: z.string(),
      class: z.string(),
      cause: z.string(),
      value: decimal.nullable(),
      limit: decimal.nullable(),
      detected_at: time,
      cure_by: time.nullable(),
    }),
  ),
  funds: z.array(z.string()),
});
export type Calendar = z.infer<typeof Calendar>;

export const Timeline = z.object({
  read_at: time,
  kind: z.string(),
  id: uuid,
  label: z.string(),
  fund: z.string().nullable(),
  entries_in_all: count,
  entries: z.array(
    z.object({
      effective_at: time,
      recorded_at: time,
      kind: z.string(),
      what: z.string(),
      before: z.string().nullable(),
      after: z.string().nullable(),
      by: z.string(),
      rule: z.string().nullable(),
      ref: z.string(),
    }),
  ),
});
export type Timeline = z.infer<typeof Timeline>;

export const Sample = z.object({
  read_at: time,
  kind: z.string(),
  seed: z.string(),
  population: count,
  sample: z.array(
    z.object({ id: z.string(), fund: z.string().nullable(), at: time, what: z.string(), rank: z.string() }),
  ),
});
export type Sample = z.infer<typeof Sample>;
