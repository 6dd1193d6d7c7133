// Golden histories: recorded runs that every later version of the workflows must still be able to replay. A change that decides otherwise
// than it did would block every run that is under way; here it fails in a second, without a server.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AesGcmCodec, dataConverter } from "@evergreen-fund/agent-kit";
import { startTracing, temporalPlugin } from "@evergreen-fund/tracing";
import { workflowBundle } from "@evergreen-fund/workers/bundle.ts";
import { Client, Connection } from "@temporalio/client";
import type { Payload } from "@temporalio/common";
import { Worker, type WorkflowBundle } from "@temporalio/worker";
import { DeterminismViolationError } from "@temporalio/workflow";
import { withoutMachines } from "./recorded-identity.ts";

/** Encrypts the payloads of recorded histories. It is public: histories are recorded from synthetic funds only. */
export const REPLAY_KEY = Buffer.alloc(32, "evergreen golden histories");

export interface Replayed {
  /** File name without `.json`: `<playbook>.<what happened>`. */
  name: string;
  /** Undefined: it replays. */
  error: string | undefined;
  /** The workflow decided otherwise than the history says. */
  nondeterministic: boolean;
}

/** Names of the histories in `dir`, sorted. */
export async function historyNames(dir: string): Promise<string[]> {
  return (await readdir(dir))
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

/**
 * Replays every history in `dir`.
 * @param home folder for the cached bundle.
 * @param change alters the code of the bundle; for tests that plant a violation.
 */
export async function replayHistories(
  dir: string,
  home: string,
  change: (code: string) => string = (code) => code,
): Promise<Replayed[]> {
  const tracing = await startTracing({ service: "replay", enabled: false });
  try {
    const bundle = (await workflowBundle(home, tracing)) as WorkflowBundle & { code: string };
    const names = await historyNames(dir);
    const results: Replayed[] = [];
    const options = {
      workflowBundle: { code: change(bundle.code) },
      plugins: [temporalPlugin(tracing)],
      dataConverter: dataConverter(REPLAY_KEY),
    };
    for (const name of names) {
      const { workflowId, events } = JSON.parse(await readFile(join(dir, `${name}.json`), "utf8")) as {
        workflowId: string;
        events: unknown[];
      };
      const error = await Worker.runReplayHistory(options, { events: readAgain(events) }, workflowId).then(
        () => undefined,
        (failure: unknown) => failure ?? new Error("failed without a reason"),
      );
      results.push({
        name,
        error: error === undefined ? undefined : String(error instanceof Error ? error.message : error),
        nondeterministic: error instanceof DeterminismViolationError,
      });
    }
    return results;
  } finally {
    await tracing.shutdown();
  }
}

/** Where runs are, and the key with which their payloads are encrypted. */
export interface RecordingSource {
  address: string;
  namespace: string;
  key: Buffer;
}

/**
 * The histories of finished runs as texts of files, their payloads encrypted anew with REPLAY_KEY and no machine's name in them, in the order of `workflowIds`. An id
 * names its last run, `id#run` another one: what began anew has several.
 */
export async function recordHistories(source: RecordingSource, workflowIds: readonly string[]): Promise<string[]> {
  const connection = await Connection.connect({ address: source.address });
  try {
    const client = new Client({ connection, namespace: source.namespace });
    return await Promise.all(workflowIds.map((workflowId) => recordHistory(client, workflowId, source.key)));
  } finally {
    await connection.close();
  }
}

async function recordHistory(client: Client, named: string, key: Buffer): Promise<string> {
  const [workflowId = "", runId] = named.split("#");
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const [from, to] = [new AesGcmCodec(key), new AesGcmCodec(REPLAY_KEY)];
  const { events } = (await written(history, async (payload) => {
    const [plain] = await from.decode([payload]);
    if (plain === undefined || plain === payload) return payload;
    const [sealed] = await to.encode([plain]);
    return sealed ?? payload;
  })) as { events: unknown[] };
  return `${JSON.stringify({ workflowId, events: withoutMachines(events) })}\n`.replaceAll(
    '{"eventId"',
    '\n{"eventId"',
  );
}

/** A message as plain JSON: bytes as `{ base64 }`, every payload passed through `change`. Temporal's own JSON form loses no more, and needs its library's exact copy of protobufjs. */
async function written(value: unknown, change: (payload: Payload) => Promise<Payload>): Promise<unknown> {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return Promise.all(value.map((item) => written(item, change)));
  if (typeof value !== "object" || value === null) return value;
  const message = isPayload(value) ? await change(value) : value;
  const entries = Object.entries(message).filter(([, child]) => child !== null && child !== undefined);
  return Object.fromEntries(
    await Promise.all(
      entries.map(async ([key, child]) => [key, await written(child, isPayload(value) ? unchanged : change)]),
    ),
  );
}

const unchanged = async (payload: Payload): Promise<Payload> => payload;
const isPayload = (value: object): value is Payload =>
  "data" in value && value.data instanceof Uint8Array && "metadata" in value;

/** What `written` wrote, with bytes as bytes again; 64-bit numbers stay as `{ low, high }`, which protobuf takes. */
function readAgain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readAgain);
  if (typeof value !== "object" || value === null) return value;
  if ("base64" in value && typeof value.base64 === "string") return new Uint8Array(Buffer.from(value.base64, "base64"));
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, readAgain(child)]));
}
