// Scenarios as data: the registry of factors, the shape of a file, what it is held against.
export * from "./address-parts.ts";
export * from "./factor-address.ts";
export * from "./factor-number.ts";
export * from "./factors.ts";
export * from "./parse-scenario.ts";
export * from "./pass-tests.ts";
export * from "./scenario.ts";
export * from "./scenario-problem.ts";
