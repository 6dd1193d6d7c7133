// One order as a parcel is followed: received, checked, cut-off, priced, paid, each with its day; and in words what a gate did to it.
import type { Home } from "@evergreen-fund/domain/pages.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { Link } from "@tanstack/react-router";
import { Figure } from "../figure/figure.tsx";
import { date, money, plainNumber, units } from "../words/format.ts";
import { nameOf } from "../words/names.ts";

type Order = Home["orders"][number];

/** Until an order is priced it can still end in these ways. */
const ENDED = new Set(["cancelled", "rejected", "lapsed"]);

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

/** What was paid of what was asked for, where units were asked for and not all of them dealt. */
function GateWords({ order }: { order: Order }) {
  if (order.direction !== "redemption" || order.filled_units === null || order.requested_units === null) return null;
  const places = order.units_dp ?? 4;
  if (order.reason !== "gate" && order.filled_units === order.requested_units) return null;
  return (
    <p className="hint">
      Of {units(order.requested_units, places)} units asked for, {units(order.filled_units, places)} were dealt (
      {plainNumber(decimal(order.filled_units).times(100).div(order.requested_units).toFixed(2, 1), 0, 2)} %).
      {order.reason === "gate" &&
        " The fund paid only a part of what all investors asked for on that day, the same share for everybody. The rest was carried on to the next dealing day, or ended, as your terms say."}
    </p>
  );
}

export function OrderCard({ order, linked = false }: { order: Order; linked?: boolean }) {
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
          <Figure figure="fill" id={order.flow_id}>
            {units(order.filled_units, order.units_dp ?? 4)}
          </Figure>{" "}
          units at {units(order.price, order.price_dp ?? 4)} {order.currency}
          {order.net_amount !== null && (
            <>
              :{" "}
              <Figure figure="fill_amount" id={order.flow_id}>
                {money(order.net_amount, order.decimals)}
              </Figure>{" "}
              {order.currency}
            </>
          )}
        </p>
      )}
      <GateWords order={order} />
      {linked && (
        <p>
          <Link to="/lp/orders/$flowId" params={{ flowId: order.flow_id }}>
            Its way and its proof
            <span className="unseen">
              {" "}
              : {nameOf(order.direction)} of {asked(order)}
            </span>
          </Link>
        </p>
      )}
    </article>
  );
}
