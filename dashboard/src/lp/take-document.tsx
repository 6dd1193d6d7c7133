// A button that takes a document along, with the hash under which it is kept. One that nobody has asked for yet is made meanwhile, and comes by itself.
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useSession } from "../api/session.tsx";
import { download } from "../ui/download.ts";
import "../ui/files.css";

/** A long statement takes a while to draw. */
const MADE_WITHIN_MS = 60_000;
const ASKED_EVERY_MS = 1_000;

interface Props {
  /** Under /documents/. */
  path: string;
  name: string;
  children: ReactNode;
}

type State =
  | { kind: "idle" }
  | { kind: "asking" }
  | { kind: "making" }
  | { kind: "taken"; sha256: string }
  | { kind: "failed"; why: string };

export function TakeDocument({ path, name, children }: Props) {
  const { supabase } = useSession();
  const [state, setState] = useState<State>({ kind: "idle" });
  const left = useRef(new AbortController());
  useEffect(() => {
    const page = new AbortController();
    left.current = page;
    return () => page.abort();
  }, []);
  const take = async () => {
    const page = left.current.signal;
    const until = Date.now() + MADE_WITHIN_MS;
    setState({ kind: "asking" });
    try {
      for (;;) {
        const { data } = await supabase.auth.getSession();
        const answer = await fetch(`/documents/${path}`, {
          headers: { authorization: `Bearer ${data.session?.access_token ?? ""}` },
          signal: AbortSignal.any([page, AbortSignal.timeout(MADE_WITHIN_MS)]),
        });
        if (answer.status === 202) {
          if (Date.now() > until)
            return setState({ kind: "failed", why: "It is still being made: ask for it again in two minutes." });
          setState({ kind: "making" });
          await new Promise((resolve) => setTimeout(resolve, ASKED_EVERY_MS));
          continue;
        }
        if (!answer.ok) {
          const { message } = (await answer.json().catch(() => ({}))) as { message?: string };
          return setState({ kind: "failed", why: message ?? "The server does not answer: try again." });
        }
        download(name, await answer.blob());
        return setState({ kind: "taken", sha256: answer.headers.get("x-content-sha256") ?? "" });
      }
    } catch {
      // whoever left the page is told nothing
      if (!page.aborted) setState({ kind: "failed", why: "The server does not answer: try again." });
    }
  };
  const waits = state.kind === "asking" || state.kind === "making";
  return (
    <span className="take">
      <button type="button" className="quiet" onClick={() => void take()} disabled={waits}>
        {waits ? "Making it …" : children}
      </button>
      {state.kind === "making" && <span role="status">It is being made and comes by itself.</span>}
      {state.kind === "taken" && (
        <span className="faint hash" role="status">
          {name} taken, SHA-256 {state.sha256}
        </span>
      )}
      {state.kind === "failed" && <span role="alert">{state.why}</span>}
    </span>
  );
}
