// Where the time of one probe went, phase after phase, on the same scale as the probe it is compared with.
import type { Phases, Probe } from "@/shared/api/types";
import { bytes, millis } from "@/shared/lib/format";
import { Ago } from "@/shared/ui/basics";
import { StateMark } from "@/shared/ui/StateMark";
import { t } from "./strings";
import css from "./Waterfall.module.css";
import { phaseBars } from "./waterfall";

export function Waterfall({ success, failure }: { success: Probe | undefined; failure: Probe | undefined }) {
  const longest = Math.max(success?.duration_ms ?? 0, failure?.duration_ms ?? 0, 0.001);
  return (
    <div className={css.pair}>
      <One title={t.service.success} probe={success} longest={longest} none={t.service.noSuccess} />
      <One title={t.service.failure} probe={failure} longest={longest} none={t.service.noFailure} />
    </div>
  );
}

function One({
  title,
  probe,
  longest,
  none,
}: {
  title: string;
  probe: Probe | undefined;
  longest: number;
  none: string;
}) {
  return (
    <section className={css.one}>
      <h3 className={css.head}>
        <StateMark state={probe ? (probe.ok ? "up" : "down") : "unknown"} size={11} />
        {title}
        {probe && (
          <span className="muted">
            <Ago at={probe.at} />
          </span>
        )}
      </h3>
      {probe ? <Bars probe={probe} longest={longest} /> : <p className="muted">{none}</p>}
    </section>
  );
}

export function Bars({ probe, longest }: { probe: Probe; longest: number }) {
  const bars = phaseBars(probe.phases);
  return (
    <>
      {probe.failure && <p className={css.why}>{probe.failure.message}</p>}
      {bars.length === 0 && <p className="muted">{t.phases.none}</p>}
      <ul className={css.bars}>
        {bars.map((bar) => (
          <li key={bar.phase}>
            <span className={css.phase}>{t.phases[bar.phase as keyof Phases]}</span>
            <span className={css.track} aria-hidden="true">
              <span
                data-phase={bar.phase}
                style={{ left: `${(bar.start / longest) * 100}%`, width: `max(3px, ${(bar.length / longest) * 100}%)` }}
              />
            </span>
            <span className={css.took}>{millis(bar.length)}</span>
          </li>
        ))}
        <li className={css.total}>
          <span className={css.phase}>{t.phases.total}</span>
          <span className={css.track} aria-hidden="true">
            <span
              className={probe.ok ? css.whole : css.cut}
              style={{ left: 0, width: `max(3px, ${(probe.duration_ms / longest) * 100}%)` }}
            />
          </span>
          <span className={css.took}>{millis(probe.duration_ms)}</span>
        </li>
      </ul>
      <p className={css.answer}>
        {probe.status !== null && <span>HTTP {probe.status}</span>}
        {probe.address && <code>{probe.address}</code>}
        {probe.body_bytes !== null && <span>{bytes(probe.body_bytes)}</span>}
        {!probe.ok && bars.length > 0 && bars.length < 3 && <span>{t.phases.cut}</span>}
      </p>
    </>
  );
}
