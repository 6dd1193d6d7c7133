// The verifier on trails made here by the published rules: sound ones pass, and a thousand random tamperings are each found at the right entry.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Anchor, type AuditBlockRow, type AuditEntryRow, verifyChain } from "./verify-chain.ts";

const PLATFORM = "00000000-0000-0000-0000-000000000000";
const FUNDS = [null, "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
const NOW = new Date("2026-11-21T12:00:00Z");
const LONG_AGO = "2026-11-20T10:00:00.123456Z";

const sha = (...parts: Uint8Array[]) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const uuid = (n: number) => `33333333-3333-4333-8333-${String(n).padStart(12, "0")}`;

function entry(seq: number, fundId: string | null, message: string, createdAt = LONG_AGO): AuditEntryRow {
  const said = {
    audit_id: uuid(seq),
    fund_id: fundId,
    entity_type: "proposals",
    entity_id: uuid(1000 + seq),
    message,
    created_by: "agent:commander",
    request_id: seq % 3 === 0 ? null : `r${seq}`,
    created_at: createdAt,
  };
  const canonical = Buffer.from(JSON.stringify(said), "utf8");
  // two numbers per transaction
  return { ...said, tx: String(Math.floor(seq / 2) + 10), seq: String(seq), canonical, digest: sha(canonical) };
}

/** Links entries into chains as the sealer documents it: hash = sha256(previous ‖ height int8 ‖ entries int4 ‖ digests). */
function seal(entries: readonly AuditEntryRow[], sizes: readonly number[]): AuditBlockRow[] {
  const blocks: AuditBlockRow[] = [];
  let from = ["0", "0"];
  for (let start = 0, s = 0; start < entries.length; s++) {
    const part = entries.slice(start, start + (sizes[s % sizes.length] ?? 1));
    start += part.length;
    const to = [String(part.at(-1)?.tx), String(part.at(-1)?.seq)];
    for (const id of new Set(part.map((e) => e.fund_id ?? PLATFORM))) {
      const mine = part.filter((e) => (e.fund_id ?? PLATFORM) === id);
      const last = blocks.filter((b) => b.chain_id === id).at(-1);
      const height = Number(last?.height ?? 0) + 1;
      const digests = Buffer.concat(mine.map((e) => e.digest as Buffer));
      const previous = (last?.hash as Buffer | undefined) ?? sha(Buffer.from(id));
      const counters = Buffer.alloc(12);
      counters.writeBigInt64BE(BigInt(height));
      counters.writeInt32BE(mine.length, 8);
      blocks.push({
        chain_id: id,
        height: String(height),
        from_tx: from[0] ?? "",
        from_seq: from[1] ?? "",
        to_tx: to[0] ?? "",
        to_seq: to[1] ?? "",
        entries: mine.length,
        digests,
        prev_hash: previous,
        hash: sha(previous, counters, digests),
      });
    }
    from = to;
  }
  return blocks;
}

interface Trail {
  entries: AuditEntryRow[];
  blocks: AuditBlockRow[];
}

const trails = fc
  .record({
    funds: fc.array(fc.nat(2), { minLength: 6, maxLength: 40 }),
    sizes: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ funds, sizes }): Trail => {
    const entries = funds.map((f, i) => entry(i + 1, FUNDS[f] ?? null, `message ${i}`));
    // a counterexample is told by what it was made of
    return Object.defineProperty({ entries, blocks: seal(entries, sizes) }, fc.toStringMethod, {
      value: () => JSON.stringify({ funds, sizes }),
    });
  });
const verify = (trail: Trail, more: object = {}) => verifyChain({ ...trail, now: NOW, ...more });
const chainOf = (trail: Trail, id: string | null) => trail.entries.filter((e) => e.fund_id === id);
/** The next entry of the same chain, where a gap shows. */
const next = (trail: Trail, at: AuditEntryRow) =>
  chainOf(trail, at.fund_id).find((e) => Number(e.seq) > Number(at.seq));
const pick = fc.nat(1_000_000);
const at = (trail: Trail, n: number) => trail.entries[n % trail.entries.length] as AuditEntryRow;
const runs = { numRuns: 200 };
/** An entry whose words and digest agree, but which is not the one that was sealed. */
const forged = (e: AuditEntryRow): AuditEntryRow => ({ ...entry(Number(e.seq), e.fund_id, "forged"), tx: e.tx });

describe("a sound trail", () => {
  it("passes, whatever its chains and blocks", () => {
    fc.assert(
      fc.property(trails, (trail) => {
        const verdict = verify(trail, { cursor: { tx: trail.entries.at(-1)?.tx, seq: trail.entries.at(-1)?.seq } });
        expect(verdict).toMatchObject({ ok: true, entries: trail.entries.length, unsealed: 0, overdue: [] });
        expect(verdict.heads).toHaveLength(new Set(trail.entries.map((e) => e.fund_id)).size);
      }),
      runs,
    );
  });

  it("passes as drivers spell it: bytes as text, times with an offset or as dates, any order of rows", () => {
    fc.assert(
      fc.property(trails, fc.boolean(), (trail, dates) => {
        const hex = (value: unknown) => `\\x${(value as Buffer).toString("hex")}`;
        const spelled = {
          entries: trail.entries
            .map((e) => ({
              ...e,
              canonical: hex(e.canonical),
              digest: hex(e.digest),
              created_at: dates ? new Date(LONG_AGO) : "2026-11-20 10:00:00.123456+00",
            }))
            .reverse(),
          blocks: trail.blocks
            .map((b) => ({ ...b, digests: hex(b.digests), prev_hash: hex(b.prev_hash), hash: hex(b.hash) }))
            .reverse(),
        };
        expect(verify(spelled)).toEqual(verify(trail));
      }),
      runs,
    );
  });

  it("of nobody is empty and sound", () => {
    expect(verify({ entries: [], blocks: [] })).toMatchObject({ ok: true, entries: 0, unsealed: 0, heads: [] });
  });

  it("has its youngest entries unsealed for five seconds, and then not", () => {
    const [sealed, young] = [[entry(1, null, "old")], [entry(2, null, "young", "2026-11-21T11:59:55.000001Z")]];
    const trail = { entries: [...sealed, ...young], blocks: seal(sealed, [1]) };
    expect(verify(trail)).toMatchObject({ ok: true, entries: 2, unsealed: 1, overdue: [] });
    const later = verifyChain({ ...trail, now: new Date(NOW.getTime() + 2) });
    expect(later).toMatchObject({ ok: false, unsealed: 1, overdue: ["2"], firstBad: { reason: "unsealed", seq: "2" } });
  });
});

describe("tampering, at a random entry of a random trail, is found there", () => {
  const found = (trail: Trail, wanted: object, more: object = {}) =>
    expect(verify(trail, more)).toMatchObject({ ok: false, firstBad: wanted });

  it("a column edited", () => {
    const columns = fc.constantFrom("message", "entity_id", "entity_type", "created_by", "request_id", "audit_id");
    fc.assert(
      fc.property(trails, pick, columns, (trail, n, column) => {
        const bad = at(trail, n);
        const entries = trail.entries.map((e) => (e === bad ? { ...e, [column]: "forged" } : e));
        found({ ...trail, entries }, { seq: bad.seq, reason: "edited" });
      }),
      runs,
    );
  });

  it("a time moved by a microsecond", () => {
    fc.assert(
      fc.property(trails, pick, (trail, n) => {
        const bad = at(trail, n);
        const entries = trail.entries.map((e) =>
          e === bad ? { ...e, created_at: LONG_AGO.replace("456Z", "457Z") } : e,
        );
        found({ ...trail, entries }, { seq: bad.seq, reason: "edited" });
      }),
      runs,
    );
  });

  it("an entry rewritten together with its digest", () => {
    fc.assert(
      fc.property(trails, pick, (trail, n) => {
        const bad = at(trail, n);
        found(
          { ...trail, entries: trail.entries.map((e) => (e === bad ? forged(e) : e)) },
          { seq: bad.seq, reason: "out_of_place" },
        );
      }),
      runs,
    );
  });

  it("an entry deleted", () => {
    fc.assert(
      fc.property(trails, pick, (trail, n) => {
        const bad = at(trail, n);
        const after = next(trail, bad);
        const wanted =
          after === undefined ? { seq: null, reason: "missing" } : { seq: after.seq, reason: "out_of_place" };
        found({ ...trail, entries: trail.entries.filter((e) => e !== bad) }, wanted);
      }),
      runs,
    );
  });

  it("an entry inserted", () => {
    fc.assert(
      fc.property(trails, pick, (trail, n) => {
        const before = at(trail, n);
        const inserted = { ...entry(900, before.fund_id, "inserted"), tx: before.tx, seq: Number(before.seq) - 0.5 };
        // numbers are whole: make room by doubling them all
        const double = (e: AuditEntryRow): AuditEntryRow => ({ ...e, seq: String(Number(e.seq) * 2) });
        const blocks = trail.blocks.map((b) => ({
          ...b,
          from_seq: String(Number(b.from_seq) * 2),
          to_seq: String(Number(b.to_seq) * 2),
        }));
        expect(verify({ entries: trail.entries.map(double), blocks }).ok).toBe(true);
        found(
          { entries: [...trail.entries.map(double), double(inserted)], blocks },
          { seq: String(Number(inserted.seq) * 2), reason: "out_of_place" },
        );
      }),
      runs,
    );
  });

  it("two entries exchanged", () => {
    fc.assert(
      fc.property(trails, pick, (trail, n) => {
        const one = at(trail, n);
        const two = next(trail, one);
        fc.pre(two !== undefined);
        const places = new Map([
          [one, two],
          [two, one],
        ] as [AuditEntryRow, AuditEntryRow][]);
        const entries = trail.entries.map((e) => ({
          ...e,
          tx: (places.get(e) ?? e).tx,
          seq: (places.get(e) ?? e).seq,
        }));
        found({ ...trail, entries }, { seq: one.seq, reason: "out_of_place" });
      }),
      runs,
    );
  });

  it("an entry moved to another chain", () => {
    fc.assert(
      fc.property(trails, pick, (trail, n) => {
        const bad = at(trail, n);
        const elsewhere = bad.fund_id === null ? (FUNDS[1] as string) : null;
        found(
          { ...trail, entries: trail.entries.map((e) => (e === bad ? { ...e, fund_id: elsewhere } : e)) },
          { seq: bad.seq, reason: "edited" },
        );
      }),
      runs,
    );
  });

  it("a block deleted, edited or relinked: the first entry under it", () => {
    fc.assert(
      fc.property(
        trails,
        pick,
        fc.constantFrom("delete", "hash", "prev_hash", "digests", "entries"),
        (trail, n, how) => {
          const bad = trail.blocks[n % trail.blocks.length] as AuditBlockRow;
          const isLast = !trail.blocks.some(
            (b) => b.chain_id === bad.chain_id && Number(b.height) > Number(bad.height),
          );
          fc.pre(how !== "delete" || !isLast); // the end of a chain: below
          const flip = (value: unknown) => Buffer.from(value as Buffer).fill(7, 0, 4);
          const blocks =
            how === "delete"
              ? trail.blocks.filter((b) => b !== bad)
              : trail.blocks.map((b) =>
                  b === bad ? { ...b, [how]: how === "entries" ? b.entries + 1 : flip(b[how as "hash"]) } : b,
                );
          const mine = chainOf(trail, bad.chain_id === PLATFORM ? null : bad.chain_id);
          const under = trail.blocks
            .filter((b) => b.chain_id === bad.chain_id && Number(b.height) < Number(bad.height))
            .reduce((sum, b) => sum + b.entries, 0);
          found({ ...trail, blocks }, { seq: mine[under]?.seq, reason: "block", chainId: bad.chain_id });
        },
      ),
      runs,
    );
  });

  it("the end of the trail cut off with its blocks: by the sealer's cursor, or by a noted head", () => {
    fc.assert(
      fc.property(trails, (trail) => {
        const last = trail.blocks.at(-1) as AuditBlockRow;
        const cursor = { tx: last.to_tx, seq: last.to_seq };
        const anchors: Anchor[] = [{ chainId: last.chain_id, height: last.height, hash: last.hash }];
        const cut = {
          blocks: trail.blocks.filter((b) => b.to_seq !== last.to_seq),
          entries: trail.entries.filter((e) => Number(e.seq) <= Number(last.from_seq)),
        };
        expect(verify(cut).ok).toBe(true); // what is left is sound in itself
        found(cut, { seq: null, reason: "missing" }, { cursor });
        found(cut, { seq: null, reason: "missing", chainId: last.chain_id }, { anchors });
      }),
      runs,
    );
  });

  it("a chain rewritten with every hash recomputed: after the last noted head that it still meets", () => {
    fc.assert(
      fc.property(trails, pick, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (trail, n, sizes) => {
        const sealed = { entries: trail.entries, blocks: seal(trail.entries, sizes) };
        const bad = at(trail, n);
        const entries = trail.entries.map((e) => (e === bad ? forged(e) : e));
        const rewritten = { entries, blocks: seal(entries, sizes) };
        expect(verify(rewritten).ok).toBe(true); // nothing inside the database can tell
        const chainId = bad.fund_id ?? PLATFORM;
        const anchors = sealed.blocks.map((b): Anchor => ({ chainId: b.chain_id, height: b.height, hash: b.hash }));
        const verdict = verify(rewritten, { anchors });
        expect(verify(sealed, { anchors }).ok).toBe(true);
        // with a head noted per block, the first entry of the rewritten block is named
        const block = sealed.blocks.find((b) => b.chain_id === chainId && Number(b.to_seq) >= Number(bad.seq));
        const firstOfBlock = chainOf(trail, bad.fund_id).find((e) => Number(e.seq) > Number(block?.from_seq));
        expect(verdict.firstBad).toEqual({ seq: firstOfBlock?.seq, reason: "anchor", chainId, height: block?.height });
      }),
      runs,
    );
  });
});
