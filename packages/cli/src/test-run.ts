// A command line as tests run it: in this process, with what it prints kept apart and nobody watching.
import { runCommandLine } from "./program.ts";

export interface Ran {
  exit: number;
  out: string;
  err: string;
}

export async function ran(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  input = "",
  /** Hears every remark at once, for who answers it while the command waits. */
  onRemark: (text: string) => void = () => undefined,
): Promise<Ran> {
  let [out, err] = ["", ""];
  const streams = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
      onRemark(text);
    },
    input: () => Promise.resolve(input),
    watched: false,
  };
  const exit = await runCommandLine([...argv], streams, environment);
  return { exit, out, err };
}
