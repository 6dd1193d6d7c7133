// Units of classes on a chain: the register beside the chain, what is under way with the step that is safe next, where they differ, and what trades in pools cost.
import { Tokens } from "@evergreen-fund/domain/token-pages.ts";
import { Link, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { IncidentNote } from "../ui/incident-note.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { number, time } from "../words/format.ts";
import { wordsWithout } from "../words/hidden.ts";
import { ChosenFund } from "./chosen-fund.tsx";
import { LimitsTile } from "./token-limits.tsx";
import { SlippageTile } from "./token-slippage.tsx";
import { ageOf, breakWords, hasEnded, kindName, nextOf, stateName } from "./token-words.ts";

type TokenClass = Tokens["classes"][number];

export default function TokensPage() {
  const { fund } = useSearch({ from: "/pm/tokens" });
  return (
    <>
      <h1 tabIndex={-1}>Tokens</h1>
      <IncidentNote />
      <ChosenFund fund={fund} all="all funds">
        {(args, choice) => <Shown args={args} choice={choice(fund ?? "")} />}
      </ChosenFund>
    </>
  );
}

function Shown({ args, choice }: { args: { fund_id?: string }; choice: ReactNode }) {
  const query = useRpc("fn_read_tokens", args, Tokens);
  return (
    <ReadState query={query}>
      {(tokens) => (
        <>
          {choice}
          <div className="tiles">
            <SupplyTile tokens={tokens} />
            {tokens.classes.length > 0 && <BreaksTile tokens={tokens} />}
            {tokens.classes.length > 0 && <LimitsTile classes={tokens.classes} />}
            <ActionsTile tokens={tokens} />
            {tokens.classes.length > 0 && <WalletsTile tokens={tokens} />}
            <SlippageTile trades={tokens.trades} />
          </div>
        </>
      )}
    </ReadState>
  );
}

/** Which chain is meant, or that none is and how to have one. */
function Chain({ classes }: { classes: readonly TokenClass[] }) {
  const { config } = useSession();
  if (config.chainId === null)
    return (
      <div className="hint">
        <p>
          <strong>No chain is configured.</strong> Funds deal as ever; what is asked of a chain is refused with EG424
          until there is one.
        </p>
        <p>
          To try it, set <code>CHAIN_URL=local</code> and start the stack again: it starts a chain of its own, whose
          units are worth nothing. For any other chain set <code>CHAIN_URL</code>, <code>CHAIN_ID</code> and{" "}
          <code>CHAIN_KEY_FILE</code>. Then <code>evergreen token deploy</code> puts a class there.
        </p>
      </div>
    );
  const elsewhere = classes.filter(({ chain_id }) => chain_id !== config.chainId);
  return (
    <>
      <p>Chain {config.chainId} is configured.</p>
      {elsewhere.length > 0 && (
        <p role="alert" className="problem">
          {elsewhere.map(({ fund, code }) => `${fund} ${code}`).join(", ")}: on another chain. What is asked of these
          classes is refused until CHAIN_URL is a node of theirs.
        </p>
      )}
    </>
  );
}

function SupplyTile({ tokens: { classes } }: { tokens: Tokens }) {
  const now = Date.now();
  return (
    <section className="tile across" aria-labelledby="supply">
      <h2 id="supply">Units of each class</h2>
      <Chain classes={classes} />
      <DataTable
        caption="In the register, on the chain and off it, in units"
        columns={[
          { header: "Class", cell: (row) => `${row.fund} ${row.code}`, value: (row) => `${row.fund} ${row.code}` },
          { header: "Chain", cell: (row) => String(row.chain_id), value: (row) => String(row.chain_id) },
          {
            header: "Register",
            figure: true,
            cell: (row) => number(row.register_units, 0, 18),
            value: (row) => row.register_units,
          },
          {
            header: "On chain",
            figure: true,
            cell: (row) => number(row.chain_units, 0, 18),
            value: (row) => row.chain_units,
          },
          {
            header: "Off chain",
            figure: true,
            cell: (row) => number(row.off_chain_units, 0, 18),
            value: (row) => row.off_chain_units,
          },
          {
            header: "State",
            cell: (row) => stateOf(row),
            value: stateOf,
          },
          {
            header: "Open breaks",
            figure: true,
            cell: (row) => String(row.open_breaks),
            value: (row) => String(row.open_breaks),
          },
          {
            header: "Under way",
            figure: true,
            cell: (row) => String(row.pending),
            value: (row) => String(row.pending),
          },
          { header: "Wallets", figure: true, cell: (row) => String(row.wallets), value: (row) => String(row.wallets) },
          {
            header: "Compared with the chain",
            cell: (row) =>
              row.reconciled_at === null
                ? "never"
                : `${ageOf(row.reconciled_at, now)}, block ${row.reconciled_block ?? "–"}`,
            value: (row) => row.reconciled_at ?? "",
          },
          { header: "Share token", value: (row) => row.addresses.share },
          { header: "Vault", value: (row) => row.addresses.vault },
          { header: "Identity gate", value: (row) => row.addresses.gate },
        ]}
        rows={classes}
        rowKey={(row) => row.contract_id}
        empty="No class is on a chain. evergreen token deploy asks for one to be put there; two people approve it."
        file="token-supply"
      />
    </section>
  );
}

const stateOf = ({ paused, open_breaks }: TokenClass): string =>
  [paused ? "paused" : "", open_breaks > 0 ? "differs: no NAV is struck" : ""].filter(Boolean).join(", ") || "in step";

function BreaksTile({ tokens: { breaks, classes } }: { tokens: Tokens }) {
  const classOf = (contract: string): string => {
    const found = classes.find(({ contract_id }) => contract_id === contract);
    return found === undefined ? "–" : `${found.fund} ${found.code}`;
  };
  return (
    <section className="tile across" aria-labelledby="breaks">
      <h2 id="breaks">Where chain and register differ</h2>
      {breaks.length > 0 && (
        <p role="alert" className="problem">
          No NAV of these funds is struck while a break is open. It closes by itself at the next comparison that finds
          none: <code>evergreen token reconcile</code> asks for one.
        </p>
      )}
      <DataTable
        caption="Open breaks, the oldest first, in units"
        columns={[
          { header: "What", cell: (row) => breakWords(row.kind).name, value: (row) => row.kind },
          { header: "Class", cell: (row) => classOf(row.contract_id), value: (row) => classOf(row.contract_id) },
          {
            header: "Wallet",
            cell: (row) => <code className="hash">{row.wallet || "–"}</code>,
            value: (row) => row.wallet,
          },
          {
            header: "Register",
            figure: true,
            cell: (row) => number(row.register_units, 0, 18),
            value: (row) => row.register_units,
          },
          {
            header: "Chain",
            figure: true,
            cell: (row) => number(row.chain_units, 0, 18),
            value: (row) => row.chain_units,
          },
          { header: "Block", figure: true, cell: (row) => String(row.block), value: (row) => String(row.block) },
          { header: "Since", cell: (row) => time(row.opened_at), value: (row) => row.opened_at },
          { header: "Next step", cell: (row) => breakWords(row.kind).next, value: (row) => breakWords(row.kind).next },
        ]}
        rows={breaks}
        rowKey={(row) => row.break_id}
        empty="None is open."
        file="token-breaks"
      />
    </section>
  );
}

function ActionsTile({ tokens: { actions } }: { tokens: Tokens }) {
  const columns = [
    { header: "What", cell: (row: Row) => kindName(row.kind), value: (row: Row) => row.kind },
    {
      header: "Class",
      cell: (row: Row) => `${row.fund} ${row.instrument}`,
      value: (row: Row) => `${row.fund} ${row.instrument}`,
    },
    {
      header: "Units",
      figure: true,
      cell: (row: Row) => (row.units === "0" ? "–" : number(row.units, 0, 18)),
      value: (row: Row) => row.units,
    },
    { header: "Where it stands", cell: (row: Row) => stateName(row), value: (row: Row) => row.status },
    {
      header: "Why",
      cell: (row: Row) => (row.refusal === null ? "–" : `${row.refusal.code}: ${wordsWithout(row.refusal.reason)}`),
      value: (row: Row) => row.refusal?.code ?? "",
    },
    { header: "Next step", cell: (row: Row) => <Next row={row} />, value: (row: Row) => nextOf(row).words },
    { header: "Asked for", cell: (row: Row) => time(row.created_at), value: (row: Row) => row.created_at },
    { header: "Wallet", value: (row: Row) => row.wallet ?? "" },
    { header: "Transaction", value: (row: Row) => row.tx_hash ?? "" },
    { header: "Block", value: (row: Row) => (row.block === null ? "" : String(row.block)) },
    { header: "Operation", value: (row: Row) => row.action_id },
  ];
  return (
    <section className="tile across" aria-labelledby="operations">
      <h2 id="operations">Operations</h2>
      <DataTable
        caption="Under way, the newest first"
        columns={columns}
        rows={actions.filter((row) => !hasEnded(row))}
        rowKey={(row) => row.action_id}
        empty="Nothing is under way."
        file="token-operations"
      />
      <DataTable
        caption="Ended, the newest first"
        columns={columns}
        rows={actions.filter(hasEnded)}
        rowKey={(row) => row.action_id}
        empty="No operation has ended."
        file="token-operations-ended"
      />
    </section>
  );
}
type Row = Tokens["actions"][number];

function Next({ row }: { row: Row }) {
  const { words, command } = nextOf(row);
  return (
    <>
      {words}
      {command !== undefined && (
        <>
          {" "}
          <code>{command}</code>
        </>
      )}
      {row.status === "awaiting_approval" && row.proposal_id !== null && (
        <>
          {" "}
          <Link to="/pm/proposals/$proposalId" params={{ proposalId: row.proposal_id }}>
            The proposal
          </Link>
        </>
      )}
    </>
  );
}

function WalletsTile({ tokens: { wallets } }: { tokens: Tokens }) {
  return (
    <section className="tile across" aria-labelledby="wallets">
      <h2 id="wallets">Wallets</h2>
      <DataTable
        caption="The last 200 that were registered, the oldest first"
        columns={[
          { header: "Wallet", cell: (row) => <code className="hash">{row.address}</code>, value: (row) => row.address },
          { header: "Investor", cell: (row) => row.investor, value: (row) => row.investor },
          { header: "State", cell: (row) => row.status, value: (row) => row.status },
          {
            header: "Cleared until",
            cell: (row) => (row.claim_until === null ? "not cleared" : time(row.claim_until)),
            value: (row) => row.claim_until ?? "",
          },
          {
            header: "Units on chain",
            figure: true,
            cell: (row) => number(row.units, 0, 18),
            value: (row) => row.units,
          },
        ]}
        rows={wallets}
        rowKey={(row) => row.wallet_id}
        empty="No wallet was registered: evergreen token wallet."
        file="token-wallets"
      />
    </section>
  );
}
