// KYC's actions on lists and screening: fetch and publish a list, screen a party, hold a list's changes against the parties. Names are read inside the door and
// stay there; what is recorded are ids, scores and features.
import type { RoomActions, RoomContext } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import { traced } from "@evergreen-fund/tracing";
import type { House } from "../../rooms.ts";
import type { Screening } from "../../watchlists.ts";
import { candidatesOf, pageOf } from "./decide.ts";
import { readChecked, readList, readSources, readSubject, type SubjectFacts } from "./facts.ts";

type ScreeningActions = Pick<
  RoomActions<"kyc">,
  "refreshList" | "requestRefreshes" | "screenParty" | "rescreenParties" | "screenWaiting"
>;

/** Affected parties, or waiting ones, per turn: seconds of work, and an answer that fits. */
const PAGE = 100;
/** A list may be published while a party is screened; so often the party is screened anew. */
const TURNS = 5;
const KYC = { role: "agent_kyc" } as const;

export const screeningActions = (house: House): ScreeningActions => ({
  refreshList: async (context, { eventId }) => {
    const list = await context.facts((tx) => readList(tx, eventId));
    const { address } = list;
    const none = { rows: 0, added: 0, changed: 0, removed: 0 };
    if (address === null || !list.active)
      return { outcome: "refused", reason: "the list is off or has no address", ...none };
    try {
      // no transaction is open while somebody else's server thinks
      const file = await traced("data.load.market", { workflow_id: context.workflowId }, async (step) => {
        const fetched = await house.watchlists.fetch({ ...list, address }, context.signal);
        step.note({ rows: fetched.entries.length });
        return fetched;
      });
      const answer = await context.record((rpc) =>
        rpc("fn_publish_watchlist", {
          source: list.source,
          entries: file.entries,
          file_hash: file.sha256,
          fetched_at: file.fetchedAt,
          ...(file.publishedOn === null ? {} : { published_on: file.publishedOn }),
        }),
      );
      const { status, reason, rows, added, changed, removed } = answer;
      const outcome =
        status === "current" ? "published" : status === "unchanged" || status === "held" ? status : "refused";
      return { outcome, reason: reason === null ? "" : WORDS[reason], rows, added, changed, removed };
    } catch (error) {
      // a file that is wrong stays wrong until somebody looks; a server that is away is asked again
      if (!(error instanceof EvergreenError) || error.retryable || error.code === "EG500") throw error;
      return { outcome: "refused", reason: `${error.code}: ${error.message}`.slice(0, 500), ...none };
    }
  },

  requestRefreshes: async (context) => {
    const sources = await context.facts(readSources);
    await context.record(async () => {
      for (const source of sources)
        await house.database.rpc(KYC, "fn_request_list_refresh", {
          source,
          request_id: `${context.workflowId}/kyc.requestRefreshes/${source}`,
        });
    });
    return { lists: sources.length };
  },

  screenParty: async (context, { eventId, partyId }) => {
    for (let turn = 1; ; turn++) {
      const subject = await context.facts((tx) => readSubject(tx, eventId, partyId));
      const verdict = await screen(context, house, subject, turn === TURNS);
      if (verdict !== "again") return verdict;
    }
  },

  rescreenParties: async (context, { eventId }) => {
    const { list, done } = await context.facts(async (tx) => {
      const found = await readList(tx, eventId);
      return {
        list: found,
        done: found.versionId === null ? new Set<string>() : await readChecked(tx, found.versionId),
      };
    });
    if (list.current <= list.covered || !list.active)
      return { outcome: "nothing", parties: 0, affected: 0, possible: 0 };
    const { parties, affected } = await house.watchlists.affected(list.listId, list.covered);
    const { page, left } = await context.decide(() => pageOf([...affected.keys()], done, PAGE));
    let possible = 0;
    const covered = await context.record(async (rpc) => {
      for (const id of page) {
        const subject = await house.database.read(KYC, (tx) => readSubject(tx, eventId, id));
        const outcome = await recordOne(house, context.workflowId, subject, affected.get(id)!, "delta");
        if (outcome === "possible") possible++;
      }
      if (left > 0) return false;
      const to = list.current;
      await rpc("fn_record_rescreen", {
        list_id: list.listId,
        from_ordinal: list.covered,
        to_ordinal: to,
        parties,
        affected: affected.size,
        engine: [...affected.values()][0]?.engine ?? "none affected",
      });
      return true;
    });
    return { outcome: covered ? "covered" : "more", parties, affected: affected.size, possible };
  },

  screenWaiting: async (context, { eventId, after }) => {
    const waiting = await context.look("fn_list_unscreened", {
      max_rows: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    let screened = 0;
    for (const { party_id: id } of waiting) {
      const subject = await context.facts((tx) => readSubject(tx, eventId, id));
      const verdict = await screen(context, house, subject, false);
      // what stops one stops all; an event follows when the list may be used again
      if (verdict !== "again" && verdict.outcome === "unusable") return { screened, reason: verdict.reason };
      screened++;
    }
    const next = waiting.length < PAGE ? undefined : waiting.at(-1)?.party_id;
    return { screened, reason: "", ...(next === undefined ? {} : { next }) };
  },
});

const WORDS = {
  empty: "the list is empty",
  old: "the list was fetched too long ago",
  older: "the list is older than the current one",
  shrunken: "the list shrank by more than its limit; two people accept it",
} as const;

type Verdict = Awaited<ReturnType<ScreeningActions["screenParty"]>>;

/** Screens one party against the versions of one moment. `again`: facts or lists changed before it was recorded. */
async function screen(
  context: RoomContext,
  house: House,
  subject: SubjectFacts,
  last: boolean,
): Promise<Verdict | "again"> {
  const nothing = { candidates: 0, missing: [], reason: "" };
  if (subject.revision === null)
    return { outcome: "absent", ...nothing, reason: "nobody asked for this party to be screened" };
  const screening = await house.watchlists.screen(subject.partyId);
  if (screening === null) return { outcome: "absent", ...nothing, reason: "no facts of the party are kept" };
  if (screening.lists.length === 0) return { outcome: "unusable", ...nothing, reason: "no list is published" };
  const candidates = await context.decide(() => candidatesOf(screening.found));
  try {
    const answer = await context.record(() =>
      house.database.rpc(KYC, "fn_record_check", {
        party_id: subject.partyId,
        revision: subject.revision!,
        scope: "full",
        lists: screening.lists,
        engine: screening.engine,
        candidates,
        request_id: requestOf(context.workflowId, subject, "full", screening),
      }),
    );
    const { outcome, check_id: checkId, undecided, missing } = answer;
    return { outcome, checkId, candidates: undecided, missing, reason: "" };
  } catch (error) {
    if (!(error instanceof EvergreenError)) throw error;
    if (error.code === "EG428") return { outcome: "unusable", ...nothing, reason: error.message };
    if (error.code === "EG425" && !last) return "again";
    // after so many changes in a row somebody else's turn: the run tries again later
    if (error.code === "EG425")
      throw new EvergreenError("EG503", "The lists or the party keep changing.", { cause: error });
    throw error;
  }
}

/** One party and what a list's changes mean for it; a party whose facts have changed since gets a whole check of its own. */
async function recordOne(
  house: House,
  workflowId: string,
  subject: SubjectFacts,
  screening: Screening,
  scope: "delta",
): Promise<string> {
  if (subject.revision === null) return "absent";
  try {
    const { outcome } = await house.database.rpc(KYC, "fn_record_check", {
      party_id: subject.partyId,
      revision: subject.revision,
      scope,
      lists: screening.lists,
      engine: screening.engine,
      candidates: candidatesOf(screening.found),
      request_id: requestOf(workflowId, subject, scope, screening),
    });
    return outcome;
  } catch (error) {
    // the list was published again: the run looks at the whole change anew
    if (error instanceof EvergreenError && error.code === "EG425")
      throw new EvergreenError("EG503", "The list changed while its parties were screened.", { cause: error });
    throw error;
  }
}

/** One check per run, party, revision and version: a step that is taken again gets its first answer, and another version is another check. */
const requestOf = (
  workflowId: string,
  { partyId, revision }: SubjectFacts,
  scope: string,
  { lists }: Screening,
): string =>
  `${workflowId}/${scope}/${partyId}/${revision}/${lists.map(({ version_id }) => version_id.slice(0, 8)).join("-")}`.slice(
    0,
    200,
  );
