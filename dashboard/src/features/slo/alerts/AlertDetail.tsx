// One alert: what, since when, why, who has it, and what to do with it.

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Alert } from "@/shared/api/types";
import { clock, dateTime } from "@/shared/lib/format";
import { useAction } from "@/shared/ui/actions";
import { ErrorNote, Facts, Panel, Tag, Waiting, When } from "@/shared/ui/basics";
import { Dialog } from "@/shared/ui/Dialog";
import { Icon } from "@/shared/ui/icons";
import { t } from "../strings";
import { AcknowledgeForm, SilenceForm } from "./AlertForms";
import css from "./AlertsPage.module.css";
import { Told } from "./Told";

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
              t.common.severity,
              <span key="severity">
                <Tag tone={alert.severity === "page" ? "bad" : "warn"}>{t.alerts.severity[alert.severity]}</Tag>{" "}
                {t.alerts.kinds[alert.kind]}
              </span>,
            ],
            [t.alerts.toldLabel, <Told key="told" alert={alert} />],
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
                <strong>{t.alerts.steps[entry.what] ?? entry.what}</strong>
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
