// The door to an EVM chain: one effect per action, holders read block by block, and the register held against them.
export { type ChainAction, type ChainCall, chainId32, checkCalls } from "./action.ts";
export { CASH_DECIMALS, callsOf, ledgerOf, type TokenOperation } from "./calls.ts";
export * from "./deploy.ts";
export * from "./door.ts";
export { type BlockOfUnits, type HolderBook, openHolderBook } from "./holder-book.ts";
export { checkedKey, keyFromFile } from "./key-file.ts";
export { type LimitsStruct, readLimits, structOf } from "./limits.ts";
export { readBlocks } from "./read-blocks.ts";
export { type Break, type Reconciliation, type RegisterLine, reconcileUnits } from "./reconcile.ts";
