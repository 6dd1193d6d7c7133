// XML text to the opening, text and closing of elements: the only place that knows saxes. Holds nothing but the path.
// Refuses what is not well-formed, declares a DOCTYPE or an entity, or is larger than the limits.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from "saxes";
import type { FileLimits } from "./limits.ts";
import { quoted, refuse, refuseSize } from "./refusals.ts";

const SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance";
const XMLNS = "http://www.w3.org/2000/xmlns/";
/** Characters handed to the parser at once; bounds what one step can queue. */
const STEP = 16 * 1024;

export interface XmlTag {
  name: string;
  namespace: string;
  /** By local name; of another namespace as "{namespace}name". */
  attributes: ReadonlyMap<string, string>;
  line: number;
}

export interface XmlHandler {
  opened(tag: XmlTag): void;
  text(text: string, line: number): void;
  closed(line: number): void;
}

export type XmlLimits = Pick<FileLimits, "text" | "depth" | "attributes" | "elements">;

/** Walks a whole document. Errors: EG400 not well-formed or not allowed, EG413 beyond a limit; each with its line. */
export function walkXml(text: string, limits: XmlLimits, handler: XmlHandler): void {
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: "1.0", forceXMLVersion: true });
  let depth = 0;
  let elements = 0;
  let attributes = 0;
  let silent = 0;
  let startLine = 1;
  const open: string[] = [];
  const tooLong = (): never =>
    refuseSize(parser.line, `a text, name or comment is longer than ${limits.text} characters.`);
  /** Every event proves that no token grows without end; a single one may still be too long. */
  const alive = (length: number): void => {
    silent = 0;
    if (length > limits.text) tooLong();
  };
  const guarded = (step: () => unknown): void => {
    try {
      step();
    } catch (error) {
      if (error instanceof EvergreenError) throw error;
      // saxes throws plain errors for states it holds impossible; to the caller the file is just not XML
      refuse(parser.line, "not well-formed XML.", error);
    }
  };
  parser.on("error", (error) => {
    refuse(parser.line, `not well-formed XML: ${quoted(error.message.replace(/^.*?\d+:\d+: /, ""), 120)}`);
  });
  parser.on("xmldecl", (declaration) => {
    alive(0);
    if (declaration.version !== "1.0") refuse(parser.line, "the XML version is not 1.0.");
  });
  parser.on("doctype", () => refuse(parser.line, "a DOCTYPE is not allowed, nor any entity of its own."));
  parser.on("processinginstruction", () => alive(0));
  parser.on("comment", (comment) => alive(comment.length));
  parser.on("opentagstart", (tag) => {
    alive(tag.name.length);
    startLine = parser.line;
    attributes = 0;
    if (depth + 1 > limits.depth) refuseSize(parser.line, `elements are nested deeper than ${limits.depth}.`);
  });
  parser.on("attribute", (attribute) => {
    alive(attribute.value.length);
    attributes += 1;
    if (attributes > limits.attributes)
      refuseSize(parser.line, `an element has more than ${limits.attributes} attributes.`);
  });
  parser.on("opentag", (tag) => {
    alive(0);
    depth += 1;
    elements += 1;
    if (elements > limits.elements) refuseSize(parser.line, `the document has more than ${limits.elements} elements.`);
    open.push(tag.local);
    handler.opened({ name: tag.local, namespace: tag.uri, attributes: attributesOf(tag), line: startLine });
  });
  const onText = (piece: string): void => {
    alive(piece.length);
    if (depth > 0) handler.text(piece, parser.line);
  };
  parser.on("text", onText);
  parser.on("cdata", onText);
  parser.on("closetag", () => {
    alive(0);
    depth -= 1;
    open.pop();
    handler.closed(parser.line);
  });
  for (let at = 0; at < text.length; at += STEP) {
    const piece = text.slice(at, at + STEP);
    silent += piece.length;
    guarded(() => parser.write(piece));
    if (silent > limits.text + piece.length) tooLong();
  }
  if (depth > 0)
    refuse(parser.line, `the file is cut off: it ends inside <${quoted(open.at(-1) ?? "").slice(1, -1)}>.`);
  guarded(() => parser.close());
}

function attributesOf(tag: SaxesTagNS): Map<string, string> {
  const found = new Map<string, string>();
  for (const attribute of Object.values<SaxesAttributeNS>(tag.attributes)) {
    if (attribute.uri === XMLNS || attribute.uri === SCHEMA_INSTANCE) continue;
    found.set(attribute.uri === "" ? attribute.local : `{${attribute.uri}}${attribute.local}`, attribute.value);
  }
  return found;
}
