// The time range of the top bar, kept in the address.
import { useSearch } from "@tanstack/react-router";

export const RANGES = ["1h", "6h", "24h", "7d", "30d"] as const;
export type Range = (typeof RANGES)[number];

const HOURS: Record<Range, number> = { "1h": 1, "6h": 6, "24h": 24, "7d": 168, "30d": 720 };

export const DEFAULT_RANGE: Range = "24h";

export function isRange(value: unknown): value is Range {
  return RANGES.includes(value as Range);
}

export function hoursOf(range: Range | undefined): number {
  return HOURS[range ?? DEFAULT_RANGE];
}

export function useRange(): { range: Range; hours: number } {
  const search = useSearch({ strict: false }) as { range?: Range };
  const range = search.range ?? DEFAULT_RANGE;
  return { range, hours: hoursOf(range) };
}

/** The environment in the address; undefined means the server's own default. */
export function useEnvironment(): string | undefined {
  return (useSearch({ strict: false }) as { environment?: string }).environment;
}
