// The door to personal data: encrypts before anything leaves this process, decrypts after it came back. The database sees ids, ciphertexts and hashes.
import { createHash, randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { blindIndex, contentMark, type IndexedField } from "./blind-index.ts";
import type { DocumentStore } from "./documents.ts";
import {
  documentPlace,
  newDataKey,
  openBytes,
  openText,
  sealBytes,
  sealText,
  unwrapKey,
  valuePlace,
  wrapKey,
} from "./envelope.ts";
import { checkedFields, isField, type PersonalField, type PersonalFields, type PersonalValue } from "./fields.ts";
import type { MasterKeys } from "./master-keys.ts";
import { checkedDocument } from "./sniff.ts";

export type SubjectState = "active" | "restricted" | "destroyed";

export interface SubjectData {
  subjectId: string;
  /** `restricted`: an erasure was asked for; only screening and audit get fields. `destroyed`: there are none any more. */
  state: SubjectState;
  fields: Partial<Record<PersonalField, PersonalValue>>;
  /** When the newest of these was recorded, ISO 8601; null when there are none. */
  recordedAt: string | null;
}

export interface StoredDocument {
  documentId: string;
  contentType: string;
  size: number;
  /** Of what is stored, which is encrypted. */
  sha256: string;
}

export interface PersonalData {
  /** Opens the subject when it has no key yet; each field supersedes its earlier value. EG400, EG409, EG413, EG428 erased or to be erased. */
  put(subjectId: string, fields: PersonalFields, options?: { requestId?: string }): Promise<void>;
  /** What is current; recorded with its purpose (small letters and hyphens). EG404 when nothing is kept under that id. */
  read(subjectId: string, fields?: readonly PersonalField[], purpose?: string): Promise<SubjectData>;
  /** As read, for many; whoever is not known is not in the answer. */
  readMany(
    subjectIds: readonly string[],
    fields?: readonly PersonalField[],
    purpose?: string,
  ): Promise<Map<string, SubjectData>>;
  /** Subjects whose current value of the field is the same once normalised. */
  findByIndex(field: IndexedField, value: string): Promise<string[]>;
  /** EG400 when its bytes are of no type that is taken, EG413 over 20 MB. Its file name is never asked for. */
  putDocument(
    subjectId: string,
    document: { kind: string; bytes: Uint8Array },
    options?: { requestId?: string },
  ): Promise<StoredDocument>;
  /** EG404, EG431 when what is stored is not what was recorded. */
  readDocument(
    documentId: string,
    purpose?: string,
  ): Promise<{ bytes: Uint8Array; contentType: string; kind: string; subjectId: string }>;
}

/** Any caller of functions of the database, under whatever identity it has. */
export type PersonalCall = (fn: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>;

export interface PersonalParts {
  call: PersonalCall;
  keys: MasterKeys;
  documents?: DocumentStore;
}

/** Subjects per call. */
const CHUNK = 2_000;

const ReadRow = z.object({
  subject_id: z.string(),
  state: z.enum(["active", "restricted", "destroyed"]),
  wrapped_key: z.string().nullable(),
  master_key_id: z.string().nullable(),
  key_version: z.number(),
  value_id: z.string().nullable(),
  field: z.string().nullable(),
  ciphertext: z.string().nullable(),
  recorded_at: z.coerce.date().nullable(),
});
type ReadRow = z.output<typeof ReadRow>;

const DocumentRow = z.object({
  id: z.string(),
  subject_id: z.string(),
  kind: z.string(),
  content_type: z.string(),
  size: z.coerce.number(),
  sha256: z.string(),
  storage_path: z.string(),
  wrapped_key: z.string(),
  master_key_id: z.string(),
});

export function openPersonal({ call, keys, documents }: PersonalParts): PersonalData {
  const store = (): DocumentStore => {
    if (documents === undefined) throw new EvergreenError("EG503", "No place for documents is open in this process.");
    return documents;
  };

  const keyRow = async (subjectId: string): Promise<ReadRow | undefined> =>
    z.array(ReadRow).parse(await call("fn_read_personal", { subject_ids: [subjectId], fields: [], purpose: "key" }))[0];

  async function dataKeyFor(subjectId: string): Promise<{ dataKey: Buffer; keyVersion: number }> {
    let row = await keyRow(subjectId);
    if (row === undefined) {
      const master = await keys.current();
      await call("fn_open_subject", {
        subject_id: subjectId,
        wrapped_key: wrapKey(master, subjectId, newDataKey()),
        master_key_id: master.id,
      });
      // of two that open it at once one key counts: read which
      row = await keyRow(subjectId);
    }
    const dataKey = row === undefined ? undefined : await dataKeyOf(keys, row);
    if (row === undefined || dataKey === undefined)
      throw new EvergreenError("EG428", "The subject was erased; nothing more is kept of it.");
    return { dataKey, keyVersion: row.key_version };
  }

  async function putDocument(
    subjectId: string,
    kind: string,
    bytes: Uint8Array,
    contentType: string,
    requestId: string | undefined,
  ): Promise<StoredDocument> {
    const { dataKey, keyVersion } = await dataKeyFor(subjectId);
    const documentId = randomUUID();
    const sealed = sealBytes(dataKey, bytes, documentPlace(subjectId, documentId));
    const path = `${subjectId}/${documentId}`;
    const sha256 = createHash("sha256").update(sealed).digest("hex");
    await store().put(path, sealed);
    const recorded = await call("fn_put_document", {
      document_id: documentId,
      subject_id: subjectId,
      kind,
      content_type: contentType,
      size: bytes.length,
      sha256,
      storage_path: path,
      key_version: keyVersion,
      request_id: requestId,
    }).catch(async (error: unknown) => {
      // refused: nothing refers to the file. Not answered: it may be recorded, and the file has to stay.
      if (!(error instanceof EvergreenError && error.retryable)) await store().remove([path]);
      throw error;
    });
    const { document_id } = z.object({ document_id: z.string() }).parse(recorded);
    // the same request was answered before: its first file counts
    if (document_id !== documentId) await store().remove([path]);
    return { documentId: document_id, contentType, size: bytes.length, sha256 };
  }

  async function readMany(
    subjectIds: readonly string[],
    fields?: readonly PersonalField[],
    purpose = "review",
  ): Promise<Map<string, SubjectData>> {
    const found = new Map<string, SubjectData>();
    for (let at = 0; at < subjectIds.length; at += CHUNK) {
      const rows = z.array(ReadRow).parse(
        await call("fn_read_personal", {
          subject_ids: subjectIds.slice(at, at + CHUNK),
          ...(fields === undefined ? {} : { fields }),
          purpose,
        }),
      );
      for (const group of bySubject(rows)) found.set(...(await decrypted(keys, group)));
    }
    return found;
  }

  return {
    async put(subjectId, fields, { requestId } = {}) {
      const entries = checkedFields(fields);
      const indexKey = await keys.indexKey();
      await underCurrentKey(async () => {
        const { dataKey, keyVersion } = await dataKeyFor(subjectId);
        await call("fn_put_personal", {
          subject_id: subjectId,
          field_values: entries.map(([field, value]) => ({
            ...sealedValue({ dataKey, indexKey, subjectId }, field, value),
            key_version: keyVersion,
          })),
          request_id: requestId,
        });
      });
    },

    async read(subjectId, fields, purpose) {
      const found = (await readMany([subjectId], fields, purpose)).get(subjectId);
      if (found === undefined) throw new EvergreenError("EG404", "No personal data is kept under that id.");
      return found;
    },

    readMany,

    async findByIndex(field, value) {
      const [index] = blindIndex(await keys.indexKey(), field, [value]);
      if (index === undefined) return [];
      const rows = await call("fn_find_subjects", { field, index_value: index });
      return z
        .array(z.object({ subject_id: z.string() }))
        .parse(rows)
        .map((row) => row.subject_id);
    },

    async putDocument(subjectId, { kind, bytes }, { requestId } = {}) {
      const contentType = await checkedDocument(bytes);
      return underCurrentKey(() => putDocument(subjectId, kind, bytes, contentType, requestId));
    },

    async readDocument(documentId, purpose = "review") {
      const read = async () => {
        const [row] = z.array(DocumentRow).parse(await call("fn_read_document", { document_id: documentId, purpose }));
        if (row === undefined) throw new EvergreenError("EG404", "No document with that id.");
        return row;
      };
      const { row, sealed } = await whereItLies(store(), read);
      const dataKey = unwrapKey(await keys.byId(row.master_key_id), row.subject_id, row.wrapped_key);
      if (createHash("sha256").update(sealed).digest("hex") !== row.sha256)
        throw new EvergreenError("EG431", "What is stored of the document is not what was recorded.");
      const bytes = openBytes(dataKey, sealed, documentPlace(row.subject_id, row.id));
      return { bytes, contentType: row.content_type, kind: row.kind, subjectId: row.subject_id };
    },
  };
}

/** Tries of who writes while the data key of the subject is made anew. */
const TRIES = 8;

/** Works again with the key that is current when it is told that what it encrypted is under an earlier one. */
export async function underCurrentKey<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EvergreenError && error.code === "EG425") || tries === TRIES) throw error;
    }
  }
}

/** A file that is not where its row said: it was encrypted anew between the two, and the row says now where. */
async function whereItLies<R extends { storage_path: string }>(
  store: DocumentStore,
  read: () => Promise<R>,
): Promise<{ row: R; sealed: Uint8Array }> {
  let row = await read();
  for (;;) {
    try {
      return { row, sealed: await store.get(row.storage_path) };
    } catch (error) {
      const again = await read();
      if (again.storage_path === row.storage_path) throw error;
      row = again;
    }
  }
}

function sealedValue(
  { dataKey, indexKey, subjectId }: { dataKey: Buffer; indexKey: Buffer; subjectId: string },
  field: PersonalField,
  value: PersonalValue | null,
): Record<string, unknown> {
  const valueId = randomUUID();
  const plain = value === null ? null : JSON.stringify(value);
  return {
    field,
    value_id: valueId,
    ciphertext: plain === null ? null : sealText(dataKey, plain, valuePlace(subjectId, field, valueId)),
    content: contentMark(indexKey, subjectId, field, plain),
    blind_index: value === null ? [] : blindIndex(indexKey, field, typeof value === "string" ? [value] : value),
  };
}

/** Rows come in the order of their subjects. */
function bySubject(rows: readonly ReadRow[]): ReadRow[][] {
  const groups: ReadRow[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last?.[0]?.subject_id === row.subject_id) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** The data key of a subject, or undefined once it is destroyed. */
async function dataKeyOf(
  keys: MasterKeys,
  row: Pick<ReadRow, "subject_id" | "wrapped_key" | "master_key_id">,
): Promise<Buffer | undefined> {
  if (row.wrapped_key === null || row.master_key_id === null) return undefined;
  return unwrapKey(await keys.byId(row.master_key_id), row.subject_id, row.wrapped_key);
}

async function decrypted(keys: MasterKeys, rows: readonly ReadRow[]): Promise<[string, SubjectData]> {
  const head = rows[0] as ReadRow;
  const dataKey = await dataKeyOf(keys, head);
  const data: SubjectData = { subjectId: head.subject_id, state: head.state, fields: {}, recordedAt: null };
  for (const { field, value_id, ciphertext, recorded_at } of rows) {
    if (dataKey === undefined || field === null || value_id === null || ciphertext === null || !isField(field))
      continue;
    data.fields[field] = plainValue(openText(dataKey, ciphertext, valuePlace(head.subject_id, field, value_id)));
    const at = recorded_at?.toISOString() ?? null;
    if (at !== null && (data.recordedAt === null || at > data.recordedAt)) data.recordedAt = at;
  }
  return [head.subject_id, data];
}

const Value = z.union([z.string(), z.array(z.string())]);
export const plainValue = (plain: string): PersonalValue => Value.parse(JSON.parse(plain));
