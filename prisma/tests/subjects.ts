// Subjects of personal data for tests, in every state. What is encrypted here is random: the database cannot tell.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "./arrange.ts";
import { NOWHERE, type Refusal } from "./cases/rpc-case.ts";

export const KYC = agent("kyc");
export const wrappedKey = (): string => `v1.${randomBytes(60).toString("base64")}`;
export const hash = (of: string | Buffer): string => createHash("sha256").update(of).digest("hex");
export const value = (field: string, index: string[] = []): Args => ({
  field,
  value_id: randomUUID(),
  ciphertext: `v1.${randomBytes(45).toString("base64")}`,
  content: hash(randomBytes(8)),
  blind_index: index,
});

/** A subject of its own; answers its id. */
export async function newSubject(db: TestDatabase): Promise<string> {
  const subject_id = await db.value<string>(OPS, "fn_register_party", { kind: "natural_person" });
  await db.call(KYC, "fn_open_subject", { subject_id, wrapped_key: wrappedKey(), master_key_id: "mk-synthetic" });
  return subject_id;
}
export async function withValues(db: TestDatabase): Promise<string> {
  const subject_id = await newSubject(db);
  await db.call(KYC, "fn_put_personal", {
    subject_id,
    field_values: [value("name", [hash(subject_id)]), value("born")],
  });
  return subject_id;
}
/** Everything that stands under the key of a subject, as a new key has it. */
export async function renewal(db: TestDatabase, subjectId: string): Promise<Args> {
  const kept = (await db.value(OPS, "fn_read_subject_cipher", { subject_id: subjectId })) as {
    wrapped_key: string;
    values: { value_id: string }[];
    documents: { document_id: string }[];
  };
  return {
    subject_id: subjectId,
    was: kept.wrapped_key,
    wrapped_key: wrappedKey(),
    master_key_id: "mk-next",
    field_values: JSON.stringify(
      kept.values.map(({ value_id }) => ({ value_id, ciphertext: `v1.${randomBytes(45).toString("base64")}` })),
    ),
    accounts: "[]",
    documents: JSON.stringify(
      kept.documents.map(({ document_id }) => ({
        document_id,
        sha256: hash("y"),
        storage_path: `${subjectId}/${randomUUID()}`,
      })),
    ),
  };
}
/** The subject has another data key than whoever wrote this knew. */
export const otherKey = async (db: TestDatabase, subjectId: unknown): Promise<void> => {
  await db.call(OPS, "fn_renew_subject_key", await renewal(db, String(subjectId)));
};
export const documentArgs = (subject_id: unknown): Args => {
  const document_id = randomUUID();
  return {
    document_id,
    subject_id,
    kind: "identity_document",
    content_type: "application/pdf",
    size: 1234,
    sha256: hash("x"),
    storage_path: `${subject_id}/${document_id}`,
  };
};
/** Asked for by operations: another person may erase it. */
export async function toErase(db: TestDatabase): Promise<string> {
  const subject_id = await withValues(db);
  await db.call(OPS, "fn_request_erasure", { subject_id, reason: "asked by the person" });
  return subject_id;
}
export async function tombstoneOf(db: TestDatabase, subjectId: string): Promise<Record<string, string>> {
  const [row] = await db.look<{ wrapped_key: string }>("select wrapped_key from subject_keys where subject_id = $1", [
    subjectId,
  ]);
  return stone(subjectId, hash(row?.wrapped_key ?? ""));
}
export const stone = (subjectId: string, keyDigest: string): Record<string, string> => ({
  body: JSON.stringify({ keyDigest, subjectId }),
  signature: "a".repeat(128),
  public_key: "b".repeat(64),
});
export const erase = async (db: TestDatabase, subjectId: unknown): Promise<void> => {
  const subject_id = String(subjectId);
  await db.call(OPS, "fn_request_erasure", { subject_id, reason: "asked by the person" });
  await db.call(PM_ONE, "fn_erase_subject", { subject_id, tombstone: await tombstoneOf(db, subject_id) });
};

export const absent: Refusal = {
  what: "a subject that is not there",
  code: "EG404",
  change: (a) => ({ ...a, subject_id: NOWHERE }),
};
export const underOldKey: Refusal = {
  what: "what is under an earlier data key",
  code: "EG425",
  change: async (a, db) => {
    await otherKey(db, a.subject_id);
    return a;
  },
};
export const erased: Refusal = {
  what: "a subject that was erased",
  code: "EG428",
  change: async (a, db) => {
    await erase(db, a.subject_id);
    return a;
  },
};
