// The pages of the auditor's seat: every page of it begins with them.
import { Link } from "@tanstack/react-router";

const PAGES = [
  ["/audit", "Trail"],
  ["/audit/timeline", "Timeline"],
  ["/audit/samples", "Samples"],
  ["/audit/packs", "Evidence packs"],
] as const;

export function AuditMenu() {
  return (
    <nav className="pages" aria-label="Pages of the auditor">
      {PAGES.map(([to, name]) => (
        <Link key={to} to={to} activeOptions={{ exact: true, includeSearch: false }}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
