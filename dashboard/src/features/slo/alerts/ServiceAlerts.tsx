// The alerts of one service, on its page, each once: roots first, then folded ones, then the latest that are over.
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { q } from "@/shared/api/queries";
import type { Alert } from "@/shared/api/types";
import { byRoot } from "@/shared/lib/alerts";
import { useEnvironment } from "@/shared/lib/range";
import { Ago, ErrorNote, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { t } from "../strings";
import css from "./ServiceAlerts.module.css";
import { foldedWords } from "./sentence";
import { toldWords } from "./toldWords";

const MOST = 8;

export function ServiceAlerts({ name }: { name: string }) {
  const environment = useEnvironment();
  const [open, resolved] = useQueries({
    queries: (["open", "resolved"] as const).map((state) => q.alerts(environment, state)),
  });
  const results = [open, resolved];
  const error = results.find((result) => result?.error && !result.data)?.error;
  const own = (list: Alert[] | undefined) => (list ?? []).filter((alert) => alert.service === name);
  const standing = byRoot(own(open?.data));
  const alerts = [...standing.roots, ...standing.folded, ...own(resolved?.data)];
  return (
    <Panel title={t.service.alerts} flush>
      {error ? (
        <ErrorNote error={error} what="load the alerts" />
      ) : results.some((result) => result?.isPending) ? (
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
                  <OpenTag alert={alert} />
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

/** How urgent a root is; of a folded one, under what it is folded. */
function OpenTag({ alert }: { alert: Alert }) {
  const folded = foldedWords(alert);
  if (folded) return <Tag>{t.alerts.foldedBecause(folded)}</Tag>;
  const told = alert.told?.webhooks === 0 ? toldWords(alert) : null;
  return (
    <span className={css.tags}>
      <Tag tone={alert.severity === "page" ? "bad" : "warn"}>{t.alerts.severity[alert.severity]}</Tag>
      {told && <Tag tone={told.tone}>{told.text}</Tag>}
    </span>
  );
}
