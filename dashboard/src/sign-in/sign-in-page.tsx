// Signing in with e-mail and password; accounts are made by invitation. With the demo fund its synthetic people are offered.
import { type FormEvent, useState } from "react";
import { useSession } from "../api/session.tsx";
import { nameOf } from "../words/names.ts";

export function SignInPage() {
  const { supabase, config } = useSession();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);

  async function signIn(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setMessage("");
    const { error } = await supabase.auth.signInWithPassword({ email, password });
    setBusy(false);
    if (error === null) return;
    setPassword("");
    setMessage(
      error.status === 429
        ? error.message
        : (error.status ?? 0) >= 400 && (error.status ?? 0) < 500
          ? "That did not work: check e-mail and password."
          : "The server does not answer: try again in a moment.",
    );
  }

  return (
    <main className="alone">
      <h1>Evergreen</h1>
      <p>Operations for evergreen funds. Sign in to see your work.</p>
      <form onSubmit={signIn}>
        <label>
          E-mail
          <input
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        <button type="submit" disabled={busy}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
      </form>
      <p role="alert" className="problem">
        {message}
      </p>
      {config.demoLogins.length > 0 && (
        <section aria-labelledby="demo">
          <h2 id="demo">Demo logins</h2>
          <p className="faint">
            Synthetic people of a synthetic fund. Their passwords stand in the banner of the terminal that started this.
          </p>
          <ul className="demo">
            {config.demoLogins.map((login) => (
              <li key={login.email}>
                <button type="button" className="quiet" onClick={() => setEmail(login.email)}>
                  {login.email}
                </button>{" "}
                <span className="faint">{nameOf(login.role)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <p>
        <a href="/stack">What runs here</a>
      </p>
    </main>
  );
}
