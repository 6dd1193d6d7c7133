// The desk of operations: what waits for somebody, by due time, with the safe next step; the newest runs and imports.
import { Desk } from "@evergreen-fund/domain/pages.ts";
import { Link } from "@tanstack/react-router";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { IncidentNote } from "../ui/incident-note.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { nextStep } from "./next-step.ts";
import { OpsMenu } from "./ops-menu.tsx";

const CLOCK_MS = 24 * 60 * 60_000;

/** Told by a word, not by colour: late, today, or nothing. */
function urgency(due: string | null, now: string): string {
  if (due === null) return "";
  const left = Date.parse(due) - Date.parse(now);
  return left < 0 ? "late: " : left < CLOCK_MS ? "within a day: " : "";
}

export default function DeskPage() {
  const query = useRpc("fn_read_desk", {}, Desk);
  return (
    <>
      <h1 tabIndex={-1}>Desk</h1>
      <IncidentNote />
      <OpsMenu />
      <ReadState query={query}>{(desk) => <Shown desk={desk} />}</ReadState>
    </>
  );
}

function Shown({ desk }: { desk: Desk }) {
  const { outbox, work } = desk;
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="work">
        <h2 id="work">Work</h2>
        <p data-figure="work">
          {work.length === 0 ? "Nothing waits." : `${work.length} things wait for somebody.`} Events to deliver:{" "}
          {outbox.waiting}
          {outbox.oldest !== null && ` (the oldest since ${time(outbox.oldest)})`}; dead letters: {outbox.dead}.
        </p>
        <DataTable
          caption="What waits, by due time"
          columns={[
            {
              header: "What",
              cell: (row) => <What work={row} />,
              value: (row) => `${row.kind} ${row.what}`,
            },
            { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
            {
              header: "Due",
              cell: (row) => (row.due === null ? "–" : `${urgency(row.due, desk.read_at)}${time(row.due)}`),
              value: (row) => row.due ?? "",
            },
            { header: "Since", cell: (row) => time(row.since), value: (row) => row.since },
            { header: "Why", cell: (row) => row.reason ?? "–", value: (row) => row.reason ?? "" },
            { header: "Next step", cell: (row) => <NextStep text={nextStep(row)} />, value: nextStep },
          ]}
          rows={work}
          rowKey={(row) => `${row.kind}/${row.id}`}
          empty="Nothing waits for anybody."
          file="work"
        />
      </section>
      <section className="tile" aria-labelledby="runs">
        <h2 id="runs">Runs</h2>
        <DataTable
          caption="The newest runs"
          columns={[
            { header: "Run", cell: (row) => <code>{row.workflow_id}</code>, value: (row) => row.workflow_id },
            { header: "For", cell: (row) => nameOf(row.type.toLowerCase()), value: (row) => row.type },
            { header: "State", cell: (row) => row.status, value: (row) => row.status },
            { header: "Began", cell: (row) => time(row.started_at), value: (row) => row.started_at },
          ]}
          rows={desk.runs}
          rowKey={(row) => row.workflow_id}
          empty="No workflow has run yet."
          file="runs"
        />
      </section>
      <section className="tile" aria-labelledby="imports">
        <h2 id="imports">Imports</h2>
        <DataTable
          caption="The newest imports"
          columns={[
            { header: "File", cell: (row) => row.file_name, value: (row) => row.file_name },
            { header: "Kind", cell: (row) => nameOf(row.kind), value: (row) => row.kind },
            { header: "Rows", figure: true, cell: (row) => String(row.rows), value: (row) => String(row.rows) },
            {
              header: "Taken",
              figure: true,
              cell: (row) => String(row.accepted),
              value: (row) => String(row.accepted),
            },
            {
              header: "Refused",
              figure: true,
              cell: (row) => String(row.refused),
              value: (row) => String(row.refused),
            },
            {
              header: "Unmatched",
              figure: true,
              cell: (row) => String(row.unmatched),
              value: (row) => String(row.unmatched),
            },
            { header: "State", cell: (row) => nameOf(row.status), value: (row) => row.status },
          ]}
          rows={desk.imports}
          rowKey={(row) => row.import_id}
          empty="No file has been imported yet: evergreen import --help"
          file="imports"
        />
      </section>
    </div>
  );
}

/** What waits, with the page on which it is taken up where there is one. */
function What({ work: { kind, id, what } }: { work: Desk["work"][number] }) {
  const words = `${nameOf(kind)}: ${nameOf(what)}`;
  switch (kind) {
    case "proposal":
      return (
        <Link to="/pm/proposals/$proposalId" params={{ proposalId: id }}>
          {words}
        </Link>
      );
    case "webhook":
    case "webhook_deliveries":
      return (
        <Link to="/ops/webhooks" search={{ endpoint: id }}>
          {words}
        </Link>
      );
    case "dealing_day":
      return (
        <Link to="/pm/dealing" search={{ day: id }}>
          {words}
        </Link>
      );
    default:
      return words;
  }
}

/** A command reads as one. */
function NextStep({ text }: { text: string }) {
  const [words = "", command] = text.split(": evergreen ");
  return command === undefined ? (
    words
  ) : (
    <>
      {words}: <code>evergreen {command}</code>
    </>
  );
}
