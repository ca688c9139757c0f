// Alerts: what is open, what is folded under its cause, what is over; and what is silenced.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Alert } from "@/shared/api/types";
import { clock, dateTime, duration, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { useEnvironment } from "@/shared/lib/range";
import { useAction } from "@/shared/ui/actions";
import { Ago, Empty, ErrorNote, PageHead, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { SplitView } from "@/shared/ui/SplitView";
import { useSelection } from "@/shared/ui/useSelection";
import { t } from "@/strings";
import { AlertDetail } from "./AlertDetail";
import css from "./AlertsPage.module.css";
import { alertsSentence, foldTree } from "./sentence";

const NONE: Alert[] = [];

export function AlertsPage() {
  const environment = useEnvironment();
  const open = useQuery(q.alerts(environment, "open"));
  const folded = useQuery(q.alerts(environment, "folded"));
  const resolved = useQuery(q.alerts(environment, "resolved"));
  const { id } = useSearch({ from: "/alerts" });
  const navigate = useNavigate({ from: "/alerts" });
  const now = useNow(1000);
  const show = (next: string | undefined) => void navigate({ search: (old) => ({ ...old, id: next }) });
  const tree = useMemo(() => foldTree(open.data ?? NONE, folded.data ?? NONE), [open.data, folded.data]);
  const ids = useMemo(
    () =>
      [...tree.flatMap(({ alert, under }) => [alert, ...under]), ...(resolved.data ?? NONE)].map((alert) => alert.id),
    [tree, resolved.data],
  );
  const { selected } = useSelection({
    ids,
    onOpen: show,
    onMove: (at) => document.getElementById(`alert-${ids[at]}`)?.scrollIntoView({ block: "nearest" }),
  });
  const error = open.error ?? folded.error;
  if (error && !open.data) {
    return (
      <>
        <PageHead title={t.pages.alerts} pieces={[t.common.couldNot("load the alerts")]} />
        <ErrorNote page error={error} what="load the alerts" retry={() => void open.refetch()} />
      </>
    );
  }
  const ready = open.data && folded.data && resolved.data;
  const row = (alert: Alert, under = false) => (
    <AlertRow
      key={alert.id}
      alert={alert}
      now={now}
      under={under}
      current={alert.id === id}
      selected={alert.id === selected}
      onOpen={() => show(alert.id)}
    />
  );
  return (
    <>
      <PageHead
        title={t.pages.alerts}
        pieces={open.data && folded.data ? alertsSentence(open.data, folded.data, now) : undefined}
      />
      {!ready ? (
        <Panel title={t.alerts.open} flush>
          <Waiting rows={5} height={40} />
        </Panel>
      ) : ids.length === 0 ? (
        <Panel flush>
          <Empty
            title={t.alerts.emptyAll}
            action={
              <Button
                variant="filled"
                renderRoot={(props) => <Link {...props} to="/deliveries" search={{ create: true }} />}
              >
                {t.alerts.createWebhook}
              </Button>
            }
          >
            <p>{t.alerts.emptyAllText}</p>
          </Empty>
        </Panel>
      ) : (
        <SplitView
          shown={id}
          onClose={() => show(undefined)}
          detail={id ? <AlertDetail key={id} id={id} /> : null}
          list={
            <div className={css.stack}>
              <Panel title={t.alerts.open} flush>
                {tree.length === 0 ? (
                  <Empty title={t.alerts.emptyOpen}>
                    <p>{t.alerts.emptyOpenText}</p>
                  </Empty>
                ) : (
                  <ul className={css.rows}>
                    {tree.map(({ alert, under }) => (
                      <li key={alert.id}>
                        {row(alert)}
                        {under.length > 0 && (
                          <div className={css.under}>
                            <p className={css.underNote}>
                              {t.alerts.folded}, {t.alerts.foldedNote}
                            </p>
                            {under.map((each) => row(each, true))}
                          </div>
                        )}
                      </li>
                    ))}
                  </ul>
                )}
              </Panel>
              <Silences />
              {resolved.data.length > 0 && (
                <Panel title={t.alerts.resolved} flush>
                  <div className={css.rows}>{resolved.data.map((alert) => row(alert))}</div>
                </Panel>
              )}
            </div>
          }
        />
      )}
    </>
  );
}

interface RowProps {
  alert: Alert;
  now: number;
  under: boolean;
  current: boolean;
  selected: boolean;
  onOpen: () => void;
}

function AlertRow({ alert, now, under, current, selected, onOpen }: RowProps) {
  const until = alert.resolved_at ?? now;
  return (
    <button
      type="button"
      id={`alert-${alert.id}`}
      className={css.row}
      data-state={alert.state}
      data-severity={alert.severity}
      data-under={under || undefined}
      data-current={current || undefined}
      data-selected={selected || undefined}
      aria-current={current || undefined}
      onClick={onOpen}
    >
      <SeverityMark alert={alert} />
      <span className={css.text}>
        <span className={css.title}>{alert.title}</span>
        <span className={css.summary}>{alert.folded_under ? alert.folded_under.path.join(" → ") : alert.summary}</span>
        {!under && alert.state === "open" && (
          <span className={css.tags}>
            <Tag tone={alert.severity === "page" ? "bad" : "warn"}>{t.alerts.severity[alert.severity]}</Tag>
            {alert.acknowledged_by ? (
              <Tag tone="good">{t.alerts.acknowledgedBy(alert.acknowledged_by)}</Tag>
            ) : (
              <Tag>{t.alerts.unacknowledged}</Tag>
            )}
            {alert.silenced && <Tag>{t.alerts.silenced}</Tag>}
            {!alert.delivered && !alert.silenced && <Tag tone="warn">{t.alerts.notDelivered}</Tag>}
          </span>
        )}
      </span>
      <span className={css.when}>
        <span>{duration(secondsBetween(alert.opened_at, until))}</span>
        <span className="muted">
          {alert.state === "open" ? `${t.common.since} ${clock(alert.opened_at)}` : <Ago at={alert.opened_at} />}
        </span>
      </span>
    </button>
  );
}

function SeverityMark({ alert }: { alert: Alert }) {
  const open = alert.state === "open";
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" className={css.mark}>
      {!open ? (
        <path
          d="m3 7.500 2.800 2.800L11 4.500"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.800"
          strokeLinecap="round"
        />
      ) : alert.severity === "page" ? (
        <rect x="2" y="2" width="10" height="10" rx="1.500" fill="currentColor" />
      ) : (
        <path d="M7 1.500 13 12H1Z" fill="currentColor" />
      )}
    </svg>
  );
}

function Silences() {
  const environment = useEnvironment();
  const silences = useQuery(q.silences(environment));
  const now = useNow(5000);
  const end = useAction({
    what: "end the silence",
    run: (id: string) => api.endSilence(id),
    touches: ["silences", "alerts", "alert"],
  });
  const active = silences.data?.filter((each) => new Date(each.ends_at).getTime() > now) ?? [];
  if (active.length === 0) return null;
  return (
    <Panel title={t.alerts.silences} flush>
      <ul className={css.silences}>
        {active.map((silence) => (
          <li key={silence.id}>
            <span>
              <strong>{silence.service ?? t.common.wholeFleet}</strong> {t.alerts.until} {dateTime(silence.ends_at)}
              <span className="muted">
                {" "}
                {silence.reason} ({silence.created_by})
              </span>
            </span>
            <Button size="compact-sm" loading={end.isPending} onClick={() => end.mutate(silence.id)}>
              {t.alerts.endSilence}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
