// Who was told of an alert, when each of them accepted it, and the way out when that is nobody.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { q } from "@/shared/api/queries";
import type { Alert, Delivery } from "@/shared/api/types";
import { clock } from "@/shared/lib/format";
import { Tag } from "@/shared/ui/basics";
import { deliveryTone } from "../deliveries/tone";
import { t } from "../strings";
import css from "./AlertsPage.module.css";
import { whyNobody } from "./toldWords";

export function Told({ alert }: { alert: Alert }) {
  if (!alert.told) return whyNobody(alert);
  if (alert.told.webhooks === 0) return <Nobody />;
  return (
    <>
      {alert.told.summary}
      <Receivers alertId={alert.id} />
    </>
  );
}

/** Nobody could be told. A webhook that is made now hears of the next alert, not of this one. */
export function Nobody() {
  const webhooks = useQuery(q.webhooks());
  const some = (webhooks.data ?? []).some((each) => each.enabled);
  return (
    <span className={css.nobody}>
      {some ? t.alerts.told.nobodyThen : t.alerts.told.nobodyYet}{" "}
      <Link to="/deliveries" search={some ? {} : { create: true }}>
        {some ? t.alerts.told.seeWebhooks : t.alerts.createWebhook}
      </Link>
    </span>
  );
}

/** Each webhook with what became of its message, as long as the delivery is among the latest. */
function Receivers({ alertId }: { alertId: string }) {
  const deliveries = useQuery(q.deliveries());
  const told = (deliveries.data ?? []).filter(
    (each) => each.alert_id === alertId && (each.event === "alert.opened" || each.event === "alert.escalated"),
  );
  if (told.length === 0) return null;
  return (
    <ul className={css.receivers}>
      {told.map((delivery) => (
        <li key={delivery.id}>
          <Link to="/deliveries" search={{ id: delivery.id }}>
            {delivery.webhook_name}
          </Link>{" "}
          <Outcome delivery={delivery} />
        </li>
      ))}
    </ul>
  );
}

function Outcome({ delivery }: { delivery: Delivery }) {
  if (delivery.delivered_at) return <>{t.alerts.told.acceptedAt(clock(delivery.delivered_at))}</>;
  return (
    <>
      <Tag tone={deliveryTone[delivery.status]}>{t.deliveries.status[delivery.status]}</Tag>
      {delivery.last_error && <span className="muted"> {delivery.last_error}</span>}
    </>
  );
}
