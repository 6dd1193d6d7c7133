// Evidence of a fund and a period as one file, and its verification without the platform.
export { EvidenceWriter, type Sink } from "./evidence-writer.ts";
export { EVIDENCE, type EvidenceTable, NOT_EVIDENCE } from "./tables.ts";
export { type EvidenceFinding, type EvidenceVerdict, verifyEvidence } from "./verify.ts";
export { type Source, sourceOfBytes } from "./zip-reader.ts";
