// The sentence that opens an import report.
import type { Import } from "@/shared/api/types";
import { count, listOf, plural } from "@/shared/lib/format";
import type { Piece } from "@/shared/lib/sentence";
import { t } from "../strings";
import { isLeftOut } from "./leftOut";

export function importSentence(report: Import): Piece[] {
  const { summary } = report;
  const files = report.files.filter((file) => !isLeftOut(file));
  const left = report.files.length - files.length;
  if (files.length === 0) return [left === 0 ? t.imports.aliasOnly : t.imports.nothingRead, ...contradictions(report)];
  const read = files.filter((file) => file.status === "read").length;
  const failed = files.filter((file) => file.status === "failed").length;
  const pieces: Piece[] = [
    `${count(read)} of ${plural(files.length, "file")} ${report.dry_run ? "would be" : read === 1 ? "was" : "were"} read, ${plural(summary.services, "service")} found.`,
  ];
  if (failed > 0) {
    pieces.push(" ", { text: plural(failed, "file"), tone: "bad" }, ` could not be read.`);
  }
  if (left > 0) pieces.push(` ${count(left)} ${left === 1 ? "was" : "were"} left out.`);
  const found = contradictions(report);
  return [
    ...pieces,
    ...(found.length > 0 ? found : [read > 1 ? " They agree with each other." : " Nothing contradicts it."]),
  ];
}

function contradictions({ summary }: Import): Piece[] {
  const parts: string[] = [];
  if (summary.errors > 0) parts.push(plural(summary.errors, "error"));
  if (summary.warnings > 0) parts.push(plural(summary.warnings, "warning"));
  if (summary.infos > 0) parts.push(plural(summary.infos, "note"));
  if (parts.length === 0) return [];
  return [" The report holds ", { text: listOf(parts), tone: summary.errors > 0 ? "bad" : "strong" }, "."];
}
