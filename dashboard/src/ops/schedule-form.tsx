// What operations ask of a clock: pause, resume, or fire it for dates that it missed; always with the reason. The worker does it and says what came of it.
import type { Schedules } from "@evergreen-fund/domain/desk-pages.ts";
import { type FormEvent, useState } from "react";
import { z } from "zod";
import { useAct } from "./act.ts";

type Clock = Schedules["schedules"][number];

const MOST_DAYS = 366;
const DAY_MS = 86_400_000;
const day = (back: number): string => new Date(Date.now() - back * DAY_MS).toISOString().slice(0, 10);

const WHAT = {
  pause: "It fires no more until somebody resumes it. What is running goes on.",
  resume: "It fires again from now on. What was due meanwhile is not made up: a backfill does that.",
  backfill:
    "It fires once for every time that was due on these dates by its own zone. A day that exists is not made twice.",
} as const;

export function ScheduleForm({ clock, close }: { clock: Clock; close: () => void }) {
  const act = useAct();
  const [backfills, setBackfills] = useState(false);
  // follows the clock: another person may pause or resume it while this is open
  const action: keyof typeof WHAT = backfills ? "backfill" : clock.paused ? "resume" : "pause";
  const [note, setNote] = useState("");
  const [first, setFirst] = useState(day(7));
  const [last, setLast] = useState(day(1));
  const span = (Date.parse(last) - Date.parse(first)) / DAY_MS;
  const wrong = action === "backfill" && !(span >= 0 && span < MOST_DAYS);
  async function ask(event: FormEvent) {
    event.preventDefault();
    const days = action === "backfill" ? { first_day: first, last_day: last } : {};
    const args = { schedule_id: clock.schedule_id, action, note, ...days };
    const asked = await act.run("fn_ask_schedule", args, z.object({ event_id: z.string() }));
    if (asked !== undefined) close();
  }
  return (
    <form className="hint" onSubmit={ask} aria-label={`What to do with ${clock.schedule_id}`}>
      <div className="filters">
        <label>
          What
          <select value={action} onChange={(event) => setBackfills(event.target.value === "backfill")}>
            {clock.paused ? <option value="resume">Resume</option> : <option value="pause">Pause</option>}
            <option value="backfill">Backfill</option>
          </select>
        </label>
        {action === "backfill" && (
          <>
            <label>
              First day
              <input type="date" value={first} max={last} onChange={(event) => setFirst(event.target.value)} />
            </label>
            <label>
              Last day
              <input type="date" value={last} min={first} onChange={(event) => setLast(event.target.value)} />
            </label>
          </>
        )}
        <label>
          Why
          <input value={note} maxLength={300} onChange={(event) => setNote(event.target.value)} required />
        </label>
      </div>
      <p>{WHAT[action]}</p>
      <p className="buttons">
        <button type="submit" disabled={act.busy || note.trim() === "" || wrong}>
          {{ pause: "Pause", resume: "Resume", backfill: "Backfill" }[action]} {clock.schedule_id}
        </button>
        <button type="button" className="quiet" onClick={close}>
          Leave it
        </button>
      </p>
      <p role="alert" className="problem">
        {wrong ? `Choose at most ${MOST_DAYS} days, the first not after the last.` : act.problem}
      </p>
    </form>
  );
}
