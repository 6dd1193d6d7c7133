// Register against chain: Σ on chain + Σ off chain = register units (R50), holder by holder. Pure.

/** A line of the register: units of one holder, in base units of the token; without a wallet they are off chain. */
export interface RegisterLine {
  wallet: string | undefined;
  units: bigint;
}

export interface Break {
  kind: "differs" | "not_in_register" | "not_on_chain";
  wallet: string;
  register: bigint;
  chain: bigint;
}

export interface Reconciliation {
  register: bigint;
  onChain: bigint;
  offChain: bigint;
  /** Wallets whose units differ, sorted by wallet; a class with one cannot be struck. */
  breaks: Break[];
  /** No break, and the class's total is what its lines come to. */
  balanced: boolean;
}

/** `outstanding`: units of the class as the register posts them, which the lines must come to. Wallets in lower case, at most one line each. */
export function reconcileUnits(
  lines: Iterable<RegisterLine>,
  chain: ReadonlyMap<string, bigint>,
  outstanding: bigint,
): Reconciliation {
  const breaks: Break[] = [];
  const seen = new Set<string>();
  let [register, offChain, onChain] = [0n, 0n, 0n];
  for (const { wallet, units } of lines) {
    register += units;
    if (wallet === undefined) {
      offChain += units;
      continue;
    }
    const held = chain.get(wallet) ?? 0n;
    if (seen.has(wallet)) breaks.push({ kind: "differs", wallet, register: units, chain: held });
    seen.add(wallet);
    if (held !== units)
      breaks.push({ kind: held === 0n ? "not_on_chain" : "differs", wallet, register: units, chain: held });
  }
  for (const [wallet, units] of chain) {
    onChain += units;
    if (!seen.has(wallet)) breaks.push({ kind: "not_in_register", wallet, register: 0n, chain: units });
  }
  breaks.sort((a, b) => (a.wallet < b.wallet ? -1 : a.wallet > b.wallet ? 1 : 0));
  return {
    register,
    onChain,
    offChain,
    breaks,
    balanced: breaks.length === 0 && register === outstanding && onChain + offChain === outstanding,
  };
}
