// How the budget of one objective went, with what happened meanwhile.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Slo } from "@/shared/api/types";
import { percent, relative } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { spanName, spanOfAge, useRange } from "@/shared/lib/range";
import { ErrorNote, Panel } from "@/shared/ui/basics";
import { Chart } from "@/shared/ui/Chart";
import { SelectFilter } from "@/shared/ui/filters";
import { t } from "../strings";
import css from "./SloPage.module.css";

/** Which part of its window the burn-down shows; without a choice, no more than the time since the promise. */
export type BurnDownView = "range" | "window";

/** Below this part of the window a chart of the whole of it would show next to nothing. */
const LITTLE = 0.2;

const seconds = (at: string) => new Date(at).getTime() / 1000;

/** Of a promise much younger than its window, the time since it was made; null when the whole window is worth showing. */
export function youngSpan(slo: Slo, now: number): number | null {
  const whole = seconds(slo.budget.window_to) - seconds(slo.budget.window_from);
  const age = now / 1000 - seconds(slo.created_at);
  return age < whole * LITTLE ? spanOfAge(age, whole) : null;
}

export function BurnDown({ slo }: { slo: Slo }) {
  const range = useRange();
  const { view } = useSearch({ from: "/slos/$id" });
  const navigate = useNavigate({ from: "/slos/$id" });
  const now = useNow(5000);
  const young = youngSpan(slo, now);
  const span = view === "range" ? range.seconds : view === "window" ? null : young;
  const burnDown = useQuery({ ...q.burnDown(slo.id, span), placeholderData: keepPreviousData });
  const data = burnDown.data;
  const series = useMemo(() => {
    const points = data?.points ?? [];
    return {
      times: points.map((point) => new Date(point.at).getTime() / 1000),
      lines: [
        {
          name: t.slo.left.toLowerCase(),
          values: points.map((point) => point.remaining_ratio),
          colour: "--chart-1",
          fill: true,
          width: 2,
        },
      ],
      marks: (data?.events ?? []).map((event) => ({
        at: new Date(event.at).getTime() / 1000,
        kind: event.kind,
        title: event.title,
      })),
    };
  }, [data]);
  // A calendar window may end in the future; what is shown of it since the promise ends now.
  const to = span === null ? seconds(slo.budget.window_to) : Math.ceil(now / 60_000) * 60;
  const shown = { from: span === null ? seconds(slo.budget.window_from) : to - span, to };
  return (
    <Panel
      title={t.slo.burnDown}
      note={young === null ? t.slo.burnDownNote : t.slo.promised(relative(slo.created_at, now))}
      actions={
        <SelectFilter
          label={t.range.label}
          any={young === null ? t.slo.wholeWindow : t.slo.sincePromised}
          value={view === "window" && young === null ? undefined : view}
          options={[
            ...(young === null ? [] : [{ value: "window", label: t.slo.wholeWindow }]),
            { value: "range", label: spanName(range.seconds) },
          ]}
          onChange={(value) =>
            void navigate({ search: (old) => ({ ...old, view: value as BurnDownView | undefined }), replace: true })
          }
        />
      }
    >
      {burnDown.error && !data ? (
        <ErrorNote error={burnDown.error} what="load the burn-down" retry={() => void burnDown.refetch()} />
      ) : !data ? (
        <div aria-busy="true" style={{ height: 280 }} />
      ) : data.points.length === 0 ? (
        <p className="muted" style={{ minHeight: 280 }}>
          {t.slo.noPoints}
        </p>
      ) : (
        <>
          <Chart
            label={`${t.slo.burnDown} of ${slo.name}: ${percent(slo.budget.remaining_ratio)} left now`}
            times={series.times}
            lines={series.lines}
            format={percent}
            floor={0}
            ceiling={1}
            height={260}
            thresholds={[{ at: 0.2, name: "80 % spent", colour: "--degraded-text" }]}
            marks={series.marks}
            range={shown}
          />
          {data.events.length > 0 && (
            <ul className={css.events}>
              {data.events.slice(-6).map((event) => (
                <li key={`${event.id}${event.at}`}>
                  <EventMark kind={event.kind} />
                  <span>{event.title}</span>
                  <time dateTime={event.at} className="muted">
                    {new Intl.DateTimeFormat("en-GB", {
                      day: "numeric",
                      month: "short",
                      hour: "2-digit",
                      minute: "2-digit",
                    }).format(new Date(event.at))}
                  </time>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Panel>
  );
}

/** The same shapes as on the chart. */
function EventMark({ kind }: { kind: "alert" | "maintenance" | "change" }) {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {kind === "alert" && <rect x="1.500" y="1.500" width="7" height="7" fill="var(--down)" />}
      {kind === "maintenance" && (
        <circle cx="5" cy="5" r="3.500" fill="none" stroke="var(--maintenance)" strokeWidth="1.400" />
      )}
      {kind === "change" && <path d="M5 1 9 9H1Z" fill="var(--muted)" />}
    </svg>
  );
}
