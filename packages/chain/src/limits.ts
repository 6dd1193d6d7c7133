// Limits of transfers as people read them and as the share token keeps them, and what stands on the chain at a block.
import { shareToken } from "@evergreen-fund/contracts";
import { limitsText } from "@evergreen-fund/domain/token-limits.ts";
import type { TransferLimits } from "@evergreen-fund/domain/token-pages.ts";
import { type Abi, type Address, createPublicClient, http, parseUnits } from "viem";
import { codedError } from "./door.ts";

/** The struct of contracts/solidity/ShareToken.sol, in base units. */
export interface LimitsStruct {
  minHolding: bigint;
  maxHolding: bigint;
  minTransfer: bigint;
  lockUp: bigint;
  transferable: boolean;
}

export const structOf = (text: TransferLimits, unitDecimals: number): LimitsStruct => ({
  minHolding: parseUnits(text.min_holding, unitDecimals),
  maxHolding: parseUnits(text.max_holding, unitDecimals),
  minTransfer: parseUnits(text.min_transfer, unitDecimals),
  lockUp: BigInt(text.lock_up),
  transferable: text.transferable,
});

/** What a share token holds itself to at a block. Errors: EG503 the node does not answer. */
export async function readLimits(
  node: { url: string; share: Address },
  block: bigint,
  unitDecimals: number,
): Promise<TransferLimits> {
  const client = createPublicClient({ transport: http(node.url, { retryCount: 1 }) });
  const [minHolding, maxHolding, minTransfer, lockUp, transferable] = (await client
    .readContract({ address: node.share, abi: shareToken.abi as Abi, functionName: "limits", blockNumber: block })
    .catch((error: unknown) => {
      throw codedError(error);
    })) as [bigint, bigint, bigint, bigint, boolean];
  return limitsText({ minHolding, maxHolding, minTransfer, lockUp, transferable }, unitDecimals);
}
