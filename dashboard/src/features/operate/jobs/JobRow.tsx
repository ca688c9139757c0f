// One job in the list: what it is, how far it has come, and what can be done about it.

import { duration, relative, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { Tag, Words } from "@/shared/ui/basics";
import type { Job } from "../api";
import css from "../OperatePage.module.css";
import { t } from "../strings";
import { JobActions } from "./JobActions";
import { Progress } from "./Progress";

export const jobTone = {
  waiting: "quiet",
  running: "info",
  done: "good",
  failed: "bad",
  cancelled: "quiet",
} as const;

export function jobStateName(job: Pick<Job, "state" | "cancel_requested">): string {
  return job.state === "running" && job.cancel_requested ? t.jobs.stopping : t.jobs.state[job.state];
}

/** The second line: what is worth knowing about a job depends on where it stands. */
export function aboutJob(job: Job, now: number): string {
  if (job.state === "failed" || job.state === "cancelled") return job.last_error ?? "";
  if (job.state === "running") return job.progress?.text ?? "";
  if (job.state === "done") {
    const { started_at: began, finished_at: ended } = job;
    return began && ended ? t.jobs.took(duration(Math.max(0.001, secondsBetween(began, ended)))) : "";
  }
  const due = t.jobs.dueAt(relative(job.run_at, now));
  if (job.attempt === 0) return `${due}, ${t.jobs.firstTry}`;
  return [`${due}, ${t.jobs.tried(job.attempt)}`, job.last_error].filter(Boolean).join(": ");
}

interface Props {
  job: Job;
  current: boolean;
  selected: boolean;
  onOpen: () => void;
}

export function JobRow({ job, current, selected, onOpen }: Props) {
  const now = useNow(1000);
  const at = job.finished_at ?? job.started_at ?? job.created_at;
  return (
    <div
      id={`job-${job.id}`}
      className={css.row}
      data-current={current || undefined}
      data-selected={selected || undefined}
    >
      <button type="button" className={css.open} onClick={onOpen}>
        <span className={css.name}>{job.kind}</span>
        <span className={css.about} data-tone={job.state === "failed" ? "bad" : undefined}>
          <Words text={aboutJob(job, now)} />
        </span>
      </button>
      {job.state === "running" && job.progress ? <Progress job={job} /> : <span />}
      <Tag tone={jobTone[job.state]}>{jobStateName(job)}</Tag>
      <time className={css.when} dateTime={at}>
        {relative(at, now)}
      </time>
      <span className={css.buttons}>
        <JobActions job={job} />
      </span>
    </div>
  );
}
