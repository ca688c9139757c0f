// Phases of a probe laid end to end.
import type { Phases } from "@/shared/api/types";

const ORDER = ["resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "body_ms"] as const satisfies (keyof Phases)[];

export interface PhaseBar {
  phase: keyof Phases;
  start: number;
  length: number;
}

export function phaseBars(phases: Phases | null | undefined): PhaseBar[] {
  const bars: PhaseBar[] = [];
  let start = 0;
  for (const phase of ORDER) {
    const length = phases?.[phase];
    if (length === null || length === undefined) continue;
    bars.push({ phase, start, length });
    start += length;
  }
  return bars;
}
