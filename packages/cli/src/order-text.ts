// Words about an order for a person. Pure.
import { figure, money } from "./output.ts";
import type { OrderRow } from "./reads/orders.ts";

/** What one order asks for, in its own measure: "200.0000 units" or "10,800.00 USD". */
export function asked(order: OrderRow): string {
  if (order.requested_units !== null) return `${figure(order.requested_units, order.share_class?.units_dp ?? 0)} units`;
  return order.amount === null ? "what the other leg gives" : `${money(order.amount)} ${order.currency}`;
}
