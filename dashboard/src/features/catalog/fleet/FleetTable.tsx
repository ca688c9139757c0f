// The fleet as a table, worst first.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { State } from "@/shared/api/types";
import { dateTime, duration, millis, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { useEnvironment, useRange } from "@/shared/lib/range";
import { stateRank, tierRank } from "@/shared/lib/state";
import { BudgetBar } from "@/shared/ui/basics";
import { type DataColumn, DataTable } from "@/shared/ui/DataTable";
import { StateMark } from "@/shared/ui/StateMark";
import { StateStrip } from "@/shared/ui/StateStrip";
import { t } from "@/strings";
import css from "./FleetTable.module.css";
import type { FleetRow } from "./rows";

const SLOTS = 48;
/** Above this many services strips are fetched for the rows in sight only. */
const STRIPS_AT_ONCE = 500;

export function useFleetColumns(services: number) {
  const environment = useEnvironment();
  const { hours } = useRange();
  const together = services <= STRIPS_AT_ONCE;
  const bulk = useQuery({ ...q.strips(environment, hours, SLOTS), enabled: together });
  const strips = useMemo(() => new Map(bulk.data?.map((each) => [each.service, each.slots])), [bulk.data]);
  const columns = useMemo((): DataColumn<FleetRow>[] => {
    const names = t.fleet.columns;
    return [
      {
        id: "name",
        header: names.name,
        track: "minmax(200px, 1.9fr)",
        cell: (row) => <NameCell row={row} />,
        compare: (a, b) => a.name.localeCompare(b.name),
        text: (row) => row.name,
      },
      {
        id: "since",
        header: names.since,
        track: "88px",
        cell: (row) => <SinceCell row={row} />,
        compare: (a, b) => (b.since ?? "").localeCompare(a.since ?? ""),
        text: (row) => row.since,
      },
      {
        id: "strip",
        header: `${names.strip}, ${t.shell.ranges[rangeOf(hours)].toLowerCase()}`,
        track: "minmax(140px, 1.5fr)",
        cell: (row) =>
          together ? (
            <StateStrip slots={strips.get(row.name)} hours={hours} height={22} />
          ) : (
            <OwnStrip name={row.name} hours={hours} />
          ),
      },
      {
        id: "p95",
        header: names.p95,
        track: "72px",
        align: "right",
        cell: (row) => <span className="nowrap">{millis(row.p95)}</span>,
        compare: (a, b) => (a.p95 ?? -1) - (b.p95 ?? -1),
        text: (row) => row.p95,
      },
      {
        id: "budget",
        header: names.budget,
        track: "minmax(130px, 0.8fr)",
        cell: (row) => (row.slo ? <BudgetBar remaining={row.slo.remaining} /> : <span className="muted">–</span>),
        compare: (a, b) => (a.slo?.remaining ?? 9) - (b.slo?.remaining ?? 9),
        text: (row) => row.slo?.remaining ?? null,
      },
      {
        id: "owner",
        header: names.owner,
        track: "minmax(80px, 0.6fr)",
        cell: (row) => <span className={row.owner ? css.owner : "muted"}>{row.owner ?? t.fleet.noOwner}</span>,
        compare: (a, b) => (a.owner ?? "~").localeCompare(b.owner ?? "~"),
        text: (row) => row.owner,
      },
      {
        id: "tier",
        header: names.tier,
        track: "64px",
        cell: (row) => <span className="muted">{row.tier}</span>,
        compare: (a, b) => tierRank[a.tier] - tierRank[b.tier],
        text: (row) => row.tier,
      },
      {
        id: "state",
        header: t.fleet.state,
        track: "0px",
        cell: () => null,
        compare: (a, b) => stateRank[a.state] - stateRank[b.state],
        text: (row) => row.state,
      },
    ];
  }, [strips, hours, together]);
  return { columns, strips };
}

function rangeOf(hours: number) {
  return ({ 1: "1h", 6: "6h", 24: "24h", 168: "7d", 720: "30d" } as const)[hours] ?? "24h";
}

interface Props {
  rows: FleetRow[];
  columns: DataColumn<FleetRow>[];
  strips: Map<string, State[]>;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  onOpen: (name: string) => void;
}

const HIDDEN = ["state"];

export function FleetTable({ rows, columns, sort, onSort, onOpen }: Props) {
  return (
    <DataTable
      label={t.fleet.tableLabel}
      rows={rows}
      columns={columns}
      id={(row) => row.name}
      onOpen={onOpen}
      rowHeight={54}
      narrowRowHeight={96}
      narrowClass={css.narrow ?? ""}
      sort={sort}
      onSort={onSort}
      hidden={HIDDEN}
      tone={(row) => row.state}
    />
  );
}

function NameCell({ row }: { row: FleetRow }) {
  const why = row.cause ? t.fleet.because(row.cause.service) : row.reason;
  return (
    <span className={css.name} data-state={row.state}>
      <StateMark state={row.state} size={13} />
      <span className={css.nameText}>
        <Link to="/services/$name" params={{ name: row.name }} tabIndex={0}>
          {row.name}
        </Link>
        <span className={css.why}>
          {row.state === "up" ? (row.description ?? t.state.up) : `${t.state[row.state]}${why ? `: ${why}` : ""}`}
        </span>
      </span>
    </span>
  );
}

function SinceCell({ row }: { row: FleetRow }) {
  const now = useNow(1000);
  if (!row.since) return <span className="muted">–</span>;
  const quiet = row.state === "up";
  return (
    <time
      dateTime={row.since}
      title={dateTime(row.since)}
      className={quiet ? "muted nowrap" : `${css.sinceBad} nowrap`}
    >
      {duration(secondsBetween(row.since, now), quiet ? 1 : 2)}
    </time>
  );
}

function OwnStrip({ name, hours }: { name: string; hours: number }) {
  const environment = useEnvironment();
  const strip = useQuery({ ...q.strip(environment, name, hours, SLOTS), refetchInterval: false, staleTime: 60_000 });
  return <StateStrip slots={strip.data?.slots} hours={hours} height={22} />;
}
