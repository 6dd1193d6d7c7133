// XML text to finished sections of a filing (header, fund, one holding …): the only place that knows saxes. Holds one section at a time.
// Refuses what is not well-formed, declares a DOCTYPE, has the wrong root, repeats a section, or is larger than the limits.
import { EvergreenError } from "@evergreen-fund/domain";
import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from "saxes";
import type { ReadLimits } from "./limits.ts";
import { quoted, type ReadingNotes, refuse, refuseSize } from "./reading-notes.ts";

export const NPORT_NAMESPACE = "http://www.sec.gov/edgar/nport";
/** Namespaces whose elements go by their local name; an element of any other namespace can never be mistaken for one of these. */
const FORM_NAMESPACES = new Set([
  NPORT_NAMESPACE,
  "http://www.sec.gov/edgar/nportcommon",
  "http://www.sec.gov/edgar/common",
]);
const SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance";
const XMLNS = "http://www.w3.org/2000/xmlns/";

/** An element of a section. Readers take children and attributes out; what is left over at the end is unknown. */
export interface XmlElement {
  name: string;
  line: number;
  text: string;
  attributes: Map<string, string>;
  children: Map<string, XmlElement[]>;
  /** Components of an index basket: counted, never held (the form allows 100,000 in one holding). */
  omitted: number;
}

export interface Section {
  path: string;
  element: XmlElement;
}

const FORM = "edgarSubmission/formData";
const HOLDING = `${FORM}/invstOrSecs/invstOrSec`;
const CONTAINERS = new Set(["edgarSubmission", FORM, `${FORM}/invstOrSecs`]);
const SECTIONS = new Set([
  "edgarSubmission/headerData",
  ...["genInfo", "fundInfo", "explntrNotes", "signature"].map((name) => `${FORM}/${name}`),
  HOLDING,
]);
/** Parts of the form that carry nothing to import. */
const LEFT_OUT = new Set(["edgarSubmission/schemaVersion", "edgarSubmission/documents"]);

export class SectionParser {
  readonly #parser = new SaxesParser({ xmlns: true, defaultXMLVersion: "1.0", forceXMLVersion: true });
  readonly #limits: ReadLimits;
  readonly #notes: ReadingNotes;
  readonly #seen = new Map<string, number>();
  /** Open elements that are built; empty between sections. */
  readonly #open: XmlElement[] = [];
  #path: string[] = [];
  #depth = 0;
  /** Depth below which everything is passed over; 0 when nothing is. */
  #skipBelow = 0;
  #startLine = 1;
  #attributes = 0;
  #elements = 0;
  #silent = 0;
  #begun = false;
  #finished: Section[] = [];

  constructor(limits: ReadLimits, notes: ReadingNotes) {
    this.#limits = limits;
    this.#notes = notes;
    const parser = this.#parser;
    parser.on("error", (error) => {
      refuse(parser.line, `not well-formed XML: ${quoted(error.message.replace(/^.*?\d+:\d+: /, ""), 120)}`);
    });
    parser.on("xmldecl", (declaration) => {
      this.#silent = 0;
      const encoding = declaration.encoding ?? "UTF-8";
      if (!/^(utf-?8|us-ascii|ascii)$/i.test(encoding))
        refuse(parser.line, `the encoding ${quoted(encoding)} is not UTF-8.`);
      if (declaration.version !== "1.0") refuse(parser.line, "the XML version is not 1.0.");
    });
    parser.on("doctype", (doctype) => {
      const hint = /^\s*html/i.test(doctype) ? " This is a web page; import the filing's XML document." : "";
      refuse(parser.line, `a DOCTYPE is not allowed, nor any entity of its own.${hint}`);
    });
    parser.on("processinginstruction", () => this.#alive(0));
    parser.on("comment", (text) => this.#alive(text.length));
    parser.on("opentagstart", (tag) => this.#start(tag.name));
    parser.on("attribute", (attribute) => this.#attribute(attribute.value));
    parser.on("opentag", (tag) => this.#opened(tag));
    parser.on("text", (text) => this.#textOf(text));
    parser.on("cdata", (text) => this.#textOf(text));
    parser.on("closetag", () => this.#closed());
  }

  get line(): number {
    return this.#parser.line;
  }

  /** Takes the next piece of text; returns the sections that ended in it. */
  write(text: string): Section[] {
    if (!this.#begun) this.#begin(text);
    this.#silent += text.length;
    this.#guarded(() => this.#parser.write(text));
    if (this.#silent > this.#limits.text + text.length) this.#tooLong();
    return this.#take();
  }

  /** The parser itself would name the line at which it gives up, which is far behind the one that is wrong. */
  #begin(text: string): void {
    const first = text.search(/\S/);
    if (first === -1) return;
    this.#begun = true;
    const line = this.line + text.slice(0, first).split("\n").length - 1;
    if (text[first] !== "<") refuse(line, 'the file is not XML: a filing begins with "<". Import its primary_doc.xml.');
  }

  /** Ends the document: refuses a truncated one. */
  close(): Section[] {
    const inside = this.#open.at(-1)?.name ?? this.#path.at(-1);
    if (this.#depth > 0)
      refuse(this.line, `the file is cut off: it ends inside <${quoted(inside ?? "").slice(1, -1)}>.`);
    this.#guarded(() => this.#parser.close());
    return this.#take();
  }

  #guarded(step: () => unknown): void {
    try {
      step();
    } catch (error) {
      if (error instanceof EvergreenError) throw error;
      // saxes throws plain errors for states it holds impossible; to the caller the file is just not XML.
      refuse(this.line, "not well-formed XML.", error);
    }
  }

  #take(): Section[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  #tooLong(): never {
    refuseSize(this.line, `a text, name or comment is longer than ${this.#limits.text} characters.`);
  }

  /** Every event proves that no token grows without end; a single one may still be too long. */
  #alive(length: number): void {
    this.#silent = 0;
    if (length > this.#limits.text) this.#tooLong();
  }

  #start(name: string): void {
    this.#alive(name.length);
    this.#startLine = this.line;
    this.#attributes = 0;
    if (this.#depth + 1 > this.#limits.depth)
      refuseSize(this.line, `elements are nested deeper than ${this.#limits.depth}.`);
  }

  #attribute(value: string): void {
    this.#alive(value.length);
    this.#attributes += 1;
    if (this.#attributes > this.#limits.attributes)
      refuseSize(this.line, `an element has more than ${this.#limits.attributes} attributes.`);
  }

  #opened(tag: SaxesTagNS): void {
    this.#alive(0);
    this.#depth += 1;
    const name = FORM_NAMESPACES.has(tag.uri) ? tag.local : `{${tag.uri}}${tag.local}`;
    if (this.#depth === 1 && (tag.uri !== NPORT_NAMESPACE || tag.local !== "edgarSubmission")) this.#wrongRoot(tag);
    if (this.#skipBelow > 0) return;
    const parent = this.#open.at(-1);
    if (parent?.name === "components" && name === "component") {
      parent.omitted += 1;
      this.#skipBelow = this.#depth;
      return;
    }
    if (parent) {
      const element = this.#build(tag, name);
      const siblings = parent.children.get(name);
      if (siblings) siblings.push(element);
      else parent.children.set(name, [element]);
      this.#open.push(element);
      return;
    }
    this.#openedOutside(tag, name);
  }

  /** An element that is not inside a section: a container, the start of a section, or nothing we know. */
  #openedOutside(tag: SaxesTagNS, name: string): void {
    const path = [...this.#path, name].join("/");
    if (SECTIONS.has(path) || CONTAINERS.has(path)) {
      const first = this.#seen.get(path);
      if (first !== undefined && path !== HOLDING)
        refuse(this.#startLine, `a second <${name}>; the first is on line ${first}.`);
      if (first === undefined) this.#seen.set(path, this.#startLine);
    }
    if (path === FORM && !this.#seen.has("edgarSubmission/headerData"))
      refuse(this.#startLine, "<formData> comes before <headerData>.");
    if (SECTIONS.has(path)) {
      this.#elements = 0;
      this.#open.push(this.#build(tag, name));
      this.#path.push(name);
    } else if (CONTAINERS.has(path)) {
      this.#path.push(name);
      const attributes = this.#build(tag, name).attributes;
      for (const attribute of attributes.keys()) this.#notes.unknown(`${path}/@${attribute}`, this.#startLine);
    } else {
      if (!LEFT_OUT.has(path)) this.#notes.unknown(path, this.#startLine);
      this.#skipBelow = this.#depth;
    }
  }

  #wrongRoot(tag: SaxesTagNS): never {
    const hint = /^SEC-|^SUBMISSION$/i.test(tag.local)
      ? " This is a full submission text; import its primary XML document."
      : "";
    refuse(
      this.#startLine,
      `the root is ${quoted(tag.local)} in namespace ${quoted(tag.uri)}, not edgarSubmission in ${NPORT_NAMESPACE}.${hint}`,
    );
  }

  #build(tag: SaxesTagNS, name: string): XmlElement {
    this.#elements += 1;
    if (this.#elements > this.#limits.elements)
      refuseSize(this.line, `a section has more than ${this.#limits.elements} elements.`);
    const attributes = new Map<string, string>();
    for (const attribute of Object.values<SaxesAttributeNS>(tag.attributes)) {
      if (attribute.uri === XMLNS || attribute.uri === SCHEMA_INSTANCE) continue;
      attributes.set(
        attribute.uri === "" ? attribute.local : `{${attribute.uri}}${attribute.local}`,
        detached(attribute.value),
      );
    }
    return { name: detached(name), line: this.#startLine, text: "", attributes, children: new Map(), omitted: 0 };
  }

  #textOf(text: string): void {
    this.#alive(text.length);
    if (this.#skipBelow > 0 || text.trim() === "") return;
    const element = this.#open.at(-1);
    if (!element) {
      this.#notes.unknown([...this.#path, "#text"].join("/"), this.line);
      return;
    }
    element.text += detached(text);
    if (element.text.length > this.#limits.text) this.#tooLong();
  }

  #closed(): void {
    this.#alive(0);
    const depth = this.#depth;
    this.#depth -= 1;
    if (this.#skipBelow > 0) {
      if (depth === this.#skipBelow) this.#skipBelow = 0;
      return;
    }
    const element = this.#open.pop();
    if (element && this.#open.length > 0) return;
    if (element) this.#finished.push({ path: this.#path.join("/"), element });
    this.#path.pop();
  }
}

/**
 * A copy that does not hold on to the text it was cut from: V8 keeps the whole chunk alive for a slice of 13 characters or more, and a
 * large filing would stay in memory through its names.
 */
function detached(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, "utf8").toString("utf8");
}
