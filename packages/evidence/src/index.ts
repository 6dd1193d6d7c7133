// Evidence of a fund and a period, or all that is kept of a person, as one file; its verification without the platform.
export { EvidenceWriter, type Sink } from "./evidence-writer.ts";
export { SUBJECT_FORMAT, type SubjectExport, subjectPack, writeSubjectPack } from "./subject-pack.ts";
export { NOT_FOR_SUBJECT, SUBJECT_PARTS } from "./subject-tables.ts";
export { EVIDENCE, type EvidenceTable, NOT_EVIDENCE } from "./tables.ts";
export { type EvidenceFinding, type EvidenceVerdict, verifyEvidence } from "./verify.ts";
export { type Source, sourceOfBytes } from "./zip-reader.ts";
