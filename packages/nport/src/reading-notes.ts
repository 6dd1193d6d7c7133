// What the reader saw and could not place, and what it read with a remark. Lists are bounded; nothing disappears without being counted.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";

/** A remark about a filing. `message` names no amount; `line` is where it was first seen; `count` how often. */
export const Warning = z.object({
  code: z.string().max(60),
  message: z.string().max(500),
  line: z.int().positive().optional(),
  count: z.int().positive(),
});
export type Warning = z.infer<typeof Warning>;

/** An element (`a/b`), attribute (`a/b/@c`) or stray text (`a/b/#text`) that no rule of this reader covers. */
export const UnknownPart = z.object({ path: z.string().max(600), line: z.int().positive(), count: z.int().positive() });
export type UnknownPart = z.infer<typeof UnknownPart>;

/** Refuses the file: EG400 with the line and the reason. */
export function refuse(line: number, reason: string, cause?: unknown): never {
  throw new EvergreenError("EG400", `line ${line}: ${reason}`, cause === undefined ? undefined : { cause });
}

/** Refuses the file as too large: EG413 with the line and the limit. */
export function refuseSize(line: number, reason: string): never {
  throw new EvergreenError("EG413", `line ${line}: ${reason}`);
}

/** A piece of the file fit for a message: printable, at most `length` characters. */
export function quoted(text: string, length = 60): string {
  const printable = text.replace(/[^\x20-\x7e]/g, "?");
  return printable.length > length ? `"${printable.slice(0, length)}…"` : `"${printable}"`;
}

export class ReadingNotes {
  readonly #unknown = new Map<string, UnknownPart>();
  readonly #warnings = new Map<string, Warning>();
  readonly #listed: number;
  #overflow = 0;

  constructor(listed: number) {
    this.#listed = listed;
  }

  /** Lists a part nobody reads; the same path again raises its count. */
  unknown(path: string, line: number): void {
    const key = path.length > 600 ? `${path.slice(0, 599)}…` : path;
    const seen = this.#unknown.get(key);
    if (seen) seen.count += 1;
    else if (this.#unknown.size < this.#listed) this.#unknown.set(key, { path: key, line, count: 1 });
    else this.#overflow += 1;
  }

  /** Lists a remark; the same code and message again raises its count. */
  warn(code: string, message: string, line?: number): void {
    const key = `${code}\n${message}`;
    const seen = this.#warnings.get(key);
    if (seen) seen.count += 1;
    else if (this.#warnings.size < this.#listed)
      this.#warnings.set(key, { code, message, count: 1, ...(line ? { line } : {}) });
    else this.#overflow += 1;
  }

  get unknownParts(): UnknownPart[] {
    return [...this.#unknown.values()];
  }

  get warnings(): Warning[] {
    const all = [...this.#warnings.values()];
    if (this.#overflow > 0) {
      all.push({
        code: "not_listed",
        message: "More unknown parts or warnings than are listed.",
        count: this.#overflow,
      });
    }
    return all;
  }
}
