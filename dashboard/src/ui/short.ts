// The figures along an axis: "560M". They say where one is; the exact values stand in the table.
import { amountsAreHidden, MASK } from "../words/hidden.ts";

const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const short = (value: number): string => (amountsAreHidden() ? MASK : SHORT.format(value));
