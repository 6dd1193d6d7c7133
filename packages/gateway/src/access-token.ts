// The strict look at a bearer token before anything else sees it. Only this gateway signs tokens, so there is exactly one
// acceptable shape; whatever differs is refused, whoever might have tolerated it further in.
import { createHmac, timingSafeEqual } from "node:crypto";
import { PERSON_ROLES } from "@evergreen-fund/domain/roles.ts";

/** Longest life of a token in seconds: a person who is demoted or signed out loses access within it. */
export const TOKEN_LIFE_S = 600;
const CLOCK_LEEWAY_S = 60;
const MAX_LENGTH = 4_096;

const ROLES: readonly string[] = [...PERSON_ROLES, "authenticated"];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface Claims {
  sub: string;
  role: string;
  session_id: string;
  email?: string;
  /** aal2 after a second step; absent counts as aal1. */
  aal?: string;
  iat: number;
  exp: number;
}

/**
 * The claims of a token that this gateway signed and that is valid now, or undefined.
 * HS256 only, canonical base64url, no extra header, no service or agent role, life of at most TOKEN_LIFE_S.
 * @param now seconds since 1970.
 */
export function readAccessToken(token: string, secret: string, now: number): Claims | undefined {
  if (token.length > MAX_LENGTH) return undefined;
  const parts = token.split(".");
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) return undefined;
  const expected = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  const given = decode(signature);
  if (given === undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const head = parse(header);
  if (typeof head !== "object" || head === null || (head as { alg?: unknown }).alg !== "HS256") return undefined;
  if (Object.keys(head).some((key) => key !== "alg" && key !== "typ")) return undefined;
  const claims = parse(payload);
  return isCurrent(claims, now) ? claims : undefined;
}

/** The claims of a token that this gateway's own library has just made or that was found good before; nothing is checked. */
export const claimsIn = (token: string): Record<string, unknown> =>
  (parse(token.split(".")[1] ?? "") ?? {}) as Record<string, unknown>;

/** A token of this gateway with these claims. */
export function signAccessToken(claims: object, secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

function isCurrent(value: unknown, now: number): value is Claims {
  if (typeof value !== "object" || value === null) return false;
  const { sub, role, aud, session_id, iat, exp, nbf } = value as Record<string, unknown>;
  if (aud !== "authenticated" || typeof role !== "string" || !ROLES.includes(role)) return false;
  if (![sub, session_id].every((id) => typeof id === "string" && UUID.test(id))) return false;
  if (!isSeconds(iat) || !isSeconds(exp) || !(nbf === undefined || isSeconds(nbf))) return false;
  if (exp <= now || exp - iat > TOKEN_LIFE_S || iat > now + CLOCK_LEEWAY_S) return false;
  return nbf === undefined || nbf <= now + CLOCK_LEEWAY_S;
}

const isSeconds = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value);

/** Bytes of a base64url text; undefined when it is not the one canonical spelling of them. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

function parse(part: string): unknown {
  const bytes = decode(part);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The token that a request brings as its bearer. */
export const bearerIn = (authorization: string | undefined): string | undefined =>
  /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
