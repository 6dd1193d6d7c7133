// Starts thread.ts in a worker: the loader of TypeScript is registered in the thread itself, whatever the process was started with.
import { register } from "tsx/esm/api";

register();
await import("./thread.ts");
