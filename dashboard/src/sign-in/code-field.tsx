// Where the six digits of an authenticator are typed in.
import { type FormEvent, type ReactNode, useState } from "react";

interface Props {
  label: string;
  button: string;
  busy: boolean;
  onCode: (code: string) => Promise<void>;
  children?: ReactNode;
}

export function CodeField({ label, button, busy, onCode, children }: Props) {
  const [code, setCode] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    // a code counts once: it is not offered again
    void onCode(code).then(() => setCode(""));
  };
  return (
    <form onSubmit={send}>
      <label>
        {label}
        <input
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9]{6}"
          title="Six digits"
          required
          value={code}
          // as apps show it, with a space in it
          onChange={(event) => setCode(event.target.value.replaceAll(/\s/g, ""))}
        />
      </label>
      <button type="submit" disabled={busy}>
        {button}
      </button>
      {children}
    </form>
  );
}
