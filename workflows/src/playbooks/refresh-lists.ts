// LIST_REFRESH_REQUESTED: the list is fetched from its address, read and published; what is empty, old or shrunken is refused and nobody is cleared on it.
import type { PlaybookFunction } from "./playbook.ts";

export const refreshLists: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("fetching the list");
  const { outcome, reason, rows, added, changed, removed } = await room("kyc").refreshList(run);
  return outcome === "published" || outcome === "unchanged"
    ? {
        status: "completed",
        reason: `${outcome}: ${rows} rows, ${added} added, ${changed} changed, ${removed} removed`,
      }
    : { status: "refused", reason: `${outcome}: ${reason}` };
};
