// The calendar: cut-offs, valuations, obligations, cure periods, decisions and cases of one month, as a month and as its table.
import { Calendar } from "@evergreen-fund/domain/desk-pages.ts";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { z } from "zod";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { figureColumn, timeColumn } from "../ui/columns.ts";
import { DataTable } from "../ui/data-table.tsx";
import { FundSelect } from "../ui/fund-select.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { useAct } from "./act.ts";
import { clock } from "./clock.ts";
import { dayOfMonth, monthName, nextMonth, weeksOf } from "./month.ts";
import { OpsMenu } from "./ops-menu.tsx";

type Entry = Calendar["entries"][number];
type Breach = Calendar["breaches"][number];

const KINDS: Readonly<Record<string, string>> = {
  cut_off: "Cut-off",
  valuation: "Valuation",
  obligation: "Obligation",
  cure: "End of cure period",
  decision: "Decision due",
  case: "Case due",
};
/** More than these a cell of the month does not hold; the table has all. */
const IN_CELL = 3;

export default function CalendarPage() {
  const search = useSearch({ from: "/ops/calendar" });
  const month = search.month ?? new Date().toISOString().slice(0, 7);
  const query = useRpc(
    "fn_read_calendar",
    { month: `${month}-01`, ...(search.fund === undefined ? {} : { fund: search.fund }) },
    Calendar,
  );
  return (
    <>
      <h1 tabIndex={-1}>Calendar</h1>
      <OpsMenu />
      <ReadState query={query}>{(page) => <Shown page={page} month={month} search={search} />}</ReadState>
    </>
  );
}

interface Search {
  month?: string;
  fund?: string;
  kind?: string;
}

function Shown({ page, month, search }: { page: Calendar; month: string; search: Search }) {
  const navigate = useNavigate();
  const entries = page.entries.filter(({ kind }) => search.kind === undefined || kind === search.kind);
  const go = (change: Search) => void navigate({ to: "/ops/calendar", search: { ...search, ...change } });
  const without = (name: keyof Search, value: string) => {
    const { [name]: _, ...others } = search;
    void navigate({ to: "/ops/calendar", search: value === "" ? others : { ...others, [name]: value } });
  };
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="month">
        <h2 id="month">{monthName(month)}</h2>
        <form className="filters" aria-label="Which days">
          <button type="button" className="quiet" onClick={() => go({ month: nextMonth(month, -1) })}>
            Month before
          </button>
          <button type="button" className="quiet" onClick={() => go({ month: nextMonth(month, 1) })}>
            Month after
          </button>
          <FundSelect
            funds={page.funds.map((code) => ({ code }))}
            all="all"
            value={search.fund ?? ""}
            choose={(code) => without("fund", code)}
          />
          <label>
            What
            <select value={search.kind ?? ""} onChange={(event) => without("kind", event.target.value)}>
              <option value="">everything</option>
              {Object.entries(KINDS).map(([kind, name]) => (
                <option key={kind} value={kind}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </form>
        <Month month={month} entries={entries} />
        <DataTable
          caption={`${monthName(month)} day by day`}
          columns={[
            { header: "Day", cell: (row) => date(row.day), value: (row) => row.day },
            { header: "At", cell: (row) => (row.at === null ? "–" : time(row.at)), value: (row) => row.at ?? "" },
            { header: "What", cell: (row) => KINDS[row.kind] ?? nameOf(row.kind), value: (row) => row.kind },
            { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
            { header: "Of", cell: (row) => <Of entry={row} />, value: (row) => row.title },
            { header: "State", cell: (row) => nameOf(row.state), value: (row) => row.state },
          ]}
          rows={entries}
          rowKey={(row) => `${row.kind}/${row.id}`}
          empty="Nothing falls into this month."
          file={`calendar-${month}`}
        />
      </section>
      <section className="tile across" aria-labelledby="breaches">
        <h2 id="breaches">Breaches that are not cured</h2>
        <DataTable
          caption="Breaches, by the end of their cure period"
          columns={[
            { header: "Rule", cell: (row) => row.rule, value: (row) => row.rule },
            { header: "Fund", cell: (row) => row.fund, value: (row) => row.fund },
            {
              header: "Cure",
              cell: (row) =>
                row.cure_by === null ? (
                  "at once"
                ) : (
                  <>
                    <strong>{clock(row.cure_by, page.read_at)}</strong>
                    <span className="method">{time(row.cure_by)}</span>
                  </>
                ),
              value: (row) => row.cure_by ?? "",
            },
            { header: "Kind", cell: (row) => nameOf(row.class), value: (row) => row.class },
            { header: "Cause", cell: (row) => row.cause, value: (row) => row.cause },
            figureColumn("Value", (row: Breach) => row.value),
            figureColumn("Limit", (row: Breach) => row.limit),
            timeColumn("Found", (row: Breach) => row.detected_at),
          ]}
          rows={page.breaches}
          rowKey={(row) => row.breach_id}
          empty="No breach stands."
          file="breaches"
        />
      </section>
      <section className="tile across" aria-labelledby="obligations">
        <h2 id="obligations">Obligations that are open</h2>
        <DataTable
          caption="Obligations, by due day"
          columns={[
            {
              header: "Due",
              cell: (row) => `${row.overdue ? "late: " : ""}${date(row.due_on)}`,
              value: (row) => row.due_on,
            },
            { header: "What", cell: (row) => row.title, value: (row) => row.title },
            { header: "Fund", cell: (row) => row.fund, value: (row) => row.fund },
            { header: "Owed by", cell: (row) => row.source, value: (row) => row.source },
            { header: "Code", value: (row) => row.code },
          ]}
          rows={page.obligations}
          rowKey={(row) => row.obligation_id}
          empty="No obligation is open."
          file="obligations"
        />
        <CompleteForm page={page} />
      </section>
    </div>
  );
}

function Of({ entry }: { entry: Entry }) {
  if (entry.kind === "case")
    return (
      <Link to="/ops/cases/$code" params={{ code: entry.title }}>
        {entry.title}
      </Link>
    );
  if (entry.kind === "decision")
    return (
      <Link to="/pm/proposals/$proposalId" params={{ proposalId: entry.id }}>
        {nameOf(entry.title)}
      </Link>
    );
  return entry.title;
}

/** For the eye: who listens has the same in the table below it. */
function Month({ month, entries }: { month: string; entries: readonly Entry[] }) {
  return (
    <div className="month" aria-hidden="true">
      {["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"].map((name) => (
        <b key={name}>{name}</b>
      ))}
      {weeksOf(month).map((day, at) => {
        const of = entries.filter((one) => one.day === day);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a month is a fixed grid, empty cells have no other name
          <div key={at} className={day === null ? "none" : of.length > 0 ? "busy" : undefined}>
            {day !== null && <span className="day">{dayOfMonth(day)}</span>}
            {of.slice(0, IN_CELL).map((one) => (
              <span key={`${one.kind}/${one.id}`} className="entry">
                {KINDS[one.kind]} {one.fund}
              </span>
            ))}
            {of.length > IN_CELL && <span className="entry">+ {of.length - IN_CELL}</span>}
          </div>
        );
      })}
    </div>
  );
}

function CompleteForm({ page }: { page: Calendar }) {
  const { person } = useSession();
  const act = useAct();
  const [id, setId] = useState("");
  const [evidence, setEvidence] = useState("");
  if (page.obligations.length === 0 || !(person?.role === "ops_role" || person?.role === "pm_role")) return null;
  async function complete(event: FormEvent) {
    event.preventDefault();
    const done = await act.run("fn_complete_obligation", { obligation_id: id, evidence }, z.unknown());
    if (done !== undefined) setEvidence("");
  }
  return (
    <form onSubmit={complete} aria-label="An obligation is met">
      <div className="filters">
        <label>
          Met
          <select value={id} onChange={(event) => setId(event.target.value)}>
            <option value="">choose</option>
            {page.obligations.map((one) => (
              <option key={one.obligation_id} value={one.obligation_id}>
                {one.fund}, {one.title}, {date(one.due_on)}
              </option>
            ))}
          </select>
        </label>
        <label>
          What shows it (reference of the filing; no personal data)
          <input value={evidence} maxLength={500} onChange={(event) => setEvidence(event.target.value)} />
        </label>
        <button type="submit" className="quiet" disabled={act.busy || id === "" || evidence.trim() === ""}>
          Record that it is met
        </button>
      </div>
      <p role="alert" className="problem">
        {act.problem}
      </p>
    </form>
  );
}
