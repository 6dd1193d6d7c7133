// Secrets that a stack makes for itself: one file each under EVERGREEN_HOME/keys, readable by the owner only, made once.
import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.ts";

export type KeyName =
  | "codec"
  | "jwt"
  | "publishable"
  | "second_factors"
  | "logins"
  | "postgres"
  | "evergreen_app"
  | "evergreen_api"
  | "evergreen_readonly"
  | "chain"
  | "personal_master"
  | "personal_index"
  | "personal_signing";

/**
 * Makes the home when it is not there. Whoever comes first makes it like this, because as root the database server runs as another user, who
 * walks through it; what nobody else may read lies in folders of its own.
 */
export function makeHome(home: string): void {
  if (mkdirSync(home, { recursive: true }) !== undefined) chmodSync(home, 0o755);
}

/** The secret of that name as hex; made with `bytes` random bytes on first use. Two processes that make it at once agree. */
export function ownKey(home: string, name: KeyName, bytes = 32): string {
  const folder = join(home, "keys");
  const file = join(folder, name);
  const existing = readKey(file);
  if (existing !== undefined) return existing;
  makeHome(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, `${randomBytes(bytes).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, file); // fails when another process was first: then its key is the key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
  const made = readKey(file);
  if (made === undefined) throw new Error(`The key file ${file} is empty.`);
  return made;
}

function readKey(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** 32 bytes that encrypt Temporal payloads: the setting, or the stack's own key. */
export function codecKey(config: Pick<Config, "home" | "codecKeyHex">): Buffer {
  return Buffer.from(config.codecKeyHex ?? ownKey(config.home, "codec"), "hex");
}
