// The morning page: what the fund is worth and why that changed, whether its liquidity holds, last night's stress, what waits for me.
import { Morning } from "@evergreen-fund/domain/pages.ts";
import { useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useRpc } from "../api/read.ts";
import { IncidentNote } from "../ui/incident-note.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { ChosenFund } from "./chosen-fund.tsx";
import { DecisionsTile } from "./decisions-tile.tsx";
import { LadderTile } from "./ladder-tile.tsx";
import { NavTile } from "./nav-tile.tsx";
import { StressTile } from "./stress-tile.tsx";

export default function MorningPage() {
  const { fund } = useSearch({ from: "/pm" });
  return (
    <>
      <h1 tabIndex={-1}>Morning</h1>
      <IncidentNote />
      <ChosenFund fund={fund}>{(args, choice) => <Shown args={args} choice={choice} />}</ChosenFund>
    </>
  );
}

function Shown({ args, choice }: { args: { fund_id?: string }; choice: (shown: string) => ReactNode }) {
  const query = useRpc("fn_read_morning", args, Morning.nullable());
  return (
    <ReadState query={query}>
      {(morning) =>
        morning === null ? (
          <p className="empty">
            There is no fund yet that you may see. Import one: evergreen import nport FILE --fund CODE
          </p>
        ) : (
          <>
            <p className="fund">
              <strong>{morning.fund.name}</strong> · {morning.fund.code} · amounts in {morning.fund.currency}
              {morning.fund.synthetic && <span className="tag">synthetic data</span>}
            </p>
            {choice(morning.fund.code)}
            <div className="tiles">
              <DecisionsTile morning={morning} />
              <NavTile morning={morning} />
              <StressTile morning={morning} />
              <LadderTile morning={morning} />
            </div>
          </>
        )
      }
    </ReadState>
  );
}
