// The memory of arrival.wasm: bytes of COPY go in, columns as DuckDB keeps them come out, with the sum of what Postgres would hash the rows to.
import { readFileSync } from "node:fs";
import { EvergreenError } from "@evergreen-fund/domain";
import type { ColumnType } from "./columns.ts";

/** What assembly/arrival.as exports; addresses are bytes. */
interface Machine {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  freeFrom(): number;
  lay(columns: number, count: number, rows: number, list: number, listLength: number, digits: number): void;
  read(at: number, end: number): number;
  readonly state: { value: number };
  readonly held: { value: number };
  readonly longs: { value: number };
  readonly sumLow: { value: bigint };
  readonly sumHigh: { value: bigint };
}

// Node's types leave WebAssembly to browsers' libraries
const { Module, Instance } = (
  globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { readonly exports: unknown };
    };
  }
).WebAssembly;

const PAGE = 65_536;
const COLUMN = 20;
const LONGS = 4_096;
const DIGITS = 65_536;
/** A short text is read with what lies behind it. */
const BEHIND = 16;
/** In the order of the numbers in arrival.as. */
const KINDS: readonly ColumnType["kind"][] = ["uuid", "decimal", "text", "date", "instant", "int8", "int4", "boolean"];
const STATES = ["wants more", "chunk full", "list full", "over"] as const;

const strange = (): EvergreenError =>
  new EvergreenError("EG500", "The database sent bytes that are no rows of the mirrored table.");
const beyond = (what: string): EvergreenError =>
  new EvergreenError("EG500", `An amount of the database ${what} for its mirrored column.`);
const FAULTS: Readonly<Record<number, () => EvergreenError>> = {
  4: strange,
  5: () => beyond("is no number"),
  6: () => beyond("is too large"),
  7: () => beyond("has too many digits"),
};

/** A text that does not fit into its place in a chunk. */
export interface LongText {
  column: number;
  row: number;
  text: Uint8Array;
}

/** Rows in columns: where in `bytes` the values of a column begin, and the bits that say which are there; null when all are. */
export interface WirePiece {
  rows: number;
  bytes: ArrayBuffer;
  columns: readonly { values: number; present: number | null }[];
}

export interface WireRows {
  /** Takes bytes, which follow the ones given before. */
  give(bytes: Uint8Array): void;
  /** Reads rows until the columns are full, the bytes end, or Postgres has said that there are no more. Errors: EG500 for anything else. */
  read(long: (text: LongText) => void): "wants more" | "chunk full" | "over";
  /** What is in the columns, which are empty afterwards. */
  piece(): WirePiece;
  /** The bytes of a piece that nobody needs any more: the next one is written there, or the collector of garbage would take a fifth of the time. */
  back(bytes: ArrayBuffer): void;
  /** Over all rows that were read. */
  sum(): bigint;
}

let compiled: object | undefined;

/** @param roomFor rows that the columns hold, a multiple of 8. */
export function wireRows(types: readonly ColumnType[], roomFor: number): WireRows {
  compiled ??= new Module(readFileSync(new URL("../arrival.wasm", import.meta.url)));
  const machine = new Instance(compiled).exports as Machine;
  let free = machine.freeFrom();
  const take = (bytes: number): number => {
    const at = Math.ceil(free / 16) * 16;
    free = at + bytes;
    return at;
  };
  const table = take(COLUMN * types.length);
  const [list, digits] = [take(16 * LONGS), take(DIGITS)];
  const first = take(0);
  const places = types.map(({ width }) => ({ values: take(roomFor * width), present: take(roomFor / 8) }));
  const behind = free;
  const input = take(0);
  let [begin, end] = [input, input]; // bytes that are not read yet
  const room = (bytes: number): void => {
    const missing = bytes + BEHIND - machine.memory.buffer.byteLength;
    if (missing > 0) machine.memory.grow(Math.ceil(missing / PAGE));
  };
  room(input + PAGE);
  const view = (): DataView => new DataView(machine.memory.buffer);
  for (const [at, { kind, scale }] of types.entries()) {
    const { values = 0, present = 0 } = places[at] ?? {};
    for (const [n, word] of [KINDS.indexOf(kind), scale, values, present, 0].entries())
      view().setUint32(table + COLUMN * at + 4 * n, word, true);
    new Uint8Array(machine.memory.buffer, present, roomFor / 8).fill(0xff);
  }
  machine.lay(table, types.length, roomFor, list, LONGS, digits);
  const spare: ArrayBuffer[] = [];
  const nullsAt = (at: number): number => table + COLUMN * at + 16;

  const drain = (long: (text: LongText) => void): void => {
    const entries = view();
    for (let n = 0; n < machine.longs.value; n += 1) {
      const [column = 0, row = 0, at = 0, length = 0] = [0, 4, 8, 12].map((part) =>
        entries.getUint32(list + 16 * n + part, true),
      );
      long({ column, row, text: new Uint8Array(machine.memory.buffer, at, length).slice() });
    }
    machine.longs.value = 0;
  };

  return {
    give(bytes) {
      const left = end - begin;
      room(input + left + bytes.length);
      const memory = new Uint8Array(machine.memory.buffer);
      if (begin !== input) memory.copyWithin(input, begin, end);
      memory.set(bytes, input + left);
      [begin, end] = [input, input + left + bytes.length];
    },
    read(long) {
      for (;;) {
        begin = machine.read(begin, end);
        const state = machine.state.value;
        const fault = FAULTS[state];
        if (fault !== undefined) throw fault();
        drain(long);
        const said = STATES[state] ?? "wants more";
        if (said !== "list full") return said;
      }
    },
    piece() {
      const rows = machine.held.value;
      const bytes = spare.pop() ?? new ArrayBuffer(behind - first);
      new Uint8Array(bytes).set(new Uint8Array(machine.memory.buffer, first, behind - first));
      const columns = places.map(({ values, present }, at) => {
        const full = view().getUint32(nullsAt(at), true) === 0;
        if (!full) new Uint8Array(machine.memory.buffer, present, roomFor / 8).fill(0xff);
        view().setUint32(nullsAt(at), 0, true);
        return { values: values - first, present: full ? null : present - first };
      });
      machine.held.value = 0;
      return { rows, bytes, columns };
    },
    back: (bytes) => void spare.push(bytes),
    sum: () => (BigInt.asIntN(64, machine.sumHigh.value) << 64n) + BigInt.asUintN(64, machine.sumLow.value),
  };
}
