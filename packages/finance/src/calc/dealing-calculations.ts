// Registry entries of the dealing day.
import { ORDER_CALCULATIONS } from "./dealing-orders.ts";
import { PRICING_CALCULATIONS } from "./dealing-prices.ts";

export const DEALING_CALCULATIONS = [...ORDER_CALCULATIONS, ...PRICING_CALCULATIONS];
