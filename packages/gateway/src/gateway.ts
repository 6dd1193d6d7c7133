// The HTTP routes: the Supabase-compatible API behind a strict door, health, run-time configuration, the codec endpoint, the home page.
// Everything comes in as parameters; nothing here reads the environment or opens a connection.
import { type ErrorCode, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Context, Hono } from "hono";
import { bearerIn, type Claims, readAccessToken } from "./access-token.ts";
import { type ReadEvent, readEventsOf } from "./archived-events.ts";
import { answerCodec, CODEC_ROLES, type PayloadDoor } from "./codec-endpoint.ts";
import { type DashboardFiles, dashboardAnswer } from "./dashboard-files.ts";
import { mountDevices } from "./device-endpoint.ts";
import { deviceLogins } from "./device-login.ts";
import { serveDocs } from "./docs-routes.ts";
import type { Documents } from "./documents.ts";
import type { EvidenceMaker } from "./evidence-jobs.ts";
import { answerFactors, isFactorPath, type OpenedSession, raised } from "./factor-endpoint.ts";
import { mountFiles } from "./file-routes.ts";
import { homePage } from "./home-page.ts";
import { answerLinks, bodyOf } from "./link-endpoint.ts";
import { mountMcp } from "./mcp-endpoint.ts";
import { type Asked, askedBy } from "./page-reads.ts";
import type { Project, ProjectTokens } from "./project-token.ts";
import { withoutDetails } from "./public-error.ts";
import { serveReference } from "./reference-routes.ts";
import { bodyText, limitBody } from "./request-body.ts";
import { type Caller, SignInLimit } from "./sign-in-limit.ts";
import type { Standing, SupabaseApi } from "./supabase-api.ts";

export interface GatewayOptions {
  /** Null: a real Supabase project serves the API, at `supabaseUrl`. */
  api: SupabaseApi | null;
  /** That project, and who verifies its tokens; null when the API is embedded. */
  project: (Project & { tokens: ProjectTokens }) | null;
  jwtSecret: string;
  publishableKey: string;
  supabaseUrl: string;
  /** Under which browsers reach this gateway: behind a proxy with TLS it is not what the request says. */
  publicUrl: string;
  temporalUiUrl: string | null;
  /** The chain that the settings name, told to the dashboard; absent: none. Its address stays here, a key may stand in it. */
  chainId?: number | null;
  codec: PayloadDoor;
  /** What of the system is somebody's own, by name; shown on the home page. */
  elsewhere: readonly string[];
  /** Shown on the home page; empty without the demo. */
  demoLogins: readonly { role: string; email: string }[];
  /** The OpenAPI document as text; null: a real Supabase project serves the API and describes it. */
  openapi: (() => Promise<string>) | null;
  /** Whether staff must sign in with an authenticator; absent: it is offered. */
  staffSecondStep?: "offered" | "required";
  /** Whether Temporal answers. */
  temporalAnswers(): Promise<boolean>;
  /** Puts archived content into events that the database answered to the caller; null: archives are not here. */
  withContent: ((events: readonly ReadEvent[]) => Promise<readonly ReadEvent[]>) | null;
  /** Makes PDFs and the own data; absent: they are not made here. */
  documents?: Documents;
  /** Makes evidence packs; absent: they are not made here. */
  evidence?: EvidenceMaker;
  /** The built dashboard, served at /; null: the page about this installation stands there. */
  dashboard: DashboardFiles | null;
}

type Env = { Bindings: { incoming?: { socket?: { remoteAddress?: string } } } };

/** Errors of ours that a caller can act on, with their HTTP status. */
const ANSWERED: Partial<Record<ErrorCode, 400 | 401 | 403 | 404 | 500 | 503>> = {
  EG400: 400,
  EG401: 401,
  EG403: 403,
  EG404: 404,
  EG431: 500,
  EG503: 503,
};
/** What a caller reads whose session is not good. */
const NOT_GOOD: Readonly<Record<Exclude<Standing, "good">, readonly [401 | 403, string, string]>> = {
  ended: [401, "EG401", "The session is not valid or has ended: sign in again."],
  code: [
    403,
    "EG403",
    "This account has a second step: give the code of its authenticator first; the command line signs in by `evergreen login`.",
  ],
  enrol: [403, "EG403", "Staff sign in with an authenticator here: add one on the page My sign-in first."],
};
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** A failed sign-in answers no sooner, so that an unknown address cannot be told from a wrong password. */
const FAILED_SIGN_IN_MS = 300;
const SESSION_COOKIE = "evergreen_session";

/** The accounts are made by invitation, so signing in by password or by a mailed link, refreshing and signing out is all there is. */
const AUTH_ROUTES: Record<string, readonly string[]> = {
  "/auth/v1/token": ["POST"],
  "/auth/v1/otp": ["POST"],
  "/auth/v1/verify": ["POST"],
  "/auth/v1/user": ["GET"],
  "/auth/v1/logout": ["POST"],
  "/auth/v1/health": ["GET"],
  "/auth/v1/settings": ["GET"],
};

/** Builds the routes. `fetch` of the result answers a Request. */
export function createGateway(options: GatewayOptions): Hono<Env> {
  const { api, codec, project } = options;
  const app = new Hono<Env>();
  const limit = new SignInLimit();
  const secure = options.publicUrl.startsWith("https:") ? "; Secure" : "";

  app.use(async (context, next) => {
    await next();
    const headers = context.res.headers;
    // The API answers "*" to every origin; a browser page of another origin has no business here.
    if (!context.req.path.startsWith("/codec/")) headers.delete("access-control-allow-origin");
    headers.set("x-content-type-options", "nosniff");
    headers.set("x-frame-options", "DENY");
    // not "no-referrer": with it a browser sends the page's own form with the origin "null", and the sign-in would be refused
    headers.set("referrer-policy", "same-origin");
    headers.set("cross-origin-resource-policy", "same-site");
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    if (!headers.has("content-security-policy"))
      headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  });
  app.use(limitBody(MAX_BODY_BYTES, (context) => refuse(context, 413, "EG413", "The request is larger than 16 MB.")));
  app.onError((error, context) =>
    error instanceof EvergreenError && error.code in ANSWERED
      ? refuse(context, ANSWERED[error.code] ?? 500, error.code, error.message)
      : refuse(context, 500, "EG500", "Something unforeseen failed; nothing was changed."),
  );

  const health = async () => {
    const [database, temporal] = await Promise.all([api?.ping() ?? Promise.resolve(true), options.temporalAnswers()]);
    return { ok: database && temporal, database, temporal };
  };

  async function showHome(context: Context<Env>, status: 200 | 401, message = ""): Promise<Response> {
    const { database, temporal } = await health();
    const { supabaseUrl, publicUrl, temporalUiUrl, demoLogins, elsewhere } = options;
    const embedded = api !== null;
    const { html, styleHash } = homePage({
      supabaseUrl,
      publicUrl,
      embedded,
      elsewhere,
      temporalUiUrl,
      database,
      temporal,
      demoLogins,
      message,
    });
    context.header("content-security-policy", pagePolicy(styleHash));
    return context.html(html, status);
  }

  app.get("/", async (context, next) => (options.dashboard === null ? showHome(context, 200) : next()));
  app.get("/stack", (context) => showHome(context, 200));
  app.get("/config.json", (context) =>
    context.json({
      supabaseUrl: options.supabaseUrl,
      publishableKey: options.publishableKey,
      temporalUiUrl: options.temporalUiUrl,
      demoLogins: options.demoLogins,
      embedded: api !== null,
      staffSecondStep: options.staffSecondStep ?? "offered",
      chainId: options.chainId ?? null,
    }),
  );
  app.get("/health", async (context) => {
    const found = await health();
    return context.json(found, found.ok ? 200 : 503);
  });

  /**
   * The claims of whoever asks, undefined for a stranger, or the refusal. Whoever sends a bearer must send a good one.
   * @param isSigningIn also of a session whose second step is still to be taken.
   */
  async function checkBearer(context: Context<Env>, isSigningIn = false): Promise<Claims | Response | undefined> {
    const authorization = context.req.header("authorization");
    if (authorization === undefined || authorization === `Bearer ${options.publishableKey}`) return undefined;
    const claims = authorization.startsWith("Bearer ")
      ? readAccessToken(authorization.slice("Bearer ".length), options.jwtSecret, Math.floor(Date.now() / 1_000))
      : undefined;
    const standing = claims && api ? await api.standing(claims) : "ended";
    if (standing === "good" || (isSigningIn && standing !== "ended")) return claims;
    return refuse(context, ...NOT_GOOD[standing]);
  }

  app.all("/rest/v1/*", async (context) => {
    if (api === null) return refuse(context, 404, "EG404", "The API is served by the Supabase project.");
    const claims = await checkBearer(context);
    if (claims instanceof Response) return claims;
    // the library asks for the key itself; the short way stands behind the same door
    const knows = context.req.header("apikey") === options.publishableKey;
    const withContent = context.req.path === "/rest/v1/rpc/fn_read_events" ? options.withContent : null;
    const page = claims && knows && withContent === null && (await api.readPage(askedIn(context), claims));
    if (page) return page;
    const answer = await api.fetch(context.req.raw);
    // the HTTP server counts the bytes itself; a second content-length would make clients refuse the answer
    const headers = new Headers(answer.headers);
    headers.delete("content-length");
    const body = answer.status < 400 ? undefined : withoutDetails(await answer.clone().text());
    if (withContent !== null && answer.status === 200) {
      const events = readEventsOf(new URL(context.req.url), await answer.text());
      return Response.json(await withContent(events), { headers });
    }
    return new Response(body ?? answer.body, { status: answer.status, headers });
  });

  /** The API under the caller's own token: the embedded one, or the project's. */
  function asApi(context: Context, path: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(new URL(path, project?.internalUrl ?? context.req.url), {
      ...init,
      headers: {
        authorization: context.req.header("authorization") ?? "",
        apikey: options.publishableKey,
        "content-type": "application/json",
      },
    });
    return api ? api.fetch(request) : askProject(request);
  }

  mountFiles(app, { documents: options.documents, evidence: options.evidence, roleOf, asApi, refuse });

  app.all("/auth/v1/*", async (context) => {
    if (api === null) return refuse(context, 404, "EG404", "The API is served by the Supabase project.");
    const isFactor = isFactorPath(context.req.path) && api.secondStep !== null;
    if (!isFactor && !AUTH_ROUTES[context.req.path]?.includes(context.req.method)) {
      return refuse(context, 403, "EG403", "Accounts are made by invitation: this call is switched off.");
    }
    const claims = await checkBearer(context, true);
    if (claims instanceof Response) return claims;
    if (isFactor && api.secondStep !== null) {
      if (claims === undefined) return refuse(context, ...NOT_GOOD.ended);
      return (
        (await answerFactors(context, api.secondStep, claims)) ??
        refuse(context, 404, "EG404", "There is nothing here.")
      );
    }
    const byLink = await links(context, api);
    if (byLink) return byLink;
    if (context.req.path !== "/auth/v1/token") return api.fetch(context.req.raw);
    const grant = context.req.query("grant_type");
    if (grant === "refresh_token") return api.fetch(context.req.raw);
    if (grant !== "password") return refuse(context, 403, "EG403", "Sign in with e-mail and password.");
    const body = await bodyOf(context);
    return signIn(context, String(body.email ?? ""), () => api.fetch(context.req.raw));
  });

  const addressOf = (context: Context): string =>
    (context.env as Env["Bindings"] | undefined)?.incoming?.socket?.remoteAddress ?? "local";

  /** The refusal of a caller who has tried too often; else the attempt counts until `takeBack`. */
  function limited(context: Context, limit: SignInLimit, caller: Caller, began: number): Response | undefined {
    const wait = limit.waitSeconds(caller, began);
    if (wait > 0) {
      context.header("retry-after", String(wait));
      return refuse(context, 429, "EG403", `Too many attempts: try again in ${wait} s.`);
    }
    limit.count(caller, began);
    return undefined;
  }

  const links = answerLinks({ addressOf, limited, refuse });

  async function signIn(context: Context<Env>, email: string, attempt: () => Promise<Response>): Promise<Response> {
    const caller = { address: addressOf(context), email: email.trim().toLowerCase() };
    const began = Date.now();
    const refused = limited(context, limit, caller, began);
    if (refused) return refused;
    const floor = new Promise((resolve) => setTimeout(resolve, FAILED_SIGN_IN_MS));
    const answer = await attempt();
    if (answer.ok) limit.takeBack(caller, began);
    else await floor;
    return answer;
  }

  if (api !== null)
    mountDevices(app, {
      logins: deviceLogins(api.devices, options.jwtSecret, api.sessionFor),
      publicUrl: options.publicUrl,
      addressOf,
      checkBearer,
      refuse,
    });

  // The Temporal UI lives on another port of the same host: its requests are same-site and carry the session cookie.
  app.post("/session", async (context) => {
    const origin = context.req.header("origin");
    if (origin !== undefined && ![context.req.url, options.publicUrl].some((own) => new URL(own).origin === origin))
      return refuse(context, 403, "EG403", "Sign in from this page.");
    const form = await context.req.parseBody();
    const email = String(form.email ?? "");
    const path = "/auth/v1/token?grant_type=password";
    const request = new Request(new URL(path, project?.internalUrl ?? context.req.url), {
      method: "POST",
      headers: { apikey: options.publishableKey, "content-type": "application/json" },
      body: JSON.stringify({ email, password: String(form.password ?? "") }),
    });
    const answer = await signIn(context, email, () => (api ? api.fetch(request) : askProject(request)));
    const opened = answer.ok ? ((await answer.json()) as OpenedSession) : undefined;
    if (opened === undefined) return showHome(context, 401, "That did not work: check e-mail and password.");
    const code = String(form.code ?? "");
    const session = api?.secondStep && code !== "" ? await raised(api.secondStep, opened, code) : opened;
    const role = await roleOf(session.access_token);
    if (role === undefined || !CODEC_ROLES.includes(role))
      return showHome(context, 401, "Payloads are not for your role, or the code of your authenticator is missing.");
    context.header(
      "set-cookie",
      `${SESSION_COOKIE}=${session.access_token}; Path=/codec; Max-Age=${session.expires_in}${secure}; HttpOnly; SameSite=Strict`,
    );
    return showHome(context, 200, "Signed in.");
  });

  for (const verb of ["encode", "decode"] as const) {
    app.options(`/codec/${verb}`, (context) => {
      allowUi(context);
      return context.body(null, 204);
    });
    app.post(`/codec/${verb}`, async (context) => {
      allowUi(context);
      const role = await codecRole(context);
      if (role === undefined) return refuse(context, 401, "EG401", "Sign in on the page of the gateway first.");
      if (!CODEC_ROLES.includes(role))
        return refuse(context, 403, "EG403", "Payloads are for portfolio managers, operations and auditors.");
      return answerCodec(context, codec, verb);
    });
  }

  async function codecRole(context: Context<Env>): Promise<string | undefined> {
    const cookie = new RegExp(`(?:^|; )${SESSION_COOKIE}=([^;]+)`).exec(context.req.header("cookie") ?? "")?.[1];
    const token = bearerIn(context.req.header("authorization")) ?? cookie;
    return token === undefined ? undefined : roleOf(token);
  }

  /** The role of a token that is valid now: of this gateway's own when the API is embedded, else of the project's. */
  async function roleOf(token: string): Promise<string | undefined> {
    const now = Math.floor(Date.now() / 1_000);
    if (api === null) return project?.tokens.roleOf(token, now);
    const claims = readAccessToken(token, options.jwtSecret, now);
    return claims && (await api.sessionStands(claims)) ? claims.role : undefined;
  }

  function allowUi(context: Context<Env>): void {
    const origin = context.req.header("origin");
    if (!origin || !options.temporalUiUrl || origin !== new URL(options.temporalUiUrl).origin) return;
    context.header("access-control-allow-origin", origin);
    context.header("access-control-allow-credentials", "true");
    context.header("access-control-allow-methods", "POST");
    context.header("access-control-allow-headers", "content-type, authorization, x-namespace");
    context.header("vary", "origin");
  }

  mountMcp(app, { addresses: [options.publicUrl, options.supabaseUrl], roleOf, asApi, refuse });
  serveDocs(app, options.openapi);
  if (options.openapi !== null) serveReference(app, options.openapi);
  app.get("*", async (context, next) => {
    const { dashboard, supabaseUrl } = options;
    if (dashboard === null) return next();
    return dashboardAnswer(dashboard, context.req.path, supabaseUrl, context.req.header("accept-encoding")) ?? next();
  });
  app.notFound((context) => refuse(context, 404, "EG404", "There is nothing here."));
  return app;
}

const PROJECT_ANSWERS_MS = 10_000;

/** Signs in at a real project. EG503 when it does not answer. */
async function askProject(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PROJECT_ANSWERS_MS), redirect: "error" });
  } catch (error) {
    throw new EvergreenError("EG503", "The Supabase project does not answer: try again.", { cause: error });
  }
}

const askedIn = (context: Context): Asked => ({ ...askedBy(context.req.raw), body: () => bodyText(context) });

function refuse(
  context: Context,
  status: 400 | 401 | 403 | 404 | 413 | 429 | 500 | 503,
  code: string,
  message: string,
): Response {
  return context.json({ code, message, details: null, hint: null }, status);
}

function pagePolicy(styleHash: string): string {
  return `default-src 'none'; style-src ${styleHash}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
}
