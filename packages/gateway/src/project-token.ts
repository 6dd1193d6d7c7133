// Access tokens of a real Supabase project: verified against the keys it publishes or the secret it shares. The embedded API's own tokens
// are another thing (access-token.ts): there this gateway is the issuer and knows every session.
import { createHmac, createPublicKey, type JsonWebKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

export interface Project {
  /** SUPABASE_URL; its issuer is the same with /auth/v1. */
  url: string;
  /** Under which this process reaches it. */
  internalUrl: string;
  publishableKey: string;
  /** Null: only tokens of its published keys are accepted. */
  jwtSecret: string | null;
  /** Whether tokens of staff are good only after a second step (aal2). */
  staffNeedsAal2?: boolean;
}

export interface ProjectTokens {
  /**
   * The role of a token that the project signed for a person and that is valid now; undefined when it is anything else.
   * @param now seconds since 1970. Errors: EG503 when the project's keys are needed and it does not answer.
   */
  roleOf(token: string, now: number): Promise<string | undefined>;
}

const MAX_LENGTH = 8_192;
const CLOCK_LEEWAY_S = 60;
const KNOWN_FOR_MS = 10 * 60_000;
/** A token with an unknown key may mean that the project has a new one; asking for it is bounded, whoever sends such tokens. */
const ASK_AGAIN_MS = 30_000;
const ANSWER_MS = 5_000;

/** How each algorithm is verified. Anything else, "none" above all, is no token. */
const ASYMMETRIC: Readonly<Record<string, { type: string; curve?: string; hash: string | null }>> = {
  ES256: { type: "ec", curve: "prime256v1", hash: "sha256" },
  RS256: { type: "rsa", hash: "sha256" },
  EdDSA: { type: "ed25519", hash: null },
};

interface PublishedKey {
  key: KeyObject;
  alg: string;
}

/** Nothing is asked of the project until the first token comes that needs its keys. */
export function projectTokens({ url, internalUrl, jwtSecret, staffNeedsAal2 = false }: Project): ProjectTokens {
  const issuer = `${url}/auth/v1`;
  const published = publishedKeys(`${internalUrl}/auth/v1/.well-known/jwks.json`);

  async function isSigned(alg: unknown, kid: unknown, text: string, signature: Buffer): Promise<boolean> {
    if (alg === "HS256") {
      if (jwtSecret === null) return false;
      const expected = createHmac("sha256", jwtSecret).update(text).digest();
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    }
    const kind = typeof alg === "string" && Object.hasOwn(ASYMMETRIC, alg) ? ASYMMETRIC[alg] : undefined;
    if (kind === undefined || typeof kid !== "string") return false;
    const found = await published(kid);
    // the key says which algorithm it is for; a header that says another one is a trick
    if (found === undefined || found.alg !== alg) return false;
    return verify(kind.hash, Buffer.from(text), { key: found.key, dsaEncoding: "ieee-p1363" }, signature);
  }

  return {
    async roleOf(token, now) {
      if (token.length > MAX_LENGTH) return undefined;
      const parts = token.split(".");
      const [header = "", payload = "", signed = ""] = parts;
      const [head, claims, signature] = [parse(header), parse(payload), decode(signed)];
      if (parts.length !== 3 || head === undefined || claims === undefined || signature === undefined) return undefined;
      if (Object.hasOwn(head, "crit")) return undefined;
      if (!isCurrent(claims, issuer, now)) return undefined;
      if (!(await isSigned(head.alg, head.kid, `${header}.${payload}`, signature))) return undefined;
      if (staffNeedsAal2 && claims.role !== "lp_role" && claims.aal !== "aal2") return undefined;
      return claims.role as string;
    },
  };
}

type Json = Record<string, unknown>;

function isCurrent({ iss, aud, sub, role, exp, nbf, iat }: Json, issuer: string, now: number): boolean {
  if (iss !== issuer || typeof role !== "string" || typeof sub !== "string" || sub === "") return false;
  if (!(Array.isArray(aud) ? aud : [aud]).includes("authenticated")) return false;
  if (typeof exp !== "number" || exp <= now) return false;
  return [nbf, iat].every((time) => time === undefined || (typeof time === "number" && time <= now + CLOCK_LEEWAY_S));
}

/** Keys by their id, remembered for ten minutes. */
function publishedKeys(address: string): (kid: string) => Promise<PublishedKey | undefined> {
  let keys = new Map<string, PublishedKey>();
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    const answer = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS) })
      .then(async (response) => (response.ok ? ((await response.json()) as { keys?: unknown }) : undefined))
      .catch(() => undefined);
    if (answer === undefined)
      throw new EvergreenError("EG503", "The Supabase project does not answer with its signing keys: try again.");
    keys = readKeys(answer.keys);
    askedAt = Date.now();
  };
  return async (kid) => {
    const age = Date.now() - askedAt;
    if (age > KNOWN_FOR_MS || (!keys.has(kid) && age > ASK_AGAIN_MS)) {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      await asking;
    }
    return keys.get(kid);
  };
}

function readKeys(list: unknown): Map<string, PublishedKey> {
  const keys = new Map<string, PublishedKey>();
  for (const jwk of Array.isArray(list) ? (list as (JsonWebKey & Json)[]) : []) {
    try {
      if (typeof jwk.kid !== "string" || jwk.kty === "oct") continue;
      const key = createPublicKey({ key: jwk, format: "jwk" });
      const alg = Object.entries(ASYMMETRIC).find(
        ([, { type, curve }]) =>
          key.asymmetricKeyType === type && (curve === undefined || key.asymmetricKeyDetails?.namedCurve === curve),
      )?.[0];
      if (alg !== undefined && (jwk.alg === undefined || jwk.alg === alg)) keys.set(jwk.kid, { key, alg });
    } catch {
      // a key of a kind that is not known here verifies nothing
    }
  }
  return keys;
}

/** Bytes of a base64url text; undefined when it is not the one canonical spelling of them. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return text !== "" && bytes.toString("base64url") === text ? bytes : undefined;
}

function parse(part: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(decode(part)?.toString("utf8") ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
