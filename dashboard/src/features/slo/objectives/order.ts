// The order in which objectives should be read.
import type { Slo } from "@/shared/api/types";

const STATE_RANK = { burning: 0, exhausted: 1, warning: 2, ok: 3, "no-data": 4 } as const;

/** What burns now comes first, then by what is left; no data sorts last, being neither good nor bad. */
export function byLeast(a: Slo, b: Slo): number {
  return (
    STATE_RANK[a.budget.state] - STATE_RANK[b.budget.state] ||
    (a.budget.remaining_ratio ?? 9) - (b.budget.remaining_ratio ?? 9) ||
    a.name.localeCompare(b.name)
  );
}

export const budgetTone = {
  ok: "good",
  warning: "warn",
  burning: "bad",
  exhausted: "bad",
  "no-data": "quiet",
} as const;
