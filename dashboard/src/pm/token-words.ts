// What the codes of token operations and of breaks mean, and which step is safe next: for people who have never seen a chain. Pure.
import type { Tokens } from "@evergreen-fund/domain/token-pages.ts";

export type TokenAction = Tokens["actions"][number];

const KINDS: Readonly<Record<TokenAction["kind"], string>> = {
  deploy: "Contracts onto the chain",
  mint: "Units onto the chain",
  burn: "Units off the chain",
  deal: "Units of a dealing day",
  settle: "Cash of a dealing day was paid",
  freeze: "Freeze a wallet",
  unfreeze: "Free a frozen wallet",
  force_transfer: "Transfer by law",
  recover: "Recover a lost wallet",
  claim_issue: "Clearance of a holder given",
  claim_revoke: "Clearance of a holder taken away",
  keep: "Fund keeps a holder's wallet",
  pause: "Pause everything",
  unpause: "End the pause",
  reconcile: "Compare chain and register",
  limits: "Limits of transfers as the rules ask",
};
export const kindName = (kind: TokenAction["kind"]): string => KINDS[kind];

/** What an operation that two people decide on brings about. */
const EFFECTS: Readonly<Partial<Record<TokenAction["kind"], string>>> = {
  deploy: "The contracts of the class are put onto the chain; nobody holds units there yet.",
  mint: "Units of the register appear in the holder's wallet; the register itself does not change.",
  burn: "Units leave the holder's wallet; the register itself does not change.",
  freeze: "The wallet can neither send nor receive until it is freed.",
  unfreeze: "The wallet can send and receive again.",
  force_transfer:
    "Units move from one wallet to the other without the holder's signature, as the law named here allows.",
  recover: "What lies in the lost wallet moves to the new one of the same holder.",
  keep: "The fund keeps the wallet for its holder, who agreed.",
  pause: "No unit of the class moves until two people end the pause.",
  unpause: "Units of the class move again.",
  limits:
    "The contracts hold transfers between holders to these limits. Subscriptions and redemptions are not touched.",
};
/** The same for a kind as a text: one that is not known is called by its code. */
export const kindWords = (kind: string): { name: string; effect: string } => {
  const known = Object.hasOwn(KINDS, kind) ? (kind as TokenAction["kind"]) : undefined;
  return {
    name: known === undefined ? kind.replaceAll("_", " ") : KINDS[known],
    effect:
      (known === undefined ? undefined : EFFECTS[known]) ??
      "The operation is sent to the chain, and takes effect once.",
  };
};

const STATES: Readonly<Record<string, string>> = {
  requested: "Asked for; compliance has not looked yet",
  awaiting_approval: "Waits for two people",
  approved: "Approved, not sent yet",
  sent: "Sent, in no block yet",
  included: "In a block that may still be taken back",
  final: "Final on the chain",
  failed: "Could not be sent; nothing happened",
};
const REFUSED: Readonly<Record<string, string>> = {
  compliance: "Refused by compliance; nothing happened",
  people: "Refused by people; nothing happened",
  chain: "Refused by the contracts; nothing happened",
};
export const stateName = ({ status, refusal }: Pick<TokenAction, "status" | "refusal">): string =>
  (status === "refused" ? REFUSED[refusal?.by ?? ""] : STATES[status]) ?? status.replaceAll("_", " ");

/** Ended, one way or the other: nothing of it is under way. */
export const hasEnded = ({ status }: Pick<TokenAction, "status">): boolean =>
  ["final", "refused", "failed"].includes(status);

/** The step that is safe, in words, and the command for it where there is one. */
export function nextOf({ status, refusal, action_id }: Pick<TokenAction, "status" | "refusal" | "action_id">): {
  words: string;
  command?: string;
} {
  const again = `evergreen token retry ${action_id}`;
  switch (status) {
    case "requested":
      return { words: "None: its run goes on by itself. If it stays so, look at the failures." };
    case "awaiting_approval":
      return { words: "Two people decide on the proposal; whoever asked is neither of them." };
    case "approved":
      return { words: "None: it is sent by itself, one request of a class after the other." };
    case "sent":
      return { words: "None: what was lost is sent again, what is stuck is replaced, and it takes effect once." };
    case "included":
      return { words: "None: it is final when enough blocks lie on it; if its block is taken back, it is sent again." };
    case "final":
      return { words: "None: it is done." };
    case "failed":
      return {
        words: `Mend what is named (${refusal?.code ?? "see the run"}), then try it again: it still has one effect.`,
        command: again,
      };
    default:
      return refusal?.by === "chain"
        ? { words: "Mend what the contracts name, then try it again: it still has one effect.", command: again }
        : { words: "Ask anew if it is still wanted." };
  }
}

type Break = Tokens["breaks"][number];
const BREAKS: Readonly<Record<Break["kind"], { name: string; next: string }>> = {
  differs: {
    name: "A wallet has other units than the books say",
    next: "Look up the transactions of the wallet at the block; correct by an operation, never in the tables.",
  },
  not_in_register: {
    name: "A wallet with units that the books do not know",
    next: "Find out whose it is. Pause the class until it is known.",
  },
  not_on_chain: {
    name: "Units of the books that are not on the chain",
    next: "See whether the operation took effect; try it again if it failed.",
  },
  total: {
    name: "More units on the chain than the register has",
    next: "Burn what was redeemed and is still there.",
  },
};
export const breakWords = (kind: Break["kind"]): { name: string; next: string } => BREAKS[kind];

/** "3 hours ago"; whole units, rounded down. */
export function ageOf(at: string, now: number): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(at)) / 60_000));
  const [count, unit] =
    minutes < 60
      ? [minutes, "minute"]
      : minutes < 2_880
        ? [Math.floor(minutes / 60), "hour"]
        : [Math.floor(minutes / 1_440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** Whole smallest units as decimal text: "1234500", 4 → "123.4500". */
export function fromSmallest(amount: string, decimals: number): string {
  const digits = amount.padStart(decimals + 1, "0");
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
