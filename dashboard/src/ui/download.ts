// Hands a person a file that the page made.

/** The address goes when the browser has begun to read it. */
const KEPT_MS = 10_000;

export function download(name: string, content: string | Uint8Array<ArrayBuffer> | Blob, type = "text/csv"): void {
  const file =
    content instanceof Blob
      ? content
      : new Blob([content], { type: typeof content === "string" ? `${type};charset=utf-8` : type });
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
