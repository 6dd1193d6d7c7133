// The second step of a sign-in, before any page is shown: the code of the person's authenticator, or a first authenticator where staff must have one.
import { lazy, Suspense, useEffect, useState } from "react";
import { useSession } from "../api/session.tsx";
import { CodeField } from "./code-field.tsx";
import { stepSentence } from "./sentence.ts";

const Authenticators = lazy(() => import("./authenticators.tsx"));

export type Step = "none" | "code" | "enrol";

/** The step that is still to be taken: undefined while it is found out. It is read from the session, not asked of the server, which asks for it in any case. */
export function useStepDue(): Step | undefined {
  const { supabase, config, person } = useSession();
  const [due, setDue] = useState<Step | undefined>(undefined);
  const userId = person?.userId;
  const mustHave = config.staffSecondStep === "required" && person?.role !== "lp_role";
  useEffect(() => {
    if (userId === undefined) return setDue(undefined);
    const look = () =>
      void supabase.auth.mfa.getAuthenticatorAssuranceLevel().then(
        ({ data }) => {
          const isRaised = data?.currentLevel === "aal2";
          setDue(isRaised ? "none" : data?.nextLevel === "aal2" ? "code" : mustHave ? "enrol" : "none");
        },
        () => setDue("none"),
      );
    look();
    const { data } = supabase.auth.onAuthStateChange((event) => {
      // not inside the callback: the library holds its lock there
      if (event === "MFA_CHALLENGE_VERIFIED" || event === "TOKEN_REFRESHED") setTimeout(look);
    });
    return () => data.subscription.unsubscribe();
  }, [supabase, userId, mustHave]);
  return due;
}

export function SecondStepPage({ step }: { step: "code" | "enrol" }) {
  const { supabase } = useSession();
  return (
    <main className="alone">
      <h1>One more step</h1>
      {step === "code" ? (
        <GiveCode />
      ) : (
        <>
          <p>Here staff sign in with an authenticator: an app that shows a new code every half minute.</p>
          <Suspense fallback={<p role="status">Loading …</p>}>
            <Authenticators />
          </Suspense>
        </>
      )}
      <p>
        <button type="button" className="quiet" onClick={() => void supabase.auth.signOut({ scope: "local" })}>
          Sign out
        </button>
      </p>
    </main>
  );
}

function GiveCode() {
  const { supabase } = useSession();
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);

  async function verify(code: string): Promise<void> {
    setBusy(true);
    setMessage("");
    const { data, error } = await supabase.auth.mfa.listFactors();
    // whoever has more than one may take any: the code is that of one of them
    const errors = error === null ? [] : [error];
    for (const { id: factorId } of data?.totp ?? []) {
      const answer = await supabase.auth.mfa.challengeAndVerify({ factorId, code });
      if (answer.error === null) return;
      errors.push(answer.error);
      if (answer.error.code !== "mfa_verification_failed") break;
    }
    setBusy(false);
    setMessage(stepSentence(errors.at(-1) ?? null));
  }

  return (
    <>
      <CodeField label="Code of your authenticator" button="Go on" busy={busy} onCode={verify} />
      <p role="alert" className="problem">
        {message}
      </p>
      <p className="faint">Lost it? Whoever runs this installation can reset it; then add a new one.</p>
    </>
  );
}
