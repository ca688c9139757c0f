import { describe, expect, it } from "vitest";
import { sparkPath } from "./Sparkline";

describe("a sparkline", () => {
  it("reaches from the floor to the largest value", () => {
    expect(sparkPath([0, 10, 5], 0, undefined).line).toBe("M0,18.5L50,1.5L100,10");
  });
  it("leaves a gap where nothing was measured, and shows a lone value as a dot", () => {
    const { line, dots } = sparkPath([1, 1, null, 1, null], 0, 1);
    expect(line).toBe("M0,1.5L25,1.5");
    expect(dots).toEqual(["M75,1.5h0"]);
  });
  it("draws nothing of nothing", () => expect(sparkPath([null, null], 0, undefined)).toEqual({ line: "", dots: [] }));
});
