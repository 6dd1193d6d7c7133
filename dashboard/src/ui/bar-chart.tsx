// Pairs of bars per label, told apart by pattern and position as well as by colour.
import { Bar, BarChart as Bars, CartesianGrid, Legend, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { forPlotting } from "../words/format.ts";
import { ChartNote } from "./chart-note.tsx";
import { hatching } from "./hatching.tsx";
import { short } from "./short.ts";

interface Props {
  title: string;
  series: readonly [string, string];
  bars: readonly { label: string; values: readonly [string, string]; shown: readonly [string, string] }[];
}

export default function BarChart({ title, series, bars }: Props) {
  const data = bars.map(({ label, values, shown }) => ({
    label,
    shown,
    first: forPlotting(values[0]),
    second: forPlotting(values[1]),
  }));
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={240}>
        <Bars data={data} margin={{ top: 8, right: 16, bottom: 0, left: 0 }} title={title}>
          {hatching("hatched")}
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="label" tick={{ fill: "var(--faint)" }} stroke="var(--line)" />
          <YAxis
            tickFormatter={(value: number) => short(value)}
            width={64}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
          />
          <Tooltip content={<ChartNote />} cursor={{ fill: "var(--soft)" }} />
          <Legend formatter={(name: string) => <span className="legend">{name}</span>} />
          <Bar dataKey="first" name={series[0]} fill="var(--accent)" isAnimationActive={false} />
          <Bar
            dataKey="second"
            name={series[1]}
            fill="url(#hatched)"
            stroke="var(--second)"
            isAnimationActive={false}
          />
        </Bars>
      </ResponsiveContainer>
    </figure>
  );
}
