// The checks of one service on its page: a strip each, the latency of one of them, and the last good probe against the
// last bad one.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { q } from "@/shared/api/queries";
import type { Check } from "@/shared/api/types";
import { millis } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { beginning, spanName, useRange } from "@/shared/lib/range";
import { Ago, Empty, ErrorNote, Panel, Waiting } from "@/shared/ui/basics";
import { StateMark } from "@/shared/ui/StateMark";
import { StateStrip } from "@/shared/ui/StateStrip";
import { LatencyChart } from "../LatencyChart";
import { t } from "../strings";
import { useCheckHistories } from "../useServiceHistory";
import { Waterfall } from "../Waterfall";
import css from "./ServiceChecks.module.css";

interface Props {
  name: string;
  /** When the service was first known. */
  since?: string;
  checks: Check[];
  ready: boolean;
  error: unknown;
}

export function ServiceChecks({ name, since, checks, ready, error }: Props) {
  const span = useRange();
  const now = useNow(60_000);
  const begins = beginning(since ?? span.began, span.seconds, now);
  const search = useSearch({ from: "/services/$name" });
  const navigate = useNavigate({ from: "/services/$name" });
  const histories = useCheckHistories(checks, span);
  const chosen =
    histories.find((each) => each.check.id === search.check) ??
    histories.find((each) => each.check.state === "down") ??
    histories.find((each) => each.check.role === "health") ??
    histories[0];
  if (error && checks.length === 0) {
    return (
      <Panel title={t.service.checks}>
        <ErrorNote error={error} what="load the checks" />
      </Panel>
    );
  }
  if (!ready) {
    return (
      <Panel title={t.service.checks}>
        <Waiting rows={4} height={26} />
      </Panel>
    );
  }
  if (!chosen) {
    return (
      <Panel title={t.service.checks} flush>
        <Empty title={t.service.noChecks}>
          <p>{t.service.noChecksText}</p>
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      <Panel
        title={t.service.checks}
        note={[t.service.checksNote(spanName(span.seconds)), begins].filter(Boolean).join("; ")}
        flush
      >
        <ul className={css.list}>
          {histories.map(({ check, slots }) => (
            <li key={check.id} data-chosen={check.id === chosen.check.id || undefined}>
              <StateMark state={check.state} size={12} />
              <span className={css.title}>
                <button
                  type="button"
                  aria-pressed={check.id === chosen.check.id}
                  onClick={() => void navigate({ search: (old) => ({ ...old, check: check.id }), replace: true })}
                >
                  {check.name}
                </button>
                <code>{check.target}</code>
              </span>
              <span className={css.strip}>
                <StateStrip slots={slots} seconds={span.seconds} height={24} />
              </span>
              <LastProbe check={check} />
            </li>
          ))}
        </ul>
      </Panel>
      <Panel
        title={t.service.latency}
        note={[chosen.check.name, begins].filter(Boolean).join("; ")}
        actions={
          <Button
            size="compact-sm"
            variant="subtle"
            renderRoot={(props) => <Link {...props} to="/checks" search={{ id: chosen.check.id }} />}
          >
            {t.checks.probes}
          </Button>
        }
      >
        <LatencyChart history={chosen.history} seconds={span.seconds} name={name} />
      </Panel>
      <SuccessAndFailure check={chosen.check} />
    </>
  );
}

function LastProbe({ check }: { check: Check }) {
  const last = check.last;
  if (!last) return <span className={css.last}>{t.state.unknown}</span>;
  return (
    <span className={css.last} data-ok={last.ok}>
      <span>{last.ok ? millis(last.duration_ms) : (last.failure?.message ?? t.checks.failed)}</span>
      <span className="muted">
        <Ago at={last.at} />
      </span>
    </span>
  );
}

export function SuccessAndFailure({ check }: { check: Check }) {
  const good = useQuery(q.probes(check.id, "ok", 1));
  const bad = useQuery(q.probes(check.id, "failed", 1));
  return (
    <Panel title={t.service.phases} note={t.service.phasesNote}>
      {good.isPending || bad.isPending ? (
        <Waiting rows={4} height={14} />
      ) : good.error || bad.error ? (
        <ErrorNote error={good.error ?? bad.error} what="load the probes" retry={() => void good.refetch()} />
      ) : (
        <Waterfall success={good.data?.[0]} failure={bad.data?.[0]} />
      )}
    </Panel>
  );
}
