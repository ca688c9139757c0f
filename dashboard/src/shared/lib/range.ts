// The time range that charts and strips show: the one in the address, or else as much of the last day as has been
// watched at all, so that a fleet of ten minutes' age does not show a day of nothing.
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { q } from "@/shared/api/queries";
import { t } from "@/shared/strings";
import { duration, relative } from "./format";
import { useNow } from "./hooks";

export const RANGES = ["1h", "6h", "24h", "7d", "30d"] as const;
export type Range = (typeof RANGES)[number];

const HOUR = 3600;
const SECONDS: Record<Range, number> = {
  "1h": HOUR,
  "6h": 6 * HOUR,
  "24h": 24 * HOUR,
  "7d": 168 * HOUR,
  "30d": 720 * HOUR,
};

export function isRange(value: unknown): value is Range {
  return RANGES.includes(value as Range);
}

const STEPS_S = [1 / 6, 1 / 3, 1 / 2, 1, 2, 4, 6, 12, 24, 48, 96, 168].map((hours) => hours * HOUR);

/** The shortest of some round spans that holds all there is, and `most` when there is more or nobody knows. */
export function spanOfAge(ageSeconds: number | null, most = 24 * HOUR): number {
  const step = ageSeconds === null ? undefined : STEPS_S.find((each) => each >= ageSeconds);
  return Math.min(step ?? most, most);
}

/** The range of that length, where there is one. */
export function rangeOf(seconds: number): Range | undefined {
  return RANGES.find((range) => SECONDS[range] === seconds);
}

export function spanName(seconds: number): string {
  const range = rangeOf(seconds);
  return range ? t.range.names[range] : t.range.last(duration(seconds));
}

/** That the history is younger than what is shown; nothing when it fills it. */
export function beginning(began: string | null | undefined, seconds: number, now: number): string | undefined {
  if (!began || now - new Date(began).getTime() >= seconds * 1000) return undefined;
  return t.range.begins(relative(began, now));
}

export interface Span {
  seconds: number;
  /** Whether nobody chose it. */
  automatic: boolean;
  /** False until it is known how long the fleet has been watched; nothing needs to be fetched before. */
  ready: boolean;
  /** When the first service was known. */
  began: string | null;
}

export function useRange(): Span {
  const chosen = (useSearch({ strict: false }) as { range?: Range }).range;
  const meta = useQuery(q.meta());
  const now = useNow(60_000);
  const began = meta.data?.first_service_at ?? null;
  return {
    seconds: chosen ? SECONDS[chosen] : spanOfAge(began === null ? null : (now - new Date(began).getTime()) / 1000),
    automatic: chosen === undefined,
    ready: chosen !== undefined || meta.data !== undefined || meta.failureCount > 0,
    began,
  };
}

/** The environment in the address; undefined means the server's own default. */
export function useEnvironment(): string | undefined {
  return (useSearch({ strict: false }) as { environment?: string }).environment;
}
