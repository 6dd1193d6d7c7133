// Verifies a pack offline: container, manifest, every member, the chain of the audit trail, the hashes people approved, the dealing dates. Takes nothing on
// trust and shares no code with the platform; each thing that does not hold is one finding with its member and place.
import { createHash } from "node:crypto";
import { approvalFindings } from "./check-approvals.ts";
import { auditFindings } from "./check-audit.ts";
import { dealFindings } from "./check-deals.ts";
import { subjectFindings } from "./check-subject.ts";
import type { Entry } from "./zip-layout.ts";
import { bytesOf, crcOf, linesOf, openContainer, type Source } from "./zip-reader.ts";

export type CheckName =
  | "container"
  | "manifest"
  | "members"
  | "rows"
  | "audit chain"
  | "audit entries"
  | "approvals"
  | "dealing dates"
  | "documents";
export interface EvidenceFinding {
  check: CheckName;
  /** Null where it is no single member. */
  member: string | null;
  says: string;
}
export interface EvidenceVerdict {
  ok: boolean;
  /** sha256 of the manifest, which covers every member: what to compare with the hash noted when the pack was made. */
  sha256: string | null;
  /** Of evidence: the fund and the period. */
  fund: string | null;
  from: string | null;
  to: string | null;
  /** Of what is kept of a person: whose. */
  subject: string | null;
  members: number;
  rows: number;
  findings: EvidenceFinding[];
}

export interface Member {
  name: string;
  rows: number | null;
  bytes: number;
  sha256: string;
  key: string[] | null;
}
interface Manifest {
  format: string;
  fund?: { fundId: string; code: string };
  from?: string;
  to?: string;
  subject?: { subjectId: string };
  tables: Record<string, string>;
  members: Member[];
}
const MANIFEST = "manifest.json";
const FORMAT = "evergreen-evidence/1";
const SUBJECT_FORMAT = "evergreen-subject/1";
/** Findings of one kind beyond these are only counted. */
const MOST = 50;

/** What a member gives: its lines. */
export type Lines = (member: string) => Generator<string>;

/** `expected`: the sha256 noted when the pack was made, if it is known. */
export function verifyEvidence(
  source: Source,
  expected?: string,
  say: (what: string) => void = () => {},
): EvidenceVerdict {
  const findings: EvidenceFinding[] = [];
  const counts = new Map<string, number>();
  const found = (check: CheckName, member: string | null, says: string): void => {
    const place = `${check} ${member}`;
    const count = (counts.get(place) ?? 0) + 1;
    counts.set(place, count);
    if (count < MOST) findings.push({ check, member, says });
    else if (count === MOST) findings.push({ check, member, says: "and more" });
  };
  const { entries, wrong } = openContainer(source);
  for (const what of wrong) found("container", null, what);
  const verdict = (manifest: Manifest | null, sha256: string | null, rows: number): EvidenceVerdict => ({
    ok: findings.length === 0,
    sha256,
    fund: manifest?.fund?.code ?? null,
    from: manifest?.from ?? null,
    to: manifest?.to ?? null,
    subject: manifest?.subject?.subjectId ?? null,
    members: entries.length,
    rows,
    findings,
  });
  if (wrong.length > 0) return verdict(null, null, 0);

  const byName = new Map<string, Entry>();
  for (const [i, entry] of entries.entries()) {
    if (byName.has(entry.name)) found("container", entry.name, "there are two members of this name");
    byName.set(entry.name, entry);
    const before = entries[i - 1];
    if (before !== undefined && entry.name !== MANIFEST && !(before.name < entry.name))
      found("container", entry.name, "the members are not in the order of their names");
    if (crcOf(source, entry) !== entry.crc)
      found("container", entry.name, "the checksum of the container does not hold");
  }
  const closing = entries.at(-1);
  if (closing?.name !== MANIFEST) found("container", MANIFEST, "the manifest is not the last member");
  const { manifest, sha256 } = readManifest(source, byName.get(MANIFEST));
  if (manifest === undefined) {
    found("manifest", MANIFEST, "there is no manifest that can be read");
    return verdict(null, sha256, 0);
  }
  if (expected !== undefined && expected.toLowerCase() !== sha256)
    found("manifest", MANIFEST, "its sha256 is not the one that was noted when the pack was made");

  const named = new Map(manifest.members.map((member) => [member.name, member]));
  if (named.size !== manifest.members.length) found("manifest", MANIFEST, "it names a member twice");
  for (const name of byName.keys())
    if (name !== MANIFEST && !named.has(name)) found("members", name, "the manifest does not know it");
  let rows = 0;
  for (const member of manifest.members) {
    const entry = byName.get(member.name);
    if (entry === undefined) {
      found("members", member.name, "it is missing");
      continue;
    }
    say(member.name);
    const hash = createHash("sha256");
    for (const piece of bytesOf(source, entry)) hash.update(piece);
    if (hash.digest("hex") !== member.sha256) found("members", member.name, "its sha256 is not what the manifest says");
    if (entry.bytes !== member.bytes) found("members", member.name, "it has another length than the manifest says");
    if (member.key !== null) rows += checkRows(source, entry, member, (says) => found("rows", member.name, says));
  }
  for (const name of Object.values(manifest.tables))
    if (!named.has(name)) found("manifest", name, "a table that the pack should have has no member");
  const lines: Lines = function* (name) {
    const entry = byName.get(name);
    if (entry !== undefined) for (const { line } of linesOf(source, entry)) yield line;
  };
  const readable = (check: CheckName, member: string, work: () => void): void => {
    try {
      work();
    } catch {
      found(check, member, "it cannot be read as what it should be");
    }
  };
  if (manifest.fund === undefined) {
    readable("documents", "documents/documents.jsonl", () => subjectFindings(lines, named, found));
    return verdict(manifest, sha256, rows);
  }
  const { fundId } = manifest.fund;
  const to = manifest.to ?? "";
  readable("audit chain", "audit/audit_blocks.jsonl", () => auditFindings(lines, fundId, found));
  readable("approvals", "approvals/approvals.jsonl", () => approvalFindings(lines, fundId, to, found));
  for (const name of named.keys())
    if (name.startsWith("deals/") && byName.has(name)) {
      say(name);
      readable("dealing dates", name, () => dealFindings([...lines(name)].join("\n"), name, found));
    }
  return verdict(manifest, sha256, rows);
}

function readManifest(
  source: Source,
  entry: Entry | undefined,
): { manifest: Manifest | undefined; sha256: string | null } {
  if (entry === undefined) return { manifest: undefined, sha256: null };
  const bytes = Buffer.concat([...bytesOf(source, entry)]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  try {
    const read = JSON.parse(bytes.toString("utf8")) as Manifest;
    const isMember = (m: Member): boolean =>
      typeof m.name === "string" &&
      typeof m.sha256 === "string" &&
      Number.isSafeInteger(m.bytes) &&
      (m.key === null || Array.isArray(m.key));
    // each kind has what it is about, and nothing of the other
    const known =
      (read.format === FORMAT &&
        typeof read.fund?.fundId === "string" &&
        typeof read.from === "string" &&
        typeof read.to === "string") ||
      (read.format === SUBJECT_FORMAT && typeof read.subject?.subjectId === "string" && read.fund === undefined);
    const whole =
      known &&
      typeof read.tables === "object" &&
      read.tables !== null &&
      Array.isArray(read.members) &&
      read.members.every(isMember);
    return { manifest: whole ? read : undefined, sha256 };
  } catch {
    return { manifest: undefined, sha256 };
  }
}

/** -1, 0 or 1 as the key of one row stands to that of the next. */
function order(a: unknown, b: unknown, asNumber: boolean): number {
  if (asNumber) {
    const [x, y] = [BigInt(String(a)), BigInt(String(b))];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

/** Whether the lines are rows, each behind the one before by its key. Returns how many there are. */
function checkRows(source: Source, entry: Entry, member: Member, found: (says: string) => void): number {
  const key = (member.key ?? []).map((name) => ({ name: name.replace("#", ""), asNumber: name.endsWith("#") }));
  let before: unknown[] | undefined;
  let count = 0;
  for (const { line, whole } of linesOf(source, entry)) {
    count += 1;
    if (!whole) found(`line ${count} does not end`);
    try {
      const row = JSON.parse(line) as Record<string, unknown>;
      const now = key.map(({ name }) => row[name]);
      if (now.some((part) => part === undefined || part === null)) throw new Error("no key");
      const last = before;
      if (last !== undefined) {
        let way = 0;
        for (let i = 0; i < key.length && way === 0; i++) way = order(last[i], now[i], key[i]?.asNumber === true);
        if (way === 0) found(`line ${count} is there twice`);
        if (way > 0) found(`line ${count} is out of its order`);
      }
      before = now;
    } catch {
      found(`line ${count} is no row of its table`);
    }
  }
  if (count !== member.rows) found(`it has ${count} rows and the manifest says ${member.rows}`);
  return count;
}
