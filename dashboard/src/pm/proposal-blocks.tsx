// The blocks of a proposal, drawn: tables with their files, figures beside each other, a notice as it was written.
import { Link } from "@tanstack/react-router";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { wordsWithout } from "../words/hidden.ts";
import type { Block, Cell, Fact, Target } from "./proposal-words.ts";

export function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return blocks.map((block, at) => {
    const heading = `block-${at}`;
    return (
      <section
        key={block.title}
        className={block.kind === "text" || isWide(block) ? "tile across" : "tile"}
        aria-labelledby={heading}
      >
        <h2 id={heading}>{block.title}</h2>
        {block.kind === "text" && <p className="as-written">{block.text}</p>}
        {block.kind === "facts" && (
          <DataTable
            caption={block.caption}
            captioned={block.caption === block.title}
            columns={columnsOf(block.facts)}
            rows={block.facts}
            rowKey={(row) => `${block.facts.indexOf(row)}/${row.what}`}
            empty="Nothing is said about it."
            file={block.file}
          />
        )}
        {block.kind === "table" && (
          <DataTable
            caption={block.caption}
            columns={block.headers.map(({ header, figure = false, inFilesOnly = false }, place) => ({
              header,
              figure,
              ...(inFilesOnly ? {} : { cell: (row: readonly Cell[]) => <Shown cell={row[place]} /> }),
              value: (row: readonly Cell[]) => row[place]?.exact ?? "",
            }))}
            rows={block.rows}
            rowKey={(row) => `${block.rows.indexOf(row)}`}
            empty={block.empty}
            file={block.file}
          />
        )}
      </section>
    );
  });
}

const MOST_COLUMNS = 5;
const isWide = (block: Block): boolean => block.kind === "table" && block.headers.length > MOST_COLUMNS;

function columnsOf(facts: readonly Fact[]): Column<Fact>[] {
  const compares = facts.some(({ before }) => before !== undefined);
  const what: Column<Fact> = { header: "Figure", cell: (row) => row.what, value: (row) => row.what };
  const figure = compares && facts.some(({ is }) => /^-?\d/.test(is.exact));
  const is = (header: string): Column<Fact> => ({
    header,
    figure,
    cell: (row) => <Shown cell={row.is} />,
    value: (row) => row.is.exact,
  });
  if (!compares) return [what, is("Value")];
  return [
    what,
    {
      header: "Before",
      figure,
      cell: (row) => (row.before === undefined ? "–" : <Shown cell={row.before} />),
      value: (row) => row.before?.exact ?? "",
    },
    is("After"),
  ];
}

function Shown({ cell }: { cell: Cell | undefined }) {
  if (cell === undefined) return "–";
  const { shown, exact, note, target } = cell;
  return (
    <>
      <span title={shown.includes("…") ? exact : undefined}>
        {target === undefined ? shown : <Away target={target}>{shown}</Away>}
      </span>
      {note !== undefined && <small className="method"> {wordsWithout(note)}</small>}
    </>
  );
}

function Away({ target, children }: { target: Target; children: string }) {
  switch (target.to) {
    case "/audit":
      return (
        <Link to={target.to} search={target.search}>
          {children}
        </Link>
      );
    case "/audit/timeline":
      return (
        <Link to={target.to} search={target.search}>
          {children}
        </Link>
      );
    case "/pm/dealing":
      return (
        <Link to={target.to} search={target.search}>
          {children}
        </Link>
      );
    case "/pm/tokens":
      return (
        <Link to={target.to} search={target.search}>
          {children}
        </Link>
      );
  }
}
