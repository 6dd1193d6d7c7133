// What the database answers about an order's place in the committed book and its fill, as the file that the offline verifier takes.
import { ORDER_PROOF_FORM, type OrderProof } from "@evergreen-fund/verifier/order-proof.ts";
import { z } from "zod";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string();

export const Proof = z.object({
  dealing_day_id: z.uuid(),
  position: z.int(),
  salt: text,
  canonical: text,
  leaf: hash,
  path: z.array(z.object({ side: text, hash })),
  order_root: hash,
  deal: z.object({
    date: z.iso.date(),
    class: text,
    orders: z.int(),
    gate: z.boolean(),
    fraction: text.nullable(),
    numerator: text.nullable(),
    denominator: text.nullable(),
  }),
});

export const ORDER_COLUMNS =
  "flow_id,investor_id,direction,order_kind,requested_units::text,amount::text,vintage,elected_lots,currency";
export const Order = z.object({
  flow_id: z.uuid(),
  investor_id: z.uuid(),
  direction: z.enum(["subscription", "redemption"]),
  order_kind: z.enum(["plain", "switch", "transfer"]),
  requested_units: text.nullable(),
  amount: text.nullable(),
  vintage: text.nullable(),
  elected_lots: z.array(text),
  currency: text,
});

export const FILL_COLUMNS =
  "dealing_day_id,requested_units::text,filled_units::text,carried_units::text,price::text,gross_amount::text,levy::text,fee::text,credit::text,refund::text,net_amount::text,reason,child_flow_id,pieces";
export const Fill = z.object({
  dealing_day_id: z.uuid(),
  requested_units: text.nullable(),
  filled_units: text,
  carried_units: text,
  price: text,
  gross_amount: text,
  levy: text,
  fee: text,
  credit: text,
  refund: text,
  net_amount: text,
  reason: text.nullable(),
  child_flow_id: z.uuid().nullable(),
  pieces: z.array(z.looseObject({ units: z.coerce.string(), price: z.coerce.string(), amount: z.coerce.string() })),
});

type Places = { decimals: number; units_dp: number | null };

export function proofFile(
  proof: z.infer<typeof Proof>,
  order: z.infer<typeof Order>,
  fill: z.infer<typeof Fill> | undefined,
  places: Places,
): OrderProof {
  const { deal } = proof;
  return {
    form: ORDER_PROOF_FORM,
    order: {
      flowId: order.flow_id,
      investorId: order.investor_id,
      direction: order.direction,
      kind: order.order_kind,
      units: order.requested_units,
      amount: order.amount,
      vintage: order.vintage,
      electedLots: order.elected_lots,
    },
    currency: order.currency,
    unitsDp: places.units_dp ?? 0,
    cashDp: places.decimals,
    date: deal.date,
    className: deal.class,
    salt: proof.salt,
    canonical: proof.canonical,
    leaf: proof.leaf,
    position: proof.position,
    orders: deal.orders,
    path: proof.path,
    orderRoot: proof.order_root,
    gate: deal.gate,
    numerator: deal.numerator,
    denominator: deal.denominator,
    fraction: deal.fraction,
    fill:
      fill === undefined
        ? null
        : {
            requestedUnits: fill.requested_units,
            filledUnits: fill.filled_units,
            carriedUnits: fill.carried_units,
            price: fill.price,
            gross: fill.gross_amount,
            levy: fill.levy,
            fee: fill.fee,
            credit: fill.credit,
            refund: fill.refund,
            net: fill.net_amount,
            pieces: fill.pieces.map(({ units, price, amount }) => ({ units, price, amount })),
          },
  };
}
