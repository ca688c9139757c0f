// The queues with their counts; a count leads to its jobs.
import { count, relative, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import type { JobState, Queue } from "../api";
import css from "../OperatePage.module.css";
import { Scroll } from "../Scroll";
import { t } from "../strings";
import local from "./jobs.module.css";

const STATES: JobState[] = ["waiting", "running", "done", "failed", "cancelled"];
/** A queue whose oldest job is overdue for longer than this cannot keep up. */
const LATE_S = 60;

export function QueueTable({ queues, onPick }: { queues: Queue[]; onPick: (queue: string, state: JobState) => void }) {
  const now = useNow(1000);
  if (queues.length === 0) return <p className={css.none}>{t.queues.empty}</p>;
  return (
    <Scroll label={t.queues.title}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t.queues.columns.queue}</th>
            {STATES.map((state) => (
              <th key={state} scope="col" data-align="right">
                {t.jobs.state[state]}
              </th>
            ))}
            <th scope="col" data-align="right">
              {t.queues.columns.oldest}
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => {
            const oldest = queue.oldest_waiting_at ?? null;
            const late = oldest !== null && secondsBetween(oldest, now) > LATE_S;
            return (
              <tr key={queue.queue}>
                <td>
                  <code>{queue.queue}</code>
                </td>
                {STATES.map((state) => (
                  <td
                    key={state}
                    data-align="right"
                    data-tone={state === "failed" && queue.jobs.failed > 0 ? "bad" : undefined}
                  >
                    {queue.jobs[state] === 0 ? (
                      <span className={css.zero}>0</span>
                    ) : (
                      <button
                        type="button"
                        className={local.count}
                        aria-label={t.queues.filterTo(queue.jobs[state], t.jobs.state[state], queue.queue)}
                        onClick={() => onPick(queue.queue, state)}
                      >
                        {count(queue.jobs[state])}
                      </button>
                    )}
                  </td>
                ))}
                <td data-align="right" data-tone={late ? "warn" : undefined} className="nowrap">
                  {oldest === null ? (
                    <span className="muted">{t.queues.none}</span>
                  ) : (
                    <time dateTime={oldest}>{t.queues.due(relative(oldest, now))}</time>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}
