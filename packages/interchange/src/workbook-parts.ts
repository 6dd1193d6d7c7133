// The zip container of a workbook: its parts by name, unpacked one at a time under limits that count what really comes out. The only place that knows yauzl.
import { crc32 } from "node:zlib";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import yauzl from "yauzl";
import type { FileLimits } from "./limits.ts";
import { quoted, refuseFile } from "./refusals.ts";

export class WorkbookParts {
  readonly #zip: yauzl.ZipFile;
  readonly #entries: ReadonlyMap<string, yauzl.Entry>;
  readonly #limits: FileLimits;
  #unpacked = 0;

  private constructor(zip: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>, limits: FileLimits) {
    this.#zip = zip;
    this.#entries = entries;
    this.#limits = limits;
  }

  /** Reads the directory of the container. Errors: EG400 damaged, encrypted or a part twice, EG413 too many parts. */
  static async open(bytes: Buffer, limits: FileLimits): Promise<WorkbookParts> {
    const zip = await new Promise<yauzl.ZipFile>((resolve, reject) => {
      yauzl.fromBuffer(
        bytes,
        { lazyEntries: true, validateEntrySizes: true, strictFileNames: true },
        (error, opened) => (error ? reject(damaged(error)) : resolve(opened)),
      );
    });
    const entries = new Map<string, yauzl.Entry>();
    await new Promise<void>((resolve, reject) => {
      zip.on("error", (error: Error) => reject(damaged(error)));
      zip.on("end", () => resolve());
      zip.on("entry", (entry: yauzl.Entry) => {
        // names of parts are the same in any case
        const name = entry.fileName.toLowerCase();
        if (entries.size >= limits.parts)
          reject(new EvergreenError("EG413", `The workbook has more than ${limits.parts} parts.`));
        else if (entries.has(name))
          reject(new EvergreenError("EG400", `The workbook holds ${quoted(entry.fileName)} twice.`));
        else {
          entries.set(name, entry);
          zip.readEntry();
        }
      });
      zip.readEntry();
    });
    return new WorkbookParts(zip, entries, limits);
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  /** Text of a part. Errors: EG400 absent, damaged or not UTF-8, EG413 when more comes out than the limit. */
  async text(name: string): Promise<string> {
    const entry = this.#entries.get(name.toLowerCase());
    if (!entry) return refuseFile(`The workbook has no ${quoted(name)}: it is not an .xlsx file, or it is damaged.`);
    if (entry.isEncrypted()) refuseFile("The workbook is encrypted; save it without a password.");
    const bytes = await this.#unpack(entry);
    if (crc32(bytes) >>> 0 !== entry.crc32 >>> 0)
      refuseFile(`The workbook is damaged: the checksum of ${quoted(name)} is wrong.`);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (error) {
      return refuseFile(`${quoted(name)} of the workbook is not UTF-8.`, error);
    }
  }

  #unpack(entry: yauzl.Entry): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(damaged(error));
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => {
          this.#unpacked += chunk.length;
          if (this.#unpacked > this.#limits.unpacked) {
            stream.destroy();
            return reject(
              new EvergreenError("EG413", `The workbook unpacks to more than ${this.#limits.unpacked} bytes.`),
            );
          }
          chunks.push(chunk);
        });
        stream.on("error", (broken: Error) => reject(damaged(broken)));
        stream.on("end", () => resolve(Buffer.concat(chunks)));
      });
    });
  }
}

const damaged = (error: Error): EvergreenError =>
  new EvergreenError("EG400", `The workbook is damaged: ${quoted(error.message, 100)}.`, { cause: error });
