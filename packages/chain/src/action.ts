// What may be asked of a chain: calls of our contracts with numbers, addresses and hashes. Text has no way onto a chain from here.
import { actionLedger, dealingVault, identityGate, shareToken } from "@evergreen-fund/contracts";
import { EvergreenError } from "@evergreen-fund/domain";
import { type Abi, type Address, decodeFunctionData, type Hex, hexToBytes, keccak256, toHex } from "viem";

export interface ChainCall {
  to: Address;
  data: Hex;
}
export interface ChainAction {
  /** UUID of the row in tokenization_actions. */
  actionId: string;
  /** Made in this order, all or none. */
  calls: readonly ChainCall[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const OUR_ABIS: readonly Abi[] = [identityGate.abi, shareToken.abi, dealingVault.abi, actionLedger.abi] as never;

/** The id of an action as the chain knows it. Errors: EG400 for what is no UUID in lower case. */
export function chainId32(actionId: string): Hex {
  if (!UUID.test(actionId))
    throw new EvergreenError("EG400", "An action of the chain is named by a UUID in lower case.");
  return keccak256(toHex(actionId));
}

/** Refuses what is no call of our contracts, or carries text. Errors: EG403, EG400 for an action without calls. */
export function checkCalls(calls: readonly ChainCall[]): void {
  if (calls.length === 0) throw new EvergreenError("EG400", "An action of the chain has no call.");
  for (const { data } of calls) {
    const decoded = OUR_ABIS.map((abi) => decodedBy(abi, data)).find((call) => call !== undefined);
    if (decoded === undefined)
      throw new EvergreenError("EG403", "Only functions of the platform's own contracts are called on a chain.");
    for (const value of flat(decoded.args)) {
      const hidden = typeof value === "string" && /^0x[0-9a-f]{64}$/i.test(value) && holdsText(value as Hex);
      if (hidden)
        throw new EvergreenError(
          "EG403",
          "A reference that goes onto a chain reads as text; use a random one or a hash.",
        );
    }
  }
}

function decodedBy(abi: Abi, data: Hex): { args?: readonly unknown[] | undefined } | undefined {
  try {
    return decodeFunctionData({ abi, data });
  } catch {
    return undefined;
  }
}

function flat(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(flat);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(flat) : [value];
}

/** 32 bytes that are letters and signs, filled up with zeros or not: a name would look so, a hash does not (below 10^-13). */
function holdsText(value: Hex): boolean {
  const bytes = [...hexToBytes(value)];
  while (bytes.at(-1) === 0) bytes.pop();
  while (bytes[0] === 0) bytes.shift();
  return bytes.length >= 3 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}
