// What must not outlive a bench that is interrupted: its processes and its temporary folders. A bench that ends by itself cleans up before.
const kept = new Set<() => void>();
let guarded = false;
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Calls `end`, which must not wait, when this process ends early. Returns how to take that back. */
export function atAnyEnd(end: () => void): () => void {
  if (!guarded) {
    guarded = true;
    process.once("exit", () => {
      for (const last of kept) last();
    });
    for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(code));
  }
  kept.add(end);
  return () => void kept.delete(end);
}
