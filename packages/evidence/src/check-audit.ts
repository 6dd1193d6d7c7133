// The audit trail of a pack: every block follows from the one before, and seals exactly the entries that are there, in their order.
import { createHash } from "node:crypto";
import type { CheckName, Lines } from "./verify.ts";

interface Block {
  chain_id: string;
  height: number;
  entries: number;
  digests: string;
  prev_hash: string;
  hash: string;
  from_tx: string;
  from_seq: string | number;
  to_tx: string;
  to_seq: string | number;
}
interface Entry {
  audit_id: string;
  fund_id: string | null;
  tx: string;
  seq: string | number;
  entity_type: string;
  entity_id: string;
  message: string;
  created_by: string;
  request_id: string | null;
  canonical: string;
  digest: string;
}
type Found = (check: CheckName, member: string | null, says: string) => void;

const BLOCKS = "audit/audit_blocks.jsonl";
const ENTRIES = "audit/audit_trail.jsonl";
const PLATFORM = "00000000-0000-0000-0000-000000000000";
const SAID = ["audit_id", "fund_id", "entity_type", "entity_id", "message", "created_by", "request_id"] as const;
const hex = (text: string): Buffer => Buffer.from(text.replace(/^\\x/, ""), "hex");
const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Whether the sealed bytes are those of the digest and say what the columns say. */
function saysItself(entry: Entry): boolean {
  const canonical = hex(entry.canonical);
  if (!sha256(canonical).equals(hex(entry.digest))) return false;
  const said = JSON.parse(canonical.toString("utf8")) as Record<string, unknown>;
  return Object.keys(said).length === SAID.length + 1 && SAID.every((name) => said[name] === entry[name]);
}

/** `fundId`: the other chain is the platform's. */
export function auditFindings(lines: Lines, fundId: string, found: Found): void {
  const sealed = new Map<string, { height: number; digest: string }[]>();
  const heads = new Map<string, Block>();
  for (const line of lines(BLOCKS)) {
    const block = JSON.parse(line) as Block;
    const where = `block ${block.height} of chain ${block.chain_id === PLATFORM ? "platform" : "fund"}`;
    if (block.chain_id !== fundId && block.chain_id !== PLATFORM)
      found("audit chain", BLOCKS, `${where} is of another fund`);
    const before = heads.get(block.chain_id);
    const counters = Buffer.alloc(12);
    counters.writeBigInt64BE(BigInt(block.height), 0);
    counters.writeInt32BE(block.entries, 8);
    const digests = hex(block.digests);
    if (!sha256(hex(block.prev_hash), counters, digests).equals(hex(block.hash)))
      found("audit chain", BLOCKS, `the hash of ${where} does not hold`);
    if (digests.length !== block.entries * 32)
      found("audit chain", BLOCKS, `${where} does not have the entries it counts`);
    if (before !== undefined && (block.height !== before.height + 1 || !hex(block.prev_hash).equals(hex(before.hash))))
      found("audit chain", BLOCKS, `${where} does not follow the one before`);
    if (block.height === 1 && !hex(block.prev_hash).equals(sha256(Buffer.from(block.chain_id, "utf8"))))
      found("audit chain", BLOCKS, `${where} is not the beginning of its chain`);
    heads.set(block.chain_id, block);
    const list = sealed.get(block.chain_id) ?? [];
    for (let at = 0; at < digests.length; at += 32)
      list.push({ height: block.height, digest: digests.subarray(at, at + 32).toString("hex") });
    sealed.set(block.chain_id, list);
  }
  const next = new Map<string, number>();
  let count = 0;
  for (const line of lines(ENTRIES)) {
    count += 1;
    const entry = JSON.parse(line) as Entry;
    if (!saysItself(entry)) found("audit entries", ENTRIES, `line ${count} says something else than what was sealed`);
    const chain = entry.fund_id ?? PLATFORM;
    const at = next.get(chain) ?? 0;
    next.set(chain, at + 1);
    const digest = hex(entry.digest).toString("hex");
    const place = sealed.get(chain)?.[at];
    if (place?.digest !== digest) {
      found(
        "audit entries",
        ENTRIES,
        `line ${count} is not what is sealed at its place: an entry is missing, added or moved`,
      );
      return;
    }
  }
  for (const [chain, list] of sealed)
    if ((next.get(chain) ?? 0) !== list.length)
      found(
        "audit entries",
        ENTRIES,
        `${list.length - (next.get(chain) ?? 0)} sealed entries of chain ${chain === PLATFORM ? "platform" : "fund"} are missing`,
      );
}
