// One check: what it asks, what must hold, and its probes.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Check } from "@/shared/api/types";
import { clock, duration, millis } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { beginning, useRange } from "@/shared/lib/range";
import { useAction } from "@/shared/ui/actions";
import { Ago, Copy, ErrorNote, Facts, Panel, SourceRef, Tag, Waiting } from "@/shared/ui/basics";
import { SelectFilter } from "@/shared/ui/filters";
import { Icon } from "@/shared/ui/icons";
import { StateLabel, StateMark } from "@/shared/ui/StateMark";
import { LatencyChart } from "../LatencyChart";
import { t } from "../strings";
import { assertionWords, checkTitle } from "./assertions";
import css from "./ChecksPage.module.css";
import { SuccessAndFailure } from "./ServiceChecks";

export function CheckDetail({ check }: { check: Check }) {
  const span = useRange();
  const now = useNow(60_000);
  const history = useQuery({ ...q.history(check.id, span.seconds), enabled: span.ready });
  return (
    <div className={css.detail}>
      <Panel
        title={
          <span className={css.title}>
            <StateLabel state={check.state} /> {checkTitle(check)}
          </span>
        }
        actions={<Actions check={check} />}
      >
        <Facts
          items={[
            [
              t.common.service,
              <Link key="service" to="/services/$name" params={{ name: check.service }}>
                {check.service}
              </Link>,
            ],
            [
              t.checks.target,
              <span key="target">
                <code>
                  {check.kind === "http" ? `${check.method} ` : ""}
                  {check.target}
                </code>{" "}
                <Copy text={check.target} what={t.checks.target} />
              </span>,
            ],
            [
              t.checks.assertions,
              check.assertions.length === 0 ? (
                t.checks.noAssertions[check.kind]
              ) : (
                <ul key="assertions">
                  {check.assertions.map((assertion) => (
                    <li key={JSON.stringify(assertion)}>{assertionWords(assertion)}</li>
                  ))}
                </ul>
              ),
            ],
            [
              t.checks.interval,
              `${t.service.every(duration(check.interval_ms / 1000))}, ${t.checks.timeout.toLowerCase()} ${duration(check.timeout_ms / 1000)}`,
            ],
            [
              t.checks.thresholds,
              t.checks.thresholdsText(
                check.failures_before_down,
                check.successes_before_up,
                duration(check.retry_ms / 1000),
              ),
            ],
            ...(check.headers.length > 0
              ? ([
                  [
                    t.checks.headers,
                    check.headers.map((header) => (
                      <div key={header.name}>
                        <code>{header.name}</code>{" "}
                        {header.secret ? <Tag>{t.checks.secret}</Tag> : <code>{header.value}</code>}
                      </div>
                    )),
                  ],
                ] as [React.ReactNode, React.ReactNode][])
              : []),
            [t.checks.managedBy, <SourceRef key="source" source={check.source} />],
          ]}
        />
      </Panel>
      <Panel title={t.service.latency} note={beginning(span.began, span.seconds, now)}>
        <LatencyChart history={history.data} seconds={span.seconds} name={checkTitle(check)} />
      </Panel>
      <SuccessAndFailure check={check} />
      <Probes check={check} />
    </div>
  );
}

function Actions({ check }: { check: Check }) {
  const touches = ["checks", "probes", "history", "states"];
  const run = useAction({
    what: `run ${checkTitle(check)}`,
    run: () => api.runCheck(check.id),
    done: (probe) =>
      probe.ok
        ? t.checks.ranOk(checkTitle(check), millis(probe.duration_ms))
        : t.checks.ranFailed(checkTitle(check), probe.failure?.message ?? t.checks.failed),
    touches,
  });
  const toggle = useAction({
    what: `${check.paused ? "resume" : "pause"} ${checkTitle(check)}`,
    run: (pause: boolean) => (pause ? api.pauseCheck(check.id) : api.resumeCheck(check.id)),
    done: (_, pause) => (pause ? t.checks.paused(checkTitle(check)) : t.checks.resumed(checkTitle(check))),
    undo: (_, pause) => (pause ? api.resumeCheck(check.id) : api.pauseCheck(check.id)),
    touches,
  });
  return (
    <>
      <Button
        size="xs"
        variant="filled"
        leftSection={<Icon name="play" size={14} />}
        loading={run.isPending}
        onClick={() => run.mutate(undefined)}
      >
        {t.checks.run}
      </Button>
      <Button
        size="xs"
        leftSection={<Icon name={check.paused ? "play" : "pause"} size={14} />}
        loading={toggle.isPending}
        onClick={() => toggle.mutate(!check.paused)}
      >
        {check.paused ? t.checks.resume : t.checks.pause}
      </Button>
    </>
  );
}

function Probes({ check }: { check: Check }) {
  const search = useSearch({ from: "/checks" });
  const navigate = useNavigate({ from: "/checks" });
  const probes = useQuery(q.probes(check.id, search.failed ? "failed" : undefined, 50));
  return (
    <Panel
      title={t.checks.probes}
      note={t.checks.probesNote}
      flush
      actions={
        <SelectFilter
          label={t.checks.outcome}
          any={t.common.all}
          value={search.failed ? "failed" : undefined}
          options={[{ value: "failed", label: t.checks.onlyFailed }]}
          onChange={(value) =>
            void navigate({ search: (old) => ({ ...old, failed: value ? true : undefined }), replace: true })
          }
        />
      }
    >
      {probes.error && !probes.data ? (
        <ErrorNote error={probes.error} what="load the probes" retry={() => void probes.refetch()} />
      ) : !probes.data ? (
        <Waiting rows={6} />
      ) : probes.data.length === 0 ? (
        <p className="muted" style={{ padding: 16 }}>
          {t.checks.noProbes}
        </p>
      ) : (
        <table className={css.probes}>
          <thead>
            <tr>
              <th>{t.common.time}</th>
              <th>{t.checks.outcome}</th>
              <th className={css.right}>{t.checks.took}</th>
            </tr>
          </thead>
          <tbody>
            {probes.data.map((probe) => (
              <tr key={probe.at}>
                <td>
                  {clock(probe.at)}{" "}
                  <span className="muted">
                    <Ago at={probe.at} />
                  </span>
                </td>
                <td>
                  <span className={css.outcome}>
                    <StateMark state={probe.ok ? "up" : "down"} size={9} />
                    {probe.ok ? (
                      <>
                        {t.checks.passed} {probe.status !== null && <span className="muted">{probe.status}</span>}
                      </>
                    ) : (
                      <span className={css.why}>{probe.failure?.message ?? t.checks.failed}</span>
                    )}
                    {probe.attempt !== "scheduled" && <Tag>{t.checks.attempt[probe.attempt]}</Tag>}
                  </span>
                </td>
                <td className={css.right}>{millis(probe.duration_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
