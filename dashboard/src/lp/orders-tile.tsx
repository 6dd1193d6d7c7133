// Every order as a parcel is followed: received, checked, cut-off, priced, paid, each with its day.
import type { Home } from "@evergreen-fund/domain/pages.ts";
import { date, money, units } from "../words/format.ts";
import { nameOf } from "../words/names.ts";

type Order = Home["orders"][number];

/** Until an order is priced it can still end in these ways. */
const ENDED = new Set(["cancelled", "rejected", "lapsed"]);
const SHOWN_AT_ONCE = 3;

function stepsOf(order: Order): { name: string; at: string | null }[] {
  return [
    { name: "Received", at: order.requested_at },
    { name: "Checked", at: order.accepted_at },
    { name: "Cut-off", at: order.locked_at },
    { name: "Priced", at: order.priced_at },
    { name: order.direction === "redemption" ? "Paid to you" : "Units are yours", at: order.settled_at },
  ];
}

function asked(order: Order): string {
  if (order.amount !== null) return `${money(order.amount, order.decimals)} ${order.currency}`;
  return order.requested_units === null ? "" : `${units(order.requested_units, order.units_dp ?? 4)} units`;
}

function OrderCard({ order }: { order: Order }) {
  const steps = stepsOf(order);
  const now = steps.findLastIndex(({ at }) => at !== null);
  return (
    <article className="order" aria-label={`${nameOf(order.direction)} of ${asked(order)}`}>
      <h3>
        {nameOf(order.direction)} of {asked(order)}
        <span className="faint">
          {" "}
          · class {order.share_class ?? "–"} · {order.investor}
        </span>
      </h3>
      <p>
        {nameOf(order.status)}
        {order.dealing_date !== null && ` · dealing day ${date(order.dealing_date)}`}
      </p>
      {ENDED.has(order.status) ? null : (
        <ol className="steps">
          {steps.map((step, at) => (
            <li
              key={step.name}
              className={step.at === null ? "to-come" : "done"}
              aria-current={at === now ? "step" : undefined}
            >
              <strong>{step.name}</strong>
              <span>{step.at === null ? "to come" : date(step.at)}</span>
            </li>
          ))}
        </ol>
      )}
      {order.filled_units !== null && order.price !== null && (
        <p>
          {units(order.filled_units, order.units_dp ?? 4)} units at {units(order.price, order.price_dp ?? 4)}{" "}
          {order.currency}
          {order.net_amount !== null && `: ${money(order.net_amount, order.decimals)} ${order.currency}`}
        </p>
      )}
      {order.reason === "gate" && (
        <p className="hint">
          The fund paid only a part of what all investors asked for on that day, in the same share for everybody. The
          rest was carried on.
        </p>
      )}
    </article>
  );
}

export function OrdersTile({ home: { orders } }: { home: Home }) {
  const [first, rest] = [orders.slice(0, SHOWN_AT_ONCE), orders.slice(SHOWN_AT_ONCE)];
  return (
    <section className="tile" aria-labelledby="orders">
      <h2 id="orders">Orders</h2>
      {orders.length === 0 && <p className="empty">There is no order yet.</p>}
      {first.map((order) => (
        <OrderCard key={order.flow_id} order={order} />
      ))}
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} earlier orders</summary>
          {rest.map((order) => (
            <OrderCard key={order.flow_id} order={order} />
          ))}
        </details>
      )}
    </section>
  );
}
