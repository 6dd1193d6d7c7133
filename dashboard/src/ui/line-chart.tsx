// A line of values over time. What is read are the strings beside it; only positions are numbers.
import { CartesianGrid, Line, LineChart as Lines, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { forPlotting } from "../words/format.ts";
import { ChartNote } from "./chart-note.tsx";
import { short } from "./short.ts";

interface Point {
  label: string;
  value: string;
  /** How the value is written. */
  shown: string;
}

export default function LineChart({ title, points }: { title: string; points: readonly Point[] }) {
  if (points.length < 2) return null;
  const data = points.map((point) => ({ ...point, at: forPlotting(point.value) }));
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={220}>
        <Lines data={data} margin={{ top: 8, right: 16, bottom: 0, left: 0 }} title={title}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="label" minTickGap={48} tick={{ fill: "var(--faint)" }} stroke="var(--line)" />
          <YAxis
            tickFormatter={(value: number) => short(value)}
            width={64}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
            domain={["auto", "auto"]}
          />
          <Tooltip content={<ChartNote />} />
          <Line
            dataKey="at"
            name={title}
            stroke="var(--accent)"
            strokeWidth={2}
            dot={false}
            isAnimationActive={false}
          />
        </Lines>
      </ResponsiveContainer>
    </figure>
  );
}
