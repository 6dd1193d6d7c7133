// What Vite adds to the types of the browser: style sheets as imports; and what build.ts makes of the files of scenarios/.
/// <reference types="vite/client" />
/** The files of scenarios/, not yet checked. */
declare const SHIPPED_SCENARIOS: readonly unknown[];
