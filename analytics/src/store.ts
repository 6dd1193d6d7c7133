// Copies of snapshots in an S3-compatible store: the newest under one name, and one per day that is written once and never again.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import type { AnalyticsHome } from "./home.ts";
import { fileOf, type Manifest, verifySnapshot } from "./publish.ts";

export interface StoreSettings {
  bucket: string;
  /** First part of every key: dev, staging, production. */
  environment: string;
  /** Null: AWS. */
  endpoint: string | null;
  region: string;
  /** Null: the AWS SDK looks where it always looks (profile, role, container). */
  credentials: { accessKeyId: string; secretAccessKey: string } | null;
}

const Sum = z.object({ rows: z.string().regex(/^\d+$/), sum: z.string().regex(/^\d+$/) });
/** A manifest as it comes from a store that others may write to. Its name becomes part of a path. */
const StoredManifest = z.object({
  name: z.string().regex(/^[0-9TZ]+-\d+-[0-9a-f]{12}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
  contentHash: z.string().regex(/^[0-9a-f]{64}$/),
  model: z.string().regex(/^[0-9a-f]{64}$/),
  position: z.object({ source: z.string(), tx: z.string().regex(/^\d+$/) }),
  takenAt: z.iso.datetime(),
  madeAt: z.iso.datetime(),
  tables: z.record(z.string(), Sum),
}) satisfies z.ZodType<Manifest>;

export interface Store {
  /** Puts a snapshot as the newest and, unless its day has one, as the copy of its day (UTC, by the database's clock). Says whether the day was written. */
  upload(snapshot: Manifest & { path: string }): Promise<{ day: string; dailyWritten: boolean }>;
  /** Puts a snapshot on which a run rests under the hash of its content, once: the newest of all may be another one a moment later. */
  share(snapshot: Manifest & { path: string }): Promise<void>;
  /** Days that have a copy, the newest first. */
  days(): Promise<string[]>;
  /** The manifest of a day's copy, of the one with a content hash, or (`null`) of the newest. Errors: EG404, EG431 when it is none of ours. */
  manifest(day: string | null): Promise<Manifest>;
  /**
   * Fetches a copy to a draft beside the snapshots and reads it through and through.
   * Errors: EG404 when there is none, EG431 when it is not what its manifest says.
   */
  fetch(
    paths: AnalyticsHome,
    day: string | null,
    say: (line: string) => void,
  ): Promise<{ manifest: Manifest; draft: string }>;
  /** Puts a file of an archive under its name; the store compares the hash. */
  putArchive(name: string, path: string, bytes: number, sha256: string): Promise<void>;
  /** Fetches a file of an archive to `path`. Errors: EG404. */
  getArchive(name: string, path: string): Promise<void>;
  /** Puts a file of a report beside the copy of a day, once: what is there already stays. */
  putReport(day: string, name: string, content: Buffer): Promise<void>;
  /** A file of a report. Errors: EG404. */
  getReport(day: string, name: string): Promise<Buffer>;
  close(): void;
}

const CONTENT = /^[0-9a-f]{64}$/;
/** What one conditional write may carry. */
const LARGEST = 5 * 1024 ** 3;

/** Errors of every call: EG503 when the store does not answer, EG403 when it refuses the credentials. */
export function openStore(settings: StoreSettings): Store {
  const { bucket: Bucket, environment } = settings;
  const client = new S3Client({
    region: settings.region,
    // every file travels with its sha256, which the store compares
    requestChecksumCalculation: "WHEN_REQUIRED",
    ...(settings.endpoint === null ? {} : { endpoint: settings.endpoint, forcePathStyle: true }),
    ...(settings.credentials === null ? {} : { credentials: settings.credentials }),
  });
  // a copy is of a day, or under the hash of its content
  const folderOf = (place: string): string =>
    CONTENT.test(place) ? `${environment}/runs/${place}` : `${environment}/daily/${checkedDay(place)}`;
  const manifestKey = (day: string | null): string =>
    day === null ? `${environment}/duckdb.json` : `${folderOf(day)}/manifest.json`;
  // the file of a day has the name of its snapshot: what an upload that died left there is in nobody's way
  const fileKey = (day: string | null, { name }: Manifest): string =>
    day === null ? `${environment}/duckdb.db` : `${folderOf(day)}/${name}.duckdb`;

  /** Answers whether it was written; with `once`, false when the key is there already. */
  async function put(
    Key: string,
    body: Readable | Buffer,
    bytes: number,
    sha256: string,
    once: boolean,
  ): Promise<boolean> {
    const command = new PutObjectCommand({
      Bucket,
      Key,
      Body: body,
      ContentLength: bytes,
      ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64"),
      ...(once ? { IfNoneMatch: "*" } : {}),
    });
    try {
      await client.send(command);
      return true;
    } catch (error) {
      if (once && statusOf(error) === 412) return false;
      throw error;
    }
  }

  /** The file, then its manifest: a copy without a manifest does not count. Answers whether the manifest was written. */
  async function write(day: string | null, path: string, manifest: Manifest): Promise<boolean> {
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    await put(fileKey(day, manifest), createReadStream(path), manifest.bytes, manifest.sha256, day !== null);
    return put(manifestKey(day), text, text.length, createHash("sha256").update(text).digest("hex"), day !== null);
  }

  const get = async (Key: string): Promise<Readable> =>
    (await client.send(new GetObjectCommand({ Bucket, Key }))).Body as Readable;

  async function contentOf(Key: string): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of await get(Key)) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }

  async function readManifest(day: string | null): Promise<Manifest> {
    const parsed = StoredManifest.safeParse(jsonOf((await contentOf(manifestKey(day))).toString("utf8")));
    if (!parsed.success) throw new EvergreenError("EG431", "The manifest in the store is none of ours.");
    return parsed.data;
  }

  return {
    upload: ({ path, ...manifest }) =>
      answered(async () => {
        if (manifest.bytes > LARGEST)
          throw new EvergreenError("EG413", "A snapshot above 5 GB cannot be copied in one write.");
        const day = manifest.takenAt.slice(0, 10);
        const taken = await readManifest(day).catch(absent);
        const dailyWritten = taken === undefined && (await write(day, path, manifest));
        const newest = await readManifest(null).catch(absent);
        // another machine may have gone further meanwhile
        if (
          newest === undefined ||
          newest.takenAt < manifest.takenAt ||
          (newest.takenAt === manifest.takenAt && newest.madeAt <= manifest.madeAt)
        )
          await write(null, path, manifest);
        return { day, dailyWritten };
      }),
    share: ({ path, ...manifest }) =>
      answered(async () => {
        if (manifest.bytes > LARGEST)
          throw new EvergreenError("EG413", "A snapshot above 5 GB cannot be copied in one write.");
        if ((await readManifest(manifest.contentHash).catch(absent)) === undefined)
          await write(manifest.contentHash, path, manifest);
      }),
    days: () =>
      answered(async () => {
        const found: string[] = [];
        let ContinuationToken: string | undefined;
        do {
          const page = await client.send(
            new ListObjectsV2Command({ Bucket, Prefix: `${environment}/daily/`, ContinuationToken }),
          );
          for (const { Key = "" } of page.Contents ?? []) {
            const [, day] = /\/daily\/(\d{4}-\d{2}-\d{2})\/manifest\.json$/.exec(Key) ?? [];
            if (day !== undefined) found.push(day);
          }
          ContinuationToken = page.NextContinuationToken;
        } while (ContinuationToken !== undefined);
        return found.sort().reverse();
      }),
    manifest: (day) => answered(() => readManifest(day)),
    async fetch(paths, day, say) {
      const manifest = await answered(() => readManifest(day));
      await mkdir(paths.snapshots, { recursive: true, mode: 0o700 });
      const draft = `${fileOf(paths, manifest.name)}.fetched.draft`;
      try {
        say(`${manifest.name}: fetching ${manifest.bytes} bytes`);
        await answered(async () =>
          pipeline(await get(fileKey(day, manifest)), createWriteStream(draft, { mode: 0o600 })),
        );
        await verifySnapshot(draft, manifest, say);
        return { manifest, draft };
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    putArchive: (name, path, bytes, sha256) =>
      answered(async () => {
        if (bytes > LARGEST) throw new EvergreenError("EG413", "An archive above 5 GB cannot be copied in one write.");
        await put(`${environment}/archive/${name}`, createReadStream(path), bytes, sha256, false);
      }),
    getArchive: (name, path) =>
      answered(async () =>
        pipeline(await get(`${environment}/archive/${name}`), createWriteStream(path, { mode: 0o600 })),
      ),
    putReport: (day, name, content) =>
      answered(async () => {
        const sha256 = createHash("sha256").update(content).digest("hex");
        await put(`${folderOf(day)}/reports/${name}`, content, content.length, sha256, true);
      }),
    getReport: (day, name) => answered(() => contentOf(`${folderOf(day)}/reports/${name}`)),
    close: () => client.destroy(),
  };
}

/** A day of the calendar. Errors: EG400. */
export function checkedDay(day: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day))
    return day;
  throw new EvergreenError("EG400", "A day is YYYY-MM-DD.");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "");

/** For a key that need not be there. */
function absent(error: unknown): undefined {
  if (nameOf(error) === "NoSuchKey") return undefined;
  throw error;
}

/** What the store said, in coded errors. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EvergreenError) throw error;
    const [name, status] = [nameOf(error), statusOf(error)];
    if (name === "NoSuchKey") throw new EvergreenError("EG404", "The store has no such copy.", { cause: error });
    if (name === "NoSuchBucket") throw new EvergreenError("EG404", "The store has no such bucket.", { cause: error });
    if (status === 403 || status === 401 || /AccessKey|UserNotFound|Credentials/.test(name))
      throw new EvergreenError("EG403", "The store refuses these credentials.", { cause: error });
    if (/checksum mismatch/i.test(String(error)))
      throw new EvergreenError("EG431", "The copy in the store is not what was put there.", { cause: error });
    throw new EvergreenError("EG503", "The store of snapshots does not answer; try again.", { cause: error });
  }
}
