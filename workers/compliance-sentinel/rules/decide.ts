// Judging by the packs that a run keeps: orders of a day, an applicant, the trades of a proposal, a fund as it stands. Pure.
import {
  type CompiledPack,
  compilePack,
  type Facts,
  type Judgement,
  type Node,
  type Outcome,
  type RuleVerdict,
  readPack,
  worstOutcome,
} from "@evergreen-fund/compliance-rules";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { beneficialOwners } from "@evergreen-fund/finance";
import { decimal } from "@evergreen-fund/finance/money.ts";
import type { ApplicantFacts, FundFacts, OrderFacts, Pinned, StoredVersion } from "./facts.ts";

export interface Version {
  versionId: string;
  compiled: CompiledPack;
}

/** Compiled once per version: its hash says that it is the same. */
const COMPILED = new Map<string, CompiledPack>();
const MOST_COMPILED = 50;

/** Errors: EG428 for a stored version that this release cannot read: it is never passed over. */
export function versionsOf(stored: readonly StoredVersion[]): Version[] {
  return stored.map(({ version_id: versionId, hash, body }) => {
    let compiled = COMPILED.get(hash);
    if (compiled === undefined) {
      const { pack } = readPack(body);
      if (pack === undefined)
        throw new EvergreenError("EG428", "A live pack of rules cannot be read by this release; nothing is approved.");
      compiled = compilePack(pack);
      if (COMPILED.size >= MOST_COMPILED) COMPILED.clear();
      COMPILED.set(hash, compiled);
    }
    return { versionId, compiled };
  });
}

export interface Result {
  [key: string]: unknown;
  entity_type: string;
  entity_id: string;
  version_id: string;
  outcome: Outcome;
  explain: RuleVerdict[];
}
export interface Shadow {
  [key: string]: unknown;
  entity_type: string;
  entity_id: string;
  version_id: string;
  live_outcome: Outcome;
  outcome: Outcome;
  rules: string[];
}

/** Beyond this many orders an approved one keeps its verdicts without their trees: they follow from the facts, which stay. */
const ALL_EXPLAINED = 2_000;

/** Every order by every pack; drafts beside what is live. An order that a person released is not held again by the same version, save for lists. */
export function judgeOrders(pinned: Pinned, orders: readonly OrderFacts[]): { results: Result[]; shadows: Shadow[] } {
  const live = versionsOf(pinned.live);
  const drafts = versionsOf(pinned.drafts);
  const results: Result[] = [];
  const shadows: Shadow[] = [];
  for (const { flow_id: entity_id, as_of: asOf, facts, snoozed, cleared } of orders) {
    const judge = ({ compiled }: Version): Judgement =>
      compiled.judge("order", facts as Facts, { asOf, snoozed: snoozedIn(compiled, snoozed) });
    const before = live.map((version) => ({ version, judgement: judge(version) }));
    for (const { version, judgement } of before) {
      const lists = new Set(version.compiled.pack.rules.flatMap(({ id, listHit }) => (listHit ? [id] : [])));
      const stands = judgement.rules.some(({ rule, outcome }) => outcome !== "approve" && lists.has(rule));
      if (cleared.includes(version.versionId) && judgement.outcome !== "approve" && !stands) continue;
      const explain =
        orders.length <= ALL_EXPLAINED
          ? judgement.rules
          : judgement.rules.filter(({ outcome }) => outcome !== "approve");
      results.push({
        entity_type: "fund_flows",
        entity_id,
        version_id: version.versionId,
        outcome: judgement.outcome,
        explain,
      });
    }
    shadows.push(...shadowsOf("fund_flows", entity_id, drafts, before, judge));
  }
  return { results, shadows };
}

/** An applicant by every pack: its own facts, and those of everybody behind with the effective share that R55 gives them. */
export function judgeApplicant(pinned: Pinned, applicant: ApplicantFacts): { results: Result[]; shadows: Shadow[] } {
  const { pending_id: entity_id, as_of: asOf, snoozed } = applicant;
  const facts = factsOfApplicant(applicant);
  const judge = ({ compiled }: Version): Judgement =>
    compiled.judge("investor", facts, { asOf, snoozed: snoozedIn(compiled, snoozed) });
  const live = versionsOf(pinned.live).map((version) => ({ version, judgement: judge(version) }));
  const results = live.map(({ version: { versionId: version_id }, judgement: { outcome, rules: explain } }) => ({
    entity_type: "investors_pending_kyc",
    entity_id,
    version_id,
    outcome,
    explain,
  }));
  return { results, shadows: shadowsOf("investors_pending_kyc", entity_id, versionsOf(pinned.drafts), live, judge) };
}

function factsOfApplicant({ party_id: root, investor, parties, links }: ApplicantFacts): Facts {
  const { owners } = beneficialOwners({
    root,
    // whoever has a part at all: the rules say from which share on somebody counts
    threshold: "0.000000000000000001",
    parties: parties.map(({ party_id: id, kind }) => ({ id, kind: kind as PartyKind })),
    links: links.map(({ share, kind, ...link }) => ({
      ...link,
      kind: kind as LinkKind,
      ...(share === null ? {} : { share }),
    })),
  });
  const found = new Map(owners.map((owner) => [owner.party, owner]));
  const { tests, verified: _, ...own } = (parties.find(({ party_id }) => party_id === root)?.facts ?? {}) as Json;
  return {
    investor: { ...own, ...(investor as Json) },
    tests: (tests ?? {}) as Json,
    owners: parties
      .filter(({ party_id }) => party_id !== root)
      .map(({ party_id, facts }) => {
        const owner = found.get(party_id);
        return {
          ...(facts as Json),
          // companies on the way own for those behind them
          share: owner?.share ?? "0",
          control: owner?.because.includes("control") ?? false,
          trust: owner?.because.includes("trust_party") ?? false,
        };
      }),
  };
}
type Json = Record<string, unknown>;
type Ownership = Parameters<typeof beneficialOwners>[0];
type PartyKind = Ownership["parties"][number]["kind"];
type LinkKind = Ownership["links"][number]["kind"];

const snoozedIn = ({ pack }: CompiledPack, snoozed: readonly string[]): string[] =>
  snoozed.flatMap((name) => (name.startsWith(`${pack.pack}/`) ? [name.slice(pack.pack.length + 1)] : []));

/** What each draft would have said in the place of the live version of its pack. */
function shadowsOf(
  entity_type: string,
  entity_id: string,
  drafts: readonly Version[],
  live: readonly { version: Version; judgement: Judgement }[],
  judge: (version: Version) => Judgement,
): Shadow[] {
  return drafts.map((draft) => {
    const said = judge(draft);
    const others = live.filter(({ version }) => version.compiled.pack.pack !== draft.compiled.pack.pack);
    return {
      entity_type,
      entity_id,
      version_id: draft.versionId,
      live_outcome: worstOutcome(live.map(({ judgement }) => judgement.outcome)),
      outcome: worstOutcome([...others.map(({ judgement }) => judgement.outcome), said.outcome]),
      rules: said.rules.flatMap(({ rule, outcome }) => (outcome === "approve" ? [] : [rule])),
    };
  });
}

export interface RuleCheck {
  [key: string]: unknown;
  rule: string;
  rule_version: string;
  result: "passed" | "failed";
  value: string | null;
  limit_value: string | null;
  detail: string;
  outcome: Outcome;
  version_id: string;
  explain: RuleVerdict[];
  /** More of what is over its limit: refused while a breach of the rule is open, whatever the outcome. */
  worse: boolean;
}
export interface FoundBreach {
  rule: string;
  class: "passive";
  cause: string;
  detail: Record<string, unknown>;
  cure_days: number;
}

const MOST_CHECKS = 90;

/**
 * The trades of a proposal: what fires after them and did not before, or is made worse, decides; a passive breach that is not made worse
 * passes with a note (R57). `review` passes to the person who has to approve anyway, and says so.
 */
export function judgeProposal(pinned: Pinned, { facts, after, as_of: asOf, snoozed }: FundFacts): RuleCheck[] {
  const checks = versionsOf(pinned.live).flatMap(({ versionId, compiled }) => {
    const judging = { asOf, snoozed: snoozedIn(compiled, snoozed) };
    const was = compiled.judge("proposal", facts as Facts, judging);
    const becomes = compiled.judge("proposal", (after ?? {}) as Facts, judging);
    return becomes.rules.flatMap((verdict): RuleCheck[] => {
      if (verdict.state === "not_applicable" || verdict.tree === undefined) return [];
      const earlier = was.rules.find(({ rule }) => rule === verdict.rule);
      const stood = verdict.state === "fired" && earlier?.state === "fired";
      const worse =
        stood &&
        isWorse(
          earlier?.tree,
          verdict.tree,
          compiled.pack.rules.find(({ id }) => id === verdict.rule)?.firesOn === true,
        );
      const passive = stood && !worse;
      const { value, limit } = measuredIn(verdict.tree);
      const outcome = passive ? "approve" : verdict.outcome;
      const blocks = outcome === "block_and_review" || outcome === "decline";
      return [
        {
          rule: `${compiled.pack.pack}/${verdict.rule}`,
          rule_version: String(compiled.pack.version),
          result: blocks ? "failed" : "passed",
          value,
          limit_value: limit,
          detail: wordsOf(verdict, passive, worse),
          outcome,
          version_id: versionId,
          explain: [verdict],
          worse: worse || (verdict.state === "fired" && !stood),
        },
      ];
    });
  });
  // a proposal takes a hundred verdicts in all: what holds is left out before anything that does not
  return checks.length <= MOST_CHECKS
    ? checks
    : checks.filter(({ outcome }) => outcome !== "approve").slice(0, MOST_CHECKS);
}

function wordsOf(verdict: RuleVerdict, passive: boolean, worse: boolean): string {
  const lacks = verdict.tree?.lacks?.join(", ");
  if (passive) return "broken before and not made worse: passive breach";
  if (worse) return `made worse: ${verdict.outcome}`;
  if (verdict.state === "lacks") return `not known, a person has to look: ${lacks ?? ""}`.slice(0, 500);
  return verdict.state === "fired" ? verdict.outcome : verdict.state === "snoozed" ? "snoozed" : "holds";
}

interface Leaf {
  node: Node;
  /** The rule fires where this leaf is true. */
  firing: boolean;
}
const leaves = (node: Node, firing: boolean): readonly Leaf[] =>
  node.nodes === undefined
    ? [{ node, firing }]
    : node.nodes.flatMap((inner) => leaves(inner, node.what === "not" ? !firing : firing));

/**
 * A group over its limit of which there is more, or a sum below its limit of which there is less: amounts decide, not shares, because costs alone
 * make every share a little larger. What has no groups is worse when it comes out by another value.
 */
function isWorse(before: Node | undefined, after: Node, firing: boolean): boolean {
  const [was, is] = [before === undefined ? [] : leaves(before, firing), leaves(after, firing)];
  const measured = is.filter(({ node }) => node.groups !== undefined);
  if (measured.length === 0) return JSON.stringify(before) !== JSON.stringify(after);
  return measured.some(({ node, firing: fires }) => {
    const upper = / (≤|<) /.test(node.what) ? !fires : fires;
    const amounts = new Map(
      was
        .find(({ node: one }) => one.what === node.what)
        ?.node.groups?.map(({ key, amount }) => [key, decimal(amount)]),
    );
    return (node.groups ?? []).some(({ key, amount, passes }) => {
      if (passes !== fires) return false;
      const earlier = amounts.get(key) ?? decimal("0");
      return upper ? decimal(amount).gt(earlier) : decimal(amount).lt(earlier);
    });
  });
}

function measuredIn(tree: Node): { value: string | null; limit: string | null } {
  const leaf = leaves(tree, true)
    .map(({ node }) => node)
    .find(({ value }) => typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value));
  const limit = leaf === undefined ? undefined : / (?:≤|<|≥|>|=) (-?\d+(?:\.\d+)?)$/.exec(leaf.what)?.[1];
  const fits = (text: unknown): string | null =>
    typeof text === "string" && text.replace(/^-?(\d+).*$/, "$1").length <= 18 ? text : null;
  return { value: fits(leaf?.value), limit: fits(limit) };
}

/** A fund as it stands: verdicts, and the limits with a cure clock that do not hold. What nobody did just now is passive. */
export function judgeFund(
  pinned: Pinned,
  { fund_id: fundId, facts, as_of: asOf, snoozed }: FundFacts,
): { results: Result[]; breaches: FoundBreach[] } {
  const results: Result[] = [];
  const breaches: FoundBreach[] = [];
  for (const { versionId, compiled } of versionsOf(pinned.live)) {
    const { outcome, rules } = compiled.judge("fund", facts as Facts, { asOf, snoozed: snoozedIn(compiled, snoozed) });
    if (rules.length === 0) continue;
    results.push({ entity_type: "funds", entity_id: fundId, version_id: versionId, outcome, explain: rules });
    for (const { rule, state, tree } of rules) {
      const cure = compiled.pack.rules.find(({ id }) => id === rule)?.breach;
      if (cure === undefined || state !== "fired" || tree === undefined) continue;
      breaches.push({
        rule: `${compiled.pack.pack}/${rule}`,
        class: "passive",
        cause: "found when the fund was looked at; no trade was proposed",
        detail: measuredDetail(tree),
        cure_days: cure.cureDays,
      });
    }
  }
  return { results, breaches };
}

function measuredDetail(tree: Node): Record<string, unknown> {
  const { value, limit } = measuredIn(tree);
  return { ...(value === null ? {} : { value }), ...(limit === null ? {} : { limit }), tree };
}
