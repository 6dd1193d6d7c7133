// `webhooks add|list|pause|resume|remove|rotate|deliveries|resend|test`: programs of yours that are told of events, each under what you may read.
import { randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { WebhookTry } from "@evergreen-fund/domain/webhook-pages.ts";
import { newSecret, sealSecret } from "@evergreen-fund/webhooks";
import { z } from "zod";
import { ANY_FUND, type Command, type Options, REQUEST_ID, text } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { plain, table, when } from "../output.ts";
import { isUuid } from "../reads/funds.ts";
import type { Session } from "../session.ts";

const Endpoint = z.object({
  endpoint_id: z.string(),
  fund: z.string().nullable(),
  url: z.string(),
  types: z.array(z.string()),
  owner_role: z.string(),
  mine: z.boolean(),
  status: z.string(),
  reason: z.string().nullable(),
  failing_since: z.string().nullable(),
  delivered_at: z.string().nullable(),
  pending: z.number(),
  dead: z.number(),
});
type Endpoint = z.infer<typeof Endpoint>;
const Delivery = z.object({
  delivery_id: z.string(),
  event_id: z.string(),
  type: z.string(),
  status: z.string(),
  attempts: z.number(),
  next_at: z.string(),
  last_status: z.number().nullable(),
  last_reason: z.string().nullable(),
  delivered_at: z.string().nullable(),
  created_at: z.string(),
  tries: z.array(WebhookTry),
});
type Delivery = z.infer<typeof Delivery>;
const Changed = z.object({ endpoint_id: z.string(), status: z.string() });
const Key = z.object({ key_id: z.string(), public_key: z.string() });

const ID = { name: "<id>", about: "id of the webhook, or its first characters" };
const SHOWN_ONCE = "It is shown once; keep it where the receiver reads it:";

/** A secret and its form for the workers; the secret itself leaves this process only for the person at the terminal. */
async function sealedSecret(session: Session, endpointId: string): Promise<{ secret: string; sealed: string }> {
  const { key_id, public_key } = await session.call("fn_read_webhook_key", {}, Key);
  const secret = newSecret();
  return { secret, sealed: sealSecret(secret, { keyId: key_id, publicKey: public_key }, endpointId) };
}

const listOf = (session: Session): Promise<Endpoint[]> => session.call("fn_list_webhooks", {}, z.array(Endpoint));

async function idOf(session: Session, given: string | undefined): Promise<string> {
  const words = given ?? "";
  if (isUuid(words)) return words;
  const found =
    words.length < 4 ? [] : (await listOf(session)).filter(({ endpoint_id }) => endpoint_id.startsWith(words));
  if (found.length !== 1)
    throw new EvergreenError(
      "EG404",
      "There is no one webhook whose id begins like that; see `evergreen webhooks list`.",
    );
  return found[0]!.endpoint_id;
}

/** A change that needs nothing but the id. */
function changing(change: "pause" | "resume" | "skip" | "remove", says: string) {
  return async (context: Context, [given]: readonly (string | undefined)[], options: Options) => {
    const session = await context.session("ops_role");
    const endpoint_id = await idOf(session, given);
    const made = await session.call(
      "fn_change_webhook",
      {
        endpoint_id,
        change: change === "resume" && options.skip === true ? "skip" : change,
        request_id: requestIdOf(text(options, "requestId")),
      },
      Changed,
    );
    return { json: { webhookId: made.endpoint_id, status: made.status }, text: says };
  };
}

/** Deliveries and their attempts, the newest first. */
function attemptsOf(rows: readonly Delivery[]): string {
  const tries = rows.flatMap((row) => [...row.tries].reverse().map((one) => ({ ...one, row })));
  if (tries.length === 0) return "Nothing was tried yet.";
  return table(tries, [
    { header: "Delivery", value: ({ row }) => row.delivery_id },
    { header: "Type", value: ({ row }) => row.type },
    { header: "Began", value: ({ at }) => when(at) },
    { header: "Outcome", value: ({ outcome }) => outcome },
    { header: "Status", value: ({ status }) => String(status ?? ""), figure: true },
    { header: "ms", value: ({ ms }) => String(ms ?? ""), figure: true },
    { header: "Error", value: ({ code }) => code ?? "" },
  ]);
}

const stateOf = ({ status, reason, failing_since }: Endpoint): string =>
  reason !== null && reason !== "people"
    ? `${status}: ${reason}`
    : failing_since === null
      ? status
      : `${status}, failing since ${when(failing_since)}`;

export const webhookCommands: readonly Command[] = [
  {
    path: "webhooks add",
    summary: "Tells a program of yours of events from now on, signed by Standard Webhooks; shows its secret once",
    arguments: [{ name: "<url>", about: "https address at which it listens" }],
    options: [
      { flags: "--types <types>", about: "types of events, with commas between", required: true },
      ANY_FUND,
      REQUEST_ID,
    ],
    examples: ["webhooks add https://hooks.example/evergreen --types NAV_STRUCK,STATEMENTS_READY --fund DEMO"],
    role: "ops_role",
    run: async (context, [url], options) => {
      const session = await context.session("ops_role");
      const endpoint_id = randomUUID();
      const { secret, sealed } = await sealedSecret(session, endpoint_id);
      const types = (text(options, "types") ?? "").split(",").map((type) => type.trim());
      const fund = text(options, "fund");
      const made = await session.call(
        "fn_set_webhook",
        { endpoint_id, url, types, sealed, fund, request_id: requestIdOf(text(options, "requestId")) },
        Changed,
      );
      return {
        json: { webhookId: made.endpoint_id, status: made.status, secret },
        text: `Webhook ${made.endpoint_id} is told of ${types.join(", ")} from now on, as far as you may read them.\n${SHOWN_ONCE}\n\n${secret}`,
      };
    },
  },
  {
    path: "webhooks list",
    summary: "Your webhooks (for operations and audit everybody's): address, state, what waits and what was given up",
    examples: ["webhooks list"],
    role: "ops_role",
    run: async (context) => {
      const endpoints = await listOf(await context.session("ops_role"));
      return {
        json: {
          webhooks: endpoints.map((row) => ({
            webhookId: row.endpoint_id,
            url: row.url,
            types: row.types,
            fund: row.fund,
            role: row.owner_role,
            mine: row.mine,
            status: row.status,
            reason: row.reason,
            failingSince: row.failing_since,
            deliveredAt: row.delivered_at,
            pending: row.pending,
            dead: row.dead,
          })),
        },
        text:
          endpoints.length === 0
            ? "No program is told of events; add one with `evergreen webhooks add`."
            : table(endpoints, [
                { header: "Webhook", value: (row) => row.endpoint_id },
                { header: "Address", value: (row) => plain(row.url) },
                { header: "Types", value: (row) => row.types.join(", ") },
                { header: "Fund", value: (row) => row.fund ?? "any" },
                { header: "Told as", value: (row) => row.owner_role },
                { header: "State", value: stateOf },
                { header: "Waiting", value: (row) => String(row.pending), figure: true },
                { header: "Given up", value: (row) => String(row.dead), figure: true },
              ]),
      };
    },
  },
  {
    path: "webhooks pause",
    summary: "Sends a webhook nothing until it is resumed; what happens meanwhile waits",
    arguments: [ID],
    options: [REQUEST_ID],
    examples: ["webhooks pause 3f2c"],
    role: "ops_role",
    run: changing("pause", "It is sent nothing until `evergreen webhooks resume`; what happens meanwhile waits."),
  },
  {
    path: "webhooks resume",
    summary: "Sends a webhook events again, first what has waited; with --skip from now on only",
    arguments: [ID],
    options: [{ flags: "--skip", about: "forget what has waited and begin from now" }, REQUEST_ID],
    examples: ["webhooks resume 3f2c", "webhooks resume 3f2c --skip"],
    role: "ops_role",
    run: changing("resume", "It is sent events again."),
  },
  {
    path: "webhooks remove",
    summary: "Ends a webhook and destroys its secrets; the record of what it was sent stays",
    arguments: [ID],
    options: [REQUEST_ID],
    examples: ["webhooks remove 3f2c"],
    role: "ops_role",
    run: changing("remove", "It is removed, and its secrets are gone."),
  },
  {
    path: "webhooks rotate",
    summary: "Gives a webhook of yours a new secret, shown once; for 24 hours the old one signs along",
    arguments: [ID],
    options: [REQUEST_ID],
    examples: ["webhooks rotate 3f2c"],
    role: "ops_role",
    run: async (context, [given], options) => {
      const session = await context.session("ops_role");
      const endpoint_id = await idOf(session, given);
      const { secret, sealed } = await sealedSecret(session, endpoint_id);
      const { old_until } = await session.call(
        "fn_rotate_webhook",
        { endpoint_id, sealed, request_id: requestIdOf(text(options, "requestId")) },
        z.object({ endpoint_id: z.string(), old_until: z.string() }),
      );
      return {
        json: { webhookId: endpoint_id, oldUntil: old_until, secret },
        text: `Messages are signed by both secrets until ${when(old_until)}, then by the new one alone.\n${SHOWN_ONCE}\n\n${secret}`,
      };
    },
  },
  {
    path: "webhooks test",
    summary: "Sends a webhook of yours a test event that says nothing else",
    arguments: [ID],
    options: [REQUEST_ID],
    examples: ["webhooks test 3f2c"],
    role: "ops_role",
    run: async (context, [given], options) => {
      const session = await context.session("ops_role");
      const { event_id, delivery_id } = await session.call(
        "fn_test_webhook",
        { endpoint_id: await idOf(session, given), request_id: requestIdOf(text(options, "requestId")) },
        z.object({ event_id: z.string(), delivery_id: z.string() }),
      );
      return {
        json: { eventId: event_id, deliveryId: delivery_id },
        text: `A test is on its way with webhook-id ${delivery_id}; \`evergreen webhooks deliveries\` says what came of it.`,
      };
    },
  },
  {
    path: "webhooks deliveries",
    summary:
      "What a webhook was sent, newest first: attempts, what the receiver answered, when the next attempt is due",
    arguments: [ID],
    options: [
      { flags: "--limit <count>", about: "at most so many, up to 500", default: "20" },
      { flags: "--attempts", about: "each attempt by itself: when it began, status, milliseconds, error code" },
    ],
    examples: ["webhooks deliveries 3f2c --limit 50", "webhooks deliveries 3f2c --attempts"],
    role: "ops_role",
    run: async (context, [given], options) => {
      const session = await context.session("ops_role");
      const limit = text(options, "limit") ?? "20";
      if (!/^\d{1,3}$/.test(limit)) throw new EvergreenError("EG400", "--limit is a whole number from 1 to 500.");
      const endpoint_id = await idOf(session, given);
      const rows = await session.call(
        "fn_list_webhook_deliveries",
        { endpoint_id, most: Number(limit) },
        z.array(Delivery),
      );
      return {
        json: {
          webhookId: endpoint_id,
          deliveries: rows.map((row) => ({
            deliveryId: row.delivery_id,
            eventId: row.event_id,
            type: row.type,
            status: row.status,
            attempts: row.attempts,
            nextAt: row.status === "pending" ? row.next_at : null,
            lastStatus: row.last_status,
            lastReason: row.last_reason,
            deliveredAt: row.delivered_at,
            tries: row.tries,
          })),
        },
        text:
          rows.length === 0
            ? "It was sent nothing yet."
            : options.attempts === true
              ? attemptsOf(rows)
              : table(rows, [
                  { header: "Delivery", value: (row) => row.delivery_id },
                  { header: "Type", value: (row) => row.type },
                  { header: "State", value: (row) => row.status },
                  { header: "Attempts", value: (row) => String(row.attempts), figure: true },
                  { header: "Answer", value: (row) => plain(row.last_reason ?? String(row.last_status ?? "")) },
                  { header: "Next", value: (row) => (row.status === "pending" ? when(row.next_at) : "") },
                ]),
      };
    },
  },
  {
    path: "webhooks resend",
    summary: "Sends a delivery again under its id, so that a receiver which has it already knows it",
    arguments: [{ name: "<delivery>", about: "id of the delivery" }],
    options: [REQUEST_ID],
    examples: ["webhooks resend 1b0e1c0a-52b4-4a0a-9a57-3c7a3f6f3f10"],
    role: "ops_role",
    run: async (context, [given], options) => {
      if (!isUuid(given ?? "")) throw new EvergreenError("EG400", "Name a delivery by its whole id.");
      const session = await context.session("ops_role");
      const made = await session.call(
        "fn_resend_webhook",
        { delivery_id: given, request_id: requestIdOf(text(options, "requestId")) },
        z.object({ delivery_id: z.string(), status: z.string() }),
      );
      return { json: { deliveryId: made.delivery_id, status: made.status }, text: "It is on its way again." };
    },
  },
];
