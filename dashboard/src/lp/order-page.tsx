// One order on its own page: where it is on its way, what the gate did to it, and the proof of its fill.
import { Home } from "@evergreen-fund/domain/pages.ts";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useRpc } from "../api/read.ts";
import { ReadState } from "../ui/read-state.tsx";
import { OrderCard } from "./order-card.tsx";

const ProofTile = lazy(() => import("./proof-tile.tsx"));

export default function OrderPage() {
  const { flowId } = useParams({ from: "/lp/orders/$flowId" });
  const query = useRpc("fn_read_home", {}, Home);
  return (
    <>
      <h1 tabIndex={-1}>Order</h1>
      <ReadState query={query}>
        {({ orders }) => {
          const order = orders.find(({ flow_id }) => flow_id === flowId);
          if (order === undefined)
            return <p className="empty">There is no such order among your newest 50 that you may see.</p>;
          return (
            <div className="tiles">
              <section className="tile across" aria-label="Its way">
                <OrderCard order={order} />
              </section>
              {order.locked_at === null ? (
                <p className="empty">The proof begins with the cut-off: the order is in no committed book yet.</p>
              ) : (
                <Suspense fallback={<p className="state">Loading …</p>}>
                  <ProofTile order={order} />
                </Suspense>
              )}
            </div>
          );
        }}
      </ReadState>
    </>
  );
}
