// What Vite adds to the types of the browser: style sheets as imports.
/// <reference types="vite/client" />
