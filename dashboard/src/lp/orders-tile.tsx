// Every order with its way; the newest three at once.
import type { Home } from "@evergreen-fund/domain/pages.ts";
import { OrderCard } from "./order-card.tsx";

const SHOWN_AT_ONCE = 3;

export function OrdersTile({ home: { orders } }: { home: Home }) {
  const [first, rest] = [orders.slice(0, SHOWN_AT_ONCE), orders.slice(SHOWN_AT_ONCE)];
  return (
    <section className="tile" aria-labelledby="orders">
      <h2 id="orders">Orders</h2>
      {orders.length === 0 && <p className="empty">There is no order yet.</p>}
      {first.map((order) => (
        <OrderCard key={order.flow_id} order={order} linked />
      ))}
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} earlier orders</summary>
          {rest.map((order) => (
            <OrderCard key={order.flow_id} order={order} linked />
          ))}
        </details>
      )}
    </section>
  );
}
