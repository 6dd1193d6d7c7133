// Approving a sign-in of the command line: who asks, from where and when, and what it will be able to do; then yes or no.
import { FunctionsHttpError } from "@supabase/supabase-js";
import { type FormEvent, useState } from "react";
import { z } from "zod";
import { useSession } from "../api/session.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";

const Asked = z.object({ host: z.string(), address: z.string(), asked_at: z.string(), expires_at: z.string() });
type Asked = z.infer<typeof Asked>;
const Refusal = z.object({ message: z.string() });

const NO_ANSWER = "The server does not answer: try again in a moment.";

export default function DevicePage() {
  const { supabase, person } = useSession();
  const [code, setCode] = useState("");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [done, setDone] = useState("");
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);

  async function step(body: object): Promise<unknown> {
    setBusy(true);
    setMessage("");
    const { data, error } = await supabase.functions.invoke("device-login", { body: { code, ...body } });
    setBusy(false);
    if (error === null) return data;
    const refusal = error instanceof FunctionsHttpError ? Refusal.safeParse(await error.context.json()) : undefined;
    setMessage(refusal?.success ? refusal.data.message : NO_ANSWER);
    return undefined;
  }
  async function look(event: FormEvent): Promise<void> {
    event.preventDefault();
    const found = Asked.safeParse(await step({ step: "look" }));
    if (found.success) setAsked(found.data);
  }
  async function decide(approve: boolean): Promise<void> {
    if ((await step({ step: "decide", approve })) === undefined) return;
    setAsked(null);
    setDone(
      approve ? "Approved: the terminal is signed in within a few seconds." : "Refused: the terminal gets nothing.",
    );
  }

  return (
    <div className="alone">
      <h1 tabIndex={-1}>Sign in the command line</h1>
      {done !== "" && <p role="status">{done}</p>}
      {done === "" && asked === null && (
        <form onSubmit={(event) => void look(event)}>
          <p>Enter the code that stands in your terminal. Never enter one that somebody sent you.</p>
          <label>
            Code
            <input
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              required
              placeholder="XXXX-XXXX"
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          </label>
          <button type="submit" disabled={busy}>
            Show who asks
          </button>
        </form>
      )}
      {asked !== null && (
        <section aria-labelledby="asks">
          <h2 id="asks">Is this you?</h2>
          <dl>
            <dt>Computer, as it calls itself</dt>
            <dd>{asked.host}</dd>
            <dt>Address it asks from</dt>
            <dd>{asked.address}</dd>
            <dt>Asked at</dt>
            <dd>{time(Date.parse(asked.asked_at))}</dd>
            <dt>Open until</dt>
            <dd>{time(Date.parse(asked.expires_at))}</dd>
            <dt>It will act as</dt>
            <dd>
              {person?.email} ({nameOf(person?.role ?? "")}): it may see and do all that you may, until you run{" "}
              <code>evergreen logout</code>.
            </dd>
          </dl>
          <p>
            <button type="button" disabled={busy} onClick={() => void decide(true)}>
              Approve
            </button>{" "}
            <button type="button" className="quiet" disabled={busy} onClick={() => void decide(false)}>
              Refuse
            </button>
          </p>
        </section>
      )}
      <p role="alert" className="problem">
        {message}
      </p>
    </div>
  );
}
