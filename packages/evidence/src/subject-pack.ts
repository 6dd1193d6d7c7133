// All that is kept of a person as one file for that person: the rows of every table that may be given, the documents, a page in plain words that shows all
// of it, and the manifest that `evidence verify` holds it against.
import { createHash } from "node:crypto";
import { EvidenceWriter, type ManifestMember, type Sink } from "./evidence-writer.ts";
import { pageOf } from "./subject-page.ts";
import { NOT_FOR_SUBJECT, SUBJECT_PARTS } from "./subject-tables.ts";

export const SUBJECT_FORMAT = "evergreen-subject/1";
export const PAGE = "index.html";

export type Row = Readonly<Record<string, unknown>>;

/** What `exportSubject` of personal-data answers. */
export interface SubjectExport {
  subject: Row & { subject_id: string };
  values: readonly Row[];
  /** `content` in base64; null once the file was removed. */
  documents: readonly (Row & { document_id: string; content_type: string; content: string | null })[];
  accesses: readonly Row[];
  party: Row;
  investors: readonly Row[];
  evidence: readonly Row[];
  changes: readonly Row[];
  tombstone: Row | null;
  /** By table: rows of the register, the orders and the money. */
  records: Readonly<Record<string, readonly Row[]>>;
}

export interface SubjectPack {
  bytes: number;
  /** Of the manifest, which covers every member. */
  sha256: string;
  members: readonly ManifestMember[];
}

const ENDINGS: Readonly<Record<string, string>> = {
  "application/pdf": "pdf",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/tiff": "tiff",
  "image/webp": "webp",
};

/** Rows by table, in the order of the lists above. */
function tablesOf(
  all: SubjectExport,
  files: ReadonlyMap<string, { name: string; sha256: string }>,
): Map<string, Row[]> {
  const subject_id = all.subject.subject_id;
  const own: Record<string, readonly Row[]> = {
    parties: [all.party],
    subject_keys: [all.subject],
    personal_values: all.values,
    party_evidence: all.evidence,
    subject_tombstones: all.tombstone === null ? [] : [{ subject_id, ...all.tombstone }],
    investors: all.investors,
    personal_accesses: all.accesses,
    audit_trail: all.changes,
    documents: all.documents.map(({ content: _, ...about }) => {
      const file = files.get(about.document_id);
      return { ...about, file: file?.name ?? null, file_sha256: file?.sha256 ?? null };
    }),
  };
  return new Map(
    Object.entries(SUBJECT_PARTS).map(([table, { key }]) => {
      const rows = own[table] ?? all.records[table];
      if (rows === undefined) throw new Error(`the export has no ${table}`);
      return [table, [...rows].sort((a, b) => order(a, b, key))];
    }),
  );
}

function order(a: Row, b: Row, key: readonly string[]): number {
  for (const column of key) {
    const name = column.replace("#", "");
    const [x, y] = [String(a[name]), String(b[name])];
    const way = column.endsWith("#")
      ? Number(BigInt(x) > BigInt(y)) - Number(BigInt(x) < BigInt(y))
      : Buffer.compare(Buffer.from(x), Buffer.from(y));
    if (way !== 0) return way;
  }
  return 0;
}

/** `madeAt`: ISO 8601, the moment that the answer is about. */
export async function writeSubjectPack(sink: Sink, all: SubjectExport, madeAt: string): Promise<SubjectPack> {
  const contents = new Map<string, Buffer>();
  const files = new Map<string, { name: string; sha256: string }>();
  for (const { document_id, content_type, content } of all.documents) {
    if (content === null) continue;
    const bytes = Buffer.from(content, "base64");
    const name = `documents/${document_id}.${ENDINGS[content_type] ?? "bin"}`;
    contents.set(name, bytes);
    files.set(document_id, { name, sha256: createHash("sha256").update(bytes).digest("hex") });
  }
  const tables = tablesOf(all, files);
  const writer = new EvidenceWriter(sink, SUBJECT_FORMAT);
  const parts: [name: string, write: () => Promise<unknown>][] = [
    [PAGE, () => writer.document(PAGE, pageOf(tables, madeAt))],
    ...[...contents].map(([name, bytes]): [string, () => Promise<unknown>] => [name, () => writer.file(name, bytes)]),
    ...Object.entries(SUBJECT_PARTS).map(([table, { member, key }]): [string, () => Promise<unknown>] => [
      member,
      () =>
        writer.rows(
          member,
          key,
          (tables.get(table) ?? []).map((row) => JSON.stringify(row)),
        ),
    ]),
  ];
  for (const [, write] of parts.sort(([a], [b]) => (a < b ? -1 : 1))) await write();
  return writer.finish({
    subject: { subjectId: all.subject.subject_id },
    madeAt,
    tables: Object.fromEntries(Object.entries(SUBJECT_PARTS).map(([table, { member }]) => [table, member])),
    leftOut: NOT_FOR_SUBJECT,
  });
}

/** The same in memory, for whoever sends it on. */
export async function subjectPack(all: SubjectExport, madeAt: string): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: { bytes: Uint8Array; at: number }[] = [];
  let end = 0;
  const sink: Sink = {
    write: async (bytes, at) => {
      pieces.push({ bytes, at });
      end = Math.max(end, at + bytes.length);
    },
  };
  await writeSubjectPack(sink, all, madeAt);
  const pack = new Uint8Array(end);
  for (const { bytes, at } of pieces) pack.set(bytes, at);
  return pack;
}
