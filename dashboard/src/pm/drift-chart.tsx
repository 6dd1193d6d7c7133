// Each sleeve as a bar of its weight, its band as a bar of its own below, and its target as a mark: what is outside stands apart without colour.
import {
  Bar,
  CartesianGrid,
  ComposedChart,
  Legend,
  ResponsiveContainer,
  Scatter,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { ChartNote } from "../ui/chart-note.tsx";
import { forPlotting, percent } from "../words/format.ts";
import type { DriftLine } from "./drift-rows.ts";
import { fraction } from "./ratio.ts";

export default function DriftChart({ title, lines }: { title: string; lines: readonly DriftLine[] }) {
  const data = lines.map((line) => {
    return {
      label: line.sleeve,
      shown: [
        fraction(line.weight),
        line.low === null || line.high === null ? "none" : `${fraction(line.low)} to ${fraction(line.high)}`,
        fraction(line.target),
      ],
      weight: forPlotting(line.weight),
      target: forPlotting(line.target),
      band: line.low === null || line.high === null ? null : [forPlotting(line.low), forPlotting(line.high)],
    };
  });
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={44 * data.length + 70}>
        <ComposedChart data={data} layout="vertical" margin={{ top: 8, right: 24, bottom: 0, left: 0 }} title={title}>
          <CartesianGrid stroke="var(--line)" horizontal={false} />
          <XAxis
            type="number"
            tickFormatter={(value: number) => percent(String(value), 0).replace("+", "")}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
          />
          <YAxis type="category" dataKey="label" width={180} tick={{ fill: "var(--faint)" }} stroke="var(--line)" />
          <Tooltip content={<ChartNote />} cursor={{ fill: "var(--soft)" }} />
          <Legend formatter={(name: string) => <span className="legend">{name}</span>} />
          <Bar dataKey="weight" name="Weight" fill="var(--accent)" barSize={14} isAnimationActive={false} />
          <Bar
            dataKey="band"
            name="Band"
            fill="var(--second-soft)"
            stroke="var(--second)"
            barSize={8}
            isAnimationActive={false}
          />
          <Scatter dataKey="target" name="Target" fill="var(--second)" isAnimationActive={false} />
        </ComposedChart>
      </ResponsiveContainer>
    </figure>
  );
}
