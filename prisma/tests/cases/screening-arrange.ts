// What the cases of lists and screening start from: lists, checks and candidates, all synthetic.
import { createHash, randomUUID } from "node:crypto";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { type Args, agent, OPS, type TestDatabase } from "../arrange.ts";
import { newParty, pending } from "./party-cases.ts";
import type { Refusal } from "./rpc-case.ts";

export const KYC = agent("kyc");
/** A second person of operations. */
export const OPS_TWO: Actor = { role: "ops_role", userId: "77777777-7777-4777-8777-777777777777" };
export const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
let names = 0;
/** A name no other list of this database has. */
export const nextName = (stem: string): string => `${stem}-${++names}`;
export const change = (what: string, code: Refusal["code"], values: Args): Refusal => ({
  what,
  code,
  change: (a) => ({ ...a, ...values }),
});
export const now = (hours = 0): string => new Date(Date.now() - hours * 3_600_000).toISOString();

export const entry = (id: string, name: string) => ({
  id,
  hash: sha(`${id}/${name}`),
  body: { entityId: id, names: [name] },
});

/** A list of its own, switched on. */
export async function newList(db: TestDatabase): Promise<{ source: string; list_id: string }> {
  const source = `syn-${++names}-${randomUUID().slice(0, 6)}`;
  const { list_id } = await db.value<{ list_id: string }>(OPS, "fn_set_watchlist", {
    source,
    title: "Synthetic list",
    format: "own-csv",
    address: "https://lists.invalid/synthetic.csv",
  });
  return { source, list_id };
}

export const fileOf = (source: string, entries: ReturnType<typeof entry>[], hours = 0): Args => ({
  source,
  entries: JSON.stringify(entries),
  file_hash: sha(JSON.stringify(entries)),
  fetched_at: now(hours),
});

/** `count` entries, published. */
export async function publishedList(db: TestDatabase, count = 20) {
  const list = await newList(db);
  const entries = Array.from({ length: count }, (_, n) => entry(`E${n}`, `Synthetic Name ${n}`));
  const { version_id } = await db.value<{ version_id: string }>(
    OPS,
    "fn_publish_watchlist",
    fileOf(list.source, entries),
  );
  return { ...list, entries, version_id };
}

/** The same list a tenth smaller: it waits for two people. */
export async function held(db: TestDatabase): Promise<{ list_id: string; version_id: string }> {
  const list = await publishedList(db);
  const { version_id } = await db.value<{ version_id: string }>(
    OPS,
    "fn_publish_watchlist",
    fileOf(list.source, list.entries.slice(2)),
  );
  return { list_id: list.list_id, version_id };
}

/** Every active list as a check names it; other lists of this database are switched off first, whoever set them. */
export async function onlyList(db: TestDatabase, list_id: string): Promise<void> {
  await db.look("update watchlists set active = (list_id = $1) where active <> (list_id = $1) returning 1", [list_id]);
}

export async function askedFor(db: TestDatabase): Promise<{ party_id: string; revision: number }> {
  return db.value(OPS, "fn_request_screening", { party_id: await newParty(db) });
}

/** Good arguments of a check whose one candidate is possible. */
export async function checkOf(db: TestDatabase, outcome = "alert"): Promise<Args> {
  const list = await publishedList(db);
  await onlyList(db, list.list_id);
  const party = await askedFor(db);
  const [one] = await db.look<{ entry_id: string; sha256: string }>(
    "select e.entry_id, v.sha256 from watchlist_entries e join watchlist_versions v using (list_id) where list_id = $1 and external_id = 'E1'",
    [list.list_id],
  );
  const features = [{ feature: "name", score: 0.9, weight: 1, says: "same words" }];
  return {
    ...party,
    scope: "full",
    lists: JSON.stringify([{ version_id: list.version_id, sha256: one?.sha256 }]),
    engine: "test",
    candidates: JSON.stringify([
      { entry_id: one?.entry_id, score: 0.9, outcome, features, missing: outcome === "ask" ? ["born"] : [] },
    ]),
  };
}

/** A party that was held against the one active list and is not on it. */
export async function screenedClear(db: TestDatabase, party_id: string): Promise<void> {
  const list = await publishedList(db);
  await onlyList(db, list.list_id);
  const asked = await db.value<Args>(OPS, "fn_request_screening", { party_id });
  const [version] = await db.look<{ sha256: string }>("select sha256 from watchlist_versions where version_id = $1", [
    list.version_id,
  ]);
  await db.call(KYC, "fn_record_check", {
    ...asked,
    scope: "full",
    lists: JSON.stringify([{ version_id: list.version_id, sha256: version?.sha256 }]),
    engine: "test",
    candidates: "[]",
  });
}

/** An applicant whose review finds nothing in the way, whatever lists other cases left behind. */
export async function clearApplicant(db: TestDatabase): Promise<string> {
  const pending_id = await pending(db);
  const [row] = await db.look<{ party_id: string }>(
    "select party_id from investors_pending_kyc where pending_id = $1",
    [pending_id],
  );
  await screenedClear(db, String(row?.party_id));
  return pending_id;
}

/** A candidate that nobody has decided. */
export async function candidateOf(db: TestDatabase): Promise<{ party_id: string; candidate_id: string }> {
  const args = await checkOf(db);
  const { check_id } = await db.value<{ check_id: string }>(KYC, "fn_record_check", args);
  // as if it were in no case
  const [row] = await db.look<{ candidate_id: string }>(
    "update screening_candidates set case_id = null where check_id = $1 returning candidate_id",
    [check_id],
  );
  return { party_id: String(args.party_id), candidate_id: String(row?.candidate_id) };
}

export const decided = async (db: TestDatabase): Promise<string> =>
  (
    await db.value<{ clearance_id: string }>(OPS, "fn_clear_candidate", {
      candidate_id: (await candidateOf(db)).candidate_id,
      decision: "false_match",
      reason: "another birth date",
    })
  ).clearance_id;
