// XML to finished records: the elements at the paths that are asked for, each with all it holds, one at a time. The rest of a document is passed over.
import type { FileLimits } from "./limits.ts";
import { quoted, refuse, refuseSize } from "./refusals.ts";
import { walkXml } from "./xml-walker.ts";

export class XmlRecord {
  readonly name: string;
  readonly line: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlRecord[] = [];
  ownText = "";

  constructor(name: string, line: number, attributes: ReadonlyMap<string, string>) {
    this.name = name;
    this.line = line;
    this.attributes = attributes;
  }

  /** Elements at a path of names below this one, in the order of the file. */
  all(path: string): XmlRecord[] {
    let level: XmlRecord[] = [this];
    for (const name of path.split("/"))
      level = level.flatMap((one) => one.children.filter((child) => child.name === name));
    return level;
  }

  /** The one element at a path. Errors: EG400 when there are two. */
  one(path: string): XmlRecord | undefined {
    const [first, second] = this.all(path);
    if (first && second)
      refuse(second.line, `a second <${path}> in <${this.name}>; the first is on line ${first.line}.`);
    return first;
  }

  /** Text of the element at a path, white space collapsed; undefined when it is absent or empty. */
  text(path: string): string | undefined {
    const element = path === "" ? this : this.one(path);
    const text = element?.ownText.trim().replace(/\s+/g, " ");
    return text === "" ? undefined : text;
  }
}

export interface RecordRules {
  /** The root that is wanted, and what to say of another one. */
  root: (name: string, namespace: string) => string | undefined;
  /** Paths of the records, such as "Document/BkToCstmrStmt/Stmt/Ntry". */
  records: ReadonlySet<string>;
  /** Paths whose end is told as well. */
  ends?: ReadonlySet<string>;
}

export interface RecordHandler {
  record(path: string, record: XmlRecord): void;
  ended?(path: string, line: number): void;
}

/**
 * Reads a document record by record. Elements of other namespaces than the root's never count as ours.
 * Errors: EG400 and EG413 of the walker, EG400 for another root, EG413 for a record of too many elements.
 */
export function readRecords(text: string, limits: FileLimits, rules: RecordRules, handler: RecordHandler): void {
  const path: string[] = [];
  const open: XmlRecord[] = [];
  let namespace = "";
  let elements = 0;
  walkXml(text, limits, {
    opened(tag) {
      if (path.length === 0) {
        const wrong = rules.root(tag.name, tag.namespace);
        if (wrong !== undefined) refuse(tag.line, wrong);
        namespace = tag.namespace;
      }
      const name = tag.namespace === namespace ? tag.name : `{${tag.namespace}}${tag.name}`;
      path.push(name);
      const parent = open.at(-1);
      if (!parent && !rules.records.has(path.join("/"))) return;
      elements = parent ? elements + 1 : 1;
      if (elements > limits.record_elements)
        refuseSize(tag.line, `<${open[0]?.name ?? name}> has more than ${limits.record_elements} elements.`);
      const record = new XmlRecord(name, tag.line, tag.attributes);
      parent?.children.push(record);
      open.push(record);
    },
    text(piece, line) {
      const element = open.at(-1);
      if (!element) return;
      element.ownText += piece;
      if (element.ownText.length > limits.text)
        refuseSize(
          line,
          `the text of <${quoted(element.name).slice(1, -1)}> is longer than ${limits.text} characters.`,
        );
    },
    closed(line) {
      const here = path.join("/");
      const done = open.pop();
      if (done && open.length === 0) handler.record(here, done);
      if (rules.ends?.has(here)) handler.ended?.(here, line);
      path.pop();
    },
  });
}

/** Encoding that an XML declaration names must be the one it is read in. Errors: EG400. */
export function refuseOtherEncoding(text: string): void {
  const declared = /^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']{1,40})["']/.exec(text.slice(0, 400))?.[1];
  if (declared !== undefined && !/^(utf-?8|utf-?16|us-ascii|ascii)$/i.test(declared))
    refuse(1, `the encoding ${quoted(declared)} is not UTF-8.`);
}
