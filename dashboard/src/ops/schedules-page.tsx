// The clocks of the platform: when each fires next, what its last run came to, who paused it and why; operations pause, resume and backfill from here.
import { Schedules } from "@evergreen-fund/domain/desk-pages.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { timeColumn } from "../ui/columns.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { OpsMenu } from "./ops-menu.tsx";
import { ScheduleForm } from "./schedule-form.tsx";
import { actorText, Who } from "./who.tsx";

type Clock = Schedules["schedules"][number];
type Run = Pick<Clock, "schedule_id" | "zone"> & Clock["recent"][number];

/** Half a minute is how often the worker tells them; three times that, and it is not there. */
const STALE_MS = 90_000;

/** By the clock of the schedule's own zone, which is named. */
function inZone(at: string, zone: string): string {
  const said = new Intl.DateTimeFormat("en", {
    dateStyle: "medium",
    timeStyle: "short",
    hourCycle: "h23",
    timeZone: zone,
  });
  return `${said.format(new Date(at))} ${zone}`;
}

const KINDS: readonly [RegExp, string][] = [
  [/^deal\//, "opens dealing days"],
  [/^token\//, "compares chain and register"],
  [/^stress\//, "asks for the nightly stress run"],
  [/^platform\/retention$/, "archives what is past its term"],
  [/^platform\/kyc$/, "opens reviews that fall due"],
  [/^platform\/lists$/, "fetches sanctions lists"],
  [/^platform\/calendar$/, "tells of obligations that fall due"],
];
const purpose = (id: string): string => KINDS.find(([form]) => form.test(id))?.[1] ?? "runs a workflow";

export default function SchedulesPage() {
  const query = useRpc("fn_read_schedules", {}, Schedules);
  return (
    <>
      <h1 tabIndex={-1}>Schedules</h1>
      <OpsMenu />
      <ReadState query={query}>{(page) => <Shown page={page} />}</ReadState>
    </>
  );
}

function Shown({ page }: { page: Schedules }) {
  const { person } = useSession();
  const { clock } = useSearch({ from: "/ops/schedules" });
  const navigate = useNavigate();
  const may = person?.role === "ops_role";
  const chosen = page.schedules.find(({ schedule_id }) => schedule_id === clock);
  const oldest = Math.min(...page.schedules.map(({ told_at }) => Date.parse(told_at)));
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="clocks">
        <h2 id="clocks">Clocks</h2>
        <p data-figure="clocks">
          {page.schedules.length === 0
            ? "No worker has told of a clock yet: it makes one for each class with dealing terms, and tells within half a minute."
            : `${page.schedules.length} clocks, ${page.schedules.filter(({ paused }) => paused).length} paused. As Temporal said at ${time(oldest)}.`}
        </p>
        {page.schedules.length > 0 && Date.parse(page.read_at) - oldest > STALE_MS && (
          <p role="alert" className="problem">
            The worker that keeps the clocks has said nothing for longer than a minute: what is shown may be old, and
            what is asked waits until it is back.
          </p>
        )}
        <DataTable
          caption="When each fires, by its own zone"
          columns={[
            {
              header: "Schedule",
              cell: (row) => (
                <>
                  <code>{row.schedule_id}</code>
                  <br />
                  <span className="faint">{purpose(row.schedule_id)}</span>
                </>
              ),
              value: (row) => row.schedule_id,
            },
            {
              header: "Fires",
              cell: (row) => `${row.fires} (${row.zone})`,
              value: (row) => `${row.fires} ${row.zone}`,
            },
            {
              header: "Next",
              cell: (row) =>
                row.paused ? "paused" : row.next_at[0] === undefined ? "–" : inZone(row.next_at[0], row.zone),
              value: (row) => row.next_at[0] ?? "",
            },
            {
              header: "Last run",
              cell: (row) => <LastRun clock={row} />,
              value: (row) => row.recent.at(-1)?.status ?? "",
            },
            { header: "What was asked", cell: (row) => <AskedOf clock={row} />, value: askedText },
            ...(may
              ? [
                  {
                    header: "Act",
                    cell: (row: Clock) => (
                      <button
                        type="button"
                        className="quiet"
                        aria-label={`Act on ${row.schedule_id}`}
                        onClick={() =>
                          void navigate({ to: "/ops/schedules", search: { clock: row.schedule_id }, replace: true })
                        }
                      >
                        Act
                      </button>
                    ),
                  },
                ]
              : []),
          ]}
          rows={page.schedules}
          rowKey={(row) => row.schedule_id}
          empty="There is no clock yet."
          file="schedules"
        />
        {may && chosen !== undefined && (
          <ScheduleForm
            key={chosen.schedule_id}
            clock={chosen}
            close={() => void navigate({ to: "/ops/schedules", search: {}, replace: true })}
          />
        )}
        {!may && <p>Operations pause, resume and backfill a clock; here it is read only.</p>}
      </section>
      <section className="tile across" aria-labelledby="runs">
        <h2 id="runs">Last runs</h2>
        <DataTable
          caption="What each clock started last"
          columns={[
            { header: "Schedule", cell: (row) => <code>{row.schedule_id}</code>, value: (row) => row.schedule_id },
            { header: "Was due", cell: (row) => inZone(row.due, row.zone), value: (row) => row.due },
            timeColumn("Started", (row: Run) => row.started),
            { header: "State", cell: (row) => row.status, value: (row) => row.status },
            { header: "Workflow", cell: (row) => <code>{row.workflow_id}</code>, value: (row) => row.workflow_id },
          ]}
          rows={page.schedules.flatMap(({ schedule_id, zone, recent }) =>
            recent.map((run) => ({ schedule_id, zone, ...run })).reverse(),
          )}
          rowKey={(row) => `${row.workflow_id}/${row.due}`}
          empty="No clock has fired yet."
          file="schedule-runs"
        />
      </section>
      <section className="tile across" aria-labelledby="said">
        <h2 id="said">Who said what</h2>
        <DataTable
          caption="What people asked of the clocks, here or by a command, the newest first"
          columns={[
            { header: "Schedule", cell: (row) => <code>{row.schedule_id}</code>, value: (row) => row.schedule_id },
            { header: "What", cell: (row) => nameOf(row.action), value: (row) => row.action },
            { header: "Why", cell: (row) => row.note, value: (row) => row.note },
            { header: "By", cell: (row) => <Who actor={row.by} />, value: (row) => actorText(row.by) },
            timeColumn("When", (row: Schedules["notes"][number]) => row.at),
          ]}
          rows={page.notes}
          rowKey={(row) => `${row.schedule_id}/${row.at}/${row.action}`}
          empty="Nobody has asked anything of a clock."
          file="schedule-notes"
        />
      </section>
    </div>
  );
}

function LastRun({ clock }: { clock: Clock }) {
  const last = clock.recent.at(-1);
  return last === undefined ? "none yet" : `${last.status}, due ${inZone(last.due, clock.zone)}`;
}

const askedText = ({ asked }: Clock): string =>
  asked === null
    ? ""
    : `${asked.action}: ${asked.note}; ${asked.answered_at === null ? "waits for the worker" : `${asked.outcome}, ${asked.says}`}`;

function AskedOf({ clock: { asked } }: { clock: Clock }) {
  if (asked === null) return "–";
  const days = asked.first_day === null ? "" : ` of ${asked.first_day} to ${asked.last_day}`;
  return (
    <>
      {nameOf(asked.action)}
      {days} by <Who actor={asked.by} />: {asked.note}.{" "}
      <strong>
        {asked.answered_at === null
          ? "Waits for the worker."
          : `${asked.outcome === "done" ? "Done" : "Refused"}: ${asked.says}`}
      </strong>
    </>
  );
}
