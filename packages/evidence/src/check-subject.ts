// What is kept of a person: each document that is listed is a file in the pack with the bytes that were listed, and no file is there that is not listed.
import type { CheckName, Lines, Member } from "./verify.ts";

type Found = (check: CheckName, member: string | null, says: string) => void;
const LIST = "documents/documents.jsonl";

export function subjectFindings(lines: Lines, members: ReadonlyMap<string, Member>, found: Found): void {
  const listed = new Set<string>();
  let count = 0;
  for (const line of lines(LIST)) {
    count += 1;
    const { file, file_sha256 } = JSON.parse(line) as { file: string | null; file_sha256: string | null };
    if (file === null) continue; // it was removed: there are no bytes any more
    listed.add(file);
    const member = members.get(file);
    if (member === undefined) found("documents", LIST, `line ${count}: its file is missing`);
    else if (member.sha256 !== file_sha256) found("documents", file, "it is not the file that the list names");
  }
  for (const name of members.keys())
    if (name.startsWith("documents/") && name !== LIST && !listed.has(name))
      found("documents", name, "the list of documents does not know it");
}
