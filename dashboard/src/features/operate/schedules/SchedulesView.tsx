// Jobs that come again and again: when each comes next, what became of its last job, and a hand to hold it back.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { dateTime, relative } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { useAction } from "@/shared/ui/actions";
import { Empty, ErrorNote, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { operate, q, type Schedule, touched } from "../api";
import { jobTone } from "../jobs/JobRow";
import page from "../OperatePage.module.css";
import { t } from "../strings";
import { cronInWords } from "./cron";
import css from "./schedules.module.css";

export function SchedulesView() {
  const schedules = useQuery(q.schedules());
  return (
    <Panel title={t.schedules.title} note={t.schedules.note} flush>
      {schedules.error && !schedules.data ? (
        <ErrorNote error={schedules.error} what="list the schedules" retry={() => void schedules.refetch()} />
      ) : !schedules.data ? (
        <Waiting rows={3} height={32} />
      ) : schedules.data.length === 0 ? (
        <Empty title={t.schedules.empty}>
          <p>{t.schedules.emptyText}</p>
        </Empty>
      ) : (
        <ul>
          {schedules.data.map((schedule) => (
            <ScheduleRow key={schedule.name} schedule={schedule} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function ScheduleRow({ schedule }: { schedule: Schedule }) {
  const now = useNow(1000);
  const words = cronInWords(schedule.cron);
  return (
    <li className={css.row}>
      <span className={page.open}>
        <span className={page.name}>{schedule.name}</span>
        <span className={page.about}>
          {words ?? <code>{schedule.cron}</code>} ({schedule.zone}), <code>{schedule.kind}</code>
        </span>
      </span>
      <span className={css.time}>
        <span className="muted">{t.schedules.next}</span>
        {schedule.paused ? (
          <Tag tone="warn">{t.schedules.paused}</Tag>
        ) : schedule.next_at ? (
          <time dateTime={schedule.next_at} title={relative(schedule.next_at, now)}>
            {dateTime(schedule.next_at)} <span className="muted">({relative(schedule.next_at, now)})</span>
          </time>
        ) : (
          t.schedules.never
        )}
      </span>
      <span className={css.time}>
        <span className="muted">{t.schedules.last}</span>
        <Last schedule={schedule} now={now} />
      </span>
      <Actions schedule={schedule} />
    </li>
  );
}

function Last({ schedule, now }: { schedule: Schedule; now: number }) {
  if (!schedule.last_at) return <span>{t.schedules.notYet}</span>;
  const job = schedule.last_job;
  return (
    <span className={css.last}>
      <time dateTime={schedule.last_at}>{relative(schedule.last_at, now)}</time>
      {job?.state ? (
        <Link to="/jobs" search={{ id: job.id }} aria-label={t.schedules.job(t.jobs.state[job.state])}>
          <Tag tone={jobTone[job.state]}>{t.jobs.state[job.state]}</Tag>
        </Link>
      ) : (
        job && <span className="muted">{t.schedules.forgotten}</span>
      )}
      {job?.last_error && <span className={css.trouble}>{job.last_error}</span>}
    </span>
  );
}

function Actions({ schedule }: { schedule: Schedule }) {
  const { name, paused } = schedule;
  const hold = useAction({
    what: paused ? `resume ${name}` : `pause ${name}`,
    run: (to: boolean) => (to ? operate.pause(name) : operate.resume(name)),
    done: (_, to) => (to ? t.schedules.didPause(name) : t.schedules.didResume(name)),
    undo: (_, to) => (to ? operate.resume(name) : operate.pause(name)),
    touches: touched.jobs,
  });
  const run = useAction({
    what: `run ${name}`,
    run: () => operate.runNow(name),
    done: () => t.schedules.didRun(name),
    undo: (job) => operate.cancelJob(job.id),
    touches: touched.jobs,
  });
  return (
    <span className={page.buttons}>
      <Button
        size="xs"
        aria-label={paused ? t.schedules.resumeName(name) : t.schedules.pauseName(name)}
        loading={hold.isPending}
        onClick={() => hold.mutate(!paused)}
      >
        {paused ? t.schedules.resume : t.schedules.pause}
      </Button>
      <Button
        size="xs"
        aria-label={t.schedules.runName(name)}
        loading={run.isPending}
        onClick={() => run.mutate(undefined)}
      >
        {t.schedules.run}
      </Button>
    </span>
  );
}
