// How objectives stand: which to read first, in which tone, and how fast a budget burns against which threshold.
import type { BurnRule, Slo } from "@/shared/api/types";
import { factor } from "./format";

const STATE_RANK: Record<Slo["budget"]["state"], number> = {
  burning: 0,
  "at-risk": 1,
  exhausted: 2,
  warning: 3,
  ok: 4,
  "no-data": 5,
};

/** What burns now comes first, then by what is left; no data sorts last, being neither good nor bad. */
export function byLeast(a: Slo, b: Slo): number {
  return (
    STATE_RANK[a.budget.state] - STATE_RANK[b.budget.state] ||
    (a.budget.remaining_ratio ?? 9) - (b.budget.remaining_ratio ?? 9) ||
    a.name.localeCompare(b.name)
  );
}

/** The objective that says most about how a service or a fleet stands, of those that have been counted. */
export function worstCounted(slos: Slo[]): Slo | undefined {
  return slos.filter((slo) => slo.budget.remaining_ratio !== null).sort(byLeast)[0];
}

export const budgetTone = {
  ok: "good",
  "at-risk": "warn",
  warning: "warn",
  burning: "bad",
  exhausted: "bad",
  "no-data": "quiet",
} as const;

/** Whether a budget is spent faster than it lasts, with an alert for it or not yet. */
export function isBurning(slo: Slo): boolean {
  return slo.budget.state === "burning" || slo.budget.state === "at-risk" || slo.alerts.some((rule) => rule.firing);
}

/**
 * The rule a burn rate is to be read against: the most urgent that fires; or else the most urgent whose factor the rate
 * exceeds, which is on its way; or else the first it would reach.
 */
export function decidingRule(slo: Slo): BurnRule | undefined {
  const urgent = [...slo.alerts].sort((a, b) => b.factor - a.factor);
  const rate = slo.budget.burn_rate ?? 0;
  return urgent.find((rule) => rule.firing) ?? urgent.find((rule) => rate > rule.factor) ?? urgent.at(-1);
}

/** The threshold in words: `page above 14.4×`. */
export function thresholdText(slo: Slo): string | undefined {
  const rule = decidingRule(slo);
  return rule && `${rule.severity} above ${factor(rule.factor)}`;
}

/** The present rate and the threshold it is to be read against: `667× (page above 14.4×)`. */
export function burnText(slo: Slo): string {
  const threshold = thresholdText(slo);
  return `${factor(slo.budget.burn_rate)}${threshold ? ` (${threshold})` : ""}`;
}
