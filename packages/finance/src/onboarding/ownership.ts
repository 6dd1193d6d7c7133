// Beneficial owners by graph (R55): effective share = sum over all chains of the product of shares, circles solved exactly; a quarter, control, or a part in a
// trust makes a beneficial owner. Pure; fractions of big integers, no rounding before the answer.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { byId } from "../money.ts";
import { Share } from "../parse.ts";
import { circlesOf, solveCircle } from "./ownership-circles.ts";

export const PARTY_KINDS = ["natural_person", "company", "partnership", "trust", "foundation", "unstated"] as const;
export const LINK_KINDS = [
  "ownership",
  "control",
  "director",
  "trustee",
  "settlor",
  "protector",
  "beneficiary",
] as const;
/** Parts in a trust that make a beneficial owner whatever the share. */
const TRUST_PARTS: ReadonlySet<string> = new Set(["trustee", "settlor", "protector", "beneficiary"]);
const PartyId = z.string().min(1).max(80);

export const OwnershipInput = z.strictObject({
  /** Whose owners are asked for. */
  root: PartyId,
  /** From this effective share on somebody is a beneficial owner. */
  threshold: Share.default("0.25"),
  parties: z.array(z.strictObject({ id: PartyId, kind: z.enum(PARTY_KINDS) })).max(10_000),
  /** `owner` stands behind `owned`; `share` is of ownership and of nothing else. */
  links: z
    .array(
      z
        .strictObject({ owner: PartyId, owned: PartyId, kind: z.enum(LINK_KINDS), share: Share.optional() })
        .refine((link) => (link.kind === "ownership") === (link.share !== undefined), "share is of ownership only"),
    )
    .max(50_000),
});
export type OwnershipInput = z.input<typeof OwnershipInput>;

export const OwnershipOutput = z.object({
  /** Natural persons, largest share first. */
  owners: z.array(
    z.object({
      party: z.string(),
      /** Effective share, 18 decimals. */
      share: z.string(),
      because: z.array(z.enum(["ownership", "control", "trust_party"])).min(1),
    }),
  ),
  /** Companies and trusts that reach the threshold or control, and of which nobody is known who stands behind them. */
  unexplained: z.array(z.string()),
  /** Effective share that ends in natural persons. */
  explainedShare: z.string(),
  circular: z.boolean(),
  /** Parties that own each other wholly, so that nobody stands behind them. */
  closedCircles: z.array(z.array(z.string())),
  /** Most links between the party and somebody behind it, each on the shortest way. */
  depth: z.int(),
});
export type OwnershipOutput = z.output<typeof OwnershipOutput>;

type Links = ReadonlyMap<string, readonly { owner: string; kind: string; share: Fraction }[]>;

/** Effective shares of everybody upstream of `root`; parties of a closed circle have none. */
function sharesOf(root: string, behind: Links) {
  const owned = (id: string) => (behind.get(id) ?? []).filter((link) => link.kind === "ownership");
  const circles = circlesOf(root, (id) => owned(id).map((link) => link.owner));
  const shares = new Map<string, Fraction>();
  const closed: string[][] = [];
  // from the party outwards: what reaches a circle from outside it is known when its turn comes
  const arriving = new Map<string, Fraction>([[root, Fraction.ONE]]);
  let circular = false;
  for (const circle of circles) {
    const within = new Set(circle);
    const round = circle.some((id) => owned(id).some((link) => within.has(link.owner)));
    circular ||= round;
    const solved = round ? solveCircle(circle, owned, arriving) : new Map(circle.map((id) => [id, arriving.get(id)!]));
    if (solved === undefined) {
      closed.push([...circle].sort(byId));
      continue;
    }
    for (const [id, share] of solved) {
      shares.set(id, share);
      for (const link of owned(id)) {
        if (within.has(link.owner)) continue;
        arriving.set(link.owner, (arriving.get(link.owner) ?? Fraction.ZERO).plus(share.times(link.share)));
      }
    }
  }
  return { shares, closed, circular };
}

/** Everybody who controls `root` by a chain of control links or majorities, itself included. */
function controllersOf(root: string, behind: Links): Set<string> {
  const half = Fraction.of("0.5");
  const found = new Set([root]);
  for (const id of found)
    for (const link of behind.get(id) ?? [])
      if (link.kind === "control" || (link.kind === "ownership" && link.share.gt(half))) found.add(link.owner);
  return found;
}

/**
 * Natural persons who stand behind a party, and why.
 * Errors: EG400 when a link names a party that is not listed or more than the whole of one is owned; EG413 for circles of more than 200.
 */
export function beneficialOwners(input: OwnershipInput): OwnershipOutput {
  const { root, threshold, parties, links } = OwnershipInput.parse(input);
  const kinds = new Map(parties.map(({ id, kind }) => [id, kind]));
  const behind = new Map<string, { owner: string; kind: string; share: Fraction }[]>();
  const whole = new Map<string, Fraction>();
  for (const { owner, owned, kind, share = "0" } of links) {
    if (!kinds.has(owner) || !kinds.has(owned)) throw new EvergreenError("EG400", "A link names a party not listed.");
    const exact = Fraction.of(share);
    behind.set(owned, [...(behind.get(owned) ?? []), { owner, kind, share: exact }]);
    if (kind === "ownership") whole.set(owned, (whole.get(owned) ?? Fraction.ZERO).plus(exact));
  }
  if (!kinds.has(root)) throw new EvergreenError("EG400", "The party asked for is not listed.");
  if ([...whole.values()].some((sum) => sum.gt(Fraction.ONE)))
    throw new EvergreenError("EG400", "More than the whole of a party is owned.");

  const reasons = new Map<string, Set<"ownership" | "control" | "trust_party">>();
  const give = (id: string, why: "ownership" | "control" | "trust_party") =>
    reasons.set(id, (reasons.get(id) ?? new Set()).add(why));
  const isPerson = (id: string) => kinds.get(id) === "natural_person";
  const unexplained = new Set<string>();
  const asked = new Set<string>();
  const { shares, closed, circular } = sharesOf(root, behind);

  /** Whoever stands behind `id`, which is the party itself or has a part in a trust that matters. */
  const look = (id: string, why?: "trust_party") => {
    if (isPerson(id)) {
      give(id, why ?? "ownership");
      return;
    }
    if (asked.has(id)) return;
    asked.add(id);
    const here = id === root ? shares : sharesOf(id, behind).shares;
    const reaching = [...here].filter(([, share]) => share.gte(Fraction.of(threshold))).map(([party]) => party);
    const control = controllersOf(id, behind);
    for (const party of new Set([...reaching, ...control])) {
      if (isPerson(party)) {
        if (reaching.includes(party)) give(party, why ?? "ownership");
        if (control.has(party)) give(party, why ?? "control");
        continue;
      }
      const parts = (behind.get(party) ?? []).filter((link) => TRUST_PARTS.has(link.kind));
      for (const part of parts) look(part.owner, "trust_party");
      if ((behind.get(party) ?? []).every((link) => link.kind === "director")) unexplained.add(party);
    }
  };
  look(root);

  const owners = [...reasons]
    .map(([party, because]) => ({ party, share: shares.get(party) ?? Fraction.ZERO, because: [...because].sort() }))
    .sort((a, b) => b.share.cmp(a.share) || byId(a.party, b.party));
  const ended = Fraction.sum([...shares].filter(([id]) => isPerson(id)).map(([, share]) => share));
  return {
    owners: owners.map((owner) => ({ ...owner, share: owner.share.ratioText() })),
    unexplained: [...unexplained].sort(byId),
    explainedShare: ended.ratioText(),
    circular,
    closedCircles: closed,
    depth: depthOf(root, behind),
  };
}

function depthOf(root: string, behind: Links): number {
  const steps = new Map([[root, 0]]);
  for (const [id, step] of steps)
    for (const { owner } of behind.get(id) ?? []) if (!steps.has(owner)) steps.set(owner, step + 1);
  return Math.max(...steps.values());
}
