// Mail of the embedded stack: there is no mail server, so each message is a file that only the owner of the home may read. What it says stands nowhere else:
// whoever follows its link is signed in.
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Outbox {
  write(mail: { to: string; link: string }): void;
}

const MOST_FILES = 50;

/** The token by which the library's own link signs in. */
export const tokenHashIn = (text: string): string | undefined => /[?&]token=([0-9a-f]{20,128})(?:&|$)/m.exec(text)?.[1];

/** Where a person lands who follows the link. Behind the `#` it is sent to no server, so no log and no proxy sees it. */
export const signInLink = (publicUrl: string, tokenHash: string): string =>
  `${publicUrl}/sign-in/link#${new URLSearchParams({ token_hash: tokenHash })}`;

/** @param say is told where a mail lies, never what it says. */
export function openOutbox(folder: string, say: (text: string) => void): Outbox {
  return {
    write({ to, link }) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const old of readdirSync(folder).sort().slice(0, -MOST_FILES)) rmSync(join(folder, old), { force: true });
      const name = `${new Date().toISOString().replaceAll(":", "-")}-${randomBytes(4).toString("hex")}.txt`;
      const text = [
        `To: ${to.replaceAll(/[\r\n]/g, "")}`,
        "Subject: Sign in to Evergreen",
        "",
        "Open this link in the browser in which you want to be signed in. It works once, for 15 minutes.",
        "",
        link,
        "",
        "If you did not ask for it, do nothing: nobody is signed in by it but you.",
        "",
      ].join("\n");
      writeFileSync(join(folder, name), text, { mode: 0o600, flag: "wx" });
      say(`a sign-in mail lies in ${join(folder, name)}`);
    },
  };
}
