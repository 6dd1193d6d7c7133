// Signing in with e-mail and password or by a link in a mail; accounts are made by invitation. With the demo fund its synthetic people are offered.
import { type FormEvent, useState } from "react";
import { takeSessionEnded, useSession } from "../api/session.tsx";
import { nameOf } from "../words/names.ts";
import { sentenceFor } from "./sentence.ts";

export function SignInPage() {
  const { supabase, config } = useSession();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [message, setMessage] = useState(() => (takeSessionEnded() ? "Your session has ended: sign in again." : ""));
  const [sent, setSent] = useState(false);
  const [busy, setBusy] = useState(false);

  async function during(work: () => Promise<string>): Promise<void> {
    setBusy(true);
    setMessage("");
    setSent(false);
    const problem = await work();
    setBusy(false);
    setMessage(problem);
  }
  const signIn = (event: FormEvent) => {
    event.preventDefault();
    void during(async () => {
      const { error } = await supabase.auth.signInWithPassword({ email, password });
      if (error !== null) setPassword("");
      return sentenceFor(error, "That did not work: check e-mail and password.");
    });
  };
  const mailLink = () =>
    during(async () => {
      if (!/^\S+@\S+$/.test(email)) return "Enter your e-mail first.";
      const { error } = await supabase.auth.signInWithOtp({
        email,
        options: { shouldCreateUser: false, emailRedirectTo: `${window.location.origin}/sign-in/link` },
      });
      // whether there is such an account is nobody's business
      const problem = error?.status === 422 ? "" : sentenceFor(error, "The link could not be sent: check the e-mail.");
      setSent(problem === "");
      return problem;
    });

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
          {busy ? "One moment …" : "Sign in"}
        </button>
        <button type="button" className="quiet" disabled={busy} onClick={() => void mailLink()}>
          Mail me a link instead
        </button>
      </form>
      <p role="alert" className="problem">
        {message}
      </p>
      <p role="status">
        {sent && "If there is an account for this address, a link is on its way. It works once, for a short time."}
        {sent && config.embedded && " Mail of this installation is a file in the folder outbox of its home."}
      </p>
      <p className="faint">Accounts are made by invitation: ask whoever runs this installation.</p>
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
