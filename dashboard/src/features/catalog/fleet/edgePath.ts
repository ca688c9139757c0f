// A calm line through points: it leaves and arrives along the direction of the layers and never swings past them.
import type { Point } from "./layout";

export function smoothPath(points: Point[], down: boolean): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${round(first.x)},${round(first.y)}`;
  let from = first;
  for (const to of rest) {
    const half = down ? (to.y - from.y) / 2 : (to.x - from.x) / 2;
    // A line back to an earlier layer (a cycle) bows out instead of crossing its own nodes.
    const pull = half > 0 ? half : Math.max(40, Math.abs(half) * 0.6);
    const a = down ? { x: from.x, y: from.y + pull } : { x: from.x + pull, y: from.y };
    const b = down ? { x: to.x, y: to.y - pull } : { x: to.x - pull, y: to.y };
    path += ` C${round(a.x)},${round(a.y)} ${round(b.x)},${round(b.y)} ${round(to.x)},${round(to.y)}`;
    from = to;
  }
  return path;
}

const round = (value: number) => Math.round(value * 10) / 10;
