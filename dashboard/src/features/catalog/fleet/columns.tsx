// The columns of the fleet's table.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import { dateTime, duration, millis, percent, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { type Span, spanName, useEnvironment, useRange } from "@/shared/lib/range";
import { availabilityOf } from "@/shared/lib/series";
import { stateRank, tierRank } from "@/shared/lib/state";
import { BudgetBar } from "@/shared/ui/basics";
import type { DataColumn } from "@/shared/ui/DataTable";
import { TwoLines } from "@/shared/ui/ListSection";
import { Sparkline } from "@/shared/ui/Sparkline";
import { StateMark } from "@/shared/ui/StateMark";
import { StateStrip } from "@/shared/ui/StateStrip";
import { t } from "../strings";
import css from "./FleetTable.module.css";
import type { FleetRow } from "./rows";

const SLOTS = 48;
/** Above this many services strips are fetched for the rows in sight only. */
const STRIPS_AT_ONCE = 500;

export function useFleetColumns(services: number): DataColumn<FleetRow>[] {
  const environment = useEnvironment();
  const { seconds, ready } = useRange();
  const together = services <= STRIPS_AT_ONCE;
  const bulk = useQuery({ ...q.strips(environment, seconds, SLOTS), enabled: together && ready });
  const strips = useMemo(() => new Map(bulk.data?.map((each) => [each.service, each.slots])), [bulk.data]);
  return useMemo(() => {
    const names = t.fleet.columns;
    const span = { seconds, ready };
    return [
      {
        id: "name",
        header: names.name,
        track: "minmax(180px, 1.9fr)",
        cell: (row) => <NameCell row={row} />,
        compare: (a, b) => a.name.localeCompare(b.name),
        text: (row) => row.name,
      },
      {
        id: "since",
        header: names.since,
        track: "84px",
        optional: true,
        cell: (row) => <SinceCell row={row} />,
        compare: (a, b) => (b.since ?? "").localeCompare(a.since ?? ""),
        text: (row) => row.since,
      },
      {
        id: "strip",
        header: `${names.strip}, ${spanName(seconds).toLowerCase()}`,
        name: names.strip,
        track: "minmax(120px, 1.3fr)",
        optional: true,
        cell: (row) =>
          together ? (
            <StateStrip slots={strips.get(row.name)} seconds={seconds} height={22} />
          ) : (
            <OwnStrip name={row.name} span={span} />
          ),
      },
      {
        id: "availability",
        header: names.availability,
        track: "minmax(116px, 0.8fr)",
        align: "right",
        optional: true,
        wideOnly: true,
        cell: (row) => <AvailabilityCell name={row.name} span={span} />,
      },
      {
        id: "p95",
        header: names.p95,
        track: "minmax(108px, 0.8fr)",
        align: "right",
        optional: true,
        cell: (row) => <LatencyCell row={row} span={span} />,
        compare: (a, b) => (a.p95 ?? -1) - (b.p95 ?? -1),
        text: (row) => row.p95,
      },
      {
        id: "budget",
        header: names.budget,
        track: "minmax(116px, 0.7fr)",
        optional: true,
        cell: (row) =>
          row.slo ? (
            <BudgetBar remaining={row.slo.remaining} state={row.slo.state} />
          ) : (
            <span className="muted">–</span>
          ),
        compare: (a, b) => (a.slo?.remaining ?? 9) - (b.slo?.remaining ?? 9),
        text: (row) => row.slo?.remaining ?? null,
      },
      {
        id: "owner",
        header: names.owner,
        track: "minmax(76px, 0.6fr)",
        optional: true,
        cell: (row) => <span className={row.owner ? css.owner : "muted"}>{row.owner ?? t.fleet.noOwner}</span>,
        compare: (a, b) => (a.owner ?? "~").localeCompare(b.owner ?? "~"),
        text: (row) => row.owner,
      },
      {
        id: "tier",
        header: names.tier,
        track: "60px",
        optional: true,
        wideOnly: true,
        cell: (row) => <span className="muted">{row.tier}</span>,
        compare: (a, b) => tierRank[a.tier] - tierRank[b.tier],
        text: (row) => row.tier,
      },
      {
        id: "uptime",
        header: names.uptime,
        track: "84px",
        align: "right",
        optional: true,
        unusual: true,
        cell: (row) => percent(row.uptime),
        compare: (a, b) => (a.uptime ?? 2) - (b.uptime ?? 2),
        text: (row) => row.uptime,
      },
      {
        id: "state",
        header: t.fleet.state,
        track: "104px",
        optional: true,
        unusual: true,
        cell: (row) => t.state[row.state],
        compare: (a, b) => stateRank[a.state] - stateRank[b.state],
        text: (row) => row.state,
      },
    ];
  }, [strips, seconds, ready, together]);
}

type Shown = Pick<Span, "seconds" | "ready">;

function NameCell({ row }: { row: FleetRow }) {
  const why = row.cause ? t.fleet.because(row.cause.service) : row.reason;
  return (
    <TwoLines
      state={row.state}
      mark={<StateMark state={row.state} size={13} />}
      first={
        <Link to="/services/$name" params={{ name: row.name }} tabIndex={0}>
          {row.name}
        </Link>
      }
      second={row.state === "up" ? (row.description ?? t.state.up) : `${t.state[row.state]}${why ? `: ${why}` : ""}`}
    />
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

function OwnStrip({ name, span }: { name: string; span: Shown }) {
  const environment = useEnvironment();
  const strip = useQuery({
    ...q.strip(environment, name, span.seconds, SLOTS),
    enabled: span.ready,
    refetchInterval: false,
    staleTime: 60_000,
  });
  return <StateStrip slots={strip.data} seconds={span.seconds} height={22} />;
}

function useTrend(name: string, span: Shown) {
  const environment = useEnvironment();
  return useQuery({ ...q.trend(environment, name, span.seconds), enabled: span.ready }).data;
}

function AvailabilityCell({ name, span }: { name: string; span: Shown }) {
  const trend = useTrend(name, span);
  const ratios = trend?.availability_ratio;
  const measured = ratios?.filter((ratio) => ratio !== null) ?? [];
  const whole = trend ? availabilityOf(trend) : null;
  return (
    <span className={css.trend}>
      <Sparkline
        values={ratios ?? (trend === null ? [] : undefined)}
        label={t.fleet.availabilityOf(name, spanName(span.seconds).toLowerCase())}
        // Flat at the top while nothing failed; a single failure still bends it.
        floor={Math.min(0.99, ...measured)}
        ceiling={1}
        tone={whole !== null && whole < 0.99 ? "bad" : "quiet"}
      />
      <span>{percent(whole)}</span>
    </span>
  );
}

function LatencyCell({ row, span }: { row: FleetRow; span: Shown }) {
  const trend = useTrend(row.name, span);
  return (
    <span className={css.trend}>
      <Sparkline
        values={trend?.latency_p95_ms ?? (trend === null ? [] : undefined)}
        label={t.fleet.latencyOf(row.name, spanName(span.seconds).toLowerCase())}
      />
      <span>{millis(row.p95)}</span>
    </span>
  );
}
