// Events of what investors are told: statements stand, somebody asked for one as files, the files stand.
import { z } from "zod";

const id = z.uuid();

export const DOCUMENT_EVENTS = {
  STATEMENTS_READY: {
    mode: "note" as const,
    recordedBy: [] as readonly [],
    payload: z.object({ dealing_day_id: id, statements: z.int() }),
  },
  /** Of no fund: a file that is drawn is nothing to remember about one. */
  STATEMENT_DOCUMENTS_REQUESTED: {
    mode: "run" as const,
    playbook: "make-documents" as const,
    recordedBy: [] as readonly [],
    payload: z.object({ statement_id: id }),
  },
  /** `hash`: SHA-256 over the lines of `sha256sum` of the files, in the order of their names. */
  STATEMENT_DOCUMENTS_KEPT: {
    mode: "note" as const,
    recordedBy: ["agent_commander"] as const,
    payload: z.object({ statement_id: id, hash: z.string().regex(/^[0-9a-f]{64}$/), files: z.int().positive() }),
  },
} as const;
