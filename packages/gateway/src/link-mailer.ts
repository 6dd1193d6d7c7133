// What the library of the API wants to mail: only links that sign in leave, and each goes where it was asked for: to a mailbox, or to the caller itself.
import type { EmailDriver, EmailMessage } from "@supabase/lite";
import { tokenHashIn } from "./mail-outbox.ts";

/** One mail is made at a time, so that no link can go where another was to go. */
export class LinkMailer implements EmailDriver {
  readonly #sendLink: (to: string, tokenHash: string) => void;
  #take: ((to: string, tokenHash: string) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param sendLink takes a link to a mailbox. */
  constructor(sendLink: (to: string, tokenHash: string) => void) {
    this.#sendLink = sendLink;
  }

  /** The library's way in; a mail that nobody asked for here is not sent. */
  async send({ to, text }: EmailMessage): Promise<void> {
    const tokenHash = tokenHashIn(text ?? "");
    if (tokenHash !== undefined) this.#take?.(to, tokenHash);
  }

  /** What is mailed during the work goes to its mailbox. */
  posting(work: () => Promise<unknown>): Promise<void> {
    return this.#during(this.#sendLink, work);
  }

  /** The token of the link that is made during the work, which is not mailed. */
  async catching(work: () => Promise<unknown>): Promise<string | undefined> {
    let caught: string | undefined;
    await this.#during((_to, tokenHash) => {
      caught = tokenHash;
    }, work);
    return caught;
  }

  #during(take: (to: string, tokenHash: string) => void, work: () => Promise<unknown>): Promise<void> {
    const turn = this.#last.then(async () => {
      this.#take = take;
      try {
        await work();
      } finally {
        this.#take = undefined;
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
