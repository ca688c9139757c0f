// Alerts: what is open, what is folded under its cause, what is over; and what is silenced.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Alert } from "@/shared/api/types";
import { byRoot } from "@/shared/lib/alerts";
import { clock, dateTime, duration, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { useEnvironment } from "@/shared/lib/range";
import { useAction } from "@/shared/ui/actions";
import { Ago, Empty, ErrorNote, PageHead, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { SplitView } from "@/shared/ui/SplitView";
import { useSelection } from "@/shared/ui/useSelection";
import { t } from "../strings";
import { AlertDetail } from "./AlertDetail";
import css from "./AlertsPage.module.css";
import { alertsSentence, foldedWords, foldTree } from "./sentence";
import { toldWords } from "./toldWords";

const NONE: Alert[] = [];
/** So many of the alerts under one root are shown at once; they all say the same. */
const MOST_FOLDED = 5;

export function AlertsPage() {
  const environment = useEnvironment();
  const open = useQuery(q.alerts(environment, "open"));
  const resolved = useQuery(q.alerts(environment, "resolved"));
  const { id } = useSearch({ from: "/alerts" });
  const navigate = useNavigate({ from: "/alerts" });
  const now = useNow(1000);
  const show = (next: string | undefined) => void navigate({ search: (old) => ({ ...old, id: next }) });
  const [unfolded, setUnfolded] = useState<readonly string[]>([]);
  const standing = useMemo(() => byRoot(open.data ?? NONE), [open.data]);
  const tree = useMemo(
    () =>
      foldTree(standing).map(({ alert, under }) => {
        const all = unfolded.includes(alert.id) || under.findIndex((each) => each.id === id) >= MOST_FOLDED;
        return { alert, under: all ? under : under.slice(0, MOST_FOLDED), folded: under.length };
      }),
    [standing, unfolded, id],
  );
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
  const error = open.error ?? resolved.error;
  if (error && !open.data) {
    return (
      <>
        <PageHead title={t.pages.alerts} pieces={[t.common.couldNot("load the alerts")]} />
        <ErrorNote page error={error} what="load the alerts" retry={() => void open.refetch()} />
      </>
    );
  }
  const ready = open.data && resolved.data;
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
      <PageHead title={t.pages.alerts} pieces={open.data ? alertsSentence(standing, now) : undefined}>
        {/* Without any alert the page itself says so, with the same way out. */}
        {ids.length > 0 && <NobodyListens />}
      </PageHead>
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
              <Panel
                title={t.alerts.open}
                note={t.alerts.openNote(standing.roots.length, standing.folded.length)}
                flush
              >
                {tree.length === 0 ? (
                  <Empty title={t.alerts.emptyOpen}>
                    <p>{t.alerts.emptyOpenText}</p>
                  </Empty>
                ) : (
                  <ul className={css.rows}>
                    {tree.map(({ alert, under, folded }) => (
                      <li key={alert.id}>
                        {row(alert, alert.folded_under !== null)}
                        {under.length > 0 && (
                          <div className={css.under}>
                            <p className={css.underNote}>{t.alerts.foldedHere(folded)}</p>
                            {under.map((each) => row(each, true))}
                            {under.length < folded && (
                              <Button
                                className={css.unfold}
                                size="compact-sm"
                                onClick={() => setUnfolded((old) => [...old, alert.id])}
                              >
                                {t.common.showAll(folded)}
                              </Button>
                            )}
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

/** Alerts that nobody hears of are found by chance; said before anything has opened. */
function NobodyListens() {
  const webhooks = useQuery(q.webhooks());
  if (!webhooks.data || webhooks.data.some((each) => each.enabled)) return null;
  return (
    <p className={css.nobody}>
      {t.alerts.nobodyListens}{" "}
      <Link to="/deliveries" search={webhooks.data.length === 0 ? { create: true } : {}}>
        {webhooks.data.length === 0 ? t.alerts.createWebhook : t.alerts.told.seeWebhooks}
      </Link>
    </p>
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
  const told = toldWords(alert);
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
        <span className={css.summary}>{foldedWords(alert) ?? alert.summary}</span>
        {!under && alert.state === "open" && (
          <span className={css.tags}>
            <Tag tone={alert.severity === "page" ? "bad" : "warn"}>{t.alerts.severity[alert.severity]}</Tag>
            {alert.acknowledged_by ? (
              <Tag tone="good">{t.alerts.acknowledgedBy(alert.acknowledged_by)}</Tag>
            ) : (
              <Tag>{t.alerts.unacknowledged}</Tag>
            )}
            {alert.silenced && <Tag>{t.alerts.silenced}</Tag>}
            {told && <Tag tone={told.tone}>{told.text}</Tag>}
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
