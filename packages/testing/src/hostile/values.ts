// Test material, synthetic: texts that would do harm if they were taken for something else than text. Nobody's data.

export interface HostileText {
  kind: string;
  text: string;
}

const LRO = "\u202d";
const RLO = "\u202e";
const PDF = "\u202c";

/** Small texts, each of another kind of harm. */
export const HOSTILE_TEXTS: readonly HostileText[] = [
  { kind: "formula", text: '=HYPERLINK("http://127.0.0.1/?x="&A1,"open")' },
  { kind: "formula with plus", text: "+1+cmd|' /C calc'!A0" },
  { kind: "formula with minus", text: "-2+3+cmd|' /C calc'!A0" },
  { kind: "formula with at", text: "@SUM(1+1)*cmd|' /C calc'!A0" },
  { kind: "formula behind a tab", text: "\t=1+1" },
  { kind: "formula behind a line end", text: "\r\n=1+1" },
  { kind: "terminal: clears the screen", text: "ok\u001b[2J\u001b[1;1H" },
  { kind: "terminal: changes the title", text: "ok\u001b]0;pwned\u0007" },
  { kind: "terminal: a link", text: "\u001b]8;;http://127.0.0.1/\u001b\\click\u001b]8;;\u001b\\" },
  { kind: "terminal: eight-bit escape", text: "ok\u009b2J" },
  { kind: "terminal: backspaces", text: "approved\u0008\u0008\u0008\u0008\u0008\u0008\u0008\u0008refused" },
  { kind: "terminal: carriage return", text: "refused\rapproved" },
  { kind: "script", text: "<script>alert(1)</script>" },
  { kind: "script in an image", text: '<img src=x onerror="alert(1)">' },
  { kind: "script in a link", text: "[click](javascript:alert(1))" },
  { kind: "script behind a quote", text: '"><svg/onload=alert(1)>' },
  { kind: "markdown that breaks its table", text: "a | b\n| --- | --- |\n| c | d" },
  { kind: "NUL", text: "a\u0000b" },
  { kind: "mixed direction", text: `invoice${RLO}fdp.exe${PDF}` },
  { kind: "mixed direction, isolates", text: "\u2066ab\u2067cd\u2069\u2069" },
  { kind: "mixed direction, overrides of an amount", text: `${LRO}1.000${RLO}00${PDF}${PDF}` },
  { kind: "Unicode tags", text: "a\u{e0041}\u{e0042}\u{e007f}" },
  { kind: "zero width", text: "ap\u200bpro\u200dved\ufeff" },
  { kind: "lone surrogate", text: "a\ud800b" },
  { kind: "many combining marks", text: `Z${"\u0301".repeat(200)}` },
  { kind: "SQL", text: "'); drop table audit_trail; --" },
  { kind: "dollar quotes", text: "$$; set role pm_role; $$" },
  { kind: "format", text: "%s%n{{7*7}}<%= 7*7 %>" },
  { kind: "path", text: "../../../../etc/passwd" },
  { kind: "prototype", text: '{"__proto__": {"role": "pm_role"}}' },
];

/** A name of ten megabytes. */
export const tenMegabytes = (): string => "A".repeat(10 * 1024 * 1024);
