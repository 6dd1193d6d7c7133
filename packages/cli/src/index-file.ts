// Levels of an index from a file: CSV (date, level) with or without a header, or JSON [{date, level}]. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "./output.ts";

const Levels = z.array(z.object({ date: z.iso.date(), level: z.string().regex(/^\d+(\.\d+)?$/) })).min(1);

/** Errors: EG400 with the line. */
export function indexLevels(source: string, name: string): { date: string; level: string }[] {
  if (/^\s*\[/.test(source)) {
    const parsed = Levels.safeParse(jsonOf(source, name));
    if (parsed.success) return parsed.data;
    throw new EvergreenError("EG400", `${plain(name)}: expected [{"date": "2026-01-30", "level": "101.25"}, …].`);
  }
  const lines = source
    .split(/\r?\n/)
    .map((line, at) => ({
      cells: line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")),
      at: at + 1,
    }))
    .filter(({ cells }) => cells.some((cell) => cell !== "") && !cells[0]?.startsWith("#"));
  const rows = /\d{4}/.test(lines[0]?.cells[0] ?? "") ? lines : lines.slice(1);
  const levels = rows.map(({ cells: [date = "", level = ""], at }) => {
    const row = { date, level };
    if (Levels.safeParse([row]).success) return row;
    throw new EvergreenError(
      "EG400",
      `${plain(name)}, line ${at}: expected a day and a level, such as 2026-01-30,101.25.`,
    );
  });
  if (levels.length === 0) throw new EvergreenError("EG400", `${plain(name)} has no levels.`);
  return levels;
}

function jsonOf(source: string, name: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new EvergreenError("EG400", `${plain(name)} is not JSON.`, { cause: error });
  }
}
