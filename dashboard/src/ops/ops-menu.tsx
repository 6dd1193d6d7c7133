// The pages of the desk, one below the other menu: every page of operations begins with it.
import { Link } from "@tanstack/react-router";

const PAGES = [
  ["/ops", "Work"],
  ["/ops/cases", "Cases"],
  ["/ops/imports", "Imports"],
  ["/ops/reconciliation", "Reconciliation"],
  ["/ops/runs", "Failures"],
  ["/ops/webhooks", "Webhooks"],
  ["/ops/schedules", "Schedules"],
  ["/ops/calendar", "Calendar"],
] as const;

export function OpsMenu() {
  return (
    <nav className="pages" aria-label="Pages of the desk">
      {PAGES.map(([to, name]) => (
        <Link key={to} to={to} activeOptions={{ exact: to === "/ops", includeSearch: false }}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
