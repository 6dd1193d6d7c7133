// What the library of the API does not write into a session: how it was begun and how high it stands (the claims aal and amr), and the person's factors.
// Its answers to a sign-in, a renewal and "who am I" pass through here; the token is signed anew with the same secret and the same life.
import { claimsIn, signAccessToken } from "./access-token.ts";

export interface Assurance {
  aal: "aal1" | "aal2";
  amr: { method: string; timestamp: number }[];
  factors: object[];
}

/** What a session's claims say; with a method, the session was begun by it just now. Null: there is no such session. */
export type ReadAssurance = (sessionId: string, method: string | null) => Promise<Assurance | null>;

interface SessionBody {
  access_token: string;
  user: Record<string, unknown>;
}

/** By which method a sign-in at this address begins a session; null: it renews one; undefined: the answer holds no session. */
function methodOf({ pathname, searchParams }: URL): string | null | undefined {
  if (pathname === "/auth/v1/verify") return "otp";
  if (pathname !== "/auth/v1/token") return undefined;
  return searchParams.get("grant_type") === "password" ? "password" : null;
}

const withFactors = (user: Record<string, unknown>, { factors }: Assurance) =>
  factors.length === 0 ? user : { ...user, factors };

/** The library's answer with the assurance in it. */
export async function assured(
  request: Request,
  answer: Response,
  jwtSecret: string,
  read: ReadAssurance,
): Promise<Response> {
  const url = new URL(request.url);
  const method = methodOf(url);
  const isUser = url.pathname === "/auth/v1/user";
  if (!answer.ok || (method === undefined && !isUser)) return answer;
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  const body: unknown = await answer.json();
  if (isUser) {
    const claims = claimsIn((request.headers.get("authorization") ?? "").slice("Bearer ".length));
    const found = await read(String(claims.session_id), null);
    const user = body as Record<string, unknown>;
    return Response.json(found === null ? user : withFactors(user, found), { status: answer.status, headers });
  }
  const session = body as SessionBody;
  const claims = claimsIn(session.access_token);
  const found = await read(String(claims.session_id), method ?? null);
  if (found === null)
    return Response.json(
      { code: 401, error_code: "session_not_found", msg: "The session has ended." },
      { status: 401 },
    );
  const token = signAccessToken({ ...claims, aal: found.aal, amr: found.amr }, jwtSecret);
  return Response.json(
    { ...session, access_token: token, user: withFactors(session.user, found) },
    { status: answer.status, headers },
  );
}
