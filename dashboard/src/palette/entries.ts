// What the palette can lead to: the pages of a role, what was found by a few letters, and what can be done from anywhere.
import type { FoundPlace } from "@evergreen-fund/domain/figures.ts";
import { menuOf } from "../places.ts";
import { nameOf } from "../words/names.ts";

export interface Entry {
  key: string;
  name: string;
  detail: string;
  /** Where it leads; or what it does. */
  to: string | (() => void);
}

const OPS = [
  ["/ops/cases", "Cases"],
  ["/ops/imports", "Imports"],
  ["/ops/reconciliation", "Reconciliation"],
  ["/ops/runs", "Failed runs"],
  ["/ops/webhooks", "Webhooks"],
  ["/ops/schedules", "Schedules"],
  ["/ops/calendar", "Calendar"],
] as const;
const AUDIT = [
  ["/audit/timeline", "Timeline"],
  ["/audit/samples", "Samples"],
  ["/audit/packs", "Evidence packs"],
] as const;
const PM = [
  ["/pm/dealing", "Dealing"],
  ["/pm/exposure", "Exposure"],
  ["/pm/stress", "Stress"],
] as const;

/** Pages beside the menu that a role may read. */
const MORE: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  pm_role: [...OPS, ...AUDIT],
  ops_role: [...OPS, ...PM, ...AUDIT],
  audit_role: [...AUDIT, ...OPS, ...PM],
  lp_role: [],
};

export function pagesOf(role: string): Entry[] {
  const menu = menuOf(role).map(({ to, name }) => [to, name] as const);
  const all = [...menu, ...(MORE[role] ?? []), ["/sign-in/account", "Account and second factor"] as const];
  return all.map(([to, name]) => ({ key: to, name, detail: "page", to }));
}

const asked = (name: string, value: string): string => `${name}=${encodeURIComponent(value)}`;

/** Where a row that was found is looked at, by who looks. */
export function addressOf({ kind, id }: FoundPlace, role: string): string {
  const isInvestor = role === "lp_role";
  switch (kind) {
    case "fund":
      return isInvestor ? "/lp" : `/pm?${asked("fund", id)}`;
    case "order":
      return isInvestor ? `/lp/orders/${id}` : `/audit/timeline?${asked("of", id)}`;
    case "investor":
      return isInvestor ? "/lp" : `/audit/timeline?${asked("of", id)}`;
    case "asset":
      return `/audit/timeline?${asked("of", id)}`;
    case "proposal":
      return `/pm/proposals/${id}`;
    case "stress":
      return `/pm/stress?${asked("run", id)}`;
    case "dealing_day":
      return `/pm/dealing?${asked("day", id)}`;
    case "case":
      return `/ops/cases/${encodeURIComponent(id)}`;
    case "import":
      return `/ops/imports/${id}`;
    case "run":
      return "/ops/runs";
    case "statement":
      return `/lp/statements/${id}`;
  }
}

export const foundEntry = (place: FoundPlace, role: string): Entry => ({
  key: `${place.kind}/${place.id}`,
  name: place.label,
  detail: `${nameOf(place.kind)} · ${place.detail}`,
  to: addressOf(place, role),
});

/** Every word that is typed begins a word of the entry, in any order. */
export function fits(entry: Entry, typed: string): boolean {
  const words = `${entry.name} ${entry.detail}`.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((part) => words.some((word) => word.startsWith(part)));
}
