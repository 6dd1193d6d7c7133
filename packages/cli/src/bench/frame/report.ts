// What a bench says at the end: one table of ratios against floors for a person, the same with every raw round as JSON.
import type { Answer } from "../../command.ts";
import { table } from "../../output.ts";
import { BUSY, type Machine } from "./machine.ts";
import type { Ratio, Round } from "./rounds.ts";

/** One figure against its floor. */
export interface Finding {
  what: string;
  ratio: Ratio;
  /** The ratio that must be reached, and the one that is aimed at. Absent: reported only. */
  floor?: number;
  aim?: number;
  /** `most`: the ratio must not exceed the floor. */
  sense: "least" | "most";
  /** Absolute figures behind the ratio, with their units. */
  figures: string;
}

export interface Check {
  what: string;
  ok: boolean;
  /** What was seen. */
  seen: string;
}

export interface Report {
  name: string;
  quick: boolean;
  machine: Machine;
  findings: readonly Finding[];
  /** Correctness: a time counts only when all of these hold. */
  checks: readonly Check[];
  /** Peers that are not installed, each with what is missing from the comparison. */
  absent: readonly string[];
  remarks?: readonly string[];
  rounds: Readonly<Record<string, readonly Round[]>>;
  /** Further raw figures. */
  details?: unknown;
}

export const holds = (finding: Finding): boolean | undefined => {
  if (finding.floor === undefined) return undefined;
  return finding.sense === "least" ? finding.ratio.median >= finding.floor : finding.ratio.median <= finding.floor;
};

/** Exit 1 when an answer was wrong; a missed floor is said, and fails only a full run. */
export function answerOf(report: Report): Answer {
  const { findings, checks, quick } = report;
  const wrong = checks.some(({ ok }) => !ok);
  const missed = findings.some((finding) => holds(finding) === false);
  return {
    json: {
      ...report,
      findings: findings.map((finding) => ({ ...finding, held: holds(finding) ?? null })),
      ok: !wrong,
      floorsHeld: wrong ? false : !missed,
    },
    text: textOf(report),
    ...(wrong || (missed && !quick) ? { exit: 1 } : {}),
  };
}

function textOf(report: Report): string {
  const { machine, rounds } = report;
  const disturbed = Object.values(rounds)
    .flat()
    .filter((round) => round.before.busy > BUSY).length;
  const lines = [
    `bench ${report.name}${report.quick ? " --quick" : ""} · ${machine.cores} cores (${machine.model}), load ${machine.load}, node ${machine.node}`,
    "",
    table(
      report.findings,
      [
        { header: "Measured", value: ({ what }) => what, most: 80 },
        { header: "Ratio", value: ({ ratio }) => short(ratio.median), figure: true },
        { header: "Range", value: ({ ratio }) => `${short(ratio.low)} – ${short(ratio.high)}` },
        { header: "Floor", value: (finding) => bound(finding, finding.floor) },
        { header: "Aim", value: (finding) => bound(finding, finding.aim) },
        { header: "Held", value: (finding) => ({ true: "✓", false: "✗" })[String(holds(finding))] ?? "–" },
        { header: "Figures", value: ({ figures }) => figures, most: 110 },
      ],
      "Nothing was compared.",
    ),
    "",
    ...report.checks.map(({ what, ok, seen }) => `${ok ? "✓" : "✗"} ${what}: ${seen}`),
    ...report.absent.map((peer) => `– not installed: ${peer}`),
    ...(report.remarks ?? []),
  ];
  if (disturbed > 0)
    lines.push(`Other programs were busy before ${disturbed} rounds (over ${BUSY * 100} %): read ratios, not figures.`);
  return lines.join("\n");
}

const bound = ({ sense }: Finding, value: number | undefined): string =>
  value === undefined ? "–" : `${sense === "least" ? "≥" : "≤"} ${short(value)}`;

/** Three significant digits. */
export const short = (value: number): string =>
  !Number.isFinite(value)
    ? String(value)
    : Math.abs(value) >= 100
      ? Math.round(value).toLocaleString("en-US")
      : String(Number(value.toPrecision(3)));
