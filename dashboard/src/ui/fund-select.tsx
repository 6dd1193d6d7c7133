// A choice among the funds that somebody may see, by code and name.
interface Props {
  /** Without a name where a page knows the code alone. */
  funds: readonly { code: string; name?: string }[];
  /** The code that is chosen. */
  value: string;
  choose: (code: string) => void;
  /** What all of them together are called, where a page shows them so; its code is empty. */
  all?: string;
  className?: string;
}

export function FundSelect({ funds, value, choose, all, className }: Props) {
  return (
    <label className={className}>
      Fund
      <select value={value} onChange={(event) => choose(event.target.value)}>
        {all !== undefined && <option value="">{all}</option>}
        {funds.map(({ code, name }) => (
          <option key={code} value={code}>
            {name === undefined ? code : `${code}, ${name}`}
          </option>
        ))}
      </select>
    </label>
  );
}
