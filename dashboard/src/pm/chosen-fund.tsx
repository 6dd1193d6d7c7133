// Which fund a page is about: the one of the address, or the first by code; a choice where there are several.
import { useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { z } from "zod";
import { useTable } from "../api/read.ts";
import { FundSelect } from "../ui/fund-select.tsx";

const Fund = z.object({ fund_id: z.uuid(), code: z.string(), name: z.string() });
const MOST_FUNDS = 100;

interface Props {
  /** The code in the address. */
  fund: string | undefined;
  /** What no fund is called where a page shows all of them together; left out, it shows one. */
  all?: string;
  /** Of the fund that is shown, once it is known. */
  children: (args: { fund_id?: string }, choice: (shown: string) => ReactNode) => ReactNode;
}

export function ChosenFund({ fund, all, children }: Props) {
  const query = useTable("funds", "fund_id,code,name", "code", MOST_FUNDS, Fund);
  const funds = [...(query.data ?? [])].sort((a, b) => (a.code < b.code ? -1 : 1));
  const router = useRouter();
  const choice = (shown: string): ReactNode =>
    funds.length > 1 && (
      <FundSelect
        className="fund-choice"
        funds={funds}
        value={shown}
        {...(all === undefined ? {} : { all })}
        choose={(code) => {
          const { pathname } = router.state.location;
          router.history.push(code === "" ? pathname : `${pathname}?fund=${encodeURIComponent(code)}`);
        }}
      />
    );
  if (fund === undefined) return children({}, choice);
  const chosen = funds.find(({ code }) => code === fund);
  if (chosen !== undefined) return children({ fund_id: chosen.fund_id }, choice);
  return query.data === undefined && query.error === null ? (
    <p className="state" role="status">
      Loading …
    </p>
  ) : (
    <p className="empty">There is no fund {fund} that you may see.</p>
  );
}
