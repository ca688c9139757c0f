// History points as series with honest gaps.
import type { HistoryPoint, Trend } from "@/shared/api/types";

export interface Latency {
  times: number[];
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
  failed: (number | null)[];
}

/** Where points are missing a null is put between, so that no line is drawn over what was not measured. */
export function latencySeries(points: HistoryPoint[], resolutionSeconds: number): Latency {
  const series: Latency = { times: [], p50: [], p95: [], p99: [], failed: [] };
  let before: number | undefined;
  for (const point of points) {
    const at = new Date(point.at).getTime() / 1000;
    if (before !== undefined && at - before > resolutionSeconds * 1.5) push(series, before + resolutionSeconds, null);
    push(series, at, point);
    before = at;
  }
  return series;
}

/** The share of good probes over all slots, exactly; null when nothing was counted. */
export function availabilityOf({
  counted,
  availability_ratio,
}: Pick<Trend, "counted" | "availability_ratio">): number | null {
  let all = 0;
  let good = 0;
  counted.forEach((amount, slot) => {
    all += amount;
    good += amount * (availability_ratio[slot] ?? 0);
  });
  return all === 0 ? null : good / all;
}

function push(series: Latency, at: number, point: HistoryPoint | null) {
  series.times.push(at);
  series.p50.push(point?.p50_ms ?? null);
  series.p95.push(point?.p95_ms ?? null);
  series.p99.push(point?.p99_ms ?? null);
  series.failed.push(point ? (point.total > 0 ? point.failed / point.total : 0) : null);
}
