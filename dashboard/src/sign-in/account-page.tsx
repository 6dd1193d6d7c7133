// The own sign-in: who one is here, authenticators as second step for staff where the server offers it, and ending every session at once.
import { Link } from "@tanstack/react-router";
import { useSession } from "../api/session.tsx";
import { nameOf } from "../words/names.ts";
import Authenticators from "./authenticators.tsx";

export default function AccountPage() {
  const { person } = useSession();
  if (person == null) return null;
  return (
    <div className="alone">
      <h1 tabIndex={-1}>My sign-in</h1>
      <p>
        {person.email}, {nameOf(person.role)}
      </p>
      <p>
        <Link to="/sign-in/device">Sign in the command line</Link>
      </p>
      {person.role !== "lp_role" && (
        <section aria-labelledby="second">
          <h2 id="second">Second step</h2>
          <Authenticators />
        </section>
      )}
      <EverySession />
    </div>
  );
}

function EverySession() {
  const { supabase } = useSession();
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Sessions</h2>
      <p>Ends this session and all others of yours, command lines too.</p>
      <button type="button" className="quiet" onClick={() => void supabase.auth.signOut({ scope: "global" })}>
        Sign out everywhere
      </button>
    </section>
  );
}
