// A private bucket of Supabase Storage over its HTTP interface: what documents need of it, under a secret key of the project.
import type { Bucket } from "./documents.ts";

export interface StorageAddress {
  /** Of the project, as https://PROJECT.supabase.co. */
  url: string;
  /** A secret key (service role): people's keys may not look into the bucket. */
  key: string;
  bucket: string;
}

/** A document has at most 20 MB; a server that takes longer than this is away. */
const PATIENCE_MS = 60_000;

interface Failure {
  message: string;
  statusCode: string;
}

/** Storage says what went wrong in its body; the status beside it is 400 for most of it. */
async function failureOf(answer: Response): Promise<Failure> {
  const said: unknown = await answer.json().catch(() => ({}));
  const code = (said as { statusCode?: unknown }).statusCode;
  return { message: `Storage answers ${answer.status}.`, statusCode: String(code ?? answer.status) };
}

/** No message of a failure holds a path, the key or what the server said. */
export function storageBucket({ url, key, bucket }: StorageAddress): Bucket {
  const root = `${url.replace(/\/+$/, "")}/storage/v1/object/${encodeURIComponent(bucket)}`;
  const send = async (path: string, init: RequestInit): Promise<Response | Failure> => {
    try {
      return await fetch(`${root}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${key}`, apikey: key, ...init.headers },
        signal: AbortSignal.timeout(PATIENCE_MS),
        redirect: "error",
      });
    } catch {
      return { message: "Storage does not answer.", statusCode: "503" };
    }
  };
  const failed = async (answer: Response | Failure): Promise<Failure | null> =>
    answer instanceof Response ? (answer.ok ? null : await failureOf(answer)) : answer;

  return {
    async upload(path, body, { contentType, upsert }) {
      const headers = { "content-type": contentType, "x-upsert": String(upsert) };
      const answer = await send(`/${path}`, { method: "POST", body, headers });
      return { error: await failed(answer) };
    },
    async download(path) {
      const answer = await send(`/${path}`, { method: "GET" });
      const error = await failed(answer);
      return answer instanceof Response && error === null
        ? { data: await answer.blob(), error: null }
        : { data: null, error };
    },
    async remove(paths) {
      const answer = await send("", {
        method: "DELETE",
        body: JSON.stringify({ prefixes: paths }),
        headers: { "content-type": "application/json" },
      });
      return { error: await failed(answer) };
    },
  };
}
