// One delivery: every attempt with the receiver's answer, and what was sent.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import { clock, millis } from "@/shared/lib/format";
import { useAction } from "@/shared/ui/actions";
import { Copy, ErrorNote, Facts, Panel, Tag, Waiting, When } from "@/shared/ui/basics";
import { Icon } from "@/shared/ui/icons";
import { StateMark } from "@/shared/ui/StateMark";
import { t } from "../strings";
import css from "./DeliveriesPage.module.css";
import { deliveryTone } from "./tone";

export function DeliveryDetail({ id }: { id: string }) {
  const delivery = useQuery(q.delivery(id));
  const again = useAction({
    what: "deliver again",
    run: () => api.redeliver(id),
    done: () => t.deliveries.redelivered,
    touches: ["deliveries", "delivery"],
  });
  const alertId = delivery.data?.alert_id ?? null;
  const alert = useQuery({ ...q.alert(alertId ?? ""), enabled: alertId !== null, refetchInterval: false });
  if (delivery.error && !delivery.data) {
    return <ErrorNote error={delivery.error} what="show this delivery" retry={() => void delivery.refetch()} />;
  }
  const data = delivery.data;
  if (!data) {
    return (
      <Panel>
        <Waiting rows={6} />
      </Panel>
    );
  }
  const attempts = Array.isArray(data.attempts) ? data.attempts : [];
  const body = typeof data.body === "string" ? data.body : JSON.stringify(data.body ?? null);
  return (
    <div className={css.detail}>
      <Panel
        title={`${t.deliveries.events[data.event] ?? data.event} → ${data.webhook_name}`}
        actions={
          <Button
            size="xs"
            leftSection={<Icon name="refresh" size={14} />}
            loading={again.isPending}
            onClick={() => again.mutate(undefined)}
          >
            {t.deliveries.redeliver}
          </Button>
        }
      >
        <Facts
          items={[
            [
              t.common.state,
              <Tag key="status" tone={deliveryTone[data.status]}>
                {t.deliveries.status[data.status]}
              </Tag>,
            ],
            [t.common.time, <When key="at" at={data.created_at} />],
            ...(data.next_attempt_at
              ? ([[t.deliveries.nextAttempt, <When key="next" at={data.next_attempt_at} />]] as [
                  string,
                  React.ReactNode,
                ][])
              : []),
            ...(data.alert_id
              ? ([
                  [
                    t.pages.alerts.slice(0, -1),
                    <Link key="alert" to="/alerts" search={{ id: data.alert_id }}>
                      {alert.data?.title ?? t.deliveries.someAlert}
                    </Link>,
                  ],
                ] as [string, React.ReactNode][])
              : []),
          ]}
        />
      </Panel>
      <Panel title={t.deliveries.attempts} note={`${attempts.length}`} flush>
        <table className={css.attempts}>
          <tbody>
            {attempts.map((attempt) => (
              <tr key={attempt.at}>
                <td>{clock(attempt.at)}</td>
                <td>
                  <StateMark state={attempt.ok ? "up" : "down"} size={9} />
                </td>
                <td>
                  {attempt.status !== null ? `HTTP ${attempt.status}` : ""} {attempt.error}
                  {attempt.response_excerpt && <div className="muted mono">{attempt.response_excerpt}</div>}
                </td>
                <td>{millis(attempt.duration_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      {data.body !== undefined && data.body !== null && (
        <Panel title={t.deliveries.body} flush actions={<Copy text={body} what={t.deliveries.body} />}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
          <pre className={css.body} tabIndex={0}>
            {readable(body)}
          </pre>
        </Panel>
      )}
    </div>
  );
}

/** Line by line for the eye; what is copied stays as it was sent, because the signature is over that. */
export function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
