// Records of an XML file as small trees, one at a time: no DOCTYPE, no entity of its own, bounded depth, text and number of elements.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { SaxesParser } from "saxes";
import { type ListLimits, refused, tooLarge } from "./limits.ts";

export interface Node {
  /** Local name. */
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: Node[];
  text: string;
}

const STEP = 64 * 1024;
const RECORD_ELEMENTS = 20_000;

/** Calls `take` with every element of one of the `records` names, and `root` with the root's tag. Errors: EG400, EG413. */
export function eachRecord(
  text: string,
  records: readonly string[],
  limits: ListLimits,
  take: (node: Node) => void,
  root: (node: Node) => void = () => undefined,
): void {
  const parser = new SaxesParser({ xmlns: false });
  const open: Node[] = [];
  let depth = 0;
  let elements = 0;
  let inRecord = 0;
  let silent = 0;
  parser.on("error", (error) => refused(`it is no well-formed XML (line ${parser.line}).`, error));
  parser.on("doctype", () => refused("a DOCTYPE is not allowed, nor any entity of its own."));
  parser.on("opentag", (tag) => {
    silent = 0;
    depth += 1;
    elements += 1;
    if (depth > limits.depth) tooLarge(`elements are nested deeper than ${limits.depth}.`);
    if (elements > limits.elements) tooLarge(`it has more than ${limits.elements} elements.`);
    const node: Node = {
      name: tag.name.replace(/^.*:/, ""),
      attributes: tag.attributes as Record<string, string>,
      children: [],
      text: "",
    };
    if (Object.values(node.attributes).some((value) => value.length > limits.text))
      tooLarge(`an attribute is longer than ${limits.text} characters (line ${parser.line}).`);
    if (depth === 1) root(node);
    if (open.length === 0 && !records.includes(node.name)) return;
    if (open.length === 0) inRecord = 0;
    inRecord += 1;
    if (inRecord > RECORD_ELEMENTS) tooLarge(`one entry has more than ${RECORD_ELEMENTS} elements.`);
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  const onText = (piece: string): void => {
    silent = 0;
    const node = open.at(-1);
    if (node === undefined) return;
    if (node.text.length + piece.length > limits.text)
      tooLarge(`a text is longer than ${limits.text} characters (line ${parser.line}).`);
    node.text += piece;
  };
  parser.on("text", onText);
  parser.on("cdata", onText);
  parser.on("comment", () => {
    silent = 0;
  });
  parser.on("closetag", () => {
    depth -= 1;
    const node = open.pop();
    if (node !== undefined && open.length === 0) take(node);
  });
  const guarded = (step: () => unknown): void => {
    try {
      step();
    } catch (error) {
      if (error instanceof EvergreenError) throw error;
      refused("it is no well-formed XML.", error);
    }
  };
  for (let at = 0; at < text.length; at += STEP) {
    const piece = text.slice(at, at + STEP);
    silent += piece.length;
    guarded(() => parser.write(piece));
    // one token that never ends would be held whole
    if (silent > limits.text + 2 * STEP) tooLarge(`a text, name or comment is longer than ${limits.text} characters.`);
  }
  if (depth > 0) refused("it is cut off: it ends inside an element.");
  guarded(() => parser.close());
}

export const childrenOf = (node: Node, name: string): Node[] => node.children.filter((child) => child.name === name);
export const textOf = (node: Node, name: string): string =>
  (node.children.find((child) => child.name === name)?.text ?? "").trim();
/** Texts of all elements of a path such as "NATIONALITY/VALUE". */
export function textsOf(node: Node, path: string): string[] {
  const [first = "", ...rest] = path.split("/");
  const found = childrenOf(node, first);
  return rest.length === 0
    ? found.map(({ text }) => text.trim()).filter((text) => text !== "")
    : found.flatMap((child) => textsOf(child, rest.join("/")));
}
