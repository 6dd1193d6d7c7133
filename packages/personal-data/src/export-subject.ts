// What a subject is answered when it asks what is kept of it: everything that may be given, in clear.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { AccountPlain } from "./accounts.ts";
import { accountPlace, documentPlace, openBytes, openText, unwrapKey, valuePlace } from "./envelope.ts";
import type { PersonalValue } from "./fields.ts";
import type { LifecycleParts } from "./lifecycle.ts";
import { plainValue } from "./personal-data.ts";

const Row = z.record(z.string(), z.unknown());
const Kept = z.object({
  subject: z.looseObject({
    subject_id: z.string(),
    state: z.string(),
    wrapped_key: z.string().nullable(),
    master_key_id: z.string().nullable(),
  }),
  values: z.array(z.looseObject({ value_id: z.string(), field: z.string(), ciphertext: z.string().nullable() })),
  documents: z.array(
    z.looseObject({
      document_id: z.string(),
      content_type: z.string(),
      storage_path: z.string(),
      removed_at: z.string().nullable(),
    }),
  ),
  accesses: z.array(Row),
  party: Row,
  investors: z.array(Row),
  evidence: z.array(Row),
  changes: z.array(Row),
  records: z.looseObject({
    bank_accounts: z.array(z.looseObject({ account_id: z.string(), sealed: z.string().nullable() })),
  }),
  tombstone: Row.nullable(),
});

type Row = z.output<typeof Row>;
export interface ExportedSubject {
  subject: Row & { subject_id: string; state: string };
  values: (Row & { value_id: string; field: string; value: PersonalValue | null })[];
  /** `content` in base64; null once the file was removed. */
  documents: (Row & { document_id: string; content_type: string; content: string | null })[];
  accesses: Row[];
  party: Row;
  investors: Row[];
  evidence: Row[];
  changes: Row[];
  records: Record<string, Row[]>;
  tombstone: Row | null;
}

/**
 * All that is kept of a subject, in clear: for the subject. Every value it ever had, its documents (base64), its accounts, register, orders and money,
 * who read what, and what was done; numbers are texts. Errors: EG403, EG404, EG431.
 */
export async function exportSubject(
  parts: Omit<LifecycleParts, "journal">,
  subjectId: string,
): Promise<ExportedSubject> {
  for (let tries = 1; ; tries++) {
    try {
      return await exported(parts, subjectId);
    } catch (error) {
      // a file that is gone by now was encrypted under a new key between the two readings
      if (!(error instanceof EvergreenError && error.code === "EG404") || tries === 3) throw error;
    }
  }
}

async function exported(
  { call, keys, documents }: Omit<LifecycleParts, "journal">,
  subjectId: string,
): Promise<ExportedSubject> {
  const kept = Kept.parse(await call("fn_export_subject", { subject_id: subjectId }));
  const { wrapped_key, master_key_id, ...subject } = kept.subject;
  const dataKey =
    wrapped_key === null || master_key_id === null
      ? null
      : unwrapKey(await keys.byId(master_key_id), subjectId, wrapped_key);
  const values = kept.values.map(({ ciphertext, ...value }) => ({
    ...value,
    value:
      ciphertext === null || dataKey === null
        ? null
        : plainValue(openText(dataKey, ciphertext, valuePlace(subjectId, value.field, value.value_id))),
  }));
  const files = await Promise.all(
    kept.documents.map(async ({ storage_path, ...file }) => ({
      ...file,
      content:
        dataKey === null || file.removed_at !== null
          ? null
          : openBytes(dataKey, await documents.get(storage_path), documentPlace(subjectId, file.document_id)).toString(
              "base64",
            ),
    })),
  );
  const accounts = kept.records.bank_accounts.map(({ sealed, ...account }) => {
    if (sealed === null || dataKey === null) return account;
    const plain = openText(dataKey, sealed, accountPlace(subjectId, account.account_id));
    const [holder, number] = AccountPlain.parse(JSON.parse(plain));
    return { ...account, holder, account: number };
  });
  return {
    ...kept,
    subject,
    values,
    documents: files,
    records: { ...z.record(z.string(), z.array(Row)).parse(kept.records), bank_accounts: accounts },
  };
}
