// The compiled kernel: kernel.wasm beside the sources, made by build.ts and bound to one shared memory.
import { readFileSync } from "node:fs";
import { EvergreenError } from "@evergreen-fund/domain";
import { FREE_FROM } from "./layout.ts";
import { machine, type SharedMemory } from "./web-assembly.ts";

/** What assembly/kernel.as exports; addresses are bytes. */
export interface Kernel {
  freeFrom(): number;
  run(
    moves: number,
    exposures: number,
    values: number,
    ends: number,
    out: number,
    factors: number,
    buckets: number,
    from: number,
    to: number,
  ): void;
  draw(
    moves: number,
    mean: number,
    lower: number,
    scratch: number,
    factors: number,
    period: number,
    seedLow: number,
    seedHigh: number,
    from: number,
    to: number,
  ): void;
}

let compiled: object | undefined;

/** Errors: EG503 when this machine cannot run it: a WebAssembly without SIMD or shared memory. */
export function bindKernel(memory: SharedMemory): Kernel {
  try {
    compiled ??= new machine.Module(readFileSync(new URL("../kernel.wasm", import.meta.url)));
    const kernel = new machine.Instance(compiled, { env: { memory } }).exports as unknown as Kernel;
    if (kernel.freeFrom() > FREE_FROM) throw new Error("the kernel's tables have grown beyond their page");
    return kernel;
  } catch (cause) {
    throw new EvergreenError("EG503", "The stress kernel cannot be started on this machine.", { cause });
  }
}
