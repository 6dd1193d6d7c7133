// Who is signed in, with the role that the token carries; every page asks here.
import type { Session } from "@supabase/supabase-js";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Door } from "./connect.ts";
import { ApiError, queries } from "./read.ts";

export interface Person {
  userId: string;
  email: string;
  /** A database role, such as pm_role; what it may see is decided there. */
  role: string;
}

interface SessionState extends Door {
  /** Undefined while it is being restored, null when nobody is signed in. */
  person: Person | null | undefined;
}

const Context = createContext<SessionState | null>(null);

export function useSession(): SessionState {
  const state = useContext(Context);
  if (state === null) throw new Error("There is no session provider above this.");
  return state;
}

/** The part of the token that says who it is for. The server checks the token; the page only reads it. */
function roleIn(token: string): string {
  const part = token.split(".")[1] ?? "";
  const claims = JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/"))) as { role?: unknown };
  return typeof claims.role === "string" ? claims.role : "";
}

function personOf(session: Session | null): Person | null {
  if (session === null) return null;
  return { userId: session.user.id, email: session.user.email ?? "", role: roleIn(session.access_token) };
}

let renewing = false;

/** The server does not take the session any more: it is renewed once, or it has ended and the sign-in page says so. */
async function renewOrEnd({ supabase }: Door): Promise<void> {
  if (renewing) return;
  renewing = true;
  try {
    const { error } = await supabase.auth.refreshSession();
    if (error === null) await queries.resetQueries();
    else if ((error.status ?? 0) >= 400 && (error.status ?? 0) < 500) {
      sessionEnded = true;
      await supabase.auth.signOut({ scope: "local" });
    }
  } finally {
    renewing = false;
  }
}

let sessionEnded = false;

/** Whether the sign-in page is there because the session ended by itself; told once. */
export function takeSessionEnded(): boolean {
  const ended = sessionEnded;
  sessionEnded = false;
  return ended;
}

export function SessionProvider({ door, children }: { door: Door; children: ReactNode }) {
  const [person, setPerson] = useState<Person | null | undefined>(undefined);
  useEffect(() => {
    const { data } = door.supabase.auth.onAuthStateChange((event, session) => {
      // what one person has read is not for the next one
      if (event === "SIGNED_OUT") queries.clear();
      // the library hands a raised session on to reading, but not to the line of changes
      if (event === "MFA_CHALLENGE_VERIFIED" && session !== null)
        void door.supabase.realtime.setAuth(session.access_token);
      const next = personOf(session);
      setPerson((now) => (now?.userId === next?.userId && now?.role === next?.role ? (now ?? next) : next));
    });
    const watched = queries.getQueryCache().subscribe(({ query }) => {
      if (query.state.error instanceof ApiError && query.state.error.code === "EG401") void renewOrEnd(door);
    });
    return () => {
      data.subscription.unsubscribe();
      watched();
    };
  }, [door]);
  const state = useMemo(() => ({ ...door, person }), [door, person]);
  return <Context.Provider value={state}>{children}</Context.Provider>;
}
