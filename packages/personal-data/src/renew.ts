// A new data key for a subject: everything that stands under the old one is encrypted anew and changes places with it in one transaction, in which the old
// key is destroyed. Who writes meanwhile is done before, or is refused and encrypts again; who reads has a key and what is under it, of one moment.
import { createHash, randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import {
  accountPlace,
  documentPlace,
  newDataKey,
  openBytes,
  openText,
  type Place,
  sealBytes,
  sealText,
  unwrapKey,
  valuePlace,
  wrapKey,
} from "./envelope.ts";
import type { LifecycleParts } from "./lifecycle.ts";

type RenewalParts = Omit<LifecycleParts, "journal">;

const Cipher = z.object({
  wrapped_key: z.string(),
  master_key_id: z.string(),
  values: z.array(z.object({ value_id: z.string(), field: z.string(), ciphertext: z.string() })),
  accounts: z.array(z.object({ account_id: z.string(), sealed: z.string() })),
  documents: z.array(z.object({ document_id: z.string(), storage_path: z.string(), sha256: z.string() })),
});
const Renewed = z.object({ key_version: z.number(), gone: z.array(z.string()) });
/** Tries while others write, wrap keys anew or do the same. */
const TRIES = 50;
const BATCH = 500;

export interface Renewal {
  subjectId: string;
  /** How many data keys the subject has had. */
  keyVersion: number;
  values: number;
  accounts: number;
  documents: number;
}

/**
 * Gives one subject a new data key. Cut off before the last call nothing has changed but files that nothing names; cut off after it, files of the old key
 * are left, which no key opens. Errors: EG404, EG428 erased, EG431 what is stored does not open, EG425 after many tries.
 */
export async function renewKey(parts: RenewalParts, subjectId: string): Promise<Renewal> {
  const work: Work = { dataKey: newDataKey(), texts: new Map(), files: new Map() };
  for (let tries = 1; ; tries++) {
    try {
      return await renewed(parts, subjectId, work);
    } catch (error) {
      if (!(error instanceof EvergreenError)) throw error;
      if (error.code === "EG425" && tries < TRIES) continue;
      // not answered: what was made may count by now, and stays
      if (!error.retryable) await parts.documents.remove(pathsOf(work));
      throw error;
    }
  }
}

/** What is encrypted under the new key by now: values and documents never change, so that a further try encrypts only what was added. */
interface Work {
  readonly dataKey: Buffer;
  readonly texts: Map<string, string>;
  readonly files: Map<string, { document_id: string; storage_path: string; sha256: string }>;
}
const pathsOf = ({ files }: Work): string[] => [...files.values()].map(({ storage_path }) => storage_path);

async function renewed({ call, keys, documents }: RenewalParts, subjectId: string, work: Work): Promise<Renewal> {
  const kept = Cipher.parse(await call("fn_read_subject_cipher", { subject_id: subjectId }));
  const old = unwrapKey(await keys.byId(kept.master_key_id), subjectId, kept.wrapped_key);
  const anew = (id: string, sealed: string, place: Place): string => {
    const known = work.texts.get(id) ?? sealText(work.dataKey, openText(old, sealed, place), place);
    work.texts.set(id, known);
    return known;
  };
  for (const { document_id, storage_path, sha256 } of kept.documents) {
    if (work.files.has(document_id)) continue;
    const sealed = await documents.get(storage_path).catch((error: unknown) => {
      if (error instanceof EvergreenError && error.code === "EG404")
        throw new EvergreenError("EG425", "A document was encrypted anew meanwhile; read again.", { cause: error });
      throw error;
    });
    if (sha256Of(sealed) !== sha256)
      throw new EvergreenError("EG431", "What is stored of a document is not what was recorded.");
    const place = documentPlace(subjectId, document_id);
    const bytes = sealBytes(work.dataKey, openBytes(old, sealed, place), place);
    const path = `${subjectId}/${randomUUID()}`;
    await documents.put(path, bytes);
    work.files.set(document_id, { document_id, storage_path: path, sha256: sha256Of(bytes) });
  }
  const files = kept.documents.flatMap(({ document_id }) => work.files.get(document_id) ?? []);
  const master = await keys.current();
  const answer = await call("fn_renew_subject_key", {
    subject_id: subjectId,
    was: kept.wrapped_key,
    wrapped_key: wrapKey(master, subjectId, work.dataKey),
    master_key_id: master.id,
    field_values: kept.values.map(({ value_id, field, ciphertext }) => ({
      value_id,
      ciphertext: anew(value_id, ciphertext, valuePlace(subjectId, field, value_id)),
    })),
    accounts: kept.accounts.map(({ account_id, sealed }) => ({
      account_id,
      sealed: anew(account_id, sealed, accountPlace(subjectId, account_id)),
    })),
    documents: files,
    request_id: `renewal/${randomUUID()}`,
  });
  const { key_version, gone } = Renewed.parse(answer);
  const used = new Set(files.map(({ storage_path }) => storage_path));
  await documents.remove([...gone, ...pathsOf(work).filter((path) => !used.has(path))]);
  const counts = { values: kept.values.length, accounts: kept.accounts.length, documents: files.length };
  return { subjectId, keyVersion: key_version, ...counts };
}

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** As renewKey for every subject whose data key is older than that; called again it goes on with those that are left. Returns how many. */
export async function renewKeys(
  parts: RenewalParts,
  madeBefore: string,
  progress: (renewed: number) => void | Promise<void> = () => undefined,
): Promise<number> {
  let after: string | undefined;
  let done = 0;
  for (;;) {
    const rows = z
      .array(z.object({ subject_id: z.string() }))
      .parse(await parts.call("fn_list_old_subject_keys", { made_before: madeBefore, after, max_keys: BATCH }));
    if (rows.length === 0) return done;
    for (const { subject_id } of rows) {
      const erased = await renewKey(parts, subject_id).then(
        () => false,
        (error: unknown) => {
          if (error instanceof EvergreenError && error.code === "EG428") return true; // erased meanwhile
          throw error;
        },
      );
      if (!erased) await progress(++done);
    }
    after = rows.at(-1)?.subject_id;
  }
}
