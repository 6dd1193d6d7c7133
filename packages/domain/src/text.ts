// Text that came from outside, before a person reads it.

/** Text without anything that could steer a reader of it: control characters and marks of direction become spaces. */
export const cleanText = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
