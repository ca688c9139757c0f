// One job in full: where it stands, why it failed, what it was given and what it answered.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorNote, Facts, Panel, Tag, Waiting, When, Words } from "@/shared/ui/basics";
import { type JobDetail as Job, q } from "../api";
import { Json } from "../Json";
import css from "../OperatePage.module.css";
import { t } from "../strings";
import { JobActions } from "./JobActions";
import { jobStateName, jobTone } from "./JobRow";
import { Progress } from "./Progress";

export function JobDetail({ id }: { id: string }) {
  const job = useQuery(q.job(id));
  if (job.error && !job.data) {
    return <ErrorNote error={job.error} what="show this job" retry={() => void job.refetch()} />;
  }
  if (!job.data) {
    return (
      <Panel>
        <Waiting rows={6} />
      </Panel>
    );
  }
  const data = job.data;
  return (
    <div className={css.stack}>
      <Panel title={<code>{data.kind}</code>} actions={<JobActions job={data} />}>
        <div className={css.stack}>
          {data.progress && <Progress job={data} wide />}
          <Facts items={facts(data)} />
        </div>
      </Panel>
      {data.last_error && (
        <Panel title={t.jobs.why} flush>
          <p className={css.error}>
            <Words text={data.last_error} />
          </p>
        </Panel>
      )}
      <Json title={t.jobs.payload} note={t.jobs.payloadNote} value={data.payload} />
      {data.result !== null && data.result !== undefined && <Json title={t.jobs.result} value={data.result} />}
    </div>
  );
}

function facts(job: Job): [ReactNode, ReactNode][] {
  const time = (name: string, at: string | null | undefined): [ReactNode, ReactNode][] =>
    at ? [[name, <When key={name} at={at} />]] : [];
  return [
    [
      t.common.state,
      <Tag key="state" tone={jobTone[job.state]}>
        {jobStateName(job)}
      </Tag>,
    ],
    [t.jobs.queue, <code key="queue">{job.queue}</code>],
    [t.jobs.attempt, t.jobs.attempts(job.attempt, job.max_attempts)],
    ...(job.replica ? ([[t.jobs.replica, job.replica.name ?? t.jobs.gone]] as [ReactNode, ReactNode][]) : []),
    ...(job.unique_key
      ? ([
          [
            t.jobs.key,
            <span key="key">
              <code>{job.unique_key}</code> <span className="muted">({t.jobs.keyHint})</span>
            </span>,
          ],
        ] as [ReactNode, ReactNode][])
      : []),
    ...time(t.jobs.written, job.created_at),
    ...time(t.jobs.due, job.state === "waiting" ? job.run_at : null),
    ...time(t.jobs.began, job.started_at),
    ...time(t.jobs.ended, job.finished_at),
  ];
}
