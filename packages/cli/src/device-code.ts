// Signing in by a code that a person approves in the browser (RFC 8628), and renewing what came of it.
import { hostname } from "node:os";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import type { Connection } from "./connection.ts";
import { nothingAnswers } from "./exit.ts";
import { SignedIn } from "./sign-in-file.ts";

const Asked = z.object({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: z.string(),
  expires_in: z.number(),
  interval: z.number(),
});
export type Asked = z.infer<typeof Asked>;

const GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const REQUEST_MS = 60_000;
/** RFC 8628: who is told to slow down waits five seconds more from then on. */
const SLOWER_S = 5;

export async function post(
  { url, publishableKey }: Pick<Connection, "url" | "publishableKey">,
  path: string,
  body: object,
  token?: string,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}${path}`, {
    method: "POST",
    headers: {
      apikey: publishableKey,
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_MS),
  }).catch((error: unknown) => {
    throw nothingAnswers(url, error);
  });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}

/** Asks for a code. Errors: EG503 nothing answers, EG404 the server signs nobody in by code. */
export async function askForCode(connection: Connection): Promise<Asked> {
  const { status, body } = await post(connection, "/device/code", { host: hostname() });
  const asked = Asked.safeParse(body);
  if (asked.success) return asked.data;
  if (status === 429) throw new EvergreenError("EG401", "Too many codes were asked for: wait ten minutes.");
  throw new EvergreenError(
    "EG404",
    `${connection.url} signs nobody in by code: set EVERGREEN_EMAIL and EVERGREEN_PASSWORD.`,
  );
}

const Refused = z.object({ error: z.string() });
const ENDS: Readonly<Record<string, EvergreenError>> = {
  access_denied: new EvergreenError("EG403", "The sign-in was refused in the browser."),
  expired_token: new EvergreenError("EG423", "Nobody approved within ten minutes: run `evergreen login` again."),
};

/** Waits until a person has decided. Errors: EG403 refused, EG423 too late, EG401 the code is not good any more, EG503. */
export async function waitForApproval(
  connection: Connection,
  { device_code, interval, expires_in }: Asked,
  wait: (seconds: number) => Promise<void>,
): Promise<SignedIn> {
  let seconds = interval;
  // the server says when it is too late; this bounds the waiting when it says nothing
  for (let waited = 0; waited <= expires_in + interval; waited += seconds) {
    await wait(seconds);
    const { status, body } = await post(connection, "/device/token", { grant_type: GRANT, device_code });
    const session = SignedIn.safeParse(body);
    if (status === 200 && session.success) return session.data;
    const error = Refused.safeParse(body);
    const code = error.success ? error.data.error : "";
    if (code === "slow_down") seconds += SLOWER_S;
    else if (code !== "authorization_pending")
      throw ENDS[code] ?? new EvergreenError("EG401", "The code is not good any more: run `evergreen login` again.");
  }
  throw ENDS.expired_token;
}

/** A new session for a refresh token. Errors: EG401 when it is not good any more, EG503. */
export async function renewed(connection: Connection, refreshToken: string): Promise<SignedIn> {
  const { status, body } = await post(connection, "/auth/v1/token?grant_type=refresh_token", {
    refresh_token: refreshToken,
  });
  const session = SignedIn.safeParse(body);
  if (status === 200 && session.success) return session.data;
  if (status >= 500) throw nothingAnswers(connection.url);
  throw new EvergreenError("EG401", "The sign-in has ended: run `evergreen login` again.");
}
