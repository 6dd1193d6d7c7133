// What waits for a decision of mine, then what waits for others; and the alerts that nobody has looked at.
import type { Morning } from "@evergreen-fund/domain/pages.ts";
import { Link } from "@tanstack/react-router";
import { DataTable } from "../ui/data-table.tsx";
import { time } from "../words/format.ts";
import { wordsWithout } from "../words/hidden.ts";
import { nameOf } from "../words/names.ts";

export function DecisionsTile({ morning: { waiting, alerts } }: { morning: Morning }) {
  const mine = waiting.filter((row) => row.mine).length;
  return (
    <section className="tile" aria-labelledby="waiting">
      <h2 id="waiting">Waiting for a decision</h2>
      <p data-figure="mine">
        {mine === 0 ? "Nothing waits for you." : `${mine} ${mine === 1 ? "proposal waits" : "proposals wait"} for you.`}
      </p>
      <DataTable
        caption="Proposals that are open"
        columns={[
          {
            header: "Proposal",
            cell: (row) => (
              <Link to="/pm/proposals/$proposalId" params={{ proposalId: row.proposal_id }}>
                {nameOf(row.kind)}
              </Link>
            ),
            value: (row) => row.proposal_id,
          },
          {
            header: "For you",
            cell: (row) => (row.mine ? "yes" : "no: somebody else decides"),
            value: (row) => String(row.mine),
          },
          {
            header: "Approvals",
            figure: true,
            cell: (row) => `${row.approvals} of ${row.approvals_needed}`,
            value: (row) => `${row.approvals}/${row.approvals_needed}`,
          },
          { header: "Decide before", cell: (row) => time(row.expires_at), value: (row) => row.expires_at },
        ]}
        rows={[...waiting].sort((a, b) => Number(b.mine) - Number(a.mine))}
        rowKey={(row) => row.proposal_id}
        empty="No proposal is open."
      />
      <h3>Alerts nobody has looked at</h3>
      {alerts.length === 0 ? (
        <p className="empty">None.</p>
      ) : (
        <ul className="alerts">
          {alerts.map((alert) => (
            <li key={alert.alert_id}>
              <strong>{alert.severity}</strong>: {wordsWithout(alert.reason)}{" "}
              <span className="faint">{time(alert.created_at)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
