// The fleet: a sentence, the map that shows it, the table that proves it.
import { Button } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo } from "react";
import type { State, Tier } from "@/shared/api/types";
import { rememberColumns, rememberedColumns, shownColumns } from "@/shared/lib/columns";
import { useNarrow, useNow, useWide } from "@/shared/lib/hooks";
import { STATES } from "@/shared/lib/state";
import { Empty, ErrorNote, PageHead, Panel, Waiting } from "@/shared/ui/basics";
import { ColumnChoice } from "@/shared/ui/ColumnChoice";
import { download, toCsv } from "@/shared/ui/csv";
import { Filters, SelectFilter, TextFilter } from "@/shared/ui/filters";
import { Icon } from "@/shared/ui/icons";
import { ListSection } from "@/shared/ui/ListSection";
import { t } from "../strings";
import { useFleetColumns } from "./columns";
import css from "./FleetPage.module.css";
import { FleetTable } from "./FleetTable";
import { type FleetRow, filterRows } from "./rows";
import { fleetSentence } from "./sentence";
import { useFleet } from "./useFleet";

const FleetMap = lazy(() => import("./FleetMap"));

const TIERS: Tier[] = ["critical", "high", "standard", "low"];

export function FleetPage() {
  const fleet = useFleet();
  const now = useNow(1000);
  const pieces = useMemo(() => fleetSentence(fleet.rows, fleet.slos, now), [fleet.rows, fleet.slos, now]);

  if (fleet.error && fleet.rows.length === 0) {
    return (
      <>
        <PageHead title={t.pages.fleet} pieces={[t.common.couldNot("load the fleet")]} />
        <ErrorNote page error={fleet.error} what="load the fleet" retry={fleet.retry} />
      </>
    );
  }
  if (!fleet.ready) {
    return (
      <>
        <PageHead title={t.pages.fleet} />
        <div className={css.stack}>
          <Panel title={t.fleet.map}>
            <div className={css.mapWaiting} aria-busy="true" />
          </Panel>
          <Panel title={t.fleet.table} flush>
            <Waiting rows={8} height={36} />
          </Panel>
        </div>
      </>
    );
  }
  return (
    <>
      <PageHead title={t.pages.fleet} pieces={pieces} />
      {fleet.rows.length === 0 ? (
        <EmptyFleet />
      ) : (
        <div className={css.stack}>
          {fleet.lesser ? (
            <ErrorNote error={fleet.lesser} what="load budgets or dependencies" retry={fleet.retry} />
          ) : null}
          <Suspense
            fallback={
              <Panel title={t.fleet.map}>
                <div className={css.mapWaiting} aria-busy="true" />
              </Panel>
            }
          >
            <FleetMap rows={fleet.rows} edges={fleet.edges} />
          </Suspense>
          <FleetList rows={fleet.rows} />
        </div>
      )}
    </>
  );
}

function FleetList({ rows }: { rows: FleetRow[] }) {
  const search = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const shown = useMemo(() => filterRows(rows, search), [rows, search]);
  const owners = useMemo(
    () => [...new Set(rows.map((row) => row.owner).filter((owner): owner is string => Boolean(owner)))].sort(),
    [rows],
  );
  const counts = useMemo(() => countStates(rows), [rows]);
  const columns = useFleetColumns(rows.length);
  const wide = useWide();
  const shownIds = useMemo(() => shownColumns(columns, search.columns, wide), [columns, search.columns, wide]);
  useRememberedColumns(search.columns, (chosen) => set({ columns: chosen }));
  const narrow = useNarrow();
  const filtered = Boolean(search.text || search.state || search.owner || search.tier);
  return (
    <ListSection
      title={t.fleet.table}
      shown={shown.length}
      all={rows.length}
      tools={
        <Filters>
          <TextFilter
            value={search.text ?? ""}
            label={t.fleet.filter}
            onChange={(text) => set({ text: text || undefined })}
          />
          <SelectFilter
            label={t.fleet.state}
            any={t.fleet.anyState}
            value={search.state}
            options={STATES.filter((state) => counts[state] || search.state === state).map((state) => ({
              value: state,
              label: `${t.state[state]} (${counts[state] ?? 0})`,
            }))}
            onChange={(state) => set({ state: state as State | undefined })}
          />
          <SelectFilter
            label={t.fleet.owner}
            any={t.fleet.anyOwner}
            value={search.owner}
            options={owners.map((owner) => ({ value: owner, label: owner }))}
            onChange={(owner) => set({ owner })}
          />
          <SelectFilter
            label={t.fleet.tier}
            any={t.fleet.anyTier}
            value={search.tier}
            options={TIERS.map((tier) => ({ value: tier, label: tier }))}
            onChange={(tier) => set({ tier: tier as Tier | undefined })}
          />
          {!narrow && (
            <ColumnChoice
              columns={columns}
              shown={shownIds}
              onChange={(ids) => {
                const chosen = ids?.join(",");
                rememberColumns("fleet", chosen);
                set({ columns: chosen });
              }}
            />
          )}
          <Button
            className={css.export}
            leftSection={<Icon name="imports" size={15} />}
            onClick={() => download("fleet.csv", toCsv(shown, columns))}
          >
            {t.common.export}
          </Button>
        </Filters>
      }
    >
      {shown.length === 0 ? (
        <Empty
          title={t.common.nothingMatches}
          action={
            filtered && (
              <Button onClick={() => set({ text: undefined, state: undefined, owner: undefined, tier: undefined })}>
                {t.common.clearFilters}
              </Button>
            )
          }
        />
      ) : (
        <FleetTable
          all={rows}
          rows={shown}
          columns={columns}
          shown={shownIds}
          sort={search.sort}
          onSort={(sort) => set({ sort })}
          onOpen={(name) => void navigate({ to: "/services/$name", params: { name } })}
        />
      )}
    </ListSection>
  );
}

/** What this browser showed last time, put into the address, so that a link shows another person the same. */
function useRememberedColumns(chosen: string | undefined, set: (chosen: string) => void) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the page opens; a choice that is taken back later stays so
  useEffect(() => {
    const remembered = rememberedColumns("fleet");
    if (chosen === undefined && remembered !== undefined) set(remembered);
  }, []);
}

function countStates(rows: FleetRow[]): Partial<Record<State, number>> {
  const counts: Partial<Record<State, number>> = {};
  for (const row of rows) counts[row.state] = (counts[row.state] ?? 0) + 1;
  return counts;
}

function EmptyFleet() {
  const navigate = useNavigate();
  return (
    <Panel flush>
      <Empty
        title={t.fleet.empty}
        command={t.fleet.emptyCommand}
        action={
          <Button
            variant="filled"
            leftSection={<Icon name="upload" />}
            onClick={() => void navigate({ to: "/imports" })}
          >
            {t.fleet.emptyAction}
          </Button>
        }
      >
        <p>{t.fleet.emptyText}</p>
      </Empty>
    </Panel>
  );
}
