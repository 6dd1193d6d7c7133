// Where encrypted documents lie, in two forms behind one interface: a folder of this home, or a bucket of Supabase Storage. A path is two ids.
import { link, mkdir, open, readFile, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { storageBucket } from "./storage-bucket.ts";

export interface DocumentStore {
  /** EG409 when something lies there already. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** EG404 when nothing lies there. */
  get(path: string): Promise<Uint8Array>;
  /** What is not there is gone already. */
  remove(paths: readonly string[]): Promise<void>;
}

const PATH = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function checked(path: string): string {
  if (!PATH.test(path)) throw new EvergreenError("EG400", "A document lies under the ids of its subject and itself.");
  return path;
}

/** `folder` is made at first use; files are 0600 and complete or not there. */
export function folderStore(folder: string): DocumentStore {
  return {
    async put(path, bytes) {
      const file = join(folder, checked(path));
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const draft = `${file}.draft`;
      const handle = await open(draft, "w", 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      try {
        await link(draft, file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        throw new EvergreenError("EG409", "There is a document under that id already.");
      } finally {
        await unlink(draft);
      }
    },
    async get(path) {
      const bytes = await readFile(join(folder, checked(path))).catch(() => undefined);
      if (bytes === undefined) throw new EvergreenError("EG404", "The file of the document is not there.");
      return bytes;
    },
    async remove(paths) {
      for (const path of paths) await rm(join(folder, checked(path)), { force: true });
    },
  };
}

/** What is used of a bucket of supabase-js: `client.storage.from("personal-documents")`. */
export interface Bucket {
  upload(
    path: string,
    body: Uint8Array<ArrayBuffer>,
    options: { contentType: string; upsert: boolean },
  ): Promise<{ error: { message: string } | null }>;
  download(path: string): PromiseLike<{ data: Blob | null; error: { message: string } | null }>;
  remove(paths: string[]): Promise<{ error: { message: string } | null }>;
}

const statusOf = (error: unknown): string => {
  const { statusCode, status } = (error ?? {}) as { statusCode?: unknown; status?: unknown };
  return String(statusCode ?? status ?? "");
};
const away = (error: unknown): EvergreenError =>
  new EvergreenError("EG503", "The store of documents does not answer as it should; try again.", { cause: error });

export const BUCKET = "personal-documents";

/** What is stored is noise to the bucket: its type is that of any bytes. */
export function bucketStore(bucket: Bucket): DocumentStore {
  return {
    async put(path, bytes) {
      const { error } = await bucket.upload(checked(path), new Uint8Array(bytes), {
        contentType: "application/octet-stream",
        upsert: false,
      });
      if (error === null) return;
      if (statusOf(error) === "409") throw new EvergreenError("EG409", "There is a document under that id already.");
      throw away(error);
    },
    async get(path) {
      const { data, error } = await bucket.download(checked(path));
      if (data !== null) return new Uint8Array(await data.arrayBuffer());
      if (["400", "404"].includes(statusOf(error)))
        throw new EvergreenError("EG404", "The file of the document is not there.");
      throw away(error);
    },
    async remove(paths) {
      if (paths.length === 0) return;
      const { error } = await bucket.remove(paths.map(checked));
      if (error !== null) throw away(error);
    },
  };
}

/** Where the configuration says that documents lie. */
export const documentsOf = ({ home, personalStorage }: Pick<Config, "home" | "personalStorage">): DocumentStore =>
  personalStorage === null ? folderStore(join(home, "documents")) : bucketStore(storageBucket(personalStorage));
