// Hidden amounts stay hidden in this tab, also after it is loaded again.
import { amountsAreHidden, hideAmounts } from "../words/hidden.ts";

const KEY = "evergreen-hide-amounts";

export function applyHidden(): void {
  hideAmounts(sessionStorage.getItem(KEY) === "yes");
}

export function toggleHidden(): void {
  hideAmounts(!amountsAreHidden());
  sessionStorage.setItem(KEY, amountsAreHidden() ? "yes" : "no");
}
