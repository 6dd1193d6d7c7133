// An investor's home: what it is worth, what went in and came out, where each order stands, which statements there are.
import { Home } from "@evergreen-fund/domain/pages.ts";
import { lazy, Suspense } from "react";
import { useRpc } from "../api/read.ts";
import { ReadState } from "../ui/read-state.tsx";
import { HoldingsTile } from "./holdings-tile.tsx";
import { OrdersTile } from "./orders-tile.tsx";
import { StatementsTile } from "./statements-tile.tsx";

const PerformanceTile = lazy(() => import("./performance-tile.tsx"));

export default function HomePage() {
  const query = useRpc("fn_read_home", {}, Home);
  return (
    <>
      <h1 tabIndex={-1}>My investment</h1>
      <ReadState query={query}>
        {(home) => (
          <div className="tiles">
            <HoldingsTile home={home} />
            <OrdersTile home={home} />
            {[...new Set(home.holdings.map(({ fund }) => fund))].map((fund) => (
              <Suspense key={fund} fallback={<p className="state">Computing …</p>}>
                <PerformanceTile fund={fund} />
              </Suspense>
            ))}
            <StatementsTile home={home} />
          </div>
        )}
      </ReadState>
    </>
  );
}
