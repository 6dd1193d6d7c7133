// A QR code as the path of an SVG. Made here: the page's policy lets no picture of another address or of the kind data: in.
import qrcode from "qrcode-generator";

/** Modules that readers need empty around the code. */
const QUIET = 4;

/** The dark modules as one path in a square of `size` units, the quiet zone included. */
export function qrShape(text: string): { size: number; path: string } {
  const code = qrcode(0, "M");
  code.addData(text, "Byte");
  code.make();
  const count = code.getModuleCount();
  const modules = Array.from(
    { length: count * count },
    (_, index) => [Math.floor(index / count), index % count] as const,
  );
  const path = modules
    .filter(([row, column]) => code.isDark(row, column))
    .map(([row, column]) => `M${column + QUIET} ${row + QUIET}h1v1h-1z`)
    .join("");
  return { size: count + 2 * QUIET, path };
}
