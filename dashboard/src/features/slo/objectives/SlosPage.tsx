// All objectives, the one with the least budget left first.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Slo } from "@/shared/api/types";
import { factor, minutes, percentValue, windowName } from "@/shared/lib/format";
import { budgetTone, byLeast, isBurning, thresholdText } from "@/shared/lib/objectives";
import { useEnvironment } from "@/shared/lib/range";
import { BudgetBar, Command, Empty, ErrorNote, PageHead, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { type DataColumn, DataTable } from "@/shared/ui/DataTable";
import { TextFilter } from "@/shared/ui/filters";
import { ListSection, TwoLines } from "@/shared/ui/ListSection";
import { t } from "../strings";
import css from "./SlosPage.module.css";
import { slosSentence } from "./sentence";

const names = t.slo.columns;
const columns: DataColumn<Slo>[] = [
  {
    id: "name",
    header: names.name,
    track: "minmax(180px, 1.5fr)",
    cell: (slo) => (
      <TwoLines
        first={
          <Link to="/slos/$id" params={{ id: slo.id }}>
            {slo.name}
          </Link>
        }
        second={
          <>
            <Link to="/services/$name" params={{ name: slo.service }}>
              {slo.service}
            </Link>
            {`, ${t.slo.kinds[slo.sli.kind]}${slo.sli.threshold_ms ? ` within ${slo.sli.threshold_ms} ms` : ""}`}
          </>
        }
      />
    ),
  },
  {
    id: "target",
    header: names.target,
    track: "minmax(110px, 0.8fr)",
    cell: (slo) => <TwoLines first={percentValue(slo.objective)} second={windowName(slo.window)} />,
  },
  {
    id: "left",
    header: names.left,
    track: "minmax(160px, 1.4fr)",
    cell: (slo) => <BudgetBar remaining={slo.budget.remaining_ratio} state={slo.budget.state} />,
  },
  {
    id: "minutes",
    header: names.minutes,
    track: "112px",
    align: "right",
    cell: (slo) => minutes(slo.budget.remaining_minutes),
  },
  {
    id: "burn",
    header: names.burn,
    track: "124px",
    align: "right",
    cell: (slo) =>
      isBurning(slo) ? (
        <TwoLines first={<strong>{factor(slo.budget.burn_rate)}</strong>} second={thresholdText(slo)} />
      ) : (
        factor(slo.budget.burn_rate)
      ),
  },
  {
    id: "state",
    header: names.state,
    track: "84px",
    cell: (slo) => <Tag tone={budgetTone[slo.budget.state]}>{t.budget.state[slo.budget.state]}</Tag>,
  },
];

export function SlosPage() {
  const environment = useEnvironment();
  const slos = useQuery(q.slos(environment));
  const search = useSearch({ from: "/slos" });
  const navigate = useNavigate({ from: "/slos" });
  const sorted = useMemo(() => [...(slos.data ?? [])].sort(byLeast), [slos.data]);
  const shown = useMemo(() => {
    const text = (search.text ?? "").toLowerCase();
    return sorted.filter((slo) => text === "" || `${slo.name} ${slo.service}`.toLowerCase().includes(text));
  }, [sorted, search.text]);
  return (
    <>
      <PageHead
        title={t.pages.slos}
        pieces={slos.data ? slosSentence(sorted) : slos.error ? [t.common.couldNot("load the objectives")] : undefined}
      />
      {slos.error && !slos.data ? (
        <ErrorNote page error={slos.error} what="load the objectives" retry={() => void slos.refetch()} />
      ) : !slos.data ? (
        <Panel title={t.slo.list} flush>
          <Waiting rows={8} height={32} />
        </Panel>
      ) : sorted.length === 0 ? (
        <Panel flush>
          <Empty title={t.slo.empty}>
            <p>{t.slo.emptyText}</p>
            <pre>{t.slo.emptyExample}</pre>
            <Command text="mainstay import slos.json" />
          </Empty>
        </Panel>
      ) : (
        <ListSection
          title={t.slo.list}
          shown={shown.length}
          all={sorted.length}
          tools={
            <TextFilter
              value={search.text ?? ""}
              label={t.slo.filter}
              onChange={(text) =>
                void navigate({ search: (old) => ({ ...old, text: text || undefined }), replace: true })
              }
            />
          }
        >
          {shown.length === 0 ? (
            <Empty title={t.common.nothingMatches} />
          ) : (
            <DataTable
              label={t.slo.list}
              rows={shown}
              columns={columns}
              id={(slo) => slo.id}
              onOpen={(id) => void navigate({ to: "/slos/$id", params: { id } })}
              rowHeight={56}
              narrowRowHeight={88}
              narrowClass={css.narrow ?? ""}
            />
          )}
        </ListSection>
      )}
    </>
  );
}
