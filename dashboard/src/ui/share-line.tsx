// A line of shares over shares or counts: what lies below it holds, what lies above does not; a word says so, and the table beside it has the figures.
import { Area, AreaChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { forPlotting, percent } from "../words/format.ts";
import { ChartNote } from "./chart-note.tsx";

interface Props {
  title: string;
  /** What the axes are of. */
  across: string;
  upward: string;
  points: readonly { x: string; y: string; label: string; shown: string }[];
  /** Whether x counts, instead of being a share. */
  counts?: boolean;
  /** Whether a value holds until the next one, as a count does. */
  steps?: boolean;
}

const share = (value: number): string => percent(String(value), 0).replace("+", "");

export default function ShareLine({ title, across, upward, points, counts = false, steps = false }: Props) {
  const data = points.map(({ x, y, label, shown }) => ({ x: forPlotting(x), y: forPlotting(y), label, shown }));
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={260}>
        <AreaChart data={data} margin={{ top: 8, right: 24, bottom: 20, left: 8 }} title={title}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            dataKey="x"
            type="number"
            domain={["dataMin", "dataMax"]}
            tickFormatter={counts ? String : share}
            allowDecimals={!counts}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
            label={{ value: across, position: "insideBottom", offset: -12, fill: "var(--text)" }}
          />
          <YAxis
            domain={[0, "auto"]}
            tickFormatter={share}
            width={64}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
          />
          <Tooltip content={<ChartNote />} />
          <Area
            dataKey="y"
            name={upward}
            type={steps ? "stepAfter" : "linear"}
            fill="var(--good-soft)"
            stroke="var(--accent)"
            strokeWidth={2}
            dot={{ r: 3 }}
            isAnimationActive={false}
          />
        </AreaChart>
      </ResponsiveContainer>
    </figure>
  );
}
