// One alert: what, since when, why, who has it, and what to do with it.

import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Alert } from "@/shared/api/types";
import { clock, dateTime } from "@/shared/lib/format";
import { useEnvironment } from "@/shared/lib/range";
import { FormFoot, formClass, useAction } from "@/shared/ui/actions";
import { ErrorNote, Facts, Panel, Tag, Waiting, When } from "@/shared/ui/basics";
import { Dialog } from "@/shared/ui/Dialog";
import { Icon } from "@/shared/ui/icons";
import { t } from "@/strings";
import css from "./AlertsPage.module.css";

export function AlertDetail({ id }: { id: string }) {
  const alert = useQuery(q.alert(id));
  if (alert.error && !alert.data) {
    return <ErrorNote error={alert.error} what="show this alert" retry={() => void alert.refetch()} />;
  }
  if (!alert.data) {
    return (
      <Panel>
        <Waiting rows={6} />
      </Panel>
    );
  }
  return <Known alert={alert.data} />;
}

function Known({ alert }: { alert: Alert }) {
  const values = Object.entries(alert.values ?? {}).filter(([, value]) => value !== null && typeof value !== "object");
  return (
    <div className={css.detail}>
      <Panel title={alert.title} actions={alert.state === "open" && <Actions alert={alert} />}>
        <Facts
          items={[
            [t.common.reason, alert.summary],
            [
              t.common.service,
              <Link key="service" to="/services/$name" params={{ name: alert.service }}>
                {alert.service}
              </Link>,
            ],
            [
              t.alerts.severityLabel,
              <span key="severity">
                <Tag tone={alert.severity === "page" ? "bad" : "warn"}>{t.alerts.severity[alert.severity]}</Tag>{" "}
                {t.alerts.kinds[alert.kind]}
              </span>,
            ],
            [t.alerts.openedAt, <When key="opened" at={alert.opened_at} />],
            ...(alert.resolved_at
              ? ([[t.alerts.resolvedAt, <When key="resolved" at={alert.resolved_at} />]] as [string, React.ReactNode][])
              : []),
            ...(alert.slo_id
              ? ([
                  [
                    t.slo.objective,
                    <Link key="slo" to="/slos/$id" params={{ id: alert.slo_id }}>
                      {t.slo.burnDown}
                    </Link>,
                  ],
                ] as [string, React.ReactNode][])
              : []),
            ...(alert.folded_under
              ? ([
                  [
                    t.alerts.foldedUnder,
                    <FoldPath key="path" path={alert.folded_under.path} id={alert.folded_under.alert_id} />,
                  ],
                ] as [string, React.ReactNode][])
              : []),
            ...values.map(([name, value]): [string, React.ReactNode] => [name.replaceAll("_", " "), String(value)]),
          ]}
        />
      </Panel>
      {alert.timeline && alert.timeline.length > 0 && (
        <Panel title={t.alerts.timeline}>
          <ol className={css.timeline}>
            {alert.timeline.map((entry) => (
              <li key={entry.at + entry.what}>
                <time dateTime={entry.at} title={dateTime(entry.at)}>
                  {clock(entry.at)}
                </time>
                <strong>{entry.what}</strong>
                {entry.detail && <p>{entry.detail}</p>}
              </li>
            ))}
          </ol>
        </Panel>
      )}
    </div>
  );
}

function FoldPath({ path, id }: { path: string[]; id: string }) {
  return (
    <span className={css.path}>
      {path.map((service, at) => (
        <Fragment key={service}>
          {at > 0 && <Icon name="next" size={12} />}
          {at === path.length - 1 ? (
            <Link to="/alerts" search={{ id }}>
              {service}
            </Link>
          ) : (
            <Link to="/services/$name" params={{ name: service }}>
              {service}
            </Link>
          )}
        </Fragment>
      ))}
    </span>
  );
}

const NAME_KEY = "mainstay.name";

export function rememberedName(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function rememberName(name: string) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // Without storage the name is asked for again next time.
  }
}

function Actions({ alert }: { alert: Alert }) {
  const [asking, setAsking] = useState(false);
  const [silencing, setSilencing] = useState(false);
  const touches = ["alerts", "alert"];
  const takeBack = useAction({
    what: `take back the acknowledgement of ${alert.title}`,
    run: () => api.unacknowledge(alert.id),
    touches,
  });
  return (
    <>
      {alert.acknowledged_at ? (
        <Button size="xs" loading={takeBack.isPending} onClick={() => takeBack.mutate(undefined)}>
          {t.alerts.unacknowledge}
        </Button>
      ) : (
        <Button
          size="xs"
          variant="filled"
          leftSection={<Icon name="check" size={14} />}
          onClick={() => setAsking(true)}
        >
          {t.alerts.acknowledge}
        </Button>
      )}
      {!alert.silenced && (
        <Button size="xs" leftSection={<Icon name="silence" size={14} />} onClick={() => setSilencing(true)}>
          {t.alerts.silence}
        </Button>
      )}
      <Dialog opened={asking} onClose={() => setAsking(false)} title={t.alerts.acknowledge}>
        {asking && <AcknowledgeForm alert={alert} onClose={() => setAsking(false)} />}
      </Dialog>
      <Dialog opened={silencing} onClose={() => setSilencing(false)} title={t.alerts.silenceTitle(alert.service)}>
        {silencing && <SilenceForm alert={alert} onClose={() => setSilencing(false)} />}
      </Dialog>
    </>
  );
}

function AcknowledgeForm({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const [by, setBy] = useState(rememberedName());
  const [note, setNote] = useState("");
  const acknowledge = useAction({
    inForm: true,
    what: `acknowledge ${alert.title}`,
    run: () => api.acknowledge(alert.id, { by: by.trim(), note: note.trim() || null }),
    done: () => t.alerts.acknowledged(alert.title),
    undo: () => api.unacknowledge(alert.id),
    touches: ["alerts", "alert"],
    onDone: () => {
      rememberName(by.trim());
      onClose();
    },
  });
  return (
    <form
      className={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        acknowledge.mutate(undefined);
      }}
    >
      <TextInput
        label={t.alerts.who}
        description={t.alerts.whoText}
        required
        data-autofocus
        value={by}
        onChange={(event) => setBy(event.target.value)}
      />
      <Textarea label={t.alerts.note} rows={2} value={note} onChange={(event) => setNote(event.target.value)} />
      <FormFoot
        confirm={t.alerts.acknowledge}
        busy={acknowledge.isPending}
        error={acknowledge.error}
        what="acknowledge this alert"
        onClose={onClose}
      />
    </form>
  );
}

function SilenceForm({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const environment = useEnvironment();
  const [by, setBy] = useState(rememberedName());
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState("60");
  const silence = useAction({
    inForm: true,
    what: `silence alerts of ${alert.service}`,
    run: () =>
      api.silence(
        {
          service: alert.service,
          slo_id: null,
          kind: null,
          reason: reason.trim(),
          created_by: by.trim(),
          starts_at: new Date().toISOString(),
          ends_at: new Date(Date.now() + Number(minutes) * 60_000).toISOString(),
        },
        environment,
      ),
    done: (made) => t.alerts.silencedUntil(alert.service, clock(made.ends_at)),
    undo: (made) => api.endSilence(made.id),
    touches: ["silences", "alerts", "alert"],
    onDone: () => {
      rememberName(by.trim());
      onClose();
    },
  });
  return (
    <form
      className={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        silence.mutate(undefined);
      }}
    >
      <p className="muted">{t.alerts.silenceText}</p>
      <TextInput
        label={t.common.reason}
        required
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <NativeSelect
        label={t.alerts.duration}
        value={minutes}
        onChange={(event) => setMinutes(event.target.value)}
        data={Object.entries(t.alerts.durations).map(([value, label]) => ({ value, label }))}
      />
      <TextInput label={t.alerts.who} required value={by} onChange={(event) => setBy(event.target.value)} />
      <FormFoot
        confirm={t.alerts.silence.replace("…", "")}
        busy={silence.isPending}
        error={silence.error}
        what="silence these alerts"
        onClose={onClose}
      />
    </form>
  );
}
