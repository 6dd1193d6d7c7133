// What failed, in words: what could not be delivered and what had been done before, with the steps that are safe: hand over again, leave it, escalate.
import { Troubles } from "@evergreen-fund/domain/desk-pages.ts";
import { useState } from "react";
import { z } from "zod";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { useAct } from "./act.ts";
import { Decided, type Failure, FailureForm } from "./failure-form.tsx";
import { OpsMenu } from "./ops-menu.tsx";
import { actorText, Who } from "./who.tsx";

interface Letter extends Failure {
  id: string;
  event_id: string;
  fund: string | null;
  attempts: number;
  dead_at: string;
  reason: string | null;
}

const lettersOf = ({ letters, batches }: Troubles): Letter[] => [
  ...letters.map((one) => ({
    ...one,
    id: one.event_id,
    what: one.type,
    kind: "event" as const,
    subject: one.event_id,
  })),
  ...batches.map((one) => ({
    ...one,
    id: one.batch_id,
    what: `${one.events} × ${one.type}`,
    fund: null,
    kind: "batch" as const,
    subject: one.batch_id,
  })),
];

const decidedText = ({ skip, escalated }: Failure): string =>
  [
    escalated === null ? "" : `escalated to ${escalated.to_role}, due ${escalated.due_at}: ${escalated.reason}`,
    skip === null ? "" : `to be left: ${skip.reason}`,
  ]
    .filter((part) => part !== "")
    .join("; ");

export default function RunsPage() {
  const query = useRpc("fn_read_troubles", {}, Troubles);
  return (
    <>
      <h1 tabIndex={-1}>Failures</h1>
      <OpsMenu />
      <ReadState query={query}>{(page) => <Shown page={page} />}</ReadState>
    </>
  );
}

function Shown({ page }: { page: Troubles }) {
  const { person, config } = useSession();
  const may = person?.role === "ops_role" || person?.role === "pm_role";
  const [picked, setPicked] = useState<readonly string[]>([]);
  const letters = lettersOf(page);
  const chosen = letters.filter(({ id }) => picked.includes(id));
  const runs = page.runs.map((one) => ({
    ...one,
    kind: "run" as const,
    subject: one.workflow_id,
    what: `Failed run of ${nameOf(one.type.toLowerCase())}`,
  }));
  const [decides, setDecides] = useState("");
  const about = [...letters, ...runs].find(({ subject }) => subject === decides);
  const decision = (row: Failure) => (
    <>
      <Decided failure={row} />{" "}
      {may && (
        <button
          type="button"
          className="quiet"
          aria-label={`Leave or escalate ${row.what} ${row.subject.slice(0, 14)}`}
          onClick={() => setDecides(row.subject)}
        >
          Leave or escalate
        </button>
      )}
    </>
  );
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="letters">
        <h2 id="letters">Not delivered</h2>
        <p>
          An event that could not be handed over five times waits here. What was done before stays done, once: handing
          it over again does nothing twice. First mend what the reason says.
        </p>
        <DataTable
          caption="Dead letters, the oldest first"
          columns={[
            {
              header: "Event",
              cell: (row) => (
                <>
                  {may && (
                    <input
                      type="checkbox"
                      aria-label={`Choose ${row.what} ${row.id.slice(0, 8)}`}
                      checked={picked.includes(row.id)}
                      onChange={(event) =>
                        setPicked((now) =>
                          event.target.checked ? [...now, row.id] : now.filter((id) => id !== row.id),
                        )
                      }
                    />
                  )}{" "}
                  {nameOf(row.what.toLowerCase())}
                </>
              ),
              value: (row) => row.what,
            },
            { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
            { header: "Gave up", cell: (row) => time(row.dead_at), value: (row) => row.dead_at },
            {
              header: "Tries",
              figure: true,
              cell: (row) => String(row.attempts),
              value: (row) => String(row.attempts),
            },
            { header: "Reason", cell: (row) => row.reason ?? "–", value: (row) => row.reason ?? "" },
            { header: "Decided", cell: decision, value: decidedText },
            { header: "Id", cell: (row) => <code>{row.event_id}</code>, value: (row) => row.event_id },
          ]}
          rows={letters}
          rowKey={(row) => row.id}
          empty="Everything was delivered."
          file="dead-letters"
        />
        {may && chosen.length > 0 && <RetryForm chosen={chosen} done={() => setPicked([])} />}
        {may && about !== undefined && about.kind !== "run" && (
          <FailureForm key={about.subject} failure={about} close={() => setDecides("")} />
        )}
      </section>
      <section className="tile across" aria-labelledby="failed">
        <h2 id="failed">Failed runs</h2>
        <p>
          A run that failed took back what it had to before it ended; whatever it recorded stands in the list. The safe
          step is to read it, and to ask again for what it was to do: a new request is a new run.
        </p>
        <DataTable
          caption="Runs that failed, the newest first"
          columns={[
            { header: "For", cell: (row) => nameOf(row.type.toLowerCase()), value: (row) => row.type },
            { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
            { header: "Began", cell: (row) => time(row.started_at), value: (row) => row.started_at },
            {
              header: "Ended",
              cell: (row) => (row.ended_at === null ? "–" : time(row.ended_at)),
              value: (row) => row.ended_at ?? "",
            },
            {
              header: "Recorded before it failed",
              cell: (row) => row.done.map((one) => nameOf(one.toLowerCase())).join(", ") || "nothing",
              value: (row) => row.done.join(" "),
            },
            {
              header: "Next step",
              cell: (row) => (
                <>
                  <code>evergreen runs show {row.workflow_id}</code>
                  {config.temporalUiUrl !== null && (
                    <a
                      href={`${config.temporalUiUrl}/namespaces/default/workflows/${encodeURIComponent(row.workflow_id)}`}
                      rel="noreferrer"
                    >
                      {" "}
                      its history in Temporal
                    </a>
                  )}
                </>
              ),
              value: (row) => row.workflow_id,
            },
            { header: "Decided", cell: decision, value: decidedText },
          ]}
          rows={runs}
          rowKey={(row) => row.workflow_id}
          empty="No run has failed."
          file="failed-runs"
        />
        {may && about?.kind === "run" && (
          <FailureForm key={about.subject} failure={about} close={() => setDecides("")} />
        )}
      </section>
      <section className="tile across" aria-labelledby="left">
        <h2 id="left">Left</h2>
        <DataTable
          caption="What was left, the newest first"
          columns={[
            {
              header: "What",
              cell: (row) => nameOf((row.type || row.kind).toLowerCase()),
              value: (row) => `${row.kind} ${row.type}`,
            },
            { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
            { header: "Why", cell: (row) => row.reason, value: (row) => row.reason },
            { header: "Asked", cell: (row) => <Who actor={row.asked_by} />, value: (row) => actorText(row.asked_by) },
            {
              header: "Confirmed",
              cell: (row) => (row.decided_by === row.asked_by ? "no money concerned" : <Who actor={row.decided_by} />),
              value: (row) => actorText(row.decided_by),
            },
            { header: "When", cell: (row) => time(row.at), value: (row) => row.at },
            { header: "Id", cell: (row) => <code>{row.subject}</code>, value: (row) => row.subject },
          ]}
          rows={page.left}
          rowKey={(row) => row.step_id}
          empty="Nothing was left."
          file="left"
        />
      </section>
    </div>
  );
}

/** What would happen stands there before it does; each is handed over by itself. */
function RetryForm({ chosen, done }: { chosen: readonly Letter[]; done: () => void }) {
  const act = useAct();
  const [refused, setRefused] = useState<readonly string[]>([]);
  async function retry() {
    const not: string[] = [];
    for (const { event_id, what } of chosen)
      if ((await act.run("fn_retry_event", { event_id }, z.string())) === undefined) not.push(what);
    setRefused(not);
    if (not.length === 0) done();
  }
  return (
    <section className="hint" aria-label="What was chosen">
      <p>You would hand over again: {chosen.map(({ what }) => what).join(", ")}.</p>
      <p className="buttons">
        <button type="button" disabled={act.busy} onClick={() => void retry()}>
          Hand over {chosen.length}
        </button>
        <button type="button" className="quiet" onClick={done}>
          None of them
        </button>
      </p>
      <p role="alert" className="problem">
        {refused.length > 0 && `Not handed over: ${refused.join(", ")}. ${act.problem}`}
      </p>
    </section>
  );
}
