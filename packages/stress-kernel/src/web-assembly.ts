// The part of WebAssembly that the kernel needs, with its types: those of Node leave it to browsers' libraries.

/** A WebAssembly.Memory that threads share; it can be handed to a thread. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

interface Machine {
  Memory: new (size: { initial: number; maximum: number; shared: true }) => SharedMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { env: { memory: SharedMemory } }) => { readonly exports: unknown };
}

export const machine = (globalThis as unknown as { WebAssembly: Machine }).WebAssembly;
