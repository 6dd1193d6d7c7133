// How large each line of an account is, as bars that say their figure; the table above it holds the same.
import type { AccountRow } from "@evergreen-fund/reports/statement-report.ts";
import { Bar, BarChart, LabelList, ResponsiveContainer, XAxis, YAxis } from "recharts";
import { short } from "../ui/short.ts";
import { forPlotting } from "../words/format.ts";

const ROW_PX = 30;

export default function LinesChart({ title, rows }: { title: string; rows: readonly AccountRow[] }) {
  const data = rows
    .map(({ label, shown, exact }) => ({ label, shown, size: Math.abs(forPlotting(exact)) }))
    .filter(({ size }) => size > 0);
  if (data.length === 0) return null;
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={data.length * ROW_PX + 40}>
        <BarChart data={data} layout="vertical" margin={{ top: 4, right: 110, bottom: 0, left: 0 }} title={title}>
          <XAxis
            type="number"
            tickFormatter={(value: number) => short(value)}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
          />
          <YAxis type="category" dataKey="label" width={130} tick={{ fill: "var(--faint)" }} stroke="var(--line)" />
          <Bar dataKey="size" fill="var(--accent)" isAnimationActive={false}>
            <LabelList dataKey="shown" position="right" fill="var(--text)" />
          </Bar>
        </BarChart>
      </ResponsiveContainer>
    </figure>
  );
}
