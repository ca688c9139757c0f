// A small line without axes beside the number it leads to. Where nothing was measured there is a gap, and a lone
// measurement is a dot.
import { memo } from "react";
import css from "./Sparkline.module.css";

interface Props {
  values: (number | null)[] | undefined;
  /** What the line says, for those who do not see it. */
  label: string;
  /** The value at the bottom; the largest of the values is at the top. */
  floor?: number;
  /** The value at the top. */
  ceiling?: number;
  tone?: "quiet" | "bad";
}

const WIDTH = 100;
const HEIGHT = 20;

export const Sparkline = memo(function Sparkline({ values, label, floor = 0, ceiling, tone = "quiet" }: Props) {
  if (!values) return <span className={css.waiting} aria-hidden="true" />;
  const { line, dots } = sparkPath(values, floor, ceiling);
  return (
    <svg
      className={css.spark}
      data-tone={tone}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={line} />
      {dots.map((dot) => (
        <path key={dot} d={dot} className={css.dot} />
      ))}
    </svg>
  );
});

/** Lines through what stands beside each other, and a dot for each value that stands alone. */
export function sparkPath(
  values: (number | null)[],
  floor: number,
  ceiling: number | undefined,
): { line: string; dots: string[] } {
  const measured = values.filter((value) => value !== null);
  const top = Math.max(ceiling ?? Number.NEGATIVE_INFINITY, ...measured.map((value) => value));
  const span = top - floor || 1;
  const x = (index: number) => round(values.length === 1 ? WIDTH / 2 : (index * WIDTH) / (values.length - 1));
  // A line along the very edge would be cut in half.
  const y = (value: number) => round(HEIGHT - 1.5 - ((Math.max(floor, value) - floor) / span) * (HEIGHT - 3));
  let line = "";
  const dots: string[] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const before = values[index - 1] ?? null;
    const after = values[index + 1] ?? null;
    if (before === null && after === null) dots.push(`M${x(index)},${y(value)}h0`);
    else line += `${before === null ? "M" : "L"}${x(index)},${y(value)}`;
  });
  return { line, dots };
}

const round = (value: number) => Math.round(value * 10) / 10;
