// The history of all checks of one service, for strips and for the latency chart.
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Check, HistoryPoint } from "@/shared/api/types";
import { slotsOf } from "@/shared/lib/strip";

const MOST_SLOTS = 96;
/** The finest history has a point a minute; narrower slots would look like gaps. */
export const slotsFor = (hours: number) => Math.min(MOST_SLOTS, hours * 60);

export function useCheckHistories(checks: Check[], hours: number) {
  const results = useQueries({ queries: checks.map((check) => q.history(check.id, hours)) });
  const stamp = results.map((result) => result.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp says when any history changed
  return useMemo(() => {
    const to = Date.now();
    const from = to - hours * 3_600_000;
    return checks.map((check, at) => {
      const data = results[at]?.data;
      return {
        check,
        history: data,
        slots: data ? slotsOf(data.points, from, to, slotsFor(hours)) : undefined,
        points: data?.points ?? ([] as HistoryPoint[]),
      };
    });
  }, [checks, stamp, hours]);
}
