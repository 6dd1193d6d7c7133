// A number that says how it was made: a button that looks like the number and opens the panel with its formula and inputs.
import type { FigureKind } from "@evergreen-fund/domain/figures.ts";
import type { ReactNode } from "react";
import { openFigure } from "./opened.ts";
import "./figure.css";

interface Props {
  figure: FigureKind;
  id: string;
  part?: string;
  /** Where the page computed it: its exact value. */
  exact?: string;
  children: ReactNode;
}

export function Figure({ figure, id, part, exact, children }: Props) {
  return (
    <button
      type="button"
      className="explain"
      aria-haspopup="dialog"
      title="How this figure is made"
      onClick={() =>
        openFigure({
          figure,
          id,
          ...(part === undefined ? {} : { part }),
          ...(exact === undefined ? {} : { shown: exact }),
        })
      }
    >
      {children}
    </button>
  );
}
