// The command palette (Ctrl or Cmd and K): a page, a fund, an order, a run by a few letters, with the keyboard alone.
import { FoundPlace } from "@evergreen-fund/domain/figures.ts";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { answered } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { toggleHidden } from "../ui/hide.ts";
import { amountsAreHidden } from "../words/hidden.ts";
import { type Entry, fits, foundEntry, pagesOf } from "./entries.ts";
import "./palette.css";

const RESTS_MS = 150;
const MOST_SHOWN = 12;
const ASKED_FROM_LETTERS = 2;

export default function Palette({ onClose }: { onClose: () => void }) {
  const { person, supabase } = useSession();
  const router = useRouter();
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    const rests = setTimeout(() => setAsked(typed.trim()), RESTS_MS);
    return () => clearTimeout(rests);
  }, [typed]);
  const { data, error } = useQuery({
    queryKey: [person?.userId, "places", asked],
    enabled: asked.length >= ASKED_FROM_LETTERS,
    refetchInterval: false,
    queryFn: async ({ signal }) =>
      answered(FoundPlace.array(), await supabase.rpc("fn_find_places", { query: asked }).abortSignal(signal)),
  });
  const role = person?.role ?? "";
  const actions: Entry[] = [
    {
      key: "hide",
      name: amountsAreHidden() ? "Show amounts" : "Hide amounts",
      detail: "on this screen",
      to: toggleHidden,
    },
    {
      key: "out",
      name: "Sign out",
      detail: "of this browser",
      to: () => void supabase.auth.signOut({ scope: "local" }),
    },
  ];
  const wanted = typed.trim();
  const own = [...pagesOf(role), ...actions].filter((entry) => fits(entry, wanted));
  // what an earlier question found is not what is typed now
  const found = wanted === asked ? (data ?? []).map((place) => foundEntry(place, role)) : [];
  const entries = [...own, ...found].slice(0, MOST_SHOWN);
  const chosen = entries[Math.min(at, entries.length - 1)];

  const take = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    dialog.current?.close();
    if (typeof entry.to === "string") router.history.push(entry.to);
    else entry.to();
  };
  const onKey = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && entries.length > 0) {
      event.preventDefault();
      setAt((now) => (Math.min(now, entries.length - 1) + step + entries.length) % entries.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(chosen);
    }
  };
  return (
    <dialog ref={dialog} className="palette" aria-label="Go to" onClose={onClose}>
      <label>
        Go to a page, or to a fund, investor, order, run or case by its name or the beginning of its id
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-autocomplete="list"
          {...(chosen === undefined ? {} : { "aria-activedescendant": `palette-${chosen.key}` })}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </label>
      <div role="listbox" id="palette-list" aria-label="What fits">
        {entries.map((entry) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the box above, as a combobox has them
          <div
            key={entry.key}
            id={`palette-${entry.key}`}
            role="option"
            tabIndex={-1}
            aria-selected={entry === chosen}
            onClick={() => take(entry)}
          >
            {entry.name} <span className="faint">{entry.detail}</span>
          </div>
        ))}
      </div>
      <p className="faint" role="status">
        {error !== null
          ? error.message
          : entries.length === 0
            ? "Nothing that you may see fits."
            : `${entries.length} ${entries.length === 1 ? "place" : "places"}: arrows choose, Enter goes, Escape closes.`}
      </p>
    </dialog>
  );
}
