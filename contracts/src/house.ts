// The three contracts on a local chain, with calls by name and refusals by the error's name: for tests, gas and benches.
import {
  type Abi,
  type Address,
  decodeErrorResult,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  keccak256,
  toHex,
} from "viem";
import { dealingVault } from "../artefacts/dealing-vault.ts";
import { identityGate } from "../artefacts/identity-gate.ts";
import { shareToken } from "../artefacts/share-token.ts";
import { LOCAL_ACCOUNTS, type LocalChain, openLocalChain } from "./local-chain.ts";

export const role = (name: string): Hex => keccak256(toHex(name));
export const LEGAL_BASIS = keccak256(toHex("court order 1"));

/** A contract of the house: calls that change are mined, views are read. Both throw `Refusal` with the contract's word. */
export interface Bound {
  address: Address;
  send(from: Address, name: string, ...args: unknown[]): Promise<{ gas: bigint }>;
  read<T>(name: string, ...args: unknown[]): Promise<T>;
}
export class Refusal extends Error {}

export interface ContractHouse {
  chain: LocalChain;
  /** Holds every role. */
  admin: Address;
  gate: Bound;
  share: Bound;
  vault: Bound;
  /** Deployment, by contract. */
  deployed: Record<"gate" | "share" | "vault", bigint>;
}

const ERRORS: Abi = [...identityGate.abi, ...shareToken.abi, ...dealingVault.abi].filter(
  (entry, index, all) =>
    entry.type === "error" && all.findIndex((other) => other.type === "error" && other.name === entry.name) === index,
) as unknown as Abi;

/** Which error data names; without data what the engine said. */
function refusalOf(error: unknown): Refusal {
  const { data, message } = error as { data?: Hex | { data?: Hex }; message: string };
  const bytes = typeof data === "string" ? data : data?.data;
  if (bytes === undefined || bytes === "0x") return new Refusal(message);
  try {
    return new Refusal(decodeErrorResult({ abi: ERRORS, data: bytes }).errorName);
  } catch {
    return new Refusal(`unknown error ${bytes.slice(0, 10)}`);
  }
}

const GAS = toHex(16_000_000n);

/** Deploys gate, share (of `unitDecimals`) and vault, and gives every role to the first local account. */
export async function openContractHouse(
  unitDecimals = 4,
  cashDecimals = 2,
  chain?: LocalChain,
): Promise<ContractHouse> {
  const local = chain ?? (await openLocalChain({ startsAt: 1_800_000_000 }));
  const admin = LOCAL_ACCOUNTS[0]!;
  const mined = async (transaction: object): Promise<{ gas: bigint; address: Address }> => {
    const hash = await local.request<Hex>("eth_sendTransaction", [{ gas: GAS, ...transaction }]);
    const receipt = await local.request<{ status: Hex; gasUsed: Hex; contractAddress: Address }>(
      "eth_getTransactionReceipt",
      [hash],
    );
    if (receipt.status !== "0x1") {
      // the same call at the state before it says why
      await local.request("eth_call", [{ gas: GAS, ...transaction }, "latest"]).catch((error) => {
        throw refusalOf(error);
      });
      throw new Refusal("reverted");
    }
    return { gas: BigInt(receipt.gasUsed), address: receipt.contractAddress };
  };
  const bind = (address: Address, abi: Abi): Bound => ({
    address,
    send: (from, functionName, ...args) =>
      mined({ from, to: address, data: encodeFunctionData({ abi, functionName, args } as never) }),
    read: async (functionName, ...args) => {
      const data = encodeFunctionData({ abi, functionName, args } as never);
      const answer = await local.request<Hex>("eth_call", [{ to: address, data }, "latest"]).catch((error) => {
        throw refusalOf(error);
      });
      return decodeFunctionResult({ abi, functionName, data: answer } as never) as never;
    },
  });
  const deploy = async (artefact: { abi: unknown; bytecode: Hex }, args: unknown[]) => {
    const data = encodeDeployData({ abi: artefact.abi as Abi, bytecode: artefact.bytecode, args });
    const { address, gas } = await mined({ from: admin, data });
    return { gas, bound: bind(address, artefact.abi as Abi) };
  };
  const gate = await deploy(identityGate, [admin]);
  const share = await deploy(shareToken, ["Synthetic class", "SYN", unitDecimals, gate.bound.address, admin]);
  const vault = await deploy(dealingVault, [share.bound.address, cashDecimals, admin]);
  await gate.bound.send(admin, "grantRole", role("CLAIM_ISSUER"), admin);
  await share.bound.send(admin, "grantRole", role("VAULT"), vault.bound.address);
  await share.bound.send(admin, "grantRole", role("GUARDIAN"), admin);
  await vault.bound.send(admin, "grantRole", role("REGISTRAR"), admin);
  await vault.bound.send(admin, "grantRole", role("GUARDIAN"), admin);
  return {
    chain: local,
    admin,
    gate: gate.bound,
    share: share.bound,
    vault: vault.bound,
    deployed: { gate: gate.gas, share: share.gas, vault: vault.gas },
  };
}

/** Lets a local chain act for an address whose key nobody has. */
export async function actAs(chain: LocalChain, address: Address): Promise<Address> {
  await chain.request("hardhat_impersonateAccount", [address]);
  await chain.request("hardhat_setBalance", [address, toHex(10n ** 21n)]);
  return address;
}
