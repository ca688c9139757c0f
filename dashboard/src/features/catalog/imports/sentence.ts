// The sentence that opens an import report.
import type { Import } from "@/shared/api/types";
import { count, listOf, plural } from "@/shared/lib/format";
import type { Piece } from "@/shared/lib/sentence";

export function importSentence(report: Import): Piece[] {
  const { summary, files } = report;
  const read = files.filter((file) => file.status === "read").length;
  const failed = files.filter((file) => file.status === "failed").length;
  const pieces: Piece[] = [
    `${count(read)} of ${plural(files.length, "file")} ${report.dry_run ? "would be" : read === 1 ? "was" : "were"} read, ${plural(summary.services, "service")} found.`,
  ];
  if (failed > 0) {
    pieces.push(" ", { text: plural(failed, "file"), tone: "bad" }, ` could not be read.`);
  }
  if (summary.errors + summary.warnings + summary.infos === 0) pieces.push(" They agree with each other.");
  else {
    const parts: string[] = [];
    if (summary.errors > 0) parts.push(plural(summary.errors, "error"));
    if (summary.warnings > 0) parts.push(plural(summary.warnings, "warning"));
    if (summary.infos > 0) parts.push(plural(summary.infos, "note"));
    pieces.push(" The report holds ", { text: listOf(parts), tone: summary.errors > 0 ? "bad" : "strong" }, ".");
  }
  return pieces;
}
