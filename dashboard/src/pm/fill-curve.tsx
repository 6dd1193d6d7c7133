// How much of what is asked for is paid, over the cap; the fund's own cap and the one that is looked at as lines with names.
import {
  CartesianGrid,
  Line,
  LineChart as Lines,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { ChartNote } from "../ui/chart-note.tsx";
import { forPlotting, percent } from "../words/format.ts";

interface Props {
  title: string;
  points: readonly { share: string; label: string; fraction: string | null; shown: string }[];
  marks: readonly { share: string; name: string }[];
}

const tick = (value: number): string => percent(String(value), 1).replace("+", "");

export default function FillCurve({ title, points, marks }: Props) {
  const data = points.map(({ share, label, fraction, shown }) => ({
    x: forPlotting(share),
    label,
    shown,
    // where the engine stops there is no fill to draw
    at: fraction === null ? null : forPlotting(fraction),
  }));
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={260}>
        <Lines data={data} margin={{ top: 24, right: 24, bottom: 0, left: 0 }} title={title}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            dataKey="x"
            type="number"
            domain={[0, "dataMax"]}
            tickFormatter={tick}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
          />
          <YAxis
            domain={[0, 1]}
            tickFormatter={(value: number) => percent(String(value), 0).replace("+", "")}
            width={64}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
          />
          <Tooltip content={<ChartNote />} />
          {marks.map(({ share, name }, i) => (
            <ReferenceLine
              key={name}
              x={forPlotting(share)}
              stroke={i === 0 ? "var(--second)" : "var(--accent)"}
              strokeDasharray={i === 0 ? "6 4" : "2 3"}
              label={{ value: name, position: i === 0 ? "top" : "insideBottomRight", fill: "var(--text)" }}
            />
          ))}
          <Line
            dataKey="at"
            name="Paid"
            stroke="var(--accent)"
            strokeWidth={2}
            dot={{ r: 2 }}
            isAnimationActive={false}
          />
        </Lines>
      </ResponsiveContainer>
    </figure>
  );
}
