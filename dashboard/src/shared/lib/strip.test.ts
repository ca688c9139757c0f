import { describe, expect, it } from "vitest";
import type { HistoryPoint } from "@/shared/api/types";
import { availabilityOf, latencySeries } from "./series";
import { runs, slotsOf, stripWords } from "./strip";

const point = (at: number, total: number, failed: number, maintenance = 0): HistoryPoint => ({
  at: new Date(at).toISOString(),
  total,
  failed,
  maintenance,
  p50_ms: 10,
  p95_ms: 20,
  p99_ms: 30,
  max_ms: 40,
});

describe("a strip", () => {
  it("draws equal neighbours as one run", () => {
    expect(runs(["up", "up", "down", "up"])).toEqual([
      { state: "up", start: 0, length: 2 },
      { state: "down", start: 2, length: 1 },
      { state: "up", start: 3, length: 1 },
    ]);
  });
  it("says in words how long it was not up", () => {
    const words = stripWords(["up", "up", "down", "unknown"], 4 * 3600).replaceAll("\u202f", " ");
    expect(words).toBe("in the last 4 h: down about 1 h, not measured about 1 h");
  });
  it("shows what was not measured as unknown, not as up", () => {
    const points = [point(0, 4, 0), point(2000, 4, 4), point(3000, 4, 1)];
    expect(slotsOf(points, 0, 4000, 4)).toEqual(["up", "unknown", "down", "degraded"]);
  });
});

describe("the availability over slots", () => {
  it("weighs each slot by its probes", () => {
    expect(availabilityOf({ counted: [30, 0, 10], availability_ratio: [1, null, 0.6] })).toBe(0.9);
  });
  it("is unknown without probes, not perfect", () => {
    expect(availabilityOf({ counted: [0], availability_ratio: [null] })).toBeNull();
  });
});

describe("a latency series", () => {
  it("breaks the line where nothing was measured", () => {
    const series = latencySeries([point(0, 4, 0), point(60_000, 4, 0), point(600_000, 4, 0)], 60);
    expect(series.p50).toEqual([10, 10, null, 10]);
  });
});
