// What happened to one fund, investor, asset, order or proposal: as of a day, and as it was known at a moment; before, after, who, under which rule.
import { Timeline } from "@evergreen-fund/domain/desk-pages.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { AuditMenu } from "./audit-menu.tsx";
import type { TimelineSearch } from "./audit-search.ts";

export default function TimelinePage() {
  const search = useSearch({ from: "/audit/timeline" });
  return (
    <>
      <h1 tabIndex={-1}>Timeline</h1>
      <AuditMenu />
      <AskForm key={JSON.stringify(search)} search={search} />
      {search.of === undefined ? (
        <p className="empty">Name a fund, an investor or an asset by its code, or anything by its id.</p>
      ) : (
        <Answer of={search.of} search={search} />
      )}
    </>
  );
}

function AskForm({ search }: { search: TimelineSearch }) {
  const navigate = useNavigate();
  const [of, setOf] = useState(search.of ?? "");
  const [asOf, setAsOf] = useState(search.asOf ?? "");
  const [asKnown, setAsKnown] = useState(search.asKnown?.slice(0, 16) ?? "");
  function ask(event: FormEvent) {
    event.preventDefault();
    void navigate({
      to: "/audit/timeline",
      search: {
        ...(of.trim() === "" ? {} : { of: of.trim() }),
        ...(asOf === "" ? {} : { asOf }),
        ...(asKnown === "" ? {} : { asKnown: `${asKnown.slice(0, 16)}Z` }),
      },
    });
  }
  return (
    <form onSubmit={ask} aria-label="Of what, and when">
      <div className="filters">
        <label>
          Code or id
          <input value={of} maxLength={200} onChange={(event) => setOf(event.target.value)} />
        </label>
        <label>
          As of the end of (day, UTC)
          <input type="date" value={asOf} onChange={(event) => setAsOf(event.target.value)} />
        </label>
        <label>
          As known at (UTC)
          <input type="datetime-local" value={asKnown} onChange={(event) => setAsKnown(event.target.value)} />
        </label>
        <button type="submit">Show</button>
      </div>
    </form>
  );
}

function Answer({ of, search }: { of: string; search: TimelineSearch }) {
  const query = useRpc(
    "fn_read_timeline",
    {
      name: of,
      ...(search.asOf === undefined ? {} : { as_of: search.asOf }),
      ...(search.asKnown === undefined ? {} : { as_known: search.asKnown }),
    },
    Timeline.nullable(),
  );
  return (
    <ReadState query={query}>
      {(page) =>
        page === null ? (
          <p className="empty">There is no fund, investor, order, asset or proposal of that name that you may see.</p>
        ) : (
          <Shown page={page} search={search} />
        )
      }
    </ReadState>
  );
}

function Shown({ page, search }: { page: Timeline; search: TimelineSearch }) {
  const navigate = useNavigate();
  const kinds = [...new Set(page.entries.map(({ kind }) => kind))].sort();
  const rows = page.entries.filter(({ kind }) => search.kind === undefined || kind === search.kind);
  return (
    <section className="tile" aria-labelledby="what">
      <h2 id="what">
        {nameOf(page.kind)} {page.label}
        {page.fund !== null && page.kind !== "fund" && ` of ${page.fund}`}
      </h2>
      <p data-figure="entries">
        {page.entries_in_all} entries
        {search.asOf !== undefined && `, effective up to ${date(search.asOf)}`}
        {search.asKnown !== undefined && `, known at ${time(search.asKnown)}`}
        {page.entries_in_all > page.entries.length && `; the newest ${page.entries.length} are shown`}.
      </p>
      <form className="filters" aria-label="Which entries">
        <label>
          Kind
          <select
            value={search.kind ?? ""}
            onChange={(event) => {
              const { kind: _, ...others } = search;
              const kind = event.target.value;
              void navigate({ to: "/audit/timeline", search: kind === "" ? others : { ...others, kind } });
            }}
          >
            <option value="">all</option>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {nameOf(kind)}
              </option>
            ))}
          </select>
        </label>
      </form>
      <DataTable
        caption={`What happened to ${page.label}, the newest first`}
        columns={[
          { header: "Known since", cell: (row) => time(row.recorded_at), value: (row) => row.recorded_at },
          { header: "Effective", cell: (row) => time(row.effective_at), value: (row) => row.effective_at },
          { header: "Kind", cell: (row) => nameOf(row.kind), value: (row) => row.kind },
          {
            header: "What",
            cell: (row) => (row.kind === "event" ? nameOf(row.what.toLowerCase()) : row.what),
            value: (row) => row.what,
          },
          {
            header: "Before",
            figure: true,
            cell: (row) => nameOf(row.before ?? "–"),
            value: (row) => row.before ?? "",
          },
          { header: "After", figure: true, cell: (row) => nameOf(row.after ?? "–"), value: (row) => row.after ?? "" },
          { header: "Who", cell: (row) => <span className="hash">{row.by}</span>, value: (row) => row.by },
          { header: "Rule, policy or hash", cell: (row) => row.rule ?? "–", value: (row) => row.rule ?? "" },
          { header: "Reference", value: (row) => row.ref },
        ]}
        rows={rows}
        rowKey={(row) => `${row.kind}/${row.ref}/${row.recorded_at}/${row.after ?? ""}`}
        empty="Nothing was there as of that day and moment."
        file={`timeline-${page.label.replace(/[^A-Za-z0-9_-]+/g, "-")}`}
      />
    </section>
  );
}
