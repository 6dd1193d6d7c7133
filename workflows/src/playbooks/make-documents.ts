// STATEMENT_DOCUMENTS_REQUESTED: a statement and its letters are made as files, once; asked again, the run finds those that are there.
import type { PlaybookFunction } from "./playbook.ts";

export const makeDocuments: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("making the documents");
  const { files } = await room("commander").makeDocuments(run);
  return { status: "completed", reason: `${files} files are kept` };
};
