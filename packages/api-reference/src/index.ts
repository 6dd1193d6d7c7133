// OpenAPI, types and the reference page of a stack's HTTP interface.
export { type OpenApi, openApiOf } from "./openapi.ts";
export { referenceFiles, referencePolicy } from "./page.ts";
export { typesOf } from "./types.ts";
