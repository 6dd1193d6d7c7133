// The entry of one thread of screeners.ts: builds the index, then screens the parties it is sent and answers with their matches as JSON.
import { parentPort, workerData } from "node:worker_threads";
import { type Piece, threadIndex } from "./screeners.ts";

const index = threadIndex(workerData as Uint8Array);

parentPort?.on("message", ({ parties, options }: Piece) => {
  parentPort?.postMessage(JSON.stringify(parties.map((party) => index.screen(party, options))));
});
parentPort?.postMessage("");
