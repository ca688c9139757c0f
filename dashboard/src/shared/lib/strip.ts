// A row of time slots, reduced to runs for drawing and to words for reading.
import type { HistoryPoint, State } from "@/shared/api/types";
import { duration } from "./format";
import { slotState } from "./state";

export interface Run {
  state: State;
  start: number;
  length: number;
}

export function runs(slots: State[]): Run[] {
  const found: Run[] = [];
  slots.forEach((state, index) => {
    const last = found.at(-1);
    if (last && last.state === state) last.length += 1;
    else found.push({ state, start: index, length: 1 });
  });
  return found;
}

/** `up all of the last 24 h`, or how long it was not. */
export function stripWords(slots: State[], seconds: number): string {
  const slotSeconds = seconds / Math.max(1, slots.length);
  const span = (state: State) => slots.filter((slot) => slot === state).length * slotSeconds;
  const parts = (["down", "degraded", "maintenance", "unknown"] as const)
    .filter((state) => span(state) > 0)
    .map((state) => `${state === "unknown" ? "not measured" : state} about ${duration(span(state))}`);
  const length = duration(seconds, 1);
  if (slots.length === 0) return "nothing measured yet";
  return parts.length === 0 ? `up for all of the last ${length}` : `in the last ${length}: ${parts.join(", ")}`;
}

/** Check history folded into `count` equal slots that end now. */
export function slotsOf(points: HistoryPoint[], from: number, to: number, count: number): State[] {
  const width = (to - from) / count;
  const sums = Array.from({ length: count }, () => ({ total: 0, failed: 0, maintenance: 0 }));
  for (const point of points) {
    const slot = sums[Math.floor((new Date(point.at).getTime() - from) / width)];
    if (!slot) continue;
    slot.total += point.total;
    slot.failed += point.failed;
    slot.maintenance += point.maintenance;
  }
  return sums.map((slot) => slotState(slot.total, slot.failed, slot.maintenance));
}
