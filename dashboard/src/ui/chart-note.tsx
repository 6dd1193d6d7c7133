// What stands at the pointer of a chart: the label and the values as they are written in the table.

interface Shown {
  label?: string;
  shown?: string | readonly string[];
}

interface Props {
  active?: boolean;
  payload?: readonly { name?: string | number; payload?: Shown }[];
}

export function ChartNote({ active, payload }: Props) {
  const row = payload?.[0]?.payload;
  if (!active || row === undefined) return null;
  const values = typeof row.shown === "string" ? [row.shown] : (row.shown ?? []);
  return (
    <div className="note">
      <strong>{row.label}</strong>
      {values.map((value, at) => (
        <div key={payload?.[at]?.name ?? at}>
          {payload?.[at]?.name}: {value}
        </div>
      ))}
    </div>
  );
}
