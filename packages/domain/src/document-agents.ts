// What the Commander promises about documents: the files of the statement that an event names. Split from agents.ts, which puts it into the contracts.
import { z } from "zod";

const id = z.uuid();

export const DOCUMENT_CONTRACTS = {
  commander: {
    /** Makes the PDF of a statement and of each of its letters, once, and keeps them with their hashes. */
    makeDocuments: {
      input: z.strictObject({ eventId: id, workflowId: z.string(), fundId: id.optional() }),
      output: z.object({ files: z.int().min(1) }),
    },
  },
} as const;
