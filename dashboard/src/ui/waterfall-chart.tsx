// What led from one value to another as a row of bars, each beginning where the one before ended. Up, down and whole differ by pattern and by the sign of their figure, not by colour alone.
import {
  Bar,
  BarChart as Bars,
  CartesianGrid,
  Cell,
  LabelList,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { forPlotting } from "../words/format.ts";
import { ChartNote } from "./chart-note.tsx";
import { hatching } from "./hatching.tsx";
import { short } from "./short.ts";

export interface Step {
  label: string;
  /** From where to where, exactly; of a whole the value alone. */
  from: string | null;
  to: string;
  /** How its size is written, with its sign. */
  shown: string;
}

/** Room above and below, as a part of what the steps span. */
const MARGIN = 0.15;

export default function WaterfallChart({ title, steps }: { title: string; steps: readonly Step[] }) {
  const levels = steps.flatMap(({ from, to }) =>
    from === null ? [forPlotting(to)] : [forPlotting(from), forPlotting(to)],
  );
  const [least, most] = [Math.min(...levels), Math.max(...levels)];
  const room = (most - least) * MARGIN || Math.abs(most) * MARGIN || 1;
  // the axis begins just below: the steps are small beside the whole
  const floor = least - room;
  const data = steps.map(({ label, from, to, shown }) => {
    const [start, end] = [from === null ? floor : forPlotting(from), forPlotting(to)];
    // on the bar in short; exactly in the note and the table
    const size = short(from === null ? end : Math.abs(end - start));
    return {
      label,
      shown,
      brief: from === null ? size : `${end < start ? "−" : "+"}${size}`,
      span: [Math.min(start, end), Math.max(start, end)],
      whole: from === null,
      falls: end < start,
    };
  });
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ResponsiveContainer width="100%" height={280}>
        <Bars data={data} margin={{ top: 24, right: 16, bottom: 0, left: 0 }} title={title}>
          {hatching("falling")}
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="label" interval={0} tick={{ fill: "var(--faint)" }} stroke="var(--line)" />
          <YAxis
            domain={[floor, most + room]}
            tickFormatter={(value: number) => short(value)}
            width={64}
            tick={{ fill: "var(--faint)" }}
            stroke="var(--line)"
            allowDataOverflow
          />
          <Tooltip content={<ChartNote />} cursor={{ fill: "var(--soft)" }} />
          <Bar dataKey="span" name="Amount" isAnimationActive={false}>
            {data.map(({ label, whole, falls }) => (
              <Cell
                key={label}
                fill={whole ? "var(--faint)" : falls ? "url(#falling)" : "var(--accent)"}
                stroke={falls && !whole ? "var(--second)" : "none"}
              />
            ))}
            <LabelList dataKey="brief" position="top" fill="var(--text)" />
          </Bar>
        </Bars>
      </ResponsiveContainer>
    </figure>
  );
}
