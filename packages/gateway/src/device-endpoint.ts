// The addresses of a sign-in by device code: `/device/code` and `/device/token` for the device, as RFC 8628 has them, and `/functions/v1/device-login` for
// the page on which a signed-in person decides.
import type { Context, Env, Hono } from "hono";
import type { Claims } from "./access-token.ts";
import { type DeviceLogins, GRANT } from "./device-login.ts";
import { DEVICES, SignInLimit } from "./sign-in-limit.ts";

export interface DeviceDoor {
  logins: DeviceLogins;
  publicUrl: string;
  addressOf(context: Context): string;
  /** The claims of whoever asks, undefined for a stranger, or the refusal. */
  checkBearer(context: Context): Promise<Claims | Response | undefined>;
  refuse(context: Context, status: 400 | 401 | 404 | 429, code: string, message: string): Response;
}

type Fields = Readonly<Record<string, unknown>>;

async function fieldsOf(context: Context): Promise<Fields> {
  const type = context.req.header("content-type") ?? "";
  const body: unknown = type.startsWith("application/json")
    ? await context.req.json().catch(() => ({}))
    : await context.req.parseBody().catch(() => ({}));
  return typeof body === "object" && body !== null ? (body as Fields) : {};
}
const textIn = (fields: Fields, name: string): string => {
  const value = fields[name];
  return typeof value === "string" ? value : "";
};

const SENTENCES: Readonly<Record<string, readonly [400 | 404 | 429, string, string]>> = {
  unknown: [404, "EG404", "There is no such code, or it has been decided or has run out: look at the terminal again."],
  locked: [429, "EG403", "Five wrong codes: wait ten minutes, then begin again in the terminal."],
};

export function mountDevices<Around extends Env>(app: Hono<Around>, door: DeviceDoor): void {
  const { logins, refuse } = door;
  const limit = new SignInLimit(DEVICES);

  app.post("/device/code", async (context) => {
    const address = door.addressOf(context);
    const caller = { address, email: address };
    const wait = limit.waitSeconds(caller, Date.now());
    if (wait > 0) {
      context.header("retry-after", String(wait));
      return context.json({ error: "slow_down", error_description: `Too many codes: try again in ${wait} s.` }, 429);
    }
    limit.count(caller, Date.now());
    const host = textIn(await fieldsOf(context), "host");
    return context.json(await logins.ask(host, address, `${door.publicUrl}/sign-in/device`));
  });

  app.post("/device/token", async (context) => {
    const fields = await fieldsOf(context);
    if (textIn(fields, "grant_type") !== GRANT) return context.json({ error: "unsupported_grant_type" }, 400);
    const address = door.addressOf(context);
    const caller = { address, email: `token ${address}` };
    const wait = limit.waitSeconds(caller, Date.now());
    if (wait > 0) {
      context.header("retry-after", String(wait));
      return context.json({ error: "slow_down" }, 429);
    }
    const found = await logins.collect(textIn(fields, "device_code"));
    if ("session" in found) return found.session;
    // a code that there is not is a guess
    if (found.error === "invalid_grant") limit.count(caller, Date.now());
    return context.json({ error: found.error }, 400);
  });

  app.post("/functions/v1/device-login", async (context) => {
    const claims = await door.checkBearer(context);
    if (claims instanceof Response) return claims;
    if (claims === undefined) return refuse(context, 401, "EG401", "Sign in first.");
    const fields = await fieldsOf(context);
    const code = textIn(fields, "code");
    const found =
      fields.step === "look"
        ? await logins.look(code, claims)
        : fields.step === "decide" && typeof fields.approve === "boolean"
          ? await logins.decide(code, claims, fields.approve)
          : undefined;
    if (found === undefined) return refuse(context, 400, "EG400", "The step is look, or decide with approve.");
    const refusal = SENTENCES[found.state];
    return refusal === undefined ? context.json(found) : refuse(context, ...refusal);
  });
}
