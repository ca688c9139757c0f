// Jobs and replicas: what Mainstay does beside answering, and a hand in it. One part at a time; which, says the address.
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { count } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { ErrorNote, PageHead } from "@/shared/ui/basics";
import { type Handler, type Queue, q } from "./api";
import { EventsView } from "./events/EventsView";
import { JobsView } from "./jobs/JobsView";
import css from "./OperatePage.module.css";
import { ReplicasView } from "./replicas/ReplicasView";
import { SchedulesView } from "./schedules/SchedulesView";
import { operateSentence } from "./sentence";
import { t } from "./strings";
import { VIEWS, type View } from "./views";

export function OperatePage() {
  const replicas = useQuery(q.replicas());
  const queues = useQuery(q.queues());
  const handlers = useQuery(q.handlers());
  const now = useNow(1000);
  const view = useSearch({ from: "/jobs" }).view ?? "jobs";
  const failed = [replicas, queues, handlers].find((each) => each.error && !each.data);
  if (failed) {
    return (
      <>
        <PageHead title={t.pages.jobs} pieces={[t.common.couldNot("see what is to be done")]} />
        <ErrorNote page error={failed.error} what="see what is to be done" retry={() => void failed.refetch()} />
      </>
    );
  }
  const known = replicas.data && queues.data && handlers.data;
  return (
    <>
      <PageHead
        title={t.pages.jobs}
        pieces={known ? operateSentence(replicas.data, queues.data, handlers.data, now) : undefined}
      />
      <Views now={view} queues={queues.data ?? []} handlers={handlers.data ?? []} />
      {view === "jobs" && <JobsView />}
      {view === "schedules" && <SchedulesView />}
      {view === "events" && <EventsView />}
      {view === "replicas" && <ReplicasView />}
    </>
  );
}

/** The parts of the page; one that needs a person says how often. */
function Views({ now, queues, handlers }: { now: View; queues: Queue[]; handlers: Handler[] }) {
  const trouble: Partial<Record<View, number>> = {
    jobs: queues.reduce((total, queue) => total + queue.jobs.failed, 0),
    events: handlers.reduce((total, handler) => total + handler.dead, 0),
  };
  const says = { jobs: t.jobs.state.failed, events: t.events.columns.dead.toLowerCase() } as Partial<
    Record<View, string>
  >;
  return (
    <nav className={css.views} aria-label={t.views.label}>
      {VIEWS.map((view) => (
        <Link
          key={view}
          to="/jobs"
          search={view === "jobs" ? {} : { view }}
          className={css.view}
          aria-current={view === now ? "page" : undefined}
          data-now={view === now || undefined}
          activeProps={{}}
        >
          {t.views[view]}
          {(trouble[view] ?? 0) > 0 && (
            <span className={css.trouble}>
              {count(trouble[view] ?? 0)} {says[view]}
            </span>
          )}
        </Link>
      ))}
    </nav>
  );
}
