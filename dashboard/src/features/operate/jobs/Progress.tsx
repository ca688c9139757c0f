// How far a job has come, as a bar and in numbers.
import type { Job } from "../api";
import css from "../OperatePage.module.css";
import { t } from "../strings";

export function Progress({ job, wide }: { job: Job; wide?: boolean }) {
  const progress = job.progress;
  if (!progress) return null;
  const part = progress.total > 0 ? Math.min(1, Math.max(0, progress.done / progress.total)) : 0;
  return (
    <span className={css.progress} data-wide={wide || undefined}>
      <span
        className={css.track}
        role="progressbar"
        aria-label={t.jobs.progressOf(job.kind)}
        aria-valuemin={0}
        aria-valuemax={progress.total}
        aria-valuenow={progress.done}
      >
        <span style={{ width: `${part * 100}%` }} />
      </span>
      <span className={css.steps}>{t.jobs.progress(progress.done, progress.total)}</span>
    </span>
  );
}
