// A token operation as calls of our contracts, and which of the two ledgers makes them. Pure; units and prices are decimal text, exact to the last digit.
import { dealingVault, identityGate, shareToken } from "@evergreen-fund/contracts";
import { EvergreenError } from "@evergreen-fund/domain";
import type { TransferLimits } from "@evergreen-fund/domain/token-pages.ts";
import { type Abi, type Address, encodeFunctionData, type Hex, parseUnits } from "viem";
import { type ChainCall, chainId32 } from "./action.ts";
import { structOf } from "./limits.ts";

/** The vault mirrors cash with so many decimals: finer than any currency, so that every number of units is met exactly. */
export const CASH_DECIMALS = 18;
const ONE = 10n ** 18n;

export interface TokenOperation {
  actionId: string;
  kind: string;
  contract: { gate: string; share: string; vault: string; registrar: string; guardian: string };
  unitDecimals: number;
  requestNo: string | null;
  price: string | null;
  wallet: string | null;
  partyRef: string | null;
  toWallet: string | null;
  units: string;
  /** Seconds since 1970. */
  claimUntil: string | null;
  limits: TransferLimits | null;
  moves: readonly { wallet: string; units: string }[];
  requests: readonly string[];
}

const GUARDIAN = ["keep", "freeze", "unfreeze", "force_transfer", "recover", "pause", "unpause", "limits"];

/** The ledger that acts: the registrar for what follows the register and KYC, the guardian for what the law allows. */
export const ledgerOf = ({ kind, contract }: TokenOperation): Address =>
  (GUARDIAN.includes(kind) ? contract.guardian : contract.registrar) as Address;

/** Errors: EG400 for an operation that is no call, or lacks what its kind needs. */
export function callsOf(asked: TokenOperation): ChainCall[] {
  const { contract, unitDecimals } = asked;
  const base = (units: string): bigint => parseUnits(units.replace(/^-/, ""), unitDecimals);
  // the chain is told by which operation, and the operation says here by which law: a hash of a random id tells nobody anything
  const basis = chainId32(asked.actionId);
  const need = <T>(value: T | null): T => {
    if (value === null) throw new EvergreenError("EG400", `An operation ${asked.kind} lacks what it needs.`);
    return value;
  };
  const gate = call(contract.gate, identityGate.abi);
  const share = call(contract.share, shareToken.abi);
  const vault = call(contract.vault, dealingVault.abi);
  const wallet = () => need(asked.wallet);
  switch (asked.kind) {
    case "claim_issue":
      return [gate("issue", [wallet(), need(asked.partyRef) as Hex, BigInt(need(asked.claimUntil))])];
    case "claim_revoke":
      return [gate("revoke", [wallet()])];
    case "keep":
      return [vault("keep", [[wallet()], contract.registrar, basis])];
    case "freeze":
    case "unfreeze":
      return [share("freezeWallet", [wallet(), asked.kind === "freeze", basis])];
    case "force_transfer":
      return [share("forceTransfer", [wallet(), need(asked.toWallet), base(asked.units), basis])];
    case "recover":
      return [vault("recover", [wallet(), need(asked.toWallet), asked.requests.map(BigInt), basis])];
    case "pause":
    case "unpause":
      return [share(asked.kind, [])];
    case "limits":
      return [share("setLimits", [structOf(need(asked.limits), unitDecimals)])];
    case "settle":
      return [vault("settleCash", [BigInt(need(asked.requestNo)), out(asked).map(({ wallet }) => wallet)])];
    case "deal":
    case "mint":
    case "burn":
      return dealing();
    default:
      throw new EvergreenError("EG400", `An operation ${asked.kind} is no call of a contract.`);
  }

  /** One request of the vault from its opening to its claims: whoever is in it has one price. */
  function dealing(): ChainCall[] {
    const request = BigInt(need(asked.requestNo));
    const price = parseUnits(need(asked.price), 18);
    const comes = asked.moves.filter(({ units }) => !units.startsWith("-"));
    const goes = out(asked);
    if (comes.length + goes.length === 0)
      throw new EvergreenError("EG400", `An operation ${asked.kind} moves no units.`);
    const wallets = (moves: typeof comes) => moves.map(({ wallet }) => wallet);
    const amounts = (moves: typeof comes) => moves.map(({ units }) => base(units));
    return [
      vault("openDay", [request]),
      ...comes.map(({ wallet, units }) => vault("requestDeposit", [cashFor(base(units), price, unitDecimals), wallet])),
      ...goes.map(({ wallet, units }) => vault("requestRedeem", [base(units), wallet])),
      vault("strike", [request, price, ONE]),
      ...(comes.length === 0
        ? []
        : [
            vault("fulfilDeposits", [request, wallets(comes), amounts(comes)]),
            vault("claimUnits", [request, wallets(comes)]),
          ]),
      ...(goes.length === 0 ? [] : [vault("fulfilRedeems", [request, wallets(goes), amounts(goes)])]),
      // units that only leave the chain stay in the register: no cash is owed for them
      ...(goes.length === 0 || asked.kind === "deal" ? [] : [vault("settleCash", [request, wallets(goes)])]),
    ];
  }
}

const out = ({ moves }: TokenOperation) => moves.filter(({ units }) => units.startsWith("-"));

/** Cash in units of 10^-18 that buys exactly these units at the price, rounded up by less than one unit would cost. */
function cashFor(units: bigint, price: bigint, unitDecimals: number): bigint {
  const scale = 10n ** BigInt(unitDecimals);
  return (units * price + scale - 1n) / scale;
}

const call =
  (to: string, abi: unknown) =>
  (functionName: string, args: readonly unknown[]): ChainCall => ({
    to: to as Address,
    data: encodeFunctionData({ abi: abi as Abi, functionName, args: args as unknown[] }),
  });
