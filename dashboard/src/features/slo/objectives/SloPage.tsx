// One objective: the promise, how its budget went, and when it would wake somebody.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { q } from "@/shared/api/queries";
import type { Slo } from "@/shared/api/types";
import { count, millis, minutes, percentValue, windowName } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { budgetTone } from "@/shared/lib/objectives";
import { BudgetBar, ErrorNote, Facts, PageHead, Panel, SourceRef, Tag } from "@/shared/ui/basics";
import { Icon } from "@/shared/ui/icons";
import { t } from "../strings";
import { BurnDown } from "./BurnDown";
import { BurnWindows } from "./BurnWindows";
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

function BudgetPanel({ slo }: { slo: Slo }) {
  const { budget } = slo;
  return (
    <Panel title={t.slo.budget} note={windowName(slo.window)}>
      <div className={css.budget}>
        <BudgetBar remaining={budget.remaining_ratio} state={budget.state} />
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
