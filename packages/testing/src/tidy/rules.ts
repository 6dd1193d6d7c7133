// The whole style law, in the order of CONTRIBUTING.md.
import { CODE_RULES } from "./code-rules.ts";
import { DOCUMENT_RULES } from "./document-rules.ts";
import { FILE_RULES } from "./file-rules.ts";
import { IMPORT_RULES } from "./import-rules.ts";
import { PACKAGE_RULES } from "./package-rules.ts";
import type { Rule } from "./rule.ts";

export const RULES: readonly Rule[] = [
  ...IMPORT_RULES,
  ...CODE_RULES,
  ...FILE_RULES,
  ...PACKAGE_RULES,
  ...DOCUMENT_RULES,
];
