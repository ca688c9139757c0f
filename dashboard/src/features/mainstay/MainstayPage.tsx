// Mainstay itself: which version, since when, and whether its own work goes on.
import { useQuery } from "@tanstack/react-query";
import { q } from "@/shared/api/queries";
import type { AdminTask, Meta } from "@/shared/api/types";
import { count, duration, plural, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { names, type Piece } from "@/shared/lib/sentence";
import { Ago, ErrorNote, Facts, PageHead, Panel, Tag, Waiting, When } from "@/shared/ui/basics";
import css from "./MainstayPage.module.css";
import { t } from "./strings";

export function mainstaySentence(meta: Meta, tasks: AdminTask[], now: number): Piece[] {
  const failed = tasks.filter((task) => task.state === "failed");
  const pieces: Piece[] = [
    `Mainstay ${meta.version} has been running for ${duration(secondsBetween(meta.started_at, now))}.`,
  ];
  if (tasks.length === 0) return pieces;
  if (failed.length === 0) pieces.push(` All ${plural(tasks.length, "task")} are well.`);
  else {
    pieces.push(
      " ",
      { text: plural(failed.length, "task"), tone: "bad" },
      ` ${failed.length === 1 ? "has" : "have"} failed: `,
      ...names(failed.map((task) => task.name)).map((piece) => (typeof piece === "string" ? piece : piece.text)),
      ".",
    );
  }
  return pieces;
}

const tone = { running: "good", idle: "quiet", failed: "bad", finished: "quiet", stopped: "quiet" } as const;

export function MainstayPage() {
  const meta = useQuery(q.meta());
  const tasks = useQuery(q.tasks());
  const now = useNow(1000);
  if (meta.error && !meta.data) {
    return (
      <>
        <PageHead title={t.pages.mainstay} pieces={[t.common.couldNot("ask Mainstay how it is")]} />
        <ErrorNote page error={meta.error} what="ask Mainstay how it is" retry={() => void meta.refetch()} />
      </>
    );
  }
  return (
    <>
      <PageHead
        title={t.pages.mainstay}
        pieces={meta.data ? mainstaySentence(meta.data, tasks.data ?? [], now) : undefined}
      />
      <div className={css.grid}>
        <Panel title={t.mainstay.tasks} note={t.mainstay.tasksNote} flush>
          {tasks.error && !tasks.data ? (
            <ErrorNote error={tasks.error} what="list the tasks" retry={() => void tasks.refetch()} />
          ) : !tasks.data ? (
            <Waiting rows={6} />
          ) : tasks.data.length === 0 ? (
            <p className={css.none}>{t.mainstay.noTasks}</p>
          ) : (
            <ul className={css.tasks}>
              {tasks.data.map((task) => (
                <li key={task.name}>
                  <span className={css.task}>
                    <code>{task.name}</code>
                    {(task.last_error ?? task.detail) && (
                      <span className={task.last_error ? css.trouble : "muted"}>{task.last_error ?? task.detail}</span>
                    )}
                  </span>
                  <Tag tone={tone[task.state]}>{t.mainstay.state[task.state]}</Tag>
                  <span className={css.runs}>
                    {plural(task.runs, "run")}
                    <span className="muted">{task.last_run_at ? <Ago at={task.last_run_at} /> : t.common.never}</span>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Panel>
        <Panel title={t.mainstay.about}>
          {meta.data ? (
            <Facts
              items={[
                [t.mainstay.version, meta.data.version],
                [t.mainstay.started, <When key="started" at={meta.data.started_at} />],
                [t.mainstay.database, t.mainstay.databases[meta.data.database] ?? meta.data.database],
                [t.mainstay.environment, meta.data.environment],
                [
                  t.mainstay.counts,
                  t.mainstay.countsText(
                    count(meta.data.counts.services),
                    count(meta.data.counts.checks),
                    count(meta.data.counts.slos),
                  ),
                ],
                [
                  t.mainstay.api,
                  <span key="api" className={css.links}>
                    <a href="/docs">{t.mainstay.apiDocs}</a>
                    <a href="/metrics">{t.mainstay.metrics}</a>
                  </span>,
                ],
              ]}
            />
          ) : (
            <Waiting rows={5} />
          )}
        </Panel>
      </div>
    </>
  );
}
