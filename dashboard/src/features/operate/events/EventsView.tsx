// How far the handlers of events have come, and what they could not handle.
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Empty, ErrorNote, Panel, Waiting } from "@/shared/ui/basics";
import { Filters, SelectFilter } from "@/shared/ui/filters";
import { SplitView } from "@/shared/ui/SplitView";
import { useSelection } from "@/shared/ui/useSelection";
import { type ParkedFilter, q } from "../api";
import css from "../OperatePage.module.css";
import { t } from "../strings";
import { HandlerTable } from "./HandlerTable";
import { ParkedDetail } from "./ParkedDetail";
import { idOf, ParkedRow } from "./ParkedRow";

export function EventsView() {
  const search = useSearch({ from: "/jobs" });
  const navigate = useNavigate({ from: "/jobs" });
  const set = (change: Partial<typeof search>, replace = true) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace });
  const filter: ParkedFilter = { handler: search.handler, state: search.parked };
  const handlers = useQuery(q.handlers());
  const parked = useInfiniteQuery(q.parked(filter));
  const shown = useMemo(() => parked.data?.pages.flatMap((page) => page.items) ?? [], [parked.data]);
  const ids = useMemo(() => shown.map(idOf), [shown]);
  const { selected } = useSelection({
    ids,
    onOpen: (event) => set({ event }, false),
    onMove: (at) => document.getElementById(`parked-${ids[at]}`)?.scrollIntoView({ block: "nearest" }),
  });
  const filtered = Boolean(filter.handler || filter.state);
  return (
    <SplitView
      shown={search.event}
      onClose={() => set({ event: undefined })}
      detail={
        search.event ? (
          <ParkedDetail event={shown.find((each) => idOf(each) === search.event)} loaded={!!parked.data} />
        ) : null
      }
      list={
        <div className={css.stack}>
          <Panel title={t.events.handlers} note={t.events.handlersNote} flush>
            {handlers.data ? <HandlerTable handlers={handlers.data} /> : <Waiting rows={3} />}
          </Panel>
          <Panel
            title={t.events.parked}
            note={t.events.parkedNote}
            flush
            actions={
              (shown.length > 0 || filtered) && (
                <Filters>
                  <SelectFilter
                    label={t.events.handler}
                    any={t.events.anyHandler}
                    value={filter.handler}
                    options={(handlers.data ?? []).map(({ handler }) => ({ value: handler, label: handler }))}
                    onChange={(handler) => set({ handler })}
                  />
                  <SelectFilter
                    label={t.common.state}
                    any={t.events.anyState}
                    value={filter.state}
                    options={Object.entries(t.events.state).map(([value, label]) => ({ value, label }))}
                    onChange={(state) => set({ parked: state as ParkedFilter["state"] })}
                  />
                </Filters>
              )
            }
          >
            {parked.error && !parked.data ? (
              <ErrorNote error={parked.error} what="list what was put aside" retry={() => void parked.refetch()} />
            ) : !parked.data ? (
              <Waiting rows={4} height={32} />
            ) : shown.length > 0 ? (
              shown.map((event) => (
                <ParkedRow
                  key={idOf(event)}
                  event={event}
                  current={idOf(event) === search.event}
                  selected={idOf(event) === selected}
                  onOpen={() => set({ event: idOf(event) }, false)}
                />
              ))
            ) : filtered ? (
              <p className={css.none}>{t.events.emptyFiltered}</p>
            ) : (
              <Empty title={t.events.empty}>
                <p>{t.events.emptyText}</p>
              </Empty>
            )}
            {parked.hasNextPage && (
              <div className={css.foot}>
                <Button size="xs" loading={parked.isFetchingNextPage} onClick={() => void parked.fetchNextPage()}>
                  {t.events.more}
                </Button>
              </div>
            )}
          </Panel>
        </div>
      }
    />
  );
}
