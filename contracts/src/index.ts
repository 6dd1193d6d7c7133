// Our contracts as compiled, and a chain to run them on.

export { actionLedger } from "../artefacts/action-ledger.ts";
export { dealingVault } from "../artefacts/dealing-vault.ts";
export { identityGate } from "../artefacts/identity-gate.ts";
export { shareToken } from "../artefacts/share-token.ts";
export { type KeptChain, openKeptChain } from "./kept-chain.ts";
export { LOCAL_ACCOUNTS, LOCAL_CHAIN_ID, LOCAL_KEYS, type LocalChain, openLocalChain } from "./local-chain.ts";
export { type LocalNode, serveLocalChain } from "./local-node.ts";
