// What is to be done, what is being done, and what became of it: queues with their counts, and the jobs, newest first.
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Empty, ErrorNote, Panel, Waiting } from "@/shared/ui/basics";
import { Filters, SelectFilter } from "@/shared/ui/filters";
import { SplitView } from "@/shared/ui/SplitView";
import { useSelection } from "@/shared/ui/useSelection";
import { type Job, type JobFilter, q } from "../api";
import css from "../OperatePage.module.css";
import { t } from "../strings";
import { JobDetail } from "./JobDetail";
import { JobRow } from "./JobRow";
import { QueueTable } from "./QueueTable";

export function JobsView() {
  const search = useSearch({ from: "/jobs" });
  const navigate = useNavigate({ from: "/jobs" });
  const set = (change: Partial<typeof search>, replace = true) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace });
  const filter: JobFilter = { state: search.state, kind: search.kind, queue: search.queue };
  const filtered = Boolean(filter.state || filter.kind || filter.queue);
  const queues = useQuery(q.queues());
  const jobs = useInfiniteQuery(q.jobs(filter));
  const shown = useMemo(() => jobs.data?.pages.flatMap((page) => page.items) ?? [], [jobs.data]);
  const ids = useMemo(() => shown.map((job) => job.id), [shown]);
  const { selected } = useSelection({
    ids,
    onOpen: (id) => set({ id }, false),
    onMove: (at) => document.getElementById(`job-${ids[at]}`)?.scrollIntoView({ block: "nearest" }),
  });
  const nothing = jobs.data && shown.length === 0 && !filtered;
  return (
    <SplitView
      shown={search.id}
      onClose={() => set({ id: undefined })}
      detail={search.id ? <JobDetail key={search.id} id={search.id} /> : null}
      list={
        <div className={css.stack}>
          <Panel title={t.queues.title} note={t.queues.note} flush>
            {queues.data ? (
              <QueueTable
                queues={queues.data}
                onPick={(queue, state) => set({ queue, state, kind: undefined }, false)}
              />
            ) : (
              <Waiting rows={2} />
            )}
          </Panel>
          <Panel
            title={t.jobs.title}
            flush
            actions={!nothing && <JobFilters filter={filter} jobs={shown} queues={queues.data ?? []} onChange={set} />}
          >
            {jobs.error && !jobs.data ? (
              <ErrorNote error={jobs.error} what="list the jobs" retry={() => void jobs.refetch()} />
            ) : !jobs.data ? (
              <Waiting rows={6} height={32} />
            ) : nothing ? (
              <Empty title={t.jobs.empty} command={t.jobs.emptyCommand}>
                <p>{t.jobs.emptyText}</p>
              </Empty>
            ) : shown.length === 0 ? (
              <p className={css.none}>{t.common.nothingMatches}</p>
            ) : (
              shown.map((job) => (
                <JobRow
                  key={job.id}
                  job={job}
                  current={job.id === search.id}
                  selected={job.id === selected}
                  onOpen={() => set({ id: job.id }, false)}
                />
              ))
            )}
            {jobs.hasNextPage && (
              <div className={css.foot}>
                <Button size="xs" loading={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
                  {t.jobs.more}
                </Button>
              </div>
            )}
          </Panel>
        </div>
      }
    />
  );
}

interface FiltersProps {
  filter: JobFilter;
  jobs: Job[];
  queues: { queue: string }[];
  onChange: (change: JobFilter) => void;
}

function JobFilters({ filter, jobs, queues, onChange }: FiltersProps) {
  const kinds = [...new Set([...jobs.map((job) => job.kind), ...(filter.kind ? [filter.kind] : [])])].sort();
  const named = (value: string) => ({ value, label: value });
  return (
    <Filters>
      <SelectFilter
        label={t.common.state}
        any={t.jobs.anyState}
        value={filter.state}
        options={Object.entries(t.jobs.state).map(([value, label]) => ({ value, label }))}
        onChange={(state) => onChange({ state: state as JobFilter["state"] })}
      />
      <SelectFilter
        label={t.jobs.queue}
        any={t.jobs.anyQueue}
        value={filter.queue}
        options={queues.map((each) => named(each.queue))}
        onChange={(queue) => onChange({ queue })}
      />
      <SelectFilter
        label="Kind"
        any={t.jobs.anyKind}
        value={filter.kind}
        options={kinds.map(named)}
        onChange={(kind) => onChange({ kind })}
      />
    </Filters>
  );
}
