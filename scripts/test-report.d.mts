// The types of test-report.mjs, which is plain JavaScript because it runs before anything is installed.
export interface Skipped {
  file: string;
  ancestorTitles?: string[];
  title: string;
}
export interface Result {
  name: string;
  passed: number;
  failed: number;
  skipped: Skipped[];
}
export interface Total {
  passed: number;
  failed: number;
  skipped: number;
}
export function tally(results: readonly Result[]): Total;
export function closingLine(total: Total): string;
export function skippedLines(skipped: readonly Skipped[], most?: number): string[];
export function tallyOfVitest(text: string, status: number | null, nameOf?: (path: string) => string): Result;
