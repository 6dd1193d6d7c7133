// How `npm test` speaks about results: one closing line over all suites, and the skipped tests with their reasons.

/** Sums the parts. */
export function tally(results) {
  const sum = (key) =>
    results.reduce((total, one) => total + (Array.isArray(one[key]) ? one[key].length : one[key]), 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/** `12 passed, 0 failed`, with `, 3 skipped` when there are any. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** One line per skipped test, or per group of them whose title holds the reason; at most `most`. */
export function skippedLines(skipped, most = 60) {
  const counts = new Map();
  for (const { file, ancestorTitles = [], title } of skipped) {
    const reason =
      [...ancestorTitles, title].find((words) => /skipped|without|not installed|absent|needs/.test(words)) ?? title;
    const line = `${file}: ${reason}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const lines = [...counts].map(([line, count]) => `  skipped${count > 1 ? ` ${count} tests` : ""}: ${line}`);
  return [...lines.slice(0, most), ...(lines.length > most ? [`  … and ${lines.length - most} more groups`] : [])];
}

/** What vitest's JSON report and exit status amount to; a run that died without a report, or failed without naming a test, is one failure. */
export function tallyOfVitest(text, status, nameOf = (path) => path) {
  const report = text === "" ? { testResults: [] } : JSON.parse(text);
  const cases = report.testResults.flatMap((file) =>
    file.assertionResults.map((one) => ({ ...one, file: nameOf(file.name) })),
  );
  const count = (wanted) => cases.filter((one) => one.status === wanted).length;
  // a file that could not even be loaded has no cases
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((one) => one.status === "failed"),
  ).length;
  const failed = count("failed") + broken;
  const skipped = cases.filter((one) => ["pending", "skipped", "todo", "disabled"].includes(one.status));
  return { name: "tests", passed: count("passed"), failed: failed === 0 && status !== 0 ? 1 : failed, skipped };
}
