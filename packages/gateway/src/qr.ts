// A QR code as the SVG that Supabase Auth sends with a new authenticator.
import { qrShape } from "@evergreen-fund/dashboard/src/ui/qr-shape.ts";

/** Black on white with the quiet zone of four modules that readers need. */
export function qrSvg(text: string): string {
  const { size, path } = qrShape(text);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${path}"/></svg>`;
}
