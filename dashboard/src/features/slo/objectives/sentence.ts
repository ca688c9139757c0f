// The sentences that open the objectives page and the page of one objective.
import type { Slo } from "@/shared/api/types";
import { count, factor, minutes, percent, percentValue, plural, relative, windowName } from "@/shared/lib/format";
import type { Piece } from "@/shared/lib/sentence";

export function slosSentence(slos: Slo[]): Piece[] {
  if (slos.length === 0) return ["Nothing is promised yet."];
  const spent = slos.filter((slo) => slo.budget.state === "exhausted");
  const burning = slos.filter((slo) => slo.budget.state === "burning");
  const warning = slos.filter((slo) => slo.budget.state === "warning");
  const silent = slos.filter((slo) => slo.budget.state === "no-data");
  const fine = slos.length - spent.length - burning.length - warning.length - silent.length;
  const pieces: Piece[] = [
    fine === slos.length
      ? slos.length === 1
        ? "The one objective is on track."
        : `All ${count(slos.length)} objectives are on track.`
      : `${count(fine)} of ${plural(slos.length, "objective")} ${fine === 1 ? "is" : "are"} on track.`,
  ];
  const first = burning[0];
  if (first) {
    pieces.push(
      " ",
      { text: first.name, slo: first.id, tone: "bad" },
      ` burns its budget at ${factor(first.budget.burn_rate)}; ${percent(first.budget.remaining_ratio)} is left.`,
    );
    if (burning.length > 1)
      pieces.push(` ${count(burning.length - 1)} more ${burning.length === 2 ? "burns" : "burn"}.`);
  }
  const over = spent[0];
  if (over && spent.length === 1) {
    pieces.push(" ", { text: over.name, slo: over.id }, " has spent its budget.");
  } else if (spent.length > 1) pieces.push(` ${count(spent.length)} have spent their budget.`);
  if (warning.length > 0) pieces.push(` ${count(warning.length)} ${warning.length === 1 ? "is" : "are"} running low.`);
  if (silent.length > 0) pieces.push(` ${count(silent.length)} ${silent.length === 1 ? "has" : "have"} no data yet.`);
  return pieces;
}

export function sloSentence(slo: Slo, now: number): Piece[] {
  const { budget } = slo;
  const promise = promiseWords(slo);
  if (budget.remaining_ratio === null) return [promise, " Nothing has been counted yet, so no budget is spent."];
  const pieces: Piece[] = [promise];
  const left = budget.remaining_ratio;
  if (left <= 0) {
    pieces.push(" The budget is ", { text: left < 0 ? `overspent by ${percent(-left)}` : "spent", tone: "bad" }, ".");
  } else {
    pieces.push(
      " ",
      { text: percent(left), tone: left < 0.2 ? "warn" : "strong" },
      ` of the budget is left: ${minutes(budget.remaining_minutes)} of ${minutes(budget.allowed_minutes)}`,
      budget.remaining_events !== null ? `, or ${plural(Math.max(0, budget.remaining_events), "failed probe")}.` : ".",
    );
  }
  if (budget.burn_rate !== null && budget.burn_rate > 1 && budget.exhausted_at && left > 0) {
    pieces.push(
      ` If it went on at ${factor(budget.burn_rate)}, nothing would be left ${relative(budget.exhausted_at, now)}.`,
    );
  }
  return pieces;
}

export function promiseWords(slo: Slo): string {
  const window = windowName(slo.window);
  const share = percentValue(slo.objective);
  switch (slo.sli.kind) {
    case "latency":
      return `${slo.service} promises that ${share} of probes answer within ${slo.sli.threshold_ms ?? "?"} ms over ${window}.`;
    case "throughput":
      return `${slo.service} promises at least ${slo.sli.minimum_per_s ?? "?"} requests a second, ${share} of the time over ${window}.`;
    case "error-rate":
      return `${slo.service} promises that ${share} of answers are free of errors over ${window}.`;
    default:
      return `${slo.service} promises that ${share} of probes pass over ${window}.`;
  }
}
