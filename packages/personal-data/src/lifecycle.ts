// What happens to a subject's key: wrapped anew by the next master key while everybody works, destroyed with a tombstone.
import { randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import type { DocumentStore } from "./documents.ts";
import { unwrapKey, wrapKey } from "./envelope.ts";
import type { MasterKeys } from "./master-keys.ts";
import type { PersonalCall } from "./personal-data.ts";
import { type Journal, signTombstone, type Tombstone } from "./tombstone.ts";

export interface LifecycleParts {
  call: PersonalCall;
  keys: MasterKeys;
  documents: DocumentStore;
  journal: Journal;
}

const KeyRow = z.object({ subject_id: z.string(), wrapped_key: z.string(), master_key_id: z.string() });
const BATCH = 500;

export interface Rotation {
  masterKeyId: string;
  /** A rotation that was cut off before went on; no other key was made. */
  continued: boolean;
  rotated: number;
}

/**
 * Wraps every data key by a new master key. Old master keys stay where the keys are kept, so that whoever has read a wrapped key can still open it;
 * values are not touched. Cut off anywhere, the next call goes on where it was. Errors: EG428 where somebody else makes the keys, EG503.
 */
export async function rotateKeys(
  { call, keys }: Pick<LifecycleParts, "call" | "keys">,
  requestId: string = randomUUID(),
  progress: (rotated: number) => void | Promise<void> = () => undefined,
): Promise<Rotation> {
  const list = async (but: string, after?: string) =>
    z.array(KeyRow).parse(await call("fn_list_subject_keys", { but, after, max_keys: BATCH }));
  const before = await keys.current();
  const continued = (await list(before.id)).length > 0;
  const master = continued ? before : await keys.add();
  let rotated = 0;
  let step = 0;
  // passes, until one finds none: a subject that is opened meanwhile by somebody who has not seen the new key is in the next one
  for (;;) {
    let after: string | undefined;
    let found = 0;
    for (;;) {
      const rows = await list(master.id, after);
      if (rows.length === 0) break;
      found += rows.length;
      const wrapped = await Promise.all(
        rows.map(async ({ subject_id, wrapped_key, master_key_id }) => ({
          subject_id,
          was: wrapped_key,
          wrapped_key: wrapKey(master, subject_id, unwrapKey(await keys.byId(master_key_id), subject_id, wrapped_key)),
          master_key_id: master.id,
        })),
      );
      step += 1;
      const answer = await call("fn_rotate_subject_keys", { keys: wrapped, request_id: `${requestId}/${step}` });
      rotated += z.object({ rotated: z.number() }).parse(answer).rotated;
      after = rows.at(-1)?.subject_id;
      await progress(rotated);
    }
    if (found === 0) return { masterKeyId: master.id, continued, rotated };
  }
}

const Erasure = z.object({
  state: z.enum(["active", "restricted", "destroyed"]),
  asked_at: z.string().nullable(),
  held: z.boolean(),
  key_digest: z.string().nullable(),
  fields: z.number(),
  documents: z.array(z.string()),
  tombstone: z.object({ body: z.string(), signature: z.string(), public_key: z.string() }).nullable(),
});
export type Erasure = z.output<typeof Erasure>;

export const readErasure = async (call: PersonalCall, subjectId: string): Promise<Erasure> =>
  Erasure.parse(await call("fn_read_erasure", { subject_id: subjectId }));

/**
 * Carries out an erasure that another person asked for: the key is destroyed with its tombstone, then files go and the tombstone is kept apart.
 * Called again after a crash it does what is left. Errors: EG404, EG420, EG428 held, not asked for.
 */
export async function eraseSubject(parts: LifecycleParts, subjectId: string, requestId?: string): Promise<Tombstone> {
  const { call, keys, documents, journal } = parts;
  for (let tries = 0; ; tries++) {
    const found = await readErasure(call, subjectId);
    const tombstone =
      found.tombstone ??
      signTombstone(await keys.signingSeed(), {
        askedAt: found.asked_at ?? "",
        documents: found.documents.length,
        erasedAt: new Date().toISOString(),
        fields: found.fields,
        keyDigest: found.key_digest ?? "0".repeat(64),
        subjectId,
      });
    if (found.state !== "destroyed") {
      try {
        await call("fn_erase_subject", { subject_id: subjectId, tombstone, request_id: requestId });
      } catch (error) {
        // its key was wrapped anew between the two calls: the tombstone names another key
        if (error instanceof EvergreenError && error.code === "EG425" && tries < 5) continue;
        throw error;
      }
    }
    await journal.add([tombstone]);
    await documents.remove(found.documents);
    return tombstone;
  }
}
