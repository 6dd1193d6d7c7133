// The addresses of the second step as supabase-js calls them: POST /factors, /factors/ID/challenge, /factors/ID/verify and DELETE /factors/ID.
import type { Context } from "hono";
import { z } from "zod";
import { type Claims, claimsIn } from "./access-token.ts";
import { bodyOf } from "./link-endpoint.ts";
import { qrSvg } from "./qr.ts";
import { type FactorRefusal, REFUSALS, type SecondStep } from "./second-step.ts";

const PATH = /^\/auth\/v1\/factors(?:\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\/challenge|\/verify)?)?$/;
const NAME = z.string().regex(/^[^\p{C}]{0,100}$/u);
const Enrolment = z.object({
  factor_type: z.literal("totp"),
  friendly_name: NAME.default(""),
  issuer: NAME.default(""),
});
const Answer = z.object({ challenge_id: z.uuid(), code: z.string().max(20) });

export const isFactorPath = (path: string): boolean => path.startsWith("/auth/v1/factors");

const refuse = (context: Context, { refused }: FactorRefusal): Response => {
  const [status, msg] = REFUSALS[refused];
  return context.json({ code: status, error_code: refused, msg }, status);
};

/** The answer; undefined when there is no such address. */
export async function answerFactors(context: Context, step: SecondStep, claims: Claims): Promise<Response | undefined> {
  const [found, factorId, verb] = PATH.exec(context.req.path) ?? [];
  const { method } = context.req;
  if (found === undefined) return undefined;
  if (factorId === undefined) return method === "POST" ? enroll(context, step, claims) : undefined;
  if (verb === undefined) {
    if (method !== "DELETE") return undefined;
    const removed = await step.remove(claims, factorId);
    return "refused" in removed ? refuse(context, removed) : context.json(removed);
  }
  if (method !== "POST") return undefined;
  if (verb === "/challenge") {
    const asked = await step.challenge(claims, factorId);
    return "refused" in asked ? refuse(context, asked) : context.json({ ...asked, type: "totp" });
  }
  const given = Answer.safeParse(await bodyOf(context));
  if (!given.success) return refuse(context, { refused: "mfa_verification_failed" });
  const session = await step.verify(claims, factorId, given.data.challenge_id, given.data.code);
  return "refused" in session ? refuse(context, session) : session;
}

async function enroll(context: Context, step: SecondStep, claims: Claims): Promise<Response> {
  const asked = Enrolment.safeParse(await bodyOf(context));
  if (!asked.success) return refuse(context, { refused: "validation_failed" });
  const { friendly_name: name, issuer } = asked.data;
  const made = await step.enroll(claims, { name, issuer: issuer || "Evergreen" });
  if ("refused" in made) return refuse(context, made);
  const { id, secret, uri } = made;
  return context.json({ id, type: "totp", friendly_name: name, totp: { qr_code: qrSvg(uri), secret, uri } });
}

export interface OpenedSession {
  access_token: string;
  expires_in: number;
  user?: { factors?: { id: string; status: string }[] };
}

/** The session after its second step, where the code is that of one of the person's authenticators; else the session as it was. */
export async function raised(step: SecondStep, session: OpenedSession, code: string): Promise<OpenedSession> {
  const claims = claimsIn(session.access_token) as unknown as Claims;
  for (const { id, status } of session.user?.factors ?? []) {
    const asked = status === "verified" ? await step.challenge(claims, id) : { refused: "mfa_factor_not_found" };
    const answer = "id" in asked ? await step.verify(claims, id, asked.id, code) : asked;
    if (answer instanceof Response && answer.ok) return (await answer.json()) as OpenedSession;
  }
  return session;
}
