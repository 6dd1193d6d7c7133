import { run } from "/tmp/d4/packages/cli/src/bench/deal-scratch.ts";
const quick = process.argv[2] !== "full";
const a = await run({ quick, environment: process.env, note: (t)=>console.error(t), progress: (_l, work)=>work({say:(t)=>console.error(new Date().toISOString(),t)}) });
console.log(a.text);
import { writeFileSync } from "node:fs"; writeFileSync("/tmp/w/d4/deal.json", JSON.stringify(a.json));
