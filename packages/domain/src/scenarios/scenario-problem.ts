// What is wrong with a scenario, by place: the shape of every refusal, so that a reader of files can add the line. Pure.
import type { z } from "zod";
import { EvergreenError } from "../errors.ts";

export interface ScenarioProblem {
  /** Keys and indices from the top of the scenario; the last one may name a key that should not be there. */
  path: readonly (string | number)[];
  /** One sentence with the allowed values. */
  words: string;
}

/** EG400 with every problem; `message` is fit for a person. */
export class ScenarioError extends EvergreenError {
  readonly problems: readonly ScenarioProblem[];
  constructor(problems: readonly ScenarioProblem[]) {
    super("EG400", problems.map(problemText).join("; "));
    this.name = "ScenarioError";
    this.problems = problems;
  }
}

export const problemText = ({ path, words }: ScenarioProblem): string =>
  `${path.length === 0 ? "the scenario" : path.map(String).join(".")}: ${words}`;

type Keys = (path: readonly (string | number)[]) => readonly string[];
type Choices = Readonly<Record<string, readonly string[]>>;
type Issue = z.core.$ZodIssue;

/** Problems of a shape that did not fit; a key that does not belong there is a problem of its own, with the keys that do. */
export function shapeProblems(error: z.ZodError, allowed: Keys, choices: Choices): ScenarioProblem[] {
  return error.issues.flatMap((issue) => problemsOf(issue, [], allowed, choices));
}

function problemsOf(
  issue: Issue,
  above: readonly (string | number)[],
  allowed: Keys,
  choices: Choices,
): ScenarioProblem[] {
  const path = [...above, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  if (issue.code === "unrecognized_keys") {
    const keys = allowed(path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      words: `does not belong here${keys.length === 0 ? "" : `; what may stand here: ${keys.join(", ")}`}`,
    }));
  }
  if (issue.code === "invalid_union") {
    const words = choices[String(path.at(-1))];
    if (issue.errors.length === 0 && words !== undefined) return [{ path, words: `is one of ${words.join(", ")}` }];
    // the branch that got into the value is the one that was meant
    const inner = issue.errors
      .map((branch) => branch.flatMap((one) => problemsOf(one, path, allowed, choices)))
      .filter((branch) => branch.length > 0 && branch.every((one) => one.path.length > path.length));
    const [meant] = inner.sort((a, b) => a.length - b.length);
    if (meant !== undefined) return meant;
  }
  return [{ path, words: wordsOf(issue) }];
}

function wordsOf(issue: Issue): string {
  if (issue.code === "invalid_value") return `is one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) return "is missing";
  return issue.message.replace(/^Invalid input: /, "");
}
