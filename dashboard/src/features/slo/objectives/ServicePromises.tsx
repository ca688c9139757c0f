// What is promised for one service, on its page.
import { Link } from "@tanstack/react-router";
import type { Slo } from "@/shared/api/types";
import { factor, minutes, percentValue, windowName } from "@/shared/lib/format";
import { budgetTone, burnText, byLeast, isBurning } from "@/shared/lib/objectives";
import { BudgetBar, Empty, ErrorNote, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { t } from "../strings";
import css from "./ServicePromises.module.css";

export function ServicePromises({ slos, ready, error }: { slos: Slo[]; ready: boolean; error: unknown }) {
  return (
    <Panel title={t.service.budget} flush>
      {error && slos.length === 0 ? (
        <ErrorNote error={error} what="load the objectives" />
      ) : !ready ? (
        <Waiting rows={2} height={36} />
      ) : slos.length === 0 ? (
        <Empty title={t.service.noSlos}>
          <p>{t.slo.emptyText}</p>
          <pre>{t.slo.emptyExample}</pre>
        </Empty>
      ) : (
        <ul className={css.list}>
          {[...slos].sort(byLeast).map((slo) => (
            <li key={slo.id}>
              <span className={css.head}>
                <Link to="/slos/$id" params={{ id: slo.id }}>
                  {percentValue(slo.objective)} {t.slo.kinds[slo.sli.kind]}
                  {slo.sli.threshold_ms ? ` within ${slo.sli.threshold_ms} ms` : ""}
                </Link>
                <Tag tone={budgetTone[slo.budget.state]}>{t.budget.state[slo.budget.state]}</Tag>
              </span>
              <BudgetBar remaining={slo.budget.remaining_ratio} state={slo.budget.state} />
              <span className={css.foot}>
                <span>
                  {minutes(slo.budget.remaining_minutes)} of {minutes(slo.budget.allowed_minutes)} in{" "}
                  {windowName(slo.window)}
                </span>
                <span>{t.slo.burnsAt(isBurning(slo) ? burnText(slo) : factor(slo.budget.burn_rate))}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
