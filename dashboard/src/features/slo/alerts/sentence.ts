// The sentence that opens the alerts page.
import type { Alert } from "@/shared/api/types";
import { count, duration, plural, secondsBetween } from "@/shared/lib/format";
import { names, type Piece } from "@/shared/lib/sentence";

export function alertsSentence(open: Alert[], folded: Alert[], now: number): Piece[] {
  const tail: Piece[] =
    folded.length === 0
      ? []
      : [
          ` ${plural(folded.length, "more alert")} ${folded.length === 1 ? "is" : "are"} folded under ${folded.length === 1 ? "its cause" : "their cause"}.`,
        ];
  if (open.length === 0) return ["Nothing needs you now.", ...tail];
  const pages = open.filter((alert) => alert.severity === "page");
  const loose = open.filter((alert) => alert.acknowledged_at === null && !alert.silenced);
  const services = [...new Set(open.map((alert) => alert.service))];
  const pieces: Piece[] = [
    `${plural(open.length, "alert")} ${open.length === 1 ? "is" : "are"} open, on `,
    ...names(services),
    ".",
  ];
  if (pages.length > 0 && pages.length < open.length)
    pieces.push(` ${count(pages.length)} ${pages.length === 1 ? "is a page" : "are pages"}.`);
  if (loose.length === 0) pieces.push(" Somebody has every one of them.");
  else {
    const oldest = loose.reduce((a, b) => (a.opened_at <= b.opened_at ? a : b));
    pieces.push(" Nobody has acknowledged ", {
      text: loose.length === 1 ? oldest.title : `${count(loose.length)} of them`,
      tone: "bad",
    });
    pieces.push(
      `, ${loose.length === 1 ? "open" : "the oldest open"} for ${duration(secondsBetween(oldest.opened_at, now))}.`,
    );
  }
  return [...pieces, ...tail];
}

/** Open alerts, each with the alerts folded under it; folded ones whose root is not listed stand at the end. */
export function foldTree(open: Alert[], folded: Alert[]): { alert: Alert; under: Alert[] }[] {
  const known = new Set(open.map((alert) => alert.id));
  const under = (id: string) =>
    folded
      .filter((alert) => alert.folded_under?.alert_id === id)
      .sort((a, b) => (a.folded_under?.path.length ?? 0) - (b.folded_under?.path.length ?? 0));
  const rank = (alert: Alert) =>
    (alert.acknowledged_at || alert.silenced ? 4 : 0) +
    (alert.severity === "page" ? 0 : 2) +
    (alert.kind === "service-down" ? 0 : 1);
  return [
    ...[...open]
      .sort((a, b) => rank(a) - rank(b) || b.opened_at.localeCompare(a.opened_at))
      .map((alert) => ({ alert, under: under(alert.id) })),
    ...folded.filter((alert) => !known.has(alert.folded_under?.alert_id ?? "")).map((alert) => ({ alert, under: [] })),
  ];
}
