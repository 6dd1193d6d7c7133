// Blocks of a chain as what they did to wallets: transfers of the share, and units allocated and claimed in the vault.
import { dealingVault, shareToken } from "@evergreen-fund/contracts";
import { type Address, createPublicClient, http, parseEventLogs, zeroAddress } from "viem";
import type { BlockOfUnits } from "./holder-book.ts";

/** Blocks from … to, both included, in their order. Logs are asked by the block's hash, so that a reorganisation in between cannot mix two chains. */
export async function readBlocks(
  node: { url: string; share: Address; vault: Address },
  from: bigint,
  to: bigint,
): Promise<BlockOfUnits[]> {
  const client = createPublicClient({ transport: http(node.url, { retryCount: 1 }) });
  const blocks: BlockOfUnits[] = [];
  for (let number = from; number <= to; number += 1n) {
    const block = await client.getBlock({ blockNumber: number });
    const logs = await client.getLogs({ address: [node.share, node.vault], blockHash: block.hash });
    const changes: [string, bigint][] = [];
    const add = (wallet: Address, units: bigint) => {
      if (wallet !== zeroAddress && units !== 0n) changes.push([wallet.toLowerCase(), units]);
    };
    for (const { eventName, args, address } of parseEventLogs({
      abi: [...shareToken.abi, ...dealingVault.abi],
      logs,
    })) {
      const ofShare = address.toLowerCase() === node.share.toLowerCase();
      if (eventName === "Transfer" && ofShare) {
        add(args.from, -args.value);
        add(args.to, args.value);
      } else if (eventName === "DepositClaimable" && !ofShare) add(args.controller, args.shares);
      else if (eventName === "Deposit" && !ofShare) add(args.owner, -args.shares);
      else if (eventName === "RequestsMoved" && !ofShare) {
        add(args.lost, -args.claimableUnits);
        add(args.successor, args.claimableUnits);
      }
    }
    blocks.push({ number, hash: block.hash, parentHash: block.parentHash, changes });
  }
  return blocks;
}
