// A state by colour and by shape, so that it survives grey paper and colour-blind eyes.
import type { State } from "@/shared/api/types";
import { t } from "@/shared/strings";
import css from "./StateMark.module.css";

type Shown = State | "paused";

export function StateMark({ state, size = 12 }: { state: Shown; size?: number }) {
  return (
    <svg className={css.mark} data-state={state} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {shape(state)}
    </svg>
  );
}

function shape(state: Shown) {
  switch (state) {
    case "up":
      return <circle cx="6" cy="6" r="4.5" fill="currentColor" />;
    case "degraded":
      return <path d="M6 1 11.4 10.6H.6Z" fill="currentColor" strokeLinejoin="round" />;
    case "down":
      return <rect x="1.2" y="1.2" width="9.6" height="9.6" rx="1" fill="currentColor" />;
    case "maintenance":
      return (
        <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" strokeWidth="1.7" strokeDasharray="2.3 1.7" />
      );
    case "paused":
      return <path d="M3.8 2v8M8.2 2v8" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />;
    default:
      return <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" />;
  }
}

export function StateLabel({ state, size = 12 }: { state: Shown; size?: number }) {
  return (
    <span className={css.label} data-state={state}>
      <StateMark state={state} size={size} />
      {t.state[state]}
    </span>
  );
}
