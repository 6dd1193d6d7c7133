// The figures along an axis: "560M". They say where one is; the exact values stand in the table.
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const short = (value: number): string => SHORT.format(value);
