// The HTTP routes: the Supabase-compatible API behind a strict door, health, run-time configuration, the codec endpoint, the home page.
// Everything comes in as parameters; nothing here reads the environment or opens a connection.
import { type ErrorCode, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { readAccessToken } from "./access-token.ts";
import { type ReadEvent, readEventsOf } from "./archived-events.ts";
import { answerCodec, CODEC_ROLES, type PayloadDoor } from "./codec-endpoint.ts";
import { type DashboardFiles, dashboardAnswer } from "./dashboard-files.ts";
import { homePage } from "./home-page.ts";
import type { Project, ProjectTokens } from "./project-token.ts";
import { withoutDetails } from "./public-error.ts";
import { SignInLimit } from "./sign-in-limit.ts";
import type { SupabaseApi } from "./supabase-api.ts";

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
  codec: PayloadDoor;
  /** What of the system is somebody's own, by name; shown on the home page. */
  elsewhere: readonly string[];
  /** Shown on the home page; empty without the demo. */
  demoLogins: readonly { role: string; email: string }[];
  /** Whether Temporal answers. */
  temporalAnswers(): Promise<boolean>;
  /** Puts archived content into events that the database answered to the caller; null: archives are not here. */
  withContent: ((events: readonly ReadEvent[]) => Promise<readonly ReadEvent[]>) | null;
  /** The built dashboard, served at /; null: the page about this installation stands there. */
  dashboard: DashboardFiles | null;
}

type Env = { Bindings: { incoming?: { socket?: { remoteAddress?: string } } } };

/** Errors of ours that a caller can act on, with their HTTP status. */
const ANSWERED: Partial<Record<ErrorCode, 400 | 404 | 500 | 503>> = { EG400: 400, EG404: 404, EG431: 500, EG503: 503 };
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** A failed sign-in answers no sooner, so that an unknown address cannot be told from a wrong password. */
const FAILED_SIGN_IN_MS = 300;
const SESSION_COOKIE = "evergreen_session";

/** The accounts are made by invitation, so signing in, refreshing and signing out is all there is. */
const AUTH_ROUTES: Record<string, readonly string[]> = {
  "/auth/v1/token": ["POST"],
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
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) => refuse(context, 413, "EG413", "The request is larger than 16 MB."),
    }),
  );
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
    }),
  );
  app.get("/health", async (context) => {
    const found = await health();
    return context.json(found, found.ok ? 200 : 503);
  });

  /** Undefined when the request may pass; else the refusal. Whoever sends a bearer must send a good one. */
  async function checkBearer(context: Context<Env>): Promise<Response | undefined> {
    const authorization = context.req.header("authorization");
    if (authorization === undefined || authorization === `Bearer ${options.publishableKey}`) return undefined;
    const claims = authorization.startsWith("Bearer ")
      ? readAccessToken(authorization.slice("Bearer ".length), options.jwtSecret, Math.floor(Date.now() / 1_000))
      : undefined;
    if (claims && api && (await api.sessionStands(claims))) return undefined;
    return refuse(context, 401, "EG401", "The session is not valid or has ended: sign in again.");
  }

  app.all("/rest/v1/*", async (context) => {
    if (api === null) return refuse(context, 404, "EG404", "The API is served by the Supabase project.");
    const refused = await checkBearer(context);
    if (refused) return refused;
    const answer = await api.fetch(context.req.raw);
    // the HTTP server counts the bytes itself; a second content-length would make clients refuse the answer
    const headers = new Headers(answer.headers);
    headers.delete("content-length");
    const body = answer.status < 400 ? undefined : withoutDetails(await answer.clone().text());
    if (answer.status === 200 && options.withContent !== null && context.req.path === "/rest/v1/rpc/fn_read_events") {
      const events = readEventsOf(new URL(context.req.url), await answer.text());
      return Response.json(await options.withContent(events), { headers });
    }
    return new Response(body ?? answer.body, { status: answer.status, headers });
  });

  app.all("/auth/v1/*", async (context) => {
    if (api === null) return refuse(context, 404, "EG404", "The API is served by the Supabase project.");
    if (!AUTH_ROUTES[context.req.path]?.includes(context.req.method)) {
      return refuse(context, 403, "EG403", "Accounts are made by invitation: this call is switched off.");
    }
    const refused = await checkBearer(context);
    if (refused) return refused;
    if (context.req.path !== "/auth/v1/token") return api.fetch(context.req.raw);
    const grant = context.req.query("grant_type");
    if (grant === "refresh_token") return api.fetch(context.req.raw);
    if (grant !== "password") return refuse(context, 403, "EG403", "Sign in with e-mail and password.");
    const body = (await context.req.raw
      .clone()
      .json()
      .catch(() => ({}))) as { email?: unknown };
    return signIn(context, String(body.email ?? ""), () => api.fetch(context.req.raw));
  });

  async function signIn(context: Context<Env>, email: string, attempt: () => Promise<Response>): Promise<Response> {
    const address = context.env?.incoming?.socket?.remoteAddress ?? "local";
    const caller = { address, email: email.trim().toLowerCase() };
    const began = Date.now();
    const wait = limit.waitSeconds(caller, began);
    if (wait > 0) {
      context.header("retry-after", String(wait));
      return refuse(context, 429, "EG403", `Too many failed sign-ins: try again in ${wait} s.`);
    }
    limit.count(caller, began);
    const floor = new Promise((resolve) => setTimeout(resolve, FAILED_SIGN_IN_MS));
    const answer = await attempt();
    if (answer.ok) limit.takeBack(caller, began);
    else await floor;
    return answer;
  }

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
    const session = answer.ok ? ((await answer.json()) as { access_token: string; expires_in: number }) : undefined;
    if (session === undefined) return showHome(context, 401, "That did not work: check e-mail and password.");
    const role = await roleOf(session.access_token);
    if (role === undefined || !CODEC_ROLES.includes(role))
      return showHome(context, 401, "Payloads are not for your role.");
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
    const token = /^Bearer (.+)$/.exec(context.req.header("authorization") ?? "")?.[1] ?? cookie;
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

  app.get("*", async (context, next) => {
    const { dashboard, supabaseUrl } = options;
    const answer = dashboard === null ? undefined : dashboardAnswer(dashboard, context.req.path, supabaseUrl);
    return answer ?? next();
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
