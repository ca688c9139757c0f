// The recent past of a state as a strip. Height carries the state as well as colour: down stands full height, unknown
// lies flat, so the strip reads in grey.
import { memo } from "react";
import type { State } from "@/shared/api/types";
import { runs, stripWords } from "@/shared/lib/strip";
import css from "./StateStrip.module.css";

const HEIGHT: Record<State, number> = { down: 20, degraded: 15, up: 8, maintenance: 8, unknown: 2 };

interface Props {
  slots: State[] | undefined;
  seconds: number;
  height?: number;
}

export const StateStrip = memo(function StateStrip({ slots, seconds, height = 20 }: Props) {
  if (!slots) return <span className={css.waiting} style={{ height }} aria-hidden="true" />;
  return (
    <svg
      className={css.strip}
      viewBox={`0 0 ${Math.max(1, slots.length)} 20`}
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={stripWords(slots, seconds)}
    >
      {runs(slots).map((run) => (
        <rect
          key={run.start}
          data-state={run.state}
          x={run.start}
          y={20 - HEIGHT[run.state]}
          width={run.length}
          height={HEIGHT[run.state]}
        />
      ))}
    </svg>
  );
});
