// A fan over dates: the band between what nine of ten and one of ten paths reach, and the middle of them as a line. The table beside it holds the same.
import { Area, CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { ChartNote } from "../ui/chart-note.tsx";

interface Point {
  label: string;
  low: number;
  middle: number;
  high: number;
  /** How low, middle and high are written. */
  shown: readonly [string, string, string];
}

export default function FanChart({ title, points }: { title: string; points: readonly Point[] }) {
  const data = points.map(({ label, low, middle, high, shown }) => ({
    label,
    band: [low, high] as const,
    middle,
    shown: [`${shown[0]} to ${shown[2]}`, shown[1]],
  }));
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={220}>
        <ComposedChart data={data} margin={{ top: 8, right: 16, bottom: 0, left: 0 }} title={title}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="label" minTickGap={48} tick={{ fill: "var(--faint)" }} stroke="var(--line)" />
          <YAxis
            domain={[0, 1]}
            tickFormatter={(share: number) => `${Math.round(share * 100)} %`}
            width={56}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
          />
          <Tooltip content={<ChartNote />} />
          <Area
            dataKey="band"
            name="9 of 10 to 1 of 10 paths"
            fill="var(--second-soft)"
            stroke="var(--second)"
            isAnimationActive={false}
          />
          <Line
            dataKey="middle"
            name="half of the paths"
            stroke="var(--accent)"
            strokeWidth={2}
            dot
            isAnimationActive={false}
          />
        </ComposedChart>
      </ResponsiveContainer>
    </figure>
  );
}
