// Texts as whole numbers of 32 bits, to be told apart without reading them: FNV-1a. Two texts may share one by chance.

/** Over the first `length` characters but the one at `without`; texts of another `kind` have another number. */
export function hashOf(kind: number, text: string, length = text.length, without = -1): number {
  let hash = 0x811c9dc5 ^ kind;
  for (let at = 0; at < length; at += 1) if (at !== without) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
