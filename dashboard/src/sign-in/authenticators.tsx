// A person's authenticators: adding one by its picture or its key, what there is, taking one away. The same calls on an embedded server and on Supabase.
import type { Factor } from "@supabase/supabase-js";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { useSession } from "../api/session.tsx";
import { qrShape } from "../ui/qr-shape.ts";
import { time } from "../words/format.ts";
import { CodeField } from "./code-field.tsx";
import { stepSentence } from "./sentence.ts";

interface Enrolment {
  factorId: string;
  name: string;
  /** What a person types into the authenticator who cannot take the picture. */
  secret: string;
  uri: string;
}

/** @param onAdded after the first right code of a new one. */
export default function Authenticators({ onAdded }: { onAdded?: () => void }) {
  const { supabase } = useSession();
  /** Null while they are read. */
  const [factors, setFactors] = useState<readonly Factor[] | null>(null);
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [name, setName] = useState("Phone");
  const [leaving, setLeaving] = useState("");
  const [message, setMessage] = useState("");
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);

  const read = useCallback(async () => {
    const { data, error } = await supabase.auth.mfa.listFactors();
    if (error === null) setFactors(data.all);
    else setMessage(stepSentence(error));
    return data?.all ?? [];
  }, [supabase]);
  useEffect(() => void read(), [read]);

  async function during(work: () => Promise<string>): Promise<void> {
    setBusy(true);
    setMessage("");
    setSaid("");
    setMessage(await work());
    setBusy(false);
  }
  const enrol = (event: FormEvent) => {
    event.preventDefault();
    void during(async () => {
      // what was begun and never finished would keep its name
      for (const { id, status } of await read())
        if (status === "unverified") await supabase.auth.mfa.unenroll({ factorId: id });
      const { data, error } = await supabase.auth.mfa.enroll({ factorType: "totp", friendlyName: name.trim() });
      if (error === null) {
        const { id: factorId, totp } = data;
        setEnrolment({ factorId, name: name.trim(), secret: totp.secret, uri: totp.uri });
      }
      return stepSentence(error);
    });
  };
  const verify = (code: string) =>
    during(async () => {
      if (enrolment === null) return "";
      const { error } = await supabase.auth.mfa.challengeAndVerify({ factorId: enrolment.factorId, code });
      if (error !== null) return stepSentence(error);
      setEnrolment(null);
      setSaid("From now on its code is asked for after the password. Your other sessions have ended.");
      await read();
      onAdded?.();
      return "";
    });
  const remove = (factorId: string) =>
    during(async () => {
      const { error } = await supabase.auth.mfa.unenroll({ factorId });
      setLeaving("");
      if (error !== null) return stepSentence(error);
      setSaid("Removed. Its codes are worth nothing any more.");
      await read();
      // the session says how high it stands now
      await supabase.auth.refreshSession();
      return "";
    });

  const added = (factors ?? []).filter(({ status }) => status === "verified");
  return (
    <>
      {factors === null && message === "" && <p role="status">Loading …</p>}
      {factors !== null && added.length === 0 && enrolment === null && (
        <p>None yet: whoever knows your password can sign in as you.</p>
      )}
      {added.length > 0 && (
        <ul aria-label="Authenticators" className="authenticators">
          {added.map(({ id, friendly_name, created_at }) => (
            <li key={id}>
              <span>{friendly_name || "Without a name"}</span>{" "}
              <span className="faint">since {time(Date.parse(created_at))}</span>{" "}
              {leaving === id ? (
                <>
                  <button type="button" disabled={busy} onClick={() => void remove(id)}>
                    Yes, remove it
                  </button>{" "}
                  <button type="button" className="quiet" onClick={() => setLeaving("")}>
                    Keep it
                  </button>
                </>
              ) : (
                <button
                  type="button"
                  className="quiet"
                  aria-label={`Remove ${friendly_name || "it"}`}
                  onClick={() => setLeaving(id)}
                >
                  Remove
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {factors !== null && enrolment === null && (
        <form onSubmit={enrol}>
          <label>
            Name of the device
            <input required maxLength={50} value={name} onChange={(event) => setName(event.target.value)} />
          </label>
          <button type="submit" disabled={busy}>
            Add an authenticator
          </button>
        </form>
      )}
      {enrolment !== null && (
        <>
          <p>Take this picture with the app on {enrolment.name}, or type the key into it. It is shown only now.</p>
          <Picture text={enrolment.uri} />
          <p>
            Key: <code className="key">{spaced(enrolment.secret)}</code>
          </p>
          <CodeField label="The code it shows" button="Use it from now on" busy={busy} onCode={verify}>
            <button type="button" className="quiet" onClick={() => setEnrolment(null)}>
              Not now
            </button>
          </CodeField>
        </>
      )}
      <p role="status">{said}</p>
      <p role="alert" className="problem">
        {message}
      </p>
    </>
  );
}

/** Black on white in both themes: readers need it so. */
function Picture({ text }: { text: string }) {
  const { size, path } = qrShape(text);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="The key as a QR code">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={path} />
    </svg>
  );
}

/** In fours, as a person reads it; an authenticator takes it with the spaces or without. */
const spaced = (secret: string): string => (secret.match(/.{1,4}/g) ?? []).join(" ");
