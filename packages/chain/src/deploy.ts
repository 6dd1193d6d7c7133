// Puts the contracts of a share class onto a chain. The deployer keeps the right to give roles; the ledgers act with them.
import { actionLedger, dealingVault, identityGate, shareToken } from "@evergreen-fund/contracts";
import { EvergreenError } from "@evergreen-fund/domain";
import {
  type Abi,
  type Address,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  keccak256,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { LimitsStruct } from "./limits.ts";

export interface ClassOnChain {
  gate: Address;
  share: Address;
  vault: Address;
  /** Acts as registrar and issuer of claims: everyday actions. */
  registrar: Address;
  /** Acts as guardian: freezes, forced transfers, recoveries, pauses. */
  guardian: Address;
}

const role = (name: string): Hex => keccak256(toHex(name));

/** Deploys and wires everything, one transaction after the other. Errors: EG400 the node is of another chain. `name` and `symbol` are public for ever: the class, never a person. */
export async function deployClass(
  node: { url: string; chainId: number; key: Hex },
  wanted: {
    name: string;
    symbol: string;
    unitDecimals: number;
    cashDecimals: number;
    registrar: Address;
    guardian: Address;
    /** What the share token holds itself to before anybody holds a unit. */
    limits?: LimitsStruct;
  },
): Promise<ClassOnChain> {
  const account = privateKeyToAccount(node.key);
  const transport = http(node.url, { retryCount: 0 });
  const chain = defineChain({
    id: node.chainId,
    name: "configured",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [node.url] } },
  });
  const wallet = createWalletClient({ account, transport, chain });
  const client = createPublicClient({ transport, pollingInterval: 50 });
  const found = await client.getChainId();
  if (found !== node.chainId)
    throw new EvergreenError("EG400", `The node is of chain ${found}, not of ${node.chainId}; correct the address.`);
  const mined = async (hash: Hex) => {
    const receipt = await client.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new Error("A deployment was reverted.");
    return receipt;
  };
  const deploy = async (artefact: { abi: unknown; bytecode: Hex }, args: unknown[]): Promise<Address> => {
    const hash = await wallet.deployContract({ abi: artefact.abi as Abi, bytecode: artefact.bytecode, args });
    return (await mined(hash)).contractAddress!;
  };
  const change = (functionName: "grantRole" | "revokeRole") => async (address: Address, name: string, to: Address) =>
    mined(await wallet.writeContract({ address, abi: identityGate.abi, functionName, args: [role(name), to] }));
  const grant = change("grantRole");
  const admin = account.address;
  const registrar = await deploy(actionLedger, [admin]);
  const guardian = await deploy(actionLedger, [admin]);
  const gate = await deploy(identityGate, [admin]);
  const share = await deploy(shareToken, [wanted.name, wanted.symbol, wanted.unitDecimals, gate, admin]);
  const vault = await deploy(dealingVault, [share, wanted.cashDecimals, admin]);
  await grant(registrar, "SENDER", wanted.registrar);
  await grant(guardian, "SENDER", wanted.guardian);
  await grant(gate, "CLAIM_ISSUER", registrar);
  await grant(share, "VAULT", vault);
  if (wanted.limits !== undefined) {
    // the deployer is guardian for this one call
    await grant(share, "GUARDIAN", admin);
    const given = { address: share, abi: shareToken.abi as Abi, functionName: "setLimits", args: [wanted.limits] };
    await mined(await wallet.writeContract(given));
    await change("revokeRole")(share, "GUARDIAN", admin);
  }
  await grant(share, "GUARDIAN", guardian);
  await grant(vault, "REGISTRAR", registrar);
  await grant(vault, "GUARDIAN", guardian);
  return { gate, share, vault, registrar, guardian };
}
