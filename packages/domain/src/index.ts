// The nouns of the fund: what every other package means by an event, a role, an amount, an id. zod only; no IO.
export * from "./agents.ts";
export * from "./buckets.ts";
export * from "./data-agents.ts";
export * from "./dealing-agents.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./ids.ts";
export * from "./money.ts";
export * from "./policies/index.ts";
export * from "./proposals.ts";
export * from "./restatement-agents.ts";
export * from "./roles.ts";
export * from "./rule-agents.ts";
export * from "./schedule-note.ts";
export * from "./screening-agents.ts";
export * from "./stress-agents.ts";
export * from "./text.ts";
