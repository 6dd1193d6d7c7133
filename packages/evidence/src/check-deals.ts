// The dealing dates of a pack, each recomputed by the verifier from its own rows.
import { type DealRecord, verifyDeal } from "@evergreen-fund/verifier";
import type { CheckName } from "./verify.ts";

export function dealFindings(
  text: string,
  name: string,
  found: (check: CheckName, member: string | null, says: string) => void,
): void {
  const verdict = verifyDeal(JSON.parse(text) as DealRecord);
  for (const day of verdict.days)
    for (const finding of day.findings)
      if (finding.ok === false) found("dealing dates", name, `class ${day.class}, ${finding.check}: ${finding.says}`);
}
