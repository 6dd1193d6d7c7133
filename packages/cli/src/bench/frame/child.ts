// Processes a bench starts: each is ended by its own id when the bench ends, whatever happens. Messages are lines of JSON on stdout.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atAnyEnd } from "./ending.ts";

export interface Child {
  readonly pid: number;
  /** The next JSON line. @throws Error with what the process said when it ends before, or after `timeoutMs`. */
  next<Message>(timeoutMs?: number): Promise<Message>;
  /** Waits for a line on stdout that matches. @throws Error as `next` does. */
  heard(pattern: RegExp, timeoutMs: number): Promise<void>;
  send(message: unknown): void;
  readonly ended: Promise<NodeJS.Signals | null>;
  kill(): Promise<void>;
}

export interface ChildOptions {
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  cwd?: string;
}

/** A TypeScript or Python file as a process of its own. */
export function startScript(
  file: URL,
  args: readonly string[],
  { interpreter, ...options }: ChildOptions & { interpreter?: string } = {},
): Child {
  const path = fileURLToPath(file);
  return interpreter === undefined
    ? startChild(process.execPath, ["--import", import.meta.resolve("tsx"), path, ...args], options)
    : startChild(interpreter, [path, ...args], options);
}

export function startChild(command: string, args: readonly string[], { environment, cwd }: ChildOptions = {}): Child {
  const child: ChildProcess = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    ...(environment === undefined ? {} : { env: withoutRunner(environment) }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
  });
  child.stdin?.on("error", () => undefined); // a process that was killed takes no more orders
  const lines: string[] = [];
  const words: string[] = [];
  let wake: (() => void) | undefined;
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) lines.push(line);
      else {
        said = `${said}${line}\n`.slice(-2_000);
        words.push(line);
        if (words.length > 100) words.shift();
      }
      wake?.();
    });
  let gone = false;
  const forget = atAnyEnd(() => child.kill("SIGKILL"));
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    const end = (signal: NodeJS.Signals | null): void => {
      gone = true;
      forget();
      wake?.();
      resolve(signal);
    };
    child.once("exit", (_code, signal) => setImmediate(end, signal));
    child.once("error", (error) => {
      said += error.message;
      end(null);
    });
  });
  const until = async <Found>(find: () => Found | undefined, timeoutMs: number): Promise<Found> => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (gone) throw new Error(`${command} ended: ${said.trim()}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${command} did not answer within ${timeoutMs / 1000} s: ${said.trim()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    pid: child.pid ?? 0,
    ended,
    send: (message) => void child.stdin?.write(`${JSON.stringify(message)}\n`),
    next: <Message>(timeoutMs = 120_000) =>
      until(() => {
        const line = lines.shift();
        return line === undefined ? undefined : (JSON.parse(line) as Message);
      }, timeoutMs),
    heard: async (pattern, timeoutMs) => {
      await until(() => words.find((line) => pattern.test(line)), timeoutMs);
    },
    async kill() {
      if (!gone) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A test runner's own variables would change how libraries load in the processes that are measured. */
function withoutRunner(environment: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$|NODE_OPTIONS$)/.test(name)),
  );
}
