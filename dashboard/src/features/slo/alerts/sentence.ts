// The sentence that opens the alerts page.
import type { Alert } from "@/shared/api/types";
import { type OpenAlerts, waiting } from "@/shared/lib/alerts";
import { count, duration, plural, secondsBetween } from "@/shared/lib/format";
import { names, type Piece } from "@/shared/lib/sentence";

export function alertsSentence({ roots, folded }: OpenAlerts, now: number): Piece[] {
  if (roots.length === 0) return ["Nothing needs you now.", ...orphans(folded)];
  const services = [...new Set(roots.map((alert) => alert.service))];
  const under =
    folded.length === 0 ? "" : `, with ${count(folded.length)} folded under ${roots.length === 1 ? "it" : "them"}`;
  const pieces: Piece[] = [
    `${plural(roots.length, "alert")} ${roots.length === 1 ? "is" : "are"} open, on `,
    ...names(services),
    `${under}.`,
  ];
  const pages = roots.filter((alert) => alert.severity === "page");
  if (pages.length > 0 && pages.length < roots.length)
    pieces.push(` ${count(pages.length)} ${pages.length === 1 ? "is a page" : "are pages"}.`);
  const loose = waiting(roots);
  const oldest = loose.reduce<Alert | undefined>((a, b) => (a && a.opened_at <= b.opened_at ? a : b), undefined);
  if (!oldest) pieces.push(heldWords(roots));
  else {
    const whole = loose.length === roots.length && roots.length > 1 ? "any of them" : `${count(loose.length)} of them`;
    pieces.push(" Nobody has acknowledged ", { text: loose.length === 1 ? oldest.title : whole, tone: "bad" });
    pieces.push(
      `, ${loose.length === 1 ? "open" : "the oldest open"} for ${duration(secondsBetween(oldest.opened_at, now))}.`,
    );
  }
  return pieces;
}

function heldWords(roots: Alert[]): string {
  const silenced = roots.filter((alert) => alert.silenced && !alert.acknowledged_at).length;
  const one = roots.length === 1;
  if (silenced === 0) return one ? " Somebody has it." : " Somebody has every one of them.";
  if (silenced === roots.length) return one ? " It is silenced." : " All are silenced.";
  return ` Somebody has ${count(roots.length - silenced)} of them; ${count(silenced)} ${silenced === 1 ? "is" : "are"} silenced.`;
}

/** Their cause is over and they are not: whoever still holds in a minute is told about. */
function orphans(folded: Alert[]): Piece[] {
  if (folded.length === 0) return [];
  const one = folded.length === 1;
  return [
    ` ${plural(folded.length, "alert")} ${one ? "is" : "are"} still folded under ${one ? "a cause" : "causes"} that ${one ? "is" : "are"} over.`,
  ];
}

/** Under what an alert is folded: the way to the cause, or that the cause is the service's own outage. */
export function foldedWords(alert: Alert): string | null {
  if (!alert.folded_under) return null;
  const { path, service } = alert.folded_under;
  return path.length > 1 ? path.join(" → ") : `the same outage of ${service}`;
}

/** Root alerts, each with the alerts folded under it; folded ones whose root is not listed stand at the end. */
export function foldTree({ roots, folded }: OpenAlerts): { alert: Alert; under: Alert[] }[] {
  const known = new Set(roots.map((alert) => alert.id));
  const under = (id: string) =>
    folded
      .filter((alert) => alert.folded_under?.alert_id === id)
      .sort((a, b) => (a.folded_under?.path.length ?? 0) - (b.folded_under?.path.length ?? 0));
  const rank = (alert: Alert) =>
    (alert.acknowledged_at || alert.silenced ? 4 : 0) +
    (alert.severity === "page" ? 0 : 2) +
    (alert.kind === "service-down" ? 0 : 1);
  return [
    ...[...roots]
      .sort((a, b) => rank(a) - rank(b) || b.opened_at.localeCompare(a.opened_at))
      .map((alert) => ({ alert, under: under(alert.id) })),
    ...folded.filter((alert) => !known.has(alert.folded_under?.alert_id ?? "")).map((alert) => ({ alert, under: [] })),
  ];
}
