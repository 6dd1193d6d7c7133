// Plots as strokes on a canvas of points, so that SVG and PDF draw the same. Positions are doubles; every figure beside them is the text it was.

export const TONES = {
  ink: "#1f2933",
  quiet: "#7b8794",
  grid: "#d9dee3",
  bar: "#2f6f9f",
  second: "#b0712f",
  third: "#4f8a5b",
  fourth: "#8a4f7d",
  good: "#cfe8d5",
  near: "#f6e3b4",
  bad: "#f2b8b0",
} as const;
export type Tone = keyof typeof TONES;

export type Stroke =
  | { kind: "rect"; x: number; y: number; width: number; height: number; tone: Tone }
  | { kind: "line"; points: readonly (readonly [number, number])[]; tone: Tone; width: number; dashed?: boolean }
  | { kind: "text"; x: number; y: number; text: string; size: number; tone: Tone; anchor: "start" | "middle" | "end" };

export interface Plot {
  /** Part of the name of its file. */
  id: string;
  title: string;
  width: number;
  height: number;
  strokes: readonly Stroke[];
}

const WIDTH = 640;
/** Room for names on the left, in points. */
const NAMES = 170;
const ROW = 18;
const TOP = 28;
const LINES: readonly Tone[] = ["bar", "second", "third", "fourth"];

const write = (
  x: number,
  y: number,
  text: string,
  anchor: "start" | "middle" | "end" = "start",
  tone: Tone = "ink",
): Stroke => ({ kind: "text", x, y, text, size: 9, tone, anchor });
const rule = (x1: number, y1: number, x2: number, y2: number, tone: Tone = "grid", dashed = false): Stroke => ({
  kind: "line",
  points: [
    [x1, y1],
    [x2, y2],
  ],
  tone,
  width: 1,
  ...(dashed ? { dashed } : {}),
});
const shorten = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

export interface Bar {
  name: string;
  value: number;
  /** The figure as it is. */
  label: string;
}

/** Room of the label of a bar. */
const LABEL = 55;

/** Horizontal bars from 0, with a dashed line at `mark`. Values below 0 have no length. */
export function barPlot(id: string, title: string, bars: readonly Bar[], mark?: { at: number; label: string }): Plot {
  const most = Math.max(1e-9, mark?.at ?? 0, ...bars.map(({ value }) => value));
  const span = WIDTH - NAMES - 90;
  const at = (value: number): number => NAMES + (Math.max(0, value) / most) * span;
  const bottom = TOP + bars.length * ROW;
  // a label stands behind its bar, and behind the dashed line where that would run through it
  const behind = (value: number): number =>
    5 + (mark !== undefined && value <= mark.at && at(mark.at) - at(value) < LABEL ? at(mark.at) : at(value));
  return {
    id,
    title,
    width: WIDTH,
    height: bottom + 20,
    strokes: [
      write(0, 14, title),
      rule(NAMES, TOP - 4, NAMES, bottom, "quiet"),
      ...bars.flatMap(({ name, value, label }, index): Stroke[] => {
        const y = TOP + index * ROW;
        return [
          write(NAMES - 6, y + 11, shorten(name, 30), "end"),
          { kind: "rect", x: NAMES, y: y + 3, width: at(value) - NAMES, height: ROW - 6, tone: "bar" },
          write(behind(value), y + 11, label, "start", "quiet"),
        ];
      }),
      ...(mark === undefined
        ? []
        : [
            rule(at(mark.at), TOP - 4, at(mark.at), bottom, "ink", true),
            write(at(mark.at), bottom + 12, mark.label, "middle", "quiet"),
          ]),
    ],
  };
}

export interface GridRow {
  name: string;
  cells: readonly { label: string; tone: Tone | null }[];
}

/** Names by columns, each cell with its figure on a tone. */
export function gridPlot(id: string, title: string, columns: readonly string[], rows: readonly GridRow[]): Plot {
  const cell = (WIDTH - NAMES) / Math.max(1, columns.length);
  return {
    id,
    title,
    width: WIDTH,
    height: TOP + 16 + rows.length * ROW + 6,
    strokes: [
      write(0, 14, title),
      ...columns.map((name, column) => write(NAMES + (column + 0.5) * cell, TOP + 8, name, "middle", "quiet")),
      ...rows.flatMap(({ name, cells }, index): Stroke[] => {
        const y = TOP + 16 + index * ROW;
        return [
          write(NAMES - 6, y + 12, shorten(name, 30), "end"),
          ...cells.flatMap(({ label, tone }, column): Stroke[] => {
            const x = NAMES + column * cell;
            return [
              ...(tone === null
                ? []
                : [{ kind: "rect", x: x + 1, y: y + 1, width: cell - 2, height: ROW - 2, tone } as const]),
              write(x + cell / 2, y + 12, label, "middle"),
            ];
          }),
        ];
      }),
    ],
  };
}

export interface Line {
  name: string;
  /** One value per period, from period 0. */
  values: readonly number[];
}

/** Lines over periods, from the least value to the greatest; `label` says a value at the axis. */
export function linePlot(id: string, title: string, lines: readonly Line[], label: (value: number) => string): Plot {
  const [left, height] = [60, 180];
  const all = lines.flatMap(({ values }) => values);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const room = most - least || Math.abs(most) || 1;
  const periods = Math.max(2, ...lines.map(({ values }) => values.length));
  const x = (period: number): number => left + (period / (periods - 1)) * (WIDTH - left - 20);
  const y = (value: number): number => TOP + (1 - (value - least) / room) * height;
  const bottom = TOP + height;
  return {
    id,
    title,
    width: WIDTH,
    height: bottom + 24 + Math.ceil(lines.length / 2) * 14,
    strokes: [
      write(0, 14, title),
      ...[0, 0.5, 1].flatMap((share): Stroke[] => {
        const value = least + share * room;
        return [
          rule(left, y(value), WIDTH - 20, y(value)),
          write(left - 6, y(value) + 3, label(value), "end", "quiet"),
        ];
      }),
      ...[...Array(periods).keys()]
        .filter((period) => periods <= 14 || period % 4 === 0)
        .map((period) => write(x(period), bottom + 14, String(period), "middle", "quiet")),
      ...lines.flatMap(({ name, values }, index): Stroke[] => {
        const tone = LINES[index % LINES.length] ?? "bar";
        const dashed = index >= LINES.length;
        const [keyX, keyY] = [left + (index % 2) * 290, bottom + 28 + Math.floor(index / 2) * 14];
        return [
          {
            kind: "line",
            points: values.map((value, period) => [x(period), y(value)] as const),
            tone,
            width: 1.6,
            ...(dashed ? { dashed } : {}),
          },
          rule(keyX, keyY - 3, keyX + 18, keyY - 3, tone, dashed),
          write(keyX + 23, keyY, shorten(name, 44)),
        ];
      }),
    ],
  };
}
