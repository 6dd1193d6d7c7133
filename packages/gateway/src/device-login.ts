// Signing in the command line by device code (RFC 8628), embedded API only: the device asks for a code, a person who is signed in here sees who asks and
// from where and decides, the device collects one session of that person. Only hashes of codes are kept, in Postgres; no token ever is.
import { createHash, createHmac, randomBytes, randomInt } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Claims } from "./access-token.ts";

/** The steps of prisma/embedded/device-logins.sql. */
export interface DeviceBook {
  ask(deviceHash: string, codeHash: string, host: string, address: string): Promise<boolean>;
  look(codeHash: string, userId: string): Promise<DeviceState>;
  decide(codeHash: string, userId: string, approve: boolean, sessionId: string): Promise<DeviceState>;
  collect(deviceHash: string): Promise<DeviceState>;
}

export interface DeviceState {
  state: string;
  host?: string;
  address?: string;
  asked_at?: string;
  expires_at?: string;
  email?: string;
  aal?: string | null;
  factor_id?: string | null;
}

/** How high the session stood in which a device was approved. */
export interface ApprovedBy {
  aal: string | null;
  factorId: string | null;
}

export interface DeviceLogins {
  /** What the device is told, and what it shows to the person. */
  ask(host: string, address: string, page: string): Promise<object>;
  look(code: string, claims: Claims): Promise<DeviceState>;
  decide(code: string, claims: Claims, approve: boolean): Promise<DeviceState>;
  /** The session, or the error of RFC 8628 by its name. */
  collect(deviceCode: string): Promise<{ session: Response } | { error: string }>;
}

export const GRANT = "urn:ietf:params:oauth:grant-type:device_code";
export const EXPIRES_S = 600;
const INTERVAL_S = 5;
/** No vowels, so that no word comes out, and nothing that looks like something else. */
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const HALF = 4;
const CODE = new RegExp(`^[${LETTERS}]{${2 * HALF}}$`);
const DEVICE_CODE = /^[\w-]{43}$/;

const ERRORS: Readonly<Record<string, string>> = {
  pending: "authorization_pending",
  slow_down: "slow_down",
  expired: "expired_token",
  refused: "access_denied",
};

/** A host name as it may be shown: what else it holds is left out. */
const shown = (host: string): string => host.replaceAll(/[^\w .:()-]/g, "").slice(0, 100) || "a device without a name";

/**
 * @param secret what codes are hashed with: a book without it tells nobody a code.
 * @param sessionFor a new session of the account with this e-mail, as the sign-in answers it.
 */
export function deviceLogins(
  book: DeviceBook,
  secret: string,
  sessionFor: (email: string, approved: ApprovedBy) => Promise<Response>,
): DeviceLogins {
  const hashOfDevice = (code: string): string => createHash("sha256").update(code).digest("hex");
  /** Few letters could be tried out against a hash without a key. */
  const hashOfCode = (code: string): string => createHmac("sha256", secret).update(`device code ${code}`).digest("hex");
  const read = (code: string): string => {
    const plain = code.toUpperCase().replaceAll(/[\s-]/g, "");
    if (!CODE.test(plain)) throw new EvergreenError("EG400", "A code has eight letters, such as BCDF-GHJK.");
    return hashOfCode(plain);
  };
  return {
    async ask(host, address, page) {
      for (;;) {
        const device = randomBytes(32).toString("base64url");
        const code = Array.from({ length: 2 * HALF }, () => LETTERS[randomInt(LETTERS.length)]).join("");
        if (!(await book.ask(hashOfDevice(device), hashOfCode(code), shown(host), address))) continue;
        return {
          device_code: device,
          user_code: `${code.slice(0, HALF)}-${code.slice(HALF)}`,
          verification_uri: page,
          expires_in: EXPIRES_S,
          interval: INTERVAL_S,
        };
      }
    },
    look: (code, { sub }) => book.look(read(code), sub),
    decide: (code, { sub, session_id }, approve) => book.decide(read(code), sub, approve, session_id),
    async collect(deviceCode) {
      if (!DEVICE_CODE.test(deviceCode)) return { error: "invalid_grant" };
      const { state, email, aal = null, factor_id: factorId = null } = await book.collect(hashOfDevice(deviceCode));
      if (state !== "approved" || email === undefined) return { error: ERRORS[state] ?? "invalid_grant" };
      const session = await sessionFor(email, { aal, factorId });
      return session.ok ? { session } : { error: "access_denied" };
    },
  };
}
