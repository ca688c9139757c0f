// The alerts of one service, on its page: open and folded first, then the latest that are over.
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { q } from "@/shared/api/queries";
import { useEnvironment } from "@/shared/lib/range";
import { Ago, ErrorNote, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { t } from "@/strings";
import css from "./ServiceAlerts.module.css";

const MOST = 8;

export function ServiceAlerts({ name }: { name: string }) {
  const environment = useEnvironment();
  const results = useQueries({
    queries: (["open", "folded", "resolved"] as const).map((state) => q.alerts(environment, state)),
  });
  const error = results.find((result) => result.error && !result.data)?.error;
  const alerts = results.flatMap((result) => result.data ?? []).filter((alert) => alert.service === name);
  return (
    <Panel title={t.service.alerts} flush>
      {error ? (
        <ErrorNote error={error} what="load the alerts" />
      ) : results.some((result) => result.isPending) ? (
        <Waiting rows={2} />
      ) : alerts.length === 0 ? (
        <p className={css.none}>{t.service.noAlerts}</p>
      ) : (
        <ul className={css.list}>
          {alerts.slice(0, MOST).map((alert) => (
            <li key={alert.id}>
              <Link to="/alerts" search={{ id: alert.id }}>
                {alert.title}
              </Link>
              <span className={css.foot}>
                {alert.state === "open" ? (
                  <Tag tone={alert.folded_under ? "quiet" : alert.severity === "page" ? "bad" : "warn"}>
                    {alert.folded_under ? alert.folded_under.path.join(" → ") : t.alerts.severity[alert.severity]}
                  </Tag>
                ) : (
                  <Tag tone="good">{t.alerts.resolved.toLowerCase()}</Tag>
                )}
                <Ago at={alert.opened_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
