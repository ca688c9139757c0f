// Latency percentiles of one check over the chosen range.
import { useMemo } from "react";
import type { History } from "@/shared/api/types";
import { millis } from "@/shared/lib/format";
import { latencySeries } from "@/shared/lib/series";
import { Chart } from "@/shared/ui/Chart";

interface Props {
  history: History | undefined;
  seconds: number;
  name: string;
  threshold?: number | null;
}

export function LatencyChart({ history, seconds, name, threshold }: Props) {
  const series = useMemo(() => latencySeries(history?.points ?? [], history?.resolution_s ?? 60), [history]);
  const lines = useMemo(
    () => [
      { name: "p50", values: series.p50, colour: "--chart-1", width: 1.8 },
      { name: "p95", values: series.p95, colour: "--chart-2", dash: [6, 3] },
      { name: "p99", values: series.p99, colour: "--chart-3", dash: [2, 3] },
    ],
    [series],
  );
  if (!history) return <div style={{ height: 220 }} />;
  const to = Math.ceil(Date.now() / 60_000) * 60;
  return (
    <Chart
      label={`Latency of ${name}: p50, p95 and p99 over time`}
      times={series.times}
      lines={lines}
      format={millis}
      floor={0}
      height={200}
      range={{ from: to - seconds, to }}
      sync="service"
      thresholds={threshold ? [{ at: threshold, name: millis(threshold), colour: "--degraded-text" }] : []}
    />
  );
}
