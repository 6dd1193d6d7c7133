// A share as a page writes it: "29.41 %", without a sign, since a share is no change.
import { percent } from "../words/format.ts";

export const fraction = (ratio: string, places = 2): string => percent(ratio, places).replace("+", "");
