// The messages of Supabase Realtime that this serves: Phoenix channels, version 2, as arrays of JSON. Whatever else comes is undefined.

export interface Message {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: unknown;
}

/** What a channel asks to hear of: rows of one table, or those where one column has one value. */
export interface Binding {
  id: number;
  event: "*" | "INSERT" | "UPDATE" | "DELETE";
  schema: string;
  table: string;
  filter: string | null;
}

const MOST_BINDINGS = 10;
const EVENTS = new Set(["*", "INSERT", "UPDATE", "DELETE"]);
const EQUALS = /^[a-z_]{1,63}=eq\.[\w-]{1,100}$/;

const textOrNull = (value: unknown): value is string | null => value === null || typeof value === "string";

export function readMessage(data: string): Message | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 5) return undefined;
  const [joinRef, ref, topic, event, payload] = parts as unknown[];
  if (!textOrNull(joinRef) || !textOrNull(ref) || typeof topic !== "string" || typeof event !== "string")
    return undefined;
  return topic.length > 255 || event.length > 64 ? undefined : { joinRef, ref, topic, event, payload };
}

export const writeMessage = ({ joinRef, ref, topic, event, payload }: Message): string =>
  JSON.stringify([joinRef, ref, topic, event, payload]);

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** The token that a join or a renewal carries. */
export function tokenIn(payload: unknown): string | undefined {
  const token = record(payload).access_token;
  return typeof token === "string" ? token : undefined;
}

/** What a join asks for; a sentence when this server does not serve it. */
export function bindingsIn(payload: unknown, tables: ReadonlySet<string>): Binding[] | string {
  const config = record(record(payload).config);
  const asked = config.postgres_changes ?? [];
  if (!Array.isArray(asked) || asked.length === 0)
    return "Only changes of tables are served: subscribe to postgres_changes.";
  if (asked.length > MOST_BINDINGS) return `A channel hears of at most ${MOST_BINDINGS} tables.`;
  const bindings: Binding[] = [];
  for (const [index, one] of asked.entries()) {
    const { event, schema, table, filter = null } = record(one);
    if (typeof event !== "string" || !EVENTS.has(event)) return "event is *, INSERT, UPDATE or DELETE.";
    if (schema !== "public" || typeof table !== "string" || !tables.has(table))
      return `Changes are told of these tables of public: ${[...tables].join(", ")}.`;
    if (filter !== null && (typeof filter !== "string" || !EQUALS.test(filter)))
      return "A filter has the form column=eq.value.";
    bindings.push({ id: index + 1, event: event as Binding["event"], schema, table, filter });
  }
  return bindings;
}

/** Whether the row is one of those asked for. */
export function matches({ event, filter }: Binding, type: string, row: Readonly<Record<string, unknown>>): boolean {
  if (event !== "*" && event !== type) return false;
  if (filter === null) return true;
  const [column = "", value] = filter.split("=eq.");
  return String(row[column]) === value;
}
