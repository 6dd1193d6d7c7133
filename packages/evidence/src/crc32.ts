// CRC-32 as zip containers carry it (polynomial 0xEDB88320).

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c >>> 0;
});

/** Goes on from an earlier value; the first is 0. */
export function crc32(bytes: Uint8Array, earlier = 0): number {
  let c = ~earlier;
  for (const byte of bytes) c = (c >>> 8) ^ (TABLE[(c ^ byte) & 0xff] as number);
  return ~c >>> 0;
}
