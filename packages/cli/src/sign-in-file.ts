// The sign-in that `evergreen login` has kept: one file in the home that only its owner reads. A token that runs out is renewed by one process at a time,
// because a refresh token is good once.
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome } from "@evergreen-fund/config/keys.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";

/** A session as the sign-in answers it, as far as it is kept. */
export const SignedIn = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_in: z.number(),
  user: z.object({ id: z.string(), email: z.string(), role: z.string() }),
});
export type SignedIn = z.infer<typeof SignedIn>;

const Kept = z.object({
  url: z.string(),
  userId: z.string(),
  email: z.string(),
  role: z.string(),
  accessToken: z.string(),
  refreshToken: z.string(),
  /** Milliseconds since 1970, by the clock of this machine. */
  expiresAt: z.number(),
});
export type Kept = z.infer<typeof Kept>;

/** Renewed this long before its end, so that a request that takes its time still has a good token. */
const EARLY_MS = 60_000;
/** A process that was killed while it renewed holds nobody up for longer. */
const LOCK_IS_OLD_MS = 20_000;
const LOOK_AGAIN_MS = 50;
const OTHERS = 0o077;

export class SignInFile {
  readonly #folder: string;
  readonly #file: string;
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
    this.#folder = join(home, "login");
    this.#file = join(this.#folder, "session.json");
  }

  /** Who is signed in at this address, or undefined. Errors: EG403 when others could read the file. */
  read(url: string): Kept | undefined {
    let text: string;
    try {
      if ((statSync(this.#file).mode & OTHERS) !== 0)
        throw new EvergreenError("EG403", `Others can read ${this.#file}: run \`evergreen logout\` and log in again.`);
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    try {
      const kept = Kept.parse(JSON.parse(text));
      return kept.url === url ? kept : undefined;
    } catch {
      return undefined; // half a file, or one of another version: nobody is signed in
    }
  }

  keep(url: string, { access_token, refresh_token, expires_in, user }: SignedIn): Kept {
    const kept: Kept = {
      url,
      userId: user.id,
      email: user.email,
      role: user.role,
      accessToken: access_token,
      refreshToken: refresh_token,
      expiresAt: Date.now() + expires_in * 1_000,
    };
    makeHome(this.#home);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const draft = `${this.#file}.${process.pid}`;
    rmSync(draft, { force: true });
    writeFileSync(draft, `${JSON.stringify(kept)}\n`, { mode: 0o600, flag: "wx" });
    renameSync(draft, this.#file);
    return kept;
  }

  /** Whether there was one. */
  forget(): boolean {
    try {
      rmSync(this.#file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  /** A token that is good for a while yet. @param renew asks for a new session. Errors: EG401 when nobody is signed in any more, and those of `renew`. */
  async token(url: string, renew: (refreshToken: string) => Promise<SignedIn>): Promise<string> {
    const now = this.read(url);
    if (now !== undefined && now.expiresAt - EARLY_MS > Date.now()) return now.accessToken;
    return this.#alone(async () => {
      // another process may have renewed it meanwhile
      const kept = this.read(url);
      if (kept === undefined) throw new EvergreenError("EG401", "Nobody is signed in any more: run `evergreen login`.");
      if (kept.expiresAt - EARLY_MS > Date.now()) return kept.accessToken;
      return this.keep(url, await renew(kept.refreshToken)).accessToken;
    });
  }

  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const lock = `${this.#file}.lock`;
    for (;;) {
      try {
        closeSync(openSync(lock, "wx", 0o600));
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
        else if (code !== "EEXIST") throw error;
        else if (isOld(lock)) rmSync(lock, { force: true });
        else await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function isOld(lock: string): boolean {
  try {
    return Date.now() - statSync(lock).mtimeMs > LOCK_IS_OLD_MS;
  } catch {
    return false; // gone meanwhile
  }
}
