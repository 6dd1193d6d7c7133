// Loaded once per worker thread, before the first run. Temporal takes a stack trace for every promise of a run, and ten frames of it cost a fifth of
// the time a run computes; three still name the line that failed. Not exported: bundle.ts preloads this file.
Error.stackTraceLimit = 3;
