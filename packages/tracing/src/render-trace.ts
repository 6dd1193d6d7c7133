// A trace as a tree of text for `evergreen trace`. Pure: rows in, lines out. Rows may come from anywhere, so nothing in them is trusted.
import type { SpanRow } from "./span-row.ts";

const MARK: Record<SpanRow["status"], string> = { ok: "✓", error: "✗", unset: "·" };

/** Microseconds since 1970 of a timestamp as we or Postgres write it; NaN when it is none. */
export function microsOf(timestamp: string): number {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}(?::?\d{2})?)$/.exec(timestamp);
  if (!match) return Number.NaN;
  const [, date, time, fraction = "", zone = "Z"] = match;
  const offset = zone === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
  return Date.parse(`${date}T${time}${offset}`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

const millis = (micros: number): string => {
  if (!Number.isFinite(micros)) return "?";
  return micros >= 10_000_000 ? `${(micros / 1_000_000).toFixed(1)} s` : `${(micros / 1000).toFixed(1)} ms`;
};

/** Printable only: a terminal must not be steered by a row. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 120);

type Node = { row: SpanRow; start: number; end: number; children: Node[] };

function byStart(a: Node, b: Node): number {
  return a.start - b.start || (a.row.span_id < b.row.span_id ? -1 : 1);
}

/** Roots of the forest: spans without a parent, whose parent was never stored, or (broken rows) that are their own ancestors. */
function forestOf(rows: readonly SpanRow[]): Node[] {
  const nodes = new Map<string, Node>();
  for (const row of rows) {
    nodes.set(row.span_id, { row, start: microsOf(row.started_at), end: microsOf(row.ended_at), children: [] });
  }
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.row.parent_span_id ?? "");
    if (!parent || descendsFrom(parent, node, nodes)) roots.push(node);
    else parent.children.push(node);
  }
  for (const node of nodes.values()) node.children.sort(byStart);
  return roots.sort(byStart);
}

function descendsFrom(node: Node, ancestor: Node, nodes: Map<string, Node>): boolean {
  const seen = new Set<string>();
  for (let at: Node | undefined = node; at && !seen.has(at.row.span_id); at = nodes.get(at.row.parent_span_id ?? "")) {
    if (at === ancestor) return true;
    seen.add(at.row.span_id);
  }
  return false;
}

/**
 * The tree of one trace: offset from the first span, duration, status, name by depth, process, attributes. Offsets and durations in milliseconds.
 * Spans of other traces in `rows` are left out; no rows give one line that says so.
 */
export function renderTrace(rows: readonly SpanRow[]): string {
  const traceId = rows[0]?.trace_id;
  if (traceId === undefined) return "no spans stored for this trace";
  const roots = forestOf(rows.filter((row) => row.trace_id === traceId));
  const lines: { offset: string; length: string; text: string }[] = [];
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  const measure = (node: Node): void => {
    if (node.start < first) first = node.start;
    if (node.end > last) last = node.end;
    node.children.forEach(measure);
  };
  roots.forEach(measure);
  const draw = (node: Node, depth: number): void => {
    const { row } = node;
    const attributes = Object.keys(row.attributes)
      .sort()
      .map((key) => ` ${plain(key)}=${plain(String(row.attributes[key]))}`)
      .join("");
    lines.push({
      offset: `+${millis(node.start - first)}`,
      length: millis(node.end - node.start),
      text: `${MARK[row.status] ?? "?"} ${"  ".repeat(depth)}${plain(row.name)}  [${plain(row.service)}]${attributes}`,
    });
    for (const child of node.children) draw(child, depth + 1);
  };
  for (const root of roots) draw(root, 0);
  const widest = (pick: (line: (typeof lines)[number]) => string): number =>
    lines.reduce((width, line) => Math.max(width, pick(line).length), 0);
  const offsets = widest((line) => line.offset);
  const lengths = widest((line) => line.length);
  const failed = rows.filter((row) => row.trace_id === traceId && row.status === "error").length;
  return [
    `trace ${plain(traceId)}  ${lines.length} spans  ${millis(last - first)}${failed ? `  ${failed} failed` : ""}`,
    ...lines.map((line) => `${line.offset.padStart(offsets)}  ${line.length.padStart(lengths)}  ${line.text}`),
  ].join("\n");
}
