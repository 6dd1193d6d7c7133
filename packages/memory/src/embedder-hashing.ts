// For unit tests only: words and letter triples counted into buckets. Deterministic and instant; it knows spelling, not meaning.
import type { Embedder } from "./embedder.ts";
import { checkedVectors } from "./vectors.ts";

/** 64 numbers by default: never the length of a real model, so that the two cannot share a store unnoticed. */
export const HASHING_DIMENSIONS = 64;

/** FNV-1a, 32 bit. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

function vectorOf(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  // A constant feature keeps a text without words from being the zero vector.
  vector[0] = 0.01;
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const features = words.flatMap((word) => {
    const padded = `^${word}$`;
    return [word, word, ...Array.from({ length: padded.length - 2 }, (_, at) => padded.slice(at, at + 3))];
  });
  for (const feature of features) {
    const hash = hashOf(feature);
    vector[hash % dimensions]! += hash & 0x80000000 ? 1 : -1;
  }
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

export const hashingEmbedder = (dimensions = HASHING_DIMENSIONS): Embedder => ({
  name: "hashing",
  dimensions,
  embed: async (texts) =>
    checkedVectors(
      "hashing",
      texts.map((text) => vectorOf(text, dimensions)),
      texts.length,
      dimensions,
    ),
});
