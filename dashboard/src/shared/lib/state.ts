// The order and the wording of states. The look of a state lives in shared/ui/StateMark.
import type { State, Tier } from "@/shared/api/types";

export const STATES: State[] = ["down", "degraded", "unknown", "maintenance", "up"];

export const stateRank: Record<State, number> = { down: 0, degraded: 1, unknown: 2, maintenance: 3, up: 4 };

export const tierRank: Record<Tier, number> = { critical: 0, high: 1, standard: 2, low: 3 };

export function worst(states: State[]): State {
  let found: State = "up";
  for (const state of states) if (stateRank[state] < stateRank[found]) found = state;
  return found;
}

/** The state a slice of check history shows: nothing measured is unknown, any failure is at least degraded. */
export function slotState(total: number, failed: number, maintenance: number): State {
  if (maintenance > 0 && maintenance >= total - maintenance) return "maintenance";
  if (total === 0) return "unknown";
  if (failed === 0) return "up";
  return failed * 2 >= total ? "down" : "degraded";
}
