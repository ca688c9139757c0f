// The history of all checks of one service, for strips and for the latency chart.
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Check, History, HistoryPoint } from "@/shared/api/types";
import type { Span } from "@/shared/lib/range";
import { slotsOf } from "@/shared/lib/strip";

const MOST_SLOTS = 96;
/** The finest history has a point a minute; narrower slots would look like gaps. */
export const slotsFor = (seconds: number) => Math.min(MOST_SLOTS, Math.floor(seconds / 60));

/** The end of the latest bucket while it is fresh, so that a bucket that has only just begun is not a gap at the end. */
export function endOf(history: History | undefined, now: number): number {
  const latest = history?.points.at(-1);
  if (!latest || !history) return now;
  const end = new Date(latest.at).getTime() + history.resolution_s * 1000;
  return now - end < history.resolution_s * 1000 ? end : now;
}

export function useCheckHistories(checks: Check[], { seconds, ready }: Span) {
  const results = useQueries({ queries: checks.map((check) => ({ ...q.history(check.id, seconds), enabled: ready })) });
  const stamp = results.map((result) => result.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp says when any history changed
  return useMemo(() => {
    return checks.map((check, at) => {
      const data = results[at]?.data;
      const to = endOf(data, Date.now());
      const from = to - seconds * 1000;
      return {
        check,
        history: data,
        slots: data ? slotsOf(data.points, from, to, slotsFor(seconds)) : undefined,
        points: data?.points ?? ([] as HistoryPoint[]),
      };
    });
  }, [checks, stamp, seconds]);
}
