// Signing in by a mailed link: asking for one and following it, slowly for whoever guesses and alike whether there is such an account or not.
import type { Context } from "hono";
import { type Caller, LINKS, MAILS, SignInLimit } from "./sign-in-limit.ts";
import type { SupabaseApi } from "./supabase-api.ts";

interface Around {
  addressOf(context: Context): string;
  /** The refusal of a caller who has tried too often; else the attempt counts. */
  limited(context: Context, limit: SignInLimit, caller: Caller, began: number): Response | undefined;
  refuse(context: Context, status: 400 | 403, code: string, message: string): Response;
}

/** The answer to a request about a link; undefined for any other. */
export function answerLinks({ addressOf, limited, refuse }: Around) {
  const mails = new SignInLimit(MAILS);
  const links = new SignInLimit(LINKS);

  /** The same answer at the same moment whether there is such an account or not: the mail is made afterwards. */
  async function askForLink(context: Context, { mailLink }: SupabaseApi): Promise<Response> {
    const email = String((await bodyOf(context)).email ?? "")
      .trim()
      .toLowerCase();
    if (!/^[^\s@]{1,200}@[^\s@]{1,200}$/.test(email))
      return refuse(context, 400, "EG400", "That is no e-mail address.");
    const refused = limited(context, mails, { address: addressOf(context), email }, Date.now());
    if (refused) return refused;
    setImmediate(() => void mailLink(email).catch(() => undefined));
    return context.json({});
  }

  /** Only the token of a link signs in, once; no code that somebody could read out to a stranger. */
  async function followLink(context: Context, { fetch }: SupabaseApi): Promise<Response> {
    const { type, token_hash: token } = await bodyOf(context);
    if (type !== "magiclink" || typeof token !== "string")
      return refuse(context, 403, "EG403", "Open the link of the mail to sign in.");
    const address = addressOf(context);
    const caller = { address, email: address };
    const began = Date.now();
    const refused = limited(context, links, caller, began);
    if (refused) return refused;
    const answer = await fetch(context.req.raw);
    if (answer.ok) links.takeBack(caller, began);
    return answer;
  }

  return async (context: Context, api: SupabaseApi): Promise<Response | undefined> => {
    if (context.req.path === "/auth/v1/otp") return askForLink(context, api);
    return context.req.path === "/auth/v1/verify" ? followLink(context, api) : undefined;
  };
}

/** The body as JSON, unread for whoever comes after. */
export const bodyOf = (context: Context): Promise<Record<string, unknown>> =>
  context.req.raw
    .clone()
    .json()
    .then(
      (body: unknown) => (typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {}),
      () => ({}),
    );
