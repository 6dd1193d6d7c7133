// Where the link of a mail lands. Nothing happens by opening it, so that neither a mail scanner uses it up nor a page of somebody else signs anybody in.
import { useState } from "react";
import { useSession } from "../api/session.tsx";
import { sentenceFor } from "./sentence.ts";

/** Read once: afterwards it stands in no address and in no history. */
function tokenOfAddress(): string {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token_hash") ?? "";
  if (token !== "") window.history.replaceState(null, "", window.location.pathname);
  return token;
}

let token: string | undefined;

export function LinkPage() {
  const { supabase, person } = useSession();
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  token ??= tokenOfAddress();

  async function signIn(): Promise<void> {
    setBusy(true);
    const { error } = await supabase.auth.verifyOtp({ type: "magiclink", token_hash: token ?? "" });
    setBusy(false);
    if (error === null) window.location.replace("/");
    else setMessage(sentenceFor(error, "This link has been used or has run out: ask for another one."));
  }

  return (
    <main className="alone">
      <h1>Sign in by link</h1>
      {token === "" ? (
        <p>This address holds no link: open the mail again.</p>
      ) : (
        <>
          <p>Go on only when you asked for this link yourself: you will see the work of the account it belongs to.</p>
          {person != null && <p>You are signed in as {person.email}; that session ends here.</p>}
          <button type="button" disabled={busy} onClick={() => void signIn()}>
            {busy ? "One moment …" : "Sign in"}
          </button>
        </>
      )}
      <p role="alert" className="problem">
        {message}
      </p>
      <p>
        <a href="/">To the sign-in page</a>
      </p>
    </main>
  );
}
