// One objective: the promise, how its budget went, and when it would wake somebody.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Slo } from "@/shared/api/types";
import { count, millis, minutes, percent, percentValue, windowName } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { useRange } from "@/shared/lib/range";
import { BudgetBar, ErrorNote, Facts, PageHead, Panel, SourceRef, Tag } from "@/shared/ui/basics";
import { Chart } from "@/shared/ui/Chart";
import { SelectFilter } from "@/shared/ui/filters";
import { Icon } from "@/shared/ui/icons";
import { t } from "@/strings";
import { BurnWindows } from "./BurnWindows";
import { budgetTone } from "./order";
import css from "./SloPage.module.css";
import { sloSentence } from "./sentence";

export function SloPage() {
  const { id } = useParams({ from: "/slos/$id" });
  const slo = useQuery(q.slo(id));
  const now = useNow(5000);
  const back = (
    <Link to="/slos" className={css.back}>
      <Icon name="back" size={14} /> {t.pages.slos}
    </Link>
  );
  if (slo.error && !slo.data) {
    return (
      <>
        <PageHead above={back} title={t.slo.objective} pieces={[t.common.couldNot("show this objective")]} />
        <ErrorNote page error={slo.error} what="show this objective" retry={() => void slo.refetch()} />
      </>
    );
  }
  if (!slo.data) {
    return (
      <>
        <PageHead above={back} title={t.slo.objective} />
        <Panel title={t.slo.burnDown}>
          <div aria-busy="true" style={{ height: 280 }} />
        </Panel>
      </>
    );
  }
  return (
    <>
      <PageHead
        above={back}
        title={
          <>
            {slo.data.name} <Tag tone={budgetTone[slo.data.budget.state]}>{t.budget.state[slo.data.budget.state]}</Tag>
          </>
        }
        pieces={sloSentence(slo.data, now)}
      />
      <div className={css.grid}>
        <div className={css.column}>
          <BurnDown slo={slo.data} />
          <BurnWindows slo={slo.data} />
        </div>
        <div className={css.column}>
          <BudgetPanel slo={slo.data} />
          <Definition slo={slo.data} />
        </div>
      </div>
    </>
  );
}

function BurnDown({ slo }: { slo: Slo }) {
  const { range, hours } = useRange();
  const { view } = useSearch({ from: "/slos/$id" });
  const navigate = useNavigate({ from: "/slos/$id" });
  const burnDown = useQuery(q.burnDown(slo.id, view === "range" ? hours : null));
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
  const window =
    view === "range"
      ? undefined
      : {
          from: new Date(slo.budget.window_from).getTime() / 1000,
          to: new Date(slo.budget.window_to).getTime() / 1000,
        };
  return (
    <Panel
      title={t.slo.burnDown}
      note={t.slo.burnDownNote}
      actions={
        <SelectFilter
          label={t.shell.range}
          any={t.slo.wholeWindow}
          value={view}
          options={[{ value: "range", label: t.shell.ranges[range] }]}
          onChange={(value) =>
            void navigate({
              search: (old) => ({ ...old, view: value === "range" ? "range" : undefined }),
              replace: true,
            })
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
            {...(window ? { range: window } : {})}
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

function BudgetPanel({ slo }: { slo: Slo }) {
  const { budget } = slo;
  return (
    <Panel title={t.slo.budget} note={windowName(slo.window)}>
      <div className={css.budget}>
        <BudgetBar remaining={budget.remaining_ratio} />
        <Facts
          items={[
            [
              t.slo.allowed,
              t.slo.mayFail(
                minutes(budget.allowed_minutes),
                count(budget.allowed_bad),
                count(budget.expected_total ?? budget.total),
              ),
            ],
            [t.slo.spent, t.slo.events(count(budget.bad), count(budget.total))],
            [
              t.slo.left,
              `${minutes(budget.remaining_minutes)}${budget.remaining_events === null ? "" : `, ${budget.remaining_events < 0 ? "−" : ""}${count(Math.abs(budget.remaining_events))} probes`}`,
            ],
            ...(budget.percentiles
              ? ([
                  [
                    t.slo.percentiles,
                    `p50 ${millis(budget.percentiles.p50_ms)}, p95 ${millis(budget.percentiles.p95_ms)}, p99 ${millis(budget.percentiles.p99_ms)}`,
                  ],
                ] as [string, string][])
              : []),
            ...(budget.throughput_per_s !== null
              ? ([[t.slo.throughput, `${(budget.throughput_per_s * 60).toFixed(1)} probes a minute`]] as [
                  string,
                  string,
                ][])
              : []),
          ]}
        />
        {budget.one_failure_pages_below_per_hour !== null && (
          <p className="muted">{t.slo.onePage(budget.one_failure_pages_below_per_hour.toFixed(1))}</p>
        )}
      </div>
    </Panel>
  );
}

function Definition({ slo }: { slo: Slo }) {
  return (
    <Panel title={t.slo.definition}>
      <Facts
        items={[
          [
            t.common.service,
            <Link key="service" to="/services/$name" params={{ name: slo.service }}>
              {slo.service}
            </Link>,
          ],
          [
            t.slo.objective,
            `${percentValue(slo.objective)} ${t.slo.kinds[slo.sli.kind]}${slo.sli.threshold_ms ? ` within ${slo.sli.threshold_ms} ms` : ""}`,
          ],
          [t.slo.window, windowName(slo.window)],
          [t.slo.counts, slo.sli.checks?.join(", ") ?? t.slo.countsAll],
          [t.slo.source, <SourceRef key="source" source={slo.source} />],
        ]}
      />
    </Panel>
  );
}
