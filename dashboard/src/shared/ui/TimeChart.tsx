// Time series on one canvas (uPlot): axes with units, gaps left as gaps, thresholds and events drawn, one cursor shared
// by all charts with the same `sync`. Loaded only where a chart is shown.
import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { dateTime, shortTime } from "@/shared/lib/format";
import css from "./TimeChart.module.css";

export interface Line {
  name: string;
  values: (number | null)[];
  /** A colour token, for example `--chart-1`. */
  colour: string;
  dash?: number[];
  fill?: boolean;
  width?: number;
}

export interface Mark {
  at: number;
  kind: "alert" | "maintenance" | "change";
  title: string;
}

export interface TimeChartProps {
  /** What the chart says, for those who do not see it. */
  label: string;
  /** Seconds since the epoch, ascending. */
  times: number[];
  lines: Line[];
  format: (value: number) => string;
  height?: number;
  range?: { from: number; to: number };
  floor?: number;
  ceiling?: number;
  thresholds?: { at: number; name: string; colour: string }[];
  marks?: Mark[];
  sync?: string;
}

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export default function TimeChart(props: TimeChartProps) {
  const { label, times, lines, format, height = 200 } = props;
  const scheme = useComputedColorScheme("light");
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const data = useMemo((): uPlot.AlignedData => [times, ...lines.map((line) => line.values)], [times, lines]);
  const shape = lines.map((line) => `${line.name}${line.colour}`).join() + scheme + height;

  // biome-ignore lint/correctness/useExhaustiveDependencies: data changes are set below without building anew
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const chart = new uPlot(
      optionsOf(() => latest.current, element.clientWidth || 600, height, setAt),
      data,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape]);

  // Setting the data also looks at the range again, which moves on with the time.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the range is read through the latest props
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, props.range?.from, props.range?.to]);

  const index = at ?? lastIndex(lines);
  return (
    <figure className={css.chart}>
      <figcaption className={css.readout}>
        <span className={css.when}>{times[index] === undefined ? "" : dateTime(times[index] * 1000)}</span>
        {lines.map((line) => (
          <span key={line.name} className={css.key}>
            <svg width="16" height="8" aria-hidden="true">
              <line
                x1="0"
                x2="16"
                y1="4"
                y2="4"
                stroke={`var(${line.colour})`}
                strokeWidth="2"
                strokeDasharray={line.dash?.join(" ")}
              />
            </svg>
            {line.name} <strong>{valueAt(line, index, format)}</strong>
          </span>
        ))}
      </figcaption>
      <div ref={host} role="img" aria-label={label} style={{ height }} />
    </figure>
  );
}

function valueAt(line: Line, index: number, format: (value: number) => string): string {
  const value = line.values[index];
  return value === null || value === undefined ? "–" : format(value);
}

function lastIndex(lines: Line[]): number {
  const values = lines[0]?.values ?? [];
  for (let at = values.length - 1; at >= 0; at -= 1) if (values[at] !== null) return at;
  return Math.max(0, values.length - 1);
}

/** The lines are fixed when a chart is made; what may change while it stands is read when it is drawn. */
function optionsOf(
  latest: () => TimeChartProps,
  width: number,
  height: number,
  setAt: (at: number | null) => void,
): uPlot.Options {
  const props = latest();
  const grid = { stroke: token("--line"), width: 1 };
  const axis = { stroke: token("--muted"), grid, ticks: { show: false }, font: '11px "Inter Variable"' };
  return {
    width,
    height,
    padding: [10, 6, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      ...(props.sync ? { sync: { key: props.sync } } : {}),
    },
    scales: {
      x: {
        range: (_, min, max) => {
          const { range } = latest();
          return range ? [range.from, range.to] : [min, max];
        },
      },
      y: {
        range: (_, min, max) => {
          const low = Math.min(props.floor ?? min ?? 0, min ?? 0);
          const high = Math.max(props.ceiling ?? 0, (max ?? 1) * (props.ceiling === undefined ? 1.1 : 1));
          return [low < (props.floor ?? 0) ? low * 1.1 : low, high > low ? high : low + 1];
        },
      },
    },
    series: [
      {},
      ...props.lines.map((line): uPlot.Series => {
        const stroke = token(line.colour);
        return {
          label: line.name,
          stroke,
          width: line.width ?? 1.6,
          spanGaps: false,
          // A line needs two points; a lone measurement is drawn as a dot.
          points: { show: (_, __, from, to) => to - from < 24, size: 4 },
          ...(line.dash ? { dash: line.dash } : {}),
          ...(line.fill ? { fill: `color-mix(in oklch, ${stroke} 12%, transparent)` } : {}),
        };
      }),
    ],
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 72,
        values: (chart, splits) => {
          const scale = chart.scales.x;
          const span = (scale?.max ?? 0) - (scale?.min ?? 0);
          return splits.map((split) => shortTime(split * 1000, span));
        },
      },
      { ...axis, size: 58, values: (_, splits) => splits.map((split) => props.format(split)) },
    ],
    hooks: {
      setCursor: [(chart) => setAt(chart.cursor.idx ?? null)],
      draw: [(chart) => drawExtras(chart, latest())],
    },
  };
}

const MARK_COLOUR = { alert: "--down", maintenance: "--maintenance", change: "--muted" } as const;

function drawExtras(chart: uPlot, props: TimeChartProps) {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `${11 * ratio}px "Inter Variable"`;
  for (const threshold of props.thresholds ?? []) {
    const y = chart.valToPos(threshold.at, "y", true);
    if (y < bbox.top - 1 || y > bbox.top + bbox.height + 1) continue;
    ctx.strokeStyle = ctx.fillStyle = token(threshold.colour);
    ctx.lineWidth = ratio;
    ctx.setLineDash([5 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textAlign = "right";
    ctx.fillText(threshold.name, bbox.left + bbox.width - 4 * ratio, y - 5 * ratio);
  }
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  for (const mark of props.marks ?? []) {
    const x = chart.valToPos(mark.at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = token(MARK_COLOUR[mark.kind]);
    ctx.lineWidth = ratio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    drawMark(ctx, mark.kind, x, bbox.top + 5 * ratio, 4.5 * ratio);
  }
  ctx.restore();
}

/** A square for an alert, a ring for maintenance, a triangle for a change: told apart without colour. */
function drawMark(ctx: CanvasRenderingContext2D, kind: Mark["kind"], x: number, y: number, size: number) {
  ctx.save();
  ctx.setLineDash([]);
  ctx.beginPath();
  if (kind === "alert") ctx.rect(x - size * 0.8, y - size * 0.8, size * 1.6, size * 1.6);
  else if (kind === "maintenance") ctx.arc(x, y, size * 0.9, 0, 2 * Math.PI);
  else {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.lineTo(x - size, y + size);
    ctx.closePath();
  }
  if (kind === "maintenance") ctx.stroke();
  else ctx.fill();
  ctx.restore();
}
