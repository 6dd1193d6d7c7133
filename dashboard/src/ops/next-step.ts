// For everything that can wait on the desk: the next step that is safe, in words, with the command where there is one.
import type { Desk } from "@evergreen-fund/domain/pages.ts";

type Work = Desk["work"][number];

const DAY: Readonly<Record<string, string>> = {
  open: "Nothing: it closes for orders by its clock",
  nav_proposed: "Two people approve the NAV; see the proposal",
  claimable: "Confirm what the bank has paid by its statement: evergreen import bank --help",
  suspended: "A liquidity tool suspends it; ending the tool resumes it: evergreen lmt end --help",
};

const STEPS: Readonly<Record<string, (work: Work) => string>> = {
  proposal: (work) => `Somebody who did not ask for it decides: evergreen proposals show ${work.id}`,
  dealing_day: (work) => DAY[work.what] ?? "The workers go on by themselves; see its run",
  dead_letter: (work) =>
    `What was done before stays done, once. When its cause is mended, hand it over again, or leave or escalate it under Failures: evergreen events retry ${work.id}`,
  dead_batch: () =>
    "What was done before stays done, once. When its cause is mended, retry any event of it: evergreen events list --dead",
  import: (work) => `Look at the rows, match or undo them: evergreen import show ${work.id}`,
  market_value: () => "A second person confirms or rejects the value: evergreen market list",
  held_order: (work) => `Look at the evidence, then release or cancel it: evergreen order release ${work.id}`,
  bank_account: () => "Compare with the document, then approve or refuse: evergreen accounts list",
  alert: (work) => `Look at the remedies, then acknowledge: evergreen alerts show ${work.id}`,
  webhook: () => "Ask who runs the receiver; when it answers again, resume it under Webhooks",
  webhook_deliveries: () => "When the receiver is mended, send them again under Webhooks",
  run: (work) =>
    `Read what it did before it failed, then leave or escalate it under Failures: evergreen runs show ${work.id}`,
};

export const nextStep = (work: Work): string => STEPS[work.kind]?.(work) ?? "See what it is";
