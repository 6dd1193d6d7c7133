// What a running command may use: where the stack lives, a session, input, and what it may say while it works.
import { randomUUID } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import { plain } from "./output.ts";
import { openSession, type Session } from "./session.ts";

export interface Streams {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Everything on stdin, as text. */
  input: () => Promise<string>;
  /** Whether a person watches stderr. */
  watched: boolean;
}

export interface ContextOptions {
  streams: Streams;
  environment: Readonly<Record<string, string | undefined>>;
  format: "text" | "json";
  as: string | undefined;
}

export interface Progress {
  say: (text: string) => void;
}

export class Context {
  readonly streams: Streams;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly format: "text" | "json";
  readonly #as: string | undefined;
  readonly #sessions: Session[] = [];

  constructor(options: ContextOptions) {
    this.streams = options.streams;
    this.environment = options.environment;
    this.format = options.format;
    this.#as = options.as;
  }

  /** Signs in as `--as`, as EVERGREEN_EMAIL, or on the demo stack as the first login of the role. */
  async session(role: PersonRole): Promise<Session> {
    const session = await openSession({
      role,
      as: this.#as,
      environment: this.environment,
      note: (text) => this.note(text),
    });
    this.#sessions.push(session);
    return session;
  }

  /** Ends what was opened. */
  async close(): Promise<void> {
    await Promise.all(this.#sessions.splice(0).map((session) => session.close()));
  }

  /** A remark for a person; never on stdout. */
  note(text: string): void {
    this.streams.err(`${plain(text)}\n`);
  }

  /** A line for a person while the command goes on; with JSON output there are none. */
  line(text: string): void {
    if (this.format === "text") this.streams.out(`${text}\n`);
  }

  /** Shows that something is going on, only to a person at a terminal. */
  async progress<T>(label: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    if (!this.streams.watched) return work({ say: () => undefined });
    const { spinner } = await import("@clack/prompts");
    const shown = spinner({ output: process.stderr, indicator: "timer" });
    shown.start(plain(label));
    try {
      const result = await work({ say: (text) => shown.message(plain(text)) });
      shown.stop(plain(label));
      return result;
    } catch (error) {
      shown.error(plain(label));
      throw error;
    }
  }

  /** A file as text. Errors: EG400 when it is absent, EG413 when it is too long (4 MB unless said otherwise). */
  async file(path: string, longest = LONGEST): Promise<string> {
    const source = await readFile(path, "utf8").catch((error: unknown) => {
      throw fileError(path, error);
    });
    refuseLonger(source, path, longest);
    return source;
  }

  /** A file as JSON. Errors: EG400 when it is absent or not JSON, EG413 when it is too long (4 MB unless said otherwise). */
  async json(path: string, longest = LONGEST): Promise<unknown> {
    return parseJson(await this.file(path, longest), path);
  }

  /** Returns when there is a file of that name. Errors: EG400 with the name and the reason. */
  async mustExist(path: string): Promise<void> {
    const found = await stat(path).catch((error: unknown) => {
      throw fileError(path, error);
    });
    if (found.isDirectory()) throw fileError(path, { code: "EISDIR" });
  }

  /** stdin as JSON. */
  async inputJson(): Promise<unknown> {
    const input = await this.streams.input();
    refuseLonger(input, "standard input", LONGEST);
    return parseJson(input, "standard input");
  }
}

/** The caller's request id, or one of its own for this call. */
export const requestIdOf = (given: string | undefined): string => given ?? `cli/${randomUUID()}`;

const LONGEST = 4 * 1024 * 1024;

function refuseLonger(source: string, name: string, longest: number): void {
  if (source.length > longest)
    throw new EvergreenError("EG413", `${plain(name)} is larger than ${longest / 1024 / 1024} MB.`);
}

function parseJson(source: string, name: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new EvergreenError("EG400", `${plain(name)} is not JSON.`, { cause: error });
  }
}

/** EG400 with the reason a file could not be read. */
function fileError(path: string, error: unknown): EvergreenError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const reason =
    code === "ENOENT"
      ? "There is no file"
      : code === "EISDIR"
        ? "That is a folder, not a file:"
        : code === "EACCES"
          ? "May not read"
          : "Cannot read";
  return new EvergreenError("EG400", `${reason} ${plain(path)}.`, { cause: error });
}
