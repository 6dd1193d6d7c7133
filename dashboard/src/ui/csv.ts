// CSV by RFC 4180 of what a page shows. A text that a spreadsheet would run as a formula is led by an apostrophe; a number is not one.

const NUMBER = /^-?\d+(\.\d+)?$/;

function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvOf = (headers: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headers, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
