// The burn-rate rules of an objective: two windows each, and how near both are to the threshold. Method: the SRE
// Workbook, chapter 5, multiwindow multi-burn-rate alerts.
import type { BurnRule, Slo } from "@/shared/api/types";
import { duration, factor } from "@/shared/lib/format";
import { Panel, Tag } from "@/shared/ui/basics";
import { t } from "../strings";
import css from "./BurnWindows.module.css";

export function BurnWindows({ slo }: { slo: Slo }) {
  return (
    <Panel title={t.slo.windows} note={t.slo.windowsNote} flush>
      <ul className={css.list}>
        {slo.alerts.map((rule) => (
          <li key={`${rule.factor}${rule.long_s}`} data-firing={rule.firing || undefined}>
            <span className={css.rule}>
              <Tag tone={rule.severity === "page" ? "info" : "quiet"}>{t.slo[rule.severity]}</Tag>
              <span>
                {t.slo.threshold} <strong>{factor(rule.factor)}</strong>
              </span>
            </span>
            <Gauge name={t.slo.long} seconds={rule.long_s} burn={rule.burn_long} rule={rule} />
            <Gauge name={t.slo.short} seconds={rule.short_s} burn={rule.burn_short} rule={rule} />
            <span className={css.firing}>
              {rule.firing ? <Tag tone="bad">{t.slo.firing}</Tag> : <span className="muted">{t.slo.quiet}</span>}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

interface GaugeProps {
  name: string;
  seconds: number;
  burn: number | null;
  rule: BurnRule;
}

/** The threshold stands at two thirds of the bar, so that being past it can be seen. */
function Gauge({ name, seconds, burn, rule }: GaugeProps) {
  const share = burn === null ? 0 : Math.min(1, ((burn / rule.factor) * 2) / 3);
  const over = burn !== null && burn >= rule.factor ? (rule.firing ? "firing" : "alone") : undefined;
  return (
    <span className={css.gauge}>
      <span className={css.words}>
        <span className="muted">
          {duration(seconds)}
          <span className="sr-only"> {name}</span>
        </span>
        <span data-over={over}>{factor(burn)}</span>
      </span>
      <span className={css.bar} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} data-over={over} />
      </span>
    </span>
  );
}
