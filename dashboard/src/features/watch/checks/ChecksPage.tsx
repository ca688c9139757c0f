// All checks, failing first, with one of them beside the list.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Check } from "@/shared/api/types";
import { millis } from "@/shared/lib/format";
import { useEnvironment } from "@/shared/lib/range";
import { Ago, Command, Empty, ErrorNote, PageHead, Panel, Waiting } from "@/shared/ui/basics";
import { type DataColumn, DataTable } from "@/shared/ui/DataTable";
import { Filters, SelectFilter, TextFilter } from "@/shared/ui/filters";
import { ListSection, TwoLines } from "@/shared/ui/ListSection";
import { SplitView } from "@/shared/ui/SplitView";
import { StateMark } from "@/shared/ui/StateMark";
import { t } from "../strings";
import { checkTitle } from "./assertions";
import { CheckDetail } from "./CheckDetail";
import css from "./ChecksPage.module.css";
import { checksSentence } from "./sentence";

const RANK: Record<Check["state"], number> = { down: 0, unknown: 1, maintenance: 2, paused: 3, up: 4 };
const NO_CHECKS: Check[] = [];

const columns: DataColumn<Check>[] = [
  {
    id: "name",
    header: t.pages.checks.slice(0, -1),
    track: "minmax(150px, 1.4fr)",
    cell: (check) => (
      <TwoLines
        mark={<StateMark state={check.state} size={12} />}
        first={<strong>{checkTitle(check)}</strong>}
        second={<code>{check.target}</code>}
      />
    ),
  },
  {
    id: "last",
    header: t.checks.outcome,
    track: "minmax(110px, 1fr)",
    cell: (check) => (
      <span className={css.last} data-ok={check.last?.ok ?? true}>
        {check.last
          ? check.last.ok
            ? millis(check.last.duration_ms)
            : (check.last.failure?.message ?? t.checks.failed)
          : t.state[check.state]}
      </span>
    ),
  },
  {
    id: "at",
    header: t.common.time,
    track: "84px",
    align: "right",
    cell: (check) => (check.last ? <Ago at={check.last.at} /> : <span className="muted">–</span>),
  },
];

export function ChecksPage() {
  const environment = useEnvironment();
  const checks = useQuery(q.checks(environment));
  const search = useSearch({ from: "/checks" });
  const navigate = useNavigate({ from: "/checks" });
  const set = (change: Partial<typeof search>, replace = true) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace });
  const all = checks.data ?? NO_CHECKS;
  const shown = useMemo(() => {
    const text = (search.text ?? "").toLowerCase();
    return all
      .filter((check) => !search.state || check.state === search.state)
      .filter((check) => text === "" || `${check.name} ${check.service} ${check.target}`.toLowerCase().includes(text))
      .sort((a, b) => RANK[a.state] - RANK[b.state] || checkTitle(a).localeCompare(checkTitle(b)));
  }, [all, search.text, search.state]);
  const chosen = search.id ? all.find((check) => check.id === search.id) : undefined;

  if (checks.error && !checks.data) {
    return (
      <>
        <PageHead title={t.pages.checks} pieces={[t.common.couldNot("load the checks")]} />
        <ErrorNote page error={checks.error} what="load the checks" retry={() => void checks.refetch()} />
      </>
    );
  }
  return (
    <>
      <PageHead title={t.pages.checks} pieces={checks.data && checksSentence(all)} />
      {!checks.data ? (
        <Panel title={t.checks.list} flush>
          <Waiting rows={8} height={32} />
        </Panel>
      ) : all.length === 0 ? (
        <Panel flush>
          <Empty title={t.checks.empty}>
            <p>{t.checks.emptyText}</p>
            <pre>{t.checks.emptyExample}</pre>
            <Command text="mainstay import mainstay.yaml" />
          </Empty>
        </Panel>
      ) : (
        <SplitView
          shown={chosen?.id}
          onClose={() => set({ id: undefined })}
          detail={chosen ? <CheckDetail key={chosen.id} check={chosen} /> : null}
          list={
            <ListSection
              title={t.checks.list}
              shown={shown.length}
              all={all.length}
              tools={
                <Filters>
                  <TextFilter
                    value={search.text ?? ""}
                    label={t.checks.filter}
                    onChange={(text) => set({ text: text || undefined })}
                  />
                  <SelectFilter
                    label={t.checks.state}
                    any={t.checks.anyState}
                    value={search.state}
                    options={(Object.keys(RANK) as Check["state"][]).map((state) => ({
                      value: state,
                      label: t.state[state],
                    }))}
                    onChange={(state) => set({ state })}
                  />
                </Filters>
              }
            >
              {shown.length === 0 ? (
                <Empty title={t.common.nothingMatches} />
              ) : (
                <DataTable
                  label={t.checks.list}
                  rows={shown}
                  columns={columns}
                  id={(check) => check.id}
                  onOpen={(id) => set({ id }, false)}
                  rowHeight={54}
                  narrowRowHeight={66}
                  narrowClass={css.narrow ?? ""}
                  current={chosen?.id}
                />
              )}
            </ListSection>
          }
        />
      )}
    </>
  );
}
