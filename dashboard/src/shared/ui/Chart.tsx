// The chart behind a lazy door, with its room kept free so that nothing jumps when it arrives.
import { lazy, Suspense } from "react";
import type { TimeChartProps } from "./TimeChart";

const TimeChart = lazy(() => import("./TimeChart"));

export function Chart(props: TimeChartProps) {
  return (
    <Suspense fallback={<div aria-busy="true" style={{ height: (props.height ?? 200) + 20 }} />}>
      <TimeChart {...props} />
    </Suspense>
  );
}
