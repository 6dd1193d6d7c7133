// The parts of a JSON object as they are written: what a hash covers is the text, not the value.

/** Top-level keys with the exact text of their values. Errors: text that is no JSON object. */
export function rawParts(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  let at = 0;
  const space = () => {
    while (" \t\n\r".includes(text[at] ?? "x")) at += 1;
  };
  const expect = (mark: string) => {
    space();
    if (text[at] !== mark) throw new Error("no JSON object");
    at += 1;
  };
  const quoted = (): string => {
    const from = at;
    for (at += 1; at < text.length && text[at] !== '"'; at += 1) if (text[at] === "\\") at += 1;
    at += 1;
    return text.slice(from, at);
  };
  const value = (): string => {
    space();
    const from = at;
    let depth = 0;
    for (; at < text.length; at += 1) {
      const mark = text[at] as string;
      if (mark === '"') {
        quoted();
        at -= 1;
      } else if (mark === "{" || mark === "[") depth += 1;
      else if (mark === "}" || mark === "]") {
        if (depth === 0) break;
        depth -= 1;
      } else if (mark === "," && depth === 0) break;
    }
    return text.slice(from, at).trimEnd();
  };
  expect("{");
  space();
  while (text[at] === '"') {
    const key = JSON.parse(quoted()) as string;
    expect(":");
    if (parts.has(key)) throw new Error("a key twice");
    parts.set(key, value());
    space();
    if (text[at] !== ",") break;
    at += 1;
    space();
  }
  expect("}");
  space();
  if (at !== text.length) throw new Error("no JSON object");
  return parts;
}
