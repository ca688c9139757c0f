// The sentences that open the objectives page and the page of one objective.
import type { Slo } from "@/shared/api/types";
import {
  count,
  duration,
  factor,
  minutes,
  percent,
  percentValue,
  plural,
  relative,
  windowName,
} from "@/shared/lib/format";
import { burnText, isBurning } from "@/shared/lib/objectives";
import type { Piece } from "@/shared/lib/sentence";

export function slosSentence(slos: Slo[]): Piece[] {
  if (slos.length === 0) return ["Nothing is promised yet."];
  const of = (state: Slo["budget"]["state"]) => slos.filter((slo) => slo.budget.state === state);
  const fine = of("ok").length;
  const pieces: Piece[] = [onTrack(fine, slos.length)];
  const burning = of("burning");
  if (burning[0]) pieces.push(...burns(burning[0], "bad", ""), ...more(burning.length - 1, "burns", "burn"));
  const risky = of("at-risk");
  if (risky[0]) {
    pieces.push(
      ...burns(risky[0], "warn", ", and no alert is due yet"),
      ...more(risky.length - 1, "is at risk", "are at risk"),
    );
  }
  const spent = of("exhausted");
  if (spent[0] && spent.length === 1) {
    pieces.push(" ", { text: spent[0].name, slo: spent[0].id }, " has spent its budget.");
  } else if (spent.length > 1) pieces.push(` ${count(spent.length)} have spent their budget.`);
  const ticket = of("warning").filter(isBurning);
  if (ticket[0]) pieces.push(...burns(ticket[0], "warn", ""), ...more(ticket.length - 1, "burns", "burn"));
  const low = of("warning").length - ticket.length;
  if (low > 0) pieces.push(` ${count(low)} ${low === 1 ? "is" : "are"} running low.`);
  const silent = of("no-data").length;
  if (silent > 0) pieces.push(` ${count(silent)} ${silent === 1 ? "has" : "have"} no data yet.`);
  return pieces;
}

function onTrack(fine: number, all: number): string {
  if (all === 1) return `The one objective is ${fine === 1 ? "" : "not "}on track.`;
  if (fine === all) return `All ${count(all)} objectives are on track.`;
  return `${count(fine)} of ${plural(all, "objective")} ${fine === 1 ? "is" : "are"} on track.`;
}

/** At which rate against which threshold, and what is left. */
function burns(slo: Slo, tone: "bad" | "warn", but: string): Piece[] {
  return [
    " ",
    { text: slo.name, slo: slo.id, tone },
    ` burns its budget at ${burnText(slo)}${but}; ${percent(slo.budget.remaining_ratio)} is left.`,
  ];
}

function more(amount: number, one: string, many: string): Piece[] {
  return amount > 0 ? [` ${count(amount)} more ${amount === 1 ? one : many}.`] : [];
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
  if (isBurning(slo)) {
    const { recent } = budget;
    const seen = recent
      ? `: ${count(recent.bad)} of ${plural(recent.total, "event")} were bad in the last ${duration(recent.window_s)}`
      : "";
    const due = budget.state === "at-risk" ? " No alert is due yet." : "";
    pieces.push(
      " It burns at ",
      { text: burnText(slo), tone: budget.state === "burning" ? "bad" : "warn" },
      `${seen}.${due}`,
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
