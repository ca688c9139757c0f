// Findings filtered, and grouped by the file they were found in, the worst file first.
import type { Finding, Severity } from "@/shared/api/types";

export const severityRank: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

export interface FindingFilter {
  severity?: Severity;
  code?: string;
  text?: string;
}

export function filterFindings(findings: Finding[], filter: FindingFilter): Finding[] {
  const text = filter.text?.trim().toLowerCase() ?? "";
  return findings.filter(
    (finding) =>
      (!filter.severity || finding.severity === filter.severity) &&
      (!filter.code || finding.code === filter.code) &&
      (text === "" || `${finding.message} ${finding.file} ${finding.code}`.toLowerCase().includes(text)),
  );
}

export function byFile(findings: Finding[]): [string, Finding[]][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.file);
    if (group) group.push(finding);
    else groups.set(finding.file, [finding]);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => severityRank[a.severity] - severityRank[b.severity] || (a.line ?? 0) - (b.line ?? 0));
  }
  const weight = (group: Finding[]) =>
    group.reduce((sum, finding) => sum + { error: 10_000, warning: 100, info: 1 }[finding.severity], 0);
  return [...groups].sort(([a, x], [b, y]) => weight(y) - weight(x) || a.localeCompare(b));
}
